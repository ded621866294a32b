"""The log of batches: every consumer sees every batch, in commit order, whoever is slow (house, the way of one reading)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from brain.flow.measured import readings as intake
from brain.model import Reading
from brain.store import db


def put(conn, at, feed="water", station="WQ-01"):
    batch = [Reading(station, "ph", at, 7.0)]
    return intake.store(conn, feed=feed, worker="w1", lane="live", received_at=at, readings=batch, received=1).batch


def seen(conn, consumer="engine"):
    return [batch.id for batch in intake.batches_after(conn, consumer)]


def consume(conn, consumer="engine"):
    """Takes all batches that are there and moves the cursor behind each; returns their ids."""
    taken = intake.batches_after(conn, consumer)
    for batch in taken:
        intake.advance(conn, consumer, batch.xid, batch.id, batch.received_at)
    return [batch.id for batch in taken]


@pytest.fixture
def other(db_url):
    with db.connect(db_url, name="second worker") as conn:
        yield conn


def test_a_later_id_that_commits_first_does_not_hide_an_earlier_one(conn, other, now):
    put(conn, now, station="WQ-03")  # TimescaleDB makes one worker wait while another makes the first chunk
    consume(conn)
    with other.transaction():
        slow = put(other, now, feed="slow", station="WQ-02")
        quick = put(conn, now)
        assert slow < quick
        assert consume(conn) == []
    assert consume(conn) == [slow, quick]


def test_order_is_that_of_transactions_and_not_of_ids(conn, other, now):
    with other.transaction():
        db.run(other, "begin_write")
        first_id = put(conn, now)
        second_id = put(other, now, feed="slow", station="WQ-02")
        assert consume(conn) == []
    assert first_id < second_id
    assert consume(conn) == [second_id, first_id]
    assert consume(conn) == []


def test_a_batch_that_was_rolled_back_is_never_seen(conn, other, now):
    with other.transaction(force_rollback=True):
        put(other, now, station="WQ-02")
    kept = put(conn, now)
    assert consume(conn) == [kept]


def test_consumers_keep_their_own_places(conn, now):
    ids = [put(conn, now + timedelta(minutes=m)) for m in range(3)]
    first = intake.batches_after(conn, "engine", 1)[0]
    intake.advance(conn, "engine", first.xid, first.id, first.received_at)
    assert seen(conn, "engine") == ids[1:]
    assert seen(conn, "mirror") == ids


def test_a_cursor_never_moves_back(conn, now):
    put(conn, now)
    put(conn, now + timedelta(minutes=1))
    first, last = intake.batches_after(conn, "engine")
    intake.advance(conn, "engine", last.xid, last.id, last.received_at)
    intake.advance(conn, "engine", first.xid, first.id, first.received_at)
    assert seen(conn) == []


def test_days_of_the_log_go_once_they_are_old_and_every_consumer_has_passed(conn, now):
    intake.make_partitions(conn, now)
    put(conn, now)
    consume(conn, "engine")
    (batch,) = intake.batches_after(conn, "mirror")
    intake.advance(conn, "mirror", batch.xid, batch.id - 1, now)
    later = now + timedelta(days=8)
    intake.make_partitions(conn, later)
    assert seen(conn, "mirror") == [batch.id], "a consumer is behind"
    consume(conn, "mirror")
    intake.make_partitions(conn, later)
    assert conn.execute("SELECT count(*) AS n FROM intake_batch").fetchone()["n"] == 0
    days = conn.execute("SELECT child FROM brain_partitions('intake_batch')").fetchall()
    assert days[0]["child"] == "intake_batch_20260904"


def test_a_young_day_of_the_log_stays_although_everyone_has_passed(conn, now):
    intake.make_partitions(conn, now)
    put(conn, now)
    consume(conn)
    intake.make_partitions(conn, now + timedelta(days=6))
    assert seen(conn, "newcomer") != []


def test_batches_without_a_partition_are_kept_and_moved_when_one_is_made(conn, now):
    batch = put(conn, now)
    assert conn.execute("SELECT count(*) AS n FROM intake_batch_rest").fetchone()["n"] == 1
    intake.make_partitions(conn, now)
    assert conn.execute("SELECT count(*) AS n FROM intake_batch_rest").fetchone()["n"] == 0
    assert consume(conn) == [batch]
    assert put(conn, now + timedelta(minutes=1)) > batch


@pytest.fixture
def while_a_day_is_made(conn, other, db_url, now):
    """while_a_day_is_made(call): starts call() while the partition of today is being attached, waits until the database
    makes it wait, lets the partition be finished, and returns what the call returned."""

    def run(call):
        with ThreadPoolExecutor(1) as pool, db.connect(db_url, name="watch") as watch:
            with other.transaction():
                other.execute(
                    "SELECT brain_add_partition('intake_batch', 'intake_batch_today', 'received_at', %s, %s)",
                    [now - timedelta(hours=1), now + timedelta(hours=1)],
                )
                running = pool.submit(call)
                waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'intake_batch'::regclass"
                while not watch.execute(waits).fetchone():
                    assert not running.done()
            return running.result()

    return run


def test_a_worker_who_comes_while_a_partition_is_made_is_not_refused(conn, now, while_a_day_is_made):
    put(conn, now)
    while_a_day_is_made(lambda: put(conn, now + timedelta(minutes=1)))
    assert conn.execute("SELECT count(*) AS n FROM intake_batch_today").fetchone()["n"] == 2


def test_a_consumer_who_comes_while_a_partition_is_made_misses_nothing(conn, now, while_a_day_is_made):
    batch = put(conn, now)
    assert while_a_day_is_made(lambda: seen(conn)) == [batch]


def test_a_long_reader_is_not_disturbed_and_the_partitions_are_made_later(conn, other, now):
    with other.transaction():
        other.execute("SELECT count(*) FROM intake_batch")
        intake.make_partitions(conn, now)
        assert conn.execute("SELECT count(*) AS n FROM brain_partitions('intake_batch')").fetchone()["n"] == 0
    intake.make_partitions(conn, now)
    assert conn.execute("SELECT count(*) AS n FROM brain_partitions('intake_batch')").fetchone()["n"] == 8


def test_after_a_restore_into_another_cluster_nothing_is_missed(conn, now):
    ids = [put(conn, now + timedelta(minutes=m)) for m in range(3)]
    first = intake.batches_after(conn, "engine", 1)[0]
    intake.advance(conn, "engine", first.xid, first.id, first.received_at)
    conn.execute("UPDATE intake_batch SET xid = (xid::text::bigint + 1000000)::text::xid8")  # ids of a busier cluster
    conn.execute("UPDATE consumer SET xid = (xid::text::bigint + 1000000)::text::xid8")
    assert seen(conn) == [], "what the ids of the old cluster would hide"
    conn.execute("SELECT brain_after_restore()")
    ids.append(put(conn, now + timedelta(minutes=9)))
    assert consume(conn) == ids[1:]
