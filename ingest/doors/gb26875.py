"""The GB 26875.3 door: user-information devices of buildings call in by TCP and say what their panels say.

A packet is confirmed when all of it is safe, be it readings or a dead letter; one whose sum is wrong is denied, so that
the device sends it again, and kept as a dead letter. Bytes that are no packet go to the dead letter, too. A device that may not call
in (`ingest/senders.py`) is neither confirmed nor denied.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from brain.settings import Settings
from ingest.doors.tcp import Line, Server
from ingest.feeds import gb26875
from ingest.feeds.gb26875 import _frame
from ingest.practice import Gb26875, Practice
from ingest.write.batch import Writer

log = logging.getLogger("ingest")

FEED = gb26875.FEED.key


def door(settings: Settings, practice: Practice, writer: Writer) -> Server | None:
    """The door, if the settings give it a port."""
    if not settings.gb26875_port:
        return None
    return server(settings.door_host, settings.gb26875_port, practice.gb26875, writer)


def server(
    host: str, port: int, practice: Gb26875, writer: Writer, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Server:
    """The door at an address; port 0 takes a free one."""
    return Server(
        "GB 26875.3", host, port, lambda line: Device(line, practice), writer.open,
        idle_s=practice.idle_s, lines_max=practice.lines, idle_lines=practice.idle_lines, now=now,
    )  # fmt: skip


class Device:
    """One line, from its call to its end."""

    def __init__(self, line: Line, practice: Gb26875):
        self._line = line
        self._practice = practice
        self._topic = f"{FEED}/{line.peer}"
        self._cutter = _frame.Cutter()
        self._heard_at: datetime | None = None
        self._junk = 0  # bytes since the last packet

    def received(self, data: bytes, at: datetime) -> None:
        self._heard_at = at
        self._take(self._cutter.push(data), at)

    def tick(self, at: datetime) -> None:
        if self._cutter.waiting and self._heard_at and (at - self._heard_at).total_seconds() >= self._practice.frame_s:
            self._take(self._cutter.end(), at)

    def closed(self, at: datetime) -> None:
        self._take(self._cutter.end(), at)

    def _take(self, pieces: list[bytes], at: datetime) -> None:
        for piece in pieces:
            if _frame.is_whole(piece):
                self._junk = 0
                self._packet(piece, at)
                continue
            self._line.deliver(FEED, self._topic, piece, at)
            self._junk += len(piece)
        if self._junk >= self._practice.junk_total:
            log.warning("GB 26875.3：%s 连续 %d 字节不是数据包，挂断", self._line.peer, self._junk)
            self._line.close()

    def _packet(self, raw: bytes, at: datetime) -> None:
        try:
            packet = _frame.read(raw)
        except _frame.Broken:
            answer = gb26875.reply(_frame.outline(raw), _frame.DENY, at)
            self._line.deliver(FEED, self._topic, raw, at, answer)
            return
        answer = self._answer(packet, at)
        if gb26875.is_kept(packet):
            self._line.deliver(FEED, self._topic, raw, at, answer)
        elif answer:
            self._line.send(answer)

    @staticmethod
    def _answer(packet: _frame.Packet, at: datetime) -> bytes:
        """What the standard wants said to a command: data are confirmed, answers to us need nothing, what a device may not
        send is denied."""
        if packet.command == _frame.SEND:
            return gb26875.reply(packet, _frame.CONFIRM, at)
        if packet.command in (_frame.CONFIRM, _frame.DENY, _frame.ANSWER):
            return b""
        return gb26875.reply(packet, _frame.DENY, at)
