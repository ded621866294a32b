"""Moments as strangers write them: one reader for every door (`brain.sheets.times`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from brain.city import BEIJING
from brain.sheets.cells import Unreadable, when

ABOUT = datetime(2026, 9, 3, 0, 10, tzinfo=UTC)
EIGHT = datetime(2026, 9, 3, 0, 0, tzinfo=UTC)  # 08:00 in Beijing
MIDNIGHT = datetime(2026, 9, 2, 16, 0, tzinfo=UTC)


def read(said, **more) -> datetime:
    return when(said, "tm", about=ABOUT, **more)


@pytest.mark.parametrize(
    "said",
    [
        "2026-09-03 08:00:00+08", "2026/09/03 08:00:00+08", "2026-09-03T08:00:00+0800", "2026-09-03T00:00:00Z", "2026-09-03T00:00:00z",
        "2026-09-03 08:00 +8", "2026-09-03 08:00:00 GMT+8", "2026-09-03 08:00:00 UTC+08:00", "2026-09-03 00:00 UTC", "2026-09-03 00:00 GMT",
        "2026-09-03T08:00:00+08:00[Asia/Shanghai]", "2026-09-03T08:00[Asia/Shanghai]", "2026-09-03 08:00:00 +0800 CST",
        "2026-09-03 08:00:00,000", "2026-09-02 19:00-0500", "2026-09-03 05:30+0530",
    ],
)  # fmt: skip
def test_an_offset_is_read_in_every_form(said):
    assert read(said) == EIGHT


@pytest.mark.parametrize(
    "said", ["2026-09-03 24:00", "2026-09-03T24:00:00+08:00", "20260903240000", "2026090324", 202609032400, "2026年9月3日24时"]
)
def test_24_o_clock_is_the_next_day(said):
    assert read(said) == MIDNIGHT + timedelta(days=1)


@pytest.mark.parametrize("said", ["2026-09-03 24:01", "2026-09-03 24:00:01", "20260903240001", "2026-09-03 25:00", "2026-02-30 08:00"])
def test_what_is_no_moment_is_refused(said):
    with pytest.raises(Unreadable, match="没有这样的时刻"):
        read(said)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("20260903", MIDNIGHT), (20260903, MIDNIGHT), (20260903.0, MIDNIGHT), ("2026-09-03", MIDNIGHT), ("2026年9月3日", MIDNIGHT),
        ("2026090308", EIGHT), (2026090308, EIGHT), ("202609030800", EIGHT), (202609030800, EIGHT), (202609030800.0, EIGHT),
        ("20260903080000", EIGHT), (20260903080000, EIGHT), ("20260903080000.250", EIGHT + timedelta(milliseconds=250)),
        ("20260903080000250", EIGHT + timedelta(milliseconds=250)), (20260903080000250, EIGHT + timedelta(milliseconds=250)),
        (20260903080000.25, EIGHT + timedelta(milliseconds=250)), ("20260903T080000+0800", EIGHT), ("20260903T000000Z", EIGHT),
        ("20260903 0800", EIGHT), ("20260903 08:00:00", EIGHT), ("20260903 8:00", EIGHT), ("2026-09-03 080000", EIGHT),
        ("２０２６０９０３０８", EIGHT),
    ],
)  # fmt: skip
def test_a_compact_date_is_read_as_text_or_number(said, at):
    assert read(said) == at


@pytest.mark.parametrize(
    "said",
    [
        "2026-09-03 上午8:00", "2026年9月3日 上午8时", "2026/9/3 8:00:00 AM", "2026-09-03 08:00 am", "Thu Sep 03 08:00:00 CST 2026",
        "Thu Sep 03 00:00:00 UTC 2026", "Thu, 03 Sep 2026 08:00:00 +0800", "03-SEP-2026 08:00:00", "3 Sep 2026 8:00",
        "2026-09-03 08点", "2026.9.3 8:0:0",
    ],
)  # fmt: skip
def test_what_people_and_programs_print_is_read(said):
    assert read(said) == EIGHT


@pytest.mark.parametrize(
    ("said", "hour"), [("下午3:05", 15), ("12:05 AM", 0), ("12:05 PM", 12), ("下午15:05", 15), ("中午12:05", 12), ("晚上8:05", 20)]
)
def test_halves_of_the_day_are_read(said, hour):
    at = read(f"2026-09-02 {said}").astimezone(BEIJING)
    assert (at.hour, at.minute) == (hour, 5)


@pytest.mark.parametrize("scale", [1, 1_000, 1_000_000, 1_000_000_000])
@pytest.mark.parametrize("as_text", [False, True])
def test_units_of_a_timestamp_are_told_by_its_size(scale, as_text):
    value = int(EIGHT.timestamp()) * scale
    assert read(str(value) if as_text else value) == EIGHT


@pytest.mark.parametrize(("form", "value"), [("s", 20260903), ("ms", 20260903080000), ("us", 20260903080000), ("ns", 2026090308)])
def test_a_declared_unit_decides(form, value):
    scale = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[form]
    assert read(value, form=form) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(value / scale * 1e6))


def test_a_number_that_fits_two_readings_is_refused_with_both_named():
    late = datetime(2036, 7, 1, tzinfo=UTC)
    with pytest.raises(Unreadable) as err:
        when(2036010108, "tm", about=late)
    assert "2036-01-01 08 时" in str(err.value) and "2034-07-09" in str(err.value)


def test_a_reading_that_lies_in_the_future_of_its_receipt_is_not_meant():
    assert when(2026090308, "tm", about=ABOUT) == EIGHT


@pytest.mark.parametrize("value", [46268, 46268.5, "46268.3333"])
def test_a_day_number_of_excel_is_never_guessed(value):
    with pytest.raises(Unreadable, match="Excel"):
        read(value)
    assert read(float(value), form="excel").astimezone(BEIJING).date().isoformat() == "2026-09-03"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("08:00", "没有日期"), ("09/03/2026 08:00", "看不出哪个是年"), ("26-09-03 08:00", "看不出哪个是年"),
        ("2026-09-03 08:00 EST", "EST"), ("2026-09-03 08:00 +25", "+25"), ("20261321080000", "没有这样的时刻"),
        (20261321080000, "没有这样的时刻"), (20261399, "没有这样的时刻"), ("昨天", "看不懂"), (float("nan"), "时间戳"),
        (True, "看不懂"), (None, "看不懂"), ([2026], "看不懂"), ("9" * 30, "时间戳"), ("1e400", "看不懂"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(said, says):
    with pytest.raises(Unreadable) as err:
        read(said)
    assert says in str(err.value) and "；" in str(err.value)


@settings(max_examples=300, deadline=None)
@given(at=st.datetimes(datetime(2001, 1, 1), datetime(2027, 1, 1)))
@example(at=datetime(2026, 9, 2, 16, 0))
def test_every_spelling_of_a_moment_is_that_moment(at):
    at = at.replace(microsecond=0, tzinfo=UTC)
    local = at.astimezone(BEIJING)
    epoch = int(at.timestamp())
    spellings = [
        f"{local:%Y%m%d%H%M%S}", int(f"{local:%Y%m%d%H%M%S}"), f"{local:%Y%m%d%H%M%S}000", f"{local:%Y-%m-%d %H:%M:%S}+08",
        f"{at:%Y-%m-%d %H:%M:%S} UTC", f"{local:%a %b %d %H:%M:%S} CST {local:%Y}", f"{local:%Y-%m-%d %I:%M:%S %p}",
        epoch, epoch * 1_000, epoch * 1_000_000, epoch * 1_000_000_000, str(epoch), f"{epoch}.0",
    ]  # fmt: skip
    assert {when(said, "tm", about=ABOUT) for said in spellings} == {at}


@settings(max_examples=500, deadline=None)
@given(
    said=st.one_of(
        st.text(max_size=40), st.integers(), st.floats(), st.from_regex(r"[-0-9/: .+TZ年月日时分上午PAM]{1,30}", fullmatch=True)
    )
)
def test_whatever_is_written_is_a_moment_or_a_reason(said):
    try:
        found = when(said, "tm", about=ABOUT)
    except Unreadable as err:
        assert err.rule == "time" and str(err)
    else:
        assert found.tzinfo is UTC
