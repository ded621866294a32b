"""Sheets as strangers send them: read into rows, columns understood by their names, rows read or refused with a sentence."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import time
import zipfile
from datetime import UTC, datetime

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from brain.sheets import columns, glance, measurements, orders, reading
from brain.sheets.cells import Unreadable
from brain.sheets.reading import BadSheet, Row
from ingest import feeds

SHEETS = columns.declared()
LIMITS = SHEETS.limits
HEAD = ["测站编号", "监测时间", "水位(cm)", "pH", "备注"]
ROWS = [["WL-01", "2026-09-03 08:00", "312", "7.1", "正常"], ["WL-01", "2026-09-03 09:00", "315", "--", ""]]
UNITS = {"water_level": "m", "ph": "", "pm25": "µg/m³"}
SIZED = settings(max_examples=150, deadline=None)


def text(rows=(HEAD, *ROWS), sign=",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=sign).writerows(rows)
    return out.getvalue()


def book(rows=(HEAD, *ROWS), title="表") -> bytes:
    made = openpyxl.Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(list(row))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


# Reading --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_csv_reads_alike_in_every_coding_and_with_every_delimiter(coding, sign):
    sheet = reading.read("9月.csv", text(sign=sign).encode(coding), LIMITS)
    assert sheet.columns == tuple(HEAD)
    assert [(r.line, r.cells["水位(cm)"]) for r in sheet.rows] == [(2, "312"), (3, "315")]


def test_a_title_above_the_header_and_empty_lines_do_not_count():
    sheet = reading.read("a.csv", ("梅江区水质月报\n\n" + text()).encode(), LIMITS)
    assert sheet.columns[0] == "测站编号" and [r.line for r in sheet.rows] == [4, 5]


def test_a_line_break_inside_quotes_keeps_the_line_numbers_of_the_file():
    rows = [HEAD, ["WL-01", "2026-09-03 08:00", "312", "7", "第一行\n第二行"], ROWS[1]]
    assert [r.line for r in reading.read("a.csv", text(rows).encode(), LIMITS).rows] == [2, 4]


def test_a_workbook_reads_like_its_csv_and_its_days_are_days():
    rows = [HEAD, ["WL-01", datetime(2026, 9, 3, 7, 59, 59, 999_600), 312, 7.1, None], ["WL-01", datetime(2026, 9, 4), 3, 7, ""]]
    sheet = reading.read("a.xlsx", book(rows), LIMITS)
    assert [r.cells["监测时间"] for r in sheet.rows] == ["2026-09-03 08:00:00", "2026-09-04"]
    assert sheet.rows[0].cells["水位(cm)"] == 312


def test_a_named_sheet_of_a_workbook_is_found_or_the_others_are_told():
    assert reading.read("a.xlsx", book(title="九月"), LIMITS, sheet="九月").rows
    with pytest.raises(BadSheet, match="现有 九月"):
        reading.read("a.xlsx", book(title="九月"), LIMITS, sheet="十月")


def test_points_of_a_geojson_are_rows_with_their_place():
    point = {"type": "Point", "coordinates": [116.1, 24.3]}
    feature = {"type": "Feature", "properties": {"时间": "2026-09-03 08:00", "FRP": 12}, "geometry": point}
    data = json.dumps({"type": "FeatureCollection", "features": [feature, None]}).encode()
    sheet = reading.read("a.geojson", data, LIMITS)
    assert sheet.rows[0] == Row(1, {"时间": "2026-09-03 08:00", "FRP": 12, "lng": 116.1, "lat": 24.3})
    assert sheet.rows[1] == Row(2, {})


def test_columns_of_one_name_stay_apart():
    assert reading.read("a.csv", b"pH,pH,pH#2\n1,2,3\n", LIMITS).columns == ("pH", "pH#2", "pH#2#2")


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * ((LIMITS.unzipped_mib + 1) << 20))
    return out.getvalue()


def lying_workbook() -> bytes:
    """One cell in the last corner of the sheet, and a dimension that claims all of it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book())) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                data = data.replace(b'r="5"', b'r="1048576"').replace(b"A1:E3", b"A1:XFD1048576")
                data = data.replace(b"<row r=\"3\">", b"<row r=\"1048576\">").replace(b'"A3"', b'"A1048576"')
            new.writestr(part.filename, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.csv", b"", "空的"),
        ("a.csv", b"\0\0\0", "空的"),
        ("a.xls", b"x", "另存为 .xlsx"),
        ("a.csv", b"\x81\xff\xfe,1\n", "编码"),
        ("a.csv", "只有一列\n1\n2\n".encode(), "找不到表头"),
        ("a.csv", b"x" * ((LIMITS.mib << 20) + 1), "超过上限"),
        ("a.csv", b"a,b\n1," + b"x" * 200_000, "读不下去"),
        ("a.csv", b"a,b\n" + b"1,2\n" * (LIMITS.rows + 1), "分成几个文件"),
        ("a.csv", b",".join(b"c%d" % n for n in range(LIMITS.columns + 1)), "列"),
        ("a.xlsx", b"PK\3\4 and nothing", "不是完好的 XLSX"),
        ("a.xlsx", b"a,b\n1,2\n", "不是完好的 XLSX"),
        ("a.geojson", b"{", "不是合法的 JSON"),
        ("a.geojson", b"[" * 100_000, "不是合法的 JSON"),
        ("a.geojson", b'{"type":"Point"}', "FeatureCollection"),
        ("a.xlsx", zip_bomb(), "解压后"),
        ("a.xlsx", lying_workbook(), "分成几个文件"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why_and_soon(name, data, says):
    began = time.process_time()
    with pytest.raises(BadSheet, match=says) as caught:
        reading.read(name, data, LIMITS)
    assert "；" in str(caught.value) or "请" in str(caught.value)
    assert time.process_time() - began < 2


@SIZED
@given(st.binary(max_size=400), st.sampled_from(reading.SUFFIXES))
def test_any_bytes_are_a_sheet_or_a_bad_sheet(data, ending):
    try:
        found = reading.read("x" + ending, data, LIMITS)
    except BadSheet:
        return
    assert all(set(row.cells) <= set(found.columns) for row in found.rows)


BOOK = book()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_workbook_is_a_sheet_or_a_bad_sheet(data):
    spoiled = bytearray(BOOK)
    for _ in range(data.draw(st.integers(1, 4))):
        spoiled[data.draw(st.integers(0, len(spoiled) - 1))] ^= data.draw(st.integers(1, 255))
    spoiled = spoiled[: data.draw(st.integers(len(spoiled) // 2, len(spoiled)))]
    with contextlib.suppress(BadSheet):
        assert reading.read("a.xlsx", bytes(spoiled), LIMITS).columns


CELLS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\r\n"), min_size=1, max_size=8).map(
    lambda s: "甲" + s
)
"""None of them is the name of a column: two such names in a row and it is the header (`x` is a coordinate)."""


@SIZED
@example([["甲;", "甲;", "甲;"]], ",")
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6), st.sampled_from([",", ";", "\t"]))
def test_what_a_csv_writer_wrote_is_what_is_read(rows, sign):
    sheet = reading.read("a.csv", text([["列一", "列二", "列三"], *rows], sign).encode(), LIMITS)
    assert [list(row.cells.values()) for row in sheet.rows] == rows


# Columns --------------------------------------------------------------------------------------------------------------
def test_columns_are_proposed_by_their_names_with_their_units():
    assert columns.propose(HEAD, "water", SHEETS, UNITS) == {
        "测站编号": "station", "监测时间": "at", "水位(cm)": "kind:water_level@cm", "pH": "kind:ph", "备注": "",
    }  # fmt: skip


def test_a_unit_that_is_the_catalogs_own_needs_no_turning():
    assert columns.propose(["PM2.5（μg/m³）"], "air", SHEETS, UNITS) == {"PM2.5（μg/m³）": "kind:pm25"}


def test_the_same_word_means_another_quantity_in_another_feed():
    assert columns.propose(["温度"], "water", SHEETS, {}) == {"温度": "kind:water_temp"}
    assert columns.propose(["温度"], "fire", SHEETS, {}) == {"温度": "kind:air_temp"}


def test_a_day_and_an_hour_in_two_columns_are_told_apart():
    assert columns.propose(["站码", "日期", "时间"], "rain", SHEETS, {}) == {"站码": "station", "日期": "date", "时间": "clock"}
    assert columns.propose(["站码", "日期"], "rain", SHEETS, {}) == {"站码": "station", "日期": "at"}


def test_what_was_remembered_goes_before_what_the_name_says():
    assert columns.propose(["站", "pH"], "water", SHEETS, {}, {"站": "station", "pH": ""}) == {"站": "station", "pH": ""}


MODIS = "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,daynight"
VIIRS = "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_ti5,frp,daynight"
FIRMS = {
    "latitude": "lat", "longitude": "lng", "acq_date": "date_utc", "acq_time": "clock_utc", "satellite": "satellite",
    "confidence": "kind:hotspot_confidence", "frp": "kind:hotspot",
}  # fmt: skip


@pytest.mark.parametrize("head", [MODIS, VIIRS], ids=["modis", "viirs"])
def test_a_sheet_of_firms_is_understood_as_it_comes(head):
    found = columns.propose(head.split(","), "fire", SHEETS, {"hotspot": "MW", "hotspot_confidence": "%"})
    assert {c: m for c, m in found.items() if m} == FIRMS and columns.lacks(FIRMS, "readings") == []


def test_what_was_remembered_of_other_sheets_does_not_count_for_firms():
    remembered = {"acq_date": "date", "acq_time": "clock", "frp": ""}
    assert columns.propose(FIRMS, "fire", SHEETS, {}, remembered) == FIRMS


def test_a_mapping_that_lacks_something_says_what():
    assert [w[:2] for w in columns.lacks({"a": "station"}, "readings")] == ["时间", "数值"]
    assert columns.lacks({"a": "station", "b": "at", "c": "kind:ph"}, "readings") == []
    assert columns.lacks({"a": "lng", "b": "lat", "c": "date", "d": "clock", "e": "kind", "f": "value"}, "readings") == []
    assert len(columns.lacks({}, "orders")) == 2


def test_two_columns_of_one_meaning_are_told_for_only_one_could_count():
    named = {"a": "station", "b": "at", "c": "kind:ph", "d": "kind:ph@x", "e": "private", "f": "private", "g": "", "h": ""}
    assert columns.lacks(named, "readings") == ["“c”“d”指定成了同一个含义：请只留一列"]


def test_every_declared_feed_is_a_feed_with_the_same_title_and_department():
    told = SHEETS.takers
    assert {(t.key, t.title, t.org) for t in told.values()} == {
        (f.key, f.title, f.org) for f in (feeds.load()[key].FEED for key in told)
    }


def test_no_two_states_of_the_hotline_share_a_word():
    words = [columns.plain(n) for s in SHEETS.states.values() for n in s.names]
    assert len(words) == len(set(words))


# Rows -----------------------------------------------------------------------------------------------------------------
def values(cells: dict, meant: dict, feed="water") -> list[tuple]:
    items, bad = measurements.readings_of(Row(7, cells), meant, feed)
    assert not bad, bad
    return [(i.station, i.kind, i.at, i.value) for i in items]


EIGHT = datetime(2026, 9, 3, 0, 0, tzinfo=UTC)
WIDE = {"站": "station", "时": "at", "水位": "kind:water_level@cm", "酸": "kind:ph"}
LONG = {"站": "station", "时": "at", "项": "kind", "值": "value", "单": "unit"}


def test_a_wide_row_gives_a_value_a_column_and_gaps_none():
    cells = {"站": "WL-01", "时": "2026-09-03 08:00", "水位": "３１２", "酸": "--"}
    assert values(cells, WIDE) == [("WL-01", "water_level@cm", EIGHT, 312.0)]


def test_a_long_row_gives_the_quantity_it_names_in_the_unit_it_names():
    cells = {"站": 101.0, "时": 46268 + 8 / 24, "项": "水位", "值": 312, "单": "cm"}
    assert values(cells, LONG | {"时": "at:excel"}) == [("101", "water_level@cm", EIGHT, 312.0)]


def test_an_unknown_quantity_of_a_long_row_is_left_to_the_mapping():
    assert values({"站": "A", "时": "2026-09-03 08:00", "项": "叶绿素", "值": 3}, LONG)[0][1] == "?叶绿素"


@pytest.mark.parametrize(
    ("day", "hour"),
    [("2026-09-03", "08:00"), ("2026/9/3", 8), ("2026年9月3日", "8"), (46268, 8 / 24), ("46268", "8:00:00"),
     ("20260903", "0800"), (20260903, 800), (20260903.0, "080000"), ("2026-09-03", "上午8:00"), ("2026-09-03", "2026-09-03 08:00")],
)
def test_a_day_and_an_hour_make_a_moment(day, hour):
    form = ":excel" if str(day) == "46268" else ""
    meant = {"日": "date" + form, "时": "clock", "站": "station", "酸": "kind:ph"}
    assert values({"日": day, "时": hour, "站": "A", "酸": 7}, meant)[0][2] == EIGHT


def test_words_of_a_state_are_numbers():
    meant = {"站": "station", "时": "at", "泵": "kind:pump_state"}
    assert values({"站": "P-1", "时": "2026-09-03 08:00", "泵": "运行"}, meant, "drainage")[0][3] == 1.0


def test_a_hotspot_without_a_station_is_known_by_its_place():
    meant = {"经": "lng", "纬": "lat", "时": "at", "F": "kind:hotspot"}
    items, _ = measurements.readings_of(Row(2, {"经": 116.1, "纬": 24.3, "时": "2026-09-03 08:00", "F": 9}), meant, "fire")
    assert (items[0].station, items[0].seq) == ("@116.10000,24.30000", "116.10000,24.30000")


FIRE = feeds.load()["fire"]
PASS = {
    "latitude": "24.2884", "longitude": "116.1222", "acq_date": "2026-09-03", "acq_time": "0036", "satellite": "N20",
    "confidence": "n", "frp": "4.2",
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {}, {"acq_time": "36"}, {"acq_time": 36.0, "frp": 4.2, "latitude": 24.2884}, {"satellite": "T", "confidence": "98"},
        {"satellite": ""}, {"confidence": "h"}, {"confidence": ""}, {"acq_date": "2026/9/3", "acq_time": "2359"},
    ],
    ids=str,
)  # fmt: skip
def test_a_row_of_firms_is_the_same_two_readings_in_a_sheet_and_in_a_message(change):
    cells = PASS | change
    items, bad = measurements.readings_of(Row(2, cells), FIRMS, "fire")
    assert not bad
    message = json.dumps({"rows": [cells | {"acq_time": str(cells["acq_time"]).removesuffix(".0")}]}).encode()
    told = FIRE.parse("city/441402/fire/lyj/hotspots", message, EIGHT)
    assert {(i.station, i.kind, i.at, i.value, i.seq) for i in items} == {(r.station, r.kind, r.at, r.value, r.seq) for r in told}


def test_the_words_of_confidence_weigh_the_same_in_a_sheet_and_in_a_message():
    assert SHEETS.values["hotspot_confidence"] == FIRE.CONFIDENCE


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"acq_time": "2:36"}, "第 2 行“acq_time”应是 UTC 的 HHMM，现为“2:36”；请"),
        ({"acq_time": "2560"}, "第 2 行“acq_date”"),
        ({"acq_date": None}, "第 2 行“acq_date”只有时刻"),
        ({"satellite": "x" * 65}, "第 2 行“satellite”应是卫星的代号"),
        ({"latitude": "北"}, "第 2 行“latitude”应是数字"),
        ({"latitude": "2430"}, "第 2 行的“116.1222,2430”没有这样的经纬度；请核对"),
        ({"latitude": None}, "第 2 行没有可用的经纬度“longitude”“latitude”；请"),
    ],
)
def test_a_bad_cell_of_firms_names_its_row_and_its_column(change, says):
    _, bad = measurements.readings_of(Row(2, PASS | change), FIRMS, "fire")
    assert str(bad[0]).startswith(says)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"时": "昨天"}, "第 7 行“时”看不懂的时间“昨天”；请"),
        ({"时": None}, "第 7 行没有时间；请"),
        ({"站": " "}, "第 7 行没有测站编号；请"),
        ({"酸": "七点一"}, "第 7 行“酸”应是数字，现为“七点一”；请"),
        ({"酸": "", "水位": None}, "第 7 行一个数值也没有"),
        ({"酸": True}, "第 7 行“酸”应是数字"),
    ],
)
def test_a_bad_cell_names_its_row_and_its_column(change, says):
    cells = {"站": "WL-01", "时": "2026-09-03 08:00", "水位": 3, "酸": 7} | change
    _, bad = measurements.readings_of(Row(7, cells), WIDE, "water")
    assert bad and str(bad[0]).startswith(says)


