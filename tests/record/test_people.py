"""Accounts, passwords, sessions, audit: GB/T 22239-2019 level 3, 8.1.4.1 and 8.1.4.3, through the database."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from brain.identity import accounts, people, rosters, sessions
from brain.model import Refused, Role
from brain.notify import notices
from brain.settings import Settings
from brain.store import db

GOOD, OTHER = "Mei-jiang-2026", "Xi-yang-2027"


@pytest.fixture
def person(conn, now):
    return accounts.create(conn, login="acceptor9", name="李受理", role=Role.ACCEPTOR, password=GOOD, now=now, must_change=False)


def refused(code: str, call, *args, **kw) -> str:
    with pytest.raises(Refused) as caught:
        call(*args, **kw)
    assert caught.value.code == code
    return str(caught.value)


def test_the_right_password_logs_in_and_a_wrong_one_does_not(conn, person, now):
    assert sessions.authenticate(conn, "acceptor9", GOOD, now) == person
    assert "不正确" in refused("login", sessions.authenticate, conn, "acceptor9", "wrong", now)


def test_an_unknown_login_is_answered_like_a_wrong_password(conn, person, now):
    unknown = refused("login", sessions.authenticate, conn, "nobody", GOOD, now)
    assert unknown == refused("login", sessions.authenticate, conn, "acceptor9", "wrong", now)


def test_what_was_typed_for_an_unknown_account_is_not_written_down(conn, now):
    refused("login", sessions.authenticate, conn, "My-Password-1", "x", now)
    row = conn.execute("SELECT * FROM audit").fetchone()
    assert not row["ok"] and "My-Password-1" not in str(row)


def test_from_the_fifth_failure_on_each_attempt_waits_twice_as_long_even_for_the_right_password(conn, person, now):
    for _ in range(5):
        refused("login", sessions.authenticate, conn, "acceptor9", "wrong", now)
    assert "30 秒" in refused("wait", sessions.authenticate, conn, "acceptor9", GOOD, now)
    later = now + timedelta(seconds=30)
    refused("login", sessions.authenticate, conn, "acceptor9", "wrong", later)
    assert "1 分钟" in refused("wait", sessions.authenticate, conn, "acceptor9", GOOD, later)
    refused("wait", sessions.authenticate, conn, "acceptor9", GOOD, later + timedelta(seconds=59))
    assert sessions.authenticate(conn, "acceptor9", GOOD, later + timedelta(seconds=60)).id == person.id


def test_a_day_after_the_last_failure_the_count_starts_anew(conn, person, now):
    for _ in range(5):
        refused("login", sessions.authenticate, conn, "acceptor9", "wrong", now)
    later = now + timedelta(hours=24, minutes=1)
    for _ in range(4):
        refused("login", sessions.authenticate, conn, "acceptor9", "wrong", later)
    assert sessions.authenticate(conn, "acceptor9", GOOD, later).id == person.id


def test_a_success_forgets_earlier_failures(conn, person, now):
    for _ in range(4):
        refused("login", sessions.authenticate, conn, "acceptor9", "wrong", now)
    sessions.authenticate(conn, "acceptor9", GOOD, now)
    refused("login", sessions.authenticate, conn, "acceptor9", "wrong", now)


def test_guesses_side_by_side_do_not_get_more_than_five_tries(db_url, conn, person, now):
    def guess(k):
        with db.connect(db_url) as own:
            try:
                sessions.authenticate(own, "acceptor9", f"guess{k}", now)
            except Refused as err:
                return err.code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(guess, range(16)))
    refused("wait", sessions.authenticate, conn, "acceptor9", GOOD, now)
    assert sorted(codes) == ["login"] * 5 + ["wait"] * 11


def test_an_administrator_lifts_the_wait(conn, person, now):
    for _ in range(5):
        with pytest.raises(Refused):
            sessions.authenticate(conn, "acceptor9", "wrong", now)
    admin = accounts.create(conn, login="admin9", name="管理员", role=Role.ADMIN, now=now)
    accounts.unlock(conn, person.id, now, by=admin)
    assert sessions.authenticate(conn, "acceptor9", GOOD, now).id == person.id


def test_every_attempt_leaves_an_audit_line(conn, person, now):
    sessions.authenticate(conn, "acceptor9", GOOD, now, "10.0.0.7")
    refused("login", sessions.authenticate, conn, "acceptor9", "wrong", now, "10.0.0.8")
    rows = conn.execute("SELECT ok, ip, actor FROM audit WHERE action = 'login' ORDER BY id").fetchall()
    assert [(r["ok"], r["ip"], r["actor"]) for r in rows] == [(True, "10.0.0.7", "李受理"), (False, "10.0.0.8", "李受理")]


def test_audit_lines_can_be_neither_changed_nor_deleted(conn, person):
    for statement in ("UPDATE audit SET ok = true", "DELETE FROM audit"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(statement)


def test_passwords_are_kept_as_argon2id_only(conn, person):
    row = conn.execute("SELECT password_hash FROM person WHERE id = %s", [person.id]).fetchone()
    assert row["password_hash"].startswith("$argon2id$")


@pytest.mark.parametrize(
    ("password", "role"),
    [("Ab1-xyz", Role.WORKER), ("abcdefgh1", Role.WORKER), ("Abc-1234567", Role.ADMIN), ("Wg-001-xyz", Role.WORKER)],
)
def test_a_weak_password_is_refused_with_what_is_missing(conn, now, password, role):
    refused("password", accounts.create, conn, login="wg-001", name="甲", role=role, password=password, now=now)


def test_the_last_five_passwords_may_not_come_back(conn, person, now):
    for k in range(4):
        accounts.set_password(conn, person.id, f"{OTHER}{k}", now=now + timedelta(days=k))
    refused("password", accounts.set_password, conn, person.id, GOOD, now=now + timedelta(days=5))
    accounts.set_password(conn, person.id, f"{OTHER}9", now=now + timedelta(days=6))
    accounts.set_password(conn, person.id, GOOD, now=now + timedelta(days=7))


def test_a_password_older_than_ninety_days_must_be_changed(conn, person, now):
    assert not sessions.authenticate(conn, "acceptor9", GOOD, now + timedelta(days=89)).must_change
    assert sessions.authenticate(conn, "acceptor9", GOOD, now + timedelta(days=91)).must_change


def test_changing_ones_password_asks_for_the_old_one_and_clears_must_change(conn, person, now):
    accounts.set_password(conn, "acceptor9", OTHER, now=now, must_change=True)
    assert sessions.authenticate(conn, "acceptor9", OTHER, now).must_change
    refused("login", sessions.change_password, conn, person, "wrong", GOOD + "x", now)
    assert not sessions.change_password(conn, person, OTHER, GOOD + "x", now).must_change


def test_a_session_is_found_by_its_token_and_only_its_digest_is_stored(conn, person, now):
    token = sessions.open_session(conn, person, now, Settings(), ip="10.0.0.7")
    row = conn.execute("SELECT token_hash FROM session").fetchone()
    assert bytes(row["token_hash"]) == hashlib.sha256(token.encode()).digest()
    assert sessions.session_person(conn, token, now, Settings()) == person
    assert sessions.session_person(conn, token + "x", now, Settings()) is None
    assert sessions.session_person(conn, None, now, Settings()) is None


def test_a_session_ends_after_half_an_hour_of_silence_but_use_prolongs_it(conn, person, now):
    settings = Settings()
    token = sessions.open_session(conn, person, now, settings)
    assert sessions.session_person(conn, token, now + timedelta(minutes=29), settings)
    assert sessions.session_person(conn, token, now + timedelta(minutes=58), settings)
    assert sessions.session_person(conn, token, now + timedelta(minutes=89), settings) is None
    assert sessions.session_person(conn, token, now + timedelta(minutes=58), settings) is None


def test_a_session_ends_after_twelve_hours_in_any_case(conn, person, now):
    settings, token = Settings(), sessions.open_session(conn, person, now, Settings())
    for minutes in range(20, 12 * 60, 20):
        assert sessions.session_person(conn, token, now + timedelta(minutes=minutes), settings)
    assert sessions.session_person(conn, token, now + timedelta(hours=12), settings) is None


def test_logging_out_ends_the_session_and_is_audited(conn, person, now):
    token = sessions.open_session(conn, person, now, Settings())
    sessions.close_session(conn, token, now)
    assert sessions.session_person(conn, token, now, Settings()) is None
    assert conn.execute("SELECT count(*) AS n FROM audit WHERE action = 'logout'").fetchone()["n"] == 1


def test_a_new_password_ends_the_other_sessions(conn, person, now):
    mine, other = (sessions.open_session(conn, person, now, Settings()) for _ in range(2))
    accounts.set_password(conn, person.id, OTHER, now=now, keep_session=mine)
    assert sessions.session_person(conn, mine, now, Settings())
    assert sessions.session_person(conn, other, now, Settings()) is None


def test_new_rights_or_switching_off_end_a_persons_sessions(conn, person, now):
    admin = accounts.create(conn, login="admin9", name="管理员", role=Role.ADMIN, now=now)
    token = sessions.open_session(conn, person, now, Settings())
    accounts.update(conn, person.id, now, by=admin, role=Role.DISPATCHER)
    assert sessions.session_person(conn, token, now, Settings()) is None
    token = sessions.open_session(conn, person, now, Settings())
    accounts.update(conn, person.id, now, by=admin, active=False)
    assert sessions.session_person(conn, token, now, Settings()) is None
    refused("login", sessions.authenticate, conn, "acceptor9", GOOD, now)


def test_a_change_of_rights_is_audited_with_before_and_after_but_without_the_phone(conn, person, now):
    admin = accounts.create(conn, login="admin9", name="管理员", role=Role.ADMIN, now=now)
    accounts.update(conn, person.id, now, by=admin, places=["441402103"], phone="13800001234")
    row = conn.execute("SELECT detail FROM audit WHERE action = 'person_update'").fetchone()
    assert row["detail"]["change"] == {"places": [[], ["441402103"]]}


def test_a_login_is_given_once_and_the_engines_roles_never(conn, person, now):
    refused("login", accounts.create, conn, login="acceptor9", name="又一人", role=Role.WORKER, now=now)
    refused("role", accounts.create, conn, login="robot", name="机器", role=Role.CLOCK, now=now)
    refused("places", accounts.create, conn, login="far", name="远", role=Role.WORKER, places=["44"], now=now)
    refused("unknown", accounts.create, conn, login="orgless", name="无", role=Role.WORKER, org="nix", now=now)


def test_lists_show_phones_masked(conn, now):
    accounts.create(conn, login="wg9", name="王网格", role=Role.WORKER, phone="13812341234", now=now)
    assert [p["phone"] for p in people.listed(conn)] == ["138****1234"]
    assert people.mask_phone("0753-2196123") == "0753****6123"
    assert people.mask_phone("110") == "*10"


def test_a_worker_without_places_of_his_own_acts_in_his_grid(conn, now):
    conn.execute("INSERT INTO place (code, kind, name) VALUES ('441402103200001', 'grid', '一格')")
    worker = accounts.create(conn, login="wg9", name="王网格", role=Role.WORKER, grid="441402103200001", now=now)
    assert people.actor_of(worker).places == ("441402103200001",)


def test_only_who_is_on_the_roster_this_hour_is_on_duty(conn, person, now):
    conn.execute("INSERT INTO org (code, name, short, kind) VALUES ('swj', '区水务局', '水务', 'department')")
    shift = {"org": "swj", "person_id": person.id, "duty": "desk", "by": person, "now": now}
    rosters.put_on_duty(conn, starts=now, ends=now + timedelta(hours=8), **shift)
    assert [p.id for p in rosters.on_duty(conn, "swj", ["desk"], now)] == [person.id]
    assert rosters.on_duty(conn, "swj", ["desk"], now + timedelta(hours=8)) == []
    assert rosters.on_duty(conn, "swj", ["chief"], now) == []
    refused("duty", rosters.put_on_duty, conn, starts=now, ends=now, **shift)


def test_the_same_occasion_never_reaches_the_same_person_twice(conn, person, now):
    first = notices.write(conn, person.id, now=now, kind="remind", words="请处理", once="x")
    again = notices.write(conn, [person.id, None], now=now, kind="remind", words="请处理", once="x")
    assert len(first) == 1 and again == []
    assert [n["words"] for n in notices.unread(conn, person.id)] == ["请处理"]
    assert notices.read(conn, person.id, now) == 1 and notices.unread(conn, person.id) == []
