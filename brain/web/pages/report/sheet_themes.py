"""The themes of the report, its advice and its notes, as sections of the sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from brain.report import docx, text
from brain.web.pages.report.sheet import Snapshot, link, note, section, table


def themes(s: Snapshot) -> html.Section:
    found = s["themes"]
    body: list[Any] = []
    for key, made in (
        ("water", _water),
        ("rain", _rain),
        ("drainage", _drainage),
        ("fire", _fire),
        ("cameras", _cameras),
        ("air", _air),
    ):
        if theme := found.get(key):
            body.append(html.Div([html.H3(theme["label"]), *made(theme)], id=f"theme-{key}"))
    if not body:
        body.append(html.P(f"感知数据缺：{docx.lacking(s)}。"))
    body += _alerts(s)
    return section("七", "分类专题与预警", body, "themes")


def _verdict(met: bool | None, good: str, bad: str) -> Any:
    if met is None:
        return text.DASH
    return html.Span(good if met else bad, className="met" if met else "missed")


def _water(t: Mapping[str, Any]) -> list[Any]:
    rows = [
        [
            r["name"],
            r["class_text"],
            r["last_text"],
            r["target_text"],
            _verdict(r["met"], "达标", "未达标"),
            "、".join(r["worst"]) or text.DASH,
            str(r["days"]),
        ]
        for r in t["sections"]
    ]
    parts = (
        [table(["断面", "月均类别", "上月", "目标", "评价", "定类指标", "有数天数"], rows, right=(6,))] if rows else []
    )
    levels = [
        [
            r["name"],
            r["high_text"],
            r["warn_text"],
            _verdict(None if r["over"] is None else not r["over"], "未超", "超警"),
        ]
        for r in t["levels"]
    ]
    if rivers := docx.rivers_say(t):
        parts.append(html.P(rivers))
    if levels:
        parts.append(table(["水位站", "月最高水位", "警戒水位", "评价"], levels, right=(1, 2)))
    return [*parts, note("类别按月均值单因子评价（GB 3838-2002 河流限值，现有指标）。站点数据来源见“关于数据”。")]


def _rain(t: Mapping[str, Any]) -> list[Any]:
    rows = [[r["name"], r["total_text"], r["max_1h_text"], r["max_24h_text"]] for r in t["gauges"]]
    parts = [table(["雨量站", "月雨量 mm", "最大 1 小时 mm", "最大 24 小时 mm"], rows, right=(1, 2, 3))]
    if t["without_total"]:
        parts.append(note("回放速度高于实时的站不计月雨量（“—”）。"))
    return parts


def _drainage(t: Mapping[str, Any]) -> list[Any]:
    rows = [[r["name"], text.count(r["n"]), r["peak_text"], r["depth_text"]] for r in t["places"]]
    return (
        [table(["积水点", "告警 次", "最高级别", "最大水深"], rows, right=(1,))]
        if rows
        else [html.P("本月没有积水告警。")]
    )


def _fire(t: Mapping[str, Any]) -> list[Any]:
    return [
        html.P(
            f"卫星热点 {text.count(t['hotspots'])} 次，涉及 {text.count(t['cells'])} 个监测格，最强 {t['strongest_text']}。"
        )
    ]


def _cameras(t: Mapping[str, Any]) -> list[Any]:
    heard = f"有记录 {text.count(t['heard'])} / {text.count(t['stations'])} 路"
    found: list[Any] = [html.P(f"视频在线率 {t['share_text']} %（环比 {t['mom']}），目标 {t['target_text']} %；{heard}。")]
    if rows := docx.camera_rows(t):
        found.append(table(["单位", "有记录 / 路数", "在线率 %", "完好率 %", "中断 次"], rows, right=(1, 2, 3, 4)))
    if t.get("worst"):
        least = "、".join(f"{r['name']} {r['share_text']} %" for r in t["worst"])
        found.append(html.P(f"在线时间最少：{least}。"))
    if "definition" in t:
        found.append(note(f"{t['definition']}。"))
    return found


def _air(t: Mapping[str, Any]) -> list[Any]:
    words = "、".join(f"{r['word']} {r['days']} 天" for r in t["levels"])
    cause = "、".join(f"{r['label']} {r['days']} 天" for r in t["causes"])
    says = f"有效 {t['valid']} 天，优良 {t['good']} 天，优良率 {t['share_text']} %（环比 {t['mom']}）。"
    return [
        html.P(says + (f"{words}。" if words else "") + (f"首要污染物：{cause}。" if cause else "") + docx.composite_says(t)),
        note("参考数据，未经审核。"),
    ]


def _alerts(s: Snapshot) -> list[Any]:
    rows = [
        [r["label"], r["level_text"], text.count(r["n"]), text.count(r["events"]), r["ack_text"], r["stood_text"]]
        for r in s["alerts"]["rows"]
    ]
    if not rows:
        return []
    return [
        html.H3("预警与处置"),
        table(["主题", "级别", "告警 次", "转案卷", "确认（中位）", "持续（中位）"], rows, right=(2, 3)),
    ]


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
                html.A("依据 ›", href=f"#e/{a['e']}", className="more"),
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
    rows = [[r["label"], r["rule"], r["period_rule"], html.Code(r["statement"])] for r in s["kpis"]]
    stamp = (
        f"统计窗口 {w['since']} 至 {w['until']}；案卷 {text.count(s['data']['cases'])} 件、流水 {text.count(s['data']['lines'])} 行；"
        f"数据摘要 {s['data']['digest']}。"
    )
    body = [
        html.Ol([html.Li(n) for n in s["notes"]], className="notes"),
        html.Details(
            [html.Summary("各指标算式、归期规则与查询"), table(["指标", "算式", "归期", "查询"], rows, name="rules")],
            open=True,
        ),
        note(stamp),
    ]
    return html.Section([html.H2("附注"), *body], id="notes")
