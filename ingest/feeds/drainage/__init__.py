"""排水物联: battery loggers in wells, ponding gauges and pump controllers; each upload is a list of readings.

Topic `city/441402/drainage/<单位>/<设备>`, payload `{"dev": "DW-01", "list": [{"p": "depth", "v": 1.83, "u": "m",
"t": 1788393600, "n": 1042}], "batt": 3.58, "csq": 21}`: `p` the quantity (table `POINTS`), `v` its value, `u` its unit
(left out: the one of the table), `t` the time (epoch s, ms or µs, or ISO), `n` the logger's running record number,
which tells apart several records of one second. depth is measured from the cover down to the water. Battery and signal
are not kept.

A value in another unit travels as `kind@unit`, and a quantity that the table does not have as `?name` (`?name@unit`), so
that the catalog, `units.toml` and the district's mappings decide (`ingest.write.checks`), not this file.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from brain.model import Quality, Reading
from ingest.feeds import BadMessage, Feed, _provenance, _wire, topic

FEED = Feed("drainage", "排水管网", "drainage", topic("drainage"), "cgj")

POINTS = {"depth": ("well_depth", "m"), "pond": ("pond_depth", "cm"), "pump": ("pump_state", "")}
"""Quantity on the wire → (sensor kind, its unit)."""
PUMP = {"stop": 0, "stopped": 0, "off": 0, "run": 1, "running": 1, "on": 1, "fault": 2, "trip": 2}


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of one upload, oldest first as sent. Raises BadMessage only."""
    body = _wire.obj(payload)
    if (plain := _wire.generic(topic, body, received_at)) is not None:
        return plain
    place = _wire.station(topic, _wire.get(body, "dev"), "dev")
    rows = _wire.get(body, "list")
    if not isinstance(rows, list):
        raise BadMessage("shape", f"“list”应是读数的列表，现为“{_wire.short(rows)}”；请按格式发送")

    def read(item: tuple[int, object]) -> Reading | bool | None:
        number, row = item
        where = f"list[{number}]"
        if not isinstance(row, dict):
            raise BadMessage("shape", f"{where} 应是一个读数对象，现为“{_wire.short(row)}”；请按格式发送")
        row = _wire.one_case(row)
        point = _wire.quantity(row.get("p"), f"{where}.p")
        kind, unit = POINTS.get(point.lower(), (f"?{point}", None))
        value = row.get("v")
        if unit is None and (mark := _provenance.marks(point, value)) is not None:
            return mark
        if kind == "pump_state" and isinstance(value, str) and _wire.half(value).lower() in PUMP:
            value = PUMP[_wire.half(value).lower()]
        found = _wire.measured(value, f"{where}.v")
        if found is None:
            return None
        given = row.get("u")
        if unit != "" and given not in (None, ""):
            given = _wire.word(given, f"{where}.u")
            if given.lower() != unit:
                kind += f"@{given}"
        seq = "" if row.get("n") is None else _wire.word(row["n"], f"{where}.n")
        quality = Quality.TEST if _provenance.is_test(row) else found[1]
        return Reading(place, kind, _wire.when(row.get("t"), f"{where}.t", about=received_at), found[0], quality, seq)

    return _wire.gather(enumerate(rows), read, "“list”里一个读数也没有；请核对记录仪是否在采集", body)


def flat(row: dict[str, Any], point: tuple[float, float] | None = None) -> dict[str, Any]:
    """A row of a table (dev, p, v, u, t, n) as an upload of one reading. Messages stay. A blank cell is one left out."""
    if {k.lower() for k in row} & {"list", "kind", "readings"}:
        return row
    given = _wire.one_case({k: v for k, v in row.items() if v != ""})
    return {k: v for k, v in given.items() if k.lower() == "dev"} | {
        "list": [{k.lower(): v for k, v in given.items() if k.lower() != "dev"}]
    }
