"""Every rule type on a few records: what opens, what changes, what clears, and what it says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from brain.catalog import load
from brain.model import TRUSTED, Judgement, Level, Quality, Reading, RuleState, Station
from brain.rules import thresholds

CATALOG = load()
BEIJING = timezone(timedelta(hours=8))
START = datetime(2026, 9, 3, 10, tzinfo=BEIJING)
NOTHING = RuleState()


def after(**time: float) -> datetime:
    return START + timedelta(**time)


def station(theme: str, **params) -> Station:
    return Station("S-01", "测站", theme, 116.1, 24.3, params=params)


def series(kind: str, *values: float | None, step: timedelta = timedelta(minutes=5), **more) -> list[Reading]:
    """Readings one step apart; None leaves a gap."""
    found = [(START + number * step, value) for number, value in enumerate(values) if value is not None]
    return [Reading("S-01", kind, at, value, **more) for at, value in found]


def told(rule_key: tuple[str, str], place: Station, trail: list[Reading], *, now: datetime | None = None, rule=None):
    """Feed the readings one instant after the other, as they would come; returns all judgements that changed something,
    and the last one."""
    rule = rule or CATALOG.rules[rule_key]
    held, found, last = NOTHING, [], None
    instants = sorted({r.at for r in trail})
    for moment in instants:
        for last in thresholds.judge_all(rule, place, [r for r in trail if r.at <= moment], held, moment):
            held = last.state
            found += [last] if last.action != "hold" else []
    if now is not None:
        for last in thresholds.judge_all(rule, place, trail, held, now):
            found += [last] if last.action != "hold" else []
    return found, last


def said(found: list[Judgement]) -> list[tuple[str, str | None]]:
    return [(j.action, j.level.key if j.level else None) for j in found]


# Ladder -------------------------------------------------------------------------------------------------------------
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


# Ratio --------------------------------------------------------------------------------------------------------------
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


# State --------------------------------------------------------------------------------------------------------------
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


# Water class --------------------------------------------------------------------------------------------------------
CLASS = ("water_class", "class")
CLEAN = {"ph": 7.0, "dissolved_oxygen": 8.0, "codmn": 1.5, "ammonia": 0.1, "total_phosphorus": 0.02}


def samples(*changes: dict) -> list[Reading]:
    return [
        Reading("S-01", kind, START + number * timedelta(hours=4), value)
        for number, change in enumerate(changes)
        for kind, value in (CLEAN | change).items()
        if value is not None
    ]


def test_a_class_worse_than_the_target_needs_two_records():
    worse = {"dissolved_oxygen": 4.0}
    found, _ = told(CLASS, station("water", target=2), samples({}, worse, {}, worse, worse))
    assert said(found) == [("open", "yellow")]
    assert found[0].message == "水质Ⅳ类（溶解氧 4.00 mg/L），劣于目标Ⅱ类，达黄色"


@pytest.mark.parametrize(
    ("change", "params", "level"),
    [
        ({"dissolved_oxygen": 5.5}, {"target": 2}, "blue"),
        ({"codmn": 8.1}, {"target": 2}, "yellow"),
        ({"ammonia": 2.1}, {"target": 3}, "orange"),
        ({"dissolved_oxygen": 4.0}, {"target": 3, "source": True}, "red"),
        ({"dissolved_oxygen": 4.0}, {"target": 4}, None),
        ({"total_phosphorus": 0.04}, {"target": 2, "lake": True}, "blue"),
    ],
)
def test_the_level_of_a_class_follows_target_water_and_use(change, params, level):
    found, _ = told(CLASS, station("water", **params), samples(change, change))
    assert said(found) == ([("open", level)] if level else [])


def test_a_sample_without_the_culprit_does_not_ease_the_class():
    worse = {"dissolved_oxygen": 4.0}
    missing = {"dissolved_oxygen": None}
    found, last = told(CLASS, station("water", target=2), samples(worse, worse, missing, missing, missing))
    assert said(found) == [("open", "yellow")] and last.level == Level.YELLOW
    found, _ = told(CLASS, station("water", target=2), samples(worse, worse, missing, {}, {}))
    assert said(found) == [("open", "yellow"), ("clear", None)]


def test_missing_items_are_said():
    partial = {"dissolved_oxygen": 4.0, "total_phosphorus": None}
    found, _ = told(CLASS, station("water", target=2), samples(partial, partial))
    assert found[0].message.endswith("（按现有指标评价）") and found[0].evidence["missing"] == ["total_phosphorus"]


# Air, fire weather, hotspots ----------------------------------------------------------------------------------------
def air(*pm25: float) -> list[Reading]:
    rest = {"pm10": 40.0, "so2": 8.0, "no2": 20.0, "o3": 60.0, "co": 0.5}
    return [
        Reading("S-01", kind, START + timedelta(hours=number), value)
        for number, dust in enumerate(pm25)
        for kind, value in (rest | {"pm25": dust}).items()
    ]


def test_two_bad_hours_of_air_make_an_alert():
    found, _ = told(("aqi", "aqi"), station("air"), air(20, 65, 20, 65, 65))
    assert said(found) == [("open", "yellow")]
    assert found[0].message == "实时 AQI 105（轻度污染），首要污染物 PM2.5，达黄色限值 101"


def test_an_hour_without_all_items_neither_opens_nor_clears_the_air_alert():
    trail = air(65, 65)
    partial = [Reading("S-01", "pm25", after(hours=n), 5.0) for n in (2, 3)]
    found, last = told(("aqi", "aqi"), station("air"), trail + partial)
    assert said(found) == [("open", "yellow")] and last.level == Level.YELLOW


def weather(hours: int, **change: float) -> list[Reading]:
    values = {"air_temp": 30.0, "humidity": 25.0, "wind_speed": 6.0, "rain_24h": 0.0} | change
    times = [START + timedelta(hours=hour) for hour in range(hours)]
    return [Reading("S-01", kind, at, value) for at in times for kind, value in values.items()]


def test_fire_weather_grows_with_the_dry_days_and_needs_a_whole_day_of_records():
    rule = ("fire_danger", "index")
    assert told(rule, station("fire"), weather(23))[0] == []
    found, _ = told(rule, station("fire"), weather(24 * 12))
    assert said(found)[0] == ("open", "yellow") and said(found)[-1] == ("change", "orange")
    assert found[0].message == "森林火险气象指数 55（较高火险，本平台测算），黄色"


def test_rain_ends_the_fire_danger():
    dry = weather(24 * 12)
    rain = weather(30, rain_24h=30.0, humidity=95.0, air_temp=18.0)
    wet = [r._replace(at=r.at + timedelta(hours=24 * 12)) for r in rain]
    found, last = told(("fire_danger", "index"), station("fire"), dry + wet)
    assert said(found)[-1] == ("clear", None) and last.level is None


HOTSPOT = ("hotspot", "hotspot")


def spot(
    power: float, confidence: float | None = None, *, hours: float = 0, quality: Quality = Quality.OK
) -> list[Reading]:
    at = after(hours=hours)
    found = [Reading("S-01", "hotspot", at, power, quality, "A")]
    if confidence is not None:
        found.append(Reading("S-01", "hotspot_confidence", at, confidence, quality, "A"))
    return found


@pytest.mark.parametrize(
    ("readings", "level"),
    [
        (spot(5, 15), "blue"),
        (spot(5, 50), "yellow"),
        (spot(5, 90), "orange"),
        (spot(25, 50), "orange"),
        (spot(5, 50, quality=Quality.MANUAL), "red"),
        (spot(5), "yellow"),
    ],
)
def test_a_hotspot_has_the_level_of_its_confidence_and_power(readings, level):
    found, _ = told(HOTSPOT, station("fire"), readings)
    assert said(found) == [("open", level)]


def test_a_second_pass_that_sees_it_again_worsens_a_hotspot():
    found, _ = told(HOTSPOT, station("fire"), spot(5, 50) + spot(6, 50, hours=2))
    assert said(found) == [("open", "yellow"), ("change", "orange")]


def test_a_hotspot_expires_after_twelve_hours_and_says_that_it_expired():
    found, last = told(HOTSPOT, station("fire"), spot(5, 50))
    assert last.due == after(hours=12)
    found, _ = told(HOTSPOT, station("fire"), spot(5, 50), now=after(hours=12))
    assert said(found) == [("open", "yellow"), ("clear", None)] and "自动失效" in found[1].message


def test_a_listed_heat_source_is_no_fire():
    assert told(HOTSPOT, station("fire", static_heat=True), spot(50, 90))[0] == []


# Devices ------------------------------------------------------------------------------------------------------------
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


def lab(*codmn: float | None, moving: bool = True) -> list[Reading]:
    found = []
    for number, value in enumerate(codmn):
        at = START + number * timedelta(hours=4)
        other = {"water_temp": 20.0, "ph": 7.0, "dissolved_oxygen": 6.0, "turbidity": 30.0}
        for kind, base in other.items():
            found.append(Reading("S-01", kind, at, base + (number * 0.1 if moving else 0)))
        if value is not None:
            found.append(Reading("S-01", "codmn", at, value))
    return found


STUCK = ("device", "stuck_water")


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


SUSPECT = ("device", "suspect_water")
CALM = {"water_temp": 28.0, "dissolved_oxygen": 6.0, "ammonia": 0.06, "turbidity": 24.0}
MAD = {"water_temp": 24.9, "dissolved_oxygen": 8.3, "ammonia": 1.629, "turbidity": 24.3}


def probe(*records: dict) -> list[Reading]:
    return [
        Reading("S-01", kind, START + number * timedelta(hours=4), value)
        for number, record in enumerate(records)
        for kind, value in record.items()
    ]


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


# Together -----------------------------------------------------------------------------------------------------------
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
