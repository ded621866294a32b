"""Data flags: those that all editions share (`_wire.FLAGS`), and what HJ/T 212-2005 has beside them (`flags.toml`)."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from brain.model import Quality
from ingest.feeds import BadMessage, _wire


@cache
def _table() -> tuple[dict[str, Quality], frozenset[str], dict[str, Quality]]:
    """(flags of any system, systems that are air stations, flags of those)."""
    said = tomllib.loads(Path(__file__).with_name("flags.toml").read_text(encoding="utf-8"))
    anywhere, air = ({flag: Quality(word) for flag, word in said[name].items()} for name in ("any", "air"))
    return anywhere, frozenset(said["systems"]["air"]), air


def quality(said: str | None, st: str, where: str) -> Quality:
    """Quality by the flag of a factor in a message of system ST. Raises BadMessage for a flag nobody knows."""
    try:
        return _wire.flag(said, where)
    except BadMessage:
        anywhere, systems, air = _table()
        known = anywhere | air if st in systems else anywhere
        found = known.get(_wire.half(said or "").upper())
        if found is None:
            raise
        return found
