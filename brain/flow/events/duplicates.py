"""Reports that are probably one and the same trouble: proposed before sending, before registering, and to the rules."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.identity.scope import Sight
from brain.store import db
from geo.measure import quick_m


def near_duplicates(
    conn: psycopg.Connection,
    catalog: Catalog,
    category: str,
    lng: float,
    lat: float,
    now: datetime,
    *,
    but: str | None = None,
) -> list[dict[str, Any]]:
    """Open events of the category close by and reported lately, nearest first: id, title, state, address, lng, lat,
    reported_at, org, handler_id, distance_m. Metres and hours are the catalog's; floods reach further."""
    practice, metres = catalog.practice, reach_m(catalog, category)
    dlat = metres / 110_000  # a degree of latitude is never shorter than 110.5 km: the box holds the circle
    dlng = dlat / max(math.cos(math.radians(lat)), 0.01)
    rows = db.many(
        conn, "events_near", category=category, now=now, since=now - timedelta(hours=practice.duplicate_hours), but=but,
        west=lng - dlng, east=lng + dlng, south=lat - dlat, north=lat + dlat,
    )  # fmt: skip
    found = [r | {"distance_m": float(quick_m(lng, lat, r["lng"], r["lat"]))} for r in rows]
    return sorted((r for r in found if r["distance_m"] <= metres), key=lambda r: (r["distance_m"], r["id"]))


@dataclass(frozen=True, slots=True)
class Near:
    """What somebody is told before he reports: the rows of `near_duplicates` that he may see, and of the others only how
    many lie within `metres`. Their place, words and owner are not his to read."""

    seen: tuple[dict[str, Any], ...]
    foreign: int
    metres: float


def near_for(
    conn: psycopg.Connection, catalog: Catalog, sight: Sight, category: str, lng: float, lat: float, now: datetime
) -> Near:
    """`near_duplicates` as far as a viewer may know them."""
    found = near_duplicates(conn, catalog, category, lng, lat, now)
    seen = tuple(r for r in found if sight.sees_event(r["seen_by"], r["seen_by"]["joined"]))
    return Near(seen, len(found) - len(seen), reach_m(catalog, category))


def reach_m(catalog: Catalog, category: str) -> float:
    """How far apart two reports of a category may lie and still be one trouble, in metres."""
    practice = catalog.practice
    return practice.duplicate_flood_m if category in flood_categories(catalog) else practice.duplicate_m


def flood_categories(catalog: Catalog) -> frozenset[str]:
    """Categories that a rule of a theme of water opens: one flood is felt over a wider place than one litter bin."""
    flood = {key for key, theme in catalog.themes.items() if theme.flood}
    return frozenset(r.opens for r in catalog.rules.values() if r.opens and r.theme in flood and r.kind != "device")


def open_of_station(conn: psycopg.Connection, station: str, category: str) -> str | None:
    """Number of the open event of a station in a category."""
    row = db.one(conn, "event_of_station", station=station, category=category)
    return row["id"] if row else None
