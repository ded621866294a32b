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


def half(value: str) -> str:
    """Full-width digits and signs to half-width, spaces trimmed (NFKC)."""
    if value.isascii():
        return value.strip()
    return unicodedata.normalize("NFKC", value).strip()
