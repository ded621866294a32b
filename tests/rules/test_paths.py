"""Random lives of events: whatever path a case takes, the time its handler has used and what is left add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.catalog import load
from brain.model import OPEN_STATES, Actor, Clock, Event, Limit, Refused, Role, Source, State, Verb
from brain.rules import lifecycle, sla
from brain.rules.lifecycle import Effect, Facts, Given

CATALOG = load()
START = datetime(2026, 9, 24, 9, tzinfo=timezone(timedelta(hours=8)))  # 中秋 and 国庆 are ahead
ACTORS = {
    Role.CHIEF: Actor(1, "值班长", Role.CHIEF, "zsj", ("441402",)),
    Role.ACCEPTOR: Actor(2, "受理员", Role.ACCEPTOR, "zsj", ("441402",)),
    Role.DISPATCHER: Actor(3, "派遣员", Role.DISPATCHER, "zsj", ("441402",)),
    Role.DEPARTMENT: Actor(4, "城管", Role.DEPARTMENT, "cgj"),
    Role.WORKER: Actor(5, "网格员", Role.WORKER, "441402006", ("441402006",)),
    Role.LEADER: Actor(6, "领导", Role.LEADER, "zsj", ("441402",)),
    Role.CLOCK: Actor(None, "时限引擎", Role.CLOCK),
}
RUNNING = {State.REGISTERED, State.DISPATCHED, State.HANDLING}
ENDS = {Verb.VOID, Verb.DECLINE}  # would end most walks at once
steps = st.lists(st.tuples(st.integers(0, 999), st.integers(0, 3000), st.booleans()), min_size=10, max_size=60)


def choices(event: Event, facts: Facts) -> list[tuple[Actor, Verb]]:
    """What anybody may do to the event now, marks left out."""
    return [
        (actor, verb)
        for actor in ACTORS.values()
        for verb in lifecycle.allowed(event, actor, facts)
        if verb not in lifecycle.MARKS and verb not in ENDS
    ]


def moved(event: Event, verb: Verb, move: lifecycle.Move, now: datetime, actor: Actor) -> Event:
    """The row after a move, as the flow writes it."""
    due_at = sla.due_after(event, move.clock, now, CATALOG.calendar)
    change = {"state": move.to, "due_at": due_at}
    if verb == Verb.REGISTER:
        change |= {"limit_clock": event.limit_clock, "limit_amount": event.limit_amount}
    if move.stamps:
        change[move.stamps] = now
    if move.counts:
        change[move.counts] = getattr(event, move.counts) + 1
    if verb == Verb.SUSPEND:
        change |= {"suspended_from": event.state.value}
    if verb == Verb.CHECK:
        change |= {"check_passed": move.to == State.CHECKING}
    if verb == Verb.TAKE:
        change |= {"handler_id": actor.id}
    return replace(event, **change)


@given(
    clock=st.sampled_from(list(Clock)),
    amount=st.integers(1, 10),
    path=steps,
)
@settings(max_examples=300)
def test_time_used_and_time_left_add_up_on_every_path(clock, amount, path):
    limit, calendar = Limit(clock, amount), CATALOG.calendar
    now, used, extensions = START, 0.0, 0
    event = Event(
        id="4414022026092400001", category="matter:06010", title="暴露垃圾", state=State.REPORTED, source=Source.PUBLIC,
        level=None, reported_at=now, lng=116.1, lat=24.3, town="441402006", org="cgj", reporter_id=99,
        limit_clock=clock.value, limit_amount=float(amount),
    )  # fmt: skip
    for pick, minutes, passed in path:
        then, now = now, now + timedelta(minutes=minutes)
        if event.due_at is not None and event.state in RUNNING:
            used += sla.spent_s(then, now, clock, calendar)
        facts = Facts(now=now, practice=CATALOG.practice, distance_m=5)
        offered = choices(event, facts)
        actor, verb = offered[pick % len(offered)]
        details = Given(
            reason=CATALOG.return_reasons[0], note="说明", org="cgj", condition=_condition(verb), photos=("photo",),
            passed=passed, until=now + timedelta(days=10),
            ratings={"response": 1, "solved": 1, "satisfied": 4},
        )  # fmt: skip
        try:
            move = lifecycle.check(event, verb, actor, details, facts)
        except Refused:
            continue
        extensions += move.clock == Effect.EXTEND
        event = moved(event, verb, move, now, actor)
        if event.due_at is not None and event.state in RUNNING:
            left = sla.spent_s(now, event.due_at, clock, calendar)
            assert left + used == pytest.approx(sla.size_s(limit) * (1 + extensions), abs=1)
        assert event.returns <= CATALOG.practice.max_returns + 1
        assert event.extensions == extensions <= CATALOG.practice.max_extensions
    assert event.reported_at == START  # the total clock never starts anew
    assert (event.closed_at is not None) or event.state in OPEN_STATES | {State.DECLINED, State.VOID}


def _condition(verb: Verb) -> str:
    return CATALOG.close_conditions[0] if verb == Verb.CLOSE else CATALOG.register_conditions[0]
