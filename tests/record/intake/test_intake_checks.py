"""What may go into the record: place, quantity, value, time; each refusal names what is wrong and how to mend it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from brain.flow.readings import DeadLetter
from brain.model import Quality, Reading
from ingest import feeds, practice
from ingest.checks import Checks
from ingest.parcel import Parcel
from ingest.stations import Book, Known

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)


def station(id: str, theme: str, lng: float = 116.1, lat: float = 24.3, active: bool = True, **params) -> Known:
    return Known(id, theme, lng, lat, params, active)


@pytest.fixture
def look(catalog):
    """(reading, feed) -> what becomes of it, received and stored at NOW."""
    checks = Checks(catalog, feeds.load(), practice.load())
    book = Book(60)
    book.fill([
        station("RG-01", "rain"), station("RG-09", "rain", active=False), station("WL-01", "water"),
        station("FW-001", "fire", 116.10, 24.30), station("FW-002", "fire", 116.12, 24.30),
        station("FW-900", "fire", 116.30, 24.20, watch=[116.29, 24.19, 116.31, 24.21]),
    ])  # fmt: skip

    def look(reading: Reading, feed: str = "rain", payload: bytes = b"{}", received_at: datetime = NOW, now=NOW):
        return checks.look(Parcel(feed, f"city/441402/{feed}/x", payload, received_at, [reading]), reading, book, now)

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


@pytest.mark.parametrize(("lng", "lat"), [(116.20, 24.30), (116.32, 24.20), (120.0, 30.0)])
def test_a_hotspot_outside_of_all_watch_cells_is_refused(look, lng, lat):
    assert look(hotspot(lng, lat), feed="fire").rule == "place"


def test_a_place_that_is_no_place_is_refused(look):
    assert look(Reading("@here", "hotspot", NOW, 1.0), feed="fire").rule == "place"
