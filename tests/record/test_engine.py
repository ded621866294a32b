"""The engine through the database: batches to alerts and events, exactly once, whatever falls over in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from brain.engine.loop import Engine
from brain.flow.alerts import recording
from brain.flow.events import acting, escalation
from brain.flow.measured import readings
from brain.model import Quality, Reading, State
from brain.rules import thresholds
from brain.store import db
from tests.accounts import APP, as_role


@pytest.fixture
def engine(conn, catalog):
    return Engine(conn, catalog)


@pytest.fixture
def send(district):
    """Store one batch: `send("PD-09", pond_depth=16.0)`; `ago` minutes before the district's now."""

    def store(station, *, ago=0.0, lane="live", quality=Quality.OK, feed="drainage", **values):
        at = district.now - timedelta(minutes=ago)
        batch = [Reading(station, kind, at, value, quality) for kind, value in values.items()]
        return readings.store(
            district.conn,
            feed=feed,
            worker="w1",
            lane=lane,
            received_at=district.now,
            readings=batch,
            received=len(batch),
        )

    return store


def open_alerts(conn, kind="pond_depth"):
    return [
        recording.alert_of(r)
        for r in conn.execute("SELECT * FROM alert WHERE cleared_at IS NULL AND kind = %s ORDER BY id", [kind])
    ]


def counts(conn):
    return {
        table: conn.execute(f"SELECT count(*) AS n FROM {table}").fetchone()["n"]
        for table in ("alert", "alert_log", "event", "event_log", "notice")
    }


def test_a_reading_over_its_limit_becomes_an_alert_and_an_event_in_one_step(district, engine, send):
    district.station("PD-09", "drainage", org="cgj")
    send("PD-09", pond_depth=16.0)
    assert engine.step(district.now) >= 1
    alert = open_alerts(district.conn)[0]
    event = acting.get(district.conn, alert.event_id)
    assert (alert.station, alert.level.key, alert.observed_at) == ("PD-09", "yellow", district.now)
    assert (event.category, event.state) == ("matter:10901", State.ACCEPTED)
    assert "积水深度" in event.description and alert.evidence["version"] == 1
    assert district.notices("operator")


def test_a_step_without_work_says_zero(district, engine):
    engine.step(district.now)
    assert engine.step(district.now) == 0


def test_the_same_batch_is_consumed_once(district, engine, send):
    district.station("PD-09", "drainage")
    send("PD-09", pond_depth=16.0)
    engine.step(district.now)
    before = counts(district.conn)
    engine.step(district.now)
    Engine(district.conn, district.catalog).step(district.now)
    assert counts(district.conn) == before


def test_a_rise_and_a_fall_in_one_batch_are_both_told(district, engine, send):
    district.station("PD-09", "drainage")
    for ago, depth in ((60, 16.0), (50, 41.0), (40, 1.0), (20, 1.0)):
        send("PD-09", ago=ago, pond_depth=depth)
    engine.step(district.now)
    assert open_alerts(district.conn) == []
    row = district.conn.execute("SELECT id, peak FROM alert WHERE kind = 'pond_depth'").fetchone()
    assert row["peak"] == 1
    assert [w["what"] for w in recording.log_of(district.conn, row["id"])] == ["open", "event", "change", "clear"]


def test_a_rise_long_before_the_newest_record_is_told_when_the_engine_catches_up(district, engine, send):
    """Many chunks wait: the records of the later ones must not push out those that the engine has come to."""
    district.station("PD-09", "drainage")
    for n in range(300):
        send("PD-09", ago=300 - n, pond_depth=41.0 if n == 5 else 1.0)
    engine.step(district.now)
    row = district.conn.execute("SELECT peak FROM alert WHERE kind = 'pond_depth'").fetchone()
    assert row is not None and row["peak"] == 1


def test_a_level_that_must_hold_opens_when_its_time_has_come_without_a_new_reading(district, engine, send):
    """Blue ponding counts after 300 s: the rule's `due` stands in its row, and the step finds it."""
    district.station("PD-09", "drainage")
    send("PD-09", pond_depth=6.0)
    engine.step(district.now)
    assert open_alerts(district.conn) == []
    engine.step(district.now + timedelta(seconds=299))
    assert open_alerts(district.conn) == []
    engine.step(district.now + timedelta(seconds=300))
    assert [a.level.key for a in open_alerts(district.conn)] == ["blue"]


