"""What reading strangers' cells needs everywhere: the error, a value as it is quoted, width, and the words for "no value".

Pure; part of `sheets`, imported by its readers. Start reading in `cells.py`.
"""

from __future__ import annotations

import json
import unicodedata

BLANK = frozenset({"", "-", "--", "—", "——", "/", "null", "none", "缺测"})
"""What stations print where there is no value: a gap, not an error."""

class Unreadable(Exception):
    """A value that cannot be read: a short English word for the rule (value, time, flag) and a Chinese sentence."""

    def __init__(self, rule: str, reason: str):
        super().__init__(reason)
        self.rule = rule


def short(value: object, width: int = 40) -> str:
    """A value as it is quoted in a reason: one line, never long."""
    if type(value) is str and len(value) <= width and " " not in value and value.isprintable():  # the same, sooner
        return value
    try:
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        said = str(type(value).__name__)
    said = " ".join("".join(c if c.isprintable() else "·" for c in said).split())
    return said if len(said) <= width else said[: width - 1] + "…"


class _Signs(dict[int, str]):
    """Signs that are another's width or shape, by their code, each looked up once. `kept`: decompositions that stay as they stand."""

    def __init__(self, kept: tuple[str, ...]):
        super().__init__()
        self.kept = kept

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        way = unicodedata.decomposition(sign)
        plain = unicodedata.normalize("NFKC", sign)
        if way.startswith(self.kept) or (way.startswith("<compat>") and any(map(str.isdigit, plain))):
            plain = sign
        self[code] = plain
        return plain


_HALF = _Signs(("<super>", "<sub>", "<circle>", "<fraction>"))
_FOLD = _Signs(("<circle>", "<fraction>"))


def half(value: str) -> str:
    """Full-width digits and signs to half-width, spaces trimmed. A footnote's mark is no figure: `75.1²`, `7.1①` and `5⒈` keep
    theirs, for what is read of them without it would be another number."""
    return _turned(value, _HALF)


def fold(value: str) -> str:
    """As `half`, of the name of a quantity, a column or a unit: `SO₂` and `m³` are written with figures, too."""
    return _turned(value, _FOLD)


def _turned(value: str, signs: _Signs) -> str:
    if value.isascii() or unicodedata.is_normalized("NFKC", value):
        return value.strip()
    return unicodedata.normalize("NFC", value.translate(signs)).strip()
