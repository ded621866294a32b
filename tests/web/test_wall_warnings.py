"""Public warnings on the wall: a strip that is there while one is in force, comes and goes by itself, and covers nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from brain.model import Level
from brain.web.parts import bits
from tests.web.conftest import ISSUER

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MAP = "document.querySelector('#wall-map .js-plotly-plot')._fullLayout.map._subplot.map"
VIEW = f"[{MAP}.getCenter().lng, {MAP}.getCenter().lat, {MAP}.getZoom()]"
HEIGHT = f"{MAP}.getContainer().clientHeight"
ROWS = "#wall-warning-rows li"
BOX = "name => { const b = document.querySelector(name).getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; }"


def row_of(ident: str) -> str:
    return f'#wall-warning-rows [data-pick="warning:{ISSUER},{ident}"]'


@pytest.fixture(autouse=True)
def calm(wall) -> None:
    """Nothing is in force when a test begins."""
    wall.page.wait_for_selector(ROWS, state="detached", timeout=5000)


# What it says -----------------------------------------------------------------------------------------------------------
def test_nothing_at_all_is_shown_while_no_warning_is_in_force(wall):
    page = wall.page
    assert page.locator("#wall-warnings").is_hidden()
    assert page.evaluate(BOX, ".left")[1] == pytest.approx(page.evaluate(BOX, ".top")[3], abs=0.5)


def test_a_warning_says_its_colour_kind_issuer_and_from_when_until_when(wall, district):
    now = datetime.now(UTC)
    sent, ends = now - timedelta(hours=1), now + timedelta(hours=30)
    ident = district.warning(Level.ORANGE, sent=sent, expires=ends)
    wall.page.wait_for_selector(row_of(ident))
    words = wall.page.inner_text(row_of(ident)).split("\n")
    issued, over = f"{bits.clock(sent, now)} 发布", f"{bits.clock(ends, now)} 结束"
    assert [w for w in words if w] == ["◆", "橙色", "暴雨预警", "梅江区气象台", issued, over]


def test_every_level_is_said_by_a_shape_and_its_word(wall, district):
    said = {}
    for level in (*Level, None):
        ident = district.warning(level)
        wall.page.wait_for_selector(row_of(ident), state="attached")
        said[level] = wall.page.text_content(row_of(ident) + " em")
        district.cancel(ident)
    assert said == {Level.RED: "■红色", Level.ORANGE: "◆橙色", Level.YELLOW: "▲黄色", Level.BLUE: "●蓝色", None: "未分级"}


def test_a_warning_without_an_end_says_so(wall, district):
    ident = district.warning(Level.BLUE, expires=None)
    wall.page.wait_for_selector(f"{row_of(ident)} >> text=未写结束时间")


def test_the_highest_level_comes_first(wall, district):
    idents = {level: district.warning(level) for level in (Level.BLUE, Level.RED, Level.YELLOW)}
    wall.page.wait_for_selector(f"{ROWS}:nth-child(3)", state="attached")
    shown = wall.page.eval_on_selector_all(ROWS + " button", "nodes => nodes.map(n => n.dataset.pick.split(',')[1])")
    assert shown == [idents[level] for level in (Level.RED, Level.YELLOW, Level.BLUE)]


# Coming and going -------------------------------------------------------------------------------------------------------
def test_a_warning_appears_within_two_seconds_without_reload_and_without_a_request(wall, district):
    page = wall.page
    page.evaluate("window.notReloaded = true")
    before = len(wall.asked)
    ident = district.warning(Level.RED)
    committed = time.monotonic()
    page.wait_for_selector(row_of(ident), timeout=5000)
    assert time.monotonic() - committed <= 2.0
    assert page.evaluate("window.notReloaded") and wall.asked[before:] == []


def test_an_update_takes_the_place_of_what_it_updates(wall, district):
    first = district.warning(Level.YELLOW)
    wall.page.wait_for_selector(row_of(first))
    second = district.warning(Level.ORANGE, msg_type="Update", refers=((ISSUER, first),))
    wall.page.wait_for_selector(row_of(second), timeout=5000)
    assert wall.page.locator(ROWS).count() == 1 and "橙色" in wall.page.inner_text(ROWS)


def test_a_cancelled_warning_goes_and_the_strip_with_it(wall, district):
    ident = district.warning(Level.YELLOW)
    wall.page.wait_for_selector(row_of(ident))
    district.cancel(ident)
    wall.page.wait_for_selector("#wall-warnings", state="hidden", timeout=5000)


def test_a_warning_that_is_over_goes_by_itself_within_two_seconds(wall, district):
    ends = datetime.now(UTC) + timedelta(seconds=4)
    ident = district.warning(Level.YELLOW, expires=ends)
    wall.page.wait_for_selector(row_of(ident))
    wall.page.wait_for_selector(row_of(ident), state="detached", timeout=10_000)
    assert 0 <= (datetime.now(UTC) - ends).total_seconds() <= 2


def test_a_warning_that_is_not_yet_in_force_comes_by_itself_within_two_seconds(wall, district):
    begins = datetime.now(UTC) + timedelta(seconds=4)
    ident = district.warning(Level.YELLOW, effective=begins)
    wall.page.wait_for_selector(row_of(ident), timeout=10_000)
    assert 0 <= (datetime.now(UTC) - begins).total_seconds() <= 2


def test_the_view_of_the_map_is_kept_while_the_strip_comes_and_goes(wall, district):
    page = wall.page
    page.mouse.move(*(lambda b: (b["x"] + b["width"] / 2, b["y"] + b["height"] / 2))(page.locator("#wall-map").bounding_box()))
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(1200)
    seen, height = page.evaluate(VIEW), page.evaluate(HEIGHT)
    ident = district.warning(Level.RED)
    page.wait_for_selector(row_of(ident))
    page.wait_for_timeout(1500)
    assert page.evaluate(HEIGHT) < height - 30 and page.evaluate(VIEW) == pytest.approx(seen, abs=1e-6)
    district.cancel(ident)
    page.wait_for_selector("#wall-warnings", state="hidden")
    page.wait_for_timeout(1500)
    assert page.evaluate(HEIGHT) == height and page.evaluate(VIEW) == pytest.approx(seen, abs=1e-6)


# Folding ----------------------------------------------------------------------------------------------------------------
MORE = "#wall-warning-more"
SHOWN = f"[...document.querySelectorAll('{ROWS}')].filter(row => row.offsetParent).length"


def test_what_does_not_fit_is_folded_behind_a_button_that_counts_it(wall, district):
    for n in range(7):
        district.warning(Level.BLUE, f"灾害{n}")
    page = wall.page
    page.wait_for_selector(f"{ROWS}:nth-child(7)", state="attached")
    shown = page.evaluate(SHOWN)
    assert 2 <= shown < 7 and page.inner_text(MORE) == f"另有 {7 - shown} 条"
    assert page.evaluate(BOX, f"{ROWS}:nth-child({shown})")[2] <= page.evaluate(BOX, MORE)[0]


def test_the_folded_ones_are_unfolded_by_the_button_and_cover_nothing(wall, district):
    for n in range(7):
        district.warning(Level.BLUE, f"灾害{n}")
    page = wall.page
    page.wait_for_selector(f"{ROWS}:nth-child(7)", state="attached")
    page.click(MORE)
    assert page.evaluate(SHOWN) == 7
    bottom = page.evaluate(BOX, "#wall-warnings")[3]
    assert all(page.evaluate(BOX, name)[1] >= bottom - 0.5 for name in (".left", "main", ".right"))
    page.click(MORE)
    assert page.evaluate(SHOWN) < 7 and "另有" in page.inner_text(MORE)


def test_what_is_unfolded_stays_so_when_another_comes(wall, district):
    for n in range(7):
        district.warning(Level.BLUE, f"灾害{n}")
    page = wall.page
    page.wait_for_selector(f"{ROWS}:nth-child(7)", state="attached")
    page.click(MORE)
    district.warning(Level.RED)
    page.wait_for_selector(f"{ROWS}:nth-child(8)", state="attached")
    assert page.evaluate(SHOWN) == 8
    page.click(MORE)


# Its text ---------------------------------------------------------------------------------------------------------------
def test_a_click_opens_the_text_and_the_instruction(wall, district):
    told = {"description": "预计未来3小时有50毫米以上的降雨。", "instruction": "1.切断危险的室外电源；2.暂停户外作业。"}
    ident = district.warning(Level.ORANGE, **told, area={"desc": ["西阳镇"]})
    wall.page.click(row_of(ident))
    wall.page.wait_for_selector("#wall-card-live >> text=生效中")
    said = wall.page.inner_text("#wall-card").split("\n")
    assert {"暴雨橙色预警", told["description"], "1.切断危险的室外电源；", "2.暂停户外作业。", "西阳镇"} <= set(said)
    assert not wall.complaints


def test_an_open_card_says_when_its_warning_is_cancelled(wall, district):
    ident = district.warning(Level.ORANGE)
    wall.page.click(row_of(ident))
    wall.page.wait_for_selector("#wall-card-live >> text=生效中")
    district.cancel(ident)
    wall.page.wait_for_selector("#wall-card-live >> text=已解除", timeout=5000)
