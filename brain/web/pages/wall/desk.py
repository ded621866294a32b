"""What one alert, station, event or warning card shows, and what its buttons do.

Reading gathers everything around one thing (`Case`); doing goes through the flow, in-process, as the person of the session.
A refusal of the rules comes back as its sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.flow.alerts import recording
from brain.flow.city import public_warnings
from brain.flow.events import acting
from brain.identity.doing import Doer, act_audited
from brain.identity.people import Person, actor_of, mask_phone
from brain.identity.scope import Sight
from brain.model import Actor, Event, Level, Refused, Source, Station, Verb
from brain.rules import forms, lifecycle
from brain.rules.types.ladder import limits_of
from brain.store import db
from brain.web import readouts
from brain.web.door import calls
from brain.web.live.moment import Moment, as_seen, sees_alert
from brain.web.live.reading import trails_of
from brain.web.live.seat import Viewer
from brain.web.pages.wall import forms as drawn

CARD_TRAIL = 96
FROM_FORM = ("reason", "note", "org", "handler_id", "condition", "case", "passed", "until", *forms.RATINGS)
"""What of a form's values is handed on; the rest says which form it was."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything on a card. `kind` is alert, station, event, resource or warning; absent things are None or empty."""

    kind: str
    id: str
    title: str
    level: str
    lng: float | None
    lat: float | None
    station: dict[str, Any] | None = None
    alert: dict[str, Any] | None = None
    others: tuple[dict[str, Any], ...] = ()
    event: dict[str, Any] | None = None
    verbs: tuple[Verb, ...] = ()
    phone_verbs: tuple[Verb, ...] = ()
    log: tuple[dict[str, Any], ...] = ()
    trails: dict[str, tuple[tuple[datetime, float, str], ...]] = field(default_factory=dict)
    main: str | None = None
    limits: dict[str, float] = field(default_factory=dict)
    keeper: dict[str, Any] | None = None
    cameras: tuple[dict[str, Any], ...] = ()
    plan: tuple[str, ...] = ()
    resource: dict[str, Any] | None = None
    warning: dict[str, Any] | None = None
    may_ack: bool = False
    may_report: bool = False


def read(
    conn: psycopg.Connection, catalog: Catalog, moment: Moment, kind: str, ident: str, viewer: Viewer
) -> Case | None:
    """The case behind a selection; None when there is no such thing or it is not the viewer's to see. `moment` as he sees
    it."""
    if not calls.storable(ident):
        return None
    if kind == "alert" and ident.isdecimal() and len(ident) < 19:
        row = db.one(conn, "web_alert", id=int(ident))
        seen = as_seen(viewer.sight, row) if row and sees_alert(viewer.sight, row) else None
        return _of_alert(conn, catalog, moment, seen, viewer) if seen else None
    if kind == "event":
        row = db.one(conn, "web_event", id=ident)
        return _of_event(conn, catalog, moment, row, viewer) if row else None
    if kind == "station" and ident in moment.stations:
        return _of_station(conn, catalog, moment, moment.stations[ident], viewer)
    if kind == "resource" and (row := db.one(conn, "web_resource", id=ident)):
        near = _around(conn, catalog, row["lng"], row["lat"], None, "")
        return Case(kind, ident, row["name"], "", row["lng"], row["lat"], resource=row, cameras=near["cameras"])
    if kind == "warning" and (row := public_warnings.one(conn, *readouts.warning_key(ident), moment.at)):
        level = Level(row["level"]) if row["level"] else None
        return Case(kind, ident, readouts.warning_title(row, catalog), level.key if level else "", None, None, warning=row)
    return None


def _of_alert(conn: psycopg.Connection, catalog: Catalog, moment: Moment, row: dict, viewer: Viewer) -> Case:
    station = moment.stations.get(row["station"])
    row |= {"level_key": Level(row["level"]).key, "log": _alert_log(conn, row)}
    lng, lat = row["lng"], row["lat"]
    if lng is None and station:
        lng, lat = station["lng"], station["lat"]
    event, verbs, phone, log = None, (), (), ()
    if row["event_id"] and (found := db.one(conn, "web_event", id=row["event_id"])):
        event, verbs, phone, log = _work(conn, catalog, found, viewer)
    others = tuple(a for a in moment.alerts if a["station"] == row["station"] and a["id"] != row["id"])
    opens = _opens(catalog, row)
    return Case(
        "alert", str(row["id"]), row["name"], row["level_key"] if row["cleared_at"] is None else "", lng, lat, station=station,
        alert=row, others=others, event=event, verbs=verbs, phone_verbs=phone, log=log,
        **_series(conn, catalog, station, row["kind"], row["rule"]),
        **_around(conn, catalog, lng, lat, row["grid"] or (station or {}).get("grid"), row["station"]),
        plan=catalog.plan_steps(row["theme"], Level(row["level"])),
        may_ack=row["cleared_at"] is None and row["acked_at"] is None and viewer.actor.role in recording.ACKERS,
        may_report=event is None and not row.get("worked") and opens is not None
        and viewer.actor.role in lifecycle.MOVES[None, Verb.REPORT].by,
    )  # fmt: skip


