"""KPIs: every formula with its words, numerator, denominator and period rule; intervals, fair ranks, comparisons.

Counting is done in SQL from the log; here is what the counts mean and what may be said about them. A zero denominator
gives None, shown as “—”, never 0 % or 100 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, sqrt
from typing import Protocol

Z95 = 1.959963984540054  # two-sided 95 %

BY_REPORT = "按上报时间计入当期"
BY_DEADLINE = "按到期时间计入当期，提前办结的按办结时间计入；作废和批准挂账的案卷不计入分子分母"
BY_RATING = "按评价时间计入当期"
BY_RECORD = "按观测时间计入当期，批准维护时段除外"


@dataclass(frozen=True, slots=True)
class Formula:
    """A named figure. `numerator` and `denominator` are names of counts; `unit` is rate or seconds; `text` is the
    formula as it is printed beside the figure, `period` the rule by which a case belongs to a period."""

    key: str
    label: str
    numerator: str
    denominator: str
    text: str
    period: str
    unit: str = "rate"


def _f(key: str, label: str, numerator: str, denominator: str, text: str, period: str, unit: str = "rate") -> Formula:
    return Formula(key, label, numerator, denominator, text, period, unit)


FORMULAE: dict[str, Formula] = {
    f.key: f
    for f in (
        _f("valid_report_rate", "有效上报率", "valid_reported", "reported", "有效上报数÷上报数", BY_REPORT),
        _f("register_rate", "立案率", "registered", "valid_reported", "立案数÷有效上报数", BY_REPORT),
        _f("on_time_register_rate", "按时立案率", "registered_on_time", "registered", "按时立案数÷立案数", BY_REPORT),
        _f("accurate_register_rate", "准确立案率", "registered_right", "registered", "准确立案数÷立案数", BY_REPORT),
        _f(
            "on_time_dispatch_rate",
            "按时派遣率",
            "dispatched_on_time",
            "dispatch_due",
            "按时派遣数÷应派遣数",
            BY_REPORT,
        ),
        _f(
            "accurate_dispatch_rate",
            "准确派遣率",
            "dispatched_right",
            "dispatch_due",
            "准确派遣数÷应派遣数（准确：未因“不属于本单位职责”退回）",
            BY_REPORT,
        ),
        _f("handle_rate", "处置率", "handled", "handle_due", "处置数÷应处置数", BY_DEADLINE),
        _f("on_time_handle_rate", "按期处置率", "handled_on_time", "handle_due", "按期处置数÷应处置数", BY_DEADLINE),
        _f(
            "overdue_unhandled_rate",
            "超期未处置率",
            "overdue_unhandled",
            "handle_due",
            "超期未处置数÷应处置数",
            BY_DEADLINE,
        ),
        _f("extend_rate", "延期率", "extended", "handle_due", "延期数÷应处置数", BY_DEADLINE),
        _f("rework_rate", "返工率", "reworked", "close_due", "返工数÷应结案数", BY_DEADLINE),
        _f("close_rate", "结案率", "closed", "close_due", "结案数÷应结案数", BY_DEADLINE),
        _f("on_time_close_rate", "按期结案率", "closed_on_time", "close_due", "按期结案数÷应结案数", BY_DEADLINE),
        _f("late_close_rate", "超期结案率", "closed_late", "close_due", "超期结案数÷应结案数", BY_DEADLINE),
        _f("unclosed_rate", "未结案率", "unclosed", "reported", "未结案数÷上报数", BY_REPORT),
        _f("on_time_verify_rate", "按期核实率", "verified_on_time", "verify_due", "按期核实数÷应核实数", BY_REPORT),
        _f("on_time_check_rate", "按期核查率", "checked_on_time", "check_due", "按期核查数÷应核查数", BY_REPORT),
        _f("public_report_rate", "公众举报率", "public_reported", "reported", "公众举报数÷上报数", BY_REPORT),
        _f("satisfied_rate", "满意率", "satisfied", "rated", "（非常满意数＋满意数）÷有效评价数", BY_RATING),
        _f("response_rate", "响应率", "responded", "rated", "及时联系数÷有效评价数", BY_RATING),
        _f("solved_rate", "解决率", "solved", "rated", "已解决数÷有效评价数", BY_RATING),
        _f("return_rate", "退件率", "returned", "dispatch_due", "退件数÷应派遣数", BY_REPORT),
        _f("self_handled_rate", "自行处置率", "self_handled", "reported", "自行处置数÷上报数", BY_REPORT),
        _f("repeat_rate", "重复发生率", "repeated", "reported", "重复点位上报数÷上报数", BY_REPORT),
        _f("patrol_rate", "巡查到位率", "patrols_valid", "patrols_due", "有效巡查次数÷应巡查次数", BY_RECORD),
        _f("camera_online_rate", "视频在线率", "camera_online_s", "camera_due_s", "在线时长÷应在线时长", BY_RECORD),
        _f("data_arrival_rate", "数据到报率", "records_received", "records_due", "收到记录数÷应到记录数", BY_RECORD),
        _f("data_valid_rate", "数据有效率", "records_valid", "records_received", "有效记录数÷收到记录数", BY_RECORD),
        _f(
            "mean_handle_time",
            "平均处置时长",
            "handle_seconds",
            "handled",
            "Σ（反馈时间－派遣时间，按案卷时限类型计）÷处置数",
            BY_DEADLINE,
            "seconds",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A computed KPI: value (share or seconds; None for a zero denominator) and its 95 % interval where it has one."""

    formula: Formula
    numerator: float
    denominator: float
    value: float | None
    low: float | None
    high: float | None

    @property
    def text(self) -> str:
        """As it is printed: one decimal, “—” when there is nothing to divide by."""
        if self.value is None:
            return "—"
        return f"{self.value * 100:.1f}%" if self.formula.unit == "rate" else f"{self.value / 3600:.1f} 小时"


