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


@pytest.mark.parametrize(
    ("said", "hour"),
    [
        ("凌晨1点", 1), ("凌晨12点", 0), ("上午8时", 8), ("早8点", 8), ("中午12点", 12), ("中午1点", 13), ("下午3点", 15),
        ("下午12:00", 12), ("晚上8点", 20), ("晚8:00", 20), ("夜里11点", 23), ("晚上20:00", 20), ("晚上12点", 24), ("晚上12:00", 24),
        ("上午12:00:00", 0),
    ],
)  # fmt: skip
def test_the_hours_of_morning_noon_and_night_are_read(said, hour):
    assert read(f"2026-09-03 {said}") == MIDNIGHT + timedelta(hours=hour)


@pytest.mark.parametrize(
    ("said", "one", "other"),
    [
        ("晚上1:00", "2026-09-03 01:00", "2026-09-04 01:00"), ("晚上4点", "2026-09-03 04:00", "2026-09-04 04:00"),
        ("晚上12:30", "2026-09-03 00:30", "2026-09-04 00:30"), ("晚上0点", "2026-09-03 00:00", "2026-09-04 00:00"),
        ("夜里12点", "2026-09-03 00:00", "2026-09-04 00:00"), ("半夜1点半", "2026-09-03 01:30", "2026-09-04 01:30"),
        ("上午12点", "00:00", "12:00"), ("早上12点", "00:00", "12:00"),
    ],
)  # fmt: skip
def test_an_hour_that_may_be_of_either_night_is_refused_with_both_named(said, one, other):
    with pytest.raises(Unreadable) as err:
        read(f"2026-09-03 {said}")
    assert f"{one}，也可能是" in str(err.value) and f"{other}；请用" in str(err.value)


@pytest.mark.parametrize("said", ["上午15:00", "中午10点", "凌晨13点"])
def test_an_hour_that_its_part_of_the_day_does_not_have_is_refused(said):
    with pytest.raises(Unreadable, match="没有这样的时刻"):
        read(f"2026-09-03 {said}")


@pytest.mark.parametrize(
    "behind",
    [
        "08:00-09:00", "08:00-12:00", "08:00~09:00", "08:00～09:00", "8时-9时", "8-9时", "08:00—09:00", "8:00至9:00", "8点到9点",
        "八时—九时", "08-09",
        "08:00 - 09:00", "0800-0900", "08:00:00-09:00:00", "08:00-2026-11-03 09:00",
        "08:00:00~2026-11-03 09:00:00", "08:00/2026-11-03 09:00",
    ],
)  # fmt: skip
def test_a_period_is_refused_where_one_moment_is_asked_for(behind):
    with pytest.raises(Unreadable, match=r"写的是一段时间.*；请只写开始或结束的时刻"):
        read(f"2026-11-03 {behind}")


@pytest.mark.parametrize(
    "said", ["2026-11-03~2026-11-04", "2026年11月3-5日", "20261103-20261104", "202611030800-0900", "2026-11-03T08:00~09:00"]
)
def test_a_period_of_days_and_of_bare_digits_is_refused_too(said):
    with pytest.raises(Unreadable, match="写的是一段时间"):
        read(said)


@pytest.mark.parametrize("said", ["2026-11-03-08:00", "2026-11-03-05"])
def test_what_a_dash_behind_a_day_means_is_asked(said):
    with pytest.raises(Unreadable, match="可能是时刻、时区"):
        read(said)


@pytest.mark.parametrize(
    "said",
    ["2026-09-02T15:00:00-09:00", "2026-09-02 15:00:00-09:00", "2026-09-02T15:00-09:00", "20260902T1500-0900", "2026-09-02 15:00:00-09"],
)
def test_an_offset_west_of_greenwich_stays_one_behind_seconds_or_with_a_t(said):
    assert read(said) == EIGHT


@pytest.mark.parametrize(
    "offset", ["+08:99", "+0899", "+00:99", "+15:00", "-15:00", "+14:30", "+23:59", "+15", "+08:00:30", "+00:00:10", "+08:60"]
)
@pytest.mark.parametrize("form", ["2026-09-03T10:00:00{}", "2026-09-03 10:00:00{}", "Thu, 03 Sep 2026 10:00:00 {}", "2026-09-03T10:00{}"])
def test_an_offset_that_no_place_has_is_refused(form, offset):
    with pytest.raises(Unreadable, match="；"):
        read(form.format(offset))


@pytest.mark.parametrize(
    "said",
    [
        "2026-09-03 星期四 08:00:00", "2026-09-03 (四) 08:00", "2026-09-03（星期四）08:00", "2026-09-03 08:00:00 星期四",
        "2026/9/3 周四 8:00",
        "2026-09-03 08:00:00（四）", "星期四 2026-09-03 08:00", "2026年 09月 03日 星期四 08:00:00 CST", "2026-09-03 Thu 08:00",
        "Thu Sep 03 2026 08:00:00 GMT+0800 (中国标准时间)", "Thu Sep 03 2026 08:00:00 GMT+0800 (China Standard Time)",
        "Thu Sep  3 08:00:00 2026",
        "Thursday, September 3, 2026 8:00 AM", "/Date(1788393600000)/", "/Date(1788393600000+0800)/", r"\/Date(1788393600000)\/",
        "'2026-09-03 08:00", "'1788393600", "2026-09-03 8时整", "2026-09-03 8点钟", "2026-09-03 八时", "二〇二六年九月三日上午八点",
        "2026年9月3号8点",
        "2026-09-03 08:00:00:000", "2026-09-03 08:00\0\0", "2026-09-03 08:00\u200b", "\ufeff2026-09-03T08:00:00+08:00\0",
        "\u200e2026\u200e/\u200e9\u200e/\u200e3 8:00", "2026-W36-4T08:00:00",
    ],
)  # fmt: skip
def test_what_is_written_around_a_moment_does_not_hide_it(said):
    assert read(said) == EIGHT


@pytest.mark.parametrize(
    ("said", "more"),
    [("8点半", timedelta(minutes=30)), ("8时一刻", timedelta(minutes=15)), ("八点三刻", timedelta(minutes=45)),
     ("二十时零五分", timedelta(hours=12, minutes=5)),
     ("08:00:00:759", timedelta(milliseconds=759))],
)  # fmt: skip
def test_parts_of_an_hour_are_read_in_words(said, more):
    assert read(f"2026-09-03 {said}") == EIGHT + more


@pytest.mark.parametrize(
    "said",
    ["2026-09-03 星期五 08:00", "2026-09-03 08:00（五）", "20260903 周日", "Fri Sep  3 08:00:00 2026", "Fri Sep 03 08:00:00 CST 2026",
     "Fri, 03 Sep 2026 08:00:00 +0800", "Fri Sep 03 2026 08:00:00 GMT+0800 (中国标准时间)"],
)  # fmt: skip
def test_a_weekday_that_does_not_fit_its_date_is_refused(said):
    with pytest.raises(Unreadable, match="日期与星期不合（2026-09-03 是星期四）；"):
        read(said)


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
        ("10月6日 上午8时", "没有写年份"), ("10-06 08:00", "没有写年份"), ("上午8时", "没有日期"),
        ("2026-10-06 8时左右", "后面的“左右”看不懂；请写成"),
        ("46268.333", "2026-09-03 08:00）"),
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
