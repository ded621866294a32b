"""The small ones: addresses, hosts, logs, headers, modes, odd signs; each of them was open once."""

from __future__ import annotations

import re
import stat
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.settings import BadSetting, read
from brain.store import db, private
from brain.web.door import address, journal
from tests.authority.running import PASSWORD, newcomers, running

PROXY = "127.0.0.0/8"


@pytest.fixture(scope="module")
def house(session_city_url, tmp_path_factory):
    newcomers(session_city_url)
    with running(
        session_city_url, tmp_path_factory.mktemp("small"), BRAIN_TRUSTED_PROXY=PROXY, BRAIN_ALLOWED_HOSTS="inside.example"
    ) as house:
        yield house


# Addresses ------------------------------------------------------------------------------------------------------------
NETS = (ip_network("172.20.0.0/16"), ip_network("10.9.0.1/32"))


@pytest.mark.parametrize(
    ("peer", "said", "who"),
    [
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),  # no proxy of ours: its words are a stranger's
        ("172.20.0.5", "198.51.100.7", "198.51.100.7"),
        ("172.20.0.5", "1.2.3.4, 198.51.100.7", "198.51.100.7"),  # what stands left was written by the stranger himself
        ("172.20.0.5", "198.51.100.7, 10.9.0.1", "198.51.100.7"),  # two proxies of ours
        ("172.20.0.5", "1.2.3.4, nonsense", "172.20.0.5"),
        ("172.20.0.5", "", "172.20.0.5"),
        ("::ffff:172.20.0.5", "2001:db8::7", "2001:db8::7"),
    ],
)
def test_the_client_is_the_rightmost_hop_that_is_no_proxy_of_ours(peer, said, who):
    assert address.client_of(peer, said, NETS) == who


@given(st.lists(st.ip_addresses().map(str), max_size=5), st.ip_addresses(v=4, network="198.51.100.0/24").map(str))
def test_nothing_a_stranger_writes_makes_him_somebody_else(forged, real):
    assert address.client_of("172.20.0.5", ", ".join([*forged, real]), NETS) == real


def test_a_proxys_network_that_cannot_be_read_is_told_by_name():
    with pytest.raises(BadSetting, match="BRAIN_TRUSTED_PROXY"):
        read({"BRAIN_TRUSTED_PROXY": "172.20.0.0/99"})


def test_the_audit_has_the_address_that_our_proxy_gives(house):
    with house.client("d.swj", headers={"X-Forwarded-For": "6.6.6.6, 198.51.100.77"}):
        pass
    with db.connect(house.database, name="tests") as conn:
        row = conn.execute("SELECT ip FROM audit WHERE action = 'login' ORDER BY id DESC LIMIT 1").fetchone()
    assert row["ip"] == "198.51.100.77"


# The log --------------------------------------------------------------------------------------------------------------
def test_the_access_log_holds_no_value_token_login_or_whole_address(house):
    with house.client("d.swj", headers={"X-Forwarded-For": "198.51.100.78"}) as client:
        client.get("/api/v1/events", params={"q": "张三的电话13812341234", "state": "handling"})
        client.get("/login?next=/secret&password=hunter2&Bearer abc=1")
        token = client.cookies["brain_session"]
    log = house.log
    assert "GET /api/v1/events?q,state 200" in log and "198.51.100.0/24" in log
    for secret in (token, "13812341234", "hunter2", "d.swj", PASSWORD, "198.51.100.78", "abc=1"):
        assert secret not in log, secret


@given(st.text(max_size=300), st.binary(max_size=300))
def test_a_line_of_the_log_is_one_line_whatever_is_asked_for(path, query):
    said = journal.shown({"path": "/" + path, "query_string": query})
    assert said.isprintable() and " " not in said and len(said) < 700


# Hosts ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example", "evil.example/localhost"])
def test_another_host_name_is_refused(house, host):
    answer = httpx.get(house.url + "/login", headers={"Host": host})
    assert answer.status_code == 400 and "evil" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "localhost:8050", "127.0.0.1", "[::1]:8050", "INSIDE.example"])
def test_our_own_names_are_answered(house, host):
    assert httpx.get(house.url + "/login", headers={"Host": host}).status_code == 200


# Figures --------------------------------------------------------------------------------------------------------------
def test_the_figures_are_for_this_machine_only_and_not_for_who_comes_through_a_proxy(house):
    assert httpx.get(house.url + "/metrics").status_code == 200
    for through in ({"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-For": "10.0.0.5"}, {"Via": "1.1 x"}):
        assert httpx.get(house.url + "/metrics", headers=through).status_code == 403


