"""The MQTT door with a real broker: acknowledged means committed, through kills, restarts and lost connections."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from brain.local.broker import Broker
from brain.settings import BadSetting
from brain.store import db
from ingest import feeds, practice
from ingest.batch import Writer
from ingest.mqtt import Door
from ingest.spill import Spill

BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
_numbers = itertools.count(1)


def rain(n: int, station: str = "RG-01", **more) -> tuple[str, bytes]:
    """The n-th message of a station: one reading, with a time of its own."""
    at = BEGIN + timedelta(milliseconds=n)
    body = {"stcd": station, "tm": at.isoformat(), "p1": (n % 200) / 10} | more
    return feeds.topic("rain", station), json.dumps(body).encode()


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


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(true, timeout: float = 60.0) -> None:
    """Wait for something another process does."""
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.02)


@pytest.fixture
def sender(broker):
    sender = Sender(broker.port)
    yield sender
    sender.close()


@pytest.fixture
def stations(conn):
    for id in ("RG-01", "RG-02", "RG-03"):
        conn.execute("INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, %s, 'rain', 116.1, 24.3)", [id, id])


@pytest.fixture
def name() -> str:
    """A worker name of this test: its session in the broker is its own."""
    return f"w-{os.getpid()}-{next(_numbers)}"


def count(conn) -> int:
    return conn.execute("SELECT count(*) AS n FROM reading").fetchone()["n"]


class Worker:
    """`python -m ingest run` as a process."""

    def __init__(self, db_url: str, port: int, home: Path, name: str, share: str = ""):
        env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
            "BRAIN_DATABASE_URL": db_url, "BRAIN_MQTT_URL": f"mqtt://127.0.0.1:{port}", "BRAIN_HOME": str(home),
            "BRAIN_WORKER": name, "BRAIN_MQTT_SHARE": share,
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


@pytest.fixture
def start(db_url, broker, tmp_path, name, stations):
    """Start workers of one name; whatever still runs at the end is killed, and the broker forgets the session."""
    started = []

    def start(share: str = "", suffix: str = "") -> Worker:
        worker = Worker(db_url, broker.port, tmp_path, name + suffix, share)
        started.append((worker, name + suffix))
        until(lambda: worker.connected())
        return worker

    yield start
    for worker, who in started:
        if worker.process.poll() is None:
            worker.kill()
        forget(broker.port, who)


def forget(port: int, who: str) -> None:
    """Make the broker drop a session, so that it queues nothing for it during later tests."""
    client = paho.Client(CallbackAPIVersion.VERSION2, who, clean_session=True)
    client.connect("127.0.0.1", port)
    until(lambda: client.loop(0.1) == paho.MQTT_ERR_SUCCESS and client.is_connected(), 10)
    client.disconnect()


def test_what_the_broker_took_is_in_the_database_once(start, sender, conn):
    worker = start()
    for n in range(2000):
        sender.send(rain(n))
    sender.answered()
    until(lambda: count(conn) == 2000)
    assert worker.stop() == 0
    row = conn.execute("SELECT * FROM feed_status WHERE feed = 'rain'").fetchone()
    assert (row["received"], row["stored"], row["duplicate"], row["dead"]) == (2000, 2000, 0, 0)


def test_a_worker_killed_three_times_in_the_middle_loses_and_doubles_nothing(start, sender, conn):
    total, kills = 6000, 3
    rng = random.Random(7)
    worker = start()
    marks = sorted(rng.sample(range(500, total - 500), kills))
    for n in range(total):
        sender.send(rain(n))
        if n in marks:
            until(lambda n=n: count(conn) > min(n, 300) // 2)
            worker.kill()
            worker = start()
    sender.answered()
    until(lambda: count(conn) >= total)
    assert worker.stop() == 0
    assert count(conn) == total
    row = conn.execute("SELECT * FROM feed_status WHERE feed = 'rain'").fetchone()
    assert row["stored"] == total and row["received"] == row["stored"] + row["duplicate"] + row["dead"]


def test_after_a_clean_stop_nothing_is_delivered_again(start, sender, conn):
    worker = start()
    for n in range(500):
        sender.send(rain(n))
    sender.answered()
    until(lambda: count(conn) > 0)
    assert worker.stop() == 0
    worker = start()
    until(lambda: count(conn) == 500)
    worker.stop()
    row = conn.execute("SELECT received, duplicate FROM feed_status WHERE feed = 'rain'").fetchone()
    assert (row["received"], row["duplicate"]) == (500, 0)


def test_what_is_sent_while_no_worker_runs_waits_in_the_broker(start, sender, conn):
    start().stop()
    for n in range(300):
        sender.send(rain(n))
    sender.answered()
    start()
    until(lambda: count(conn) == 300)


def test_a_restart_of_the_broker_loses_and_doubles_nothing(start, sender, conn, broker):
    worker = start()
    for n in range(1500):
        sender.send(rain(n))
        if n == 700:
            broker.restart()
    sender.answered()
    until(lambda: count(conn) >= 1500)
    assert worker.stop() == 0
    assert count(conn) == 1500


def test_two_workers_share_the_messages_of_one_group(start, sender, conn):
    pair = [start(share="test", suffix=s) for s in ("a", "b")]
    for n in range(2000):
        sender.send(rain(n))
    sender.answered()
    until(lambda: count(conn) == 2000)
    for worker in pair:
        assert worker.stop() == 0
    rows = conn.execute("SELECT worker, sum(stored) AS n FROM intake_batch GROUP BY worker").fetchall()
    assert len(rows) == 2 and all(r["n"] > 200 for r in rows)
    row = conn.execute("SELECT received, duplicate FROM feed_status WHERE feed = 'rain'").fetchone()
    assert (row["received"], row["duplicate"]) == (2000, 0)


def test_while_the_database_is_away_messages_are_acknowledged_from_disk_and_come_in_later(
    start, sender, conn, server, tmp_path, name
):
    worker = start()
    sender.send(rain(0))
    until(lambda: count(conn) == 1)
    database = conn.info.dbname
    with db.connect(server.url("postgres"), name="tests") as other:
        other.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database])
        for n in range(1, 400):
            sender.send(rain(n))
        sender.answered()
        folder = tmp_path / "spill" / name
        until(lambda: sum(p.stat().st_size for p in folder.glob("*.spill")) > 399 * 80)
        assert worker.process.poll() is None
        other.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
    with db.connect(server.url(database), name="tests") as again:
        until(lambda: count(again) == 400)
        assert worker.stop() == 0
        row = again.execute("SELECT * FROM feed_status WHERE feed = 'rain'").fetchone()
        assert row["stored"] == 400 and row["received"] == row["stored"] + row["duplicate"]


def test_a_second_process_of_the_same_name_is_told_so(start, db_url, broker, tmp_path, name):
    start()
    second = Worker(db_url, broker.port, tmp_path, name)
    assert second.process.wait(30) == 2
    assert "请给每个进程设不同的 BRAIN_WORKER" in second.log.read_text()


def test_a_worker_without_a_database_address_says_what_is_missing(tmp_path, broker):
    worker = Worker("", broker.port, tmp_path, "nobody")
    assert worker.process.wait(30) == 2
    assert "BRAIN_DATABASE_URL" in worker.log.read_text()


# The door by itself ---------------------------------------------------------------------------------------------------
class Open:
    """A door in a thread of the test, which keeps what it was handed."""

    def __init__(self, url: str, name: str, share: str = "", **more):
        self.got: list[tuple[str, bytes]] = []
        self.acks: list = []
        self.hold = False
        self.door = Door(
            url, client_id=name, share=share, practice=replace(practice.load(), **more), deliver=self.deliver
        )
        self.thread = threading.Thread(target=self.door.run)
        self.thread.start()
        until(lambda: self.door.subscribed, 20)

    def deliver(self, feed, topic, payload, received_at, ack) -> None:
        self.got.append((topic, payload))
        if self.hold:
            self.acks.append(ack)
        else:
            ack()

    def close(self) -> None:
        self.door.stop()
        self.thread.join(20)
        self.door.finish()


@pytest.fixture
def opened(broker, name):
    doors = []

    def opened(url: str = "", **more) -> Open:
        doors.append(Open(url or broker.url, name, **more))
        return doors[-1]

    yield opened
    for one in doors:
        one.close()
    forget(broker.port, name)


def test_what_stays_unacknowledged_comes_again_after_a_timed_reconnect(opened, sender):
    one = opened(stuck_s=0.5)
    one.hold = True
    sender.send(rain(1))
    until(lambda: len(one.got) == 1)
    one.hold = False
    until(lambda: len(one.got) == 2)
    assert one.got[0] == one.got[1]


def test_an_acknowledgement_of_an_old_connection_confirms_nothing(opened, sender):
    one = opened(stuck_s=0.5)
    one.hold = True
    sender.send(rain(1))
    until(lambda: len(one.got) >= 2)
    first = one.acks[0]
    before = len(one.door._open)
    first()
    until(lambda: not one.door._acks)
    assert before == len(one.door._open) == 1


def test_a_session_goes_on_where_it_was(opened, sender, name, broker):
    one = opened()
    one.close()
    sender.send(rain(5))
    sender.answered()
    again = opened()
    assert again.door.session_present
    until(lambda: again.got == [rain(5)])


def test_a_half_open_connection_is_noticed_and_replaced(opened, sender):
    one = opened(keepalive_s=1)
    sock = one.door._client.socket()
    sock.fill = lambda: sock._sock.recv(1 << 16)  # nothing arrives any more, and nobody says so
    sender.send(rain(1))
    until(lambda: one.got == [rain(1)], 30)
    assert one.door.connections >= 2


def test_an_old_broker_is_spoken_to_in_the_old_version(tmp_path, name):
    old = Broker(tmp_path, free_port(), kind="amqtt")
    old.start()
    try:
        one = Open(old.url, name, share="brain")
        assert one.door.protocol == paho.MQTTv311
        sender = Sender(old.port)
        for n in range(50):
            sender.send(rain(n))
        sender.answered()
        until(lambda: len(one.got) == 50)
        sender.close()
        one.close()
    finally:
        old.stop()


def test_a_door_that_finds_no_broker_waits_for_it(tmp_path, name):
    late = Broker(tmp_path, free_port())
    door = Door(late.url, client_id=name, share="", practice=practice.load(), deliver=lambda *a: None)
    thread = threading.Thread(target=door.run)
    thread.start()
    until(lambda: door.connections >= 2)
    late.start()
    try:
        until(lambda: door.subscribed)
    finally:
        door.stop()
        thread.join(20)
        door.finish()
        late.stop()


@pytest.mark.parametrize("url", ["127.0.0.1:1883", "http://broker", "mqtt://"])
def test_an_address_that_is_none_is_refused_by_name(url):
    with pytest.raises(BadSetting, match="mqtt://"):
        Door(url, client_id="x", share="", practice=practice.load(), deliver=lambda *a: None)


def test_the_door_and_the_writer_acknowledge_nothing_that_is_not_committed(
    broker, sender, name, db_url, conn, stations, catalog, tmp_path
):
    """Between the two: every acknowledgement is preceded by a commit that holds its message."""
    local = practice.load()
    spill = Spill(tmp_path, segment_bytes=local.segment_bytes, total_bytes=local.total_bytes)
    writer = Writer(lambda: db.connect(db_url, name="w"), catalog, spill, local, worker=name)
    early = []

    def deliver(feed, topic, payload, received_at, ack) -> None:
        at = json.loads(payload)["tm"]

        def acked() -> None:
            with db.connect(db_url, name="look") as look:
                if not look.execute("SELECT 1 FROM reading WHERE at = %s", [at]).fetchone():
                    early.append(at)
            ack()

        writer.open(feed, topic, payload, received_at, acked)

    door = Door(broker.url, client_id=name, share="", practice=local, deliver=deliver)
    threads = [threading.Thread(target=door.run), threading.Thread(target=writer.run)]
    for t in threads:
        t.start()
    until(lambda: door.subscribed)
    for n in range(100):
        sender.send(rain(n))
    sender.answered()
    until(lambda: count(conn) == 100)
    door.stop()
    threads[0].join(20)
    writer.stop()
    threads[1].join(20)
    door.finish()
    forget(broker.port, name)
    assert early == []
