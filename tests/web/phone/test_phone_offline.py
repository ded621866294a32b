"""The phone page when the line comes and goes: nothing is lost, nothing is done twice, conflicts are told."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
HERE = {"lng": 116.12, "lat": 24.29}
PASSWORD = "Phone-2026-x"


def test_a_report_made_offline_is_exactly_one_event_later(world, phone, shot, spot, hands):
    page = phone("wg001", at=spot)
    page.context.set_offline(True)
    hands.fill_report(page, shot, "离线上报")
    page.tap(".foot .big")
    expect(page.locator(".bar").first).to_have_text("离线 · 1 件待上传（1 张照片），联网后自动发送")
    assert world.reports("离线上报") == []
    page.context.set_offline(False)
    expect(page.locator(".bar")).to_have_count(0)
    assert len(world.reports("离线上报")) == 1
    assert len(world.photos_of(world.reports("离线上报")[0]["id"])) == 1


def test_what_waits_survives_closing_the_page(world, phone, shot, spot, hands):
    page = phone("wg001", at=spot)
    page.context.set_offline(True)
    hands.fill_report(page, shot, "关掉再开")
    page.tap(".foot .big")
    expect(page.locator(".bar").first).to_contain_text("1 件待上传")
    page.close()
    again = page.context.new_page()
    again.errors = []
    again.goto(f"{world.url}/m/")  # the service worker opens it without a line
    expect(again.locator(".bar").first).to_contain_text("1 件待上传（1 张照片）")
    page.context.set_offline(False)
    expect(again.locator(".bar")).to_have_count(0)
    assert len(world.reports("关掉再开")) == 1


def test_a_dictionary_that_is_not_on_the_phone_yet_is_not_called_an_empty_search(world, phone, spot):
    page = phone("wg001", at=spot)
    page.evaluate("import('/m/store.js').then((store) => store.drop('categories'))")
    page.context.set_offline(True)
    page.tap("#tabs >> text=上报")
    page.tap(".chip.more")
    expect(page.locator(".list.tall")).to_contain_text("类别表还没有存到这台手机上")


def test_an_answer_that_was_lost_on_the_way_is_not_done_twice(world, phone, shot, hands):
    event = world.dispatched()
    page = phone("wg001")
    lost: list[str] = []
    again: list = []

    def lose_first(route):
        if lost:
            again.append(route)  # held until the screen was looked at
            return
        lost.append(route.request.headers["idempotency-key"])
        route.fetch()  # the server does it, the phone never hears
        route.abort()

    page.route(f"**/events/{event}/take", lose_first)
    hands.card(page, event).get_by_role("button", name="接单").tap()
    expect(page.locator(".bar").first).to_contain_text("1 件待上传")
    while not again:
        page.wait_for_timeout(20)
    assert again[0].request.headers["idempotency-key"] == lost[0]
    again[0].continue_()
    expect(page.locator(".bar")).to_have_count(0)
    assert len(lost) == 1
    taken = world.rows("SELECT count(*) AS n FROM event_log WHERE event_id = %s AND verb = 'take'", event)
    assert taken[0]["n"] == 1


def test_work_goes_on_offline_in_its_order(world, phone, shot, hands):
    event = world.dispatched()
    page = phone("wg001")
    page.context.set_offline(True)
    mine = hands.card(page, event)
    mine.get_by_role("button", name="接单").tap()
    mine.get_by_role("button", name="到场").tap()
    mine.get_by_role("button", name="反馈").tap()
    hands.shoot(page, shot)
    page.fill('[aria-label="说明"]', "离线处置")
    page.tap(".foot .big")
    expect(mine).to_contain_text("已反馈 · 待上传")
    expect(page.locator(".bar").first).to_contain_text("3 件待上传")
    page.context.set_offline(False)
    expect(page.locator(".bar")).to_have_count(0)
    log = world.get("wg001", f"/api/v1/events/{event}")["log"]
    assert [line["verb"] for line in log][-3:] == ["take", "arrive", "answer"]


def test_a_dozen_reports_over_a_bad_line_and_five_kills_arrive_once_each(world, phone, spot):
    """Requests are lost before the server or after it did the work, and the page is killed each time."""
    page = phone("wg001", at=spot)
    page.context.set_offline(True)
    page.evaluate(
        """async ([lng, lat]) => {
             const [queue, photo] = await Promise.all([import('/m/queue.js'), import('/m/photo.js')]);
             for (let n = 0; n < 12; n++) {
               const canvas = new OffscreenCanvas(64, 48), ink = canvas.getContext('2d');
               ink.fillStyle = `hsl(${n * 30} 80% 50%)`;
               ink.fillRect(0, 0, 64, 48);
               const shot = await photo.take(new File([await canvas.convertToBlob()], 'shot.png'), 'report');
               const json = { category: 'matter:06026', description: `坏线路 ${n}`, lng, lat };
               await queue.enqueue({ path: '/api/v1/events', verb: 'report', words: '上报', title: '坏线路', json, photos: [shot] });
             }
           }""",
        [spot["lng"], spot["lat"]],
    )
    sent = 0
    bad = {2: "before", 5: "after", 10: "after", 16: "before", 21: "after"}

    def line(route):
        nonlocal sent
        sent += 1
        if (how := bad.get(sent)) == "after":
            route.fetch()
        route.continue_() if how is None else route.abort()

    page.context.route(re.compile("/api/v1/(photos|events)$"), line)
    page.context.set_offline(False)
    for kills in range(len(bad)):
        with page.context.expect_event("requestfailed", lambda r: "/api/v1/" in r.url and r.method == "POST"):
            if kills:
                page.goto(f"{world.url}/m/")
        page.close()
        page = page.context.new_page()
        page.errors = []
    page.goto(f"{world.url}/m/")
    expect(page.locator("#head h1")).to_have_text("我的任务")
    expect(page.locator(".bar")).to_have_count(0)
    rows = world.rows("SELECT description, (SELECT count(*) FROM photo WHERE event_id = e.id) AS n FROM event e"
                      " WHERE description LIKE '坏线路 %%' ORDER BY id")  # fmt: skip
    assert [(r["description"], r["n"]) for r in rows] == [(f"坏线路 {n}", 1) for n in range(12)]


def test_a_conflict_is_told_and_settled_with_one_tap(world, phone, shot, hands):
    event = world.dispatched()
    world.act("wg001", event, "take")
    page = phone("wg001")
    page.context.set_offline(True)
    mine = hands.card(page, event)
    mine.get_by_role("button", name="到场").tap()
    expect(page.locator(".bar").first).to_contain_text("1 件待上传")
    stands = HERE | {"note": "代为反馈"}
    world.act("wg001", event, "answer", photos=[world.photo("wg001", "answer")], **stands)
    page.context.set_offline(False)
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("不能再做“到场”")
    sheet.get_by_role("button", name="补记为备注").tap()
    expect(page.locator(".bar")).to_have_count(0)
    last = world.get("wg001", f"/api/v1/events/{event}")["log"][-1]
    assert last["verb"] == "note" and "到场，当时没有记上" in last["note"]


def test_a_conflict_can_be_given_up(world, phone, hands):
    event = world.dispatched()
    page = phone("wg001")
    page.context.set_offline(True)
    hands.card(page, event).get_by_role("button", name="接单").tap()
    world.act("wg001", event, "take")
    page.context.set_offline(False)
    page.get_by_role("dialog").get_by_role("button", name="知道了").tap()
    expect(page.locator(".bar")).to_have_count(0)
    verbs = [line["verb"] for line in world.get("wg001", f"/api/v1/events/{event}")["log"]]
    assert verbs.count("take") == 1 and "note" not in verbs


def test_a_half_written_report_is_still_there_after_a_crash(world, phone, shot, spot, hands):
    page = phone("wg001", at=spot)
    hands.fill_report(page, shot, "写到一半")
    page.wait_for_function("indexedDB.databases().then((d) => d.length > 0)")
    page.reload()
    expect(page.locator(".hint")).to_contain_text("接着上次没写完的上报")
    expect(page.locator("textarea").first).to_have_value("写到一半")
    expect(page.locator(".thumb img")).to_have_count(1)


def test_another_person_on_the_same_phone_sees_nothing_of_the_first(world, phone, hands):
    event = world.dispatched(address="前一个人的任务")
    page = phone("wg001")
    expect(hands.card(page, event)).to_be_visible()
    page.tap("#tabs >> text=我的")
    page.get_by_role("button", name="退出登录").tap()
    page.fill("[name=login]", "wg090")
    page.fill("[name=password]", PASSWORD)
    page.tap("button")
    expect(page.locator("#head h1")).to_have_text("我的任务")
    expect(page.locator("#view")).not_to_contain_text("前一个人的任务")
    kept = page.evaluate("import('/m/store.js').then((s) => s.get('tasks')).then((t) => JSON.stringify(t || ''))")
    assert "前一个人的任务" not in kept
