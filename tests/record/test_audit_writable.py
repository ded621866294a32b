"""Whatever is typed can be written into the trail, and two texts never become one there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.identity import audit

NOW = datetime(2026, 9, 3, 10, 0, tzinfo=UTC)
TEXTS = st.text(st.characters(codec=None), max_size=40) | st.sampled_from(["\\u0000", "\0", "\\\\u0000", "\\u005cu0000", "\ud800"])


@given(TEXTS)
def test_a_writable_text_is_utf8_without_control_characters(text):
    said = audit.writable(text)
    said.encode()
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in said)


@given(TEXTS, TEXTS)
def test_two_texts_stay_two(one, other):
    assert (audit.writable(one) == audit.writable(other)) is (one == other)


@pytest.mark.parametrize("odd", ["a\0b", "\ud800", "x" * 5000, "\r\n\x1b[31m", "\u0085\u2028"])
def test_a_line_with_anything_in_it_is_written_and_its_chain_holds(conn, odd):
    number = audit.audit(conn, odd, odd, NOW, object=odd, ip=odd, ok=False, note=odd, deep={odd: [odd, {"a": (odd,)}]})
    row = conn.execute("SELECT * FROM audit WHERE id = %s", [number]).fetchone()
    assert row["object"] == audit.named(odd) and len(row["object"]) <= audit.LONGEST
    assert row["detail"]["note"] == audit.writable(odd)
