"""The wall in a real browser: it draws, hears within two seconds, keeps the viewer's view, and lets people act on it."""

from __future__ import annotations

import io
import time
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from brain.model import Level
from layers._style import DARK, LEVELS

pytestmark = [pytest.mark.browser, pytest.mark.slow]
UNDERPASS = "PD-01"
GAUGE = "WL-01"
MAP = "document.querySelector('#wall-map .js-plotly-plot')._fullLayout.map._subplot.map"


def rgb(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def pixels_of(page, colour: str, tolerance: int = 10) -> int:
    """How many pixels of the map have this colour."""
    image = Image.open(io.BytesIO(page.locator("#wall-map").screenshot())).convert("RGB")
    return int((abs(np.asarray(image, dtype=int) - rgb(colour)).max(axis=-1) <= tolerance).sum())


def wait_for_pixels(page, colour: str, least: int, seconds: float = 15) -> int:
    deadline = time.monotonic() + seconds
    while (found := pixels_of(page, colour)) < least:
        assert time.monotonic() < deadline, f"only {found} pixels of {colour} on the map"
    return found


# What is drawn ----------------------------------------------------------------------------------------------------------
def test_the_map_draws_district_rivers_stations_and_names_without_anybody_else(wall, web):
    wait_for_pixels(wall.page, DARK.land, 60_000)
    assert pixels_of(wall.page, DARK.border, 20) > 500
    assert pixels_of(wall.page, DARK.river, 20) > 500
    assert pixels_of(wall.page, DARK.quiet, 16) > 300  # rings and silent stations
    strange = [u for u in wall.asked if urlsplit(u).scheme in ("http", "https") and not u.startswith(web.url + "/")]
    assert not strange
    assert not wall.complaints


def test_words_on_the_map_are_drawn_without_a_glyph_server(wall, district):
    before = pixels_of(wall.page, DARK.text, 60)
    district.alert("RG-01", "rain_24h", "tip", Level.YELLOW, "24小时雨量 88.0 mm，达黄色限值 80 mm", 88.0)
    wait_for_pixels(wall.page, LEVELS["yellow"].colour, 12)
    wall.page.mouse.move(10, 500)
    deadline = time.monotonic() + 10
    while (now := pixels_of(wall.page, DARK.text, 60)) < before + 60:  # a label of Chinese words and digits
        assert time.monotonic() < deadline, f"{now} pixels of text, {before} before"


SIZES = [(1920, 1080), (3840, 1080), (1366, 768)]
REGIONS = [".top", "#wall-warnings", ".left", "main", "#wall-loop", "#wall-alerts", "#wall-due", "#wall-timeline"]


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_no_region_covers_another_and_no_text_is_small(visit, district, size):
    district.alert(UNDERPASS, "pond_depth", "ladder", Level.RED, "积水深度 42.0 cm，达红色限值 25 cm", 42.0)
    for level in (*Level, None):
        district.warning(level, "地质灾害气象风险", sender_name="广东省梅州市梅江区自然资源局与气象局联合")
    visitor = visit("chief", size=size)
    visitor.wait_for_map()
    page = visitor.page
    page.wait_for_selector("#wall-warnings [data-pick]")
    boxes = page.evaluate(
        "names => names.map(s => [s, document.querySelector(s).getBoundingClientRect()])"
        ".map(([s, b]) => [s, b.left, b.top, b.right, b.bottom])",
        REGIONS,
    )
    for name, x0, y0, x1, y1 in boxes:
        assert x0 >= -0.5 and y0 >= -0.5 and x1 <= size[0] + 0.5 and y1 <= size[1] + 0.5, f"{name} leaves the screen"
    for n, (a, ax0, ay0, ax1, ay1) in enumerate(boxes):
        for b, bx0, by0, bx1, by1 in boxes[n + 1 :]:
            apart = ax1 <= bx0 + 0.5 or bx1 <= ax0 + 0.5 or ay1 <= by0 + 0.5 or by1 <= ay0 + 0.5
            assert apart, f"{a} and {b} lie on each other"
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.click("#wall-alert-rows [data-pick]")
    page.wait_for_selector("#wall-card-live")
    small = page.evaluate(
        """() => { const small = [], walk = document.createTreeWalker(document.getElementById('wall'), NodeFilter.SHOW_TEXT);
             while (walk.nextNode()) { const node = walk.currentNode, parent = node.parentElement;
               if (node.textContent.trim() && parent.offsetParent && parseFloat(getComputedStyle(parent).fontSize) < 14)
                 small.push(parent.className + ': ' + node.textContent); } return small; }"""
    )
    assert not small


# Hearing --------------------------------------------------------------------------------------------------------------
def test_an_alert_appears_without_reload_within_two_seconds(wall, district):
    page, taken = wall.page, []
    page.evaluate("window.notReloaded = true")
    for n, station in enumerate(("DW-01", "DW-02", "DW-03", "DW-04", "DW-05")):
        district.alert(station, "well_depth", "ladder", Level.RED, f"井盖至水面 0.0{n} m，低至红色限值 0.1 m", 0.0)
        committed = time.monotonic()
        page.wait_for_selector(f"#wall-alert-rows >> text=0.0{n} m，低至红色限值", timeout=5000)
        taken.append(time.monotonic() - committed)
    assert max(taken) <= 2.0, taken
    assert page.evaluate("window.notReloaded")


def test_the_first_push_comes_before_anybody_would_call_the_line_lost(visit):
    visitor = visit("operator", "/login")
    visitor.page.add_init_script(
        "setInterval(() => { window.wasLost ||= document.querySelector('#wall')?.dataset.line === 'lost'; }, 50)"
    )
    visitor.page.goto(visitor.base + "/")
    visitor.page.wait_for_selector("#wall[data-beats]", timeout=20_000)
    assert visitor.page.evaluate("window.wasLost") is False


def test_a_cleared_alert_goes_without_reload(wall, district):
    district.alert("DW-06", "well_depth", "ladder", Level.RED, "井盖至水面 0.07 m，低至红色限值 0.1 m", 0.07)
    wall.page.wait_for_selector("#wall-alert-rows >> text=0.07 m")
    district.clear("DW-06", "well_depth", "ladder")
    wall.page.wait_for_selector("#wall-alert-rows >> text=0.07 m", state="detached", timeout=5000)


def test_pan_zoom_and_a_layer_switched_off_are_kept_through_forty_ticks(wall, district):
    page = wall.page
    box = page.locator("#wall-map").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(1200)
    page.mouse.down()
    page.mouse.move(middle[0] - 220, middle[1] - 90, steps=6)
    page.mouse.up()
    page.wait_for_timeout(1500)
    page.click("[data-layer=cameras]")
    page.wait_for_timeout(800)
    seen = page.evaluate(f"[{MAP}.getCenter().lng, {MAP}.getCenter().lat, {MAP}.getZoom()]")
    beats = int(page.get_attribute("#wall", "data-beats"))
    for n in range(40):
        district.reading(GAUGE, "water_level", 75.0 + n / 40)
        district.reading("RG-02", "rain_1h", n / 10)
        if n % 10 == 0:
            district.alert(f"DW-{n // 10 + 1:02d}", "well_depth", "ladder", Level.YELLOW, f"第 {n} 次", 0.4)
        page.wait_for_timeout(260)
    assert int(page.get_attribute("#wall", "data-beats")) - beats >= 12
    page.wait_for_selector("#wall-theme-rain >> text=3.9", timeout=10_000)
    now = page.evaluate(f"[{MAP}.getCenter().lng, {MAP}.getCenter().lat, {MAP}.getZoom()]")
    assert now == pytest.approx(seen, abs=1e-6)
    hidden = page.evaluate(
        "document.querySelector('#wall-map .js-plotly-plot').data.filter(t => t.uid.startsWith('cameras')).map(t => t.visible)"
    )
    page.click("[data-layer=cameras]")
    assert hidden == [False, False]
    assert not wall.complaints


# Acting -----------------------------------------------------------------------------------------------------------------
def test_an_alert_is_chosen_and_acknowledged_with_two_keys(wall, district, city):
    alert = district.alert("DW-09", "well_depth", "ladder", Level.RED, "井盖至水面 0.09 m，低至红色限值 0.1 m", 0.09)
    page = wall.page
    page.wait_for_selector("#wall-alert-rows >> text=0.09 m")
    page.keyboard.press("j")
    page.wait_for_selector("#wall-card-acts [data-key=a]")
    for _ in range(20):
        if "DW-09" in page.inner_text("#wall-card-live"):
            break
        page.keyboard.press("j")
        page.wait_for_timeout(400)
    page.keyboard.press("a")
    page.wait_for_selector("#wall-said.good >> text=已确认")
    assert city.execute("SELECT acked_by FROM alert WHERE id = %s", [alert]).fetchone()["acked_by"]


def test_an_event_is_registered_and_dispatched_from_its_card(wall, district, city, catalog):
    alert = district.alert(UNDERPASS, "pond_depth", "ladder", Level.RED, "积水深度 43.0 cm，达红色限值 25 cm", 43.0)
    event = city.execute("SELECT event_id FROM alert WHERE id = %s", [alert]).fetchone()["event_id"]
    page = wall.page
    page.wait_for_selector("#wall-alert-rows >> text=43.0 cm")
    page.click("#wall-alert-rows >> text=43.0 cm")
    page.wait_for_selector(f"#wall-card-live >> text={event}")
    assert "为什么" not in page.inner_text("#wall-card")
    assert catalog.rules["pond_depth", "ladder"].label in page.inner_text("#wall-card-live")
    if city.execute("SELECT state FROM event WHERE id = %s", [event]).fetchone()["state"] == "accepted":
        page.click("#wall-card-acts [data-verb=register]")
        page.click("form[data-verb=register] button[type=submit]")
        page.wait_for_selector("#wall-said.good")
    if city.execute("SELECT state FROM event WHERE id = %s", [event]).fetchone()["state"] == "registered":
        page.click("#wall-card-acts [data-verb=dispatch]")
        page.select_option("form[data-verb=dispatch] select[name=org]", "swj")
        page.wait_for_selector("#wall-hands option:nth-child(2)", state="attached")
        page.fill("form[data-verb=dispatch] textarea[name=note]", "请带抽水泵")
        page.click("form[data-verb=dispatch] button[type=submit]")
        page.wait_for_selector("#wall-said.good >> text=待接单")
    row = city.execute("SELECT state, org FROM event WHERE id = %s", [event]).fetchone()
    assert row["state"] == "dispatched" and row["org"]
    page.wait_for_selector("#wall-card-live >> text=待接单", timeout=5000)
    assert not wall.complaints


def test_what_is_chosen_is_not_hidden_under_its_card(wall, district):
    district.alert("WQ-01", "turbidity", "ladder", Level.BLUE, "浊度 62.5 NTU，达蓝色限值 60 NTU", 62.5)
    page = wall.page
    page.click("#wall-alert-rows >> text=62.5 NTU")
    page.wait_for_selector("#wall-card-live >> text=WQ-01")
    page.wait_for_timeout(1500)
    lng, lat = district.conn.execute("SELECT lng, lat FROM station WHERE id = 'WQ-01'").fetchone().values()
    x, y = page.evaluate(f"(() => {{ const p = {MAP}.project([{lng}, {lat}]); return [p.x, p.y]; }})()")
    card, field = page.locator("#wall-card").bounding_box(), page.locator("#wall-map").bounding_box()
    assert 0 < x + field["x"] < card["x"] and 0 < y < field["height"]


def test_an_event_is_made_of_an_alert_that_opened_none(wall, district, city):
    alert = district.alert("WQ-02", "turbidity", "ladder", Level.BLUE, "浊度 61.5 NTU，达蓝色限值 60 NTU", 61.5)
    page = wall.page
    page.click("#wall-alert-rows >> text=61.5 NTU")
    page.click("#wall-card-acts [data-do=report]")
    page.wait_for_selector("#wall-said.good >> text=已上报")
    row = city.execute("SELECT * FROM event WHERE alert_id = %s", [alert]).fetchone()
    assert row["station"] == "WQ-02" and "61.5 NTU" in row["description"] and row["level"] == Level.BLUE
    page.wait_for_selector(f"#wall-card-live >> text={row['id']}", timeout=5000)


def test_a_refusal_is_said_beside_the_button_and_the_form_stays(wall, district):
    event, page = district.event("swj"), wall.page
    page.fill("#wall-search", event)
    page.click(f"#wall-found [data-pick='event:{event}']")
    page.wait_for_selector("#wall-card-acts")
    page.click("#wall-card summary")
    page.click("#wall-card-acts [data-verb=suspend]")
    page.click("form[data-verb=suspend] button[type=submit]")
    page.wait_for_selector("#wall-said.bad >> text=请填写原因")
    assert page.locator("form[data-verb=suspend]").count() == 1


def test_unfolded_buttons_stay_unfolded_when_the_event_moves(wall, web, district):
    event, page = district.event("swj"), wall.page
    page.fill("#wall-search", event)
    page.click(f"#wall-found [data-pick='event:{event}']")
    page.click("#wall-card summary")
    suspend = page.locator("#wall-card-acts [data-verb=suspend]")
    suspend.wait_for(state="visible")
    before = suspend.get_attribute("data-version")
    with web.client("leader") as client:
        assert client.post(f"/api/v1/events/{event}/note", json={"note": "领导已知"}).status_code in (200, 201)
    page.wait_for_selector(f"#wall-card-acts [data-verb=suspend]:not([data-version='{before}'])", state="attached")
    assert suspend.is_visible()


def test_a_push_brings_nothing_again_that_the_answer_to_a_click_brought(wall, district):
    event, page = district.event("swj"), wall.page
    page.fill("#wall-search", event)
    page.click(f"#wall-found [data-pick='event:{event}']")
    button = page.wait_for_selector("#wall-card-acts [data-verb]")
    beats = int(page.get_attribute("#wall", "data-beats"))
    for _ in range(60):
        if int(page.get_attribute("#wall", "data-beats")) >= beats + 2:
            break
        page.wait_for_timeout(250)
    assert button.evaluate("node => node.isConnected")


def test_somebody_elses_step_is_told_instead_of_being_overwritten(wall, web, district):
    event, page = district.event("swj"), wall.page
    page.fill("#wall-search", event)
    page.click(f"#wall-found [data-pick='event:{event}']")
    page.click("#wall-card summary")
    page.click("#wall-card-acts [data-verb=note]")
    page.fill("form[data-verb=note] textarea", "我这边先记一笔")
    with web.client("leader") as client:
        assert client.post(f"/api/v1/events/{event}/note", json={"note": "领导已知"}).status_code in (200, 201)
    page.click("form[data-verb=note] button[type=submit]")
    page.wait_for_selector("#wall-said.bad >> text=看过新的情况")


def test_a_leader_sees_no_button_that_is_not_his(visit, district):
    district.alert(UNDERPASS, "pond_depth", "ladder", Level.RED, "积水深度 44.0 cm，达红色限值 25 cm", 44.0)
    visitor = visit("leader")
    visitor.wait_for_map()
    page = visitor.page
    page.wait_for_selector("#wall-alert-rows >> text=44.0 cm")
    page.click("#wall-alert-rows >> text=44.0 cm")
    page.wait_for_selector("#wall-card-live")
    shown = set(page.eval_on_selector_all("#wall-card-acts [data-verb]", "nodes => nodes.map(n => n.dataset.verb)"))
    assert shown <= {"urge", "supervise", "note", "suspend", "resume"}
    assert page.locator("#wall-card-acts [data-do=ack]").count() == 0


def test_a_department_sees_its_own_events_only(visit, district, city):
    mine, other = district.event("swj"), district.event("cgj")
    visitor = visit("department")
    visitor.wait_for_map()
    shown = visitor.page.eval_on_selector_all(
        "#wall-due [data-pick]", "nodes => nodes.map(n => n.dataset.pick.slice(6))"
    )
    orgs = city.execute("SELECT id, org, reporter_org FROM event WHERE id = ANY(%s)", [shown]).fetchall()
    assert mine in shown and other not in shown
    assert all("swj" in (r["org"], r["reporter_org"]) for r in orgs)


# Coming back ------------------------------------------------------------------------------------------------------------
def test_the_page_heals_within_ten_seconds_after_the_server_comes_back(visit, web, district):
    visitor = visit("operator")
    visitor.wait_for_map()
    page = visitor.page
    page.evaluate("window.notReloaded = true")
    view = page.evaluate(f"{MAP}.getZoom()")
    web.stop()
    page.wait_for_selector("#wall[data-line=lost]", timeout=20_000)
    assert "正在重连" in page.inner_text("#wall-line")
    web.start()
    back = time.monotonic()
    district.alert("DW-08", "well_depth", "ladder", Level.RED, "井盖至水面 0.08 m，低至红色限值 0.1 m", 0.08)
    page.wait_for_selector("#wall-alert-rows >> text=0.08 m", timeout=10_000)
    assert time.monotonic() - back <= 10
    page.wait_for_selector("#wall[data-line=live]", timeout=5000)
    assert page.evaluate("window.notReloaded") and page.evaluate(f"{MAP}.getZoom()") == view
