"""LoRaWAN uplinks: the maker's own examples, the envelopes of three network servers, and whatever else arrives."""

from __future__ import annotations

import base64
import json
import math
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
from ingest.feeds import BadMessage, lorawan
from ingest.feeds.lorawan import _tlv

RECEIVED = datetime(2026, 9, 3, 0, 0, 5, tzinfo=UTC)
EUI = "24e124136b502217"
TABLE = _tlv.load("")

# The maker's examples -------------------------------------------------------------------------------------------------
# Hex and decoded facts from the READMEs of github.com/Milesight-IoT/SensorDecoders: `milesight.jsonl` is the collection at
# e79c9d8b, `milesight_more.jsonl` those of models that it lacks.
VECTORS = [
    json.loads(line)
    for file in ("milesight.jsonl", "milesight_more.jsonl")
    for line in (Path(__file__).parent / "vectors" / file).read_text(encoding="utf-8").splitlines()
]
CITY = {
    "level": {"em500-udl", "em310-udl", "em500-swl", "em400-udl", "em400-tld", "em400-mud", "em300-cl"},
    "rain, weather": {"wts506"},
    "leak": {"em300-sld", "em300-zld", "em300-mld", "ws303"},
    "gas": {"gs301"},
    "door": {"em300-mcs", "ts301", "ts301-v2", "ts302", "ts302-v2"},
}
OUT = {
    "versions and serial numbers only, which the maker prints as text: no quantity": r"(ct\S+ FF0B|vs132 )",
    "four stray bytes stand behind the value": r"ct\S+ 049[89]B80B0{8}",
    "the device says that it has no value": r"ct\S+ 049[89]FFFF",
    "several values in the bits of one byte": r"(ct\S+ 849[89]|at101 |em320-tilt |ws50\S+ FF29|ws558 |wt2\S+ (0367|8367|20CE|FFC))",
    "the layout depends on a byte of the value": r"(ts30\S+ 20CE|ts201-v2 20CE|uc512 20CE|vs13[35] 10E4|wt101 |ds3604 |uc501 FF0E)",
    "the maker tells the same values once more as an event": r"ts201-v2 (8367|9367)",
    "an event or a setting, no quantity": r"(ws101 |uc50. FF15|ws50\S+ D)",
    "another protocol": r"(gs524n |em400-udl 0200)",
}


def why_out(vector: dict) -> str | None:
    said = f"{vector['device']} {vector['hex']}"
    return next((reason for reason, which in OUT.items() if re.match(which, said)), None)


def told(vector: dict) -> dict:
    """What we read in a vector, in the maker's way of writing it down."""
    found: dict = {}
    history: list[dict] = []
    for field in _tlv.decode(TABLE.models.get(vector["device"], TABLE.common), bytes.fromhex(vector["hex"])):
        shown = field.text or field.value
        if shown is None:
            continue
        if field.at is None:
            found[field.name] = shown
        elif history and history[-1]["timestamp"] == field.at:
            history[-1][field.name] = shown
        else:
            history.append({"timestamp": field.at, field.name: shown})
    return found | ({"history": history} if history else {})


def same(ours, theirs) -> bool:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, float) and isinstance(theirs, str) and re.fullmatch(r"\d+\.\d\d", theirs):
        theirs = float(theirs)  # water volumes are printed as text
    if isinstance(ours, float) and isinstance(theirs, (int, float)):
        return math.isclose(ours, theirs, rel_tol=1e-6)
    return ours == theirs


@pytest.mark.parametrize("vector", [v for v in VECTORS if not why_out(v)], ids=lambda v: f"{v['device']}-{v['hex'][:12]}")
def test_a_frame_of_the_maker_reads_as_the_maker_reads_it(vector):
    assert same(told(vector), vector["decoded"])