def test_a_station_that_falls_silent_raises_an_alert_and_a_new_reading_ends_it(district, engine, send):
    district.station("PD-09", "drainage")
    send("PD-09", pond_depth=0.0)
    engine.step(district.now)
    engine.step(district.now + timedelta(minutes=29))
    assert open_alerts(district.conn, "device") == []
    engine.step(district.now + timedelta(minutes=30))
    assert [a.rule for a in open_alerts(district.conn, "device")] == ["silence_drainage"]
    district.now += timedelta(minutes=31)
    send("PD-09", pond_depth=0.0)
    engine.step(district.now)
    assert open_alerts(district.conn, "device") == []


def test_a_station_that_never_reported_is_missed_too(district, engine):
    district.station("PD-09", "drainage")
    district.station("WL-09", "water", kinds=["water_level"])
    district.station("FW-999", "fire")
    engine.step(district.now)
    engine.step(district.now + timedelta(hours=8))
    assert {(a.station, a.rule) for a in open_alerts(district.conn, "device")} == {
        ("PD-09", "silence_drainage"), ("WL-09", "silence_level"),
    }  # fmt: skip


def test_a_station_that_never_reported_is_expected_to_send_what_stations_named_alike_send(district, engine, send):
    for name in ("WL-08", "WL-09", "WQ-09"):
        district.station(name, "water")
    send("WL-08", feed="water", water_level=70.0)
    engine.step(district.now)
    engine.step(district.now + timedelta(minutes=1))
    engine.step(district.now + timedelta(hours=8))
    assert [a.station for a in open_alerts(district.conn, "device")] == ["WL-08", "WL-09"]


def test_a_gauge_of_a_fire_device_that_speaks_is_not_missed_for_what_only_the_device_says(district, engine, send):
    """Codes of devices and of their measuring points begin alike, so the engine expects of both what one of them sent."""
    district.station("440302000017", "fire")
    district.station("440302000017/11-1-99-0.12", "fire")
    send("440302000017", feed="gb26875", fire_alarm=0.0)
    engine.step(district.now)
    engine.step(district.now + timedelta(minutes=1))
    district.now += timedelta(hours=1)
    send("440302000017/11-1-99-0.12", feed="gb26875", fire_pressure=0.3)
    engine.step(district.now + timedelta(minutes=90))
    assert [a.station for a in open_alerts(district.conn, "device")] == ["440302000017"]


def test_a_station_switched_off_withdraws_its_alerts_and_is_asked_no_more(district, engine, send):
    district.station("PD-09", "drainage")
    send("PD-09", pond_depth=16.0)
    engine.step(district.now)
    district.conn.execute("UPDATE station SET active = false")
    engine.step(district.now + timedelta(minutes=5))
    engine.step(district.now + timedelta(hours=3))
    assert open_alerts(district.conn) == open_alerts(district.conn, "device") == []
    assert district.conn.execute("SELECT count(*) AS n FROM rule_state WHERE due IS NOT NULL").fetchone()["n"] == 0


def test_back_filled_readings_make_late_alerts_that_page_nobody(district, engine, send):
    district.station("PD-09", "drainage")
    send("PD-09", ago=300, lane="history", pond_depth=41.0)
    engine.step(district.now)
    assert [a.late for a in open_alerts(district.conn)] == [True]
    assert counts(district.conn)["event"] == 0
    assert not [n for n in district.notices("operator") if "积水" in n]


def test_a_live_reading_makes_a_late_alert_count(district, engine, send):
    district.station("PD-09", "drainage")
    send("PD-09", ago=300, quality=Quality.LATE, pond_depth=41.0)
    engine.step(district.now)
    send("PD-09", pond_depth=42.0)
    engine.step(district.now)
    assert [a.late for a in open_alerts(district.conn)] == [False] and counts(district.conn)["event"] == 1


def test_readings_outside_trust_do_not_alarm(district, engine, send):
    district.station("PD-09", "drainage")
    send("PD-09", quality=Quality.RANGE, pond_depth=480.0)
    send("PD-09", ago=1, quality=Quality.MAINTENANCE, pond_depth=41.0)
    engine.step(district.now)
    assert open_alerts(district.conn) == []


