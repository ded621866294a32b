"""Acts by the commands of `brain`: each done once, and refused where it can be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.authority.acts import ACTS, Act, Stage, act


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
    "verify-audit": "reads; what --accept decides is written down (test_audit_tampered.py)",
    "pictures": "reads, and takes pictures", "user list": "reads",
    "user idle": "reads; what --disable switches off is written down an account at a time (test_login.py)", "key list": "reads",
    "station list": "reads", "tcp list": "reads",
}  # fmt: skip
