"""Devices that nobody recorded: wells, ponding gauges, pumps, smoke and thermal heads, cameras. Declared models.

Everything is a pure function of (seed, station, time) and, for drainage, of the rain replayed at the nearest gauge; so
the same moment always gives the same message, a restart repeats nothing new, and a test can check any of it. Each
message says `"source": "generator"`.

The drainage model is a linear reservoir in wall time: each replayed hourly rain is poured in at the moment it is
published and runs off with the time constant `RUN_OFF_S`. Water stands on the road once more than `holds` mm are
stored.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from brain.city import ZONE
from ingest.demo import device_messages
from ingest.demo.device_messages import Message
from ingest.demo.timetable import Play, Track

SEED = 441402
MINUTE = 60
RUN_OFF_S = 900.0  # a storm drains in about half an hour
WET_MM = 5.0  # loggers report every minute above this, else every five (加密上报)
DRY_EVERY = 5
CHECK_EVERY = 10  # minutes between two picture checks of a camera
OVERFLOWED = 6553.5  # what a logger sends when its probe is unplugged: 0xFFFF tenths
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Device:
    """A generated device: `family` is well, pond, pump, head or camera; `params` are those of its station."""

    id: str
    family: str
    params: dict[str, Any]
    gauge: Track | None = None  # rain of the nearest gauge, for drainage
    org: str = ""  # the department that sends for it; "": the feed's own


def chance(*what: object) -> float:
    """A number in [0, 1) that belongs to these words for ever."""
    digest = hashlib.blake2b("|".join(map(str, (SEED, *what))).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def between(low: float, high: float, *what: object) -> float:
    return low + (high - low) * chance(*what)


def spell(
    at: datetime, what: str, station: str, *, every_h: float, odds: float, hours: tuple[float, float]
) -> int | None:
    """The number of the spell (outage, fault, event) that a station is in, or None.

    In each stretch of `every_h` hours one begins with probability `odds`; it lasts between `hours`, short ones being
    more likely, and no longer than a stretch.
    """
    now = (at - EPOCH).total_seconds() / 3600
    low, high = hours
    for turn in (int(now // every_h), int(now // every_h) - 1):
        if chance(station, what, turn) < odds:
            begins = (turn + chance(station, what, turn, "begins")) * every_h
            lasts = low * (high / low) ** chance(station, what, turn, "lasts")
            if begins <= now < begins + min(lasts, every_h):
                return turn
    return None


def stored_mm(gauge: Track, play: Play, at: datetime) -> float:
    """Rain still to run off near a gauge, mm."""
    upto = play.elapsed_at(at)
    total = 0.0
    for elapsed, record in gauge.due(upto - 8 * RUN_OFF_S * play.speed, upto):
        fell = record.values.get("rain_1h", 0.0)
        if fell:
            total += fell * math.exp((elapsed - upto) / play.speed / RUN_OFF_S)
    return total


# Values ---------------------------------------------------------------------------------------------------------------
def pond_depth(device: Device, stored: float) -> float:
    """Water on the road, cm. Underpasses fill earlier and deeper."""
    deep = bool(device.params.get("underpass"))
    holds = between(15, 25, device.id, "holds") if deep else between(25, 60, device.id, "holds")
    rises = between(0.12, 0.25, device.id, "rises") if deep else between(0.05, 0.15, device.id, "rises")
    return round(min(150.0, max(0.0, stored - holds) * rises), 1)


def well_depth(device: Device, at: datetime, stored: float) -> float:
    """From the cover down to the water, m: dry weather flow by the hour of day, minus what the rain adds."""
    bottom = float(device.params.get("depth", 3.0))
    hour = at.astimezone(ZONE).hour + at.minute / 60
    daily = 0.12 * math.sin((hour - 14) / 24 * 2 * math.pi)  # most sewage in the evening
    calm = bottom - between(0.3, 0.6, device.id, "flow") + daily
    rises = between(0.003, 0.012, device.id, "rises")
    ripple = between(-0.01, 0.01, device.id, "ripple", int(at.timestamp()) // MINUTE)
    return round(max(0.02, calm - stored * rises + ripple), 2)


def pump_state(device: Device, at: datetime, stored: float) -> int:
    """0 stopped, 1 running, 2 fault."""
    if spell(at, "fault", device.id, every_h=12, odds=0.04, hours=(0.3, 2)) is not None:
        return 2
    return int(stored > between(6, 14, device.id, "starts"))


def head_values(device: Device, at: datetime) -> dict[str, float]:
    """Smoke 0/1 and, from a thermal head, the hottest spot in ℃."""
    seen = spell(at, "fire", device.id, every_h=6, odds=0.05, hours=(0.1, 0.3))
    values = {"smoke": float(seen is not None)}
    if device.params.get("device") != "smoke":
        hour = at.astimezone(ZONE).hour + at.minute / 60
        calm = 34 + 9 * math.sin((hour - 8) / 24 * 2 * math.pi)
        ripple = between(-1.5, 1.5, device.id, "ripple", int(at.timestamp()) // MINUTE)
        hot = between(95, 260, device.id, "hot", seen) if seen is not None else 0.0
        values["thermal_max"] = round(max(hot, calm) + ripple, 1)
    return values


def camera_online(device: Device, at: datetime) -> bool:
    """Outages of minutes to hours are common, of days rare."""
    short = spell(at, "outage", device.id, every_h=24, odds=0.15, hours=(0.2, 12))
    long = spell(at, "broken", device.id, every_h=240, odds=0.04, hours=(24, 120))
    return short is None and long is None


def camera_fault(device: Device, at: datetime) -> int:
    """0 ok, 1 black, 2 blur, 3 covered, 4 frozen."""
    turn = spell(at, "picture", device.id, every_h=120, odds=0.08, hours=(1, 72))
    return 0 if turn is None else 1 + int(4 * chance(device.id, "picture", turn, "kind"))


# Messages -------------------------------------------------------------------------------------------------------------
def messages(device: Device, play: Play, after: datetime, upto: datetime) -> Iterator[tuple[datetime, Message]]:
    """(observed time, message) of a device with after < time <= upto. Each device has its own second of the minute."""
    second = int(60 * chance(device.id, "second"))
    minute = math.floor(((after - EPOCH).total_seconds() - second) / MINUTE) + 1
    while (at := EPOCH + timedelta(seconds=minute * MINUTE + second)) <= upto:
        if spell(at, "silent", device.id, every_h=24, odds=0.03, hours=(0.7, 4)) is None or device.family == "camera":
            yield from ((at, message) for message in _FAMILIES[device.family](device, play, at, minute))
        minute += 1


def _drainage(kind: str, value: Callable[[Device, datetime, float], float]):
    def make(device: Device, play: Play, at: datetime, minute: int) -> Iterator[Message]:
        stored = stored_mm(device.gauge, play, at) if device.gauge else 0.0
        if stored < WET_MM and (minute + int(100 * chance(device.id, "phase"))) % DRY_EVERY:
            return
        unplugged = spell(at, "unplugged", device.id, every_h=48, odds=0.04, hours=(0.1, 0.5)) is not None
        broken = unplugged and kind != "pump_state"
        yield device_messages.logger(device.id, kind, at, OVERFLOWED if broken else value(device, at, stored), device.org)

    return make


def _head(device: Device, play: Play, at: datetime, minute: int) -> Iterator[Message]:
    yield device_messages.head(device.id, at, head_values(device, at), device.org)


def _camera(device: Device, play: Play, at: datetime, minute: int) -> Iterator[Message]:
    if not camera_online(device, at):
        yield device_messages.offline(device.id, at, device.org)
        return
    check = (minute + int(100 * chance(device.id, "phase"))) % CHECK_EVERY == 0
    yield device_messages.keepalive(device.id, at, camera_fault(device, at) if check else None, device.org)


_FAMILIES: dict[str, Callable[[Device, Play, datetime, int], Iterator[Message]]] = {
    "well": _drainage("well_depth", well_depth),
    "pond": _drainage("pond_depth", lambda device, at, stored: pond_depth(device, stored)),
    "pump": _drainage("pump_state", pump_state),
    "head": _head,
    "camera": _camera,
}
FEED_OF = {"well": "drainage", "pond": "drainage", "pump": "drainage", "head": "fire", "camera": "cameras"}
"""Family → the feed that its messages come by."""
FAMILY_OF = {"DW": "well", "PD": "pond", "PS": "pump", "FS": "head"}
"""First two letters of a station's id → family; cameras are known by their theme."""
