"""The trials: one fault each, under traffic, and what was seen. Judging comes after, for all alike (`City.settled`).

A trial returns figures by name. The short proofs and `make faults` call the same trials; only how often and how long differs.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.owners import own_stations

harness = sys.modules["faults_harness"]
sender, until = harness.sender, harness.until


class Memory:
    """The most memory a process has had while it was watched, above what it had at first; in bytes."""

    def __init__(self, intake):
        self.first = self.most = intake.memory
        self._intake, self._over = intake, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.2) and self._intake.alive():
            self.most = max(self.most, self._intake.memory)

    def growth(self) -> int:
        self._over.set()
        self._thread.join()
        return self.most - self.first


# Kills ----------------------------------------------------------------------------------------------------------------
def random_kills(city, times: int, longest_s: float, seed: int, forked: bool) -> dict:
    """kill -9 at random instants of a life, its first ones included. `busy`: how many were receiving by then."""
    chance, busy = random.Random(seed), 0
    for _ in range(times):
        one = city.live(wait=False, forked=forked)
        one.lives_for(chance.uniform(0, longest_s))
        busy += bool(one.connected)
        one.kill()
    city.live()
    return {"kills": times, "busy": busy}


def two_workers(city, gateway, seconds: float) -> dict:
    """Two workers share one subscription; one is killed, and started again later."""
    pair = [city.live(share="brain"), city.live(name="w2", share="brain")]
    time.sleep(seconds)
    pair[1].kill()
    time.sleep(seconds)
    again = city.live(name="w2", share="brain")
    gateway.rest()
    verdict = city.settled()
    again.stop()
    with city.look() as conn:
        rows = conn.execute("SELECT worker, sum(received) AS n FROM intake_batch GROUP BY worker").fetchall()
    forget(city.broker.port, "w2")
    shares = {r["worker"]: int(r["n"]) for r in rows}
    return {"verdict": verdict, "second": shares.get("w2", 0)}


def forget(port: int, name: str) -> None:
    """Make the broker drop a session, so that it queues nothing more for it."""
    client = paho.Client(CallbackAPIVersion.VERSION2, name, clean_session=True)
    client.connect("127.0.0.1", port)
    until(lambda: client.loop(0.1) == paho.MQTT_ERR_SUCCESS and client.is_connected(), 10, "a clean session")
    client.disconnect()


# The database ---------------------------------------------------------------------------------------------------------
def database_down(city, gateway, seconds: float, how: str) -> dict:
    """The server is killed (`crash`) or stopped (`stop`) for so long, then comes back. `catch_up`: messages committed a
    second until the backlog is in, over those published a second."""
    one = city.live()
    time.sleep(0.5)
    memory = Memory(one)
    if how == "crash":
        city.crash_database()
    else:
        city.server.stop()
    time.sleep(seconds)
    spilled = city.spilled()
    city.start_database()
    return caught_up(city, gateway, one, memory) | {"spilled": spilled}


def caught_up(city, gateway, one, memory) -> dict:
    """Wait until what was acknowledged by now is in the record, while the traffic goes on."""
    wanted, stored = sum(not sender.is_bad(n) for n in city.acked()), city.stored()
    acked, begun = gateway.count(), time.monotonic()
    until(lambda: city.stored() >= wanted, 600, "the backlog")
    took = time.monotonic() - begun
    arriving = (gateway.count() - acked) / took
    return {
        "backlog": wanted - stored,
        "catch_up": (city.stored() - stored) / took / arriving if arriving else 0.0,
        "caught_up_s": took,
        "memory": memory.growth(),
        "alive": one.alive(),
    }


def database_frozen(city) -> dict:
    """The server stands still and hangs up on nobody. `recovered_s`: until messages are safe again, in the spill."""
    city.live()
    time.sleep(0.5)
    frozen = city.freeze_database()
    try:
        took = until(lambda: city.spilled() > 0, 60, "the spill")
    finally:
        for process in frozen:
            process.resume()
    return {"recovered_s": took}


def table_locked(city) -> dict:
    """Somebody holds the table of readings. `recovered_s`: until messages are safe again, in the spill."""
    city.live()
    time.sleep(0.5)
    with city.look() as conn, conn.transaction():
        conn.execute("LOCK TABLE reading IN ACCESS EXCLUSIVE MODE")
        took = until(lambda: city.spilled() > 0, 60, "the spill")
    return {"recovered_s": took}


def database_full(city, seconds: float) -> dict:
    """Every write fails as on a full disk (SQLSTATE 53100, raised by a trigger)."""
    city.live()
    with city.look() as conn:
        conn.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
        )
        conn.execute("CREATE TRIGGER full_disk BEFORE INSERT ON feed_status EXECUTE FUNCTION full_disk()")
        until(lambda: city.spilled() > 0, 60, "the spill")
        time.sleep(seconds)
        conn.execute("DROP FUNCTION full_disk CASCADE")
    return {}


def both_disks_full(city, limit: int = 1 << 17) -> dict:
    """The database is away and the spill cannot grow (no file above `limit`): nothing more is acknowledged to the broker, and
    memory is let go. Then the database comes back."""
    city.away()
    try:
        one = city.live(limit=limit)
        memory = Memory(one)
        until(lambda: "写盘也失败" in one.said(), 60, "the full disk")
        time.sleep(1)
    finally:
        city.back()
    return {"memory": memory.growth(), "alive": one.alive()}


# The broker -----------------------------------------------------------------------------------------------------------
def broker_restarts(city, times: int) -> dict:
    """`reconnect_s`: from the broker's being there again to the subscription, at worst."""
    one = city.live()
    worst = 0.0
    for _ in range(times):
        before = one.connected
        city.broker.restart()
        worst = max(worst, until(lambda before=before: one.connected > before, 60, "the subscription"))
        time.sleep(0.3)
    return {"restarts": times, "reconnect_s": worst}


