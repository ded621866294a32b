"""HJ 212 on the wire: checksums, framing, split messages, SM4, factor codes, answers; and whatever strangers send."""

from __future__ import annotations

import base64
import itertools
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.model import Quality, Reading
from brain.settings import BadSetting, Settings
from ingest import feeds, practice
from ingest.feeds import BadMessage, hj212
from ingest.feeds._sample import samples
from ingest.feeds.hj212 import _factors, _frame, _sm4, keys
from ingest.write import units

RECEIVED = datetime(2026, 11, 21, 0, 0, 5, tzinfo=UTC)
TOPIC = "hj212/10.1.2.3:4411"
MN = "44140200A0000000000001F1"
KEY = bytes.fromhex("30" * 16)  # the key of annex A.2 of HJ 212-2025
HEAD = {"QN": "20261121080003000", "ST": 21, "CN": 2011, "PW": "123456", "MN": MN, "Flag": 5}
AREA = (
    "DataTime=20261121080000;w01010-Rtd=19.6,w01010-Flag=N;w01001-Rtd=7.32,w01001-Flag=N;w01009-Rtd=6.85,w01009-Flag=N"
)
GOOD = [s.payload for s in samples("hj212") if s.refused is None]
FRAMES = [s.payload for s in samples("hj212") if s.refused is None and s.name != "packets"]
CORPUS = [file.read_bytes() for file in sorted((Path(__file__).parent / "corpus/hj212").glob("*.bin"))]


def read(payload: bytes, topic: str = TOPIC) -> tuple[list[Reading], BadMessage | None]:
    """(readings, refusal) of a payload."""
    try:
        return hj212.parse(topic, payload, RECEIVED), None
    except BadMessage as err:
        assert err.rule and "；" in err.reason
        return err.rest, err


def frame(area: str = AREA, **more) -> bytes:
    return hj212.build(HEAD | more, area)


@pytest.fixture
def station_key(tmp_path):
    """The station of HEAD has KEY."""
    file = tmp_path / "keys.toml"
    file.write_text(f'[hj212]\n{MN} = "{KEY.hex()}"\n')
    keys.use(Settings(station_keys=str(file)))
    yield
    keys.use(Settings())


# Checksum and length --------------------------------------------------------------------------------------------------
def test_the_checksum_is_that_of_hj212_and_not_of_modbus():
    assert (_frame.crc(b"123456789"), _frame.modbus(b"123456789")) == ("2F80", "4B37")


@pytest.mark.parametrize(
    "whole",
    [
        # HJ 212-2017 annex, HJ 212-2025 annex A.1, two answers seen in public repositories, one made for this project
        "##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C80",
        "##0087QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&&&2200",
        "##0095QN=20220418131202000;ST=91;CN=9014;PW=123456;MN=YSRDWQGQ1000001001;Flag=4;CP=&&QnRtn=1;PNO=11&&9841",
        "##0077QN=20120416225111069;ST=91;CN=9021;PW=122333;MN=88888880000006;Flag=1;CP=&&&&4100",
        "##0087QN=20261121080000000;ST=91;CN=9014;PW=123456;MN=441402A000000000000000A1;Flag=4;CP=&&&&B101",
    ],
)
def test_frames_of_the_standard_are_sound_and_hold_no_readings(whole):
    assert read(whole.encode()) == ([], None)


@pytest.mark.parametrize("payload", FRAMES, ids=range(len(FRAMES)))
def test_a_frame_built_from_its_fields_is_the_frame(payload):
    found = _frame.read(payload)
    assert hj212.build(found.fields, found.area).upper() == payload.upper()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_changed_digit_is_refused(data):
    payload = bytearray(data.draw(st.sampled_from([p for p in FRAMES if b"CP=&&D" in p])))
    spot = data.draw(st.sampled_from([i for i, b in enumerate(payload) if 0x30 <= b <= 0x39]))
    payload[spot] = data.draw(st.sampled_from([d for d in b"0123456789" if d != payload[spot]]))
    found, refused = read(bytes(payload))
    assert refused and refused.rule in ("crc", "decode") and not found


@pytest.mark.parametrize(("written", "says"), [(-1, "多 1"), (1, "少 1"), (-20, "多 20"), (20, "少 20")])
def test_a_wrong_length_says_by_how_much_and_that_the_checksum_holds(written, says):
    good = frame()
    payload = b"##%04d" % (int(good[2:6]) + written) + good[6:]
    _, refused = read(payload)
    assert refused.rule == "decode" and f"（{says}）" in refused.reason and "CRC 与实际的数据段相符" in refused.reason