def test_flags_of_a_rule_are_written_back_and_the_next_rules_see_them(district, engine, send):
    """A lone jump of a whole water sample is suspected, so its class alarms nobody; the record keeps the mark."""
    district.station("WQ-09", "water", target=2)
    good = {"ph": 7.2, "dissolved_oxygen": 8.0, "codmn": 2.1, "ammonia": 0.08, "total_phosphorus": 0.05,
            "total_nitrogen": 1.2, "conductivity": 120.0, "turbidity": 12.0, "water_temp": 22.0}  # fmt: skip
    for n in range(16):
        send("WQ-09", ago=(17 - n) * 240, feed="water", **{k: v * (1 + 0.01 * (n % 3)) for k, v in good.items()})
    bad = good | {"ph": 4.1, "dissolved_oxygen": 0.4, "codmn": 18.0, "ammonia": 6.0, "total_phosphorus": 1.9,
                  "total_nitrogen": 9.0, "conductivity": 600.0}  # fmt: skip
    send("WQ-09", feed="water", **bad)
    engine.step(district.now)
    marked = district.conn.execute("SELECT count(*) AS n FROM reading WHERE quality = 'suspect'").fetchone()["n"]
    assert marked == len(bad)
    assert open_alerts(district.conn, "water_class") == []
    assert [a.rule for a in open_alerts(district.conn, "device")] == ["suspect_water"]


# Poison -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def poison(monkeypatch):
    """A rule type that fails at one station."""
    real = thresholds.TYPES["ladder"]

    def ladder(rule, station, trail, held, now):
        if station.id == "PD-10":
            raise ZeroDivisionError("bad limits")
        return real(rule, station, trail, held, now)

    monkeypatch.setitem(thresholds.TYPES, "ladder", ladder)
    return lambda: monkeypatch.setitem(thresholds.TYPES, "ladder", real)


def test_a_rule_that_fails_is_written_down_and_the_batch_goes_on(district, engine, send, poison):
    for name in ("PD-09", "PD-10"):
        district.station(name, "drainage")
        send(name, pond_depth=16.0)
    engine.step(district.now)
    assert [a.station for a in open_alerts(district.conn)] == ["PD-09"]
    own = open_alerts(district.conn, "device")
    assert [(a.station, a.rule) for a in own] == [("PD-10", "engine")]
    assert own[0].evidence["rules"] == ["pond_depth/ladder"] and "bad limits" in own[0].evidence["error"]
    audit = district.conn.execute("SELECT * FROM audit WHERE action = 'rule_failed'").fetchall()
    assert len(audit) == 1 and audit[0]["object"] == "PD-10 pond_depth/ladder"
    assert engine.step(district.now) == 0


def test_a_failure_is_told_once_and_ends_when_the_rule_works_again(district, engine, send, poison):
    district.station("PD-10", "drainage")
    for ago in (3, 2, 1):
        send("PD-10", ago=ago, pond_depth=16.0)
        engine.step(district.now)
    assert district.conn.execute("SELECT count(*) AS n FROM audit WHERE action = 'rule_failed'").fetchone()["n"] == 1
    poison()
    send("PD-10", pond_depth=16.0)
    Engine(district.conn, district.catalog).step(district.now)  # a new engine knows what failed before it
    assert open_alerts(district.conn, "device") == [] and len(open_alerts(district.conn)) == 1


def test_an_effect_that_the_database_refuses_does_not_stop_the_others(district, engine, send, monkeypatch):
    for name in ("PD-09", "PD-10"):
        district.station(name, "drainage")
        send(name, pond_depth=16.0)
    real = acting.report

    def report(conn, *args, station, **more):
        if station == "PD-09":
            conn.execute("SELECT 1/0")
        return real(conn, *args, station=station, **more)

    monkeypatch.setattr(acting, "report", report)
    engine.step(district.now)
    assert [a.station for a in open_alerts(district.conn)] == ["PD-10"]
    assert [a.station for a in open_alerts(district.conn, "device")] == ["PD-09"]


# Restart ------------------------------------------------------------------------------------------------------------
class PowerCut(psycopg.OperationalError):
    """The database went away in the middle of a chunk."""


