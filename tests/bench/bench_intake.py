"""Intake: committed before acknowledged, beside the bare receive loop of the same MQTT client; publish → committed; COPY.

The reference and the intake drain the same number of messages from the same broker in the same run, turn about, each as
a process of its own. A message is a rain station's hourly report with one reading or with all four.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from brain import catalog as catalogs
from brain.local import postgres
from brain.local.broker import Broker
from brain.store import db
from ingest import feeds, practice
from ingest.doors.mqtt import Door
from ingest.worker import take_short_turns
from ingest.write.batch import Writer
from ingest.write.spill import Spill
from tests.owners import own_stations
from tests.ports import free_port

MESSAGES = 20_000
ROUNDS = 5
STEADY_PER_S = 3_000
STEADY_S = 20
COPIED = 200_000
BEGIN_MS = (int(time.time()) // 3600 - 1) * 3_600_000  # each message has its own millisecond from here on
STATIONS = [f"RG-{n:03d}" for n in range(100)]


def rows() -> list[dict]:
    """All figures of the intake, one dict a line of the table."""
    with _city() as (server, broker, folder):
        drained = [row for readings in (1, 4) for row in _throughput(server, broker, folder, readings)]
        return [*drained, *_latency(server, broker, folder), *_copy(server)]


@contextmanager
def _city():
    """A durable PostgreSQL with a hundred rain stations, and a broker, in a folder that is gone afterwards."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="brain-bench-") as folder:
        server = postgres.Server(Path(folder) / "pg", postgres.installation(""))
        broker = Broker(Path(folder) / "mqtt", port, guarded=False)
        server.start()
        broker.start()
        try:
            db.migrate(server.url())
            with db.connect(server.url()) as conn:
                conn.execute("CALL brain_make_partitions(%s)", [datetime.now(UTC)])
                for id in STATIONS:
                    conn.execute(
                        "INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, %s, 'rain', 116, 24)", [id, id]
                    )
                own_stations(conn)
            yield server, broker, Path(folder)
        finally:
            broker.stop()
            server.stop()


