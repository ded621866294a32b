"""A row into the readings it holds, wide or long, with what is wrong in it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from brain import catalog as catalogs
from brain.model import Quality
from brain.sheets import cells, heads, numbers, places
from brain.sheets.cells import Unreadable, fold, half, short
from brain.sheets.columns import KIND, Columns, declared
from brain.sheets.fields import blank, by_field, day_and_clock, forms, moment, read, whole, whole_row
from brain.sheets.heads import plain
from brain.sheets.shape import Cell, Row


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a row: kind as a feed says it (`?name` for an unknown quantity, `kind@unit` for another unit)."""

    station: str
    kind: str
    at: datetime
    value: float
    quality: Quality = Quality.OK
    seq: str = ""


def readings_of(row: Row, columns: Columns, feed: str, about: datetime | None = None) -> tuple[list[Item], list[Unreadable]]:
    """The values of a row, and what is wrong in it. A row without any value and without an error cannot be: a row that
    holds nothing at all says so. `about`: when the sheet came in."""
    by, said = by_field(row, columns), forms(columns)
    wrong = dict(row.wrong) if row.wrong else {}
    bad: list[Unreadable] = []
    try:
        whole_row(row, columns)
        station, seq = _place(row, by, said, feed)
        at = _moment(row, by, said, about)
        flagged = read(row, cells.flag, by["quality"]) if "quality" in by else Quality.OK
        values = _values(row, columns, by, said, feed)
    except Unreadable as err:
        return [], [err]
    found = []
    for column, kind, given in values:
        try:
            if kind == "?":
                raise Unreadable("kind", f"第 {row.line} 行没有监测项；请填上“{column}”")
            if column in wrong:
                raise Unreadable("value", wrong[column])
            kind, value = _value(row, kind, column, given)
        except Unreadable as err:
            bad.append(err)
            continue
        if value is not None:
            found.append(Item(station, kind, at, value[0], cells.worse(flagged, value[1]), seq))
    if not found and not bad:
        bad.append(Unreadable("value", f"第 {row.line} 行一个数值也没有；没有数据的行请删去"))
    return found, bad


def _values(
    row: Row, columns: Columns, by: Mapping[str, tuple[str, Cell]], said: Mapping[str, str], feed: str
) -> list[tuple[str, str, Cell]]:
    """(column, kind, cell) of each quantity: the columns of a wide sheet, or kind and value of a long one."""
    wide = [(c, m.removeprefix(KIND), row.cells.get(c)) for c, m in columns.items() if m.startswith(KIND)]
    if "kind" not in by or "value" not in by:
        return wide
    name = "" if by["kind"][1] is None else str(by["kind"][1])
    kind, own = _kind(feed, name)
    unit = "" if "unit" not in by or by["unit"][1] is None else _unit(str(by["unit"][1]))
    if own and unit and heads.plain(own) != heads.plain(unit):
        says = f"第 {row.line} 行“{by['kind'][0]}”里的单位是“{short(own)}”，“{by['unit'][0]}”是“{short(unit)}”；请只写一处，或写成一样的"
        raise Unreadable("unit", says)
    unit = unit or own or said.get("value", "")
    if unit and kind != "?":
        kind += f"@{unit}"
    return [*wide, (by["value"][0] if name.strip() else by["kind"][0], kind, by["value"][1])]


def _unit(cell: str) -> str:
    """The unit that a cell names; none where it says that there is none."""
    return "" if numbers.is_gap(cell) else fold(cell)


@lru_cache(maxsize=1024)
def _kind(feed: str, name: str) -> tuple[str, str]:
    """(kind, unit) that the item of a long sheet names, as the name of a column would. What is not understood beside it stays in
    the name, so that it is asked for."""
    told = declared()
    key, words = heads.quantity(name, told.kinds.get(feed, {}), told.head)
    unit = heads.of_value(words, None, told.head)
    if key and unit[:1] != "?":
        return key, unit
    return "?" + " ".join(fold(name).split())[:60], ""


def _value(row: Row, kind: str, column: str, given: Cell) -> tuple[str, tuple[float, Quality] | None]:
    """(kind, value) of a cell: the kind with the cell's own unit where it has one."""
    name = kind.partition("@")[0]
    words = declared().values.get(name, {})
    if isinstance(given, str):
        for word, number in words.items():
            if plain(word) == plain(given):
                return kind, (number, Quality.OK)
    try:
        found = read(row, _measured, (column, given))
    except Unreadable:
        led = numbers.parted(given) if isinstance(given, str) else None
        if led is None:
            raise
        found = read(row, _measured, (column, led[0]))
        kind = f"{name}@{led[1]}"
    if found is not None and found[1] is Quality.BELOW_LIMIT:
        _with_limit(row, name, column, given)
    return kind, found


