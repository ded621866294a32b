"""Telling people about alerts: whom the catalog's list of each level names, at once and again while nobody acknowledges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.flow.alerts.memory import alert_of
from brain.flow.events import routing, signals
from brain.flow.events.history import as_json
from brain.model import ENGINE, Level
from brain.notify import notices
from brain.rules.consequences import Tell
from brain.store import db


def page_people(conn: psycopg.Connection, catalog: Catalog, tells: Sequence[Tell], now: datetime) -> None:
    """Tell people about alerts, and set when an acknowledgement is due.

    Why the wait doubles with each repeat: an alert that nobody acknowledges for a night must not bury the lists.
    """
    if not tells:
        return
    asked = sorted({(who, _org(t, who)) for t in tells for who in _list(catalog, t.level)}, key=str)
    people = routing.meant(conn, [{"who": who, "org": org} for who, org in asked], now)
    meant = dict(zip(asked, people, strict=True))
    steps = []
    for t in tells:
        times = min(t.tellings, 6) if t.told == t.level else 0
        wait = timedelta(minutes=catalog.alert_ladders[t.level].ack_min) * 2**times
        steps.append({"id": t.alert.id, "told": t.level, "ack_due_at": now + wait})
    tellings = {r["id"]: r["tellings"] for r in db.many(conn, "alerts_told", steps=as_json(steps))}
    rows = []
    for t in tells:
        alert = t.alert
        whom = {p for who in _list(catalog, t.level) for p in meant[who, _org(t, who)]}
        text = f"{catalog.words.of('level', alert.level)}告警 {t.name}：{alert.message}"
        once = f"alert:{alert.id}:{tellings[alert.id]}"
        rows += [notices.Notice(p, "alert", text, f"{once}:{p}", alert.event_id, alert.id) for p in sorted(whom)]
    notices.write_many(conn, rows, now)


def _org(tell: Tell, who: str) -> str | None:
    """Whose people a word of a list means: those of the town where the alert is, else those of the station's owner."""
    return tell.alert.town if who == "town" else tell.owner


def _list(catalog: Catalog, level: Level) -> tuple[str, ...]:
    return catalog.alert_ladders[level].tells


def note(
    conn: psycopg.Connection, row: dict[str, Any], what: str, now: datetime, words: str, *, actor: str = ENGINE.name
) -> None:
    """One line of an alert's log, and a word to the screens."""
    db.run(
        conn, "alert_logs", now=now, actor=actor, alerts=[row["id"]], whats=[what], levels=[row["level"]],
        vals=[row["value"]], notes=[words], themes=[row["theme"]], stations=[row["station"]],
    )  # fmt: skip


def sweep(conn: psycopg.Connection, catalog: Catalog, now: datetime, limit: int = 500) -> int:
    """What time does to alerts: acknowledgements expire, unacknowledged alerts are told to more people, long-normal ones
    propose closing their event. Returns how many rows moved."""
    with conn.transaction():
        expired = db.many(conn, "alerts_ack_expired", now=now, limit=limit)
        for row in expired:
            note(conn, row, "ack", now, "确认已到期，请重新确认")
        unseen = db.many(conn, "alerts_ack_due", now=now, limit=limit)
        known = {r["id"]: r for r in db.many(conn, "station_owners", ids=[r["station"] for r in unseen])}
        again = []
        for row in unseen:
            level = Level(row["told"] or row["level"])
            then = catalog.alert_ladders[level].then
            level = level if then == "repeat" else Level.of(then)
            station = known.get(row["station"], {"org": None, "name": row["station"]})
            told = Level(row["told"]) if row["told"] is not None else None
            again.append(Tell(alert_of(row), level, told, row["tellings"], station["org"], station["name"]))
            note(conn, row, "note", now, f"逾期未确认，按{catalog.alert_ladders[level].name}范围通知")
        page_people(conn, catalog, again, now)
        quiet = timedelta(minutes=catalog.practice.propose_close_min)
        normal = db.many(conn, "alerts_to_propose", before=now - quiet, now=now, limit=limit)
        for row in normal:
            signals.propose_close(conn, catalog, row["event_id"], now, alert=row)
    return len(expired) + len(unseen) + len(normal)
