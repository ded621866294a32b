"""The audit trail: who did what to which thing, from where, and whether it was let (GB/T 22239-2019 level 3, 8.1.4.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain.identity.people import Person
from brain.model import Actor
from brain.store import db


def audit(
    conn: psycopg.Connection,
    actor: Actor | Person | str,
    action: str,
    now: datetime,
    *,
    object: str = "",
    ip: str = "",
    ok: bool = True,
    **detail: Any,
) -> int:
    """Write one audit line (8.1.4.3 b: when, who, what kind, whether it succeeded, from where); returns its id.

    Never a password, never a whole phone number in `detail`."""
    name, ident = (actor, None) if isinstance(actor, str) else (actor.name, actor.id)
    return db.row(
        conn, "audit_insert", at=now, actor_id=ident, actor=name, action=action, object=str(object), ip=ip, ok=ok,
        detail=Jsonb(detail),
    )["id"]  # fmt: skip
