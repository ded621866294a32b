"""The cells of one row by the field their columns stand for, and times as sheets write them. Pure.

Beside `cells` and not in it, because every sentence here names the row.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from brain.city import BEIJING
from brain.sheets import cells, numbers, times
from brain.sheets.cells import Unreadable, half, short
from brain.sheets.columns import KIND, Columns, parted
from brain.sheets.shape import Cell, Row


def by_field(row: Row, columns: Columns) -> dict[str, tuple[str, Cell]]:
    """Field → (name of its column, cell); quantities and what nobody asks for are left out."""
    return {field: (column, row.cells.get(column)) for column, field, _ in _layout(tuple(columns.items()))}


def forms(columns: Columns) -> dict[str, str]:
    """Field → the form that its column's name or a person says of it."""
    return {field: form for _, field, form in _layout(tuple(columns.items())) if form}


@lru_cache(maxsize=64)
def _layout(columns: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str, str], ...]:
    """(column, field, form) of the columns that stand for a field: the same for every row of a sheet."""
    return tuple((c, *parted(m)) for c, m in columns if m and not m.startswith(KIND) and m != "private")


def whole_row(row: Row, columns: Columns) -> None:
    """Raises Unreadable (rule `shape`) for a row whose cells do not fit the header, as far as anybody asks for those cells."""
    for column, says in row.wrong:
        if not column or (column in columns and column not in row.cells and column != "lng"):
            raise Unreadable("shape", says)
    for column, rule in _codes(tuple(columns.items())):
        spoilt(row, column, rule)


DIGITS = 10**15
"""A spreadsheet keeps fifteen figures of a number: a code with more of them, kept as a number, ends in invented ones."""
_POWER = re.compile(r"\d(?:\.\d+)?[eE]\+\d+")


@lru_cache(maxsize=64)
def _codes(columns: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((c, m) for c, m in columns if m in ("station", "number"))


def spoilt(row: Row, column: str, rule: str) -> None:
    """Raises Unreadable for a code of which a spreadsheet has kept only the beginning: two of them would be one."""
    given = row.cells.get(column)
    if type(given) is str:
        if len(given) < 40 and "+" in given and _POWER.fullmatch(half(given)):
            says = f"写的是“{short(given)}”：Excel 把长编号改成了科学计数，后面的数字已经丢了"
            raise Unreadable(rule, f"第 {row.line} 行“{column}”{says}；请把这一列设为文本后重新导出")
    elif type(given) in (int, float) and abs(given) >= DIGITS:  # type: ignore[arg-type]
        says = "是按数字存的长编号，表格软件只保留 15 位，后面的数字已经不对"
        raise Unreadable(rule, f"第 {row.line} 行“{column}”{says}；请把这一列设为文本后重新导出")


def read(row: Row, how, cell: tuple[str, Cell]):
    """A cell by one of the functions of `cells`, its sentence beginning with the row."""
    column, given = cell
    try:
        return how(given, column)
    except Unreadable as err:
        raise Unreadable(err.rule, f"第 {row.line} 行{err}") from None


def blank(given: Cell) -> bool:
    """Whether a cell says that nothing was noted."""
    return given is None or (isinstance(given, str) and numbers.is_gap(given) and len(given) <= 40)


def whole(given: Cell) -> str:
    """A cell as text; a workbook may hold a whole number as 325.0."""
    return "" if given is None else str(int(given) if isinstance(given, float) and given.is_integer() else given)


@lru_cache(maxsize=256)
def _parts(form: str) -> tuple[timezone, str]:
    """(zone, form of bare numbers) of a form such as `UTC`, `+09:00,ms`."""
    zone, kind = BEIJING, ""
    for part in form.split(",") if form else ():
        if part in times.FORMS:
            kind = part
        elif part == "UTC":
            zone = UTC
        elif part[:1] in ("+", "-") and re.fullmatch(r"[+-]\d\d:\d\d", part):
            size = timedelta(hours=int(part[1:3]), minutes=int(part[4:]))
            zone = timezone(size if part[0] == "+" else -size)
        elif part:
            raise Unreadable("time", f"列的含义里“{part}”看不懂；可写 UTC、+08:00、excel、s、ms")
    return zone, kind


def moment(row: Row, cell: tuple[str, Cell], form: str = "", about: datetime | None = None) -> datetime:
    """A time as sheets hold it (`times.when`); `form` what its column's name says, `about` when the sheet came in."""
    column, given = cell
    if blank(given):
        raise Unreadable("time", f"第 {row.line} 行没有时间；请填上“{column}”")
    zone, kind = _parts(form)

    def how(value: object, where: str) -> datetime:
        return cells.when(value, where, zone, about=about, form=kind)

    return read(row, how, cell)


_CLOCK = re.compile(r"\d{1,2}[:时点].*|(?:上午|下午|凌晨|早上|中午|晚上|am|pm).*|\d{1,2}\s*(?:am|pm)", re.I)
_FRACTION = re.compile(r"0?\.\d+")


def day_and_clock(row: Row, day: tuple[str, Cell], clock: tuple[str, Cell], form: str = "", about: datetime | None = None) -> datetime:
    """A moment that stands in two cells. The clock may be `08:00`, `8时`, an hour (8), a time without signs (800, 0800, 080000),
    a part of a day as Excel keeps it (0.333), or the whole moment once more."""
    said_day = half(whole(day[1]))
    start = moment(row, day, form, about)
    zone, _ = _parts(form)
    first = start.astimezone(zone)
    if (first.hour, first.minute, first.second) != (0, 0, 0):
        raise Unreadable("time", f"第 {row.line} 行“{day[0]}”应是日期，现为“{short(said_day)}”，还带着时刻；请只留一处时刻")
    if blank(clock[1]):
        raise Unreadable("time", f"第 {row.line} 行没有时刻；请填上“{clock[0]}”")
    given = clock[1]
    said = half(whole(given))
    if (isinstance(given, float) and 0 < given < 1) or _FRACTION.fullmatch(said):
        return start + timedelta(seconds=round(float(said) * 86400))
    if said.isascii() and said.isdigit() and len(said) <= 6:
        figures = said if len(said) <= 2 else said.zfill(4 if len(said) <= 4 else 6)
        hour, minute, second = int(figures[:2]), int(figures[2:4] or 0), int(figures[4:6] or 0)
        if hour > 24 or minute > 59 or second > 59 or (hour == 24 and (minute or second)):
            raise Unreadable("time", f"第 {row.line} 行“{clock[0]}”没有这样的时刻“{short(given)}”；请写成 08:00")
        return start + timedelta(hours=hour, minutes=minute, seconds=second)
    if not _CLOCK.fullmatch(said):
        again = moment(row, clock, form, about)
        if again.astimezone(zone).date() == first.date():
            return again
        raise Unreadable("time", f"第 {row.line} 行“{day[0]}”“{clock[0]}”不是同一天：“{short(said_day)}”“{short(given)}”；请核对")
    return moment(row, (clock[0], f"{first:%Y-%m-%d} {said}"), form, about)
