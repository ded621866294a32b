"""The embedded broker: on loopback only, with passwords of its own, each good for one direction."""

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

from brain.local.broker import Broker, find_mosquitto
from brain.settings import Settings
from ingest import feeds, practice, tools
from ingest.doors.mqtt import Door
from tests.ports import free_port

BODIES = [
    pytest.param("mosquitto", marks=pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto")),
    "amqtt",
]  # fmt: skip
TOPIC = feeds.topic("rain", "RG-01", "qxj")


@pytest.fixture(params=BODIES)
def guarded(request, tmp_path):
    broker = Broker(tmp_path / "mqtt", free_port(), kind=request.param)
    broker.start()
    yield broker
    broker.stop()


def client(url: str) -> tuple[paho.Client, dict]:
    """A client that has tried to connect: what became of it, and what it heard."""
    where, said = urlsplit(url), {"answered": threading.Event(), "heard": [], "got": threading.Event()}
    made = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
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
    for who in ("", "intake:wrong@", "root:x@"):
        made, said = client(f"mqtt://{who}127.0.0.1:{guarded.port}")
        made.loop_stop()
        assert not said.get("let_in"), who


def test_each_password_is_good_for_one_direction(guarded):
    reader, heard = client(guarded.url)
    reader.subscribe(f"{TOPIC.rsplit('/', 1)[0]}/#", qos=1)
    assert heard["answered"].wait(10)
    other, _ = client(guarded.url)
    other.publish(TOPIC, b"from a reader", qos=0)
    writer, overheard = client(guarded.url_of("send"))
    writer.subscribe("city/441402/#", qos=1)
    overheard["answered"].wait(10)
    writer.publish(TOPIC, b"from the writer", qos=1).wait_for_publish(10)
    assert heard["got"].wait(10)
    for one in (reader, writer, other):
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
    assert set(found) == {"intake", "send"} and min(map(len, found.values())) >= 40
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

    door = Door(settings.broker("intake"), client_id="w1", share="", practice=practice.load(), deliver=deliver)
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
