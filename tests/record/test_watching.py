"""The engine watches over the intake itself: workers that stand still, feeds that have stopped; and what it counts of quality."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from brain.engine import watching
from brain.engine.loop import Engine
from brain.flow.measured import mending, readings
from brain.model import Quality, Reading, Role
from brain.store import db
from ingest import practice


@pytest.fixture
def engine(conn, catalog):
    return Engine(conn, catalog)


@pytest.fixture
def worker(district):
    """`worker("w1", ago=3)` writes a worker's row as it last was."""

    def write(name, ago=0.0, *, waiting_s=0.0, doors=None, stopped=False, **counts):
        at = district.now - timedelta(seconds=ago)
        district.conn.execute(
            "INSERT INTO intake_worker (worker, host, pid, started_at, beat_at, stopped_at, waiting_s, doors, counts)"
            " VALUES (%s, 'here', 1, %s, %s, %s, %s, %s, %s) ON CONFLICT (worker) DO UPDATE SET beat_at = excluded.beat_at,"
            " stopped_at = excluded.stopped_at, waiting_s = excluded.waiting_s, doors = excluded.doors",
            [name, at, at, at if stopped else None, waiting_s, Jsonb(doors or {}), Jsonb(counts)],
        )

    return write


def open_ones(conn):
    rows = conn.execute("SELECT * FROM alert WHERE theme = 'platform' AND cleared_at IS NULL ORDER BY id").fetchall()
    return [(r["station"], r["rule"], r["level"]) for r in rows]


def words(conn) -> str:
    return conn.execute("SELECT message FROM alert ORDER BY id DESC LIMIT 1").fetchone()["message"]


# Workers --------------------------------------------------------------------------------------------------------------
def test_a_worker_without_a_heartbeat_is_told_by_the_next_step_and_cleared_by_itself(district, engine, worker):
    worker("w1", ago=14)
    engine.step(district.now)
    assert open_ones(district.conn) == []
    district.now += timedelta(seconds=5)
    engine.step(district.now)
    assert open_ones(district.conn) == [("IN-w1", "intake_stalled", 3)]
    assert words(district.conn).startswith("接入进程 w1 已 19 秒没有心跳，达黄色限值 15 秒；")
    assert any("接入进程 w1" in n for n in district.notices("operator"))
    district.now += timedelta(seconds=200)
    engine.step(district.now)
    assert open_ones(district.conn) == [("IN-w1", "intake_stalled", 2)]
    worker("w1")
    district.now += timedelta(seconds=5)
    engine.step(district.now)
    assert open_ones(district.conn) == [] and words(district.conn)


def test_limit_step_and_beat_together_stay_within_thirty_seconds(catalog):
    """The engine looks every five seconds; a worker may stop just after a beat, or just before."""
    rule = catalog.rules["platform", "intake_stalled"]
    assert min(rule.limits.values()) + 5 + practice.load().beat_s <= 30


def test_a_message_that_waits_too_long_in_a_worker_that_lives_is_told(district, engine, worker):
    worker("w1", waiting_s=16)
    engine.step(district.now)
    assert open_ones(district.conn) and "有报文在等" in words(district.conn)


def test_a_door_that_is_not_connected_is_told(district, engine, worker):
    worker("w1", doors={"mqtt": {"connected": False, "down_s": 40}, "files": {"connected": True, "down_s": 0}})
    engine.step(district.now)
    assert "接入口 mqtt 没有连上" in words(district.conn)


def test_a_worker_that_said_good_bye_is_missed_only_when_no_other_one_works(district, engine, worker):
    worker("w1", ago=3600, stopped=True)
    worker("w2")
    engine.step(district.now)
    assert open_ones(district.conn) == []
    district.now += timedelta(seconds=30)
    engine.step(district.now)
    assert {station for station, _, _ in open_ones(district.conn)} == {"IN-w1", "IN-w2"}


def test_a_worker_that_is_gone_for_good_is_forgotten_and_its_alert_withdrawn(district, engine, worker):
    worker("w1", ago=60)
    engine.step(district.now)
    assert len(open_ones(district.conn)) == 1
    district.now += timedelta(days=1)
    engine.step(district.now)
    assert open_ones(district.conn) == [] and db.many(district.conn, "intake_workers") == []


