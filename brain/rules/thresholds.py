"""Alert rules: `judge` asks the rule's type (a file of `types/`); all of them are pure and take the time as an argument.

A rule is a `catalog.Rule`, a trail the recent readings of its inputs at one station (oldest first, all qualities), a
held state what the rule remembers. The answer is one change at most; `judge_all` goes on until nothing changes.
Common promises, property-tested in tests/rules: nothing opens without records at the limit, a value inside the slack
never flaps, judging the same records again changes nothing, a late record older than the newest one judged neither
opens nor clears, and a gap is never a recovery (see hysteresis.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from brain.model import Judgement, Quality, Reading, RuleState, Station
from brain.rules.contract import Rule
from brain.rules.explaining import Explanation
from brain.rules.registry import TYPES as KNOWN

Evaluator = Callable[[Rule, Station, Sequence[Reading], RuleState, datetime], Judgement]
TYPES: dict[str, Evaluator] = dict(KNOWN)
"""Who judges a rule, by the name of its type."""


def judge(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Judgement:
    """What the rule decides now: the next change (open, change, clear) or `hold`, the new state, the words, why.

    `trail` must reach `reach(rule)` records per kind further back than the newest one judged (`held.seen_at`). When a
    trail holds several changes the first is returned with `due` = `now`: ask again with the new state. A hold has no words
    and no evidence with it: `explain` makes them.
    """
    return TYPES[rule.type](rule, station, trail, held, now)


def explain(rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime) -> Explanation:
    """The same evaluation with its evidence and one sentence, a hold included: what was looked at, limits and where they
    stand, what is still missing, and the cause why nothing happened.

    Pure as `judge` is. Asked with what is remembered after the newest record, it says why the level stands as it does.
    """
    return KNOWN[rule.type].explain(rule, station, trail, held, now)


def judge_all(
    rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime
) -> list[Judgement]:
    """All changes in order, the last one being the state to keep; one `hold` when there is none.

    Flags of a judgement are laid over the trail before the next is asked.
    """
    found = [judge(rule, station, trail, held, now)]
    while found[-1].action != "hold" and found[-1].due is not None and found[-1].due <= now:
        trail = with_flags(trail, found[-1].flags)
        following = judge(rule, station, trail, found[-1].state, now)
        if following.action == "hold":
            last = found[-1]
            found[-1] = replace(last, state=following.state, due=following.due, flags=last.flags + following.flags)
            break
        found.append(following)
    return found


def with_flags(trail: Sequence[Reading], flags: Sequence[tuple[str, datetime, str, Quality]]) -> list[Reading]:
    """The trail as it reads after a judgement's flags were written back: what the next rule must be given."""
    changed = {(kind, at, seq): quality for kind, at, seq, quality in flags}
    if not changed:
        return list(trail)
    return [r._replace(quality=changed.get((r.kind, r.at, r.seq), r.quality)) for r in trail]


def reach(rule: Rule) -> int:
    """How many records of each input, before the newest one judged, the rule must see in its trail."""
    return KNOWN[rule.type].type.reach(rule)


def by_clock(rule: Rule) -> bool:
    """Whether the passing of time, and no record, makes the rule's changes."""
    return KNOWN[rule.type].type.by_clock
