"""雪亮工程视频: what the GB/T 28181 platform says about its cameras, MANSCDP messages as XML or as JSON.

Topic `city/441402/cameras/<单位>/<设备或平台编码>`, 20-digit IDs (GB/T 28181 annex D). Under the code of a platform or a recorder a
message may be of any device it carries for; under that of a camera, of this camera or a catalog:

- Keepalive of one camera: `{"CmdType": "Keepalive", "DeviceID": "44140200081326000123", "SN": 17, "Status": "OK",
  "Time": "2026-09-03T08:00:00"}`: it is online. Where the platform judges pictures it adds `Fault` (code 0–4 or its
  word, table `FAULTS`); Status ERROR wants one.
- Catalog notify of the platform: `{"CmdType": "Catalog", "Time": …, "DeviceList": [{"DeviceID": …, "Status": "OFF"}]}`.
- DeviceStatus answer: `{"CmdType": "DeviceStatus", "DeviceID": …, "Online": "ONLINE", "Status": "OK", "Fault": 0}`.

The XML is that of the standard (`_manscdp.py`): root Notify or Response, in GB 2312 where it declares nothing, the same names;
of a damaged one what is whole is taken and the rest refused. The items of a subscribed catalog say `Event` instead of
`Status`: ON, OFF, VLOST (no picture), DEFECT; ADD, UPDATE and DEL say nothing about a state. A catalog also lists what is no
camera (districts, groups, platforms, alarm inputs): what is no device, or says no state and need not, is passed over.

A keepalive in XML has no time: it stands at its receipt, and is known again by its SN and digest when it is delivered twice
(`commit.settle_clocks`), for an hour or, below SN 100, a minute from its first receipt. A platform that adds `<Time>` lets
it be known whenever it comes; one whose SN stands still at 100 or above must, or it is heard once an hour.

Why not for longer: SN begins anew whenever a device starts, and what was sent then must not hide what is sent now. Why
shorter below 100: there is every device that has just started, and every platform that always says the 1 it began with
or the 43 of the standard's example; a camera is offline after three minutes.

Each gives `camera_online` (0/1) and, when the picture was judged, `camera_fault`: Status OK alone says that the device
works, not that anything can be seen. Times without offset are Beijing time.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from brain.model import Quality, Reading
from ingest.feeds import BadMessage, Feed, _provenance, _wire, topic
from ingest.feeds.cameras import _manscdp

FEED = Feed("cameras", "视频巡检", "cameras", topic("cameras"), "gaj")

SINCE = "since:"
"""Begins the `seq` of what stands at its receipt and is known again from a certain second on: `since:<second>:…`. Looked for
by `commit` and, for the second, by `intake_clock_twins`."""
HOUR_S, MINUTE_S, SMALL = 3600, 60, 100
_SINCE = re.compile(rf"{SINCE}([0-9]{{1,11}}):([0-9]{{1,18}}):([0-9a-f]{{8}})")

ONLINE = {"ON": 1.0, "ONLINE": 1.0, "OFF": 0.0, "OFFLINE": 0.0, "DEFECT": 0.0}
NO_STATE = frozenset({"ADD", "UPDATE", "DEL"})
CIVIL = frozenset({2, 4, 6, 8, 10})
PROVINCES = range(11, 83)
"""Digits of the code of a 行政区划 or 基层接入单位, and how it begins (GB/T 2260): no camera's code, but a part of it."""
FRONT = range(111, 134)
"""Types (digits 11–13 of a code) of what shows pictures: recorders, encoders, cameras. Beyond are alarms, voice, platforms."""
CAMERAS = frozenset({131, 132})
"""Types of what has one picture and passes on nobody else's: camera, network camera."""
ORGANISATION = range(200, 600)
"""Types of centres, groups (215 业务分组, 216 虚拟组织), users and platforms: no devices, whatever Status they are given."""
FAULTS = {
    "0": 0.0, "OK": 0.0, "NONE": 0.0, "1": 1.0, "BLACK": 1.0, "2": 2.0, "BLUR": 2.0,
    "3": 3.0, "COVERED": 3.0, "4": 4.0, "FROZEN": 4.0,
}  # fmt: skip


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of one message. Raises BadMessage only."""
    xml = _manscdp.is_xml(payload)
    body, lost = _manscdp.read(payload) if xml else (_wire.obj(payload), "")
    if not lost:
        return _read(topic, body, xml, payload, received_at)
    try:
        found = _read(topic, body, xml, payload, received_at)
    except BadMessage as err:
        raise BadMessage(err.rule, f"{err.reason}；另外，{lost}", err.rest) from None
    raise BadMessage("decode", lost if "；" in lost else f"{lost}；请平台核对后分开重发", found)


def _read(topic: str, body: dict[str, Any], xml: bool, payload: bytes, received_at: datetime) -> list[Reading]:
    if (plain := _wire.generic(topic, body, received_at)) is not None:
        return plain
    command = body.get("CmdType")
    said = _wire.get(body, "Time", "DateTime", "DeviceTime")
    timeless = xml and said is None
    at = received_at if timeless else _wire.when(said, "Time", about=received_at)
    seq = _known_by(body.get("SN"), payload, received_at) if timeless else ""
    if command == "Catalog":
        devices = body.get("DeviceList")
        if not isinstance(devices, list):
            raise BadMessage(
                "shape", f"“DeviceList”应是设备的列表，现为“{_wire.short(devices)}”；请按 GB/T 28181 目录通知发送"
            )
        listed = [item for item in enumerate(devices) if not _no_camera(item[1])]
        empty = "“DeviceList”里没有一台设备的状态；没有变化时不必通知"
        return _wire.gather(listed, lambda item: _said_of(item, at, seq), empty, body) if listed else []
    if command not in ("Keepalive", "DeviceStatus"):
        raise BadMessage(
            "kind", f"不认识的 CmdType“{_wire.short(command)}”；可用 Keepalive、Catalog、DeviceStatus（GB/T 28181）"
        )
    place = _device(_wire.station(_spoken_for(topic, body), body.get("DeviceID"), "DeviceID"), "DeviceID")
    return _wire.gather(
        (_online, _fault), lambda read: read(body, command, place, at, seq), "报文里没有在线与故障状态", body
    )


def _spoken_for(topic: str, body: dict[str, Any]) -> str:
    """The topic, or no station's where it is that of a platform or a recorder, which passes on what its cameras say: whose they are
    is the writer's question, as it is of a catalog."""
    code = topic.rsplit("/", 1)[-1]
    carries = len(code) == 20 and code.isascii() and code.isdigit() and int(code[10:13]) not in CAMERAS
    return "-" if carries and body.get("DeviceID") is not None else topic


