"""The body of an SL 651 report: BCD numbers, the elements we know, the groups of an hour, the even series.

A body is serial number 2, sending time 6, then elements: `F1F1` station 5 class 1, `F0F0` observation time 5, and
`id definition data`, where the definition's upper five bits count the bytes and its lower three the decimals. A number
that begins with FF is negative (`_signs.py`: makers differ in whether the length counts that byte); all F means that there
is no value. FF as an id is an element of the maker's own, and the byte after it is part of the id.

When was it? The observation time is that of instantaneous values, and the end of the time in which rain fell.
- F4 (rain in 5 minutes, 12 × 1 byte, 0.1 mm) and F5…FC (levels each 5 minutes, 12 × 2 bytes, 0.01 m) are twelve values five
  minutes apart. Where they share their observation time with single values they end there (-55, -50 … 0 minutes); a
  group with an F0 of its own may have the time of its first value in it (`_groups.py` tells).
- After a time step (id 04: days, hours, minutes) the ids stand once and the values follow in time order to the end of the
  body (functions 31 and 38): the first at the observation time, each next one step later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from brain.model import Reading
from ingest.feeds import BadMessage, _wire
from ingest.feeds.sl651 import _groups
from ingest.feeds.sl651._groups import FIVE, IN_A_GROUP, Section


@dataclass(frozen=True, slots=True)
class Element:
    """`kind` is ours, "" for a quantity the catalog lacks; `unit` as the standard has it; `digits`, `decimals` the N(d,p)
    of the standard, by which the encoder writes. What is read goes by the definition byte that was sent."""

    name: str
    kind: str
    unit: str
    digits: int
    decimals: int

    @property
    def bytes(self) -> int:
        return (self.digits + 1) // 2

    @property
    def definition(self) -> int:
        return self.bytes << 3 | self.decimals


ELEMENTS = {
    "02": Element("气温", "air_temp", "℃", 3, 1),
    "03": Element("水温", "water_temp", "℃", 3, 1),
    "1A": Element("1小时雨量", "rain_1h", "mm", 5, 1),
    "1B": Element("2小时雨量", "", "mm", 5, 1),
    "1C": Element("3小时雨量", "rain_3h", "mm", 5, 1),
    "1D": Element("6小时雨量", "rain_6h", "mm", 5, 1),
    "1E": Element("12小时雨量", "", "mm", 5, 1),
    "1F": Element("日雨量", "rain_24h", "mm", 5, 1),
    "20": Element("当前雨量", "rain_day", "mm", 5, 1),
    "21": Element("1分钟雨量", "", "mm", 5, 1),
    "22": Element("5分钟雨量", "rain_5m", "mm", 5, 1),
    "23": Element("10分钟雨量", "", "mm", 5, 1),
    "24": Element("30分钟雨量", "", "mm", 5, 1),
    "25": Element("暴雨量", "", "mm", 5, 1),
    "26": Element("累计雨量", "rain_total", "mm", 6, 1),
    "27": Element("流量", "water_flow", "m³/s", 9, 3),
    "35": Element("风速", "wind_speed", "m/s", 4, 1),
    "37": Element("流速", "water_speed", "m/s", 5, 3),
    "38": Element("电源电压", "supply_voltage", "V", 4, 2),
    "39": Element("河道水位、潮位", "water_level", "m", 7, 3),
    "3A": Element("库（闸、站）下水位", "water_level_down", "m", 7, 3),
    "3B": Element("库（闸、站）上水位", "water_level", "m", 7, 3),
    "46": Element("pH", "ph", "", 4, 2),
    "47": Element("溶解氧", "dissolved_oxygen", "mg/L", 4, 1),
    "48": Element("电导率", "conductivity", "μS/cm", 5, 0),
    "49": Element("浊度", "turbidity", "NTU", 3, 0),
    "4A": Element("高锰酸盐指数", "codmn", "mg/L", 4, 1),
    "4C": Element("氨氮", "ammonia", "mg/L", 6, 3),
    "4D": Element("总磷", "total_phosphorus", "mg/L", 5, 3),
    "4E": Element("总氮", "total_nitrogen", "mg/L", 5, 2),
    "36": Element("断面平均流速", "", "m/s", 5, 3),
    **{f"{0x28 + n:02X}": Element(f"取（排）水口流量{n + 1}", "", "m³/s", 9, 3) for n in range(8)},
    **{f"{0x3C + n:02X}": Element(f"取（排）水口水位{n + 1}", "", "m", 7, 3) for n in range(8)},
}
NOT_KEPT = {"45": "遥测站状态及报警信息"}
"""Bits, not a quantity: known and not kept."""
GROUPS = {"F4": ("rain_5m", "mm", 1, 10), **{f"F{n:X}": ("", "m", 2, 100) for n in range(6, 13)}} | {
    "F5": ("water_level", "m", 2, 100)
}
"""Groups of an hour: our kind, unit, bytes of a value, values to the unit."""
STEP = 0x04
HEAD_BYTES = 8  # serial number and sending time
SERIES_MAX = 10_000  # rows of one series: a month of five minutes has 8,928
UNKNOWN_MAX = 1000  # values of one message that the catalog lacks: each may become a dead letter with all of it
FAULTS_MAX = 200  # a body with more of them is no body
DAY_ENDS = 8  # o'clock, Beijing: the rain day of 日雨量


def number(data: bytes, decimals: int, what: str) -> float | None:
    """A BCD number; None where all is F. Raises BadMessage."""
    if not data or not data.strip(b"\xff"):
        return None
    minus = data[0] == 0xFF
    digits = (data[1:] if minus else data).hex()
    if not digits.isdigit():
        raise BadMessage(
            "value", f"要素 {what} 的数据 {data.hex(' ').upper()} 不是 BCD 数字；请核对测站的数据定义，或检修传感器"
        )
    return (-1 if minus else 1) * int(digits) / 10**decimals


def moment(data: bytes, what: str) -> datetime:
    """YYMMDDhhmm[ss] in BCD, Beijing time, as aware UTC; 24:00 is the next day's 00:00. Raises BadMessage."""
    digits = data.hex()
    try:
        if not digits.isdigit():
            raise ValueError
        year, *rest = (int(digits[i : i + 2]) for i in range(0, len(digits), 2))
        if rest[2:] and rest[2] == 24 and not any(rest[3:]):
            return (datetime(2000 + year, *rest[:2], tzinfo=_wire.BEIJING) + timedelta(days=1)).astimezone(UTC)
        return datetime(2000 + year, *rest, tzinfo=_wire.BEIJING).astimezone(UTC)
    except (ValueError, TypeError):
        raise BadMessage("time", f"{what} {digits.upper()} 不是时刻；请给测站校时，或核对报文格式") from None


