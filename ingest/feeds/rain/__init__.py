"""雨量站: hourly accumulations as SL 651 stations send them, forwarded as JSON.

Topic `city/441402/rain/<单位>/<测站>`, payload `{"stcd": "RG-01", "tm": "2026-09-03T08:00:00+08:00", "p1": 12.5, "p3": 20.1,
"p6": 22.0, "p24": 35.5}`: mm fallen in the 1, 3, 6 and 24 hours that end at `tm`. A missing or blank field is a gap
(the station has not yet run that long). Numbers may be text, digits full-width. Times without offset are Beijing time.
"""

from __future__ import annotations

from datetime import datetime

from brain.model import Reading
from ingest.feeds import Feed, _wire, topic

FEED = Feed("rain", "雨情", "rain", topic("rain"), "qxj")

FIELDS = {"p1": "rain_1h", "p3": "rain_3h", "p6": "rain_6h", "p24": "rain_24h"}


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of one message. Raises BadMessage only."""
    body = {k.lower(): v for k, v in _wire.obj(payload).items()}
    if (plain := _wire.generic(topic, body, received_at)) is not None:
        return plain
    place = _wire.station(topic, body.get("stcd"), "stcd")
    at = _wire.when(body.get("tm"), "tm", about=received_at)

    def read(field: str) -> Reading | None:
        value = _wire.number(body.get(field), field)
        return None if value is None else Reading(place, FIELDS[field], at, value)

    return _wire.gather(FIELDS, read, "报文里没有 p1、p3、p6、p24 中的任何一个雨量；请核对上报内容", body)
