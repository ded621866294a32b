"""GB 3838-2002: the vectors of the field, equal limits, lakes, and the class that the national platform printed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.rules import water_quality as wq

SERIES = Path(__file__).parent / "data" / "cnemc_water_202608_09.csv"
CLASS_ITEMS = ("ph", "dissolved_oxygen", "codmn", "ammonia", "total_phosphorus")
SAMPLE = {"ph": 7.32, "dissolved_oxygen": 6.85, "codmn": 2.6, "ammonia": 0.31, "total_phosphorus": 0.08}


@pytest.mark.parametrize(
    ("change", "lake", "cls"),
    [
        ({}, False, 2),
        ({"ammonia": 1.2}, False, 4),
        ({"dissolved_oxygen": 1.5}, False, 6),
        ({"total_phosphorus": 0.08}, True, 4),
        ({"ph": 5.9}, False, 6),
        ({"ph": 9.0}, False, 2),
    ],
)
def test_the_class_of_a_sample_is_its_worst_item(change, lake, cls):
    assert wq.judge(SAMPLE | change, lake=lake).cls == cls


def test_the_worst_item_and_its_exceed_factor_are_named():
    judged = wq.judge(SAMPLE | {"ammonia": 1.2})
    assert (judged.worst, judged.exceed) == (("ammonia",), {"ammonia": 0.2})


@pytest.mark.parametrize(
    ("item", "value", "cls"), [("cod", 15, 1), ("bod5", 3, 1), ("copper", 1.0, 2), ("lead", 0.05, 3)]
)
def test_equal_limits_give_the_better_class(item, value, cls):
    assert wq.item_class(item, value) == cls


@pytest.mark.parametrize("item", sorted(wq.LIMITS))
def test_a_value_on_a_limit_belongs_to_that_class_and_limits_never_improve(item):
    limits = wq.LIMITS[item]
    for number, limit in enumerate(limits, 1):
        assert wq.item_class(item, limit) <= number
    ordered = sorted(limits, reverse=item in wq.LOWER_IS_WORSE)
    assert list(limits) == ordered


@given(item=st.sampled_from(sorted(wq.LIMITS)), a=st.floats(0, 1e5), b=st.floats(0, 1e5))
def test_a_worse_value_never_has_a_better_class(item, a, b):
    low, high = sorted((a, b))
    worse, better = (low, high) if item in wq.LOWER_IS_WORSE else (high, low)
    assert wq.item_class(item, worse) >= wq.item_class(item, better)


def test_missing_items_are_named_and_no_item_gives_no_class():
    judged = wq.judge({"ph": 7.0}, items=CLASS_ITEMS)
    assert judged.missing == ("dissolved_oxygen", "codmn", "ammonia", "total_phosphorus")
    assert wq.judge({"turbidity": 50.0}) is None


def test_total_nitrogen_and_coliforms_are_reported_apart():
    assert wq.judge(SAMPLE | {"total_nitrogen": 9.0, "coliform": 1e6}).cls == 2


def test_the_class_printed_by_the_national_platform_is_ours():
    wrong = []
    for row in csv.DictReader(SERIES.open(encoding="utf-8")):
        values = {item: float(row[item]) for item in CLASS_ITEMS if row[item]}
        judged = wq.judge(values)
        if (judged.cls if judged else -1) != int(row["printed_class"]):
            wrong.append((row["section"], row["at"], row["printed_class"], judged))
    assert not wrong


def test_oxygen_saturation_falls_with_the_temperature():
    assert wq.oxygen_saturation(20) == pytest.approx(9.07, abs=0.01)


@pytest.mark.parametrize(
    ("classes", "word"),
    [
        ([2, 2, 3, 1], None),
        ([2] * 9 + [4], "good"),
        ([2] * 8 + [4] * 2, "fair"),
        ([2] * 7 + [4] * 3, "light"),
        ([2] * 7 + [6] * 3, "medium"),
        ([2] * 5 + [6] * 5, "heavy"),
    ],
)
def test_a_river_is_judged_from_five_sections_on(classes, word):
    assert wq.river_state(classes) == word
