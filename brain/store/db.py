"""Connections, migrations and the named SQL of `sql/*.sql`.

Which body holds the readings is found out once per database and remembered in table `schema_body`: a database born on
one body stays on it, so that no query ever has to ask.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, TypeVar, cast

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.abc import Loader as AnyLoader
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from brain.store import roles

T = TypeVar("T")
FIRST, LAST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)
HERE = files("brain.store")
MIGRATION_LOCK = 0x6272_6169_6E  # "brain": one migrator at a time


def _bounded(of: type[AnyLoader]) -> type[Loader]:
    """That loader for moments PostgreSQL knows and Python does not: infinity, before Christ, after 9999, and the first and last
    days, which have no local time. They come back as FIRST or LAST.

    Why here: one such value in one row would otherwise fail the whole query, and with it everybody else's rows."""

    class Bounded(Loader):
        format = of.format

        def __init__(self, oid: int, context: AdaptContext | None = None):
            super().__init__(oid, context)
            self._load = of(oid, context).load  # psycopg's own in C cannot be inherited from

        def load(self, data: Buffer) -> datetime:
            try:
                found = self._load(data)
            except psycopg.DataError as err:
                said = str(err)
                return FIRST if "BC" in said or "before year 1" in said else LAST
            if 1 < found.year < 9999:  # nearly all, and sooner told than by comparing moments
                return found
            return min(max(found, FIRST), LAST)

    return Bounded


ADAPTERS = AdaptersMap(psycopg.adapters)
"""What every connection of ours reads and writes with."""
for _format in (Format.TEXT, Format.BINARY):
    _own = psycopg.adapters.get_loader(psycopg.adapters.types["timestamptz"].oid, _format)
    if _own is not None:
        ADAPTERS.register_loader("timestamptz", _bounded(_own))


def connect(url: str, *, autocommit: bool = True, name: str = "brain", **more: Any) -> psycopg.Connection[Any]:
    """A connection with rows as dicts, UTC, and our name in pg_stat_activity.

    Why autocommit: every write happens inside an explicit `with conn.transaction()`, one a verb; nothing is left open.
    Why its kind of row is left open: functions are handed a plain `psycopg.Connection` and ask through `run`, `many`, `row`,
    `one` or `execute`, which say that a row is a dict.
    """
    return psycopg.Connection[Any].connect(
        url, autocommit=autocommit, row_factory=dict_row, application_name=name, options="-c timezone=UTC", context=ADAPTERS,
        **more,
    )  # fmt: skip


def pool(url: str, *, size: int = 8, name: str = "brain") -> ConnectionPool[psycopg.Connection[Any]]:
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
            "context": ADAPTERS,
        },
    )


# Named SQL ----------------------------------------------------------------------------------------------------------
_HEAD = re.compile(r"^-- ([a-z][a-z0-9_]*) --\s*$", re.M)


@cache
def statements() -> dict[str, LiteralString]:
    """All named statements of `sql/*.sql`: a line `-- name --`, a sentence as comment, then the statement."""
    found: dict[str, LiteralString] = {}
    for file in sorted((HERE / "sql").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".sql"):
            continue
        parts = _HEAD.split(file.read_text(encoding="utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if name in found:
                raise ValueError(f"store/sql/{file.name}: the name {name} is taken twice")
            if not text.strip().startswith("--"):
                raise ValueError(f"store/sql/{file.name}: {name} wants a sentence as its first comment line")
            found[name] = _ours(text.strip().rstrip(";"))
    return found


def _ours(text: str) -> LiteralString:
    """Text of a file that is shipped with the program is as good as written in it; nothing else may become a statement."""
    return cast(LiteralString, text)


def execute(
    conn: psycopg.Connection, query: LiteralString, params: Any = None, *, prepare: bool | None = None
) -> psycopg.Cursor[dict[str, Any]]:
    """Execute a statement written in place, for loaders and checks; returns the cursor."""
    return conn.cursor(row_factory=dict_row).execute(query, params, prepare=prepare)


def run(conn: psycopg.Connection, statement: str, /, **params: Any) -> psycopg.Cursor[dict[str, Any]]:
    """Execute the named statement with named parameters `%(x)s`; returns the cursor.

    Why a statement that asks a sight is never prepared: its good plan depends on how far the viewer sees (a worker's list
    comes from indexes, a seat's from the newest rows), and a plan for any viewer reads every event.
    """
    return execute(conn, statements()[statement], params or None, prepare=False if "sight" in params else None)


def many(conn: psycopg.Connection, statement: str, /, **params: Any) -> list[dict[str, Any]]:
    """All rows of the named statement, as dicts."""
    return run(conn, statement, **params).fetchall()


def one(conn: psycopg.Connection, statement: str, /, **params: Any) -> dict[str, Any] | None:
    """First row of the named statement, or None: for what may not be there."""
    return run(conn, statement, **params).fetchone()


def row(conn: psycopg.Connection, statement: str, /, **params: Any) -> dict[str, Any]:
    """First row of a named statement that always gives one: a count, an `INSERT … RETURNING`, a change of a row that is
    locked already. Raises LookupError, naming the statement, when there is none after all."""
    found = run(conn, statement, **params).fetchone()
    if found is None:
        raise LookupError(f"statement {statement} gave no row")
    return found


def record(cls: type[T], found: dict[str, Any]) -> T:
    """A frozen record from a row; columns that the record does not know are left out."""
    known = {f.name for f in fields(cls)}  # type: ignore[arg-type]  # a dataclass, which no type can say of a class
    return cls(**{k: v for k, v in found.items() if k in known})


# Migrations ---------------------------------------------------------------------------------------------------------
def body_of(conn: psycopg.Connection) -> str:
    """`timescale` or `plain`: the body this database was born on (or would be born on, if still empty)."""
    [made] = execute(conn, "SELECT to_regclass('schema_body') AS t").fetchall()
    if made["t"]:
        row = execute(conn, "SELECT body FROM schema_body").fetchone()
        if row:
            return row["body"]
    if conn.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone():
        return "timescale"
    available = conn.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone()
    # shown to a superuser only, and only he could install it
    row = execute(conn, "SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'").fetchone()
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
                    conn.execute(_ours(statement))
                conn.execute("INSERT INTO schema_migration (name) VALUES (%s)", [name])
            else:
                with conn.transaction():
                    conn.execute(_ours(text))
                    conn.execute("INSERT INTO schema_migration (name) VALUES (%s)", [name])
            ran.append(name)
        roles.grant(conn)
    return ran


def split_statements(text: str) -> list[str]:
    """Statements of a file without dollar-quoted bodies, split at line-ending semicolons."""
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [s.strip() for s in re.split(r";\s*(?:\n|$)", bare) if s.strip()]
