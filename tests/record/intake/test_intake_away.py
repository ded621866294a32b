"""The database goes away and comes back: nothing is lost, news go first, memory stays bounded."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)


def test_while_the_database_is_away_messages_go_to_disk_and_are_acknowledged(hands):
    hands.rain(0)
    hands.writer.step()
    hands.database(False)
    hands.rain(1)
    hands.rain(2)
    hands.writer.step()
    assert hands.acked == [0, 1, 2]
    assert hands.spill.units == {"rain": 2}
    hands.adds_up(in_flight=2)
    assert len(hands.readings()) == 1


def test_when_the_database_is_back_news_go_first_and_the_backlog_follows(hands):
    hands.database(False)
    hands.rain(1)
    hands.writer.step()
    hands.database(True)
    hands.rain(2)
    hands.writer.step()
    assert [r[2] for r in hands.readings()] == [NOW - timedelta(seconds=2)]
    assert hands.writer.drain()
    assert len(hands.readings()) == 2 and not hands.spill
    hands.adds_up()


def test_a_connection_that_died_while_idle_is_replaced_without_spilling(hands, conn):
    hands.rain(0)
    hands.writer.step()
    conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'writer under test'")
    hands.rain(1)
    hands.writer.step()
    assert len(hands.readings()) == 2 and not hands.spill and hands.connections == 2


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
    assert hands.spill.units == {"rain": 1} and hands.letters() == []
    conn.execute("SET default_transaction_read_only = off")
    conn.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    hands.database(True)
    assert hands.writer.drain()
    assert len(hands.readings()) == 2


def test_what_waits_on_disk_survives_the_process(hands, take):
    hands.database(False)
    for n in range(3):
        hands.rain(n)
    hands.writer.step()
    hands.writer.close()
    heir = take()
    heir.adds_up(in_flight=3)
    assert heir.writer.drain()
    assert len(hands.readings()) == 3
    assert heir.adds_up()["rain"].received == 3


def test_a_crash_in_the_middle_of_draining_stores_nothing_twice(hands, take):
    hands.practice = replace(hands.practice, portion=2)
    hands.writer.practice = hands.practice
    hands.database(False)
    for n in range(5):
        hands.rain(n)
    hands.writer.step()
    hands.database(True)
    assert hands.writer.drain() and len(hands.readings()) == 2
    hands.spill._lock.close()  # the process is gone; the segment is still whole on disk
    heir = take()
    while heir.writer.drain():
        pass
    assert len(hands.readings()) == 5
    assert heir.adds_up()["rain"].duplicate == 2


def test_old_messages_from_the_spill_are_marked_late(hands, conn):
    hands.database(False)
    hands.rain(0)
    hands.writer.step()
    hands.database(True)
    hands.now = NOW + timedelta(hours=5)
    hands.writer.drain()
    assert [r[4] for r in hands.readings()] == ["late"]
    assert [b["lane"] for b in conn.execute("SELECT lane FROM intake_batch")] == ["history"]


def test_damage_in_the_spill_is_reported_as_a_dead_letter_and_accounted_for(hands):
    hands.database(False)
    for n in range(3):
        hands.rain(n)
    hands.writer.step()
    (path,) = hands.spill.folder.glob("*.spill")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    hands.database(True)
    while hands.writer.drain():
        pass
    assert len(hands.readings()) == 2
    (letter,) = hands.letters()
    assert (letter["feed"], letter["rule"]) == ("spill", "damage") and path.name in letter["topic"]
    counts = hands.adds_up()
    assert counts["rain"].lost == 1 and counts["spill"].dead == 1


def test_when_the_disk_is_full_too_nothing_is_acknowledged_and_memory_is_let_go(take):
    hands = take(total_bytes=100)
    hands.database(False)
    hands.rain(0)
    hands.rain(1)
    hands.writer.step()
    assert hands.acked == []
    assert hands.adds_up()["rain"].received == 0


def test_after_a_slow_failure_messages_go_to_disk_at_once_and_the_database_is_left_alone_for_a_while(hands):
    hands.writer._database.connect, connect = (lambda: slow(hands, connect)), hands.writer._database.connect
    for n in range(4):
        hands.rain(n)
        hands.writer.step()
    assert hands.acked == [0, 1, 2, 3] and hands.spill.units == {"rain": 4}
    assert len(hands.tried) == 1, "each try costs seconds in which nothing is acknowledged"


def slow(hands, connect):
    """A connection that fails after a long wait."""
    hands.away = True
    hands.ticks += 3
    return connect()


def test_a_portion_that_always_takes_too_long_is_halved_until_it_fits(hands, conn):
    hands.database(False)
    for n in range(40):
        hands.rain(n)
    hands.writer.step()
    hands.database(True)
    hands.writer.practice = hands.writer._database.practice = replace(hands.practice, statement_s=0.4, database_answer_s=5)
    hands.writer._monotonic = hands.writer._database.monotonic = lambda: time.monotonic() * 10  # so that a failure of 0.4 s counts as slow
    conn.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END $$;"
        "CREATE TRIGGER slow BEFORE INSERT ON reading FOR EACH ROW EXECUTE FUNCTION slow()"
    )
    for _ in range(20):
        hands.writer._database.retry_at = 0.0
        hands.writer.drain()
        if not hands.spill:
            break
    assert not hands.spill and len(hands.readings()) == 40
