"""Generated devices: pure functions of seed, station and time, driven by the replayed rain, in their feeds' format."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ingest import feeds
from ingest.demo import generate, timetable
from ingest.demo.generate import Device
from ingest.demo.replay import devices_of, messages
from ingest.demo.timetable import Play
from ingest.write.stations import Known

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
PLAY = Play(START, 0.0, 360.0)
GAUGE = next(t for t in timetable.tracks() if t.station == "RG-01")
STORM = START + timedelta(minutes=7)
CALM = START + timedelta(hours=1, minutes=30)


def device(id: str, family: str, **params) -> Device:
    return Device(id, family, params, GAUGE if family in ("well", "pond", "pump") else None)


def all_kinds() -> list[Device]:
    return [
        device("DW-01", "well", depth=3.1), device("PD-01", "pond", underpass=True), device("PD-09", "pond"),
        device("PS-01", "pump"), device("FS-01", "head", device="thermal"), device("FS-13", "head", device="smoke"),
        device("44140200081326000123", "camera"),
    ]  # fmt: skip


def test_the_same_moment_always_gives_the_same_messages():
    span = (PLAY, START, START + timedelta(hours=2))
    assert list(generate.messages(all_kinds()[0], *span)) == list(generate.messages(all_kinds()[0], *span))


@pytest.mark.parametrize("one", all_kinds(), ids=lambda d: d.id)
def test_however_time_is_cut_every_message_comes_once(one):
    end = START + timedelta(minutes=30)
    whole = list(generate.messages(one, PLAY, START, end))
    cut = START + timedelta(seconds=613.21)
    assert list(generate.messages(one, PLAY, START, cut)) + list(generate.messages(one, PLAY, cut, end)) == whole
    assert whole


def test_every_generated_message_is_read_by_its_feed_and_says_that_it_is_generated(catalog):
    kinds = set()
    for at, (topic, payload) in messages([], all_kinds(), PLAY, START, START + timedelta(hours=3)):
        found = feeds.load()[feeds.key_of(topic)].parse(topic, payload, at)
        assert {r.station for r in found} == {topic.rsplit("/", 1)[-1]}
        assert all(abs(r.at - at) < timedelta(milliseconds=1) for r in found)
        assert json.loads(payload)["source"] == "generator"
        kinds |= {r.kind for r in found}
    assert kinds == {
        "well_depth", "pond_depth", "pump_state", "smoke", "thermal_max", "camera_online", "camera_fault"
    }  # fmt: skip
    assert kinds <= set(catalog.kinds)


def test_roads_flood_in_the_replayed_storm_and_run_dry_after_it():
    underpass, road = device("PD-01", "pond", underpass=True), device("PD-09", "pond")
    storm, calm = (generate.stored_mm(GAUGE, PLAY, t) for t in (STORM, CALM))
    assert generate.pond_depth(underpass, storm) > generate.pond_depth(road, storm) > 5
    assert generate.pond_depth(underpass, calm) == generate.pond_depth(road, calm) == 0


def test_wells_rise_and_pumps_run_in_the_storm():
    well, pump = device("DW-01", "well", depth=3.1), device("PS-01", "pump")
    storm, calm = (generate.stored_mm(GAUGE, PLAY, t) for t in (STORM, CALM))
    assert generate.well_depth(well, STORM, storm) < generate.well_depth(well, CALM, calm) - 0.5
    assert (generate.pump_state(pump, STORM, storm), generate.pump_state(pump, CALM, calm)) == (1, 0)


def test_stored_rain_runs_off_with_its_time_constant():
    last_rain = max(e for e, r in GAUGE.due(0, 55 * 3600) if r.values["rain_1h"] > 1)
    dry = PLAY.moment(last_rain)
    now, later = (generate.stored_mm(GAUGE, PLAY, dry + timedelta(seconds=s)) for s in (0, 60))
    assert later == pytest.approx(now * 2.718281828 ** (-60 / generate.RUN_OFF_S), rel=0.1)


def test_loggers_report_more_often_when_it_is_wet():
    well = device("DW-01", "well", depth=3.1)
    wet = list(generate.messages(well, PLAY, STORM, STORM + timedelta(minutes=10)))
    dry = list(generate.messages(well, PLAY, CALM, CALM + timedelta(minutes=10)))
    assert len(wet) == 10 and len(dry) == 2


def test_a_few_cameras_of_a_hundred_are_off_and_a_few_see_badly():
    cameras = [device(f"4414020008132600{n:04d}", "camera") for n in range(300)]
    moments = [START + timedelta(hours=7 * n) for n in range(40)]
    online = sum(generate.camera_online(c, t) for c in cameras for t in moments) / (300 * 40)
    faults = sum(generate.camera_fault(c, t) > 0 for c in cameras for t in moments) / (300 * 40)
    assert 0.95 < online < 0.995
    assert 0.002 < faults < 0.04


def test_smoke_is_rare_and_comes_with_heat():
    heads = [device(f"FS-{n:02d}", "head", device="thermal") for n in range(1, 13)]
    seen = [
        generate.head_values(h, START + timedelta(minutes=3 * n)) for h in heads for n in range(20 * 24 * 14)
    ]  # fmt: skip
    alarms = [v for v in seen if v["smoke"]]
    assert 0 < len(alarms) / len(seen) < 0.01
    assert all(v["thermal_max"] > 90 for v in alarms)
    assert all(v["thermal_max"] < 70 for v in seen if not v["smoke"])


def test_a_smoke_detector_has_no_thermometer():
    assert generate.head_values(device("FS-13", "head", device="smoke"), START).keys() == {"smoke"}


def test_a_spell_ends():
    inside = [
        generate.spell(START + timedelta(minutes=m), "outage", "cam", every_h=24, odds=0.5, hours=(0.2, 12))
        for m in range(0, 60 * 24 * 30, 10)
    ]
    assert None in inside and len({n for n in inside if n is not None}) > 5


def test_a_drainage_device_is_driven_by_the_nearest_replayed_gauge():
    stations = [
        Known("RG-01", "rain", 116.10, 24.30, {}, True), Known("RG-02", "rain", 116.20, 24.30, {}, True),
        Known("DW-01", "drainage", 116.18, 24.29, {"depth": 3.0}, True),
        Known("PD-01", "drainage", 116.11, 24.31, {"underpass": True}, True),
        Known("FS-01", "fire", 116.1, 24.3, {}, True), Known("FW-001", "fire", 116.1, 24.3, {}, True),
        Known("44140200081326000123", "cameras", 116.1, 24.3, {}, True),
        Known("PS-09", "drainage", 116.1, 24.3, {}, False),
    ]  # fmt: skip
    found = {d.id: d for d in devices_of(stations, timetable.tracks())}
    assert set(found) == {"DW-01", "PD-01", "FS-01", "44140200081326000123"}
    assert (found["DW-01"].gauge.station, found["PD-01"].gauge.station) == ("RG-02", "RG-01")
    assert found["FS-01"].gauge is None
