"""Frames for map layers, made from the moment as its viewer sees it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from brain.catalog import Catalog
from brain.model import Level
from brain.web import readouts
from brain.web.live.moment import Moment
from brain.web.readouts import THEMES
from layers._marks import POINTS

SOURCES: dict[str, tuple[str, ...]] = {
    **{f"{theme}_stations": POINTS for theme in THEMES},
    "resources": POINTS,
    "alerts": ("id", "name", "place", "lng", "lat", "level", "label", "text"),
    "events": ("id", "name", "lng", "lat", "level", "late", "label"),
    "district": ("kind", "name", "geometry"),
    "towns": ("code", "name", "geometry"),
    "grids": ("code", "geometry"),
    "rivers": ("name", "main", "geometry"),
}
"""Frames by source name with their columns: what a layer may ask for. The last four are the ground (`brain.web.ground`)."""


def frame(moment: Moment, source: str, catalog: Catalog) -> pd.DataFrame:
    """The frame a layer asks for by its source, of the moment as its viewer sees it (`Moment.seen`). Raises KeyError for an
    unknown source."""
    build = BUILDERS[source]
    return pd.DataFrame(build(moment, catalog), columns=list(SOURCES[source]))


def _stations(theme: str) -> Callable[..., list[tuple]]:
    def rows(moment: Moment, catalog: Catalog) -> list[tuple]:
        return [
            (s["id"], s["name"], s["lng"], s["lat"], s["level"], s["stale"], s["label"])
            for s in moment.stations.values()
            if s["theme"] == theme and not s["id"].startswith("FW-")
        ]

    return rows


def _resources(moment: Moment, catalog: Catalog) -> list[tuple]:
    return [
        (r["id"], r["name"], r["lng"], r["lat"], "", False, f"{r['kind']} · {r['org_short'] or '未定单位'}")
        for r in moment.resources
    ]


def _alerts(moment: Moment, catalog: Catalog) -> list[tuple]:
    return [
        (
            a["id"],
            a["name"],
            a["station"],
            a["lng"],
            a["lat"],
            a["level_key"],
            a["message"],
            readouts.beside(a, catalog),
        )
        for a in moment.alerts
        if a["lng"] is not None
    ]


def _events(moment: Moment, catalog: Catalog) -> list[tuple]:
    words = catalog.words
    return [
        (
            e["id"],
            e["title"],
            e["lng"],
            e["lat"],
            Level(e["level"]).key if e["level"] else "",
            readouts.is_late(e, moment.at),
            f"{words.of('state', e['state'])} · {e['org_short'] or '未派单位'}",
        )
        for e in moment.events
    ]


BUILDERS: dict[str, Callable[..., list[tuple]]] = {
    **{f"{theme}_stations": _stations(theme) for theme in THEMES},
    "resources": _resources,
    "alerts": _alerts,
    "events": _events,
}
