"""Who has spoken at the TCP doors, and why some were turned away: what `brain tcp list` and `brain check` tell.

Written by the heartbeat and not with each batch: a station speaks once a minute for years, and a minute is exact enough. Bounded,
because a stranger may call himself anything.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest import feeds
from ingest.write.message import ParsedMessage

EVERY = timedelta(minutes=1)
MOST = 5000  # senders that are remembered here, and in the database


@dataclass(frozen=True, slots=True)
class Word:
    """The newest frame of a sender; `says` is why it was turned away, empty where it was not."""

    at: datetime
    peer: str
    says: str


class Heard:
    """The writer's threads call `note`, the heartbeat `take`, and `give_back` when it could not write."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], Word] = {}
        self._new: dict[tuple[str, str], Word] = {}
        self._lock = threading.Lock()

    def note(self, message: ParsedMessage) -> None:
        """A message that has been judged."""
        says = message.refused[1] if message.turned_away and message.refused else ""
        word = Word(message.received_at, feeds.peer(message.topic)[:64], says)
        with self._lock:
            for claim in message.claims:
                key = message.feed, printable(claim.id)
                told = self._told.get(key)
                if told is not None and told.says == says and timedelta(0) <= word.at - told.at < EVERY:
                    continue
                if key in self._new or len(self._new) < MOST:
                    self._new[key] = word

    def take(self) -> list[tuple[str, str, Word]]:
        """(feed, id, word) of all that is new, in one order for all workers."""
        with self._lock:
            found, self._new = self._new, {}
            if len(self._told) > MOST:
                self._told.clear()
            self._told.update(found)
        return [(feed, id, word) for (feed, id), word in sorted(found.items(), key=lambda one: one[0])]

    def give_back(self, found: list[tuple[str, str, Word]]) -> None:
        """What could not be written, unless there is something newer."""
        with self._lock:
            for feed, id, word in found:
                self._told.pop((feed, id), None)
                self._new.setdefault((feed, id), word)


def printable(id: str) -> str:
    """A sender's id as the database can hold it and a terminal show it."""
    return "".join(c if c.isprintable() else "␀" for c in id[:64])
