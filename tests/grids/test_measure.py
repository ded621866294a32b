"""Areas, distances and nearest neighbours on the ellipsoid."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import crs, measure

near = st.tuples(st.floats(115.9, 116.5), st.floats(24.0, 24.5))


def test_a_degree_of_latitude_at_the_equator_is_110574_metres():
    assert abs(float(measure.distance_m(0, 0, 0, 1)) - 110_574.4) < 0.1


@given(near, near)
def test_the_quick_distance_is_within_six_tenths_of_a_percent(a, b):
    exact = float(measure.distance_m(*a, *b))
    assert abs(float(measure.quick_m(*a, *b)) - exact) <= 0.006 * exact + 1e-6


def test_distances_broadcast():
    assert measure.distance_m(116.1, 24.3, [116.1, 116.2, 116.3], 24.3).shape == (3,)


def test_the_area_of_a_square_kilometre_is_a_square_kilometre():
    east, north = (float(v) for v in crs.to_metric(117.0, 24.3))  # on the central meridian the scale is one
    square = shapely.box(east - 500, north - 500, east + 500, north + 500)
    assert abs(float(measure.area_m2(crs.convert_geometry(square, crs.System.METRIC))) - 1e6) < 50


def test_the_direction_of_a_ring_does_not_change_its_area():
    square = shapely.box(116.1, 24.2, 116.2, 24.3)
    assert np.isclose(measure.area_m2(square), measure.area_m2(square.reverse()))


def test_a_hole_is_taken_off_the_area():
    outer, hole = shapely.box(116.1, 24.2, 116.2, 24.3), shapely.box(116.14, 24.24, 116.16, 24.26)
    assert np.isclose(measure.area_m2(outer.difference(hole)), measure.area_m2(outer) - measure.area_m2(hole))


@given(st.lists(near, min_size=1, max_size=20), st.lists(near, min_size=1, max_size=20))
def test_the_nearest_is_as_near_as_the_nearest_of_all(asked, among):
    index, metres = measure.nearest(*np.array(asked).T, *np.array(among).T)
    all_of = measure.distance_m(*(np.array(asked).T[:, :, None]), *(np.array(among).T[:, None, :]))
    assert np.allclose(metres, all_of.min(axis=1))
    assert np.allclose(metres, all_of[np.arange(len(asked)), index])


@given(st.lists(st.tuples(st.floats(80, 130), st.floats(-60, 60)), min_size=2, max_size=20))
def test_the_nearest_is_found_over_a_continent_too(among):
    _, metres = measure.nearest(105.0, 30.0, *np.array(among).T)
    assert np.isclose(metres[0], measure.distance_m(105.0, 30.0, *np.array(among).T).min())


def test_nothing_within_reach_is_minus_one():
    index, metres = measure.nearest(116.1, 24.3, [116.2], [24.3], within_m=1000)
    assert index.tolist() == [-1] and np.isinf(metres).all()


def test_nearest_of_nothing_is_minus_one():
    index, _ = measure.nearest([116.1], [24.3], [], [])
    assert index.tolist() == [-1]


def test_of_two_in_the_same_place_the_first_is_taken():
    index, _ = measure.nearest(116.1, 24.3, [116.2, 116.2], [24.3, 24.3])
    assert index.tolist() == [0]
