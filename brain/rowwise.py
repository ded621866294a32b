"""One row that cannot be drawn never takes the others with it: it is shown as 无法显示, and logged with its id.

Why around every row and not around every list: what is wrong with a row (a time no clock can say, a shape nobody foresaw) is
found where it is drawn, in fifty places; a list that is empty because of one of its rows hides all the others from a duty desk.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import psycopg

from brain.model import Refused

T = TypeVar("T")
LOST = "无法显示"

log = logging.getLogger(__name__)
_told: dict[tuple[str, str], None] = {}
TOLD_MAX = 1000  # rows whose fault was logged with its traceback; a wall draws the same row every few seconds


def each(
    rows: Iterable[Any], draw: Callable[[Any], T], what: str, lost: Callable[[str], T | None], key: str | int = "id"
) -> list[T]:
    """`draw` of every row, in order; for a row that cannot be drawn `lost(id)`, or nothing where that is None. `key`: where
    a row has its id, a column of a dict or the place in a list."""
    found: list[T] = []
    for row in rows:
        try:
            drawn: T | None = draw(row)
        except Exception:
            ident = name(row, key)
            log_broken(what, ident)
            drawn = lost(ident)
        if drawn is not None:
            found.append(drawn)
    return found


def sound(rows: Iterable[Any], make: Callable[[Any], T], what: str, key: str | int = "id") -> tuple[list[T], list[str]]:
    """(`make` of every row that it can be made of and that JSON can hold, names of the others)."""
    lost: list[str] = []
    made = each(rows, lambda row: sayable(make(row)), what, lost.append, key)
    return made, lost


def whole(draw: Callable[[], T], what: str, lost: T) -> T:
    """`draw()`, or `lost` where it cannot be drawn: for a part of a page that is no list. A database that is away and a
    refusal are no fault of what is drawn, and go through."""
    try:
        return draw()
    except (psycopg.Error, Refused):
        raise
    except Exception:
        log_broken(what, "")
        return lost


def name(row: Any, key: str | int = "id") -> str:
    """What a row is called in the log, and where it is picked; "" where not even that can be read."""
    try:
        found = row[key]
    except (KeyError, TypeError, IndexError, AttributeError):
        return ""
    return found if isinstance(found, str) else str(found)


def log_broken(what: str, ident: str) -> None:
    """Log the exception being handled, with its traceback the first time."""
    if (what, ident) in _told:
        log.warning("%s %s 仍无法显示", what, ident or "（整块）")
        return
    while len(_told) >= TOLD_MAX:
        _told.pop(next(iter(_told)), None)
    _told[what, ident] = None
    log.exception("%s %s 无法显示；其余照常显示", what, ident or "（整块）")


def sayable(value: T) -> T:
    """The same value, if JSON can hold all of it. Raises ValueError for a number that is none."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is no JSON number")
    elif isinstance(value, Mapping):
        for inner in value.values():
            sayable(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            sayable(inner)
    return value
