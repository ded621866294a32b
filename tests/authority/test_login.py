"""Log-in: guessing is slowed without locking anybody out, nothing tells which accounts there are, sessions are the person's own."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from brain import catalog as catalogs
from brain.commands import users
from brain.engine.duties import close_idle, forget_brakes
from brain.identity import accounts, brakes, passwords, pinyin, sessions
from brain.model import Refused, Role
from brain.settings import Settings
from brain.store import db
from brain.web.door import devices
from tests.authority.running import running

GOOD, OTHER, SECRET = "Xi-yang-2027", "Mei-jiang-2026", "s" * 48


@pytest.fixture
def person(conn, now):
    return accounts.create(conn, login="acceptor9", name="李受理", role=Role.ACCEPTOR, password=GOOD, now=now, must_change=False)


@pytest.fixture
def quickly(monkeypatch):
    """Passwords are hashed at the lowest cost, for tests that try hundreds; what the cost is, has tests of its own."""
    lowest = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    for module in (passwords, sessions):
        monkeypatch.setattr(module, "HASHER", lowest)
    passwords.nobody.cache_clear()
    yield
    passwords.nobody.cache_clear()


def code(call, *args, **named) -> str:
    try:
        call(*args, **named)
    except Refused as err:
        return err.code
    return "in"


def attempt(conn, now, password="wrong", login="acceptor9", ip="203.0.113.9", device=None) -> str:
    return code(sessions.authenticate, conn, login, password, now, ip, device=device, secret=SECRET)


# Waiting --------------------------------------------------------------------------------------------------------------
def test_a_stranger_who_guesses_from_many_addresses_does_not_keep_a_known_device_out(quickly, conn, person, now):
    for k in range(40):
        attempt(conn, now, ip=f"198.51.100.{k}")
    assert attempt(conn, now, GOOD, ip="192.0.2.1") == "wait"
    assert attempt(conn, now, GOOD, ip="192.0.2.1", device="0123456789abcdef") == "in"


def test_a_known_device_guesses_no_more_freely_than_a_stranger(quickly, conn, person, now):
    codes = [attempt(conn, now, device="0123456789abcdef") for _ in range(6)]
    assert codes == ["login"] * 5 + ["wait"]
    assert attempt(conn, now, GOOD) == "in"


def test_one_address_that_tries_many_accounts_is_slowed_as_well(quickly, conn, person, now):
    codes = [attempt(conn, now, login=f"user{k}") for k in range(40)]
    assert codes == ["login"] * 30 + ["wait"] * 10
    assert attempt(conn, now, GOOD) == "wait"
    assert attempt(conn, now, GOOD, ip="203.0.113.10") == "in"


def test_addresses_of_one_ipv6_line_count_as_one(quickly, conn, person, now):
    codes = [attempt(conn, now, login=f"user{k}", ip=f"2001:db8:1:2::{k:x}") for k in range(31)]
    assert codes[-1] == "wait"
    assert attempt(conn, now, GOOD, ip="2001:db8:1:3::1") == "in"


def test_success_gives_an_address_its_attempt_back(quickly, conn, person, now):
    for _ in range(100):
        assert attempt(conn, now, GOOD) == "in"
    row = conn.execute("SELECT failed FROM login_brake WHERE key = 'net:203.0.113.9/32'").fetchone()
    assert row["failed"] == 0


def test_guesses_are_bounded_whoever_waits_how_he_likes(quickly, conn, person, now):
    """Whoever tries whenever he may gets as many tries a day as security.toml says."""
    at, tries = now, 0
    while at < now + timedelta(days=1):
        try:
            sessions.authenticate(conn, "acceptor9", "wrong", at, "", secret=SECRET)
        except brakes.Wait as wait:
            at += timedelta(seconds=wait.seconds)
        except Refused:
            tries += 1
    assert tries <= 58


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=40))
def test_the_wait_never_shrinks_while_failures_go_on(waits):
    rule = catalogs.load().security.brakes.account
    seconds = [min(rule.first_s * 2 ** max(n - rule.free, 0), rule.longest_s) for n in range(rule.free, rule.free + len(waits))]
    assert seconds == sorted(seconds) and seconds[-1] <= rule.longest_s


def test_what_is_kept_of_an_unknown_login_does_not_tell_it(conn, now):
    attempt(conn, now, login="My-Password-1")
    keys = [r["key"] for r in conn.execute("SELECT key FROM login_brake")]
    assert any(k.startswith("login:") for k in keys) and not any("my-password" in k.lower() for k in keys)


def test_an_unknown_account_answers_and_waits_like_a_known_one(quickly, conn, person, now):
    known = [attempt(conn, now, ip="") for _ in range(7)]
    unknown = [attempt(conn, now, login="nobody9", ip="") for _ in range(7)]
    assert known == unknown == ["login"] * 5 + ["wait"] * 2


@pytest.mark.alone
def test_an_unknown_account_takes_as_long_as_a_known_one(conn, person, now):
    def took(login: str, k: int) -> float:
        began = time.perf_counter()
        attempt(conn, now + timedelta(days=2 * k), login=login, ip="")
        return time.perf_counter() - began

    times = {login: statistics.median(took(login, k) for k in range(1, 10)) for login in ("acceptor9", "nobody9")}
    assert 0.5 < times["nobody9"] / times["acceptor9"] < 2


def test_a_password_costs_a_guesser_what_rfc_9106_recommends():
    """The second recommended option of RFC 9106, section 4: 64 MiB, three passes, four lanes."""
    assert passwords.hash_password(GOOD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.nobody().startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_somebody_logged_in_changes_his_password_whatever_strangers_try(quickly, conn, person, now):
    token = sessions.open_session(conn, person, now, Settings())
    for _ in range(6):
        attempt(conn, now)
    assert attempt(conn, now, GOOD) == "wait"
    sessions.change_password(conn, person, GOOD, OTHER, now, keep_session=token)
    assert sessions.session_person(conn, token, now, Settings())


# The mark of a device -------------------------------------------------------------------------------------------------
RULES = catalogs.load().security.devices


def test_a_device_is_known_for_the_accounts_that_logged_in_on_it_only(now):
    cookie = devices.marked(None, "swj1", SECRET, RULES, now)
    cookie = devices.marked(cookie, "cgj1", SECRET, RULES, now)
    assert devices.known(cookie, "swj1", SECRET, RULES, now) and devices.known(cookie, "cgj1", SECRET, RULES, now)
    assert devices.known(cookie, "admin1", SECRET, RULES, now) is None
    assert devices.known(cookie, "swj1", "t" * 48, RULES, now) is None
    assert devices.known(cookie, "swj1", SECRET, RULES, now + timedelta(days=RULES.days + 1)) is None
    assert "swj1" not in cookie


@given(st.text(max_size=300))
def test_no_cookie_of_a_strangers_own_making_is_believed(cookie):
    assert devices.known(cookie, "swj1", SECRET, RULES, datetime(2026, 9, 3, tzinfo=UTC)) is None


# Passwords ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("password", ["P@ssw0rd1", "Qwer1234!", "Abc12345!", "1qaz@WSX", "Admin@123456", "Meijiang@2026", "Zhangsan@1"])
def test_a_common_password_is_refused_though_it_has_all_classes_of_signs(password):
    with pytest.raises(Refused, match="太常见"):
        passwords.check_password(password, Role.WORKER)


@pytest.mark.parametrize(
    "password", ["Xx-wangxiaoming-7k", "Kq-王小明-x7", "Zz!13812341234q", "Zz!1234-Qm8123x4-1381", "Kq-Wg017Zhen-x7"]
)
def test_a_password_with_something_of_the_person_is_refused(password):
    with pytest.raises(Refused, match=r"本人|登录名"):
        passwords.check_password(password, Role.WORKER, "wangxiaoming.wg017zhen", name="王小明", phone="13812341234")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("张三", "Kq7-zhangsan!x"), ("张三", "Kq7-Zhang.San!x"), ("张三", "Kq7-SanZhang!x"), ("单晓", "Kq7-ShanXiao!"),
        ("解晓曾", "Kq7-xiexiaozeng"), ("吕云", "Kq7!lyuyun-x"), ("吕云", "Kq7!luyun-x"), ("欧阳文", "Kq7!Ouyangwen"),
        ("买买提·艾力", "Kq7-maimaitiaili"),
    ],
)  # fmt: skip
def test_a_password_with_the_pinyin_of_the_persons_name_is_refused(name, password):
    with pytest.raises(Refused, match="姓名拼音"):
        passwords.check_password(password, Role.WORKER, "wg0817", name=name)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("张三", "Zs@19880808!#"), ("张三", "Zs!#123456%&*"), ("李小明", "Lxm+2026+888888"), ("李小明", "20261129=Xml"),
        ("李小明", "Lixm!5201314"), ("李娥", "Lie#20261129#"), ("王芳", "Wf_112233_2026"),
    ],
)  # fmt: skip
def test_a_password_of_initials_and_simple_digits_is_refused(name, password):
    with pytest.raises(Refused, match="首字母"):
        passwords.check_password(password, Role.WORKER, "wg0817", name=name)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("张三", "Zs-river-8842-Oak"), ("张三", "Zs!48261973*07"), ("李小明", "Tulpe-Xm-7731"), ("张三", "Kq7-Lisixiao!9"),
        ("John Li", "Kq7-river-Oak!"), ("", "Kq7-river-Oak!"), ("李", "Li-river-77-Oak"), ("𠀀", "Kq7-river-Oak!"),
    ],
)  # fmt: skip
def test_a_password_that_only_looks_a_little_like_a_name_is_taken(name, password):
    passwords.check_password(password, Role.WORKER, "wg0817", name=name)


@given(st.text(max_size=40), st.text(max_size=12))
def test_any_name_and_any_password_are_judged(password, name):
    pinyin.names_whole(password, name, 4)
    pinyin.names_shortly(password, name)


def test_the_dictionary_is_read_when_a_name_is_asked_for_and_not_before():
    program = "import sys, brain.identity.passwords; sys.exit('pypinyin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_a_long_password_of_odd_signs_is_judged_in_a_moment():
    began = time.perf_counter()
    for password in ("aB1!" * 64, "Aa1" + "！" * 253, "qwertyQWERTY1234" * 16):
        code(passwords.check_password, password, Role.WORKER)
    assert time.perf_counter() - began < 3


def test_a_one_time_password_holds_for_three_days(conn, person, now):
    accounts.set_password(conn, person.id, OTHER, now=now, must_change=True)
    assert attempt(conn, now + timedelta(hours=71, minutes=59), OTHER) == "in"
    assert attempt(conn, now + timedelta(hours=72), OTHER) == "expired"
    assert attempt(conn, now + timedelta(hours=72), "wrong") == "login"  # only who knows it is told
    accounts.set_password(conn, person.id, f"{GOOD}!own", now=now, must_change=False)
    assert attempt(conn, now + timedelta(days=30), f"{GOOD}!own") == "in"


# Sessions -------------------------------------------------------------------------------------------------------------
def test_an_administrators_session_ends_after_fifteen_minutes_of_silence(conn, now):
    admin = accounts.create(conn, login="admin9", name="管理员", role=Role.ADMIN, now=now)
    settings, token = Settings(), sessions.open_session(conn, admin, now, Settings())
    assert sessions.session_person(conn, token, now + timedelta(minutes=14, seconds=59), settings)
    assert sessions.session_person(conn, token, now + timedelta(minutes=30), settings) is None


def test_a_person_sees_and_ends_his_own_sessions_and_nobody_elses(conn, person, now):
    other = accounts.create(conn, login="swj9", name="他人", role=Role.DEPARTMENT, now=now)
    settings = Settings()
    mine, phone, foreign = (sessions.open_session(conn, p, now, settings, agent="x") for p in (person, person, other))
    listed = sessions.listed(conn, person, now, settings, mine)
    assert len(listed) == 2 and [s["mine"] for s in listed].count(True) == 1
    theirs = sessions.listed(conn, other, now, settings)[0]["id"]
    assert code(sessions.end, conn, person, theirs, now) == "unknown"
    sessions.end(conn, person, next(s["id"] for s in listed if not s["mine"]), now)
    assert sessions.session_person(conn, phone, now, settings) is None
    assert sessions.session_person(conn, mine, now, settings) and sessions.session_person(conn, foreign, now, settings)
    lines = conn.execute("SELECT ok FROM audit WHERE action = 'session_end' ORDER BY id").fetchall()
    assert [r["ok"] for r in lines] == [False, True]


def test_a_new_log_in_ends_the_session_that_the_browser_had(conn, person, now):
    settings, planted = Settings(), sessions.open_session(conn, person, now, Settings())
    fresh = sessions.open_session(conn, person, now, settings, instead_of=planted)
    assert sessions.session_person(conn, planted, now, settings) is None
    assert sessions.session_person(conn, fresh, now, settings) == person


# Idle accounts --------------------------------------------------------------------------------------------------------
def test_accounts_idle_for_ninety_days_are_shown_and_can_be_switched_off_but_for_the_last_administrator(conn, person, now):
    rules = catalogs.load().security
    old = now - timedelta(days=91)
    for login, role in (("admin8", Role.ADMIN), ("wg8", Role.WORKER)):
        accounts.create(conn, login=login, name=login, role=role, password=f"{OTHER}!longer", now=old)
    conn.execute("UPDATE person SET created_at = %s WHERE login IN ('admin8', 'wg8', 'acceptor9')", [old])
    assert attempt(conn, now - timedelta(days=1), GOOD) == "in"
    assert {r["login"] for r in accounts.idle(conn, rules, now)} == {"admin8", "wg8"}
    assert accounts.close_idle(conn, rules, now) == ["wg8"]
    assert db.one(conn, "person_by_login", login="admin8")["active"]
    said = []
    assert users.idle(conn, rules, False, said.append) == 0


def test_the_engine_switches_idle_accounts_off_only_where_the_city_says_so(conn, person, now):
    conn.execute("UPDATE person SET created_at = %s WHERE id = %s", [now - timedelta(days=91), person.id])
    catalog = catalogs.load()
    assert close_idle.run(conn, catalog, now) == 0
    strict = replace(catalog, security=replace(catalog.security, close_idle=True))
    assert close_idle.run(conn, strict, now) == 1
    assert attempt(conn, now, GOOD) == "login"


def test_failures_of_long_ago_are_forgotten_and_fresh_ones_are_not(conn, now):
    attempt(conn, now - timedelta(hours=30), login="old")
    attempt(conn, now, login="new", ip="")
    assert forget_brakes.run(conn, catalogs.load(), now) == 2
    assert conn.execute("SELECT count(*) AS n FROM login_brake").fetchone()["n"] == 1


# Over the wire --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def house(session_city_url, tmp_path_factory):
    with running(session_city_url, tmp_path_factory.mktemp("login")) as house:
        yield house


@pytest.fixture
def account(house):
    login = f"op{datetime.now(UTC).timestamp():.3f}"
    with db.connect(house.database, name="tests") as conn:
        accounts.create(conn, login=login, name="座席", role="operator", password=GOOD, places=["441402"], must_change=False)
    return {"login": login, "password": GOOD}


def test_whom_a_stranger_has_slowed_down_gets_in_from_his_own_browser(house, account):
    with httpx.Client(base_url=house.url) as own, httpx.Client(base_url=house.url) as stranger:
        assert own.post("/login", json=account).status_code == 200
        own.post("/logout", json={})
        for _ in range(5):
            assert stranger.post("/login", json=account | {"password": "wrong"}).status_code == 401
        answer = stranger.post("/login", json=account)
        assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0 and "秒后再试" in answer.json()["message"]
        assert own.post("/login", json=account).status_code == 200


def test_a_session_planted_in_a_browser_is_worth_nothing_after_the_log_in(house, account):
    with house.client(account["login"], GOOD) as thief:
        planted = thief.cookies["brain_session"]
        with httpx.Client(base_url=house.url, cookies={"brain_session": planted}) as victim:
            victim.post("/login", json=account)
        assert thief.get("/session").status_code == 401


def test_somebody_sees_where_he_is_logged_in_and_ends_it_on_the_page_and_by_the_api(house, account):
    with house.client(account["login"], GOOD) as desk, house.client(account["login"], GOOD) as phone:
        assert desk.get("/sessions").text.count("退出</button>") == 2
        listed = desk.get("/api/v1/me/sessions").json()["sessions"]
        away = next(s["id"] for s in listed if not s["mine"])
        assert desk.post(f"/api/v1/me/sessions/{away}/end", json={}).status_code == 200
        assert phone.get("/session").status_code == 401
        mine = next(s["id"] for s in listed if s["mine"])
        answer = desk.post("/sessions", data={"id": mine})
        assert answer.headers["location"].startswith("/login") and "Clear-Site-Data" in answer.headers
        assert desk.get("/session").status_code == 401
