"""The sources of `poll.toml`, typed and checked: what to ask, how its columns are called, how far it has been read.

Apart from `poll.py` because everything here is pure: a row of a source in, a message and a place in the source out.
"""

from __future__ import annotations

import html
import re
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from brain.sheets import places
from brain.sheets.cells import Unreadable
from ingest import feeds
from ingest.doors import rows
from ingest.feeds import BadMessage, _wire
from ingest.practice import BadPractice

SHIPPED = Path(__file__).with_name("poll.toml")
Mark = datetime | Decimal | str
"""A value of the cursor column, comparable."""

FROM = ("json", "csv", "firms", "sql")
FIRMS = ("latitude", "longitude", "acq_date", "acq_time", "frp")
HTTP = frozenset({"url", "method", "params", "form", "headers", "secret_file", "ca_file", "cursor_out"})
ONLY = {
    "json": HTTP | {"rows", "head", "html"},
    "csv": HTTP,
    "firms": HTTP | {"box"},
    "sql": frozenset({"dsn_file", "query"}),
}
"""Keys beside the common ones, by `from`."""


class BadSource(BadPractice):
    """poll.toml cannot be used; the sentence names file, source and key."""


class Trouble(Exception):
    """A source did not answer, or not with what it was declared to; the sentence goes into poll_cursor.last_error."""


@dataclass(frozen=True, slots=True)
class Source:
    """See poll.toml for the meaning of each. Names of files are absolute."""

    name: str
    feed: str
    kind: str  # `from`
    every_s: float
    timeout_s: float | None = None
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    year: tuple[str, ...] = ()
    cursor: str = ""
    cursor_as: str = ""
    cursor_start: str | None = None
    back: float = 0
    page: int = 0
    url: str = ""
    method: str = "GET"
    params: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    secret_file: str = ""
    ca_file: str = ""
    cursor_out: str = "iso"
    rows: str = ""
    head: str = ""
    html: str = ""
    box: tuple[float, ...] = ()
    dsn_file: str = ""
    query: str = ""

    @property
    def topic(self) -> str:
        return f"poll/{self.feed}/{self.name}/-"  # `-`: the station stands in the row

    @property
    def asks_by_cursor(self) -> bool:
        """The cursor goes into the question, so the answer is already cut by it."""
        said = [self.url, *self.params.values(), *self.form.values(), *self.headers.values()]
        return any("{cursor}" in s for s in said) or "%(cursor)s" in self.query


# Reading poll.toml --------------------------------------------------------------------------------------------------
def load(folder: str, hotspots_back: timedelta) -> list[Source]:
    """The sources of `<folder>/poll.toml`, or of the shipped one (none). Raises BadSource."""
    own = Path(folder) / "poll.toml" if folder else SHIPPED
    file = own if own.exists() else SHIPPED
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise BadSource(f"{file} 不是合法的 TOML：{err}") from None
    odd = sorted(set(said) - {"source"})
    if odd:
        raise BadSource(f"{file}：不认识 {odd[0]}；每个来源写成 [source.名字] 一组")
    found = said.get("source", {})
    if not isinstance(found, dict) or not all(isinstance(v, dict) for v in found.values()):
        raise BadSource(f"{file}：每个来源应写成 [source.名字] 一组")
    return [_source(f"{file}：source.{name}", name, given, file.parent, hotspots_back) for name, given in found.items()]


