"""What the product answers about the dumped district, asked through the functions that screens, API and report ask.

Where a function gets another name or wants another argument, this file follows; the answers recorded with a dump never
change, except where a release means to answer otherwise and its note says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.flow.alerts import recording
from brain.flow.city import public_warnings
from brain.flow.events import acting, photos
from brain.flow.measured import mending, online, readings
from brain.identity import people, push_keys, sessions
from brain.identity.scope import Sight
from brain.model import ENGINE, Refused
from brain.report import snapshot
from brain.settings import Settings
from brain.store import db
from brain.web.live import reading
from tests.record.upgrades.life import CUT, MONTH, NOW, PASSWORD, SEAL, SENDER, TOKEN

# Words of the catalog and what hangs on its periods: a city edits them between two releases.
WORDED = {"label", "labelled_at", "stale"}
# What a release gave up on purpose, with what stands in its place.
GIVEN_UP = {"locked_until": "nobody is locked out any more: guessing is slowed instead (identity/brakes.py)"}
AUDIT = "SELECT id, at, actor_id, actor, action, object, ip, ok, detail FROM audit ORDER BY id"


def ask(conn: psycopg.Connection, catalog: Catalog) -> dict[str, Any]:
    """Every answer as JSON knows it: times as ISO in UTC, bytes as hex."""
    found = {
        "report": _report(conn, catalog),
        "events": _events(conn),
        "chain": acting.verify_log(conn),
        "wall": _wall(conn, catalog),
        "alerts": _alerts(conn),
        "readings": _readings(conn),
        "log": _log(conn),
        "people": _people(conn),
        "accounts": _accounts(conn, catalog),
        "sources": _sources(conn, catalog),
    }
    return json.loads(json.dumps(found, default=_plain, ensure_ascii=False))


def differences(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Where an answer is not what it was. What a release answers besides (a new key of an answer) is no difference."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key not in after and key in GIVEN_UP:
                continue
            if key not in after:
                yield f"{where}.{key} is gone, it was {value!r:.80}"
            else:
                yield from differences(value, after[key], f"{where}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for n, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{where}[{n}]")
    elif before != after:
        yield f"{where} was {before!r:.200}, is {after!r:.200}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value.total_seconds() if isinstance(value, timedelta) else str(value)


def _report(conn: psycopg.Connection, catalog: Catalog) -> dict[str, Any]:
    """The month's figures computed anew and the issued report, which nothing may change."""
    made = snapshot.build(conn, catalog, MONTH, CUT)
    kpis = {r["key"]: {"top": r["top"], "bottom": r["bottom"], "value": r["value"]} for r in made["kpis"]}
    units = {
        dim: {r["key"]: {k: v for k, v in r.items() if type(v) is int} for r in made[dim]["rows"]}
        for dim in ("towns", "departments", "categories", "sources")
    }
    return {
        "kpis": kpis,
        "units": units,
        "digest": made["data"]["digest"],
        "issued": snapshot.frozen(conn, MONTH),
        "versions": snapshot.versions(conn, MONTH),
    }


def _events(conn: psycopg.Connection) -> dict[str, Any]:
    idents = [r["id"] for r in conn.execute("SELECT id FROM event ORDER BY id")]
    return {
        ident: {
            "row": acting.get(conn, ident),
            "history": acting.log_of(conn, ident),
            "parts": acting.parts_of(conn, ident),
            "photos": photos.of_event(conn, ident),
        }
        for ident in idents
    }


def _wall(conn: psycopg.Connection, catalog: Catalog) -> dict[str, Any]:
    moment = reading.first(conn, catalog, NOW)
    return {
        "stations": {i: {k: v for k, v in row.items() if k not in WORDED} for i, row in moment.stations.items()},
        "alerts": moment.alerts, "events": moment.events, "warnings": moment.warnings,
        "resources": moment.resources, "orgs": moment.orgs, "feeds": moment.feeds,
        "timeline": reading.hours(conn, moment, Sight.of(ENGINE, catalog.roles)),
    }  # fmt: skip


def _alerts(conn: psycopg.Connection) -> dict[str, Any]:
    idents = [r["id"] for r in conn.execute("SELECT id FROM alert ORDER BY id")]
    return {str(i): {"row": recording.get(conn, i), "history": recording.log_of(conn, i)} for i in idents}


