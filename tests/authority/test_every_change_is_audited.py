"""Every way to change something writes exactly one audit row per act, refusals included, with the address it came from.

The ways are walked (routes of the application, callbacks of its pages, sub-commands of `brain`): one that is neither tried
here nor exempt with a reason fails the test, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from PIL import Image

from brain import catalog as catalogs
from brain.settings import Settings
from brain.store import db
from tests.authority.conftest import House, logged_in
from tests.authority.dash_page import Page
from tests.authority.table import VERBS, Viewer
from tests.authority.world import PASSWORD, Maker, T1a, T2a, World

NEXT = "Neues-2026!xq"


@dataclass
class Stage:
    """What an act is done with: fresh objects of its own, and everybody's clients."""

    house: House
    conn: psycopg.Connection
    maker: Maker

    def as_(self, login: str) -> httpx.Client:
        return self.house.clients[login]

    def case(self, *args: Any, **more: Any) -> str:
        """The number of a new case."""
        return self.maker.world.case(self.maker.case(*args, **more)).id

    def alert(self, *args: Any, **more: Any) -> int:
        key = self.maker.signal(*args, **more)
        return next(s.id for s in self.maker.world.signals if s.key == key)

    def account(self, role: str = "operator") -> str:
        """The login of a new account."""
        from argon2 import PasswordHasher

        viewer = Viewer(f"new.{uuid4().hex[:8]}", role, "zsj", ("441402",))
        return self.maker.person(viewer, PasswordHasher().hash(PASSWORD)).login

    def picture(self) -> tuple[bytes, str]:
        out = io.BytesIO()
        Image.new("RGB", (20, 20), tuple(os.urandom(3))).save(out, "PNG")
        return out.getvalue(), hashlib.sha256(out.getvalue()).hexdigest()

    def letter(self) -> None:
        self.conn.execute(
            "INSERT INTO dead_letter (received_at, feed, topic, payload, rule, reason) VALUES (now(), 'water', 't', '{}', 'decode', 'x')"
        )

    def brain(self, *argv: str) -> int:
        """The command, in this process, on this database; its exit code."""
        from brain.__main__ import main

        said = {
            "BRAIN_DATABASE_URL": self.house.world.url,
            "BRAIN_HOME": str(self.house.home),
            "BRAIN_SECRET_KEY": "k" * 48,
        }
        kept = {k: os.environ.get(k) for k in said}
        os.environ.update(said)
        try:
            return main(list(argv))
        except SystemExit as end:
            return int(end.code or 0)
        finally:
            for key, value in kept.items():
                os.environ.pop(key) if value is None else os.environ.update({key: value})


Do = Callable[[Stage], Callable[[], Any]]
"""Prepares, and gives what is to be done and counted."""


@dataclass(frozen=True)
class Act:
    way: str
    name: str
    done: bool  # whether it is done, or refused
    do: Do
    rows: int = 1  # more only where one press of a button is several acts

    def __str__(self) -> str:
        return f"{self.way}: {self.name}"


ACTS: list[Act] = []


def act(way: str, name: str, *, done: bool, rows: int = 1) -> Callable[[Do], Do]:
    def keep(do: Do) -> Do:
        ACTS.append(Act(way, name, done, do, rows))
        return do

    return keep


# Routes ---------------------------------------------------------------------------------------------------------------
VERB = "POST /api/v1/events/{event_id}/{verb}"


def _verb(name: str, verb: str, who: str, body: dict[str, Any], *, done: bool, **case: Any) -> None:
    def do(stage: Stage) -> Callable[[], Any]:
        ident = stage.case(T1a, **case)
        return lambda: stage.as_(who).post(f"/api/v1/events/{ident}/{verb}", json=body)

    ACTS.append(Act(VERB, name, done, do))


