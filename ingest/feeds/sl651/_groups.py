"""When the twelve values of a group (F4 … FC) were: the observation time before it is that of the last, or that of the first.

The standard gives a group of an hour one observation time, and stations are set both ways. Those that send the group under the
time of the whole report mean its end. Those that give it an F0 of its own, and the single values another behind it, mean
the first slot: 08:05 before the group, 09:00 before the level that is the last of the twelve.

What tells them apart, in this order: what shares its time with single values ends there; an F0 that stands 55 minutes
before another (60, where that other has no group of the same id) is the first slot; where no other F0 says anything, an hour has
its slots at :05 … :00, so
:05 begins one and :00 ends one; and a report that is sent as soon as it is whole says the rest. A group never reaches beyond
the time at which its report was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

IN_A_GROUP = 12
FIVE = timedelta(minutes=5)
SPAN = FIVE * (IN_A_GROUP - 1)  # from the first value to the last
HOUR = timedelta(hours=1)


@dataclass(slots=True, eq=False)
class Section:
    """What stands behind one F0 (or F1): `groups` are the ids of its groups, `single` whether other elements stand there."""

    station: str
    at: datetime | None
    groups: set[str] = field(default_factory=set[str])
    single: bool = False


def first(section: Section, sections: Sequence[Section], sent: datetime | None) -> datetime:
    """The time of the first value of the section's groups; `sent` is when the report says that it was sent."""
    at = section.at
    assert at is not None  # a group without a time is refused when it is read
    return at if _begins(section, at, sections, sent) else at - SPAN


def _begins(section: Section, at: datetime, sections: Sequence[Section], sent: datetime | None) -> bool:
    if section.single or (sent is not None and at + SPAN > sent + FIVE):
        return False
    others = [
        (one.at, one) for one in sections
        if one.at is not None and one.at != at and one.station == section.station and (one.groups or one.single)
    ]  # fmt: skip
    if any(other == at + SPAN or (SPAN < other - at <= HOUR and not one.groups & section.groups) for other, one in others):
        return True
    if any(one.single and abs(other - at) < SPAN for other, one in others):
        return False
    if at.minute in (0, FIVE.seconds // 60):  # Beijing time differs from UTC by whole hours
        return at.minute != 0
    return sent is not None and timedelta(0) <= sent - (at + SPAN) < FIVE
