"""Reporting, and the line of an event from report to closing: every step and every guard, through the database."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import timedelta

import pytest

from brain.flow.events import acting
from brain.identity import people
from brain.model import Refused, Source, State, Verb
from brain.store import db


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
    assert len(acting.log_of(district.conn, first.id)) == 1


def test_another_persons_client_key_is_refused(district):
    key = uuid.uuid4()
    district.report("public", client_key=key)
    district.refused("conflict", district.report, "worker1", client_key=key)


@pytest.mark.parametrize(
    ("code", "more"),
    [("category", {"category": "matter:00000"}), ("title", {"title": "  "}), ("title", {"title": "长" * 201}),
     ("place", {"lng": float("nan")}), ("place", {"lat": 91.0})],
)  # fmt: skip
def test_a_report_that_cannot_be_used_is_refused_and_takes_no_number(district, code, more):
    district.refused(code, district.report, **more)
    assert district.report().id.endswith("00001")


def test_the_administrator_does_not_report(district):
    district.refused("role", district.report, "admin")


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
    assert event.version == 8 and acting.verify_log(district.conn) is None


def test_each_step_stamps_its_own_clock(district):
    event, start = district.until("closed"), district.now - timedelta(minutes=7)
    stamps = ("accepted_at", "registered_at", "dispatched_at", "taken_at", "answered_at", "checked_at", "closed_at")
    assert [getattr(event, s) - start for s in stamps] == [timedelta(minutes=n) for n in range(1, 8)]


def test_declining_needs_a_reason_and_tells_the_reporter(district):
    event = district.report()
    district.refused("reason_missing", district.act, event, Verb.DECLINE, "acceptor")
    after = district.act(event, Verb.DECLINE, "acceptor", reason="不属于本区管辖")
    assert after.state is State.DECLINED and after.stage_due_at is None
    assert district.notices("public") == ["您上报的“暴露垃圾”不予受理：不属于本区管辖"]


def test_a_doubtful_report_is_verified_by_the_nearest_worker_before_registering(district):
    event = district.until("accepted", cell="b")
    asked = district.act(event, Verb.ASK_VERIFY, "acceptor")
    assert asked.checker_id == district.who["worker2"].id and asked.stage_due_at == district.now + timedelta(hours=1)
    condition = district.catalog.register_conditions[0]
    district.refused("verify_pending", district.act, event, Verb.REGISTER, "acceptor", condition=condition)
    district.refused("result_missing", district.act, event, Verb.VERIFIED, "worker2", here=True)
    district.refused("photo_missing", district.act, event, Verb.VERIFIED, "worker2", here=True, photos=[], passed=True)
    done = district.act(event, Verb.VERIFIED, "worker2", minutes=1, here=True, passed=True)
    assert done.state is State.ACCEPTED and done.checker_id is None
    assert district.act(event, Verb.REGISTER, "acceptor", condition=condition).state is State.REGISTERED


def test_registering_needs_a_condition_of_the_list_and_stamps_limit_and_ladder(district):
    event = district.until("accepted")
    district.refused("register_condition", district.act, event, Verb.REGISTER, "acceptor")
    district.refused("register_condition", district.act, event, Verb.REGISTER, "acceptor", condition="随便")
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
    district.refused("org_missing", district.act, event, Verb.DISPATCH, "dispatcher")
    district.refused("org_unknown", district.act, event, Verb.DISPATCH, "dispatcher", org="nix")
    worker = district.who["worker1"].id
    district.refused("handler", district.act, event, Verb.DISPATCH, "dispatcher", org="cgj", handler_id=worker)


def test_a_matter_of_the_town_goes_to_the_worker_of_its_grid(district):
    event = district.until("registered", cell="b")
    after = district.act(event, Verb.DISPATCH, "dispatcher", org="441402103")
    assert after.handler_id == district.who["worker2"].id


def test_only_who_has_it_takes_it(district):
    event = district.until("dispatched")
    district.refused("unknown", district.act, event, Verb.TAKE, "swj")
    taken = district.act(event, Verb.TAKE, "cgj_chief")
    assert taken.state is State.HANDLING and taken.handler_id == district.who["cgj_chief"].id


def test_returning_needs_a_listed_reason_and_the_handling_clock_goes_on(district):
    event = district.until("handling")
    district.refused("reason_missing", district.act, event, Verb.RETURN, "cgj")
    district.refused("return_reason", district.act, event, Verb.RETURN, "cgj", reason="不想办")
    back = district.act(event, Verb.RETURN, "cgj", minutes=5, reason=district.catalog.return_reasons[0])
    assert (back.state, back.org, back.handler_id, back.returns) == (State.REGISTERED, None, None, 1)
    assert back.due_at == event.due_at and back.next_rung_at == event.next_rung_at
    again = district.act(event, Verb.DISPATCH, "dispatcher", minutes=5, org="swj")
    assert again.due_at == event.due_at


def test_a_second_return_goes_to_the_arbiter_whose_word_is_final(district):
    event, reason = district.until("dispatched"), district.catalog.return_reasons[0]
    district.act(event, Verb.RETURN, "cgj", reason=reason)
    district.refused("no_dispute", district.act, event, Verb.ARBITRATE, "chief", org="cgj", reason="职责清单")
    district.act(event, Verb.DISPATCH, "dispatcher", org="swj")
    back = district.act(event, Verb.RETURN, "swj", reason=reason)
    assert back.stage_due_at == district.now + timedelta(hours=1)
    assert district.notices("chief") == [f"被退回：暴露垃圾，原因：{reason}"]
    district.refused("arbiter_needed", district.act, event, Verb.DISPATCH, "dispatcher", org="cgj")
    district.refused("role", district.act, event, Verb.ARBITRATE, "dispatcher", org="cgj", reason="职责清单")
    district.act(event, Verb.ARBITRATE, "chief", org="cgj", reason="职责清单")
    district.refused("arbitrated", district.act, event, Verb.RETURN, "cgj", reason=reason)


def test_answering_needs_a_photo_and_a_place_near_the_event_or_a_reason(district):
    event = district.until("handling")
    lng, lat = event.lng, event.lat
    photo = district.photo("cgj")
    district.refused("photo_missing", district.act, event, Verb.ANSWER, "cgj", lng=lng, lat=lat)
    district.refused("place_missing", district.act, event, Verb.ANSWER, "cgj", photos=[photo])
    assert "距事发点" in district.refused(
        "too_far", district.act, event, Verb.ANSWER, "cgj", lng=lng, lat=lat + 0.01, photos=[photo]
    )
    far = district.act(event, Verb.ANSWER, "cgj", lng=lng, lat=lat + 0.01, photos=[photo], reason="在泵房内处置")
    assert far.state is State.ANSWERED
    assert 1000 < acting.log_of(district.conn, event.id)[-1].detail["distance_m"] < 1200


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
    district.refused(
        "unknown", district.act, event, Verb.CHECK, "worker2", here=True, passed=True
    )  # not his grid, not his check
    district.refused("result_missing", district.act, event, Verb.CHECK, "worker1", here=True)
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
    district.refused("reason_missing", district.act, event, Verb.REWORK, "dispatcher")
    back = district.act(event, Verb.REWORK, "dispatcher", minutes=300, reason="照片不清")
    assert back.reworks == 1 and back.due_at - district.now == left


def test_closing_needs_a_passed_check_and_a_condition(district):
    event = district.until("checking")
    district.refused("close_condition", district.act, event, Verb.CLOSE, "acceptor")
    district.refused("role", district.act, event, Verb.CLOSE, "cgj", condition=district.catalog.close_conditions[0])
    assert (
        district.act(event, Verb.CLOSE, "chief", condition=district.catalog.close_conditions[0]).state is State.CLOSED
    )


def test_the_handler_does_not_close_what_he_handled(district):
    event = district.until("checking")
    district.conn.execute("UPDATE event SET handler_id = %s WHERE id = %s", [district.who["acceptor"].id, event.id])
    district.refused(
        "own_work", district.act, event, Verb.CLOSE, "acceptor", condition=district.catalog.close_conditions[0]
    )


def test_the_reporter_hears_of_the_closing_and_so_does_the_reporter_of_a_duplicate(district):
    twin = district.report("worker2", source=Source.GRID)
    event = district.until("checking")
    linked = district.act(twin, Verb.LINK, "acceptor", note=f"重复，见 {event.id}")
    assert linked.duplicate_of == event.id
    district.refused("unknown", district.act, twin, Verb.LINK, "acceptor", note="重复")
    district.refused("loop", district.act, event, Verb.LINK, "acceptor", note=f"见 {twin.id}")
    district.act(event, Verb.CLOSE, "acceptor", condition=district.catalog.close_conditions[0])
    assert district.notices("public")[-1] == district.notices("worker2")[-1] == "您上报的“暴露垃圾”已结案，请评价"


def test_the_reporter_rates_once_with_three_answers(district):
    event, ratings = district.until("closed"), {"response": 1, "solved": 1, "satisfied": 5}
    district.refused("ratings", district.act, event, Verb.RATE, "public", ratings={"response": 1})
    district.refused("not_reporter", district.act, event, Verb.RATE, "chief", ratings=ratings)
    rated = district.act(event, Verb.RATE, "public", ratings=ratings)
    assert (rated.state, rated.rating_response, rated.rating_solved, rated.rating_satisfied) == (State.CLOSED, 1, 1, 5)
    district.refused("rated", district.act, event, Verb.RATE, "acceptor", ratings=ratings)


def test_the_reporter_reopens_within_seven_days_and_the_first_clock_is_kept(district, urgent):
    event = district.until("closed", category=urgent)
    left = event.due_at - event.answered_at
    district.refused("reason_missing", district.act, event, Verb.REOPEN, "public")
    again = district.act(event, Verb.REOPEN, "public", minutes=60, reason="又有垃圾")
    assert (again.state, again.reopened, again.org, again.closed_at) == (State.REGISTERED, 1, None, None)
    assert again.reported_at == event.reported_at and again.due_at == district.now + left


def test_after_seven_days_only_a_supervisor_reopens(district):
    event = district.until("closed")
    district.refused("too_late", district.act, event, Verb.REOPEN, "public", minutes=7 * 24 * 60 + 1, reason="又有垃圾")
    district.refused("not_reporter", district.act, event, Verb.REOPEN, "dispatcher", reason="又有垃圾")
    assert district.act(event, Verb.REOPEN, "leader", reason="领导批示").state is State.REGISTERED


def test_voiding_is_the_chiefs_with_a_reason(district):
    event = district.until("registered")
    district.refused("role", district.act, event, Verb.VOID, "dispatcher", reason="重复")
    district.refused("reason_missing", district.act, event, Verb.VOID, "chief")
    assert district.act(event, Verb.VOID, "chief", reason="重复").state is State.VOID


@pytest.mark.parametrize("odd", ["\x00", "\x01", "\x1b", "\x7f", "\x9f", "\ud800", "\ufffe"], ids=lambda c: f"U+{ord(c):04X}")
def test_what_no_document_can_carry_is_taken_out_of_whatever_a_person_writes(district, odd):
    event = district.report(title=f"路{odd}灯不亮", description=f"第一行\r\n第{odd}二行", address=f"客都{odd}大道")
    assert (event.title, event.description, event.address) == ("路灯不亮", "第一行\n第二行", "客都大道")
    district.act(event, Verb.NOTE, "dispatcher", note=f"已{odd}核")
    assert acting.log_of(district.conn, event.id)[-1].note == "已核"
    assert acting.verify_log(district.conn) is None


def test_of_two_who_report_one_alert_at_once_the_second_is_told(city_url, city_db, catalog, now):
    """Each in a transaction of its own: the second waits for the first, and finds the alert taken."""
    chief = people.actor_of(people.by_login(city_db, "chief1"))
    alert = city_db.execute(
        "INSERT INTO alert (station, kind, rule, theme, level, peak, value, message, opened_at, changed_at, observed_at, evidence)"
        " VALUES ('PD-01', 'pond_depth', 'ladder', 'drainage', 1, 1, 60, '积水 60 cm', %(now)s, %(now)s, %(now)s, '{}') RETURNING id",
        {"now": now},
    ).fetchone()["id"]

    def report(conn):
        return acting.report(conn, catalog, category="matter:06026", title="积水", lng=116.12, lat=24.29, source=Source.SENSOR,
                             actor=chief, now=now, alert_id=alert, station="PD-01")  # fmt: skip

    told: list = []

    def second():
        with db.connect(city_url, name="tests") as conn:
            try:
                told.append(report(conn).id)
            except Refused as err:
                told.append(err.code)

    with db.connect(city_url, name="tests") as first, first.transaction():
        made = report(first)
        other = threading.Thread(target=second)
        other.start()
        waits = "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while city_db.execute(waits).fetchone()["n"] == 0 and other.is_alive():
            pass
    other.join()
    assert told == ["reported"]
    rows = city_db.execute("SELECT id FROM event WHERE alert_id = %s", [alert]).fetchall()
    assert [r["id"] for r in rows] == [made.id]
