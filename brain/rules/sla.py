"""The clock of time limits: four kinds of time, exact over holidays and make-up workdays.

Four clocks (practice around GB/T 30428.8-2020): 紧急工作时 is natural time and never pauses; 工作时 runs only inside
the working windows of working days; 工作日 is eight 工作时; 自然日 is 24 hours of natural time. All instants are aware
datetimes; a calendar counts in its own fixed offset (China has one zone and no summer time), results come back in the
zone of `start`.

Why integers: everything is counted in microseconds, so that `spent_s(start, due(start, limit))` is the limit itself and
pieces of an interval add up to the whole, with no rounding left over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Protocol

from brain.city import AHEAD
from brain.model import Clock, Event, Limit, State

WORK_HOURS_PER_DAY = 8  # 1 工作日 = 8 工作时, by definition
_US = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_FAR = 3660  # days: no limit reaches further; a calendar without working days must not loop for ever


class WorkDays(Protocol):
    """When people work: a `Calendar`, or `catalog.calendar`, which knows the announced years, too."""

    @property
    def windows(self) -> tuple[tuple[time, time], ...]: ...
    @property
    def holidays(self) -> frozenset[date]: ...
    @property
    def workdays(self) -> frozenset[date]: ...
    @property
    def utc_offset(self) -> timedelta: ...


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working windows and exceptional days.

    `windows` are local start and end times, ascending and apart; `holidays` are weekdays off, `workdays` weekend days
    worked (调休); `utc_offset` is the local offset.
    """

    windows: tuple[tuple[time, time], ...]
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    utc_offset: timedelta = AHEAD


def is_workday(day: date, calendar: WorkDays) -> bool:
    """Whether people work on that local date."""
    return day in calendar.workdays or (day.weekday() < 5 and day not in calendar.holidays)


@lru_cache(maxsize=64)
def _windows(windows: tuple[tuple[time, time], ...]) -> tuple[tuple[int, int], ...]:
    """Windows of a working day in microseconds after local midnight."""

    def us(moment: time) -> int:
        return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000 + moment.microsecond

    return tuple((us(start), us(end)) for start, end in windows)


def _local(moment: datetime, calendar: WorkDays) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("sla: a datetime without zone was given; pass aware datetimes")
    return moment.astimezone(timezone(calendar.utc_offset))


def _spans(start: datetime, calendar: WorkDays) -> Iterator[tuple[datetime, datetime]]:
    """Working spans from `start` on (local), clipped to it, in order, for about ten years."""
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    windows = _windows(tuple(calendar.windows))
    for number in range(_FAR):
        day = midnight + number * _DAY
        if not is_workday(day.date(), calendar):
            continue
        for opens, closes in windows:
            end = day + closes * _US
            if end > start:
                yield max(day + opens * _US, start), end


def size_s(limit: Limit) -> float:
    """The limit in seconds of its own clock: `Limit(WORK_DAY, 1)` is 8 h of working time."""
    return _size_us(limit) / 1_000_000


def _size_us(limit: Limit) -> int:
    hours = {Clock.URGENT_HOUR: 1, Clock.WORK_HOUR: 1, Clock.WORK_DAY: WORK_HOURS_PER_DAY, Clock.NATURAL_DAY: 24}
    return round(limit.amount * hours[Clock(limit.clock)] * 3_600_000_000)


def runs_always(clock: Clock) -> bool:
    """Whether the clock counts nights, weekends and holidays."""
    return Clock(clock) in (Clock.URGENT_HOUR, Clock.NATURAL_DAY)


def advance(start: datetime, seconds: float, clock: Clock, calendar: WorkDays) -> datetime:
    """The first instant at which `seconds` of this clock have run since `start`.

    First, because work-time stands still at noon and at night: four hours from 08:00 end at 12:00, not at 14:00.
    """
    return _advance(start, round(seconds * 1_000_000), clock, calendar)


def _advance(start: datetime, left_us: int, clock: Clock, calendar: WorkDays) -> datetime:
    if left_us < 0:
        raise ValueError("sla: a time limit cannot be negative")
    local = _local(start, calendar)
    if runs_always(clock) or left_us == 0:
        return (local + left_us * _US).astimezone(start.tzinfo)
    for opens, closes in _spans(local, calendar):
        span = (closes - opens) // _US
        if left_us <= span:
            return (opens + left_us * _US).astimezone(start.tzinfo)
        left_us -= span
    raise ValueError("工作历里十年内没有足够的工作时间，请检查 calendar.toml 的 windows 和 holidays")


def due(start: datetime, limit: Limit, calendar: WorkDays) -> datetime:
    """When a limit given at `start` ends, in the zone of `start`.

    Examples: 4 工作时 from Friday 17:00 is Monday 11:00; 2 紧急工作时 from Friday 23:30 is Saturday 01:30; 1 工作日
    from Wednesday 10:00 is Thursday 10:00. Raises ValueError on a naive `start`.
    """
    return _advance(start, _size_us(limit), limit.clock, calendar)


