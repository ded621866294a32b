"""Declared tables of feeds: the shipped TOML with a city's own file of the same name over it, and paths into messages.

Why a city's file is laid over entry by entry: one more model or family is then a few lines, and an update of ours does not
undo them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brain.catalog._toml import Entry, merge, parse
from brain.sheets.cells import short
from ingest.feeds import BadMessage

DEEPEST = 8
_DOT = re.compile(r"(?<!\\)\.")
Places = tuple[tuple[str, ...], ...]
"""Where a thing may stand in a message: paths, the first that leads to something wins."""


def read(shipped: Path, folder: str) -> tuple[Entry, frozenset[str]]:
    """The table, and the names of its top-level tables' entries that only the city's own file has (`group.name`).
    Raises BadCatalog, naming file and key."""
    said = parse(shipped)
    own = Path(folder) / shipped.name if folder else None
    if own is None or not own.exists():
        return Entry(shipped.name, "", said), frozenset()
    more = parse(own)
    new = {
        f"{group}.{name}"
        for group, entries in more.items()
        if isinstance(entries, dict)
        for name in entries
        if name not in (said.get(group) or {})
    }
    return Entry(str(own), "", merge(said, more)), frozenset(new)


def paths(said: str) -> Places:
    r"""`a.b|c` as places; `\.` is a dot within a name."""
    return tuple(tuple(step.replace("\\.", ".") for step in _DOT.split(one)) for one in said.split("|")) if said else ()


def dig(body: Any, places: Places) -> Any:
    """What stands at the first of these places that is there and not null; None when none is. Figures in a path count
    into lists."""
    for place in places:
        spot = body
        for step in place:
            if isinstance(spot, dict):
                spot = spot.get(step)
            elif isinstance(spot, list) and step.isdigit() and int(step) < len(spot):
                spot = spot[int(step)]
            else:
                spot = None
            if spot is None:
                break
        if spot is not None:
            return spot
    return None


def leaves(body: dict[str, Any], skip: frozenset[str] = frozenset(), before: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, value) of everything in an object that is no object itself, but what is under a name in `skip`."""
    for name, value in body.items():
        if name in skip:
            continue
        full = f"{before}{name}"
        if not isinstance(value, dict):
            yield full, value
        elif before.count(".") >= DEEPEST:
            raise BadMessage("shape", f"“{short(full)}”嵌套过深（超过 {DEEPEST} 层）；请展开后再发送")
        else:
            yield from leaves(value, skip, f"{full}.")
