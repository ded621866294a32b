"""What most rule types need to look at a trail: accepted readings, instants, the worst level reached, why a level stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from brain.model import TRUSTED, Level, Quality, Reading, RuleState, Station
from brain.rules import hysteresis
from brain.rules.contract import Cause, Rule, Standing
from brain.rules.hysteresis import Grader, Holds, Outcome, Sample

LOOKED_AT = TRUSTED | {Quality.STUCK, Quality.SUSPECT}
"""Rules on instruments look again at what they flagged before, else they could never take a flag back."""


def accepted(rule: Rule, trail: Sequence[Reading], kind: str | None = None) -> list[Reading]:
    """Readings of the rule's inputs (or of one kind) whose quality both the kind and the rule accept, in order."""
    wanted = rule.inputs if kind is None else (kind,)
    found = [
        r for r in trail if r.kind in wanted and r.quality in rule.kinds[r.kind].accepts and r.quality in rule.accepts
    ]
    return sorted(found, key=lambda r: (r.at, r.seq))


def samples_of(rule: Rule, trail: Sequence[Reading]) -> list[Sample]:
    """The accepted readings of the rule's first input, each a sample."""
    return [Sample(r.at, r.seq, r.value, (r,)) for r in accepted(rule, trail, rule.inputs[0])]


def by_instant(readings: Sequence[Reading]) -> list[tuple[datetime, dict[str, Reading]]]:
    """Readings of one instant together, ascending; of several sequences the last counts."""
    found: dict[datetime, dict[str, Reading]] = {}
    for reading in sorted(readings, key=lambda r: (r.at, r.seq)):
        found.setdefault(reading.at, {})[reading.kind] = reading
    return sorted(found.items())


def news(
    instants: list[tuple[datetime, dict[str, Reading]]], held: RuleState
) -> list[tuple[datetime, dict[str, Reading]]]:
    """What is newer than the last record judged, and the newest in any case: an index is dear to compute twice."""
    return [pair for pair in instants if held.seen_at is None or pair[0] > held.seen_at] or instants[-1:]


def own_limits(station: Station, key: str) -> dict[Level, float] | None:
    """A station's own limits of a kind (`params.limits.<key>`), or None."""
    written: Mapping[str, Mapping[str, float]] = station.params.get("limits") or {}
    own = written.get(key)
    return None if own is None else {Level.of(level): float(value) for level, value in own.items()}


def worst_level(limits: Mapping[Level, float], value: float, *, down: bool, slack: float = 0.0) -> Level | None:
    """The worst level whose limit the value reaches; `slack` widens it."""
    reached = [level for level, limit in limits.items() if (value <= limit + slack if down else value >= limit - slack)]
    return min(reached, default=None)


def no_worse(level: Level | None, held: Level | None) -> Level | None:
    """A slack keeps at most the held level: it never worsens."""
    return None if level is None or held is None else max(level, held)


def deciding_value(outcome: Outcome, held: RuleState) -> float | None:
    """The value that decided, or the newest one known."""
    if outcome.cause is not None:
        return outcome.cause.value
    last = outcome.state.memo.get("last") or held.memo.get("last")
    return float(last[1]) if last else None


def used_readings(rule: Rule, trail: Sequence[Reading], outcome: Outcome) -> list[Reading]:
    """The accepted readings up to the one that decided; of a hold, all readings looked at, the refused ones too."""
    if outcome.action == "hold":
        return sorted((r for r in trail if r.kind in rule.inputs), key=lambda r: (r.at, r.seq))
    until = outcome.cause.at if outcome.cause else outcome.state.seen_at
    return [r for r in accepted(rule, trail) if until is not None and r.at <= until]


def standing(
    rule: Rule,
    trail: Sequence[Reading],
    samples: Sequence[Sample],
    outcome: Outcome,
    grade: Grader,
    holds: Holds,
    now: datetime,
    *,
    empty: Cause = Cause.NO_RECORD,
) -> Standing | None:
    """Why a fold came to nothing, None where it came to something. `empty` is the cause where no sample could be made of
    readings that are there. A newer record of a quality that is not accepted goes before all."""
    if outcome.action != "hold":
        return None
    if (refused := untrusted(rule, trail)) is not None:
        return refused
    if not samples:
        return Standing(empty if any(r.kind in rule.inputs for r in trail) else Cause.NO_RECORD)
    return hysteresis.standing(outcome.state, samples[-1], grade, holds, now)


def untrusted(rule: Rule, trail: Sequence[Reading]) -> Standing | None:
    """Where the newest record of the first input is refused for its quality."""
    mine = [r for r in trail if r.kind == rule.inputs[0]]
    newest = max(mine, key=lambda r: (r.at, r.seq), default=None)
    if newest is None or (newest.quality in rule.accepts and newest.quality in rule.kinds[newest.kind].accepts):
        return None
    return Standing(Cause.UNTRUSTED)