def test_a_wrong_length_with_the_modbus_checksum_says_both():
    good = frame().rstrip()
    payload = b"##%04d" % (int(good[2:6]) + 1) + good[6:-4] + _frame.modbus(good[6:-4]).encode()
    assert "CRC 是 Modbus 的算法" in read(payload)[1].reason


def test_the_length_counts_bytes_where_the_text_is_chinese():
    found, refused = read(frame(AREA + ";i11001-Info=//清洗完成//"))
    assert refused is None and len(found) == 3


def test_text_in_gbk_is_read():
    before = "QN=1;ST=21;CN=2011;PW=123456;MN=A1;CP=&&DataTime=20261121080000;w01001-Rtd=7.1,w01001-Info=//清洗//&&"
    segment = before.encode("gb18030")
    found, refused = read(b"##%04d" % len(segment) + segment + _frame.crc(segment).encode())
    assert refused is None and found[0].value == 7.1


def test_a_heartbeat_without_a_data_area_is_sound():
    segment = f"ST=21;CN=9015;PW=123456;MN={MN};Flag=4".encode()
    assert read(b"##%04d" % len(segment) + segment + _frame.crc(segment).encode()) == ([], None)


# Out of a stream ------------------------------------------------------------------------------------------------------
noise = st.sampled_from([b"", b"\r\n", b"xyz", b"##", b"##12", b"##0009abc", b"\x00\xff", b"GET / HTTP/1.1\r\n"])
broken = st.sampled_from(
    [b"##0248" + FRAMES[0][6:], b"##0999" + FRAMES[1][6:], b"##0350QN=1;ST=21", b"##0012&&&&abcd\r\n", b"##9999##9998"]
)


@settings(max_examples=250, deadline=None)
@given(
    parts=st.lists(st.sampled_from(FRAMES) | noise | broken | st.binary(max_size=30), max_size=8),
    cuts=st.lists(st.integers(0, 3000), max_size=12),
    longest=st.sampled_from([100, 512, 9999]),
)
def test_any_cutting_of_a_stream_gives_the_same_pieces(parts, cuts, longest):
    stream = b"".join(parts)
    at_once, rest_at_once = _frame.pieces(stream, last=False, longest=longest)
    found, rest, before = [], b"", 0
    for until in [*sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]:
        more, rest = _frame.pieces(rest + stream[before:until], last=False, longest=longest)
        found, before = found + more, until
    assert found == at_once
    assert rest.lstrip(b"\r\n \t\0") == rest_at_once.lstrip(b"\r\n \t\0")
    assert len(rest) < longest + 16


@settings(max_examples=100, deadline=None)
@given(parts=st.lists(st.sampled_from(FRAMES) | noise | broken, max_size=8))
def test_bytes_that_are_no_frame_are_told_and_cost_no_frame(parts):
    stream = b"\r\n".join(parts)
    found, rest = _frame.pieces(stream, last=True)
    assert rest == b""
    blank = bytes.maketrans(b"", b"")
    assert b"".join(p.data for p in found).translate(blank, b"\r\n \t\0") == stream.translate(blank, b"\r\n \t\0")
    whole = [p.data for p in found if p.whole]
    wanted = [part.rstrip() for part in parts if part in FRAMES]
    assert [data for data in whole if data in wanted] == wanted


def test_cut_gives_messages_with_the_packets_of_one_together():
    one, two, three, four = hj212.split(HEAD, AREA, most=50)
    other = frame(MN="B2")
    assert hj212.cut(three + other + one + b"noise" + two + four) == [three + one + two + four, other, b"noise\r\n"]


def test_without_a_request_number_a_second_message_is_not_taken_for_packets_of_the_first():
    head = {name: value for name, value in HEAD.items() if name != "QN"}
    first = hj212.split(head, AREA, most=50)
    second = hj212.split(head, AREA.replace("DataTime=20261121080000", "DataTime=20261121080500"), most=50)
    found, refused = read(b"".join(first + second))
    assert refused is None and len({r.at for r in found}) == 2 and len(found) == 6


