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
    """The names in their plain form (`_plain`). `begins`: how a word begins that says it, too, unless it begins with one of
    `measured`."""

    flags: frozenset[str]
    said: frozenset[str]
    words: frozenset[str]
    begins: tuple[str, ...]
    measured: tuple[str, ...]
    within: frozenset[str]

    def says(self, word: str) -> bool:
        plain = _plain(word[:32].strip())
        return plain in self.words or (plain.startswith(self.begins) and not plain.startswith(self.measured))


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")


def load(folder: str) -> Marks:
    """The shipped names, a city's own over them. Raises BadCatalog, naming file and key."""
    top, _ = _table.read(SHIPPED, folder)
    said = {name: tuple(map(_plain, top.texts(name))) for name in ("flags", "said", "words", "begins", "measured", "within")}
    top.done()
    flags, words, within = (frozenset(said[name]) for name in ("flags", "words", "within"))
    return Marks(flags, frozenset(said["said"]), words, said["begins"], said["measured"], within)


_marks = load("")
FLAG, SAID, WITHIN = 1, 2, 3
LONGEST = 40
"""Characters of a name that is looked up: longer ones say nothing, and would fill the memory of `_of`."""
DEEPEST = 3
"""How many objects deep a mark is looked for."""


def furnish(folder: str) -> None:
    """Raises BadCatalog."""
    global _marks
    _marks = load(folder)
    _of.cache_clear()


@lru_cache(maxsize=8192)
def _of(name: str) -> int:
    """What a field of this name may say, or of a dotted name the last part: senders use few, so nearly every question is answered
    from here."""
    plain = _plain(name.rsplit(".", 1)[-1])
    return FLAG if plain in _marks.flags else SAID if plain in _marks.said else WITHIN if plain in _marks.within else 0


def marks(name: str, value: Any) -> bool | None:
    """Whether a field says that its message is a test; None where it says nothing of the kind."""
    if len(name) > LONGEST or not (sort := _of(name)):
        return None
    if sort == FLAG:
        if isinstance(value, str):
            word = value[:32].strip().casefold()
            return True if word in TRUE or _marks.says(word) else False if word in FALSE else None
        return bool(value) if isinstance(value, (bool, int, float)) and value in (0, 1) else None
    if isinstance(value, list):
        return True if _lists(value) else None
    if (both := getattr(value, "both", None)) is not None:  # written twice: to be on the safe side
        return True if any([marks(name, one) for one in both]) else None
    return True if sort == SAID and isinstance(value, str) and _marks.says(value) else None


def is_test(body: dict[str, Any], depth: int = 0) -> bool:
    """Whether an object says that it is a test, at its top or in one of the objects where senders put such words."""
    for name, value in body.items():
        if len(name) > LONGEST:
            continue
        if type(value) is dict:
            if (sort := _of(name)) and ((depth < DEEPEST and is_test(value, depth + 1)) or marks(name, value.get("value"))):
                return True
            tags = None if sort else value.get("tags")
            if type(tags) is dict and any([marks(n, v) for n, v in tags.items()]):
                return True
        elif _of(name) and marks(name, value):
            return True
    return False


def _lists(tags: list[Any]) -> bool:
    return len(tags) <= 16 and any(type(tag) is str and _marks.says(tag) for tag in tags)


def tells(name: str, value: Any) -> bool:
    """Whether a field of a row is one that says something of the kind, and no quantity."""
    return marks(name, value) is not None or (type(value) is dict and is_test({name: value}))


def told(body: dict[str, Any]) -> dict[str, Any]:
    """The fields of what stands around rows that make all of them a test."""
    return {name: value for name, value in body.items() if tells(name, value)}
