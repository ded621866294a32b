"""What intake knows by heart of stations, senders and who may send, and how it learns of changes.

Why one small question a batch and no timer: a station entered on a page must be able to send at once, and work on a
station must count from the moment it is entered; measured, the question costs a fifth of a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from math import cos, hypot, radians
from typing import Any

import psycopg

from brain.identity.tcp_stations import TcpStation
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
    org: str | None = None  # the owner: what its senders are held against

    def holds(self, lng: float, lat: float) -> float | None:
        """Distance in m from the centre of a watch cell that holds the point; None when it does not.
        params["watch"] is its box [west, south, east, north], or true: then the cell reaches WATCH_REACH_M."""
        away = hypot(
            (lng - self.lng) * METRES_PER_DEGREE * cos(radians(self.lat)), (lat - self.lat) * METRES_PER_DEGREE
        )
        box = self.params.get("watch")
        if isinstance(box, list) and len(box) == 4:
            return away if box[0] <= lng <= box[2] and box[1] <= lat <= box[3] else None
        return away if away <= WATCH_REACH_M else None

    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north of a watch cell."""
        box = self.params.get("watch")
        if isinstance(box, list) and len(box) == 4:
            return box[0], box[1], box[2], box[3]
        high = WATCH_REACH_M / METRES_PER_DEGREE
        wide = high / cos(radians(self.lat))
        return self.lng - wide, self.lat - high, self.lng + wide, self.lat + high


@dataclass(frozen=True, slots=True)
class Calibration:
    """true = sent × factor + addend, for readings observed in [starts, ends) and stored from `effective` on."""

    starts: datetime
    ends: datetime | None
    effective: datetime
    factor: float
    addend: float


class Book:
    """What intake knows by heart: stations, what senders call things, maintenance, calibrations.

    `refresh` asks the database, once a batch, whether any of it has changed, and reads all of it anew if so: what is
    entered on a page counts for the next batch. A database that is away raises psycopg.OperationalError; what is in
    memory stays.
    """

    def __init__(self) -> None:
        self._version: int | None = None
        self._known: dict[str, Known] = {}
        self._watches: list[Known] = []
        self._meant: dict[tuple[str, str, str], str] = {}
        self._maintenance: dict[str, list[tuple[datetime, datetime]]] = {}
        self._calibrations: dict[tuple[str, str], list[Calibration]] = {}
        self._senders: dict[tuple[str, str], TcpStation] = {}
        self._spoken: frozenset[str] = frozenset()

    @property
    def loaded(self) -> bool:
        """Whether it has been read at all: before that nobody can be told from a stranger."""
        return self._version is not None

    def get(self, station: str) -> Known | None:
        return self._known.get(station)

    def meant(self, feed: str, what: str, given: str) -> str | None:
        """What a sender's word (`what`: station, kind, unit) stands for; None when nobody has said."""
        return self._meant.get((feed, what, given))

    def sender(self, feed: str, id: str) -> TcpStation | None:
        """The registration of a telemetry station that speaks over TCP."""
        return self._senders.get((feed, id))

    def is_spoken_for(self, station: str) -> bool:
        """Whether a registered telemetry station speaks for a station of ours, by its mapping or under its own id."""
        return station in self._spoken

    def under_maintenance(self, station: str, at: datetime) -> bool:
        """Whether somebody was at work on the station at that moment."""
        spans = self._maintenance.get(station)
        return spans is not None and any(starts <= at < ends for starts, ends in spans)

    def calibrated(self, station: str, kind: str, at: datetime, value: float, now: datetime) -> float:
        """The true value of a reading that is stored at `now`."""
        for c in self._calibrations.get((station, kind), ()):
            if c.starts <= at and (c.ends is None or at < c.ends) and c.effective <= now:
                return value * c.factor + c.addend
        return value

    def refresh(self, conn: psycopg.Connection) -> None:
        """Read everything if something has changed."""
        version = db.row(conn, "intake_book_version")["version"]
        if version == self._version:
            return
        self.fill(Known(**row) for row in db.many(conn, "intake_stations"))
        self.map((r["feed"], r["what"], r["given"], r["meant"]) for r in db.many(conn, "intake_mappings"))
        self.maintain((r["station"], r["starts"], r["ends"]) for r in db.many(conn, "intake_maintenance"))
        self.calibrate(
            (row.pop("station"), row.pop("kind"), Calibration(**row)) for row in db.many(conn, "intake_calibrations")
        )
        self.enlist(
            TcpStation(**row | {"networks": tuple(map(ip_network, row["networks"])), "digest": row["digest"] and bytes(row["digest"])})
            for row in db.many(conn, "tcp_book")
        )
        self._version = version  # read before the rest: what changed in between is read again the next time

    def fill(self, stations: Iterable[Known]) -> None:
        self._known = {s.id: s for s in stations}
        self._watches = [s for s in self._known.values() if _is_watch(s)]

    def map(self, rows: Iterable[tuple[str, str, str, str]]) -> None:
        self._meant = {(feed, what, given): meant for feed, what, given, meant in rows}

    def maintain(self, rows: Iterable[tuple[str, datetime, datetime]]) -> None:
        self._maintenance = {}
        for station, starts, ends in rows:
            self._maintenance.setdefault(station, []).append((starts, ends))

    def calibrate(self, rows: Iterable[tuple[str, str, Calibration]]) -> None:
        self._calibrations = {}
        for station, kind, calibration in rows:
            self._calibrations.setdefault((station, kind), []).append(calibration)

    def enlist(self, senders: Iterable[TcpStation]) -> None:
        """After `map`: for whom they speak is looked up there."""
        self._senders = {(s.feed, s.id): s for s in senders}
        meant = {our for (feed, what, given), our in self._meant.items()
                 if what == "station" and (feed, given.partition("/")[0]) in self._senders}  # fmt: skip
        self._spoken = frozenset(meant | {id for _, id in self._senders})

    def watch(self, lng: float, lat: float) -> str | None:
        """The watch cell that holds a point: of several, the one whose centre is nearest."""
        held = [(away, s.id) for s in self._watches if (away := s.holds(lng, lat)) is not None]
        return min(held)[1] if held else None

    def watched(self) -> tuple[float, float, float, float] | None:
        """West, south, east and north of the box around all watch cells; None where there are none."""
        if not self._watches:
            return None
        west, south, east, north = zip(*(s.box() for s in self._watches), strict=True)
        return min(west), min(south), max(east), max(north)


def _is_watch(station: Known) -> bool:
    """Declared by `params.watch`, whatever the station is called."""
    return station.theme == "fire" and station.active and bool(station.params.get("watch"))
