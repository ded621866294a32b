"""How often a key may push: a burst, then a steady rate, and never more."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import practice
from ingest.doors.push.quota import Quota


def test_a_burst_is_let_through_at_once_and_the_next_one_waits_its_share_of_a_minute():
    quota = Quota(60, 3)
    assert [quota.take("k", 100.0) for _ in range(4)] == [0, 0, 0, 1.0]
    assert quota.take("k", 101.0) == 0 and quota.take("k", 101.0) == 1.0


def test_a_long_rest_saves_up_a_burst_and_no_more():
    quota = Quota(60, 3)
    assert [quota.take("k", at) == 0 for at in (0.0, *[10_000.0] * 4)] == [True, True, True, True, False]


def test_nought_a_minute_is_no_limit():
    quota = Quota(0, 1)
    assert {quota.take("k", 0.0) for _ in range(1000)} == {0.0}


@given(st.lists(st.floats(0, 30), min_size=1, max_size=80), st.integers(1, 120), st.integers(1, 10))
def test_who_waits_as_long_as_he_is_told_is_let_through_and_nobody_gets_more_than_his_share(gaps, per_minute, burst):
    quota, at, allowed = Quota(per_minute, burst), 0.0, 0
    for gap in gaps:
        at += gap
        wait = quota.take("k", at)
        if wait:
            at += wait
            assert quota.take("k", at) == 0
        allowed += 1
    assert allowed <= burst + at * per_minute / 60 + 1e-3


def test_many_threads_share_what_a_key_may():
    quota, found = Quota(60, 50), []
    threads = [threading.Thread(target=lambda: found.extend(quota.take("k", 0.0) for _ in range(40))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(0.0) == 50 and quota.refused() == {"k": 150}


@pytest.mark.parametrize(
    ("said", "wrong"),
    [("per_minute = -1", "正整数，或 0"), ("per_minute = false", "正整数，或 0"), ("burst = 0", "正整数")],
)
def test_a_city_sets_its_own_limit_or_none(tmp_path, said, wrong):
    own = tmp_path / "intake.toml"
    own.write_text("[push]\nper_minute = 0\n")
    assert practice.load(str(tmp_path)).push.per_minute == 0
    own.write_text(f"[push]\n{said}\n")
    with pytest.raises(practice.BadPractice, match=wrong):
        practice.load(str(tmp_path))
