"""The file door: how long originals stay, and odd files and folders that hold up no other."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from brain.store import db
from ingest.doors.files import door as files
from tests.record.intake.dropping import WIDE


def days_later(drop, days: float, **more) -> list[str]:
    """What lies in the drop folder after a door has looked around so many days from now."""
    drop.now = datetime.now(UTC) + timedelta(days=days)
    drop.look(drop.open(**more))
    return sorted(str(p.relative_to(drop.folder)) for p in drop.folder.rglob("*") if p.is_file())


ORDERS = "工单编号,诉求内容,来电人,联系电话\nA-1,路灯不亮,张三丰,13800138000\n"


def test_an_original_goes_with_its_report_after_its_days_and_not_before(drop):
    path = drop.lay("hotline", "a.csv", ORDERS, by="tests")
    os.utime(path, (0, 0))  # what its sender says of its age does not count
    drop.look()
    assert days_later(drop, 29.9) == ["hotline/done/a.csv", "hotline/done/a.csv.report.json"]
    assert days_later(drop, 30.1) == []
    assert drop.rows()[0]["state"] == "done"


def test_a_refused_original_stays_longer_so_that_it_can_be_mended(drop):
    drop.take("hotline", "a.csv", "甲,乙\n1,2\n")
    assert days_later(drop, 89.9) == ["hotline/failed/a.csv", "hotline/failed/a.csv.report.json"]
    assert days_later(drop, 90.1) == []


def test_nought_days_keep_originals_for_ever(drop):
    drop.take("water", "a.csv", WIDE)
    drop.take("water", "b.csv", "甲,乙\n1,2\n")
    assert len(days_later(drop, 36_500, drop_done_days=0, drop_refused_days=0)) == 4


def test_what_waits_or_is_in_hand_is_never_deleted(drop):
    drop.lay("water", "a.csv", WIDE)
    drop.lay("water", "taking/w2/b.csv", WIDE)
    drop.there = False
    assert days_later(drop, 400) == ["water/a.csv", "water/taking/w2/b.csv"]


def test_a_report_whose_original_is_gone_and_an_original_without_a_report_go_too(drop):
    drop.lay("water", "done/a.csv.report.json", "{}")
    drop.lay("water", "done/b.csv", WIDE)
    drop.lay("water", "done/kept/c.csv", WIDE)
    assert days_later(drop, 31) == ["water/done/kept/c.csv"]


def test_a_door_that_runs_looks_for_originals_once_an_hour(drop):
    drop.take("water", "a.csv", WIDE)
    drop.now = datetime.now(UTC) + timedelta(days=31)
    drop.look()
    assert (drop.folder / "water/done/a.csv").exists()
    drop.ticks += files.CLEAR_S
    drop.look()
    assert not (drop.folder / "water/done/a.csv").exists()


def test_an_original_that_cannot_be_deleted_is_told_and_stops_nobody(drop, monkeypatch, caplog):
    drop.take("water", "a.csv", WIDE)
    drop.take("water", "b.csv", WIDE.replace("08:00", "10:00"))
    real = Path.unlink

    def unlink(self, missing_ok=False):
        if self.name == "a.csv":
            raise PermissionError(13, "Permission denied")
        real(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    assert days_later(drop, 31) == ["water/done/a.csv", "water/done/a.csv.report.json"]
    assert any("a.csv 处理不了：Permission denied" in r.getMessage() for r in caplog.records)


@pytest.mark.parametrize("length", [255, 247, 244])
def test_a_file_with_the_longest_of_names_is_taken_in_like_any_other(drop, length):
    name = ("九" * 90).encode()[: (length - 4) // 3 * 3].decode() + ".csv"
    name = "a" * (length - len(name.encode())) + name
    drop.lay("water", name, WIDE)
    drop.look()
    drop.ticks += 10
    assert drop.look() == 1 and not drop.door.failed
    assert drop.rows()[0]["state"] == "done" and name.startswith(drop.rows()[0]["name"].removesuffix(".csv"))
    assert len(drop.hands.readings()) == 3
    assert [p.suffix for p in sorted((drop.folder / "water/done").iterdir())] == [".csv", ".json"]


def test_a_folder_that_cannot_be_read_stops_neither_the_others_nor_the_process(drop, monkeypatch):
    drop.lay("air", "a.csv", WIDE)
    drop.lay("water", "a.csv", WIDE, by="tests")
    real = os.scandir

    def scandir(path):
        if path == drop.folder / "air":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert drop.look() == 1 and len(drop.hands.readings()) == 3


def test_a_column_too_long_to_be_remembered_holds_up_nothing(drop):
    odd = "".join(chr(0x4E00 + n * 7919 % 20000) for n in range(4000))  # too long for an index, and not to be compressed
    drop.lay("water", "a.csv", WIDE, columns={"测站编号": "station", "监测时间": "at", "pH": "kind:ph", odd: "station"})
    drop.lay("water", "b.csv", WIDE.replace("08:00", "10:00"), by="tests")
    assert drop.look() == 2 and {r["state"] for r in drop.rows()} == {"done"}


def test_what_the_database_refuses_of_one_file_holds_up_no_other(drop, monkeypatch):
    for name, hour in (("a.csv", "08:00"), ("b.csv", "10:00")):
        drop.lay("water", name, WIDE.replace("08:00", hour), by="tests")
    real = db.run

    def run(conn, statement, /, **given):
        if statement == "file_finished" and given["id"] == 1:
            raise psycopg.errors.CheckViolation("new row violates check constraint")
        return real(conn, statement, **given)

    monkeypatch.setattr(db, "run", run)
    assert drop.look() == 2 and [r["name"] for r in drop.rows() if r["state"] == "done"] == ["b.csv"]
    assert "check constraint" in drop.report("water", "a.csv", folder="failed")["fault"]
    drop.ticks += 3600
    assert drop.look() == 0 and drop.hands.adds_up()["water"].received == 6, "it is not tried again"
