"""The file door: every row once, or in the dead letter with its reason; a kill in the middle changes nothing."""

from __future__ import annotations

import io
import itertools
import json
import os
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import psycopg
import pytest

from brain.flow.city import public_warnings
from brain.sheets import reading
from brain.store import db
from ingest import practice
from ingest.doors.files import door as files
from ingest.doors.files.door import MAP, REPORT, Door
from ingest.watch.mend import mend

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
WIDE = "测站编号,监测时间,水位(cm),pH\nWL-01,2026-09-03 08:00,312,7.1\nWL-01,2026-09-03 09:00,315,--\n"


class Drop:
    """A drop folder with its door and the writer behind it; rows are committed by a thread like in the process."""

    def __init__(self, folder: Path, url: str, catalog, hands):
        self.folder, self.url, self.catalog, self.hands = folder, url, catalog, hands
        self.ticks = 0.0
        self.now = NOW
        self.there = True
        self.thread: threading.Thread | None = None
        self.door = self.open()

    def open(self, worker: str = "w1", **more) -> Door:
        def connect() -> psycopg.Connection:
            if not self.there:
                raise psycopg.OperationalError("connection refused")
            return db.connect(self.url, name="door under test")

        local = replace(practice.load(), drop_errors=5, **more)
        clocks = {"now": lambda: self.now, "monotonic": lambda: self.ticks}
        return Door(self.folder, worker, connect, self.hands.writer, local, self.catalog, **clocks)

    def lay(self, feed: str, name: str, data: bytes | str, **sidecar) -> Path:
        path = self.folder / feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if sidecar:
            path.with_name(name + MAP).write_text(json.dumps(sidecar, ensure_ascii=False), encoding="utf-8")
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def look(self, door: Door | None = None) -> int:
        """One look of the door, the writer turning beside it."""
        if self.thread is None:
            self.thread = threading.Thread(target=self.hands.writer.run)
            self.thread.start()
        return (door or self.door).step()

    def take(self, feed: str, name: str, data: bytes | str, **sidecar) -> dict:
        """Lay a file down and let it be taken in; its row."""
        self.lay(feed, name, data, **(sidecar or {"by": "tests"}))
        assert self.look() == 1
        return self.rows()[-1]

    def rows(self) -> list[dict]:
        return self.hands.look.execute("SELECT * FROM intake_file ORDER BY id").fetchall()

    def report(self, feed: str, name: str, folder: str = "done") -> dict:
        return json.loads((self.folder / feed / folder / (name + REPORT)).read_text(encoding="utf-8"))

    def close(self) -> None:
        self.hands.writer.stop()
        if self.thread is not None:
            self.thread.join(20)


@pytest.fixture
def drop(tmp_path, db_url, catalog, hands):
    drop = Drop(tmp_path / "drop", db_url, catalog, hands)
    yield drop
    drop.close()


def test_a_sheet_becomes_readings_in_the_units_of_the_catalog(drop):
    row = drop.take("water", "9月.csv", WIDE.encode("gbk"))
    assert [r[:2] + r[3:4] for r in drop.hands.readings()] == [
        ("WL-01", "ph", 7.1), ("WL-01", "water_level", 3.12), ("WL-01", "water_level", 3.15),
    ]  # fmt: skip
    assert (row["state"], row["rows"], row["stored"], row["duplicate"], row["dead"], row["by"]) == ("done", 2, 3, 0, 0, "tests")
    assert drop.report("water", "9月.csv")["says"] == row["report"]["says"] == "2 行：入库 3，重复 0，死信 0"
    drop.hands.adds_up()


