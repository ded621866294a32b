"""Contract drift: a new shape that comes in place of the usual one is told, once; everything else is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.store import db
from ingest import practice
from ingest.watch.beat import Beat
from ingest.watch.contract_drift import WIDEST, MessageShapes, shape_of
from tests.accounts import INTAKE, as_role

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
OLD = {"stcd": "RG-01", "tm": "2026-09-03T10:00:00+08:00", "p1": 1.5}
NEW = {"站码": "RG-01", "tm": "2026-09-03T10:00:00+08:00", "p1": "1.5"}


class Watch:
    """Shapes in the hands of a test: a message a minute."""

    def __init__(self, **more):
        self.shapes = MessageShapes(
            replace(practice.load(), **{"shape_every_s": 1.0, "shape_learn": 5, **more}), lambda: self.ticks
        )
        self.ticks = 0.0

    def see(self, body: dict, times: int = 1, source: str = "city/441402/rain/qxj/RG-01") -> datetime:
        """The message, so many times; the time of the first."""
        first = self.now
        for _ in range(times):
            self.shapes.look("rain", source, json.dumps(body).encode(), self.now)
            self.ticks += 60
        return first

    @property
    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.ticks)

    def drifts(self) -> list:
        return self.shapes.take()[1]


def test_a_shape_names_fields_with_their_types_and_leaves_gaps_out():
    said = {"站码": "A", "数据": {"pH": 7.1, "氨氮": "--", "开": True}, "点": [{"v": 1}, {"v": 2, "q": "N"}], "x": None}
    found = shape_of(json.dumps(said).encode())
    assert found == {"站码": "text", "数据.pH": "number", "数据.开": "bool", "点[].v": "number", "点[].q": "text"}


def test_a_message_in_gbk_has_its_shape_and_one_that_is_no_json_has_none():
    assert shape_of('{"雨量": 1}'.encode("gbk")) == {"雨量": "number"}
    assert [shape_of(b) for b in (b"##0101QN=1", b"", b"{", b"7", b"[" * 5000)] == [None] * 5


def test_a_new_shape_in_place_of_the_usual_one_is_told_with_the_time_it_began():
    watch = Watch()
    watch.see(OLD, 10)
    began = watch.see(NEW, 3)
    [drift] = watch.drifts()
    assert drift.feed == "rain" and drift.at == began
    watch.see(NEW, 20)
    assert watch.drifts() == []


def test_one_odd_message_is_no_drift():
    watch = Watch()
    watch.see(OLD, 10)
    for _ in range(5):
        watch.see(NEW, 2)
        watch.see(OLD, 1)
    assert watch.drifts() == []


def test_a_device_that_joins_with_a_shape_of_its_own_is_no_drift_while_the_others_go_on():
    watch = Watch()
    watch.see(OLD, 10)
    for _ in range(5):
        watch.see(NEW, 1, source="city/441402/rain/qxj/RG-02")
        watch.see(OLD, 1)
    assert watch.drifts() == []


def test_a_change_of_one_station_is_told_though_the_others_keep_the_old_shape():
    watch = Watch()
    for _ in range(5):
        watch.see(OLD, 1)
        watch.see(OLD, 1, source="city/441402/rain/qxj/RG-02")
    for _ in range(3):
        watch.see(OLD, 1)
        watch.see(NEW, 1, source="city/441402/rain/qxj/RG-02")
    assert [d.source for d in watch.drifts()] == ["city/441402/rain/qxj/RG-02"]


def test_two_shapes_known_from_the_beginning_may_take_turns():
    watch = Watch()
    for body in (OLD, NEW, OLD, NEW):
        watch.see(body, 1)
    watch.see(OLD, 10)
    watch.see(NEW, 10)
    assert watch.drifts() == []


def test_a_change_during_a_restart_is_told_because_the_database_remembers():
    before = Watch()
    before.see(OLD, 10)
    after = Watch()
    after.shapes.know((feed, shape, seen.n) for (feed, shape), seen in before.shapes.take()[0].items())
    after.see(NEW, 3)
    assert len(after.drifts()) == 1


def test_a_source_is_looked_at_no_more_often_than_said():
    watch = Watch(shape_every_s=600.0)
    watch.see(OLD, 30)
    assert sum(s.n for s in watch.shapes.take()[0].values()) == 3


def test_fields_named_by_data_do_not_fill_the_memory():
    watch = Watch()
    for n in range(300):
        watch.see({f"RG-{n}": 1.0})
    assert len(watch.shapes.take()[0]) == practice.load().shape_most


def test_what_could_not_be_written_down_is_given_again():
    watch = Watch()
    watch.see(OLD, 10)
    watch.see(NEW, 3)
    new, drifts = watch.shapes.take()
    watch.see(NEW, 1)
    watch.shapes.give_back(new, drifts)
    again, told = watch.shapes.take()
    assert sorted(s.n for s in again.values()) == [4, 10] and told == drifts


def test_a_drift_stands_in_the_database_with_a_sample_before_and_after(take, db_url, conn):
    hands = take(shape_every_s=0.001, shape_learn=5)
    beat = Beat(lambda: db.connect(as_role(db_url, INTAKE), name="beat"), hands.writer, 3.0)
    for body, times in ((OLD, 10), (NEW, 3)):
        for _ in range(times):
            hands.ticks += 1
            hands.send(body)
    assert beat.beat() and beat.beat()
    [row] = db.many(conn, "drifts", all=False, feed=None)
    assert json.loads(bytes(row["sample_before"])) == OLD and json.loads(bytes(row["sample_after"])) == NEW
    assert row["fields_before"]["p1"] == "number" and row["fields_after"]["p1"] == "text"
    assert "stcd" not in row["fields_after"] and "站码" in row["fields_after"]


def test_field_names_that_no_database_holds_are_written_down_all_the_same(take, db_url, conn):
    hands = take(shape_every_s=0.001)
    hands.send(b'{"a\\u0000b": 1, "\\ud800": 2}')
    assert Beat(lambda: db.connect(as_role(db_url, INTAKE), name="beat"), hands.writer, 3.0).beat()
    assert conn.execute("SELECT count(*) AS n FROM feed_shape").fetchone()["n"] == 1


trees = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=6),
    max_leaves=40,
)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300) | trees.map(lambda t: json.dumps(t).encode()))
def test_no_bytes_upset_it(payload):
    found = shape_of(payload)
    assert found is None or (len(found) <= WIDEST and set(found.values()) <= {"number", "text", "bool"})


@pytest.mark.parametrize("payload", [b"[" * 60_000, b'{"a":' * 10_000, b'{"a":' + b"9" * 60_000 + b"}"])
def test_hostile_depth_and_size_cost_nothing(payload):
    assert shape_of(payload) is None
