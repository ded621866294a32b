"""Moments as strangers write them, read by every door alike: messages, sheets and orders. Pure; time is an argument.

Read are, with any width of digits:

- ISO 8601 and its relatives: `2026-09-03T08:00:00+08:00`, `2026/9/3 8:00`, `2026年9月3日8时5分`, a day alone (its midnight);
  fractions of a second after a point or a comma; 上午/下午 and AM/PM; 24:00, which is the next day's 00:00
  (ISO 8601-1 has it again since its amendment of 2022, and reports of water and rain always had it).
- Offsets `Z`, `+08:00`, `+0800`, `+08`, `+8`, with `UTC` or `GMT` before them or alone, `CST` and `[Asia/Shanghai]`. Without one the
  zone that the feed has declared is meant.
- Compact: `20260903`, `2026090308`, `202609030800`, `20260903080000`, these with milliseconds (`20260903080000123`, `….123`), with a T
  between day and hour, as text or as a number.
- What programs print: `Thu Sep 03 08:00:00 CST 2026` (Java), `Thu, 03 Sep 2026 08:00:00 +0800` (RFC 5322), `03-SEP-2026 08:00:00`.
- Seconds, milliseconds, microseconds and nanoseconds since 1970, told apart by size.

Why a bare number may be refused: ten digits such as 2100010108 are an hour (2100-01-01 08:00) and also a second (2036-07-18). Which
one is meant is told by plausibility alone: nobody measures in the future, so a reading that lies far behind `about`, the moment the
message came in, is dropped. Where both remain, the sentence names both and the sender decides. The same holds for the day numbers of
Excel, which look like anything: they are read only where somebody said that the column holds them (`form`).

Why CST is China's: the reader stands in a Chinese district, and it is what Java prints there. America's is six hours
behind UTC, and would be seen at once as fourteen hours late.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from brain.city import BEIJING
from brain.sheets.words import Unreadable, half, short

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""A bare number is meant for a moment between these, if for any."""
AHEAD = timedelta(days=400)
"""So far behind `about` a due date may lie; a second that lies further is an hour written in digits."""
EXCEL_ZERO = datetime(1899, 12, 30)
EXCEL_DAYS = (20_000.0, 80_000.0)  # 1954 to 2119
SCALES = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
FORMS = (*SCALES, "excel")
"""What a column or a field may be said to hold, where a bare number alone would not tell."""

_MARKS = r"(?:上午|下午|凌晨|早上|中午|晚上|am|pm|a\.m\.|p\.m\.)"
_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?P<part>[-/.年])(?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?"
    rf"(?:[T\s,_]*(?P<half>{_MARKS})?\s*(?P<hour>\d{{1,2}})(?:[:时点](?P<minute>\d{{1,2}})?"
    rf"(?:[:分](?P<second>\d{{1,2}})(?:[.,](?P<fraction>\d{{1,9}}))?秒?|分)?)?\s*(?P<late>{_MARKS})?)?(?P<zone>.*)",
    re.S | re.I,
)
_COMPACT = re.compile(
    r"(?P<year>(?:19|20|21)\d\d)(?P<month>\d\d)(?P<day>\d\d)"
    r"(?:[T\s_-]?(?P<hour>\d\d|\d(?=:))(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,]?(?P<fraction>\d{1,9}))?)?)?)?"
    r"(?P<zone>\s*(?:Z|UTC|GMT|CST|[+-]\d.*)?(?:\[[\w/]+\])?)",
    re.I,
)
_CLOCK_OF_DIGITS = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[T\s]+\d\d)(\d\d)(\d\d)?(?!\d)")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+]?\d{1,2})?")
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*(?:([+-])(\d{1,2})(?::?([0-5]\d))?)", re.I)
_NAME_BEHIND = re.compile(r"(?<=\d)\s+[A-Z]{2,5}(?:\s+M=\S+)?$")  # Go prints `+0800 CST m=+0.1`
_ZONE_NAME = re.compile(r"\[([\w/+-]{1,40})\]")
_CLOCK = re.compile(r"\d{1,2}[:时]\d{1,2}.*")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_JAVA = re.compile(
    r"(?:[A-Za-z]{3}\s+)(?P<month>[A-Za-z]{3})\s+(?P<day>\d{1,2})\s+(?P<clock>\d\d:\d\d:\d\d)\s+(?P<zone>\S+)\s+(?P<year>\d{4})"
)
_DAY_MONTH = re.compile(r"(?P<day>\d{1,2})[-\s](?P<month>[A-Za-z]{3})[a-z]*[-\s](?P<year>\d{4})[\s,T]*(?P<rest>.*)", re.S)
_WEEKDAY_DAY = re.compile(r"[A-Za-z]{3},\s*\d{1,2}\s+[A-Za-z]{3}.*")
_OTHER_ORDER = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*", re.S)
ASK = "请写成 2026-09-03T08:00:00+08:00 或 Unix 时间戳"


