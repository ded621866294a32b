"""What somebody who owns the database does to the chains behind the engine's back is not signed by it, and is named by both
verifiers; what a kill leaves behind is taken for what it is."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from brain.commands import check, verify_audit
from brain.engine.duties import checkpoint, link_audit, link_event
from brain.flow.events import acting
from brain.identity import audit, chain, checkpoints, memory, sealing, trail
from brain.settings import Settings
from brain.store import db

SCRIPT = Path(__file__).parents[2] / "scripts" / "verify_audit.py"
GUARDED = ("audit", "audit_link", "event_log", "event_link")


@pytest.fixture
def home(tmp_path):
    """The engine's data folder; this process keeps its memory of the chains there."""
    checkpoints.use(checkpoints.Place(checkpoints.file_of(tmp_path)))
    yield tmp_path
    checkpoints.use(None)


def forge(conn, *statements):
    """What the owner of the database can do: switch the guards off, and on again."""
    for table in GUARDED:
        conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for statement in statements:
        conn.execute(statement)
    for table in GUARDED:
        conn.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
def verify(db_url, home):
    """`verify()`: what the command and the stand-alone verifier find: two exit statuses and both their words."""

    def verify(**given) -> tuple[int, int, str]:
        said: list[str] = []
        folder = home / "export"
        args = argparse.Namespace(**({"export": str(folder), "old_key": [], "accept": None} | given))
        ours = verify_audit.run(Settings(database_url=db_url, home=home), args, said.append)
        if args.accept is not None:
            return ours, ours, "\n".join(said)
        done = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True, env={"PATH": ""})
        assert done.stderr == ""
        return ours, done.returncode, "\n".join([*said, done.stdout])

    return verify


def acts(conn, now, n: int) -> list[int]:
    return [audit.audit(conn, "人", "test.act", now, n=k) for k in range(n)]


def linked(conn, name: str = "audit") -> int:
    return conn.execute(f"SELECT coalesce(max(seq), 0) AS n FROM {name}_link").fetchone()["n"]


# The four that passed -----------------------------------------------------------------------------------------------------
def test_a_line_of_history_put_in_by_plain_sql_is_refused_without_a_digest_and_named_with_a_false_one(district, verify):
    conn, event = district.conn, district.until("handling")
    sealing.seal(conn)
    insert = (
        "INSERT INTO event_log (event_id, seq, at, verb, from_state, to_state, actor_name, role, note, detail, hash{}) VALUES"
        " ('{}', 0, now(), 'note', 'handling', 'handling', '别人', 'chief', '塞进来的', '{{}}', ''{})"
    )
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(insert.format("", event.id, ""))
    conn.execute(insert.format(", key, mac", event.id, f", '{chain.ring().id}', sha256('x')"))
    conn.execute("UPDATE event SET version = version + 1 WHERE id = %s", [event.id])
    assert acting.verify_log(conn) is None
    line = f"{event.id}#{event.version + 1}"
    for place in ("尚未入链", f"第 {event.version + 1} 环"):
        ours, theirs, said = verify()
        assert (ours, theirs) == (1, 1) and f"案卷流水 {line}（{place}）内容被改动" in said
        assert f"{line} (" in said.splitlines()[-1] and "altered" in said
        sealing.seal(conn)


def test_a_line_of_history_written_by_the_owner_as_if_it_were_old_is_named(district, verify):
    conn, event = district.conn, district.until("handling")
    sealing.seal(conn)
    forge(
        conn, "ALTER TABLE event_log DROP CONSTRAINT event_log_is_keyed",
        "INSERT INTO event_log (event_id, seq, at, verb, from_state, to_state, actor_name, role, detail, hash) VALUES"
        f" ('{event.id}', 0, now(), 'note', 'handling', 'handling', '别人', 'chief', '{{}}', '')",
        f"INSERT INTO event_waiting (event_id, line, old) VALUES ('{event.id}', 0, true)",
    )  # fmt: skip
    ours, theirs, said = verify()
    assert (ours, theirs) == (1, 1) and f"{event.id}#0（尚未入链）是绕过系统塞进来的" in said and "inserted" in said
    sealing.seal(conn)
    ours, theirs, said = verify()
    assert (ours, theirs) == (1, 1) and "是绕过系统塞进来的" in said and "inserted" in said


