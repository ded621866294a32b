"""What the account of the intake may do to people and their work: what its statements need, tried as somebody who has stolen it."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from brain.flow.events import acting, hotline
from brain.model import State, Verb, WorkOrder
from brain.store import db
from tests.accounts import INTAKE, REPORT, as_role
from tests.record.conftest import NORTH, SIDE, WEST

REFUSED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def intake(db_url):
    with db.connect(as_role(db_url, INTAKE), name="tests") as conn:
        yield conn


@pytest.fixture
def order(district, intake, now):
    """An order of the hotline that has opened its event, on the intake's own account: its event's id."""
    hotline.take(intake, district.catalog, sheet_row(), now)
    return intake.execute("SELECT event_id FROM work_order").fetchone()["event_id"]


def sheet_row(state: str = "待签收", **more) -> WorkOrder:
    point = (WEST + SIDE / 2, NORTH - SIDE / 2)
    return WorkOrder(**({"number": "A-1", "state": state, "title": "路灯不亮", "content": "路灯不亮", "point": point} | more))


# What it may ----------------------------------------------------------------------------------------------------------
def test_an_order_opens_is_accepted_and_annotated_on_the_intakes_account(order, intake, district, conn, now):
    later = now + timedelta(hours=1)
    hotline.take(intake, district.catalog, sheet_row("已签收", reply="已派人"), later)
    assert [line.verb for line in acting.log_of(conn, order)] == [Verb.REPORT, Verb.NOTE, Verb.ACCEPT]
    assert acting.get(conn, order).state is State.ACCEPTED
    assert district.notices("acceptor") and acting.verify_log(conn) is None


def test_an_order_of_an_event_that_people_have_closed_is_annotated(order, intake, district, conn, now):
    district.now = now
    district.act(order, Verb.DECLINE, "acceptor", minutes=1, reason="重复")
    hotline.take(intake, district.catalog, sheet_row("已签收", reply="已派人"), now + timedelta(hours=1))
    assert acting.get(conn, order).state is State.DECLINED
    assert [line.verb for line in acting.log_of(conn, order)][-1] is Verb.NOTE


# What it may not ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("statement", [
    "SELECT password_hash FROM person", "SELECT phone FROM person", "SELECT name, login FROM person", "SELECT * FROM person",
    "SELECT phone FROM org", "SELECT note FROM event_log", "SELECT words FROM notice", "SELECT * FROM photo", "SELECT * FROM session",
    "SELECT * FROM password_past", "SELECT * FROM audit", "INSERT INTO audit DEFAULT VALUES", "UPDATE audit SET actor = 'x'",
    "DELETE FROM session", "UPDATE person SET active = false", "UPDATE roster SET person_id = 1", "DELETE FROM event",
    "UPDATE event_log SET note = 'x'", "INSERT INTO event_part (event_id) VALUES ('x')", "UPDATE notice SET read_at = now()",
    "UPDATE alert SET event_id = NULL", "UPDATE intake_batch SET feed = 'x'", "UPDATE dead_letter SET payload = ''",
    "UPDATE intake_book SET version = 0", "UPDATE mend_request SET asked_by = 'x'; INSERT INTO mend_request DEFAULT VALUES",
    "UPDATE event_serial SET day = day - 1", "SET ROLE brain_owner", "SET session_replication_role = replica",
    "ALTER TABLE event DISABLE TRIGGER intake_bounds",
])  # fmt: skip
def test_people_their_sessions_and_what_is_evidence_are_closed_to_the_intake(intake, statement):
    with pytest.raises(REFUSED):
        intake.execute(statement)


@pytest.mark.parametrize("change", [
    "state = 'closed', org = NULL", "state = 'void', version = version + 1", "title = 'x', version = version + 1",
    "source = 'hotline', reporter_id = NULL, version = version + 1", "version = version",
])  # fmt: skip
def test_a_persons_event_cannot_be_changed_by_the_intake_at_all(intake, district, conn, change):
    event = district.until("handling")
    with pytest.raises(REFUSED):
        intake.execute(f"UPDATE event SET {change} WHERE id = %s", [event.id])
    assert acting.get(conn, event.id) == event


@pytest.mark.parametrize("change", [
    "state = 'closed'", "state = 'closed', version = version + 1", "org = 'cgj', version = version + 1", "version = version + 2",
    "accepted_at = now(), version = version + 1", "state = 'accepted', title = 'x', version = version + 1", "supervised = true",
])  # fmt: skip
def test_an_orders_event_can_only_be_accepted_or_annotated(order, intake, change):
    with pytest.raises(REFUSED):
        intake.execute(f"UPDATE event SET {change} WHERE id = %s", [order])


@pytest.mark.parametrize("change", ["version = version + 1", "state = 'accepted', version = version + 1"])
def test_no_event_is_moved_without_its_line(order, intake, conn, change):
    with pytest.raises(REFUSED):
        intake.execute(f"UPDATE event SET {change} WHERE id = %s", [order])
    assert acting.get(conn, order).version == 1


def test_no_line_is_written_without_its_event_moving(order, intake, conn, now):
    with pytest.raises(REFUSED):
        add_line(intake, order, now)
    assert len(acting.log_of(conn, order)) == 1


@pytest.mark.parametrize("forged", [
    {"verb": "close", "to_state": "closed"}, {"actor_name": "局长"}, {"role": "leader"}, {"org": "cgj"}, {"actor_id": 1},
])  # fmt: skip
def test_no_line_of_the_intakes_passes_for_a_persons(order, intake, now, forged):
    with pytest.raises(REFUSED), intake.transaction():
        intake.execute("UPDATE event SET version = version + 1 WHERE id = %s", [order])
        add_line(intake, order, now, **forged)


def test_an_event_that_is_no_order_cannot_be_opened(order, intake, now):
    for changed in ({"source": "grid"}, {"state": "handling"}, {"org": "cgj"}):
        row = {"id": "9" * 19, "category": "matter:06010", "title": "x", "state": "reported", "source": "hotline", "lng": 116.1,
               "lat": 24.3, "reported_at": now, "version": 1} | changed  # fmt: skip
        with pytest.raises(REFUSED):
            names, values = ", ".join(row), ", ".join(f"%({name})s" for name in row)
            intake.execute(f"INSERT INTO event ({names}) VALUES ({values})", row)


def test_a_temporary_table_of_the_same_name_opens_nothing(intake, district, now):
    event = district.until("handling")
    intake.execute("CREATE TEMP TABLE event (id text, source text, reporter_id bigint, version int)")
    intake.execute("INSERT INTO pg_temp.event VALUES (%s, 'hotline', NULL, 99)", [event.id])
    intake.execute("CREATE TEMP TABLE event_log (event_id text, seq int, to_state text, hash bytea)")
    with pytest.raises(REFUSED):
        intake.execute(
            "INSERT INTO public.event_log (event_id, at, verb, to_state, actor_name, role) VALUES (%s, %s, 'note', 'handling', %s, 'rule')",
            [event.id, now, hotline.IMPORTER.name],
        )  # fmt: skip


def test_numbers_of_events_only_count_on(order, intake):
    for change in ("last = 0", "last = last + 2"):
        with pytest.raises(REFUSED):
            intake.execute(f"UPDATE event_serial SET {change}")


def test_people_are_told_of_orders_only(intake, district, now):
    event, person = district.until("handling"), district.who["cgj"].id
    for about in (event.id, None):
        with pytest.raises(REFUSED):
            intake.execute(
                "INSERT INTO notice (at, person_id, event_id, kind, words) VALUES (%s, %s, %s, 'dispatch', 'x')", [now, person, about]
            )


def test_the_intake_remembers_columns_and_renames_no_station(intake, conn):
    conn.execute("INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('water', 'station', '甲', 'WL-01')")
    before = conn.execute("SELECT version FROM intake_book").fetchone()["version"]
    intake.execute("INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('water', 'column', '水位(cm)', 'kind:water_level@cm')")
    assert conn.execute("SELECT version FROM intake_book").fetchone()["version"] == before + 1
    for statement in (
        "INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('water', 'station', '乙', 'WL-02')",
        "UPDATE intake_mapping SET meant = 'WL-02' WHERE what = 'station'", "DELETE FROM intake_mapping",
        "UPDATE intake_mapping SET what = 'station' WHERE what = 'column'",
    ):  # fmt: skip
        with pytest.raises(REFUSED):
            intake.execute(statement)


def test_reports_see_no_telephone_of_a_unit(db_url, district):
    with db.connect(as_role(db_url, REPORT), name="tests") as report:
        assert report.execute("SELECT code, name, short FROM org").fetchall()
        for statement in ("SELECT phone FROM org", "SELECT * FROM org", "SELECT phone FROM person"):
            with pytest.raises(REFUSED):
                report.execute(statement)


def add_line(conn: psycopg.Connection, event_id: str, now, **more) -> None:
    row = {"event_id": event_id, "at": now, "verb": "note", "from_state": "reported", "to_state": "reported", "actor_id": None,
           "actor_name": hotline.IMPORTER.name, "role": "rule", "org": None, "key": "00000000", "mac": b"0" * 32} | more  # fmt: skip
    names, values = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    conn.execute(f"INSERT INTO event_log ({names}) VALUES ({values})", row)
