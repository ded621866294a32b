"""Who gets it: the organisation and the person for an event, the people meant by a word of a ladder, the nearest
worker.

All of it is rows: `route` (category and place to organisation), `roster` (who is on duty this hour), `person` (which
grid a worker looks after), and the catalog's department where no row says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.flow.city.locating import Spot
from brain.store import db


@dataclass(frozen=True, slots=True)
class Route:
    """Where an event goes. `why` is route (a row of the table), category (the catalog's department) or town_desk
    (nobody is named: a miss, counted through the log's detail). `sure` says that exactly one owner is named: such an
    event may be dispatched by rule."""

    org: str | None
    why: str
    sure: bool

    @property
    def missed(self) -> bool:
        return self.why == "town_desk"


def owner(conn: psycopg.Connection, catalog: Catalog, category: str, spot: Spot) -> Route:
    """The organisation that handles a category at a place."""
    place = spot.cell or spot.town or catalog.city.district
    rows = db.many(conn, "routes_for", category=category, place=place)
    if rows:
        named = {r["org"] or spot.town for r in rows}
        org = named.pop() if len(named) == 1 else None
        if org and is_org(conn, org):
            return Route(org, "route", True)
    elif (known := catalog.categories.get(category)) and known.org and is_org(conn, known.org):
        return Route(known.org, "category", spot.cell is not None)
    return Route(spot.town if spot.town and is_org(conn, spot.town) else None, "town_desk", False)


def is_org(conn: psycopg.Connection, code: str) -> bool:
    return db.one(conn, "org_kind", code=code) is not None


def handler(conn: psycopg.Connection, org: str, spot: Spot, now: datetime) -> int | None:
    """Who of an organisation takes it now: a town's matter goes to the worker of the grid, everything else (and a grid
    without worker) to the roster of this hour. None: nobody is named, the organisation's own people are told."""
    row = db.one(conn, "handler_for", org=org, grid=spot.grid, now=now)
    return row["id"] if row else None


def nearest_worker(conn: psycopg.Connection, lng: float, lat: float, but: Sequence[int | None] = ()) -> int | None:
    """The worker whose grid lies nearest to a point, other than the people of `but`."""
    row = db.one(conn, "nearest_worker", lng=lng, lat=lat, but=[p for p in but if p is not None])
    return row["id"] if row else None


def meant(conn: psycopg.Connection, asked: Sequence[dict[str, Any]], now: datetime) -> list[list[int]]:
    """People meant by the words of ladders and alert lists (group `who` of words.toml), for many askings at once.

    Each of `asked` gives who, org (whose unit, town or owner is meant) and handler (person id or None); the answer
    has one list of person ids for each, in the same order. On the roster of this hour first, else whoever holds the
    post.
    """
    out: list[list[int]] = [[] for _ in asked]
    if not asked:
        return out
    rows = db.many(
        conn, "people_meant", now=now, ns=list(range(len(asked))), whos=[a["who"] for a in asked],
        orgs=[a.get("org") for a in asked], handlers=[a.get("handler") for a in asked],
    )  # fmt: skip
    for row in rows:
        out[row["n"]].append(row["id"])
    return out
