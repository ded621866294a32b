"""Several info blocks of one CAP message: which are the same text in another language, and what the others say together.

CAP 1.2, 3.2.2: info blocks may repeat for languages, and for parts of the area with another level or other times.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from xml.etree.ElementTree import Element

from brain.model import HazardWarning
from brain.rules import public_warnings as rules

SIMPLIFIED = frozenset({"zh", "zh-cn", "zh-hans", "zh-hans-cn", "cmn", "cmn-hans", "cmn-hans-cn", "chi", "zho", "cn", "中文"})
ENGLISH = "en-us"  # what a block without a language is in, by the standard
_HAN = re.compile("[\u3400-\u9fff]")


def of_one_language(blocks: list[Element], text: Callable[[Element, str], str]) -> list[Element]:
    """The blocks in simplified Chinese, else in the first other Chinese, else in the language of the first."""
    spoken = [_language(block, text) for block in blocks]
    chinese = [said for said in spoken if said.startswith("zh")]
    wanted = "zh" if "zh" in chinese else next(iter(chinese or spoken), "")
    return [block for block, said in zip(blocks, spoken, strict=True) if said == wanted]


def _language(block: Element, text: Callable[[Element, str], str]) -> str:
    said = text(block, "language").lower().replace("_", "-")
    if said in SIMPLIFIED:
        return "zh"
    if said:
        return said
    return "zh" if any(_HAN.search(text(block, name)) for name in ("event", "headline", "description")) else ENGLISH


def joined(parts: list[HazardWarning]) -> HazardWarning:
    """One warning of its parts: the words and level of the worst, the areas of all, from the first begin to the last end; what
    each says by itself stands in `area["parts"]` (`rules.public_warnings`)."""
    if len(parts) == 1:
        return parts[0]
    main = rules.worst(parts, lambda part: part.level)
    notes = list(dict.fromkeys(note for part in parts for note in part.area.get("notes", ())))
    area = rules.joined(part.area for part in parts) | {"parts": [_part(part) for part in parts]}
    return replace(
        main,
        category="、".join(dict.fromkeys(word for part in parts for word in part.category.split("、") if word)),
        effective=_span(min, [part.effective for part in parts], [part.effective or part.sent for part in parts]),
        onset=min((part.onset for part in parts if part.onset), default=None),
        expires=_span(
            max, [part.expires for part in parts], [rules.ends(p.sent, p.effective, p.onset, p.expires) for p in parts]
        ),
        area=area | ({"notes": notes} if notes else {}),
    )


def _span(of: Callable, said: list[datetime | None], meant: list[datetime]) -> datetime | None:
    return of(meant) if any(said) else None


def _part(part: HazardWarning) -> dict:
    times = {"effective": part.effective, "onset": part.onset, "expires": part.expires}
    said = {name: getattr(part, name) for name in rules.SAID}
    return said | {name: at and at.isoformat() for name, at in times.items()} | {"area": part.area}
