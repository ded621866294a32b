"""The batch writer: exactly once or in the dead letter, acknowledged after commit, accounts that add up."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from brain.model import Reading
from brain.store import db
from ingest.write import batch
from ingest.write.message import ParsedMessage, parsed

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
TOPIC = "city/441402/rain/qxj/RG-01"


def test_a_message_is_acknowledged_only_after_its_readings_are_committed(hands):
    seen = []
    hands.writer.open(
        "rain", TOPIC, b'{"tm":"2026-09-03 10:00","p1":2,"p3":5}', NOW, lambda: seen.append(len(hands.readings()))
    )
    assert seen == [] and hands.readings() == []
    hands.writer.step()
    assert seen == [2]


def test_a_batch_is_one_row_of_the_log(hands, conn):
    for n in range(5):
        hands.rain(n)
    hands.writer.step()
    (batch,) = conn.execute("SELECT * FROM intake_batch").fetchall()
    assert (batch["feed"], batch["worker"], batch["lane"], batch["stored"]) == ("rain", "w1", "live", 5)


def test_a_message_delivered_twice_is_stored_once_and_counted_as_duplicate(hands):
    hands.rain()
    hands.rain()
    hands.writer.step()
    hands.rain()
    hands.writer.step()
    assert len(hands.readings()) == 1
    assert hands.acked == [0, 1, 2]
    counts = hands.adds_up()["rain"]
    assert (counts.received, counts.stored, counts.duplicate) == (3, 1, 2)
    assert (hands.feed()["received"], hands.feed()["stored"], hands.feed()["duplicate"]) == (3, 1, 2)


def test_bad_messages_leave_their_neighbours_alone(hands):
    hands.rain(1)
    hands.send(b"\xff\xfe not text")
    hands.send({"stcd": "RG-77", "tm": NOW.isoformat(), "p1": 1}, topic="city/441402/rain/qxj/RG-77")
    hands.send({"stcd": "RG-01", "tm": NOW.isoformat(), "p1": 999, "p3": 4})
    hands.rain(2)
    hands.writer.step()
    assert [r[1] for r in hands.readings()] == ["rain_1h", "rain_1h", "rain_3h"]
    assert [d["rule"] for d in hands.letters()] == ["decode", "station", "range"]
    assert hands.acked == [0, 1, 2, 3, 4]
    assert hands.feed()["received"] == 6 == hands.feed()["stored"] + hands.feed()["dead"]
    hands.adds_up()


def test_a_dead_letter_keeps_the_bytes_the_topic_and_the_reason(hands):
    hands.send(b'{"stcd":"RG-01","tm":"\xe5\x85\xab\xe7\x82\xb9","p1":3}')
    hands.writer.step()
    (letter,) = hands.letters()
    assert bytes(letter["payload"]) == '{"stcd":"RG-01","tm":"八点","p1":3}'.encode()
    assert (letter["topic"], letter["feed"], letter["rule"], letter["status"]) == (TOPIC, "rain", "time", "open")
    assert "“tm”只有时刻“八点”，没有日期；请" in letter["reason"]


def test_a_message_without_a_feed_goes_to_the_dead_letter(hands):
    hands.send({"a": 1}, topic="city/441402/gossip/cgj/x", feed="gossip")
    hands.writer.step()
    assert [d["rule"] for d in hands.letters()] == ["feed"]


def test_five_megabytes_are_refused_and_only_their_beginning_is_kept(hands):
    hands.send(b"x" * 5_000_000)
    hands.writer.step()
    (letter,) = hands.letters()
    assert letter["rule"] == "size" and len(letter["payload"]) == hands.practice.payload_max
    assert "5000000" in letter["reason"]


def test_ten_thousand_bad_messages_in_a_row_do_not_hold_up_a_good_one(hands):
    for n in range(10_000):
        hands.send(b"{%d" % n)
    hands.rain()
    while hands.writer.step():
        pass
    assert len(hands.readings()) == 1 and len(hands.letters()) == 10_000
    assert len(hands.acked) == 10_001


def test_a_station_entered_meanwhile_can_send_at_once(hands, conn):
    hands.rain()
    hands.writer.step()
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('RG-50', '新站', 'rain', 116, 24, 'qxj')")
    hands.send({"tm": NOW.isoformat(), "p1": 1}, topic="city/441402/rain/qxj/RG-50")
    hands.writer.step()
    assert ("RG-50", "rain_1h", NOW, 1.0, "ok") in hands.readings()


def test_late_readings_travel_in_the_history_lane(hands, conn):
    hands.rain(0)
    hands.send({"tm": (NOW - timedelta(days=3)).isoformat(), "p1": 1})
    hands.writer.step()
    lanes = conn.execute("SELECT lane, qualities FROM intake_batch ORDER BY lane").fetchall()
    assert [(b["lane"], b["qualities"]) for b in lanes] == [("history", ["late"]), ("live", ["ok"])]


def test_a_wrong_clock_is_stored_once_however_often_it_is_delivered(hands):
    for minutes in (0, 1, 60):
        hands.now = NOW + timedelta(minutes=minutes)
        hands.send({"tm": (NOW + timedelta(hours=2)).isoformat(), "p1": 3})
        hands.writer.step()
    assert hands.readings() == [("RG-01", "rain_1h", NOW, 3.0, "clock")]
    assert hands.adds_up()["rain"].duplicate == 2


def test_a_wrong_clock_delivered_twice_in_one_batch_is_stored_once(hands):
    for seconds in (0, 1):
        hands.now = NOW + timedelta(seconds=seconds)
        hands.send({"tm": (NOW + timedelta(hours=2)).isoformat(), "p1": 3})
    hands.writer.step()
    assert len(hands.readings()) == 1


def test_a_hotspot_is_stored_on_its_watch_cell(hands):
    row = {"latitude": 24.301, "longitude": 116.101, "acq_date": "2026-09-03", "acq_time": "0130",
           "satellite": "T", "confidence": 98, "frp": 101.3}  # fmt: skip
    hands.send({"rows": [row]}, topic="city/441402/fire/lyj/hotspots", feed="fire")
    hands.writer.step()
    assert [(r[0], r[1], r[3]) for r in hands.readings()] == [
        ("FW-001", "hotspot", 101.3), ("FW-001", "hotspot_confidence", 98.0)
    ]  # fmt: skip


# The database refuses -------------------------------------------------------------------------------------------------
@pytest.fixture
def picky(conn):
    """A database that refuses one value which our own checks let through."""
    conn.execute("ALTER TABLE reading ADD CONSTRAINT picky CHECK (value <> 66.6)")


def test_a_refused_batch_is_bisected_until_the_culprit_is_alone(hands, picky):
    for n in range(40):
        hands.rain(n, 66.6 if n in (7, 8, 31) else 1.0)
    hands.writer.step()
    assert len(hands.readings()) == 37
    refused = hands.letters()
    assert [d["rule"] for d in refused] == ["store"] * 3
    assert all("picky" in d["reason"] and b"66.6" in bytes(d["payload"]) for d in refused)
    assert sorted(hands.acked) == list(range(40))
    assert hands.feed()["received"] == 40 and hands.adds_up()["rain"].dead == 3


def test_a_refused_reading_spares_the_others_of_its_message(hands, picky):
    hands.send({"tm": NOW.isoformat(), "p1": 1, "p3": 66.6, "p6": 70})
    hands.writer.step()
    assert [r[1] for r in hands.readings()] == ["rain_1h", "rain_6h"]
    assert len(hands.letters()) == 1


def test_a_batch_of_nothing_but_refused_readings_ends(hands, picky):
    for n in range(33):
        hands.rain(n, 66.6)
    hands.writer.step()
    assert hands.readings() == [] and len(hands.letters()) == 33


# Threads --------------------------------------------------------------------------------------------------------------
def test_a_running_writer_finishes_what_it_was_given_before_it_stops(hands):
    thread = threading.Thread(target=hands.writer.run)
    thread.start()
    for n in range(1500):
        hands.rain(n)
    hands.writer.stop()
    thread.join(30)
    assert sorted(hands.acked) == list(range(1500)) and len(hands.readings()) == 1500
    hands.adds_up()


def test_a_full_queue_makes_the_door_wait_and_loses_nothing(take):
    hands = take(queue=50, size=20, most=20)
    thread = threading.Thread(target=hands.writer.run)
    thread.start()
    for n in range(400):
        hands.rain(n)
        assert hands.writer._queue.units <= 51
    hands.writer.stop()
    thread.join(30)
    assert len(hands.readings()) == 400


def test_two_writers_at_once_store_everything_once(take):
    pair = [take("a"), take("b")]
    threads = [threading.Thread(target=h.writer.run) for h in pair]
    for t in threads:
        t.start()
    for n in range(600):
        pair[n % 2].rain(n // 2)
    for h in pair:
        h.writer.stop()
    for t in threads:
        t.join(30)
    assert len(pair[0].readings()) == 300
    row = pair[0].feed()
    assert (row["received"], row["stored"], row["duplicate"]) == (600, 300, 300)


def test_a_reading_at_which_our_own_checks_stumble_spares_its_neighbours(hands, conn):
    conn.execute("""UPDATE station SET params = '{"range": {"rain_1h": ["low", "high"]}}' WHERE id = 'RG-02'""")
    hands.rain(1)
    hands.send({"stcd": "RG-02", "tm": NOW.isoformat(), "p1": 1}, topic="city/441402/rain/qxj/RG-02")
    hands.rain(2)
    hands.writer.step()
    assert len(hands.readings()) == 2 and hands.acked == [0, 1, 2]
    assert [d["rule"] for d in hands.letters()] == ["fault"]


def test_a_wrong_clock_whose_sequence_cannot_be_asked_for_is_refused_alone(hands):
    ahead = NOW + timedelta(hours=2)
    good = ParsedMessage("rain", TOPIC, b"a", NOW, [Reading("RG-01", "rain_1h", ahead, 1.0)])
    bad = ParsedMessage("rain", TOPIC, b"b", NOW, [Reading("RG-01", "rain_1h", ahead, 2.0, seq="\0")])
    for message in (good, bad):
        hands.writer.put(message)
    hands.writer.step()
    assert [(r[3], r[4]) for r in hands.readings()] == [(1.0, "clock")]
    assert [(bytes(d["payload"]), d["rule"]) for d in hands.letters()] == [(b"b", "store")]


# Two threads for a backlog ---------------------------------------------------------------------------------------------
def ran(hands, until) -> None:
    """`run` until everything that was sent is acknowledged."""
    turning = threading.Thread(target=hands.writer.run)
    turning.start()
    until(lambda: len(hands.acked) == hands.sent)
    hands.writer.stop()
    turning.join()


def test_a_backlog_is_written_by_two_threads_and_each_message_acknowledged_once(take, until):
    hands = take(size=50, most=100)
    for n in range(3000):
        hands.rain(n)
    hands.rain(7)
    ran(hands, until)
    assert hands.connections == 2
    assert sorted(hands.acked) == list(range(3001))
    assert len(hands.readings()) == 3000
    counts = hands.adds_up()["rain"]
    assert (counts.received, counts.stored, counts.duplicate) == (3001, 3000, 1)


def test_what_the_second_thread_cannot_write_is_written_by_the_first(take, until):
    hands = take(size=50, most=100)
    connect, refused = hands.writer._database.connect, []

    def only_the_first():
        if threading.current_thread().name == "writer 2":
            refused.append(1)
            raise psycopg.OperationalError("too many connections")
        return connect()

    hands.writer._database.connect = only_the_first
    for n in range(3000):
        hands.rain(n)
    ran(hands, until)
    assert refused
    assert sorted(hands.acked) == list(range(3000))
    assert len(hands.readings()) == 3000
    hands.adds_up()


def test_a_trickle_needs_no_second_connection(take, until):
    hands = take(size=50, most=100)
    turning = threading.Thread(target=hands.writer.run)
    turning.start()
    for n in range(5):
        hands.rain(n)
        until(lambda: len(hands.acked) == hands.sent)
    hands.writer.stop()
    turning.join()
    assert hands.connections == 1


def test_two_copies_known_by_their_time_of_receipt_are_stored_once_by_two_threads(take, db_url, monkeypatch):
    """The broker sends a message of a wrong clock again while the first copy is on its way into the database."""
    hands = take()
    begun, through = threading.Event(), threading.Event()
    real = batch.write

    def write(*args):
        if not begun.is_set():
            begun.set()
            through.wait(1)  # as long as a copy that waits for nobody would need, and more
        return real(*args)

    monkeypatch.setattr(batch, "write", write)
    body = json.dumps({"stcd": "RG-01", "tm": (NOW + timedelta(hours=2)).isoformat(), "p1": 3}).encode()
    copies = [parsed("rain", TOPIC, body, NOW + timedelta(seconds=n), payload_max=10_000) for n in (0, 9)]
    with db.connect(db_url) as one, db.connect(db_url) as other:
        first = threading.Thread(target=hands.writer._write, args=(one, copies[:1]))
        first.start()
        begun.wait(10)
        hands.writer._write(other, copies[1:])
        through.set()
        first.join()
    assert [r[4] for r in hands.readings()] == ["clock"]


def test_records_are_left_to_the_first_thread_so_that_they_keep_their_order(hands):
    order = ParsedMessage("hotline", "t", b"", NOW, [], records=[object()])
    readings = ParsedMessage("rain", TOPIC, b"", NOW, [Reading("RG-01", "rain_1h", NOW, 1.0)])
    for message in (readings, order, readings):
        hands.writer.put(message)
    assert hands.writer._queue.cut(records=False) == [readings]
    assert hands.writer._queue.cut(records=False) == []
    assert hands.writer._queue.cut() == [order, readings]
