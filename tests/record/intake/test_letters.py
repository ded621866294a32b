"""Dead letters: one a message and rule with all that it refused, none a second time, and the accounts add up all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.feeds.hj212 import build
from ingest.watch.mend import mend
from tests.record.intake.conftest import NOW

STRANGER = "441402000000000000000001"
FACTORS = {"w01001": 7.1, "w01009": 6.2, "w21003": 0.3, "w21011": 0.05, "w01010": 19.0}


def frame(**values: float) -> bytes:
    """One HJ 212 message of a river station."""
    area = ";".join(["DataTime=20260903100000", *(f"{code}-Rtd={value},{code}-Flag=N" for code, value in values.items())])
    fields = {"QN": "20260903100001000", "ST": 21, "CN": 2011, "PW": 123456, "MN": STRANGER, "Flag": 5}
    return build(fields, area)


def deliver(hands, payload: bytes, port: int = 4411) -> None:
    hands.send(payload, f"hj212/10.1.2.3:{port}", "hj212")
    hands.writer.step()


def test_five_values_that_one_rule_refuses_are_one_letter_and_five_in_the_accounts(hands):
    deliver(hands, frame(**FACTORS))
    (letter,) = hands.letters()
    assert (letter["rule"], letter["units"], letter["listed"]) == ("station", 5, [])
    assert (hands.adds_up()["hj212"].received, hands.adds_up()["hj212"].dead, hands.feed("hj212")["dead"]) == (5, 5, 5)


def test_a_letter_lists_what_each_part_is_refused_for(hands):
    rows = [{"kind": "rain_1h", "value": v, "at": (NOW - timedelta(minutes=n)).isoformat()} for n, v in enumerate((900, 950, 1))]
    hands.send({"station": "RG-01", "readings": rows})
    hands.writer.step()
    (letter,) = hands.letters()
    assert letter["units"] == 2 and letter["reason"] == letter["listed"][0]
    assert [said.partition("为 ")[2][:3] for said in letter["listed"]] == ["900", "950"]
    assert hands.adds_up()["rain"].dead == 2 and len(hands.readings()) == 1


def test_two_rules_of_one_message_are_two_letters(hands):
    rows = [{"kind": "rain_1h", "value": 900, "at": NOW.isoformat()}, {"kind": "gossip", "value": 1, "at": NOW.isoformat()}]
    hands.send({"station": "RG-01", "readings": rows})
    hands.writer.step()
    assert sorted((d["rule"], d["units"]) for d in hands.letters()) == [("kind", 1), ("range", 1)]


@pytest.mark.parametrize("at_once", [True, False], ids=["one batch", "two batches"])
def test_a_refused_message_that_comes_again_is_a_duplicate_also_from_another_port(hands, at_once):
    for port in (4411, 51002):
        hands.send(frame(**FACTORS), f"hj212/10.1.2.3:{port}", "hj212")
        if not at_once:
            hands.writer.step()
    hands.writer.step()
    assert [d["units"] for d in hands.letters()] == [5]
    account = hands.adds_up()["hj212"]
    assert (account.received, account.dead, account.duplicate) == (10, 5, 5)


def test_a_refused_message_is_written_once_by_the_worker_that_comes_after_a_killed_one(take):
    first = take("one")
    deliver(first, frame(**FACTORS))  # committed, and killed before it was acknowledged
    second = take("two")
    deliver(second, frame(**FACTORS), 4999)
    assert len(second.letters()) == 1 and second.adds_up()["hj212"].duplicate == 5


def test_other_bytes_another_topic_and_another_rule_are_news(hands):
    hands.send(b"{", "city/441402/rain/qxj/RG-01")
    hands.send(b"{", "city/441402/rain/qxj/RG-02")
    hands.send(b"{ ", "city/441402/rain/qxj/RG-01")
    hands.writer.step()
    assert len(hands.letters()) == 3


def test_a_refusal_that_was_thrown_away_is_written_when_it_comes_again(hands, conn):
    hands.send(b"{")
    hands.writer.step()
    conn.execute("UPDATE dead_letter SET status = 'discarded'")
    hands.send(b"{")
    hands.writer.step()
    assert [d["status"] for d in hands.letters()] == ["discarded", "open"]


def test_a_letter_of_several_units_is_replayed_as_a_whole(hands, conn, catalog):
    deliver(hands, frame(**FACTORS))
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES (%s, '断面', 'water', 116.1, 24.3, 'sthj')", [STRANGER])
    assert mend(conn, catalog, hands.practice, hands.now).replayed == 1
    assert len(hands.readings()) == 5 and {d["status"] for d in hands.letters()} == {"replayed"}


def test_a_letter_stands_in_the_group_of_each_of_its_reasons(hands, conn):
    from brain.store import db

    rows = [{"kind": kind, "value": 1, "at": NOW.isoformat()} for kind in ("gossip", "rumour")]
    hands.send({"station": "RG-01", "readings": rows})
    hands.writer.step()
    groups = db.many(conn, "letters_grouped", feeds=["rain"], most=10)
    assert sorted("gossip" in g["reason"] for g in groups) == [False, True] and [g["n"] for g in groups] == [1, 1]
    for group in groups:
        found = {"feed": "rain", "rule": "kind", "words": group["reason"]}
        assert len(db.many(conn, "letters_listed", **found, most=10)) == 1 == db.row(conn, "letters_count", **found)["n"]


messages = st.lists(
    st.dictionaries(st.sampled_from(sorted(FACTORS)), st.booleans(), min_size=1, max_size=5), max_size=6
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=messages, steps=st.lists(st.booleans(), min_size=6, max_size=6))
def test_whatever_comes_and_comes_again_received_is_stored_and_duplicate_and_dead(hands, conn, sent, steps):
    conn.execute("TRUNCATE dead_letter")
    conn.execute(
        "INSERT INTO station (id, name, theme, lng, lat, org) VALUES (%s, '断面', 'water', 116.1, 24.3, 'sthj') ON CONFLICT DO NOTHING",
        [STRANGER],
    )
    before = hands.writer.counts().get("hj212")
    for values, step in zip(sent, steps, strict=False):
        said = {code: FACTORS[code] if good else 1e9 for code, good in values.items()}
        hands.send(frame(**said), "hj212/10.1.2.3:4411", "hj212")
        if step:
            hands.writer.step()
    while hands.writer.step():
        pass
    hands.adds_up()
    after = hands.writer.counts().get("hj212")
    dead = (after.dead if after else 0) - (before.dead if before else 0)
    assert dead == sum(d["units"] for d in hands.letters())
    assert len({(bytes(d["payload"]), d["rule"]) for d in hands.letters()}) == len(hands.letters())
