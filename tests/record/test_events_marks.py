"""Suspension, extension, marks, joint handling, and who may do what: through the database."""

from __future__ import annotations

import uuid
from datetime import timedelta

from brain.flow.events import acting, signals
from brain.model import Refused, State, Verb
from brain.rules.forms import Given
from brain.store import db


def test_a_suspension_pauses_the_clock_and_gives_back_what_was_left(district, urgent):
    event = district.until("handling", category=urgent)
    until = district.now + timedelta(days=30)
    district.refused("role", district.act, event, Verb.SUSPEND, "dispatcher", reason="待管网改造", until=until)
    district.refused("until_missing", district.act, event, Verb.SUSPEND, "chief", reason="待管网改造")
    district.refused(
        "until_far", district.act, event, Verb.SUSPEND, "chief", reason="待", until=until + timedelta(days=400)
    )
    paused = district.act(event, Verb.SUSPEND, "chief", minutes=10, reason="待管网改造", until=until)
    assert paused.state is State.SUSPENDED and paused.next_rung_at is None and paused.stage_due_at is None
    left, rung = event.due_at - district.now, event.next_rung_at - district.now
    back = district.act(event, Verb.RESUME, "leader", minutes=24 * 60)
    assert back.state is State.HANDLING and back.suspend_until is None
    assert back.due_at - district.now == left and back.next_rung_at - district.now == rung


def test_an_event_is_suspended_once(district):
    event = district.until("registered")
    until = district.now + timedelta(days=30)
    district.act(event, Verb.SUSPEND, "chief", reason="权属争议", until=until)
    resumed = district.act(event, Verb.RESUME, "chief", minutes=60)
    assert resumed.state is State.REGISTERED and resumed.stage_due_at == district.now + timedelta(minutes=10)
    district.refused("suspended_before", district.act, event, Verb.SUSPEND, "chief", reason="权属争议", until=until)


def test_an_extension_is_asked_by_the_department_and_granted_with_one_limit_more(district, urgent):
    event = district.until("handling", category=urgent)
    asked = district.act(event, Verb.EXTEND, "cgj", reason="配件未到")
    assert asked.due_at == event.due_at and asked.extensions == 0
    assert district.notices("dispatcher")[-1].startswith("申请延期")
    granted = district.act(event, Verb.EXTEND, "dispatcher", reason="同意")
    assert granted.due_at - event.due_at == timedelta(hours=event.limit_amount) and granted.extensions == 1
    assert acting.log_of(district.conn, event.id)[-1].detail["granted"] is True


def test_an_extension_asked_in_time_may_be_granted_after_the_deadline_but_not_asked_then(district, urgent):
    event, late = district.until("handling", category=urgent), district.until("handling", category=urgent)
    district.act(event, Verb.EXTEND, "cgj", reason="配件未到")
    over = (event.due_at - district.now).total_seconds() / 60 + 10
    assert district.act(event, Verb.EXTEND, "dispatcher", minutes=over, reason="同意").extensions == 1
    district.refused("overdue", district.act, late, Verb.EXTEND, "cgj", reason="配件未到")


def test_there_are_two_extensions_at_most(district, urgent):
    event = district.until("handling", category=urgent)
    for _ in range(2):
        district.act(event, Verb.EXTEND, "dispatcher", reason="同意")
    district.refused("extensions_used", district.act, event, Verb.EXTEND, "dispatcher", reason="同意")


def test_marks_leave_the_state_and_write_a_line(district):
    event = district.until("handling")
    assert district.act(event, Verb.URGE, "operator", note="请尽快").urges == 1
    assert district.act(event, Verb.SUPERVISE, "leader", note="今日办结").supervised
    district.refused("note_missing", district.act, event, Verb.NOTE, "dispatcher")
    district.act(event, Verb.NOTE, "dispatcher", note="已电话联系")
    district.refused("photo_missing", district.act, event, Verb.ATTACH, "cgj")
    district.act(event, Verb.ATTACH, "cgj", photos=[district.photo("cgj")])
    after = district.act(event, Verb.ARRIVE, "cgj", here=True)
    assert after.state is State.HANDLING and after.arrived_at == district.now
    assert district.verbs(event)[-5:] == ["urge", "supervise", "note", "attach", "arrive"]
    assert "领导督办：暴露垃圾，今日办结" in district.notices("cgj_chief")


def test_a_joined_organisation_gets_a_part_with_a_clock_and_the_answer_waits_for_it(district):
    event = district.until("handling")
    district.refused("unknown", district.act, event, Verb.NOTE, "swj", note="看不到")
    district.act(event, Verb.JOIN, "dispatcher", org="swj", note="关闭闸门")
    part = acting.parts_of(district.conn, event.id)[0]
    assert part["org"] == "swj" and part["due_at"] > district.now
    assert "请联动处置：暴露垃圾" in district.notices("swj")[-1]
    district.refused("parts_open", district.act, event, Verb.ANSWER, "cgj", here=True)
    swj = district.actor("swj")
    say = lambda login: acting.answer_part(  # noqa: E731
        district.conn, district.catalog, event.id, district.actor(login), district.now, Given(note="好")
    )
    district.refused("unknown", say, "town")  # neither theirs nor asked of them
    district.refused("no_part", say, "cgj")
    acting.answer_part(district.conn, district.catalog, event.id, swj, district.now, Given(note="闸门已关"))
    assert district.act(event, Verb.ANSWER, "cgj", here=True).state is State.ANSWERED


