"""Places: which 网格 a point lies in, and a small map without tiles that a phone can keep."""

from __future__ import annotations

import math
from typing import Annotated, Any

import psycopg
import shapely
from fastapi import APIRouter, Depends, Request

from brain.flow.city import locating
from brain.identity.people import Person
from brain.model import DISTRICT, Refused
from brain.store import db
from brain.web import ground
from brain.web.api import _event_json, _fields
from brain.web.api._answers import Plain
from brain.web.api._fields import CRS, Lat, Lng
from brain.web.door.access import current, database

router = APIRouter(prefix="/api/v1/grid", tags=["places"], route_class=Plain)
Me = Annotated[Person, Depends(current)]
Db = Annotated[psycopg.Connection, Depends(database)]

REACH_M = 4000.0  # how far around his own grid a worker can pick a place without a line
MOST_GRIDS, MOST_MARKS = 160, 80
FINE = 0.00004  # degrees, about 4 m: outlines are simplified to this
START_M = 1200  # metres across the first view of it
DEGREE_M = 111_320.0


@router.get("")
def at(lng: Lng, lat: Lat, person: Me, conn: Db, crs: CRS = "wgs84") -> dict[str, Any]:
    """The unit cell, 综合网格, village and town of a point, with their names. 404 outside the district."""
    spot = locating.spot(conn, *_fields.stored(lng, lat, crs))
    if spot.cell is None:
        raise Refused("这个点不在本区任何网格内", "unknown")
    names = {r["kind"]: r["name"] for r in db.many(conn, "api_grid_names", codes=[spot.town, spot.village, spot.grid])}
    return {
        "cell": spot.cell, "grid": spot.grid, "village": spot.village, "town": spot.town,
        "grid_name": names.get("grid"), "village_name": names.get("village"), "town_name": names.get("town"),
        "words": _event_json.place_words(names.get("town"), names.get("grid") or names.get("village")),
    }  # fmt: skip


def _ring(points: Any) -> list[list[float]]:
    return [[round(float(x), 5), round(float(y), 5)] for x, y in points]


def _rings(shape: shapely.Geometry) -> list[list[list[float]]]:
    """Rings of a (multi)polygon as lists of [lng, lat]; inner rings follow their outer one (even-odd rule)."""
    parts = shapely.get_parts(shapely.simplify(shape, FINE))
    return [_ring(ring.coords) for part in parts for ring in (part.exterior, *part.interiors)]


@router.get("/map")
def map_around(request: Request, person: Me, conn: Db) -> dict[str, Any]:
    """Outlines of the 网格 around mine (around the middle of my town, or of the district), rivers, and well-known points:
    enough to put a cross on the place where neither GPS nor a line reaches. Degrees are EPSG:4490."""
    codes = [person.grid, *person.places, person.org, DISTRICT]
    middle = next(
        (p for code in codes if code and (p := db.one(conn, "api_place", code=code)) and p["lng"] is not None), None
    )
    if middle is None:
        raise Refused("还没有导入本区的网格，请联系系统管理员", "unknown")
    lng, lat = middle["lng"], middle["lat"]
    dlat, dlng = REACH_M / DEGREE_M, REACH_M / DEGREE_M / math.cos(math.radians(lat))
    box = {"west": lng - dlng, "east": lng + dlng, "south": lat - dlat, "north": lat + dlat}
    rows = db.many(conn, "api_grids_around", own=person.grid, lng=lng, lat=lat, limit=MOST_GRIDS, **box)
    shapes = shapely.from_wkb([r["geom"] for r in rows])
    window = shapely.union_all(
        [shapely.box(*shapely.total_bounds(shapes)), shapely.box(*(box[k] for k in ("west", "south", "east", "north")))]
    )
    return {
        "centre": [lng, lat],
        "across": START_M,
        "grids": [
            {"code": r["code"], "short": r["name"], "words": _event_json.place_words(r["town_name"], r["name"]),
             "own": r["code"] == person.grid, "point": [r["lng"], r["lat"]], "rings": _rings(shape)}
            for r, shape in zip(rows, shapes, strict=True)
        ],
        "rivers": _rivers(conn, window),
        "marks": [
            {"name": r["name"], "lng": round(r["lng"], 6), "lat": round(r["lat"], 6)}
            for r in db.many(conn, "api_marks_around", themes=_landmarks(request), limit=MOST_MARKS, **box)
        ],
    }  # fmt: skip


def _landmarks(request: Request) -> list[str]:
    return [key for key, theme in request.app.state.catalog.themes.items() if theme.landmark]


def _rivers(conn: psycopg.Connection, window: shapely.Geometry) -> list[dict[str, Any]]:
    """River lines inside the window, from the map's own ground."""
    frame = ground.frames(conn)["rivers"]
    found = []
    for name, line in zip(frame["name"], frame.geometry, strict=True):
        for part in shapely.get_parts(shapely.intersection(line, window)):
            if part.geom_type == "LineString" and not part.is_empty:
                found.append({"name": name, "line": _ring(shapely.simplify(part, FINE).coords)})
    return found
