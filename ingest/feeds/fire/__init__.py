"""森林防火: satellite hotspots, fire weather stations, smoke and thermal heads.

- `city/441402/fire/lyj/hotspots`: rows of NASA FIRMS (active fire product), as CSV with its header line or as JSON
  `{"instrument": "MODIS", "rows": [{"latitude": 24.23, "longitude": 116.14, "acq_date": "2026-09-03",
  "acq_time": "0325", "satellite": "T", "confidence": 98, "frp": 101.3}]}`. acq_* are UTC. MODIS gives
  confidence 0–100, VIIRS l, n or h (`CONFIDENCE`). A row becomes `hotspot` (fire radiative power, MW) and
  `hotspot_confidence` at the place `@lng,lat`: the batch writer books it on the watch cell that holds the point; `seq`
  keeps satellite and exact place, because one overpass sees several fires in one cell. A FIRMS sheet by the file door or
  the upload page is read by `brain.sheets.measurements` and gives the same readings.
- `city/441402/fire/lyj/FM-01` weather: `{"stcd": "FM-01", "tm": "2026-09-03T14:00:00+08:00", "t": 33.2, "rh": 41,
  "ws": 3.4, "p24": 0}`: air temperature ℃, relative humidity %, wind m/s, rain of 24 h mm.
- `city/441402/fire/lyj/FS-01` heads: `{"dev": "FS-01", "ts": 1788393600, "smoke": 0, "tmax": 41.2}`: smoke 0/1, hottest
  spot ℃.
"""

from __future__ import annotations

import csv
import io
import math
from datetime import datetime
from typing import Any

from brain.model import Quality, Reading
from brain.sheets import places
from brain.sheets.cells import Unreadable
from ingest.feeds import BadMessage, Feed, _provenance, _wire, topic

FEED = Feed("fire", "森林防火", "fire", topic("fire"), "lyj")

