"""Replays that people ask for on the page 接入质量, done by whichever worker is free.

Why here and not in the web process: replaying is parsing and checking, and `brain` never imports `ingest`. The page leaves
a row in `mend_request` and a word on `brain_mend`; the answer stands in the same row. A worker that dies over a replay
leaves it to another one: storing is idempotent.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
from psycopg.types.json import Jsonb

from brain.catalog.records import Catalog
from brain.store import db
from ingest.watch.mend import mend
from ingest.write.batch import Writer
from ingest.write.commit import Away
from ingest.write.fault import first_line, is_away

log = logging.getLogger("ingest")

TURN_S = 1.0
AWAY_S = 2.0
REASONS = 20  # of those that stay open, so many different reasons are told


class Mender:
    """Listens from `start` until `finish`; `work` by itself does what is asked for now."""

    def __init__(self, connect: Callable[[], psycopg.Connection], writer: Writer, catalog: Catalog, dead_s: float):
        self._connect, self._writer, self._catalog, self._dead_s = connect, writer, catalog, dead_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mender", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        self._ending.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                with self._connect() as conn:
                    conn.execute("LISTEN brain_mend")
                    while not self._ending.is_set():
                        self.work(conn)
                        for _ in conn.notifies(timeout=TURN_S, stop_after=1):
                            pass
            except psycopg.Error:
                self._ending.wait(AWAY_S)  # the writer says that the database is away
            except Exception:
                log.exception("死信重放出错，稍后再试")
                self._ending.wait(AWAY_S)

    def work(self, conn: psycopg.Connection) -> int:
        """Do the replays that wait; how many there were."""
        done = 0
        while not self._ending.is_set() and (asked := self._take(conn)):
            self._do(conn, asked)
            done += 1
        return done

    def _take(self, conn: psycopg.Connection) -> dict | None:
        return db.one(conn, "mend_take", worker=self._writer.worker, dead_s=self._dead_s)

    def _do(self, conn: psycopg.Connection, asked: dict) -> None:
        try:
            found = mend(
                conn, self._catalog, self._writer.practice, datetime.now(UTC), feed=asked["feed"], rule=asked["rule"],
                letters=asked["letters"],
            )  # fmt: skip
        except (Away, psycopg.Error) as err:
            if isinstance(err, psycopg.Error) and is_away(err):
                raise
            db.run(conn, "mend_done", id=asked["id"], replayed=None, still=None, error=first_line(err))
            return
        still = dict(found.still.most_common(REASONS))
        db.run(conn, "mend_done", id=asked["id"], replayed=found.replayed, still=Jsonb(still), error=None)
        log.info("死信重放：收 %d 条，仍不能收 %d 条（%s）", found.replayed, found.still.total(), asked["asked_by"])
