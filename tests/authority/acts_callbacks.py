"""Acts over the callbacks of the pages: each done once, and refused where it can be."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from tests.authority.acts import Stage, act, months_back, run
from tests.authority.dash_page import Page
from tests.authority.world import T1a, T2a


def _on_the_wall(stage: Stage, login: str, pick: tuple[str, str] | None, data: dict[str, Any]) -> Callable[[], Any]:
    page = Page(stage.as_(login))
    shown = pick or ("station", "WL-01")

    async def go() -> str:
        async with page.line() as line:
            await line.ask([page.wall("wall-pick", {"kind": shown[0], "id": shown[1]})])
            return (await line.ask([page.wall("wall-act", data)]))[0]

    return lambda: run(go())


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
                     {"report-freeze.n_clicks": 1, "report-key.data": {"period": months_back(4)}})  # fmt: skip


@act("callback report-freeze", "refused by the role", done=False)
def _(stage: Stage):
    return _callback(stage, "operator.all", "report-freeze",
                     {"report-freeze.n_clicks": 1, "report-key.data": {"period": months_back(4)}})  # fmt: skip


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
                           {"intake-here.data": {"feed": "water", "rule": "", "words": "", "h": 24}})  # fmt: skip
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
