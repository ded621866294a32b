"""/about 关于数据: what is real, what is 示意, 模拟 or 映射, and how replayed time runs. Everybody may read it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dash import Dash, html

from brain.catalog import Catalog
from brain.identity.people import Person
from brain.store import db
from brain.web.door import access
from brain.web.door.access import Page
from brain.web.pages.wall import top
from brain.web.parts.bits import attrs

PAGE = Page("/about", "关于数据", order=90)
TRUTHS = {
    "真实": "公开来源的原值，只换了坐标系或单位",
    "映射": "别处的真实序列，当作本站的数据播放；站名、位置不是它原来的",
    "模拟": "由写明做法的发生器造出，用来演示流程",
    "示意": "没有公开资料，为演示画出或假定",
}
"""The four kinds of truth, from the firmest down, each with its sentence."""


def layout(person: Person, **_: str) -> html.Div:
    from brain.cities import meijiang

    state = access.here()
    with state.pool.connection() as conn:
        stations = db.many(conn, "web_stations", themes=None)
    sources = meijiang.sources()
    return html.Div(
        [
            html.Header([html.H1("关于数据"), html.Nav(top.light_links(person, state.pages, state.catalog, "about"))]),
            html.Main([_lead(state, sources), _sources(sources), _mapping(stations, state.catalog)]),
        ],
        id="about",
        className="light-page",
    )


def _lead(state: Any, sources: list[dict[str, Any]]) -> html.Section:
    counts = Counter(s["truth"] for s in sources)
    replay = (
        f"实测序列以 {state.settings.replay_speed:g} 倍速回放：原来的一小时，这里只用 {3600 / state.settings.replay_speed:g} 秒。"
        "屏幕上的时间是回放的时间；原序列中缺的数，这里也缺，不补。"
        if state.settings.replay
        else "现在没有回放，屏幕上是各部门正在送来的数据。"
    )
    return html.Section(
        [
            html.P(
                "这里逐项写明屏幕上每一类数据从哪里来、有多可信。判断一件事之前，先看它是真实、映射、模拟还是示意。",
                className="says",
            ),
            html.P(replay),
            html.Div(
                [
                    html.Div(
                        [html.B(truth), html.Span(f"{counts.get(truth, 0)} 项"), html.P(says)],
                        className="truth",
                        **attrs({"data-truth": truth}),
                    )
                    for truth, says in TRUTHS.items()
                ],
                className="truths",
            ),
        ]
    )


def _sources(sources: list[dict[str, Any]]) -> html.Section:
    order = list(TRUTHS)
    rows = sorted(sources, key=lambda s: order.index(s["truth"]) if s["truth"] in order else len(order))
    head = html.Tr([html.Th(w) for w in ("数据", "性质", "来源与做法", "注意", "许可")])
    body = [
        html.Tr(
            [
                html.Td(s["what"], className="what"),
                html.Td(html.Span(s["truth"], className="truth-word", **attrs({"data-truth": s["truth"]}))),
                html.Td(s["source"]),
                html.Td(s.get("caveat", "")),
                html.Td(s.get("licence", "")),
            ]
        )
        for s in rows
    ]
    return html.Section(
        [html.H2("逐项来源"), html.Div(html.Table([html.Thead(head), html.Tbody(body)]), className="wide")]
    )


def _mapping(stations: list[dict[str, Any]], catalog: Catalog) -> html.Section:
    """What stands behind each station, as its own row says; stations that share a sentence are named together."""
    groups: dict[tuple[str, str], list[str]] = {}
    for s in stations:
        groups.setdefault((s["theme"], s["origin"]), []).append(f"{s['name']}（{s['id']}）")
    themes = sorted(catalog.themes.values(), key=lambda t: t.order)
    head = html.Tr([html.Th(w) for w in ("主题", "站点", "数据从哪里来")])
    body = []
    for theme in themes:
        for (key, origin), names in groups.items():
            if key == theme.key:
                shown = "、".join(names[:4]) + (f" 等 {len(names)} {theme.unit}" if len(names) > 4 else "")
                body.append(
                    html.Tr([html.Td(theme.label, className="what"), html.Td(shown), html.Td(origin or "没有说明")])
                )
    return html.Section(
        [html.H2("各站点播放的是什么"), html.Div(html.Table([html.Thead(head), html.Tbody(body)]), className="wide")]
    )


def callbacks(app: Dash) -> None:
    """The page only shows; there is nothing to bind."""
