"""A broker and a durable PostgreSQL with the stations of the trace, and intake workers as the real processes."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as paho
import psutil
import psycopg
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from brain.local import postgres
from brain.local.broker import Broker
from brain.store import db
from ingest import feeds, practice
from tests.bench import play, trace
from tests.owners import own_stations
from tests.ports import free_port

TOP = Path(__file__).parents[2]
LEAD_S = 5  # a sender has so long to start on a busy machine
_numbers = itertools.count(1)


@dataclass
class City:
    """`fresh` gives databases that know the stations."""

    server: postgres.Server
    broker: Broker
    folder: Path
    body: str

    def fresh(self) -> str:
        """URL of a new database."""
        name = f"run{next(_numbers)}"
        with db.connect(self.server.url("postgres")) as conn:
            conn.execute(f"CREATE DATABASE {name} TEMPLATE stations STRATEGY file_copy")
        os.sync()  # what was made and dropped before is flushed before anything is measured
        return self.server.url(name)

    def drop(self, url: str) -> None:
        name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
        with db.connect(self.server.url("postgres")) as conn:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def fresh_broker(self) -> None:
        """A broker that has forgotten all sessions: what waits in them belongs to another measurement."""
        self.broker.stop()
        self.broker = Broker(self.folder / f"mqtt{next(_numbers)}", self.broker.port, guarded=False)
        self.broker.start()

    def database_cpu(self) -> float:
        """Seconds of CPU that the database's processes have used."""
        top = psutil.Process(self.server.process.pid)
        own = top.cpu_times()
        spent = own.user + own.system + own.children_user + own.children_system
        for child in top.children():
            try:
                times = child.cpu_times()
            except psutil.Error:
                continue  # its time is among the children's that have ended, the next time
            spent += times.user + times.system
        return spent


@contextmanager
def city() -> Iterator[City]:
    """All of it in a folder that is gone afterwards. BRAIN_TEST_POSTGRES_HOME names the PostgreSQL to use."""
    home = os.environ.get("BRAIN_TEST_POSTGRES_HOME", "")
    with tempfile.TemporaryDirectory(prefix="brain-bench-") as name:
        folder = Path(name)
        server = postgres.Server(folder / "pg", postgres.installation(home))
        broker = Broker(folder / "mqtt", free_port(), guarded=False)
        if broker.body != "mosquitto":
            raise RuntimeError("this bench wants mosquitto: install the package mosquitto")
        server.start()
        with db.connect(server.url("postgres")) as conn:
            conn.execute("ALTER SYSTEM SET track_commit_timestamp = on")  # the record then says when it was committed
            conn.execute("CREATE DATABASE stations")
        server.stop()
        server.start()
        broker.start()
        try:
            db.migrate(server.url("stations"))
            with db.connect(server.url("stations")) as conn:
                conn.execute("CALL brain_make_partitions(%s)", [datetime.now(UTC)])
                conn.cursor().executemany(
                    "INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, %s, %s, 116, 24)",
                    [(trace.station(n), trace.station(n), trace.theme(n)) for n in range(trace.DEVICES)],
                )
                own_stations(conn)
                conn.execute("ANALYZE")
                body = conn.execute("SELECT body FROM schema_body").fetchone()["body"]
            with db.connect(server.url("postgres")) as conn:  # a template must have no connections
                conn.execute("ALTER DATABASE stations ALLOW_CONNECTIONS false")
                conn.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'stations'")
            found = City(server, broker, folder, body)
            try:
                yield found
            finally:
                found.broker.stop()
        finally:
            broker.stop()
            server.stop()


# The trace ------------------------------------------------------------------------------------------------------------
class Player:
    """The sender as a process: a trace from `begin` on, at its pace or as fast as the broker takes it."""

    def __init__(self, port: int, total: int, per_s: float, *, paced: bool):
        self.begin = datetime.fromtimestamp(int(time.time()) + LEAD_S, UTC)
        words = (port, total, per_s, self.begin.timestamp(), "paced" if paced else "now")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.play", *map(str, words)], stdout=subprocess.PIPE, text=True, cwd=TOP
        )

    def playing(self) -> bool:
        return self.process.poll() is None

    def result(self) -> tuple[play.Played, trace.Truth]:
        """How it went, and what must be in the sink now."""
        out = self.process.communicate()[0]
        if self.process.returncode:
            raise RuntimeError("the player failed; see above")
        said = json.loads(out)
        return play.Played(**said["played"]), trace.Truth(**said["truth"])


