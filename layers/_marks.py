"""Ways to paint a frame: icons, clusters, level marks with labels, ground. Plain functions from frame to trace dicts.

A frame of points has the columns id, name, lng, lat (EPSG:4490, degrees), level ('' or a key of `_style.LEVELS`), stale
(bool: no data for longer than its silence limit) and label (what it measures now, in words). Clicking a mark gives
`customdata` = [kind, id] or, for a cluster, ["cluster", lng, lat].
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asinh, atan, degrees, pi, radians, sinh, tan
from typing import Any

import pandas as pd

from layers._layer import Layer, View
from layers._sprite import mix_name, mix_of, number
from layers._style import DARK, FONTS, level_number, worst

TILE = 512.0  # MapLibre's world is 512 px wide at zoom 0
SIGNS_FROM = 11.5  # zoom from which a station shows the sign of its theme
POINTS = ("id", "name", "lng", "lat", "level", "stale", "label")


# Geometry of the screen ----------------------------------------------------------------------------------------------
def to_pixels(lng: float, lat: float, zoom: float) -> tuple[float, float]:
    """Web Mercator pixels at a MapLibre zoom."""
    size = TILE * 2**zoom
    return (lng + 180) / 360 * size, (1 - asinh(tan(radians(lat))) / pi) / 2 * size


def from_pixels(x: float, y: float, zoom: float) -> tuple[float, float]:
    """The way back: (lng, lat)."""
    size = TILE * 2**zoom
    return x / size * 360 - 180, degrees(atan(sinh(pi * (1 - 2 * y / size))))


@dataclass(frozen=True, slots=True)
class Cluster:
    """Members drawn as one: `rows` are positions in the frame, `level` the worst of them, lng/lat their middle."""

    rows: tuple[int, ...]
    lng: float
    lat: float
    level: str


def clusters(frame: pd.DataFrame, zoom: float, radius: float) -> list[Cluster]:
    """Group points that lie closer than `radius` px at this zoom; each point is in exactly one group.

    The worst points gather first, so a red mark is the seed of its group and never a guest; ties go by position, so the
    same frame always gives the same groups.
    """
    lngs, lats = frame["lng"].tolist(), frame["lat"].tolist()
    levels = [k or "" for k in frame["level"].tolist()]
    spots = [to_pixels(a, b, zoom) for a, b in zip(lngs, lats, strict=True)]
    order = sorted(range(len(spots)), key=lambda n: (level_number(levels[n]), lngs[n], lats[n]))
    boxes: dict[tuple[int, int], list[int]] = {}
    for n, (x, y) in enumerate(spots):
        boxes.setdefault((int(x // radius), int(y // radius)), []).append(n)
    taken: set[int] = set()
    found = []
    for seed in order:
        if seed in taken:
            continue
        x, y = spots[seed]
        bx, by = int(x // radius), int(y // radius)
        near = [n for i in (-1, 0, 1) for j in (-1, 0, 1) for n in boxes.get((bx + i, by + j), ()) if n not in taken]
        group = sorted(n for n in near if (spots[n][0] - x) ** 2 + (spots[n][1] - y) ** 2 < radius**2)
        taken.update(group)
        cx = sum(spots[n][0] for n in group) / len(group)
        cy = sum(spots[n][1] for n in group) / len(group)
        found.append(Cluster(tuple(group), *from_pixels(cx, cy, zoom), worst([levels[n] for n in group])))
    return found


# Traces --------------------------------------------------------------------------------------------------------------
def _trace(lng: list, lat: list, **more: Any) -> dict[str, Any]:
    return {
        "type": "scattermap",
        "lon": [round(x, 5) for x in lng],
        "lat": [round(x, 5) for x in lat],
        "showlegend": False,
        "name": "",
    } | more


def _icons(lng: list, lat: list, symbols: list[str], hover: list[str], data: list[list]) -> dict[str, Any]:
    """Icons of the sprite; marker.size 10 is their natural size in plotly's reckoning."""
    return _trace(
        lng, lat, mode="markers", marker={"symbol": symbols, "size": 10, "allowoverlap": True},
        hovertext=hover, hovertemplate="%{hovertext}<extra></extra>", customdata=data,
    )  # fmt: skip


def _numbers(rows: list[tuple[float, float, str]]) -> dict[str, Any]:
    """How many a ring stands for."""
    lng, lat, symbols = _columns(rows)
    return _icons(lng, lat, symbols, [], []) | {"hoverinfo": "skip", "hovertemplate": None}


def _labels(lng: list, lat: list, texts: list[str]) -> dict[str, Any]:
    """Words beside marks; where two collide MapLibre draws the first. Plotly takes their offset from a marker's size, so
    there is one, unseen."""
    return _trace(
        lng, lat, text=texts, mode="markers+text", marker={"size": 92, "opacity": 0}, textposition="middle right",
        textfont={"size": 14, "color": DARK.text, "family": FONTS}, hoverinfo="skip",
    )  # fmt: skip


def _hover(name: str, label: str) -> str:
    return f"<b>{name}</b><br>{label}" if label else f"<b>{name}</b>"


