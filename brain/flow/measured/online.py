"""How long each camera (each station of a theme that declares `online`) was online: from what is stored of it, by
`rules.online_rate`, a day at a time.

Why days are kept (table `fact`, keys `online:2026-08-03`): a month of 300 cameras is thirteen million words, a day is half
a million; and the times of days add up to those of the month exactly, because the rule measures outages as a whole. A
day carries what it was tallied from, so that late words and maintenance entered afterwards have it tallied anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain.catalog import Catalog, Theme
from brain.city import ZONE
from brain.rules.online_rate import Heard, Span, Tally, tally
from brain.store import db

DAY = timedelta(days=1)
SETTLED = timedelta(hours=1)  # a day is kept when it has been over for so long
BACK_DAYS = 65  # two months: those of a report
MOST = 1  # days that one round of `keep` tallies: seconds of work at most, because alerts wait meanwhile


def over(
    conn: psycopg.Connection, catalog: Catalog, since: datetime, until: datetime, now: datetime
) -> dict[str, Tally]:
    """Times of each camera in service in [since, until), by what is known at `now`; of days kept, from them."""
    found: defaultdict[str, Tally] = defaultdict(Tally)
    stamps = _stamps(conn, catalog, since, until)
    kept = _kept(conn, stamps, since, until)
    for start, end in _stretches(since, until, kept, {day for day, stamp in stamps.items() if not stamp["words"]}):
        for camera, times in _tallied(conn, catalog, start, end, now).items():
            found[camera] += times
    for cameras in kept.values():
        for camera, times in cameras.items():
            found[camera] += times
    return {row["id"]: found[row["id"]] for row in cameras_of(conn, watched(catalog))}


def watched(catalog: Catalog) -> list[Theme]:
    """Themes whose stations say themselves whether they are there."""
    return [theme for theme in catalog.themes.values() if theme.online]


def cameras_of(conn: psycopg.Connection, themes: Sequence[Theme]) -> list[dict[str, Any]]:
    """Stations in service of these themes: id, name, org, theme."""
    return db.many(conn, "online_cameras", themes=[theme.key for theme in themes])


def by_org(
    conn: psycopg.Connection, catalog: Catalog, tallies: Mapping[str, Tally]
) -> dict[str | None, dict[str, Tally]]:
    """The same by the organisation that owns the cameras."""
    found: defaultdict[str | None, dict[str, Tally]] = defaultdict(dict)
    for row in cameras_of(conn, watched(catalog)):
        if row["id"] in tallies:
            found[row["org"]][row["id"]] = tallies[row["id"]]
    return dict(found)


def keep(conn: psycopg.Connection, catalog: Catalog, now: datetime, most: int = MOST) -> int:
    """Tally days that are over and were not tallied yet, or whose words have changed since, newest first; at most `most`.
    Returns how many."""
    until = _midnight(now - SETTLED)
    since = until - BACK_DAYS * DAY
    stamps = {day: stamp for day, stamp in _stamps(conn, catalog, since, until).items() if stamp["words"]}
    kept = _kept(conn, stamps, since, until)
    lacking = sorted(set(stamps) - set(kept), reverse=True)[:most]
    for day in lacking:
        times = _tallied(conn, catalog, day, day + DAY, now)
        cameras = {
            camera: [t.due.total_seconds(), t.online.total_seconds(), t.good.total_seconds(), t.outages]
            for camera, t in times.items()
        }
        db.run(conn, "online_keep", key=_key(day), value=Jsonb({"from": stamps[day], "cameras": cameras}), now=now)
    return len(lacking)


# One stretch of time, from the words themselves -----------------------------------------------------------------------
def _tallied(
    conn: psycopg.Connection, catalog: Catalog, since: datetime, until: datetime, now: datetime
) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for theme in watched(catalog):
        found |= _tallied_of(conn, catalog, theme, since, until, now)
    return found


def _tallied_of(
    conn: psycopg.Connection, catalog: Catalog, theme: Theme, since: datetime, until: datetime, now: datetime
) -> dict[str, Tally]:
    """Read a little further than asked, on both sides: an outage over midnight is measured as a whole."""
    guard, silence = limits(catalog, theme)
    edges = {"theme": theme.key, "since": since - guard - silence, "until": min(until + guard + silence, now)}
    heard = _heard(conn, theme.online, True, silence, edges)
    pictures = _heard(conn, theme.fault, False, DAY, edges)
    work: defaultdict[str, list[Span]] = defaultdict(list)
    for row in db.many(conn, "online_maintenance", **edges):
        work[row["station"]].append((row["starts"], row["ends"]))
    return {
        camera: tally(
            words, since, until, edges["until"], silence=silence, guard=guard, pictures=pictures.get(camera, ()),
            maintenance=work[camera],
        )
        for camera, words in heard.items()
    }  # fmt: skip


def _heard(
    conn: psycopg.Connection, kind: str, high: bool, silence: timedelta, edges: dict[str, Any]
) -> dict[str, list[Heard]]:
    found: defaultdict[str, list[Heard]] = defaultdict(list)
    for row in db.many(conn, "online_heard", kind=kind, high=high, silence=silence, **edges):
        found[row["station"]].append(Heard(row["first"], row["last"], row["up"]))
    return dict(found)


def limits(catalog: Catalog, theme: Theme) -> tuple[timedelta, timedelta]:
    """(guard, silence): outages shorter than the one are forgiven, after the other a camera of the theme is silent."""
    silence = catalog.kinds[theme.online].silence_s
    assert silence is not None, "a camera without a silence limit is never offline"
    return timedelta(seconds=catalog.report["outage_s"]), timedelta(seconds=silence)


# Days kept ------------------------------------------------------------------------------------------------------------
def _kept(
    conn: psycopg.Connection, stamps: Mapping[datetime, dict[str, Any]], since: datetime, until: datetime
) -> dict[datetime, dict[str, Tally]]:
    """Whole days of a window that are kept and still true."""
    whole = {_key(day): day for day in stamps if since <= day and day + DAY <= until}
    found = {}
    for row in db.many(conn, "online_days", keys=list(whole)):
        day, value = whole[row["key"]], row["value"]
        if value["from"] == stamps[day]:
            found[day] = {
                camera: Tally(timedelta(seconds=due), timedelta(seconds=online), timedelta(seconds=good), outages)
                for camera, (due, online, good, outages) in value["cameras"].items()
            }
    return found


def _stamps(
    conn: psycopg.Connection, catalog: Catalog, since: datetime, until: datetime
) -> dict[datetime, dict[str, Any]]:
    """What each day of a window is tallied from. One theme's silence stands as a number, so that days that were tallied
    before there could be more keep their worth."""
    themes = watched(catalog)
    silences = [limits(catalog, theme)[1].total_seconds() for theme in themes]
    guard, silence = float(catalog.report["outage_s"]), silences[0] if len(silences) == 1 else silences
    kinds = [kind for theme in themes for kind in (theme.online, theme.fault) if kind]
    rows = db.many(conn, "online_words", kinds=kinds, themes=[t.key for t in themes], since=since, until=until)
    return {
        row["day"].astimezone(ZONE): {
            "words": row["words"], "works": row["works"], "work_s": row["work_s"], "guard": guard, "silence": silence
        }
        for row in rows
    }  # fmt: skip


def _stretches(since: datetime, until: datetime, kept: Mapping[datetime, Any], quiet: set[datetime]) -> list[Span]:
    """What of a window lies in no kept day, cut at midnights so that each is a day's words at most; days without a word
    go together."""
    found: list[Span] = []
    at, before = since, None
    while at < until:
        day = _midnight(at)
        end = min(day + DAY, until)
        if at not in kept:
            if found and found[-1][1] == at and before in quiet and day in quiet:
                found[-1] = (found[-1][0], end)
            else:
                found.append((at, end))
        at, before = end, day
    return found


def _midnight(at: datetime) -> datetime:
    return at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def _key(day: datetime) -> str:
    return f"online:{day:%Y-%m-%d}"