def _child(role: str, *args: object) -> dict:
    """Run one role of this file as a process; its last line is its result."""
    done = subprocess.run([sys.executable, __file__, role, *map(str, args)], capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{role}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _throughput(server: postgres.Server, broker: Broker, folder: Path, readings: int) -> list[dict]:
    bare, intake = [], []
    before = _stored(server)
    for turn in range(ROUNDS):
        for name in ("bare", "bench"):
            _child("subscribe", broker.port, name)
        _child("send", broker.port, MESSAGES, 0, (readings * ROUNDS + turn) * MESSAGES, readings)
        bare.append(_child("bare", broker.port, "bare", MESSAGES)["per_s"])
        intake.append(_child("intake", broker.port, "bench", MESSAGES, server.url(), folder / "home")["per_s"])
    stored = _stored(server) - before
    if stored != ROUNDS * MESSAGES * readings:
        raise RuntimeError(f"{stored} readings stored of {ROUNDS * MESSAGES * readings}")
    figure = statistics.median(intake)
    ratio = statistics.median(own / other for own, other in zip(intake, bare, strict=True))
    each = f"{readings} reading{'s' if readings > 1 else ''} a message"
    goal = "≥0.8×, ≥3,000" if readings == 1 else "≥3,000"  # with more readings a message it is the database that counts
    return [
        {"what": f"intake, committed then acknowledged, {each}", "figure": figure, "unit": "msg/s",
         "reference": f"bare paho loop {statistics.median(bare):,.0f} msg/s", "ratio": ratio, "goal": goal},
        {"what": f"readings committed, {each}", "figure": figure * readings, "unit": "readings/s", "goal": "≥10,000"},
    ]  # fmt: skip


def _stored(server: postgres.Server) -> int:
    """Readings stored so far; raises when the accounts do not add up or something came twice."""
    with db.connect(server.url()) as conn:
        row = conn.execute("SELECT * FROM feed_status WHERE feed = 'rain'").fetchone()
    if row is None:
        return 0
    if row["received"] != row["stored"] or row["duplicate"] or row["dead"]:
        raise RuntimeError(f"accounts do not add up: {row}")
    return row["stored"]


def _latency(server: postgres.Server, broker: Broker, folder: Path) -> list[dict]:
    _child("subscribe", broker.port, "bench")
    total = STEADY_PER_S * STEADY_S
    sender = subprocess.Popen(
        [sys.executable, __file__, *map(str, ("send", broker.port, total, STEADY_PER_S, 60 * MESSAGES, 4))],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    seen = _child("intake", broker.port, "bench", total, server.url(), folder / "home")
    sent = json.loads(sender.communicate(timeout=120)[0].splitlines()[-1])
    note = f"{sent['per_s']:,.0f} msg/s for {STEADY_S} s, 4 readings each"
    goals = {"p50": None, "p95": None, "p99": "≤1,000"}
    return [
        {"what": f"publish → committed {p}", "figure": seen[p], "unit": "ms", "reference": note, "goal": goal}
        for p, goal in goals.items()
    ]


def _copy(server: postgres.Server) -> list[dict]:
    """Raw COPY into the table of readings, its key included: what the database could do at most."""
    at = datetime.now(UTC) - timedelta(days=1)
    with db.connect(server.url()) as conn:
        lines = [
            ("RG-900", f"k{n % 50:02d}", at + timedelta(milliseconds=n // 50), "", float(n % 97), "ok", 0)
            for n in range(COPIED)
        ]
        begun = time.perf_counter()
        with conn.cursor().copy("COPY reading (station, kind, at, seq, value, quality, delay_s) FROM STDIN") as copy:
            for line in lines:
                copy.write_row(line)
        took = time.perf_counter() - begun
    return [{"what": "raw COPY into reading", "figure": COPIED / took, "unit": "rows/s"}]


# Roles ----------------------------------------------------------------------------------------------------------------
def _client(name: str) -> tuple[paho.Client, dict]:
    wishes = Properties(PacketTypes.CONNECT)
    wishes.SessionExpiryInterval = 3600
    wishes.ReceiveMaximum = practice.load().receive_maximum
    client = paho.Client(CallbackAPIVersion.VERSION2, name, protocol=paho.MQTTv5)
    return client, {"clean_start": False, "properties": wishes}


def subscribe(port: str, name: str) -> dict:
    """Make a persistent session that waits for messages."""
    client, more = _client(name)
    done = threading.Event()
    client.on_connect = lambda c, *_: c.subscribe([(m.FEED.topic, 1) for m in feeds.load().values() if m.FEED.topic])
    client.on_subscribe = lambda *_: done.set()
    client.connect("127.0.0.1", int(port), **more)
    client.loop_start()
    done.wait(10)
    client.disconnect()
    client.loop_stop()
    return {}


def send(port: str, total: str, per_s: str, first: str, readings: str) -> dict:
    """Publish with QoS 1, as fast as possible or at a steady pace; each payload ends with the time it was sent."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "bench-sender")
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", int(port))
    client.loop_start()
    pace = int(per_s)
    values = {1: '"p1":1.5', 4: '"p1":1.5,"p3":3.5,"p6":6,"p24":24.5'}[int(readings)]
    begun = time.perf_counter()
    last = None
    for n in range(int(total)):
        if pace:
            ahead = n / pace - (time.perf_counter() - begun)
            if ahead > 0.002:
                time.sleep(ahead)
        number = int(first) + n
        station = STATIONS[number % len(STATIONS)]
        at = BEGIN_MS + number
        body = f'{{"stcd":"{station}","tm":{at},{values},"sent":{time.time():.6f}}}'
        last = client.publish(feeds.topic("rain", station, "qxj"), body.encode(), qos=1)
    last.wait_for_publish(60)
    took = time.perf_counter() - begun
    client.disconnect()
    client.loop_stop()
    return {"per_s": int(total) / took}


def bare(port: str, name: str, total: str) -> dict:
    """The reference: paho's own loop, every message counted and acknowledged, nothing done with it."""
    client, more = _client(name)
    wanted, count, times = int(total), 0, []

    def on_message(client, userdata, message) -> None:
        nonlocal count
        count += 1
        if count in (1, wanted):
            times.append(time.perf_counter())
        if count == wanted:
            client.disconnect()

    client.on_message = on_message
    client.connect("127.0.0.1", int(port), **more)
    client.loop_forever()
    return {"per_s": wanted / (times[1] - times[0])}


def intake(port: str, name: str, total: str, url: str, home: str) -> dict:
    """Door and writer as `ingest run` has them; done when the last message is acknowledged."""
    take_short_turns()
    local = practice.load()
    spill = Spill(Path(home) / "spill" / name, segment_bytes=local.segment_bytes, total_bytes=local.total_bytes)
    writer = Writer(partial(db.connect, url), catalogs.load(), spill, local, worker=name)
    wanted, acked, first, last = int(total), 0, 0.0, 0.0
    took: list[float] = []

    def deliver(feed, topic, payload, received_at, ack) -> None:
        nonlocal first
        first = first or time.perf_counter()
        sent = float(payload[-18:-1])

        def done() -> None:
            nonlocal acked, last
            acked += 1
            took.append(time.time() - sent)
            ack()
            if acked == wanted:
                last = time.perf_counter()
                door.stop()

        writer.open(feed, topic, payload, received_at, done)

    door = Door(f"mqtt://127.0.0.1:{port}", client_id=name, share="", practice=local, deliver=deliver)
    thread = threading.Thread(target=writer.run)
    thread.start()
    door.run()
    writer.stop()
    thread.join()
    door.finish()
    cut = statistics.quantiles((t * 1000 for t in took), n=100)
    return {"per_s": wanted / (last - first), "p50": cut[49], "p95": cut[94], "p99": cut[98]}


if __name__ == "__main__":
    roles = {"subscribe": subscribe, "send": send, "bare": bare, "intake": intake}
    if len(sys.argv) > 1:
        print(json.dumps(roles[sys.argv[1]](*sys.argv[2:])))
    else:
        for row in rows():
            print(json.dumps(row, ensure_ascii=False))
