"""Rules on a place of many parts (a building's detectors, panels and pumps): the place is in a state while any part is.

Why parts have a rule of their own: the parts of one building report under one station, told apart by `seq`. A rule that
looks at the newest record would take the fire of one detector back as soon as another one says that it is well.

`seq` of a reading: `<part>#<anything> <what people call it>`; the part is a path like `1-2-42-1.23`. A part that
reports normal is normal, and so is everything below it: a panel that was reset speaks for its detectors, and the empty
path for the whole place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from brain.model import Level, Reading, RuleState, Station
from brain.rules.contract import Action, Cause, Evidence, Graded, Rule, Standing, Type
from brain.rules.explaining import KEEP, level_word
from brain.rules.grading import accepted, untrusted
from brain.rules.params import levels_of_values, whole

NAMED = 3  # parts named in the sentence; the evidence has more
MOST = 2000  # normal parts remembered: a device that invents addresses must not fill the memory


def reach(rule: Rule) -> int:
    return int(rule.params["window_records"]) + 1


TYPE = Type("parts", "部件状态", reach=reach)
PARAMS = {
    "levels": levels_of_values("部件的哪个状态值算哪一级"),
    "window_records": whole("迟到的部件记录往回找多少条", example="256"),
    "window_s": whole("迟到的部件记录往回找多少秒", example="86400"),
}


class Known(NamedTuple):
    """The newest record of a part."""

    at: datetime
    seq: str
    value: float


def part_of(seq: str) -> str:
    """`1-2-42-1.23` of `1-2-42-1.23#1 三楼感烟`; what a wrong clock put in front (`clock:…:`) is left out."""
    return seq.partition(" ")[0].rpartition(":")[2].partition("#")[0]


class Found(NamedTuple):
    """Level, name and value of the parts that fire, the worst ones first."""

    firing: tuple[tuple[Level, str, float], ...]


def grade(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Graded[Found]:
    """Level of the worst part (`params.levels`), at once: an alarm waits for nothing. A part more under a held level
    changes the sentence, not the level.

    A record that comes after younger ones of other parts still counts, up to `window_s` late: each part has its own
    newest record. What is older than that, and of a part not remembered, has been judged before. What a device without a
    clock says while somebody is at work on the place (`params.maintenance`) is left out here, because intake marks it
    `clock` and not `maintenance`.
    """
    levels: Mapping[int, Level] = rule.params["levels"]
    window = timedelta(seconds=rule.params["window_s"])
    known = {key: Known(datetime.fromisoformat(at), seq, value) for key, (at, seq, value) in _memory(held).items()}
    seen = held.seen_at
    work = [tuple(map(datetime.fromisoformat, w)) for w in station.params.get("maintenance", ())]
    told = [r for r in accepted(rule, trail, rule.inputs[0]) if not any(a <= r.at < b for a, b in work)]
    fresh = [r for r in told if _is_new(r, known, seen, window)]
    firing = _firing(known, levels)
    before = set(firing)
    for number, reading in enumerate(fresh):
        _take(known, firing, reading, levels)
        seen = reading.at if seen is None else max(seen, reading.at)
        level = min(firing.values(), default=None)
        if level != held.level:
            rest = number + 1 < len(fresh)
            return _graded(rule, station, held, known, firing, seen, fresh[: number + 1], now if rest else None)
    if seen is not None and fresh and not firing.keys() <= before:
        return _graded(rule, station, held, known, firing, seen, fresh, None)

    def evidence() -> Evidence:
        mine = [r for r in trail if r.kind in rule.inputs]
        why = untrusted(rule, trail) or Standing(Cause.HELD if firing else Cause.WITHIN)
        if firing:
            names = "、".join(name_of(station, part, known[part].seq) for part in _worst_first(firing, known)[:NAMED])
            why = Standing(why.cause, detail=f"{names}尚未恢复，维持{level_word(rule, min(firing.values()))}")
        elif mine and all(any(a <= r.at < b for a, b in work) for r in mine):
            why = Standing(Cause.MAINTENANCE)
        elif not mine and not known:
            why = Standing(Cause.NO_RECORD)
        return Evidence(readings=mine, what=rule.kinds[rule.inputs[0]].label, standing=why)

    state = held if seen is None or not fresh else _state(rule, held, held.level, known, seen)
    return Graded(state, "hold", held.level, Found(()), evidence)


def _memory(held: RuleState) -> dict[str, Any]:
    return held.memo.get("parts", {})


def _is_new(reading: Reading, known: Mapping[str, Known], seen: datetime | None, window: timedelta) -> bool:
    last = known.get(part_of(reading.seq))
    if last is not None:
        return (reading.at, reading.seq) > (last.at, last.seq)
    return seen is None or reading.at > seen - window


def _take(known: dict[str, Known], firing: dict[str, Level], reading: Reading, levels: Mapping[int, Level]) -> None:
    """Lay a record over what is known and what fires."""
    part = part_of(reading.seq)
    record = Known(reading.at, reading.seq, reading.value)
    for above in _above(part):  # a whole that was normal later speaks for this part, too
        whole = known.get(above)
        if whole is not None and round(whole.value) not in levels and whole[:2] > record[:2]:
            record = whole
    known[part] = record
    level = levels.get(round(record.value))
    if level is not None:
        firing[part] = level
        return
    firing.pop(part, None)
    for below in [p for p in firing if part in _above(p) and known[p][:2] < record[:2]]:
        known[below] = record
        del firing[below]


def _above(part: str) -> list[str]:
    """The wholes a part belongs to: `1-2-42` → `1-2`, `1`, and the place itself."""
    steps = part.split("-") if part else []
    return ["-".join(steps[:n]) for n in range(len(steps) - 1, -1, -1)]


def _firing(known: Mapping[str, Known], levels: Mapping[int, Level]) -> dict[str, Level]:
    found = {part: levels.get(round(record.value)) for part, record in known.items()}
    return {part: level for part, level in found.items() if level is not None}


def _state(rule: Rule, held: RuleState, level: Level | None, known: Mapping[str, Known], seen: datetime) -> RuleState:
    """What is remembered: every part that fires, and the others as long as a late record may come."""
    levels = rule.params["levels"]
    horizon = seen - timedelta(seconds=rule.params["window_s"])
    normal = sorted((r.at, part) for part, r in known.items() if round(r.value) not in levels and r.at >= horizon)
    kept = sorted({part for _, part in normal[-MOST:]} | _firing(known, levels).keys())
    memo = {part: [known[part].at.isoformat(), known[part].seq, known[part].value] for part in kept}
    since = held.since if level == held.level else seen if level else None
    return replace(held, level=level, since=since, seen_at=seen, memo={"parts": memo})


def _worst_first(firing: Mapping[str, Level], known: Mapping[str, Known]) -> list[str]:
    return sorted(firing, key=lambda part: (firing[part], known[part].at, part))


def _graded(
    rule: Rule,
    station: Station,
    held: RuleState,
    known: Mapping[str, Known],
    firing: Mapping[str, Level],
    seen: datetime,
    used: Sequence[Reading],
    due: datetime | None,
) -> Graded[Found]:
    level = min(firing.values(), default=None)
    action: Action = "open" if held.level is None else "clear" if level is None else "change"
    order = _worst_first(firing, known)
    names = {part: name_of(station, part, known[part].seq) for part in order}

    def evidence() -> Evidence:
        return Evidence(
            readings=used,
            what=rule.kinds[rule.inputs[0]].label,
            more={"parts": {part: names[part] for part in order[:KEEP]}},
        )

    found = Found(tuple((firing[part], names[part], known[part].value) for part in order))
    value = known[order[0]].value if order else used[-1].value
    return Graded(_state(rule, held, level, known, seen), action, level, found, evidence, value, due=due)


def say(rule: Rule, graded: Graded[Found]) -> str:
    kind, firing = rule.kinds[rule.inputs[0]], graded.found.firing
    if graded.level is None:
        return f"{kind.label}：各部件恢复正常，解除"
    more = f"等 {len(firing)} 处" if len(firing) > NAMED else ""
    said = "、".join(f"{name} {kind.text(value)}" for _, name, value in firing[:NAMED])
    return f"{kind.label}：{said}{more}，{level_word(rule, graded.level)}"


def name_of(station: Station, part: str, seq: str) -> str:
    """What people call a part: by the station's own list (`params.parts`), by the words the device sent, by its
    address."""
    listed: Mapping[str, str] = station.params.get("parts") or {}
    words = listed.get(part) or seq.partition(" ")[2]
    if words and part:
        return f"{words}（{part}）"
    return words or (f"部件 {part}" if part else "整个场所")
