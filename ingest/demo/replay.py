"""Plays recordings and generated devices through the real broker, as if the stations were sending.

The player remembers when it began and how far the broker has taken its messages (`replay.json` in the data folder), so
a restart goes on where it was and repeats nothing. After a stand-still it makes up for a few minutes at most
(`catch_up_s`): older news would only flood the city. The very first start plays those few minutes, too, so that no page
is empty.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import cos, hypot, radians
from pathlib import Path
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from brain.catalog.records import Catalog
from brain.settings import BadSetting, Settings
from brain.store import db
from ingest import feeds, owners, practice
from ingest.demo import device_messages, generate, timetable
from ingest.demo.device_messages import Message
from ingest.demo.generate import Device
from ingest.demo.timetable import Play, Track
from ingest.write.stations import Known

log = logging.getLogger("ingest")

TICK_S = 0.25
SAVE_EVERY_S = 2.0
MAY_LEAD = timedelta(hours=1)  # a clock that was set back a little only makes the player wait
UNANSWERED = 500  # messages the broker may owe us an answer for before we wait


@dataclass(frozen=True, slots=True)
class State:
    """What a restart must know: where time lies, and up to which wall time everything was handed to the broker."""

    play: Play
    done: datetime

    @classmethod
    def of(cls, path: Path, speed: float, now: datetime, catch_up: timedelta) -> State:
        """The state to go on from: the remembered one at today's speed, else a new play that begins now. What was
        missed longer than `catch_up` ago stays missed."""
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            play = Play(datetime.fromisoformat(said["wall"]), float(said["elapsed"]), float(said["speed"]))
            done = datetime.fromisoformat(said["done"])
            if done - now > MAY_LEAD or play.speed <= 0:
                raise ValueError("它在未来")
        except FileNotFoundError:
            return cls(Play(now, 0.0, speed), now - catch_up)
        except (OSError, ValueError, KeyError, TypeError) as err:
            log.warning("回放进度 %s 用不了（%s），从头开始回放", path, err)
            return cls(Play(now, 0.0, speed), now - catch_up)
        if play.speed != speed:
            play = play.at_speed(speed, done)
        return cls(play, max(done, now - catch_up))

    def save(self, path: Path) -> None:
        """Atomic: a kill leaves the old state or the new one."""
        said = {
            "wall": self.play.wall.isoformat(), "elapsed": self.play.elapsed, "speed": self.play.speed,
            "done": self.done.isoformat(),
        }  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with open(fresh, "w", encoding="utf-8") as file:
            json.dump(said, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


def messages(
    tracks: Sequence[Track],
    devices: Sequence[Device],
    play: Play,
    after: datetime,
    upto: datetime,
    senders: Mapping[str, str] = {},
) -> list[tuple[datetime, Message]]:
    """Everything observed with after < time <= upto, in order of time and topic. Pure: the same for the same state. `senders`:
    which department sends for a replayed station, where it is not the feed's own."""
    # A millisecond of slack, because a moment is rounded to one; what falls out is cut by the comparison below.
    slack = 0.001 * play.speed
    found = []
    for elapsed, track, record in timetable.due(tracks, play.elapsed_at(after) - slack, play.elapsed_at(upto) + slack):
        at = play.moment(elapsed)
        if after < at <= upto:
            found.append((at, device_messages.replayed(track.style, track.station, at, record, senders.get(track.station, ""))))
    for device in devices:
        found.extend(generate.messages(device, play, after, upto))
    return sorted(found, key=lambda m: (m[0], m[1][0]))


def senders_of(stations: Iterable[Known], tracks: Sequence[Track], catalog: Catalog) -> dict[str, str]:
    """Which department sends for each replayed station."""
    orgs = {s.id: s.org for s in stations}
    return {t.station: owners.speaker(catalog, device_messages.FEED_OF[t.style], orgs.get(t.station)) for t in tracks}


def devices_of(
    stations: Iterable[Known], tracks: Sequence[Track], catalog: Catalog | None = None
) -> list[Device]:
    """The devices that are generated, each drainage device with the replayed gauge nearest to it, each with the department that
    sends for it by the catalog."""
    stations = [s for s in stations if s.active]
    rain = {t.station: t for t in tracks if t.style == "rain"}
    gauges = [s for s in stations if s.id in rain]
    found = []
    for s in sorted(stations, key=lambda s: s.id):
        family = "camera" if s.theme == "cameras" else generate.FAMILY_OF.get(s.id[:2])
        if family is None:
            continue
        nearest = min(
            gauges, default=None,
            key=lambda g: hypot((g.lng - s.lng) * cos(radians(s.lat)), g.lat - s.lat),
        )  # fmt: skip
        wet = rain[nearest.id] if s.theme == "drainage" and nearest is not None else None
        org = owners.speaker(catalog, generate.FEED_OF[family], s.org) if catalog else ""
        found.append(Device(s.id, family, s.params, wet, org))
    return found


