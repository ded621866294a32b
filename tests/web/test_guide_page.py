"""/guide 怎样接入 in a real browser: the reader's own codes, every door with its examples, nothing over anything else."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import pytest

from brain.catalog import load
from brain.web.pages.guide import own

GUIDE = load().guide
DOORS = GUIDE.doors
OVER = """() => [...document.querySelectorAll("#guide .pair > *, #guide dd, #guide td, #guide pre, #guide .line, #guide .wide")].filter(
  (e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className + ": " + e.textContent.slice(0, 60))"""
OPENED = """() => { const shut = [...document.querySelectorAll("#guide details:not([open])")]; shut.forEach((e) => { e.open = true; });
  return shut.length; }"""
GOES = """(address) => { window.history.pushState({}, "", address);
  window.dispatchEvent(new CustomEvent("_dashprivate_pushstate")); }"""
WIDTHS = (1920, 1366, 390)

KEEPS = """() => { window.kept = [];
  Object.defineProperty(navigator, "clipboard", {value: {writeText: async (text) => { window.kept.push(text); }}}); }"""


def picture(page, name: str) -> None:
    if folder := os.environ.get("GUIDE_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.browser
def test_every_door_shows_what_to_send_and_what_comes_back_and_nothing_runs_over(visit, web):
    """At every width: what was laid out for one is laid out anew for the next. From door to door as a link of Dash goes, for a page
    that is loaded anew costs seconds."""
    visitor = visit("department", "/guide", (WIDTHS[0], 844))
    page = visitor.page
    page.wait_for_selector("#guide .doors")
    picture(page, "overview")
    assert "区水务局" in page.inner_text("#guide aside") and "city/441402/water/swj/" in page.inner_text("#guide .own")
    for key, door in DOORS.items():
        page.evaluate(GOES, f"/guide?door={key}")
        page.wait_for_selector(f'#guide aside a.on[href="/guide?door={key}"]')
        text = page.inner_text("#guide .told")
        assert all(one.note in text for one in door.examples) and all(reason in text for one in door.examples for reason in one.refused)
        assert page.locator("#guide .example").count() == len(door.examples)
        assert "{" not in page.inner_text("#guide #how"), key
        assert (GUIDE.past in text) == door.turns_late, key
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            picture(page, f"{key}-{width}")
            assert page.evaluate(OVER) == [], (key, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (key, width)
        page.set_viewport_size({"width": WIDTHS[0], "height": 844})
    assert not [u for u in visitor.asked if urlsplit(u).scheme in ("http", "https") and not u.startswith(web.url + "/")]
    assert not visitor.complaints


@pytest.mark.browser
def test_on_a_phone_only_the_first_example_stands_open(visit):
    page = visit("department", "/guide?door=mqtt", (390, 844)).page
    page.wait_for_selector("#guide .example")
    assert page.locator("#guide .example[open]").count() == 1 and page.locator("#guide .form[open]").count() == 0
    assert page.evaluate("document.documentElement.scrollHeight") < 5000
    page.locator("#guide .example summary").nth(1).click()
    assert page.locator("#guide .example[open]").count() == 2
    assert page.evaluate(OPENED) > 10 and page.evaluate(OVER) == []


@pytest.mark.browser
def test_an_example_names_a_station_of_the_readers_own_or_says_whose_it_is(visit, district):
    district.reading("WL-02", "water_level", 72.4)
    swj = district.catalog.departments["swj"]
    assert "WL-02" in own.stations_of(district.conn, swj, GUIDE)["water_level"]
    page = visit("department", "/guide?door=mqtt", (1366, 768)).page
    page.wait_for_selector("#guide .example")
    told = page.inner_text("#guide #examples")
    assert "city/441402/water/swj/WL-0" in told
    assert "city/441402/rain/qxj/RG-01" in told and "这个例子是气象局的；您发的时候换成自己的测站编号、单位代码。" in told


@pytest.mark.browser
def test_an_example_is_copied_as_it_stands(visit):
    page = visit("department", "/guide?door=hj212", (1366, 768)).page
    page.wait_for_selector("#guide .example")
    page.evaluate(KEEPS)
    button = page.locator("#guide .example").first.locator("figure .copy")
    button.click()
    page.wait_for_function("window.kept.length === 1")
    assert page.evaluate("kept[0]") == DOORS["hj212"].examples[0].body.strip("\n")
    assert button.inner_text() == "已复制"


@pytest.mark.browser
def test_whoever_has_no_department_of_his_own_chooses_whose_codes_are_filled_in(visit):
    page = visit("admin", "/guide?door=mqtt", (1366, 768)).page
    page.wait_for_selector("#guide .example")
    told = page.inner_text("#guide")
    assert "city/441402/water/单位代码/GW-01/status" in told and "city/441402/rain/qxj/RG-01" in told and "这个例子是气象局的" in told
    page.select_option("#guide-org", "qxj")
    page.wait_for_url("**/guide?**org=qxj**")
    page.wait_for_selector("#guide .example")
    told = page.inner_text("#guide")
    assert "city/441402/rain/qxj/" in told and "这个例子是气象局的" not in told and "door=mqtt" in page.url


@pytest.mark.browser
def test_upload_and_intake_lead_to_it(visit):
    page = visit("department", "/upload", (1366, 768)).page
    page.wait_for_selector("#upload a.guide")
    assert page.get_attribute("#upload a.guide", "href") == "/guide?door=file"
    page.goto(page.url.replace("/upload", "/intake"))
    page.wait_for_selector("#intake header a[href='/guide']")


@pytest.mark.parametrize(
    ("reader", "door", "example", "stations", "topic", "says"),
    [
        ("swj", "mqtt", "level", {"water_level": ["A-7"]}, "city/{district}/water/swj/A-7", ""),
        ("swj", "mqtt", "rain", {"rain_1h": ["A-7"]}, "city/{district}/rain/swj/A-7", ""),
        ("qxj", "mqtt", "rain", {}, "city/{district}/rain/qxj/RG-01", "请换成您自己的"),
        ("swj", "mqtt", "bad_time", {"water_level": ["A-7"]}, "city/{district}/rain/qxj/RG-01", "是气象局的"),
        ("qxj", "mqtt", "air", {"pm25": ["A-7"]}, "city/{district}/air/sthj/AQ-01", "气象局的账号还不能写"),
        ("swj", "mqtt", "gateway", {}, "city/{district}/water/swj/GW-01/status", ""),
        ("qxj", "mqtt", "gateway", {}, "city/{district}/water/单位代码/GW-01/status", "气象局的账号还不能写"),
        ("qxj", "push", "json", {"rain_1h": ["A-7", "A-8"]}, "", "请换成您自己的"),
        (None, "mqtt", "rain", {}, "city/{district}/rain/qxj/RG-01", "是气象局的"),
    ],
)
def test_an_example_has_the_readers_code_only_with_stations_of_his(catalog, reader, door, example, stations, topic, says):
    one = next(e for e in DOORS[door].examples if e.key == example)
    told, code, whose = own.of_example(one, catalog, catalog.departments.get(reader), stations)
    assert told.topic.replace("{org}", code) == topic and says in whose and bool(says) == bool(whose)
    assert all(s in told.body + told.topic for s in told.stations)
    assert {r.station for r in told.readings} <= set(told.stations) or not told.stations


def test_a_door_of_one_department_shows_its_code_and_says_so(catalog):
    swj, zsj = catalog.departments["swj"], catalog.departments["zsj"]
    assert own.of_door(DOORS["hotline"], catalog, swj) == ("zsj", "这扇门由政数局使用，下面写的是它的单位代码 zsj。")
    assert own.of_door(DOORS["hotline"], catalog, zsj) == ("zsj", "") and own.of_door(DOORS["file"], catalog, swj) == ("swj", "")
    topic = next(words for what, words in DOORS["lorawan"].how if what == "主题")
    assert own.of_line(topic, "swj", swj) == "swj" and own.of_line(topic, "zsj", zsj) == own.NO_ORG


def test_a_department_cannot_read_the_page_as_another(catalog):
    from brain.identity.people import Person
    from brain.model import Role
    from brain.web.pages.guide.page import own_org

    swj = Person(1, "swj1", "某人", Role.DEPARTMENT, org="swj")
    assert own_org(swj, "qxj", catalog) is catalog.departments["swj"]
    assert own_org(Person(2, "admin1", "某人", Role.ADMIN), "qxj", catalog) is catalog.departments["qxj"]
    assert own_org(Person(2, "admin1", "某人", Role.ADMIN), "nobody", catalog) is None