# Split messages -------------------------------------------------------------------------------------------------------
@settings(max_examples=150, deadline=None)
@given(cuts=st.lists(st.integers(1, len(AREA) - 1), min_size=1, max_size=6, unique=True), data=st.data())
def test_a_message_cut_anywhere_and_in_any_order_reads_as_one(cuts, data):
    edges = [0, *sorted(cuts), len(AREA)]
    head = HEAD | {"Flag": 7, "PNUM": len(edges) - 1}
    packets = [hj212.build(head | {"PNO": n}, AREA[a:b]) for n, (a, b) in enumerate(itertools.pairwise(edges), 1)]
    assert read(b"".join(data.draw(st.permutations(packets)))) == (read(frame())[0], None)


@settings(max_examples=100, deadline=None)
@given(cuts=st.lists(st.integers(1, len(AREA) - 1), min_size=2, max_size=6, unique=True), lost=st.integers(0, 6))
def test_a_message_that_lacks_a_packet_gives_no_false_value_and_says_which(cuts, lost):
    edges = [0, *sorted(cuts), len(AREA)]
    head = HEAD | {"Flag": 7, "PNUM": len(edges) - 1}
    packets = [hj212.build(head | {"PNO": n}, AREA[a:b]) for n, (a, b) in enumerate(itertools.pairwise(edges), 1)]
    lost %= len(packets)
    found, refused = read(b"".join(packets[:lost] + packets[lost + 1 :]))
    assert f"缺第 {lost + 1} 包" in refused.reason
    true = {(r.kind, r.at): r.value for r in read(frame())[0]}
    assert all(true.get((r.kind, r.at), r.value) == r.value for r in found if r.kind[0] != "?")
    assert {r.at for r in found} <= {at for _, at in true}


def test_packets_that_repeat_the_time_are_read_alone_when_their_sender_waits_for_each_answer():
    packet = frame(Flag=7, PNUM=4, PNO=3)
    assert read(packet, f"{TOPIC}{hj212.ONE_BY_ONE}") == (read(frame())[0], None)


@pytest.mark.parametrize(("total", "number"), [("0", "0"), ("2", "3"), ("x", "1"), ("2", "0"), ("9" * 40, "1")])
def test_a_packet_number_that_cannot_be_is_refused(total, number):
    assert read(frame(PNUM=total, PNO=number))[1].rule == "packets"


def test_packet_numbers_of_all_widths_are_the_same_number():
    wide = [frame("DataTime=20261121080000", PNUM="0002", PNO="0001"), frame("w01001-Rtd=7", PNUM="0002", PNO="0002")]
    assert [r.value for r in read(b"".join(wide))[0]] == [7.0]


# What becomes of a factor ---------------------------------------------------------------------------------------------
def test_every_code_of_the_table_is_read_in_both_editions_under_one_kind():
    codes, known = _factors._table()
    assert len(known) == 377  # 379 rows, two codes stand twice
    for old, now in codes.items():
        assert _factors.kind_of(old, "22") == _factors.kind_of(now, "22")


def test_every_kind_is_in_the_catalog_and_its_unit_on_the_wire_can_be_turned(catalog):
    table = units.load()
    for kind in (kind for _, kinds in _factors.BY_SYSTEM for kind in kinds.values()):
        name, _, unit = kind.partition("@")
        assert not unit or table.convert(1.0, unit, catalog.kinds[name].unit) is not None


@pytest.mark.parametrize(
    ("code", "st", "kind"),
    [
        ("w01001", "21", "ph"), ("001", "32", "outlet_ph"), ("W01001", "21", "ph"), ("060", "32", "outlet_ammonia"),
        ("B01", "32", "outlet_flow@L/s"), ("060", "21", "ammonia"), ("a34004", "22", "pm25"), ("925", "22", "pm25"), ("O3", "22", "o3"),
        ("a21026", "31", "exhaust_so2"), ("02", "51", "exhaust_so2"), ("011", "52", "outlet_cod"), ("w01018", "21", "?w01018@mg/L"),
        ("w21003", "24", "?w21003@mg/L"), ("w01001", "26", "?w01001"), ("w21003", "", "?w21003@mg/L"), ("a01001", "31", "?a01001@℃"),
        ("e10102", "32", "?e101xx@L/s"), ("i33312", "31", "?i3331x@℃"), ("zz9", "21", "?zz9"),
    ],
)  # fmt: skip
def test_a_code_becomes_a_kind_or_the_senders_word(code, st, kind):
    if kind in ("?e101xx@L/s", "?i3331x@℃"):
        kind = f"?{code}@{kind.partition('@')[2]}"
    assert _factors.kind_of(code, st) == kind


