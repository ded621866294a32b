"""HJ 633-2026 and 2012: breakpoints, rounding, missing items, and the day the rule changed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.rules import air_quality as aq

NOW, BEFORE = date(2026, 9, 3), date(2026, 2, 28)


@pytest.mark.parametrize(
    ("item", "value", "hourly", "index"),
    [
        ("pm25", 35, False, 50), ("pm25", 50, False, 80), ("pm25", 60, False, 100), ("pm25", 60.5, False, 100),
        ("pm25", 61, False, 101), ("pm25", 75, False, 114), ("pm25", 115, False, 150), ("pm25", 600, False, 500),
        ("pm10", 100, False, 86), ("pm10", 150, False, 112), ("o3", 161, False, 101), ("o3", 180, False, 119),
        ("o3", 900, False, 300), ("so2", 900, True, 200), ("no2", 85, True, 43), ("co", 0.6, False, 15),
        ("co", 3, True, 30), ("o3", 140, True, 44),
    ],
)  # fmt: skip
def test_a_concentration_has_the_sub_index_of_the_standard(item, value, hourly, index):
    assert aq.iaqi(item, value, NOW, hourly=hourly) == index


def test_the_same_dust_is_fair_before_march_2026_and_light_pollution_after():
    old, new = (aq.judge({"pm25": 70}, day, hourly=False, not_monitored=frozenset(aq.ITEMS)) for day in (BEFORE, NOW))
    assert (old.aqi, old.level, old.standard) == (94, 2, "HJ 633-2012")
    assert (new.aqi, new.level, new.standard) == (110, 3, "HJ 633-2026")


def test_hourly_particles_use_the_daily_breakpoints():
    assert aq.iaqi("pm25", 60, NOW, hourly=True) == aq.iaqi("pm25", 60, NOW, hourly=False) == 100


def test_inputs_are_rounded_half_to_even_and_carbon_monoxide_to_a_tenth():
    assert [aq.rounded("pm25", v) for v in (0.5, 1.5, 2.5)] == [0, 2, 2]
    assert str(aq.rounded("co", 0.25)) == "0.2"


GOOD = {"pm25": 10, "pm10": 20, "so2": 5, "no2": 10, "o3": 30, "co": 0.4}


def test_the_index_is_the_worst_sub_index_and_clean_air_has_no_primary_pollutant():
    judged = aq.judge(GOOD, NOW, hourly=True)
    assert (judged.aqi, judged.level, judged.primary) == (20, 1, ())


def test_equal_worst_items_are_named_together():
    assert aq.judge(GOOD | {"pm25": 60, "pm10": 120}, NOW, hourly=True).primary == ("pm25", "pm10")


def test_a_missing_item_makes_the_index_unknown_unless_the_rest_exceeds():
    part = {item: value for item, value in GOOD.items() if item != "o3"}
    assert aq.judge(part, NOW, hourly=True).aqi is None
    assert aq.judge(part | {"pm25": 61}, NOW, hourly=True).aqi == 101
    assert aq.judge(part, NOW, hourly=True, not_monitored=frozenset({"o3"})).aqi == 20
    assert aq.judge({}, NOW, hourly=True).aqi is None


@given(item=st.sampled_from(aq.ITEMS), a=st.floats(0, 5000), b=st.floats(0, 5000), hourly=st.booleans())
def test_more_of_an_item_never_lowers_its_index(item, a, b, hourly):
    low, high = sorted((a, b))
    assert aq.iaqi(item, low, NOW, hourly=hourly) <= aq.iaqi(item, high, NOW, hourly=hourly)


@pytest.mark.parametrize("table", [aq.DAY_2026, aq.HOUR_2026, aq.DAY_2012, aq.HOUR_2012])
def test_each_breakpoint_has_exactly_its_index(table):
    day, hourly = (NOW if table in (aq.DAY_2026, aq.HOUR_2026) else BEFORE), table in (aq.HOUR_2026, aq.HOUR_2012)
    for item, points in table.items():
        assert [aq.iaqi(item, point, day, hourly=hourly) for point in points] == list(aq.IAQI[: len(points)])


def test_a_negative_concentration_is_refused():
    with pytest.raises(ValueError, match="negative"):
        aq.iaqi("pm25", -1, NOW, hourly=True)


@pytest.mark.parametrize(("aqi", "level"), [(1, 1), (50, 1), (51, 2), (100, 2), (150, 3), (200, 4), (300, 5), (301, 6)])
def test_an_index_has_one_of_six_levels(aqi, level):
    assert aq.level_of(aqi) == level


def test_limits_tighten_in_2031():
    assert aq.limit_of("pm25", "day", NOW) == 60
    assert aq.limit_of("pm25", "day", date(2031, 1, 1)) == 50
    with pytest.raises(ValueError, match="2026-03-01"):
        aq.limit_of("pm25", "day", BEFORE)


def test_days_without_a_valid_index_are_no_days():
    assert aq.good_days([40, 100, 101, None]) == (2, 3)


CLEAN = {"so2": 6, "no2": 12, "co": 0.8, "o3": 120, "pm10": 30, "pm25": 15}


def test_the_composite_index_is_the_sum_of_shares_of_the_limits_in_force():
    assert aq.composite(CLEAN, NOW) == pytest.approx(6 / 60 + 12 / 40 + 0.8 / 4 + 120 / 160 + 30 / 60 + 15 / 30)
    assert aq.composite(CLEAN, date(2031, 1, 1)) == pytest.approx(
        6 / 20 + 12 / 30 + 0.8 / 4 + 120 / 160 + 30 / 50 + 15 / 25
    )


def test_a_sum_of_five_items_or_from_before_the_standard_is_no_index():
    assert aq.composite({k: v for k, v in CLEAN.items() if k != "o3"}, NOW) is None
    assert aq.composite(CLEAN, BEFORE) is None


def test_a_percentile_lies_between_its_neighbours():
    assert aq.percentile([4, 1, 3, 2], 0.5) == 2.5
    assert aq.percentile([7], 0.9) == 7 and aq.percentile([], 0.9) is None
    assert aq.percentile(range(1, 102), 0.95) == 96
