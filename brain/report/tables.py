"""The tables of the report, each declared once: page and document print the same `Table`, and nothing else prints rows.

A table is made from a snapshot alone. A cell holds a typed value, the characters that people read (by its column's format,
or as the snapshot has them), and the evidence query behind it. Start at `all_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brain.report import readers, text, theme_tables
from brain.report.cells import BLANK, Cell, Column, Part, Snapshot, Table, table
from brain.report.palette import HOT_SHOWN

SHOWN_REPEATS = 15
MARKS = "甲乙丙丁戊己庚辛"


def all_of(s: Snapshot) -> list[Table]:
    """Every table of a report, in the order of the document."""
    found = [kpis(s), units(s, "towns"), units(s, "departments"), categories(s), repeats(s), hot(s), late(s)]
    return [*found, *theme_tables.tables(s), alerts(s), rules(s)]


# Indicators -----------------------------------------------------------------------------------------------------------
def kpis(s: Snapshot) -> Table:
    columns = (
        Column("label", "指标", 3.2),
        Column("value", "本月（分子/分母）", 3.9, align="right"),
        Column("unit", "单位", 1.3),
        Column("mom", "环比", 2.7),
        Column("yoy", "同比", 2.7),
        Column("target", "目标", 1.8, unit="%"),
        Column("rule", "算式", page_only=True),
    )
    return table(
        "kpis", "指标", columns, s["kpis"], _kpi, key="label", size=9.5, note="目标栏绿色为达到，加粗为未达到；算式与归期规则见附注。"
    )


def _kpi(r: Mapping[str, Any]) -> list[Any]:
    parts: tuple[Part, ...] = ()
    if r["unit"] == "%" and r["bottom"] is not None:
        top, bottom = Part(text.count(r["top"]), r["e"], "soft"), Part(text.count(r["bottom"]), r["e_base"], "soft")
        parts = (Part("（", tone="soft"), top, Part("/", tone="soft"), bottom, Part("）", tone="soft"))
    goal = r["target"]
    return [
        Cell(r["label"], title=r["period_rule"]),
        Cell(r["value"], r["e"], shown=r["text"], after=parts),
        r["unit"], r["mom"], r["yoy"],
        Cell(goal["goal"], shown=goal["text"], tone="met" if goal["met"] else "missed") if goal else BLANK,
        Cell(r["rule"], tone="rule"),
    ]  # fmt: skip


def rules(s: Snapshot) -> Table:
    """How each indicator is counted, by which period rule and by which statement."""
    periods = list(dict.fromkeys(r["period_rule"] for r in s["kpis"]))
    columns = (Column("label", "指标", 3.2), Column("rule", "算式", 8.2), Column("period", "归期", 1.2), Column("statement", "查询", 3.0))

    def line(r: Mapping[str, Any]) -> list[Any]:
        mark = MARKS[periods.index(r["period_rule"])]
        return [r["label"], r["rule"], Cell(r["period_rule"], shown=mark, title=r["period_rule"]), Cell(r["statement"], tone="code")]

    says = "归期：" + "；".join(f"{MARKS[n]} {words}" for n, words in enumerate(periods)) + "。"
    return table("rules", "各指标算式、归期规则与查询", columns, s["kpis"], line, key="label", size=9, note=says)


# Units ----------------------------------------------------------------------------------------------------------------
UNITS = {"towns": "镇街", "departments": "承办单位"}


def units(s: Snapshot, key: str) -> Table:
    found, floor = s[key], floor_of(s[key])
    goal = goal_of(s)
    columns = (
        Column("name", UNITS[key], 2.5),
        Column("registered", "立案", 1.1, align="right", format="count"),
        Column("handle_due", "应处置", 1.3, align="right", format="count"),
        Column("late", "超期", 1.1, align="right", format="count"),
        Column("on_time", "按期处置率 %（95 % 区间）", 3.6, align="right"),
        Column("interval", "95 % 区间", draws="interval", page_only=True, scale=(f"{floor * 100:g}", "100")),
        Column("rework", "返工率", 1.4, unit="%", align="right"),
        Column("return", "退件率", 1.4, unit="%", align="right"),
        Column("score", "评分", 1.2, align="right"),
        Column("rank", "位次", 2.0),
        Column("was", "较上月", page_only=True),
    )
    t = found["total"]
    total = ["合计", t["registered"], t["handle_due"], t["handled_late"] + t["overdue_unhandled"], *[BLANK] * 7]
    return table(
        key, UNITS[key], columns, found["rows"], lambda r: _unit(r, floor, goal), key="name", after=[total], total=True, size=9.5,
        note=f"位次按按期处置率的 95 % 区间排定，区间重叠的不分先后；应处置不足 {found['least']} 件的不参与排名。"
        "评分按评分卡计算，缺的指标不计、其余按比例折算到 100 分。",
    )  # fmt: skip


def floor_of(found: Mapping[str, Any]) -> float:
    """Where the axis of the intervals begins: a twentieth below the lowest one."""
    low = min([r["low"] for r in found["rows"] if r["low"] is not None], default=0.8)
    return int(max(0.0, low - 0.02) * 20) / 20


def goal_of(s: Snapshot) -> float | None:
    return next((r["target"]["goal"] for r in s["kpis"] if r["key"] == "on_time_handle_rate" and r["target"]), None)


def _unit(r: Mapping[str, Any], floor: float, goal: float | None) -> list[Any]:
    late = r["handled_late"] + r["overdue_unhandled"]
    drawn = None
    if r["low"] is not None:
        drawn = {"low": r["low"], "high": r["high"], "value": r["handled_on_time"] / r["handle_due"], "floor": floor,
                 "goal": goal, "says": r["interval_text"]}  # fmt: skip
    around = (Part(f"（{r['interval_text']}）", tone="soft"),) if r["low"] is not None else ()
    return [
        r["name"], Cell(r["registered"], r["e_registered"]), Cell(r["handle_due"], r["e_due"]),
        Cell(late, r["e_late"] if late else None), Cell(r.get("on_time"), shown=r["on_time_text"], after=around), Cell(drawn),
        Cell(r.get("rework"), r["e_reworked"] if r["reworked"] else None, shown=r["rework_text"]),
        Cell(r.get("return"), r["e_returned"] if r["returned"] else None, shown=r["return_text"]),
        Cell(r["score"], shown=r["score_text"]), Cell(r["rank"], shown=r["rank_text"]), r["was_text"],
    ]  # fmt: skip


# Frequent -------------------------------------------------------------------------------------------------------------
def categories(s: Snapshot) -> Table:
    rows = s["categories"]["rows"]
    top = max([max(r["n"], r["last"] or 0) for r in rows if r["key"]] + [1])
    columns = (
        Column("name", "事项", 5.4),
        Column("n", "立案", 2.0, unit="件", align="right", format="count"),
        Column("share", "占比", 2.0, unit="%", align="right"),
        Column("bar", "绿线为上月", draws="bar", page_only=True),
        Column("mom", "环比", 3.1),
        Column("yoy", "同比", 3.1),
    )

    def line(r: Mapping[str, Any]) -> list[Any]:
        return [
            Cell(r["name"], after=(Part("（新进）", tone="soft"),) if r["fresh"] else ()), Cell(r["n"], r["e"]),
            Cell(r["share"], shown=r["share_text"]), Cell({"n": r["n"], "last": r["last"], "top": top} if r["key"] else None),
            r["mom"], r["yoy"],
        ]  # fmt: skip

    total = ["合计", s["categories"]["total"], BLANK, Cell(None), BLANK, BLANK]
    return table("top", "高发事项前十", columns, rows, line, key="name", after=[total], total=True)


def repeats(s: Snapshot) -> Table:
    columns = (
        Column("n", "序", 0.9),
        Column("place", "地点与事项", 6.6),
        Column("times", "次数", 1.3, align="right", format="count"),
        Column("first", "首次", 2.3, format="stamp"),
        Column("last", "末次", 2.3, format="stamp"),
        Column("unit", "主办", 2.2),
    )
    found = s["repeats"]["rows"]
    shown = found[:SHOWN_REPEATS]

    def line(r: Mapping[str, Any]) -> list[Any]:
        return [
            shown.index(r) + 1, f"{r['place']}　{r['name']}", Cell(r["times"], r["e"]), r["first"], r["last"], r["unit"]
        ]  # fmt: skip

    return table(
        "repeats", "重复点位", columns, shown, line, key="name", lost=s["repeats"].get("lost", ()),
        note=readers.says_repeats(s, len(shown)), empty=readers.says_repeats(s, 0),
    )  # fmt: skip


def hot(s: Snapshot) -> Table:
    columns = (
        Column("n", "序", 0.9),
        Column("grid", "综合网格", 8.7),
        Column("reported", "上报", 2.8, unit="件", align="right", format="count"),
        Column("density", "件／平方公里", 3.2, align="right", format="fixed"),
    )
    shown = s["hot"]["hot"][:HOT_SHOWN]

    def line(r: Mapping[str, Any]) -> list[Any]:
        return [shown.index(r) + 1, f"{r['town'] or ''}　{r['name']}", Cell(r["n"], r["e"]), r["per_km2"]]

    return table("hot", "高发网格", columns, shown, line, key="code", lost=s["hot"].get("lost", ()), empty="本月没有高发网格。")


# Late and alerts ------------------------------------------------------------------------------------------------------
def late(s: Snapshot) -> Table:
    o = s["overdue"]
    columns = (
        Column("id", "案卷编号", 3.5),
        Column("title", "事项", 3.7),
        Column("unit", "承办", 1.7),
        Column("due", "期限", 2.2),
        Column("answered", "反馈", 2.2),
        Column("late", "超期", 2.3),
    )

    def line(r: Mapping[str, Any]) -> list[Any]:
        answered = Cell(None, shown="未反馈", tone="strong") if r["open"] else r["answered"]
        return [Cell(r["id"], r["e"]), r["title"], r["unit"], r["due"], answered, r["late_text"]]

    return table("late", "超期清单", columns, o["rows"], line, lost=o.get("lost", ()), size=9, note=readers.says_overdue(s))


def alerts(s: Snapshot) -> Table:
    columns = (
        Column("theme", "主题", 3.0),
        Column("level", "级别", 2.0),
        Column("n", "告警", 2.2, unit="次", align="right", format="count"),
        Column("events", "转案卷", 2.2, align="right", format="count"),
        Column("ack", "确认（中位）", 3.1),
        Column("stood", "持续（中位）", 3.1),
    )

    def line(r: Mapping[str, Any]) -> list[Any]:
        return [r["label"], r["level_text"], r["n"], r["events"], r["ack_text"], r["stood_text"]]

    return table("alerts", "预警与处置", columns, s["alerts"]["rows"], line, key="label", lost=s["alerts"].get("lost", ()))