def _step(data: bytes) -> timedelta:
    """ddHHmm in BCD. Raises BadMessage."""
    digits = data.hex()
    if len(data) == 3 and digits.isdigit():
        days, hours, minutes = int(digits[:2]), int(digits[2:4]), int(digits[4:])
        if days <= 31 and hours <= 23 and minutes <= 59:
            return timedelta(days=days, hours=hours, minutes=minutes)
    raise BadMessage("time", f"时间步长码 {digits.upper()} 不是日时分；请核对测站的均匀时段报设置")


class _Rest:
    """What is still to be read of a body."""

    def __init__(self, data: bytes):
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def __len__(self) -> int:
        return len(self._data) - self._at

    def peek(self, n: int) -> bytes:
        return self._data[self._at : self._at + n]

    def negative(self, n: int, skip: int = 0) -> bool:
        """Whether a number of n bytes, `skip` bytes from here, begins with the sign."""
        begins = self._data[self._at + skip : self._at + skip + n]
        return begins[:1] == b"\xff" and bool(begins.strip(b"\xff"))

    def take(self, n: int, what: str) -> bytes:
        found = self.peek(n)
        if len(found) < n:
            self._at = len(self._data)
            raise BadMessage(
                "decode", f"要素 {what} 应有 {n} 字节，正文只剩 {len(found)} 字节；请核对测站的数据定义或正文长度"
            )
        self._at += n
        return found


