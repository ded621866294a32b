"""What is on the phone stays there until the platform has it: killed pages, portals and proxies, another person, another tab, no room."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PASSWORD = "Phone-2026-x"
BETWEEN = """answer => {
  const real = window.fetch;
  window.between = true;
  window.fetch = (path, how) => (window.between && /\\/api\\/v1\\/(photos|events)$/.test(path)
    ? Promise.resolve(new Response(answer.body, { status: answer.status, headers: { "content-type": answer.content_type } }))
    : real(path, how));
}"""
"""Something on the way that answers in the platform's place."""
PORTAL = "<html><body>欢迎使用无线网络，请先登录</body></html>"


def log_in(page, login: str) -> None:
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.tap("button")
    expect(page.locator("#head h1")).to_have_text("我的任务")


def leave(page) -> None:
    page.tap("#tabs >> text=我的")
    page.get_by_role("button", name="退出登录").tap()
    if page.get_by_role("dialog").is_visible():
        page.get_by_role("button", name="仍要退出").tap()
    expect(page.locator("[name=login]")).to_be_visible()


def kept(page, words: str) -> None:
    """Wait until a draft with these words is on the phone."""
    page.wait_for_function(
        "words => import('/m/store.js').then((store) => store.drafts()).then((rows) => JSON.stringify(rows).includes(words))", arg=words
    )


def reopened(page, world):
    """The page after Android has ended it and the worker comes back."""
    page.close()
    again = page.context.new_page()
    again.set_default_timeout(15_000)
    again.errors = []
    again.goto(f"{world.url}/m/")
    expect(again.locator("#head h1")).to_have_text("我的任务")
    return again


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200, "content_type": "text/html", "body": PORTAL},
        {"status": 200, "content_type": "application/json", "body": '{"ok": true}'},
        {"status": 401, "content_type": "text/html", "body": PORTAL},
        {"status": 403, "content_type": "application/json", "body": '{"code": "role", "error": "没有权限"}'},
        {"status": 413, "content_type": "text/html", "body": "<h1>413 Request Entity Too Large</h1>"},
        {"status": 502, "content_type": "text/html", "body": "<h1>502 Bad Gateway</h1>"},
    ],
    ids=["portal", "portal's json", "proxy's 401", "proxy's json 403", "proxy's 413", "502"],
)
def test_what_a_portal_or_proxy_answers_is_no_verdict(world, phone, shot, spot, hands, answer):
    words = f"门户 {uuid4().hex}"
    page = phone("wg001", at=spot)
    page.evaluate(BETWEEN, answer)
    hands.fill_report(page, shot, words)
    page.tap(".foot .big")
    expect(page.locator(".bar").first).to_contain_text("1 件（1 张照片）留在手机里，自动重试")
    assert world.reports(words) == []
    page.evaluate("window.between = false")
    page.evaluate("import('/m/queue.js').then((queue) => queue.flush())")
    expect(page.locator(".bar")).to_have_count(0)
    assert len(world.photos_of(world.reports(words)[0]["id"])) == 1


def test_an_answer_with_its_photo_survives_the_page_that_is_ended_behind_the_camera(world, phone, shot, hands):
    event = world.dispatched(title="井盖破损")
    world.act("wg001", event, "take")
    page = phone("wg001")
    hands.card(page, event).get_by_role("button", name="到场").tap()
    hands.card(page, event).get_by_role("button", name="反馈").tap()
    hands.shoot(page, shot)
    page.fill('[aria-label="说明"]', "已换盖")
    kept(page, "已换盖")
    again = reopened(page, world)
    again.locator("a.bar", has_text="1 份没交").tap()
    expect(again.locator(".thumb img")).to_have_count(1)
    expect(again.locator('[aria-label="说明"]')).to_have_value("已换盖")
    again.tap(".foot .big")
    expect(hands.card(again, event)).to_have_count(0)
    expect(again.locator(".bar")).to_have_count(0)
    answers = [line for line in world.get("wg001", f"/api/v1/events/{event}")["log"] if line["verb"] == "answer"]
    assert [line["note"] for line in answers] == ["已换盖"]


def test_each_case_has_a_draft_of_its_own(world, phone, shot, hands):
    first, second = world.dispatched(title="第一件"), world.dispatched(title="第二件")
    for event in (first, second):
        world.act("wg001", event, "take")
    page = phone("wg001")
    for event, words, title in ((first, "一", "第一件"), (second, "二", "第二件")):
        page.evaluate(f"location.hash = '#/do/{event}/answer'")
        expect(page.locator(".lead")).to_contain_text(title)
        page.fill('[aria-label="说明"]', words)
        kept(page, f'"note":"{words}"')
        page.evaluate("location.hash = '#/tasks'")
    expect(page.locator("a.bar")).to_contain_text("2 份没交")
    page.evaluate(f"location.hash = '#/do/{first}/answer'")
    expect(page.locator('[aria-label="说明"]')).to_have_value("一")
    for event, title in ((first, "第一件"), (second, "第二件")):  # nothing of them is left for the next test
        page.evaluate(f"location.hash = '#/do/{event}/answer'")
        expect(page.locator(".lead")).to_contain_text(title)
        page.get_by_role("button", name="清空重来").tap()
        expect(page.locator(".hint")).to_have_count(0)
    page.evaluate("location.hash = '#/tasks'")
    expect(page.locator("a.bar")).to_have_count(0)


