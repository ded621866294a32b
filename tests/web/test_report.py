"""/report in a real browser, and its API: choose, read, open the cases behind a number, download, issue."""

from __future__ import annotations

import io
import json
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from urllib.parse import unquote

import httpx
import pytest
import uvicorn
from docx import Document
from playwright.sync_api import BrowserContext

from brain.cities.meijiang import history
from brain.identity import accounts
from brain.report import drill_down, snapshot, tables
from brain.settings import Settings
from brain.store import db
from brain.web.api import report
from brain.web.app import create_app

BEIJING = timezone(timedelta(hours=8))
NOW = datetime(2026, 9, 3, 10, 0, tzinfo=BEIJING)
PASSWORD = "Meijiang-2026!paper"
LOGINS = ("leader1", "chief1", "operator1", "acceptor1", "cgj1", "wg001", "admin1")


@pytest.fixture(scope="module")
def paper(server, city_template, catalog):
    """URL of a web process on a demo city with three months of history, and of its database."""
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE report_city TEMPLATE {city_template} STRATEGY file_copy")
    url = server.url("report_city")
    with db.connect(url, name="tests") as conn:
        history.load(conn, catalog, NOW, months=3)
        measured(conn)
        for login in LOGINS:
            accounts.set_password(conn, login, PASSWORD, must_change=False)
    app = create_app(replace(Settings(), database_url=url, http_port=0, secret_key="r" * 48), catalog)
    web = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not web.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the web process did not start"
        thread.join(0.05)
    yield f"http://127.0.0.1:{web.servers[0].sockets[0].getsockname()[1]}", url
    web.should_exit = True
    thread.join(20)
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute("DROP DATABASE report_city WITH (FORCE)")


def measured(conn) -> None:
    """A day of August 2026 of every theme, so that each has its section, and an alert."""
    (camera,) = conn.execute("SELECT id FROM station WHERE theme = 'cameras' ORDER BY id LIMIT 1").fetchone().values()
    start = datetime(2026, 8, 10, tzinfo=BEIJING)
    series = {
        "WQ-01": {"ph": 7.2, "dissolved_oxygen": 6.4, "codmn": 3.0, "ammonia": 0.9, "total_phosphorus": 0.15},
        "WL-01": {"water_level": 76.4}, "RG-01": {"rain_1h": 12.5, "rain_24h": 80.0}, "PD-01": {"pond_depth": 31.0},
        "FW-001": {"hotspot": 12.0}, "AQ-01": {"pm25": 40.0, "o3": 60.0}, camera: {"camera_online": 1.0},
    }  # fmt: skip
    with conn.cursor() as cur, cur.copy("COPY reading (station, kind, at, seq, value, quality, delay_s) FROM STDIN") as copy:
        for station, kinds in series.items():
            for kind, value in kinds.items():
                for hour in range(24):
                    copy.write_row([station, kind, start + timedelta(hours=hour), "", value, "ok", 0])
    conn.execute(
        "INSERT INTO alert (station, kind, rule, theme, level, peak, value, message, opened_at, observed_at, changed_at, cleared_at)"
        " VALUES ('PD-01', 'pond_depth', 'ladder', 'drainage', 2, 2, 31, '积水', %(at)s, %(at)s, %(at)s, %(end)s)",
        {"at": start, "end": start + timedelta(hours=3)},
    )


@pytest.fixture
def client(paper):
    """`client(login)`: an HTTP client of that person."""
    opened = []

    def enter(login: str) -> httpx.Client:
        found = httpx.Client(base_url=paper[0], headers={"X-Brain": "1"}, timeout=60)
        opened.append(found)
        assert found.post("/login", json={"login": login, "password": PASSWORD}).status_code == 200
        return found

    yield enter
    for one in opened:
        one.close()


@pytest.fixture(scope="module")
def windows(paper, chromium):
    """A browser window for each person and size, kept for the whole file: it need not read the scripts again."""
    opened: dict[tuple, BrowserContext] = {}

    def window(login: str, size: tuple[int, int]) -> BrowserContext:
        if (login, size) not in opened:
            opened[login, size] = context = chromium.new_context(
                viewport={"width": size[0], "height": size[1]}, locale="zh-CN", accept_downloads=True
            )
            context.request.post(paper[0] + "/login", data={"login": login, "password": PASSWORD})
        return opened[login, size]

    yield window
    for context in opened.values():
        context.close()


