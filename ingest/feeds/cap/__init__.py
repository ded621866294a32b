"""预警信息 in CAP 1.2 (OASIS; GB/T 35965.1 is based on it): one XML message, one public warning.

Read are the fields a duty room needs (see `HazardWarning`). Of info blocks in several languages those in Chinese count; of
several in one language all do (`_blocks.py`): the worst level stands, and no area is left out. Level: the colour in the
headline, for that is what was signed (`_headline.py`); else by severity (红 Extreme, 橙 Severe, 黄 Moderate, 蓝 Minor). Points are
WGS84 (taken as EPSG:4490), latitude first in the message and longitude first here; axes that are swapped are seen and said (`_places.py`).

A text in GB 2312, or with an illegal character, is read (`_xml.py`); of a damaged one the whole blocks stand, marked
`area["partial"]`, and the rest is refused, so that the message sent again in full takes its place. By half a message, and by
another sender's, no warning ends.

Why strict about times, polygons and references: the standard's own vectors are; an end that is misread by eight hours, or an
area in the wrong place, is worse than a warning in the dead letter that somebody looks at. What can mean one moment only is read
(`Z`, fractions of a second, an offset without its colon). So is an end in the year 9999: it
would stand in every strip until then, and no clock on a wall can say it. How far times may lie is practice (bounds.toml).
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element

from brain import catalog
from brain.model import HazardWarning, Level
from brain.rules.strangers import OutOfBounds, bounded_time, plain_text
from ingest.feeds import ANY, BadMessage, Feed, _wire, _xml, sender
from ingest.feeds.cap import _blocks, _headline, _places

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
ENDING = ("Update", "Cancel")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_NEARLY = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,]\d{1,9})? ?(?:([Zz])|([+-]\d\d):?(\d\d)?)")
NO_DTD = "XML 里有不允许的声明（DTD 或实体）；请发送方去掉 DOCTYPE 与实体"
HEAD = ("identifier", "sender", "sent", "status", "msgType", "scope", "references")
VALUES_MAX = 2_000
"""Names, geocodes or outlines of one message."""

_bounds = catalog.bounds()


def furnish(folder: str) -> None:
    """The city's own bounds. Raises BadCatalog."""
    global _bounds
    _bounds = catalog.bounds(folder or None)


def parse(topic: str, payload: bytes, received_at: datetime) -> list[HazardWarning]:
    """The warning of one message. Raises BadMessage only."""
    doc = _xml.read(payload, no_dtd=NO_DTD)
    alert = _alert(doc.root)
    whole, lost = _whole(doc)
    status, kind = _one_of(alert, "status"), _one_of(alert, "msgType")
    refers = references(_text(alert, "references")) if alert.find("references") is not None else ()
    if kind in ENDING and not refers:
        raise BadMessage("shape", f"msgType 是 {kind}，却没有 references；请发送方补上被更新或解除的预警")
    blocks = _blocks.of_one_language(whole, _text)
    if not blocks and kind in ("Alert", "Update"):
        raise BadMessage("shape", "报文里没有 info（预警内容）；请发送方核对报文是否截断")
    head = HazardWarning(
        identifier=_key(alert, "identifier"), sender=_key(alert, "sender"), sent=_moment(_text(alert, "sent"), "sent"),
        status=status, msg_type=kind, scope=_one_of(alert, "scope"), refers=refers, org=_reported_by(topic),
    )  # fmt: skip
    head = _within(head, received_at)
    bad, missing = [*lost], bool(lost)
    if kind in ENDING and any(sender != head.sender for sender, _ in refers):
        bad.append(_foreign(head))
        if kind == "Cancel" and all(sender != head.sender for sender, _ in refers):
            raise bad[-1]
    parts = []
    for block in blocks:
        try:
            parts.append(_within(_with_info(head, block), received_at))
        except BadMessage as err:
            bad.append(err)
            missing = True
    if bad and not parts and kind in ("Alert", "Update"):
        raise bad[0]
    found = _blocks.joined(parts) if parts else head
    if not bad:
        return [found]
    if missing and kind != "Cancel":  # what a Cancel says besides does not keep it from ending
        found = replace(found, area=found.area | {"partial": True})
    more = f"；另有 {len(bad) - 1} 处" if len(bad) > 1 else ""
    raise BadMessage(bad[0].rule, bad[0].reason + more, [found])


def _reported_by(topic: str) -> str:
    """The department whose credential brought the message; "" for what the platform fetched itself. A topic that should name one
    and does not is nobody's."""
    org = sender(topic)
    return "" if org is None else org or "-"


