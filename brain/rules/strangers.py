"""What strangers write, made harmless at the door: times within bounds, texts that every writer of ours can carry.

Why at the door and not where it is shown: a time of the year 9999 has no Beijing time, and a control character has no XML;
whoever meets them later (a wall, a month's document, a spreadsheet) falls over something he was never asked about.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

FIRST = datetime(1, 1, 3, tzinfo=UTC)
LAST = datetime(9999, 12, 29, tzinfo=UTC)
"""Between these every moment has a local time in every zone, and room for a day's reckoning."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_LINE_END = re.compile("\r\n?|\x85|\u2028|\u2029")


class OutOfBounds(ValueError):
    """A time outside its bounds; `early` says on which side."""

    def __init__(self, value: datetime, early: bool):
        super().__init__(value.isoformat())
        self.early = early


def bounded_time(value: datetime, now: datetime, past: timedelta, ahead: timedelta) -> datetime:
    """`value` as aware UTC, when now − past <= value <= now + ahead. Raises OutOfBounds; ValueError without an offset."""
    if value.tzinfo is None:
        raise ValueError(f"no offset: {value.isoformat()}")
    try:
        found = value.astimezone(UTC)
    except OverflowError:  # the first or the last day there is, in another zone
        raise OutOfBounds(value, early=value.year < 5000) from None
    if found - now < -past:
        raise OutOfBounds(found, early=True)
    if found - now > ahead:
        raise OutOfBounds(found, early=False)
    return found


def plain_text(value: str, most: int | None = None, *, lines: bool = True) -> str:
    """The text without what XML, PostgreSQL or UTF-8 cannot carry (control characters, halves of surrogate pairs,
    non-characters), ends of line as LF; without `lines` any white space becomes one
    space. At most `most` characters, the last of them …
    where it was cut. What is plain already comes back as it is."""
    if not value.isprintable():  # most are, and that is quick to see
        value = _FORBIDDEN.sub("", _LINE_END.sub("\n", value))
    if not lines:
        value = " ".join(value.split())
    return value if most is None or len(value) <= most else value[: most - 1] + "…"
