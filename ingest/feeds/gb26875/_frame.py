"""GB/T 26875.3 data packets: cut out of a stream, read, built. All numbers low byte first.

`@@` · control unit (serial 2, version 2, time 6, source 6, destination 6, data length 2, command 1) · data · sum 1 · `##`
"""

from __future__ import annotations

from dataclasses import dataclass

START, END = b"@@", b"##"
HEAD = 27  # start and control unit
TAIL = 3
MOST = 1024  # longest data unit the standard allows
CONTROL, SEND, CONFIRM, REQUEST, ANSWER, DENY = 1, 2, 3, 4, 5, 6
JUNK = 4096  # what is no packet is handed out in pieces of this size at most


class Broken(ValueError):
    """Bytes that are no sound packet; the sentence says what, where, how to mend."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet as it is read. Addresses are twelve hexadecimal digits, high byte first; `sent` is the raw time label."""

    serial: int
    version: tuple[int, int]
    sent: bytes
    source: str
    target: str
    command: int
    data: bytes


def checksum(body: bytes | bytearray) -> int:
    """Sum of control unit and data, without carry."""
    return sum(body) & 0xFF


def read(raw: bytes) -> Packet:
    """A packet from exactly its bytes. Raises Broken."""
    if raw[:2] != START:
        raise Broken(f"开头不是启动符 40 40，而是 {raw[:2].hex(' ') or '空'}；请核对端口是否接错设备，或前一个数据包被截断")
    if len(raw) < HEAD + TAIL:
        raise Broken(f"只有 {len(raw)} 字节，一个数据包至少 {HEAD + TAIL} 字节；请核对网络，数据包被截断")
    length = int.from_bytes(raw[24:26], "little")
    if length > MOST:
        raise Broken(f"应用数据单元长度写着 {length}，标准不超过 {MOST}；请核对长度是否低字节在前")
    size = HEAD + length + TAIL
    if len(raw) != size or raw[-2:] != END:
        raise Broken(
            f"应用数据单元长度写着 {length}，结束符 23 23 应在第 {size - 1}、{size} 字节，实收 {len(raw)} 字节；"
            "请核对长度字段，或数据包被截断"
        )
    wanted, said = checksum(raw[2:-3]), raw[-3]
    if said != wanted:
        raise Broken(f"校验和应为 {wanted:02X}，数据包写的是 {said:02X}；{_other_sum(raw, said)}")
    return outline(raw)


def outline(raw: bytes) -> Packet:
    """The fields of a whole packet, whatever its sum."""
    return Packet(
        int.from_bytes(raw[2:4], "little"), (raw[4], raw[5]), raw[6:12], raw[17:11:-1].hex().upper(),
        raw[23:17:-1].hex().upper(), raw[26], raw[HEAD:-TAIL],
    )  # fmt: skip


def _other_sum(raw: bytes, said: int) -> str:
    """What a device summed instead, where that can be told."""
    xor = 0
    for byte in raw[2:-3]:
        xor ^= byte
    if said == checksum(raw[:-3]):
        return "装置把启动符也算进去了，应从第 3 字节算起"
    if said == xor:
        return "装置用的是异或，应为逐字节相加取低 8 位"
    if said == checksum(raw[HEAD:-3]):
        return "装置只算了应用数据单元，应从第 3 字节算起"
    return "传输中有字节出错，等装置重发；总是如此就请核对装置的校验算法"


def build(packet: Packet) -> bytes:
    """The bytes of a packet: answers, and what tests and `send` play."""
    body = b"".join(
        (
            packet.serial.to_bytes(2, "little"), bytes(packet.version), packet.sent, bytes.fromhex(packet.source)[::-1],
            bytes.fromhex(packet.target)[::-1], len(packet.data).to_bytes(2, "little"), bytes([packet.command]),
            packet.data,
        )
    )  # fmt: skip
    return START + body + bytes([checksum(body)]) + END


def is_whole(piece: bytes) -> bool:
    """Whether a piece has the outline of a packet; its sum may still be wrong."""
    return len(piece) >= HEAD + TAIL and piece[:2] == START and piece[-2:] == END and len(piece) == _size(piece)


def _size(data: bytes | bytearray, at: int = 0) -> int:
    return HEAD + data[at + 24] + (data[at + 25] << 8) + TAIL


class Cutter:
    """Packets out of a stream, however it is split; what lies between them comes out, too, so that nothing is lost.

    Why a start is tried byte by byte: `@@` may stand inside a packet, so only start, length and end together make one.
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._junk = bytearray()

    @property
    def waiting(self) -> bool:
        """A packet has begun, or bytes that belong to none are held."""
        return bool(self._data or self._junk)

    def push(self, data: bytes) -> list[bytes]:
        """Pieces that are complete now, in order."""
        self._data += data
        out: list[bytes] = []
        left = at = 0  # what lies before `left` is out
        while (start := self._data.find(START, at)) >= 0:
            at = start
            size = self._outline(at)
            if size == 0:
                at += 1
                continue
            inner = None if size and self._is_sound(at, size) else self._inner(at, size)
            if inner is not None:
                at = inner
            elif size is None:
                break
            else:
                self._leave(left, at, out)
                self._flush(out)
                out.append(bytes(self._data[at : at + size]))
                left = at = at + size
        else:
            at = max(at, len(self._data) - self._data.endswith(START[:1]))
        self._leave(left, at, out)
        del self._data[:at]
        return out

    def end(self) -> list[bytes]:
        """Nothing more will come: what has begun is no packet, but sound ones may lie inside it."""
        out: list[bytes] = []
        while self._data:
            self._leave(0, 1, out)
            del self._data[:1]
            out += self.push(b"")
        self._flush(out)
        return out

    def _outline(self, at: int) -> int | None:
        """Size of the packet that starts here; 0 when none can, None when that cannot be told yet."""
        data = self._data
        if len(data) < at + HEAD:
            return None
        if data[at + 25] > MOST >> 8:
            return 0
        size = _size(data, at)
        if size > HEAD + MOST + TAIL:
            return 0
        if len(data) < at + size:
            return None
        return size if data[at + size - 2 : at + size] == END else 0

    def _is_sound(self, at: int, size: int) -> bool:
        return checksum(self._data[at + 2 : at + size - TAIL]) == self._data[at + size - TAIL]

    def _inner(self, at: int, size: int | None) -> int | None:
        """Start of a sound packet inside one that is not complete or not sound: then the outer one was cut off, and an alarm
        must not wait behind it, or go down with it."""
        until = len(self._data) if size is None else at + size
        start = self._data.find(START, at + 1, until)
        while start >= 0:
            length = self._outline(start)
            if length and start + length <= until and self._is_sound(start, length):
                return start
            start = self._data.find(START, start + 1, until)
        return None

    def _leave(self, at: int, until: int, out: list[bytes]) -> None:
        self._junk += self._data[at:until]
        while len(self._junk) >= JUNK:
            out.append(bytes(self._junk[:JUNK]))
            del self._junk[:JUNK]

    def _flush(self, out: list[bytes]) -> None:
        if self._junk:
            out.append(bytes(self._junk))
            self._junk.clear()
