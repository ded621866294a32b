"""/guide 怎样接入 in a real browser: the reader's own codes, every door with its examples, nothing over anything else."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import pytest

from brain.catalog import load

DOORS = load().guide.doors
OVER = """() => [...document.querySelectorAll("#guide .pair > *, #guide dd, #guide td, #guide pre, #guide .line")].filter(
  (e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className + ": " + e.textContent.slice(0, 60))"""

KEEPS = """() => { window.kept = [];
  Object.defineProperty(navigator, "clipboard", {value: {writeText: async (text) => { window.kept.push(text); }}}); }"""


def picture(page, name: str) -> None:
    if folder := os.environ.get("GUIDE_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.browser
@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)], ids=lambda s: f"{s[0]}x{s[1]}")
def test_every_door_shows_what_to_send_and_what_comes_back_and_nothing_runs_over(visit, web, size):
    visitor = visit("department", "/guide", size)
    page = visitor.page
    page.wait_for_selector("#guide .doors")
    picture(page, f"overview-{size[0]}")
    assert "区水务局" in page.inner_text("#guide aside") and "city/441402/water/swj/" in page.inner_text("#guide .own")
    for key, door in DOORS.items():
        page.goto(f"{web.url}/guide?door={key}")
        page.wait_for_selector("#guide #examples .example")
        picture(page, f"{key}-{size[0]}")
        text = page.inner_text("#guide .told")
        assert all(one.note in text for one in door.examples) and all(reason in text for one in door.examples for reason in one.refused)
        assert page.locator("#guide .example").count() == len(door.examples)
        assert "{" not in page.inner_text("#guide #how"), key
        assert page.evaluate(OVER) == [], key
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], key
    page.goto(f"{web.url}/guide?door=mqtt")
    page.wait_for_selector("#guide .example")
    told = page.inner_text("#guide #examples")
    assert "city/441402/rain/swj/RG-01" in told and "city/441402/air/单位代码/AQ-01" in told  # it does not send air
    assert not [u for u in visitor.asked if urlsplit(u).scheme in ("http", "https") and not u.startswith(web.url + "/")]
    assert not visitor.complaints


@pytest.mark.browser
def test_an_example_is_copied_as_it_stands(visit):
    page = visit("department", "/guide?door=push", (1366, 768)).page
    page.wait_for_selector("#guide .example")
    page.evaluate(KEEPS)
    button = page.locator("#guide .example").first.locator("figure .copy")
    button.click()
    page.wait_for_function("window.kept.length === 1")
    assert page.evaluate("kept[0]") == DOORS["push"].examples[0].body.strip("\n")
    assert button.inner_text() == "已复制"


@pytest.mark.browser
def test_whoever_has_no_department_of_his_own_chooses_whose_codes_are_filled_in(visit):
    page = visit("admin", "/guide?door=mqtt", (1366, 768)).page
    page.wait_for_selector("#guide .example")
    assert "city/441402/rain/单位代码/RG-01" in page.inner_text("#guide")
    page.select_option("#guide-org", "qxj")
    page.wait_for_url("**/guide?**org=qxj**")
    page.wait_for_selector("#guide .example")
    assert "city/441402/rain/qxj/RG-01" in page.inner_text("#guide") and "door=mqtt" in page.url


@pytest.mark.browser
def test_upload_and_intake_lead_to_it(visit):
    page = visit("department", "/upload", (1366, 768)).page
    page.wait_for_selector("#upload a.guide")
    assert page.get_attribute("#upload a.guide", "href") == "/guide?door=file"
    page.goto(page.url.replace("/upload", "/intake"))
    page.wait_for_selector("#intake header a[href='/guide']")


def test_a_department_cannot_read_the_page_as_another(catalog):
    from brain.identity.people import Person
    from brain.model import Role
    from brain.web.pages.guide.page import own_org

    swj = Person(1, "swj1", "某人", Role.DEPARTMENT, org="swj")
    assert own_org(swj, "qxj", catalog) is catalog.departments["swj"]
    assert own_org(Person(2, "admin1", "某人", Role.ADMIN), "qxj", catalog) is catalog.departments["qxj"]
    assert own_org(Person(2, "admin1", "某人", Role.ADMIN), "nobody", catalog) is None
