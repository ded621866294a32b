"""MANSCDP XML of GB/T 28181 as the object that the same message is in JSON.

Why defusedxml, and no document type at all: these bytes come from strangers, and an entity can grow or reach for files.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from ingest.feeds import BadMessage, _wire

_CODED = re.compile(r"""encoding\s*=\s*["']([A-Za-z0-9._-]+)""")
DECLARATION = 200  # characters within which it ends
GB = ("gb2312", "gbk", "gb18030")


def is_xml(payload: bytes) -> bool:
    return payload[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def read(payload: bytes) -> dict[str, Any]:
    """Fields of the message; `DeviceList` as the list of its items. Raises BadMessage only."""
    coded = _CODED.search(payload[:DECLARATION].decode("latin-1"))
    said = _wire.text(payload, gbk=bool(coded and coded[1].lower() in GB)).lstrip()
    if said.startswith("<?xml") and (end := said.find("?>", 0, DECLARATION)) > 0:
        said = said[end + 2 :]  # expat does not know GB 18030, so the text goes in without its declaration
    try:
        root = ElementTree.fromstring(said, forbid_dtd=True)
    except ParseError as err:
        line, column = err.position
        raise BadMessage(
            "decode", f"不是合法的 XML：第 {line} 行第 {column + 1} 列附近；请核对标签是否成对、编码与声明是否一致"
        ) from None
    except DefusedXmlException:
        raise BadMessage("decode", "XML 里有文档类型或实体声明；GB/T 28181 的消息不用它们，请去掉 DOCTYPE") from None
    except ValueError:
        raise BadMessage("decode", "XML 里有不能出现的字符；请核对平台的编码设置") from None
    body: dict[str, Any] = {child.tag: (child.text or "").strip() or None for child in root}
    devices = root.find("DeviceList")
    if devices is not None:
        body["DeviceList"] = [_item(item) for item in devices]
    return body


def _item(item: Element) -> dict[str, str | None]:
    return {child.tag: (child.text or "").strip() or None for child in item}
