"""预警信息 in CAP 1.2 (OASIS; GB/T 35965.1 is based on it): one XML message, one public warning.

Read are the fields a duty room needs (see `HazardWarning`), of the info block in Chinese where there are several. Level:
the colour in the headline, for that is what was signed; else by severity (红 Extreme, 橙 Severe, 黄 Moderate, 蓝 Minor).
Points are WGS84 (taken as EPSG:4490), latitude first in the message and longitude first here.

Why strict about times, polygons and references: the standard's own vectors are; an end that is misread by eight hours, or an
area with its axes swapped, is worse than a warning in the dead letter that somebody looks at. So is an end in the year 9999: it
would stand in every strip until then, and no clock on a wall can say it. How far times may lie is practice (bounds.toml).
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from brain import catalog
from brain.model import HazardWarning, Level
from brain.rules.strangers import OutOfBounds, bounded_time, plain_text
from ingest.feeds import ANY, BadMessage, Feed, _wire

FEED = Feed("cap", "预警信息（CAP 1.2）", ANY, "", "yjj")

SPACES = ("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1", "")
WORDS = {
    "status": ("Actual", "Exercise", "System", "Test", "Draft"),
    "msgType": ("Alert", "Update", "Cancel", "Ack", "Error"),
    "scope": ("Public", "Restricted", "Private"),
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown"),
}
LEVELS = {"Extreme": Level.RED, "Severe": Level.ORANGE, "Moderate": Level.YELLOW, "Minor": Level.BLUE}
COLOURS = {"红": Level.RED, "橙": Level.ORANGE, "黄": Level.YELLOW, "蓝": Level.BLUE, "白": None}
_COLOUR = re.compile("([红橙黄蓝白])色")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_NUMBER = r"-?\d{1,3}(?:\.\d{1,12})?"
_PAIR = re.compile(f"({_NUMBER}),({_NUMBER})")
_CIRCLE = re.compile(rf"({_NUMBER}),({_NUMBER}) (\d{{1,6}}(?:\.\d{{1,12}})?)")
POINTS_MAX = 20_000
VALUES_MAX = 2_000
"""Names, geocodes or outlines of one message."""

_bounds = catalog.bounds()


def furnish(folder: str) -> None:
    """The city's own bounds. Raises BadCatalog."""
    global _bounds
    _bounds = catalog.bounds(folder or None)


def parse(topic: str, payload: bytes, received_at: datetime) -> list[HazardWarning]:
    """The warning of one message. Raises BadMessage only."""
    alert = _alert(payload)
    status, kind = _one_of(alert, "status"), _one_of(alert, "msgType")
    refers = references(_text(alert, "references")) if alert.find("references") is not None else ()
    if kind in ("Update", "Cancel") and not refers:
        raise BadMessage("shape", f"msgType 是 {kind}，却没有 references；请发送方补上被更新或解除的预警")
    info = _info(alert)
    if info is None and kind in ("Alert", "Update"):
        raise BadMessage("shape", "报文里没有 info（预警内容）；请发送方核对报文是否截断")
    found = HazardWarning(
        identifier=_key(alert, "identifier"), sender=_key(alert, "sender"), sent=moment(_text(alert, "sent"), "sent"),
        status=status, msg_type=kind, scope=_one_of(alert, "scope"), refers=refers,
    )  # fmt: skip
    return [_within(found if info is None else _with_info(found, info), received_at)]


def _within(found: HazardWarning, now: datetime) -> HazardWarning:
    """The warning with its times looked at: issued about now, and everything it says about that time. Raises BadMessage."""
    b = _bounds
    sent = _bounded("sent", found.sent, now, now - b.oldest, b.warning_ahead, "现在")
    lasts = b.warning_lasts
    times = {
        key: said and _bounded(key, said, sent, lasts, lasts, "sent")
        for key, said in (("effective", found.effective), ("onset", found.onset), ("expires", found.expires))
    }
    return replace(found, sent=sent, **times)


def _bounded(key: str, said: datetime, now: datetime, past: timedelta, ahead: timedelta, of: str) -> datetime:
    try:
        return bounded_time(said, now, past, ahead)
    except OutOfBounds as err:
        far, side = (past, "早") if err.early else (ahead, "晚")
        more = "，长期有效的预警不要写 expires" if key == "expires" and not err.early else ""
        raise BadMessage(
            "time", f"“{key}”是 {said.date().isoformat()}，比{of}{side}了 {far / timedelta(days=1):g} 天以上；请发送方核对时间{more}"
        ) from None


def _alert(payload: bytes) -> Element:
    if not payload.strip():
        raise BadMessage("decode", "报文是空的；请发送方核对")
    try:
        alert = ElementTree.fromstring(payload, forbid_dtd=True)
    except DefusedXmlException as err:
        raise BadMessage("decode", f"XML 里有不允许的声明（{type(err).__name__}）；请发送方去掉 DTD 与实体") from None
    except (ParseError, ValueError, LookupError, RecursionError) as err:
        raise BadMessage("decode", f"不是合法的 XML：{_wire.short(str(err), 80)}；请发送方核对编码与标签") from None
    space, name = _split(alert.tag)
    if name != "alert" or space not in SPACES:
        raise BadMessage("shape", f"根元素是“{_wire.short(alert.tag, 80)}”，不是 CAP 1.2 的 alert；请核对接入的格式")
    for element in alert.iter():
        element.tag = _split(element.tag)[1]
    return alert


def _split(tag: Any) -> tuple[str, str]:
    space, _, name = str(tag).rpartition("}")
    return space.removeprefix("{"), name


def _info(alert: Element) -> Element | None:
    blocks = alert.findall("info")
    return next((b for b in blocks if _text(b, "language").lower().startswith("zh")), blocks[0] if blocks else None)


