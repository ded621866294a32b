"""Rules on the instruments themselves: silent, stuck, suspect. Their alerts say that the data, not the city, is ill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from brain.model import TRUSTED, Judgement, Level, Quality, Reading, RuleState, Station
from brain.rules.evidence import clock, evidence, level_word, span
from brain.rules.judge_indices import by_instant

ALIVE = frozenset(Quality) - {Quality.DUPLICATE}
LOOKED_AT = TRUSTED | {Quality.STUCK, Quality.SUSPECT}
"""Stuck and suspect look again at what they flagged before, else they could never take a flag back."""


def silence(rule: Any, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
    """No record for longer than a limit (seconds by level); `params.key` stations use `key_limits`.

    Any quality counts as a sign of life. The next record clears it, if it is itself younger than the mildest limit: a
    record that was sent long ago does not prove that the station speaks now. `due` is when the next limit is reached.
    While somebody is at work on the station (`params.maintenance`, windows as ISO times) nothing new is said, and its
    silence is counted from the end of that work.
    """
    own = (station.params.get("limits") or {}).get("silence")
    limits = {Level.of(key): float(value) for key, value in own.items()} if own else None
    overridden = limits is not None
    if limits is None:
        limits = (rule.params.get("key_limits") if station.params.get("key") else None) or rule.limits
    heard = [r for r in trail if r.kind in rule.inputs and r.quality in ALIVE]
    newest = max(heard, key=lambda r: r.at, default=None)
    last = max((at for at in (newest.at if newest else None, held.seen_at) if at is not None), default=None)
    if last is None:
        return Judgement(state=held, action="hold", level=held.level)
    windows = [tuple(map(datetime.fromisoformat, w)) for w in station.params.get("maintenance", ())]
    if until := max((ends for starts, ends in windows if starts <= now < ends), default=None):
        if newest is None or held.level is None or now - newest.at >= timedelta(seconds=min(limits.values())):
            return Judgement(state=replace(held, seen_at=last), action="hold", level=held.level, due=until)
    else:
        last = max([last, *(ends for _, ends in windows if ends <= now)])
    age = (now - last).total_seconds()
    level = min((lv for lv, limit in limits.items() if age >= limit), default=None)
    before = held.level
    waiting = [last + timedelta(seconds=limit) for lv, limit in limits.items() if level is None or lv < level]
    action = "hold" if level == before else "clear" if level is None else "open" if before is None else "change"
    state = replace(
        held, level=level, since=held.since if action == "hold" else (last if level else None), seen_at=last
    )
    message = ""
    if action == "clear":
        message = f"{rule.label}：{clock(last)} 已恢复上报，解除"
    elif action != "hold":
        limit = span(limits[level])
        message = f"{rule.label}：{clock(last)} 以后已 {span(age)}没有数据，达{level_word(rule, level)}限值 {limit}"
    return Judgement(
        state=state,
        action=action,
        level=level,
        value=age if level is not None else None,
        limit=limits[level] if level is not None else None,
        message=message,
        evidence=evidence(
            rule,
            station,
            [newest] if newest else [],
            action=action,
            limits=limits,
            overridden=overridden,
            before=before,
            last_seen=last.isoformat(),
        ),
        due=min(waiting, default=None),
    )


# Stuck --------------------------------------------------------------------------------------------------------------
def stuck(rule: Any, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
    """Items whose value stays exactly the same over `params.records` records while at least `min_movers` other
    quantities of the station change.

    Counted in records, not in hours, because recorded data may be played faster than they were observed. Values below
    `min_steps` steps of their last decimal are left alone: 0.001 mg/L is a detection limit and 0.036 repeats by
    chance, 12.05 four times does not. A sample without the item (a gap) neither breaks nor extends the run.
    """
    instants = by_instant([r for r in trail if r.kind in rule.inputs and r.quality in LOOKED_AT])
    fresh = [n for n, (at, _) in enumerate(instants) if held.seen_at is None or at > held.seen_at]
    before, flags = held.level, {}
    for number in fresh:
        until = instants[: number + 1]
        at, readings = until[-1]
        runs = {item: run for item in rule.params["items"] if (run := _run(rule, item, until))}
        frozen = {item: run for item, run in runs.items() if _moving(rule.params, until, run)}
        flags |= {(r.kind, r.at, r.seq): r for run in frozen.values() for r in run if r.quality != Quality.STUCK}
        known = held.memo.get("items", {})
        waiting = {item: value for item, value in known.items() if item not in readings}  # a gap frees no item
        items = waiting | {item: run[-1].value for item, run in frozen.items()}
        level = rule.params["level"] if items else None
        held = replace(held, level=level, seen_at=at, memo={"items": items} if items else {})
        if (level is None) == (before is None):
            continue
        return Judgement(
            state=replace(held, since=at if level else None),
            action="open" if level else "clear",
            level=level,
            value=max(frozen.values(), key=len)[-1].value if frozen else None,
            limit=float(rule.params["records"]),
            message=_stuck_words(rule, frozen, known),
            evidence=evidence(
                rule,
                station,
                [r for run in frozen.values() for r in run] or readings.values(),
                before=before,
                items={item: len(run) for item, run in frozen.items()},
            ),
            due=now if number < fresh[-1] else None,
            flags=_as_flags(flags),
        )
    return Judgement(state=held, action="hold", level=held.level, flags=_as_flags(flags))


def _as_flags(readings: Mapping[Any, Reading]) -> tuple[tuple[str, datetime, str, Quality], ...]:
    return tuple((*key, Quality.STUCK) for key in readings)


def _stuck_words(rule: Any, frozen: Mapping[str, Sequence[Reading]], known: Mapping[str, float]) -> str:
    if not frozen:
        names = "、".join(rule.kinds[item].label for item in known)
        return f"{names}恢复变化，解除；不变期间的数据不参与判断"
    parts = "、".join(
        f"{rule.kinds[item].label}连续 {len(run)} 条记录为 {rule.kinds[item].text(run[-1].value)}"
        for item, run in frozen.items()
    )
    return f"{parts}不变，而同站其他项目在变化，疑似仪器卡滞"


def _run(rule: Any, item: str, instants: Sequence[tuple[datetime, Mapping[str, Reading]]]) -> list[Reading]:
    """The newest run of identical values of an item, if it is long enough and not a small number of steps."""
    found: list[Reading] = []
    for _, readings in reversed(instants):
        reading = readings.get(item)
        if reading is None:
            continue
        if found and reading.value != found[0].value:
            break
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


# Suspect ------------------------------------------------------------------------------------------------------------
def suspect(rule: Any, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
    """A lone record in which several items leave their recent past at once: 疑似仪器故障 until the next record.

    An item jumps when it leaves the median of the `window_records` trusted records before it by its `jump` (absolute,
    relative) and by `spread` times their median deviation. `min_items` items must jump, among them one of `chemical`
    and one of `physical` (rain washes in several chemical items at once, but leaves the probes alone), and none of
    `explains` (turbidity: a flood or a spill moves it, a confused instrument does not). The record is flagged
    SUSPECT as a whole, so no other rule uses it. The next record decides: if most of the items stay where they
    jumped to, the flags are taken back; else they remain. Either way the alert ends.
    """
    params = rule.params
    instants = by_instant([r for r in trail if r.kind in rule.inputs and r.quality in LOOKED_AT])
    fresh = [n for n, (at, _) in enumerate(instants) if held.seen_at is None or at > held.seen_at]
    if not fresh:
        return Judgement(state=held, action="hold", level=held.level)
    for number in fresh:
        at, readings = instants[number]
        doubted = held.memo.get("at")
        if held.level is not None and doubted:
            return _decided(rule, station, held, instants, number, now if number < fresh[-1] else None)
        jumps = _jumps(params, instants[:number], readings)
        held = replace(held, seen_at=at)
        if not _doubtful(params, jumps):
            continue
        state = replace(
            held,
            level=params["level"],
            since=at,
            memo={"at": at.isoformat(), "jumps": {item: list(pair) for item, pair in jumps.items()}},
        )
        parts = "、".join(
            f"{rule.kinds[item].label} {rule.kinds[item].text(value)}（此前 {rule.kinds[item].text(base)}）"
            for item, (value, base) in jumps.items()
        )
        return Judgement(
            state=state,
            action="open",
            level=params["level"],
            value=float(len(jumps)),
            limit=float(params["min_items"]),
            message=f"{clock(at)} {len(jumps)} 项同时突变：{parts}，疑似仪器故障，等待下一条记录",
            evidence=evidence(rule, station, readings.values(), jumps=state.memo["jumps"]),
            due=now if number < fresh[-1] else None,
            flags=tuple((r.kind, r.at, r.seq, Quality.SUSPECT) for r in readings.values() if r.quality in TRUSTED),
        )
    return Judgement(state=held, action="hold", level=held.level)


def _jumps(
    params: Mapping[str, Any],
    before: Sequence[tuple[datetime, Mapping[str, Reading]]],
    readings: Mapping[str, Reading],
) -> dict[str, tuple[float, float]]:
    """Items that left their recent past: {item: (value, median before)}."""
    found = {}
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


def _decided(
    rule: Any,
    station: Station,
    held: RuleState,
    instants: Sequence[tuple[datetime, Mapping[str, Reading]]],
    number: int,
    due: datetime | None,
) -> Judgement:
    """The record after a doubtful one: it confirms the jump or leaves it alone."""
    at, readings = instants[number]
    doubted = datetime.fromisoformat(held.memo["at"])
    jumps: dict[str, list[float]] = held.memo["jumps"]
    near = [
        abs(readings[item].value - value) < abs(readings[item].value - base)
        for item, (value, base) in jumps.items()
        if item in readings
    ]
    state = replace(held, seen_at=at)
    if not near:  # none of the items came: still undecided
        return Judgement(state=state, action="hold", level=held.level, due=due)
    true = sum(near) * 2 > len(near)
    back = next((found for when, found in instants if when == doubted), {})
    flags = tuple((r.kind, r.at, r.seq, Quality.OK) for r in back.values() if r.quality == Quality.SUSPECT)
    message = (
        f"{clock(at)} 的记录证实了 {clock(doubted)} 的突变，数据恢复采用，解除"
        if true
        else f"{clock(at)} 的记录已恢复常态，{clock(doubted)} 的数据保留“疑似故障”标记，解除"
    )
    return Judgement(
        state=replace(state, level=None, since=None, memo={}),
        action="clear",
        message=message,
        evidence=evidence(rule, station, [*back.values(), *readings.values()], before=held.level, confirmed=true),
        due=due,
        flags=flags if true else (),
    )
