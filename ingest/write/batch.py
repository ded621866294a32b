"""The only writer, and the home of the delivery promise.

A message is acknowledged to its door when all of it is committed (readings, duplicates, dead letters alike) or when it
stands in the spill on disk. At every instant the accounts of each feed add up:

    received = stored + duplicate + dead + lost + in flight

where `lost` are readings of a spill that its disk destroyed (the bytes go to the dead letter): 0 in any sane life.

Why acknowledge after commit and store idempotently, instead of anything cleverer: a kill at any point then only makes
messages come again, and what comes again under the same identity is a duplicate.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import psycopg

from brain.catalog.records import Catalog
from brain.flow.measured.readings import DeadLetter, Stored
from brain.model import Quality, Reading
from brain.store import db
from ingest import feeds
from ingest.practice import Practice
from ingest.watch.contract_drift import Shapes
from ingest.write.checks import Checks
from ingest.write.commit import Away, Entry, by_receipt, outcomes, patience, settle_clocks, write
from ingest.write.counts import Counts, Measures
from ingest.write.fault import first_line
from ingest.write.message import Outcome, Parcel, opened
from ingest.write.records import Errand
from ingest.write.spill import Damage, Message, Spill
from ingest.write.stations import Book

log = logging.getLogger("ingest")

SPILL_FEED = "spill"  # under this name the bytes of a damaged spill file stand in the dead letter
IDLE_S = 0.2
SLOW_S = 1.0  # a failure that took longer was no connection that had died while idle


class Writer:
    """Takes parcels from any thread (`put`), commits them in batches from one (`run`, or `step` by step).

    `connect` gives a fresh connection; `now` and `monotonic` are the clocks.

    Why `run` has a second thread for a backlog: while PostgreSQL writes a batch, the next one can be checked, sorted and sent.
    It takes a full batch only while the first has one in hand, and whatever fails it gives back to the first, which alone
    knows of outages and spills. Records (orders, warnings) are the first's, too, so that they keep their order; and readings
    known by their time of receipt are looked for and stored in one turn, so that two copies cannot miss each other.
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        catalog: Catalog,
        spill: Spill,
        practice: Practice,
        *,
        worker: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ):
        self.practice = practice
        self.spill = spill
        self.worker = worker
        self.book = Book()
        self.failed = False  # `run` ended by an error of ours: the process must end, too
        self.doors: dict[str, Any] = {}  # doors of this process by name, for the accounts
        self.measures = Measures()
        self.shapes = Shapes(practice, monotonic)
        self._checks = Checks(catalog, feeds.load(), practice)
        self._catalog = catalog
        self._connect = connect
        self.now = now
        self._monotonic = monotonic
        self._conn: psycopg.Connection | None = None
        self._tries = 0  # times the database failed since the last commit
        self._retry_at = 0.0
        self._halved = 0  # how often the portion of the spill was halved
        self._queue: deque[Parcel] = deque()
        self._queued = 0  # units in the queue
        self._changed = threading.Condition()  # guards queue and accounts
        self._handled: datetime | None = None  # when the oldest message of the batch in hand was received
        self._helped: datetime | None = None  # the same of the second thread's
        self._refreshing = threading.Lock()
        self._turn = threading.RLock()  # who holds it may lock rows that the other thread needs
        self._stopping = False
        self._accounts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for feed, units in spill.units.items():
            self._account(feed, received=units)
        self._measure_spill()

    # In ---------------------------------------------------------------------------------------------------------------
    def put(self, parcel: Parcel) -> None:
        """Hand a parcel over. Waits while the queue is full: the door then stops reading, and the broker keeps the
        rest. Never waits for long, because a database that does not answer makes the writer spill."""
        units = parcel.units
        with self._changed:
            while self._queued >= self.practice.queue and not (self._stopping or self.failed):
                self._changed.wait()
            if self.failed:
                return  # not acknowledged, so it comes again to the next process
            self._queue.append(parcel)
            before, self._queued = self._queued, self._queued + units
            self._accounts[parcel.feed]["received"] += units
            if before == 0 or before < self.practice.size <= self._queued:
                self._changed.notify_all()

    def open(
        self,
        feed: str,
        topic: str,
        payload: bytes,
        received_at: datetime,
        ack: Callable[[], None],
        told: Callable[[Outcome], None] | None = None,
        retained: bool = False,
    ) -> None:
        """`put` for a message that is not parsed yet."""
        parcel = opened(
            feed, topic, payload, received_at, payload_max=self.practice.payload_max, ack=ack, retained=retained
        )
        parcel.told = told
        if not retained:  # how a sender wrote once says nothing of how it writes
            self.shapes.look(feed, topic, payload, received_at)
        self.put(parcel)

    def counts(self) -> dict[str, Counts]:
        """Accounts by feed, all taken at one instant."""
        with self._changed:
            return {feed: Counts(**account) for feed, account in sorted(self._accounts.items())}

    def waiting(self) -> tuple[int, float]:
        """Readings and refusals in memory, and the age of the oldest message among them in seconds."""
        with self._changed:
            queued = self._queued
            times = [self._queue[0].received_at] if self._queue else []
            times += [at for at in (self._handled, self._helped) if at]
        return queued, max((self.now() - min(times)).total_seconds(), 0.0) if times else 0.0

    def _measure_spill(self) -> None:
        self.measures.spill_units, self.measures.spill_bytes = self.spill.units.total(), self.spill.bytes

    def _account(self, feed: str, **more: int) -> None:
        account = self._accounts[feed]
        for name, n in more.items():
            account[name] += n

    # Turning ----------------------------------------------------------------------------------------------------------
    def run(self) -> None:
        """Until `stop`: batch after batch; what waits in the spill goes in whenever news leave room for it."""
        second = threading.Thread(target=self._help, name="writer 2", daemon=True)
        second.start()
        try:
            while True:
                behind = bool(self.spill) and self._ready()
                parcels = self._take(wait=0.0 if behind else IDLE_S, linger=True)
                if parcels:
                    self._handle(parcels)
                elif self._stopping and second.is_alive():
                    second.join()  # it may have given something back
                elif self._stopping:
                    break
                if self.spill and self._queued < self.practice.size:
                    self.drain()
        except Exception:
            self._fail()
        finally:
            self.close()

    def _fail(self) -> None:
        log.exception("批量入库出错，进程退出；未确认的报文留在消息服务里")
        with self._changed:
            self.failed = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Let `run` end after it has dealt with everything that was handed over."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def close(self) -> None:
        """Give connection and file back."""
        self.spill.close()
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def step(self) -> int:
        """One batch of what is queued, without waiting; returns its units."""
        parcels = self._take(wait=0.0, linger=False)
        if parcels:
            self._handle(parcels)
        return sum(p.units for p in parcels)

    def _take(self, wait: float, linger: bool) -> list[Parcel]:
        """The next batch. After the first parcel it waits for more until `size` units are there, `age_s` has passed, or
        nothing new has come for `gap_s`: a lone message is not held up for a batch that will not come, and a broker
        that lets only a few go unacknowledged is not starved."""
        with self._changed:
            self._handled = None
            if not self._queue and wait and not self._stopping:
                self._changed.wait(wait)
            if linger and self._queue:
                until = time.monotonic() + self.practice.age_s
                seen = -1
                while seen < self._queued < self.practice.size and not self._stopping:
                    left = until - time.monotonic()
                    if left <= 0:
                        break
                    seen = self._queued
                    self._changed.wait(min(left, self.practice.gap_s))
            taken = self._cut()
            self._handled = taken[0].received_at if taken else None
            if self._queued >= self.practice.size:
                self._changed.notify_all()  # more than one can do: the second thread may take it
            return taken

    def _cut(self, records: bool = True) -> list[Parcel]:
        """So much of the queue as a batch holds at most, without `records` as far as the first of them. Called under the
        lock."""
        taken: list[Parcel] = []
        units = 0
        while self._queue and units < self.practice.most and (records or not self._queue[0].records):
            parcel = self._queue.popleft()
            units += parcel.units
            taken.append(parcel)
        if self._queued >= self.practice.queue:
            self._changed.notify_all()
        self._queued -= units
        return taken

    # Out --------------------------------------------------------------------------------------------------------------
    def _handle(self, parcels: list[Parcel]) -> None:
        """Commit, or spill; acknowledge when either is done. When both fail the parcels are let go unacknowledged:
        memory stays bounded, and the door makes the broker send them again."""
        done = None
        for _ in range(2):  # a connection that died while idle is no outage: the second try is on a fresh one
            if done is None and self._ready():
                done = self._commit(parcels)
        if done is not None:
            done, told = done
            self._settle(done)
        else:
            told = [(p, Outcome(spilled=True)) for p in parcels if p.told]
            try:
                self.spill.put([Message(p.feed, p.topic, p.payload, p.received_at, p.units, p.retained) for p in parcels])
            except OSError as err:
                log.error("数据库不可用，写盘也失败（%s）；%d 条报文不确认，留在消息服务里", err, len(parcels))
                with self._changed:
                    for parcel in parcels:
                        self._account(parcel.feed, received=-parcel.units)
                return
            self._measure_spill()
        self._answer(parcels, told)

    @staticmethod
    def _answer(parcels: list[Parcel], told: list[tuple[Parcel, Outcome]]) -> None:
        for parcel, outcome in told:
            parcel.told(outcome)  # type: ignore[misc]
        for parcel in parcels:
            parcel.ack()

    # The second thread ------------------------------------------------------------------------------------------------
    def _help(self) -> None:
        """Until `stop`: full batches, while the first thread has one in hand."""
        conn = None
        try:
            while parcels := self._surplus():
                try:
                    conn = conn or self._opened()
                    done, told = self._write(conn, parcels)
                except (Away, psycopg.Error):
                    if conn is not None:
                        conn.close()
                        conn = None
                    self._give_back(parcels)
                    continue
                self._settle(done)
                self._answer(parcels, told)
        except Exception:
            self._fail()
        finally:
            if conn is not None:
                conn.close()

    def _surplus(self) -> list[Parcel]:
        with self._changed:
            self._helped = None
            while not (self._stopping or self.failed):
                if self._handled and self._queued >= self.practice.size and not self._tries and (taken := self._cut(False)):
                    self._helped = taken[0].received_at
                    return taken
                self._changed.wait(IDLE_S)
            return []

    def _give_back(self, parcels: list[Parcel]) -> None:
        """To the front of the queue, for the first thread to deal with; not taken again before that has committed."""
        with self._changed:
            self._queue.extendleft(reversed(parcels))
            self._queued += sum(p.units for p in parcels)
            self._tries = max(self._tries, 1)
            self._changed.notify_all()

    def drain(self) -> bool:
        """Bring one portion of the spill into the database; True when something was brought."""
        if not self._ready():
            return False
        # Halved after a slow failure: a portion that always takes too long must not stop what is behind it for ever.
        portion = self.spill.peek(max(1, self.practice.portion >> self._halved))
        if not portion:
            return False
        parcels = [self._unspilled(found) for found in portion]
        begun = self._monotonic()
        committed = self._commit(parcels)
        if committed is None:
            self._halved += self._monotonic() - begun > SLOW_S and len(portion) > 1
            return False
        self._halved = max(0, self._halved - 1)
        done, _ = committed
        more = Counter({feed: 0 for feed, _ in done})
        for parcel, found in zip(parcels, portion, strict=True):
            # Damage was not counted before; a feed that was mended meanwhile may read more in a message, or less.
            more[parcel.feed] += parcel.units - (found.units if isinstance(found, Message) else 0)
        self._settle(done, more, self.spill.done(portion))
        self._measure_spill()
        return True

    def _unspilled(self, found: Message | Damage) -> Parcel:
        if isinstance(found, Message):
            return opened(
                found.feed, found.topic, found.payload, found.received_at, payload_max=self.practice.payload_max,
                retained=found.retained,
            )  # fmt: skip
        log.error("溢写文件损坏：%s，%d 字节转入死信", found.where, len(found.data))
        reason = f"溢写文件损坏：{found.where}；其余记录照常入库，请检查磁盘"
        return Parcel(SPILL_FEED, found.where, found.data, self.now(), [], ("damage", reason))

    def _settle(
        self,
        done: list[tuple[str, Stored]],
        received: Counter[str] | None = None,
        lost: Counter[str] | None = None,
    ) -> None:
        """Book a commit, all at one instant."""
        with self._changed:
            for feed, found in done:
                self._account(feed, stored=found.stored, duplicate=found.duplicate, dead=found.dead)
            for feed, n in (received or {}).items():
                self._account(feed, received=n)
            for feed, n in (lost or {}).items():
                self._account(feed, lost=n)

    def _commit(self, parcels: list[Parcel]) -> tuple[list[tuple[str, Stored]], list[tuple[Parcel, Outcome]]] | None:
        """`_write` on the first thread's connection; None when the database could not take it."""
        conn, begun = self._conn, self._monotonic()
        assert conn is not None
        try:
            found = self._write(conn, parcels)
        except (Away, psycopg.Error) as err:
            self._gone(err, self._monotonic() - begun)
            return None
        if self._tries:
            log.warning("数据库已恢复")
            self._tries = 0
        return found

    def _write(
        self, conn: psycopg.Connection, parcels: list[Parcel]
    ) -> tuple[list[tuple[str, Stored]], list[tuple[Parcel, Outcome]]]:
        """Look at every reading and write all in one transaction. Raises Away or psycopg.Error when the database could not
        take it."""
        now, begun = self.now(), self._monotonic()
        limit = self.practice.database_answer_s
        with patience(conn, limit), self._refreshing:
            self.book.refresh(conn)
        entries = self._entries(parcels, now)
        swapped: list[Entry] = []
        with ExitStack() as held:
            # Most have neither a running number nor a wrong clock: they are passed over without a call.
            if any([
                by_receipt(item) for _, item in entries
                if type(item) is Reading and (item.seq or item.quality is Quality.CLOCK)
            ]):  # fmt: skip
                held.enter_context(self._turn)
                with patience(conn, limit):
                    entries = settle_clocks(conn, entries, self.practice.twin)
            done = write(conn, entries, self.worker, now, swapped, limit, self._turn, self.practice.ahead)
        with self._changed:
            self.measures.committed(len(entries), self._monotonic() - begun, now)
        return done, outcomes(parcels, entries, done, swapped)

    def _entries(self, parcels: list[Parcel], now: datetime) -> list[Entry]:
        look, book = self._checks.look, self.book
        entries: list[Entry] = []
        for parcel in parcels:
            for reading in parcel.readings:
                try:
                    entries.append((parcel, look(parcel, reading, book, now)))
                except Exception as err:  # a fault of ours must not end the process over and over
                    log.exception("校验读数的程序出错，接入 %s，主题 %s", parcel.feed, parcel.topic)
                    reason = f"校验程序出错（{type(err).__name__}）；报文已原样留存，修好程序后可重放"
                    entries.append((parcel, DeadLetter(parcel.topic, parcel.payload, "fault", reason)))
            entries += [(parcel, Errand(record, self._catalog)) for record in parcel.records]
            if parcel.refused:
                entries.append((parcel, DeadLetter(parcel.topic, parcel.payload, *parcel.refused)))
        return entries

    def _ready(self) -> bool:
        """A connection to the database is there, or could be made now."""
        if self._conn is not None:
            return True
        begun = self._monotonic()
        if begun < self._retry_at:
            return False
        try:
            self._conn = self._opened()
        except psycopg.Error as err:
            self._gone(err, self._monotonic() - begun)
            return False
        return True

    def _opened(self) -> psycopg.Connection:
        conn = self._connect()
        try:
            with patience(conn, self.practice.database_answer_s):
                db.run(conn, "intake_session", statement=f"{self.practice.statement_s:g}s")
        except BaseException:
            conn.close()
            raise
        return conn

    def _gone(self, err: Exception, took: float) -> None:
        """The database failed, after `took` seconds. The first try anew may follow at once, the others after growing
        pauses; after a slow failure the longest, in which what waits here goes to disk."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None
        self._tries += 1
        steps = self.practice.database_retry_s
        step = len(steps) - 1 if took > SLOW_S else min(self._tries - 2, len(steps) - 1)
        self._retry_at = self._monotonic() + (steps[step] if step >= 0 else 0.0)
        if self._tries <= 2:
            log.warning("数据库%s：%s", "出错" if self._tries == 1 else "不可用，报文先写盘", first_line(err))
