"""What comes in is written here, once; and read from here by whoever wants the last readings or the next batch.

`store` is the only writer of `reading`. A reading is known by (station, kind, at, seq): whatever comes again under the
same identity is a duplicate. The first one wins: what was shown and judged stays true. Where the second says another
value it is kept beside the first, with quality `duplicate`, so that nothing that was sent is lost and no rule sees it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.pq import TransactionStatus

from brain.model import Quality, Reading
from brain.store import db

SLICE = 5000  # readings in one row of intake_batch: a consumer takes a long history in such bites
ROLL_UP_LOCK = 0x6272_726F_6C6C  # "brroll"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused message: raw bytes, where it came in, a short English word for the rule, a Chinese sentence why."""

    topic: str
    payload: bytes
    rule: str
    reason: str


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
) -> Stored:
    """Write one batch in one transaction: new readings, `latest`, the log row, the feed's counts, dead letters, NOTIFY.
    `records` are those new things of the batch that are no readings (orders, warnings) and that the caller has written in
    the same transaction: they count as stored, here and in the log row.

    `lane` is `live` or `history`. `received` counts readings and refused messages; when the caller has already left out
    repeated ones it may be larger than len(readings) + len(dead), and the difference counts as duplicate. `beside` False:
    what comes under a taken identity is dropped even when it says another value (it was computed, and nothing is lost). Raises
    ValueError if it is smaller, and psycopg.Error when the database refuses the batch; then nothing was written.

    Why one statement with arrays for any size, and no COPY into a staging table: measured, they are equally fast, and
    one way to write is easier to trust than two.
    """
    if received < len(readings) + len(dead) + records:
        raise ValueError(
            f"received={received}, yet {len(readings)} readings, {len(dead)} dead letters and {records} records were given"
        )
    first: dict[tuple, Reading] = {}
    for r in readings:
        first.setdefault((r.station, r.kind, r.at, r.seq), r)
    with conn.transaction():
        db.run(conn, "begin_write")
        parts = db.many(
            conn, "readings_store", feed=feed, worker=worker, lane=lane, received_at=received_at,
            received=received, dead=len(dead), records=records, slice=SLICE, **_arrays([first[key] for key in sorted(first)]),
        )  # fmt: skip
        fresh = _fresh(conn, first, parts, received_at)
        kept = _differing(conn, readings, fresh, received_at) if beside else 0
        if kept:
            db.run(conn, "batch_recounted", id=min(p["id"] for p in parts), received_at=received_at, kept=kept)
        if dead:
            db.run(
                conn, "dead_letters_insert", received_at=received_at, feed=feed,
                topics=[_printable(d.topic) for d in dead], payloads=[bytes(d.payload) for d in dead],
                rules=[d.rule for d in dead], reasons=[_printable(d.reason) for d in dead],
            )  # fmt: skip
        stored = len(fresh) + kept + records
        done = Stored(max(p["id"] for p in parts), stored, received - len(dead) - stored, len(dead), fresh)
        db.run(
            conn, "feed_counted", feed=feed, received=received, stored=done.stored, duplicate=done.duplicate,
            dead=done.dead, received_at=received_at, observed_at=max((r.at for r in fresh), default=None),
            note=json.dumps({"batch": done.batch, "feed": feed, "lane": lane}),
        )  # fmt: skip
    return done


def count(
    conn: psycopg.Connection, feed: str, lane: str, batch: int, received: int, stored: int, duplicate: int, at: datetime
) -> None:
    """Book a batch that another way of writing has stored (`brain.local.backfill`), and tell the listeners. Last in its
    transaction."""
    db.run(
        conn, "feed_counted", feed=feed, received=received, stored=stored, duplicate=duplicate,
        dead=received - stored - duplicate, received_at=at, observed_at=None,
        note=json.dumps({"batch": batch, "feed": feed, "lane": lane}),
    )  # fmt: skip


def _arrays(readings: list[Reading]) -> dict[str, list]:
    return {
        "stations": [r.station for r in readings],
        "kinds": [r.kind for r in readings],
        "ats": [r.at for r in readings],
        "seqs": [r.seq for r in readings],
        "vals": [float(r.value) for r in readings],
        "qualities": [str(r.quality) for r in readings],
    }


def _fresh(
    conn: psycopg.Connection, first: Mapping[tuple, Reading], parts: list[dict], received_at: datetime
) -> tuple[Reading, ...]:
    """Those of `first` that were stored; read back only when some, but not all, were."""
    stored = sum(p["fresh"] for p in parts)
    if stored in (0, len(first)):
        return tuple(first.values()) if stored else ()
    rows = db.many(conn, "batch_identities", ids=[p["id"] for p in parts], received_at=received_at)
    new = {(r["station"], r["kind"], r["at"], r["seq"]) for r in rows}
    return tuple(reading for key, reading in first.items() if key in new)


def _differing(
    conn: psycopg.Connection, readings: Sequence[Reading], fresh: Sequence[Reading], received_at: datetime
) -> int:
    """Keep what came under a taken identity with another value; returns how many that were."""
    if len(fresh) == len(readings):
        return 0
    new = {(r.station, r.kind, r.at, r.seq): r.value for r in fresh}
    other = [r for r in readings if new.get((r.station, r.kind, r.at, r.seq)) != r.value]
    if not other:
        return 0
    arrays = _arrays(other)
    del arrays["qualities"]
    return len(db.many(conn, "readings_differing", received_at=received_at, **arrays))


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
    """Readings of these kinds at a station, all qualities, oldest first: since <= at <= until, the newest `limit` of
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
    if not db.one(conn, "roll_up_alone", key=ROLL_UP_LOCK)["mine"]:
        return 0
    try:
        with conn.transaction():
            db.run(conn, "roll_up_announce", now=now)
        with conn.transaction():
            db.run(conn, "roll_up_fence")
        return db.one(conn, "roll_up", now=now)["redone"]
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
