"""The TCP server under the telemetry doors: lines open and end, answers wait, one bad line harms no other."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest

from brain.settings import BadSetting
from ingest.doors.tcp import Line, Server


class Echo:
    """A session that delivers each piece and wants it answered."""

    def __init__(self, line: Line, happened: list[str], seen: threading.Event):
        self.line, self.happened, self.seen = line, happened, seen

    def received(self, data: bytes, at: datetime) -> None:
        if data == b"fault":
            raise RuntimeError("a fault of ours")
        self.happened.append(data.decode())
        self.line.deliver("rain", self.line.peer, data, at, b"ok:" + data)
        self.seen.set()

    def tick(self, at: datetime) -> None:
        """Nothing waits here."""

    def closed(self, at: datetime) -> None:
        self.happened.append("closed")


@pytest.fixture
def serve():
    """serve(**more) -> (server, what happened in order, pieces delivered as (payload, ack), event of each piece)."""
    servers: list[Server] = []

    def serve(**more):
        happened: list[str] = []
        delivered: list = []
        seen = threading.Event()
        server = Server(
            "试验", "127.0.0.1", 0, lambda line: Echo(line, happened, seen),
            lambda feed, topic, payload, at, ack: delivered.append((payload, ack)), **{"idle_s": 30.0, **more},
        )  # fmt: skip
        servers.append(server)
        server.start()
        return server, happened, delivered, seen

    yield serve
    for server in servers:
        server.finish()


def call(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def test_an_answer_is_sent_when_the_writer_says_that_all_is_safe(serve):
    server, _, delivered, seen = serve()
    with call(server) as line:
        line.sendall(b"one")
        assert seen.wait(10)
        line.settimeout(0.2)
        with pytest.raises(TimeoutError):
            line.recv(10)
        line.settimeout(10)
        delivered[0][1]()
        assert line.recv(10) == b"ok:one"


def test_after_stop_nothing_is_taken_and_the_answers_due_are_still_sent(serve):
    server, happened, delivered, seen = serve()
    with call(server) as line:
        line.sendall(b"one")
        assert seen.wait(10)
        server.stop()
        assert happened == ["one", "closed"]
        line.sendall(b"two")
        delivered[0][1]()
        server.finish()
        assert line.recv(10) == b"ok:one"
        assert happened == ["one", "closed"] and len(delivered) == 1


def test_a_fault_in_one_session_ends_neither_its_line_nor_the_door(serve):
    server, happened, _, seen = serve()
    with call(server) as line:
        line.sendall(b"fault")
        with call(server) as other:
            other.sendall(b"two")
            assert seen.wait(10)
    assert "two" in happened and not server.failed


def test_a_line_that_is_silent_too_long_is_hung_up(serve):
    server, happened, *_ = serve(idle_s=0.2)
    with call(server) as line:
        assert line.recv(10) == b""
    assert happened == ["closed"]


def test_more_lines_than_allowed_are_refused_and_the_first_ones_stay(serve):
    server, _, delivered, seen = serve(lines_max=1)
    with call(server) as first:
        first.sendall(b"one")
        assert seen.wait(10)
        with call(server) as second:
            assert second.recv(10) == b""
        delivered[0][1]()
        assert first.recv(10) == b"ok:one"


def test_of_too_many_idle_lines_of_an_address_those_silent_longest_are_hung_up(serve, until):
    clock = [datetime(2026, 9, 3, tzinfo=UTC)]
    server, happened, *_ = serve(idle_lines=2, now=lambda: clock[0])
    lines = [call(server) for _ in range(4)]
    for n, line in enumerate(lines):
        clock[0] += timedelta(seconds=1)
        line.sendall(b"%d" % n)
        until(lambda n=n: str(n) in happened, 10)
    clock[0] += timedelta(seconds=59)  # the last has spoken within the minute
    assert lines[0].recv(10) == b""
    assert len(server.lines) == 3
    clock[0] += timedelta(seconds=10)
    assert lines[1].recv(10) == b""
    until(lambda: len(server.lines) == 2, 10)
    lines[2].sendall(b"still here")
    until(lambda: "still here" in happened, 10)
    for line in lines:
        line.close()


def test_a_port_that_is_taken_is_said_with_the_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadSetting, match=f"127.0.0.1:{port} 用不了"):
            Server("试验", "127.0.0.1", port, lambda line: None, lambda *_: None, idle_s=1.0).start()


def test_a_line_that_takes_no_answers_is_hung_up_before_they_fill_the_memory(serve, until):
    server, _, delivered, seen = serve()
    with call(server) as line:
        line.sendall(b"x" * 60_000)
        assert seen.wait(10)
        for _ in range(400):  # 24 MB that nobody reads
            delivered[0][1]()
        until(lambda: not server.lines, 10)
    assert not server.failed
