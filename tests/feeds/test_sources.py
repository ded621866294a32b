"""poll.toml is checked, and a row of a source becomes a message of its feed; whatever comes, nothing else is raised."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import feeds
from ingest.doors import rows
from ingest.doors.poll import sources
from ingest.doors.poll.polling import _read
from ingest.doors.poll.sources import BadSource, Source, Trouble

NOW = datetime(2026, 8, 21, 13, 0, tzinfo=UTC)
CORPUS = Path(__file__).parent / "corpus/poll"
REAL = Path(__file__).parents[2] / "../shared/data/water-quality/cnemc_api_response_20260821_page1.json"
HOTSPOTS = Path(__file__).parents[2] / "../shared/data/fire-hotspots/modis_c61_24h_china_bbox_20220226_27.csv"
CNEMC = """
[source.cnemc]
feed = "water"
from = "json"
url = "https://example.gov.cn/Publish.ashx"
method = "POST"
form = { action = "getRealDatas" }
every_s = 1800
rows = "tbody"
head = "thead"
html = "raw"
year = ["监测时间"]
[source.cnemc.columns]
"站码" = ["流域", "断面名称"]
"监测时间" = "监测时间"
"数据/水温" = "水温(℃)"
"数据/pH" = "pH(无量纲)"
"数据/溶解氧" = "溶解氧(mg/L)"
"数据/电导率" = "电导率(μS/cm)"
"数据/浊度" = "浊度(NTU)"
"数据/高锰酸盐指数" = "高锰酸盐指数(mg/L)"
"数据/氨氮" = "氨氮(mg/L)"
"数据/总磷" = "总磷(mg/L)"
"数据/总氮" = "总氮(mg/L)"
"数据/叶绿素α" = "叶绿素α(mg/L)"
"""


@pytest.fixture
def declare(tmp_path):
    """The sources of a poll.toml with this text."""

    def declare(text: str) -> list[Source]:
        (tmp_path / "poll.toml").write_text(text, encoding="utf-8")
        return sources.load(str(tmp_path), timedelta(hours=24))

    return declare


def readings(source: Source, page: bytes) -> list:
    """All that a page gives; a station that had no value at all is the only refusal that a sound page may hold."""
    found = []
    for row in _read(source, page.decode()):
        try:
            found += feeds.load()[source.feed].parse(source.topic, sources.message(source, sources.with_year(source, row, NOW)), NOW)
        except feeds.BadMessage as err:
            assert "一个数值也没有" in err.reason
    return found


# Declaring ------------------------------------------------------------------------------------------------------------
def test_the_shipped_file_names_no_source():
    assert sources.load("", timedelta(0)) == []


def test_the_examples_in_the_shipped_file_are_sound(declare):
    lines = sources.SHIPPED.read_text(encoding="utf-8").split("\n\n", 1)[1].splitlines()
    text = "\n".join(line.removeprefix("# ").removeprefix("#") for line in lines)
    assert [s.name for s in declare(text)] == ["firms", "cnemc", "rain_office"]


BASE = '[source.a]\nfeed = "rain"\nfrom = "json"\nurl = "https://x.cn/a"\nevery_s = 60\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[sauce.a]", "sauce"),
        ("[source]\na = 1", "source.名字"),
        (BASE.replace("[source.a]", '[source."A b"]'), "名字应是"),
        (BASE.replace('"json"', '"xml"'), "from"),
        (BASE.replace('"rain"', '"rane"'), "没有名为 rane"),
        (BASE.replace("every_s = 60", ""), "缺少 every_s"),
        (BASE.replace("60", "0"), "every_s=0"),
        (BASE.replace("60", "true"), "every_s=True"),
        (BASE.replace("https", "ftp"), "url"),
        (BASE + "evry_s = 1", "evry_s 是不认识的键"),
        (BASE + 'query = "SELECT 1"', "query 不能用在"),
        (BASE + "headers = { X = 1 }", "headers"),
        (BASE + 'cursor = "t"', "cursor_as"),
        (BASE + 'params = { since = "{cursor}" }', "cursor_start"),
        (BASE + 'cursor = "t"\ncursor_as = "time"\ncursor_start = "昨天"', "cursor_start"),
        (BASE + 'cursor = "t"\ncursor_as = "text"\nback = 3', "back"),
        (BASE + "page = 10", "page"),
        (BASE + 'headers = { Authorization = "Bearer {secret}" }', "secret_file"),
        (BASE + 'columns = { tm = "t", "tm/x" = "u" }', "tm"),
        (BASE.replace('"json"', '"firms"'), "只能交给 fire"),
        (BASE.replace('"json"', '"sql"'), "url 不能用在"),
        ("[source.a", "不是合法的 TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(declare, text, says):
    with pytest.raises(BadSource, match=says):
        declare(text)


# Reading --------------------------------------------------------------------------------------------------------------
def test_a_page_with_marks_of_a_web_page_gives_its_raw_values(declare):
    (source,) = declare(CNEMC)
    found = {(r.station, r.kind): r for r in readings(source, (CORPUS / "cnemc_3_rows.json").read_bytes())}
    turbidity = found["海河流域/鼓楼外大街", "turbidity"]
    assert turbidity.value == 21.268  # shown as 21.3
    assert turbidity.at == datetime(2026, 8, 21, 12, 0, tzinfo=UTC)


def test_a_value_that_failed_its_quality_check_is_a_gap(declare):
    (source,) = declare(CNEMC)
    page = json.loads((CORPUS / "cnemc_3_rows.json").read_text())
    marked = next(row for row in page["tbody"] if any("质控不合格" in cell for cell in row))
    numbers = sum("原始值" in cell for cell in marked)
    page["tbody"] = [marked]
    assert 0 < len(readings(source, json.dumps(page).encode())) == numbers


def test_the_real_page_is_read_to_its_last_row(declare):
    if not REAL.exists():
        pytest.skip("the real page of ../shared is not on this machine")
    (source,) = declare(CNEMC)
    page = json.loads(REAL.read_text())
    cells = sum("原始值" in cell for row in page["tbody"] for cell in row[5:14])
    found = readings(source, REAL.read_bytes())
    assert len(found) == cells > 3000
    assert len({r.station for r in found}) > 450


def test_every_row_of_the_real_hotspots_is_two_readings_at_its_moment(declare):
    if not HOTSPOTS.exists():
        pytest.skip("the real hotspots of ../shared are not on this machine")
    (source,) = declare('[source.f]\nfeed = "fire"\nfrom = "firms"\nurl = "https://x.cn"\nevery_s = 60')
    found = _read(source, HOTSPOTS.read_text())
    for row in found:
        read = feeds.load()["fire"].parse(source.topic, sources.message(source, row), NOW)
        assert [r.kind for r in read] == ["hotspot", "hotspot_confidence"]
        assert {r.at for r in read} == {sources.mark_of(source, row)}
    assert len(found) == len(HOTSPOTS.read_text().splitlines()) - 1 > 50


def test_a_column_that_was_renamed_is_trouble_and_no_gap(declare):
    (source,) = declare(CNEMC)
    page = (CORPUS / "cnemc_3_rows.json").read_text().replace("高锰酸盐指数", "CODMn")
    with pytest.raises(Trouble, match="高锰酸盐指数"):
        readings(source, page.encode())


def test_an_answer_that_is_no_firms_table_is_trouble(declare):
    (source,) = declare('[source.f]\nfeed = "fire"\nfrom = "firms"\nurl = "https://x.cn"\nevery_s = 60')
    with pytest.raises(Trouble, match="acq_date"):
        _read(source, "Invalid MAP_KEY.")


@pytest.mark.parametrize(
    ("text", "now", "says"),
    [
        ("08-21 20:00", "2026-08-21", "2026-08-21 20:00"),
        ("12-31 23:00", "2026-01-01", "2025-12-31 23:00"),
        ("01-01 00:00", "2025-12-31", "2026-01-01 00:00"),
        ("02-29 08:00", "2026-08-21", "2024-02-29 08:00"),
        ("13-40 08:00", "2026-08-21", "13-40 08:00"),
        ("2026-08-21 20:00", "2026-08-21", "2026-08-21 20:00"),
    ],
)
def test_a_date_without_year_gets_the_last_one(text, now, says):
    assert sources.dated(text, datetime.fromisoformat(now + "T04:00:00+00:00")) == says


CURSORS = [
    Source("a", "rain", "json", 60, cursor="c", cursor_as="time", back=600),
    Source("a", "rain", "json", 60, cursor="c", cursor_as="number", back=5),
    Source("a", "rain", "json", 60, cursor="c", cursor_as="text"),
    Source("a", "fire", "firms", 60, cursor="acq_date", cursor_as="time", back=86400),
]


@settings(max_examples=150, deadline=None)
@given(source=st.sampled_from(CURSORS), value=st.one_of(st.text(max_size=20), st.integers(), st.floats(), st.none()))
def test_a_mark_is_nothing_or_is_read_back_as_it_was_written(source, value):
    at = sources.mark_of(source, {source.cursor: value})
    if at is not None:
        assert sources.mark(source, sources.written(at)) == at
        assert sources.since(source, sources.written(at)) <= at


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_answer_is_rows_or_trouble(data):
    source = Source(
        "a", "water", "json", 60, rows="tbody", head="thead", html="raw", year=("监测时间",), cursor="监测时间",
        cursor_as="time", columns={"站码": ("断面名称",), "数据/水温": ("水温(℃)",), "监测时间": ("监测时间",)},
    )  # fmt: skip
    body = bytearray((CORPUS / "cnemc_3_rows.json").read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    body = body[: data.draw(st.sampled_from([len(body), data.draw(st.integers(0, len(body)))]))]
    try:
        found = _read(source, bytes(body).decode("utf-8", "replace"))
    except (Trouble, rows.BadBody):
        return
    for row in found:
        row = sources.with_year(source, row, NOW)
        sources.mark_of(source, row)
        try:
            feeds.load()["water"].parse(source.topic, sources.message(source, row), NOW)
        except feeds.BadMessage as err:
            assert err.reason


@pytest.mark.parametrize("cell", ["<" * 200_000, "title=" * 50_000, "&" * 200_000, "title='原始值：" + "1" * 200_000])
def test_a_hostile_cell_takes_no_time(cell, request):
    sources.cell(cell, "raw")  # linear: the timeout of the suite is the bound
