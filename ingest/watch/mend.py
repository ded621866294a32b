"""Dead letters a second time: after a station was entered, a catalog widened or a feed mended, in their old order.

A letter is replayed when nothing of it is refused any more; else it stays open as it is. Storing is idempotent, so what
was sound in it the first time is a duplicate now.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import psycopg

from brain.catalog.records import Catalog
from brain.flow.measured.readings import DeadLetter
from brain.store import db
from ingest import feeds
from ingest.practice import Practice
from ingest.write.checks import Checks
from ingest.write.commit import Entry, settle_clocks, write
from ingest.write.message import parsed
from ingest.write.records import RecordToStore, rehearse
from ingest.write.stations import Book

PORTION = 500
WORKER = "mend"


@dataclass(frozen=True, slots=True)
class Mended:
    """How many letters were replayed, and why the others were not: reasons by how often they occur."""

    replayed: int
    still: Counter[str]


def mend(
    conn: psycopg.Connection,
    catalog: Catalog,
    practice: Practice,
    now: datetime,
    *,
    feed: str | None = None,
    rule: str | None = None,
    letters: list[int] | None = None,
    dry: bool = False,
) -> Mended:
    """Replay the open letters of a feed and a rule (None for all), or only these of them, oldest first, a transaction a portion.

    With `dry` nothing is written. Raises Away when the database cannot take it."""
    checks, book = Checks(catalog, feeds.load(), practice), Book()
    book.refresh(conn)
    replayed, still, after = 0, Counter(), 0
    while True:
        with conn.transaction():
            found = db.many(conn, "intake_open_letters", feed=feed, rule=rule, only=letters, after=after, most=PORTION)
            if not found:
                return Mended(replayed, still)
            after = found[-1]["id"]
            entries: list[Entry] = []
            sound: list[int] = []
            for letter in found:
                message = parsed(
                    letter["feed"], letter["topic"], bytes(letter["payload"]), letter["received_at"],
                    payload_max=practice.payload_max, retained=letter["retained"],
                )  # fmt: skip
                checks.admit(message, book)
                looked = [checks.look(message, r, book, now) for r in message.readings]
                reasons = [r.reason for r in looked if isinstance(r, DeadLetter)]
                reasons += [message.refused[1]] if message.refused else []
                reasons += rehearse(conn, message, catalog, now)
                if reasons:
                    still[reasons[0]] += 1
                    continue
                sound.append(letter["id"])
                entries += [(message, r) for r in looked] + [(message, RecordToStore(r, catalog)) for r in message.records]
            replayed += len(sound)
            if sound and not dry:
                write(conn, settle_clocks(conn, entries, practice.twin), WORKER, now, ahead=practice.ahead)
                db.run(conn, "intake_letters_replayed", ids=sound)
