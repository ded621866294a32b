"""在线率 by time: outages, silence, forgiveness, maintenance; and that it adds up however a period is cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.rules.online_rate import Heard, Tally, joined, tally, without

T = datetime(2026, 8, 1, tzinfo=UTC)
SILENCE, GUARD = timedelta(minutes=3), timedelta(minutes=10)


def m(minutes: float) -> datetime:
    return T + timedelta(minutes=minutes)


def on(first: float, last: float | None = None) -> Heard:
    return Heard(m(first), m(first if last is None else last), True)


def off(first: float, last: float | None = None) -> Heard:
    return Heard(m(first), m(first if last is None else last), False)


def rate(*heard: Heard, since: float = 0, until: float = 100, now: float = 1000, **more) -> float | None:
    return tally(heard, m(since), m(until), m(now), **({"silence": SILENCE, "guard": GUARD} | more)).rate


def test_a_camera_that_speaks_all_the_time_is_online_all_the_time():
    assert rate(on(0, 100)) == 1


def test_an_outage_counts_by_its_length():
    assert rate(on(0, 40), off(40), on(60, 200)) == pytest.approx(0.8)


def test_silence_counts_as_an_outage_from_the_limit_on():
    assert rate(on(0, 37), on(60, 200)) == pytest.approx(0.8)  # silent since 37, off from 40 to 60


def test_a_camera_that_said_off_is_off_however_long_it_then_is_silent():
    assert rate(on(0, 50), off(50), now=100) == pytest.approx(0.5)


@pytest.mark.parametrize(("minutes", "found"), [(9.99, 1.0), (10, 0.9), (11, 0.89)])
def test_an_outage_shorter_than_the_guard_is_forgiven(minutes, found):
    assert rate(on(0, 40), off(40), on(40 + minutes, 200)) == pytest.approx(found)


def test_off_and_then_silent_is_one_outage():
    assert rate(on(0, 40), off(40), on(46), off(47), on(52, 200)) == 1  # six minutes and five
    assert rate(on(0, 40), off(40, 46), off(50), on(52, 200)) == pytest.approx(0.88)  # one of twelve


def test_an_outage_over_midnight_is_measured_as_a_whole():
    heard = (on(0, 94), off(94), on(106, 300))
    assert rate(*heard) == pytest.approx(0.94)
    assert rate(*heard, since=100, until=200) == pytest.approx(0.94)


def test_an_outage_that_still_goes_on_counts_once_it_is_long_enough():
    assert rate(on(0, 90), off(91), now=100) == 1
    assert rate(on(0, 90), off(90), now=100) == pytest.approx(0.9)


def test_maintenance_is_left_out_of_the_base():
    found = tally(
        [on(0, 40), off(40), on(80, 200)], m(0), m(100), m(1000), silence=SILENCE, guard=GUARD,
        maintenance=[(m(40), m(75)), (m(60), m(80))],
    )  # fmt: skip
    assert (found.due, found.rate, found.outages) == (timedelta(minutes=60), 1, 0)


def test_the_rest_of_an_outage_outside_maintenance_must_be_long_enough_to_count():
    spans = {"maintenance": [(m(45), m(80))]}
    assert rate(on(0, 40), off(40), on(84, 200), **spans) == 1  # 5 + 4 minutes
    assert rate(on(0, 40), off(40), on(86, 200), **spans) == pytest.approx(54 / 65)


def test_without_a_base_there_is_no_rate():
    assert rate() is None
    assert rate(on(0, 100), maintenance=[(m(-10), m(500))]) is None
    assert rate(on(150, 200)) is None  # not yet there
    assert rate(on(0, 100), since=50, until=50) is None


def test_a_camera_counts_from_its_first_word():
    found = tally([on(80, 200)], m(0), m(100), m(1000), silence=SILENCE, guard=GUARD)
    assert (found.due, found.rate) == (timedelta(minutes=20), 1)


def test_a_camera_heard_last_long_before_the_period_is_off_in_it():
    assert rate(on(-5000, -4000)) == 0


def test_time_that_is_not_over_is_not_due():
    assert tally([on(0, 50)], m(0), m(100), m(50), silence=SILENCE, guard=GUARD).due == timedelta(minutes=50)


def test_a_word_that_is_still_to_come_does_not_lengthen_an_outage():
    heard = (on(0), off(1), on(30))
    assert rate(*heard, until=5, now=5, guard=timedelta(minutes=4)) == rate(*heard[:2], until=5, now=5, guard=timedelta(minutes=4))
    assert rate(*heard, until=5, now=5) == 1 and rate(*heard, until=5, now=20) == pytest.approx(0.2)


def test_a_bad_picture_is_online_but_not_good():
    found = tally(
        [on(0, 60), off(60), on(80, 200)], m(0), m(100), m(1000), silence=SILENCE, guard=GUARD,
        pictures=[on(0), off(50), on(90)],
    )  # fmt: skip
    assert (found.rate, found.good_rate) == (pytest.approx(0.8), pytest.approx(0.6))


# Always -----------------------------------------------------------------------------------------------------------
@st.composite
def histories(draw) -> list[Heard]:
    """Words of a camera over a day, some in runs."""
    found, at = [], draw(st.integers(-200, 200))
    for _ in range(draw(st.integers(0, 12))):
        last = at + draw(st.integers(0, 120))
        found.append(Heard(m(at), m(last), draw(st.booleans())))
        at = last + draw(st.integers(1, 60))
    return found


moments = st.integers(-100, 1500)
windows = st.lists(st.tuples(moments, moments).map(lambda w: (m(min(w)), m(max(w)))), max_size=3)
guards = st.integers(0, 90).map(lambda n: timedelta(minutes=n))


def asked(heard, a, b, now, guard, spans) -> Tally:
    return tally(heard, m(a), m(b), m(now), silence=SILENCE, guard=guard, maintenance=spans, pictures=heard[::2])


@settings(max_examples=80, deadline=None)
@given(histories(), st.lists(moments, min_size=3, max_size=3).map(sorted), moments, guards, windows)
def test_a_period_is_the_sum_of_its_parts(heard, ends, now, guard, spans):
    a, b, c = ends
    whole = asked(heard, a, c, now, guard, spans)
    one, two = asked(heard, a, b, now, guard, spans), asked(heard, b, c, now, guard, spans)
    parts = one + two
    assert (parts.due, parts.online, parts.good) == (whole.due, whole.online, whole.good)
    if one.due and two.due:
        weighted = (one.rate * one.due.total_seconds() + two.rate * two.due.total_seconds()) / whole.due.total_seconds()
        assert whole.rate == pytest.approx(weighted)


@settings(max_examples=80, deadline=None)
@given(histories(), moments, moments, moments, guards, windows)
def test_the_rate_lies_between_nothing_and_all(heard, a, b, now, guard, spans):
    found = asked(heard, min(a, b), max(a, b), now, guard, spans)
    assert timedelta(0) <= found.good <= found.online <= found.due <= m(max(a, b)) - m(min(a, b))
    assert (found.rate is None) == (not found.due)


@settings(max_examples=80, deadline=None)
@given(histories(), moments, moments, moments, guards, guards, windows)
def test_a_larger_guard_never_lowers_the_rate(heard, a, b, now, one, other, spans):
    small, large = (asked(heard, min(a, b), max(a, b), now, guard, spans) for guard in sorted((one, other)))
    assert small.due == large.due and small.online <= large.online and small.outages >= large.outages


@settings(max_examples=80, deadline=None)
@given(histories(), moments, moments, moments, guards)
def test_words_in_a_row_say_what_each_of_them_would(heard, a, b, now, guard):
    """A run and its single words, no more than the silence limit apart, give the same times."""
    singles = []
    for run in heard:
        at = run.first
        while at < run.last:
            singles.append(Heard(at, at, run.on))
            at += SILENCE
        singles.append(Heard(run.last, run.last, run.on))
    span = (m(min(a, b)), m(max(a, b)), m(now))
    one, other = (tally(h, *span, silence=SILENCE, guard=guard) for h in (heard, singles))
    assert (one.due, one.online) == (other.due, other.online)


@settings(max_examples=80, deadline=None)
@given(windows, windows)
def test_what_is_left_and_what_is_gone_make_the_whole(spans, gone):
    spans, gone = joined(spans), joined(gone)
    size = lambda parts: sum((b - a for a, b in parts), timedelta(0))  # noqa: E731
    left = without(spans, gone)
    assert size(left) + size(without(spans, left)) == size(spans)
    assert without(left, gone) == left
