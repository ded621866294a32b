"""A TCP server for the telemetry doors (HJ 212, SL 651, GB 26875.3): lines in, messages out, answers when they are safe.

One thread with an asyncio loop serves all lines of a door. A message is handed to the batch writer in that thread: while the
writer's queue is full the thread waits, nothing is read, and TCP itself holds the senders back. The writer's
acknowledgement comes from its own thread and is sent by the loop's.

Why a station's answer waits for the commit: these protocols repeat what was not answered, so an answer that is given
earlier is a promise that a kill can break.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from brain.settings import BadSetting

log = logging.getLogger("ingest")

Deliver = Callable[[str, str, bytes, datetime, Callable[[], None]], None]
"""(feed, topic, payload, received at, acknowledgement): what a door hands to the batch writer."""

CHUNK = 1 << 16
TICK_S = 1.0
QUIET = timedelta(minutes=1)  # a line that has said nothing for so long is idle
UNREAD_MAX = 1 << 20  # bytes of answers that a line has not taken: a station's are a hundred or so each


class Session(Protocol):
    """What a protocol makes of one line. All three are called in the door's own thread and must not raise."""

    def received(self, data: bytes, at: datetime) -> None:
        """Bytes as TCP gave them: half a frame, or several."""

    def tick(self, at: datetime) -> None:
        """About once a second: what has waited too long is given up."""

    def closed(self, at: datetime) -> None:
        """The line is gone: what was gathered and is still whole is delivered, without an answer."""


class Line:
    """One connection as its session sees it. `peer` is `address:port`."""

    def __init__(self, server: Server, writer: asyncio.StreamWriter, peer: str):
        self.peer = peer
        self.host = peer.rpartition(":")[0]
        self.heard = server.now()
        self._server = server
        self._writer = writer

    def send(self, data: bytes) -> None:
        """Send an answer; from any thread. A line that is gone swallows it: the sender will repeat."""
        loop = self._server.loop
        if loop is None or loop.is_closed():
            return
        with contextlib.suppress(RuntimeError):  # the loop ended in between
            loop.call_soon_threadsafe(self._send, data)

    def _send(self, data: bytes) -> None:
        if self._writer.is_closing():
            return
        self._writer.write(data)
        if self._writer.transport.get_write_buffer_size() > UNREAD_MAX:
            log.warning("%s 的 %s 不收应答，已挂断；没有应答的报文由测站重发", self._server.name, self.peer)
            self._writer.transport.abort()

    def deliver(self, feed: str, topic: str, payload: bytes, at: datetime, answer: bytes = b"") -> None:
        """Hand a message to the batch writer; `answer` is sent when all of it is safe."""
        self._server.deliver(feed, topic, payload, at, (lambda: self.send(answer)) if answer else _nothing)

    def close(self) -> None:
        """Hang up, after what was sent so far."""
        self._writer.close()


def _nothing() -> None:
    """The acknowledgement of a message whose sender waits for no answer."""


