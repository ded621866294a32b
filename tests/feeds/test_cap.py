"""CAP 1.2: the standard's own vectors, what a duty room reads off a warning, and hostile bytes."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.model import Level
from ingest.feeds import BadMessage, cap
from ingest.feeds._sample import samples

VECTORS = Path(__file__).parents[2] / ".." / "shared" / "data" / "conformance" / "cap12"
AT = datetime(2026, 9, 3, tzinfo=UTC)
GOOD = next(s.payload for s in samples("cap") if s.name == "yellow")
needs_vectors = pytest.mark.skipif(not VECTORS.is_dir(), reason="the CAP vectors of ../shared are not here")


def read(payload: bytes):
    (found,) = cap.parse("file/x/1", payload, AT)
    return found


def field(name: str) -> dict[str, list[str]]:
    return json.loads((VECTORS / "field_vectors.json").read_text(encoding="utf-8"))[name]


READERS = {
    "polygon": cap.polygon,
    "circle": cap.circle,
    "references": cap.references,
    "dateTime": lambda said: cap.moment(said, "sent"),
}


@needs_vectors
@pytest.mark.parametrize("name", READERS)
def test_every_valid_value_of_the_vectors_is_read(name):
    assert all(READERS[name](said) is not None for said in field(name)["valid"])


@needs_vectors
@pytest.mark.parametrize("name", READERS)
def test_every_invalid_value_of_the_vectors_is_refused(name):
    for said in field(name)["invalid"]:
        with pytest.raises(BadMessage):
            READERS[name](said)


@needs_vectors
def test_the_examples_of_the_standard_are_read():
    found = {p.stem: read(p.read_bytes()) for p in sorted(VECTORS.glob("oasis_*.xml"))}
    storm, quake, alert = (found[f"oasis_{n}"] for n in ("thunderstorm", "earthquake_update", "homeland_resource"))
    assert (storm.identifier, storm.level, storm.event_code) == ("KSTO1055887203", Level.ORANGE, "SVR")
    assert storm.expires == datetime(2003, 6, 17, 23, 0, tzinfo=UTC)
    assert storm.area["polygons"][0][0] == [-120.14, 38.47] and len(storm.area["geocodes"]) == 3
    assert quake.refers == (("trinet@caltech.edu", "TRI13970876.1"),) and quake.area["circles"] == [[-115.5527, 32.9525, 0.0]]
    assert (alert.category, alert.level, alert.area["polygons"]) == ("Security", Level.ORANGE, [])


@pytest.mark.parametrize(
    ("title", "severity", "level"),
    [
        ("梅江区发布暴雨红色预警信号", "Unknown", Level.RED),
        ("暴雨橙色预警", "Minor", Level.ORANGE),
        ("将黄色预警升级为橙色", "Severe", Level.ORANGE),
        ("暴雨红色、雷电黄色预警", "Severe", Level.RED),
        ("雷电黄色、暴雨红色预警", "Severe", Level.RED),
        ("暴雨红色预警和雷电黄色预警", "Severe", Level.RED),
        ("暴雨红色，雷电黄色预警信号", "Severe", Level.RED),
        ("发布暴雨橙色（Ⅱ级）、雷雨大风黄色（Ⅲ级）预警", "Severe", Level.ORANGE),
        ("红色预警：不要靠近橙色水马", "Severe", Level.RED),
        ("蓝色高温天气预警，红色区域请避让", "Severe", Level.BLUE),
        ("请勿靠近红色标志、黄色水马，大风蓝色预警", "Severe", Level.BLUE),
        ("暴雨橙色预警降级为黄色预警", "Severe", Level.YELLOW),
        ("降级暴雨橙色预警为黄色", "Severe", Level.YELLOW),
        ("暴雨预警由红色降为蓝色预警", "Severe", Level.BLUE),
        ("将雷电黄色预警变更为橙色预警，请远离红色水马", "Severe", Level.ORANGE),
        ("雷电红色预警继续生效，暴雨黄色预警升级为橙色", "Severe", Level.RED),
        ("解除暴雨红色预警，雷电黄色预警继续生效", "Severe", Level.YELLOW),
        ("解除暴雨红色预警", "Severe", Level.RED),
        ("暴雨红色雷电黄色", "Severe", Level.RED),
        ("台风白色、暴雨黄色预警", "Minor", Level.YELLOW),
        ("台风白色预警", "Minor", None),
        ("Flood", "Extreme", Level.RED),
        ("Flood", "Severe", Level.ORANGE),
        ("Flood", "Moderate", Level.YELLOW),
        ("Flood", "Minor", Level.BLUE),
        ("Flood", "Unknown", None),
    ],
)
def test_the_level_is_the_colour_that_was_signed_else_the_severity(title, severity, level):
    assert cap.level_of(title, severity) == level


def test_of_several_languages_the_chinese_block_is_read():
    english = GOOD.decode().split("<info>")[1].split("</info>")[0].replace("zh-CN", "en-US").replace("暴雨", "Rain")
    both = GOOD.decode().replace("<info>", f"<info>{english}</info><info>", 1)
    assert read(both.encode()).event == "暴雨"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_with_a_sentence(payload):
    with pytest.raises(BadMessage) as caught:
        cap.parse("file/x/1", payload, AT)
    assert "；" in caught.value.reason


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_warning_is_read_or_refused(data):
    spoiled = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read(bytes(spoiled[: data.draw(st.integers(1, len(spoiled)))]))
    except BadMessage as err:
        assert "；" in err.reason
    else:
        assert found.identifier and found.sent.tzinfo is not None


@pytest.mark.parametrize(
    "payload",
    [
        b"<a>" * 80_000,
        GOOD.replace(b"24.20,116.00", b"24.20,116.00 " * 20_000, 1),
        GOOD.replace(b"<status>", b"<status " + b"a='1' " * 1000 + b">"),
        b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'>" + b"<info/>" * 30_000 + b"</alert>",
        GOOD.replace(b"24.20,116.00", b"9" * 200_000 + b",1", 1),
    ],
    ids=["deep", "long polygon", "attributes", "many blocks", "long number"],
)
def test_hostile_sizes_are_refused_soon(payload):
    began = time.process_time()
    with pytest.raises(BadMessage):
        cap.parse("file/x/1", payload, AT)
    assert time.process_time() - began < 1


# Times and texts of strangers -------------------------------------------------------------------------------------------
def told(**changes: str) -> bytes:
    """The good warning with the text of some elements replaced, or added where it has none."""
    text = GOOD.decode()
    for name, said in changes.items():
        text, n = re.subn(f"<{name}>[^<]*</{name}>", f"<{name}>{said}</{name}>", text, count=1)
        if n == 0:
            text = text.replace("<area>", f"<{name}>{said}</{name}><area>", 1)
    return text.encode()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("expires", "9999-12-31T23:59:59+08:00"), ("expires", "0002-01-01T00:00:00+08:00"), ("onset", "9999-01-01T00:00:00+00:00"),
        ("effective", "1900-01-01T00:00:00+08:00"), ("sent", "2030-01-01T00:00:00+08:00"), ("sent", "1970-01-01T00:00:00+08:00"),
    ],
)  # fmt: skip
def test_a_time_that_no_wall_could_show_sends_the_warning_to_the_dead_letter(name, said):
    with pytest.raises(BadMessage, match=name) as err:
        read(told(**{name: said}))
    assert err.value.rule == "time"
    assert "请发送方核对时间" in err.value.reason


@pytest.mark.parametrize(
    "said",
    ["2026-09-03T00:00:00Z", "2026-09-03T00:00:00.000-00:00", "2026-09-03T08:00:00.000+08:00", "2026-09-03 08:00:00+0800",
     "2026-09-03T08:00:00+08"],
)  # fmt: skip
def test_a_time_that_can_mean_one_moment_only_is_read(said):
    assert read(told(sent=said)).sent == datetime(2026, 9, 3, tzinfo=UTC)


@pytest.mark.parametrize("said", ["2026-09-03T08:00:00", "2026-09-03T08:00+08:00", "2026-09-03T08:00:00+08:00Z", "2026-09-03T25:00:00Z"])
def test_a_time_that_may_be_two_moments_is_refused(said):
    with pytest.raises(BadMessage) as err:
        read(told(sent=said))
    assert err.value.rule == "time"


@pytest.mark.parametrize(
    ("name", "said"),
    [("circle", "24.3,116.1 99999"), ("circle", "24.3,116.1 1000.5"), ("polygon", "-80,-170 -80,170 80,170 80,-170 -80,-170")],
)
def test_an_area_larger_than_any_warning_is_refused(name, said):
    with pytest.raises(BadMessage, match=name) as err:
        {"circle": cap.circle, "polygon": cap.polygon}[name](said)
    assert err.value.rule == "place" and "；" in err.value.reason


def test_a_warning_of_the_whole_country_is_read():
    assert len(cap.polygon("3,73 3,136 54,136 54,73 3,73")[0]) == 5
    assert cap.circle("24.3,116.1 1000")[0][2] == 1000


def test_who_reported_a_warning_is_its_department_or_the_platform():
    topics = {"file/x/1": "", "file/x/qxj/1": "qxj", "push/cap/yjj/k1/-": "yjj", "push/cap": "-"}
    assert {topic: cap.parse(topic, GOOD, AT)[0].org for topic in topics} == topics


def test_a_sender_that_writes_9999_for_ever_is_told_to_leave_the_end_out():
    with pytest.raises(BadMessage, match="长期有效的预警不要写 expires"):
        read(told(expires="9999-12-31T23:59:59+08:00"))


def test_what_no_document_could_carry_is_taken_out_of_its_texts():
    found = read(told(headline="梅江区\x85暴雨\u200d\ufdd0黄色预警", description="一" * 50_000))
    assert found.headline == "梅江区 暴雨\u200d黄色预警"
    assert len(found.description) == 20_000 and found.description.endswith("…")


def test_a_message_of_very_many_areas_is_refused_and_not_drawn():
    many = told().replace(b"</area>", b"<geocode><valueName>a</valueName><value>b</value></geocode>" * 3000 + b"</area>")
    with pytest.raises(BadMessage) as err:
        read(many)
    assert err.value.rule == "size"
