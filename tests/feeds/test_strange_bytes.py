"""Whatever strangers send: a feed answers with readings or with BadMessage, never with another error."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import feeds
from ingest.feeds import BadMessage, _wire
from ingest.feeds._sample import samples

RECEIVED = datetime(2026, 9, 3, 0, 0, 5, tzinfo=UTC)
KEYS = sorted(feeds.load())
JSON_KEYS = [key for key in KEYS if any(s.refused is None and s.payload[:1] == b"{" for s in samples(key))]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def parse(key: str, topic: str, payload: bytes) -> None:
    try:
        for r in feeds.load()[key].parse(topic, payload, RECEIVED):
            if isinstance(r, feeds.RECORDS):
                continue
            assert r.at.tzinfo is not None and isinstance(r.value, float) and r.kind
    except BadMessage as err:
        assert err.rule and err.reason


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=150, deadline=None)
@given(payload=st.binary(max_size=200), tail=st.sampled_from(["X-1", "hotspots", "-", ""]))
def test_any_bytes_are_read_or_refused(key, payload, tail):
    parse(key, f"city/441402/{key}/{tail}", payload)


@pytest.mark.parametrize("key", JSON_KEYS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_sample_with_a_changed_field_is_read_or_refused(key, data):
    sample = data.draw(st.sampled_from([s for s in samples(key) if s.refused is None and s.payload[:1] == b"{"]))
    spot = body = json.loads(_wire.text(sample.payload, gbk=True))
    while True:
        name = data.draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot))))
        inner = spot[name]
        if isinstance(inner, (dict, list)) and inner and data.draw(st.booleans()):
            spot = inner
        else:
            spot[name] = data.draw(json_values)
            break
    parse(key, sample.topic, json.dumps(body, ensure_ascii=False).encode(errors="surrogatepass"))


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_sample_cut_or_flipped_is_read_or_refused(key, data):
    sample = data.draw(st.sampled_from(samples(key)))
    payload = bytearray(sample.payload)
    if payload:
        spot = data.draw(st.integers(0, len(payload) - 1))
        payload[spot] ^= data.draw(st.integers(1, 255))
        payload = payload[: data.draw(st.integers(0, len(payload)))]
    parse(key, sample.topic, bytes(payload))


@settings(max_examples=200, deadline=None)
@given(at=st.datetimes(datetime(2000, 1, 1), datetime(2033, 1, 1)).map(lambda d: d.replace(microsecond=0, tzinfo=UTC)))
def test_a_moment_is_the_same_in_all_its_spellings(at):
    local = at.astimezone(_wire.BEIJING)
    epoch = int(at.timestamp())
    spellings = [
        at.isoformat(), local.isoformat(), f"{local:%Y-%m-%d %H:%M:%S}", f"{local:%Y/%m/%d %H:%M:%S}",
        f"{local:%Y%m%d%H%M%S}", f"{local:%Y年%m月%d日 %H时%M分%S秒}", epoch, float(epoch), str(epoch).zfill(10),
        epoch * 1_000_000, f"{at:%Y-%m-%dT%H:%M:%S.000Z}",
    ]  # fmt: skip
    if epoch * 1000 >= 1e11:  # before March 1973 a count of milliseconds looks like seconds
        spellings.append(epoch * 1000)
    assert {_wire.when(s, "tm") for s in spellings} == {at}


@pytest.mark.parametrize("said", ["1e999", "NaN", "-Infinity"])
def test_a_number_without_end_is_handed_on_so_that_only_it_is_refused(said):
    payload = f'{{"stcd":"RG-01","tm":1788393600,"p1":2,"p3":{said}}}'.encode()
    first, odd = feeds.load()["rain"].parse("city/441402/rain/qxj/RG-01", payload, RECEIVED)
    assert first.value == 2 and not math.isfinite(odd.value)


def test_five_megabytes_of_brackets_are_refused():
    with pytest.raises(BadMessage) as err:
        feeds.load()["rain"].parse("city/441402/rain/qxj/RG-01", b"[" * 5_000_000, RECEIVED)
    assert err.value.rule == "decode"


def test_a_nul_in_the_payload_is_refused():
    with pytest.raises(BadMessage) as err:
        feeds.load()["rain"].parse("city/441402/rain/qxj/RG-01", b'{"stcd":"RG-01\x00","tm":1788393600,"p1":1}', RECEIVED)
    assert err.value.rule == "decode"


def test_the_same_observation_told_twice_is_the_same_reading():
    parse_rain = feeds.load()["rain"].parse
    body = b'{"stcd":"RG-01","tm":"2026-09-03 08:00","p1":2}'
    one = parse_rain("city/441402/rain/qxj/RG-01", body, RECEIVED)
    assert one == parse_rain("city/441402/rain/qxj/RG-01", body, RECEIVED + timedelta(hours=5))
