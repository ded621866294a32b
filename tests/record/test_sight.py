"""Who sees what: no role reads beyond its unit, no catalog lifts the ceiling, Python and SQL give one answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from brain.catalog import RoleRights, load
from brain.identity import scope
from brain.identity.people import Person
from brain.identity.scope import Sight
from brain.model import CLOCKWORK, DISTRICT, ENGINE, Actor, Event, Role, Source, State

ROLES = load().roles
HERE, THERE = "441402006", "441402106"
EVENT = Event(
    id="4414022026090300001", category="matter:06010", title="暴露垃圾", state=State.ANSWERED, source=Source.GRID,
    level=None, reported_at=datetime(2026, 9, 3, tzinfo=UTC), lng=116.1, lat=24.3, town=HERE, village=HERE + "001",
    grid=HERE + "001001", cell=HERE + "001007", org="cgj", reporter_id=7, reporter_org=HERE, handler_id=8, checker_id=9,
)  # fmt: skip


def sight(role: Role, *, org: str | None = None, places: tuple[str, ...] = (), person: int | None = 1) -> Sight:
    return Sight.of(Actor(person, "某人", role, org, places), ROLES)


# Events ---------------------------------------------------------------------------------------------------------------
SEATS = (Role.OPERATOR, Role.ACCEPTOR, Role.DISPATCHER, Role.CHIEF, Role.LEADER)


@pytest.mark.parametrize("role", SEATS)
def test_a_seat_sees_the_places_it_is_held_for(role):
    assert sight(role, places=(DISTRICT,)).sees_event(EVENT)
    assert sight(role, places=(THERE, HERE)).sees_event(EVENT)
    assert not sight(role, places=(THERE,)).sees_event(EVENT)


def test_a_seat_sees_what_its_organisation_has_elsewhere_beside_its_places():
    assert sight(Role.OPERATOR, org="cgj", places=(THERE,)).sees_event(EVENT)
    assert not sight(Role.OPERATOR, org="swj", places=(THERE,)).sees_event(EVENT)


def test_a_seat_without_places_sees_its_organisations_events_only():
    assert not sight(Role.CHIEF, org="swj").sees_event(EVENT)
    assert sight(Role.CHIEF, org="cgj").sees_event(EVENT)


def test_a_department_sees_what_it_has_or_reported_and_nothing_else():
    assert sight(Role.DEPARTMENT, org="cgj").sees_event(EVENT)
    assert sight(Role.DEPARTMENT, org=HERE).sees_event(EVENT)
    assert not sight(Role.DEPARTMENT, org="swj", places=(DISTRICT,)).sees_event(EVENT)


def test_a_department_that_joined_sees_the_event():
    assert sight(Role.DEPARTMENT, org="swj").sees_event(EVENT, joined=["swj"])
    assert not sight(Role.DEPARTMENT, org="swj").sees_event(EVENT, joined=["lyj"])


def test_a_worker_sees_his_own_grid_and_not_the_rest_of_his_street():
    assert sight(Role.WORKER, org=HERE, places=(HERE + "001001",)).sees_event(EVENT)
    assert not sight(Role.WORKER, org=HERE, places=(HERE + "001002",)).sees_event(EVENT)
    assert not sight(Role.WORKER, org=HERE, places=(HERE + "001002",)).sees_event(EVENT, joined=[HERE])


def test_a_grid_is_not_the_cell_of_the_same_number():
    assert not sight(Role.WORKER, org=HERE, places=(EVENT.cell,)).sees_event(EVENT)


def test_a_worker_sees_what_his_team_was_given_only_while_nobody_has_it():
    waits = replace(EVENT, state=State.DISPATCHED, org=HERE, handler_id=None)
    worker = sight(Role.WORKER, org=HERE, places=(HERE + "001002",))
    assert worker.sees_event(waits)
    assert not worker.sees_event(replace(waits, handler_id=8))
    assert not worker.sees_event(replace(waits, state=State.CLOSED))
    assert not worker.sees_event(replace(waits, org="cgj"))


@pytest.mark.parametrize("role", [Role.WORKER, Role.DEPARTMENT, Role.CHIEF, Role.PUBLIC])
@pytest.mark.parametrize("person", [7, 8, 9])
def test_reporter_handler_and_checker_see_their_event(role, person):
    assert sight(role, person=person, places=(THERE,)).sees_event(EVENT)


def test_the_public_sees_its_own_report_only():
    assert not sight(Role.PUBLIC, person=1, org="cgj", places=(DISTRICT,)).sees_event(EVENT)


def test_the_administrator_reads_no_case_even_if_the_catalog_says_so():
    generous = dict(ROLES) | {Role.ADMIN: RoleRights(pages=("*",), sees="all")}
    found = Sight.of(Actor(7, "管理员", Role.ADMIN, "cgj", (DISTRICT,)), generous)
    assert found.nothing and not found.sees_event(EVENT) and not found.sees_alert(ALERT, org="cgj", event=EVENT)


def test_the_catalog_may_narrow_a_role():
    strict = dict(ROLES) | {Role.LEADER: RoleRights(pages=(), sees="org")}
    leader = Actor(1, "领导", Role.LEADER, "swj", (DISTRICT,))
    assert Sight.of(leader, ROLES).sees_event(EVENT) and not Sight.of(leader, strict).sees_event(EVENT)
    assert Sight.of(replace(leader, org="cgj"), strict).sees_event(EVENT)


def test_the_shipped_roles_stay_below_the_ceiling():
    assert {role: scope.reach(role) for role in Role} == {role: rights.sees for role, rights in ROLES.items()}


@pytest.mark.parametrize("engine", [ENGINE, CLOCKWORK])
def test_the_engine_sees_everything(engine):
    found = Sight.of(engine, ROLES)
    assert found.sees_event(replace(EVENT, town=None, village=None, grid=None)) and found.sees_alert(ALERT, org=None)


def test_nobody_sees_everything_by_calling_himself_the_engine():
    assert sight(Role.RULE, places=(DISTRICT,)).nothing


def test_an_event_without_a_town_is_the_districts():
    lost = replace(EVENT, town=None, village=None, grid=None)
    assert sight(Role.OPERATOR, org="zsj", places=(DISTRICT,)).sees_event(lost)
    assert not sight(Role.WORKER, org="x", places=(HERE,)).sees_event(lost)


def test_a_person_and_his_actor_see_the_same():
    worker = Person(5, "wg", "网格员", Role.WORKER, HERE, grid=HERE + "001001")
    assert Sight.of(worker, ROLES) == sight(Role.WORKER, org=HERE, places=(HERE + "001001",), person=5)


# Alerts ---------------------------------------------------------------------------------------------------------------
ALERT = {"grid": HERE + "001001", "village": HERE + "001", "town": HERE}


def test_an_alert_is_seen_where_it_lies():
    assert sight(Role.OPERATOR, places=(HERE,)).sees_alert(ALERT, org="swj")
    assert not sight(Role.OPERATOR, places=(THERE,)).sees_alert(ALERT, org="swj")
    assert sight(Role.WORKER, org=HERE, places=(HERE + "001001",)).sees_alert(ALERT, org="swj")
    assert not sight(Role.WORKER, org=HERE, places=(HERE + "001002",)).sees_alert(ALERT, org=HERE)


def test_a_department_sees_alerts_of_its_stations_and_of_the_events_it_sees():
    found = sight(Role.DEPARTMENT, org="swj", places=(HERE,))
    assert found.sees_alert(ALERT, org="swj")
    assert not found.sees_alert(ALERT, org="cgj")
    assert not found.sees_alert(ALERT, org="cgj", event=EVENT)
    assert found.sees_alert(ALERT, org="cgj", event=EVENT, joined=["swj"])


def test_a_towns_command_room_sees_what_lies_in_its_town():
    room = sight(Role.DEPARTMENT, org=HERE, places=(HERE,))
    assert room.sees_event(replace(EVENT, org="cgj")) and room.sees_alert(ALERT, org="cgj")
    elsewhere = sight(Role.DEPARTMENT, org=THERE, places=(THERE,))
    assert not elsewhere.sees_event(replace(EVENT, org="cgj")) and not elsewhere.sees_alert(ALERT, org="cgj")


def test_the_public_sees_no_alert_not_even_that_of_its_own_event():
    assert not sight(Role.PUBLIC, person=7, org="swj").sees_alert(ALERT, org="swj", event=EVENT)


# Whoever looks at whatever ---------------------------------------------------------------------------------------------
ORGS = [None, "cgj", "swj", HERE, THERE]
TOWNS = [None, HERE, THERE]
VILLAGES = [None, HERE + "001", HERE + "002", THERE + "001"]
GRIDS = [None, HERE + "001001", HERE + "001002", HERE + "002001", THERE + "001001"]
PLACES = ["", DISTRICT, "4414", "4414021", "441403", HERE, THERE, HERE + "001", *GRIDS[1:], HERE + "001007", 'a"\\,{}']
PEOPLE = [None, 1, 7, 8, 9]

actors = st.builds(
    Actor, st.sampled_from(PEOPLE), st.just("某人"), st.sampled_from(list(Role)), st.sampled_from(ORGS),
    st.lists(st.sampled_from(PLACES), max_size=3).map(tuple),
)  # fmt: skip
catalogs = st.dictionaries(
    st.sampled_from(list(Role)), st.builds(RoleRights, st.just(()), st.sampled_from(scope.ORDER)), max_size=11
)
events = st.fixed_dictionaries(
    {
        "state": st.sampled_from([str(s) for s in State]), "org": st.sampled_from(ORGS), "reporter_org": st.sampled_from(ORGS),
        "town": st.sampled_from(TOWNS), "village": st.sampled_from(VILLAGES), "grid": st.sampled_from(GRIDS),
        "reporter_id": st.sampled_from(PEOPLE), "handler_id": st.sampled_from(PEOPLE), "checker_id": st.sampled_from(PEOPLE),
        "joined": st.lists(st.sampled_from(ORGS[1:]), max_size=2, unique=True),
    }
)  # fmt: skip
alerts = st.fixed_dictionaries(
    {
        "town": st.sampled_from(TOWNS), "village": st.sampled_from(VILLAGES), "grid": st.sampled_from(GRIDS),
        "org": st.sampled_from(ORGS), "event": st.none() | events,
    }
)  # fmt: skip


def sees(found: Sight, event: dict[str, Any]) -> bool:
    return found.sees_event(event, event["joined"])


def hears(found: Sight, alert: dict[str, Any]) -> bool:
    event = alert["event"]
    return found.sees_alert(alert, org=alert["org"], event=event, joined=event["joined"] if event else ())


SQL = """
WITH seen AS (
  SELECT g.e, brain_sees_event(jsonb_populate_record(NULL::event, g.e), %(sight)s::brain_sight,
                               EXISTS (SELECT 1 FROM jsonb_array_elements_text(g.e -> 'joined') q
                                        WHERE q = (%(sight)s::brain_sight).org)) IS TRUE AS it
    FROM jsonb_array_elements(%(events)s) WITH ORDINALITY g (e, n) ORDER BY n)
