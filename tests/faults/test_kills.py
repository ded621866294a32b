"""kill -9 of the intake, under 500 messages a second: what the broker acknowledged is in the record once, or refused."""

from __future__ import annotations

import sys

import pytest

POINTS = (
    "received", "batch", "inserted", "uncommitted", "committed", "ack_sent", "halved", "spill_torn", "spill_synced", "start",
    "drain_committed", "unlink_after",
)  # fmt: skip
"""One of each kind; `make faults` goes through all that the harness names."""


def test_the_points_are_named_in_the_harness():
    assert set(POINTS) <= set(sys.modules["faults_harness"].POINTS)


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_loses_and_doubles_nothing(city, traffic, point):
    died = city.die_at(point)
    assert died.process.returncode == -9, died.said()
    city.live()
    verdict = city.settled()
    assert verdict.right, verdict


def test_twenty_kills_at_random_instants_lose_and_double_nothing(city, traffic, trials):
    busy = 0
    for longest_s in (0.6, 2.0, 6.0):  # on a slow machine a life needs longer to have something to lose
        busy += trials.random_kills(city, 20, longest_s, seed=20, forked=True)["busy"]
        if busy >= 5:
            break
        city.kill_all()  # the one that goes on holds the spill
    verdict = city.settled()
    assert verdict.right, verdict
    assert busy >= 5, "most were killed before they had anything to lose"


def test_of_two_workers_one_is_killed_and_nothing_is_lost(city, traffic, trials):
    seen = trials.two_workers(city, traffic, 1)
    assert seen["verdict"].right, seen["verdict"]
    assert seen["second"] > 50, "the second worker had no part in it"
