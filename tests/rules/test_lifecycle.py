"""The life of an event: every line of the table, every guard, and the drawings made from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.catalog import load
from brain.model import OPEN_STATES, Actor, Event, Refused, Role, Source, State, Verb
from brain.rules import guards, lifecycle
from brain.rules.lifecycle import MARKS, MOVES, Effect, Facts, Given

CATALOG = load()
BEIJING = timezone(timedelta(hours=8))
NOW = datetime(2026, 9, 3, 10, tzinfo=BEIJING)
FACTS = Facts(now=NOW, practice=CATALOG.practice)
S, V = State, Verb

CHIEF = Actor(1, "值班长", Role.CHIEF, "zsj", ("441402",))
ACCEPTOR = Actor(2, "受理员", Role.ACCEPTOR, "zsj", ("441402",))
DISPATCHER = Actor(3, "派遣员", Role.DISPATCHER, "zsj", ("441402",))
DEPARTMENT = Actor(4, "城管", Role.DEPARTMENT, "cgj")
OTHER_DEPARTMENT = Actor(5, "水务", Role.DEPARTMENT, "swj")
WORKER = Actor(6, "网格员甲", Role.WORKER, "441402006", ("441402006",))
CHECKER = Actor(7, "网格员乙", Role.WORKER, "441402006", ("441402006",))
LEADER = Actor(8, "领导", Role.LEADER, "zsj", ("441402",))
PUBLIC = Actor(9, "市民", Role.PUBLIC)
OPERATOR = Actor(10, "值班席", Role.OPERATOR, "zsj", ("441402",))
CLOCK = Actor(None, "时限引擎", Role.CLOCK)
RULE = Actor(None, "规则引擎", Role.RULE)
ADMIN = Actor(11, "管理员", Role.ADMIN)
REASON = CATALOG.return_reasons[0]
CONDITION = CATALOG.register_conditions[0]
CLOSING = CATALOG.close_conditions[0]


def event(state: State = S.REPORTED, **more) -> Event:
    base = Event(
        id="4414022026090300001", category="matter:06010", title="暴露垃圾", state=state, source=Source.GRID,
        level=None, reported_at=NOW - timedelta(hours=1), lng=116.12, lat=24.3, town="441402006", reporter_id=WORKER.id,
        org="cgj", due_at=NOW + timedelta(hours=4),
    )  # fmt: skip
    return replace(base, **more)


def handed(*, photos: int = 0, distance_m: float | None = None, **more) -> tuple[Given, float | None]:
    """What somebody hands in, and how far from the event he stands."""
    return Given(photos=("photo",) * photos, **more), distance_m


def check(case: Event | None, verb: Verb, actor: Actor, what: tuple[Given, float | None], facts: Facts) -> lifecycle.Move:
    return lifecycle.check(case, verb, actor, what[0], replace(facts, distance_m=what[1]))


def code_of(case: Event, verb: Verb, actor: Actor, details: tuple = handed(), facts: Facts = FACTS) -> str:
    with pytest.raises(Refused) as refused:
        check(case, verb, actor, details, facts)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in str(refused.value))
    return refused.value.code


def goes(case: Event, verb: Verb, actor: Actor, facts: Facts = FACTS, **details) -> lifecycle.Move:
    return check(case, verb, actor, handed(**details), facts)


PATH = [
    (S.REPORTED, V.ACCEPT, ACCEPTOR, {}, S.ACCEPTED),
    (S.ACCEPTED, V.REGISTER, ACCEPTOR, {"condition": CONDITION}, S.REGISTERED),
    (S.REGISTERED, V.DISPATCH, DISPATCHER, {"org": "cgj"}, S.DISPATCHED),
    (S.DISPATCHED, V.TAKE, DEPARTMENT, {}, S.HANDLING),
    (S.HANDLING, V.ANSWER, DEPARTMENT, {"photos": 1, "distance_m": 20.0}, S.ANSWERED),
    (S.ANSWERED, V.CHECK, CHECKER, {"photos": 1, "distance_m": 5.0, "passed": True}, S.CHECKING),
    (S.CHECKING, V.CLOSE, CHIEF, {"condition": CLOSING}, S.CLOSED),
    (S.CLOSED, V.RATE, ACCEPTOR, {"ratings": {"response": 1, "solved": 1, "satisfied": 5}}, S.CLOSED),
]


@pytest.mark.parametrize(("state", "verb", "actor", "details", "to"), PATH)
def test_the_plain_path_leads_from_report_to_rating(state, verb, actor, details, to):
    case = event(state, check_passed=True if state == S.CHECKING else None)
    assert goes(case, verb, actor, **details).to == to


@pytest.mark.parametrize("actor", [WORKER, PUBLIC, OPERATOR, DEPARTMENT, RULE, LEADER])
def test_anyone_with_a_way_in_may_report(actor):
    move = check(None, V.REPORT, actor, handed(), FACTS)
    assert (move.to, move.stage) == (S.REPORTED, "accept")


@pytest.mark.parametrize("actor", [ADMIN, CLOCK])
def test_the_administrator_and_the_clock_do_not_report(actor):
    with pytest.raises(Refused):
        check(None, V.REPORT, actor, handed(), FACTS)


def test_a_rule_accepts_what_its_own_sensor_reported():
    assert goes(event(source=Source.SENSOR), V.ACCEPT, RULE).to == S.ACCEPTED


def test_declining_needs_a_reason():
    assert code_of(event(), V.DECLINE, ACCEPTOR) == "reason_missing"
    assert goes(event(), V.DECLINE, ACCEPTOR, reason="重复上报").to == S.DECLINED


def test_registering_needs_a_listed_condition():
    assert code_of(event(S.ACCEPTED), V.REGISTER, ACCEPTOR) == "register_condition"
    assert code_of(event(S.ACCEPTED), V.REGISTER, ACCEPTOR, handed(condition="随便")) == "register_condition"


def test_registering_waits_for_a_verification_that_was_asked():
    asked = event(S.ACCEPTED, verify_asked_at=NOW)
    assert code_of(asked, V.REGISTER, ACCEPTOR, handed(condition=CONDITION)) == "verify_pending"
    done = replace(asked, verified_at=NOW + timedelta(minutes=5))
    assert goes(done, V.REGISTER, ACCEPTOR, condition=CONDITION).to == S.REGISTERED


def test_a_verification_needs_result_and_photo_and_keeps_the_state():
    asked = event(S.ACCEPTED, verify_asked_at=NOW)
    assert code_of(asked, V.VERIFIED, WORKER, handed(photos=1, distance_m=3)) == "result_missing"
    assert code_of(asked, V.VERIFIED, WORKER, handed(passed=True, distance_m=3)) == "photo_missing"
    assert goes(asked, V.VERIFIED, WORKER, passed=True, photos=1, distance_m=3).to == S.ACCEPTED
    assert code_of(event(S.ACCEPTED), V.VERIFIED, WORKER, handed(passed=True, photos=1)) == "verify_not_asked"


def test_dispatching_starts_the_handling_clock_and_needs_a_known_department():
    assert goes(event(S.REGISTERED), V.DISPATCH, RULE, org="cgj").clock == Effect.START
    assert code_of(event(S.REGISTERED), V.DISPATCH, DISPATCHER) == "org_missing"
    known = replace(FACTS, known_orgs=frozenset({"cgj"}))
    assert code_of(event(S.REGISTERED), V.DISPATCH, DISPATCHER, handed(org="nobody"), known) == "org_unknown"


def test_only_the_department_that_has_it_may_take_answer_or_return():
    for state, verb in ((S.DISPATCHED, V.TAKE), (S.HANDLING, V.ANSWER), (S.HANDLING, V.RETURN)):
        assert code_of(event(state), verb, OTHER_DEPARTMENT, handed(reason=REASON, photos=1)) == "not_yours"


def test_a_worker_takes_what_his_team_has_until_a_colleague_took_it():
    assert goes(event(S.DISPATCHED, org="441402006"), V.TAKE, WORKER).to == S.HANDLING
    assert code_of(event(S.DISPATCHED, org="441402006", handler_id=CHECKER.id), V.TAKE, WORKER) == "not_yours"


def test_a_return_needs_a_reason_of_the_list_and_leaves_the_clock_running():
    assert code_of(event(S.DISPATCHED), V.RETURN, DEPARTMENT) == "reason_missing"
    assert code_of(event(S.DISPATCHED), V.RETURN, DEPARTMENT, handed(reason="不想办")) == "return_reason"
    move = goes(event(S.HANDLING), V.RETURN, DEPARTMENT, reason=REASON)
    assert (move.to, move.clock, move.counts, move.stage) == (S.REGISTERED, Effect.NONE, "returns", "dispatch")


def test_the_second_return_goes_to_the_arbiter_whose_word_is_final():
    assert goes(event(S.HANDLING, returns=1), V.RETURN, DEPARTMENT, reason=REASON).stage == "arbitrate"
    disputed = event(S.REGISTERED, returns=2)
    assert code_of(disputed, V.DISPATCH, DISPATCHER, handed(org="cgj")) == "arbiter_needed"
    assert goes(disputed, V.ARBITRATE, CHIEF, org="cgj", reason="属排水设施").to == S.DISPATCHED
    assert code_of(event(S.DISPATCHED, returns=2), V.RETURN, DEPARTMENT, handed(reason=REASON)) == "arbitrated"


def test_there_is_nothing_to_arbitrate_before_a_second_return():
    assert code_of(event(S.REGISTERED, returns=1), V.ARBITRATE, CHIEF, handed(org="cgj", reason="x")) == "no_dispute"


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({"distance_m": 20.0}, "photo_missing"),
        ({"photos": 1}, "place_missing"),
        ({"photos": 1, "distance_m": 100.5}, "too_far"),
    ],
)
def test_an_answer_needs_a_photo_and_a_place(details, code):
    assert code_of(event(S.HANDLING), V.ANSWER, DEPARTMENT, handed(**details)) == code


def test_an_answer_from_afar_needs_a_reason():
    assert goes(event(S.HANDLING), V.ANSWER, DEPARTMENT, photos=1, distance_m=900, reason="定位漂移").to == S.ANSWERED


def test_the_distance_limit_comes_from_the_catalog():
    wide = replace(FACTS, practice=replace(CATALOG.practice, near_m=500))
    assert goes(event(S.HANDLING), V.ANSWER, DEPARTMENT, wide, photos=1, distance_m=400).clock == Effect.STOP


def test_the_handler_checks_and_closes_nothing_of_his_own():
    mine = event(S.ANSWERED, handler_id=WORKER.id)
    ready = handed(passed=True, photos=1, distance_m=1)
    assert code_of(mine, V.CHECK, WORKER, ready) == "own_work"
    assert code_of(event(S.ANSWERED), V.CHECK, CHECKER, ready, replace(FACTS, is_last_handler=True)) == "own_work"
    closing = event(S.CHECKING, handler_id=CHIEF.id, check_passed=True)
    assert code_of(closing, V.CLOSE, CHIEF, handed(condition=CLOSING)) == "own_work"


def test_a_check_given_to_one_worker_is_not_done_by_another():
    given_away = event(S.ANSWERED, checker_id=99)
    assert code_of(given_away, V.CHECK, CHECKER, handed(passed=True, photos=1, distance_m=1)) == "not_your_check"


def test_a_check_that_was_not_passed_leads_back_to_handling_and_counts():
    move = goes(event(S.ANSWERED), V.CHECK, CHECKER, passed=False, photos=1, distance_m=1)
    assert (move.to, move.clock, move.counts) == (S.HANDLING, Effect.RESUME, "reworks")


def test_rework_by_the_dispatcher_needs_a_reason_and_resumes_the_clock():
    assert code_of(event(S.ANSWERED), V.REWORK, DISPATCHER) == "reason_missing"
    assert goes(event(S.ANSWERED), V.REWORK, DISPATCHER, reason="未清理干净").clock == Effect.RESUME


FIRING = replace(FACTS, sensor_firing=True)


def test_a_firing_sensor_blocks_the_check_and_the_closing():
    ready = handed(passed=True, photos=1, distance_m=1)
    assert code_of(event(S.ANSWERED), V.CHECK, CHECKER, ready, FIRING) == "sensor_firing"
    checked = event(S.CHECKING, check_passed=True)
    assert code_of(checked, V.CLOSE, ACCEPTOR, handed(condition=CLOSING, reason="急"), FIRING) == "sensor_firing"
    assert code_of(checked, V.CLOSE, CHIEF, handed(condition=CLOSING), FIRING) == "sensor_firing"


def test_the_chief_may_close_against_a_firing_sensor_with_a_reason():
    checked = event(S.CHECKING, check_passed=True)
    assert goes(checked, V.CLOSE, CHIEF, FIRING, condition=CLOSING, reason="探头损坏，已更换").to == S.CLOSED


def test_a_failed_check_is_taken_although_the_sensor_fires():
    assert goes(event(S.ANSWERED), V.CHECK, CHECKER, FIRING, passed=False, photos=1, distance_m=1).to == S.HANDLING


def test_closing_needs_a_passed_check_and_a_condition():
    assert code_of(event(S.CHECKING), V.CLOSE, CHIEF, handed(condition=CLOSING)) == "check_missing"
    assert code_of(event(S.CHECKING, check_passed=True), V.CLOSE, CHIEF) == "close_condition"


def test_a_self_handled_case_closes_in_one_visit_and_only_its_own():
    case = event()
    assert goes(case, V.SELF_HANDLE, WORKER, photos=1, distance_m=3).to == S.REPORTED
    assert code_of(case, V.SELF_HANDLE, CHECKER, handed(photos=1, distance_m=3)) == "not_reporter"
    assert code_of(case, V.CLOSE, WORKER, handed(condition=CLOSING)) == "not_self_handled"
    done = event(self_handled=True)
    assert goes(done, V.CLOSE, WORKER, condition=CLOSING).to == S.CLOSED
    assert code_of(done, V.CLOSE, CHECKER, handed(condition=CLOSING)) == "not_reporter"


def test_a_rating_is_given_once_by_the_reporter_or_the_call_back():
    ratings = {"response": 1, "solved": 0, "satisfied": 2}
    closed = event(S.CLOSED, closed_at=NOW)
    assert goes(closed, V.RATE, WORKER, ratings=ratings).to == S.CLOSED
    assert code_of(closed, V.RATE, CHECKER, handed(ratings=ratings)) == "not_reporter"
    assert code_of(replace(closed, rated_at=NOW), V.RATE, OPERATOR, handed(ratings=ratings)) == "rated"
    assert code_of(closed, V.RATE, OPERATOR, handed(ratings={"response": 1})) == "ratings"


def test_the_reporter_reopens_within_seven_days_and_a_supervisor_any_time():
    closed = event(S.CLOSED, closed_at=NOW - timedelta(days=7), reporter_id=PUBLIC.id)
    assert goes(closed, V.REOPEN, PUBLIC, reason="又有了").to == S.REGISTERED
    late = replace(closed, closed_at=NOW - timedelta(days=7, seconds=1))
    assert code_of(late, V.REOPEN, PUBLIC, handed(reason="又有了")) == "too_late"
    assert goes(late, V.REOPEN, LEADER, reason="复查").clock == Effect.RESUME
    assert code_of(closed, V.REOPEN, WORKER, handed(reason="x")) == "not_reporter"


@pytest.mark.parametrize("state", sorted(OPEN_STATES - {S.SUSPENDED}))
def test_any_open_case_may_be_suspended_once_for_a_year_at_most(state):
    until = NOW + timedelta(days=365)
    move = goes(event(state), V.SUSPEND, CHIEF, reason="等施工", until=until)
    assert (move.to, move.clock) == (S.SUSPENDED, Effect.PAUSE)
    assert code_of(event(state), V.SUSPEND, CHIEF, handed(reason="x", until=until + timedelta(days=1))) == "until_far"
    before = event(state, suspended_at=NOW - timedelta(days=90))
    assert code_of(before, V.SUSPEND, CHIEF, handed(reason="x", until=until)) == "suspended_before"


@pytest.mark.parametrize("state", sorted(OPEN_STATES - {S.SUSPENDED}))
def test_resuming_leads_back_to_where_it_was_suspended(state):
    assert goes(event(S.SUSPENDED, suspended_from=state.value), V.RESUME, CLOCK).to == state


def test_an_extension_is_asked_before_the_deadline_and_granted_twice_at_most():
    assert goes(event(S.HANDLING), V.EXTEND, DEPARTMENT, reason="等配件").clock == Effect.NONE
    granted = goes(event(S.HANDLING), V.EXTEND, CHIEF, reason="同意")
    assert (granted.clock, granted.counts) == (Effect.EXTEND, "extensions")
    overdue = event(S.HANDLING, due_at=NOW - timedelta(minutes=1))
    assert code_of(overdue, V.EXTEND, DEPARTMENT, handed(reason="等配件")) == "overdue"
    assert code_of(event(S.HANDLING, extensions=2), V.EXTEND, CHIEF, handed(reason="x")) == "extensions_used"


def test_an_extension_asked_in_time_may_be_granted_after_the_deadline():
    overdue = event(S.HANDLING, due_at=NOW - timedelta(minutes=1))
    in_time = replace(FACTS, extension_asked_at=NOW - timedelta(hours=1))
    assert goes(overdue, V.EXTEND, CHIEF, in_time, reason="同意").clock == Effect.EXTEND


def test_only_the_chief_voids_and_only_before_dispatch():
    assert goes(event(S.ACCEPTED), V.VOID, CHIEF, reason="重复").to == S.VOID
    assert code_of(event(S.ACCEPTED), V.VOID, ACCEPTOR, handed(reason="重复")) == "role"
    assert code_of(event(S.DISPATCHED), V.VOID, CHIEF, handed(reason="重复")) == "no_such_move"


@pytest.mark.parametrize("verb", sorted(MARKS))
def test_a_mark_never_changes_the_state_or_the_clock(verb):
    for state in MARKS[verb].states:
        move = MOVES[state, verb]
        assert move.to is None and move.clock == Effect.NONE


def test_every_verb_of_the_model_stands_in_the_table():
    assert {verb for _, verb in MOVES} == set(Verb)


def test_every_state_can_be_reached_and_every_open_state_can_be_left():
    reached = {m.to for m in MOVES.values()} | {m.fails_to for m in MOVES.values()}
    assert set(State) <= reached
    left = {state for (state, _), move in MOVES.items() if move.to not in (None, state)} | {S.SUSPENDED}
    assert left >= OPEN_STATES


def test_every_guard_is_known_and_said():
    asked = {need for move in MOVES.values() for need in move.needs}
    assert asked == set(guards.GUARDS) == set(guards.SAYS)
    assert asked >= guards.STANDING >= guards.ASK_PRACTICE


def test_every_stage_that_begins_has_a_limit():
    stages = {move.stage for move in MOVES.values() if move.stage} | {"arbitrate"}
    assert stages == set(CATALOG.stage_limits)


@given(
    state=st.sampled_from(list(State)),
    verb=st.sampled_from(list(Verb)),
    role=st.sampled_from(list(Role)),
    photos=st.integers(0, 2),
    reason=st.sampled_from([None, "", REASON, "其他"]),
    firing=st.booleans(),
    passed=st.sampled_from([None, True, False]),
    returns=st.integers(0, 3),
)
@settings(max_examples=400)
def test_whatever_is_tried_either_moves_or_is_refused_in_chinese(
    state, verb, role, photos, reason, firing, passed, returns
):
    actor = Actor(6, "某人", role, "cgj", ("441402",))
    case = event(state, returns=returns, suspended_from="handling")
    details = handed(reason=reason, photos=photos, passed=passed, org="cgj", condition=CONDITION, distance_m=10)
    try:
        move = check(case, verb, actor, details, replace(FACTS, sensor_firing=firing))
    except Refused as refused:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in str(refused))
    else:
        assert isinstance(move.to, State)
        assert role in MOVES[state, verb].by


@given(state=st.sampled_from(list(State)), role=st.sampled_from(list(Role)), returns=st.integers(0, 2))
def test_a_verb_that_is_not_offered_is_not_taken(state, role, returns):
    actor = Actor(6, "某人", role, "cgj", ("441402",))
    case = event(state, returns=returns, suspended_from="handling", check_passed=True)
    offered = lifecycle.allowed(case, actor, FACTS)
    generous = handed(
        reason=REASON, note="x", org="cgj", condition=CONDITION, photos=1, distance_m=1, passed=True,
        ratings={"response": 1, "solved": 1, "satisfied": 5}, until=NOW + timedelta(days=1),
    )  # fmt: skip
    for verb in set(Verb) - set(offered):
        with pytest.raises(Refused):
            check(case, verb, actor, generous, FACTS)


def test_the_buttons_of_a_department_are_those_of_its_own_case():
    assert lifecycle.allowed(event(S.DISPATCHED), DEPARTMENT, FACTS) == [V.TAKE, V.RETURN, V.EXTEND, V.NOTE, V.ATTACH]
    assert V.TAKE not in lifecycle.allowed(event(S.DISPATCHED), OTHER_DEPARTMENT, FACTS)


def test_the_administrator_has_no_buttons():
    assert all(lifecycle.allowed(event(state), ADMIN, FACTS) == [] for state in State)


def test_the_diagram_names_every_state_and_no_mark():
    drawn = lifecycle.mermaid(CATALOG.words.of)
    assert all(f"{state.value}: {CATALOG.words.of('state', state)}" in drawn for state in State)
    assert not any(CATALOG.words.of("verb", verb) in drawn for verb in MARKS)
    assert "answered --> handling: 返工 / 核查✗" in drawn


def test_the_written_table_has_a_line_for_every_move():
    written = lifecycle.table(CATALOG.words.of)
    assert written.count("\n") == 2 + sum(verb not in MARKS for _, verb in MOVES) + len(MARKS)