_verb("accepted", "accept", "acceptor.all", {}, done=True)
_verb("declined", "decline", "chief.all", {"reason": "不属于本区管辖"}, done=True)
_verb("noted", "note", "operator.all", {"note": "看过"}, done=True)
_verb("urged", "urge", "leader.all", {}, done=True)
_verb("supervised", "supervise", "leader.all", {}, done=True)
_verb("registered", "register", "chief.all", {"condition": "紧急情况先行立案"}, done=True, state="accepted")
_verb("dispatched", "dispatch", "dispatcher.all", {"org": "swj"}, done=True, state="registered")
_verb("taken", "take", "dep.swj", {}, done=True, state="dispatched", org="swj")
_verb(
    "returned, and out of sight by that",
    "return",
    "dep.swj",
    {"reason": "不属于本单位职责"},
    done=True,
    state="dispatched",
    org="swj",
)
_verb("voided", "void", "chief.all", {"reason": "重复"}, done=True, state="accepted")
_verb("refused by a guard: no reason", "decline", "chief.all", {}, done=False)
_verb("refused by the state", "close", "chief.all", {"condition": "设施已修复、恢复功能"}, done=False)
_verb("refused as stale", "accept", "acceptor.all", {"expect_version": 2_000_000_000}, done=False)
_verb("refused by sight", "note", "w.team", {"note": "看过"}, done=False)
for _n, (_name, _roles) in enumerate(sorted(VERBS.items())):
    _who = next(r for r in ("leader", "operator", "acceptor", "dispatcher", "chief", "nobody") if r not in _roles)
    if _who != "nobody":
        _verb(f"{_name} refused by the role", _name, f"{_who}.all", {}, done=False)


@act("POST /api/v1/events", "reported", done=True)
def _(stage: Stage):
    lng, lat, *_ = stage.maker.spots[T1a]
    body = {"category": "matter:06026", "lng": lng, "lat": lat, "title": "河面有垃圾"}
    return lambda: stage.as_("w.t1a").post("/api/v1/events", json=body)


@act("POST /api/v1/events", "reported twice under one key, one act", done=True)
def _(stage: Stage):
    lng, lat, *_ = stage.maker.spots[T1a]
    body, key = {"category": "matter:06026", "lng": lng, "lat": lat}, {"Idempotency-Key": str(uuid4())}
    client = stage.as_("w.t1a")
    return lambda: [client.post("/api/v1/events", json=body, headers=key) for _ in range(2)][1]


@act("POST /api/v1/events", "refused: outside the district", done=False)
def _(stage: Stage):
    body = {"category": "matter:06026", "lng": 110.0, "lat": 20.0}
    return lambda: stage.as_("w.t1a").post("/api/v1/events", json=body)


@act("POST /api/v1/events", "refused by the role", done=False)
def _(stage: Stage):
    return lambda: stage.as_("adm.one").post(
        "/api/v1/events", json={"category": "matter:06026", "lng": 116.1, "lat": 24.3}
    )


@act("POST /api/v1/events/{event_id}/part", "answered", done=True)
def _(stage: Stage):
    ident = stage.case(T2a, "handling", org="cgj", joined=["swj"])
    return lambda: stage.as_("dep.swj").post(f"/api/v1/events/{ident}/part", json={"note": "已处置"})


@act("POST /api/v1/events/{event_id}/part", "refused: has no part", done=False)
def _(stage: Stage):
    ident = stage.case(T2a, "handling", org="cgj", joined=["swj"])
    return lambda: stage.as_("dep.cgj").post(f"/api/v1/events/{ident}/part", json={"note": "已处置"})


@act("POST /api/v1/events/{event_id}/part", "refused by sight", done=False)
def _(stage: Stage):
    ident = stage.case(T2a, "handling", org="cgj", joined=["swj"])
    return lambda: stage.as_("dep.gaj").post(f"/api/v1/events/{ident}/part", json={"note": "已处置"})


@act("POST /api/v1/alerts/{alert_id}/ack", "acknowledged", done=True)
def _(stage: Stage):
    ident = stage.alert(T1a, "swj")
    return lambda: stage.as_("operator.all").post(f"/api/v1/alerts/{ident}/ack", json={})


@act("POST /api/v1/alerts/{alert_id}/ack", "refused by the role", done=False)
def _(stage: Stage):
    ident = stage.alert(T1a, "swj")
    return lambda: stage.as_("leader.all").post(f"/api/v1/alerts/{ident}/ack", json={})


@act("POST /api/v1/alerts/{alert_id}/ack", "refused by sight", done=False)
def _(stage: Stage):
    ident = stage.alert(T2a, "lyj")
    return lambda: stage.as_("dep.gaj").post(f"/api/v1/alerts/{ident}/ack", json={})


@act("POST /api/v1/alerts/{alert_id}/ack", "refused: cleared", done=False)
def _(stage: Stage):
    ident = stage.alert(T1a, "swj", cleared=True)
    return lambda: stage.as_("chief.all").post(f"/api/v1/alerts/{ident}/ack", json={})