SELECT (SELECT array_agg(it) FROM seen) AS events,
       (SELECT array_agg(brain_sees_alert(a ->> 'grid', a ->> 'village', a ->> 'town', a ->> 'org', %(sight)s::brain_sight,
                  EXISTS (SELECT 1 FROM seen WHERE seen.e = a -> 'event' AND it)) IS TRUE ORDER BY n)
          FROM jsonb_array_elements(%(alerts)s) WITH ORDINALITY h (a, n)) AS alerts
"""


@pytest.fixture(scope="module")
def asked(server, empty_template):
    """One connection for a whole file of questions; nothing is written."""
    from brain.store import db

    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE sight TEMPLATE {empty_template} STRATEGY file_copy")
    with db.connect(server.url("sight"), name="tests") as conn:
        yield conn
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute("DROP DATABASE sight WITH (FORCE)")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    actor=actors, roles=catalogs, seen=st.lists(events, min_size=1, max_size=12), heard=st.lists(alerts, min_size=1, max_size=12)
)
def test_python_and_the_database_give_one_answer(asked, actor, roles, seen, heard):
    found = Sight.of(actor, roles)
    told = seen + [a["event"] for a in heard if a["event"]]
    row = asked.execute(SQL, {"events": Jsonb(told), "alerts": Jsonb(heard)} | found.parameters()).fetchone()
    assert row["events"] == [sees(found, e) for e in told]
    assert row["alerts"] == [hears(found, a) for a in heard]


@settings(max_examples=600, deadline=None)
@given(one=actors, other=actors, roles=catalogs, event=events, alert=alerts)
def test_two_viewers_with_one_key_see_the_same(one, other, roles, event, alert):
    a, b = Sight.of(one, roles), Sight.of(other, roles)
    if a.key == b.key:
        assert sees(a, event) == sees(b, event) and hears(a, alert) == hears(b, alert)


@settings(max_examples=200, deadline=None)
@given(
    people=st.lists(st.sampled_from(PEOPLE), min_size=2, max_size=2), role=st.sampled_from(list(Role)), org=st.sampled_from(ORGS),
    places=st.lists(st.sampled_from(PLACES), max_size=3), event=events, alert=alerts,
)  # fmt: skip
def test_colleagues_share_a_picture_only_if_they_see_the_same(people, role, org, places, event, alert):
    a, b = (Sight.of(Actor(p, "某人", role, org, tuple(places)), ROLES) for p in people)
    shuffled = Sight.of(Actor(people[0], "某人", role, org, tuple(reversed(places))), ROLES)
    assert shuffled.key == a.key
    if sees(a, event) != sees(b, event) or hears(a, alert) != hears(b, alert):
        assert a.key != b.key


def test_seats_of_the_whole_district_share_their_pictures():
    keys = {sight(role, org="zsj", places=(DISTRICT,), person=n).key for n, role in enumerate(SEATS, 1)}
    assert len(keys) == 1


@settings(max_examples=600, deadline=None)
@given(actor=actors, roles=catalogs, event=events, alert=alerts)
def test_no_catalog_widens_a_sight(actor, roles, event, alert):
    narrowed, ceiling = Sight.of(actor, roles), Sight.of(actor)
    assert sees(ceiling, event) or not sees(narrowed, event)
    assert hears(ceiling, alert) or not hears(narrowed, alert)


@settings(max_examples=600, deadline=None)
@given(actor=actors, event=events)
def test_seeing_is_explained_by_place_unit_or_person(actor, event):
    if not sees(Sight.of(actor, ROLES), event):
        return
    code = next((c for c in (event["grid"], event["village"], event["town"]) if c), DISTRICT)
    by_place = any(p and code.startswith(p) for p in actor.places) and actor.role in (*SEATS, Role.WORKER)
    by_place |= actor.role is Role.DEPARTMENT and actor.org in actor.places and code.startswith(actor.org or "-")
    by_unit = actor.org is not None and actor.org in (event["org"], event["reporter_org"], *event["joined"])
    by_person = actor.id is not None and actor.id in (event["reporter_id"], event["handler_id"], event["checker_id"])
    assert actor.role is not Role.ADMIN
    assert by_place or (by_unit and actor.role is not Role.PUBLIC) or by_person or actor.role in (Role.CLOCK, Role.RULE)


# Pages ----------------------------------------------------------------------------------------------------------------
def test_pages_open_by_the_catalog():
    assert scope.may_open(Role.CHIEF, "wall", ROLES)
    assert not scope.may_open(Role.WORKER, "audit", ROLES)
    assert scope.may_open(Role.WORKER, "audit", {Role.WORKER: RoleRights(pages=("*",), sees="own")})
