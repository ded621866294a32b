"""KPIs: formulae, intervals, fair ranks, and what may be said about a change."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.catalog import load
from brain.rules import kpi

CATALOG = load()
NOW = datetime(2026, 9, 30, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize("key", sorted(kpi.FORMULAE))
def test_a_formula_says_what_it_divides_and_nothing_divided_by_nothing_is_a_dash(key):
    formula = kpi.FORMULAE[key]
    assert "÷" in formula.text and formula.period and formula.label
    figure = kpi.compute(key, {formula.numerator: 0, formula.denominator: 0})
    assert (figure.value, figure.text) == (None, "—")


def test_a_rate_is_printed_with_one_decimal_and_carries_its_interval():
    figure = kpi.compute("on_time_handle_rate", {"handled_on_time": 19, "handle_due": 20})
    assert figure.text == "95.0%"
    assert figure.low == pytest.approx(0.7639, abs=1e-4) and figure.high == pytest.approx(0.9911, abs=1e-4)


def test_a_mean_time_is_printed_in_hours():
    assert kpi.compute("mean_handle_time", {"handle_seconds": 36000, "handled": 4}).text == "2.5 小时"


@given(cases=st.integers(1, 10_000), data=st.data())
def test_an_interval_holds_its_share_and_stays_inside_zero_and_one(cases, data):
    hits = data.draw(st.integers(0, cases))
    low, high = kpi.wilson(hits, cases)
    assert 0 <= low <= hits / cases <= high <= 1


def test_an_interval_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one case"):
        kpi.wilson(0, 0)


def test_every_target_and_score_card_line_has_a_formula():
    asked = set(CATALOG.targets) | {line.kpi for card in CATALOG.scorecards.values() for line in card}
    assert asked <= set(kpi.FORMULAE)


def rank_of(found: list[kpi.Place]) -> dict[str, int | None]:
    return {place.unit: place.rank for place in found}


def test_units_that_cannot_be_told_apart_share_a_rank_and_the_next_is_skipped():
    found = kpi.rank({"甲": (99, 100), "乙": (98, 100), "丙": (50, 100)}, better="high", least=10)
    assert rank_of(found) == {"甲": 1, "乙": 1, "丙": 3}


def test_a_unit_with_fewer_than_ten_cases_is_not_ranked():
    found = kpi.rank({"甲": (9, 9), "乙": (50, 100), "丙": (0, 0)}, better="high", least=10)
    assert rank_of(found) == {"乙": 1, "甲": None, "丙": None}


def test_where_less_is_better_the_lowest_rate_is_first():
    found = kpi.rank({"甲": (40, 100), "乙": (1, 100)}, better="low", least=10)
    assert [place.unit for place in found] == ["乙", "甲"]


@given(
    st.dictionaries(st.text("甲乙丙丁戊", min_size=1), st.tuples(st.integers(0, 50), st.integers(50, 100)), min_size=1)
)
def test_nobody_is_ranked_behind_a_unit_that_is_not_clearly_better(units):
    for place in kpi.rank(units, better="high", least=10):
        better = [low for low, _ in (kpi.wilson(n, d) for n, d in units.values()) if low > place.high]
        assert place.rank == 1 + len(better)


def test_a_score_card_leaves_out_what_is_missing_and_says_so():
    card = CATALOG.scorecards["precedent"]
    full = {line.kpi: 0.0 if line.inverse else 1.0 for line in card}
    assert kpi.score(card, full) == (100.0, ())
    points, missing = kpi.score(card, full | {"extend_rate": None, "handle_rate": 0.5})
    assert (points, missing) == (pytest.approx(83.3), ("extend_rate",))
    assert kpi.score(card, {})[0] is None


RULES = {"least": 10, "flat": 0.05, "clear": 0.2}


@pytest.mark.parametrize(
    ("now", "before", "text", "word"),
    [
        (120, 100, "上升 20.0%", "明显上升"),
        (110, 100, "上升 10.0%", "有所上升"),
        (95, 100, "下降 5.0%", "基本持平"),
        (70, 100, "下降 30.0%", "明显下降"),
        (14, 10, "上升 40.0%", "有所上升"),  # four cases more are no clear rise
        (7, 0, "由 0 件增至 7 件", "增至"),
        (3, 9, "由 9 件减至 3 件", "减至"),
        (4, 4, "均为 4 件", "持平"),
        (100, 100, "持平", "基本持平"),
    ],
)
def test_a_change_of_a_count_is_said_in_the_words_of_the_report(now, before, text, word):
    found = kpi.change(now, before, **RULES)
    assert (found.text, found.word) == (text, word)


def test_a_change_of_a_rate_is_in_percentage_points():
    assert kpi.change_of_rate(0.953, 0.941).text == "上升 1.2 个百分点"
    assert kpi.change_of_rate(0.95, 0.95).text == "持平"
    assert kpi.change_of_rate(None, 0.9).text == "无对比数据"


def test_periods_are_compared_with_last_month_and_the_same_month_last_year():
    assert kpi.previous_month("2026-01") == "2025-12"
    assert kpi.same_month_last_year("2026-10") == "2025-10"


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=12))
def test_shares_add_up_to_a_hundred(parts):
    found = kpi.shares(parts)
    assert round(sum(found), 6) == (100.0 if sum(parts) else 0.0)
