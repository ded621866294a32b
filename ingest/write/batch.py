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
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import psycopg

from brain.catalog.records import Catalog
from brain.flow.measured.readings import DeadLetter, Stored
from brain.model import Quality, Reading
from ingest import feeds
from ingest.practice import Practice
from ingest.watch.contract_drift import MessageShapes
from ingest.watch.heard import Heard
from ingest.write.checks import Checks
from ingest.write.commit import Away, Entry, by_receipt, outcomes, patience, settle_clocks, write
from ingest.write.counts import Counts, Measures
from ingest.write.message import Outcome, ParsedMessage, parsed
from ingest.write.outage import SLOW_S, Database
from ingest.write.queue import IDLE_S, Queue
from ingest.write.records import RecordToStore
from ingest.write.spill import Damage, Message, Spill
from ingest.write.stations import Book

log = logging.getLogger("ingest")

SPILL_FEED = "spill"  # under this name the bytes of a damaged spill file stand in the dead letter


class Writer:
    """Takes messages from any thread (`put`), commits them in batches from one (`run`, or `step` by step).

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
        self.doors: dict[str, Any] = {}  # doors of this process by name, for the accounts
        self.measures = Measures()
        self.shapes = MessageShapes(practice, monotonic)
        self.heard = Heard()
        self._checks = Checks(catalog, feeds.load(), practice)
        self._catalog = catalog
        self.now = now
        self._monotonic = monotonic
        self._database = Database(connect, practice, monotonic)
        self._halved = 0  # how often the portion of the spill was halved
        self._queue = Queue(practice)
        self._changed = self._queue.changed  # guards queue and accounts
        self._refreshing = threading.Lock()
        self._turn = threading.RLock()  # who holds it may lock rows that the other thread needs
        self._accounts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for feed, units in spill.units.items():
            self._account(feed, received=units)
        self._measure_spill()

    @property
    def failed(self) -> bool:
        """`run` ended by an error of ours: the process must end, too."""
        return self._queue.failed

    # In ---------------------------------------------------------------------------------------------------------------
    def put(self, message: ParsedMessage) -> None:
        """Hand a message over. Waits while the queue is full: the door then stops reading, and the broker keeps the
        rest. Never waits for long, because a database that does not answer makes the writer spill."""
        with self._changed:
            if self._queue.put(message):  # otherwise it is not acknowledged, so it comes again to the next process
                self._accounts[message.feed]["received"] += message.units

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
        message = parsed(
            feed, topic, payload, received_at, payload_max=self.practice.payload_max, ack=ack, retained=retained
        )
        message.told = told
        if not retained:  # how a sender wrote once says nothing of how it writes
            self.shapes.look(feed, topic, payload, received_at)
        self.put(message)

    def counts(self) -> dict[str, Counts]:
        """Accounts by feed, all taken at one instant."""
        with self._changed:
            return {feed: Counts(**account) for feed, account in sorted(self._accounts.items())}

    def waiting(self) -> tuple[int, float]:
        """Readings and refusals in memory, and the age of the oldest message among them in seconds."""
        units, oldest = self._queue.oldest()
        return units, max((self.now() - oldest).total_seconds(), 0.0) if oldest else 0.0

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
                behind = bool(self.spill) and self._database.ready()
                messages = self._queue.take(wait=0.0 if behind else IDLE_S, linger=True)
                if messages:
                    self._handle(messages)
                elif self._queue.stopping and second.is_alive():
                    second.join()  # it may have given something back
                elif self._queue.stopping:
                    break
                if self.spill and self._queue.units < self.practice.size:
                    self.drain()
        except Exception:
            self._fail()
        finally:
            self.close()

    def _fail(self) -> None:
        log.exception("批量入库出错，进程退出；未确认的报文留在消息服务里")
        self._queue.fail()

    def stop(self) -> None:
        """Let `run` end after it has dealt with everything that was handed over."""
        self._queue.stop()

    def close(self) -> None:
        """Give connection and file back."""
        self.spill.close()
        self._database.close()

    def step(self) -> int:
        """One batch of what is queued, without waiting; returns its units."""
        messages = self._queue.take(wait=0.0, linger=False)
        if messages:
            self._handle(messages)
        return sum(p.units for p in messages)

    # Out --------------------------------------------------------------------------------------------------------------
    def _handle(self, messages: list[ParsedMessage]) -> None:
        """Commit, or spill; acknowledge when either is done. When both fail the messages are let go unacknowledged:
        memory stays bounded, and the door makes the broker send them again."""
        done = None
        for _ in range(2):  # a connection that died while idle is no outage: the second try is on a fresh one
            if done is None and self._database.ready():
                done = self._commit(messages)
        if done is not None:
            done, told = done
            self._settle(done, _changed_since(messages))
        else:
            self._admit(messages)
            told = [(p, Outcome(spilled=True)) for p in messages if p.told]
            try:
                self.spill.put(
                    [Message(p.feed, p.topic, p.payload, p.received_at, p.units, p.retained) for p in messages]
                )
            except OSError as err:
                log.error("数据库不可用，写盘也失败（%s）；%d 条报文不确认，留在消息服务里", err, len(messages))
                with self._changed:
                    for message in messages:
                        self._account(message.feed, received=-(message.booked if message.turned_away else message.units))
                return
            self._measure_spill()
            self._settle([], _changed_since(messages))
        self._answer(messages, told)

    @staticmethod
    def _answer(messages: list[ParsedMessage], told: list[tuple[ParsedMessage, Outcome]]) -> None:
        for message, outcome in told:
            message.told(outcome)  # type: ignore[misc]
        for message in messages:
            if not message.turned_away:
                message.ack()

    # The second thread ------------------------------------------------------------------------------------------------
    def _help(self) -> None:
        """Until `stop`: full batches, while the first thread has one in hand."""
        conn = None
        try:
            while messages := self._queue.surplus(lambda: not self._database.tries):
                try:
                    conn = conn or self._database.opened()
                    done, told = self._write(conn, messages)
                except (Away, psycopg.Error):
                    if conn is not None:
                        conn.close()
                        conn = None
                    self._give_back(messages)
                    continue
                self._settle(done, _changed_since(messages))
                self._answer(messages, told)
        except Exception:
            self._fail()
        finally:
            if conn is not None:
                conn.close()

    def _give_back(self, messages: list[ParsedMessage]) -> None:
        """For the first thread to deal with; nothing is taken again before that has committed."""
        with self._changed:
            self._queue.give_back(messages)
            self._database.doubted()

    def drain(self) -> bool:
        """Bring one portion of the spill into the database; True when something was brought."""
        if not self._database.ready():
            return False
        # Halved after a slow failure: a portion that always takes too long must not stop what is behind it for ever.
        portion = self.spill.peek(max(1, self.practice.portion >> self._halved))
        if not portion:
            return False
        messages = [self._unspilled(found) for found in portion]
        begun = self._monotonic()
        committed = self._commit(messages)
        if committed is None:
            self._halved += self._monotonic() - begun > SLOW_S and len(portion) > 1
            return False
        self._halved = max(0, self._halved - 1)
        done, _ = committed
        more = Counter({feed: 0 for feed, _ in done})
        for message, found in zip(messages, portion, strict=True):
            # Damage was not counted before; a feed that was mended meanwhile may read more in a message, or less.
            more[message.feed] += message.units - (found.units if isinstance(found, Message) else 0)
        self._settle(done, more, self.spill.done(portion))
        self._measure_spill()
        return True

    def _unspilled(self, found: Message | Damage) -> ParsedMessage:
        if isinstance(found, Message):
            return parsed(
                found.feed, found.topic, found.payload, found.received_at, payload_max=self.practice.payload_max,
                retained=found.retained,
            )  # fmt: skip
        log.error("溢写文件损坏：%s，%d 字节转入死信", found.where, len(found.data))
        reason = f"溢写文件损坏：{found.where}；其余记录照常入库，请检查磁盘"
        return ParsedMessage(SPILL_FEED, found.where, found.data, self.now(), [], ("damage", reason))

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

    def _commit(self, messages: list[ParsedMessage]) -> tuple[list[tuple[str, Stored]], list[tuple[ParsedMessage, Outcome]]] | None:
        """`_write` on the first thread's connection; None when the database could not take it."""
        conn, begun = self._database.conn, self._monotonic()
        assert conn is not None
        try:
            found = self._write(conn, messages)
        except (Away, psycopg.Error) as err:
            self._database.gone(err, self._monotonic() - begun)
            return None
        self._database.answered()
        return found

    def _write(
        self, conn: psycopg.Connection, messages: list[ParsedMessage]
    ) -> tuple[list[tuple[str, Stored]], list[tuple[ParsedMessage, Outcome]]]:
        """Look at every reading and write all in one transaction. Raises Away or psycopg.Error when the database could not
        take it."""
        now, begun = self.now(), self._monotonic()
        limit = self.practice.database_answer_s
        with patience(conn, limit), self._refreshing:
            self.book.refresh(conn)
        self._admit(messages)
        entries = self._entries(messages, now)
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
        if any(message.records for message in messages):
            for message, item in entries:
                message.besides += isinstance(item, RecordToStore) and item.kept
        with self._changed:
            self.measures.committed(len(entries), self._monotonic() - begun, now)
        return done, outcomes(messages, entries, done, swapped)

    def _admit(self, messages: list[ParsedMessage]) -> None:
        """Turn away what comes from no right telemetry station. Where nobody can be told from a stranger yet, because the database
        has been away since the start, it goes to the spill and is judged when it comes out: the answer says that it is kept, and
        all hear the same."""
        for message in messages:
            if not message.claims or message.turned_away or not self.book.loaded:
                continue
            try:
                self._checks.admit(message, self.book)
            except Exception as err:  # as in `_entries`
                log.exception("核对遥测站的程序出错，接入 %s，主题 %s", message.feed, message.topic)
                message.turn_away("fault", f"校验程序出错（{type(err).__name__}）；报文已原样留存，修好程序后可重放")
            self.heard.note(message)

    def _entries(self, messages: list[ParsedMessage], now: datetime) -> list[Entry]:
        look, book = self._checks.look, self.book
        entries: list[Entry] = []
        for message in messages:
            for reading in message.readings:
                try:
                    entries.append((message, look(message, reading, book, now)))
                except Exception as err:  # a fault of ours must not end the process over and over
                    log.exception("校验读数的程序出错，接入 %s，主题 %s", message.feed, message.topic)
                    reason = f"校验程序出错（{type(err).__name__}）；报文已原样留存，修好程序后可重放"
                    entries.append((message, DeadLetter(message.topic, message.payload, "fault", reason)))
            entries += [(message, RecordToStore(record, self._catalog)) for record in message.records]
            if message.refused:
                entries.append((message, DeadLetter(message.topic, message.payload, *message.refused)))
        return entries


def _changed_since(messages: list[ParsedMessage]) -> Counter[str]:
    """By how much the units in hand have changed since they were booked, by feed."""
    more: Counter[str] = Counter()
    for message in messages:
        if message.turned_away or message.besides:
            more[message.feed] += message.besides + (message.units - message.booked if message.turned_away else 0)
    return more
