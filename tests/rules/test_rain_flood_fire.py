"""Rain grades, river marks and ponding ladders, the fire weather index."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from brain.catalog import load
from brain.rules import fire_danger, flood, rainfall

BEIJING = timezone(timedelta(hours=8))
INDEX = load().rules["fire_danger", "index"].params


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 9, day, hour, minute, tzinfo=BEIJING)


# Rain ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("amount", "hours", "grade"),
    [
        (0.04, 24, 0), (0.05, 24, 0), (0.1, 24, 1), (9.9, 24, 1), (10.0, 24, 2), (24.94, 24, 2), (25.0, 24, 3),
        (50.0, 24, 4), (99.9, 24, 4), (100.0, 24, 5), (250.0, 24, 6), (4.9, 12, 1), (5.0, 12, 2), (15.0, 12, 3),
        (30.0, 12, 4), (70.0, 12, 5), (140.0, 12, 6),
    ],
)  # fmt: skip
def test_an_amount_of_rain_has_the_grade_of_the_standard(amount, hours, grade):
    assert rainfall.grade(amount, hours=hours) == grade


def test_other_windows_have_no_grade():
    with pytest.raises(ValueError, match="12 h and 24 h"):
        rainfall.grade(10, hours=6)


def test_rain_reported_at_eight_belongs_to_the_day_that_ends():
    assert rainfall.day_window(at(3, 8)) == (at(2, 8), at(3, 8))
    assert rainfall.day_window(at(3, 8, 1)) == (at(3, 8), at(4, 8))
    assert rainfall.day_window(at(3, 10), starts=20) == (at(2, 20), at(3, 20))


def test_sums_of_the_last_hours_leave_out_what_came_before():
    hourly = [(at(3, hour), 10.0) for hour in range(1, 8)]
    assert rainfall.sums(hourly, at(3, 7), (1, 3, 24)) == {1: 10.0, 3: 30.0, 24: 70.0}


def test_the_worst_tip_of_several_windows_is_told_with_its_window():
    limits = {1: {"blue": 20, "yellow": 30}, 3: {"blue": 30, "yellow": 40, "orange": 50}}
    assert rainfall.tip({1: 31.0, 3: 52.0}, limits) == ("orange", 3)
    assert rainfall.tip({1: 5.0, 3: 6.0}, limits) is None


def test_limits_of_a_torrent_town_fall_when_the_soil_is_wet():
    limits = {"blue": 20.0, "red": 70.0}
    assert rainfall.torrent_limits(limits, 120, wet_from=100, factor=0.8) == {"blue": 16.0, "red": 56.0}
    assert rainfall.torrent_limits(limits, 99, wet_from=100, factor=0.8) == limits


def test_short_rain_is_strong_from_twenty_millimetres_an_hour():
    assert [rainfall.strength(v) for v in (19.9, 20, 50)] == [None, "strong", "very_strong"]


# Rivers and roads ---------------------------------------------------------------------------------------------------
def test_a_stations_marks_become_its_ladder():
    marks = {"warning": 76.0, "guarantee": 78.2, "highest": 81.0}
    assert flood.ladder(marks, near=0.5) == {"blue": 75.5, "yellow": 76.0, "orange": 78.2, "red": 81.0}
    assert flood.ladder(marks | {"guard": 75.0}, near=0.5)["blue"] == 75.0


def test_marks_out_of_order_are_refused():
    with pytest.raises(ValueError, match="警戒"):
        flood.ladder({"warning": 78.2, "guarantee": 76.0}, near=0.5)


def test_a_level_is_told_by_the_highest_mark_it_passed():
    assert flood.over(78.2, {"warning": 76.0, "guarantee": 80.0}) == ("warning", 2.2)
    assert flood.over(75.9, {"warning": 76.0}) is None


@pytest.mark.parametrize(("change", "word"), [(0.02, "steady"), (0.03, "rising"), (-0.03, "falling")])
def test_a_level_rises_or_falls_against_the_hour_before(change, word):
    assert flood.trend([(at(3, 9), 76.0), (at(3, 10), 76.0 + change)]) == word


def test_a_gap_has_no_trend():
    assert flood.trend([(at(3, 1), 76.0), (at(3, 10), 77.0)]) is None
    assert flood.trend([(at(3, 10), 77.0)]) is None


def test_a_rate_is_metres_per_hour():
    assert flood.rate_per_hour([(at(3, 8), 75.0), (at(3, 10), 76.0)]) == 0.5


# Fire weather -------------------------------------------------------------------------------------------------------
def index(**change):
    base = dict(
        temp_max=26.0, humidity_min=28.0, wind_max=6.0, rain=0.5, dry_days=8, season=10, temp=INDEX["temp"],
        humidity=INDEX["humidity"], wind=INDEX["wind"], rain_table=INDEX["rain"], grades=INDEX["grades"],
    )  # fmt: skip
    return fire_danger.index(**(base | change))


def test_the_index_is_the_sum_of_its_parts_less_the_season():
    found = index()
    assert (found.a, found.b, found.c, found.d, found.e) == (15, 15, 50, 20, 10)
    assert (found.h, found.grade) == (90, 4)


@pytest.mark.parametrize(("h", "grade"), [(25, 1), (25.1, 2), (50, 2), (51, 3), (72, 3), (73, 4), (90, 4), (91, 5)])
def test_an_index_has_one_of_five_grades(h, grade):
    assert fire_danger.grade_of(h, INDEX["grades"]) == grade


@pytest.mark.parametrize(
    ("rain", "dry", "points"),
    [(1.0, 0, 10), (1.0, 2, 20), (1.0, 30, 50), (4.0, 0, 5), (8.0, 3, 15), (20.0, 1, 0), (20.0, 3, 10), (None, 0, 50)],
)
def test_dry_days_after_the_rain_raise_the_danger(rain, dry, points):
    assert fire_danger.rain_points(rain, dry, INDEX["rain"]) == points


@pytest.mark.parametrize(("wind", "points"), [(0.2, 0), (0.3, 5), (3.3, 10), (5.5, 20), (17.2, 40)])
def test_wind_is_taken_by_beaufort(wind, points):
    assert fire_danger.points(wind, INDEX["wind"]) == points