@pytest.fixture
def page(paper, windows):
    """`page(login, address)` opens the report as a page of its own; complaints of the console fail the test."""
    opened, complaints = [], []

    def enter(login: str, address: str = "/report?m=2026-08", size: tuple[int, int] = (1440, 900)):
        shown = windows(login, size).new_page()
        opened.append(shown)
        shown.set_default_timeout(60_000)
        shown.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        shown.on("pageerror", lambda e: complaints.append(str(e)))
        shown.goto(paper[0] + address)
        shown.wait_for_selector("#report .sheet h1, #report .none")
        return shown

    yield enter
    for shown in opened:
        shown.close()
    assert not complaints


# The page -------------------------------------------------------------------------------------------------------------
def test_the_sheet_says_what_it_is_and_that_its_data_are_simulated(page):
    shown = page("leader1")
    assert shown.inner_text("#report h1") == "梅江区城市运行月报"
    head = shown.inner_text("#report .sheet > header")
    assert "2026 年第 8 期" in head and "含模拟数据" in head and "缺：" in head
    assert shown.locator("#conclusions .says li").count() == 5
    assert shown.title().startswith("月报")


def test_a_number_opens_the_cases_behind_it_and_escape_closes_them(page):
    shown = page("leader1")
    number = shown.locator("#conclusions .says a.n").first
    count = number.inner_text()
    number.click()
    shown.wait_for_selector("#report-drawer table tbody tr")
    assert f"{count} 件" in shown.inner_text("#report-drawer header")
    assert shown.locator("#report-drawer tbody tr").count() == int(count)
    assert shown.inner_text("#report-drawer tbody tr >> nth=0 >> td >> nth=0").startswith("441402")
    shown.keyboard.press("Escape")
    shown.wait_for_selector("#report-drawer", state="hidden")


def test_an_address_with_a_query_opens_the_same_cases(page):
    shown = page("leader1", "/report?m=2026-08#e/flag=handle_due&town=441402006")
    shown.wait_for_selector("#report-drawer table tbody tr")
    assert "金山街道" in shown.inner_text("#report-drawer header")


def test_a_bar_of_the_daily_chart_opens_the_cases_of_its_day(page):
    shown = page("leader1")
    bar = shown.locator("#volume .days a[href]").first
    said = bar.get_attribute("title")
    bar.click()
    shown.wait_for_selector("#report-drawer table tbody tr")
    assert f" {shown.locator('#report-drawer tbody tr').count()} 件" in said


def test_a_mark_of_the_map_opens_the_cases_of_its_grid(page):
    shown = page("leader1")
    shown.wait_for_selector("#report-map .scatterlayer .point, #report-map .points path")
    shown.locator("#report-map").scroll_into_view_if_needed()
    shown.evaluate(
        """() => { const plot = document.querySelector('#report-map .js-plotly-plot');
                   const trace = plot.data.findIndex(t => t.mode === 'markers+text' && t.customdata && t.customdata.length);
                   plot.emit('plotly_click', { points: [{ curveNumber: trace, pointNumber: 0, data: plot.data[trace],
                     customdata: plot.data[trace].customdata[0], x: 0, y: 0 }] }); }"""
    )
    shown.wait_for_selector("#report-drawer table tbody tr")
    assert "grid=" in shown.url


def test_another_month_is_one_choice_away(page):
    shown = page("leader1")
    shown.click("#report-month")
    shown.get_by_text("2026 年 7 月").click()
    shown.wait_for_url("**/report?m=2026-07")
    shown.wait_for_selector("#report .sheet h1")
    assert "2026 年第 7 期" in shown.inner_text("#report .issue")


def test_the_document_comes_down_from_the_page_and_has_the_pages_numbers(page):
    shown = page("leader1")
    with shown.expect_download() as waiting:
        shown.click("#report-docx")
    assert waiting.value.suggested_filename.startswith("梅江区城市运行月报-2026-08")
    document = Document(waiting.value.path())
    printed = "\n".join(
        [p.text for p in document.paragraphs] + [c.text for t in document.tables for r in t.rows for c in r.cells]
    )
    figures = shown.locator("#conclusions .strip .figure b").all_inner_texts()
    assert len(figures) == 6 and all(f in printed for f in figures)


