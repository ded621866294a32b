"""Alerts: what rules believe, written down. Opens, changes and clears them, tells people, opens the event.

The promise "one open alert per station, kind and rule" is the database's (`alert_one_open`); here it is only relied
upon. Everything that follows from one judgement happens in one transaction: alert, its log, the rule's memory, notices,
event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import psycopg

from brain.catalog import Catalog, Rule
from brain.flow.alerts import paging
from brain.flow.alerts.memory import Key, save_states, state_of, state_text, states_of
from brain.flow.events import acting, duplicates, signals
from brain.flow.events.history import as_json
from brain.identity import scope
from brain.model import ENGINE, Actor, Alert, Judgement, Level, Refused, Role, RuleState, Source, Station
from brain.store import db

__all__ = [
    "Found", "Key", "ack", "alert_of", "apply", "apply_many", "confirm", "get", "log_of", "save_states", "state_of",
    "state_text", "states_of", "withdraw",
]  # fmt: skip

Found = tuple[Station, Rule, Judgement, bool]  # a judgement of a rule at a station; rests it on back-filled data?


# Judgements ---------------------------------------------------------------------------------------------------------
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
        if judgement.action != "hold":
            return _record(conn, catalog, {key: (station, rule, judgement, late)}, now).get(key)
        if judgement.state.level is not None and not late:
            confirm(conn, catalog, {key: (station, rule)}, now)
    return None


def apply_many(
    conn: psycopg.Connection, catalog: Catalog, found: Sequence[Found], now: datetime
) -> list[tuple[Found, Exception]]:
    """Write many changes down, in order for each station, kind and rule, without their memories; returns those that
    could not be written, with why. Inside the caller's transaction.

    Why not one by one: a storm is a thousand alerts in a batch. Where a set is refused, its members are tried singly,
    so that one bad alert keeps no other back.
    """
    failed = []
    for some in _rounds(found):
        try:
            with conn.transaction():
                _record(conn, catalog, some, now)
        except psycopg.OperationalError:
            raise  # the database, not an alert: the caller comes again
        except Exception:
            for key, one in some.items():
                try:
                    with conn.transaction():
                        _record(conn, catalog, {key: one}, now)
                except psycopg.OperationalError:
                    raise
                except Exception as err:
                    failed.append((one, err))
    return failed


def _rounds(found: Iterable[Found]) -> list[dict[Key, Found]]:
    """The first change of every key, then the second of those that have one, and so on."""
    rounds: list[dict[Key, Found]] = []
    times: dict[Key, int] = {}
    for one in found:
        key = (one[0].id, one[1].kind, one[1].key)
        number = times.get(key, 0)
        times[key] = number + 1
        if number == len(rounds):
            rounds.append({})
        rounds[number][key] = one
    return rounds


def _record(conn: psycopg.Connection, catalog: Catalog, found: dict[Key, Found], now: datetime) -> dict[Key, int]:
    """One change for each key: alerts, their logs, notices, events; returns the alerts' ids."""
    opens = {key: one for key, one in found.items() if one[2].action == "open"}
    changes = {key: one for key, one in found.items() if one[2].action == "change"}
    clears = {key: one for key, one in found.items() if one[2].action == "clear"}
    touched: dict[Key, dict[str, Any]] = {}
    worse: list[Key] = []
    while opens or changes:
        missing = {}
        for row in _write(conn, "alerts_open", opens, now):
            key = _key(row)
            if row["fresh"]:
                touched[key] = row | {"what": "open"}
                worse.append(key)
            else:  # somebody opened it before us, or the rule lost its memory: it is there once, as it should be
                changes[key] = opens[key]
        for row in _write(conn, "alerts_change", changes, now):
            key = _key(row)
            touched[key] = row | {"what": "change" if row["level"] != row["before"] else None}
            if row["level"] < row["before"] or row["told"] is None:
                worse.append(key)
        missing = {key: one for key, one in changes.items() if key not in touched}
        opens, changes = missing, {}  # a change of an alert that is not there opens it
    for row in _write(conn, "alerts_clear", clears, now):
        touched[_key(row)] = row | {"what": "clear"}
    _say(conn, [(row, found[key][2]) for key, row in touched.items() if row["what"]], now)
    for key in clears.keys() & touched.keys():
        _normal(conn, touched[key], found[key][2], now)
    _follow(conn, catalog, [(touched[k], *found[k][:2]) for k in worse if not touched[k]["late"]], now)
    return {key: row["id"] for key, row in touched.items()}


def _key(row: dict[str, Any]) -> Key:
    return row["station"], row["kind"], row["rule"]


def _write(conn: psycopg.Connection, statement: str, found: dict[Key, Found], now: datetime) -> list[dict[str, Any]]:
    if not found:
        return []
    rows = [
        {
            "station": station.id, "kind": rule.kind, "rule": rule.key, "theme": station.theme, "level": judged.level,
            "value": judged.value, "limit_value": judged.limit, "message": judged.message, "late": late,
            "observed_at": judged.state.seen_at or now, "lng": station.lng, "lat": station.lat, "town": station.town,
            "grid": station.grid, "evidence": judged.evidence,
        }
        for station, rule, judged, late in found.values()
    ]  # fmt: skip
    return db.many(conn, statement, rows=as_json(rows), now=now)


def _say(conn: psycopg.Connection, said: Sequence[tuple[dict[str, Any], Judgement]], now: datetime) -> None:
    """The log lines, and a word to the screens."""
    if said:
        db.run(
            conn, "alert_logs", now=now, actor=ENGINE.name, alerts=[row["id"] for row, _ in said],
            whats=[row["what"] for row, _ in said], levels=[row["level"] for row, _ in said],
            vals=[judged.value for _, judged in said], notes=[judged.message for _, judged in said],
            themes=[row["theme"] for row, _ in said], stations=[row["station"] for row, _ in said],
        )  # fmt: skip


