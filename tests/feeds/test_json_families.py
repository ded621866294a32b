"""JSON families: one observation in many spellings is one reading; who may speak for whom; a city's own family."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.catalog import BadCatalog
from brain.model import Quality
from ingest import feeds
from ingest.__main__ import main
from ingest.feeds import BadMessage, _wire

RECEIVED = datetime(2026, 9, 3, 0, 0, 5, tzinfo=UTC)
JSON = feeds.load()["json"]


def parse(body: object, topic: str = "PD-09", received_at: datetime = RECEIVED) -> list:
    payload = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return JSON.parse(f"city/441402/json/cgj/{topic}", payload, received_at)


def refusal(body: object, topic: str = "PD-09") -> BadMessage:
    with pytest.raises(BadMessage) as err:
        parse(body, topic)
    return err.value


# One observation in all spellings -------------------------------------------------------------------------------------
SPELLINGS = {
    "ours": lambda at, items: {"station": "PD-09", "ts": at.isoformat(), "items": items},
    "readings": lambda at, items: [{"station": "PD-09", "kind": k, "value": v, "at": at.isoformat()} for k, v in items.items()],
    "readings inside": lambda at, items: {
        "station": "PD-09", "ts": int(at.timestamp() * 1000), "readings": [{"kind": k, "value": str(v)} for k, v in items.items()],
    },
    "senml": lambda at, items: [
        ({"bn": "urn:dev:ow:PD-09:", "bt": at.timestamp() - 60} if n == 0 else {}) | {"n": k, "v": v, "t": 60}
        for n, (k, v) in enumerate(items.items())
    ],
    "values": lambda at, items: [{"ts": at.timestamp() * 1000, "values": items}],
    "flat": lambda at, items: {"time": f"{at.astimezone(_wire.BEIJING):%Y-%m-%d %H:%M:%S}"} | items,
    "tasmota": lambda at, items: {"Time": f"{at.astimezone(_wire.BEIJING):%Y-%m-%dT%H:%M:%S}", "Uptime": "0T00:10:11"} | items,
}  # fmt: skip
names = st.text("abcdefghijk_0123456789", min_size=1, max_size=10).filter(lambda n: n not in ("seq", "flag"))
moments = st.datetimes(datetime(2010, 1, 1), datetime(2027, 1, 1)).map(lambda d: d.replace(microsecond=0, tzinfo=UTC))


@settings(max_examples=150, deadline=None)
@given(at=moments, items=st.dictionaries(names, st.floats(-1e9, 1e9), min_size=1, max_size=5))
def test_one_observation_is_the_same_in_every_family(at, items):
    found = {family: parse(spell(at, items)) for family, spell in SPELLINGS.items()}
    for family, readings in found.items():
        assert [(r.station, r.kind, r.at, r.value, r.seq) for r in readings] == [
            ("PD-09", f"?{name}", at, value, "") for name, value in items.items()
        ], family


def test_what_two_tasmota_devices_sent_is_read_and_their_housekeeping_left_out():
    """The capture of shared/data/payloads: local times without zone, nested sensors."""
    lines = (Path(__file__).parent / "vectors" / "tasmota.jsonl").read_text(encoding="utf-8").splitlines()
    found = [parse(json.loads(line)["payload"], json.loads(line)["topic"].split("/")[1]) for line in lines]
    assert [[r.kind for r in readings] for readings in found] == [
        ["?POWER"], ["?Switch1"], ["?POWER"], ["?Switch1"], ["?POWER"],
        (energy := [*(f"?ANALOG.CTEnergy.{n}" for n in ("Energy", "Power", "Voltage", "Current")), "air_temp@C", "humidity"]),
        ["?POWER"], energy,
    ]  # fmt: skip
    assert {r.station for readings in found for r in readings} == {"tasmota_9CF9D1", "tasmota_C59B5E"}
    assert found[0][0].at == datetime(2024, 2, 24, 14, 20, 38, tzinfo=UTC)


@pytest.mark.parametrize(("said", "value"), [(True, 1.0), (False, 0.0), ("ON", 1.0), ("off", 0.0), ("１２．５", 12.5)])
def test_a_switch_and_a_number_in_text_are_numbers(said, value):
    assert parse({"ts": 1788393600, "x": said})[0].value == value


def test_a_gap_is_no_reading():
    assert [r.kind for r in parse({"ts": 1788393600, "x": "--", "y": None, "z": 1})] == ["?z"]


def test_the_flag_of_one_item_is_of_that_item():
    found = parse({"ts": 1788393600, "items": {"a": 1, "b": 2}, "flag": {"b": "D"}})
    assert [r.quality for r in found] == [Quality.OK, Quality.SUSPECT]


@pytest.mark.parametrize("said", ["late", "clock", "duplicate", "drift"])
def test_a_sender_does_not_say_what_is_ours_to_find(said):
    assert refusal([{"kind": "x", "value": 1, "at": 1788393600, "quality": said}]).rule == "flag"


def test_a_name_with_an_at_sign_is_refused_lest_its_end_be_taken_for_a_unit():
    assert refusal({"ts": 1788393600, "items": {"depth@mm": 1}}).rule == "kind"


# Who speaks for whom --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("topic", "said", "station"),
    [
        ("PD-09", None, "PD-09"),
        ("PD-09", "PD-09", "PD-09"),
        ("GW-1", "PD-09", "GW-1/PD-09"),
        ("GW-1", "GW-2/PD-09", "GW-1/GW-2/PD-09"),
        ("-", "PD-09", "PD-09"),
    ],
)
def test_a_sender_speaks_for_itself_or_in_its_own_name(topic, said, station):
    body = {"ts": 1788393600, "items": {"x": 1}} | ({"station": said} if said else {})
    assert parse(body, topic)[0].station == station


@pytest.mark.parametrize("topic", ["-", "@116.1,24.3"])
def test_a_message_of_nobody_is_refused(topic):
    assert refusal({"ts": 1788393600, "items": {"x": 1}}, topic).rule == "station"


# Without a time -------------------------------------------------------------------------------------------------------
def test_a_message_without_time_is_known_again_and_its_records_told_apart():
    body = [{"kind": "x", "value": 1}, {"kind": "x", "value": 1}]
    once, again = parse(body), parse(body, received_at=RECEIVED + timedelta(minutes=5))
    assert [r.seq for r in once] == [r.seq for r in again] and len({r.seq for r in once}) == 2
    assert {r.quality for r in once} == {Quality.CLOCK}


def test_a_senml_time_relative_to_now_is_no_clock():
    (reading,) = parse([{"n": "x", "v": 1, "t": -60}])
    assert (reading.at, reading.quality) == (RECEIVED - timedelta(seconds=60), Quality.CLOCK)


# The city's own families ----------------------------------------------------------------------------------------------
@pytest.fixture
def furnish(tmp_path):
    """Lay this text over the shipped families; the shipped ones are back afterwards."""

    def furnish(text: str) -> None:
        (tmp_path / "families.toml").write_text(text, encoding="utf-8")
        feeds.furnish(str(tmp_path))

    yield furnish
    feeds.furnish("")


OWN = """
[family.pump]
title = "泵站 PLC"
needs = ["plc", "when"]
station = "plc.id"
time = "when"
zone = "+00:00"
values = "plc.tags"
[family.pump.kinds]
LVL = "well_depth@cm"
CRC = ""
[family.pump.words]
TRIP = 2
"""


def test_a_city_declares_a_family_without_code(furnish):
    furnish(OWN)
    body = {"when": "2026-09-03 00:00:00", "ts": 1, "plc": {"id": "PS-1", "tags": {"LVL": 183, "STATE": "trip", "CRC": 7}}}
    found = parse(body, "PS-1")
    assert [(r.kind, r.value) for r in found] == [("well_depth@cm", 183.0), ("?STATE", 2.0)]
    assert {r.at for r in found} == {datetime(2026, 9, 3, tzinfo=UTC)}
    assert parse({"ts": 1788393600, "x": 1})[0].kind == "?x"


def test_the_command_reads_with_the_city_s_tables_and_names_a_mistake_in_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BRAIN_CATALOG", str(tmp_path))
    file = tmp_path / "message.json"
    file.write_text('{"when": "2026-09-03 00:00:00", "plc": {"id": "PS-1", "tags": {"LVL": 183}}}')
    try:
        (tmp_path / "families.toml").write_text(OWN, encoding="utf-8")
        assert main(["decode", "json", str(file)]) == 0
        assert json.loads(capsys.readouterr().out)["readings"][0]["kind"] == "well_depth"
        (tmp_path / "families.toml").write_text("[family.pump]\n", encoding="utf-8")
        assert main(["decode", "json", str(file)]) == 2
        assert "family.pump.title" in capsys.readouterr().err
    finally:
        feeds.furnish("")


def test_a_city_changes_a_shipped_family_in_one_line(furnish):
    furnish('[family.flat]\nkinds = { temp = "air_temp" }\n')
    assert parse({"ts": 1788393600, "temp": 1})[0].kind == "air_temp"


def test_a_city_takes_a_family_out(furnish):
    furnish("[family.flat]\ndrop = true\n")
    assert refusal({"ts": 1788393600, "x": 1}).rule == "shape"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[family.x]\ntitle = "x"\nneeds = []\nvalues = ""\n', "family.x.needs"),
        ('[family.x]\ntitle = "x"\nneeds = ["a"]\n', "family.x.values"),
        ('[family.x]\ntitle = "x"\nneeds = ["a"]\nvalues = ""\nname = "n"\nvalue = "v"\n', "family.x.values"),
        ('[family.flat]\nzone = "CST"\n', "family.flat.zone"),
        ('[family.flat]\nkind = "x"\n', "family.flat.kind"),
        ("[family.flat]\nwords = { ON = 'x' }\n", "family.flat.words.ON"),
        ("[families.flat]\n", "families"),
        ("[family\n", "TOML"),
    ],
)
def test_a_mistake_in_them_stops_the_start_and_is_named(furnish, text, named):
    with pytest.raises(BadCatalog, match=r"families\.toml") as err:
        furnish(text)
    assert re.search(re.escape(named), str(err.value))


# Files ----------------------------------------------------------------------------------------------------------------
def test_a_file_is_one_message_or_lines_of_messages():
    one, line = b'[\n{"kind":"x","value":1}\n]', b'{"ts":1788393600,"x":1}'
    assert JSON.cut(one) == [one]
    assert JSON.cut(line + b"\r\n" + line) == [line, line]
    assert JSON.cut(line + b"\n{") == [line, b"{"]
    assert JSON.cut(b"nonsense") == [b"nonsense"]


# Whatever arrives -----------------------------------------------------------------------------------------------------
KEYS = ("station", "ts", "time", "items", "flag", "readings", "kind", "value", "unit", "quality", "seq", "bn", "bt", "bu", "bv",
        "n", "v", "t", "values", "Time", "StatusSNS", "TempUnit", "Temperature", "x")  # fmt: skip
leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["N", "ON", "--", "2026-09-03 08:00", "@", ""])
trees = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(tree=trees)
def test_any_tree_of_the_families_names_is_read_or_refused(tree):
    try:
        for reading in parse(tree):
            assert isinstance(reading.value, float) and reading.at.tzinfo is UTC and reading.kind and reading.station
    except BadMessage as err:
        assert err.rule and "；" in err.reason


DEEP = b'{"ts":1,"x":' + b'{"y":' * 400 + b"1" + b"}" * 401


@pytest.mark.parametrize(
    "body",
    [
        {"ts": 1788393600} | {f"x{n}": n for n in range(20_000)},
        [{"kind": "x", "value": 1, "at": 1788393600} for _ in range(6_000)],
        [{"bn": "a" * 60, "n": "x", "v": 1, "bt": 1788393600}] + [{"n": "x", "v": 1}] * 9_000,
        [{"kind": "x", "value": 1}, *([0] * 9_999)],
        {"ts": 1788393600, "x": "9" * 250_000},
        DEEP,
        b"[" * 250_000,
    ],
    ids=["names", "records", "carried", "no records", "digits", "deep", "brackets"],
)
def test_a_hostile_size_is_dealt_with_in_less_than_a_second(body):
    """Of the processor's time: a machine that is busy with other things is not our fault."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    began = time.thread_time()
    try:
        parse(payload)
    except BadMessage as err:
        assert len(err.reason) < 500
    assert time.thread_time() - began < 1


def test_more_records_than_a_message_may_hold_are_refused():
    assert refusal([{"kind": "x", "value": 1}, *([0] * 10_000)]).rule == "size"
