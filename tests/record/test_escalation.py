"""What time does: ladders climb, limits pass, suspensions end; all by moving `now`, each once, whoever sweeps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from brain.flow.events import acting, escalation
from brain.model import State, Verb
from brain.store import db


def sweep(district, now: datetime) -> int:
    return escalation.sweep(district.conn, district.catalog, now)


def row(district, event):
    return district.conn.execute("SELECT * FROM event WHERE id = %s", [event.id]).fetchone()


def escalations(district, event):
    return [line for line in acting.log_of(district.conn, event.id) if line.verb is Verb.ESCALATE]


@pytest.fixture
def handled(district, urgent):
    """A case in hand under a limit in natural time."""
    return district.until("handling", category=urgent)


@pytest.fixture
def limit(handled):
    return handled.due_at - handled.dispatched_at


def test_nothing_is_due_before_its_time(district, handled, limit):
    assert sweep(district, handled.next_rung_at - timedelta(seconds=1)) == 0
    assert escalations(district, handled) == []


def test_the_ladder_climbs_from_the_handler_to_the_leader_as_time_passes(district, handled, limit):
    reached = []
    for step, (login, who) in enumerate(
        [("cgj", "handler"), ("cgj_chief", "unit_chief"), ("chief", "duty_chief"), ("leader", "duty_leader")]
    ):
        rung = district.catalog.ladder(None)[step]
        assert rung["who"] == who
        told = len(district.notices(login))
        sweep(district, handled.dispatched_at + limit * rung["after_fraction"])
        assert len(district.notices(login)) > told, who
        reached.append(row(district, handled)["rung"])
    assert reached == [1, 2, 3, 4] and row(district, handled)["next_rung_at"] is None
    lines = [line.detail["who"] for line in escalations(district, handled) if "who" in line.detail]
    assert lines == ["handler", "unit_chief", "duty_chief", "duty_leader"]


def test_each_rung_falls_due_on_its_second(district, handled, limit):
    due = handled.dispatched_at + limit * district.catalog.ladder(None)[0]["after_fraction"]
    assert sweep(district, due - timedelta(seconds=1)) == 0
    assert sweep(district, due) == 1


def test_sweeping_again_changes_nothing(district, handled, limit):
    late = handled.due_at + limit
    first = sweep(district, late)
    notices = district.conn.execute("SELECT count(*) AS n FROM notice").fetchone()["n"]
    lines = district.verbs(handled)
    assert first > 0 and sweep(district, late) == 0
    assert district.conn.execute("SELECT count(*) AS n FROM notice").fetchone()["n"] == notices
    assert district.verbs(handled) == lines


def test_after_a_long_standstill_every_rung_is_climbed_and_nobody_is_passed_over(district, handled, limit):
    sweep(district, handled.due_at + limit * 3)
    assert row(district, handled)["rung"] == 4
    assert all(district.notices(login) for login in ("cgj", "cgj_chief", "chief", "leader"))


def test_editing_the_ladder_changes_only_later_promises(district, handled, limit, monkeypatch):
    monkeypatch.setitem(district.catalog.ladders, "default", [{"after_fraction": 9.0, "who": "duty_leader"}])
    sweep(district, handled.dispatched_at + limit / 2)
    assert row(district, handled)["rung"] == 1


def test_an_answer_ends_the_climbing_and_rework_lets_it_go_on(district, handled, limit):
    district.act(handled, Verb.ANSWER, "cgj", here=True)
    sweep(district, district.now + timedelta(minutes=1))
    assert row(district, handled)["rung"] == 0
    waited = timedelta(days=2)
    district.act(handled, Verb.REWORK, "dispatcher", minutes=waited.total_seconds() / 60, reason="照片不清")
    sweep(district, handled.next_rung_at + waited)
    assert row(district, handled)["rung"] == 1


def test_an_overdue_case_is_told_once_for_each_limit_it_was_given(district, handled, limit):
    district.act(handled, Verb.EXTEND, "cgj", reason="配件未到")
    sweep(district, handled.due_at)
    overdue = lambda: [line for line in escalations(district, handled) if line.detail.get("overdue") == "handle"]  # noqa: E731
    assert len(overdue()) == 1
    sweep(district, handled.due_at + timedelta(minutes=5))
    assert len(overdue()) == 1
    district.now = handled.due_at + timedelta(minutes=6)
    extended = district.act(handled, Verb.EXTEND, "dispatcher", reason="同意")
    sweep(district, extended.due_at)
    assert len(overdue()) == 2


def test_a_post_that_lets_its_limit_pass_is_told_once(district):
    event = district.report()
    sweep(district, event.stage_due_at - timedelta(seconds=1))
    assert escalations(district, event) == []
    sweep(district, event.stage_due_at)
    sweep(district, event.stage_due_at + timedelta(hours=1))
    assert [line.detail["overdue"] for line in escalations(district, event)] == ["stage"]
    assert district.notices("acceptor")[-1] == "本环节已超时：暴露垃圾"
    district.now = event.stage_due_at
    accepted = district.act(event, Verb.ACCEPT, "acceptor")
    sweep(district, accepted.stage_due_at)
    assert len(escalations(district, event)) == 2


def test_a_suspended_case_rests_and_resumes_by_itself_at_its_end(district, handled, limit):
    until = district.now + timedelta(days=30)
    district.act(handled, Verb.SUSPEND, "chief", reason="待管网改造", until=until)
    sweep(district, until - timedelta(seconds=1))
    assert row(district, handled)["state"] == "suspended" and row(district, handled)["rung"] == 0
    sweep(district, until)
    after = acting.get(district.conn, handled.id)
    assert after.state is State.HANDLING and after.due_at - until == handled.due_at - district.now
    last = acting.log_of(district.conn, handled.id)[-1]
    assert (last.verb, last.role, last.actor_name) == (Verb.RESUME, "clock", "时限引擎")


def test_a_part_of_a_joint_case_that_is_late_is_told_once(district, handled):
    district.act(handled, Verb.JOIN, "dispatcher", org="swj", note="关闸")
    due = acting.parts_of(district.conn, handled.id)[0]["due_at"]
    for minutes in (0, 5):
        sweep(district, due + timedelta(minutes=minutes))
    assert district.notices("swj").count("联动处置已超期：暴露垃圾") == 1


def test_a_rung_by_minutes_counts_from_the_post_it_stands_at(district, monkeypatch):
    monkeypatch.setitem(district.catalog.ladders, "default", [{"after_min": 20.0, "who": "duty_chief"}])
    event = district.until("registered")
    district.act(event, Verb.DISPATCH, "dispatcher", minutes=15, org="cgj")
    assert sweep(district, district.now + timedelta(minutes=19)) == 0
    sweep(district, district.now + timedelta(minutes=20))
    assert len([n for n in district.notices("chief") if "暴露垃圾" in n]) == 1


def test_two_sweepers_at_once_do_each_row_once(district, urgent, db_url):
    cases = [district.until("handling", category=urgent) for _ in range(12)]
    late = max(c.due_at for c in cases) + timedelta(days=3)

    def run(_):
        with db.connect(db_url) as own:
            return escalation.sweep(own, district.catalog, late)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    assert all(row(district, c)["rung"] == 4 for c in cases)
    assert all(len(escalations(district, c)) == 5 for c in cases)  # four rungs and the limit itself
    assert acting.verify_log(district.conn) is None


def test_what_the_clock_writes_is_chained_like_any_line(district, handled, limit):
    sweep(district, handled.due_at + limit)
    assert acting.verify_log(district.conn) is None
    assert row(district, handled)["version"] == len(acting.log_of(district.conn, handled.id))
