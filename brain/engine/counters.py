"""Rain of the last 1, 3, 6 and 24 hours where a station only counts: from `rain_total`, at each whole hour.

Why stored as readings of their own and not computed where they are needed: tips, screens, roll-ups and reports ask for
`rain_1h` and its like, and need not know which station sends them and which one counts. What a station itself sends for the
same moment came first and stays. A sum whose beginning nobody measured is no sum; when the missing reading comes late, the
sums after it are made then, marked late. A sum over a jump of the counter (more than can fall) has the quality `range`.

A sum that stands is not made anew: the differences between two readings do not change by what comes late between them, but
for a reset that nobody could see before.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.flow.measured import readings
from brain.model import TRUSTED, Quality, Reading
from brain.rules.counter import Counter

COUNTER = "rain_total"
SUMS = {"rain_1h": 1, "rain_3h": 3, "rain_6h": 6, "rain_24h": 24}  # kind: hours
LONGEST = timedelta(hours=max(SUMS.values()))
SLACK = timedelta(minutes=10)  # a station that reports at 7:55 measured the hour from 8:00 well enough
FEED = "counter"  # under this name the sums stand in the accounts


def sums(
    conn: psycopg.Connection, catalog: Catalog, fresh: Sequence[tuple[Reading, bool]]
) -> list[tuple[Reading, bool]]:
    """The sums that fresh readings (each with whether it was back-filled) make possible, with the same said of them."""
    came: defaultdict[str, dict[datetime, bool]] = defaultdict(dict)
    for reading, late in fresh:
        if reading.kind == COUNTER and reading.quality in TRUSTED:
            came[reading.station][reading.at] = late
    kinds = {kind: timedelta(hours=hours) for kind, hours in SUMS.items() if kind in catalog.kinds}
    an_hour = catalog.kinds["rain_1h"].sane[1] if "rain_1h" in kinds else math.inf
    found = []
    for station, new in sorted(came.items()):
        trail = readings.trail(
            conn, station, [COUNTER], since=min(new) - LONGEST - SLACK, until=max(new) + LONGEST
        )  # fmt: skip
        counter = Counter(((r.at, r.value) for r in trail if r.quality in TRUSTED), an_hour=an_hour)
        moments = sorted(new)
        for at in counter.moments:
            before = bisect_right(moments, at)
            if _whole(at) and before and at - moments[before - 1] <= LONGEST:
                late = new.get(at, True)
                found += [(reading, late) for reading in _at(station, counter, kinds, at, late)]
    return found


def _whole(at: datetime) -> bool:
    return at.minute == at.second == at.microsecond == 0


def _at(station: str, counter: Counter, kinds: Mapping[str, timedelta], at: datetime, late: bool) -> list[Reading]:
    found = []
    for kind, window in kinds.items():
        amount = counter.fallen(at - window, at, slack=SLACK)
        if amount is not None:
            jumped = counter.jumped(at - window, at)
            quality = Quality.RANGE if jumped else Quality.LATE if late else Quality.OK
            found.append(Reading(station, kind, at, amount, quality))
    return found


def store(conn: psycopg.Connection, found: Sequence[tuple[Reading, bool]], now: datetime) -> None:
    """Write the sums; those that are there already, the station's own first of all, stay as they are."""
    for lane in ("live", "history"):
        made = [reading for reading, late in found if late == (lane == "history")]
        if made:
            readings.store(
                conn, feed=FEED, worker="engine", lane=lane, received_at=now, readings=made, received=len(made), beside=False
            )  # fmt: skip
