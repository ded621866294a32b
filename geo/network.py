"""Directed networks of rivers and drains: what lies upstream and downstream, how far, and how long water takes.

Lines are digitised in the direction of flow. Where one line ends on another they are joined (within a tolerance), so a
tributary may be drawn up to the main stem without cutting the main stem by hand. A place on the network is a `Spot`:
a reach and the metres from its head. Times are distances over a mean speed; they are estimates for warning people
downstream, never a hydraulic model.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import geopandas as gpd
import numpy as np
import shapely
from shapely.ops import substring

from . import measure
from .crs import STORED, from_metric, to_metric

JOIN_M = 60.0  # how near an end must come to another line to count as a confluence


@dataclass(frozen=True, slots=True)
class Reach:
    """A stretch between two nodes, flowing from `head` to `foot`. `line` is in EPSG:4490, `length` geodesic metres."""

    number: int
    name: str
    head: int
    foot: int
    length: float
    speed: float  # m/s, mean
    line: shapely.LineString


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the network: `along` metres below the head of a reach, `off` metres beside it."""

    reach: int
    along: float
    off: float
    lng: float
    lat: float


class BadNetwork(ValueError):
    """Lines that do not make a directed network; the sentence says which and what to mend."""


class Network:
    """Directed graph of reaches. Immutable; make it with `from_lines`."""

    def __init__(self, reaches: Sequence[Reach]):
        self.reaches = tuple(reaches)
        self._out: dict[int, list[Reach]] = {}
        self._into: dict[int, list[Reach]] = {}
        for reach in self.reaches:
            self._out.setdefault(reach.head, []).append(reach)
            self._into.setdefault(reach.foot, []).append(reach)
        self._flat = np.array([_flat(r.line) for r in self.reaches], dtype=object)
        self._tree = shapely.STRtree(self._flat)
        if ring := self._ring():
            raise BadNetwork(f"水系首尾相接成环：{'、'.join(ring)}，请检查画线方向（从上游画到下游）")

    @classmethod
    def from_lines(
        cls,
        names: Sequence[str],
        lines: Sequence[shapely.LineString],
        speeds: Sequence[float],
        *,
        join_m: float = JOIN_M,
    ) -> Network:
        """`lines` in CGCS2000 degrees from source to mouth, `speeds` in m/s. Raises BadNetwork."""
        for name, line, speed in zip(names, lines, speeds, strict=True):
            if line.geom_type != "LineString" or line.is_empty:
                raise BadNetwork(f"{name} 不是一条连续的线（{line.geom_type}），请拆成单线")
            if not speed > 0:
                raise BadNetwork(f"{name} 的平均流速为 {speed}，应大于 0 米/秒")
        flat = [_flat(line) for line in lines]
        cuts: list[set[float]] = [{0.0, line.length} for line in flat]
        ends = [shapely.Point(c) for line in flat for c in (line.coords[0], line.coords[-1])]
        for k, line in enumerate(flat):
            for number, end in enumerate(ends):
                if number // 2 != k and line.distance(end) <= join_m:
                    cuts[k].add(_snap(line.project(end), line.length, join_m))
        nodes: list[tuple[float, float]] = []

        def node(x: float, y: float) -> int:
            for number, (a, b) in enumerate(nodes):
                if np.hypot(a - x, b - y) <= join_m:
                    return number
            nodes.append((x, y))
            return len(nodes) - 1

        reaches = []
        for name, line, speed, marks in zip(names, flat, speeds, cuts, strict=True):
            for low, high in pairwise(sorted(marks)):
                part = substring(line, low, high)
                degrees = shapely.LineString(np.column_stack(from_metric(*np.array(part.coords).T)))
                head, foot = node(*part.coords[0]), node(*part.coords[-1])
                metres = float(measure.length_m(degrees))
                reaches.append(Reach(len(reaches), name, head, foot, metres, float(speed), degrees))
        return cls(reaches)

    def _ring(self) -> list[str]:
        """Names of reaches on a directed cycle, [] if there is none (Kahn's algorithm)."""
        missing = {n: len(self._into.get(n, ())) for r in self.reaches for n in (r.head, r.foot)}
        ready = [n for n, count in missing.items() if count == 0]
        while ready:
            for reach in self._out.get(ready.pop(), ()):
                missing[reach.foot] -= 1
                if missing[reach.foot] == 0:
                    ready.append(reach.foot)
        return sorted({r.name for r in self.reaches if missing[r.head] and missing[r.foot]})

    # places ---------------------------------------------------------------------------------------------------------
    def spot(self, lng: float, lat: float, *, within_m: float | None = None) -> Spot | None:
        """The nearest place on the network; None if farther than `within_m`."""
        here = shapely.Point(*map(float, to_metric(lng, lat)))
        number = int(self._tree.nearest(here))
        line, reach = self._flat[number], self.reaches[number]
        off = float(line.distance(here))
        if within_m is not None and off > within_m:
            return None
        share = line.project(here) / line.length
        x, y = from_metric(*line.interpolate(share, normalized=True).coords[0])
        return Spot(number, share * reach.length, off, float(x), float(y))

    # ways -----------------------------------------------------------------------------------------------------------
    def downstream(self, spot: Spot) -> list[int]:
        """Reaches below the spot, its own first, nearest first (by metres of water way)."""
        return self._walk(spot, self._out, down=True)

    def upstream(self, spot: Spot) -> list[int]:
        """Reaches above the spot, its own first, nearest first."""
        return self._walk(spot, self._into, down=False)

    def _walk(self, spot: Spot, edges: dict[int, list[Reach]], *, down: bool) -> list[int]:
        own = self.reaches[spot.reach]
        heap = [(own.length - spot.along if down else spot.along, own.foot if down else own.head)]
        order, seen = [own.number], {own.number}
        while heap:
            metres, at = heapq.heappop(heap)
            for reach in sorted(edges.get(at, ()), key=lambda r: r.number):
                if reach.number not in seen:
                    seen.add(reach.number)
                    order.append(reach.number)
                    heapq.heappush(heap, (metres + reach.length, reach.foot if down else reach.head))
        return order

    def path(self, above: Spot, below: Spot) -> list[int] | None:
        """Reaches from one spot down to another, the shortest way; None if water does not flow from there to there."""
        if above.reach == below.reach:
            return [above.reach] if above.along <= below.along else None
        start = self.reaches[above.reach]
        heap: list[tuple[float, int, tuple[int, ...]]] = [(start.length - above.along, start.foot, (start.number,))]
        done = set()
        while heap:
            metres, at, way = heapq.heappop(heap)
            if at in done:
                continue
            done.add(at)
            for reach in self._out.get(at, ()):
                if reach.number == below.reach:
                    return [*way, reach.number]
                heapq.heappush(heap, (metres + reach.length, reach.foot, (*way, reach.number)))
        return None

    def _stretches(self, above: Spot, below: Spot) -> list[tuple[Reach, float]] | None:
        way = self.path(above, below)
        if way is None:
            return None
        if len(way) == 1:
            return [(self.reaches[way[0]], below.along - above.along)]
        metres = [self.reaches[n].length for n in way]
        metres[0] -= above.along
        metres[-1] = below.along
        return [(self.reaches[n], m) for n, m in zip(way, metres, strict=True)]

    def distance_m(self, above: Spot, below: Spot) -> float | None:
        """Metres of water way from one spot down to another, None if there is none."""
        parts = self._stretches(above, below)
        return None if parts is None else float(sum(m for _, m in parts))

    def travel_s(self, above: Spot, below: Spot, *, factor: float = 1.0) -> float | None:
        """Seconds water takes, by the mean speed of each reach times `factor` (a flood wave is faster than water)."""
        parts = self._stretches(above, below)
        return None if parts is None else float(sum(m / (r.speed * factor) for r, m in parts))

    def frame(self) -> gpd.GeoDataFrame:
        """One row a reach: number, name, head, foot, speed, length_m, geometry (EPSG:4490)."""
        columns = {name: [getattr(r, name) for r in self.reaches] for name in ("number", "name", "head", "foot", "speed")}
        columns["length_m"] = [r.length for r in self.reaches]
        return gpd.GeoDataFrame(columns, geometry=[r.line for r in self.reaches], crs=STORED.value)


def _flat(line: shapely.LineString) -> shapely.LineString:
    return shapely.LineString(np.column_stack(to_metric(*np.array(line.coords)[:, :2].T)))


def _snap(along: float, length: float, tolerance: float) -> float:
    """A cut next to an end is the end."""
    if along <= tolerance:
        return 0.0
    return length if along >= length - tolerance else along