def test_an_unknown_code_does_not_spoil_its_neighbours():
    found, refused = read(frame("DataTime=20261121080000;zz9-Rtd=1;w01001-Rtd=7.1;a b-Rtd=2"))
    assert [r.kind for r in found] == ["?zz9", "ph"] and refused.rule == "kind"


@pytest.mark.parametrize(
    ("cn", "fields", "value"),
    [
        (2011, "w01001-Rtd=7.1,w01001-Avg=7.2", 7.1), (2011, "w01001-Avg=7.2", 7.2),
        (2051, "w01001-Min=7.0,w01001-Avg=7.2,w01001-Max=7.4", 7.2), (2061, "w01001-Rtd=7.1", 7.1),
        (2031, "w01001-Avg=7.2,w01001-Cou=99", 7.2),
    ],
)  # fmt: skip
def test_which_statistic_is_taken(cn, fields, value):
    (only,), refused = read(frame(f"DataTime=20261121080000;{fields}", CN=cn))
    assert refused is None and only.value == value and only.seq == ("" if cn == 2011 else str(cn))


def test_a_total_alone_and_a_state_alone_are_no_values_and_no_fault():
    found, refused = read(
        frame("DataTime=20261121080000;w00000-Cou=9,w00000-Flag=N;i12001-Info=1;w01001-Avg=7", CN=2031)
    )
    assert [r.kind for r in found] == ["ph"] and refused is None


def test_extremes_without_a_mean_are_refused_by_name():
    _, refused = read(frame("DataTime=20261121080000;w01001-Min=7,w01001-Max=8", CN=2061))
    assert refused.rule == "shape" and "w01001" in refused.reason


def test_the_means_of_minute_hour_and_day_are_not_taken_for_one_reading():
    area = "DataTime=20261121000000;w01001-Avg=7,w01001-Rtd=7"
    found = [read(frame(area, CN=cn))[0][0] for cn in (2011, 2051, 2061, 2031)]
    assert len({(r.station, r.kind, r.at, r.seq) for r in found}) == 4


def test_real_time_without_a_data_time_is_dated_by_its_request_number():
    (only,), _ = read(frame("w01001-Rtd=7", QN="20261121080001250"))
    assert only.at == datetime(2026, 11, 21, 0, 0, 1, 250_000, tzinfo=UTC)


def test_a_mean_without_a_data_time_is_refused():
    found, refused = read(frame("w01001-Avg=7", CN=2061))
    assert not found and refused.rule == "time"


def test_two_data_times_in_one_message_each_govern_what_follows():
    found, _ = read(frame("DataTime=20261121080000;w01001-Rtd=7;DataTime=20261121080100;w01001-Rtd=7.1"))
    assert [(r.at.minute, r.value) for r in found] == [(0, 7.0), (1, 7.1)]


@pytest.mark.parametrize(
    ("flag", "quality"),
    [("N", "ok"), ("S", "manual"), ("M", "maintenance"), ("C", "maintenance"), ("F", "maintenance"), ("D", "suspect"),
     ("B", "suspect"), ("T", "range")],
)  # fmt: skip
def test_the_data_flag_is_the_quality(flag, quality):
    (only,), _ = read(frame(f"DataTime=20261121080000;w01001-Rtd=7,w01001-Flag={flag}"))
    assert only.quality is Quality(quality)


def test_flags_of_2005_hold_for_the_stations_that_have_them():
    def quality(flag: str, st: int) -> str:
        found, refused = read(frame(f"DataTime=20261121080000;a01001-Rtd=7,a01001-Flag={flag}", ST=st, Flag=1))
        return str(found[0].quality) if found else refused.rule

    assert [quality(flag, 22) for flag in "0123Pp9"] == ["maintenance", "ok", "suspect", "ok", "suspect", "suspect", "flag"]
    assert [quality(flag, 21) for flag in "03P"] == ["flag", "flag", "suspect"]