def test_looking_again_changes_nothing(district, worker, catalog):
    worker("w1", ago=60)
    assert watching.watch(district.conn, catalog, district.now) == 1
    assert watching.watch(district.conn, catalog, district.now + timedelta(seconds=5)) == 0
    assert district.conn.execute("SELECT count(*) AS n FROM alert_log").fetchone()["n"] == 1


def test_an_alert_of_the_platform_lies_in_the_middle_of_the_district_and_belongs_to_no_theme_of_the_city(
    district, engine, worker
):
    worker("w1", ago=60)
    engine.step(district.now)
    [row] = db.many(district.conn, "web_alerts", limit=10)
    assert (row["name"], row["theme"], row["event_id"]) == ("接入进程 w1", "platform", None) and row["lng"] is not None
    assert "platform" not in district.catalog.themes


# Feeds ----------------------------------------------------------------------------------------------------------------
def deliver(district, at, *stations, kind="rain_1h", feed="rain", quality=Quality.OK, delay=2.0, n=1):
    found = [
        Reading(s, kind, at - timedelta(seconds=delay + k), 1.0, quality) for s in stations for k in range(n)
    ]  # fmt: skip
    readings.store(
        district.conn, feed=feed, worker="w1", lane="live", received_at=at, readings=found, received=len(found)
    )


def test_a_feed_that_always_comes_and_has_stopped_is_told_once_for_all_its_stations(district, engine):
    for s in ("RG-01", "RG-02"):
        district.station(s, "rain")
    deliver(district, district.now, "RG-01", "RG-02")
    engine.step(district.now)
    engine.step(district.now + timedelta(hours=2, minutes=59))
    assert open_ones(district.conn) == []
    engine.step(district.now + timedelta(hours=3, minutes=1))
    assert open_ones(district.conn) == [("IN-feed-rain", "feed_stopped", 4)]
    district.now += timedelta(hours=4)
    deliver(district, district.now, "RG-01")
    engine.step(district.now)
    assert open_ones(district.conn) == []


def test_a_feed_of_one_station_is_left_to_the_silence_rule(district, engine):
    district.station("RG-01", "rain")
    deliver(district, district.now, "RG-01")
    engine.step(district.now)
    engine.step(district.now + timedelta(hours=5))
    assert open_ones(district.conn) == []


# Quality --------------------------------------------------------------------------------------------------------------
def quality(district, hours=24):
    return mending.summed(mending.pairs(district.conn, district.catalog, district.now, hours), "feed")


def test_every_batch_is_counted_once_however_often_one_counts(district):
    district.station("RG-01", "rain")
    for k in range(7):
        deliver(district, district.now - timedelta(minutes=k), "RG-01")
    assert mending.count(district.conn) == 7
    deliver(district, district.now, "RG-01", delay=50)
    assert mending.count(district.conn) == 1 and mending.count(district.conn) == 0
    assert quality(district)["rain"].n == 8
    rates = db.many(district.conn, "quality_rates", step_s=60, since=district.now - timedelta(hours=1))
    assert sum(r["received"] for r in rates) == 8 and len(rates) == 7


def test_the_arrival_rate_holds_each_station_to_its_own_period(district):
    """Over four hours, hourly rain: one that came each hour, one that came twice, one that sent all it had at once."""
    district.now = district.now.replace(minute=59)
    for s in ("RG-01", "RG-02", "RG-03"):
        district.station(s, "rain")
    for hour in range(5):
        at = district.now - timedelta(hours=hour)
        deliver(district, at, "RG-01", *(["RG-02"] if hour in (0, 4) else []))
    deliver(district, district.now - timedelta(hours=4), "RG-03", n=20)
    mending.count(district.conn)
    found = mending.summed(mending.pairs(district.conn, district.catalog, district.now, 24), "station")
    assert found["RG-01"].arrival == pytest.approx(1, abs=0.01)
    assert found["RG-02"].arrival == pytest.approx(2 / 4, abs=0.01)
    assert found["RG-03"].arrival == pytest.approx(1 / 4, abs=0.01)
    assert quality(district)["rain"].arrival == pytest.approx((4 + 2 + 1) / 12, abs=0.01)


def test_nothing_is_expected_of_the_time_before_a_feed_first_came(district):
    """A platform that was started ten minutes ago: a minute's period, each minute a message."""
    district.now = district.now.replace(minute=50)
    district.station("CAM-1", "cameras")
    for minute in range(10):
        deliver(district, district.now - timedelta(minutes=minute), "CAM-1", kind="camera_online", feed="cameras")
    mending.count(district.conn)
    assert quality(district)["cameras"].arrival == pytest.approx(1, abs=0.01)
    assert quality(district)["cameras"].expected == pytest.approx(9, abs=0.1)


