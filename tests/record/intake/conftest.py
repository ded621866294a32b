"""A batch writer in the hands of a test, gateways that send, workers as processes."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import paho.mqtt.client as paho
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from psycopg.types.json import Jsonb

from brain.store import db
from ingest import practice
from ingest.write.batch import Counts, Writer
from ingest.write.spill import Spill
from tests.accounts import INTAKE, as_role
from tests.owners import own_stations
from tests.record.intake.dropping import Drop

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
TOPIC = "city/441402/rain/qxj/RG-01"
BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
_numbers = itertools.count(1)


class Hands:
    """A writer in the hands of a test: its clock, its database switch, what it acknowledged and what it stored."""

    def __init__(self, url: str, look: psycopg.Connection, catalog, folder, **more):
        self.look = look
        self.now = NOW
        self.ticks = 0.0
        self.away = False
        self.connections = 0
        self.tried: list[float] = []
        self.acked: list[int] = []
        self.sent = 0
        self.practice = replace(practice.load(), **more)
        self.spill = Spill(folder, segment_bytes=self.practice.segment_bytes, total_bytes=self.practice.total_bytes)

        def connect() -> psycopg.Connection:
            self.tried.append(self.ticks)
            if self.away:
                raise psycopg.OperationalError("connection refused")
            self.connections += 1
            self.conn = db.connect(url, name="writer under test")
            return self.conn

        self.writer = Writer(
            connect, catalog, self.spill, self.practice, worker="w1", now=lambda: self.now, monotonic=lambda: self.ticks
        )

    def send(self, payload: bytes | dict, topic: str = TOPIC, feed: str = "rain") -> int:
        """Hand over one message; its number is acknowledged later."""
        number, self.sent = self.sent, self.sent + 1
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.writer.open(feed, topic, data, self.now, partial(self.acked.append, number))
        return number

    def rain(self, n: int = 0, value: float = 1.0) -> int:
        return self.send({"stcd": "RG-01", "tm": (NOW - timedelta(seconds=n)).isoformat(), "p1": value})

    def database(self, there: bool) -> None:
        """Take the database away, or bring it back and let the time to the next try pass."""
        self.away = not there
        if there:
            self.ticks += 60
        elif self.connections:
            self.conn.close()

    def adds_up(self, in_flight: int = 0) -> dict[str, Counts]:
        """The accounts, after looking that they add up."""
        counts = self.writer.counts()
        assert sum(c.in_flight for c in counts.values()) == in_flight
        return counts

    def readings(self) -> list[tuple]:
        """(station, kind, at, value, quality) of all that is stored."""
        rows = self.look.execute("SELECT * FROM reading ORDER BY station, kind, at, seq")
        return [(r["station"], r["kind"], r["at"], r["value"], r["quality"]) for r in rows]

    def letters(self) -> list[dict]:
        return self.look.execute("SELECT * FROM dead_letter ORDER BY id").fetchall()

    def feed(self, key: str = "rain") -> dict:
        return self.look.execute("SELECT * FROM feed_status WHERE feed = %s", [key]).fetchone()


@pytest.fixture
def stations(conn) -> None:
    """RG-01, RG-02, WL-01 and the watch cell FW-001."""
    for id, theme in (("RG-01", "rain"), ("RG-02", "rain"), ("WL-01", "water"), ("FW-001", "fire")):
        conn.execute(
            "INSERT INTO station (id, name, theme, lng, lat, params) VALUES (%s, %s, %s, 116.1, 24.3, %s)",
            [id, id, theme, Jsonb({"watch": True} if theme == "fire" else {})],
        )
    own_stations(conn)


@pytest.fixture
def take(db_url, conn, catalog, tmp_path, stations) -> Callable[..., Hands]:
    """Make a writer on this test's database; `folder` names its spill folder, more changes the practice."""
    made: list[Hands] = []

    def take(folder: str = "spill", **more) -> Hands:
        made.append(Hands(as_role(db_url, INTAKE), conn, catalog, tmp_path / folder, **more))
        return made[-1]

    yield take
    for hands in made:
        hands.writer.close()


@pytest.fixture
def hands(take) -> Hands:
    return take()


