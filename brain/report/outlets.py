"""Outlets of a theme in the month's report: what of their hours came and counts, and how many hour means were above the limit."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

import psycopg

from brain.catalog import Catalog, Theme
from brain.catalog.records import Rule
from brain.model import TRUSTED, Quality, Station
from brain.report import text
from brain.report.facts import Window
from brain.rules.transmission import Sent
from brain.rules.types import discharge
from brain.store import db

HOUR = timedelta(hours=1)


def outlets(conn: psycopg.Connection, catalog: Catalog, theme: Theme, now: Window, last: Window) -> dict[str, Any]:
    """Each outlet of the theme with hour means in the window, by its own limits as they are now; none where there is none."""
    rules = {kind: rule for (kind, key), rule in catalog.rules.items() if key == "discharge" and kind.endswith("_1h")}
    places = db.many(conn, "report_outlets", theme=theme.key, kinds=sorted(rules), since=now.since, until=now.until)
    asked = [(row, kind, _bounds(rules[kind], row)) for row in places for kind in row["kinds"]]
    counted = db.many(
        conn, "report_outlet_hours", since=now.since, until=now.until, trusted=sorted(TRUSTED), excused=[Quality.MAINTENANCE],
        stations=[row["id"] for row, *_ in asked], kinds=[kind for _, kind, _ in asked],
        lows=[bounds.low for *_, bounds in asked], highs=[bounds.high for *_, bounds in asked],
    )  # fmt: skip
    found: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for row in counted:
        found[row["station"]][row["kind"]] = row
    hours = int((now.until - now.since) / HOUR)
    return {"outlets": [_line(catalog, row, found[row["id"]], hours) for row in places], "statement": "report_outlet_hours"}


def _bounds(rule: Rule, row: dict[str, Any]) -> discharge.Bounds:
    return discharge.bounds_of(rule, Station(row["id"], row["name"], row["theme"], 0.0, 0.0, params=row["params"]))[0]


def _line(catalog: Catalog, row: dict[str, Any], kinds: dict[str, Any], hours: int) -> dict[str, Any]:
    sent = sum((Sent(hours, k["excused"], k["came"], k["valid"]) for k in kinds.values()), Sent(0, 0, 0, 0))
    over = {kind: k["over"] for kind, k in kinds.items() if k["over"]}
    return {
        "id": row["id"],
        "name": row["name"],
        "kinds": len(kinds),
        "due": sent.due,
        "valid": sent.valid,
        "sent_text": text.rate(sent.sent_rate),
        "share": sent.rate,
        "share_text": text.rate(sent.rate),
        "over": sum(over.values()),
        "what": [f"{catalog.kinds[kind].label} {n} 小时" for kind, n in sorted(over.items(), key=lambda pair: (-pair[1], pair[0]))],
        "origin": row["origin"],
    }
