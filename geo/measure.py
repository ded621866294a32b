"""Areas, lengths, distances and nearest neighbours on the ellipsoid, in metres, from CGCS2000 degrees.

Geodesic figures come from pyproj on the CGCS2000 ellipsoid. `quick_m` is the haversine shortcut for live screens: it
differs from the geodesic by at most 0.6 % and is several times faster.
"""

from __future__ import annotations

from functools import cache
from typing import cast

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

EARTH_M = 6_371_008.8  # mean radius, IUGG


@cache
def _ellipsoid() -> Geod:
    # CGCS2000: a 6378137, 1/f 298.257222101 (GB/T 28588 / GB 22021)
    return Geod(a=6378137.0, rf=298.257222101)


def area_m2(geometries) -> NDArray[np.float64]:
    """Geodesic area of polygons in m²; one number (0-d) for one geometry, an array for an array."""
    geoms = np.asarray(geometries, dtype=object)
    out = np.array([abs(_ellipsoid().geometry_area_perimeter(shapely.orient_polygons(g))[0]) for g in geoms.ravel()])
    return out.reshape(geoms.shape)


def length_m(geometries) -> NDArray[np.float64]:
    """Geodesic length of lines (perimeter of polygons) in m."""
    geoms = np.asarray(geometries, dtype=object)
    return np.array([_ellipsoid().geometry_length(g) for g in geoms.ravel()]).reshape(geoms.shape)


def distance_m(lng1: ArrayLike, lat1: ArrayLike, lng2: ArrayLike, lat2: ArrayLike) -> NDArray[np.float64]:
    """Geodesic distance in m between points given in degrees; arrays broadcast."""
    a, b, c, d = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (lng1, lat1, lng2, lat2)))
    return np.asarray(_ellipsoid().inv(a, b, c, d)[2])


def quick_m(lng1: ArrayLike, lat1: ArrayLike, lng2: ArrayLike, lat2: ArrayLike) -> NDArray[np.float64]:
    """Great-circle (haversine) distance in m; arrays broadcast."""
    x1, y1, x2, y2 = (np.radians(np.asarray(v, dtype=np.float64)) for v in (lng1, lat1, lng2, lat2))
    half = np.sin((y2 - y1) / 2.0) ** 2 + np.cos(y1) * np.cos(y2) * np.sin((x2 - x1) / 2.0) ** 2
    return np.asarray(2.0 * EARTH_M * np.arcsin(np.sqrt(np.minimum(half, 1.0))))


def nearest(
    lng: ArrayLike, lat: ArrayLike, of_lng: ArrayLike, of_lat: ArrayLike, *, within_m: float | None = None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """For each point the index of the nearest of a set, and its geodesic distance in m.

    Index -1 and distance inf where the set is empty or nothing lies within `within_m`. Ties go to the lower index.

    Why two steps: a tree finds candidates in a plane where longitude is shrunk by one cosine, which orders them only
    nearly right; all within the possible error of that plane are then measured on the ellipsoid.
    """
    x, y, ox, oy = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (lng, lat, of_lng, of_lat))
    x, y = np.broadcast_arrays(x, y)
    index, metres = np.full(x.shape, -1, dtype=np.intp), np.full(x.shape, np.inf)
    if len(x) == 0 or len(ox) == 0:
        return index, metres
    cosines = np.cos(np.radians(np.concatenate((y, oy))))
    squeeze, slack = float(np.mean(cosines)), float(cosines.max() / cosines.min()) * 1.02
    tree = shapely.STRtree(cast(NDArray[np.object_], shapely.points(ox * squeeze, oy)))  # of arrays, an array
    here = shapely.points(x * squeeze, y)
    (first, _), away = tree.query_nearest(here, all_matches=False, return_distance=True)
    reach = np.zeros(len(x))
    reach[first] = away * slack + 1e-12
    asked, found = tree.query(here, predicate="dwithin", distance=reach)
    far = distance_m(x[asked], y[asked], ox[found], oy[found])
    order = np.lexsort((found, far, asked))
    asked, found, far = asked[order], found[order], far[order]
    best = np.concatenate(([True], asked[1:] != asked[:-1]))
    index[asked[best]], metres[asked[best]] = found[best], far[best]
    if within_m is not None:
        gone = metres > within_m
        index[gone], metres[gone] = -1, np.inf
    return index, metres