def _upload(client: httpx.Client, data: bytes, digest: str) -> httpx.Response:
    return client.post(
        "/api/v1/photos", data={"sha256": digest, "phase": "report"}, files={"file": ("a.png", data, "image/png")}
    )


@act("POST /api/v1/photos", "kept", done=True)
def _(stage: Stage):
    return lambda: _upload(stage.as_("w.t1a"), *stage.picture())


@act("POST /api/v1/photos", "refused: not a picture", done=False)
def _(stage: Stage):
    return lambda: _upload(stage.as_("w.t1a"), b"no picture", hashlib.sha256(b"no picture").hexdigest())


@act("POST /api/v1/photos", "refused: digest", done=False)
def _(stage: Stage):
    return lambda: _upload(stage.as_("w.t1a"), stage.picture()[0], "0" * 64)


@act("POST /api/v1/photos", "refused by the role", done=False)
def _(stage: Stage):
    return lambda: _upload(stage.as_("adm.one"), *stage.picture())


@act("POST /api/v1/me/notices/read", "read", done=True)
def _(stage: Stage):
    return lambda: stage.as_("w.t1b").post("/api/v1/me/notices/read", json={})


def _months_back(n: int) -> str:
    day = datetime.now(UTC).replace(day=15)
    return f"{day - timedelta(days=30 * n):%Y-%m}"


@act("POST /api/v1/report/{period}/freeze", "issued", done=True)
def _(stage: Stage):
    return lambda: stage.as_("chief.all").post(f"/api/v1/report/{_months_back(3)}/freeze", json={})


@act("POST /api/v1/report/{period}/freeze", "refused: the month runs", done=False)
def _(stage: Stage):
    return lambda: stage.as_("chief.all").post(f"/api/v1/report/{_months_back(0)}/freeze", json={})


@act("POST /api/v1/report/{period}/freeze", "refused by the role", done=False)
def _(stage: Stage):
    return lambda: stage.as_("operator.all").post(f"/api/v1/report/{_months_back(3)}/freeze", json={})


@act("GET /api/v1/report/{period}.docx", "exported", done=True)
def _(stage: Stage):
    return lambda: stage.as_("chief.all").get(f"/api/v1/report/{_months_back(2)}.docx")


@act("POST /login", "logged in", done=True)
def _(stage: Stage):
    login = stage.account()
    return lambda: httpx.post(stage.house.url + "/login", json={"login": login, "password": PASSWORD})


@act("POST /login", "refused: wrong password", done=False)
def _(stage: Stage):
    login = stage.account()
    return lambda: httpx.post(stage.house.url + "/login", json={"login": login, "password": "Falsch-2026!"})


@act("POST /login", "refused: unknown account", done=False)
def _(stage: Stage):
    return lambda: httpx.post(stage.house.url + "/login", json={"login": "nobody.here", "password": "Falsch-2026!"})


@act("POST /logout", "logged out", done=True)
def _(stage: Stage):
    client = logged_in(stage.house.url, stage.account())
    return lambda: client.post("/logout", json={})


@act("POST /sessions", "one of one's own ended", done=True)
def _(stage: Stage):
    account = stage.account()
    other = logged_in(stage.house.url, account).get("/api/v1/me/sessions").json()["sessions"][0]["id"]
    client = logged_in(stage.house.url, account)
    return lambda: client.post("/sessions", data={"id": other})


@act("POST /api/v1/me/sessions/{ident}/end", "one of one's own ended", done=True)
def _(stage: Stage):
    account = stage.account()
    other = logged_in(stage.house.url, account).get("/api/v1/me/sessions").json()["sessions"][0]["id"]
    client = logged_in(stage.house.url, account)
    return lambda: client.post(f"/api/v1/me/sessions/{other}/end", json={})


@act("POST /api/v1/me/sessions/{ident}/end", "a stranger's", done=False)
def _(stage: Stage):
    strange = logged_in(stage.house.url, stage.account()).get("/api/v1/me/sessions").json()["sessions"][0]["id"]
    client = logged_in(stage.house.url, stage.account())
    return lambda: client.post(f"/api/v1/me/sessions/{strange}/end", json={})


@act("POST /password", "changed", done=True)
def _(stage: Stage):
    client = logged_in(stage.house.url, stage.account())
    return lambda: client.post("/password", json={"old": PASSWORD, "new": NEXT, "again": NEXT})


