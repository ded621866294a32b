"""The engine's duties: each due in its own time, cut by its own limit, failing alone, told on /metrics, added by a file."""

from __future__ import annotations

import importlib
import itertools
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from brain.catalog import BadCatalog
from brain.engine import duties, duty
from brain.engine.loop import Engine
from brain.flow.measured import readings
from brain.model import Reading
from brain.store import db
from brain.web.api import metrics

SHIPPED = {file.stem for file in Path(duties.__file__).parent.glob("*.py")} - {"__init__"}
HEAD = "from datetime import timedelta\nNAME = {name!r}\nEVERY = timedelta(seconds={every})\nBY_STEPS = {by_steps}\n"


@pytest.fixture
def add(tmp_path, monkeypatch):
    """`add("extra", "conn.execute('…')")` lays a duty's file beside those that there are; for this test only."""
    monkeypatch.setattr(duties, "__path__", [*duties.__path__, str(tmp_path)])
    added = []

    def write(name, *lines, every=10, by_steps=False):
        body = "".join(f"    {line}\n" for line in lines)
        text = HEAD.format(name=name, every=every, by_steps=by_steps) + "def run(conn, catalog, now):\n" + body
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        added.append(name)

    yield write
    for name in added:
        sys.modules.pop(f"{duties.__name__}.{name}", None)
        if hasattr(duties, name):
            delattr(duties, name)


@pytest.fixture
def table(conn):
    """Rows that the duties of a test write, told by one of their own: `SELECT put('x')`."""
    conn.execute("CREATE TABLE done (what text, n int GENERATED ALWAYS AS IDENTITY)")
    return lambda: [r["what"] for r in conn.execute("SELECT what FROM done ORDER BY n")]


def account(conn, name) -> dict:
    return next(r for r in db.many(conn, "duties") if r["name"] == name)


def put(what) -> str:
    return f"return conn.execute(\"INSERT INTO done (what) VALUES ('{what}')\").rowcount"


# Due --------------------------------------------------------------------------------------------------------------------
def test_a_duty_is_added_by_a_file_alone(conn, catalog, now, add, table):
    add("extra", put("extra"))
    Engine(conn, catalog).step(now)
    assert table() == ["extra"]
    row = account(conn, "extra")
    assert (row["every_s"], row["runs"], row["rows"], row["ran_at"], row["done_at"]) == (10, 1, 1, now, now)
    assert row["took_s"] > 0 and row["failures"] == row["failing"] == 0 and row["error"] is None


def test_a_duty_runs_at_the_first_step_and_then_when_its_time_has_come(conn, catalog, now, add, table):
    add("extra", put("extra"), every=10)
    engine = Engine(conn, catalog)
    for seconds in (0, 9, 10, 19, 21, 30):
        engine.step(now + timedelta(seconds=seconds))
    assert len(table()) == 3


def test_a_clock_that_is_set_back_makes_no_duty_wait(conn, catalog, now, add, table):
    add("extra", put("extra"), every=3600)
    engine = Engine(conn, catalog)
    engine.step(now)
    engine.step(now - timedelta(hours=5))
    assert len(table()) == 2


def test_only_a_duty_of_every_step_keeps_the_engine_stepping(conn, catalog, now, add, table):
    add("extra", put("extra"), every=10)
    assert Engine(conn, catalog).step(now) == 0 and table() == ["extra"]


