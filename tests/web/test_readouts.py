"""Words beside a station: what it measures now, and whether it still speaks; how a public warning is called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from brain.web import readouts
from brain.web.pages.wall import warnings

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)


def well(**ages: float) -> dict:
    """A drainage station whose kinds were read so many minutes ago."""
    return {
        "theme": "drainage", "params": {},
        "readings": {kind: (1.0, (NOW - timedelta(minutes=age)).isoformat(), "ok") for kind, age in ages.items()},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ages", "silent"),
    [
        ({"well_depth": 29}, False),
        ({"well_depth": 31}, True),
        ({"well_depth": 31, "pond_depth": 1}, False),
        ({"well_depth": 31, "battery_level": 1}, True),
        ({"well_depth": 1, "battery_level": 5000}, False),
        ({"battery_level": 5000}, False),
        ({"leak": 35 * 60}, False),
        ({"leak": 37 * 60}, True),
        ({}, True),
    ],
)
def test_a_station_is_silent_when_all_that_must_speak_are_late(catalog, ages, silent):
    assert readouts.silent(well(**ages), catalog, NOW) is silent


def test_a_battery_sensor_is_labelled_with_its_state(catalog):
    assert readouts.label(well(leak=60, battery_level=60), catalog, NOW) == "漏水"


@pytest.mark.parametrize(
    ("event", "level", "title"),
    [
        ("暴雨", 2, "暴雨橙色预警"),
        ("暴雨预警信号", 1, "暴雨红色预警信号"),
        ("暴雨黄色预警", 3, "暴雨黄色预警"),
        ("台风", None, "台风预警"),
    ],
)
def test_a_warning_is_called_as_it_is_said(catalog, event, level, title):
    assert readouts.warning_title({"event": event, "level": level}, catalog) == title


def test_numbered_points_of_a_text_stand_each_on_their_own_and_figures_do_not_part_it():
    said = "1.关好门窗；2.预计雨量 80 毫米。3、不要外出。2.5 米以上的水位；另行通知。"
    assert warnings.POINTS.split(said) == ["1.关好门窗；", "2.预计雨量 80 毫米。", "3、不要外出。2.5 米以上的水位；另行通知。"]


def part(level, desc: str, headline: str) -> dict:
    said = {"event": "暴雨", "description": "", "instruction": "", "headline": headline}
    return {"level": level, "area": {"desc": [desc]}, **said}


def test_what_other_parts_of_a_warning_say_stands_beside_its_worst(catalog):
    parts = [part(2, "甲区", "橙"), part(1, "乙区", "红")]
    whole = parts[1] | {"area": {"desc": ["甲区", "乙区"], "parts": parts}}
    assert readouts.warning_more(whole, catalog) == ["暴雨橙色预警（甲区）"]
    assert readouts.warning_more(parts[0], catalog) == []


def test_an_exercise_bears_its_word_and_no_colour_and_opens_nothing(catalog):
    row = {"sender": "s", "identifier": "i", "sent": NOW, "event": "暴雨", "level": 1, "sender_name": "", "status": "Exercise"}
    (item,) = warnings.rows([], catalog, NOW, [row])
    said = str(item)
    assert "演练" in said and "暴雨红色预警" in said and "不是真实预警" in said
    assert "className='red'" not in said and "data-pick" not in said and "disabled=True" in said
