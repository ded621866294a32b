"""What rules make of the two qualities that say something about the measurement itself: below the limit of detection, and none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from brain import catalog as catalogs
from brain.model import TRUSTED, Quality, Reading, RuleState, Station
from brain.rules import thresholds

CATALOG = catalogs.load()
START = datetime(2026, 9, 3, tzinfo=UTC)
SECTION = Station("WQ-09", "断面", "water", 116.1, 24.3)
MOVING = ("water_temp", "ph", "dissolved_oxygen")


def samples(quality: Quality, records: int = 6) -> list[Reading]:
    """Ammonia that stays where it is, with `quality`, while three others move."""
    return [
        reading
        for n in range(records)
        for at in [START + n * timedelta(hours=4)]
        for reading in (
            Reading("WQ-09", "ammonia", at, 3.0, quality),
            *(Reading("WQ-09", kind, at, 7.0 + n / 10) for kind in MOVING),
        )
    ]


@pytest.mark.parametrize(("quality", "stuck"), [(Quality.OK, True), (Quality.BELOW_LIMIT, False)])
def test_what_stands_for_below_the_limit_of_detection_is_no_frozen_analyser(quality, stuck):
    rule, trail = CATALOG.rules["device", "stuck_water"], samples(quality)
    found = thresholds.judge_all(rule, SECTION, trail, RuleState(), trail[-1].at)
    assert any(j.action == "open" for j in found) is stuck


@pytest.mark.parametrize("quality", sorted(Quality))
def test_below_the_limit_of_detection_is_judged_as_sound_and_a_test_by_no_rule(quality):
    rule = CATALOG.rules["turbidity", "ladder"]
    found = thresholds.judge_all(rule, SECTION, [Reading("WQ-09", "turbidity", START, 303.5, quality)], RuleState(), START)
    assert (found[-1].action == "open") is (quality in TRUSTED)
    assert Quality.BELOW_LIMIT in TRUSTED and Quality.TEST not in TRUSTED


@pytest.mark.parametrize(("quality", "alive"), [(Quality.SUSPECT, True), (Quality.TEST, False)])
def test_a_test_is_no_sign_of_life(quality, alive):
    rule = CATALOG.rules["device", "silence_rain"]
    gauge = Station("RG-01", "雨量站", "rain", 116.1, 24.3, params={"kinds": ["rain_1h"]})
    now = START + timedelta(days=3)
    heard = [Reading("RG-01", "rain_1h", START, 0.0), Reading("RG-01", "rain_1h", now, 9.0, quality)]
    last = thresholds.judge_all(rule, gauge, heard, RuleState(), now)[-1]
    assert (last.state.level is None) is alive
