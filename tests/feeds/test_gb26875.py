"""GB/T 26875.3: packets out of any stream, states to readings, and no byte that stops the flow."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import xor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.model import Quality
from ingest.__main__ import main
from ingest.feeds import BadMessage, gb26875
from ingest.feeds._sample import samples
from ingest.feeds.gb26875 import _frame
from ingest.feeds.gb26875._frame import Cutter, Packet

RECEIVED = datetime(2026, 9, 3, 0, 0, 5, tzinfo=UTC)
AT = datetime(2026, 9, 3, 0, 0, tzinfo=UTC)
CORPUS = sorted((Path(__file__).parent / "corpus" / "gb26875").glob("*.bin"))
# A part state as a device of another maker's test client sends it (2021-06-15 15:18:53, sum 49).
FOREIGN = bytes.fromhex(
    "4040 0100 0203 35120f0f0615 1527082020fe 000000000001 3000 02 02 01 81 03 11 15270820 0200 b0a1a996"
    + "00" * 27 + "35120f0f0615 49 2323"
)  # fmt: skip


def packet(data: bytes, serial: int = 7, command: int = 2, at: datetime = AT) -> bytes:
    return _frame.build(
        Packet(serial, (1, 0), gb26875.label_of(at), "440302000017", "000000000001", command, data)
    )


def part(bits: int, number: int = 7, at: datetime = AT) -> bytes:
    head = bytes([2, 1, 1, 1, 42, *number.to_bytes(2, "little"), 1, 0, *bits.to_bytes(2, "little")])
    return head + "三楼".encode("gb18030").ljust(31, b"\0") + gb26875.label_of(at)


def readings(data: bytes, **more) -> dict[str, float]:
    return {r.kind: r.value for r in gb26875.parse("", packet(data, **more), RECEIVED)}


# The codec ------------------------------------------------------------------------------------------------------------
def test_a_packet_of_another_maker_is_read():
    (alarm, *_) = gb26875.parse("", FOREIGN, datetime(2021, 6, 15, 7, 19, tzinfo=UTC))
    assert (alarm.station, alarm.kind, alarm.value) == ("FE2020082715", "fire_alarm", 1.0)
    assert alarm.at == datetime(2021, 6, 15, 7, 18, 53, tzinfo=UTC)
    assert alarm.seq == "129-3-17-8200.10005#1 剩余电流式电气火灾监控探测器 啊〇"


@settings(max_examples=150, deadline=None)
@given(
    st.builds(
        Packet, st.integers(0, 65535), st.tuples(st.integers(0, 255), st.integers(0, 255)), st.binary(min_size=6, max_size=6),
        st.binary(min_size=6, max_size=6).map(lambda b: b.hex().upper()), st.just("000000000001"), st.integers(0, 255),
        st.binary(max_size=_frame.MOST),
    )
)  # fmt: skip
def test_what_is_built_is_read_back(one):
    assert _frame.read(_frame.build(one)) == one


@pytest.mark.parametrize(
    ("bits", "kind", "value"),
    [
        (0b1, "fire_alarm", 0), (0b10, "fire_alarm", 1), (0b100, "fire_fault", 1), (1 << 8, "fire_fault", 2),
        (0b1000, "fire_shielded", 1), (0b10000, "fire_action", 1), (1 << 7, "fire_action", 2), (1 << 5, "fire_action", 3),
        (0b1100000, "fire_action", 4),
    ],
)  # fmt: skip
def test_a_bit_of_a_part_becomes_its_reading(bits, kind, value):
    assert readings(part(bits))[kind] == value


@pytest.mark.parametrize(("bits", "code"), [(0b100, 1), (1 << 8, 2), (1 << 9, 3), (1 << 10, 4), (0b111 << 8, 2), (0, 0)])
def test_a_system_says_which_fault_it_has(bits, code):
    assert readings(bytes([1, 1, 1, 1, *bits.to_bytes(2, "little")]) + gb26875.label_of(AT))["fire_fault"] == code


@pytest.mark.parametrize(("flags", "found"), [(0b10, []), (0b1, [0.0]), (0b1000, [0.0]), (0b101, [1.0]), (0b100, [1.0])])
def test_an_operation_is_read_as_what_it_does_to_the_alarm(flags, found):
    data = bytes([24, 1, flags, 3]) + gb26875.label_of(AT)
    assert [r.value for r in gb26875.parse("", packet(data), RECEIVED)] == found


def test_a_part_under_test_still_alarms():
    assert readings(part(0b10))["fire_alarm"] == 1  # bit 0, normal service, is not set


def test_two_states_of_a_part_in_one_second_are_two_readings():
    both = {
        (r.station, r.kind, r.at, r.seq)
        for bits in (0, 0b10)
        for r in gb26875.parse("", packet(part(bits)), RECEIVED)
        if r.kind == "fire_alarm"
    }
    assert len(both) == 2


def test_a_repeated_packet_gives_the_same_readings():
    raw = packet(part(0b10))
    assert gb26875.parse("", raw, RECEIVED) == gb26875.parse("", raw, RECEIVED + timedelta(seconds=30))


@pytest.mark.parametrize("away", [timedelta(days=-9000), timedelta(days=2), timedelta(hours=-2), timedelta(minutes=6)])
def test_a_device_with_a_wrong_clock_speaks_of_now(away):
    raw = packet(part(0b10, at=AT + away), at=AT + away)
    alarm = gb26875.parse("", raw, RECEIVED)[0]
    assert (alarm.at, alarm.quality) == (RECEIVED, Quality.CLOCK)
    assert gb26875.parse("", raw, RECEIVED + timedelta(seconds=9))[0].seq == alarm.seq


def test_a_wrong_clock_still_tells_how_old_a_state_is():
    slow = AT - timedelta(hours=2)
    alarm = gb26875.parse("", packet(part(0b10, at=slow - timedelta(minutes=7)), at=slow), RECEIVED)[0]
    assert (alarm.at, alarm.quality) == (RECEIVED - timedelta(minutes=7), Quality.CLOCK)


@pytest.mark.parametrize("label", [bytes(6), b"\xff" * 6, gb26875.label_of(AT - timedelta(days=300))])
def test_an_object_whose_time_cannot_be_true_was_when_its_packet_was_sent(label):
    assert gb26875.parse("", packet(part(0b10)[:-6] + label), RECEIVED)[0].at == AT


def test_a_stopped_clock_does_not_make_two_fires_one():
    gone = datetime(2000, 1, 1, tzinfo=UTC)
    one, two = (gb26875.parse("", packet(part(0b10, at=gone), serial, at=gone), RECEIVED)[0] for serial in (7, 8))
    assert one.seq != two.seq


def test_a_state_reported_late_keeps_its_time():
    alarm = gb26875.parse("", packet(part(0b10, at=AT - timedelta(hours=3))), RECEIVED)[0]
    assert (alarm.at, alarm.quality) == (AT - timedelta(hours=3), Quality.OK)


def test_a_value_below_zero_is_read():
    data = bytes([3, 1, 1, 1, 30, 5, 0, 0, 0, 3]) + (-52).to_bytes(2, "little", signed=True) + gb26875.label_of(AT)
    (found,) = gb26875.parse("", packet(data), RECEIVED)
    assert (found.station, found.kind, found.value) == ("440302000017/1-1-30-0.5", "?温度@℃", -5.2)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda raw: _frame.checksum(raw[:-3]), "启动符也算进去"),
        (lambda raw: _frame.checksum(raw[27:-3]), "只算了应用数据单元"),
        (lambda raw: reduce(xor, raw[2:-3]), "异或"),
    ],
)
def test_a_wrong_way_to_sum_is_named(wrong, says):
    raw = packet(part(0b11))
    with pytest.raises(BadMessage, match=says):
        gb26875.parse("", raw[:-3] + bytes([wrong(raw)]) + raw[-2:], RECEIVED)


def test_a_reply_turns_the_addresses_and_keeps_the_number():
    asked = _frame.read(packet(part(1), serial=513))
    said = _frame.read(gb26875.reply(asked, _frame.CONFIRM, RECEIVED))
    assert said == replace(
        asked, command=3, source=asked.target, target=asked.source, data=b"", sent=gb26875.label_of(RECEIVED)
    )


def test_a_file_of_hexadecimal_lines_is_cut_like_the_stream_it_tells_of():
    raws = [packet(part(1), n) for n in range(3)]
    assert gb26875.cut("\n".join(raw.hex(" ") for raw in raws).encode()) == raws == gb26875.cut(b"".join(raws))


def test_decode_says_a_line_a_packet(tmp_path, capsys):
    file = tmp_path / "frames.hex"
    raw = packet(part(0b10))
    file.write_text(f"{raw.hex(' ')}\n{(raw[:-3] + bytes([raw[-3] ^ 1]) + raw[-2:]).hex(' ')}\n")
    assert main(["decode", "gb26875", str(file)]) == 1
    good, bad = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert good["ok"] and good["readings"][0]["kind"] == "fire_alarm" and good["readings"][0]["value"] == 1
    assert not bad["ok"] and "校验和应为" in bad["error"]


# The stream -----------------------------------------------------------------------------------------------------------
PACKETS = [packet(part(0b11)), packet(bytes([21, 1, 1]) + gb26875.label_of(AT), 0x4040), packet(b"@@##" * 9, 9)]
junk = st.binary(max_size=30).filter(lambda b: b"@" not in b)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.lists(st.one_of(st.sampled_from(PACKETS), junk), max_size=8))
def test_however_a_stream_is_split_every_packet_comes_out_whole_and_every_byte_once(data, sent):
    raw = b"".join(sent)
    cutter, out, rest = Cutter(), [], raw
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        out += cutter.push(rest[:size])
        rest = rest[size:]
    out += cutter.end()
    assert b"".join(out) == raw
    assert [p for p in out if _frame.is_whole(p)] == [p for p in sent if p in PACKETS]


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60))
def test_a_packet_behind_one_that_was_cut_off_does_not_wait(size):
    cutter = Cutter()
    out = cutter.push(PACKETS[0][:size] + PACKETS[1])
    assert PACKETS[1] in out


def test_a_begun_packet_that_never_ends_is_given_up():
    cutter = Cutter()
    assert cutter.push(PACKETS[0][:40]) == [] and cutter.waiting
    assert b"".join(cutter.end()) == PACKETS[0][:40] and not cutter.waiting


# Strange bytes --------------------------------------------------------------------------------------------------------
def survive(raw: bytes) -> None:
    """Cut and read whatever it is: pieces that add up, BadMessage or readings, in time and in memory."""
    began = time.process_time()
    pieces = gb26875.cut(raw)
    for piece in pieces[:50]:
        try:
            for r in gb26875.parse("", piece, RECEIVED):
                assert r.at.tzinfo and r.station and "\0" not in r.seq and len(r.seq) < 200
        except BadMessage as err:
            assert "；" in err.reason
    assert time.process_time() - began < 1


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_are_cut_and_read_or_refused(raw):
    survive(raw)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_sound_packet_flipped_cut_or_resealed_is_read_or_refused(data):
    raw = bytearray(data.draw(st.sampled_from([s.payload for s in samples("gb26875") if len(s.payload) > 30])))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):  # a wrong content under a right sum
        raw[-3] = _frame.checksum(raw[2:-3])
    survive(bytes(raw[: data.draw(st.integers(0, len(raw)))]) if data.draw(st.booleans()) else bytes(raw))


HOSTILE = [b"@", b"@@", b"@@" + b"\xff" * 22, PACKETS[0][:40], PACKETS[0][:-1], PACKETS[0][:-3] + b"\0##", b"#", b"\0"]


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_full_read_of_one_thing_is_cut_in_time_and_memory(unit):
    raw = (unit * (1 << 16))[: 1 << 16]
    began = time.process_time()
    cutter = Cutter()
    size = sum(map(len, cutter.push(raw)))
    assert time.process_time() - began < 1
    assert len(raw) - size <= _frame.JUNK + _frame.MOST + _frame.HEAD  # what is held back
    assert size + sum(map(len, cutter.end())) == len(raw)


def test_byte_by_byte_a_begun_packet_costs_no_more_than_its_length():
    raw = PACKETS[0][:24] + b"\0\x04" + b"@@" * 256
    cutter = Cutter()
    began = time.process_time()
    assert [cutter.push(raw[n : n + 1]) for n in range(len(raw))]
    assert time.process_time() - began < 1


@pytest.mark.parametrize("file", CORPUS, ids=lambda p: p.stem)
def test_the_corpus_is_survived(file):
    survive(file.read_bytes())
