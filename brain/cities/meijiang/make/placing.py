"""Where the many stations stand: wells, fire heads, watch cells and cameras. 示意, spread evenly and deterministically.

The few that matter by name (gauges, sections, ponding points, pumps) are written by hand in `../data/stations/*.toml`; these
are too many for that, and no list of real ones is public.
"""

from __future__ import annotations

import numpy as np
import shapely

from geo import measure

from . import plane, seeds
from .cells import Cell

CAMERAS = 300
CAMERA_PREFIX = "44140200"
INDUSTRY = {"00": "gaj", "01": "gaj", "04": "jtj", "08": "cgj", "11": "jyj", "40": "lyj", "09": "swj"}
"""行业编码 of GB/T 28181 annex D, and who owns the camera."""
NETWORK = {"gaj": "0"}  # 网络标识: 0 监控报警专网, 6 政务网
SCENES = {"00": "路口", "01": "小区出入口", "04": "路段", "08": "市容点位", "11": "校门口", "40": "进山口", "09": "河段"}


class Land:
    """Cells grouped by village, with a point in each."""

    def __init__(self, cells: list[Cell]):
        self.cells = cells
        self.points = np.round(shapely.get_coordinates(shapely.point_on_surface([c.polygon for c in cells])), 5)
        self.area = measure.area_m2([c.polygon for c in cells])
        self.village = np.array([c.code[:12] for c in cells])
        self.fine = self.area < 20_000
        self.names = dict(seeds.villages())
        self.towns = {t.code: t.name for t in seeds.towns()}
        rivers = [plane.shape_km(line) for line in plane.rivers().values()]
        here = shapely.points(np.column_stack(plane.to_km(*self.points.T)))
        self.to_river = np.min([shapely.distance(line, here) for line in rivers], axis=0)
        self.to_border = shapely.distance(plane.shape_km(plane.district()).exterior, here)
        core = seeds.core_km()
        self.to_core = np.asarray(shapely.distance(core, here))

    def spread(self, among: np.ndarray, count: int) -> list[int]:
        """`count` different cells among the given ones, evenly spread (nearest to the middles of a k-means)."""
        km = np.column_stack(plane.to_km(*self.points[among].T))
        middles = seeds.k_means(km, count, np.random.default_rng(seeds.RNG + count), rounds=30)
        free, chosen = np.ones(len(among), dtype=bool), []
        for middle in middles:
            k = int(np.argmin(np.where(free, np.hypot(*(km - middle).T), np.inf)))
            free[k] = False
            chosen.append(int(among[k]))
        return chosen

    def near(self, k: int, serial: int) -> tuple[float, float]:
        """A point of a cell, moved off its middle by a tenth of the cell so that neighbours do not line up."""
        polygon, turn = self.cells[k].polygon, serial * 2.399963  # the golden angle
        reach = np.sqrt(self.area[k]) * 0.12 / 111_000
        x, y = self.points[k] + reach * np.array([np.cos(turn), np.sin(turn)])
        spot = (round(float(x), 5), round(float(y), 5))
        return spot if polygon.contains(shapely.Point(spot)) else (float(self.points[k][0]), float(self.points[k][1]))

    def place_name(self, k: int) -> str:
        return self.names[self.village[k]]


def wells(land: Land) -> list[dict]:
    """DW-01 … DW-20: manholes in streets of the core, owners in turn."""
    core = np.flatnonzero(land.fine & (land.to_core == 0) & (land.to_river > 0.12))
    rows = []
    for n, k in enumerate(land.spread(core, 20), 1):
        owner = ("雨水", "污水", "雨污合流")[n % 3]
        lng, lat = land.near(k, n)
        depth = round(2.4 + 0.1 * (n * 7 % 18), 1)
        rows.append({"id": f"DW-{n:02d}", "name": f"{land.place_name(k)}{owner}检查井", "lng": lng, "lat": lat,
                     "owner": owner, "depth": depth})  # fmt: skip
    return rows


def heads(land: Land) -> list[dict]:
    """FS-01 … FS-20: twelve lookouts with thermal imaging in the hills, eight smoke heads in public buildings."""
    hills = np.flatnonzero(~land.fine & (land.to_core > 3.0) & (land.to_river > 1.0) & (land.to_border > 0.8))
    streets = np.flatnonzero(land.fine & (land.to_core == 0))
    rows = []
    for n, k in enumerate(land.spread(hills, 12) + land.spread(streets, 8), 1):
        lng, lat = land.near(k, n)
        device, where, org = ("thermal", "林火瞭望点", "lyj") if n <= 12 else ("smoke", "公共建筑烟感", "xfdd")
        rows.append({"id": f"FS-{n:02d}", "name": land.place_name(k) + where, "lng": lng, "lat": lat, "org": org,
                     "device": device})  # fmt: skip
    return rows


def watch_cells() -> list[dict]:
    """FW-001 …: lattice boxes of about 2 km that touch the district, north to south, west to east; the station's point
    lies in the box and in the district."""
    whole = plane.district()
    dx, dy = plane.STEP[0] * plane.WATCH, plane.STEP[1] * plane.WATCH
    west, south, east, north = whole.bounds
    rows = []
    for j in range(int(north // dy), int(south // dy) - 1, -1):
        for i in range(int(west // dx), int(east // dx) + 1):
            box = [round(v, 4) for v in (i * dx, j * dy, (i + 1) * dx, (j + 1) * dy)]
            part = shapely.box(box[0], box[1], box[2], box[3]).intersection(whole)
            if part.area > 0:
                spot = part.centroid if part.contains(part.centroid) else part.point_on_surface()
                rows.append({"id": f"FW-{len(rows) + 1:03d}", "lng": round(spot.x, 5), "lat": round(spot.y, 5), "box": box})
    return rows


def cameras(land: Land, special: list[tuple[str, float, float, str]]) -> list[dict]:
    """300 cameras with valid 20-digit IDs: key points first (`special`: name, place, industry), then streets and villages.

    ID (GB/T 28181 annex D): 8 centre code + 2 industry + 132 IPC + network + 6 serial.
    """
    rows: list[dict] = []

    def add(name: str, lng: float, lat: float, industry: str, key: bool) -> None:
        org = INDUSTRY[industry]
        number = f"{CAMERA_PREFIX}{industry}132{NETWORK.get(org, '6')}{len(rows) + 1:06d}"
        rows.append({"id": number, "name": name, "lng": lng, "lat": lat, "org": org, "key": int(key)})

    for name, lng, lat, industry in special:
        add(name, lng, lat, industry, True)
    codes = sorted(set(land.village))
    urban = [c for c in codes if int(c[9:]) < 200]
    share = {c: 1 for c in codes} | {c: 4 for c in urban}
    left = CAMERAS - len(rows) - sum(share.values())
    for k in range(left):
        share[urban[k % len(urban)]] += 1
    for code in codes:
        mine = np.flatnonzero(land.village == code)
        street = mine[land.fine[mine]] if land.fine[mine].sum() >= share[code] else mine
        for n, k in enumerate(land.spread(street, share[code]), 1):
            kind = ("00", "04", "01", "08", "11", "00")[(n + int(code[-2:])) % 6] if code in urban else "00"
            if code not in urban and land.to_core[k] > 5.0 and int(code[-2:]) % 3 == 0:
                kind = "40"
            lng, lat = land.near(k, n + int(code[-3:]))
            add(f"{land.names[code]}{SCENES[kind]}{n:02d}", lng, lat, kind, False)
    return rows
