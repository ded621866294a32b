"""A worker's signs of life: every few seconds a row that says who it is, what its doors and its queue do, and its accounts.

Why a thread and a short connection of its own: it must beat when nothing comes in and when the writer waits for the
database, and must never make the writer wait. A worker that is stopped as a whole stops beating, and that is what the
engine raises the alert about.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain.store import db
from ingest import feeds
from ingest.watch.heard import MOST
from ingest.watch.metrics import door_states
from ingest.write.batch import Writer
from ingest.write.counts import counts_as_json

log = logging.getLogger("ingest")


class Beat:
    """Beats every `every_s` from `start` until `finish`; `beat` by itself is one."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        writer: Writer,
        every_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ):
        self._connect, self._writer, self._every_s, self._monotonic = connect, writer, every_s, monotonic
        self._began = monotonic()
        self._down: dict[str, float] = {}  # door → since when it is not connected
        self._told = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self, failed: bool) -> None:
        """Stop beating, and say good-bye, so that nobody misses this worker; after a fault of ours somebody shall."""
        self._ending.set()
        self._thread.join(10)
        self.beat(stopped=not failed)

    def _run(self) -> None:
        while True:
            try:
                self.beat()
            except Exception:
                log.exception("心跳出错，下次再试")
            if self._ending.wait(self._every_s):
                return

    def beat(self, stopped: bool = False) -> bool:
        """One sign of life; False when the database could not take it (the writer says so already)."""
        try:
            with self._connect() as conn:
                self._beat(conn, stopped)
                self._declare_feeds(conn)
                self._keep_heard(conn)
                self._keep_shapes(conn)
        except psycopg.Error:
            return False
        return True

    def _beat(self, conn: psycopg.Connection, stopped: bool) -> None:
        writer, measures = self._writer, self._writer.measures
        queued, waiting_s = writer.waiting()
        commit_at = measures.commit_at
        db.run(
            conn, "intake_beat", worker=writer.worker, host=socket.gethostname(), pid=os.getpid(),
            up_s=self._monotonic() - self._began, stopped=stopped, doors=Jsonb(self._doors()), queued=queued,
            waiting_s=waiting_s, spill_units=measures.spill_units, spill_bytes=measures.spill_bytes,
            commit_ago_s=None if commit_at is None else (writer.now() - commit_at).total_seconds(),
            counts=Jsonb(counts_as_json(writer.counts())),
        )  # fmt: skip

    def _doors(self) -> dict[str, dict[str, Any]]:
        """The doors' states, with how long each has been down."""
        now, states = self._monotonic(), door_states(self._writer)
        for name, state in states.items():
            if state["connected"]:
                self._down.pop(name, None)
            state["down_s"] = round(now - self._down.setdefault(name, now), 1) if not state["connected"] else 0.0
        return states

    def _declare_feeds(self, conn: psycopg.Connection) -> None:
        """Once: what the feeds declare, and which of their shapes the database remembers."""
        if self._told:
            return
        known = [module.FEED for module in feeds.load().values()]
        db.run(
            conn, "feeds_tell", feeds=[f.key for f in known], titles=[f.title for f in known], themes=[f.theme for f in known],
            orgs=[f.org for f in known], topics=[f.topic for f in known],
        )  # fmt: skip
        self._writer.shapes.know((r["feed"], r["shape"], r["n"]) for r in db.many(conn, "shapes_known"))
        self._told = True

    def _keep_heard(self, conn: psycopg.Connection) -> None:
        found = self._writer.heard.take()
        if not found:
            return
        try:
            db.run(
                conn, "tcp_heard_keep", now=self._writer.now(), most=MOST, feeds=[feed for feed, _, _ in found],
                ids=[id for _, id, _ in found], ats=[w.at for _, _, w in found], peers=[w.peer for _, _, w in found],
                says=[w.says for _, _, w in found],
            )  # fmt: skip
        except psycopg.Error:
            self._writer.heard.give_back(found)
            raise

    def _keep_shapes(self, conn: psycopg.Connection) -> None:
        new, drifts = self._writer.shapes.take()
        if not new:
            return
        rows = sorted(new.items(), key=lambda item: item[0])  # one order for all workers: they never wait for each other crosswise
        try:
            with conn.transaction():
                db.run(
                    conn, "shapes_keep", feeds=[feed for (feed, _), _ in rows], shapes=[shape for (_, shape), _ in rows],
                    fields=[json.dumps(s.fields, ensure_ascii=False) for _, s in rows], samples=[s.sample for _, s in rows],
                    sources=[s.source.replace("\0", "␀") for _, s in rows], firsts=[s.first_at for _, s in rows],
                    lasts=[s.last_at for _, s in rows], counts=[s.n for _, s in rows],
                )  # fmt: skip
                if drifts:
                    db.run(
                        conn, "drifts_keep", feeds=[d.feed for d in drifts], sources=[d.source.replace("\0", "␀") for d in drifts],
                        ats=[d.at for d in drifts], befores=[d.before for d in drifts], afters=[d.after for d in drifts],
                    )  # fmt: skip
        except psycopg.Error:
            self._writer.shapes.give_back(new, drifts)
            raise
        for d in drifts:
            log.warning("接入 %s 的报文结构变了（%s），见“接入质量”页", d.feed, d.source)
