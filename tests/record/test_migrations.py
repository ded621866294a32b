"""Migrations run once, in order, and a database stays on the body it was born on."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from brain.store import db

STORE = files("brain.store")


@pytest.fixture
def empty_url(server):
    """URL of a database that nothing has touched."""
    name = "nothing_yet"
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield server.url(name)
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


def tables(conn):
    return {r["relname"] for r in conn.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")}


def test_file_names_are_four_digits_and_words_and_no_number_is_taken_twice():
    for folder in ("migrations", "plain", "timescale"):
        names = sorted(f.name for f in (STORE / folder).iterdir() if f.name.endswith(".sql"))
        odd = [n for n in names if not re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", n)]
        assert not odd, f"{folder}: {odd}"
        numbers = [n[:4] for n in names]
        assert len(numbers) == len(set(numbers)), f"{folder}: {names}"


def test_every_migration_says_in_its_first_line_what_it_is_for():
    mute = [
        f"{folder}/{f.name}"
        for folder in ("migrations", "plain", "timescale")
        for f in (STORE / folder).iterdir()
        if f.name.endswith(".sql") and not re.match(r"-- \S", f.read_text(encoding="utf-8"))
    ]
    assert not mute


def test_the_shared_ones_run_before_those_of_the_body_each_in_order(empty_url, body):
    said = []
    ran = db.migrate(empty_url, body=body, say=said.append)
    assert ran == said
    shared = [n for n in ran if n.startswith("migrations/")]
    own = [n for n in ran if n.startswith(f"{body}/")]
    assert own
    assert ran == sorted(shared) + sorted(own)


def test_a_second_run_does_nothing(db_url, body):
    assert db.migrate(db_url, body=body) == []


def test_a_database_stays_on_the_body_it_was_born_on(empty_url):
    db.migrate(empty_url, body="plain")
    assert db.migrate(empty_url, body="timescale") == []
    with db.connect(empty_url) as conn:
        assert db.body_of(conn) == "plain"
        assert "reading_rest" in tables(conn)


def test_a_migration_that_fails_leaves_nothing_and_runs_again_next_time(empty_url, monkeypatch):
    sound = db.pending

    def broken(body, done):
        todo = sound(body, done)
        return [*todo, ("migrations/9999_broken.sql", "CREATE TABLE half (a int); SELECT 1/0;")]

    monkeypatch.setattr(db, "pending", broken)
    with pytest.raises(Exception, match="division by zero"):
        db.migrate(empty_url, body="plain")
    with db.connect(empty_url) as conn:
        assert "half" not in tables(conn)
        done = {r["name"] for r in conn.execute("SELECT name FROM schema_migration")}
    assert "plain/0001_readings.sql" in done
    assert "migrations/9999_broken.sql" not in done
    monkeypatch.setattr(db, "pending", sound)
    assert db.migrate(empty_url, body="plain") == []
