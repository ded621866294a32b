"""The themes of the report, its advice and its notes, as sections of the sheet."""

from __future__ import annotations

from typing import Any

from dash import html

from brain.report import docx, tables, text, theme_tables
from brain.report.cells import Snapshot, Table
from brain.web.pages.report.sheet import link, remark, section, table


def themes(s: Snapshot) -> html.Section:
    body: list[Any] = []
    for key, found in theme_tables.themes_of(s):
        said: list[Any] = []
        for block in theme_tables.blocks(found):
            if isinstance(block, Table):
                said += table(block)
            else:
                said.append(remark(block.text) if block.small else html.P(block.text))
        body.append(html.Div([html.H3(found["label"]), *said], id=f"theme-{key}"))
    if not body:
        body.append(html.P(f"感知数据缺：{docx.lacking(s)}。"))
    if s["alerts"]["rows"]:
        body += [html.H3("预警与处置"), *table(tables.alerts(s))]
    return section("七", "分类专题与预警", body, "themes")


def advice(s: Snapshot) -> html.Section:
    f, o = s["follow_up"], s["outlook"]
    body: list[Any] = []
    if f["listed"]:
        again = link(text.count(f["again"]), "ids=" + ",".join(f["ids"]) if f["ids"] else None, strong=True)
        body.append(
            html.P([f"上月列出重复点位 {f['listed']} 处：本月再次发生 ", again, f" 处，未再发生 {f['quiet']} 处。"])
        )
    items = [
        html.Li(
            [
                a["text"],
                "。",
                html.Small(f"{a['basis']} · {a['who'] or '值班长'}"),
                " ",
                html.A("依据 ›", href=f"#e/{a['e']}", className="more") if a["e"] else None,  # others' cases alone: nowhere to go
            ]
        )
        for a in s["advice"]
    ]
    if items:
        body.append(html.Ol(items, className="advice"))
    words = ([o["says"]] if o.get("says") else []) + ([f"节假日：{'、'.join(o['holidays'])}"] if o["holidays"] else [])
    if words:
        body.append(html.P([html.B(f"下月（{o['label']}）关注　"), "；".join(words), "。"]))
    return section("八", "研判、建议与下月关注", body or [html.P("没有需要特别提出的事项。")], "advice")


def notes(s: Snapshot) -> html.Section:
    w = s["windows"]["this"]
    stamp = (
        f"统计窗口 {w['since']} 至 {w['until']}；案卷 {text.count(s['data']['cases'])} 件、流水 {text.count(s['data']['lines'])} 行；"
        f"数据摘要 {s['data']['digest']}。"
    )
    body = [
        html.Ol([html.Li(n) for n in s["notes"]], className="notes"),
        html.Details(
            [html.Summary("各指标算式、归期规则与查询"), *table(tables.rules(s))],
            open=True,
        ),
        remark(stamp),
    ]
    return html.Section([html.H2("附注"), *body], id="notes")
