"""Counters that only grow until they start anew (cumulative rain, `rain_total`): what fell between two of their readings.

The amount of a step is the difference; where the value drops, the counter was reset or ran over, and the new value is what
has fallen since (what fell between the last reading and the reset is lost: nobody counted it). A step belongs to its end, as
with all amounts of rain, so that neighbouring periods never share or lose one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

DIGITS = 3  # what is lost in subtracting decimal fractions is less than that


def steps(readings: Iterable[tuple[datetime, float]]) -> list[tuple[datetime, datetime, float]]:
    """(from, to, amount) of each two neighbouring readings, in order of time, whatever order and how often they came.

    Of several values at one moment, which is no counter, the greatest counts.
    """
    seen: dict[datetime, float] = {}
    for at, value in readings:
        seen[at] = max(value, seen.get(at, value))
    found = sorted(seen.items())
    return [
        (then, at, round(value - before if value >= before else value, DIGITS))
        for (then, before), (at, value) in pairwise(found)
    ]


def fallen(
    readings: Iterable[tuple[datetime, float]], since: datetime, until: datetime, *, longest: timedelta | None = None
) -> float | None:
    """Amount of the steps that end in (since, until]; `readings` should begin with the last one up to `since`.

    None when there is no such step, so that a silent gauge is not a dry one; and, with `longest`, when one of them spans
    more than that, because the amount may then have fallen before the period.
    """
    inside = [(then, at, amount) for then, at, amount in steps(readings) if since < at <= until]
    if not inside or (longest is not None and any(at - then > longest for then, at, _ in inside)):
        return None
    return round(sum(amount for _, _, amount in inside), DIGITS)
