"""Alerts: what rules believe, written down. Opens, changes and clears them, tells people, opens the event.

The promise "one open alert per station, kind and rule" is the database's (`alert_one_open`); here it is only relied
upon. Everything that follows from one judgement happens in one transaction: alert, its log, the rule's memory,
notices, event.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain.catalog import Catalog
from brain.catalog.shapes import Rule
from brain.flow import duplicates, events, notices, routing, signals
from brain.model import ENGINE, Actor, Alert, Judgement, Level, Refused, Role, RuleState, Source, Station
from brain.store import db

Key = tuple[str, str, str]  # station, kind, rule


# What rules remember ------------------------------------------------------------------------------------------------
_TIMES = ("since", "pending_since", "clear_since", "seen_at")
_LEVELS = ("level", "pending")


def state_text(state: RuleState) -> str:
    """A RuleState as the JSON of `rule_state.state`: levels as numbers, times as ISO 8601 with offset."""
    out: dict[str, Any] = {}
    for f in fields(RuleState):
        value = getattr(state, f.name)
        if value not in (None, 0, {}):
            out[f.name] = value.isoformat() if f.name in _TIMES else value
    return json.dumps(out, ensure_ascii=False, separators=(",", ":"))


def state_of(data: dict[str, Any]) -> RuleState:
    """The RuleState from what `state_text` wrote; unknown keys of other versions are passed over."""
    known = {}
    for f in fields(RuleState):
        if (value := data.get(f.name)) is not None:
            if f.name in _TIMES:
                value = datetime.fromisoformat(value)
            elif f.name in _LEVELS:
                value = Level(value)
            known[f.name] = value
    return RuleState(**known)


def save_states(conn: psycopg.Connection, states: Iterable[tuple[Key, RuleState, datetime | None]]) -> None:
    """Keep what rules remember, with when to ask them again; one statement for all."""
    rows = list(states)
    if rows:
        db.run(
            conn, "rule_state_save", stations=[k[0] for k, _, _ in rows], kinds=[k[1] for k, _, _ in rows],
            rules=[k[2] for k, _, _ in rows], states=[state_text(s) for _, s, _ in rows], dues=[d for _, _, d in rows],
        )  # fmt: skip


def states_of(conn: psycopg.Connection, stations: Sequence[str]) -> dict[Key, RuleState]:
    """What rules remember about these stations."""
    rows = db.many(conn, "rule_state_of", stations=list(stations))
    return {(r["station"], r["kind"], r["rule"]): state_of(r["state"]) for r in rows}


# A judgement --------------------------------------------------------------------------------------------------------
def apply(
    conn: psycopg.Connection,
    catalog: Catalog,
    station: Station,
    rule: Rule,
    judgement: Judgement,
    now: datetime,
    late: bool = False,
    *,
    keep: bool = True,
) -> int | None:
    """Write one judgement down; returns the id of the alert it touched, None for "hold".

    `late`: the judgement rests on back-filled data; such an alert is recorded, tells nobody and opens no event, until
    live data confirm it. `keep` False: the caller keeps the rule's memory himself (`save_states`), in the same
    transaction.
    """
    key = (station.id, rule.kind, rule.key)
    with conn.transaction():
        if keep:
            save_states(conn, [(key, judgement.state, judgement.due)])
        match judgement.action:
            case "open":
                row = _open(conn, station, rule, judgement, now, late)
            case "change":
                row = _change(conn, station, rule, judgement, now, late)
            case "clear":
                return _clear(conn, key, judgement, now)
            case _:
                if judgement.state.level is None or late:
                    return None
                confirm(conn, catalog, {key: (station, rule)}, now)
                return None
        if row.pop("worse") and not row["late"]:
            _follow(conn, catalog, station, rule, row, now)
        return row["id"]


def _open(
    conn: psycopg.Connection, station: Station, rule: Rule, judgement: Judgement, now: datetime, late: bool
) -> dict[str, Any]:
    row = db.one(
        conn, "alert_open", station=station.id, kind=rule.kind, rule=rule.key, theme=rule.theme, level=judgement.level,
        value=judgement.value, limit_value=judgement.limit, message=judgement.message, now=now,
        observed_at=judgement.state.seen_at or now, late=late, lng=station.lng, lat=station.lat, town=station.town,
        grid=station.grid, evidence=Jsonb(judgement.evidence),
    )  # fmt: skip
    if not row.pop("fresh"):
        # Somebody opened it before us, or the rule lost its memory: the alert is there once, as it should be.
        return _change(conn, station, rule, judgement, now, late)
    _log(conn, row, "open", now, judgement)
    return row | {"worse": True}


def _change(
    conn: psycopg.Connection, station: Station, rule: Rule, judgement: Judgement, now: datetime, late: bool
) -> dict[str, Any]:
    row = db.one(
        conn, "alert_change", station=station.id, kind=rule.kind, rule=rule.key, level=judgement.level,
        value=judgement.value, limit_value=judgement.limit, message=judgement.message, now=now, late=late,
        evidence=Jsonb(judgement.evidence),
    )  # fmt: skip
    if row is None:
        return _open(conn, station, rule, judgement, now, late)
    before = row.pop("before")
    if row["level"] != before:
        _log(conn, row, "change", now, judgement)
    return row | {"worse": row["level"] < before or (row["told"] is None and not row["late"])}


def _clear(conn: psycopg.Connection, key: Key, judgement: Judgement, now: datetime) -> int | None:
    row = db.one(conn, "alert_clear", station=key[0], kind=key[1], rule=key[2], now=now)
    if row is None:
        return None
    _log(conn, row, "clear", now, judgement)
    if row["event_id"]:
        evidence = {"value": judgement.value, "evidence": judgement.evidence}
        signals.sensor_says(conn, row["event_id"], now, judgement.message, alert=row["id"], normal=True, **evidence)
    return row["id"]


def withdraw(conn: psycopg.Connection, key: Key, now: datetime, why: str) -> int | None:
    """Clear an alert that no judgement will clear any more; returns its id."""
    with conn.transaction():
        return _clear(conn, key, Judgement(RuleState(), "clear", message=why), now)


def confirm(
    conn: psycopg.Connection, catalog: Catalog, held: dict[Key, tuple[Station, Rule]], now: datetime
) -> list[int]:
    """Live data show that these levels still hold: alerts among them that were born late now tell people and open their
    event like any other. Returns the ids of those."""
    if not held:
        return []
    keys = list(held)
    with conn.transaction():
        rows = db.many(
            conn, "alert_confirm", stations=[k[0] for k in keys], kinds=[k[1] for k in keys],
            rules=[k[2] for k in keys], now=now,
        )  # fmt: skip
        for row in rows:
            station, rule = held[row["station"], row["kind"], row["rule"]]
            db.run(conn, "alert_log", alert_id=row["id"], at=now, what="note", level=row["level"], value=row["value"],
                   actor=ENGINE.name, note="实时数据证实仍在告警")  # fmt: skip
            _notify(conn, row, "change")
            _follow(conn, catalog, station, rule, row, now)
    return [r["id"] for r in rows]


def _follow(
    conn: psycopg.Connection, catalog: Catalog, station: Station, rule: Rule, row: dict[str, Any], now: datetime
) -> None:
    """What a new or worse alert brings about: people are told, the event is opened or hears of it."""
    tell(conn, catalog, row, Level(row["level"]), now, owner=station.org)
    if row["event_id"]:
        signals.sensor_says(
            conn,
            row["event_id"],
            now,
            row["message"],
            alert=row["id"],
            normal=False,
            level=row["level"],
            value=row["value"],
        )
    elif rule.opens and row["level"] <= rule.opens_at:
        _event(conn, catalog, station, rule, row, now)


def _event(
    conn: psycopg.Connection, catalog: Catalog, station: Station, rule: Rule, row: dict[str, Any], now: datetime
) -> None:
    """The alert's event: an open one of the same station or spot and category, else a new one."""
    known = duplicates.open_of_station(conn, station.id, rule.opens)
    near = known or next(
        (e["id"] for e in duplicates.near_duplicates(conn, catalog, rule.opens, station.lng, station.lat, now)), None
    )
    if near:
        signals.belongs(conn, row["id"], near, ENGINE, now, f"关联事件 {near}")
        data = {"level": row["level"], "value": row["value"]}
        signals.sensor_says(conn, near, now, row["message"], alert=row["id"], normal=False, **data)
        return
    events.report(
        conn, catalog, category=rule.opens, title=f"{station.name}：{catalog.categories[rule.opens].name}",
        description=row["message"], lng=station.lng, lat=station.lat, address=station.name,
        source=Source.CAMERA if station.theme == "cameras" else Source.SENSOR, actor=ENGINE, now=now,
        level=Level(row["level"]), alert_id=row["id"], station=station.id,
    )  # fmt: skip


