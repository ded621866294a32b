"""The file door: public warnings and orders of the hotline."""

from __future__ import annotations

import io
import itertools
import json
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest

from brain.flow.city import public_warnings
from ingest.watch.mend import mend
from tests.record.intake.dropping import NOW


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


@pytest.mark.parametrize("later", ["update", "cancel"])
def test_another_department_that_copies_the_sender_ends_nothing_and_is_told_why(drop, conn, later):
    first = sample("yellow" if later == "update" else "update")
    drop.take("cap", "a.xml", first, org="qxj")
    row = drop.take("cap", "b.xml", sample(later), org="yjj")
    assert (row["stored"], row["dead"]) == (later == "update", 1)
    (letter,) = drop.hands.letters()
    assert letter["rule"] == "sender" and "气象局" in letter["reason"] and "应急局" in letter["reason"]
    assert not any(r["ended_by"] for r in warnings(conn).values())
    counts = drop.hands.adds_up()["cap"]
    assert (counts.stored, counts.dead) == (2 if later == "update" else 1, 1)
    drop.take("cap", "c.xml", sample(later) + b"\n", org="qxj")
    assert sum(r["ended_by"] is not None for r in warnings(conn).values()) == 1


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


def test_log_and_report_hold_no_number_of_a_person_that_a_file_is_named_after(drop, caplog):
    caplog.set_level("INFO", "ingest")
    name = "e21_13800138000_441402199001011234.csv"
    row = drop.take("water", name, "测站编号,监测时间,水位\n13912345678,2026-09-03 08:00,75.1\n")
    assert row["name"] == name and row["dead"] == 1
    logged = "".join(r.getMessage() for r in caplog.records)
    assert "e21_138****8000_441402********1234.csv" in logged and "13800138000" not in logged
    said = json.dumps(row["report"], ensure_ascii=False)
    assert "139****5678" in said and "13912345678" not in said and "13800138000" not in said


def test_the_number_and_the_place_of_an_order_stay_though_they_look_like_a_phone(drop):
    drop.take("hotline", "a.csv", "工单编号,诉求内容,经度,纬度\n13912345678,证号441402199001011234路灯不亮,116.13912345678,24.3\n")
    cells = json.loads(drop.hands.letters()[0]["payload"])["cells"]
    assert list(cells.values()) == ["13912345678", "证号441402********1234路灯不亮", "116.13912345678", "24.3"]


def test_a_letter_of_a_record_is_rehearsed_before_it_is_replayed(drop, conn, catalog, intake):
    drop.take("hotline", "a.csv", "工单编号,诉求内容\nA-1,路灯不亮\n")
    assert [d["rule"] for d in drop.hands.letters()] == ["place"]
    assert mend(intake, catalog, drop.hands.practice, NOW).replayed == 0
    conn.execute("INSERT INTO place (code, kind, name, lng, lat) VALUES ('441402', 'district', '梅江区', 116.1, 24.3)")
    assert mend(intake, catalog, drop.hands.practice, NOW).replayed == 1
    assert conn.execute("SELECT count(*) AS n FROM event").fetchone()["n"] == 1
