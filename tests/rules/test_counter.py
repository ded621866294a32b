"""Cumulative rain: what fell is the same in whatever order, how often and how finely the counter was heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.rules.counter import Counter, fallen, steps

START = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return START + hours * HOUR


@st.composite
def gauges(draw) -> tuple[list[tuple[datetime, float]], list[int]]:
    """(readings, tenths of a millimetre fallen before each): a gauge that is reset now and then, and seen to be."""
    total, readings, fell = draw(st.integers(0, 900_000)), [], []
    readings.append((at(0), total / 10))
    for n in range(1, draw(st.integers(1, 15)) + 1):
        amount = draw(st.integers(0, 400))
        if draw(st.integers(0, 5)) == 0 and total > amount:
            total = 0
        total += amount
        readings.append((at(n / 4), total / 10))
        fell.append(amount)
    return readings, fell


@settings(max_examples=100, deadline=None)
@given(gauge=gauges())
def test_what_is_found_is_what_fell(gauge):
    readings, fell = gauge
    assert fallen(readings, at(0), at(99)) == pytest.approx(sum(fell) / 10)
    assert [round(amount * 10) for _, _, amount in steps(readings)] == fell


@settings(max_examples=100, deadline=None)
@given(gauge=gauges(), data=st.data())
def test_order_and_repetition_change_nothing(gauge, data):
    readings, _ = gauge
    shuffled = data.draw(st.permutations(readings + data.draw(st.lists(st.sampled_from(readings), max_size=5))))
    assert steps(shuffled) == steps(readings)


@settings(max_examples=100, deadline=None)
@given(gauge=gauges(), border=st.floats(0, 8))
def test_neighbouring_periods_add_up(gauge, border):
    readings, fell = gauge
    parts = [fallen(readings, at(0), at(border)), fallen(readings, at(border), at(99))]
    assert sum(part or 0 for part in parts) == pytest.approx(sum(fell) / 10)


@settings(max_examples=100, deadline=None)
@given(gauge=gauges(), data=st.data())
def test_a_gauge_heard_less_often_without_a_reset_has_the_same_amount(gauge, data):
    readings, fell = gauge
    growing = [(moment, sum(fell[:n]) / 10) for n, (moment, _) in enumerate(readings)]
    some = data.draw(st.lists(st.sampled_from(growing), max_size=8))
    assert fallen([growing[0], *some, growing[-1]], at(0), at(99)) == pytest.approx(sum(fell) / 10)


def test_at_a_reset_the_new_value_is_taken():
    assert fallen([(at(0), 812.5), (at(1), 3.5), (at(2), 4.0)], at(0), at(2)) == 4.0


def test_a_step_belongs_to_the_period_it_ends_in():
    readings = [(at(0), 10.0), (at(1), 12.0), (at(2), 17.0)]
    assert (fallen(readings, at(0), at(1)), fallen(readings, at(1), at(2))) == (2.0, 5.0)


def test_a_silent_gauge_is_not_a_dry_one():
    readings = [(at(0), 10.0), (at(1), 10.0)]
    assert fallen(readings, at(0), at(1)) == 0.0
    assert fallen(readings, at(1), at(2)) is None
    assert fallen(readings[:1], at(0), at(2)) is None and fallen([], at(0), at(2)) is None


def test_an_amount_whose_beginning_or_end_nobody_measured_is_not_known():
    readings = [(at(0), 10.0), (at(9), 60.0), (at(10), 61.0)]
    slack = timedelta(minutes=10)
    assert fallen(readings, at(8), at(9)) == 50.0 and fallen(readings, at(8), at(9), slack=slack) is None
    assert fallen(readings, at(9), at(10), slack=slack) == 1.0
    assert fallen(readings, at(9), at(11), slack=slack) is None
    assert fallen(readings, at(-1), at(10)) == 51.0 and fallen(readings, at(-1), at(10), slack=slack) is None


def test_more_than_can_fall_in_the_hours_of_a_step_is_a_jump():
    counter = Counter([(at(0), 0.0), (at(0.1), 250.0), (at(3), 951.0), (at(6), 1701.0)], an_hour=250.0)
    assert [counter.jumped(at(a), at(b)) for a, b in ((0, 1), (1, 3), (3, 6), (0, 6))] == [False, False, False, False]
    assert Counter([(at(0), 0.0), (at(0.1), 250.1), (at(9), 251.0)], an_hour=250.0).jumped(at(0), at(9))


def test_a_gap_inside_the_period_hides_nothing():
    readings = [(at(0), 10.0), (at(1), 11.0), (at(20), 31.0), (at(24), 35.0)]
    assert fallen(readings, at(0), at(24), slack=timedelta(0)) == 25.0