def test_what_one_person_left_is_neither_shown_to_the_next_nor_sent_in_his_name(world, phone, shot, spot, hands):
    words = f"各人各事 {uuid4().hex}"
    page = phone("wg001", at=spot)
    page.context.route(re.compile("/api/v1/(photos|events)$"), lambda route: route.abort())
    hands.fill_report(page, shot, words)
    page.tap(".foot .big")
    expect(page.locator(".bar").first).to_contain_text("1 件")
    leave(page)
    page.context.unroute_all()
    log_in(page, "wg090")
    page.tap("#tabs >> text=我的")
    expect(page.locator("#view")).to_contain_text("还有别人没传完的 1 件")
    expect(page.locator("#view")).not_to_contain_text(words)
    assert world.reports(words) == []
    leave(page)
    log_in(page, "wg001")
    expect(page.locator(".bar")).to_have_count(0)
    (row,) = world.rows("SELECT reporter_id FROM event WHERE description = %s", words)
    assert row["reporter_id"] == world.id_of("wg001")


def test_the_server_takes_no_deed_in_the_session_of_another_than_its_author(world):
    event = world.dispatched()
    other = world.id_of("wg090")
    answer = world.person("wg001").post(f"/api/v1/events/{event}/take", json={}, headers={"X-Brain-Person": str(other)})
    assert answer.status_code == 409 and answer.json()["code"] == "person"
    assert "请本人登录后发送" in answer.text
    assert world.get("wg001", f"/api/v1/events/{event}")["state"] == "dispatched"
    own = {"X-Brain-Person": str(world.id_of("wg001"))}
    assert world.person("wg001").post(f"/api/v1/events/{event}/take", json={}, headers=own).status_code == 200


def test_nothing_is_painted_before_the_person_is_known(world, phone, hands):
    event = world.dispatched(address="上一位的地址")
    page = phone("wg001")
    expect(hands.card(page, event)).to_be_visible()
    page.evaluate("document.cookie = 'brain_person=1; path=/m'")  # somebody else has logged in
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#view")).to_contain_text("连不上服务器")
    expect(page.locator("#view")).not_to_contain_text("上一位的地址")


def test_of_two_pages_one_writes_and_the_other_says_so(world, phone):
    page = phone("wg001")
    second = page.context.new_page()
    second.errors = []
    second.goto(f"{world.url}/m/")
    expect(second.locator("#view")).to_contain_text("另一个页面正开着")
    second.get_by_role("button", name="改在这里用").tap()
    expect(second.locator("#head h1")).to_have_text("我的任务")
    expect(page.locator("#view")).to_contain_text("另一个页面正开着")


def test_a_phone_without_room_says_at_once_that_it_did_not_keep_the_photo(world, phone, shot, spot):
    page = phone("wg001", at=spot)
    page.tap("#tabs >> text=上报")
    page.evaluate(
        """() => { IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); }; }"""
    )
    page.locator("input[capture]").first.set_input_files(shot)
    expect(page.locator("#toast")).to_contain_text("手机存满了")
    expect(page.locator(".thumb img")).to_have_count(1)  # still there to be sent, as long as the page is


def test_a_store_that_the_browser_has_cleared_is_noticed_and_said(world, phone, spot):
    page = phone("wg001", at=spot)
    page.tap("#tabs >> text=上报")
    page.fill("textarea", "将被清掉")
    kept(page, "将被清掉")
    page.evaluate("location.hash = '#/tasks'")
    expect(page.locator("a.bar")).to_contain_text("1 份没交")
    page.evaluate(
        """() => new Promise((done) => { const ask = indexedDB.open('brain-field'); ask.onsuccess = () => {
             const names = [...ask.result.objectStoreNames], deal = ask.result.transaction(names, 'readwrite');
             for (const name of names) deal.objectStore(name).clear();
             deal.oncomplete = done; }; })"""
    )
    page.reload()
    expect(page.locator(".bar").first).to_contain_text("浏览器清掉了这台手机上存的内容：1 件")


def test_conflicts_line_up_and_none_takes_the_place_of_another(world, phone, hands):
    events = [world.dispatched(), world.dispatched()]
    page = phone("wg001")
    page.context.set_offline(True)
    for event in events:
        hands.card(page, event).get_by_role("button", name="接单").tap()
        world.act("wg001", event, "take")
    expect(page.locator(".bar").first).to_contain_text("2 件待上传")
    page.context.set_offline(False)
    for _ in events:
        page.get_by_role("dialog").get_by_role("button", name="知道了").tap()
    expect(page.locator(".bar")).to_have_count(0)
