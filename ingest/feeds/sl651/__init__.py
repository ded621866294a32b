"""水文遥测 SL 651-2014: what rain, river, reservoir and gate stations report, in HEX/BCD coding.

A message is one frame (`_frame.py`), or the packets of one message one behind the other; text with frames in
hexadecimal, as people paste it from a log, is read, too. `_elements.py` is the table of elements and says at which moment
each value stands. Functions that carry values: 30 test, 31 even series, 32 timed, 33 added, 34 hourly, 37 and 38 answers to
a query. 2F (keep-link) and down frames are sound and carry none. 35 (free text) and 36 (picture) are refused.

The station's address is the sender's own code: a district maps it to its station. Elements that the catalog lacks come as
`?NN` (`?3C`, with the unit where the standard gives one) and wait for a mapping; their neighbours are stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from itertools import islice

from brain.model import Reading
from ingest.feeds import ANY, BadMessage, Claim, Feed
from ingest.feeds.sl651 import _signs
from ingest.feeds.sl651._elements import body, element
from ingest.feeds.sl651._frame import Cutter, Message, Packets, frame

FEED = Feed("sl651", "水文遥测（SL 651-2014）", ANY, "", "swj")

KEEP_LINK = 0x2F
CARRY = frozenset({0x30, 0x31, 0x32, 0x33, 0x34, 0x37, 0x38})
REPORTS = frozenset(range(0x30, 0x37))
"""What a station sends by itself and repeats until it is answered; answers to a query are not answered in turn."""
OTHERS = {0x35: "人工置数报", 0x36: "图片报"}

JUNK_BYTES = 4096
NAMED = 10  # of the missing packets
_TEXT = re.compile(rb"[\x09\x0a\x0d\x20-\x7e\x80-\xff]*")
_HEX = re.compile(rb"[0-9A-Fa-f\s]*")
_PASTED = re.compile(rb"7[Ee][ \t]*7[Ee](?:[ \t]*[0-9A-Fa-f]{2})*")


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of the frames in a payload. Raises BadMessage only."""
    good: list[Reading] = []
    bad: list[BadMessage] = []
    messages = _messages(payload)
    if not messages:
        raise BadMessage("decode", "报文是空的；请核对测站或文件")
    for message in messages:
        found, wrong = _read(message)
        good += found
        bad += wrong
    if bad:
        more = f"；另有 {len(bad) - 1} 处" if len(bad) > 1 else ""
        raise BadMessage(bad[0].rule, bad[0].reason + more, good)
    return good


def cut(data: bytes) -> list[bytes]:
    """The messages in a recorded stream or a pasted text; bytes that are no frame stand among them."""
    return [message.raw for message in _messages(data)]


def claims(payload: bytes) -> list[Claim]:
    """Station address, password (four hexadecimal digits) and centre of each sound up frame."""
    frames = (frame for message in _messages(payload) if not message.wrong for frame in message.frames if frame.up)
    return [Claim(frame.station, frame.password.hex().upper(), frame.centre) for frame in frames]


def report(
    station: str, at: datetime, values: Mapping[str, float | None], *,
    function: int = 0x32, serial: int = 1, klass: str = "H", centre: int = 1,
) -> bytes:  # fmt: skip
    """The frame a station would send: values by element id (`{"39": 75.93, "38": 12.6}`), None for no value; `klass` is
    the letter of its kind (P rain, H river, K reservoir, Z gate). For trying a door out, and for tests."""
    parts = [element(what, value) for what, value in values.items()]
    return frame(station, function, body(serial, at, station, klass, at, parts), centre=centre)


def _messages(data: bytes) -> list[Message]:
    packets = Packets(len(data), len(data))
    found = []
    for stream in _streams(data):
        cutter = Cutter(JUNK_BYTES)
        for piece in [*cutter.feed(stream), *cutter.flush()]:
            found += packets.add(piece)
    return found + packets.rest()


def _streams(data: bytes) -> list[bytes]:
    """The streams in a payload: itself, or what its text shows in hexadecimal."""
    if not _TEXT.fullmatch(data) or data[:2] == b"~~":
        return [data]
    if _HEX.fullmatch(data):
        digits = b"".join(data.split())
        return [bytes.fromhex(digits[: len(digits) & ~1].decode())]
    pasted = [bytes.fromhex(b"".join(found.split()).decode()) for found in _PASTED.findall(data)]
    return pasted or [data]


def _read(message: Message) -> tuple[list[Reading], list[BadMessage]]:
    """Readings of one message, and what is wrong with it."""
    if message.wrong:
        return [], [message.wrong]
    frames = {frame.number or 1: frame for frame in message.frames}
    first = message.frames[0]
    if not first.up or first.function == KEEP_LINK:
        return [], []
    if first.function not in CARRY:
        name = OTHERS.get(first.function, "不是上报观测值的报文")
        reason = (
            f"功能码 {first.function:02X}（{name}）里没有可入库的观测值；原文已留存，如不需要请在测站里关闭此类报文"
        )
        return [], [BadMessage("shape", reason)]
    missing = list(islice((n for n in range(1, first.total + 1) if n not in frames), NAMED + 1))
    if 1 in missing:
        return [], [_incomplete(first.total, missing)]
    bodies = [frames[n].body for n in sorted(frames) if not missing or n < missing[0]]
    found = _signs.read(first.station, joined(bodies))
    if missing:  # an element torn at the end is no fault of its own
        return found.readings, [_incomplete(first.total, missing)]
    if not found.readings and not found.bad:
        return [], [BadMessage("shape", "报文里一个有值的要素也没有；请核对传感器是否在线、测站的要素设置")]
    return found.readings, found.bad


def _incomplete(total: int, missing: list[int]) -> BadMessage:
    named = "、".join(map(str, missing[:NAMED])) + ("…" if len(missing) > NAMED else "")
    return BadMessage("decode", f"多包报文共 {total} 包，缺第 {named} 包；测站没有收到应答会重发，若总缺请查看线路")


def joined(bodies: list[bytes]) -> bytes:
    """The bodies of packets as one. Makers differ: only the first packet has serial number and sending time, or all."""
    head = bodies[0][:8]
    return bodies[0] + b"".join(body[8:] if body[:8] == head else body for body in bodies[1:])
