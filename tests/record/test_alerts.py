"""Alerts through the database: one open alert, worsening, clearing, people told, events opened, late data."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from brain.flow.alerts import recording
from brain.flow.events import acting, escalation
from brain.identity import rosters
from brain.model import Judgement, Level, RuleState, State, Verb
from brain.store import db


@pytest.fixture
def rule(catalog):
    """Ponding on a road: opens 道路积水 from yellow on."""
    return catalog.rules["pond_depth", "ladder"]


@pytest.fixture
def pond(district):
    return district.station("PD-09", "drainage", org="cgj")


@pytest.fixture
def says(district, pond, rule):
    """Apply a judgement in short form: `says("open", Level.YELLOW, 16.0)`."""

    def say(action, level=None, value=None, *, station=pond, rule=rule, late=False, minutes=0, **state):
        district.now += timedelta(minutes=minutes)
        memory = RuleState(level=level, seen_at=district.now, **state)
        judgement = Judgement(memory, action, level, value, 15.0, f"积水深度 {value} cm", {"rule": "pond_depth/ladder"})
        return recording.apply(district.conn, district.catalog, station, rule, judgement, district.now, late)

    return say


def whats(district, alert):
    return [line["what"] for line in recording.log_of(district.conn, alert)]


def count(district, table, where="true"):
    return district.conn.execute(f"SELECT count(*) AS n FROM {table} WHERE {where}").fetchone()["n"]


def test_an_alert_opens_with_its_log_its_evidence_and_the_rules_memory(district, says, pond):
    ident = says("open", Level.BLUE, 6.0, pending_count=2)
    alert = recording.get(district.conn, ident)
    assert (alert.station, alert.level, alert.peak, alert.value, alert.count) == (
        pond.id,
        Level.BLUE,
        Level.BLUE,
        6.0,
        1,
    )
    assert alert.evidence == {"rule": "pond_depth/ladder"} and alert.grid == pond.grid
    assert whats(district, ident) == ["open"]
    memory = recording.states_of(district.conn, [pond.id])[pond.id, "pond_depth", "ladder"]
    assert memory == RuleState(level=Level.BLUE, seen_at=district.now, pending_count=2)


def test_holding_writes_nothing_but_the_memory(district, says):
    assert says("hold") is None
    assert count(district, "alert") == 0 and count(district, "rule_state") == 1


def test_the_screens_are_told(district, says, db_url):
    with db.connect(db_url) as ear:
        ear.execute("LISTEN brain_alert")
        ident = says("open", Level.BLUE, 6.0)
        heard = json.loads(next(iter(ear.notifies(timeout=5, stop_after=1))).payload)
    assert heard == {"id": ident, "what": "open", "level": 4, "theme": "drainage", "station": "PD-09"}


def test_opening_twice_counts_one_alert_up(district, says):
    assert says("open", Level.BLUE, 6.0) == says("open", Level.BLUE, 6.5)
    assert count(district, "alert") == 1
    assert district.conn.execute("SELECT count FROM alert").fetchone()["count"] == 2


def test_a_change_moves_the_level_and_keeps_the_peak(district, says):
    ident = says("open", Level.YELLOW, 16.0)
    says("change", Level.RED, 41.0, minutes=5)
    says("change", Level.BLUE, 6.0, minutes=5)
    alert = recording.get(district.conn, ident)
    assert (alert.level, alert.peak, alert.value) == (Level.BLUE, Level.RED, 6.0)
    assert [w for w in whats(district, ident) if w in ("open", "change")] == ["open", "change", "change"]


def test_a_change_of_an_alert_that_is_not_there_opens_it(district, says):
    ident = says("change", Level.YELLOW, 16.0)
    assert whats(district, ident)[0] == "open"


def test_clearing_ends_it_and_the_next_one_is_another(district, says):
    first = says("open", Level.BLUE, 6.0)
    assert says("clear", None, 1.0, minutes=5) == first
    assert recording.get(district.conn, first).cleared_at == district.now
    assert says("clear") is None
    assert says("open", Level.BLUE, 6.0, minutes=5) != first


# Acknowledging ------------------------------------------------------------------------------------------------------
def test_worsening_takes_an_acknowledgement_back_and_easing_does_not(district, says):
    ident = says("open", Level.YELLOW, 16.0)
    ack = lambda: recording.ack(district.conn, district.catalog, ident, district.actor("operator"), district.now)  # noqa: E731
    assert ack().acked_by == "operator员"
    says("change", Level.RED, 41.0, minutes=5)
    assert recording.get(district.conn, ident).acked_at is None
    ack()
    says("change", Level.BLUE, 6.0, minutes=5)
    assert recording.get(district.conn, ident).acked_at is not None


def test_an_acknowledgement_expires_and_people_are_told_again(district, says):
    ident = says("open", Level.BLUE, 6.0)
    until = district.now + timedelta(hours=2)
    recording.ack(district.conn, district.catalog, ident, district.actor("operator"), district.now, until=until, note="正在看")
    told = len(district.notices("operator"))
    escalation.sweep(district.conn, district.catalog, until - timedelta(seconds=1))
    assert recording.get(district.conn, ident).acked_at is not None
    escalation.sweep(district.conn, district.catalog, until)
    assert recording.get(district.conn, ident).acked_at is None and len(district.notices("operator")) == told + 1


@pytest.mark.parametrize("until", [timedelta(hours=72, seconds=1), timedelta(days=365), datetime.max.replace(tzinfo=UTC)])
def test_nobody_silences_an_alert_for_ever(district, says, until):
    ident = says("open", Level.BLUE, 6.0)
    most = district.catalog.bounds.ack_lasts
    until = until if isinstance(until, datetime) else district.now + until

    def ack(at):
        return recording.ack(district.conn, district.catalog, ident, district.actor("operator"), district.now, until=at)

    district.refused("until", ack, until)
    assert ack(district.now + most).acked_until == district.now + most


def test_who_may_acknowledge_what(district, says):
    ident = says("open", Level.BLUE, 6.0)
    do = lambda login, **kw: recording.ack(district.conn, district.catalog, ident, district.actor(login), district.now, **kw)  # noqa: E731
    for login in ("public", "admin", "worker2"):
        district.refused("unknown", do, login)  # not theirs to see: they are not even told that there is one
    district.refused("role", do, "leader")
    district.refused("until", do, "operator", until=district.now)
    assert do("worker1").acked_by == "worker1员"
    district.refused("unknown", recording.ack, district.conn, district.catalog, 999, district.actor("operator"), district.now)
    says("clear")
    district.refused("cleared", do, "operator")


# Telling people -----------------------------------------------------------------------------------------------------
def test_the_level_decides_who_is_told(district, says):
    says("open", Level.BLUE, 6.0)
    assert district.notices("operator") == ["蓝色告警 PD-09 站：积水深度 6.0 cm"]
    assert district.notices("cgj") == district.notices("town") == district.notices("leader") == []
    says("change", Level.ORANGE, 28.0, minutes=5)
    assert district.notices("operator")[-1] == "橙色告警 PD-09 站：积水深度 28.0 cm"
    assert "橙色告警 PD-09 站：积水深度 28.0 cm" in district.notices("cgj") and len(district.notices("leader")) == 1


def test_an_alert_that_nobody_acknowledges_is_told_to_more_people_step_by_step(district, says):
    says("open", Level.BLUE, 6.0)
    for minutes, reached in ((29, "operator"), (30, "town"), (45, "leader")):
        escalation.sweep(district.conn, district.catalog, district.now + timedelta(minutes=minutes))
        assert district.notices(reached), (minutes, reached)
    assert count(district, "alert", "told = 2") == 1


def test_a_red_alert_is_repeated_less_and_less_often(district, says):
    says("open", Level.RED, 41.0)
    told = []
    for minute in range(0, 160):
        escalation.sweep(district.conn, district.catalog, district.now + timedelta(minutes=minute))
        rows = district.conn.execute("SELECT tellings FROM alert").fetchone()["tellings"]
        if not told or rows != told[-1][1]:
            told.append((minute, rows))
    assert [m for m, _ in told] == [0, 5, 15, 35, 75, 155]


# Events -------------------------------------------------------------------------------------------------------------
def event_of(district, ident):
    return acting.get(district.conn, recording.get(district.conn, ident).event_id)


def test_from_the_rules_level_on_an_alert_opens_its_event_once(district, says):
    ident = says("open", Level.BLUE, 6.0)
    assert recording.get(district.conn, ident).event_id is None
    says("change", Level.YELLOW, 16.0, minutes=5)
    event = event_of(district, ident)
    assert (event.category, event.state, event.level) == ("matter:10901", State.ACCEPTED, Level.YELLOW)
    assert (event.station, event.alert_id, event.title) == ("PD-09", ident, "PD-09 站：道路积水")
    says("change", Level.RED, 41.0, minutes=5)
    assert count(district, "event") == 1 and event_of(district, ident).level is Level.RED
    assert whats(district, ident) == ["open", "change", "event", "change"]


def test_an_alert_at_the_spot_of_an_open_event_is_linked_to_it(district, says):
    person = district.report(category="matter:10901", lng=district.at("A")[0] + 0.001)
    ident = says("open", Level.YELLOW, 16.0)
    assert event_of(district, ident).id == person.id
    assert count(district, "event") == 1


def test_a_second_alert_of_the_station_goes_to_the_event_that_is_open_however_old(district, says):
    first = says("open", Level.YELLOW, 16.0)
    says("clear", minutes=5)
    second = says("open", Level.YELLOW, 17.0, minutes=3 * 24 * 60)
    assert first != second and event_of(district, first).id == event_of(district, second).id


def test_a_category_without_event_opens_none(district, says, catalog):
    gauge = district.station("RG-09", "rain")
    assert says("open", Level.RED, 80.0, station=gauge, rule=catalog.rules["rain_1h", "tip"])
    assert count(district, "event") == 0


def test_a_firing_sensor_blocks_the_check_and_the_closing_unless_the_chief_gives_a_reason(district, says):
    ident = says("open", Level.YELLOW, 16.0)
    event = event_of(district, ident)
    district.act(event, Verb.REGISTER, "chief", condition=district.catalog.register_conditions[2])
    owner = next(k for k, p in district.who.items() if p.org == acting.get(district.conn, event.id).org)
    district.act(event, Verb.TAKE, owner, minutes=1)
    district.act(event, Verb.ANSWER, owner, minutes=1, here=True)
    checker = district.checker(event)
    district.refused("sensor_firing", district.act, event, Verb.CHECK, checker, here=True, passed=True)
    district.act(event, Verb.CHECK, "chief", here=True, passed=True, reason="传感器位置待移，现场已无积水")
    condition = district.catalog.close_conditions[0]
    district.refused("sensor_firing", district.act, event, Verb.CLOSE, "acceptor", condition=condition)
    says("clear", minutes=1)
    assert district.act(event, Verb.CLOSE, "acceptor", condition=condition).state is State.CLOSED


def test_a_sensor_that_is_normal_again_says_so_on_the_event_with_its_evidence(district, says):
    ident = says("open", Level.YELLOW, 16.0)
    says("clear", None, 2.0, minutes=20)
    line = acting.log_of(district.conn, event_of(district, ident).id)[-1]
    assert (line.verb, line.role) == (Verb.NOTE, "rule")
    assert line.detail["normal"] is True and line.detail["evidence"] == {"rule": "pond_depth/ladder"}


def test_a_sensor_normal_for_half_an_hour_proposes_closing_once(district, says):
    event = event_of(district, says("open", Level.YELLOW, 16.0))
    says("clear", None, 2.0, minutes=20)
    sweep = lambda m: escalation.sweep(district.conn, district.catalog, district.now + timedelta(minutes=m))  # noqa: E731
    proposals = lambda: [  # noqa: E731
        line for line in acting.log_of(district.conn, event.id) if line.detail.get("propose") == "close"
    ]
    sweep(29)
    assert proposals() == []
    sweep(30), sweep(31), sweep(600)
    assert len(proposals()) == 1 and "30 分钟" in proposals()[0].note


def test_a_sensor_that_fires_again_proposes_nothing(district, says):
    event = event_of(district, says("open", Level.YELLOW, 16.0))
    says("clear", None, 2.0, minutes=20)
    says("open", Level.YELLOW, 17.0, minutes=10)
    escalation.sweep(district.conn, district.catalog, district.now + timedelta(hours=1))
    assert not [line for line in acting.log_of(district.conn, event.id) if line.detail.get("propose")]


# Late data ----------------------------------------------------------------------------------------------------------
def test_a_late_alert_is_recorded_but_tells_nobody_and_opens_no_event(district, says):
    ident = says("open", Level.RED, 41.0, late=True)
    assert recording.get(district.conn, ident).late
    assert count(district, "notice") == 0 and count(district, "event") == 0


def test_a_late_alert_that_live_data_confirm_becomes_like_any_other(district, says):
    ident = says("open", Level.RED, 41.0, late=True)
    says("hold", Level.RED, minutes=5)
    assert not recording.get(district.conn, ident).late
    assert event_of(district, ident).state is State.ACCEPTED and district.notices("leader")


def test_a_live_change_of_a_late_alert_tells_people_even_when_it_eases(district, says):
    ident = says("open", Level.RED, 41.0, late=True)
    says("change", Level.YELLOW, 16.0, minutes=5)
    assert district.notices("operator") and recording.get(district.conn, ident).event_id


# The database keeps the promise -------------------------------------------------------------------------------------
@pytest.mark.timeout(300)
def test_sixty_four_writers_at_once_never_make_two_open_alerts(district, pond, rule, db_url):
    """Short form of the promise (fifty rounds; tests/faults has the long one): all open, all clear, over and over."""
    writers, rounds = 64, 50
    wall = Barrier(writers)
    blue = Judgement(RuleState(level=Level.BLUE), "open", Level.BLUE, 6.0, 5.0, "积水")
    clear = Judgement(RuleState(), "clear", None, 1.0, 5.0, "退水")

    def write(_):
        most = 0
        with db.connect(db_url) as own:
            for _ in range(rounds):
                wall.wait(120)
                recording.apply(own, district.catalog, pond, rule, blue, district.now, keep=False)
                row = own.execute("SELECT count(*) AS n FROM alert WHERE cleared_at IS NULL").fetchone()
                most = max(most, row["n"])
                recording.apply(own, district.catalog, pond, rule, clear, district.now, keep=False)
        return most

    with ThreadPoolExecutor(writers) as pool:
        assert max(pool.map(write, range(writers))) <= 1
    opened = count(district, "alert_log", "what = 'open'")
    assert opened == count(district, "alert_log", "what = 'clear'") == count(district, "alert")
    assert rounds <= opened <= writers * rounds


def test_the_memory_survives_as_json_to_the_last_field(district, pond):
    full = RuleState(
        level=Level.ORANGE, since=district.now, pending=Level.RED, pending_since=district.now, pending_count=3,
        clear_since=district.now, seen_at=district.now, memo={"runs": {"1": [2, "x"]}, "last": ["y", 1.5]},
    )  # fmt: skip
    assert recording.state_of(json.loads(recording.state_text(full))) == full
    assert recording.state_of(json.loads(recording.state_text(replace(full, pending=None)))) == replace(full, pending=None)


def test_people_of_no_duty_are_found_by_their_post(district, says):
    """A roster with holes must not swallow an alert."""
    district.conn.execute("DELETE FROM roster")
    says("open", Level.RED, 41.0)
    assert district.notices("operator") and district.notices("leader") and district.notices("cgj")
    assert rosters.on_duty(district.conn, "cgj", ["desk"], district.now) == []
