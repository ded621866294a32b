"""The embedded broker: on loopback only, with passwords of its own, each good for one direction and one department, and no client id
that could take another's session."""

from __future__ import annotations

import json
import socket
import stat
import threading
import time
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from brain.catalog.mqtt_users import writers
from brain.local.broker import Broker, find_mosquitto
from brain.settings import BadSetting, Settings
from ingest import feeds, practice, tools
from ingest.doors.mqtt import Door
from tests.ports import free_port

BODIES = [
    pytest.param("mosquitto", marks=pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto")),
    "amqtt",
]  # fmt: skip
TOPIC = feeds.topic("rain", "RG-01", "qxj")


@pytest.fixture(params=BODIES)
def guarded(request, tmp_path, catalog):
    broker = Broker(tmp_path / "mqtt", free_port(), kind=request.param, writers=writers(catalog))
    broker.start()
    yield broker
    broker.stop()


def client(url: str, client_id: str = "", clean: bool = True) -> tuple[paho.Client, dict]:
    """A client that has tried to connect: what became of it, and what it heard."""
    where, said = urlsplit(url), {"answered": threading.Event(), "heard": [], "got": threading.Event()}
    made = paho.Client(CallbackAPIVersion.VERSION2, client_id, clean_session=clean, reconnect_on_failure=False)
    if where.username:
        made.username_pw_set(where.username, where.password)

    def on_connect(_client, _data, _flags, reason, _properties):
        said["let_in"] = not reason.is_failure
        said["answered"].set()

    def on_message(_client, _data, message):
        said["heard"].append((message.topic, message.payload))
        said["got"].set()

    made.on_connect, made.on_message = on_connect, on_message
    made.on_disconnect = lambda *_: said["answered"].set()
    made.on_subscribe = lambda *_: said["answered"].set()
    made.connect(where.hostname, where.port)
    made.loop_start()
    assert said["answered"].wait(10)
    said["answered"].clear()
    return made, said


def test_nobody_is_let_in_without_the_password(guarded):
    for who in ("", "w1:wrong@", "root:x@"):
        made, said = client(f"mqtt://{who}127.0.0.1:{guarded.port}")
        made.loop_stop()
        assert not said.get("let_in"), who


def test_each_password_is_good_for_one_direction(guarded):
    first, _ = client(guarded.url)
    first.publish(TOPIC, b"from a reader", qos=0)
    first.loop_stop()
    first.disconnect()
    reader, heard = client(guarded.url)
    reader.subscribe("city/441402/#", qos=1)
    assert heard["answered"].wait(10)
    writer, overheard = client(guarded.url_of("qxj"))
    writer.subscribe("city/441402/#", qos=1)
    overheard["answered"].wait(10)
    writer.publish(TOPIC, b"from the writer", qos=1).wait_for_publish(10)
    assert heard["got"].wait(10)
    for one in (reader, writer):
        one.disconnect()
        one.loop_stop()
    assert heard["heard"] == [(TOPIC, b"from the writer")]
    assert overheard["heard"] == []


def test_it_listens_on_loopback_only(guarded):
    own = {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in own | {"127.0.0.2"}:
        if address == "127.0.0.1":
            continue
        with socket.socket() as line:
            line.settimeout(1)
            assert line.connect_ex((address, guarded.port)) != 0, address


def test_the_passwords_are_drawn_once_and_are_the_owners_alone(guarded):
    found = guarded.passwords()
    assert {"w1", "qxj", "qxj.send", "swj"} <= set(found) and min(map(len, found.values())) >= 40
    assert len(set(found.values())) == len(found)
    guarded.restart()
    assert guarded.passwords() == found
    for path in guarded.folder.iterdir():
        if path.name in ("users.json", "passwords", "acl"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(guarded.folder.stat().st_mode) == 0o700
    assert not any(word in (guarded.folder / "passwords").read_text() for word in found.values())


def test_the_tools_and_the_door_find_their_passwords_beside_a_running_demo(guarded, tmp_path):
    settings = Settings(home=tmp_path, mqtt_port=guarded.port)
    heard: list[bytes] = []
    came = threading.Event()

    def deliver(feed, topic, payload, received_at, ack):
        heard.append(payload)
        ack()
        came.set()

    door = Door(settings.broker("w1"), client_id="w1", share="", practice=practice.load(), deliver=deliver)
    door.start()
    deadline = time.monotonic() + 20
    while not door.subscribed and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert door.subscribed
    file = tmp_path / "rain.json"
    file.write_text(json.dumps({"stcd": "RG-01", "tm": "2026-09-03T10:00:00+08:00", "p1": 1.5}))
    said: list[str] = []
    assert tools.send(settings, feeds.load()["rain"], str(file), said.append) == 1
    assert came.wait(10) and heard == [file.read_bytes()]
    assert TOPIC in said[0]
    door.stop()
    door.finish()


class Reader:
    """The intake's door at a broker, and what it has heard and acknowledged."""

    def __init__(self, broker: Broker):
        self.heard: list[tuple[str, str, bytes]] = []
        self.door = Door(broker.url, client_id="w1", share="", practice=practice.load(), deliver=self.deliver)
        self.door.start()
        self.until(lambda: self.door.subscribed)

    def deliver(self, feed, topic, payload, received_at, ack):
        self.heard.append((feed, topic, payload))
        ack()

    @staticmethod
    def until(true, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not true() and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        assert true()


@pytest.fixture
def reader(guarded):
    reader = Reader(guarded)
    yield reader
    reader.door.stop()
    reader.door.finish()


@pytest.mark.parametrize("clean", [True, False])
def test_whoever_comes_with_the_intakes_client_id_takes_nothing_that_was_acknowledged(guarded, reader, clean):
    """400 messages while somebody with a good credential, and somebody with none, connects as the intake again and again."""
    writer, before = client(guarded.url_of("qxj"))[0], reader.door.connections
    sent = []
    for n in range(400):
        sent.append(writer.publish(TOPIC, f"{n}".encode(), qos=1))
        if n % 40 == 0:
            for url in (guarded.url_of("lyj"), f"mqtt://w1:wrong@127.0.0.1:{guarded.port}"):
                thief, said = client(url, "w1", clean)
                thief.subscribe("city/#", qos=1)
                thief.loop_stop()
                thief.disconnect()
                assert said["heard"] == []
    for one in sent:
        one.wait_for_publish(20)
    writer.loop_stop()
    reader.until(lambda: len({payload for *_, payload in reader.heard}) == 400)
    assert (reader.door.connections, reader.door.subscribed) == (before, True)


def test_a_department_writes_below_its_own_code_only(guarded, reader):
    own = feeds.topic("fire", "FW-01", "lyj")
    for user in ("lyj", "lyj.send"):
        for feed, org in (("water", "swj"), ("fire", "xfdd"), ("json", "cgj"), ("rain", "lyj"), ("fire", "lyj")):
            writer, _ = client(guarded.url_of(user))  # mosquitto 2.0 hangs up on who may not
            writer.publish(feeds.topic(feed, "FW-01", org), b"x", qos=1).wait_for_publish(10)
            writer.loop_stop()
            writer.disconnect()
    reader.until(lambda: len(reader.heard) >= 2)
    assert [topic for _, topic, _ in reader.heard] == [own, own]


def test_what_is_acknowledged_under_a_topic_of_wrong_depth_is_heard(guarded, reader):
    """Too short, too long, and with its code alone; beside a right one and a gateway's status, which come once."""
    wrong = ["city/441402/json/PD-09", "city/441402/json/cgj/swj/PD-09", "city/441402/json/cgj"]
    right = [feeds.topic("json", "PD-09", "cgj"), "city/441402/json/cgj/GW-1/status"]
    writer, _ = client(guarded.url_of("cgj"))
    for topic in (*wrong, *right):
        writer.publish(topic, b"{}", qos=1).wait_for_publish(10)
    writer.loop_stop()
    reader.until(lambda: len(reader.heard) == 5)
    assert sorted(topic for _, topic, _ in reader.heard) == sorted([*wrong, *right])
    assert [feeds.misplaced(feed, topic) is None for feed, topic, _ in sorted(reader.heard, key=lambda h: h[1] in right)] == [
        False, False, False, True, True,
    ]  # fmt: skip


def test_a_user_that_there_is_not_is_named(guarded, tmp_path):
    with pytest.raises(BadSetting, match="w2"):
        Settings(home=tmp_path, mqtt_port=guarded.port).broker("w2")


def test_accounts_of_an_earlier_release_are_forgotten_and_the_others_keep_their_passwords(guarded):
    path = guarded.folder / "users.json"
    before = guarded.passwords()
    path.write_text(json.dumps(before | {"send": "old", "intake": "old"}))
    assert guarded.passwords() == before and "send" not in json.loads(path.read_text())
    guarded.restart()
    for user in ("send", "intake"):
        made, said = client(f"mqtt://{user}:old@127.0.0.1:{guarded.port}")
        made.loop_stop()
        assert not said.get("let_in")