def sessions(broker: Broker, names: list[str], share: str = "") -> None:
    """Persistent sessions that wait for the messages of all feeds, a worker's or the bare loop's."""
    wishes = Properties(PacketTypes.CONNECT)
    wishes.SessionExpiryInterval = 3600
    topics = [m.FEED.topic for m in feeds.load().values() if m.FEED.topic]
    for name in names:
        client = paho.Client(CallbackAPIVersion.VERSION2, name, protocol=paho.MQTTv5)
        done = threading.Event()
        client.on_connect = lambda c, *_: c.subscribe([(f"$share/{share}/{t}" if share else t, 1) for t in topics])
        client.on_subscribe = lambda *_, done=done: done.set()
        client.connect("127.0.0.1", broker.port, clean_start=False, properties=wishes)
        client.loop_start()
        if not done.wait(10):
            raise RuntimeError(f"session {name} was not made")
        client.disconnect()
        client.loop_stop()


def bare(port: int, name: str, wanted: int) -> dict:
    """The reference: paho's own loop on a session that `sessions` made, every message counted and acknowledged, nothing
    done with it."""
    wishes = Properties(PacketTypes.CONNECT)
    wishes.SessionExpiryInterval = 3600
    wishes.ReceiveMaximum = practice.load().receive_maximum
    client = paho.Client(CallbackAPIVersion.VERSION2, name, protocol=paho.MQTTv5)
    count, times = 0, []

    def on_message(client, userdata, message) -> None:
        nonlocal count
        count += 1
        if count in (1, wanted):
            times.append(time.perf_counter())
        if count == wanted:
            client.disconnect()

    client.on_message = on_message
    client.connect("127.0.0.1", port, clean_start=False, properties=wishes)
    client.loop_forever()
    return {"per_s": (wanted - 1) / (times[1] - times[0])}


# Workers --------------------------------------------------------------------------------------------------------------
class Worker:
    """`python -m ingest run`."""

    def __init__(self, city: City, url: str, name: str, share: str):
        self.log = city.folder / f"{name}.log"
        env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
            "BRAIN_HOME": str(city.folder / "home"), "BRAIN_DATABASE_URL": url, "BRAIN_MQTT_URL": city.broker.url,
            "BRAIN_WORKER": name, "BRAIN_MQTT_SHARE": share, "PYTHONPATH": str(TOP),
        }  # fmt: skip
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "ingest", "run"], env=env, stderr=log, cwd=TOP)
        self.about = psutil.Process(self.process.pid)
        self.rss = 0

    def ready(self) -> None:
        """Wait until it has subscribed."""
        until = time.monotonic() + 60
        while "已连上消息服务" not in self.log.read_text(errors="replace"):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the worker did not start: {self.log.read_text()[-1000:]}")
            time.sleep(0.05)

    def look(self) -> None:
        """Note its memory."""
        self.rss = max(self.rss, self.about.memory_info().rss)

    def cpu(self) -> float:
        times = self.about.cpu_times()
        return times.user + times.system

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60):
            raise RuntimeError(f"a worker ended badly: {self.log.read_text()[-1000:]}")


def workers(city: City, url: str, many: int) -> list[Worker]:
    """So many workers on one shared subscription of their own."""
    number = next(_numbers)
    return [Worker(city, url, f"w{number}-{n + 1}", f"g{number}") for n in range(many)]


