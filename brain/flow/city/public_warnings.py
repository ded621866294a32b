"""Public warnings (预警信息) as the national system sends them: received and shown, never issued here.

A warning is known by its sender and identifier: the same message again changes nothing. What an Update or Cancel refers to
has ended, in whatever order the messages come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain.model import HazardWarning
from brain.store import db


def store(conn: psycopg.Connection, warning: HazardWarning, now: datetime) -> bool:
    """Write a warning, end those it updates or cancels, and tell the screens; False when it was known already."""
    row = asdict(warning) | {"refers": Jsonb([list(pair) for pair in warning.refers]), "area": Jsonb(warning.area)}
    with conn.transaction():
        db.run(conn, "warning_lock")
        if db.one(conn, "warning_add", **row, now=now) is None:
            return False
        db.run(conn, "warning_end", sender=warning.sender, identifier=warning.identifier)
        db.run(conn, "warning_told", sender=warning.sender, identifier=warning.identifier)
    return True


def active(conn: psycopg.Connection, now: datetime) -> list[dict[str, Any]]:
    """Warnings in force, the worst first."""
    return db.many(conn, "warnings_active", now=now)


def turns(conn: psycopg.Connection, now: datetime) -> datetime | None:
    """When the warnings in force change next without a message: one begins, or one is over. None: not as far as known."""
    row = db.one(conn, "warnings_turn", now=now)
    return row["at"] if row else None


def one(conn: psycopg.Connection, sender: str, identifier: str) -> dict[str, Any] | None:
    """A warning, in force or not; None for exercises, tests and what is no warning."""
    return db.one(conn, "warning_one", sender=sender, identifier=identifier)


def standing(row: Mapping[str, Any], now: datetime) -> str:
    """What has become of a warning (row of `one`): a key of the words `warning`."""
    if row["ended_by"]:
        return "cancelled" if row["cancelled"] else "updated"
    if row["ends_at"] <= now:
        return "over"
    return "in_force" if (row["effective"] or row["sent"]) <= now else "coming"
