"""XML as strangers write it: any coding the sender meant, and of a damaged text what is whole.

Why a second reader behind expat: expat is right to refuse all of a text for one byte, but a catalogue of two thousand cameras
is not to be lost for a control character in the address of one of them. What is sound goes through expat alone; only what it
refuses is read by `_Lenient`, which knows tags and text and nothing else, and says which elements it did not see whole.

Why no document type, in either: these bytes come from strangers, and an entity can grow or reach for files.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.entities import html5
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from ingest.feeds import BadMessage

DECLARATION = 200  # characters within which it ends
DEEPEST = 64  # elements within each other, in a text that expat refuses
TAG_MAX = 1000  # characters of a tag there
GB = frozenset({"gb2312", "gb_2312-80", "gbk", "gb18030", "cp936", "936", "x-gbk", "euc-cn"})
OTHER = frozenset({"big5", "big5-hkscs", "cp950"})
MARKS = (  # the longer before the one it begins with
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip

_CODED = re.compile(r"""<\?xml[^>]*?encoding\s*=\s*["']\s*([A-Za-z0-9._-]+)""")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0, production 2
_HIGH = re.compile("[\u0800-\ufffc\U00010000-\U0010ffff]")
_TAG = re.compile(rf"<(/?)([^\W\d][\w.:-]{{0,99}})((?:[\s/][^<>]{{0,{TAG_MAX}}})?)>")
_SPACE = re.compile(r"""(?:^|\s)xmlns(?::[\w.-]+)?\s*=\s*["']([^"']*)["']""")
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")


@dataclass(frozen=True, slots=True)
class Document:
    """What of a text can be read. `fault` is "" when nothing is lost; else it says where it broke, and `broken` holds the elements
    that were not seen whole."""

    root: Element
    fault: str = ""
    broken: frozenset[Element] = field(default=frozenset())

    def sound(self, element: Element, names: Iterable[str] = ()) -> bool:
        """Whether an element is whole, and its children of these names, too (no names: all that is in it)."""
        if not self.broken:
            return True
        inner = [child for name in names for child in element.findall(name)] if names else element.iter()
        return element not in self.broken and self.broken.isdisjoint(inner)


def is_xml(payload: bytes) -> bool:
    """Whether bytes begin like XML in any coding."""
    head = payload[:64]
    if any(head.startswith(mark) for mark, coding in MARKS if coding != "utf-8"):
        return True
    return head.lstrip(b"\xef\xbb\xbf\0\x01\x02\x03 \t\r\n")[:1] == b"<"


def read(payload: bytes, *, gb: bool = False, no_dtd: str) -> Document:
    """The document of these bytes; `gb` where a text without a declaration is GB 2312 by its standard; `no_dtd` is the
    refusal of a document type. Raises BadMessage only, when not even a root element can be read."""
    said = _ILLEGAL.sub("", text(payload, gb=gb)).strip()
    if not said:
        raise BadMessage("decode", "报文是空的；请发送方核对")
    if said.startswith("<?xml") and (end := said.find("?>", 0, DECLARATION)) > 0:
        said = said[end + 2 :]  # what it says of the coding is true of the bytes only, and expat knows no GB 18030
    try:
        return Document(ElementTree.fromstring(said, forbid_dtd=True))
    except DefusedXmlException:
        raise BadMessage("decode", no_dtd) from None
    except ParseError as err:
        line, column = err.position
        where = f"第 {line} 行第 {column + 1} 列"
    except (ValueError, LookupError, RecursionError):
        where = "某处"
    return _Lenient(said, where, no_dtd).document()


# Coding -----------------------------------------------------------------------------------------------------------------
def text(payload: bytes, *, gb: bool = False) -> str:
    """The characters of the bytes: by the mark at the beginning, else as the bytes prove by themselves, else as declared.

    Why the declaration comes last: it is written by the one who typed the template, and the bytes by the program."""
    for mark, coding in MARKS:
        if payload.startswith(mark):
            if coding == "utf-8":
                payload = payload[len(mark) :]
                break
            said = payload.decode(coding, "replace")
            return said.removeprefix("\ufeff")
    payload = payload.rstrip(b"\0 \t\r\n")  # senders in C count the end of their string
    found = _CODED.search(payload[:DECLARATION].decode("latin-1"))
    declared = found[1].lower() if found else ""
    said = payload.decode(errors="replace")
    bad, high = said.count("\ufffd"), len(_HIGH.findall(said))
    likely_gb = declared in GB or (gb and not declared)
    if not bad and (said.isascii() or high or not likely_gb):
        return said
    if bad and high > bad:  # UTF-8 with a broken piece: in GB text nearly every character would be one
        return said
    for coding in (declared, "gb18030") if declared in OTHER else ("gb18030",):
        try:
            return payload.decode(coding)
        except UnicodeDecodeError:
            continue
    return said if not bad else payload.decode("gb18030", "replace")


