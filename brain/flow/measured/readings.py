"""What comes in is written here, once; and read from here by whoever wants the last readings or the next batch.

`store` is the only writer of `reading`. A reading is known by (station, kind, at, seq): whatever comes again under the
same identity is a duplicate. The first one wins: what was shown and judged stays true. Where the second says another
value it is kept beside the first, with quality `duplicate`, so that nothing that was sent is lost and no rule sees it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg
from psycopg.pq import TransactionStatus

from brain import catalog
from brain.flow.measured import letters
from brain.flow.measured.letters import DeadLetter
from brain.model import Quality, Reading
from brain.store import db

SLICE = 5000  # readings in one row of intake_batch: a consumer takes a long history in such bites
STAGED = ("int4", "int4", "text", "text", "timestamptz", "text", "float8", "text")  # types of `staged_copy`
ROLL_UP_LOCK = 0x6272_726F_6C6C  # "brroll"


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch: received = stored + duplicate + dead. `fresh` are the new ones in order of arrival; those
    stored beside an earlier one of the same identity are counted, and not among them."""

    batch: int
    stored: int
    duplicate: int
    dead: int
    fresh: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Portion:
    """What one feed brings in one lane of a batch.

    `lane` is `live` or `history`. `received` counts readings, records and refused messages; when the caller has already left
    out repeated ones it may be larger than their sum, and the difference counts as duplicate. `records` are those new things
    that are no readings (orders, warnings) and that the caller has written in the same transaction: they count as stored.
    """

    feed: str
    lane: str
    received: int
    readings: Sequence[Reading] = ()
    dead: Sequence[DeadLetter] = ()
    records: int = 0

    def __post_init__(self) -> None:
        if self.received < len(self.readings) + letters.units(self.dead) + self.records:
            raise ValueError(
                f"received={self.received}, yet {len(self.readings)} readings, {letters.units(self.dead)} refusals and "
                f"{self.records} records were given"
            )


@dataclass(frozen=True, slots=True)
class Batch:
    """One committed batch as a consumer sees it; `(xid, id)` is its place in commit order."""

    id: int
    xid: int
    received_at: datetime
    feed: str
    worker: str
    lane: str
    readings: tuple[Reading, ...]


def store(
    conn: psycopg.Connection,
    *,
    feed: str,
    worker: str,
    lane: str,
    received_at: datetime,
    readings: Sequence[Reading],
    received: int,
    dead: Sequence[DeadLetter] = (),
    records: int = 0,
    beside: bool = True,
    ahead: timedelta | None = None,
) -> Stored:
    """`store_all` of one portion."""
    portion = Portion(feed, lane, received, readings, dead, records)
    return store_all(conn, [portion], worker=worker, received_at=received_at, beside=beside, ahead=ahead)[0]


