"""The page 审计记录: for its reader alone, filtered by what stands in the address, taken away as a table that does no harm."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.identity import audit, sealing, trail
from brain.web.pages.audit import page

EVIL = '=HYPERLINK("http://x","y")'


@pytest.fixture(scope="module")
def lines(web):
    """A few acts of this file, under names that no other test uses."""
    from brain.store import db

    now = datetime.now(UTC)
    with db.connect(web.database, name="tests") as conn:
        for n in range(60):
            audit.audit(conn, f"页面{n % 3}", "page.look", now - timedelta(days=n % 2), object=f"thing:{n}", ip=f"10.9.{n % 2}.1", n=n)
        audit.audit(conn, "页面0", "page.other", now, object=EVIL, ip="192.0.2.7", ok=False, why="=1+1")
        sealing.seal(conn)
        yield now


def laid_out(client, search: str = "") -> str:
    asked = {
        "output": "brain-page.children", "outputs": {"id": "brain-page", "property": "children"},
        "inputs": [{"id": "brain-address", "property": "pathname", "value": "/audit"},
                   {"id": "brain-address", "property": "search", "value": search}],
        "changedPropIds": ["brain-address.pathname"],
    }  # fmt: skip
    answer = client.post("/_dash-update-component", json=asked)
    assert answer.status_code == 200
    return json.dumps(answer.json()["response"]["brain-page"]["children"], ensure_ascii=False)


def table(client, **query) -> list[dict[str, str]]:
    answer = client.get("/api/v1/audit/export.csv", params=query)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_filters_narrow_the_lines(web, lines):
    with web.client("admin") as client:
        everything = table(client, action="page.")
        assert len(everything) == 61
        assert len(table(client, action="page.", who="页面0")) == 21
        assert len(table(client, action="page.look", ip="10.9.1.")) == 30
        assert [r["操作"] for r in table(client, action="page.", refused="true")] == ["page.other"]
        assert len(table(client, action="page.", object="thing:5")) == 11
        assert len(table(client, action="page.", since=(lines - timedelta(hours=1)).isoformat())) == 31
        assert len(table(client, action="page.", until=(lines - timedelta(hours=1)).isoformat())) == 30
        numbers = [int(r["编号"]) for r in everything]
        assert numbers == sorted(numbers, reverse=True) and all(r["链号"] for r in everything)


def test_the_page_shows_fifty_and_leads_to_the_older_ones(web, lines):
    with web.client("admin") as client:
        first = laid_out(client, "?action=page.look")
        assert first.count('"data-id"') == 50
        older = re.search(r'/audit\?action=page\.look&before=\d+', first).group()
        assert laid_out(client, older.removeprefix("/audit")).count('"data-id"') == 10


def test_a_date_that_is_none_is_said_and_nothing_breaks(web, lines):
    with web.client("admin") as client:
        for odd in ("yesterday", "2026-13-01", "9999-12-31", "%00", "' OR 1=1 --"):
            assert "要写成年-月-日" in laid_out(client, f"?until={odd}&before=x") or odd == "%00"


def test_taking_the_table_away_is_written_down_with_what_was_asked(web, city, lines):
    with web.client("admin") as client:
        table(client, who="页面1")
    row = city.execute("SELECT * FROM audit WHERE action = 'audit.export' ORDER BY id DESC LIMIT 1").fetchone()
    assert row["detail"] == {"lines": 20, "asked": {"who": "页面1"}} and row["ip"]


def test_when_the_export_cannot_be_written_down_nothing_leaves_the_house(web, city, lines):
    with web.client("admin") as client:
        city.execute("REVOKE INSERT ON audit FROM brain_app")
        try:
            answer = client.get("/api/v1/audit/export.csv")
        finally:
            city.execute("GRANT INSERT ON audit TO brain_app")
    assert answer.status_code == 500 and "页面" not in answer.text


def test_a_formula_in_the_trail_is_no_formula_in_the_table(web, lines):
    with web.client("admin") as client:
        (row,) = table(client, action="page.other")
    assert row["对象"] == "'" + EVIL and row["结果"] == "拒"


@given(st.text())
def test_no_cell_begins_like_a_formula(text):
    cell = trail.harmless(text)
    assert not cell.lstrip(" \u3000\u00a0").startswith(trail.TRICKS)
    assert cell in (text, "'" + text)


@pytest.mark.parametrize("role", ["chief", "operator", "leader", "department", "worker"])
def test_nobody_but_the_administrator_reads_it(web, role):
    with web.client(role) as client:
        assert client.get("/audit", headers={"Accept": "text/html"}).status_code == 403
        assert "不能打开" in laid_out(client)
        assert client.get("/api/v1/audit/export.csv").status_code in (403, 409)


def test_an_engine_that_does_not_link_is_seen_on_the_page(web, city, lines):
    with web.client("admin") as client:
        audit.audit(city, "页面", "page.old", datetime.now(UTC) - timedelta(hours=1))
        try:
            assert "规则引擎没有在入链" in laid_out(client)
        finally:
            while sealing.seal(city):
                pass
        assert "规则引擎没有在入链" not in laid_out(client)


def test_a_chain_that_the_engine_does_not_sign_on_is_seen_on_the_page(web, city, lines):
    with web.client("admin") as client:
        why = "Disagrees: 案卷流水的链与库外所记不符"
        city.execute("INSERT INTO duty (name, every_s, failing, error) VALUES ('link_event', 2, 1, %s)", [why])
        try:
            assert f"签链已停：{why}" in laid_out(client)
        finally:
            city.execute("DELETE FROM duty WHERE name = 'link_event'")
        assert "签链已停" not in laid_out(client)


def test_what_is_typed_into_the_form_finds_its_lines(visit, lines):
    shown = visit("admin", "/audit", (1366, 768))
    shown.page.wait_for_selector("#audit tbody tr")
    shown.page.fill("#audit-who", "页面0")
    shown.page.check("#audit-refused input")
    shown.page.click("#audit-find")
    shown.page.wait_for_url(re.compile(r"/audit\?.*refused=1"))
    shown.page.wait_for_selector("#audit tbody tr")
    assert shown.page.locator("#audit tbody tr").count() == 1
    assert shown.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert shown.complaints == []


def test_an_action_is_chosen_by_its_words_and_its_code_stands_beside_them(visit, lines):
    shown = visit("admin", "/audit", (1366, 768))
    shown.page.wait_for_selector("#audit tbody tr")
    shown.page.click("#audit-action")
    shown.page.fill("#audit .dash-dropdown-search", "登录")
    shown.page.click("#audit .dash-dropdown-option >> text=退出登录")
    shown.page.fill("#audit .dash-dropdown-search", "login")
    shown.page.locator("#audit .dash-dropdown-option").first.click()
    shown.page.keyboard.press("Escape")
    shown.page.click("#audit-find")
    shown.page.wait_for_url(re.compile(r"/audit\?action=log(in%2Clogout|out%2Clogin)"))
    shown.page.wait_for_selector("#audit tbody tr")
    cells = set(shown.page.locator("#audit td.act").all_inner_texts())
    assert cells and all(re.fullmatch(r"(登录\s*login|退出登录\s*logout)", cell) for cell in cells)
    assert shown.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert shown.page.evaluate("document.querySelector('#audit-action').getBoundingClientRect().height < 44")
    assert shown.complaints == []


def test_a_whole_action_is_no_beginning_of_another(web, lines):
    with web.client("admin") as client:
        assert len(table(client, actions=["page.other", "page.loo"])) == 1
        assert "page.other" not in laid_out(client, "?action=page.look")
        assert "没有符合条件的记录" in laid_out(client, "?action=page.loo")


def test_the_table_says_the_code_and_the_words(web, lines):
    with web.client("admin") as client:
        row = next(iter(table(client, actions="login")))
        assert (row["操作"], row["操作名称"]) == ("login", "登录")
        assert table(client, action="page.other")[0]["操作名称"] == "其他操作"


def test_an_address_says_only_what_was_asked():
    assert page.address({"who": "", "refused": ""}) == "/audit"
    assert page.address({"who": "张 三", "refused": "1"}) == "/audit?who=%E5%BC%A0+%E4%B8%89&refused=1"
