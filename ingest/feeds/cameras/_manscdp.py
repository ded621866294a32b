"""MANSCDP XML of GB/T 28181 as the object that the same message is in JSON.

A text that says no coding is GB 2312 (the standard, clause of the MANSCDP protocol). What is not whole of a damaged one is
None in the list, or missed by name in `lost`; nothing of it is guessed.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from ingest.feeds import BadMessage, _wire, _xml

NO_DTD = "XML 里有文档类型或实体声明；GB/T 28181 的消息不用它们，请去掉 DOCTYPE"
HEAD = ("CmdType", "SN", "DeviceID", "Status", "Online", "Fault", "Time", "DateTime", "DeviceTime")
ITEM = ("DeviceID", "Status", "Event", "Fault")
"""What is read of a message and of an item of its list: the rest may be broken as it likes."""

is_xml = _xml.is_xml


def read(payload: bytes) -> tuple[dict[str, Any], str]:
    """Fields of the message, `DeviceList` as the list of its items (None for one that is not whole), and what of the text was
    lost, "" for nothing. Raises BadMessage only."""
    found = _xml.read(payload, gb=True, no_dtd=NO_DTD)
    root = found.root
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    devices = root.find("DeviceList")
    whole = found.sound(root, HEAD)
    if not whole and (devices is None or not all(found.sound(child) for child in root.iter("CmdType"))):
        raise BadMessage("decode", f"{found.fault}；请平台核对标签是否成对、报文是否截断")
    body: dict[str, Any] = _fields(root)
    if devices is None:
        return body, found.fault if not found.broken else ""
    items = [_fields(item) if found.sound(item, ITEM) else None for item in devices]
    lost = ""
    if None in items or not whole or devices in found.broken or (found.fault and not found.broken):
        said, sound = _wire.short(root.findtext("SumNum") or "", 12), len(items) - items.count(None)
        lost = f"{found.fault}；收下完整的 {sound} 项{f'，SumNum 是 {said}' if said else ''}，请平台核对后重发整个目录"
    body["DeviceList"] = [item for item in items if item is not None]
    return body, lost


def _fields(element: Element) -> dict[str, str | None]:
    return {child.tag: (child.text or "").strip() or None for child in element}