def half_open(city) -> dict:
    """The line to the broker goes dead without a word. `reconnect_s`: from then on to the new subscription."""
    proxy = harness.Proxy(city.broker.port)
    try:
        one = city.live(port=proxy.port)
        time.sleep(0.5)
        before = one.connected
        proxy.cut()
        took = until(lambda: one.connected > before, 60, "the subscription")
    finally:
        one.stop()
        proxy.close()
    return {"reconnect_s": took}


def take_over(city, seconds: float) -> dict:
    """Another client takes the intake's name and session, acknowledges nothing, and goes when it loses them, or after so
    long. `reconnect_s`: from its coming to the intake's new subscription."""
    one = city.live()
    before = one.connected
    wishes = Properties(PacketTypes.CONNECT)
    wishes.SessionExpiryInterval = 3600
    other = paho.Client(
        CallbackAPIVersion.VERSION2, harness.WORKER, protocol=paho.MQTTv5, manual_ack=True, reconnect_on_failure=False
    )
    begun = time.monotonic()
    other.connect("127.0.0.1", city.broker.port, clean_start=False, properties=wishes)
    while one.connected == before and time.monotonic() - begun < seconds:
        other.loop(0.05)
    if other.socket() is not None:
        other.socket().close()
    until(lambda: one.connected > before, 60, "the subscription")
    return {"reconnect_s": time.monotonic() - begun}


# Poison ---------------------------------------------------------------------------------------------------------------
def poison(city, healthy, poisoned, block: int, seconds: float, rate: int) -> dict:
    """Healthy messages at a steady rate, and beside them a gateway of which so many in a thousand are poison. `flow`: healthy
    ones committed over healthy ones published, in the same time."""
    healthy.say(f"rate {rate}")
    poisoned.say(f"rate {rate}")
    time.sleep(1)
    stored, acked, other = city.stored(), healthy.count(), poisoned.acked
    time.sleep(seconds)
    more_stored, more_acked = city.stored() - stored, healthy.count() - acked
    sound = sum(not sender.is_bad(n) for n in poisoned.acked - other)
    for one in (healthy, poisoned):
        one.rest()
    return {"flow": more_stored / max(1, more_acked + sound), "block": block}


