"""The monthly report: its numbers as JSON, the document, the cases behind a number, and freezing it.

Everybody who may open the page may read the numbers, because a report is made to be handed round; the cases behind them
are listed only as far as the reader may see cases at all.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import psycopg
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from brain.flow import people
from brain.flow.people import Person, actor_of
from brain.model import Refused, Role
from brain.report import docx, evidence, places, snapshot
from brain.rules import access
from brain.web.access import address_of, current, database, require
from brain.web.api._answers import Plain

router = APIRouter(prefix="/api/v1/report", tags=["report"], route_class=Plain)
Me = Annotated[Person, Depends(current)]
Issuer = Annotated[Person, Depends(require(Role.CHIEF, Role.LEADER))]
Db = Annotated[psycopg.Connection, Depends(database)]
Period = Annotated[str, Path(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$", description="月份，如 2026-10")]
Version = Annotated[int | None, Query(ge=1, le=10_000)]
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def reader(request: Request, person: Me) -> Person:
    """Lets those pass whose role may open the report."""
    if not access.may_open(person.role, "report", request.app.state.catalog.roles):
        raise Refused("您的角色不能查看月报", "role")
    return person


Reader = Annotated[Person, Depends(reader)]


def found(request: Request, conn: psycopg.Connection, period: str, version: int | None) -> dict[str, Any]:
    """The report of a month; Refused 'unknown' where there is none."""
    try:
        return snapshot.current(conn, request.app.state.catalog, period, datetime.now(UTC), version)
    except (ValueError, LookupError) as err:
        raise Refused(str(err), "unknown") from None


def visible(person: Person, cases: list[dict[str, Any]], roles: Any) -> list[dict[str, Any]]:
    """The cases among these that the person may see as cases (`rules.access`)."""
    scope = access.scope(actor_of(person), roles)
    if scope.everything:
        return cases
    return [
        c
        for c in cases
        if (scope.org is not None and c["org"] == scope.org)
        or any((c["grid"] or c["town"] or "441402").startswith(place) for place in scope.places)
    ]


@router.get("/{period}.docx", response_class=Response, responses={200: {"content": {DOCX: {}}}})
def document(request: Request, period: Period, person: Reader, conn: Db, version: Version = None) -> Response:
    """The report as an editable document (A4). A frozen month gives the frozen report, another one a draft."""
    made = found(request, conn, period, version)
    data = docx.document(made, places.shapes(conn))
    people.audit(
        conn,
        person,
        "report.download",
        datetime.now(UTC),
        object=period,
        ip=address_of(request),
        version=made["version"],
    )
    name = quote(f"{made['title']}-{period}-{docx.standing(made)}.docx")
    return Response(
        data,
        media_type=DOCX,
        headers={"Content-Disposition": f"attachment; filename=\"report-{period}.docx\"; filename*=UTF-8''{name}"},
    )


@router.get("/{period}")
def numbers(request: Request, period: Period, person: Reader, conn: Db, version: Version = None) -> dict[str, Any]:
    """All numbers of a month, each with formula, window, statement and evidence query; cases as far as I may see them."""
    made = found(request, conn, period, version)
    seen = visible(person, made["cases"], request.app.state.catalog.roles)
    return made | {"cases": seen, "cases_hidden": len(made["cases"]) - len(seen)}


@router.get("/{period}/versions")
def versions(period: Period, person: Reader, conn: Db) -> list[dict[str, Any]]:
    """Frozen versions of a month, newest first."""
    return snapshot.versions(conn, period)


@router.get("/{period}/cases")
def cases(
    request: Request,
    period: Period,
    person: Reader,
    conn: Db,
    e: Annotated[str, Query(max_length=40_000)],
    version: Version = None,
) -> dict[str, Any]:
    """The cases behind one number: `e` is the evidence query that stands beside it."""
    made = found(request, conn, period, version)
    picked = evidence.pick(made, e)
    seen = visible(person, picked, request.app.state.catalog.roles)
    return {"title": evidence.title(made, e), "count": len(picked), "hidden": len(picked) - len(seen), "cases": seen}


@router.post("/{period}/freeze", status_code=201)
def freeze(request: Request, period: Period, person: Issuer, conn: Db) -> dict[str, Any]:
    """Issue the month's report, or restate it (更正版) when data came late. 409 when nothing changed or the month runs on."""
    now = datetime.now(UTC)
    return {
        "period": period,
        "version": issue(request.app.state.catalog, conn, person, period, now, address_of(request)),
    }


def issue(catalog: Any, conn: psycopg.Connection, person: Person, period: str, now: datetime, ip: str) -> int:
    """Build, freeze and write it down in the audit trail; one transaction each. Raises Refused."""
    try:
        made = snapshot.build(conn, catalog, period, now)
    except ValueError as err:
        raise Refused(str(err), "unknown") from None
    with conn.transaction():
        version = snapshot.freeze(conn, made, person.name, now)
        people.audit(
            conn, person, "report.freeze", now, object=period, ip=ip, version=version, digest=made["data"]["digest"]
        )
    return version
