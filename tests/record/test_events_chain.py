"""The history of events is append-only and chained: any later change is found, and named."""

from __future__ import annotations

import psycopg
import pytest

from brain.flow.events import acting


def tamper(conn, statement, *args):
    conn.execute("ALTER TABLE event_log DISABLE TRIGGER event_log_append_only")
    conn.execute(statement, args)
    conn.execute("ALTER TABLE event_log ENABLE TRIGGER event_log_append_only")


def test_history_is_append_only(district):
    district.report()
    for statement in ("UPDATE event_log SET note = 'x'", "DELETE FROM event_log"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            district.conn.execute(statement)


@pytest.mark.parametrize(
    "change", ["note = '改'", "at = at - interval '1 second'", "actor_name = '别人'", "detail = detail || '{\"x\":1}'"]
)
def test_a_changed_line_is_named(district, change):
    first, second = district.until("closed"), district.until("closed")
    tamper(district.conn, f"UPDATE event_log SET {change} WHERE event_id = %s AND seq = 3", second.id)
    tamper(district.conn, f"UPDATE event_log SET {change} WHERE event_id = %s AND seq = 5", first.id)
    broken = acting.verify_log(district.conn)
    assert (broken.event_id, broken.seq, broken.why) == (first.id, 5, "changed")
    assert first.id in str(broken)


def test_a_line_taken_out_of_the_middle_is_found_at_its_place(district):
    event = district.until("closed")
    tamper(district.conn, "DELETE FROM event_log WHERE event_id = %s AND seq = 4", event.id)
    broken = acting.verify_log(district.conn)
    assert (broken.event_id, broken.seq) == (event.id, 5)


def test_lines_cut_off_at_the_end_are_missed(district):
    event = district.until("closed")
    tamper(district.conn, "DELETE FROM event_log WHERE event_id = %s AND seq >= 7", event.id)
    broken = acting.verify_log(district.conn)
    assert (broken.event_id, broken.seq, broken.why) == (event.id, 6, "cut")


def test_a_row_whose_state_was_changed_behind_the_histories_back_is_found(district):
    event = district.until("handling")
    district.conn.execute("UPDATE event SET state = 'closed' WHERE id = %s", [event.id])
    assert acting.verify_log(district.conn).why == "state"
