"""What the columns of a sheet mean: proposed by their names, then applied row by row. Pure.

A meaning is a field of the sheet's form (`station`, `at`, …), `kind:<key>` or `kind:<key>@<unit>` for a column that holds
one quantity, or "" for a column nobody asks for. The words are declared in `catalog/sheets.toml`. The upload page
(before sending) and the feeds of `ingest` (at the door, and again from a dead letter) read rows with the same functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from brain import catalog as catalogs
from brain.catalog.records import Field, OrderState, Sheets
from brain.city import BEIJING
from brain.model import Quality, WorkOrder
from brain.sheets import cells
from brain.sheets.cells import BLANK, Unreadable, half, short
from brain.sheets.reading import Cell, Row

Columns = Mapping[str, str]
"""Name of a column → its meaning."""

EXCEL_ZERO = datetime(1899, 12, 30, tzinfo=BEIJING)
EXCEL_DAYS = (20_000.0, 80_000.0)  # 1954 to 2119: a number in a time column that is meant as Excel's day
KIND = "kind:"
FIRMS = frozenset({"latitude", "longitude", "acq_date", "acq_time", "frp"})
"""Columns that together say that a sheet is NASA's active fire product, whose times are UTC."""
SYSTEMS = (("高德", "GCJ-02"), ("腾讯", "GCJ-02"), ("gcj", "GCJ-02"), ("火星", "GCJ-02"), ("百度", "BD-09"), ("bd09", "BD-09"))
"""Words in the name of a coordinate column that say its system; without one it is CGCS2000."""
FREE = frozenset({"title", "content", "sort", "topic", "urgency", "address", "town", "reply"})
"""Fields of an order in which people write what they like, phones and numbers of papers too."""


def declared() -> Sheets:
    """The shipped declarations: what a feed, which knows no catalog of the city, reads rows by. Where the catalog is at hand
    (page, door, hotline), its own `sheets` are asked."""
    return catalogs.load().sheets


def plain(name: str) -> str:
    """A name without what people write differently: width, spaces, case."""
    return "".join(half(name).split()).casefold()


# Proposing ------------------------------------------------------------------------------------------------------------
_UNIT = re.compile(r"(.+?)[(\[【](.*)[)\]】]")


def propose(
    columns: Iterable[str], feed: str, told: Sheets, units: Mapping[str, str], remembered: Columns | None = None
) -> dict[str, str]:
    """A meaning for each column: what was remembered of the feed's last sheets, else what its name says; each field at
    most once. `units` gives the unit of each kind, so that “水位(cm)” is told from “水位(m)”. For NASA FIRMS nothing is
    remembered: its names mean always the same, and whoever once called `acq_date` a Beijing day was eight hours wrong."""
    columns = tuple(columns)
    if feed == "fire" and set(map(plain, columns)) >= FIRMS:
        remembered = None
    taker = told.takers[feed]
    fields = told.fields[taker.form]
    found: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        meaning = (remembered or {}).get(column)
        if meaning is None:
            meaning = _meaning(column, fields, told.kinds.get(feed, {}), units)
        if meaning in taken and meaning not in ("private", ""):
            meaning = ""
        taken.add(meaning)
        found[column] = meaning
    if "date" in taken and "at" in taken and "clock" not in taken:  # 日期 + 时间: the second is the time of day
        found = {c: "clock" if m == "at" else m for c, m in found.items()}
    elif "date" in taken and "at" not in taken and "clock" not in taken:
        found = {c: "at" if m == "date" else m for c, m in found.items()}
    return found


def _meaning(
    column: str, fields: Mapping[str, Field], kinds: Mapping[str, tuple[str, ...]], units: Mapping[str, str]
) -> str:
    name = plain(column)
    parted = _UNIT.fullmatch(half(column))
    bare, unit = (plain(parted[1]), parted[2].strip()) if parted else (name, "")
    for key, one in fields.items():
        if name in map(plain, one.names) or bare in map(plain, one.names):
            return key
    for key, names in kinds.items():
        if name == key or bare == key or bare in map(plain, names) or name in map(plain, names):
            same = not unit or plain(unit).replace("\u00b5", "\u03bc") == plain(units.get(key, "")).replace("\u00b5", "\u03bc")
            return KIND + key + ("" if same else f"@{unit}")
    return ""


def lacks(columns: Columns, form: str) -> list[str]:
    """What a mapping must still name before a sheet can be taken in, and what it names twice: Chinese sentences, empty
    when it is complete."""
    meant = set(columns.values())
    twice = [
        f"“{'”“'.join(found)}”指定成了同一个含义：请只留一列"
        for m in sorted(meant - {"", "private"})
        if len(found := [c for c, other in columns.items() if other.partition("@")[0] == m.partition("@")[0]]) > 1
    ]
    has_kind = any(m.startswith(KIND) for m in meant)
    if form == "orders":
        wants = [
            ("工单编号：请指定哪一列是工单编号", "number" in meant),
            ("诉求内容：请指定诉求内容或标题", bool(meant & {"content", "title"})),
        ]
    else:
        wants = [
            ("测站：请指定哪一列是测站编号（火点表可用经度、纬度）", "station" in meant or {"lng", "lat"} <= meant),
            (
                "时间：请指定时间列，或日期列加时刻列",
                "at" in meant or {"date", "clock"} <= meant or {"date_utc", "clock_utc"} <= meant,
            ),
            (
                "数值：请指定至少一列感知量；一行一个量的表请指定监测项和数值两列",
                has_kind or {"kind", "value"} <= meant,
            ),
        ]
    return [says for says, there in wants if not there] + list(dict.fromkeys(twice))


