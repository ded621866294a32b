"""The monthly report against a month that was counted by hand, and the promise that an issued one never changes.

The month is August 2026; its cases are lived through the ordinary verbs. 暴露垃圾 has 4 工作时, so a case dispatched at
09:03 is due at 15:03 (12:00–14:00 is no working time).
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import psycopg
import pytest

from brain.flow.events import acting
from brain.model import Refused, Verb
from brain.report import drill_down, snapshot, text
from brain.report.conclusions import bursts, plain
from brain.store import db
from tests.databases import drop, seal
from tests.record.conftest import District

BEIJING = timezone(timedelta(hours=8))
CUT = datetime(2026, 9, 2, 8, 0, tzinfo=BEIJING)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 8, day, hour, minute, tzinfo=BEIJING)


class Month:
    """Cases of one drawn district, each lived by hand; `made` are their numbers by letter."""

    def __init__(self, district):
        self.district, self.made = district, {}

    def begin(self, letter: str, when: datetime, state: str = "dispatched", **more):
        self.district.now = when
        self.made[letter] = self.district.until(state, **more).id
        return self.made[letter]

    def do(self, letter: str, verb: Verb, login: str, when: datetime, **given):
        here = verb in (Verb.ANSWER, Verb.CHECK)
        self.district.now = when
        return self.district.act(self.made[letter], verb, login, here=here, **given)

    def handle(self, letter: str, answered: datetime, closed: datetime | None = None):
        self.do(letter, Verb.TAKE, "cgj", answered - timedelta(minutes=30))
        self.do(letter, Verb.ANSWER, "cgj", answered)
        if closed:
            self.close(letter, closed)

    def close(self, letter: str, closed: datetime):
        event = acting.get(self.district.conn, self.made[letter])
        self.do(letter, Verb.CHECK, self.district.checker(event), closed - timedelta(minutes=10), passed=True)
        self.do(letter, Verb.CLOSE, "acceptor", closed, condition=self.district.catalog.close_conditions[0])


def live(district) -> dict[str, str]:
    """Nine cases of August 2026 (Monday the 3rd to Monday the 31st), one of each fate; their numbers by letter."""
    m = Month(district)
    reasons = district.catalog
    # A: due 3rd 15:03, answered 11:00, closed: on time
    m.begin("A", at(3, 9))
    m.handle("A", at(3, 11), at(3, 12))
    # B: due 4th 15:03, answered 16:00: late by 57 minutes
    m.begin("B", at(4, 9))
    m.handle("B", at(4, 16), at(4, 17))
    # D: declined
    m.begin("D", at(5, 9), "reported")
    m.do("D", Verb.DECLINE, "acceptor", at(5, 9, 5), reason=reasons.decline_reasons[0])
    # E: returned as not ours, dispatched again, answered on time
    m.begin("E", at(6, 9))
    m.do("E", Verb.RETURN, "cgj", at(6, 9, 20), reason=reasons.return_reasons[0])
    m.do("E", Verb.DISPATCH, "dispatcher", at(6, 9, 30), org="cgj")
    m.handle("E", at(6, 14, 30), at(6, 16))
    # F: reworked once, answered again in time
    m.begin("F", at(7, 9))
    m.handle("F", at(7, 10))
    m.do("F", Verb.REWORK, "dispatcher", at(7, 10, 30), reason="清理不彻底")
    m.do("F", Verb.ANSWER, "cgj", at(7, 11))
    m.close("F", at(7, 12))
    # H: void after acceptance; I: suspended over the end of the month
    m.begin("H", at(10, 9), "accepted")
    m.do("H", Verb.VOID, "chief", at(10, 10), reason="重复")
    m.begin("I", at(11, 9))
    m.do("I", Verb.SUSPEND, "chief", at(11, 10), reason="待管网改造", until=at(31, 9) + timedelta(days=40))
    # C: due 31st 15:03, never answered: overdue; G: due only in September
    m.begin("C", at(31, 9))
    m.begin("G", at(31, 17))
    # R: an August case of the public, rated by telephone in August
    m.begin("R", at(12, 9))
    m.handle("R", at(12, 10), at(12, 11))
    m.do("R", Verb.RATE, "operator", at(13, 9), ratings={"response": 1, "solved": 1, "satisfied": 4})
    return m.made


@pytest.fixture(scope="module")
def august_template(server, superuser, peopled_template, catalog, now):
    """A template of the drawn district after August, and the numbers of its cases."""
    name, (peopled, drawn) = "august_template", peopled_template
    superuser.execute(f"CREATE DATABASE {name} TEMPLATE {peopled} STRATEGY file_copy")
    with db.connect(server.url(name), name="tests") as conn:
        made = live(District(conn, catalog, now, dict(drawn.who)))
    seal(superuser, name)
    yield name, made
    drop(superuser, name)


@pytest.fixture
def cloned_from(request, cloned_from):
    return request.getfixturevalue("august_template")[0] if "august" in request.fixturenames else cloned_from


@pytest.fixture
def august(district, august_template) -> Month:
    """What `live` tells, and the clock at the time at which August is counted."""
    m = Month(district)
    m.made = dict(august_template[1])
    district.now = CUT
    return m


@pytest.fixture
def built(august, catalog):
    return snapshot.build(august.district.conn, catalog, "2026-08", CUT)


def figures(made) -> dict:
    return {r["key"]: r for r in made["kpis"]}


# By hand ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("key", "top", "bottom", "printed"),
    [
        ("reported", 10, None, "10"),  # A B C D E F G H I R
        ("registered", 8, None, "8"),  # all but D (declined) and H (void)
        ("valid_report_rate", 8, 10, "80.0"),
        ("register_rate", 8, 8, "100.0"),
        ("handle_due", 6, None, "6"),  # A B C E F R; G falls due in September, I is suspended
        ("handle_rate", 5, 6, "83.3"),  # all but C
        ("on_time_handle_rate", 4, 6, "66.7"),  # A E F R
        ("overdue_unhandled_rate", 1, 6, "16.7"),  # C
        ("rework_rate", 1, 6, "16.7"),  # F, once
        ("return_rate", 1, 8, "12.5"),  # E
        ("accurate_dispatch_rate", 7, 8, "87.5"),
        ("close_rate", 5, 6, "83.3"),
        ("on_time_close_rate", 4, 6, "66.7"),
        ("extend_rate", 0, 6, "0.0"),
        ("unclosed_rate", 3, 10, "30.0"),  # C G I
        ("satisfied_rate", 1, 1, "100.0"),
        ("on_time_register_rate", 8, 8, "100.0"),
        ("on_time_dispatch_rate", 8, 8, "100.0"),
    ],
)
def test_an_indicator_equals_the_count_made_by_hand(built, key, top, bottom, printed):
    row = figures(built)[key]
    assert (row["top"], row["bottom"], row["text"]) == (top, bottom, printed)


def test_the_mean_time_is_counted_on_the_clock_of_the_limit(built):
    # A 1 h 57, B 4 h 57 (09:03–12:00, 14:00–16:00), E 3 h 27, R 0 h 57; F 0 h 57 and, after the rework, 30 minutes.
    hours = (117 + 297 + 207 + 57 + 57 + 30) / 60 / 5
    assert figures(built)["mean_handle_time"]["value"] == pytest.approx(hours, abs=0.02)


def test_the_overdue_list_says_how_late_and_puts_the_open_ones_first(built, august):
    rows = built["overdue"]["rows"]
    assert [r["id"] for r in rows] == [august.made["C"], august.made["B"]]
    assert [(r["open"], r["late_text"]) for r in rows] == [(True, "8 小时 57 分"), (False, "57 分")]
    assert (built["overdue"]["total"], built["overdue"]["open"], built["overdue"]["backlog"]) == (2, 1, 1)


def test_an_open_overdue_case_of_last_month_stays_on_the_list_of_this_one(august, catalog):
    cut = datetime(2026, 10, 2, 8, 0, tzinfo=BEIJING)
    made = snapshot.build(august.district.conn, catalog, "2026-09", cut)
    assert figures(made)["handle_due"]["value"] == 1  # G, due on 1 September
    assert made["overdue"]["backlog"] == 2 and {r["id"] for r in made["overdue"]["rows"]} == {
        august.made["C"],
        august.made["G"],
    }


def test_what_happens_after_the_month_does_not_change_its_numbers(built, august, catalog):
    august.handle("C", CUT + timedelta(hours=1), CUT + timedelta(hours=2))
    later = snapshot.build(august.district.conn, catalog, "2026-08", CUT + timedelta(days=1))
    assert [r["text"] for r in later["kpis"]] == [r["text"] for r in built["kpis"]]


def test_a_case_finished_early_is_not_counted_again_when_it_falls_due(august, catalog):
    august.handle("G", at(31, 17, 50))
    august_now = snapshot.build(august.district.conn, catalog, "2026-08", CUT)
    september = snapshot.build(august.district.conn, catalog, "2026-09", datetime(2026, 10, 2, tzinfo=BEIJING))
    assert figures(august_now)["handle_due"]["value"] == 7 and figures(september)["handle_due"]["value"] == 0


def test_every_number_leads_to_as_many_cases(built):
    for row in built["kpis"]:
        if row["top"] is not None and row["unit"] in ("件", "%"):
            assert drill_down.count(built, row["e"]) == row["top"], row["key"]
        if row["e_base"] and row["key"] != "register_rate":
            assert drill_down.count(built, row["e_base"]) == row["bottom"], row["key"]


def test_the_parts_of_each_table_add_up_to_the_whole(built):
    for name in ("towns", "departments"):
        for count in ("registered", "handle_due", "handled_on_time", "overdue_unhandled", "closed", "reworked"):
            assert sum(r[count] for r in built[name]["rows"]) == built[name]["total"][count], (name, count)
    assert sum(r["n"] for r in built["categories"]["rows"]) == figures(built)["registered"]["value"]
    assert sum(r["n"] for r in built["sources"]["rows"]) == figures(built)["reported"]["value"]
    assert sum(d["n"] for d in built["daily"]["days"]) == figures(built)["reported"]["value"]


def test_a_unit_with_fewer_than_ten_cases_is_not_ranked(built):
    (row,) = [r for r in built["towns"]["rows"] if r["handle_due"]]
    assert row["handle_due"] == 6 and row["rank"] is None and row["rank_text"] == "不参与排名"
    assert row["on_time_text"] == text.DASH


def test_last_months_change_over_a_small_base_is_told_in_cases(august, catalog):
    made = snapshot.build(august.district.conn, catalog, "2026-09", datetime(2026, 10, 2, tzinfo=BEIJING))
    assert figures(made)["registered"]["mom"] == "由 8 件减至 0 件"


def test_repeat_places_are_found_within_fifty_metres_and_thirty_days(district, catalog):
    lng, lat = district.at("A")
    for day, north in ((3, 0.0), (10, 0.0003), (20, -0.0003), (28, 0.001)):  # 0, 33, 33 and 111 m away
        district.now = at(day, 9)
        district.report(lng=lng, lat=lat + north)
    made = snapshot.build(district.conn, catalog, "2026-08", CUT)
    (place,) = made["repeats"]["rows"]
    assert place["times"] == 3 and drill_down.count(made, place["e"]) == 3


def test_three_times_in_more_than_thirty_days_is_no_repeat_place(district, catalog):
    for when in (at(1, 9), at(20, 9), at(31, 10)):
        district.now = when
        district.report()
    assert snapshot.build(district.conn, catalog, "2026-08", CUT)["repeats"]["rows"] == []


# Empty ----------------------------------------------------------------------------------------------------------------
def test_a_zero_denominator_is_a_dash_and_never_a_rate(conn, catalog):
    made = snapshot.build(conn, catalog, "2026-08", CUT)
    for row in made["kpis"]:
        assert row["text"] == ("0" if row["unit"] == "件" else text.DASH), row["key"]
        assert row["mom"] == row["yoy"] == text.DASH


def test_an_empty_month_still_has_five_sentences(conn, catalog):
    made = snapshot.build(conn, catalog, "2026-08", CUT)
    words = [plain(c["parts"]) for c in made["conclusions"]]
    assert len(words) == 5 and all(w.endswith("。") for w in words)


def test_a_month_that_has_not_begun_is_refused_in_a_sentence(conn, catalog):
    with pytest.raises(ValueError, match="还没有开始"):
        snapshot.build(conn, catalog, "2026-10", CUT)


@pytest.mark.parametrize("bad", ["2026-13", "202608", "八月", "2026-8", ""])
def test_a_month_written_wrongly_is_refused_in_a_sentence(conn, catalog, bad):
    with pytest.raises(ValueError, match="年-月"):
        snapshot.build(conn, catalog, bad, CUT)


def test_an_unfinished_month_is_compared_with_the_same_days_of_last_month(august, catalog):
    cut = datetime(2026, 9, 5, 12, 0, tzinfo=BEIJING)
    made = snapshot.build(august.district.conn, catalog, "2026-09", cut)
    assert made["partial"] and made["windows"]["last"]["until"] == at(5, 12).isoformat()
    assert figures(made)["reported"]["last"] == 3  # A, B and D until the 5th at noon


# Frozen ---------------------------------------------------------------------------------------------------------------
def test_a_frozen_report_does_not_change_when_the_record_does(built, august, catalog):
    conn = august.district.conn
    assert snapshot.freeze(conn, built, "值班长", CUT) == 1
    august.begin("late", at(20, 9))  # late data: a case of August that was not there before
    shown = snapshot.current(conn, catalog, "2026-08", CUT + timedelta(days=9))
    assert shown == built and figures(shown)["reported"]["value"] == 10


def test_late_data_appear_as_a_restatement_that_says_what_it_changes(built, august, catalog):
    conn = august.district.conn
    snapshot.freeze(conn, built, "值班长", CUT)
    august.begin("late", at(20, 9))
    again = snapshot.build(conn, catalog, "2026-08", CUT + timedelta(days=1))
    assert snapshot.freeze(conn, again, "值班长", CUT + timedelta(days=1)) == 2
    changed = {r["key"]: (r["before"], r["after"]) for r in again["restates"]}
    assert changed["reported"] == ("10", "11")
    assert snapshot.frozen(conn, "2026-08", 1) == built and snapshot.frozen(conn, "2026-08")["version"] == 2


def test_a_month_is_not_issued_twice_from_the_same_data(built, august, catalog):
    conn = august.district.conn
    snapshot.freeze(conn, built, "值班长", CUT)
    with pytest.raises(Refused, match="不用更正"):
        snapshot.freeze(conn, snapshot.build(conn, catalog, "2026-08", CUT), "值班长", CUT)


def test_a_month_that_runs_on_cannot_be_issued(august, catalog):
    made = snapshot.build(august.district.conn, catalog, "2026-09", CUT)
    with pytest.raises(Refused, match="还没有结束"):
        snapshot.freeze(august.district.conn, made, "值班长", CUT)


def test_two_who_issue_at_once_make_one_version(built, august, db_url):
    conn = august.district.conn
    with db.connect(db_url, name="tests") as other, conn.transaction():
        snapshot.freeze(conn, dict(built), "甲", CUT)
        other.execute("SET lock_timeout = '300ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            snapshot.freeze(other, dict(built), "乙", CUT)
    assert [v["version"] for v in snapshot.versions(conn, "2026-08")] == [1]


# Words ----------------------------------------------------------------------------------------------------------------
def test_a_day_stands_out_only_against_eight_complete_weeks():
    start = at(3, 0).date()
    quiet = {start - timedelta(days=n): 5 + n % 2 for n in range(1, 70)}
    days = quiet | {start: 14, start + timedelta(days=1): 6}
    found = bursts(days, start, start + timedelta(days=2), weeks=8, sigma=2)
    assert [d["n"] for d in found] == [14]
    young = {start - timedelta(days=n): 5 for n in range(1, 30)} | {start: 14}
    assert bursts(young, start, start + timedelta(days=1), weeks=8, sigma=2) == []


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "—"), (0.9686, "96.9"), (1.0, "100.0"), (0.0, "0.0"), (-0.00001, "0.0")]
)
def test_a_rate_is_printed_with_one_decimal_or_a_dash(value, shown):
    assert text.rate(value) == shown


def test_large_counts_are_grouped_without_a_place_to_break():
    assert text.count(1491) == "1\u202f491" and text.count(71) == "71"
