"""Dead letters on the page 接入质量: groups, the list of one, a letter's raw bytes, and what can be done about it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from brain.catalog import Catalog
from brain.flow.measured import mending as intake
from brain.identity import tcp_stations
from brain.sheets import masking
from brain.web.pages.intake.feeds import address, number
from brain.web.parts import bits

RULES = {
    "station": "测站", "owner": "权属", "credential": "身份", "topic": "主题", "kind": "感知量", "unit": "单位", "column": "列名",
    "decode": "读不出", "shape": "格式", "value": "数值",
    "range": "超量程", "time": "时间", "flag": "标识", "place": "位置", "size": "太大", "store": "库拒收", "fault": "程序出错",
    "feed": "没有此接入", "damage": "溢写损坏",
}  # fmt: skip
"""Short word of each rule that refuses; an unknown one is shown as it is."""
NAMED = {
    "station": re.compile(r"测站 (\S+) 没有登记"),
    "kind": re.compile(r"感知量 (\S+) 不在目录里"),
    "unit": re.compile(r"用了单位“([^”]+)”"),
}
"""Where a reason says which of the sender's words is to be mapped."""
HEX = 2048  # bytes laid out; the text shows all


def named(rule: str, reason: str) -> str:
    """The sender's word in a reason; '' where it is none, or was cut short."""
    found = NAMED[rule].search(reason) if rule in NAMED else None
    return "" if found is None or found[1].endswith("…") else found[1]


def word(rule: str) -> str:
    return RULES.get(rule, rule)


def veiled(said: str, veil: bool) -> str:
    return masking.masked(said) if veil else said


# Groups ----------------------------------------------------------------------------------------------------------------
def groups(rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str], hours: int, veil: bool) -> html.Div:
    """`veil`: numbers of people in the reasons are masked, and a link to one that has any goes to all letters of its rule."""
    if not rows:
        return html.Div(html.P("没有待处理的死信。", className="quiet"), className="groups")
    body = [
        html.Tr(
            [
                html.Td(titles.get(r["feed"], r["feed"]), className="what"),
                html.Td(html.Span(word(r["rule"]), className="rule")),
                html.Td(
                    html.A(
                        said := veiled(r["reason"], veil),
                        href=address(feed=r["feed"], rule=r["rule"], words=said if said == r["reason"] else "", h=hours),
                    ),
                    className="reason",
                ),
                html.Td(number(r["n"]), className="n"),
                html.Td(_between(r), className="n when"),
            ]
        )
        for r in rows
    ]
    head = html.Tr(
        [
            html.Th(w, className="n" if w in ("条数", "首次—末次") else "")
            for w in ("接入", "规则", "原因", "条数", "首次—末次")
        ]
    )
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)]), className="wide groups")


def _between(r: Mapping[str, Any]) -> str:
    first, last = bits.local(r["first_at"]), bits.local(r["last_at"])
    if r["n"] == 1:
        return f"{first:%m-%d %H:%M}"
    return (
        f"{first:%m-%d %H:%M}—{last:%H:%M}"
        if first.date() == last.date()
        else f"{first:%m-%d %H:%M}—{last:%m-%d %H:%M}"
    )


# The list of a group ---------------------------------------------------------------------------------------------------
def listed(rows: Sequence[Mapping[str, Any]], here: Mapping[str, Any], chosen: int | None, veil: bool) -> html.Div:
    """Letters of a group in the order of a replay; the chosen one is marked."""
    body = [
        html.Tr(
            [
                html.Td(html.A(f"#{r['id']}", href=address(**here, letter=r["id"]))),
                html.Td(f"{bits.local(r['received_at']):%m-%d %H:%M:%S}", className="n"),
                html.Td(veiled(r["topic"], veil), className="topic"),
                html.Td(f"{r['bytes']} B", className="n"),
            ],
            className="chosen" if r["id"] == chosen else "",
        )
        for r in rows
    ]
    head = html.Tr(
        [html.Th(w, className="n" if w in ("收到", "大小") else "") for w in ("编号", "收到", "来源", "大小")]
    )
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)]), className="wide letters")


# One letter ------------------------------------------------------------------------------------------------------------
def letter(row: Mapping[str, Any], here: Mapping[str, Any], encoding: str, veil: bool) -> html.Section:
    """Why it was refused, and its bytes as text and in hex, the password of a telemetry station always masked; with `veil` the
    numbers of people in all of it, too."""
    raw = tcp_stations.masked(row["feed"], bytes(row["payload"]))
    if veil:
        raw = masking.masked_bytes(raw)
    tabs = [
        html.A(name, href=address(**here, letter=row["id"], enc=key), className="on" if key == encoding else "")
        for key, name in (("utf8", "UTF-8"), ("gbk", "GBK"))
    ]
    parts = None
    if row["units"] > 1:
        parts = html.Details(
            [
                html.Summary(f"这条报文里共 {row['units']} 处"),
                html.Ul([html.Li(veiled(said, veil)) for said in row["listed"] or [row["reason"]]]),
            ],
            open=len(row["listed"]) <= 8,
        )
    fate = None
    if row["status"] == "replayed":
        fate = html.P("已重放入库。", className="verdict")
    elif row["status"] == "discarded":
        fate = html.P(
            f"{row['discarded_by']} 于 {bits.local(row['discarded_at']):%m-%d %H:%M} 丢弃：{veiled(row['discard_reason'] or '', veil)}",
            className="verdict",
        )
    return html.Section(
        [
            html.H3(f"死信 #{row['id']}"),
            html.P(veiled(row["reason"], veil), className="why"),
            parts,
            fate,
            html.P(
                f"{veiled(row['topic'], veil)} · {len(row['payload'])} 字节 · {bits.local(row['received_at']):%Y-%m-%d %H:%M:%S} 收到",
                className="quiet",
            ),
            html.Div([html.Span("报文"), *tabs], className="tabs"),
            html.Pre(as_text(raw, encoding), className="text"),
            html.Details([html.Summary("十六进制"), html.Pre(as_hex(raw), className="hex")], open=len(raw) <= 512),
        ],
        className="letter",
    )


