"""`python -m brain.cities.meijiang.make`: make the partition anew; write `data/cells.csv` and the generated station lists.

Run it after changing the boundary, the rivers, `towns.toml` or the code here; the result is kept in the repository, so
that every installation has the same codes whatever its version of GEOS.
"""

from __future__ import annotations

import csv
import time
import tomllib

import numpy as np

from . import cells, placing, plane, seeds

SCALE = 10**cells.DIGITS


def ring_text(polygon) -> str:
    """A ring as whole numbers of 1e-7 degrees: the first vertex, then steps; the closing vertex is left out."""
    if polygon.interiors:
        raise ValueError("单元网格不应有内洞")
    whole = np.rint(np.array(polygon.exterior.coords)[:-1] * SCALE).astype(np.int64)
    steps = np.vstack((whole[:1], np.diff(whole, axis=0)))
    return " ".join(str(v) for v in steps.ravel())


def write(path, rows: list[dict]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, rows[0], lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


def special() -> list[tuple[str, float, float, str]]:
    """Key places for cameras: underpasses, pumps, gauges, the reservoir, and markets (name, lng, lat, industry)."""
    found = []
    for family, industry, wanted in (
        ("ponding", "04", lambda s: s["params"].get("underpass")),
        ("pumps", "09", lambda s: True),
        ("water_level", "09", lambda s: True),
        ("water_quality", "09", lambda s: s["params"].get("key")),
        ("fire_weather", "40", lambda s: True),
    ):
        for row in tomllib.loads((plane.DATA / "stations" / f"{family}.toml").read_text(encoding="utf-8"))["station"]:
            if wanted(row):
                found.append((row["name"] + "视频", round(row["lng"] + 0.0003, 5), round(row["lat"] + 0.0002, 5), industry))
    found += [(f"{t.name}办事处门前" if t.name.endswith("街道") else f"{t.name}圩镇", *t.seat, "00") for t in seeds.towns()]
    return found


def main() -> None:
    began = time.monotonic()
    made = cells.make(seeds.spread())
    rows = [{"code": c.code, "grid": c.grid[12:], "ring": ring_text(c.polygon)} for c in made]
    write(plane.DATA / "cells.csv", rows)
    land = placing.Land(made)
    stations = plane.DATA / "stations"
    write(stations / "wells.csv", placing.wells(land))
    write(stations / "fire_heads.csv", placing.heads(land))
    watch = placing.watch_cells()
    write(stations / "fire_watch.csv", [r | {"box": " ".join(map(str, r["box"]))} for r in watch])
    write(stations / "cameras.csv", placing.cameras(land, special()))
    print(f"{len(made)} cells, {len({c.grid for c in made})} grids, {len(watch)} watch cells, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
