"""Events (案卷): lists, one with its history, reporting, and every verb of the lifecycle.

Nothing is decided here: who sees what is `identity.scope`, what may be done is `rules.lifecycle`, doing it is `flow.events`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import psycopg
from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from brain import rowwise
from brain.catalog import Catalog
from brain.flow.city import locating
from brain.flow.events import acting, duplicates
from brain.identity.doing import Doer, act_audited
from brain.identity.people import Person, actor_of
from brain.identity.scope import Sight
from brain.model import Event, Level, LogEntry, Refused, Role, Source, State, Verb
from brain.rules import forms
from brain.store import db
from brain.web.api import _event_json, _fields, _words
from brain.web.api._answers import Plain
from brain.web.api._fields import CRS, Lat, Lng, text
from brain.web.api._keys import once
from brain.web.door.access import current, database, doer, require

router = APIRouter(prefix="/api/v1", tags=["events"], route_class=Plain)
Me = Annotated[Person, Depends(current)]
By = Annotated[Doer, Depends(doer)]
Db = Annotated[psycopg.Connection, Depends(database)]
Key = Annotated[UUID | None, Header(alias="Idempotency-Key")]
EventId = Annotated[str, Field(pattern=r"^\d{19}$")]
Photos = Annotated[list[UUID], Field(max_length=20)]

LATELY = timedelta(days=30)
COMMON = 8
SEATS = (Role.OPERATOR, Role.ACCEPTOR, Role.DISPATCHER, Role.CHIEF, Role.LEADER)
SOURCES: dict[Role, tuple[Source, ...]] = {
    Role.WORKER: (Source.GRID, Source.PATROL),
    Role.DEPARTMENT: (Source.DEPARTMENT, Source.PATROL),
    Role.PUBLIC: (Source.PUBLIC,),
    **dict.fromkeys(SEATS, (Source.HOTLINE, Source.PUBLIC, Source.CAMERA, Source.GRID, Source.DEPARTMENT, Source.PATROL)),
}
"""Whom a person may report for; the first is taken when he does not say. Nobody may speak for a sensor."""


Reporter = Annotated[Person, Depends(require(*SOURCES))]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


# Reading ------------------------------------------------------------------------------------------------------------
class Filters(Body):
    """Query of a list. `before` pages: events with smaller numbers (older ones) follow."""

    state: list[State] | None = None
    category: text(20) | None = None  # type: ignore[valid-type]
    source: Source | None = None
    level: Literal["red", "orange", "yellow", "blue"] | None = None
    org: text(40) | None = None  # type: ignore[valid-type]
    place: Annotated[str, Field(pattern=r"^\d{6,15}$")] | None = None
    mine: Literal["reported", "handled"] | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    overdue: bool = False
    q: text(60) | None = None  # type: ignore[valid-type]
    before: EventId | None = None
    size: int = Field(default=50, ge=1, le=200)


@router.get("/events")
def many(filters: Annotated[Filters, Query()], request: Request, person: Me, conn: Db) -> dict[str, Any]:
    """Events that I may see, newest first. `next` is the `before` of the next page, null on the last one."""
    catalog, now = request.app.state.catalog, datetime.now(UTC)
    words = filters.q and "%" + filters.q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    sight = Sight.of(person, catalog.roles)
    rows = [] if sight.nothing else db.many(  # whom no case can concern need not have all of them looked through
        conn, "api_events", **sight.parameters(),
        before=filters.before, state=[str(s) for s in filters.state] if filters.state else None,
        category=filters.category, source=filters.source, level=Level.of(filters.level) if filters.level else None,
        of_org=filters.org, place=filters.place, reported_by=person.id if filters.mine == "reported" else None,
        handled_by=person.id if filters.mine == "handled" else None, since=filters.since, until=filters.until,
        late=now if filters.overdue else None, words=words or None, size=filters.size,
    )  # fmt: skip
    said = _event_json.events(rows, catalog, now)
    return {"now": now, "events": said, "next": rows[-1]["id"] if len(rows) == filters.size else None}


@router.get("/events/near")
def near(
    request: Request,
    person: Reporter,
    conn: Db,
    category: text(20),  # type: ignore[valid-type]
    lng: Lng,
    lat: Lat,
    crs: CRS = "wgs84",
) -> dict[str, Any]:
    """Open events of the category close by and reported lately: perhaps the same trouble. Distances in metres.

    Of those that I may see: title, place and state, enough to recognise the trouble. Of others' only how many lie within so
    many metres (`foreign`): that somebody has reported the like there.
    """
    catalog, now = request.app.state.catalog, datetime.now(UTC)
    x, y = _fields.stored(lng, lat, crs)
    found = duplicates.near_for(conn, catalog, Sight.of(person, catalog.roles), category, x, y, now)

    def told(r: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": r["id"], "title": r["title"], "address": r["address"], "state_words": catalog.words.of("state", r["state"]),
            "reported_words": _words.moment(r["reported_at"], now), "metres": round(r["distance_m"]),
        }  # fmt: skip

    return {
        "foreign": {"count": found.foreign, "within_m": round(found.metres)},
        "events": rowwise.each(found.seen, told, "附近案卷", lambda _: None),
    }


def visible(conn: psycopg.Connection, catalog: Catalog, person: Person, event_id: str) -> tuple[dict[str, Any], Event]:
    """(row of api_event, Event) of an event that the person may read. Raises Refused('unknown') for every other, whether
    it exists or not: numbers run on, and must not be a way to count others' events."""
    row = db.one(conn, "api_event", id=event_id)
    if row is not None and Sight.of(person, catalog.roles).sees_event(row, row["seen_by"]["joined"]):
        return row, acting.event_of(row)
    raise Refused(f"没有案卷 {event_id}，或不在您的管辖范围内", "unknown")


