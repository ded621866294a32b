"""Which part of a public warning stands at a time: a CAP message may hold several, each with its level, area and times.

A warning is a mapping of the columns of table `warning`; several parts stand in `area["parts"]`, each with `level`, `event`,
`severity`, `headline`, `description`, `instruction`, `effective`, `onset`, `expires` (ISO 8601 or None) and its own `area`. The
worst of those in force is what the warning says (practice: an area told too high a level is warned, one told too low is not).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

UNSAID = timedelta(days=1)
"""How long what says no end is taken to last (practice), from the latest of its times: one that begins later lasts, too. The
same in `files.sql`."""
SAID = ("level", "event", "severity", "headline", "description", "instruction")
WHERE = ("desc", "geocodes", "polygons", "circles")


def ends(sent: datetime, effective: datetime | None, onset: datetime | None, expires: datetime | None) -> datetime:
    """When it is over."""
    return expires or max(t for t in (sent, effective, onset) if t) + UNSAID


def worst(parts: Iterable[Any], level: Callable[[Any], Any] = lambda part: part["level"]) -> Any:
    """The part of the worst level, of equals the first; without a level is least."""
    return min(parts, key=lambda part: level(part) or 9)


def joined(areas: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One area of several, every name and shape once."""
    found: dict[str, dict[str, Any]] = {key: {} for key in WHERE}
    for area in areas:
        for key in WHERE:
            found[key] |= {repr(one): one for one in area[key]}
    return {key: list(once.values()) for key, once in found.items()}


def at(row: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    """The warning as it stands now: the words, level and end of its worst part in force, the area of all that are. As it is where
    it has no parts; None where none of them is in force."""
    whole: dict[str, Any] = cast(dict[str, Any], row["area"]) if isinstance(row["area"], dict) else {}
    parts: list[dict[str, Any]] = whole.get("parts") or []
    if not parts:
        return dict(row)
    live = [part for part in parts if _in_force(part, row["sent"], now)]
    if not live:
        return None
    main = worst(live)
    times = {key: _time(main[key]) for key in ("effective", "onset", "expires")}
    area = {**whole, **joined(part["area"] for part in live), "parts": live}
    return dict(row) | {key: main[key] for key in SAID} | times | {"area": area}


def _in_force(part: Mapping[str, Any], sent: datetime, now: datetime) -> bool:
    effective, onset, expires = (_time(part[key]) for key in ("effective", "onset", "expires"))
    return (effective or sent) <= now < ends(sent, effective, onset, expires)


def _time(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None