def test_page_and_document_agree_cell_by_cell_in_every_declared_table(page, client):
    leader = client("leader1")
    made = leader.get("/api/v1/report/2026-08").json()
    declared = [t for t in tables.all_of(made) if t.rows]
    assert len({t.name for t in declared}) >= 14, "a month with all there is to print"
    shown = page("leader1").evaluate(
        """() => [...document.querySelectorAll('table[data-table]')].map(t => ({ name: t.dataset.table,
             rows: [...t.rows].map(r => [...r.cells].map(c => c.textContent)) }))"""
    )
    printed = Document(io.BytesIO(leader.get("/api/v1/report/2026-08.docx").content)).tables[1:]  # the first is the strip
    assert [t["name"] for t in shown] == [t.name for t in declared] and len(printed) == len(declared)
    for table, on_page, on_paper in zip(declared, shown, printed, strict=True):
        kept = [n for n, column in enumerate(table.columns) if not column.page_only]
        page_rows = [[row[n] for n in kept] for row in on_page["rows"]]
        paper_rows = [[c.text for c in row.cells] for row in on_paper.rows]
        said = [[c.words for c in table.on_paper().columns], *([c.text for c in row] for row in table.on_paper().rows)]
        assert page_rows == paper_rows == said, table.name


@pytest.mark.parametrize("size", [(1440, 900), (820, 1180), (390, 844)])
def test_nothing_of_the_sheet_sticks_out_of_the_screen(page, size):
    shown = page("leader1", size=size)
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")


def test_the_paper_has_neither_buttons_nor_drawers(page):
    shown = page("leader1")
    shown.emulate_media(media="print")
    assert shown.is_hidden("#report .tools") and shown.is_visible("#report h1")
    assert (
        shown.evaluate(
            "getComputedStyle(document.querySelector('#report .strip')).gridTemplateColumns.split(' ').length"
        )
        == 6
    )


def test_nothing_is_asked_of_another_host(page, paper):
    shown = page("leader1")
    hosts = shown.evaluate("performance.getEntriesByType('resource').map(e => new URL(e.name).host)")
    assert set(hosts) <= {paper[0].removeprefix("http://")}


def test_a_month_that_cannot_be_shown_is_said_in_a_sentence(page):
    assert "还没有开始" in page("leader1", "/report?m=2031-01").inner_text("#report .none")
    assert "年-月" in page("leader1", "/report?m=abc").inner_text("#report .none")


# Who ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("login", ["wg001", "admin1"])
@pytest.mark.parametrize("address", ["/api/v1/report/2026-08", "/api/v1/report/2026-08.docx"])
def test_who_may_not_open_the_page_gets_no_numbers_either(client, login, address):
    assert client(login).get(address).status_code in (403, 409)


def test_strangers_are_sent_to_the_door(paper):
    assert httpx.get(paper[0] + "/api/v1/report/2026-08").status_code == 401
    assert httpx.get(paper[0] + "/report").headers["location"].startswith("/login")


# The API ---------------------------------------------------------------------------------------------------------------
def test_the_document_has_its_type_and_name(client):
    answer = client("operator1").get("/api/v1/report/2026-08.docx")
    assert answer.status_code == 200 and "wordprocessingml" in answer.headers["content-type"]
    assert "attachment" in answer.headers["content-disposition"]
    assert Document(io.BytesIO(answer.content)).tables


@pytest.mark.parametrize("bad", ["2026-13", "2026", "abc", "2026-08-01"])
def test_a_month_written_wrongly_is_refused(client, bad):
    assert client("leader1").get(f"/api/v1/report/{bad}").status_code == 422


def test_a_month_without_a_report_is_not_found(client):
    leader = client("leader1")
    assert leader.get("/api/v1/report/2031-01").status_code == 404
    assert leader.get("/api/v1/report/2026-08", params={"version": 7}).status_code == 404


def test_each_number_of_the_json_names_its_statement_window_and_formula(client):
    made = client("leader1").get("/api/v1/report/2026-08").json()
    assert made["windows"]["this"]["since"].startswith("2026-08-01") and made["data"]["digest"]
    assert all(r["statement"] in db.statements() and r["rule"] and r["period_rule"] for r in made["kpis"])


