"""What the screens show, read once per process and shared by every viewer: one frozen `Moment`, and the frames that map
layers ask for.

`refresh` reads only what a notification said has changed. Who may see what is decided after reading (`Sight`), because
the rows are few (what is open now) and the viewers many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import psycopg

from brain.catalog import Catalog
from brain.city import DISTRICT, ZONE
from brain.flow.city import public_warnings
from brain.identity import scope as access
from brain.identity.people import Person, actor_of
from brain.model import Actor, Event, Level
from brain.store import db
from brain.web import readouts, themes
from layers._marks import POINTS

TOPICS = ("alerts", "events", "warnings", "clock")
MOST_ALERTS, MOST_EVENTS, TRAIL = 400, 3000, 48

STATIONS = "_stations"
"""How the frame of a theme's stations is called: its key, then this."""
SOURCES: dict[str, tuple[str, ...]] = {
    "resources": POINTS,
    "alerts": ("id", "name", "place", "lng", "lat", "level", "label", "text"),
    "events": ("id", "name", "lng", "lat", "level", "late", "label"),
    "district": ("kind", "name", "geometry"),
    "towns": ("code", "name", "geometry"),
    "grids": ("code", "geometry"),
    "rivers": ("name", "main", "geometry"),
}
"""Frames by source name with their columns: what a layer may ask for beside the stations of a theme. The last four are the
ground (`brain.web.ground`)."""


def topics_of(catalog: Catalog) -> tuple[str, ...]:
    """What can have changed: the stations of each theme, and the rest."""
    return (*catalog.themes, *TOPICS)


def theme_of(source: str, catalog: Catalog) -> str | None:
    """The theme whose stations a source is; None for any other one, and for a theme that the city does not have."""
    key = source.removesuffix(STATIONS)
    return key if source.endswith(STATIONS) and key in catalog.themes else None


def columns(source: str, catalog: Catalog) -> tuple[str, ...] | None:
    """Columns of a source; None where there is no such source."""
    return POINTS if theme_of(source, catalog) else SOURCES.get(source)


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that is open or newest, as known at `at`. Rows are dicts of the columns of `sql/web.sql`.

    `counted_at` is the time that lists reckon with: it moves with alerts, events, warnings and the clock's tick, not with
    every reading, so that a reading does not have every list sent anew. `warnings_turn`: when the warnings in force
    change next with nobody saying so.
    """

    at: datetime
    stations: dict[str, dict[str, Any]] = field(default_factory=dict)
    alerts: tuple[dict[str, Any], ...] = ()
    events: tuple[dict[str, Any], ...] = ()
    warnings: tuple[dict[str, Any], ...] = ()
    warnings_turn: datetime | None = None
    timeline: tuple[dict[str, Any], ...] = ()
    trails: dict[tuple[str, str], tuple[tuple[datetime, float, str], ...]] = field(default_factory=dict)
    feeds: dict[str, dict[str, Any]] = field(default_factory=dict)
    resources: tuple[dict[str, Any], ...] = ()
    orgs: tuple[dict[str, Any], ...] = ()
    today: dict[tuple, tuple[int, int]] = field(default_factory=dict)
    counted_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Sight:
    """How far a viewer sees, as a value: viewers with the same sight share every picture."""

    actor: Actor
    scope: access.Scope

    @staticmethod
    def of(person: Person, catalog: Catalog) -> Sight:
        actor = actor_of(person)
        return Sight(actor, access.scope(actor, catalog.roles))

    @property
    def key(self) -> tuple:
        """What two viewers must have in common to see the same."""
        return (
            self.scope.everything,
            self.scope.places,
            self.scope.org,
            self.scope.person if not self.scope.places else None,
        )

    def events(self, moment: Moment) -> list[dict[str, Any]]:
        return [e for e in moment.events if self.sees_event(e)]

    def sees_event(self, event: dict[str, Any]) -> bool:
        return access.may_see(self.actor, db.record(Event, event))

    def alerts(self, moment: Moment) -> list[dict[str, Any]]:
        return [a for a in moment.alerts if self.sees_alert(a)]

    def sees_alert(self, alert: dict[str, Any]) -> bool:
        return readouts.alert_in_scope(self.scope, alert)


def local_day(now: datetime) -> datetime:
    """Midnight of the district's day that `now` lies in."""
    return now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


