"""Public warnings in the record: what the screens are told, when the list turns by itself, what became of one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from brain.flow.city import public_warnings
from brain.model import HazardWarning, Level, Refused
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


# Whose word ends what ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["Update", "Cancel"])
@pytest.mark.parametrize("first", [True, False])
def test_another_senders_message_ends_nothing_in_whatever_order(send, conn, kind, first):
    def foreign():
        send("b", sender="other", msg_type=kind, refers=((SENDER, "a"),), expires=NOW + HOUR)

    for step in (foreign, lambda: send("a", expires=NOW + HOUR))[:: 1 if first else -1]:
        step()
    assert standing(conn, "a") == "in_force"


@pytest.mark.parametrize(("kind", "ended"), [("Update", "updated"), ("Cancel", "cancelled")])
def test_only_who_reported_a_warning_or_the_platform_itself_ends_it(send, conn, kind, ended):
    kept, own = [("qxj", "yjj", "in_force"), ("", "yjj", "in_force")], [("qxj", "qxj", ended), ("qxj", "", ended), ("", "", ended)]
    for reported, by, said in kept + own:
        for order in (1, -1):
            name = f"{reported}-{by}-{order}"

            def first(name=name, org=reported):
                send(f"a{name}", expires=NOW + HOUR, org=org)

            def later(name=name, org=by):
                send(f"b{name}", msg_type=kind, refers=((SENDER, f"a{name}"),), expires=NOW + HOUR, org=org)

            for step in (first, later)[::order]:
                step()
            assert (name, standing(conn, f"a{name}")) == (name, said)


def test_a_cancel_of_another_department_does_not_stand_before_that_of_the_right_one(send, conn):
    send("a", expires=NOW + HOUR, org="qxj")
    send("b", msg_type="Cancel", refers=((SENDER, "a"),), org="yjj")
    send("c", msg_type="Update", refers=((SENDER, "a"),), expires=NOW + HOUR, org="qxj")
    assert standing(conn, "a") == "updated"


def test_a_foreign_update_that_came_first_does_not_keep_the_right_one_from_ending_a_warning(send, conn):
    update = {"msg_type": "Update", "refers": ((SENDER, "a"),), "expires": NOW + HOUR}
    assert send("b", org="yjj", **update) and send("a", expires=NOW + HOUR, org="qxj")
    assert standing(conn, "a") == "in_force"
    assert not send("b", org="qxj", **update)
    assert standing(conn, "a") == "updated"


def test_a_warning_from_before_departments_were_kept_is_ended_by_whoever_has_its_sender(send, conn):
    send("a", expires=NOW + HOUR)
    conn.execute("UPDATE warning SET org = NULL")
    send("b", msg_type="Cancel", refers=((SENDER, "a"),), org="yjj")
    assert standing(conn, "a") == "cancelled"


def test_another_department_takes_nobodys_number(send, conn):
    assert send("a", expires=NOW + HOUR, org="qxj")
    assert not send("a", expires=NOW + HOUR, org="yjj")  # the same warning by another way
    with pytest.raises(Refused, match="另一个单位"):
        send("a", expires=NOW + HOUR, level=Level.RED, org="yjj")
    send("p", expires=NOW + HOUR, org="qxj", area={"partial": True})
    assert not send("p", expires=NOW + 2 * HOUR, org="yjj")
    assert [r["expires"] for r in public_warnings.active(conn, NOW)] == [NOW + HOUR] * 2


@pytest.mark.parametrize("status", ["Exercise", "System", "Test", "Draft"])
def test_what_is_not_actual_stands_on_no_wall_and_ends_nothing_that_is(send, conn, status):
    send("a", expires=NOW + HOUR)
    send("b", status=status, level=Level.RED, expires=NOW + HOUR)
    send("c", status=status, msg_type="Cancel", refers=((SENDER, "a"),))
    assert [row["identifier"] for row in public_warnings.active(conn, NOW)] == ["a"]
    assert standing(conn, "a") == "in_force"


def test_exercises_and_tests_are_listed_apart_and_end_each_other(send, conn):
    send("a", status="Exercise", expires=NOW + 2 * HOUR)
    send("b", status="Test", level=Level.RED, expires=NOW + HOUR)
    assert [(row["identifier"], row["status"]) for row in public_warnings.drills(conn, NOW)] == [("b", "Test"), ("a", "Exercise")]
    assert public_warnings.turns(conn, NOW, drills=True) == NOW + HOUR
    send("c", status="Exercise", msg_type="Cancel", refers=((SENDER, "a"),))
    assert [row["identifier"] for row in public_warnings.drills(conn, NOW)] == ["b"]


@pytest.mark.parametrize("kind", ["Ack", "Error"])
def test_an_answer_to_a_warning_leaves_it_as_it_is(send, conn, kind):
    send("a", expires=NOW + HOUR)
    send("b", msg_type=kind, level=None, refers=((SENDER, "a"),))
    assert standing(conn, "a") == "in_force" and len(public_warnings.active(conn, NOW)) == 1


def test_two_messages_of_one_number_are_not_taken_for_one(send, conn):
    send("a", expires=NOW + HOUR)
    with pytest.raises(Refused, match="新的编号"):
        send("a", sent=NOW + HOUR, level=Level.RED)
    assert [row["level"] for row in public_warnings.active(conn, NOW)] == [Level.YELLOW]


# Times and parts --------------------------------------------------------------------------------------------------------
def test_a_warning_without_an_end_lasts_a_day_from_when_it_begins(send, conn):
    send("a", onset=NOW + 30 * HOUR)
    assert standing(conn, "a") == "in_force" and standing(conn, "a", NOW + 40 * HOUR) == "in_force"
    assert public_warnings.turns(conn, NOW) == NOW + 54 * HOUR


def part(level: Level, desc: str, expires: datetime | None, effective: datetime | None = None) -> dict:
    times = {"effective": effective and effective.isoformat(), "onset": None, "expires": expires and expires.isoformat()}
    area = {"desc": [desc], "geocodes": [], "polygons": [], "circles": []}
    words = {"event": "暴雨", "severity": "Severe", "headline": desc, "description": "", "instruction": ""}
    return {"level": level, **words, **times, "area": area}


def test_of_several_parts_the_worst_in_force_is_told_and_no_area_is_left_out(send, conn):
    parts = [part(Level.ORANGE, "甲区", NOW + 6 * HOUR), part(Level.RED, "乙区", NOW + 2 * HOUR)]
    send("a", level=Level.RED, expires=NOW + 6 * HOUR, area={"desc": ["甲区", "乙区"], "parts": parts})
    send("b", level=Level.ORANGE, sent=NOW - HOUR, expires=NOW + 6 * HOUR)

    def told(hours: int) -> list:
        rows = public_warnings.active(conn, NOW + hours * HOUR)
        return [(row["identifier"], row["level"], row["area"].get("desc")) for row in rows]

    assert told(0) == [("a", Level.RED, ["甲区", "乙区"]), ("b", Level.ORANGE, None)]
    assert told(2) == [("a", Level.ORANGE, ["甲区"]), ("b", Level.ORANGE, None)]
    assert told(6) == []
    assert public_warnings.turns(conn, NOW) == NOW + 2 * HOUR
    assert public_warnings.one(conn, SENDER, "a", NOW + 3 * HOUR)["level"] == Level.ORANGE
    assert public_warnings.one(conn, SENDER, "a", NOW + 9 * HOUR)["level"] == Level.RED


def test_a_part_of_no_shape_hides_no_other_warning(send, conn):
    send("odd", expires=NOW + HOUR, area={"parts": [{"level": "x"}]})
    send("good", expires=NOW + HOUR)
    assert {row["identifier"] for row in public_warnings.active(conn, NOW)} == {"odd", "good"}


def test_a_whole_message_takes_the_place_of_a_part_and_never_the_other_way(send, conn):
    assert send("a", expires=NOW + HOUR, area={"partial": True})
    assert not send("a", expires=NOW + HOUR, area={"partial": True})
    assert send("a", expires=NOW + 2 * HOUR, level=Level.RED)
    assert not send("a", expires=NOW + HOUR, area={"partial": True})
    (row,) = public_warnings.active(conn, NOW)
    assert (row["level"], row["expires"], row["area"]) == (Level.RED, NOW + 2 * HOUR, {})