def _device(code: str, where: str) -> str:
    if not (len(code) == 20 and code.isascii() and code.isdigit()):
        raise BadMessage("station", f"“{where}”应是 20 位国标编码，现为“{_wire.short(code)}”；请核对平台的设备编码")
    return code


def _known_by(sn: object, payload: bytes, received_at: datetime) -> str:
    """What a message without a time is known by; nothing where it has no number of its own, for then two that were sent
    could not be told from one that came twice."""
    if not (isinstance(sn, str) and sn.isascii() and sn.isdigit() and len(sn) <= 18):
        return ""
    span = MINUTE_S if int(sn) < SMALL else HOUR_S
    at = int(received_at.timestamp())
    return f"{SINCE}{at - at % span}:{int(sn)}:{zlib.crc32(payload):08x}"


def just_before(seq: str) -> tuple[str, timedelta] | None:
    """What the same message is known by where it was received in the hour or minute before, and how long it is one; None for
    what is known otherwise. The span begins with the first receipt and not with the clock's hour, so both are looked for."""
    found = _SINCE.fullmatch(seq)
    if not found:
        return None
    span = MINUTE_S if int(found[2]) < SMALL else HOUR_S
    return f"{SINCE}{max(0, int(found[1]) - span)}:{found[2]}:{found[3]}", timedelta(seconds=span)


