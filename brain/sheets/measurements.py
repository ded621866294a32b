"""A row into the readings it holds, wide or long, with what is wrong in it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from brain.model import Quality
from brain.sheets import cells, places
from brain.sheets.cells import Unreadable, half, short
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
    except Unreadable as err:
        return [], [err]
    found = []
    for column, kind, given in _values(row, columns, by, said, feed):
        try:
            if kind == "?":
                raise Unreadable("kind", f"第 {row.line} 行没有监测项；请填上“{column}”")
            if column in wrong:
                raise Unreadable("value", wrong[column])
            value = _value(row, kind, column, given)
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
    kind = _kind(feed, name)
    unit = "" if "unit" not in by or by["unit"][1] is None else half(str(by["unit"][1]))
    unit = unit or said.get("value", "")
    if unit and kind != "?":
        kind += f"@{unit}"
    return [*wide, (by["value"][0] if name.strip() else by["kind"][0], kind, by["value"][1])]


@lru_cache(maxsize=1024)
def _kind(feed: str, name: str) -> str:
    told = declared().kinds.get(feed, {})
    wanted = plain(name)
    for key, names in told.items():
        if wanted == key or wanted in map(plain, names):
            return key
    return "?" + " ".join(half(name).split())[:60]


def _value(row: Row, kind: str, column: str, given: Cell) -> tuple[float, Quality] | None:
    words = declared().values.get(kind.partition("@")[0], {})
    if isinstance(given, str):
        for word, number in words.items():
            if plain(word) == plain(given):
                return number, Quality.OK
    return read(row, _measured, (column, given))


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
