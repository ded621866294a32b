"""Every way to change something writes exactly one audit row per act, refusals included, with the address it came from.

The ways are walked (routes of the application, callbacks of its pages, sub-commands of `brain`): one that is neither tried
here nor exempt with a reason fails the test, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from brain import catalog as catalogs
from brain.settings import Settings
from brain.store import db
from tests.authority.acts import ACTS, Stage
from tests.authority.acts_callbacks import EXEMPT_CALLBACKS
from tests.authority.acts_commands import EXEMPT_COMMANDS
from tests.authority.acts_routes import EXEMPT_ROUTES, VERB
from tests.authority.world import Maker, World


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