def compute(key: str, counts: Mapping[str, float]) -> Figure:
    """A figure from counts. Raises KeyError for an unknown formula or a missing count."""
    formula = FORMULAE[key]
    numerator, denominator = counts[formula.numerator], counts[formula.denominator]
    value = numerator / denominator if denominator else None
    low, high = (None, None)
    if formula.unit == "rate" and denominator and 0 <= numerator <= denominator:
        low, high = wilson(numerator, denominator)
    return Figure(formula, numerator, denominator, value, low, high)


def wilson(numerator: float, denominator: float, z: float = Z95) -> tuple[float, float]:
    """Wilson score interval of a share, within 0–1. Raises ValueError without cases or outside 0 ≤ n ≤ d."""
    if denominator <= 0 or not 0 <= numerator <= denominator:
        raise ValueError("kpi: an interval needs 0 ≤ numerator ≤ denominator and at least one case")
    share = numerator / denominator
    spread = z * z / denominator
    middle = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / denominator + spread / (4 * denominator)) / (1 + spread)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


# Ranking ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Place:
    """One unit in a ranking; `rank` is None when it has too few cases to be ranked."""

    unit: str
    rank: int | None
    value: float | None
    low: float | None
    high: float | None
    cases: float


def rank(units: Mapping[str, tuple[float, float]], *, better: str, least: int) -> list[Place]:
    """Units by (numerator, denominator), best first; those with fewer than `least` cases follow without a rank.

    A unit's rank is one more than the number of units that are clearly better, their interval lying wholly on the
    better side of its own. Units whose intervals overlap with nobody in between share a rank, and ranks are skipped
    after a tie: a lucky month of a small unit does not beat a solid one of a large unit.
    """
    sign = 1 if better == "high" else -1
    placed: list[Place] = []
    for unit, (numerator, denominator) in units.items():
        low, high = wilson(numerator, denominator) if denominator else (None, None)
        placed.append(Place(unit, None, numerator / denominator if denominator else None, low, high, denominator))
    ranked = [p for p in placed if p.cases >= least and p.value is not None]
    small = [p for p in placed if p not in ranked]

    def clearly_better(a: Place, b: Place) -> bool:
        if a.low is None or a.high is None or b.low is None or b.high is None:
            return False
        return a.low > b.high if sign > 0 else a.high < b.low

    found = [
        Place(p.unit, 1 + sum(clearly_better(other, p) for other in ranked), p.value, p.low, p.high, p.cases)
        for p in ranked
    ]
    found.sort(key=lambda p: (p.rank or 0, -sign * (p.value or 0.0), p.unit))
    return found + sorted(small, key=lambda p: p.unit)


