"""Who I am, what waits for me, what I was told."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from brain import rowwise
from brain.catalog import Catalog
from brain.flow.events import acting
from brain.identity.doing import Doer, act_audited
from brain.identity.people import Person, actor_of
from brain.identity.scope import Sight
from brain.model import Role
from brain.notify import notices
from brain.rules import forms
from brain.store import db
from brain.web.api import _event_json
from brain.web.api._answers import Plain
from brain.web.door.access import current, database, doer, named

router = APIRouter(prefix="/api/v1", tags=["me"], route_class=Plain)
Me = Annotated[Person, Depends(current)]
By = Annotated[Doer, Depends(doer)]
Db = Annotated[psycopg.Connection, Depends(database)]

MOST_TASKS = 200
MOST_NOTICES = 100
WORDS = ("verb", "state", "level", "source", "phase", "stage")


@router.get("/me")
def me(request: Request, response: Response, person: Me, conn: Db) -> dict[str, Any]:
    """Who is logged in, with the words and lists his screen needs; all of it may be kept for use without a line."""
    named(response, request, person.id)
    catalog = request.app.state.catalog
    org = db.one(conn, "api_org_names", codes=[person.org]) if person.org else None
    grid = None
    if person.grid and (row := db.one(conn, "api_place", code=person.grid)):
        town = db.one(conn, "api_place", code=person.grid[:9])
        words = _event_json.place_words(town["name"] if town else None, row["name"])
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
        "acts": acts(catalog, person.role),
    }


def acts(catalog: Catalog, role: Role) -> dict[str, Any]:
    """How a role's verbs are asked and what they lead to, for a screen that must go on without a line: `forms` and `leads` by
    verb (the report's own among the forms), `order` of the buttons, `next` (which of them is the big one) and `beside` (what
    stands beside it)."""
    wording = catalog.forms
    order = forms.offered(role, wording.phone)
    found = {verb: forms.lead(verb, role, order) for verb in order}
    return {
        "order": order,
        "next": [verb for verb in wording.phone_next if verb in order],
        "beside": {verb: other for verb, other in wording.phone_beside.items() if {verb, other} <= set(order)},
        "forms": {verb: asdict(forms.form_of(verb, catalog)) for verb in order}
        | {verb: asdict(form) for verb, form in forms.reporting(role, catalog).items()},
        "leads": {verb: asdict(one) | {"words": _leads_to(one, verb, catalog)} for verb, one in found.items()},
    }


def _leads_to(lead: forms.Lead, verb: str, catalog: Catalog) -> str | None:
    """What is said of a task after it: that it is done, or its new state."""
    if lead.done:
        return f"已{forms.form_of(verb, catalog).label}"
    return catalog.words.of("state", lead.state) if lead.state else None


@router.get("/tasks")
def tasks(request: Request, person: Me, conn: Db) -> dict[str, Any]:
    """What waits for me, by time left: to handle, to check (核查), to verify (核实), my organisation's part (联动).

    An organisation's desk sees all its work; a worker sees his own, and what his organisation has given to nobody yet.
    """
    catalog, actor, now = request.app.state.catalog, actor_of(person), datetime.now(UTC)
    unit, sight = person.role is Role.DEPARTMENT, Sight.of(person, catalog.roles)

    def told(row: dict[str, Any]) -> dict[str, Any] | None:
        if not sight.sees_event(row, row["seen_by"]["joined"]):
            return None
        part = row["task"] == "part"
        verbs = [forms.PART] if part else acting.allowed(conn, catalog, acting.event_of(row), actor, now)
        return rowwise.sayable(_event_json.event(row, catalog, now, verbs))

    rows = db.many(conn, "api_tasks", person=person.id, org=person.org, unit=unit, limit=MOST_TASKS)
    return {"now": now, "tasks": rowwise.each(rows, told, "任务", _lost)}


def _lost(ident: str) -> dict[str, Any]:
    return _event_json.lost(ident) | {"task": "", "due_for": "", "verbs": []}


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


@router.post("/me/notices/read", name="notice_read")
def read_notices(body: Read, person: Me, by: By, conn: Db) -> dict[str, Any]:
    """Mark notices as read; others' are passed over."""
    now = datetime.now(UTC)
    do = partial(notices.read, conn, person.id, now, body.ids)
    return {"read": act_audited(conn, by, "notice_read", "", now, do, kept=lambda count: {"count": count})}
