"""The broker restarts, the line goes dead without a word, somebody takes the intake's name: it comes back by itself."""

from __future__ import annotations

import pytest

from brain.local.broker import find_mosquitto

RECONNECT_S = 30
pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="only mosquitto keeps its sessions through a restart")


def test_restarts_of_the_broker_lose_and_double_nothing(city, traffic, trials):
    seen = trials.broker_restarts(city, 3)
    verdict = city.settled()
    assert verdict.right, verdict
    assert seen["reconnect_s"] <= RECONNECT_S, seen


def test_a_line_that_goes_dead_without_a_word_is_noticed(city, traffic, trials):
    seen = trials.half_open(city)
    city.live()
    verdict = city.settled()
    assert verdict.right, verdict
    assert seen["reconnect_s"] <= RECONNECT_S, seen


def test_somebody_who_takes_the_name_of_the_intake_gets_nothing_for_good(city, traffic, trials):
    seen = trials.take_over(city, 1)
    verdict = city.settled()
    assert verdict.right, verdict
    assert seen["reconnect_s"] <= RECONNECT_S, seen
