"""Public warnings in the record: what the screens are told, when the list turns by itself, what became of one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from brain.flow.city import public_warnings
from brain.model import HazardWarning, Level
from brain.store import db

NOW = datetime(2026, 9, 3, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
SENDER = "44140241600000"


@pytest.fixture
def send(conn):
    """`send("a", …)` stores an actual warning of that identifier, sent now."""

    def send(identifier: str, **more) -> bool:
        given = {"sender": SENDER, "sent": NOW, "status": "Actual", "msg_type": "Alert", "scope": "Public", "event": "暴雨",
                 "level": Level.YELLOW} | more  # fmt: skip
        return public_warnings.store(conn, HazardWarning(identifier=identifier, **given), NOW)

    return send


def standing(conn, identifier: str, now: datetime = NOW) -> str:
    return public_warnings.standing(public_warnings.one(conn, SENDER, identifier), now)


def test_the_screens_are_told_of_a_new_warning_and_not_of_its_repetition(send, db_url):
    with db.connect(db_url) as ear:
        ear.execute("LISTEN brain_warning")
        assert send("a") and not send("a") and send("b")
        heard = [json.loads(n.payload)["identifier"] for n in ear.notifies(timeout=5, stop_after=2)]
    assert heard == ["a", "b"]


def test_the_list_turns_when_the_next_one_begins_or_is_over(send, conn):
    send("later", effective=NOW + 3 * HOUR, expires=NOW + 9 * HOUR)
    send("first", expires=NOW + 1 * HOUR)
    send("test", status="Test", expires=NOW + HOUR / 2)
    turns = [NOW]
    while at := public_warnings.turns(conn, turns[-1]):
        turns.append(at)
    assert turns == [NOW, NOW + 1 * HOUR, NOW + 3 * HOUR, NOW + 9 * HOUR]


def test_a_warning_without_an_end_is_over_after_a_day(send, conn):
    send("open")
    assert public_warnings.turns(conn, NOW) == NOW + 24 * HOUR
    assert standing(conn, "open", NOW + 23 * HOUR) == "in_force" and standing(conn, "open", NOW + 24 * HOUR) == "over"


@pytest.mark.parametrize(("later", "said"), [("Update", "updated"), ("Cancel", "cancelled")])
def test_a_warning_that_a_later_message_ended_says_how(send, conn, later, said):
    send("a", expires=NOW + HOUR)
    send("b", msg_type=later, refers=((SENDER, "a"),), expires=NOW + HOUR)
    assert standing(conn, "a") == said


def test_a_warning_that_has_not_begun_is_coming(send, conn):
    send("a", effective=NOW + HOUR, expires=NOW + 2 * HOUR)
    assert standing(conn, "a") == "coming" and standing(conn, "a", NOW + HOUR) == "in_force"


def test_an_exercise_is_no_warning_to_look_at(send, conn):
    send("a", status="Exercise")
    assert public_warnings.one(conn, SENDER, "a") is None
