"""What real senders of JSON send, kind by kind: each case is a message and what it must become (`cases/json/<kind>.json`).

A reading of a case is [station, kind, value, at, quality] and its `seq` where it has one; `refused` is the rule and the beginning of
the reason; `as` is the family that `python -m ingest decode` names.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from brain.model import Quality, Reading
from ingest import feeds
from ingest.__main__ import main

FOLDER = Path(__file__).parent / "cases" / "json"
RECEIVED = datetime(2026, 9, 3, 0, 0, 5, tzinfo=UTC)
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['says']}")
    for path in sorted(FOLDER.glob("*.json"))
    for case in json.loads(path.read_text(encoding="utf-8"))
]


def payload_of(case: dict[str, Any]) -> bytes:
    if "payload_hex" in case:
        return bytes.fromhex(case["payload_hex"])
    if "payload_text" in case:
        return case["payload_text"].encode()
    return json.dumps(case["payload"], ensure_ascii=False).encode()


@pytest.mark.parametrize("case", CASES)
def test_a_case_becomes_what_it_says(case):
    module = feeds.load()[case["feed"]]
    try:
        found, refused = module.parse(case["topic"], payload_of(case), RECEIVED), None
    except feeds.BadMessage as err:
        found, refused = err.rest, err
    wanted = [
        Reading(station, kind, datetime.fromisoformat(at), pytest.approx(value, nan_ok=True), Quality(quality), *seq)
        for station, kind, value, at, quality, *seq in case["readings"]
    ]
    assert found == wanted
    rule, beginning = case.get("refused", (None, ""))
    assert (refused.rule if refused else None) == rule
    if refused:
        assert refused.reason.startswith(beginning) and "；" in refused.reason


@pytest.mark.parametrize("case", [case for case in CASES if "as" in case.values[0]])
def test_the_family_of_a_case_is_told(case):
    told = feeds.load()[case["feed"]].read_as(case["topic"], payload_of(case))
    assert told.partition("（")[0] == case["as"]


def test_each_shipped_family_has_a_case_that_is_read():
    from ingest.feeds.json import _families

    read = {case.values[0].get("as") for case in CASES if case.values[0]["readings"]}
    shown = {"ours", "readings", "tasmota"}  # in the samples of the feed
    assert {family.key for family in _families} <= read | shown


def test_the_command_says_as_what_a_message_was_read(tmp_path, capsys):
    file = tmp_path / "up.json"
    file.write_text('{"linkquality": 120, "water_leak": true}')
    assert main(["decode", "json", str(file), "--topic", "city/441402/json/zsj/ZB-1"]) == 0
    assert json.loads(capsys.readouterr().out)["as"].startswith("zigbee2mqtt")


def test_a_city_s_own_words_for_a_test_are_honoured(tmp_path):
    (tmp_path / "provenance.toml").write_text('flags = ["uebung"]\n', encoding="utf-8")
    feeds.furnish(str(tmp_path))
    try:
        (reading,) = feeds.load()["json"].parse("city/441402/json/zsj/PD-09", b'{"ts":1788393600,"x":1,"Uebung":true}', RECEIVED)
        assert reading.quality is Quality.TEST
    finally:
        feeds.furnish("")
