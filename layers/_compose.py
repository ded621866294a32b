"""All layers together: one figure for the map, the base style under it, and the places of each layer's traces.

The order of traces never changes while a page is open, so a push may say "trace 7" (`slots`). The view belongs to the
viewer: `uirevision` is constant, and no push carries layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from layers import _sprite
from layers._layer import Layer, View, in_order
from layers._marks import _icons, ground
from layers._style import DARK, FONTS, Tokens

PICK = "pick"  # the ring around what is selected: one more trace, after all layers


def slots(layers: Sequence[Layer]) -> dict[str, range]:
    """Index of the traces of each layer in the figure, and of the selection ring under the key "pick"."""
    found, start = {}, 0
    for layer in in_order(layers):
        found[layer.key] = range(start, start + layer.traces)
        start += layer.traces
    return found | {PICK: range(start, start + 1)}


def pick(lng: float | None, lat: float | None) -> dict[str, Any]:
    """The selection ring; nowhere when there is no place."""
    at = ([], []) if lng is None or lat is None else ([lng], [lat])
    trace = _icons(*at, ["pick"] * len(at[0]), [""] * len(at[0]), [])
    return {"uid": PICK, "visible": True} | trace | {"hoverinfo": "skip", "hovertemplate": None, "hovertext": None}


def compose(
    layers: Sequence[Layer],
    frames: Mapping[str, pd.DataFrame],
    view: View,
    *,
    style: str | dict[str, Any],
    centre: tuple[float, float],
    zoom: float | None = None,
    tokens: Tokens = DARK,
) -> dict[str, Any]:
    """The figure as a plain dict (plotly's JSON). `frames` by source name; `style` is a base style or its address;
    `centre` (lng, lat)."""
    traces: list[dict[str, Any]] = []
    for layer in in_order(layers):
        traces += layer.paint(frames[layer.source], view)
    traces.append(pick(None, None))
    return {
        "data": traces,
        "layout": {
            "map": {
                "style": style,
                "center": {"lon": centre[0], "lat": centre[1]},
                "zoom": view.zoom if zoom is None else zoom,
                "uirevision": "map",
            },
            "uirevision": "map",
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "paper_bgcolor": tokens.page,
            "plot_bgcolor": tokens.page,
            "showlegend": False,
            "hovermode": "closest",
            "hoverdistance": 18,
            "hoverlabel": {
                "bgcolor": tokens.raised,
                "bordercolor": tokens.line,
                "align": "left",
                "font": {"size": 14, "color": tokens.text, "family": FONTS},
            },
            "font": {"family": FONTS, "color": tokens.text, "size": 14},
            "dragmode": "pan",
        },
    }


# Base style -----------------------------------------------------------------------------------------------------------
def base_style(
    layers: Sequence[Layer], frames: Mapping[str, gpd.GeoDataFrame], *, sprite: str, tokens: Tokens = DARK
) -> dict:
    """A MapLibre style with local GeoJSON only: no tile server, no glyph server (text is drawn from the machine's fonts).

    `sprite` is the absolute address of our own sprite sheet. Each ground layer gives one source and the style layers that
    its `style["base"]` lists; their ids are `<key>-<n>`, which the layer switch turns on and off in the browser.
    """
    sources: dict[str, Any] = {}
    drawn: list[dict[str, Any]] = [{"id": "page", "type": "background", "paint": {"background-color": tokens.page}}]
    for layer in in_order(layers):
        if layer.mark is not ground:
            continue
        frame = frames[layer.source]
        keep = [c for c in layer.columns if c != "geometry"]
        sources[layer.key] = {"type": "geojson", "data": features(frame, keep)}
        # Words of a surface stand on a point: drawn on the surface itself, they would come once in each of its tiles.
        spots = "Polygon" in "".join(frame.geom_type.unique())
        if spots and any(paint["type"] == "symbol" for paint in layer.style["base"](tokens)):
            at = frame.set_geometry(frame.representative_point())
            sources[f"{layer.key}-at"] = {"type": "geojson", "data": features(at, keep)}
        for n, paint in enumerate(layer.style["base"](tokens)):
            text = {"text-font": FONTS.split(", ")} if paint["type"] == "symbol" else {}
            visible = {"visibility": "visible" if layer.default_on else "none"}
            drawn.append(
                {
                    "id": f"{layer.key}-{n}",
                    "source": f"{layer.key}-at" if spots and paint["type"] == "symbol" else layer.key,
                }
                | paint
                | {"layout": text | paint.get("layout", {}) | visible}
            )
    # Plain surfaces first, words last, whatever the order of the layers says: words must not hide under a surface.
    rank = {"background": 0, "fill": 1, "line": 2, "symbol": 3}
    drawn.sort(key=lambda d: rank[d["type"]])
    return {"version": 8, "name": "offline", "sprite": sprite, "sources": sources, "layers": drawn}


SIZES = frozenset({"text-size", "line-width", "text-halo-width", "symbol-spacing"})


def larger(style: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """A base style whose words and lines are `factor` times as large. Sources are shared with the style given."""

    def grown(value: Any) -> Any:
        if isinstance(value, int | float):
            return value * factor
        if value[0] == "interpolate":  # a zoom expression must stay on top: its outputs grow
            return [*value[:3], *(grown(v) if n % 2 else v for n, v in enumerate(value[3:]))]
        return ["*", factor, value]

    def all_of(part: Mapping[str, Any]) -> dict[str, Any]:
        return {name: grown(value) if name in SIZES else value for name, value in part.items()}

    drawn = [
        layer | {part: all_of(layer[part]) for part in ("layout", "paint") if part in layer}
        for layer in style["layers"]
    ]
    return dict(style) | {"layers": drawn}


def features(frame: gpd.GeoDataFrame, keep: Sequence[str], decimals: int = 5) -> dict[str, Any]:
    """GeoJSON of a frame; coordinates rounded to about a metre, which is more than any line here is worth."""
    found = []
    for record, shape in zip(pd.DataFrame(frame[list(keep)]).to_dict("records"), frame.geometry, strict=True):
        if shape is None or shape.is_empty:
            continue
        found.append(
            {
                "type": "Feature",
                "properties": {k: v for k, v in record.items() if v is not None},
                "geometry": _rounded(shape.__geo_interface__, decimals),
            }
        )
    return {"type": "FeatureCollection", "features": found}


def _rounded(shape: Mapping[str, Any], decimals: int) -> dict[str, Any]:
    def walk(x: Any) -> Any:
        if isinstance(x, float | int):
            return round(float(x), decimals)
        return [walk(y) for y in x]

    return {"type": shape["type"], "coordinates": walk(shape["coordinates"])}


def check_icons(trace: Mapping[str, Any]) -> set[str]:
    """Icons of a trace that the sprite does not have: plotly would ask a CDN for them."""
    symbols = (trace.get("marker") or {}).get("symbol") or []
    return set([symbols] if isinstance(symbols, str) else symbols) - _sprite.names() - {"circle"}
