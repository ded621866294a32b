"""What used to be written out in many statements stands in one place each, and Python and SQL give it one answer."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from importlib.resources import files

import pytest

from brain.city import DISTRICT, ZONE, City
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


def test_the_database_cuts_days_in_the_zone_of_the_city(conn):
    row = conn.execute(
        "SELECT brain_zone() AS zone, brain_local('2026-09-03 20:00Z') AS wall, brain_day('2026-09-03 20:00Z') AS day"
    ).fetchone()
    assert row["zone"] == ZONE.key
    assert row["wall"] == datetime(2026, 9, 4, 4)
    assert row["day"].astimezone(ZONE) == datetime(2026, 9, 4, tzinfo=ZONE)


def test_no_statement_names_a_zone_or_a_district():
    assert [name for name, text in db.statements().items() if re.search(rf"{ZONE.key}|\+08|{DISTRICT}", text)] == []


def test_the_number_of_an_event_begins_with_the_district_of_the_city(district):
    district.catalog = replace(district.catalog, city=City("440304", "福田区"))
    assert district.report().id == "4403042026090300001"