@pytest.mark.parametrize(
    ("feed", "text"),
    [
        ("rain", "站码;时间;1小时雨量\nRG-01;2026-09-03 08:00;3.5\n"),
        ("water", "station\tkind\tvalue\tunit\ttime\nWL-01\t水位\t312\tcm\t2026-09-03 08:00\n"),
        ("fire", "经度,纬度,时间,FRP\n116.1001,24.3001,2026-09-03 08:00,12\n"),
        ("air", "测站,日期,时刻,PM2.5(mg/m³)\nAQ-01,2026/9/3,8,0.035\n"),
        ("drainage", "设备编号,采集时间,泵站状态\nP-01,2026-09-03 08:00,运行\n"),
    ],
)  # fmt: skip
def test_sheets_of_every_theme_long_or_wide_become_readings(drop, conn, feed, text):
    for station, theme in (("AQ-01", "air"), ("P-01", "drainage")):
        conn.execute("INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, '站', %s, 116, 24)", [station, theme])
    drop.take(feed, "a.csv", text)
    assert [d["reason"] for d in drop.hands.letters()] == []
    ((_, _, at, value, _),) = drop.hands.readings()
    assert at == datetime(2026, 9, 3, 0, 0, tzinfo=UTC) and value in (3.5, 3.12, 12.0, 35.0, 1.0)


FIRMS = (
    "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,daynight\n"
    "24.3001,116.1001,306.43,1.17,1.08,2026-09-03,0036,T,63,6.1NRT,276.13,14.58,D\n"
    "40.00000,100.00000,306.43,1.17,1.08,2026-09-03,0036,T,63,6.1NRT,276.13,14.58,D\n"
    "24.3140,116.1155,306.43,1.17,1.08,2026-09-03,0036,T,63,6.1NRT,276.13,14.58,D\n"
    "nan,116.1001,306.43,1.17,1.08,2026-09-03,0036,T,63,6.1NRT,276.13,14.58,D\n"
)


def test_a_file_of_firms_is_taken_as_it_comes(drop):
    row = drop.take("fire", "MODIS_C6_1_China_24h.csv", FIRMS)
    at = datetime(2026, 9, 3, 0, 36, tzinfo=UTC)
    assert [r[:4] for r in drop.hands.readings()] == [("FW-001", "hotspot", at, 14.58), ("FW-001", "hotspot_confidence", at, 63.0)]
    assert (row["state"], row["stored"], row["dead"]) == ("done", 2, 3)
    assert {(e["row"], e["rule"]) for e in row["report"]["errors"]} == {(4, "place"), (5, "place")}


def test_hotspots_of_firms_far_from_here_are_told_in_a_word_and_are_no_dead_letters(drop):
    row = drop.take("fire", "a.csv", FIRMS.splitlines()[0] + "\n" + FIRMS.splitlines()[2] + "\n")
    assert row["report"]["says"] == "0 行：入库 0，重复 0，死信 0；另有 1 行火点在本区监测格的范围以外，没有收"
    assert drop.hands.letters() == [] and drop.hands.adds_up() == {}


def test_a_file_of_firms_is_read_again_when_the_watch_has_grown(drop, conn):
    text = "\n".join(FIRMS.splitlines()[:3])
    drop.take("fire", "a.csv", text)
    conn.execute(
        "INSERT INTO station (id, name, theme, lng, lat, params)"
        " VALUES ('FW-002', '格', 'fire', 100, 40, '{\"watch\": true}')"
    )
    row = drop.take("fire", "b.csv", text)
    assert (row["state"], row["stored"], row["duplicate"]) == ("done", 2, 2)
    assert drop.take("fire", "c.csv", text)["state"] == "same"


def test_without_a_watch_cell_no_hotspot_of_firms_is_far_and_each_asks_for_one(drop, conn):
    conn.execute("DELETE FROM station WHERE theme = 'fire'")
    assert drop.take("fire", "a.csv", FIRMS)["dead"] == 7


def test_a_hotspot_that_came_over_mqtt_is_known_again_in_a_file(drop):
    drop.hands.send(FIRMS.encode(), "city/441402/fire/lyj/hotspots", "fire")
    row = drop.take("fire", "a.csv", FIRMS)
    assert (row["stored"], row["duplicate"]) == (0, 2) and len(drop.hands.readings()) == 2


def test_a_bad_row_goes_to_the_dead_letter_alone_and_the_report_names_its_line(drop):
    text = "站码,时间,pH\nWL-01,昨天,7\nWL-01,2026-09-03 08:00,7\nWL-99,2026-09-03 08:00,7\nWL-01,2026-09-03 09:00,99\n"
    row = drop.take("water", "a.csv", text)
    assert (row["stored"], row["dead"]) == (1, 3)
    assert [(e["row"], e["rule"]) for e in row["report"]["errors"]] == [(2, "time"), (4, "station"), (5, "range")]
    assert row["report"]["errors"][0]["reason"].startswith("第 2 行“时间”看不懂的时间“昨天”；请")
    assert [json.loads(d["payload"])["row"] for d in drop.hands.letters()] == [2, 4, 5]


