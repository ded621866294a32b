"""The monthly report: its numbers as JSON, the document, the cases behind a number, and freezing it.

Everybody who may open the page may read the numbers of an issued report, because it is made to be handed round; drafts are
for its makers and leaders, and the cases behind the numbers are listed only as far as the reader sees cases at all.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import psycopg
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime

from brain.catalog import Catalog
from brain.identity import scope as access
from brain.identity.doing import Doer, act_audited, refusals_audited
from brain.identity.people import Person
from brain.identity.scope import Sight
from brain.model import Refused, Role
from brain.report import docx, drill_down, places, readers, snapshot, text
from brain.web.api._answers import Plain
from brain.web.door.access import current, database, doer

router = APIRouter(prefix="/api/v1/report", tags=["report"], route_class=Plain)
Me = Annotated[Person, Depends(current)]
By = Annotated[Doer, Depends(doer)]
ISSUERS = frozenset({Role.CHIEF, Role.LEADER})
Db = Annotated[psycopg.Connection, Depends(database)]
Period = Annotated[str, Path(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$", description="月份，如 2026-10")]
Version = Annotated[int | None, Query(ge=1, le=10_000)]
NO_NUMBER = "这期月报里没有这样一个数字；请从月报上的数字点开"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def reader(request: Request, person: Me) -> Person:
    """Lets those pass whose role may open the report."""
    if not access.may_open(person.role, "report", request.app.state.catalog.roles):
        raise Refused("您的角色不能查看月报", "role")
    return person


Reader = Annotated[Person, Depends(reader)]


def sight_of(request: Request, person: Person) -> Sight:
    return Sight.of(person, request.app.state.catalog.roles)


def found(
    request: Request, conn: psycopg.Connection, person: Person, period: str, version: int | None, cut: datetime | None = None
) -> dict[str, Any]:
    """The report of a month as far as this person may read one: what is issued, or its draft as cut at `cut`. Refused
    'unknown' where there is none."""
    catalog, now = request.app.state.catalog, datetime.now(UTC)
    drafts = access.reads_drafts(person.role, catalog.roles)
    try:
        if cut is not None and version is None and drafts:
            return snapshot.build(conn, catalog, period, min(cut, now))
        return snapshot.current(conn, catalog, period, now, version, drafts=drafts)
    except (ValueError, LookupError) as err:
        raise Refused(str(err), "unknown") from None


@router.get("/{period}.docx", name="report.download", response_class=Response, responses={200: {"content": {DOCX: {}}}})
def document(request: Request, period: Period, person: Reader, by: By, conn: Db, version: Version = None) -> Response:
    """The report as an editable document (A4). A frozen month gives the frozen report, another one a draft."""
    made = readers.for_sight(conn, found(request, conn, person, period, version), sight_of(request, person))
    now, outlines = datetime.now(UTC), places.outlines(conn)
    data = act_audited(
        conn, by, "report.download", period, now, lambda: docx.document(made, outlines), version=made["version"]
    )
    name = quote(f"{made['title']}-{period}-{docx.standing(made)}.docx")
    return Response(
        data,
        media_type=DOCX,
        headers={"Content-Disposition": f"attachment; filename=\"report-{period}.docx\"; filename*=UTF-8''{name}"},
    )


@router.get("/{period}", name="report.read")
def numbers(request: Request, period: Period, person: Reader, conn: Db, version: Version = None) -> dict[str, Any]:
    """All numbers of a month, each with formula, window, statement and evidence query; cases as far as I may see them."""
    made = found(request, conn, person, period, version)
    kept = readers.for_sight(conn, made, sight_of(request, person))
    return kept | {"cases_hidden": len(made["cases"]) - len(kept["cases"])}


@router.get("/{period}/versions", name="report.versions")
def versions(period: Period, person: Reader, conn: Db) -> list[dict[str, Any]]:
    """Frozen versions of a month, newest first."""
    return snapshot.versions(conn, period)


@router.get("/{period}/cases", name="report.cases")
def cases(
    request: Request,
    period: Period,
    person: Reader,
    conn: Db,
    e: Annotated[str, Query(max_length=40_000)],
    version: Version = None,
    cut: AwareDatetime | None = None,
) -> dict[str, Any]:
    """The cases behind one number: `e` is the evidence query that stands beside it, `cut` the data cut of the draft it
    stands on (default: now). `words` are the same cases as a person reads them, in order. Who reads no drafts gets an answer to
    the queries that stand in his report, and to no other."""
    made = found(request, conn, person, period, version, cut)
    mine = readers.seen(conn, made, sight_of(request, person))
    drafts = access.reads_drafts(person.role, request.app.state.catalog.roles)
    if not drafts and not readers.stands(readers.kept_to(made, mine), e):
        raise Refused(NO_NUMBER, "unknown")
    picked = drill_down.pick(made, e)
    seen = [c for c in picked if c["id"] in mine]
    if drill_down.by_number(e):  # else somebody could ask number by number which cases there are
        picked = seen
    says = f"{text.count(len(picked))} 件"
    if "flag=reworked" in e:
        says += f"，返工 {text.count(drill_down.count(made, e))} 次"
    if len(seen) < len(picked):
        says += f"，其中您可见 {text.count(len(seen))} 件"
    return {
        "title": drill_down.title(made, e),
        "says": says,
        "note": f"{made['label']}月报 · 数据截至 {made['cut_text']} · 数据版本 {made['data']['short']}",
        "count": len(picked),
        "hidden": len(picked) - len(seen),
        "cases": seen,
        "words": [_words(made, c) for c in seen],
    }


def _words(made: dict[str, Any], c: dict[str, Any]) -> dict[str, Any]:
    names = made["names"]
    times = {
        k: text.stamp(datetime.fromisoformat(c[k])) if c[k] else text.DASH
        for k in ("reported_at", "due_at", "answered_at")
    }
    who = f"{names['town'].get(c['town'] or '', text.DASH)} · {names['org'].get(c['org'] or '', text.DASH)}"
    late = "late" in c["flags"] or "backlog" in c["flags"]
    state = names["state"].get(c["state"], c["state"])
    return times | {
        "id": c["id"],
        "title": c["title"],
        "who": who,
        "state": state,
        "late": late,
        "simulated": c["simulated"],
    }


@router.post("/{period}/freeze", status_code=201, name="report.freeze")
def freeze(request: Request, period: Period, by: By, conn: Db) -> dict[str, Any]:
    """Issue the month's report, or restate it (更正版) when data came late. 409 when nothing changed or the month runs on."""
    return {"period": period, "version": issue(request.app.state.catalog, conn, by, period, datetime.now(UTC))}


def issue(catalog: Catalog, conn: psycopg.Connection, by: Doer, period: str, now: datetime) -> int:
    """Build and freeze; its version. Raises Refused: 'role', 'unknown', and those of `snapshot.freeze`."""
    with refusals_audited(conn, by, "report.freeze", period, now):  # what is counted is counted in a transaction of its own
        if not isinstance(by.who, Person) or by.who.role not in ISSUERS:
            raise Refused("您的角色不能定稿月报", "role")
        try:
            made = snapshot.build(conn, catalog, period, now)
        except ValueError as err:
            raise Refused(str(err), "unknown") from None
    return act_audited(
        conn, by, "report.freeze", period, now, lambda: snapshot.freeze(conn, made, by.name, now),
        kept=lambda version: {"version": version, "digest": made["data"]["digest"]},
    )  # fmt: skip
