"""A small district that has lived: rows in every table of every schema, most of them written by the product's own verbs.

Told once, when a release is dumped (`python -m tests.record.upgrades`); the test of the upgrade never runs it. A table that
comes new is filled here by whoever brings it: the dump is refused while one is empty.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psycopg
from PIL import Image
from psycopg.types.json import Jsonb

from brain.catalog import Catalog
from brain.engine.loop import Engine
from brain.flow.alerts import recording
from brain.flow.city import public_warnings
from brain.flow.events import acting, hotline, photos
from brain.flow.measured import instruments, mending, online, readings
from brain.identity import accounts, people, push_keys, sessions
from brain.model import HazardWarning, Level, Quality, Reading, Source, Verb, WorkOrder
from brain.report import snapshot
from brain.settings import Settings
from brain.store import db
from tests.record.conftest import TOWN, VILLAGE, District, peopled

BEIJING = timezone(timedelta(hours=8))
NOW = datetime(2026, 9, 3, 10, 0, tzinfo=BEIJING)
CUT = datetime(2026, 9, 2, 8, 0, tzinfo=BEIJING)
MONTH = "2026-08"
SEAL = "the-key-of-the-dump-opens-nothing-else"  # what the feed key of the dump is sealed with
PASSWORD = "Upgrade-test-2026"  # of `operator`, who had another one before
TOKEN = "the-session-of-the-dump"
SENDER = "44140241600000"
HOUR = timedelta(hours=1)


def august(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 8, day, hour, minute, tzinfo=BEIJING)


def live(conn: psycopg.Connection, catalog: Catalog) -> None:
    """Fill an empty, migrated database; ends at NOW."""
    district = peopled(conn, catalog, NOW)
    _city(district)
    _august(district)
    _readings(district)
    _intake(district)
    _engine(district)
    _truth(district)
    _september(district)
    _doors(district)
    _store(district, "rain", [Reading("RG-01", "rain_1h", NOW, 2.0, Quality.OK)], NOW)  # a batch that the engine has not seen
    made = snapshot.build(conn, catalog, MONTH, CUT)
    snapshot.freeze(conn, made, "chief员", NOW)


def _city(d: District) -> None:
    """Stations and what can be sent."""
    d.station("PD-09", "drainage", org="cgj")
    d.station("PD-10", "drainage", cell="d", org="cgj")
    d.station("RG-01", "rain", cell="b", org="qxj" if "qxj" in d.catalog.departments else None)
    d.station("CAM-1", "cameras", cell="C", org="gaj")
    d.conn.execute(
        "INSERT INTO resource (id, name, kind, org, lng, lat, detail, origin) VALUES"
        " ('R-1', '城管应急泵车', 'pump', 'cgj', 116.11, 24.31, '{\"rate\": \"500 m³/h\"}', '演示')"
    )
    d.conn.execute(
        "INSERT INTO route (category, place, org, note) VALUES ('matter:07', %s, 'swj', '河段由水务局处置')", [VILLAGE]
    )
    d.conn.execute("INSERT INTO fact (key, value) VALUES ('city', %s)", [Jsonb({"code": "441402", "version": "drawn"})])


def _august(d: District) -> None:
    """Cases of every fate: in time, late, declined, void, returned, reworked, suspended, rated, overdue, one twice."""
    reasons = d.catalog

    def begin(when: datetime, state: str = "dispatched", **more) -> str:
        d.now = when
        return d.until(state, **more).id

    def handled(ident: str, answered: datetime, closed: datetime | None = None) -> None:
        d.now = answered - timedelta(minutes=30)
        d.act(ident, Verb.TAKE, "cgj")
        d.now = answered
        d.act(ident, Verb.ANSWER, "cgj", here=True)
        if closed:
            d.now = closed - timedelta(minutes=10)
            d.act(ident, Verb.CHECK, d.checker(acting.get(d.conn, ident)), here=True, passed=True)
            d.now = closed
            d.act(ident, Verb.CLOSE, "acceptor", condition=reasons.close_conditions[0])

    handled(begin(august(3, 9)), august(3, 11), august(3, 12))
    handled(begin(august(4, 9), cell="b"), august(4, 16), august(4, 17))
    ident = begin(august(5, 9), "reported")
    d.act(ident, Verb.DECLINE, "acceptor", minutes=5, reason=reasons.decline_reasons[0])
    ident = begin(august(6, 9))
    d.act(ident, Verb.RETURN, "cgj", minutes=20, reason=reasons.return_reasons[0])
    d.act(ident, Verb.DISPATCH, "dispatcher", minutes=10, org="cgj")
    handled(ident, august(6, 14, 30), august(6, 16))
    ident = begin(august(7, 9), cell="C")
    handled(ident, august(7, 10))
    d.act(ident, Verb.REWORK, "dispatcher", minutes=30, reason="清理不彻底")
    d.act(ident, Verb.ANSWER, "cgj", minutes=30, here=True)
    ident = begin(august(10, 9), "accepted")
    d.act(ident, Verb.VOID, "chief", minutes=60, reason="重复")
    ident = begin(august(11, 9))
    d.act(ident, Verb.SUSPEND, "chief", minutes=60, reason="待管网改造", until=august(31, 9) + timedelta(days=40))
    ident = begin(august(12, 9))
    handled(ident, august(12, 10), august(12, 11))
    d.now = august(13, 9)
    d.act(ident, Verb.RATE, "operator", ratings={"response": 1, "solved": 1, "satisfied": 4})
    begin(august(31, 9))
    begin(august(31, 17), cell="d", client_key=uuid.UUID(int=7))


def _readings(d: District) -> None:
    """Three days of rain and depth in closed hours, by two feeds, then the partitions, then what came late."""
    for feed, station, kind, value in (("rain", "RG-01", "rain_1h", 0.5), ("drainage", "PD-10", "pond_depth", 1.0)):
        begin = NOW - timedelta(days=3)
        line = [Reading(station, kind, begin + n * HOUR, value + n % 5, Quality.OK) for n in range(70)]
        for start in range(0, len(line), 24):
            some = line[start : start + 24]
            _store(d, feed, some, some[-1].at + timedelta(minutes=1))
    readings.roll_up(d.conn, NOW)
    readings.make_partitions(d.conn, NOW)
    _store(d, "rain", [Reading("RG-01", "rain_1h", NOW - timedelta(days=2, minutes=7), 9.5, Quality.LATE)], NOW, "history")
    _store(d, "rain", [Reading("RG-01", "rain_1h", NOW - timedelta(days=200), 3.5, Quality.OK)], NOW, "history")
    twice = Reading("PD-10", "pond_depth", NOW - timedelta(days=3), 7.0, Quality.OK)  # another value for a known identity
    _store(d, "drainage", [twice], NOW)


def _store(d: District, feed: str, some: list[Reading], at: datetime, lane: str = "live", dead=()) -> None:
    readings.store(
        d.conn, feed=feed, worker="w1", lane=lane, received_at=at, readings=some, received=len(some) + len(dead), dead=dead
    )


def _intake(d: District) -> None:
    """The accounts of intake: workers, feeds, quality, shapes, drift, dead letters and their mending."""
    letters = [
        readings.DeadLetter("city/441402/rain/RG-77", b'{"stcd": "RG-77"}', "station", "没有测站 RG-77"),
        readings.DeadLetter("city/441402/rain/RG-01", b"\xff\x00", "decode", "不是 UTF-8 文本：第 1 个字节 0xff"),
    ]
    _store(d, "rain", [], NOW, dead=letters)
    mending.count(d.conn)
    run = d.conn.execute
    run(
        "INSERT INTO intake_worker (worker, host, pid, started_at, beat_at, doors, queued, counts) VALUES"
        " ('w1', 'intake-1', 7, %s, %s, %s, 0, %s)",
        [NOW - HOUR, NOW, Jsonb({"mqtt": {"connected": True, "subscribed": True, "down_s": 0.0}}),
         Jsonb({"rain": {"received": 73, "stored": 71, "duplicate": 0, "dead": 2, "lost": 0, "in_flight": 0}})],
    )  # fmt: skip
    run(
        "INSERT INTO feed_known VALUES ('rain', '雨情', 'rain', 'qxj', 'city/441402/rain/#'),"
        " ('drainage', '排水', 'drainage', 'cgj', 'city/441402/drainage/#')"
    )
    for shape, names in (("s1", ["stcd", "tm", "p1"]), ("s2", ["stcd", "tm", "drp"])):
        run(
            "INSERT INTO feed_shape VALUES ('rain', %s, %s, %s, 'city/441402/rain/RG-01', %s, %s, 12)",
            [shape, Jsonb(dict.fromkeys(names, "string")), b'{"stcd": "RG-01"}', NOW - HOUR, NOW],
        )
    run(
        "INSERT INTO feed_drift (feed, source, at, before, after) VALUES ('rain', 'city/441402/rain/RG-01', %s, 's1', 's2')",
        [NOW],
    )
    admin = d.who["admin"]
    mending.set_mapping(d.conn, d.catalog, admin, "rain", "station", "RG-77", "RG-01", NOW)
    rows = run("SELECT id FROM dead_letter ORDER BY id").fetchall()
    mending.ask_replay(d.conn, admin, "rain", "station", [rows[0]["id"]], NOW)
    mending.discard(d.conn, admin, "rain", [rows[1]["id"]], "设备上电乱码", NOW)
    run(
        "INSERT INTO poll_cursor (source, cursor, seen, at, next_at) VALUES ('sthj', '2026-09-03', %s, %s, %s)",
        [bytes(16), NOW, NOW + HOUR],
    )


def _engine(d: District) -> None:
    """Water over its limit: an alert with its event; a second one that has cleared; a camera that went away for a while."""
    d.now = NOW
    for station, depths in (("PD-09", (16.0,)), ("PD-10", (41.0, 41.0, 1.0, 1.0))):
        for n, depth in enumerate(depths):
            at = NOW - timedelta(minutes=60 - 15 * n)
            _store(d, "drainage", [Reading(station, "pond_depth", at, depth, Quality.OK)], NOW)
    seen = [
        Reading("CAM-1", "camera_online", NOW - timedelta(days=1) + n * timedelta(minutes=2), float(not 20 <= n < 40), Quality.OK)
        for n in range(60)
    ]
    _store(d, "cameras", seen, NOW)
    engine = Engine(d.conn, d.catalog)
    engine.step(NOW)
    engine.step(NOW + timedelta(minutes=1))
    online.keep(d.conn, d.catalog, NOW)
    row = d.conn.execute("SELECT id FROM alert WHERE station = 'PD-09' AND cleared_at IS NULL").fetchone()
    recording.ack(d.conn, row["id"], d.actor("operator"), NOW, until=NOW + 2 * HOUR, note="正在看")


def _truth(d: District) -> None:
    admin = d.actor("admin")
    instruments.maintain(d.conn, "PD-10", NOW - timedelta(hours=20), NOW - timedelta(hours=18), "清淤", admin, NOW)
    instruments.calibrate(
        d.conn, d.catalog, "RG-01", "rain_1h", NOW - timedelta(days=1), None, admin, NOW, factor=1.1, why="比测记录 12 号"
    )


def _september(d: District) -> None:
    """Open work on the day itself: a joint event with one part answered, a photo of a worker, an order of the hotline."""
    d.now = NOW - 2 * HOUR
    joint = d.until("handling", cell="d")
    d.act(joint, Verb.JOIN, "dispatcher", minutes=1, org="swj", note="请配合抽排")
    d.act(joint, Verb.JOIN, "dispatcher", minutes=1, org=TOWN, note="请维持秩序")
    acting.answer_part(d.conn, d.catalog, joint.id, d.actor("swj"), d.now, note="已抽排")
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(out, "JPEG")
    with tempfile.TemporaryDirectory() as folder:
        kept = photos.store(
            d.conn, Path(folder), out.getvalue(), phase="report", by=d.who["worker1"].id, now=NOW - HOUR
        )
    d.now = NOW - HOUR
    d.report("worker1", "A", source=Source.GRID, photos=[kept.id])
    order = WorkOrder(
        "GZ2026090301", "办理中", "路面积水", "学校门口积水", sort="求助", urgency="一般",
        town="长沙镇", asked_at=NOW - HOUR, due_at=NOW + 24 * HOUR,
    )  # fmt: skip
    hotline.take(d.conn, d.catalog, order, NOW)
    d.conn.execute(
        "INSERT INTO receipt VALUES (%s, %s, %s, %s, '{\"id\": \"1\"}')",
        [uuid.UUID(int=7), d.who["public"].id, hashlib.sha256(b"asked").digest(), NOW],
    )


def _doors(d: District) -> None:
    """Warnings, files, keys of departments, log-ins."""
    given = {"sender": SENDER, "status": "Actual", "scope": "Public", "event": "暴雨", "headline": "暴雨黄色预警信号"}
    first = HazardWarning("w1", sent=NOW - 3 * HOUR, msg_type="Alert", level=Level.BLUE, **given)
    later = HazardWarning(
        "w2", sent=NOW - HOUR, msg_type="Update", level=Level.YELLOW, refers=((SENDER, "w1"),), expires=NOW + 6 * HOUR,
        area={"desc": "梅江区", "geocodes": [], "polygons": [], "circles": []}, **given,
    )  # fmt: skip
    for warning in (first, later):
        public_warnings.store(d.conn, warning, NOW)
    d.conn.execute(
        "INSERT INTO intake_file (feed, name, sha256, by, received_at, finished_at, state, rows, stored, report) VALUES"
        " ('rain', '雨情.csv', %s, 'admin', %s, %s, 'done', 3, 3, %s)",
        [hashlib.sha256(b"file").hexdigest(), NOW, NOW, Jsonb({"says": "全部入库"})],
    )
    ident, _ = push_keys.make(d.conn, SEAL, "admin员", "qxj", ["rain"], NOW, NOW + timedelta(days=365), "雨情推送")
    d.conn.execute(
        "INSERT INTO push_receipt VALUES (%s, 't1', %s, %s, 200, '{\"stored\": 1}')",
        [ident, hashlib.sha256(b"body").digest(), NOW],
    )
    accounts.set_password(d.conn, "operator", "Before-test-2026", now=NOW - HOUR)
    accounts.set_password(d.conn, "operator", PASSWORD, now=NOW - HOUR)
    d.conn.execute("UPDATE person SET must_change = false WHERE login = 'operator'")
    sessions.open_session(d.conn, people.by_login(d.conn, "operator"), NOW, Settings(), ip="10.0.0.7", agent="browser")
    # A name in place of the random token, so that nothing secret stands in the repository.
    d.conn.execute("UPDATE session SET token_hash = %s", [hashlib.sha256(TOKEN.encode()).digest()])
    assert db.one(d.conn, "event_log_first_broken") is None
