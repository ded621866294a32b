"""Words beside a station: what it measures now, and whether it still speaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from brain.web import readouts

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
