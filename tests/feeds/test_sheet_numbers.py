"""Numbers in sheets and the units they are turned into: what is read is exactly what the figures say, or it is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.model import Quality
from brain.sheets import numbers
from brain.sheets.words import Unreadable, fold, half
from ingest.write import units

SIZED = settings(max_examples=150, deadline=None)
WIDE_FIGURES = str.maketrans("0123456789.-+", "０１２３４５６７８９．－＋")


@SIZED
@given(
    st.decimals(-1_000_000, 1_000_000, allow_nan=False, places=4), st.integers(-6, 6),
    st.sampled_from(["plain", "wide", "minus", "spaced", "E", "×^", "×³", "unit"]),
)
def test_a_number_is_exactly_what_its_figures_say(value, power, form):
    said, wanted = f"{value:f}", float(value)
    if form in ("E", "×^", "×³"):
        raised = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        said += {"E": f"E{power:+03d}", "×^": f"×10^{power}", "×³": f" × 10{raised}"}[form]
        wanted = float(f"{value:f}e{power}")
    said = {"wide": said.translate(WIDE_FIGURES), "minus": said.replace("-", "−"), "spaced": f"　{said}\u00a0"}.get(form, said)
    if form == "unit":
        said, unit = numbers.parted(f"{said} mg/L")
        assert unit == "mg/L"
    assert numbers.measured(said, "x", cell=True) == (wanted, Quality.OK)


@SIZED
@given(st.decimals(-10_000, 10_000, allow_nan=False, places=3), st.sampled_from(["²", "³", "¹", "①", "⒈", "⑴", "½", "₂"]))
def test_a_mark_behind_a_number_is_never_one_of_its_figures(value, mark):
    with pytest.raises(Unreadable, match=f"“{mark}”可能是脚注"):
        numbers.measured(f"{value:f}{mark}", "x", cell=True)


@pytest.mark.parametrize(("said", "kept", "name"), [
    ("ＳＯ₂", "SO₂", "SO2"), ("㎥／s³", "m3/s³", "m3/s3"), ("㎎／Ｌ", "mg/L", "mg/L"), ("µg／m³", "μg/m³", "μg/m3"), ("℃", "°C", "°C"),
    ("ＷＬ－０１①", "WL-01①", "WL-01①"), ("a　ｂ\u00a0", "a b", "a b"), ("⽔位", "水位", "水位"),
])  # fmt: skip
def test_signs_become_plain_and_figures_that_are_raised_do_so_in_names_only(said, kept, name):
    assert (half(said), fold(said)) == (kept, name)


@SIZED
@given(
    st.decimals(-100_000, 100_000, allow_nan=False, places=3),
    st.sampled_from([("cm", "m", "1/100"), ("m³/h", "L/s", "1000/3600"), ("mg/L", "μg/L", "1000")]),
)
def test_a_turned_value_is_the_decimal_that_it_stands_for(value, way):
    given_unit, wanted, factor = way
    found = units.load().convert(float(value), given_unit, wanted)
    assert found == float(Fraction(value) * Fraction(factor)) and repr(found) != "-0.0"


@pytest.mark.parametrize(("value", "given_unit", "wanted", "right"), [
    (7510.0, "cm", "m", 75.1), (64.4, "℉", "℃", 18.0), (32.0, "°F", "℃", 0.0), (300.55, "K", "℃", 27.4), (-0.0, "cm", "m", 0.0),
])  # fmt: skip
def test_a_turned_value_has_no_noise(value, given_unit, wanted, right):
    assert repr(units.load().convert(value, given_unit, wanted)) == repr(right)
