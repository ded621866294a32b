"""Public warnings (预警信息) as the national system sends them: received and shown, never issued here.

A warning is known by its sender and identifier: the same message again changes nothing. What an Update or Cancel refers to
has ended, in whatever order the messages come.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain.model import HazardWarning
from brain.store import db


def store(conn: psycopg.Connection, warning: HazardWarning, now: datetime) -> bool:
    """Write a warning, and end those it updates or cancels; False when it was known already."""
    row = asdict(warning) | {"refers": Jsonb([list(pair) for pair in warning.refers]), "area": Jsonb(warning.area)}
    with conn.transaction():
        db.run(conn, "warning_lock")
        if db.one(conn, "warning_add", **row, now=now) is None:
            return False
        db.run(conn, "warning_end", sender=warning.sender, identifier=warning.identifier)
    return True


def active(conn: psycopg.Connection, now: datetime) -> list[dict[str, Any]]:
    """Warnings in force, the worst first."""
    return db.many(conn, "warnings_active", now=now)
