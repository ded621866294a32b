"""What the page 接入质量 shows of feeds: the accounts as one line that adds up, workers, the table, the board, drift."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from dash import html

from brain.catalog import Catalog
from brain.flow.measured import mending
from brain.flow.measured.mending import Quality
from brain.sheets import masking
from brain.web.parts import bits
from brain.web.parts.bits import attrs

WINDOWS = {1: "近 2 小时", 24: "近 24 小时", 168: "近 7 天"}
GOOD, POOR = 0.95, 0.8  # a share of at least so much is fine; below so much it is bad
MINUTES = 60
SAMPLE = 900  # characters of a sample message shown
TYPES = {"number": "数", "text": "文字", "bool": "真假"}


def address(**query: Any) -> str:
    """This page with these parameters; empty ones are left out."""
    said = urlencode({k: v for k, v in query.items() if v not in (None, "", 24)})
    return "/intake" + (f"?{said}" if said else "")


# Numbers ---------------------------------------------------------------------------------------------------------------
def number(n: float) -> str:
    return f"{n:,.0f}".replace(",", "\u2009")


def lasting(seconds: float | None) -> str:
    """A time as it is spoken: 0.8 秒, 45 秒, 12 分钟, 3.5 小时, 2 天."""
    if seconds is None:
        return "—"
    if seconds < 120:
        return f"{seconds:.1f} 秒" if seconds < 10 else f"{seconds:.0f} 秒"
    for limit, unit, name in ((7200, 60, "分钟"), (172800, 3600, "小时")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}" if seconds / unit >= 10 else f"{seconds / unit:.1f} {name}"
    return f"{seconds / 86400:.0f} 天"


def share(value: float | None, title: str = "") -> html.Div:
    """A share as a number and a bar; its state in words for those who do not see colours."""
    if value is None:
        return html.Div("—", className="share none", title="还没有可比的数据")
    state, word = ("ok", "正常") if value >= GOOD else ("warn", "偏低") if value >= POOR else ("bad", "差")
    shown = f"{min(value, 1) * 100:.1f}" if value < 0.9995 else "100"
    return html.Div(
        [html.B([shown, html.Small("%")]), html.Span(html.I(style={"width": f"{min(value, 1) * 100:.1f}%"}), className="bar"),
         html.Small(word, className="word") if state != "ok" else None],
        className=f"share {state}", title=title or word,
    )  # fmt: skip


def ago(at: datetime | None, now: datetime) -> html.Span:
    if at is None:
        return html.Span("从未", className="quiet")
    return html.Span(f"{lasting(max((now - at).total_seconds(), 0.0))}前", title=f"{bits.local(at):%Y-%m-%d %H:%M:%S}")


# The line that adds up -------------------------------------------------------------------------------------------------
def accounts(feeds: Sequence[Mapping[str, Any]], workers: Sequence[Mapping[str, Any]]) -> html.Div:
    """收 = 入库 + 重复 + 死信 + 在途, over the feeds that the viewer may see."""
    mine = {f["feed"] for f in feeds}
    flying = sum(n for feed, n in mending.in_flight(workers).items() if feed in mine)
    stored, duplicate, dead = (sum(f[k] for f in feeds) for k in ("stored", "duplicate", "dead"))
    lost = sum(c["lost"] for w in workers for feed, c in w["counts"].items() if feed in mine)
    parts = [
        ("收", sum(f["received"] for f in feeds) + flying + lost, "各接入口收到的读数和拒收，自建库以来", ""),
        ("入库", stored, "存进记录的读数", "="),
        ("重复", duplicate, "同一个读数又来了一次，没有再存", "+"),
        ("死信", dead, "不能入库的，连同原始报文留存；修好的重放以后另计为入库", "+"),
        ("在途", flying, "在内存或溢写文件里等着入库（几秒前的数）", "+"),
    ]
    if lost:
        parts.append(("损失", lost, "溢写文件被磁盘损坏带走的读数；损坏的字节在死信里", "+"))
    shown: list[Any] = []
    for name, n, says, sign in parts:
        if sign:
            shown.append(html.Span(sign, className="sign"))
        shown.append(
            html.Div([html.Span(name), html.B(number(n))], className="term", title=says, **attrs({"data-term": name}))
        )
    off = [f["title"] for f in feeds if not mending.adds_up(f)]
    off += [f"进程 {w['worker']}" for w in workers if not w["adds_up"]]
    verdict = html.P(f"账不平：{'、'.join(off)}；请保留现场并报告", className="verdict bad") if off else html.P(
        "每个接入的账都平：自建库以来收到的每一个读数都有下落。", className="verdict"
    )  # fmt: skip
    return html.Div([html.Div(shown, className="equation"), verdict])


def worker_line(w: Mapping[str, Any]) -> html.Li:
    """One worker: whether it lives, what its doors do, what waits."""
    doors = [
        html.Span(
            f"{name} {'已连' if d['connected'] else '未连 ' + lasting(d['down_s'])}",
            className="" if d["connected"] else "bad",
        )
        for name, d in sorted(w["doors"].items())
    ]
    state = "在岗" if w["alive"] else ("已停" if w["stopped_at"] else "没有心跳")
    spilled = (
        f"溢写待补 {number(w['spill_units'])}（{w['spill_bytes'] / 2**20:.1f} MB）" if w["spill_units"] else "溢写 0"
    )
    return html.Li(
        [
            html.B(f"进程 {w['worker']}"),
            html.Span(state, className="state " + ("ok" if w["alive"] else "quiet" if w["stopped_at"] else "bad")),
            html.Span(f"心跳 {lasting(w['age_s'])}前"),
            *doors,
            html.Span(f"排队 {number(w['queued'])}" + (f"，最久 {lasting(w['waiting_s'])}" if w["queued"] else "")),
            html.Span(spilled, className="bad" if w["spill_units"] else ""),
        ],
        title=f"{w['host']} · pid {w['pid']}",
    )


# The table -------------------------------------------------------------------------------------------------------------
def table(
    feeds: Sequence[Mapping[str, Any]],
    quality: Mapping[str, Quality],
    rates: Mapping[str, Mapping[datetime, Mapping[str, int]]],
    now: datetime,
    hours: int,
) -> html.Div:
    heads = [
        ("接入", ""), ("到报率", "按目录里的上报间隔，应到的到了多少；发得比要求勤的不多算"),
        ("有效率", "入库读数里质量可信的比例"), ("延迟", "收到时间减观测时间：中位数 / 95%"), ("最近一报", ""),
        ("入库", ""), ("重复", ""), ("死信", "历来总数；括号里是还没处理的"), ("近一小时，每分钟", "绿为收，红为死信"),
    ]  # fmt: skip
    rows = []
    for f in feeds:
        q = quality.get(f["feed"], Quality(f["feed"]))
        rows.append(
            html.Tr(
                [
                    html.Th(
                        [html.A(f["title"], href=address(feed=f["feed"], h=hours)), html.Small(f["org_short"] or "—")],
                        scope="row",
                    ),
                    html.Td(share(q.arrival, f"应到 {q.expected:.0f}，到 {q.arrived:.0f}")),
                    html.Td(share(q.validity, f"{q.trusted} / {q.n}")),
                    html.Td([lasting(q.delay(0.5)), html.Small(f" / {lasting(q.delay(0.95))}")], className="n delay"),
                    html.Td(ago(f["last_received_at"], now), className="n"),
                    html.Td(number(f["stored"]), className="n"),
                    html.Td(number(f["duplicate"]), className="n"),
                    html.Td(
                        [number(f["dead"]), html.A(f"（{number(f['letters'])}）", href=address(feed=f["feed"], h=hours) + "#letters")
                         if f["letters"] else None],
                        className="n",
                    ),
                    html.Td(html.Img(src=minutes(rates.get(f["feed"], {}), now), alt="", className="rate")),
                ],
                **attrs({"data-feed": f["feed"]}),
            )
        )  # fmt: skip
    head = html.Thead(
        html.Tr(
            [html.Th(name, title=says, className="n" if 3 <= at <= 7 else "") for at, (name, says) in enumerate(heads)]
        )
    )
    return html.Div(html.Table([head, html.Tbody(rows)]), className="wide feeds")


def minutes(found: Mapping[datetime, Mapping[str, int]], now: datetime) -> str:
    """The last hour, a bar a minute; the running minute is left out."""
    last = now.replace(second=0, microsecond=0)
    steps = [found.get(last - timedelta(minutes=n), {}) for n in range(MINUTES, 0, -1)]
    return bars([(s.get("received", 0), s.get("dead", 0)) for s in steps], 180, 30)


def bars(steps: Sequence[tuple[int, int]], width: int, height: int) -> str:
    """Bars as an SVG address: all in green, the dead ones red at the foot; a step without any is a dash on the line."""
    most, step = max([all_ for all_, _ in steps] or [0]) or 1, width / max(len(steps), 1)
    drawn = []
    for n, (all_, dead) in enumerate(steps):
        x, wide = n * step, max(step - 1, 0.6)
        tall = (height - 2) * all_ / most
        low = max((height - 2) * dead / most, 1.5) if dead else 0.0
        if not all_:
            drawn.append(f'<rect x="{x:.1f}" y="{height - 1}" width="{wide:.1f}" height="1" fill="#B9C4D3"/>')
            continue
        drawn.append(
            f'<rect x="{x:.1f}" y="{height - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="#0E7C6B"/>'
        )
        if dead:
            drawn.append(
                f'<rect x="{x:.1f}" y="{height - low:.1f}" width="{wide:.1f}" height="{low:.1f}" fill="#C0392B"/>'
            )
    return bits.svg(width, height, drawn)


# The board -------------------------------------------------------------------------------------------------------------
def board(feeds: Sequence[Mapping[str, Any]], quality: Mapping[str, Quality], hours: int) -> html.Div:
    """Departments by how well their feeds deliver: arrival times validity, the best first."""
    summed: dict[str, Quality] = {}
    names: dict[str, list[Mapping[str, Any]]] = {}
    for f in feeds:
        if f["org"] and f["feed"] in quality:
            q, own = summed.setdefault(f["org"], Quality(f["org"], f["org_short"] or f["org"])), quality[f["feed"]]
            q.n, q.trusted, q.expected, q.arrived = (
                q.n + own.n, q.trusted + own.trusted, q.expected + own.expected, q.arrived + own.arrived,
            )  # fmt: skip
            q.stations |= own.stations
            q.heard |= own.heard
            names.setdefault(f["org"], []).append(f)
    ranked = sorted(summed.values(), key=lambda q: (-(q.score if q.score is not None else -1), q.title))
    if not ranked:
        return html.Div(html.P("这段时间还没有数据。", className="quiet"), className="board")
    rows = [
        html.Tr(
            [
                html.Td(n, className="rank"),
                html.Th(
                    [
                        q.title,
                        html.Small([html.A(f["title"], href=address(feed=f["feed"], h=hours)) for f in names[q.key]]),
                    ],
                    scope="row",
                ),
                html.Td(share(q.score)),
                html.Td(share(q.arrival)),
                html.Td(share(q.validity)),
                html.Td(f"{len(q.heard)} / {len(q.stations)}", className="n"),
            ],
            **attrs({"data-org": q.key}),
        )
        for n, q in enumerate(ranked, 1)
    ]
    head = html.Tr(
        [
            html.Th(w, className="n" if "/" in w else "")
            for w in ("", "部门", "得分", "到报率", "有效率", "到报站 / 应到站")
        ]
    )
    return html.Div(html.Table([html.Thead(head), html.Tbody(rows)]), className="wide board")


# One feed --------------------------------------------------------------------------------------------------------------
def stations(rows: Sequence[Mapping[str, Any]], catalog: Catalog) -> html.Div:
    """Stations of a feed, the worst first, each with what it sends."""
    summed = mending.summed(rows, "station")
    names = {r["station"]: (r["name"], r["active"]) for r in rows}
    kinds: dict[str, list[str]] = {}
    for r in rows:
        kinds.setdefault(r["station"], []).append(
            catalog.kinds[r["kind"]].label if r["kind"] in catalog.kinds else r["kind"]
        )
    order = sorted(summed.values(), key=lambda q: (q.score if q.score is not None else 2.0, q.key))
    shown = [
        html.Tr(
            [
                html.Th(
                    [names[q.key][0] or q.key, html.Small(q.key + ("" if names[q.key][1] else " · 已停用"))],
                    scope="row",
                ),
                html.Td(share(q.arrival, f"应到 {q.expected:.0f}，到 {q.arrived:.0f}")),
                html.Td(share(q.validity, f"{q.trusted} / {q.n}")),
                html.Td([lasting(q.delay(0.5)), html.Small(f" / {lasting(q.delay(0.95))}")], className="n delay"),
                html.Td(number(q.n), className="n"),
                html.Td("、".join(kinds[q.key]), className="kinds"),
            ]
        )
        for q in order[:300]
    ]
    head = html.Tr(
        [
            html.Th(w, className="n" if w in ("延迟", "入库读数") else "")
            for w in ("测站", "到报率", "有效率", "延迟", "入库读数", "感知量")
        ]
    )
    more = html.P(f"只列出最差的 300 个，共 {len(order)} 个。", className="quiet") if len(order) > 300 else None
    return html.Div([html.Div(html.Table([html.Thead(head), html.Tbody(shown)]), className="wide stations"), more])


# Drift -----------------------------------------------------------------------------------------------------------------
def drifts(rows: Sequence[Mapping[str, Any]], may_change: bool) -> html.Div:
    if not rows:
        return html.Div(html.P("没有未处理的变化。", className="quiet"), className="drifts")
    return html.Div([drift(r, may_change) for r in rows], className="drifts")


def drift(r: Mapping[str, Any], may_change: bool) -> html.Article:
    """此接入 10:05 起报文结构变了: which fields, and a message before and after."""
    before, after = r["fields_before"], r["fields_after"]
    gone, new = [p for p in before if p not in after], [p for p in after if p not in before]
    turned = [p for p in before if p in after and before[p] != after[p]]
    at = bits.local(r["at"])
    words = [html.Li([html.B("少了 "), html.Code(p)]) for p in gone]
    words += [html.Li([html.B("多了 "), html.Code(p), f"（{TYPES[after[p]]}）"]) for p in new]
    words += [html.Li([html.B("变了 "), html.Code(p), f"：{TYPES[before[p]]} → {TYPES[after[p]]}"]) for p in turned]
    button = (
        html.Button("已知悉", id={"type": "intake-drift", "id": r["id"]}, className="quiet")
        if may_change and not r["seen_at"]
        else None
    )
    return html.Article(
        [
            html.Header(
                [
                    html.H3(f"{r['title']}：{at.month} 月 {at.day} 日 {at:%H:%M} 起报文结构变了"),
                    html.Small(r["source"]),
                    button,
                ]
            ),
            html.Ul(words),
            html.Div(
                [
                    html.Figure([html.Figcaption("原来"), html.Pre(sample(r["sample_before"]))]),
                    html.Figure([html.Figcaption(f"{at:%H:%M} 起"), html.Pre(sample(r["sample_after"]))]),
                ],
                className="pair",
            ),
        ],
        className="drift",
    )


def sample(data: bytes) -> str:
    """A message to look at, JSON laid out line by line, numbers of people masked."""
    raw = masking.masked_bytes(bytes(data))
    try:
        said = raw.decode()
    except UnicodeDecodeError:
        said = raw.decode("gb18030", "replace")
    with contextlib.suppress(ValueError):
        said = json.dumps(json.loads(said), ensure_ascii=False, indent=1)
    said = masking.masked(said)
    return said if len(said) <= SAMPLE else said[:SAMPLE] + "…"
