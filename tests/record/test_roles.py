"""The accounts of the database: the application owns nothing and cannot touch what is evidence; intake adds; reports read."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from brain.engine.loop import Engine
from brain.flow.measured import readings
from brain.identity import audit, sealing
from brain.model import Reading
from brain.store import db, roles
from tests.accounts import APP, INTAKE, OWNER, REPORT, as_role

TOP = Path(__file__).parents[2]
EVIDENCE = ("audit", "audit_link", "event_log", "event_link", "alert_log")


@pytest.fixture
def acts(db_url):
    """`acts(role)`: a connection as that role."""
    opened = []

    def acts(role: str) -> psycopg.Connection:
        opened.append(db.connect(as_role(db_url, role), name="tests"))
        return opened[-1]

    yield acts
    for one in opened:
        one.close()


def test_no_role_of_ours_is_a_superuser_and_only_the_owner_owns(conn):
    found = conn.execute(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'brain%%' AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication"
        " OR rolbypassrls)"
    ).fetchall()
    assert found == []
    owners = conn.execute(
        "SELECT DISTINCT pg_get_userbyid(relowner) AS who FROM pg_class WHERE relnamespace = 'public'::regnamespace UNION"
        " SELECT DISTINCT pg_get_userbyid(proowner) FROM pg_proc p WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS"
        " (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    ).fetchall()
    assert {r["who"] for r in owners} <= {OWNER, "brain_rollup"}


@pytest.mark.parametrize("table", EVIDENCE)
@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE {}", "DELETE FROM {}", "UPDATE {} SET {column} = {column}", "ALTER TABLE {} DISABLE TRIGGER USER",
        "ALTER TABLE {} DISABLE TRIGGER ALL", "DROP TABLE {}", "ALTER TABLE {} ADD COLUMN more int",
        "CREATE TRIGGER t BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION refuse_change()", "CREATE RULE r AS ON INSERT TO {} DO NOTHING",
    ],
)  # fmt: skip
def test_the_application_can_only_add_to_evidence(conn, acts, table, statement):
    column = conn.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 3", [table]).fetchone()["attname"]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        acts(APP).execute(statement.format(table, column=column))


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica", f"SET ROLE {OWNER}", "SET ROLE postgres", "ALTER ROLE brain_app SUPERUSER",
        "CREATE TABLE mine (a int)", "ALTER FUNCTION audit_waits() OWNER TO brain_app",
        "DROP FUNCTION audit_waits() CASCADE", "ALTER SYSTEM SET fsync = off",
        "SELECT brain_drop_partition('audit')",
        "SELECT brain_add_partition('audit', 'audit_x', 'at', now(), now())", "COPY audit TO PROGRAM 'true'",
        "SELECT brain_after_restore()", "INSERT INTO schema_migration VALUES ('x')",
    ],
)  # fmt: skip
def test_the_application_has_no_way_around(acts, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        acts(APP).execute(statement)


def test_an_act_whose_audit_line_cannot_be_written_is_not_done(conn, acts, now):
    conn.execute(f"REVOKE INSERT ON audit FROM {APP}")
    app = acts(APP)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
        app.execute("INSERT INTO fact (key, value) VALUES ('act', 'true')")
        audit.audit(app, "人", "test.act", now)
    assert app.execute("SELECT 1 FROM fact WHERE key = 'act'").fetchone() is None


def test_the_application_writes_and_links_the_audit_trail(acts, now):
    app = acts(APP)
    audit.audit(app, "人", "test.act", now)
    assert sealing.seal(app) == 1


def test_intake_reads_no_session_and_no_audit_line_and_takes_nothing_away(acts):
    intake = acts(INTAKE)
    for statement in (
        "SELECT * FROM session", "SELECT * FROM audit", "SELECT * FROM event_link", "INSERT INTO audit DEFAULT VALUES",
        "UPDATE event_log SET note = 'x'", "DELETE FROM event_log", "TRUNCATE event_log", "DELETE FROM event",
        "UPDATE person SET name = ''",
        "DELETE FROM reading", "UPDATE reading SET value = 0", "TRUNCATE reading", "DELETE FROM intake_batch", "DELETE FROM dead_letter",
        "UPDATE feed_key SET revoked_at = NULL", "UPDATE station SET active = false",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            intake.execute(statement)


def test_reports_read_and_see_no_password_and_no_telephone(acts):
    report = acts(REPORT)
    for table in ("event", "event_log", "alert", "reading", "reading_1h", "reading_1d", "audit", "station"):
        report.execute(f"SELECT * FROM {table} LIMIT 1")
    report.execute("SELECT id, name, role, org FROM person")
    for statement in (
        "SELECT password_hash FROM person", "SELECT phone FROM person", "SELECT * FROM session", "SELECT * FROM feed_key",
        "SELECT * FROM tcp_station",
        "INSERT INTO fact (key, value) VALUES ('x', '1')", "DELETE FROM event", "UPDATE station SET active = false",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            report.execute(statement)


def test_the_engine_closes_hours_makes_partitions_and_does_every_duty_on_its_account(conn, db_url, acts, catalog, now):
    conn.execute("INSERT INTO station (id, name, theme, lng, lat) VALUES ('RG-01', 'x', 'rain', 116.1, 24.3)")
    with db.connect(as_role(db_url, INTAKE), name="tests") as intake:
        for hour in range(60):
            at = now - timedelta(hours=hour)
            readings.store(intake, feed="rain", worker="w1", lane="live", received_at=at + timedelta(seconds=5), received=1,
                           readings=[Reading("RG-01", "rain_1h", at, 1.0)])  # fmt: skip
    app = acts(APP)
    readings.make_partitions(app, now)
    for step in range(3):
        readings.roll_up(app, now + timedelta(minutes=step))
    assert app.execute("SELECT count(*) AS n FROM reading_1h_kept").fetchone()["n"] > 40
    assert app.execute("SELECT count(*) AS n FROM reading_1d_kept").fetchone()["n"] >= 1
    readings.make_partitions(app, now + timedelta(days=500))
    assert app.execute("SELECT count(*) AS n FROM reading").fetchone()["n"] == 0
    with Engine(as_role(db_url, APP), catalog) as engine:
        engine.step(now)
        engine.step(now + timedelta(minutes=1))
        assert {name: a.error for name, a in engine.duties.accounts.items() if a.failures} == {}


def test_a_database_of_a_single_user_changes_hands_and_keeps_its_rows(server, body, now):
    """What stood before there were roles: everything belongs to the superuser."""
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute("CREATE DATABASE of_before")
    try:
        url = server.url("of_before")
        db.migrate(url, body=body)
        with db.connect(url, name="tests") as conn:
            audit.audit(conn, "人", "test.act", now)
            roles.make(conn, {})
        assert db.migrate(as_role(url, OWNER), body=body) == []
        with db.connect(as_role(url, APP), name="tests") as app:
            assert app.execute("SELECT count(*) AS n FROM audit").fetchone()["n"] == 1
            audit.audit(app, "人", "test.act", now)
            readings.make_partitions(app, now)
            readings.roll_up(app, now)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("TRUNCATE audit")
            others = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND pg_get_userbyid(relowner) = 'postgres'"
            assert app.execute(others).fetchall() == []
    finally:
        with db.connect(server.url("postgres"), name="tests") as conn:
            conn.execute("DROP DATABASE of_before WITH (FORCE)")


def test_the_containers_script_makes_the_same_roles(server, body, tmp_path):
    psql = server.install / "bin" / "psql"
    if not psql.exists():
        pytest.skip("this PostgreSQL installation has no psql")
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute("CREATE DATABASE container")
    script = (TOP / "deploy" / "database-roles.sh").read_text()
    script = script.replace("/run/secrets", str(tmp_path)).replace("/roles.sql", str(TOP / "brain/store/roles.sql"))
    for role in ("owner", "app", "intake", "report"):
        (tmp_path / f"database_password_{role}").write_text(f"drawn'{role}")
    try:
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True,
            env=os.environ | {"PATH": f"{psql.parent}:{os.environ['PATH']}", "PGHOST": str(server.sockets), "POSTGRES_USER": "postgres",
                              "POSTGRES_DB": "container"},
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        with db.connect(server.url("container"), name="tests") as conn:
            set_ = conn.execute("SELECT rolname FROM pg_authid WHERE rolpassword LIKE 'SCRAM%%' AND rolname LIKE 'brain%%'").fetchall()
            assert {r["rolname"] for r in set_} == set(roles.ALL)
    finally:
        with db.connect(server.url("postgres"), name="tests") as conn:
            conn.execute("DROP DATABASE container WITH (FORCE)")