@act("POST /password", "refused: the old one is wrong", done=False)
def _(stage: Stage):
    client = logged_in(stage.house.url, stage.account())
    return lambda: client.post("/password", json={"old": "Falsch-2026!", "new": NEXT, "again": NEXT})


@act("POST /password", "refused: too short", done=False)
def _(stage: Stage):
    client = logged_in(stage.house.url, stage.account())
    return lambda: client.post("/password", json={"old": PASSWORD, "new": "a", "again": "a"})


EXEMPT_ROUTES = {
    "POST /_dash-update-component": "carries the callbacks, which are walked one by one",
}


# Callbacks ------------------------------------------------------------------------------------------------------------
def _on_the_wall(stage: Stage, login: str, pick: tuple[str, str] | None, data: dict[str, Any]) -> Callable[[], Any]:
    page = Page(stage.as_(login))
    shown = pick or ("station", "WL-01")

    async def go() -> str:
        async with page.line() as line:
            await line.ask([page.wall("wall-pick", {"kind": shown[0], "id": shown[1]})])
            return (await line.ask([page.wall("wall-act", data)]))[0]

    return lambda: asyncio.run(go())


@act("callback wall-act", "acknowledged", done=True)
def _(stage: Stage):
    ident = str(stage.alert(T1a, "swj"))
    return _on_the_wall(stage, "operator.all", ("alert", ident), {"do": "ack", "alert": ident})


@act("callback wall-act", "acknowledging refused by sight", done=False)
def _(stage: Stage):
    ident = str(stage.alert(T2a, "lyj"))
    return _on_the_wall(stage, "dep.gaj", None, {"do": "ack", "alert": ident})


@act("callback wall-act", "a verb", done=True)
def _(stage: Stage):
    ident = stage.case(T1a)
    return _on_the_wall(stage, "acceptor.all", ("event", ident), {"do": "go", "event": ident, "verb": "accept"})


@act("callback wall-act", "a verb refused by the role", done=False)
def _(stage: Stage):
    ident = stage.case(T1a)
    return _on_the_wall(stage, "leader.all", ("event", ident), {"do": "go", "event": ident, "verb": "accept"})


@act("callback wall-act", "a verb refused by a guard", done=False)
def _(stage: Stage):
    ident = stage.case(T1a)
    return _on_the_wall(stage, "chief.all", ("event", ident), {"do": "go", "event": ident, "verb": "decline"})


@act("callback wall-act", "a case made of an alert", done=True)
def _(stage: Stage):
    ident = str(stage.alert(T1a, "swj"))
    return _on_the_wall(stage, "operator.all", ("alert", ident), {"do": "report", "alert": ident})


@act("callback wall-act", "a case of an alert refused: it has one", done=False)
def _(stage: Stage):
    ident = str(stage.alert(T1a, "swj", case=stage.maker.case(T1a)))
    return _on_the_wall(stage, "operator.all", ("alert", ident), {"do": "report", "alert": ident})


def _callback(stage: Stage, login: str, trigger: str, values: dict[str, Any], fired: str | None = None, **more: Any):
    page = Page(stage.as_(login), "/about")
    payload = page.payload(trigger, values) | more
    if fired:
        payload["changedPropIds"] = [fired]
    return lambda: page.post(payload)


@act("callback report-freeze", "issued", done=True)
def _(stage: Stage):
    return _callback(stage, "chief.all", "report-freeze",
                     {"report-freeze.n_clicks": 1, "report-key.data": {"period": _months_back(4)}})  # fmt: skip


@act("callback report-freeze", "refused by the role", done=False)
def _(stage: Stage):
    return _callback(stage, "operator.all", "report-freeze",
                     {"report-freeze.n_clicks": 1, "report-key.data": {"period": _months_back(4)}})  # fmt: skip


def _intake(stage: Stage, login: str, button: str, **values: Any) -> Callable[[], Any]:
    stage.letter()
    here = {"feed": "water", "rule": "decode", "words": "", "h": 24}
    given = {f"{button}.n_clicks": 1, "intake-here.data": here, "intake-scope.value": "all"} | {
        f"intake-{name}.value": value for name, value in values.items()
    }
    return _callback(stage, login, "intake-map", given, f"{button}.n_clicks")


@act("callback intake-map", "mapped, and replayed by the same press", done=True, rows=2)
def _(stage: Stage):
    return _intake(stage, "adm.one", "intake-map", what="station", given="某站", place="WL-01")


