"""Public warnings in force (预警信息): received from the national system, shown, never issued here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, Request

from brain import rowwise
from brain.flow.city import public_warnings
from brain.identity.people import Person
from brain.model import Level
from brain.web import readouts
from brain.web.api._answers import Plain
from brain.web.door.access import current, database

router = APIRouter(prefix="/api/v1", tags=["warnings"], route_class=Plain)


@router.get("/warnings")
def many(
    request: Request,
    person: Annotated[Person, Depends(current)],
    conn: Annotated[psycopg.Connection, Depends(database)],
) -> dict[str, Any]:
    """Warnings in force, the worst first; `level` is null for those without a colour. Everybody may read them: they are
    public. `sent` is the time of issue, not of receipt; `expires` is what the message says, `ends_at` when it is over
    (a day after it begins where the message does not say). Of a message in several parts, each with its level and area
    (`area.parts`), the worst part in force is told. `drills` are exercises and tests, listed apart, in the same form, with
    `status_words`: never warn anybody by them."""
    catalog, now = request.app.state.catalog, datetime.now(UTC)
    found, drills = public_warnings.active(conn, now), public_warnings.drills(conn, now)
    rows = {row["identifier"]: row for row in [*drills, *found]}

    def told(row: dict[str, Any]) -> dict[str, Any]:
        level = Level(row["level"]).key if row["level"] else None
        said = {"title": readouts.warning_title(row, catalog), "level": level, "level_words": level and catalog.words.of("level", level)}
        if "status" in row:
            said["status_words"] = catalog.words.of("warning_status", row["status"].lower())
        return rowwise.sayable(row | said)

    def lost(identifier: str) -> dict[str, Any]:
        said = {"identifier": identifier, "title": rowwise.LOST, "event": rowwise.LOST, "level": None, "level_words": None, "area": {}}
        times = {name: rows[identifier][name] for name in ("sent", "expires", "ends_at")}
        return dict.fromkeys(rows[identifier]) | said | times | {"broken": True}

    listed = {"warnings": found, "drills": drills}
    return {"now": now} | {name: rowwise.each(given, told, "预警", lost, "identifier") for name, given in listed.items()}
