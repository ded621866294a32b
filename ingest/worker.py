"""All doors of one intake process, and the process itself: doors in front, one batch writer behind.

A door is a module of this package with `door(settings, practice, writer)`: what it makes listens or asks, hands over every
message with `writer.open` or `writer.put`, and is None where the settings do not want it. To add one: a file, and its
name in `DOORS`.
"""

from __future__ import annotations

import gc
import importlib
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

import psycopg

from brain.catalog.records import Catalog
from brain.settings import BadSetting, Settings
from brain.store import db
from ingest import practice
from ingest.practice import Practice
from ingest.watch.beat import Beat
from ingest.watch.mender import Mender
from ingest.write.batch import Writer
from ingest.write.spill import Spill

log = logging.getLogger("ingest")

DOORS = {
    "mqtt": "mqtt", "hj212": "hj212", "sl651": "sl651", "gb26875": "gb26875", "http": "push.door", "files": "files.door",
    "poll": "poll.polling",
}  # fmt: skip
"""Name of a door in the accounts → its module in `ingest.doors`."""
TELL_EVERY_S = 60.0
TURN_S = 0.5


class Door(Protocol):
    """Each is called once, in this order, by the process's main thread."""

    failed: bool  # ended by a fault of ours: the process must end, too, so that it is started anew

    def start(self) -> None:
        """Begin to receive, in threads of its own. Raises BadSetting when that is impossible for good."""

    def stop(self) -> None:
        """Take nothing new; what was handed over may still be acknowledged."""

    def finish(self) -> None:
        """Everything handed over is dealt with: send the last acknowledgements and close.

        Optional: `state()`, a dict with `connected` and whatever else the accounts shall tell of this door."""


def take_short_turns() -> None:
    """Let the threads of this process change places ten times as often as Python does by itself.

    Why: the writer waits for the database many times a batch, and after each wait would stand up to 5 ms in line behind
    the receiving thread; measured, intake drains a full broker 1.2 to 2.6 times as fast with 0.5 ms."""
    sys.setswitchinterval(0.0005)


def rest_collector() -> None:
    """Let Python look for garbage in circles a hundred times as seldom.

    Why: what waits to be written is in no circle and goes by itself when it is done with, but the collector looks at all of
    it again and again; measured, that took a third of the receiving thread's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(70_000, 20, 50)


def make_writer(settings: Settings, catalog: Catalog, local: Practice) -> Writer:
    """The batch writer of this process. Raises InUse when another process has its spill folder."""
    spill = Spill(
        settings.home / "spill" / settings.worker, segment_bytes=local.segment_bytes, total_bytes=local.total_bytes
    )
    return Writer(_connect(settings, f"brain ingest {settings.worker}"), catalog, spill, local, worker=settings.worker)


def _connect(settings: Settings, name: str) -> Callable[[], psycopg.Connection]:
    """Connects, and notices within seconds that a server has gone without a word."""
    return partial(
        db.connect, settings.database_url, name=name, connect_timeout=3,
        keepalives_idle=5, keepalives_interval=2, keepalives_count=3, tcp_user_timeout=10_000,
    )  # fmt: skip


def run(settings: Settings, catalog: Catalog) -> int:
    """The intake process: until SIGTERM, then finish the batch, acknowledge, say good-bye. Returns the exit code."""
    if not settings.database_url:
        raise BadSetting("没有数据库地址：请由 brain up 启动，或设置 BRAIN_DATABASE_URL")
    take_short_turns()
    local = practice.load(settings.catalog)
    writer = make_writer(settings, catalog, local)
    found = {
        name: importlib.import_module(f"ingest.doors.{module}").door(settings, local, writer)
        for name, module in DOORS.items()
    }
    writer.doors = {name: door for name, door in found.items() if door is not None}
    doors: list[Door] = list(writer.doors.values())
    beat = Beat(_connect(settings, f"brain beat {settings.worker}"), writer, local.beat_s)
    mender = Mender(_connect(settings, f"brain mend {settings.worker}"), writer, catalog, local.mend_dead_s)
    rest_collector()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    thread = threading.Thread(target=writer.run, name="writer")
    thread.start()
    started: list[Door] = []
    beat.start()
    mender.start()
    try:
        for door in doors:
            door.start()
            started.append(door)
        told = time.monotonic()
        while not stopping.wait(TURN_S) and not _failed(writer, doors):
            if time.monotonic() - told >= TELL_EVERY_S:
                told = time.monotonic()
                _log_counts(writer)
    finally:
        for door in started:
            door.stop()
        writer.stop()
        thread.join()
        for door in started:
            door.finish()
        mender.finish()
        beat.finish(_failed(writer, doors))
    return 1 if _failed(writer, doors) else 0


def _failed(writer: Writer, doors: list[Door]) -> bool:
    return writer.failed or any(door.failed for door in doors)


def _log_counts(writer: Writer) -> None:
    for feed, c in writer.counts().items():
        log.info(
            "%s：收 %d = 入库 %d + 重复 %d + 死信 %d + 损失 %d + 在途 %d",
            feed, c.received, c.stored, c.duplicate, c.dead, c.lost, c.in_flight,
        )  # fmt: skip
