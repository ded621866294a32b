"""What the columns of a sheet mean: proposed by their names. Pure.

A meaning is a field of the sheet's form (`station`, `at`, …), `kind:<key>` or `kind:<key>@<unit>` for a column that holds
one quantity, or "" for a column nobody asks for. A field may have a form behind it (`at:UTC`, `at:excel`, `at:ms`, `value:mg/L`,
`lng:GCJ-02`); a form that begins with `?` is a word in the column's name that somebody must explain first. The words are declared in
`catalog/sheets.toml`. The upload page (before sending) and the feeds of `ingest` (at the door, and again from a dead letter)
read rows with the same functions: `measurements.readings_of` and `orders.order_of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from brain import catalog as catalogs
from brain.catalog.sheet_records import Field, Heads, Sheets
from brain.sheets import heads, numbers, places
from brain.sheets.heads import plain
from brain.sheets.masking import masked
from brain.sheets.shape import SURPLUS, Cell, Row, Sheet, filled
from brain.sheets.words import Unreadable

Columns = Mapping[str, str]
"""Name of a column → its meaning."""

KIND = "kind:"
LOOKED_AT = 200
"""Rows of a column that are looked at to tell whether it holds numbers."""
FIRMS = frozenset({"latitude", "longitude", "acq_date", "acq_time", "frp"})
"""Columns that together say that a sheet is NASA's active fire product, whose times are UTC."""
SINGLE = frozenset({"value"})
"""Fields whose second column is asked about, like that of a quantity; of others the first counts."""
FREE = frozenset({"title", "content", "sort", "topic", "urgency", "address", "town", "reply"})
"""Fields of an order in which people write what they like, phones and numbers of papers too."""


def declared() -> Sheets:
    """The shipped declarations: what a feed, which knows no catalog of the city, reads rows by. Where the catalog is at hand
    (page, door, hotline), its own `sheets` are asked."""
    return catalogs.load().sheets


def parted(meaning: str) -> tuple[str, str]:
    """(field, form) of a meaning: `at:UTC` is a time whose zone the column's name says, `value:mg/L` a value in that unit."""
    if meaning.startswith(KIND):
        return meaning, ""
    field, _, form = meaning.partition(":")
    return field, form


def propose(
    columns: Iterable[str], feed: str, told: Sheets, units: Mapping[str, str], remembered: Columns | None = None
) -> dict[str, str]:
    """A meaning for each column: what was remembered of the feed's last sheets, else what its name says; each field at
    most once, but a quantity as often as it stands there.
    `units` gives the unit of each kind, so that “水位(cm)” is told from “水位(m)”. For NASA FIRMS nothing is
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
            meaning = _meaning(_once(column, columns), fields, told.kinds.get(feed, {}), units, told.head)
        field = parted(meaning)[0]
        if field in taken and field not in ("private", ""):
            meaning = field = ""
        if field.startswith(KIND) or field in SINGLE:  # of two such columns nobody knows which one counts: `lacks` asks
            field = ""
        taken.add(field)
        found[column] = meaning
    if "date" in taken and "at" in taken and "clock" not in taken:  # 日期 + 时间: the second is the time of day
        found = {c: _instead(m, "at", "clock") for c, m in found.items()}
    elif "date" in taken and "at" not in taken and "clock" not in taken:
        found = {c: _instead(m, "date", "at") for c, m in found.items()}
    return found


def _once(column: str, columns: tuple[str, ...]) -> str:
    """The name of a column as its sender wrote it: a repeated one has got a number behind it."""
    name, sign, number = column.rpartition("#")
    return name if sign and number.isdigit() and name in columns else column


def _instead(meaning: str, field: str, other: str) -> str:
    return other + meaning[len(field) :] if parted(meaning)[0] == field else meaning


def _meaning(
    column: str, fields: Mapping[str, Field], kinds: Mapping[str, tuple[str, ...]], units: Mapping[str, str], told: Heads
) -> str:
    for bare, words in heads.ways(column, told):
        for key, one in fields.items():
            if bare in map(plain, one.names):
                form = _form(key, words, told)
                return f"{key}:{form}" if form else key
        if found := heads.kind_of(bare, words, kinds):
            key, words = found
            unit = heads.of_value(words, units.get(key, ""), told)
            return KIND + key + (f"@{unit}" if unit else "")
    return ""


def _form(field: str, words: tuple[str, ...], told: Heads) -> str:
    if field in heads.TIMES:
        return heads.of_time(words, told)
    if field == "value":
        return heads.of_value(words, None, told)
    if field in heads.PLACES:
        return next((said for word in words if (said := places.system(word)) and said[:1] != "?"), "")
    return ""


def lacks(columns: Columns, form: str) -> list[str]:
    """What a mapping must still name before a sheet can be taken in, and what it names twice: Chinese sentences, empty
    when it is complete."""
    meant = {parted(m)[0] for m in columns.values()}
    twice = [
        f"“{'”“'.join(found)}”指定成了同一个含义：请只留一列"
        for m in sorted(meant - {"", "private"})
        if len(found := [c for c, other in columns.items() if parted(other)[0].partition("@")[0] == m.partition("@")[0]]) > 1
    ]
    asked = [_asks(column, meaning) for column, meaning in columns.items() if "?" in meaning]
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
    return [says for says, there in wants if not there] + list(dict.fromkeys(twice)) + asked


def untaken(sheet: Sheet, meant: Columns, told: Sheets) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(columns that nobody takes, those of them that hold numbers). What is about a caller is not named, nor are NASA's own."""
    if "date_utc" in meant.values():
        return (), ()
    left = tuple(c for c in sheet.columns if not meant.get(c) and not _is_private(c, told) and c != SURPLUS)
    numeric = []
    for column in left:
        cells = [row.cells.get(column) for row in sheet.rows[:LOOKED_AT]]
        given = [c for c in cells if filled(c) and not (isinstance(c, str) and numbers.is_gap(c))]
        if given and plain(column) not in told.head.idle and sum(map(_is_number, given)) * 2 > len(given):
            numeric.append(column)
    return left, tuple(numeric)


