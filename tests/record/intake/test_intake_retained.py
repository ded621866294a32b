"""What the broker kept (RETAIN) and sends again with every new subscription: old, nobody knows how old, and never news."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from ingest import practice
from ingest.doors.mqtt import Door
from ingest.watch.mend import mend
from ingest.write import spill
from tests.record.intake.conftest import NOW, forget

CAMERA = "44140200001320000001"
ALIVE = (
    '<?xml version="1.0" encoding="GB2312"?><Notify><CmdType>Keepalive</CmdType><SN>431</SN>'
    f"<DeviceID>{CAMERA}</DeviceID><Status>OK</Status></Notify>"
).encode()
KEEPALIVE = f"city/441402/cameras/gaj/{CAMERA}"
DATED = "city/441402/json/qxj/RG-01"


@pytest.fixture
def camera(conn, stations) -> None:
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES (%s, '探头', 'cameras', 116.1, 24.3, 'gaj')", [CAMERA])


@pytest.fixture
def listen(broker, name, hands, until):
    """Let the writer listen as a new session of its own until this holds, and store what came."""
    doors = []

    def listen(suffix: str, true) -> None:
        kept = replace(practice.load(), keepalive_s=5)
        door = Door(broker.url, client_id=name + suffix, share="", practice=kept, deliver=hands.writer.open)
        doors.append(name + suffix)
        door.start()
        try:
            until(lambda: true(door), 20)
        finally:
            door.stop()
            door.finish()
        hands.writer.step()

    yield listen
    for one in doors:
        forget(broker.port, one)


def received(hands, feed: str) -> int:
    counts = hands.writer.counts().get(feed)
    return counts.received if counts else 0


def test_a_kept_message_without_a_time_is_never_a_reading_and_one_with_a_time_is_one_once(
    hands, camera, sender, listen
):
    at = NOW - timedelta(minutes=5)
    dated = json.dumps({"ts": at.isoformat(), "rain_1h": 1.5}).encode()
    for topic, payload in ((KEEPALIVE, ALIVE), (DATED, dated)):
        sender.client.publish(topic, payload, qos=1, retain=True).wait_for_publish(20)
    try:
        for n, suffix in enumerate("ab", 1):
            listen(suffix, lambda _, n=n: received(hands, "cameras") == n and received(hands, "json") == n)
            assert hands.readings() == [("RG-01", "rain_1h", at, 1.5, "ok")]
            (letter,) = hands.letters()
            assert (letter["rule"], letter["retained"], bytes(letter["payload"])) == ("retained", True, ALIVE)
            assert "RETAIN" in letter["reason"] and "；" in letter["reason"]
        hands.adds_up()
    finally:
        for topic in (KEEPALIVE, DATED):
            sender.client.publish(topic, b"", qos=1, retain=True).wait_for_publish(20)


def test_what_is_published_to_be_kept_while_we_listen_is_of_now(hands, camera, sender, listen):
    """The bit is that of the subscription, not of the sender's wish: a gateway that has all it says kept loses nothing."""
    sent = []

    def heard(door: Door) -> bool:
        if door.subscribed and not sent:
            sent.append(sender.client.publish(KEEPALIVE, ALIVE, qos=1, retain=True))
        return received(hands, "cameras") == 1

    try:
        listen("", heard)
        assert [row[:2] for row in hands.readings()] == [(CAMERA, "camera_online")] and hands.letters() == []
    finally:
        sender.client.publish(KEEPALIVE, b"", qos=1, retain=True).wait_for_publish(20)


def keep(hands, payload: bytes, topic: str, feed: str) -> None:
    number, hands.sent = hands.sent, hands.sent + 1
    hands.writer.open(feed, topic, payload, hands.now, partial(hands.acked.append, number), retained=True)