@act("callback intake-map", "mapping refused by the role", done=False)
def _(stage: Stage):
    return _intake(stage, "chief.all", "intake-map", what="station", given="某站", place="WL-01")


@act("callback intake-map", "replayed", done=True)
def _(stage: Stage):
    return _intake(stage, "adm.one", "intake-replay")


@act("callback intake-map", "replaying refused by the role", done=False)
def _(stage: Stage):
    return _intake(stage, "operator.all", "intake-replay")


@act("callback intake-map", "discarded", done=True)
def _(stage: Stage):
    return _intake(stage, "adm.one", "intake-discard", reason="试验数据")


@act("callback intake-map", "discarding refused: no reason", done=False)
def _(stage: Stage):
    return _intake(stage, "adm.one", "intake-discard", reason="")


def _drift(stage: Stage, login: str) -> Callable[[], Any]:
    row = stage.conn.execute(
        "INSERT INTO feed_drift (feed, source, at, before, after) VALUES ('water', 's', now(), %s, %s) RETURNING id",
        [uuid4().hex, uuid4().hex],
    ).fetchone()
    page = Page(stage.as_(login), "/about")
    ident = {"type": "intake-drift", "id": row["id"]}
    payload = page.payload(next(c["inputs"][0]["id"] for c in page.callbacks if "intake-drift" in c["inputs"][0]["id"]),
                           {"intake-here.data": {"feed": "water", "h": 24}})  # fmt: skip
    payload["inputs"] = [[{"id": ident, "property": "n_clicks", "value": 1}]]
    payload["changedPropIds"] = [json.dumps(ident, separators=(",", ":"), sort_keys=True) + ".n_clicks"]
    return lambda: page.post(payload)


@act("callback intake-drift", "taken note of", done=True)
def _(stage: Stage):
    return _drift(stage, "adm.one")


@act("callback intake-drift", "refused by the role", done=False)
def _(stage: Stage):
    return _drift(stage, "operator.all")


def _send(stage: Stage, login: str) -> Callable[[], Any]:
    data = f"测站编号,监测时间,水位(m)\nWL-01,2026-01-01 00:00:00,{os.urandom(1)[0]}\n".encode()
    page = Page(stage.as_(login), "/upload")
    said = page.post(page.payload("upload-file", {
        "upload-file.contents": "data:text/csv;base64," + base64.b64encode(data).decode(), "upload-feed.value": "water",
        "upload-file.filename": "水位.csv",
    }))  # fmt: skip
    held = (json.loads(said)["response"].get("upload-held") or {}).get("data") if said else None
    trigger = next(c["inputs"][0]["id"] for c in page.callbacks if any(i["id"] == "upload-send" for i in c["inputs"]))
    payload = page.payload(trigger, {"upload-send.n_clicks": 1, "upload-held.data": held, "upload-feed.value": "water"})
    payload["state"][0] = [
        {"id": {"type": "upload-col", "n": n}, "property": "value", "value": v}
        for n, v in enumerate(("station", "at", "kind:water_level@m"))
    ]
    payload["changedPropIds"] = ["upload-send.n_clicks"]
    return lambda: page.post(payload)


@act("callback upload-send", "sent", done=True)
def _(stage: Stage):
    return _send(stage, "dep.swj")


@act("callback upload-send", "refused by the role", done=False)
def _(stage: Stage):
    return _send(stage, "chief.all")


EXEMPT_CALLBACKS = {
    "brain-address": "lays a page out", "wall-wake": "the page's live line: reads", "wall-pick": "opens a card: reads",
    "wall-seen": "lists whom a case can be given to: reads", "wall-view": "where one looks", "wall-search": "reads",
    "intake-tick": "reads", "intake-what": "shows a field", "intake-wait": "reads what came of a replay",
    "upload-file": "keeps a file aside while its sender looks at it; nothing of the record changes", "upload-col": "reads",
    "audit-find": "reads",
}  # fmt: skip


# Commands -------------------------------------------------------------------------------------------------------------
def _command(way: str, name: str, argv: Callable[[Stage], list[str]], *, done: bool) -> None:
    def do(stage: Stage) -> Callable[[], Any]:
        given = [*way.split(), *argv(stage)]
        return lambda: stage.brain(*given)

    ACTS.append(Act(f"brain {way}", name, done, do))


