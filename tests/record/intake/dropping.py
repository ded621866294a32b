"""A drop folder in the hands of a test: its door, and the writer behind it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from brain.store import db
from ingest import practice
from ingest.doors.files.door import Door
from ingest.doors.files.folders import MAP, REPORT

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
WIDE = "测站编号,监测时间,水位(cm),pH\nWL-01,2026-09-03 08:00,312,7.1\nWL-01,2026-09-03 09:00,315,--\n"


class Drop:
    """A drop folder with its door and the writer behind it; rows are committed by a thread like in the process."""

    def __init__(self, folder: Path, url: str, catalog, hands):
        self.folder, self.url, self.catalog, self.hands = folder, url, catalog, hands
        self.ticks = 0.0
        self.now = NOW
        self.there = True
        self.thread: threading.Thread | None = None
        self.door = self.open()

    def open(self, worker: str = "w1", **more) -> Door:
        def connect() -> psycopg.Connection:
            if not self.there:
                raise psycopg.OperationalError("connection refused")
            return db.connect(self.url, name="door under test")

        local = replace(practice.load(), drop_errors=5, **more)
        clocks = {"now": lambda: self.now, "monotonic": lambda: self.ticks}
        return Door(self.folder, worker, connect, self.hands.writer, local, self.catalog, **clocks)

    def lay(self, feed: str, name: str, data: bytes | str, **sidecar) -> Path:
        path = self.folder / feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if sidecar:
            path.with_name(name + MAP).write_text(json.dumps(sidecar, ensure_ascii=False), encoding="utf-8")
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def look(self, door: Door | None = None) -> int:
        """One look of the door, the writer turning beside it."""
        if self.thread is None:
            self.thread = threading.Thread(target=self.hands.writer.run)
            self.thread.start()
        return (door or self.door).step()

    def take(self, feed: str, name: str, data: bytes | str, **sidecar) -> dict:
        """Lay a file down and let it be taken in; its row."""
        self.lay(feed, name, data, **(sidecar or {"by": "tests"}))
        assert self.look() == 1
        return self.rows()[-1]

    def rows(self) -> list[dict]:
        return self.hands.look.execute("SELECT * FROM intake_file ORDER BY id").fetchall()

    def report(self, feed: str, name: str, folder: str = "done") -> dict:
        return json.loads((self.folder / feed / folder / (name + REPORT)).read_text(encoding="utf-8"))

    def close(self) -> None:
        self.hands.writer.stop()
        if self.thread is not None:
            self.thread.join(20)
