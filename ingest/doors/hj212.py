"""The HJ 212 door: a TCP server for the data loggers (数采仪) of water, air and dust stations.

What a line brings is cut into frames (`feeds/hj212/_frame.py`) and handed to the batch writer as it came; a frame that asks for an
answer gets it (CN 9014) when its readings are committed or stand in the spill. What repeats because an answer was lost is a
duplicate and is answered again. Refused and not answered, so that the station repeats, but kept in the dead letter: wrong CRC,
wrong length, a missing key, bytes that are no frame, and a sender that is not who it says (MN, PW: `ingest/senders.py`).

Packets of one message (PNUM, PNO) are gathered and delivered together, each answered under its own number when the whole is safe.
Some senders wait for the answer to one packet before they send the next (so does the example in annex C). Such a sender is
known by repeating a packet, or by silence, while others are missing; from then on its packets are delivered one by one. Why not
answer each at once: an answer says "safe", and a packet that waits in memory for its fellows is not.

Heartbeats are answered at once and leave nothing behind.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from brain.settings import Settings
from ingest.doors.tcp import Deliver, Line, Server
from ingest.feeds import BadMessage
from ingest.feeds.hj212 import FEED, ONE_BY_ONE, _frame, answer, keys
from ingest.practice import Hj212, Practice
from ingest.write.batch import Writer

log = logging.getLogger("ingest")


@dataclass
class _Gathered:
    """Packets of one message so far: number → frame as sent, number → answer due. `told` were delivered already, one by one;
    with `done` all were. They are kept for a while: for later packets that cannot be read alone, and for repeated ones."""

    since: datetime
    frames: dict[int, bytes] = field(default_factory=dict)
    answers: dict[int, bytes] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)
    done: bool = False

    def payload(self) -> bytes:
        return b"\r\n".join(self.frames[number] for number in sorted(self.frames)) + b"\r\n"

    def answer(self) -> bytes:
        return b"".join(self.answers[number] for number in sorted(self.answers))


Message = tuple[str, str, str]


class Session:
    """One line. `waiting` holds the stations known to wait for the answer to each packet; all lines of the door share it."""

    def __init__(self, line: Line, practice: Hj212, waiting: set[str]):
        self._line, self._practice, self._waiting = line, practice, waiting
        self._topic = f"{FEED.key}/{line.peer}"
        self._rest = b""
        self._heard: datetime | None = None
        self._gathered: dict[Message, _Gathered] = {}
        self._bad = 0  # pieces in a row that were no frame
        self._shut = False

    # As `tcp.Session` -----------------------------------------------------------------------------------------------
    def received(self, data: bytes, at: datetime) -> None:
        """Bytes as TCP gave them."""
        if not self._shut:
            self._heard = at
            self._take(self._rest + data, at, last=False)

    def tick(self, at: datetime) -> None:
        """Half a frame that does not go on is given up, and so are packets whose fellows do not come."""
        if self._rest and self._heard and (at - self._heard).total_seconds() >= self._practice.half_s:
            self._take(self._rest, at, last=True)
        for message, gathered in list(self._gathered.items()):
            if (at - gathered.since).total_seconds() >= self._practice.packets_s:
                if gathered.answers and not gathered.done:
                    self._waiting.add(message[0])
                self._give_up(message, at)

    def closed(self, at: datetime) -> None:
        """The line is gone; so are the answers."""
        self._take(self._rest, at, last=True)
        for message in list(self._gathered):
            self._give_up(message, at)

    # Frames ---------------------------------------------------------------------------------------------------------
    def _take(self, stream: bytes, at: datetime, last: bool) -> None:
        found, self._rest = _frame.pieces(stream, last=last, longest=self._practice.longest)
        for piece in found:
            frame = _read(piece)
            if frame is None:
                self._strange(piece.data, at)
            else:
                self._bad = 0
                self._frame(frame, piece.data, at)

    def _strange(self, data: bytes, at: datetime) -> None:
        """No sound frame: into the dead letter, without an answer. A line that brings nothing else is hung up."""
        if self._shut:
            return
        self._line.deliver(FEED.key, self._topic, data, at)
        self._bad += 1
        if self._bad >= self._practice.bad:
            log.warning("HJ 212 的连接 %s 连续 %d 段不是报文，挂断；内容在死信里", self._line.peer, self._bad)
            self._shut = True
            self._line.close()

    def _frame(self, frame: _frame.Frame, raw: bytes, at: datetime) -> None:
        due = answer(frame)
        if not frame.carries_data:
            if due:
                self._line.send(due)
        elif frame.total == 1 or frame.total > self._practice.packets:
            self._line.deliver(FEED.key, self._topic, raw, at, due)
        else:
            self._packet(frame, raw, due, at)

    # Packets --------------------------------------------------------------------------------------------------------
    def _packet(self, frame: _frame.Frame, raw: bytes, due: bytes, at: datetime) -> None:
        message, number = frame.message, frame.number
        gathered = self._gathered.get(message)
        if gathered and gathered.frames.get(number, raw) != raw:  # without QN two messages look alike
            self._give_up(message, at)
            gathered = None
        if gathered is None:
            gathered = self._gathered[message] = _Gathered(at)
        if gathered.done:  # the answer was lost
            self._line.deliver(FEED.key, self._topic, gathered.payload(), at, due)
            return
        again = number in gathered.frames
        gathered.frames[number] = raw
        if due:
            gathered.answers[number] = due
        if again and due and frame.mn not in self._waiting:
            log.info("测站 %s 逐包等待应答，此后逐包入库", frame.mn)
            self._waiting.add(frame.mn)
        gathered.done = len(gathered.frames) == frame.total
        if frame.mn in self._waiting and due:
            self._one_by_one(gathered, number, at)
        elif gathered.done:
            self._line.deliver(FEED.key, self._topic, gathered.payload(), at, gathered.answer())
        self._bound(at)

    def _bound(self, at: datetime) -> None:
        """Keep what the line holds back within its limit: the oldest goes first."""
        sizes = {message: sum(map(len, gathered.frames.values())) for message, gathered in self._gathered.items()}
        over = sum(sizes.values()) - self._practice.held
        for message, size in sizes.items():
            if over <= 0:
                break
            over -= size
            self._give_up(message, at)

    def _one_by_one(self, gathered: _Gathered, newest: int, at: datetime) -> None:
        """Deliver this packet, and those of its message that were held back: with all before it when it does not say its time
        itself. What was delivered before is then a duplicate."""
        for number in sorted(gathered.frames):
            if number in gathered.told and number != newest:
                continue
            gathered.told.add(number)
            before = [] if b"DataTime=" in gathered.frames[number] else [n for n in gathered.frames if n < number]
            payload = b"\r\n".join(gathered.frames[n] for n in [*sorted(before), number]) + b"\r\n"
            self._line.deliver(FEED.key, self._topic + ONE_BY_ONE, payload, at, gathered.answers.get(number, b""))

    def _give_up(self, message: Message, at: datetime) -> None:
        """Deliver what came, unless it was delivered before; that packets are missing stands in the dead letter."""
        gathered = self._gathered.pop(message)
        if not gathered.told and not gathered.done:
            self._line.deliver(FEED.key, self._topic, gathered.payload(), at, gathered.answer())


def _read(piece: _frame.Piece) -> _frame.Frame | None:
    if not piece.whole:
        return None
    try:
        return _frame.read(piece.data)
    except BadMessage:
        return None


def make(
    host: str, port: int, practice: Hj212, deliver: Deliver, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Server:
    """The server of this door."""
    waiting: set[str] = set()
    return Server(
        "HJ 212", host, port, lambda line: Session(line, practice, waiting), deliver,
        idle_s=practice.idle_s, lines_max=practice.lines, idle_lines=practice.idle_lines, now=now,
    )  # fmt: skip


def door(settings: Settings, local: Practice, writer: Writer) -> Server | None:
    """The door of this process. The keys are taken even when it is closed: the spill may hold frames that need them."""
    keys.use(settings)
    if not settings.hj212_port:
        return None
    return make(settings.door_host, settings.hj212_port, local.hj212, writer.open)
