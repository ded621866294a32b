"""The file door: a kill in the middle, an outage or another worker changes nothing."""

from __future__ import annotations

import itertools
import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from brain.store import db
from ingest.doors.files import folders
from ingest.doors.files.folders import MAP, REPORT
from tests.record.intake.dropping import NOW, WIDE


class Killed(BaseException):
    """The process is gone."""


def killed_at(drop, monkeypatch, statement: str) -> None:
    """A door that dies when it comes to a statement of the database."""
    real = db.run

    def run(conn, name, /, **given):
        if name == statement:
            raise Killed
        return real(conn, name, **given)

    monkeypatch.setattr(db, "run", run)
    with pytest.raises(Killed):
        drop.look()
    monkeypatch.setattr(db, "run", real)


BAD = WIDE + "WL-01,昨天,3,7\n"


@pytest.mark.parametrize("statement", ["file_open", "file_taken", "file_letters", "file_finished"])
def test_a_kill_at_any_step_repeats_the_file_and_stores_nothing_twice(drop, monkeypatch, statement):
    drop.lay("water", "a.csv", BAD, by="tests")
    killed_at(drop, monkeypatch, statement)
    assert drop.look(drop.open()) == 1
    assert len(drop.hands.readings()) == 3
    assert [d["status"] for d in drop.hands.letters() if d["status"] == "open"] == ["open"]
    (row,) = [r for r in drop.rows() if r["state"] == "done"]
    assert row["stored"] + row["duplicate"] == 3 and row["dead"] == 1
    assert not list((drop.folder / "water/taking/w1").iterdir())
    drop.hands.adds_up()


def test_a_kill_between_the_last_line_in_the_database_and_the_last_rename_loses_nothing(drop, monkeypatch):
    drop.lay("water", "a.csv", BAD, by="tests")
    real = os.link

    def link(*_):
        raise Killed

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(Killed):
        drop.look()
    monkeypatch.setattr(os, "link", real)
    assert drop.look(drop.open()) == 1
    assert len(drop.hands.readings()) == 3 and (drop.folder / "water/done/a.csv").exists()
    assert [d["status"] for d in drop.hands.letters()].count("open") == 1


def test_a_kill_between_the_two_halves_of_the_last_move_leaves_a_copy_and_loses_nothing(drop, monkeypatch):
    drop.lay("water", "a.csv", BAD, by="tests")
    real = Path.unlink

    def unlink(self, **more):
        raise Killed

    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(Killed):
        drop.look()
    monkeypatch.setattr(Path, "unlink", real)
    assert drop.look(drop.open()) == 1
    assert len(drop.hands.readings()) == 3 and (drop.folder / "water/done/a.csv").exists()
    assert [d["status"] for d in drop.hands.letters()].count("open") == 1
    assert not list((drop.folder / "water/taking/w1").iterdir())


