"""The simulated past: deterministic, declared, of the shape it should have, and lived by the same rules as a real one."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from brain.cities.meijiang import history
from brain.flow.events import acting
from brain.model import Actor, Role, State, Verb
from brain.report import snapshot
from brain.rules import lifecycle
from brain.store import db

BEIJING = timezone(timedelta(hours=8))
NOW = datetime(2026, 9, 3, 10, 0, tzinfo=BEIJING)
FRAME_S = 15  # the promise for the whole load on a quiet machine


@pytest.fixture(scope="module")
def past(server, city_template, catalog):
    """A demo city with its whole simulated history, and how long the load took."""
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE with_past TEMPLATE {city_template} STRATEGY file_copy")
    with db.connect(server.url("with_past"), name="tests") as conn:
        began = time.monotonic()
        history.load(conn, catalog, NOW)
        conn.load_s = time.monotonic() - began
        yield conn
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute("DROP DATABASE with_past WITH (FORCE)")


def rows(conn, text, *values):
    return conn.execute(text, values).fetchall()


def test_every_case_of_it_says_that_it_is_simulated(past):
    assert rows(past, "SELECT count(*) AS n FROM event WHERE NOT simulated") == [{"n": 0}]
    assert "模拟" in rows(past, "SELECT value->>'says' AS says FROM fact WHERE key = 'history'")[0]["says"]


def test_fourteen_months_of_three_to_five_hundred_cases_lie_behind_now(past):
    found = rows(
        past,
        "SELECT to_char(reported_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS m, count(*)::int AS n FROM event GROUP BY 1",
    )
    months = {r["m"]: r["n"] for r in found}
    assert min(months) == "2025-07" and max(months) == "2026-09"
    assert all(300 <= n <= 500 for m, n in months.items() if m != "2026-09"), months


def test_each_month_closes_between_93_and_100_per_cent_of_what_was_due(past, catalog):
    shares = {}
    for month in ("2025-08", "2025-11", "2026-02", "2026-05", "2026-08"):
        made = snapshot.build(past, catalog, month, NOW)
        shares[month] = next(r["value"] for r in made["kpis"] if r["key"] == "close_rate")
    assert all(0.93 <= s < 1 for s in shares.values()), shares


def test_drainage_troubles_come_with_the_rain_and_fires_with_the_dry_months(past):
    found = rows(
        past, "SELECT category, extract(month FROM reported_at AT TIME ZONE 'Asia/Shanghai')::int AS m FROM event"
    )
    wet = Counter(r["m"] in (4, 5, 6, 7, 8) for r in found if r["category"] in ("matter:10901", "matter:10904"))
    fires = Counter(
        r["m"] in (10, 11, 12, 1, 2, 3, 4) for r in found if r["category"] in ("matter:06020", "matter:10908")
    )
    assert wet[True] > 3 * wet[False] and fires[True] > 3 * fires[False]


def test_the_commonest_matter_is_the_one_of_the_example_month(past):
    top = rows(past, "SELECT category, count(*) AS n FROM event GROUP BY 1 ORDER BY n DESC LIMIT 4")
    assert top[0]["category"] == "matter:09010"
    assert {r["category"] for r in top} == {"matter:09010", "matter:07007", "matter:06036", "matter:06010"}


def test_every_case_lies_in_its_cell_and_every_town_has_some(past):
    assert rows(
        past,
        "SELECT count(*) AS n FROM event e LEFT JOIN cell c ON c.code = e.cell AND c.grid = e.grid WHERE c.code IS NULL",
    ) == [{"n": 0}]
    assert len(rows(past, "SELECT DISTINCT town FROM event")) == 7


def test_the_log_is_whole_and_chained(past):
    assert acting.verify_log(past) is None
    assert rows(
        past,
        "SELECT count(*) AS n FROM event e WHERE version <> (SELECT count(*) FROM event_log WHERE event_id = e.id)",
    ) == [{"n": 0}]


def test_every_line_is_a_move_that_the_rules_know(past):
    wrong = []
    for r in past.execute("SELECT event_id, verb, from_state, to_state, role FROM event_log"):
        move = lifecycle.MOVES.get((State(r["from_state"]) if r["from_state"] else None, Verb(r["verb"])))
        if (
            move is None
            or Role(r["role"]) not in move.by
            or (move.to and r["to_state"] not in (str(move.to), str(move.fails_to)))
        ):
            wrong.append(r)
    assert not wrong, wrong[:5]


def test_no_line_lies_in_the_future_and_no_history_runs_backwards(past):
    assert rows(past, "SELECT max(at) AS at FROM event_log")[0]["at"] <= NOW
    backwards = """SELECT count(*) AS n FROM (SELECT at < lag(at) OVER (PARTITION BY event_id ORDER BY seq) AS bad
                     FROM event_log) l WHERE bad"""
    assert rows(past, backwards) == [{"n": 0}]


def test_returns_reworks_overdue_cases_and_ratings_all_happen(past):
    found = rows(
        past,
        """SELECT count(*) FILTER (WHERE returns > 0) AS returned, count(*) FILTER (WHERE reworks > 0) AS reworked,
                  count(*) FILTER (WHERE answered_at > due_at) AS late, count(*) FILTER (WHERE rated_at IS NOT NULL) AS rated,
                  count(*) FILTER (WHERE extensions > 0) AS extended, count(*) FILTER (WHERE self_handled) AS self_handled,
                  count(*) FILTER (WHERE state = 'declined') AS declined, count(*) FILTER (WHERE state = 'void') AS void
             FROM event""",
    )[0]
    assert all(n > 5 for n in found.values()), found


def test_a_dozen_open_cases_wait_for_people_and_the_demo_workers_have_tasks(past):
    found = rows(
        past,
        """SELECT e.state, e.due_at, h.login AS handler, c.login AS checker, e.org FROM event e
             LEFT JOIN person h ON h.id = e.handler_id LEFT JOIN person c ON c.id = e.checker_id
            WHERE e.state NOT IN ('closed', 'declined', 'void')""",
    )
    assert 12 <= len(found) <= 16
    assert {r["state"] for r in found} >= {
        "reported",
        "accepted",
        "registered",
        "dispatched",
        "handling",
        "answered",
        "checking",
    }
    assert {"wg001", "wg002"} <= {r["handler"] for r in found} and "wg001" in {r["checker"] for r in found}
    assert any(r["due_at"] and r["due_at"] < NOW for r in found)
    assert {"cgj", "sthj", "swj"} & {r["org"] for r in found}


def test_an_open_case_goes_on_by_the_ordinary_verbs(past, catalog):
    row = rows(past, "SELECT id FROM event WHERE state = 'dispatched' AND org = 'cgj' ORDER BY id LIMIT 1")[0]
    with past.transaction(force_rollback=True):
        clerk = rows(past, "SELECT id, name FROM person WHERE org = 'cgj' AND role = 'department' LIMIT 1")[0]
        actor = Actor(clerk["id"], clerk["name"], Role.DEPARTMENT, "cgj")
        assert acting.act(past, catalog, row["id"], Verb.TAKE, actor, NOW).state == "handling"


def test_the_next_report_of_a_day_gets_the_next_number(past, catalog):
    last = rows(past, "SELECT max(id) AS id FROM event")[0]["id"]
    with past.transaction(force_rollback=True):
        made = acting.report(
            past, catalog, category="matter:06010", title="暴露垃圾", lng=116.117, lat=24.303, source="public",
            actor=Actor(None, "市民", Role.PUBLIC), now=NOW,
        )  # fmt: skip
        assert int(made.id) == int(last) + 1


def test_a_second_load_does_nothing(past, catalog):
    before = rows(past, "SELECT count(*) AS n FROM event")
    history.load(past, catalog, NOW)
    assert rows(past, "SELECT count(*) AS n FROM event") == before


def test_a_month_is_the_same_on_whatever_day_it_is_loaded(city_db, past, catalog):
    history.load(city_db, catalog, NOW + timedelta(days=40), months=3)
    text = """SELECT id, category, org, reported_at, due_at, closed_at, lng, lat FROM event
               WHERE id LIKE '441402202607%%' ORDER BY id"""
    assert rows(city_db, text) == rows(past, text)


def test_the_whole_load_keeps_within_its_frame(past):
    assert past.load_s < 3 * FRAME_S  # the machine of the suite is not quiet
