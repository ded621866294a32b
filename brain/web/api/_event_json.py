"""What the API says of an event: rows of `sql/api.sql` in, plain JSON out, with every word a screen needs beside its key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from brain import rowwise
from brain.catalog import Catalog
from brain.model import CLOSED_STATES, Clock, Level, Limit
from brain.web.api import _words
from brain.web.api._fields import gcj


def place_words(town: str | None, grid: str | None) -> str:
    return " ".join(name for name in (town, grid) if name)


def photo(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"url": f"/api/v1/photos/{row['id']}", "thumb": f"/api/v1/photos/{row['id']}/thumb"}


def events(rows: Iterable[dict[str, Any]], catalog: Catalog, now: datetime) -> list[dict[str, Any]]:
    """`event` of every row of a list; one that cannot be told is told as `lost`, and the others as they are."""
    return rowwise.each(rows, lambda row: rowwise.sayable(event(row, catalog, now)), "案卷", lost)


def lost(ident: str) -> dict[str, Any]:
    """An event of which nothing can be told but its number: every field of `event`, empty. `broken` says so."""
    texts = dict.fromkeys(("title", "category_words", "state_words", "source_words"), rowwise.LOST)
    empty = dict.fromkeys(("category", "state", "source", "description", "address", "place", "left"), "")
    none = dict.fromkeys((
        "level", "level_words", "measured", "alert", "town", "grid", "lng", "lat", "gcj", "theme", "reported_at", "due_at", "org",
        "org_words", "handler", "limit_words",
    ))  # fmt: skip
    told = {"overdue": False, "arrived": False, "supervised": False, "simulated": False, "urges": 0, "returns": 0, "version": 0}
    return {"id": ident, **texts, **empty, **none, **told, "photos": [], "broken": True}


def event(row: dict[str, Any], catalog: Catalog, now: datetime, verbs: Iterable[str] | None = None) -> dict[str, Any]:
    """One event for lists and cards. `row` as api_events, api_event or api_tasks give it; `verbs` what its reader may do."""
    words = catalog.words.of
    category = catalog.categories.get(row["category"])
    level = Level(row["level"]).key if row["level"] else None
    due = row["due"] if "due" in row else row["due_at"] or row["stage_due_at"]
    over = row["state"] in CLOSED_STATES
    kind = catalog.kinds.get(row["alert_kind"] or "")
    measured = f"{kind.label} {kind.text(row['alert_value'])}" if kind and row["alert_value"] is not None else None
    said = {
        "id": row["id"],
        "title": row["title"],
        "category": row["category"],
        "category_words": category.name if category else row["category"],
        "state": row["state"],
        "state_words": words("state", row["state"]),
        "level": level,
        "level_words": words("level", level) if level else None,
        "source": row["source"],
        "source_words": words("source", row["source"]),
        "theme": row["alert_theme"],
        "measured": measured,
        "alert": row["alert_message"],
        "description": row["description"],
        "address": row["address"],
        "place": place_words(row["town_name"], row["grid_name"]),
        "town": row["town"],
        "grid": row["grid"],
        "lng": row["lng"],
        "lat": row["lat"],
        "gcj": gcj(row["lng"], row["lat"]),
        "reported_at": row["reported_at"],
        "due_at": None if over else due,
        "left": "" if over else _words.left(due, now),
        "overdue": not over and due is not None and due < now,
        "org": row["org"],
        "org_words": row["org_name"],
        "handler": row["handler_name"],
        "arrived": row["arrived_at"] is not None,
        "urges": row["urges"],
        "returns": row["returns"],
        "supervised": row["supervised"],
        "simulated": row["simulated"],
        "limit_words": _limit(row, catalog),
        "photos": [photo(p) for p in row["photos"]],
        "version": row["version"],
    }
    if "task" in row:
        said |= {"task": row["task"], "due_for": words("stage", _stage(row))}
    if verbs is not None:
        said["verbs"] = [str(v) for v in verbs]
    return said


def _stage(row: dict[str, Any]) -> str:
    """Which limit the task's time is: a key of words.toml [stage]."""
    if row["task"] == "handle":
        return "take" if row["state"] == "dispatched" and row["due"] == row["stage_due_at"] else "handle"
    return "handle" if row["task"] == "part" else row["task"]


def _limit(row: dict[str, Any], catalog: Catalog) -> str | None:
    if row["limit_clock"] is None:
        return None
    return catalog.words.clock(Limit(Clock(row["limit_clock"]), row["limit_amount"]))
