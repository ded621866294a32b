"""A small world in which everybody stands in a distinct relation to everything, written straight into the tables.

Why plain SQL and not the flow's verbs: the test must not depend on how a verb is called, and a row says exactly which
relation is meant. Every text of an object carries a mark (`xqE07t`), by which it is known wherever it turns up.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
from argon2 import PasswordHasher
from PIL import Image

from brain.flow.events import lines as log
from brain.model import Actor
from tests.authority.table import Case, Signal, Viewer

PASSWORD = "Sicht-2026!xq"
ZONE = ZoneInfo("Asia/Shanghai")
T1, T2, T3 = "441402004", "441402006", "441402102"
GRIDS = (T1a, T1b, T2a, T2b, T3a, T3b) = (
    "441402004001001", "441402004001002", "441402006001001", "441402006002001", "441402102001001", "441402102001002",
)  # fmt: skip
"""Two 网格 in each of three towns; T1a and T1b lie in one village, T2a and T2b in two."""
CATEGORY, OTHER = "matter:06026", "matter:01001"
"""What `plain` cases are of (asked for by `near`), and the others."""
MARK = re.compile(r"xq([EA]\d{3})[a-z]")
NOWHERE = (116.9, 24.9)  # outside every 网格


def people() -> list[Viewer]:
    """Every role in every kind of unit and place."""
    found = [Viewer("reporter0", "operator", "zsj", ("441402",))]  # whose reports belong to nobody else's unit
    for role in ("operator", "acceptor", "dispatcher", "chief", "leader"):
        found += [
            Viewer(f"{role}.all", role, "zsj", ("441402",)),
            Viewer(f"{role}.t1", role, T1, (T1,)),
            Viewer(f"{role}.mixed", role, "lyj", (T1a, T2)),
            Viewer(f"{role}.unit", role, "swj", ()),
        ]
    found += [
        Viewer("dep.swj", "department", "swj"),
        Viewer("dep.swj2", "department", "swj"),
        Viewer("dep.cgj", "department", "cgj"),
        Viewer("dep.lyj", "department", "lyj"),
        Viewer("dep.gaj", "department", "gaj"),  # has nothing
        Viewer("dep.t1", "department", T1, (T1,)),  # a town's command room
        Viewer("dep.wide", "department", "nyj", ("441402",)),  # places widen no department
        Viewer("w.t1a", "worker", T1, (T1a,), T1a),
        Viewer("w.t1b", "worker", T1, (T1,), T1b),  # his town is named, and is no wider sight
        Viewer("w.village", "worker", T2, (T2a[:12],), T2a),
        Viewer("w.noplace", "worker", T2, (), T2b),
        Viewer("w.team", "worker", "swj-1", (T3,), T3a),
        Viewer("w.nogrid", "worker", T3, (T3,), None),
        Viewer("w.swj", "worker", "swj", ("441402",), T3b),  # his unit has cases all over
        Viewer("pub.one", "public"),
        Viewer("pub.two", "public", None, (T1,)),
        Viewer("adm.one", "admin", "zsj", ("441402",)),
        Viewer("adm.two", "admin", "swj"),  # reported a case before he became administrator
    ]
    return found


@dataclass
class World:
    """Who there is and what there is; `cases` and `signals` are read back from the tables, as they truly stand."""

    url: str
    viewers: list[Viewer] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    photos: dict[UUID, Case | Viewer] = field(default_factory=dict)
    month: str = ""

    def who(self, login: str) -> Viewer:
        return next(v for v in self.viewers if v.login == login)

    def case(self, key: str) -> Case:
        return next(c for c in self.cases if c.key == key)

    def marks(self, text: str) -> set[str]:
        """Keys of the objects that a text says anything of: by a mark, or by an event's number."""
        found = set(MARK.findall(text))
        numbers = set(re.findall(r"(?<!\d)441402\d{13}(?!\d)", text))
        return found | {c.key for c in self.cases if c.id in numbers}


