"""What rules do with a sensor's event, how routing finds the owner, which reports are probably the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from brain.flow.events import acting
from brain.model import ENGINE, Level, Source, State, Verb


@pytest.fixture
def sensor_event(district):
    lng, lat = district.at("A")
    return acting.report(
        district.conn, district.catalog, category="matter:10901", title="PD-01：道路积水", lng=lng, lat=lat,
        source=Source.SENSOR, actor=ENGINE, now=district.now, level=Level.YELLOW,
    )  # fmt: skip


def test_a_sensors_own_event_is_accepted_by_rule(district, sensor_event):
    assert sensor_event.state is State.ACCEPTED and district.verbs(sensor_event) == ["report", "accept"]
    assert district.notices("acceptor") == []


def test_a_sensors_registered_event_is_dispatched_by_rule_where_one_owner_is_named(district, sensor_event):
    after = district.act(sensor_event, Verb.REGISTER, "chief", condition=district.catalog.register_conditions[2])
    owner = district.catalog.categories["matter:10901"].org
    assert (after.state, after.org) == (State.DISPATCHED, owner)
    line = acting.log_of(district.conn, after.id)[-1]
    assert (line.verb, line.role, line.detail["why"]) == (Verb.DISPATCH, "rule", "category")
    assert district.notices("dispatcher") == []


def test_the_routing_table_goes_before_the_catalog_and_its_longest_row_wins(district, sensor_event):
    district.conn.execute("INSERT INTO route (category, place, org) VALUES ('matter:10', '', 'yjj')")
    district.conn.execute("INSERT INTO route (category, place, org) VALUES ('matter:10901', '441402103', 'swj')")
    after = district.act(sensor_event, Verb.REGISTER, "chief", condition=district.catalog.register_conditions[2])
    assert after.org == "swj"


def test_a_row_without_organisation_means_the_town_of_the_place(district, sensor_event):
    district.conn.execute("INSERT INTO route (category) VALUES ('matter:10901')")
    after = district.act(sensor_event, Verb.REGISTER, "chief", condition=district.catalog.register_conditions[2])
    assert (after.org, after.handler_id) == ("441402103", district.who["worker1"].id)


def test_two_owners_of_one_place_leave_it_to_the_dispatcher_and_the_miss_is_counted(district, sensor_event):
    for org in ("swj", "cgj"):
        district.conn.execute("INSERT INTO route (category, org) VALUES ('matter:10901', %s)", [org])
    after = district.act(sensor_event, Verb.REGISTER, "chief", condition=district.catalog.register_conditions[2])
    assert after.state is State.REGISTERED
    district.act(after, Verb.DISPATCH, "dispatcher", org="swj")
    detail = acting.log_of(district.conn, after.id)[-1].detail
    assert detail["missed"] is True and detail["by_rule"] == "441402103"


def test_a_returned_event_is_not_dispatched_by_rule_again(district, sensor_event):
    event = district.act(sensor_event, Verb.REGISTER, "chief", condition=district.catalog.register_conditions[2])
    login = next(k for k, p in district.who.items() if p.org == event.org)
    back = district.act(event, Verb.RETURN, login, reason=district.catalog.return_reasons[0])
    assert back.state is State.REGISTERED


# Duplicates ---------------------------------------------------------------------------------------------------------
def near(district, category, lng, lat, **more):
    return acting.near_duplicates(district.conn, district.catalog, category, lng, lat, district.now, **more)


def test_open_events_of_the_category_within_fifty_metres_and_a_day_are_proposed_nearest_first(district):
    lng, lat = district.at("A")
    far, close = district.report(lng=lng + 0.0004), district.report(lng=lng + 0.0001)
    district.report(lng=lng + 0.0006)  # 61 m
    district.report(category="matter:06012")
    district.report(now=district.now - timedelta(hours=25))
    district.act(district.report(), Verb.DECLINE, "acceptor", reason="无此情况")
    found = near(district, "matter:06010", lng, lat)
    assert [f["id"] for f in found] == [close.id, far.id]
    assert 9 < found[0]["distance_m"] < 11 and 39 < found[1]["distance_m"] < 42
    assert [f["id"] for f in near(district, "matter:06010", lng, lat, but=close.id)] == [far.id]


def test_floods_are_looked_for_within_two_hundred_metres(district):
    lng, lat = district.at("A")
    flood = district.report(category="matter:10901", lng=lng + 0.0019)  # 193 m
    assert [f["id"] for f in near(district, "matter:10901", lng, lat)] == [flood.id]