def test_a_dead_row_is_mended_from_its_letter_like_any_message(drop, conn, catalog):
    drop.take("water", "a.csv", "站码,时间,pH\n甲站,2026-09-03 08:00,7\n")
    conn.execute("INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('water', 'station', '甲站', 'WL-01')")
    assert mend(conn, catalog, drop.hands.practice, NOW).replayed == 1
    assert [r[0] for r in drop.hands.readings()] == ["WL-01"]


def test_a_station_of_another_theme_cannot_be_written_through_a_feeds_folder(drop):
    row = drop.take("water", "a.csv", "站码,时间,水位\nRG-01,2026-09-03 08:00,3\n")
    assert row["dead"] == 1 and "不归接入 water 管" in row["report"]["errors"][0]["reason"]


def test_a_file_is_taken_only_when_its_size_stands_still(drop):
    path = drop.lay("water", "a.csv", WIDE[:30])
    assert drop.look() == 0
    drop.ticks += 10
    path.write_text(WIDE, encoding="utf-8")
    assert drop.look() == 0
    drop.ticks += 10
    assert drop.look() == 1 and drop.rows()[0]["rows"] == 2


@pytest.mark.parametrize("name", [".a.csv", "~$a.xlsx", "a.csv.part", "a.tmp"])
def test_what_is_still_being_written_under_another_name_is_left_alone(drop, name):
    drop.lay("water", name, WIDE)
    drop.look()
    drop.ticks += 60
    assert drop.look() == 0 and drop.rows() == []


def test_the_columns_a_person_has_named_are_remembered_for_the_next_sheet(drop):
    odd = "甲,乙,丙\nWL-01,2026-09-03 08:00,7\n"
    named = {"甲": "station", "乙": "at", "丙": "kind:ph"}
    assert drop.take("water", "a.csv", odd, columns=named, by="swj1")["stored"] == 1
    assert drop.take("water", "b.csv", odd.replace("08:00", "09:00"))["stored"] == 1


def test_a_sheet_whose_columns_nobody_knows_fails_as_a_whole_and_says_where_to_name_them(drop):
    row = drop.take("water", "a.csv", "甲,乙\n1,2\n")
    assert row["state"] == "failed" and "文件接入" in row["report"]["says"] and "测站" in row["report"]["says"]
    assert (drop.folder / "water/failed/a.csv").exists() and drop.report("water", "a.csv", "failed")["state"] == "failed"


@pytest.mark.parametrize("data", [b"", b"PK\3\4 broken", b"x" * ((16 << 20) + 1)], ids=["empty", "broken", "large"])
def test_a_file_that_cannot_be_read_fails_and_stays(drop, data):
    assert drop.take("water", "a.xlsx", data)["state"] == "failed"
    assert (drop.folder / "water/failed/a.xlsx").read_bytes() == data


def test_the_same_file_again_is_told_and_not_read(drop):
    drop.take("water", "a.csv", WIDE)
    row = drop.take("water", "b.csv", WIDE)
    assert row["state"] == "same" and "a.csv" in row["report"]["says"] and row["stored"] == 0
    assert drop.hands.adds_up()["water"].received == 3


def two_sheets() -> bytes:
    made, out = openpyxl.Workbook(), io.BytesIO()
    made.active.title = "一号"
    for sheet, hour in ((made.active, 8), (made.create_sheet("二号"), 9)):
        sheet.append(["站码", "时间", "pH"])
        sheet.append(["WL-01", f"2026-09-03 {hour:02}:00", 7])
    made.save(out)
    return out.getvalue()


def test_another_sheet_of_the_same_workbook_is_another_file(drop):
    data = two_sheets()
    assert drop.take("water", "a.xlsx", data, sheet="一号")["stored"] == 1
    assert drop.take("water", "b.xlsx", data, sheet="二号")["stored"] == 1


