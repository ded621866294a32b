"""Limits of one value, ratios and states on a few records: what opens, what changes, what clears, and what it says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from brain.model import TRUSTED, Level, Quality, Reading
from brain.rules import thresholds
from tests.rules.judged import (
    CALM,
    CATALOG,
    CLASS,
    HOTSPOT,
    MAD,
    NOTHING,
    START,
    STUCK,
    SUSPECT,
    after,
    lab,
    probe,
    said,
    samples,
    series,
    spot,
    station,
    told,
    weather,
)

RAIN = ("rain_1h", "tip")


def test_a_value_at_the_limit_opens_and_the_sentence_says_value_unit_and_limit():
    found, _ = told(("turbidity", "ladder"), station("water"), series("turbidity", 10.0, 303.5))
    assert said(found) == [("open", "orange")]
    assert found[0].message == "浊度 303.5 NTU，达橙色限值 200 NTU"
    assert (found[0].value, found[0].limit) == (303.5, 200.0)


def test_a_rise_through_the_levels_worsens_and_a_fall_eases_and_clears():
    found, _ = told(RAIN, station("rain"), series("rain_1h", 5, 20, 35, 71, 49, 10))
    assert said(found) == [
        ("open", "blue"),
        ("change", "yellow"),
        ("change", "red"),
        ("change", "orange"),
        ("clear", None),
    ]
    assert found[3].message == "1小时雨量 49.0 mm，由红色降为橙色（限值 50 mm）"  # inside the slack of orange
    assert found[4].message == "1小时雨量 10.0 mm，已低于蓝色限值 20 mm（回差 2），解除"


def test_a_held_level_is_left_only_below_its_limit_less_the_slack():
    found, last = told(RAIN, station("rain"), series("rain_1h", 30, 28.1, 29.9, 28.0))
    assert said(found) == [("open", "yellow")] and last.level == Level.YELLOW


def test_a_stations_own_limits_go_before_the_rules():
    own = station("water", limits={"water_level": {"yellow": 76.0, "orange": 78.2}})
    found, _ = told(("water_level", "ladder"), own, series("water_level", 75.9, 76.05))
    assert said(found) == [("open", "yellow")]
    assert found[0].evidence["station_override"] is True
    assert found[0].evidence["limits"] == {"yellow": 76.0, "orange": 78.2}


def test_a_river_station_without_limits_says_nothing():
    assert told(("water_level", "ladder"), station("water"), series("water_level", 99.0))[0] == []


def test_a_torrent_station_is_told_earlier_while_the_soil_is_wet():
    hours = timedelta(hours=1)
    wet = series("rain_24h", *[40.0] * 73, step=hours)
    rain = [Reading("S-01", "rain_1h", START + 73 * hours, 17.0)]
    found, _ = told(RAIN, station("rain", torrent=True), wet + rain)
    assert said(found) == [("open", "blue")] and found[0].message == "1小时雨量 17.0 mm，达蓝色限值 16 mm"
    assert told(RAIN, station("rain"), wet + rain)[0] == []
    assert told(RAIN, station("rain", torrent=True), series("rain_24h", *[20.0] * 73, step=hours) + rain)[0] == []


def test_an_underpass_has_the_ladder_of_an_underpass():
    deep = series("pond_depth", 26.0)
    assert said(told(("pond_depth", "ladder"), station("drainage"), deep)[0]) == [("open", "yellow")]
    assert said(told(("pond_depth", "ladder"), station("drainage", site="underpass"), deep)[0]) == [("open", "red")]


def test_a_falling_quantity_is_bad_when_it_is_low():
    found, _ = told(("well_depth", "ladder"), station("drainage"), series("well_depth", 1.5, 0.4, 0.4, 0.05, 0.05))
    assert said(found) == [("open", "yellow"), ("change", "red")]
    assert found[0].message == "井盖至水面 0.40 m，低至黄色限值 0.5 m"


def test_a_mild_level_waits_for_its_hold_and_a_worse_one_does_not():
    pond = ("pond_depth", "ladder")
    found, last = told(pond, station("drainage"), series("pond_depth", 6.0))
    assert found == [] and last.state.pending == Level.BLUE and last.due == after(minutes=5)
    assert said(told(pond, station("drainage"), series("pond_depth", 16.0))[0]) == [("open", "yellow")]


def test_the_clock_completes_a_hold_while_the_record_is_fresh():
    pond = ("pond_depth", "ladder")
    found, _ = told(pond, station("drainage"), series("pond_depth", 6.0), now=after(minutes=5))
    assert said(found) == [("open", "blue")]


def test_a_lone_spike_followed_by_silence_is_no_flood():
    pond = ("pond_depth", "ladder")
    found, last = told(pond, station("drainage"), series("pond_depth", 6.0), now=after(minutes=30))
    assert found == [] and last.due is None


def test_a_recovery_must_last_and_be_recorded():
    pond, place = ("pond_depth", "ladder"), station("drainage")
    depths = series("pond_depth", 16.0, 1.0, 1.0)
    found, last = told(pond, place, depths, now=after(hours=5))
    assert said(found) == [("open", "yellow")] and last.level == Level.YELLOW  # five hours of silence clear nothing
    found, _ = told(pond, place, series("pond_depth", 16.0, 1.0, 1.0, 1.0, 1.0))
    assert said(found) == [("open", "yellow"), ("clear", None)]


def test_a_relapse_within_the_hold_off_starts_it_anew():
    found, last = told(("pond_depth", "ladder"), station("drainage"), series("pond_depth", 16, 1, 1, 14, 1, 1, 1))
    assert said(found) == [("open", "yellow")] and last.level == Level.YELLOW


@pytest.mark.parametrize("quality", sorted(set(Quality) - TRUSTED))
def test_a_reading_that_is_not_trusted_neither_opens_nor_clears(quality):
    rule, place = CATALOG.rules[RAIN], station("rain")
    bad = series("rain_1h", 99.0, quality=quality)
    assert thresholds.judge(rule, place, bad, NOTHING, START).state == NOTHING
    trail = series("rain_1h", 30.0)
    held = thresholds.judge(rule, place, trail, NOTHING, START).state
    calm = Reading("S-01", "rain_1h", after(minutes=5), 0.0, quality)
    assert thresholds.judge(rule, place, [*trail, calm], held, after(minutes=5)).level == Level.YELLOW


def test_two_readings_of_one_instant_are_both_judged():
    twice = [Reading("S-01", "rain_1h", START, 5.0, seq="1"), Reading("S-01", "rain_1h", START, 35.0, seq="2")]
    rule, place = CATALOG.rules[RAIN], station("rain")
    first = thresholds.judge(rule, place, twice[:1], NOTHING, START)
    assert thresholds.judge(rule, place, twice, first.state, START).level == Level.YELLOW


def test_several_changes_of_one_batch_come_one_after_the_other():
    rule, place = CATALOG.rules[RAIN], station("rain")
    trail = series("rain_1h", 35, 0, 35)
    first = thresholds.judge(rule, place, trail, NOTHING, after(hours=1))
    assert (first.action, first.due) == ("open", after(hours=1))
    found = thresholds.judge_all(rule, place, trail, NOTHING, after(hours=1))
    assert said(found) == [("open", "yellow"), ("clear", None), ("open", "yellow")]


def test_a_held_level_eases_to_the_worst_of_the_records_that_eased_it():
    rule = replace(CATALOG.rules[RAIN], params={"records_off": 2})
    found, _ = told(RAIN, station("rain"), series("rain_1h", 71, 55, 0, 0, 0), rule=rule)
    assert said(found) == [("open", "red"), ("change", "orange"), ("clear", None)]


def test_a_surge_is_told_against_the_stations_own_past():
    found, _ = told(("turbidity", "surge"), station("water"), series("turbidity", 20, 22, 21, 19, 20, 130))
    assert said(found) == [("open", "blue")]
    assert found[0].message == "浊度 130.0 NTU，为前 12 条记录中位数 20.0 NTU 的 6.5 倍，达蓝色限值 3 倍"
    assert found[0].limit == 60.0


def test_a_surge_of_very_little_is_nothing():
    assert told(("turbidity", "surge"), station("water"), series("turbidity", 1, 1, 1, 1, 1, 9))[0] == []


def test_without_enough_past_there_is_no_ratio():
    assert told(("turbidity", "surge"), station("water"), series("turbidity", 1, 1, 900))[0] == []


def test_a_long_surge_does_not_end_by_filling_its_own_window():
    found, last = told(("turbidity", "surge"), station("water"), series("turbidity", *[20] * 6, *[130] * 10))
    assert said(found) == [("open", "blue")] and last.level == Level.BLUE


def test_a_lasting_change_of_regime_ends_the_surge():
    found, _ = told(("turbidity", "surge"), station("water"), series("turbidity", *[20] * 6, *[130] * 16))
    assert said(found) == [("open", "blue"), ("clear", None)]


def test_a_pump_fault_needs_two_records():
    found, _ = told(("pump_state", "fault"), station("drainage"), series("pump_state", 1, 2, 1, 2, 2, 1))
    assert said(found) == [("open", "yellow"), ("clear", None)]
    assert found[0].message == "泵站状态：故障，连续 2 条记录，黄色"


def test_a_camera_offline_is_told_after_ten_minutes_and_opens_a_case_after_a_day():
    camera = ("camera_online", "offline")
    minutes = series("camera_online", *[0] * 12, step=timedelta(minutes=1))
    found, last = told(camera, station("cameras"), minutes)
    assert said(found) == [("open", "blue")] and last.due == after(hours=24)
    assert last.level != CATALOG.rules[camera].opens_at
    day = series("camera_online", *[0] * 26, step=timedelta(hours=1))
    assert said(told(camera, station("cameras"), day)[0]) == [("open", "blue"), ("change", "yellow")]


def test_a_key_camera_opens_a_case_after_two_hours():
    hours = series("camera_online", 0, 0, 0, step=timedelta(hours=1))
    assert said(told(("camera_online", "offline"), station("cameras", key=True), hours)[0])[-1] == ("change", "yellow")


def test_a_short_outage_is_not_told():
    minutes = series("camera_online", *[0] * 9, 1, *[0] * 9, step=timedelta(minutes=1))
    assert told(("camera_online", "offline"), station("cameras"), minutes)[0] == []


def test_evidence_answers_why_and_can_be_stored():
    found, _ = told(RAIN, station("rain"), series("rain_1h", 5, 20))
    why = json.loads(json.dumps(found[0].evidence))
    assert (why["rule"], why["version"], why["limits"]["blue"]) == ("rain_1h/tip", 1, 20.0)
    assert [(r["value"], r["quality"]) for r in why["readings"]] == [(5, "ok"), (20, "ok")]


def test_what_a_rule_remembers_can_be_stored_as_json():
    for key, trail in (
        (RAIN, series("rain_1h", 5, 20)),
        (CLASS, samples({"ammonia": 2.1}, {"ammonia": 2.1})),
        (HOTSPOT, spot(5, 50)),
        (STUCK, lab(*[3.16] * 4)),
        (SUSPECT, probe(*[CALM] * 6, MAD)),
        (("turbidity", "surge"), series("turbidity", 20, 20, 20, 20, 130)),
        (("fire_danger", "index"), weather(48)),
    ):
        _, last = told(key, station(CATALOG.rules[key].theme), trail)
        assert json.loads(json.dumps(last.state.memo)) == last.state.memo


def test_suspect_and_stuck_are_asked_before_the_rules_that_trust():
    asked = [rule.type for rule in CATALOG.rules_for(station("water"), {"turbidity", "ammonia", "codmn"})]
    assert asked[:2] == ["suspect", "stuck"] and "water_class" in asked


def test_a_fire_weather_station_gets_no_rain_tips():
    assert {rule.kind for rule in CATALOG.rules_for(station("fire"), {"rain_24h", "air_temp"})} == {
        "fire_danger",
        "device",
    }