def test_a_file_that_is_no_duty_is_named_at_the_start(conn, catalog, add):
    add("extra", "return 0")
    file = Path(duties.__path__[-1]) / "extra.py"
    file.write_text(file.read_text(encoding="utf-8").replace("NAME = 'extra'", "NAME = 'other'"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"extra\.py"):
        Engine(conn, catalog)


def test_every_file_of_the_folder_is_a_duty_and_the_most_frequent_come_first():
    found = duty.load()
    assert {d.name for d in found} == SHIPPED and len(SHIPPED) >= 11
    assert [d.every for d in found] == sorted(d.every for d in found)


# Failing ----------------------------------------------------------------------------------------------------------------
def test_a_duty_that_fails_takes_its_rows_back_and_stops_neither_the_others_nor_the_judging(
    district, catalog, now, add, table
):
    conn = district.conn
    add("a_bad", put("bad").replace("return ", ""), "return 1 / 0")
    add("z_good", put("good"))
    district.station("PD-09", "drainage", org="cgj")
    batch = [Reading("PD-09", "pond_depth", now, 16.0)]
    readings.store(conn, feed="drainage", worker="w1", lane="live", received_at=now, readings=batch, received=1)
    Engine(conn, catalog).step(now)
    assert table() == ["good"]
    assert conn.execute("SELECT count(*) AS n FROM event").fetchone()["n"] == 1
    row = account(conn, "a_bad")
    assert (row["runs"], row["failures"], row["failing"], row["done_at"]) == (1, 1, 1, None)
    assert row["error"] == "ZeroDivisionError: division by zero"
    said = conn.execute("SELECT ok, detail FROM audit WHERE action = 'a_bad'").fetchall()
    assert [(r["ok"], r["detail"]["error"]) for r in said] == [(False, row["error"])]


def test_a_duty_that_fails_is_tried_again_after_longer_and_longer_pauses_and_told_once_an_hour(
    conn, catalog, now, add, table
):
    add("bad", "conn.execute('SELECT 1 / 0')", every=1)
    engine = Engine(conn, catalog)
    tried = []
    for second in range(200):
        engine.step(now + timedelta(seconds=second))
        if engine.duties.accounts["bad"].runs > len(tried):
            tried.append(second)
    pauses = [later - sooner for sooner, later in itertools.pairwise(tried)]
    assert pauses[:5] == [1, 5, 15, 60, 60] == [*map(int, catalog.any_duty.retry_s), 60]
    assert conn.execute("SELECT count(*) AS n FROM audit WHERE action = 'bad'").fetchone()["n"] == 1


def test_a_duty_that_works_again_keeps_its_own_time_again(conn, catalog, now, add, table):
    add("shaky", "conn.execute('SELECT 1 / (SELECT count(*) FROM done)')", every=10)
    engine = Engine(conn, catalog)
    engine.step(now)
    assert account(conn, "shaky")["failing"] == 1
    conn.execute("INSERT INTO done (what) VALUES ('mended')")
    engine.step(now + timedelta(seconds=5))
    row = account(conn, "shaky")
    assert (row["runs"], row["failures"], row["failing"], row["error"]) == (2, 1, 0, None)
    assert row["next_at"] == now + timedelta(seconds=15)


@pytest.mark.parametrize("by_steps", [False, True])
def test_a_duty_that_hangs_is_cut_by_its_own_limit_and_waits_ten_times_what_it_cost(
    conn, catalog, now, add, table, by_steps
):
    add("hangs", "conn.execute('SELECT pg_sleep(60)')", by_steps=by_steps)
    add("patient", "conn.execute('SELECT pg_sleep(0.3)')", put("patient"))
    limits = {"hangs": replace(catalog.any_duty, timeout_s=0.2, retry_s=(1.0,))}
    engine = Engine(conn, replace(catalog, duties=limits))
    began = time.monotonic()
    engine.step(now)
    assert time.monotonic() - began < 20
    row = account(conn, "hangs")
    assert row["error"].startswith("QueryCanceled") and row["took_s"] >= 0.2 and table() == ["patient"]
    assert row["next_at"] - now >= timedelta(seconds=row["took_s"] * 10 * 0.99) > timedelta(seconds=1)
    assert conn.execute("SHOW statement_timeout").fetchone()["statement_timeout"] == "0"


def test_a_duty_that_waits_for_a_lock_is_cut_like_one_that_hangs(conn, catalog, now, add, table, db_url):
    add("waits", "conn.execute('LOCK TABLE done')")
    limits = {"waits": replace(catalog.any_duty, timeout_s=0.2)}
    with db.connect(db_url) as other, other.transaction():
        other.execute("LOCK TABLE done")
        Engine(conn, replace(catalog, duties=limits)).step(now)
    assert account(conn, "waits")["error"].startswith("QueryCanceled")


def test_a_duty_of_steps_keeps_what_it_had_committed(conn, catalog, now, add, table):
    add("steps", put("first").replace("return ", ""), "return 1 / 0", by_steps=True)
    Engine(conn, catalog).step(now)
    assert table() == ["first"] and account(conn, "steps")["failing"] == 1


def test_a_database_that_is_gone_is_no_failure_of_a_duty(conn, catalog, now, add, table, db_url):
    add("last", "conn.execute('SELECT pg_terminate_backend(pg_backend_pid())')")
    with Engine(db_url, catalog) as engine, pytest.raises(psycopg.OperationalError):
        engine.step(now)
    assert engine.duties.accounts["last"].failures == 0
    assert conn.execute("SELECT count(*) AS n FROM audit WHERE action = 'last'").fetchone()["n"] == 0


def test_limits_of_a_duty_that_there_is_not_stop_the_start(conn, catalog):
    with pytest.raises(BadCatalog, match=r"duties.toml 的 duty.dirft.*drift"):
        Engine(conn, replace(catalog, duties={"dirft": catalog.any_duty}))


# Accounts ---------------------------------------------------------------------------------------------------------------
def test_the_next_engine_goes_on_counting_and_forgets_duties_that_are_no_more(conn, catalog, now, db_url):
    conn.execute("INSERT INTO duty (name, every_s) VALUES ('of_old', 5)")
    for n in (1, 2):
        with Engine(db_url, catalog) as engine:
            while engine.step(now) == 0 and not engine.duties.accounts["roll_up"].runs:
                pass  # the server needs a moment to see that the first engine is gone
        assert account(conn, "roll_up")["runs"] == n
    assert {r["name"] for r in db.many(conn, "duties")} == SHIPPED


def test_metrics_show_each_duty_with_last_run_time_taken_rows_and_failures(conn, catalog, now, add, table):
    add("extra", put("extra"))
    add("bad", "return 1 / 0")
    Engine(conn, catalog).step(now)
    text = metrics.exposition(conn, now + timedelta(seconds=7)).decode()
    found = {
        (s.name.removeprefix("brain_duty_"), s.labels["duty"]): s.value
        for f in text_string_to_metric_families(text) for s in f.samples if s.name.startswith("brain_duty_")
    }  # fmt: skip
    for name in ("last_run_age_seconds", "took_seconds", "rows", "runs_total", "failures_total", "failing", "every_seconds"):
        assert {d for n, d in found if n == name} == SHIPPED | {"extra", "bad"}
    assert found["last_run_age_seconds", "extra"] == found["last_success_age_seconds", "extra"] == 7
    assert found["rows", "extra"] == found["runs_total", "extra"] == 1 and found["took_seconds", "extra"] > 0
    assert found["failures_total", "bad"] == found["failing", "bad"] == 1 and found["failures_total", "extra"] == 0
    assert ("last_success_age_seconds", "bad") not in found