def test_the_same_file_again_is_read_for_the_columns_that_were_named_meanwhile(drop, conn):
    text = "站码,时间,pH,水温读数\nWL-01,2026-09-03 08:00,7,21\n"
    drop.take("water", "a.csv", text)
    conn.execute("INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('water', 'column', '水温读数', 'kind:water_temp')")
    assert drop.take("water", "b.csv", text)["stored"] == 1
    assert {r[1] for r in drop.hands.readings()} == {"ph", "water_temp"}


def test_the_same_file_again_after_refusals_is_read_again_and_its_letters_stand_once(drop, conn):
    text = WIDE + "WL-02,2026-09-03 08:00,3,7\n"
    drop.take("water", "a.csv", text)
    conn.execute("INSERT INTO station (id, name, theme, lng, lat) VALUES ('WL-02', '站', 'water', 116, 24)")
    drop.hands.writer.book.refresh(conn)
    row = drop.take("water", "b.csv", text)
    assert (row["stored"], row["duplicate"], row["dead"]) == (2, 3, 0)
    assert {d["status"] for d in drop.hands.letters()} == {"replayed"}


def test_a_name_in_gbk_and_cells_with_odd_signs_stop_nobody(drop):
    folder = drop.folder / "water"
    folder.mkdir(parents=True)
    odd = os.fsdecode("九月".encode("gbk")) + ".csv"
    text = "站码,时间,pH\n\\u0000,\\u0000,\\u0000\nWL-01,2026-09-03 08:00,7\n\0,\0,\0\n"
    (folder / odd).write_text(text, encoding="utf-8")
    drop.look()
    drop.ticks += 10
    assert drop.look() == 1
    row = drop.rows()[0]
    assert (row["state"], row["stored"], row["dead"]) == ("done", 1, 2) and row["name"].endswith(".csv")
    assert (folder / "done" / odd).exists()


def test_a_file_that_breaks_the_door_rests_and_the_others_go_on(drop, monkeypatch):
    drop.lay("water", "a.csv", WIDE, by="tests")
    drop.lay("water", "b.csv", WIDE.replace("08:00", "10:00"), by="tests")
    real, asked = reading.read, []

    def breaks(name, *given, **more):
        asked.append(name)
        if name == "a.csv" and len(asked) < 4:
            raise RuntimeError("a fault of ours")
        return real(name, *given, **more)

    monkeypatch.setattr(reading, "read", breaks)
    assert drop.look() == 1 and drop.look() == 0
    assert asked == ["a.csv", "b.csv"] and not drop.door.failed
    drop.ticks += 61
    assert drop.look() == 0
    drop.ticks += 61
    assert drop.look() == 1 and len(drop.hands.readings()) == 5


def test_a_row_that_stands_twice_in_a_sheet_is_stored_once_and_told_as_a_duplicate(drop):
    row = drop.take("water", "a.csv", WIDE + WIDE.splitlines()[1] + "\n")
    assert (row["rows"], row["stored"], row["duplicate"]) == (3, 3, 2)
    counts = drop.hands.adds_up()["water"]
    assert (counts.stored, counts.duplicate) == (3, 2)


def test_a_column_that_a_person_left_out_stays_left_out(drop):
    text = "站码,时间,pH,水温\nWL-01,2026-09-03 08:00,7,21\n"
    drop.take("water", "a.csv", text, columns={"站码": "station", "时间": "at", "pH": "kind:ph", "水温": ""})
    drop.take("water", "b.csv", text.replace("08:00", "09:00"))
    assert {r[1] for r in drop.hands.readings()} == {"ph"}


def test_two_files_of_one_name_are_both_kept(drop):
    drop.take("water", "a.csv", WIDE)
    drop.take("water", "a.csv", WIDE.replace("08:00", "10:00"))
    assert sorted(p.name for p in (drop.folder / "water/done").glob("*.csv")) == ["a-2.csv", "a.csv"]


# How long originals stay ----------------------------------------------------------------------------------------------
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


# Odd names, odd folders ---------------------------------------------------------------------------------------------
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
    assert drop.look() == 1 and [r["name"] for r in drop.rows() if r["state"] == "done"] == ["b.csv"]
    assert drop.look() == 0 and drop.hands.adds_up()["water"].received == 6, "it rests"


