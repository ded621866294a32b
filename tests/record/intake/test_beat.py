"""Signs of life of a worker: it beats when idle, says good-bye, and is missed within half a minute when it stands still."""

from __future__ import annotations

import signal
import socket
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import psycopg
import pytest

from brain.engine.loop import Engine
from brain.store import db
from ingest.doors.tcp import Server
from ingest.watch.beat import Beat
from tests.accounts import INTAKE, as_role


@pytest.fixture
def beat(hands, db_url):
    return Beat(lambda: db.connect(as_role(db_url, INTAKE), name="beat"), hands.writer, 3.0, monotonic=lambda: hands.ticks)


def row(conn) -> dict:
    return conn.execute("SELECT * FROM intake_worker WHERE worker = 'w1'").fetchone()


def test_an_idle_worker_beats_and_says_what_it_is(beat, hands, conn):
    assert beat.beat()
    first = row(conn)
    assert first["counts"] == {} and first["queued"] == 0 and first["stopped_at"] is None and first["pid"] > 0
    assert beat.beat()
    assert row(conn)["beat_at"] > first["beat_at"] and row(conn)["started_at"] == first["started_at"]


def test_a_beat_carries_the_accounts_the_queue_and_the_last_commit(beat, hands, conn):
    hands.rain(1)
    hands.writer.step()
    hands.rain(2)
    beat.beat()
    found = row(conn)
    assert found["counts"]["rain"] == {
        "received": 2, "stored": 1, "duplicate": 0, "dead": 0, "lost": 0, "in_flight": 1
    }  # fmt: skip
    assert found["queued"] == 1 and found["commit_at"] is not None


def test_a_door_that_is_shut_is_told_with_how_long(beat, hands, conn):
    door = SimpleNamespace(failed=False, state=lambda: {"connected": False, "subscribed": False})
    hands.writer.doors = {"mqtt": door, "files": SimpleNamespace(failed=False)}
    beat.beat()
    hands.ticks += 33
    beat.beat()
    assert row(conn)["doors"]["mqtt"] == {"connected": False, "subscribed": False, "down_s": 33.0}
    assert row(conn)["doors"]["files"] == {"connected": True, "down_s": 0.0}


def test_a_worker_that_ends_says_good_bye_but_one_that_failed_is_to_be_missed(beat, conn):
    beat.start()
    beat.finish(failed=False)
    assert row(conn)["stopped_at"] is not None
    beat.beat(stopped=False)
    assert row(conn)["stopped_at"] is None


def test_a_beat_without_a_database_is_left_out_and_nothing_else_happens(hands):
    def away() -> psycopg.Connection:
        raise psycopg.OperationalError("connection refused")

    assert Beat(away, hands.writer, 3.0).beat() is False


def test_the_feeds_declare_themselves(beat, conn):
    beat.beat()
    found = {r["feed"]: r for r in conn.execute("SELECT * FROM feed_known")}
    assert found["water"]["org"] == "swj" and found["water"]["title"] == "水情水质"


def test_a_worker_that_is_stopped_in_its_tracks_raises_an_alert_within_thirty_seconds(
    start, conn, catalog, until, name
):
    """A real process, a real SIGSTOP, the real engine by the wall clock; with SIGCONT the alert clears by itself."""
    conn.execute("INSERT INTO place (code, kind, name, lng, lat) VALUES ('441402', 'district', '梅江区', 116.1, 24.3)")
    worker = start()
    until(lambda: conn.execute("SELECT 1 FROM intake_worker").fetchone())
    engine = Engine(conn, catalog)

    def stalled() -> dict | None:
        engine.step(datetime.now(UTC))
        return conn.execute("SELECT * FROM alert WHERE rule = 'intake_stalled' AND cleared_at IS NULL").fetchone()

    assert stalled() is None
    worker.process.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    try:
        until(stalled, 30)
    finally:
        worker.process.send_signal(signal.SIGCONT)
    took = time.monotonic() - stopped
    alert = conn.execute("SELECT * FROM alert WHERE rule = 'intake_stalled'").fetchone()
    assert took <= 30 and alert["station"] == f"IN-{name}" and "没有心跳" in alert["message"]
    until(lambda: stalled() is None, 30)
    assert worker.stop() == 0


def test_a_tcp_door_says_whether_it_listens_and_how_many_lines_it_has(until):
    quiet = SimpleNamespace(received=lambda *_: None, tick=lambda *_: None, closed=lambda *_: None)
    server = Server("测试口", "127.0.0.1", 0, lambda line: quiet, lambda *_: None, idle_s=60)
    assert server.state()["connected"] is False
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)):
        until(lambda: server.state() == {"connected": True, "lines": 1}, 10)
    server.finish()
    assert server.state()["connected"] is False
