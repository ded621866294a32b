"""LoRaWAN: uplinks of battery sensors as a network server passes them on, read by declared tables.

Topics `city/441402/lorawan/<单位>/<DevEUI 或网络服务器>` and below it, so that a bridge may keep the server's own topics behind it:
`…/<server>/application/<id>/device/<DevEUI>/event/up` (ChirpStack), `…/<server>/v3/<app>/devices/<device>/up` (The Things
Stack). Bridge uplinks only; joins and acknowledgements are no readings and are refused. Envelopes: see `lorawan.toml`.

The station is the DevEUI in small letters, which the district maps to its own (table intake_mapping), when the level behind
the department is the DevEUI; a server that sends for many speaks of `<server>/<DevEUI>`, mapped likewise: a credential is
bound to that level, so no device can speak for another.

The bytes are read by the table of the device's model (`milesight.toml`), which is known by the device profile's name, a tag
`model`, or the model id of The Things Stack. Without a model: what the network server decoded, if it did; else the channels
that mean the same in nearly all models, if DevEUI or brand say that the maker is Milesight. Values that mean different
things at different places come out as `?distance@mm`, `?depth@cm`, `?magnet_status`: the district's mapping decides
(`station/name`, then `name`), else `MEANT` where the station's theme is that of the kind.

What a server says of itself to be simulated (`provenance.toml`), and what comes on the port of the LoRaWAN test protocol, has the
quality `test`.

History records carry their own time. An uplink without a time is booked at its receipt, quality `clock`, with the message's
digest as `seq`, so that it is known again when it is delivered twice.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from brain.model import Quality, Reading
from ingest.feeds import ANY, BadMessage, Feed, _provenance, _table, _wire, topic
from ingest.feeds.lorawan import _envelope, _tlv
from ingest.feeds.lorawan._envelope import Envelope, Kind
from ingest.feeds.lorawan._tlv import Field, Model

FEED = Feed("lorawan", "LoRaWAN 物联", ANY, topic("lorawan", "#"), "zsj")

LONGEST = 1024
"""Bytes of a frame: LoRaWAN carries at most 242."""
_BARE = re.compile(rb"\s*([\w-]+)\s+([0-9A-Fa-f]+)\s*")
_HEX_SIGNS = re.compile(r"\b0[xX]|[\s:,-]")
SENDER = 4
"""The level of the topic that a credential is bound to."""

MARK = Kind("")
"""Of what says that the frame is a test, and is no quantity."""

_words = _envelope.load("")
_milesight = _tlv.load("")
MEANT = _words.meant
"""What a `?name` of this feed means where the district has not said it, at stations of the kind's theme."""