def store_all(
    conn: psycopg.Connection,
    portions: Sequence[Portion],
    *,
    worker: str,
    received_at: datetime,
    beside: bool = True,
    staged: Callable[[], None] = lambda: None,
    ahead: timedelta | None = None,
) -> list[Stored]:
    """Write one batch in one transaction: new readings, `latest`, the rows of the log, the feeds' counts, dead letters,
    NOTIFY. What became of each portion, in their order.

    Of several readings under one identity the first is stored, by order of portions and within them. `beside` False: what
    comes under a taken identity is dropped even when it says another value (it was computed, and nothing is lost). Raises
    psycopg.Error when the database refuses the batch, ValueError for a value that cannot be written down; then nothing was
    written. `staged` is called when everything was sent and nothing is locked yet. `latest` takes nothing that is ahead of
    `received_at`, the server's time, by more than `ahead` (None: as shipped in bounds.toml): such a reading is kept, and is not
    the newest.

    Why all feeds in one statement (`brain_store`, which the body owns), out of a temporary table that COPY has filled: so
    a batch costs a handful of calls, whatever it holds, and during each of them the threads that receive go on.
    """
    if not portions:
        return []
    with conn.transaction():
        db.run(conn, "stage")
        portions = _without_known_letters(conn, portions)
        given = _Given(portions)
        given.copy(conn)
        staged()
        parts = given.parts
        found = db.row(
            conn, "readings_store", worker=worker, received_at=received_at, feeds=[portions[p.portion].feed for p in parts],
            lanes=[portions[p.portion].lane for p in parts], received=[p.received for p in parts],
            records=[p.records for p in parts], dead=[p.dead for p in parts], ahead=_ahead(ahead),
        )  # fmt: skip
        for place in found["again"] or ():
            given.gone[given.owners[place]] = 1
        kept = _keep_differing(conn, given, found["ids"], received_at) if beside else [0] * len(portions)
        done = [
            Stored(
                max(id for id, part in zip(found["ids"], parts, strict=True) if part.portion == number),
                len(fresh) + more + p.records,
                p.received - letters.units(p.dead) - len(fresh) - more - p.records,
                letters.units(p.dead),
                fresh,
            )
            for number, (p, fresh, more) in enumerate(zip(portions, given.fresh(), kept, strict=True))
        ]
        dead = [(p.feed, letter) for p in portions for letter in p.dead]
        if dead:
            db.run(
                conn, "dead_letters_insert", received_at=received_at, feeds=[feed for feed, _ in dead],
                topics=[_printable(d.topic) for _, d in dead], payloads=[bytes(d.payload) for _, d in dead],
                rules=[d.rule for _, d in dead], reasons=[_printable(d.reason) for _, d in dead],
                retained=[d.retained for _, d in dead],
                units=[d.units for _, d in dead], digests=[d.digest for _, d in dead],
                listed=[json.dumps([_printable(said) for said in d.listed]) for _, d in dead],
            )  # fmt: skip
        _count(conn, received_at, [
            (p.feed, p.lane, s.batch, p.received, s.stored, s.duplicate, s.dead, max((r.at for r in s.fresh), default=None))
            for p, s in zip(portions, done, strict=True)
        ])  # fmt: skip
    return done


def _without_known_letters(conn: psycopg.Connection, portions: Sequence[Portion]) -> Sequence[Portion]:
    """The portions without the letters of messages that stand refused already: their units count as duplicates."""
    if not any(p.dead for p in portions):
        return portions
    found = letters.news(conn, [letter for p in portions for letter in p.dead])
    kept, place = [], 0
    for p in portions:
        fresh = [letter for n, letter in enumerate(p.dead, place) if n in found]
        kept.append(p if len(fresh) == len(p.dead) else replace(p, dead=fresh))
        place += len(p.dead)
    return kept


def mend_latest(conn: psycopg.Connection, now: datetime, ahead: timedelta | None = None) -> int:
    """Put right what stands as newest though it is ahead of the server by more than `ahead`; returns how many that were."""
    with conn.transaction():
        db.run(conn, "begin_write")
        return len(db.many(conn, "latest_mend", now=now, ahead=_ahead(ahead)))


def _ahead(given: timedelta | None) -> timedelta:
    return catalog.bounds().ahead if given is None else given


def count(
    conn: psycopg.Connection, feed: str, lane: str, batch: int, received: int, stored: int, duplicate: int, at: datetime
) -> None:
    """Book a batch that another way of writing has stored (`brain.commands.backfill`), and tell the listeners. Last in its
    transaction."""
    _count(conn, at, [(feed, lane, batch, received, stored, duplicate, received - stored - duplicate, None)])


def _count(conn: psycopg.Connection, at: datetime, rows: list[tuple]) -> None:
    feeds, lanes, batches, received, stored, duplicate, dead, observed = zip(*rows, strict=True)
    notes = [
        json.dumps({"batch": batch, "feed": feed, "lane": lane})
        for feed, lane, batch in zip(feeds, lanes, batches, strict=True)
    ]
    db.run(
        conn, "feeds_counted", received_at=at, feeds=list(feeds), received=list(received), stored=list(stored),
        duplicate=list(duplicate), dead=list(dead), observed_at=list(observed), notes=notes,
    )  # fmt: skip


class _Part(NamedTuple):
    """A row of the log: of which portion, and the counts that it carries."""

    portion: int
    received: int
    records: int
    dead: int


