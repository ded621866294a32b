"""What people must be told: rows that the seat and the phone read, written in the transaction that causes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from brain.store import db


def write(
    conn: psycopg.Connection,
    person_id: int | Iterable[int | None] | None,
    *,
    now: datetime,
    kind: str,
    words: str,
    event_id: str | None = None,
    alert_id: int | None = None,
    once: str | None = None,
) -> list[int]:
    """Write one notice for one person or several; returns the ids of those that are new. None among the people is passed
    over.

    `kind` is a short word (dispatch, remind, escalate, return, check, result, urge, supervise, alert …). `once` names
    the occasion: the same occasion never reaches the same person twice, whatever is repeated after a restart.
    """
    people = [person_id] if isinstance(person_id, int) or person_id is None else person_id
    people = sorted({p for p in people if p is not None})
    if not people:
        return []
    rows = db.many(
        conn, "notice_insert", at=now, people=people, event_id=event_id, alert_id=alert_id, kind=kind, words=words,
        once=once,
    )  # fmt: skip
    return [r["id"] for r in rows]


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one person. `once` names occasion and person: it is written at most once."""

    person_id: int
    kind: str
    words: str
    once: str
    event_id: str | None = None
    alert_id: int | None = None


def write_many(conn: psycopg.Connection, told: Sequence[Notice], now: datetime) -> None:
    """Write many notices in one statement; those whose `once` is there already are left out."""
    if told:
        db.run(
            conn, "notices_insert", at=now, people=[n.person_id for n in told], events=[n.event_id for n in told],
            alerts=[n.alert_id for n in told], kinds=[n.kind for n in told], words=[n.words for n in told],
            onces=[n.once for n in told],
        )  # fmt: skip


def unread(conn: psycopg.Connection, person_id: int, limit: int = 100) -> list[dict[str, Any]]:
    """Notices a person has not read, newest first: id, at, event_id, alert_id, kind, words."""
    return db.many(conn, "notice_unread", person_id=person_id, limit=limit)


def read(conn: psycopg.Connection, person_id: int, now: datetime, ids: Sequence[int] | None = None) -> int:
    """Mark his notices as read, all of them when `ids` is None; returns how many."""
    with conn.transaction():
        ids = None if ids is None else list(ids)
        return db.run(conn, "notice_read", person_id=person_id, now=now, ids=ids).rowcount
