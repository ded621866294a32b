"""The stations intake knows: kept in memory, looked up anew when a message names one that is not there.

Why a look-up and not only a timer: a station entered on a page must be able to send at once; and one query a batch is
cheap however many unknown names a batch holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import cos, hypot, radians
from typing import Any

import psycopg

from brain.store import db

METRES_PER_DEGREE = 111_320.0  # of latitude; of longitude times cos(lat)
WATCH_REACH_M = 1_600.0  # half the diagonal of a watch cell 2 km across, and a little


@dataclass(frozen=True, slots=True)
class Known:
    """A station, as far as intake asks."""

    id: str
    theme: str
    lng: float
    lat: float
    params: dict[str, Any]
    active: bool

    def holds(self, lng: float, lat: float) -> float | None:
        """Distance in m from the centre of a watch cell that holds the point; None when it does not.
        params["watch"] is its box [west, south, east, north]; without one the cell reaches WATCH_REACH_M."""
        away = hypot(
            (lng - self.lng) * METRES_PER_DEGREE * cos(radians(self.lat)), (lat - self.lat) * METRES_PER_DEGREE
        )
        box = self.params.get("watch")
        if isinstance(box, list) and len(box) == 4:
            return away if box[0] <= lng <= box[2] and box[1] <= lat <= box[3] else None
        return away if away <= WATCH_REACH_M else None


class Book:
    """Stations by id. `refresh` reads all of them, `look_up` those that a batch names and the book lacks.

    A database that is away raises psycopg.OperationalError; what is in memory stays.
    """

    def __init__(self, refresh_s: float, monotonic: Callable[[], float] = time.monotonic):
        self._refresh_s = refresh_s
        self._monotonic = monotonic
        self._read_at: float | None = None
        self._known: dict[str, Known] = {}
        self._watches: list[Known] = []
        self._meant: dict[tuple[str, str, str], str] = {}

    def get(self, station: str) -> Known | None:
        return self._known.get(station)

    def meant(self, feed: str, what: str, given: str) -> str | None:
        """What a sender's word (`what`: station, kind, unit) stands for; None when nobody has said."""
        return self._meant.get((feed, what, given))

    def refresh(self, conn: psycopg.Connection) -> None:
        """Read all stations and mappings if the last time is `refresh_s` ago."""
        now = self._monotonic()
        if self._read_at is None or now - self._read_at >= self._refresh_s:
            self.fill(Known(**row) for row in db.many(conn, "intake_stations"))
            self.map((row["feed"], row["what"], row["given"], row["meant"]) for row in db.many(conn, "intake_mappings"))
            self._read_at = now

    def forget(self) -> None:
        """The next `refresh` reads everything anew, whenever the last one was."""
        self._read_at = None

    def fill(self, stations: Iterable[Known]) -> None:
        self._known = {s.id: s for s in stations}
        self._watches = [s for s in self._known.values() if _is_watch(s)]

    def map(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        self._meant = {(feed, what, given): meant for feed, what, given, meant in rows}

    def look_up(self, conn: psycopg.Connection, ids: set[str]) -> None:
        """Ask the database for these if the book lacks some of them."""
        lacking = [i for i in ids if i not in self._known and i[:1] != "@" and i.isprintable()]
        if lacking:
            self.map((row["feed"], row["what"], row["given"], row["meant"]) for row in db.many(conn, "intake_mappings"))
            lacking += [meant for meant in self._meant.values() if meant not in self._known]
            for row in db.many(conn, "intake_stations_of", ids=lacking):
                found = Known(**row)
                self._known[found.id] = found
                if _is_watch(found):
                    self._watches.append(found)

    def watch(self, lng: float, lat: float) -> str | None:
        """The watch cell that holds a point: of several, the one whose centre is nearest."""
        held = [(away, s.id) for s in self._watches if (away := s.holds(lng, lat)) is not None]
        return min(held)[1] if held else None


def _is_watch(station: Known) -> bool:
    return station.theme == "fire" and station.active and ("watch" in station.params or station.id.startswith("FW-"))
