"""What the engine does besides judging: knows the stations, watches silent ones, withdraws orphans, keeps time,
beats; and brings to what is stored what people and neighbours say of the instruments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain.catalog import Catalog, Rule
from brain.catalog.records import ANY_THEME
from brain.city import ZONE
from brain.engine.judging import Memory, memories
from brain.flow.alerts import recording
from brain.flow.measured import instruments
from brain.model import RuleState, Station
from brain.rules import thresholds
from brain.store import db

OWN = ("device", "engine")  # kind and key of the alert that says "a rule failed here"
LIMIT = 500


def stations(conn: psycopg.Connection, now: datetime) -> dict[str, Station]:
    return {r["id"]: db.record(Station, r) for r in db.many(conn, "engine_stations", now=now)}


def own_rule(rule: Rule) -> Rule:
    """The rule under whose name the engine reports a failure; it opens no event."""
    return replace(rule, kind=OWN[0], key=OWN[1], label="规则引擎", opens=None)


def poisoned(conn: psycopg.Connection) -> dict[str, set[str]]:
    """Which rules failed where and have not worked since, from the alerts that say so."""
    return {r["station"]: set(r["evidence"].get("rules", ())) for r in db.many(conn, "engine_poisoned")}


def due(
    conn: psycopg.Connection, catalog: Catalog, known: Mapping[str, Station], now: datetime
) -> list[tuple[Station, Rule, Memory]]:
    """Rules that asked to be asked again by now. Rows of stations switched off and of rules gone are put to rest."""
    found, over = [], []
    for row in db.many(conn, "engine_due", now=now, limit=LIMIT):
        station, rule = known.get(row["station"]), catalog.rules.get((row["kind"], row["rule"]))
        if station is None or not station.active or rule is None:
            over.append(row)
        else:
            found.append((station, rule, Memory(recording.state_of(row["state"]), row["due"])))
    if over:
        db.run(
            conn, "engine_not_due", stations=[r["station"] for r in over], kinds=[r["kind"] for r in over],
            rules=[r["rule"] for r in over],
        )  # fmt: skip
    return found


def watch_silent(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    """Stations that never sent anything: their silence counts from the moment the engine first expected them. Returns how
    many watches began."""
    known = {r["id"]: Expected(**r) for r in db.many(conn, "engine_expected")}
    rules = [r for r in catalog.rules.values() if r.type == "silence"]
    rows = db.many(conn, "engine_known", rules=[r.key for r in rules])
    watched = {(r["station"], r["kind"], r["rule"]) for r in rows}
    alike = {(_family(known[r["station"]]), r["rule"]) for r in rows if r["station"] in known}
    new = []
    for station in known.values():
        for rule in _expected(rules, station, alike) if station.active else ():
            key = (station.id, rule.kind, rule.key)
            if key not in watched:
                first = now + timedelta(seconds=min(rule.limits.values(), default=3600.0))
                new.append((key, RuleState(seen_at=now), first))
    with conn.transaction():
        recording.save_states(conn, new)
    return len(new)


@dataclass(frozen=True, slots=True)
class Expected:
    """Of a station what tells which readings to expect: all of them are asked for often, so nothing more is read."""

    id: str
    theme: str
    active: bool
    kinds: list[str] | None


def _family(station: Expected) -> tuple[str, str]:
    """Stations of one theme whose names begin alike (WL-01, WL-02 …) are of one make."""
    return station.theme, re.split(r"\d", station.id, maxsplit=1)[0]


def _expected(rules: list[Rule], station: Expected, alike: set[tuple[tuple[str, str], str]]) -> list[Rule]:
    """Silence rules of a station that has sent nothing yet: by the kinds it declares (`params.kinds`), else the theme's
    only one that is not for declared kinds alone, else those of its family. Where nothing tells, its first reading will."""
    mine = [r for r in rules if r.theme in (station.theme, ANY_THEME)]
    if declared := station.kinds:
        return [r for r in mine if not set(declared).isdisjoint(r.inputs)]
    usual = [r for r in mine if not r.params.get("only_declared")]
    return usual if len(usual) == 1 else [r for r in usual if (_family(station), r.key) in alike]


def withdraw(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    """Clear open alerts that nobody will ever clear: their station was switched off, or their rule is gone."""
    rules = [f"{kind}/{key}" for kind, key in catalog.rules] + ["/".join(OWN)]
    with conn.transaction():
        rows = db.many(conn, "engine_orphans", rules=rules)
        for row in rows:
            db.run(conn, "engine_forget", station=row["station"], kind=row["kind"], rule=row["rule"])
            recording.withdraw(conn, catalog, recording.alert_of(row), now, "站点已停用或规则已取消，告警撤回")
    return len(rows)


def watch_drift(conn: psycopg.Connection, catalog: Catalog, known: Mapping[str, Station], now: datetime) -> int:
    """Hold the days that are over against the neighbours'; returns how many stations' quantities are called drifting."""
    drifting = 0
    today = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    for rule in [r for r in catalog.rules.values() if r.type == "drift"]:
        found = instruments.gaps(conn, rule, known, today)
        held = memories(conn, found)
        for name, trail in found.items():
            memory = held.get((name, rule.kind, rule.key), Memory())
            for judged in thresholds.judge_all(rule, known[name], trail, memory.state, now):
                recording.apply(conn, catalog, known[name], rule, judged, now)
            for kind, item in judged.state.memo.get("items", {}).items():
                instruments.mark_drift(conn, name, kind, datetime.fromisoformat(item["since"]), now)
                drifting += 1
    return drifting


def beat(conn: psycopg.Connection, name: str, now: datetime, figures: dict[str, Any]) -> None:
    """The engine's sign of life: fact `engine`, with its counts since start, its last step and its lag in seconds."""
    lag = db.row(conn, "engine_lag", consumer=name, now=now)["lag_s"]
    db.run(
        conn, "engine_beat", value=Jsonb(figures | {"at": now.isoformat(), "lag_s": round(max(lag, 0.0), 2)}), now=now
    )