def _source(where: str, name: str, given: dict[str, Any], folder: Path, hotspots_back: timedelta) -> Source:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise BadSource(f"{where}：名字应是小写字母、数字与下划线，字母开头，至多 40 个")
    kind = given.get("from")
    if kind not in FROM:
        raise BadSource(f"{where}.from={kind!r} 应是 {'、'.join(FROM)} 之一")
    odd = sorted(set(given) - CHECKS.keys() - {"from"})
    if odd:
        raise BadSource(f"{where}.{odd[0]} 是不认识的键；请对照自带的 poll.toml")
    strange = sorted(set(given) & (set().union(*ONLY.values()) - ONLY[kind]))
    if strange:
        raise BadSource(f'{where}.{strange[0]} 不能用在 from = "{kind}" 的来源上')
    said = {}
    for key, value in given.items():
        if key != "from":
            good, wanted = CHECKS[key]
            if not good(value):
                raise BadSource(f"{where}.{key}={value!r} 应是{wanted}")
            said[key] = value
    for key in ("feed", "every_s", *(("dsn_file", "query") if kind == "sql" else ("url",))):
        if key not in said:
            raise BadSource(f"{where} 缺少 {key}")
    if said["feed"] not in feeds.load():
        raise BadSource(f"{where}.feed：没有名为 {said['feed']} 的接入；可用 {'、'.join(feeds.load())}")
    if kind == "firms":
        if said["feed"] != "fire":
            raise BadSource(f"{where}.feed：firms 的热点只能交给 fire")
        said = {"cursor": "acq_date", "cursor_as": "time", "back": hotspots_back.total_seconds()} | said
    said["columns"] = {k: (v,) if isinstance(v, str) else tuple(v) for k, v in said.get("columns", {}).items()}
    paths = [tuple(p.split("/")) for p in (*said["columns"], *said.get("fixed", {}))]
    for path in paths:
        if "" in path or paths.count(path) > 1 or any(p != path and p[: len(path)] == path for p in paths):
            raise BadSource(f"{where}：字段 {'/'.join(path)} 写了两次，或又是字段又是一组，或有一段是空的")
    for key in ("year", "box"):
        if key in said:
            said[key] = tuple(said[key])
    for key in ("secret_file", "ca_file", "dsn_file"):
        if said.get(key):
            said[key] = str(folder / said[key])
    if "cursor_start" in said:
        said["cursor_start"] = str(said["cursor_start"])
    source = Source(name=name, kind=kind, **said)
    _cursor(where, source)
    return source


def _cursor(where: str, source: Source) -> None:
    if bool(source.cursor) != bool(source.cursor_as):
        raise BadSource(f"{where}：cursor 与 cursor_as 要一起写")
    if source.asks_by_cursor and (not source.cursor or source.cursor_start is None):
        raise BadSource(f"{where}：请求里用了游标，要写 cursor、cursor_as 与 cursor_start")
    if source.back and source.cursor_as == "text":
        raise BadSource(f"{where}.back 不能用在 text 的游标上")
    if source.cursor_start is not None and (not source.cursor or mark(source, source.cursor_start) is None):
        raise BadSource(f"{where}.cursor_start={source.cursor_start!r} 不是 {source.cursor_as or '声明过的'} 游标的值")
    if source.page and not source.cursor:
        raise BadSource(f"{where}.page 要与 cursor 一起写")
    if "{secret}" in "".join(
        [source.url, *source.headers.values(), *source.params.values(), *source.form.values()]
    ) and (not source.secret_file):
        raise BadSource(f"{where}：用了 {{secret}}，要写 secret_file")


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _words(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())


def _box(value: Any) -> bool:
    good = isinstance(value, list) and len(value) == 4 and all(type(x) in (int, float) for x in value)
    return good and value[0] < value[2] and value[1] < value[3]


def _list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_text(v) for v in value)


CHECKS = {
    "feed": (_text, "接入的名字"),
    "every_s": (_positive, "正数（秒）"),
    "timeout_s": (_positive, "正数（秒）"),
    "columns": (
        lambda v: isinstance(v, dict) and bool(v) and all(_text(c) or _list(c) for c in v.values()),
        "“字段 = 列名”的对照",
    ),
    "fixed": (lambda v: isinstance(v, dict), "“字段 = 值”的对照"),
    "year": (_list, "列名的列表"),
    "cursor": (_text, "对方的列名"),
    "cursor_as": (lambda v: v in ("time", "number", "text"), " time、number 或 text"),
    "cursor_start": (lambda v: isinstance(v, (str, int, float, datetime, date)) and v is not True, "游标的第一个值"),
    "back": (lambda v: v == 0 or _positive(v), "不小于 0 的数"),
    "page": (lambda v: _positive(v) and isinstance(v, int), "正整数"),
    "url": (lambda v: _text(v) and re.match(r"https?://[^/]", v) is not None, " http:// 或 https:// 开头的地址"),
    "method": (lambda v: v in ("GET", "POST"), " GET 或 POST"),
    "params": (_words, "“名称 = 文字”的对照"),
    "form": (_words, "“名称 = 文字”的对照"),
    "headers": (_words, "“名称 = 文字”的对照"),
    "secret_file": (_text, "文件"),
    "ca_file": (_text, "文件"),
    "cursor_out": (
        lambda v: v in ("iso", "epoch", "epoch_ms") or (_text(v) and "%" in v),
        " iso、epoch、epoch_ms 或时间格式",
    ),
    "rows": (_text, "路径，如 data/list"),
    "head": (_text, "路径，如 thead"),
    "html": (lambda v: v in ("text", "raw"), " text 或 raw"),
    "box": (_box, "[西, 南, 东, 北]"),
    "dsn_file": (_text, "文件"),
    "query": (_text, "查询语句"),
}
"""Key → (is the value good, what it should be)."""


