"""Whatever one turn meets, the tasks of the application's lifetime go on: pages keep hearing, and the fault is told once."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from brain.identity import people, tokens
from brain.settings import Settings
from brain.store import db
from brain.web import steady
from brain.web.door import lines
from brain.web.live import hub as live
from brain.web.live import reading

PATIENCE_S = 15.0


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch):
    monkeypatch.setattr(steady, "_told", set())


@pytest.fixture
def pool(city_url):
    with db.pool(city_url, size=3, name="tests") as pool:
        yield pool


@pytest.fixture
def hub(city_db, city_url, catalog, pool):
    return live.Hub(Settings(database_url=city_url), catalog, pool)


def run(coroutine):
    """Its result, from a loop in a thread of its own."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, coroutine).result()


async def until(met) -> None:
    async def look():
        while not met():
            await asyncio.sleep(0.02)

    await asyncio.wait_for(look(), PATIENCE_S)


def alert(conn, message: str, n: int = 0) -> None:
    conn.execute(
        "INSERT INTO alert (station, kind, rule, theme, level, peak, value, limit_value, message, opened_at, observed_at, changed_at)"
        " VALUES (%s, 'pond_depth', 'ladder', 'drainage', 2, 2, 27, 25, %s, now(), now(), now())",
        [f"PD-{n + 1:02d}", message],
    )


def heard(hub: live.Hub, message: str) -> bool:
    return any(a["message"] == message for a in hub.moment.alerts)


def all_run(hub: live.Hub) -> bool:
    return len(hub._tasks) == 3 and not any(task.done() for task in hub._tasks)


def faults(caplog) -> list[logging.LogRecord]:
    return [r for r in caplog.records if r.exc_info]


def test_a_topic_that_cannot_be_read_keeps_no_other_from_the_pages(hub, city_db, caplog, monkeypatch):
    broken = True
    whole = reading.public_warnings.active

    def active(conn, now):
        return 1 / 0 if broken else whole(conn, now)

    monkeypatch.setattr(reading.public_warnings, "active", active)

    async def live_on():
        nonlocal broken
        await hub.start()
        try:
            await until(lambda: hub.listening)
            for n in range(3):
                alert(city_db, f"告警 {n}", n)
                hub.mark("warnings", "alerts")
                await until(lambda n=n: heard(hub, f"告警 {n}"))
            assert all_run(hub) and hub._unread == {"warnings"}
            broken = False
            hub.mark(*hub._unread)
            await until(lambda: not hub._unread)
        finally:
            await hub.stop()

    run(live_on())
    assert ["warnings" in r.getMessage() for r in faults(caplog)] == [True]


def test_a_process_starts_though_a_topic_cannot_be_read(hub, city_db, monkeypatch):
    monkeypatch.setattr(reading.public_warnings, "active", lambda conn, now: 1 / 0)
    alert(city_db, "告警")

    async def begin():
        await hub.start()
        await hub.stop()

    run(begin())
    assert heard(hub, "告警") and hub._unread == {"warnings"}


def test_a_value_that_the_driver_cannot_read_is_no_database_that_is_away(hub, city_db, monkeypatch):
    def active(conn, now):
        raise psycopg.DataError("date too large")

    monkeypatch.setattr(reading.public_warnings, "active", active)
    hub.moment = reading.bare(city_db, datetime.now(UTC))
    alert(city_db, "告警")
    hub.moment, unread = hub._read({"alerts", "warnings"})
    assert heard(hub, "告警") and unread == {"warnings"}


@pytest.mark.parametrize("said", ["[1]", "7", "{", "null", '"x"'])
def test_a_notification_of_any_shape_leaves_the_ear_open(hub, city_db, said):
    async def live_on():
        await hub.start()
        try:
            await until(lambda: hub.listening)
            for channel in live.CHANNELS:
                city_db.execute("SELECT pg_notify(%s, %s)", [channel, said])
            before = hub.refreshes
            alert(city_db, "告警")
            city_db.execute("SELECT pg_notify('brain_alert', '')")
            await until(lambda: hub.refreshes > before and heard(hub, "告警"))
            assert hub.listening and all_run(hub)
        finally:
            await hub.stop()

    run(live_on())


def test_whoever_is_told_of_a_session_may_fail_and_the_ear_opens_again(hub, city_db, caplog):
    def fails():
        raise KeyError("line")

    hub.on_session = fails

    async def live_on():
        await hub.start()
        try:
            await until(lambda: hub.listening)
            city_db.execute("SELECT pg_notify('brain_session', '')")
            await until(lambda: faults(caplog))
            await until(lambda: hub.listening)
            alert(city_db, "告警")
            city_db.execute("SELECT pg_notify('brain_alert', '')")
            await until(lambda: heard(hub, "告警"))
        finally:
            await hub.stop()

    run(live_on())
    assert len(faults(caplog)) == 1


def test_a_page_whose_parts_cannot_be_made_keeps_its_line_and_hears_when_they_can(hub, city_db, caplog, monkeypatch):
    monkeypatch.setattr(live, "BEAT_S", 0.05)
    monkeypatch.setattr(live, "BURST_S", 0.0)
    hub.moment = reading.bare(city_db, datetime.now(UTC))
    broken, sent = True, []

    def parts(seat, moment):
        if broken:
            raise RuntimeError("a shape nobody foresaw")
        return {("part", "children"): "now"}

    async def live_on():
        nonlocal broken
        seat = hub.sit("p", people.by_login(city_db, "leader1"), parts)
        line = asyncio.create_task(hub.run(seat, sent.append, lambda: None, None))
        await until(lambda: len(sent) >= 3)
        assert all(set(changes) == {live.BEAT} for changes in sent)
        broken = False
        await until(lambda: any(("part", "children") in c for c in sent))
        seat.generation += 1
        seat.wake.set()
        await line

    run(live_on())
    assert len(faults(caplog)) == 1


def test_a_job_that_ends_is_begun_again_until_it_is_cancelled(caplog):
    turns = []

    async def job():
        turns.append(1)
        raise RuntimeError("once more")

    async def live_on():
        task = asyncio.create_task(steady.steady(job, "试", again_s=0.0))
        await until(lambda: len(turns) >= 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()

    run(live_on())
    assert len(faults(caplog)) == 1


def test_one_line_that_cannot_be_ended_keeps_no_other_open(city_url, city_db, pool):
    held, ended = lines.Lines(Settings(database_url=city_url), pool), []
    person = people.by_login(city_db, "leader1")

    def fails():
        raise RuntimeError("gone already")

    held.open("one", person, fails)
    held.open("two", person, lambda: ended.append("two"))
    held.open("three", person, fails)
    assert run(held.check()) == 3 and ended == ["two"] and len(held) == 0


def test_a_session_whose_rights_cannot_be_read_ends_and_the_others_go_on(city_url, city_db, pool):
    held, ended, now = lines.Lines(Settings(database_url=city_url), pool), [], datetime.now(UTC)
    for login in ("leader1", "chief1"):
        person = people.by_login(city_db, login)
        city_db.execute(
            "INSERT INTO session (token_hash, person_id, ip, created_at, seen_at, expires_at) VALUES (%s, %s, '', %s, %s, %s)",
            [tokens.digest(login), person.id, now, now, now + timedelta(hours=1)],
        )
        held.open(login, person, lambda login=login: ended.append(login))
    city_db.execute("ALTER TABLE person DROP CONSTRAINT IF EXISTS person_role_check")
    city_db.execute("UPDATE person SET role = 'wizard' WHERE login = 'chief1'")
    assert run(held.check()) == 1 and ended == ["chief1"]
