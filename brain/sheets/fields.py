"""The cells of one row by the field their columns stand for, and times as sheets write them. Pure.

Beside `cells` and not in it, because every sentence here names the row.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from brain.city import BEIJING
from brain.sheets import cells
from brain.sheets.cells import BLANK, Unreadable, half
from brain.sheets.columns import KIND, Columns
from brain.sheets.reading import Cell, Row

EXCEL_ZERO = datetime(1899, 12, 30, tzinfo=BEIJING)
EXCEL_DAYS = (20_000.0, 80_000.0)  # 1954 to 2119: a number in a time column that is meant as Excel's day


def by_field(row: Row, columns: Columns) -> dict[str, tuple[str, Cell]]:
    """Field → (name of its column, cell); quantities and what nobody asks for are left out."""
    return {m: (c, row.cells.get(c)) for c, m in columns.items() if m and not m.startswith(KIND) and m != "private"}


def read(row: Row, how, cell: tuple[str, Cell]):
    """A cell by one of the functions of `cells`, its sentence beginning with the row."""
    column, given = cell
    try:
        return how(given, column)
    except Unreadable as err:
        raise Unreadable(err.rule, f"第 {row.line} 行{err}") from None


def blank(given: Cell) -> bool:
    """Whether a cell says that nothing was noted."""
    return given is None or (isinstance(given, str) and half(given).casefold() in BLANK)


def whole(given: Cell) -> str:
    """A cell as text; a workbook may hold a whole number as 325.0."""
    return "" if given is None else str(int(given) if isinstance(given, float) and given.is_integer() else given)


_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


def moment(row: Row, cell: tuple[str, Cell]) -> datetime:
    """A time as sheets hold it: as `cells.when` reads it, a day alone (its midnight), or a day number of Excel."""
    column, given = cell
    number = given if isinstance(given, (int, float)) and not isinstance(given, bool) else None
    said = half(given) if isinstance(given, str) else ""
    if number is None and re.fullmatch(r"\d{5}(\.\d+)?", said):
        number = float(said)
    if number is not None and EXCEL_DAYS[0] <= number <= EXCEL_DAYS[1]:
        return (EXCEL_ZERO + timedelta(seconds=round(number * 86400))).astimezone(UTC)
    if match := _DAY.fullmatch(said):
        given = f"{match[1]}-{match[2]}-{match[3]} 00:00"
    if blank(given):
        raise Unreadable("time", f"第 {row.line} 行没有时间；请填上“{column}”")
    return read(row, cells.when, (column, given))
