"""Play a trace to a broker with QoS 1: at its own pace, or as fast as the broker takes it.

Why packets of our own and no MQTT library: on a machine with two cores the sender must leave them to what is measured.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from tests.bench.trace import Shot, Truth, trace

WINDOW = 20_000  # unacknowledged at most; below the 65,535 packet ids
CHUNK = 65_536
PAUSE_S = 0.002


@dataclass
class Played:
    """How it went: `acked` by the broker, `behind_s` the most a message was late on its own plan."""

    sent: int
    acked: int
    took_s: float
    behind_s: float


def publish(topic: str, payload: bytes, mid: int) -> bytes:
    """One PUBLISH of MQTT 3.1.1, QoS 1."""
    name = topic.encode()
    left = 2 + len(name) + 2 + len(payload)
    head = bytearray(b"\x32")
    while True:
        head.append(left & 0x7F | (0x80 if left > 0x7F else 0))
        left >>= 7
        if not left:
            break
    return b"%b%b%b%b%b" % (bytes(head), struct.pack("!H", len(name)), name, struct.pack("!H", mid), payload)


def packets(shots: Iterable[Shot]) -> Iterator[tuple[float, bytes]]:
    """(due, packet) of each."""
    for n, shot in enumerate(shots):
        yield shot.due, publish(shot.topic, shot.payload, n % 65_535 + 1)


def play(port: int, ready: Iterable[tuple[float, bytes]], begin: float | None, name: str = "player") -> Played:
    """Send `ready` packets, each when it is due after `begin` (epoch seconds), or at once where that is None; wait until all
    are acknowledged. Raises RuntimeError when the broker hangs up or acknowledges nothing for 30 s."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    who = name.encode()
    sock.sendall(b"\x10" + bytes([12 + len(who)]) + b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack("!H", len(who)) + who)
    if sock.recv(4)[3:] != b"\x00":
        raise RuntimeError("the broker refused the player")
    acked = 0
    changed = threading.Condition()
    gone = False

    def listen() -> None:
        nonlocal acked, gone
        held = 0
        while data := sock.recv(CHUNK):
            held += len(data)
            with changed:
                acked += held // 4  # a PUBACK has four bytes, and nothing else comes
                changed.notify()
            held %= 4
        with changed:
            gone = True
            changed.notify()

    ear = threading.Thread(target=listen, daemon=True)
    ear.start()

    def wait(most_open: int) -> None:
        with changed:
            while sent - acked > most_open:
                before = acked
                changed.wait(30)
                if gone or acked == before:
                    raise RuntimeError(
                        f"the broker {'hung up' if gone else 'fell silent'}: {acked} of {sent} acknowledged"
                    )

    sent, behind = 0, 0.0
    chunk, length = [], 0
    begun = time.perf_counter() if begin is None else time.perf_counter() + max(0.0, begin - time.time())
    for due, packet in ready:
        if begin is not None:
            ahead = begin + due - time.time()
            if ahead > 0:
                if chunk:
                    sock.sendall(b"".join(chunk))
                    chunk, length = [], 0
                    ahead = begin + due - time.time()
                if ahead > 0:
                    time.sleep(max(ahead, PAUSE_S))
            elif -ahead > behind:
                behind = -ahead
        chunk.append(packet)
        length += len(packet)
        sent += 1
        if length >= CHUNK:
            sock.sendall(b"".join(chunk))
            chunk, length = [], 0
            wait(WINDOW)
    sock.sendall(b"".join(chunk))
    wait(0)
    took = time.perf_counter() - begun
    sock.sendall(b"\xe0\x00")
    sock.close()
    return Played(sent, acked, took, behind)


def main(port: str, total: str, per_s: str, begin: str, paced: str) -> dict:
    """Make the trace and play it. At its pace it is made on the way; else it is made first, so that making it costs nothing
    while it is played."""
    truth = Truth()
    since = float(begin)
    ready = packets(trace(int(total), float(per_s), datetime.fromtimestamp(since, UTC), truth))
    done = play(int(port), ready, since) if paced == "paced" else play(int(port), list(ready), None)
    return {"played": asdict(done), "truth": asdict(truth)}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