def spots(conn: psycopg.Connection) -> dict[str, tuple]:
    """网格 → (lng, lat, town, village, cell)."""
    rows = conn.execute(
        "SELECT g.code, g.lng, g.lat, c.town, c.village, min(c.code) AS cell FROM place g JOIN cell c ON c.grid = g.code"
        " WHERE g.code = ANY(%s) GROUP BY 1, 2, 3, 4, 5",
        [list(GRIDS)],
    ).fetchall()
    return {r["code"]: (r["lng"], r["lat"], r["town"], r["village"], r["cell"]) for r in rows}


class Maker:
    """Writes objects, one row each."""

    def __init__(self, conn: psycopg.Connection, world: World, first: int = 0):
        """`first`: number of the first object, so that several makers' marks differ."""
        self.conn, self.world, self.first = conn, world, first
        self.spots = spots(conn)
        self.serial = itertools.count(90_001 + first)
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.past = (self.now.astimezone(ZONE).replace(day=1) - timedelta(days=1)).replace(day=15)

    def person(self, viewer: Viewer, hashed: str) -> Viewer:
        row = self.conn.execute(
            "INSERT INTO person (login, name, phone, role, org, places, grid, password_hash, password_at)"
            " VALUES (%s, %s, '13800009999', %s, %s, %s, %s, %s, now()) RETURNING id",
            [viewer.login, f"某{viewer.login}", viewer.role, viewer.org, list(viewer.places), viewer.grid, hashed],
        ).fetchone()
        return replace(viewer, id=row["id"])

    def case(
        self, grid: str | None, state: str = "reported", *, by: str = "reporter0", org: str | None = None,
        handler: str | None = None, checker: str | None = None, joined: Iterable[str] = (), category: str = OTHER,
        at: datetime | None = None, due: datetime | None = None,
    ) -> str:  # fmt: skip
        """A new event; its key."""
        key = f"E{self.first + len(self.world.cases):03d}"
        at = at or self.past
        lng, lat, town, village, cell = self.spots[grid] if grid else (*NOWHERE, None, None, None)
        reporter = self.world.who(by)
        ident = f"441402{at.astimezone(ZONE):%Y%m%d}{next(self.serial):05d}"
        busy = state not in ("reported", "accepted")
        source = {"public": "public", "worker": "grid", "department": "department"}.get(reporter.role, "hotline")
        ids = {k: self.world.who(v).id if v else None for k, v in (("handler", handler), ("checker", checker))}
        self.conn.execute(
            "INSERT INTO event (id, category, title, description, address, state, source, lng, lat, town, village, grid, cell,"
            " reporter_id, reporter_org, org, handler_id, checker_id, reported_at, accepted_at, verify_asked_at, registered_at,"
            " dispatched_at, taken_at, answered_at, closed_at, due_at, limit_clock, limit_amount, version)"
            " VALUES (%(id)s, %(category)s, %(title)s, %(description)s, %(address)s, %(state)s, %(source)s, %(lng)s, %(lat)s,"
            " %(town)s, %(village)s, %(grid)s, %(cell)s, %(reporter)s, %(reporter_org)s, %(org)s, %(handler)s, %(checker)s,"
            " %(at)s, %(accepted)s, %(asked)s, %(registered)s, %(registered)s, %(taken)s, %(answered)s, %(closed)s, %(due)s,"
            " %(clock)s, %(amount)s, 1)",
            {
                "id": ident, "category": category, "title": f"案卷xq{key}t", "description": f"描述xq{key}d", "address": f"地点xq{key}a",
                "state": state, "source": source, "lng": lng, "lat": lat, "town": town, "village": village, "grid": grid,
                "cell": cell, "reporter": reporter.id, "reporter_org": reporter.org, "org": org, "at": at,
                "accepted": None if state == "reported" else at + timedelta(minutes=5),
                "asked": at + timedelta(minutes=6) if state == "accepted" and checker else None,
                "registered": at + timedelta(minutes=10) if busy else None,
                "taken": at + timedelta(minutes=20) if state in ("handling", "answered", "closed") else None,
                "answered": at + timedelta(hours=2) if state in ("answered", "closed") else None,
                "closed": at + timedelta(hours=3) if state == "closed" else None,
                "due": due or (at + timedelta(days=2) if busy else None),
                "clock": "natural_day" if busy else None, "amount": 2 if busy else None, **ids,
            },
        )  # fmt: skip
        lines = [("report", None, "reported", "{}")]
        if org:  # the report reads from the log who was given a case
            lines.append(("dispatch", "registered", "dispatched", json.dumps({"org": org})))
        for seq, (verb, before, after, detail) in enumerate(lines, 1):
            actor = Actor(reporter.id, f"某{by}", reporter.role, reporter.org)
            when = at + timedelta(minutes=seq)
            log.add(self.conn, [
                log.Line(ident, seq, when, verb, before, after, actor, note=f"流水xq{key}l", detail=json.loads(detail)),
            ])  # fmt: skip
        self.conn.execute("UPDATE event SET version = %s WHERE id = %s", [len(lines), ident])
        for code in joined:
            self.conn.execute(
                "INSERT INTO event_part (event_id, org, asked_at, note) VALUES (%s, %s, %s, %s)",
                [ident, code, at, f"联动xq{key}p"],
            )
        self.world.cases.append(
            Case(key, ident, state, town, village, grid, org, reporter.id, reporter.org, ids["handler"], ids["checker"],
                 frozenset(joined))
        )  # fmt: skip
        return key

    def signal(
        self, grid: str | None, org: str | None, *, case: str | None = None, level: int = 3, cleared: bool = False
    ) -> str:
        """A new alert of a station of its own; its key."""
        key = f"A{self.first + len(self.world.signals):03d}"
        lng, lat, town, village, cell = self.spots[grid] if grid else (*NOWHERE, None, None, None)
        station, its = f"XQ-{key}", self.world.case(case) if case else None
        self.conn.execute(
            "INSERT INTO station (id, name, theme, lng, lat, town, village, grid, cell, org)"
            " VALUES (%s, %s, 'drainage', %s, %s, %s, %s, %s, %s, %s)",
            [station, f"测点{key}", lng, lat, town, village, grid, cell, org],
        )
        at = self.now - timedelta(minutes=30)
        row = self.conn.execute(
            "INSERT INTO alert (station, kind, rule, theme, level, peak, value, message, opened_at, observed_at, changed_at,"
            " cleared_at, event_id, lng, lat, town, grid) VALUES (%s, 'well_depth', 'ladder', 'drainage', %s, %s, 0.4, %s, %s,"
            " %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
            [station, level, level, f"告警xq{key}m", at, at, at, self.now if cleared else None, its and its.id, lng, lat, town,
             grid],
        ).fetchone()  # fmt: skip
        self.conn.execute(
            "INSERT INTO alert_log (alert_id, at, what, level, actor, note) VALUES (%s, %s, 'open', %s, '规则引擎', %s)",
            [row["id"], at, level, f"流水xq{key}l"],
        )
        if its:
            self.conn.execute(
                "UPDATE event SET alert_id = %s, station = %s WHERE id = %s AND alert_id IS NULL",
                [row["id"], station, its.id],
            )
        self.world.signals.append(Signal(key, row["id"], town, grid, org, its, cleared))
        return key

    def photo(self, files: Path, of: Case | Viewer) -> None:
        """A picture that a case shows, or that its uploader (a viewer) has not handed in yet."""
        ident, path = uuid4(), Path("photos") / f"{uuid4().hex}.jpg"
        out = io.BytesIO()
        Image.new("RGB", (32, 24), (len(self.world.photos) * 7 % 255, 80, 90)).save(out, "JPEG")
        (files / path).parent.mkdir(parents=True, exist_ok=True)
        (files / path).write_bytes(out.getvalue())
        digest = hashlib.sha256(out.getvalue()).digest()
        case = of if isinstance(of, Case) else None
        self.conn.execute(
            "INSERT INTO photo (id, event_id, phase, sha256, stored_sha256, mime, bytes, path, uploaded_at, by)"
            " VALUES (%s, %s, 'report', %s, %s, 'image/jpeg', %s, %s, %s, %s)",
            [ident, case and case.id, digest, digest, len(out.getvalue()), path.as_posix(), self.now,
             case.reporter_id if case else of.id],
        )  # fmt: skip
        self.world.photos[ident] = of