def _normal(conn: psycopg.Connection, row: dict[str, Any], judged: Judgement, now: datetime) -> None:
    if row["event_id"]:
        data = {"value": judged.value, "evidence": judged.evidence}
        signals.sensor_says(conn, row["event_id"], now, judged.message, alert=row["id"], normal=True, **data)


def withdraw(conn: psycopg.Connection, alert: Alert, now: datetime, why: str) -> None:
    """Clear an alert that no judgement will clear any more: its station was switched off, or its rule is gone."""
    with conn.transaction():
        row = db.one(conn, "alert_withdraw", id=alert.id, now=now)
        if row:
            judged = Judgement(RuleState(), "clear", message=why)
            _say(conn, [(row | {"what": "clear"}, judged)], now)
            _normal(conn, row, judged, now)


def confirm(
    conn: psycopg.Connection, catalog: Catalog, held: dict[Key, tuple[Station, Rule]], now: datetime
) -> list[int]:
    """Live data show that these levels still hold: alerts among them that were born late now tell people and open
    their event like any other. Returns the ids of those."""
    if not held:
        return []
    stations, kinds, rules = (list(column) for column in zip(*held, strict=True))
    with conn.transaction():
        rows = db.many(conn, "alert_confirm", stations=stations, kinds=kinds, rules=rules, now=now)
        said = Judgement(RuleState(), "hold", message="实时数据证实仍在告警")
        _say(conn, [(row | {"what": "note"}, said) for row in rows], now)
        _follow(conn, catalog, [(row, *held[_key(row)]) for row in rows], now)
    return [r["id"] for r in rows]


def _follow(
    conn: psycopg.Connection, catalog: Catalog, worse: Sequence[tuple[dict[str, Any], Station, Rule]], now: datetime
) -> None:
    """What new and worse alerts bring about: people are told, events are opened or hear of it."""
    paging.tell(
        conn, catalog, [(row, Level(row["level"]), station.org, station.name) for row, station, _ in worse], now
    )
    for row, station, rule in worse:
        if row["event_id"]:
            _hears(conn, row["event_id"], row, now)
        elif rule.opens and row["level"] <= rule.opens_at:
            _event(conn, catalog, station, rule, row, now)


def _hears(conn: psycopg.Connection, event_id: str, row: dict[str, Any], now: datetime) -> None:
    data = {"level": row["level"], "value": row["value"]}
    signals.sensor_says(conn, event_id, now, row["message"], alert=row["id"], normal=False, **data)


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
        _hears(conn, near, row, now)
        return
    acting.report(
        conn, catalog, category=rule.opens, title=f"{station.name}：{catalog.categories[rule.opens].name}",
        description=row["message"], lng=station.lng, lat=station.lat, address=station.name,
        source=Source.CAMERA if station.theme == "cameras" else Source.SENSOR, actor=ENGINE, now=now,
        level=Level(row["level"]), alert_id=row["id"], station=station.id,
    )  # fmt: skip


# People -------------------------------------------------------------------------------------------------------------
ACKERS = frozenset({Role.OPERATOR, Role.ACCEPTOR, Role.DISPATCHER, Role.CHIEF, Role.DEPARTMENT, Role.WORKER})


def ack(
    conn: psycopg.Connection,
    catalog: Catalog,
    alert_id: int,
    actor: Actor,
    now: datetime,
    until: datetime | None = None,
    note: str = "",
) -> Alert:
    """Somebody has seen the alert; with `until` the acknowledgement expires then. A worsening takes it back in any
    case.

    Raises Refused: 'unknown' (no such alert, or not his to see), 'cleared', 'role', 'place', 'until'.
    """
    with conn.transaction():
        row = db.one(conn, "alert_for_update", id=alert_id)
        if row is None or not _sees(conn, catalog, alert_id, actor):
            raise Refused(f"没有编号为 {alert_id} 的告警，或不在您的管辖范围内", "unknown")
        if actor.role not in ACKERS:
            raise Refused("当前角色不能确认告警", "role")
        if until is not None and until <= now:
            raise Refused("确认的有效期要晚于现在", "until")
        if row["cleared_at"] is not None:
            raise Refused("告警已经解除，不用再确认", "cleared")
        if actor.role is Role.WORKER and not any(
            (row["grid"] or row["town"] or "").startswith(p) for p in actor.places
        ):
            raise Refused("告警不在您的网格内，不能确认", "place")
        row = db.one(conn, "alert_acked", id=alert_id, now=now, by=actor.name, until=until)
        paging.note(conn, row, "ack", now, note, actor=actor.name)
    return alert_of(row)


def _sees(conn: psycopg.Connection, catalog: Catalog, alert_id: int, actor: Actor) -> bool:
    return scope.sees_alert(actor, db.one(conn, "alert_whose", id=alert_id), catalog.roles)


def get(conn: psycopg.Connection, alert_id: int) -> Alert | None:
    row = db.one(conn, "alert_by_id", id=alert_id)
    return alert_of(row) if row else None


def log_of(conn: psycopg.Connection, alert_id: int) -> list[dict[str, Any]]:
    """History of an alert, oldest first: at, what, level, value, actor, note."""
    return db.many(conn, "alert_log_of", alert_id=alert_id)


def alert_of(row: dict[str, Any]) -> Alert:
    return db.record(Alert, row | {"level": Level(row["level"]), "peak": Level(row["peak"])})
