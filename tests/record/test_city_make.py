"""The shipped partition is the one that the maker makes: nobody has moved a border by hand."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import shapely

from brain.cities import meijiang
from brain.cities.meijiang.make import __main__ as maker
from brain.cities.meijiang.make import cells, placing, plane, seeds
from brain.cities.meijiang.make import touching as touching_of
from geo.grid import Grid


@pytest.fixture(scope="module")
def made():
    return cells.make(seeds.spread())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_maker_makes_what_is_shipped(made):
    """By area and not by byte: another version of GEOS may round a crossing to the next centimetre."""
    again = Grid([c.code for c in made], [c.polygon for c in made], [c.grid for c in made])
    shipped = meijiang.grid()
    west, south, east, north = shapely.total_bounds(shipped.cells)
    x, y = np.random.default_rng(11).uniform([west, south], [east, north], (50_000, 2)).T
    assert (again.locate(x, y) == shipped.locate(x, y)).mean() > 0.999
    assert abs(len(again) - len(shipped)) <= 5


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_generated_lists_are_those_shipped(made):
    land = placing.Land(made)
    for name, rows in (
        ("wells", placing.wells(land)),
        ("fire_heads", placing.heads(land)),
        ("cameras", placing.cameras(land, maker.special())),
    ):
        with (plane.DATA / "stations" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            shipped = list(csv.DictReader(file))
        assert [r["id"] for r in rows] == [r["id"] for r in shipped]
        assert [r["name"] for r in rows] == [r["name"] for r in shipped]


def test_the_warp_never_folds_the_plane():
    x, y = np.meshgrid(np.arange(-20, 20, 0.1), np.arange(-20, 20, 0.1))
    u, v = plane.warp(x, y)
    turned = (np.diff(u, axis=1)[:-1] * np.diff(v, axis=0)[:, :-1]) - (np.diff(u, axis=0)[:, :-1] * np.diff(v, axis=1)[:-1])
    assert turned.min() > 0


def test_unwarp_is_the_inverse_of_warp():
    x, y = np.random.default_rng(5).uniform(-20, 20, (2, 500))
    assert np.allclose(plane.unwarp(*plane.warp(x, y)), (x, y), atol=1e-9)


def test_a_ring_written_and_read_is_the_same_ring():
    ring = shapely.Polygon([(116.1158278, 24.2753131), (116.115, 24.2755178), (116.1148379, 24.2755579)])
    text = maker.ring_text(ring)
    assert text.startswith("1161158278 242753131 ") and len(text.split()) == 6
    from brain.cities.meijiang.shipped import _polygon

    assert shapely.get_coordinates(_polygon(text)).tolist() == shapely.get_coordinates(ring).tolist()


def test_a_cell_in_two_pieces_is_given_away_to_the_longest_border():
    squares = [shapely.box(k, 0, k + 1, 1) for k in range(4)]
    touching = touching_of.neighbours(squares)
    owner = touching_of.in_one_piece(np.array([0, 1, 0, 0]), touching, np.ones(4))
    assert owner.tolist() == [1, 1, 0, 0] or len(touching_of.pieces(np.flatnonzero(owner == 0).tolist(), touching)) == 1


def test_a_village_never_gets_more_grids_than_a_third_of_its_cells():
    from brain.cities.meijiang.make.gather import how_many

    assert how_many("441402004001", 0.6, 60) == 4 and how_many("441402106200", 9.0, 60) == 3
    assert how_many("441402106200", 9.0, 4) == 1 and how_many("441402106200", 0.1, 1) == 1