def points(layer: Layer, frame: pd.DataFrame, view: View) -> list[dict[str, Any]]:
    """One icon a station: the theme's sign, or a dot from afar; dim when it is silent. Levels are the alert layer's."""
    sign, kind = layer.style["icon"] if view.zoom >= SIGNS_FROM else "dot", layer.style.get("kind", "station")
    symbols = [f"{sign}-stale" if stale else sign for stale in frame["stale"]]
    hover = [_hover(n, t) for n, t in zip(frame["name"], frame["label"], strict=True)]
    return [_icons(frame["lng"].tolist(), frame["lat"].tolist(), symbols, hover, [[kind, i] for i in frame["id"]])]


def clustered(layer: Layer, frame: pd.DataFrame, view: View) -> list[dict[str, Any]]:
    """Icons that gather into rings at low zoom: the ring shows the mix of levels, the number how many they are."""
    sign, kind = layer.style["icon"], layer.style.get("kind", "station")
    near = view.zoom >= layer.style["near"]
    groups = clusters(frame, view.zoom, 2.0 if near else layer.style["radius"])
    rows = frame.to_dict("records")
    lng, lat, symbols, hover, data, counts = [], [], [], [], [], []
    for g in groups:
        members = [rows[n] for n in g.rows]
        lng.append(g.lng)
        lat.append(g.lat)
        if len(members) == 1:
            one = members[0]
            symbols.append(f"{sign}-stale" if one["stale"] else sign)
            hover.append(_hover(one["name"], one["label"]))
            data.append([kind, one["id"]])
            continue
        silent = sum(1 for m in members if m["stale"])
        symbols.append(mix_name(mix_of([m["level"] or "" for m in members])))
        hover.append(f"<b>{layer.title} {len(members)} 处</b>" + (f"<br>{silent} 处离线" if silent else ""))
        data.append(["cluster", round(g.lng, 5), round(g.lat, 5)])
        counts.append((g.lng, g.lat, number(len(members))))
    return [
        _icons(lng, lat, symbols, hover, data),
        _numbers(counts),
    ]


def levels(layer: Layer, frame: pd.DataFrame, view: View) -> list[dict[str, Any]]:
    """Level marks (■1 ◆2 ▲3 ●4), the worst on top, with a label beside; those that would cover each other become a ring."""
    near = view.zoom >= layer.style["near"]
    groups = clusters(frame, view.zoom, 3.0 if near else layer.style["radius"])
    rows = frame.to_dict("records")
    groups.sort(key=lambda g: (-level_number(g.level), g.lng))
    lng, lat, symbols, hover, data, counts, labels = [], [], [], [], [], [], []
    for g in groups:
        members = sorted((rows[n] for n in g.rows), key=lambda m: level_number(m["level"]))
        lead = members[0]
        lng.append(g.lng)
        lat.append(g.lat)
        lines = [_hover(m["name"], m["label"]) for m in members[:6]]
        hover.append("<br>".join(lines) + (f"<br>……共 {len(members)} 条" if len(members) > 6 else ""))
        if len({m["place"] for m in members}) == 1:  # several alerts of one place: its worst
            symbols.append(f"level-{lead['level']}")
            data.append(["alert", lead["id"]])
            labels.append((g.lng, g.lat, lead["text"]))
        else:
            symbols.append(mix_name(mix_of([m["level"] for m in members])))
            data.append(["cluster", round(g.lng, 5), round(g.lat, 5)])
            counts.append((g.lng, g.lat, number(len(members))))
    labels.reverse()  # MapLibre keeps the first of two labels that collide: the worst
    return [
        _icons(lng, lat, symbols, hover, data),
        _labels(*_columns(labels)),
        _numbers(counts),
    ]


def events(layer: Layer, frame: pd.DataFrame, view: View) -> list[dict[str, Any]]:
    """Open events as tags; a late one carries a bar. Where they crowd, a ring with their number."""
    near = view.zoom >= layer.style["near"]
    groups = clusters(frame, view.zoom, 3.0 if near else layer.style["radius"])
    rows = frame.to_dict("records")
    lng, lat, symbols, hover, data, counts = [], [], [], [], [], []
    for g in groups:
        members = [rows[n] for n in g.rows]
        late = sum(1 for m in members if m["late"])
        lng.append(g.lng)
        lat.append(g.lat)
        if len(members) == 1:
            symbols.append("event-late" if late else "event")
            hover.append(_hover(members[0]["name"], members[0]["label"]))
            data.append(["event", members[0]["id"]])
        else:
            symbols.append(mix_name(mix_of([""] * len(members))))
            hover.append(f"<b>在办案卷 {len(members)} 件</b>" + (f"<br>{late} 件超期" if late else ""))
            data.append(["cluster", round(g.lng, 5), round(g.lat, 5)])
            counts.append((g.lng, g.lat, number(len(members))))
    return [_icons(lng, lat, symbols, hover, data), _numbers(counts)]


def ground(layer: Layer, frame: pd.DataFrame, view: View) -> list[dict[str, Any]]:
    """Nothing to trace: the layer lies in the base style (see `_compose.base_style`)."""
    return []


def _columns(rows: list[tuple]) -> tuple[list, list, list]:
    return tuple(list(c) for c in zip(*rows, strict=True)) if rows else ([], [], [])  # type: ignore[return-value]
