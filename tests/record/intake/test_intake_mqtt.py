"""The MQTT door by itself: sessions, acknowledgements of one connection, half-open lines, old brokers."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import replace

import paho.mqtt.client as paho
import pytest

from brain.local.broker import Broker
from brain.settings import BadSetting
from brain.store import db
from ingest import feeds, practice
from ingest.doors.mqtt import Door
from ingest.write.batch import Writer
from ingest.write.spill import Spill
from tests.accounts import INTAKE, as_role
from tests.ports import free_port


class Open:
    """A door in a thread of its own, which keeps what it was handed."""

    def __init__(self, until, url: str, name: str, share: str = "", **more):
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
def opened(broker, name, until):
    """Open doors of one name; they are closed at the end."""
    doors = []

    def opened(url: str = "", **more) -> Open:
        doors.append(Open(until, url or broker.url, name, **more))
        return doors[-1]

    yield opened
    for one in doors:
        one.close()


def test_what_stays_unacknowledged_comes_again_after_a_timed_reconnect(opened, sender, until, rain):
    one = opened(stuck_s=0.5)
    one.hold = True
    sender.send(rain(1))
    until(lambda: len(one.got) == 1)
    one.hold = False
    until(lambda: len(one.got) == 2)
    assert one.got[0] == one.got[1]


def test_an_acknowledgement_of_an_old_connection_confirms_nothing(opened, sender, until, rain):
    one = opened(stuck_s=0.5)
    one.hold = True
    sender.send(rain(1))
    until(lambda: len(one.got) >= 2)
    first = one.acks[0]
    before = len(one.door._open)
    first()
    until(lambda: not one.door._acks)
    assert before == len(one.door._open) == 1


def test_a_session_goes_on_where_it_was(opened, sender, name, broker, until, rain):
    one = opened()
    one.close()
    sender.send(rain(5))
    sender.answered()
    again = opened()
    assert again.door.session_present
    until(lambda: again.got == [rain(5)])


def test_a_half_open_connection_is_noticed_and_replaced(opened, sender, until, rain):
    one = opened(keepalive_s=1)
    sock = one.door._client.socket()
    sock.fill = lambda: sock._sock.recv(1 << 16)  # nothing arrives any more, and nobody says so
    sender.send(rain(1))
    until(lambda: one.got == [rain(1)], 30)
    assert one.door.connections >= 2


def test_a_broker_that_sends_but_answers_no_ping_is_not_left(opened, until, rain):
    with _Deaf(rain(1)) as deaf:
        one = opened(f"mqtt://127.0.0.1:{deaf.port}", keepalive_s=1)
        until(lambda: len(one.got) >= 20, 20)  # 4 s: three times what a ping may stay without an answer
        assert one.door.connections == 1


class _Deaf(threading.Thread):
    """A broker that accepts and then sends a message five times a second, whatever it is told."""

    def __init__(self, message: tuple[str, bytes]):
        super().__init__(daemon=True)
        topic, payload = message[0].encode(), message[1]
        left = len(payload) + len(topic) + 3  # with no properties
        self.packet = bytes([0x30, left, 0, len(topic)]) + topic + b"\0" + payload
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self) -> None:
        peer, _ = self.listener.accept()
        with peer:
            peer.recv(4096)
            peer.sendall(b"\x20\x03\x00\x00\x00")
            asked = peer.recv(4096)
            head = 2 if asked[1] < 128 else 3
            peer.sendall(b"\x90\x04" + asked[head : head + 2] + b"\x00\x01")
            while not self.over.wait(0.2):
                peer.sendall(self.packet)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join(5)
        self.listener.close()


def test_an_old_broker_is_spoken_to_in_the_old_version(tmp_path, opened, gateway, until, rain):
    old = Broker(tmp_path, free_port(), kind="amqtt", guarded=False)
    old.start()
    try:
        one = opened(old.url, share="brain")
        assert one.door.protocol == paho.MQTTv311
        sender = gateway(old.port)
        for n in range(50):
            sender.send(rain(n))
        sender.answered()
        until(lambda: len(one.got) == 50)
    finally:
        old.stop()


def test_a_door_that_finds_no_broker_waits_for_it(tmp_path, name, until):
    late = Broker(tmp_path, free_port(), guarded=False)
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
    broker, sender, name, db_url, conn, stations, catalog, tmp_path, until, rain
):
    """Between the two: every acknowledgement is preceded by a commit that holds its message."""
    local = practice.load()
    spill = Spill(tmp_path, segment_bytes=local.segment_bytes, total_bytes=local.total_bytes)
    writer = Writer(lambda: db.connect(as_role(db_url, INTAKE), name="w"), catalog, spill, local, worker=name)
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
    until(lambda: conn.execute("SELECT count(*) AS n FROM reading").fetchone()["n"] == 100)
    door.stop()
    threads[0].join(20)
    writer.stop()
    threads[1].join(20)
    door.finish()
    assert early == []


def test_a_subscription_that_was_refused_is_asked_for_again(opened_by_hand, until):
    """Somebody gives the right later; until then the connection lives, and nobody else would ask again."""
    asked, door = opened_by_hand(refusals=2)
    until(lambda: door.subscribed, 20)
    assert len(asked) == 3 and door.connections == 1


@pytest.fixture
def opened_by_hand():
    """A broker of a few lines that refuses the first subscriptions; gives what was asked of it, and a door at it."""
    ends = []

    def start(refusals: int):
        listener = socket.create_server(("127.0.0.1", 0))
        asked: list[int] = []

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                while data := line.recv(1 << 16):
                    if data[0] == 0x10:
                        line.sendall(b"\x20\x03\x00\x00\x00")
                    elif data[0] == 0x82:
                        at = 2 if data[1] < 128 else 3
                        asked.append(len(asked))
                        codes = bytes([0x87 if len(asked) <= refusals else 0x01]) * len(feeds.load())
                        line.sendall(b"\x90" + bytes([3 + len(codes)]) + data[at : at + 2] + b"\x00" + codes)

        threading.Thread(target=serve, daemon=True).start()
        door = Door(
            f"mqtt://127.0.0.1:{listener.getsockname()[1]}", client_id="x", share="",
            practice=replace(practice.load(), subscribe_s=0.2), deliver=lambda *a: None,
        )  # fmt: skip
        door.start()
        ends.append((door, listener))
        return asked, door

    yield start
    for door, listener in ends:
        door.stop()
        door.finish()
        listener.close()