def _said(conn: psycopg.Connection, catalog: Catalog, person: Person, event_id: str, now: datetime) -> dict[str, Any]:
    row, event = visible(conn, catalog, person, event_id)
    return _event_json.event(row, catalog, now, acting.allowed(conn, catalog, event, actor_of(person), now))


@router.get("/events/{event_id}")
def one(event_id: EventId, request: Request, person: Me, conn: Db) -> dict[str, Any]:
    """One event with its photos, what I may do, and its history, oldest line first."""
    catalog, now = request.app.state.catalog, datetime.now(UTC)
    said = _said(conn, catalog, person, event_id, now)
    log = acting.log_of(conn, event_id)
    codes = [line.org for line in log if line.org]
    names = {r["code"]: r["short"] for r in db.many(conn, "api_org_names", codes=codes)}

    def told(line: LogEntry) -> dict[str, Any]:
        return {
            "seq": line.seq, "at": line.at, "verb": line.verb, "verb_words": catalog.words.of("verb", line.verb),
            "state": line.to_state, "state_words": catalog.words.of("state", line.to_state), "actor": line.actor_name,
            "role_words": catalog.words.of("role", line.role), "org": names.get(line.org), "reason": line.reason,
            "note": line.note, "distance_m": line.detail.get("distance_m"),
        }  # fmt: skip

    said["log"] = rowwise.each(log, told, f"案卷 {event_id} 的流水", lambda _: None)
    said["parts"] = [
        {"org": p["org"], "org_words": p["org_name"], "note": p["note"], "due_at": p["due_at"], "answered_at": p["answered_at"],
         "answer": p["answer"]}
        for p in acting.parts_of(conn, event_id)
    ]  # fmt: skip
    return said


