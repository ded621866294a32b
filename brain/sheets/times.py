"""Moments as strangers write them, read by every door alike: messages, sheets and orders. Pure; time is an argument.

Read are, with any width of digits:

- ISO 8601 and its relatives: `2026-09-03T08:00:00+08:00`, `2026/9/3 8:00`, `2026年9月3日8时5分`, a day alone (its midnight);
  fractions of a second after a point or a comma; 上午/下午 and AM/PM; 24:00, which is the next day's 00:00
  (ISO 8601-1 has it again since its amendment of 2022, and reports of water and rain always had it).
- Offsets `Z`, `+08:00`, `+0800`, `+08`, `+8`, with `UTC` or `GMT` before them or alone, `CST` and `[Asia/Shanghai]`. Without one the
  zone that the feed has declared is meant.
- Compact: `20260903`, `2026090308`, `202609030800`, `20260903080000`, these with milliseconds (`20260903080000123`, `….123`), with a T
  between day and hour, as text or as a number.
- What programs print: `Thu Sep 03 08:00:00 CST 2026` (Java), `Thu Sep  3 08:00:00 2026` (C), `Thu, 03 Sep 2026 08:00:00 +0800`
  (RFC 5322), `Thu Sep 03 2026 08:00:00 GMT+0800 (中国标准时间)` (JavaScript), `03-SEP-2026 08:00:00`, `/Date(1788393600000)/` (.NET).
- What people write around it: 星期四 or Thu, which must fit the date, 八时, 8点半, 8时一刻, an apostrophe of Excel, signs nobody sees.
- Seconds, milliseconds, microseconds and nanoseconds since 1970, told apart by size.

Why a bare number may be refused: ten digits such as 2100010108 are an hour (2100-01-01 08:00) and also a second (2036-07-18). Which
one is meant is told by plausibility alone: nobody measures in the future, so a reading that lies far behind `about`, the moment the
message came in, is dropped. Where both remain, the sentence names both and the sender decides. The same holds for the day numbers of
Excel, which look like anything: they are read only where somebody said that the column holds them (`form`).

Why a period is refused: `08:00-09:00` is an hour of measuring in China and nine hours west of Greenwich elsewhere. West of it
is meant where the time has seconds or the T of ISO 8601; else nobody can tell, and one of the two would be 17 hours wrong.

Why 晚上12点 is the end of its day and 夜里12点 is asked back: the evening belongs to the day that ends with it, so who keeps the
book of the shift writes 8点, 10点, 12点 under one date; 夜里, and any hour behind midnight, is said of both nights.

Why CST is China's: the reader stands in a Chinese district, and it is what Java prints there. America's is six hours
behind UTC, and would be seen at once as fourteen hours late.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from brain.city import BEIJING
from brain.sheets import spoken
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

_EVENING = ("晚上", "晚", "夜里", "夜间", "夜晚", "深夜", "半夜", "午夜")
_MORNING = ("上午", "早上", "早晨", "清晨", "早", "凌晨", "am")
_MARKS = rf"(?:{'|'.join((*_EVENING, *_MORNING))}|下午|中午|傍晚|pm|a\.m\.|p\.m\.)"
_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?P<part>[-/.年])(?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?"
    rf"(?:[T\s,_]*(?P<half>{_MARKS})?\s*(?P<hour>\d{{1,2}})(?:[:时点](?P<minute>\d{{1,2}})?"
    rf"(?:[:分](?P<second>\d{{1,2}})(?:[.,](?P<fraction>\d{{1,9}}))?秒?|分)?)?\s*(?P<late>{_MARKS})?)?(?P<zone>.*)",
    re.S | re.I,
)
_COMPACT = re.compile(
    r"(?P<year>(?:19|20|21)\d\d)(?P<month>\d\d)(?P<day>\d\d)"
    r"(?:(?!-(?:19|20|21)\d{6}(?!\d))[T\s_-]?(?P<hour>\d\d|\d(?=:))(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,]?(?P<fraction>\d{1,9}))?)?)?)?"
    r"(?P<zone>\s*(?:Z|UTC|GMT|CST|[+-]\d.*)?(?:\[[\w/]+\])?)",
    re.I,
)
_CLOCK_OF_DIGITS = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[T\s]+\d\d)(\d\d)(\d\d)?(?!\d)")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+]?\d{1,2})?")
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*(?:([+-])(\d{1,2})(?::?([0-5]\d))?)", re.I)
_RFC_ZONE = re.compile(r"\s(CST|[+-]\S*)(?:\s*\(.*)?$")
_NAME_BEHIND = re.compile(r"(?<=\d)\s+[A-Z]{2,5}(?:\s+M=\S+)?$")  # Go prints `+0800 CST m=+0.1`
_ZONE_NAME = re.compile(r"\[([\w/+-]{1,40})\]")
_CLOCK = re.compile(rf"{_MARKS}?\s*\d{{1,2}}(?:[:时点]\d{{1,2}}|[时点]).*", re.S | re.I)
_PERIOD = re.compile(r"\s*-.*|.*[~—–―〜至到].*|\s*/\s*\d.*", re.S)
_LIKE_A_ZONE = re.compile(r"[\[(]?[A-Za-z+-]")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_JAVA = re.compile(
    r"(?P<weekday>[A-Za-z]{3}\s+)?(?P<month>[A-Za-z]{3})\s+(?P<day>\d{1,2})\s+(?P<rest>\d\d:\d\d:\d\d(?:\s+\S+)?)\s+(?P<year>\d{4})"
)
_MONTH_DAY = re.compile(
    r"(?P<month>[A-Za-z]{3})[a-z]*\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})(?![\d:])[\s,T]*(?P<rest>.*)", re.S
)
_DAY_MONTH = re.compile(r"(?P<day>\d{1,2})[-\s](?P<month>[A-Za-z]{3})[a-z]*[-\s](?P<year>\d{4})[\s,T]*(?P<rest>.*)", re.S)
_WEEKDAY_DAY = re.compile(r"[A-Za-z]{3},\s*\d{1,2}\s+[A-Za-z]{3}.*")
_NO_YEAR = re.compile(rf"\d{{1,2}}(?:月\d{{1,2}}日?.*|[-/.]\d{{1,2}}(?:日.*|[\sT]*{_MARKS}?\s*\d{{1,2}}[:时点].*))", re.S | re.I)
_OTHER_ORDER = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*", re.S)
ASK = "请写成 2026-09-03T08:00:00+08:00 或 Unix 时间戳"


def when(
    value: object, where: str, zone: timezone = BEIJING, *, about: datetime | None = None, form: str = ""
) -> datetime:
    """A moment as aware UTC. `zone` holds where the value says none; `about` is the moment at which it was received; `form`
    one of FORMS where the column's or field's name says what its bare numbers are. Raises Unreadable (rule `time`)."""
    if isinstance(value, str):
        if len(value) > 15 and (value[10] == "T" or (value[10] == " " and value[13] == ":" and value[16:17] in ":")):
            try:  # what most send; the same answer as below, only sooner
                found = datetime.fromisoformat(value)
                if value[-6:] == "+08:00" or value[-1] == "Z":
                    return found.astimezone(UTC)
                if found.tzinfo is None:
                    return found.replace(tzinfo=zone).astimezone(UTC)
                if _sound(value[-6:]):
                    return found.astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        try:
            return _text(half(value[:80]), value, where, zone, about, form)
        except Unreadable:
            if found := spoken.DOTNET.fullmatch(value.strip()):
                return _since_1970(int(found[1]), 1_000, value, where)
            said = half(value[:80])
            again, weekday = spoken.plainly(said)
            if again == said:
                raise
        return _text(again, value, where, zone, about, form, weekday)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value, value, where, zone, about, form)
    raise _strange(value, where)


def _sound(tail: str) -> bool:
    """Whether a moment that Python has read ends in an offset that there is: Python takes 99 minutes and 23 hours for one, too."""
    if tail[0] in "+-":
        return tail[1:] <= "14:00" and tail[4:] < "60"
    if tail[1] in "+-":
        return tail[2:] <= "1400" and tail[4:] < "60"
    return tail[3] in "+-" and tail[4:] <= "14"


# Text -----------------------------------------------------------------------------------------------------------------
def _text(
    said: str, value: object, where: str, zone: timezone, about: datetime | None, form: str, weekday: int | None = None
) -> datetime:
    if _NUMBER.fullmatch(said):
        compact = _COMPACT.fullmatch(said)
        if compact and (weekday is not None or ("." in said and len(said.partition(".")[0]) == 14 and not form)):
            return _of(compact, value, where, zone, weekday)
        try:
            return _number(float(said) if not said.isdigit() else int(said), value, where, zone, about, form)
        except OverflowError:
            raise _strange(value, where) from None
    if found := _WRITTEN.fullmatch(_CLOCK_OF_DIGITS.sub(_with_colons, said, count=1)):
        return _of(found, value, where, zone, weekday)
    if found := _COMPACT.fullmatch(said):
        return _of(found, value, where, zone, weekday)
    return _printed(said, value, where, zone, weekday)


def _with_colons(found: re.Match[str]) -> str:
    return ":".join(part for part in found.groups() if part)


def _printed(said: str, value: object, where: str, zone: timezone, weekday: int | None) -> datetime:
    """The ways of programs: month by its English name."""
    if found := _JAVA.fullmatch(said) or _DAY_MONTH.fullmatch(said) or _MONTH_DAY.fullmatch(said):
        again = f"{found['year']}-{_month(found['month'], value, where)}-{found['day']} {found['rest']}"
        if name := found.groupdict().get("weekday"):
            weekday = spoken.weekday(name)
        return _of(_whole(again, value, where), value, where, zone, weekday)
    if _WEEKDAY_DAY.fullmatch(said):
        try:
            moment = parsedate_to_datetime(said)
        except (ValueError, OverflowError, TypeError, IndexError):
            raise _strange(value, where) from None
        if (named := _RFC_ZONE.search(said)) and not (len(named[1]) == 5 and _sound(named[0][:6])):
            raise _strange(value, where)  # Python takes +15 for a quarter of an hour and CST for America's
        _fits(moment, spoken.weekday(said), value, where)
        try:
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise _strange(value, where) from None
    if _CLOCK.fullmatch(said):
        raise Unreadable("time", f"“{where}”只有时刻“{short(value)}”，没有日期；{ASK}")
    if _OTHER_ORDER.fullmatch(said):
        raise Unreadable(
            "time", f"“{where}”的日期“{short(value)}”看不出哪个是年、哪个是月；请把四位的年写在前面，如 2026-09-03 08:00"
        )
    if _NO_YEAR.fullmatch(said):
        raise Unreadable("time", f"“{where}”的“{short(value)}”没有写年份；请把四位的年写在前面，如 2026-09-03 08:00")
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


def _of(found: re.Match[str], value: object, where: str, zone: timezone, weekday: int | None = None) -> datetime:
    """The moment of a match that has year, month, day, hour …, and what stands behind."""
    part = found.groupdict()
    behind = (part["zone"] or "").strip()
    if behind[:1] == "-" and part["second"] is None:
        _no_period(found, behind, value, where)
    zone = _zone(behind, value, where, zone)
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    micro = round(float(f"0.{part['fraction']}") * 1e6) if part["fraction"] else 0
    mark = (part.get("half") or part.get("late") or "").lower().replace(".", "")
    try:
        if mark or weekday is not None:
            day = datetime(int(part["year"]), int(part["month"]), int(part["day"]))
            _fits(day, weekday, value, where)
            hour = _of_half(hour, mark, found, day, value, where) if mark else hour
        if hour == 24 and (minute, second, micro) == (0, 0, 0):
            moment = datetime(int(part["year"]), int(part["month"]), int(part["day"]), tzinfo=zone) + timedelta(days=1)
        else:
            moment = datetime(int(part["year"]), int(part["month"]), int(part["day"]), hour, minute, second, tzinfo=zone)
        return (moment + timedelta(microseconds=micro)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _no_moment(value, where) from None


def _fits(day: date, weekday: int | None, value: object, where: str) -> None:
    if weekday is not None and day.weekday() != weekday:
        raise Unreadable(
            "time", f"“{where}”的“{short(value)}”日期与星期不合（{day:%Y-%m-%d} 是星期{spoken.DAYS[day.weekday()]}）；请核对后改正"
        )


def _no_period(found: re.Match[str], behind: str, value: object, where: str) -> None:
    """Refuse `08:00-09:00`, which is an offset only behind seconds, in the T form, or written otherwise than the clock (`19:00-0500`)."""
    if not _OFFSET.fullmatch(behind):
        return
    if found["hour"] is None:
        raise Unreadable(
            "time",
            f"“{where}”的“{short(value)}”里日期后面的“{behind}”可能是时刻、时区，也可能是到另一天为止；"
            "请写成 2026-09-03 08:00 这样的一个时刻",
        )
    if "T" in found.string[found.end("day") : found.start("hour")].upper():
        return
    if ":" not in behind and len(behind) == 5 and ":" in str(value):
        return
    raise _period(value, where, f"（“{behind}”若是时区，请写成 2026-09-03T08:00:00{behind}）")


def _period(value: object, where: str, more: str = "") -> Unreadable:
    return Unreadable(
        "time", f"“{where}”写的是一段时间“{short(value)}”，不知道取哪一刻；请只写开始或结束的时刻，如 2026-09-03 08:00{more}"
    )


def _of_half(hour: int, mark: str, found: re.Match[str], day: datetime, value: object, where: str) -> int:
    """The hour of a clock of twelve hours, 24 for the end of the day. 下午 15 时 is written too, and means what it says."""
    if mark in ("am", "pm") and not 1 <= hour <= 12:
        raise Unreadable("time", f"“{where}”没有这样的时刻“{short(value)}”；上午、下午的钟点应是 1–12")
    minutes = int(found["minute"] or 0)
    if mark in _EVENING:
        if hour == 12 and mark in ("晚上", "晚") and not minutes and not int(found["second"] or 0):
            return 24
        if hour in (0, 12) or hour < (5 if mark in ("晚上", "晚") else 7):
            clock = f"{hour % 12:02}:{minutes:02}"
            raise Unreadable(
                "time",
                f"“{where}”的“{short(value)}”说的可能是 {day:%Y-%m-%d} {clock}，也可能是过了半夜的 "
                f"{day + timedelta(days=1):%Y-%m-%d} {clock}；请用 24 小时制写明日期和时刻",
            )
    elif mark in _MORNING:
        if hour > 12:
            raise _no_moment(value, where)
        if hour < 12 or mark in ("am", "凌晨"):
            return hour % 12
        if mark == "上午" and ":" in found[0] and (minutes or found["second"]):
            return 0  # Windows and Java print midnight so; people say 中午
        raise Unreadable(
            "time", f"“{where}”的“{short(value)}”可能是 00:{minutes:02}，也可能是 12:{minutes:02}；请用 24 小时制写，如 2026-09-03 12:00"
        )
    elif mark == "中午":
        if not (hour in (1, 2, 3) or 11 <= hour <= 15):
            raise _no_moment(value, where)
        return hour + 12 if hour < 4 else hour
    return hour + 12 if hour < 12 else hour


def _no_moment(value: object, where: str) -> Unreadable:
    return Unreadable("time", f"“{where}”没有这样的时刻“{short(value)}”；请核对设备时钟与格式")


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
    if bare.strip("()") in ("CST", "ASIA/SHANGHAI", "ASIA/CHONGQING", "PRC", "北京时间", "中国标准时间", "CHINA STANDARD TIME"):
        return BEIJING
    if found := _OFFSET.fullmatch(_NAME_BEHIND.sub("", bare)):
        sign, hours, minutes = found.groups()
        size = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if size <= timedelta(hours=14):
            return timezone(size if sign == "+" else -size)
    elif _PERIOD.fullmatch(said):
        raise _period(value, where)
    hint = "时区请写成 +08:00 或 Z，北京时间可不写" if _LIKE_A_ZONE.match(bare) else ASK
    raise Unreadable("time", f"“{where}”的时间“{short(value)}”后面的“{short(said)}”看不懂；{hint}")


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
        day = EXCEL_ZERO + timedelta(minutes=round(number * 1440))
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
