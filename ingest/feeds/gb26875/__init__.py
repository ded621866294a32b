"""建筑消防设施: user-information devices (消防用户信息传输装置) by GB/T 26875.3-2011, binary packets over TCP.

A device watches one building, so the device is the station: its 源地址 as twelve hexadecimal digits, high byte first
(`440302000017`), registered under that code or mapped to our id. The systems and parts of the building are told apart by
`seq`: `<part>#<value> <name>`, where the part is `系统类型-系统地址-部件类型-回路.编号` (the part's four address bytes as two
numbers, high half first), `系统类型-系统地址` for a whole system, `装置` for the device itself, and nothing for the whole
building. The name is what the device calls the part (部件说明). The rules of type `parts` read them.

| type | becomes |
|---|---|
| 1 system state, 2 part state | `fire_alarm`, `fire_fault` (words of the kind), `fire_shielded`, `fire_action` |
| 3 analogue value | a measuring point of its own: station `源地址/部件`, kind and unit by `ANALOGUE` |
| 4, 24 operation | 手动报警: `fire_alarm` 1; 复位 or 警情消除: `fire_alarm` 0 of the system (4) or of the building (24) |
| 21 state of the device | `fire_alarm`, `fire_fault` of `装置` |
| 5 6 7 8, 25 26 28 versions, settings, clock; no data at all (a heartbeat) | nothing: confirmed, not kept |

Why the test bit (bit 0) is not heeded: many devices leave it 0 for ever, and a fire is never filtered; a drill is a
maintenance window of the station. Why the state of the device (21) takes back only its own alarm: it is sent as a
heartbeat, by some devices without regard to what the panel says.

Times are Beijing time; some devices send BCD instead of binary, told apart by which one is today. A packet says when it
was sent: where that is more than five minutes from its receipt, the device's clock is wrong, and what it tells stands as
long before the receipt as it was before the sending, with quality `clock`. Such readings still alarm: a clock that runs
behind must not make a fire look like old news, which pages nobody.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from brain.model import Quality, Reading
from ingest.feeds import BadMessage, Claim, Feed, _wire
from ingest.feeds.gb26875 import _frame, _words
from ingest.feeds.gb26875._frame import ANSWER, CONFIRM, DENY, SEND, Packet

FEED = Feed("gb26875", "建筑消防", "fire", "", "xfdd")

DEVICE = "装置"
DRIFT = timedelta(minutes=5)  # further from the receipt, the time of sending is a wrong clock's
TODAY = timedelta(days=1)
HISTORY = timedelta(days=30)  # an object whose time is further before its packet's has none of its own
TIME = 6  # bytes of an object's time label
ANALOGUE = {
    1: ("?事件计数@件", 1), 2: ("fire_tank_level", 0.01), 3: ("?温度@℃", 0.1), 4: ("fire_pressure", 0.1),
    5: ("fire_pressure@kPa", 0.1), 6: ("?气体浓度@%LEL", 0.1), 7: ("?时间@s", 1), 8: ("?电压@V", 0.1),
    9: ("?电流@A", 0.1), 10: ("?流量@L/s", 0.1), 11: ("?风量@m³/min", 0.1), 12: ("?风速@m/s", 1),
}  # fmt: skip
"""Analogue type → kind and size of one step (table 6 of the standard)."""
NOT_KEPT = frozenset({5, 6, 7, 8, 25, 26, 28})


class State(NamedTuple):
    """One state of a part: what becomes a reading once its time is known."""

    part: str
    kind: str
    value: float
    name: str


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of one packet. Raises BadMessage only."""
    try:
        packet = _frame.read(payload)
    except _frame.Broken as err:
        raise BadMessage("decode", str(err)) from None
    if not is_kept(packet):
        return []
    if packet.command not in (SEND, ANSWER):
        raise BadMessage("kind", f"命令字节是 {packet.command}，装置上行只能是 2（发送数据）或 5（应答）；请核对装置的协议版本")
    if len(packet.data) < 2:
        raise BadMessage("shape", "应用数据单元只有 1 字节，没有信息对象数目；请核对装置的协议版本")
    flag, count, body = packet.data[0], packet.data[1], packet.data[2:]
    if flag not in OBJECTS:
        known = "、".join(str(n) for n in sorted(OBJECTS))
        raise BadMessage("kind", f"不认识的类型标志 {flag}；可用 {known}，厂家自定义的请改用标准类型")
    return _objects(packet, flag, count, body, payload, received_at)


