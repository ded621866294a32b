"""`latest`: the newest reading, never ahead of the server by more than the declared tolerance, and never staying there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brain.engine.duties import mend_latest
from brain.flow.measured import readings
from brain.model import Quality, Reading

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def gauge(conn):
    conn.execute("INSERT INTO station (id, name, theme, lng, lat) VALUES ('RG-01', 'RG-01', 'rain', 116, 24)")
    return conn


def store(conn, now: datetime, *found: tuple[datetime, float], ahead: timedelta | None = None) -> None:
    readings.store(
        conn, feed="rain", worker="w", lane="live", received_at=now, received=len(found), ahead=ahead,
        readings=[Reading("RG-01", "rain_1h", at, value) for at, value in found],
    )  # fmt: skip


def newest(conn) -> tuple[datetime, float] | None:
    found = readings.latest_of(conn, ["RG-01"]).get(("RG-01", "rain_1h"))
    return found and (found.at, found.value)


STEPS = st.lists(
    st.tuples(
        st.integers(-60, 600),  # minutes the server's clock is off when it stores
        st.lists(st.integers(-30, 30), max_size=4),  # minutes by which readings are ahead of that clock
        st.booleans(),  # whether the duty runs afterwards, with the clock right
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_latest_is_the_newest_that_is_not_ahead_of_the_server_whatever_its_clock_did(gauge, catalog, steps):
    conn, ahead = gauge, catalog.bounds.ahead
    conn.execute("TRUNCATE reading, latest")
    stored: dict[datetime, float] = {}
    meant: datetime | None = None
    for number, (off, found, tended) in enumerate([*steps, (0, [], True)]):
        clock = NOW + off * MINUTE
        rows = {clock + more * MINUTE: float(number) for more in found}
        fresh = [at for at in rows if at not in stored and at <= clock + ahead]
        store(conn, clock, *rows.items())
        stored = rows | stored
        if fresh and (meant is None or meant > clock + ahead or max(fresh) > meant):
            meant = max(fresh)
            assert meant <= clock + ahead
        assert newest(conn) == (meant and (meant, stored[meant]))
        if tended:
            mend_latest.run(conn, catalog, NOW)
            if meant is not None and meant > NOW + ahead:
                meant = max((at for at in stored if at <= NOW + ahead), default=None)
            assert newest(conn) == (meant and (meant, stored[meant]))
    assert meant is None or meant <= NOW + ahead


def test_a_reading_too_far_ahead_is_kept_and_is_not_the_newest(gauge):
    store(gauge, NOW, (NOW, 1.0), (NOW + 6 * MINUTE, 2.0))
    assert newest(gauge) == (NOW, 1.0)
    assert gauge.execute("SELECT count(*) AS n FROM reading").fetchone()["n"] == 2


def test_a_reading_ahead_by_as_much_as_is_declared_is_the_newest(gauge):
    store(gauge, NOW, (NOW + 5 * MINUTE, 2.0))
    assert newest(gauge) == (NOW + 5 * MINUTE, 2.0)


def test_the_city_says_how_much_that_is(gauge):
    store(gauge, NOW, (NOW + 5 * MINUTE, 2.0), ahead=MINUTE)
    assert newest(gauge) is None


def test_what_was_stored_under_a_wrong_clock_gives_way_to_the_next_reading(gauge):
    store(gauge, NOW + timedelta(days=3), (NOW + timedelta(days=3), 9.0))
    assert newest(gauge) == (NOW + timedelta(days=3), 9.0)
    store(gauge, NOW, (NOW - MINUTE, 1.0))
    assert newest(gauge) == (NOW - MINUTE, 1.0)


def test_the_duty_puts_back_the_newest_true_reading_and_leaves_out_what_was_kept_beside(gauge, catalog):
    store(gauge, NOW - 2 * MINUTE, (NOW - 2 * MINUTE, 1.0), (NOW - 3 * MINUTE, 2.0))
    store(gauge, NOW, (NOW - 2 * MINUTE, 7.0))  # under a taken identity: kept, and never the newest
    gauge.execute("UPDATE latest SET at = %s, value = 99", [NOW + timedelta(days=1)])
    assert mend_latest.run(gauge, catalog, NOW) == 1
    assert newest(gauge) == (NOW - 2 * MINUTE, 1.0)
    assert readings.latest_of(gauge, ["RG-01"])["RG-01", "rain_1h"].quality is Quality.OK
    assert mend_latest.run(gauge, catalog, NOW) == 0


def test_the_duty_shows_nothing_where_nothing_true_is_known(gauge, catalog):
    store(gauge, NOW + timedelta(days=1), (NOW + timedelta(days=1), 9.0))
    assert mend_latest.run(gauge, catalog, NOW) == 1
    assert newest(gauge) is None


def test_a_history_that_is_brought_in_moves_nothing_ahead(gauge, catalog, db_url, tmp_path):
    from brain.commands import backfill
    from brain.store import db

    file = tmp_path / "old.csv"
    file.write_text(
        "station,kind,at,value\n"
        f"RG-01,rain_1h,{(NOW - MINUTE).isoformat()},1\nRG-01,rain_1h,{(NOW + 6 * MINUTE).isoformat()},2\n"
    )
    store(gauge, NOW + timedelta(days=1), (NOW + timedelta(days=1), 9.0))
    done = backfill.load(lambda: db.connect(db_url, name="tests"), catalog, file, tmp_path / "bad.csv", now=lambda: NOW)
    assert (done.stored, done.refused) == (1, 1)
    assert newest(gauge) == (NOW - MINUTE, 1.0)
