"""MQTT packets off a socket: messages for the door, the rest for paho, whatever way the bytes are cut."""

from __future__ import annotations

import socket
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.doors.mqtt_stream import Malformed, Publish, Stream, puback


def varint(n: int) -> bytes:
    out = bytearray()
    while True:
        n, low = divmod(n, 128)
        out.append(low | (128 if n else 0))
        if not n:
            return bytes(out)


def publish(message: Publish, five: bool, properties: bytes = b"", flags: int = 0) -> bytes:
    """A PUBLISH packet as a broker would send it."""
    head = 0x30 | flags | (0x02 if message.mid else 0)
    body = len(message.topic).to_bytes(2, "big") + message.topic
    body += message.mid.to_bytes(2, "big") if message.mid else b""
    body += varint(len(properties)) + properties if five else b""
    body += message.payload
    return bytes([head]) + varint(len(body)) + body


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    stream = Stream(ours)
    yield stream, theirs
    stream.close()
    theirs.close()


def paho_reads(stream: Stream) -> bytes:
    """Everything that waits for paho."""
    got = b""
    while stream._theirs:
        got += stream.recv(3)
    return got


ONE = Publish(b"city/441402/rain/qxj/RG-01", b'{"p1":1}', 7)
PING, SUBACK = b"\xd0\x00", b"\x90\x03\x00\x01\x01"

messages = st.builds(
    Publish, st.binary(min_size=1, max_size=30), st.binary(max_size=300), st.integers(0, 65535)
)  # fmt: skip
packets = st.one_of(
    st.tuples(messages, st.binary(max_size=200), st.sampled_from([0, 1, 8])),
    st.sampled_from([PING, SUBACK, b"\x20\x02\x00\x00", b"\xe0\x00"]),
)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.booleans(), st.lists(packets, max_size=12))
def test_however_the_bytes_are_cut_everyone_gets_his_own_whole_and_in_order(data, five, sent):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    stream = Stream(ours)
    raw = b"".join(p if isinstance(p, bytes) else publish(p[0], five, p[1], p[2]) for p in sent)
    got, rest = [], b""
    while raw:
        size = data.draw(st.integers(1, max(1, len(raw))))
        theirs.sendall(raw[:size])
        raw = raw[size:]
        stream.fill()
        got += stream.publishes(five)
        rest += paho_reads(stream)
    assert got == [p[0]._replace(retained=p[2] & 1 == 1) for p in sent if not isinstance(p, bytes)]
    assert rest == b"".join(p for p in sent if isinstance(p, bytes))
    stream.close()
    theirs.close()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_bytes_that_are_no_mqtt_are_refused_or_left_to_paho(raw, five):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    stream = Stream(ours)
    theirs.sendall(raw)
    stream.fill()
    try:
        stream.publishes(five)
    except Malformed as err:
        assert str(err)
    stream.close()
    theirs.close()


def test_nothing_is_read_where_nothing_is(pair):
    stream, _ = pair
    stream.fill()
    assert stream.publishes(True) == [] and not stream.held_back
    with pytest.raises(BlockingIOError):
        stream.recv(1)


def test_the_end_of_the_connection_reaches_paho_after_its_last_packet(pair):
    stream, theirs = pair
    theirs.sendall(publish(ONE, True) + PING)
    theirs.close()
    stream.fill()
    assert stream.publishes(True) == [ONE]
    stream.fill()
    assert stream.held_back
    assert (stream.recv(1), stream.recv(9), stream.recv(1)) == (b"\xd0", b"\x00", b"")


def test_a_message_of_many_megabytes_arrives_whole(pair):
    stream, theirs = pair
    big = Publish(b"t", bytes(5_000_000), 1)
    raw = publish(big, True)
    found = []
    while raw or not found:
        if raw:
            raw = raw[theirs.send(raw[: 1 << 16]) :]
        stream.fill()
        found += stream.publishes(True)
    assert found == [big]


def test_acknowledgements_are_pubacks_of_both_versions():
    assert puback([1, 258, 65535]) == b"\x40\x02\x00\x01\x40\x02\x01\x02\x40\x02\xff\xff"


def test_what_the_kernel_does_not_take_waits_in_order(pair):
    stream, theirs = pair
    sent = b""
    while not stream.unsent:
        piece = bytes([len(sent) % 251]) * 5000
        stream.send(piece)
        sent += piece
    got = b""
    while len(got) < len(sent):
        got += theirs.recv(1 << 16)
        stream.flush()
    assert got == sent and not stream.unsent


def test_a_large_message_in_small_pieces_is_joined_once(pair):
    """Joined anew for each piece it would take minutes, and the door would be deaf to its broker meanwhile."""
    stream, theirs = pair
    large = Publish(b"city/441402/rain/qxj/RG-01", b"x" * 4_000_000, 7)
    data = publish(large, five=True)
    begun, found = time.monotonic(), []
    for at in range(0, len(data), 1000):
        theirs.sendall(data[at : at + 1000])
        stream.fill()
        found += stream.publishes(five=True)
    assert found == [large]
    assert time.monotonic() - begun < 2
