"""How the report writes numbers and changes: one place, so that page, document and test read the same characters.

Rules of common practice for monthly reports: counts are whole, rates have one decimal, a difference of rates is in
百分点, a base of zero or below ten gives counts only, an unknown value is “—” and never 0 % or 100 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from brain.catalog import Catalog
from brain.city import ZONE
from brain.rules import kpi

DASH = "—"
GAP = "\u202f"  # narrow no-break space between groups of three digits
MINUS = "\u2212"
HOLIDAYS = {  # the calendar library's own names
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
}


def count(value: float | None) -> str:
    """`1491` → "1 491"; None → "—"."""
    if value is None:
        return DASH
    return f"{round(value):,}".replace(",", GAP).replace("-", MINUS)


def fixed(value: float | None, decimals: int = 1) -> str:
    """A number with a fixed count of decimals; None → "—"."""
    if value is None:
        return DASH
    text = f"{value:,.{decimals}f}".replace(",", GAP)
    if float(text.replace(GAP, "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def rate(fraction: float | None) -> str:
    """A fraction as per cent with one decimal, without the sign: 0.969 → "96.9"; None → "—"."""
    return fixed(None if fraction is None else fraction * 100, 1)


def signed(value: float, decimals: int = 1) -> str:
    """ "+12.6", "−0.4", "0.0"."""
    text = fixed(value, decimals)
    return text if text.startswith(MINUS) or float(text.replace(GAP, "")) == 0 else f"+{text}"


def rate_change(now: float | None, base: float | None) -> str:
    """Difference of two fractions in 百分点: "+0.8 个百分点"; "—" if either is unknown.

    Taken from the printed rates (`rules.kpi`): the reader subtracts them and must get the printed difference.
    """
    points = kpi.change_of_rate(now, base).points
    return DASH if points is None else f"{signed(points)} 个百分点"


def amount_change(now: float | None, base: float | None, unit: str, decimals: int = 1) -> str:
    """Change of a mean in its own unit: "+0.4 h"; "—" if either is unknown."""
    if now is None or base is None:
        return DASH
    return f"{signed(round(now, decimals) - round(base, decimals), decimals)} {unit}"


@dataclass(frozen=True, slots=True)
class Wording:
    """Practice numbers behind the words of change (catalog/kpi.toml [report]): below a base of `change_min` cases only
    counts are printed; within ±`flat` it is 基本持平; from `clear` on and at least `change_min` cases it is 明显."""

    change_min: float
    flat: float
    clear: float

    @classmethod
    def of(cls, catalog: Catalog) -> Wording:
        return cls(*(catalog.report[k] for k in ("change_min", "flat", "clear")))

    def change(self, now: float, base: float | None) -> kpi.Change:
        return kpi.change(now, base, least=self.change_min, flat=self.flat, clear=self.clear)

    def count_change(self, now: float | None, base: float | None) -> str:
        """Change of a count: "+12.6 %", "由 3 件增至 9 件" on a small base, "—" without a base."""
        if now is None or base is None:
            return DASH
        found = self.change(now, base)
        return found.text if found.ratio is None else f"{signed(found.ratio * 100)} %"

    def trend(self, now: float | None, base: float | None) -> str:
        """明显上升 / 有所上升 / 基本持平 / 有所下降 / 明显下降, or "" without a fair base."""
        if now is None or base is None or base < self.change_min:
            return ""
        return self.change(now, base).word


def local(at: datetime) -> datetime:
    """The same instant on the district's clock."""
    return at.astimezone(ZONE)


def clock(at: datetime | None) -> str:
    """ "11 月 2 日 08:00"."""
    if at is None:
        return DASH
    at = local(at)
    return f"{at.month} 月 {at.day} 日 {at:%H:%M}"


def stamp(at: datetime | None) -> str:
    """ "10-17 08:05", for tables."""
    return DASH if at is None else f"{local(at):%m-%d %H:%M}"


def lasting(span: timedelta | float | None) -> str:
    """A span (seconds or timedelta) in the two units a reader wants: "3 天 4 小时", "2 小时 5 分", "12 分"."""
    if span is None:
        return DASH
    minutes = int((span.total_seconds() if isinstance(span, timedelta) else span) // 60)
    days, rest = divmod(max(minutes, 0), 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} 天 {hours} 小时"
    if hours:
        return f"{hours} 小时 {minutes} 分"
    return f"{minutes} 分"


def month_bounds(period: str) -> tuple[datetime, datetime]:
    """First instant of the month and of the next one, on the district's clock. Raises ValueError with a Chinese
    sentence when `period` is not a month like 2026-10."""
    try:
        year, month = (int(x) for x in period.split("-"))
        start = datetime(year, month, 1, tzinfo=ZONE)
        if len(period) != 7:
            raise ValueError
    except ValueError:
        raise ValueError(f"月份“{period}”写法不对，应为 2026-10 这样的年-月") from None
    return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=ZONE)


def month_label(period: str) -> str:
    """ "2026-10" → "2026 年 10 月"."""
    year, month = (int(x) for x in period.split("-"))
    return f"{year} 年 {month} 月"
