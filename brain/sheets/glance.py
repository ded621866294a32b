"""What a page shows of a sheet: its columns, its first rows, how many there are, and what is wrong with them. Pure but for the file.

Why beside `reading` and `columns`: a whole sheet is a hundred thousand rows, and the page needs twenty. These functions run
in a process of their own and give small answers back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from brain.catalog.records import Limits, Sheets
from brain.sheets import columns, reading
from brain.sheets.reading import Row


@dataclass(frozen=True, slots=True)
class Glance:
    """Names of the columns, the first rows, and how many rows there are in all."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What a sheet would bring: sound rows, values, rows with something wrong, and the first of those (line, sentence)."""

    sound: int
    values: int
    wrong: int
    bad: tuple[tuple[int, str], ...]


def glance(path: Path, limits: Limits, first: int) -> Glance:
    """Raises BadSheet."""
    sheet = reading.read(path.name, path.read_bytes(), limits)
    return Glance(sheet.columns, sheet.rows[:first], len(sheet.rows))


def judged(
    path: Path, limits: Limits, meant: Mapping[str, str], feed: str, told: Sheets, known: Mapping[str, str], first: int
) -> Judged:
    """Every row read as the door will read it; see `columns.look`. Raises BadSheet."""
    sheet = reading.read(path.name, path.read_bytes(), limits)
    found = columns.look(sheet.rows, {c: m for c, m in meant.items() if m}, feed, told, known)
    return Judged(found.sound, found.values, len(found.bad), tuple(found.bad[:first]))
