"""Strangers' times and texts: whatever comes in, what goes on can be reckoned with, printed and kept."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from brain.rules.strangers import OutOfBounds, bounded_time, plain_text

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ANY_CHARACTER = st.characters(exclude_categories=())  # surrogates, too
CONTROLS = [chr(n) for n in (*range(0x20), *range(0x7F, 0xA0))]
HALVES = ["\ud800", "\udbff", "\udc00", "\udfff"]


ZONES = [UTC, ZoneInfo("Asia/Shanghai"), timezone(-timedelta(hours=23)), timezone(timedelta(hours=23))]


@given(st.datetimes(timezones=st.sampled_from(ZONES)))
def test_a_bounded_time_lies_within_its_bounds_and_has_a_local_time_anywhere(moment):
    try:
        found = bounded_time(moment, NOW, 400 * DAY, DAY)
    except OutOfBounds as err:
        assert err.early == (moment.year < 2026 or (moment.year == 2026 and moment.replace(tzinfo=UTC) < NOW + 2 * DAY))
        return
    assert NOW - 400 * DAY <= found <= NOW + DAY and found == moment
    assert found.astimezone(ZoneInfo("Asia/Shanghai")) == found


BIT = timedelta.resolution


@pytest.mark.parametrize(("off", "fits"), [(-DAY, True), (-DAY - BIT, False), (DAY, True), (DAY + BIT, False)])
def test_both_bounds_are_within(off, fits):
    if fits:
        assert bounded_time(NOW + off, NOW, DAY, DAY) == NOW + off
    else:
        with pytest.raises(OutOfBounds):
            bounded_time(NOW + off, NOW, DAY, DAY)


def test_a_time_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        bounded_time(datetime(2026, 9, 3), NOW, DAY, DAY)


@given(st.text(ANY_CHARACTER))
def test_plain_text_can_be_told_in_xml_and_in_utf8_and_stays_what_it_is(text):
    plain = plain_text(text)
    plain.encode()
    node = etree.Element("t")
    node.text = plain
    assert etree.parse(io.BytesIO(etree.tostring(node, encoding="utf-8"))).getroot().text in (plain or None, plain)
    assert plain_text(plain) == plain
    assert "\0" not in plain


@pytest.mark.parametrize("odd", [*CONTROLS, *HALVES, "\ufffe", "\uffff"], ids=lambda c: f"U+{ord(c):04X}")
def test_no_control_character_and_no_half_of_a_pair_gets_through(odd):
    assert plain_text(f"积{odd}水") in ("积水", "积\n水", "积\t水")
    assert plain_text(f"积{odd}水", lines=False) in ("积水", "积 水")


def test_what_people_write_stays_as_it_is():
    said = "客都大道 K2＋300 处积水约 30 cm；①已封路 𠮷田 👍🏽 “请绕行”\n第二行\t表"
    assert plain_text(said) == said


@given(st.text(ANY_CHARACTER, max_size=80), st.integers(20, 60))
def test_an_overlong_text_is_cut_to_its_length_and_says_so(text, most):
    plain, cut = plain_text(text), plain_text(text, most)
    assert len(cut) <= most
    assert cut == plain or (cut[-1] == "…" and plain.startswith(cut[:-1]))