def _no_camera(row: object) -> bool:
    """Whether an item of a catalog is none that could be online: a district, an organisation, or without a state another part."""
    if not isinstance(row, dict):
        return False
    code = str(row.get("DeviceID") or "").strip()
    if not (code.isascii() and code.isdigit()):
        return False
    if len(code) != 20:
        return len(code) in CIVIL and int(code[:2]) in PROVINCES
    if int(code[10:13]) in ORGANISATION:
        return True
    if row.get("Status") is not None:
        return False
    event = row.get("Event")
    return str(event).upper() in NO_STATE or (event is None and int(code[10:13]) not in FRONT)


def _said_of(item: tuple[int, Any], at: datetime, seq: str) -> list[Reading]:
    found = list(_listed(item, at, seq))
    return [one._replace(quality=Quality.TEST) for one in found] if _provenance.is_test(item[1]) else found


def _listed(item: tuple[int, Any], at: datetime, seq: str) -> Iterator[Reading]:
    number, row = item
    where = f"DeviceList[{number}]"
    if not isinstance(row, dict):
        raise BadMessage("shape", f"{where} 应是一个设备对象，现为“{_wire.short(row)}”；请按格式发送")
    place = _device(_wire.word(row.get("DeviceID"), f"{where}.DeviceID"), f"{where}.DeviceID")
    field = "Status" if row.get("Status") is not None or row.get("Event") is None else "Event"
    state = str(row.get(field)).upper()
    if field == "Event" and state == "VLOST":
        yield Reading(place, "camera_fault", at, FAULTS["BLACK"], seq=seq)
        return
    if state not in ONLINE:
        said = _wire.short(row.get(field))
        raise BadMessage("value", f"{where}.{field} 应是 ON 或 OFF，现为“{said}”；请核对目录通知")
    yield Reading(place, "camera_online", at, ONLINE[state], seq=seq)
    if row.get("Fault") is not None:
        yield Reading(place, "camera_fault", at, _code(row["Fault"], f"{where}.Fault"), seq=seq)


def _online(body: dict[str, Any], command: str, place: str, at: datetime, seq: str) -> Reading:
    """A keepalive proves by itself that the camera is online; a status answer says it."""
    said = "ONLINE" if command == "Keepalive" else str(body.get("Online")).upper()
    if said not in ONLINE:
        given = _wire.short(body.get("Online"))
        raise BadMessage("value", f"“Online”应是 ONLINE 或 OFFLINE，现为“{given}”；请核对状态应答")
    return Reading(place, "camera_online", at, ONLINE[said], seq=seq)


def _fault(body: dict[str, Any], command: str, place: str, at: datetime, seq: str) -> Reading | None:
    status = str(body.get("Status")).upper()
    if body.get("Fault") is not None:
        return Reading(place, "camera_fault", at, _code(body["Fault"], "Fault"), seq=seq)
    if status == "OK" or body.get("Status") is None:
        return None
    if status == "ERROR":
        raise BadMessage(
            "value", "状态 ERROR 却没有故障代码 Fault；请在平台上打开故障类型上报（1 黑屏、2 模糊、3 遮挡、4 冻结）"
        )
    raise BadMessage("value", f"“Status”应是 OK 或 ERROR，现为“{_wire.short(body.get('Status'))}”；请核对平台的报文")


def _code(value: object, where: str) -> float:
    said = _wire.word(value, where).upper()
    if said not in FAULTS:
        raise BadMessage(
            "value", f"“{where}”不认识的故障代码“{_wire.short(value)}”；可用 0–4 或 BLACK、BLUR、COVERED、FROZEN"
        )
    return FAULTS[said]
