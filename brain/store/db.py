"""Connections, migrations and the named SQL of `sql/*.sql`.

Which body holds the readings is found out once per database and remembered in table `schema_body`: a database born on
one body stays on it, so that no query ever has to ask.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import fields
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from brain.store import roles

T = TypeVar("T")
HERE = files("brain.store")
MIGRATION_LOCK = 0x6272_6169_6E  # "brain": one migrator at a time


def connect(url: str, *, autocommit: bool = True, name: str = "brain", **more: Any) -> psycopg.Connection:
    """A connection with rows as dicts, UTC, and our name in pg_stat_activity.

    Why autocommit: every write happens inside an explicit `with conn.transaction()`, one a verb; nothing is left open.
    """
    return psycopg.connect(
        url, autocommit=autocommit, row_factory=dict_row, application_name=name, options="-c timezone=UTC", **more
    )


def pool(url: str, *, size: int = 8, name: str = "brain") -> ConnectionPool:
    """A pool of such connections, opened lazily and checked when handed out."""
    return ConnectionPool(
        url,
        min_size=1,
        max_size=size,
        open=True,
        check=ConnectionPool.check_connection,
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            "application_name": name,
            "options": "-c timezone=UTC",
        },
    )


# Named SQL ----------------------------------------------------------------------------------------------------------
_HEAD = re.compile(r"^-- ([a-z][a-z0-9_]*) --\s*$", re.M)


@cache
def statements() -> dict[str, str]:
    """All named statements of `sql/*.sql`: a line `-- name --`, a sentence as comment, then the statement."""
    found: dict[str, str] = {}
    for file in sorted((HERE / "sql").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".sql"):
            continue
        parts = _HEAD.split(file.read_text(encoding="utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if name in found:
                raise ValueError(f"store/sql/{file.name}: the name {name} is taken twice")
            if not text.strip().startswith("--"):
                raise ValueError(f"store/sql/{file.name}: {name} wants a sentence as its first comment line")
            found[name] = text.strip().rstrip(";")
    return found


def run(conn: psycopg.Connection, statement: str, /, **params: Any) -> psycopg.Cursor:
    """Execute the named statement with named parameters `%(x)s`; returns the cursor."""
    return conn.execute(statements()[statement], params or None)  # type: ignore[arg-type]


def many(conn: psycopg.Connection, statement: str, /, **params: Any) -> list[dict[str, Any]]:
    """All rows of the named statement, as dicts."""
    return run(conn, statement, **params).fetchall()


def one(conn: psycopg.Connection, statement: str, /, **params: Any) -> dict[str, Any] | None:
    """First row of the named statement, or None."""
    return run(conn, statement, **params).fetchone()


def record(cls: type[T], row: dict[str, Any]) -> T:
    """A frozen record from a row; columns that the record does not know are left out."""
    known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
    return cls(**{k: v for k, v in row.items() if k in known})


# Migrations ---------------------------------------------------------------------------------------------------------
def body_of(conn: psycopg.Connection) -> str:
    """`timescale` or `plain`: the body this database was born on (or would be born on, if still empty)."""
    if conn.execute("SELECT to_regclass('schema_body') AS t").fetchone()["t"]:
        row = conn.execute("SELECT body FROM schema_body").fetchone()
        if row:
            return row["body"]
    if conn.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone():
        return "timescale"
    available = conn.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone()
    # shown to a superuser only, and only he could install it
    row = conn.execute("SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'").fetchone()
    return "timescale" if available and row and "timescaledb" in row["setting"] else "plain"


@contextmanager
def _migration_lock(conn: psycopg.Connection):
    conn.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
    try:
        yield
    finally:
        conn.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def pending(body: str, done: set[str]) -> list[tuple[str, str]]:
    """(name, SQL text) of migrations not yet in `done`, in order: the shared ones, then the body's own."""
    found = []
    for folder in ("migrations", body):
        for file in sorted((HERE / folder).iterdir(), key=lambda f: f.name):
            name = f"{folder}/{file.name}"
            if re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", file.name) and name not in done:
                found.append((name, file.read_text(encoding="utf-8")))
    return found


def migrate(url: str, *, body: str = "auto", say=lambda text: None) -> list[str]:
    """Bring a database up to date; returns the names of migrations that ran. Forward only.

    `body` chooses the storage of a database that is still empty: `auto` takes TimescaleDB where the server has it
    preloaded. Each migration is one transaction, except files whose first line says `-- no transaction`
    (continuous aggregates cannot be made in one); those may run twice and are written so.
    """
    ran = []
    with connect(url, name="brain migrate") as conn, _migration_lock(conn):
        conn.execute(
            "CREATE TABLE IF NOT EXISTS schema_body (body text PRIMARY KEY CHECK (body IN ('timescale', 'plain')))"
        )
        conn.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, ran_at timestamptz DEFAULT now())"
        )
        born = body_of(conn)
        if not conn.execute("SELECT 1 FROM schema_body").fetchone():
            born = born if body == "auto" else body
            if born == "timescale":
                conn.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
            conn.execute("INSERT INTO schema_body VALUES (%s)", [born])
        done = {r["name"] for r in conn.execute("SELECT name FROM schema_migration")}
        for name, text in pending(born, done):
            say(name)
            if text.startswith("-- no transaction"):
                for statement in split_statements(text):
                    conn.execute(statement)  # type: ignore[arg-type]
                conn.execute("INSERT INTO schema_migration (name) VALUES (%s)", [name])
            else:
                with conn.transaction():
                    conn.execute(text)  # type: ignore[arg-type]
                    conn.execute("INSERT INTO schema_migration (name) VALUES (%s)", [name])
            ran.append(name)
        roles.grant(conn)
    return ran


def split_statements(text: str) -> list[str]:
    """Statements of a file without dollar-quoted bodies, split at line-ending semicolons."""
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [s.strip() for s in re.split(r";\s*(?:\n|$)", bare) if s.strip()]
