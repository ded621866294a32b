"""One row that cannot be told never takes the month's report with it: rows planted behind the doors' back, in page and document."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta, timezone

import pytest
from dash import html
from docx import Document
from plotly.utils import PlotlyJSONEncoder
from psycopg.types.json import Jsonb

from brain.flow.events import acting
from brain.model import Verb
from brain.report import docx, snapshot, tables
from brain.report.cells import Column, table
from brain.web.pages.report import sheet, sheet_themes

BEIJING = timezone(timedelta(hours=8))
CUT = datetime(2026, 9, 2, 8, 0, tzinfo=BEIJING)
WHEN = datetime(2026, 8, 10, 9, 0, tzinfo=BEIJING)
NAN = float("nan")


@pytest.fixture
def cases(district):
    """Three cases that are late and open, of one place and class; the first is a good one, the others are to be spoiled."""
    made = []
    for n in range(3):
        district.now = WHEN + timedelta(days=n)
        made.append(district.until("dispatched").id)
    return made


def page_of(made) -> str:
    """The page's sections as JSON."""
    body = [
        sheet.head(made), sheet.conclusions(made), sheet.volume(made), sheet.units(made, "towns", "三", "镇街评价"),
        sheet.units(made, "departments", "四", "承办单位评价"), sheet.frequent(made, None), sheet.late(made),
        sheet_themes.themes(made), sheet_themes.advice(made), sheet_themes.notes(made),
    ]  # fmt: skip
    return json.dumps(html.Div(body), cls=PlotlyJSONEncoder, ensure_ascii=False)


def paper_of(made) -> str:
    """Every word of the document."""
    document = Document(io.BytesIO(docx.document(made)))
    cells = (cell.text for t in document.tables for row in t.rows for cell in row.cells)
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


def told(conn, catalog) -> tuple[dict, str, str]:
    """(snapshot, page, document); the snapshot must be one that can be frozen."""
    made = snapshot.build(conn, catalog, "2026-08", CUT)
    conn.execute("SELECT %s::jsonb", [Jsonb(made)])
    return made, page_of(made), paper_of(made)


SPOILT = {
    "a time after all time": "UPDATE event_log SET detail = detail || '{\"due_at\": \"infinity\"}'"
    " WHERE event_id = %s AND detail ? 'due_at'",
    "the year 9999": "UPDATE event_log SET detail = detail || '{\"due_at\": \"9999-12-31 23:59:59+08\"}'"
    " WHERE event_id = %s AND detail ? 'due_at'",
    "control signs": "UPDATE event SET title = E'\\x01\\x0b坏\\x1f' WHERE id = %s",
    "a source that is none": "UPDATE event SET source = 'wizard' WHERE id = %s",
    "a class that is none": "UPDATE event SET category = 'matter:99999' WHERE id = %s",
    "no latitude": "UPDATE event SET lat = 'NaN' WHERE id = %s",
    "a clock that is none": "UPDATE event SET limit_clock = 'moon' WHERE id = %s",
    "a state that is none": "UPDATE event_log SET to_state = 'half-way' WHERE event_id = %s AND to_state = 'dispatched'",
}


@pytest.mark.parametrize("said", SPOILT.values(), ids=SPOILT.keys())
def test_a_case_with(district, catalog, cases, said):
    district.conn.execute("ALTER TABLE event_log DISABLE TRIGGER ALL")
    for ident in cases[1:]:
        district.conn.execute(said, [ident])
    made, page, paper = told(district.conn, catalog)
    assert cases[0] in page and cases[0] in paper
    assert {c["id"] for c in made["cases"]} | set(made["overdue"]["lost"]) == set(cases)
    assert next(r for r in made["kpis"] if r["key"] == "reported")["top"] == 3
    assert "nan" not in paper.lower().replace("finance", "")


@pytest.mark.parametrize("due", ['"soon"', '"2026-13-41"', "7", "null", "{}"])
def test_a_limit_that_is_no_time_is_none_and_the_month_is_counted(district, catalog, cases, due):
    district.conn.execute("ALTER TABLE event_log DISABLE TRIGGER ALL")
    district.conn.execute(
        "UPDATE event_log SET detail = detail || %s::jsonb WHERE event_id = %s AND detail ? 'due_at'", [f'{{"due_at": {due}}}', cases[1]]
    )
    made, page, paper = told(district.conn, catalog)
    assert next(r for r in made["kpis"] if r["key"] == "reported")["top"] == 3
    assert cases[0] in page and cases[2] in paper


