"""What one alert, station, event or warning card shows, and what its buttons do.

Reading gathers everything around one thing (`Case`); doing goes through the flow, in-process, as the person of the session.
A refusal of the rules comes back as its sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.flow.alerts import recording
from brain.flow.city import public_warnings
from brain.flow.events import acting
from brain.identity.people import mask_phone
from brain.model import Event, Level, Refused, Source, State, Station, Verb
from brain.rules import lifecycle
from brain.rules.types.ladder import limits_of
from brain.store import db
from brain.web import readouts
from brain.web.live import moment as frames
from brain.web.live.moment import Moment, Sight

CARD_TRAIL = 96
NEEDS_A_PHONE = frozenset({"photo", "near"})
"""Guards that ask for a picture or a place: such verbs belong to the phone and get no button here."""
ORDER = (
    Verb.ACCEPT, Verb.REGISTER, Verb.DISPATCH, Verb.ARBITRATE, Verb.TAKE, Verb.CLOSE, Verb.REWORK, Verb.RESUME, Verb.ASK_VERIFY,
    Verb.RETURN, Verb.URGE, Verb.SUPERVISE, Verb.JOIN, Verb.EXTEND, Verb.NOTE, Verb.SUSPEND, Verb.DECLINE, Verb.VOID,
    Verb.REOPEN, Verb.RATE,
)  # fmt: skip
"""Verbs in the order of their buttons: the next step of the line first. A verb not listed has no button."""


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
    conn: psycopg.Connection, catalog: Catalog, moment: Moment, kind: str, ident: str, sight: Sight
) -> Case | None:
    """The case behind a selection; None when there is no such thing or it is not the viewer's to see."""
    if kind == "alert" and ident.isdigit():
        row = db.one(conn, "web_alert", id=int(ident))
        return _of_alert(conn, catalog, moment, row, sight) if row and sight.sees_alert(row) else None
    if kind == "event":
        row = db.one(conn, "web_event", id=ident)
        return _of_event(conn, catalog, moment, row, sight) if row else None
    if kind == "station" and ident in moment.stations:
        return _of_station(conn, catalog, moment, moment.stations[ident], sight)
    if kind == "resource" and (row := db.one(conn, "web_resource", id=ident)):
        near = _around(conn, catalog, row["lng"], row["lat"], None, "")
        return Case(kind, ident, row["name"], "", row["lng"], row["lat"], resource=row, cameras=near["cameras"])
    if kind == "warning" and (row := public_warnings.one(conn, *readouts.warning_key(ident))):
        level = Level(row["level"]) if row["level"] else None
        return Case(kind, ident, readouts.warning_title(row, catalog), level.key if level else "", None, None, warning=row)
    return None


def _of_alert(conn: psycopg.Connection, catalog: Catalog, moment: Moment, row: dict, sight: Sight) -> Case:
    station = moment.stations.get(row["station"])
    row |= {"level_key": Level(row["level"]).key, "log": db.many(conn, "web_alert_log", id=row["id"])}
    lng, lat = row["lng"], row["lat"]
    if lng is None and station:
        lng, lat = station["lng"], station["lat"]
    event, verbs, phone, log = None, (), (), ()
    if row["event_id"] and (found := db.one(conn, "web_event", id=row["event_id"])):
        event, verbs, phone, log = _work(conn, catalog, found, sight)
    others = tuple(a for a in moment.alerts if a["station"] == row["station"] and a["id"] != row["id"])
    opens = _opens(catalog, row)
    return Case(
        "alert", str(row["id"]), row["name"], row["level_key"] if row["cleared_at"] is None else "", lng, lat, station=station,
        alert=row, others=others, event=event, verbs=verbs, phone_verbs=phone, log=log,
        **_series(conn, catalog, station, row["kind"], row["rule"]),
        **_around(conn, catalog, lng, lat, row["grid"] or (station or {}).get("grid"), row["station"]),
        plan=catalog.plan(row["theme"], Level(row["level"])),
        may_ack=row["cleared_at"] is None and row["acked_at"] is None and sight.actor.role in recording.ACKERS,
        may_report=event is None and opens is not None and sight.actor.role in lifecycle.MOVES[None, Verb.REPORT].by,
    )  # fmt: skip


def _of_station(conn: psycopg.Connection, catalog: Catalog, moment: Moment, station: dict, sight: Sight) -> Case:
    mine = [a for a in moment.alerts if a["station"] == station["id"] and sight.sees_alert(a)]
    if mine:
        row = db.one(conn, "web_alert", id=min(mine, key=lambda a: (a["level"], -a["id"]))["id"])
        if row:
            case = _of_alert(conn, catalog, moment, row, sight)
            return case
    return Case(
        "station", station["id"], station["name"], "", station["lng"], station["lat"], station=station,
        **_series(conn, catalog, station, None, None),
        **_around(conn, catalog, station["lng"], station["lat"], station["grid"], station["id"]),
    )  # fmt: skip


