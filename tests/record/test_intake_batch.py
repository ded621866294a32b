"""The batch writer: exactly once or in the dead letter, acknowledged after commit, accounts that add up."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

import psycopg
import pytest
from psycopg.types.json import Jsonb

from brain.store import db
from ingest import practice
from ingest.batch import Writer
from ingest.spill import Spill

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
TOPIC = "city/441402/rain/RG-01"


class Hands:
    """A writer in the hands of a test: its clock, its database switch, and what it acknowledged."""

    def __init__(self, url: str, catalog, folder, **more):
        self.now = NOW
        self.ticks = 0.0
        self.away = False
        self.connections = 0
        self.tried: list[float] = []
        self.acked: list[int] = []
        self.sent = 0
        self.practice = replace(practice.load(), **more)
        self.spill = Spill(folder, segment_bytes=self.practice.segment_bytes, total_bytes=self.practice.total_bytes)

        def connect() -> psycopg.Connection:
            self.tried.append(self.ticks)
            if self.away:
                raise psycopg.OperationalError("connection refused")
            self.connections += 1
            self.conn = db.connect(url, name="writer under test")
            return self.conn

        self.writer = Writer(
            connect, catalog, self.spill, self.practice, worker="w1", now=lambda: self.now, monotonic=lambda: self.ticks
        )

    def send(self, payload: bytes | dict, topic: str = TOPIC, feed: str = "rain") -> int:
        """Hand over one message; its number is acknowledged later."""
        number, self.sent = self.sent, self.sent + 1
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.writer.open(feed, topic, data, self.now, partial(self.acked.append, number))
        return number

    def rain(self, n: int = 0, value: float = 1.0) -> int:
        return self.send({"stcd": "RG-01", "tm": (NOW - timedelta(seconds=n)).isoformat(), "p1": value})

    def database(self, there: bool) -> None:
        """Take the database away, or bring it back and let the time to the next try pass."""
        self.away = not there
        if there:
            self.ticks += 60
        elif self.connections:
            self.conn.close()

    def adds_up(self, in_flight: int = 0) -> dict:
        counts = self.writer.counts()
        assert sum(c.in_flight for c in counts.values()) == in_flight
        return counts


@pytest.fixture
def stations(conn):
    rows = [("RG-01", "rain", {}), ("RG-02", "rain", {}), ("WL-01", "water", {}), ("FW-001", "fire", {})]
    with conn.transaction():
        for id, theme, params in rows:
            conn.execute(
                "INSERT INTO station (id, name, theme, lng, lat, params) VALUES (%s, %s, %s, 116.1, 24.3, %s)",
                [id, id, theme, Jsonb(params)],
            )
    return rows


@pytest.fixture
def hands(db_url, catalog, tmp_path, stations):
    hands = Hands(db_url, catalog, tmp_path)
    yield hands
    hands.writer.close()


def readings(conn) -> list[tuple]:
    rows = conn.execute("SELECT station, kind, at, seq, value, quality FROM reading ORDER BY station, kind, at, seq")
    return [(r["station"], r["kind"], r["at"], r["value"], r["quality"]) for r in rows]


def letters(conn) -> list[dict]:
    return conn.execute("SELECT * FROM dead_letter ORDER BY id").fetchall()


def feed(conn, key: str = "rain") -> dict:
    return conn.execute("SELECT * FROM feed_status WHERE feed = %s", [key]).fetchone()


def test_a_message_is_acknowledged_only_after_its_readings_are_committed(hands, conn):
    seen = []
    hands.writer.open(
        "rain", TOPIC, b'{"tm":"2026-09-03 10:00","p1":2,"p3":5}', NOW, lambda: seen.append(len(readings(conn)))
    )
    assert seen == [] and readings(conn) == []
    hands.writer.step()
    assert seen == [2]


def test_a_batch_is_one_row_of_the_log(hands, conn):
    for n in range(5):
        hands.rain(n)
    hands.writer.step()
    (batch,) = conn.execute("SELECT * FROM intake_batch").fetchall()
    assert (batch["feed"], batch["worker"], batch["lane"], batch["stored"]) == ("rain", "w1", "live", 5)


def test_a_message_delivered_twice_is_stored_once_and_counted_as_duplicate(hands, conn):
    hands.rain()
    hands.rain()
    hands.writer.step()
    hands.rain()
    hands.writer.step()
    assert len(readings(conn)) == 1
    assert hands.acked == [0, 1, 2]
    counts = hands.adds_up()["rain"]
    assert (counts.received, counts.stored, counts.duplicate) == (3, 1, 2)
    assert (feed(conn)["received"], feed(conn)["stored"], feed(conn)["duplicate"]) == (3, 1, 2)


def test_bad_messages_leave_their_neighbours_alone(hands, conn):
    hands.rain(1)
    hands.send(b"\xff\xfe not text")
    hands.send({"stcd": "RG-77", "tm": NOW.isoformat(), "p1": 1}, topic="city/441402/rain/RG-77")
    hands.send({"stcd": "RG-01", "tm": NOW.isoformat(), "p1": 999, "p3": 4})
    hands.rain(2)
    hands.writer.step()
    assert [r[1] for r in readings(conn)] == ["rain_1h", "rain_1h", "rain_3h"]
    assert [d["rule"] for d in letters(conn)] == ["decode", "station", "range"]
    assert hands.acked == [0, 1, 2, 3, 4]
    assert feed(conn)["received"] == 6 == feed(conn)["stored"] + feed(conn)["dead"]
    hands.adds_up()


def test_a_dead_letter_keeps_the_bytes_the_topic_and_the_reason(hands, conn):
    hands.send(b'{"stcd":"RG-01","tm":"\xe5\x85\xab\xe7\x82\xb9","p1":3}')
    hands.writer.step()
    (letter,) = letters(conn)
    assert bytes(letter["payload"]) == '{"stcd":"RG-01","tm":"八点","p1":3}'.encode()
    assert (letter["topic"], letter["feed"], letter["rule"], letter["status"]) == (TOPIC, "rain", "time", "open")
    assert "“tm”看不懂的时间“八点”；请" in letter["reason"]


def test_a_message_without_a_feed_goes_to_the_dead_letter(hands, conn):
    hands.send({"a": 1}, topic="city/441402/gossip/x", feed="gossip")
    hands.writer.step()
    assert [d["rule"] for d in letters(conn)] == ["feed"]


def test_five_megabytes_are_refused_and_only_their_beginning_is_kept(hands, conn):
    hands.send(b"x" * 5_000_000)
    hands.writer.step()
    (letter,) = letters(conn)
    assert letter["rule"] == "size" and len(letter["payload"]) == hands.practice.payload_max
    assert "5000000" in letter["reason"]


def test_ten_thousand_bad_messages_in_a_row_do_not_hold_up_a_good_one(hands, conn):
    for _ in range(10_000):
        hands.send(b"{")
    hands.rain()
    while hands.writer.step():
        pass
    assert len(readings(conn)) == 1 and len(letters(conn)) == 10_000
    assert len(hands.acked) == 10_001


def test_a_station_entered_meanwhile_can_send_at_once(hands, conn):
    hands.rain()
    hands.writer.step()
    conn.execute("INSERT INTO station (id, name, theme, lng, lat) VALUES ('RG-50', '新站', 'rain', 116, 24)")
    hands.send({"tm": NOW.isoformat(), "p1": 1}, topic="city/441402/rain/RG-50")
    hands.writer.step()
    assert ("RG-50", "rain_1h", NOW, 1.0, "ok") in readings(conn)


def test_late_readings_travel_in_the_history_lane(hands, conn):
    hands.rain(0)
    hands.send({"tm": (NOW - timedelta(days=3)).isoformat(), "p1": 1})
    hands.writer.step()
    lanes = conn.execute("SELECT lane, qualities FROM intake_batch ORDER BY lane").fetchall()
    assert [(b["lane"], b["qualities"]) for b in lanes] == [("history", ["late"]), ("live", ["ok"])]


def test_a_wrong_clock_is_stored_once_however_often_it_is_delivered(hands, conn):
    for minutes in (0, 1, 60):
        hands.now = NOW + timedelta(minutes=minutes)
        hands.send({"tm": (NOW + timedelta(hours=2)).isoformat(), "p1": 3})
        hands.writer.step()
    assert readings(conn) == [("RG-01", "rain_1h", NOW, 3.0, "clock")]
    assert hands.adds_up()["rain"].duplicate == 2


def test_a_wrong_clock_delivered_twice_in_one_batch_is_stored_once(hands, conn):
    for seconds in (0, 1):
        hands.now = NOW + timedelta(seconds=seconds)
        hands.send({"tm": (NOW + timedelta(hours=2)).isoformat(), "p1": 3})
    hands.writer.step()
    assert len(readings(conn)) == 1


def test_a_hotspot_is_stored_on_its_watch_cell(hands, conn):
    row = {"latitude": 24.301, "longitude": 116.101, "acq_date": "2026-09-03", "acq_time": "0130",
           "satellite": "T", "confidence": 98, "frp": 101.3}  # fmt: skip
    hands.send({"rows": [row]}, topic="city/441402/fire/hotspots", feed="fire")
    hands.writer.step()
    assert [(r[0], r[1], r[3]) for r in readings(conn)] == [
        ("FW-001", "hotspot", 101.3), ("FW-001", "hotspot_confidence", 98.0)
    ]  # fmt: skip


# The database refuses -------------------------------------------------------------------------------------------------
@pytest.fixture
def picky(conn):
    """A database that refuses one value which our own checks let through."""
    conn.execute("ALTER TABLE reading ADD CONSTRAINT picky CHECK (value <> 66.6)")


def test_a_refused_batch_is_bisected_until_the_culprit_is_alone(hands, conn, picky):
    for n in range(40):
        hands.rain(n, 66.6 if n in (7, 8, 31) else 1.0)
    hands.writer.step()
    assert len(readings(conn)) == 37
    refused = letters(conn)
    assert [d["rule"] for d in refused] == ["store"] * 3
    assert all("picky" in d["reason"] and b"66.6" in bytes(d["payload"]) for d in refused)
    assert sorted(hands.acked) == list(range(40))
    assert feed(conn)["received"] == 40 and hands.adds_up()["rain"].dead == 3


def test_a_refused_reading_spares_the_others_of_its_message(hands, conn, picky):
    hands.send({"tm": NOW.isoformat(), "p1": 1, "p3": 66.6, "p6": 70})
    hands.writer.step()
    assert [r[1] for r in readings(conn)] == ["rain_1h", "rain_6h"]
    assert len(letters(conn)) == 1


def test_a_batch_of_nothing_but_refused_readings_ends(hands, conn, picky):
    for n in range(33):
        hands.rain(n, 66.6)
    hands.writer.step()
    assert readings(conn) == [] and len(letters(conn)) == 33


# The database is away -------------------------------------------------------------------------------------------------
def test_while_the_database_is_away_messages_go_to_disk_and_are_acknowledged(hands, conn):
    hands.rain(0)
    hands.writer.step()
    hands.database(False)
    hands.rain(1)
    hands.rain(2)
    hands.writer.step()
    assert hands.acked == [0, 1, 2]
    assert hands.spill.units == {"rain": 2}
    hands.adds_up(in_flight=2)
    assert len(readings(conn)) == 1


def test_when_the_database_is_back_news_go_first_and_the_backlog_follows(hands, conn):
    hands.database(False)
    hands.rain(1)
    hands.writer.step()
    hands.database(True)
    hands.rain(2)
    hands.writer.step()
    assert [r[2] for r in readings(conn)] == [NOW - timedelta(seconds=2)]
    assert hands.writer.drain()
    assert len(readings(conn)) == 2 and not hands.spill
    hands.adds_up()


def test_a_connection_that_died_while_idle_is_replaced_without_spilling(hands, conn):
    hands.rain(0)
    hands.writer.step()
    conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'writer under test'")
    hands.rain(1)
    hands.writer.step()
    assert len(readings(conn)) == 2 and not hands.spill and hands.connections == 2


def test_the_database_is_tried_again_after_growing_pauses_only(hands):
    hands.database(False)
    for tick in range(100):
        hands.ticks = tick / 10
        hands.rain(tick)
        hands.writer.step()
    pauses = [round(b - a, 1) for a, b in pairwise(hands.tried)]
    assert pauses == sorted(pauses)
    assert len(hands.tried) < 12


def test_a_read_only_database_counts_as_away(hands, conn):
    hands.rain(0)
    hands.writer.step()
    name = conn.info.dbname
    conn.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    hands.conn.close()
    hands.rain(1)
    hands.writer.step()
    assert hands.spill.units == {"rain": 1} and letters(conn) == []
    conn.execute("SET default_transaction_read_only = off")
    conn.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    hands.database(True)
    assert hands.writer.drain()
    assert len(readings(conn)) == 2


def test_what_waits_on_disk_survives_the_process(hands, conn, db_url, catalog, tmp_path):
    hands.database(False)
    for n in range(3):
        hands.rain(n)
    hands.writer.step()
    hands.writer.close()
    heir = Hands(db_url, catalog, tmp_path)
    heir.adds_up(in_flight=3)
    assert heir.writer.drain()
    assert len(readings(conn)) == 3
    assert heir.adds_up()["rain"].received == 3
    heir.writer.close()


def test_a_crash_in_the_middle_of_draining_stores_nothing_twice(hands, conn, db_url, catalog, tmp_path):
    hands.practice = replace(hands.practice, portion=2)
    hands.writer.practice = hands.practice
    hands.database(False)
    for n in range(5):
        hands.rain(n)
    hands.writer.step()
    hands.database(True)
    assert hands.writer.drain() and len(readings(conn)) == 2
    hands.spill._lock.close()  # the process is gone; the segment is still whole on disk
    heir = Hands(db_url, catalog, tmp_path)
    while heir.writer.drain():
        pass
    assert len(readings(conn)) == 5
    assert heir.adds_up()["rain"].duplicate == 2
    heir.writer.close()


def test_old_messages_from_the_spill_are_marked_late(hands, conn):
    hands.database(False)
    hands.rain(0)
    hands.writer.step()
    hands.database(True)
    hands.now = NOW + timedelta(hours=5)
    hands.writer.drain()
    assert [r[4] for r in readings(conn)] == ["late"]
    assert [b["lane"] for b in conn.execute("SELECT lane FROM intake_batch")] == ["history"]


def test_damage_in_the_spill_is_reported_as_a_dead_letter_and_accounted_for(hands, conn, tmp_path):
    hands.database(False)
    for n in range(3):
        hands.rain(n)
    hands.writer.step()
    (path,) = tmp_path.glob("*.spill")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    hands.database(True)
    while hands.writer.drain():
        pass
    assert len(readings(conn)) == 2
    (letter,) = letters(conn)
    assert (letter["feed"], letter["rule"]) == ("spill", "damage") and path.name in letter["topic"]
    counts = hands.adds_up()
    assert counts["rain"].lost == 1 and counts["spill"].dead == 1


def test_when_the_disk_is_full_too_nothing_is_acknowledged_and_memory_is_let_go(db_url, catalog, tmp_path, stations):
    hands = Hands(db_url, catalog, tmp_path, total_bytes=100)
    hands.database(False)
    hands.rain(0)
    hands.rain(1)
    hands.writer.step()
    assert hands.acked == []
    assert hands.adds_up()["rain"].received == 0
    hands.writer.close()


# Threads --------------------------------------------------------------------------------------------------------------
def test_a_running_writer_finishes_what_it_was_given_before_it_stops(hands, conn):
    thread = threading.Thread(target=hands.writer.run)
    thread.start()
    for n in range(1500):
        hands.rain(n)
    hands.writer.stop()
    thread.join(30)
    assert sorted(hands.acked) == list(range(1500)) and len(readings(conn)) == 1500
    hands.adds_up()


def test_a_full_queue_makes_the_door_wait_and_loses_nothing(db_url, conn, catalog, tmp_path, stations):
    hands = Hands(db_url, catalog, tmp_path, queue=50, size=20, most=20)
    thread = threading.Thread(target=hands.writer.run)
    thread.start()
    for n in range(400):
        hands.rain(n)
        assert hands.writer._queued <= 51
    hands.writer.stop()
    thread.join(30)
    assert len(readings(conn)) == 400


def test_two_writers_at_once_store_everything_once(db_url, conn, catalog, tmp_path, stations):
    pair = [Hands(db_url, catalog, tmp_path / name) for name in ("a", "b")]
    threads = [threading.Thread(target=h.writer.run) for h in pair]
    for t in threads:
        t.start()
    for n in range(600):
        pair[n % 2].rain(n // 2)
    for h in pair:
        h.writer.stop()
    for t in threads:
        t.join(30)
    assert len(readings(conn)) == 300
    row = feed(conn)
    assert (row["received"], row["stored"], row["duplicate"]) == (600, 300, 300)
