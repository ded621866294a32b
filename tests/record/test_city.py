"""The demo city: that its partition is one, that its codes follow the standard, and that loading it is harmless twice."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime, timedelta

import geopandas as gpd
import numpy as np
import pytest
import shapely

from brain.cities import meijiang
from brain.cities.meijiang import staff
from brain.store import db
from geo import measure

SEATS = ["operator1", "acceptor1", "dispatcher1", "chief1", "leader1", "admin1"]
UNITS = ["cgj1", "swj1", "sthj1", "lyj1", "gaj1", "jiangnan1"]
DEMO_LOGINS = [*SEATS, *UNITS, "wg001", "wg002", "wg003"]
FAMILIES = {"WQ": 8, "WL": 6, "RG": 12, "AQ": 4, "FM": 3, "FS": 20, "DW": 20, "PD": 15, "PS": 6}


@pytest.fixture(scope="module")
def grid():
    return meijiang.grid()


@pytest.fixture(scope="module")
def boundary():
    return gpd.read_file(meijiang.base_map()["district"]).geometry.iloc[0]


@pytest.fixture(scope="module")
def stations(grid):
    return {s.id: s for s in meijiang.placed(grid, meijiang.stations())}


# The partition ------------------------------------------------------------------------------------------------------
def test_cells_cover_the_district_without_gap_or_overlap(grid, boundary):
    assert shapely.coverage_is_valid(grid.cells)
    whole = shapely.union_all(grid.cells)
    assert len(shapely.get_parts(whole)) == 1 and not shapely.get_parts(whole)[0].interiors
    assert measure.area_m2(whole.symmetric_difference(boundary)) < 1000  # of 574 km²: rounding to a centimetre


def test_every_town_village_and_grid_is_in_one_piece(grid):
    for by in ("town", "village", "grid"):
        merged = grid.merged(by)
        assert not merged["code"][merged.geom_type != "Polygon"].tolist()


def test_codes_are_those_of_the_official_list(grid):
    names = meijiang.names()
    assert {c[:9] for c in grid.codes} == {c for c in names if len(c) == 9}
    assert {c[:12] for c in grid.codes} == {c for c in names if len(c) == 12}
    assert len({c[:9] for c in grid.codes}) == 7 and len({c[:12] for c in grid.codes}) == 129


def test_every_cell_lies_in_a_grid_of_its_own_village(grid):
    assert (grid.grids.astype("<U12") == grid.codes.astype("<U12")).all()
    assert all(code[12] == "0" for code in grid.grids)
    assert 350 <= len(set(grid.grids)) <= 450


def test_no_code_is_both_a_cell_and_a_grid(grid):
    assert not set(grid.codes) & set(grid.grids)


def test_cells_are_numbered_without_gaps_north_to_south_and_west_to_east(grid):
    squares = grid._upright
    for village in np.unique(grid.codes.astype("<U12")):
        mine = np.flatnonzero(grid.codes.astype("<U12") == village)
        assert [int(grid.codes[k][12:]) for k in mine] == list(range(101, 101 + len(mine)))
        north, west = grid._box[mine, 3][squares[mine]], grid._box[mine, 0][squares[mine]]
        order = np.lexsort((west, -north))
        assert (order == np.arange(len(order))).all(), village


def test_towns_have_the_areas_they_were_drawn_for(grid):
    towns = grid.merged("town")
    area = dict(zip(towns["code"], measure.area_m2(towns.geometry.to_numpy()) / 1e6, strict=True))
    assert abs(area["441402006"] - 35.21) < 0.5
    assert abs(sum(area.values()) - 574.4) < 0.1


def test_core_cells_are_about_ten_thousand_square_metres_and_none_is_a_sliver(grid):
    area = measure.area_m2(grid.cells)
    squares = area[grid._upright]
    assert np.isclose(squares[squares < 20_000], 10_116, rtol=0.01).all() and (squares < 20_000).sum() > 3000
    assert area.min() > 4000 and area.max() < 460_000


def test_locate_agrees_with_shapely_on_the_real_city(grid):
    west, south, east, north = shapely.total_bounds(grid.cells)
    x, y = np.random.default_rng(7).uniform([west, south], [east, north], (20_000, 2)).T
    tree = shapely.STRtree(grid.cells)
    asked, found = tree.query(shapely.points(x, y), predicate="intersects")
    brute = np.full(len(x), -1)
    brute[asked] = found
    assert (grid.index(x, y) == brute).all()


def test_neighbours_touch_the_district_and_do_not_cover_it(boundary):
    around = gpd.read_file(meijiang.base_map()["neighbours"]).geometry.union_all()
    assert around.intersection(boundary).area < 1e-6 and around.distance(boundary) == 0
    assert boundary.boundary.difference(around.buffer(1e-5)).length < 0.01


# Rivers -------------------------------------------------------------------------------------------------------------
def test_every_tributary_flows_into_the_meijiang():
    net, lines = meijiang.network(), meijiang.rivers()
    mouth = net.spot(*lines.geometry[0].coords[-1])
    for name, line in zip(lines["name"], lines.geometry, strict=True):
        source = net.spot(*line.coords[0])
        assert net.reaches[source.reach].name == name
        assert net.travel_s(source, mouth) > 0


def test_gauges_stand_on_their_river(stations):
    net = meijiang.network()
    for station in stations.values():
        if station.id[:2] in ("WL", "WQ") and not station.params.get("lake"):
            spot = net.spot(station.lng, station.lat, within_m=100)
            assert spot and net.reaches[spot.reach].name == station.params["river"], station.name


def test_water_reaches_the_town_gauge_before_the_one_below_it(stations):
    net = meijiang.network()
    above, town, below = (net.spot(stations[k].lng, stations[k].lat) for k in ("WL-02", "WL-01", "WL-03"))
    assert 0 < net.travel_s(above, town) < net.travel_s(above, below)


# Stations -----------------------------------------------------------------------------------------------------------
def test_every_family_has_its_stations(stations):
    many = Counter(s[:2] for s in stations if s[:2].isalpha())
    assert {k: many[k] for k in FAMILIES} == FAMILIES and many["FW"] > 150
    assert sum(s.theme == "cameras" for s in stations.values()) == 300


def test_every_station_stands_in_a_cell_has_an_owner_and_says_what_it_is(stations, catalog):
    lost = [s.id for s in stations.values() if not (s.cell and s.grid and s.village and s.town)]
    assert not lost
    assert not [s.id for s in stations.values() if s.org not in catalog.departments]
    assert not [s.id for s in stations.values() if not re.search("示意|模拟|映射|真实", s.origin)]


def test_station_themes_are_those_of_the_catalog(stations, catalog):
    assert {s.theme for s in stations.values()} == set(catalog.themes)


def test_camera_ids_are_twenty_digits_of_gb_t_28181(stations):
    ids = [s.id for s in stations.values() if s.theme == "cameras"]
    assert all(re.fullmatch(r"44140200(0[0-9]|1[0-4]|4[0-5])132[0-8]\d{6}", i) for i in ids)
    assert len({i[14:] for i in ids}) == 300


def test_levels_of_a_gauge_rise_from_blue_to_red(stations, catalog):
    for station in stations.values():
        for kind, limits in station.params.get("limits", {}).items():
            assert kind in catalog.kinds
            assert limits["blue"] < limits["yellow"] < limits["orange"] < limits["red"], station.id
            assert limits["yellow"] == station.params["warning"]


def test_water_sections_have_a_target_class_as_a_number(stations):
    targets = {s.id: s.params.get("target") for s in stations.values() if s.id.startswith("WQ-")}
    assert all(t in (2, 3) for t in targets.values()), targets


def test_the_dyke_of_the_town_gauge_stands_above_its_red_level(stations):
    params = stations["WL-01"].params
    assert params["limits"]["water_level"]["red"] < params["dyke_right"] < params["dyke_left"]


def test_the_town_gauge_has_its_published_levels(stations):
    assert stations["WL-01"].params["warning"] == 76.0
    assert stations["WL-01"].params["limits"]["water_level"]["red"] == 78.2


def test_every_place_of_the_district_lies_in_a_watch_cell(stations, grid):
    boxes = [shapely.box(*s.params["watch"]) for s in stations.values() if s.params.get("watch")]
    assert measure.area_m2(shapely.union_all(grid.cells).difference(shapely.union_all(boxes))) < 1
    assert all(shapely.intersects_xy(b, s.lng, s.lat) for b, s in
               zip(boxes, [s for s in stations.values() if s.params.get("watch")], strict=True))  # fmt: skip


def test_resources_belong_to_organisations_and_lie_in_the_district(grid, catalog):
    assert not [r["id"] for r in meijiang.resources() if r["org"] not in catalog.departments]
    assert not [r["id"] for r in meijiang.resources() if not grid.cell_at(r["lng"], r["lat"])]


# What is said about it ----------------------------------------------------------------------------------------------
def test_every_shipped_file_has_its_source_and_every_source_is_complete():
    told = meijiang.sources()
    assert all({"what", "truth", "source", "licence", "caveat", "files"} <= set(s) for s in told)
    assert {s["truth"] for s in told} == {"真实", "示意", "映射", "模拟"}
    named = {f for s in told for f in s["files"]}
    assert all((meijiang.DATA.parent / f).exists() for f in named)
    assert {f"data/{f.name}" for f in meijiang.DATA.iterdir()} <= named


def test_the_folder_stays_small():
    assert sum(f.stat().st_size for f in meijiang.DATA.rglob("*") if f.is_file()) < 3_000_000


def test_base_map_files_are_geojson_in_degrees_with_names():
    for path in meijiang.base_map().values():
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        assert features and all(f["properties"]["name"] for f in features)
        west, south, east, north = gpd.read_file(path).total_bounds
        assert west > 114 and south > 23 and east < 118 and north < 26


# Loading ------------------------------------------------------------------------------------------------------------
def counts(conn) -> dict[str, int]:
    tables = ("place", "cell", "org", "person", "roster", "station", "resource", "fact")
    return {t: conn.execute(f"SELECT count(*) AS n FROM {t}").fetchone()["n"] for t in tables}


def test_loading_twice_changes_nothing(conn, catalog):
    meijiang.load(conn, catalog, lambda text: None)
    before = counts(conn)
    heard = []
    meijiang.load(conn, catalog, heard.append)
    assert counts(conn) == before and heard == []


def test_a_newer_version_replaces_places_and_keeps_what_people_edited(city_db, catalog):
    before = counts(city_db)
    with city_db.transaction():
        city_db.execute("UPDATE fact SET value = jsonb_set(value, '{version}', '\"older\"') WHERE key = 'city'")
        city_db.execute("UPDATE place SET name = '旧名' WHERE code = '441402004'")
        city_db.execute("UPDATE station SET params = params || '{\"warning\": 75.8}' WHERE id = 'WL-01'")
        city_db.execute("UPDATE person SET phone = '13912345678' WHERE login = 'cgj1'")
        city_db.execute("DELETE FROM roster WHERE org = 'swj'")
    meijiang.load(city_db, catalog, lambda text: None)
    one = lambda sql: city_db.execute(sql).fetchone()["v"]  # noqa: E731
    assert one("SELECT name AS v FROM place WHERE code = '441402004'") == "江南街道"
    assert one("SELECT params->>'warning' AS v FROM station WHERE id = 'WL-01'") == "75.8"
    assert one("SELECT phone AS v FROM person WHERE login = 'cgj1'") == "13912345678"
    assert one("SELECT count(*) AS v FROM roster WHERE org = 'swj'") == 0, "a shift that was taken out stays out"
    assert counts(city_db) | {"roster": 0} == before | {"roster": 0}


def test_stations_entered_by_others_are_placed_with_the_cells(city_db, catalog):
    with city_db.transaction():
        city_db.execute("UPDATE fact SET value = '{\"version\": \"older\"}' WHERE key = 'city'")
        for row in (("X-1", "里", 116.1225, 24.2781), ("X-2", "外", 113, 22)):
            city_db.execute("INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, %s, 'water', %s, %s)", row)
    meijiang.load(city_db, catalog, lambda text: None)
    rows = {r["id"]: r for r in city_db.execute("SELECT id, town, grid, cell FROM station WHERE id LIKE 'X-%'")}
    assert rows["X-1"]["town"] == "441402006" and rows["X-1"]["cell"][:12] == rows["X-1"]["grid"][:12]
    assert rows["X-2"]["town"] is None and rows["X-2"]["cell"] is None


def test_a_failure_in_the_middle_leaves_nothing_behind(conn, catalog):
    def stumble(text: str) -> None:
        if text.startswith("站点"):
            raise RuntimeError(text)

    with pytest.raises(RuntimeError):
        meijiang.load(conn, catalog, stumble)
    assert set(counts(conn).values()) == {0}


def test_the_record_says_which_city_it_holds(city_db, grid):
    value = db.one(city_db, "city_fact", key="city")["value"]
    assert value["code"] == "441402" and value["version"] == meijiang.version() and value["cells"] == len(grid)


def test_cells_read_back_from_the_record_make_the_same_grid(city_db, grid):
    rows = db.many(city_db, "cells")
    again = type(grid).from_arrays([r["code"] for r in rows], [r["geom"] for r in rows], [r["grid"] for r in rows])
    assert again.codes.tolist() == grid.codes.tolist() and again.grids.tolist() == grid.grids.tolist()
    x, y = np.random.default_rng(3).uniform([115.98, 24.1], [116.35, 24.44], (5000, 2)).T
    assert (again.locate(x, y) == grid.locate(x, y)).all()


def test_the_demo_accounts_are_there_without_passwords(city_db):
    rows = {r["login"]: r for r in city_db.execute("SELECT * FROM person WHERE login = ANY(%s)", [DEMO_LOGINS])}
    assert sorted(rows) == sorted(DEMO_LOGINS)
    assert all(r["password_hash"] is None and r["simulated"] and r["name"].startswith("演示") for r in rows.values())


def test_every_grid_has_one_worker_who_may_act_only_there(city_db, grid):
    rows = city_db.execute("SELECT * FROM person WHERE role = 'worker' ORDER BY login").fetchall()
    assert [r["grid"] for r in rows] == sorted(set(grid.grids.tolist()))
    assert all(r["places"] == [r["grid"]] and r["org"] == r["grid"][:9] for r in rows)


def test_the_first_two_workers_are_neighbours_in_jiangnan(city_db):
    a, b = city_db.execute(
        "SELECT p.org, g.geom FROM person p JOIN place g ON g.code = p.grid WHERE login IN ('wg001', 'wg002')"
    ).fetchall()
    assert a["org"] == b["org"] == "441402004"
    assert shapely.from_wkb(a["geom"]).touches(shapely.from_wkb(b["geom"]))


def test_every_department_and_town_has_an_account_and_somebody_at_the_desk(city_db):
    lost = city_db.execute(
        """SELECT code FROM org o WHERE NOT EXISTS (SELECT 1 FROM person p WHERE p.org = o.code AND p.role = 'department')
           OR NOT EXISTS (SELECT 1 FROM roster r WHERE r.org = o.code AND r.duty = 'desk'
                             AND r.starts <= now() AND r.ends > now())"""
    ).fetchall()
    assert not lost


@pytest.mark.parametrize("role, duty", [(str(role), duty) for _, _, role, _, duty in staff.SEATS])
def test_the_seats_are_filled_at_every_hour_of_the_next_month(city_db, role, duty):
    gaps = city_db.execute(
        """SELECT t FROM generate_series(now(), now() + interval '30 days', interval '1 hour') t WHERE NOT EXISTS (
             SELECT 1 FROM roster r JOIN person p ON p.id = r.person_id
              WHERE p.role = %s AND r.duty = %s AND r.starts <= t AND r.ends > t)""",
        [role, duty],
    ).fetchall()
    assert not gaps


def test_shifts_change_at_eight_in_the_morning_and_in_the_evening():
    found = staff.shifts([], datetime(2026, 9, 3).date(), 2)
    hours = {(s.starts.astimezone(staff.ZONE).hour, s.ends.astimezone(staff.ZONE).hour) for s in found}
    assert hours == {(8, 8), (8, 20), (20, 8)}
    assert all(timedelta(0) < s.ends - s.starts <= timedelta(days=1) for s in found)


def test_places_hang_together_and_hold_a_point_of_their_own(city_db):
    rows = city_db.execute("SELECT * FROM place").fetchall()
    many = Counter(r["kind"] for r in rows)
    assert (many["district"], many["town"], many["village"]) == (1, 7, 129) and many["grid"] == 418
    for row in rows:
        assert row["parent"] is None or row["code"].startswith(row["parent"])
        assert shapely.intersects_xy(shapely.from_wkb(row["geom"]), row["lng"], row["lat"])
        assert row["origin"]
