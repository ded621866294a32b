"""SL 651: frames found in any stream, numbers and moments as the standard has them, nothing that bytes can break."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.feeds import BadMessage, sl651
from ingest.feeds._sample import samples
from ingest.feeds._wire import BEIJING
from ingest.feeds.sl651 import _elements, _frame
from ingest.feeds.sl651._elements import ELEMENTS, bcd, body, element, group, series
from ingest.feeds.sl651._frame import Cutter, Packets, answer, crc, frame, packets, read

STATION = "4414020001"
AT = datetime(2026, 9, 3, 8, 0, tzinfo=BEIJING)
SENT = AT + timedelta(seconds=20)
MINUTE = timedelta(minutes=1)
PAYLOADS = {s.name: s.payload for s in samples("sl651")}


def report(*parts: bytes, at: datetime = AT, function: int = 0x32, serial: int = 7, **more) -> bytes:
    return frame(STATION, function, body(serial, SENT, STATION, "H", at, parts), **more)


def parsed(payload: bytes) -> list[tuple[str, float, datetime]]:
    return [(r.kind, r.value, r.at) for r in sl651.parse("", payload, SENT)]


def either(payload: bytes) -> tuple[list, str]:
    """(readings, reason) of any payload; any other error than BadMessage breaks the test."""
    try:
        return sl651.parse("", payload, SENT), ""
    except BadMessage as err:
        assert err.rule and err.reason
        return err.rest, err.reason


# Frames ---------------------------------------------------------------------------------------------------------------
def test_the_checksum_is_that_of_modbus():
    assert crc(b"123456789") == 0x4B37


def test_a_public_report_is_written_byte_for_byte():
    at = datetime(2023, 6, 1, 1, 0, tzinfo=BEIJING)
    parts = [element(*e) for e in (("20", 0.0), ("3B", 37.865), ("22", 0.0), ("26", 0.0), ("38", 12.85))]
    inner = body(0x0C06, at + timedelta(minutes=3, seconds=14), "00418D2337", "K", at, parts)
    assert frame("00418D2337", 0x32, inner, centre=0x25) == PAYLOADS["timed_reservoir"]


def test_a_report_is_read_as_it_was_written():
    written = sl651.report(STATION, AT, {"39": 75.93, "03": None, "38": 12.6}, function=0x33)
    assert parsed(written) == [("water_level", 75.93, AT), ("supply_voltage", 12.6, AT)]


@pytest.mark.parametrize(
    ("function", "serial", "now", "public"),
    [
        (0x34, 3, (6, 13, 14, 43, 4), "7E7E00123456781012343480080200031406131443040499A1"),
        (0x33, 2, (6, 12, 2, 15, 25), "7E7E001234567810123433800802000214061202152504DAAA"),
        (0x30, 2, (6, 12, 2, 15, 25), "7E7E00123456781012343080080200021406120215250419AF"),
    ],
)
def test_the_answer_to_a_report_is_the_public_down_frame_byte_for_byte(function, serial, now, public):
    asked = read(frame("0012345678", function, bytes([0, serial]) + b"\0" * 6, centre=0x10, password=b"\x12\x34"))
    assert answer(asked, datetime(2014, *now, tzinfo=BEIJING)) == bytes.fromhex(public)


def test_a_down_frame_has_the_station_before_the_centre():
    back = read(PAYLOADS["confirmation"])
    assert (back.up, back.station, back.centre, back.function) == (False, "0012345678", 0x10, 0x34)


good_frames = st.builds(
    lambda level, function, serial: report(element("39", level), function=function, serial=serial),
    st.integers(-999, 9999).map(lambda n: n / 1000), st.sampled_from([0x30, 0x32, 0x33, 0x2F]), st.integers(0, 65535),
)  # fmt: skip
junk = st.binary(min_size=1, max_size=40).map(lambda b: b.replace(b"\x7e", b"\x7d"))


@settings(max_examples=100, deadline=None)
@given(parts=st.lists(good_frames | junk, max_size=6), cuts=st.lists(st.integers(0, 600), max_size=12))
def test_however_the_stream_is_split_the_same_frames_come_out(parts, cuts):
    stream = b"".join(parts)
    cutter, found = Cutter(64), []
    edges = sorted({0, *(c for c in cuts if c < len(stream)), len(stream)})
    for a, b in pairwise(edges):
        found += cutter.feed(stream[a:b])
    found += cutter.flush()
    assert b"".join(found) == stream and not cutter.waiting
    assert [p for p in found if p[:2] == b"\x7e\x7e"] == [p for p in parts if p[:2] == b"\x7e\x7e"]


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_stream_with_flipped_bytes_is_cut_alike_in_any_segments(data):
    stream = bytearray(b"".join(data.draw(st.lists(good_frames, min_size=1, max_size=5))))
    for spot in data.draw(st.lists(st.integers(0, len(stream) - 1), min_size=1, max_size=4)):
        stream[spot] = data.draw(st.sampled_from([0x7E, 0x00, 0xFF, 0x02, 0x16]) | st.integers(0, 255))
    whole, bytewise = Cutter(64), Cutter(64)
    at_once = whole.feed(bytes(stream)) + whole.flush()
    one_by_one = [p for byte in stream for p in bytewise.feed(bytes([byte]))] + bytewise.flush()
    assert at_once == one_by_one and b"".join(at_once) == stream


@pytest.mark.parametrize("spot", [0, 2, 11, 12, 13, 20, -1])
def test_a_broken_frame_costs_none_of_its_neighbours(spot):
    before, broken, after = (report(element("39", n), serial=n) for n in (1, 2, 3))
    bad = bytearray(broken)
    bad[spot] ^= 0x05
    readings, reason = either(before + bytes(bad) + after)
    assert [r.value for r in readings] == [1.0, 3.0] and reason


def test_an_unfinished_frame_waits_for_its_rest():
    whole = report(element("39", 1.0))
    cutter = Cutter(64)
    assert cutter.feed(whole[:20]) == [] and cutter.waiting == 20
    assert cutter.feed(whole[20:]) == [whole]


def test_the_crc_of_the_public_wrong_frame_is_told_with_the_right_one():
    assert "帧里是 2730，按内容算应是 EAFC" in either(PAYLOADS["bad_crc"])[1]


# Packets --------------------------------------------------------------------------------------------------------------
def long_message(station: str = STATION, every: bool = False) -> list[bytes]:
    """An hour in three packets; with `every` each packet bears serial number and time."""
    inner = body(9, SENT, station, "P", AT, [group("F4", [n / 10 for n in range(12)]), element("26", 812.5)])
    if not every:
        return packets(station, 0x34, inner, size=18)
    head, rest = inner[:8], inner[8:]
    parts = [head + rest[i : i + 12] for i in range(0, len(rest), 12)]
    return [frame(station, 0x34, part, total=len(parts), number=n) for n, part in enumerate(parts, 1)]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_packets_of_two_stations_come_together_in_any_order_and_repeated(data):
    lots = long_message("4414020001") + long_message("4414020002")
    sent = data.draw(st.permutations(lots))
    again = data.draw(st.integers(0, len(sent) - 2))
    gatherer, whole = Packets(10_000, 8), []
    for piece in [*sent[: again + 1], sent[again], *sent[again + 1 :]]:
        whole += [m for m in gatherer.add(piece) if m.whole]
    assert sorted(m.raw for m in whole) == [b"".join(lots[:3]), b"".join(lots[3:])]


def test_packets_read_the_same_whether_one_or_all_bear_a_serial_number():
    assert parsed(b"".join(long_message())) == parsed(b"".join(long_message(every=True)))


def test_a_new_message_ends_the_torn_one_before_it():
    old, new = long_message(), long_message(every=True)
    gatherer = Packets(10_000, 8)
    assert gatherer.add(old[0]) == []
    (torn,) = gatherer.add(new[0])
    assert torn.raw == old[0] and not torn.whole
    rest = [m for piece in new[1:] for m in gatherer.add(piece)]
    assert [m.whole for m in rest] == [True]


def test_packets_that_grow_too_large_are_given_up():
    first, *_ = long_message()
    (given_up,) = Packets(10, 8).add(first)
    assert not given_up.whole


# Elements -------------------------------------------------------------------------------------------------------------
def test_every_declared_kind_and_unit_is_the_catalogs(catalog):
    wrong = {
        what: (one.kind, one.unit) for what, one in ELEMENTS.items()
        if one.kind and catalog.kinds[one.kind].unit != one.unit
    }  # fmt: skip
    assert not wrong
    assert {kind for kind, *_ in _elements.GROUPS.values() if kind} <= set(catalog.kinds)


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_number_is_read_as_it_was_written(data):
    size, decimals = data.draw(st.integers(1, 8)), data.draw(st.integers(0, 7))
    value = data.draw(st.none() | st.integers(-(10 ** (2 * size - 2)) + 1, 10 ** (2 * size) - 1))
    want = None if value is None else value / 10**decimals
    assert _elements.number(bcd(want, size, decimals), decimals, "39") == want


@pytest.mark.parametrize("what", ["F4", "F5"])
def test_a_group_of_another_length_takes_no_bytes_of_its_neighbours(what):
    short = group(what, [1.0] * 12)[:8]
    found, reason = either(report(element("39", 1.5), bytes([short[0], 6 << 3]) + short[2:], element("38", 12.0)))
    assert [r.kind for r in found] == ["water_level"] and f"要素 {what} 的数据定义写 6 字节" in reason


def test_an_element_without_length_is_told_and_costs_no_other():
    found, reason = either(report(b"\x39\x03", element("38", 12.0)))
    assert [r.kind for r in found] == ["supply_voltage"] and "要素 39 的数据定义写的长度是 0" in reason


def test_all_f_is_no_value_and_ff_is_minus():
    assert _elements.number(b"\xff\xff\xff\xff", 3, "39") is None
    assert _elements.number(bytes.fromhex("FF001234"), 3, "39") == -1.234


values = st.integers(0, 99999).map(lambda n: n / 1000)


@settings(max_examples=100, deadline=None)
@given(given=st.dictionaries(st.sampled_from(["3A", "39", "27", "37", "03"]), values, min_size=1))
def test_single_values_stand_at_the_observation_time(given):
    given = {what: round(value, ELEMENTS[what].decimals) for what, value in given.items()}
    found = parsed(report(*(element(what, value) for what, value in given.items())))
    assert found == [(ELEMENTS[what].kind, value, AT) for what, value in given.items()]


def test_hour_24_is_the_next_day_and_nothing_later_is_a_moment():
    assert _elements.moment(bytes.fromhex("2609032400"), "观测时间") == datetime(2026, 9, 4, tzinfo=BEIJING)
    assert _elements.moment(bytes.fromhex("261231240000"), "发报时间") == datetime(2027, 1, 1, tzinfo=BEIJING)
    for digits in ("2609032401", "2609032500", "260903240001"):
        with pytest.raises(BadMessage, match="不是时刻"):
            _elements.moment(bytes.fromhex(digits), "观测时间")


@settings(max_examples=100, deadline=None)
@given(rain=st.lists(st.none() | st.integers(0, 254), min_size=12, max_size=12))
def test_a_group_covers_the_hour_that_ends_at_the_observation_time(rain):
    payload = report(group("F4", [n if n is None else n / 10 for n in rain]), element("38", 12.0), function=0x34)
    found = [(at, value) for kind, value, at in parsed(payload) if kind == "rain_5m"]
    assert found == [(AT - 5 * (11 - i) * MINUTE, n / 10) for i, n in enumerate(rain) if n is not None]


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(values, values), min_size=1, max_size=40), minutes=st.integers(1, 2000))
def test_a_series_runs_from_the_observation_time_in_even_steps(rows, minutes):
    payload = report(*series(minutes * MINUTE, ["39", "3A"], rows), function=0x31)
    found = parsed(payload)
    assert [value for _, value, _ in found] == [value for row in rows for value in row]
    assert {at for _, _, at in found} == {AT + n * minutes * MINUTE for n in range(len(rows))}


def test_a_series_that_repeats_its_id_before_each_value_is_read_alike():
    step, head, *rows = series(5 * MINUTE, ["39"], [[1.0], [2.0], [3.0]])
    once, always = [step, head, *rows], [step, *(part for row in rows for part in (head, row))]
    assert parsed(report(*once, function=0x31)) == parsed(report(*always, function=0x31))


@pytest.mark.parametrize("wrong", ["041800AA05", "0418009905", "0410 0005", "0418000005F460"])
def test_the_values_of_a_series_that_cannot_be_read_become_nothing_else(wrong):
    before, values = element("38", 12.6), b"".join(element("39", n) for n in (1.0, 2.0))
    readings, reason = either(report(before, bytes.fromhex(wrong), values, function=0x31))
    assert [r.kind for r in readings] == ["supply_voltage"] and reason


def test_rain_of_a_day_that_is_not_over_keeps_the_senders_id():
    assert [kind for kind, *_ in parsed(report(element("1F", 3.5)))] == ["rain_24h"]
    assert [kind for kind, *_ in parsed(report(element("1F", 3.5), at=AT + 60 * MINUTE))] == ["?1F@mm"]


def test_of_two_levels_at_one_moment_the_second_keeps_the_senders_id():
    found = parsed(report(element("39", 75.93), element("3B", 80.0)))
    assert found == [("water_level", 75.93, AT), ("?3B@m", 80.0, AT)]


def test_a_value_of_its_own_goes_before_the_one_of_a_group_at_the_same_moment():
    payload = report(group("F5", [27.3] * 12), element("39", 27.303), function=0x34)
    at_the_hour = [value for kind, value, at in parsed(payload) if at == AT]
    assert at_the_hour == [27.303] and len(parsed(payload)) == 12


def test_an_element_of_the_makers_own_has_two_bytes_of_id():
    assert parsed(report(b"\xff\x01\x12\x12\x34", element("39", 1.0)))[0] == ("?FF01", 12.34, AT)


def test_several_stations_may_stand_in_one_report():
    inner = body(1, SENT, "4414020001", "H", AT, [element("39", 1.0)])
    inner += body(1, SENT, "4414020002", "H", AT + MINUTE, [element("39", 2.0)])[8:]
    found = [(r.station, r.value, r.at) for r in sl651.parse("", frame(STATION, 0x32, inner), SENT)]
    assert found == [("4414020001", 1.0, AT.astimezone(UTC)), ("4414020002", 2.0, (AT + MINUTE).astimezone(UTC))]


# Cutting files --------------------------------------------------------------------------------------------------------
def test_a_recording_is_cut_into_its_messages():
    lots = [report(element("39", 1.0)), b"".join(long_message()), report(element("39", 2.0), function=0x2F)]
    assert sl651.cut(b"".join(lots)) == lots


@pytest.mark.parametrize(
    "dress",
    [
        lambda h: h.lower(),
        lambda h: "\n".join(h[i : i + 32] for i in range(0, len(h), 32)),
        lambda h: f'{{"hex": "{h}", "crc": "8397"}}\n',
        lambda h: f"08:00:21 收 {' '.join(h[i : i + 2] for i in range(0, len(h), 2))}\r\n",
    ],
    ids=["lower case", "wrapped", "json line", "serial tool"],
)
def test_hexadecimal_as_people_paste_it_is_cut_into_raw_frames(dress):
    one, two = report(element("39", 1.0)), report(element("39", 2.0))
    text = dress(one.hex().upper()) + dress(two.hex().upper())
    assert sl651.cut(text.encode()) == [one, two]


# Strange bytes --------------------------------------------------------------------------------------------------------
@settings(max_examples=200, deadline=None)
@given(
    payload=st.binary(max_size=300)
    | st.binary(max_size=120).map(lambda b: b"\x7e\x7e" + b)
    | st.binary(max_size=120).map(lambda b: frame(STATION, 0x34, body(1, SENT, STATION, "P", AT, [b])))
    | st.binary(max_size=120).map(lambda b: frame(STATION, 0x31, body(1, SENT, STATION, "P", AT, [b"\x04\x18", b])))
)
def test_any_bytes_are_read_or_refused(payload):
    readings, reason = either(payload)
    assert readings or reason or sl651.cut(payload)
    assert all(r.at.tzinfo and isinstance(r.value, float) for r in readings)


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_sample_with_bytes_changed_and_a_right_crc_is_read_or_refused(data):
    payload = bytearray(data.draw(st.sampled_from([p for n, p in PAYLOADS.items() if p[:2] == b"\x7e\x7e"])))
    for spot in data.draw(st.lists(st.integers(2, len(payload) - 3), min_size=1, max_size=4)):
        payload[spot] = data.draw(st.integers(0, 255))
    payload[-2:] = crc(bytes(payload[:-2])).to_bytes(2)
    either(bytes(payload))


def test_a_message_full_of_unknown_values_is_kept_in_bounds():
    payload = b"".join(packets(STATION, 0x32, body(1, SENT, STATION, "P", AT, [b"\xc1\x08\x01" * 5000]), size=4000))
    readings, reason = either(payload)
    assert len(readings) == _elements.UNKNOWN_MAX and "5000 个值，只收前 1000 个" in reason


CORPUS = sorted((Path(__file__).parent / "corpus" / "sl651").glob("*.bin"))


@pytest.mark.parametrize("file", CORPUS, ids=lambda f: f.stem)
def test_an_odd_frame_of_the_corpus_is_read_in_part_and_refused_in_part(file):
    _, reason = either(file.read_bytes())
    assert reason and "；" in reason


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_corpus_cut_flipped_and_joined_is_read_or_refused(data):
    payload = bytearray(b"".join(f.read_bytes() for f in data.draw(st.lists(st.sampled_from(CORPUS), min_size=1, max_size=3))))
    spot = data.draw(st.integers(0, len(payload) - 1))
    payload[spot] = data.draw(st.integers(0, 255))
    either(bytes(payload[data.draw(st.integers(0, 3)) : data.draw(st.integers(4, len(payload) + 4))]))


HOSTILE = {
    "heads one behind the other": (b"\x7e\x7e" + b"\0" * 8 + b"\x32\x0f\xff\x02") * 18_000,
    "nothing but frame starts": b"\x7e" * 262_144,
    "good frames between heads": (
        (b"\x7e\x7e" + b"\0" * 8 + b"\x32\x0f\xff\x02") * 8 + frame(STATION, 0x2F, b"\0" * 8)
    ) * 1_900,
    "packets of messages that never end": b"".join(
        frame(f"{n:010d}", 0x34, b"", total=4095, number=1 + n % 4095) for n in range(12_000)
    ),
    "a series of single bytes": b"".join(
        packets(STATION, 0x31, body(1, SENT, STATION, "P", AT, [b"\x04\x18\x31\x23\x59\x22\x08" + b"\1" * 240_000]), size=4000)
    ),
    "text of frame starts": b"7E7E 7E" * 37_000,
    "text of blanks": (b"7E" + b" " * 60_000) * 4,
    "elements of no number": b"".join(
        packets(STATION, 0x32, body(1, SENT, STATION, "P", AT, [b"\xc1\x08\xaa" * 80_000]), size=4000)
    ),
    "elements that nobody knows": b"".join(
        packets(STATION, 0x32, body(1, SENT, STATION, "P", AT, [b"\xc1\x08\x01" * 80_000]), size=4000)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_the_largest_hostile_message_is_answered_within_a_second(name):
    began = time.process_time()
    either(HOSTILE[name][:262_144])
    assert time.process_time() - began < 1.0


def test_a_hostile_stream_is_not_looked_at_again_and_again():
    cutter = Cutter(4096)
    stream = HOSTILE["heads one behind the other"]
    pieces = cutter.feed(stream) + cutter.flush()
    assert b"".join(pieces) == stream
    assert cutter._again <= _frame._AGAIN_FREE + (_frame._AGAIN + 1) * len(stream)