def when(
    value: object, where: str, zone: timezone = BEIJING, *, about: datetime | None = None, form: str = ""
) -> datetime:
    """A moment as aware UTC. `zone` holds where the value says none; `about` is the moment at which it was received; `form`
    one of FORMS where the column's or field's name says what its bare numbers are. Raises Unreadable (rule `time`)."""
    if isinstance(value, str):
        if len(value) > 18 and value[7] == "-" and value[10] == "T":  # what most send; the same answer as below, only sooner
            try:
                found = datetime.fromisoformat(value)
                return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        return _text(half(value[:80]), value, where, zone, about, form)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value, value, where, zone, about, form)
    raise _strange(value, where)


# Text -----------------------------------------------------------------------------------------------------------------
def _text(
    said: str, value: object, where: str, zone: timezone, about: datetime | None, form: str
) -> datetime:
    if _NUMBER.fullmatch(said):
        compact = _COMPACT.fullmatch(said)
        if compact and "." in said and len(said.partition(".")[0]) == 14 and not form:
            return _of(compact, value, where, zone)
        try:
            return _number(float(said) if not said.isdigit() else int(said), value, where, zone, about, form)
        except OverflowError:
            raise _strange(value, where) from None
    if found := _WRITTEN.fullmatch(_CLOCK_OF_DIGITS.sub(_with_colons, said, count=1)):
        return _of(found, value, where, zone)
    if found := _COMPACT.fullmatch(said):
        return _of(found, value, where, zone)
    return _printed(said, value, where, zone)


def _with_colons(found: re.Match[str]) -> str:
    return ":".join(part for part in found.groups() if part)


def _printed(said: str, value: object, where: str, zone: timezone) -> datetime:
    """The ways of programs: month by its English name."""
    if found := _JAVA.fullmatch(said):
        again = f"{found['year']}-{_month(found['month'], value, where)}-{found['day']} {found['clock']}{found['zone']}"
        return _of(_whole(again, value, where), value, where, zone)
    if found := _DAY_MONTH.fullmatch(said):
        again = f"{found['year']}-{_month(found['month'], value, where)}-{found['day']} {found['rest']}"
        return _of(_whole(again, value, where), value, where, zone)
    if _WEEKDAY_DAY.fullmatch(said):
        try:
            moment = parsedate_to_datetime(said)
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            raise _strange(value, where) from None
    if _CLOCK.fullmatch(said):
        raise Unreadable("time", f"“{where}”只有时刻“{short(value)}”，没有日期；{ASK}")
    if _OTHER_ORDER.fullmatch(said):
        raise Unreadable(
            "time", f"“{where}”的日期“{short(value)}”看不出哪个是年、哪个是月；请把四位的年写在前面，如 2026-09-03 08:00"
        )
    raise _strange(value, where)


def _month(name: str, value: object, where: str) -> int:
    if name.lower() not in _MONTHS:
        raise _strange(value, where)
    return _MONTHS.index(name.lower()) + 1


def _whole(again: str, value: object, where: str) -> re.Match[str]:
    found = _WRITTEN.fullmatch(again)
    if found is None:
        raise _strange(value, where)
    return found


