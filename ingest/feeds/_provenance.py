"""Does a message say of itself that nothing was measured: simulated at a console, a drill, a test of the line.

The names by which senders say so are declared in `provenance.toml`; a city's own file is laid over it. What is said to be a test is
stored under the quality `test`, which no rule and no roll-up takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ingest.feeds import _table

SHIPPED = Path(__file__).with_name("provenance.toml")
TRUE = frozenset({"true", "1", "yes", "y", "on", "t", "是"})
FALSE = frozenset({"false", "0", "no", "n", "off", "f", "否", ""})


@dataclass(frozen=True, slots=True)
class Marks:
    """The names in their plain form (`_plain`)."""

    flags: frozenset[str]
    said: frozenset[str]
    words: frozenset[str]
    within: frozenset[str]


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")


def load(folder: str) -> Marks:
    """The shipped names, a city's own over them. Raises BadCatalog, naming file and key."""
    top, _ = _table.read(SHIPPED, folder)
    marks = Marks(*(frozenset(map(_plain, top.texts(name))) for name in ("flags", "said", "words", "within")))
    top.done()
    return marks


_marks = load("")
FLAG, SAID, WITHIN = 1, 2, 3
LONGEST = 40
"""Characters of a name that is looked up: longer ones say nothing, and would fill the memory of `_of`."""


def furnish(folder: str) -> None:
    """Raises BadCatalog."""
    global _marks
    _marks = load(folder)
    _of.cache_clear()


@lru_cache(maxsize=8192)
def _of(name: str) -> int:
    """What a field of this name may say: senders use few, so nearly every question is answered from here."""
    plain = _plain(name)
    return FLAG if plain in _marks.flags else SAID if plain in _marks.said else WITHIN if plain in _marks.within else 0


def marks(name: str, value: Any) -> bool | None:
    """Whether a field says that its message is a test; None where it says nothing of the kind."""
    if len(name) > LONGEST or not (sort := _of(name)):
        return None
    if sort == FLAG:
        if isinstance(value, str):
            word = value[:32].strip().casefold()
            return True if word in TRUE or _plain(word) in _marks.words else False if word in FALSE else None
        return bool(value) if isinstance(value, (bool, int, float)) and value in (0, 1) else None
    return True if sort == SAID and isinstance(value, str) and _plain(value[:32].strip()) in _marks.words else None


def is_test(body: dict[str, Any]) -> bool:
    """Whether an object says that it is a test, at its top or in one of the objects where senders put such words."""
    for name, value in body.items():
        if len(name) > LONGEST:
            continue
        if type(value) is dict:
            if _of(name) == WITHIN and any([marks(n, v) for n, v in value.items()]):
                return True
            tags = value.get("tags")
            if type(tags) is dict and any([marks(n, v) for n, v in tags.items()]):
                return True
        elif _of(name) and marks(name, value):
            return True
    return False
