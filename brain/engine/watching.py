"""Watches over the platform itself: workers of the intake that stand still, feeds that have stopped altogether.

Their alerts are like any other (one open at a time, told, cleared by itself), but belong to no station and no theme of the
city: station `IN-<worker>` or `IN-feed-<feed>`, theme `platform`, in the middle of the district. How long is too long stands in
the catalog (`rule.platform.intake_stalled`, `rule.platform.feed_stopped`).

A feed's silence is said by the silence rules too, but a station at a time and after hours; here it is said once, of the whole
feed, after a few of its own periods.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog, Rule
from brain.flow.alerts import recording
from brain.model import PLATFORM, RuleState, Station
from brain.rules import thresholds
from brain.rules.types.stalled import Figure
from brain.store import db


def watch(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    """Judge every worker and every feed; returns how many alerts moved."""
    spot = db.one(conn, "platform_spot") or {"lng": None, "lat": None}
    moved, subjects = 0, []
    for rule in catalog.rules.values():
        if rule.type == "stalled":
            found = _workers(conn, rule, now) if rule.params["of"] == "worker" else _feeds(conn, rule, catalog, now)
            subjects += [(rule, ident, name, figures) for ident, name, figures in found]
    held = recording.states_of(conn, sorted({ident for _, ident, _, _ in subjects}))
    for rule, ident, name, figures in subjects:
        station = Station(ident, name, PLATFORM, spot["lng"], spot["lat"], params={"figures": figures})
        state = held.get((ident, rule.kind, rule.key), RuleState())
        judged = thresholds.judge(rule, station, [], state, now)
        if judged.action != "hold":
            recording.apply(conn, catalog, station, rule, judged, now)
            moved += 1
    return moved + _withdraw(conn, catalog, {(ident, rule.kind, rule.key) for rule, ident, _, _ in subjects}, now)


def _workers(conn: psycopg.Connection, rule: Rule, now: datetime) -> Iterator[tuple[str, str, list[Figure]]]:
    """Workers with how long each has given no sign of life, kept a message waiting, had a door shut.

    One that said good-bye is missed only when no other one is at work."""
    db.run(conn, "intake_workers_forget", before=now - timedelta(seconds=rule.params["forget_s"]))
    rows = db.many(conn, "intake_workers")
    ages = {r["worker"]: (now - r["beat_at"]).total_seconds() for r in rows}
    mildest = min(rule.limits.values())
    alive = any(r["stopped_at"] is None and ages[r["worker"]] < mildest for r in rows)
    for row in rows:
        if row["stopped_at"] is not None and alive:
            continue
        figures: list[Figure] = [
            (ages[row["worker"]], "没有心跳", "请检查该进程与所在主机"),
            (row["waiting_s"], "有报文在等，没有入库", "请检查数据库和磁盘"),
        ]
        figures += [
            (door["down_s"], f"接入口 {name} 没有连上", "请检查消息服务与网络") for name, door in row["doors"].items()
        ]
        yield f"IN-{row['worker']}", f"接入进程 {row['worker']}", figures


def _feeds(conn: psycopg.Connection, rule: Rule, catalog: Catalog, now: datetime) -> Iterator[tuple[str, str, list[Figure]]]:
    """Feeds with how many of their shortest periods they have brought nothing at all. Shortest of what they brought lately:
    what has not come for long is no longer expected."""
    for row in db.many(conn, "feeds_lately", since=now - timedelta(seconds=rule.params["forget_s"])):
        periods = [k.period_s for key in row["kinds"] if (k := catalog.kinds.get(key)) and k.silence_s is not None]
        if periods:
            age = (now - row["last_received_at"]).total_seconds()
            says = f"整个接入没有任何报文（最短 {min(periods)} 秒一报）"
            yield (
                f"IN-feed-{row['feed']}",
                f"接入 {row['title']}",
                [(age / min(periods), says, "请检查该部门的网关和网络")],
            )


def _withdraw(conn: psycopg.Connection, catalog: Catalog, judged: set[tuple[str, str, str]], now: datetime) -> int:
    """Clear alerts whose worker or feed is gone."""
    rows = [r for r in db.many(conn, "platform_alerts") if (r["station"], r["kind"], r["rule"]) not in judged]
    for row in rows:
        with conn.transaction():
            db.run(conn, "engine_forget", station=row["station"], kind=row["kind"], rule=row["rule"])
            recording.withdraw(conn, catalog, recording.alert_of(row), now, "不再有这个接入进程或接入，告警撤回")
    return len(rows)
