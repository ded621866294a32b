"""One batch into the database in one transaction; what the database refuses goes to the dead letter, and only that.

Why bisect instead of giving each row a savepoint: a refusal is rare, and a batch without one then costs nothing extra.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import datetime, timedelta

import psycopg

from brain.flow.measured.readings import DeadLetter, Portion, Stored, store_all
from brain.model import Quality, Reading
from brain.store import db
from ingest import feeds
from ingest.feeds import cameras
from ingest.feeds.gateway import WILL
from ingest.write.fault import first_line, is_data_fault
from ingest.write.message import TEST, Outcome, ParsedMessage
from ingest.write.records import RecordToStore

Entry = tuple[ParsedMessage, Reading | RecordToStore | DeadLetter]
"""A message, and what one reading, record or refusal of it will become."""

BY_RECEIPT = (f"{TEST}received:", f"{TEST}clock:")
Refusal = tuple[ParsedMessage, DeadLetter]

LISTED = 100  # sentences of one letter
AGAIN = "40"  # rolled back through no fault of ours: deadlock, serialization
TRIES = 5
WATCH_S = 0.5  # how often `patience` looks


class Away(Exception):
    """The database cannot take anything now: gone, full, read-only, overloaded. Nothing was written."""


@contextmanager
def patience(conn: psycopg.Connection, limit_s: float | None) -> Iterator[None]:
    """Cut the line when what is asked within takes longer than `limit_s`: it then fails as any lost connection does.

    Why on our side, too: `statement_timeout` is kept by the server, and a server that stands still (a frozen machine, a
    disk that does not answer, a network that swallows) keeps nothing and hangs up on nobody."""
    if limit_s is None:
        yield
        return
    me = object()
    with _lock:
        if not _waiting and not any(t.name == "patience" for t in threading.enumerate()):
            threading.Thread(target=_watch, name="patience", daemon=True).start()
        _waiting[me] = (time.monotonic() + limit_s, conn)
    try:
        yield
    finally:
        with _lock:  # so that it never cuts what comes afterwards
            _waiting.pop(me, None)


_lock = threading.Lock()
_waiting: dict[object, tuple[float, psycopg.Connection]] = {}


def _watch() -> None:
    """One thread for all: a timer for each transaction would cost more than a small transaction itself."""
    while True:
        time.sleep(WATCH_S)
        with _lock:
            for me, (until, conn) in list(_waiting.items()):
                if time.monotonic() > until:
                    del _waiting[me]
                    _cut(conn)


def _cut(conn: psycopg.Connection) -> None:
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(conn.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def write(
    conn: psycopg.Connection,
    entries: list[Entry],
    worker: str,
    now: datetime,
    swapped: list[Entry] | None = None,
    limit_s: float | None = None,
    turn: AbstractContextManager = nullcontext(),  # noqa: B008 - it has no state
    ahead: timedelta | None = None,
) -> list[tuple[str, Stored]]:
    """Write the entries and return what became of them, by feed. Raises Away; then nothing, or only a part that will be
    duplicates the next time, was written. Readings that the database refused become dead letters; with `swapped` they
    are told there, too. `limit_s` is how long one transaction may take (`patience`); `turn` is held from the first row that
    is locked until COMMIT; `ahead` as in `store_all`."""
    try:
        with patience(conn, limit_s):
            return _transact(conn, entries, worker, now, turn, ahead)
    except psycopg.Error as err:
        if not is_data_fault(err):
            raise Away(first_line(err)) from err
        words = first_line(err)
    except ValueError as err:  # a value that cannot even be written down for the database
        words = first_line(err)
    if len(entries) > 1:
        half = len(entries) // 2
        return [
            done
            for part in (entries[:half], entries[half:])
            for done in write(conn, part, worker, now, swapped, limit_s, turn, ahead)
        ]
    message, item = entries[0]
    if not isinstance(item, Reading):  # a record that the database refuses has become a dead letter by itself
        raise Away(f"死信写不进去：{words}")
    reason = f"数据库不收 {item.station} 的 {item.kind}：{words}；请据此改正后重放此报文"
    letter = DeadLetter(message.topic, message.payload, "store", reason)
    if swapped is not None:
        swapped.append((message, letter))
    return write(conn, [(message, letter)], worker, now, None, limit_s, turn, ahead)


def _transact(
    conn: psycopg.Connection,
    entries: list[Entry],
    worker: str,
    now: datetime,
    turn: AbstractContextManager,
    ahead: timedelta | None,
) -> list[tuple[str, Stored]]:
    groups: dict[tuple[str, str], tuple[list[Reading], list[Refusal], list[tuple[ParsedMessage, RecordToStore]]]] = {}
    for message, item in entries:
        # Late readings travel apart, so that consumers can tell news from history; all else goes with the news.
        lane = "history" if isinstance(item, Reading) and item.quality is Quality.LATE else "live"
        group = groups.get((message.feed, lane))
        if group is None:
            group = groups[message.feed, lane] = ([], [], [])
        if isinstance(item, Reading):
            group[0].append(item)
        elif isinstance(item, DeadLetter):
            group[1].append((message, item))
        else:
            group[2].append((message, item))
    for again in range(TRIES):
        try:
            with ExitStack() as mine, conn.transaction():
                portions = []
                if any(to_store for _, _, to_store in groups.values()):
                    db.run(conn, "begin_write")
                for (feed, lane), (readings, refused, to_store) in sorted(groups.items(), key=lambda group: group[0]):
                    more = [(message, letter) for message, one in to_store if (letter := one.run(conn, message, now))]
                    units = len(to_store) + sum(one.kept for _, one in to_store)
                    portions.append(Portion(
                        feed, lane, len(readings) + len(refused) + units, readings, letters_of([*refused, *more]),
                        sum(one.stored for _, one in to_store),
                    ))  # fmt: skip
                done = store_all(
                    conn, portions, worker=worker, received_at=now, staged=lambda: mine.enter_context(turn), ahead=ahead
                )
                return [(p.feed, stored) for p, stored in zip(portions, done, strict=True)]
        except psycopg.Error as err:
            if not (err.sqlstate or "").startswith(AGAIN) or again == TRIES - 1:
                raise
    raise AssertionError("unreachable")


def letters_of(refused: list[Refusal]) -> list[DeadLetter]:
    """One letter a message and rule, with what the rule says of each of its parts."""
    together: dict[tuple[int, str], list[Refusal]] = {}
    for message, letter in refused:
        together.setdefault((id(message), letter.rule), []).append((message, letter))
    found = []
    for of_one in together.values():
        message, first = of_one[0]
        said = tuple(dict.fromkeys(letter.reason for _, letter in of_one))
        listed = (*said[:LISTED], f"……另有 {len(said) - LISTED} 种") if len(said) > LISTED else said if len(said) > 1 else ()
        found.append(DeadLetter(
            first.topic, first.payload, first.rule, first.reason, len(of_one), listed, _digest(message.feed, first),
            message.retained,
        ))  # fmt: skip
    return found


def _digest(feed: str, letter: DeadLetter) -> bytes | None:
    """What a message is known by when it comes again. A telemetry station names itself in its frame and calls from another port
    each time; the rows of a file are kept from coming twice by the file's own account, which writes them anew."""
    if letter.topic.startswith(feeds.ROW):
        return None
    place = feed if letter.topic.startswith(f"{feed}/") else letter.topic
    head = f"{feed}\0{place}\0".encode("utf-8", "surrogatepass")
    return hashlib.sha256(head + letter.payload).digest()


