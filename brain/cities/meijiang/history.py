"""The simulated past of the demo district: about fourteen months of closed cases, and a dozen that are still open.

Every case carries `simulated = true`; wherever it is counted, the screen and the report say so. The recipe (how many,
of what, when, how prompt) is `data/history.toml`; `past.py` lives a case by the real rules; this file chooses places
and times and writes the rows by COPY. The same month comes out the same on whatever day it is loaded, because each
month draws from its own seed.
"""

from __future__ import annotations

import json
import tomllib
from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import accumulate
from math import cos, pi, radians, sin
from pathlib import Path
from random import Random
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from brain.catalog import Catalog
from brain.cities.meijiang import past, shipped, standing
from brain.cities.meijiang.past import Chances, Crew, Life, Script
from brain.city import ZONE
from brain.flow.events import clocks, lines
from brain.model import ENGINE, Actor, Event, Role, Source, State, columns
from brain.rules import sla
from brain.store import db

RECIPE = Path(__file__).parent / "data" / "history.toml"
FACT = "history"
SAYS = "模拟历史案卷，用于演示统计，不对应真实事件。"
METRES = 111_320.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A unit cell as a place to report from."""

    code: str
    grid: str
    village: str
    town: str
    lng: float
    lat: float
    reach_m: float  # half the side of a square of its area


@dataclass(frozen=True, slots=True)
class Pool:
    """Things to draw from by weight."""

    items: tuple[Any, ...]
    sums: tuple[float, ...]

    @classmethod
    def of(cls, items: list[Any], weights: list[float]) -> Pool:
        return cls(tuple(items), tuple(accumulate(weights)))

    def draw(self, rng: Random) -> Any:
        return self.items[min(bisect(self.sums, rng.random() * self.sums[-1]), len(self.items) - 1)]


@dataclass(frozen=True, slots=True)
class World:
    """What a case needs to know about the district."""

    catalog: Catalog
    recipe: dict[str, Any]
    crew: Crew
    villages: dict[str, str]
    towns: dict[str, str]
    cells: dict[str, Pool]  # by town, dense streets first
    fields: dict[str, Pool]  # by town, every cell alike: for what happens outside the streets
    urban: Pool  # towns by weight
    rural: Pool
    chronic: dict[str, Pool]  # by category: (lng, lat, cell) of places that come again
    stations: dict[str, list[dict[str, Any]]]  # by theme
    chances: Chances


def load(
    conn: psycopg.Connection,
    catalog: Catalog,
    now: datetime,
    say: Callable[[str], None] = lambda text: None,
    months: int | None = None,
) -> None:
    """Load the simulated history once; a second call does nothing. Needs the demo city (places, people, cells).

    `months` whole months before the running one; None: as many as the recipe says.
    """
    if conn.execute("SELECT 1 FROM fact WHERE key = %s", [FACT]).fetchone():
        return
    recipe = tomllib.loads(RECIPE.read_text(encoding="utf-8"))
    world = _world(conn, catalog, recipe)
    say("生成模拟历史案卷")
    lives = [
        life
        for period in _periods(now, recipe["months"] if months is None else months)
        for life in month(world, period, now)
    ]
    lives += still_open(world, now)
    lives.sort(key=lambda life: (life.event.reported_at, life.event.title))
    say(f"写入 {len(lives)} 件模拟案卷")
    with conn.transaction():
        _copy(conn, lives, _number(conn, lives))
        told = {"says": SAYS, "cases": len(lives), "lines": sum(len(x.lines) for x in lives), "seed": recipe["seed"]}
        conn.execute("INSERT INTO fact (key, value) VALUES (%s, %s)", [FACT, Jsonb(told)])
    for table in ("event", "event_log"):
        conn.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))


# The district -------------------------------------------------------------------------------------------------------
def _world(conn: psycopg.Connection, catalog: Catalog, recipe: dict[str, Any]) -> World:
    rng = Random(recipe["seed"])
    names = {
        r["code"]: r["name"] for r in db.execute(conn, "SELECT code, name FROM place WHERE kind IN ('town', 'village')")
    }
    by_town: dict[str, tuple[list[Cell], list[float]]] = {}
    busy: dict[str, float] = {}
    for r in db.execute(conn, "SELECT code, grid, village, town, lng, lat, area_m2 FROM cell ORDER BY code"):
        cell = Cell(
            r["code"], r["grid"], r["village"], r["town"], r["lng"], r["lat"], min(60.0, r["area_m2"] ** 0.5 / 2)
        )
        # Small cells lie where people live; a few streets of each grid are busier than the rest.
        weight = (
            busy.setdefault(cell.grid, rng.lognormvariate(0, 0.8)) * rng.lognormvariate(0, 1.1) / max(r["area_m2"], 1e4)
        )
        items, weights = by_town.setdefault(cell.town, ([], []))
        items.append(cell)
        weights.append(weight)
    cells = {town: Pool.of(*pair) for town, pair in by_town.items()}
    fields = {town: Pool.of(items, [1.0] * len(items)) for town, (items, _) in by_town.items()}
    towns = [t for t in recipe["town"] if t in cells]
    urban = Pool.of(towns, [recipe["town"][t]["weight"] for t in towns])
    rural = Pool.of(towns, [recipe["town"][t]["rural"] for t in towns])
    stations: dict[str, list[dict[str, Any]]] = {}
    for r in db.execute(
        conn, "SELECT id, name, theme, lng, lat, town, village, grid, cell FROM station WHERE active ORDER BY id"
    ):
        stations.setdefault(r["theme"], []).append(r)
    chances: dict[str, Any] = {"returned" if k == "return" else k: v for k, v in recipe["chance"].items() if k != "bad_month"}
    return World(
        catalog,
        recipe,
        _crew(conn),
        names,
        {c: n for c, n in names.items() if len(c) == 9},
        cells,
        fields,
        urban,
        rural,
        _chronic(recipe, rng, urban, cells),
        stations,
        Chances(**chances),
    )


def _crew(conn: psycopg.Connection) -> Crew:
    by_role: dict[str, list[Actor]] = {}
    departments: dict[str, list[Actor]] = {}
    workers: dict[str, list[Actor]] = {"": []}
    by_login: dict[str, Actor] = {}
    grids: dict[int, str] = {}
    for r in db.execute(conn, "SELECT id, login, name, role, org, places, grid FROM person WHERE active ORDER BY id"):
        actor = Actor(r["id"], r["name"], Role(r["role"]), r["org"], tuple(r["places"]))
        by_role.setdefault(r["role"], []).append(actor)
        if actor.role is Role.DEPARTMENT and actor.org:
            departments.setdefault(actor.org, []).append(actor)
        by_login[r["login"]] = actor
        if actor.role is Role.WORKER:
            grids[r["id"]] = r["grid"]
            workers[""].append(actor)
            for key in {r["grid"], (r["grid"] or "")[:9] or actor.org} - {None}:
                workers.setdefault(key, []).append(actor)
    orgs = frozenset(r["code"] for r in db.execute(conn, "SELECT code FROM org"))
    need = ("acceptor", "dispatcher", "chief")
    if missing := [role for role in need if role not in by_role]:
        raise LookupError(f"示范城区里没有角色 {'、'.join(missing)} 的人员，请先装入示范城区")
    return Crew(
        by_role["acceptor"], by_role["dispatcher"], by_role["chief"], departments, workers, orgs, by_login, grids
    )


def _chronic(recipe: dict[str, Any], rng: Random, urban: Pool, cells: dict[str, Pool]) -> dict[str, Pool]:
    """Places where the same trouble comes back, each with one category."""
    often = [(k, c["weight"]) for k, c in recipe["category"].items() if not c.get("rural")]
    kinds = Pool.of([k for k, _ in often], [w**0.75 for _, w in often])
    found: dict[str, list[tuple[Cell, float]]] = {}
    for number in range(recipe["chronic"]["places"]):
        cell = cells[urban.draw(rng)].draw(rng)
        found.setdefault(kinds.draw(rng), []).append((cell, 1 / (1 + number % 5)))
    return {key: Pool.of([c for c, _ in pairs], [w for _, w in pairs]) for key, pairs in found.items()}


# A month ------------------------------------------------------------------------------------------------------------
def _periods(now: datetime, months: int) -> list[tuple[int, int]]:
    """(year, month) of the months to fill, the running one last."""
    last = now.astimezone(ZONE)
    index = last.year * 12 + last.month - 1
    return [divmod(i, 12) for i in range(index - months, index + 1)]


def month(world: World, period: tuple[int, int], now: datetime) -> list[Life]:
    """The cases of one month that had come to their end by `now`. `period` is (year, month counted from 0)."""
    year, number = period
    recipe, rng = world.recipe, Random(f"{world.recipe['seed']}:{year}-{number + 1:02d}")
    days = [date(year, number + 1, d) for d in range(1, 32) if _is_day(year, number + 1, d)]
    wet = _spells(recipe, rng, days)
    factors = {k: recipe["season"][c.get("season", "even")][number] for k, c in recipe["category"].items()}
    weights = [c["weight"] * factors[k] for k, c in recipe["category"].items()]
    kinds = Pool.of(list(recipe["category"]), weights)
    usual = sum(c["weight"] for c in recipe["category"].values())
    many = round(rng.uniform(*recipe["cases"]) * (sum(weights) / usual) ** 0.5)
    worse = rng.uniform(0, recipe["chance"]["bad_month"])
    lives = []
    for _ in range(many):
        kind = kinds.draw(rng)
        at = _moment(world, rng, days, wet, recipe["category"][kind])
        event, script = _drawn(world, rng, kind, at)
        script = replace(script, prompt=script.prompt - worse)
        life = past.live(world.catalog, world.crew, rng, event, script, world.chances)
        if life.at <= now:
            lives.append(life)
    return lives


def _is_day(year: int, number: int, day: int) -> bool:
    try:
        date(year, number, day)
    except ValueError:
        return False
    return True


def _spells(recipe: dict[str, Any], rng: Random, days: list[date]) -> set[date]:
    """Days of heavy rain."""
    wet: set[date] = set()
    for _ in range(recipe["rain_spells"]["count"][days[0].month - 1]):
        start = rng.randrange(len(days))
        wet.update(days[start : start + rng.randint(1, 3)])
    return wet


def _moment(world: World, rng: Random, days: list[date], wet: set[date], kind: dict[str, Any]) -> datetime:
    recipe, calendar = world.recipe, world.catalog.calendar
    rainy = kind.get("season") in ("rain", "storm")
    week = recipe["week"]["day"]
    weights = [
        (recipe["rain_spells"]["gain"] if rainy and d in wet else 1.0)
        * (1.0 if rainy else week[d.weekday()] * (1.0 if sla.is_workday(d, calendar) or d.weekday() > 4 else 0.6))
        for d in days
    ]
    day = Pool.of(days, weights).draw(rng)
    hours = [1.0] * 24 if kind.get("source") == "device" else recipe["hour"]["people"]
    hour = Pool.of(list(range(24)), hours).draw(rng)
    return datetime(day.year, day.month, day.day, hour, rng.randrange(60), rng.randrange(60), tzinfo=ZONE)


# A case -------------------------------------------------------------------------------------------------------------
def _drawn(
    world: World, rng: Random, kind: str, at: datetime, source: str | None = None, cell: Cell | None = None
) -> tuple[Event, Script]:
    """Place, source, reporter and owner of a case; source and place may be given."""
    says, entry = world.recipe["category"][kind], world.catalog.categories[kind]
    shares = world.recipe["sources"][says.get("source", "people")]
    source = Source(source or Pool.of(list(shares), list(shares.values())).draw(rng))
    station = None
    if source is Source.SENSOR and kind == "matter:10901" and world.stations.get("drainage"):
        ponds = [s for s in world.stations["drainage"] if s["id"].startswith("PD")] or world.stations["drainage"]
        station = Pool.of(ponds, [1 / (n + 1.5) for n in range(len(ponds))]).draw(rng)
    if station is not None and station["cell"]:
        lng, lat, spot = station["lng"], station["lat"], station
        codes = {"cell": spot["cell"], "grid": spot["grid"], "village": spot["village"], "town": spot["town"]}
    else:
        cell, reach = (cell, cell.reach_m * 0.8) if cell else _place(world, rng, kind, says)
        turn, far = rng.uniform(0, 2 * pi), reach * rng.random() ** 0.5
        lng = round(cell.lng + far * cos(turn) / (METRES * cos(radians(cell.lat))), 6)
        lat = round(cell.lat + far * sin(turn) / METRES, 6)
        codes = {"cell": cell.code, "grid": cell.grid, "village": cell.village, "town": cell.town}
        station = None
    owner = codes["town"] if says.get("town") else entry.org
    reporter = _reporter(world, rng, source, codes)
    conditions = [text for text, _ in entry.conditions]
    case = conditions[min(int(rng.expovariate(1.4)), len(conditions) - 1)] if conditions else None
    where = world.villages.get(codes["village"], "")
    event = Event(
        id="",
        category=kind,
        title=f"{entry.name}（{where}）",
        state=State.REPORTED,
        source=source,
        level=None,
        reported_at=at,
        lng=lng,
        lat=lat,
        description=SAYS,
        address=f"{world.towns.get(codes['town'], '')}{where}",
        station=station["id"] if station else None,
        reporter_id=reporter.id,
        reporter_org=reporter.org,
        simulated=True,
        ladder=clocks.fresh_ladder(world.catalog, None),
        cell=codes["cell"],
        grid=codes["grid"],
        village=codes["village"],
        town=codes["town"],
    )
    lean = world.recipe["town"].get(owner, {}).get("prompt") or world.recipe["prompt"].get(owner)
    prompt = lean or world.recipe["prompt"]["default"]
    other = None
    if rng.random() < world.chances.returned:
        other = "cgj" if owner != "cgj" else codes["town"]
    return event, Script(owner, prompt, reporter, bool(says.get("self")), case, other)


def _place(world: World, rng: Random, kind: str, says: dict[str, Any]) -> tuple[Cell, float]:
    """A cell and how far from its middle the case lies: an old sore of this category, or anywhere."""
    if kind in world.chronic and rng.random() < world.chances.chronic:
        return world.chronic[kind].draw(rng), world.recipe["chronic"]["radius_m"]
    rural = says.get("rural", False)
    town = (world.rural if rural else world.urban).draw(rng)
    cell = (world.fields if rural else world.cells)[town].draw(rng)
    return cell, cell.reach_m * 0.9


def _reporter(world: World, rng: Random, source: Source, codes: dict[str, Any]) -> Actor:
    if source in (Source.SENSOR, Source.CAMERA):
        return ENGINE
    if source is Source.PUBLIC:
        return Actor(None, "市民", Role.PUBLIC)
    if source is Source.HOTLINE:
        return rng.choice(world.crew.acceptors)
    if source is Source.DEPARTMENT:
        pool = [a for actors in world.crew.departments.values() for a in actors]
        return rng.choice(pool) if pool else rng.choice(world.crew.acceptors)
    for key in (codes["grid"], codes["town"], ""):
        if pool := world.crew.workers.get(key or ""):
            return rng.choice(pool)
    raise LookupError("history: nobody can report")


# Open cases, numbers and rows ---------------------------------------------------------------------------------------
def still_open(world: World, now: datetime) -> list[Life]:
    """The few cases that are not finished yet; workers who are not in the district lend their tasks to nobody."""
    rng, lives = Random(f"{world.recipe['seed']}:open"), []
    for says in world.recipe["open"]:
        worker = world.crew.by_login.get(says.get("who", ""))
        if "who" in says and worker is None:
            continue
        at = (now - timedelta(hours=says["ago_h"])).replace(microsecond=0)
        event, script = _drawn(world, rng, says["category"], at, says.get("source", "grid"), _near(world, rng, worker))
        if worker:
            script = replace(script, org=worker.org or event.town)
        lives.append(standing.live(Life(world.catalog, world.crew, rng, event), script, says, world.crew.by_login, now))
    return lives


def _near(world: World, rng: Random, worker: Actor | None) -> Cell | None:
    """A cell of the worker's own grid."""
    if worker is None:
        return None
    grid = world.crew.grids.get(worker.id) if worker.id is not None else None
    cells = [c for pool in world.cells.values() for c in pool.items if c.grid == grid]
    return rng.choice(cells) if cells else None


