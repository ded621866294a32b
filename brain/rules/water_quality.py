"""Surface water classes: GB 3838-2002 table 1, single-factor judging, exceed factors, state of a river.

Classes are integers 1 … 5 for Ⅰ … Ⅴ and 6 for 劣Ⅴ; words come from the catalog. Concentrations in mg/L unless the
item says otherwise. Items are keyed like the sensor kinds, so that readings can be handed in as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

WORSE_THAN_V = 6

LIMITS: dict[str, tuple[float, float, float, float, float]] = {
    "dissolved_oxygen": (7.5, 6, 5, 3, 2),
    "codmn": (2, 4, 6, 10, 15),
    "cod": (15, 15, 20, 30, 40),
    "bod5": (3, 3, 4, 6, 10),
    "ammonia": (0.15, 0.5, 1.0, 1.5, 2.0),
    "total_phosphorus": (0.02, 0.1, 0.2, 0.3, 0.4),
    "total_nitrogen": (0.2, 0.5, 1.0, 1.5, 2.0),
    "copper": (0.01, 1.0, 1.0, 1.0, 1.0),
    "zinc": (0.05, 1.0, 1.0, 2.0, 2.0),
    "fluoride": (1.0, 1.0, 1.0, 1.5, 1.5),
    "selenium": (0.01, 0.01, 0.01, 0.02, 0.02),
    "arsenic": (0.05, 0.05, 0.05, 0.1, 0.1),
    "mercury": (0.00005, 0.00005, 0.0001, 0.001, 0.001),
    "cadmium": (0.001, 0.005, 0.005, 0.005, 0.01),
    "chromium6": (0.01, 0.05, 0.05, 0.05, 0.1),
    "lead": (0.01, 0.01, 0.05, 0.05, 0.1),
    "cyanide": (0.005, 0.05, 0.2, 0.2, 0.2),
    "phenol": (0.002, 0.002, 0.005, 0.01, 0.1),
    "petroleum": (0.05, 0.05, 0.05, 0.5, 1.0),
    "anionic_surfactant": (0.2, 0.2, 0.2, 0.3, 0.3),
    "sulfide": (0.05, 0.1, 0.2, 0.5, 1.0),
    "coliform": (200, 2_000, 10_000, 20_000, 40_000),
}
"""Upper limits of classes Ⅰ … Ⅴ (lower limits for dissolved oxygen): GB 3838-2002 table 1, rivers."""

LAKE_LIMITS = {"total_phosphorus": (0.01, 0.025, 0.05, 0.1, 0.2)}
"""Where lakes and reservoirs differ from rivers (GB 3838-2002 table 1, item 总磷)."""

PH_RANGE = (6.0, 9.0)
LOWER_IS_WORSE = frozenset({"dissolved_oxygen"})
NOT_IN_CLASS = frozenset({"water_temp", "total_nitrogen", "coliform"})
"""Reported apart, not part of a section's class (环办〔2011〕22号: 21 of the 24 items)."""
LIMITED = frozenset(LIMITS) | {"ph"}


@dataclass(frozen=True, slots=True)
class Judged:
    """Class of one sample. `worst` are the items that set it, `by_item` the class of each item used, `missing` the
    asked items without a value, `exceed` the factors over the Ⅲ limit (only those above 0)."""

    cls: int
    worst: tuple[str, ...]
    by_item: dict[str, int]
    missing: tuple[str, ...]
    exceed: dict[str, float]


def limits_of(item: str, *, lake: bool = False) -> tuple[float, float, float, float, float]:
    """The five class limits of an item. Raises KeyError for an item without class limits (turbidity, conductivity)."""
    return LAKE_LIMITS[item] if lake and item in LAKE_LIMITS else LIMITS[item]


def item_class(item: str, value: float, *, lake: bool = False) -> int:
    """Class 1–6 of one value.

    GB 3838-2002 §5: a value on a limit belongs to that class; where neighbouring limits are equal the better class is
    taken. pH outside 6–9 counts as 劣Ⅴ (to be reported as “pH 超标”).
    """
    if item == "ph":
        return 1 if PH_RANGE[0] <= value <= PH_RANGE[1] else WORSE_THAN_V
    limits = limits_of(item, lake=lake)
    for cls, limit in enumerate(limits, 1):
        if value >= limit if item in LOWER_IS_WORSE else value <= limit:
            return cls
    return WORSE_THAN_V


def judge(values: Mapping[str, float], *, lake: bool = False, items: Iterable[str] | None = None) -> Judged | None:
    """Single-factor class of a sample: the worst class over the items measured; None when none was measured.

    `values` are concentrations by item; items without a class limit or reported apart are left out. `items` are those
    that were asked for, so that `missing` can say the class is only “按现有指标评价”.
    """
    asked = [item for item in (items if items is not None else values) if item in LIMITED and item not in NOT_IN_CLASS]
    by_item = {item: item_class(item, values[item], lake=lake) for item in asked if item in values}
    if not by_item:
        return None
    cls = max(by_item.values())
    exceed = {item: over for item in by_item if (over := exceed_factor(item, values[item], lake=lake)) > 0}
    return Judged(
        cls=cls,
        worst=tuple(item for item, found in by_item.items() if found == cls),
        by_item=by_item,
        missing=tuple(item for item in asked if item not in values),
        exceed=exceed,
    )


def exceed_factor(item: str, value: float, *, target: int = 3, lake: bool = False) -> float:
    """超标倍数: (C − limit)/limit over the limit of the target class (Ⅲ by default); 0 when within it.

    Not defined for pH, dissolved oxygen and temperature: 0.
    """
    if item in LOWER_IS_WORSE or item not in LIMITS:
        return 0.0
    limit = limits_of(item, lake=lake)[min(target, 5) - 1]
    return max(0.0, round((value - limit) / limit, 6))


def oxygen_saturation(water_temp: float) -> float:
    """Saturated dissolved oxygen, mg/L at 1 atm: 468/(31.6 + T), T in ℃ (HJ 2.3)."""
    return 468 / (31.6 + water_temp)


def river_state(classes: Iterable[int]) -> str | None:
    """Word key of a river with at least five sections: good | fair | light | medium | heavy; None with fewer.

    环办〔2011〕22号: Ⅰ–Ⅲ ≥90 % 优; 75–90 % 良好; <75 % with 劣Ⅴ <20 % 轻度, 20–40 % 中度; <60 % with 劣Ⅴ ≥40 % 重度.
    """
    found = list(classes)
    if len(found) < 5:
        return None
    good = sum(cls <= 3 for cls in found) / len(found)
    bad = sum(cls >= WORSE_THAN_V for cls in found) / len(found)
    if good >= 0.9:
        return "good"
    if good >= 0.75:
        return "fair"
    if good < 0.6 and bad >= 0.4:
        return "heavy"
    return "light" if bad < 0.2 else "medium"
