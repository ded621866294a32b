"""Which cell a point lies in, told on drawings."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.grid import BadGrid, Grid


def test_a_point_inside_a_cell_has_its_code(grid_drawn):
    drawn = grid_drawn("A A B",
                       "C C B")  # fmt: skip
    assert [drawn.at(drawn.middle(letter)) for letter in "ABC"] == ["A", "B", "C"]


def test_a_point_on_the_seam_belongs_to_one_cell(grid_drawn):
    drawn = grid_drawn("A A B",
                       "C C B")  # fmt: skip
    assert drawn.at(drawn.seam_of("A", "C")) in {"A", "C"}


def test_the_seam_is_given_to_the_same_cell_on_its_whole_length_in_one_call_or_many(grid_drawn):
    drawn = grid_drawn("A B")
    x, _ = drawn.seam_of("A", "B")
    ys = np.linspace(24.001, 24.009, 50)
    together = drawn.grid.locate(np.full(50, x), ys)
    assert together.tolist() == [drawn.grid.cell_at(x, y) for y in ys]


def test_a_corner_where_four_cells_meet_belongs_to_one_of_them(grid_drawn):
    drawn = grid_drawn("A B",
                       "C D")  # fmt: skip
    west, south, _, _ = drawn.box(1, 0)
    assert drawn.at((west, south)) in set("ABCD")


def test_the_outer_border_is_inside(grid_drawn):
    drawn = grid_drawn("A B")
    west, south, _, north = drawn.box(0, 0)
    east = drawn.box(1, 0)[2]
    corners = [(west, south), (west, north), (east, south), (east, north)]
    assert [drawn.at(c) for c in corners] == ["A", "A", "B", "B"]


def test_a_hair_beyond_the_border_is_outside(grid_drawn):
    drawn = grid_drawn("A")
    west, south, east, north = drawn.box(0, 0)
    just = [(np.nextafter(west, 0), south), (np.nextafter(east, 200), south), (west, np.nextafter(south, 0))]
    assert [drawn.at(p) for p in [*just, (west, np.nextafter(north, 90))]] == ["", "", "", ""]


def test_a_hole_in_the_district_is_outside(grid_drawn):
    drawn = grid_drawn("A A A",
                       "A . B",
                       "A A B")  # fmt: skip
    west, south, east, north = drawn.box(1, 1)
    assert drawn.at(((west + east) / 2, (south + north) / 2)) == ""


def test_a_point_far_away_and_a_point_without_numbers_are_outside(grid_drawn):
    drawn = grid_drawn("A B")
    lng, lat = [-43.2, 116.005, np.nan, np.inf, 180.0], [-22.9, 90.0, 24.005, -np.inf, np.nan]
    assert drawn.grid.locate(lng, lat).tolist() == [""] * 5


def test_bins_that_fall_in_with_the_cells_give_the_same_answers(grid_drawn):
    lines = ("A A B", "C . B", "C D D")
    points = np.random.default_rng(1).uniform([115.995, 23.995], [116.035, 24.035], (5000, 2))
    plain = grid_drawn(*lines).grid.locate(*points.T)
    aligned = grid_drawn(*lines, step=(0.005, 0.005)).grid.locate(*points.T)
    odd = grid_drawn(*lines, step=(0.0037, 0.0091)).grid.locate(*points.T)
    assert (plain == aligned).all() and (plain == odd).all()


def test_locate_keeps_the_shape_of_its_input(grid_drawn):
    grid = grid_drawn("A B").grid
    assert grid.locate(np.full((2, 3), 116.005), np.full((2, 3), 24.005)).shape == (2, 3)
    assert grid.locate(116.005, 24.005).shape == ()
    assert grid.locate([], []).tolist() == []


def test_parents_of_a_cell_are_read_from_its_code_and_its_grid(grid_drawn):
    drawn = grid_drawn("A B C")
    assert drawn.grid.parents(drawn.codes["C"]) == ("441402004001002", "441402004001", "441402004", "441402")


def test_an_unknown_cell_has_no_parents(grid_drawn):
    with pytest.raises(KeyError):
        grid_drawn("A").grid.parents("441402999999999")


def test_frame_and_from_frame_are_inverse(grid_drawn):
    grid = grid_drawn("A A B", "C C B").grid
    again = Grid.from_frame(grid.frame())
    assert again.codes.tolist() == grid.codes.tolist()
    assert again.grids.tolist() == grid.grids.tolist()
    assert shapely.equals(again.cells, grid.cells).all()


def test_a_frame_in_metres_is_converted(grid_drawn):
    drawn = grid_drawn("A B")
    metric = drawn.grid.frame().to_crs("EPSG:4548")
    assert Grid.from_frame(metric).cell_at(*drawn.middle("B")) == drawn.codes["B"]


def test_cells_may_come_as_wkb(grid_drawn):
    drawn = grid_drawn("A B")
    grid = Grid.from_arrays(drawn.grid.codes, shapely.to_wkb(drawn.grid.cells).tolist(), drawn.grid.grids)
    assert grid.cell_at(*drawn.middle("B")) == drawn.codes["B"]


def test_merged_cells_are_the_union_of_theirs(grid_drawn):
    grid = grid_drawn("A B", "C D").grid
    merged = grid.merged("grid")
    assert merged["cells"].tolist() == [2, 2]
    assert merged.geometry.union_all().equals(shapely.union_all(grid.cells))


def test_a_grid_without_cells_answers_outside():
    assert Grid([], []).locate([116.1], [24.3]).tolist() == [""]


def test_a_code_given_twice_is_refused():
    box = shapely.box(116, 24, 116.1, 24.1)
    with pytest.raises(BadGrid, match=r"重复.*441402004001101"):
        Grid(["441402004001101"] * 2, [box, box])


def test_a_cell_that_is_no_valid_polygon_is_refused_by_its_code():
    bow = shapely.Polygon([(116, 24), (116.1, 24.1), (116.1, 24), (116, 24.1)])
    with pytest.raises(BadGrid, match="441402004001102"):
        Grid(["441402004001101", "441402004001102"], [shapely.box(116, 24, 116.1, 24.1), bow])


def test_columns_of_different_length_are_refused():
    with pytest.raises(BadGrid, match="数量不一致"):
        Grid(["441402004001101"], [])


def test_the_frame_says_it_is_cgcs2000(grid_drawn):
    frame = grid_drawn("A").grid.frame()
    assert isinstance(frame, gpd.GeoDataFrame) and frame.crs.to_epsg() == 4490