def tell(
    conn: psycopg.Connection, catalog: Catalog, row: dict[str, Any], level: Level, now: datetime, *, owner: str | None
) -> None:
    """Tell the people whom the catalog's alert list of `level` names, and set when an acknowledgement is due.

    Why the wait doubles with each repeat: an alert that nobody acknowledges for a night must not bury the lists.
    """
    ladder = catalog.alert_ladders[level]
    asked = [{"who": who, "org": row["town"] if who == "town" else owner} for who in ladder.tells]
    people = {p for group in routing.meant(conn, asked, now) for p in group}
    times = row.get("tellings", 0)
    wait = timedelta(minutes=ladder.ack_min) * (2 ** min(times, 6) if row.get("told") == level else 1)
    done = db.one(conn, "alert_told", id=row["id"], told=level, ack_due_at=now + wait)
    words = f"{catalog.words.of('level', Level(row['level']))}告警 {row['message']}"
    notices.tell(
        conn, people, now=now, kind="alert", words=words, alert_id=row["id"], event_id=row["event_id"],
        once=f"alert:{row['id']}:{done['tellings']}",
    )  # fmt: skip


def _log(conn: psycopg.Connection, row: dict[str, Any], what: str, now: datetime, judgement: Judgement) -> None:
    db.run(conn, "alert_log", alert_id=row["id"], at=now, what=what, level=row["level"], value=judgement.value,
           actor=ENGINE.name, note=judgement.message)  # fmt: skip
    _notify(conn, row, what)


