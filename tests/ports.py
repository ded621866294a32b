"""TCP ports for servers that a test starts.

Why not port 0 and what the kernel gives: it gives the same numbers to whoever connects somewhere, and the suite runs in two
processes; a port that was free when it was asked for may be taken when the server comes up. So each process has a range of
its own, below those that the kernel hands out (32768 and up).
"""

from __future__ import annotations

import itertools
import os
import socket

FIRST, EACH = 20_000, 1_500

_mine = FIRST + EACH * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 12)
_numbers = itertools.cycle(range(_mine, _mine + EACH))


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens, and which is given to nobody else for the next thousand calls."""
    for port in itertools.islice(_numbers, EACH):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no port is free from {_mine} on")