def make(conn: psycopg.Connection, url: str, files: Path) -> World:
    """The world before anybody has logged in."""
    world = World(url)
    maker = Maker(conn, world)
    world.month = f"{maker.past:%Y-%m}"
    hashed = PasswordHasher().hash(PASSWORD)
    world.viewers = [maker.person(v, hashed) for v in people()]
    lately = maker.now - timedelta(hours=1)
    for grid in (*GRIDS, None):
        maker.case(grid, category=CATEGORY, at=lately)
    # held by a department, at every stage
    held = maker.case(T1a, "handling", org="swj", handler="dep.swj")
    far = maker.case(T2a, "closed", org="swj", handler="dep.swj2")
    maker.case(T1b, "dispatched", org="cgj")
    maker.case(T2b, "answered", org="cgj", checker="w.noplace")
    maker.case(T3b, "dispatched", org="cgj", at=lately)
    maker.case(None, "handling", org="swj")
    # 联动: joined, with a part to do and with one that is done
    joint = maker.case(T1b, "handling", org="cgj", joined=["swj"])
    maker.case(T2b, "handling", org="cgj", joined=["swj", "lyj"])
    maker.case(T3a, "dispatched", org="swj", joined=["lyj"], at=lately)
    # reported by a department, a worker, a town's room, a seat, outside of where they look
    maker.case(T2a, by="dep.swj")
    maker.case(T3b, "accepted", by="dep.swj2")
    maker.case(T2b, by="w.t1a", at=lately)
    maker.case(T2a, by="w.t1b")
    maker.case(T2a, by="dep.t1", at=lately)
    maker.case(T3a, by="chief.t1")
    maker.case(T2a, by="leader.unit")
    maker.case(T1a, by="adm.two")
    # a worker's to handle, to check, to verify, outside his 网格; and a colleague's
    far_task = maker.case(T3a, "handling", org=T1, handler="w.t1a")
    maker.case(T2a, "answered", org=T2, handler="w.village", checker="w.t1a")
    maker.case(T3b, "accepted", checker="w.village", at=lately)
    maker.case(T3b, "handling", org=T1, handler="w.t1b", at=lately)
    maker.case(T2b, "dispatched", org=T1)  # given to the town, to nobody yet
    maker.case(T1b, "closed", org=T1, handler="w.t1b")
    maker.case(T3a, "handling", org="swj-1", handler="w.team")
    # the public's
    maker.case(T1a, by="pub.one", at=lately)
    maker.case(T3b, "closed", by="pub.one", org="cgj", handler="dep.cgj")
    # alerts: by place and owner, attached to a case, over
    for grid, org in ((T1a, "swj"), (T1b, "cgj"), (T2a, "swj"), (T2b, "lyj"), (T3a, "cgj"), (T3b, "swj"), (None, None)):
        maker.signal(grid, org)
    maker.signal(T2b, "lyj", case=held)
    maker.signal(T1b, "cgj", case=joint)
    maker.signal(T3a, "gaj", case=far_task)
    maker.signal(T2a, "gaj", case=far, cleared=True)
    maker.signal(T1a, "cgj", cleared=True)
    for case in world.cases[::3]:
        maker.photo(files, case)
    for login in ("w.t1a", "chief.all", "pub.one", "dep.swj"):
        maker.photo(files, world.who(login))
    assert all(c.grid is None or c.village for c in world.cases), "the demo city has no such 网格 any more"
    return world