@pytest.fixture
def intake(db_url):
    """A connection on the account that the intake's processes have."""
    with db.connect(as_role(db_url, INTAKE), name="intake under test") as conn:
        yield conn


@pytest.fixture
def drop(tmp_path, db_url, catalog, hands):
    drop = Drop(tmp_path / "drop", as_role(db_url, INTAKE), catalog, hands)
    yield drop
    drop.close()


# The broker, gateways, workers ----------------------------------------------------------------------------------------
def wait_until(true, timeout: float = 60.0) -> None:
    """Wait for something another process does."""
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.02)


class Sender:
    """A department's gateway: QoS 1, persistent, waits for the broker's answer."""

    def __init__(self, port: int):
        self.client = paho.Client(CallbackAPIVersion.VERSION2, f"sender-{next(_numbers)}", clean_session=False)
        self.client.max_inflight_messages_set(200)
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.sent: list[paho.MQTTMessageInfo] = []

    def send(self, message: tuple[str, bytes]) -> None:
        self.sent.append(self.client.publish(*message, qos=1))

    def answered(self, timeout: float = 60) -> int:
        """Wait until the broker has acknowledged everything; how many."""
        for info in self.sent:
            info.wait_for_publish(timeout)
        assert all(info.is_published() for info in self.sent)
        return len(self.sent)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Worker:
    """`python -m ingest run` as a process."""

    def __init__(self, db_url: str, port: int, home: Path, name: str, share: str = "", **more: str):
        env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
            "BRAIN_DATABASE_URL": as_role(db_url, INTAKE), "BRAIN_MQTT_URL": f"mqtt://127.0.0.1:{port}", "BRAIN_HOME": str(home),
            "BRAIN_WORKER": name, "BRAIN_MQTT_SHARE": share, **more,
        }  # fmt: skip
        self.log = home / f"{name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "ingest", "run"], env=env, stdout=log, stderr=log)

    def connected(self, times: int = 1) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return self.log.read_text().count("已连上消息服务") >= times

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def forget(port: int, who: str) -> None:
    """Make the broker drop a session, so that it queues nothing for it during later tests."""
    client = paho.Client(CallbackAPIVersion.VERSION2, who, clean_session=True)
    client.connect("127.0.0.1", port)
    wait_until(lambda: client.loop(0.1) == paho.MQTT_ERR_SUCCESS and client.is_connected(), 10)
    client.disconnect()


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    """Wait until something is true that another process or thread does."""
    return wait_until


@pytest.fixture
def rain() -> Callable[[int], tuple[str, bytes]]:
    """The n-th message of RG-01: topic and payload with one reading, at a time of its own."""

    def rain(n: int) -> tuple[str, bytes]:
        body = {"stcd": "RG-01", "tm": (BEGIN + timedelta(milliseconds=n)).isoformat(), "p1": (n % 200) / 10}
        return TOPIC, json.dumps(body).encode()

    return rain


@pytest.fixture
def gateway() -> Callable[[int], Sender]:
    """Connect a gateway to the broker on a port."""
    made: list[Sender] = []

    def gateway(port: int) -> Sender:
        made.append(Sender(port))
        return made[-1]

    yield gateway
    for one in made:
        one.close()


@pytest.fixture
def sender(broker, gateway) -> Sender:
    """A gateway at the broker of the session."""
    return gateway(broker.port)


@pytest.fixture
def name(broker) -> str:
    """A worker name of this test; the broker forgets its session afterwards, so that it queues nothing for later tests."""
    name = f"w-{os.getpid()}-{next(_numbers)}"
    yield name
    for suffix in ("", "a", "b"):
        forget(broker.port, name + suffix)


@pytest.fixture
def start(db_url, broker, tmp_path, name, stations):
    """Start workers of one name; whatever still runs at the end is killed."""
    started = []

    def start(share: str = "", suffix: str = "", wait: bool = True, database: str = db_url, **more: str) -> Worker:
        worker = Worker(database, broker.port, tmp_path, name + suffix, share, **more)
        started.append(worker)
        if wait:
            wait_until(worker.connected)
        return worker

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()
