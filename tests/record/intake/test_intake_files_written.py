"""The file door: a file that is still being written is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from brain.store import db
from ingest.doors.files import folders, rows
from ingest.doors.files.folders import REPORT
from tests.record.intake.dropping import WIDE

BAD = WIDE + "WL-01,昨天,3,7\n"


@pytest.mark.parametrize("sidecar", [{}, {"by": "tests"}], ids=["by_hand", "with_its_mapping_first"])
def test_a_file_that_somebody_still_writes_is_left_alone_however_long_he_pauses(drop, sidecar):
    path = drop.lay("water", "a.csv", "", **sidecar)
    with path.open("w", encoding="utf-8") as slow:
        slow.write(WIDE[:-8])  # the last value is half there: 3 of 315
        slow.flush()
        drop.look()
        drop.ticks += 60
        assert drop.look() == 0 and drop.rows() == []
        slow.write(WIDE[-8:])
    taken = drop.look()
    drop.ticks += 60
    assert taken + drop.look() == 1 and [r[3] for r in drop.hands.readings()] == [7.1, 3.12, 3.15]


def test_a_file_that_somebody_holds_open_for_long_is_named_once(drop, caplog):
    with drop.lay("water", "a.csv", WIDE).open("a", encoding="utf-8"):
        for _ in range(4):
            drop.look()
            drop.ticks += 20
    (said,) = [r.getMessage() for r in caplog.records if "a.csv" in r.getMessage()]
    assert "开着" in said and "请" in said
    assert drop.look() == 1


@pytest.mark.parametrize("kind", ["nfs4", "cifs"])
def test_on_a_network_folder_whose_kernel_refuses_every_lease_the_standing_still_counts(drop, monkeypatch, kind):
    monkeypatch.setattr(folders, "file_system_of", lambda folder: kind)
    with drop.lay("water", "a.csv", WIDE).open("a", encoding="utf-8"):  # as every file looks there
        drop.look()
        drop.ticks += 10
        assert drop.look() == 1


def test_the_kind_of_a_file_system_is_that_of_the_nearest_mount(tmp_path):
    there = tmp_path / "drop" / "water"
    told = (("/", "ext4"), (tmp_path, "xfs"), (tmp_path / "drop", "ext4"), (tmp_path / "drop", "nfs4"), (tmp_path / "dr", "cifs"))
    mounts = "".join(f"disk {at} {kind} rw 0 0\n" for at, kind in told)
    assert [folders.file_system_among(str(p), mounts) for p in (there, tmp_path, Path("/"))] == ["nfs4", "xfs", "ext4"]
    assert folders.file_system_of(str(tmp_path)) and folders.file_system_among("/", "") == ""


def test_a_file_that_grew_while_it_was_read_is_read_again(drop, monkeypatch):
    """Where the kernel does not tell who writes (a network folder), the file itself does."""
    path = drop.lay("water", "a.csv", BAD, by="tests")
    real = rows.bytes_of

    def grows(at, most):
        data = real(at, most)
        monkeypatch.setattr(rows, "bytes_of", real)
        with at.open("a", encoding="utf-8") as late:
            late.write("WL-01,2026-09-03 11:00,320,7.2\n")
        return data

    monkeypatch.setattr(rows, "bytes_of", grows)
    assert drop.look() == 0 and not path.exists()
    assert drop.look() == 1 and len(drop.hands.readings()) == 5
    assert [d["status"] for d in drop.hands.letters()].count("open") == 1
    assert [r["state"] for r in drop.rows()] == ["failed", "done"] and "又变了" in drop.rows()[0]["report"]["says"]


def test_two_workers_that_finish_files_of_one_name_at_once_keep_both(drop, monkeypatch):
    done = drop.folder / "water/done"
    drop.lay("water", "a.csv", WIDE, by="tests")
    real = db.run

    def run(conn, statement, /, **given):
        if statement == "file_finished":  # the other worker is a moment ahead
            done.mkdir(parents=True, exist_ok=True)
            (done / "a.csv").write_text("the other's", encoding="utf-8")
            (done / f"a.csv{REPORT}").write_text("{}", encoding="utf-8")
        return real(conn, statement, **given)

    monkeypatch.setattr(db, "run", run)
    assert drop.look() == 1
    assert (done / "a.csv").read_text() == "the other's" and drop.report("water", "a.csv") == {}
    assert (done / "a-2.csv").read_text() == WIDE and drop.report("water", "a-2.csv")["stored"] == 3
