"""Sent twice, done once: the answer to a request is kept under the sender's key, in the transaction of the deed itself.

A phone on a bad line never knows whether its request or only the answer was lost, so it sends again under the same key
(header `Idempotency-Key`, a UUID). A refusal is not kept: nothing was done, and the rules may say yes later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Json

from brain.identity.people import Person
from brain.model import Refused
from brain.store import db

KEPT = timedelta(
    days=30
)  # longer than any phone stays without a line; reports are protected for ever by event.client_key


Answer = dict[str, Any]


def once(
    conn: psycopg.Connection, key: UUID | None, person: Person, asked: str, now: datetime
) -> Callable[[Callable[[], Answer]], Answer] | None:
    """Wraps a deed (`act_audited(once=…)`): its answer, or what it answered before under this key; None without a key.
    `asked` is the whole request as text."""
    return None if key is None else partial(_once, conn, key, person, asked, now)


def _once(
    conn: psycopg.Connection, key: UUID, person: Person, asked: str, now: datetime, do: Callable[[], Answer]
) -> Answer:
    """Raises Refused('key') when the key was used for another request or by somebody else."""
    digest = hashlib.sha256(asked.encode()).digest()
    with conn.transaction():
        if (
            db.one(conn, "api_receipt_claim", key=key, person=person.id, asked=digest, now=now, until=now - KEPT)
            is None
        ):
            row = db.one(conn, "api_receipt", key=key)
            if row is None or row["person_id"] != person.id or row["asked"] != digest:
                raise Refused("这个请求编号已用于别的操作，请换一个编号再提交", "key")
            return row["answer"]
        answer = do() | {"receipt": str(key)}
        db.run(conn, "api_receipt_answer", key=key, answer=Json(answer))
    return answer
