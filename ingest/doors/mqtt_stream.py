"""The byte stream of an MQTT connection, cut into packets: PUBLISH for the door, everything else for paho.

Why not let paho read its PUBLISH packets, too: it spends several times what our own work on a message costs (three kernel
calls, a fresh table of all MQTT 5 properties). Connecting, subscribing, keeping alive and TLS remain its business, and it
sees only whole packets, so the two never get in each other's way.

PUBLISH is section 3.3 of MQTT 3.1.1 and of MQTT 5.0, PUBACK section 3.4.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import NamedTuple

CHUNK = 1 << 18
PUBLISH = 0x30
PUBACK = b"\x40\x02"


class Publish(NamedTuple):
    """A received message: topic as bytes, payload, packet id (0 for QoS 0); `retained` where the broker had kept it and sends it
    because we subscribed."""

    topic: bytes
    payload: bytes
    mid: int
    retained: bool = False


class Malformed(ValueError):
    """The other side does not speak MQTT (any more)."""


def puback(mids: list[int]) -> bytes:
    """Acknowledgements of these packets, as bytes."""
    return b"".join([PUBACK + mid.to_bytes(2, "big") for mid in mids])


class Stream:
    """A socket as paho wants it (`recv`, `send`, …) that keeps the PUBLISH packets of QoS 0 and 1 to itself.

    `fill` reads what the kernel has, `publishes` gives the messages that are complete, `held_back` says whether packets
    for paho wait (`loop_read` then takes them). What is sent goes out at once as far as the kernel takes it; the rest
    waits for `flush`, so packets are never torn or interleaved.
    """

    def __init__(self, sock: socket.socket):
        self._sock = sock
        self._in: list[bytes] = []  # received and not yet cut
        self._size = 0  # bytes of it
        self._wants = 2  # bytes that the next packet needs to be complete, as far as is known
        self._theirs = bytearray()  # whole packets for paho
        self._out = bytearray()
        self._end: OSError | None = None
        self._ended = False
        self.heard = False  # something came since the owner last set it back

    # Ours -------------------------------------------------------------------------------------------------------------
    def fill(self) -> None:
        """Read what the kernel has, without waiting. The end of the connection is shown to paho by its next `recv`."""
        try:
            data = self._sock.recv(CHUNK)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError):
            return
        except OSError as err:
            self._end, self._ended = err, True
            return
        if data:
            self.heard = True
            self._in.append(data)
            self._size += len(data)
        else:
            self._ended = True

    def publishes(self, five: bool) -> list[Publish]:
        """The complete messages received so far, in order; `five` tells MQTT 5 from 3.1.1. Raises Malformed."""
        found: list[Publish] = []
        if self._size < self._wants:  # joining a large packet anew for each of its pieces would take for ever
            return found
        data = self._in[0] if len(self._in) == 1 else b"".join(self._in)
        at, end, self._wants = 0, len(data), 2
        while end - at >= 2:
            head = data[at]
            size, start = data[at + 1], at + 2
            if size > 127:
                size, start = _length(data, at + 1, end)
                if start < 0:
                    break  # the length itself is not complete
            behind = start + size
            if behind > end:
                self._wants = behind - at
                break
            if head & 0xF0 == PUBLISH and head & 0x06 != 0x04:
                found.append(_publish(data, start, behind, head, five))
            else:
                self._theirs += data[at:behind]
            at = behind
        self._in = [data[at:]] if at < end else []
        self._size = end - at
        return found

    @property
    def held_back(self) -> bool:
        """Something waits for paho: a packet, or the end of the connection."""
        return bool(self._theirs) or self._ended

    def buffered(self) -> bool:
        """TLS has bytes of which the kernel knows nothing."""
        return isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0

    def flush(self) -> None:
        """Hand what waits to the kernel, as far as it takes it."""
        with contextlib.suppress(BlockingIOError, InterruptedError, ssl.SSLWantWriteError):
            while self._out:
                del self._out[: self._sock.send(self._out)]

    @property
    def unsent(self) -> bool:
        return bool(self._out)

    # paho's -----------------------------------------------------------------------------------------------------------
    def recv(self, size: int) -> bytes:
        if self._theirs:
            piece = bytes(self._theirs[:size])
            del self._theirs[:size]
            return piece
        if self._end:
            raise self._end
        if self._ended:
            return b""
        raise BlockingIOError

    def send(self, data: bytes) -> int:
        self._out += data
        self.flush()
        return len(data)

    def fileno(self) -> int:
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        self._sock.setblocking(flag)

    def close(self) -> None:
        self._sock.close()


def _length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """(value, offset behind it) of a variable length integer; offset -1 when it is not complete before `end`."""
    value = 0
    for n in range(4):
        if at + n >= end:
            return 0, -1
        byte = data[at + n]
        value |= (byte & 0x7F) << (7 * n)
        if byte < 128:
            return value, at + n + 1
    raise Malformed("length of more than four bytes")


def _publish(data: bytes, at: int, behind: int, head: int, five: bool) -> Publish:
    """The message of a PUBLISH with the first byte `head`, whose variable header begins at `at`. Raises Malformed when a part runs
    over the end."""
    if behind - at < 2:
        raise Malformed("PUBLISH without topic")
    acked = head & 0x06
    topic, topic_end = at + 2, at + 2 + (data[at] << 8 | data[at + 1])
    body = topic_end + (2 if acked else 0)
    if body > behind:
        raise Malformed("PUBLISH shorter than its topic")
    mid = data[topic_end] << 8 | data[topic_end + 1] if acked else 0
    if five:
        size, body = _length(data, body, behind)
        if body < 0 or body + size > behind:
            raise Malformed("PUBLISH shorter than its properties")
        body += size
    return Publish(data[topic:topic_end], data[body:behind], mid, head & 1 == 1)
