"""One batch, one transaction: what is stored, what counts as duplicate, what the counts say (promises, 1. Delivery)."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from brain.flow.measured import readings as intake
from brain.model import Quality, Reading
from brain.store import db

BAD = intake.DeadLetter("city/441402/water/swj/WQ-01", b"\xff\0{", "decode", "不是 JSON：第 1 个字节起无法解码")


@pytest.fixture
def put(conn, now):
    """put(*readings, dead=[], received=None, feed="water", lane="live", at=now) stores one batch."""

    def put(*readings, dead=(), received=None, feed="water", lane="live", at=now, on=conn):
        count = len(readings) + len(dead) if received is None else received
        return intake.store(
            on, feed=feed, worker="w1", lane=lane, received_at=at, readings=readings, received=count, dead=dead
        )

    return put


def ph(at, value=7.0, quality=Quality.OK, seq="", station="WQ-01"):
    return Reading(station, "ph", at, value, quality, seq)


def rows(conn, table):
    return conn.execute(f"SELECT * FROM {table}").fetchall()


def test_a_reading_is_stored_once_however_often_it_comes(conn, now, put):
    assert put(ph(now), ph(now)).stored == 1
    again = put(ph(now))
    assert (again.stored, again.duplicate, again.fresh) == (0, 1, ())
    assert len(rows(conn, "reading")) == 1


def test_the_first_value_under_an_identity_wins(conn, now, put):
    put(ph(now, 7.0), ph(now, 8.0))
    put(ph(now, 9.0))
    assert [r["value"] for r in rows(conn, "reading") if r["quality"] == "ok"] == [7.0]
    assert intake.latest_of(conn, ["WQ-01"])["WQ-01", "ph"].value == 7.0


def test_another_value_under_a_taken_identity_is_kept_beside_it_as_a_duplicate(conn, now, put):
    put(ph(now, 7.0))
    found = [put(ph(now, 9.0)), put(ph(now, 9.0)), put(ph(now, 7.0))]
    assert [(f.stored, f.duplicate, f.fresh) for f in found] == [(1, 0, ()), (0, 1, ()), (0, 1, ())]
    kept = sorted((r["value"], r["quality"], r["seq"] == "") for r in rows(conn, "reading"))
    assert kept == [(7.0, "ok", True), (9.0, "duplicate", False)]


def test_the_accounts_of_batch_and_feed_count_what_is_kept_beside(conn, now, put):
    put(ph(now, 7.0))
    put(ph(now, 9.0), ph(now, 7.0), ph(now + timedelta(hours=1), 7.0))
    batch = rows(conn, "intake_batch")[-1]
    feed = rows(conn, "feed_status")[0]
    assert (batch["received"], batch["stored"], batch["duplicate"]) == (3, 2, 1)
    assert (feed["received"], feed["stored"], feed["duplicate"]) == (4, 3, 1)


def test_a_value_kept_beside_enters_no_roll_up(conn, now, put):
    put(ph(now, 7.0))
    intake.roll_up(conn, now + timedelta(days=1))
    put(ph(now, 13.0), at=now + timedelta(days=1))
    intake.roll_up(conn, now + timedelta(days=1))
    hour = conn.execute("SELECT n, high, n_all FROM reading_1h").fetchone()
    assert (hour["n"], hour["high"], hour["n_all"]) == (1, 7.0, 2)


def test_a_sequence_number_tells_readings_of_one_instant_apart(conn, now, put):
    assert put(ph(now, seq="1"), ph(now, seq="2")).stored == 2


def test_the_same_instant_in_another_zone_is_the_same_reading(now, put):
    put(ph(now))
    assert put(ph(now.astimezone(UTC))).duplicate == 1


def test_fresh_are_the_new_ones_in_order_of_arrival(now, put):
    old, a, b = ph(now), ph(now + timedelta(minutes=2)), ph(now + timedelta(minutes=1))
    put(old)
    assert put(a, old, b).fresh == (a, b)


def test_received_is_stored_and_duplicate_and_dead_in_batch_and_feed(conn, now, put):
    put(ph(now), ph(now), dead=[BAD])
    put(ph(now), ph(now + timedelta(minutes=1)), received=5)
    put(dead=[BAD, BAD])
    for table in ("feed_status", "intake_batch"):
        found = [sum(r[c] for r in rows(conn, table)) for c in ("received", "stored", "duplicate", "dead")]
        assert found == [10, 2, 5, 3], table


def test_a_batch_that_claims_less_than_it_holds_is_refused(conn, now, put):
    with pytest.raises(ValueError, match="received=1"):
        put(ph(now), dead=[BAD], received=1)
    assert not rows(conn, "intake_batch")


def test_a_dead_letter_keeps_the_raw_bytes_and_the_reason(conn, now, put):
    put(dead=[BAD])
    (letter,) = rows(conn, "dead_letter")
    assert (letter["topic"], letter["payload"], letter["rule"], letter["reason"]) == (
        BAD.topic, BAD.payload, BAD.rule, BAD.reason,
    )  # fmt: skip
    assert (letter["feed"], letter["received_at"], letter["status"]) == ("water", now, "open")


def test_a_dead_letter_is_not_refused_for_what_is_dead_about_it(conn, put):
    put(dead=[intake.DeadLetter("city/\0/\ud800", b"", "topic", "主题里有 \0")])
    (letter,) = rows(conn, "dead_letter")
    assert "\0" not in letter["topic"] + letter["reason"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_refuses_the_batch_and_writes_nothing(conn, now, put, value):
    with pytest.raises(psycopg.IntegrityError):
        put(ph(now), ph(now + timedelta(minutes=1), value), dead=[BAD])
    assert not any(rows(conn, t) for t in ("reading", "latest", "intake_batch", "feed_status", "dead_letter"))


def test_the_batch_holds_what_was_stored(conn, now, put):
    put(ph(now))
    done = put(ph(now), ph(now + timedelta(minutes=1), 6.5, Quality.RANGE, "7"))
    batch = intake.batches_after(conn, "someone")[-1]
    assert batch.id == done.batch
    assert batch.readings == (ph(now + timedelta(minutes=1), 6.5, Quality.RANGE, "7"),)


def test_a_long_history_is_cut_into_rows_that_add_up(conn, now, put, monkeypatch):
    monkeypatch.setattr(intake, "SLICE", 10)
    long = [ph(now + timedelta(minutes=m)) for m in range(25)]
    done = put(*long, long[0], dead=[BAD], lane="history")
    batches = intake.batches_after(conn, "someone")
    assert [len(b.readings) for b in batches] == [10, 10, 5]
    assert done.batch == batches[-1].id
    assert sum(r["received"] for r in rows(conn, "intake_batch")) == 27
    assert {r for b in batches for r in b.readings} == set(long)


def test_listeners_are_told_of_a_committed_batch(conn, db_url, now, put):
    with db.connect(db_url, name="listener") as listener:
        listener.execute("LISTEN brain_intake")
        done = put(ph(now), lane="history")
        (note,) = listener.notifies(timeout=10, stop_after=1)
    assert json.loads(note.payload) == {"batch": done.batch, "feed": "water", "lane": "history"}


def test_latest_moves_only_to_newer_readings(conn, now, put):
    put(ph(now, 7.0, seq="2"))
    put(ph(now - timedelta(minutes=1), 6.0), ph(now, 5.0, seq="1"))
    assert intake.latest_of(conn, ["WQ-01"], ["ph"]) == {("WQ-01", "ph"): ph(now, 7.0, seq="2")}
    put(ph(now, 8.0, seq="3"))
    assert intake.latest_of(conn, ["WQ-01"], ["ph"])["WQ-01", "ph"].value == 8.0
    assert not intake.latest_of(conn, ["WQ-01"], ["turbidity"])


def test_a_trail_is_oldest_first_and_cut_by_time_and_number(conn, now, put):
    minutes = [ph(now + timedelta(minutes=m), m) for m in range(6)]
    level = Reading("WQ-01", "water_level", now, 3.2)
    put(*reversed(minutes), level, ph(now, station="WQ-02"))
    assert intake.trail(conn, "WQ-01", ["ph"]) == minutes
    assert intake.trail(conn, "WQ-01", ["ph", "water_level"], limit=2) == [level, *minutes[-2:]]
    since, until = minutes[1].at, minutes[3].at
    assert intake.trail(conn, "WQ-01", ["ph"], since=since, until=until) == minutes[1:4]
    assert intake.trails(conn, [("WQ-02", "ph"), ("WQ-03", "ph")], since=since) == {}


def test_two_workers_that_bring_the_same_readings_crosswise_do_not_deadlock(db_url, conn, now, put):
    def worker(name: int) -> int:
        with db.connect(db_url) as mine:
            stored = 0
            for n in range(15):
                batch = [ph(now + timedelta(minutes=n), station=f"WQ-{s:02d}") for s in range(40)]
                stored += put(*(batch if name else reversed(batch)), feed=f"feed{name}", on=mine).stored
            return stored

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(worker, range(2))) == len(rows(conn, "reading")) == 15 * 40


def test_a_flag_changes_the_stored_quality_and_latest(conn, now, put):
    put(ph(now - timedelta(minutes=1)), ph(now, 99.0))
    jump = ("ph", now, "", Quality.SUSPECT)
    assert intake.flag(conn, "WQ-01", [jump, ("ph", now, "no such", Quality.SUSPECT)]) == 1
    assert intake.flag(conn, "WQ-01", [jump]) == 0
    assert [r.quality for r in intake.trail(conn, "WQ-01", ["ph"])] == [Quality.OK, Quality.SUSPECT]
    assert intake.latest_of(conn, ["WQ-01"])["WQ-01", "ph"].quality == Quality.SUSPECT


@pytest.mark.parametrize(
    ("observed", "received"),
    [("10:00:00.9", "10:00:01.1"), ("10:00:00", "10:00:00.999999"), ("10:00:30", "10:00:10.5"), ("10:00:00.5", "23:59:59")],
)
def test_the_second_of_receipt_can_be_read_back(conn, observed, received):
    at, then = f"2026-09-03 {observed}+08", f"2026-09-03 {received}+08"
    found = conn.execute(
        "SELECT brain_received(%(at)s, brain_delay(%(at)s, %(then)s)) = date_trunc('second', %(then)s::timestamptz) AS same",
        {"at": datetime.fromisoformat(at), "then": datetime.fromisoformat(then)},
    ).fetchone()
    assert found["same"]