# Reading --------------------------------------------------------------------------------------------------------------
def first(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> Moment:
    """Everything, at the start of the process."""
    rows = tuple(db.many(conn, "web_resources"))
    orgs = tuple(db.many(conn, "web_orgs"))
    return refresh(conn, catalog, Moment(now, resources=rows, orgs=orgs), topics_of(catalog), now)


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
        change["alerts"] = tuple(
            r | {"level_key": Level(r["level"]).key} for r in db.many(conn, "web_alerts", limit=MOST_ALERTS)
        )
    if topics & {"alerts", "clock"}:
        since = (now - timedelta(hours=23)).replace(minute=0, second=0, microsecond=0)
        change["timeline"] = tuple(db.many(conn, "web_timeline", since=since))
    if "events" in topics:
        change["events"] = tuple(db.many(conn, "web_events", limit=MOST_EVENTS))
        change["today"] = {}
    if "warnings" in topics:
        change["warnings"] = tuple(public_warnings.active(conn, now))
        change["warnings_turn"] = public_warnings.turns(conn, now)
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
    conn: psycopg.Connection, keys: list[tuple[str, str]], last: int = TRAIL
) -> dict[tuple[str, str], tuple[tuple[datetime, float, str], ...]]:
    """The last readings of pairs of station and kind: (observed, value, quality), oldest first."""
    if not keys:
        return {}
    found: dict[tuple[str, str], list] = {}
    rows = db.many(conn, "web_trail", stations=[k[0] for k in keys], kinds=[k[1] for k in keys], last=last)
    for r in rows:
        found.setdefault((r["station"], r["kind"]), []).append((r["at"], r["value"], r["quality"]))
    return {k: tuple(v) for k, v in found.items()}


def today(conn: psycopg.Connection, moment: Moment, sight: Sight) -> tuple[int, int]:
    """(reported, closed) since midnight within a sight; kept with the moment."""
    if sight.key not in moment.today:
        row = db.row(
            conn, "web_today", since=local_day(moment.at), org=sight.scope.org, places=list(sight.scope.places),
            district=DISTRICT,
        )
        moment.today[sight.key] = (row["reported"], row["closed"])
    return moment.today[sight.key]


# Frames for layers ----------------------------------------------------------------------------------------------------
def frame(moment: Moment, source: str, sight: Sight, catalog: Catalog) -> pd.DataFrame:
    """The frame a layer asks for by its source. Raises KeyError for an unknown source; a ground source is empty here."""
    if theme := theme_of(source, catalog):
        return pd.DataFrame(_stations(moment, theme), columns=list(POINTS))
    rows = BUILDERS[source](moment, sight, catalog) if source in BUILDERS else []
    return pd.DataFrame(rows, columns=list(SOURCES[source]))


def _stations(moment: Moment, theme: str) -> list[tuple]:
    return [
        (s["id"], s["name"], s["lng"], s["lat"], s["level"], s["stale"], s["label"])
        for s in themes.of_theme(moment, theme)
    ]


def _resources(moment: Moment, sight: Sight, catalog: Catalog) -> list[tuple]:
    return [
        (r["id"], r["name"], r["lng"], r["lat"], "", False, f"{r['kind']} · {r['org_short'] or '未定单位'}")
        for r in moment.resources
    ]


def _alerts(moment: Moment, sight: Sight, catalog: Catalog) -> list[tuple]:
    return [
        (
            a["id"],
            a["name"],
            a["station"],
            a["lng"],
            a["lat"],
            a["level_key"],
            a["message"],
            readouts.beside(a, catalog),
        )
        for a in sight.alerts(moment)
        if a["lng"] is not None
    ]


def _events(moment: Moment, sight: Sight, catalog: Catalog) -> list[tuple]:
    words = catalog.words
    return [
        (
            e["id"],
            e["title"],
            e["lng"],
            e["lat"],
            Level(e["level"]).key if e["level"] else "",
            readouts.is_late(e, moment.at),
            f"{words.of('state', e['state'])} · {e['org_short'] or '未派单位'}",
        )
        for e in sight.events(moment)
    ]


BUILDERS: dict[str, Callable[..., list[tuple]]] = {
    "resources": _resources,
    "alerts": _alerts,
    "events": _events,
}
