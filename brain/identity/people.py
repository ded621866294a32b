"""Who there is: the accounts as records, read by login, id, organisation and role; never with a password."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg

from brain.model import Actor, Role
from brain.store import db


@dataclass(frozen=True, slots=True)
class Person:
    """An account (table `person`), without its password. `places` are code prefixes, see Actor."""

    id: int
    login: str
    name: str
    role: Role
    org: str | None = None
    places: tuple[str, ...] = ()
    grid: str | None = None
    phone: str = field(default="", repr=False)
    must_change: bool = False
    active: bool = True
    simulated: bool = False


def person_of(row: dict[str, Any]) -> Person:
    """The record of a row of table `person`."""
    return db.record(Person, row | {"role": Role(row["role"]), "places": tuple(row["places"])})


def actor_of(person: Person) -> Actor:
    """What rules must know of a person. A worker acts in his 网格 and nowhere else, whatever places stand beside it."""
    own = (person.grid,) if person.grid else ()
    places = own if person.role is Role.WORKER else person.places or own
    return Actor(person.id, person.name, person.role, person.org, places)


def rights(person: Person) -> tuple[object, ...]:
    """What decides over what a person may see and do: when it changes, his open lines end."""
    return person.id, person.role, person.org, tuple(person.places), person.grid, person.must_change


def get(conn: psycopg.Connection, person_id: int) -> Person | None:
    row = db.one(conn, "person_by_id", id=person_id)
    return person_of(row) if row else None


def by_login(conn: psycopg.Connection, login: str) -> Person | None:
    row = db.one(conn, "person_by_login", login=login)
    return person_of(row) if row else None


def listed(
    conn: psycopg.Connection,
    *,
    org: str | None = None,
    role: Role | None = None,
    text: str | None = None,
    inactive: bool = False,
    limit: int = 200,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Accounts for a list: id, login, name, role, org, org_short, places, grid, active, waits_until (too many
    failed log-ins), masked phone."""
    rows = db.many(
        conn, "people_list", org=org, role=role, text=text or None, inactive=inactive, limit=limit, offset=offset
    )
    shown = ("id", "login", "name", "role", "org", "org_short", "places", "grid", "active", "waits_until", "simulated")
    return [{k: r[k] for k in shown} | {"phone": mask_phone(r["phone"])} for r in rows]


def mask_phone(phone: str) -> str:
    """`138****1234`: the middle is hidden in lists, exports and logs (8.1.4.11); short numbers keep two digits."""
    if len(phone) >= 11:
        return phone[:-8] + "****" + phone[-4:]
    return "*" * max(len(phone) - 2, 0) + phone[-2:]
