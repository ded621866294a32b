"""The clock of time limits: the examples of practice, and what must hold for any limit over any holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.catalog import load
from brain.model import Clock, Limit, State
from brain.rules import sla

BEIJING = timezone(timedelta(hours=8))
CALENDAR = load().calendar


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BEIJING)


instants = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)).map(lambda d: d.replace(tzinfo=BEIJING))
limits = st.builds(
    Limit,
    st.sampled_from(list(Clock)),
    st.one_of(st.integers(1, 30), st.floats(0.01, 40, allow_nan=False, allow_infinity=False)),
)


@pytest.mark.parametrize(
    ("start", "limit", "end"),
    [
        (at(2026, 11, 20, 17), Limit(Clock.WORK_HOUR, 4), at(2026, 11, 23, 11)),  # Friday evening to Monday
        (at(2026, 11, 20, 23, 30), Limit(Clock.URGENT_HOUR, 2), at(2026, 11, 21, 1, 30)),
        (at(2026, 11, 18, 10), Limit(Clock.WORK_DAY, 1), at(2026, 11, 19, 10)),
        (at(2026, 9, 30, 17), Limit(Clock.WORK_DAY, 1), at(2026, 10, 8, 17)),  # National Day
        (at(2026, 10, 9, 17), Limit(Clock.WORK_HOUR, 2), at(2026, 10, 10, 9)),  # the Saturday after is worked
        (at(2026, 10, 1, 9), Limit(Clock.URGENT_HOUR, 3), at(2026, 10, 1, 12)),  # never pauses
        (at(2026, 10, 1, 9), Limit(Clock.NATURAL_DAY, 2), at(2026, 10, 3, 9)),
        (at(2026, 11, 18, 8), Limit(Clock.WORK_HOUR, 4), at(2026, 11, 18, 12)),  # noon, not 14:00
        (at(2026, 11, 18, 12, 30), Limit(Clock.WORK_HOUR, 1), at(2026, 11, 18, 15)),
        (at(2026, 11, 21, 9), Limit(Clock.WORK_HOUR, 1), at(2026, 11, 23, 9)),  # Saturday waits for Monday
    ],
)
def test_a_limit_ends_when_practice_says(start, limit, end):
    assert sla.due(start, limit, CALENDAR) == end


@given(start=instants, limit=limits)
def test_the_time_spent_until_the_deadline_is_the_limit(start, limit):
    end = sla.due(start, limit, CALENDAR)
    assert sla.spent_s(start, end, limit.clock, CALENDAR) == pytest.approx(sla.size_s(limit), abs=1e-6)


@given(start=instants, limit=limits)
def test_no_earlier_instant_has_used_the_whole_limit(start, limit):
    end = sla.due(start, limit, CALENDAR)
    earlier = end - timedelta(microseconds=1)
    assert earlier < start or sla.spent_s(start, earlier, limit.clock, CALENDAR) < sla.size_s(limit) + 1e-9


@given(a=instants, b=instants, limit=limits)
def test_who_starts_later_is_never_due_earlier(a, b, limit):
    first, second = sorted((a, b))
    assert sla.due(first, limit, CALENDAR) <= sla.due(second, limit, CALENDAR)


@given(start=instants, amount=st.integers(1, 20), more=st.integers(0, 20), clock=st.sampled_from(list(Clock)))
def test_a_longer_limit_never_ends_earlier(start, amount, more, clock):
    short, long = Limit(clock, amount), Limit(clock, amount + more)
    assert sla.due(start, short, CALENDAR) <= sla.due(start, long, CALENDAR)


@given(a=instants, b=instants, c=instants, clock=st.sampled_from(list(Clock)))
def test_elapsed_time_is_the_sum_of_its_parts(a, b, c, clock):
    a, b, c = sorted((a, b, c))
    parts = sla.spent_s(a, b, clock, CALENDAR) + sla.spent_s(b, c, clock, CALENDAR)
    assert sla.spent_s(a, c, clock, CALENDAR) == pytest.approx(parts, abs=1e-6)


@given(a=instants, b=instants, clock=st.sampled_from(list(Clock)))
def test_backwards_time_is_the_negative_of_forwards(a, b, clock):
    assert sla.spent_s(a, b, clock, CALENDAR) == -sla.spent_s(b, a, clock, CALENDAR)


@given(start=instants, limit=limits, pause=st.integers(0, 20 * 24 * 60), left=st.floats(0.05, 0.95))
def test_a_pause_costs_nothing_of_the_limit(start, limit, pause, left):
    end = sla.due(start, limit, CALENDAR)
    stops = sla.advance(start, sla.size_s(limit) * left, limit.clock, CALENDAR)
    goes_on = stops + timedelta(minutes=pause)
    moved = sla.after_pause(end, stops, goes_on, limit, CALENDAR)
    used = sla.spent_s(start, stops, limit.clock, CALENDAR) + sla.spent_s(goes_on, moved, limit.clock, CALENDAR)
    assert used == pytest.approx(sla.size_s(limit), abs=1e-5)


def test_an_overdue_case_stays_as_overdue_after_a_pause():
    limit = Limit(Clock.WORK_HOUR, 2)
    due = at(2026, 11, 18, 10)
    moved = sla.after_pause(due, at(2026, 11, 18, 11), at(2026, 11, 19, 9, 30), limit, CALENDAR)
    assert sla.spent_s(moved, at(2026, 11, 19, 9, 30), limit.clock, CALENDAR) == 3600


def test_an_extension_adds_one_original_limit():
    limit = Limit(Clock.WORK_DAY, 1)
    assert sla.extended(at(2026, 11, 19, 10), limit, CALENDAR) == at(2026, 11, 20, 10)


def test_pauses_are_left_out_of_the_fraction_used():
    start, limit = at(2026, 11, 18, 8), Limit(Clock.WORK_HOUR, 4)
    pauses = [(at(2026, 11, 18, 9), at(2026, 11, 18, 10))]
    assert sla.used(start, at(2026, 11, 18, 11), limit, CALENDAR, pauses) == 0.5


def test_the_fraction_told_from_the_deadline_agrees_with_the_one_told_from_the_start():
    start, now, limit = at(2026, 11, 18, 8), at(2026, 11, 18, 11), Limit(Clock.WORK_DAY, 1)
    end = sla.due(start, limit, CALENDAR)
    assert sla.used_until(end, now, limit, CALENDAR) == sla.used(start, now, limit, CALENDAR)


@pytest.mark.parametrize(
    ("fraction", "colour"),
    [
        (0, "green"),
        (0.499, "green"),
        (0.5, "yellow"),
        (0.799, "yellow"),
        (0.8, "orange"),
        (1.0, "orange"),
        (1.01, "red"),
    ],
)
def test_a_running_case_is_coloured_by_what_is_used(fraction, colour):
    assert sla.colour(fraction) == colour


def test_a_day_beyond_the_known_holidays_is_judged_by_its_weekday():
    far = date(CALENDAR.known_to.year + 1, 5, 3)
    assert not CALENDAR.known(far)
    assert sla.is_workday(far, CALENDAR) == (far.weekday() < 5)


def test_a_holiday_entered_by_hand_is_off_and_a_makeup_day_is_worked():
    friday, saturday = date(2028, 1, 7), date(2028, 1, 8)
    calendar = sla.Calendar(CALENDAR.windows, frozenset({friday}), frozenset({saturday}))
    assert sla.due(at(2028, 1, 6, 17), Limit(Clock.WORK_HOUR, 2), calendar) == at(2028, 1, 8, 9)


def test_a_calendar_without_work_is_refused_instead_of_searched_for_ever():
    never = sla.Calendar(CALENDAR.windows, frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(4000)))
    with pytest.raises(ValueError, match=r"calendar\.toml"):
        sla.due(at(2026, 1, 1), Limit(Clock.WORK_HOUR, 1), never)


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="aware"):
        sla.due(datetime(2026, 1, 1), Limit(Clock.WORK_HOUR, 1), CALENDAR)


def test_the_answer_comes_back_in_the_zone_of_the_question():
    start = at(2026, 11, 18, 10).astimezone(UTC)
    assert sla.due(start, Limit(Clock.WORK_DAY, 1), CALENDAR).tzinfo is UTC


# The deadline of an event through its moves -------------------------------------------------------------------------
def row(**more) -> SimpleNamespace:
    base = dict(
        limit_clock="work_hour", limit_amount=4.0, due_at=None, state=State.REGISTERED, suspended_from=None,
        suspended_at=None, answered_at=None,
    )  # fmt: skip
    return SimpleNamespace(**(base | more))


def test_the_handling_clock_starts_at_the_first_dispatch_and_not_again():
    first = sla.due_after(row(), "start", at(2026, 11, 18, 8), CALENDAR)
    again = sla.due_after(row(due_at=first), "start", at(2026, 11, 18, 11), CALENDAR)
    assert first == again == at(2026, 11, 18, 12)


def test_a_return_does_not_stop_the_handling_clock():
    due = at(2026, 11, 18, 12)
    assert sla.due_after(row(due_at=due, state=State.HANDLING), "none", at(2026, 11, 18, 10), CALENDAR) == due


def test_rework_gives_back_the_time_the_answer_waited_to_be_checked():
    event = row(due_at=at(2026, 11, 18, 12), state=State.ANSWERED, answered_at=at(2026, 11, 18, 9))
    assert sla.due_after(event, "resume", at(2026, 11, 18, 11), CALENDAR) == at(2026, 11, 18, 16)


def test_a_suspended_case_gets_back_what_was_left():
    event = row(
        due_at=at(2026, 11, 18, 12), state=State.SUSPENDED, suspended_from="handling", suspended_at=at(2026, 11, 18, 11)
    )
    assert sla.due_after(event, "resume", at(2026, 12, 18, 8), CALENDAR) == at(2026, 12, 18, 9)


def test_a_case_suspended_while_waiting_for_its_check_gets_no_time_twice():
    due = at(2026, 11, 18, 12)
    event = row(due_at=due, state=State.SUSPENDED, suspended_from="answered", suspended_at=at(2026, 11, 18, 11))
    assert sla.due_after(event, "resume", at(2026, 12, 18, 8), CALENDAR) == due
