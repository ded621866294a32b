"""A value that stays exactly the same while the station's others move; “总磷连续 4 条记录为 0.316 mg/L不变，而同站其他项目在变化”."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from brain.model import Level, Quality, Reading, RuleState, Station
from brain.rules.contract import Action, Cause, Evidence, Flag, Graded, Rule, Standing, Type
from brain.rules.grading import LOOKED_AT, by_instant
from brain.rules.params import level as one_level
from brain.rules.params import some_inputs, whole


def reach(rule: Rule) -> int:
    return 4 * int(rule.params["records"])  # samples may lack the item


TYPE = Type("stuck", "数值不变", turn=1, reach=reach)
PARAMS = {
    "items": some_inputs("看哪些量会不会不变", example='["codmn", "ammonia"]'),
    "movers": some_inputs("看哪些量还在变", example='["water_temp", "ph"]'),
    "records": whole("连续几条相同才算", least=2, example="4"),
    "min_movers": whole("至少几个别的量在变", example="3"),
    "min_steps": whole("数值不足末位多少个单位的不判（检出限）", least=0, example="100"),
    "level": one_level("算哪一级"),
}


class Found(NamedTuple):
    """Items that are stuck with their runs, and those that were, with their values."""

    frozen: Mapping[str, Sequence[Reading]]
    known: Mapping[str, float]


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """Items whose value stays exactly the same over `params.records` records while at least `min_movers` other
    quantities of the station change.

    Counted in records, not in hours, because recorded data may be played faster than they were observed. Values below
    `min_steps` steps of their last decimal are left alone: 0.001 mg/L is a detection limit and 0.036 repeats by
    chance, 12.05 four times does not. A sample without the item (a gap) neither breaks nor extends the run.
    """
    instants = by_instant([r for r in trail if r.kind in rule.inputs and r.quality in LOOKED_AT])
    fresh = [n for n, (at, _) in enumerate(instants) if held.seen_at is None or at > held.seen_at]
    before = held.level
    flags: dict[tuple[str, datetime, str], Reading] = {}
    for number in fresh:
        until = instants[: number + 1]
        at, readings = until[-1]
        runs = {item: run for item in rule.params["items"] if (run := _run(rule, item, until))}
        frozen = {item: run for item, run in runs.items() if _moving(rule.params, until, run)}
        flags |= {(r.kind, r.at, r.seq): r for run in frozen.values() for r in run if r.quality != Quality.STUCK}
        known: dict[str, float] = held.memo.get("items", {})
        waiting = {item: value for item, value in known.items() if item not in readings}  # a gap frees no item
        items = waiting | {item: run[-1].value for item, run in frozen.items()}
        level: Level | None = rule.params["level"] if items else None
        held = replace(held, level=level, seen_at=at, memo={"items": items} if items else {})
        if (level is None) == (before is None):
            continue
        used = [r for run in frozen.values() for r in run] or list(readings.values())
        lengths = {item: len(run) for item, run in frozen.items()}
        action: Action = "open" if level else "clear"
        return Graded(
            replace(held, since=at if level else None),
            action,
            level,
            Found(frozen, known),
            partial(Evidence, readings=used, what=rule.label, more={"items": lengths}),
            max(frozen.values(), key=len)[-1].value if frozen else None,
            float(rule.params["records"]),
            now if number < fresh[-1] else None,
            _as_flags(flags),
        )
    state = held

    def evidence() -> Evidence:
        items: dict[str, float] = state.memo.get("items", {})
        return Evidence(
            readings=[r for _, found in instants for r in found.values()],
            what=rule.label,
            standing=_standing(rule, instants, items),
            more={"items": {item: len(_run(rule, item, instants)) for item in items}},
        )

    return Graded(state, "hold", state.level, Found({}, {}), evidence, flags=_as_flags(flags))


def _standing(
    rule: Rule, instants: Sequence[tuple[datetime, Mapping[str, Reading]]], items: Mapping[str, float]
) -> Standing:
    """Why nothing is called stuck, or still is."""
    if not instants:
        return Standing(Cause.NO_RECORD)
    if items:
        newest = instants[-1][1]
        return Standing(Cause.HELD if any(item in newest for item in items) else Cause.NOT_MEASURED)
    runs = [run for item in rule.params["items"] if (run := _run(rule, item, instants))]
    if not runs:
        return Standing(Cause.WITHIN, detail="没有哪一项连续不变到限值，不告警")
    return Standing(Cause.STANDING)


def _as_flags(readings: Mapping[tuple[str, datetime, str], Reading]) -> tuple[Flag, ...]:
    return tuple((*key, Quality.STUCK) for key in readings)


def say(rule: Rule, graded: Graded[Found]) -> str:
    frozen, known = graded.found
    if not frozen:
        names = "、".join(rule.kinds[item].label for item in known)
        return f"{names}恢复变化，解除；不变期间的数据不参与判断"
    parts = "、".join(
        f"{rule.kinds[item].label}连续 {len(run)} 条记录为 {rule.kinds[item].text(run[-1].value)}"
        for item, run in frozen.items()
    )
    return f"{parts}不变，而同站其他项目在变化，疑似仪器卡滞"


def _run(rule: Rule, item: str, instants: Sequence[tuple[datetime, Mapping[str, Reading]]]) -> list[Reading]:
    """The newest run of identical values of an item, if it is long enough and not a small number of steps."""
    found: list[Reading] = []
    for _, readings in reversed(instants):
        reading = readings.get(item)
        if reading is None:
            continue
        if reading.quality == Quality.BELOW_LIMIT or (found and reading.value != found[0].value):
            break  # what stands for "less than can be detected" is the same each time by declaration
        found.append(reading)
    if not instants or item not in instants[-1][1] or len(found) < rule.params["records"]:
        return []
    steps = abs(found[0].value) * 10 ** rule.kinds[item].decimals
    return found[::-1] if round(steps) >= rule.params["min_steps"] else []


def _moving(
    params: Mapping[str, Any], instants: Sequence[tuple[datetime, Mapping[str, Reading]]], run: Sequence[Reading]
) -> bool:
    """Whether enough other quantities moved at every step of the run: a standing station is not a stuck item."""
    inside = [readings for at, readings in instants if run[0].at <= at <= run[-1].at]
    moved = 0
    for kind in params["movers"]:
        values = [readings[kind].value for readings in inside if kind in readings]
        moved += len(values) >= params["records"] and len(set(values)) >= params["records"] - 1
    return moved >= params["min_movers"]
