"""The audit trail: who did what to which thing, from where, and whether it was let (GB/T 22239-2019 level 3, 8.1.4.3).

A line is written in the transaction of its act: if it cannot be written, the act is not done.

Why every text is made writable here: a forged id with a NUL in it is refused by PostgreSQL, and a try whose line cannot be
written would be a try that nobody sees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import psycopg
from psycopg.types.json import Jsonb

from brain.identity import chain
from brain.identity.people import Person
from brain.model import Actor
from brain.store import db

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST = 400  # signs of what is named; what is longer was typed by nobody
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|\\(?=u[0-9a-f]{4})")


class Distorted(RuntimeError):
    """The database kept another line than it was given: somebody has laid hands on the table."""


@dataclass(slots=True)
class Noted:
    """What the trail has heard of one request: how many refusals stand there already, and what is known of the one that its
    door has still to write (`about`: who, object, and what the line keeps beside them)."""

    refusals: int = 0
    about: dict[str, Any] = field(default_factory=dict[str, Any])


NOTED: ContextVar[Noted | None] = ContextVar("brain_noted", default=None)
"""Set by the door for each request; threads and tasks of the request share the one object."""


def writable(text: str) -> str:
    """The text with NUL, control characters and halves of signs spelt out (`\\u0000`), so that any table, log and sheet takes
    it; a backslash that would read like such a spelling is spelt out itself, so that two texts never become one."""
    return _UNWRITABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def named(text: str, longest: int = LONGEST) -> str:
    """A writable text of at most `longest` signs."""
    said = writable(text[: longest + 1])
    return said if len(said) <= longest else said[: longest - 1] + "…"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, Mapping):
        return {writable(str(k)): _plain(v) for k, v in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast(list[Any], value)]
    return value


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

    Texts are made `writable`. Never a password, never a whole phone number in `detail`. Raises chain.NoKey where this process
    has no secret, Distorted where the database made another line of it, psycopg.Error where it cannot be written: let none of
    them pass, and the act is rolled back."""
    keys = chain.ring()
    name, ident = (actor, None) if isinstance(actor, str) else (actor.name, actor.id)
    name, action, object, ip = named(name), named(action), named(str(object)), named(ip, 64)
    detail = _plain(detail)
    with conn.transaction():
        number = db.row(conn, "audit_number")["id"]
        values = [number, (now - EPOCH) // timedelta(microseconds=1), ident, name, action, object, ip, ok, detail]
        body = chain.body(values)
        kept = db.row(
            conn, "audit_insert", id=number, at=now, actor_id=ident, actor=name, action=action, object=object, ip=ip,
            ok=ok, detail=Jsonb(detail, dumps=lambda said: chain.body([said])[1:-1]), key=keys.id,
            mac=chain.row_mac(keys, "audit", body),
        )["body"]  # fmt: skip
        if kept != body:
            raise Distorted(f"审计记录 {number} 入库后与写入的不一致，操作不予办理；请立即检查数据库是否被改动")
    if not ok and (noted := NOTED.get()) is not None:
        noted.refusals += 1
    return number