def strange(now: datetime) -> list[tuple[str, str, bytes, str | float]]:
    """(what, station, payload, the rule that refuses it or the value that is stored)."""
    at = now.replace(microsecond=0) - timedelta(minutes=10)

    def level(tm: object, z: object = 3.5) -> bytes:
        return json.dumps({"stcd": "WL-01", "tm": tm, "z": z}, ensure_ascii=False).encode()

    def moment(n: int) -> datetime:
        return at + timedelta(seconds=n)

    s = moment(1).timestamp()
    full = str(int(moment(4).timestamp())).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    gbk = {"站码": "WQ-01", "监测时间": moment(5).isoformat(), "数据": {"水温": 21.5}}
    return [
        ("five megabytes", "WL-01", b"x" * 5_000_000, "size"),
        ("NaN", "WL-01", level(at.isoformat(), float("nan")), "value"),
        ("infinity", "WL-01", level(at.isoformat(), "-inf"), "value"),
        ("NUL bytes", "WL-01", b"\x00" * 40, "decode"),
        ("NUL in a name", "WL-01", b'{"stcd":"WL-01\\u0000","tm":1,"z":1}', "shape"),
        ("bytes of no encoding", "WL-01", b'{"stcd":"\xff\xfe","z":1}', "decode"),
        ("nothing", "WL-01", b"", "decode"),
        ("ten thousand brackets", "WL-01", b"[" * 10_000, "decode"),
        ("1970", "WL-01", level(0), "time"),
        ("2099", "WL-01", level("2099-01-01T00:00:00+08:00"), "time"),
        ("a station nobody knows", "WL-99", b'{"tm":"2026-09-03T08:00:00+08:00","z":1}', "station"),
        ("seconds", "WL-01", level(int(s), 1.25), 1.25),
        ("milliseconds", "WL-01", level(int((s + 1) * 1000), 1.5), 1.5),
        ("microseconds", "WL-01", level(int((s + 2) * 1_000_000), 1.75), 1.75),
        ("full-width digits", "WL-01", level(full, "２．２５"), 2.25),
        ("GBK bytes", "WQ-01", json.dumps(gbk, ensure_ascii=False).encode("gbk"), 21.5),
    ]


def strange_messages(city, timeout: float = 30) -> list[str]:
    """Publish every strange message, as a feed with accounts of its own; what did not become what it should, in words."""
    with city.look() as conn:
        for id in ("WL-01", "WQ-01"):
            conn.execute("INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, %s, 'water', 116, 24)", [id, id])
        own_stations(conn)
    wanted = strange(datetime.now(UTC))
    client = paho.Client(CallbackAPIVersion.VERSION2, "stranger")
    client.connect("127.0.0.1", city.broker.port)
    client.loop_start()
    for _, station, payload, _ in wanted:
        client.publish(f"city/441402/water/swj/{station}", payload, qos=1).wait_for_publish(30)
    client.disconnect()
    client.loop_stop()

    def lost() -> list[str]:
        with city.look() as conn:
            letters = {
                (bytes(r["payload"]), r["rule"])
                for r in conn.execute("SELECT payload, rule FROM dead_letter WHERE feed = 'water'")
            }
            rows = conn.execute("SELECT value FROM reading WHERE kind IN ('water_level', 'water_temp')").fetchall()
            status = conn.execute("SELECT * FROM feed_status WHERE feed = 'water'").fetchone() or Counter()
        values = sorted(r["value"] for r in rows)
        wrong = [
            what
            for what, _, payload, fate in wanted
            if isinstance(fate, str) and (payload[:262_144], fate) not in letters
        ]
        due = sorted(fate for *_, fate in wanted if not isinstance(fate, str))
        wrong += [f"stored {values}, not {due}"] if values != due else []
        counted = (status["received"], status["stored"], status["dead"])
        booked = (len(wanted), len(due), len(wanted) - len(due))
        return wrong + ([f"received, stored, dead {counted}, not {booked}"] if counted != booked else [])

    try:
        until(lambda: not lost(), timeout, "the strange messages")
    except harness.TooLong:
        return lost()
    return []
