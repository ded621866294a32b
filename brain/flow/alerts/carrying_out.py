"""Carries out what `rules.consequences` decides: one executor a kind, in the transaction that recorded the alert.

Why grouped by kind and not alert by alert: a storm is a thousand alerts in a batch, and people are told of all of them with
three statements. The order of `EXECUTORS` is the order in which they act: an alert joins its event before the event hears of
it, and notices about alerts stand before those of the events they open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.flow.alerts import paging
from brain.flow.events import acting, duplicates, signals
from brain.model import ENGINE, Station
from brain.rules.consequences import (
    Consequence,
    Happened,
    JoinEvent,
    Note,
    OpenEvent,
    Tell,
    at_once,
    of_event,
    wants_event,
)


def carry_out(conn: psycopg.Connection, catalog: Catalog, happened: Sequence[Happened], now: datetime) -> None:
    """Everything that follows from what happened to these alerts, inside the caller's transaction."""
    _execute(conn, catalog, [c for one in happened for c in at_once(one)], now)
    for one in happened:
        category = wants_event(one)
        found = _open_event(conn, catalog, category, one.station, now) if category and one.station else None
        _execute(conn, catalog, of_event(one, found), now)


def _open_event(
    conn: psycopg.Connection, catalog: Catalog, category: str, station: Station, now: datetime
) -> str | None:
    """Number of the open event that is the same trouble: of the same station, else of the same spot."""
    if known := duplicates.open_of_station(conn, station.id, category):
        return known
    near = duplicates.near_duplicates(conn, catalog, category, station.lng, station.lat, now)
    return near[0]["id"] if near else None


# One a kind -----------------------------------------------------------------------------------------------------------
def _join(conn: psycopg.Connection, catalog: Catalog, joins: Sequence[JoinEvent], now: datetime) -> None:
    for join in joins:
        signals.belongs(conn, join.alert_id, join.event_id, ENGINE, now, join.note)


def _note(conn: psycopg.Connection, catalog: Catalog, notes: Sequence[Note], now: datetime) -> None:
    for note in notes:
        signals.sensor_says(
            conn, note.event_id, now, note.message, alert=note.alert_id, normal=note.normal, level=note.level,
            value=note.value, evidence=note.evidence,
        )  # fmt: skip


def _page(conn: psycopg.Connection, catalog: Catalog, tells: Sequence[Tell], now: datetime) -> None:
    paging.page_people(conn, catalog, tells, now)


def _open(conn: psycopg.Connection, catalog: Catalog, opens: Sequence[OpenEvent], now: datetime) -> None:
    for new in opens:
        acting.report(
            conn, catalog, category=new.category, title=new.title, description=new.description, lng=new.lng, lat=new.lat,
            address=new.address, source=new.source, actor=ENGINE, now=now, level=new.level, alert_id=new.alert_id,
            station=new.station,
        )  # fmt: skip


EXECUTORS: dict[type[Consequence], Callable[[psycopg.Connection, Catalog, Sequence[Any], datetime], None]] = {
    JoinEvent: _join,
    Note: _note,
    Tell: _page,
    OpenEvent: _open,
}


def _execute(conn: psycopg.Connection, catalog: Catalog, found: Sequence[Consequence], now: datetime) -> None:
    for kind, executor in EXECUTORS.items():
        if these := [one for one in found if type(one) is kind]:
            executor(conn, catalog, these, now)
