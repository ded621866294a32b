"""A lone record in which several items leave their recent past at once: 疑似仪器故障 until the next record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from statistics import median
from typing import Any, NamedTuple

from brain.model import TRUSTED, Quality, Reading, RuleState, Station
from brain.rules.contract import Cause, Evidence, Graded, Rule, Standing, Type
from brain.rules.explaining import clock
from brain.rules.grading import LOOKED_AT, by_instant
from brain.rules.params import level as one_level
from brain.rules.params import number, pair_of_inputs, some_inputs, whole

Instants = Sequence[tuple[datetime, Mapping[str, Reading]]]


def reach(rule: Rule) -> int:
    return int(rule.params["window_records"]) + 1


TYPE = Type("suspect", "疑似故障", turn=0, reach=reach)
PARAMS = {
    "window_records": whole("和前多少条记录比", example="8"),
    "min_records": whole("至少有多少条才比", example="5"),
    "min_items": whole("至少几项同时突变", example="3"),
    "spread": number("变幅要超过前期离散度的几倍", least=0.0, example="3.0"),
    "level": one_level("算哪一级"),
    "jump": pair_of_inputs("各项要变多少才算突变，[绝对变幅, 相对前期中位数的变幅]", example="{ ph = [0.5, 0.0] }"),
    "chemical": some_inputs("化学项，至少要有一项突变", example='["ammonia"]'),
    "physical": some_inputs("探头项，至少要有一项突变", example='["ph"]'),
    "explains": some_inputs("这些项一起变就不是仪器故障（洪水、泄漏会搅浑水）", example='["turbidity"]'),
}


class Found(NamedTuple):
    """When, what jumped (item: value, median before) and, for the record after it, whether it proved the jump true."""

    at: datetime | None = None
    doubted: datetime | None = None
    jumps: Mapping[str, tuple[float, float]] = {}
    true: bool = False


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """An item jumps when it leaves the median of the `window_records` trusted records before it by its `jump` (absolute,
    relative) and by `spread` times their median deviation. `min_items` items must jump, among them one of `chemical`
    and one of `physical` (rain washes in several chemical items at once, but leaves the probes alone), and none of
    `explains` (turbidity: a flood or a spill moves it, a confused instrument does not). The record is flagged
    SUSPECT as a whole, so no other rule uses it. The next record decides: if most of the items stay where they
    jumped to, the flags are taken back; else they remain. Either way the alert ends.
    """
    params = rule.params
    instants = by_instant([r for r in trail if r.kind in rule.inputs and r.quality in LOOKED_AT])
    fresh = [n for n, (at, _) in enumerate(instants) if held.seen_at is None or at > held.seen_at]
    for n in fresh:
        at, readings = instants[n]
        rest = now if n < fresh[-1] else None
        if held.level is not None and held.memo.get("at"):
            return _decided(rule, held, instants, n, rest)
        jumps = _jumps(params, instants[:n], readings)
        held = replace(held, seen_at=at)
        if not _doubtful(params, jumps):
            continue
        memo = {"at": at.isoformat(), "jumps": {item: list(pair) for item, pair in jumps.items()}}
        record = list(readings.values())
        return Graded(
            replace(held, level=params["level"], since=at, memo=memo),
            "open",
            params["level"],
            Found(at, None, jumps),
            partial(Evidence, readings=record, what=rule.label, more={"jumps": memo["jumps"]}),
            float(len(jumps)),
            float(params["min_items"]),
            rest,
            tuple((r.kind, r.at, r.seq, Quality.SUSPECT) for r in record if r.quality in TRUSTED),
        )
    state = held
    return Graded(state, "hold", state.level, Found(), lambda: _held_evidence(rule, state, instants))


def _held_evidence(rule: Rule, state: RuleState, instants: Instants) -> Evidence:
    """Why the newest record is not doubted, or why doubt has not ended."""
    jumps = _jumps(rule.params, instants[:-1], instants[-1][1]) if instants else {}
    if not instants:
        standing = Standing(Cause.NO_RECORD)
    elif state.level is not None:
        standing = Standing(Cause.NOT_MEASURED, detail="等待下一条记录来证实或推翻")
    elif len(instants) <= rule.params["min_records"]:
        standing = Standing(Cause.NO_BASE)
    elif any(item in jumps for item in rule.params["explains"]):
        names = "、".join(rule.kinds[item].label for item in rule.params["explains"] if item in jumps)
        standing = Standing(Cause.EXPLAINED, detail=f"{names}也突变了，不像仪器故障，不告警")
    else:
        detail = f"{len(jumps)} 项突变，没有 {rule.params['min_items']} 项（化学项和探头项都有）同时突变，不告警"
        standing = Standing(Cause.WITHIN, detail=detail)
    return Evidence(
        readings=[r for _, found in instants for r in found.values()],
        what=rule.label,
        standing=standing,
        more={"jumps": {item: list(pair) for item, pair in jumps.items()}},
    )


def _jumps(
    params: Mapping[str, Any],
    before: Sequence[tuple[datetime, Mapping[str, Reading]]],
    readings: Mapping[str, Reading],
) -> dict[str, tuple[float, float]]:
    """Items that left their recent past: {item: (value, median before)}."""
    found: dict[str, tuple[float, float]] = {}
    for item, (step, share) in params["jump"].items():
        reading = readings.get(item)
        past = [pair[1][item].value for pair in before if item in pair[1] and pair[1][item].quality in TRUSTED]
        past = past[-params["window_records"] :]
        if reading is None or len(past) < params["min_records"]:
            continue
        middle = median(past)
        spread = median(abs(value - middle) for value in past)
        moved = abs(reading.value - middle)
        if moved >= step and moved >= share * abs(middle) and moved >= params["spread"] * spread:
            found[item] = (reading.value, middle)
    return found


def _doubtful(params: Mapping[str, Any], jumps: Mapping[str, tuple[float, float]]) -> bool:
    if any(item in jumps for item in params["explains"]):
        return False
    counted = [item for item in jumps if item not in params["explains"]]
    both = all(any(item in params[group] for item in counted) for group in ("chemical", "physical"))
    return len(counted) >= params["min_items"] and both


def _decided(rule: Rule, held: RuleState, instants: Instants, n: int, due: datetime | None) -> Graded[Found]:
    """The record after a doubtful one: it confirms the jump or leaves it alone."""
    at, readings = instants[n]
    doubted = datetime.fromisoformat(held.memo["at"])
    jumps: dict[str, list[float]] = held.memo["jumps"]
    near = [
        abs(readings[item].value - value) < abs(readings[item].value - base)
        for item, (value, base) in jumps.items()
        if item in readings
    ]
    state = replace(held, seen_at=at)
    if not near:  # none of the items came: still undecided
        undecided = instants[: n + 1]
        return Graded(
            state, "hold", held.level, Found(), lambda: _held_evidence(rule, state, undecided), due=due
        )  # fmt: skip
    true = sum(near) * 2 > len(near)
    nothing: Mapping[str, Reading] = {}
    back = next((found for when, found in instants if when == doubted), nothing)
    flags = tuple((r.kind, r.at, r.seq, Quality.OK) for r in back.values() if r.quality == Quality.SUSPECT)
    used = [*back.values(), *readings.values()]
    return Graded(
        replace(state, level=None, since=None, memo={}),
        "clear",
        None,
        Found(at, doubted, true=true),
        lambda: Evidence(readings=used, what=rule.label, more={"confirmed": true}),
        due=due,
        flags=flags if true else (),
    )


def say(rule: Rule, graded: Graded[Found]) -> str:
    at, doubted, jumps, true = graded.found
    when = clock(at) if at else ""
    if doubted is None:
        parts = "、".join(
            f"{rule.kinds[item].label} {rule.kinds[item].text(value)}（此前 {rule.kinds[item].text(base)}）"
            for item, (value, base) in jumps.items()
        )
        return f"{when} {len(jumps)} 项同时突变：{parts}，疑似仪器故障，等待下一条记录"
    if true:
        return f"{when} 的记录证实了 {clock(doubted)} 的突变，数据恢复采用，解除"
    return f"{when} 的记录已恢复常态，{clock(doubted)} 的数据保留“疑似故障”标记，解除"
