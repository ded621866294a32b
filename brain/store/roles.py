"""The roles of the database: who logs in as what, and how a superuser makes them. What each may do stands in `grants.sql`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import psycopg
from psycopg import sql

OWNER, APP, INTAKE, REPORT = "brain_owner", "brain_app", "brain_intake", "brain_report"
ALL = (OWNER, APP, INTAKE, REPORT)
HERE = files("brain.store")


def make(conn: psycopg.Connection, passwords: Mapping[str, str], *, timescale: bool = False) -> None:
    """As a superuser, in the database itself: make the roles, give the database and all that is in it to the owner, and set
    the passwords given. With `timescale` the extension is installed, which only a superuser may. Idempotent."""
    with conn.transaction():
        if timescale:
            conn.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        conn.execute((HERE / "roles.sql").read_text(encoding="utf-8"))  # type: ignore[arg-type]
        for role, password in passwords.items():
            set_password(conn, role, password)


def set_password(conn: psycopg.Connection, role: str, password: str) -> None:
    """Set a password; what goes to the server, and might stand in its log, is its SCRAM verifier."""
    kept = conn.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    conn.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(kept)))


def grant(conn: psycopg.Connection) -> bool:
    """Say anew who may do what (`grants.sql`), in one transaction; False where the database has no roles of ours."""
    found = conn.execute("SELECT count(*) AS n FROM pg_roles WHERE rolname = ANY (%s)", [list(ALL)]).fetchone()
    owner = conn.execute("SELECT pg_get_userbyid(datdba) = %s AS is FROM pg_database WHERE datname = current_database()", [OWNER])
    if found["n"] < len(ALL) or not owner.fetchone()["is"]:  # type: ignore[index]
        return False
    with conn.transaction():
        conn.execute((HERE / "grants.sql").read_text(encoding="utf-8"))  # type: ignore[arg-type]
    return True