def _number(conn: psycopg.Connection, lives: list[Life]) -> dict[date, int]:
    """Give each case its number, in order of reporting within its day; returns the last serial of each day."""
    last = {r["day"]: r["last"] for r in db.execute(conn, "SELECT day, last FROM event_serial")}
    for life in lives:
        day = life.event.reported_at.astimezone(ZONE).date()
        last[day] = last.get(day, 0) + 1
        life.event = replace(life.event, id=f"{shipped.DISTRICT}{day:%Y%m%d}{last[day]:05d}", version=len(life.lines))
    return last


def _copy(conn: psycopg.Connection, lives: list[Life], last: dict[date, int]) -> None:
    """All rows in three COPYs, each line with its keyed digest; the plain chain is the database's own (migration 0020)."""
    names = columns(Event)
    with conn.cursor() as cursor:
        with cursor.copy(f"COPY event ({', '.join(names)}) FROM STDIN") as copy:  # type: ignore[arg-type]
            for life in lives:
                copy.write_row([_plain(getattr(life.event, name)) for name in names])
        with cursor.copy(f"COPY event_log (seq, hash, {', '.join(LINE)}) FROM STDIN") as copy:  # type: ignore[arg-type]
            for life in lives:
                for line in _lines(life):
                    copy.write_row([0, b"", *(_plain(line[name]) for name in LINE)])
        cursor.executemany(
            "INSERT INTO event_serial (day, last) VALUES (%s, %s) ON CONFLICT (day) DO UPDATE SET last = excluded.last",
            list(last.items()),
        )


LINE = ("event_id", "at", *lines.COLUMNS, "detail", "key", "mac")


def _lines(life: Life) -> Iterator[dict[str, Any]]:
    """The columns of the lines of a case, signed; none is dated before the one before it."""
    last = life.lines[0]["at"] if life.lines else None
    for seq, line in enumerate(life.lines, 1):
        last = max(last, line["at"])
        actor = Actor(line["actor_id"], line["actor_name"], line["role"], line["org"])
        given = lines.Line(
            life.event.id, seq, last, line["verb"], line["from_state"], line["to_state"], actor, line["reason"], line["note"],
            line["detail"],
        )  # fmt: skip
        made, _ = lines.signed(given)
        yield made | {"mac": bytes.fromhex(made["mac"])}


def _plain(value: Any) -> Any:
    """A value as COPY takes it: JSON as text, enum members as their words."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value) if isinstance(value, State | Source) else value
