"""Checkpoints stand outside the database: what was cut off together with its links is missed."""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from brain.catalog.security import Chains
from brain.commands import verify_audit
from brain.engine.duties import checkpoint
from brain.engine.loop import Engine
from brain.identity import audit, chain, checkpoints, sealing
from brain.settings import Settings

SCRIPT = Path(__file__).parents[2] / "scripts" / "verify_audit.py"


@pytest.fixture
def place(tmp_path):
    kept = checkpoints.Place(checkpoints.file_of(tmp_path))
    checkpoints.use(kept)
    yield kept.path
    checkpoints.use(None)


@pytest.fixture
def verify(db_url, tmp_path):
    """`verify()`: what the command and the stand-alone verifier find: two exit statuses and both their words."""

    def verify() -> tuple[int, int, str]:
        said: list[str] = []
        folder = tmp_path / "export"
        args = argparse.Namespace(export=str(folder), old_key=[], accept=None)
        ours = verify_audit.run(Settings(database_url=db_url, home=tmp_path), args, said.append)
        done = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True)
        assert done.stderr == ""
        return ours, done.returncode, "\n".join([*said, done.stdout])

    return verify


def act(conn, now, n: int) -> None:
    for k in range(n):
        audit.audit(conn, "人", "test.act", now, n=k)
    sealing.seal(conn)


def test_a_checkpoint_says_how_long_a_chain_is_and_only_its_owner_reads_the_file(conn, catalog, now, place, verify):
    act(conn, now, 3)
    assert checkpoint.run(conn, catalog, now) == 1  # no history has begun
    act(conn, now, 2)
    checkpoint.run(conn, catalog, now + timedelta(hours=1))
    lines = [json.loads(line) for line in place.read_text().splitlines()]
    assert [(line["chain"], line["count"]) for line in lines] == [("audit", 3), ("audit", 5)]
    assert place.stat().st_mode & 0o077 == 0 and place.parent.stat().st_mode & 0o077 == 0
    ours, theirs, said = verify()
    assert (ours, theirs) == (0, 0) and "与库外所记的 2 处相符" in said and "2 checkpoints agree" in said


def test_an_end_cut_off_with_its_links_is_missed_and_its_place_named(conn, catalog, now, place, verify):
    act(conn, now, 6)
    checkpoint.run(conn, catalog, now)
    conn.execute("ALTER TABLE audit DISABLE TRIGGER USER; ALTER TABLE audit_link DISABLE TRIGGER USER")
    conn.execute("DELETE FROM audit WHERE id IN (SELECT audit_id FROM audit_link WHERE seq > 4)")
    conn.execute("DELETE FROM audit_link WHERE seq > 4")
    ours, theirs, said = verify()
    assert (ours, theirs) == (1, 1)
    assert "审计记录 5（第 5 环）起的记录被截去" in said and "everything after link 4 was cut off, the first row 5" in said


def test_a_chain_that_was_emptied_is_missed(conn, catalog, now, place, verify):
    act(conn, now, 2)
    checkpoint.run(conn, catalog, now)
    conn.execute("TRUNCATE audit, audit_link, audit_waiting")
    assert verify()[:2] == (1, 1)


def test_a_chain_grown_anew_after_a_cut_does_not_pass(conn, catalog, now, place, verify):
    """Even with our key, by an engine that forgot: the digest at that number is another."""
    act(conn, now, 4)
    checkpoint.run(conn, catalog, now)
    conn.execute("TRUNCATE audit, audit_link, audit_waiting")
    kept = checkpoints.place()
    checkpoints.use(None)
    act(conn, now, 9)
    checkpoints.use(kept)
    ours, theirs, said = verify()
    assert (ours, theirs) == (1, 1) and "与库外的检查点不符" in said and "not what the checkpoint says" in said


@pytest.mark.parametrize("change", [("\"count\": 3", "\"count\": 1"), ("\"key\": \"", "\"key\": \"f"), ("{", "[")])
def test_a_changed_line_of_the_file_is_named(conn, catalog, now, place, verify, change):
    act(conn, now, 3)
    checkpoint.run(conn, catalog, now)
    place.write_text(place.read_text().replace(*change, 1))
    ours, theirs, said = verify()
    assert (ours, theirs) == (1, 1) and "第 1 行" in said and "line 1" in said


def test_a_line_goes_to_syslog_where_that_is_set(conn, catalog, now, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.bind(("127.0.0.1", 0))
        collector.settimeout(10)
        port = collector.getsockname()[1]
        checkpoints.use(checkpoints.Place(checkpoints.file_of(tmp_path), f"127.0.0.1:{port}"))
        try:
            act(conn, now, 1)
            checkpoint.run(conn, catalog, now)
        finally:
            checkpoints.use(None)
        heard = collector.recv(4096).decode()
    line = json.loads(heard[heard.index("{"): heard.rindex("}") + 1])
    keys = chain.ring()
    assert "city-brain: checkpoint" in heard and line["count"] == 1 and line["key"] == keys.id


@pytest.fixture
def in_the_way(tmp_path):
    (tmp_path / "audit").write_text("in the way")
    checkpoints.use(checkpoints.Place(checkpoints.file_of(tmp_path)))
    yield
    checkpoints.use(None)


def test_a_checkpoint_that_cannot_be_written_is_an_error_of_the_duty(conn, catalog, now, tmp_path, in_the_way):
    kept = checkpoints.place()
    checkpoints.use(None)
    act(conn, now, 1)
    checkpoints.use(kept)
    with pytest.raises(OSError):
        checkpoint.run(conn, catalog, now)


def test_nothing_is_linked_that_cannot_be_remembered(conn, now, in_the_way):
    with pytest.raises(OSError):
        act(conn, now, 1)
    assert conn.execute("SELECT count(*) AS n FROM audit_link").fetchone()["n"] == 0


def test_nothing_new_means_no_checkpoint_and_every_minute_with_rows_means_one(conn, catalog, now, place):
    act(conn, now, 1)
    assert [checkpoint.run(conn, catalog, now + timedelta(minutes=m)) for m in range(3)] == [1, 0, 0]
    act(conn, now, 1)
    assert checkpoint.run(conn, catalog, now + timedelta(minutes=4)) == 1
    assert catalog.duty("checkpoint").every_s == 60


def test_an_engine_takes_checkpoints_of_whole_chains_when_it_starts_and_when_it_ends(conn, db_url, catalog, now, place):
    for k in range(30):
        audit.audit(conn, "人", "test.act", now, n=k)
    small = replace(catalog, security=replace(catalog.security, chains=Chains(batch=7, batches=12)))
    with Engine(db_url, small) as engine:
        engine.step(now)
        assert [json.loads(line)["count"] for line in place.read_text().splitlines()] == [30]
        audit.audit(conn, "人", "test.act", now)
        engine.end(now + timedelta(seconds=1))
    assert [json.loads(line)["count"] for line in place.read_text().splitlines()] == [30, 31]