def test_where_a_file_can_have_one_name_only_it_is_renamed(drop, monkeypatch):
    def link(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    assert drop.take("water", "a.csv", WIDE)["state"] == "done"
    assert [p.name for p in sorted((drop.folder / "water/done").iterdir())] == ["a.csv", f"a.csv{REPORT}"]


def test_a_kill_between_the_two_renames_of_taking_keeps_the_mapping(drop, monkeypatch):
    drop.lay("water", "a.csv", "甲,乙,丙\nWL-01,2026-09-03 08:00,7\n", columns={"甲": "station", "乙": "at", "丙": "kind:ph"})
    real = folders.bring

    def die(*_):
        raise Killed

    monkeypatch.setattr(folders, "bring", die)
    with pytest.raises(Killed):
        drop.look()
    monkeypatch.setattr(folders, "bring", real)
    assert drop.look(drop.open()) == 1 and drop.rows()[0]["stored"] == 1


def test_a_kill_in_the_middle_of_the_rows_stores_each_once(drop, monkeypatch):
    text = "站码,时间,pH\n" + "".join(f"WL-01,2026-09-03 08:{n:02}:00,7\n" for n in range(60))
    drop.lay("water", "a.csv", text, by="tests")
    real, calls = drop.hands.writer.open, itertools.count(1)

    def dies(*given):
        if next(calls) == 31:
            raise Killed
        real(*given)

    monkeypatch.setattr(drop.hands.writer, "open", dies)
    with pytest.raises(Killed):
        drop.look()
    monkeypatch.setattr(drop.hands.writer, "open", real)
    assert drop.look(drop.open()) == 1
    row = drop.rows()[-1]
    assert len(drop.hands.readings()) == 60 and (row["stored"], row["duplicate"]) == (30, 30) and len(drop.rows()) == 1
    assert drop.hands.adds_up()["water"].received == 90


def test_kill_9_of_the_process_with_a_file_in_hand_stores_each_row_once(tmp_path, conn, start, until):
    text = "站码,时间,pH\n" + "".join(f"WL-01,{NOW + timedelta(seconds=n):%Y-%m-%d %H:%M:%S},7\n" for n in range(8_000))
    folder = tmp_path / "drop/water"
    folder.mkdir(parents=True)
    (folder / ("a.csv" + MAP)).write_text("{}", encoding="utf-8")
    (folder / "a.csv").write_text(text, encoding="utf-8")

    def stored() -> int:
        return conn.execute("SELECT count(*) AS n FROM reading").fetchone()["n"]

    worker = start(wait=False)
    until(lambda: stored() > 0)
    worker.kill()
    before = stored()
    worker = start(wait=False)
    until(lambda: (folder / "done/a.csv").exists())
    row = conn.execute("SELECT * FROM intake_file WHERE state = 'done'").fetchone()
    assert before < 8_000, "the kill came too late to show anything"
    assert stored() == 8_000 == row["stored"] + row["duplicate"] and row["duplicate"] >= before
    assert worker.stop() == 0


def test_while_the_database_is_away_files_wait_and_afterwards_are_taken(drop):
    drop.lay("water", "a.csv", WIDE, by="tests")
    drop.there = False
    assert drop.look() == 0 and (drop.folder / "water/a.csv").exists()
    drop.there = True
    assert drop.look() == 1 and len(drop.hands.readings()) == 3


def test_rows_that_stand_in_the_spill_are_safe_and_the_report_says_so(drop):
    drop.hands.database(False)
    row = drop.take("water", "a.csv", WIDE)
    assert (row["state"], row["waiting"], row["stored"]) == ("done", 2, 0) and "已写盘" in row["report"]["says"]
    assert drop.hands.adds_up(in_flight=3)["water"].received == 3


def test_a_row_whose_acknowledgement_never_comes_is_handed_over_again(drop, until):
    """Neither database nor disk takes anything: the writer lets the rows go, and the door must not wait for ever."""
    door = drop.open(stuck_s=0.001)
    drop.hands.database(False)
    real, calls = drop.hands.spill.put, []

    def full(messages):
        calls.append(len(messages))
        drop.ticks += 1
        if len(calls) < 3:
            raise OSError(28, "No space left on device")
        real(messages)

    drop.hands.spill.put = full
    drop.lay("water", "a.csv", WIDE, by="tests")
    assert drop.look(door) == 1
    assert len(calls) >= 3 and drop.rows()[0]["waiting"] == 2


def test_two_workers_on_one_folder_take_each_file_once(drop):
    for n in range(6):
        drop.lay("water", f"{n}.csv", WIDE.replace("09-03", f"08-{n + 10}"), by="tests")
    doors = [drop.open("w1"), drop.open("w2")]
    drop.look()
    threads = [threading.Thread(target=door.step) for door in doors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(drop.hands.readings()) == 18 and len(drop.rows()) == 6
    assert drop.hands.adds_up()["water"].received == 18
