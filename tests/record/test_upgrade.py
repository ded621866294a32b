"""A city that upgrades keeps what it has: each released schema with rows in every table, restored, migrated, asked again."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from brain.flow.events import acting
from brain.flow.measured import readings
from brain.identity import people
from brain.model import Quality, Reading, State, Verb
from brain.store import db
from tests.record.conftest import PEOPLE, District
from tests.record.upgrades import answers, dump, life

RELEASES = sorted(p.parent for p in (Path(__file__).parent / "upgrades").glob("*/dump.sql"))


def _empty(server, name: str) -> str:
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    return server.url(name)


def _drop(server, name: str) -> None:
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module", params=RELEASES, ids=lambda folder: folder.name)
def release(request) -> Path:
    return request.param


@pytest.fixture(scope="module")
def restored(server, release) -> str:
    """Name of a database as that release left it. Not to be written in."""
    name = "upgrade_from_" + release.name.replace(".", "_")
    dump.restore(_empty(server, name), release / "dump.sql")
    yield name
    _drop(server, name)


@pytest.fixture
def upgraded(server, restored):
    """A connection to a copy of it, migrated."""
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE upgraded TEMPLATE {restored} STRATEGY file_copy")
    db.migrate(server.url("upgraded"))
    with db.connect(server.url("upgraded"), name="tests") as conn:
        yield conn
    _drop(server, "upgraded")


@pytest.fixture
def recorded(release) -> dict:
    return json.loads((release / "answers.json").read_text(encoding="utf-8"))


def test_there_is_a_dump_of_the_first_release():
    assert RELEASES[0].name == "0.1.0"


def test_a_dump_has_rows_in_every_table(server, restored):
    with db.connect(server.url(restored), name="tests") as conn:
        assert dump.empty_tables(conn) == []


def test_the_product_answers_as_it_did_before_the_upgrade(upgraded, catalog, recorded):
    assert list(answers.differences(recorded, answers.ask(upgraded, catalog))) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("UPDATE event SET reported_at = reported_at + interval '40 days' WHERE closed_at IS NOT NULL", ".report.kpis"),
        ("UPDATE reading SET value = value + 1 WHERE station = 'RG-01'", ".readings.trails"),
        ("UPDATE reading_1h_kept SET total = 0", ".readings.reading_1h"),
        ("UPDATE session SET expires_at = created_at", ".people.session"),
        ("UPDATE person SET password_hash = NULL", ".people.in"),
        ("DELETE FROM roster WHERE id = 1", ".people.rosters"),
    ],
)
def test_an_upgrade_that_changes_what_a_table_says_is_found(upgraded, catalog, recorded, change, where):
    upgraded.execute(change)
    assert any(d.startswith(where) for d in answers.differences(recorded, answers.ask(upgraded, catalog)))


def test_work_goes_on_in_an_upgraded_database(upgraded, catalog):
    now = life.NOW + timedelta(hours=1)
    district = District(upgraded, catalog, now, {login: people.by_login(upgraded, login) for login in PEOPLE})
    ident = upgraded.execute("SELECT id FROM event WHERE state = 'dispatched' ORDER BY id LIMIT 1").fetchone()["id"]
    after = district.act(ident, Verb.TAKE, "cgj")
    assert after.state is State.HANDLING and acting.verify_log(upgraded) is None
    fresh = Reading("PD-09", "pond_depth", now, 2.0, Quality.OK)
    stored = readings.store(
        upgraded, feed="drainage", worker="w1", lane="live", received_at=now, readings=[fresh], received=1
    )
    assert stored.fresh == (fresh,)
    assert stored.batch in [b.id for b in readings.batches_after(upgraded, "engine")]


def test_an_upgraded_database_is_built_like_a_new_one(server, upgraded):
    """Nobody has changed a migration that cities have run already, and none of the new ones asks for an empty table."""
    url = _empty(server, "new_city")
    try:
        db.migrate(url, body="plain")
        with db.connect(url, name="tests") as new:
            assert _built(upgraded) ^ _built(new) == set()
    finally:
        _drop(server, "new_city")


def _built(conn) -> set[tuple]:
    """Columns, constraints, indexes, triggers and routines, partitions left out."""
    rows = {
        "columns": "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,"
        " pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
        " WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped AND NOT c.relispartition"
        " AND c.relkind IN ('r', 'p', 'v')",
        "constraints": "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c"
        " ON c.oid = k.conrelid WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND k.contype <> 'n'",
        "indexes": "SELECT i.relname, pg_get_indexdef(i.oid) FROM pg_class i WHERE i.relkind IN ('i', 'I')"
        " AND i.relnamespace = 'public'::regnamespace AND NOT i.relispartition AND NOT EXISTS (SELECT 1 FROM pg_index x"
        " JOIN pg_class c ON c.oid = x.indrelid WHERE x.indexrelid = i.oid AND c.relispartition)",
        "triggers": "SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c"
        " ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND NOT c.relispartition",
        "routines": "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    }
    return {(what, *r.values()) for what, text in rows.items() for r in conn.execute(text)}
