"""The clocks on an event's row: limit of the stage, limit of handling, the ladder of reminders. Pure: no database.

A promise is stamped when it is given. The ladder on the row is a copy of the catalog's, each rung with the instant `at`
which it is due (None: its clock does not run yet) and `done` when it was climbed; editing the catalog changes only
later promises. Whatever pauses or extends the handling limit moves the rungs not yet climbed by the same time.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from brain.catalog import Catalog
from brain.model import Clock, Event, Level, Limit, State
from brain.rules import sla
from brain.rules.lifecycle import Effect, Move

RUNS_IN = (State.REGISTERED, State.DISPATCHED, State.HANDLING)  # where a started handling clock runs
BEFORE_HANDLING = (State.REPORTED, State.ACCEPTED, State.REGISTERED, State.DISPATCHED)
STAGE_OF = {
    State.REPORTED: "accept",
    State.ACCEPTED: "register",
    State.REGISTERED: "dispatch",
    State.DISPATCHED: "take",
    State.ANSWERED: "check",
    State.CHECKING: "close",
}
Rungs = list[dict[str, Any]]


def zone(catalog: Catalog) -> timezone:
    """The district's zone: days of numbers and times in sentences are local."""
    return timezone(catalog.calendar.utc_offset)


def limit_for(catalog: Catalog, category: str, condition: str | None = None) -> Limit:
    """Handling limit of a category, or of the one of its conditions that was chosen."""
    entry = catalog.categories[category]
    return next((limit for text, limit in entry.conditions if text == condition), entry.limit)


def limit_on(event: Event) -> Limit | None:
    """The limit stamped on an event."""
    if not event.limit_clock or event.limit_amount is None:
        return None
    return Limit(Clock(event.limit_clock), event.limit_amount)


def stage_due(catalog: Catalog, stage: str, now: datetime) -> datetime:
    return sla.due(now, catalog.stage_limits[stage], catalog.calendar)


def stage_of(catalog: Catalog, event: Event, state: State) -> str | None:
    """The post whose limit runs in a state; after too many returns the dispatch is the arbiter's."""
    if state == State.REGISTERED and event.returns > catalog.practice.max_returns:
        return "arbitrate"
    asked, done = event.verify_asked_at, event.verified_at
    if state == State.ACCEPTED and asked and (done is None or done < asked):
        return "verify"
    return STAGE_OF.get(state)


# The ladder ---------------------------------------------------------------------------------------------------------
def fresh_ladder(catalog: Catalog, level: Level | None) -> Rungs:
    """The catalog's ladder of a level as it is stamped on an event: no rung timed, none climbed."""
    return [dict(rung) | {"at": None, "done": None} for rung in catalog.ladder(level)]


def _moved(rungs: Rungs | None, move: Any) -> Rungs:
    """Rungs with `at` of those that are timed and not yet climbed passed through `move`."""
    return [
        rung | {"at": move(datetime.fromisoformat(rung["at"])).isoformat()} if rung["at"] and not rung["done"] else rung
        for rung in rungs or []
    ]


def start_ladder(rungs: Rungs | None, start: datetime, limit: Limit, calendar: Any) -> Rungs:
    """Rungs at fractions of the handling limit get their instants when its clock starts."""
    out = []
    for rung in rungs or []:
        if "after_fraction" in rung:
            part = Limit(limit.clock, limit.amount * rung["after_fraction"])
            rung = rung | {"at": sla.due(start, part, calendar).isoformat()}
        out.append(rung)
    return out


def stage_ladder(rungs: Rungs | None, now: datetime, state: State) -> Rungs:
    """Rungs at minutes of the present post start anew with each post, and rest once somebody handles the event."""
    runs = state in BEFORE_HANDLING
    return [
        rung | {"at": (now + timedelta(minutes=rung["after_min"])).isoformat() if runs else None, "done": None}
        if "after_min" in rung
        else rung
        for rung in rungs or []
    ]


def next_rung(rungs: Rungs | None, state: State) -> datetime | None:
    """When the ladder is next to be climbed in this state; None while the clocks that drive it stand still."""
    times = [
        datetime.fromisoformat(rung["at"])
        for rung in rungs or []
        if rung["at"] and not rung["done"] and state in (RUNS_IN if "after_fraction" in rung else BEFORE_HANDLING)
    ]
    return min(times, default=None)


# A move -------------------------------------------------------------------------------------------------------------
def stamps(catalog: Catalog, event: Event, move: Move, now: datetime) -> dict[str, Any]:
    """Columns that a move changes because of time: its own stamp, the stage's limit, handling limit, ladder.

    `event` is the row before the move, with the limit that registering stamped on it.
    """
    calendar, limit, to = catalog.calendar, limit_on(event), move.to or event.state
    out: dict[str, Any] = {move.stamps: now} if move.stamps else {}
    changed = to != event.state
    if move.stage:
        out["stage_due_at"] = stage_due(catalog, move.stage, now)
    elif changed:
        out["stage_due_at"] = None
    due = sla.due_after(event, move.clock, now, calendar)
    rungs = event.ladder
    match move.clock:
        case Effect.START if event.due_at is None and limit:
            rungs = start_ladder(rungs, now, limit, calendar)
        case Effect.RESUME if event.due_at and limit and (stopped := _stopped_at(event)):
            rungs = _moved(rungs, lambda at: sla.after_pause(at, stopped, now, limit, calendar))
        case Effect.EXTEND if event.due_at and limit:
            rungs = _moved(rungs, lambda at: sla.extended(at, limit, calendar))
        case Effect.PAUSE:
            out |= {"suspended_at": now, "suspended_from": event.state, "stage_due_at": None}
        case Effect.END:
            out["stage_due_at"] = None
    if changed:
        rungs = stage_ladder(rungs, now, to)
    return out | {"due_at": due, "ladder": rungs, "next_rung_at": next_rung(rungs, to)}


def _stopped_at(event: Event) -> datetime | None:
    """Since when the handling clock stands still: since the answer, or since a suspension that found it running."""
    if event.state == State.SUSPENDED:
        return event.suspended_at if event.suspended_from in RUNS_IN else None
    return event.answered_at


def register_stamps(catalog: Catalog, event: Event, condition: str | None) -> dict[str, Any]:
    """What registering promises: the limit and a fresh ladder, unless they stand there already."""
    if event.limit_clock:
        return {}
    limit = limit_for(catalog, event.category, condition)
    rungs = fresh_ladder(catalog, event.level)
    return {"limit_clock": str(limit.clock), "limit_amount": limit.amount, "ladder": rungs}