# Applying: readings ---------------------------------------------------------------------------------------------------
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
    by = _by_field(row, columns)
    bad: list[Unreadable] = []
    try:
        station, seq = _place(row, by, feed)
        at = _moment(row, by)
        quality = _read(row, cells.flag, by["quality"]) if "quality" in by else Quality.OK
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
    return _read(row, cells.number, (column, given))


def _by_field(row: Row, columns: Columns) -> dict[str, tuple[str, Cell]]:
    return {m: (c, row.cells.get(c)) for c, m in columns.items() if m and not m.startswith(KIND) and m != "private"}


def _read(row: Row, how, cell: tuple[str, Cell]):
    """A cell by one of the functions of `cells`, its sentence beginning with the row."""
    column, given = cell
    try:
        return how(given, column)
    except Unreadable as err:
        raise Unreadable(err.rule, f"第 {row.line} 行{err}") from None


def _place(row: Row, by: Mapping[str, tuple[str, Cell]], feed: str) -> tuple[str, str]:
    """The station of a row; of a hotspot without one its place (`@lng,lat`), which then tells it apart as well. A satellite
    is named before it, as the fire feed does: the hotspot is then the same one, by whatever door it came."""
    column, given = by.get("station", ("测站编号", None))
    if not _blank(given):
        said = half(_whole(given))
        if len(said) > 64 or not said.isprintable():
            raise Unreadable("station", f"第 {row.line} 行“{column}”应是测站编号，现为“{short(given)}”；请核对")
        return said, ""
    if feed == "fire" and "lng" in by and "lat" in by:
        lng, lat = (_read(row, cells.number, by[key]) for key in ("lng", "lat"))
        if lng is not None and lat is not None and -180 <= lng <= 180 and -90 <= lat <= 90:
            place = f"{lng:.5f},{lat:.5f}"
            return f"@{place}", f"{_satellite(row, by)}@{place}" if by.keys() & {"satellite", "date_utc"} else place
        if "station" not in by:
            reason = f"第 {row.line} 行没有可用的经纬度“{by['lng'][0]}”“{by['lat'][0]}”；请核对列的次序"
            raise Unreadable("place", reason)
    raise Unreadable("station", f"第 {row.line} 行没有测站编号；请填上“{column}”")


def _satellite(row: Row, by: Mapping[str, tuple[str, Cell]]) -> str:
    column, given = by.get("satellite", ("", None))
    said = half(_whole(given)) or "?"
    if len(said) > 64 or not said.isprintable():
        raise Unreadable("shape", f"第 {row.line} 行“{column}”应是卫星的代号，现为“{short(given)}”；请核对")
    return said


def _whole(given: Cell) -> str:
    """A cell as text; a workbook may hold a whole number as 325.0."""
    return "" if given is None else str(int(given) if isinstance(given, float) and given.is_integer() else given)


def _moment(row: Row, by: Mapping[str, tuple[str, Cell]]) -> datetime:
    if "at" in by:
        return moment(row, by["at"])
    if "date_utc" in by and "clock_utc" in by:
        (column, day), (clock_column, clock) = by["date_utc"], by["clock_utc"]
        hhmm = half(_whole(clock))
        if not (hhmm.isascii() and hhmm.isdigit() and len(hhmm) <= 4):
            raise Unreadable("time", f"第 {row.line} 行“{clock_column}”应是 UTC 的 HHMM，现为“{short(clock)}”；请核对列的次序")
        return _read(row, cells.when, (column, f"{half(_whole(day))} {hhmm.zfill(4)[:2]}:{hhmm.zfill(4)[2:]}Z"))
    column, day = by.get("date", ("日期", None))
    hour_column, hour = by.get("clock", ("时刻", None))
    start = moment(row, (column, day))
    if isinstance(hour, (int, float)) and not isinstance(hour, bool) and 0 <= hour <= 24:
        return start + timedelta(seconds=round(hour * 86400 if 0 < hour < 1 else hour * 3600))
    said = "" if hour is None else half(str(hour))
    if said.isdigit() and int(said) <= 24:
        return start + timedelta(hours=int(said))
    return _read(row, cells.when, (hour_column, f"{start.astimezone(BEIJING):%Y-%m-%d} {said}"))


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
    if _blank(given):
        raise Unreadable("time", f"第 {row.line} 行没有时间；请填上“{column}”")
    return _read(row, cells.when, (column, given))


def _blank(given: Cell) -> bool:
    return given is None or (isinstance(given, str) and half(given).casefold() in BLANK)


