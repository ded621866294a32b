"""Grid: the cells of a city, which cell a point lies in, and what a cell belongs to.

A unit cell's code has fifteen digits: 6 district + 3 town + 3 village + 3 sequence (单元网格, GB/T 47678.3). Cells are
closed polygons that cover the district without gap or overlap, but `locate` asks no more of them than validity.

How `locate` is fast. The plane is cut into small bins. When the grid is made, every bin that lies wholly in one cell
is given that cell's number, every bin that no cell touches gets -1, and only bins crossed by a border keep a short
list of candidates. A point then costs one division and one table look-up; the exact test (`shapely.intersects_xy` on
prepared polygons, or four comparisons for an upright rectangle) is made only for points in border bins.

Why a seam belongs to exactly one cell: the answer is a function of the point alone. Within a border bin candidates are
asked in the order of their codes and the first that covers the point, border included, has it. Nobody is on a seam
twice, nobody falls between two cells, and a point on the outer border of the district is inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from .crs import STORED

if TYPE_CHECKING:  # half a second, which every process that only locates points would wait
    import geopandas as gpd

_BINS = 60  # a cell, where cells are irregular: more bins cost time when the grid is made, fewer when it is asked
_MOST_BINS = 4_000_000
_CHUNK = 400_000  # points handled at a time: keeps the working arrays in the cache


class Parents(NamedTuple):
    """What a unit cell belongs to; `grid` is '' where the cells came without their 综合网格."""

    grid: str
    village: str
    town: str
    district: str


class BadGrid(ValueError):
    """Cells that cannot make a grid; the sentence says which, and what to mend."""


@dataclass(frozen=True, slots=True)
class _Bins:
    """The lattice and its table. Edges are the exact floats points are compared with."""

    xs: NDArray[np.float64]
    ys: NDArray[np.float64]
    table: NDArray[np.int32]  # flat, row by row: cell number, -1 outside, -2-k border bin k
    many: NDArray[np.int32]  # border bins × candidates, -1 filled

    def find(self, x: NDArray, y: NDArray) -> NDArray[np.int32]:
        """Table entry of each point; -1 beyond the lattice (NaN included)."""
        cols, rows = len(self.xs) - 1, len(self.ys) - 1
        i = _slot(self.xs, x)
        j = _slot(self.ys, y)
        good = (i >= 0) & (i < cols) & (j >= 0) & (j < rows)
        if good.all():
            return self.table[j * cols + i]
        out = np.full(x.shape, -1, dtype=np.int32)
        out[good] = self.table[j[good] * cols + i[good]]
        return out


def _slot(edges: NDArray, values: NDArray) -> NDArray[np.int32]:
    """Index k with edges[k] <= value < edges[k+1], exactly; -1 or len-1 beyond the ends.

    The division may be off by one in its last bit, so the result is set right by comparing with the edges themselves.
    """
    last = len(edges) - 1
    scale = last / (edges[-1] - edges[0])
    k = np.nan_to_num((values - edges[0]) * scale, nan=-2.0, posinf=last + 1.0, neginf=-2.0)
    k = np.clip(k, -1.0, last).astype(np.int32)  # truncates towards 0; (-1, 0) is set right below
    np.maximum(k, 0, out=k)
    np.minimum(k, last - 1, out=k)
    k -= values < edges[k]
    k += values >= edges[k + 1]
    k[np.isnan(values)] = -1
    return k


class Grid:
    """Cells by code. Make it once (about a second for six thousand cells) and share it: it never changes."""

    def __init__(
        self,
        codes: ArrayLike,
        cells: ArrayLike,
        grids: ArrayLike | None = None,
        *,
        step: tuple[float, float] | None = None,
    ):
        """`codes` 15-digit strings, `cells` valid polygons in CGCS2000 degrees, `grids` the 综合网格 code of each cell.

        `step` is the bins' size in degrees (lng, lat), chosen from the cells if not given; a step that divides the
        size of regular cells leaves next to no border bins. Raises BadGrid for doubled codes, empty or invalid
        polygons, naming the first few.
        """
        self.codes = np.asarray(codes, dtype=np.str_)
        self.cells = np.asarray(cells, dtype=object)
        self.grids = np.full(self.codes.shape, "") if grids is None else np.asarray(grids, dtype=np.str_)
        if not (self.codes.shape == self.cells.shape == self.grids.shape):
            many = f"编码 {self.codes.size} 个、图形 {self.cells.size} 个、综合网格 {self.grids.size} 个"
            raise BadGrid(f"网格各列数量不一致：{many}")
        order = np.argsort(self.codes, kind="stable")
        self.codes, self.cells, self.grids = self.codes[order], self.cells[order], self.grids[order]
        self._refuse_bad()
        shapely.prepare(self.cells)
        self._row = {code: k for k, code in enumerate(self.codes.tolist())}
        self._named = np.append(self.codes, "")  # entry -1 is '' : outside
        self._box = shapely.bounds(self.cells)
        upright = shapely.area(shapely.box(*self._box.T)) == shapely.area(self.cells)
        self._upright = upright & (shapely.get_num_coordinates(self.cells) == 5)
        self._warm()
        self._bins = self._make_bins(step)

    def _warm(self) -> None:
        """Ask every prepared polygon once: GEOS builds its index at the first question, and two threads must not do
        that at the same time. After this, asking only reads."""
        if (~self._upright).any():
            some = self.cells[~self._upright]
            shapely.intersects_xy(some, shapely.get_coordinates(shapely.point_on_surface(some)))

    def _refuse_bad(self) -> None:
        doubled = self.codes[1:][self.codes[1:] == self.codes[:-1]]
        if doubled.size:
            raise BadGrid(f"网格编码重复：{'、'.join(doubled[:5])}，每个编码只能对应一个网格")
        polygonal = np.isin(shapely.get_type_id(self.cells), (3, 6)) & ~shapely.is_empty(self.cells)
        bad = ~polygonal | ~shapely.is_valid(self.cells)
        if bad.any():
            raise BadGrid(f"网格图形不是有效的面：{'、'.join(self.codes[bad][:5])}，请先用 geo.files 检查并修复")

    # making ---------------------------------------------------------------------------------------------------------
    @classmethod
    def from_arrays(cls, codes, cells, grids=None, *, step=None) -> Grid:
        """From columns; polygons may be WKB (as table `cell` stores them)."""
        cells = np.asarray(cells, dtype=object)
        if cells.size and isinstance(cells.flat[0], (bytes, memoryview)):
            cells = shapely.from_wkb([bytes(c) for c in cells])
        return cls(codes, cells, grids, step=step)

    @classmethod
    def from_frame(cls, frame: gpd.GeoDataFrame, code: str = "code", grid: str = "grid", *, step=None) -> Grid:
        """From a GeoDataFrame; converted if it says another system than degrees, `grid` may be missing."""
        if frame.crs is not None and not frame.crs.is_geographic:
            frame = frame.to_crs(STORED.value)
        grids = frame[grid].to_numpy() if grid in frame.columns else None
        return cls(frame[code].astype(str).to_numpy(), frame.geometry.to_numpy(), grids, step=step)

    def _lattice(self, step: tuple[float, float] | None) -> tuple[NDArray, NDArray]:
        west, south = self._box[:, :2].min(axis=0)
        east, north = self._box[:, 2:].max(axis=0)
        if step is None:
            step = self._regular_step(east - west, north - south)
        if step is None:
            side = np.sqrt(max((east - west) * (north - south), 1e-18) / min(_BINS * len(self.cells), _MOST_BINS))
            step = (max(side, (east - west) / 4096), max(side, (north - south) / 4096))
            xs = west + step[0] * np.arange(np.ceil((east - west) / step[0]) + 2)
            ys = south + step[1] * np.arange(np.ceil((north - south) / step[1]) + 2)
            return xs, ys
        # Multiples of the step, rounded as coordinates are written, so that edges of cells and bins are equal floats.
        axes = []
        for low, high, size in ((west, east, step[0]), (south, north, step[1])):
            first = np.floor(low / size) - 1
            axes.append(np.round((first + np.arange(np.ceil(high / size) - first + 2)) * size, 9))
        return axes[0], axes[1]

    def _regular_step(self, wide: float, high: float) -> tuple[float, float] | None:
        """Half the size of the smallest upright cells, where such cells are common: bins then fall in with them."""
        if np.count_nonzero(self._upright) * 4 < len(self.cells):
            return None
        sizes = np.round((self._box[:, 2:] - self._box[:, :2])[self._upright], 7)
        step = np.round(np.quantile(sizes, 0.02, axis=0) / 2.0, 9)
        fits = step.min() > 0 and (wide / step[0] + 2) * (high / step[1] + 2) <= _MOST_BINS
        return (float(step[0]), float(step[1])) if fits else None

    def _make_bins(self, step: tuple[float, float] | None) -> _Bins:
        if not self.codes.size:
            edges = np.array([0.0, 1.0])
            return _Bins(edges, edges, np.array([-1], np.int32), np.empty((0, 0), np.int32))
        xs, ys = self._lattice(step)
        cols = len(xs) - 1
        west, south, east, north = self._box.T
        # Bins own their west and south edges: a cell that ends on an edge also counts for the bin that begins there.
        i0, i1 = np.searchsorted(xs, west, "right") - 1, np.searchsorted(xs, east, "right") - 1
        j0, j1 = np.searchsorted(ys, south, "right") - 1, np.searchsorted(ys, north, "right") - 1
        wide, high = i1 - i0 + 1, j1 - j0 + 1
        count = wide * high
        cell = np.repeat(np.arange(len(count)), count)
        nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        i = i0[cell] + nth % wide[cell]
        j = j0[cell] + nth // wide[cell]
        bx0, bx1, by0, by1 = xs[i], xs[i + 1], ys[j], ys[j + 1]
        covers = (west[cell] <= bx0) & (bx1 <= east[cell]) & (south[cell] <= by0) & (by1 <= north[cell])
        touches = np.ones(len(cell), dtype=bool)
        rest = np.flatnonzero(~self._upright[cell])
        boxes = shapely.box(bx0[rest], by0[rest], bx1[rest], by1[rest])
        touches[rest] = shapely.intersects(self.cells[cell[rest]], boxes)
        rest_in = rest[covers[rest]]
        covers[rest] = False
        boxes_in = shapely.box(bx0[rest_in], by0[rest_in], bx1[rest_in], by1[rest_in])
        covers[rest_in] = shapely.covers(self.cells[cell[rest_in]], boxes_in)
        where = j * cols + i
        table = np.full(cols * (len(ys) - 1), -1, dtype=np.int32)
        whole = np.flatnonzero(covers)[::-1]  # reversed: the lowest number is written last and stays
        table[where[whole]] = cell[whole]
        # Candidates of border bins, in the order of the codes (cells are sorted, and so are the pairs).
        open_ = touches & (table[where] < 0)
        at, who = where[open_], cell[open_]
        bins, each = np.unique(at, return_counts=True)
        by_bin = np.argsort(at, kind="stable")
        many = np.full((len(bins), int(each.max(initial=1))), -1, dtype=np.int32)
        starts = np.cumsum(each) - each
        rank = np.arange(len(at)) - np.repeat(starts, each)
        many[np.repeat(np.arange(len(bins)), each), rank] = who[by_bin]
        table[bins] = -2 - np.arange(len(bins), dtype=np.int32)
        return _Bins(xs, ys, table, many)

    # asking ---------------------------------------------------------------------------------------------------------
    def index(self, lng: ArrayLike, lat: ArrayLike) -> NDArray[np.int32]:
        """Number of the cell of each point (a position in `codes`, `cells`, `grids`), -1 outside. Any shape."""
        x, y = np.broadcast_arrays(np.asarray(lng, dtype=np.float64), np.asarray(lat, dtype=np.float64))
        shape, x, y = x.shape, x.ravel(), y.ravel()
        out = np.empty(x.size, dtype=np.int32)
        for start in range(0, x.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            out[part] = self._index(x[part], y[part])
        return out.reshape(shape)

    def _index(self, x: NDArray, y: NDArray) -> NDArray[np.int32]:
        found = self._bins.find(x, y)
        todo = np.flatnonzero(found < -1)
        if not todo.size:
            return found
        border = -2 - found[todo]
        found[todo] = -1
        for column in range(self._bins.many.shape[1]):
            who = self._bins.many[border, column]
            asked = who >= 0
            todo, border, who = todo[asked], border[asked], who[asked]
            if not todo.size:
                break
            hit = self._covers(who, x[todo], y[todo])
            found[todo[hit]] = who[hit]
            todo, border = todo[~hit], border[~hit]
        return found

    def _covers(self, who: NDArray, x: NDArray, y: NDArray) -> NDArray[np.bool_]:
        box = self._box[who]
        hit = (box[:, 0] <= x) & (x <= box[:, 2]) & (box[:, 1] <= y) & (y <= box[:, 3])
        exact = np.flatnonzero(hit & ~self._upright[who])
        # prepared polygons want to be asked in runs: a jump from one to the next costs more than the test
        exact = exact[np.argsort(who[exact], kind="stable")]
        hit[exact] = shapely.intersects_xy(self.cells[who[exact]], x[exact], y[exact])
        return hit

    def locate(self, lng: ArrayLike, lat: ArrayLike) -> NDArray[np.str_]:
        """Code of the cell of each point, '' outside (and for NaN). Shape of the input, dtype `<U15`."""
        return self._named[self.index(lng, lat)]

    def cell_at(self, lng: float, lat: float) -> str:
        """`locate` for one point."""
        return str(self._named[int(self.index(lng, lat))])

    # telling --------------------------------------------------------------------------------------------------------
    def __len__(self) -> int:
        return len(self.codes)

    def __contains__(self, code: str) -> bool:
        return code in self._row

    def polygon(self, code: str):
        """The cell's polygon. Raises KeyError for an unknown code."""
        return self.cells[self._row[code]]

    def parents(self, code: str) -> Parents:
        """综合网格, village, town and district of a unit cell. Raises KeyError for an unknown code."""
        return Parents(str(self.grids[self._row[code]]), code[:12], code[:9], code[:6])

    def frame(self) -> gpd.GeoDataFrame:
        """One row a cell: code, grid, village, town, geometry (EPSG:4490)."""
        import geopandas as gpd

        columns = {"code": self.codes, "grid": self.grids, "village": self._first(12), "town": self._first(9)}
        return gpd.GeoDataFrame(columns, geometry=self.cells, crs=STORED.value)

    def _first(self, digits: int) -> NDArray[np.str_]:
        return self.codes.astype(f"<U{digits}")

    def merged(self, by: str) -> gpd.GeoDataFrame:
        """Unions of cells: `by` is grid, village, town or district; rows code, cells (how many), geometry."""
        import geopandas as gpd

        keys = self.grids if by == "grid" else self._first({"village": 12, "town": 9, "district": 6}[by])
        values, inverse, count = np.unique(keys, return_inverse=True, return_counts=True)
        shapes = np.array([shapely.union_all(self.cells[inverse == k]) for k in range(len(values))], dtype=object)
        return gpd.GeoDataFrame({"code": values, "cells": count}, geometry=shapes, crs=STORED.value)
