"""The field engineer's tools: read a frame and say what is in it, play a file to any door, watch a feed live.

They change nothing by themselves: `decode` reads, `tap` looks on, `send` speaks to a door like any station would.
"""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg

from brain import catalog as catalogs
from brain.catalog.records import Catalog
from brain.identity import tcp_stations
from brain.model import Reading, Refused
from brain.settings import Settings
from brain.store import db
from ingest import feeds, owners
from ingest import practice as practices
from ingest.feeds import FeedModule, _wire
from ingest.feeds._wire import BEIJING
from ingest.practice import Practice
from ingest.write import units
from ingest.write.checks import Checks
from ingest.write.message import ParsedMessage, parsed
from ingest.write.stations import Book, Known

ANSWER_S = 5.0


def read(file: str) -> bytes:
    """A file's bytes; `-` is standard input. Raises Refused."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as err:
        raise Refused(f"文件 {file} 读不了：{err.strerror}") from None


def messages(module: FeedModule, data: bytes) -> list[bytes]:
    """The messages of a file: as its feed cuts them, else one JSON, else one a line."""
    cut: Callable[[bytes], list[bytes]] | None = getattr(module, "cut", None)
    if cut is not None:
        return cut(data)
    try:
        json.loads(data)
        return [data]
    except (ValueError, RecursionError):
        lines = [line for line in data.splitlines() if line.strip()]
        return lines if len(lines) > 1 and all(line.lstrip()[:1] in b"{[" for line in lines) else [data]


# decode -------------------------------------------------------------------------------------------------------------
def decode(
    module: FeedModule,
    data: bytes,
    topic: str,
    catalog: Catalog,
    local: units.Units,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    practice: Practice | None = None,
) -> Iterator[dict[str, Any]]:
    """What a door would make of each message: {"ok": true, "readings": […]}, or {"ok": false, "error": …} with the readings of its
    sound part and under `more` what else is refused; `as` is the family of payloads it was read as, where its feed knows several.
    Values are in the unit of the catalog; what only a mapping of the district could tell (`pending`) keeps the sender's name and
    unit. `unchecked` says what nobody knows without the database."""
    practice = practice or practices.load()
    checks = Checks(catalog, feeds.load(), practice)
    checks.units = local
    as_what: Callable[[str, bytes], str | None] | None = getattr(module, "read_as", None)
    if not module.FEED.topic and topic.startswith("city/"):  # the topic that nobody has said, of what needs none
        topic = topic.replace("city", "-", 1)
    for payload in messages(module, data):
        message = parsed(module.FEED.key, topic, payload, now(), payload_max=practice.payload_max)
        good, pending, refused = _looked(checks, message)
        refused = [*([message.refused] if message.refused else []), *refused]
        said: dict[str, Any] = {"ok": not refused}
        if as_what is not None and (family := as_what(topic, payload)):
            said["as"] = family
        if refused:
            (rule, error), *more = refused
            said |= {"error": error, "rule": rule}
            if more:
                said["more"] = [{"error": error, "rule": rule} for rule, error in more]
        if message.records:
            said["records"] = [asdict(r) for r in message.records]
        elif good or not refused:
            said["readings"] = [shown(r, catalog, local) for r in good]
        if pending:
            said["pending"] = pending
        if good:
            said["unchecked"] = UNCHECKED
        yield said


UNCHECKED = "测站是否登记、由谁报送，检修、校准、是否迟到，以及热点在不在监测格里，要连上数据库、由接入的门收到时才知道"


class AnyStation(Book):
    """A book without a database: whatever a message names is a station of its feed, and of its sender."""

    def __init__(self, theme: str, org: str | None):
        super().__init__()
        self._theme, self._org = theme, org

    def get(self, station: str) -> Known:
        return Known(station, self._theme, 0.0, 0.0, {}, True, self._org)

    def watch(self, lng: float, lat: float) -> str:
        return f"@{lng:.5f},{lat:.5f}"


def _looked(checks: Checks, message: ParsedMessage) -> tuple[list[Reading], list[str], list[tuple[str, str]]]:
    """The readings as they would be stored, what of them the database or the moment of receipt must say, and (rule, reason) of those
    that would be refused. Looked at as of their own time: a file says nothing of how late it came. A quantity in the sender's words
    keeps them, for a mapping goes before the catalog."""
    book = AnyStation(checks.themes[message.feed], feeds.sender(message.topic))
    good, pending, refused = [], [], []
    for reading in message.readings:
        found = checks.look(message, reading, book, reading.at)
        if isinstance(found, Reading) and found.at == reading.at:
            good.append(found if reading.kind[:1] != "?" else reading._replace(quality=found.quality, seq=found.seq))
        elif isinstance(found, Reading):
            good.append(reading)
            ahead = f"{reading.at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
            pending.append(f"{reading.station} 的观测时间 {ahead} 比现在晚；现在就收到的话按收到时间存，质量记 clock")
        elif found.rule not in ("kind", "unit"):
            refused.append((found.rule, found.reason))
        elif not math.isfinite(reading.value):
            what = _wire.short(reading.kind.removeprefix("?"))
            refused.append(("value", f"{reading.station} 的{what}不是有限的数；请检修设备或核对换算"))
        else:
            good.append(reading)
            pending.append(found.reason)
    return good, pending, refused


def shown(r: Reading, catalog: Catalog, local: units.Units) -> dict[str, Any]:
    """A reading as a line of JSON shows it, in Beijing time."""
    name, _, unit = r.kind.partition("@")
    kind, value = catalog.kinds.get(name), r.value
    if kind is not None:
        turned = local.convert(value, unit, kind.unit) if unit else value
        value, unit = (value, unit) if turned is None else (turned, kind.unit)
    at = r.at.astimezone(BEIJING).isoformat()
    out = {"station": r.station, "kind": name, "value": round(value, 9), "unit": unit, "at": at, "quality": str(r.quality)}
    return out | ({"seq": r.seq} if r.seq else {})


# send ---------------------------------------------------------------------------------------------------------------
TCP = ("hj212", "sl651", "gb26875")


def send(
    settings: Settings,
    module: FeedModule,
    file: str,
    say: Callable[[str], None],
    *,
    to: str = "",
    topic: str = "",
    every_s: float = 0.0,
    door: str = "",
    secret: str = "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Play a file to a door and tell the answers; returns how many messages went out. Raises Refused.

    `secret` is a push key as `brain key add` shows it, `编号:密钥`."""
    key = module.FEED.key
    door = door or (key if key in TCP else "mqtt" if module.FEED.topic else "drop")
    if door == "drop":
        return _drop(settings, key, file, say)
    found = messages(module, read(file))
    if door in TCP:
        host, port = _address(to, settings.door_host, getattr(settings, f"{door}_port"), door)
        return _tcp(door, host, port, found, say, every_s)
    if door == "mqtt":
        said, sent = _Topics(settings, module), 0
        there = [topic or said.of(message) for message in found]
        for org, of_org in groupby(zip(there, found, strict=True), key=lambda pair: feeds.sender(pair[0]) or module.FEED.org):
            url = to or settings.mqtt_url or settings.broker(f"{org}.send")
            sent = _mqtt(url, list(of_org), say, every_s, sent)
        return sent
    if door == "http":
        if not to and not settings.push_port:
            raise Refused("不知道推送的地址；请写 --to https://主机，或设置 BRAIN_PUSH_PORT")
        return _push(to or f"http://{settings.door_host}:{settings.push_port}", key, found, say, every_s, secret, now)
    raise Refused(f"没有名为 {door} 的门；可用 mqtt、http、drop、{'、'.join(TCP)}")


