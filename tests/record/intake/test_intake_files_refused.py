"""The file door: what the database will never do is no outage. The file is set aside and told, and nobody waits for it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from brain.commands import check
from brain.settings import Settings
from tests.accounts import INTAKE
from tests.record.intake.dropping import NOW, WIDE

SAID = {"测站编号": "station", "监测时间": "at", "水位(cm)": "kind:water_level@cm", "pH": "kind:ph"}


@pytest.fixture
def checked(db_url):
    return lambda: check.files(Settings(database_url=db_url))


def test_a_file_with_a_new_mapping_is_taken_and_its_columns_are_remembered(drop, conn):
    """As a department uploads it: every statement on the intake's own account."""
    row = drop.take("water", "a.csv", WIDE, by="某甲", org="swj", columns=SAID)
    assert (row["state"], row["rows"]) == ("done", 2)
    known = {r["given"]: r["meant"] for r in conn.execute("SELECT given, meant FROM intake_mapping WHERE what = 'column'")}
    assert known == SAID


LATER = WIDE.replace("09-03", "09-02")


@pytest.mark.parametrize(("right", "states"), [
    ("INSERT ON intake_mapping", ["failed", "done"]), ("INSERT ON intake_file", []), ("UPDATE ON intake_file", ["taking", "taking"]),
    ("SELECT ON dead_letter", ["failed", "failed"]),
])  # fmt: skip
def test_a_statement_that_is_not_allowed_sets_its_file_aside_and_nothing_else_waits(drop, conn, right, states):
    """Only the first file brings a mapping; both need the other rights. None is tried again."""
    drop.lay("water", "a.csv", WIDE, by="某甲", columns=SAID)
    drop.lay("water", "b.csv", LATER, by="某乙")
    conn.execute(f"REVOKE {right} FROM {INTAKE}")
    assert drop.look() == 2
    report = drop.report("water", "a.csv", folder="failed")
    assert "没有收完" in report["says"] and "权限" in report["says"] and "permission denied" not in report["says"]
    assert "permission denied" in report["fault"]
    assert [r["state"] for r in drop.rows()] == states and not list((drop.folder / "water/taking/w1").iterdir())
    once = handed_over(drop)
    for _ in range(5):
        drop.ticks += 3600
        assert drop.look() == 0
    assert handed_over(drop) == once <= 6


def handed_over(drop) -> int:
    """How many readings have reached the writer."""
    return sum(counts.received for counts in drop.hands.writer.counts().values())


def test_the_check_names_the_file_and_is_content_when_it_was_taken_after_all(drop, conn, checked):
    drop.now = datetime.now(UTC)
    conn.execute(f"REVOKE INSERT ON intake_mapping FROM {INTAKE}")
    drop.take("water", "a.csv", WIDE, by="某甲", columns=SAID)
    found = checked()
    assert not found.ok and "a.csv" in found.seen and "intake_mapping" in found.seen and "brain migrate" in found.hint
    conn.execute(f"GRANT INSERT ON intake_mapping TO {INTAKE}")
    row = drop.take("water", "a.csv", WIDE, by="某甲", columns=SAID)
    assert (row["state"], row["stored"], row["duplicate"]) == ("done", 0, 3)
    assert checked().ok


def test_the_check_names_a_file_that_has_been_in_hand_for_long(conn, checked):
    conn.execute("INSERT INTO intake_file (feed, name, sha256, received_at) VALUES ('water', 'b.csv', 'x', %s)", [NOW])
    assert "b.csv" in checked().seen


def test_an_order_that_may_not_be_written_becomes_a_dead_letter_and_the_readings_beside_it_are_stored(drop, conn, catalog):
    conn.execute("INSERT INTO place (code, kind, name, lng, lat) VALUES ('441402', 'district', '梅江区', 116.1, 24.3)")
    conn.execute(f"REVOKE INSERT ON work_order FROM {INTAKE}")
    drop.lay("water", "a.csv", WIDE, by="某甲")
    drop.lay("hotline", "h.csv", "工单编号,诉求内容\nA-1,路灯不亮\n", by="某乙")
    assert drop.look() == 2
    assert [d["rule"] for d in drop.hands.letters()] == ["fault"]
    assert len(drop.hands.readings()) == 3
    assert conn.execute("SELECT count(*) AS n FROM event").fetchone()["n"] == 0