def _with_limit(row: Row, name: str, column: str, given: Cell) -> None:
    """Raises Unreadable where a quantity that has no limit of detection is said to be below one: `30L` may be thirty litres."""
    declared_kind = catalogs.load().kinds.get(name)
    if declared_kind is None or declared_kind.detection_limit:
        return
    says = f"第 {row.line} 行“{column}”写的是“{short(given)}”，{declared_kind.label}没有检出限"
    if half(str(given)).rstrip(")]")[-1:] in "Ll":
        says += "，L 可能是升，也可能是检出限的标记；是升请把单位写在列名里，不是就只写数字"
    else:
        says += "，不知道记多少；没有测到请写 0，没有测值就留空，测到了就只写数字"
    raise Unreadable("value", says)


def _measured(value: object, where: str) -> tuple[float, Quality] | None:
    return cells.measured(value, where, cell=True)


def _place(row: Row, by: Mapping[str, tuple[str, Cell]], said_of: Mapping[str, str], feed: str) -> tuple[str, str]:
    """The station of a row; of a hotspot without one its place (`@lng,lat`), which then tells it apart as well. A satellite
    is named before it, as the fire feed does: the hotspot is then the same one, by whatever door it came."""
    column, given = by.get("station", ("测站编号", None))
    if not blank(given):
        said = half(whole(given))
        if said[:1] == "=":
            raise Unreadable("station", f"第 {row.line} 行“{column}”是公式“{short(given)}”，文件里没有它的结果；请重算并保存，或粘贴为数值")
        if len(said) > 64 or not said.isprintable():
            raise Unreadable("station", f"第 {row.line} 行“{column}”应是测站编号，现为“{short(given)}”；请核对")
        return said, ""
    if feed == "fire" and "lng" in by and "lat" in by:
        spot = place_of(row, by, said_of)
        if spot is not None:
            place = f"{spot[0]:.5f},{spot[1]:.5f}"
            return f"@{place}", f"{_satellite(row, by)}@{place}" if by.keys() & {"satellite", "date_utc"} else place
        if "station" not in by:
            reason = f"第 {row.line} 行没有可用的经纬度“{by['lng'][0]}”“{by['lat'][0]}”；请核对列的次序"
            raise Unreadable("place", reason)
    raise Unreadable("station", f"第 {row.line} 行没有测站编号；请填上“{column}”")


def place_of(row: Row, by: Mapping[str, tuple[str, Cell]], said: Mapping[str, str]) -> tuple[float, float] | None:
    """(longitude, latitude) of a row as stored, whatever system its columns or its own cell names; None where it has none.
    Raises Unreadable."""
    for column, says in row.wrong:
        if column == "lng":
            raise Unreadable("place", says)
    lng, lat = (read(row, cells.number, by[key]) if key in by else None for key in ("lng", "lat"))
    if lng is None or lat is None:
        return None
    named = places.system(by["crs"][1]) if "crs" in by and not blank(by["crs"][1]) else said.get("lng", said.get("lat", ""))
    return places.located(lng, lat, f"第 {row.line} 行", named)


def _satellite(row: Row, by: Mapping[str, tuple[str, Cell]]) -> str:
    column, given = by.get("satellite", ("", None))
    said = half(whole(given)) or "?"
    if len(said) > 64 or not said.isprintable():
        raise Unreadable("shape", f"第 {row.line} 行“{column}”应是卫星的代号，现为“{short(given)}”；请核对")
    return said


def _moment(
    row: Row, by: Mapping[str, tuple[str, Cell]], said: Mapping[str, str], about: datetime | None
) -> datetime:
    if "at" in by:
        return moment(row, by["at"], said.get("at", ""), about)
    if "date_utc" in by and "clock_utc" in by:
        (column, day), (clock_column, clock) = by["date_utc"], by["clock_utc"]
        hhmm = half(whole(clock))
        if not (hhmm.isascii() and hhmm.isdigit() and len(hhmm) <= 4):
            raise Unreadable("time", f"第 {row.line} 行“{clock_column}”应是 UTC 的 HHMM，现为“{short(clock)}”；请核对列的次序")
        return read(row, cells.when, (column, f"{half(whole(day))} {hhmm.zfill(4)[:2]}:{hhmm.zfill(4)[2:]}Z"))
    day, clock = by.get("date", ("日期", None)), by.get("clock", ("时刻", None))
    return day_and_clock(row, day, clock, said.get("clock", "") or said.get("date", ""), about)
