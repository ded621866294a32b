"""One act, one line of the audit trail: done or refused, with the address; and no act without its line."""

from __future__ import annotations

import psycopg
import pytest

from brain.flow.events import acting
from brain.identity import doing
from brain.identity.doing import Doer, Via
from brain.model import Refused, Verb
from brain.rules.forms import Given
from brain.store import db


def lines(conn) -> list[dict]:
    return conn.execute("SELECT * FROM audit WHERE action LIKE 'event_%' ORDER BY id").fetchall()


@pytest.fixture
def event(district):
    return district.report()


def accept(district, event, login="acceptor", **more):
    doer = Doer(district.who[login], "10.1.2.3", Via.WALL)
    do = lambda: acting.act(district.conn, district.catalog, event.id, Verb.ACCEPT, district.actor(login), district.now)  # noqa: E731
    return doing.act_audited(district.conn, doer, "event_accept", f"event:{event.id}", district.now, do, **more)


def test_an_act_that_is_done_leaves_exactly_one_line_with_who_where_and_through_which_door(district, event):
    accept(district, event)
    (row,) = lines(district.conn)
    assert (row["actor_id"], row["actor"], row["object"]) == (district.who["acceptor"].id, "acceptor员", f"event:{event.id}")
    assert (row["ok"], row["ip"], row["detail"]) == (True, "10.1.2.3", {"via": "wall"})


def test_an_act_that_is_refused_leaves_exactly_one_line_with_its_code_and_no_other_trace(district, event):
    district.refused("role", accept, district, event, login="worker1")
    (row,) = lines(district.conn)
    assert (row["ok"], row["ip"], row["detail"]["code"]) == (False, "10.1.2.3", "role")
    assert district.verbs(event) == ["report"]


def test_a_move_that_breaks_half_way_is_undone_and_leaves_its_line(district, event):
    def half() -> None:
        acting.act(district.conn, district.catalog, event.id, Verb.ACCEPT, district.actor("acceptor"), district.now)
        raise ZeroDivisionError

    doer = Doer(district.who["acceptor"], "10.1.2.3", Via.API)
    with pytest.raises(ZeroDivisionError):
        doing.act_audited(district.conn, doer, "event_accept", f"event:{event.id}", district.now, half)
    (row,) = lines(district.conn)
    assert (row["ok"], row["detail"]["error"]) == (False, "ZeroDivisionError")
    assert district.verbs(event) == ["report"]


def test_where_the_line_cannot_be_written_nothing_is_done(district, event):
    """The database says no to the line: the act is refused in a sentence, and the event stands as it stood."""
    conn = district.conn
    conn.execute("ALTER TABLE audit ADD CONSTRAINT closed CHECK (action NOT LIKE 'event_%') NOT VALID")
    assert "审计记录写不进去" in district.refused("audit", accept, district, event)
    assert acting.get(conn, event.id).state == "reported" and district.verbs(event) == ["report"]


def test_an_application_without_the_right_to_write_the_trail_can_do_nothing(district, event, db_url):
    """As in production: a role that owns nothing, and lost INSERT on `audit`."""
    district.conn.execute("DROP ROLE IF EXISTS doer_of_tests")
    district.conn.execute("CREATE ROLE doer_of_tests")
    for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        district.conn.execute(f"GRANT ALL ON ALL {kind} IN SCHEMA public TO doer_of_tests")
    district.conn.execute("REVOKE INSERT ON audit FROM doer_of_tests")
    try:
        with db.connect(db_url, name="tests") as app:
            app.execute("SET ROLE doer_of_tests")
            doer = Doer(district.who["acceptor"], "10.1.2.3", Via.API)
            do = lambda: acting.act(  # noqa: E731
                app, district.catalog, event.id, Verb.ACCEPT, district.actor("acceptor"), district.now
            )
            with pytest.raises(Refused) as caught:
                doing.act_audited(app, doer, "event_accept", f"event:{event.id}", district.now, do)
            assert caught.value.code == "audit" and isinstance(caught.value.__cause__, psycopg.errors.InsufficientPrivilege)
        assert district.verbs(event) == ["report"]
    finally:
        district.conn.execute("DROP OWNED BY doer_of_tests")
        district.conn.execute("DROP ROLE doer_of_tests")


def test_what_only_the_move_tells_is_in_the_line(district):
    doer = Doer(district.who["public"], "10.1.2.3", Via.PHONE)
    event = doing.act_audited(
        district.conn, doer, "event_report", "", district.now, district.report, kept=lambda made: {"object": f"event:{made.id}", "n": 1}
    )
    (row,) = lines(district.conn)
    assert (row["object"], row["detail"]) == (f"event:{event.id}", {"via": "phone", "n": 1})


def test_who_is_answered_with_what_was_done_before_leaves_no_second_line(district, event):
    answers: list = []

    def once(do):
        if not answers:
            answers.append(do())
        return answers[0]

    assert accept(district, event, once=once) is accept(district, event, once=once)
    assert len(lines(district.conn)) == 1


def test_an_act_inside_another_transaction_is_a_mistake_of_the_caller(district, event):
    with pytest.raises(RuntimeError), district.conn.transaction():
        accept(district, event)


def test_an_answer_with_its_parts_goes_through_as_one_given(district):
    event = district.until("dispatched")
    doer = Doer(district.who["cgj"], "10.1.2.3", Via.API)
    given = Given(reason=district.catalog.return_reasons[0], note="请转水务局")
    do = lambda: acting.act(  # noqa: E731
        district.conn, district.catalog, event.id, Verb.RETURN, district.actor("cgj"), district.now, given
    )
    doing.act_audited(district.conn, doer, "event_return", f"event:{event.id}", district.now, do)
    last = acting.log_of(district.conn, event.id)[-1]
    assert (last.reason, last.note) == (given.reason, given.note)