class _Given:
    """The readings of all portions in one line, each known by its number in it."""

    def __init__(self, portions: Sequence[Portion]):
        self.readings = [r for p in portions for r in p.readings]
        self.gone = bytearray(len(self.readings))  # 1 for what is not stored: its identity is taken
        self.owners: list[int] = []  # number by place in `staged`
        self.parts: list[_Part] = []
        self.part_of: list[int] = []  # 1, 2 … as the statement counts them
        self._sizes = [len(p.readings) for p in portions]
        for number, p in enumerate(portions):
            first = min(self._sizes[number], SLICE)
            self.parts.append(_Part(number, p.received - self._sizes[number] + first, p.records, letters.units(p.dead)))
            self.part_of += [len(self.parts)] * first
            for start in range(SLICE, self._sizes[number], SLICE):
                size = min(self._sizes[number] - start, SLICE)
                self.parts.append(_Part(number, size, 0, 0))
                self.part_of += [len(self.parts)] * size

    def copy(self, conn: psycopg.Connection) -> None:
        """Bring them into `staged`, in the order of identities, of several under one the first."""
        line = sorted([(r.station, r.kind, r.at, r.seq, n) for n, r in enumerate(self.readings)])
        if not line:
            return
        before = None
        with conn.cursor() as cursor, cursor.copy(db.statements()["staged_copy"]) as copy:
            copy.set_types(STAGED)
            for *identity, number in line:
                if identity == before:
                    self.gone[number] = 1
                    continue
                before = identity
                r = self.readings[number]
                copy.write_row((len(self.owners), self.part_of[number], *identity, float(r.value), str(r.quality)))
                self.owners.append(number)

    def fresh(self) -> Iterator[tuple[Reading, ...]]:
        """Those that are new, by portion, in their order."""
        start = 0
        for size in self._sizes:
            gone = self.gone[start : start + size]
            found = self.readings[start : start + size]
            yield tuple(r for r, old in zip(found, gone, strict=True) if not old) if any(gone) else tuple(found)
            start += size


def _keep_differing(conn: psycopg.Connection, given: _Given, ids: Sequence[int], received_at: datetime) -> list[int]:
    """Keep what came under a taken identity with another value; returns how many that were, by portion."""
    kept = [0] * (given.parts[-1].portion + 1)
    asked: dict[tuple, int] = {}
    for number, old in enumerate(given.gone):
        if old:
            r = given.readings[number]
            asked.setdefault((r.station, r.kind, r.at, r.seq, float(r.value)), number)
    if not asked:
        return kept
    stations, kinds, ats, seqs, vals = map(list, zip(*sorted(asked), strict=True))
    rows = db.many(
        conn, "readings_differing", received_at=received_at, stations=stations, kinds=kinds, ats=ats, seqs=seqs, vals=vals
    )
    for row in rows:
        part = given.part_of[asked[row["station"], row["kind"], row["at"], row["seq"], row["value"]]]
        kept[given.parts[part - 1].portion] += 1
        db.run(conn, "batch_recounted", id=ids[part - 1], received_at=received_at, kept=1)
    return kept


def _printable(text: str) -> str:
    """The same text as the database can hold it: a dead letter must never be refused for what is dead about it."""
    return text.replace("\0", "␀").encode("utf-8", "replace").decode("utf-8")


def _reading(row: Mapping) -> Reading:
    return Reading(row["station"], row["kind"], row["at"], row["value"], Quality(row["quality"]), row["seq"])


