"""Alerts: what rules believe, written down. Opens, changes and clears them; recording writes alerts and their logs alone.

What an alert brings about is decided by `rules.consequences` and carried out by `carrying_out`, in the same transaction:
alert, its log, the rule's memory, notices and event stand together or not at all. The promise "one open alert per station,
kind and rule" is the database's (`alert_one_open`); here it is only relied upon.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import psycopg

from brain.catalog import Catalog, Rule
from brain.flow.alerts import paging
from brain.flow.alerts.carrying_out import carry_out
from brain.flow.alerts.memory import Key, alert_of, save_states, state_of, state_text, states_of
from brain.flow.events.history import as_json
from brain.identity.scope import Sight
from brain.model import ENGINE, Actor, Alert, Judgement, Level, Refused, Role, RuleState, Source, Station
from brain.rules.consequences import Did, Happened, Opens
from brain.store import db

__all__ = [
    "Found", "Key", "ack", "alert_of", "apply", "apply_many", "confirm", "get", "log_of", "save_states", "state_of",
    "state_text", "states_of", "withdraw",
]  # fmt: skip

Found = tuple[Station, Rule, Judgement, bool]  # a judgement of a rule at a station; rests it on back-filled data?
LOGGED = {Did.OPENED: "open", Did.CHANGED: "change", Did.CLEARED: "clear", Did.CONFIRMED: "note"}  # what a log line says


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
            return _take_in(conn, catalog, {key: (station, rule, judgement, late)}, now).get(key)
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
                _take_in(conn, catalog, some, now)
        except psycopg.OperationalError:
            raise  # the database, not an alert: the caller comes again
        except Exception:
            for key, one in some.items():
                try:
                    with conn.transaction():
                        _take_in(conn, catalog, {key: one}, now)
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


def _take_in(conn: psycopg.Connection, catalog: Catalog, found: dict[Key, Found], now: datetime) -> dict[Key, int]:
    """One change for each key, written down and carried out; returns the alerts' ids."""
    happened = _record(conn, catalog, found, now)
    carry_out(conn, catalog, list(happened.values()), now)
    return {key: one.alert.id for key, one in happened.items()}


def _record(conn: psycopg.Connection, catalog: Catalog, found: dict[Key, Found], now: datetime) -> dict[Key, Happened]:
    """One change for each key: the rows of alerts and of their logs. Returns what happened to each alert."""
    opens = {key: one for key, one in found.items() if one[2].action == "open"}
    changes = {key: one for key, one in found.items() if one[2].action == "change"}
    clears = {key: one for key, one in found.items() if one[2].action == "clear"}
    touched: dict[Key, tuple[Did, dict[str, Any]]] = {}
    while opens or changes:
        for row in _write(conn, "alerts_open", opens, now):
            key = _key(row)
            if row["fresh"]:
                touched[key] = Did.OPENED, row
            else:  # somebody opened it before us, or the rule lost its memory: it is there once, as it should be
                changes[key] = opens[key]
        for row in _write(conn, "alerts_change", changes, now):
            touched[_key(row)] = Did.CHANGED if row["level"] != row["before"] else Did.RENEWED, row
        # a change of an alert that is not there opens it
        opens, changes = {key: one for key, one in changes.items() if key not in touched}, {}
    for row in _write(conn, "alerts_clear", clears, now):
        touched[_key(row)] = Did.CLEARED, row
    _say(conn, [(did, row, found[key][2]) for key, (did, row) in touched.items()], now)
    return {key: _happened(catalog, did, row, *found[key][:3]) for key, (did, row) in touched.items()}


def _happened(
    catalog: Catalog, did: Did, row: dict[str, Any], station: Station, rule: Rule, judged: Judgement
) -> Happened:
    theme = catalog.themes.get(station.theme)
    source = theme.source if theme else Source.SENSOR
    opens = Opens(rule.opens, catalog.categories[rule.opens].name, rule.opens_at, source) if rule.opens else None
    before, told = (Level(level) if level is not None else None for level in (row.get("before"), row["told"]))
    return Happened(did, alert_of(row), judged, before, told, row["tellings"], station, opens)


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


def _say(conn: psycopg.Connection, said: Sequence[tuple[Did, dict[str, Any], Judgement]], now: datetime) -> None:
    """The log lines, and a word to the screens; what changed nothing has none."""
    lines = [(LOGGED[did], row, judged) for did, row, judged in said if did in LOGGED]
    if lines:
        db.run(
            conn, "alert_logs", now=now, actor=ENGINE.name, alerts=[row["id"] for _, row, _ in lines],
            whats=[what for what, _, _ in lines], levels=[row["level"] for _, row, _ in lines],
            vals=[judged.value for _, _, judged in lines], notes=[judged.message for _, _, judged in lines],
            themes=[row["theme"] for _, row, _ in lines], stations=[row["station"] for _, row, _ in lines],
        )  # fmt: skip


def withdraw(conn: psycopg.Connection, catalog: Catalog, alert: Alert, now: datetime, why: str) -> None:
    """Clear an alert that no judgement will clear any more: its station was switched off, or its rule is gone."""
    with conn.transaction():
        row = db.one(conn, "alert_withdraw", id=alert.id, now=now)
        if row:
            judged = Judgement(RuleState(), "clear", message=why)
            _say(conn, [(Did.CLEARED, row, judged)], now)
            carry_out(conn, catalog, [Happened(Did.CLEARED, alert_of(row), judged)], now)


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
        _say(conn, [(Did.CONFIRMED, row, said) for row in rows], now)
        happened = [_happened(catalog, Did.CONFIRMED, row, *held[_key(row)], said) for row in rows]
        carry_out(conn, catalog, happened, now)
    return [r["id"] for r in rows]


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
        if until is not None and until - now > catalog.bounds.ack_lasts:
            hours = catalog.bounds.ack_lasts.total_seconds() / 3600
            raise Refused(f"确认最多管 {hours:g} 小时，请改近一些；到时还没解除，再确认一次", "until")
        if row["cleared_at"] is not None:
            raise Refused("告警已经解除，不用再确认", "cleared")
        row = db.row(conn, "alert_acked", id=alert_id, now=now, by=actor.name, until=until)
        paging.note(conn, row, "ack", now, note, actor=actor.name)
    return alert_of(row)


def _sees(conn: psycopg.Connection, catalog: Catalog, alert_id: int, actor: Actor) -> bool:
    row = db.row(conn, "alert_whose", id=alert_id)
    event = row["seen_by"]
    sight = Sight.of(actor, catalog.roles)
    return sight.sees_alert(row, org=row["org"], event=event, joined=event["joined"] if event else ())


def get(conn: psycopg.Connection, alert_id: int) -> Alert | None:
    row = db.one(conn, "alert_by_id", id=alert_id)
    return alert_of(row) if row else None


def log_of(conn: psycopg.Connection, alert_id: int) -> list[dict[str, Any]]:
    """History of an alert, oldest first: at, what, level, value, actor, note."""
    return db.many(conn, "alert_log_of", alert_id=alert_id)
