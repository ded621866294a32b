"""A row into the readings it holds, wide or long, with what is wrong in it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from brain.city import BEIJING
from brain.model import Quality
from brain.sheets import cells
from brain.sheets.cells import Unreadable, half, short
from brain.sheets.columns import KIND, Columns, declared, plain
from brain.sheets.fields import blank, by_field, moment, read, whole
from brain.sheets.reading import Cell, Row


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a row: kind as a feed says it (`?name` for an unknown quantity, `kind@unit` for another unit)."""

    station: str
    kind: str
    at: datetime
    value: float
    quality: Quality = Quality.OK
    seq: str = ""


def readings_of(row: Row, columns: Columns, feed: str) -> tuple[list[Item], list[Unreadable]]:
    """The values of a row, and what is wrong in it. A row without any value and without an error cannot be: a row that
    holds nothing at all says so."""
    by = by_field(row, columns)
    bad: list[Unreadable] = []
    try:
        station, seq = _place(row, by, feed)
        at = _moment(row, by)
        quality = read(row, cells.flag, by["quality"]) if "quality" in by else Quality.OK
    except Unreadable as err:
        return [], [err]
    found = []
    for column, kind, given in _values(row, columns, by, feed):
        try:
            if kind == "?":
                raise Unreadable("kind", f"第 {row.line} 行没有监测项；请填上“{column}”")
            value = _value(row, kind, column, given)
        except Unreadable as err:
            bad.append(err)
            continue
        if value is not None:
            found.append(Item(station, kind, at, value, quality, seq))
    if not found and not bad:
        bad.append(Unreadable("value", f"第 {row.line} 行一个数值也没有；没有数据的行请删去"))
    return found, bad


def _values(row: Row, columns: Columns, by: Mapping[str, tuple[str, Cell]], feed: str) -> list[tuple[str, str, Cell]]:
    """(column, kind, cell) of each quantity: the columns of a wide sheet, or kind and value of a long one."""
    wide = [(c, m.removeprefix(KIND), row.cells.get(c)) for c, m in columns.items() if m.startswith(KIND)]
    if "kind" not in by or "value" not in by:
        return wide
    name = "" if by["kind"][1] is None else str(by["kind"][1])
    kind = _kind(feed, name)
    unit = "" if "unit" not in by or by["unit"][1] is None else half(str(by["unit"][1]))
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


def _value(row: Row, kind: str, column: str, given: Cell) -> float | None:
    words = declared().values.get(kind.partition("@")[0], {})
    if isinstance(given, str):
        for word, number in words.items():
            if plain(word) == plain(given):
                return number
    return read(row, cells.number, (column, given))


def _place(row: Row, by: Mapping[str, tuple[str, Cell]], feed: str) -> tuple[str, str]:
    """The station of a row; of a hotspot without one its place (`@lng,lat`), which then tells it apart as well. A satellite
    is named before it, as the fire feed does: the hotspot is then the same one, by whatever door it came."""
    column, given = by.get("station", ("测站编号", None))
    if not blank(given):
        said = half(whole(given))
        if len(said) > 64 or not said.isprintable():
            raise Unreadable("station", f"第 {row.line} 行“{column}”应是测站编号，现为“{short(given)}”；请核对")
        return said, ""
    if feed == "fire" and "lng" in by and "lat" in by:
        lng, lat = (read(row, cells.number, by[key]) for key in ("lng", "lat"))
        if lng is not None and lat is not None and -180 <= lng <= 180 and -90 <= lat <= 90:
            place = f"{lng:.5f},{lat:.5f}"
            return f"@{place}", f"{_satellite(row, by)}@{place}" if by.keys() & {"satellite", "date_utc"} else place
        if "station" not in by:
            reason = f"第 {row.line} 行没有可用的经纬度“{by['lng'][0]}”“{by['lat'][0]}”；请核对列的次序"
            raise Unreadable("place", reason)
    raise Unreadable("station", f"第 {row.line} 行没有测站编号；请填上“{column}”")


def _satellite(row: Row, by: Mapping[str, tuple[str, Cell]]) -> str:
    column, given = by.get("satellite", ("", None))
    said = half(whole(given)) or "?"
    if len(said) > 64 or not said.isprintable():
        raise Unreadable("shape", f"第 {row.line} 行“{column}”应是卫星的代号，现为“{short(given)}”；请核对")
    return said


def _moment(row: Row, by: Mapping[str, tuple[str, Cell]]) -> datetime:
    if "at" in by:
        return moment(row, by["at"])
    if "date_utc" in by and "clock_utc" in by:
        (column, day), (clock_column, clock) = by["date_utc"], by["clock_utc"]
        hhmm = half(whole(clock))
        if not (hhmm.isascii() and hhmm.isdigit() and len(hhmm) <= 4):
            raise Unreadable("time", f"第 {row.line} 行“{clock_column}”应是 UTC 的 HHMM，现为“{short(clock)}”；请核对列的次序")
        return read(row, cells.when, (column, f"{half(whole(day))} {hhmm.zfill(4)[:2]}:{hhmm.zfill(4)[2:]}Z"))
    column, day = by.get("date", ("日期", None))
    hour_column, hour = by.get("clock", ("时刻", None))
    start = moment(row, (column, day))
    if isinstance(hour, (int, float)) and not isinstance(hour, bool) and 0 <= hour <= 24:
        return start + timedelta(seconds=round(hour * 86400 if 0 < hour < 1 else hour * 3600))
    said = "" if hour is None else half(str(hour))
    if said.isdigit() and int(said) <= 24:
        return start + timedelta(hours=int(said))
    return read(row, cells.when, (hour_column, f"{start.astimezone(BEIJING):%Y-%m-%d} {said}"))
