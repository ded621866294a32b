"""What an alert brings about: from what happened to it, the list of what follows. Pure; `flow.consequences` carries it out.

Recording an alert writes rows and nothing else. What follows from it is decided here, in two questions:
- `at_once`: who is told, and what the event hears that the alert belongs to;
- `of_event`: which event the alert goes to. Asked apart, one alert after the other, because the event that the first alert
  of a storm opens is the one that the second belongs to: only who has carried out the first knows what is open then.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from brain.model import Alert, Judgement, Level, Source, Station


# What happened --------------------------------------------------------------------------------------------------------
class Did(StrEnum):
    """What a judgement did to an alert."""

    OPENED = auto()
    CHANGED = auto()  # another level, better or worse
    RENEWED = auto()  # the same level once more
    CLEARED = auto()
    CONFIRMED = auto()  # born from back-filled data, and live data show the same


@dataclass(frozen=True, slots=True)
class Opens:
    """The work that a rule asks for: category and name of the event, from which level on, and what reports of the
    station's theme count as."""

    category: str
    name: str
    from_level: Level
    source: Source = Source.SENSOR


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened to one alert. `alert` is its row afterwards, `before` its level before it changed, `told` the
    level whose list was told last and `tellings` how often people were told; `station` and `opens` are what the rule was
    asked about and what it opens (None where an alert is withdrawn and no rule was asked)."""

    did: Did
    alert: Alert
    judged: Judgement
    before: Level | None = None
    told: Level | None = None
    tellings: int = 0
    station: Station | None = None
    opens: Opens | None = None


# What follows ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class JoinEvent:
    """The alert belongs to an event that is open already: while it fires, that event cannot be closed."""

    alert_id: int
    event_id: str
    note: str


@dataclass(frozen=True, slots=True)
class Note:
    """An event hears from one of its sensors: it is normal again, or a level was reached."""

    event_id: str
    alert_id: int
    message: str
    normal: bool
    level: Level | None
    value: float | None
    evidence: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Tell:
    """The people on the list of `level` are told about the alert. `told` and `tellings` say how far that had come before:
    who tells the same list again waits longer. `owner` and `name` are the station's."""

    alert: Alert
    level: Level
    told: Level | None
    tellings: int
    owner: str | None
    name: str


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """A new event, reported by the rule engine. Degrees are EPSG:4490."""

    alert_id: int
    category: str
    title: str
    description: str
    level: Level
    station: str
    address: str
    lng: float
    lat: float
    source: Source


Consequence = JoinEvent | Note | Tell | OpenEvent


def at_once(happened: Happened) -> list[Tell | Note]:
    """What follows whatever events are open: people are told of what is new or worse, the alert's event hears that its
    sensor is normal again."""
    alert, judged = happened.alert, happened.judged
    if happened.did is Did.CLEARED and alert.event_id:
        return [Note(alert.event_id, alert.id, judged.message, True, None, judged.value, judged.evidence)]
    if _concerns_people(happened) and happened.station is not None:
        station = happened.station
        return [Tell(alert, alert.level, happened.told, happened.tellings, station.org, station.name)]
    return []


def wants_event(happened: Happened) -> str | None:
    """The category of the event to look for, an open one of the same trouble; None where the alert needs none or has
    one."""
    opens = happened.opens
    if opens is None or happened.alert.event_id or not _concerns_people(happened):
        return None
    return opens.category if happened.alert.level <= opens.from_level else None


def of_event(happened: Happened, found: str | None) -> list[JoinEvent | Note | OpenEvent]:
    """Where the alert goes: its own event hears what is worse; without one it joins the open event that was `found`
    (see `wants_event`), else a new one is opened."""
    alert, station, opens = happened.alert, happened.station, happened.opens
    if not _concerns_people(happened):
        return []
    if alert.event_id:
        return [_worse(alert, alert.event_id)]
    if wants_event(happened) is None or station is None or opens is None:
        return []
    if found:
        return [JoinEvent(alert.id, found, f"关联事件 {found}"), _worse(alert, found)]
    return [
        OpenEvent(
            alert.id, opens.category, f"{station.name}：{opens.name}", alert.message, alert.level, station.id, station.name,
            station.lng, station.lat, opens.source,
        )
    ]  # fmt: skip


def _concerns_people(happened: Happened) -> bool:
    """What is new, worse or confirmed. What rests on back-filled data alone is recorded and concerns nobody, until live
    data confirm it; an alert of which nobody was told yet counts as new whatever it does."""
    if happened.alert.late:
        return False
    match happened.did:
        case Did.OPENED | Did.CONFIRMED:
            return True
        case Did.CHANGED | Did.RENEWED:
            worse = happened.before is not None and happened.alert.level < happened.before
            return worse or happened.told is None
        case Did.CLEARED:
            return False


def _worse(alert: Alert, event_id: str) -> Note:
    return Note(event_id, alert.id, alert.message, False, alert.level, alert.value)