@pytest.mark.parametrize(
    ("fields", "sound", "rule", "says"),
    [
        ("w00000-Rtd=12,300,w00000-Flag=N", [], "value", "“12”、“300”"), ("w01001-Rtd=7;9,w01001-Flag=N", [], "value", "“7”、“9”"),
        ("w00000-Rtd=1,234,567.8", [], "value", "3 段"), ("w01001-Rtd=7, 9", [], "value", "“7”、“9”"),
        ("w01001-Rtd=,9", [], "value", "“9”"), ("w01001-Rtd=7,w01001-Flag=N,D", [], "value", "“N”、“D”"),
        ("w01001-Rtd=7,w01001-Rtd=8", [], "value", "“7”与“8”"), ("w01001-Rtd=7;001-Rtd=8", [], "shape", "7 与 8"),
        ("w01001-Rtd=7,w01001-Flag=N,w01001-Flag=M", [], "value", "“N”与“M”"),
        ("w01001-Rtd=7,w01001-Cou=12,300", [7.0], "shape", "w01001-Cou"), ("w01001-Rtd=7;w01001-Rtd=7.0", [7.0], "", ""),
        ("w01001-Rtd=7,w01001-Min=5,w01001-Min=6", [7.0], "shape", "w01001-Min"),
        ("9,w01001-Rtd=7,w01001-Flag=N;乱码", [7.0], "shape", "不是“名称=值”"), ("w=;w01001-Rtd= 7 ,;", [7.0], "", ""),
        ("w01001-Rtd=7,w01001-Info=//清洗,完成//", [7.0], "", ""), ("w01001=7", [], "shape", "没有写是哪一项"),
    ],
)  # fmt: skip
def test_a_value_that_may_be_two_is_refused_and_no_other_is(fields, sound, rule, says):
    found, refused = read(frame(f"DataTime=20261121080000;{fields};w21003-Rtd=0.3"))
    assert [r.value for r in found] == [*sound, 0.3]
    assert (refused.rule if refused else "") == rule and (not refused or says in refused.reason)


@pytest.mark.parametrize("said", ["20261121080000;DataTime=20261121070000", "2026112108;0000", "20261121080000,9"])
def test_a_time_that_may_be_two_dates_nothing(said):
    found, refused = read(frame(f"DataTime={said};w01001-Rtd=7"))
    assert not found and refused.rule == "time"


def test_a_time_is_known_by_its_name_in_any_letters():
    assert read(frame("datatime=20261121070000;w01001-Rtd=7"))[0][0].at == datetime(2026, 11, 20, 23, tzinfo=UTC)


def test_a_head_with_two_stations_is_nobodys():
    segment = frame().rstrip()[6:-4].replace(b"ST=21;", b"ST=21;MN=44140200A0000000000001F2;")
    found, refused = read(b"##%04d" % len(segment) + segment + _frame.crc(segment).encode())
    assert not found and refused.rule == "shape" and "“MN”出现两次" in refused.reason


def test_a_value_whose_rest_went_with_a_packet_is_refused_and_one_whose_next_field_did_is_not():
    def first(area: str) -> list[float]:
        return [r.value for r in read(frame(f"DataTime=20261121080000;{area}", Flag=7, PNUM=2, PNO=1))[0]]

    assert first("001-Rtd=8.2,001-Fl") == first("001-Rtd=8.2,00") == first("001-Rtd=8.2;06") == [8.2]
    assert first("w01001-Rtd=8,2") == []


@pytest.mark.parametrize("cn", [2021, 2041, 2081, 3020, 1013, 9015])
def test_what_is_no_measurement_holds_no_readings_and_is_no_fault(cn):
    assert read(frame("DataTime=20261121080000;RestartTime=20261121070000", CN=cn)) == ([], None)


def test_what_is_said_between_systems_is_no_reading_even_when_it_looks_like_one():
    assert read(frame(ST=91)) == ([], None)


# Encryption -----------------------------------------------------------------------------------------------------------
def test_a_block_is_that_of_the_national_standard():
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")  # GB/T 32907-2016 annex A.1
    assert _sm4.encrypted(key, key).hex() == "681edf34d206965e86b3e94f536e4246"


@settings(max_examples=60, deadline=None)
@given(area=st.binary(max_size=80), key=st.binary(min_size=16, max_size=16))
def test_encrypting_keeps_the_length_and_leaves_the_last_part_plain(area, key):
    sent = _sm4.encrypted(area, key)
    whole = len(area) // 16 * 16
    assert len(sent) == len(area) and sent[whole:] == area[whole:] and _sm4.decrypted(sent, key) == area


