"""Reading the moment: everything at the start of the process, then only what a notification said has changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg

from brain import rowwise
from brain.catalog import Catalog
from brain.city import ZONE
from brain.flow.city import public_warnings
from brain.identity.scope import Sight
from brain.model import Level
from brain.store import db
from brain.web import readouts, themes
from brain.web.live.moment import Moment

TOPICS = ("alerts", "events", "warnings", "clock")
MOST_ALERTS, MOST_EVENTS, TRAIL = 20_000, 10_000, 48
"""How much of what is open is held. Why so much: it is cut to each viewer's sight afterwards, so whatever the bound leaves out
may be all that somebody answers for; twice the storm of 10,000 alerts that is promised. Beyond it the lists say so."""


def topics_of(catalog: Catalog) -> tuple[str, ...]:
    """What can have changed: the stations of each theme, and the rest."""
    return (*catalog.themes, *TOPICS)


def local_day(now: datetime) -> datetime:
    """Midnight of the district's day that `now` lies in."""
    return now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def first(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> Moment:
    """Everything."""
    return refresh(conn, catalog, bare(conn, now), topics_of(catalog), now)


def bare(conn: psycopg.Connection, now: datetime) -> Moment:
    """What no notification changes, read at the start of the process."""
    return Moment(now, resources=tuple(db.many(conn, "web_resources")), orgs=tuple(db.many(conn, "web_orgs")))


def refresh(conn: psycopg.Connection, catalog: Catalog, was: Moment, dirty: Iterable[str], now: datetime) -> Moment:
    """The moment after it, with the topics in `dirty` read anew."""
    topics = set(dirty)
    change: dict[str, Any] = {"at": now, "version": was.version + 1}
    if topics & {"alerts", "events", "warnings", "clock"}:
        change["counted_at"] = now
    dirty_themes = [t for t in catalog.themes if t in topics]
    if dirty_themes or "clock" in topics:
        change["feeds"] = {r["feed"]: r for r in db.many(conn, "web_feeds")}
    if "alerts" in topics:
        rows = db.many(conn, "web_alerts", limit=MOST_ALERTS)
        change["more"] = len(rows) == MOST_ALERTS
        change["alerts"] = tuple(rowwise.each(rows, lambda r: r | {"level_key": Level(r["level"]).key}, "告警", lambda _: None))
    if topics & {"alerts", "events", "clock"}:
        change["hours"] = {}
    if "events" in topics:
        change["events"] = tuple(db.many(conn, "web_events", limit=MOST_EVENTS))
        change["today"] = {}
    if "warnings" in topics:
        change["warnings"] = tuple(public_warnings.active(conn, now))
        change["drills"] = tuple(public_warnings.drills(conn, now))
        change["warnings_turn"] = public_warnings.turns(conn, now, drills=True)
    stations = dict(was.stations)
    if dirty_themes:
        for row in db.many(conn, "web_stations", themes=dirty_themes):
            stations[row["id"]] = row
    if dirty_themes or "clock" in topics or "alerts" in topics:
        alerts = change.get("alerts", was.alerts)
        change["stations"] = readouts.told(stations, was.stations, alerts, catalog, now)
    moment = replace(was, **change)
    if dirty_themes:
        wanted = {theme: key for theme, entry in catalog.themes.items() if (key := themes.lead(moment, entry))}
        kept = {key: moment.trails[key] for key in wanted.values() if key in moment.trails}
        fresh = trails_of(conn, [wanted[theme] for theme in dirty_themes if theme in wanted])
        moment = replace(moment, trails=kept | fresh)
    return moment


def trails_of(
    conn: psycopg.Connection, keys: list[tuple[str, str]], last: int = TRAIL, *, tests: bool = False
) -> dict[tuple[str, str], tuple[tuple[datetime, float, str], ...]]:
    """The last readings of pairs of station and kind: (observed, value, quality), oldest first; what its sender calls
    a test (no measurement) only with `tests`."""
    if not keys:
        return {}
    found: dict[tuple[str, str], list] = {}
    rows = db.many(conn, "web_trail", stations=[k[0] for k in keys], kinds=[k[1] for k in keys], last=last, tests=tests)
    for r in rows:
        found.setdefault((r["station"], r["kind"]), []).append((r["at"], r["value"], r["quality"]))
    return {k: tuple(v) for k, v in found.items()}


def today(conn: psycopg.Connection, moment: Moment, sight: Sight) -> tuple[int, int]:
    """(reported, closed) since midnight of the events that somebody sees; kept with the moment."""
    if sight.key not in moment.today:
        row = db.row(conn, "web_today", since=local_day(moment.at), **sight.parameters())
        moment.today[sight.key] = (row["reported"], row["closed"])
    return moment.today[sight.key]


def hours(conn: psycopg.Connection, moment: Moment, sight: Sight) -> tuple[dict[str, Any], ...]:
    """Alerts of the last 24 hours that somebody sees: {hour, level, n}; kept with the moment."""
    if sight.key not in moment.hours:
        since = (moment.at - timedelta(hours=23)).replace(minute=0, second=0, microsecond=0)
        moment.hours[sight.key] = tuple(db.many(conn, "web_timeline", since=since, **sight.parameters()))
    return moment.hours[sight.key]
