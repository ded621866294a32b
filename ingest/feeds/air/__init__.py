"""环境空气自动站: hourly means with data flags, HJ 212-2017 factor codes as JSON.

Topic `city/441402/air/<单位>/<测站>`, payload `{"MN": "AQ-01", "DataTime": "20260903080000", "CP": {"a34004": {"Avg": 38,
"Flag": "N"}, "a21005": {"Avg": 0.6, "Flag": "N"}}}`. Codes and the names people use for them stand in `FACTORS`; CO is
in mg/m³, all others in µg/m³. A factor may be a bare number (flag N). Flags: `_wire.FLAGS`. Temperature, humidity,
pressure and wind of the same station are known and not kept. A factor that nobody knows travels as `?name`, so that the
district can map it. Times without offset are Beijing time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from brain.model import Quality, Reading
from ingest.feeds import BadMessage, Feed, _provenance, _wire, topic

FEED = Feed("air", "环境空气", "air", topic("air"), "sthj")

FACTORS = {
    "pm25": ("a34004", "PM2.5", "PM25"),
    "pm10": ("a34002", "PM10"),
    "so2": ("a21026", "SO2"),
    "no2": ("a21004", "NO2"),
    "o3": ("a05024", "O3"),
    "co": ("a21005", "CO"),
}
NOT_KEPT = frozenset(
    {"A01001", "A01002", "A01006", "A01007", "A01008", "A34001", "A21002", "A21003", "TSP", "NO", "NOX"}
)
KIND_OF = {name.upper(): kind for kind, names in FACTORS.items() for name in names}
"""Factor code or name in capitals → sensor kind."""


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of one message; quality from each factor's data flag. Raises BadMessage only."""
    body = _wire.obj(payload)
    if (plain := _wire.generic(topic, body, received_at)) is not None:
        return plain
    place = _wire.station(topic, _wire.get(body, "MN"), "MN")
    at = _wire.when(_wire.get(body, "DataTime"), "DataTime", about=received_at)
    factors = _wire.get(body, "CP", "items")
    if not isinstance(factors, dict):
        raise BadMessage("shape", f"“CP”应是因子到数值的对照，现为“{_wire.short(factors)}”；请按格式发送")

    def read(item: tuple[str, object]) -> Reading | bool | None:
        name = _wire.fold(item[0]).upper()
        if name in NOT_KEPT:
            return None
        kind = KIND_OF.get(name)
        if kind is None:
            if (mark := _provenance.marks(*item)) is not None:
                return mark
            kind = "?" + _wire.quantity(item[0], "因子")
        value, quality, test = item[1], Quality.OK, False
        if isinstance(value, dict):
            value = _wire.one_case(value)
            test = _provenance.is_test(value)
            quality = _wire.flag(_wire.get(value, "Flag"), f"{_wire.short(name)}.Flag")
            value = _wire.get(value, "Avg", "Rtd")
        found = _wire.measured(value, f"{_wire.short(name)}.Avg")
        if found is None:
            return None
        return Reading(place, kind, at, found[0], Quality.TEST if test else _wire.worse(quality, found[1]))

    return _wire.gather(factors.items(), read, "“CP”里一个数值也没有；请核对分析仪是否在线", body)


def flat(row: dict[str, Any], point: tuple[float, float] | None = None) -> dict[str, Any]:
    """A row of a table (MN, DataTime, PM2.5, SO2, …) as a message: the factors go into CP. Messages stay."""
    if {k.lower() for k in row} & {"cp", "items", "kind", "readings"}:
        return row
    head = {k: v for k, v in row.items() if k.lower() in ("mn", "datatime")}
    head |= {k: v for k, v in row.items() if _provenance.tells(k, v)}
    return head | {"CP": {k: v for k, v in row.items() if k not in head}}
