"""From a counter of rain to the sums that everybody asks for: at whole hours, once, in any order of arrival."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from brain.engine.loop import Engine
from brain.flow.measured import readings
from brain.model import Quality, Reading

SUMS = ("rain_1h", "rain_3h", "rain_6h", "rain_24h")


@pytest.fixture
def gauge(district, catalog):
    """`gauge(minutes ago, millimetres…)`: one batch each; returns the engine after it has done its work."""
    district.station("RG-09", "rain")
    engine = Engine(district.conn, catalog)

    def gauge(*counted: tuple[float, float], lane="live", quality=Quality.OK, **own):
        for ago, value in counted:
            at = district.now - timedelta(minutes=ago)
            batch = [Reading("RG-09", kind, at, v, quality) for kind, v in {"rain_total": value, **own}.items()]
            readings.store(
                district.conn, feed="sl651", worker="w1", lane=lane, received_at=district.now, readings=batch,
                received=len(batch),
            )  # fmt: skip
            while engine.step(district.now):
                pass

    return gauge


@pytest.fixture
def sums(district):
    """{(kind, minutes ago): (value, quality)} of what is stored beside the counter."""

    def sums():
        found = readings.trail(district.conn, "RG-09", SUMS)
        return {(r.kind, (district.now - r.at).total_seconds() / 60): (r.value, str(r.quality)) for r in found}

    return sums


def test_sums_are_made_as_soon_as_their_whole_period_was_counted(gauge, sums):
    gauge((180, 100.0), (120, 101.0), (60, 103.0), (0, 106.5))
    assert sums() == {
        ("rain_1h", 120): (1.0, "ok"), ("rain_1h", 60): (2.0, "ok"), ("rain_1h", 0): (3.5, "ok"),
        ("rain_3h", 0): (6.5, "ok"),
    }  # fmt: skip


def test_a_reset_of_the_counter_makes_no_flood_and_no_hole(gauge, sums):
    gauge((120, 9876.0), (60, 2.5), (0, 4.0))
    assert sums() == {("rain_1h", 60): (2.5, "ok"), ("rain_1h", 0): (1.5, "ok")}


def test_readings_between_the_hours_enter_the_sums_and_make_none_of_their_own(gauge, sums):
    gauge((60, 10.0), (40, 12.0), (20, 0.5), (0, 1.5))
    assert sums() == {("rain_1h", 0): (3.5, "ok")}


def test_a_sum_with_an_unmeasured_beginning_is_no_sum_until_the_reading_comes_late(gauge, sums):
    gauge((120, 10.0), (0, 16.0))
    assert sums() == {}
    gauge((60, 12.0), lane="history")
    assert sums() == {("rain_1h", 60): (2.0, "late"), ("rain_1h", 0): (4.0, "late")}


def test_the_stations_own_sum_stays(gauge, sums):
    gauge((60, 10.0))
    gauge((0, 16.0), rain_1h=5.5)
    assert sums() == {("rain_1h", 0): (5.5, "ok")}


def test_what_is_not_trusted_is_not_counted(gauge, sums):
    gauge((60, 10.0))
    gauge((0, 900.0), quality=Quality.SUSPECT)
    assert sums() == {}


def test_a_jump_of_the_counter_is_no_rain_and_raises_no_tip(gauge, sums, district):
    gauge((180, 10.0), (120, 12.0), (60, 412.0), (0, 412.5))
    assert sums()["rain_1h", 60] == (400.0, "range") and sums()["rain_3h", 0] == (402.5, "range")
    assert sums()["rain_1h", 0] == (0.5, "ok")
    assert not district.conn.execute("SELECT 1 FROM alert WHERE kind LIKE 'rain%'").fetchall()


@pytest.mark.parametrize("seed", range(2))
def test_any_order_of_arrival_comes_to_the_same_sums(gauge, sums, seed):
    hourly = [(60.0 * n, 500.0 - 2.0 * n) for n in range(30)]
    random.Random(seed).shuffle(hourly)
    gauge(*hourly)
    found = sums()
    assert {kind: sum(k == kind for k, _ in found) for kind in SUMS} == {
        "rain_1h": 29, "rain_3h": 27, "rain_6h": 24, "rain_24h": 6
    }  # fmt: skip
    hours = {"rain_1h": 1, "rain_3h": 3, "rain_6h": 6, "rain_24h": 24}
    assert all(value == 2.0 * hours[kind] for (kind, _), (value, _) in found.items())


def test_heavy_rain_on_a_counter_raises_the_tip(gauge, district):
    gauge((60, 10.0), (0, 45.0))
    (alert,) = district.conn.execute("SELECT * FROM alert WHERE cleared_at IS NULL AND kind = 'rain_1h'").fetchall()
    assert alert["station"] == "RG-09"
