"""The broker's side of 等保: TLS both ways, one credential a department that writes its own topics only, last wills."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.enums import CallbackAPIVersion

from brain.local.broker import find_mosquitto
from brain.model import Quality
from brain.settings import BadSetting
from ingest import acl, feeds, practice
from ingest.doors.mqtt import Door
from ingest.feeds import gateway
from tests.ports import free_port

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto (Debian package mosquitto)")
KNOWN_BY_USER = "use_username_as_clientid true"  # as in deploy/mosquitto.conf
RAIN = b'{"stcd": "RG-01", "tm": "2026-09-03T10:00:00+08:00", "p1": 1.5}'


def certificate(folder: Path, name: str, ca: str | None = None) -> None:
    """`<name>.pem` and `<name>.key`, signed by the authority `ca` (None: by itself), for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = subject, key
    if ca:
        issuer = x509.load_pem_x509_certificate((folder / f"{ca}.pem").read_bytes()).subject
        signer = serialization.load_pem_private_key((folder / f"{ca}.key").read_bytes(), None)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(signer, hashes.SHA256())
    )  # fmt: skip
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )  # fmt: skip


@dataclass
class Locked:
    """A mosquitto with TLS that asks clients for a certificate, passwords, and the catalog's permissions."""

    folder: Path
    port: int

    def url(self, user: str = "intake-1") -> str:
        return f"mqtts://{user}:pw-{user}@127.0.0.1:{self.port}"

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def publish(
        self, user: str, topic: str, payload: bytes = RAIN, *, will: bytes | None = None, client_id: str = "", clean: bool = True
    ) -> paho.Client:
        """Publish as a department does; waits for the broker's answer."""
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id or f"gw-{user}-{topic[-6:]}", clean_session=clean)
        client.username_pw_set(user, f"pw-{user}")
        context = ssl.create_default_context(cafile=self.file("ca.pem"))
        context.load_cert_chain(self.file("client.pem"), self.file("client.key"))
        client.tls_set_context(context)
        if will:
            client.will_set(topic, will, qos=1)
        client.connect("127.0.0.1", self.port, keepalive=5)
        client.loop_start()
        client.publish(topic, payload, qos=1).wait_for_publish(10)
        return client


