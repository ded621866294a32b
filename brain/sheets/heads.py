"""What the name of a column says beside what the column is: units, zones, forms, in brackets or beside a sign. Pure.

`观测时间(UTC)`, `ts(ms)`, `浓度(mg/m³)`, `water_level_cm`, `UTC时间`, `水位/m`: the words are declared in `sheets.toml`, [head].
What stands in brackets and is none of them is asked of whoever sends (a `?` in the meaning), because a zone that is passed over makes every
reading eight hours wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from brain.catalog.sheet_records import Heads, Sheets
from brain.sheets.words import fold

_BRACKETS = re.compile(r"[(\[【〔{<]([^()\[\]【】〔〕{}<>]*(?:\([^()]*\))?[^()\[\]【】〔〕{}<>]*)[)\]】〕}>]")
_PARTS = re.compile(r"[,，、;；]")
_AT_END = re.compile(r"(.+?)[\s_/\-:|,]+([^\s_\-:|,]+)")
_AT_START = re.compile(r"([^\s_/\-:|,]+)[\s_/\-:|,]+(.+)")
_GLUED = re.compile(r"([\u3400-\u9fff]+)([^\u3400-\u9fff]+)")
_OFFSET = re.compile(r"(?:utc|gmt)?([+-])(\d{1,2})(?::?([0-5]\d))?")
_FORMAT = re.compile(r"(?:y|年|h|时|小时|24)[ymdhs年月日时分秒小:/.\-\s't0-9制]*", re.I)
_FOREIGN = re.compile(r"[^\u3400-\u9fff\s]{1,12}")
TIMES = frozenset({"at", "date", "clock", "date_utc", "clock_utc", "asked_at", "due_at"})
PLACES = frozenset({"lng", "lat", "point"})


def plain(name: str) -> str:
    """A name without what people write differently: width, spaces, case."""
    return "".join(fold(name).split()).casefold()


def ways(column: str, told: Heads) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(bare name, words beside it) of every way to read a name, the likeliest first."""
    said = fold(column)
    yield plain(said), ()
    found = tuple(word.strip() for part in _BRACKETS.findall(said) for word in _PARTS.split(part) if word.strip())
    bare = _BRACKETS.sub(" ", said).strip()
    if bare != said:
        yield plain(bare), found
    for pattern, word_at, bare_at in ((_AT_END, 2, 1), (_AT_START, 1, 2), (_GLUED, 2, 1)):
        match = pattern.fullmatch(bare)
        if match and _known(match[word_at], told):
            yield plain(match[bare_at]), (*found, match[word_at])
    short = plain(bare)
    for word in sorted(told.zones, key=len, reverse=True):
        if len(word) > 1 and short == word:
            yield "时间", (*found, word)
        elif len(word) > 1 and short.startswith(word):
            yield short.removeprefix(word), (*found, word)
        elif len(word) > 1 and short.endswith(word):
            yield short.removesuffix(word), (*found, word)


def _known(word: str, told: Heads) -> bool:
    said = plain(word)
    return said in told.zones or said in told.forms or said in told.units


def of_time(words: tuple[str, ...], told: Heads) -> str:
    """The form of a time by the words beside its name: `UTC`, `+09:00`, `ms`, `excel`, several parted by commas; `?word` for one
    that is not understood; nothing for Beijing time as text."""
    found = []
    for word in words:
        said = plain(word)
        if said in told.zones:
            found.append(told.zones[said])
        elif said in told.forms:
            found.append(told.forms[said])
        elif match := _OFFSET.fullmatch(said):
            found.append(f"{match[1]}{int(match[2]):02d}:{match[3] or '00'}")
        elif said not in told.plain and not _FORMAT.fullmatch(said):
            found.append(f"?{word}")
    return ",".join(part for part in dict.fromkeys(found) if part != "+08:00")


def of_value(words: tuple[str, ...], unit: str | None, told: Heads) -> str:
    """The unit of a quantity by the words beside its name: nothing where it is the catalog's own; `?word` for what is not
    understood. What may be the sender's name of a unit is handed on, for the district may have mapped it."""
    found = []
    for word in words:
        said = plain(word)
        if said in told.plain or (unit is not None and said == plain(unit)):
            continue
        found.append(word if said in told.units or _FOREIGN.fullmatch(word) else f"?{word}")
    return found[0] if len(found) < 2 and found else f"?{'，'.join(found)}" if found else ""


@lru_cache(maxsize=256)
def doubled(names: tuple[str, ...]) -> frozenset[str]:
    """A quantity called by two of its names at once, as laboratories do: `氨氮 NH3-N`, `总磷TP`, `水位_Z`."""
    bare = [plain(n) for n in names]
    return frozenset(f"{a}{sign}{b}" for a in bare for b in bare if a != b for sign in ("", "/", "_", "-", "|", ":"))


def quantity(name: str, kinds: Mapping[str, tuple[str, ...]], told: Heads) -> tuple[str, tuple[str, ...]]:
    """(kind, words beside it) of the name of a quantity, `氨氮（以N计）(mg/L)`; "" where nobody has declared it."""
    for bare, words in ways(name, told):
        if found := kind_of(bare, words, kinds):
            return found
    return "", ()


def kind_of(bare: str, words: tuple[str, ...], kinds: Mapping[str, tuple[str, ...]]) -> tuple[str, tuple[str, ...]] | None:
    """The kind that a bare name means, and the words beside it that are not its other names: `总磷(TP)` says nothing with the second."""
    for key, names in kinds.items():
        spelled = set(map(plain, names))
        if bare == key or bare in spelled or bare in doubled(names):
            return key, tuple(word for word in words if plain(word) not in spelled)
    return None


def vocabulary(told: Sheets) -> tuple[frozenset[str], frozenset[str]]:
    """All names of columns that are declared, of whatever feed, and those of them that name a measured value."""
    values = {plain(n) for kinds in told.kinds.values() for key, names in kinds.items() for n in (key, *names)}
    values |= {plain(n) for form in told.fields.values() if "value" in form for n in form["value"].names}
    values |= {pair for kinds in told.kinds.values() for names in kinds.values() for pair in doubled(names)}
    names = {plain(n) for form in told.fields.values() for one in form.values() for n in one.names}
    return frozenset(names | values), frozenset(values)