# The cursor ---------------------------------------------------------------------------------------------------------
def mark(source: Source, value: object) -> Mark | None:
    """A value of the cursor column as something comparable; None when it is none: its row is then offered every time."""
    try:
        if source.cursor_as == "time":
            if isinstance(value, date) and not isinstance(value, datetime):
                value = datetime(value.year, value.month, value.day)
            if isinstance(value, datetime):
                return (value if value.tzinfo else value.replace(tzinfo=_wire.BEIJING)).astimezone(UTC)
            return _wire.when(value, source.cursor)
        if source.cursor_as == "number":
            found = Decimal(str(value).strip())
            return found if found.is_finite() and not isinstance(value, bool) else None
    except (BadMessage, InvalidOperation, OverflowError):
        return None
    return str(value) if value is not None and value != "" else None


def mark_of(source: Source, row: dict[str, Any]) -> Mark | None:
    """Where a row stands in its source."""
    value = row.get(source.cursor)
    if source.kind == "firms":  # UTC, in two columns
        value = f"{str(value).strip()} {str(row.get('acq_time')).strip().zfill(4)}"
        value = f"{value[:-2]}:{value[-2:]}Z"
    return mark(source, value)


def since(source: Source, cursor: str | None) -> Mark | None:
    """From where to read: `back` before the cursor; the first time from the declared start."""
    at = mark(source, source.cursor_start if cursor is None else cursor)
    if cursor is None or not source.back:
        return at
    if isinstance(at, datetime):
        return at - timedelta(seconds=source.back)
    return at - Decimal(str(source.back)) if isinstance(at, Decimal) else at


def written(at: Mark) -> str:
    """A mark as it stands in poll_cursor; `mark` reads it back."""
    return at.isoformat() if isinstance(at, datetime) else str(at)


def put(source: Source, at: Mark) -> str:
    """A mark as it goes into a question over HTTP."""
    if not isinstance(at, datetime) or source.cursor_out == "iso":
        return written(at)
    if source.cursor_out.startswith("epoch"):
        return str(int(at.timestamp() * (1000 if source.cursor_out == "epoch_ms" else 1)))
    return at.astimezone(_wire.BEIJING).strftime(source.cursor_out)


# Rows ---------------------------------------------------------------------------------------------------------------
def step(found: Any, path: str) -> Any:
    """What stands at a path of a JSON answer. Raises Trouble, naming the step that is missing."""
    for name in path.split("/") if path else ():
        if not isinstance(found, dict) or name not in found:
            raise Trouble(f"应答里没有 {path}（到 {name} 断了）；请核对 rows、head，或看对方是否改了格式")
        found = found[name]
    return found


