"""A payload family as `families.toml` declares it: checked when it is read, so that a message meets no mistake of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from brain.catalog._toml import Entry
from brain.city import OFFSET
from ingest.feeds import _table
from ingest.feeds._table import Places, paths

SHIPPED = Path(__file__).with_name("families.toml")
WORDS = {"true": 1.0, "false": 0.0, "on": 1.0, "off": 0.0}


@dataclass(frozen=True, slots=True)
class Attribute:
    """Where an object that stands for one quantity has its parts (NGSI)."""

    value: Places
    unit: Places
    time: Places
    seq: Places


@dataclass(frozen=True, slots=True)
class Family:
    """One entry of families.toml; the file's head says what each means. `kinds`, `unit_at` and `words` are in small
    letters; `spent` are the names at the top of a record that are no quantities. Of `values`, `name`, `attribute` and `pick`
    it has just one: how its readings stand in a record. `signs` are names at the top of a message of which it has at least one,
    if it is a single object: most families are passed over by them."""

    key: str
    title: str
    needs: tuple[Places, ...]
    among: tuple[Places, ...]
    like: tuple[tuple[Places, re.Pattern[str]], ...]
    root: Places
    heads: str
    rows: str
    station: Places
    tail: bool
    time: Places
    base_time: str
    relative: float
    zone: timezone
    values: Places | None
    name: Places
    value: Places
    base_value: str
    sum: str
    base_sum: str
    text: Places
    named: re.Pattern[str] | None
    attribute: Attribute | None
    pick: dict[tuple[str, ...], str]
    valid: dict[tuple[str, ...], Places]
    clock_from: float
    words_only: bool
    version: str
    unit: Places
    quality: Places
    seq: Places
    flag: Places
    carry: tuple[str, ...]
    ignore: frozenset[str]
    spent: frozenset[str]
    kinds: dict[str, str]
    unit_at: dict[str, Places]
    unit_words: dict[str, str]
    words: dict[str, float]
    signs: frozenset[str]

    def records(self, body: Any) -> list[Any]:
        """The records of a message, if it is of this family: its first record has all that is needed, and some record what some
        must have."""
        if type(body) is dict and self.signs.isdisjoint(body):
            return []
        inner = _table.dig(body, self.root) if self.root and isinstance(body, dict) else None
        found = body if inner is None else inner
        found = found if isinstance(found, list) else [found]
        if self.rows:
            found = [record for one in found for record in self._spread(one)]
        first = (
            next((one for one in found if isinstance(one, dict)), None) if self.rows else found[0] if found else None
        )
        if not isinstance(first, dict):
            return []
        for need in self.needs:
            if _table.dig(first, need) is None:
                return []
        for place, pattern in self.like:
            said = _table.dig(first, place)
            if not isinstance(said, str) or not pattern.search(said[:400]):
                return []
        for need in self.among:
            if not any(isinstance(one, dict) and _table.dig(one, need) is not None for one in found):
                return []
        if self.attribute is not None and not any(self._holds(one) for one in first.values()):
            return []
        return found

    def _spread(self, one: Any) -> list[Any]:
        """The records of a table in a message, whose heads stand once; a row that does not fit them stays a list, to be refused."""
        heads, rows = (one.get(self.heads), one.get(self.rows)) if isinstance(one, dict) else (None, None)
        if (
            not isinstance(heads, list)
            or not isinstance(rows, list)
            or not all(isinstance(head, str) for head in heads)
        ):
            return [one]
        common = {name: value for name, value in one.items() if name not in (self.heads, self.rows)}
        return [
            common | dict(zip(heads, row, strict=True)) if isinstance(row, list) and len(row) == len(heads) else row
            for row in rows
        ]

    def _holds(self, one: Any) -> bool:
        assert self.attribute is not None
        return isinstance(one, dict) and _table.dig(one, self.attribute.value) is not None

    def kind(self, name: str) -> str:
        """The kind of a quantity by its full name or the last part of it; "" for one that is known and not kept."""
        low = name.casefold()
        found = self.kinds.get(low)
        return self.kinds.get(low.rsplit(".", 1)[-1], f"?{name}") if found is None else found


def load(folder: str) -> tuple[Family, ...]:
    """All families, those that only the city's own file has first. Raises BadCatalog, naming file and key."""
    top, new = _table.read(SHIPPED, folder)
    found = [_family(key, entry) for key, entry in top.entries("family").items()]
    top.done()
    return tuple(sorted(found, key=lambda family: f"family.{family.key}" not in new))