@pytest.mark.parametrize("where", ["save_states", "confirm", "apply_many"])
def test_after_a_crash_in_the_middle_the_batch_has_all_its_effects_once(district, send, where, db_url, monkeypatch):
    district.station("PD-09", "drainage", org="cgj")
    send("PD-09", pond_depth=16.0)

    def cut(*_, **__):
        raise PowerCut("cut")

    with monkeypatch.context() as broken:
        broken.setattr(recording, where, cut)
        with Engine(as_role(db_url, APP), district.catalog) as first, pytest.raises(PowerCut):
            first.step(district.now)
    assert counts(district.conn)["alert"] == 0
    with Engine(as_role(db_url, APP), district.catalog) as second:
        second.step(district.now)
    once = counts(district.conn)
    assert once["alert"] == once["event"] == 1
    with Engine(as_role(db_url, APP), district.catalog) as third:
        third.step(district.now)
    assert counts(district.conn) == once


def test_a_restart_between_any_two_batches_gives_what_one_long_run_gives(district, send, db_url, catalog):
    """Pending holds, held levels and reminders stand in rows: forgetting the process forgets nothing."""
    series = [0.0, 6.0, 7.0, 16.0, 29.0, 41.0, 30.0, 12.0, 3.0, 1.0, *[0.0] * 8]

    def play(station, restart):
        district.station(station, "drainage", cell="A" if restart else "d")
        start, engine = district.now, Engine(as_role(db_url, APP), catalog)
        for step, depth in enumerate(series):
            district.now = start + timedelta(minutes=5 * step)
            send(station, pond_depth=depth)
            if restart:
                engine.close()
                engine = Engine(as_role(db_url, APP), catalog)
            engine.step(district.now)
        engine.close()
        district.now = start + timedelta(hours=3)
        rows = district.conn.execute(
            "SELECT l.what, l.level, l.value FROM alert a JOIN alert_log l ON l.alert_id = a.id"
            " WHERE a.station = %s AND a.kind = 'pond_depth' ORDER BY l.id", [station],
        ).fetchall()  # fmt: skip
        return [tuple(r.values()) for r in rows]

    restarted = play("PD-09", True)
    assert restarted == play("PD-10", False) and restarted[-1][0] == "clear"


def test_a_second_engine_stands_by_until_the_first_is_gone(district, send, db_url):
    district.station("PD-09", "drainage")
    first, second = Engine(as_role(db_url, APP), district.catalog), Engine(as_role(db_url, APP), district.catalog)
    first.step(district.now)
    send("PD-09", pond_depth=16.0)
    assert second.step(district.now) == 0 and counts(district.conn)["alert"] == 0
    first.close()
    deadline = time.monotonic() + 10  # the server needs a moment to see that a session has ended
    while second.step(district.now) == 0:
        assert time.monotonic() < deadline
    assert counts(district.conn)["alert"] == 1
    second.close()


def test_a_chore_that_fails_is_written_down_once_and_judging_goes_on(district, engine, send, monkeypatch):
    district.station("PD-09", "drainage")
    monkeypatch.setattr(escalation, "sweep", lambda *_: 1 / 0)
    send("PD-09", pond_depth=16.0)
    for seconds in range(3):
        engine.step(district.now + timedelta(seconds=seconds))
    assert len(open_alerts(district.conn)) == 1
    rows = district.conn.execute("SELECT detail FROM audit WHERE action = 'sweep' AND NOT ok").fetchall()
    assert [r["detail"]["error"] for r in rows] == ["ZeroDivisionError: division by zero"]


# House --------------------------------------------------------------------------------------------------------------
def test_the_engine_leaves_a_sign_of_life_with_its_lag(district, engine, send):
    district.station("PD-09", "drainage")
    send("PD-09", pond_depth=1.0)
    engine.step(district.now)
    beat = district.conn.execute("SELECT value FROM fact WHERE key = 'engine'").fetchone()["value"]
    assert (beat["batches"], beat["readings"], beat["lag_s"]) == (1, 1, 0.0)


def test_the_step_rolls_up_and_sweeps(district, engine, send, urgent):
    district.station("PD-09", "drainage")
    send("PD-09", ago=180, pond_depth=1.0)
    case = district.until("handling", category=urgent)
    engine.step(district.now)
    engine.step(case.due_at + timedelta(days=2))
    assert district.conn.execute("SELECT rung FROM event WHERE id = %s", [case.id]).fetchone()["rung"] == 4
    assert district.conn.execute("SELECT n FROM reading_1h WHERE station = 'PD-09'").fetchone()["n"] == 1


