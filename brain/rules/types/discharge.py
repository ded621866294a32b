"""A mean against the discharge limit of its outlet, exceeded only above it; “COD 小时均值 62.0 mg/L，超过限值 50 mg/L，达黄色”.

Also for what is limited from below (pH 6 to 9), and for any other limit that a mean may equal (GB 3096 by zone). It is asked with
hour and day means, which are kinds of their own: a real-time value is in no standard's limit and never judged here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from brain.model import Level, Reading, RuleState, Station
from brain.rules import hysteresis
from brain.rules.contract import Cause, Evidence, Graded, LimitsFrom, Rule, Standing, Type
from brain.rules.explaining import level_word
from brain.rules.grading import deciding_value, no_worse, samples_of, standing, used_readings
from brain.rules.hysteresis import Grade, Sample
from brain.rules.params import number, number_by_name, text, whole


class Bounds(NamedTuple):
    """What a mean may be at least and at most, both included; None: not limited."""

    low: float | None
    high: float | None


def check(rule: Rule) -> tuple[str, str] | None:
    """A level that can be reached: in times of the limit, the mildest as soon as it is exceeded."""
    if not rule.limits:
        return "limits", "写明超过限值几倍是哪一级，如 { yellow = 1.0, red = 2.0 }"
    if min(rule.limits.values()) < 1.0:
        return "limits", "是限值的倍数，不能小于 1（没有超过限值就不是超标）；请改正"
    if not {"limit", "least", "variants"} & set(rule.params):
        return "params", "没有写限值；请写 limit、least 或 variants"
    return None


TYPE = Type("discharge", "排放超标", check=check)
PARAMS = {
    "of": text("站点 params.discharge 里写这个量的限值用的名字（小时均值和日均值共用）", example='"outlet_cod"'),
    "limit": number("没有写限值的站按多少算（等于限值不算超）", required=False, example="50.0"),
    "least": number("不能低于多少（如 pH 6）", required=False, example="6.0"),
    "by": text("站点的哪个参数决定用 variants 里的哪一个", example='"discharge_standard"', required=False),
    "variants": number_by_name("各标准、各区的限值", example='{ "GB18918-1B" = 60.0 }'),
    "records_off": whole("连续几条不超的记录才解除", default=1),
}


class Found(NamedTuple):
    bounds: Bounds
    ratio: float


def bounds_of(rule: Rule, station: Station) -> tuple[Bounds, LimitsFrom]:
    """The limit at an outlet and where it stands: `params.discharge.<of>` of the station (a number, or [low, high] with null
    for no limit), else the variant that `by` names, else the rule's. Raises ValueError for what is no limit."""
    written: Mapping[str, Any] = station.params.get("discharge") or {}
    own = written.get(rule.params["of"])
    least: float | None = rule.params.get("least")
    if isinstance(own, list):
        low, high = cast(list[Any], own)
        return Bounds(_or_none(low), _or_none(high)), LimitsFrom.STATION
    if own is not None:
        return Bounds(least, float(own)), LimitsFrom.STATION
    variants: Mapping[str, float] = rule.params.get("variants") or {}
    chosen = station.params.get(rule.params.get("by", ""))
    if chosen is not None and str(chosen) in variants:
        return Bounds(least, variants[str(chosen)]), LimitsFrom.VARIANT
    return Bounds(least, rule.params.get("limit")), LimitsFrom.RULE


def _or_none(value: Any) -> float | None:
    return None if value is None else float(value)


def ratio(bounds: Bounds, value: float) -> float:
    """How many times the limit; 1 or less within it. Below a lower limit it is the limit that is so many times the value."""
    over = value / bounds.high if bounds.high else 0.0
    if bounds.low is not None and value < bounds.low:
        return max(over, bounds.low / value if value > 0 else math.inf)
    return over


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    bounds, limits_from = bounds_of(rule, station)

    def level_of(value: float, slack: float = 0.0) -> Level | None:
        times = ratio(bounds, value)
        return min((level for level, limit in rule.limits.items() if times > limit - slack and times > 0), default=None)

    def graded(sample: Sample, level: Level | None) -> Grade:
        kept = level_of(sample.value, rule.reset)
        return Grade(level_of(sample.value), no_worse(kept, level))

    holds = hysteresis.holds_of(rule, list(rule.limits))
    samples = samples_of(rule, trail)
    outcome = hysteresis.fold(held, samples, graded, holds, now)
    level, before = outcome.state.level, held.level
    value = deciding_value(outcome, held)
    unlimited = bounds == Bounds(None, None)
    below = value is not None and bounds.low is not None and value < bounds.low
    limit = bounds.low if below else bounds.high

    def evidence() -> Evidence:
        kind = rule.kinds[rule.inputs[0]]
        why = standing(rule, trail, samples, outcome, graded, holds, now)
        times = rule.limits.items()
        return Evidence(
            readings=used_readings(rule, trail, outcome),
            limits={} if limit is None else {lv: limit / t if below else limit * t for lv, t in times},
            limits_from=limits_from,
            what=kind.label if value is None else f"{kind.label} {kind.text(value)}",
            standing=Standing(Cause.NO_LIMITS) if why is not None and unlimited else why,
        )

    found = Found(bounds, 0.0 if value is None else ratio(bounds, value))
    return Graded(
        outcome.state, outcome.action, level, found, evidence, value, limit if level or before else None, outcome.due
    )


def say(rule: Rule, graded: Graded[Found]) -> str:
    """The mean, its limit and how many times that is; clearing with the limit that it is within again."""
    kind, (bounds, times) = rule.kinds[rule.inputs[0]], graded.found
    now_is = kind.label if graded.value is None else f"{kind.label} {kind.text(graded.value)}"
    span = "–".join(f"{bound:g}" for bound in bounds if bound is not None)
    limit = f"限值 {span} {kind.unit}".rstrip()
    if graded.level is None:
        return f"{now_is}，已回到{limit}以内，解除"
    below = graded.value is not None and bounds.low is not None and graded.value < bounds.low
    how = "低于" if below else "超过"
    much = f"（{times:.2f} 倍）" if math.isfinite(times) and bounds.low is None else ""
    return f"{now_is}，{how}{limit}{much}，达{level_word(rule, graded.level)}"
