"""What people and neighbours know of an instrument, brought to what is stored: maintenance, calibration, drift."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from brain.city import ZONE
from brain.engine import upkeep
from brain.engine.loop import Engine
from brain.flow.measured import instruments, readings
from brain.identity.doing import Doer, Via
from brain.model import Quality, Reading, Refused

HOUR = timedelta(hours=1)
BY = Doer("运维", "localhost", Via.CLI)


@pytest.fixture
def put(conn, now):
    """Store readings of WQ-01 as they came in at `at`."""
    for n in range(1, 5):
        conn.execute(
            "INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, %s, 'water', %s, 24.3)",
            [f"WQ-{n:02d}", f"断面{n}", 116.1 + n / 100],
        )

    def put(*found: Reading, at: datetime = now) -> None:
        readings.store(
            conn, feed="water", worker="w1", lane="live", received_at=at, readings=found, received=len(found)
        )

    return put


def ph(at: datetime, value: float = 7.0, station: str = "WQ-01") -> Reading:
    return Reading(station, "ph", at, value)


def stored(conn, station: str = "WQ-01") -> list[tuple[float, str]]:
    rows = conn.execute("SELECT value, quality FROM reading WHERE station = %s ORDER BY at", [station])
    return [(r["value"], r["quality"]) for r in rows]


# Maintenance --------------------------------------------------------------------------------------------------------
def test_work_entered_afterwards_marks_what_is_stored_and_loses_nothing(conn, now, put):
    put(ph(now - 2 * HOUR, 3.0), ph(now - HOUR, 12.0), ph(now, 7.0))
    instruments.maintain(conn, "WQ-01", now - 2 * HOUR, now, "更换试剂", BY, now)
    assert stored(conn) == [(3.0, "maintenance"), (12.0, "maintenance"), (7.0, "ok")]


def test_a_closed_hour_is_counted_anew_without_what_was_under_maintenance(conn, now, put):
    put(ph(now, 13.0))
    readings.roll_up(conn, now + 5 * HOUR)
    instruments.maintain(conn, "WQ-01", now, now + HOUR, "比测", BY, now + 5 * HOUR)
    readings.roll_up(conn, now + 5 * HOUR)
    assert conn.execute("SELECT n, high FROM reading_1h").fetchone() == {"n": 0, "high": None}


def test_what_a_batch_under_way_stored_unmarked_is_marked_a_minute_later(conn, now, put):
    instruments.maintain(conn, "WQ-01", now, now + HOUR, "更换试剂", BY, now)
    put(ph(now, 12.0))  # by a worker that did not know yet
    assert instruments.settle(conn, now + timedelta(seconds=59)) == 0
    assert instruments.settle(conn, now + timedelta(seconds=60)) == 1
    assert stored(conn) == [(12.0, "maintenance")]
    assert instruments.settle(conn, now + HOUR) == 0


def test_the_work_can_be_ended_early(conn, now, put):
    instruments.maintain(conn, "WQ-01", now, now + 9 * HOUR, "更换试剂", BY, now)
    assert instruments.end_maintenance(conn, "WQ-01", BY, now + HOUR) == 1
    assert conn.execute("SELECT ends FROM maintenance").fetchone()["ends"] == now + HOUR


def test_a_station_under_maintenance_is_not_called_silent_and_its_silence_counts_from_the_end(conn, catalog, now, put):
    engine = Engine(conn, catalog)
    put(ph(now))
    engine.step(now)
    limit = timedelta(seconds=min(catalog.rules["device", "silence_water"].limits.values()))
    instruments.maintain(conn, "WQ-01", now + HOUR, now + 2 * limit, "大修", BY, now)

    def silent(at: datetime) -> bool:
        engine.step(at)
        row = conn.execute(
            "SELECT 1 FROM alert WHERE station = 'WQ-01' AND rule = 'silence_water' AND cleared_at IS NULL"
        ).fetchone()
        return row is not None

    assert not silent(now + limit + HOUR)
    assert not silent(now + 2 * limit + HOUR)
    assert silent(now + 3 * limit + HOUR)


@pytest.mark.parametrize(
    ("given", "says"),
    [({"station": "XX-1"}, "没有测站"), ({"ends": timedelta(0)}, "结束时间应晚于"), ({"why": " "}, "原因")],
)
def test_an_entry_that_makes_no_sense_is_refused_with_its_reason(conn, now, put, given, says):
    entry = {"station": "WQ-01", "ends": HOUR, "why": "检修"} | given
    with pytest.raises(Refused, match=says):
        instruments.maintain(conn, entry["station"], now, now + entry["ends"], entry["why"], BY, now)
    assert conn.execute("SELECT count(*) AS n FROM maintenance").fetchone()["n"] == 0


# Calibration --------------------------------------------------------------------------------------------------------
def test_each_stored_reading_is_corrected_exactly_once_whenever_it_came(conn, catalog, now, put):
    put(ph(now - HOUR, 6.0))
    instruments.calibrate(
        conn, catalog, "WQ-01", "ph", now - 2 * HOUR, None, BY, now, factor=1.1, addend=0.2, why="比测 26-017"
    )
    effective = conn.execute("SELECT effective FROM calibration").fetchone()["effective"]
    put(ph(now, 6.0), at=now + timedelta(seconds=1))  # before it takes effect: as sent
    put(ph(now + HOUR, 6.8), at=effective)  # from then on intake has corrected it already
    for minute in range(5):
        instruments.settle(conn, now + timedelta(minutes=minute))
    assert [value for value, _ in stored(conn)] == pytest.approx([6.8, 6.8, 6.8])
    assert readings.latest_of(conn, ["WQ-01"])["WQ-01", "ph"].value == pytest.approx(6.8)


def test_readings_outside_of_its_dates_stay_as_they_are(conn, catalog, now, put):
    put(ph(now - HOUR), ph(now), ph(now + HOUR))
    instruments.calibrate(conn, catalog, "WQ-01", "ph", now, now + HOUR, BY, now, addend=1.0, why="比测")
    instruments.settle(conn, now + HOUR)
    assert [value for value, _ in stored(conn)] == [7.0, 8.0, 7.0]


def test_two_calibrations_of_one_quantity_cannot_overlap(conn, catalog, now, put):
    instruments.calibrate(conn, catalog, "WQ-01", "ph", now, None, BY, now, addend=1.0, why="比测")
    with pytest.raises(Refused, match="已有校准"):
        instruments.calibrate(conn, catalog, "WQ-01", "ph", now + HOUR, None, BY, now, addend=2.0, why="比测")
    instruments.calibrate(conn, catalog, "WQ-01", "ph", now - HOUR, now, BY, now, addend=2.0, why="比测")


# Drift --------------------------------------------------------------------------------------------------------------
def weeks(now: datetime, days: int, drifts_from: int, by: float) -> list[Reading]:
    """Four stations that rise and fall together, twice a day; the first leaves the others `drifts_from` days before now."""
    today = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    for day in range(days, 0, -1):
        for half in (6, 18):
            at = today - timedelta(days=day) + timedelta(hours=half)
            for n in range(1, 5):
                off = by if n == 1 and day <= drifts_from else 0.0
                found.append(ph(at, 7.0 + 0.1 * n + 0.3 * (day % 5) + off, f"WQ-{n:02d}"))
    return found


def drifting(conn) -> list[str]:
    rows = conn.execute("SELECT station FROM alert WHERE rule = 'drift_water' AND cleared_at IS NULL ORDER BY station")
    return [r["station"] for r in rows]


def test_an_instrument_that_leaves_its_neighbours_is_told_and_not_trusted_since(conn, catalog, now, put):
    put(*weeks(now, 27, 6, 1.0))
    stations = upkeep.stations(conn, now)
    assert upkeep.watch_drift(conn, catalog, stations, now) == 1
    assert drifting(conn) == ["WQ-01"]
    message = conn.execute("SELECT message FROM alert").fetchone()["message"]
    assert "较邻近测站偏高 1.00" in message
    assert [q for _, q in stored(conn)].count("drift") == 10  # two a day on the five days that prove it
    assert {q for _, q in stored(conn, "WQ-02")} == {"ok"}


def test_what_is_called_drifting_stays_so_until_it_is_back_for_days(conn, catalog, now, put):
    put(*weeks(now, 27, 6, 1.0))
    stations = upkeep.stations(conn, now)
    upkeep.watch_drift(conn, catalog, stations, now)
    put(*[r for r in weeks(now + timedelta(days=3), 3, 0, 0.0)])
    upkeep.watch_drift(conn, catalog, stations, now + timedelta(days=3))
    assert drifting(conn) == ["WQ-01"]
    put(*[r for r in weeks(now + timedelta(days=5), 2, 0, 0.0)])
    upkeep.watch_drift(conn, catalog, stations, now + timedelta(days=5))
    assert drifting(conn) == []


def test_a_river_that_changes_as_a_whole_is_no_drift(conn, catalog, now, put):
    together = [Reading(r.station, r.kind, r.at, r.value + (1.0 if now - r.at < timedelta(days=6) else 0.0))
                for r in weeks(now, 27, 0, 0.0)]  # fmt: skip
    put(*together)
    assert upkeep.watch_drift(conn, catalog, upkeep.stations(conn, now), now) == 0


def test_a_quantity_under_suspicion_is_watched_on_by_all_its_readings(conn, catalog, now, put):
    put(*weeks(now, 27, 6, 1.0))
    stations = upkeep.stations(conn, now)
    for _ in range(2):  # the second look sees what the first one marked
        assert upkeep.watch_drift(conn, catalog, stations, now) == 1
    assert drifting(conn) == ["WQ-01"]
    assert Quality.DRIFT.value in {q for _, q in stored(conn)}