def _whole(doc: _xml.Document) -> tuple[list[Element], list[BadMessage]]:
    """The info blocks that can be read, and what is to be said of the rest. Raises BadMessage where nothing can be made of it."""
    alert = doc.root
    blocks = alert.findall("info")
    whole = [block for block in blocks if doc.sound(block)]
    if not doc.fault:
        return whole, []
    cut = alert in doc.broken or len(whole) < len(blocks)
    if not all(doc.sound(child) for name in HEAD for child in alert.findall(name)) or (cut and not whole):
        raise BadMessage("decode", f"{doc.fault}；请发送方核对报文是否截断、标签是否成对")
    if cut and _text(alert, "msgType") == "Cancel":
        raise BadMessage("decode", f"{doc.fault}；不凭残缺的报文解除预警，请发送方重发")
    said = f"已收下完整的 {len(whole)} 段预警内容，请发送方核对后整份重发"
    return whole, [BadMessage("decode", f"{doc.fault}；{said}")] if cut or not doc.broken else []


def _foreign(head: HazardWarning) -> BadMessage:
    other = next(sender for sender, _ in head.refers if sender != head.sender)
    word = "解除" if head.msg_type == "Cancel" else "更新"
    return BadMessage(
        "sender", f"references 引用了“{_wire.short(other, 40)}”的预警，发送方却是“{_wire.short(head.sender, 40)}”："
        f"只有原发布单位能{word}它，那一条不动；请由原发布单位发送",
    )  # fmt: skip


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


def _alert(alert: Element) -> Element:
    space, name = _split(alert.tag)
    if name != "alert" or space not in SPACES:
        raise BadMessage("shape", f"根元素是“{_wire.short(alert.tag, 80)}”，不是 CAP 1.2 的 alert；请核对接入的格式")
    for element in alert.iter():
        element.tag = _split(element.tag)[1]
    return alert


def _split(tag: Any) -> tuple[str, str]:
    space, _, name = str(tag).rpartition("}")
    return space.removeprefix("{"), name


def _with_info(alert: HazardWarning, info: Element) -> HazardWarning:
    severity, headline, event = _one_of(info, "severity"), _text(info, "headline"), _text(info, "event")
    if not event:
        raise BadMessage("shape", "info 里没有 event（灾种）；请发送方补上")
    codes = _values(info, "eventCode")
    times = {key: _moment(_text(info, key), key) if _text(info, key) else None for key in ("effective", "onset", "expires")}
    return HazardWarning(
        identifier=alert.identifier, sender=alert.sender, sent=alert.sent, status=alert.status, msg_type=alert.msg_type,
        scope=alert.scope, refers=alert.refers, event=event, event_code=codes[0][1] if codes else "",
        category="、".join(_all(info, "category")), urgency=_one_of(info, "urgency"), severity=severity,
        certainty=_one_of(info, "certainty"), level=None if alert.msg_type == "Cancel" else level_of(headline or event, severity),
        sender_name=_text(info, "senderName"), headline=headline, description=_text(info, "description"),
        instruction=_text(info, "instruction"), web=_text(info, "web"), area=_area(info), org=alert.org, **times,
    )  # fmt: skip


def level_of(title: str, severity: str) -> Level | None:
    """The level a warning was signed with: the worst colour that its title warns of, else by severity; None for 白色 and
    Unknown."""
    named = _headline.colours(title)
    return min((_headline.LEVELS[colour] for colour in named), key=lambda level: level or 9) if named else LEVELS.get(severity)


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


def _moment(said: str, where: str) -> datetime:
    """A time as real senders write it, where that can mean one moment only. Raises BadMessage."""
    if near := _NEARLY.fullmatch(said):
        said = f"{near[1]}T{near[2]}" + ("+00:00" if near[3] else f"{near[4]}:{near[5] or '00'}")
    return moment(said, where)


def references(said: str) -> tuple[tuple[str, str], ...]:
    """(sender, identifier) of each `sender,identifier,sent`, parted by spaces."""
    found = []
    for one in said.split():
        parts = one.split(",")
        if len(parts) != 3 or not all(parts):
            raise BadMessage("shape", f"references 里的“{_wire.short(one, 80)}”不是 sender,identifier,sent 三段；请发送方核对")
        _moment(parts[2], "references")
        found.append((parts[0], parts[1]))
    if not found:
        raise BadMessage("shape", "references 是空的；请发送方填上被引用的预警，或去掉这一项")
    return tuple(found)


def _area(info: Element) -> dict[str, Any]:
    areas = _found(info, "area")
    rings = [polygon(said) for a in areas for said in _all(a, "polygon")]
    rounds = [circle(said) for a in areas for said in _all(a, "circle")]
    notes = [f"{name}{_places.SWAPPED}" for name, shapes in (("polygon", rings), ("circle", rounds)) if any(s for _, s in shapes)]
    found: dict[str, Any] = {
        "desc": [said for a in areas if (said := _text(a, "areaDesc"))],
        "geocodes": [list(pair) for a in areas for pair in _values(a, "geocode")],
        "polygons": [ring for ring, _ in rings],
        "circles": [place for place, _ in rounds],
    }
    return found | {"notes": notes} if notes else found


def polygon(said: str) -> tuple[list[list[float]], bool]:
    """See `_places.polygon`."""
    return _places.polygon(said, _bounds)


def circle(said: str) -> tuple[list[float], bool]:
    """See `_places.circle`."""
    return _places.circle(said, _bounds)
