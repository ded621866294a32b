"""Every verb of an event and every guard, through the database."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import psycopg
import pytest

from brain.flow import events
from brain.model import ENGINE, Level, Refused, Source, State, Verb
from brain.store import db


def refused(code: str, call, *args, **kw) -> str:
    with pytest.raises(Refused) as caught:
        call(*args, **kw)
    assert caught.value.code == code
    return str(caught.value)


# Reporting ----------------------------------------------------------------------------------------------------------
def test_a_report_gets_the_days_next_number_and_the_places_it_lies_in(district):
    first, second = district.report(cell="A"), district.report(cell="b")
    assert (first.id, second.id) == ("4414022026090300001", "4414022026090300002")
    assert (first.cell, first.grid, first.village, first.town) == (
        "441402103200100", "441402103200001", "441402103200", "441402103",
    )  # fmt: skip
    assert second.grid == "441402103200002"
    assert first.state is State.REPORTED and first.stage_due_at == district.now + timedelta(minutes=10)


def test_numbers_start_anew_at_local_midnight(district):
    district.report(now=district.now.replace(hour=23, minute=59))
    assert district.report(now=district.now.replace(hour=0) + timedelta(days=1)).id == "4414022026090400001"


def test_a_point_outside_every_cell_is_reported_without_places(district):
    event = district.report(lng=110.0, lat=20.0)
    assert (event.cell, event.grid, event.town) == (None, None, None)


def test_the_same_client_key_makes_one_event(district):
    key = uuid.uuid4()
    first = district.report(client_key=key)
    again = district.report(client_key=key, title="又报一次")
    assert again.id == first.id and again.title == "暴露垃圾"
    assert len(events.log_of(district.conn, first.id)) == 1


def test_another_persons_client_key_is_refused(district):
    key = uuid.uuid4()
    district.report("public", client_key=key)
    refused("conflict", district.report, "worker1", client_key=key)


@pytest.mark.parametrize(
    ("code", "more"),
    [("category", {"category": "matter:00000"}), ("title", {"title": "  "}), ("title", {"title": "长" * 201}),
     ("place", {"lng": float("nan")}), ("place", {"lat": 91.0})],
)  # fmt: skip
def test_a_report_that_cannot_be_used_is_refused_and_takes_no_number(district, code, more):
    refused(code, district.report, **more)
    assert district.report().id.endswith("00001")


def test_the_administrator_does_not_report(district):
    refused("role", district.report, "admin")


def test_acceptors_on_duty_are_told_of_a_report(district):
    district.report()
    assert district.notices("acceptor") == ["新上报：暴露垃圾，请受理"]


def test_a_report_tells_the_screens(district, db_url):
    with db.connect(db_url) as ear:
        ear.execute("LISTEN brain_event")
        event = district.report()
        heard = next(iter(ear.notifies(timeout=5, stop_after=1)))
    assert json.loads(heard.payload) == {"id": event.id, "verb": "report", "state": "reported"}


# The line -----------------------------------------------------------------------------------------------------------
def test_a_case_walks_the_whole_line_and_each_step_is_one_line_of_history(district):
    event = district.until("closed")
    assert district.verbs(event) == ["report", "accept", "register", "dispatch", "take", "answer", "check", "close"]
    assert (event.state, event.close_condition) == (State.CLOSED, district.catalog.close_conditions[0])
    assert event.version == 8 and events.verify_log(district.conn) is None


def test_each_step_stamps_its_own_clock(district):
    event, start = district.until("closed"), district.now - timedelta(minutes=7)
    stamps = ("accepted_at", "registered_at", "dispatched_at", "taken_at", "answered_at", "checked_at", "closed_at")
    assert [getattr(event, s) - start for s in stamps] == [timedelta(minutes=n) for n in range(1, 8)]


def test_declining_needs_a_reason_and_tells_the_reporter(district):
    event = district.report()
    refused("reason_missing", district.act, event, Verb.DECLINE, "acceptor")
    after = district.act(event, Verb.DECLINE, "acceptor", reason="不属于本区管辖")
    assert after.state is State.DECLINED and after.stage_due_at is None
    assert district.notices("public") == ["您上报的“暴露垃圾”不予受理：不属于本区管辖"]


def test_a_doubtful_report_is_verified_by_the_nearest_worker_before_registering(district):
    event = district.until("accepted", cell="b")
    asked = district.act(event, Verb.ASK_VERIFY, "acceptor")
    assert asked.checker_id == district.who["worker2"].id and asked.stage_due_at == district.now + timedelta(hours=1)
    condition = district.catalog.register_conditions[0]
    refused("verify_pending", district.act, event, Verb.REGISTER, "acceptor", condition=condition)
    refused("result_missing", district.act, event, Verb.VERIFIED, "worker2", here=True)
    refused("photo_missing", district.act, event, Verb.VERIFIED, "worker2", here=True, photos=[], passed=True)
    done = district.act(event, Verb.VERIFIED, "worker2", minutes=1, here=True, passed=True)
    assert done.state is State.ACCEPTED and done.checker_id is None
    assert district.act(event, Verb.REGISTER, "acceptor", condition=condition).state is State.REGISTERED


def test_registering_needs_a_condition_of_the_list_and_stamps_limit_and_ladder(district):
    event = district.until("accepted")
    refused("register_condition", district.act, event, Verb.REGISTER, "acceptor")
    refused("register_condition", district.act, event, Verb.REGISTER, "acceptor", condition="随便")
    after = district.act(event, Verb.REGISTER, "chief", condition=district.catalog.register_conditions[1])
    limit = district.catalog.categories[event.category].limit
    assert (after.limit_clock, after.limit_amount) == (str(limit.clock), limit.amount)
    assert [r["who"] for r in after.ladder] == [r["who"] for r in district.catalog.ladder(None)]
    assert after.due_at is None and after.next_rung_at is None


def test_the_chosen_case_of_a_category_decides_the_limit(district):
    category = next(c for c in district.catalog.categories.values() if len(c.conditions) > 1)
    text, limit = category.conditions[1]
    event = district.until("accepted", category=category.key)
    condition = district.catalog.register_conditions[0]
    after = district.act(event, Verb.REGISTER, "acceptor", condition=condition, case=text)
    assert (after.limit_clock, after.limit_amount) == (str(limit.clock), limit.amount)


def test_dispatching_starts_the_handling_clock_and_the_ladder(district):
    event = district.until("dispatched")
    assert event.due_at > event.dispatched_at and event.org == "cgj"
    assert event.next_rung_at is not None and event.dispatched_at < event.next_rung_at < event.due_at
    assert event.stage_due_at == event.dispatched_at + timedelta(minutes=30)
    assert district.notices("cgj")[0].startswith("请处置：暴露垃圾")


def test_dispatching_to_nobody_or_to_an_unknown_organisation_is_refused(district):
    event = district.until("registered")
    refused("org_missing", district.act, event, Verb.DISPATCH, "dispatcher")
    refused("org_unknown", district.act, event, Verb.DISPATCH, "dispatcher", org="nix")
    worker = district.who["worker1"].id
    refused("handler", district.act, event, Verb.DISPATCH, "dispatcher", org="cgj", handler_id=worker)


def test_a_matter_of_the_town_goes_to_the_worker_of_its_grid(district):
    event = district.until("registered", cell="b")
    after = district.act(event, Verb.DISPATCH, "dispatcher", org="441402103")
    assert after.handler_id == district.who["worker2"].id


def test_only_who_has_it_takes_it(district):
    event = district.until("dispatched")
    refused("unknown", district.act, event, Verb.TAKE, "swj")
    taken = district.act(event, Verb.TAKE, "cgj_chief")
    assert taken.state is State.HANDLING and taken.handler_id == district.who["cgj_chief"].id


def test_returning_needs_a_listed_reason_and_the_handling_clock_goes_on(district):
    event = district.until("handling")
    refused("reason_missing", district.act, event, Verb.RETURN, "cgj")
    refused("return_reason", district.act, event, Verb.RETURN, "cgj", reason="不想办")
    back = district.act(event, Verb.RETURN, "cgj", minutes=5, reason=district.catalog.return_reasons[0])
    assert (back.state, back.org, back.handler_id, back.returns) == (State.REGISTERED, None, None, 1)
    assert back.due_at == event.due_at and back.next_rung_at == event.next_rung_at
    again = district.act(event, Verb.DISPATCH, "dispatcher", minutes=5, org="swj")
    assert again.due_at == event.due_at


def test_a_second_return_goes_to_the_arbiter_whose_word_is_final(district):
    event, reason = district.until("dispatched"), district.catalog.return_reasons[0]
    district.act(event, Verb.RETURN, "cgj", reason=reason)
    refused("no_dispute", district.act, event, Verb.ARBITRATE, "chief", org="cgj", reason="职责清单")
    district.act(event, Verb.DISPATCH, "dispatcher", org="swj")
    back = district.act(event, Verb.RETURN, "swj", reason=reason)
    assert back.stage_due_at == district.now + timedelta(hours=1)
    assert district.notices("chief") == [f"被退回：暴露垃圾，原因：{reason}"]
    refused("arbiter_needed", district.act, event, Verb.DISPATCH, "dispatcher", org="cgj")
    refused("role", district.act, event, Verb.ARBITRATE, "dispatcher", org="cgj", reason="职责清单")
    district.act(event, Verb.ARBITRATE, "chief", org="cgj", reason="职责清单")
    refused("arbitrated", district.act, event, Verb.RETURN, "cgj", reason=reason)


def test_answering_needs_a_photo_and_a_place_near_the_event_or_a_reason(district):
    event = district.until("handling")
    lng, lat = event.lng, event.lat
    photo = district.photo("cgj")
    refused("photo_missing", district.act, event, Verb.ANSWER, "cgj", lng=lng, lat=lat)
    refused("place_missing", district.act, event, Verb.ANSWER, "cgj", photos=[photo])
    assert "距事发点" in refused(
        "too_far", district.act, event, Verb.ANSWER, "cgj", lng=lng, lat=lat + 0.01, photos=[photo]
    )
    far = district.act(event, Verb.ANSWER, "cgj", lng=lng, lat=lat + 0.01, photos=[photo], reason="在泵房内处置")
    assert far.state is State.ANSWERED
    assert 1000 < events.log_of(district.conn, event.id)[-1].detail["distance_m"] < 1200


def test_an_answer_stops_the_clock_and_names_a_checker_other_than_the_handler(district):
    event = district.until("registered", cell="A")
    district.act(event, Verb.DISPATCH, "dispatcher", org="441402103")
    district.act(event, Verb.TAKE, "worker1")
    after = district.act(event, Verb.ANSWER, "worker1", here=True)
    assert after.checker_id == district.who["worker2"].id and after.next_rung_at is None
    assert district.notices("worker2")[-1].startswith("请到现场核查")


def test_nobody_checks_his_own_work_nor_anothers_check(district):
    event = district.until("answered", cell="A")
    assert event.checker_id == district.who["worker1"].id
    refused(
        "unknown", district.act, event, Verb.CHECK, "worker2", here=True, passed=True
    )  # not his grid, not his check
    refused("result_missing", district.act, event, Verb.CHECK, "worker1", here=True)
    assert district.act(event, Verb.CHECK, "worker1", here=True, passed=True).state is State.CHECKING


def test_a_check_that_fails_sends_it_back_and_the_clock_goes_on_with_what_was_left(district, urgent):
    event = district.until("answered", category=urgent)
    left = event.due_at - event.answered_at
    back = district.act(
        event, Verb.CHECK, district.checker(event), minutes=90, here=True, passed=False, note="仍有残留"
    )
    assert (back.state, back.reworks, back.check_passed, back.answered_at) == (State.HANDLING, 1, False, None)
    assert back.due_at - district.now == left and back.next_rung_at is not None
    assert "返工" in district.notices("cgj")[-1]


def test_rework_counts_and_gives_back_exactly_the_time_that_was_left(district, urgent):
    event = district.until("answered", category=urgent)
    left = event.due_at - event.answered_at
    refused("reason_missing", district.act, event, Verb.REWORK, "dispatcher")
    back = district.act(event, Verb.REWORK, "dispatcher", minutes=300, reason="照片不清")
    assert back.reworks == 1 and back.due_at - district.now == left


def test_closing_needs_a_passed_check_and_a_condition(district):
    event = district.until("checking")
    refused("close_condition", district.act, event, Verb.CLOSE, "acceptor")
    refused("role", district.act, event, Verb.CLOSE, "cgj", condition=district.catalog.close_conditions[0])
    assert (
        district.act(event, Verb.CLOSE, "chief", condition=district.catalog.close_conditions[0]).state is State.CLOSED
    )


def test_the_handler_does_not_close_what_he_handled(district):
    event = district.until("checking")
    district.conn.execute("UPDATE event SET handler_id = %s WHERE id = %s", [district.who["acceptor"].id, event.id])
    refused("own_work", district.act, event, Verb.CLOSE, "acceptor", condition=district.catalog.close_conditions[0])


def test_the_reporter_hears_of_the_closing_and_so_does_the_reporter_of_a_duplicate(district):
    twin = district.report("worker2", source=Source.GRID)
    event = district.until("checking")
    linked = district.act(twin, Verb.LINK, "acceptor", note=f"重复，见 {event.id}")
    assert linked.duplicate_of == event.id
    refused("unknown", district.act, twin, Verb.LINK, "acceptor", note="重复")
    refused("loop", district.act, event, Verb.LINK, "acceptor", note=f"见 {twin.id}")
    district.act(event, Verb.CLOSE, "acceptor", condition=district.catalog.close_conditions[0])
    assert district.notices("public")[-1] == district.notices("worker2")[-1] == "您上报的“暴露垃圾”已结案，请评价"


def test_the_reporter_rates_once_with_three_answers(district):
    event, ratings = district.until("closed"), {"response": 1, "solved": 1, "satisfied": 5}
    refused("ratings", district.act, event, Verb.RATE, "public", ratings={"response": 1})
    refused("not_reporter", district.act, event, Verb.RATE, "chief", ratings=ratings)
    rated = district.act(event, Verb.RATE, "public", ratings=ratings)
    assert (rated.state, rated.rating_response, rated.rating_solved, rated.rating_satisfied) == (State.CLOSED, 1, 1, 5)
    refused("rated", district.act, event, Verb.RATE, "acceptor", ratings=ratings)


def test_the_reporter_reopens_within_seven_days_and_the_first_clock_is_kept(district, urgent):
    event = district.until("closed", category=urgent)
    left = event.due_at - event.answered_at
    refused("reason_missing", district.act, event, Verb.REOPEN, "public")
    again = district.act(event, Verb.REOPEN, "public", minutes=60, reason="又有垃圾")
    assert (again.state, again.reopened, again.org, again.closed_at) == (State.REGISTERED, 1, None, None)
    assert again.reported_at == event.reported_at and again.due_at == district.now + left


def test_after_seven_days_only_a_supervisor_reopens(district):
    event = district.until("closed")
    refused("too_late", district.act, event, Verb.REOPEN, "public", minutes=7 * 24 * 60 + 1, reason="又有垃圾")
    refused("not_reporter", district.act, event, Verb.REOPEN, "dispatcher", reason="又有垃圾")
    assert district.act(event, Verb.REOPEN, "leader", reason="领导批示").state is State.REGISTERED


def test_voiding_is_the_chiefs_with_a_reason(district):
    event = district.until("registered")
    refused("role", district.act, event, Verb.VOID, "dispatcher", reason="重复")
    refused("reason_missing", district.act, event, Verb.VOID, "chief")
    assert district.act(event, Verb.VOID, "chief", reason="重复").state is State.VOID


# Suspension, extension, marks ---------------------------------------------------------------------------------------
def test_a_suspension_pauses_the_clock_and_gives_back_what_was_left(district, urgent):
    event = district.until("handling", category=urgent)
    until = district.now + timedelta(days=30)
    refused("role", district.act, event, Verb.SUSPEND, "dispatcher", reason="待管网改造", until=until)
    refused("until_missing", district.act, event, Verb.SUSPEND, "chief", reason="待管网改造")
    refused("until_far", district.act, event, Verb.SUSPEND, "chief", reason="待", until=until + timedelta(days=400))
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
    refused("suspended_before", district.act, event, Verb.SUSPEND, "chief", reason="权属争议", until=until)


def test_an_extension_is_asked_by_the_department_and_granted_with_one_limit_more(district, urgent):
    event = district.until("handling", category=urgent)
    asked = district.act(event, Verb.EXTEND, "cgj", reason="配件未到")
    assert asked.due_at == event.due_at and asked.extensions == 0
    assert district.notices("dispatcher")[-1].startswith("申请延期")
    granted = district.act(event, Verb.EXTEND, "dispatcher", reason="同意")
    assert granted.due_at - event.due_at == timedelta(hours=event.limit_amount) and granted.extensions == 1
    assert events.log_of(district.conn, event.id)[-1].detail["granted"] is True


def test_an_extension_asked_in_time_may_be_granted_after_the_deadline_but_not_asked_then(district, urgent):
    event, late = district.until("handling", category=urgent), district.until("handling", category=urgent)
    district.act(event, Verb.EXTEND, "cgj", reason="配件未到")
    over = (event.due_at - district.now).total_seconds() / 60 + 10
    assert district.act(event, Verb.EXTEND, "dispatcher", minutes=over, reason="同意").extensions == 1
    refused("overdue", district.act, late, Verb.EXTEND, "cgj", reason="配件未到")


def test_there_are_two_extensions_at_most(district, urgent):
    event = district.until("handling", category=urgent)
    for _ in range(2):
        district.act(event, Verb.EXTEND, "dispatcher", reason="同意")
    refused("extensions_used", district.act, event, Verb.EXTEND, "dispatcher", reason="同意")


def test_marks_leave_the_state_and_write_a_line(district):
    event = district.until("handling")
    assert district.act(event, Verb.URGE, "operator", note="请尽快").urges == 1
    assert district.act(event, Verb.SUPERVISE, "leader", note="今日办结").supervised
    refused("note_missing", district.act, event, Verb.NOTE, "dispatcher")
    district.act(event, Verb.NOTE, "dispatcher", note="已电话联系")
    refused("photo_missing", district.act, event, Verb.ATTACH, "cgj")
    district.act(event, Verb.ATTACH, "cgj", photos=[district.photo("cgj")])
    after = district.act(event, Verb.ARRIVE, "cgj", here=True)
    assert after.state is State.HANDLING and after.arrived_at == district.now
    assert district.verbs(event)[-5:] == ["urge", "supervise", "note", "attach", "arrive"]
    assert "领导督办：暴露垃圾，今日办结" in district.notices("cgj_chief")


def test_a_joined_organisation_gets_a_part_with_a_clock_and_the_answer_waits_for_it(district):
    event = district.until("handling")
    refused("unknown", district.act, event, Verb.NOTE, "swj", note="看不到")
    district.act(event, Verb.JOIN, "dispatcher", org="swj", note="关闭闸门")
    part = events.parts_of(district.conn, event.id)[0]
    assert part["org"] == "swj" and part["due_at"] > district.now
    assert "请联动处置：暴露垃圾" in district.notices("swj")[-1]
    refused("parts_open", district.act, event, Verb.ANSWER, "cgj", here=True)
    swj = district.actor("swj")
    refused(
        "no_part",
        events.answer_part,
        district.conn,
        district.catalog,
        event.id,
        district.actor("town"),
        district.now,
        note="好",
    )
    events.answer_part(district.conn, district.catalog, event.id, swj, district.now, note="闸门已关")
    assert district.act(event, Verb.ANSWER, "cgj", here=True).state is State.ANSWERED


def test_a_worker_mends_on_the_spot_and_it_is_counted_apart(district):
    lng, lat = district.at("A")
    given = {
        "category": "matter:06010", "title": "小广告", "lng": lng, "lat": lat, "actor": district.actor("worker1"),
        "condition": district.catalog.close_conditions[0], "now": district.now, "client_key": uuid.uuid4(),
        "photos": [district.photo("worker1")], "before": [district.photo("worker1")],
    }  # fmt: skip
    event = events.self_handle(district.conn, district.catalog, **given)
    assert event.state is State.CLOSED and event.self_handled
    assert district.verbs(event) == ["report", "self_handle", "close"]
    assert events.self_handle(district.conn, district.catalog, **given).id == event.id
    assert len(district.verbs(event)) == 3


def test_a_self_handling_that_is_refused_leaves_nothing_behind(district):
    lng, lat = district.at("A")
    refused(
        "photo_missing", events.self_handle, district.conn, district.catalog, category="matter:06010", title="小广告",
        lng=lng, lat=lat, actor=district.actor("worker1"), now=district.now, photos=[],
        condition=district.catalog.close_conditions[0],
    )  # fmt: skip
    assert district.conn.execute("SELECT count(*) AS n FROM event").fetchone()["n"] == 0


# Guards of role, place, version -------------------------------------------------------------------------------------
def test_a_verb_that_the_state_does_not_know_is_refused_and_writes_nothing(district):
    event = district.report()
    refused("no_such_move", district.act, event, Verb.CHECK, "chief", passed=True)
    assert district.verbs(event) == ["report"] and events.get(district.conn, event.id).version == 1


def test_the_wrong_role_is_refused(district):
    event = district.report()
    refused("role", district.act, event, Verb.ACCEPT, "operator")


def test_whoever_may_not_see_an_event_cannot_tell_it_from_one_that_is_not_there(district):
    event = district.report(cell="A")
    says = refused("unknown", district.act, event, Verb.NOTE, "swj", note="x")
    nothing = refused(
        "unknown", events.act, district.conn, district.catalog, "4414022026090399999", Verb.NOTE,
        district.actor("swj"), district.now, note="x",
    )  # fmt: skip
    assert says.replace(event.id, "") == nothing.replace("4414022026090399999", "")


def test_a_stale_version_is_a_conflict_that_names_who_changed_it_and_when(district):
    event = district.report()
    district.act(event, Verb.ACCEPT, "acceptor", minutes=3)
    says = refused("conflict", district.act, event, Verb.DECLINE, "acceptor", reason="x", expect_version=event.version)
    assert "acceptor员" in says and "09月03日 10:03:00" in says and "受理" in says


def test_two_at_once_one_moves_it_and_the_other_is_refused(district, db_url):
    from concurrent.futures import ThreadPoolExecutor

    event = district.report()

    def accept(_):
        with db.connect(db_url) as own:
            try:
                events.act(own, district.catalog, event.id, Verb.ACCEPT, district.actor("acceptor"), district.now)
                return "moved"
            except Refused as err:
                return err.code

    with ThreadPoolExecutor(6) as pool:
        done = sorted(pool.map(accept, range(6)))
    assert done == ["moved"] + ["no_such_move"] * 5 and district.verbs(event) == ["report", "accept"]


def test_buttons_are_what_the_rules_would_let_him_try(district):
    event = district.until("dispatched")
    may = lambda login: events.allowed(district.conn, district.catalog, event, district.actor(login), district.now)  # noqa: E731
    assert {Verb.TAKE, Verb.RETURN, Verb.EXTEND} <= set(may("cgj")) and Verb.DISPATCH not in may("cgj")
    assert may("swj") == [] and may("admin") == []
    assert Verb.URGE in may("operator") and Verb.TAKE not in may("operator")


def test_history_never_runs_backwards_even_when_a_clock_does(district):
    event = district.report()
    district.act(event, Verb.ACCEPT, "acceptor", minutes=-30)
    times = [line.at for line in events.log_of(district.conn, event.id)]
    assert times == sorted(times)


# By rule ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def sensor_event(district):
    lng, lat = district.at("A")
    return events.report(
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
    line = events.log_of(district.conn, after.id)[-1]
    assert (line.verb, line.role, line.detail["why"]) == (Verb.DISPATCH, "rule", "category")


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
    detail = events.log_of(district.conn, after.id)[-1].detail
    assert detail["missed"] is True and detail["by_rule"] == "441402103"


def test_a_returned_event_is_not_dispatched_by_rule_again(district, sensor_event):
    event = district.act(sensor_event, Verb.REGISTER, "chief", condition=district.catalog.register_conditions[2])
    login = next(k for k, p in district.who.items() if p.org == event.org)
    back = district.act(event, Verb.RETURN, login, reason=district.catalog.return_reasons[0])
    assert back.state is State.REGISTERED


# Duplicates ---------------------------------------------------------------------------------------------------------
def near(district, category, lng, lat, **more):
    return events.near_duplicates(district.conn, district.catalog, category, lng, lat, district.now, **more)


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


# The chain ----------------------------------------------------------------------------------------------------------
def tamper(conn, statement, *args):
    conn.execute("ALTER TABLE event_log DISABLE TRIGGER event_log_append_only")
    conn.execute(statement, args)
    conn.execute("ALTER TABLE event_log ENABLE TRIGGER event_log_append_only")


def test_history_is_append_only(district):
    district.report()
    for statement in ("UPDATE event_log SET note = 'x'", "DELETE FROM event_log"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            district.conn.execute(statement)


@pytest.mark.parametrize(
    "change", ["note = '改'", "at = at - interval '1 second'", "actor_name = '别人'", "detail = detail || '{\"x\":1}'"]
)
def test_a_changed_line_is_named(district, change):
    first, second = district.until("closed"), district.until("closed")
    tamper(district.conn, f"UPDATE event_log SET {change} WHERE event_id = %s AND seq = 3", second.id)
    tamper(district.conn, f"UPDATE event_log SET {change} WHERE event_id = %s AND seq = 5", first.id)
    broken = events.verify_log(district.conn)
    assert (broken.event_id, broken.seq, broken.why) == (first.id, 5, "changed")
    assert first.id in str(broken)


def test_a_line_taken_out_of_the_middle_is_found_at_its_place(district):
    event = district.until("closed")
    tamper(district.conn, "DELETE FROM event_log WHERE event_id = %s AND seq = 4", event.id)
    broken = events.verify_log(district.conn)
    assert (broken.event_id, broken.seq) == (event.id, 5)


def test_lines_cut_off_at_the_end_are_missed(district):
    event = district.until("closed")
    tamper(district.conn, "DELETE FROM event_log WHERE event_id = %s AND seq >= 7", event.id)
    broken = events.verify_log(district.conn)
    assert (broken.event_id, broken.seq, broken.why) == (event.id, 6, "cut")


def test_a_row_whose_state_was_changed_behind_the_histories_back_is_found(district):
    event = district.until("handling")
    district.conn.execute("UPDATE event SET state = 'closed' WHERE id = %s", [event.id])
    assert events.verify_log(district.conn).why == "state"
