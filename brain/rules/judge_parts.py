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

from brain.model import Judgement, Level, Reading, RuleState, Station
from brain.rules.evidence import KEEP, evidence, level_word
from brain.rules.judge_values import accepted

NAMED = 3  # parts named in the sentence; the evidence has more
MOST = 2000  # normal parts remembered: a device that invents addresses must not fill the memory


class Known(NamedTuple):
    """The newest record of a part."""

    at: datetime
    seq: str
    value: float


def part_of(seq: str) -> str:
    """`1-2-42-1.23` of `1-2-42-1.23#1 三楼感烟`; what a wrong clock put in front (`clock:…:`) is left out."""
    return seq.partition(" ")[0].rpartition(":")[2].partition("#")[0]


def parts(rule: Any, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
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
            return _judged(rule, station, held, known, firing, seen, fresh[: number + 1], now if rest else None)
    if seen is None or not fresh:
        return Judgement(state=held, action="hold", level=held.level)
    if not firing.keys() <= before:
        return _judged(rule, station, held, known, firing, seen, fresh, None)
    return Judgement(state=_state(rule, held, held.level, known, seen), action="hold", level=held.level)


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


def _state(rule: Any, held: RuleState, level: Level | None, known: Mapping[str, Known], seen: datetime) -> RuleState:
    """What is remembered: every part that fires, and the others as long as a late record may come."""
    levels = rule.params["levels"]
    horizon = seen - timedelta(seconds=rule.params["window_s"])
    normal = sorted((r.at, part) for part, r in known.items() if round(r.value) not in levels and r.at >= horizon)
    kept = sorted({part for _, part in normal[-MOST:]} | _firing(known, levels).keys())
    memo = {part: [known[part].at.isoformat(), known[part].seq, known[part].value] for part in kept}
    since = held.since if level == held.level else seen if level else None
    return replace(held, level=level, since=since, seen_at=seen, memo={"parts": memo})


def _judged(
    rule: Any,
    station: Station,
    held: RuleState,
    known: Mapping[str, Known],
    firing: Mapping[str, Level],
    seen: datetime,
    used: Sequence[Reading],
    due: datetime | None,
) -> Judgement:
    kind = rule.kinds[rule.inputs[0]]
    level = min(firing.values(), default=None)
    action = "open" if held.level is None else "clear" if level is None else "change"
    newest = sorted(firing, key=lambda part: (firing[part], known[part].at, part))
    names = {part: name_of(station, part, known[part].seq) for part in newest}
    if level is None:
        message, value = f"{kind.label}：各部件恢复正常，解除", used[-1].value
    else:
        worst = [part for part in newest if firing[part] == level]
        value = known[worst[0]].value
        more = f"等 {len(firing)} 处" if len(firing) > NAMED else ""
        said = "、".join(f"{names[part]} {kind.text(known[part].value)}" for part in newest[:NAMED])
        message = f"{kind.label}：{said}{more}，{level_word(rule, level)}"
    return Judgement(
        state=_state(rule, held, level, known, seen),
        action=action,
        level=level,
        value=value,
        message=message,
        evidence=evidence(
            rule, station, used, action=action, before=held.level, parts={p: names[p] for p in newest[:KEEP]}
        ),
        due=due,
    )


def name_of(station: Station, part: str, seq: str) -> str:
    """What people call a part: by the station's own list (`params.parts`), by the words the device sent, by its
    address."""
    own = (station.params.get("parts") or {}).get(part)
    words = own or seq.partition(" ")[2]
    if words and part:
        return f"{words}（{part}）"
    return words or (f"部件 {part}" if part else "整个场所")
