"""Declared feeds on their way into the record: whose words decide, who may speak for whom, and a leak that becomes a case."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from brain.engine.loop import Engine
from brain.flow.alerts import recording
from brain.flow.events import acting
from brain.flow.measured import readings
from brain.flow.measured.readings import DeadLetter
from brain.model import Quality, Reading
from ingest import feeds, practice
from ingest.write.checks import Checks
from ingest.write.message import ParsedMessage
from ingest.write.stations import Book, Known
from tests.owners import own_stations

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
EUI = "24e124136b502217"


def uplink(hexed: str, profile: str, at: datetime) -> dict:
    data = base64.b64encode(bytes.fromhex(hexed)).decode()
    return {
        "time": at.isoformat(), "deviceInfo": {"devEui": EUI, "deviceProfileName": profile}, "fPort": 85, "data": data
    }  # fmt: skip


# Whose words decide ---------------------------------------------------------------------------------------------------
@pytest.fixture
def look(catalog):
    """(reading, mappings, feed) -> what becomes of it. MH-1 is a well, WL-1 a river gauge, both also known by another name."""
    checks = Checks(catalog, feeds.load(), practice.load())

    def look(reading: Reading, *mappings: tuple[str, str, str], feed: str = "lorawan") -> Reading | DeadLetter:
        book = Book()
        book.fill([Known(id, theme, 116.1, 24.3, {}, True, "cgj") for id, theme in (("MH-1", "drainage"), ("WL-1", "water"))])
        book.map([(feed, *mapping) for mapping in (("station", EUI, "MH-1"), *mappings)])
        return checks.look(ParsedMessage(feed, f"city/441402/{feed}/cgj/x", b"{}", NOW, [reading]), reading, book, NOW)

    return look


def said(kind: str, value: float = 2116.0, station: str = EUI) -> Reading:
    return Reading(station, kind, NOW, value)


def test_a_word_is_looked_up_at_the_station_before_the_feed(look):
    both = (("kind", "distance", "well_depth"), ("kind", "MH-1/distance", "pond_depth"))
    assert look(said("?distance@mm", 20.0), *both) == Reading("MH-1", "pond_depth", NOW, 2.0)
    assert look(said("?distance@mm", 20.0, "WL-1"), *both).kind == "well_depth"


def test_a_mapping_may_name_the_unit_that_the_sender_does_not_say(look):
    assert look(said("?distance"), ("kind", "distance", "well_depth@mm")).value == pytest.approx(2.116)


def test_the_unit_that_the_sender_says_goes_before_that_of_the_mapping(look):
    assert look(said("?distance@cm", 211.6), ("kind", "distance", "well_depth@mm")).value == pytest.approx(2.116)


def test_a_name_of_the_catalog_needs_no_mapping(look):
    assert look(said("?well_depth@cm", 211.6)).kind == "well_depth"


def test_what_a_feed_supposes_holds_only_at_stations_of_that_theme(look):
    assert look(said("?distance@mm")) == Reading("MH-1", "well_depth", NOW, pytest.approx(2.116))
    letter = look(said("?distance@mm", station="WL-1"))
    assert letter.rule == "kind" and "WL-1 的感知量 distance" in letter.reason and "测站/名称" in letter.reason


def test_another_feed_supposes_nothing(look):
    assert look(said("?distance@mm"), feed="json").rule == "kind"


def test_a_mapping_to_nothing_known_is_named_as_it_stands(look):
    letter = look(said("?distance@mm"), ("kind", "distance", "wel_depth"))
    assert letter.rule == "kind" and "wel_depth" in letter.reason


# Through the writer ---------------------------------------------------------------------------------------------------
@pytest.fixture
def well(conn) -> None:
    """PD-09, a place that floods."""
    conn.execute(
        "INSERT INTO station (id, name, theme, lng, lat, params) VALUES ('PD-09', 'PD-09', 'drainage', 116.1, 24.3, '{}')"
    )
    own_stations(conn)


def mapped(conn, feed: str, given: str, meant: str, what: str = "station") -> None:
    conn.execute("INSERT INTO intake_mapping (feed, what, given, meant) VALUES (%s, %s, %s, %s)", [feed, what, given, meant])


def test_a_gateway_speaks_for_a_station_only_where_the_district_says_so(hands, well):
    message = {"station": "PD-09", "ts": NOW.isoformat(), "items": {"pond_depth": 12.5}}
    hands.send(message, "city/441402/json/cgj/GW-1", "json")
    hands.writer.step()
    assert hands.readings() == [] and [row["rule"] for row in hands.letters()] == ["station"]
    mapped(hands.look, "json", "GW-1/PD-09", "PD-09")
    hands.send(message, "city/441402/json/cgj/GW-1", "json")
    hands.send(message, "city/441402/json/cgj/GW-2", "json")
    hands.writer.step()
    assert hands.readings() == [("PD-09", "pond_depth", NOW, 12.5, "ok")]
    assert len(hands.letters()) == 2
    hands.adds_up()


def test_a_message_without_time_is_stored_once_however_often_it_is_delivered(hands, well):
    for minutes in range(3):
        hands.now = NOW + timedelta(minutes=minutes)
        hands.send({"items": {"pond_depth": 12.5}}, "city/441402/json/cgj/PD-09", "json")
        hands.writer.step()
    assert hands.readings() == [("PD-09", "pond_depth", NOW, 12.5, "clock")]
    assert hands.adds_up()["json"].duplicate == 2


def test_an_unknown_quantity_is_refused_alone_and_is_stored_after_it_is_mapped(hands, well):
    message = {"ts": NOW.isoformat(), "pond_depth": 12.5, "probe": 183}
    hands.send(message, "city/441402/json/cgj/PD-09", "json")
    hands.writer.step()
    assert [r[1] for r in hands.readings()] == ["pond_depth"] and [row["rule"] for row in hands.letters()] == ["kind"]
    mapped(hands.look, "json", "PD-09/probe", "well_depth@cm", "kind")
    hands.ticks += 60
    hands.send(message, "city/441402/json/cgj/PD-09", "json")
    hands.writer.step()
    assert hands.readings() == [("PD-09", "pond_depth", NOW, 12.5, "ok"), ("PD-09", "well_depth", NOW, 1.83, "ok")]


def test_a_logger_s_own_words_for_quantity_and_unit_are_stored_after_they_are_mapped(hands, well):
    rows = [{"p": "pond", "v": 8.2, "t": NOW.isoformat()}, {"p": "pond", "v": 3, "u": "寸", "t": (NOW - HOUR).isoformat()},
            {"p": "ch4", "v": 1.2, "u": "%LEL", "t": NOW.isoformat()}, {"p": "h2s", "v": 2, "t": NOW.isoformat()}]  # fmt: skip
    message = {"dev": "PD-09", "list": rows}
    hands.send(message, "city/441402/drainage/cgj/PD-09", "drainage")
    hands.writer.step()
    assert hands.readings() == [("PD-09", "h2s", NOW, 2.0, "ok"), ("PD-09", "pond_depth", NOW, 8.2, "ok")]
    assert sorted(row["rule"] for row in hands.letters()) == ["kind", "unit"]
    mapped(hands.look, "drainage", "寸", "cm", "unit")
    mapped(hands.look, "drainage", "ch4", "gas_lel", "kind")
    hands.send(message, "city/441402/drainage/cgj/PD-09", "drainage")
    hands.writer.step()
    stored = {r[:2]: r[3] for r in hands.readings() if r[2] == NOW}
    assert stored["PD-09", "gas_lel"] == 1.2 and len(hands.readings()) == 4 and len(hands.letters()) == 2


def test_a_level_in_millimetres_is_turned_by_the_table_of_units(hands, well):
    hands.send({"dev": "PD-09", "list": [{"p": "pond", "v": 274, "u": "mm", "t": NOW.isoformat()}]},
               "city/441402/drainage/cgj/PD-09", "drainage")  # fmt: skip
    hands.writer.step()
    assert hands.readings() == [("PD-09", "pond_depth", NOW, pytest.approx(27.4), "ok")]


def test_an_air_factor_nobody_knows_is_stored_after_it_is_mapped(hands, conn):
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('AQ-01', '站', 'air', 116.1, 24.3, 'sthj')")
    message = {"MN": "AQ-01", "DataTime": NOW.isoformat(), "CP": {"a34004": 38, "细粒子β": {"Avg": 41, "Flag": "N"}}}
    hands.send(message, "city/441402/air/sthj/AQ-01", "air")
    hands.writer.step()
    assert [r[1] for r in hands.readings()] == ["pm25"] and [row["rule"] for row in hands.letters()] == ["kind"]
    mapped(conn, "air", "AQ-01/细粒子β", "pm10", "kind")
    hands.send(message, "city/441402/air/sthj/AQ-01", "air")
    hands.writer.step()
    assert hands.readings()[0] == ("AQ-01", "pm10", NOW, 41.0, "ok")


# What has no time of its own ------------------------------------------------------------------------------------------
CAMERA = "44140200081326000123"


@pytest.fixture
def heartbeat(hands, conn):
    """Deliver the keepalive of a camera with a number, so many seconds from NOW; its topic never changes."""
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES (%s, '路口', 'cameras', 116.1, 24.3, 'gaj')", [CAMERA])

    def heartbeat(sn: int, seconds: float) -> None:
        hands.now = NOW + timedelta(seconds=seconds)
        xml = f"<Notify><CmdType>Keepalive</CmdType><SN>{sn}</SN><DeviceID>{CAMERA}</DeviceID><Status>OK</Status></Notify>"
        hands.send(xml.encode(), f"city/441402/cameras/gaj/{CAMERA}", "cameras")

    return heartbeat


def test_a_keepalive_that_is_delivered_twice_is_stored_once_at_its_first_receipt(heartbeat, hands):
    for sn, seconds in ((17430, 0), (17430, 26), (17431, 60), (17430, 61), (17431, 61)):
        heartbeat(sn, seconds)
        hands.writer.step()
    assert [r[2:] for r in hands.readings()] == [(NOW, 1.0, "ok"), (NOW + timedelta(minutes=1), 1.0, "ok")]
    assert hands.adds_up()["cameras"].duplicate == 3


def test_a_keepalive_that_is_delivered_twice_in_one_batch_is_stored_once(heartbeat, hands):
    heartbeat(17430, 0)
    heartbeat(17430, 5)
    hands.writer.step()
    assert [r[2] for r in hands.readings()] == [NOW] and hands.adds_up()["cameras"].duplicate == 1


@pytest.mark.parametrize(("sn", "edge"), [(17430, 3600), (17, 60)], ids=["the hour", "the minute"])
@pytest.mark.parametrize("apart", [True, False], ids=["two batches", "one batch"])
def test_a_keepalive_that_is_delivered_again_across_the_hour_is_stored_once(heartbeat, hands, sn, edge, apart):
    for seconds in (edge - 2, edge + 20, edge + 30):
        heartbeat(sn, seconds)
        if apart:
            hands.writer.step()
    hands.writer.step()
    assert [r[2] for r in hands.readings()] == [NOW + timedelta(seconds=edge - 2)]
    assert hands.adds_up()["cameras"].duplicate == 2


def test_a_camera_whose_large_number_stands_still_is_heard_once_an_hour(heartbeat, hands):
    for minute in range(0, 150, 10):
        heartbeat(17430, 60 * minute + 1800)
        hands.writer.step()
    assert [r[2] - NOW for r in hands.readings()] == [timedelta(minutes=30), timedelta(minutes=90), timedelta(minutes=150)]


def test_a_camera_that_counts_from_the_beginning_after_a_start_is_heard(heartbeat, hands):
    for n in range(10):
        heartbeat(1 + n, 60 * n)
    for n in range(10):
        heartbeat(1 + n, 7200 + 60 * n)
    hands.writer.step()
    assert len(hands.readings()) == 20


def test_a_camera_whose_number_stands_still_is_heard_each_minute(heartbeat, hands):
    for n in range(10):
        heartbeat(43, 60 * n)
    hands.writer.step()
    assert len(hands.readings()) == 10


@pytest.mark.parametrize("number", ["since:", "since:x:1", "since:99999999999:1", "since:-1:1", "since:999999999999999:1"])
def test_a_logger_that_numbers_its_records_strangely_upsets_nobody_in_its_batch(heartbeat, hands, well, number):
    for seconds in (0, 26):
        heartbeat(17430, seconds)
        row = {"p": "pond", "v": 8.2, "t": NOW.isoformat(), "n": number}
        hands.send({"dev": "PD-09", "list": [row]}, "city/441402/drainage/cgj/PD-09", "drainage")
        hands.writer.step()
    assert len(hands.readings()) == 2 and hands.adds_up()["cameras"].duplicate == 1 == hands.adds_up()["drainage"].duplicate


# What battery sensors tell ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "quiet", "loud", "level", "category"),
    [
        ("leak", [0.0], [1.0], "yellow", "matter:10904"),
        ("cover_open", [0.0], [1.0], "orange", "matter:01023"),
        ("gas_lel", [24.9], [25.0], "orange", "matter:10905"),
        ("gas_lel", [0.0], [50.0], "red", "matter:10905"),
        ("h2s", [9.9], [10.0], "yellow", None),
        ("battery_level", [20.1, 19.0], [20.0, 19.0], "blue", None),
    ],
)
def test_what_a_battery_sensor_tells_alerts_at_its_limit_and_not_below(district, kind, quiet, loud, level, category):
    conn = district.conn
    district.station("MH-1", "drainage", org="cgj")
    district.station("MH-2", "drainage", org="cgj")
    for station, values in (("MH-1", quiet), ("MH-2", loud)):
        batch = [Reading(station, kind, district.now + timedelta(minutes=n), v) for n, v in enumerate(values)]
        readings.store(
            conn, feed="lorawan", worker="w1", lane="live", received_at=district.now, readings=batch, received=len(batch)
        )
    Engine(conn, district.catalog).step(district.now + timedelta(minutes=2))
    (alert,) = conn.execute("SELECT * FROM alert WHERE kind = %s", [kind]).fetchall()
    assert (alert["station"], recording.alert_of(alert).level.key) == ("MH-2", level)
    assert (acting.get(conn, alert["event_id"]).category if alert["event_id"] else None) == category


def test_a_battery_sensor_may_be_silent_for_a_day_and_is_missed_after_three_heartbeats(district):
    conn, engine = district.conn, Engine(district.conn, district.catalog)
    district.station("LK-01", "drainage", kinds=["leak"])
    district.station("LK-02", "drainage", kinds=["leak"])
    heard = [Reading("LK-01", "leak", district.now, 0.0)]
    readings.store(conn, feed="lorawan", worker="w1", lane="live", received_at=district.now, readings=heard, received=1)
    silent = "SELECT station, rule FROM alert WHERE kind = 'device' ORDER BY station"
    engine.step(district.now)
    engine.step(district.now + timedelta(hours=35))
    assert conn.execute(silent).fetchall() == []
    engine.step(district.now + timedelta(hours=37))
    assert [tuple(row.values()) for row in conn.execute(silent)] == [("LK-01", "silence_battery"), ("LK-02", "silence_battery")]


# From the air to the case ---------------------------------------------------------------------------------------------
def test_a_leak_told_by_a_lorawan_uplink_becomes_an_alert_and_a_case(district, start, sender, until):
    conn = district.conn
    district.station("LK-01", "drainage", org="cgj")
    mapped(conn, "lorawan", f"ns1/{EUI}", "LK-01")
    start()
    at = datetime.now(UTC).replace(microsecond=0)
    topic = f"city/441402/lorawan/cgj/ns1/application/1/device/{EUI}/event/up"
    sender.send((topic, json.dumps(uplink("01755C03673401046865050001", "EM300-ZLD", at)).encode()))
    sender.answered()
    until(lambda: conn.execute("SELECT count(*) AS n FROM reading").fetchone()["n"] == 2)
    Engine(conn, district.catalog).step(at + timedelta(seconds=1))
    alert = conn.execute("SELECT * FROM alert WHERE kind = 'leak'").fetchone()
    assert (alert["station"], alert["observed_at"], alert["cleared_at"]) == ("LK-01", at, None)
    assert acting.get(conn, alert["event_id"]).category == "matter:10904"


def test_a_leak_of_a_device_without_a_clock_is_judged_too(district, start, sender, until):
    conn = district.conn
    district.station("LK-01", "drainage", org="cgj")
    mapped(conn, "lorawan", EUI, "LK-01")
    start()
    sender.send((f"city/441402/lorawan/cgj/{EUI}", json.dumps({"dev": EUI, "model": "EM300-SLD", "hex": "050001"}).encode()))
    sender.answered()
    until(lambda: conn.execute("SELECT count(*) AS n FROM reading").fetchone()["n"] == 1)
    assert conn.execute("SELECT quality FROM reading").fetchone()["quality"] == Quality.CLOCK
    Engine(conn, district.catalog).step(datetime.now(UTC))
    assert conn.execute("SELECT level FROM alert WHERE kind = 'leak'").fetchone() is not None
