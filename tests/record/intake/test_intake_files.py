"""The file door: every row once, or in the dead letter with its reason."""

from __future__ import annotations

import io
import json
import os
from datetime import UTC, datetime

import openpyxl
import pytest

from brain.sheets import reading
from ingest.watch.mend import mend
from tests.record.intake.dropping import NOW, WIDE


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


def test_a_dead_row_is_mended_from_its_letter_like_any_message(drop, conn, catalog, intake):
    drop.take("water", "a.csv", "站码,时间,pH\n甲站,2026-09-03 08:00,7\n")
    conn.execute("INSERT INTO intake_mapping (feed, what, given, meant) VALUES ('water', 'station', '甲站', 'WL-01')")
    assert mend(intake, catalog, drop.hands.practice, NOW).replayed == 1
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


def test_columns_with_numbers_that_nobody_takes_are_told_and_all_others_named(drop):
    text = "站码,时间,pH,五日生化需氧量(mg/L),序号,备注\nWL-01,2026-09-03 08:00,7,3.1,1,好\n"
    row = drop.take("water", "a.csv", text)
    assert row["stored"] == 1 and row["report"]["untaken"] == ["五日生化需氧量(mg/L)", "序号", "备注"]
    assert "“五日生化需氧量(mg/L)”这几列里是数字，但没有取" in row["report"]["says"] and "“序号”" not in row["report"]["says"]


def test_the_sheets_of_a_workbook_that_are_not_read_are_told(drop):
    row = drop.take("water", "a.xlsx", two_sheets())
    assert row["stored"] == 1 and row["report"]["unread"] == ["二号"] and "“二号”没有读" in row["report"]["says"]


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
