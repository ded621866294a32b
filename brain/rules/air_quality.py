"""Air quality index: HJ 633-2026 from 2026-03-01 (Beijing date), HJ 633-2012 before; limits of GB 3095-2026.

Concentrations in µg/m³, CO in mg/m³. The table is chosen by the date of observation, because a value of the past was
judged by the rule of its day: PM2.5 of 70 is 良 (94) under 2012 and 轻度污染 (110) under 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

IN_FORCE_2026 = date(2026, 3, 1)
FINAL_LIMITS = date(2031, 1, 1)
IAQI = (0, 50, 100, 150, 200, 300, 400, 500)
LEVEL_TOPS = (50, 100, 150, 200, 300)
ADVISED_FROM = 3  # 轻度污染: from this level on people are advised
ITEMS = ("pm25", "pm10", "so2", "no2", "o3", "co")

DAY_2026: dict[str, tuple[float, ...]] = {
    "so2": (0, 50, 150, 475, 800, 1600, 2100, 2620),
    "no2": (0, 40, 80, 180, 280, 565, 750, 940),
    "co": (0, 2, 4, 14, 24, 36, 48, 60),
    "o3": (0, 100, 160, 215, 265, 800),  # daily maximum 8-h mean; above 800 the index is held at 300
    "pm10": (0, 50, 120, 250, 350, 420, 500, 600),
    "pm25": (0, 35, 60, 115, 150, 250, 350, 500),
}
HOUR_2026: dict[str, tuple[float, ...]] = {
    "so2": (0, 150, 500, 650, 800),  # above 800 the index is held at 200
    "no2": (0, 100, 200, 700, 1200, 2340, 3090, 3840),
    "co": (0, 5, 10, 35, 60, 90, 120, 150),
    "o3": (0, 160, 200, 300, 400, 800, 1000, 1200),
    "pm10": DAY_2026["pm10"],  # new in 2026: hourly particles use the daily breakpoints
    "pm25": DAY_2026["pm25"],
}
DAY_2012 = DAY_2026 | {"pm10": (0, 50, 150, 250, 350, 420, 500, 600), "pm25": (0, 35, 75, 115, 150, 250, 350, 500)}
HOUR_2012 = HOUR_2026 | {"pm10": DAY_2012["pm10"], "pm25": DAY_2012["pm25"]}
"""HJ 633-2012 for history. Its rule for hourly SO2 above 800 and O3-8h above 800 falls back to the other period's
value; with one period at hand the index is held at the top of the table, as in 2026."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An index. `aqi` is None when items are missing and the rest does not exceed 100 (to be shown as NA); `level` is
    1–6; `primary` are the 首要污染物 (only above 50, ties together); `by_item` the IAQIs; `standard` the one used."""

    aqi: int | None
    level: int | None
    primary: tuple[str, ...]
    by_item: dict[str, int]
    missing: tuple[str, ...]
    standard: str


def standard_of(day: date) -> str:
    """Which edition judges an observation of that (Beijing) date."""
    return "HJ 633-2026" if day >= IN_FORCE_2026 else "HJ 633-2012"


def table_of(day: date, *, hourly: bool) -> dict[str, tuple[float, ...]]:
    """Breakpoints by item for the date and the period of averaging."""
    if day >= IN_FORCE_2026:
        return HOUR_2026 if hourly else DAY_2026
    return HOUR_2012 if hourly else DAY_2012


def rounded(item: str, value: float) -> Decimal:
    """A concentration as it enters the formula: integers, CO to one decimal, half to even (GB/T 8170)."""
    step = Decimal("0.1") if item == "co" else Decimal(1)
    return Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_EVEN)


def iaqi(item: str, value: float, day: date, *, hourly: bool) -> int:
    """Sub-index of one item: linear between breakpoints, rounded up (HJ 633-2026 §5).

    Above the top of the table 500; O3 8 h above 800 is 300, SO2 1 h above 800 is 200. Raises ValueError below zero.
    """
    if value < 0:
        raise ValueError(f"air_quality: negative concentration of {item}")
    points = table_of(day, hourly=hourly)[item]
    amount = rounded(item, value)
    for number in range(1, len(points)):
        low, high = Decimal(repr(points[number - 1])), Decimal(repr(points[number]))
        if amount <= high:
            index = (IAQI[number] - IAQI[number - 1]) / (high - low) * (amount - low) + IAQI[number - 1]
            return int(_tidy(index).to_integral_value(rounding=ROUND_CEILING))
    return IAQI[len(points) - 1]


def _tidy(index: Decimal) -> Decimal:
    """Decimal division leaves digits at the 28th place; without cutting them a whole result would round up by one."""
    return index.quantize(Decimal("1e-12"), rounding=ROUND_HALF_EVEN)


def judge(
    values: Mapping[str, float], day: date, *, hourly: bool, not_monitored: frozenset[str] = frozenset()
) -> Judged:
    """AQI of a set of concentrations: the worst sub-index (HJ 633-2026 §6).

    Missing items: the index is published only above 100, else it is NA (None); `not_monitored` are items outside the
    monitoring plan that never were a cause here, which may be absent.
    """
    by_item = {item: iaqi(item, values[item], day, hourly=hourly) for item in ITEMS if item in values}
    missing = tuple(item for item in ITEMS if item not in values and item not in not_monitored)
    top = max(by_item.values(), default=0)
    known = bool(by_item) and (not missing or top > 100)
    value = max(1, top) if known else None
    return Judged(
        aqi=value,
        level=level_of(value) if value is not None else None,
        primary=tuple(item for item, index in by_item.items() if index == top) if top > 50 else (),
        by_item=by_item,
        missing=missing,
        standard=standard_of(day),
    )


def level_of(aqi: int) -> int:
    """Level 1–6 of an index (优 … 严重污染)."""
    return next((level for level, top in enumerate(LEVEL_TOPS, 1) if aqi <= top), 6)


LIMITS_2026: dict[tuple[str, str], tuple[tuple[float, float], tuple[float, float]]] = {
    ("so2", "year"): ((20, 60), (20, 20)),
    ("so2", "day"): ((50, 150), (50, 50)),
    ("so2", "hour"): ((150, 500), (150, 150)),
    ("no2", "year"): ((40, 40), (30, 30)),
    ("no2", "day"): ((80, 80), (50, 50)),
    ("no2", "hour"): ((200, 200), (200, 200)),
    ("co", "day"): ((4, 4), (4, 4)),
    ("co", "hour"): ((10, 10), (10, 10)),
    ("o3", "day"): ((100, 160), (100, 160)),
    ("o3", "hour"): ((160, 200), (160, 200)),
    ("pm10", "year"): ((40, 60), (20, 50)),
    ("pm10", "day"): ((50, 120), (50, 100)),
    ("pm25", "year"): ((15, 30), (10, 25)),
    ("pm25", "day"): ((35, 60), (25, 50)),
}
"""GB 3095-2026 by (item, period): limits of class 1 and class 2 zones, until 2030-12-31 and from 2031-01-01."""


def limit_of(item: str, period: str, day: date, *, zone: int = 2) -> float:
    """Concentration limit of GB 3095-2026; `period` is year | day | hour (O3 day: daily maximum 8-h mean).

    Raises KeyError where the standard has none, ValueError for days before it was in force.
    """
    if day < IN_FORCE_2026:
        raise ValueError("GB 3095-2026 适用于 2026-03-01 起的观测")
    return LIMITS_2026[item, period][1 if day >= FINAL_LIMITS else 0][zone - 1]


def composite(means: Mapping[str, float], day: date, *, zone: int = 2) -> float | None:
    """环境空气质量综合指数 (HJ 663) of a period: the sum over the six items of concentration ÷ limit, by the limits in force
    on `day`, the period's last. `means` are period means; of CO the 95th percentile of the day means, of O3 the
    90th percentile of the daily maximum 8-h means. None when an item is missing: a sum of five is no index of six.
    """
    if any(item not in means for item in ITEMS) or day < IN_FORCE_2026:
        return None
    period = {"co": "day", "o3": "day"}  # GB 3095 has no year limit for them
    return round(sum(means[item] / limit_of(item, period.get(item, "year"), day, zone=zone) for item in ITEMS), 2)


def percentile(values: Iterable[float], share: float) -> float | None:
    """The percentile of HJ 663: linear between the ordered values at rank 1 + (n − 1)·share; None without values."""
    ordered = sorted(values)
    if not ordered:
        return None
    at = (len(ordered) - 1) * share
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def good_days(indices: list[int | None]) -> tuple[int, int]:
    """Numerator and denominator of 优良天数比例: days with AQI ≤ 100, valid days."""
    valid = [index for index in indices if index is not None]
    return sum(index <= 100 for index in valid), len(valid)