# What expat refuses -----------------------------------------------------------------------------------------------------
def _plain(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return html5.get(f"{name};", match[0])
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return "" if code > 0x10FFFF or _ILLEGAL.match(chr(code)) else chr(code)


class _Lenient:
    """Elements with the text before their first child, which is all a feed reads; attributes are passed over. A `<` that
    begins no tag and an `&` that begins no reference stand for themselves."""

    def __init__(self, said: str, where: str, no_dtd: str):
        self._said, self._where, self._no_dtd = said, where, no_dtd
        self._root: Element | None = None
        self._stack: list[tuple[Element, str, list[str]]] = []
        self._broken: set[Element] = set()
        self._fault = ""

    def document(self) -> Document:
        self._walk()
        if self._root is None:
            raise BadMessage("decode", f"不是合法的 XML：{self._where}附近；请发送方核对标签是否成对、编码与声明是否一致")
        if self._stack:
            opened = [name for _, name, _ in self._stack]
            self._fault = f"不是合法的 XML：报文没有写完，断在 {'/'.join(opened[-3:])[:60]} 里"
            while self._stack:
                self._broken.add(self._close())
        if self._broken and not self._fault:
            self._fault = f"不是合法的 XML：{self._where}附近标签不成对"
        return Document(self._root, self._fault, frozenset(self._broken))

    def _walk(self) -> None:
        said, at = self._said, 0
        while (start := said.find("<", at)) >= 0:
            self._text(said[at:start])
            if said.startswith("<!--", start):
                at = self._past("-->", start)
            elif said.startswith("<![CDATA[", start):
                at = self._past("]]>", start)
                self._text(said[start + 9 : at - 3], plain=False)
            elif said.startswith("<?", start):
                at = self._past("?>", start)
            elif said.startswith("<!", start):
                raise BadMessage("decode", self._no_dtd)
            elif match := _TAG.match(said, start):
                at = match.end()
                if self._root is not None and not self._stack:
                    if not match[1]:
                        self._fault = "报文里不止一份 XML，只读了第一份"
                        return
                elif match[1]:
                    self._end(match[2])
                else:
                    self._begin(match[2], match[3])
            else:
                self._text("<", plain=False)
                at = start + 1
        self._text(said[at:])

    def _past(self, end: str, start: int) -> int:
        found = self._said.find(end, start)
        return found + len(end) if found >= 0 else len(self._said)

    def _text(self, piece: str, plain: bool = True) -> None:
        if piece and self._stack and not len(self._stack[-1][0]):
            self._stack[-1][2].append(_REFERENCE.sub(_plain, piece) if plain and "&" in piece else piece)

    def _begin(self, name: str, more: str) -> None:
        if len(self._stack) >= DEEPEST:
            raise BadMessage("decode", f"不是合法的 XML：标签嵌套超过 {DEEPEST} 层，又不成对；请发送方核对报文")
        local = name.rpartition(":")[2]
        if self._root is None:
            space = _SPACE.search(more)
            element = self._root = Element(f"{{{space[1]}}}{local}" if space and space[1] else local)
        else:
            element = Element(local)
            self._stack[-1][0].append(element)
        if not more.endswith("/"):
            self._stack.append((element, name, []))

    def _end(self, name: str) -> None:
        """Close the innermost element of that name; what stands open in it was not closed, and it is not whole either."""
        if not any(opened == name for _, opened, _ in reversed(self._stack)):
            return  # its beginning was misspelt, or it is one too many
        open_within = False
        while True:
            inner = self._stack[-1][1] != name
            element = self._close()
            if inner or open_within:
                self._broken.add(element)
            if not inner:
                return
            open_within = True

    def _close(self) -> Element:
        element, _, pieces = self._stack.pop()
        element.text = "".join(pieces)
        return element