def test_downloading_is_written_in_the_audit_trail(client, paper):
    client("operator1").get("/api/v1/report/2026-08.docx")
    with db.connect(paper[1], name="tests") as conn:
        row = conn.execute(
            "SELECT actor, object FROM audit WHERE action = 'report.download' ORDER BY id DESC LIMIT 1"
        ).fetchone()
    assert row["object"] == "2026-08" and row["actor"]


# Issuing ---------------------------------------------------------------------------------------------------------------
def test_only_chiefs_and_leaders_issue(client):
    assert client("operator1").post("/api/v1/report/2026-06/freeze").status_code == 403


def test_an_issue_without_our_header_is_refused_as_forged(client):
    leader = client("leader1")
    assert leader.post("/api/v1/report/2026-06/freeze", headers={"X-Brain": ""}).status_code == 403


def test_an_issued_month_is_shown_as_issued_and_not_issued_again(page, client, paper):
    shown = page("chief1", "/report?m=2026-07")
    assert "草稿" in shown.inner_text("#report .standing")
    shown.click("#report-freeze")
    shown.wait_for_selector("#report .standing:has-text('第 1 版')")
    assert shown.is_hidden("#report-freeze")
    again = client("chief1").post("/api/v1/report/2026-07/freeze")
    assert again.status_code == 409 and "不用更正" in again.json()["error"]
    with db.connect(paper[1], name="tests") as conn:
        assert (
            conn.execute("SELECT count(*)::int AS n FROM audit WHERE action = 'report.freeze' AND ok").fetchone()["n"]
            == 1
        )


def test_late_data_are_announced_on_an_issued_month_and_restated_only_by_hand(page, client, paper, catalog):
    assert client("chief1").post("/api/v1/report/2026-06/freeze").status_code == 201
    with db.connect(paper[1], name="tests") as conn:
        conn.execute("SET session_replication_role = replica")  # a line that comes late is none that people can write
        row = conn.execute(
            "SELECT event_id, max(seq) AS seq FROM event_log WHERE event_id LIKE '441402202606%' GROUP BY event_id"
            " ORDER BY event_id LIMIT 1"
        ).fetchone()
        conn.execute("DELETE FROM event_log WHERE event_id = %s", [row["event_id"]])
    shown = page("leader1", "/report?m=2026-06")
    before = shown.inner_text("#conclusions .strip .figure >> nth=0")
    assert "定稿后有迟到数据" in shown.inner_text("#report .newer")
    shown.click("#report-freeze")
    shown.wait_for_selector("#report .standing:has-text('更正版')")
    assert shown.inner_text("#conclusions .strip .figure >> nth=0") != before
    assert "本版更正" in shown.inner_text("#report .restates")
    shown.click("#report .versions a >> nth=0")
    shown.wait_for_selector("#report .sheet h1")
    assert shown.inner_text("#conclusions .strip .figure >> nth=0") == before


# Assessed units, in a month that is issued --------------------------------------------------------------------------------
def test_an_assessed_unit_reads_no_draft_in_any_form(client, page):
    for address in ("", ".docx", "/cases?e=flag%3Dhandle_due", "/cases?e=flag%3Dhandle_due&cut=2026-09-01T00:00:00Z"):
        answer = client("cgj1").get(f"/api/v1/report/2026-08{address}")
        assert answer.status_code == 404 and "还没有定稿" in answer.json()["error"], address
    assert client("acceptor1").get("/api/v1/report/2026-08").status_code == 404
    shown = page("cgj1", "/report?m=2026-08")
    assert "还没有定稿" in shown.inner_text("#report .none")
    assert client("operator1").get("/api/v1/report/2026-08").status_code == 200


@pytest.fixture
def issued(paper, catalog) -> dict:
    """The report of August as it was issued."""
    with db.connect(paper[1], name="tests") as conn:
        if (kept := snapshot.frozen(conn, "2026-08")) is None:
            kept = snapshot.build(conn, catalog, "2026-08", NOW)
            snapshot.freeze(conn, kept, "测试", NOW)
    return kept


