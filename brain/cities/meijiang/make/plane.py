"""The plane the partition is drawn in: kilometres around a centre, banks of the 梅江, and a gentle warp.

Why a warp: straight Voronoi edges look like what they are. Each edge is drawn straight in a warped plane and bent back,
so that borders wander as ridges and streams do, while neighbours still share every edge exactly.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import shapely
from shapely.ops import split

from geo import crs

DATA = Path(__file__).parent.parent / "data"
CENTRE = (116.16, 24.28)  # degrees; origin of the kilometre plane
STEP = (0.001, 0.0009)  # degrees of a fine unit cell: 101.4 m × 99.7 m at this latitude, about 万米
COARSE = 5  # a coarse cell is 5 × 5 fine ones: 507 m × 498 m
WATCH = 20  # a fire watch cell is 20 × 20 fine ones: 2.03 km × 1.99 km
_WAVES = (  # amplitude km, wavelength km, direction deg, phase, of the displacement in x and in y
    (0.16, 4.6, 20.0, 0.3, 1.9),
    (0.13, 3.7, 115.0, 2.1, 0.8),
    (0.035, 1.7, 65.0, 4.0, 5.2),
)


def _origin() -> tuple[float, float]:
    x, y = crs.to_metric(*CENTRE)
    return float(x), float(y)


def to_km(lng, lat):
    """Degrees to kilometres east and north of the centre."""
    x, y = crs.to_metric(lng, lat)
    x0, y0 = _origin()
    return (x - x0) / 1000.0, (y - y0) / 1000.0


def to_degrees(x, y):
    """Kilometres of the plane to degrees."""
    x0, y0 = _origin()
    return crs.from_metric(np.asarray(x) * 1000.0 + x0, np.asarray(y) * 1000.0 + y0)


def shape_km(geometry):
    """A geometry in degrees, in kilometres."""
    return shapely.transform(geometry, lambda a: np.column_stack(to_km(*a.T)))


def shape_degrees(geometry):
    """A geometry in kilometres, in degrees."""
    return shapely.transform(geometry, lambda a: np.column_stack(to_degrees(*a.T)))


def warp(x, y):
    """Where a point of the plane lies in the warped plane."""
    dx, dy = np.zeros_like(np.asarray(x, float)), np.zeros_like(np.asarray(y, float))
    for high, long, turn, in_x, in_y in _WAVES:
        along = (x * np.cos(np.radians(turn)) + y * np.sin(np.radians(turn))) * 2.0 * np.pi / long
        dx, dy = dx + high * np.sin(along + in_x), dy + high * np.sin(along + in_y)
    return x + dx, y + dy


def unwarp(u, v):
    """Inverse of `warp` by damped fixed point (the warp's slope is below one, so it converges)."""
    u, v = np.asarray(u, float), np.asarray(v, float)
    x, y = u.copy(), v.copy()
    for _ in range(200):
        a, b = warp(x, y)
        x, y = x + 0.7 * (u - a), y + 0.7 * (v - b)
    return x, y


def _read(name: str) -> list[dict]:
    return json.loads((DATA / name).read_text(encoding="utf-8"))["features"]


def district() -> shapely.Polygon:
    """The real boundary of 梅江区 in degrees."""
    return shapely.get_parts(shapely.geometry.shape(_read("district.geojson")[0]["geometry"]))[0]


def rivers() -> dict[str, shapely.LineString]:
    """River centre lines by name, in degrees, digitised downstream."""
    return {f["properties"]["name"]: shapely.LineString(f["geometry"]["coordinates"]) for f in _read("rivers.geojson")}


def banks() -> dict[str, shapely.Polygon]:
    """The district cut by the 梅江: north (城北 side), south (江南 side), west (the strip beyond the river at 长沙)."""
    parts = [p for p in split(district(), rivers()["梅江"]).geoms if isinstance(p, shapely.Polygon)]
    by_area = sorted(parts, key=lambda p: -p.area)
    if len(by_area) != 3:
        raise ValueError(f"梅江应把辖区切成三块，实际为 {len(by_area)} 块")
    return dict(zip(("south", "north", "west"), by_area, strict=True))