CONFIDENCE = {"l": 15.0, "low": 15.0, "n": 50.0, "nominal": 50.0, "h": 90.0, "high": 90.0}
"""VIIRS words as points of the MODIS scale."""
WEATHER = {"t": "air_temp", "rh": "humidity", "ws": "wind_speed", "p24": "rain_24h"}
HEAD = {"smoke": "smoke", "tmax": "thermal_max"}


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of one message; those of hotspots carry a place (`@lng,lat`) as station. Raises BadMessage only."""
    tail = topic.rsplit("/", 1)[-1]
    if tail == "hotspots":
        return _hotspots(payload)
    body = {k.lower(): v for k, v in _wire.obj(payload).items()}
    if "rows" in body and tail in ("-", ""):  # not under a station's topic: its sender may write that station only
        return _hotspots(payload)
    if (plain := _wire.generic(topic, body, received_at)) is not None:
        return plain
    place = _wire.station(topic, _wire.get(body, "stcd", "dev"), "stcd")
    at = _wire.when(_wire.get(body, "tm", "ts"), "tm", about=received_at)
    fields = HEAD if "smoke" in body or "tmax" in body else WEATHER

    def read(field: str) -> Reading | None:
        value = _wire.number(body.get(field), field)
        return None if value is None else Reading(place, fields[field], at, value)

    return _wire.gather(fields, read, "报文里没有气象要素（t、rh、ws、p24），也没有 smoke、tmax；请核对上报内容", body)


def flat(row: dict[str, Any], point: tuple[float, float] | None = None) -> dict[str, Any]:
    """A hotspot in a row of its own (FIRMS CSV), or as a point with properties (GeoJSON), as a message. Messages stay."""
    if not any(isinstance(name, str) and name.strip().lower() == "acq_date" for name in row):
        return row
    place = {} if point is None else {"longitude": point[0], "latitude": point[1]}
    return {"rows": [place | row]}


def _hotspots(payload: bytes) -> list[Reading]:
    given, around = _rows(payload)
    rows = [(n, _lower(row)) for n, row in enumerate(given)]
    return _wire.gather(rows, _hotspot_or_test, "热点报文里一行也没有；没有热点时不必发送", around)


def _hotspot_or_test(item: tuple[int, Any]) -> list[Reading]:
    found = _hotspot(item)
    return [one._replace(quality=Quality.TEST) for one in found] if _provenance.is_test(item[1]) else found


def _lower(row: Any) -> Any:
    return {k.strip().lower(): v for k, v in _wire.one_case(row).items()} if isinstance(row, dict) else row


def _rows(payload: bytes) -> tuple[list[Any], dict[str, Any] | None]:
    """The rows of a message, and what stands around them where that is an object."""
    said = _wire.text(payload)
    if said.lstrip()[:1] not in ("{", "["):
        return _table(said.lstrip()), None
    body = _wire.tree(payload, many=True)
    return _rows_of(body), body if isinstance(body, dict) else None


def _rows_of(body: Any) -> list[Any]:
    """Rows of a JSON message: `rows`, a list of them, one, or the features of a GeoJSON."""
    if isinstance(body, list):
        return body
    low = _lower(body)
    if isinstance(low, dict) and "rows" not in low and isinstance(low.get("features"), list):
        return [_feature(one, low.get("crs")) for one in low["features"]]
    if isinstance(low, dict) and "rows" not in low and "latitude" in low:
        return [body]
    rows = low.get("rows") if isinstance(low, dict) else None
    if not isinstance(rows, list):
        raise BadMessage("shape", f"“rows”应是热点的列表，现为“{_wire.short(rows)}”；请按 FIRMS 的字段发送")
    return rows


def _feature(one: Any, named: Any) -> Any:
    given = one.get("properties") if isinstance(one, dict) else None
    if not isinstance(given, dict):
        return one
    given = _provenance.told({name: value for name, value in one.items() if name != "properties"}) | given
    if "geometry" not in one or {"longitude", "latitude"} <= {str(k).lower() for k in given}:
        return given
    try:
        lng, lat = places.of_geometry(one["geometry"], "这个要素")
    except Unreadable as err:
        return given | {"geometry": str(err)}
    return {"longitude": lng, "latitude": lat, "crs": named} | given


def _table(said: str) -> list[Any]:
    """Rows of a CSV by the names in its first line, in any order and case; a row with more cells than that is refused in its
    place, because nobody knows which of them is which."""
    head = said.partition("\n")[0].strip()
    for comma in ",;\t|":
        names = [name.strip().strip('"').lower() for name in head.split(comma)]
        if set(names) >= {"latitude", "longitude", "acq_date"}:
            break
    else:
        raise BadMessage(
            "decode",
            f"既不是 FIRMS 的 CSV（首行应有 latitude、longitude、acq_date、acq_time）也不是 JSON：“{_wire.short(said)}”；请核对中继文件",
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadMessage("decode", f"CSV 首行里“{_wire.short(twice)}”有两列；请重新下载该文件")
    try:
        rows = list(csv.reader(io.StringIO(said, newline=""), delimiter=comma))[1:]
    except csv.Error:
        raise BadMessage("decode", "CSV 断行或引号不配对；请重新下载该文件") from None
    return [
        dict(zip(names, row, strict=True)) if len(row) == len(names) else _odd(names, row) for row in rows if any(row)
    ]


def _odd(names: list[str], row: list[str]) -> Any:
    short = dict(zip(names, row, strict=False))
    return short if len(row) < len(names) else f"{len(row)} 格，首行只有 {len(names)} 列"


def _hotspot(item: tuple[int, Any]) -> list[Reading]:
    line, row = item
    where = f"第 {line + 1} 行"
    if not isinstance(row, dict):
        raise BadMessage("shape", f"{where}应是一个热点对象，现为“{_wire.short(row)}”；请按 FIRMS 的字段发送")
    lng, lat = (_wire.number(row.get(name), f"{where} {name}") for name in ("longitude", "latitude"))
    if isinstance(row.get("geometry"), str):
        raise BadMessage("place", f"{where}：{row['geometry']}")
    if lng is None or lat is None:
        raise BadMessage("place", f"{where}没有可用的经纬度 longitude、latitude；请核对列的次序")
    try:
        lng, lat = places.located(lng, lat, where, places.system(row.get("crs")))
    except Unreadable as err:
        raise BadMessage(err.rule, str(err)) from None
    day = _wire.word(row.get("acq_date"), f"{where} acq_date")
    hhmm = _wire.word(row.get("acq_time"), f"{where} acq_time")
    hhmm = hhmm[:2] + hhmm[3:] if hhmm[2:3] == ":" and len(hhmm) == 5 else hhmm
    if not (hhmm.isascii() and hhmm.isdigit() and len(hhmm) <= 4):
        raise BadMessage("time", f"{where} acq_time 应是 UTC 的 HHMM，现为“{_wire.short(hhmm)}”；请核对列的次序")
    hhmm = hhmm.zfill(4)
    at = _wire.when(f"{day} {hhmm[:2]}:{hhmm[2:]}Z", f"{where} acq_date")
    power = _wire.number(row.get("frp"), f"{where} frp")
    if power is None:
        raise BadMessage("value", f"{where}没有 frp（火辐射功率）；请下载带 frp 的产品")
    given = row.get("confidence")
    sure = CONFIDENCE.get(_wire.half(given).lower()) if isinstance(given, str) else None
    if sure is None:
        sure = _wire.number(given, f"{where} confidence")
    satellite = _wire.word(row.get("satellite") or "?", f"{where} satellite")
    place = f"@{lng:.5f},{lat:.5f}"
    seq = f"{satellite}{place}"
    found = [Reading(place, "hotspot", at, power, seq=seq)]
    if sure is not None and not math.isnan(sure):
        found.append(Reading(place, "hotspot_confidence", at, sure, seq=seq))
    return found
