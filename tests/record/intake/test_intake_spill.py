"""The spill keeps what the database cannot take: in order, across restarts, and through damage of any byte."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.write.spill import Damage, InUse, Message, Spill, pack, unpack

AT = datetime(2026, 9, 3, 2, 0, 0, 123456, tzinfo=UTC)
SIZES = {"segment_bytes": 1 << 20, "total_bytes": 1 << 24}


def message(n: int, payload: bytes | None = None) -> Message:
    return Message("rain", f"city/441402/rain/qxj/RG-{n:02d}", b'{"p1":%d}' % n if payload is None else payload, AT, 1)


def all_of(spill: Spill, most: int = 100) -> list:
    """Everything that waits, taken away portion by portion."""
    found = []
    while portion := spill.peek(most):
        found += portion
        spill.done(portion)
    return found


def test_messages_come_back_in_order_and_whole(tmp_path):
    spill = Spill(tmp_path, **SIZES)
    spill.put([message(1), message(2)])
    spill.put([message(3, b"\x00\xff\xf5SPL")])
    assert all_of(spill) == [message(1), message(2), message(3, b"\x00\xff\xf5SPL")]
    assert not spill


def test_what_one_process_left_behind_the_next_one_finds(tmp_path):
    first = Spill(tmp_path, **SIZES)
    first.put([message(1), message(2)])
    first.close()
    second = Spill(tmp_path, **SIZES)
    second.put([message(3)])
    assert second.units == {"rain": 3}
    assert all_of(second) == [message(1), message(2), message(3)]


def test_a_portion_stays_until_it_is_done(tmp_path):
    spill = Spill(tmp_path, **SIZES)
    spill.put([message(n) for n in range(5)])
    assert spill.peek(2) == spill.peek(2) == [message(0), message(1)]
    spill.done(spill.peek(2))
    assert spill.peek(2) == [message(2), message(3)]
    assert spill.units == {"rain": 3}


def test_a_message_bigger_than_a_portion_still_comes(tmp_path):
    spill = Spill(tmp_path, **SIZES)
    spill.put([Message("water", "t", b"x", AT, 500)])
    assert len(spill.peek(10)) == 1


def test_segments_are_deleted_when_their_messages_are_done(tmp_path):
    spill = Spill(tmp_path, segment_bytes=100, total_bytes=1 << 20)
    for n in range(10):
        spill.put([message(n)])
    assert len(list(tmp_path.glob("*.spill"))) > 3
    assert all_of(spill, most=3) == [message(n) for n in range(10)]
    assert list(tmp_path.glob("*.spill")) == []


def test_writing_goes_on_while_the_oldest_is_read(tmp_path):
    spill = Spill(tmp_path, **SIZES)
    spill.put([message(1), message(2)])
    portion = spill.peek(1)
    spill.put([message(3)])
    spill.done(portion)
    assert all_of(spill) == [message(2), message(3)]


def test_a_full_folder_refuses_and_keeps_what_it_has(tmp_path):
    spill = Spill(tmp_path, segment_bytes=1 << 20, total_bytes=150)
    spill.put([message(1)])
    with pytest.raises(OSError, match="上限"):
        spill.put([message(n) for n in range(9)])
    assert all_of(spill) == [message(1)]


def test_two_processes_cannot_share_a_folder(tmp_path):
    first = Spill(tmp_path, **SIZES)
    with pytest.raises(InUse):
        Spill(tmp_path, **SIZES)
    first.close()
    Spill(tmp_path, **SIZES).close()


@pytest.mark.parametrize("bit", [0x01, 0x80])
def test_a_flipped_bit_anywhere_loses_one_message_at_most_and_is_reported(bit):
    data = b"".join(pack(message(n), 7) for n in range(3))
    whole = [message(n) for n in range(3)]
    for at in range(len(data)):
        hurt = bytearray(data)
        hurt[at] ^= bit
        found = [f for f, _ in unpack(bytes(hurt), 7)]
        sound = [f for f in found if isinstance(f, Message)]
        assert len(sound) == 2 and all(m in whole for m in sound), at
        assert sum(len(f.data) for f in found if isinstance(f, Damage)) == len(data) // 3, at


def test_a_segment_cut_anywhere_keeps_what_was_whole_and_reports_the_rest():
    records = [pack(message(n), 7) for n in range(3)]
    data = b"".join(records)
    for size in range(len(data)):
        found = [f for f, _ in unpack(data[:size], 7)]
        sound = [f for f in found if isinstance(f, Message)]
        assert sound == [message(n) for n in range(size // len(records[0]))]
        assert sum(len(f.data) for f in found if isinstance(f, Damage)) == size % len(records[0])


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_damage_gives_no_false_message_and_no_error(data):
    salt = data.draw(st.integers(0, 2**32 - 1))
    inner = pack(message(99), salt ^ 1)  # a record inside a payload, by someone who cannot know the salt
    whole = [message(n, data.draw(st.sampled_from([b"", b"{}", inner, b"\xf5SPL" * 3]))) for n in range(4)]
    hurt = bytearray(b"".join(pack(m, salt) for m in whole))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(hurt) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "zero"])):
            case "flip":
                hurt[at] ^= data.draw(st.integers(1, 255))
            case "cut":
                del hurt[at : at + data.draw(st.integers(1, 20))]
            case "insert":
                hurt[at:at] = data.draw(st.binary(min_size=1, max_size=8))
            case "zero":
                hurt[at : at + 30] = bytes(len(hurt[at : at + 30]))
        if not hurt:
            break
    found = [f for f, _ in unpack(bytes(hurt), salt)]
    sound = [f for f in found if isinstance(f, Message)]
    rest = iter(whole)
    assert all(m in rest for m in sound), "a false message, or one out of order"
    held = sum(len(f.data) for f in found if isinstance(f, Damage)) + sum(len(pack(m, salt)) for m in sound)
    assert held == len(hurt), "bytes that are neither read nor reported"


def test_damage_on_disk_is_handed_out_and_the_lost_units_are_told(tmp_path):
    spill = Spill(tmp_path, **SIZES)
    spill.put([message(n) for n in range(3)])
    (path,) = tmp_path.glob("*.spill")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    first = spill.peek(10)
    spill.done(first)
    second = spill.peek(10)
    lost = spill.done(second)
    assert first[0] == message(0) and isinstance(first[1], Damage) and second == [message(2)]
    assert lost == {"rain": 1}


def test_a_segment_that_vanished_is_reported(tmp_path):
    spill = Spill(tmp_path, **SIZES)
    spill.put([message(1), message(2)])
    next(tmp_path.glob("*.spill")).unlink()
    (damage,) = spill.peek(10)
    assert isinstance(damage, Damage)
    assert spill.done([damage]) == {"rain": 2}
    assert not spill and spill.peek(10) == []
