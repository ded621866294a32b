"""One file from `taking/` to its end: handed over row by row, waited for, written down, and moved away.

What is done here may be cut off at any point and is then done again from the start: the rows that were stored the first time
are duplicates, the dead letters of the first time are closed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain.catalog.records import Catalog
from brain.catalog.sheet_records import Taker
from brain.city import ZONE
from brain.sheets.reading import BadSheet
from brain.store import db
from ingest import feeds
from ingest.doors.files import folders, rows
from ingest.doors.files.tally import Tally, said_of, storable, veiled
from ingest.practice import Practice
from ingest.write.batch import Writer
from ingest.write.fault import first_line, is_away, told

log = logging.getLogger("ingest")

WAIT_S = 0.5
LEFT_MAX = 100  # numbers of rows without data that a report names
WORD_MAX = 400  # characters of a column's name and meaning together: longer ones are not remembered


class Taking:
    """Takes in one file after another (`take_in`). `stopping`: nothing new is handed over any more; `finishing`: what was
    handed over is not waited for any longer. `now` and `monotonic` are the clocks."""

    def __init__(
        self,
        writer: Writer,
        practice: Practice,
        catalog: Catalog,
        stopping: threading.Event,
        finishing: threading.Event,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ):
        self._writer = writer
        self._practice = practice
        self._catalog = catalog
        self._stopping = stopping
        self._finishing = finishing
        self._now = now
        self._monotonic = monotonic

    def take_in(self, conn: psycopg.Connection, taker: Taker, path: Path) -> bool:
        """One file from `taking` to its end; False when it stays there for the next look or process. Raises psycopg.Error when
        the database is away."""
        tally = Tally(taker.key, "", folders.stamp(path))
        try:
            return self._take_in(conn, taker, path, tally)
        except psycopg.Error as err:
            if is_away(err):
                raise
            log.exception("文件 %s/%s 没有收完，移到 %s", taker.key, veiled(path.name), folders.FAILED)
            return self._set_aside(conn, path, tally, err)

    def _take_in(self, conn: psycopg.Connection, taker: Taker, path: Path, tally: Tally) -> bool:
        sidecar = path.with_name(path.name + folders.MAP)
        folders.bring(path.parents[2] / sidecar.name, sidecar)  # a kill came between the two renames
        said = folders.mapping_beside(sidecar)
        now, sheet = self._now(), str(said.get("sheet") or "")
        data, taken, why = b"", rows.Taken({}, {}), ""
        try:
            data = rows.bytes_of(path, self._catalog.sheets.limits.mib << 20)
            taken = rows.messages(conn, taker, path.name, data, said, self._catalog)
        except BadSheet as err:
            why = str(err)
        # The same bytes read another way are another file; its dead letters are those of the bytes, however they were read.
        # So is a file of another uploader's department, whose rows about foreign stations are refused.
        org = storable(str(said.get("org") or "")).replace("/", "_")
        content = hashlib.sha256(data + sheet.encode("utf-8", "replace") + org.encode())
        sha = hashlib.sha256(content.digest() + json.dumps(taken.meant, sort_keys=True).encode()).hexdigest()
        by = storable(str(said.get("by") or ""))
        key = {"feed": taker.key, "name": storable(str(said.get("name") or path.name)), "sha256": sha}
        again = db.one(conn, "file_open", **key)
        known = None if again or why else db.one(conn, "file_known", feed=taker.key, sha256=sha)
        file = again or db.row(conn, "file_taken", **key, by=by, now=now)
        tally.ident, tally.prefix = file["id"], feeds.row_topic(content.hexdigest()[:12], org)
        tally.beyond, tally.left = taken.beyond, taken.left
        tally.untaken, tally.unread, tally.notes = taken.untaken, taken.unread, taken.notes
        letters = [r["id"] for r in db.many(conn, "file_letters", feed=taker.key, prefix=tally.prefix)]
        if known:
            says = f"与 {known['received_at'].astimezone(ZONE):%m月%d日 %H:%M} 的“{known['name']}”是同一份文件，当时已全部入库，没有再收"
            return self._end(conn, path, tally, "same", says)
        if why:
            return self._end(conn, path, tally, "failed", why)
        tally.pending = taken.messages
        tally.rows = len(tally.pending)
        if not self._hand_over(tally):
            return False
        if letters:
            db.run(conn, "intake_letters_replayed", ids=letters)
        if isinstance(said.get("columns"), dict):  # what a person has said, also of columns that nobody asks for
            chosen = {storable(str(c)): storable(str(m)) for c, m in said["columns"].items() if len(f"{c}{m}") <= WORD_MAX}
            db.run(
                conn, "file_column_remember", feed=taker.key, by=by, now=now, given=list(chosen), meant=list(chosen.values())
            )
        return self._end(conn, path, tally, "done", "")

    def _hand_over(self, tally: Tally) -> bool:
        """Every row to the writer, and wait until all are safe; False when the process ends before.

        A row whose acknowledgement does not come is handed over again, like a message the broker redelivers: the writer
        lets it go when neither database nor disk takes anything."""
        while tally.pending:
            for line, payload in list(tally.pending.items()):
                if self._stopping.is_set() or self._writer.failed:
                    break
                self._writer.open(
                    tally.feed, f"{tally.prefix}{line}", payload, self._now(), partial(tally.safe, line),
                    partial(tally.told, line, self._practice.drop_errors),
                )  # fmt: skip
            if not self._settled(tally):
                return False
        return True

    def _settled(self, tally: Tally) -> bool:
        """Wait until nothing is pending, or nothing has moved for too long; False when the process ends."""
        moved, left = self._monotonic(), len(tally.pending)
        with tally.changed:
            while tally.pending:
                if self._writer.failed or self._finishing.is_set():
                    return False
                if self._monotonic() - moved > self._practice.stuck_s and not self._stopping.is_set():
                    return True
                tally.changed.wait(WAIT_S)
                if len(tally.pending) != left:
                    moved, left = self._monotonic(), len(tally.pending)
        return True

    def _end(self, conn: psycopg.Connection, path: Path, tally: Tally, state: str, says: str) -> bool:
        """Write down what became of the file, then move it: a kill in between only repeats it. False when it has changed
        since it was read: it stays, and is read once more."""
        if changed := folders.stamp(path) != tally.stamp:
            state, says = "failed", "读的时候文件又变了，从头再读，见另一行；请先写到 .part 名下，写完再改名"
        report = _report(tally, says or said_of(tally))
        if changed:
            self._note(conn, tally, state, report)
            letters = db.many(conn, "file_letters", feed=tally.feed, prefix=tally.prefix)
            db.run(conn, "intake_letters_replayed", ids=[r["id"] for r in letters])  # the next reading writes them anew
            return False
        self._put_away(conn, path, tally, state, report)
        log.info("文件 %s/%s：%s", tally.feed, veiled(path.name), report["says"])
        return True

    def _set_aside(self, conn: psycopg.Connection, path: Path, tally: Tally, err: psycopg.Error) -> bool:
        """A file over which the database refused a statement of ours: it ends here, whatever of its rows was taken. The database's
        own words are for who has the machine in his hands, not for who sent it. Raises psycopg.Error when the database is away."""
        says = f"没有收完：{told(err)}。请系统管理员按 brain check 的提示改好，再重新上传；已入库的行不会存两次"
        report = _report(tally, f"{says}。{said_of(tally)}" if tally.rows else says) | {"fault": veiled(first_line(err))}
        try:
            self._put_away(conn, path, tally, "failed", report)
        except psycopg.Error as more:
            if is_away(more):
                raise
            log.error("文件 %s/%s 的处理结果记不进数据库：%s", tally.feed, veiled(path.name), veiled(first_line(more)))
            self._put_away(None, path, tally, "failed", report)
        return True

    def _note(self, conn: psycopg.Connection, tally: Tally, state: str, report: dict[str, Any]) -> None:
        db.run(
            conn, "file_finished", id=tally.ident, state=state, now=self._now(), **_counts(tally), report=Jsonb(report)
        )

    def _put_away(
        self, conn: psycopg.Connection | None, path: Path, tally: Tally, state: str, report: dict[str, Any]
    ) -> None:
        """The row first, then the file with its report; without `conn` the file alone."""
        folder = path.parents[2] / (folders.FAILED if state == "failed" else folders.DONE)
        folder.mkdir(parents=True, exist_ok=True)
        if conn is not None:
            self._note(conn, tally, state, report)
        goal = folders.move_under_free_name(path, folder)
        said = {"file": storable(path.name), "feed": tally.feed, "state": state, **_counts(tally), **report}
        goal.with_name(goal.name + folders.REPORT).write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
        path.unlink(missing_ok=True)
        path.with_name(path.name + folders.MAP).unlink(missing_ok=True)


def _counts(tally: Tally) -> dict[str, int]:
    return {key: getattr(tally, key) for key in ("rows", "stored", "duplicate", "dead", "waiting")}


def _report(tally: Tally, says: str) -> dict[str, Any]:
    tally.errors.sort(key=lambda e: e["row"])
    return {
        "says": veiled(says), "errors": tally.errors, "beyond": tally.beyond, "left": list(tally.left[:LEFT_MAX]),
        "untaken": [veiled(c) for c in tally.untaken], "unread": [veiled(name) for name in tally.unread],
    }  # fmt: skip