def test_a_station_that_stays_away_lowers_the_rate_and_one_that_is_switched_off_does_not(district):
    district.now = district.now.replace(minute=59)
    for s in ("RG-01", "RG-02"):
        district.station(s, "rain")
    for hour in range(30):
        deliver(district, district.now - timedelta(hours=hour), "RG-01", *(["RG-02"] if hour > 26 else []))
    mending.count(district.conn)
    assert quality(district)["rain"].arrival == pytest.approx(0.5, abs=0.03)
    district.conn.execute("UPDATE station SET active = false WHERE id = 'RG-02'")
    assert quality(district)["rain"].arrival == pytest.approx(1, abs=0.01)


def test_the_validity_rate_counts_what_rules_accept(district):
    district.station("RG-01", "rain")
    deliver(district, district.now, "RG-01", n=3)
    deliver(district, district.now, "RG-01", quality=Quality.SUSPECT, delay=900)
    mending.count(district.conn)
    assert quality(district)["rain"].validity == 0.75


def test_delays_are_told_within_a_tenth(district):
    district.station("RG-01", "rain")
    for k in range(100):
        deliver(district, district.now - timedelta(seconds=10 * k), "RG-01", delay=3.0 if k < 90 else 1000.0)
    mending.count(district.conn)
    found = quality(district)["rain"]
    assert found.delay(0.5) == pytest.approx(3, rel=0.1) and found.delay(0.95) == pytest.approx(1000, rel=0.1)


def test_a_reading_from_a_clock_that_runs_ahead_has_the_shortest_delay(district):
    district.station("RG-01", "rain")
    deliver(district, district.now, "RG-01", delay=-60)
    mending.count(district.conn)
    assert quality(district)["rain"].delay(0.5) < 0.1


# Who sees what --------------------------------------------------------------------------------------------------------
def test_a_department_reads_about_its_own_feeds_and_the_duty_desk_about_all(district):
    for feed, org in (("water", "swj"), ("drainage", "cgj")):
        district.conn.execute("INSERT INTO feed_known VALUES (%s, %s, %s, %s, '')", [feed, feed, feed, org])
    district.conn.execute("INSERT INTO feed_status (feed) VALUES ('spill')")

    def seen(login):
        return {f["feed"] for f in mending.feeds_of(district.conn, district.who[login])}

    assert seen("swj") == {"water"} and seen("cgj") == {"drainage"} and seen("town") == set()
    assert seen("operator") == seen("chief") == seen("admin") == {"water", "drainage", "spill"}
    assert seen("worker1") == seen("public") == set()
    assert [login for login, person in district.who.items() if mending.may_change(person)] == ["admin"]
    nobody = replace(district.who["swj"], org=None)
    assert nobody.role is Role.DEPARTMENT and mending.feeds_of(district.conn, nobody) == []


# Reasons --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rule", "reason", "words"),
    [
        ("range", "RG-01 的1小时雨量（mm）为 999，超出合理范围 0–250", "RG-01 的1小时雨量（mm）为 …，超出合理范围 …–…"),
        ("range", "WL-02 的水位为 -12.5e3，超出", "WL-02 的水位为 …，超出"),
        ("time", "RG-01 的观测时间是 2031-01-02 03:04:05Z，在未来", "RG-01 的观测时间是 …，在未来"),
        ("decode", "第 17 字节起不是 UTF-8 文字", "第 … 字节起不是 UTF-8 文字"),
        ("station", "测站 77 没有登记", "测站 77 没有登记"),
    ],
)
def test_letters_of_one_cause_stand_together(conn, rule, reason, words):
    assert conn.execute("SELECT brain_reason_words(%s, %s) AS w", [rule, reason]).fetchone()["w"] == words


def test_a_back_fill_is_counted_in_bites_that_hold_nobody_up(district, monkeypatch):
    district.station("RG-01", "rain")
    for k in range(6):
        deliver(district, district.now - timedelta(minutes=k), "RG-01", n=10)
    monkeypatch.setattr(mending, "BITE", (4, 25))
    assert [mending.count(district.conn) for _ in range(4)] == [3, 3, 0, 0]
    assert quality(district)["rain"].n == 60
