"""A gateway as a process: publishes numbered messages with QoS 1 and writes down which the broker acknowledged.

    python sender.py PORT BEGIN_MS FOLDER CLIENT_ID

It obeys lines on stdin: `rate N` (messages a second, 0 to rest), `first N` (go on from this number), `until N` (numbers
below N only), `quit`. Which numbers are poison and which are published twice is a property of the number, so that whoever
judges needs no other word. FOLDER/acked.bin and FOLDER/sent.bin hold the numbers, four bytes each, in order; a number
stands in `acked.bin` as soon as its PUBACK has been read, and that file is the ground truth of every proof.

Why not paho: the truth must not come from the library that is under test, and what happens on the wire should be plain.
MQTT 3.1.1, persistent session; after a reconnect everything unacknowledged is sent again with DUP.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

STATIONS = 20
WINDOW = 500  # unacknowledged messages at most
BLOCK = 1_000_000  # numbers of one block are alike
BAD = (10, 0, 100, 1000)  # so many in a thousand are poison, by block
TWICE = 10  # so many in a thousand are published twice


def station(n: int) -> str:
    return f"RG-{n % STATIONS:02d}"


def value(n: int) -> float:
    return (n % 200) / 10


def is_bad(n: int) -> bool:
    """Whether message n is poison; evenly spread."""
    return (n * 7919) % 1000 < BAD[n // BLOCK % len(BAD)]


def message(n: int, begin_ms: int) -> tuple[str, bytes]:
    """Topic and payload of message n: one reading at a time of its own, or poison that carries its number."""
    at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=begin_ms, microseconds=100 * n)).isoformat()
    said = '"坏"' if is_bad(n) else f"{value(n)}"
    return f"city/441402/rain/qxj/{station(n)}", f'{{"stcd":"{station(n)}","tm":"{at}","p1":{said},"no":{n}}}'.encode()


def publish(mid: int, topic: str, payload: bytes, again: bool) -> bytes:
    name = topic.encode()
    body = struct.pack(">H", len(name)) + name + struct.pack(">H", mid) + payload
    size, length = len(body), b""
    while True:
        size, low = divmod(size, 128)
        length += bytes([low | (0x80 if size else 0)])
        if not size:
            return bytes([0x32 | (0x08 if again else 0)]) + length + body


class Sender:
    def __init__(self, port: int, begin_ms: int, folder: Path, name: str):
        self.port, self.begin_ms, self.name = port, begin_ms, name
        self.sent = open(folder / "sent.bin", "ab")  # noqa: SIM115 - open as long as the process
        self.acked = open(folder / "acked.bin", "ab")  # noqa: SIM115
        self.rate, self.next, self.until = 0, 0, 1 << 31
        self.sock: socket.socket | None = None
        self.open: dict[int, int] = {}  # packet id → number
        self.mid = 0
        self.data = b""
        self.due = 0.0
        self.spoke = 0.0

    def connect(self) -> None:
        """Connect and send again what was not acknowledged; the broker may be away."""
        try:
            sock = socket.create_connection(("127.0.0.1", self.port), timeout=2)
            name = self.name.encode()
            body = b"\x00\x04MQTT\x04\x00\x00\x1e" + struct.pack(">H", len(name)) + name
            sock.sendall(b"\x10" + bytes([len(body)]) + body)
            if sock.recv(4)[:2] != b"\x20\x02":
                raise OSError("no CONNACK")
            sock.settimeout(5)
            for mid, n in self.open.items():
                sock.sendall(publish(mid, *message(n, self.begin_ms), True))
            self.sock, self.data = sock, b""
        except OSError:
            time.sleep(0.1)

    def lost(self) -> None:
        if self.sock is not None:
            self.sock.close()
        self.sock = None

    def turn(self) -> None:
        if self.sock is None:
            self.connect()
            return
        try:
            now = time.monotonic()
            pack = []
            while self.rate and now >= self.due and len(self.open) < WINDOW and self.next < self.until and len(pack) < 200:
                n, self.next = self.next, self.next + 1
                for _ in range(2 if (n * 104729) % 1000 < TWICE else 1):
                    self.mid = self.mid % 65535 + 1
                    while self.mid in self.open:
                        self.mid = self.mid % 65535 + 1
                    self.open[self.mid] = n
                    pack.append(publish(self.mid, *message(n, self.begin_ms), False))
                self.sent.write(struct.pack("<I", n))
                self.due = max(self.due + 1 / self.rate, now - 0.2)
            if pack:
                self.sent.flush()
                self.sock.sendall(b"".join(pack))
                self.spoke = now
            elif now - self.spoke > 10:
                self.sock.sendall(b"\xc0\x00")
                self.spoke = now
        except OSError:
            self.lost()

    def read(self) -> None:
        try:
            data = self.sock.recv(1 << 16)  # type: ignore[union-attr]
        except OSError:
            data = b""
        if not data:
            self.lost()
            return
        self.data += data
        while len(self.data) >= 2 and len(self.data) >= 2 + self.data[1]:
            if self.data[0] == 0x40:
                n = self.open.pop(struct.unpack(">H", self.data[2:4])[0], None)
                if n is not None:
                    self.acked.write(struct.pack("<I", n))
            self.data = self.data[2 + self.data[1] :]
        self.acked.flush()

    def run(self) -> None:
        while True:
            wait = 0.002 if self.sock and self.rate and len(self.open) < WINDOW and self.next < self.until else 0.05
            ready, _, _ = select.select([sys.stdin, *([self.sock] if self.sock else [])], [], [], wait)
            if sys.stdin in ready:
                for line in os.read(sys.stdin.fileno(), 1 << 12).decode().splitlines() or ["quit"]:
                    name, _, number = line.partition(" ")
                    if name == "quit":
                        return
                    setattr(self, {"first": "next"}.get(name, name), int(number))
                    self.due = time.monotonic()
            if self.sock in ready and self.sock is not None:
                self.read()
            self.turn()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        Sender(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]).run()