@router.get("/categories")
def categories(request: Request, person: Me, conn: Db, q: text(30) = "") -> dict[str, Any]:  # type: ignore[valid-type]
    """The dictionary for picking, what is reported most first, then the district's own entries; `q` keeps those whose
    name, group or code holds every word of it."""
    catalog, now = request.app.state.catalog, datetime.now(UTC)
    lately = [r["category"] for r in db.many(conn, "api_common_categories", since=now - LATELY, limit=COMMON)]
    ours = [c.key for c in catalog.categories.values() if c.local]
    common = list(dict.fromkeys([key for key in lately if key in catalog.categories] + ours))[:COMMON]
    rank = {key: n for n, key in enumerate(common)}
    wanted = q.lower().split()
    rows = [c for c in catalog.categories.values() if all(w in f"{c.name}{c.group}{c.key}".lower() for w in wanted)]
    rows.sort(key=lambda c: rank.get(c.key, len(rank)))
    return {
        "categories": [
            {
                "key": c.key,
                "name": c.name,
                "group": c.group,
                "limit": catalog.words.clock(c.limit),
                "common": c.key in rank,
            }
            for c in rows
        ]
    }


# Reporting ----------------------------------------------------------------------------------------------------------
class SelfHandled(Body):
    """自行处置: found, mended and closed in one visit."""

    photos: Photos = Field(min_length=1)
    condition: text(60, 1)  # type: ignore[valid-type]
    note: text(500) | None = None  # type: ignore[valid-type]


class Report(Body):
    """A new event. `crs` says in which system `lng` and `lat` are; `client_key` makes sending twice harmless."""

    category: text(20, 1)  # type: ignore[valid-type]
    lng: Lng
    lat: Lat
    crs: CRS = "wgs84"
    title: text(200) = ""  # type: ignore[valid-type]
    description: text(2000) = ""  # type: ignore[valid-type]
    address: text(200) = ""  # type: ignore[valid-type]
    source: Source | None = None
    photos: Photos = []
    client_key: UUID | None = None
    self_handled: SelfHandled | None = None


@router.post("/events", status_code=201, name="event_report")
def report(body: Report, request: Request, person: Me, by: By, conn: Db, key: Key = None) -> dict[str, Any]:
    """Report something. The answer carries the event and, under a key, its receipt."""
    catalog, now, key = request.app.state.catalog, datetime.now(UTC), key or body.client_key

    def do() -> dict[str, Any]:
        event = _reported(conn, catalog, person, body, key, now)
        return _plain({"event": _said(conn, catalog, person, event.id, now)})

    return act_audited(
        conn, by, "event_report", "", now, do, kept=lambda answer: {"object": f"event:{answer['event']['id']}"},
        once=once(conn, key, person, f"report {body.model_dump_json()}", now),
    )  # fmt: skip


def _reported(
    conn: psycopg.Connection, catalog: Catalog, person: Person, body: Report, key: UUID | None, now: datetime
) -> Event:
    """Raises Refused: 'role', 'place', 'outside', and those of `acting.report`."""
    may = SOURCES.get(person.role)
    if may is None:
        raise Refused("您的角色不能使用这项功能", "role")
    source = body.source or may[0]
    if source not in may:
        names = "、".join(catalog.words.of("source", s) for s in may)
        raise Refused(f"您的角色不能以“{catalog.words.of('source', source)}”上报，可用：{names}", "place")
    lng, lat = _fields.stored(body.lng, body.lat, body.crs)
    if person.role not in SEATS and locating.spot(conn, lng, lat).cell is None:
        raise Refused("这个点不在本区任何网格内，请在地图上改到现场，或请值班席代报", "outside")
    category = catalog.categories.get(body.category)
    what = {
        "category": body.category, "title": body.title or (category.name if category else body.category), "lng": lng,
        "lat": lat, "actor": actor_of(person), "now": now, "description": body.description, "address": body.address,
        "client_key": key,
    }  # fmt: skip
    if mended := body.self_handled:
        return acting.self_handle(
            conn, catalog, before=body.photos, photos=mended.photos, condition=mended.condition, note=mended.note, **what
        )
    return acting.report(conn, catalog, source=source, photos=body.photos, **what)


