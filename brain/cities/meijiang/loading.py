"""Writing the demo city into a database: places, cells, organisations, people, stations, resources, rosters.

One transaction; a second load of the same version only rolls the rosters on. A load of a newer version replaces what
the city says of itself (places, cells, where stations stand) and leaves alone what people edit on pages: limits,
accounts, phones, resources, shifts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, datetime, timedelta

import psycopg
import shapely
from psycopg.types.json import Jsonb

from brain.cities.meijiang import points, shipped, staff
from brain.flow.city import locating as placing
from brain.store import db
from geo import measure

FORM = 1  # raise it when the code here writes something else from the same files
ROSTER_DAYS = 35
CITY, ROSTER = "city", "city_roster"


def version() -> str:
    """Digest of the shipped files and the form they are written in."""
    digest = hashlib.sha256(str(FORM).encode())
    files = [*shipped.DATA.glob("*.csv"), *shipped.DATA.glob("*.geojson"), *shipped.DATA.glob("stations/*")]
    for file in sorted([*files, shipped.DATA / "towns.toml", shipped.DATA / "resources.toml"]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def load(
    conn: psycopg.Connection, catalog, say: Callable[[str], None] = lambda text: None, *, now: datetime | None = None
) -> None:
    """Load the demo city, or roll its rosters on if this version is loaded already.

    `catalog` needs `departments` (code to name and short) only; `say` hears a few words of progress; rosters begin the
    day before `now` (default: the database's clock). Idempotent.
    """
    with conn.transaction():
        before = db.row(conn, "city_fact", key=CITY)
        if not (before["value"] and before["value"]["version"] == version()):
            _places(conn, say)
            _organisations(conn, catalog, say)
            many = _stations(conn, catalog, say)
            for row in shipped.resources():
                org = row["org"] if row["org"] in catalog.departments else None
                db.run(conn, "city_resource", **(row | {"org": org, "detail": Jsonb(row["detail"])}))
            told = {"code": shipped.DISTRICT, "name": shipped.DISTRICT_NAME, "version": version(), "stations": many,
                    "cells": len(shipped.grid()), "grids": len(set(shipped.grid().grids.tolist()))}  # fmt: skip
            db.run(conn, "city_set_fact", key=CITY, value=Jsonb(told))
        _rosters(conn, (now or before["now"]).astimezone(staff.ZONE).date())
    placing.forget()


def _copy(conn: psycopg.Connection, statement: str, rows) -> None:
    with conn.cursor() as cursor, cursor.copy(db.statements()[statement]) as out:
        for row in rows:
            out.write_row(row)


def _places(conn: psycopg.Connection, say: Callable[[str], None]) -> None:
    grid = shipped.grid()
    say(f"单元网格 {len(grid)} 个")
    for table in ("city_stage", "city_stage_cell", "city_stage_station"):
        db.run(conn, table)
    found = shipped.places()
    _copy(
        conn, "city_copy_place",
        ((p.code, p.kind, p.name, p.parent, p.lng, p.lat, p.area_m2, shapely.to_wkb(p.shape), p.origin) for p in found),
    )  # fmt: skip
    inside = shapely.get_coordinates(shapely.point_on_surface(grid.cells)).round(7).tolist()
    area = measure.area_m2(grid.cells).round(1).tolist()
    _copy(
        conn, "city_copy_cell",
        ((code, code[:9], code[:12], own, m2, x, y, wkb) for code, own, m2, (x, y), wkb
         in zip(grid.codes.tolist(), grid.grids.tolist(), area, inside, shapely.to_wkb(grid.cells), strict=True)),
    )  # fmt: skip
    db.run(conn, "city_merge_place")
    db.run(conn, "city_merge_cell")


def _organisations(conn: psycopg.Connection, catalog, say: Callable[[str], None]) -> None:
    rows = sorted(staff.organisations(catalog.departments), key=lambda r: r["kind"] == "team")
    for row in rows:
        db.run(conn, "city_org", **row)
    names = shipped.names()
    grids = sorted((code, name) for code, name in names.items() if len(code) == 15)
    people = staff.accounts(rows, grids, {code: name for code, name in names.items() if len(code) == 9})
    say(f"单位 {len(rows)} 个，演示人员 {len(people)} 名")
    known = {r["code"] for r in rows}
    people = [p for p in people if p.org is None or p.org in known]
    db.run(
        conn, "city_people", logins=[p.login for p in people], names=[p.name for p in people],
        phones=[p.phone for p in people], roles=[str(p.role) for p in people], orgs=[p.org or "" for p in people],
        places=[p.places[0] if p.places else "" for p in people], grids=[p.grid or "" for p in people],
    )  # fmt: skip


def _stations(conn: psycopg.Connection, catalog, say: Callable[[str], None]) -> int:
    grid = shipped.grid()
    found = points.placed(grid, points.stations())
    say(f"站点 {len(found)} 个")
    _copy(
        conn, "city_copy_station",
        ((s.id, s.name, s.theme, s.lng, s.lat, s.town, s.village, s.grid, s.cell,
          s.org if s.org in catalog.departments else None, Jsonb(s.params), s.origin) for s in found),
    )  # fmt: skip
    db.run(conn, "city_merge_station")
    _place_others(conn, [s.id for s in found])
    db.run(conn, "city_drop_cells", district=shipped.DISTRICT)
    db.run(conn, "city_drop_grids", district=shipped.DISTRICT)
    return len(found)


def _place_others(conn: psycopg.Connection, ours: list[str]) -> None:
    """Stations that were imported stand in the new cells too."""
    rows = db.many(conn, "city_other_stations", but=ours)
    if not rows:
        return
    grid = shipped.grid()
    at = grid.index([r["lng"] for r in rows], [r["lat"] for r in rows]).tolist()
    cells = ["" if k < 0 else str(grid.codes[k]) for k in at]
    db.run(
        conn, "city_place_stations", ids=[r["id"] for r in rows], towns=[c[:9] for c in cells],
        villages=[c[:12] for c in cells], grids=["" if k < 0 else str(grid.grids[k]) for k in at], cells=cells,
    )  # fmt: skip


def _rosters(conn: psycopg.Connection, today: date) -> None:
    """Shifts from yesterday to five weeks ahead, days already made left alone: a shift that was taken out stays out."""
    orgs = db.many(conn, "city_orgs")
    made = db.row(conn, "city_fact", key=ROSTER)["value"]
    first = today - timedelta(days=1)
    if made:
        first = max(first, date.fromisoformat(made["until"]))
    until = today + timedelta(days=ROSTER_DAYS)
    if first >= until:
        return
    found = staff.shifts(orgs, first, (until - first).days)
    db.run(
        conn, "city_shifts", orgs=[s.org for s in found], logins=[s.login for s in found],
        duties=[s.duty for s in found], starts=[s.starts for s in found], ends=[s.ends for s in found],
    )  # fmt: skip
    db.run(conn, "city_set_fact", key=ROSTER, value=Jsonb({"until": until.isoformat()}))
