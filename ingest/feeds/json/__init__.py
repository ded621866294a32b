"""JSON 报文: payload families in common use, read by declaration; a new one is an entry of `families.toml`, no code.

Topic `city/441402/json/<单位>/<设备或网关>`. Families (see the table, which a city's own `families.toml` is laid over): our own
`{"station": …, "ts": …, "items": {"pond_depth": 12.5}, "flag": "N"}`; a list of readings; SenML; telemetry with `values`,
flat telemetry; Tasmota, Zigbee2MQTT, Shelly; NGSI-LD, NGSIv2, SensorThings. The first whose shape a message has reads it, and
`python -m ingest decode` says which that was.

A sender's credential lets it write its own topic, so what it may say is bound to that: a message without a station speaks of
the topic's last level, and one that names another station speaks of `<last level>/<station>`. No station has such a name, so
nothing is stored until the district has said (table intake_mapping: station `GW-1/PD-09` → `PD-09`) that this gateway
sends for that station.

Names of quantities that a family does not translate come out as `?name`: the catalog's own names, the district's mappings
(`station/name` before `name`) decide. A record without a time is booked at the time of receipt, quality `clock`, with the
message's digest as `seq`, so that it is known again when it is delivered twice.

What a message says of itself to be simulated, a test or a drill (`provenance.toml`) has the quality `test`.

Sparkplug B is not read: its later messages name a metric only by a number that the birth certificate gave it, so they cannot be
read by themselves, as parsing here and the reading again of a dead letter both ask; and of the decoders on PyPI (tahu 2022,
pysparkplug 2025) none is kept. It is refused by its name. A gateway that also speaks JSON is set to that.
"""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Any

from brain.model import Reading
from ingest.feeds import ANY, BadMessage, Feed, _provenance, _wire, topic
from ingest.feeds.json import _family
from ingest.feeds.json._family import Family
from ingest.feeds.json._message import Message

FEED = Feed("json", "JSON 报文", ANY, topic("json"), "zsj", gbk=True)

MOST = 10_000
"""Records of one message: a day of a value every nine seconds."""

_families = _family.load("")

cut = _wire.messages


def furnish(folder: str) -> None:
    """Lay the city's own `families.toml` and `provenance.toml` over the shipped ones. Raises BadCatalog, naming file and key."""
    global _families
    _families = _family.load(folder)
    _provenance.furnish(folder)


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of one message. Raises BadMessage only."""
    body = _opened(topic, payload)
    family, records = _recognised(body)
    if len(records) > MOST:
        raise BadMessage("size", f"一条报文里有 {len(records)} 条记录，超过 {MOST}；请让设备分开发送")
    outer = body if isinstance(body, dict) else {}
    sender = topic.rsplit("/", 1)[-1]
    message = Message(family, sender, outer, received_at, zlib.crc32(payload), bool(outer) and _provenance.is_test(outer))
    return message.readings(records)


def read_as(topic: str, payload: bytes) -> str | None:
    """As which family a message is read, for `python -m ingest decode`; None where as none."""
    try:
        family, _ = _recognised(_opened(topic, payload))
    except BadMessage:
        return None
    return f"{family.key}（{family.title}）"


def _recognised(body: Any) -> tuple[Family, list[Any]]:
    for family in _families:
        if records := family.records(body):
            return family, records
    if isinstance(body, (int, float, str)):
        raise BadMessage(
            "shape",
            f"报文只是一个值“{_wire.short(body)}”，没有名称；请在网关上把它包成 JSON，如 "
            '{"ts": 时间, "名称": 数值}，或改用设备的整条状态报文',
        )
    raise BadMessage(
        "shape",
        f"认不出这种报文“{_wire.short(body)}”；请按 families.toml 里的一种发送（{'、'.join(f.key for f in _families)}），"
        "或在那里登记新的一种",
    )


def _opened(topic: str, payload: bytes) -> Any:
    try:
        return _wire.tree(payload, gbk=FEED.gbk, many=True)
    except BadMessage:
        if _is_sparkplug(topic, payload):
            raise BadMessage(
                "format",
                "这是 Sparkplug B（protobuf）报文，Sparkplug B 还不收：它的后续报文只有编号没有名称，单独一条读不了；"
                "请在网关上改发 JSON（或让 SCADA 把标签值转成 JSON 再发）",
            ) from None
        raise


def _is_sparkplug(topic: str, payload: bytes) -> bool:
    """A Sparkplug B payload: field 1 is a varint (timestamp), behind it field 2 (metrics) or 3 (seq); or its topic says so."""
    if "/spBv1.0/" in topic:
        return True
    if payload[:1] != b"\x08":
        return False
    behind = next((n for n, byte in enumerate(payload[1:11], 2) if byte < 0x80), 0)
    return behind > 5 and payload[behind : behind + 1] in (b"\x12", b"\x18")