def _address(to: str, host: str, port: int, door: str) -> tuple[str, int]:
    if to:
        where = urlsplit(to if "//" in to else f"//{to}")
        host, port = where.hostname or host, where.port or port
    if not port:
        raise Refused(f"不知道 {door} 的端口；请写 --to 主机:端口，或设置 BRAIN_{door.upper()}_PORT")
    return host, port


def _tcp(door: str, host: str, port: int, found: list[bytes], say: Callable[[str], None], every_s: float) -> int:
    try:
        with socket.create_connection((host, port), timeout=ANSWER_S) as line:
            for n, message in enumerate(found, 1):
                line.sendall(message)
                try:
                    answer = line.recv(65536)
                except TimeoutError:
                    answer = b""
                say(f"第 {n} 条 {len(message)} 字节 → {_said(tcp_stations.masked(door, answer)) if answer else f'{ANSWER_S:g} 秒没有应答'}")
                time.sleep(every_s)
    except OSError as err:
        raise Refused(f"{host}:{port} 连不上：{err.strerror or err}；请核对地址与端口，接入进程是否在运行") from None
    return len(found)


def _said(answer: bytes) -> str:
    text = answer.decode("ascii", "replace").strip()
    return text if text.isprintable() and "\ufffd" not in text else answer.hex(" ").upper()