@pytest.mark.parametrize("more", [0, 1, 15])
def test_an_encrypted_frame_reads_as_its_plain_one(station_key, more):
    area = AREA + ";" * more
    sent = hj212.build(HEAD | {"Flag": 9}, area, key=KEY)
    assert b"w01010" not in sent and len(sent) == len(frame(area, Flag=9)) and sent[-6:] == frame(area, Flag=9)[-6:]
    assert read(sent) == (read(frame())[0], None)


def spelled(area: bytes, crc_of_sent: bool) -> bytes:
    """A frame whose data area is ciphertext in text, its length that of what is sent."""
    before = "".join(f"{k}={v};" for k, v in HEAD.items()).encode() + b"CP=&&"
    checked = before + (area if crc_of_sent else AREA.encode()) + b"&&"
    return b"##%04d" % (len(before) + len(area) + 2) + before + area + b"&&" + _frame.crc(checked).encode()


@pytest.mark.parametrize("crc_of_sent", [True, False])
@pytest.mark.parametrize("spelling", ["hex", "HEX", "base64", "printed"])
def test_ciphertext_written_as_text_is_read_too(station_key, spelling, crc_of_sent):
    plain = AREA.encode()
    if spelling == "printed":  # as annex A.2 prints it
        whole = len(plain) // 16 * 16
        cipher = _sm4.encrypted(plain, KEY)
        area = b"{" + b",".join(b"0x%02X" % byte for byte in cipher[:whole]) + b"}" + plain[whole:]
    else:
        cipher = _sm4.encrypted(plain + b" " * (-len(plain) % 16), KEY)
        area = base64.b64encode(cipher) if spelling == "base64" else cipher.hex().encode()
        area = area.upper() if spelling == "HEX" else area
    assert read(spelled(area, crc_of_sent)) == (read(frame())[0], None)


def test_packets_are_decrypted_each_by_itself(station_key):
    sent = hj212.split(HEAD | {"Flag": 9}, AREA, most=50, key=KEY)
    assert len(sent) == 4 and read(b"".join(sent)) == (read(frame())[0], None)


def test_an_encrypted_frame_without_a_key_names_the_station_and_the_setting():
    _, refused = read(hj212.build(HEAD, AREA, key=KEY))
    assert refused.rule == "key" and MN in refused.reason and "BRAIN_STATION_KEYS" in refused.reason


def test_a_wrong_key_is_told_from_a_missing_one(station_key):
    _, refused = read(hj212.build(HEAD, AREA, key=bytes(16)))
    assert refused.rule == "key" and "解不开" in refused.reason


def test_a_station_with_a_key_may_still_send_plain(station_key):
    assert read(frame()) == read(frame()) and len(read(frame())[0]) == 3


@pytest.mark.parametrize(
    ("text", "named"),
    [('[hj212]\nA1 = "00"\n', "hj212.A1"), ("[hj212]\nA1 = 5\n", "hj212.A1"), ("[hj212\n", "TOML"), ("hj212 = 1\n", "hj212"),
     ('[hj212]\nA1 = "' + "zz" * 16 + '"\n', "hj212.A1")],
)  # fmt: skip
def test_a_mistake_in_the_key_file_stops_the_start_and_shows_no_key(tmp_path, text, named):
    file = tmp_path / "keys.toml"
    file.write_text(text)
    with pytest.raises(BadSetting) as err:
        keys.use(Settings(station_keys=str(file)))
    assert named in str(err.value) and "zz" not in str(err.value)


def test_a_key_file_that_is_not_there_stops_the_start(tmp_path):
    with pytest.raises(BadSetting, match="BRAIN_STATION_KEYS"):
        keys.use(Settings(station_keys=str(tmp_path / "none.toml")))


# Answers --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"Flag": 5}, {"ST": "91", "CN": "9014", "Flag": "4"}),
        ({"Flag": 9}, {"ST": "91", "CN": "9014", "Flag": "8"}),
        ({"Flag": 7, "PNUM": 2, "PNO": 1}, {"ST": "91", "CN": "9014", "Flag": "6", "PNUM": "2", "PNO": "1"}),
        ({"Flag": 9, "CN": 9015}, {"ST": "91", "CN": "9013", "Flag": "8"}),
    ],
)
def test_the_answer_is_to_the_same_request_and_of_the_same_edition(more, wanted):
    found = _frame.read(hj212.answer(_frame.read(frame(**more))))
    same = {"QN": HEAD["QN"], "PW": HEAD["PW"], "MN": MN}
    assert found.fields == same | wanted and found.area == ""


