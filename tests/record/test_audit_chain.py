"""The audit trail and the histories stand in keyed chains: whatever the database's owner does to them later is named."""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import psutil
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brain.commands import verify_audit
from brain.flow.events import acting
from brain.identity import audit, chain, sealing, verifying
from brain.settings import Settings
from brain.store import db

SCRIPT = Path(__file__).parents[2] / "scripts" / "verify_audit.py"
LINES = 12


def forge(conn, *statements):
    """What the owner of the database can do: switch the guards off, and on again."""
    tables = ("audit", "audit_link", "event_log", "event_link")
    for table in tables:
        conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for statement in statements:
        conn.execute(statement)
    for table in tables:
        conn.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def verdict(conn, name="audit"):
    keys = chain.ring()
    return verifying.verify(conn, name, {keys.id: keys})


@pytest.fixture
def trail(conn, now):
    """Twelve linked lines of the audit trail; their ids."""
    ids = [
        audit.audit(conn, f"人{n}", "test.act", now + timedelta(seconds=n), object=f"thing:{n}", ip="10.0.0.1", n=n)
        for n in range(LINES)
    ]
    sealing.seal(conn)
    return ids


def exported(db_url, folder):
    """What the stand-alone verifier says: exit status and words."""
    said = []
    args = argparse.Namespace(export=str(folder), old_key=[], accept=None)
    ours = verify_audit.run(Settings(database_url=db_url, home=folder / "home"), args, said.append)
    done = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True, env={"PATH": ""})
    assert done.stderr == ""
    return ours, done.returncode, "\n".join(said), done.stdout


def test_a_chain_that_nobody_touched_is_whole(conn, trail):
    found = verdict(conn)
    assert (found.links, found.waiting, found.broken) == (LINES, 0, None)


FORGED = [
    ("UPDATE audit SET ok = false WHERE id = {4}", 5, "altered"),
    ("UPDATE audit SET actor = '别人' WHERE id = {0}", 1, "altered"),
    ("UPDATE audit SET at = at + interval '1 microsecond' WHERE id = {11}", 12, "altered"),
    ("UPDATE audit SET detail = '{{\"n\": 99}}' WHERE id = {7}", 8, "altered"),
    ("UPDATE audit SET mac = sha256('x') WHERE id = {7}", 8, "altered"),
    ("DELETE FROM audit WHERE id = {3}", 4, "removed"),
    ("DELETE FROM audit WHERE id = {11}", 12, "removed"),
    ("DELETE FROM audit_link WHERE seq = 6", 6, "removed"),
    ("TRUNCATE audit", 1, "removed"),
]


@pytest.mark.parametrize(("statement", "place", "why"), FORGED)
def test_what_the_owner_does_is_named_at_its_place(conn, db_url, trail, tmp_path, statement, place, why):
    forge(conn, statement.format(*trail))
    broken = verdict(conn).broken
    assert (broken.seq, broken.why) == (place, why)
    ours, theirs, said, answer = exported(db_url, tmp_path)
    assert (ours, theirs) == (1, 1) and f"第 {place} 环" in said
    assert why in answer.splitlines()[0] and f"link {place}" in answer


def test_two_rows_that_changed_places_are_called_reordered(conn, db_url, trail, tmp_path):
    a, b = trail[4], trail[8]
    forge(
        conn, f"UPDATE audit_link SET audit_id = -1 WHERE audit_id = {a}",
        f"UPDATE audit_link SET audit_id = {a} WHERE audit_id = {b}", f"UPDATE audit_link SET audit_id = {b} WHERE audit_id = -1",
    )  # fmt: skip
    broken = verdict(conn).broken
    assert (broken.seq, broken.ref, broken.why) == (5, str(b), "reordered")
    assert "reordered" in exported(db_url, tmp_path)[3]


def test_the_first_of_several_is_named(conn, trail):
    forge(conn, f"UPDATE audit SET ip = '' WHERE id IN ({trail[9]}, {trail[2]}, {trail[6]})")
    assert verdict(conn).broken.seq == 3