class ScoreLine(Protocol):
    """A line of a score card (`catalog.Weight`)."""

    @property
    def kpi(self) -> str: ...
    @property
    def weight(self) -> float: ...
    @property
    def inverse(self) -> bool: ...


def score(card: Sequence[ScoreLine], values: Mapping[str, float | None]) -> tuple[float | None, tuple[str, ...]]:
    """Points of a score card (0–100) and the KPIs that were missing.

    Missing figures are left out and the rest is scaled to 100, because a department without rated cases is neither praised
    nor blamed for them; None when nothing is there.
    """
    total = weight = 0.0
    missing: list[str] = []
    for line in card:
        value = values.get(line.kpi)
        if value is None:
            missing.append(line.kpi)
            continue
        total += line.weight * (1 - value if line.inverse else value)
        weight += line.weight
    return (round(total / weight * 100, 1) if weight else None), tuple(missing)


# Comparing ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Change:
    """环比 or 同比: `ratio` is None where only counts may be printed; `points` are 百分点 of a rate."""

    text: str
    ratio: float | None = None
    points: float | None = None
    word: str = ""


def change(now: float, before: float | None, *, least: float, flat: float, clear: float) -> Change:
    """Change of a count: (this − last) ÷ last; a base of 0 or below `least` prints counts only.

    Words: `flat` and less 基本持平, from `clear` and at least `least` cases 明显, between 有所.
    """
    if before is None:
        return Change("无对比数据")
    if before < least:
        verb = "增至" if now > before else "减至" if now < before else "持平"
        return Change(f"由 {before:.0f} 件{verb} {now:.0f} 件" if verb != "持平" else f"均为 {now:.0f} 件", word=verb)
    ratio = (now - before) / before
    up = ratio > 0
    if abs(ratio) <= flat:
        word = "基本持平"
    elif abs(ratio) >= clear and abs(now - before) >= least:
        word = "明显上升" if up else "明显下降"
    else:
        word = "有所上升" if up else "有所下降"
    text = f"{'上升' if up else '下降'} {abs(ratio) * 100:.1f}%" if now != before else "持平"
    return Change(text, ratio=ratio, word=word)


def change_of_rate(now: float | None, before: float | None) -> Change:
    """Change of a rate, in 百分点 and never in per cent."""
    if now is None or before is None:
        return Change("无对比数据")
    points = round(now * 100, 1) - round(before * 100, 1)
    points = round(points, 1)
    if points == 0:
        return Change("持平", points=0.0, word="基本持平")
    return Change(f"{'上升' if points > 0 else '下降'} {abs(points):.1f} 个百分点", points=points)


def same_month_last_year(period: str) -> str:
    """`2026-10` → `2025-10`."""
    year, month = period.split("-")
    return f"{int(year) - 1:04d}-{month}"


def previous_month(period: str) -> str:
    """`2026-01` → `2025-12`."""
    year, month = (int(part) for part in period.split("-"))
    return f"{year - 1:04d}-12" if month == 1 else f"{year:04d}-{month - 1:02d}"


def shares(parts: Sequence[float], decimals: int = 1) -> list[float]:
    """Percentages that add up to exactly 100 (largest remainder); all 0 when there is nothing to share."""
    total = sum(parts)
    if not total:
        return [0.0 for _ in parts]
    scale = 10**decimals
    exact = [part / total * 100 * scale for part in parts]
    whole = [floor(value) for value in exact]
    by_rest = sorted(range(len(parts)), key=lambda n: (whole[n] - exact[n], n))
    for number in by_rest[: 100 * scale - sum(whole)]:
        whole[number] += 1
    return [value / scale for value in whole]