# Acting -------------------------------------------------------------------------------------------------------------
class Ratings(Body):
    """评价: 0/1, 0/1, 1–5."""

    response: int = Field(ge=0, le=1)
    solved: int = Field(ge=0, le=1)
    satisfied: int = Field(ge=1, le=5)


class Act(Body):
    """What comes with a verb; which of it is needed is said by the lifecycle's own table. `lng`, `lat`: where I stand."""

    reason: text(500) | None = None  # type: ignore[valid-type]
    note: text(2000) | None = None  # type: ignore[valid-type]
    org: text(40) | None = None  # type: ignore[valid-type]
    handler_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    condition: text(60) | None = None  # type: ignore[valid-type]
    case: text(120) | None = None  # type: ignore[valid-type]
    photos: Photos = []
    lng: Lng | None = None
    lat: Lat | None = None
    crs: CRS = "wgs84"
    passed: bool | None = None
    ratings: Ratings | None = None
    until: AwareDatetime | None = None
    expect_version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


def _given(verb: Verb | str, body: Act, now: datetime, catalog: Catalog) -> forms.Given:
    """The one value of what was sent. Raises Refused('form')."""
    raw = body.model_dump(exclude={"crs", "expect_version"})
    if body.lng is None or body.lat is None:
        raw |= {"lng": None, "lat": None}
    else:
        raw["lng"], raw["lat"] = _fields.stored(body.lng, body.lat, body.crs)
    return forms.given(verb, raw, now, catalog)


@router.post("/events/{event_id}/part", name="event_part")
def answer_part(
    event_id: EventId, body: Act, request: Request, person: Me, by: By, conn: Db, key: Key = None
) -> dict[str, Any]:
    """My organisation has done its part of a joint event (联动)."""
    catalog, now = request.app.state.catalog, datetime.now(UTC)

    def do() -> dict[str, Any]:
        given = _given(forms.PART, body, now, catalog)
        acting.answer_part(conn, catalog, event_id, actor_of(person), now, given)
        return _plain({"event": _said(conn, catalog, person, event_id, now)})

    again = once(conn, key, person, f"part {event_id} {body.model_dump_json()}", now)
    return act_audited(conn, by, "event_part", f"event:{event_id}", now, do, once=again)


@router.post("/events/{event_id}/{verb}", name="event_verb")
def act(
    event_id: EventId, verb: Verb, body: Act, request: Request, person: Me, by: By, conn: Db, key: Key = None
) -> dict[str, Any]:
    """Do a verb of the lifecycle. 409 with a Chinese sentence when the rules say no; then nothing was written."""
    catalog, now = request.app.state.catalog, datetime.now(UTC)

    def do() -> dict[str, Any]:
        if verb == Verb.REPORT:
            raise Refused("上报请用 POST /api/v1/events", "no_such_move")
        given = _given(verb, body, now, catalog)
        acting.act(conn, catalog, event_id, verb, actor_of(person), now, given, expect_version=body.expect_version)
        return _plain(_after(conn, catalog, person, event_id, now))

    again = once(conn, key, person, f"{verb} {event_id} {body.model_dump_json()}", now)
    return act_audited(conn, by, f"event_{verb}", f"event:{event_id}", now, do, once=again)


def _after(conn: psycopg.Connection, catalog: Catalog, person: Person, event_id: str, now: datetime) -> dict[str, Any]:
    """The event after a verb; None where the verb took it out of the actor's sight (a department that returned it)."""
    try:
        return {"event": _said(conn, catalog, person, event_id, now)}
    except Refused:
        return {"event": None}


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    """The answer as it is kept: times as text, so that a replay is the same to the byte."""
    return json.loads(json.dumps(said, default=lambda v: v.isoformat() if isinstance(v, datetime) else str(v)))
