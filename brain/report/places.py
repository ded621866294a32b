"""Where it happens: places that come again, dense 综合网格, and what became of last month's places."""

from __future__ import annotations

from math import cos, hypot, radians
from typing import Any

import psycopg
import shapely

from brain import rowwise
from brain.catalog import Catalog
from brain.model import DROPPED_STATES
from brain.report.facts import Facts, Window
from brain.store import db

METRES = 111_320.0


def repeats(conn: psycopg.Connection, catalog: Catalog, span: Window) -> list[dict[str, Any]]:
    """Repeat places of a window: same class, within the catalog's metres, so many times in so many days.

    All cases of a place lie within reach of one of them, its centre, so that a street of single cases never chains into
    one place; a case belongs to one place only, the one with most cases first.
    """
    rule = catalog.report
    rows = db.many(
        conn,
        "report_repeats",
        since=span.since,
        until=span.until,
        metres=rule["repeat_m"],
        days=int(rule["repeat_days"]),
        times=int(rule["repeat_times"]),
    )
    taken: set[str] = set()
    found = []
    for row in rows:
        if taken & set(row["ids"]):
            continue
        taken |= set(row["ids"])
        found.append(row)
    return sorted(found, key=lambda r: (-r["times"], r["category"], r["id"]))


def repeat_rows(catalog: Catalog, facts: Facts, found: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """(repeat places as the snapshot keeps them, first cases of those that cannot be made out); `unit` is the organisation that
    handled most of their cases."""
    held = {c["id"]: c["org"] for c in facts.cases if c["org"]}

    def row(r: dict[str, Any]) -> dict[str, Any]:
        entry = catalog.categories[r["category"]]
        handlers = [held[i] for i in r["ids"] if i in held] or [entry.org]
        org = max(sorted(set(handlers)), key=handlers.count)
        return {
            "category": r["category"],
            "name": entry.name,
            "org": org,
            "unit": facts.orgs.get(org, {}).get("short", ""),
            "town": r["town"],
            "place": r["address"] or facts.towns.get(r["town"], ""),
            "lng": round(r["lng"], 6),
            "lat": round(r["lat"], 6),
            "times": r["times"],
            "first": r["first_at"].isoformat(),
            "last": r["last_at"].isoformat(),
            "ids": r["ids"],
            "e": "ids=" + ",".join(r["ids"]),
        }

    return rowwise.sound(found, row, "重复点位")


def follow_up(before: list[dict[str, Any]], cases: list[dict[str, Any]], metres: float) -> dict[str, Any]:
    """What became of last month's repeat places: how many came again this month, and with which cases.

    `before` are repeat places of last month, `cases` this month's cases.
    """
    again, ids = 0, []
    for place in before:
        near = [c["id"] for c in cases if c["is_reported"] and _same_place(place, c, metres)]
        again += bool(near)
        ids += near
    return {"listed": len(before), "again": again, "quiet": len(before) - again, "ids": sorted(set(ids))}


def _same_place(place: dict[str, Any], case: dict[str, Any], metres: float) -> bool:
    if place["category"] != case["category"] or case["duplicate"] or case["state"] in DROPPED_STATES:
        return False
    north = (case["lat"] - place["lat"]) * METRES
    east = (case["lng"] - place["lng"]) * METRES * cos(radians(place["lat"]))
    return hypot(north, east) <= metres


def hot_grids(conn: psycopg.Connection, catalog: Catalog) -> dict[str, Any]:
    """The densest grids, and the count of every grid that has any: {"grids", "with_cases", "share", "hot", "all"}."""
    rows = db.many(conn, "report_grids")
    total = rows[0]["grids"] if rows else 0
    share, least = catalog.report["hot_share"], int(catalog.report["hot_min"])
    top = [r for r in rows[: max(1, round(total * share))] if r["n"] >= least]
    hot, lost = rowwise.sound(top, _hot, "高发网格", "code")
    return {
        "grids": total,
        "with_cases": len(rows),
        "share": share,
        "least": least,
        "statement": "report_grids",
        "hot": hot,
        "lost": lost,
        "all": {r["code"]: r["n"] for r in rows},
    }


def _hot(r: dict[str, Any]) -> dict[str, Any]:
    return {
        "code": r["code"],
        "name": r["name"],
        "village": r["village"],
        "town": r["town"],
        "n": r["n"],
        "per_km2": round(r["per_km2"], 1) if r["per_km2"] is not None else None,
        "e": f"flag=reported&grid={r['code']}",
    }


def outlines(conn: psycopg.Connection) -> dict[str, dict[str, Any]]:
    """Outlines for the map of the report: {"grid": {code: geometry}, "town": …, "area": {code: m²}, "name": {code: name}}.

    Simplified to about ten metres, which is finer than a pixel of the printed map.
    """
    found: dict[str, dict[str, Any]] = {"grid": {}, "town": {}, "area": {}, "name": {}}
    for row in db.many(conn, "report_outlines"):
        geometry = shapely.from_wkb(bytes(row["geom"]))
        found[row["kind"]][row["code"]] = shapely.simplify(geometry, 0.0001)
        found["area"][row["code"]] = row["area_m2"]
        found["name"][row["code"]] = row["name"]
    return found
