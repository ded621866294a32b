"""The map of the page as a Plotly figure: the same steps and numbers as the document's picture.

Why plain axes and not a map: it is printed. Polygons on a plain axis are vector, sharp on paper and drawn without WebGL;
nobody needs to roam on a page of a report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import shapely

from brain.report.charts import around
from brain.report.palette import HOT_SHOWN, LATE, LINE, SOFT, STEPS, bands

RATIO = 1 / 0.911  # a degree of longitude at 24.3° N is 0.911 of one of latitude
SANS = "Noto Sans CJK SC, Noto Sans SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, sans-serif"


def hot_map(snapshot: Mapping[str, Any], outlines: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Figure (plain dict) with the district on the left and its dense core on the right. The numbered marks carry the
    evidence query of their grid as customdata."""
    found = bands(snapshot, outlines)
    west, south, east, north = around(snapshot, outlines)
    data: list[dict[str, Any]] = []
    for side in ("", "2"):
        for step, colour in enumerate(STEPS):
            codes = [code for code, band in found["band"].items() if band == step]
            data.append(_rings([outlines["grid"][c] for c in codes], side) | {
                "fill": "toself", "fillcolor": colour, "line": {"color": "#FFFFFF", "width": 0.5},
                "name": found["words"][step], "legendgroup": str(step), "showlegend": side == "" and bool(found["words"][step]),
                "legendrank": step,
            })  # fmt: skip
        data.append(
            _rings(list(outlines["town"].values()), side) | {"line": {"color": SOFT, "width": 1}, "showlegend": False}
        )
    data.append(_box(west, south, east, north))
    data.append(_names(outlines))
    data += _marks(snapshot, outlines, (west, south, east, north))
    hidden = {"visible": False, "fixedrange": True, "showgrid": False, "zeroline": False}
    plain = {"fixedrange": True, "showgrid": False, "zeroline": False, "showticklabels": False, "ticks": "", "mirror": True,
             "showline": True, "linecolor": SOFT, "linewidth": 1}  # fmt: skip
    return {
        "data": data,
        "layout": {
            "xaxis": hidden | {"domain": [0, 0.58]},
            "yaxis": hidden | {"scaleanchor": "x", "scaleratio": RATIO, "domain": [0, 1]},
            "xaxis2": plain | {"domain": [0.62, 1], "range": [west, east], "anchor": "y2"},
            "yaxis2": plain | {"scaleanchor": "x2", "scaleratio": RATIO, "range": [south, north], "anchor": "x2"},
            "margin": {"l": 0, "r": 0, "t": 6, "b": 6},
            "height": 430,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": SANS, "size": 13, "color": SOFT},
            "legend": {"title": {"text": "上报件数／平方公里"}, "x": 0, "y": 0, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)",
                       "itemclick": False, "itemdoubleclick": False},
            "hovermode": "closest",
            "dragmode": False,
        },
    }  # fmt: skip


def _rings(geometries: list[Any], side: str) -> dict[str, Any]:
    """One trace of many rings, with gaps between them."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for geometry in geometries:
        for part in shapely.get_parts(geometry):
            points = shapely.get_coordinates(part.exterior).round(5)
            xs += [*points[:, 0].tolist(), None]
            ys += [*points[:, 1].tolist(), None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": xs,
        "y": ys,
        "hoverinfo": "skip",
        "xaxis": f"x{side}",
        "yaxis": f"y{side}",
    }


def _box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "x": [west, east, east, west, west], "y": [south, south, north, north, south],
        "line": {"color": SOFT, "width": 1.2, "dash": "dot"}, "hoverinfo": "skip", "showlegend": False, "xaxis": "x", "yaxis": "y",
    }  # fmt: skip


def _names(outlines: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    points = {code: geometry.representative_point() for code, geometry in outlines["town"].items()}
    return {
        "type": "scatter", "mode": "text", "x": [p.x for p in points.values()], "y": [p.y for p in points.values()],
        "text": [outlines["name"][code] for code in points], "textfont": {"size": 13, "color": SOFT}, "hoverinfo": "skip",
        "showlegend": False, "xaxis": "x", "yaxis": "y",
    }  # fmt: skip


def _marks(
    snapshot: Mapping[str, Any], outlines: Mapping[str, Mapping[str, Any]], box: tuple[float, float, float, float]
) -> list[dict[str, Any]]:
    """Numbered marks of the hot grids: those in the core on the right, the others on the left."""
    west, south, east, north = box
    sides: dict[str, list[tuple[int, Any, Any]]] = {"": [], "2": []}
    for n, grid in enumerate(snapshot["hot"]["hot"][:HOT_SHOWN], 1):
        if grid["code"] in outlines["grid"]:
            p = outlines["grid"][grid["code"]].representative_point()
            sides["2" if west <= p.x <= east and south <= p.y <= north else ""].append((n, grid, p))
    return [
        {
            "type": "scatter", "mode": "markers+text", "x": [p.x for _, _, p in marks], "y": [p.y for _, _, p in marks],
            "text": [str(n) for n, _, _ in marks], "textfont": {"color": "#FFFFFF", "size": 12},
            "marker": {"size": 21, "color": LATE, "line": {"color": "#FFFFFF", "width": 1.5}},
            "customdata": [g["e"] for _, g, _ in marks],
            "hovertext": [f"{g['name']} {g['n']} 件" for _, g, _ in marks], "hoverinfo": "text",
            "hoverlabel": {"bgcolor": "#FFFFFF", "bordercolor": LINE}, "showlegend": False, "xaxis": f"x{side}", "yaxis": f"y{side}",
        }
        for side, marks in sides.items()
    ]  # fmt: skip
