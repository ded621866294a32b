"""Random walks over the table of moves: whatever people do in whatever order, the record stays true.

A hundred and fifty cases (BRAIN_WALKS says how many), each up to eighteen verbs by random people after random times; what the rules refuse
is refused and leaves no trace. Then every case must satisfy the invariants below.
"""

from __future__ import annotations

import os
import random
from datetime import timedelta
from itertools import pairwise

import pytest

from brain.flow.events import acting, clocks, escalation
from brain.model import OPEN_STATES, Refused, State, Verb
from brain.rules import lifecycle, sla
from brain.rules.forms import Given

PATHS, STEPS = int(os.environ.get("BRAIN_WALKS", 150)), 18
LIKELY = {  # the way most cases go, so that walks get far; everything else is tried, too
    State.REPORTED: Verb.ACCEPT, State.ACCEPTED: Verb.REGISTER, State.REGISTERED: Verb.DISPATCH, State.DISPATCHED: Verb.TAKE,
    State.HANDLING: Verb.ANSWER, State.ANSWERED: Verb.CHECK, State.CHECKING: Verb.CLOSE, State.CLOSED: Verb.REOPEN,
    State.SUSPENDED: Verb.RESUME,
}  # fmt: skip
ACTORS = ("acceptor", "dispatcher", "chief", "leader", "cgj", "swj", "worker1", "worker2", "public", "operator")


def given_for(rng: random.Random, district, verb: Verb, login: str, event) -> dict:
    """Mostly what the verb needs, now and then something missing."""
    full = {
        "reason": rng.choice(district.catalog.return_reasons) if verb is Verb.RETURN else "理由",
        "note": f"见 {event.id}" if verb is Verb.LINK else "说明",
        "org": rng.choice(["cgj", "swj", "441402103"]),
        "condition": rng.choice(
            district.catalog.close_conditions if verb is Verb.CLOSE else district.catalog.register_conditions
        ),
        "passed": rng.random() < 0.7,
        "ratings": {"response": 1, "solved": 1, "satisfied": 4},
        "until": district.now + timedelta(days=rng.randint(1, 60)),
        "lng": event.lng, "lat": event.lat,
        "photos": (district.photo(login),),
    }  # fmt: skip
    if rng.random() < 0.05:
        full.pop(rng.choice(list(full)))
    return full


def what(rng: random.Random, district, event) -> Verb:
    """Mostly the next step, often any verb the state knows, sometimes any verb at all."""
    lot = rng.random()
    if lot < 0.5 and event.state in LIKELY:
        disputed = event.state is State.REGISTERED and event.returns > district.catalog.practice.max_returns
        return Verb.ARBITRATE if disputed else LIKELY[event.state]
    if lot < 0.7 and event.state in (State.DISPATCHED, State.HANDLING):
        return Verb.RETURN
    return rng.choice([v for s, v in lifecycle.MOVES if s is event.state] if lot < 0.9 else list(Verb))


def someone(rng: random.Random, district, verb: Verb, event) -> str:
    """Half of the time one of those whose verb it is, else anybody."""
    move = lifecycle.MOVES.get((event.state, verb))
    able = [a for a in ACTORS if move and district.who[a].role in move.by]
    return rng.choice(able) if able and rng.random() < 0.8 else rng.choice(ACTORS)


def walk(rng: random.Random, district, category: str) -> str:
    event = district.report(category=category, cell=rng.choice("AbCd"), now=district.now)
    for _ in range(STEPS):
        district.now += timedelta(minutes=rng.choice([0, 1, 7, 45, 180, 900]))
        if rng.random() < 0.15:
            escalation.sweep(district.conn, district.catalog, district.now)
        event = acting.get(district.conn, event.id)
        verb = what(rng, district, event)
        login = someone(rng, district, verb, event)
        before = event.version
        try:
            acting.act(
                district.conn, district.catalog, event.id, verb, district.actor(login), district.now,
                Given(**given_for(rng, district, verb, login, event)),
            )  # fmt: skip
        except Refused:
            assert acting.get(district.conn, event.id).version == before
    return event.id