class Report:
    """The readings of one body, and what in it could not be read: neighbours of a bad element are kept. `counted`: the sign
    byte FF of a negative number is one of the bytes that its definition counts. `signed` are the numbers that had one."""

    def __init__(self, station: str, body: bytes, counted: bool = True):
        self.readings: list[Reading] = []
        self.bad: list[BadMessage] = []
        self.signed: list[tuple[str, float | None]] = []
        self.strange = False  # an id stood there that the standard does not have
        self._counted = counted
        self._taken: dict[tuple[str, str, datetime], float] = {}
        self._grouped: list[tuple[Section, str, str, list[tuple[int, float]]]] = []
        rest = _Rest(body)
        self._station = station
        self._at: datetime | None = None
        try:
            self._at = moment(rest.take(HEAD_BYTES, "流水号和发报时间")[2:], "发报时间")
        except BadMessage as err:
            self.bad.append(err)
        self._sent = self._at
        self._sections = [Section(station, self._at)]
        while rest:
            try:
                self._element(rest)
            except BadMessage as err:
                self.bad.append(err)
                if len(self.bad) > FAULTS_MAX:
                    break
        self._settle_groups()
        unknown = [r for r in self.readings if r.kind[:1] == "?"]
        if len(unknown) > UNKNOWN_MAX:
            spare = set(map(id, unknown[UNKNOWN_MAX:]))
            self.readings = [r for r in self.readings if id(r) not in spare]
            reason = (
                f"目录里没有的要素有 {len(unknown)} 个值，只收前 {UNKNOWN_MAX} 个；请核对测站的要素设置，或让它分开发送"
            )
            self.bad.append(BadMessage("kind", reason))

    def _element(self, rest: _Rest) -> None:
        two = rest.take(2, "标识符")
        if two == b"\xf1\xf1":
            self._station = rest.take(6, "F1 测站编码")[:5].hex().upper()
            self._sections.append(Section(self._station, self._at))
            return
        if two == b"\xf0\xf0":
            self._at = None  # until it is read: the old time is not that of what follows
            self._at = moment(rest.take(5, "F0 观测时间"), "观测时间")
            self._sections.append(Section(self._station, self._at))
            return
        what = f"{two[0]:02X}"
        if two[0] in (0xF0, 0xF1):
            rest.take(len(rest), what)
            raise BadMessage("decode", f"引导符 {what} 后面应再有一个 {what}，现为 {two[1]:02X}；请核对测站的报文格式")
        if what in GROUPS:
            kind, unit, size, scale = GROUPS[what]
            if (said := two[1] >> 3) != IN_A_GROUP * size:  # how long it is then, nobody knows: nor where the next begins
                rest.take(len(rest), what)
                raise BadMessage(
                    "decode", f"要素 {what} 的数据定义写 {said} 字节，标准是 {IN_A_GROUP} 个值共 {IN_A_GROUP * size} 字节，"
                    "它和后面的都没有采用；请核对测站的数据定义",
                )  # fmt: skip
            self._sections[-1].groups.add(what)
            self._group(what, kind, unit, rest.take(IN_A_GROUP * size, what), scale)
        elif two[0] == STEP:
            try:
                self._series(rest, rest.take(two[1] >> 3, "04 时间步长码"))
            except BadMessage:
                rest.take(len(rest), what)  # bare values follow: read as elements they would be something else
                raise
        else:
            definition = two[1]
            if what == "FF":
                what, definition = f"FF{two[1]:02X}", rest.take(1, f"FF{two[1]:02X}")[0]
            self._sections[-1].single = True
            if what in NOT_KEPT:
                rest.take(definition >> 3, what)
                return
            self.strange |= what not in ELEMENTS
            self._value(what, self._number(rest, definition, what), self._at)

    def _number(self, rest: _Rest, definition: int, what: str) -> float | None:
        """The number that stands next, with its sign byte."""
        size = definition >> 3
        if not size:
            raise BadMessage("decode", f"要素 {what} 的数据定义写的长度是 0，没有值；请核对测站的数据定义")
        signed = rest.negative(size)
        if signed:
            self.signed.append((what, None))
            size += not self._counted
        value = number(rest.take(size, what), definition & 7, what)
        if signed:
            self.signed[-1] = what, value
        return value

    def _series(self, rest: _Rest, data: bytes) -> None:
        """Ids once, then values in time order. A sender that repeats the ids before each value is read, too."""
        step = _step(data)
        if not step:
            return  # groups of an hour follow, each with its id
        head = rest.take(2, "均匀时段报的标识符")
        if f"{head[0]:02X}" in GROUPS:
            raise BadMessage(
                "shape", f"均匀时段报里的 {head[0]:02X} 组自带五分钟步长；请让测站把步长码置 0 或用小时报发送"
            )
        heads = [head]
        while rest.peek(2) != head and _standard(rest.peek(2)):
            heads.append(rest.take(2, "均匀时段报的标识符"))
        sizes = [one[1] >> 3 for one in heads]
        first = 0
        for size in sizes:
            first += size + (not self._counted and rest.negative(size, first))
        again = rest.peek(first + 2 * len(heads))[first:] == b"".join(heads)
        row, length = sum(sizes) + (2 * len(heads) if again else 0), len(rest)
        wrong = BadMessage(
            "decode", f"均匀时段报的数据 {length} 字节，不是每组 {row} 字节的若干组（至多 {SERIES_MAX} 组）；请核对测站的数据定义"
        )
        if not sum(sizes) or length > (SERIES_MAX + 1) * (row + len(sizes)):
            raise wrong
        found: list[tuple[str, float | None, datetime | None]] = []
        bad: list[BadMessage] = []
        at, rows = self._at, 0
        while rest:
            for one in heads:
                what = f"{one[0]:02X}"
                try:
                    found.append((what, self._number(rest, one[1], what), at))
                except BadMessage as err:
                    if err.rule == "decode":
                        raise wrong from None
                    bad.append(err)
            rows += 1
            if again and rest and rest.take(2 * len(heads), "均匀时段报的标识符") != b"".join(heads):
                raise wrong
            at = at and at + step
        if rows > SERIES_MAX:
            raise wrong
        self._sections[-1].single = True
        self.bad += bad
        for what, value, then in found:
            try:
                self._value(what, value, then)
            except BadMessage as err:
                self.bad.append(err)

    def _value(self, what: str, value: float | None, at: datetime | None) -> None:
        """Book a value under our kind; under the sender's id where we have none, where the kind is already taken at
        that moment by another id, and where a day's rain does not end with the rain day."""
        if value is None:
            return
        known = ELEMENTS.get(what)
        kind, unit = (known.kind, known.unit) if known else ("", "")
        if at is None:
            raise BadMessage("time", f"要素 {what} 没有可用的观测时间；请核对测站的 F0 观测时间")
        if what == "1F" and not _ends_day(at):
            kind = ""
        if not kind or self._taken.setdefault((self._station, kind, at), value) != value:
            kind = _named(what, unit)
        self.readings.append(Reading(self._station, kind, at, value))

    def _group(self, what: str, kind: str, unit: str, data: bytes, scale: int) -> None:
        size = len(data) // IN_A_GROUP
        if not data.strip(b"\xff"):
            return
        if self._at is None:
            raise BadMessage("time", f"要素 {what} 没有可用的观测时间；请核对测站的 F0 观测时间")
        values = []
        for n in range(IN_A_GROUP):
            part = data[n * size : (n + 1) * size]
            if part.strip(b"\xff"):
                values.append((n, int.from_bytes(part) / scale))
        self._grouped.append((self._sections[-1], what, kind or _named(what, unit), values))

    def _settle_groups(self) -> None:
        """Groups after single values: a moment that has a single value keeps it, for it is the finer one. A group of levels
        that differs there from the single level counts from another zero: it goes under the sender's id, so that a person
        says what it is, instead of two zeros in one series."""
        for section, what, kind, numbered in self._grouped:
            station, first = section.station, _groups.first(section, self._sections, self._sent)
            values = [(first + FIVE * n, value) for n, value in numbered]
            apart = kind == "water_level" and any(
                abs(self._taken.get((station, kind, at), value) - value) > 0.015 for at, value in values
            )
            for at, value in values:
                if apart:
                    self.readings.append(Reading(station, _named(what, GROUPS[what][1]), at, value))
                elif (station, kind, at) not in self._taken:
                    self.readings.append(Reading(station, kind, at, value))