def claims(payload: bytes) -> list[Claim]:
    """The source address of a sound packet; the protocol has no password."""
    try:
        return [Claim(_frame.read(payload).source)]
    except _frame.Broken:
        return []


def cut(data: bytes) -> list[bytes]:
    """Packets of a recorded stream, and what lies between them; a text of hexadecimal digits is read, too."""
    if text := _hexadecimal(data):
        data = text
    cutter = _frame.Cutter()
    return cutter.push(data) + cutter.end()


def is_kept(packet: Packet) -> bool:
    """Whether a packet can hold readings: what cannot is answered by the door and goes no further."""
    if packet.command not in (SEND, ANSWER):
        return packet.command not in (CONFIRM, DENY)
    return bool(packet.data) and packet.data[0] not in NOT_KEPT


def _hexadecimal(data: bytes) -> bytes | None:
    try:
        return bytes.fromhex(data.decode("ascii"))
    except ValueError:
        return None


# Objects --------------------------------------------------------------------------------------------------------------
def _objects(
    packet: Packet, flag: int, count: int, body: bytes, payload: bytes, received_at: datetime
) -> list[Reading]:
    size, read = OBJECTS[flag]
    step = size + TIME
    if count and len(body) == count * size:  # some devices leave out the time of an object: the packet's is meant
        step = size
    clock = _Clock(packet.sent, payload, received_at)
    good: list[Reading] = []
    rule, wrong = "shape", ""
    for number in range(count):
        piece = body[number * step : (number + 1) * step]
        if len(piece) < step:
            break
        try:
            good += read(packet.source, piece[:size], lambda state, label=piece[size:]: clock.reading(packet, state, label))
        except BadMessage as err:
            rule, wrong = err.rule, f"第 {number + 1} 个信息对象：{err.reason}"
    if count * step != len(body) or not count:
        rule, wrong = "shape", (
            f"类型标志 {flag} 的 {count} 个信息对象应有 {count * step} 字节，实有 {len(body)} 字节；"
            "请核对信息对象数目与各字段长度"
        )
    if wrong:
        raise BadMessage(rule, wrong, good)
    return good


Make = Callable[[State], Reading]


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _path(body: bytes) -> str:
    """`系统类型-系统地址-部件类型-回路.编号`."""
    low, high = _number(body[3:5]), _number(body[5:7])
    return f"{body[0]}-{body[1]}-{body[2]}-{high}.{low}"


def _first(bits: int, codes: tuple[tuple[int, int], ...]) -> float:
    """Code of the first of these bits that is set; 0 when none is."""
    return float(next((code for bit, code in codes if bits >> bit & 1), 0))


SYSTEM_FAULTS = ((8, 2), (9, 3), (10, 4), (2, 1))
PART_FAULTS = ((8, 2), (2, 1))
DEVICE_FAULTS = ((3, 2), (4, 3), (6, 4), (5, 5), (2, 1))
ACTIONS = ((6, 4), (5, 3), (7, 2), (4, 1))


def _states(part: str, bits: int, faults: tuple[tuple[int, int], ...], name: str) -> Iterator[State]:
    yield State(part, "fire_alarm", float(bits >> 1 & 1), name)
    yield State(part, "fire_fault", _first(bits, faults), name)
    yield State(part, "fire_shielded", float(bits >> 3 & 1), name)
    yield State(part, "fire_action", _first(bits, ACTIONS), name)


def _system(source: str, body: bytes, make: Make) -> list[Reading]:
    name = _words.system(body[0], body[1])
    return [make(s) for s in _states(f"{body[0]}-{body[1]}", _number(body[2:4]), SYSTEM_FAULTS, name)]


def _part(source: str, body: bytes, make: Make) -> list[Reading]:
    said = body[9:40].split(b"\0", 1)[0].decode("gb18030", errors="replace")
    said = "".join(c if c.isprintable() else " " for c in said.replace("\ufffd", " "))
    name = " ".join((_words.part(body[2]), *said.split()))
    return [make(s) for s in _states(_path(body), _number(body[7:9]), PART_FAULTS, name)]


