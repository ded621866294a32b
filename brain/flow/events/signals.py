"""What sensors say to an event that is under way: worse, normal again, normal for long enough to close."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.flow.events import clocks, effects, telling
from brain.flow.events.history import event_of, locked, write
from brain.model import ENGINE, Actor, Refused, State, Verb
from brain.notify import notices
from brain.store import db


def belongs(conn: psycopg.Connection, alert: int, event_id: str, actor: Actor, now: datetime, note: str) -> None:
    """From now on the alert is the event's: while it fires, the event cannot be closed. Raises Refused: 'unknown', 'reported' (it is
    another event's)."""
    row = db.one(conn, "alert_has_event", id=alert, event_id=event_id)
    if row is None:
        if db.one(conn, "alert_by_id", id=alert) is None:
            raise Refused(f"没有编号为 {alert} 的告警", "unknown")
        raise Refused("这条告警刚刚由别人上报，已有案卷，请在那件案卷上办理", "reported")
    db.run(
        conn, "alert_logs", now=now, actor=actor.name, alerts=[alert], whats=["event"], levels=[row["level"]],
        vals=[row["value"]], notes=[note], themes=[row["theme"]], stations=[row["station"]],
    )  # fmt: skip


def sensor_says(
    conn: psycopg.Connection,
    event_id: str,
    now: datetime,
    message: str,
    *,
    alert: int,
    normal: bool,
    level: int | None = None,
    **data: Any,
) -> None:
    """A note on an event that its sensor is normal again, or worse, with the evidence; worse raises the event's level.

    Why the ladder stays: it was promised with the event; the notice says what is new.
    """
    with conn.transaction():
        row = locked(conn, event_id)
        if row is None:
            return
        event, now = event_of(row), max(now, row["last_at"] or now)
        worse = level is not None and (event.level is None or level < event.level)
        detail = {"alert": alert, "normal": normal, "level": level} | data
        after = write(
            conn,
            event,
            Verb.NOTE,
            ENGINE,
            now,
            {"level": level} if worse else {},
            note=message or "感知告警变化",
            detail=detail,
        )
        if not normal and after.state in clocks.RUNS_IN and after.org:
            people = telling.whom(conn, after, ["handler"], now)[0]
            notices.write(
                conn, people, now=now, kind="alert", words=f"感知告警变化：{after.title}，{message}", event_id=event_id,
                alert_id=alert, once=f"{event_id}:{after.version}:sensor",
            )  # fmt: skip


def propose_close(
    conn: psycopg.Connection, catalog: Catalog, event_id: str, now: datetime, *, alert: dict[str, Any]
) -> bool:
    """The event's sensors have all been normal for long enough: say so on the event, with the evidence, and tell who
    has it. False when the event is over, or another of its alerts still fires."""
    with conn.transaction():
        row = locked(conn, event_id)
        if (
            row is None
            or row["state"] not in effects.leaves(Verb.URGE)
            or db.many(conn, "alerts_firing", event_id=event_id)
        ):
            return False
        event, now = event_of(row), max(now, row["last_at"] or now)
        minutes = (now - alert["cleared_at"]).total_seconds() / 60
        words = f"感知数据已恢复正常 {minutes:.0f} 分钟，可核查结案"
        detail = {
            "propose": "close",
            "alert": alert["id"],
            "cleared_at": alert["cleared_at"],
            "evidence": alert["evidence"],
        }
        after = write(conn, event, Verb.NOTE, ENGINE, now, {}, note=words, detail=detail)
        posts = {State.ANSWERED: "checker", State.CHECKING: "acceptor"}
        whose = posts.get(event.state, "handler" if event.org else "acceptor")
        people = telling.whom(conn, after, [whose], now)[0]
        notices.write(
            conn, people, now=now, kind="propose", words=f"{after.title}：{words}", event_id=event_id,
            once=f"{event_id}:{after.version}:propose",
        )  # fmt: skip
    return True
