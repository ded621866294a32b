"""Frames for map layers, made from the moment as its viewer sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from brain import rowwise
from brain.catalog import Catalog
from brain.model import Level
from brain.web import readouts, themes
from brain.web.live.moment import Moment
from layers._marks import POINTS

STATIONS = "_stations"
"""How the frame of a theme's stations is called: its key, then this."""
SOURCES: dict[str, tuple[str, ...]] = {
    "resources": POINTS,
    "alerts": ("id", "name", "place", "lng", "lat", "level", "label", "text"),
    "events": ("id", "name", "lng", "lat", "level", "late", "label"),
    "district": ("kind", "name", "geometry"),
    "towns": ("code", "name", "geometry"),
    "grids": ("code", "geometry"),
    "rivers": ("name", "main", "geometry"),
}
"""Frames by source name with their columns: what a layer may ask for beside the stations of a theme. The last four are the
ground (`brain.web.ground`)."""


def theme_of(source: str, catalog: Catalog) -> str | None:
    """The theme whose stations a source is; None for any other one, and for a theme that the city does not have."""
    key = source.removesuffix(STATIONS)
    return key if source.endswith(STATIONS) and key in catalog.themes else None


def columns(source: str, catalog: Catalog) -> tuple[str, ...] | None:
    """Columns of a source; None where there is no such source."""
    return POINTS if theme_of(source, catalog) else SOURCES.get(source)


def frame(moment: Moment, source: str, catalog: Catalog) -> pd.DataFrame:
    """The frame a layer asks for by its source, of the moment as its viewer sees it (`Moment.seen`). Raises KeyError for an
    unknown source; a ground source is empty here."""
    if theme := theme_of(source, catalog):
        return pd.DataFrame(_stations(moment, theme), columns=list(POINTS))
    rows = BUILDERS[source](moment, catalog) if source in BUILDERS else []
    return pd.DataFrame(rows, columns=list(SOURCES[source]))


def _stations(moment: Moment, theme: str) -> list[tuple]:
    return [
        (s["id"], s["name"], s["lng"], s["lat"], s["level"], s["stale"], s["label"])
        for s in themes.of_theme(moment, theme)
    ]


def _resources(moment: Moment, catalog: Catalog) -> list[tuple]:
    return [
        (r["id"], r["name"], r["lng"], r["lat"], "", False, f"{r['kind']} · {r['org_short'] or '未定单位'}")
        for r in moment.resources
    ]


def _alerts(moment: Moment, catalog: Catalog) -> list[tuple]:
    def row(a: dict[str, Any]) -> tuple:
        beside = readouts.beside(a, catalog)
        return a["id"], a["name"], a["station"], a["lng"], a["lat"], a["level_key"], a["message"], beside

    heard = [a for a in moment.alerts if a["lng"] is not None]
    return rowwise.each(heard, row, "图上告警", lambda _: None)


def _events(moment: Moment, catalog: Catalog) -> list[tuple]:
    words = catalog.words

    def row(e: dict[str, Any]) -> tuple:
        level = Level(e["level"]).key if e["level"] else ""
        said = f"{words.of('state', e['state'])} · {e['org_short'] or '未派单位'}"
        return e["id"], e["title"], e["lng"], e["lat"], level, readouts.is_late(e, moment.at), said

    return rowwise.each(moment.events, row, "图上案卷", lambda _: None)


BUILDERS: dict[str, Callable[..., list[tuple]]] = {
    "resources": _resources,
    "alerts": _alerts,
    "events": _events,
}
