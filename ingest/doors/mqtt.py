"""The MQTT door: what the broker took from a sender reaches the batch writer, and is acknowledged when it is safe.

One thread turns the network and sends the acknowledgements, another (`Writer.run`) commits. MQTT 5 where the broker
speaks it, else 3.1.1; persistent session, QoS 1, manual acknowledgement, fixed client id: what is not acknowledged
comes again.

Why acknowledgements belong to one connection: after a reconnect the broker may give a packet id to another message, so
an acknowledgement of the old connection could confirm what nobody has stored. Those are dropped; the redelivery is
acknowledged after it has been found to be a duplicate.

The broker's RETAIN bit goes along: what it had kept for late comers is old, and nobody knows how old (`message.opened`).

paho connects, subscribes and keeps alive; messages and acknowledgements go past it (`stream.py`), many at a time.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import cast
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from brain.catalog.mqtt_users import EVERYTHING
from brain.settings import BadSetting, Settings
from ingest import feeds
from ingest.doors.mqtt_stream import Malformed, Publish, Stream, puback
from ingest.practice import Practice
from ingest.write.batch import Writer
from ingest.write.message import no_one

log = logging.getLogger("ingest")

WRONG_VERSION = (1, 0x84)  # CONNACK codes of 3.1.1 and 5 for "unacceptable protocol version"
TAKEN_OVER = 0x8E
USUAL_SHARE = "brain"  # a session that was shared under this name is to be it no more where `share` is empty


class _Client(paho.Client):
    def _create_socket(self):  # paho's one place where sockets are made, TLS included
        return Stream(cast(socket.socket, super()._create_socket()))  # or a TLS one; paho names only what it asks of it


class Door:
    """Subscribes to everything of the district and hands every message to `deliver(feed, topic, payload, received_at, ack)`,
    one that the broker had kept with `retained=True`."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        share: str,
        practice: Practice,
        deliver: Callable[..., None],
        tls: tuple[str, str, str] = ("", "", ""),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ):
        self.url = urlsplit(url)
        if self.url.scheme not in ("mqtt", "mqtts") or not self.url.hostname:
            raise BadSetting(f"消息服务的地址 {url!r} 用不了；应像 mqtt://用户:密码@主机:1883（加密用 mqtts://）")
        self.client_id = client_id
        self.share = share
        self.practice = practice
        self._tls = _tls(*tls) if self.url.scheme == "mqtts" else None
        self.protocol = paho.MQTTv5
        self.connections = 0  # also the generation of acknowledgements
        self.session_present = False
        self.subscribed = False
        self.failed = False
        self._says = ""
        self._deliver = deliver
        self._now = now
        self._monotonic = monotonic
        self._client: _Client | None = None
        self._agreed = False  # the broker has once accepted this protocol version
        self._connected = False
        self._answered = False
        self._misc_at = self._since = self._asked_at = 0.0
        self._tries = 0
        self._acks: deque[tuple[int, int]] = deque()
        self._open: dict[int, float] = {}  # packet id → when it came, of this connection
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._awake = False
        self._stopping = False
        self._thread: threading.Thread | None = None

    # Outside --------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """`run` in a thread of its own."""
        self._thread = threading.Thread(target=self._run_on, name="mqtt", daemon=True)
        self._thread.start()

    def _run_on(self) -> None:
        try:
            self.run()
        except Exception:
            log.exception("消息服务的接收出错，进程退出；未确认的报文留在消息服务里")
            self.failed = True

    def stop(self, *_: object) -> None:
        """Ask `run` to end, and wait for it where it has a thread of its own."""
        self._stopping = True
        self._wake()
        if self._thread is not None:
            self._thread.join()

    def run(self, each_turn: Callable[[], bool] = lambda: True) -> None:
        """Receive until `stop`, or until `each_turn` says no; connects again as often as it takes. The connection stays
        open at the end, for the last acknowledgements: `finish`."""
        while not self._stopping and each_turn():
            if self._client is None and not self._connect():
                self._pause()
                continue
            self._turn()

    def finish(self) -> None:
        """Send the acknowledgements that are due and say good-bye: the session, and what it still holds, stays."""
        if self._client is not None:
            self._send_acks()
            self._client.disconnect()
            sock = self._client.socket()
            if isinstance(sock, Stream):
                sock.flush()
            self._drop()
        self._wake_in.close()
        self._wake_out.close()

    def state(self) -> dict[str, object]:
        """For the accounts: messages come in when the broker has accepted the subscriptions."""
        return {
            "connected": self._client is not None and self._connected and self.subscribed,
            "subscribed": self.subscribed,
            "connections": self.connections,
        }

    # Connecting -----------------------------------------------------------------------------------------------------
    def _connect(self) -> bool:
        """Open a connection; what the broker answers comes in `_on_connect`."""
        five = self.protocol == paho.MQTTv5
        client = _Client(
            CallbackAPIVersion.VERSION2, self.client_id, clean_session=None if five else False, protocol=self.protocol,
            reconnect_on_failure=False,
        )  # fmt: skip
        client.suppress_exceptions = False
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        if self.url.username:
            client.username_pw_set(unquote(self.url.username), unquote(self.url.password or ""))
        if self._tls is not None:
            client.tls_set_context(self._tls)
        more = {}
        if five:
            wishes = Properties(PacketTypes.CONNECT)
            wishes.SessionExpiryInterval = self.practice.session_expiry_s
            wishes.ReceiveMaximum = self.practice.receive_maximum
            more = {"clean_start": False, "properties": wishes}
        self.connections += 1
        self._open.clear()
        try:
            client.connect(
                self.url.hostname or "", self.url.port or (8883 if self.url.scheme == "mqtts" else 1883),
                keepalive=self.practice.keepalive_s, **more,
            )  # fmt: skip
        except OSError as err:
            if self._tries == 0:
                log.warning("消息服务 %s 连不上：%s；会一直重试", self.url.hostname, err)
            return False
        self._client = client
        self._connected = self._answered = self.subscribed = False
        self._misc_at = self._since = self._monotonic()
        return True

    def _on_connect(self, client, userdata, flags, reason, properties) -> None:
        self._answered = True
        if reason.is_failure:
            if reason.value in WRONG_VERSION:
                self._fall_back()
            else:
                log.error("消息服务拒绝连接：%s；请核对 BRAIN_MQTT_URL 里的用户和密码", reason)
            return
        self._agreed = self._connected = True
        self._tries = 0
        self.session_present = flags.session_present
        self._subscribe(client)

    def _subscribe(self, client: paho.Client) -> None:
        """Ask for all that stands below the district, not for the feeds one by one: what comes under a topic of none is acknowledged
        to its sender, too, and must end in a dead letter. What the broker answers comes in `_on_subscribe`."""
        self._asked_at = self._monotonic()
        five = self.protocol == paho.MQTTv5
        before = [module.FEED.topic for module in feeds.load().values() if module.FEED.topic]  # as releases up to 0.3 asked
        group = f"$share/{self.share or USUAL_SHARE}/"
        shared = five and bool(self.share)
        wanted = f"{group}{EVERYTHING}" if shared else EVERYTHING
        if five:
            # Retained messages are old news; ask for them only when the subscription is new.
            client.subscribe([(wanted, SubscribeOptions(qos=1, retainHandling=1))])
        else:
            client.subscribe([(wanted, 1)])
        if self.session_present:  # of an earlier setting or release: the persistent session would deliver twice
            other = [EVERYTHING if shared else f"{group}{EVERYTHING}", *before, *(group + topic for topic in before)]
            client.unsubscribe(other if five else [topic for topic in other if not topic.startswith("$share/")])
        self._says = (
            f"MQTT {'5' if five else '3.1.1'}，{'共享订阅 ' + self.share if shared else '普通订阅'}，"
            f"{'续上原会话' if self.session_present else '新会话'}"
        )

    def _on_subscribe(self, client, userdata, mid, reasons, properties) -> None:
        refused = [str(r) for r in reasons if r.is_failure]
        if refused:
            log.error("消息服务不许订阅（%s）；请给用户加上读 city/# 的权限", "、".join(sorted(set(refused))))
            return
        self.subscribed = True
        log.info("已连上消息服务 %s（%s）", self.url.hostname, self._says)

    def _on_disconnect(self, client, userdata, flags, reason, properties) -> None:
        if self._stopping:
            return
        if reason.value == TAKEN_OVER and flags.is_disconnect_packet_from_server:
            log.error(
                "另一个进程用同样的名字 %s 或同一个账号连上了消息服务；请给每个接入进程设不同的 BRAIN_WORKER，并各用一个账号",
                self.client_id,
            )
            self._connected = False
            self._tries = len(self.practice.mqtt_retry_s)  # two that take each other's place must not do it in a whirl
        elif self._connected:
            log.warning("与消息服务的连接断开：%s；重连后未确认的报文会重发", reason)
        elif not (self._agreed or self._answered):
            self._fall_back()  # some brokers hang up on a version they do not know, without a word

    def _fall_back(self) -> None:
        """The broker did not accept this version: try the other one next."""
        self.protocol = paho.MQTTv311 if self.protocol == paho.MQTTv5 else paho.MQTTv5

    def _drop(self) -> None:
        """Forget the connection; the next turn makes a new one."""
        client, self._client = self._client, None
        if client is not None:
            client.on_disconnect = None
            sock = client.socket()
            if sock is not None:
                sock.close()
        self._open.clear()

    def _pause(self) -> None:
        steps = self.practice.mqtt_retry_s
        until = time.monotonic() + steps[min(self._tries, len(steps) - 1)]
        self._tries += 1
        while not self._stopping and (left := until - time.monotonic()) > 0:
            select.select([self._wake_in], [], [], left)
            self._send_acks()

    # Turning --------------------------------------------------------------------------------------------------------
    def _turn(self) -> None:
        """Wait for the network or for acknowledgements, and serve both."""
        client = self._client
        assert client is not None
        sock = client.socket()
        if not isinstance(sock, Stream):  # paho has closed it
            self._drop()
            if not self._connected or self._monotonic() - self._since < 1.0:
                self._pause()
            return
        write = [sock] if sock.unsent or client.want_write() else []
        ready, writable, _ = select.select([sock, self._wake_in], write, [], 0 if sock.buffered() else 1.0)
        try:
            self._send_acks()
            if writable:
                sock.flush()
                client.loop_write()
            if sock in ready or sock.buffered():
                sock.fill()
                if sock.heard:  # the broker lives, whatever came: behind a backlog its PINGRESP comes too late
                    sock.heard, client._ping_t = False, 0.0
                if found := sock.publishes(self.protocol == paho.MQTTv5):
                    self._received(found)
                while sock.held_back and client.loop_read() == paho.MQTT_ERR_SUCCESS:
                    pass
        except (OSError, Malformed) as err:
            log.warning("与消息服务的连接坏了（%s），重连", err)
            self._drop()
            return
        now = self._monotonic()
        if now - self._misc_at >= 1.0:
            self._misc_at = now
            client.loop_misc()
            self._look_for_stuck(now)

    def _look_for_stuck(self, now: float) -> None:
        """A message that stays unacknowledged is only sent again after a reconnect, so make one."""
        oldest = next(iter(self._open.values()), now)
        if now - oldest > self.practice.stuck_s:
            log.warning("有报文 %.0f 秒没有确认（写库和写盘都不成），重连让消息服务重发", now - oldest)
            self._drop()
        elif not self._answered and now - self._since > self.practice.answer_s:
            log.warning("消息服务 %.0f 秒没有应答连接请求，重连", now - self._since)
            self._drop()
            if not self._agreed:
                self._fall_back()  # some read a newer request as a longer one and wait for the rest of it
        elif self._client is not None and self._connected and not self.subscribed and now - self._asked_at > self.practice.subscribe_s:
            self._subscribe(self._client)  # refused, or never answered: somebody may have given the right meanwhile

    def _received(self, messages: list[Publish]) -> None:
        """Hand over what one reading of the line has brought: all of it was received at that instant."""
        now, monotonic, connection = self._now(), self._monotonic(), self.connections
        for name, payload, mid, retained in messages:
            ack = no_one
            if mid:
                self._open[mid] = monotonic
                ack = partial(self._acked, connection, mid)
            topic, feed = _known(name)
            if retained:
                self._deliver(feed, topic, payload, now, ack, retained=True)
            else:
                self._deliver(feed, topic, payload, now, ack)

    def _acked(self, connection: int, mid: int) -> None:
        """Called from the writer's thread."""
        self._acks.append((connection, mid))
        self._wake()

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            with contextlib.suppress(OSError):  # full: it will wake; closed: nobody is left to wake
                self._wake_out.send(b".")

    def _send_acks(self) -> None:
        client = self._client
        sock = client.socket() if client else None
        if self._awake:
            with contextlib.suppress(BlockingIOError):
                self._wake_in.recv(4096)
            self._awake = False
        due = []
        while self._acks:
            connection, mid = self._acks.popleft()
            if connection == self.connections and self._open.pop(mid, None) is not None:
                due.append(mid)
        if due and isinstance(sock, Stream):
            sock.send(puback(due))


