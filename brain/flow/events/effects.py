"""What a verb changes on an event's row besides its state and clocks, and what its log line keeps in `detail`.

`changes` is asked inside the verb's transaction, with the row locked, after the rules have said yes. One small
function a verb; a verb without one changes nothing more. Values are those of the row after the move; None empties a
column.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.flow.city.locating import Spot
from brain.flow.events import clocks, routing
from brain.identity.scope import Sight
from brain.model import Actor, Event, Refused, Role, Verb
from brain.rules import sla
from brain.rules.given import Given
from brain.rules.lifecycle import MOVES, Move
from brain.store import db

EVENT_ID = re.compile(r"\d{19}")


@dataclass(frozen=True, slots=True)
class Doing:
    """A verb under way: the row before it, the move the rules allowed, what was handed in."""

    conn: psycopg.Connection
    catalog: Catalog
    event: Event
    verb: Verb
    actor: Actor
    now: datetime
    move: Move
    given: Given
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def spot(self) -> Spot:
        e = self.event
        return Spot(e.cell, e.grid, e.village, e.town)


Change = dict[str, Any]


def changes(doing: Doing) -> Change:
    """Columns the verb changes; fills `doing.detail` for the log line. May raise Refused (an unknown number, a person
    of another organisation …)."""
    event, move = doing.event, doing.move
    first = {}
    if doing.verb in _PROMISES:
        first = clocks.register_stamps(doing.catalog, event, doing.given.case)
        if doing.verb != Verb.REGISTER and doing.given.case and event.due_at is None:
            limit = clocks.limit_for(doing.catalog, event.category, doing.given.case)
            first |= {"limit_clock": str(limit.clock), "limit_amount": limit.amount}
    timed = clocks.stamps(doing.catalog, replace(event, **first), move, doing.now)
    out = {"state": move.to or event.state} | first | timed
    if move.counts:
        out[move.counts] = getattr(event, move.counts) + 1
    if own := _OWN.get(doing.verb):
        out |= own(doing)
    if out["due_at"] != event.due_at:
        doing.detail["due_at"] = out["due_at"]
    return out


_PROMISES = (Verb.REGISTER, Verb.DISPATCH, Verb.ARBITRATE)  # who finds no limit on the row stamps it


# One a verb ---------------------------------------------------------------------------------------------------------
def _ask_verify(doing: Doing) -> Change:
    e = doing.event
    worker = routing.nearest_worker(doing.conn, e.lng, e.lat, [e.reporter_id])
    doing.detail["verifier"] = worker
    return {"checker_id": worker}


def _verified(doing: Doing) -> Change:
    doing.detail["passed"] = doing.given.passed
    return {"checker_id": None}


def _register(doing: Doing) -> Change:
    doing.detail.update({"condition": doing.given.condition, "case": doing.given.case})
    return {"register_condition": doing.given.condition}


def _org(doing: Doing) -> str:
    assert doing.given.org is not None, "lifecycle.check asks for the organisation"
    return doing.given.org


def _dispatch(doing: Doing) -> Change:
    """The organisation is the dispatcher's choice, the person the roster's; a miss of the routing table is counted."""
    org, person = _org(doing), doing.given.handler_id
    route = routing.owner(doing.conn, doing.catalog, doing.event.category, doing.spot)
    if person is not None:
        row = db.one(doing.conn, "person_by_id", id=person)
        if row is None or not row["active"] or row["org"] != org:
            raise Refused("所选承办人不在该单位或已停用，请重新选择", "handler")
    else:
        person = routing.handler(doing.conn, org, doing.spot, doing.now)
    doing.detail.update({"org": org, "handler": person, "by_rule": route.org, "why": route.why, "case": doing.given.case})
    doing.detail.update({"missed": True} if route.missed else {})
    return {"org": org, "handler_id": person, "taken_at": None, "arrived_at": None}


def _take(doing: Doing) -> Change:
    return {"handler_id": doing.actor.id or doing.event.handler_id}


def _return(doing: Doing) -> Change:
    doing.detail.update({"org": doing.event.org, "handler": doing.event.handler_id})
    return {"org": None, "handler_id": None, "taken_at": None, "arrived_at": None}


def _answer(doing: Doing) -> Change:
    e = doing.event
    checker = routing.nearest_worker(doing.conn, e.lng, e.lat, [e.handler_id, doing.actor.id])
    doing.detail["checker"] = checker
    return {"checker_id": checker, "check_passed": None, "checked_at": None}


def _again(doing: Doing) -> Change:
    return {"answered_at": None, "checked_at": None, "check_passed": None}


def _check(doing: Doing) -> Change:
    passed = doing.given.passed
    doing.detail["passed"] = passed
    return {"check_passed": passed, "checker_id": doing.actor.id} | ({} if passed else {"answered_at": None})


def _close(doing: Doing) -> Change:
    doing.detail["condition"] = doing.given.condition
    return {"close_condition": doing.given.condition}


def _rate(doing: Doing) -> Change:
    given = doing.given.ratings or {}
    doing.detail["ratings"] = given
    return {f"rating_{name}": given[name] for name in ("response", "solved", "satisfied")}


def _reopen(doing: Doing) -> Change:
    empty = ("org", "handler_id", "checker_id", "taken_at", "arrived_at", "answered_at", "checked_at", "check_passed")
    doing.detail.update({"closed_at": doing.event.closed_at, "org": doing.event.org})
    return dict.fromkeys((*empty, "closed_at", "close_condition"), None)


def _suspend(doing: Doing) -> Change:
    doing.detail["until"] = doing.given.until
    return {"suspend_until": doing.given.until}


def _resume(doing: Doing) -> Change:
    """The post that had it gets its whole limit again: nobody could work on it meanwhile."""
    assert doing.move.to is not None, "lifecycle.check fills in where a case goes on"
    stage = clocks.stage_of(doing.catalog, doing.event, doing.move.to)
    due = clocks.stage_due(doing.catalog, stage, doing.now) if stage else None
    return {"suspend_until": None, "stage_due_at": due}


def _extend(doing: Doing) -> Change:
    doing.detail["granted"] = doing.actor.role is not Role.DEPARTMENT
    return {}


def _link(doing: Doing) -> Change:
    found = EVENT_ID.search(doing.given.note or doing.given.reason or "")
    main = found.group() if found else None
    row = db.one(doing.conn, "event_by_id", id=main) if main else None
    if row is None or main == doing.event.id or not Sight.of(doing.actor, doing.catalog.roles).sees_event(row):
        raise Refused("没有找到要关联的案卷，请在说明里写明另一案卷的 19 位编号", "unknown")
    if row["duplicate_of"] == doing.event.id:
        raise Refused("那件案卷已经关联到本件，不能互相关联", "loop")
    doing.detail["duplicate_of"] = main
    return {"duplicate_of": main}


def _join(doing: Doing) -> Change:
    """Another organisation gets a part with a clock of its own: the category's limit, from now."""
    org = _org(doing)
    if org == doing.event.org:
        raise Refused("该单位就是承办单位，不用联动", "org")
    limit = clocks.limit_on(doing.event) or clocks.limit_for(doing.catalog, doing.event.category)
    due = sla.due(doing.now, limit, doing.catalog.calendar)
    person = doing.given.handler_id or routing.handler(doing.conn, org, doing.spot, doing.now)
    note = doing.given.note or doing.given.reason or ""
    db.run(doing.conn, "part_add", event_id=doing.event.id, org=org, now=doing.now, due_at=due,
           handler_id=person, note=note)  # fmt: skip
    doing.detail.update({"org": org, "handler": person, "part_due_at": due})
    return {}


_OWN: dict[Verb, Callable[[Doing], Change]] = {
    Verb.ASK_VERIFY: _ask_verify,
    Verb.VERIFIED: _verified,
    Verb.REGISTER: _register,
    Verb.DISPATCH: _dispatch,
    Verb.ARBITRATE: _dispatch,
    Verb.TAKE: _take,
    Verb.RETURN: _return,
    Verb.ANSWER: _answer,
    Verb.REWORK: _again,
    Verb.CHECK: _check,
    Verb.CLOSE: _close,
    Verb.RATE: _rate,
    Verb.REOPEN: _reopen,
    Verb.SUSPEND: _suspend,
    Verb.RESUME: _resume,
    Verb.EXTEND: _extend,
    Verb.LINK: _link,
    Verb.JOIN: _join,
    Verb.SUPERVISE: lambda doing: {"supervised": True},
    Verb.SELF_HANDLE: lambda doing: {"self_handled": True},
}


@cache
def leaves(verb: Verb) -> list[str]:
    """States that a verb may leave: the guard of the statement that writes it, read off the rules' own table."""
    return [str(state) for state, v in MOVES if v == verb and state is not None]
