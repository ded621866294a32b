"""A place of many parts: one detector's recovery takes nobody else's alarm back, whatever the order of arrival."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.catalog import load
from brain.model import Level, Quality, Reading, RuleState, Station
from brain.rules import thresholds
from brain.rules.types import parts as judge_parts

RULE = load().rules["fire_alarm", "alarm"]
FAULT = load().rules["fire_fault", "fault"]
HOUSE = Station("XF-01", "梅江宾馆", "fire", 116.1, 24.3, params={"parts": {"1-2-42-1.7": "三楼配电间感烟"}})
NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)


def say(part: str, value: float, second: float = 0, name: str = "", quality: Quality = Quality.OK) -> Reading:
    seq = f"{part}#{value:g}" + (f" {name}" if name else "")
    return Reading("XF-01", "fire_alarm", NOW + timedelta(seconds=second), value, quality, seq)


def judged(*batches: list[Reading], rule=RULE) -> list:
    """Judgements over batches that come one after the other; each time the rule sees the whole trail so far."""
    state, trail, found = RuleState(), [], []
    for batch in batches:
        trail = sorted([*trail, *batch], key=lambda r: (r.at, r.seq))
        made = thresholds.judge_all(rule, HOUSE, trail, state, NOW + timedelta(hours=1))
        state = made[-1].state
        found += [j for j in made if j.action != "hold"]
    return found


def test_one_part_on_fire_opens_red_at_once_and_names_the_part():
    (one,) = judged([say("1-2-42-1.7", 1)])
    assert (one.action, one.level) == ("open", Level.RED)
    assert one.message == "火警状态：三楼配电间感烟（1-2-42-1.7） 火警，红色"
    assert one.evidence["parts"] == {"1-2-42-1.7": "三楼配电间感烟（1-2-42-1.7）"}


def test_another_part_that_is_well_takes_nothing_back():
    found = judged([say("1-2-42-1.7", 1)], [say("1-2-42-1.8", 0, 5)])
    assert [j.action for j in found] == ["open"]


def test_the_alarm_ends_when_the_last_part_is_well_again():
    found = judged([say("1-2-42-1.7", 1), say("1-2-42-1.8", 1, 1)], [say("1-2-42-1.7", 0, 5)], [say("1-2-42-1.8", 0, 9)])
    assert [j.action for j in found] == ["open", "change", "clear"]


def test_a_second_part_is_told_under_the_same_level():
    opened, more = judged([say("1-2-42-1.7", 1)], [say("1-2-42-1.8", 1, 3, "四楼走道")])
    assert (opened.action, more.action, more.level) == ("open", "change", Level.RED)
    assert "四楼走道" in more.message and "三楼配电间感烟" in more.message


def test_a_panel_that_was_reset_speaks_for_its_detectors_and_for_no_other_panel():
    found = judged([say("1-2-42-1.7", 1), say("1-3-42-1.7", 1)], [say("1-2", 0, 5)])
    assert found[-1].action != "clear" and found[-1].state.level is Level.RED
    assert judged([say("1-2-42-1.7", 1), say("1-3-42-1.7", 1)], [say("", 0, 5)])[-1].action == "clear"


def test_a_reset_before_the_fire_does_not_end_it():
    assert [j.action for j in judged([say("", 0, 5)], [say("1-2-42-1.7", 1, 6)])] == ["open"]


def test_a_fire_that_comes_after_younger_records_of_other_parts_still_opens():
    found = judged([say("1-2-42-1.8", 0, 5)], [say("1-2-42-1.7", 1, 3)])
    assert [j.action for j in found] == ["open"]


def test_a_fire_that_came_and_went_within_one_batch_is_told():
    assert [j.action for j in judged([say("1-2-42-1.7", 1), say("1-2-42-1.7", 0, 3)])] == ["open", "clear"]


def test_of_two_states_of_one_part_in_the_same_second_the_alarm_counts():
    (found,) = judged([say("1-2-42-1.7", 0), say("1-2-42-1.7", 1)])
    assert found.action == "open"


def test_a_wrong_clock_does_not_hide_a_fire():
    reading = Reading("XF-01", "fire_alarm", NOW, 1.0, Quality.CLOCK, "clock:946684800000:0badcafe:1-2-42-1.7#1 三楼")
    (found,) = judged([reading])
    assert list(found.evidence["parts"]) == ["1-2-42-1.7"]
    assert judged([reading], [say("1-2-42-1.7", 0, 5)])[-1].action == "clear"


def test_what_was_sent_under_maintenance_alarms_nobody():
    assert judged([say("1-2-42-1.7", 1, quality=Quality.MAINTENANCE)]) == []


def test_what_a_device_without_a_clock_says_under_maintenance_alarms_nobody():
    work = [[(NOW - timedelta(hours=1)).isoformat(), (NOW + timedelta(hours=1)).isoformat()]]
    house = replace(HOUSE, params={"maintenance": work})
    said = say("1-2-42-1.7", 1, quality=Quality.CLOCK)
    assert thresholds.judge(RULE, house, [said], RuleState(), NOW).action == "hold"
    assert thresholds.judge(RULE, HOUSE, [said], RuleState(), NOW).action == "open"


def test_a_worse_fault_of_another_part_worsens_the_level():
    def fault(part, value, second):
        return Reading("XF-01", "fire_fault", NOW + timedelta(seconds=second), value, seq=f"{part}#{value}")

    found = judged([fault("1-2-42-1.7", 1, 0)], [fault("装置", 2, 3)], [fault("装置", 0, 9)], rule=FAULT)
    assert [(j.action, j.level) for j in found] == [
        ("open", Level.BLUE), ("change", Level.YELLOW), ("change", Level.BLUE)
    ]  # fmt: skip


def test_a_device_that_invents_addresses_does_not_fill_the_memory():
    crowd = [say(f"1-2-42-1.{n}", 0, n * 0.001) for n in range(judge_parts.MOST + 500)]
    made = thresholds.judge(RULE, HOUSE, crowd, RuleState(), NOW + timedelta(hours=1))
    assert len(made.state.memo["parts"]) == judge_parts.MOST


# Always -----------------------------------------------------------------------------------------------------------
PARTS = ("", "1-2", "1-2-42-1.7", "1-2-42-1.8", "1-3-11-0.1", "装置")
records = st.lists(
    st.builds(say, st.sampled_from(PARTS), st.sampled_from([0.0, 1.0]), st.integers(0, 40)), max_size=25, unique_by=lambda r: (r.at, r.seq)
)


def truth(readings: list[Reading]) -> bool:
    """Whether some part's newest record, and no younger one of a whole above it, says fire."""
    newest = {}
    for r in sorted(readings, key=lambda r: (r.at, r.seq)):
        newest[judge_parts.part_of(r.seq)] = r
    return any(
        r.value == 1
        and not any(
            w.value == 0 and (w.at, w.seq) > (r.at, r.seq)
            for whole, w in newest.items()
            if whole == "" or part.startswith(whole + "-")
        )
        for part, r in newest.items()
    )