# Kills ----------------------------------------------------------------------------------------------------------------
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
    real = files._bring

    def die(*_):
        raise Killed

    monkeypatch.setattr(files, "_bring", die)
    with pytest.raises(Killed):
        drop.look()
    monkeypatch.setattr(files, "_bring", real)
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


# Still being written --------------------------------------------------------------------------------------------------
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
    monkeypatch.setattr(files, "_kind_of", lambda folder: kind)
    with drop.lay("water", "a.csv", WIDE).open("a", encoding="utf-8"):  # as every file looks there
        drop.look()
        drop.ticks += 10
        assert drop.look() == 1


def test_the_kind_of_a_file_system_is_that_of_the_nearest_mount(tmp_path):
    there = tmp_path / "drop" / "water"
    told = (("/", "ext4"), (tmp_path, "xfs"), (tmp_path / "drop", "ext4"), (tmp_path / "drop", "nfs4"), (tmp_path / "dr", "cifs"))
    mounts = "".join(f"disk {at} {kind} rw 0 0\n" for at, kind in told)
    assert [files._kind_among(str(p), mounts) for p in (there, tmp_path, Path("/"))] == ["nfs4", "xfs", "ext4"]
    assert files._kind_of(str(tmp_path)) and files._kind_among("/", "") == ""


def test_a_file_that_grew_while_it_was_read_is_read_again(drop, monkeypatch):
    """Where the kernel does not tell who writes (a network folder), the file itself does."""
    path = drop.lay("water", "a.csv", BAD, by="tests")
    real = files._bytes

    def grows(at, most):
        data = real(at, most)
        monkeypatch.setattr(files, "_bytes", real)
        with at.open("a", encoding="utf-8") as late:
            late.write("WL-01,2026-09-03 11:00,320,7.2\n")
        return data

    monkeypatch.setattr(files, "_bytes", grows)
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


# Warnings and orders --------------------------------------------------------------------------------------------------
def sample(name: str) -> bytes:
    folder = Path(__file__).parents[3] / "ingest/feeds/cap/samples"
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["payload_text"].encode()


def warnings(conn) -> dict[str, dict]:
    return {r["identifier"][-6:]: r for r in conn.execute("SELECT * FROM warning")}


@pytest.mark.parametrize("order", list(itertools.permutations(("yellow", "update", "cancel"))), ids="-".join)
def test_updates_and_cancels_end_what_they_refer_to_in_any_order(drop, conn, order):
    for name in order:
        drop.take("cap", f"{name}.xml", sample(name))
    found = warnings(conn)
    assert [(found[k]["ended_by"] or "")[-6:] for k in ("080000", "093000", "120000")] == ["093000", "120000", ""]
    assert [found[k]["cancelled"] for k in ("080000", "093000")] == [False, True]
    assert public_warnings.active(conn, NOW) == []


def test_a_warning_in_force_is_active_until_it_ends_and_an_exercise_never(drop, conn):
    for name in ("yellow", "exercise"):
        drop.take("cap", f"{name}.xml", sample(name).replace(b"_20260903080000", b"_" + name.encode()))
    assert [w["headline"] for w in public_warnings.active(conn, NOW)] == ["梅江区气象台发布暴雨黄色预警信号"]
    assert public_warnings.active(conn, NOW + timedelta(days=1)) == []


def test_a_warning_that_comes_twice_is_a_duplicate_and_a_broken_one_a_dead_letter(drop, conn):
    drop.take("cap", "a.xml", sample("yellow"))
    row = drop.take("cap", "b.xml", sample("yellow") + b"\n")
    assert (row["stored"], row["duplicate"]) == (0, 1)
    row = drop.take("cap", "c.xml", sample("bad_xml"))
    assert row["dead"] == 1 and drop.hands.letters()[0]["rule"] == "decode"
    counts = drop.hands.adds_up()["cap"]
    assert (counts.received, counts.stored, counts.duplicate, counts.dead) == (3, 1, 1, 1)
    status = drop.hands.feed("cap")
    assert status["received"] == status["stored"] + status["duplicate"] + status["dead"] == 3


