"""Refusals that never reach the act: what cannot be read, what nobody's page sends, who is nobody, and who probes the trail.

`REFUSED` is the table: (kind, who, what is sent, the action and the code that the line must have).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.authority.acts import Stage, months_back, run
from tests.authority.dash_page import Page
from tests.authority.world import PASSWORD, T1a

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Refused:
    kind: str
    action: str
    code: str | None  # None: whatever it is called
    do: Callable[[Stage], Callable[[], Any]]
    who: bool = True  # whether somebody is logged in

    def __str__(self) -> str:
        return self.kind


REFUSED: list[Refused] = []


def refused(kind: str, action: str, code: str | None, *, who: bool = True):
    def keep(do: Callable[[Stage], Callable[[], Any]]):
        REFUSED.append(Refused(kind, action, code, do, who))
        return do

    return keep


def _post(kind: str, action: str, code: str | None, path: str, login: str | None = "chief.all", **sent: Any) -> None:
    def do(stage: Stage) -> Callable[[], Any]:
        ident = stage.case(T1a)
        where = path.replace("CASE", ident)
        if login is None:
            # every stranger of the test has an address of his own: one address gets one line a window
            return lambda: httpx.post(stage.house.url + where, **sent)
        return lambda: stage.as_(login).post(where, **sent)

    REFUSED.append(Refused(kind, action, code, do, login is not None))


_post("a verb with a field too many", "event_verb", "invalid", "/api/v1/events/CASE/accept", json={"zz": 1})
_post("a verb with broken JSON", "event_verb", "invalid", "/api/v1/events/CASE/accept", content="{", headers=JSON)
_post("a verb with NUL", "event_verb", "invalid", "/api/v1/events/CASE/note", json={"note": "a\0b"})
_post("a verb with half a sign", "event_verb", None, "/api/v1/events/CASE/note", content='{"note": "a\\ud800b"}', headers=JSON)
_post("a verb that is none", "event_verb", "invalid", "/api/v1/events/CASE/explode", json={})
_post("a verb on what is no number", "event_verb", "invalid", "/api/v1/events/zz/accept", json={})
_post("an acknowledgement with a field too many", "alert_ack", "invalid", "/api/v1/alerts/1/ack", json={"zz": 1})
_post("an acknowledgement of no number", "alert_ack", "invalid", "/api/v1/alerts/zz/ack", json={})
_post("a case without category", "event_report", "invalid", "/api/v1/events", json={})
_post("a photo without its digest", "photo", "invalid", "/api/v1/photos", files={"file": ("a.png", b"x", "image/png")})
_post("no address", "http_post", "missing", "/api/v1/nothing", json={})
_post("NUL in the address", "http_post", "text", "/api/v1/events/%00/accept", json={})
_post("too long a body", "http_post", "too_large", "/login", content=b"x" * 20000)


@refused("no X-Brain", "event_verb", "forgery")
def _(stage: Stage):
    ident = stage.case(T1a)
    return lambda: stage.as_("chief.all").post(f"/api/v1/events/{ident}/accept", json={}, headers={"X-Brain": ""})


@refused("no X-Brain before a callback", "http_post", "forgery")
def _(stage: Stage):
    return lambda: stage.as_("chief.all").post("/_dash-update-component", json={}, headers={"X-Brain": ""})


def _stranger(kind: str, action: str, code: str | None, method: str, path: str, **sent: Any) -> None:
    def do(stage: Stage) -> Callable[[], Any]:
        return lambda: httpx.request(method, stage.house.url + path, headers={"X-Brain": "1"}, **sent)

    REFUSED.append(Refused(kind, action, code, do, who=False))


_stranger("a stranger's verb", "event_verb", "login", "POST", f"/api/v1/events/{'1' * 19}/accept", json={})
_stranger("a stranger's callback", "http_post", "login", "POST", "/_dash-update-component", json={})
_stranger("a stranger asks for the trail", "audit.export", "login", "GET", "/api/v1/audit/export.csv")
_stranger("NUL in a login", "login", "unknown_account", "POST", "/login", json={"login": "a\0b", "password": PASSWORD})


def _probe(kind: str, action: str, code: str | None, login: str, path: str) -> None:
    def do(stage: Stage) -> Callable[[], Any]:
        return lambda: stage.as_(login).get(path)

    REFUSED.append(Refused(kind, action, code, do))


_probe("the trail asked for by a worker", "audit.export", "role", "w.t1a", "/api/v1/audit/export.csv")
_probe("the trail asked for by a chief", "audit.export", "role", "chief.all", "/api/v1/audit/export.csv")
_probe("the trail asked for with NUL", "http_get", "text", "chief.all", "/api/v1/audit/export.csv?who=%00")
_probe("the trail's page", "page", "role", "chief.all", "/audit")
_probe("the document of a draft, by a unit", "report.download", "unknown", "dep.swj", f"/api/v1/report/{months_back(0)}.docx")
_probe("the document, by a worker", "report.download", "role", "w.t1a", f"/api/v1/report/{months_back(1)}.docx")
_probe("a draft's numbers, by a unit", "report.read", "unknown", "dep.swj", f"/api/v1/report/{months_back(0)}")


# Callbacks ------------------------------------------------------------------------------------------------------------
def _forged(kind: str, trigger: str, values: dict[str, Any], path: str = "/about", **more: Any) -> None:
    def do(stage: Stage) -> Callable[[], Any]:
        page = Page(stage.as_("adm.one"), path)
        payload = page.payload(trigger, values) | more
        return lambda: stage.as_("adm.one").post(
            "/_dash-update-component", content=json.dumps(payload), headers=JSON
        )

    REFUSED.append(Refused(kind, "callback", "forged", do))


for _name, _value in (("a list", [1]), ("an object", {"a": 1}), ("a number", 7), ("NUL", "/\0"), ("half a sign", "/\ud800")):
    _forged(f"brain-page with {_name}", "brain-address", {"brain-address.pathname": _value})
for _name, _value in (("a list", [1]), ("text", "x"), ("no month", {"period": 7})):
    _forged(f"report-freeze with {_name}", "report-freeze", {"report-freeze.n_clicks": 1, "report-key.data": _value})
_forged("clicks that are text", "report-freeze", {"report-freeze.n_clicks": "x", "report-key.data": {}})
_forged("an output that is none", "brain-address", {}, output="zz.children")
_forged("no inputs", "brain-address", {}, inputs=[])
_forged("inputs that are none", "brain-address", {}, inputs=7)


def _on_the_wall(kind: str, action: str, code: str | None, data: Any, pick: bool = True) -> None:
    def do(stage: Stage) -> Callable[[], Any]:
        page = Page(stage.as_("operator.all"))

        async def go() -> str:
            async with page.line() as line:
                if pick:
                    await line.ask([page.wall("wall-pick", {"kind": "station", "id": "WL-01"})])
                return (await line.ask([page.wall("wall-act", data)]))[0]

        return lambda: run(go())

    REFUSED.append(Refused(kind, action, code, do))


_on_the_wall("wall-act with nothing selected", "alert_ack", "seat", {"do": "ack", "alert": "1"}, pick=False)
_on_the_wall("wall-act: a verb with nothing selected", "event_accept", "seat", {"do": "go", "event": "1", "verb": "accept"}, pick=False)
_on_the_wall("wall-act: an alert of NUL", "alert_ack", "unknown", {"do": "ack", "alert": "\0"})
_on_the_wall("wall-act: a case of NUL", "event_accept", "unknown", {"do": "go", "event": "\0", "verb": "accept"})
_on_the_wall("wall-act: a verb of half a sign", "event_zz\\ud800", "verb", {"do": "go", "event": "1", "verb": "zz\ud800"})
_on_the_wall("wall-act: a note of half a sign", "alert_ack", "form", {"do": "ack", "alert": "1", "note": "\ud800"})
_on_the_wall("wall-act: nothing that can be done", "wall_act", "verb", {"do": "explode"})
_on_the_wall("wall-act: a list", "callback", "forged", [1, 2])


def spoken(answer: Any) -> str:
    """What the client was told, whichever way it asked."""
    return answer.text if isinstance(answer, httpx.Response) else json.dumps(answer, ensure_ascii=False)
