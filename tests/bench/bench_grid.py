"""How fast points find their unit cell: Grid.locate against geopandas.sjoin on one million points of the demo city."""

from __future__ import annotations

import time
from collections.abc import Callable

import geopandas as gpd
import numpy as np

from brain.cities import meijiang
from geo.grid import Grid

POINTS = 1_000_000
ROUNDS = 3


def _best(work: Callable[[], object]) -> tuple[float, object]:
    """(seconds, result) of the fastest of some rounds."""
    best, result = float("inf"), None
    for _ in range(ROUNDS):
        began = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - began)
    return best, result


def measure() -> dict:
    """Seconds for one million points spread over the district's box, and for making the grid; sjoin is given its points
    as geometry already made, which locate does not need."""
    grid = meijiang.grid()
    frame = grid.frame()[["code", "geometry"]]
    west, south, east, north = frame.total_bounds
    x, y = np.random.default_rng(20260903).uniform([west, south], [east, north], (POINTS, 2)).T
    build_s, _ = _best(lambda: Grid(grid.codes, grid.cells, grid.grids))
    locate_s, codes = _best(lambda: grid.locate(x, y))
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=frame.crs)
    sjoin_s, joined = _best(lambda: gpd.sjoin(points, frame, how="left", predicate="within"))
    joined = joined[~joined.index.duplicated()]
    same = float((joined["code"].fillna("").to_numpy(dtype="U15") == codes).mean())
    return {
        "points": POINTS, "cells": len(grid), "inside": float((codes != "").mean()), "build_s": build_s,
        "locate_s": locate_s, "sjoin_s": sjoin_s, "ratio": sjoin_s / locate_s, "same": same,
    }  # fmt: skip


def rows() -> list[dict]:
    """Rows of the bench table."""
    got = measure()
    return [
        {
            "what": f"points to unit cells (1,000,000 points, {got['cells']:,} cells)",
            "figure": got["points"] / got["locate_s"], "unit": "points/s",
            "reference": f"geopandas.sjoin {got['points'] / got['sjoin_s']:,.0f} points/s, same answer {got['same']:.4%}",
            "ratio": got["ratio"], "goal": "≥3",
        },
        {"what": "making the grid's index", "figure": got["build_s"], "unit": "s"},
    ]  # fmt: skip


if __name__ == "__main__":
    print(measure())
