"""What is open or newest, as one frozen value that every viewer shares, and what of it somebody sees.

Who may see what is decided after reading, by his `Sight`: the rows are few (what is open now) and the viewers many.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from brain.identity.scope import Sight
from brain.model import Level


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that is open or newest, as known at `at`. Rows are dicts of the columns of `sql/web.sql`.

    `counted_at` is the time that lists reckon with: it moves with alerts, events, warnings and the clock's tick, not with
    every reading, so that a reading does not have every list sent anew. `warnings_turn`: when the warnings in force
    change next with nobody saying so. `today` and `hours` keep what was counted for a sight's key until something moves.
    `whole`: nothing was left out for somebody's sight. `more`: more alerts are open than are held.
    """

    at: datetime
    stations: dict[str, dict[str, Any]] = field(default_factory=dict)
    alerts: tuple[dict[str, Any], ...] = ()
    events: tuple[dict[str, Any], ...] = ()
    warnings: tuple[dict[str, Any], ...] = ()
    drills: tuple[dict[str, Any], ...] = ()
    warnings_turn: datetime | None = None
    trails: dict[tuple[str, str], tuple[tuple[datetime, float, str], ...]] = field(default_factory=dict)
    feeds: dict[str, dict[str, Any]] = field(default_factory=dict)
    resources: tuple[dict[str, Any], ...] = ()
    orgs: tuple[dict[str, Any], ...] = ()
    today: dict[tuple, tuple[int, int]] = field(default_factory=dict)
    hours: dict[tuple, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    counted_at: datetime | None = None
    whole: bool = True
    more: bool = False
    version: int = 0

    def seen(self, sight: Sight) -> Moment:
        """The moment as somebody sees it: his events and alerts, and stations coloured by those alerts alone."""
        alerts = tuple(as_seen(sight, a) for a in self.alerts if sees_alert(sight, a))
        events = tuple(e for e in self.events if sight.sees_event(e, e["joined"]))
        stations = self.stations
        if len(alerts) < len(self.alerts):
            worst: dict[str, str] = {}
            for a in sorted(alerts, key=lambda a: a["level"]):
                worst.setdefault(a["station"], Level(a["level"]).key)
            stations = {key: s | {"level": worst.get(key, "")} if s["level"] else s for key, s in stations.items()}
        return replace(self, alerts=alerts, events=events, stations=stations, whole=sight.whole)


def as_seen(sight: Sight, alert: dict[str, Any]) -> dict[str, Any]:
    """The alert, without the number of an event that somebody may not read: `worked` then says that there is one."""
    event = alert["seen_by"]
    if not alert["event_id"] or (event and sight.sees_event(event, event["joined"])):
        return alert
    return alert | {"event_id": None, "worked": True}


def sees_alert(sight: Sight, alert: dict[str, Any]) -> bool:
    """Whether somebody sees an alert, as a row of `web_alerts` or `web_alert`."""
    event = alert["seen_by"]
    return sight.sees_alert(alert, org=alert["org"], event=event, joined=event["joined"] if event else ())