# Headers --------------------------------------------------------------------------------------------------------------
def test_a_page_may_talk_to_its_own_socket_and_to_no_other(house):
    with house.client("d.chief") as client:
        policy = client.get("/").headers["content-security-policy"]
    connect = re.search(r"connect-src ([^;]+)", policy)[1].split()
    assert connect == ["'self'", house.url.replace("http", "ws")]


def test_where_a_session_ends_the_browser_forgets(house):
    with house.client("d.chief") as client:
        answer = client.post("/logout", json={})
    assert answer.headers["clear-site-data"] == '"cache"' and answer.headers["cache-control"] == "no-store"
    assert 'brain_session=""' in answer.headers["set-cookie"]


def test_pages_about_people_are_kept_by_no_cache(house):
    with house.client("d.chief") as client:
        for path in ("/", "/about", "/password", "/sessions", "/session", "/api/v1/me", "/login"):
            assert client.get(path).headers["cache-control"] == "no-store", path


# Odd signs ------------------------------------------------------------------------------------------------------------
def addresses(client: httpx.Client) -> list[tuple[str, list[str]]]:
    """(path with a sound value in its place, names of its query's parameters) of everything that the API answers to GET."""
    found = []
    for path, verbs in client.get("/api/openapi.json").json()["paths"].items():
        if "get" in verbs and "stream" not in path:
            names = [p["name"] for p in verbs["get"].get("parameters", []) if p["in"] == "query"]
            found.append((path, names))
    return found


ODD = ["%00", "a%00b", "%ed%a0%80", "%ff", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "9999-12", "99999999999999999999", "-1"]


def test_odd_signs_and_the_end_of_the_calendar_in_any_query_never_break_an_answer(house):
    with house.client("d.admin") as admin:
        known = addresses(admin)
    assert len(known) > 10
    broken = []
    for login in ("d.chief", "d.swj"):
        with house.client(login) as client:
            for path, names in known:
                places = [re.sub(r"\{[^}]+\}", odd, path) for odd in ODD] if "{" in path else []
                asked = [f"{path.replace('{', '').replace('}', '')}?{name}={odd}" for name in names for odd in ODD]
                for url in (*places, *asked):
                    answer = client.get(url)
                    if answer.status_code >= 500 and "healthz" not in url:
                        broken.append((url, answer.status_code))
    assert not broken, broken[:10]


@pytest.mark.parametrize("odd", ["%00", "%ed%a0%80", "%ff"])
@pytest.mark.parametrize("path", ["/", "/login", "/report", "/api/v1/events", "/assets/x", "/healthz"])
def test_what_is_no_text_is_refused_anywhere(house, path, odd):
    for url in (f"{path}?q={odd}", f"{path}?{odd}=1", f"{path}{odd}"):
        answer = httpx.get(house.url + url)
        assert answer.status_code == 400 and "字符" in answer.text, url


@pytest.mark.parametrize("sent", ['{"login": "a\\u0000b", "password": "x"}', '{"login": "\\ud800", "password": "\\ud800"}'])
def test_a_log_in_with_signs_that_no_text_holds_is_refused_in_a_sentence(house, sent):
    answer = httpx.post(house.url + "/login", content=sent, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500 and "Traceback" not in answer.text and "psycopg" not in answer.text


def test_no_exceptions_own_words_reach_a_client(house):
    with house.client("d.chief") as client:
        answer = client.post("/_dash-update-component", json={"output": "nix.children", "outputs": {}, "inputs": [], "changedPropIds": []})
    assert answer.status_code >= 400
    assert not re.search(r"Traceback|File \"|KeyError|psycopg|/site-packages/", answer.text)


# Modes ----------------------------------------------------------------------------------------------------------------
def test_the_data_folder_is_its_owners_alone(house):
    with house.client("d.swj") as client:
        client.get("/upload")
    open_ = [p for p in (house.home, *house.home.iterdir()) if p.stat().st_mode & private.OTHERS]
    assert not open_, open_


def test_what_others_could_read_is_closed_and_new_files_are_born_closed(tmp_path):
    import subprocess
    import sys

    loose = tmp_path / "files"
    loose.mkdir(mode=0o755)
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o644)
    says = (
        "from pathlib import Path; from brain.store.private import keep_private; "
        "keep_private(Path('.')); Path('new').write_text('x')"
    )
    subprocess.run([sys.executable, "-c", says], cwd=tmp_path, check=True, env={"PYTHONPATH": str(Path(__file__).parents[2])})
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
    assert (modes["secret"], modes["new"]) == (0o600, 0o600) and not modes["files"] & 0o066
    assert private.open_to_others(tmp_path) == []