def _of(found: re.Match[str], value: object, where: str, zone: timezone) -> datetime:
    """The moment of a match that has year, month, day, hour …, and what stands behind."""
    part = found.groupdict()
    zone = _zone((part["zone"] or "").strip(), value, where, zone)
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    mark = (part.get("half") or part.get("late") or "").lower().replace(".", "")
    if mark:
        hour = _of_half(hour, mark, value, where)
    micro = round(float(f"0.{part['fraction']}") * 1e6) if part["fraction"] else 0
    try:
        if hour == 24 and (minute, second, micro) == (0, 0, 0):
            moment = datetime(int(part["year"]), int(part["month"]), int(part["day"]), tzinfo=zone) + timedelta(days=1)
        else:
            moment = datetime(int(part["year"]), int(part["month"]), int(part["day"]), hour, minute, second, tzinfo=zone)
        return (moment + timedelta(microseconds=micro)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("time", f"“{where}”没有这样的时刻“{short(value)}”；请核对设备时钟与格式") from None


def _of_half(hour: int, mark: str, value: object, where: str) -> int:
    """The hour of a clock of twelve hours. 下午 15 时 is written too, and means what it says."""
    late = mark in ("pm", "下午", "晚上") or (mark == "中午" and hour < 11)
    if mark in ("am", "pm") and not 1 <= hour <= 12:
        raise Unreadable("time", f"“{where}”没有这样的时刻“{short(value)}”；上午、下午的钟点应是 1–12")
    if hour == 12 and mark in ("am", "上午", "凌晨"):
        return 0
    return hour + 12 if late and hour < 12 else hour


def _zone(said: str, value: object, where: str, zone: timezone) -> timezone:
    """The zone that is written behind a moment; `zone` where nothing is."""
    named = _ZONE_NAME.search(said)
    bare = _ZONE_NAME.sub("", said).strip().upper()
    if not bare:
        if named is None:
            return zone
        bare = named[1].upper()
    if bare in ("Z", "UTC", "GMT", "UTC0", "ETC/UTC"):
        return UTC
    if bare in ("CST", "ASIA/SHANGHAI", "ASIA/CHONGQING", "PRC", "北京时间", "(北京时间)", "(CST)"):
        return BEIJING
    if found := _OFFSET.fullmatch(_NAME_BEHIND.sub("", bare)):
        sign, hours, minutes = found.groups()
        size = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if size <= timedelta(hours=14):
            return timezone(size if sign == "+" else -size)
    raise Unreadable(
        "time", f"“{where}”的时间“{short(value)}”后面的“{short(said)}”看不懂；时区请写成 +08:00 或 Z，北京时间可不写"
    )


# Numbers --------------------------------------------------------------------------------------------------------------
def _number(
    number: float, value: object, where: str, zone: timezone, about: datetime | None, form: str
) -> datetime:
    if form == "excel":
        return _excel(number, value, where, zone)
    if form:
        return _since_1970(number, SCALES[form], value, where)
    size = abs(number)
    scale = 1 if size < 1e11 else 1_000 if size < 1e14 else 1_000_000 if size < 1e17 else 1_000_000_000 if size < 1e20 else None
    if scale is None or number != number:
        raise Unreadable("time", f"“{where}”不像时间戳“{short(value)}”；请用秒、毫秒、微秒或纳秒的 Unix 时间")
    try:
        written = _compact(number, value, where, zone)
        wrong = None
    except Unreadable as err:
        written, wrong = None, err
    if written is None and wrong is None and EXCEL_DAYS[0] <= number <= EXCEL_DAYS[1]:
        day = EXCEL_ZERO + timedelta(days=number)
        raise Unreadable(
            "time",
            f"“{where}”的“{short(value)}”可能是 Excel 的日期序号（{day:%Y-%m-%d %H:%M}），也可能是 1970 年起的秒数；"
            "请在 Excel 里把这一列设为日期格式再导出，或写明年月日",
        )
    counted = _since_1970(number, scale, value, where) if size < 1e11 or written is None else None
    last = LAST if about is None else min(LAST, about + AHEAD)
    if wrong is not None and (counted is None or not FIRST <= counted < last):
        raise wrong
    if written is None or counted is None:
        return written or _since_1970(number, scale, value, where)
    plausible = [moment for moment in (written, counted) if FIRST <= moment < last]
    if len(plausible) == 2:
        raise Unreadable(
            "time",
            f"“{where}”的“{short(value)}”既可能是 {written.astimezone(BEIJING):%Y-%m-%d %H 时}，也可能是时间戳"
            f"（{counted.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}）；请写成 2026-09-03 08:00 这样的文字",
        )
    return plausible[0] if plausible else written


def _compact(number: float, value: object, where: str, zone: timezone) -> datetime | None:
    """The moment that a number spells; None when it has another shape. Of a number with a fraction only one of whole seconds
    spells one. Raises Unreadable where there is no such moment."""
    if not 19_000_101 <= number < 2.2e16:
        return None
    if isinstance(number, float):
        whole, part = divmod(number, 1)
        if part and not 1e13 <= whole < 1e14:
            return None
        said = f"{int(whole)}" + (f".{min(round(part * 1000), 999):03d}" if part else "")
    else:
        said = str(number)
    if len(said.partition(".")[0]) not in (8, 10, 12, 14, 17):
        return None
    found = _COMPACT.fullmatch(said)
    return None if found is None else _of(found, value, where, zone)


def _excel(number: float, value: object, where: str, zone: timezone) -> datetime:
    if not EXCEL_DAYS[0] <= number <= EXCEL_DAYS[1]:
        raise Unreadable("time", f"“{where}”的“{short(value)}”不像 Excel 的日期序号；请核对这一列的含义")
    return (EXCEL_ZERO + timedelta(seconds=round(number * 86400))).replace(tzinfo=zone).astimezone(UTC)


def _since_1970(number: float, scale: int, value: object, where: str) -> datetime:
    try:
        if scale >= 1_000_000:
            return EPOCH + timedelta(microseconds=int(number) // (scale // 1_000_000))
        return EPOCH + timedelta(seconds=number / scale)
    except (ValueError, OverflowError):
        raise Unreadable("time", f"“{where}”不像时间戳“{short(value)}”；请用秒、毫秒、微秒或纳秒的 Unix 时间") from None


def _strange(value: object, where: str) -> Unreadable:
    return Unreadable("time", f"“{where}”看不懂的时间“{short(value)}”；{ASK}")
