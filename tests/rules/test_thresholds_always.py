"""What holds for any stream of readings: properties of the alert rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from brain.catalog import load
from brain.model import Level, Quality, Reading, RuleState, Station
from brain.rules import thresholds

CATALOG = load()
START = datetime(2026, 9, 3, 10, tzinfo=timezone(timedelta(hours=8)))
NOTHING = RuleState()
STATION = Station("S-01", "测站", "water", 116.1, 24.3, params={"target": 2})

LADDER = CATALOG.rules["rain_1h", "tip"]
LADDERS = [
    LADDER,
    replace(LADDER, records=3),
    replace(LADDER, hold_on_s=900, hold_off_s=1200),
    replace(LADDER, records=2, params={"records_off": 3}, reset=6.0),
]
ALL = [rule for rule in CATALOG.rules.values() if rule.type not in ("silence", "stalled")]
OF_TIME = ("hotspot",)  # expires by its window, and says so

rules = st.sampled_from(LADDERS)
values = st.lists(st.floats(0, 90, allow_nan=False).map(lambda v: round(v, 1)), min_size=1, max_size=30)
steps = st.integers(1, 40)
qualities = st.sampled_from([Quality.OK, Quality.OK, Quality.OK, Quality.LATE, Quality.SUSPECT, Quality.RANGE])


def trail_of(numbers, step: int, marks=None) -> list[Reading]:
    marks = marks or [Quality.OK] * len(numbers)
    return [
        Reading("S-01", "rain_1h", START + timedelta(minutes=step * n), value, mark)
        for n, (value, mark) in enumerate(zip(numbers, marks, strict=False))
    ]


def one_by_one(rule, trail: list[Reading], place: Station = STATION):
    """Judge each instant as it comes; pairs of (readings so far, judgement)."""
    held, found = NOTHING, []
    for moment in sorted({r.at for r in trail}):
        so_far = [r for r in trail if r.at <= moment]
        for judged in thresholds.judge_all(rule, place, so_far, held, moment):
            held = judged.state
            found.append((so_far, judged))
            trail = thresholds.with_flags(trail, judged.flags)
    return found


def trusted(readings: list[Reading]) -> list[Reading]:
    return [r for r in readings if r.quality in LADDER.accepts]


@given(rule=rules, numbers=values, step=steps, data=st.data())
def test_nothing_opens_without_enough_trusted_records_at_the_limit(rule, numbers, step, data):
    marks = data.draw(st.lists(qualities, min_size=len(numbers), max_size=len(numbers)))
    for so_far, judged in one_by_one(rule, trail_of(numbers, step, marks)):
        if judged.action == "open" or (judged.action == "change" and judged.level < judged.state.level):
            last = trusted(so_far)[-rule.records :]
            assert len(last) == rule.records
            assert all(r.value >= rule.limits[judged.level] for r in last)


@given(rule=rules, numbers=values, step=steps)
def test_the_held_level_is_never_worse_than_the_worst_reading(rule, numbers, step):
    for so_far, judged in one_by_one(rule, trail_of(numbers, step)):
        if judged.level is not None:
            assert max(r.value for r in so_far) >= rule.limits[judged.level]


@given(
    rule=rules,
    level=st.sampled_from(sorted(LADDER.limits)),
    inside=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=30),
    step=steps,
)
def test_values_inside_the_slack_never_flap(rule, level, inside, step):
    limit = rule.limits[level]
    bottom = max([limit - rule.reset, *(other + 1e-6 for other in rule.limits.values() if other < limit)])
    numbers = [limit] * 30 + [bottom + (limit - bottom) * share for share in inside]
    actions = [judged.action for _, judged in one_by_one(rule, trail_of(numbers, step)) if judged.action != "hold"]
    assert actions.count("open") == 1 and "clear" not in actions


@given(rule=rules, numbers=values, step=steps)
def test_judging_the_same_records_again_changes_nothing(rule, numbers, step):
    trail = trail_of(numbers, step)
    judged = one_by_one(rule, trail)[-1][1]
    again = thresholds.judge(rule, STATION, trail, judged.state, trail[-1].at)
    assert (again.action, again.state, again.level) == ("hold", judged.state, judged.level)


@given(rule=rules, numbers=values, step=steps, late=st.floats(0, 90), place=st.integers(0, 100))
def test_a_record_older_than_the_newest_judged_neither_opens_nor_clears(rule, numbers, step, late, place):
    trail = trail_of(numbers, step)
    held = one_by_one(rule, trail)[-1][1].state
    older = Reading("S-01", "rain_1h", trail[place % len(trail)].at - timedelta(seconds=30), late)
    judged = thresholds.judge(rule, STATION, sorted([*trail, older], key=lambda r: r.at), held, trail[-1].at)
    assert (judged.action, judged.state) == ("hold", held)


@given(rule=rules, numbers=values, step=steps, hours=st.integers(0, 1000))
def test_a_gap_is_never_a_recovery(rule, numbers, step, hours):
    trail = trail_of(numbers, step)
    held = one_by_one(rule, trail)[-1][1].state
    for judged in thresholds.judge_all(rule, STATION, trail, held, trail[-1].at + timedelta(hours=hours)):
        assert judged.action != "clear"
        assert judged.level is not None or held.level is None


@given(rule=rules, numbers=values, step=steps, cut=st.integers(0, 30))
def test_a_batch_says_what_single_records_would_have_said(rule, numbers, step, cut):
    trail = trail_of(numbers, step)
    single = [(j.action, j.level) for _, j in one_by_one(rule, trail) if j.action != "hold"]
    first, found, held = trail[: cut % (len(trail) + 1)], [], NOTHING
    for part in (first, trail):
        if part:
            for judged in thresholds.judge_all(rule, STATION, part, held, part[-1].at):
                held = judged.state
                found += [(judged.action, judged.level)] if judged.action != "hold" else []
    assert found == single


@given(rule=rules, numbers=values, step=steps)
def test_actions_tell_one_story(rule, numbers, step):
    held: Level | None = None
    for _, judged in one_by_one(rule, trail_of(numbers, step)):
        expected = {
            "open": held is None and judged.level is not None,
            "clear": held is not None and judged.level is None,
            "change": held is not None and judged.level not in (None, held),
            "hold": judged.level == held,
        }
        assert expected[judged.action]
        assert bool(judged.message) == (judged.action != "hold") == bool(judged.evidence)
        held = judged.level


streams = st.lists(
    st.tuples(st.integers(0, 20), st.floats(0, 1, allow_nan=False), qualities, st.booleans()), min_size=1, max_size=60
)


def stream(rule, drawn) -> list[Reading]:
    """Readings of all inputs of a rule, spread over their sane ranges, at irregular instants, some missing."""
    at, found = START, []
    for number, (wait, share, mark, missing) in enumerate(drawn):
        at += timedelta(minutes=30 * wait)
        kind = rule.inputs[number % len(rule.inputs)]
        low, high = rule.kinds[kind].sane
        if not missing:
            found.append(Reading("S-01", kind, at, round(low + (high - low) * share**4, 3), mark))
    return found


@given(rule=st.sampled_from(ALL), drawn=streams, hours=st.integers(0, 100))
@settings(max_examples=400)
def test_every_rule_survives_any_stream_and_time_alone_clears_nothing(rule, drawn, hours):
    trail = stream(rule, drawn)
    found = one_by_one(rule, trail)
    if not found:
        return
    held: Level | None = None
    for _, judged in found:
        assert (judged.action == "open") == (held is None and judged.level is not None)
        assert (judged.action == "clear") == (held is not None and judged.level is None)
        held = judged.level
    trail, last = found[-1][0], found[-1][1]
    later = thresholds.judge_all(rule, STATION, trail, last.state, trail[-1].at + timedelta(hours=hours))
    if rule.type not in OF_TIME:
        assert all(judged.action != "clear" for judged in later)


@given(rule=st.sampled_from(ALL), drawn=streams)
@settings(max_examples=200)
def test_every_rule_is_idempotent(rule, drawn):
    trail = stream(rule, drawn)
    found = one_by_one(rule, trail)
    if found:
        last = found[-1][1]
        again = thresholds.judge(rule, STATION, trail, last.state, trail[-1].at)
        assert (again.action, again.level, again.state) == ("hold", last.level, last.state)


@given(waits=st.lists(st.integers(1, 2000), min_size=1, max_size=20))
def test_a_silent_station_is_told_exactly_when_its_limits_pass(waits):
    rule = CATALOG.rules["device", "silence_rain"]
    held, at = NOTHING, START
    trail: list[Reading] = []
    for wait in waits:
        at += timedelta(minutes=wait)
        before = thresholds.judge_all(rule, STATION, trail, held, at)[-1] if trail else None
        if before is not None:
            worst = min((lv for lv, limit in rule.limits.items() if wait * 60 >= limit), default=None)
            assert before.level == worst
            held = before.state
        trail.append(Reading("S-01", "rain_1h", at, 0.0))
        held = thresholds.judge_all(rule, STATION, trail, held, at)[-1].state
        assert held.level is None