def test_a_history_rewritten_after_the_last_checkpoint_and_queued_again_is_not_signed_anew(district, catalog, now, verify):
    conn, event = district.conn, district.until("dispatched")
    sealing.seal(conn)
    checkpoint.run(conn, catalog, now)
    count = linked(conn, "event")
    district.act(event, "take", "cgj", minutes=1)
    sealing.seal(conn)
    district.act(event, "note", "cgj", minutes=1, note="真话")
    sealing.seal(conn)
    forge(
        conn, f"INSERT INTO event_waiting (event_id, line) SELECT event_id, line FROM event_link WHERE seq > {count}",
        f"DELETE FROM event_link WHERE seq > {count}",
        f"UPDATE event_log SET actor_name = '别人', note = '假话' WHERE event_id = '{event.id}' AND note = '真话'",
    )  # fmt: skip
    with pytest.raises(sealing.Disagrees, match=f"记着到第 {count + 2} 环"):
        link_event.run(conn, catalog, now)
    assert linked(conn, "event") == count
    with pytest.raises(sealing.Disagrees):
        checkpoint.run(conn, catalog, now)
    ours, theirs, said = verify()
    assert (ours, theirs) == (1, 1) and f"案卷流水 {event.id}#{event.version + 2}（尚未入链）内容被改动" in said
    assert f"{event.id}#{event.version + 2} (not linked yet) was altered" in said


def test_a_row_taken_out_of_the_middle_with_the_later_ones_queued_again_is_not_closed_over(conn, catalog, now, verify):
    ids = acts(conn, now, 10)
    sealing.seal(conn)
    checkpoint.run(conn, catalog, now)
    ids += acts(conn, now, 5)
    sealing.seal(conn)
    ids += acts(conn, now, 5)
    sealing.seal(conn)
    forge(
        conn, "INSERT INTO audit_waiting SELECT audit_id FROM audit_link WHERE seq > 13", "DELETE FROM audit_link WHERE seq > 12",
        f"DELETE FROM audit WHERE id = {ids[12]}",
    )  # fmt: skip
    with pytest.raises(sealing.Disagrees):
        link_audit.run(conn, catalog, now)
    assert linked(conn) == 12
    ours, theirs, said = verify()
    assert (ours, theirs) == (1, 1) and "（第 13 环）起的记录被截去" in said and "everything after link 12 was cut off" in said


@pytest.mark.parametrize("cut", [1, 3, 5, 7, 15])
def test_the_newest_rows_cut_off_before_the_next_checkpoint_are_missed(conn, catalog, now, verify, cut):
    """Whether a part of the last batch goes, exactly the last batch (five rows), or more."""
    acts(conn, now, 10)
    sealing.seal(conn)
    ids = acts(conn, now, 5)
    sealing.seal(conn)
    forge(conn, f"DELETE FROM audit WHERE id > {ids[-1] - cut}", f"DELETE FROM audit_link WHERE seq > {15 - cut}")
    with pytest.raises(sealing.Disagrees):
        sealing.seal(conn, names=("audit",))
    assert linked(conn) == 15 - cut
    ours, theirs, said = verify()
    assert (ours, theirs) == (1, 1) and f"（第 {16 - cut} 环）" in said and f"link {16 - cut if cut == 5 else 15 - cut}" in said
    if cut <= 5:
        assert f"审计记录 {ids[5 - cut]}（" in said