def _tls(ca: str, cert: str, key: str) -> ssl.SSLContext:
    """The broker's certificate is checked against `ca` ("" for the system's authorities) and its name; `cert` and `key` are
    our own where the broker asks for them. Raises BadSetting naming the file."""
    try:
        context = ssl.create_default_context(cafile=ca or None)
    except OSError as err:
        raise BadSetting(f"BRAIN_MQTT_CA 指向的 CA 文件 {ca} 用不了：{err.strerror or err}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert or key:
        try:
            context.load_cert_chain(cert, key or None)
        except OSError as err:
            raise BadSetting(
                f"BRAIN_MQTT_CERT={cert}、BRAIN_MQTT_KEY={key} 用不了：{err.strerror or err}；请核对证书与私钥是否成对"
            ) from None
    return context


@lru_cache(maxsize=8192)
def _known(topic: bytes) -> tuple[str, str]:
    """Topic as text, and the feed it belongs to."""
    said = topic.decode("utf-8", "replace")
    return said, feeds.key_of(said) or said.split("/")[2 if said.count("/") >= 2 else 0]


def door(settings: Settings, local: Practice, writer: Writer) -> Door:
    """The door of this process, to the outer broker or to the embedded one."""
    url = settings.mqtt_url or settings.broker(settings.worker)
    return Door(
        url, client_id=settings.worker, share=settings.mqtt_share, practice=local, deliver=writer.open,
        tls=(settings.mqtt_ca, settings.mqtt_cert, settings.mqtt_key),
    )  # fmt: skip