def test_a_bad_cell_spares_the_others_of_its_row():
    items, bad = measurements.readings_of(Row(7, {"站": "A", "时": "2026-09-03 08:00", "水位": "高", "酸": 7}), WIDE, "water")
    assert [i.kind for i in items] == ["ph"] and len(bad) == 1


def test_a_look_before_sending_counts_rows_and_names_the_unknown_station():
    rows = [Row(2, {"站": "WL-01", "时": "2026-09-03 08:00", "酸": 7}), Row(3, {"站": "ZZ", "时": "2026-09-03 08:00", "酸": 7})]
    found = glance.look(rows, {"站": "station", "时": "at", "酸": "kind:ph"}, "water", SHEETS, {"WL-01": ""})
    assert (found.sound, found.values) == (1, 2) and found.bad[0][0] == 3 and "没有登记" in found.bad[0][1]


ANY_CELL = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30))
FIELDS = [
    "station", "at", "date", "clock", "kind", "value", "unit", "quality", "lng", "lat", "kind:ph", "kind:pump_state@x", "",
    "date_utc", "clock_utc", "satellite", "kind:hotspot_confidence",
]  # fmt: skip


@SIZED
@given(st.dictionaries(st.sampled_from(FIELDS), ANY_CELL), st.sampled_from(["water", "fire", "drainage"]))
def test_any_row_gives_values_or_sentences(cells, feed):
    items, bad = measurements.readings_of(Row(1, cells), {name: name for name in cells}, feed)
    assert items or bad
    assert all(isinstance(err, Unreadable) and str(err).startswith("第 1 行") for err in bad)
    assert all(item.at.tzinfo is not None for item in items)


ORDER = list(SHEETS.fields["orders"])


@SIZED
@given(st.dictionaries(st.sampled_from(ORDER), ANY_CELL))
def test_any_row_is_an_order_or_a_sentence(cells):
    try:
        order = orders.order_of(Row(1, cells), {name: name for name in cells})
    except Unreadable as err:
        assert str(err).startswith("第 1 行")
    else:
        assert order.number and order.content


def test_a_point_of_another_map_is_turned_into_ours():
    meant = {"号": "number", "内": "content", "高德坐标": "point"}
    order = orders.order_of(Row(2, {"号": "1", "内": "x", "高德坐标": "116.12,24.30"}), meant)
    lng, lat = order.point
    assert 300 < ((lng - 116.12) ** 2 + (lat - 24.30) ** 2) ** 0.5 * 111_000 < 900


@SIZED
@given(st.binary(max_size=300))
def test_any_bytes_of_a_row_are_read_or_refused(payload):
    for feed in ("water", "hotline"):
        try:
            feeds.reader(feed, "file/x/1")("file/x/1", payload, EIGHT)
        except feeds.BadMessage as err:
            assert err.rule and "；" in err.reason
