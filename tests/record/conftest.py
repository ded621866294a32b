"""A small drawn district for the tests of the flow: four cells in two grids of one town, and the people who work
there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
import pytest
import shapely

from brain.catalog import Catalog
from brain.flow.events import acting
from brain.identity import accounts, people, rosters
from brain.identity.people import Person
from brain.model import Actor, Event, Refused, Role, Source, Station, Verb
from brain.rules.forms import Given
from brain.store import db
from tests.databases import clone, drop, seal

TOWN, VILLAGE = "441402103", "441402103200"
# The map, north up; a letter is a cell of 0.01°, capitals lie in grid 1, small letters in grid 2.
DRAWN = ("Ab",
         "Cd")  # fmt: skip
WEST, NORTH, SIDE = 116.10, 24.32, 0.01


@dataclass
class District:
    """The drawn district over one connection: `who` by login, and the verbs of a case's life in short form."""

    conn: psycopg.Connection
    catalog: Catalog
    now: datetime
    who: dict[str, Person] = field(default_factory=dict)

    def actor(self, login: str) -> Actor:
        return people.actor_of(self.who[login])

    def at(self, letter: str) -> tuple[float, float]:
        """The middle of a cell of the drawing."""
        row = next(n for n, line in enumerate(DRAWN) if letter in line)
        col = DRAWN[row].index(letter)
        return WEST + SIDE * (col + 0.5), NORTH - SIDE * (row + 0.5)

    def photo(self, login: str) -> str:
        """An uploaded photo (its row; the file's handling has tests of its own)."""
        row = self.conn.execute(
            "INSERT INTO photo (id, phase, sha256, mime, bytes, path, uploaded_at, by) VALUES (gen_random_uuid(),"
            " 'other', sha256(gen_random_uuid()::text::bytea), 'image/jpeg', 1, 'x', %s, %s) RETURNING id",
            [self.now, self.who[login].id],
        ).fetchone()
        return str(row["id"])

    def report(self, login: str = "public", cell: str = "A", category: str = "matter:06010", **more) -> Event:
        lng, lat = self.at(cell)
        given = {"source": Source.PUBLIC, "title": "暴露垃圾", "now": self.now, "lng": lng, "lat": lat}
        return acting.report(self.conn, self.catalog, category=category, actor=self.actor(login), **(given | more))

    def act(
        self, event: Event | str, verb: Verb, login: str, *, minutes: float = 0, here: bool = False, **given
    ) -> Event:
        """One verb; `minutes` moves the district's clock first, `here` lets the actor stand at the event with a
        photo."""
        self.now += timedelta(minutes=minutes)
        event = acting.get(self.conn, event if isinstance(event, str) else event.id)
        if here:
            given = {"lng": event.lng, "lat": event.lat, "photos": (self.photo(login),)} | given
        seen = given.pop("expect_version", None)
        handed = Given(**given)
        return acting.act(
            self.conn, self.catalog, event.id, verb, self.actor(login), self.now, handed, expect_version=seen
        )

    def until(self, state: str, **more) -> Event:
        """A case of 暴露垃圾 taken along the line up to a state, a minute a step."""
        event = self.report(**more)
        line = {
            "reported": lambda: event,
            "accepted": lambda: self.act(event, Verb.ACCEPT, "acceptor", minutes=1),
            "registered": lambda: self.act(
                event, Verb.REGISTER, "acceptor", minutes=1, condition=self.catalog.register_conditions[0]
            ),
            "dispatched": lambda: self.act(event, Verb.DISPATCH, "dispatcher", minutes=1, org="cgj"),
            "handling": lambda: self.act(event, Verb.TAKE, "cgj", minutes=1),
            "answered": lambda: self.act(event, Verb.ANSWER, "cgj", minutes=1, here=True),
            "checking": lambda: self.act(event, Verb.CHECK, self.checker(event), minutes=1, here=True, passed=True),
            "closed": lambda: self.act(
                event, Verb.CLOSE, "acceptor", minutes=1, condition=self.catalog.close_conditions[0]
            ),
        }
        for name, step in line.items():
            last = step()
            if name == state:
                return last
        raise KeyError(state)

    def checker(self, event: Event) -> str:
        chosen = acting.get(self.conn, event.id).checker_id
        return next(login for login, person in self.who.items() if person.id == chosen)

    @staticmethod
    def refused(code: str, call: Callable, *args, **given) -> str:
        """The sentence with which `call` is refused; the refusal must carry this code."""
        with pytest.raises(Refused) as caught:
            call(*args, **given)
        assert caught.value.code == code
        return str(caught.value)

    def verbs(self, event: Event) -> list[str]:
        return [str(line.verb) for line in acting.log_of(self.conn, event.id)]

    def notices(self, login: str) -> list[str]:
        rows = self.conn.execute(
            "SELECT words FROM notice WHERE person_id = %s ORDER BY id", [self.who[login].id]
        ).fetchall()
        return [r["words"] for r in rows]

    def station(self, ident: str, theme: str, cell: str = "A", org: str | None = None, **params) -> Station:
        lng, lat = self.at(cell)
        self.conn.execute(
            "INSERT INTO station (id, name, theme, lng, lat, town, village, grid, org, params) VALUES"
            " (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                ident,
                f"{ident} 站",
                theme,
                lng,
                lat,
                TOWN,
                VILLAGE,
                grid_of(cell),
                org,
                psycopg.types.json.Jsonb(params),
            ],
        )
        return Station(
            ident,
            f"{ident} 站",
            theme,
            lng,
            lat,
            town=TOWN,
            village=VILLAGE,
            grid=grid_of(cell),
            org=org,
            params=params,
        )


