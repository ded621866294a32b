"""Duty rosters: who is on duty in an organisation, and for which post."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg

from brain.identity.audit import audit
from brain.identity.people import Person, person_of
from brain.model import Actor, Refused
from brain.store import db


def on_duty(conn: psycopg.Connection, org: str, duties: Sequence[str], now: datetime) -> list[Person]:
    """Who is on the roster of an organisation now, by order of `duties` ('desk' | 'chief' | 'leader' | 'field')."""
    return [person_of(r) for r in db.many(conn, "roster_on_duty", org=org, duties=list(duties), now=now)]


def put_on_duty(
    conn: psycopg.Connection,
    *,
    org: str,
    person_id: int,
    duty: str,
    starts: datetime,
    ends: datetime,
    by: Actor | Person | str,
    now: datetime,
) -> int:
    """Add a shift to the roster; returns its id. Raises Refused('duty')."""
    if duty not in ("desk", "chief", "leader", "field") or starts >= ends:
        raise Refused("班次要写明岗位（desk、chief、leader、field），并且开始早于结束", "duty")
    with conn.transaction():
        ident = db.row(conn, "roster_insert", org=org, person_id=person_id, duty=duty, starts=starts, ends=ends)["id"]
        audit(conn, by, "roster", now, object=f"roster:{ident}", org=org, person=person_id, duty=duty)
    return ident