def _mqtt(url: str, found: list[tuple[str, bytes]], say: Callable[[str], None], every_s: float, before: int) -> int:
    """Publish (topic, message) pairs, of which `before` have gone out already; how many have now."""
    import paho.mqtt.client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    where = urlsplit(url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    if where.username:
        client.username_pw_set(unquote(where.username), unquote(where.password or ""))
    if where.scheme == "mqtts":
        client.tls_set()
    try:
        client.connect(where.hostname or "127.0.0.1", where.port or (8883 if where.scheme == "mqtts" else 1883))
    except OSError as err:
        raise Refused(f"消息服务 {where.hostname} 连不上：{err.strerror or err}；请核对 BRAIN_MQTT_URL") from None
    client.loop_start()
    try:
        for n, (there, message) in enumerate(found, before + 1):
            client.publish(there, message, qos=1).wait_for_publish(ANSWER_S)
            say(f"第 {n} 条 {len(message)} 字节 → {there}，消息服务已确认")
            time.sleep(every_s)
    finally:
        client.disconnect()
        client.loop_stop()
    return before + len(found)


class _Topics:
    """Where each message belongs: under the department that sends for its station, as far as the record at hand knows it,
    else under the feed's own."""

    def __init__(self, settings: Settings, module: FeedModule):
        self._module = module
        self._orgs: dict[str, str | None] = {}
        if settings.database:
            with contextlib.suppress(psycopg.Error), db.connect(settings.database, name="brain send", connect_timeout=3) as conn:
                self._orgs = {row["id"]: row["org"] for row in db.many(conn, "intake_stations")}
        self._catalog = catalogs.load(settings.catalog or None)

    def of(self, message: bytes) -> str:
        key, station = self._module.FEED.key, _station_of(self._module, message)
        return feeds.topic(key, station, owners.speaker(self._catalog, key, self._orgs.get(station)))


def _station_of(module: FeedModule, message: bytes) -> str:
    """The station a message names; `-` where it names none (then it needs --topic)."""
    try:
        found = module.parse(feeds.topic(module.FEED.key, "-"), message, datetime.now(UTC))
    except feeds.BadMessage as err:
        found = err.rest
    stations = [r.station for r in found if isinstance(r, Reading)]
    return next((s for s in stations if s[:1] != "@"), "hotspots" if stations else "-")


def _push(
    url: str,
    feed: str,
    found: list[bytes],
    say: Callable[[str], None],
    every_s: float,
    secret: str,
    now: Callable[[], datetime],
) -> int:
    import httpx

    from ingest.doors.push import pusher

    ident, _, key = secret.partition(":")
    if not ident or not key:
        raise Refused("HTTP 推送要密钥：请写 --key 编号:密钥（brain key add 发放时显示的那一串）")
    path = f"/api/v1/feeds/{feed}"
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        for n, message in enumerate(found, 1):
            while True:
                headers = pusher.signed_headers(ident, key.encode(), path, "application/json", message, now())
                try:
                    answer = client.post(path, content=message, headers=headers)
                except httpx.HTTPError as err:
                    raise Refused(f"{url} 推送不了：{err}；请核对地址与端口") from None
                say(f"第 {n} 条 {len(message)} 字节 → {answer.status_code} {answer.text.strip()}")
                if answer.status_code != 429:
                    break
                time.sleep(float(answer.headers.get("Retry-After", 1)))
            time.sleep(every_s)
    return len(found)


def _drop(settings: Settings, key: str, file: str, say: Callable[[str], None]) -> int:
    """Laid down under another name and renamed, so that nobody takes half of it."""
    folder = settings.drop / key
    name = Path(file).name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / f".{name}.part")
        (folder / f".{name}.part").rename(folder / name)
    except OSError as err:
        raise Refused(f"文件 {file} 放不进 {folder}：{err.strerror}") from None
    say(f"已放入 {folder / name}；接入进程取走后，结果在 {folder} 的 done 或 failed 里")
    return 1


# tap ----------------------------------------------------------------------------------------------------------------
def tap(settings: Settings, feed: str, say: Callable[[str], None], *, most: int = 0) -> int:
    """Tell live what comes in on a feed and what becomes of it, batch by batch, until interrupted or `most` batches."""
    from brain.store import db

    seen = 0
    with db.connect(settings.database, name="brain tap") as ear, db.connect(settings.database) as conn:
        ear.execute("LISTEN brain_intake")
        letter = db.row(conn, "tap_last_letter")["id"]
        say(f"正在看 {feed}，Ctrl-C 停止……")
        for note in ear.notifies():
            told = json.loads(note.payload)
            if told["feed"] != feed:
                continue
            for row in db.many(conn, "tap_batch", id=told["batch"]):
                say(_batch_line(row))
                for n in range(min(len(row["stations"]), 20)):
                    at = row["ats"][n].astimezone(BEIJING)
                    quality = "" if row["qualities"][n] == "ok" else f"  [{row['qualities'][n]}]"
                    say(f"    {row['stations'][n]}  {row['kinds'][n]} = {row['vals'][n]:g}  {at:%m-%d %H:%M:%S}{quality}")
                if len(row["stations"]) > 20:
                    say(f"    ……另有 {len(row['stations']) - 20} 个读数")
            for row in db.many(conn, "tap_letters", feed=feed, after=letter):
                letter = row["id"]
                more = f"（同一报文共 {row['units']} 处）" if row["units"] > 1 else ""
                say(f"    死信 {row['id']}（{row['rule']}）{row['topic']}：{row['reason']}{more}")
                say(f"      原文 {_said(tcp_stations.masked(feed, bytes(row['payload']))[:200])}")
            seen += 1
            if most and seen >= most:
                break
    return seen


def _batch_line(row: dict[str, Any]) -> str:
    at = row["received_at"].astimezone(BEIJING)
    lane = "补传 " if row["lane"] == "history" else ""
    return (
        f"{at:%H:%M:%S} {lane}第 {row['id']} 批：收 {row['received']} = 入库 {row['stored']} + 重复 {row['duplicate']}"
        f" + 死信 {row['dead']}（{row['worker']}）"
    )