def _notify(conn: psycopg.Connection, row: dict[str, Any], what: str) -> None:
    data = {"id": row["id"], "what": what, "level": row["level"], "theme": row["theme"], "station": row["station"]}
    conn.execute("SELECT pg_notify('brain_alert', %s)", [json.dumps(data)])


# People -------------------------------------------------------------------------------------------------------------
ACKERS = frozenset({Role.OPERATOR, Role.ACCEPTOR, Role.DISPATCHER, Role.CHIEF, Role.DEPARTMENT, Role.WORKER})


def ack(
    conn: psycopg.Connection,
    alert_id: int,
    actor: Actor,
    now: datetime,
    until: datetime | None = None,
    note: str = "",
) -> Alert:
    """Somebody has seen the alert; with `until` the acknowledgement expires then. A worsening takes it back in any
    case.

    Raises Refused: 'unknown', 'cleared', 'role', 'place', 'until'.
    """
    if actor.role not in ACKERS:
        raise Refused("当前角色不能确认告警", "role")
    if until is not None and until <= now:
        raise Refused("确认的有效期要晚于现在", "until")
    with conn.transaction():
        row = db.one(conn, "alert_for_update", id=alert_id)
        if row is None:
            raise Refused(f"没有编号为 {alert_id} 的告警", "unknown")
        if row["cleared_at"] is not None:
            raise Refused("告警已经解除，不用再确认", "cleared")
        if actor.role is Role.WORKER and not any(
            (row["grid"] or row["town"] or "").startswith(p) for p in actor.places
        ):
            raise Refused("告警不在您的网格内，不能确认", "place")
        row = db.one(conn, "alert_acked", id=alert_id, now=now, by=actor.name, until=until)
        db.run(conn, "alert_log", alert_id=alert_id, at=now, what="ack", level=row["level"], value=row["value"],
               actor=actor.name, note=note)  # fmt: skip
        _notify(conn, row, "ack")
    return alert_of(row)


def get(conn: psycopg.Connection, alert_id: int) -> Alert | None:
    row = db.one(conn, "alert_by_id", id=alert_id)
    return alert_of(row) if row else None


def log_of(conn: psycopg.Connection, alert_id: int) -> list[dict[str, Any]]:
    """History of an alert, oldest first: at, what, level, value, actor, note."""
    return db.many(conn, "alert_log_of", alert_id=alert_id)


def alert_of(row: dict[str, Any]) -> Alert:
    return db.record(Alert, row | {"level": Level(row["level"]), "peak": Level(row["peak"])})


# Sweeps -------------------------------------------------------------------------------------------------------------
def sweep(conn: psycopg.Connection, catalog: Catalog, now: datetime, limit: int = 500) -> int:
    """What time does to alerts: acknowledgements expire, unacknowledged alerts are told to more people, long-normal
    ones propose closing their event. Returns how many rows moved."""
    with conn.transaction():
        expired = db.many(conn, "alerts_ack_expired", now=now, limit=limit)
        for row in expired:
            db.run(conn, "alert_log", alert_id=row["id"], at=now, what="note", level=row["level"], value=row["value"],
                   actor=ENGINE.name, note="确认已到期，请重新确认")  # fmt: skip
            _notify(conn, row, "ack")
        unseen = db.many(conn, "alerts_ack_due", now=now, limit=limit)
        owners = _owners(conn, unseen)
        for row in unseen:
            then = catalog.alert_ladders[Level(row["told"] or row["level"])].then
            level = Level(row["told"] or row["level"]) if then == "repeat" else Level.of(then)
            tell(conn, catalog, row, level, now, owner=owners.get(row["station"]))
            db.run(conn, "alert_log", alert_id=row["id"], at=now, what="note", level=row["level"], value=row["value"],
                   actor=ENGINE.name, note=f"逾期未确认，按{catalog.alert_ladders[level].name}范围通知")  # fmt: skip
        quiet = timedelta(minutes=catalog.practice.propose_close_min)
        normal = db.many(conn, "alerts_to_propose", before=now - quiet, now=now, limit=limit)
        for row in normal:
            signals.propose_close(conn, catalog, row["event_id"], now, alert=row)
    return len(expired) + len(unseen) + len(normal)


def _owners(conn: psycopg.Connection, rows: list[dict[str, Any]]) -> dict[str, str | None]:
    return (
        {r["id"]: r["org"] for r in db.many(conn, "station_owners", ids=[r["station"] for r in rows])} if rows else {}
    )
