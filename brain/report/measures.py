"""The indicators of the report, declared: formula, period rule, and which cases stand behind each number.

Formulae as in common use for 数字城管 (有效上报率, 立案率, 按期处置率, 返工率 …); which cases enter a period differs from
city to city, so the rule is declared here and printed beside every number.
"""

from __future__ import annotations

from dataclasses import dataclass

from brain.catalog import Catalog
from brain.report import text

VOLUME = "按上报时间归月"
DEADLINE = "处置期限或提前反馈落在本月的案卷，作废、挂账除外"
STAGE = "该环节在本月办完或到月末仍未办的案卷"
CALL_BACK = "本月作出的有效评价"


@dataclass(frozen=True, slots=True)
class Measure:
    """One indicator. `top` and `bottom` are names of counts (columns of `report_counts` or of the stages); without
    `bottom` it is a plain count. `flag` is the mark of the cases behind the numerator, `base` of those behind the
    denominator."""

    key: str
    label: str
    top: str
    bottom: str | None
    rule: str
    period_rule: str
    flag: str
    base: str | None = None
    unit: str = "%"


MEASURES = (
    Measure("reported", "上报", "reported", None, "上报的案卷", VOLUME, "reported", unit="件"),
    Measure("registered", "立案", "registered", None, "立案且未作废的案卷", VOLUME, "registered", unit="件"),
    Measure("self_handled", "自行处置", "self_handled", None, "网格员当场处置、另计，不进入处置率", VOLUME, "self_handled", unit="件"),
    Measure("valid_report_rate", "有效上报率", "effective", "reported", "有效上报数 ÷ 上报数", VOLUME, "effective", "reported"),
    Measure("register_rate", "立案率", "registered", "registrable", "立案数 ÷ 有效上报数（自行处置除外）", VOLUME, "registered", "registrable"),
    Measure("public_rate", "公众举报率", "public", "reported", "公众举报数 ÷ 上报数", VOLUME, "public", "reported"),
    Measure("unclosed_rate", "未结案率", "unclosed", "reported", "未结案数 ÷ 上报数", VOLUME, "unclosed", "reported"),
    Measure("on_time_register_rate", "按时立案率", "register_ok", "register_all", "按时立案数 ÷ 立案数", STAGE, "register_ok", "register_all"),
    Measure("on_time_dispatch_rate", "按时派遣率", "dispatch_ok", "dispatch_all", "按时派遣数 ÷ 应派遣数", STAGE, "dispatch_ok", "dispatch_all"),
    Measure("on_time_verify_rate", "按期核实率", "verify_ok", "verify_all", "按期核实数 ÷ 应核实数", STAGE, "verify_ok", "verify_all"),
    Measure("on_time_check_rate", "按期核查率", "check_ok", "check_all", "按期核查数 ÷ 应核查数", STAGE, "check_ok", "check_all"),
    Measure("due", "应处置", "due", None, "应处置的案卷", DEADLINE, "due", unit="件"),
    Measure("handle_rate", "处置率", "handled", "due", "处置数 ÷ 应处置数", DEADLINE, "handled", "due"),
    Measure("on_time_handle_rate", "按期处置率", "on_time", "due", "按期处置数 ÷ 应处置数", DEADLINE, "on_time", "due"),
    Measure("overdue_unhandled_rate", "超期未处置率", "overdue", "due", "超期未处置数 ÷ 应处置数", DEADLINE, "overdue", "due"),
    Measure("extend_rate", "延期率", "extended", "due", "延期案卷数 ÷ 应处置数", DEADLINE, "extended", "due"),
    Measure("accurate_dispatch_rate", "准确派遣率", "accurate", "due", "未被退回的案卷数 ÷ 应处置数", DEADLINE, "accurate", "due"),
    Measure("return_rate", "退件率", "returned", "due", "被退回的案卷数 ÷ 应处置数", DEADLINE, "returned", "due"),
    Measure("rework_rate", "返工率", "reworks", "due", "返工次数 ÷ 应结案数（每次返工都计）", DEADLINE, "reworked", "due"),
    Measure("close_rate", "结案率", "closed", "due", "到期末已结案数 ÷ 应结案数", DEADLINE, "closed", "due"),
    Measure("on_time_close_rate", "按期结案率", "closed_on_time", "due", "按期处置并已结案数 ÷ 应结案数", DEADLINE, "closed_on_time", "due"),
    Measure("satisfied_rate", "满意率", "satisfied", "rated", "（非常满意＋满意）÷ 有效评价数", CALL_BACK, "satisfied", "rated"),
)  # fmt: skip
BY_KEY = {m.key: m for m in MEASURES}
HEADLINES = ("registered", "on_time_handle_rate", "close_rate", "rework_rate", "satisfied_rate")
SATISFIED = 4  # of 5: 4 满意, 5 非常满意

Counts = dict[str, int]


def completed(counts: Counts) -> Counts:
    """Counts with those that follow from others."""
    return counts | {
        "registrable": counts["effective"] - counts["self_handled"],
        "accurate": counts["due"] - counts["returned"],
    }


def value_of(measure: Measure, counts: Counts | None) -> float | None:
    """A count, or a share 0–1; None for a window without data or an empty denominator."""
    if counts is None:
        return None
    if measure.bottom is None:
        return counts[measure.top]
    return counts[measure.top] / counts[measure.bottom] if counts[measure.bottom] else None


def row(catalog: Catalog, measure: Measure, now: Counts, last: Counts | None, year: Counts | None) -> dict:
    """One indicator as the snapshot keeps it: value, parts, comparisons as printed, target, formula, evidence."""
    values = [value_of(measure, counts) for counts in (now, last, year)]
    is_rate = measure.bottom is not None
    words = text.Wording.of(catalog)
    change = text.rate_change if is_rate else words.count_change
    target = catalog.targets.get(measure.key)
    return {
        "key": measure.key,
        "label": measure.label,
        "unit": measure.unit,
        "value": values[0],
        "text": text.rate(values[0]) if is_rate else text.count(values[0]),
        "top": now[measure.top],
        "bottom": now[measure.bottom] if measure.bottom else None,
        "last": values[1],
        "last_text": text.rate(values[1]) if is_rate else text.count(values[1]),
        "year": values[2],
        "year_text": text.rate(values[2]) if is_rate else text.count(values[2]),
        "mom": change(values[0], values[1]),
        "yoy": change(values[0], values[2]),
        "target": None
        if target is None
        else {
            "text": f"{'≥' if target.better == 'high' else '≤'} {text.rate(target.goal)}",
            "colour": target.colour(values[0]),
            "met": None
            if values[0] is None
            else values[0] >= target.goal
            if target.better == "high"
            else values[0] <= target.goal,
        },
        "rule": measure.rule,
        "period_rule": measure.period_rule,
        "statement": "report_stages" if measure.period_rule == STAGE else "report_counts",
        "e": f"flag={measure.flag}",
        "e_base": f"flag={measure.base}" if measure.base else None,
    }