# Accounts -------------------------------------------------------------------------------------------------------------
def settled(conn: psycopg.Connection, truth: trace.Truth, quiet_s: float = 30) -> dict[str, int]:
    """Wait until all that must be there is there, or nothing has moved for `quiet_s`; what became of it all. What was
    received is no measure: the broker may send a message twice before it has sent another one once."""
    wanted, seen, moved = [truth.distinct, truth.again, truth.dead], None, time.monotonic()
    while time.monotonic() - moved < quiet_s:
        row = conn.execute(
            "SELECT coalesce(sum(stored), 0)::bigint AS stored, coalesce(sum(duplicate), 0)::bigint AS duplicate,"
            " coalesce(sum(dead), 0)::bigint AS dead FROM feed_status"
        ).fetchone()
        now = list(row.values())
        if all(n >= least for n, least in zip(now, wanted, strict=True)):
            break
        if now != seen:
            seen, moved = now, time.monotonic()
        else:
            time.sleep(0.2)
    counts = conn.execute(
        "SELECT coalesce(sum(received), 0)::bigint AS received, coalesce(sum(stored), 0)::bigint AS stored,"
        " coalesce(sum(duplicate), 0)::bigint AS duplicate, coalesce(sum(dead), 0)::bigint AS dead FROM feed_status"
    ).fetchone()
    rows = conn.execute(
        "SELECT count(*) AS rows, coalesce(sum(round(value * 1000)), 0)::bigint AS weight FROM reading"
    ).fetchone()
    letters = conn.execute("SELECT coalesce(sum(units), 0)::bigint AS n FROM dead_letter").fetchone()["n"]
    return dict(counts) | dict(rows) | {"letters": letters}


def lost_and_doubled(truth: trace.Truth, found: dict[str, int]) -> tuple[int, int]:
    """Readings and letters that are missing in the sink, and that are there too often. The weight tells a reading that took
    another's place. Raises RuntimeError where the sums are right and the weight is not."""
    lost = max(0, truth.distinct - found["rows"]) + max(0, truth.dead - found["letters"])
    doubled = max(0, found["rows"] - truth.distinct) + max(0, found["letters"] - truth.dead)
    if not (lost or doubled) and found["weight"] != truth.weight:
        raise RuntimeError(f"as many readings as were sent, but others: {found} for {truth}")
    return lost, doubled


def delays(conn: psycopg.Connection) -> dict[str, float]:
    """ms from the instant each reading was due to be sent to the commit that holds it; late ones left out."""
    row = conn.execute(
        "SELECT percentile_cont(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY ms) AS p FROM ("
        " SELECT 1000 * extract(epoch FROM pg_xact_commit_timestamp(b.xid::xid) - a.at)::float8 AS ms"
        "   FROM intake_batch b, unnest(b.ats) AS a (at) WHERE b.lane = 'live') d"
    ).fetchone()
    return dict(zip(("p50", "p95", "p99", "max"), row["p"], strict=True))


def drained_per_s(conn: psycopg.Connection) -> float:
    """Readings and refusals a second, from the first commit to the last."""
    row = conn.execute(
        "WITH b AS (SELECT received, pg_xact_commit_timestamp(xid::xid) AS at FROM intake_batch)"
        " SELECT sum(received) FILTER (WHERE at > (SELECT min(at) FROM b)) AS n, max(at) - min(at) AS took FROM b"
    ).fetchone()
    return int(row["n"]) / (row["took"] / timedelta(seconds=1))


def sizes(conn: psycopg.Connection, body: str) -> tuple[float, float | None]:
    """Bytes a reading in `reading` with its key, as written and, on TimescaleDB, compressed."""
    rows = conn.execute("SELECT count(*) AS n FROM reading").fetchone()["n"]
    if body != "timescale":
        size = "sum(pg_total_relation_size(relid))::bigint AS n FROM pg_partition_tree('reading') WHERE isleaf"
        return conn.execute(f"SELECT {size}").fetchone()["n"] / rows, None
    before = conn.execute("SELECT hypertable_size('reading') AS n").fetchone()["n"]
    for chunk in conn.execute("SELECT show_chunks('reading')::text AS c").fetchall():
        conn.execute("SELECT compress_chunk(%s::regclass)", [chunk["c"]])
    after = conn.execute("SELECT hypertable_size('reading') AS n").fetchone()["n"]
    return before / rows, after / rows
