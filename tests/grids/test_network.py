"""A small river: a main stem flowing east, a brook joining it from the north, one from the south further down.

    source ──────┬────────────┬────── mouth        12 km, 1 m/s
               brook        creek                  3 km at km 4, 2 km at km 8, 0.5 m/s
"""

from __future__ import annotations

import pytest
import shapely

from geo import crs
from geo.network import BadNetwork, Network

ORIGIN = tuple(float(v) for v in crs.to_metric(116.1, 24.3))


def place(x_km: float, y_km: float) -> tuple[float, float]:
    lng, lat = crs.from_metric(ORIGIN[0] + 1000 * x_km, ORIGIN[1] + 1000 * y_km)
    return float(lng), float(lat)


def line(*spots: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([place(*s) for s in spots])


@pytest.fixture
def river() -> Network:
    stem, brook, creek = line((0, 0), (12, 0)), line((4, 3), (4, 0.02)), line((8, -2), (8, 0))
    return Network.from_lines(["梅江", "周溪河", "白宫河"], [stem, brook, creek], [1.0, 0.5, 0.5])


def names(net: Network, reaches: list[int]) -> list[str]:
    return [net.reaches[r].name for r in reaches]


def test_a_tributary_cuts_the_main_stem_where_it_joins(river):
    assert [r.name for r in river.reaches] == ["梅江", "梅江", "梅江", "周溪河", "白宫河"]
    assert [round(r.length / 1000) for r in river.reaches] == [4, 4, 4, 3, 2]


def test_downstream_of_a_brook_is_the_stem_below_it(river):
    assert river.downstream(river.spot(*place(4, 1))) == [3, 1, 2]


def test_upstream_of_the_mouth_is_everything_nearest_first(river):
    assert river.upstream(river.spot(*place(11, 0))) == [2, 1, 4, 0, 3]


def test_upstream_of_a_source_is_its_own_reach(river):
    assert river.upstream(river.spot(*place(0, 0))) == [0]


def test_a_spot_is_the_nearest_place_on_the_water(river):
    spot = river.spot(*place(6, 0.3))
    assert spot.reach == 1 and abs(spot.along - 2000) < 5 and abs(spot.off - 300) < 1


def test_too_far_from_any_water_is_no_spot(river):
    assert river.spot(*place(6, 0.3), within_m=200) is None


def test_distance_follows_the_water(river):
    above, below = river.spot(*place(4, 1)), river.spot(*place(10, 0))
    assert abs(river.distance_m(above, below) - 7000) < 30


def test_travel_time_adds_each_reach_at_its_own_speed(river):
    above, below = river.spot(*place(4, 1)), river.spot(*place(10, 0))
    assert abs(river.travel_s(above, below) - (1000 / 0.5 + 6000 / 1.0)) < 60
    assert river.travel_s(above, below, factor=2.0) == river.travel_s(above, below) / 2


def test_water_does_not_flow_up(river):
    above, below = river.spot(*place(2, 0)), river.spot(*place(10, 0))
    assert river.path(below, above) is None and river.travel_s(below, above) is None
    assert river.distance_m(river.spot(*place(3, 0)), above) is None


def test_one_tributary_is_not_downstream_of_another(river):
    assert river.path(river.spot(*place(4, 1)), river.spot(*place(8, -1))) is None


def test_two_spots_on_one_reach_are_as_far_as_between_them(river):
    assert abs(river.distance_m(river.spot(*place(1, 0)), river.spot(*place(3, 0))) - 2000) < 5


def test_a_ring_is_refused_with_its_names():
    ring = [line((0, 0), (4, 0)), line((4, 0), (2, 3)), line((2, 3), (0, 0))]
    with pytest.raises(BadNetwork, match="成环：丙、乙、甲"):
        Network.from_lines(["甲", "乙", "丙"], ring, [1, 1, 1])


def test_a_standing_river_is_refused():
    with pytest.raises(BadNetwork, match=r"程江.*大于 0"):
        Network.from_lines(["程江"], [line((0, 0), (1, 0))], [0])


def test_a_river_in_pieces_is_refused():
    pieces = shapely.MultiLineString([line((0, 0), (1, 0)), line((2, 0), (3, 0))])
    with pytest.raises(BadNetwork, match="程江 不是一条连续的线"):
        Network.from_lines(["程江"], [pieces], [1])


def test_the_frame_has_one_row_a_reach(river):
    frame = river.frame()
    assert len(frame) == 5 and frame.crs.to_epsg() == 4490
