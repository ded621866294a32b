"""Messages on disk while the database is away: append-only segments of checksummed records.

A record is `MAGIC, length of body, crc32, body`; a body is the message as it came (feed, topic, receive time, units,
payload), undecoded, because parsing is pure and a mended catalog should count for what waits here, too.

Why segments and no index: a segment is deleted when all its messages are committed, so there is no second file that
could disagree with the first. A crash in the middle of one only makes it be read again, and storing is idempotent.

Why a random salt in the name of each segment: the checksum starts from it, so no payload can be written that reads as a
record of its own when the record around it is damaged.

Damage (a torn tail, flipped bits, a hole) is skipped by looking for the next MAGIC whose checksum holds, and handed to
the caller as bytes, so that it ends in the dead letter instead of nowhere.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import secrets
import struct
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

log = logging.getLogger("ingest")

MAGIC = b"\xf5SPL"  # 0xf5 occurs in no UTF-8 text, so payloads that hold it are rare
_HEAD = struct.Struct(">4sII")
_BODY = struct.Struct(">qIHH")  # receive time in µs since 1970, units, length of feed, length of topic
_RETAINED = 0x8000  # in the length of the feed, which is never so long: files from before the bit was kept are read as they were
_NAME = re.compile(r"(\d{12})-([0-9a-f]{8})\.spill")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOCK_TRIES, LOCK_PAUSE_S = 20, 0.05


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a door received it. `units` is how many readings and refusals it holds, for the accounts;
    `retained`: the broker had kept it (RETAIN)."""

    feed: str
    topic: str
    payload: bytes
    received_at: datetime
    units: int
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a segment that are no record. `where` names the file and the first and last byte (from 0)."""

    where: str
    data: bytes


def pack(message: Message, salt: int) -> bytes:
    """One record as bytes."""
    feed, topic = message.feed.encode(), message.topic.encode()
    micro = (message.received_at - _EPOCH) // timedelta(microseconds=1)
    body = _BODY.pack(micro, message.units, len(feed) | message.retained * _RETAINED, len(topic)) + feed + topic + message.payload
    return _HEAD.pack(MAGIC, len(body), zlib.crc32(body, salt)) + body


def unpack(data: bytes, salt: int, name: str = "", start: int = 0) -> Iterator[tuple[Message | Damage, int]]:
    """Records and damaged stretches of a segment in order, each with the offset behind it. Never raises."""
    at = sound_to = start
    while at < len(data):
        found = _record(data, at, salt)
        if found is None:
            at = data.find(MAGIC, at + 1)
            at = len(data) if at < 0 else at
            continue
        if at > sound_to:
            yield Damage(f"{name} 第 {sound_to}–{at - 1} 字节", data[sound_to:at]), at
        message, at = found
        sound_to = at
        yield message, at
    if at > sound_to:
        yield Damage(f"{name} 第 {sound_to}–{at - 1} 字节", data[sound_to:at]), at


def _record(data: bytes, at: int, salt: int) -> tuple[Message, int] | None:
    if len(data) - at < _HEAD.size:
        return None
    magic, size, crc = _HEAD.unpack_from(data, at)
    start = at + _HEAD.size
    if magic != MAGIC or size < _BODY.size or start + size > len(data):
        return None
    body = data[start : start + size]
    if zlib.crc32(body, salt) != crc:
        return None
    micro, units, feed_size, topic_size = _BODY.unpack_from(body)
    retained, feed_size = bool(feed_size & _RETAINED), feed_size & ~_RETAINED
    topic_at = _BODY.size + feed_size
    try:
        feed = body[_BODY.size : topic_at].decode()
        topic = body[topic_at : topic_at + topic_size].decode()
        received_at = _EPOCH + timedelta(microseconds=micro)
    except (UnicodeDecodeError, OverflowError):
        return None
    return Message(feed, topic, body[topic_at + topic_size :], received_at, units, retained), start + size


class InUse(RuntimeError):
    """Another process holds this spill folder."""


@dataclass
class _Segment:
    path: Path
    salt: int
    size: int = 0
    waiting: Counter[str] = field(default_factory=Counter)  # units by feed, not yet done
    unreadable: bool = False


def _locked(file: IO[str]) -> bool:
    """Whether the lock is ours. Why it is tried for a moment: of a process killed while it started another one, that child holds
    the lock until it has become the other program."""
    for _ in range(LOCK_TRIES):
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(LOCK_PAUSE_S)
    return False


class Spill:
    """The spill folder of one worker: `put` appends, `peek` reads the oldest, `done` takes it away. Raises InUse when
    another process has it.

    Not thread-safe: only the batch writer touches it. What an earlier process left behind is found at the start.
    """

    def __init__(self, folder: Path, *, segment_bytes: int, total_bytes: int):
        self.folder = folder
        self.segment_bytes = segment_bytes
        self.total_bytes = total_bytes
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = open(folder / "lock", "w")  # noqa: SIM115 - held as long as the process lives
        if not _locked(self._lock):
            raise InUse(f"另一个接入进程正在使用 {folder}；请给每个进程设不同的 BRAIN_WORKER")
        self._segments: list[_Segment] = []
        for path in sorted(folder.iterdir()):
            if match := _NAME.fullmatch(path.name):
                segment = _Segment(path, int(match[2], 16))
                data = self._read(segment)
                segment.size = len(data)
                for found, _ in unpack(data, segment.salt):
                    if isinstance(found, Message):
                        segment.waiting[found.feed] += found.units
                self._segments.append(segment)
        self._file: int | None = None  # descriptor of the last segment, while it is written
        self._data: bytes | None = None  # the first segment, while it is read
        self._offset = self._behind = 0

    def __bool__(self) -> bool:
        return bool(self._segments)

    @property
    def units(self) -> Counter[str]:
        """Readings and refusals that wait, by feed."""
        return sum((s.waiting for s in self._segments), Counter())

    @property
    def bytes(self) -> int:
        return sum(s.size for s in self._segments)

    def put(self, messages: list[Message]) -> None:
        """Append and fsync: when this returns, the messages are safe. Raises OSError, also when the folder has reached
        its allowed size; then nothing was added."""
        if self._file is None or self._segments[-1].size >= self.segment_bytes:
            self._open_next()
        segment = self._segments[-1]
        data = b"".join(pack(m, segment.salt) for m in messages)
        if self.bytes + len(data) > self.total_bytes:
            raise OSError(28, f"溢写目录 {self.folder} 已到上限 {self.total_bytes >> 20} MB")
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]  # type: ignore[arg-type]
            os.fsync(self._file)  # type: ignore[arg-type]
        except OSError:
            os.ftruncate(self._file, segment.size)  # type: ignore[arg-type]
            raise
        segment.size += len(data)
        for m in messages:
            segment.waiting[m.feed] += m.units

    def _open_next(self) -> None:
        self._close_file()
        number = int(self._segments[-1].path.name[:12]) + 1 if self._segments else 1
        salt = secrets.randbits(32)
        path = self.folder / f"{number:012d}-{salt:08x}.spill"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            folder = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError:
            os.close(file)  # its name may not outlive a power cut: what follows must not rely on it
            path.unlink(missing_ok=True)
            raise
        self._file = file
        self._segments.append(_Segment(path, salt))

    def _read(self, segment: _Segment) -> bytes:
        """Bytes of a segment; empty when the disk gives none. What cannot be read is kept under another name."""
        try:
            return segment.path.read_bytes()
        except OSError as err:
            log.error("溢写文件 %s 读不出来：%s；请检查磁盘", segment.path, err)
            segment.unreadable = True
            with contextlib.suppress(OSError):
                segment.path.rename(segment.path.with_suffix(".unreadable"))
            return b""

    def peek(self, most: int) -> list[Message | Damage]:
        """Up to `most` units of the oldest messages in order (at least one message); they stay until `done`.
        Empty when nothing waits. Damage ends a portion."""
        if not self._segments:
            return []
        segment = self._segments[0]
        if self._data is None:
            if len(self._segments) == 1:
                self._close_file()  # what comes from now on goes into a segment of its own
            self._data, self._offset = self._read(segment), 0
        portion: list[Message | Damage] = []
        units = 0
        self._behind = self._offset
        for found, behind in unpack(self._data, segment.salt, segment.path.name, self._offset):
            units += found.units if isinstance(found, Message) else 1
            if portion and units > most:
                break
            portion.append(found)
            self._behind = behind
            if isinstance(found, Damage):
                break
        if not portion and (segment.unreadable or (self._data == b"" and segment.waiting)):
            portion.append(Damage(f"{segment.path.name}（整个文件读不出来）", b""))
        elif not portion:
            self.done([])
            return self.peek(most)
        return portion

    def done(self, portion: list[Message | Damage]) -> Counter[str]:
        """The portion of the last `peek` is committed. Returns the units by feed that a damaged segment took with it,
        when this was its end."""
        segment = self._segments[0]
        for found in portion:
            if isinstance(found, Message):
                segment.waiting[found.feed] -= found.units
        self._offset = self._behind
        if self._offset < len(self._data or b""):
            return Counter()
        del self._segments[0]
        if not self._segments:
            self._close_file()
        if not segment.unreadable:
            try:
                segment.path.unlink(missing_ok=True)
            except OSError as err:  # a disk gone read-only: the next start reads it again, and all of it is a duplicate
                log.error("溢写文件 %s 已入库但删不掉：%s；请检查磁盘", segment.path, err)
        self._data = None
        return +segment.waiting

    def close(self) -> None:
        """Stop writing and let others have the folder. Nothing is lost: what waits is read at the next start."""
        self._close_file()
        self._lock.close()

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