def listed(source: Source, answer: Any) -> list[dict[str, Any]]:
    """The rows of a JSON answer under their column names. Raises Trouble."""
    found = step(answer, source.rows)
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        raise Trouble(f"应答的 {source.rows or '正文'} 不是列表，现为“{_wire.short(found)}”；请核对 rows")
    if source.head:
        head = step(answer, source.head)
        if not isinstance(head, list) or not all(isinstance(h, str) for h in head):
            raise Trouble(f"应答的 {source.head} 不是列名的列表；请核对 head")
        head = [_tagless(h) for h in head]
        odd = next((n for n, row in enumerate(found, 1) if not isinstance(row, list) or len(row) != len(head)), None)
        if odd is not None:
            raise Trouble(f"应答第 {odd} 行与 {len(head)} 个列名对不上；请看对方是否改了格式")
        found = [dict(zip(head, row, strict=True)) for row in found]
    odd = next((n for n, row in enumerate(found, 1) if not isinstance(row, dict)), None)
    if odd is not None:
        raise Trouble(f"应答第 {odd} 行不是对象；行是数组时请写 head")
    if source.html:
        found = [{k: cell(v, source.html) if isinstance(v, str) else v for k, v in row.items()} for row in found]
    return found


def drifted(source: Source, names: set[str]) -> None:
    """Raise Trouble when a declared column is in no row: a renamed column must not pass as a gap."""
    wanted = {c for columns in source.columns.values() for c in columns} | {source.cursor} - {""}
    wanted |= set(FIRMS) if source.kind == "firms" else set()
    if lost := sorted(wanted - names):
        raise Trouble(f"应答里没有声明过的列 {'、'.join(lost)}；请看对方是否改了列名，再改 poll.toml")


def outside(source: Source, row: dict[str, Any]) -> bool:
    """A hotspot beyond the declared box; what has no readable place is offered, and its feed refuses it."""
    if not source.box:
        return False
    try:
        lng, lat = (_wire.number(row.get(name), name) for name in ("longitude", "latitude"))
        if lng is None or lat is None:
            return False
        lng, lat = places.located(lng, lat, "")
    except (BadMessage, Unreadable):
        return False
    west, south, east, north = source.box
    return not (west <= lng <= east and south <= lat <= north)


def with_year(source: Source, row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The row with whole dates in its `year` columns."""
    return row | {name: dated(row[name], now) for name in source.year if isinstance(row.get(name), str)}


def message(source: Source, row: dict[str, Any]) -> bytes:
    """The feed's message of one row. Raises rows.BadBody for what cannot be written as JSON."""
    row = {k: _plain(v) for k, v in row.items()}
    said: dict[str, Any] = {}
    for ours, theirs in (source.columns or {name: (name,) for name in row}).items():
        value = row.get(theirs[0]) if len(theirs) == 1 else "/".join(str(row.get(t, "")) for t in theirs)
        _set(said, ours if source.columns else (ours,), value)
    for ours, value in source.fixed.items():
        _set(said, ours, _plain(value))
    return rows.message(source.feed, said)


def _set(said: dict[str, Any], path: str | tuple[str], value: Any) -> None:
    *above, last = path.split("/") if isinstance(path, str) else path
    for name in above:
        said = said.setdefault(name, {})
    said[last] = value


def _plain(value: Any) -> Any:
    """A value of a database as JSON has it."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float, list, dict)):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)


_SHORT_DATE = re.compile(r"\s*(\d{1,2})([-/月])(\d{1,2})日?(\s.*)", re.S)


def dated(value: str, now: datetime) -> str:
    """`08-21 20:00` with its year: the last in which it is not later than tomorrow."""
    if not (match := _SHORT_DATE.fullmatch(value)):
        return value
    month, _, day, rest = match.groups()
    local = now.astimezone(_wire.BEIJING).date()
    for year in range(local.year + 1, local.year - 8, -1):  # 29 February comes every four years, or eight
        try:
            found = date(year, int(month), int(day))
        except ValueError:
            continue
        if found <= local + timedelta(days=1):
            return f"{found:%Y-%m-%d}{rest}"
    return value


_TAG = re.compile(r"<[^<>]*>")
_RAW = re.compile(r"title\s*=\s*['\"]\s*原始值\s*[：:]([^'\"<>]*)['\"]")


def cell(value: str, how: str) -> str:
    """What a cell with marks of a web page says; with `raw` its 原始值 (not rounded) where it has one."""
    if how == "raw" and (match := _RAW.search(html.unescape(value))):
        return match[1].strip()
    return _tagless(value)


def _tagless(value: str) -> str:
    return html.unescape(_TAG.sub("", value)).strip()
