"""A city under faults: a durable PostgreSQL, a broker, the intake as a process, a gateway, and the judge.

The gateway (`sender.py`) writes down what the broker acknowledged; the judge looks for exactly that in the database. Both
the short proofs of `make test` and the long ones of `make faults` are made of these parts.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import psutil
import psycopg

from brain.local import postgres
from brain.local.broker import Broker
from brain.store import db
from tests.owners import own_stations
from tests.ports import free_port

HERE = Path(__file__).parent
TOP = HERE.parents[1]
WORKER = "w1"
_lives = itertools.count(1)


def load(name: str):
    """A module of this folder by path: tests are no packages."""
    if f"faults_{name}" in sys.modules:
        return sys.modules[f"faults_{name}"]
    spec = spec_from_file_location(f"faults_{name}", HERE / f"{name}.py")
    module = sys.modules[f"faults_{name}"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sender = load("sender")
POINTS = load("life").POINTS


class TooLong(AssertionError):
    """Something did not happen in time."""


def until(true: Callable[[], object], timeout: float, what: str) -> float:
    """Wait for something another process does; how long it took."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > timeout:
            raise TooLong(f"{what}: not within {timeout:g} s")
        time.sleep(0.02)
    return time.monotonic() - begun


# Processes ------------------------------------------------------------------------------------------------------------
class Forked:
    """A life made by `life.py`, as far as it is treated like a `subprocess.Popen`."""

    def __init__(self, pid: int):
        self.pid = pid
        self.returncode: int | None = None
        self.dead = threading.Event()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if not self.dead.wait(timeout):
            raise subprocess.TimeoutExpired("life", timeout or 0)
        return self.returncode  # type: ignore[return-value]

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that forks lives."""

    def __init__(self, practice: str):
        env = os.environ | {"BRAIN_CATALOG": practice, "PYTHONPATH": str(TOP)}
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "life.py")], env=env, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._lives: dict[int, Forked] = {}
        self._born: queue.Queue[Forked] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            match line.split():
                case [b"born", pid]:
                    self._born.put(self._lives.setdefault(int(pid), Forked(int(pid))))
                case [b"dead", pid, code]:
                    one = self._lives.setdefault(int(pid), Forked(int(pid)))
                    one.returncode = int(code)
                    one.dead.set()
                    del self._lives[int(pid)]

    def fork(self, **asked: object) -> Forked:
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        self.process.stdin.flush()
        return self._born.get(timeout=30)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)


class Intake:
    """`python -m ingest run`; or, from a nursery, a forked life of it, perhaps with a point or a limit of file sizes."""

    def __init__(
        self, city: City, name: str, *, point: str = "", limit: int = 0, share: str = "", port: int = 0,
        nursery: Nursery | None = None,
    ):  # fmt: skip
        env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
            "BRAIN_DATABASE_URL": city.url, "BRAIN_MQTT_URL": f"mqtt://127.0.0.1:{port or city.broker.port}",
            "BRAIN_HOME": str(city.folder / "home"), "BRAIN_WORKER": name, "BRAIN_MQTT_SHARE": share,
            "BRAIN_CATALOG": city.practice, "PYTHONPATH": str(TOP),
        }  # fmt: skip
        self.name = name
        self.log = city.folder / f"{name}-{next(_lives)}.log"
        self.log.touch()
        self.process: subprocess.Popen | Forked
        if nursery:
            self.process = nursery.fork(env=env, log=str(self.log), point=point, limit=limit)
        else:
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "ingest", "run"],
                    env=env, cwd=TOP, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                )  # fmt: skip

    def said(self) -> str:
        """What this life has logged."""
        return self.log.read_text(errors="replace")

    @property
    def connected(self) -> int:
        """How often it has subscribed."""
        return self.said().count("已连上消息服务")

    @property
    def memory(self) -> int:
        return psutil.Process(self.process.pid).memory_info().rss

    def alive(self) -> bool:
        return self.process.poll() is None

    def lives_for(self, seconds: float) -> None:
        """Let it work so long; it must not end by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self.process.wait(seconds)
            raise AssertionError(f"ended by itself with {code}: {self.said()}")

    def kill(self) -> None:
        if self.alive():
            self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


