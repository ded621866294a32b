"""Acts over the routes of the application: each done once, and refused where it can be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from tests.authority.acts import ACTS, NEXT, Act, Stage, act, months_back
from tests.authority.conftest import logged_in
from tests.authority.table import VERBS
from tests.authority.world import PASSWORD, T1a, T2a

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


@act("POST /api/v1/report/{period}/freeze", "issued", done=True)
def _(stage: Stage):
    return lambda: stage.as_("chief.all").post(f"/api/v1/report/{months_back(3)}/freeze", json={})


@act("POST /api/v1/report/{period}/freeze", "refused: the month runs", done=False)
def _(stage: Stage):
    return lambda: stage.as_("chief.all").post(f"/api/v1/report/{months_back(0)}/freeze", json={})


@act("POST /api/v1/report/{period}/freeze", "refused by the role", done=False)
def _(stage: Stage):
    return lambda: stage.as_("operator.all").post(f"/api/v1/report/{months_back(3)}/freeze", json={})


@act("GET /api/v1/report/{period}.docx", "exported", done=True)
def _(stage: Stage):
    return lambda: stage.as_("chief.all").get(f"/api/v1/report/{months_back(2)}.docx")


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