def _with_info(alert: HazardWarning, info: Element) -> HazardWarning:
    severity, headline, event = _one_of(info, "severity"), _text(info, "headline"), _text(info, "event")
    if not event:
        raise BadMessage("shape", "info 里没有 event（灾种）；请发送方补上")
    codes = _values(info, "eventCode")
    times = {key: moment(_text(info, key), key) if _text(info, key) else None for key in ("effective", "onset", "expires")}
    return HazardWarning(
        identifier=alert.identifier, sender=alert.sender, sent=alert.sent, status=alert.status, msg_type=alert.msg_type,
        scope=alert.scope, refers=alert.refers, event=event, event_code=codes[0][1] if codes else "",
        category="、".join(_all(info, "category")), urgency=_one_of(info, "urgency"), severity=severity,
        certainty=_one_of(info, "certainty"), level=None if alert.msg_type == "Cancel" else level_of(headline or event, severity),
        sender_name=_text(info, "senderName"), headline=headline, description=_text(info, "description"),
        instruction=_text(info, "instruction"), web=_text(info, "web"), area=_area(info), **times,
    )  # fmt: skip


def level_of(title: str, severity: str) -> Level | None:
    """The level a warning was signed with: the colour its title names, else by severity; None for 白色 and Unknown."""
    named = _COLOUR.findall(title)
    return COLOURS[named[-1]] if named else LEVELS.get(severity)


# Fields -----------------------------------------------------------------------------------------------------------------
def _text(element: Element, name: str) -> str:
    """One line of plain text; `references` is read strictly later, and not cut."""
    most = {"description": _bounds.body, "instruction": _bounds.body, "references": None}.get(name, _bounds.line)
    return plain_text(element.findtext(name) or "", most, lines=False)


def _all(element: Element, name: str) -> list[str]:
    """Texts of the elements of a name; outlines are long, and read strictly later."""
    most = None if name in ("polygon", "circle") else _bounds.line
    return [plain_text(e.text or "", most, lines=False) for e in _found(element, name)]


def _key(alert: Element, name: str) -> str:
    said = _text(alert, name)
    if not said or len(said) > 200 or re.search(r"[ ,<&]", said):
        raise BadMessage("shape", f"“{name}”应是不含空格、逗号的编号，现为“{_wire.short(said)}”；请发送方核对")
    return said


def _one_of(element: Element, name: str) -> str:
    said = _text(element, name)
    if said not in WORDS[name]:
        raise BadMessage("shape", f"“{name}”不认识“{_wire.short(said)}”；CAP 1.2 可用 {'、'.join(WORDS[name])}")
    return said


def _values(element: Element, name: str) -> list[tuple[str, str]]:
    return [(_text(e, "valueName"), _text(e, "value")) for e in _found(element, name)]


def _found(element: Element, name: str) -> list[Element]:
    found = element.findall(name)
    if len(found) > VALUES_MAX:
        raise BadMessage("size", f"“{name}”有 {len(found)} 项，超过 {VALUES_MAX}；请发送方核对")
    return found


def moment(said: str, where: str) -> datetime:
    """A CAP time: seconds and a numeric offset, never Z."""
    if _TIME.fullmatch(said):
        try:
            return datetime.fromisoformat(said).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise BadMessage("time", f"“{where}”不是 CAP 的时间“{_wire.short(said)}”；应像 2026-09-03T08:00:00+08:00")


def references(said: str) -> tuple[tuple[str, str], ...]:
    """(sender, identifier) of each `sender,identifier,sent`, parted by spaces."""
    found = []
    for one in said.split():
        parts = one.split(",")
        if len(parts) != 3 or not all(parts):
            raise BadMessage("shape", f"references 里的“{_wire.short(one, 80)}”不是 sender,identifier,sent 三段；请发送方核对")
        moment(parts[2], "references")
        found.append((parts[0], parts[1]))
    if not found:
        raise BadMessage("shape", "references 是空的；请发送方填上被引用的预警，或去掉这一项")
    return tuple(found)


def _area(info: Element) -> dict[str, Any]:
    areas = _found(info, "area")
    return {
        "desc": [said for a in areas if (said := _text(a, "areaDesc"))],
        "geocodes": [list(pair) for a in areas for pair in _values(a, "geocode")],
        "polygons": [polygon(said) for a in areas for said in _all(a, "polygon")],
        "circles": [circle(said) for a in areas for said in _all(a, "circle")],
    }


def polygon(said: str) -> list[list[float]]:
    """Points [lng, lat] of a closed ring: at least four pairs, the last one equal to the first."""
    pairs = [_PAIR.fullmatch(pair) for pair in said.split()[: POINTS_MAX + 1]]
    if not pairs or not all(pairs) or len(pairs) > POINTS_MAX:
        raise BadMessage("place", f"polygon 不是“纬度,经度”的点串“{_wire.short(said, 60)}”；请发送方核对")
    ring = [_place(pair[1], pair[2]) for pair in pairs if pair]
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise BadMessage("place", f"polygon 要有四个以上的点，首尾相同，现有 {len(ring)} 个；请发送方核对")
    return ring


def circle(said: str) -> list[float]:
    """[lng, lat, radius in km]."""
    match = _CIRCLE.fullmatch(said)
    if not match:
        raise BadMessage("place", f"circle 不是“纬度,经度 半径千米”“{_wire.short(said, 60)}”；请发送方核对")
    return [*_place(match[1], match[2]), float(match[3])]


def _place(lat: str, lng: str) -> list[float]:
    if abs(float(lat)) > 90 or abs(float(lng)) > 180:
        raise BadMessage("place", f"没有这样的纬度、经度 {lat},{lng}；请发送方核对是否颠倒")
    return [float(lng), float(lat)]
