"""Bodies of many rows: whatever bytes come, they are rows or a refusal, and a row is read by its feed as it was written."""

from __future__ import annotations

import contextlib
import json
import time
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import feeds
from ingest.doors import rows
from ingest.feeds import BadMessage, _wire
from ingest.feeds._sample import samples

RECEIVED = datetime(2026, 9, 3, 0, 0, 5, tzinfo=UTC)
JSON_FEEDS = sorted(k for k, m in feeds.load().items() if m.FEED.topic and m.FEED.theme != feeds.ANY)
"""The departments' own: a transport that serves several themes has forms of its own."""
FORMS = ["json", "csv", "geojson"]
MOST = 50
cells = st.text(alphabet='a1,"\n\r;\t \x00水ｐ\u00a0', max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["type", "features", "properties", "geometry", "coordinates", "readings", "kind", "value", "station", "acq_date"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=15,
)


def read(feed: str, form: str, body: bytes) -> list[rows.Row]:
    """The rows of a body, each offered to its feed; nothing but refusals may come of it."""
    try:
        found = rows.cut(feed, form, body, MOST)
    except rows.BadBody as err:
        assert err.rule and err.reason
        return []
    assert 0 < len(found) <= MOST
    for row in found:
        try:
            feeds.load()[feed].parse(f"push/{feed}/k1/-", row.payload, RECEIVED)
        except BadMessage as err:
            assert err.reason
        else:
            assert row.refused is None, "what was refused as a row must not be guessed at when it is replayed"
    return found


@settings(max_examples=300, deadline=None)
@given(feed=st.sampled_from(JSON_FEEDS), form=st.sampled_from(FORMS), body=st.binary(max_size=120))
def test_any_bytes_are_rows_or_refused(feed, form, body):
    read(feed, form, body)


@settings(max_examples=200, deadline=None)
@given(feed=st.sampled_from(JSON_FEEDS), body=st.lists(st.lists(cells, max_size=4), max_size=4))
def test_any_table_is_rows_or_refused(feed, body):
    read(feed, "csv", "\n".join(",".join(line) for line in body).encode("utf-8", "surrogatepass"))


@settings(max_examples=80, deadline=None)
@given(feed=st.sampled_from(JSON_FEEDS), form=st.sampled_from(["json", "geojson"]), body=values)
def test_any_json_is_rows_or_refused(feed, form, body):
    read(feed, form, json.dumps(body).encode())


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_good_body_cut_or_flipped_is_rows_or_refused(data):
    body = bytearray(data.draw(st.sampled_from(GOOD))[2])
    body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    feed, form, _ = data.draw(st.sampled_from(GOOD))
    read(feed, form, bytes(body[: data.draw(st.integers(0, len(body)))]))


GOOD = [
    ("rain", "csv", "stcd,tm,p1\nRG-01,2026-09-03 08:00,１２.5\n".encode()),
    ("water", "csv", "站码,监测时间,水温,标识\nWQ-01,2026-09-03 08:00,28.8,N\n".encode("gb18030")),
    ("water", "csv", b"stcd,tm,z\nWL-01,2026-09-03 08:00,75.9\n"),
    ("air", "csv", b"MN,DataTime,PM2.5\nAQ-01,20260903080000,38\n"),
    ("drainage", "csv", b"dev,p,v,u,t,n\nDW-01,depth,1.8,m,1788393600,7\nDW-02,pond,3,,1788393600,\n"),
    ("cameras", "csv", b"CmdType,DeviceID,Time,Online\nDeviceStatus,44140200081326000123,2026-09-03T08:00:00,ONLINE\n"),
    ("fire", "csv", b"latitude,longitude,acq_date,acq_time,confidence,frp\n24.2,116.1,2026-09-03,325,n,4.2\n"),
    ("fire", "csv", b"stcd,tm,t,rh\nFM-01,2026-09-03 08:00,33,41\n"),
    ("fire", "geojson", b'{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Point",'
     b'"coordinates": [116.1, 24.2]}, "properties": {"acq_date": "2026-09-03", "acq_time": "325", "frp": 4.2}}]}'),
    ("rain", "json", b'{"readings": [{"station": "RG-01", "kind": "rain_1h", "value": 1, "at": 1788393600}]}'),
]  # fmt: skip


@pytest.mark.parametrize(("feed", "form", "body"), GOOD, ids=[f"{g[0]}-{n}" for n, g in enumerate(GOOD)])
def test_a_row_of_a_table_is_a_message_of_its_feed(feed, form, body):
    for row in rows.cut(feed, form, body, MOST):
        assert feeds.load()[feed].parse(f"push/{feed}/k1/-", row.payload, RECEIVED)


@pytest.mark.parametrize("feed", JSON_FEEDS)
def test_every_good_json_sample_may_be_pushed_as_it_is(feed):
    for s in samples(feed):
        if s.refused is None and s.payload[:1] == b"{":
            (row,) = rows.cut(feed, "json", s.payload, MOST)
            found = feeds.load()[feed].parse(f"push/{feed}/k1/-", row.payload, RECEIVED)
            assert found == [r._replace(value=pytest.approx(r.value)) for r in s.readings]


@pytest.mark.parametrize("feed", JSON_FEEDS)
def test_every_feed_reads_the_plain_form(feed):
    body = b'{"station": "X-1", "kind": "level", "value": "1.5", "unit": "cm", "at": 1788393600, "seq": 7, "flag": "M"}'
    (found,) = feeds.load()[feed].parse(f"city/441402/{feed}/X-1", body, RECEIVED)
    assert (found.station, found.kind, found.value, found.seq, found.quality) == ("X-1", "?level@cm", 1.5, "7", "maintenance")
    with pytest.raises(BadMessage, match="不一致"):
        feeds.load()[feed].parse(f"city/441402/{feed}/X-2", body, RECEIVED)


HOSTILE = {
    "deep": b"[" * 1_000_000,
    "deep in a row": b'[{"a":' + b"[" * 900 + b"]" * 900 + b"}]",
    "long number": b'[{"p1": ' + b"9" * 500_000 + b"}]",
    "wide header": b"a," * 250_000 + b"b\n1",
    "wide header, short lines": b",".join(b"c%d" % n for n in range(20_000)) + b"\n" + b"1\n" * 100_000,
    "shared field": b'{"x": "' + b"x" * 1_000_000 + b'", "readings": [' + b"{}," * 100_000 + b"{}]}",
    "shared fields": b"{" + b",".join(b'"n%0100d":0' % n for n in range(3_000)) + b',"readings":[' + b"{}," * 5_000 + b"{}]}",
    "open quote": b'a,b\n"' + b"x\n" * 500_000,
    "empty lists": b"[" + b"[]," * 200_000 + b"[]]",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_ends_soon_and_takes_little_memory(name):
    form = "csv" if name in ("wide header", "wide header, short lines", "open quote") else "json"
    feeds.load()  # what is loaded once is no cost of a body
    tracemalloc.start()
    began = time.process_time()
    with contextlib.suppress(rows.BadBody):
        rows.cut("rain", form, HOSTILE[name], 10_000)
    took, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert took < 2  # under the tracer, which makes it several times slower
    assert peak < 100 << 20


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_a_table_that_is_parted_otherwise_than_by_commas_is_read_all_the_same(sign):
    lines = [["stcd", "tm", "p1"], ["RG-01", "2026-09-03T08:00:00+08:00", '"12.5"']]
    body = "\r\n".join(sign.join(cells) for cells in lines).encode()
    [row] = rows.cut("rain", "csv", body, MOST)
    assert row.refused is None
    assert [(r.station, r.value) for r in feeds.load()["rain"].parse("city/441402/rain/qxj/-", row.payload, RECEIVED)] == [("RG-01", 12.5)]


@pytest.mark.parametrize(("feed", "form", "body"), GOOD, ids=[f"{g[0]}-{n}" for n, g in enumerate(GOOD)])
def test_a_row_that_says_it_is_a_test_is_one_in_every_form(feed, form, body):
    """As a column of a table, beside the rows of a JSON body, beside the features of a map."""
    if form == "csv":
        head, *lines = _wire.text(body, gbk=True).splitlines()
        marked = "\n".join([f"{head},数据类型", *(f"{line},测试数据" for line in lines)]).encode()
    else:
        marked = json.dumps(json.loads(body) | {"simulated": True}).encode()
    for row in rows.cut(feed, form, marked, MOST):
        found = feeds.load()[feed].parse(f"push/{feed}/k1/-", row.payload, RECEIVED)
        assert found and {r.quality for r in found} == {"test"}


@pytest.mark.parametrize("feed", ["water", "rain", "air", "drainage", "fire"])
@pytest.mark.parametrize(("column", "said", "quality"), [("simulated", "1", "test"), ("状态", "测试中", "test"), ("状态", "正常", "ok")])
def test_a_row_of_a_file_that_says_it_is_a_test_is_one(feed, column, said, quality):
    cells = {"站码": "X-1", "时间": "2026-09-03 08:00", "x": "3", column: said}
    row = {"feed": feed, "row": 2, "cells": cells, "columns": {"站码": "station", "时间": "at", "x": "kind:water_level"}}
    read = feeds.reader(feed, f"{feeds.ROW}ab/2")
    assert [r.quality for r in read(f"{feeds.ROW}ab/2", json.dumps(row).encode(), RECEIVED)] == [quality]


@pytest.mark.parametrize(
    ("feed", "form", "body", "rule", "says"),
    [
        ("water", "json", '{"stcd": "WL-02", "stcd": "WL-03", "tm": "2026-09-03 08:00", "z": 7}', "shape", "WL-02 与 WL-03"),
        ("rain", "json", '[{"stcd": "RG-01", "tm": "2026-09-03 08:00", "p1": 1, "p1": 9}]', "value", "1 与 9"),
        ("rain", "json", '[{"stcd": "RG-01", "tm": "2026-09-03 08:00", "p1": 1, "P1": 9}]', "value", "p1、P1 只差大小写"),
        ("rain", "json", '{"stcd": "RG-01", "tm": "2026-09-03 08:00", "TM": "2026-09-03 09:00", "p1": 1}', "time", "只差大小写"),
        ("rain", "csv", "stcd,tm,p1,P1\nRG-01,2026-09-03 08:00,1,9\n", "value", "p1、P1 只差大小写"),
        ("fire", "json", '{"dev": "FS-01", "ts": 1788393600, "TS": 1788393660, "smoke": 1}', "time", "只差大小写"),
        ("drainage", "csv", "dev,p,v,V,t\nDW-01,depth,1,9,1788393600\n", "value", "1 与 9"),
        ("drainage", "json", '{"dev": "D-1", "list": [{"p": "depth", "v": 1, "V": 9, "t": 1788393600}]}', "value", "只差大小写"),
        ("air", "json", '{"MN": "A-1", "DataTime": "20260903080000", "CP": {"SO2": {"Avg": 1, "avg": 9}}}', "value", "只差大小写"),
        ("rain", "json", '{"readings": [{"station": "R", "kind": "k", "value": 1, "Value": 9, "at": 1788393600}]}', "value", "1 与 9"),
        ("water", "geojson", '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
         '{"stcd": "WL-02", "stcd": "WL-03", "tm": "2026-09-03 08:00", "z": 7}}]}', "shape", "WL-02 与 WL-03"),
    ],
)  # fmt: skip
def test_a_name_that_stands_twice_with_two_values_is_refused_with_both(feed, form, body, rule, says):
    (row,) = rows.cut(feed, form, body.encode(), MOST)
    with pytest.raises(BadMessage) as err:
        feeds.load()[feed].parse(f"push/{feed}/k1/-", row.payload, RECEIVED)
    assert (err.value.rule, err.value.rest) == (rule, []) and says in err.value.reason.replace('"', "")


def test_a_name_that_stands_twice_with_one_value_is_read():
    (row,) = rows.cut("rain", "json", b'{"stcd": "RG-01", "tm": "2026-09-03 08:00", "p1": 1, "P1": 1, "p1": 1}', MOST)
    assert [r.value for r in feeds.load()["rain"].parse("push/rain/k1/-", row.payload, RECEIVED)] == [1.0]


def pushed(feed: str, body: str) -> list[tuple]:
    found = []
    for row in rows.cut(feed, "csv", body.encode(), MOST):
        assert row.refused is None
        got = feeds.load()[feed].parse(f"push/{feed}/org/k1/-", row.payload, RECEIVED)
        found += [(r.station, r.kind, r.value, f"{r.at:%H:%M}", str(r.quality)) for r in got]
    return found


@pytest.mark.parametrize(
    ("feed", "head", "line", "readings"),
    [
        ("water", "站码,监测时间(UTC),水位(cm)", "WL-01,2026-09-03 00:00,312", [("WL-01", "water_level@cm", 312.0, "00:00", "ok")]),
        ("water", "stcd,tm,z(cm)", "WL-01,2026-09-03 08:00,312", [("WL-01", "water_level@cm", 312.0, "00:00", "ok")]),
        ("water", "站码,监测时间,pH,氨氮(mg/L)", "W,2026-09-03 08:00,7.1,<0.025",
         [("W", "ph", 7.1, "00:00", "ok"), ("W", "ammonia", 0.0125, "00:00", "below_limit")]),
        ("water", "站码,监测时间(UTC),水位(m),数据类型", "WL-01,2026-09-03 00:00,3,测试", [("WL-01", "water_level", 3.0, "00:00", "test")]),
        ("rain", "站码,时间,雨量", "RG-01,2026-09-03 08:00,12.5", [("RG-01", "rain_1h", 12.5, "00:00", "ok")]),
        ("air", "MN,DataTime,PM2.5(mg/m³)", "AQ-01,20260903080000,0.038", [("AQ-01", "pm25@mg/m3", 0.038, "00:00", "ok")]),
        ("drainage", "设备编号,时间(+09:00),积水(mm)", "DW-01,2026-09-03 09:00,30", [("DW-01", "pond_depth@mm", 30.0, "00:00", "ok")]),
        ("rain", "station,kind,value(cm),at(UTC)", "RG-01,rain_1h,1,2026-09-03 00:00", [("RG-01", "rain_1h@cm", 1.0, "00:00", "ok")]),
        ("water", "站码,监测时间,水位", "WL-01,2026-09-03 08:00,3", [("WL-01", "?水位", 3.0, "00:00", "ok")]),
        ("water", "站码,监测时间,水温(表层)", "W,2026-09-03 08:00,3", [("W", "?水温(表层)", 3.0, "00:00", "ok")]),
        ("rain", "station,kind,value,unit,at", "RG-01,雨,1,cm,2026-09-03 08:00", [("RG-01", "?雨@cm", 1.0, "00:00", "ok")]),
    ],
)  # fmt: skip
def test_a_pushed_table_with_the_heads_of_a_sheet_is_read_like_a_sheet(feed, head, line, readings):
    assert pushed(feed, f"{head}\n{line}\n") == readings


@pytest.mark.parametrize(
    ("head", "says"),
    [("站码,监测时间(火星),水位", "火星"), ("站码,监测时间(UTC),水温(表层)", "表层"), ("站码,水位(cm)", "时间")],
)
def test_a_head_that_nobody_understands_is_asked_for_and_not_dropped(head, says):
    with pytest.raises(rows.BadBody, match=says):
        rows.cut("water", "csv", f"{head}\n{','.join(['1'] * (head.count(',') + 1))}\n".encode(), MOST)


def test_a_row_of_a_sheet_under_the_topic_of_a_station_is_of_that_station():
    (row,) = rows.cut("water", "csv", b"stcd,tm,z(cm)\nWL-01,2026-09-03 08:00,312\n", MOST)
    with pytest.raises(BadMessage, match="不一致"):
        feeds.load()["water"].parse("city/441402/water/swj/WL-02", row.payload, RECEIVED)


@pytest.mark.parametrize(("said", "at"), [({"坐标系": "GCJ-02"}, "@116.09"), ({"coord": "wgs84"}, "@116.1"), ({}, "@116.1")])
def test_a_property_that_names_the_system_of_the_point_counts_as_its_crs(said, at):
    properties = {"acq_date": "2026-09-03", "acq_time": "0000", "frp": 12, "confidence": 90, "satellite": "N"} | said
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [116.1, 24.3]}, "properties": properties}
    [row] = rows.cut("fire", "geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}).encode(), MOST)
    assert row.refused is None
    assert all(r.station.startswith(at) for r in feeds.load()["fire"].parse("city/441402/fire/lyj/-", row.payload, RECEIVED))
