"""网关上下线: what gateways say when they come, and what the broker says for them when they are gone (MQTT last will).

Topic `city/441402/<接入>/<单位>/<网关>/status`, below the topics that the gateway's own credential may write. On connecting a
gateway publishes its birth, `{"status": "online", "at": "2026-09-03T08:00:00+08:00"}`, and leaves with the broker as its
will `{"status": "offline", "session": "2026-09-03T08:00:00+08:00"}`: the session is told by the time of its birth, because
a will is written before anybody knows when it will be needed. A clean good-bye is an offline with `at`. Plain words
(`online`, `offline`, `1`, `0`) are read, too.

A will is observed when the broker sends it, so its time is the time of receipt; `session` makes it known again when it is
delivered twice (`commit.settle_clocks`). One without a session counts anew each time it is delivered.
"""

from __future__ import annotations

import json
from datetime import datetime

from brain.model import DISTRICT, Reading
from ingest.feeds import ANY, BadMessage, Feed, _wire

FEED = Feed("gateway", "网关上下线", ANY, f"city/{DISTRICT}/+/+/+/status", "zsj")
WILL = "will:"
STATES = {"online": 1.0, "on": 1.0, "1": 1.0, "up": 1.0, "offline": 0.0, "off": 0.0, "0": 0.0, "down": 0.0}


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """One reading of `gateway_online`. Raises BadMessage only."""
    parts = topic.split("/")
    place = _wire.word(parts[-2] if len(parts) > 1 and parts[-1] == "status" else parts[-1], "主题里的网关编号")
    said = _wire.text(payload).strip()
    body = _wire.obj(payload) if said[:1] == "{" else {"status": said}
    word = _wire.get(body, "status", "state", "online")
    if isinstance(word, bool):
        word = "online" if word else "offline"
    value = STATES.get(_wire.word(word, "status").lower()) if word is not None else None
    if value is None:
        raise BadMessage("value", f"“status”应是 online 或 offline，现为“{_wire.short(word)}”；请核对网关的上线与遗嘱报文")
    at = _wire.get(body, "at", "ts", "time")
    if at is not None:
        return [Reading(place, "gateway_online", _wire.when(at, "at", about=received_at), value)]
    session = _wire.get(body, "session", "since")
    known = _wire.when(session, "session", about=received_at).isoformat() if session is not None else received_at.isoformat()
    return [Reading(place, "gateway_online", received_at, value, seq=WILL + known)]


def cut(data: bytes) -> list[bytes]:
    """One message a line."""
    return [line for line in data.splitlines() if line.strip()] or [data]


def birth(at: datetime) -> bytes:
    """What a gateway publishes on connecting."""
    return json.dumps({"status": "online", "at": at.isoformat()}).encode()


def will(session: datetime) -> bytes:
    """What it leaves with the broker; `session` is the time of its birth."""
    return json.dumps({"status": "offline", "session": session.isoformat()}).encode()
