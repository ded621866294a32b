"""Who I am, what waits for me, what I was told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from brain.flow.events import acting
from brain.identity import audit, scope
from brain.identity.people import Person, actor_of
from brain.model import Role
from brain.notify import notices
from brain.store import db
from brain.web.api import _shapes
from brain.web.api._answers import Plain
from brain.web.door.access import address_of, current, database

router = APIRouter(prefix="/api/v1", tags=["me"], route_class=Plain)
Me = Annotated[Person, Depends(current)]
Db = Annotated[psycopg.Connection, Depends(database)]

MOST_TASKS = 200
MOST_NOTICES = 100
WORDS = ("verb", "state", "level", "source", "phase", "stage")
PART = "part"  # 联动: not a verb of the lifecycle, but what a joined organisation does


@router.get("/me")
def me(request: Request, person: Me, conn: Db) -> dict[str, Any]:
    """Who is logged in, with the words and lists his screen needs; all of it may be kept for use without a line."""
    catalog = request.app.state.catalog
    org = db.one(conn, "api_org_names", codes=[person.org]) if person.org else None
    grid = None
    if person.grid and (row := db.one(conn, "api_place", code=person.grid)):
        town = db.one(conn, "api_place", code=person.grid[:9])
        words = _shapes.place_words(town["name"] if town else None, row["name"])
        grid = {"code": row["code"], "short": row["name"], "words": words}
    version = db.one(conn, "api_city_version")
    return {
        "id": person.id,
        "login": person.login,
        "name": person.name,
        "role": person.role,
        "role_words": catalog.words.of("role", person.role),
        "org": org,
        "grid": grid,
        "must_change": person.must_change,
        "near_m": catalog.practice.near_m,
        "map_version": f"{version['version'] if version else ''}:{person.grid or person.org or ''}",
        "words": {group: catalog.words.group(group) for group in WORDS}
        | {"theme": {key: theme.label for key, theme in catalog.themes.items()}},
        "lists": {
            "register_conditions": catalog.register_conditions,
            "close_conditions": catalog.close_conditions,
            "return_reasons": catalog.return_reasons,
            "decline_reasons": catalog.decline_reasons,
        },
    }


@router.get("/tasks")
def tasks(request: Request, person: Me, conn: Db) -> dict[str, Any]:
    """What waits for me, by time left: to handle, to check (核查), to verify (核实), my organisation's part (联动).

    An organisation's desk sees all its work; a worker sees his own, and what his organisation has given to nobody yet.
    """
    catalog, actor, now = request.app.state.catalog, actor_of(person), datetime.now(UTC)
    unit = person.role is Role.DEPARTMENT
    found = []
    for row in db.many(conn, "api_tasks", person=person.id, org=person.org, unit=unit, limit=MOST_TASKS):
        event = acting.event_of(row)
        if row["task"] == "part":
            verbs = [PART]
        elif scope.may_see(actor, event, catalog.roles):
            verbs = acting.allowed(conn, catalog, event, actor, now)
        else:
            continue
        found.append(_shapes.event(row, catalog, now, verbs))
    return {"now": now, "tasks": found}


@router.get("/me/notices")
def my_notices(person: Me, conn: Db) -> dict[str, Any]:
    """What I was told, unread first."""
    rows = db.many(conn, "api_notices", person=person.id, limit=MOST_NOTICES)
    told = [
        {"id": r["id"], "at": r["at"], "kind": r["kind"], "words": r["words"], "event": r["event_id"], "alert": r["alert_id"],
         "read": r["read_at"] is not None}
        for r in rows
    ]  # fmt: skip
    return {"unread": db.row(conn, "api_notices_unread", person=person.id)["n"], "notices": told}


class Read(BaseModel):
    """Which notices were read; without a list: all of them."""

    model_config = ConfigDict(extra="forbid")
    ids: list[Annotated[int, Field(ge=1, le=2**63 - 1)]] | None = Field(default=None, max_length=500)


@router.post("/me/notices/read")
def read_notices(body: Read, request: Request, person: Me, conn: Db) -> dict[str, Any]:
    """Mark notices as read; others' are passed over."""
    now = datetime.now(UTC)
    with conn.transaction():
        count = notices.read(conn, person.id, now, body.ids)
        audit.audit(conn, person, "notice_read", now, ip=address_of(request), count=count)
    return {"read": count}
