"""What may go into the record: place, quantity, value, time; each refusal names what is wrong and how to mend it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from brain.flow.measured.readings import DeadLetter
from brain.model import Quality, Reading
from ingest import feeds, practice
from ingest.write.checks import Checks
from ingest.write.message import ParsedMessage
from ingest.write.stations import Book, Calibration, Known
from tests.owners import ORG_OF

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)


def station(id: str, theme: str, lng: float = 116.1, lat: float = 24.3, active: bool = True, **params) -> Known:
    return Known(id, theme, lng, lat, params, active, ORG_OF[theme])


@pytest.fixture
def book() -> Book:
    book = Book()
    book.fill([
        station("RG-01", "rain"), station("RG-09", "rain", active=False),
        station("WL-01", "water", range={"water_level": [70.0, 90.0]}),
        station("WL-02", "water"), station("AQ-01", "air"),
        station("FW-001", "fire", 116.10, 24.30, watch=True), station("FW-002", "fire", 116.12, 24.30, watch=True),
        station("FW-900", "fire", 116.30, 24.20, watch=[116.29, 24.19, 116.31, 24.21]),
    ])  # fmt: skip
    return book


@pytest.fixture
def look(catalog, book):
    """(reading, feed) -> what becomes of it, received and stored at NOW."""
    checks = Checks(catalog, feeds.load(), practice.load())

    def look(reading: Reading, feed: str = "rain", payload: bytes = b"{}", received_at: datetime = NOW, now=NOW):
        return checks.look(ParsedMessage(feed, f"city/441402/{feed}/{ORG_OF[feed]}/x", payload, received_at, [reading]), reading, book, now)

    return look


def rain(value: float = 1.0, at: datetime = NOW, **more) -> Reading:
    return Reading(more.pop("station", "RG-01"), more.pop("kind", "rain_1h"), at, value, **more)


def test_a_sound_reading_goes_through_unchanged(look):
    assert look(rain()) == rain()


@pytest.mark.parametrize(
    ("reading", "rule", "says"),
    [
        (rain(station="RG-99"), "station", "没有登记"),
        (rain(station="RG-09"), "station", "已停用"),
        (rain(station="WL-01"), "station", "不归接入 rain 管"),
        (rain(kind="rain_99h"), "kind", "不在目录里"),
        (rain(251.0), "range", "超出合理范围 0–250"),
        (rain(-0.1), "range", "超出合理范围"),
        (rain(0.05, quality=Quality.BELOW_LIMIT), "value", "没有检出限；L 是升请写成单位，没有测到请写 0"),
        (rain(kind="rain_1h@无量纲"), "unit", "换算不到 mm"),
        (rain(math.nan), "value", "不是有限的数"),
        (rain(math.inf), "value", "不是有限的数"),
        (rain(at=datetime(1970, 1, 1, tzinfo=UTC)), "time", "早于可信的年代"),
        (rain(at=datetime(2099, 1, 1, tzinfo=UTC)), "time", "在未来"),
    ],
)
def test_a_reading_that_cannot_be_true_is_refused_with_its_reason(look, reading, rule, says):
    letter = look(reading, payload=b"raw")
    assert isinstance(letter, DeadLetter)
    assert (letter.rule, letter.payload) == (rule, b"raw")
    assert says in letter.reason and "；" in letter.reason


@pytest.mark.parametrize("unit", ["无量纲", "/", "-", "—", "无", "pH"])
def test_a_unit_that_says_there_is_none_needs_no_turning(look, unit):
    acid = Reading("WL-01", f"ph@{unit}", NOW, 7.2)
    assert look(acid, "water") == Reading("WL-01", "ph", NOW, 7.2)


def test_what_a_method_cannot_detect_stays_a_reading_of_a_concentration(look):
    limited = Reading("WL-01", "ammonia", NOW, 0.0125, Quality.BELOW_LIMIT)
    assert look(limited, "water") == limited


def test_the_ends_of_the_sane_range_belong_to_it(look):
    assert look(rain(0.0)) == rain(0.0)
    assert look(rain(250.0)) == rain(250.0)


def test_a_reading_older_than_its_silence_limit_is_late(look, catalog):
    limit = timedelta(seconds=catalog.kinds["rain_1h"].silence_s)
    assert look(rain(at=NOW - limit)).quality is Quality.OK
    assert look(rain(at=NOW - limit - timedelta(seconds=1))).quality is Quality.LATE


def test_what_our_own_spill_held_back_is_late_too(look):
    fresh_then = rain(at=NOW)
    assert look(fresh_then, received_at=NOW, now=NOW + timedelta(hours=4)).quality is Quality.LATE


def test_lateness_does_not_hide_what_the_device_said_of_its_quality(look):
    old = NOW - timedelta(days=2)
    assert look(rain(at=old, quality=Quality.MAINTENANCE)).quality is Quality.MAINTENANCE
    assert look(rain(at=old, quality=Quality.MANUAL)).quality is Quality.MANUAL


def test_a_clock_up_to_five_minutes_ahead_is_believed(look):
    ahead = rain(at=NOW + timedelta(minutes=5))
    assert look(ahead) == ahead


def test_a_clock_further_ahead_is_replaced_by_the_time_of_receipt(look):
    odd = look(rain(at=NOW + timedelta(minutes=6)))
    assert (odd.at, odd.quality) == (NOW, Quality.CLOCK)


def test_a_wrong_clock_keeps_the_claimed_time_and_the_message_as_identity(look):
    claimed = NOW + timedelta(hours=1)
    once = look(rain(at=claimed), payload=b"one")
    assert look(rain(at=claimed), payload=b"one", received_at=NOW + timedelta(seconds=9)).seq == once.seq
    assert look(rain(at=claimed), payload=b"two").seq != once.seq
    assert look(rain(at=claimed + timedelta(seconds=1)), payload=b"one").seq != once.seq
    assert look(rain(at=claimed, seq="7"), payload=b"one").seq != once.seq


def hotspot(lng: float, lat: float) -> Reading:
    return Reading(f"@{lng:.5f},{lat:.5f}", "hotspot", NOW, 12.0, seq="T@x")


@pytest.mark.parametrize(
    ("lng", "lat", "cell"),
    [(116.101, 24.301, "FW-001"), (116.111, 24.30, "FW-002"), (116.306, 24.194, "FW-900")],
)
def test_a_hotspot_is_booked_on_the_watch_cell_that_holds_it(look, lng, lat, cell):
    booked = look(hotspot(lng, lat), feed="fire")
    assert (booked.station, booked.seq) == (cell, "T@x")


def test_a_watch_cell_is_one_by_what_it_declares_and_not_by_its_name():
    book = Book()
    book.fill([station("FW-777", "fire", 116.5, 24.5), station("Cell 1", "fire", 116.7, 24.5, watch=True)])
    assert (book.watch(116.5, 24.5), book.watch(116.7, 24.5)) == (None, "Cell 1")


@pytest.mark.parametrize(("lng", "lat"), [(116.20, 24.30), (116.32, 24.20), (120.0, 30.0)])
def test_a_hotspot_outside_of_all_watch_cells_is_refused(look, lng, lat):
    assert look(hotspot(lng, lat), feed="fire").rule == "place"


def test_a_place_that_is_no_place_is_refused(look):
    assert look(Reading("@here", "hotspot", NOW, 1.0), feed="fire").rule == "place"


# Senders' own words ---------------------------------------------------------------------------------------------------
def test_a_station_under_the_senders_code_is_booked_on_ours(look, book):
    book.map([("rain", "station", "0873HHMZ", "RG-01")])
    assert look(rain(station="0873HHMZ")) == rain()
    assert look(rain(station="0873HHMZ"), feed="water").rule == "station"


def test_a_quantity_under_the_senders_name_is_booked_on_ours(look, book):
    assert look(rain(kind="?雨强")).rule == "kind"
    book.map([("rain", "kind", "雨强", "rain_1h")])
    assert look(rain(kind="?雨强")) == rain()


@pytest.mark.parametrize(
    ("kind", "value", "unit", "turned"),
    [
        ("rain_1h", 1.5, "cm", 15.0), ("rain_1h", 1.0, "in", 25.4), ("rain_1h", 3.0, "毫米", 3.0),
        ("water_temp", 68.0, "℉", 20.0), ("water_temp", 293.15, "K", 20.0), ("water_level", 7550.0, "cm", 75.5),
        ("conductivity", 0.25, "mS/cm", 250.0), ("conductivity", 250.0, "\u00b5S/cm", 250.0), ("ammonia", 500.0, "ug/L", 0.5),
        ("water_flow", 3600.0, "m3/h", 1.0), ("pm25", 0.035, "mg/m³", 35.0), ("wind_speed", 36.0, "km/h", 10.0),
    ],
)  # fmt: skip
def test_a_value_in_another_unit_is_turned_into_the_catalogs(look, catalog, kind, value, unit, turned):
    theme = catalog.kinds[kind].theme
    place = {"rain": "RG-01", "water": "WL-02", "air": "AQ-01", "fire": "FW-001"}[theme]
    found = look(Reading(place, f"{kind}@{unit}", NOW, value), feed=theme)
    assert (found.kind, found.value) == (kind, pytest.approx(turned))


def test_a_unit_nobody_knows_is_refused_until_it_is_mapped(look, book):
    letter = look(rain(2.0, kind="rain_1h@分"))
    assert letter.rule == "unit" and "“分”" in letter.reason
    book.map([("rain", "unit", "分", "cm")])
    assert look(rain(2.0, kind="rain_1h@分")).value == 20.0


def test_a_unit_of_another_dimension_is_refused(look):
    assert look(rain(2.0, kind="rain_1h@mg/L")).rule == "unit"


# What people know of the instrument -----------------------------------------------------------------------------------
def test_a_reading_under_maintenance_is_kept_and_marked(look, book):
    book.maintain([("RG-01", NOW - timedelta(hours=1), NOW)])
    marked = look(rain(5.0, at=NOW - timedelta(minutes=1)))
    assert (marked.value, marked.quality) == (5.0, Quality.MAINTENANCE)
    assert look(rain(5.0, at=NOW)).quality is Quality.OK


def test_a_calibration_corrects_by_observed_time_and_from_the_moment_it_takes_effect(look, book):
    hour = timedelta(hours=1)
    book.calibrate([("RG-01", "rain_1h", Calibration(NOW - hour, NOW, NOW, 2.0, 0.5))])
    assert look(rain(3.0, at=NOW - hour)).value == 6.5
    assert look(rain(3.0, at=NOW)).value == 3.0
    assert look(rain(3.0, at=NOW - hour), now=NOW - timedelta(seconds=1)).value == 3.0


def test_what_is_calibrated_is_held_against_the_sane_range_afterwards(look, book):
    book.calibrate([("RG-01", "rain_1h", Calibration(NOW, None, NOW, 10.0, 0.0))])
    assert look(rain(26.0)).rule == "range"


def test_beyond_what_its_instrument_can_measure_a_value_is_kept_and_not_trusted(look):
    def level(value: float) -> Reading:
        return look(Reading("WL-01", "water_level", NOW, value), feed="water")

    assert level(90.0).quality is Quality.OK
    assert level(90.5).quality is Quality.RANGE


def test_the_watched_box_holds_every_cell_by_its_own_box_or_its_reach(book):
    assert book.watched() == pytest.approx((116.0842, 24.19, 116.31, 24.3144), abs=1e-4)
    assert Book().watched() is None
