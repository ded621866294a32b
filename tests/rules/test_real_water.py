"""The rules on a real flood: ten sections of the national network, 2026-08-26 to 09-23 (CNEMC public display).

西阳电站 lies in the district. The flood of 09-03 to 09-06 must be told, frozen analysers must be called stuck, the
record of 西阳电站 at 09-10 06:00 must be called an instrument fault and nothing else, and the rest must stay quiet.
"""

from __future__ import annotations

import csv
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from brain.catalog import load
from brain.model import Judgement, Level, Quality, Reading, RuleState, Station
from brain.rules import thresholds

CATALOG = load()
SERIES = Path(__file__).parent / "data" / "cnemc_water_202608_09.csv"
MAIN = ("西阳电站", "五丰渡口", "大麻", "新铺", "青溪")
SECTIONS = (*MAIN, "龙川城铁路桥", "庙咀里", "樟村", "南渡河桥", "东溪水闸")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}:00+08:00")


@cache
def judged(section: str) -> tuple[list[tuple[datetime, str, Judgement]], list[Reading], dict[str, RuleState]]:
    """All changes at a section, in order, with its readings as flagged in the end and what the rules still hold."""
    place = Station(section, section, "water", 116.1, 24.3, params={"target": 2 if section in MAIN else 3})
    trail: list[Reading] = []
    held: dict[str, RuleState] = {}
    found = []
    for row in csv.DictReader(SERIES.open(encoding="utf-8")):
        if row["section"] != section:
            continue
        moment = datetime.fromisoformat(row["at"])
        new = [Reading(section, k, moment, float(row[k])) for k in CATALOG.kinds if row.get(k)]
        trail += new
        for rule in CATALOG.rules_for(place, {r.kind for r in new}):
            if rule.type == "silence":  # the snapshots are irregular, hours to days apart
                continue
            name = f"{rule.kind}/{rule.key}"
            state = held.get(name, RuleState())
            for one in thresholds.judge_all(rule, place, trail, state, moment + timedelta(minutes=5)):
                held[name] = one.state
                trail = thresholds.with_flags(trail, one.flags)
                found += [(moment, name, one)] if one.action != "hold" else []
    return found, trail, held


def changes(section: str, rule: str) -> list[tuple[datetime, str, Level | None]]:
    return [(moment, one.action, one.level) for moment, name, one in judged(section)[0] if name == rule]


@pytest.mark.parametrize(
    ("section", "peak", "level"),
    [
        ("西阳电站", "09-04T03:00", Level.ORANGE),
        ("五丰渡口", "09-03T12:00", Level.RED),
        ("大麻", "09-04T03:00", Level.RED),
        ("新铺", "09-04T03:00", Level.RED),
        ("青溪", "09-04T02:00", Level.ORANGE),
    ],
)
def test_the_flood_raises_turbidity_at_its_first_record(section, peak, level):
    found = [lv for moment, _, lv in changes(section, "turbidity/ladder") if moment == at(peak)]
    assert found == [level]


def test_the_flood_at_xiyang_is_said_in_one_sentence():
    said = [one.message for moment, name, one in judged("西阳电站")[0] if moment == at("09-04T03:00")]
    assert "浊度 303.5 NTU，达橙色限值 200 NTU" in said


@pytest.mark.parametrize("section", MAIN)
def test_the_flood_is_over_by_the_twentieth(section):
    assert judged(section)[2]["turbidity/ladder"].level is None


@pytest.mark.parametrize(
    ("section", "kinds", "opened", "first"),
    [
        ("大麻", {"codmn", "total_nitrogen"}, "09-05T02:00", "09-04T03:00"),
        ("五丰渡口", {"codmn"}, "09-04T20:00", "09-03T12:00"),
    ],
)
def test_analysers_frozen_in_the_flood_are_stuck_and_their_values_flagged(section, kinds, opened, first):
    trail = judged(section)[1]
    assert changes(section, "device/stuck_water")[0] == (at(opened), "open", Level.BLUE)
    flagged = [r for r in trail if r.quality == Quality.STUCK]
    assert {r.kind for r in flagged} == kinds and min(r.at for r in flagged) == at(first)
    assert [action for _, action, _ in changes(section, "device/stuck_water")] == ["open", "clear"]


FAULT = at("09-10T06:00")


def test_the_odd_record_of_xiyang_is_an_instrument_fault():
    assert changes("西阳电站", "device/suspect_water")[0] == (FAULT, "open", Level.BLUE)
    message = next(one.message for moment, name, one in judged("西阳电站")[0] if moment == FAULT)
    assert "疑似仪器故障" in message and "氨氮 1.629 mg/L" in message and "水温 24.9 ℃" in message


def test_the_odd_record_of_xiyang_touches_no_other_alert():
    assert [name for moment, name, _ in judged("西阳电站")[0] if moment == FAULT] == ["device/suspect_water"]


def test_the_odd_record_of_xiyang_stays_flagged_after_the_next_one():
    _, trail, held = judged("西阳电站")
    assert {r.quality for r in trail if r.at == FAULT} == {Quality.SUSPECT}
    assert held["device/suspect_water"].level is None


def test_a_lone_bad_record_is_no_water_class_alert_even_without_the_suspect_rule():
    rule = CATALOG.rules["water_class", "class"]
    place = Station("西阳电站", "西阳电站", "water", 116.1, 24.3, params={"target": 2})
    readings = [r for r in judged("西阳电站")[1] if r.kind in rule.inputs]
    plain = [Reading(r.station, r.kind, r.at, r.value) for r in readings]
    held = RuleState()
    for moment in sorted({r.at for r in plain}):
        for one in thresholds.judge_all(rule, place, [r for r in plain if r.at <= moment], held, moment):
            held = one.state
            assert not (moment == FAULT and one.action != "hold")


def test_false_alarms_outside_floods_and_faults_stay_few():
    opened = Counter()
    for section in SECTIONS:
        for moment, name, one in judged(section)[0]:
            quiet = at("08-29T00:00") <= moment < at("08-31T00:00") or moment >= at("09-10T00:00")
            if one.action == "open" and quiet and (section, moment) != ("西阳电站", FAULT):
                opened[name] += 1
    assert opened["device/suspect_water"] == 0
    assert opened["device/stuck_water"] == 0
    assert opened["turbidity/ladder"] <= 2  # 大麻 81 NTU; 樟村 374 NTU
    assert opened["turbidity/surge"] <= 1  # 樟村, the same record
    assert opened["conductivity/surge"] <= 2  # both true: 青溪 262 after 107, 东溪水闸 603 after 230
    assert opened["ammonia/surge"] == 0


def test_over_the_whole_series_only_one_more_analyser_is_called_stuck():
    stuck = [s for s in SECTIONS if any(action == "open" for _, action, _ in changes(s, "device/stuck_water"))]
    assert stuck == ["五丰渡口", "大麻", "东溪水闸"]  # 东溪水闸: total nitrogen 2.99 in four records over 15 hours
