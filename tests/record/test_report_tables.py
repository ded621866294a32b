"""Tables as they are declared: typed cells, characters by the column's format, and snapshots of old that still print."""

from __future__ import annotations

import io

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.report import text, theme_tables
from brain.report.cells import FORMATS, Cell, Column, Part, table, verdict
from brain.report.paper import Paper

COLUMNS = (
    Column("name", "站", 5.0),
    Column("n", "告警", 3.0, unit="次", align="right", format="count"),
    Column("drawn", "图", draws="bar", page_only=True),
)


def test_plain_values_become_cells_written_as_their_column_says():
    (row,) = table("t", "表", COLUMNS, [["甲", 1491, None]]).rows
    assert [c.text for c in row] == ["甲", "1\u202f491", ""] and row[1].value == 1491
    assert [c.words for c in COLUMNS] == ["站", "告警 次", "图"]


def test_an_unknown_value_is_a_dash_in_every_format():
    assert {FORMATS[name](None) for name in FORMATS} == {text.DASH}


def test_a_row_of_another_length_is_refused_with_the_tables_name():
    with pytest.raises(ValueError, match="table t: a row of 2 cells under 3 columns"):
        table("t", "表", COLUMNS, [["甲", 1]])


def test_what_only_a_page_has_is_not_on_paper():
    there = table("t", "表", COLUMNS, [["甲", 1, {"n": 1}]]).on_paper()
    assert [c.key for c in there.columns] == ["name", "n"] and len(there.rows[0]) == 2


ROW = st.tuples(st.text("甲乙 ab", max_size=9), st.one_of(st.none(), st.integers(0, 10**7)), st.text("（）12", max_size=5))


@settings(deadline=None)  # a document is written each time, on a machine that is busy with others
@given(st.lists(ROW, min_size=1, max_size=6))
def test_the_document_prints_the_characters_of_every_cell(rows):
    cells = [[name, Cell(n, "ids=1", after=(Part(more, tone="soft"),)), None] for name, n, more in rows]
    declared = table("t", "表", COLUMNS, cells)
    paper = Paper("x")
    paper.print(declared)
    (found,) = Document(io.BytesIO(paper.save())).tables
    assert [[c.text for c in r.cells] for r in found.rows[1:]] == [[c.text for c in r] for r in declared.on_paper().rows]


def test_a_table_without_rows_says_so_on_paper():
    paper = Paper("x")
    paper.print(table("t", "表", COLUMNS, [], empty="本月没有。"))
    assert [p.text for p in paper.document.paragraphs] == ["本月没有。"] and not paper.document.tables


@pytest.mark.parametrize(("met", "shown", "tone"), [(True, "达标", "met"), (False, "未达标", "missed")])
def test_a_verdict_has_its_word_and_its_tone(met, shown, tone):
    cell = verdict(met, "达标", "未达标")
    assert (cell.shown, cell.tone) == (shown, tone)


# Snapshots from before themes were entries of the catalog --------------------------------------------------------------
OLD = {
    "water": {"label": "水情水质", "sections": [], "good": 0, "met": 0, "with_target": 0, "levels": []},
    "rain": {"label": "雨情", "gauges": [], "without_total": 0},
    "drainage": {"label": "排水内涝", "places": [], "alerts": 0},
    "fire": {"label": "森林防火", "hotspots": 3, "cells": 2, "strongest_text": "12.0 MW"},
    "cameras": {"label": "视频", "share_text": "91.7", "mom": "—", "outages": 1, "target_text": "—", "heard": 1, "stations": 2,
                "unit": "路"},
    "air": {"label": "空气", "good": 1, "valid": 2, "share_text": "50.0", "mom": "—", "levels": [], "causes": []},
}
PARTS = {
    "water": ["water_class", "water_levels"], "rain": ["rain_sums"], "drainage": ["ponding"], "fire": ["hotspots"],
    "cameras": ["online"], "air": ["air_days"],
}  # fmt: skip


@pytest.mark.parametrize("key", sorted(OLD))
def test_a_frozen_theme_that_names_no_parts_is_known_by_what_it_holds(key):
    assert theme_tables.parts_of(OLD[key]) == PARTS[key]
    assert all(isinstance(block, theme_tables.Words) for block in theme_tables.blocks(OLD[key]))
