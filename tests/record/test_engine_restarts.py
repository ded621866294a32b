"""Whenever the engine stops, dies or is relieved, what stands in the rows is what one that never stopped would have written.

A play is a list of moments: time passes, readings come, and the engine works until it comes to rest. The same play is given
to an engine that is never disturbed and to engines that end in the middle: between two moments, or cut off before any of the
statements that a moment takes. What people see afterwards must be the same to the last word.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from brain.engine.loop import Engine
from brain.flow.events import acting
from brain.flow.measured import readings
from brain.model import Reading
from brain.store import db

TABLES = {  # what is compared, in the order in which it was written
    "alert": "id",
    "alert_log": "id",
    "event": "id",
    "event_log": "event_id, seq",
    "notice": "id",
    "rule_state": "station, kind, rule",
}
STATIONS = ("PD-09", "PD-10")  # two at one spot: the second joins the event of the first
NAMES = itertools.count(1)


class Mortal(psycopg.Connection):
    """A connection that dies before its n-th statement from now on, as when the process is killed there."""

    left: int | None = None

    def execute(self, *args, **more):
        if self.left == 0:
            self.close()
        elif self.left is not None:
            self.left -= 1
        return super().execute(*args, **more)


def mortal(url: str) -> Mortal:
    return Mortal.connect(url, autocommit=True, row_factory=dict_row, options="-c timezone=UTC")


@pytest.fixture
def template(district, db_url, server):
    """The drawn district with its stations, as a database that can be copied."""
    for name in STATIONS:
        district.station(name, "drainage", org="cgj")
    district.station("RG-09", "rain", cell="d")
    district.conn.close()
    name = urlsplit(db_url).path.strip("/")
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        conn.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
    return name


@contextmanager
def copied(server, template) -> Iterator[str]:
    name = f"restart{next(NAMES)}"
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    try:
        yield server.url(name)
    finally:
        with db.connect(server.url("postgres"), name="tests") as conn:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


# Playing ----------------------------------------------------------------------------------------------------------------
def send(conn, now, moment) -> None:
    for station, kind, value, late in moment["readings"]:
        at = now - timedelta(hours=3) if late else now
        batch = [Reading(station, kind, at, value)]
        readings.store(
            conn, feed="drainage", worker="w1", lane="history" if late else "live", received_at=now, readings=batch,
            received=1,
        )  # fmt: skip


def to_rest(engine, now) -> None:
    while engine.step(now):
        pass


def take_over(url, catalog) -> Engine:
    """The next engine, once the server has noticed that the last one is gone."""
    engine = Engine(mortal(url), catalog)
    while not engine._alone():
        pass
    return engine


def play(url, catalog, start, moments, cuts) -> dict[str, list]:
    """What stands in the tables after a play; `cuts` says for each moment how engines end in it."""
    now, engine = start, take_over(url, catalog)
    with db.connect(url, name="tests") as conn:
        for moment, ends in itertools.zip_longest(moments, cuts[: len(moments)], fillvalue=()):
            now += timedelta(minutes=moment["minutes"])
            send(conn, now, moment)
            for end in ends:
                if end == "relief":  # another one stood by already
                    other = Engine(mortal(url), catalog)
                    assert other.step(now) == 0
                    engine.conn.close()
                    while not other._alone():
                        pass
                    engine = other
                    continue
                engine.conn.left = end
                try:
                    to_rest(engine, now)
                except psycopg.OperationalError:
                    assert engine.conn.closed  # killed where it was to be
                engine.conn.close()
                engine = take_over(url, catalog)
            to_rest(engine, now)
        engine.conn.close()
        assert acting.verify_log(conn) is None
        return seen(conn)


def seen(conn) -> dict[str, list]:
    """The rows, with numbers that a rolled-back transaction leaves out put in a row again."""
    found = {name: conn.execute(f"SELECT * FROM {name} ORDER BY {order}").fetchall() for name, order in TABLES.items()}
    ranks = {row["id"]: n for n, row in enumerate(found["alert"], 1)}
    out = {}
    for name, rows in found.items():
        out[name] = []
        for number, row in enumerate(rows, 1):
            for digest in ("hash", "mac"):  # over the numbers, too; the chain itself is verified
                row.pop(digest, None)
            if name in ("alert", "alert_log", "notice"):
                row["id"] = number
            if row.get("alert_id"):
                row["alert_id"] = ranks[row["alert_id"]]
            if row.get("once"):
                row["once"] = re.sub(r"^alert:(\d+)", lambda m: f"alert:{ranks[int(m[1])]}", row["once"])
            if name == "event_log" and "alert" in row["detail"]:
                row["detail"]["alert"] = ranks[row["detail"]["alert"]]
            out[name].append(json.dumps(row, default=str, ensure_ascii=False, sort_keys=True))
    return out


DEPTHS = st.sampled_from([0.0, 6.0, 16.0, 28.0, 41.0])
ONE = st.tuples(st.sampled_from(STATIONS), st.just("pond_depth"), DEPTHS, st.booleans()) | st.tuples(
    st.just("RG-09"), st.just("rain_1h"), st.sampled_from([0.0, 35.0, 80.0]), st.just(False)
)
MOMENT = st.fixed_dictionaries(
    {"minutes": st.sampled_from([1, 5, 35, 24 * 60]), "readings": st.lists(ONE, max_size=3)}
)  # fmt: skip
END = st.integers(0, 100) | st.none() | st.just("relief")
STORM = [  # up, confirmed, joined, worse, unacknowledged, down, long normal: every kind of consequence and of sweep
    {"minutes": 1, "readings": [("PD-09", "pond_depth", 41.0, True)]},
    {"minutes": 1, "readings": [("PD-09", "pond_depth", 16.0, False), ("PD-10", "pond_depth", 28.0, False)]},
    {"minutes": 5, "readings": [("PD-10", "pond_depth", 41.0, False)]},
    {"minutes": 35, "readings": [("PD-09", "pond_depth", 0.0, False), ("PD-10", "pond_depth", 0.0, False)]},
    {"minutes": 35, "readings": [("PD-09", "pond_depth", 0.0, False), ("PD-10", "pond_depth", 0.0, False)]},
    {"minutes": 20, "readings": [("PD-09", "pond_depth", 0.0, False), ("PD-10", "pond_depth", 0.0, False)]},
    {"minutes": 35, "readings": []},
]


def test_a_storm_brings_about_every_kind_of_row(server, template, catalog, now):
    """The play that the next test cuts into is worth cutting into."""
    with copied(server, template) as url:
        rows = play(url, catalog, now, STORM, [])
    whats = {json.loads(line)["what"] for line in rows["alert_log"]}
    assert whats >= {"open", "change", "clear", "event", "note"} and rows["notice"]
    notes = [json.loads(line)["detail"] for line in rows["event_log"]]
    assert len(rows["event"]) == 1 and any(n.get("propose") for n in notes) and any(n.get("normal") for n in notes)


def test_an_engine_killed_before_any_statement_of_a_storm_leaves_what_one_that_was_not_leaves(
    server, template, catalog, now
):
    """Every moment of the play is cut at a statement, then once more at another one; from the first to the last (a moment
    takes about a hundred) in strides of nine."""
    with copied(server, template) as url:
        whole = play(url, catalog, now, STORM, [])
    for first in range(0, 100, 9):
        cuts = [[(first + 37 * n) % 100, first % 31] for n in range(len(STORM))]
        with copied(server, template) as url:
            assert play(url, catalog, now, STORM, cuts) == whole, f"cut at {cuts}"


@settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    moments=st.lists(MOMENT, min_size=1, max_size=6),
    cuts=st.lists(st.lists(END, max_size=3), min_size=1, max_size=6),
)
def test_any_interleaving_of_stops_kills_and_reliefs_gives_the_same_rows(
    server, template, catalog, now, moments, cuts
):
    with copied(server, template) as url:
        whole = play(url, catalog, now, moments, [])
    with copied(server, template) as url:
        assert play(url, catalog, now, moments, cuts) == whole
