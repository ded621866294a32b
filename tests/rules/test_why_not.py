"""Why nothing happened: every evaluation, a hold included, gives its evidence, one cause of a closed list and a sentence."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.catalog import load
from brain.model import Level, Quality, Reading, RuleState, Station
from brain.rules import thresholds
from brain.rules.contract import Cause
from brain.rules.explaining import Explanation

CATALOG = load()
START = datetime(2026, 9, 3, 10, tzinfo=timezone(timedelta(hours=8)))
STEP = timedelta(minutes=5)
NOTHING = RuleState()
POND, TURBID, SMOKE = ("pond_depth", "ladder"), ("turbidity", "ladder"), ("camera_online", "offline")
SURGE, AQI, CLASS = ("ammonia", "surge"), ("aqi", "aqi"), ("water_class", "class")


def place(theme: str, **params) -> Station:
    return Station("S-01", "测站", theme, 116.1, 24.3, params=params)


def series(kind: str, *values: float, mark: Quality = Quality.OK, start: int = 0) -> list[Reading]:
    return [Reading("S-01", kind, START + (start + n) * STEP, v, mark) for n, v in enumerate(values)]


def why(key: tuple[str, str], station: Station, trail: list[Reading], *, later: timedelta = timedelta(0)) -> Explanation:
    """Judge the trail as it comes, and ask afterwards why the level stands as it does."""
    rule, held, now = CATALOG.rules[key], NOTHING, START
    for now in sorted({r.at for r in trail}):
        held = thresholds.judge_all(rule, station, [r for r in trail if r.at <= now], held, now)[-1].state
    return thresholds.explain(rule, station, trail, held, now + later)


def test_below_the_limit_it_says_the_value_and_the_limit():
    found = why(TURBID, place("water"), series("turbidity", 30.0))
    assert (found.action, found.cause) == ("hold", Cause.WITHIN)
    assert found.says == "浊度 30.0 NTU：未达蓝色限值 80，不告警"
    assert [r["value"] for r in found.evidence["readings"]] == [30.0]
    assert (found.evidence["limits"]["red"], found.evidence["limits_from"]) == (1000.0, "rule")


def test_a_station_without_limits_says_that_nobody_gave_it_any():
    found = why(("water_level", "ladder"), place("water"), series("water_level", 99.0))
    assert found.cause == Cause.NO_LIMITS and "params" not in found.says and "limits" in found.says


def test_limits_of_the_station_and_of_a_variant_say_where_they_stand():
    own = place("water", limits={"water_level": {"yellow": 76.0}})
    assert why(("water_level", "ladder"), own, series("water_level", 75.0)).evidence["limits_from"] == "station"
    under = place("drainage", site="underpass")
    assert why(POND, under, series("pond_depth", 1.0)).evidence["limits_from"] == "variant"


def test_a_hold_on_says_how_long_is_left():
    found = why(POND, place("drainage"), series("pond_depth", 6.0), later=timedelta(minutes=2))
    assert found.cause == Cause.HOLD_ON
    assert found.evidence["wait"] == {"level": "blue", "records": 0, "seconds": 180.0}
    assert found.says == "积水深度 6.0 cm：已到蓝色，还要持续 3 分钟才算蓝色，现在不告警"


def test_a_spike_followed_by_silence_says_that_nothing_confirms_it():
    found = why(POND, place("drainage"), series("pond_depth", 6.0), later=timedelta(minutes=30))
    assert found.cause == Cause.STALE and "不足以证实" in found.says


def test_too_few_records_say_how_many_are_missing():
    found = why(("pump_state", "fault"), place("drainage"), series("pump_state", 2))
    assert (found.cause, found.evidence["wait"]["records"]) == (Cause.RECORDS, 1)
    assert found.says == "泵站状态 故障：已到黄色，还要 1 条记录才算黄色，现在不告警"


def test_inside_the_slack_a_level_stays():
    found = why(("rain_1h", "tip"), place("rain"), series("rain_1h", 30.0, 28.5))
    assert (found.cause, found.level) == (Cause.SLACK, Level.YELLOW) and "回差 2" in found.says


def test_a_recovery_says_what_it_lacks():
    found = why(TURBID, place("water"), series("turbidity", 90.0, 10.0))
    assert (found.cause, found.evidence["wait"]) == (
        Cause.RECORDS_OFF, {"level": None, "records": 1, "seconds": 0.0},
    )  # fmt: skip
    found = why(POND, place("drainage"), series("pond_depth", 16.0, 1.0, 1.0))
    assert (found.cause, found.evidence["wait"]["seconds"]) == (Cause.HOLD_OFF, 600.0)
    assert found.says == "积水深度 1.0 cm：已好转，还要持续 10 分钟才解除，现在维持黄色"


def test_a_level_that_is_held_says_that_nothing_changed():
    assert why(TURBID, place("water"), series("turbidity", 90.0, 91.0)).cause == Cause.HELD


def test_a_refused_record_is_named_with_its_quality():
    trail = series("turbidity", 10.0) + series("turbidity", 900.0, mark=Quality.SUSPECT, start=1)
    found = why(TURBID, place("water"), trail)
    assert found.cause == Cause.UNTRUSTED
    assert CATALOG.words.of("quality", Quality.SUSPECT) in found.says
    assert found.evidence["readings"][-1]["quality"] == "suspect"


def test_nothing_at_all_says_so():
    rule = CATALOG.rules[TURBID]
    assert thresholds.explain(rule, place("water"), [], NOTHING, START).cause == Cause.NO_RECORD


def test_a_ratio_says_when_it_has_no_base_and_when_the_value_is_too_small():
    assert why(SURGE, place("water"), series("ammonia", 0.9)).cause == Cause.NO_BASE
    assert why(SURGE, place("water"), series("ammonia", *[0.1] * 6)).cause == Cause.FLOOR


def test_an_index_that_lacks_a_quantity_says_so():
    assert why(AQI, place("air"), series("pm25", 20.0)).cause == Cause.INCOMPLETE


def test_a_water_class_within_its_target_says_its_target():
    clean = [r for k, v in {"ammonia": 0.1, "codmn": 1.0}.items() for r in series(k, v)]
    found = why(CLASS, place("water", target=2), clean)
    assert found.cause == Cause.WITHIN and "没有劣于目标Ⅱ类" in found.says


def test_what_was_not_measured_has_not_recovered():
    bad = [r for k, v in {"ammonia": 2.1, "codmn": 1.0}.items() for r in series(k, v, v)]
    found = why(CLASS, place("water", target=2), [*bad, *series("codmn", 1.0, 1.0, start=2)])
    assert (found.cause, found.level) == (Cause.NOT_MEASURED, Level.ORANGE)


def test_a_station_that_is_at_work_says_so():
    window = [START.isoformat(), (START + timedelta(hours=9)).isoformat()]
    rule, station = CATALOG.rules["device", "silence_rain"], place("rain", maintenance=[window])
    found = thresholds.explain(
        rule, station, series("rain_1h", 1.0), RuleState(seen_at=START), START + timedelta(hours=8)
    )
    assert found.cause == Cause.MAINTENANCE


def test_a_station_that_speaks_says_when_it_last_did():
    found = why(("device", "silence_rain"), place("rain"), series("rain_1h", 1.0), later=timedelta(hours=1))
    assert found.cause == Cause.WITHIN and "09-03 10:00 有过数据" in found.says


def test_a_kiln_is_exempt():
    found = why(("hotspot", "hotspot"), place("fire", static_heat=True), series("hotspot", 50.0))
    assert found.cause == Cause.EXEMPT


def test_a_change_is_explained_by_what_it_says_itself():
    rule, station, trail = CATALOG.rules[TURBID], place("water"), series("turbidity", 303.5)
    found, judged = (f(rule, station, trail, NOTHING, START) for f in (thresholds.explain, thresholds.judge))
    assert (found.action, found.cause, found.says) == ("open", None, judged.message)
    assert found.evidence.items() >= judged.evidence.items()


@given(
    rule=st.sampled_from([r for r in CATALOG.rules.values() if r.type != "stalled"]),
    drawn=st.lists(
        st.tuples(
            st.integers(0, 20), st.floats(0, 1), st.sampled_from([Quality.OK, Quality.OK, Quality.SUSPECT]), st.booleans()
        ),
        max_size=40,
    ),
    hours=st.integers(0, 30),
)
@settings(max_examples=300)
def test_every_evaluation_of_every_rule_can_be_explained_and_explaining_changes_nothing(rule, drawn, hours):
    at, trail = START, []
    for number, (wait, share, mark, missing) in enumerate(drawn):
        at += timedelta(minutes=30 * wait)
        kind = rule.inputs[number % len(rule.inputs)]
        low, high = rule.kinds[kind].sane
        if not missing:
            trail.append(Reading("S-01", kind, at, round(low + (high - low) * share**4, 3), mark))
    station, held = place("water", target=2), NOTHING
    for now in [*sorted({r.at for r in trail}), at + timedelta(hours=hours)]:
        seen = [r for r in trail if r.at <= now]
        judged = thresholds.judge(rule, station, seen, held, now)
        found = thresholds.explain(rule, station, seen, held, now)
        assert (found.action, found.level, found.due) == (judged.action, judged.level, judged.due)
        assert (found.cause is None) == (judged.action != "hold") and found.says
        assert json.loads(json.dumps(found.evidence))["version"] == rule.version
        assert CATALOG.words.of("cause", found.cause) if found.cause else found.says == judged.message
        held = judged.state
    assert {"readings", "limits", "limits_from", "what"} <= found.evidence.keys()


@pytest.mark.parametrize("figure", [2.0, 20.0])
def test_the_platform_explains_itself_too(figure):
    rule = CATALOG.rules["platform", "intake_stalled"]
    held = RuleState(level=Level.YELLOW) if figure > 15 else NOTHING
    found = thresholds.explain(rule, place("platform", figures=[(figure, "没有心跳", "请检查")]), [], held, START)
    assert found.cause == (Cause.HELD if figure > 15 else Cause.WITHIN) and "没有心跳" in found.says