def spent_s(start: datetime, end: datetime, clock: Clock, calendar: WorkDays) -> float:
    """Seconds of this clock between two instants; negative when `end` lies before `start`. Additive over pieces."""
    if end < start:
        return -spent_s(end, start, clock, calendar)
    return _spent_us(start, end, clock, calendar) / 1_000_000


def _spent_us(start: datetime, end: datetime, clock: Clock, calendar: WorkDays) -> int:
    local_start, local_end = _local(start, calendar), _local(end, calendar)
    if runs_always(clock):
        return (local_end - local_start) // _US
    total = 0
    midnight = local_start.replace(hour=0, minute=0, second=0, microsecond=0)
    windows = _windows(tuple(calendar.windows))
    while midnight < local_end:
        if is_workday(midnight.date(), calendar):
            low, high = (local_start - midnight) // _US, (local_end - midnight) // _US
            for opens, closes in windows:
                total += max(0, min(closes, high) - max(opens, low))
        midnight += _DAY
    return total


def used(
    start: datetime, now: datetime, limit: Limit, calendar: WorkDays, pauses: Sequence[tuple[datetime, datetime]] = ()
) -> float:
    """Fraction of a limit used at `now`, above 1 when overdue; `pauses` (挂账, waiting for a check) do not count."""
    total = _spent_us(start, max(start, now), limit.clock, calendar)
    for begins, ends in pauses:
        begins, ends = max(begins, start), min(ends, now)
        if begins < ends:
            total -= _spent_us(begins, ends, limit.clock, calendar)
    return total / _size_us(limit)


def used_until(due_at: datetime, now: datetime, limit: Limit, calendar: WorkDays) -> float:
    """Fraction used, told from the stamped deadline alone: extensions and pauses are already in it."""
    return 1 - spent_s(now, due_at, limit.clock, calendar) / size_s(limit)


def after_pause(due_at: datetime, paused_at: datetime, resumed_at: datetime, limit: Limit, calendar: WorkDays) -> datetime:
    """The deadline after a pause: what was left when the clock stopped runs on from `resumed_at`.

    An overdue clock stays as overdue as it was: what was over the limit is kept.
    """
    left = spent_s(paused_at, due_at, limit.clock, calendar)
    if left >= 0:
        return advance(resumed_at, left, limit.clock, calendar)
    return _back(resumed_at, -left, limit.clock, calendar)


def extended(due_at: datetime, limit: Limit, calendar: WorkDays) -> datetime:
    """The deadline after one approved extension: one original limit more (practice)."""
    return due(due_at, limit, calendar)


def due_after(event: Event, effect: str, now: datetime, calendar: WorkDays) -> datetime | None:
    """The handling deadline of an event after a move with this clock effect (`lifecycle.Effect`) at `now`.

    `event` is the row before the move, with its stamped limit. start: given once, a second dispatch changes nothing;
    resume: the time the clock stood still (since the answer, or since the suspension of a running clock) is added on
    the event's own clock; extend: one original limit more. None while no deadline was given.
    """
    if event.limit_clock is None or event.limit_amount is None:
        return event.due_at
    limit = Limit(Clock(event.limit_clock), event.limit_amount)
    if effect == "start" and event.due_at is None:
        return due(now, limit, calendar)
    if event.due_at is None:
        return None
    if effect == "extend":
        return extended(event.due_at, limit, calendar)
    if effect != "resume":
        return event.due_at
    if event.state == State.SUSPENDED:
        stood_still = event.suspended_from in (State.ANSWERED, State.CHECKING)
        since = None if stood_still else event.suspended_at
    else:
        since = event.answered_at
    return event.due_at if since is None else after_pause(event.due_at, since, now, limit, calendar)


def _back(end: datetime, seconds: float, clock: Clock, calendar: WorkDays) -> datetime:
    """The last instant from which `seconds` of this clock have run until `end`."""
    left = round(seconds * 1_000_000)
    local = _local(end, calendar)
    if runs_always(clock):
        return (local - left * _US).astimezone(end.tzinfo)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for number in range(_FAR):
        day = midnight - number * _DAY
        if not is_workday(day.date(), calendar):
            continue
        for opens, closes in reversed(_windows(tuple(calendar.windows))):
            begins, ends = day + opens * _US, min(day + closes * _US, local)
            if ends <= begins:
                continue
            span = (ends - begins) // _US
            if left <= span:
                return (ends - left * _US).astimezone(end.tzinfo)
            left -= span
    raise ValueError("工作历里十年内没有足够的工作时间，请检查 calendar.toml 的 windows 和 holidays")


def colour(fraction: float) -> str:
    """Colour of a running case: green below half, yellow from 50 %, orange from 80 %, red when overdue (practice)."""
    if fraction > 1:
        return "red"
    if fraction >= 0.8:
        return "orange"
    return "yellow" if fraction >= 0.5 else "green"
