"""What the format of a cell of a workbook says of its number: a percentage, a unit behind it, a code with noughts before it. Pure.

`0.88` in the format `0%` is shown, and meant, as 88 %; `0.00"cm"` shows 75.10cm; `00000000` shows 00441402. The formats are read once a
style and file, not once a cell (ECMA-376 Part 1, 18.8.30 and 18.8.31).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from brain.sheets.words import fold, short

_PIECE = re.compile(r'"([^"]*)"?|\\(.)|[_*](?:.)?|\[[^\]]*\]|(General|G/通用格式)|([eE][+-])|(.)', re.I | re.S)
_WORD = re.compile(r"[^\W\d_]|[%‰°℃℉]")
_CODE = re.compile(r"0{2,}")


class Dressed(float):
    """A number with the unit that its cell shows behind it."""

    unit: str

    def __new__(cls, value: float, unit: str) -> Dressed:
        made = super().__new__(cls, value)
        made.unit = unit
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Dressed, (float(self), self.unit)


@dataclass(frozen=True, slots=True)
class Format:
    """`times` what the number is shown as, in `unit`; `width` the figures of a code."""

    unit: str = ""
    times: float = 1.0
    width: int = 0

    def shown(self, value: float) -> float | str:
        if self.width:
            return f"{int(value):0{self.width}d}" if value >= 0 and float(value).is_integer() else value
        return Dressed(float(f"{value * self.times:.15g}"), self.unit)


def of_styles(book: Any) -> dict[int, Format]:
    """Style → format, of those styles of a workbook that say something of a number."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE

    own = book._number_formats
    found = {}
    for style, one in enumerate(book._cell_styles):
        number = one.numFmtId
        first = number - BUILTIN_FORMATS_MAX_SIZE
        said = BUILTIN_FORMATS.get(number, "") if first < 0 else own[first] if first < len(own) else ""
        if (made := of(said)) is not None:
            found[style] = made
    return found


@lru_cache(maxsize=512)
def of(said: str) -> Format | None:
    """None for a format that says nothing but how many figures are shown."""
    if _CODE.fullmatch(said):
        return Format(width=len(said))
    found = {one for part in _sections(said) if (one := _section(part)) is not None}
    if not found or found == {Format()}:
        return None
    if len(found) == 1:
        return next(iter(found))
    if all(not one.unit for one in found):
        return None
    return Format(short(fold("/".join(sorted(f"{one.unit}" for one in found))), 20))  # 1.2km or 900m: asked of who sends


def _sections(said: str) -> list[list[tuple[str, str]]]:
    """(literal or sign, text) of the pieces of each section, in their order."""
    made: list[list[tuple[str, str]]] = [[]]
    for piece in _PIECE.finditer(said):
        quoted, escaped, general, power, sign = piece.groups()
        if quoted is not None or escaped is not None:
            made[-1].append(("literal", quoted if quoted is not None else escaped))
        elif general or power:
            made[-1].append(("sign", "0"))
        elif sign == ";":
            made.append([])
        elif sign:
            made[-1].append(("sign" if sign in "0#?.,%@/" else "literal", sign))
    return made[:3]


def _section(pieces: list[tuple[str, str]]) -> Format | None:
    """What one section says; None for one that shows no number."""
    figures = [n for n, (kind, text) in enumerate(pieces) if kind == "sign" and text in "0#?"]
    if not figures:
        return None
    behind = pieces[figures[-1] + 1 :]
    percent = any(kind == "sign" and text == "%" for kind, text in pieces)
    thousands = 0
    while thousands < len(behind) and behind[thousands] == ("sign", ","):
        thousands += 1
    unit = "%" if percent else fold("".join(text for kind, text in behind if kind == "literal")).strip("()[] -")
    if not _WORD.search(unit):
        return Format()
    return Format(unit, 100.0 if percent else 1000.0**-thousands)