@pytest.fixture
def walked(district, urgent):
    rng = random.Random(20260903)
    categories = (urgent, "matter:06010", "matter:10901")
    return [walk(rng, district, rng.choice(categories)) for _ in range(PATHS)]


def stopped_for(log, limit, calendar) -> float:
    """Seconds on the case's clock during which its handling clock stood still, read off the log alone."""
    total, since = 0.0, None
    started = False
    for line in log:
        if line.verb in (Verb.DISPATCH, Verb.ARBITRATE):
            started = True
        if not started:
            continue
        ran = line.from_state in clocks.RUNS_IN or line.from_state is None
        runs = line.to_state in clocks.RUNS_IN
        if since is None and ran and not runs:
            since = line.at
        elif since is not None and runs:
            total += sla.spent_s(since, line.at, limit.clock, calendar)
            since = None
    return total


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_random_walks_keep_the_record_true(district, walked):
    assert acting.verify_log(district.conn) is None
    ends, verbs = set(), set()
    for ident in walked:
        event, log = acting.get(district.conn, ident), acting.log_of(district.conn, ident)
        ends.add(event.state)
        verbs |= {line.verb for line in log}

        # the log is complete: one line a change, each beginning where the one before ended, the last one where the row is
        assert [line.seq for line in log] == list(range(1, event.version + 1))
        assert log[0].from_state is None and log[-1].to_state == event.state
        assert all(b.from_state == a.to_state for a, b in pairwise(log))

        # every line is a line of the rules' table
        for line in log:
            state = State(line.from_state) if line.from_state else None
            assert (state, line.verb) in lifecycle.MOVES, (ident, line)

        # clocks run forward, and the parts of a life add up to the whole
        times = [line.at for line in log]
        assert times == sorted(times) and times[0] == event.reported_at
        parts = {}
        for a, b in pairwise(log):
            parts[a.to_state] = parts.get(a.to_state, timedelta()) + (b.at - a.at)
        assert sum(parts.values(), timedelta()) == times[-1] - times[0]
        order = [event.accepted_at, event.registered_at]
        assert all(t is None or t >= event.reported_at for t in order)

        # the deadline is the promise, plus what was granted, plus the time the clock stood still: nothing else
        if event.due_at is not None:
            limit, calendar = clocks.limit_on(event), district.catalog.calendar
            start = next(line.at for line in log if line.verb in (Verb.DISPATCH, Verb.ARBITRATE))
            whole = sla.size_s(limit) * (1 + event.extensions) + stopped_for(log, limit, calendar)
            assert sla.spent_s(start, event.due_at, limit.clock, calendar) == pytest.approx(whole, abs=1e-3), ident

        # counters say what the log says
        said = [line.verb for line in log]
        assert event.returns == said.count(Verb.RETURN) and event.reopened == said.count(Verb.REOPEN)
        assert event.urges == said.count(Verb.URGE)
        again = [line for line in log if line.verb is Verb.CHECK and line.to_state == State.HANDLING]
        assert event.reworks == said.count(Verb.REWORK) + len(again)
        granted = [line for line in log if line.verb is Verb.EXTEND and line.detail["granted"]]
        assert event.extensions == len(granted)

        # nothing that is over waits for anything
        if event.state not in OPEN_STATES:
            assert event.next_rung_at is None and event.stage_due_at is None
        assert (event.closed_at is not None) == (event.state is State.CLOSED)

    assert {State.CLOSED, State.HANDLING, State.VOID, State.DECLINED} <= ends
    assert {Verb.SUSPEND, Verb.RESUME, Verb.EXTEND, Verb.REWORK, Verb.REOPEN, Verb.ARBITRATE} <= verbs
    assert len(verbs) >= 24, sorted(set(Verb) - verbs)