def _named(what: str, unit: str) -> str:
    return f"?{what}@{unit}" if unit else f"?{what}"


def _standard(head: bytes) -> bool:
    """An id with the very definition that the standard gives it: as the beginning of a number it would be absurd."""
    known = ELEMENTS.get(f"{head[0]:02X}") if len(head) == 2 else None
    return known is not None and head[1] == known.definition


def _ends_day(at: datetime) -> bool:
    local = at.astimezone(_wire.BEIJING)
    return (local.hour, local.minute) == (DAY_ENDS, 0)


# Writing --------------------------------------------------------------------------------------------------------------
def body(
    serial: int, sent: datetime, station: str, klass: str, at: datetime, parts: Iterable[bytes]
) -> bytes:  # fmt: skip
    """The body of a report; `klass` is the station's class letter (P rain, H river, K reservoir, Z gate …)."""
    return b"".join([
        serial.to_bytes(2), _time(sent, "%y%m%d%H%M%S"), b"\xf1\xf1", bytes.fromhex(station), klass.encode(),
        b"\xf0\xf0", _time(at, "%y%m%d%H%M"), *parts,
    ])  # fmt: skip


def _time(at: datetime, form: str) -> bytes:
    return bytes.fromhex(at.astimezone(_wire.BEIJING).strftime(form))


