"""Limits per level, up or down; “浊度 303.5 NTU，达橙色限值 200 NTU”."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from brain.model import Level, Reading, RuleState, Station
from brain.rules import hysteresis, rainfall
from brain.rules.contract import Cause, Evidence, Graded, LimitsFrom, Rule, Standing, Type
from brain.rules.explaining import level_word
from brain.rules.grading import (
    accepted,
    deciding_value,
    no_worse,
    own_limits,
    samples_of,
    standing,
    used_readings,
    worst_level,
)
from brain.rules.hysteresis import Grade, Sample
from brain.rules.params import (
    by_level,
    choice,
    fields,
    limits_by_name,
    limits_wrong,
    number,
    one_input,
    text,
    whole,
)


def reach(rule: Rule) -> int:
    return int(rule.params.get("wet", {}).get("records", 1)) + 1


def check(rule: Rule) -> tuple[str, str] | None:
    """Limits that can be reached and left again, also those of the variants, and an event that can be opened."""
    if rule.opens is not None and rule.limits and not any(level <= rule.opens_at for level in rule.limits):
        return "opens_at", f"限值里没有 {rule.opens_at.key} 或更重的级别，永远不会上报；请改级别或补限值"
    named = {f"params.variants.{name}": limits for name, limits in rule.params.get("variants", {}).items()}
    down = rule.params.get("direction") == "down"
    for name, limits in {"limits": rule.limits, **named}.items():
        if wrong := limits_wrong(limits, down=down):
            return name, wrong
        if limits and (found := _reachable(rule, limits, name, down)):
            return found
    return None


def _reachable(rule: Rule, limits: Mapping[Level, float], name: str, down: bool) -> tuple[str, str] | None:
    low, high = rule.kinds[rule.inputs[0]].sane
    for level, value in limits.items():
        if not low <= value <= high:
            return f"{name}.{level.key}", f"限值 {value:g} 在合理范围 {low:g}–{high:g} 之外，永远达不到"
    mildest = limits[max(limits)]
    if (mildest + rule.reset >= high) if down else (mildest - rule.reset <= low):
        return "reset", f"回差 {rule.reset:g} 太大：{mildest:g} 级的告警永远不会解除，请减小回差"
    return None


TYPE = Type("ladder", "分级限值", reach=reach, check=check)
PARAMS = {
    "direction": choice("数值高了不好（up）还是低了不好（down）", "up", "down", default="up"),
    "variant_by": text("站点的哪个参数决定用 variants 里的哪一张", example='"site"', required=False),
    "variants": limits_by_name("各类站点另有的限值", example="{ underpass = { blue = 5.0, yellow = 10.0 } }"),
    "hold_s": by_level("各级持续多少秒才算数"),
    "records_off": whole("连续几条好转的记录才降级或解除", default=1),
    "wet": fields(
        "土壤湿了以后，山洪易发站（params.torrent）的限值下调",
        {
            "kind": one_input("看哪个量", example='"rain_24h"'),
            "records": whole("往前看多少条记录", example="72"),
            "step": whole("每隔多少条取一个", example="24"),
            "from": number("加起来满多少算湿", least=0.0, example="100.0"),
            "factor": number("限值乘以几（0.8 表示下调两成）", least=0.01, most=1.0, example="0.8"),
        },
        example='{ kind = "rain_24h", records = 72, step = 24, from = 100.0, factor = 0.8 }',
    ),
}


class Found(NamedTuple):
    before: Level | None
    limits: Mapping[Level, float]
    down: bool


def limits_of(rule: Rule, station: Station) -> tuple[Mapping[Level, float], LimitsFrom]:
    """Limits at a station and where they stand: `params.limits.<kind>` of the station, else the variant that `variant_by`
    names, else the rule's."""
    if (own := own_limits(station, rule.inputs[0])) is not None:
        return own, LimitsFrom.STATION
    variant = rule.params.get("variants", {}).get(station.params.get(rule.params.get("variant_by", "")))
    return (rule.limits, LimitsFrom.RULE) if variant is None else (variant, LimitsFrom.VARIANT)


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """`params.wet` lowers the limits of mountain-torrent stations (`params.torrent`) by its factor while the soil is wet:
    while the amounts of its kind (24-hour sums), taken `step` records apart over `records`, add up to `from`.
    """
    plain, limits_from = limits_of(rule, station)
    down = rule.params.get("direction") == "down"
    torrent = station.params.get("torrent") and limits_from != LimitsFrom.STATION
    wet: Mapping[str, Any] | None = rule.params.get("wet") if torrent else None
    soil = accepted(rule, trail, wet["kind"]) if wet else []

    def limits_then(at: datetime | None) -> Mapping[Level, float]:
        if not wet or at is None:
            return plain
        return rainfall.torrent_limits(plain, _fallen(soil, at, wet), wet_from=wet["from"], factor=wet["factor"])

    def graded(sample: Sample, level: Level | None) -> Grade:
        then = limits_then(sample.at)
        kept = worst_level(then, sample.value, down=down, slack=rule.reset)
        return Grade(worst_level(then, sample.value, down=down), no_worse(kept, level))

    holds = hysteresis.holds_of(rule, list(plain), rule.params.get("hold_s"))
    samples = samples_of(rule, trail)
    outcome = hysteresis.fold(held, samples, graded, holds, now)
    level, before = outcome.state.level, held.level
    limits = limits_then(outcome.cause.at if outcome.cause else outcome.state.seen_at)
    value = deciding_value(outcome, held)

    def evidence() -> Evidence:
        kind = rule.kinds[rule.inputs[0]]
        why = standing(rule, trail, samples, outcome, graded, holds, now)
        return Evidence(
            readings=used_readings(rule, trail, outcome),
            limits=limits,
            limits_from=limits_from,
            what=kind.label if value is None else f"{kind.label} {kind.text(value)}",
            standing=Standing(Cause.NO_LIMITS) if why is not None and not limits else why,
        )

    at = level or before
    return Graded(
        outcome.state, outcome.action, level, Found(before, limits, down), evidence, value,
        limits.get(at) if at else None, outcome.due,
    )  # fmt: skip


def _fallen(soil: Sequence[Reading], at: datetime, wet: Mapping[str, Any]) -> float:
    """Rain of the last days before an instant, from 24-hour sums a day of records apart (records, not hours, because
    recorded data may be played faster than they were observed)."""
    past = [r.value for r in soil if r.at <= at][::-1]
    return sum(past[: int(wet["records"]) : int(wet["step"])])


def say(rule: Rule, graded: Graded[Found]) -> str:
    """“浊度 303.5 NTU，达橙色限值 200 NTU”, easing and clearing with the limit that was left."""
    kind, level = rule.kinds[rule.inputs[0]], graded.level
    before, limits, down = graded.found
    now_is = kind.label if graded.value is None else f"{kind.label} {kind.text(graded.value)}"

    def limit(at: Level) -> str:
        return f"限值 {limits[at]:g} {kind.unit}".rstrip()

    if level is None:
        mildest = max(limits, default=None)
        below = f"{level_word(rule, mildest)}{limit(mildest)}" if mildest else "限值"
        return f"{now_is}，已{'高' if down else '低'}于{below}（回差 {rule.reset:g}），解除"
    if before is not None and level > before:
        return f"{now_is}，由{level_word(rule, before)}降为{level_word(rule, level)}（{limit(level)}）"
    return f"{now_is}，{'低至' if down else '达'}{level_word(rule, level)}{limit(level)}"
