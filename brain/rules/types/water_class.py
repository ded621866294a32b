"""GB 3838 class of a sample against the station's target; “水质Ⅳ类（氨氮 1.200 mg/L），劣于目标Ⅲ类，达蓝色”."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from brain.model import Level, Reading, RuleState, Station
from brain.rules import hysteresis, water_quality
from brain.rules.contract import Cause, Evidence, Graded, LimitsFrom, Rule, Standing, Type
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
from brain.rules.params import level as one_level
from brain.rules.params import number, whole

TYPE = Type("water_class", "水质类别")
PARAMS = {
    "target": whole("没有写目标的站按几类算目标", most=5, example="3"),
    "over_yellow": number("超标几倍即黄色", least=0.0, example="1.0"),
    "worst": one_level("劣Ⅴ类即哪一级"),
    "source_class": whole("饮用水水源（params.source）劣于几类即红色", most=5, example="3"),
    "records_off": whole("连续几条好转的记录才降级或解除", default=1),
}


class Found(NamedTuple):
    before: Level | None
    target: int
    judged: water_quality.Judged | None
    values: Mapping[str, float]


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """Class per sample against `station.params.target` (default of the rule).

    Limits are classes worse than the target; an item `over_yellow` times over its target limit is yellow, 劣Ⅴ is
    `worst`; a drinking source (`params.source`) worse than `source_class` is red. A sample without the item that
    brought the held level does not ease it: what was not measured has not recovered.
    """
    target = int(station.params.get("target", rule.params["target"]))
    lake, source = bool(station.params.get("lake")), bool(station.params.get("source"))
    culprits: set[str] = set(held.memo.get("by", ()))
    samples: list[Sample] = []
    for at, found in news(by_instant(accepted(rule, trail)), held):
        values = {kind: r.value for kind, r in found.items()}
        judged = water_quality.judge(values, lake=lake, items=rule.inputs)
        if judged:
            samples.append(Sample(at, "", float(judged.cls), tuple(found.values()), (judged, values)))

    def shown(judged: water_quality.Judged, values: Mapping[str, float]) -> Level | None:
        found = [worst_level(rule.limits, judged.cls - target, down=False)]
        over = [water_quality.exceed_factor(item, values[item], target=target, lake=lake) for item in judged.by_item]
        if judged.cls > target and max(over, default=0.0) >= rule.params["over_yellow"]:
            found.append(Level.YELLOW)
        if judged.cls > target and judged.cls == water_quality.WORSE_THAN_V:
            found.append(rule.params["worst"])
        if source and judged.cls > rule.params["source_class"]:
            found.append(Level.RED)
        return min((level for level in found if level is not None), default=None)

    def graded(sample: Sample, level: Level | None) -> Grade:
        judged, values = sample.more
        now_shown = shown(judged, values)
        if level is not None and culprits - set(values):
            return Grade(now_shown, level, judged)
        return Grade(now_shown, no_worse(now_shown, level), judged)

    holds = hysteresis.holds_of(rule, list(Level))
    outcome = hysteresis.fold(held, samples, graded, holds, now)
    state, level = outcome.state, outcome.state.level
    judged: water_quality.Judged | None = outcome.why
    if outcome.action != "hold":
        by = judged.worst if judged is not None and level is not None else ()
        memo = {k: v for k, v in state.memo.items() if k != "by"} | ({"by": list(by)} if by else {})
        state = replace(state, memo=memo)
    cause = outcome.cause

    def evidence() -> Evidence:
        why = standing(rule, trail, samples, outcome, graded, holds, now, empty=Cause.INCOMPLETE)
        if why is not None and samples:
            lost = culprits - set(samples[-1].more[1])
            why = Standing(Cause.NOT_MEASURED) if lost and why.cause == Cause.SLACK else why
        last: water_quality.Judged | None = judged or (samples[-1].more[0] if samples else None)
        return Evidence(
            readings=used_readings(rule, trail, outcome),
            limits=rule.limits,
            limits_from=LimitsFrom.STATION if "target" in station.params else LimitsFrom.RULE,
            what=_what(rule, last, target),
            standing=Standing(why.cause, detail=_within(rule, target)) if why and why.cause == Cause.WITHIN else why,
            more={
                "target": target,
                "lake": lake,
                "source": source,
                "classes": dict(last.by_item) if last else {},
                "missing": list(last.missing) if last else [],
            },
        )

    return Graded(
        state, outcome.action, level, Found(held.level, target, judged, cause.more[1] if cause else {}), evidence,
        deciding_value(outcome, held), float(target), outcome.due,
    )  # fmt: skip


def _what(rule: Rule, judged: water_quality.Judged | None, target: int) -> str:
    goal = rule.words.of("water_class", target)
    return f"水质{rule.words.of('water_class', judged.cls)}（目标{goal}）" if judged else f"水质（目标{goal}）"


def _within(rule: Rule, target: int) -> str:
    return f"没有劣于目标{rule.words.of('water_class', target)}，不告警"


def say(rule: Rule, graded: Graded[Found]) -> str:
    before, target, judged, values = graded.found
    level = graded.level
    if judged is None:
        return ""
    cls, goal = rule.words.of("water_class", judged.cls), rule.words.of("water_class", target)
    if level is None:
        return f"水质{cls}，连续 {rule.params.get('records_off', 1)} 条记录达到目标{goal}，解除"
    items = "、".join(
        "pH 超标" if item == "ph" else f"{rule.kinds[item].label} {rule.kinds[item].text(values[item])}"
        for item in judged.worst
    )
    word = level_word(rule, level)
    part = "（按现有指标评价）" if judged.missing else ""
    if before is not None and level > before:
        found = f"{cls}，已达目标{goal}" if judged.cls <= target else f"{cls}（{items}），仍劣于目标{goal}"
        return f"水质{found}，由{level_word(rule, before)}降为{word}{part}"
    return f"水质{cls}（{items}），劣于目标{goal}，达{word}{part}"
