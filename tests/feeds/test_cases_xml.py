"""XML of strangers: each case of `cases/xml` becomes what is right of it, through the feed and through `ingest decode` alike."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain import catalog as catalogs
from ingest import feeds, tools
from ingest.feeds import BadMessage, _xml
from ingest.write import units

FOLDER = Path(__file__).parent / "cases" / "xml"
CASES = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
RECEIVED = datetime(2026, 9, 3, 0, 0, 5, tzinfo=UTC)


def read(case: dict, at: datetime = RECEIVED) -> tuple[list, BadMessage | None]:
    try:
        return feeds.load()[case["feed"]].parse(case["topic"], (FOLDER / case["file"]).read_bytes(), at), None
    except BadMessage as err:
        return err.rest, err


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["file"])
def test_a_case_becomes_what_is_right(case):
    found, refused = read(case)
    assert (refused is None) == ("refused" not in case), refused and refused.reason
    if refused:
        rule, says = case["refused"]
        assert refused.rule == rule and says in refused.reason and "；" in refused.reason
    if case["feed"] == "cameras":
        assert {r.station: r.value for r in found if r.kind == "camera_online"} == case["online"] and len(found) == len(case["online"])
        return
    assert len(found) == (case["warning"] is not None)
    for name, wanted in (case["warning"] or {}).items():
        said = json.loads(json.dumps(asdict(found[0]), default=str))
        said |= said["area"] | {"parts": [p["level"] for p in said["area"].get("parts", ())] or None}
        if name == "notes" and wanted:
            assert [part in note for part, note in zip(wanted, said["notes"], strict=True)]
        elif name == "polygons":
            assert said[name] == [[pytest.approx(point) for point in ring] for ring in wanted]
        else:
            assert said.get(name) == wanted, name


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["file"])
def test_decode_says_the_same_as_the_door(case):
    catalog, local = catalogs.load(), units.load("")
    data = (FOLDER / case["file"]).read_bytes()
    (said,) = tools.decode(feeds.load()[case["feed"]], data, case["topic"], catalog, local)
    found, refused = read(case)
    assert said["ok"] == (refused is None) and said.get("error") == (refused and refused.reason)
    assert len(said.get("readings", ())) + len(said.get("records", ())) == len(found)


def test_every_file_of_the_folder_is_a_case():
    assert {c["file"] for c in CASES} == {p.name for p in FOLDER.glob("*.xml")}


def test_what_has_no_time_of_its_own_moves_with_its_receipt():
    case = next(c for c in CASES if c["file"].startswith("m01"))
    later = RECEIVED + timedelta(days=1)
    assert [r.at for r in read(case)[0]] == [RECEIVED] and [r.at for r in read(case, later)[0]] == [later]


NAMES = st.text(st.characters(blacklist_categories=["Cs"], max_codepoint=0x2FFFF), max_size=12)


@settings(max_examples=150, deadline=None)
@given(name=NAMES, coding=st.sampled_from(["gb18030", "utf-8", "utf-8-sig", "utf-16"]), says=st.sampled_from(["GB2312", "UTF-8", ""]))
def test_whatever_stands_in_a_name_costs_no_other_camera(name, coding, says):
    """Also where it holds tags: at most its own item is lost."""
    head = f'<?xml version="1.0" encoding="{says}"?>' if says else ""
    items = "".join(f"<Item><DeviceID>4414020000132000000{n}</DeviceID><Name>{name if n == 2 else '东'}</Name><Status>ON</Status></Item>"
                    for n in (1, 2, 3))  # fmt: skip
    said = f"{head}<Response><CmdType>Catalog</CmdType><SN>1</SN><DeviceList>{items}</DeviceList></Response>"
    found, _ = read_bytes(said.encode(coding, "replace"))
    assert {"44140200001320000001", "44140200001320000003"} <= found or "<!" in name or "<?" in name or "</" in name


def read_bytes(payload: bytes) -> tuple[set[str], BadMessage | None]:
    try:
        return {r.station for r in feeds.load()["cameras"].parse("city/441402/cameras/gaj/-", payload, RECEIVED)}, None
    except BadMessage as err:
        return {r.station for r in err.rest}, err


@settings(max_examples=100, deadline=None)
@given(cut=st.integers(0, 700))
def test_wherever_a_catalogue_is_cut_the_whole_items_before_it_stand(cut):
    payload = (FOLDER / "piece_nbsp_ampersand.xml").read_bytes()[:cut]
    found, refused = read_bytes(payload)
    assert len(found) == payload.count(b"</Item>")
    assert refused is not None or b"</Response>" in payload


@pytest.mark.parametrize("coding", ["gb18030", "utf-8"])
def test_a_coding_is_told_by_its_bytes_even_where_one_is_broken(coding):
    said = "<Name>梅江区江南街道办事处监控点位</Name>".encode(coding)
    assert "江南街道" in _xml.text(said[:-9] + said[-8:])


HOSTILE = [b"<a>" * 40_000 + b"&", b"<" * 200_000, b"<!--" * 50_000, b"<a " + b"x" * 200_000 + b">&", b"&" * 200_000]


@pytest.mark.parametrize("payload", HOSTILE, ids=lambda p: p[:4].decode())
def test_what_is_broken_on_purpose_is_refused_soon(payload):
    began = time.process_time()
    found, refused = read_bytes(b"<Notify>" + payload)
    assert not found and refused is not None and time.process_time() - began < 1
