"""Partitions, chunks and what is kept: nothing is refused, old raw goes, roll-ups stay, packed readings can be mended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from brain.flow.measured import readings as intake
from brain.model import Quality, Reading
from brain.store import db

DAY, YEAR = timedelta(days=1), timedelta(days=400)


def put(conn, *readings):
    return intake.store(
        conn, feed="water", worker="w1", lane="live", received_at=readings[0].at, readings=readings, received=len(readings)
    )


def ph(at, value=7.0, station="WQ-01"):
    return Reading(station, "ph", at, value)


def hours(conn):
    return conn.execute("SELECT station, bucket, n, n_all, mean FROM reading_1h ORDER BY 1, 2").fetchall()


def raw(conn):
    return conn.execute("SELECT count(*) AS n FROM reading").fetchone()["n"]


def weeks(conn):
    return [r["child"] for r in conn.execute("SELECT child FROM brain_partitions('reading')")]


def waiting(conn):
    return conn.execute("SELECT count(*) AS n FROM reading_rest").fetchone()["n"]


@pytest.fixture
def plain_only(body):
    if body != "plain":
        pytest.skip("TimescaleDB makes its chunks itself")


def test_weeks_are_made_ahead_and_making_them_again_changes_nothing(conn, now, plain_only):
    intake.make_partitions(conn, now)
    made = weeks(conn)
    assert made == ["reading_2026w36", "reading_2026w37", "reading_2026w38", "reading_2026w39", "reading_2026w40"]
    intake.make_partitions(conn, now)
    assert weeks(conn) == made


def test_a_week_begins_on_monday_in_beijing(conn, now, plain_only):
    intake.make_partitions(conn, now)
    first = conn.execute("SELECT lo FROM brain_partitions('reading') LIMIT 1").fetchone()["lo"]
    assert first == now.replace(day=1, hour=0) - DAY  # 2026-08-31


def test_readings_of_any_time_are_taken_without_a_partition_and_moved_when_there_is_one(conn, now, plain_only):
    readings = [ph(now), ph(now - 100 * DAY), ph(now + 20 * 365 * DAY)]
    assert put(conn, *readings).stored == 3
    assert waiting(conn) == 3
    intake.make_partitions(conn, now)
    assert waiting(conn) == 1, "the one of 2046 has no week"
    assert "reading_2026w22" in weeks(conn)
    assert intake.trail(conn, "WQ-01", ["ph"]) == sorted(readings, key=lambda r: r.at)
    assert put(conn, *readings).duplicate == 3


def test_raw_goes_when_it_is_old_and_the_roll_ups_stay(conn, now):
    put(conn, ph(now, 1.0), ph(now + timedelta(minutes=1), 3.0))
    intake.roll_up(conn, now + DAY)
    before = hours(conn)
    later = now + YEAR + 15 * DAY
    put(conn, ph(later))
    intake.make_partitions(conn, later)
    assert raw(conn) == 1
    assert hours(conn)[0] == before[0]
    assert before[0]["mean"] == 2.0


def test_raw_is_counted_before_it_goes(conn, now):
    put(conn, ph(now, 1.0))
    intake.make_partitions(conn, now + YEAR + 15 * DAY)
    assert raw(conn) == 0
    assert [h["mean"] for h in hours(conn)] == [1.0]


def test_a_reading_older_than_what_is_kept_leaves_the_roll_up_of_the_lost_ones_alone(conn, now):
    put(conn, ph(now, 1.0), ph(now + timedelta(minutes=1), 3.0), ph(now, 5.0, station="WQ-02"))
    later = now + YEAR + 15 * DAY
    intake.make_partitions(conn, later)
    before = hours(conn)
    put(conn, ph(now + timedelta(minutes=2), 9.0))
    intake.roll_up(conn, later)
    assert hours(conn) == before


def test_old_history_without_roll_ups_is_rolled_up_before_it_goes(conn, now):
    intake.roll_up(conn, now)
    ancient = now - 3 * YEAR
    put(conn, ph(ancient, 1.0))
    put(conn, ph(ancient + timedelta(minutes=1), 3.0))
    intake.make_partitions(conn, now)
    assert raw(conn) == 0
    assert [(h["n"], h["mean"]) for h in hours(conn)] == [(2, 2.0)]


def test_how_long_raw_is_kept_can_be_changed(conn, now):
    put(conn, ph(now))
    later = now + 30 * DAY
    intake.make_partitions(conn, later)
    assert raw(conn) == 1
    conn.execute("SELECT brain_keep('reading', 10)")
    intake.make_partitions(conn, later)
    assert raw(conn) == 0


def test_packed_readings_take_late_ones_repeated_ones_and_second_thoughts(conn, now, body):
    readings = [ph(now + timedelta(minutes=m), m) for m in range(60)]
    put(conn, *readings)
    intake.roll_up(conn, now + DAY)
    if body == "timescale":
        packed = conn.execute("SELECT compress_chunk(c) FROM show_chunks('reading') c").fetchall()
        assert packed
    late = ph(now + timedelta(seconds=30), 100.0)
    done = put(conn, *readings, late)
    assert (done.duplicate, done.fresh) == (60, (late,))
    assert intake.flag(conn, "WQ-01", [("ph", now, "", Quality.SUSPECT)]) == 1
    assert intake.roll_up(conn, now + DAY) == 1
    (hour,) = hours(conn)
    assert (hour["n"], hour["n_all"], hour["mean"]) == (60, 61, (sum(range(60)) + 100) / 60)
    assert [r.quality for r in intake.trail(conn, "WQ-01", ["ph"], until=now)] == [Quality.SUSPECT]


def test_raw_that_has_not_been_counted_stays(conn, db_url, now):
    put(conn, ph(now, 1.0))
    later = now + YEAR + 15 * DAY
    with db.connect(db_url, name="engine that rolls up") as other:
        db.run(other, "roll_up_alone", key=intake.ROLL_UP_LOCK)
        intake.make_partitions(conn, later)
        assert raw(conn) == 1
        db.run(other, "roll_up_done", key=intake.ROLL_UP_LOCK)
    intake.make_partitions(conn, later)
    assert raw(conn) == 0