@pytest.mark.parametrize("vector", [v for v in VECTORS if why_out(v)], ids=lambda v: f"{v['device']}-{v['hex'][:12]}")
def test_a_frame_that_the_table_cannot_say_is_refused_or_differs_for_a_named_reason(vector):
    """So that a frame the table learns to read does not stay on the list."""
    try:
        assert not same(told(vector), vector["decoded"])
    except BadMessage as err:
        assert err.rule == "channel"


def test_most_of_the_158_are_read_and_all_of_the_models_for_the_city():
    given_us = VECTORS[:158]
    assert VECTORS[158]["device"] == "em300-sld"
    assert len([v for v in given_us if not why_out(v)]) == 91
    city = set().union(*CITY.values())
    assert city <= set(TABLE.models) and city <= {v["device"] for v in VECTORS}
    # what is out of a city model's frames is another protocol (NB-IoT) or a history whose layout a byte chooses
    assert {why_out(v) for v in VECTORS if v["device"] in city} <= {
        None, "another protocol", "the layout depends on a byte of the value"
    }  # fmt: skip


# The model of a device ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("profile", "model"),
    [
        ("EM310-UDL", "em310-udl"),
        ("Milesight EM310-UDL 470M", "em310-udl"),
        ("em500_swl", "em500-swl"),
        ("TS301-V2", "ts301-v2"),
        ("AM319 HCHO Well", "am319-hcho-well"),
        ("WTS5061", None),
        ("XEM310-UDL", None),
        ("水位计", None),
    ],
)
def test_a_profile_names_the_longest_model_it_holds(profile, model):
    found = TABLE.model(profile)
    assert (found and found.name) == model


def test_the_same_channel_is_read_by_the_model():
    """05 00 is a leak, a tilted head or movement in the room."""
    seen = {name: [f.name for f in _tlv.decode(TABLE.models[name], b"\x05\x00\x01")] for name in ("em300-sld", "em400-udl", "am307")}
    assert seen == {"em300-sld": ["leakage_status"], "em400-udl": ["position"], "am307": ["pir"]}


# Envelopes ------------------------------------------------------------------------------------------------------------
def uplink(hexed: str, profile: str = "EM310-UDL", eui: str = EUI, **more) -> dict:
    data = base64.b64encode(bytes.fromhex(hexed)).decode()
    device = {"devEui": eui, "deviceProfileName": profile}
    return {"time": "2026-09-03T00:00:00+00:00", "deviceInfo": device, "fPort": 85, "data": data} | more


def parse(body: dict | bytes, topic: str = EUI, received_at: datetime = RECEIVED) -> list:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lorawan.parse(f"city/441402/lorawan/cgj/{topic}", payload, received_at)


def refusal(body: dict, topic: str = EUI) -> BadMessage:
    with pytest.raises(BadMessage) as err:
        parse(body, topic)
    return err.value


@pytest.mark.parametrize(
    ("topic", "station"),
    [
        (EUI, EUI),
        (EUI.upper(), EUI),
        (f"{EUI}/event/up", EUI),
        (f"ns1/application/1/device/{EUI}/event/up", f"ns1/{EUI}"),
        ("24e124136b500000", f"24e124136b500000/{EUI}"),
        ("-", EUI),
    ],
)
def test_a_device_speaks_for_itself_and_a_server_only_in_its_own_name(topic, station):
    assert {r.station for r in parse(uplink("01755C"), topic)} == {station}


def test_a_server_that_writes_the_eui_in_base64_names_the_same_device():
    body = {"devEUI": base64.b64encode(bytes.fromhex(EUI)).decode(), "data": "AXVc", "publishedAt": "2026-09-03T00:00:00Z"}
    (reading,) = parse(body)
    assert (reading.station, reading.at) == (EUI, RECEIVED - timedelta(seconds=5))


def test_our_table_goes_before_what_the_server_decoded():
    (reading,) = parse(uplink("03824408", object={"distance": 1}))
    assert reading.value == 2116


