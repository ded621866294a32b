"""Polling a table of another office, kills in the middle, and other workers."""

from __future__ import annotations

import itertools
import json
import os
import signal
import threading
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brain.settings import Settings
from brain.store import db
from ingest import practice
from ingest.doors.poll import polling, sources
from ingest.doors.poll.polling import Door, ask
from tests.record.intake.poll.polled import RAIN, SQL, answer, rain, told


def test_a_table_of_another_office_is_read_page_by_page(poller, hands, theirs):
    theirs(1, 25)
    one = poller(SQL)
    while one.turn() == 0:
        pass
    assert len(hands.readings()) == 25
    assert told(hands.look)["cursor"] == "25"
    theirs(26, 27)
    hands.now += timedelta(seconds=60)
    one.turn()
    assert len(hands.readings()) == 27


def test_a_query_that_writes_is_refused_by_the_database(poller, hands, theirs, conn):
    theirs(1, 1)
    conn.execute("CREATE FUNCTION sly() RETURNS bigint LANGUAGE sql AS 'DELETE FROM theirs RETURNING id'")
    poller(SQL.replace("SELECT id,", "SELECT sly() AS id,")).turn()
    assert "read-only" in told(hands.look)["last_error"]
    hands.now += timedelta(hours=1)
    poller(SQL.replace("SELECT id", "DELETE FROM theirs; SELECT id")).turn()
    assert told(conn)["failures"] == 2
    assert conn.execute("SELECT count(*) AS n FROM theirs").fetchone()["n"] == 1


@pytest.mark.parametrize(
    ("way", "says"),
    [
        ("postgresql://reader:s3cret@127.0.0.1:1/theirs", "查询没有做成"),
        ("postgresql//reader:s3cret@127.0.0.1/theirs", "连接串写得不对"),
        ("postgresql://reader:s3cret@127.0.0.1:port/theirs", "查询没有做成"),
    ],
)
def test_the_password_of_their_database_is_in_no_error(declared, tmp_path, way, says):
    (tmp_path / "dsn").write_text(way)
    with pytest.raises(sources.Trouble, match=says) as trouble:
        ask(declared(SQL), None, practice.load().poll)
    assert "s3cret" not in str(trouble.value)


def test_a_cursor_of_another_kind_is_told_and_not_read_past(poller, hands, theirs):
    theirs(1, 3)
    poller(SQL).turn()
    theirs(4, 5)
    hands.now += timedelta(seconds=60)
    hands.look.execute("UPDATE poll_cursor SET cursor = 'yesterday'")
    poller(SQL).turn()
    assert "不是 number" in told(hands.look)["last_error"]