def test_a_station_of_2005_finds_in_the_data_area_what_is_answered():
    found = _frame.read(hj212.answer(_frame.read(frame(Flag=1))))
    assert (found.fields["Flag"], found.fields["QN"]) == ("0", HEAD["QN"])
    assert found.area == f"QN={HEAD['QN']};CN=2011"


def test_the_answer_is_byte_for_byte_that_of_the_2017_edition():
    sent = "QN=20261121080000000;ST=22;CN=2061;PW=123456;MN=441402A000000000000000A1;Flag=5;CP=&&&&"
    asked = _frame.read(b"##%04d" % len(sent) + sent.encode() + _frame.crc(sent.encode()).encode())
    wanted = b"##0087QN=20261121080000000;ST=91;CN=9014;PW=123456;MN=441402A000000000000000A1;Flag=4;CP=&&&&B101\r\n"
    assert hj212.answer(asked) == wanted


@pytest.mark.parametrize("more", [{"Flag": 4}, {"Flag": 8}, {"Flag": 0}, {"Flag": 5, "CN": 9014, "ST": 91}])
def test_what_wants_no_answer_gets_none(more):
    assert hj212.answer(_frame.read(frame(**more))) == b""


# Whatever strangers send ----------------------------------------------------------------------------------------------
@settings(max_examples=200, deadline=None)
@given(payload=st.binary(max_size=300) | st.lists(noise | broken | st.binary(max_size=20), max_size=20).map(b"".join))
def test_any_bytes_are_read_or_refused(payload):
    read(payload)
    hj212.cut(payload)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_good_frame_cut_or_flipped_is_read_or_refused(data):
    payload = bytearray(data.draw(st.sampled_from(GOOD + CORPUS)))
    for _ in range(data.draw(st.integers(0, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    read(bytes(payload[data.draw(st.integers(0, 30)) : data.draw(st.integers(0, len(payload)))]))


@settings(max_examples=200, deadline=None)
@given(
    area=st.text(max_size=60)
    | st.lists(st.sampled_from(["DataTime=", "w01001-Rtd=", "7", ";", ",", "=", "-Flag=N"])).map("".join)
)
def test_a_sound_frame_with_any_data_area_is_read_or_refused(area):
    area = area.encode("utf-8", "replace").decode()
    for r in read(frame(area))[0]:
        assert r.at.tzinfo is not None and isinstance(r.value, float) and r.kind


HOSTILE = {
    "heads": b"##4000" * 43_000, "heads in lines": b"##4000\r\n" * 32_000, "short heads": b"##0001" * 43_000,
    "hashes": b"#" * 260_000, "blanks": b"\r\n" * 130_000, "ends": b"##4000" + b"&&ABCD" * 43_000,
    "long": b"##9999" + b"CP=&&" + b"a-Rtd=1;" * 32_000, "nul": b"\0" * 260_000, "hex": b"##0100" + b"0" * 260_000,
    "printed": b"##9000" + b"QN=1;CP=&&{" + b"0x00," * 1795 + b"}&&0000" * 30,
    "packets": b"".join(hj212.build(HEAD | {"PNUM": 99_999_999, "PNO": n}, "a") for n in range(1, 2000)),
    "fields": hj212.build(HEAD, ";".join(f"w{n}-Rtd=1" for n in range(750))),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_bytes_made_to_be_slow_are_done_within_a_second(name):
    began = time.thread_time()
    read(HOSTILE[name])
    assert time.thread_time() - began < 1


@pytest.mark.parametrize("name", ["heads", "long", "packets"])
def test_bytes_made_to_be_large_take_no_more_than_16_mb(name):
    tracemalloc.start()
    read(HOSTILE[name][:65_536])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


def test_parse_is_the_same_for_the_same_bytes():
    assert all(read(p)[0] == read(p)[0] for p in GOOD)


def test_the_practice_of_the_door_is_a_citys_own(tmp_path):
    (tmp_path / "intake.toml").write_text("[hj212]\nidle_s = 60\n")
    assert practice.load(str(tmp_path)).hj212 == replace(practice.load().hj212, idle_s=60)


def test_the_feed_serves_stations_of_every_theme():
    assert feeds.load()["hj212"].FEED.theme == feeds.ANY
