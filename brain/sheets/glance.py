"""What a page shows of a sheet: its columns, its first rows, how many there are, and what is wrong with them. Pure but for the file.

Why beside `reading` and `columns`: a whole sheet is a hundred thousand rows, and the page needs twenty. These functions run
in a process of their own and give small answers back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from brain.catalog.sheet_records import Limits, Sheets
from brain.sheets import measurements, orders, reading
from brain.sheets.cells import Unreadable, short
from brain.sheets.columns import Columns
from brain.sheets.masking import masked
from brain.sheets.shape import Row


@dataclass(frozen=True, slots=True)
class Glance:
    """Names of the columns, the first rows, how many rows there are in all, the numbers of those that hold no data, and the
    workbook's other sheets."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    count: int
    left: tuple[int, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What a sheet would bring: sound rows, values, rows with something wrong, and the first of those (line, sentence)."""

    sound: int
    values: int
    wrong: int
    bad: tuple[tuple[int, str], ...]


@dataclass(slots=True)
class Look:
    """What a sheet would bring: sound rows, and what is wrong with the others (line, sentence)."""

    sound: int = 0
    values: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)


def glance(path: Path, limits: Limits, first: int, told: Sheets | None = None) -> Glance:
    """Raises BadSheet."""
    sheet = reading.read(path.name, path.read_bytes(), limits, told=told)
    return Glance(sheet.columns, sheet.rows[:first], len(sheet.rows), sheet.left, sheet.unread)


def judged(
    path: Path, limits: Limits, meant: Mapping[str, str], feed: str, told: Sheets, known: Mapping[str, str], first: int,
    about: datetime | None = None,
) -> Judged:
    """Every row read as the door will read it at the moment `about`; see `look`. Raises BadSheet."""
    sheet = reading.read(path.name, path.read_bytes(), limits, told=told)
    found = look(sheet.rows, {c: m for c, m in meant.items() if m}, feed, told, known, about)
    return Judged(found.sound, found.values, len(found.bad), tuple(found.bad[:first]))


def look(
    rows: Iterable[Row], columns: Columns, feed: str, told: Sheets, known: Mapping[str, str] | None = None,
    about: datetime | None = None,
) -> Look:
    """Every row read as the door will read it. `known`: stations of the feed, or senders' words for them, as far as the
    caller knows; an unknown one is told, and will go to the dead letter. Hotspots' places are judged at the door."""
    form = told.takers[feed].form
    found = Look()
    for row in orders.apart(rows, columns) if form == "orders" else rows:
        if form == "orders":
            items, bad, spared = [], [], []
            try:
                orders.state_of(orders.order_of(row, columns, about, spared), told)
                bad = [Unreadable(err.rule, masked(str(err))) for err in spared]
            except Unreadable as err:
                bad = [Unreadable(err.rule, masked(str(err)))]
        else:
            items, bad = measurements.readings_of(row, columns, feed, about)
        found.values += len(items)
        said = [str(err) if str(err).startswith("第 ") else f"第 {row.line} 行{err}" for err in bad]
        lost = {i.station for i in items if known is not None and i.station not in known and i.station[:1] != "@"}
        said += [f"第 {row.line} 行测站 {short(s)} 没有登记；请核对编号，或先登记测站" for s in sorted(lost)]
        said += [
            f"第 {row.line} 行监测项“{short(i.kind[1:])}”不在目录里；请在接入质量页对应到感知量" for i in items if i.kind[:1] == "?"
        ]
        if said:
            found.bad.append((row.line, "；另：".join(said)))
        else:
            found.sound += 1
    return found