def test_a_worker_mends_on_the_spot_and_it_is_counted_apart(district):
    lng, lat = district.at("A")
    given = {
        "category": "matter:06010", "title": "小广告", "lng": lng, "lat": lat, "actor": district.actor("worker1"),
        "condition": district.catalog.close_conditions[0], "now": district.now, "client_key": uuid.uuid4(),
        "photos": [district.photo("worker1")], "before": [district.photo("worker1")],
    }  # fmt: skip
    event = acting.self_handle(district.conn, district.catalog, **given)
    assert event.state is State.CLOSED and event.self_handled
    assert district.verbs(event) == ["report", "self_handle", "close"]
    assert acting.self_handle(district.conn, district.catalog, **given).id == event.id
    assert len(district.verbs(event)) == 3


def test_a_self_handling_that_is_refused_leaves_nothing_behind(district):
    lng, lat = district.at("A")
    district.refused(
        "photo_missing", acting.self_handle, district.conn, district.catalog, category="matter:06010", title="小广告",
        lng=lng, lat=lat, actor=district.actor("worker1"), now=district.now, photos=[],
        condition=district.catalog.close_conditions[0],
    )  # fmt: skip
    assert district.conn.execute("SELECT count(*) AS n FROM event").fetchone()["n"] == 0


# Guards of role, place, version -------------------------------------------------------------------------------------
def test_a_verb_that_the_state_does_not_know_is_refused_and_writes_nothing(district):
    event = district.report()
    district.refused("no_such_move", district.act, event, Verb.CHECK, "chief", passed=True)
    assert district.verbs(event) == ["report"] and acting.get(district.conn, event.id).version == 1


def test_the_wrong_role_is_refused(district):
    event = district.report()
    district.refused("role", district.act, event, Verb.ACCEPT, "operator")


def test_whoever_may_not_see_an_event_cannot_tell_it_from_one_that_is_not_there(district):
    event = district.report(cell="A")
    says = district.refused("unknown", district.act, event, Verb.NOTE, "swj", note="x")
    nothing = district.refused(
        "unknown", acting.act, district.conn, district.catalog, "4414022026090399999", Verb.NOTE,
        district.actor("swj"), district.now, Given(note="x"),
    )  # fmt: skip
    assert says.replace(event.id, "") == nothing.replace("4414022026090399999", "")


def test_a_stale_version_is_a_conflict_that_names_who_changed_it_and_when(district):
    event = district.report()
    district.act(event, Verb.ACCEPT, "acceptor", minutes=3)
    says = district.refused(
        "conflict", district.act, event, Verb.DECLINE, "acceptor", reason="x", expect_version=event.version
    )
    assert "acceptor员" in says and "09月03日 10:03" in says and "受理" in says


def test_a_note_of_a_sensor_or_a_reminder_in_between_is_no_conflict(district):
    event = district.report()
    signals.sensor_says(district.conn, event.id, district.now, "水位回落", alert=1, normal=True)
    after = district.act(event, Verb.ACCEPT, "acceptor", expect_version=event.version)
    assert after.state is State.ACCEPTED and after.version == 3
    district.refused("conflict", district.act, event, Verb.NOTE, "acceptor", note="x", expect_version=99)


def test_two_at_once_one_moves_it_and_the_other_is_refused(district, db_url):
    from concurrent.futures import ThreadPoolExecutor

    event = district.report()

    def accept(_):
        with db.connect(db_url) as own:
            try:
                acting.act(own, district.catalog, event.id, Verb.ACCEPT, district.actor("acceptor"), district.now)
                return "moved"
            except Refused as err:
                return err.code

    with ThreadPoolExecutor(6) as pool:
        done = sorted(pool.map(accept, range(6)))
    assert done == ["moved"] + ["no_such_move"] * 5 and district.verbs(event) == ["report", "accept"]


def test_buttons_are_what_the_rules_would_let_him_try(district):
    event = district.until("dispatched")
    may = lambda login: acting.allowed(district.conn, district.catalog, event, district.actor(login), district.now)  # noqa: E731
    assert {Verb.TAKE, Verb.RETURN, Verb.EXTEND} <= set(may("cgj")) and Verb.DISPATCH not in may("cgj")
    assert may("swj") == [] and may("admin") == []
    assert Verb.URGE in may("operator") and Verb.TAKE not in may("operator")


def test_history_never_runs_backwards_even_when_a_clock_does(district):
    event = district.report()
    district.act(event, Verb.ACCEPT, "acceptor", minutes=-30)
    times = [line.at for line in acting.log_of(district.conn, event.id)]
    assert times == sorted(times)
