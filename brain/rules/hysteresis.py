"""How a level is taken up and given up: hold-on, hold-off, records in a row, worsening and easing.

One machine for every rule that grades records one by one. The grades come from the rule; when a grade counts is
decided here:
- a level is taken when `records` consecutive accepted records showed it or worse, over at least its hold-on time;
- a held level is eased or cleared only by records, `records_off` of them over the hold-off time: **a gap is never a
  recovery**, so time alone clears nothing;
- time alone may complete a hold-on, as long as the newest record is not older than twice the hold: a lone spike that
  is followed by silence is a silent sensor, not a flood;
- a record older than the newest one judged neither opens nor clears anything.

Why it stops at the first change: a batch may hold a rise and a fall. Each change becomes one Judgement, and while
records are left unjudged `due` is `now`, so that the caller comes back for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from brain.model import Level, Reading, RuleState
from brain.rules.contract import Action, Cause, Rule, Standing, Wait

FRESH = 2  # a hold may be completed by the clock while the newest record is younger than this many holds


@dataclass(frozen=True, slots=True)
class Sample:
    """What a rule grades at one instant: one value, or the values of several kinds."""

    at: datetime
    seq: str
    value: float
    readings: tuple[Reading, ...]
    more: Any = None


@dataclass(frozen=True, slots=True)
class Grade:
    """`shown` is the level whose limit the sample reaches, `kept` the level it still supports with the slack."""

    shown: Level | None
    kept: Level | None
    why: Any = None


@dataclass(frozen=True, slots=True)
class Holds:
    """The times and counts of a rule at a station, per level where they differ."""

    levels: tuple[Level, ...]
    records: int = 1
    records_off: int = 1
    hold_off: timedelta = timedelta(0)
    hold_on: Mapping[Level, timedelta] = field(default_factory=dict[Level, timedelta])

    def on(self, level: Level) -> timedelta:
        return self.hold_on.get(level, timedelta(0))


@dataclass(frozen=True, slots=True)
class Outcome:
    """State after the fold, what happened, the sample that did it, and when to ask again."""

    state: RuleState
    action: Action
    cause: Sample | None
    why: Any
    due: datetime | None
    run: tuple[Sample, ...] = ()


Grader = Callable[[Sample, Level | None], Grade]


def holds_of(rule: Rule, levels: Sequence[Level], hold_on: Mapping[Level, float] | None = None) -> Holds:
    """The holds a rule declares; `hold_on` (seconds by level) goes before `rule.hold_on_s`."""
    seconds = {level: float((hold_on or {}).get(level, rule.hold_on_s)) for level in levels}
    return Holds(
        levels=tuple(sorted(levels)),
        records=rule.records,
        records_off=int(rule.params.get("records_off", 1)),
        hold_off=timedelta(seconds=rule.hold_off_s),
        hold_on={level: timedelta(seconds=value) for level, value in seconds.items()},
    )


def unseen(samples: Sequence[Sample], held: RuleState) -> list[Sample]:
    """Samples newer than the newest one judged, in order; several of one instant are told apart by their sequence."""
    seen = (held.seen_at, held.memo.get("seen_seq", "")) if held.seen_at else None
    fresh = [sample for sample in samples if seen is None or (sample.at, sample.seq) > seen]
    return sorted(fresh, key=lambda sample: (sample.at, sample.seq))


def fold(held: RuleState, samples: Sequence[Sample], grade: Grader, holds: Holds, now: datetime) -> Outcome:
    """The next change that the unseen samples, or the passing of time, make to a held state."""
    fresh = unseen(samples, held)
    state, why = held, None
    for number, sample in enumerate(fresh):
        state, action, why = _step(state, sample, grade, holds)
        if action != "hold":
            rest = number + 1 < len(fresh)
            return Outcome(state, action, sample, why, now if rest else _due(state, holds, now), tuple(fresh))
    state, action = _by_clock(state, holds, now)
    last = samples[-1] if samples else None
    if action != "hold" and last is not None:
        why = grade(last, held.level).why
    return Outcome(state, action, last if action != "hold" else None, why, _due(state, holds, now), tuple(fresh))


def _runs(state: RuleState) -> dict[Level, tuple[int, datetime]]:
    """Per level: how many records in a row showed it or worse, and since when."""
    return {
        Level(int(level)): (int(count), datetime.fromisoformat(since))
        for level, (count, since) in state.memo.get("runs", {}).items()
    }


def _step(state: RuleState, sample: Sample, grade: Grader, holds: Holds) -> tuple[RuleState, Action, Any]:
    graded = grade(sample, state.level)
    runs: dict[Level, tuple[int, datetime]] = {}
    for level in holds.levels:
        if graded.shown is not None and graded.shown <= level:
            count, since = _runs(state).get(level, (0, sample.at))
            runs[level] = (count + 1, since)
    held = state.level
    state = _seen(state, sample, runs)
    ready = [level for level in runs if _ready(level, runs, holds, sample.at)]
    worst = min(ready, default=None)
    if worst is not None and (held is None or worst < held):
        return _taken(state, worst, sample.at, runs), "open" if held is None else "change", graded.why
    if held is None:
        return _pending(state, held, runs), "hold", graded.why
    if graded.kept is not None and graded.kept <= held:
        return (
            _pending(replace(state, clear_since=None, memo=_without(state.memo, "ease")), held, runs),
            "hold",
            graded.why,
        )
    return _eased(state, sample, graded, holds, runs)


def _eased(
    state: RuleState, sample: Sample, graded: Grade, holds: Holds, runs: dict[Level, tuple[int, datetime]]
) -> tuple[RuleState, Action, Any]:
    """A record below the held level: counted, and once they are enough, followed."""
    before: dict[str, Any] = state.memo.get("ease") or {"count": 0, "to": None}
    since = state.clear_since or sample.at
    to = before["to"] if before["count"] else None
    mildest = graded.kept if not before["count"] else _worse(None if to is None else Level(to), graded.kept)
    count = before["count"] + 1
    if count >= holds.records_off and sample.at - since >= holds.hold_off:
        memo = _without(state.memo, "ease")
        state = replace(state, level=mildest, since=sample.at if mildest else None, clear_since=None, memo=memo)
        return _pending(state, mildest, runs), "clear" if mildest is None else "change", graded.why
    ease = {"count": count, "to": int(mildest) if mildest else None}
    state = replace(state, clear_since=since, memo=state.memo | {"ease": ease})
    return _pending(state, state.level, runs), "hold", graded.why


def _worse(a: Level | None, b: Level | None) -> Level | None:
    return b if a is None else a if b is None else min(a, b)


def _ready(level: Level, runs: Mapping[Level, tuple[int, datetime]], holds: Holds, at: datetime) -> bool:
    count, since = runs[level]
    return count >= holds.records and at - since >= holds.on(level)


def _seen(state: RuleState, sample: Sample, runs: Mapping[Level, tuple[int, datetime]]) -> RuleState:
    memo = dict(state.memo)
    memo["runs"] = {str(int(level)): [count, since.isoformat()] for level, (count, since) in runs.items()}
    memo["last"] = [sample.at.isoformat(), sample.value]
    if sample.seq:
        memo["seen_seq"] = sample.seq
    else:
        memo.pop("seen_seq", None)
    return replace(state, seen_at=sample.at, memo=memo)


def _taken(state: RuleState, level: Level, at: datetime, runs: Mapping[Level, tuple[int, datetime]]) -> RuleState:
    state = replace(state, level=level, since=at, clear_since=None, memo=_without(state.memo, "ease"))
    return _pending(state, level, runs)


def _pending(state: RuleState, held: Level | None, runs: Mapping[Level, tuple[int, datetime]]) -> RuleState:
    """The worst level seen but not yet held long enough, for the screen that asks “why not”."""
    waiting = [level for level in runs if held is None or level < held]
    if not waiting:
        return replace(state, pending=None, pending_since=None, pending_count=0)
    worst = min(waiting)
    count, since = runs[worst]
    return replace(state, pending=worst, pending_since=since, pending_count=count)


def _by_clock(state: RuleState, holds: Holds, now: datetime) -> tuple[RuleState, Action]:
    """A hold-on that time completes while its newest record is still fresh."""
    runs = _runs(state)
    ready = [
        level
        for level in runs
        if level in holds.levels
        and (state.level is None or level < state.level)
        and _ready(level, runs, holds, now)
        and state.seen_at is not None
        and now - state.seen_at <= FRESH * holds.on(level)
    ]
    if not ready:
        return state, "hold"
    return _taken(state, min(ready), now, runs), "open" if state.level is None else "change"


def _due(state: RuleState, holds: Holds, now: datetime) -> datetime | None:
    """When the next hold-on would be complete; None when only a record can change anything."""
    if state.seen_at is None:
        return None
    ends: list[datetime] = []
    for level, (count, since) in _runs(state).items():
        end = since + holds.on(level)
        waits = level in holds.levels and (state.level is None or level < state.level) and count >= holds.records
        if waits and now < end <= state.seen_at + FRESH * holds.on(level):
            ends.append(end)
    return min(ends, default=None)


def standing(state: RuleState, last: Sample, grade: Grader, holds: Holds, now: datetime) -> Standing:
    """Why a state stands as it does after a fold that held, with what is still missing; `last` is the newest sample."""
    graded, held = grade(last, state.level), state.level
    if state.pending is not None and state.pending_since is not None:
        return _not_yet(state, state.pending, state.pending_since, holds, now)
    if held is None:
        return Standing(Cause.WITHIN)
    if graded.shown is not None and graded.shown <= held:
        return Standing(Cause.HELD)
    if graded.kept is not None and graded.kept <= held:
        return Standing(Cause.SLACK)
    ease: dict[str, Any] = state.memo.get("ease") or {"count": 0, "to": None}
    to = Level(ease["to"]) if ease["to"] else None
    records = max(0, holds.records_off - int(ease["count"]))
    since = state.clear_since or last.at
    seconds = max(0.0, (holds.hold_off - (last.at - since)).total_seconds())
    return Standing(Cause.RECORDS_OFF if records else Cause.HOLD_OFF, Wait(to, records, seconds))


def _not_yet(state: RuleState, level: Level, since: datetime, holds: Holds, now: datetime) -> Standing:
    records = max(0, holds.records - state.pending_count)
    if records:
        return Standing(Cause.RECORDS, Wait(level, records))
    hold, seen = holds.on(level), state.seen_at or since
    wait = Wait(level, seconds=max(0.0, (hold - (now - since)).total_seconds()))
    return Standing(Cause.STALE if now - seen > FRESH * hold else Cause.HOLD_ON, wait)


def _without(memo: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in memo.items() if key not in names}
