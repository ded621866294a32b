"""Frames of SL 651-2014 in HEX/BCD coding: found in a stream, checked, taken apart, put together.

    7E7E  centre 1  station 5  password 2  function 1  direction and length 2  STX|SYN  body  end 1  CRC 2

A down frame has the station before the centre. The length counts the body; after SYN the body begins with three bytes:
12 bits of how many packets, 12 bits of which one. The CRC is that of Modbus, high byte first, over all before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from ingest.feeds import BadMessage, _wire

SOH = b"\x7e\x7e"
STX, SYN = 0x02, 0x16
ETX, ETB = 0x03, 0x17  # a station: no more follows, more follows
EOT, ENQ, ACK, NAK, ESC = 0x04, 0x05, 0x06, 0x15, 0x1B  # the centre: done, asks, go on, again, done but stay on line
ENDS = frozenset({ETX, ETB, EOT, ENQ, ACK, NAK, ESC})
HEAD_BYTES = 14  # to STX or SYN
MORE_BYTES = HEAD_BYTES + 3  # a frame beside its body
BODY_MAX = 0xFFF
PADDING = b"\r\n\0 "

_HEAD = re.compile(rb"\x7e\x7e.{9}[\x00-\x0f\x80-\x8f].[\x02\x16]", re.DOTALL)
_ASCII = re.compile(rb"\x01[0-9A-Fa-f]{2}")
_AGAIN = 4  # bytes of wrong frames that may be looked at again, for each byte of the stream
_AGAIN_FREE = 1 << 16


def _crc_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
        table.append(value)
    return table


_CRC = _crc_table()


def crc(data: bytes | bytearray) -> int:
    """CRC-16/MODBUS."""
    found = 0xFFFF
    for byte in data:
        found = found >> 8 ^ _CRC[(found ^ byte) & 0xFF]
    return found


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame taken apart. `total` and `number` are 0 but in a message of several packets."""

    up: bool
    centre: int
    station: str
    password: bytes
    function: int
    total: int
    number: int
    body: bytes


def read(piece: bytes) -> Frame:
    """The frame that a piece of the stream is. Raises BadMessage, saying what is wrong with it."""
    if not _HEAD.match(piece):
        if _ASCII.match(piece):
            raise BadMessage(
                "decode",
                "这是 SL 651 的 ASCII 编码（01 开头），这里只收 HEX/BCD 编码（7E7E 开头）；请在测站里改报文编码",
            )
        raise BadMessage(
            "decode",
            f"{len(piece)} 字节里没有 SL 651 的帧头 7E7E（开头是 {piece[:16].hex(' ').upper()}）；请核对端口、规约和数传终端的透传设置",
        )
    size = _size(piece)
    if len(piece) < size:
        raise BadMessage(
            "decode", f"帧不完整：帧头说正文 {size - MORE_BYTES} 字节，全帧应有 {size} 字节，只到了 {len(piece)} 字节；"
            "请核对测站的长度字段，或查看线路是否中断",
        )  # fmt: skip
    end, given, right = piece[size - 3], piece[size - 2 : size], crc(piece[: size - 2]).to_bytes(2)
    if given != right:
        also = "；高低字节颠倒了，应高字节在前" if given[::-1] == right else ""
        raise BadMessage(
            "decode", f"校验码 CRC 不对：帧里是 {given.hex().upper()}，按内容算应是 {right.hex().upper()}{also}；"
            "请查看线路干扰，或核对测站的校验算法（CRC-16/MODBUS，高字节在前）",
        )  # fmt: skip
    if end not in ENDS:
        raise BadMessage(
            "decode", f"报文结束符 {end:02X} 不认识；请核对测站固件，应为 03（后续无报文）或 17（后续有报文）"
        )
    up, body, total, number = piece[11] < 0x80, piece[HEAD_BYTES : size - 3], 0, 0
    if piece[13] == SYN:
        if len(body) < 3:
            raise BadMessage("decode", "多包报文没有包总数和序列号；请核对测站固件")
        both, body = int.from_bytes(body[:3]), body[3:]
        total, number = both >> 12, both & 0xFFF
        if not 1 <= number <= total:
            raise BadMessage("decode", f"多包报文说这是 {total} 包里的第 {number} 包，不可能；请核对测站固件")
    centre, station = (piece[2], piece[3:8]) if up else (piece[7], piece[2:7])
    return Frame(up, centre, station.hex().upper(), piece[8:10], piece[10], total, number, body)


def _size(head: bytes | bytearray) -> int:
    return MORE_BYTES + ((head[11] & 0x0F) << 8 | head[12])


def frame(
    station: str, function: int, body: bytes, *, centre: int = 1, password: bytes = b"\0\0", up: bool = True,
    end: int = ETX, total: int = 0, number: int = 0,
) -> bytes:  # fmt: skip
    """The bytes of one frame; with `total` the `number`-th packet of so many."""
    if total:
        body = (total << 12 | number).to_bytes(3) + body
    if len(body) > BODY_MAX:
        raise ValueError(f"sl651: a body of {len(body)} bytes needs several packets")
    place = bytes.fromhex(station)
    head = bytes([centre]) + place if up else place + bytes([centre])
    length = (len(body) | (0 if up else 0x8000)).to_bytes(2)
    data = SOH + head + password + bytes([function]) + length + bytes([SYN if total else STX]) + body + bytes([end])
    return data + crc(data).to_bytes(2)


def packets(station: str, function: int, body: bytes, *, size: int, **more) -> list[bytes]:
    """A body in packets of at most `size` bytes each."""
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return [
        frame(station, function, part, end=ETX if n == len(parts) else ETB, total=len(parts), number=n, **more)
        for n, part in enumerate(parts, 1)
    ]