def test_a_database_of_theirs_that_stands_still_is_given_up_and_the_source_is_free_again(poller, hands, theirs, until, conn, db_url):
    """Neither its own time limit nor TCP's ends the wait for a server that is frozen: nobody would read the source again."""
    theirs(1, 1)
    one = poller(SQL.replace("page = 10", "page = 10\ntimeout_s = 2"))
    asking = threading.Thread(target=one.turn, daemon=True)
    waiting = "SELECT pid FROM pg_stat_activity WHERE application_name = 'brain poll' AND wait_event_type = 'Lock'"
    with db.connect(db_url, name="their clerk") as clerk, clerk.transaction():
        clerk.execute("LOCK TABLE theirs")
        asking.start()
        until(lambda: conn.execute(waiting).fetchone())
        pid = conn.execute(waiting).fetchone()["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            asking.join(8)
        finally:
            os.kill(pid, signal.SIGCONT)
    assert not asking.is_alive() and "查询没有做成" in told(conn)["last_error"]


class Killed(BaseException):
    """The process ends here."""


def test_a_kill_between_commit_and_cursor_makes_duplicates_and_no_second_reading(poller, hands, theirs, monkeypatch):
    theirs(1, 8)
    one = poller(SQL)

    def killed(conn, statement, /, **params):
        if statement == "poll_read":
            raise Killed
        return run(conn, statement, **params)

    run = db.run
    monkeypatch.setattr("ingest.doors.poll.polling.db.run", killed)
    with pytest.raises(Killed):
        one.turn()
    monkeypatch.undo()
    assert len(hands.readings()) == 8 and told(hands.look) is None
    poller(SQL).turn()
    assert len(hands.readings()) == 8
    assert told(hands.look)["cursor"] == "8"
    assert hands.adds_up()["rain"].duplicate == 8


def test_rows_that_are_not_safe_leave_the_cursor(hands, silent, site):
    answer(site, [rain(1)])
    silent(RAIN, settle_s=0.1).turn()
    assert "没能在" in told(hands.look)["last_error"] and told(hands.look)["cursor"] is None


def test_a_database_that_is_away_is_waited_for(poller, hands, site):
    one = poller(RAIN)
    answer(site, [rain(1)])
    good, one._connect = one._connect, lambda: psycopg.connect("postgresql://127.0.0.1:1/none", connect_timeout=2)
    assert one.turn() > 0 and site.asked == []
    one._connect = good
    one.turn()
    assert len(hands.readings()) == 1


def test_of_two_workers_one_asks(poller, site, hands, db_url):
    gate, inside = threading.Event(), threading.Event()

    def slow(query: dict) -> bytes:
        inside.set()
        assert gate.wait(10)
        return json.dumps([rain(1)]).encode()

    site.answers["/rain"] = slow
    first, second = poller(RAIN), poller(RAIN)
    asking = threading.Thread(target=first.turn)
    asking.start()
    assert inside.wait(10)
    assert second.turn() > 0
    gate.set()
    asking.join()
    assert len(site.asked) == 1 and len(hands.readings()) == 1
    second.turn()
    assert len(site.asked) == 1, "the other worker has just asked"


def test_the_door_asks_by_itself_until_it_is_stopped(poller, site, hands, until):
    door = Door([poller(RAIN)])
    answer(site, [rain(1)])
    door.start()
    until(lambda: len(hands.readings()) == 1)
    door.stop()
    door.finish()
    assert not door.failed


def test_the_sources_of_the_city_s_own_folder_become_a_door(declared, tmp_path, hands):
    (tmp_path / "none").mkdir()
    none = practice.load(str(tmp_path / "none"))
    assert polling.door(Settings(), none, hands.writer) is None
    declared(RAIN)
    door = polling.door(Settings(), practice.load(str(tmp_path)), hands.writer)
    assert [p.source.name for p in door.pollers] == ["a"]
    (tmp_path / "poll.toml").write_text("[source.a]\nfrom = 'json'\n")
    with pytest.raises(practice.BadPractice, match=r"source\.a 缺少 feed"):
        polling.door(Settings(), practice.load(str(tmp_path)), hands.writer)


_examples = itertools.count(10)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_rows_that_come_in_any_order_at_any_time_are_all_stored_once(poller, site, hands, conn, data):
    """A source whose rows appear late and out of order within `back`; kills lose the cursor's last move at times."""
    conn.execute("TRUNCATE poll_cursor")
    base = next(_examples) * 10**6  # each example has a time of its own: the database is the same
    offsets = data.draw(st.lists(st.integers(0, 600), min_size=1, max_size=12, unique=True))
    stored = len(hands.readings())
    one = poller(RAIN + 'cursor = "tm"\ncursor_as = "time"\nback = 3600\n')
    there: list[dict] = []
    kept = None
    for offset in offsets:
        there.append(rain(base + offset))
        if data.draw(st.booleans()):
            answer(site, data.draw(st.permutations(there)))
            hands.now += timedelta(seconds=60)
            kept = told(conn)
            one.turn()
            if kept and data.draw(st.booleans()):  # killed before the cursor moved
                db.run(conn, "poll_read", **{k: kept[k] for k in ("source", "cursor", "seen", "at")}, next_at=hands.now)
    answer(site, there)
    hands.now += timedelta(seconds=60)
    one.turn()
    assert len(hands.readings()) - stored == len({r["tm"] for r in there})
    hands.adds_up()
