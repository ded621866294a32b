"""River levels and ponded roads: what a level means, whether the water rises, and what a depth does to traffic.

Levels in metres above the station's own datum, depths in centimetres. 设防 < 警戒 < 保证 < 历史最高; the words of
SL 758-2018: blue near the warning level, yellow from 警戒, orange from 保证, red from the highest on record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

MARKS = ("guard", "warning", "guarantee", "highest")
"""设防、警戒、保证、历史最高 (or 堤顶), from low to high."""


def ladder(marks: Mapping[str, float], *, near: float) -> dict[str, float]:
    """Limits by level key from a station's marks; blue begins `near` metres below the warning level, or at 设防.

    Raises ValueError when the marks do not rise in their order.
    """
    known = [(name, marks[name]) for name in MARKS if name in marks]
    if any(low >= high for (_, low), (_, high) in pairwise(known)):
        raise ValueError("flood: 特征水位应满足 设防 < 警戒 < 保证 < 历史最高，请检查该站的水位")
    limits: dict[str, float] = {}
    if "warning" in marks:
        limits["blue"] = marks.get("guard", round(marks["warning"] - near, 3))
        limits["yellow"] = marks["warning"]
    if "guarantee" in marks:
        limits["orange"] = marks["guarantee"]
    if "highest" in marks:
        limits["red"] = marks["highest"]
    return limits


def over(level: float, marks: Mapping[str, float]) -> tuple[str, float] | None:
    """The highest mark reached and by how much: ("warning", 0.8) is “超警戒 0.80 米”; None below all marks."""
    reached = [name for name in MARKS if name in marks and level >= marks[name]]
    return (reached[-1], round(level - marks[reached[-1]], 3)) if reached else None


def trend(
    levels: Sequence[tuple[datetime, float]], *, window: timedelta = timedelta(hours=1), steady: float = 0.02
) -> str | None:
    """`rising` | `falling` | `steady` between the newest level and the one a window ago (practice: 1 h, ±0.02 m).

    `levels` ascend in time. None when no record is near the start of the window, because a gap has no trend.
    """
    if len(levels) < 2:
        return None
    at, value = levels[-1]
    before = [pair for pair in levels[:-1] if at - 2 * window <= pair[0] <= at - window / 2]
    if not before:
        return None
    change = value - min(before, key=lambda pair: abs((pair[0] - (at - window)).total_seconds()))[1]
    return "steady" if abs(change) <= steady else "rising" if change > 0 else "falling"


def rate_per_hour(levels: Sequence[tuple[datetime, float]]) -> float | None:
    """Metres per hour between first and last of the given levels; None for fewer than two instants."""
    if len(levels) < 2 or levels[-1][0] <= levels[0][0]:
        return None
    hours = (levels[-1][0] - levels[0][0]).total_seconds() / 3600
    return (levels[-1][1] - levels[0][1]) / hours
