"""What a sender is told of how to connect, as guide.toml says it: frozen values.

Beside `records` and not in it, because only the page 怎样接入 and the document of it ask for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

WAYS = ("message", "retained", "push", "signed", "sheet", "poll", "history")
"""How an example goes in: as one message of its feed (over MQTT or on a line), as one that the broker had kept, as the body of a
push, as the signature of one, as a file, as the answer of a polled source, as a file of `brain import readings`."""
FILLED = ("org", "district", "host", "mqtt_port", "push_port", "hj212_port", "sl651_port", "gb26875_port")
"""What is filled in for the reader, written `{org}`."""
_MARK = re.compile(r"\{([a-z0-9_]+)\}")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of what is read: heads, rows of as many cells. `reader` (time, number, cell, flag, unit) names what reads the first
    cell of each row and must come to the second."""

    key: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    reader: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A reading as it is shown: `kind` and `unit` as the catalog has them, `?name` for one that has to be mapped first; `at` in
    Beijing time; `quality` a value of `Quality`."""

    station: str
    kind: str
    value: float
    unit: str
    at: str
    quality: str


@dataclass(frozen=True, slots=True)
class Example:
    """What is sent, and what becomes of it. `body` is text, or hexadecimal where `is_hex`; `beside` what has to stand beside it (the
    declaration of a polled source, the secret of a signature). What comes back: `readings`, `records` as (label, field, value),
    `refused` whole sentences, `answer` bytes as text (hexadecimal where the body is) or empty, `tells` the answer in words. `owner` is
    the department whose `stations` it shows: nobody else may send for them."""

    key: str
    title: str
    way: str
    feed: str
    topic: str
    name: str
    media: str
    body: str
    is_hex: bool
    beside: str
    readings: tuple[Shown, ...]
    records: tuple[tuple[str, str, str], ...]
    refused: tuple[str, ...]
    answer: str
    tells: str
    note: str
    owner: str = ""
    stations: tuple[str, ...] = ()

    @property
    def branch(self) -> str:
        """The feed under which it is sent: a gateway's state goes below the one that the gateway sends."""
        return self.topic.split("/")[2] if self.topic.count("/") > 2 else self.feed

    def of(self, stations: Sequence[str]) -> Example:
        """The same with other stations, one for each of its own."""
        other = dict(zip(self.stations, stations, strict=True))
        words = re.compile("|".join(map(re.escape, sorted(self.stations, key=len, reverse=True))))

        def said(text: str) -> str:
            return words.sub(lambda found: other[found[0]], text) if other else text

        shown = tuple(replace(r, station=said(r.station)) for r in self.readings)
        return replace(self, topic=said(self.topic), body=said(self.body), readings=shown, stations=tuple(stations))

    @property
    def fate(self) -> str:
        """In one word: 收下, 部分拒收, 拒收; 核对 for what is only to be compared."""
        if not self.refused:
            return "收下" if self.readings or self.records else "核对"
        return "部分拒收" if self.readings or self.records else "拒收"


@dataclass(frozen=True, slots=True)
class Door:
    """One way in. `how` are (what, words) of where and as whom to send, `answers` and `wrong` (case, words). `owner`: the department
    that alone comes in there."""

    key: str
    title: str
    whom: str
    how: tuple[tuple[str, str], ...]
    answers: tuple[tuple[str, str], ...]
    wrong: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    examples: tuple[Example, ...]
    owner: str = ""

    @property
    def turns_late(self) -> bool:
        """Whether an example shows as sound what is late by now."""
        return any(r.quality == "ok" for one in self.examples for r in one.readings)


@dataclass(frozen=True, slots=True)
class Guide:
    """All doors in the order in which they are shown, `intro` before them; `past` is said where examples begin."""

    intro: str
    past: str
    doors: Mapping[str, Door]


class Labelled(Protocol):
    """What has a label: a sensor kind of the catalog."""

    @property
    def label(self) -> str: ...


def kind_words(kind: str, kinds: Mapping[str, Labelled]) -> tuple[str, str]:
    """(label, key) of a quantity as an example has it: `?name` is the catalog's where that has one of the name, else to be mapped."""
    key = kind.removeprefix("?")
    return (kinds[key].label if key in kinds else "待对应", key)


def filled(text: str, known: Mapping[str, str]) -> str:
    """The text with its `{org}` and the like filled in; a name that is not known stays as it stands."""
    return _MARK.sub(lambda found: known.get(found[1], found[0]), text)


def marks(text: str) -> set[str]:
    """Names of what a text wants filled in."""
    return set(_MARK.findall(text))
