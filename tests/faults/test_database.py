"""The database is killed, stands still, is locked or full, and the disk is full, too: nothing is lost, and intake goes on."""

from __future__ import annotations

MOST_MEMORY = 200 << 20


def test_a_killed_database_loses_nothing_that_was_acknowledged(city, traffic, trials):
    seen = trials.database_down(city, traffic, 1, "crash")
    verdict = city.settled()
    assert verdict.right, verdict
    assert seen["alive"] and seen["memory"] <= MOST_MEMORY, seen


def test_a_commit_is_on_disk_although_the_server_does_not_wait_for_it_by_itself(city, traffic, trials):
    with city.look("postgres") as conn:
        conn.execute("ALTER DATABASE brain SET synchronous_commit = off")
    try:
        trials.database_down(city, traffic, 0, "crash")
        verdict = city.settled()
    finally:
        with city.look("postgres") as conn:
            conn.execute("ALTER DATABASE brain RESET synchronous_commit")
    assert verdict.right, verdict


def test_a_database_that_stands_still_is_left_and_messages_go_to_disk(city, traffic, trials):
    seen = trials.database_frozen(city)
    verdict = city.settled()
    assert verdict.right, verdict
    assert seen["recovered_s"] < 15, seen  # four seconds of patience, and what a busy machine adds


def test_a_locked_table_holds_nobody_up_for_long(city, traffic, trials):
    seen = trials.table_locked(city)
    verdict = city.settled()
    assert verdict.right, verdict
    assert seen["recovered_s"] < 15, seen


def test_a_full_database_counts_as_away(city, traffic, trials):
    trials.database_full(city, 0.5)
    verdict = city.settled()
    assert verdict.right, verdict


def test_when_both_disks_are_full_the_broker_keeps_what_comes(city, traffic, trials):
    seen = trials.both_disks_full(city)
    verdict = city.settled()
    assert verdict.right, verdict
    assert seen["alive"] and seen["memory"] <= MOST_MEMORY, seen