def element(what: str, value: float | None) -> bytes:
    """One element in the standard's own format."""
    known = ELEMENTS[what]
    return bytes([int(what, 16), known.definition]) + bcd(value, known.bytes, known.decimals)


def bcd(value: float | None, size: int, decimals: int) -> bytes:
    """A number in `size` bytes. Raises ValueError when it does not fit."""
    if value is None:
        return b"\xff" * size
    digits = f"{round(abs(value) * 10**decimals):0{2 * (size - (value < 0))}d}"
    if len(digits) > 2 * (size - (value < 0)):
        raise ValueError(f"sl651: {value} does not fit into {size} bytes")
    return (b"\xff" if value < 0 else b"") + bytes.fromhex(digits)


def group(what: str, values: Sequence[float | None]) -> bytes:
    """A group of an hour."""
    _, _, size, scale = GROUPS[what]
    written = [b"\xff" * size if v is None else round(v * scale).to_bytes(size) for v in values]
    return bytes([int(what, 16), IN_A_GROUP * size << 3 & 0xFF]) + b"".join(written)


def series(step: timedelta, whats: Sequence[str], rows: Iterable[Sequence[float | None]]) -> Iterator[bytes]:
    """A time step, the ids once, and the rows."""
    minutes = int(step.total_seconds()) // 60
    yield bytes([STEP, 0x18]) + bytes.fromhex(f"{minutes // 1440:02d}{minutes // 60 % 24:02d}{minutes % 60:02d}")
    known = [ELEMENTS[what] for what in whats]
    yield b"".join(bytes([int(what, 16), one.definition]) for what, one in zip(whats, known, strict=True))
    for row in rows:
        yield b"".join(bcd(value, one.bytes, one.decimals) for value, one in zip(row, known, strict=True))
