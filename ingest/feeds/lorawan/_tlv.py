"""Milesight uplinks: a chain of (channel, type, value), read by the declared table `milesight.toml` and nothing else.

The length of a value is known only from the table, so what follows an unknown channel cannot be read: the frame is refused
from there on, what was read before is kept.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from brain.catalog._toml import Entry, near
from ingest.feeds import BadMessage, _table
from ingest.feeds.lorawan._envelope import Kind, kinds

SHIPPED = Path(__file__).with_name("milesight.toml")
SIZES = {"u8": "<B", "s8": "<b", "u16": "<H", "s16": "<h", "u32": "<I", "s32": "<i", "f32": "<f"}
TIME = "@time"
_FIELD = re.compile(r"(@?[\w-]+) (hex([1-9]\d?)|[usf]\d+)(?:/([1-9]\d*))?((?:![0-9a-f]+)*)")
_CHANNEL = re.compile(r"[0-9a-f]{2} [0-9a-f]{2}")

Channel = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a value. `form` is a struct format, or "" for `size` bytes as they are."""

    name: str
    form: str
    size: int
    divisor: int
    gaps: frozenset[int]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a frame. `value` is None where it is text, or where the device says that it has none; `at` is the
    observation time of a history record, in s since 1970."""

    name: str
    value: float | None
    text: str
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """The table of one device model."""

    name: str
    channels: dict[Channel, tuple[Part, ...]]
    words: dict[str, dict[int, str]]
    kinds: dict[str, Kind]


@dataclass(frozen=True, slots=True)
class Table:
    """All of milesight.toml."""

    common: Model
    models: dict[str, Model]
    oui: tuple[str, ...]
    brand: tuple[str, ...]

    names: re.Pattern[str]

    def model(self, said: str) -> Model | None:
        """The model that a device profile's name holds, the longest of those that begin there; spaces and underscores are
        dashes, and no letter or figure goes on before or after it."""
        found = self.names.search(re.sub(r"[\s_]+", "-", said.strip().lower()))
        return self.models[found[0]] if found else None


def load(folder: str) -> Table:
    """The shipped table, a city's own file over it. Raises BadCatalog, naming file and key."""
    top, _ = _table.read(SHIPPED, folder)
    oui, brand = top.texts("oui"), top.texts("brand")
    words = _words(top.table("words", {}))
    common = Model("", _channels(top.table("common")), words, {})
    entries = top.entries("model")
    models: dict[str, Model] = {}
    for name in entries:
        _model(name, entries, models, common, ())
    top.done()
    longest = "|".join(re.escape(name) for name in sorted(models, key=len, reverse=True))
    names = re.compile(rf"(?<![a-z0-9])(?:{longest})(?![a-z0-9])")
    return Table(common, models, tuple(o.lower() for o in oui), tuple(b.lower() for b in brand), names)


def _model(
    name: str, entries: dict[str, Entry], models: dict[str, Model], common: Model, under: tuple[str, ...]
) -> Model:
    if name in models:
        return models[name]
    entry = entries[name]
    like = entry.take("like", str, None)
    if like is not None and like not in entries:
        raise entry.wrong("like", f"没有型号“{like}”{near(like, entries)}")
    if like == name or like in under:
        raise entry.wrong("like", f"“{like}”绕回了自己；请改正")
    base = common if like is None else _model(like, entries, models, common, (*under, name))
    words = base.words | _words(entry.table("words", {}))
    own = base.kinds | kinds(entry.table("kinds", {}))
    models[name] = Model(name, base.channels | _channels(entry), words, own)
    return models[name]


def _words(entry: Entry) -> dict[str, dict[int, str]]:
    found = {}
    for name in entry.names():
        table = entry.table(name)
        for value in table.names():
            if not value.isdecimal():
                raise table.wrong(value, '应写成 0 = "词"')
        found[name] = {int(value): table.take(value, str) for value in table.names()}
    return found


def _channels(entry: Entry) -> dict[Channel, tuple[Part, ...]]:
    found = {}
    for key in entry.names():
        if not _CHANNEL.fullmatch(key):
            raise entry.wrong(key, "应写成两个字节的小写十六进制，如 “03 67”")
        said = entry.take(key, str)
        found[int(key[:2], 16), int(key[3:], 16)] = tuple(_part(entry, key, one) for one in said.split(", "))
    return found


def _part(entry: Entry, key: str, said: str) -> Part:
    match = _FIELD.fullmatch(said)
    if match is None or (match[3] is None and match[2] not in SIZES):
        raise entry.wrong(key, f"“{said}”看不懂；写法是“名称 类型[/除数][!无效值]”，类型是 {'、'.join(SIZES)}、hexN")
    gaps = frozenset(int(gap, 16) for gap in match[5].split("!") if gap)
    if match[3]:
        return Part(match[1], "", int(match[3]), 1, gaps)
    form = SIZES[match[2]]
    return Part(match[1], form, struct.calcsize(form), int(match[4] or 1), gaps)


def decode(model: Model, data: bytes) -> Iterator[Field]:
    """The fields of a frame in their order. Raises BadMessage (rule `channel`) at the byte from which on the table, or the
    frame, ends."""
    spot = 0
    while spot < len(data):
        head = data[spot : spot + 2]
        shown = head.hex(" ").upper()
        parts = model.channels.get((head[0], head[1])) if len(head) == 2 else None
        if parts is None:
            of = f"型号 {model.name} " if model.name else "通用表"
            raise BadMessage(
                "channel",
                f"第 {spot + 1} 字节的通道 {shown} 不在{of}里，其后 {len(data) - spot} 字节读不了；"
                "请核对网络服务器里的设备配置名（型号），或在 milesight.toml 里补上这个通道",
            )
        spot += 2
        size = sum(part.size for part in parts)
        if len(data) - spot < size:
            raise BadMessage(
                "channel",
                f"通道 {shown} 应有 {size} 字节，只剩 {len(data) - spot} 字节；帧不完整或型号不对，请核对设备配置名与透传设置",
            )
        at: int | None = None
        for part in parts:
            raw = data[spot : spot + part.size]
            spot += part.size
            field = _field(part, raw, model)
            if part.name == TIME:
                at = int.from_bytes(raw, "little")
            elif part.name != "-":
                yield replace(field, at=at)


def _field(part: Part, raw: bytes, model: Model) -> Field:
    if not part.form:
        return Field(part.name, None, raw.hex())
    (number,) = struct.unpack(part.form, raw)
    if number in part.gaps:
        return Field(part.name, None, "")
    word = model.words.get(part.name, {}).get(number, "")
    return Field(part.name, number / part.divisor, word)


def moment(at: int) -> datetime:
    """The time of a history record."""
    return datetime.fromtimestamp(at, UTC)