def test_handled_cases_whose_limit_is_of_no_clock_or_of_no_end_leave_the_mean_of_the_others(district, catalog, cases):
    for ident in cases:
        district.now = acting.get(district.conn, ident).reported_at + timedelta(minutes=30)
        district.act(ident, Verb.TAKE, "cgj")
        district.act(ident, Verb.ANSWER, "cgj", here=True, minutes=10)
    whole = snapshot.build(district.conn, catalog, "2026-08", CUT)
    district.conn.execute("ALTER TABLE event_log DISABLE TRIGGER ALL")
    district.conn.execute("UPDATE event SET limit_clock = 'moon' WHERE id = %s", [cases[1]])
    district.conn.execute(SPOILT["the year 9999"], [cases[2]])
    made = told(district.conn, catalog)[0]
    assert cases[0] in {c["id"] for c in made["cases"]} and "无法显示" not in json.dumps(made["conclusions"], ensure_ascii=False)
    assert len(made["cases"]) == len(whole["cases"]) == 3


def test_an_alert_of_no_level_is_told_so_beside_the_others(city_db, catalog):
    for n, level in enumerate((2, 9)):
        city_db.execute("ALTER TABLE alert DROP CONSTRAINT IF EXISTS alert_level_check, DROP CONSTRAINT IF EXISTS alert_peak_check")
        city_db.execute(
            "INSERT INTO alert (station, kind, rule, theme, level, peak, value, limit_value, message, opened_at, observed_at, changed_at)"
            " VALUES (%s, 'pond_depth', 'ladder', 'drainage', %s, %s, 27, 25, 'x', %s, %s, %s)",
            [f"PD-0{n + 1}", level, level, WHEN, WHEN, WHEN],
        )
    made, page, paper = told(city_db, catalog)
    assert made["alerts"]["lost"] == ["drainage"] and len(made["alerts"]["rows"]) == 1
    assert "无法显示" in page and "无法显示" in paper


def measure(conn, station: str, kind: str, value: float) -> None:
    with conn.cursor() as cursor, cursor.copy("COPY reading (station, kind, at, seq, value, quality, delay_s) FROM STDIN") as copy:
        for n in range(6):
            copy.write_row([station, kind, WHEN + timedelta(hours=4 * n), "", value, "ok", 0])


@pytest.mark.parametrize("odd", [NAN, float("inf"), float("-inf")])
def test_a_station_whose_values_are_no_numbers_is_named_and_the_others_are_judged(city_db, catalog, body, odd):
    guard = {"plain": "TABLE reading DROP CONSTRAINT reading_value_check", "timescale": "DOMAIN measured DROP CONSTRAINT measured_check"}
    city_db.execute(f"ALTER {guard[body]}")
    kinds = (("ph", 7.2), ("dissolved_oxygen", 6.4), ("codmn", 3.0), ("ammonia", 0.3), ("total_phosphorus", 0.05))
    for kind, value in kinds:
        measure(city_db, "WQ-01", kind, value)
        measure(city_db, "WQ-02", kind, odd)
    measure(city_db, "WL-01", "water_level", 75.2)
    measure(city_db, "WL-02", "water_level", odd)
    name = city_db.execute("SELECT name FROM station WHERE id = 'WQ-02'").fetchone()["name"]
    made, page, paper = told(city_db, catalog)
    water = made["themes"]["water"]
    assert [s["id"] for s in water["sections"]] == ["WQ-01"] and [r["id"] for r in water["levels"]] == ["WL-01"]
    assert name in water["lost"]["stations"]
    assert f"{name}、" in page + "、" and "读数无法显示" in page and "读数无法显示" in paper


def test_a_frozen_snapshot_whose_rows_are_of_no_shape_prints_the_others(district, catalog, cases):
    made = snapshot.build(district.conn, catalog, "2026-08", CUT)
    made["overdue"]["rows"][0] = {"id": made["overdue"]["rows"][0]["id"], "title": 7}
    made["kpis"][3]["top"] = NAN
    made["kpis"][3]["bottom"], made["kpis"][3]["unit"] = 2, "%"
    late = tables.late(made)
    assert late.rows[0][0].text == "无法显示" and late.rows[0][1].text == made["overdue"]["rows"][0]["id"]
    assert len(late.rows) == 3 and "无法显示" not in late.rows[1][0].text
    assert "无法显示" in page_of(made) and "无法显示" in paper_of(made)


def test_a_section_that_cannot_be_drawn_is_said_so_in_the_document_and_the_others_stand(district, catalog, cases):
    made = snapshot.build(district.conn, catalog, "2026-08", CUT)
    made["daily"] = None
    paper = paper_of(made)
    assert "二、本节无法显示" in paper and "三、镇街与承办单位评价" in paper


def test_a_row_that_cannot_be_drawn_has_its_name_and_the_total_stands():
    columns = (Column("name", "站"), Column("n", "件", format="count"), Column("bar", "图", draws="bar", page_only=True))
    rows = [{"id": "a", "n": 1}, {"id": "b", "n": NAN}, {"id": "c"}]
    made = table("t", "表", columns, rows, lambda r: [r["id"], r["n"], None], lost=["d"], after=[["合计", 1, None]], total=True)
    assert [[c.text for c in row] for row in made.rows] == [
        ["a", "1", ""], ["无法显示", "b", ""], ["无法显示", "c", ""], ["无法显示", "d", ""], ["合计", "1", ""],
    ]  # fmt: skip
