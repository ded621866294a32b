"""sheets.toml: which feeds take files, how columns are called, what the hotline's states mean."""

from __future__ import annotations

import unicodedata
from typing import Any

from brain.catalog._toml import Entry
from brain.catalog.sheet_records import Field, Heads, Limits, OrderState, Sheets, Taker, Words
from brain.model import State

FORMS = ("readings", "orders", "message")


def sheets(top: Entry, departments: Any, kinds: Any, categories: Any) -> Sheets:
    """Checked against the catalog's departments, sensor kinds and categories."""
    size = top.table("limits")
    limits = Limits(*(size.take(name, int) for name in ("mib", "unzipped_mib", "rows", "columns", "cells", "ratio")))
    size.done()
    takers = {key: _taker(key, e, departments) for key, e in top.entries("feed").items()}
    fields = {
        form: {key: _field(Entry(top.file, f"field.{form}.{key}", said)) for key, said in one.items().items()}
        for form, one in top.entries("field").items()
    }
    known = {feed: _kinds(e, kinds) for feed, e in top.entries("kind").items()}
    values = {kind: {word: float(n) for word, n in e.items().items()} for kind, e in top.entries("value").items()}
    states = {key: _state(key, e) for key, e in top.entries("state").items()}
    category = top.table("category")
    default = category.one_of("default", categories)
    words = _categories(category, categories)
    category.done()
    word, head = _words(top.table("word")), _heads(top.table("head"))
    top.done()
    return Sheets(limits, takers, fields, known, values, states, words, default, word, head)


def plain(word: str) -> str:
    """A word without what people write differently: width, spaces, case, the two signs of micro."""
    return "".join(unicodedata.normalize("NFKC", word).replace("\u00b5", "\u03bc").split()).casefold()


def _words(entry: Entry) -> Words:
    gaps, undetected, faults, footers, unitless = (
        frozenset(map(plain, entry.texts(name))) for name in ("gaps", "undetected", "faults", "footers", "unitless")
    )
    made = Words(gaps | {""}, undetected, faults, footers, unitless, entry.one_of("below", ("half", "limit")))
    entry.done()
    return made


def _heads(entry: Entry) -> Heads:
    made = Heads(
        frozenset(map(plain, entry.texts("plain"))), frozenset(map(plain, entry.texts("units"))),
        _by_word(entry.table("zones")), _by_word(entry.table("forms")), frozenset(map(plain, entry.texts("systems"))),
        frozenset(map(plain, entry.texts("idle"))),
    )  # fmt: skip
    entry.done()
    return made


def _by_word(entry: Entry) -> dict[str, str]:
    found = {plain(word): key for key in entry.names() for word in entry.texts(key)}
    entry.done()
    return found


def _taker(key: str, entry: Entry, departments: Any) -> Taker:
    made = Taker(key, entry.take("title", str), entry.one_of("org", departments), entry.one_of("form", FORMS))
    entry.done()
    return made


def _field(entry: Entry) -> Field:
    made = Field(entry.take("label", str), entry.texts("names"))
    entry.done()
    return made


def _kinds(entry: Entry, kinds: Any) -> dict[str, tuple[str, ...]]:
    found = {}
    for key in entry.names():
        if key not in kinds:
            raise entry.wrong(key, "不是 sensors.toml 里的感知量，请改正")
        found[key] = entry.texts(key)
    return found


def _state(key: str, entry: Entry) -> OrderState:
    made = OrderState(
        key, entry.take("label", str), entry.texts("names"), State(entry.one_of("meant", [str(s) for s in State])),
        entry.take("open", bool, False), entry.take("accept", bool, False),
    )  # fmt: skip
    entry.done()
    return made


def _categories(entry: Entry, categories: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = []
    for pair in entry.take("words", list):
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], list)):
            raise entry.wrong("words", f"每一项应写成 [类别, [词, …]]，现在是 {pair!r}")
        if pair[0] not in categories:
            raise entry.wrong("words", f"没有类别“{pair[0]}”，请用 categories.toml 里的类别")
        found.append((pair[0], tuple(str(word) for word in pair[1])))
    return tuple(found)
