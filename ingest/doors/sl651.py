"""The SL 651-2014 door: stations call in over TCP, send frames in HEX/BCD coding, and are answered when all is safe.

- A report (functions 30–36) is answered after commit with a down frame of its function and serial number that ends with EOT;
  a message of several packets once, after its last packet. Keep-link (2F) and answers to a query (37, 38 …) want none.
- A frame whose CRC is wrong, and bytes that are no frame, go to the dead letter and are not answered: the station repeats.
  There is no NAK: the standard has one for single packets of a message, and a station that hears nothing sends all anew.
- Packets that do not become whole in time are delivered as they are, without an answer: what stands in the first of them is
  read, the rest comes with the repetition, and what comes twice is a duplicate.
- Who may call in, and for whom, is judged when the message is stored (`ingest/senders.py`): what is turned away is not answered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from brain.settings import Settings
from ingest.doors.tcp import Line, Server
from ingest.feeds.sl651 import FEED, KEEP_LINK, REPORTS
from ingest.feeds.sl651._frame import Cutter, Message, Packets, answer
from ingest.practice import Practice, Sl651
from ingest.write.batch import Writer

log = logging.getLogger("ingest")


def door(settings: Settings, practice: Practice, writer: Writer) -> Server | None:
    """The server of this door; None when its port is 0."""
    if not settings.sl651_port:
        return None
    return server(settings.door_host, settings.sl651_port, practice, writer)


def server(
    host: str, port: int, practice: Practice, writer: Writer, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Server:
    """The server itself; port 0 takes a free one."""
    local = practice.sl651
    return Server(
        "SL 651", host, port, partial(Station, practice=local), writer.open,
        idle_s=local.idle_s, lines_max=local.lines, idle_lines=local.idle_lines, now=now,
    )  # fmt: skip


class Station:
    """One line. Usually one station; a concentrator may send for several."""

    def __init__(self, line: Line, practice: Sl651):
        self._line, self._practice = line, practice
        self._topic = f"{FEED.key}/{line.peer}"
        self._cutter = Cutter(practice.junk_bytes)
        self._packets = Packets(practice.message_bytes, practice.messages)
        self._heard: datetime | None = None
        self._junk = 0

    def received(self, data: bytes, at: datetime) -> None:
        self._heard = at
        self._take(self._cutter.feed(data), at)

    def tick(self, at: datetime) -> None:
        if self._cutter.waiting and self._heard and at - self._heard >= timedelta(seconds=self._practice.frame_s):
            self._take(self._cutter.flush(), at)
        for message in self._packets.begun_before(at - timedelta(seconds=self._practice.message_s)):
            self._deliver(message, at)

    def closed(self, at: datetime) -> None:
        self._take(self._cutter.flush(), at)
        for message in self._packets.rest():
            self._deliver(message, at)

    def _take(self, pieces: list[bytes], at: datetime) -> None:
        for piece in pieces:
            for message in self._packets.add(piece, at):
                if message.wrong:
                    self._wrong(message, at)
                else:
                    self._junk = 0
                    self._deliver(message, at)

    def _wrong(self, message: Message, at: datetime) -> None:
        self._deliver(message, at)
        self._junk += len(message.raw)
        if self._junk >= self._practice.junk_total:
            log.warning("%s 接连送来 %d 字节都不是好帧，挂断", self._topic, self._junk)
            self._line.close()

    def _deliver(self, message: Message, at: datetime) -> None:
        first = message.frames[0] if message.frames else None
        if first and not first.up:
            log.debug("%s 送回了下行帧（线路回声），不理会", self._topic)
        elif first and first.function == KEEP_LINK:
            log.debug("%s 的测站 %s 在线", self._topic, first.station)
        else:
            wanted = first is not None and message.whole and first.function in REPORTS
            self._line.deliver(FEED.key, self._topic, message.raw, at, answer(first, at) if first and wanted else b"")
