"""The demo city's geometry as shipped: cells, places, rivers, base map. Read once a process; nothing here is computed anew.

Coordinates are CGCS2000 degrees. What is real and what is drawn (示意) is said in `sources.toml` and in each place's
`origin`.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geo import measure
from geo.crs import STORED
from geo.grid import Grid
from geo.network import Network

HERE = Path(__file__).parent
DATA = HERE / "data"
DISTRICT, DISTRICT_NAME = "441402", "梅江区"
_SCALE = 1e7

BOUNDARY_ORIGIN = "真实：公开行政区划边界（高德，2020-12，GCJ-02 转 CGCS2000），非法定界线"
SKETCH = "示意：官方未公布边界，按官方名称代码和大致方位划分（加权泰森多边形），非法定界线"
GRID_ORIGIN = "示意：由单元网格归并，没有公开的户数，每村社区一至五个"


@dataclass(frozen=True, slots=True)
class Place:
    """A row of table `place`. `lng`, `lat` is a point inside; `shape` in EPSG:4490."""

    code: str
    kind: str  # district | town | village | grid
    name: str
    parent: str | None
    lng: float
    lat: float
    area_m2: float
    shape: shapely.Geometry
    origin: str


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _polygon(ring: str) -> shapely.Polygon:
    steps = np.array(ring.split(), dtype=np.int64).reshape(-1, 2)
    return shapely.Polygon(np.round(np.cumsum(steps, axis=0) / _SCALE, 7))


@cache
def grid() -> Grid:
    """All unit cells (单元网格) of the district with their 综合网格."""
    rows = _rows("cells.csv")
    codes = [r["code"] for r in rows]
    return Grid.from_arrays(codes, [_polygon(r["ring"]) for r in rows], [r["code"][:12] + r["grid"] for r in rows])


@cache
def names() -> dict[str, str]:
    """Name of every town, village and 综合网格 by code: 江南街道, 梅龙社区, 梅龙社区第1网格."""
    towns = {t["code"]: t["name"] for t in tomllib.loads((DATA / "towns.toml").read_text(encoding="utf-8"))["town"]}
    villages = {r["code"]: r["name"] for r in _rows("village_names.csv")}
    grids = {code: f"{villages[code[:12]]}第{int(code[12:])}网格" for code in np.unique(grid().grids).tolist()}
    return {DISTRICT: DISTRICT_NAME} | towns | villages | grids


def places() -> list[Place]:
    """District, towns, villages and 综合网格, parents first; shapes are unions of unit cells."""
    found = []
    above = {"town": 6, "village": 9, "grid": 12}
    for kind in ("district", "town", "village", "grid"):
        merged = grid().merged(kind)
        shapes = merged.geometry.to_numpy()
        inside = shapely.get_coordinates(shapely.point_on_surface(shapes))
        area = measure.area_m2(shapes)
        said = {"district": BOUNDARY_ORIGIN, "grid": GRID_ORIGIN}.get(kind, SKETCH)
        for code, shape, (lng, lat), m2 in zip(merged["code"], shapes, inside, area, strict=True):
            parent = code[: above[kind]] if kind in above else None
            spot = (round(float(lng), 6), round(float(lat), 6))
            found.append(Place(code, kind, names()[code], parent, *spot, round(float(m2), 1), shape, said))
    return found


def rivers() -> gpd.GeoDataFrame:
    """River centre lines: name, speed (m/s, mean), main, truth (real | sketch), origin, geometry; drawn downstream."""
    return gpd.read_file(DATA / "rivers.geojson").set_crs(STORED.value, allow_override=True)


@cache
def network() -> Network:
    """The rivers as a directed network: upstream, downstream, travel time."""
    lines = rivers()
    return Network.from_lines(lines["name"].tolist(), lines.geometry.tolist(), lines["speed"].tolist())


def base_map() -> dict[str, Path]:
    """GeoJSON files of the offline base map: district, neighbours, rivers, waters (properties name, truth, origin)."""
    return {name: DATA / f"{name}.geojson" for name in ("district", "neighbours", "rivers", "waters")}


def sources() -> list[dict[str, Any]]:
    """What the page 关于数据 says of each data set: what, truth (真实 | 示意 | 模拟 | 映射), source, licence, caveat, files."""
    return tomllib.loads((HERE / "sources.toml").read_text(encoding="utf-8"))["source"]


def resources() -> list[dict[str, Any]]:
    """What can be sent (示意): rows of table `resource`."""
    rows = tomllib.loads((DATA / "resources.toml").read_text(encoding="utf-8"))
    return [{"detail": {}, "origin": rows["origin"]} | r for r in rows["resource"]]
