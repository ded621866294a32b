"""Head of the wall: title, what is replayed and what is simulated, links, who is logged in, the time."""

from __future__ import annotations

from dash import html

from brain.catalog import Catalog
from brain.city import HERE
from brain.identity.people import Person
from brain.settings import Settings
from brain.web.door.access import Page, home_of
from brain.web.parts.bits import attrs

PURPOSE = {"about": "关于数据", "report": "月报"}


def header(person: Person, pages: dict[str, Page], settings: Settings, catalog: Catalog, here: str) -> html.Header:
    """`pages` by name, `here` is the name of the page that is open."""
    links = [
        html.A(PURPOSE.get(name, page.title), href=page.path)
        for name, page in sorted(pages.items(), key=lambda item: (item[1].order, item[0]))
        if name != here and not page.plain and page.on_wall and page.lets(person.role, catalog)
    ]
    return html.Header(
        [
            html.H1(f"{HERE.name}城市运行态势"),
            html.Span(replay_words(settings), className="chip", title="哪些是真实数据、哪些是映射或模拟，见“关于数据”")
            if settings.replay
            else None,
            html.Span(id="wall-line", className="line-state"),
            html.Nav([*links, html.Button("快捷键 ?", **attrs({"data-do": "help"}))]),
            html.Div(
                [
                    html.Small(catalog.words.of("role", person.role)),
                    html.A(html.B(person.name), href="/sessions", title="登录着的地方、修改口令"),
                    html.Small("模拟账号") if person.simulated else None,
                ],
                className="who",
            ),
            html.Form(html.Button("退出", type="submit"), action="/logout", method="post", className="leave"),
            html.Div([html.Span(id="wall-date"), html.B(id="wall-time")], className="clock"),
        ],
        className="top",
    )


def light_links(person: Person, pages: dict[str, Page], catalog: Catalog, here: str) -> list[html.A | html.Form]:
    """Links in the head of a light page, by name of the page that is open: home first, then what the person may open, at last
    his own log-ins and the way out."""
    back = home_of(person)
    links: list[html.A | html.Form] = [html.A("返回首页", href=back)] if back != pages[here].path else []
    for name, page in sorted(pages.items(), key=lambda item: item[1].order):
        if not page.plain and name != here and page.path != back and page.lets(person.role, catalog):
            links.append(html.A(PURPOSE.get(name, page.title), href=page.path))
    return links + own_links()


def own_links() -> list[html.A | html.Form]:
    """What everybody needs on every page with a head: his own log-ins, and the way out."""
    leave = html.Form(html.Button("退出", type="submit"), action="/logout", method="post", className="leave")
    return [html.A("登录与口令", href="/sessions"), leave]


def replay_words(settings: Settings) -> str:
    return f"回放 {settings.replay_speed:g} 倍速 · 含模拟数据"


def help_card() -> html.Div:
    """The keys, shown by `?`."""
    keys = [
        ("j / k", "下一条、上一条告警"),
        ("a", "确认所选告警"),
        ("d", "办理下一步：上报、立案、派遣……"),
        ("/", "搜索案卷、站点、摄像机"),
        ("Esc", "关闭"),
        ("?", "显示或隐藏本页"),
    ]
    listed = html.Dl([x for key, words in keys for x in (html.Dt(html.Kbd(key)), html.Dd(words))])
    return html.Div(html.Div([html.H2("快捷键"), listed]), id="wall-help", hidden=True, **attrs({"data-do": "help"}))
