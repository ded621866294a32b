"""Tables of people: each case of `cases/files` becomes what is right of it, from its bytes to the readings of its rows."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from brain import catalog as catalogs
from brain.sheets import columns, masking, numbers, orders, reading
from brain.sheets.cells import Unreadable
from brain.sheets.reading import BadSheet
from ingest import feeds
from ingest.doors import rows as pushed
from ingest.doors.files import rows
from ingest.feeds import BadMessage

FOLDER = Path(__file__).parent / "cases" / "files"
CASES = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
CATALOG = catalogs.load()
UNITS = {kind.key: kind.unit for kind in CATALOG.kinds.values()}
RECEIVED = datetime(2026, 9, 4, tzinfo=UTC)
LIMITS = CATALOG.sheets.limits


def zulu(at: datetime | None) -> str | None:
    return at and f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def walked(name: str, data: bytes, feed: str) -> tuple[list, dict[int, str], list[bytes], list[int]]:
    """(readings or orders, refusal by row, messages, rows that hold no data) of a file, as the door takes it. Raises BadSheet."""
    told = CATALOG.sheets
    sheet = reading.read(name, data, LIMITS, told=told)
    form = told.takers[feed].form
    meant = {c: m for c, m in columns.propose(sheet.columns, feed, told, UNITS).items() if m}
    if lacking := columns.lacks(meant, form):
        raise BadSheet("；".join(lacking))
    asked = {c: m for c, m in meant.items() if m != "private"}
    found, bad, messages = [], {}, []
    for row in orders.apart(sheet.rows, asked) if form == "orders" else sheet.rows:
        message = rows._payload(feed, name, row, columns.kept(row, meant, told, form), asked)
        messages.append(message)
        read = feeds.reader(feed, "file/0123456789ab/1")
        try:
            found += read("file/0123456789ab/1", message, RECEIVED)
        except BadMessage as err:
            found += err.rest
            bad[row.line] = err.reason
    return found, bad, messages, list(sheet.left)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["file"])
def test_a_file_becomes_what_is_right(case):
    data = (FOLDER / case["file"]).read_bytes()
    if "says" in case:
        with pytest.raises(BadSheet, match=case["says"]):
            walked(case["file"], data, case["feed"])
        return
    found, bad, messages, left = walked(case["file"], data, case["feed"])
    wanted = dict(case.get("refused", []))
    assert bad.keys() == wanted.keys(), bad
    assert all(says in bad[row] and "；" in bad[row] for row, says in wanted.items()), bad
    if "readings" in case:
        said = [[r.station, r.kind, zulu(r.at), pytest.approx(r.value), str(r.quality)] for r in found]
        if case.get("near"):
            assert [s[1:] for s in said] == [s[1:] for s in case["readings"]]
        else:
            assert case["readings"] == said
    for order, (number, asked, due, *point) in zip(found, case.get("orders", []), strict="orders" in case):
        assert (order.number, zulu(order.asked_at), zulu(order.due_at)) == (number, asked, due)
        assert not point or order.point == pytest.approx(point[0], abs=2e-4)
    text = "".join(m.decode() for m in messages) + json.dumps(bad, ensure_ascii=False)
    text += "".join(o.content for o in found) if "orders" in case else ""
    assert not [one for one in case.get("never", []) if one in text]
    assert not [one for one in case.get("always", []) if one not in text]
    assert left == case.get("left", [])


# Messages -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("feed", "topic", "body"),
    [
        ("water", "city/441402/water/swj/WQ-01", {"站码": "WQ-01", "监测时间": "2026-09-03 08:00", "数据": {"氨氮": "<0.025"}}),
        ("air", "city/441402/air/sthj/AQ-01", {"MN": "AQ-01", "DataTime": "20260903080000", "CP": {"SO2": {"Avg": "0.025L"}}}),
        ("rain", "city/441402/rain/qxj/RG-01", {"kind": "ammonia", "value": "＜0.025", "at": "2026-09-03 08:00"}),
        ("json", "city/441402/json/swj/WQ-01", {"ammonia": "0.025L", "time": "2026-09-03 08:00"}),
    ],
)
def test_what_a_laboratory_cannot_detect_is_a_reading_in_a_message_too(feed, topic, body):
    (found,) = feeds.load()[feed].parse(topic, json.dumps(body).encode(), RECEIVED)
    assert (found.value, str(found.quality)) == (0.0125, "below_limit")


def test_a_flag_that_says_worse_goes_before_a_limit():
    body = {"站码": "WQ-01", "监测时间": "2026-09-03 08:00", "数据": {"氨氮": "<0.025"}, "标识": "D"}
    (found,) = feeds.load()["water"].parse("city/441402/water/swj/WQ-01", json.dumps(body).encode(), RECEIVED)
    assert str(found.quality) == "suspect"


@pytest.mark.parametrize("said", ["12,300", "975,5", "1.234,56", "0,025"])
def test_a_comma_in_a_message_never_changes_the_size_of_a_value(said):
    with pytest.raises(Unreadable, match="逗号"):
        numbers.measured(said, "流量")


def test_pushed_features_are_refused_for_their_geometry_with_its_reason_and_stations_need_none():
    body = (FOLDER / "f15_geojson_odd.geojson").read_bytes()
    said = [row.refused and row.refused[1] for row in pushed.cut("fire", "geojson", body, 10)]
    assert "坐标系" in said[0] and "没有位置" in said[1] and said[2] is None and "MultiPoint" in said[3]
    station = {"type": "Feature", "properties": {"stcd": "FM-01", "tm": "2026-09-03 08:00", "t": 33}, "geometry": None}
    (row,) = pushed.cut("fire", "geojson", json.dumps({"type": "FeatureCollection", "features": [station]}).encode(), 10)
    assert row.refused is None


# Properties -----------------------------------------------------------------------------------------------------------
PROPERTY = settings(max_examples=200, deadline=None)
SEPARATORS = st.sampled_from(["", " ", "-", "－", "–", "　"])
FIGURES = st.sampled_from(["0123456789", "０１２３４５６７８９", "〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖"])
AROUND = st.sampled_from(["", "请回电", "电话：", "（", "手机号是", "TEL:", "一", "联系人李 "])


@PROPERTY
@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), SEPARATORS, FIGURES, AROUND, st.sampled_from(["", "+86", "0086-", "86 ", "(+86)"]))
def test_a_mobile_number_is_never_readable_in_whatever_form(number, separator, figures, around, country):
    assume(around != "一" or country or figures[1] not in "一壹")  # twelve figures in a row are no mobile number
    written = separator.join([number[:3], number[3:7], number[7:]]).translate(str.maketrans("0123456789", figures))
    said = masking.masked(f"{around}{country}{written}，谢谢")
    assert written not in said and said.count("*") == 4 and len(said) == len(f"{around}{country}{written}，谢谢")


@PROPERTY
@given(
    st.dates(date(1900, 1, 1), date(2020, 12, 31)), st.from_regex(r"[0-9]{3}[0-9Xx]", fullmatch=True),
    st.sampled_from(["", " ", "-", "－"]), FIGURES,
)
def test_the_number_of_a_paper_is_never_readable_in_whatever_form(born, last, separator, figures):
    plain = separator.join(["441402", f"{born:%Y%m%d}", last])
    written = plain.translate(str.maketrans("0123456789", figures))
    said = masking.masked(f"身份证{written}。")
    assert written not in said and said.count("*") >= 8


@PROPERTY
@given(
    st.one_of(
        st.from_regex(r"[A-Z]{2}-[0-9]{4,8}", fullmatch=True),
        st.from_regex(r"1[0-9]{2}\.[0-9]{4,9},2[0-9]\.[0-9]{4,9}", fullmatch=True),
        st.from_regex(r"[0-9a-f]{8}[a-f][0-9a-f]{31}", fullmatch=True),
        st.from_regex(r"2026(0[1-9]|1[0-2])(0[1-9]|1[0-9])[0-9]{6}", fullmatch=True),
        st.from_regex(r"2026(0[1-9]|1[0-2])(0[1-9]|1[0-9])[0-9]{10}", fullmatch=True),
        st.from_regex(r"[1-9][0-9]{0,9}(\.[0-9]{1,2})? ?元", fullmatch=True),
        st.from_regex(r"2026-0[1-9]-0[1-9] [01][0-9]:[0-5][0-9]:[0-5][0-9]", fullmatch=True),
        st.from_regex(r"17[0-9]{11}", fullmatch=True),
        st.from_regex(r"44140200[0-9]{12}", fullmatch=True),
    )
)
def test_what_is_no_number_of_a_person_stays_as_it_is(text):
    assert masking.masked(f"见 {text} 处") == f"见 {text} 处"


BETWEEN = st.sampled_from(
    [*" -—、,，:|*～~.()/_·\n\u2009\u202f\u200b", "    ", " - "]
)
CUTS = st.sampled_from([(3, 4, 4), (4, 4, 3), (3, 5, 3), (2, 3, 3, 3), (3, 4, 1, 3), (3, 3, 3, 2), (3, 3, 5), (4, 3, 4)])


@PROPERTY
@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), CUTS, BETWEEN, st.sampled_from(["打", "电话：", "（", "我是李 "]))
def test_no_middle_of_a_mobile_number_stays_whatever_parts_its_groups(number, cut, between, around):
    assume(between != "." or len(cut) < 4 or "电话" in around)  # 139.196.123.45 is an address on the network
    ends = [sum(cut[:n]) for n in range(len(cut) + 1)]
    said = masking.masked(around + between.join(number[a:b] for a, b in pairwise(ends)) + "，谢谢")
    assert number[3:7] not in "".join(c for c in said if c.isdigit()) or number[3:7] in number[:3] + number[7:]


@PROPERTY
@given(
    st.dates(date(1900, 1, 1), date(2020, 12, 31)),
    st.sampled_from([" ", "  ", "/", ".", "_", "—", "-", "\u200b"]),
    st.sampled_from([(6, 14, 18), (6, 10, 14, 18), (4, 8, 12, 16, 18), tuple(range(1, 19))]),
    st.sampled_from(["", "身份证", "id", "a"]),
)
def test_no_birthday_stays_whatever_parts_the_groups_of_a_paper(born, between, cut, around):
    plain = f"441402{born:%Y%m%d}0012"
    said = masking.masked(around + between.join(plain[a:b] for a, b in pairwise((0, *cut))) + "。")
    assert "".join(c for c in said if c in "*0123456789") == "441402" + "*" * 8 + "0012"


PEOPLE = json.loads((FOLDER / "numbers_of_people.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", PEOPLE["masked"])
def test_a_number_of_a_person_is_masked_in_every_dress(text):
    said = masking.masked(text)
    assert "*" in said and masking.masked(said) == said
    assert masking.masked(f"见附件（{text}），谢谢").count("*") == said.count("*")
    assert masking.masked_bytes(text.encode()) == said.encode()


@pytest.mark.parametrize("text", PEOPLE["left"])
def test_what_only_looks_like_a_number_of_a_person_is_left(text):
    assert masking.masked(text) == text
    assert masking.masked_bytes(text.encode()) == text.encode()


@pytest.mark.parametrize(
    ("raw", "gone"),
    [
        ("电话13800138000，住梅江区".encode("utf-16"), "0013".encode("utf-16-le")),
        ("电话１３８００１３８０００，住梅江区".encode("utf-16-be"), "００１３".encode("utf-16-be")),
        ("电话13800138000".encode("utf-16-le")[1:], "0013".encode("utf-16-be")),
        ("电话１３８００１３８０００，".encode() + b"\xff" + "住梅江区".encode(), "００１３".encode()),
        ("电话一三八零零一三八零零零，".encode() + b"\xe4\xbd" + "住梅江区".encode(), "零零一三".encode()),
        ("电话１３８００１３８０００，住梅江区".encode("gbk") + b"\xff", "００１３".encode("gbk")),
        (b'{"tel": 13800138000.0}', b"0013"),
        (b"<tel>138&#48;0138000</tel>", b"&#48;"),
        (b"<tel>138&#x30;0138000</tel>", b"&#x30;"),
        (json.dumps({"tel": "１３８００１３８０００"}).encode(), rb"\uff10\uff10\uff11"),
        (json.dumps({"tel": "138\n0013\n8000"}).encode(), b"0013"),
    ],
    ids=lambda v: v[:12].hex(),
)
def test_a_payload_in_whatever_coding_shows_no_number_of_a_person(raw, gone):
    assert gone in raw and gone not in masking.masked_bytes(raw)


HOSTILE = ["1 ", "1 3 ", "138 ", "1.3.", "13:45:", "13800138000 ", "a13800138000", "4 4 1 4 0 2 1 9 9 0 ", "0753 ", "一三八零"]
HOSTILE += ["13800138000、2234567、", "&#48;", "\\uff11", "证件号", "138       ", "44140219900101123X"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_takes_longer_than_its_length(text):
    def took() -> float:
        before = time.process_time()
        masking.masked((text * 20_000)[:20_000])
        return time.process_time() - before

    assert min(took() for _ in range(2)) < 0.1


CELL = st.sampled_from(["75.1", '"24寸', '24"', '"a"', '""', "好", '"x\ny"', "", '"', 'a"b'])


@PROPERTY
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
def test_no_row_is_lost_whatever_the_quotes(remarks):
    lines = [f"WL-{n:02d},2026-09-03 08:00,{n + 1},{a},{b}" for n, (a, b) in enumerate(remarks)]
    data = "\n".join(["测站编号,监测时间,水位,备注,说", *lines]).encode()
    try:
        found, bad, *_ = walked("a.csv", data, "water")
    except BadSheet:
        return
    told = " ".join([*bad.values()])
    lines_told = [int(n) - 1 for n in bad]
    stations = {r.station for r in found}
    starts = {}
    at = 1
    for n, line in enumerate(lines):
        starts[at] = n
        at += line.count("\n") + 1
    lost = {f"WL-{n:02d}" for n in range(len(lines))} - stations - {f"WL-{starts[n]:02d}" for n in lines_told if n in starts}
    assert not lost, (told, lost)


@PROPERTY
@given(st.floats(-1e6, 1e6, allow_nan=False), st.sampled_from(["{:.3f}", "{:,.3f}", "<{:.3f}", "{:.3f}L"]))
def test_a_number_keeps_its_size_or_is_refused(value, form):
    said = form.format(value)
    try:
        found = numbers.measured(said, "x", cell=True)
    except Unreadable:
        return
    assert found is not None
    size = found[0] * (2 if str(found[1]) == "below_limit" else 1)
    assert size == pytest.approx(float(f"{value:.3f}"))
