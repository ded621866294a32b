"""/intake in a real browser with a real worker behind it: the accounts, the mending of dead letters, who sees what."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from brain.commands import check
from brain.engine import watching
from brain.flow.measured import mending
from brain.identity import people
from brain.identity.scope import Sight
from brain.settings import Settings
from brain.web.live import reading
from brain.web.live.seat import Seat
from brain.web.pages.wall import card, desk

# Those with `page` need a browser; the others ask the web process what it lays out.


def status(office, station: str) -> list[str]:
    """What became of the dead letters of a station code, oldest first."""
    rows = office.conn.execute(
        "SELECT status FROM dead_letter WHERE topic LIKE %s ORDER BY id", [f"%/{station}"]
    ).fetchall()  # fmt: skip
    return [r["status"] for r in rows]


def letter_of(office, station: str) -> int:
    """The newest dead letter of a station code."""
    row = office.conn.execute("SELECT max(id) AS id FROM dead_letter WHERE topic LIKE %s", [f"%/{station}"]).fetchone()
    return row["id"]


def choose(shown, ident: str, words: str) -> None:
    """Pick an option of a dropdown by its words."""
    shown.click(f"#{ident}")
    shown.keyboard.type(words)
    shown.locator(".dash-dropdown-option", has_text=words).first.click()


def figures(shown) -> dict[str, int]:
    return {
        t.get_attribute("data-term"): int(re.sub(r"\D", "", t.locator("b").inner_text()))
        for t in shown.locator("#intake .term").all()
    }


# Reading ---------------------------------------------------------------------------------------------------------------
@pytest.mark.browser
@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)], ids=lambda s: f"{s[0]}x{s[1]}")
def test_the_accounts_are_the_first_thing_on_the_page_and_add_up(office, page, size):
    office.rain(1, "RG-05")
    office.beat.beat()
    shown = page("operator", size=size)
    said = figures(shown)
    assert said["收"] == said["入库"] + said["重复"] + said["死信"] + said["在途"] > 0
    assert "都平" in shown.inner_text("#intake .verdict") and "进程 w1" in shown.inner_text("#intake .workers")
    assert shown.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert shown.evaluate("document.querySelector('#intake .equation').getBoundingClientRect().bottom") < size[1] / 2


@pytest.mark.browser
def test_the_accounts_move_while_one_looks(office, page):
    shown = page("operator")
    before = figures(shown)["收"]
    office.rain(2, "RG-05")
    shown.wait_for_function(
        f"() => +document.querySelector('[data-term=收] b').innerText.replace(/\\D/g, '') > {before}", timeout=15_000
    )  # fmt: skip


def test_a_feed_shows_its_stations_the_worst_first(laid_out):
    said = laid_out("chief", "?feed=rain")
    order = [said.index(f'"{s}"') for s in ("RG-02", "RG-01", "RG-03")]  # not trusted; silent for hours; well
    assert order == sorted(order) and "差" in said and "每小时" in said


def test_departments_are_ranked_by_arrival_times_validity(laid_out):
    said = laid_out("chief")
    assert said.index('"data-org": "qxj"') < said.index('"data-org": "cgj"') and '"data-org": "swj"' not in said


def test_a_department_sees_its_own_feeds_and_nobody_elses(office, laid_out):
    office.rain(3, "RG-77")
    said = laid_out("swj")
    assert "水情水质" in said and "雨情" not in said and "RG-77" not in said and "进程" not in said
    for query in ("?feed=rain", "?feed=rain&rule=station&letter=1", "?feed=spill"):
        said = laid_out("swj", query)
        assert "不归您看" in said and "RG-" not in said
    assert "RG-77" not in laid_out("swj", f"?feed=water&rule=station&letter={letter_of(office, 'RG-77')}")


def test_the_duty_desk_reads_letters_but_is_offered_no_change(office, laid_out):
    office.rain(5, "RG-78")
    said = laid_out("operator", f"?feed=rain&rule=station&letter={letter_of(office, 'RG-78')}")
    assert "RG-78" in said and "intake-map" not in said
    assert "intake-map" in laid_out("admin", "?feed=rain&rule=station")


def test_numbers_of_people_in_raw_bytes_are_shown_to_who_mends_and_masked_for_who_reads(office, laid_out):
    office.send({"tm": datetime.now(UTC).isoformat(), "p1": 1.5, "call": "13912345678", "id": "44140219900101123X"}, "RG-76")
    query = f"?feed=rain&rule=station&letter={letter_of(office, 'RG-76')}"
    said = laid_out("operator", query)
    assert "139****5678" in said and "441402********123X" in said
    assert "12345678" not in said and "31 33 39 31 32 33 34" not in said
    assert "13912345678" in laid_out("admin", query)


def test_numbers_of_people_in_reason_topic_and_links_are_masked_for_who_reads(office, laid_out):
    office.rain(3, "13900001111")
    query = f"?feed=rain&rule=station&letter={letter_of(office, '13900001111')}"
    for said in (laid_out("operator", query), laid_out("operator"), laid_out("operator", "?feed=rain")):
        assert "139****1111" in said and "13900001111" not in said
    assert "测站 13900001111 没有登记" in laid_out("admin", query)


def test_a_forged_change_of_the_duty_desk_is_refused(office, client):
    """The callback behind the buttons, called without them."""
    office.rain(6, "RG-79")
    state = {"intake-here.data": {"feed": "rain", "rule": "station", "words": "", "h": 24}, "intake-what.value": "station",
             "intake-given.value": "RG-79", "intake-place.value": "RG-05", "intake-kind.value": None, "intake-word.value": None,
             "intake-reason.value": "不要了", "intake-scope.value": "all", "intake-one.data": None}  # fmt: skip
    asked = {
        "output": "..intake-said.children...intake-asked.data...intake-wait.disabled...intake-go.href..",
        "outputs": [{"id": i, "property": p} for i, p in
                    (("intake-said", "children"), ("intake-asked", "data"), ("intake-wait", "disabled"), ("intake-go", "href"))],
        "inputs": [{"id": f"intake-{b}", "property": "n_clicks", "value": 1} for b in ("map", "replay", "discard")],
        "state": [{"id": k.split(".")[0], "property": k.split(".")[1], "value": v} for k, v in state.items()],
        "changedPropIds": ["intake-discard.n_clicks"],
    }  # fmt: skip
    answer = client("operator").post("/_dash-update-component", json=asked)
    assert "只有系统管理员" in answer.json()["response"]["intake-said"]["children"]
    assert set(status(office, "RG-79")) == {"open"}


# Mending ---------------------------------------------------------------------------------------------------------------
@pytest.mark.browser
def test_an_unknown_station_is_mapped_and_its_letters_are_replayed_by_the_worker_right_there(office, page):
    for n in range(3):
        office.rain(n, "RG-99")
    shown = page("admin")
    shown.click("text=测站 RG-99 没有登记")
    shown.wait_for_selector("#intake .mending")
    assert shown.input_value("#intake-given") == "RG-99"
    choose(shown, "intake-place", "RG-05")
    shown.click("#intake-map")
    shown.wait_for_selector("#intake-said b")
    assert "已重放 3 条" in shown.inner_text("#intake-said") or status(office, "RG-99") == ["replayed"] * 3
    assert status(office, "RG-99") == ["replayed"] * 3
    row = office.conn.execute("SELECT * FROM intake_mapping WHERE given = 'RG-99'").fetchone()
    assert (row["feed"], row["what"], row["meant"]) == ("rain", "station", "RG-05") and row["by"]


@pytest.mark.browser
def test_letters_are_discarded_with_a_reason_and_not_without(office, page):
    for n in range(2):
        office.rain(n, "RG-98")
    shown = page("admin")
    shown.click("text=测站 RG-98 没有登记")
    shown.wait_for_selector("#intake .mending")
    shown.click("#intake-discard")
    shown.wait_for_selector("#intake-said >> text=原因")
    assert status(office, "RG-98") == ["open", "open"]
    shown.fill("#intake-reason", "调试期的测试报文")
    shown.click("#intake-discard")
    shown.wait_for_selector("#intake .stations, #intake .groups")
    assert status(office, "RG-98") == ["discarded", "discarded"]
    row = office.conn.execute("SELECT * FROM audit WHERE action = 'intake.discard' ORDER BY id DESC LIMIT 1").fetchone()
    assert row["detail"]["reason"] == "调试期的测试报文" and row["detail"]["n"] == 2


@pytest.mark.browser
def test_one_letter_is_discarded_alone(office, page):
    for n in range(2):
        office.rain(n, "RG-97")
    shown = page("admin", f"/intake?feed=rain&rule=station&letter={letter_of(office, 'RG-97')}")
    shown.wait_for_selector("#intake .mending")
    shown.click("#intake-scope >> text=只这一条")
    shown.fill("#intake-reason", "重复的测试")
    shown.click("#intake-discard")
    shown.wait_for_selector("#intake .groups")
    assert status(office, "RG-97") == ["open", "discarded"]


@pytest.mark.browser
def test_a_letter_that_cannot_be_replayed_says_why_not(office, page):
    office.send(b'{"tm": "2026-', "RG-06")
    shown = page("admin", "/intake?feed=rain&rule=decode")
    shown.wait_for_selector("#intake .mending")
    shown.click("#intake-replay")
    shown.wait_for_selector("#intake-said li")
    assert "仍不能收 1 条" in shown.inner_text("#intake-said") and "JSON" in shown.inner_text("#intake-said li")


@pytest.mark.browser
def test_raw_bytes_are_shown_in_hex_and_as_text_in_either_coding(office, page):
    raw = '{"站码":"RG-07","雨量":"无"}'.encode("gbk")
    office.send(raw, "RG-07")
    shown = page("operator", f"/intake?feed=rain&rule=decode&letter={letter_of(office, 'RG-07')}")
    shown.wait_for_selector("#intake .letter")
    assert "7b 22 d5 be c2 eb 22" in shown.inner_text("#intake pre.hex")
    assert "站码" not in shown.inner_text("#intake pre.text")
    shown.click("#intake .tabs >> text=GBK")
    shown.wait_for_selector("#intake pre.text >> text=站码")


@pytest.mark.browser
def test_a_changed_shape_is_told_with_both_samples_until_somebody_takes_note(office, page):
    now = datetime.now(UTC)
    for n in range(25):
        office.send({"tm": (now - timedelta(seconds=n)).isoformat(), "p1": 1.0}, "RG-08")
    for n in range(4):
        office.send({"tm": (now - timedelta(seconds=60 + n)).isoformat(), "p1": "1.0", "unit": "mm"}, "RG-08")
    office.beat.beat()
    shown = page("admin")
    said = shown.inner_text("#intake .drift")
    assert "起报文结构变了" in said and "RG-08" in said and "unit" in said and "数 → 文字" in said
    assert shown.locator("#intake .drift pre").count() == 2
    shown.click("#intake .drift button")
    shown.wait_for_selector("#drifts p.quiet")
    row = office.conn.execute("SELECT * FROM feed_drift").fetchone()
    assert row["seen_by"] and row["seen_at"]


# /metrics --------------------------------------------------------------------------------------------------------------
def test_the_district_s_metrics_add_up_and_name_feeds_and_workers(office):
    office.beat.beat()
    answer = httpx.get(office.url + "/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
    found = {
        (s.name, *s.labels.values()): s.value for f in text_string_to_metric_families(answer.text) for s in f.samples
    }  # fmt: skip
    for feed in ("rain", "drainage"):
        parts = [found[f"brain_feed_{k}_total", feed] for k in ("stored", "duplicate", "dead")]
        assert found["brain_feed_received_total", feed] == sum(parts) > 0
    assert (
        found["brain_worker_up", "w1"] == 1
        and ("brain_alerts_open", "red") in found
        and ("brain_engine_lag_seconds",) in found
    )


def test_metrics_through_a_proxy_are_for_the_administrator_only(office, client):
    proxied = {"X-Forwarded-For": "203.0.113.9"}
    assert httpx.get(office.url + "/metrics", headers=proxied).status_code == 403
    assert client("operator").get("/metrics", headers=proxied).status_code == 403
    assert client("admin").get("/metrics", headers=proxied).status_code == 200


@pytest.fixture
def token(office) -> str:
    """Set for the length of a test. (By hand: monkeypatch takes an attribute away that lies in the State's own store.)"""
    before = office.app.state.settings
    office.app.state.settings = replace(before, metrics_token="t0ken-of-the-scraper")
    yield "t0ken-of-the-scraper"
    office.app.state.settings = before


def test_with_a_token_set_an_address_alone_reads_no_metrics(office, client, token):
    assert httpx.get(office.url + "/metrics").status_code == 403
    headers = {"X-Forwarded-For": "203.0.113.9"}
    said = [f"Bearer {token}", f"bearer {token}", f"Bearer {token[:-1]}", "Bearer", token, b"Bearer \xb2"]
    asked = [httpx.get(office.url + "/metrics", headers=headers | {"Authorization": one}).status_code for one in said]
    assert asked == [200, 200, 403, 403, 403, 403]
    assert client("admin").get("/metrics").status_code == 200


# brain check -----------------------------------------------------------------------------------------------------------
def test_brain_check_reports_accounts_workers_letters_drift_and_spill(office):
    office.beat.beat()
    office.send(b"{", "RG-09")
    settings = replace(Settings(), database_url=office.database)
    found = {
        f.__name__: f(settings)
        for f in check.CHECKS
        if f.__name__ in ("accounts", "workers", "letters", "drift", "spill")
    }
    assert set(found) == {"accounts", "workers", "letters", "drift", "spill"}
    assert found["accounts"].ok and "入库" in found["accounts"].seen and found["spill"].ok
    assert found["workers"].ok and "w1" in found["workers"].seen
    assert "待处理" in found["letters"].seen
    office.conn.execute("UPDATE feed_status SET stored = stored + 1 WHERE feed = 'rain'")
    try:
        assert not check.accounts(settings).ok and "rain" in check.accounts(settings).seen
        assert not mending.adds_up(office.conn.execute("SELECT * FROM feed_status WHERE feed = 'rain'").fetchone())
    finally:
        office.conn.execute("UPDATE feed_status SET stored = stored - 1 WHERE feed = 'rain'")


# The wall --------------------------------------------------------------------------------------------------------------
def test_an_alert_about_the_intake_stands_in_the_open_alerts_and_opens_as_a_card(office, client, catalog):
    """Through the engine's own watch, the API's list and what the wall's card is made of; then it clears by itself."""
    now = datetime.now(UTC)
    office.beat.beat()
    watching.watch(office.conn, catalog, now + timedelta(seconds=25))
    try:
        [alert] = [a for a in client("operator").get("/api/v1/alerts?theme=platform").json()["alerts"] if a["station"] == "IN-w1"]
        assert (alert["name"], alert["theme_words"], alert["level"]) == ("接入进程 w1", "平台", "yellow")
        moment = reading.first(office.conn, catalog, now)
        operator = people.by_login(office.conn, "operator1")
        seat = Seat("t", operator, Sight.of(operator, catalog.roles), lambda seat, moment: {})
        assert alert["id"] in [a["id"] for a in moment.seen(seat.sight).alerts]
        found = desk.read(office.conn, catalog, moment, "alert", str(alert["id"]), seat)
        assert found.title == "接入进程 w1" and not found.may_report and found.may_ack
        assert "没有心跳" in str(card.card(found, catalog, now))
    finally:
        office.beat.beat()
        watching.watch(office.conn, catalog, datetime.now(UTC))
    assert not [a for a in client("operator").get("/api/v1/alerts?theme=platform").json()["alerts"] if a["station"] == "IN-w1"]
