"""Whatever is refused leaves exactly one line of the trail, even what never reached an act; and a flood of strangers few."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from brain.catalog.security import Refusals
from brain.store import db
from brain.web.door.refusals import Flood
from tests.authority.acts import Stage
from tests.authority.acts_refused import REFUSED, spoken
from tests.authority.conftest import serving
from tests.authority.world import Maker, World

RAW = ("psycopg", "PostgreSQL", "codec", "Traceback", "Error", "surrogates")


@pytest.fixture(scope="module")
def stage(house) -> Iterator[Stage]:
    world = house.world
    with db.connect(world.url, name="tests") as conn:
        yield Stage(house, conn, Maker(conn, World(world.url, world.viewers), 900))


def lines_since(conn, last: int) -> list[dict]:
    return conn.execute("SELECT * FROM audit WHERE id > %s ORDER BY id", [last]).fetchall()


def newest(conn) -> int:
    return conn.execute("SELECT coalesce(max(id), 0) AS id FROM audit").fetchone()["id"]


@pytest.mark.parametrize("one", [r for r in REFUSED if r.who], ids=str)
def test_a_refusal_leaves_exactly_one_line(stage, one):
    go = one.do(stage)
    last = newest(stage.conn)
    answer = go()
    rows = lines_since(stage.conn, last)
    if isinstance(answer, httpx.Response):
        assert 400 <= answer.status_code < 500, answer.text[:300]
    assert not [word for word in RAW if word in spoken(answer)], spoken(answer)[:500]
    said = [(r["action"], r["object"], r["detail"]) for r in rows]
    assert len(rows) == 1, said
    row = rows[0]
    assert (row["ok"], row["action"]) == (False, one.action), said
    assert row["ip"] and row["actor_id"], f"the line does not say who and from where: {row}"
    assert one.code is None or row["detail"]["code"] == one.code, said


@pytest.fixture(scope="module")
def outside(stage, tmp_path_factory) -> Iterator[Stage]:
    """The same city behind a proxy of its own, so that each stranger can have an address of his own."""
    with serving(stage.house.world.url, tmp_path_factory.mktemp("outside"), BRAIN_TRUSTED_PROXY="127.0.0.1") as url:
        kept, stage.house.url = stage.house.url, url
        yield stage
        stage.house.url = kept


@pytest.mark.parametrize(("number", "one"), list(enumerate(r for r in REFUSED if not r.who)), ids=str)
def test_a_strangers_refusal_leaves_exactly_one_line(outside, monkeypatch, number, one):
    go = one.do(outside)
    sent = httpx.request
    monkeypatch.setattr(
        httpx, "request",
        lambda *a, headers=None, **k: sent(*a, headers=(headers or {}) | {"X-Forwarded-For": f"203.0.113.{number}"}, **k),
    )  # fmt: skip
    last = newest(outside.conn)
    answer = go()
    rows = lines_since(outside.conn, last)
    assert 400 <= answer.status_code < 500, answer.text[:300]
    said = [(r["action"], r["object"], r["ip"], r["detail"]) for r in rows]
    assert len(rows) == 1, said
    assert (rows[0]["action"], rows[0]["detail"]["code"]) == (one.action, one.code), said
    assert rows[0]["actor_id"] is None and rows[0]["ip"] == f"203.0.113.{number}"


def test_a_flood_of_a_stranger_leaves_one_line_and_its_number_is_told_when_it_ends(stage, tmp_path_factory):
    last = newest(stage.conn)
    with serving(stage.house.world.url, tmp_path_factory.mktemp("flood")) as url, ThreadPoolExecutor(8) as pool:
        client = httpx.Client(base_url=url, headers={"X-Brain": "1"}, timeout=60)
        codes = list(pool.map(lambda _: client.post(f"/api/v1/events/{'1' * 19}/accept", json={}).status_code, range(60)))
        assert set(codes) == {401}
        assert len(lines_since(stage.conn, last)) == 1
    rows = lines_since(stage.conn, last)
    assert [r["action"] for r in rows] == ["event_verb", "refused"]
    assert rows[1]["detail"]["times"] == 59


# The brake by itself --------------------------------------------------------------------------------------------------
NOW = datetime(2026, 9, 3, 10, 0, tzinfo=UTC)


def test_each_address_gets_one_line_a_window_and_all_together_no_more_than_the_most():
    flood = Flood(Refusals(timedelta(seconds=60), 3))
    written = [flood.lets(f"net:10.0.0.{n % 5}", NOW) for n in range(50)]
    assert sum(written) == 3 and written[:3] == [True] * 3
    counted = dict(flood.over(NOW + timedelta(seconds=60)))
    assert sum(c.more for c in counted.values()) == 47 and len(counted) == 4
    assert flood.lets("net:10.0.0.1", NOW + timedelta(seconds=61))


def test_a_window_is_not_over_before_its_time():
    flood = Flood(Refusals(timedelta(seconds=60), 3))
    assert [flood.lets("a", NOW), flood.lets("a", NOW)] == [True, False]
    assert flood.over(NOW + timedelta(seconds=59)) == []
    assert [(k, c.more) for k, c in flood.over(None)] == [("a", 1)]
