"""Numbers, times and flags as strangers write them, in a message or in a cell of a sheet: read one by one, purely.

Every function raises Unreadable with a sentence that names the field and says how to mend it, and nothing else, whatever
the value. The feeds of `ingest` (through their `_wire`) and the sheets of `sheets.py` read with these alike.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

from brain.city import BEIJING
from brain.model import Quality

BLANK = frozenset({"", "-", "--", "—", "——", "/", "null", "none", "缺测"})
"""What stations print where there is no value: a gap, not an error."""

FLAGS = {
    "": Quality.OK,
    "N": Quality.OK,
    "S": Quality.MANUAL,
    "M": Quality.MAINTENANCE,
    "C": Quality.MAINTENANCE,
    "F": Quality.MAINTENANCE,
    "D": Quality.SUSPECT,
    "B": Quality.SUSPECT,
    "T": Quality.RANGE,
}
"""HJ 212-2017 data flags: N normal, S manual, M maintenance, C calibration, F stopped, D fault, B link fault,
T over range."""


class Unreadable(Exception):
    """A value that cannot be read: a short English word for the rule (value, time, flag) and a Chinese sentence."""

    def __init__(self, rule: str, reason: str):
        super().__init__(reason)
        self.rule = rule


def short(value: object, width: int = 40) -> str:
    """A value as it is quoted in a reason: one line, never long."""
    if type(value) is str and len(value) <= width and " " not in value and value.isprintable():  # the same, sooner
        return value
    try:
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        said = str(type(value).__name__)
    said = " ".join("".join(c if c.isprintable() else "·" for c in said).split())
    return said if len(said) <= width else said[: width - 1] + "…"


def half(value: str) -> str:
    """Full-width digits and signs to half-width, spaces trimmed (NFKC)."""
    if value.isascii():
        return value.strip()
    return unicodedata.normalize("NFKC", value).strip()


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.I)


def number(value: object, where: str) -> float | None:
    """A measured number; None where the station prints that it has none. Full-width digits are read."""
    if value is None:
        return None
    if isinstance(value, bool):
        raise Unreadable("value", f"“{where}”应是数字，现为“{str(value).lower()}”；请核对设备的字段类型")
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return float("inf")
    if isinstance(value, str):
        said = half(value[:400])
        if said.lower() in BLANK:
            return None
        if _NUMBER.fullmatch(said):
            return float(said)
    raise Unreadable("value", f"“{where}”应是数字，现为“{short(value)}”；请核对设备的字段类型与单位")


_DAY_FIRST = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[T\s]*(\d{1,2})[:时](\d{1,2})"
    r"(?:[:分](\d{1,2})秒?(\.\d{1,6})?|分)?(.*)",
    re.S,
)
_COMPACT = ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))
_OFFSET = re.compile(r"Z|[+-]\d{2}:?\d{2}")


def when(value: object, where: str, zone: timezone = BEIJING) -> datetime:
    """A moment as strangers write it, as aware UTC.

    ISO 8601 with offset; without one `zone` is meant, the feed's declared one; 2026/9/3 8:00; yyyyMMddHHmm[ss];
    epoch in s, ms or µs told apart by size (s below 10^11: year 5138). Digits may be full-width.
    """
    if isinstance(value, str):
        if len(value) > 18 and value[7] == "-" and value[10] == "T":  # what most send; the same answer as below, only sooner
            try:
                found = datetime.fromisoformat(value)
                return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        said = half(value[:64])
        if said.isascii() and said.isdigit():
            if len(said) in (12, 14) and said[:2] in ("19", "20", "21"):
                return _local(where, value, zone, *(said[a:b] for a, b in _COMPACT))
            return _epoch(int(said), where)
        if match := _DAY_FIRST.fullmatch(said):
            year, month, day, hour, minute, second, part, tail = match.groups()
            return _local(where, value, zone, year, month, day, hour, minute, second, part, tail.strip().upper())
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        return _epoch(value, where)
    raise Unreadable("time", f"“{where}”看不懂的时间“{short(value)}”；请用 2026-09-03T08:00:00+08:00 或时间戳")


def _local(
    where: str, value: object, zone: timezone, year: str, month: str, day: str, hour: str, minute: str,
    second: str | None = None, part: str | None = None, offset: str = "",
) -> datetime:  # fmt: skip
    try:
        if offset and not _OFFSET.fullmatch(offset):
            raise ValueError(offset)
        if offset == "Z":
            zone = UTC
        elif offset:
            sign = -1 if offset[0] == "-" else 1
            digits = offset[1:].replace(":", "")
            zone = timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
        micro = round(float(part) * 1e6) if part else 0
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), 0, zone)
        return (local + timedelta(microseconds=micro)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("time", f"“{where}”没有这样的时刻“{short(value)}”；请核对设备时钟与格式") from None


def _epoch(value: float, where: str) -> datetime:
    size = abs(value)
    scale = 1 if size < 1e11 else 1_000 if size < 1e14 else 1_000_000 if size < 1e17 else None
    try:
        if scale is None or value != value:
            raise ValueError
        whole = int(value) if isinstance(value, int) else value
        if scale == 1_000_000:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(whole))
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole / scale)
    except (ValueError, OverflowError):
        raise Unreadable("time", f"“{where}”不像时间戳“{short(value)}”；请用秒、毫秒或微秒的 Unix 时间") from None


def flag(value: object, where: str) -> Quality:
    """Quality by the HJ 212 data flag."""
    said = "" if value is None else value
    if type(said) is str and said in FLAGS:  # what most send
        return FLAGS[said]
    if isinstance(said, str) and half(said).upper() in FLAGS:
        return FLAGS[half(said).upper()]
    known = " ".join(k for k in FLAGS if k)
    raise Unreadable("flag", f"“{where}”不认识的数据标识“{short(value)}”；可用 {known}（HJ 212）")
