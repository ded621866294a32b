"""A spill file is cut or has a bit flipped at every single byte: no crash, no false reading, and the lost part is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.write.spill import Damage, Message, Spill

AT = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
SIZES = {"segment_bytes": 1 << 20, "total_bytes": 1 << 24}
WHOLE = [
    Message("rain", "city/441402/rain/qxj/RG-01", b'{"p1":%d}' % n if n else b"\xf5SPL\x00\x00\x00\x10", AT, n + 1)
    for n in range(3)
]


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[str, bytes, int]:
    """Name and bytes of a spill file with three messages, and the size of a record each."""
    folder = tmp_path_factory.mktemp("whole")
    spill = Spill(folder, **SIZES)
    sizes = []
    for message in WHOLE:
        spill.put([message])
        sizes.append(spill.bytes)
    spill.close()
    (path,) = folder.glob("*.spill")
    return path.name, path.read_bytes(), sizes


def read(folder, name: str, data: bytes) -> tuple[list[Message], list[Damage], int]:
    """What the next process finds: the sound messages, the damage, and the units it will book as lost."""
    (folder / name).write_bytes(data)
    spill = Spill(folder, **SIZES)
    found, lost = [], 0
    while portion := spill.peek(100):
        found += portion
        lost += spill.done(portion).total()
    spill.close()
    assert not list(folder.glob("*.spill")), "the file is dealt with, and gone"
    return [f for f in found if isinstance(f, Message)], [f for f in found if isinstance(f, Damage)], lost


def test_a_flip_of_any_bit_costs_one_message_and_is_told(tmp_path, written):
    name, data, sizes = written
    for at in range(len(data)):
        hit = next(n for n, end in enumerate(sizes) if at < end)
        for bit in range(8):
            hurt = bytearray(data)
            hurt[at] ^= 1 << bit
            sound, damage, _ = read(tmp_path, name, bytes(hurt))
            assert sound == [m for n, m in enumerate(WHOLE) if n != hit], (at, bit)
            begin = sizes[hit - 1] if hit else 0
            assert b"".join(d.data for d in damage) == bytes(hurt[begin : sizes[hit]]), (at, bit)
            assert all(name in d.where for d in damage)


def test_a_cut_at_any_byte_keeps_what_was_whole_and_tells_the_rest(tmp_path, written):
    name, data, sizes = written
    for size in range(len(data) + 1):
        sound, damage, _ = read(tmp_path, name, data[:size])
        kept = sum(end <= size for end in sizes)
        assert sound == WHOLE[:kept], size
        assert b"".join(d.data for d in damage) == data[([0, *sizes])[kept] : size], size


def test_a_hole_at_any_byte_gives_nothing_false(tmp_path, written):
    name, data, _ = written
    for at in range(len(data)):
        hurt = data[:at] + bytes(min(16, len(data) - at)) + data[at + 16 :]
        sound, damage, _ = read(tmp_path, name, hurt)
        rest = iter(WHOLE)
        assert all(m in rest for m in sound), at
        assert len(sound) == 3 or damage or hurt == data, at


def test_damage_while_the_process_lives_is_booked_as_lost(tmp_path):
    spill = Spill(tmp_path, **SIZES)
    spill.put(WHOLE)
    (path,) = tmp_path.glob("*.spill")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 1])
    lost, damaged = 0, 0
    while portion := spill.peek(100):
        damaged += sum(isinstance(f, Damage) for f in portion)
        lost += spill.done(portion).total()
    assert (damaged, lost) == (1, WHOLE[-1].units)


def test_a_file_that_cannot_be_read_is_kept_and_told(tmp_path, monkeypatch):
    spill = Spill(tmp_path, **SIZES)
    spill.put(WHOLE)
    spill.close()
    (path,) = tmp_path.glob("*.spill")
    path.rename(tmp_path / "bytes")
    path.mkdir()  # reading it fails, also for root
    again = Spill(tmp_path, **SIZES)
    (damage,) = again.peek(100)
    assert isinstance(damage, Damage) and path.name in damage.where
    again.done([damage])
    assert not again and path.with_suffix(".unreadable").exists()
    again.put(WHOLE[:1])
    assert again.peek(100) == WHOLE[:1]
