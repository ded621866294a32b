"""A sentence of the report: plain text and numbers, each number with the evidence behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Parts = list[Any]
"""Plain text, or {"b": number as printed, "e": query of its cases}."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a part of a theme says on page one; `link` is what it leads to, in words."""

    parts: Parts
    link: str


def number(shown: str, query: str | None = None) -> dict[str, Any]:
    """A number inside a sentence."""
    return {"b": shown, "e": query}
