"""在线率 weighted by time: how much of the time that it was due a camera was online.

    在线率 = Σ online time ÷ Σ due time

Due is every moment from the camera's first word on, except maintenance. Offline it is from the word that says so until it
is heard again, and from `silence` after its last word on. An outage shorter than `guard` is forgiven: it counts as online.

Why an outage is measured as a whole, beyond the period that is asked about and without its maintenance: a month is the
sum of its days only if midnight cannot make two short outages of a long one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

Span = tuple[datetime, datetime]
ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Heard:
    """Words of one kind in a row, none more than the silence limit after the one before: a single one where `last` is
    `first`. `on`: online, or with a sound picture."""

    first: datetime
    last: datetime
    on: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """Times of one camera or the sum of many. `good` is the part of `online` in which the picture was not said to be bad."""

    due: timedelta = ZERO
    online: timedelta = ZERO
    good: timedelta = ZERO
    outages: int = 0  # counted ones that reach into the period

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.due + other.due, self.online + other.online, self.good + other.good, self.outages + other.outages
        )

    @property
    def rate(self) -> float | None:
        """在线率; None where nothing was due."""
        return self.online / self.due if self.due else None

    @property
    def good_rate(self) -> float | None:
        """完好率 by time: online with a picture nobody found fault with."""
        return self.good / self.due if self.due else None


def tally(
    heard: Sequence[Heard],
    since: datetime,
    until: datetime,
    now: datetime,
    *,
    silence: timedelta,
    guard: timedelta,
    pictures: Sequence[Heard] = (),
    maintenance: Iterable[Span] = (),
) -> Tally:
    """Times of one camera in [since, until), by what was heard of it up to `now`, oldest first; later words are not known
    yet. `heard` should reach back to the last word before `since`, or the camera counts from its first word only.
    `pictures` are judgements of its picture; a bad one stands until the next one."""
    if not heard:
        return Tally()
    out = joined(maintenance)
    known = (max(since, heard[0].first), min(until, now))
    due = without([known], out) if known[0] < known[1] else []
    down = [span for span in offline(heard, now, silence) if _size(without([span], out)) >= max(guard, _TICK)]
    bad = _bad(pictures, now)
    online = without(due, down)
    reached = [span for span in down if clip([span], *known)]
    return Tally(_size(due), _size(online), _size(without(online, bad)), len(reached))


_TICK = timedelta(microseconds=1)  # an outage without length is none


def offline(heard: Sequence[Heard], now: datetime, silence: timedelta) -> list[Span]:
    """When a camera was off or silent, in whole outages."""
    spans: list[Span] = []
    for one, following in pairwise([*heard, None]):
        assert one is not None
        end = min(following.first, now) if following else now
        start = one.last + silence if one.on else one.first
        if start < end:
            spans.append((start, end))
    return joined(spans)


def _bad(pictures: Sequence[Heard], now: datetime) -> list[Span]:
    spans: list[Span] = []
    for one, following in pairwise([*pictures, None]):
        assert one is not None
        end = min(following.first, now) if following else now
        if not one.on and one.first < end:
            spans.append((one.first, end))
    return joined(spans)


# Spans of time --------------------------------------------------------------------------------------------------------
def joined(spans: Iterable[Span]) -> list[Span]:
    """In order, overlapping and touching ones made one, empty ones left out."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def without(spans: Iterable[Span], gone: Sequence[Span]) -> list[Span]:
    """What is left of spans without others; both in order, the others joined."""
    found: list[Span] = []
    for start, end in spans:
        for away, back in gone:
            if back <= start or away >= end:
                continue
            if away > start:
                found.append((start, away))
            start = max(start, back)
        if start < end:
            found.append((start, end))
    return found


def clip(spans: Iterable[Span], since: datetime, until: datetime) -> list[Span]:
    """The parts of spans within a period."""
    return [(max(a, since), min(b, until)) for a, b in spans if max(a, since) < min(b, until)]


def _size(spans: Iterable[Span]) -> timedelta:
    return sum((end - start for start, end in spans), ZERO)