def outcomes(
    messages: list[ParsedMessage], entries: list[Entry], done: list[tuple[str, Stored]], swapped: list[Entry]
) -> list[tuple[ParsedMessage, Outcome]]:
    """What became of each message whose door asked for it (`ParsedMessage.told`)."""
    asking = {id(p): p for p in messages if p.told}
    if not asking:
        return []
    fresh = {(r.station, r.kind, r.at, r.seq) for _, stored in done for r in stored.fresh}
    found: dict[int, tuple[list[int], list[tuple[str, str]]]] = {key: ([0, 0], []) for key in asking}
    for message, item in [*entries, *swapped]:
        new = isinstance(item, Reading) and (key := (item.station, item.kind, item.at, item.seq)) in fresh
        if new:
            fresh.remove(key)  # of two in one batch the first was stored
        if id(message) not in asking:
            continue
        counts, refused = found[id(message)]
        if isinstance(item, RecordToStore):
            if item.letter:
                refused.append((item.letter.rule, item.letter.reason))
            if item.kept or not item.letter:
                counts[not item.stored] += 1
        elif isinstance(item, DeadLetter):
            refused.append((item.rule, item.reason))
        else:
            counts[not new] += 1
    for message, _ in swapped:
        if id(message) in asking:
            found[id(message)][0][1] -= 1  # counted as a duplicate above, for it was not stored
    return [(asking[key], Outcome(counts[0], counts[1], tuple(refused))) for key, (counts, refused) in found.items()]


def settle_clocks(conn: psycopg.Connection, entries: list[Entry], reach: timedelta) -> list[Entry]:
    """Give readings with a wrong clock, and wills, the time under which they already stand, if they do.

    They are stored at their time of receipt, which differs each time they are delivered; so the stored one, known by
    `seq`, is looked for within `reach`, and the new one becomes a duplicate of it.
    """
    odd = [r for _, r in entries if isinstance(r, Reading) and by_receipt(r)]
    if not odd:
        return entries
    earlier = {r.seq: found for r in odd if (found := cameras.just_before(r.seq))}
    asked = [(r.station, r.kind, seq) for r in odd for seq in (r.seq, *(found[0] for found in [earlier.get(r.seq)] if found))]
    try:
        rows = db.many(
            conn, "intake_clock_twins", stations=[a[0] for a in asked], kinds=[a[1] for a in asked], seqs=[a[2] for a in asked],
            since=min(r.at for r in odd) - reach,
        )  # fmt: skip
    except (psycopg.DataError, ValueError):
        return entries  # one of them cannot even be asked for: `write` finds which, and refuses that one alone
    first = {(row["station"], row["kind"], row["seq"]): row["at"] for row in rows}
    known: dict[tuple[str, str, str, datetime], tuple[str, datetime]] = {}
    for r in odd:
        key = (r.station, r.kind, r.seq)
        seq = r.seq
        if key not in first and r.seq in earlier:
            before, span = earlier[r.seq]
            at = first.get((r.station, r.kind, before))
            seq = before if at is not None and r.at - at < span else seq
        first.setdefault((r.station, r.kind, seq), r.at)
        known[*key, r.at] = seq, first[r.station, r.kind, seq]

    def settled(r: Reading | RecordToStore | DeadLetter) -> Reading | RecordToStore | DeadLetter:
        if isinstance(r, Reading) and by_receipt(r):
            seq, at = known[r.station, r.kind, r.seq, r.at]
            return Reading(r.station, r.kind, at, r.value, r.quality, seq)
        return r

    return [(message, settled(item)) for message, item in entries]


def by_receipt(r: Reading) -> bool:
    """Whether the observed time of a reading is when it was received."""
    if r.quality is Quality.TEST:  # it says so instead of `clock`; the sequence is then ours
        return r.seq.startswith(BY_RECEIPT)
    return r.quality is Quality.CLOCK or r.seq[:5] == WILL or r.seq[:6] == cameras.SINCE
