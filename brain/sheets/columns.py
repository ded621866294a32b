"""What the columns of a sheet mean: proposed by their names. Pure.

A meaning is a field of the sheet's form (`station`, `at`, …), `kind:<key>` or `kind:<key>@<unit>` for a column that holds
one quantity, or "" for a column nobody asks for. The words are declared in `catalog/sheets.toml`. The upload page
(before sending) and the feeds of `ingest` (at the door, and again from a dead letter) read rows with the same functions:
`measurements.readings_of` and `orders.order_of`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from brain import catalog as catalogs
from brain.catalog.sheet_records import Field, Sheets
from brain.sheets.cells import half
from brain.sheets.masking import masked
from brain.sheets.reading import Cell

Columns = Mapping[str, str]
"""Name of a column → its meaning."""

KIND = "kind:"
FIRMS = frozenset({"latitude", "longitude", "acq_date", "acq_time", "frp"})
"""Columns that together say that a sheet is NASA's active fire product, whose times are UTC."""
FREE = frozenset({"title", "content", "sort", "topic", "urgency", "address", "town", "reply"})
"""Fields of an order in which people write what they like, phones and numbers of papers too."""


def declared() -> Sheets:
    """The shipped declarations: what a feed, which knows no catalog of the city, reads rows by. Where the catalog is at hand
    (page, door, hotline), its own `sheets` are asked."""
    return catalogs.load().sheets


def plain(name: str) -> str:
    """A name without what people write differently: width, spaces, case."""
    return "".join(half(name).split()).casefold()


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


def veiled(row: Mapping[str, Cell], columns: Columns) -> dict[str, Cell]:
    """The cells of a row with what citizens wrote masked: as a message travels and lies in spill and dead letter."""
    return {c: masked(v) if isinstance(v, str) and columns.get(c) in FREE else v for c, v in row.items()}
