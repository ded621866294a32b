"""Public warnings on the phone: one line above the tasks while one is in force, its text behind a tap."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from brain.model import Level

pytestmark = pytest.mark.browser


def test_no_line_stands_there_while_no_warning_is_in_force(phone):
    page = phone("wg001")
    expect(page.locator("#view > *").first).to_be_visible()
    expect(page.locator(".warning")).to_have_count(0)


def test_the_worst_warning_comes_by_itself_above_the_tasks(world, phone, warn):
    world.dispatched()
    page = phone("wg001")
    warn(Level.BLUE, "大风")
    warn(Level.ORANGE)
    line = page.locator("#view > :first-child .warning")
    expect(line.locator(".shape.orange")).to_be_visible()
    expect(line).to_contain_text("暴雨橙色预警")
    expect(line).to_contain_text("另有 1 条")


def test_a_tap_tells_text_and_instruction_of_all_of_them(phone, warn):
    warn(Level.BLUE, "大风", description="阵风 7 级。", instruction="加固户外广告牌。")
    warn(Level.ORANGE, description="3 小时内 50 毫米以上。", instruction="暂停户外作业。")
    page = phone("wg001")
    page.tap(".warning")
    told = page.locator(".sheet .card")
    expect(told).to_have_count(2)
    expect(told.first).to_contain_text("梅江区气象台")
    expect(told.first).to_contain_text("3 小时内 50 毫米以上。防御指引 暂停户外作业。")
    expect(told.last).to_contain_text("加固户外广告牌。")


def test_a_warning_that_is_over_goes_without_a_network(phone, warn):
    warn(Level.ORANGE)
    page = phone("wg001")
    page.clock.install()
    page.reload()
    expect(page.locator(".warning")).to_be_visible()
    page.context.set_offline(True)
    page.clock.fast_forward("07:00:00")
    expect(page.locator(".warning")).to_have_count(0)
