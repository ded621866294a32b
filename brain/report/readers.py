"""Who reads what of a report: drafts are for its makers and leaders, and a list of cases holds the reader's own.

The numbers of an issued report are made to be handed round; the cases behind them are not. So every list and every query
by number is cut down to what the reader's `Sight` sees before page, document or API gets the snapshot.

Why a reader of issued reports may follow their own links only: whoever may ask for any unit, grid, day and category at once asks
until one case is left, and has rebuilt it from its number and its title, though he sees no line of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import psycopg

from brain.identity.scope import Sight
from brain.report import text
from brain.store import db

BY_NUMBER = "ids="
UNNAMED = "最突出的一处不在您的管辖范围内，"
ADVISED = "一处重复点位不在您的管辖范围内，已向其主管单位提出建议"


def seen(conn: psycopg.Connection, snapshot: Mapping[str, Any], sight: Sight) -> frozenset[str]:
    """Numbers of the snapshot's cases that somebody may read: those he sees as cases today, and those that the snapshot
    counts for his organisation, wherever they went since."""
    cases = snapshot["cases"]
    rows = db.many(conn, "report_seen", ids=[c["id"] for c in cases], **sight.parameters())
    counted = {c["id"] for c in cases if sight.org is not None and c["org"] == sight.org}
    return frozenset(counted | {r["id"] for r in rows})


def for_sight(conn: psycopg.Connection, snapshot: Mapping[str, Any], sight: Sight) -> dict[str, Any]:
    """The snapshot as somebody reads it."""
    return kept_to(snapshot, seen(conn, snapshot, sight))


def kept_to(snapshot: Mapping[str, Any], ids: frozenset[str]) -> dict[str, Any]:
    """The snapshot for a reader of these cases: others' are taken out of every list and query, the numbers stay.

    A sentence of page one, or an advice, that names the place of others' cases names it no more; a number of others' cases
    alone leads nowhere. `hidden` says how many rows
    a list lost. A repeat place stays where all its cases are the reader's: its address and its times are theirs.
    """
    if all(c["id"] in ids for c in snapshot["cases"]):
        return dict(snapshot)
    overdue, repeats = snapshot["overdue"], snapshot["repeats"]
    late = [r for r in overdue["rows"] if r["id"] in ids]
    places = [r for r in repeats["rows"] if ids.issuperset(r["ids"])]
    lists = {
        "overdue": overdue | {"rows": late, "listed": len(late), "hidden": len(overdue["rows"]) - len(late), "lost": []},
        "repeats": repeats | {"rows": places, "hidden": len(repeats["rows"]) - len(places), "lost": []},
    }
    named = frozenset(f"{r['place']}{r['name']}" for r in repeats["rows"] if not ids.issuperset(r["ids"]))
    whole = {key: _cut(part, ids, named) for key, part in (dict(snapshot) | lists).items() if key != "cases"}
    return whole | {"cases": [c for c in snapshot["cases"] if c["id"] in ids]}


def stands(snapshot: Mapping[str, Any], query: str) -> bool:
    """Whether this query stands beside a number of the snapshot, as it is printed for its reader."""
    return any(found == query for found in _queries(snapshot))


def _queries(part: Any) -> Iterator[str]:
    """The queries of the cases behind the numbers of a part of a snapshot: what stands under `e` and `e_…`."""
    match part:
        case dict():
            for key, value in cast("dict[str, Any]", part).items():
                if isinstance(value, str) and (key == "e" or key.startswith("e_")):
                    yield value
                elif key != "cases":
                    yield from _queries(value)
        case list() | tuple():
            for one in cast("list[Any]", part):
                yield from _queries(one)
        case _:
            return


def _foreign(part: Any, ids: frozenset[str]) -> bool:
    """Whether this part of a sentence, or this row, rests on cases that are named and not the reader's."""
    query = part.get("e") if isinstance(part, Mapping) else None
    return isinstance(query, str) and query.startswith(BY_NUMBER) and not ids.issuperset(
        query.removeprefix(BY_NUMBER).split(",")
    )  # fmt: skip


def _nameless(part: dict[str, Any], ids: frozenset[str], named: frozenset[str]) -> dict[str, Any]:
    """A sentence or an advice that names none of these places, which are others'."""
    if isinstance(parts := part.get("parts"), list):
        says = [UNNAMED if isinstance(p, str) and any(name in p for name in named) else p for p in cast("list[Any]", parts)]
        return part | {"parts": says}
    return part | {"text": ADVISED} if "who" in part and "text" in part and _foreign(part, ids) else part


def _cut(part: Any, ids: frozenset[str], named: frozenset[str]) -> Any:
    """A part of a snapshot without the numbers of others' cases. A query that would find none of his is none."""
    match part:
        case str() if part.startswith(BY_NUMBER):
            own = [i for i in part.removeprefix(BY_NUMBER).split(",") if i in ids]
            return BY_NUMBER + ",".join(own) if own else None
        case dict():
            part = _nameless(part, ids, named)
            return {k: [i for i in v if i in ids] if k == "ids" else _cut(v, ids, named) for k, v in part.items()}
        case list() | tuple():
            return [_cut(v, ids, named) for v in part]
        case _:
            return part


def says_repeats(snapshot: Mapping[str, Any], shown: int) -> str:
    """The sentence under (or instead of) the list of repeat places, of which `shown` are printed."""
    repeats = snapshot["repeats"]
    hidden, rows = repeats.get("hidden", 0), len(repeats["rows"])
    if hidden:
        return f"本月重复点位共 {text.count(rows + hidden)} 处，这里只列与本单位有关的 {shown} 处。"
    return f"共 {text.count(rows)} 处，列前 {shown} 处。" if rows else "本月没有重复点位。"


def says_overdue(snapshot: Mapping[str, Any]) -> str:
    """The sentence under the list of what is late."""
    overdue = snapshot["overdue"]
    if overdue.get("hidden"):
        return f"共 {text.count(overdue['of'])} 件，这里只列与本单位有关的 {overdue['listed']} 件，未反馈的在前。"
    return f"共 {text.count(overdue['of'])} 件，列前 {overdue['listed']} 件，未反馈的在前。"