@pytest.fixture(scope="module")
def locked(tmp_path_factory, catalog):
    folder = tmp_path_factory.mktemp("locked")
    for name, ca in (("ca", None), ("server", "ca"), ("client", "ca"), ("stranger", None)):
        certificate(folder, name, ca)
    (folder / "acl").write_text(acl.mosquitto(catalog))
    (folder / "passwords").write_text("".join(f"{u}:pw-{u}\n" for u in [*acl.WORKERS, *acl.writers(catalog)]))
    subprocess.run(["mosquitto_passwd", "-U", folder / "passwords"], check=True)
    port = free_port()
    (folder / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {folder}/passwords\nacl_file {folder}/acl\n"
        f"cafile {folder}/ca.pem\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key\nrequire_certificate true\n"
        f"{KNOWN_BY_USER}\n"
        "user root\n"
    )
    process = subprocess.Popen([find_mosquitto(), "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield Locked(folder, port)
    process.terminate()
    process.wait(10)


@pytest.fixture
def open_door(locked):
    """open_door(**tls) runs a door in a thread: (door, messages, got) with `got` set at each message."""
    opened: list[Door] = []

    def open_door(
        url: str | None = None, tls: tuple[str, str, str] | None = None, share: str = ""
    ) -> tuple[Door, list, threading.Event]:
        heard, got = [], threading.Event()

        def deliver(feed, topic, payload, received_at, ack):
            heard.append((feed, topic, payload))
            ack()
            got.set()

        files = tls or (locked.file("ca.pem"), locked.file("client.pem"), locked.file("client.key"))
        door = Door(
            url or locked.url(), client_id=f"w-{len(opened)}", share=share, practice=practice.load(), deliver=deliver, tls=files
        )
        opened.append(door)
        door.start()
        return door, heard, got

    yield open_door
    for door in opened:
        door.stop()
        door.finish()


def ready(door: Door, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not door.subscribed:
        time.sleep(0.02)
    return door.subscribed


def test_a_department_reaches_the_platform_through_tls_with_certificates_on_both_sides(locked, open_door):
    door, heard, got = open_door()
    assert ready(door)
    locked.publish("qxj", feeds.topic("rain", "RG-01", "qxj")).disconnect()
    assert got.wait(10)
    assert heard == [("rain", feeds.topic("rain", "RG-01", "qxj"), RAIN)]


def test_a_stolen_credential_writes_its_own_topics_only(locked, open_door, catalog):
    door, heard, got = open_door()
    assert ready(door)
    for other in ("water", "drainage", "air", "cameras"):
        for org in ("lyj", "swj"):
            locked.publish("lyj", feeds.topic(other, "X-01", org)).disconnect()
    locked.publish("lyj", feeds.topic("fire", "FS-13", "xfdd")).disconnect()
    locked.publish("lyj", feeds.topic("json", "X-01", "cgj")).disconnect()
    locked.publish("lyj", feeds.topic("fire", "FW-01", "lyj")).disconnect()
    assert got.wait(10)
    assert [topic for _, topic, _ in heard] == [feeds.topic("fire", "FW-01", "lyj")]


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("stolen", ["w-0", "intake-1"])
def test_a_department_that_comes_with_the_intakes_client_id_cuts_nobody_off(locked, open_door, stolen, clean):
    door, heard, got = open_door()
    assert ready(door)
    topic = feeds.topic("fire", "FW-01", "lyj")
    locked.publish("lyj", topic, client_id=stolen, clean=clean).disconnect()
    assert got.wait(10)
    got.clear()
    locked.publish("qxj", feeds.topic("rain", "RG-01", "qxj"), client_id=stolen, clean=clean).disconnect()
    assert got.wait(10)
    assert (door.connections, door.subscribed) == (1, True)
    assert [topic for _, topic, _ in heard] == [topic, feeds.topic("rain", "RG-01", "qxj")]


def test_two_workers_of_two_users_share_one_subscription_and_leave_each_other_alone(locked, open_door):
    pair = [open_door(locked.url(user), share="brain") for user in acl.WORKERS]
    assert all(ready(door) for door, *_ in pair)
    for n in range(20):
        locked.publish("qxj", feeds.topic("rain", f"RG-{n:02d}", "qxj")).disconnect()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and sum(len(heard) for _, heard, _ in pair) < 20:
        time.sleep(0.02)
    assert sum(len(heard) for _, heard, _ in pair) == 20
    assert [door.connections for door, *_ in pair] == [1, 1]


def test_this_broker_knows_its_clients_as_the_one_of_compose_does():
    assert KNOWN_BY_USER in (Path(__file__).parents[3] / "deploy/mosquitto.conf").read_text().splitlines()


def test_a_broker_of_another_authority_is_not_believed(locked, open_door):
    door, *_ = open_door(tls=(locked.file("stranger.pem"), locked.file("client.pem"), locked.file("client.key")))
    assert not ready(door, 1.5)


def test_without_its_certificate_the_platform_is_not_let_in(locked, open_door):
    door, *_ = open_door(tls=(locked.file("ca.pem"), "", ""))
    assert not ready(door, 1.5)


@pytest.mark.parametrize(
    ("tls", "says"), [(("none.pem", "", ""), "BRAIN_MQTT_CA"), (("", "none.pem", "none.key"), "BRAIN_MQTT_CERT")]
)
def test_a_missing_file_is_named(tls, says):
    with pytest.raises(BadSetting, match=says):
        Door("mqtts://127.0.0.1:1", client_id="w", share="", practice=practice.load(), deliver=lambda *_: None, tls=tls)


def test_the_broker_speaks_the_last_will_of_a_gateway_that_is_gone(locked, open_door):
    door, heard, _ = open_door()
    assert ready(door)
    born = datetime.now(UTC)
    topic = "city/441402/rain/qxj/GW-01/status"
    client = locked.publish("qxj", topic, gateway.birth(born), will=gateway.will(born))
    client.socket().shutdown(2)  # the cable is pulled: no DISCONNECT
    client.loop_stop()
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and len(heard) < 2:
        time.sleep(0.05)
    assert [(feed, gateway.parse(topic, payload, born)[0].value) for feed, topic, payload in heard] == [
        ("gateway", 1.0), ("gateway", 0.0),
    ]  # fmt: skip


def test_a_will_that_is_delivered_twice_is_stored_once(hands, conn):
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('GW-01', '雨量网关', 'rain', 116, 24, 'qxj')")
    born = hands.now - timedelta(hours=1)
    for seconds in (0, 7):
        hands.now += timedelta(seconds=seconds)
        hands.send(gateway.will(born), topic="city/441402/rain/qxj/GW-01/status", feed="gateway")
        hands.writer.step()
    assert [(value, quality) for *_, value, quality in hands.readings()] == [(0.0, Quality.OK)]
    assert hands.feed("gateway")["duplicate"] == 1
