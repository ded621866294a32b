"""Times in the words people use, in Beijing time: the same sentences as `field/words.js`, which must be able to say
them without a network. `tests/web` holds the two against each other."""

from __future__ import annotations

from datetime import datetime

from brain.city import ZONE

_DAYS = {-1: "昨天 ", 0: "今天 ", 1: "明天 "}


def _span(minutes: int) -> str:
    if minutes < 60:
        return f"{minutes} 分钟"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} 小时 {rest} 分" if rest else f"{hours} 小时"
    days, rest = divmod(hours, 24)
    return f"{days} 天 {rest} 小时" if rest else f"{days} 天"


def moment(at: datetime, now: datetime) -> str:
    """`今天 17:30`, `明天 09:00`, `9月8日 17:30`; with the year when it is another one."""
    at, now = at.astimezone(ZONE), now.astimezone(ZONE)
    if day := _DAYS.get((at.date() - now.date()).days):
        return f"{day}{at:%H:%M}"
    year = "" if at.year == now.year else f"{at.year}年"
    return f"{year}{at.month}月{at.day}日 {at:%H:%M}"


def left(due: datetime | None, now: datetime) -> str:
    """Time left or overdue: `剩 24 分钟`, `超 12 分钟`, from four hours on the moment itself: `今天 17:30 前`."""
    if due is None:
        return "未定时限"
    seconds = (due - now).total_seconds()
    if seconds < 0:
        return f"超 {_span(max(1, int(-seconds // 60)))}"
    minutes = int(seconds // 60)
    if minutes < 1:
        return "剩不到 1 分钟"
    return f"剩 {_span(minutes)}" if minutes < 240 else f"{moment(due, now)} 前"
