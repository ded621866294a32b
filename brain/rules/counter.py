"""Counters that only grow until they start anew (cumulative rain, `rain_total`): what fell between two of their readings.

The amount of a step is the difference; where the value drops, the counter was reset or ran over, and the new value is what
has fallen since (what fell between the last reading and the reset is lost: nobody counted it). A step belongs to its end, as
all amounts of rain do, so that neighbouring periods never share or lose one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

HOUR = timedelta(hours=1)
DIGITS = 3  # what is lost in subtracting decimal fractions is less than that


def steps(readings: Iterable[tuple[datetime, float]]) -> list[tuple[datetime, datetime, float]]:
    """(from, to, amount) of each two neighbouring readings, in order of time, whatever order and how often they came.

    Of several values at one moment, which is no counter, the greatest counts.
    """
    seen: dict[datetime, float] = {}
    for at, value in readings:
        seen[at] = max(value, seen.get(at, value))
    return [
        (then, at, round(value - before if value >= before else value, DIGITS))
        for (then, before), (at, value) in pairwise(sorted(seen.items()))
    ]


class Counter:
    """The steps of one counter, laid out so that many periods can be asked for. `an_hour` is the most that can fall in one:
    a step of more, spread over the hours it spans, is a jump of the counter and no rain."""

    def __init__(self, readings: Iterable[tuple[datetime, float]], *, an_hour: float = float("inf")):
        found = steps(readings)
        self._jumps = [at for then, at, amount in found if amount > an_hour * max((at - then) / HOUR, 1)]
        self.moments = [at for _, at, _ in found]
        """Ends of the steps: every reading but the first."""
        self._begins = [then for then, _, _ in found]
        self._sums = list(accumulate((amount for _, _, amount in found), initial=0.0))

    def jumped(self, since: datetime, until: datetime) -> bool:
        """Whether a step that ends in (since, until] is a jump."""
        return bisect_right(self._jumps, since) != bisect_right(self._jumps, until)

    def fallen(self, since: datetime, until: datetime, *, slack: timedelta | None = None) -> float | None:
        """Amount of the steps that end in (since, until]. None when there is none: a silent gauge is not a dry one.

        With `slack` also None when the first step does not begin within that much of the beginning (part of the amount fell
        before it, or what fell at first was not counted), or the last ends more than that before the end.
        """
        first, last = bisect_right(self.moments, since), bisect_right(self.moments, until)
        if first == last:
            return None
        if slack is not None and max(abs(since - self._begins[first]), until - self.moments[last - 1]) > slack:
            return None
        return round(self._sums[last] - self._sums[first], DIGITS)


def fallen(
    readings: Iterable[tuple[datetime, float]], since: datetime, until: datetime, *, slack: timedelta | None = None
) -> float | None:
    """`Counter.fallen` for a single period; `readings` should begin with the last one up to `since`."""
    return Counter(readings).fallen(since, until, slack=slack)