class Gateway:
    """The sender process, and what it knows."""

    def __init__(self, city: City, name: str = "gateway"):
        self.folder = city.folder / name
        self.folder.mkdir()
        for file in ("sent.bin", "acked.bin"):
            (self.folder / file).touch()
        self._log = open(self.folder / "log", "ab")  # noqa: SIM115 - handed to the child
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "sender.py"), str(city.broker.port), str(city.begin_ms), str(self.folder), name],
            stdin=subprocess.PIPE, stdout=self._log, stderr=self._log, cwd=TOP,
        )  # fmt: skip
        self.waiting = 0

    def say(self, *lines: str) -> None:
        self.process.stdin.write(("\n".join(lines) + "\n").encode())
        self.process.stdin.flush()

    def _numbers(self, file: str) -> set[int]:
        data = (self.folder / file).read_bytes()
        return set(array("I", data[: len(data) // 4 * 4]))

    @property
    def sent(self) -> set[int]:
        return self._numbers("sent.bin")

    @property
    def acked(self) -> set[int]:
        return self._numbers("acked.bin")

    def count(self) -> int:
        """How many acknowledgements were read, without reading the file."""
        return (self.folder / "acked.bin").stat().st_size // 4

    def rest(self, timeout: float = 60) -> None:
        """Stop publishing, and wait until the broker has acknowledged everything."""
        self.say("rate 0")
        time.sleep(0.1)
        until(lambda: self.acked >= self.sent, timeout, "the broker's acknowledgements")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.say("quit")
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()


class Proxy:
    """A TCP line in between. `cut` lets every line that is open go dead without a word: whatever is sent is swallowed, in
    both directions, and nobody hangs up. New lines work."""

    def __init__(self, port: int):
        self.port = free_port()
        self._dead: set[socket.socket] = set()
        self._lines: set[socket.socket] = set()
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            try:
                there = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                here.close()
                continue
            self._lines |= {here, there}
            for a, b in ((here, there), (there, here)):
                threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    def _pump(self, a: socket.socket, b: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := a.recv(1 << 16):
                if a not in self._dead:
                    b.sendall(data)
            if a not in self._dead:
                b.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        self._dead |= self._lines

    def close(self) -> None:
        for s in (self._listener, *self._lines):
            s.close()


# The city -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Verdict:
    """What the judge found. `missing`: acknowledged and nowhere. `doubled`: twice in the record, or in it and refused."""

    sent: int
    acked: int
    stored: int
    duplicate: int
    dead: int
    missing: tuple[int, ...]
    doubled: tuple[int, ...]
    false: tuple[str, ...]
    wrong: tuple[str, ...]
    letters_again: int

    @property
    def right(self) -> bool:
        return not (self.missing or self.doubled or self.false or self.wrong)

    def __str__(self) -> str:
        return (
            f"sent {self.sent:,}, acknowledged {self.acked:,}: stored {self.stored:,}, duplicate {self.duplicate:,}, "
            f"dead {self.dead:,}, missing {len(self.missing)} {list(self.missing[:5]) or ''}, "
            f"doubled {len(self.doubled)} {list(self.doubled[:5]) or ''} {' '.join([*self.false[:3], *self.wrong])}"
        ).strip()


class City:
    """Everything around the intake. `practice` changes keys of intake.toml for its lives."""

    def __init__(self, body: str = "plain", home: str = "", practice: str = ""):
        self.folder = Path(tempfile.mkdtemp(prefix="brain-faults-"))
        self.server = postgres.Server(self.folder / "pg", postgres.installation(home), preload=body == "timescale")
        self.broker = Broker(self.folder / "mqtt", free_port(), guarded=False)
        self.begin_ms = int(time.time()) * 1000 - 3_600_000
        self.practice = ""
        (self.folder / "home").mkdir()
        if practice:
            (self.folder / "practice").mkdir()
            (self.folder / "practice" / "intake.toml").write_text(practice, encoding="utf-8")
            self.practice = str(self.folder / "practice")
        self.nursery = Nursery(self.practice)
        self.intakes: list[Intake] = []
        self.gateways: list[Gateway] = []
        self.server.durable = False  # only while the cluster is made; it runs as a durable one
        self.server.prepare()
        self.server.durable = True
        self.server.start()
        self.broker.start()
        db.migrate(self.url, body=body)
        with self.look() as conn:
            conn.execute("CALL brain_make_partitions(%s)", [datetime.now(UTC)])
            for n in range(sender.STATIONS):
                conn.execute(
                    "INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, %s, 'rain', 116, 24)",
                    [sender.station(n), sender.station(n)],
                )
            own_stations(conn)

    @property
    def url(self) -> str:
        return self.server.url()

    def close(self) -> None:
        for one in self.intakes:
            one.kill()
        for one in self.gateways:
            one.close()
        self.nursery.close()
        self.broker.stop()
        if self.server.process is not None:
            self.crash_database()  # nobody needs what it would still write
        shutil.rmtree(self.folder, ignore_errors=True)

    def live(self, *, name: str = WORKER, wait: bool = True, forked: bool = True, **more) -> Intake:
        """Start the intake, as a forked life or as its own command; wait until it has subscribed."""
        one = Intake(self, name, nursery=self.nursery if forked else None, **more)
        self.intakes.append(one)
        if wait:
            until(lambda: one.connected or not one.alive(), 30, "the intake's subscription")
            assert one.alive(), one.said()
        return one

    def kill_all(self) -> None:
        """No intake runs any more."""
        for one in self.intakes:
            one.kill()
        self.intakes.clear()

    def gateway(self, name: str = "gateway") -> Gateway:
        self.gateways.append(Gateway(self, name))
        return self.gateways[-1]

    @contextmanager
    def look(self, database: str = "brain") -> Iterator[psycopg.Connection]:
        with db.connect(self.server.url(database), name="judge") as conn:
            yield conn

    # Faults of the database
    def away(self) -> None:
        """Nobody gets a connection any more, and those who have one lose it."""
        with self.look("postgres") as conn:
            conn.execute("ALTER DATABASE brain ALLOW_CONNECTIONS false")
            conn.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'brain'")

    def back(self) -> None:
        with self.look("postgres") as conn:
            conn.execute("ALTER DATABASE brain ALLOW_CONNECTIONS true")

    def _servers(self) -> list[psutil.Process]:
        postmaster = psutil.Process(self.server.process.pid)
        return [postmaster, *postmaster.children(recursive=True)]

    def crash_database(self) -> None:
        """kill -9 of every process of the server, at once."""
        for process in self._servers():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.server.process.wait()
        self.server.process = None

    def freeze_database(self) -> list[psutil.Process]:
        """The server stands still and hangs up on nobody; returns whom to `resume`."""
        stopped = self._servers()
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        return stopped

    def start_database(self) -> None:
        self.server.start()

    def spilled(self) -> int:
        """Bytes in the first worker's spill."""
        sizes = 0
        for file in (self.folder / "home" / "spill" / WORKER).glob("*.spill"):
            with contextlib.suppress(OSError):
                sizes += file.stat().st_size
        return sizes

    # The judge
    def stored(self, conn: psycopg.Connection | None = None) -> int:
        if conn is None:
            with self.look() as conn:
                return self.stored(conn)
        row = conn.execute("SELECT stored FROM feed_status WHERE feed = 'rain'").fetchone()
        return row["stored"] if row else 0

    def acked(self) -> set[int]:
        """What the broker has acknowledged up to now."""
        return set().union(*(g.acked for g in self.gateways))

    def judge(self, acked: set[int]) -> Verdict:
        """Hold the record against what the broker acknowledged. Duplicates come from `feed_status`, all else from the rows
        themselves."""
        begin = self.begin_ms * 1000
        false: list[str] = []
        with self.look() as conn, conn.transaction():
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cur = conn.cursor(row_factory=psycopg.rows.tuple_row)
            cur.execute(
                "SELECT ((extract(epoch FROM at) * 1000000)::bigint - %s) / 100.0, station, value FROM reading"
                " WHERE kind = 'rain_1h' AND seq = ''", [begin],
            )  # fmt: skip
            rows: Counter[int] = Counter()
            for n, station, value in cur:
                whole = int(n)
                rows[whole] += 1
                if whole != n or station != sender.station(whole) or value != sender.value(whole):
                    false.append(f"{station} {value} at {n}")
            cur.execute("SELECT payload, rule FROM dead_letter WHERE feed = 'rain'")
            letters: Counter[int] = Counter()
            refused: set[int] = set()
            strange = 0
            for payload, rule in cur:
                match = re.search(rb'"no":(\d+)}$', bytes(payload))
                if match:
                    letters[int(match[1])] += 1
                    # What the database refused and takes when it comes again is in both, and rightly so.
                    refused |= {int(match[1])} if rule != "store" else set()
                else:
                    strange += 1
            status = conn.execute("SELECT * FROM feed_status WHERE feed = 'rain'").fetchone()
            log = conn.execute(
                "SELECT coalesce(sum(cardinality(ats)), 0) AS n, coalesce(sum(stored), 0) AS stored,"
                " coalesce(sum(received), 0) AS received, coalesce(sum(duplicate), 0) AS duplicate,"
                " coalesce(sum(dead), 0) AS dead FROM intake_batch WHERE feed = 'rain'"
            ).fetchone()
        status = status or {"received": 0, "stored": 0, "duplicate": 0, "dead": 0}
        total = rows.total()
        wrong = []
        if status["received"] != status["stored"] + status["duplicate"] + status["dead"]:
            wrong.append(f"the accounts do not add up: {status}")
        if status["stored"] != total or log["n"] != total:
            wrong.append(f"{total} rows, {status['stored']} booked, {log['n']} in the log")
        if status["dead"] != letters.total() + strange:
            wrong.append(f"{letters.total() + strange} dead letters, {status['dead']} booked")
        if any(log[key] != status[key] for key in ("received", "stored", "duplicate", "dead")):
            wrong.append(f"the log says {log}, the feed's counts {status}")
        return Verdict(
            sent=len(set().union(*(g.sent for g in self.gateways))),
            acked=len(acked),
            stored=total,
            duplicate=status["duplicate"],
            dead=status["dead"],
            missing=tuple(sorted(n for n in acked if not rows[n] and not letters[n])),
            doubled=tuple(sorted(n for n in rows if rows[n] > 1 or n in refused)),
            false=tuple(false),
            wrong=tuple(wrong),
            letters_again=letters.total() - len(letters),
        )

    def settled(self, timeout: float = 30) -> Verdict:
        """The verdict once everything acknowledged up to now has arrived; the last one when it does not arrive in time."""
        begun, acked = time.monotonic(), self.acked()
        wanted = sum(not sender.is_bad(n) for n in acked)
        with self.look() as conn, contextlib.suppress(TooLong):
            until(lambda: self.stored(conn) >= wanted, timeout, "the backlog")
        while True:
            verdict = self.judge(acked)
            if not verdict.missing or time.monotonic() - begun > timeout:
                return verdict
            time.sleep(0.1)

    # Kills
    def backlog(self, size: int = 20_000) -> None:
        """A killed life leaves a spill behind, and the database is back."""
        self.away()
        try:
            one = self.live()
            until(lambda: self.spilled() > size, 30, "a spill")
            one.kill()
        finally:
            self.back()

    def die_at(self, point: str) -> Intake:
        """Let one life end at a named point, under traffic. The database is healthy again afterwards."""
        needs = POINTS[point].needs
        if needs == "backlog":
            self.backlog()
        elif needs == "away":
            self.away()
        elif needs == "refusal":
            with self.look() as conn:
                conn.execute("ALTER TABLE reading ADD CONSTRAINT picky CHECK (value <> 6.6) NOT VALID")
        try:
            one = self.live(point=point, wait=False)
            until(lambda: not one.alive(), 40, f"the end at {point}")
        finally:
            if needs == "away":
                self.back()
            elif needs == "refusal":
                with self.look() as conn:
                    conn.execute("ALTER TABLE reading DROP CONSTRAINT picky")
        return one
