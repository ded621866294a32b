"""The demo city's stations: read from `data/stations/`, one file a family, into `model.Station`.

Families that matter by name are TOML written by hand; the many (wells, heads, watch cells, cameras) are CSV made by
`make/placing.py`, with what they share in `lists.toml`. Town, village, grid and cell are found by `geo.grid`.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from brain.model import Station
from geo.grid import Grid

FOLDER = Path(__file__).parent / "data" / "stations"

_VALUES: dict[str, Callable[[dict[str, str]], Any]] = {
    "owner": lambda row: row["owner"],
    "depth": lambda row: float(row["depth"]),
    "device": lambda row: row["device"],
    "watch": lambda row: [float(v) for v in row["box"].split()],
    "key": lambda row: row["key"] == "1",
}


def stations() -> list[Station]:
    """All stations of the demo city, by id, not yet placed in cells."""
    found = [*_by_hand(), *_listed()]
    return sorted(found, key=lambda s: s.id)


def _by_hand() -> list[Station]:
    found = []
    for file in sorted(FOLDER.glob("*.toml")):
        if file.stem == "lists":
            continue
        family = tomllib.loads(file.read_text(encoding="utf-8"))
        common = family.get("params", {})
        for row in family["station"]:
            station = Station(row["id"], row["name"], family["theme"], row["lng"], row["lat"])
            org, said = row.get("org") or family["org"], row.get("origin") or family["origin"]
            found.append(replace(station, org=org, params=common | row.get("params", {}), origin=said))
    return found


def _listed() -> list[Station]:
    families = tomllib.loads((FOLDER / "lists.toml").read_text(encoding="utf-8"))
    found = []
    for family, said in families.items():
        with (FOLDER / f"{family}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                params = {key: _VALUES[key](row) for key in said["params"]}
                if params.get("key") is False:
                    del params["key"]
                name = row.get("name") or f"卫星热点监视格 {row['id'][3:]}"
                station = Station(row["id"], name, said["theme"], float(row["lng"]), float(row["lat"]))
                org = row.get("org") or said["org"]
                found.append(replace(station, org=org, params=params, origin=said["origin"]))
    return found


def placed(grid: Grid, found: list[Station]) -> list[Station]:
    """The stations with town, village, grid and cell filled; None where a station stands outside every cell."""
    rows = grid.index(np.array([s.lng for s in found]), np.array([s.lat for s in found]))
    out = []
    for station, row in zip(found, rows.tolist(), strict=True):
        if row < 0:
            out.append(replace(station, town=None, village=None, grid=None, cell=None))
        else:
            code = str(grid.codes[row])
            out.append(replace(station, town=code[:9], village=code[:12], grid=str(grid.grids[row]), cell=code))
    return out