class Players:
    """Publishes each message with the account of the department in its topic; `url_of` gives the broker's address for one. Answers
    like one `Player`."""

    def __init__(self, url_of: Callable[[str], str], orgs: Iterable[str], client_id: str):
        urls = {org: url_of(org) for org in sorted(orgs)}
        by_url = {url: Player(url, f"{client_id}-{n}") for n, url in enumerate(dict.fromkeys(urls.values()))}
        self._players = {org: by_url[url] for org, url in urls.items()}
        self._all = list(by_url.values())

    @property
    def connected(self) -> bool:
        return all(player.connected for player in self._all)

    def publish(self, at: datetime, message: Message) -> None:
        self._players[message[0].split("/")[3]].publish(at, message)

    def unanswered(self) -> int:
        return sum(player.unanswered() for player in self._all)

    def safe_until(self, published: datetime) -> datetime:
        return min((player.safe_until(published) for player in self._all), default=published)

    def close(self) -> None:
        for player in self._all:
            player.close()


class Player:
    """Publishes with QoS 1 and knows up to when the broker has answered."""

    def __init__(self, url: str, client_id: str):
        place = urlsplit(url)
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv311)
        self._client.max_inflight_messages_set(100)
        self._client.reconnect_delay_set(1, 10)
        if place.username:
            self._client.username_pw_set(unquote(place.username), unquote(place.password or ""))
        if place.scheme == "mqtts":
            self._client.tls_set()
        self._client.connect_async(place.hostname or "", place.port or (8883 if place.scheme == "mqtts" else 1883))
        self._sent: deque[tuple[datetime, paho.MQTTMessageInfo]] = deque()
        self._client.loop_start()

    @property
    def connected(self) -> bool:
        return self._client.is_connected()

    def publish(self, at: datetime, message: Message) -> None:
        topic, payload = message
        self._sent.append((at, self._client.publish(topic, payload, qos=1)))

    def unanswered(self) -> int:
        """Messages the broker has not yet answered for."""
        while self._sent and self._sent[0][1].is_published():
            self._sent.popleft()
        return len(self._sent)

    def safe_until(self, published: datetime) -> datetime:
        """Everything observed up to here is with the broker, when all up to `published` was given to `publish`."""
        if self.unanswered():
            return self._sent[0][0] - timedelta(milliseconds=1)
        return published

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def run(settings: Settings, catalog: Catalog) -> int:
    """The replay process, until SIGTERM."""
    if not settings.database_url:
        raise BadSetting("没有数据库地址：请由 brain up 启动，或设置 BRAIN_DATABASE_URL")
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.append(1))
    catch_up = timedelta(seconds=practice.load(settings.catalog).catch_up_s)
    stations = _stations(settings, asked)
    known = {s.id for s in stations}
    tracks = [t for t in timetable.tracks() if t.station in known or t.style == "hotspots"]
    devices, senders = devices_of(stations, tracks, catalog), senders_of(stations, tracks, catalog)
    path = settings.home / "replay.json"
    state = State.of(path, settings.replay_speed, datetime.now(UTC), catch_up)
    speaking = {feeds.load()[feed].FEED.org for feed in (*device_messages.FEED_OF.values(), *generate.FEED_OF.values())}
    speaking |= set(senders.values()) | {device.org for device in devices if device.org}
    player = Players(lambda org: settings.mqtt_url or settings.broker(org), speaking, f"replay-{settings.worker}")
    log.info("回放 %d 个实测序列、%d 个模拟设备，%g 倍速", len(tracks), len(devices), settings.replay_speed)
    given, saved = state.done, 0.0
    try:
        while not asked:
            now = datetime.now(UTC)
            if player.connected and player.unanswered() < UNANSWERED:
                since = max(given, now - catch_up)
                upto = min(now, since + timedelta(seconds=TICK_S * 40))
                for at, message in messages(tracks, devices, state.play, since, upto, senders):
                    player.publish(at, message)
                given = max(given, upto)
            if time.monotonic() - saved >= SAVE_EVERY_S:
                saved = time.monotonic()
                state = State(state.play, max(state.done, player.safe_until(given)))
                state.save(path)
            time.sleep(TICK_S)
    finally:
        State(state.play, max(state.done, player.safe_until(given))).save(path)
        player.close()
    return 0


def _stations(settings: Settings, asked: list[int]) -> list[Known]:
    """The stations of the city; waits for a database that is not up yet."""
    while not asked:
        try:
            with db.connect(settings.database_url, name="brain replay", connect_timeout=3) as conn:
                return [Known(**row) for row in db.many(conn, "intake_stations")]
        except psycopg.OperationalError as err:
            log.warning("数据库还连不上（%s），稍后再试", str(err).strip().splitlines()[0])
            time.sleep(1)
    return []
