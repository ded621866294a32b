"""Water class, air quality, fire weather and hotspots on a few records: what opens, what clears, and what it says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from brain.model import Level, Quality, Reading
from tests.rules.judged import (
    CLASS,
    HOTSPOT,
    after,
    air,
    said,
    samples,
    spot,
    station,
    told,
    weather,
)


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


def test_two_bad_hours_of_air_make_an_alert():
    found, _ = told(("aqi", "aqi"), station("air"), air(20, 65, 20, 65, 65))
    assert said(found) == [("open", "yellow")]
    assert found[0].message == "实时 AQI 105（轻度污染），首要污染物 PM2.5，达黄色限值 101"


def test_an_hour_without_all_items_neither_opens_nor_clears_the_air_alert():
    trail = air(65, 65)
    partial = [Reading("S-01", "pm25", after(hours=n), 5.0) for n in (2, 3)]
    found, last = told(("aqi", "aqi"), station("air"), trail + partial)
    assert said(found) == [("open", "yellow")] and last.level == Level.YELLOW


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