def _family(key: str, entry: Entry) -> Family:
    def place(name: str) -> Places:
        return paths(entry.take(name, str, ""))

    def texts(name: str) -> dict[str, str]:
        table = entry.table(name, {})
        return {key: table.take(key, str) for key in table.names()}

    words = entry.table("words", {})
    whole = entry.take("values", str, None)
    named, like, pick, attribute = entry.take("named", str, ""), texts("like"), texts("pick"), _attribute(entry)
    station, time, flag = place("station"), place("time"), place("flag")
    ignore = frozenset(entry.texts("ignore", []))
    family = Family(
        key=key,
        title=entry.take("title", str),
        needs=tuple(paths(one) for one in entry.texts("needs", [])),
        among=tuple(paths(one) for one in entry.texts("among", [])),
        like=tuple((paths(path), _pattern(entry, "like", said)) for path, said in like.items()),
        root=place("root"),
        heads=entry.take("heads", str, ""),
        rows=entry.take("rows", str, ""),
        station=station,
        tail=entry.take("tail", bool, False),
        time=time,
        base_time=entry.take("base_time", str, ""),
        relative=entry.take("relative", float, 0.0),
        zone=_zone(entry, entry.take("zone", str, OFFSET)),
        values=None if whole is None else paths(whole),
        name=place("name"),
        value=place("value"),
        base_value=entry.take("base_value", str, ""),
        sum=entry.take("sum", str, ""),
        base_sum=entry.take("base_sum", str, ""),
        text=place("text"),
        named=_pattern(entry, "named", named) if named else None,
        attribute=attribute,
        pick={paths(path)[0]: kind for path, kind in pick.items()},
        valid={paths(path)[0]: paths(said) for path, said in texts("valid").items()},
        clock_from=entry.take("clock_from", float, 0.0),
        words_only=entry.take("words_only", bool, False),
        version=entry.take("version", str, ""),
        unit=place("unit"),
        quality=place("quality"),
        seq=place("seq"),
        flag=flag,
        carry=entry.texts("carry", []),
        ignore=ignore,
        spent=ignore | {path[0] for path in (*station, *time, *flag)},
        kinds={name.casefold(): kind for name, kind in (pick | texts("kinds")).items()},
        unit_at={name.casefold(): paths(path) for name, path in texts("unit_at").items()},
        unit_words=texts("unit_words"),
        words=WORDS | {word.casefold(): words.take(word, float) for word in words.names()},
        signs=frozenset(),
    )
    if not (family.needs or family.among):
        raise entry.wrong("needs", "至少写一个字段，否则什么报文都会被认作这一家")
    first = (*family.needs, *family.among)[0]
    rows = [family.rows] if family.rows else []
    family = replace(family, signs=frozenset([*rows, *(path[0] for path in (*first, *family.root))]))
    forms = (family.values is not None, bool(family.name and family.value), attribute is not None, bool(family.pick))
    if sum(forms) != 1:
        raise entry.wrong(
            "values", "要么写 values（一条记录多个量），要么写 name 和 value（一条记录一个量），或写 attribute、pick 之一"
        )
    entry.done()
    return family


def _attribute(entry: Entry) -> Attribute | None:
    if not entry.has("attribute"):
        return None
    one = entry.table("attribute")
    found = Attribute(paths(one.take("value", str)), *(paths(one.take(name, str, "")) for name in ("unit", "time", "seq")))
    one.done()
    return found


def _pattern(entry: Entry, name: str, said: str) -> re.Pattern[str]:
    try:
        return re.compile(said)
    except re.error as err:
        raise entry.wrong(name, f"“{said}”不是合法的正则表达式（{err}）") from None


def _zone(entry: Entry, said: str) -> timezone:
    try:
        return timezone(datetime.strptime(said, "%z").utcoffset() or timedelta())
    except ValueError:
        raise entry.wrong("zone", f"“{said}”应写成 {OFFSET}") from None