def answer(given: Frame, now: datetime) -> bytes:
    """The centre's confirmation: the station's own serial number, the centre's time, EOT. Station first, then centre."""
    body = given.body[:2].ljust(2, b"\0") + bytes.fromhex(f"{now.astimezone(_wire.BEIJING):%y%m%d%H%M%S}")
    return frame(
        given.station, given.function, body, centre=given.centre, password=given.password, up=False, end=EOT
    )  # fmt: skip


class Cutter:
    """Cuts a stream into pieces, however it comes in segments: each piece is a whole sound frame, or bytes that are none.

    Nothing is lost: the pieces joined are the stream. After a frame that is wrong the next head inside it counts, so that
    a broken length costs one frame and not its neighbours; `_AGAIN` keeps a hostile stream from making that dear.
    """

    def __init__(self, junk_max: int):
        self._junk_max = junk_max
        self._buffer = bytearray()
        self._seen = self._again = 0

    @property
    def waiting(self) -> int:
        """Bytes of a piece that has begun."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """The pieces that are complete with these bytes."""
        self._buffer += data
        return self._pieces(last=False)

    def flush(self) -> list[bytes]:
        """The pieces of what is left: nothing more will come."""
        return self._pieces(last=True)

    def _pieces(self, last: bool) -> list[bytes]:
        found = []
        while self._buffer and (size := self._next(last)):
            found.append(bytes(self._buffer[:size]))
            del self._buffer[:size]
            self._seen += size
        return found

    def _next(self, last: bool) -> int:
        """Length of the next piece; 0 when it cannot be known yet."""
        buffer = self._buffer
        head = _HEAD.search(buffer, 0, self._junk_max + HEAD_BYTES)
        first = head.start() if head else len(buffer) if last else _tail(buffer, 0)
        if first:
            return self._junk_max if first >= self._junk_max else first if head or last else 0
        if head is None:
            return 0
        size = _size(buffer)
        if len(buffer) < size:
            if not last:
                return 0
            inner = _HEAD.search(buffer, 1)
            return inner.start() if inner else len(buffer)
        if buffer[size - 3] in ENDS and crc(buffer[: size - 2]) == int.from_bytes(buffer[size - 2 : size]):
            return size
        if self._again > _AGAIN_FREE + _AGAIN * self._seen:
            return size
        inner = _HEAD.search(buffer, 1, size - 1 + HEAD_BYTES)
        if inner:
            self._again += size - inner.start()
            return inner.start()
        return size if last or _tail(buffer, 1) >= size else 0


def _tail(buffer: bytearray, since: int) -> int:
    """Where at the end of the buffer a head may have begun; its length when it has not."""
    for at in range(max(since, len(buffer) - HEAD_BYTES + 1), len(buffer)):
        if SOH.startswith(buffer[at : at + 2]) and (at + 11 >= len(buffer) or buffer[at + 11] & 0x70 == 0):
            return at
    return len(buffer)


@dataclass(frozen=True, slots=True)
class Message:
    """A frame, the packets that are one message in their order, or (`wrong`) bytes that are neither."""

    raw: bytes
    frames: tuple[Frame, ...] = ()
    wrong: BadMessage | None = None

    @property
    def whole(self) -> bool:
        return len(self.frames) == (self.frames[0].total or 1) if self.frames else False


@dataclass(slots=True)
class _Set:
    """Packets of one message, as they come: frame and its bytes by number."""

    total: int
    since: datetime | None
    parts: dict[int, tuple[Frame, bytes]] = field(default_factory=dict)
    bytes: int = 0

    def message(self) -> Message:
        parts = [self.parts[number] for number in sorted(self.parts)]
        return Message(b"".join(raw for _, raw in parts), tuple(frame for frame, _ in parts))


class Packets:
    """Makes messages of frames; packets are put together by station and function, for only the first has a serial number.

    A packet that does not go with those before it (another total, other content under the same number) begins a new
    message; what was gathered of the old one is given back as it is.
    """

    def __init__(self, bytes_max: int, sets_max: int):
        self._bytes_max, self._sets_max = bytes_max, sets_max
        self._sets: dict[tuple[str, int], _Set] = {}

    def add(self, piece: bytes, at: datetime | None = None) -> list[Message]:
        """The messages that end with this piece of the stream; line ends and zeros between frames are none."""
        if not piece.strip(PADDING):
            return []
        try:
            given = read(piece)
        except BadMessage as err:
            return [Message(piece, wrong=err)]
        return self._packet(given, piece, at) if given.total else [Message(piece, (given,))]

    def _packet(self, given: Frame, piece: bytes, at: datetime | None) -> list[Message]:
        key, ended = (given.station, given.function), []
        gathered = self._sets.get(key)
        held = gathered.parts.get(given.number) if gathered else None
        if held and held[1] == piece:
            return []  # the line stuttered
        if gathered and (held or gathered.total != given.total):
            ended.append(self._end(key))
            gathered = None
        if gathered is None:
            if len(self._sets) >= self._sets_max:
                ended.append(self._end(next(iter(self._sets))))
            gathered = self._sets[key] = _Set(given.total, at)
        gathered.parts[given.number] = given, piece
        gathered.bytes += len(piece)
        if len(gathered.parts) == gathered.total or gathered.bytes > self._bytes_max:
            ended.append(self._end(key))
        return ended

    def _end(self, key: tuple[str, int]) -> Message:
        return self._sets.pop(key).message()

    def begun_before(self, then: datetime) -> list[Message]:
        """What was begun before then and is still not whole is given up."""
        late = [key for key, one in self._sets.items() if one.since is not None and one.since < then]
        return [self._end(key) for key in late]

    def rest(self) -> list[Message]:
        """What is still not whole."""
        return [self._end(key) for key in list(self._sets)]
