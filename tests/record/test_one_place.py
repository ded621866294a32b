"""What used to be written out in many statements stands in one place each, and Python and SQL give it one answer."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from brain.model import CLOSED_STATES, DROPPED_STATES, State
from brain.store import db

STORE = files("brain.store")
OTHERS = ("event_open", "event_handler", "event_checker", "event_station_open", "event_due", "event_org")
FIRST_ON = "0091"  # migrations before it are history: written out, and never changed


def said_by(conn, function: str) -> set[State]:
    return {s for s in State if conn.execute(f"SELECT {function}(%s) AS so", [str(s)]).fetchone()["so"]}


def test_the_database_closes_the_states_that_the_model_closes(conn):
    assert said_by(conn, "brain_closed") == CLOSED_STATES
    assert said_by(conn, "brain_dropped") == DROPPED_STATES


def test_no_statement_lists_the_states_that_end_an_event():
    newer = [f for f in (STORE / "migrations").iterdir() if f.name >= FIRST_ON and f.name.endswith(".sql")]
    texts = {f.name: f.read_text(encoding="utf-8") for f in newer} | db.statements()
    ends = "|".join(CLOSED_STATES)
    wrong = [name for name, text in texts.items() if re.search(rf"'({ends})'\s*,\s*'({ends})'", text)]
    assert wrong == []


@pytest.mark.parametrize(
    ("index", "where"),
    [
        ("event_open", "state = 'handling' AND due_at < now()"),
        ("event_handler", "handler_id = 7"),
        ("event_checker", "checker_id = 7"),
        ("event_station_open", "station = 'PD-09' AND category = 'matter:10901'"),
    ],
)
def test_the_indexes_on_open_events_serve_whoever_asks_by_the_one_word(conn, index, where):
    with conn.transaction():
        conn.execute("SET LOCAL enable_seqscan = off")
        conn.execute(f"DROP INDEX {', '.join(i for i in OTHERS if i != index)}")
        plan = conn.execute(f"EXPLAIN SELECT id FROM event WHERE {where} AND NOT brain_closed(state)").fetchall()
    assert index in "\n".join(r["QUERY PLAN"] for r in plan)