def _analogue(source: str, body: bytes, make: Make) -> list[Reading]:
    if body[7] not in ANALOGUE:
        raise BadMessage("kind", f"不认识的模拟量类型 {body[7]}；可用 1–12，请核对装置设置")
    kind, scale = ANALOGUE[body[7]]
    value = int.from_bytes(body[8:10], "little", signed=True) * scale
    found = make(State("", kind, round(value, 6), ""))
    seq = found.seq.rpartition("#")[0].rstrip(":")
    return [Reading(f"{source}/{_path(body)}", kind, found.at, found.value, found.quality, seq)]


def _operation(part: str, whole: str, flags: int, name: str, make: Make) -> list[Reading]:
    """手动报警 (bit 2) against 复位 and 警情消除 (bits 0 and 3); all else is nobody's state."""
    if flags & 0b0100:
        return [make(State(part, "fire_alarm", 1.0, f"{name} 手动报警"))]
    if flags & 0b1001:
        return [make(State(whole, "fire_alarm", 0.0, f"{name} {'复位' if flags & 1 else '警情消除'}"))]
    return []


def _system_operation(source: str, body: bytes, make: Make) -> list[Reading]:
    part = f"{body[0]}-{body[1]}"
    return _operation(part, part, body[2], _words.system(body[0], body[1]), make)


def _device(source: str, body: bytes, make: Make) -> list[Reading]:
    name = "用户信息传输装置"
    return [
        make(State(DEVICE, "fire_alarm", float(body[0] >> 1 & 1), name)),
        make(State(DEVICE, "fire_fault", _first(body[0], DEVICE_FAULTS), name)),
    ]


def _device_operation(source: str, body: bytes, make: Make) -> list[Reading]:
    return _operation(DEVICE, "", body[0], "用户信息传输装置", make)


OBJECTS: dict[int, tuple[int, Callable[[str, bytes, Make], list[Reading]]]] = {
    1: (4, _system), 2: (40, _part), 3: (10, _analogue), 4: (4, _system_operation), 21: (1, _device),
    24: (2, _device_operation),
}  # fmt: skip
"""Type flag → bytes of an object without its time label, and how it is read."""


# Time -----------------------------------------------------------------------------------------------------------------
class _Clock:
    """When the objects of a packet were, as far as the device can be believed."""

    def __init__(self, sent: bytes, payload: bytes, received_at: datetime):
        self._received_at = received_at
        self._payload = payload
        self._sent = moment(sent, received_at)
        self._right = self._sent is not None and abs(self._sent - received_at) <= DRIFT

    def reading(self, packet: Packet, state: State, label: bytes) -> Reading:
        """A state as a reading. Of a wrong clock it is known again, when it is delivered twice, by the label it claimed and
        the whole packet: a stopped clock claims the same time for ever."""
        seq = f"{state.part}#{state.value:g} {state.name}".rstrip()
        before = self._before(label)
        if self._right and self._sent is not None:
            return Reading(packet.source, state.kind, self._sent - before, state.value, seq=seq)
        seq = f"clock:{label.hex()}:{zlib.crc32(self._payload):08x}:{seq}"
        return Reading(packet.source, state.kind, self._received_at - before, state.value, Quality.CLOCK, seq)

    def _before(self, label: bytes) -> timedelta:
        """How long before the sending an object was; nothing where it says no time that can be true."""
        at = moment(label, self._received_at)
        if at is None or self._sent is None or not -DRIFT <= self._sent - at <= HISTORY:
            return timedelta(0)
        return self._sent - at


def moment(label: bytes, near: datetime) -> datetime | None:
    """A time label (second, minute, hour, day, month, year of the century) as UTC; None when it is no time. Read as BCD
    where only that is within a day of `near`."""
    plain, coded = _moment(label), _moment(bytes((b >> 4) * 10 + (b & 15) for b in label))
    if coded is not None and abs(coded - near) <= TODAY and (plain is None or abs(plain - near) > TODAY):
        return coded
    return plain


def _moment(label: bytes) -> datetime | None:
    try:
        second, minute, hour, day, month, year = label
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=_wire.BEIJING).astimezone(UTC)
    except ValueError:
        return None


def label_of(at: datetime) -> bytes:
    """The time label of a moment."""
    local = at.astimezone(_wire.BEIJING)
    return bytes((local.second, local.minute, local.hour, local.day, local.month, local.year % 100))


def reply(packet: Packet, command: int, at: datetime) -> bytes:
    """Confirmation or denial of a packet: its serial number, from us to the device, without data."""
    return _frame.build(
        Packet(packet.serial, packet.version, label_of(at), packet.target, packet.source, command, b"")
    )
