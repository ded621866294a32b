"""A payload family as `families.toml` declares it: checked when it is read, so that a message meets no mistake of ours."""

from __future__ import annotations

from dataclasses import dataclass
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
class Family:
    """One entry of families.toml; the file's head says what each means. `kinds`, `unit_at` and `words` are in small
    letters; `spent` are the names at the top of a record that are no quantities."""

    key: str
    needs: tuple[Places, ...]
    root: Places
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

    def records(self, body: Any) -> list[Any]:
        """The records of a message, if it is of this family: its first record has all that is needed."""
        inner = _table.dig(body, self.root) if isinstance(body, dict) else None
        found = body if inner is None else inner
        found = found if isinstance(found, list) else [found]
        if not found or not isinstance(found[0], dict):
            return []
        return found if all(_table.dig(found[0], need) is not None for need in self.needs) else []

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

    entry.take("title", str)
    words = entry.table("words", {})
    whole = entry.take("values", str, None)
    station, time, flag = place("station"), place("time"), place("flag")
    ignore = frozenset(entry.texts("ignore", []))
    family = Family(
        key=key,
        needs=tuple(paths(one) for one in entry.texts("needs")),
        root=place("root"),
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
        unit=place("unit"),
        quality=place("quality"),
        seq=place("seq"),
        flag=flag,
        carry=entry.texts("carry", []),
        ignore=ignore,
        spent=ignore | {path[0] for path in (*station, *time, *flag)},
        kinds={name.casefold(): kind for name, kind in texts("kinds").items()},
        unit_at={name.casefold(): paths(path) for name, path in texts("unit_at").items()},
        unit_words=texts("unit_words"),
        words=WORDS | {word.casefold(): words.take(word, float) for word in words.names()},
    )
    if not family.needs:
        raise entry.wrong("needs", "至少写一个字段，否则什么报文都会被认作这一家")
    if (family.values is None) == (not family.name or not family.value):
        raise entry.wrong("values", "要么写 values（一条记录多个量），要么写 name 和 value（一条记录一个量）")
    entry.done()
    return family


def _zone(entry: Entry, said: str) -> timezone:
    try:
        return timezone(datetime.strptime(said, "%z").utcoffset() or timedelta())
    except ValueError:
        raise entry.wrong("zone", f"“{said}”应写成 {OFFSET}") from None
