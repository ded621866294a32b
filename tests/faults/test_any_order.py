"""Any permutation, repetition and delay of a stream of messages, through two writers, outages and restarts of the intake,
ends in the same tables: readings, latest values and roll-ups equal a model that has seen the stream once, in order."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brain.flow.measured import readings as record
from brain.store import db
from ingest import practice
from ingest.write.batch import Writer
from ingest.write.spill import Spill
from tests.owners import own_stations

HOUR = timedelta(hours=1)
FIELDS = {"p1": "rain_1h", "p3": "rain_3h"}
_days = itertools.count()


class Hand:
    """One intake whose database can be away, and which can be killed and started again."""

    def __init__(self, url: str, catalog, folder, name: str, clock):
        self.url, self.catalog, self.folder, self.name, self.clock = url, catalog, folder / name, name, clock
        self.away, self.unacked = False, []
        self.born()

    def born(self) -> None:
        local = replace(practice.load(), portion=7, most=5)
        self.spill = Spill(self.folder, segment_bytes=600, total_bytes=1 << 20)
        self.writer = Writer(
            self.connect, self.catalog, self.spill, local, worker=self.name, now=self.clock, monotonic=lambda: 0.0
        )

    def connect(self) -> psycopg.Connection:
        if self.away:
            raise psycopg.OperationalError("away")
        return db.connect(self.url, name=self.name)

    def take(self, message: tuple[str, bytes]) -> None:
        self.unacked.append(message)
        self.writer.open("rain", *message, self.clock(), partial(self.unacked.remove, message))

    def reach(self, there: bool) -> None:
        self.away = not there
        self.writer._database.retry_at = 0.0
        if self.away and self.writer._database.conn is not None:
            self.writer._database.conn.close()

    def killed(self) -> None:
        """Everything in memory is gone; the broker delivers again what was not acknowledged."""
        self.writer.close()
        self.born()
        again, self.unacked = self.unacked, []
        for message in again:
            self.take(message)

    def rest(self) -> None:
        self.reach(True)
        while self.writer.step() or self.writer.drain():
            pass


@st.composite
def lives(draw):
    """Messages (minute, gauge, values), and what happens: deliveries in any order and number, to either worker, with steps,
    outages, kills and roll-ups anywhere between."""
    message = st.tuples(st.integers(0, 29 * 6), st.integers(0, 1), st.integers(0, 99), st.booleans())
    stream = draw(st.lists(message, min_size=1, max_size=14, unique_by=lambda m: m[:2]))
    every = [("take", n) for n in range(len(stream))]
    again = draw(st.lists(st.sampled_from(every), max_size=8))
    doing = st.sampled_from(["step", "drain", "away", "back", "kill", "roll"])
    more = draw(st.lists(st.tuples(doing, st.integers(0, 47)), max_size=14))
    acts = draw(st.permutations([*every, *again, *more]))
    return stream, [(act, number, draw(st.integers(0, 1))) for act, number in acts]


@pytest.fixture(scope="module")
def hands(server, empty_template, catalog, tmp_path_factory):
    """Two intakes on one database of this module, and a connection to look with."""
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE any_order TEMPLATE {empty_template} STRATEGY file_copy")
    url = server.url("any_order")
    clock = {"now": datetime(2026, 9, 3, tzinfo=UTC)}
    folder = tmp_path_factory.mktemp("spill")
    pair = [Hand(url, catalog, folder, name, lambda: clock["now"]) for name in ("a", "b")]
    with db.connect(url, name="tests") as look:
        for gauge in range(2):
            look.execute(
                "INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, %s, 'rain', 116, 24)", [f"RG-{gauge}"] * 2
            )
        own_stations(look)
        yield pair, look, clock
    for hand in pair:
        hand.writer.close()
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute("DROP DATABASE any_order WITH (FORCE)")


def rolled(look, table: str, since: datetime) -> dict:
    rows = look.execute(f"SELECT * FROM {table} WHERE bucket >= %s", [since]).fetchall()
    return {(r["station"], r["kind"], r["bucket"]): (r["n"], r["low"], r["high"], r["first"], r["last"]) for r in rows}


def model(expected: dict, width: timedelta) -> dict:
    buckets = defaultdict(list)
    for (station, kind, at), value in sorted(expected.items(), key=lambda item: item[0][2]):
        local = at + timedelta(hours=8)  # days are those of the city
        start = local.replace(minute=0) if width == HOUR else local.replace(hour=0, minute=0)
        buckets[station, kind, start - timedelta(hours=8)].append(value)
    return {key: (len(v), min(v), max(v), v[0], v[-1]) for key, v in buckets.items()}


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=lives())
def test_any_order_repetition_delay_outage_and_kill_comes_to_the_same(hands, case):
    (stream, acts), (pair, look, clock) = case, hands
    start = datetime(2026, 9, 3, 16, 0, tzinfo=UTC) + 3 * next(_days) * timedelta(days=1)  # midnight in the city
    messages, expected = [], {}
    for minute, gauge, value, both in stream:
        at = start + timedelta(minutes=10 * minute)
        body = {"stcd": f"RG-{gauge}", "tm": at.isoformat(), "p1": value / 2} | ({"p3": value} if both else {})
        messages.append((f"city/441402/rain/qxj/RG-{gauge}", json.dumps(body).encode()))
        expected |= {(f"RG-{gauge}", FIELDS[f], at): float(body[f]) for f in FIELDS if f in body}
    clock["now"] = start + 30 * HOUR
    for act, number, who in acts:
        hand = pair[who]
        match act:
            case "take":
                hand.take(messages[number])
            case "step":
                hand.writer.step()
            case "drain":
                hand.writer.drain()
            case "away" | "back":
                hand.reach(act == "back")
            case "kill":
                hand.killed()
            case "roll":
                record.roll_up(look, start + number * HOUR)
    for hand in pair:
        hand.rest()
        assert not hand.unacked and not hand.spill
        assert sum(c.in_flight for c in hand.writer.counts().values()) == 0
    rows = look.execute("SELECT * FROM reading WHERE at >= %s ORDER BY at", [start]).fetchall()
    assert len(rows) == len(expected)
    assert {(r["station"], r["kind"], r["at"]): r["value"] for r in rows} == expected
    newest = {key[:2]: (key[2], value) for key, value in sorted(expected.items(), key=lambda item: item[0][2])}
    latest = look.execute("SELECT * FROM latest WHERE at >= %s", [start]).fetchall()
    assert {(r["station"], r["kind"]): (r["at"], r["value"]) for r in latest} == newest
    record.roll_up(look, start + 72 * HOUR)
    record.roll_up(look, start + 72 * HOUR)
    assert rolled(look, "reading_1h", start) == model(expected, HOUR)
    assert rolled(look, "reading_1d", start) == model(expected, timedelta(days=1))
    status = look.execute("SELECT * FROM feed_status WHERE feed = 'rain'").fetchone()
    assert status["received"] == status["stored"] + status["duplicate"] + status["dead"]