def _csv(stage: Stage, text: str) -> str:
    path = stage.house.home / f"{uuid4().hex}.csv"
    Path(path).write_text(text, encoding="utf-8")
    return str(path)


_STATIONS = "id,name,theme,lng,lat,org,params,origin\n"
_UNTIL = ["--to", "2099-01-01T00:00", "--why", "检修"]
_TRUE = ["--add", "0.1", "--from", "2026-01-01T00:00", "--why", "比测"]
_A_SEAT = ["--name", "某人", "--role", "operator"]
for _way, _name, _done, _argv in (
    ("user add", "added", True, lambda s: [f"c{uuid4().hex[:8]}", *_A_SEAT]),
    ("user add", "refused: the login is taken", False, lambda s: [s.account(), *_A_SEAT]),
    ("user add", "refused: no such role", False, lambda s: [f"c{uuid4().hex[:8]}", "--name", "某人", "--role", "king"]),
    ("user password", "given", True, lambda s: [s.account()]),
    ("user password", "refused: unknown", False, lambda s: ["nobody.here"]),
    ("user disable", "switched off", True, lambda s: [s.account()]),
    ("user disable", "refused: unknown", False, lambda s: ["nobody.here"]),
    ("user enable", "switched on", True, lambda s: [s.account()]),
    ("user enable", "refused: unknown", False, lambda s: ["nobody.here"]),
    ("key add", "made", True, lambda s: ["swj", "--feeds", "water"]),
    ("key add", "refused: no such unit", False, lambda s: ["nobody", "--feeds", "water"]),
    ("key revoke", "refused: unknown", False, lambda s: ["k000000000000"]),
    ("station maintain", "entered", True, lambda s: ["WL-01", *_UNTIL]),
    ("station maintain", "refused: unknown", False, lambda s: ["ZZ-99", *_UNTIL]),
    ("station done", "refused: none", False, lambda s: ["WL-02"]),
    ("station calibrate", "entered", True, lambda s: ["WL-03", "water_level", *_TRUE]),
    ("station calibrate", "refused: unknown kind", False, lambda s: ["WL-03", "nothing", *_TRUE]),
    (
        "import",
        "stations taken in",
        True,
        lambda s: ["stations", _csv(s, _STATIONS + "XQ-I1,站,water,116.1,24.3,swj,{},\n")],
    ),
    (
        "import",
        "stations refused",
        False,
        lambda s: ["stations", _csv(s, _STATIONS + "XQ-I2,站,water,x,24.3,swj,{},\n")],
    ),
):
    _command(_way, _name, _argv, done=_done)


@act("brain key revoke", "revoked", done=True)
def _(stage: Stage):
    ident = f"k{uuid4().hex[:12]}"
    stage.conn.execute(
        "INSERT INTO feed_key (id, org, feeds, sealed, note, created_at, expires_at)"
        " VALUES (%s, 'swj', '{water}', '\\x00', '', now(), now())",
        [ident],
    )
    return lambda: stage.brain("key", "revoke", ident)


def _telemetry(stage: Stage) -> str:
    ident = f"XQ{uuid4().hex[:10]}"
    stage.conn.execute(
        "INSERT INTO tcp_station (feed, id, org, created_at, changed_at) VALUES ('hj212', %s, 'swj', now(), now())", [ident]
    )
    return ident


@act("brain tcp add", "registered", done=True)
def _(stage: Stage):
    return lambda: stage.brain("tcp", "add", "hj212", f"XQ{uuid4().hex[:10]}", "--org", "swj", "--generate")


@act("brain tcp add", "refused", done=False)
def _(stage: Stage):
    return lambda: stage.brain("tcp", "add", "hj212", "XQ-T1", "--org", "swj")


@act("brain tcp change", "changed", done=True)
def _(stage: Stage):
    ident = _telemetry(stage)
    return lambda: stage.brain("tcp", "change", "hj212", ident, "--network", "10.1.0.0/16")


@act("brain tcp off", "switched off", done=True)
def _(stage: Stage):
    ident = _telemetry(stage)
    return lambda: stage.brain("tcp", "off", "hj212", ident)


@act("brain tcp on", "switched on", done=True)
def _(stage: Stage):
    ident = _telemetry(stage)
    return lambda: stage.brain("tcp", "on", "hj212", ident)


