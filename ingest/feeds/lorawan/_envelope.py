"""What a network server puts around the bytes of a device, and which kind a field stands for: `lorawan.toml`, checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brain.catalog._toml import Entry
from ingest.feeds import _table
from ingest.feeds._table import Places, paths

SHIPPED = Path(__file__).with_name("lorawan.toml")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One entry of [envelope]; the file's head says what each means."""

    key: str
    title: str
    needs: tuple[Places, ...]
    eui: Places
    data: Places
    coding: str
    time: Places
    model: tuple[Places, ...]
    brand: Places
    object: Places
    port: Places
    battery: Places

    def holds(self, body: dict[str, Any]) -> bool:
        return all(_table.dig(body, need) is not None for need in self.needs)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a field becomes: a kind (`?name` where the district must say which), its value `times` the field's. "" is known
    and not kept."""

    key: str
    times: float = 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """All of lorawan.toml: envelopes, those that only the city's own file has first; kinds by field of our own table, and by
    field that a network server decoded from another maker's bytes; what a `?name` means where nobody has said it; the ports
    whose frames are tests; by the field that gives an event away, what it is."""

    envelopes: tuple[Envelope, ...]
    kinds: dict[str, Kind]
    object: dict[str, Kind]
    meant: dict[str, str]
    test_ports: frozenset[int]
    events: tuple[tuple[Places, str], ...]


def load(folder: str) -> Words:
    """Raises BadCatalog, naming file and key."""
    top, new = _table.read(SHIPPED, folder)
    envelopes = [_envelope(key, entry) for key, entry in top.entries("envelope").items()]
    known, others = kinds(top.table("kinds")), kinds(top.table("object", {}))
    meant = top.table("meant", {})
    ports = frozenset(int(one) for one in top.texts("test_ports", []) if one.isdecimal())
    events = top.table("events", {})
    words = Words(
        tuple(sorted(envelopes, key=lambda e: f"envelope.{e.key}" not in new)),
        known,
        others,
        {name: meant.take(name, str) for name in meant.names()},
        ports,
        tuple((paths(name), events.take(name, str)) for name in events.names()),
    )
    top.done()
    return words


def kinds(entry: Entry) -> dict[str, Kind]:
    """A table of kinds by field name: `"kind"`, `"kind@unit"`, `"?name@unit"`, `""` or `{ kind, times }`."""
    found = {}
    for name in entry.names():
        if entry.is_text(name):
            found[name] = Kind(entry.take(name, str))
            continue
        one = entry.table(name)
        found[name] = Kind(one.take("kind", str), one.take("times", float))
        one.done()
    return found


def _envelope(key: str, entry: Entry) -> Envelope:
    found = Envelope(
        key=key,
        title=entry.take("title", str),
        needs=tuple(paths(one) for one in entry.texts("needs")),
        eui=paths(entry.take("eui", str)),
        data=paths(entry.take("data", str)),
        coding=entry.one_of("coding", ("base64", "hex")),
        time=paths(entry.take("time", str)),
        model=tuple((path,) for path in paths(entry.take("model", str, ""))),
        brand=paths(entry.take("brand", str, "")),
        object=paths(entry.take("object", str, "")),
        port=paths(entry.take("port", str, "")),
        battery=paths(entry.take("battery", str, "")),
    )
    if not found.needs:
        raise entry.wrong("needs", "至少写一个字段，否则什么报文都会被认作这一种")
    entry.done()
    return found
