"""The replay: the right records at the right time, in order, each once, with gaps kept and their origin told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import feeds
from ingest.demo import device_messages, replay, series, timetable
from ingest.demo.timetable import Play, Record, Track

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
CATCH_UP = timedelta(minutes=5)


def played(minutes: float, *styles: str, speed: float = 360.0) -> list[tuple[float, Track, Record]]:
    """(minutes since the start, track, record) of the first minutes of wall time."""
    tracks = [t for t in timetable.tracks() if not styles or t.style in styles]
    return [(e / speed / 60, t, r) for e, t, r in timetable.due(tracks, 0, minutes * 60 * speed)]


# Recordings -----------------------------------------------------------------------------------------------------------
def test_every_recording_is_shipped_and_named_in_its_sources():
    said = (series.FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    assert {p.name for p in series.FOLDER.glob("*.gz")} == {
        name for name in ("cnemc_2026.csv.gz", "yangtze_2020.csv.gz", "beijing_2016.csv.gz", "firms_2022.csv.gz")
        if f"`{name}`" in said
    }  # fmt: skip


def test_rain_of_several_hours_is_the_sum_of_its_hours():
    rows = series.read("beijing_2016.csv.gz")["Gucheng"]
    at = {r.at.isoformat(): i for i, r in enumerate(rows)}
    i = at["2016-07-20T13:00:00+08:00"]
    assert series.fallen(rows, "rain", 3)[i] == pytest.approx(22.3 + 30.4 + 29.2)
    day = sum(r.numbers["rain"] for r in rows[i - 23 : i + 1])
    assert series.fallen(rows, "rain", 24)[i] == pytest.approx(day, abs=0.05)


def test_a_sum_with_a_missing_hour_is_no_sum():
    rows = series.read("beijing_2016.csv.gz")["Gucheng"][:30]
    holed = [*rows[:10], *rows[11:]]
    sums = series.fallen(holed, "rain", 3)
    assert sums[:2] == [None, None] and sums[9] is not None
    assert sums[10] is None and sums[11] is None and sums[12] is not None


@pytest.mark.parametrize(("air", "dew", "percent"), [(20.0, 20.0, 100.0), (25.0, 10.0, 38.8), (30.0, 24.0, 70.3)])
def test_humidity_follows_from_temperature_and_dew_point(air, dew, percent):
    assert series.humidity(air, dew) == pytest.approx(percent, abs=0.1)


# The plan -------------------------------------------------------------------------------------------------------------
def test_the_turbidity_flood_comes_within_ten_minutes():
    peaks = {}
    for _, track, record in played(10, "quality"):
        if "turbidity" in record.values:
            peaks[track.station] = max(peaks.get(track.station, 0), record.values["turbidity"])
    assert peaks["WQ-01"] == 303.5 and peaks["WQ-02"] == 1847.0
    assert peaks["WQ-03"] == 2472.7 and peaks["WQ-04"] == 2320.6


def test_the_river_crosses_its_warning_level_in_the_first_loop():
    track = next(t for t in timetable.tracks() if t.station == "WL-01")
    stages = [r.values["water_level"] for _, r in track.due(0, track.period)]
    crossing = next(i for i, z in enumerate(stages) if z > 76.0)
    assert stages[0] < 76.0 and crossing < 30


def test_the_storm_of_the_recording_comes_within_ten_minutes():
    assert max(r.values["rain_1h"] for _, t, r in played(10, "rain") if t.station == "RG-01") == 30.4
    assert max(r.values.get("rain_3h", 0) for _, t, r in played(10, "rain")) > 80


def test_the_strongest_hour_of_the_recording_comes_in_every_loop():
    track = next(t for t in timetable.tracks() if t.station == "RG-05")
    assert max(r.values["rain_1h"] for _, r in track.due(0, track.period)) == 36.1


def test_values_are_the_recorded_ones_but_for_the_declared_shift():
    level = next(t for t in timetable.tracks() if t.station == "WL-01")
    own = {r.at: r for r in level.records}
    for row in series.read("yangtze_2020.csv.gz")["汉口"]:
        assert own[row.at].values["water_level"] == pytest.approx(row.numbers["water_level"] + 52.0)
        assert own[row.at].values["water_flow"] == pytest.approx(row.numbers["water_flow"] * 0.05)
    quality = next(t for t in timetable.tracks() if t.station == "WQ-01")
    assert [r.values for r in sorted(quality.records, key=lambda r: r.at)] == [
        r.numbers for r in series.read("cnemc_2026.csv.gz")["西阳电站"]
    ]


def test_every_mapping_says_what_it_is_and_what_was_changed():
    said = {t.station: t.says for t in timetable.tracks()}
    assert said["WQ-01"] == "回放国家地表水水质自动监测 2026-08-26 至 09-23 的实测序列“西阳电站”，数值未改"
    assert "water_level+52" in said["WL-01"] and "water_flow×0.05" in said["WL-01"]


def test_gaps_stay_gaps():
    track = next(t for t in timetable.tracks() if t.station == "WQ-01")
    gaps = [b - a for a, b in pairwise(track.phases)]
    assert max(gaps) >= 40 * 3600
    beijing = next(t for t in timetable.tracks() if t.station == "AQ-01")
    assert any(len(r.values) < 6 for r in beijing.records)


def test_after_its_length_and_pause_a_recording_begins_anew():
    track = next(t for t in timetable.tracks() if t.station == "WL-06")
    first = list(track.due(0, track.period))
    second = list(track.due(track.period, 2 * track.period))
    assert [r for _, r in second] == [r for _, r in first]
    assert [e - track.period for e, _ in second] == pytest.approx([e for e, _ in first])


@settings(max_examples=100, deadline=None)
@given(cuts=st.lists(st.floats(-2e6, 4e6), min_size=2, max_size=8))
def test_however_time_is_cut_every_record_comes_once_and_in_order(cuts):
    tracks = timetable.tracks()[::5]
    cuts = sorted(cuts)
    whole = timetable.due(tracks, cuts[0], cuts[-1])
    pieces = [f for a, b in pairwise(cuts) for f in timetable.due(tracks, a, b)]
    assert pieces == whole
    assert [f[0] for f in whole] == sorted(f[0] for f in whole)


@pytest.mark.parametrize("speed", [1.0, 360.0, 3600.0])
def test_wall_time_passes_as_many_times_slower_as_the_speed_says(speed):
    play = Play(START, 0.0, speed)
    assert play.moment(3600.0) == START + timedelta(seconds=3600 / speed)
    assert play.elapsed_at(play.moment(3600.0)) == pytest.approx(3600.0)


def test_a_change_of_speed_keeps_the_place():
    play = Play(START, 0.0, 360.0)
    later = START + timedelta(minutes=10)
    faster = play.at_speed(3600.0, later)
    assert faster.elapsed_at(later) == play.elapsed_at(later)
    assert faster.elapsed_at(later + timedelta(seconds=1)) == play.elapsed_at(later) + 3600


# Messages -------------------------------------------------------------------------------------------------------------
def test_every_replayed_message_is_read_by_its_own_feed_as_it_was_recorded(catalog):
    play = Play(START, 0.0, 360.0)
    seen = set()
    for elapsed, track, record in timetable.due(timetable.tracks(), 0, 60 * 3600):
        at = play.moment(elapsed)
        topic, payload = device_messages.replayed(track.style, track.station, at, record)
        found = feeds.load()[feeds.key_of(topic)].parse(topic, payload, at)
        if track.style != "hotspots":
            assert {r.kind: r.value for r in found} == pytest.approx(record.values)
            assert {r.station for r in found} == {track.station}
        assert all(timedelta(0) <= at - r.at < timedelta(minutes=1) for r in found)
        assert {r.kind for r in found} <= set(catalog.kinds)
        said = json.loads(payload)
        assert said["source"] == "replay" and datetime.fromisoformat(said["orig"]) == record.at
        seen.add(track.style)
    assert seen == {"quality", "stage", "rain", "weather", "air", "hotspots"}


def test_every_replayed_value_is_within_the_sane_range(catalog):
    odd = [
        (t.station, kind, value)
        for t in timetable.tracks() for r in t.records for kind, value in r.values.items()
        if not catalog.kinds[kind].sane[0] <= value <= catalog.kinds[kind].sane[1]
    ]  # fmt: skip
    assert odd == []


def test_most_hotspots_fall_into_the_district_after_their_shift():
    (track,) = [t for t in timetable.tracks() if t.style == "hotspots"]
    places = [(row["longitude"], row["latitude"]) for r in track.records for row in r.rows]
    inside = [p for p in places if 115.99 < p[0] < 116.34 and 24.11 < p[1] < 24.44]
    assert len(places) == 12 and len(inside) >= 9


def test_the_same_state_gives_the_same_messages_however_it_is_cut():
    play = Play(START, 0.0, 360.0)
    end = START + timedelta(minutes=4)
    whole = replay.messages(timetable.tracks(), [], play, START, end)
    middle = START + timedelta(seconds=77.777)
    first, second = ((START, middle), (middle, end))
    parts = [m for span in (first, second) for m in replay.messages(timetable.tracks(), [], play, *span)]
    assert parts == whole and len(whole) > 300


# The memory of the player ---------------------------------------------------------------------------------------------
def state_at(path, now: datetime, speed: float = 360.0) -> replay.State:
    return replay.State.of(path, speed, now, CATCH_UP)


def test_the_first_start_begins_a_little_before_now(tmp_path):
    state = state_at(tmp_path / "replay.json", START)
    assert state.play == Play(START, 0.0, 360.0)
    assert state.done == START - CATCH_UP


def test_a_restart_goes_on_where_it_was(tmp_path):
    path = tmp_path / "replay.json"
    begun = state_at(path, START)
    replay.State(begun.play, START + timedelta(minutes=3)).save(path)
    again = state_at(path, START + timedelta(minutes=4))
    assert again.play == begun.play and again.done == START + timedelta(minutes=3)


def test_after_a_long_pause_only_a_few_minutes_are_made_up_for(tmp_path):
    path = tmp_path / "replay.json"
    replay.State(Play(START, 0.0, 360.0), START).save(path)
    later = START + timedelta(days=2)
    again = state_at(path, later)
    assert again.play == Play(START, 0.0, 360.0) and again.done == later - CATCH_UP


def test_a_restart_at_another_speed_goes_on_from_the_same_place(tmp_path):
    path = tmp_path / "replay.json"
    done = START + timedelta(minutes=3)
    replay.State(Play(START, 0.0, 360.0), done).save(path)
    again = state_at(path, done + timedelta(seconds=5), speed=60.0)
    assert again.play.elapsed_at(done) == pytest.approx(3 * 60 * 360)
    assert again.play.speed == 60.0


NEXT_YEAR = '{"wall":"2027-01-01T00:00:00+00:00","elapsed":0,"speed":1,"done":"2027-01-01T00:00:00+00:00"}'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"wall": 3}', NEXT_YEAR])
def test_a_spoilt_memory_begins_anew(tmp_path, text):
    path = tmp_path / "replay.json"
    path.write_text(text)
    assert state_at(path, START).play == Play(START, 0.0, 360.0)