def _readings(conn: psycopg.Connection) -> dict[str, Any]:
    stations = [r["id"] for r in conn.execute("SELECT id FROM station ORDER BY id")]
    pairs = [(r["station"], r["kind"]) for r in conn.execute("SELECT station, kind FROM latest ORDER BY 1, 2")]
    newest = readings.latest_of(conn, stations)
    rolled = {
        table: conn.execute(f"SELECT * FROM {table} ORDER BY station, kind, bucket").fetchall()  # type: ignore[arg-type]
        for table in ("reading_1h", "reading_1d")
    }
    return {
        "newest": [newest[key] for key in sorted(newest)],
        "trails": readings.trails(conn, pairs, since=NOW - timedelta(days=4)),
        **rolled,
    }


def _log(conn: psycopg.Connection) -> dict[str, Any]:
    """What each consumer has before it, and a new one; by number, because transaction ids end with their cluster."""
    known = [r["name"] for r in conn.execute("SELECT name FROM consumer ORDER BY name")]
    waiting = {name: readings.batches_after(conn, name) for name in [*known, "newcomer"]}
    return {
        name: [{k: v for k, v in asdict(b).items() if k != "xid"} for b in sorted(found, key=lambda b: b.id)]
        for name, found in waiting.items()
    }


def _people(conn: psycopg.Connection) -> dict[str, Any]:
    idents = [r["id"] for r in conn.execute("SELECT id FROM person ORDER BY id")]
    return {
        "known": [people.get(conn, i) for i in idents],
        "in": _login(conn, PASSWORD),
        "wrong": _login(conn, PASSWORD + "x"),
        "session": sessions.session_person(conn, TOKEN, NOW + timedelta(minutes=5), Settings()),
        "no_session": sessions.session_person(conn, TOKEN + "x", NOW, Settings()),
        "rosters": conn.execute("SELECT org, person_id, duty, starts, ends FROM roster ORDER BY id").fetchall(),
        "notices": {str(i): db.many(conn, "api_notices", person=i, limit=100) for i in idents},
        "tasks": {
            str(i): [r["id"] for r in conn.execute("SELECT id FROM event WHERE handler_id = %s ORDER BY id", [i])]
            for i in idents
        },
        "audit": conn.execute(AUDIT).fetchall(),
    }


def _login(conn: psycopg.Connection, password: str) -> Any:
    """Who logs in, or the code of the refusal. Leaves no trace."""
    try:
        with conn.transaction(force_rollback=True):
            return sessions.authenticate(conn, "operator", password, NOW)
    except Refused as err:
        return err.code


def _accounts(conn: psycopg.Connection, catalog: Catalog) -> dict[str, Any]:
    chief = people.by_login(conn, "chief")
    pairs = mending.pairs(conn, catalog, NOW, 24)
    return {
        "feeds": mending.feeds_of(conn, chief),
        "quality": mending.summed(pairs, "feed"),
        "workers": mending.workers(conn, NOW),
        "letters": db.many(conn, "letters_grouped", feeds=None, most=50),
        "drifts": db.many(conn, "drifts", all=True, feed=None),
        "mappings": conn.execute("SELECT feed, what, given, meant, by FROM intake_mapping ORDER BY 1, 2, 3").fetchall(),
        "replays": [mending.replay_of(conn, r["id"]) for r in conn.execute("SELECT id FROM mend_request ORDER BY id")],
        "orders": conn.execute("SELECT number, state, event_id, title FROM work_order ORDER BY number").fetchall(),
    }


def _sources(conn: psycopg.Connection, catalog: Catalog) -> dict[str, Any]:
    keys = [r["id"] for r in conn.execute("SELECT id FROM feed_key ORDER BY id")]
    found = [push_keys.find(conn, SEAL, ident) for ident in keys]
    return {
        "keys": [{"id": k.id, "org": k.org, "feeds": k.feeds, "secret": _digest(k.secret)} for k in found if k],
        "polled": [db.one(conn, "poll_cursor_of", source="sthj")],
        "warning": public_warnings.one(conn, SENDER, "w2"),
        "standing": [public_warnings.standing(public_warnings.one(conn, SENDER, i), NOW) for i in ("w1", "w2")],
        "cameras": online.over(conn, catalog, NOW - timedelta(days=2), NOW, NOW),
        "corrections": conn.execute("SELECT station, kind, starts, factor, addend FROM calibration ORDER BY id").fetchall(),
        "works": conn.execute("SELECT station, starts, ends, why FROM maintenance ORDER BY id").fetchall(),
    }


def _digest(secret: bytes | None) -> str | None:
    return secret and hashlib.sha256(secret).hexdigest()