def test_a_department_sees_its_own_cases_and_how_many_it_does_not_see(client, issued):
    whole = next(r for r in issued["kpis"] if r["key"] == "handle_due")["value"]
    unit = client("cgj1")
    answer = unit.get("/api/v1/report/2026-08/cases", params={"e": "flag=handle_due"}).json()
    assert answer["count"] == whole and answer["hidden"] == whole - len(answer["cases"]) > 0
    assert "cgj" in {c["org"] for c in answer["cases"]}
    elsewhere = [c["id"] for c in answer["cases"] if c["org"] != "cgj"]  # reported by it, or come to it since
    assert all(unit.get(f"/api/v1/events/{number}").status_code == 200 for number in elsewhere)


def test_nobody_asks_number_by_number_which_cases_there_are(client, issued):
    foreign = next(c for c in issued["cases"] if c["org"] not in (None, "cgj"))
    unit = client("cgj1")
    answer = unit.get("/api/v1/report/2026-08/cases", params={"e": f"ids={foreign['id']}"})
    nothing = unit.get("/api/v1/report/2026-08/cases", params={"e": f"ids={'9' * 19}"})
    assert (answer.status_code, answer.json()) == (nothing.status_code, nothing.json())
    assert answer.status_code == 404 and foreign["id"] not in answer.text


def test_a_unit_rebuilds_no_foreign_case_by_asking_ever_more_narrowly(client, issued):
    unit = client("cgj1")
    for one in [c for c in issued["cases"] if c["org"] not in (None, "cgj") and c["flags"]][:20]:
        keys = {"day": one["day"], "category": one["category"], "source": one["source"], "grid": one["grid"], "org": one["org"]}
        for upto in range(2, len(keys) + 1):
            e = f"flag={one['flags'][0]}&" + "&".join(f"{k}={v}" for k, v in list(keys.items())[:upto])
            answer = unit.get("/api/v1/report/2026-08/cases", params={"e": e})
            assert answer.status_code == 404 and "件" not in answer.json()["error"], (e, answer.text)
            assert answer.json()["error"] == report.NO_NUMBER
    assert client("leader1").get("/api/v1/report/2026-08/cases", params={"e": e}).json()["count"] >= 1


def test_every_number_that_is_printed_for_a_unit_opens_its_own_cases_and_the_number_as_printed(client, page, issued):
    unit = client("cgj1")
    links = page("cgj1", "/report?m=2026-08").eval_on_selector_all("#report a[href^='#e/']", "all => all.map(a => a.hash.slice(3))")
    asked = {unquote(link) for link in links}
    assert len(asked) > 60
    for e in sorted(asked):
        answer = unit.get("/api/v1/report/2026-08/cases", params={"e": e})
        assert answer.status_code == 200, (e, answer.text)
        assert answer.json()["count"] == len(drill_down.pick(issued, e)) or "ids" in e
    own = {c["id"] for c in unit.get("/api/v1/report/2026-08").json()["cases"]}
    assert {c["id"] for c in answer.json()["cases"]} <= own


def test_an_issued_report_says_the_same_numbers_to_a_unit_but_no_number_of_anothers_case(client, issued):
    said = client("cgj1").get("/api/v1/report/2026-08").json()
    assert said["kpis"] == issued["kpis"] and said["departments"]["total"] == issued["departments"]["total"]
    own = {c["id"] for c in said["cases"]}
    foreign = {c["id"] for c in issued["cases"]} - own
    assert own and foreign and not any(number in json.dumps(said) for number in foreign)
    assert said["overdue"]["of"] == issued["overdue"]["of"] and said["cases_hidden"] == len(foreign)


def test_page_and_document_hold_no_number_of_anothers_case(client, page, issued):
    own = {c["id"] for c in client("cgj1").get("/api/v1/report/2026-08").json()["cases"]}
    foreign = {c["id"] for c in issued["cases"]} - own
    document = Document(io.BytesIO(client("cgj1").get("/api/v1/report/2026-08.docx").content))
    printed = "\n".join(c.text for t in document.tables for row in t.rows for c in row.cells)
    shown = page("cgj1", "/report?m=2026-08").inner_html("#report")
    assert "与本单位有关" in shown
    assert not [number for number in foreign if number in printed or number in shown]
    leader = page("leader1", "/report?m=2026-08").inner_html("#report")
    assert any(number in leader for number in foreign)
