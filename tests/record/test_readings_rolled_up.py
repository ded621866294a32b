"""Hours and days equal a computation from raw, for any order of arrival, on either body (promises, 1. Delivery)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brain.flow.measured import readings as intake
from brain.model import TRUSTED, Quality, Reading
from brain.store import db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COLUMNS = ("n", "mean", "low", "high", "total", "first", "last", "n_all")


def put(conn, *readings, feed="water", received_at=None):
    return intake.store(
        conn, feed=feed, worker="w1", lane="live", received_at=received_at or readings[0].at, readings=readings,
        received=len(readings),
    )  # fmt: skip


MEASURED = [quality for quality in Quality if quality is not Quality.TEST]
"""A test is no measurement: it stands under a `seq` of its own and enters no window (tests/record/intake/test_intake_retained.py)."""


def ph(at, value=7.0, quality=Quality.OK, station="WQ-01"):
    return Reading(station, "ph", at, value, quality)


def summary(readings):
    """The columns of a roll-up, computed from its readings."""
    good = [r.value for r in sorted(readings, key=lambda r: (r.at, r.seq)) if r.quality in TRUSTED]
    if not good:
        return (0, *[None] * 6, len(readings))
    total = sum(good)
    return (len(good), total / len(good), min(good), max(good), total, good[0], good[-1], len(readings))


def from_raw(readings, width):
    """(station, kind, bucket) -> summary; `readings` carry Beijing time, whose hours and days are cut here."""
    buckets = defaultdict(list)
    for r in readings:
        start = r.at.replace(minute=0, second=0, microsecond=0)
        buckets[r.station, r.kind, start if width == HOUR else start.replace(hour=0)].append(r)
    return {key: summary(found) for key, found in buckets.items()}


def rolled_up(conn, width, station="WQ-01"):
    table = "reading_1h" if width == HOUR else "reading_1d"
    rows = conn.execute(f"SELECT * FROM {table} WHERE station = %s", [station]).fetchall()
    return {(r["station"], r["kind"], r["bucket"]): tuple(r[c] for c in COLUMNS) for r in rows}


def closed_before(conn):
    return conn.execute("SELECT closed_before FROM roll_up_state").fetchone()["closed_before"]


def marks(conn):
    return conn.execute("SELECT count(*) AS n FROM dirty_bucket").fetchone()["n"]


@pytest.fixture(scope="module")
def fresh_days():
    """Each example of a property takes four days that no other has used: the clock of roll-ups only moves on."""
    return itertools.count()


# The property --------------------------------------------------------------------------------------------------------
@st.composite
def streams(draw):
    """Readings of 30 hours (minute, kind, seq -> value, quality), the order they come in with repetitions, where the
    batches are cut, after which of them the hours are rolled up and at what hour, and which are flagged at last."""
    minute = st.integers(0, 30 * 6).map(lambda n: n * 10)
    identity = st.tuples(minute, st.sampled_from(["ph", "codmn"]), st.sampled_from(["", "2"]))
    content = st.tuples(st.integers(-80, 800).map(lambda n: n / 8), st.sampled_from(MEASURED))
    stream = draw(st.dictionaries(identity, content, min_size=1, max_size=30))
    order = draw(st.permutations(sorted(stream) + draw(st.lists(st.sampled_from(sorted(stream)), max_size=10))))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), max_size=4))) if len(order) > 1 else []
    clock = draw(st.lists(st.one_of(st.none(), st.integers(0, 60)), min_size=len(cuts) + 1, max_size=len(cuts) + 1))
    flags = draw(st.dictionaries(st.sampled_from(sorted(stream)), st.sampled_from(MEASURED), max_size=3))
    return stream, [order[a:b] for a, b in itertools.pairwise([0, *cuts, len(order)])], clock, flags


@settings(max_examples=50, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=streams())
def test_any_order_repetition_and_delay_of_a_stream_comes_to_the_same(conn, now, fresh_days, case):
    stream, batches, clock, flags = case
    start = now.replace(hour=0) + next(fresh_days) * 4 * DAY
    station = f"WQ-{start:%y%m%d}"
    whole = {
        (minute, kind, seq): Reading(station, kind, start + timedelta(minutes=minute), value, quality, seq)
        for (minute, kind, seq), (value, quality) in stream.items()
    }
    for batch, hour in zip(batches, clock, strict=True):
        put(conn, *[whole[key] for key in batch], received_at=start + 3 * DAY)  # the server's clock runs ahead of them all
        if hour is not None:
            intake.roll_up(conn, start + hour * HOUR)
    intake.flag(conn, station, [(whole[key].kind, whole[key].at, key[2], quality) for key, quality in flags.items()])
    final = [reading._replace(quality=flags.get(key, reading.quality)) for key, reading in whole.items()]

    assert intake.trail(conn, station, ["ph", "codmn"]) == sorted(final, key=lambda r: (r.at, r.kind, r.seq))
    newest = {r.kind: r for r in sorted(final, key=lambda r: (r.at, r.seq))}
    assert intake.latest_of(conn, [station]) == {(station, kind): r for kind, r in newest.items()}
    closed = closed_before(conn)
    live = {key: found for key, found in from_raw(final, HOUR).items() if key[2] >= closed}
    assert {key: found for key, found in rolled_up(conn, HOUR, station).items() if key[2] >= closed} == live
    intake.roll_up(conn, start + 72 * HOUR)
    assert marks(conn) == 0
    for width in (HOUR, DAY):
        assert rolled_up(conn, width, station) == from_raw(final, width)


# What the property is made of --------------------------------------------------------------------------------------
def test_an_open_hour_is_computed_as_it_is_asked_and_leaves_no_mark(conn, now):
    readings = [ph(now, 1.0), ph(now + timedelta(minutes=1), 2.0, Quality.STUCK), ph(now + timedelta(minutes=2), 4.0)]
    put(conn, *readings)
    assert rolled_up(conn, HOUR) == from_raw(readings, HOUR) == {("WQ-01", "ph", now): (2, 2.5, 1, 4, 5, 1, 4, 3)}
    assert rolled_up(conn, DAY) == from_raw(readings, DAY)
    assert marks(conn) == 0


def test_a_late_reading_changes_the_hour_and_the_day_it_belongs_to(conn, now):
    early, late = ph(now, 1.0), ph(now + timedelta(minutes=30), 5.0)
    put(conn, early)
    assert intake.roll_up(conn, now + 3 * DAY) == 0
    put(conn, late)
    assert marks(conn) == 1
    assert intake.roll_up(conn, now + 3 * DAY) == 1
    assert rolled_up(conn, HOUR) == from_raw([early, late], HOUR)
    assert rolled_up(conn, DAY) == from_raw([early, late], DAY)
    assert marks(conn) == 0


def test_a_duplicate_marks_nothing(conn, now):
    put(conn, ph(now))
    intake.roll_up(conn, now + DAY)
    put(conn, ph(now))
    assert marks(conn) == 0


def test_a_flagged_reading_leaves_its_hour_and_its_day(conn, now):
    put(conn, ph(now, 1.0), ph(now + timedelta(minutes=30), 99.0))
    intake.roll_up(conn, now + 3 * DAY)
    intake.flag(conn, "WQ-01", [("ph", now + timedelta(minutes=30), "", Quality.SUSPECT)])
    intake.roll_up(conn, now + 3 * DAY)
    for width in (HOUR, DAY):
        assert [found[:3] + found[-1:] for found in rolled_up(conn, width).values()] == [(1, 1.0, 1.0, 2)]


def test_an_hour_without_a_trusted_reading_has_no_mean_and_says_how_many_came(conn, now):
    put(conn, ph(now, 1.0, Quality.STUCK), ph(now + timedelta(minutes=1), 1.0, Quality.STUCK))
    for _ in range(2):
        assert list(rolled_up(conn, HOUR).values()) == [(0, None, None, None, None, None, None, 2)]
        intake.roll_up(conn, now + DAY)


def test_days_are_cut_at_midnight_in_beijing(conn, now):
    midnight = now.replace(hour=0)
    before, after = ph(midnight - timedelta(minutes=1), 1.0), ph(midnight, 2.0)
    put(conn, before, after)
    for _ in range(2):
        found = rolled_up(conn, DAY)
        assert {key[2]: value[1] for key, value in found.items()} == {midnight - DAY: 1.0, midnight: 2.0}
        intake.roll_up(conn, now + 3 * DAY)


def test_an_hour_is_not_closed_under_a_writer_who_believes_it_open(conn, db_url, now):
    with db.connect(db_url, name="slow worker") as slow:
        with slow.transaction():
            db.run(slow, "begin_write")
            intake.roll_up(conn, now + DAY)
            assert closed_before(conn) < now
            put(slow, ph(now))
        intake.roll_up(conn, now + DAY)
    assert rolled_up(conn, HOUR) == from_raw([ph(now)], HOUR)
    assert closed_before(conn) > now


def test_a_writer_who_began_after_the_announcement_but_did_not_see_it_is_waited_for(conn, db_url, now):
    put(conn, ph(now - HOUR))
    with db.connect(db_url, name="engine") as engine, db.connect(db_url, name="slow worker") as slow:
        with slow.transaction():
            with engine.transaction():
                db.run(engine, "roll_up_announce", now=now + DAY)
                put(slow, ph(now), feed="slow")
            intake.roll_up(conn, now + DAY)
            assert closed_before(conn) < now
        assert marks(conn) == 0
        intake.roll_up(conn, now + DAY)
    assert rolled_up(conn, HOUR) == from_raw([ph(now - HOUR), ph(now)], HOUR)


def test_a_step_held_up_by_a_writer_is_finished_before_the_next_begins(conn, db_url, now):
    put(conn, ph(now))
    with db.connect(db_url, name="slow worker") as slow, slow.transaction():
        db.run(slow, "begin_write")
        intake.roll_up(conn, now + DAY)
        intake.roll_up(conn, now + 2 * DAY)
    intake.roll_up(conn, now + 2 * DAY)
    intake.roll_up(conn, now + 2 * DAY)
    assert closed_before(conn) == now + 2 * DAY - HOUR


def test_only_one_session_rolls_up_at_a_time(conn, db_url, now):
    put(conn, ph(now))
    with db.connect(db_url, name="other engine") as other:
        db.run(other, "roll_up_alone", key=intake.ROLL_UP_LOCK)
        intake.roll_up(conn, now + DAY)
        assert closed_before(conn) < now


def test_a_roll_up_inside_a_transaction_is_refused(conn, now):
    with pytest.raises(RuntimeError, match="outside"), conn.transaction():
        intake.roll_up(conn, now)
