"""Lines of history with the keyed digest that their writer makes of them (docs/adr/0007).

The digest covers the line's number and time, which the database decides (migration 0020). Whoever writes holds the event's row
locked, so both are known before: the number is the event's version after the change, the time is never before the newest line's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain.identity import chain
from brain.identity.audit import EPOCH, Distorted
from brain.model import Actor, State, Verb
from brain.store import db, roles


def as_json(data: Any) -> Jsonb:
    """For a jsonb column: times as ISO 8601, everything else that JSON does not know as text."""
    return Jsonb(data, dumps=_dumps)


def _dumps(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, default=_text)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


UNREAD = -3
"""Reason, note and detail come last under the digest."""
COLUMNS = ("verb", "from_state", "to_state", "actor_id", "actor_name", "role", "org", "reason", "note")


@dataclass(frozen=True, slots=True)
class Line:
    """A line about to be written. `seq`: its number in the event's history, 1 for the first; `at`: not before the line before it."""

    event_id: str
    seq: int
    at: datetime
    verb: Verb
    before: State | None
    after: State
    actor: Actor
    reason: str | None = None
    note: str | None = None
    detail: Mapping[str, Any] | None = None


def signed(line: Line) -> tuple[dict[str, Any], str]:
    """The columns of the line (without `seq`), as `event_log_add` takes them, and the text under its digest. Raises NoKey."""
    keys, actor = chain.ring(), line.actor
    kept = {k: v for k, v in (line.detail or {}).items() if v is not None and v != []}
    simple = all(v.__class__ in (str, int) for v in kept.values())
    detail = kept if simple else json.loads(_dumps(kept))
    before = line.before and str(line.before)
    said = [str(line.verb), before, str(line.after), actor.id, actor.name, str(actor.role), actor.org, line.reason, line.note]
    micros = (line.at - EPOCH) // timedelta(microseconds=1)
    body = chain.body([line.event_id, line.seq, micros, *said, detail])
    columns = dict(zip(COLUMNS, said, strict=True))
    mac = chain.row_mac(keys, "event", body)
    at = line.at.astimezone(UTC).isoformat()
    return {"event_id": line.event_id, "at": at, **columns, "detail": detail, "key": keys.id, "mac": mac.hex()}, body


def add(conn: psycopg.Connection, lines: Sequence[Line]) -> None:
    """Write lines, those of one event in the order of their numbers. Raises NoKey where this process has no secret, Distorted where
    the database made other lines of them; then nothing of the act may stand."""
    if not lines:
        return
    made = [signed(line) for line in lines]
    given = Jsonb([columns for columns, _ in made], dumps=chain.body)  # no number comes out otherwise than it went in
    if conn.info.user == roles.INTAKE:  # it may add what is noted of an order, and read of no event what was noted
        bodies = {row["body"] for row in db.many(conn, "event_log_add_unread", lines=given)}
        wanted = [chain.body(json.loads(body)[:UNREAD]) for _, body in made]
    else:
        bodies = {row["body"] for row in db.many(conn, "event_log_add", lines=given)}
        wanted = [body for _, body in made]
    if odd := [line for line, body in zip(lines, wanted, strict=True) if body not in bodies]:
        raise Distorted(
            f"案卷 {odd[0].event_id} 的第 {odd[0].seq} 行流水入库后与写入的不一致，操作不予办理；请立即检查数据库是否被改动"
        )


def add_timed(conn: psycopg.Connection, lines: Sequence[Line]) -> None:
    """`add` for events whose rows are locked but whose newest line was not looked at: none is dated before that."""
    ids = sorted({line.event_id for line in lines})
    last = {row["id"]: row["last_at"] for row in db.many(conn, "event_last_lines", ids=ids)} if ids else {}
    add(conn, [_not_before(line, last[line.event_id]) for line in lines])


def _not_before(line: Line, at: datetime | None) -> Line:
    return line if at is None or at <= line.at else replace(line, at=at)
