"""What people and programs write around a moment, taken away or put into figures so that `times` can read it. Pure.

Asked only where the plain reading failed, so it costs nothing where a moment is written plainly. It decides nothing: what it leaves is
read, or refused, by `times`.
"""

from __future__ import annotations

import re

DAYS = "一二三四五六日"
DOTNET = re.compile(r"\\?/Date\((-?\d{1,18})(?:[+-]\d{4})?\)\\?/")
"""Milliseconds since 1970; the offset behind them only says where it was printed."""

_ENGLISH = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+")
_QUOTES = re.compile(r"""^['"‘’“”`]+|['"‘’“”`]+$""")
_WEEKDAY = re.compile(
    r"[(\[]?\s*(?:(?:星期|礼拜|周)\s*(?P<name>[一二三四五六日天])"
    r"|(?<![A-Za-z])(?P<english>(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs?)?|Fri|Sat(?:ur)?|Sun)(?:day)?)(?![A-Za-z])\.?)\s*[)\]]?,?"
    r"|[(\[]\s*(?P<alone>[一二三四五六日天])\s*[)\]]",
    re.I,
)
_SPACED = re.compile(r"\s*([年月日号时点分秒])\s*")
_FIGURES = re.compile(r"[〇零一二两三四五六七八九十]+(?=[年月日号时点分秒])")
_VALUES = {"〇": 0, "零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "": 0}
_QUARTER = re.compile(r"(?<=[时点])(半|[一三13]刻)")
_QUARTERS = {"半": "30分", "一刻": "15分", "1刻": "15分", "三刻": "45分", "3刻": "45分"}
_EXACTLY = re.compile(r"(?<=[时点分秒\d])(?:钟?整|钟|正)")
_COLON_FRACTION = re.compile(r"(\d:\d\d:\d\d):(\d{3}(?:\d{3})?)(?!\d)")
_REMARK = re.compile(r"([+-]\d\d:?\d\d)\s*\([^()]*\)?$")  # JavaScript names the zone behind its offset


def plainly(said: str) -> tuple[str, int | None]:
    """(the same moment as `times` reads it, the weekday that was named: 0 is Monday)."""
    said = _QUOTES.sub("", _UNSEEN.sub("", said).strip()).strip()
    named = None
    if found := _WEEKDAY.search(said):
        named = weekday(found["name"] or found["alone"] or found["english"])
        said = f"{said[: found.start()]} {said[found.end() :]}".strip()
    said = _FIGURES.sub(_figure, _SPACED.sub(r"\1", said))
    said = _QUARTER.sub(lambda found: _QUARTERS[found[1]], said)
    said = _COLON_FRACTION.sub(r"\1.\2", _EXACTLY.sub("", said).replace("号", "日"))
    return _REMARK.sub(r"\1", said), named


def weekday(name: str) -> int | None:
    """0 for Monday, of 一 or Thu; None where it is none."""
    name = name.strip().replace("天", "日").lower()
    if name in DAYS:
        return DAYS.index(name)
    return _ENGLISH.index(name[:3]) if name[:3] in _ENGLISH else None


def _figure(found: re.Match[str]) -> str:
    said = found[0]
    if "十" not in said:
        return "".join(str(_VALUES[sign]) for sign in said)
    tens, _, ones = said.partition("十")
    if tens not in _VALUES or ones not in _VALUES:
        return said
    return str((_VALUES[tens] or 1) * 10 + _VALUES[ones])
