"""Reads guide.toml; what its parts mean stands in `guide_records.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from brain.catalog._toml import Entry, near
from brain.catalog.guide_records import FILLED, WAYS, Door, Example, Guide, Shown, Table, marks
from brain.model import Quality

READERS = ("time", "number", "cell", "flag", "unit")
Pairs = tuple[tuple[str, str], ...]


def guide(top: Entry) -> Guide:
    """Every door names tables that are there, every row has as many cells as its head, every example a way in."""
    intro, past = top.take("intro", str), top.take("past", str)
    tables = {key: _table(key, entry) for key, entry in top.entries("table").items()}
    doors = {key: _door(key, entry, tables) for key, entry in top.entries("door").items()}
    top.done()
    if not doors:
        raise top.wrong("door", "一个门也没有；请至少写一个 [door.名字]")
    return Guide(intro.strip(), past.strip(), doors)


def _table(key: str, entry: Entry) -> Table:
    head = entry.texts("head")
    rows = _rows(entry, "rows", len(head))
    made = Table(
        key, entry.take("title", str), head, rows, entry.take("note", str, ""), entry.one_of("reader", READERS, ""),
    )  # fmt: skip
    entry.done()
    return made


def _door(key: str, entry: Entry, tables: dict[str, Table]) -> Door:
    wanted = entry.texts("tables", [])
    for name in wanted:
        if name not in tables:
            raise entry.wrong("tables", f"没有表“{name}”{near(name, tables)}；请先写 [table.{name}]")
    made = Door(
        key, entry.take("title", str), entry.take("whom", str), _pairs(entry, "how"), _pairs(entry, "answers"),
        _pairs(entry, "wrong"), tuple(tables[name] for name in wanted),
        tuple(_example(name, one) for name, one in entry.entries("example").items()), entry.take("owner", str, ""),
    )  # fmt: skip
    for _, words in (*made.how, *made.answers, *made.wrong):
        _marked(entry, "how", words)
    if not made.examples:
        raise entry.wrong("example", "一个例子也没有；请至少写一个 [door.….example.名字]")
    entry.done()
    return made


def _example(key: str, entry: Entry) -> Example:
    if entry.has("text") == entry.has("hex"):
        raise entry.wrong("text", "例子的内容写成 text（文字）或 hex（十六进制），两样写一样")
    is_hex = entry.has("hex")
    body = entry.take("hex" if is_hex else "text", str)
    if is_hex:
        try:
            bytes.fromhex(body)
        except ValueError:
            raise entry.wrong("hex", "应是成对的十六进制数字，可以有空格") from None
    topic = entry.take("topic", str, "")
    _marked(entry, "topic", topic)
    made = Example(
        key, entry.take("title", str), entry.one_of("way", WAYS, "message"), entry.take("feed", str), topic,
        entry.take("name", str, ""), entry.take("media", str, ""), body, is_hex, entry.take("beside", str, ""),
        tuple(_shown(entry, row) for row in entry.take("readings", list, [])), _records(entry), entry.texts("refused", []),
        entry.take("answer", str, ""), entry.take("tells", str, ""), entry.take("note", str, ""),
        entry.take("owner", str, ""), tuple(entry.texts("stations", [])),
    )  # fmt: skip
    if lost := [one for one in made.stations if one not in body + topic]:
        raise entry.wrong("stations", f"内容和主题里都没有测站“{lost[0]}”；请写里面出现的测站编号")
    entry.done()
    return made


def _marked(entry: Entry, name: str, words: str) -> None:
    if odd := sorted(marks(words) - set(FILLED)):
        raise entry.wrong(name, f"不认识的 {{{odd[0]}}}{near(odd[0], FILLED)}；可用的是 {'、'.join(FILLED)}")


def _shown(entry: Entry, row: Any) -> Shown:
    if not (isinstance(row, list) and len(row) == 6):
        raise entry.wrong("readings", f"{row!r} 应写成 [测站, 感知量, 值, 单位, 时间, 质量]")
    station, kind, value, unit, at, quality = row
    if isinstance(value, bool) or not isinstance(value, int | float) or not all(isinstance(x, str) for x in (station, kind, unit)):
        raise entry.wrong("readings", f"{row!r} 的测站、感知量、单位应是文字，值应是数字")
    if quality not in set(Quality):
        raise entry.wrong("readings", f"没有数据质量“{quality}”{near(str(quality), [str(q) for q in Quality])}")
    try:
        datetime.strptime(at, "%Y-%m-%d %H:%M:%S")
    except (TypeError, ValueError):
        raise entry.wrong("readings", f"时间“{at}”应写成北京时间 2026-09-03 08:00:00") from None
    return Shown(station, kind, float(value), unit, at, quality)


def _records(entry: Entry) -> tuple[tuple[str, str, str], ...]:
    found = _rows(entry, "records", 3)
    return tuple((label, name, value) for label, name, value in found)


def _pairs(entry: Entry, name: str) -> Pairs:
    return tuple((what, words) for what, words in _rows(entry, name, 2))


def _rows(entry: Entry, name: str, width: int) -> tuple[tuple[str, ...], ...]:
    found = []
    for row in entry.take(name, list, []):
        if not (isinstance(row, list) and len(row) == width and all(isinstance(cell, str) for cell in row)):
            raise entry.wrong(name, f"{row!r} 应是 {width} 段文字的列表")
        found.append(tuple(row))
    return tuple(found)
