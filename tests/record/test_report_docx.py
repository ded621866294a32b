"""The document: A4 in the manner of 公文, and every number in it one of the snapshot's."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime, timedelta, timezone

import pytest
from docx import Document
from docx.shared import Cm, Pt
from lxml import etree
from PIL import Image

from brain.cities.meijiang import history
from brain.commands import report
from brain.model import Refused
from brain.report import docx, drill_down, places, snapshot
from brain.store import db

BEIJING = timezone(timedelta(hours=8))
NOW = datetime(2026, 9, 3, 10, 0, tzinfo=BEIJING)
NUMBER = re.compile(r"\d+(?:[.\u202f]\d+)*")


@pytest.fixture(scope="module")
def past_url(server, city_template, catalog):
    """URL of a demo city with three months of simulated history."""
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE docx_past TEMPLATE {city_template} STRATEGY file_copy")
    with db.connect(server.url("docx_past"), name="tests") as conn:
        history.load(conn, catalog, NOW, months=3)
    yield server.url("docx_past")
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute("DROP DATABASE docx_past WITH (FORCE)")


@pytest.fixture(scope="module")
def made(past_url, catalog):
    with db.connect(past_url, name="tests") as conn:
        return snapshot.build(conn, catalog, "2026-08", NOW)


@pytest.fixture(scope="module")
def outlines(past_url):
    with db.connect(past_url, name="tests") as conn:
        return places.outlines(conn)


@pytest.fixture(scope="module")
def written(made, outlines):
    return docx.document(made, outlines)


@pytest.fixture(scope="module")
def paper(written):
    return Document(io.BytesIO(written))


def words(paper) -> str:
    cells = [c.text for t in paper.tables for r in t.rows for c in r.cells]
    return "\n".join([*(p.text for p in paper.paragraphs), *cells])


def leaves(value):
    """Every number and text in a value."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield value


def table(paper, head: str):
    return next(t for t in paper.tables if t.rows[0].cells[0].text == head)


def test_every_number_of_the_document_is_one_of_the_snapshot(paper, made):
    known = set()
    for value in leaves({k: v for k, v in made.items() if k != "cases"}):
        if isinstance(value, str):
            known |= set(NUMBER.findall(value))
        elif isinstance(value, int):
            known.add(f"{value:,}".replace(",", "\u202f"))
        elif isinstance(value, float):
            known |= {f"{value:g}", f"{value:.1f}"}
    for row in made["towns"]["rows"] + made["departments"]["rows"]:  # sums that a table prints
        known.add(str(row["handled_late"] + row["overdue_unhandled"]))
    for row in made["repeats"]["rows"]:  # times of the list, printed as 08-03 09:12
        known |= set(
            NUMBER.findall(f"{row['first'][5:10]} {row['first'][11:16]} {row['last'][5:10]} {row['last'][11:16]}")
        )
        for stamp in (row["first"], row["last"]):
            there = datetime.fromisoformat(stamp).astimezone(BEIJING)
            known |= set(NUMBER.findall(f"{there:%m-%d %H:%M}"))
    layout = {str(n) for n in range(1, 21)} | {
        "95",
        "100",
    }  # numbering of lists and pictures, the kind of interval, full marks
    strange = {
        n for n in NUMBER.findall(words(paper)) if n not in known and n.lstrip("0") not in known and n not in layout
    }
    assert not strange, [w for w in words(paper).split("\n") if strange & set(NUMBER.findall(w))]


def test_the_table_of_indicators_prints_the_snapshots_rows(paper, made):
    rows = {r.cells[0].text: r.cells for r in table(paper, "指标").rows[1:]}
    for r in made["kpis"]:
        cells = rows[r["label"]]
        assert cells[1].text.split("（")[0] == r["text"]
        if r["unit"] == "%" and r["bottom"] is not None:
            assert f"（{r['top']:g}/{r['bottom']:g}）" in cells[1].text
        assert (cells[3].text, cells[4].text) == (r["mom"], r["yoy"])


def test_the_table_of_towns_prints_the_snapshots_rows_and_their_sum(paper, made):
    found = [[c.text for c in r.cells] for r in table(paper, "镇街").rows[1:]]
    assert [r[0] for r in found] == [r["name"] for r in made["towns"]["rows"]] + ["合计"]
    assert [r[2] for r in found[:-1]] == [str(r["handle_due"]) for r in made["towns"]["rows"]]
    assert sum(int(r[2]) for r in found[:-1]) == int(found[-1][2]) == made["towns"]["total"]["handle_due"]


def test_the_five_conclusions_stand_on_it_word_for_word(paper, made):
    text = words(paper)
    for c in made["conclusions"]:
        assert "".join(p if isinstance(p, str) else p["b"] for p in c["parts"]) in text


def test_the_page_is_a4_with_the_margins_and_types_of_official_papers(paper):
    section = paper.sections[0]
    size = (section.page_width, section.page_height, section.top_margin, section.left_margin)
    assert [round(x / Cm(1), 1) for x in size] == [21.0, 29.7, 3.7, 2.8]
    title = next(p for p in paper.paragraphs if p.text == "梅江区城市运行月报")
    run = title.runs[0]
    assert "方正小标宋简体" in run._r.xml and str(run.font.color.rgb) == "B01E2D"
    assert paper.styles["Normal"].font.size == Pt(16) and "仿宋_GB2312" in paper.styles["Normal"].element.xml


def test_missing_fonts_have_their_stand_ins_named(written):
    with zipfile.ZipFile(io.BytesIO(written)) as packed:
        fonts = packed.read("word/fontTable.xml").decode()
    assert 'w:name="方正小标宋简体"' in fonts and fonts.count("w:altName") >= 4