def grid_of(letter: str) -> str:
    return f"{VILLAGE}{'001' if letter.isupper() else '002'}"


def _draw(conn: psycopg.Connection) -> None:
    places = [
        ("441402", "district", "梅江区", None), (TOWN, "town", "长沙镇", "441402"),
        (VILLAGE, "village", "小密村", TOWN), (f"{VILLAGE}001", "grid", "一格", VILLAGE), (f"{VILLAGE}002", "grid",
        "二格", VILLAGE),
    ]  # fmt: skip
    with conn.cursor() as cur:
        for code, kind, name, parent in places:
            lng = WEST + SIDE * (1.5 if code.endswith("002") else 0.5)
            cur.execute(
                "INSERT INTO place (code, kind, name, parent, lng, lat) VALUES (%s, %s, %s, %s, %s, %s)",
                [code, kind, name, parent, lng, NORTH - SIDE],
            )
        for row, line in enumerate(DRAWN):
            for col, letter in enumerate(line):
                west, north = WEST + SIDE * col, NORTH - SIDE * row
                shape = shapely.box(west, north - SIDE, west + SIDE, north)
                cur.execute(
                    "INSERT INTO cell (code, town, village, grid, area_m2, lng, lat, geom)"
                    " VALUES (%s, %s, %s, %s, 1e6, %s, %s, %s)",
                    [f"{VILLAGE}10{row * 2 + col}", TOWN, VILLAGE, grid_of(letter), west, north, shapely.to_wkb(shape)],
                )


PEOPLE = {  # login: role, organisation, grid or places
    "operator": (Role.OPERATOR, "zsj", None),
    "acceptor": (Role.ACCEPTOR, "zsj", None),
    "dispatcher": (Role.DISPATCHER, "zsj", None),
    "chief": (Role.CHIEF, "zsj", None),
    "leader": (Role.LEADER, "zsj", None),
    "cgj": (Role.DEPARTMENT, "cgj", None),
    "cgj_chief": (Role.DEPARTMENT, "cgj", None),
    "swj": (Role.DEPARTMENT, "swj", None),
    "town": (Role.DEPARTMENT, TOWN, None),
    "worker1": (Role.WORKER, TOWN, f"{VILLAGE}001"),
    "worker2": (Role.WORKER, TOWN, f"{VILLAGE}002"),
    "public": (Role.PUBLIC, None, None),
    "admin": (Role.ADMIN, "zsj", None),
}
SHIFTS = {"operator": "desk", "acceptor": "desk", "dispatcher": "desk", "chief": "chief", "leader": "leader",
          "cgj": "desk", "cgj_chief": "chief", "swj": "desk", "town": "desk"}  # fmt: skip


def peopled(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> District:
    """The drawn district in an empty database, peopled, everybody on duty for ten days from a day ago."""
    _draw(conn)
    for key, org in catalog.departments.items():
        conn.execute(
            "INSERT INTO org (code, name, short, kind) VALUES (%s, %s, %s, %s) ON CONFLICT (code) DO UPDATE"
            " SET (name, short, kind) = (excluded.name, excluded.short, excluded.kind)",
            [key, org.name, org.short, org.kind],
        )
    made = District(conn, catalog, now)
    for login, (role, org, grid) in PEOPLE.items():
        wide = ["441402"] if org == "zsj" else []
        made.who[login] = accounts.create(
            conn, login=login, name=f"{login}员", role=role, org=org, grid=grid, places=wide, now=now
        )
    for login, duty in SHIFTS.items():
        person = made.who[login]
        rosters.put_on_duty(
            conn, org=person.org, person_id=person.id, duty=duty, starts=now - timedelta(days=1),
            ends=now + timedelta(days=9), by="测试", now=now,
        )  # fmt: skip
    return made


@pytest.fixture(scope="session")
def peopled_template(server, superuser, empty_template, catalog, now) -> tuple[str, District]:
    """A template with `peopled` at the tests' usual time, and the district in it: a clone costs a fraction of its making."""
    name = "peopled_template"
    superuser.execute(f"CREATE DATABASE {name} TEMPLATE {empty_template} STRATEGY file_copy")
    with db.connect(server.url(name), name="tests") as conn:
        made = peopled(conn, catalog, now)
    seal(superuser, name)
    return name, made


@pytest.fixture
def cloned_from(request, empty_template) -> str:
    """The template of this test's database: with the drawn district in it where the test asks for it, else empty. A file whose
    tests all begin with a longer story overrides it."""
    return request.getfixturevalue("peopled_template")[0] if "district" in request.fixturenames else empty_template


@pytest.fixture
def db_url(server, superuser, cloned_from):
    """URL of a fresh, migrated database."""
    name = clone(superuser, cloned_from)
    yield server.url(name)
    drop(superuser, name)


@pytest.fixture
def district(conn, catalog, now, peopled_template) -> District:
    """`peopled` at the tests' usual time."""
    return District(conn, catalog, now, dict(peopled_template[1].who))


@pytest.fixture
def urgent(catalog) -> str:
    """A category with a limit in natural time, so that tests may add hours: 4 紧急工作时."""
    found = [c for c in catalog.categories.values() if c.limit.clock == "urgent_hour" and c.org == "cgj"]
    return found[0].key
