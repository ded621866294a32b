"""A value over the median of its own recent past; “氨氮 1.50 mg/L，为前 8 条记录中位数 0.30 mg/L 的 5.0 倍，达黄色限值 3 倍”."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median
from typing import Any, NamedTuple

from brain.model import Level, Reading, RuleState, Station
from brain.rules import hysteresis
from brain.rules.contract import Cause, Evidence, Graded, Rule, Standing, Type
from brain.rules.explaining import level_word
from brain.rules.grading import accepted, deciding_value, no_worse, standing, used_readings, worst_level
from brain.rules.hysteresis import Grade, Outcome, Sample
from brain.rules.params import number, whole


def reach(rule: Rule) -> int:
    return int(rule.params["window_records"]) + 1


TYPE = Type("ratio", "相对倍数", reach=reach)
PARAMS = {
    "window_records": whole("和前多少条记录的中位数比", example="12"),
    "min_records": whole("至少有多少条才比", example="4"),
    "floor": number("低于这个数值不判断", example="50.0"),
    "records_off": whole("连续几条好转的记录才降级或解除", default=1),
}


class Found(NamedTuple):
    base: float | None


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """Value over the median of the `window_records` accepted records before it; below `floor` nothing is said.

    Why the base is frozen while a level is held: a long flood would fill its own window and end the alert in its
    middle. It is frozen for one window at most, so that a lasting change of regime does end.
    """
    window, least = rule.params["window_records"], rule.params["min_records"]
    samples: list[Sample] = []
    readings = accepted(rule, trail, rule.inputs[0])
    frozen: Mapping[str, Any] | None = held.memo.get("base")
    left = frozen["left"] if frozen else 0
    for n, reading in enumerate(readings):
        past = [r.value for r in readings[max(0, n - window) : n]]
        base = median(past) if len(past) >= least else None
        new = held.seen_at is None or (reading.at, reading.seq) > (held.seen_at, held.memo.get("seen_seq", ""))
        if held.level is not None and frozen and new and left > 0:
            base, left = frozen["value"], left - 1
        samples.append(Sample(reading.at, reading.seq, reading.value, (reading,), base))

    def times(sample: Sample) -> float | None:
        if not sample.more or sample.value < rule.params["floor"]:
            return None
        return sample.value / sample.more

    def graded(sample: Sample, level: Level | None) -> Grade:
        found = times(sample)
        if sample.more is None and level is not None:
            return Grade(None, level, sample.more)  # no base, no verdict: keep what is held
        shown = worst_level(rule.limits, found, down=False) if found is not None else None
        kept = worst_level(rule.limits, found, down=False, slack=rule.reset) if found is not None else None
        return Grade(shown, no_worse(kept, level), sample.more)

    holds = hysteresis.holds_of(rule, list(rule.limits))
    outcome = hysteresis.fold(held, samples, graded, holds, now)
    state, level = outcome.state, outcome.state.level
    state = replace(state, memo=_base(state, held, outcome, frozen, window))
    value, base = deciding_value(outcome, held), outcome.why

    def evidence() -> Evidence:
        kind = rule.kinds[rule.inputs[0]]
        why = standing(rule, trail, samples, outcome, graded, holds, now)
        if why is not None and samples and why.cause in (Cause.WITHIN, Cause.SLACK) and times(samples[-1]) is None:
            why = Standing(Cause.NO_BASE if samples[-1].more is None else Cause.FLOOR)
        return Evidence(
            readings=used_readings(rule, trail, outcome),
            limits=rule.limits,
            what=kind.label if value is None else f"{kind.label} {kind.text(value)}",
            standing=why,
            more={"base": base},
        )

    return Graded(
        state, outcome.action, level, Found(base), evidence, value,
        round(rule.limits[level] * base, 3) if level and base else None, outcome.due,
    )  # fmt: skip


def _base(state: RuleState, held: RuleState, outcome: Outcome, frozen: Any, window: int) -> dict[str, Any]:
    memo = {key: value for key, value in state.memo.items() if key != "base"}
    if state.level is None:
        return memo
    if held.level is None:
        return memo | {"base": {"value": outcome.why, "left": window}}
    if frozen:
        judged = sum(s.at <= state.seen_at for s in outcome.run) if state.seen_at else 0
        return memo | {"base": {"value": frozen["value"], "left": max(0, frozen["left"] - judged)}}
    return memo


def say(rule: Rule, graded: Graded[Found]) -> str:
    kind, level, value, base = rule.kinds[rule.inputs[0]], graded.level, graded.value, graded.found.base
    now_is = kind.label if value is None else f"{kind.label} {kind.text(value)}"
    if level is None or value is None or not base:
        return f"{now_is}，已回落，解除"
    return (
        f"{now_is}，为前 {rule.params['window_records']} 条记录中位数 {kind.text(base)} 的 {value / base:.1f} 倍，"
        f"达{level_word(rule, level)}限值 {rule.limits[level]:g} 倍"
    )
