"""The report as a sheet of paper on the screen: sections of html made from a snapshot and from nothing else.

Bars, intervals and clocks are drawn by the page itself (boxes with a width), so that they print sharply and every one of
them can be a link to the cases behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import dcc, html

from brain.report import docx, readers, text
from brain.report.palette import HOT_SHOWN

Snapshot = Mapping[str, Any]
QUIET = {"displayModeBar": False, "staticPlot": False, "responsive": True, "scrollZoom": False}


def link(shown: Any, query: str | None, *, strong: bool = False, title: str | None = None) -> Any:
    """A number that opens the cases behind it; plain text where there is nothing to open."""
    body = html.B(shown) if strong else shown
    if not query or shown in (text.DASH, ""):
        return body
    target = query if query.startswith("#") else f"#e/{query}"
    return html.A(body, href=target, className="n", title=title or "查看依据案卷")


def table(
    heads: Sequence[Any],
    rows: Sequence[Sequence[Any]],
    *,
    right: Sequence[int] = (),
    total: bool = False,
    name: str = "",
) -> html.Div:
    """A three-line table; `right` are columns of numbers."""

    def line(cells: Sequence[Any], tag: Any) -> html.Tr:
        return html.Tr([tag(c, className="r" if k in right else "") for k, c in enumerate(cells)])

    body = [line(r, html.Td) for r in rows]
    if total and body:
        body[-1].className = "total"
    return html.Div(html.Table([html.Thead(line(heads, html.Th)), html.Tbody(body)]), className=f"table {name}".strip())


def section(number: str, title: str, body: Sequence[Any], ident: str) -> html.Section:
    return html.Section([html.H2(f"{number}、{title}"), *body], id=ident)


def note(words: Any) -> html.P:
    return html.P(words, className="note")


# Page one -----------------------------------------------------------------------------------------------------------
def head(s: Snapshot) -> html.Header:
    lacking = docx.lacking(s)
    return html.Header(
        [
            html.P(["内部资料", html.B("含模拟数据") if s["simulated"]["n"] else None], className="marks"),
            html.H1(s["title"]),
            html.Div(
                [
                    html.Span(f"{s['issue']} · {s['issuer']}"),
                    html.Span(f"数据截至 {s['cut_text']} · {docx.standing(s)} · 缺：{lacking}"),
                ],
                className="issue",
            ),
            html.Hr(),
            html.P(s["simulated"]["says"] + "。", className="note") if s["simulated"]["says"] else None,
            _restated(s),
        ]
    )


def _restated(s: Snapshot) -> Any:
    if not s.get("restates"):
        return None
    changes = "；".join(f"{r['label']}由 {r['before']} 改为 {r['after']} {r['unit']}" for r in s["restates"])
    return html.P(f"本版更正：{changes}。", className="note restates")


def conclusions(s: Snapshot) -> html.Section:
    items = []
    for c in s["conclusions"]:
        words = [p if isinstance(p, str) else link(p["b"], p["e"], strong=True) for p in c["parts"]]
        items.append(
            html.Li(
                [
                    html.Span(words),
                    " ",
                    html.A(f"{c['link']['text']} ›", href=_target(c["link"]["e"]), className="more"),
                ]
            )
        )
    rows = {r["key"]: r for r in s["kpis"]}
    strip = html.Div([_headline(rows[k]) for k in s["headlines"]], className="strip")
    return section("一", "本月结论", [html.Ol(items, className="says"), strip], "conclusions")


def _target(query: str) -> str:
    return query if query.startswith("#") else f"#e/{query}"


def _headline(r: Mapping[str, Any]) -> html.Div:
    goal = f"目标 {r['target']['text']}" if r["target"] else ""
    colour = r["target"]["colour"] if r["target"] else None
    sign = {"red": "■ 未达标", "yellow": "▲ 未达标", "green": "达标"}.get(colour or "", "")
    return html.Div(
        [
            html.Div([link(r["text"], r["e"], strong=True), html.Small(r["unit"])], className="figure"),
            html.Div(r["label"], className="label"),
            html.Div([html.Span(f"环比 {r['mom']}"), html.Span(f"同比 {r['yoy']}")], className="against"),
            html.Div([goal, html.I(sign, className=f"sign {colour or ''}")], className="goal"),
        ],
        title=f"{r['rule']}；{r['period_rule']}",
    )


# Volume -------------------------------------------------------------------------------------------------------------
def volume(s: Snapshot) -> html.Section:
    parts = [daily(s), _kpis(s), _sources(s)]
    return section("二", "事件总量与闭环", parts, "volume")


def daily(s: Snapshot) -> html.Figure:
    """A pair of bars a day, each day a link; days that stand out carry their number."""
    days = s["daily"]["days"]
    top = max([d["n"] or 0 for d in days] + [d["last"] or 0 for d in days] + [1])
    marked = {int(b["day"][-2:]) for b in s["daily"]["bursts"]}
    bars = []
    for d in days:
        words = f"{d['day']} 日 {text.count(d['n'])} 件，上月同日 {text.count(d['last'])} 件"
        bars.append(
            html.A(
                [
                    html.Span(
                        str(d["n"]) if d["day"] in marked and d["n"] else "",
                        className="mark",
                        style={"bottom": f"{(d['n'] or 0) / top * 100:.2f}%"},
                    ),
                    html.I(style={"height": f"{(d['n'] or 0) / top * 100:.2f}%"}, className="now"),
                    html.I(style={"height": f"{(d['last'] or 0) / top * 100:.2f}%"}, className="then"),
                    html.Small(
                        f"{d['day']} 日"
                        if d["day"] in (1, len(days)) or (d["day"] % 5 == 0 and d["day"] < len(days) - 1)
                        else ""
                    ),
                ],
                href=f"#e/{d['e']}" if d["n"] else None,
                title=words,
                **{"aria-label": words},
            )
        )
    says = [
        html.I(className="now"),
        "本月 ",
        html.I(className="then"),
        f"上月同日；全月上报最多的一天 {text.count(top)} 件为满格",
    ]
    if marked:
        says.append("；标数字的为突增日")
    return html.Figure([html.Div(bars, className="days"), html.Figcaption(says)], className="daily")


def _kpis(s: Snapshot) -> html.Div:
    rows = []
    for r in s["kpis"]:
        parts: Any = ""
        if r["unit"] == "%" and r["bottom"] is not None:
            parts = [link(text.count(r["top"]), r["e"]), " / ", link(text.count(r["bottom"]), r["e_base"])]
        goal = (
            html.Span(r["target"]["text"], className="met" if r["target"]["met"] else "missed") if r["target"] else ""
        )
        rows.append(
            [
                html.Span(r["label"], title=r["period_rule"]),
                link(r["text"], r["e"]),
                r["unit"],
                parts,
                r["mom"],
                r["yoy"],
                goal,
                html.Span(r["rule"], className="rule"),
            ]
        )
    heads = ["指标", "本月", "单位", "分子 / 分母", "环比", "同比", "目标 %", "算式"]
    return table(heads, rows, right=(1, 3), name="kpis")


def _sources(s: Snapshot) -> Any:
    if not s["sources"]["rows"]:
        return None
    parts: list[Any] = ["来源构成："]
    for n, r in enumerate(s["sources"]["rows"]):
        parts += ["、" if n else "", f"{r['name']} ", link(text.count(r["n"]), r["e"]), f" 件（{r['share_text']} %）"]
    return html.P([*parts, "。"])


# Units ----------------------------------------------------------------------------------------------------------------
def units(s: Snapshot, key: str, number: str, title: str) -> html.Section:
    found = s[key]
    label = "镇街" if key == "towns" else "承办单位"
    low = min([r["low"] for r in found["rows"] if r["low"] is not None], default=0.8)
    floor = int(max(0.0, low - 0.02) * 20) / 20
    goal = next((r["target"]["goal"] for r in s["kpis"] if r["key"] == "on_time_handle_rate" and r["target"]), None)
    rows = [_unit(r, floor, goal) for r in found["rows"]]
    t = found["total"]
    late = t["handled_late"] + t["overdue_unhandled"]
    rows.append(
        ["合计", text.count(t["registered"]), text.count(t["handle_due"]), text.count(late), "", "", "", "", "", "", ""]
    )
    scale = html.Span([html.Small(f"{floor * 100:g}"), html.Small("100")], className="scale")
    heads = [
        label,
        "立案",
        "应处置",
        "超期",
        "按期处置率 %",
        ["95 % 区间", scale],
        "返工率 %",
        "退件率 %",
        "评分",
        "位次",
        "较上月",
    ]
    body = [
        table(heads, rows, right=(1, 2, 3, 4, 6, 7, 8, 9), total=True, name="units"),
        note(
            f"位次按按期处置率的 95 % 区间排定，区间重叠的不分先后；应处置不足 {found['least']} 件的不参与排名。竖线为目标"
            f"{' ' + text.rate(goal) + ' %' if goal else ''}。评分按评分卡计算，缺的指标不计、其余按比例折算到 100 分。"
        ),
    ]
    return section(number, title, body, key)


def _unit(r: Mapping[str, Any], floor: float, goal: float | None) -> list[Any]:
    late = r["handled_late"] + r["overdue_unhandled"]
    bar: Any = ""
    if r["low"] is not None:
        bar = interval(r["low"], r["high"], r["handled_on_time"] / r["handle_due"], floor, goal, r["interval_text"])
    return [
        r["name"], link(text.count(r["registered"]), r["e_registered"]), link(text.count(r["handle_due"]), r["e_due"]),
        link(text.count(late), r["e_late"] if late else None), [r["on_time_text"], html.Small(r["half_text"])], bar,
        link(r["rework_text"], r["e_reworked"] if r["reworked"] else None),
        link(r["return_text"], r["e_returned"] if r["returned"] else None), r["score_text"], r["rank_text"], r["was_text"],
    ]  # fmt: skip


def interval(low: float, high: float, value: float, floor: float, goal: float | None, says: str) -> html.Span:
    """A 95 % interval as a bar from `floor` to 1, its value a dot, the target a line."""

    def at(x: float) -> str:
        return f"{max(0.0, min(1.0, (x - floor) / (1 - floor))) * 100:.2f}%"

    marks = [
        html.I(className="span", style={"left": at(low), "right": f"calc(100% - {at(high)})"}),
        html.I(className="dot", style={"left": at(value)}),
    ]
    if goal is not None:
        marks.append(html.I(className="goal", style={"left": at(goal)}))
    return html.Span(marks, className="interval", title=f"95 % 区间 {says}")


# Frequent -------------------------------------------------------------------------------------------------------------
def frequent(s: Snapshot, figure: Mapping[str, Any] | None) -> html.Section:
    rows = s["categories"]["rows"]
    top = max([max(r["n"], r["last"] or 0) for r in rows if r["key"]] + [1])
    lines = []
    for r in rows:
        bar: Any = ""
        if r["key"]:
            marks = [html.I(className="now", style={"width": f"{r['n'] / top * 100:.2f}%"})]
            if r["last"] is not None:
                marks.append(html.I(className="then", style={"left": f"{r['last'] / top * 100:.2f}%"}))
            bar = html.Span(marks, className="bar")
        name = [r["name"], html.Em("新进") if r["fresh"] else None]
        lines.append([name, link(text.count(r["n"]), r["e"]), r["share_text"], bar, r["mom"], r["yoy"]])
    lines.append(["合计", text.count(s["categories"]["total"]), "", "", "", ""])
    heads = ["事项", "立案 件", "占比 %", "绿线为上月", "环比", "同比"]
    body = [table(heads, lines, right=(1, 2), total=True, name="top"), *_repeats(s), *_hot(s, figure)]
    return section("五", "高发事项与高发区域", body, "places")


def _repeats(s: Snapshot) -> list[Any]:
    rows = [
        [
            str(n),
            f"{r['place']}　{r['name']}",
            link(text.count(r["times"]), r["e"]),
            _when(r["first"]),
            _when(r["last"]),
            r["unit"],
        ]
        for n, r in enumerate(s["repeats"]["rows"][:15], 1)
    ]
    if not rows:
        return [html.H3("重复点位"), html.P(readers.says_repeats(s, 0))]
    more = note(readers.says_repeats(s, len(rows)))
    return [
        html.H3("重复点位"),
        table(["序", "地点与事项", "次数", "首次", "末次", "主办"], rows, right=(2,), name="repeats"),
        more,
    ]


def _when(stamp: str) -> str:
    return text.stamp(datetime.fromisoformat(stamp))


def _hot(s: Snapshot, figure: Mapping[str, Any] | None) -> list[Any]:
    rows = [
        [str(n), f"{r['town'] or ''}　{r['name']}", link(text.count(r["n"]), r["e"]), text.fixed(r["per_km2"])]
        for n, r in enumerate(s["hot"]["hot"][:HOT_SHOWN], 1)
    ]
    parts: list[Any] = [html.H3("高发网格")]
    if figure is not None:
        parts.append(html.Figure([dcc.Graph(id="report-map", figure=figure, config=QUIET, className="map"),
                                  html.Figcaption("左：全区；右：高发处放大。网格为示意划分，编号同下表，点编号看案卷。")]))  # fmt: skip
    if rows:
        parts.append(table(["序", "综合网格", "上报 件", "件／平方公里"], rows, right=(2, 3), name="hot"))
    else:
        parts.append(html.P("本月没有高发网格。"))
    return parts


# Late -----------------------------------------------------------------------------------------------------------------
def late(s: Snapshot) -> html.Section:
    o = s["overdue"]
    words = [
        "本月超期 ", link(text.count(o["total"]), o["e"] if o["total"] else None, strong=True), " 件，其中到期末未反馈 ",
        link(text.count(o["open"]), o["e_open"] if o["open"] else None, strong=True), " 件；连同以往月份，期末仍超期未处置 ",
        link(text.count(o["backlog"]), o["e_backlog"] if o["backlog"] else None, strong=True), " 件。",
    ]  # fmt: skip
    body: list[Any] = [html.P(words)]
    if o["of"]:
        top = max([b["done"] + b["open"] for b in o["bins"]] + [1])
        clock = [
            html.Div(
                [
                    html.Span(b["label"]),
                    html.Span(
                        [
                            html.I(className="done", style={"width": f"{b['done'] / top * 100:.2f}%"}),
                            html.I(className="open", style={"width": f"{b['open'] / top * 100:.2f}%"}),
                        ],
                        className="bar",
                    ),
                    link(text.count(b["done"] + b["open"]), b["e"] if b["done"] + b["open"] else None),
                ]
            )
            for b in o["bins"]
        ]
        key = html.Figcaption([html.I(className="done"), "已反馈 ", html.I(className="open"), "期末未反馈（自然时长）"])
        body.append(html.Figure([html.Div(clock, className="clock"), key]))
        rows = [
            [
                link(r["id"], r["e"]),
                r["title"],
                r["unit"],
                r["due"],
                html.B("未反馈") if r["open"] else r["answered"],
                r["late_text"],
            ]
            for r in o["rows"]
        ]
        if rows:
            body.append(table(["案卷编号", "事项", "承办", "期限", "反馈", "超期"], rows, name="late"))
        body.append(note(readers.says_overdue(s)))
    return section("六", "超期清单", body, "late")
