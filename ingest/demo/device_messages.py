"""Messages as the devices of each feed send them: what `feeds/<name>` reads, written for replay and generators."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ingest.demo.timetable import Record
from ingest.feeds import load, topic
from ingest.feeds._wire import BEIJING
from ingest.feeds.air import FACTORS
from ingest.feeds.drainage import POINTS
from ingest.feeds.fire import HEAD, WEATHER
from ingest.feeds.rain import FIELDS
from ingest.feeds.water import ITEMS, STAGE

Message = tuple[str, bytes]
"""Topic and payload."""


def replayed(style: str, station: str, at: datetime, record: Record, org: str = "") -> Message:
    """The message of a replayed record, observed at `at`; it says that it is replayed and when it was true. `org` is the
    department that sends it ("": the feed's own)."""
    feed, body = _STYLES[style](station, at, record)
    return _message(feed, station, body | {"orig": record.at.isoformat(), "source": "replay"}, org)


FEED_OF = {"quality": "water", "stage": "water", "rain": "rain", "weather": "fire", "air": "air", "hotspots": "fire"}
"""Style of a recording → the feed that its messages come by."""


def _message(feed: str, station: str, body: dict[str, Any], org: str) -> Message:
    there = topic(feed, station, org or load()[feed].FEED.org)
    return there, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def iso(at: datetime) -> str:
    """Beijing time with offset, to the millisecond where there is one."""
    local = at.astimezone(BEIJING)
    return local.isoformat(timespec="milliseconds" if local.microsecond else "seconds")


def _named(names: dict[str, str], values: dict[str, float]) -> dict[str, float]:
    """Values under the names of the wire, in the feed's order; `names` is wire name → sensor kind."""
    return {name: values[kind] for name, kind in names.items() if kind in values}


def _quality(station: str, at: datetime, record: Record) -> tuple[str, dict[str, Any]]:
    items = {names[0]: record.values[kind] for kind, names in ITEMS.items() if kind in record.values}
    return "water", {"站码": station, "监测时间": iso(at), "数据": items}


def _stage(station: str, at: datetime, record: Record) -> tuple[str, dict[str, Any]]:
    return "water", {"stcd": station, "tm": iso(at)} | _named(STAGE, record.values)


def _rain(station: str, at: datetime, record: Record) -> tuple[str, dict[str, Any]]:
    return "rain", {"stcd": station, "tm": iso(at)} | _named(FIELDS, record.values)


def _weather(station: str, at: datetime, record: Record) -> tuple[str, dict[str, Any]]:
    return "fire", {"stcd": station, "tm": iso(at)} | _named(WEATHER, record.values)


def _air(station: str, at: datetime, record: Record) -> tuple[str, dict[str, Any]]:
    factors = {
        names[0]: {"Avg": record.values[kind], "Flag": "N"} for kind, names in FACTORS.items() if kind in record.values
    }
    return "air", {"MN": station, "DataTime": f"{at.astimezone(BEIJING):%Y%m%d%H%M%S}", "CP": factors}


def _hotspots(station: str, at: datetime, record: Record) -> tuple[str, dict[str, Any]]:
    utc = at.astimezone(UTC)
    when = {"acq_date": f"{utc:%Y-%m-%d}", "acq_time": f"{utc:%H%M}"}
    return "fire", {"instrument": "MODIS", "rows": [pixel | when for pixel in record.rows]}


_STYLES: dict[str, Callable[[str, datetime, Record], tuple[str, dict[str, Any]]]] = {
    "quality": _quality, "stage": _stage, "rain": _rain, "weather": _weather, "air": _air, "hotspots": _hotspots,
}  # fmt: skip


# Generated ------------------------------------------------------------------------------------------------------------
def logger(station: str, kind: str, at: datetime, value: float, org: str = "") -> Message:
    """Upload of a drainage device with one record."""
    point, unit = next((p, unit) for p, (k, unit) in POINTS.items() if k == kind)
    row = {"p": point, "v": value} | ({"u": unit} if unit else {}) | {"t": int(at.timestamp() * 1000)}
    return _message("drainage", station, {"dev": station, "list": [row], "source": "generator"}, org)


def head(station: str, at: datetime, values: dict[str, float], org: str = "") -> Message:
    """Report of a smoke or thermal head."""
    body = {"dev": station, "ts": int(at.timestamp() * 1000)} | _named(HEAD, values)
    return _message("fire", station, body | {"source": "generator"}, org)


def keepalive(station: str, at: datetime, fault: int | None, org: str = "") -> Message:
    """Keepalive of a camera; with the result of the picture check when there is one."""
    body: dict[str, Any] = {"CmdType": "Keepalive", "DeviceID": station, "Time": iso(at)}
    body["Status"] = "ERROR" if fault else "OK"
    if fault is not None:
        body["Fault"] = fault
    return _message("cameras", station, body | {"source": "generator"}, org)


def offline(station: str, at: datetime, org: str = "") -> Message:
    """The platform's catalog notify that a camera is gone."""
    body = {"CmdType": "Catalog", "Time": iso(at), "SumNum": 1, "DeviceList": [{"DeviceID": station, "Status": "OFF"}]}
    return _message("cameras", station, body | {"source": "generator"}, org)
