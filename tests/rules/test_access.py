"""Who sees what: no role reads beyond its unit, and no catalog lifts the ceiling."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.catalog import RoleRights, load
from brain.identity import scope
from brain.model import ENGINE, Actor, Event, Role, Source, State

ROLES = load().roles
HERE, THERE = "441402006", "441402106"
EVENT = Event(
    id="4414022026090300001", category="matter:06010", title="暴露垃圾", state=State.HANDLING, source=Source.GRID,
    level=None, reported_at=datetime(2026, 9, 3, tzinfo=UTC), lng=116.1, lat=24.3, town=HERE, village=HERE + "001",
    grid=HERE + "001001", org="cgj", reporter_id=7, reporter_org=HERE, handler_id=8, checker_id=9,
)  # fmt: skip


def sees(role: Role, *, org: str | None = None, places: tuple[str, ...] = (), person: int | None = 1) -> bool:
    return scope.may_see(Actor(person, "某人", role, org, places), EVENT, ROLES)


def test_the_seat_sees_the_district():
    assert sees(Role.OPERATOR, places=("441402",))


def test_a_seat_without_places_sees_its_organisations_events_only():
    assert not sees(Role.CHIEF, org="swj")
    assert sees(Role.CHIEF, org="cgj")


def test_a_department_sees_what_it_has_or_reported_and_nothing_else():
    assert sees(Role.DEPARTMENT, org="cgj")
    assert sees(Role.DEPARTMENT, org=HERE)
    assert not sees(Role.DEPARTMENT, org="swj", places=("441402",))


def test_a_department_that_joined_sees_the_event():
    swj = Actor(1, "水务", Role.DEPARTMENT, "swj")
    assert scope.may_see(swj, EVENT, ROLES, joined=frozenset({"swj"}))


def test_a_worker_sees_his_grid_and_not_the_next_town():
    assert sees(Role.WORKER, places=(HERE + "001001",))
    assert not sees(Role.WORKER, places=(THERE,))


@pytest.mark.parametrize("person", [7, 8, 9])
def test_reporter_handler_and_checker_see_their_event(person):
    assert sees(Role.WORKER, person=person)


def test_the_public_sees_its_own_report_only():
    assert sees(Role.PUBLIC, person=7)
    assert not sees(Role.PUBLIC, person=1, org="cgj", places=("441402",))


def test_the_administrator_reads_no_case_even_if_the_catalog_says_so():
    generous = dict(ROLES) | {Role.ADMIN: RoleRights(pages=("*",), sees="all")}
    admin = Actor(7, "管理员", Role.ADMIN, "cgj", ("441402",))
    assert not scope.may_see(admin, EVENT, generous)
    assert scope.scope(admin, generous).nothing


def test_the_catalog_may_narrow_a_role():
    strict = dict(ROLES) | {Role.LEADER: RoleRights(pages=(), sees="org")}
    leader = Actor(1, "领导", Role.LEADER, "swj", ("441402",))
    assert scope.may_see(leader, EVENT, ROLES) and not scope.may_see(leader, EVENT, strict)


def test_the_shipped_roles_stay_below_the_ceiling():
    assert {role: scope.sight(role) for role in Role} == {role: rights.sees for role, rights in ROLES.items()}


def test_the_engine_sees_everything():
    assert scope.may_see(ENGINE, replace(EVENT, town=None, village=None, grid=None), ROLES)


def test_an_event_without_a_town_is_the_districts():
    lost = replace(EVENT, town=None, village=None, grid=None)
    assert scope.may_see(Actor(1, "席", Role.OPERATOR, "zsj", ("441402",)), lost, ROLES)
    assert not scope.may_see(Actor(1, "格", Role.WORKER, "x", (HERE,)), lost, ROLES)


@given(
    role=st.sampled_from(list(Role)),
    org=st.sampled_from([None, "cgj", "swj", HERE, THERE]),
    place=st.sampled_from([(), ("441402",), (HERE,), (THERE,), (HERE + "001001",), (HERE + "002",)]),
    person=st.sampled_from([1, 7, 8, 9]),
)
def test_seeing_is_explained_by_place_unit_or_person(role, org, place, person):
    actor = Actor(person, "某人", role, org, place)
    if not scope.may_see(actor, EVENT, ROLES):
        return
    by_place = any(EVENT.grid.startswith(p) for p in place)
    assert role in (Role.CLOCK, Role.RULE) or by_place or org in ("cgj", HERE) or person in (7, 8, 9)


def test_pages_open_by_the_catalog():
    assert scope.may_open(Role.CHIEF, "wall", ROLES)
    assert not scope.may_open(Role.WORKER, "audit", ROLES)
    assert scope.may_open(Role.WORKER, "audit", {Role.WORKER: RoleRights(pages=("*",), sees="own")})
