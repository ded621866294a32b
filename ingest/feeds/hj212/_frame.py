"""Frames of HJ 212: cut out of a stream, checked, opened, built, answered. HJ/T 212-2005, HJ 212-2017 and HJ 212-2025.

    ##<4 digits: bytes of the data segment><data segment><CRC, 4 hex digits>\\r\\n
    QN=…;ST=…;CN=…;PW=…;MN=…;Flag=…;[PNUM=…;PNO=…;]CP=&&…&&

Flag is 4 × version (0 is 2005, 1 is 2017, 2 is 2025), + 2 when packets are numbered, + 1 when an answer is wanted. Nothing
else tells the version, and nothing else depends on it: the three have the same frame.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ingest.feeds import BadMessage, _wire
from ingest.feeds.hj212 import _sm4, keys

LONGEST = 9999
"""Bytes of a data segment that its length can say. The standard allows 1024; a door has a limit of its own."""
AROUND = 10  # bytes of a frame beside its data segment: ##, length, CRC
HEARTBEAT, NOTICE_ANSWER, DATA_ANSWER = "9015", "9013", "9014"

_HEAD = re.compile(rb"##(\d{4})")
_CRC = re.compile(rb"[0-9A-Fa-f]{4}")
_END = re.compile(rb"(?<!CP=)&&[0-9A-Fa-f]{4}|\r\n|(?=##\d{4})")
_LAST_OF_LINE = re.compile(rb"&&[0-9A-Fa-f]{4}\r\n")
_OPEN, _CLOSE = b"CP=&&", b"&&"
_SECRET = re.compile(r"PW\s*=[^;&]*", re.IGNORECASE)
_BLANK = frozenset(b"\r\n \t\0")


# Checksums ------------------------------------------------------------------------------------------------------------
def _shifted(register: int) -> int:
    for _ in range(8):
        register = register >> 1 ^ 0xA001 if register & 1 else register >> 1
    return register


_SHIFTED = tuple(_shifted(low) for low in range(256))


def crc(data: bytes) -> str:
    """The CRC of HJ 212: the register loses its low byte before each byte is mixed in ("123456789" gives 2F80)."""
    register = 0xFFFF
    for byte in data:
        register = register >> 8 ^ byte
        register = register >> 8 ^ _SHIFTED[register & 0xFF]
    return f"{register:04X}"


def modbus(data: bytes) -> str:
    """The CRC-16 of Modbus, which some gateways send by mistake ("123456789" gives 4B37)."""
    register = 0xFFFF
    for byte in data:
        register = register >> 8 ^ _SHIFTED[(register ^ byte) & 0xFF]
    return f"{register:04X}"


# Out of a stream ------------------------------------------------------------------------------------------------------
class Piece(NamedTuple):
    """A stretch of a stream: a frame whose length and end agree (`whole`), or bytes that are none."""

    data: bytes
    whole: bool


def pieces(stream: bytes, *, last: bool, longest: int = LONGEST) -> tuple[list[Piece], bytes]:
    """What a stream holds, and the rest that cannot be judged before more bytes come (`last`: none will).

    Nothing is left out but line ends between frames. The answer does not depend on where TCP cut the stream: each
    decision is taken only when the bytes that it rests on are all there. A frame with a wrong length ends at its own CRC, at
    its line end, or where the next begins, and costs no other.
    """
    found: list[Piece] = []
    at, size = 0, len(stream)
    while at < size:
        if stream[at] in _BLANK:
            at += 1
            continue
        end, whole = _one(stream, at, last, longest)
        if end is None:
            break
        found.append(Piece(stream[at:end], whole))
        at = end
    return found, stream[at:]


def _one(stream: bytes, at: int, last: bool, longest: int) -> tuple[int | None, bool]:
    """End of the piece that begins at `at`, and whether it is a whole frame; no end while it cannot be known.

    Each search ends where the piece ends, or is for a fixed string, so a stream made to be slow is not slow."""
    size = len(stream)
    head = _HEAD.match(stream, at)
    if head is None:
        next_head = _HEAD.search(stream, at, at + longest + 6)
        if next_head:
            return next_head.start(), False
        return _given_up(stream, at, last, longest)
    end = at + AROUND + int(head[1])
    if end - at - AROUND <= longest:
        line_end = stream.find(b"\r\n", at + 12, end)
        too_long = line_end > 0 and _LAST_OF_LINE.match(stream, line_end - 6)
        if end > size and not too_long and not last:
            return None, False
        if end <= size and not too_long and _closed(stream[at + 6 : end - 4], stream[end - 4 : end]):
            return end, True
    broken = _END.search(stream, at + 6, at + longest + AROUND)
    if broken:
        return broken.end(), False
    return _given_up(stream, at, last, longest)


def _closed(segment: bytes, check: bytes) -> bool:
    """A frame ends here: with the end of CP and a CRC; without CP, as some write a heartbeat, the CRC must hold."""
    if not _CRC.fullmatch(check):
        return False
    bare = len(segment) <= 128 and b"#" not in segment
    return segment.endswith(_CLOSE) or (bare and crc(segment) == check.decode().upper())


def _given_up(stream: bytes, at: int, last: bool, longest: int) -> tuple[int | None, bool]:
    """Bytes without beginning or end are cut to what may be a message, so that memory stays bounded."""
    if len(stream) - at >= longest + AROUND:
        return at + longest, False
    return (len(stream) if last else None), False


# One frame ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Frame:
    """A checked frame. `area` is the data area CP in plain text; packet `number` of `total` (1 of 1 when not split)."""

    fields: dict[str, str]
    area: str
    flag: int
    number: int
    total: int

    @property
    def mn(self) -> str:
        return self.fields["MN"]

    @property
    def cn(self) -> str:
        return self.fields["CN"]

    @property
    def st(self) -> str:
        return self.fields.get("ST", "")

    @property
    def message(self) -> tuple[str, str, str]:
        """What the packets of one split message have in common."""
        return self.mn, self.fields.get("QN", ""), self.cn

    @property
    def wants_answer(self) -> bool:
        """Flag asks for one. An answer (CN 9011 to 9014) is never answered, or two systems would talk for ever."""
        return bool(self.flag & 1) and (self.cn[:1] != "9" or self.cn == HEARTBEAT)

    @property
    def carries_data(self) -> bool:
        """An upload (CN 2xxx), or station information (3xxx); else part of a talk between systems."""
        return self.st != "91" and self.cn[:1] in ("2", "3")


def read(raw: bytes) -> Frame:
    """A frame as it was sent, with or without line end. Raises BadMessage (decode, crc, key, shape, station, packets)."""
    raw = raw.rstrip(b"\r\n")
    head = _HEAD.match(raw)
    if head is None:
        raise BadMessage(
            "decode",
            f"这 {len(raw)} 字节不是 HJ 212 报文：开头不是“##”和 4 位长度，而是“{_quoted(raw)}”；"
            "请核对是否有别的设备接在这个端口上，或线路上有干扰",
        )  # fmt: skip
    length = int(head[1])
    if len(raw) != length + AROUND:
        raise BadMessage("decode", _wrong_length(raw, length))
    segment = _plain(raw[6:-4], raw[-4:].decode("latin-1").upper())
    said = _wire.text(segment, gbk=True)
    before, opened, area = said.partition("CP=&&")
    fields = _fields(before)
    if opened and not area.endswith("&&"):
        raise BadMessage("shape", "数据区 CP 没有以“&&”结束；请核对数采仪的组包程序")
    if not fields.get("MN"):
        raise BadMessage("station", "报文没有设备编号 MN；请在数采仪上填好 MN")
    _wire.word(fields["MN"], "MN")
    if not re.fullmatch(r"\d{4}", fields.get("CN", ""), re.ASCII):
        raise BadMessage(
            "shape", f"“CN”应是 4 位命令编码，现为“{_wire.short(fields.get('CN'))}”；请核对数采仪的组包程序"
        )
    flag = fields.get("Flag", "0")
    if not re.fullmatch(r"\d{1,3}", flag, re.ASCII):
        raise BadMessage("shape", f"“Flag”应是数字，现为“{_wire.short(flag)}”；请核对数采仪的组包程序")
    return Frame(fields, area.removesuffix("&&"), int(flag), *_numbered(fields))


def _fields(before: str) -> dict[str, str]:
    """The fields before CP under the standard's own spelling. Raises BadMessage where one stands twice with two values: whose
    data are they?"""
    found: dict[str, str] = {}
    for part in before.split(";"):
        name, given, value = part.partition("=")
        name = name.strip()
        if given and len(found) < 32:
            key = "Flag" if name.upper() == "FLAG" else name.upper()
            if found.setdefault(key, value.strip()) != value.strip():
                shown = "" if key == "PW" else f"：“{_wire.short(found[key])}”与“{_wire.short(value.strip())}”"
                raise BadMessage("shape", f"“{_wire.short(key)}”出现两次，值不同{shown}，不知道哪个对；请核对数采仪的组包程序")
    return found


def _numbered(fields: Mapping[str, str]) -> tuple[int, int]:
    total, number = fields.get("PNUM", "1"), fields.get("PNO", "1")
    if not (re.fullmatch(r"\d{1,8}", total, re.ASCII) and re.fullmatch(r"\d{1,8}", number, re.ASCII)):
        raise BadMessage("packets", f"包号“{_wire.short(number)}/{_wire.short(total)}”不是数字；请核对数采仪的拆包程序")
    if not 1 <= int(number) <= int(total):
        raise BadMessage("packets", f"包号 PNO={number} 不在 1 到 PNUM={total} 之间；请核对数采仪的拆包程序")
    return int(number), int(total)


def _wrong_length(raw: bytes, length: int) -> str:
    segment, check = raw[6:-4], raw[-4:].decode("latin-1").upper()
    if not (raw[-6:-4] == _CLOSE and _CRC.fullmatch(raw[-4:])):
        return (
            f"报文不完整：长度字段写 {length}，数据段只到 {max(len(raw) - 6, 0)} 字节，没有结尾的“&&”和 CRC；"
            "线路中途断开或长度写错，等测站重发，反复出现时请核对数采仪"
        )
    away = len(segment) - length
    told = f"长度字段写 {length}，数据段实际 {len(segment)} 字节（{'多' if away > 0 else '少'} {abs(away)}）"
    if crc(segment) == check:
        return f"{told}，CRC 与实际的数据段相符；是数采仪算错了长度，请改为只数“##”和长度之后、CRC 之前的字节"
    if modbus(segment) == check:
        return f"{told}，CRC 是 Modbus 的算法（应为 {crc(segment)}）；请改正数采仪的长度和 CRC 算法"
    return f"{told}，CRC 也不符（写 {check}，应为 {crc(segment)}）；报文在途中损坏或被改过，等测站重发"


def _plain(segment: bytes, check: str) -> bytes:
    """The data segment in plain text, its CRC checked."""
    before, opened, after = segment.partition(_OPEN)
    area = after.removesuffix(_CLOSE)
    holds = crc(segment) == check
    spelled = _sm4.spelled(area) if opened else None
    if holds and spelled is None:
        return segment
    mn = _fields(before.decode("latin-1")).get("MN", "")
    key = keys.of(mn)
    if key is not None and opened:
        for cipher in (area, spelled):
            for plain in _sm4.unpadded(_sm4.decrypted(cipher, key)) if cipher is not None else ():
                whole = before + _OPEN + plain + _CLOSE
                if crc(whole) == check or (holds and _is_text(plain)):
                    return whole
    if spelled is not None or _is_scrambled(area):
        missing = (
            f"没有 MN {_wire.short(mn)} 的 SM4 密钥，请在 BRAIN_STATION_KEYS 指向的文件里补上 [hj212] 下的这一行" if key is None
            else f"用登记的密钥解不开 MN {_wire.short(mn)} 的数据区（解密后 CRC 仍不符），请核对密钥是否已更换"
        )  # fmt: skip
        raise BadMessage("key", f"数据区不是明文；{missing}，重启接入后重放此报文")
    if modbus(segment) == check:
        raise BadMessage(
            "crc",
            f"CRC 与 Modbus 的算法相符（写 {check}），HJ 212 应为 {crc(segment)}；请改正数采仪的 CRC 算法："
            "每个字节先把寄存器右移 8 位再异或",
        )  # fmt: skip
    raise BadMessage(
        "crc", f"CRC 不符：写 {check}，应为 {crc(segment)}；报文在途中损坏或 CRC 算法不对，没有应答，等测站重发"
    )


def _is_text(area: bytes) -> bool:
    """Reads like a data area: a name and a value, and nothing that text does not have."""
    try:
        return b"=" in area and area.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _is_scrambled(area: bytes) -> bool:
    """More strange bytes than a disturbed line makes."""
    return 4 * sum(not 0x20 <= byte < 0x7F for byte in area) > len(area)


def _quoted(raw: bytes) -> str:
    return _wire.short(_SECRET.sub("PW=***", raw[:40].decode("latin-1")))


# Building -------------------------------------------------------------------------------------------------------------
def build(fields: Mapping[str, object], area: str = "", *, key: bytes | None = None) -> bytes:
    """A frame with the right length and CRC, the fields in the order given; with `key` its data area is encrypted as
    HJ 212-2025 has it."""
    before = "".join(f"{name}={value};" for name, value in fields.items()).encode() + _OPEN
    plain = area.encode()
    segment = before + plain + _CLOSE
    if len(segment) > 9999:
        raise ValueError(f"数据段 {len(segment)} 字节，长度字段写不下；请用 split 拆包")
    sent = before + (_sm4.encrypted(plain, key) if key else plain) + _CLOSE
    return b"##%04d" % len(segment) + sent + crc(segment).encode() + b"\r\n"


def split(fields: Mapping[str, object], area: str, *, most: int = 950, key: bytes | None = None) -> list[bytes]:
    """The frames of a message whose data area may be too long for one: cut between factors, numbered from 1."""
    parts: list[str] = [""]
    for item in area.split(";"):
        longer = f"{parts[-1]};{item}" if parts[-1] else item
        if parts[-1] and len(longer.encode()) > most:
            parts.append(item)
        else:
            parts[-1] = longer
    if len(parts) == 1:
        return [build(fields, area, key=key)]
    flagged = dict(fields) | {"Flag": int(str(fields.get("Flag", 4))) | 2, "PNUM": len(parts)}
    return [build(flagged | {"PNO": number}, part, key=key) for number, part in enumerate(parts, 1)]


def answer(frame: Frame) -> bytes:
    """What the sender waits for; empty when it waits for nothing.

    Data are answered with 9014 under the same QN, PW and MN, each packet of a split message under its own PNO (annex C of
    the standard); the edition of 2005 looks for the request in CP. A heartbeat, and what else is a notice, gets the answer
    to notices, 9013 (table 12 of the 2025 edition has no other for it).
    """
    if not frame.wants_answer:
        return b""
    same = frame.fields
    fields: dict[str, object] = {"QN": same["QN"]} if "QN" in same else {}
    fields |= {"ST": 91, "CN": DATA_ANSWER if frame.cn[:1] in ("2", "3") else NOTICE_ANSWER}
    fields |= {name: same[name] for name in ("PW", "MN") if name in same}
    numbered = "PNUM" in same and "PNO" in same
    fields["Flag"] = frame.flag & ~3 | 2 * numbered
    if numbered:
        fields |= {"PNUM": same["PNUM"], "PNO": same["PNO"]}
    old = frame.flag < 4 and "QN" in same
    return build(fields, f"QN={same['QN']};CN={frame.cn}" if old else "")
