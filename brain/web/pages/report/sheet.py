"""The report as a sheet of paper on the screen: sections of html made from a snapshot and from nothing else.

Bars, intervals and clocks are drawn by the page itself (boxes with a width), so that they print sharply and every one of
them can be a link to the cases behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from brain.report import docx, tables, text
from brain.report.cells import Cell, Column, Snapshot, Table
from brain.web.parts.bits import attrs

QUIET: dcc.Graph.Config = {"displayModeBar": False, "staticPlot": False, "responsive": True, "scrollZoom": False}


def link(shown: Any, query: str | None, *, strong: bool = False, title: str | None = None) -> Any:
    """A number that opens the cases behind it; plain text where there is nothing to open."""
    body = html.B(shown) if strong else shown
    if not query or shown in (text.DASH, ""):
        return body
    target = query if query.startswith("#") else f"#e/{query}"
    return html.A(body, href=target, className="n", title=title or "查看依据案卷")


def table(t: Table, name: str = "", note: bool = True) -> list[Any]:
    """A declared table with its note below, or what it says when it has no rows. `name` is a class of its own looks."""
    if not t.rows:
        return [html.P(t.empty)] if t.empty else []
    right = ["r" if column.align == "right" else "" for column in t.columns]
    head = [html.Th(_head(column), className=side) for column, side in zip(t.columns, right, strict=True)]
    last = len(t.rows) - 1
    rows = [
        html.Tr(
            [html.Td(_cell(column, cell), className=side) for column, cell, side in zip(t.columns, row, right, strict=True)],
            className="total" if t.total and n == last else None,
        )
        for n, row in enumerate(t.rows)
    ]
    made = html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)], **attrs({"data-table": t.name}))
    return [html.Div(made, className=f"table {name or t.name}"), *([remark(t.note)] if note and t.note else [])]


def _head(column: Column) -> Any:
    if column.scale is None:
        return column.words
    return [column.words, html.Span([html.Small(end) for end in column.scale], className="scale")]


def _cell(column: Column, cell: Cell) -> Any:
    if column.draws:
        return DRAWN[column.draws](cell.value) if cell.value else ""
    shown = link(cell.shown, cell.e, strong=cell.tone == "strong")
    if cell.tone == "code":
        shown = html.Code(shown)
    elif cell.title or cell.tone in ("met", "missed", "rule"):
        shown = html.Span(shown, className=cell.tone or None, title=cell.title or None)
    if not cell.after:
        return shown
    return [shown, html.Small([link(part.text, part.e) for part in cell.after])]


def section(number: str, title: str, body: Sequence[Any], ident: str) -> html.Section:
    return html.Section([html.H2(f"{number}、{title}"), *body], id=ident)


def remark(words: Any) -> html.P:
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
    parts = [daily(s), *table(tables.kpis(s), note=False), _sources(s)]
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
                **attrs({"aria-label": words}),
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


def _sources(s: Snapshot) -> Any:
    if not s["sources"]["rows"]:
        return None
    parts: list[Any] = ["来源构成："]
    for n, r in enumerate(s["sources"]["rows"]):
        parts += ["、" if n else "", f"{r['name']} ", link(text.count(r["n"]), r["e"]), f" 件（{r['share_text']} %）"]
    return html.P([*parts, "。"])


# Units ----------------------------------------------------------------------------------------------------------------
def units(s: Snapshot, key: str, number: str, title: str) -> html.Section:
    return section(number, title, table(tables.units(s, key), "units"), key)


def interval(drawn: Mapping[str, Any]) -> html.Span:
    """A 95 % interval as a bar from `floor` to 1, its value a dot, the target a line."""
    low, high, value, floor, goal = (drawn[k] for k in ("low", "high", "value", "floor", "goal"))

    def at(x: float) -> str:
        return f"{max(0.0, min(1.0, (x - floor) / (1 - floor))) * 100:.2f}%"

    marks = [
        html.I(className="span", style={"left": at(low), "right": f"calc(100% - {at(high)})"}),
        html.I(className="dot", style={"left": at(value)}),
    ]
    if goal is not None:
        marks.append(html.I(className="goal", style={"left": at(goal)}))
    return html.Span(marks, className="interval", title=f"95 % 区间 {drawn['says']}")


def bar(drawn: Mapping[str, Any]) -> html.Span:
    """A count as a bar against the greatest one, last month's a line."""
    marks = [html.I(className="now", style={"width": f"{drawn['n'] / drawn['top'] * 100:.2f}%"})]
    if drawn["last"] is not None:
        marks.append(html.I(className="then", style={"left": f"{drawn['last'] / drawn['top'] * 100:.2f}%"}))
    return html.Span(marks, className="bar")


DRAWN = {"interval": interval, "bar": bar}
"""Pictures that a column may draw of its values."""


# Frequent -------------------------------------------------------------------------------------------------------------
def frequent(s: Snapshot, figure: dict[str, Any] | None) -> html.Section:
    body = [*table(tables.categories(s)), html.H3("重复点位"), *table(tables.repeats(s)), *_hot(s, figure)]
    return section("五", "高发事项与高发区域", body, "places")


def _hot(s: Snapshot, figure: dict[str, Any] | None) -> list[Any]:
    parts: list[Any] = [html.H3("高发网格")]
    if figure is not None:
        parts.append(html.Figure([dcc.Graph(id="report-map", figure=figure, config=QUIET, className="map"),
                                  html.Figcaption("左：全区；右：高发处放大。网格为示意划分，编号同下表，点编号看案卷。")]))  # fmt: skip
    return parts + table(tables.hot(s))


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
        body += table(tables.late(s))
    return section("六", "超期清单", body, "late")
