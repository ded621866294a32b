"""The history of an event: every change of its row is one line, and every line is chained to the one before.

The plain chain of one event (sequence and hash) is made by the database, see migration 0020; here rows and lines are written
together, and that chain is verified. The keyed digest of a line is made in `lines`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from brain.flow.events import effects, lines
from brain.flow.events.lines import Line, as_json
from brain.model import Actor, Event, Level, LogEntry, Refused, Source, State, Verb
from brain.store import db


def event_of(row: dict[str, Any]) -> Event:
    """An Event from its row."""
    level = Level(row["level"]) if row["level"] else None
    return db.record(Event, row | {"state": State(row["state"]), "source": Source(row["source"]), "level": level})


def locked(conn: psycopg.Connection, event_id: str) -> dict[str, Any] | None:
    """The event's row, locked until the transaction ends, with `last_at`, the time of its newest line."""
    row = db.one(conn, "event_for_update", id=event_id)
    return row and row | (db.one(conn, "event_last_line", id=event_id) or {"last_at": None})


def write(
    conn: psycopg.Connection,
    event: Event,
    verb: Verb,
    actor: Actor,
    now: datetime,
    change: dict[str, Any],
    *,
    reason: str | None = None,
    note: str | None = None,
    detail: dict[str, Any] | None = None,
) -> Event:
    """The row and its line; the row must still stand where the verb may leave it."""
    row = db.one(conn, "event_moved", id=event.id, change=as_json(change), leaves=effects.leaves(verb))
    if row is None:
        raise Refused("案卷刚刚被别人办理了；请看过新的情况再决定", "conflict")
    after = event_of(row)
    line(conn, after, verb, actor, now, event.state, reason=reason, note=note, detail=detail)
    return after


def line(
    conn: psycopg.Connection,
    event: Event,
    verb: Verb,
    actor: Actor,
    now: datetime,
    before: State | None,
    *,
    reason: str | None = None,
    note: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """The line of the change that made `event` what it is: its version is the line's number. `now` is not before the newest line."""
    given = Line(event.id, event.version, now, verb, before, event.state, actor, reason, note, detail)
    lines.add(conn, [given])
    data = {"id": event.id, "verb": str(verb), "state": str(event.state)}
    conn.execute("SELECT pg_notify('brain_event', %s)", [json.dumps(data)])


def log_of(conn: psycopg.Connection, event_id: str) -> list[LogEntry]:
    """The history of an event, oldest line first."""
    return [
        db.record(LogEntry, r | {"verb": Verb(r["verb"])}) for r in db.many(conn, "event_log_of", event_id=event_id)
    ]


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where a history is not what it was when it was written. `why`: changed (or put in, or taken out of
    the middle), cut (lines missing at the end), state (the row says another state than its history)."""

    event_id: str
    seq: int
    why: str

    def __str__(self) -> str:
        words = {"changed": "内容被改动", "cut": "之后的流水缺失", "state": "案卷状态与流水不符"}
        return f"案卷 {self.event_id} 第 {self.seq} 行{words[self.why]}"


def verify_log(conn: psycopg.Connection) -> Broken | None:
    """Whether every line of every history is what it was when written: None, or the first that is not."""
    row = db.one(conn, "event_log_first_broken") or db.one(conn, "event_log_first_cut")
    return Broken(**row) if row else None