def whole_history_truth(readings: list[Reading]) -> bool:
    """The same, where a whole that was normal once has ended what stood before it for good."""
    on: dict[str, bool] = {}
    for r in sorted(readings, key=lambda r: (r.at, r.seq)):
        part = judge_parts.part_of(r.seq)
        on[part] = r.value == 1
        if r.value == 0:
            for other in on:
                if other != part and (part == "" or other.startswith(part + "-")):
                    on[other] = False
    return any(on.values())


@settings(max_examples=150, deadline=None)
@given(records)
def test_in_order_the_level_is_what_the_history_says(readings):
    state, trail = RuleState(), []
    for r in sorted(readings, key=lambda r: (r.at, r.seq)):
        trail.append(r)
        state = thresholds.judge_all(RULE, HOUSE, trail, state, NOW + timedelta(hours=1))[-1].state
        assert (state.level is Level.RED) == whole_history_truth(trail)


@settings(max_examples=150, deadline=None)
@given(records, st.integers(1, 6), st.randoms(use_true_random=False))
def test_however_a_history_is_cut_and_delayed_no_standing_fire_is_missed(readings, size, random):
    """Parts alone, without wholes: in any order of arrival the end is the same."""
    readings = [r for r in readings if judge_parts.part_of(r.seq) not in ("", "1-2")]
    shuffled = list(readings)
    random.shuffle(shuffled)
    batches = [shuffled[n : n + size] for n in range(0, len(shuffled), size)]
    state, trail = RuleState(), []
    for batch in batches:
        trail = sorted([*trail, *batch], key=lambda r: (r.at, r.seq))
        state = thresholds.judge_all(RULE, HOUSE, trail, state, NOW + timedelta(hours=1))[-1].state
    assert (state.level is Level.RED) == truth(readings)


@settings(max_examples=100, deadline=None)
@given(records)
def test_judging_the_same_records_again_changes_nothing(readings):
    trail = sorted(readings, key=lambda r: (r.at, r.seq))
    state = thresholds.judge_all(RULE, HOUSE, trail, RuleState(), NOW + timedelta(hours=1))[-1].state
    again = thresholds.judge_all(RULE, HOUSE, trail, state, NOW + timedelta(hours=2))
    assert [j.action for j in again] == ["hold"] and again[-1].state == state


def test_a_record_a_day_late_of_a_part_long_forgotten_opens_nothing():
    state = RuleState(seen_at=NOW, memo={"parts": {}})
    late = say("1-2-42-1.9", 1, -90_000)
    assert thresholds.judge(RULE, HOUSE, [late], state, NOW).action == "hold"


@pytest.mark.parametrize(
    ("seq", "part"),
    [("", ""), ("1-2#0", "1-2"), ("1-2-42-1.7#1 三楼 A:1#2", "1-2-42-1.7"), ("clock:1:ab:装置#2 x", "装置")],
)
def test_a_part_is_known_by_its_path(seq, part):
    assert judge_parts.part_of(seq) == part
