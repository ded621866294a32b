"""Workbooks as strangers send them: what the formats of their cells say, and what is said of those that cannot be read."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import openpyxl
import pytest

from brain.sheets import columns, formats, reading
from brain.sheets.reading import BadSheet

LIMITS = columns.declared().limits
HEAD = ["测站编号", "监测时间", "水位(cm)", "pH", "备注"]
ROWS = [["WL-01", "2026-09-03 08:00", "312", "7.1", "正常"]]


def book(rows) -> bytes:
    made, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        made.active.append(row)  # pyright: ignore[reportOptionalMemberAccess]
    made.save(out)
    return out.getvalue()


def entity_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book([HEAD, *ROWS]))) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                data = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>' + data.replace(b"312", b"&b;")
            new.writestr(part.filename, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.xlsx", entity_bomb(), "XML 实体"),
        ("a.xlsx", b"PK\3\4 and nothing", "不是完好的 XLSX；请"),
        ("a.csv", b"a,b\n1,2\n1," + b"x" * 200_000, "第 3 行起读不下去：有一格超过 131072 个字；请"),
    ],
    ids=["entities", "broken", "long"],
)
def test_a_file_that_cannot_be_read_is_told_without_a_word_of_a_programs_tongue(name, data, says):
    with pytest.raises(BadSheet, match=says) as caught:
        reading.read(name, data, LIMITS)
    assert not {"Error", "field", "limit"} & set(str(caught.value).replace("（", " ").split())


def test_a_workbook_of_more_rows_than_cells_of_padding_is_read_and_too_many_columns_are_told():
    wide = book([HEAD + [f"列{n}" for n in range(LIMITS.columns)], ROWS[0]])
    with pytest.raises(BadSheet, match="超过上限 120 列"):
        reading.read("a.xlsx", wide, LIMITS)
    long = [HEAD] + [ROWS[0]] * 60
    assert len(reading.read("a.xlsx", book(long), replace(LIMITS, cells=400)).rows) == 60


@pytest.mark.parametrize(
    ("said", "value", "shown", "unit"),
    [
        ("0%", 0.88, 88, "%"), ("0.0%", 0.0705, 7.05, "%"), ('0.0"%"', 88, 88, "%"), ('0.00"cm"', 75.1, 75.1, "cm"),
        ('0.0" mg/L"', 1, 1, "mg/L"), (r"0.00\m", 75.1, 75.1, "m"), ('G/通用格式"cm"', 7, 7, "cm"), ('0.0,"km"', 1200, 1.2, "km"),
        ('[Red]0.0"m";[Blue]-0.0"m"', 2, 2, "m"),
    ],
)  # fmt: skip
def test_a_format_says_what_a_number_is_shown_as(said, value, shown, unit):
    made = formats.of(said)
    found = made and made.shown(value)
    assert isinstance(found, formats.Dressed)
    assert (float(found), found.unit) == (pytest.approx(shown), unit)


NOTHING = ["General", "0.00", "#,##0.00", "0.00E+00", "0.00_ ", "0_);(0)", '_ ¥* #,##0.00_ ;_ ¥* "-"??_ ;_ @_ ', '"约"0.0', "@"]


@pytest.mark.parametrize("said", NOTHING)
def test_a_format_that_says_no_unit_says_nothing(said):
    assert formats.of(said) is None
