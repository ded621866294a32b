"""`brain import readings`: history of any length, once, late, and with its roll-ups."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from brain.catalog import Catalog
from brain.commands import backfill, importing
from brain.engine.loop import Engine
from brain.flow.measured import instruments, readings
from brain.identity.doing import Doer, Via
from brain.model import Refused
from brain.settings import Settings
from brain.store import db

HEAD = "station,kind,at,value"


@pytest.fixture
def bring(conn, db_url, catalog, now, tmp_path):
    """bring(text or path) imports it; `bring.rejects` is the file of what could not be taken."""
    for ident, theme in (("WQ-01", "water"), ("RG-01", "rain"), ("PD-01", "drainage")):
        conn.execute(
            "INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, %s, %s, 116.1, 24.3)", [ident, ident, theme]
        )

    def bring(given: str | bytes | Path, at: datetime = now, catalog: Catalog = catalog) -> backfill.Done:
        path = given
        if not isinstance(given, Path):
            path = tmp_path / "history.csv"
            path.write_bytes(given.encode() if isinstance(given, str) else given)
        return backfill.load(lambda: db.connect(db_url), catalog, path, bring.rejects, now=lambda: at)

    bring.rejects = tmp_path / "rejects.csv"
    return bring


def stored(conn) -> list[tuple]:
    rows = conn.execute("SELECT * FROM reading ORDER BY station, kind, at, seq")
    return [(r["station"], r["kind"], r["at"], r["value"], r["quality"]) for r in rows]


def lines(now: datetime, n: int, kind: str = "ph", station: str = "WQ-01") -> str:
    return "\n".join([HEAD, *(f"{station},{kind},{(now - timedelta(hours=k)).isoformat()},{7 + k / 100}" for k in range(n))])


def test_the_rows_of_a_file_are_stored_as_late_and_counted(conn, now, bring):
    done = bring(lines(now, 30))
    assert (done.stored, done.duplicate, done.refused) == (30, 0, 0)
    assert {row[4] for row in stored(conn)} == {"late"}
    feed = conn.execute("SELECT * FROM feed_status WHERE feed = 'import'").fetchone()
    assert (feed["received"], feed["stored"], feed["duplicate"], feed["dead"]) == (30, 30, 0, 0)
    assert readings.latest_of(conn, ["WQ-01"])["WQ-01", "ph"].value == 7.0


def test_the_same_file_again_stores_nothing(conn, now, bring):
    bring(lines(now, 30))
    done = bring(lines(now, 40))
    assert (done.stored, done.duplicate) == (10, 30)
    assert len(stored(conn)) == 40


def test_a_row_twice_in_one_file_is_stored_once(conn, now, bring):
    done = bring(f"{lines(now, 3)}\n{lines(now, 3).split(chr(10), 1)[1]}")
    assert (done.stored, done.duplicate) == (3, 3)


def test_hours_that_were_closed_are_counted_anew_right_afterwards(conn, now, bring):
    bring(lines(now, 2))
    readings.roll_up(conn, now + timedelta(days=2))
    bring(f"{HEAD}\nWQ-01,ph,{(now + timedelta(minutes=10)).isoformat()},9", at=now + timedelta(days=2))
    hour = conn.execute("SELECT n, high FROM reading_1h ORDER BY bucket DESC LIMIT 1").fetchone()
    assert (hour["n"], hour["high"]) == (2, 9.0)


def test_alerts_that_come_of_history_are_late_and_open_no_event(conn, catalog, now, bring):
    bring(f"{HEAD}\nPD-01,pond_depth,{(now - timedelta(days=3)).isoformat()},60")
    Engine(conn, catalog).step(now)
    alert = conn.execute("SELECT late, event_id FROM alert WHERE kind = 'pond_depth'").fetchone()
    assert alert == {"late": True, "event_id": None}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("XX-01,ph,2026-09-01T08:00:00+08:00,7", "没有站点 XX-01"),
        ("WQ-01,phx,2026-09-01T08:00:00+08:00,7", "没有传感器种类 phx"),
        ("WQ-01,ph,昨天,7", "“at”看不懂的时间“昨天”；请写成"),
        ("WQ-01,ph,2026-09-01T08:00:00+08:00,七", "“value”应是数字，现为“七”；请核对"),
        ("WQ-01,ph,2026-09-01T08:00:00+08:00,inf", "不是有限的数"),
        ("WQ-01,ph,2026-09-01 08:00-09:00,7", "写的是一段时间"),
        ("WQ-01,ph,2026-02-30 08:00,7", "没有这样的时刻"),
        ("WQ-01,ph,46268,7", "Excel 的日期序号"),
        ("WQ-01,ph,,7", "没有时间"),
        ("WQ-01,ph,2026-09-01T08:00:00+08:00,15", "超出合理范围 0–14"),
        ("WQ-01,ph,2026-09-01T08:00:00+08:00", "这一行有 3 列"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_spares_its_neighbours(conn, now, bring, row, says):
    done = bring(f"{HEAD}\nWQ-01,ph,2026-09-01T07:00:00+08:00,7\n{row}\nWQ-01,ph,2026-09-01T09:00:00+08:00,7.5\n")
    assert (done.stored, done.refused, len(stored(conn))) == (2, 1, 2)
    line, reason = done.first[0]
    assert line == 3 and says in reason
    with open(bring.rejects, encoding="utf-8-sig") as file:
        assert [(r["line"], says in r["reason"]) for r in csv.DictReader(file)] == [("3", True)]


def test_times_may_be_written_in_several_ways(conn, now, bring):
    bring(
        f"{HEAD}\nWQ-01,ph,2026-09-01T08:00:00+08:00,7\nWQ-01,ph,2026-09-01 09:00,7\nWQ-01,ph,2026-09-01T02:00:00Z,7\n"
        "WQ-01,ph,2026-09-01T11:00:00.5,7\n"
    )
    assert [row[2].isoformat() for row in stored(conn)] == [
        "2026-09-01T00:00:00+00:00", "2026-09-01T01:00:00+00:00", "2026-09-01T02:00:00+00:00",
        "2026-09-01T03:00:00.500000+00:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "said",
    ["2026-08-31 24:00", "20260901000000", "1788192000", "1788192000000", "2026年9月1日0时", "2026/9/1 0:00", "2026090100",
     "2026-08-31T16:00:00Z", "2026-08-31 09:00:00-07:00"],
)  # fmt: skip
def test_a_time_is_read_as_at_every_other_door_whatever_its_neighbours(conn, bring, said):
    assert bring(f"{HEAD}\nWQ-01,ph,{said},7\nWQ-01,ph,2026-09-02T08:00:00+08:00,7\nWQ-01,ph,2026-09-03 08:00,7\n").stored == 3
    assert stored(conn)[0][2].isoformat() == "2026-08-31T16:00:00+00:00"


def test_a_whole_file_of_periods_is_not_taken_for_offsets(bring):
    done = bring("\n".join([HEAD, *(f"WQ-01,ph,2026-09-01 {h:02}:00-{h + 1:02}:00,7" for h in range(9))]))
    assert (done.stored, done.refused) == (0, 9) and "写的是一段时间" in done.first[0][1]


def test_a_gap_is_no_reading_and_what_is_below_a_limit_says_so(conn, bring):
    rows = ["8,--", "9,<0.5", "10,nan", "11,>9", "12,7", "13,缺测", "14,1.5L"]
    done = bring("\n".join([HEAD, *(f"WQ-01,ph,2026-09-01 {row.replace(',', ':00,', 1):0>7}" for row in rows)]))
    assert (done.stored, done.refused, done.gaps) == (4, 0, 3)
    assert [(row[3], row[4]) for row in stored(conn)] == [(0.25, "below_limit"), (9.0, "range"), (7.0, "late"), (0.75, "below_limit")]


def test_the_line_that_is_told_is_that_of_the_file(conn, bring, monkeypatch):
    """Whatever stands between: rows of another width, empty lines, lines of commas, blocks that are read ahead."""
    monkeypatch.setattr(backfill, "BLOCK", 120)
    good, bad = "WQ-01,ph,2026-09-01T08:{:02}:00+08:00,7", "XX-01,ph,2026-09-01T08:00:00+08:00,7"
    lines = [HEAD]
    for n in range(12):
        lines += [good.format(n), "WQ-01,ph,7", "", bad, ",,,", "  ", bad]
    done = bring("\n".join([*lines, "WQ-01", "", ""]))
    told = [n for n, line in enumerate(lines, 1) if line in (bad, "WQ-01,ph,7")]
    with open(bring.rejects, encoding="utf-8-sig") as file:
        rows = [(int(r["line"]), r["station"]) for r in csv.DictReader(file)]
    assert [line for line, _ in rows] == [*told, len(lines) + 1] and all(lines[n - 1] == bad for n, station in rows if station)
    assert (done.stored, done.gaps, done.refused) == (12, 0, 37)


def test_what_could_not_be_taken_stands_beside_the_file(conn, db_url, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    path = tmp_path / "history.csv"
    path.write_text(f"{HEAD}\nXX-01,ph,2026-09-01T08:00:00+08:00,7\n", encoding="utf-8")
    said: list[str] = []
    assert importing.run(Settings(database_url=db_url), "readings", path, said.append) == 1
    assert (tmp_path / "history.未导入.csv").exists() and f"{tmp_path / 'history.未导入.csv'}" in said[-1]


def test_gbk_and_a_byte_order_mark_are_read(conn, now, bring):
    text = "note,station,kind,at,value\n测站一,WQ-01,ph,2026-09-01T08:00:00+08:00,7\n"
    assert bring(text.encode("gbk")).stored == 1
    assert bring("\ufeff".encode() + text.encode()).duplicate == 1


def test_a_parquet_file_is_read_in_its_own_types(conn, now, bring, tmp_path):
    path = tmp_path / "history.parquet"
    at = pa.array([now, now - timedelta(hours=1)], pa.timestamp("ms", "Asia/Shanghai"))
    parquet.write_table(
        pa.table({"station": ["WQ-01", "RG-01"], "kind": ["ph", "rain_1h"], "at": at, "value": [7.1, 3.0],
                  "quality": ["manual", "ok"]}),
        path,
    )  # fmt: skip
    assert bring(path).stored == 2
    assert [(r[0], r[3], r[4]) for r in stored(conn)] == [("RG-01", 3.0, "late"), ("WQ-01", 7.1, "manual")]


def test_a_file_without_its_columns_is_refused_as_a_whole(bring):
    with pytest.raises(Refused, match="缺少列 kind、at、value"):
        bring("station,x\nWQ-01,1\n")


def test_what_is_known_of_the_instrument_holds_for_history(conn, catalog, now, bring):
    by = Doer("运维", "localhost", Via.CLI)
    instruments.calibrate(conn, catalog, "WQ-01", "ph", now - timedelta(days=9), None, by, now, addend=0.5, why="比测")
    instruments.maintain(conn, "WQ-01", now - timedelta(hours=1), now, "换药", by, now)
    bring(lines(now, 2), at=now + timedelta(minutes=5))
    instruments.settle(conn, now + timedelta(minutes=10))
    assert [(row[3], row[4]) for row in stored(conn)] == [(pytest.approx(7.51), "maintenance"), (7.5, "late")]


def test_a_value_that_contradicts_what_is_stored_is_kept_beside_it(conn, now, bring):
    bring(f"{HEAD}\nWQ-01,ph,{now.isoformat()},7")
    done = bring(f"{HEAD}\nWQ-01,ph,{now.isoformat()},8")
    assert (done.stored, done.duplicate) == (1, 0)
    assert [(row[3], row[4]) for row in stored(conn)] == [(7.0, "late"), (8.0, "duplicate")]


@pytest.mark.parametrize("days", [1, 365, 70 * 365])
def test_a_time_in_the_future_is_refused_and_does_not_stand_as_the_newest_for_ever(conn, now, bring, days):
    done = bring(f"{HEAD}\nWQ-01,ph,{(now + timedelta(days=days)).isoformat()},7\nWQ-01,ph,{now.isoformat()},7.5\n")
    assert (done.stored, done.refused) == (1, 1) and "在未来" in done.first[0][1]
    assert readings.latest_of(conn, ["WQ-01"])["WQ-01", "ph"].value == 7.5


@pytest.mark.parametrize("year", [2000, 1999, 1970, 1956, 1, 9999])
def test_a_time_before_what_the_doors_believe_or_of_no_calendar_is_refused_alone(conn, bring, year):
    done = bring(f"{HEAD}\nRG-01,rain_1h,{year:04}-06-01T08:00:00+08:00,7\n")
    assert (done.stored, done.refused) == ((1, 0) if year == 2000 else (0, 1))
    assert year > 2000 or not done.first or "早于 2000-01-01" in done.first[0][1]


def test_a_value_that_contradicts_another_of_the_same_file_is_kept_beside_it(conn, now, bring):
    done = bring(f"{HEAD}\nWQ-01,ph,{now.isoformat()},7\nWQ-01,ph,{now.isoformat()},8\nWQ-01,ph,{now.isoformat()},7\n")
    assert (done.stored, done.duplicate) == (2, 1)
    assert [(row[3], row[4]) for row in stored(conn)] == [(7.0, "late"), (8.0, "duplicate")]


def test_the_rows_of_the_log_count_what_the_feed_counts(conn, now, bring):
    bring(f"{HEAD}\nWQ-01,ph,{now.isoformat()},7")
    bring(f"{HEAD}\nWQ-01,ph,{now.isoformat()},8\nWQ-01,ph,{now.isoformat()},7")
    log = conn.execute("SELECT sum(received) AS received, sum(stored) AS stored, sum(duplicate) AS duplicate FROM intake_batch").fetchone()
    feed = conn.execute("SELECT received, stored, duplicate FROM feed_status WHERE feed = 'import'").fetchone()
    assert log == feed == {"received": 3, "stored": 2, "duplicate": 1}


@pytest.mark.parametrize("value", ["1_0", "0x7", "7,1", "７.1", ""])
def test_a_number_is_what_people_write_as_one(conn, now, bring, value):
    done = bring(f'{HEAD}\nWQ-01,ph,{now.isoformat()},"{value}"\nWQ-01,ph,{(now - timedelta(hours=1)).isoformat()},很多\n')
    assert done.stored == (value == "７.1")


def test_a_sequence_that_the_database_cannot_hold_spares_its_neighbours(conn, now, bring):
    done = bring(f"{HEAD},seq\nWQ-01,ph,{now.isoformat()},7,a\0b\nWQ-01,ph,{now.isoformat()},7,\\.\nWQ-01,ph,{now.isoformat()},7,c\n")
    assert (done.stored, done.refused) == (2, 1) and "seq" in done.first[0][1]


def test_beijing_time_is_the_same_in_the_summers_of_1986_to_1991_whatever_else_the_file_holds(conn, bring, catalog):
    """China had summer time then, records of stations never; and what depends on a neighbour's row would be stored twice."""
    catalog = replace(catalog, bounds=replace(catalog.bounds, oldest=datetime(1950, 1, 1, tzinfo=UTC)))
    bring = partial(bring, catalog=catalog)
    row = "RG-01,rain_1h,1988-07-01 08:00,7"
    assert bring(f"{HEAD}\n{row}\n").stored == 1
    done = bring(f"{HEAD}\n{row}\nRG-01,rain_1h,昨天,7\n")
    assert (done.duplicate, [r[2].isoformat() for r in stored(conn)]) == (1, ["1988-07-01T00:00:00+00:00"])


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_a_parquet_file_of_texts_of_any_make_is_read_row_by_row(conn, now, bring, tmp_path, kind):
    path = tmp_path / "history.parquet"
    rows = {"station": ["WQ-01", "WQ-01"], "kind": ["ph", "ph"], "at": [now.isoformat(), (now - timedelta(hours=1)).isoformat()],
            "value": ["7.1", "七"], "seq": ["", ""], "quality": ["", "ok"]}  # fmt: skip
    parquet.write_table(pa.table({name: pa.array(cells).cast(kind) for name, cells in rows.items()}), path)
    done = bring(path)
    assert (done.stored, done.refused) == (1, 1) and "应是数字，现为“七”" in done.first[0][1]


