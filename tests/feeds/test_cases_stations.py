"""Bytes of stations: each case of `cases/stations` becomes what is right of it, through the feed and through `ingest decode` alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain import catalog as catalogs
from ingest import feeds, tools
from ingest.feeds import BadMessage, sl651
from ingest.feeds._wire import BEIJING
from ingest.feeds.sl651._elements import ELEMENTS, body, element, group
from ingest.feeds.sl651._frame import frame
from ingest.write import units

FOLDER = Path(__file__).parent / "cases" / "stations"
CASES = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
RECEIVED = datetime(2026, 9, 4, 8, 0, 5, tzinfo=UTC)
STATION = "4414020001"
MINUTE = timedelta(minutes=1)


def read(case: dict) -> tuple[list, BadMessage | None]:
    try:
        return feeds.load()[case["feed"]].parse(case["topic"], (FOLDER / case["file"]).read_bytes(), RECEIVED), None
    except BadMessage as err:
        return err.rest, err


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["file"])
def test_a_case_becomes_what_is_right(case):
    found, refused = read(case)
    assert (refused is None) == ("refused" not in case), refused and refused.reason
    if refused:
        rule, says = case["refused"]
        assert refused.rule == rule and says in refused.reason and "；" in refused.reason
    wanted = [(kind, value, datetime.fromisoformat(at), *quality) for kind, value, at, *quality in case["readings"]]
    said = [(r.kind, r.value, r.at, *([str(r.quality)] if r.quality != "ok" else [])) for r in found]
    assert sorted(said) == sorted(wanted)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["file"])
def test_decode_says_the_same_as_the_door(case):
    data = (FOLDER / case["file"]).read_bytes()
    (said,) = tools.decode(feeds.load()[case["feed"]], data, case["topic"], catalogs.load(), units.load(""))
    found, refused = read(case)
    assert said["ok"] == (refused is None) and said.get("error") == (refused and refused.reason)
    assert len(said.get("readings", ())) == len(found)


def test_every_file_of_the_folder_is_a_case():
    assert {c["file"] for c in CASES} == {p.name for p in FOLDER.iterdir()} - {"cases.json"}


def test_decode_names_the_kinds_of_an_outlet_with_their_units():
    (case,) = [c for c in CASES if c["file"] == "outlet_31_hour.txt"]
    (said,) = tools.decode(
        feeds.load()["hj212"], (FOLDER / case["file"]).read_bytes(), case["topic"], catalogs.load(), units.load("")
    )
    assert {(r["kind"], r["unit"]) for r in said["readings"]} >= {("exhaust_so2_1h", "mg/m³")}


# Groups ---------------------------------------------------------------------------------------------------------------
def f0(at: datetime) -> bytes:
    return b"\xf0\xf0" + bytes.fromhex(at.strftime("%y%m%d%H%M"))


@settings(max_examples=100, deadline=None)
@given(
    hour=st.datetimes(datetime(2026, 1, 1, 1), datetime(2026, 12, 31)), own=st.booleans(), behind=st.booleans(),
    slots=st.lists(st.none() | st.integers(0, 9999), min_size=12, max_size=12),
)  # fmt: skip
def test_however_a_station_dates_its_group_the_twelve_values_end_with_the_hour(hour, own, behind, slots):
    """Also over the ends of days, months and years."""
    end = hour.replace(minute=0, second=0, microsecond=0, tzinfo=BEIJING)
    grouped, level = group("F5", [n if n is None else n / 100 for n in slots]), element("38", 12.0)
    if not own:
        parts, first = [grouped, level], end
    elif behind:
        parts, first = [level, f0(end - 55 * MINUTE), grouped], end
    else:
        parts, first = [grouped, f0(end), level], end - 55 * MINUTE
    payload = frame(STATION, 0x34, body(7, end + MINUTE / 3, STATION, "H", first, parts))
    found = [(r.at, r.value) for r in sl651.parse("", payload, RECEIVED) if r.kind == "water_level"]
    assert found == [(end - 5 * (11 - n) * MINUTE, value / 100) for n, value in enumerate(slots) if value is not None]


# Signs ----------------------------------------------------------------------------------------------------------------
AT = datetime(2026, 9, 3, 9, 0, tzinfo=BEIJING)
NAMES = ["39", "3A", "27", "37", "38", "02", "03"]


def signed(what: str, value: float, counted: bool) -> bytes:
    known = ELEMENTS[what]
    if value >= 0 or counted:
        return element(what, value)
    digits = f"{round(-value * 10**known.decimals):0{2 * known.bytes}d}"
    return bytes([int(what, 16), known.definition]) + b"\xff" + bytes.fromhex(digits)


@settings(max_examples=200, deadline=None)
@given(
    counted=st.booleans(),
    given=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(-99, 99)), min_size=1, max_size=7, unique_by=lambda pair: pair[0]),
)
def test_either_habit_is_read_as_it_was_meant_or_refused_and_never_as_another_number(counted, given):
    values = [(what, n / 10 ** ELEMENTS[what].decimals) for what, n in given]
    payload = frame(STATION, 0x32, body(7, AT, STATION, "H", AT, [signed(what, value, counted) for what, value in values]))
    try:
        found = sl651.parse("", payload, RECEIVED)
    except BadMessage as err:
        assert not err.rest and "符号字节" in err.reason
        return
    wanted = [(ELEMENTS[what].kind, value) for what, value in values]
    taken = {kind: value for kind, value in reversed(wanted)}
    assert [(r.kind, r.value) for r in found if r.kind[0] != "?"] == [(k, v) for k, v in wanted if taken[k] == v]