def as_text(raw: bytes, encoding: str) -> str:
    """The bytes read as text; what cannot be read shows as �, what cannot be printed as ·."""
    said = raw[:16384].decode("gb18030" if encoding == "gbk" else "utf-8", "replace")
    return "".join(c if c.isprintable() or c in "\n\t" else "·" for c in said)


def as_hex(raw: bytes) -> str:
    """Offset, sixteen bytes, and what of them is ASCII."""
    lines = []
    for at in range(0, min(len(raw), HEX), 16):
        row = raw[at : at + 16]
        pairs = " ".join(f"{b:02x}" for b in row)
        lines.append(f"{at:06x}  {pairs:<47}  {''.join(chr(b) if 32 <= b < 127 else '.' for b in row)}")
    if len(raw) > HEX:
        lines.append(f"…… 还有 {len(raw) - HEX} 字节")
    return "\n".join(lines)


# Mending ---------------------------------------------------------------------------------------------------------------
def mending(
    feed: Mapping[str, Any],
    rule: str,
    reason: str,
    n: int,
    chosen: int | None,
    stations: Sequence[Mapping[str, Any]],
    catalog: Catalog,
    mapped: Sequence[Mapping[str, Any]],
) -> html.Section:
    """The three ways out for a group, or for the one letter that is open: say what a word means, replay, discard."""
    what = rule if rule in intake.WHAT else "station"
    suited = [s for s in stations if s["theme"] == feed["theme"]] or list(stations)
    places = [{"label": f"{s['name']}（{s['id']}）", "value": s["id"]} for s in suited if s["active"]]
    kinds = [
        {"label": f"{k.label} {k.key}" + (f"（{k.unit}）" if k.unit else ""), "value": k.key}
        for k in catalog.kinds.values()
    ]
    return html.Section(
        [
            html.Div(
                [
                    html.H3("处理"),
                    dcc.RadioItems(
                        [{"label": f"这一类 {number(n)} 条", "value": "all"}]
                        + ([{"label": f"只这一条 #{chosen}", "value": "one"}] if chosen is not None else []),
                        "all", id="intake-scope", inline=True, className="scope",
                    ),
                ],
                className="row head",
            ),
            html.Div(
                [
                    html.H4("1 对照：对方说的，是我们的哪一个"),
                    html.Div(
                        [
                            dcc.Dropdown(
                                [{"label": w, "value": k} for k, w in intake.WHAT.items()], what, id="intake-what",
                                clearable=False, searchable=False,
                            ),
                            dcc.Input(id="intake-given", value=named(rule, reason), placeholder="对方的写法", maxLength=200),
                            html.Span("是", className="quiet"),
                            dcc.Dropdown(places, id="intake-place", placeholder="选测站"),
                            dcc.Dropdown(kinds, id="intake-kind", placeholder="选感知量"),
                            dcc.Input(id="intake-word", placeholder="我们的写法", maxLength=200),
                        ],
                        className="mapping",
                    ),
                    html.Button("保存对照并重放", id="intake-map", className="button"),
                    _mapped(mapped),
                ]
            ),
            html.Div(
                [
                    html.H4("2 重放：补登测站、修好接入以后，按原来的次序再收一遍"),
                    html.Button("重放", id="intake-replay", className="quiet"),
                ]
            ),
            html.Div(
                [
                    html.H4("3 丢弃：确认无用，原因会记下来"),
                    html.Div(
                        [
                            dcc.Input(id="intake-reason", placeholder="原因，如：设备调试期的测试报文", maxLength=200),
                            html.Button("丢弃", id="intake-discard", className="danger"),
                        ],
                        className="row",
                    ),
                ]
            ),
            html.P("", id="intake-said", className="said", role="status"),
        ],
        className="mending",
    )  # fmt: skip


def _mapped(rows: Sequence[Mapping[str, Any]]) -> html.Details | None:
    if not rows:
        return None
    items = [
        html.Li(
            [
                f"{intake.WHAT[r['what']]} “{r['given']}” 是 {r['meant']}",
                html.Small(f" {r['by']} {bits.local(r['at']):%m-%d %H:%M}"),
            ]
        )
        for r in rows
    ]
    return html.Details([html.Summary(f"已有对照 {len(rows)} 条"), html.Ul(items)])
