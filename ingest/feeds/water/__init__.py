"""河长制水情水质: automatic water quality stations and river gauges, JSON.

Two messages share the topic `city/441402/water/<单位>/<测站>`:

- 水质 (GB 3838 items under the names people use; table `ITEMS`):
  `{"站码": "WQ-01", "监测时间": "2026-09-03 08:00", "数据": {"水温": 28.8, "pH": 7.02, "溶解氧": 5.74,
  "浊度": 232.7, "氨氮": "--"}, "标识": {"溶解氧": "N"}}`. `--` and the like are gaps. 标识 is the HJ 212 data flag of
  an item (or of all, when it is one letter); N where it is missing.
- 水文 (field names of SL 323): `{"stcd": "WL-01", "tm": "2026-09-03T08:00:00+08:00", "z": 75.93, "q": 1210}`; z is the
  stage in m above the station's datum, q the flow in m³/s.

Times without offset are Beijing time. Older gateways send GBK: read. Chlorophyll and algae counts are known and not
kept; an item that nobody knows travels as `?name`, so that the district can map it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from brain.model import Quality, Reading
from ingest.feeds import BadMessage, Feed, _provenance, _wire, topic

FEED = Feed("water", "水情水质", "water", topic("water"), "swj", gbk=True)

ITEMS = {
    "water_temp": ("水温", "温度", "WT"),
    "ph": ("pH", "pH值", "酸碱度"),
    "dissolved_oxygen": ("溶解氧", "DO"),
    "conductivity": ("电导率", "电导", "EC", "COND"),
    "turbidity": ("浊度", "TURB", "NTU"),
    "codmn": ("高锰酸盐指数", "高锰酸盐", "CODMn", "IMn"),
    "ammonia": ("氨氮", "NH3-N", "NH3N", "NH4-N"),
    "total_phosphorus": ("总磷", "TP"),
    "total_nitrogen": ("总氮", "TN"),
}
STAGE = {"z": "water_level", "q": "water_flow"}
HEAD = frozenset({"站码", "stcd", "station", "监测时间", "tm", "at", "标识"})
NOT_KEPT = frozenset({"叶绿素", "叶绿素α", "叶绿素A", "藻密度", "藻类密度", "透明度"})
KIND_OF = {name.upper(): kind for kind, names in ITEMS.items() for name in names}
"""Item name in capitals → sensor kind."""


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of one message; quality from the data flag. Raises BadMessage only."""
    body = _wire.obj(payload, gbk=FEED.gbk)
    if (plain := _wire.generic(topic, body, received_at)) is not None:
        return plain
    place = _wire.station(topic, _wire.get(body, "站码", "stcd", "station"), "站码")
    at = _wire.when(_wire.get(body, "监测时间", "tm", "at"), "监测时间", about=received_at)
    items = _wire.get(body, "数据", "监测项")
    if items is None:
        found = {k.lower(): v for k, v in body.items() if k.lower() in STAGE}
        return _wire.gather(
            found.items(),
            lambda item: _reading(place, STAGE[item[0]], at, item[1], item[0], Quality.OK),
            "报文里既没有“数据”（水质），也没有 z、q（水位、流量）；请核对上报内容",
            body,
        )
    if not isinstance(items, dict):
        raise BadMessage("shape", f"“数据”应是项目到数值的对照，现为“{_wire.short(items)}”；请按格式发送")
    flags = body.get("标识")
    common = _wire.flag_of_all(flags)

    def read(item: tuple[str, object]) -> Reading | bool | None:
        name, value = item
        kind = KIND_OF.get(name) or _kind(name)
        if kind[:1] in ("", "?") and (not kind or (mark := _provenance.marks(name, value)) is not None):
            return mark if kind else None
        quality = common or _wire.flag(flags.get(name) if isinstance(flags, dict) else flags, f"标识.{_wire.short(name)}")
        return _reading(place, kind, at, value, name, quality)

    return _wire.gather(items.items(), read, "“数据”里一个数值也没有；请核对分析仪是否在线", body)


def _kind(given: str) -> str:
    """The sensor kind of an item's name; "" for one that is not kept, `?name` for one that the district may map."""
    name = _wire.fold(given).replace(" ", "")
    if name in NOT_KEPT:
        return ""
    return KIND_OF.get(name.upper()) or "?" + _wire.quantity(name, "监测项")


def flat(row: dict[str, Any], point: tuple[float, float] | None = None) -> dict[str, Any]:
    """A row of a table (站码, 监测时间, 水温, pH, …) as a message: what is no head goes into 数据. Messages stay."""
    names = {k.lower() for k in row}
    if names & {*STAGE, "数据", "监测项", "kind", "readings"}:
        return row
    head = {k: v for k, v in row.items() if k.lower() in HEAD or _provenance.tells(k, v)}
    return head | {"数据": {k: v for k, v in row.items() if k not in head}}


def _reading(place: str, kind: str, at: datetime, value: object, where: str, quality: Quality) -> Reading | None:
    if type(value) is float:  # what most send
        return Reading(place, kind, at, value, quality)
    found = _wire.measured(value, _wire.short(where))
    return None if found is None else Reading(place, kind, at, found[0], _wire.worse(quality, found[1]))