def _alert_log(conn: psycopg.Connection, alert: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The history of an alert; the line that names an event which the reader may not read says only that there is one."""
    log = db.many(conn, "web_alert_log", id=alert["id"])
    if not alert.get("worked"):
        return log
    return [line | {"note": "已有人在办"} if line["what"] == "event" else line for line in log]


def _of_station(conn: psycopg.Connection, catalog: Catalog, moment: Moment, station: dict, viewer: Viewer) -> Case:
    mine = [a for a in moment.alerts if a["station"] == station["id"]]
    if mine:
        row = db.one(conn, "web_alert", id=min(mine, key=lambda a: (a["level"], -a["id"]))["id"])
        if row:
            return _of_alert(conn, catalog, moment, as_seen(viewer.sight, row), viewer)
    return Case(
        "station", station["id"], station["name"], "", station["lng"], station["lat"], station=station,
        **_series(conn, catalog, station, None, None),
        **_around(conn, catalog, station["lng"], station["lat"], station["grid"], station["id"]),
    )  # fmt: skip


def _of_event(conn: psycopg.Connection, catalog: Catalog, moment: Moment, row: dict, viewer: Viewer) -> Case | None:
    event, verbs, phone, log = _work(conn, catalog, row, viewer)
    if event is None:
        return None
    alert = db.one(conn, "web_alert", id=row["alert_id"]) if row["alert_id"] else None
    if alert and not sees_alert(viewer.sight, alert):
        alert = None
    if alert:
        alert = as_seen(viewer.sight, alert)
        alert |= {"level_key": Level(alert["level"]).key, "log": _alert_log(conn, alert)}
    station = moment.stations.get(row["station"] or "")
    level = Level(row["level"]) if row["level"] else None
    theme = (alert or {}).get("theme") or (station or {}).get("theme")
    return Case(
        "event", row["id"], row["title"], level.key if level else "", row["lng"], row["lat"], station=station, alert=alert,
        event=event, verbs=verbs, phone_verbs=phone, log=log,
        **_series(conn, catalog, station, (alert or {}).get("kind"), (alert or {}).get("rule")),
        **_around(conn, catalog, row["lng"], row["lat"], row["grid"], row["station"] or ""),
        plan=catalog.plan_steps(theme, level) if theme and level else (),
    )  # fmt: skip


def _work(
    conn: psycopg.Connection, catalog: Catalog, row: dict, viewer: Viewer
) -> tuple[dict | None, tuple, tuple, tuple]:
    """(event, verbs with a button here, verbs of the phone, history) as far as the viewer may see it."""
    event = db.record(Event, row)
    if not viewer.sight.sees_event(row, row["joined"]):
        return None, (), (), ()
    may = acting.allowed(conn, catalog, event, viewer.actor)
    here, phone = [], []
    for verb in may:
        (here if drawn.here(verb, catalog) else phone).append(verb)
    log = acting.log_of(conn, event.id)
    shown = row | {"handler_phone": mask_phone(row.get("handler_phone") or "")}
    return shown, tuple(sorted(here, key=catalog.forms.wall.index)), tuple(phone), tuple(log)


def _opens(catalog: Catalog, alert: Mapping[str, Any]) -> str | None:
    """Category of the event that an alert's rule would open."""
    rule = catalog.rules.get((alert["kind"], alert["rule"]))
    return rule.opens if rule else None


def _series(
    conn: psycopg.Connection, catalog: Catalog, station: dict | None, kind: str | None, rule_key: str | None
) -> dict[str, Any]:
    """Readings of the alert's kind (or the station's leading ones) and the limits they are held against."""
    if station is None:
        return {}
    has = set(station["readings"] or {})
    rule = catalog.rules.get((kind, rule_key)) if kind and rule_key else None
    inputs = [k for k in (rule.inputs if rule else ()) if k in has]
    theme = catalog.themes.get(station["theme"])
    leads = [k for k in theme.leads if k in has] if theme else []
    kinds = list(dict.fromkeys([*inputs, *leads, *sorted(has)]))[:6]
    main = kind if kind in has else (kinds[0] if kinds else None)
    found = trails_of(conn, [(station["id"], k) for k in kinds], last=CARD_TRAIL, tests=True)
    ladder = rule if rule and rule.type == "ladder" and kind == main else None
    ladder = ladder or next((r for (k, _), r in catalog.rules.items() if k == main and r.type == "ladder"), None)
    limits = {}
    if ladder:
        limits = {level.key: limit for level, limit in limits_of(ladder, db.record(Station, station))[0].items()}
    return {
        "trails": {k: found[station["id"], k] for k in kinds if (station["id"], k) in found},
        "main": main,
        "limits": limits,
    }


def _around(
    conn: psycopg.Connection, catalog: Catalog, lng: float | None, lat: float | None, grid: str | None, but: str
) -> dict[str, Any]:
    """Who looks after the place, and the cameras near it. Telephone numbers are masked (8.1.4.11)."""
    keeper = db.one(conn, "web_keeper", grid=grid) if grid else None
    if keeper:
        keeper |= {"phone": mask_phone(keeper["phone"] or "")}
    if lng is None:
        return {"keeper": keeper, "cameras": ()}
    looks = {"themes": list(catalog.cameras), "kinds": list(catalog.cameras.values())}
    near = tuple(db.many(conn, "web_near_cameras", lng=lng, lat=lat, but=but, limit=3, **looks))
    return {"keeper": keeper, "cameras": near}


# Doing ----------------------------------------------------------------------------------------------------------------
def acknowledge(
    conn: psycopg.Connection, catalog: Catalog, by: Doer, alert_id: str, now: datetime, note: str = ""
) -> str:
    """Returns what to say; raises Refused."""

    def do() -> None:
        if not calls.storable(note):
            raise Refused("说明里有不能保存的字符，请改正后再试", "form")
        recording.ack(conn, catalog, _number(alert_id), _actor(by), now, note=note)

    act_audited(conn, by, "alert_ack", f"alert:{alert_id[:20]}", now, do)
    return "已确认"


def report(conn: psycopg.Connection, catalog: Catalog, by: Doer, alert_id: str, now: datetime, note: str = "") -> str:
    """A person makes an event of an alert; returns what to say. Raises Refused."""

    def do() -> str:
        row, sight = db.one(conn, "web_alert", id=_number(alert_id)), Sight.of(_actor(by), catalog.roles)
        if row is None or not sees_alert(sight, row):
            raise Refused("没有这条告警，或不在您的管辖范围内", "unknown")
        row = as_seen(sight, row)
        if row["event_id"]:
            raise Refused(f"这条告警已有案卷 {row['event_id']}，请在那件案卷上办理", "reported")
        if row.get("worked"):
            raise Refused("这条告警已有人在办，不必再报", "reported")
        category = _opens(catalog, row)
        if category is None:
            raise Refused("这条规则没有对应的事项类别，请从“上报”登记", "category")
        return acting.report(
            conn, catalog, category=category, title=f"{row['name']} {catalog.categories[category].name}", lng=row["lng"],
            lat=row["lat"], source=Source.SENSOR, actor=_actor(by), now=now, level=Level(row["level"]),
            description=row["message"] + (f"。{note}" if note else ""), address=row["name"], alert_id=row["id"],
            station=row["station"],
        ).id  # fmt: skip

    alert = f"alert:{alert_id[:20]}"
    ident = act_audited(
        conn, by, "event_report", alert, now, do, kept=lambda made: {"object": f"event:{made}", "alert": alert_id}
    )
    return f"已上报，案卷 {ident}"


def act(
    conn: psycopg.Connection, catalog: Catalog, by: Doer, event_id: str, verb: str, raw: Mapping[str, Any], now: datetime
) -> str:
    """One verb with what the form holds; returns what to say. Raises Refused."""

    def do() -> Event:
        if verb not in set(Verb):
            raise Refused("没有这个动作", "verb")
        if not calls.storable(event_id):
            raise Refused("没有这个案卷，或不在您的管辖范围内", "unknown")
        given = forms.given(verb, {name: raw.get(name) for name in FROM_FORM}, now, catalog)
        seen = str(raw.get("version", ""))
        version = int(seen) if seen.isdecimal() and len(seen) < 10 else None
        return acting.act(conn, catalog, event_id, verb, _actor(by), now, given, expect_version=version)

    after = act_audited(conn, by, f"event_{verb[:20]}", f"event:{event_id[:20]}", now, do)
    return f"{catalog.words.of('verb', verb)}完成，现在{catalog.words.of('state', after.state)}"


def _actor(by: Doer) -> Actor:
    """Only accounts come through the screens."""
    if isinstance(by.who, str):
        raise TypeError("somebody without an account acts on a screen")
    return actor_of(by.who) if isinstance(by.who, Person) else by.who


def _number(text: str) -> int:
    """An alert's number; what is none is the number of no alert."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def hands(conn: psycopg.Connection, org: str, grid: str | None) -> list[dict[str, Any]]:
    """Who of an organisation can be given an event: id, name, role, grid."""
    return db.many(conn, "web_hands", org=org, grid=grid)
