"""The writer's connection, and how long it leaves a database alone that has failed."""

from __future__ import annotations

import logging
from collections.abc import Callable

import psycopg

from brain.store import db
from ingest.practice import Practice
from ingest.write.commit import patience
from ingest.write.fault import first_line

log = logging.getLogger("ingest")

SLOW_S = 1.0  # a failure that took longer was no connection that had died while idle


class Database:
    """The first thread's connection (`conn`, while `ready`), and connections for others (`opened`)."""

    def __init__(self, connect: Callable[[], psycopg.Connection], practice: Practice, monotonic: Callable[[], float]):
        self.connect = connect
        self.practice = practice
        self.monotonic = monotonic
        self.conn: psycopg.Connection | None = None
        self.tries = 0  # times the database failed since the last commit
        self.retry_at = 0.0

    def ready(self) -> bool:
        """A connection to the database is there, or could be made now."""
        if self.conn is not None:
            return True
        begun = self.monotonic()
        if begun < self.retry_at:
            return False
        try:
            self.conn = self.opened()
        except psycopg.Error as err:
            self.gone(err, self.monotonic() - begun)
            return False
        return True

    def opened(self) -> psycopg.Connection:
        """A fresh connection that has answered. Raises psycopg.Error."""
        conn = self.connect()
        try:
            with patience(conn, self.practice.database_answer_s):
                db.run(conn, "intake_session", statement=f"{self.practice.statement_s:g}s")
        except BaseException:
            conn.close()
            raise
        return conn

    def gone(self, err: Exception, took: float) -> None:
        """The database failed, after `took` seconds. The first try anew may follow at once, the others after growing
        pauses; after a slow failure the longest, in which what waits here goes to disk."""
        self.close()
        self.tries += 1
        steps = self.practice.database_retry_s
        step = len(steps) - 1 if took > SLOW_S else min(self.tries - 2, len(steps) - 1)
        self.retry_at = self.monotonic() + (steps[step] if step >= 0 else 0.0)
        if self.tries <= 2:
            log.warning("数据库%s：%s", "出错" if self.tries == 1 else "不可用，报文先写盘", first_line(err))

    def answered(self) -> None:
        """A commit came through."""
        if self.tries:
            log.warning("数据库已恢复")
            self.tries = 0

    def doubted(self) -> None:
        """Somebody else's connection failed: nothing is known to work before the next commit."""
        self.tries = max(self.tries, 1)

    def close(self) -> None:
        """Give the connection back."""
        if self.conn is not None:
            self.conn.close()
            self.conn = None
