"""Coordinate systems: the only place of the project that converts between them.

Everything is stored in CGCS2000 degrees (EPSG:4490). WGS84 is taken as equal to it: the two differ by centimetres,
phones and gauges by metres. GCJ-02 (高德, 腾讯) and BD-09 (百度) are offset systems with a published forward formula
and no published inverse. The metric system is CGCS2000 / 3-degree Gauss-Kruger, central meridian 117°E (EPSG:4548).

Order is always longitude, latitude (for the metric system: easting, northing). All functions take numbers or arrays,
are vectorised, and return float64 arrays (0-d for numbers, so `float()` works on them).

Why the inverse iterates: the usual one-step inverse of GCJ-02 is off by up to five metres, which is enough to book a
case in the neighbouring shop's cell. The fixed point w = g - shift(w) contracts by about 1/100 a round, so five or six
rounds reach the last bits of a float.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


class System(StrEnum):
    """A coordinate system that data arrive in."""

    CGCS2000 = "EPSG:4490"  # what is stored
    WGS84 = "EPSG:4326"  # GPS/BeiDou receivers, FIRMS
    GCJ02 = "GCJ-02"  # 高德, 腾讯
    BD09 = "BD-09"  # 百度
    METRIC = "EPSG:4548"  # CGCS2000 / 3-degree Gauss-Kruger CM 117E, metres


STORED = System.CGCS2000

# Krasovsky ellipsoid as GCJ-02 uses it, and the box outside of which it leaves a point alone (domain: 坐标系统).
_A = 6378245.0
_EE = 0.00669342162296594323
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_BD = np.pi * 3000.0 / 180.0
_TOLERANCE = 1e-12  # degrees; about a tenth of a micrometre
_ROUNDS = 30


def _floats(lng: ArrayLike, lat: ArrayLike) -> Pair:
    x, y = np.broadcast_arrays(np.asarray(lng, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    return x, y


def outside_china(lng: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """True where the offset systems do not move a point (the box of the well-known algorithm, not the border)."""
    x, y = _floats(lng, lat)
    return (x < _WEST) | (x > _EAST) | (y < _SOUTH) | (y > _NORTH)


def _gcj_shift(lng: NDArray, lat: NDArray) -> Pair:
    """GCJ-02 offset in degrees (east, north) at WGS84 places, without the outside-China rule."""
    x, y = lng - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    common = (20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    phi = np.radians(lat)
    m = 1.0 - _EE * np.sin(phi) ** 2
    north = north * 180.0 / ((_A * (1.0 - _EE)) / (m * np.sqrt(m)) * np.pi)
    east = east * 180.0 / (_A / np.sqrt(m) * np.cos(phi) * np.pi)
    return east, north


def wgs84_to_gcj02(lng: ArrayLike, lat: ArrayLike) -> Pair:
    """WGS84/CGCS2000 degrees to GCJ-02 degrees; points outside China come back unchanged."""
    x, y = _floats(lng, lat)
    away = outside_china(x, y)
    east, north = _gcj_shift(np.where(away, 105.0, x), np.where(away, 35.0, y))
    return np.where(away, x, x + east), np.where(away, y, y + north)


def _solve(shift, lng: NDArray, lat: NDArray) -> Pair:
    """Fixed point of p = given - shift(p), for all points at once."""
    x, y = lng.copy(), lat.copy()
    for _ in range(_ROUNDS):
        east, north = shift(x, y)
        nx, ny = lng - east, lat - north
        step = max(np.max(np.abs(nx - x), initial=0.0), np.max(np.abs(ny - y), initial=0.0))
        x, y = nx, ny
        if step < _TOLERANCE:
            break
    return x, y


def gcj02_to_wgs84(lng: ArrayLike, lat: ArrayLike) -> Pair:
    """GCJ-02 degrees to WGS84/CGCS2000 degrees, exact to better than 1e-9°.

    The outside-China rule is asked of the point given. (Within about 600 m of the edges of that box the forward
    formula is not one to one, so there no inverse can be exact; nobody there is in China.)
    """
    x, y = _floats(lng, lat)
    away = outside_china(x, y)
    back_x, back_y = _solve(_gcj_shift, np.where(away, 105.0, x), np.where(away, 35.0, y))
    return np.where(away, x, back_x), np.where(away, y, back_y)


def _bd_shift(lng: NDArray, lat: NDArray) -> Pair:
    """BD-09 offset in degrees (east, north) at GCJ-02 places."""
    z = np.sqrt(lng * lng + lat * lat) + 0.00002 * np.sin(lat * _BD)
    theta = np.arctan2(lat, lng) + 0.000003 * np.cos(lng * _BD)
    return z * np.cos(theta) + 0.0065 - lng, z * np.sin(theta) + 0.006 - lat


def gcj02_to_bd09(lng: ArrayLike, lat: ArrayLike) -> Pair:
    """GCJ-02 degrees to BD-09 degrees."""
    x, y = _floats(lng, lat)
    east, north = _bd_shift(x, y)
    return x + east, y + north


def bd09_to_gcj02(lng: ArrayLike, lat: ArrayLike) -> Pair:
    """BD-09 degrees to GCJ-02 degrees, by iteration like its sister."""
    x, y = _floats(lng, lat)
    return _solve(_bd_shift, x, y)


@cache
def _metric(to_degrees: bool) -> Transformer:
    ends = (System.METRIC.value, STORED.value) if to_degrees else (STORED.value, System.METRIC.value)
    return Transformer.from_crs(*ends, always_xy=True)


def to_metric(lng: ArrayLike, lat: ArrayLike) -> Pair:
    """CGCS2000 degrees to EPSG:4548 metres (easting, northing)."""
    x, y = _metric(False).transform(*_floats(lng, lat))
    return np.asarray(x), np.asarray(y)


def from_metric(east: ArrayLike, north: ArrayLike) -> Pair:
    """EPSG:4548 metres (easting, northing) to CGCS2000 degrees."""
    x, y = _metric(True).transform(*_floats(east, north))
    return np.asarray(x), np.asarray(y)


def _to_stored(x: NDArray, y: NDArray, source: System) -> Pair:
    if source is System.GCJ02:
        return gcj02_to_wgs84(x, y)
    if source is System.BD09:
        return gcj02_to_wgs84(*bd09_to_gcj02(x, y))
    if source is System.METRIC:
        return from_metric(x, y)
    return x, y


def _from_stored(x: NDArray, y: NDArray, target: System) -> Pair:
    if target is System.GCJ02:
        return wgs84_to_gcj02(x, y)
    if target is System.BD09:
        return gcj02_to_bd09(*wgs84_to_gcj02(x, y))
    if target is System.METRIC:
        return to_metric(x, y)
    return x, y


def convert(x: ArrayLike, y: ArrayLike, source: System | str, target: System | str = STORED) -> Pair:
    """Coordinates of any known system in any other; longitude (easting) first. An unknown name: ValueError."""
    source, target = System(source), System(target)
    a, b = _floats(x, y)
    if source is target:
        return a.copy(), b.copy()
    return _from_stored(*_to_stored(a, b, source), target)


def convert_geometry(geometry, source: System | str, target: System | str = STORED):
    """One shapely geometry or an array of them, vertex by vertex; a third dimension is dropped."""
    return shapely.transform(
        geometry, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1], source, target)), include_z=False
    )
