"""Contract drift: which shapes the JSON messages of a feed have, and when a new one comes in place of the usual one.

A shape is the set of a message's fields with their types; what is empty counts as absent. A department that renames a
field or sends numbers as text mostly does so without a word, and half of it still parses: the accounts stay in balance
while the data are wrong.

Looked at is a message of each source (topic) every few seconds, no more, so that it costs the doors next to nothing
(measured: 0.6 µs a message, 7 µs for one that is looked at). When the new shape comes several times running and the usual
one no more, that is drift, dated to when the new one was first seen. A device that joins with a shape of its own is none:
the others still send the usual one.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from ingest.feeds._wire import BLANK
from ingest.practice import Practice

SAMPLE = 8192  # bytes of a message that are kept to look at
BIGGEST = 65536  # larger messages are not looked at
DEEPEST, WIDEST = 8, 200  # levels and fields of a shape
SOURCES = 4096  # remembered at once

Fields = dict[str, str]
"""Path → type: `数据.溶解氧` → `number`; lists are written `点位[].值`."""


def shape_of(payload: bytes) -> Fields | None:
    """The shape of a JSON message; None for what is no JSON object or list, or too large to look at. Never raises."""
    if payload[:1] not in (b"{", b"[") and payload.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return None
    if len(payload) > BIGGEST:
        return None
    try:
        try:
            said = json.loads(payload)
        except UnicodeDecodeError:
            said = json.loads(payload.decode("gb18030"))
    except (ValueError, RecursionError):
        return None
    found: Fields = {}
    _walk(said, "", 0, found)
    return found


def _walk(value: object, path: str, depth: int, found: Fields) -> None:
    if len(found) >= WIDEST or depth > DEEPEST:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            _walk(inner, f"{path}.{_printable(key)}" if path else _printable(key), depth + 1, found)
    elif isinstance(value, list):
        for inner in value[:5]:
            _walk(inner, f"{path}[]", depth + 1, found)
    elif not (value is None or (isinstance(value, str) and value.strip() in BLANK)):
        found[path] = "bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def _printable(key: str) -> str:
    """A field's name as the database can hold it."""
    return key[:100].replace("\0", "␀").encode("utf-8", "replace").decode()


def digest(fields: Fields) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(slots=True)
class Seen:
    """A shape as it goes into table feed_shape: what was looked at since the last time."""

    fields: Fields
    sample: bytes
    source: str
    first_at: datetime
    last_at: datetime
    n: int = 0


@dataclass(frozen=True, slots=True)
class Drift:
    """A new shape in place of the usual one."""

    feed: str
    source: str
    at: datetime
    before: str
    after: str


@dataclass(slots=True)
class _Source:
    usual: str | None = None
    candidate: str | None = None
    since: datetime | None = None
    run: int = 0


class MessageShapes:
    """What one worker knows of all feeds' shapes. Any door's thread may call `look`; `take` hands over what is new."""

    def __init__(self, practice: Practice, monotonic: Callable[[], float] = time.monotonic):
        self._every = practice.shape_every_s
        self._told_after = practice.shape_told_after
        self._learn = practice.shape_learn
        self._most = practice.shape_most
        self._monotonic = monotonic
        self._next: dict[tuple[str, str], float] = {}
        self._sources: defaultdict[tuple[str, str], _Source] = defaultdict(_Source)
        self._counts: defaultdict[str, dict[str, int]] = defaultdict(dict)  # feed → shape → times looked at
        self._usual: defaultdict[str, set[str]] = defaultdict(set)  # feed → shapes that surprise nobody
        self._last: dict[tuple[str, str], datetime] = {}  # feed and shape → newest message
        self._new: dict[tuple[str, str], Seen] = {}
        self._drifts: list[Drift] = []
        self._lock = threading.Lock()

    def know(self, rows: Iterable[tuple[str, str, int]]) -> None:
        """What the database remembers: (feed, shape, times looked at)."""
        with self._lock:
            for feed, shape, n in rows:
                self._counts[feed][shape] = self._counts[feed].get(shape, 0) + n
                if n >= self._told_after:
                    self._usual[feed].add(shape)

    def look(self, feed: str, source: str, payload: bytes, at: datetime) -> None:
        """Look at a message, if its source's turn has come."""
        key, now = (feed, source), self._monotonic()
        if now < self._next.get(key, 0.0):
            return
        fields = shape_of(payload)
        with self._lock:
            if len(self._next) >= SOURCES:
                self._next.clear()
                self._sources.clear()
            self._next[key] = now + self._every
            if fields:
                self._seen(feed, source, fields, payload, at)

    def _seen(self, feed: str, source: str, fields: Fields, payload: bytes, at: datetime) -> None:
        shape = digest(fields)
        counts = self._counts[feed]
        if shape not in counts and len(counts) >= self._most:
            return  # fields are named by data: such a feed has no shape
        total = sum(counts.values())
        counts[shape] = counts.get(shape, 0) + 1
        seen = self._new.setdefault((feed, shape), Seen(fields, payload[:SAMPLE], source, at, at))
        seen.n += 1
        seen.last_at = self._last[feed, shape] = max(seen.last_at, at)
        if total < self._learn:
            self._usual[feed].add(shape)
        self._judge(feed, source, shape, at)

    def _judge(self, feed: str, source: str, shape: str, at: datetime) -> None:
        mine, usual = self._sources[feed, source], self._usual[feed]
        if shape in usual:
            mine.usual, mine.candidate = shape, None
            return
        if mine.candidate != shape:
            mine.candidate, mine.since, mine.run = shape, at, 0
        mine.run += 1
        if mine.run < self._told_after:
            return
        assert mine.since is not None, "set with the candidate"
        counts = self._counts[feed]
        before = mine.usual or max(usual, key=lambda s: counts.get(s, 0), default=None)
        newest = self._last.get((feed, before)) if before else None
        # A source without a past of its own is new, unless what was usual in the feed has ceased with its coming.
        joined = mine.usual is None and newest is not None and newest >= mine.since
        if before is not None and not joined:
            self._drifts.append(Drift(feed, source, mine.since, before, shape))
        usual.add(shape)
        mine.usual, mine.candidate = shape, None

    def take(self) -> tuple[dict[tuple[str, str], Seen], list[Drift]]:
        """What is to be written down; it is forgotten here, unless `give_back` follows."""
        with self._lock:
            new, drifts = self._new, self._drifts
            self._new, self._drifts = {}, []
            return new, drifts

    def give_back(self, new: dict[tuple[str, str], Seen], drifts: list[Drift]) -> None:
        """It could not be written down: the next `take` gives it again."""
        with self._lock:
            for key, later in self._new.items():
                if key in new:
                    new[key].n += later.n
                    new[key].last_at = max(new[key].last_at, later.last_at)
                else:
                    new[key] = later
            self._new, self._drifts = new, drifts + self._drifts
