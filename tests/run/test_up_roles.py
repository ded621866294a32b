"""The embedded database has an account for each process, and a data folder of before is taken over."""

from __future__ import annotations

import psycopg
import pytest

from brain.identity import audit
from brain.local.postgres import Server, installation
from brain.store import db, roles


def test_a_data_folder_of_before_is_taken_over_with_its_rows(tmp_path, now):
    """Before: whoever reached the socket was the superuser, and everything belonged to him."""
    server = Server(tmp_path / "postgres", installation(), durable=False)
    server.start()
    try:
        db.migrate(server.url(), body="plain")
        with db.connect(server.url()) as conn:
            audit.audit(conn, "人", "before", now)
        server.stop()

        for start in ("the first with roles", "every later one"):
            server.start()
            server.guard(timescale=False)
            assert db.migrate(server.url(role=roles.OWNER)) == [], start
            with db.connect(server.url(role=roles.APP)) as app:
                assert [r["action"] for r in app.execute("SELECT action FROM audit ORDER BY id")] == ["before"]
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute("TRUNCATE audit")
            if start != "every later one":
                server.stop()
    finally:
        server.stop()


def test_nobody_gets_in_without_a_password_and_only_the_owner_of_the_folder_can_read_them(tmp_path):
    server = Server(tmp_path / "postgres", installation(), durable=False)
    server.start()
    try:
        server.guard(timescale=False)
        assert server.passwords.stat().st_mode & 0o077 == 0
        bare = Server(tmp_path / "postgres", installation()).url().split("@")[1]
        for role in ("postgres", *roles.ALL):
            with pytest.raises(psycopg.OperationalError, match="no password supplied"):
                psycopg.connect(f"postgresql://{role}@{bare}")
            psycopg.connect(server.url(role=role)).close()
    finally:
        server.stop()


def test_what_was_interrupted_between_the_passwords_and_the_roles_is_done_at_the_next_start(tmp_path):
    server = Server(tmp_path / "postgres", installation(), durable=False)
    server.start()
    try:
        server.passwords.write_text('{"postgres": "a", "brain_owner": "b", "brain_app": "c", "brain_intake": "d", "brain_report": "e"}')
        server.stop()
        server.start()
        server.guard(timescale=False)
        psycopg.connect(server.url(role=roles.APP)).close()
    finally:
        server.stop()
