"""What all feeds read alike: text, JSON, numbers and times as strangers write them.

Every function raises BadMessage with a sentence that names the field, and nothing else, whatever the bytes.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from importlib import import_module
from typing import Any, TypeVar

from brain.city import BEIJING
from brain.model import Quality, Reading
from brain.sheets import cells
from brain.sheets.cells import BLANK, FLAGS, Unreadable, fold, half, short, worse
from ingest.feeds import BadMessage, _provenance

__all__ = [
    "BEIJING", "BLANK", "FLAGS", "flag", "flag_of_all", "fold", "gather", "get", "half", "measured", "messages", "number", "obj",
    "on_behalf", "quantity",
    "settled", "short", "station", "text", "tree", "when", "word", "worse",
]  # fmt: skip

T = TypeVar("T")


PADDING = "\0\x02\x03\x04\x1a\x1e"
"""What C programs and serial lines put around a text: the NUL behind a C string and the unused rest of its buffer, STX, ETX, EOT,
SUB, RS."""


def text(payload: bytes, *, gbk: bool = False) -> str:
    """The payload as text without padding around it: UTF-8 with or without BOM, UTF-16 with one; GB 18030 where the feed
    declares it (`gbk`)."""
    try:
        said = payload.decode()
    except UnicodeDecodeError as err:
        said = _otherwise(payload, err, gbk)
    if said[-1:] < "!" or said[:1] < "!":
        said = _bare(said)
    return said.removeprefix("\ufeff")


def _bare(said: str) -> str:
    core = said.strip(f"{PADDING} \t\r\n")
    around = len(said) - len(core)
    return core if around and any(c in said for c in PADDING) else said


def _otherwise(payload: bytes, err: UnicodeDecodeError, gbk: bool) -> str:
    if payload[:2] in (b"\xff\xfe", b"\xfe\xff"):
        with contextlib.suppress(UnicodeDecodeError):
            return payload.decode("utf-16")
    core = payload.rstrip(b"\xff\0")  # a flash page or buffer that was not filled; 0xff is no byte of UTF-8 or GB 18030
    for coding in () if not core else ("utf-8", "gb18030") if gbk else ("utf-8",):
        with contextlib.suppress(UnicodeDecodeError):
            return core.decode(coding)
    also = "，也不是 GBK" if gbk else ""
    raise BadMessage(
        "decode", f"第 {err.start + 1} 字节起不是 UTF-8 文字{also}；请核对网关的编码设置，按 UTF-8 重发"
    ) from None


def obj(payload: bytes, *, gbk: bool = False) -> dict[str, Any]:
    """The payload as one JSON object. NaN and Infinity are let through: the batch refuses that value alone."""
    found = tree(payload, gbk=gbk)
    if not isinstance(found, dict):
        raise BadMessage("shape", f"报文应是一个 JSON 对象，现为“{short(found)}”；请按本接入的格式发送")
    return one_case(found)


def one_case(body: dict[str, Any]) -> dict[str, Any]:
    """The object itself, for feeds that read names in any letter case: names that differ in nothing else and have different values
    lead to `Twice`, whichever of them is read."""
    if len(set(map(str.lower, body))) == len(body):
        return body
    first: dict[str, Any] = {}
    at_odds: dict[str, Twice] = {}
    for name, value in body.items():
        low = name.lower()
        if not _same(first.setdefault(low, value), value):
            at_odds.setdefault(low, Twice(first[low], value, f"{next(n for n in body if n.lower() == low)}、{name} 只差大小写"))
    return {name: at_odds.get(name.lower(), value) for name, value in body.items()}


def _same(one: Any, other: Any) -> bool:
    return one == other and type(one) is type(other)


class Twice:
    """A name that stands twice in one object with different values: nobody knows which is meant."""

    def __init__(self, first: Any, second: Any, how: str = "同一名称写了两次"):
        self.both, self.how = (first, second), how

    def told(self) -> str:
        return f"有两个不同的值 {short(self.both[0])} 与 {short(self.both[1])}（{self.how}），不知道哪个对；请只留一个"

    def __str__(self) -> str:
        return f"{short(self.both[0], 12)} 与 {short(self.both[1], 12)}（{self.how}）"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    first: dict[str, Any] = {}
    for name, value in pairs:
        if not _same(first.setdefault(name, value), value):
            found[name] = Twice(first[name], value)
    return found


class _Again(str):
    """A name that is written once more beside its like: equal to nothing but itself."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def twofold(value: Any) -> Any:
    """A value as it is written as JSON again: what stood twice stands twice."""
    if isinstance(value, list):
        return [twofold(one) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for name, one in value.items():
        if isinstance(one, Twice):
            found[name], found[_Again(name)] = map(twofold, one.both)
        else:
            found[name] = twofold(one)
    return found


decoder = json.JSONDecoder(object_pairs_hook=_object)
"""Reads a name that stands twice with different values as `Twice`."""
_loose = json.JSONDecoder(object_pairs_hook=_object, strict=False)
_ODD = re.compile(
    r"(?<=[:\[,])(\s*)(?:([+-]?(?:nan|inf(?:inity)?|1\.#(?:qnan|snan|ind|inf)\w*)(?:\(\w*\))?)(?=\s*[,}\]])|\+(?=\d))", re.I
)
"""Numbers as `printf` and PLCs write them where JSON has no such form: nan, -inf, 1.#QNAN, +12.5."""


def tree(payload: bytes, *, gbk: bool = False, many: bool = False) -> Any:
    """The payload as JSON of any shape; a JSON text within a JSON text is opened. With `many` several objects one behind the
    other are a list of them. A name that stands twice with different values leads to `Twice`, which no field is read from."""
    said = text(payload, gbk=gbk)
    try:
        found = decoder.decode(said)
    except json.JSONDecodeError as err:
        found = _mended(said, err, many)
    except (ValueError, RecursionError):
        raise BadMessage("decode", "不是合法的 JSON：数字过长或嵌套过深；请核对设备的报文格式") from None
    if type(found) is str and found.lstrip()[:1] in ("{", "["):
        with contextlib.suppress(ValueError, RecursionError):
            return decoder.decode(found)
    return found


def _mended(said: str, err: json.JSONDecodeError, many: bool) -> Any:
    """JSON as it was meant, where there is no doubt about it. Raises BadMessage."""
    if not said.strip():
        raise BadMessage(
            "decode",
            "报文是空的；请核对设备是否在发送数据前清空了缓冲区（清除消息服务里保留的报文时也会收到空报文，那就无需处理）",
        ) from None
    reader = decoder if "\0" in said else _loose  # a line break in a text is one; a NUL is the end of something else
    with contextlib.suppress(ValueError, RecursionError):
        return reader.decode(_ODD.sub(_even, said))
    if "'" in said and '"' not in said and "\\" not in said:  # all quotes are of one sort, so all of them are quotes
        with contextlib.suppress(ValueError, RecursionError):
            return reader.decode(_ODD.sub(_even, said.replace("'", '"')))
    if many and (found := _several(said)):
        return found
    near = short(said[max(0, err.pos - 12) : err.pos + 12])
    where = f"第 {err.lineno} 行第 {err.colno} 列附近“{near}”"
    if err.msg == "Extra data":
        raise BadMessage("decode", f"一段 JSON 之后还有别的内容：{where}；请一条报文只发一段，长度不要多算") from None
    if "'" in said and '"' not in said:
        raise BadMessage("decode", f"不是合法的 JSON：{where}；名称和文字要用双引号（Python 请用 json.dumps，不要用 str）") from None
    raise BadMessage("decode", f"不是合法的 JSON：{where}；请核对括号、引号与逗号") from None


def _even(match: re.Match[str]) -> str:
    word = match[2]
    if word is None:
        return match[1]
    return match[1] + ("NaN" if "inf" not in word.lower() else "-Infinity" if word[0] == "-" else "Infinity")


def _several(said: str) -> list[Any]:
    """Objects one behind the other (JSON lines, RFC 7464 sequences); empty where something else stands between them."""
    found: list[Any] = []
    at = 0
    try:
        while at < len(said):
            if said[at] in f"{PADDING} \t\r\n":
                at += 1
                continue
            one, at = decoder.raw_decode(said, at)
            if not isinstance(one, dict):
                return []
            found.append(one)
    except (ValueError, RecursionError):
        return []
    return found


def _unread(err: Unreadable, value: object, where: str) -> BadMessage:
    said = str(err)
    return BadMessage(err.rule, f"{said.partition('；')[0]}；{value.told()}" if isinstance(value, Twice) else said)


def number(value: object, where: str) -> float | None:
    """A measured number; None where the station prints that it has none. Full-width digits are read."""
    if type(value) is float:  # what most send; the same answer as below, only sooner
        return value
    try:
        return cells.number(value, where)
    except Unreadable as err:
        raise _unread(err, value, where) from None


def measured(value: object, where: str) -> tuple[float, Quality] | None:
    """A measured number and its quality: what a laboratory writes as `<0.025` is one, of quality below_limit
    (`brain.sheets.numbers`); None for a gap."""
    if type(value) is float:
        return value, Quality.OK
    try:
        return cells.measured(value, where)
    except Unreadable as err:
        raise _unread(err, value, where) from None


def when(
    value: object, where: str, zone: timezone = BEIJING, *, about: datetime | None = None, form: str = ""
) -> datetime:
    """A moment as strangers write it, as aware UTC (see `brain.sheets.times.when`); `about` is when it was received."""
    try:
        return cells.when(value, where, zone, about=about, form=form)
    except Unreadable as err:
        raise _unread(err, value, where) from None


def get(body: dict[str, Any], *names: str) -> Any:
    """The first of these fields that is there, whatever its letter case; None when none is."""
    for name in names:
        if name in body:
            return body[name]
    low = {k.lower(): v for k, v in body.items()}
    for name in names:
        if name.lower() in low:
            return low[name.lower()]
    return None


def word(value: object, where: str) -> str:
    """A short code or name: text, or a whole number written without quotes."""
    if isinstance(value, str):
        if len(value) <= 64 and (said := half(value)) and said.isprintable():
            return said
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return str(value)
    if isinstance(value, Twice):
        raise BadMessage("shape", f"“{where}”{value.told()}")
    raise BadMessage("shape", f"“{where}”应是编号文字，现为“{short(value)}”；请核对设备配置")


def station(topic: str, given: object, where: str) -> str:
    """The station of a message: the last level of the topic, which is what the sender's credential allows it to write.
    A station in the payload must agree. `-` in the topic (a file read without a topic) leaves it to the payload."""
    named = topic.rsplit("/", 1)[-1]
    said = None if given is None else word(given, where)
    if named in ("", "-", "+"):
        if said is None:
            raise BadMessage("station", f"报文没有测站编号“{where}”；请在设备上填好测站编号")
        return said
    if said is not None and said != named:
        raise BadMessage(
            "station",
            f"报文里的测站“{short(said)}”与主题里的“{short(named)}”不一致；请核对网关配置，一个主题只能发本站数据",
        )
    return named


def on_behalf(sender: str, given: object, where: str) -> str:
    """The station of a message from something that may send for others. `sender` is the level of the topic to which its
    credential binds it; of another station it speaks as `<sender>/<station>`, which is nobody until the district has
    mapped it. `-` (a file read without a topic) leaves it to the payload."""
    said = None if given is None else word(given, where)
    place = sender if said is None or said == sender else said if sender in ("", "-", "+") else f"{sender}/{said}"
    if place in ("", "-", "+") or place[0] == "@":
        raise BadMessage("station", f"报文没有可用的测站编号“{where}”；请在设备上填好，或发到以它结尾的主题")
    return place


def quantity(value: object, where: str) -> str:
    """The name of a quantity; `@` would part it from a unit, so it has none."""
    found = fold(word(value, where))
    if "@" in found:
        raise BadMessage("kind", f"“{where}”里不能有 @，现为“{short(found)}”；请改名")
    return found


def messages(data: bytes) -> list[bytes]:
    """The messages of a file: one JSON text, or one on each line; what is neither is left whole, to be refused as such."""
    lines = [line for line in data.splitlines() if line.strip()]
    return lines if not _reads(data) and any(_reads(line) for line in lines) else [data]


def _reads(data: bytes) -> bool:
    try:
        tree(data, gbk=True)
    except BadMessage:
        return False
    return True


def flag(value: object, where: str) -> Quality:
    """Quality by the HJ 212 data flag."""
    try:
        return cells.flag(value, where)
    except Unreadable as err:
        raise _unread(err, value, where) from None


def flag_of_all(value: object) -> Quality | None:
    """Quality by a data flag that stands for a whole message; None where it must be read item by item."""
    return FLAGS.get("" if value is None else value) if value is None or type(value) is str else None


def gather(
    items: Iterable[T],
    read: Callable[[T], Reading | list[Reading] | bool | None],
    empty: str,
    body: dict[str, Any] | None = None,
) -> list[Reading]:
    """Read items one by one so that a bad one spares its neighbours. Where their message (`body`) says of itself to be a test
    (`provenance.toml`), or an item is that mark and no quantity (`read` answers True), all of them have that quality.

    Raises BadMessage with the sound readings as `rest` when some item is bad, and with `empty` when nothing at all was
    found: a message without a single value would otherwise vanish from the accounts.
    """
    good: list[Reading] = []
    bad: list[BadMessage] = []
    test = False
    for item in items:
        try:
            found = read(item)
        except BadMessage as err:
            err.__traceback__ = None  # thousands of them would hold as many frames
            bad.append(err)
            continue
        if isinstance(found, Reading):
            good.append(found)
        elif isinstance(found, list):
            good.extend(found)
        elif found:
            test = True
    if test or (body is not None and _provenance.is_test(body)):
        good = [one._replace(quality=Quality.TEST) for one in good]
    return settled(good, bad, empty)


def settled(good: list[Reading], bad: list[BadMessage], empty: str) -> list[Reading]:
    """The readings of a message, or its refusal as `gather` says it."""
    if bad:
        more = f"；另有 {len(bad) - 1} 处" if len(bad) > 1 else ""
        raise BadMessage(bad[0].rule, bad[0].reason + more, good)
    if not good:
        raise BadMessage("shape", empty)
    return good


def generic(topic: str, body: dict[str, Any], received_at: datetime) -> list[Reading] | None:
    """Readings of a message in the plain form that every JSON feed reads beside its own; None when it is not that form.

    `{"station": "RG-01", "kind": "rain_1h", "value": 12.5, "unit": "mm", "at": "2026-09-03T08:00:00+08:00"}`, or several in
    `{"readings": [...]}`, where what they have in common may stand once beside the list. `kind` is the catalog's or the
    sender's own word, `unit` may be left out, `flag` is the HJ 212 data flag, `seq` the sender's running number. What says of itself
    to be a test (`provenance.toml`) has that quality.
    """
    names = set(map(str.lower, body))
    if names >= {"cells", "columns"}:
        return _of_sheet(topic, body, received_at)
    if "readings" in names:
        rows = get(body, "readings")
        if not isinstance(rows, list):
            raise BadMessage("shape", f"“readings”应是读数的列表，现为“{short(rows)}”；请按格式发送")
        common = {k: v for k, v in body.items() if k.lower() != "readings"}
        empty = "“readings”里一个数值也没有；没有数据时不必发送"
        return gather(
            enumerate(rows), lambda item: _generic(topic, item[1], f"readings[{item[0]}]", common, received_at), empty
        )
    if {"kind", "value"} <= names:
        return gather(
            [body], lambda row: _generic(topic, row, "", {}, received_at), "“value”是空的；没有数据时不必发送"
        )
    return None


def _of_sheet(topic: str, body: dict[str, Any], received_at: datetime) -> list[Reading]:
    """The row of a pushed table with the heads of a sheet; under the topic of a station it is of that station."""
    bad: BadMessage | None = None
    try:
        found = import_module("ingest.feeds._rows").readings(body, received_at)
    except BadMessage as err:
        found, bad = err.rest, err
    for one in found:
        if one.station[:1] != "@" or topic.rsplit("/", 1)[-1] not in ("", "-", "+"):
            station(topic, one.station, "测站")
    if bad is not None:
        raise bad
    return found


def _generic(
    topic: str, row: object, where: str, common: dict[str, Any], received_at: datetime
) -> Reading | bool | None:
    if not isinstance(row, dict):
        raise BadMessage("shape", f"{where} 应是一个读数对象，现为“{short(row)}”；请按格式发送")
    row = one_case(common | row)
    dot = where and f"{where}."
    kind = word(get(row, "kind"), f"{dot}kind")
    given = get(row, "value")
    if type(given) is not float and (mark := _provenance.marks(kind, given)) is not None:
        return mark
    found = measured(given, f"{dot}value")
    if found is None:
        return None
    value, said = found
    place = station(topic, get(row, "station"), f"{dot}station")
    unit, seq = get(row, "unit"), get(row, "seq")
    quality = Quality.TEST if _provenance.is_test(row) else worse(flag(get(row, "flag"), f"{dot}flag"), said)
    if unit not in (None, ""):
        kind = f"{kind}@{word(unit, f'{dot}unit')}"
    return Reading(
        place, f"?{kind}", when(get(row, "at"), f"{dot}at", about=received_at), value, quality,
        "" if seq in (None, "") else word(seq, f"{dot}seq"),
    )  # fmt: skip