def test_what_the_server_decoded_goes_before_the_common_table():
    (reading,) = parse(uplink("03824408", profile="level meter", object={"distance": 1}))
    assert (reading.kind, reading.value) == ("?distance@mm", 1)


def test_a_field_of_another_maker_has_no_unit_until_somebody_says_it():
    found = parse(uplink("00", "LDDS75", "70b3d57ed0001234", object={"distance": 1730, "battery": 3.4}), "70b3d57ed0001234")
    assert [r.kind for r in found] == ["?distance", "?battery"]


def test_a_value_told_twice_in_one_frame_is_one_reading():
    (reading,) = parse(uplink("03677F01" "8367900101", "WTS506"))
    assert (reading.kind, reading.value) == ("air_temp", 40.0)


def test_an_uplink_without_time_is_known_again():
    body = uplink("01755C")
    del body["time"]
    (once,), (again,) = parse(body), parse(body, received_at=RECEIVED + timedelta(minutes=1))
    (other,) = parse(body | {"fCnt": 8})
    assert once.quality is Quality.CLOCK and once.seq == again.seq != other.seq


def test_history_keeps_its_own_time_even_where_the_uplink_has_none():
    body = uplink("20CE9E74466310015D01", "EM300-SLD")
    del body["time"]
    (reading,) = parse(body)
    assert (reading.at, reading.quality) == (datetime(2022, 10, 12, 8, 2, 38, tzinfo=UTC), Quality.OK)


# Files ----------------------------------------------------------------------------------------------------------------
def test_a_file_is_one_message_or_lines_of_messages_or_bare_frames():
    one = json.dumps(uplink("01755C"), indent=1).encode()
    line = json.dumps(uplink("01755C")).encode()
    assert lorawan.cut(one) == [one]
    assert lorawan.cut(line + b"\n\n" + line + b"\n") == [line, line]
    (bare,) = lorawan.cut(b"em310-udl 01755C03824408040001\n")
    assert [(r.station, r.value) for r in parse(bare, "-")] == [("em310-udl", 92.0), ("em310-udl", 2116.0)]


# The city's own tables ------------------------------------------------------------------------------------------------
@pytest.fixture
def furnish(tmp_path):
    """Lay these files over the shipped tables; the shipped ones are back afterwards."""

    def furnish(**files: str) -> None:
        for name, text in files.items():
            (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        feeds.furnish(str(tmp_path))

    yield furnish
    feeds.furnish("")


def test_a_city_adds_a_model_and_keeps_what_it_did_not_name(furnish):
    furnish(
        milesight='[model.em999]\n"0a bb" = "mud u16/10"\n', lorawan='[kinds]\nmud = "well_depth@m"\nbattery = ""\n'
    )
    (mud,) = parse(uplink("01755C" "0ABB2000", "EM999"))
    assert (mud.kind, mud.value) == ("well_depth@m", 3.2)
    assert parse(uplink("03821E00"))[0].kind == "?distance@mm"


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"milesight": '[common]\n"0367" = "t u8"\n'}, "common.0367"),
        ({"milesight": '[common]\n"03 67" = "t u9"\n'}, "common.03 67"),
        ({"milesight": '[common]\n"03 67" = "t u8/0"\n'}, "common.03 67"),
        ({"milesight": '[model.a]\nlike = "b"\n'}, "没有型号“b”"),
        ({"milesight": '[model.a]\nlike = "b"\n[model.b]\nlike = "a"\n'}, "绕回了自己"),
        ({"milesight": '[words]\nx = { one = "a" }\n'}, "words.x.one"),
        ({"lorawan": '[envelope.x]\ntitle = "x"\n'}, "envelope.x.needs"),
        ({"lorawan": "[kinds]\nx = 3\n"}, "kinds.x"),
        ({"lorawan": "[knds]\nx = 'y'\n"}, "knds"),
    ],
)
def test_a_mistake_in_them_stops_the_start_and_is_named(furnish, files, named):
    with pytest.raises(BadCatalog, match=re.escape(f"{next(iter(files))}.toml")) as err:
        furnish(**files)
    assert named in str(err.value)