# Reading ------------------------------------------------------------------------------------------------------------
def trail(
    conn: psycopg.Connection,
    station: str,
    kinds: Iterable[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> list[Reading]:
    """Readings of these kinds at a station, all qualities but `test`, oldest first: since <= at <= until, the newest `limit` of
    each kind. Give `since` wherever a rule knows its window: without it every week kept is looked into."""
    wanted = [(station, kind) for kind in kinds]
    return trails(conn, wanted, since=since, until=until, limit=limit)[station]


def trails(
    conn: psycopg.Connection,
    wanted: Iterable[tuple[str, str]],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
) -> defaultdict[str, list[Reading]]:
    """`trail` of many (station, kind) pairs in one query: station -> readings, oldest first."""
    pairs = sorted(set(wanted))
    rows = db.many(
        conn, "reading_trail", stations=[s for s, _ in pairs], kinds=[k for _, k in pairs],
        since=since, until=until, most=limit,
    )  # fmt: skip
    found: defaultdict[str, list[Reading]] = defaultdict(list)
    for row in rows:
        found[row["station"]].append(_reading(row))
    return found


def latest_of(
    conn: psycopg.Connection, stations: Iterable[str], kinds: Iterable[str] | None = None
) -> dict[tuple[str, str], Reading]:
    """(station, kind) -> newest reading by observed time, whatever its quality."""
    rows = db.many(conn, "latest_of", stations=list(stations), kinds=None if kinds is None else list(kinds))
    return {(row["station"], row["kind"]): _reading(row) for row in rows}


# Consumers ----------------------------------------------------------------------------------------------------------
def batches_after(conn: psycopg.Connection, consumer: str, limit: int = 100) -> list[Batch]:
    """The next batches for this consumer in commit order; a new consumer starts at the oldest batch kept.

    A batch shows once every transaction with a lower id has ended, so that none that sorts before it can appear later.
    """
    return [_batch(row) for row in db.many(conn, "batches_after", consumer=consumer, most=limit)]


def _batch(row: Mapping) -> Batch:
    columns = zip(row["stations"], row["kinds"], row["ats"], row["vals"], row["qualities"], row["seqs"], strict=True)
    readings = tuple(Reading(s, k, at, value, Quality(q), seq) for s, k, at, value, q, seq in columns)
    return Batch(row["id"], row["xid"], row["received_at"], row["feed"], row["worker"], row["lane"], readings)


def advance(conn: psycopg.Connection, consumer: str, xid: int, id: int, seen_at: datetime) -> None:
    """Remember that this consumer is done with everything up to batch `(xid, id)`, received at `seen_at`. Call it in the
    transaction that holds the consumer's own writes: then a restart resumes exactly."""
    with conn.transaction():
        db.run(conn, "consumer_advance", consumer=consumer, xid=xid, batch=id, seen_at=seen_at)


# Second thoughts ----------------------------------------------------------------------------------------------------
def flag(conn: psycopg.Connection, station: str, flags: Iterable[tuple[str, datetime, str, Quality]]) -> int:
    """Change the quality of stored readings, given as (kind, at, seq, quality) like `Judgement.flags`; returns how many
    changed. `latest` follows at once, closed roll-ups with the next `roll_up`."""
    changed = 0
    with conn.transaction():
        db.run(conn, "begin_write")
        for kind, at, seq, quality in sorted(flags):
            which = {"station": station, "kind": kind, "at": at}
            if db.run(conn, "reading_flag", **which, seq=seq, quality=str(quality)).rowcount:
                db.run(conn, "latest_flag", **which, seq=seq, quality=str(quality))
                db.run(conn, "dirty_mark", **which)
                changed += 1
    return changed


# Upkeep -------------------------------------------------------------------------------------------------------------
def roll_up(conn: psycopg.Connection, now: datetime) -> int:
    """Close the hours and days that are over and compute late ones anew; returns how many late hours there were.

    Afterwards `reading_1h` and `reading_1d` equal a computation from raw, for any order of arrival. What another session
    or a writer under way holds up stays due for the next call. Runs transactions of its own: RuntimeError inside one.
    """
    _on_its_own(conn)
    if not db.row(conn, "roll_up_alone", key=ROLL_UP_LOCK)["mine"]:
        return 0
    try:
        with conn.transaction():
            db.run(conn, "roll_up_announce", now=now)
        with conn.transaction():
            db.run(conn, "roll_up_fence")
        return db.row(conn, "roll_up", now=now)["redone"]
    except psycopg.errors.LockNotAvailable:  # TimescaleDB's own refresh is at the same hours: they stay due
        return 0
    finally:
        db.run(conn, "roll_up_done", key=ROLL_UP_LOCK)


def make_partitions(conn: psycopg.Connection, now: datetime) -> None:
    """Make partitions ahead of time and drop what need not be kept (table `keeping`). Idempotent; once a day is enough,
    and nothing is refused when it was forgotten. Like `roll_up`, not inside a transaction."""
    roll_up(conn, now)  # first, because nothing raw goes before it has been counted
    db.run(conn, "make_partitions", now=now)


def _on_its_own(conn: psycopg.Connection) -> None:
    if not conn.autocommit or conn.info.transaction_status != TransactionStatus.IDLE:
        raise RuntimeError("roll_up and make_partitions run transactions of their own: call them outside of any")