@act("brain station done", "ended", done=True)
def _(stage: Stage):
    station = f"XQ-{uuid4().hex[:6]}"
    stage.conn.execute(
        "INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, '站', 'water', 116.1, 24.3)", [station]
    )
    stage.conn.execute(
        "INSERT INTO maintenance (station, starts, ends, why, by, entered_at)"
        " VALUES (%s, now() - interval '1 h', now() + interval '1 h', 'x', 'x', now())",
        [station],
    )
    return lambda: stage.brain("station", "done", station)


EXEMPT_COMMANDS = {
    "up": "starts the processes, which write for themselves", "web": "is a process", "engine": "is a process",
    "migrate": "makes the tables the audit stands in; the versions it ran are kept by the database itself",
    "report": "reads, and writes a file for who has the database in his hands", "check": "reads", "alive": "reads",
    "verify-audit": "reads", "pictures": "reads, and takes pictures", "user list": "reads",
    "user idle": "reads; what --disable switches off is written down an account at a time (test_login.py)", "key list": "reads",
    "station list": "reads", "tcp list": "reads",
}  # fmt: skip


# The test -------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def stage(house) -> Iterator[Stage]:
    world = house.world
    with db.connect(world.url, name="tests") as conn:
        yield Stage(house, conn, Maker(conn, World(world.url, world.viewers), 500))


@pytest.mark.parametrize("one", ACTS, ids=str)
def test_an_act_writes_exactly_one_row(stage, one):
    go = replace(one).do(stage)
    last = stage.conn.execute("SELECT coalesce(max(id), 0) AS id FROM audit").fetchone()["id"]
    answer = go()
    rows = stage.conn.execute("SELECT * FROM audit WHERE id > %s ORDER BY id", [last]).fetchall()
    if isinstance(answer, httpx.Response):
        assert (answer.status_code < 400) is one.done, (
            f"the act itself went otherwise: {answer.status_code} {answer.text[:200]}"
        )
    elif isinstance(answer, int):
        assert (answer == 0) is one.done, f"the command itself went otherwise: {answer}"
    elif one.way == "callback wall-act":
        assert ('"good"' in answer) is one.done, f"the act itself went otherwise: {answer[-300:]}"
    said = [f"{r['action']} ok={r['ok']} by {r['actor']} from “{r['ip']}”" for r in rows]
    assert len(rows) == one.rows, f"{len(rows)} rows instead of {one.rows}: {said}"
    assert all(r["ok"] is one.done for r in rows), f"the row says otherwise than what happened: {said}"
    assert all(r["ip"] for r in rows), f"the row does not say from where: {said}"


def _walked(routes: list[Any]) -> Iterator[tuple[str, str]]:
    """(method, path) of every route, those of included routers too."""
    for route in routes:
        if getattr(route, "methods", None):
            yield from ((method, route.path) for method in route.methods)
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _walked(inner.routes)


@pytest.fixture(scope="module")
def app(house):
    from brain.web.app import create_app

    made = create_app(
        replace(Settings(), database_url=house.world.url, home=house.home, secret_key="k" * 48), catalogs.load()
    )
    yield made
    made.state.pool.close()


def test_every_route_that_changes_something_is_tried_or_exempt(app):
    changing = {f"{m} {p}" for m, p in _walked(app.routes) if m not in ("GET", "HEAD", "OPTIONS")}
    assert VERB in changing
    assert changing - {a.way for a in ACTS} - set(EXEMPT_ROUTES) == set()


def test_every_callback_is_tried_or_exempt(app):
    triggers = set()
    for one in app.state.dash.callback_map.values():
        if one.get("inputs") and one.get("callback") is not None:
            ident = one["inputs"][0]["id"]
            triggers.add(json.loads(ident)["type"] if ident.startswith("{") else ident)
    assert "wall-act" in triggers
    tried = {a.way.removeprefix("callback ") for a in ACTS}
    assert triggers - tried - set(EXEMPT_CALLBACKS) == set()


def _commands(parser: argparse.ArgumentParser, before: str = "") -> Iterator[str]:
    inner = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not inner:
        yield before.strip()
    for name, one in inner[0].choices.items() if inner else ():
        yield from _commands(one, f"{before} {name}")


def test_every_command_is_tried_or_exempt():
    from brain.__main__ import parser

    commands = set(_commands(parser()))
    assert "user add" in commands
    tried = {a.way.removeprefix("brain ") for a in ACTS}
    assert commands - tried - set(EXEMPT_COMMANDS) == set()
