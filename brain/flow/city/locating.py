"""Which cell, grid, village and town a point lies in: table `cell` through geo.grid, once a process.

Why a cache that is never refreshed by itself: cells change when a district is surveyed anew, and whoever imports them
calls `forget`; building the index takes half a second, looking up a point a millisecond.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import psycopg

from brain.store import db
from geo.grid import Grid


@dataclass(frozen=True, slots=True)
class Spot:
    """Codes around a point; all None outside the district. `cell` is the 15-digit unit cell, `grid` the 综合网格."""

    cell: str | None = None
    grid: str | None = None
    village: str | None = None
    town: str | None = None


_grids: dict[tuple[str, int, str], Grid] = {}
_lock = threading.Lock()


def spot(conn: psycopg.Connection, lng: float, lat: float) -> Spot:
    """Where a point (EPSG:4490 degrees) lies; an empty Spot outside every cell."""
    grid = _grid(conn)
    code = grid.cell_at(lng, lat) if grid is not None else ""
    if grid is None or not code:
        return Spot()
    above = grid.parents(code)
    return Spot(code, above.grid or None, above.village, above.town)


def forget() -> None:
    """After cells were imported: the next look-up reads them anew."""
    with _lock:
        _grids.clear()


def _grid(conn: psycopg.Connection) -> Grid | None:
    key = (conn.info.host, conn.info.port, conn.info.dbname)
    if (found := _grids.get(key)) is None:
        with _lock:
            if (found := _grids.get(key)) is None:
                rows = db.many(conn, "cells")
                if not rows:
                    return None
                found = Grid.from_arrays(
                    [r["code"] for r in rows], [r["geom"] for r in rows], [r["grid"] for r in rows]
                )
                _grids[key] = found
    return found