def furnish(folder: str) -> None:
    """Lay the city's own `lorawan.toml`, `milesight.toml` and `provenance.toml` over the shipped ones. Raises BadCatalog."""
    global _words, _milesight, MEANT
    _words, _milesight = _envelope.load(folder), _tlv.load(folder)
    MEANT = _words.meant
    _provenance.furnish(folder)


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of one uplink, history records among them. Raises BadMessage only."""
    body = _wire.obj(payload)
    envelope = _enveloped(body)
    port = _table.dig(body, envelope.port)
    test = _provenance.is_test(body) or (isinstance(port, int) and port in _words.test_ports)
    place = _place(topic, _table.dig(body, envelope.eui))
    said = _table.dig(body, envelope.time)
    at = received_at if said is None else _wire.when(said, "时间", about=received_at)
    quality, seq = (Quality.CLOCK, f"received:{zlib.crc32(payload):08x}") if said is None else (Quality.OK, "")
    past = Quality.OK
    if test:  # also of what its history says: who simulates a frame simulates all of it
        quality = past = Quality.TEST
    found: dict[tuple[str, datetime], Reading] = {}
    try:
        for field, kind in _fields(envelope, body, place):
            if kind is MARK:
                test = True
                continue
            if field.value is None or not kind.key:
                continue
            key = (kind.key, at if field.at is None else _tlv.moment(field.at))
            own = (quality, seq) if field.at is None else (past, "")
            found[key] = Reading(place, *key, field.value * kind.times, *own)  # told twice in a frame: the last counts
    except BadMessage as err:
        raise BadMessage(err.rule, err.reason, list(found.values())) from None
    if test:
        found = {key: one._replace(quality=Quality.TEST) for key, one in found.items()}
    if not found:
        raise BadMessage("shape", "只有版本、序列号之类，没有要入库的量（设备上电时常见）；无需处理，可以丢弃")
    return list(found.values())


def _enveloped(body: dict[str, Any]) -> Envelope:
    envelope = next((e for e in _words.envelopes if e.holds(body)), None)
    if envelope is None:
        raise BadMessage(
            "shape",
            f"认不出的上行报文“{_wire.short(body)}”；可收 {'、'.join(e.title for e in _words.envelopes)}，其他的请在 lorawan.toml 登记",
        )
    return envelope


def read_as(topic: str, payload: bytes) -> str | None:
    """As whose envelope a message is read, for `python -m ingest decode`; None where as none."""
    try:
        envelope = _enveloped(_wire.obj(payload))
    except BadMessage:
        return None
    return f"{envelope.key}（{envelope.title}）"


def cut(data: bytes) -> list[bytes]:
    """Messages of a file: JSON, or lines of JSON, or lines `model hex` of bare frames."""
    lines = data.splitlines()
    if not any(map(_BARE.fullmatch, lines)):
        return _wire.messages(data)
    return [_bare(line) for line in lines if line.strip()]


def _bare(line: bytes) -> bytes:
    found = _BARE.fullmatch(line)
    return json.dumps({"model": found[1].decode(), "hex": found[2].decode()}).encode() if found else line


def _place(topic: str, said: Any) -> str:
    eui = _wire.word(said, "DevEUI") if said is not None else None
    if eui is not None and len(eui) == 12 and (plain := _bytes(eui, "base64")) and len(plain) == 8:
        eui = plain.hex()  # ChirpStack 3 with its protobuf JSON
    levels = topic.split("/")
    sender = levels[min(SENDER, len(levels) - 1)]
    if eui is not None and re.fullmatch("[0-9A-Fa-f]{16}", eui):
        eui = eui.lower()
        sender = eui if sender.lower() == eui else sender
    return _wire.on_behalf(sender, eui, "DevEUI")


def _fields(envelope: Envelope, body: dict[str, Any], place: str) -> Iterator[tuple[Field, Kind]]:
    """The fields of an uplink with what each becomes."""
    model = _model(envelope, body)
    given = _given(_table.dig(body, envelope.object)) if model is None else None
    said = _table.dig(body, envelope.data)
    if said in (None, "") and not given and (level := _battery(envelope, body)) is not None:
        yield Field("battery", level, ""), Kind("battery_level")
        return
    milesight = model is not None or _made_by_milesight(envelope, body, place)
    if model is None and isinstance(given, dict) and given:  # an empty one is what a server shows that decoded nothing
        yield from _decoded(given, _words.kinds if milesight else _words.object)
        return
    if model is None and milesight:
        model = _milesight.common
    if said in (None, ""):
        what = next((word for places, word in _words.events if _table.dig(body, places) is not None), "")
        what = f"，这是{what}" if what else ""
        raise BadMessage("shape", f"报文里没有应用数据{what}（入网、确认、状态都不是上行数据）；请只转发上行（event/up）")
    if model is None and given == {}:
        raise BadMessage(
            "model",
            "网络服务器给出的解码结果是空的（它的解码脚本没有认出这一帧），也不知道这台设备的型号；"
            "请改正网络服务器的解码脚本，或在设备配置名、标签 model 里写上型号",
        )
    if model is None:
        raise BadMessage(
            "model",
            "不知道这台设备的型号，读不了它的数据；请在网络服务器的设备配置名或标签 model 里写上型号，或启用网络服务器的解码",
        )
    data = _bytes(said, envelope.coding)
    if data is None:
        raise BadMessage("decode", f"应用数据“{_wire.short(said)}”不是 {envelope.coding}；请核对网络服务器的转发格式")
    if len(data) > LONGEST:
        raise BadMessage("size", f"应用数据 {len(data)} 字节，超过 {LONGEST}；LoRaWAN 帧没有这么长，请核对转发")
    for field in _tlv.decode(model, data):
        yield field, model.kinds.get(field.name) or _words.kinds.get(field.name) or Kind(f"?{field.name}")


def _given(said: Any) -> Any:
    """What the network server decoded; ChirpStack 3 sends it as a JSON text (`objectJSON`)."""
    if not isinstance(said, str) or not said.strip():
        return said
    try:
        return _wire.tree(said.encode(errors="surrogatepass"))
    except BadMessage as err:
        raise BadMessage("decode", f"网络服务器解码出的对象（objectJSON）读不了：{err.reason}") from None


def _battery(envelope: Envelope, body: dict[str, Any]) -> float | None:
    """The charge that a status event tells, in %; none where the device has a supply of its own or does not know."""
    if any(body.get(name) is True for name in ("externalPowerSource", "batteryLevelUnavailable")):
        return None
    said = _table.dig(body, envelope.battery)
    return float(said) if isinstance(said, (int, float)) and not isinstance(said, bool) and 0 <= said <= 100 else None


def _model(envelope: Envelope, body: dict[str, Any]) -> Model | None:
    for place in envelope.model:
        said = _table.dig(body, place)
        if isinstance(said, str) and (found := _milesight.model(said[:64])):
            return found
    return None


def _made_by_milesight(envelope: Envelope, body: dict[str, Any], place: str) -> bool:
    brand = _table.dig(body, envelope.brand)
    if isinstance(brand, str) and any(name in brand.lower() for name in _milesight.brand):
        return True
    return place.rsplit("/", 1)[-1].startswith(_milesight.oui)


def _decoded(given: dict[str, Any], kinds: dict[str, Kind]) -> Iterator[tuple[Field, Kind]]:
    """What the network server decoded: numbers, words of states, truths; names without a kind come out as `?name`,
    because nobody knows the unit of another maker's field. A field that cannot be read spares the others."""
    bad: BadMessage | None = None
    for full, value in _table.leaves(given):
        try:
            if (mark := _provenance.marks(full, value)) is not None:
                if mark:
                    yield Field(full, None, ""), MARK
                continue
            name = _wire.quantity(full, "字段名")
            kind = kinds.get(name, Kind(f"?{name}"))
            if kind.key:
                yield Field(name, _wire.number(_figure(name, value), name), ""), kind
        except BadMessage as err:
            bad = bad or err
    if bad:
        raise bad


def _figure(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    said = value.strip().lower() if isinstance(value, str) else None
    words = _milesight.common.words.get(name, {})
    return next((number for number, word in words.items() if word == said), value)


def _bytes(said: Any, coding: str) -> bytes | None:
    """The bytes of a frame: hexadecimal, base64 of either alphabet with or without its padding, or a list of bytes (Node-RED)."""
    if isinstance(said, dict) and said.get("type") == "Buffer":
        said = said.get("data")
    if isinstance(said, list):
        fits = len(said) <= LONGEST + 1 and all(type(one) is int and 0 <= one <= 255 for one in said)
        return bytes(said) if fits else None
    if not isinstance(said, str):
        return None
    try:
        if coding == "hex":
            return bytes.fromhex(_HEX_SIGNS.sub("", said))
        plain = "".join(said.split()).replace("-", "+").replace("_", "/").rstrip("=")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None