def test_what_comes_after_a_cut_is_not_linked_and_check_says_so(conn, db_url, now, home):
    settings = Settings(database_url=db_url, home=home)
    acts(conn, now, 6)
    sealing.seal(conn)
    assert check.chains(settings).ok
    forge(conn, "DELETE FROM audit_link WHERE seq > 3")
    acts(conn, now, 2)
    with pytest.raises(sealing.Disagrees, match="--accept"):
        sealing.seal(conn)
    found = check.chains(settings)
    assert not found.ok and "审计记录：库外记着到第 6 环，库里只到第 3 环" in found.seen and "--accept" in found.hint


def test_the_engine_says_on_the_page_that_it_does_not_sign_on(conn, db_url, catalog, now, home):
    from brain.engine.loop import Engine

    acts(conn, now, 6)
    with Engine(db_url, catalog) as engine:
        engine.step(now)
        assert trail.standing(conn)["failing"] is None
        forge(conn, "DELETE FROM audit_link WHERE seq > 3", "DELETE FROM audit WHERE id > 3")
        acts(conn, now, 1)
        engine.step(now.replace(second=10))
        assert "已停止签链" in trail.standing(conn)["failing"]
        assert engine.duties.accounts["link_event"].failing == 0  # the other chain goes on


# What a kill leaves -------------------------------------------------------------------------------------------------------
ENGINE = """
import sys
from pathlib import Path
from brain.identity import chain, checkpoints, sealing
from brain.store import db
chain.use(sys.argv[3])
checkpoints.use(checkpoints.Place(Path(sys.argv[2])))
with db.connect(sys.argv[1], name="brain doomed") as conn:
    sealing.seal(conn, names=("audit",))
    print("committed", flush=True)
    sys.stdin.read()
"""


