"""Replays asked for on the page are done by a worker, once, in order; and the answer stands in the request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from brain.flow.measured import mending
from brain.identity import accounts
from brain.identity.doing import Doer, Via
from brain.model import Refused, Role
from brain.store import db
from ingest.watch.mender import Mender
from tests.accounts import INTAKE, as_role

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)


def at_the_page(person) -> Doer:
    return Doer(person, "10.0.0.9", Via.PAGE)


@pytest.fixture
def admin(conn):
    return at_the_page(accounts.create(conn, login="admin9", name="管理员", role=Role.ADMIN, now=NOW))


@pytest.fixture
def operator(conn):
    return at_the_page(accounts.create(conn, login="seat9", name="值班员", role=Role.OPERATOR, now=NOW))


@pytest.fixture
def mender(hands, db_url, catalog):
    return Mender(lambda: db.connect(as_role(db_url, INTAKE), name="mender"), hands.writer, catalog, 300)


def strange(hands, station: str = "A-77", n: int = 3) -> None:
    """Messages of a gauge under a code nobody has entered."""
    for k in range(n):
        hands.send({"tm": (NOW - timedelta(seconds=k)).isoformat(), "p1": 1}, topic=f"city/441402/rain/qxj/{station}")
    hands.writer.step()


def test_a_mapped_station_is_replayed_and_counts_for_what_comes_after(hands, mender, conn, catalog, admin):
    strange(hands)
    mending.set_mapping(conn, catalog, admin, "rain", "station", "A-77", "RG-01", NOW)
    asked = mending.ask_replay(conn, admin, "rain", "station", None, NOW)
    assert mender.work(conn) == 1
    done = mending.replay_of(conn, asked)
    assert (done["replayed"], done["still"], done["worker"], done["error"]) == (3, {}, "w1", None)
    assert {r[0] for r in hands.readings()} == {"RG-01"} and {d["status"] for d in hands.letters()} == {"replayed"}
    hands.send({"tm": (NOW - timedelta(seconds=9)).isoformat(), "p1": 1}, topic="city/441402/rain/qxj/A-77")
    hands.writer.step()
    assert len(hands.readings()) == 4


def test_only_the_letters_asked_for_are_replayed_and_the_others_say_why_not(hands, mender, conn, catalog, admin):
    strange(hands, n=2)
    mending.set_mapping(conn, catalog, admin, "rain", "station", "A-77", "RG-01", NOW)
    hands.send(b"{")
    hands.writer.step()
    first, _, broken = [d["id"] for d in hands.letters()]
    asked = mending.ask_replay(conn, admin, "rain", None, [first, broken], NOW)
    mender.work(conn)
    done = mending.replay_of(conn, asked)
    assert done["replayed"] == 1 and sum(done["still"].values()) == 1
    assert [d["status"] for d in hands.letters()] == ["replayed", "open", "open"]


def test_a_replay_whose_worker_died_over_it_is_done_by_another(hands, mender, conn, admin):
    asked = mending.ask_replay(conn, admin, "rain", None, None, NOW)
    assert db.one(conn, "mend_take", worker="dead", dead_s=300)["id"] == asked
    assert mender.work(conn) == 0
    conn.execute("UPDATE mend_request SET taken_at = taken_at - interval '301 seconds'")
    assert mender.work(conn) == 1 and mending.replay_of(conn, asked)["worker"] == "w1"


def test_a_worker_that_listens_answers_within_seconds(hands, mender, conn, admin, until):
    mender.start()
    asked = mending.ask_replay(conn, admin, "rain", None, None, NOW)
    until(lambda: mending.replay_of(conn, asked)["done_at"], 5)
    mender.finish()


def test_a_discarded_letter_says_who_when_and_why_and_is_never_replayed(hands, mender, conn, admin):
    strange(hands, n=2)
    ids = [d["id"] for d in hands.letters()]
    assert mending.discard(conn, admin, "rain", ids[:1], " 调试报文 ", NOW) == 1
    gone = hands.letters()[0]
    assert (gone["status"], gone["discarded_by"], gone["discarded_at"], gone["discard_reason"]) == (
        "discarded", "管理员", NOW, "调试报文",
    )  # fmt: skip
    mending.ask_replay(conn, admin, "rain", None, None, NOW)
    mender.work(conn)
    assert [d["status"] for d in hands.letters()] == ["discarded", "open"]


def test_letters_of_another_feed_are_not_discarded_with_it(hands, conn, admin):
    strange(hands, n=1)
    assert mending.discard(conn, admin, "water", [hands.letters()[0]["id"]], "弄错了", NOW) == 0


@pytest.mark.parametrize(
    ("what", "given", "meant", "says"),
    [("station", "A-77", "RG-88", "没有编号为 RG-88 的测站"), ("kind", "雨", "rainfall", "没有感知量"), ("unit", "", "mm", "都要填写"),
     ("colour", "红", "red", "只能是")],
)  # fmt: skip
def test_a_mapping_to_nothing_is_refused(conn, catalog, admin, what, given, meant, says):
    with pytest.raises(Refused, match=says):
        mending.set_mapping(conn, catalog, admin, "rain", what, given, meant, NOW)
    assert conn.execute("SELECT count(*) AS n FROM intake_mapping").fetchone()["n"] == 0


def test_only_the_administrator_changes_anything_and_each_deed_is_in_the_audit_trail(
    hands, conn, catalog, admin, operator, stations
):
    strange(hands, n=1)
    letter = hands.letters()[0]["id"]
    deeds = [
        lambda who: mending.set_mapping(conn, catalog, who, "rain", "station", "A-77", "RG-01", NOW),
        lambda who: mending.ask_replay(conn, who, "rain", None, None, NOW),
        lambda who: mending.discard(conn, who, "rain", [letter], "测试", NOW),
    ]
    for deed in deeds:
        with pytest.raises(Refused, match="只有系统管理员"):
            deed(operator)
        deed(admin)
    rows = conn.execute("SELECT action, actor, ok, ip FROM audit WHERE action LIKE 'intake.%' ORDER BY id").fetchall()
    assert [r["action"] for r in rows if r["ok"]] == ["intake.map", "intake.replay", "intake.discard"]
    assert [(r["actor"], r["ok"]) for r in rows] == [("值班员", False), ("管理员", True)] * 3
    assert {r["ip"] for r in rows} == {"10.0.0.9"}
