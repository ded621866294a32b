"""kill -9 of the intake, under 500 messages a second: what the broker acknowledged is in the record once, or refused."""

from __future__ import annotations

import random
import sys

import pytest

points = sys.modules["faults_harness"].POINTS


@pytest.mark.parametrize("point", points)
def test_a_kill_loses_and_doubles_nothing(city, traffic, point):
    died = city.die_at(point, traffic)
    assert died.process.returncode == -9, died.said()
    city.live()
    verdict = city.settled()
    assert verdict.right, verdict


def test_twenty_kills_at_random_instants_lose_and_double_nothing(city, traffic):
    chance = random.Random(20)
    busy = 0
    for _ in range(20):
        one = city.live(wait=False)
        one.lives_for(chance.uniform(0, 0.8))
        busy += bool(one.connected)
        one.kill()
    city.live()
    verdict = city.settled()
    assert verdict.right, verdict
    assert busy >= 5, "most were killed before they had anything to lose"