# Applying: work orders ------------------------------------------------------------------------------------------------
def order_of(row: Row, columns: Columns) -> WorkOrder:
    """The 12345 order of a row. Names, phones and numbers of papers in its text are masked. Raises Unreadable."""
    by = _by_field(row, columns)

    def bare(field: str, most: int) -> str:
        given = by.get(field, ("", None))[1]
        if isinstance(given, float) and given.is_integer():
            given = int(given)
        return "" if given is None else " ".join(str(given).split())[:most]

    def said(field: str, most: int) -> str:
        return masked(bare(field, most))

    number = bare("number", 64)  # never masked: it may look like a phone number, and is the order's identity
    if not number:
        column = by.get("number", ("工单编号", None))[0]
        raise Unreadable("number", f"第 {row.line} 行没有工单编号；请填上“{column}”")
    content, title = said("content", 5000), said("title", 200)
    if not content and not title:
        raise Unreadable("content", f"第 {row.line} 行工单 {short(number)} 没有诉求内容；请填上诉求内容或标题")
    asked = moment(row, by["asked_at"]) if not _blank(by.get("asked_at", ("", None))[1]) else None
    due = moment(row, by["due_at"]) if not _blank(by.get("due_at", ("", None))[1]) else None
    return WorkOrder(
        number=number, state=bare("state", 40), title=title or content[:40], content=content or title, sort=said("sort", 40),
        topic=said("topic", 80), urgency=said("urgency", 40), address=said("address", 200), town=said("town", 60),
        point=_point(row, by), asked_at=asked, due_at=due, reply=said("reply", 2000),
    )  # fmt: skip


def _point(row: Row, by: Mapping[str, tuple[str, Cell]]) -> tuple[float, float] | None:
    """(lng, lat) of an order, from one column or two; None where the sheet gives none."""
    if not _blank(by.get("point", ("", None))[1]):
        column, given = by["point"]
        parts = re.findall(r"-?\d+(?:\.\d+)?", half(str(given)))
        pair = [float(p) for p in parts]
        if len(pair) == 2 and abs(pair[0]) < abs(pair[1]):  # 纬度在前
            pair.reverse()
    else:
        found = [by.get(key, ("", None)) for key in ("lng", "lat")]
        if any(_blank(given) for _, given in found):
            return None
        column = found[0][0]
        given = f"{found[0][1]},{found[1][1]}"
        pair = [number for cell in found if (number := _read(row, cells.number, cell)) is not None]
    if len(pair) == 2 and 73 <= pair[0] <= 136 and 3 <= pair[1] <= 54:
        system = next((system for word, system in SYSTEMS if word in plain(column)), None)
        if system is None:
            return pair[0], pair[1]
        from geo import crs  # a heavy import, for the few sheets that say so

        lng, lat = crs.convert(pair[0], pair[1], system)
        return float(lng), float(lat)
    raise Unreadable("place", f"第 {row.line} 行“{column}”不是国内的经纬度“{short(given)}”；请用“116.12,24.30”，没有就留空")


_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_PAPER = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)")


def masked(text: str) -> str:
    """The text with mobile numbers and numbers of identity cards masked in their middle."""
    return _PHONE.sub(r"\1****\2", _PAPER.sub(r"\1********\2", text))


def veiled(row: Mapping[str, Cell], columns: Columns) -> dict[str, Cell]:
    """The cells of a row with what citizens wrote masked: as a message travels and lies in spill and dead letter."""
    return {c: masked(v) if isinstance(v, str) and columns.get(c) in FREE else v for c, v in row.items()}


def category_of(order: WorkOrder, told: Sheets) -> str:
    """The category proposed for an order: of the first words that occur in its text; the acceptor may judge otherwise."""
    text = f"{order.title} {order.topic} {order.content}"
    return next((key for key, words in told.categories if any(word in text for word in words)), told.category)


def state_of(order: WorkOrder, told: Sheets) -> OrderState:
    """The state that the platform's word means; an order without one waits. Raises Unreadable."""
    wanted = plain(order.state)
    if wanted in BLANK:
        return next(iter(told.states.values()))
    for state in told.states.values():
        if wanted in map(plain, state.names):
            return state
    known = "、".join(s.label for s in told.states.values())
    reason = f"工单 {short(order.number)} 有不认识的状态“{short(order.state)}”；可用 {known}，或在 sheets.toml 补上这个叫法"
    raise Unreadable("state", reason)


# Looking before sending -----------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Look:
    """What a sheet would bring: sound rows, and what is wrong with the others (line, sentence)."""

    sound: int = 0
    values: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)


def look(rows: Iterable[Row], columns: Columns, feed: str, told: Sheets, known: Mapping[str, str] | None = None) -> Look:
    """Every row read as the door will read it. `known`: stations of the feed, or senders' words for them, as far as the
    caller knows; an unknown one is told, and will go to the dead letter. Hotspots' places are judged at the door."""
    form = told.takers[feed].form
    found = Look()
    for row in rows:
        if form == "orders":
            items, bad = [], []
            try:
                state_of(order_of(row, columns), told)
            except Unreadable as err:
                bad = [err]
        else:
            items, bad = readings_of(row, columns, feed)
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
