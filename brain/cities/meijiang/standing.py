"""The few simulated cases that are still open when the history is loaded, so that a fresh wall and phone are not empty.

`data/history.toml` [[open]] says which, how old, and at which step each one stands; they are lived by the same rules as
the closed ones (`past.py`), and from then on they are ordinary work for whoever logs in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from brain.cities.meijiang import past
from brain.cities.meijiang.past import Life, Script
from brain.model import Actor, State, Verb

V = Verb
LINE = (
    State.REPORTED,
    State.ACCEPTED,
    State.REGISTERED,
    State.DISPATCHED,
    State.HANDLING,
    State.ANSWERED,
    State.CHECKING,
)


def live(life: Life, script: Script, says: Mapping[str, Any], people: Mapping[str, Actor], now: datetime) -> Life:
    """Take a case along the line up to the state that `says` names; no step lies after `now`.

    `people` are workers by log-in. Steps take their share of the time since the report, so that a case of half an
    hour is as plausible as one of a week.
    """
    goal, rng, crew = State(says["state"]), life.rng, life.crew
    steps = LINE.index(goal)
    early = [timedelta(minutes=m) for m in (4, 11, 17, 30, 0, 0)]
    spare = now - life.event.reported_at
    scale = min(1.0, spare / timedelta(minutes=40))
    life.reported(script.reporter)
    acceptor, start = rng.choice(crew.acceptors), life.event.reported_at
    worker = people.get(says.get("who", ""))
    clerk = worker or past.clerk(life, script.org)
    checker = people.get(says.get("checker", "")) or crew.worker(rng, life.event, but=clerk.id)
    condition = life.catalog.practice.register_conditions[0]
    moves = (
        lambda at: life.do(V.ACCEPT, acceptor, at),
        lambda at: life.do(
            V.REGISTER,
            acceptor,
            at,
            condition=condition,
            case=script.case,
            own={"register_condition": condition},
            detail={"condition": condition, "case": script.case},
        ),
        lambda at: life.do(
            V.DISPATCH,
            rng.choice(crew.dispatchers),
            at,
            org=script.org,
            own={"org": script.org, "handler_id": clerk.id},
            detail={"org": script.org, "handler": clerk.id},
        ),
        lambda at: life.do(V.TAKE, clerk, at, own={"handler_id": clerk.id}),
        lambda at: past.answer_it(life, clerk, start + spare * 0.7, checker),
        lambda at: life.do(
            V.CHECK,
            checker,
            start + spare * 0.9,
            passed=True,
            note=past.CHECKED,
            detail={"passed": True},
            own={"check_passed": True, "checker_id": checker.id},
        ),
    )
    for step in range(steps):
        moves[step](start + early[step] * scale)
    if verifier := people.get(says.get("verifier", "")):
        life.do(
            V.ASK_VERIFY,
            acceptor,
            start + early[1] * scale,
            own={"checker_id": verifier.id},
            detail={"verifier": verifier.id},
        )
    return life
