"""The door: log-in by form and JSON, refusals in sentences, forged requests, forced change of password, log-out."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from brain.identity import accounts
from brain.web.door.bodies import DOOR_MAX


@pytest.fixture
def client(web):
    with httpx.Client(base_url=web.url, follow_redirects=False) as client:
        yield client


@pytest.fixture
def newcomer(city):
    """An account of its own for each test, whose password must be changed at the first log-in."""
    login = f"new{datetime.now(UTC).timestamp():.0f}{id(city) % 10000}"
    accounts.create(city, login=login, name="新来的", role="operator", password="First-Time-1", places=["441402"])
    return {"login": login, "password": "First-Time-1"}


# Log in ---------------------------------------------------------------------------------------------------------------
def test_a_page_sends_a_stranger_to_the_door_and_back_to_where_he_wanted(client, web):
    answer = client.get("/about")
    assert answer.status_code == 303 and answer.headers["location"] == "/login?next=/about"
    answer = client.post("/login", data=web.account("leader") | {"next": "/about"})
    assert answer.status_code == 303 and answer.headers["location"] == "/about"
    assert client.get("/about").status_code == 200


@pytest.mark.parametrize(
    ("role", "home"),
    [("operator", "/"), ("chief", "/"), ("leader", "/"), ("department", "/"), ("worker", "/m"), ("admin", "/about")],
)
def test_each_role_lands_on_its_own_first_page(client, web, role, home):
    assert client.post("/login", data=web.account(role)).headers["location"] == home


@pytest.mark.parametrize("bad", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil"])
def test_the_door_leads_to_no_other_host(client, web, bad):
    assert client.post("/login", data=web.account("operator") | {"next": bad}).headers["location"] == "/"


def test_the_session_cookie_cannot_be_read_by_scripts(client, web):
    cookie = client.post("/login", json=web.account("operator")).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "brain_session=" in cookie


def test_a_wrong_password_is_answered_in_a_sentence_on_the_same_page(client, web):
    answer = client.post("/login", data=web.account("department") | {"password": "wrong"})
    assert answer.status_code == 401
    assert "账号或口令不正确" in answer.text and 'value="swj1"' in answer.text
    assert "brain_session" not in answer.cookies
    people_ok = client.post("/login", json=web.account("department"))
    assert people_ok.json()["role"] == "department"


def test_an_unknown_account_gets_the_very_same_answer(client):
    answer = client.post("/login", json={"login": "nobody", "password": "x"})
    assert answer.status_code == 401 and answer.json()["code"] == "login"
    assert "账号或口令不正确" in answer.json()["message"]


def test_after_five_failures_the_next_attempt_waits_and_is_told_for_how_long(client, newcomer):
    for _ in range(5):
        client.post("/login", json=newcomer | {"password": "wrong"})
    answer = client.post("/login", json=newcomer)
    assert answer.status_code == 429 and "秒后再试" in answer.json()["message"]
    assert 1 <= int(answer.headers["retry-after"]) <= 30


@pytest.mark.parametrize("sent", ["[]", '"x"', "{", "null"])
def test_json_that_is_no_object_is_refused(client, sent):
    assert client.post("/login", content=sent, headers={"Content-Type": "application/json"}).status_code == 400


def test_what_was_typed_is_never_run_as_html(client):
    answer = client.post("/login", data={"login": '"><script>alert(1)</script>', "password": "x"})
    assert "<script>alert" not in answer.text


# Must change ------------------------------------------------------------------------------------------------------------
def test_a_first_log_in_leads_to_a_new_password_before_anything_else(client, newcomer):
    assert client.post("/login", data=newcomer).headers["location"] == "/password"
    assert client.get("/").headers["location"] == "/password"
    assert client.get("/_dash-layout").status_code == 403
    page = client.get("/password")
    assert page.status_code == 200 and "首次登录" in page.text
    bad = client.post("/password", data={"old": newcomer["password"], "new": "short", "again": "short"})
    assert bad.status_code == 422 and "至少 8 位" in bad.text
    other = client.post(
        "/password", data={"old": newcomer["password"], "new": "Second-Time-2", "again": "Third-Time-3"}
    )
    assert other.status_code == 422 and "不一样" in other.text
    good = client.post(
        "/password", data={"old": newcomer["password"], "new": "Second-Time-2", "again": "Second-Time-2"}
    )
    assert good.status_code == 303 and good.headers["location"] == "/"
    assert client.get("/").status_code == 200


# Forged requests --------------------------------------------------------------------------------------------------------
def test_a_strange_page_cannot_log_somebody_in(client, web):
    answer = client.post("/login", data=web.account("operator"), headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403 and "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [{}, {"X-Brain": "1", "Origin": "https://evil.example"}, {"X-Brain": "0"}])
def test_a_forged_callback_is_refused(web, headers):
    with web.client("operator") as client:
        client.headers.pop("X-Brain")
        answer = client.post("/_dash-update-component", json={}, headers=headers)
    assert answer.status_code == 403 and answer.json()["code"] == "forgery"


def test_a_callback_without_a_session_is_refused(client):
    answer = client.post("/_dash-update-component", json={}, headers={"X-Brain": "1"})
    assert answer.status_code == 401 and answer.json()["message"] == "请先登录"


@pytest.mark.parametrize("path", ["/_dash-layout", "/_dash-dependencies", "/map/style.json", "/session"])
def test_nothing_of_the_screens_is_told_to_a_stranger(client, path):
    assert client.get(path).status_code == 401


# Log out and running out ------------------------------------------------------------------------------------------------
def test_logging_out_ends_the_session_on_the_server(web):
    with web.client("operator") as client:
        token = client.cookies["brain_session"]
        assert client.post("/logout", json={}).status_code == 200
        client.cookies.set("brain_session", token)
        assert client.get("/session").status_code == 401


def test_an_idle_session_ends(web, city):
    with web.client("operator") as client:
        assert client.get("/session").status_code == 200
        who = client.get("/session").json()["id"]
        with city.transaction():
            city.execute("UPDATE session SET seen_at = seen_at - interval '31 minutes' WHERE person_id = %s", [who])
        assert client.get("/session").status_code == 401


def test_each_log_in_and_each_refusal_is_written_down(web, city, client):
    before = datetime.now(UTC) - timedelta(seconds=1)
    client.post("/login", json=web.account("chief"))
    client.post("/login", json=web.account("chief") | {"password": "wrong"})
    client.post("/login", json=web.account("chief"))
    seen = city.execute("SELECT ok FROM audit WHERE action = 'login' AND at > %s ORDER BY id", [before]).fetchall()
    assert [r["ok"] for r in seen][-3:] == [True, False, True]


def test_a_change_of_password_leaves_exactly_one_line_done_or_refused(client, newcomer, city):
    assert client.post("/login", json=newcomer).status_code == 200
    old, new = newcomer["password"], "Meijiang-2026!other"
    tries = [
        ({"old": "wrong", "new": new}, False),
        ({"old": old, "new": "short"}, False),
        ({"old": old, "new": new, "again": "else"}, False),
        ({"old": old, "new": new}, True),
    ]
    for sent, done in tries:
        newest = city.execute("SELECT max(id) AS id FROM audit").fetchone()["id"]
        assert client.post("/password", json=sent, headers={"X-Brain": "1"}).is_success is done
        rows = city.execute("SELECT action, ok, ip FROM audit WHERE id > %s", [newest]).fetchall()
        assert [(r["action"], r["ok"], r["ip"]) for r in rows] == [("password", done, "127.0.0.1")], sent


def test_leaving_leaves_exactly_one_line(client, web, city):
    client.post("/login", json=web.account("chief"))
    newest = city.execute("SELECT max(id) AS id FROM audit").fetchone()["id"]
    client.post("/logout", json={})
    client.post("/logout", json={})  # nobody leaves a second time
    rows = city.execute("SELECT action, ok FROM audit WHERE id > %s", [newest]).fetchall()
    assert [(r["action"], r["ok"]) for r in rows] == [("logout", True)]


# The page itself --------------------------------------------------------------------------------------------------------
@pytest.mark.browser
def test_somebody_logs_in_with_the_keyboard_alone(visit, web):
    visitor = visit(None, "/login")
    page, account = visitor.page, web.account("leader")
    page.wait_for_selector("input[name=login]:focus")
    page.keyboard.type(account["login"])
    page.keyboard.press("Tab")
    page.keyboard.type(account["password"])
    page.keyboard.press("Enter")
    page.wait_for_selector("#wall")
    assert page.inner_text(".top .who").startswith("领导")
    assert not visitor.complaints


@pytest.mark.browser
def test_the_door_fits_a_phone(visit):
    page = visit(None, "/login", size=(390, 844)).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(
        "Array.from(document.querySelectorAll('input:not([type=hidden]),button')).every(n => n.offsetHeight >= 44)"
    )


# Bodies ---------------------------------------------------------------------------------------------------------------
def test_a_body_larger_than_a_log_in_needs_is_refused_from_a_stranger_before_it_is_read(client):
    for path in ("/login", "/password", "/logout", "/sessions"):
        answer = client.post(path, content=b"x" * (DOOR_MAX + 1), headers={"Content-Type": "application/json"})
        assert answer.status_code == 413 and "16 KiB" in answer.text


def test_a_body_that_hides_its_length_is_hung_up_at_the_same_size(client):
    sent = []

    def dripping():
        for _ in range(2000):
            sent.append(8 << 10)
            yield b"x" * (8 << 10)

    with contextlib.suppress(httpx.TransportError):
        answer = client.post("/login", content=dripping(), headers={"Content-Type": "application/json"}, timeout=60)
        assert answer.status_code >= 400
    assert sum(sent) < 8 << 20  # what lies in the buffers between; of 16 MiB