def test_a_long_back_fill_of_one_station_and_live_readings_of_another_pass_together(district, engine, send):
    for name in ("PD-09", "PD-10"):
        district.station(name, "drainage")
    old = [
        Reading(
            "PD-09", "pond_depth", district.now - timedelta(minutes=5 * n), 16.0 if 100 < n < 200 else 1.0, Quality.LATE
        )
        for n in range(1, 3000)
    ]
    readings.store(district.conn, feed="drainage", worker="w1", lane="history", received_at=district.now,
                   readings=old, received=len(old))  # fmt: skip
    send("PD-10", pond_depth=16.0)
    engine.step(district.now)
    rows = district.conn.execute("SELECT station, late, cleared_at FROM alert WHERE kind = 'pond_depth'").fetchall()
    assert {(r["station"], r["late"], r["cleared_at"] is None) for r in rows} == {
        ("PD-09", True, False),
        ("PD-10", False, True),
    }


def test_an_unknown_station_does_not_stop_a_batch(district, engine, send):
    district.station("PD-09", "drainage")
    readings.store(
        district.conn, feed="drainage", worker="w1", lane="live", received_at=district.now, received=2,
        readings=[Reading("XX-01", "pond_depth", district.now, 90.0), Reading("PD-09", "pond_depth", district.now, 16.0)],
    )  # fmt: skip
    engine.step(district.now)
    assert [a.station for a in open_alerts(district.conn)] == ["PD-09"]


def test_limits_of_a_station_go_before_the_rules(district, engine, send):
    district.station("WL-09", "water", limits={"water_level": {"yellow": 76.0, "red": 78.2}})
    send("WL-09", feed="water", water_level=76.4)
    engine.step(district.now)
    alert = open_alerts(district.conn, "water_level")[0]
    assert (alert.level.key, alert.limit_value, alert.evidence["station_override"]) == ("yellow", 76.0, True)


def test_new_limits_of_a_station_are_known_within_half_a_minute(district, engine, send):
    station = district.station("WL-09", "water", limits={"water_level": {"yellow": 76.0}})
    send("WL-09", ago=10, feed="water", water_level=75.0)
    engine.step(district.now)
    params = replace(station, params={"limits": {"water_level": {"yellow": 74.0}}}).params
    district.conn.execute("UPDATE station SET params = %s", [psycopg.types.json.Jsonb(params)])
    send("WL-09", feed="water", water_level=75.0)
    engine.step(district.now + timedelta(seconds=30))
    assert [a.limit_value for a in open_alerts(district.conn, "water_level")] == [74.0]


def test_the_process_ends_cleanly_at_sigterm(district, send, db_url, tmp_path):
    district.station("PD-09", "drainage")
    env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
        "BRAIN_DATABASE_URL": as_role(db_url, APP), "BRAIN_HOME": str(tmp_path), "BRAIN_SECRET_KEY": "w" * 48
    }  # fmt: skip
    code = "from brain.engine import loop; from brain import settings; raise SystemExit(loop.run(settings.read()))"
    process = subprocess.Popen([sys.executable, "-c", code], env=env, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 30
        with db.connect(db_url) as ear:
            ear.execute("LISTEN brain_alert")
            while not ear.execute("SELECT 1 FROM fact WHERE key = 'engine'").fetchone():
                assert time.monotonic() < deadline and process.poll() is None
                for _ in ear.notifies(timeout=0.2):
                    pass
            began = time.monotonic()
            send("PD-09", pond_depth=16.0)
            assert list(ear.notifies(timeout=10, stop_after=1))
            assert time.monotonic() - began < 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.stderr.close()


# What its sender calls a test -----------------------------------------------------------------------------------------
def test_a_test_is_judged_by_nobody_and_never_the_newest_value_nor_in_a_roll_up(district, engine, send):
    district.station("PD-09", "drainage")
    send("PD-09", ago=1, quality=Quality.TEST, pond_depth=99.0)
    send("PD-09", ago=2, quality=Quality.TEST, pond_depth=99.0)
    engine.step(district.now)
    assert counts(district.conn)["alert"] == 0
    assert district.conn.execute("SELECT count(*) AS n FROM latest").fetchone()["n"] == 0
    assert district.conn.execute("SELECT coalesce(sum(n), 0) AS n FROM reading_1h").fetchone()["n"] == 0
    send("PD-09", pond_depth=99.0)
    send("PD-09", ago=-1, quality=Quality.TEST, pond_depth=0.0)
    engine.step(district.now)
    (alert,) = open_alerts(district.conn)
    assert alert.value == 99.0
    assert district.conn.execute("SELECT value FROM latest").fetchone()["value"] == 99.0