class Server:
    """Listens on one port; each connection gets a session of its own.

    `idle_s`: a line that is silent for so long is hung up (a half-open one would stay for ever). `lines_max`: more than
    so many are refused, so that a scan cannot take all descriptors. `idle_lines`: of more than so many of one address that say
    nothing those silent longest are hung up, so that no address takes the lines of all others; many stations may share one
    behind a carrier, and a station that is hung up calls again.
    """

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        session: Callable[[Line], Session],
        deliver: Deliver,
        *,
        idle_s: float,
        lines_max: int = 2000,
        idle_lines: int = 200,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):
        self.name, self.host, self.port = name, host, port
        self.deliver = deliver
        self.loop: asyncio.AbstractEventLoop | None = None
        self.lines: dict[Line, Session] = {}
        self._reading: dict[Line, asyncio.Task] = {}
        self._stopping = False
        self.failed = False
        self._session, self._idle_s, self._lines_max, self.now = session, idle_s, lines_max, now
        self._idle_lines = idle_lines
        self._stop: asyncio.Event | None = None
        self._stopped = threading.Event()
        self._finish = threading.Event()
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    # Life -------------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Listen and serve in a thread of its own. Raises BadSetting when the port cannot be had; `port` 0 takes a free
        one and says it in `port`."""
        try:
            self._socket = socket.create_server((self.host, self.port), backlog=128)
        except OSError as err:
            raise BadSetting(
                f"{self.name} 的端口 {self.host}:{self.port} 用不了（{err.strerror}）；请换一个端口，或关掉占用它的程序"
            ) from None
        self.port = self._socket.getsockname()[1]
        begun = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(begun,), name=self.name, daemon=True)
        self._thread.start()
        begun.wait()
        log.info("%s 在 %s:%d 接收", self.name, self.host, self.port)

    def stop(self) -> None:
        """Take nothing new; lines stay open for the answers that are still due."""
        loop, stop = self.loop, self._stop
        if loop is not None and stop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(stop.set)
        self._stopped.wait(10)

    def finish(self) -> None:
        """Send the answers that are due and hang up."""
        self._finish.set()
        self.stop()
        if self._thread is not None:
            self._thread.join(5)

    def state(self) -> dict[str, object]:
        """For the accounts: whether it listens, and how many lines are open."""
        return {"connected": self.loop is not None and not self._stopped.is_set(), "lines": len(self.lines)}

    def _run(self, begun: threading.Event) -> None:
        try:
            asyncio.run(self._serve(begun))
        except Exception:
            log.exception("%s 出错，进程退出；没有应答的报文由测站重发", self.name)
            self.failed = True
        finally:
            begun.set()
            self._stopped.set()

    # Serving ----------------------------------------------------------------------------------------------------------
    async def _serve(self, begun: threading.Event) -> None:
        self.loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._line, sock=self._socket, limit=CHUNK)
        ticking = asyncio.create_task(self._tick())
        begun.set()
        await self._stop.wait()
        self._stopping = True
        server.close()
        for task in self._reading.values():
            task.cancel()
        while self._reading:  # each delivers what it has gathered, and takes nothing more
            await asyncio.sleep(0.005)
        self._stopped.set()
        while not self._finish.is_set():
            await asyncio.sleep(0.01)
        ticking.cancel()
        await asyncio.sleep(0)  # answers that the writer's thread has just asked for
        for line in list(self.lines):
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                await asyncio.wait_for(line._writer.drain(), 1)
            line.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for session in list(self.lines.values()):
                self._guarded(session.tick, self.now())
            self._spare(self.now())

    def _spare(self, now: datetime) -> None:
        """Hang up the idle lines of an address that has too many."""
        if len(self.lines) <= self._idle_lines:
            return
        idle: dict[str, list[Line]] = {}
        for line in self.lines:
            if now - line.heard >= QUIET:
                idle.setdefault(line.host, []).append(line)
        for host, lines in idle.items():
            surplus = sorted(lines, key=lambda line: line.heard)[: max(0, len(lines) - self._idle_lines)]
            if surplus:
                log.warning("%s：%s 有 %d 条连接不说话，挂断最久的 %d 条；如确有这么多测站，请调大 intake.toml 的 idle_lines",
                            self.name, host, len(lines), len(surplus))  # fmt: skip
            for line in surplus:
                line.close()

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = (writer.get_extra_info("peername") or ("?", 0))[:2]
        line = Line(self, writer, f"{host}:{port}")
        if len(self.lines) >= self._lines_max:
            log.warning("%s 的连接已有 %d 条，拒绝 %s", self.name, len(self.lines), line.peer)
            writer.close()
            return
        session = self.lines[line] = self._session(line)
        task = asyncio.current_task()
        assert task is not None, "asyncio runs a line in a task"
        self._reading[line] = task
        try:
            while not self._stopping:
                data = await asyncio.wait_for(reader.read(CHUNK), self._idle_s)
                if not data:
                    break
                line.heard = self.now()
                self._guarded(session.received, data, line.heard)
        except (TimeoutError, OSError):
            pass  # half-open, or reset: the sender comes again
        except asyncio.CancelledError:
            pass  # asked to stop: what was not read stays with the sender
        finally:
            del self._reading[line]
            self._guarded(session.closed, self.now())
            if self._stopping:
                await asyncio.to_thread(self._finish.wait)  # the line stays open for its answers
            self.lines.pop(line, None)
            writer.close()

    def _guarded(self, call: Callable[..., None], *args: object) -> None:
        """A fault of ours in one session must not end the door for all others."""
        try:
            call(*args)
        except Exception:
            log.exception("%s 的会话出错", self.name)
