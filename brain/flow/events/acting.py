"""Events (案卷): work that people owe. `report` opens one, `act` does every verb, each in one transaction.

A verb locks the row, asks `rules.lifecycle`, writes the row by a statement that names the states the verb may leave,
adds one line to the hash-chained log, tells whom it concerns, and notifies the screens. What it changes besides state
and clocks is in `effects.py`, the clocks are in `clocks.py`, who is told in `telling.py`, who gets it in
`routing.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from brain.catalog import Catalog
from brain.flow.city import locating
from brain.flow.events import clocks, effects, photos, routing, signals, telling
from brain.flow.events.duplicates import near_duplicates
from brain.flow.events.history import event_of, line, locked, log_of, verify_log, write
from brain.identity.scope import Sight
from brain.model import ENGINE, Actor, Event, Level, Refused, Role, Source, State, Verb
from brain.rules import lifecycle
from brain.rules.forms import phase_of
from brain.rules.given import NOTHING, Given
from brain.rules.lifecycle import Facts
from brain.rules.strangers import plain_text
from brain.store import db
from geo.measure import quick_m

__all__ = [
    "act", "allowed", "answer_part", "event_of", "get", "log_of", "near_duplicates", "parts_of", "report",
    "self_handle", "verify_log",
]  # fmt: skip

BY_RULE = (Source.SENSOR, Source.CAMERA)  # sources whose events the rules themselves accept and dispatch


# Opening ------------------------------------------------------------------------------------------------------------
def report(
    conn: psycopg.Connection,
    catalog: Catalog,
    *,
    category: str,
    title: str,
    lng: float,
    lat: float,
    source: Source | str,
    actor: Actor,
    now: datetime,
    level: Level | None = None,
    description: str = "",
    address: str = "",
    alert_id: int | None = None,
    station: str | None = None,
    org: str | None = None,
    photos: Sequence[UUID | str] = (),
    client_key: UUID | str | None = None,
    simulated: bool = False,
) -> Event:
    """A new event at a place (EPSG:4490 degrees). `org` is the organisation that reports (default: the actor's).

    Idempotent by `client_key`: the same key again gives the event it made, whatever else is sent. An event of a
    sensor or camera reported by the rule engine is accepted at once, and goes on by rule as far as the rules' table
    lets it.

    Raises Refused: 'category', 'title', 'place', 'role', 'photo', 'conflict' (the key is another person's).
    """
    title, address = (plain_text(said, lines=False) for said in (title, address))
    description = plain_text(description)
    _check_report(catalog, category, title, lng, lat)
    lifecycle.check(None, Verb.REPORT, actor, Given(photos=tuple(photos)), Facts(now, catalog.practice))
    with conn.transaction():
        if client_key is not None:
            db.run(conn, "event_key_lock", client_key=client_key)
            if known := db.one(conn, "event_by_client_key", client_key=client_key):
                if known["reporter_id"] != actor.id:
                    raise Refused("这个上报编号已被别人使用，请重新生成后再报", "conflict")
                return event_of(known)
        spot = locating.spot(conn, lng, lat)
        day = now.astimezone(clocks.zone(catalog)).date()
        serial = db.row(conn, "event_next_number", day=day)["last"]
        row = db.row(
            conn, "event_insert", id=f"{catalog.city.district}{day:%Y%m%d}{serial:05d}", category=category, title=title,
            description=description, source=str(Source(source)), level=level, address=address, lng=lng, lat=lat,
            town=spot.town, village=spot.village, grid=spot.grid, cell=spot.cell, alert_id=alert_id, station=station,
            reporter_id=actor.id, reporter_org=org or actor.org, ladder=Jsonb(clocks.fresh_ladder(catalog, level)),
            stage_due_at=clocks.stage_due(catalog, "accept", now), now=now, simulated=simulated, client_key=client_key,
        )  # fmt: skip
        event = event_of(row)
        detail = _with_photos(conn, event, Verb.REPORT, actor, photos)
        if alert_id is not None:
            detail["alert"] = alert_id
            signals.belongs(conn, alert_id, event.id, actor, now, f"上报事件 {event.id}")
        line(conn, event, Verb.REPORT, actor, now, None, detail=detail)
        if actor.role is Role.RULE:
            event = _by_rule(conn, catalog, event, now)
        if event.state is State.REPORTED:
            telling.inform_concerned(conn, catalog, event, Verb.REPORT, actor, now)
    return event


def _check_report(catalog: Catalog, category: str, title: str, lng: float, lat: float) -> None:
    if category not in catalog.categories:
        raise Refused(f"没有类别“{category}”，请从类别表中选择", "category")
    if not title.strip() or len(title) > 200:
        raise Refused("标题不能为空，最长 200 字", "title")
    if not (math.isfinite(lng) and math.isfinite(lat) and -180 <= lng <= 180 and -90 <= lat <= 90):
        raise Refused(f"位置 {lng}, {lat} 不是经纬度，请在地图上重新选点", "place")


def _by_rule(conn: psycopg.Connection, catalog: Catalog, event: Event, now: datetime) -> Event:
    """Take a sensor's event along as far as rules may: accept, register (where the table gives that to rules), and
    dispatch where category and place name exactly one owner. Whatever is left waits for a person.

    Why only sensors' events: what a person reports may be wrong about category or place, and a dispatcher sees that; a
    station's place and category are known beforehand. A returned event is a person's in any case.
    """
    if event.source not in BY_RULE:
        return event
    if event.state is State.REPORTED:
        event = act(conn, catalog, event.id, Verb.ACCEPT, ENGINE, now)
    spot = locating.Spot(event.cell, event.grid, event.village, event.town)
    route = routing.owner(conn, catalog, event.category, spot)
    if not route.sure or event.returns:
        return event
    register = lifecycle.MOVES[State.ACCEPTED, Verb.REGISTER]
    if event.state is State.ACCEPTED and Role.RULE in register.by:
        words = catalog.register_conditions
        condition = next((w for w in words if "感知" in w), words[0])
        return act(conn, catalog, event.id, Verb.REGISTER, ENGINE, now, Given(condition=condition))
    if event.state is State.REGISTERED:
        event = act(conn, catalog, event.id, Verb.DISPATCH, ENGINE, now, Given(org=route.org))
    return event


def self_handle(
    conn: psycopg.Connection,
    catalog: Catalog,
    *,
    category: str,
    title: str,
    lng: float,
    lat: float,
    actor: Actor,
    now: datetime,
    condition: str,
    photos: Sequence[UUID | str],
    before: Sequence[UUID | str] = (),
    description: str = "",
    address: str = "",
    note: str | None = None,
    client_key: UUID | str | None = None,
) -> Event:
    """自行处置: a 网格员 finds, mends and closes in one visit; counted apart. `before` are photos of the finding,
    `photos` of the result, `condition` one of the 结案条件. Idempotent like `report`. Raises Refused like `report`
    and `act`."""
    with conn.transaction():
        event = report(
            conn, catalog, category=category, title=title, lng=lng, lat=lat, source=Source.GRID, actor=actor, now=now,
            description=description, address=address, photos=before, client_key=client_key,
        )  # fmt: skip
        if event.state is not State.REPORTED:
            return event
        mended = Given(note=note, photos=tuple(photos), lng=lng, lat=lat)
        act(conn, catalog, event.id, Verb.SELF_HANDLE, actor, now, mended)
        return act(conn, catalog, event.id, Verb.CLOSE, actor, now, Given(condition=condition))


# Acting -------------------------------------------------------------------------------------------------------------
def act(
    conn: psycopg.Connection,
    catalog: Catalog,
    event_id: str,
    verb: Verb | str,
    actor: Actor,
    now: datetime,
    given: Given = NOTHING,
    *,
    expect_version: int | None = None,
) -> Event:
    """One verb by one actor, in one transaction; returns the event after it.

    `given` is what he hands in, `expect_version` what he saw when he decided. A time before the newest log line counts as
    that line's: the history never runs backwards.

    Raises Refused: 'unknown' (no such event, or not his to see), 'conflict' (somebody changed it since), and every code
    of the rules (`no_such_move`, `role`, `reason_missing`, `sensor_firing`, …); then nothing was written.
    """
    verb = Verb(verb)
    given = replace(
        given, reason=given.reason and plain_text(given.reason), note=given.note and plain_text(given.note)
    )
    with conn.transaction():
        row = locked(conn, event_id)
        event = event_of(row) if row else None
        if row is None or event is None or not _may_see(conn, catalog, event, actor):
            raise Refused(f"没有案卷 {event_id}，或不在您的管辖范围内", "unknown")
        if expect_version is not None and expect_version != event.version:
            _check_unchanged(conn, catalog, event, expect_version)
        now = max(now, row["last_at"] or now)
        facts, open_parts = _facts(conn, catalog, event, verb, actor, now, given)
        move = _move(conn, catalog, event, verb, actor, given, facts)
        if verb == Verb.ANSWER and open_parts and not (given.reason or "").strip():
            raise Refused(f"还有 {open_parts} 个联动单位没有反馈，请等其完成，或说明先行反馈的原因", "parts_open")
        doing = effects.Doing(conn, catalog, event, verb, actor, now, move, given)
        change = effects.changes(doing)
        detail = doing.detail | _with_photos(conn, event, verb, actor, given.photos)
        if facts.distance_m is not None:
            detail["distance_m"] = round(facts.distance_m, 1)
        after = write(conn, event, verb, actor, now, change, reason=given.reason, note=given.note, detail=detail)
        if verb == Verb.REGISTER:
            after = _by_rule(conn, catalog, after, now)
        if after.state is move.to:  # what a rule has carried on by itself asks nobody to do it
            telling.inform_concerned(
                conn, catalog, after, verb, actor, now, reason=given.reason, note=given.note, joined=given.org
            )
    return after


def _may_see(conn: psycopg.Connection, catalog: Catalog, event: Event, actor: Actor) -> bool:
    """By role, places and organisation; an organisation that joined an event sees it, too."""
    sight = Sight.of(actor, catalog.roles)
    if sight.sees_event(event):
        return True
    return sight.org is not None and sight.sees_event(event, [p["org"] for p in parts_of(conn, event.id)])


def _facts(
    conn: psycopg.Connection,
    catalog: Catalog,
    event: Event,
    verb: Verb | None,
    actor: Actor,
    now: datetime,
    given: Given = NOTHING,
) -> tuple[Facts, int]:
    row = db.row(conn, "event_facts", id=event.id)
    orgs: frozenset[str] = frozenset()
    if verb in (Verb.DISPATCH, Verb.ARBITRATE, Verb.JOIN):
        orgs = frozenset(r["code"] for r in db.many(conn, "org_codes"))
    facts = Facts(
        now=now,
        practice=catalog.practice,
        sensor_firing=row["firing"] > 0,
        is_last_handler=actor.id is not None and row["last_handler"] == actor.id,
        is_reporter=actor.id is not None and event.reporter_id == actor.id,
        extension_asked_at=row["extension_asked_at"],
        suspensions=row["suspensions"],
        known_orgs=orgs,
        distance_m=_distance_m(event, given.lng, given.lat),
    )
    return facts, row["open_parts"]


def _with_photos(
    conn: psycopg.Connection, event: Event, verb: Verb, actor: Actor, given: Sequence[UUID | str]
) -> dict[str, Any]:
    if not given:
        return {}
    reused = photos.bind(conn, event.id, given, phase_of(verb), actor.id)
    return {"photos": [str(p) for p in given]} | ({"photo_reused": reused} if reused else {})


def _distance_m(event: Event, lng: float | None, lat: float | None) -> float | None:
    if lng is None or lat is None or not (math.isfinite(lng) and math.isfinite(lat)):
        return None
    return float(quick_m(event.lng, event.lat, lng, lat))


def _move(
    conn: psycopg.Connection, catalog: Catalog, event: Event, verb: Verb, actor: Actor, given: Given, facts: Facts
) -> lifecycle.Move:
    """The move of the rules; where the state knows no such verb, who brought the event there is said, too."""
    try:
        return lifecycle.check(event, verb, actor, given, facts)
    except Refused as err:
        if err.code != "no_such_move":
            raise
        row = db.one(conn, "event_changed_since", id=event.id, seen=0)
        says = catalog.words.of
        by = f"（{_who_did(catalog, row)}）" if row else ""
        raise Refused(
            f"案卷现在是“{says('state', event.state)}”{by}，不能再做“{says('verb', verb)}”；要说明的请补记备注", "no_such_move"
        ) from None


def _who_did(catalog: Catalog, row: Mapping[str, Any]) -> str:
    when = row["at"].astimezone(clocks.zone(catalog))
    return f"{row['actor_name']} {when:%m月%d日 %H:%M} {catalog.words.of('verb', row['verb'])}"


def _check_unchanged(conn: psycopg.Connection, catalog: Catalog, event: Event, seen: int) -> None:
    """Raise Refused('conflict') if a person did something, or the state moved, after what the actor saw. A reminder or
    a sensor's note in between does not make his decision stale. (An event's version is the number of its lines.)"""
    row = db.one(conn, "event_changed_since", id=event.id, seen=seen)
    if row:
        raise Refused(f"您看过之后，案卷又有新的办理（{_who_did(catalog, row)}）；请看过新的情况再决定", "conflict")
    if seen > event.version:
        raise Refused("案卷版本不对；请重新打开案卷，看过现在的情况再办", "conflict")


def answer_part(
    conn: psycopg.Connection,
    catalog: Catalog,
    event_id: str,
    actor: Actor,
    now: datetime,
    given: Given,
) -> Event:
    """A joined organisation has done its part (联动). Raises Refused: 'unknown' (no such event, or not his to see), 'role',
    'no_part', 'note_missing'."""
    note = plain_text(given.note or "").strip()
    with conn.transaction():
        row = locked(conn, event_id)
        event = event_of(row) if row else None
        if row is None or event is None or not _may_see(conn, catalog, event, actor):
            raise Refused(f"没有案卷 {event_id}，或不在您的管辖范围内", "unknown")
        if actor.role not in lifecycle.MARKS[Verb.NOTE].move.by:  # his answer is a note in the log
            raise Refused("您的角色不能做这个操作", "role")
        if not note:
            raise Refused("请填写本单位的处置情况", "note_missing")
        now = max(now, row["last_at"] or now)
        if db.one(conn, "part_answered", event_id=event_id, org=actor.org, now=now, by=actor.id, answer=note) is None:
            raise Refused("本单位在该案卷没有待办的联动任务", "no_part")
        detail = {"part": actor.org} | _with_photos(conn, event, Verb.NOTE, actor, given.photos)
        return write(conn, event, Verb.NOTE, actor, now, {}, note=note, detail=detail)


# Looking ------------------------------------------------------------------------------------------------------------
def get(conn: psycopg.Connection, event_id: str) -> Event | None:
    row = db.one(conn, "event_by_id", id=event_id)
    return event_of(row) if row else None


def allowed(
    conn: psycopg.Connection, catalog: Catalog, event: Event, actor: Actor, now: datetime | None = None
) -> list[Verb]:
    """Verbs the actor may try on the event now: what the buttons show. Empty where he may not see it."""
    if not _may_see(conn, catalog, event, actor):
        return []
    facts, _ = _facts(conn, catalog, event, None, actor, now or datetime.now(clocks.zone(catalog)))
    return lifecycle.allowed(event, actor, facts)


def parts_of(conn: psycopg.Connection, event_id: str) -> list[dict[str, Any]]:
    """Parts of a joint event: org, org_name, asked_at, due_at, handler_id, note, answered_at, answered_by, answer."""
    return db.many(conn, "parts_of", event_id=event_id)