def _of_event(conn: psycopg.Connection, catalog: Catalog, moment: Moment, row: dict, sight: Sight) -> Case | None:
    event, verbs, phone, log = _work(conn, catalog, row, sight)
    if event is None:
        return None
    alert = db.one(conn, "web_alert", id=row["alert_id"]) if row["alert_id"] else None
    if alert:
        alert |= {"level_key": Level(alert["level"]).key, "log": db.many(conn, "web_alert_log", id=alert["id"])}
    station = moment.stations.get(row["station"] or "")
    level = Level(row["level"]) if row["level"] else None
    theme = (alert or {}).get("theme") or (station or {}).get("theme")
    return Case(
        "event", row["id"], row["title"], level.key if level else "", row["lng"], row["lat"], station=station, alert=alert,
        event=event, verbs=verbs, phone_verbs=phone, log=log,
        **_series(conn, catalog, station, (alert or {}).get("kind"), (alert or {}).get("rule")),
        **_around(conn, catalog, row["lng"], row["lat"], row["grid"], row["station"] or ""),
        plan=catalog.plan(theme, level) if theme and level else (),
    )  # fmt: skip


def _work(
    conn: psycopg.Connection, catalog: Catalog, row: dict, sight: Sight
) -> tuple[dict | None, tuple, tuple, tuple]:
    """(event, verbs with a button here, verbs of the phone, history) as far as the viewer may see it."""
    event = db.record(Event, row)
    if not sight.sees_event(row):
        return None, (), (), ()
    may = acting.allowed(conn, catalog, event, sight.actor)
    here, phone = [], []
    for verb in may:
        needs = set(lifecycle.MOVES[State(event.state), verb].needs)
        if verb not in ORDER or needs & NEEDS_A_PHONE:
            phone.append(verb)
        else:
            here.append(verb)
    log = acting.log_of(conn, event.id)
    shown = row | {"handler_phone": mask_phone(row.get("handler_phone") or "")}
    return shown, tuple(sorted(here, key=ORDER.index)), tuple(phone), tuple(log)


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
    found = frames.trails_of(conn, [(station["id"], k) for k in kinds], last=CARD_TRAIL)
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
def acknowledge(conn: psycopg.Connection, alert_id: str, sight: Sight, now: datetime, note: str = "") -> str:
    """Returns what to say; raises Refused."""
    recording.ack(conn, int(alert_id), sight.actor, now, note=note)
    return "已确认"


def report(
    conn: psycopg.Connection, catalog: Catalog, alert_id: str, sight: Sight, now: datetime, note: str = ""
) -> tuple[str, str]:
    """A person makes an event of an alert; returns (event id, what to say). Raises Refused."""
    row = db.one(conn, "web_alert", id=int(alert_id))
    if row is None or not sight.sees_alert(row):
        raise Refused(f"没有编号为 {alert_id} 的告警，或不在您的管辖范围内", "unknown")
    if row["event_id"]:
        raise Refused(f"这条告警已有案卷 {row['event_id']}", "reported")
    category = _opens(catalog, row)
    if category is None:
        raise Refused("这条规则没有对应的事项类别，请从“上报”登记", "category")
    event = acting.report(
        conn, catalog, category=category, title=f"{row['name']} {catalog.categories[category].name}", lng=row["lng"], lat=row["lat"],
        source=Source.SENSOR, actor=sight.actor, now=now, level=Level(row["level"]),
        description=row["message"] + (f"。{note}" if note else ""), address=row["name"], alert_id=row["id"], station=row["station"],
    )  # fmt: skip
    return event.id, f"已上报，案卷 {event.id}"


def act(
    conn: psycopg.Connection,
    catalog: Catalog,
    event_id: str,
    verb: str,
    given: Mapping[str, Any],
    sight: Sight,
    now: datetime,
) -> str:
    """One verb with what the form holds; returns what to say. Raises Refused."""
    if verb not in set(Verb):
        raise Refused(f"没有动作“{verb}”", "verb")
    text = {k: (str(given.get(k) or "").strip() or None) for k in ("reason", "note", "org", "condition", "case")}
    more: dict[str, Any] = {}
    if (handler := str(given.get("handler_id") or "")).isdigit():
        more["handler_id"] = int(handler)
    if (days := str(given.get("until_days") or "")).isdigit():
        more["until"] = now + timedelta(days=int(days))
    if given.get("passed") in ("yes", "no"):
        more["passed"] = given["passed"] == "yes"
    if all(str(given.get(k, "")).isdigit() for k in ("response", "solved", "satisfied")):
        more["ratings"] = {k: int(given[k]) for k in ("response", "solved", "satisfied")}
    if str(given.get("version", "")).isdigit():
        more["expect_version"] = int(given["version"])
    after = acting.act(conn, catalog, event_id, Verb(verb), sight.actor, now, **text, **more)
    return f"{catalog.words.of('verb', verb)}完成，现在{catalog.words.of('state', after.state)}"


def hands(conn: psycopg.Connection, org: str, grid: str | None) -> list[dict[str, Any]]:
    """Who of an organisation can be given an event: id, name, role, grid."""
    return db.many(conn, "web_hands", org=org, grid=grid)
