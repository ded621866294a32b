"""Unit cells (单元网格) and 综合网格: the partition of the district, from seeds to codes. Deterministic.

1. Villages are the regions of a weighted Voronoi diagram of the seeds, drawn in the warped plane, bank by bank; a
   town is the union of its villages, and the weights are tuned until towns have the areas aimed at.
2. A lattice of degrees (0.001 × 0.0009 in the built-up core and the markets, five times that elsewhere) is laid over
   all borders, every crossing becomes a shared vertex (1e-7°, a centimetre), and faces are cut out.
3. Faces too small to walk are joined to the neighbour of their village with which they share most border.
4. Cells are numbered inside their village north to south and west to east, and gathered into 综合网格.

Numbers of unit cells begin at 101, those of 综合网格 at 001: both codes have fifteen digits below the same village, and
a code that could be either would sooner or later be looked up as the wrong one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import shapely

from . import plane, seeds
from .gather import gather
from .touching import DIGITS, in_one_piece, neighbours

SMALL = 0.4  # faces below this share of a whole lattice cell are joined to a neighbour
FIRST_CELL = 101


@dataclass(frozen=True, slots=True)
class Cell:
    """A finished unit cell."""

    code: str
    grid: str
    polygon: shapely.Polygon


class Regions:
    """The weighted Voronoi diagram of village seeds."""

    def __init__(self, placed: dict[str, tuple[float, float]]):
        self.banks = plane.banks()
        self.codes = sorted(placed)
        self.towns = seeds.towns()
        owner = {t.code: k for k, t in enumerate(self.towns)}
        self.owners = np.array([owner[c[:9]] for c in self.codes])
        self.sites = np.column_stack(plane.warp(*plane.to_km(*np.array([placed[c] for c in self.codes]).T)))
        points = shapely.points(np.array([placed[c] for c in self.codes]))
        self.sides = {b: self._may_hold(b, np.asarray(shapely.covers(shape, points))) for b, shape in self.banks.items()}
        self.weights = self._balance()

    def _may_hold(self, bank: str, on_it: np.ndarray) -> np.ndarray:
        """Which seeds may hold land on a bank: those lying on it; all of a town that has a part there but no seed."""
        own = [bank in {c[0] for c in t.centres} for t in self.towns]
        absent = [has and not on_it[self.owners == k].any() for k, has in enumerate(own)]
        return on_it | np.array([absent[o] for o in self.owners])

    def _balance(self) -> np.ndarray:
        net = {b: seeds.sample(plane.shape_km(shape), 0.1) for b, shape in self.banks.items()}
        points = np.vstack(list(net.values()))
        open_to = np.hstack([np.repeat(self.sides[b][:, None], len(p), axis=1) for b, p in net.items()])
        flat = np.column_stack(plane.warp(*points.T))
        km2 = [t.km2 for t in self.towns]
        return seeds.balance(flat, open_to, self.sites, self.owners, km2, rounds=120, rate=0.1)[self.owners]

    def village_of(self, lng, lat, bank: np.ndarray) -> np.ndarray:
        """Number of the village of each point, given the bank it lies on."""
        points = np.column_stack(plane.warp(*plane.to_km(lng, lat)))
        far = ((points[:, None, :] - self.sites[None, :, :]) ** 2).sum(axis=2) - self.weights
        for side, may in self.sides.items():
            far[np.ix_(bank == side, ~may)] = np.inf
        return np.argmin(far, axis=1)

    def borders(self, side: str) -> list[shapely.LineString]:
        """Village borders on one bank, in degrees: straight edges of the warped plane, bent back."""
        may = np.flatnonzero(self.sides[side])
        edges: set[tuple] = set()
        for k in may:
            region = shapely.box(-60, -60, 60, 60)
            for other in may:
                if other != k:
                    half = seeds.half_plane(self.sites[k], self.weights[k], self.sites[other], self.weights[other])
                    region = region.intersection(half)
            if isinstance(region, shapely.Polygon) and not region.is_empty:
                ring = np.round(np.array(region.exterior.coords), 6)
                edges |= {tuple(sorted((tuple(a), tuple(b)))) for a, b in pairwise(ring)}
        straight = []
        for a, b in sorted(edges):
            count = max(2, int(np.ceil(np.hypot(b[0] - a[0], b[1] - a[1]) / 0.15)) + 1)
            if not any(a[i] == b[i] and abs(a[i]) > 59.0 for i in (0, 1)):  # not an edge of the outer box
                straight.append(np.linspace(a, b, count))
        bent = np.column_stack(plane.to_degrees(*plane.unwarp(*np.concatenate(straight).T)))
        ends = np.cumsum([len(points) for points in straight])[:-1]
        lines = [shapely.LineString(points) for points in np.split(bent, ends)]
        return [part for line in lines for part in _lines(line.intersection(self.banks[side]))]


def _lines(geometry) -> list[shapely.LineString]:
    return [p for p in shapely.get_parts(geometry) if p.geom_type == "LineString"]


@cache
def fine_zone() -> shapely.Geometry:
    """The area of fine cells as a union of coarse lattice blocks: built-up core and markets of towns."""
    core, markets = plane.shape_degrees(seeds.core_km()), seeds.markets()
    shapely.prepare(core)
    west, south, east, north = plane.district().bounds
    dx, dy = plane.STEP[0] * plane.COARSE, plane.STEP[1] * plane.COARSE
    blocks = []
    for i in range(int(west // dx), int(east // dx) + 1):
        for j in range(int(south // dy), int(north // dy) + 1):
            box = shapely.box(round(i * dx, 7), round(j * dy, 7), round((i + 1) * dx, 7), round((j + 1) * dy, 7))
            x, y = box.centroid.x, box.centroid.y
            market = any(abs(x - a) <= 1.2 * dx and abs(y - b) <= 1.2 * dy for a, b in markets)
            if market or core.contains(box.centroid):
                blocks.append(box)
    return shapely.union_all(blocks)


def lattice(zone) -> list[shapely.LineString]:
    """Lines of the coarse lattice outside the fine zone and of the fine lattice inside it (its border is coarse)."""
    west, south, east, north = plane.district().buffer(0.01).bounds
    lines = []
    for many, inside in ((1, True), (plane.COARSE, False)):
        dx, dy = plane.STEP[0] * many, plane.STEP[1] * many
        for k in range(int(west // dx), int(east // dx) + 2):
            x = round(k * dx, 7)
            lines.append((shapely.LineString([(x, south), (x, north)]), inside))
        for k in range(int(south // dy), int(north // dy) + 2):
            y = round(k * dy, 7)
            lines.append((shapely.LineString([(west, y), (east, y)]), inside))
    cut = [line.intersection(zone) if inside else line.difference(zone) for line, inside in lines]
    return [part for line in cut for part in _lines(line)] + _lines(zone.boundary)


def faces(regions: Regions) -> tuple[np.ndarray, np.ndarray]:
    """(polygons, banks) of all faces of the arrangement of borders and lattice inside the district."""
    zone = fine_zone()
    drawn = [part for side in regions.banks for part in regions.borders(side)]
    edges = [shape.boundary for shape in regions.banks.values()]
    net = shapely.union_all([*edges, *drawn, *lattice(zone)], grid_size=10.0**-DIGITS)
    found = shapely.get_parts(shapely.polygonize(shapely.get_parts(net)))
    inner = shapely.point_on_surface(found)
    bank = np.full(len(found), "", dtype="<U5")
    for side, shape in regions.banks.items():
        bank[shapely.contains_properly(shape, inner)] = side
    return found[bank != ""], bank[bank != ""]


def join_small(polygons, owner: np.ndarray, area, whole, touching) -> list[list[int]]:
    """Groups of faces: small ones joined to the neighbour of the same owner with most shared border."""
    group = np.arange(len(polygons))
    members: dict[int, list[int]] = {k: [k] for k in range(len(polygons))}
    size = dict(enumerate(area))
    for k in np.argsort(area, kind="stable"):
        mine = int(group[k])
        if size[mine] >= SMALL * whole[k] or mine != k:
            continue
        border: dict[int, float] = defaultdict(float)
        for face in members[mine]:
            for other, length in touching[face].items():
                if group[other] != mine and owner[other] == owner[k]:
                    border[int(group[other])] += length
        if not border:
            continue
        target = max(sorted(border), key=lambda g: border[g])
        group[members[mine]] = target
        members[target] += members.pop(mine)
        size[target] += size.pop(mine)
    return [members[g] for g in sorted(members)]


def make(placed: dict[str, tuple[float, float]]) -> list[Cell]:
    """All unit cells with their codes, from seeds of villages. Raises ValueError if a village cannot be numbered."""
    regions = Regions(placed)
    found, bank = faces(regions)
    found = found[order := np.lexsort(shapely.bounds(found).T[[0, 3]])]
    bank = bank[order]
    x, y = shapely.get_coordinates(shapely.point_on_surface(found)).T
    touching, area = neighbours(found), shapely.area(found)
    village = in_one_piece(regions.village_of(x, y, bank), touching, area, same=regions.owners)
    village = in_one_piece(village, touching, area)
    fine = shapely.contains_xy(fine_zone(), x, y)
    one = plane.STEP[0] * plane.STEP[1]
    whole = np.where(fine, one, one * plane.COARSE**2)
    groups = join_small(found, village, area, whole, touching)
    polygons, owner, corner = [], [], []
    for members in groups:
        big = max(members, key=lambda k: area[k])
        merged = shapely.union_all(found[members])
        merged = shapely.transform(shapely.orient_polygons(merged), lambda a: np.round(a, DIGITS))
        if merged.geom_type != "Polygon":
            raise ValueError("单元网格应为一个面")
        polygons.append(merged)
        owner.append(int(village[big]))
        step = np.array(plane.STEP) * (1 if fine[big] else plane.COARSE)
        corner.append((np.floor(y[big] / step[1] + 1) * step[1], np.floor(x[big] / step[0]) * step[0]))
    return _numbered(regions, polygons, np.array(owner), np.round(np.array(corner), DIGITS))


def _numbered(regions: Regions, polygons, owner: np.ndarray, corner: np.ndarray) -> list[Cell]:
    """Codes: north to south by the top of the lattice cell, west to east by its left side, inside each village."""
    touching = neighbours(polygons)
    cells = []
    for number, code in enumerate(regions.codes):
        mine = np.flatnonzero(owner == number)
        inner = shapely.get_coordinates(shapely.point_on_surface([polygons[k] for k in mine]))
        mine = mine[np.lexsort((inner[:, 0], -inner[:, 1], corner[mine, 1], -corner[mine, 0]))]
        if not 0 < len(mine) <= 1000 - FIRST_CELL:
            raise ValueError(f"村社区 {code} 有 {len(mine)} 个单元网格，三位序号排不下")
        grids = gather(code, [polygons[k] for k in mine], _within(mine, touching))
        for serial, (k, grid) in enumerate(zip(mine, grids, strict=True), FIRST_CELL):
            cells.append(Cell(f"{code}{serial:03d}", f"{code}{grid:03d}", polygons[k]))
    return cells


def _within(members: np.ndarray, touching) -> list[dict[int, float]]:
    """The neighbour lists of some polygons among themselves, renumbered."""
    place = {int(k): n for n, k in enumerate(members)}
    return [{place[o]: length for o, length in touching[k].items() if o in place} for k in members]