def test_a_line_without_a_digest_is_refused_by_the_table_and_found_when_forced_in(conn, trail):
    insert = "INSERT INTO audit (at, actor, action, ok) VALUES (now(), '别人', 'x', true)"
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(insert)
    forge(conn, "ALTER TABLE audit DROP CONSTRAINT audit_is_keyed", insert)
    assert verdict(conn).broken.why == "inserted"


def test_a_line_put_into_the_queue_without_our_key_is_found(conn, trail):
    conn.execute(
        "INSERT INTO audit (at, actor, action, ok, key, mac) VALUES (now(), '别人', 'x', true, %s, sha256('x'))", [chain.ring().id]
    )
    assert verdict(conn).broken.why == "altered"
    sealing.seal(conn)
    assert verdict(conn).broken.seq == LINES + 1


def test_a_row_that_waits_for_its_link_is_already_protected(conn, now, trail):
    last = audit.audit(conn, "人", "test.act", now)
    assert verdict(conn).waiting == 1
    forge(conn, f"UPDATE audit SET action = 'other' WHERE id = {last}")
    assert (verdict(conn).broken.ref, verdict(conn).broken.why) == (str(last), "altered")


def test_without_the_secret_no_recomputed_chain_passes(conn, trail):
    """The owner alters a row and computes everything anew, with a key of his own."""
    row = conn.execute("SELECT * FROM audit WHERE id = %s", [trail[5]]).fetchone()
    true = chain.ring()
    try:
        chain.use("x" * 48)
        forge(conn, "TRUNCATE audit, audit_link, audit_waiting")
        audit.audit(conn, "别人", row["action"], row["at"])
        sealing.seal(conn)
    finally:
        chain.use("w" * 48)
    assert chain.ring() == true
    assert verdict(conn).broken.why == "key"
    forge(conn, f"UPDATE audit_link SET key = '{true.id}'", f"UPDATE audit SET key = '{true.id}'")
    assert verdict(conn).broken.why == "altered"


def test_a_process_without_a_secret_writes_nothing(conn, now):
    chain.use("")
    try:
        with pytest.raises(chain.NoKey, match="BRAIN_SECRET_KEY"):
            audit.audit(conn, "人", "test.act", now)
        with pytest.raises(chain.NoKey):
            chain.use("too short")
    finally:
        chain.use("w" * 48)
    assert conn.execute("SELECT count(*) AS n FROM audit").fetchone()["n"] == 0


def test_an_act_whose_line_is_kept_otherwise_than_written_is_refused(conn, now):
    conn.execute(
        "CREATE FUNCTION lie() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.actor := '别人'; RETURN NEW; END $$;"
        "CREATE TRIGGER lie BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION lie()"
    )
    with pytest.raises(audit.Distorted):
        audit.audit(conn, "人", "test.act", now)
    assert conn.execute("SELECT count(*) AS n FROM audit").fetchone()["n"] == 0


def test_rows_older_than_the_chain_are_linked_first_and_protected_from_then_on(conn, now):
    conn.execute("ALTER TABLE audit DROP CONSTRAINT audit_is_keyed")
    conn.execute("INSERT INTO audit (at, actor, action, ok) SELECT now(), '旧', 'old', true FROM generate_series(1, 3)")
    conn.execute("ALTER TABLE audit ADD CONSTRAINT audit_is_keyed CHECK (key IS NOT NULL AND mac IS NOT NULL) NOT VALID")
    audit.audit(conn, "新", "new", now)
    sealing.seal(conn)
    assert verdict(conn).broken is None
    forge(conn, "ALTER TABLE audit DROP CONSTRAINT audit_is_keyed",
          "UPDATE audit SET actor = '别人' WHERE actor = '旧' AND id = (SELECT min(id) + 1 FROM audit)")
    assert (verdict(conn).broken.seq, verdict(conn).broken.why) == (2, "altered")


def test_acts_that_commit_in_any_order_are_linked_once_each(conn, db_url, now):
    with db.connect(db_url) as slow, slow.transaction():
        first = audit.audit(slow, "慢", "test.act", now)
        second = audit.audit(conn, "快", "test.act", now)
        assert sealing.seal(conn) == 1
    assert sealing.seal(conn) == 1
    rows = conn.execute("SELECT audit_id FROM audit_link ORDER BY seq").fetchall()
    assert [r["audit_id"] for r in rows] == [second, first]
    assert verdict(conn).broken is None