@pytest.mark.parametrize("name", ["history.parquet", "history.csv"])
def test_a_file_that_is_broken_in_the_middle_is_refused_in_a_sentence(conn, now, bring, tmp_path, name):
    path = tmp_path / name
    if name.endswith("csv"):
        path.write_bytes(lines(now, 30).encode() + b"\n" + b'WQ-01,ph,"\xff\xff\xff,7\n' * 3)
    else:
        texts = [f"WQ-{n:05}" for n in range(3000)]
        parquet.write_table(pa.table({"station": texts, "kind": texts, "at": texts, "value": texts}), path, compression="none")
        data = bytearray(path.read_bytes())
        data[4:4000] = b"\xff" * 3996
        path.write_bytes(data)
    with pytest.raises(Refused, match=name):
        bring(path)


def test_the_first_of_two_values_for_one_reading_is_stored_however_far_apart_they_stand(conn, bring, monkeypatch):
    monkeypatch.setattr(backfill, "CHUNK", 10)
    lines = [f"{s},{k},2026-08-01T{n // 60:02}:{n % 60:02}:00+08:00,{n % 7}" for n in range(200)
             for s, k in (("RG-01", "rain_1h"), ("PD-01", "pond_depth"))]  # fmt: skip
    again = [line.rsplit(",", 1)[0] + ",9" for line in lines]
    done = bring("\n".join([HEAD, *lines, *again]))
    assert (done.stored, done.duplicate) == (800, 0)
    first = conn.execute("SELECT count(*) AS n FROM reading WHERE seq = '' AND value < 9").fetchone()
    beside = conn.execute("SELECT count(*) AS n FROM reading WHERE quality = 'duplicate' AND value = 9").fetchone()
    assert (first["n"], beside["n"]) == (400, 400)


def test_stations_are_stored_by_two_connections_at_a_time(conn, bring, monkeypatch):
    seen = set()
    real = backfill._store
    monkeypatch.setattr(backfill, "_store", lambda conn, *more: (seen.add(id(conn)), real(conn, *more))[1])
    done = bring(f"{HEAD}\nRG-01,rain_1h,2026-08-01T08:00:00+08:00,1\nPD-01,pond_depth,2026-08-01T08:00:00+08:00,1\n"
                 "WQ-01,ph,2026-08-01T08:00:00+08:00,7")  # fmt: skip
    assert (done.stored, len(seen)) == (3, 2)
