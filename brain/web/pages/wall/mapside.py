"""Over the map: layer switch with the age of each layer's data, legend, search."""

from __future__ import annotations

from datetime import datetime

from dash import dcc, html

from brain.catalog import Catalog
from brain.web.live import frames
from brain.web.live.moment import Moment
from brain.web.parts import bits
from brain.web.parts.bits import attrs
from layers._compose import slots
from layers._layer import Layer
from layers._marks import ground


def seen_at(layer: Layer, moment: Moment, catalog: Catalog) -> datetime | None:
    """When a layer's data were last true: the newest observation, or now for what the record itself says."""
    if theme := frames.theme_of(layer.source, catalog):
        return max(
            (s["seen_at"] for s in moment.stations.values() if s["theme"] == theme and s["seen_at"]), default=None
        )
    return None


def switch(layers: tuple[Layer, ...], moment: Moment, catalog: Catalog) -> html.Div:
    """One row a layer, the top layer first; the browser's script turns layers on and off."""
    places = slots(layers)
    rows = []
    for layer in sorted(layers, key=lambda x: -x.order):
        if not layer.style.get("switch", True):
            continue
        if layer.refresh_s:
            when = bits.age(seen_at(layer, moment, catalog), layer.refresh_s, ident=f"wall-age-{layer.key}")
        else:
            when = html.Span(layer.style.get("note", "实时" if layer.mark is not ground else ""), className="age")
        rows.append(
            html.Button(
                [html.I(), html.Span(layer.title), when],
                className="on" if layer.default_on else "",
                **attrs({
                    "data-layer": layer.key,
                    "data-traces": ",".join(map(str, places[layer.key])),
                    "data-base": str(len(layer.style["base"](_ANY))) if layer.mark is ground else "",
                    "aria-pressed": "true" if layer.default_on else "false",
                }),
            )
        )
    return html.Div([*rows, html.Button("图例", className="legend-open", **attrs({"data-do": "legend"}))], className="switch")


def legend(layers: tuple[Layer, ...]) -> html.Div:
    """Every icon with its words."""
    rows = [
        html.Span([html.Img(src=f"/map/icon/{icon}.png", alt=""), words])
        for layer in sorted(layers, key=lambda x: -x.order)
        for icon, words in layer.legend
    ]
    return html.Div(rows, className="legend", id="wall-legend", hidden=True)


def search() -> html.Div:
    return html.Div(
        [
            dcc.Input(
                id="wall-search",
                type="text",
                placeholder="搜索案卷、站点  /",
                debounce=0.25,
                autoComplete="off",
                maxLength=40,
            ),
            html.Div(id="wall-found"),
        ],
        className="search",
    )


def _any_tokens() -> object:
    from layers._style import DARK

    return DARK


_ANY = _any_tokens()