# Whatever arrives -----------------------------------------------------------------------------------------------------
MODELS = [TABLE.common, *TABLE.models.values()]
CHANNELS = sorted({channel for model in MODELS for channel in model.channels})


@settings(max_examples=300, deadline=None)
@given(model=st.sampled_from(MODELS), data=st.data())
def test_any_frame_is_read_or_refused_within_its_bytes(model, data):
    frame = b"".join(
        data.draw(st.one_of(st.binary(max_size=12), st.sampled_from(CHANNELS).map(bytes))) for _ in range(data.draw(st.integers(0, 20)))
    )
    found = []
    try:
        for field in _tlv.decode(model, frame):
            found.append(field)
            assert field.value is None or isinstance(field.value, float)
            assert field.at is None or _tlv.moment(field.at).tzinfo is UTC
    except BadMessage as err:
        assert err.rule == "channel" and "；" in err.reason
    assert len(found) <= len(frame)


@settings(max_examples=300, deadline=None)
@given(vector=st.sampled_from(VECTORS), data=st.data())
def test_a_frame_of_the_maker_cut_flipped_or_doubled_is_read_or_refused(vector, data):
    frame = bytearray.fromhex(vector["hex"])
    spot = data.draw(st.integers(0, len(frame) - 1))
    frame[spot] ^= data.draw(st.integers(0, 255))
    frame = (frame * data.draw(st.integers(1, 3)))[: data.draw(st.integers(0, 3 * len(frame)))]
    try:
        for reading in parse(uplink(frame.hex(), vector["device"])):
            assert isinstance(reading.value, float) and reading.at.tzinfo is UTC and reading.kind
    except BadMessage as err:
        assert err.rule and "；" in err.reason


@settings(max_examples=200, deadline=None)
@given(
    fields=st.lists(
        st.tuples(st.integers(0, 100), st.integers(-400, 600), st.integers(0, 200), st.integers(0, 1)), min_size=1, max_size=6
    )
)
def test_what_a_device_packs_is_what_comes_out(fields):
    """Battery, temperature, humidity and leak of an EM300-SLD, in any number and order of blocks: the last counts."""
    frame = b""
    for battery, temperature, humidity, leak in fields:
        frame += bytes([1, 0x75, battery, 3, 0x67]) + temperature.to_bytes(2, "little", signed=True)
        frame += bytes([4, 0x68, humidity, 5, 0, leak])
    told = {f.name: f.value for f in _tlv.decode(TABLE.models["em300-sld"], frame)}
    battery, temperature, humidity, leak = fields[-1]
    assert told == {
        "battery": battery, "temperature": temperature / 10, "humidity": humidity / 2, "leakage_status": leak
    }  # fmt: skip
    found = {r.kind: r.value for r in parse(uplink(frame.hex(), "EM300-SLD"))}
    assert found == {"battery_level": battery, "leak": leak}


@pytest.mark.parametrize(
    "body",
    [
        uplink("017564" * 80_000),
        uplink("00", object={"a": {"b": 1}} | {f"x{n}": n for n in range(20_000)}, profile="?"),
        uplink("01755C") | {"deviceInfo": {"devEui": "x" * 200_000}},
        uplink("01755C", profile="em310-" * 40_000),
        uplink("01755C", time="9" * 200_000),
    ],
    ids=["frame", "object", "eui", "profile", "time"],
)
def test_a_hostile_size_is_dealt_with_in_less_than_a_second(body):
    """Of the processor's time: a machine that is busy with other things is not our fault."""
    began = time.thread_time()
    try:
        parse(body)
    except BadMessage as err:
        assert len(err.reason) < 500
    assert time.thread_time() - began < 1


def test_a_frame_longer_than_lorawan_carries_is_refused():
    assert refusal(uplink("017564" * 400)).rule == "size"
