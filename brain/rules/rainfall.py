"""Rain: grades of GB/T 28592-2012, the two “days” of China, and when short rain is strong. Amounts in mm.

Official 暴雨预警信号 come from the weather service and are never computed here: our own are called 本平台雨情提示.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TypeVar

K = TypeVar("K")

GRADES_12H = (0.1, 5.0, 15.0, 30.0, 70.0, 140.0)
GRADES_24H = (0.1, 10.0, 25.0, 50.0, 100.0, 250.0)
"""Lower edges of 小雨 … 特大暴雨 (GB/T 28592-2012 table 1)."""
STRONG_1H = 20.0  # 短时强降水
VERY_STRONG_1H = 50.0


def grade(amount: float, *, hours: int = 24) -> int:
    """Grade 0–6 (微量 … 特大暴雨) of a 12-h or 24-h amount, rounded to 0.1 mm (GB/T 8170).

    Raises ValueError for other windows, for which the standard has no grades.
    """
    if hours not in (12, 24):
        raise ValueError("rainfall: GB/T 28592-2012 grades 12 h and 24 h only")
    edges = GRADES_12H if hours == 12 else GRADES_24H
    tenths = Decimal(repr(float(amount))).quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN)
    return sum(float(tenths) >= edge for edge in edges)


def strength(amount_1h: float) -> str | None:
    """`strong` from 20 mm/h, `very_strong` from 50 mm/h, else None."""
    return "very_strong" if amount_1h >= VERY_STRONG_1H else "strong" if amount_1h >= STRONG_1H else None


def day_window(moment: datetime, *, starts: int = 8) -> tuple[datetime, datetime]:
    """The rain day that holds `moment` (aware, local zone): 08–08 by default, 20–20 with `starts=20`.

    An amount reported at the hour belongs to the hour before, so the edge itself belongs to the day that ends.
    """
    begin = moment.replace(hour=starts, minute=0, second=0, microsecond=0)
    while begin >= moment:
        begin -= timedelta(days=1)
    while begin + timedelta(days=1) < moment:
        begin += timedelta(days=1)
    return begin, begin + timedelta(days=1)


def sums(
    hourly: Sequence[tuple[datetime, float]], end: datetime, hours: Iterable[int] = (1, 3, 6, 12, 24)
) -> dict[int, float]:
    """Amounts of the last n hours up to `end`, from hourly amounts stamped with the end of their hour."""
    return {n: round(sum(amount for at, amount in hourly if end - timedelta(hours=n) < at <= end), 1) for n in hours}


def tip(amounts: Mapping[int, float], limits: Mapping[int, Mapping[str, float]]) -> tuple[str, int] | None:
    """The worst tip among several windows: (level key, window in hours), or None.

    `limits` by window and level key come from the catalog (practice; windows follow the national signals).
    """
    for level in ("red", "orange", "yellow", "blue"):
        for window, amount in amounts.items():
            if level in limits.get(window, {}) and amount >= limits[window][level]:
                return level, window
    return None


def torrent_limits(
    limits: Mapping[K, float], last_3_days: float, *, wet_from: float, factor: float
) -> dict[K, float]:
    """Limits of a mountain-torrent town: lowered by `factor` when the soil is wet (rain of 3 days ≥ `wet_from`)."""
    return {level: round(limit * factor, 1) if last_3_days >= wet_from else limit for level, limit in limits.items()}