def test_that_it_was_kept_outlives_the_spill_and_the_dead_letter(hands, camera, conn, catalog):
    hands.database(there=False)
    keep(hands, ALIVE, KEEPALIVE, "cameras")
    hands.writer.step()
    assert hands.spill.units == {"cameras": 1}
    hands.database(there=True)
    while hands.spill:
        hands.writer.drain()
    (letter,) = hands.letters()
    assert letter["retained"] and letter["rule"] == "retained"
    assert mend(conn, catalog, hands.practice, hands.now).replayed == 0
    assert hands.readings() == []


def test_a_kept_message_refused_for_another_reason_is_no_news_when_that_is_mended(hands, conn, catalog):
    topic = "city/441402/json/qxj/RG-50"
    keep(hands, b'[{"kind": "rain_1h", "value": 1.5}]', topic, "json")
    at = NOW - timedelta(minutes=5)
    keep(hands, json.dumps({"ts": at.isoformat(), "rain_1h": 1.5}).encode(), topic, "json")
    hands.writer.step()
    assert [letter["rule"] for letter in hands.letters()] == ["retained", "station"]
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('RG-50', '新站', 'rain', 116, 24, 'qxj')")
    assert mend(conn, catalog, hands.practice, hands.now).replayed == 1
    assert hands.readings() == [("RG-50", "rain_1h", at, 1.5, "ok")]


def test_a_kept_message_whose_clock_runs_ahead_is_refused(hands):
    keep(hands, json.dumps({"ts": (NOW + timedelta(minutes=30)).isoformat(), "rain_1h": 1.5}).encode(), DATED, "json")
    hands.writer.step()
    assert [letter["rule"] for letter in hands.letters()] == ["retained"] and hands.readings() == []


# What its sender calls a test -----------------------------------------------------------------------------------------
def test_a_test_without_a_time_is_known_again_and_is_no_newest_value(hands, conn):
    real = {"ts": (NOW - timedelta(minutes=9)).isoformat(), "rain_1h": 1.5}
    hands.send(real, topic=DATED, feed="json")
    for _ in range(2):
        hands.send([{"kind": "rain_1h", "value": 99, "simulated": True}], topic=DATED, feed="json")
        hands.writer.step()
        hands.now += timedelta(minutes=1)
    assert [row[3:] for row in hands.readings()] == [(1.5, "ok"), (99.0, "test")]
    assert [row["value"] for row in conn.execute("SELECT value FROM latest").fetchall()] == [1.5]


def test_a_test_does_not_stand_where_the_measurement_of_its_instant_will(hands):
    at = (NOW - timedelta(minutes=9)).isoformat()
    hands.send({"ts": at, "rain_1h": 1.5, "drill": True}, topic=DATED, feed="json")
    hands.writer.step()
    hands.send({"ts": at, "rain_1h": 1.5}, topic=DATED, feed="json")
    hands.writer.step()
    assert sorted(row[4] for row in hands.readings()) == ["ok", "test"]


def test_a_test_whose_clock_runs_ahead_stays_a_test(hands):
    ahead = {"ts": (NOW + timedelta(minutes=30)).isoformat(), "rain_1h": 9.5, "test": True}
    hands.send(ahead, topic=DATED, feed="json")
    hands.writer.step()
    assert [row[2:] for row in hands.readings()] == [(NOW, 9.5, "test")]


def test_files_of_the_spill_from_before_the_bit_are_read(hands):
    old = Path(hands.spill.folder) / "000000000001-00000007.spill"
    body = spill._BODY.pack(0, 1, 4, len(DATED)) + b"json" + DATED.encode() + b"{}"
    old.write_bytes(spill._HEAD.pack(spill.MAGIC, len(body), zlib.crc32(body, 7)) + body)
    (found,) = [one for one, _ in spill.unpack(old.read_bytes(), 7)]
    assert (found.feed, found.topic, found.payload, found.retained) == ("json", DATED, b"{}", False)
    again = replace(found, retained=True)
    assert [one for one, _ in spill.unpack(spill.pack(again, 7), 7)] == [again]