def doomed(db_url, secret) -> subprocess.Popen:
    """An engine's sealing in a process of its own, to be killed."""
    place = str(checkpoints.place().path)
    return subprocess.Popen([sys.executable, "-c", ENGINE, db_url, place, secret], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@pytest.fixture
def kill_before_commit(conn, db_url, secret):
    """`kill_before_commit()`: kill -9 between the file and the commit: a lock holds the links back until the process is gone."""
    asked = "SELECT pid, wait_event_type AS waits FROM pg_stat_activity WHERE application_name = 'brain doomed'"

    def kill():
        with db.connect(db_url, name="tests") as other, other.transaction():
            other.execute("LOCK TABLE audit_link IN SHARE MODE")
            with doomed(db_url, secret) as process:
                while not any(row["waits"] == "Lock" for row in conn.execute(asked).fetchall()):
                    assert process.poll() is None
                process.kill()
        while conn.execute(asked).fetchall():
            pass

    return kill


def test_killed_between_the_file_and_the_commit_the_same_rows_are_linked_again(conn, now, verify, kill_before_commit):
    acts(conn, now, 4)
    sealing.seal(conn)
    acts(conn, now, 3)
    kill_before_commit()
    assert linked(conn) == 4
    assert verify()[:2] == (0, 0)  # nothing is wrong meanwhile
    said = memory.file_of(checkpoints.folder(), "audit").read_text()
    acts(conn, now, 2)
    assert sealing.seal(conn) == 3  # those of the batch, no others among them
    assert sealing.seal(conn) == 2 and linked(conn) == 9
    assert json.loads(said)["count"] == 7 and verify()[:2] == (0, 0)


def test_killed_after_the_commit_nothing_is_done_twice(conn, db_url, secret, now, verify):
    acts(conn, now, 4)
    with doomed(db_url, secret) as process:
        assert process.stdout.readline() == b"committed\n"
        process.kill()
    assert linked(conn) == 4 and sealing.seal(conn) == 0 and verify()[:2] == (0, 0)
    acts(conn, now, 1)
    assert sealing.seal(conn) == 1 and verify()[:2] == (0, 0)


def test_killed_while_the_file_is_written_the_one_before_holds(conn, now, verify, home):
    acts(conn, now, 4)
    sealing.seal(conn)
    memory.file_of(checkpoints.folder(), "audit").with_suffix(".json.part").write_text('{"chain": "au')
    acts(conn, now, 2)
    assert sealing.seal(conn) == 2 and verify()[:2] == (0, 0)


@pytest.mark.parametrize("what", ["removed", "altered"])
def test_a_row_gone_or_altered_while_a_killed_engine_was_away_is_named(conn, now, verify, kill_before_commit, what):
    acts(conn, now, 4)
    sealing.seal(conn)
    ids = acts(conn, now, 3)
    kill_before_commit()
    if what == "removed":
        forge(conn, f"DELETE FROM audit WHERE id = {ids[1]}", f"DELETE FROM audit_waiting WHERE audit_id = {ids[1]}")
    else:
        forge(conn, f"UPDATE audit SET actor = '别人' WHERE id = {ids[1]}")
    with pytest.raises(sealing.Disagrees):
        sealing.seal(conn)
    ours, theirs, said = verify()
    assert (ours, theirs) == (1, 1) and f"审计记录 {ids[1]}（" in said and f"{ids[1]} (" in said and f"was {what}" in said


# Who decides ----------------------------------------------------------------------------------------------------------------
def test_after_a_restore_a_person_decides_and_both_verifiers_keep_saying_so(conn, catalog, now, verify):
    acts(conn, now, 6)
    sealing.seal(conn)
    checkpoint.run(conn, catalog, now)
    forge(conn, "DELETE FROM audit WHERE id > 4", "DELETE FROM audit_link WHERE seq > 4")  # an older backup
    with pytest.raises(sealing.Disagrees):
        sealing.seal(conn)
    assert verify(accept=" ")[0] == 1
    assert verify(accept="恢复了昨夜的备份")[0] == 0
    row = conn.execute("SELECT detail FROM audit WHERE action = 'audit.accept'").fetchone()
    assert row["detail"] == {"chains": ["audit"], "reason": "恢复了昨夜的备份", "via": "cli"}
    acts(conn, now, 3)
    sealing.seal(conn)
    checkpoint.run(conn, catalog, now)
    ours, theirs, said = verify()
    assert (ours, theirs) == (0, 0) and "曾在第 4 环后由人决定接着签" in said and "gone on after link 4" in said
    assert "不用接着签" in verify(accept="再来一次")[2]


def test_a_changed_memory_is_not_believed(conn, now, verify):
    acts(conn, now, 4)
    sealing.seal(conn)
    path = memory.file_of(checkpoints.folder(), "audit")
    path.write_text(path.read_text().replace('"count": 4', '"count": 3'))
    acts(conn, now, 1)
    with pytest.raises(sealing.Disagrees, match="不是本系统写的"):
        sealing.seal(conn)
    ours, theirs, said = verify()
    assert (ours, theirs) == (1, 1) and "sealed-audit.json is not what was written" in said


def test_an_engine_on_another_machine_goes_on_from_what_this_one_remembers(conn, now, verify, tmp_path):
    acts(conn, now, 4)
    sealing.seal(conn)
    here = checkpoints.place()
    checkpoints.use(checkpoints.Place(checkpoints.file_of(tmp_path / "there")))
    acts(conn, now, 3)
    assert sealing.seal(conn) == 3  # nothing is remembered there: the chain is walked once
    checkpoints.use(here)
    acts(conn, now, 2)
    assert sealing.seal(conn) == 2 and verify()[:2] == (0, 0)


def test_an_engine_without_memory_does_not_go_on_from_less_than_its_checkpoints(conn, catalog, now, home):
    acts(conn, now, 4)
    sealing.seal(conn)
    checkpoint.run(conn, catalog, now)
    memory.file_of(checkpoints.folder(), "audit").unlink()
    forge(conn, "DELETE FROM audit WHERE id > 2", "DELETE FROM audit_link WHERE seq > 2")
    with pytest.raises(sealing.Disagrees):
        sealing.seal(conn)


# Old lines ------------------------------------------------------------------------------------------------------------------
def test_lines_older_than_their_digests_are_linked_first_and_the_number_stands_outside(district, catalog, now, verify):
    conn, event = district.conn, district.until("closed")
    forge(
        conn, "ALTER TABLE event_log DROP CONSTRAINT event_log_is_keyed", "UPDATE event_log SET key = NULL, mac = NULL",
        "UPDATE event_waiting SET old = true",
        "ALTER TABLE event_log ADD CONSTRAINT event_log_is_keyed CHECK (key IS NOT NULL AND mac IS NOT NULL) NOT VALID",
    )  # fmt: skip
    other = district.report()
    while sealing.seal(conn, 3, ("event",)):
        pass
    checkpoint.run(conn, catalog, now)
    line = json.loads(checkpoints.place().path.read_text().splitlines()[-1])
    assert (line["old"], line["count"]) == (8, 9)
    ours, theirs, said = verify()
    assert (ours, theirs) == (0, 0) and "前 8 环是早于逐行签名的记录" in said
    forge(conn, "ALTER TABLE event_log DROP CONSTRAINT event_log_is_keyed",
          f"UPDATE event_log SET note = '改' WHERE event_id = '{event.id}' AND seq = 5")  # fmt: skip
    assert f"{event.id}#5（第 5 环）内容被改动" in verify()[2]
    forge(conn, f"UPDATE event_log SET note = NULL WHERE event_id = '{event.id}' AND seq = 5",
          f"UPDATE event_log SET key = NULL, mac = NULL WHERE event_id = '{other.id}'")  # fmt: skip
    assert f"{other.id}#1（第 9 环）" in verify()[2]


# Backlogs -------------------------------------------------------------------------------------------------------------------
def test_a_backlog_is_worked_off_in_batches_although_the_planner_believes_the_queue_empty(conn, catalog, now, home):
    """As after the upgrade that queues all rows at once: no statement may take as long as a look at all of them for every row."""
    acts(conn, now, 3)
    for _ in range(16):  # statements are prepared, with plans for any values, while the queue is short
        acts(conn, now, 1)
        link_audit.run(conn, catalog, now)
    conn.execute("ANALYZE audit_waiting; ANALYZE audit; ALTER TABLE audit_waiting SET (autovacuum_enabled = false)")
    keys, n = chain.ring(), 30_000
    columns = "id, at, actor, action, object, ip, ok, detail, key, mac"
    with conn.cursor() as cur, cur.copy(f"COPY audit ({columns}) FROM STDIN") as rows:
        for k in range(1000, 1000 + n):
            rows.write_row([k, now, "人", "a", "", "", True, "{}", keys.id, b"x" * 32])
    conn.execute("SET statement_timeout = '1s'")
    moved = link_audit.run(conn, catalog, now)
    conn.execute("RESET statement_timeout")
    assert moved == n == linked(conn) - 19


def test_neither_chain_waits_for_the_other(district, catalog, now):
    conn = district.conn
    district.until("closed")
    waiting = conn.execute("SELECT count(*)::int AS n FROM audit_waiting").fetchone()["n"]
    assert link_event.run(conn, catalog, now) == 8
    assert conn.execute("SELECT count(*)::int AS n FROM audit_waiting").fetchone()["n"] == waiting


# Export ---------------------------------------------------------------------------------------------------------------------
def test_an_export_is_its_owners_alone_also_where_the_folder_was_open_before(conn, now, verify, home):
    folder = home / "export"
    folder.mkdir(mode=0o755)
    (folder / "audit.jsonl").write_text("")
    (folder / "audit.jsonl").chmod(0o644)
    acts(conn, now, 2)
    sealing.seal(conn)
    assert verify()[:2] == (0, 0)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {p.name: oct(p.stat().st_mode & 0o777) for p in folder.iterdir() if p.stat().st_mode & 0o777 != 0o600} == {}
