"""The audit trail: who did what to which thing, from where, and whether it was let (GB/T 22239-2019 level 3, 8.1.4.3).

A line is written in the transaction of its act: if it cannot be written, the act is not done.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain.identity import chain
from brain.identity.people import Person
from brain.model import Actor
from brain.store import db

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Distorted(RuntimeError):
    """The database kept another line than it was given: somebody has laid hands on the table."""


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

    Never a password, never a whole phone number in `detail`. Raises chain.NoKey where this process has no secret, Distorted
    where the database made another line of it, psycopg.Error where it cannot be written: let none of them pass, and the act
    is rolled back."""
    keys = chain.ring()
    name, ident = (actor, None) if isinstance(actor, str) else (actor.name, actor.id)
    with conn.transaction():
        number = db.row(conn, "audit_number")["id"]
        values = [number, (now - EPOCH) // timedelta(microseconds=1), ident, name, action, str(object), ip, ok, detail]
        body = chain.body(values)
        kept = db.row(
            conn, "audit_insert", id=number, at=now, actor_id=ident, actor=name, action=action, object=str(object), ip=ip,
            ok=ok, detail=Jsonb(detail, dumps=lambda said: chain.body([said])[1:-1]), key=keys.id,
            mac=chain.row_mac(keys, "audit", body),
        )["body"]  # fmt: skip
        if kept != body:
            raise Distorted(f"审计记录 {number} 入库后与写入的不一致，操作不予办理；请立即检查数据库是否被改动")
    return number
