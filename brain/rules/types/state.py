"""An enumerated value that means a level (`params.levels`), taken after the hold of each level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from brain.model import Level, Reading, RuleState, Station
from brain.rules import hysteresis
from brain.rules.contract import Evidence, Graded, Rule, Type
from brain.rules.explaining import level_word, span, text
from brain.rules.grading import deciding_value, no_worse, samples_of, standing, used_readings
from brain.rules.hysteresis import Grade, Sample
from brain.rules.params import by_level, levels_of_values, whole

TYPE = Type("state", "状态")
PARAMS = {
    "levels": levels_of_values("哪个状态值算哪一级"),
    "hold_s": by_level("各级持续多少秒才算数"),
    "key_hold_s": by_level("重点站（params.key）各级持续多少秒才算数"),
    "records_off": whole("连续几条好转的记录才降级或解除", default=1),
}


class Found(NamedTuple):
    hold_s: Mapping[Level, float]


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """Stations with `params.key` true use `key_hold_s`."""
    levels: Mapping[int, Level] = rule.params["levels"]
    hold_s: Mapping[Level, float] = (rule.params.get("key_hold_s") if station.params.get("key") else None) or {}
    hold_s = hold_s or rule.params.get("hold_s") or {}

    def graded(sample: Sample, level: Level | None) -> Grade:
        shown = levels.get(round(sample.value))
        return Grade(shown, no_worse(shown, level))

    holds = hysteresis.holds_of(rule, sorted({*levels.values(), *hold_s}), hold_s)
    samples = samples_of(rule, trail)
    outcome = hysteresis.fold(held, samples, graded, holds, now)
    value = deciding_value(outcome, held)

    def evidence() -> Evidence:
        kind = rule.kinds[rule.inputs[0]]
        return Evidence(
            readings=used_readings(rule, trail, outcome),
            what=kind.label if value is None else f"{kind.label} {kind.text(value)}",
            standing=standing(rule, trail, samples, outcome, graded, holds, now),
            more={"hold_s": {level.key: seconds for level, seconds in hold_s.items()}},
        )

    return Graded(outcome.state, outcome.action, outcome.state.level, Found(hold_s), evidence, value, due=outcome.due)


def say(rule: Rule, graded: Graded[Found]) -> str:
    """“视频在线：离线，持续 10 分钟 以上，蓝色”."""
    kind, level = rule.kinds[rule.inputs[0]], graded.level
    lasted = graded.found.hold_s.get(level, rule.hold_on_s) if level else 0
    how = f"，持续 {span(lasted)} 以上" if lasted else f"，连续 {rule.records} 条记录" if rule.records > 1 else ""
    after = f"{how}，{level_word(rule, level)}" if level else "，恢复正常，解除"
    value = "" if graded.value is None else text(rule, kind.key, graded.value)
    return f"{kind.label}：{value}{after}"
