"""The audit trail as a table to carry away; taking it is an act that stands in the trail itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from brain.identity import audit, trail
from brain.identity.people import Person
from brain.web.api._answers import Plain
from brain.web.door.access import address_of, current, database
from brain.web.parts import bits

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], route_class=Plain)
Text = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")]
Moment = Annotated[AwareDatetime | None, Query()]


@router.get("/export.csv", name="audit.export", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def export(
    request: Request,
    person: Annotated[Person, Depends(current)],
    conn: Annotated[psycopg.Connection, Depends(database)],
    who: Text = "",
    action: Text = "",
    actions: Annotated[list[Text], Query(max_length=100)] = [],  # noqa: B006
    object: Text = "",
    ip: Text = "",
    refused: bool = False,
    since: Moment = None,
    until: Moment = None,
) -> Response:
    """The lines asked for as CSV, the newest first, at most 100,000. `action` is the beginning of a code, `actions` (one or
    more) are whole codes. Written down before a byte leaves the house."""
    trail.reader(person, request.app.state.catalog.roles)
    asked, now = trail.Asked(who, action, tuple(actions), object, ip, refused, since, until), datetime.now(UTC)
    with conn.transaction():
        lines = trail.found(conn, asked, trail.MOST)
        said: dict[str, object] = {key: value for key, value in request.query_params.items() if value}
        if actions:
            said["actions"] = actions
        audit.audit(conn, person, "audit.export", now, object="audit", ip=address_of(request), lines=len(lines), asked=said)
    hours = (bits.local(now).replace(tzinfo=UTC) - now).total_seconds() / 3600
    return Response(
        trail.as_csv(lines, hours, request.app.state.catalog.words), media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="audit-{now:%Y%m%d-%H%M%S}.csv"', "Cache-Control": "no-store"},
    )  # fmt: skip