def test_what_is_about_the_caller_reaches_neither_message_nor_dead_letter(drop):
    rows = [["工单编号", "诉求内容", "来电人", "联系电话"], ["A-1", "请联系13912345678，路灯不亮", "张三丰", 13800138000]]
    made, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        made.active.append(row)
    made.save(out)
    assert drop.take("hotline", "a.xlsx", out.getvalue())["dead"] == 1
    (letter,) = drop.hands.letters()
    said = bytes(letter["payload"]).decode()
    assert "A-1" in said and "张三丰" not in said and "13800138000" not in said
    assert "请联系139****5678，路灯不亮" in said


def test_the_number_and_the_place_of_an_order_stay_though_they_look_like_a_phone(drop):
    drop.take("hotline", "a.csv", "工单编号,诉求内容,经度,纬度\n13912345678,证号441402199001011234路灯不亮,116.13912345678,24.3\n")
    cells = json.loads(drop.hands.letters()[0]["payload"])["cells"]
    assert list(cells.values()) == ["13912345678", "证号441402********1234路灯不亮", "116.13912345678", "24.3"]


def test_a_letter_of_a_record_is_rehearsed_before_it_is_replayed(drop, conn, catalog):
    drop.take("hotline", "a.csv", "工单编号,诉求内容\nA-1,路灯不亮\n")
    assert [d["rule"] for d in drop.hands.letters()] == ["place"]
    assert mend(conn, catalog, drop.hands.practice, NOW).replayed == 0
    conn.execute("INSERT INTO place (code, kind, name, lng, lat) VALUES ('441402', 'district', '梅江区', 116.1, 24.3)")
    assert mend(conn, catalog, drop.hands.practice, NOW).replayed == 1
    assert conn.execute("SELECT count(*) AS n FROM event").fetchone()["n"] == 1


# Whose a file is --------------------------------------------------------------------------------------------------------
MIXED = "测站编号,监测时间,水位(cm)\nWL-01,2026-09-03 08:00,312\nWL-02,2026-09-03 08:00,55\n"


@pytest.fixture
def foreign(conn):
    """WL-02 is a water station of another organisation."""
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('WL-02', 'WL-02', 'water', 116.1, 24.3, 'sthj')")


def test_rows_about_foreign_stations_in_an_uploaded_file_are_refused_and_the_others_stored(drop, foreign):
    row = drop.take("water", "a.csv", MIXED, by="某甲", org="swj")
    assert (row["stored"], row["dead"]) == (1, 1)
    (letter,) = drop.hands.letters()
    assert letter["rule"] == "owner" and "WL-02" in letter["reason"] and letter["topic"].split("/")[2] == "swj"
    assert [e["rule"] for e in drop.report("water", "a.csv")["errors"]] == ["owner"]


def test_the_same_file_in_the_platforms_own_hand_brings_all(drop, foreign):
    drop.take("water", "a.csv", MIXED, by="某甲", org="swj")
    row = drop.take("water", "a.csv", MIXED, by="信息中心")
    assert (row["state"], row["stored"], row["duplicate"], row["dead"]) == ("done", 1, 1, 0)


def test_a_departments_own_folder_carries_its_name_and_no_mapping_in_it_says_otherwise(drop, foreign):
    drop.lay("water/swj", "a.csv", MIXED, org="sthj", by="某乙")
    drop.lay("water/swj", "b.csv", MIXED.replace("08:00", "09:00"))
    drop.look()
    drop.ticks += 60
    drop.look()
    drop.ticks += 60
    drop.look()
    assert sorted((r["name"], r["by"], r["stored"], r["dead"]) for r in drop.rows()) == [
        ("a.csv", "某乙", 1, 1), ("b.csv", drop.catalog.departments["swj"].short, 1, 1),
    ]  # fmt: skip
    assert {d["topic"].split("/")[2] for d in drop.hands.letters()} == {"swj"}
    assert list((drop.folder / "water" / "swj").iterdir()) == []


def test_a_kill_between_mapping_and_file_leaves_the_file_to_the_next_look(drop, foreign, monkeypatch):
    drop.lay("water/swj", "a.csv", MIXED, by="某乙")

    def killed(self, goal):
        if self.suffix == ".csv":
            raise KeyboardInterrupt
        return os.rename(self, goal)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "rename", killed)
        drop.look()
    drop.ticks += 60
    drop.look()
    assert [(r["stored"], r["dead"]) for r in drop.rows()] == [(1, 1)]
