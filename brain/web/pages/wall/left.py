"""Left side of the wall: the state of the city by theme, one card each."""

from __future__ import annotations

from dash import html

from brain import rowwise
from brain.catalog import Catalog
from brain.web.live.moment import Moment
from brain.web.parts import bits
from brain.web.parts.bits import attrs
from brain.web.themes import Figure
from layers._style import DARK


def cards(figures: list[Figure], moment: Moment, catalog: Catalog) -> list[html.Section]:
    """The cards; each is a part of its own, so that a tick sends only the theme that changed."""
    return [
        html.Section(
            rowwise.whole(lambda f=f: card(f, moment, catalog), f"专题 {f.theme}", [bits.lost()]),
            id=f"wall-theme-{f.theme}",
            className="theme",
            **attrs({"data-level": f.level or "none"}),
        )
        for f in figures
    ]


def card(figure: Figure, moment: Moment, catalog: Catalog) -> list:
    """The inside of one card: title and level word, figure with its unit, sparkline, what stands behind it, age."""
    trail = moment.trails.get((figure.station, figure.kind), ()) if figure.station and figure.kind else ()
    points = [(at, value) for at, value, _ in trail]
    line = bits.spark(points, colour=DARK.text2)
    pick = attrs({"data-pick": f"station:{figure.station}"} if figure.station else {})
    return [
        html.H2([bits.sign(figure.icon), figure.title, bits.word(figure.level, figure.state)]),
        html.Div(
            [
                html.B(figure.value, className="long" if len(figure.value) > 3 else None),
                html.Span(figure.unit, className="unit"),
                html.Img(src=line, alt="", className="spark", title=_title(figure.station, figure.kind, moment, catalog), **pick)
                if line and figure.station and figure.kind
                else None,
            ],
            className="figure",
        ),
        html.P([html.Span(figure.place), bits.age(figure.seen_at)]),
        html.P(html.Span(figure.words)),
    ]


def _title(station: str, kind: str, moment: Moment, catalog: Catalog) -> str:
    """What the sparkline shows, for the pointer."""
    name = moment.stations[station]["name"]
    return f"{name} {catalog.kinds[kind].label}，最近 {len(moment.trails[station, kind])} 条"