def test_the_histories_are_linked_and_a_line_altered_with_its_plain_hash_is_found(district):
    event = district.until("closed")
    sealing.seal(district.conn)
    assert verdict(district.conn, "event").broken is None
    forge(
        district.conn, f"UPDATE event_log SET note = '改' WHERE event_id = '{event.id}' AND seq = 8",
        "UPDATE event_log l SET hash = event_log_hash((SELECT hash FROM event_log p WHERE p.event_id = l.event_id AND p.seq = 7),"
        " event_id, seq, at, verb, from_state, to_state, actor_id, actor_name, role, org, reason, note, detail)"
        f" WHERE event_id = '{event.id}' AND seq = 8",
    )  # fmt: skip
    assert acting.verify_log(district.conn) is None  # the plain chain was computed anew: it proves nothing by itself
    broken = verdict(district.conn, "event").broken
    assert (broken.ref, broken.why) == (f"{event.id}#8", "altered")


def test_the_newest_lines_of_a_history_cut_off_together_with_the_events_count_are_found(district):
    event = district.until("closed")
    sealing.seal(district.conn)
    forge(
        district.conn, f"DELETE FROM event_log WHERE event_id = '{event.id}' AND seq = 8",
        f"UPDATE event SET version = 7, state = (SELECT to_state FROM event_log WHERE event_id = '{event.id}' AND seq = 7)"
        f" WHERE id = '{event.id}'",
    )  # fmt: skip
    assert acting.verify_log(district.conn) is None
    broken = verdict(district.conn, "event").broken
    assert (broken.ref, broken.why) == (f"{event.id}#8", "removed")


def test_a_whole_export_passes_the_stand_alone_verifier_which_has_at_most_200_lines(conn, db_url, now, trail, tmp_path):
    audit.audit(conn, "人", "test.act", now)
    ours, theirs, _, answer = exported(db_url, tmp_path)
    assert (ours, theirs) == (0, 0) and f"audit: whole, {LINES} links, 1 rows wait" in answer
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
    assert len(SCRIPT.read_text().splitlines()) <= 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(detail=JSON)
def test_what_python_digests_is_what_the_database_prints(conn, detail):
    text = chain.body([detail])
    assert conn.execute("SELECT %s::jsonb::text AS t", [text]).fetchone()["t"] == text


def test_fifty_thousand_rows_a_second_are_verified(conn, now):
    """A clean chain of 40,000 lines; measured on the processor time of both ends, since other work shares the machine."""
    keys, n = chain.ring(), 40_000
    at = math.floor(now.timestamp()) * 1_000_000
    columns = "id, at, actor_id, actor, action, object, ip, ok, detail, key, mac"
    with conn.cursor() as cur, cur.copy(f"COPY audit ({columns}) FROM STDIN") as rows:
        for k in range(1, n + 1):
            detail = {"path": f"/api/events/{k}", "n": k}
            body = chain.body([k, at, None, "值班长", "event.dispatch", f"event:{k}", "10.1.2.3", True, detail])
            text = chain.body([detail])[1:-1]
            rows.write_row([k, now.replace(microsecond=0), None, "值班长", "event.dispatch", f"event:{k}", "10.1.2.3", True, text,
                            keys.id, chain.row_mac(keys, "audit", body)])  # fmt: skip
    while sealing.seal(conn):
        pass
    conn.execute("ANALYZE audit, audit_link")
    verdict(conn)  # once before: pages and plans are warm
    far = psutil.Process(conn.info.backend_pid)

    def used() -> float:
        there = far.cpu_times()
        return time.process_time() + there.user + there.system

    began, before = time.perf_counter(), used()
    found = verdict(conn)
    wall, both = time.perf_counter() - began, used() - before
    print(f"{n / wall:,.0f} rows/s by the clock, {n / both:,.0f} a second of processor, ours and the server's")
    assert found.broken is None and found.links == n
    assert n / both > 50_000