def test_it_says_on_page_one_that_data_are_simulated_and_what_is_missing(paper, made):
    first = "\n".join(p.text for p in paper.paragraphs[:8])
    assert "模拟" in first and "缺项：" in first
    assert made["simulated"]["n"] == made["simulated"]["of"] > 0


def test_the_charts_are_sharp_enough_for_paper(written):
    with zipfile.ZipFile(io.BytesIO(written)) as packed:
        pictures = [packed.read(n) for n in packed.namelist() if n.startswith("word/media/")]
    assert 4 <= len(pictures) <= 8
    assert all(Image.open(io.BytesIO(p)).width >= 15.6 / 2.54 * 200 for p in pictures)


def test_the_same_snapshot_gives_the_same_bytes(made, outlines, written):
    assert docx.document(made, outlines) == written


def test_a_document_without_outlines_still_has_its_tables(made):
    plain = Document(io.BytesIO(docx.document(made, None)))
    assert table(plain, "镇街") is not None and "高发网格" in words(plain)


def test_the_command_writes_the_file_and_refuses_other_kinds(past_url, catalog, tmp_path):
    path = report.write_file(past_url, catalog, "2026-08", tmp_path / "a" / "月报.docx", NOW)
    assert path.stat().st_size > 50_000
    with pytest.raises(Refused, match=r"\.docx"):
        report.write_file(past_url, catalog, "2026-08", tmp_path / "a.txt", NOW)
    with pytest.raises(Refused, match="还没有开始"):
        report.write_file(past_url, catalog, "2027-01", tmp_path / "b.docx", NOW)


# The snapshot of a whole demo month -----------------------------------------------------------------------------------
def test_every_printed_count_of_the_tables_leads_to_as_many_cases(made):
    for name in ("towns", "departments"):
        for r in made[name]["rows"]:
            assert drill_down.count(made, r["e_registered"]) == r["registered"]
            assert drill_down.count(made, r["e_due"]) == r["handle_due"]
            assert drill_down.count(made, r["e_late"]) == r["handled_late"] + r["overdue_unhandled"]
            assert drill_down.count(made, r["e_reworked"]) == r["reworked"]
    for r in made["categories"]["rows"] + made["sources"]["rows"]:
        assert drill_down.count(made, r["e"]) == r["n"], r["name"]
    for d in made["daily"]["days"]:
        assert drill_down.count(made, d["e"]) == d["n"]
    for r in made["repeats"]["rows"]:
        assert drill_down.count(made, r["e"]) == r["times"]
    for r in made["hot"]["hot"]:
        assert drill_down.count(made, r["e"]) == r["n"]
    for b in made["overdue"]["bins"]:
        assert drill_down.count(made, b["e"]) == b["done"] + b["open"]


def test_every_link_of_the_conclusions_leads_somewhere(made):
    for c in made["conclusions"]:
        for part in [p for p in c["parts"] if isinstance(p, dict) and p["e"]] + [c["link"]]:
            assert part["e"].startswith("#") or drill_down.pick(made, part["e"]), part


def test_town_department_and_the_whole_agree(made):
    for count in ("registered", "handle_due", "handled_on_time", "handled_late", "overdue_unhandled", "closed"):
        whole = made["towns"]["total"][count]
        assert sum(r[count] for r in made["towns"]["rows"]) == whole
        assert sum(r[count] for r in made["departments"]["rows"]) == whole


def test_shares_add_up_to_exactly_one_hundred(made):
    for name in ("categories", "sources"):
        assert sum(round(r["share"] * 10) for r in made[name]["rows"]) == 1000


def test_units_whose_intervals_overlap_with_the_best_share_its_rank(made):
    for name in ("towns", "departments"):
        ranked = [r for r in made[name]["rows"] if r["rank"]]
        for r in ranked:
            assert r["rank"] == 1 + sum(o["low"] > r["high"] for o in ranked)
        assert all(r["rank"] is None for r in made[name]["rows"] if r["handle_due"] < 10)


def test_sections_without_data_are_named_on_page_one(made, catalog):
    assert {m["key"] for m in made["missing"]} == set(catalog.themes)
    assert not made["themes"]


CONTROLS = [chr(n) for n in (*range(1, 0x20), *range(0x7F, 0xA0))]


@pytest.mark.parametrize("odd", ["\0", *CONTROLS, "\ud800", "\udfff", "\ufffe", "\uffff"], ids=lambda c: f"U+{ord(c):04X}")
def test_no_character_of_a_title_breaks_the_document(made, odd):
    rows = made["overdue"]["rows"]
    title = f"井盖{odd}缺失"
    changed = made | {"overdue": made["overdue"] | {"rows": [rows[0] | {"title": title}, *rows[1:]]}, "title": f"月{odd}报"}
    data = docx.document(changed)
    printed = table(Document(io.BytesIO(data)), "案卷编号").rows[1].cells[1].text
    assert "".join(printed.split()) == "井盖缺失"
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        for name in packed.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(packed.read(name))


def test_a_title_that_lay_in_the_record_before_is_printed_without_what_breaks_it(past_url, catalog, made):
    ident = made["overdue"]["rows"][0]["id"]
    with db.connect(past_url, name="tests") as conn, conn.transaction(force_rollback=True):
        conn.execute("SET LOCAL session_replication_role = replica")
        conn.execute("UPDATE event SET title = %s WHERE id = %s", ["井\x01盖\x9f缺失", ident])
        document = Document(io.BytesIO(docx.document(snapshot.build(conn, catalog, "2026-08", NOW))))
    assert "井盖缺失" in words(document)
