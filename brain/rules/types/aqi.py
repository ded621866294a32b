"""Real-time AQI of the hour; “实时 AQI 156（中度污染），首要污染物 PM2.5，达橙色限值 151”."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from brain.city import ZONE
from brain.model import Level, Reading, RuleState, Station
from brain.rules import air_quality, hysteresis
from brain.rules.contract import Cause, Evidence, Graded, Rule, Type
from brain.rules.explaining import level_word
from brain.rules.grading import (
    accepted,
    by_instant,
    deciding_value,
    news,
    no_worse,
    standing,
    used_readings,
    worst_level,
)
from brain.rules.hysteresis import Grade, Sample
from brain.rules.params import whole

TYPE = Type("aqi", "空气质量指数")
PARAMS = {"records_off": whole("连续几条好转的记录才降级或解除", default=1)}


class Found(NamedTuple):
    judged: air_quality.Judged | None


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """HJ 633 by the Beijing date of observation; an index that is NA is no record at all."""
    samples: list[Sample] = []
    for at, found in news(by_instant(accepted(rule, trail)), held):
        judged = air_quality.judge(
            {kind: max(0.0, r.value) for kind, r in found.items()}, at.astimezone(ZONE).date(), hourly=True
        )
        if judged.aqi is not None:
            samples.append(Sample(at, "", float(judged.aqi), tuple(found.values()), judged))

    def graded(sample: Sample, level: Level | None) -> Grade:
        kept = worst_level(rule.limits, sample.value, down=False, slack=rule.reset)
        return Grade(worst_level(rule.limits, sample.value, down=False), no_worse(kept, level), sample.more)

    holds = hysteresis.holds_of(rule, list(rule.limits))
    outcome = hysteresis.fold(held, samples, graded, holds, now)
    level, value = outcome.state.level, deciding_value(outcome, held)
    decided: air_quality.Judged | None = outcome.why

    def evidence() -> Evidence:
        last: air_quality.Judged | None = decided or (samples[-1].more if samples else None)
        return Evidence(
            readings=used_readings(rule, trail, outcome),
            limits=rule.limits,
            what="实时 AQI" if value is None else f"实时 AQI {value:.0f}",
            standing=standing(rule, trail, samples, outcome, graded, holds, now, empty=Cause.INCOMPLETE),
            more={
                "indices": dict(last.by_item) if last else {},
                "standard": last.standard if last else "",
                "advice": _advice(rule, last),
            },
        )

    return Graded(
        outcome.state, outcome.action, level, Found(decided), evidence, value,
        rule.limits.get(level) if level else None, outcome.due,
    )  # fmt: skip


def _advice(rule: Rule, judged: air_quality.Judged | None) -> str:
    """What people are told to do, from 轻度污染 on."""
    level = judged.level if judged else None
    return rule.words.of("aqi_advice", level) if level is not None and level >= air_quality.ADVISED_FROM else ""


def say(rule: Rule, graded: Graded[Found]) -> str:
    judged, level, value = graded.found.judged, graded.level, graded.value
    if judged is None or value is None:
        return ""
    primary = "、".join(rule.kinds[item].label for item in judged.primary)
    head = f"实时 AQI {value:.0f}（{rule.words.of('aqi_level', judged.level)}）"
    head += f"，首要污染物 {primary}" if primary else ""
    return f"{head}，达{level_word(rule, level)}限值 {rule.limits[level]:.0f}" if level else f"{head}，已回落，解除"
