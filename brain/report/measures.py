"""The indicators of the report, in its order: the formulae of `rules.kpi`, and which cases stand behind each number.

A count's name is also the name of the mark that its cases carry in the snapshot, so that every number can be opened.
"""

from __future__ import annotations

from typing import Any

from brain.catalog import Catalog
from brain.report import text
from brain.rules import kpi

COUNTS = {  # plain numbers: label, what is counted
    "reported": ("上报", "上报的案卷"),
    "registered": ("立案", "已立案且未作废的案卷"),
    "self_handled": ("自行处置", "网格员当场处置、另计，不进入立案率和处置率"),
    "handle_due": ("应处置", "应当处置的案卷"),
}
ORDER = (
    "reported", "registered", "self_handled", "valid_report_rate", "register_rate", "public_report_rate", "unclosed_rate",
    "on_time_register_rate", "on_time_dispatch_rate", "accurate_dispatch_rate", "return_rate", "on_time_verify_rate",
    "on_time_check_rate", "handle_due", "handle_rate", "on_time_handle_rate", "overdue_unhandled_rate", "extend_rate",
    "rework_rate", "close_rate", "on_time_close_rate", "mean_handle_time", "satisfied_rate", "response_rate", "solved_rate",
    "repeat_rate",
)  # fmt: skip
HEADLINES = ("registered", "on_time_handle_rate", "close_rate", "rework_rate", "mean_handle_time", "satisfied_rate")
STAGES = {
    "register": "registered_on_time",
    "dispatch": "dispatched_on_time",
    "verify": "verified_on_time",
    "check": "checked_on_time",
}
STAGE_DUE = {"verify": "verify_due", "check": "check_due"}  # stages whose denominator no other count gives
SATISFIED = 4  # of 5: 4 满意, 5 非常满意
NOT_OURS = "不属于本单位职责"  # the return that makes a dispatch inaccurate, in the words of the formula

NOTES = {
    "register_rate": "自行处置另计，不进入分母",
    "rework_rate": "每次返工都计一次",
    "on_time_close_rate": "按期结案：按期反馈并在月末前核查结案",
    "mean_handle_time": "期限减去反馈时剩余，挂账不计",
    "repeat_rate": "重复点位见第四节",
}
Counts = dict[str, float]


def completed(counts: Counts) -> Counts:
    """Counts with those that other names of the formulae stand for. 应结案 are the same cases as 应处置."""
    return counts | {"close_due": counts["handle_due"]}


def marks(key: str) -> tuple[str, str | None]:
    """(mark of the cases in the numerator, mark of those in the denominator) of an indicator."""
    if key in COUNTS:
        return key, None
    formula = kpi.FORMULAE[key]
    top = "handled" if formula.unit == "seconds" else formula.numerator
    bottom = {"close_due": "handle_due"}.get(formula.denominator, formula.denominator)
    return top, bottom


def figure_of(key: str, counts: Counts) -> kpi.Figure:
    """A figure of `rules.kpi` from the counts of a window."""
    if key == "register_rate":
        counts = counts | {"valid_reported": counts["valid_reported"] - counts["self_handled"]}
    return kpi.compute(key, counts)


def row(catalog: Catalog, key: str, now: Counts, last: Counts | None, year: Counts | None) -> dict[str, Any]:
    """One indicator as the snapshot keeps it: value, parts, comparisons as printed, target, formula, evidence."""
    words = text.Wording.of(catalog)
    top_mark, bottom_mark = marks(key)
    target = catalog.targets.get(key)
    made: dict[str, Any] = {
        "key": key,
        "statement": "report_stages" if top_mark in STAGES.values() else "report_counts",
        "e": f"flag={top_mark}",
        "e_base": f"flag={bottom_mark}" if bottom_mark else None,
    }
    if key in COUNTS:
        label, rule = COUNTS[key]
        period = kpi.BY_DEADLINE if key == "handle_due" else kpi.BY_REPORT
        counted = [None if counts is None else counts[key] for counts in (now, last, year)]
        return made | _compared(counted, "件", text.count, words.count_change) | {
            "label": label, "rule": rule, "period_rule": period, "top": counted[0], "bottom": None, "target": None,
        }  # fmt: skip
    figure = figure_of(key, now)
    values = [None if counts is None else figure_of(key, counts).value for counts in (now, last, year)]
    if figure.formula.unit == "seconds":
        hours = [None if v is None else v / 3600 for v in values]
        shown = _compared(hours, "小时", text.fixed, lambda a, b: text.amount_change(a, b, "小时"))
    else:
        shown = _compared(values, "%", text.rate, text.rate_change)
    rule = figure.formula.text + (f"（{NOTES[key]}）" if key in NOTES else "")
    return made | shown | {
        "label": figure.formula.label, "rule": rule, "period_rule": figure.formula.period,
        "top": figure.numerator if figure.formula.unit == "rate" else None, "bottom": figure.denominator,
        "low": figure.low, "high": figure.high, "target": _target(target, figure.value),
    }  # fmt: skip


def _compared(values: list[float | None], unit: str, shown: Any, change: Any) -> dict[str, Any]:
    now, last, year = values
    return {
        "unit": unit, "value": now, "text": shown(now), "last": last, "last_text": shown(last), "year": year,
        "year_text": shown(year), "mom": change(now, last), "yoy": change(now, year),
    }  # fmt: skip


def _target(target: Any, value: float | None) -> dict[str, Any] | None:
    if target is None:
        return None
    high = target.better == "high"
    met = None if value is None else (value >= target.goal if high else value <= target.goal)
    goal = text.rate(target.goal)
    return {
        "text": f"{'≥' if high else '≤'} {goal}",
        "goal_text": goal,
        "goal": target.goal,
        "colour": target.colour(value),
        "met": met,
    }
