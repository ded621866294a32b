"""Discharge limits: hour and day means of an outlet, exceeded only above the limit; nothing else of an outlet is ever judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.model import Quality, Reading
from brain.rules import water_quality
from brain.rules.types import discharge
from tests.rules.judged import CATALOG, said, series, station, told

HOUR = timedelta(hours=1)
COD = ("outlet_cod_1h", "discharge")
PH = ("outlet_ph_1h", "discharge")
OUTLETS = sorted(k for k in CATALOG.kinds if k.startswith(("outlet_", "exhaust_")))


def hours(kind: str, *values: float | None, **more) -> list[Reading]:
    return series(kind, *values, step=HOUR, seq="2061", **more)


def test_an_hour_mean_above_the_limit_opens_and_one_within_it_clears():
    found, _ = told(COD, station("water"), hours("outlet_cod_1h", 48.0, 62.4, 49.0))
    assert said(found) == [("open", "yellow"), ("clear", None)]
    assert found[0].message.endswith("废水 COD小时均值 62.4 mg/L，超过限值 50 mg/L（1.25 倍），达黄色")
    assert found[1].message.endswith("已回到限值 50 mg/L以内，解除")


def test_a_mean_that_equals_its_limit_is_within_it():
    assert said(told(COD, station("water"), hours("outlet_cod_1h", 50.0, 50.0))[0]) == []
    assert said(told(COD, station("water"), hours("outlet_cod_1h", 50.1))[0]) == [("open", "yellow")]


def test_no_rule_but_silence_asks_for_what_an_outlet_says_in_real_time():
    means = {k for k in OUTLETS if k.endswith(("_1h", "_1d"))}
    asked = {k for rule in CATALOG.rules.values() if rule.type != "silence" for k in rule.inputs}
    assert asked & set(OUTLETS) == means


@pytest.mark.parametrize("quality", [Quality.MAINTENANCE, Quality.SUSPECT, Quality.RANGE, Quality.CLOCK])
def test_what_a_data_flag_says_is_no_measurement_neither_opens_nor_clears(quality):
    assert said(told(COD, station("water"), hours("outlet_cod_1h", 900.0, quality=quality))[0]) == []
    after_one = hours("outlet_cod_1h", 62.0) + [r._replace(at=r.at + HOUR) for r in hours("outlet_cod_1h", 3.0, quality=quality)]
    assert said(told(COD, station("water"), after_one)[0]) == [("open", "yellow")]


@pytest.mark.parametrize(
    ("params", "limit"),
    [
        ({}, 50.0),
        ({"discharge_standard": "GB18918-1B"}, 60.0),
        ({"discharge_standard": "GB8978-2"}, 150.0),
        ({"discharge_standard": "没有的标准"}, 50.0),
        ({"discharge": {"outlet_cod": 30}}, 30.0),
        ({"discharge": {"outlet_cod": [None, 80]}, "discharge_standard": "GB18918-1B"}, 80.0),
    ],
)
def test_an_outlets_own_limit_goes_before_its_standard_and_that_before_the_default(params, limit):
    place = station("water", **params)
    assert said(told(COD, place, hours("outlet_cod_1h", limit))[0]) == []
    assert said(told(COD, place, hours("outlet_cod_1h", limit * 1.01))[0]) == [("open", "yellow")]


def test_ph_is_limited_on_both_sides():
    assert said(told(PH, station("water"), hours("outlet_ph_1h", 6.0, 9.0))[0]) == []
    low, _ = told(PH, station("water"), hours("outlet_ph_1h", 5.2))
    high, _ = told(PH, station("water"), hours("outlet_ph_1h", 9.4))
    assert said(low) == said(high) == [("open", "yellow")]
    assert "低于限值 6–9" in low[0].message and "超过限值 6–9" in high[0].message
    assert said(told(PH, station("water", discharge={"outlet_ph": [5, 10]}), hours("outlet_ph_1h", 5.2, 9.4))[0]) == []
    assert said(told(PH, station("water"), hours("outlet_ph_1h", 0.0))[0]) == [("open", "red")]


def test_a_day_mean_is_judged_by_its_own_rule():
    rule = ("exhaust_nox_1d", "discharge")
    place = station("air", discharge_standard="GB13271-gas")
    found, _ = told(rule, place, series("exhaust_nox_1d", 199.0, 210.0, step=timedelta(days=1), seq="2031"))
    assert said(found) == [("open", "yellow")]


def test_the_worse_the_more_times_the_limit():
    found, _ = told(COD, station("water"), hours("outlet_cod_1h", 60.0, 101.0, 251.0, 20.0))
    assert said(found) == [("open", "yellow"), ("change", "orange"), ("change", "red"), ("clear", None)]


@pytest.mark.parametrize(
    ("zone", "value", "level"),
    [("2", 60.0, None), ("2", 60.5, "blue"), ("0", 56.0, "yellow"), (4, 70.0, None), (None, 99.0, None)],
)
def test_noise_of_the_day_is_held_against_the_zone_and_without_one_against_nothing(zone, value, level):
    place = station("air", **({} if zone is None else {"sound_zone": zone}))
    found, _ = told(("sound_day", "discharge"), place, series("sound_day", value, step=timedelta(days=1)))
    assert [j.level and j.level.key for j in found] == ([level] if level else [])


def test_no_kind_of_an_outlet_has_a_class_of_surface_water():
    assert not set(OUTLETS) & water_quality.LIMITED
    assert water_quality.judge(dict.fromkeys(OUTLETS, 1.0), items=tuple(OUTLETS)) is None


@given(values=st.lists(st.floats(0, 2000), min_size=1, max_size=12), limit=st.floats(0.1, 1000))
def test_a_level_is_held_after_a_record_exactly_where_it_is_above_the_limit(values, limit):
    _, last = told(COD, station("water", discharge={"outlet_cod": limit}), hours("outlet_cod_1h", *values))
    assert (last.state.level is not None) == (values[-1] / limit > 1.0)


@given(values=st.lists(st.floats(0, 2000), min_size=2, max_size=8, unique=True), data=st.data())
def test_the_order_in_which_hours_arrive_at_once_changes_nothing(values, data):
    trail = hours("outlet_cod_1h", *values)
    mixed = data.draw(st.permutations(trail))
    one, two = (told(COD, station("water"), list(t))[1] for t in (trail, mixed))
    assert one.state == two.state


def test_a_rule_without_any_limit_or_below_its_limit_is_refused():
    rule = CATALOG.rules[COD]
    bare = {k: v for k, v in rule.params.items() if k not in ("limit", "variants")}
    assert discharge.check(rule) is None
    assert discharge.check(replace(rule, params=bare))[0] == "params"
    assert discharge.check(replace(rule, limits={next(iter(rule.limits)): 0.5}))[0] == "limits"
    assert discharge.check(replace(rule, limits={}))[0] == "limits"


def test_a_limit_of_nothing_comparable_does_not_open():
    assert discharge.ratio(discharge.Bounds(None, None), 9.0) == 0.0
