"""Rules about the devices themselves: silent, stuck, drifting or not to be believed."""

from __future__ import annotations

from brain.model import Level, Quality, Reading
from brain.rules import thresholds
from tests.rules.judged import (
    CALM,
    CATALOG,
    MAD,
    NOTHING,
    START,
    STUCK,
    SUSPECT,
    after,
    lab,
    probe,
    said,
    series,
    station,
    told,
)

SILENT = ("device", "silence_rain")


def test_a_silent_station_is_told_and_its_next_record_clears_it():
    rule, place = CATALOG.rules[SILENT], station("rain")
    trail = series("rain_1h", 0.0)
    first = thresholds.judge(rule, place, trail, NOTHING, START)
    assert (first.action, first.due) == ("hold", after(hours=3))
    silent = thresholds.judge(rule, place, trail, first.state, after(hours=3))
    assert (silent.action, silent.level, silent.due) == ("open", Level.BLUE, after(hours=6))
    assert silent.message == "雨量站离线：09-03 10:00 以后已 3 小时没有数据，达蓝色限值 3 小时"
    worse = thresholds.judge(rule, place, trail, silent.state, after(hours=6))
    assert (worse.action, worse.level) == ("change", Level.YELLOW)
    back = [*trail, Reading("S-01", "rain_1h", after(hours=7), 0.0)]
    assert thresholds.judge(rule, place, back, worse.state, after(hours=7)).action == "clear"


def test_a_record_sent_long_ago_does_not_prove_that_the_station_speaks_now():
    rule, place = CATALOG.rules[SILENT], station("rain")
    trail = series("rain_1h", 0.0)
    silent = thresholds.judge(rule, place, trail, NOTHING, after(hours=8))
    backlog = [*trail, Reading("S-01", "rain_1h", after(hours=1), 0.0, Quality.LATE)]
    assert thresholds.judge(rule, place, backlog, silent.state, after(hours=8)).level == Level.YELLOW


def test_a_station_that_was_never_heard_is_not_called_silent():
    assert thresholds.judge(CATALOG.rules[SILENT], station("rain"), [], NOTHING, START).action == "hold"


def test_a_sick_reading_is_still_a_sign_of_life():
    rule, place = CATALOG.rules[SILENT], station("rain")
    trail = series("rain_1h", 999.0, quality=Quality.RANGE)
    assert thresholds.judge(rule, place, trail, NOTHING, after(hours=1)).action == "hold"


def test_four_equal_records_while_the_rest_moves_are_a_stuck_item_and_are_flagged():
    found, _ = told(STUCK, station("water"), lab(3.1, 3.16, 3.16, 3.16, 3.16, 4.0))
    assert said(found) == [("open", "blue"), ("clear", None)]
    assert found[0].message == "高锰酸盐指数连续 4 条记录为 3.16 mg/L不变，而同站其他项目在变化，疑似仪器卡滞"
    assert [(kind, quality) for kind, _, _, quality in found[0].flags] == [("codmn", Quality.STUCK)] * 4


def test_a_station_that_stands_still_as_a_whole_is_not_a_stuck_item():
    assert told(STUCK, station("water"), lab(*[3.16] * 6, moving=False))[0] == []


def test_a_gap_neither_breaks_nor_frees_a_stuck_item():
    found, last = told(STUCK, station("water"), lab(3.16, 3.16, None, 3.16, 3.16, None))
    assert said(found) == [("open", "blue")] and last.level == Level.BLUE


def test_a_value_of_few_steps_may_repeat_by_chance():
    assert told(STUCK, station("water"), lab(*[0.05] * 6))[0] == []


def test_a_lone_jump_of_several_items_is_an_instrument_fault_and_the_whole_record_is_flagged():
    found, _ = told(SUSPECT, station("water"), probe(*[CALM] * 6, MAD, CALM))
    assert said(found) == [("open", "blue"), ("clear", None)]
    assert {(kind, quality) for kind, _, _, quality in found[0].flags} == {(kind, Quality.SUSPECT) for kind in MAD}
    assert found[1].flags == () and "保留" in found[1].message


def test_a_jump_that_the_next_record_confirms_was_true_and_the_flags_are_taken_back():
    rule, place, trail = CATALOG.rules[SUSPECT], station("water"), probe(*[CALM] * 6, MAD, MAD)
    at = sorted({r.at for r in trail})
    opened = thresholds.judge_all(rule, place, [r for r in trail if r.at < at[-1]], NOTHING, at[-2])[-1]
    marked = thresholds.with_flags(trail, opened.flags)
    closed = thresholds.judge_all(rule, place, marked, opened.state, at[-1])[-1]
    assert closed.action == "clear" and closed.evidence["confirmed"] is True
    assert {quality for *_, quality in closed.flags} == {Quality.OK} and len(closed.flags) == len(MAD)


def test_a_jump_with_turbid_water_is_a_flood_and_no_fault():
    flood = MAD | {"turbidity": 300.0}
    assert told(SUSPECT, station("water"), probe(*[CALM] * 6, flood, CALM))[0] == []


def test_a_jump_of_probes_alone_is_no_fault():
    noon = CALM | {"water_temp": 31.0, "dissolved_oxygen": 9.5}
    assert told(SUSPECT, station("water"), probe(*[CALM] * 6, noon, CALM))[0] == []