def lost(numeric: tuple[str, ...]) -> str:
    """What is said of columns with numbers that are not taken."""
    named = "、".join(f"“{c}”" for c in numeric[:10]) + ("等" if len(numeric) > 10 else "")
    return f"{named}这几列里是数字，但没有取：要收的请在“文件接入”页指定是哪个感知量" if numeric else ""


def unread(names: tuple[str, ...]) -> str:
    """What is said of sheets of a workbook that nobody has read."""
    named = "、".join(f"“{n}”" for n in names[:10]) + ("等" if len(names) > 10 else "")
    return f"工作表{named}没有读，一个文件只读一张表；里面有数据的请另存为单独的文件再送" if names else ""


def _is_number(cell: Cell) -> bool:
    try:
        return not isinstance(cell, bool) and numbers.measured(cell, "", cell=True) is not None
    except Unreadable:
        return False


def _asks(column: str, meaning: str) -> str:
    word = meaning.partition("?")[2]
    if parted(meaning)[0] in heads.TIMES:
        return f"“{column}”里的“{word}”看不懂，不知道是哪个时区、哪种写法的时间：请把列名改成“时间(北京时间)”或“时间(UTC)”，或指定这一列"
    return f"“{column}”里的“{word}”看不懂：是单位请写成 m、mg/L 这样的，不是就从列名里去掉，或指定这一列"


KEPT = 400
"""Characters that are kept of a cell that nobody asked for."""


def veiled(row: Mapping[str, Cell], columns: Columns) -> dict[str, Cell]:
    """The cells of a row with what citizens wrote masked: as a message travels and lies in spill and dead letter."""
    return {c: masked(v) if isinstance(v, str) and columns.get(c) in FREE else v for c, v in row.items()}


def kept(row: Row, meant: Columns, told: Sheets, form: str) -> dict[str, Cell]:
    """The cells of a row as its message carries them: those that are asked for, and the others too, so that a dead letter has them;
    without what is about a caller. `meant`: with the columns that are `private`.

    In a row whose cells do not fit its header nobody knows which of them is the caller's: of an order only what stands before
    the first such column is kept."""
    away = {c for c in row.cells if meant.get(c) == "private" or (c not in meant and _is_private(c, told))}
    found: dict[str, Cell] = {}
    for column, value in row.cells.items():
        if column in away:
            if row.wrong and form == "orders":
                break
            continue
        if column not in meant or not meant[column]:
            if value is None:
                continue
            whole = int(value) if isinstance(value, float) and value.is_integer() else value
            said = masked(str(whole)[:KEPT])  # a workbook keeps a phone as a number
            value = said if isinstance(value, str) or "*" in said else value
        elif isinstance(value, str) and (meant[column] in FREE or (row.wrong and form == "orders")):
            value = masked(value)
        found[column] = value
    return found


@lru_cache(maxsize=4096)
def _private_name(column: str, names: tuple[str, ...]) -> bool:
    bare = plain(column)
    return any(bare == plain(name) or plain(name) in bare for name in names)


def _is_private(column: str, told: Sheets) -> bool:
    return _private_name(column, told.fields["orders"]["private"].names)
