"""The phone page in a real browser, 390×844, with a finger, a place and a line that comes and goes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

pytestmark = pytest.mark.browser
CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync"]  # fmt: skip
HERE = {"lng": 116.12, "lat": 24.29}
PASSWORD = "Phone-2026-x"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def phone(world, browser):
    """Log in as somebody on a fresh phone: `phone("wg001")` gives its page."""
    opened: list[BrowserContext] = []

    def open_phone(login: str, at: dict[str, float] = HERE, permissions: tuple[str, ...] = ("geolocation",)) -> Page:
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, device_scale_factor=2, has_touch=True, is_mobile=True, locale="zh-CN",
            timezone_id="America/New_York", geolocation={"longitude": at["lng"], "latitude": at["lat"]},
            permissions=list(permissions), base_url=world.url,
        )  # fmt: skip
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.errors = []
        page.on("pageerror", lambda err: page.errors.append(str(err)))
        page.goto("/m")
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.tap("button")
        expect(page.locator("#head h1")).to_have_text("我的任务")
        page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        return page

    yield open_phone
    for context in opened:
        assert all(not page.errors for page in context.pages)
        context.close()


_spots = itertools.count(1)


@pytest.fixture
def spot() -> dict[str, float]:
    """A place where no other test reports anything: nothing near it to be taken for the same trouble."""
    return {"lng": 116.12 + 0.002 * next(_spots), "lat": 24.30}


@pytest.fixture
def shot(tmp_path) -> Path:
    """A picture as a camera gives it: larger than the page sends."""
    from PIL import Image

    path = tmp_path / "shot.jpg"
    Image.effect_noise((2400, 1800), 60).convert("RGB").save(path, "JPEG")
    return path


def card(page: Page, event: str):
    return page.locator(f'[data-id="{event}"]')


def shoot(page: Page, shot: Path, nth: int = 0) -> None:
    thumbs = page.locator(".thumb img")
    before = thumbs.count()
    page.locator("input[capture]").nth(nth).set_input_files(shot)
    expect(thumbs).to_have_count(before + 1)


def fill_report(page: Page, shot: Path, words: str) -> None:
    """A new report up to its last button."""
    page.tap("#tabs >> text=上报")
    shoot(page, shot)
    expect(page.locator(".fix").first).to_contain_text("已定位")
    page.tap(".chip.more")
    page.fill("input[type=search]", "店面无证装修")
    page.tap(".list.tall .item")
    page.fill("textarea", words)


def reports(world, words: str) -> list[dict]:
    return world.rows("SELECT id, lng, lat, grid FROM event WHERE description = %s", words)


def photos_of(world, event: str) -> list[dict]:
    return world.rows("SELECT phase, lng, lat, taken_at, path FROM photo WHERE event_id = %s", event)


def test_who_is_not_logged_in_is_asked_to(world, browser):
    context = browser.new_context(base_url=world.url)
    page = context.new_page()
    page.goto("/m/")
    page.wait_for_url(re.compile(r"/login\?next=/m/$"))
    context.close()


def test_the_first_load_is_small(world):
    sizes, wanted = {}, ["/m/"]
    with httpx.Client(base_url=world.url, headers={"Accept-Encoding": "identity"}) as phone:
        while wanted:
            path = wanted.pop()
            answer = phone.get(path)
            assert answer.status_code == 200, path
            sizes[path] = len(answer.content)
            found = re.findall(r'(?:src="|href="|from "\.)(/[^"]+\.(?:js|css))"', answer.text)
            wanted += [p for p in (p if p.startswith("/m/") else f"/m{p}" for p in found) if p not in sizes]
    assert len(sizes) > 15 and sum(sizes.values()) <= 100_000, sizes


def test_a_worker_takes_arrives_photographs_and_answers(world, phone, shot):
    event = world.dispatched(address="学子大道 18 号")
    page = phone("wg001")
    mine = card(page, event)
    expect(mine).to_contain_text("剩 ")
    expect(mine).to_contain_text("距我 不到 10 米")
    mine.get_by_role("button", name="接单").tap()
    mine.get_by_role("button", name="到场").tap()
    mine.get_by_role("button", name="反馈").tap()
    expect(page.locator(".foot .big")).to_be_disabled()
    shoot(page, shot)
    page.fill('[aria-label="说明"]', "井盖已复位")
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已反馈")
    expect(mine).to_have_count(0)
    said = world.get("wg001", f"/api/v1/events/{event}")
    assert [line["verb"] for line in said["log"]][-3:] == ["take", "arrive", "answer"]
    photo = photos_of(world, event)[0]
    assert (photo["phase"], photo["lng"], photo["lat"]) == ("answer", pytest.approx(116.12), pytest.approx(24.29))


def test_a_photo_is_made_smaller_before_it_is_sent(world, phone, shot, spot):
    from PIL import Image

    page = phone("wg001", at=spot)
    fill_report(page, shot, "照片缩小")
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已上报")
    path = photos_of(world, reports(world, "照片缩小")[0]["id"])[0]["path"]
    assert max(Image.open(world.home / "files" / path).size) == 1600


def test_a_report_knows_its_place_and_grid_by_itself(world, phone, shot, spot):
    page = phone("wg001", at=spot)
    fill_report(page, shot, "按定位上报")
    expect(page.locator(".field", has_text="地点")).to_contain_text("网格")
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已上报")
    row = reports(world, "按定位上报")[0]
    assert (row["lng"], row["lat"], bool(row["grid"])) == (pytest.approx(spot["lng"]), pytest.approx(spot["lat"]), True)


def test_a_report_made_offline_is_exactly_one_event_later(world, phone, shot, spot):
    page = phone("wg001", at=spot)
    page.context.set_offline(True)
    fill_report(page, shot, "离线上报")
    page.tap(".foot .big")
    expect(page.locator(".bar").first).to_have_text("离线 · 1 件待上传（1 张照片），联网后自动发送")
    assert reports(world, "离线上报") == []
    page.context.set_offline(False)
    expect(page.locator(".bar")).to_have_count(0)
    assert len(reports(world, "离线上报")) == 1
    assert len(photos_of(world, reports(world, "离线上报")[0]["id"])) == 1


def test_what_waits_survives_closing_the_page(world, phone, shot, spot):
    page = phone("wg001", at=spot)
    page.context.set_offline(True)
    fill_report(page, shot, "关掉再开")
    page.tap(".foot .big")
    expect(page.locator(".bar").first).to_contain_text("1 件待上传")
    page.close()
    again = page.context.new_page()
    again.errors = []
    again.goto(f"{world.url}/m/")  # the service worker opens it without a line
    expect(again.locator(".bar").first).to_contain_text("1 件待上传（1 张照片）")
    page.context.set_offline(False)
    expect(again.locator(".bar")).to_have_count(0)
    assert len(reports(world, "关掉再开")) == 1


def test_an_answer_that_was_lost_on_the_way_is_not_done_twice(world, phone, shot):
    event = world.dispatched()
    page = phone("wg001")
    lost: list[str] = []

    def lose_first(route):
        if lost:
            route.continue_()
            return
        lost.append(route.request.headers["idempotency-key"])
        route.fetch()  # the server does it, the phone never hears
        route.abort()

    page.route(f"**/events/{event}/take", lose_first)
    card(page, event).get_by_role("button", name="接单").tap()
    expect(page.locator(".bar").first).to_contain_text("1 件待上传")
    expect(page.locator(".bar")).to_have_count(0)
    assert len(lost) == 1
    taken = world.rows("SELECT count(*) AS n FROM event_log WHERE event_id = %s AND verb = 'take'", event)
    assert taken[0]["n"] == 1


def test_work_goes_on_offline_in_its_order(world, phone, shot):
    event = world.dispatched()
    page = phone("wg001")
    page.context.set_offline(True)
    mine = card(page, event)
    mine.get_by_role("button", name="接单").tap()
    mine.get_by_role("button", name="到场").tap()
    mine.get_by_role("button", name="反馈").tap()
    shoot(page, shot)
    page.fill('[aria-label="说明"]', "离线处置")
    page.tap(".foot .big")
    expect(mine).to_contain_text("已反馈 · 待上传")
    expect(page.locator(".bar").first).to_contain_text("3 件待上传")
    page.context.set_offline(False)
    expect(page.locator(".bar")).to_have_count(0)
    log = world.get("wg001", f"/api/v1/events/{event}")["log"]
    assert [line["verb"] for line in log][-3:] == ["take", "arrive", "answer"]


def test_a_conflict_is_told_and_settled_with_one_tap(world, phone, shot):
    event = world.dispatched()
    world.act("wg001", event, "take")
    page = phone("wg001")
    page.context.set_offline(True)
    mine = card(page, event)
    mine.get_by_role("button", name="到场").tap()
    expect(page.locator(".bar").first).to_contain_text("1 件待上传")
    stands = HERE | {"note": "代为反馈"}
    world.act("wg001", event, "answer", photos=[world.photo("wg001", "answer")], **stands)
    page.context.set_offline(False)
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("没有记上：案卷当前状态不能做这个操作")
    sheet.get_by_role("button", name="补记为备注").tap()
    expect(page.locator(".bar")).to_have_count(0)
    last = world.get("wg001", f"/api/v1/events/{event}")["log"][-1]
    assert last["verb"] == "note" and "未能到场" in last["note"]


def test_a_conflict_can_be_given_up(world, phone):
    event = world.dispatched()
    page = phone("wg001")
    page.context.set_offline(True)
    card(page, event).get_by_role("button", name="接单").tap()
    world.act("wg001", event, "take")
    page.context.set_offline(False)
    page.get_by_role("dialog").get_by_role("button", name="放弃").tap()
    expect(page.locator(".bar")).to_have_count(0)
    verbs = [line["verb"] for line in world.get("wg001", f"/api/v1/events/{event}")["log"]]
    assert verbs.count("take") == 1 and "note" not in verbs


def test_another_worker_checks_the_result(world, phone, shot):
    place = world.middle_of("wg002")
    event = world.answered(**place)
    page = phone("wg002", at=place)
    mine = card(page, event)
    expect(mine).to_contain_text("核查：")
    mine.get_by_role("button", name="核查").tap()
    page.get_by_role("radio", name="已解决，通过").tap()
    shoot(page, shot)
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已核查")
    assert world.get("chief1", f"/api/v1/events/{event}")["state"] == "checking"


def test_a_verification_is_answered_on_the_spot(world, phone, shot):
    place = world.middle_of("wg002")
    event = world.reported(**place)
    world.act("acceptor1", event, "accept")
    world.act("acceptor1", event, "ask_verify")
    page = phone("wg002", at=place)
    card(page, event).get_by_role("button", name="核实").tap()
    page.get_by_role("radio", name="不属实").tap()
    shoot(page, shot)
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已核实")
    assert world.get("chief1", f"/api/v1/events/{event}")["log"][-1]["verb"] == "verified"


def test_a_department_returns_with_a_reason_of_the_list(world, phone):
    event = world.registered()
    world.act("dispatcher1", event, "dispatch", org="swj")
    page = phone("swj1")
    card(page, event).get_by_role("button", name="退回").tap()
    page.get_by_role("radio", name="不属于本单位职责").tap()
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已退回")
    said = world.get("chief1", f"/api/v1/events/{event}")
    assert (said["state"], said["log"][-1]["reason"]) == ("registered", "不属于本单位职责")


def test_an_answer_from_afar_asks_for_the_reason(world, phone, shot):
    event = world.dispatched(lng=116.131, lat=24.288)
    world.act("wg001", event, "take")
    page = phone("wg001")
    page.goto(f"/m/#/do/{event}/answer")
    shoot(page, shot)
    page.fill('[aria-label="说明"]', "已处置")
    expect(page.locator(".foot .why")).to_have_text("请写明不在现场的原因")
    page.fill('[aria-label="不在现场的原因"]', "桥面封闭")
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已反馈")
    last = world.get("wg001", f"/api/v1/events/{event}")["log"][-1]
    assert last["reason"] == "桥面封闭" and last["distance_m"] > 1000


def test_the_way_there_is_handed_over_in_gcj02(world, phone):
    event = world.dispatched(lng=116.1222, lat=24.2884)
    page = phone("wg001")
    card(page, event).get_by_role("button", name="导航").tap()
    links = page.get_by_role("dialog").get_by_role("link")
    found = [link.get_attribute("href") for link in links.all()]
    assert found[0].startswith("amapuri://") and all("24.285773" in href and "116.127026" in href for href in found)


def test_a_near_report_is_proposed_before_sending(world, phone, shot, spot):
    category = next(c["key"] for c in world.get("wg001", "/api/v1/categories")["categories"] if c["name"] == "店面无证装修")
    first = world.reported(category=category, lng=spot["lng"] + 0.0001, lat=spot["lat"])
    page = phone("wg090", at=spot)
    fill_report(page, shot, "同一件事")
    page.tap(".foot .big")
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text(first)
    sheet.get_by_role("button", name="是同一件，不报了").tap()
    expect(page.locator("#head h1")).to_have_text("我的任务")
    assert reports(world, "同一件事") == []


def test_without_permission_a_place_is_picked_on_the_map(world, phone, shot):
    page = phone("wg001", permissions=())
    page.tap("#tabs >> text=上报")
    expect(page.locator(".fix").first).to_contain_text("没有定位权限")
    page.get_by_role("button", name="地图").tap()
    page.get_by_role("button", name="用这个点").tap()
    expect(page.locator(".fix").first).to_have_text("已用地图上选的点")
    expect(page.locator(".field", has_text="地点")).to_contain_text(world.get("wg001", "/api/v1/me")["grid"]["short"])


def test_a_half_written_report_is_still_there_after_a_crash(world, phone, shot, spot):
    page = phone("wg001", at=spot)
    fill_report(page, shot, "写到一半")
    page.wait_for_function("indexedDB.databases().then((d) => d.length > 0)")
    page.reload()
    expect(page.locator(".hint")).to_contain_text("接着上次没写完的上报")
    expect(page.locator("textarea").first).to_have_value("写到一半")
    expect(page.locator(".thumb img")).to_have_count(1)


def test_what_was_mended_on_the_spot_is_closed_in_one_visit(world, phone, shot, spot):
    page = phone("wg002", at=spot)
    fill_report(page, shot, "当场处理")
    page.get_by_role("switch").tap()
    shoot(page, shot, nth=1)
    page.get_by_role("radio").first.tap()
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已上报")
    event = reports(world, "当场处理")[0]["id"]
    assert world.get("chief1", f"/api/v1/events/{event}")["state"] == "closed"
    assert sorted(p["phase"] for p in photos_of(world, event)) == ["answer", "report"]


def test_a_new_task_appears_without_a_touch(world, phone):
    page = phone("wg001")
    event = world.dispatched(address="推送到手机")
    expect(card(page, event)).to_contain_text("推送到手机")


def test_a_message_leads_to_its_event_and_is_read(world, phone):
    event = world.dispatched(address="消息里的地址")
    page = phone("wg001")
    page.tap("#tabs >> text=消息")
    page.locator(".item.new", has_text="消息里的地址").tap()
    expect(page.locator("#head h1")).to_have_text("任务详情")
    expect(page.locator(".facts")).to_contain_text(event)
    page.tap("[aria-label=返回]")
    expect(page.locator(".item", has_text="消息里的地址")).not_to_contain_text("未读")


def test_big_letters_are_a_quarter_larger_and_stay(world, phone):
    page = phone("wg001")
    size = "parseFloat(getComputedStyle(document.body).fontSize)"
    assert page.evaluate(size) == 17
    page.tap("#tabs >> text=我的")
    page.get_by_role("switch", name="长辈大字").tap()
    page.reload()
    assert page.evaluate(size) == 21.5
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_everything_to_touch_is_large_enough(world, phone):
    event = world.dispatched()
    page, small = phone("wg001"), []
    for address in ("#/tasks", f"#/e/{event}", "#/report", "#/messages", "#/me", f"#/do/{event}/note"):
        page.goto(f"/m/{address}")
        page.wait_for_function("document.querySelector('#view').children.length > 0")
        small += page.evaluate(
            """() => [...document.querySelectorAll('button, a, label.shoot, input.text, textarea')]
               .filter((el) => el.offsetParent && !el.closest('.thumb'))
               .map((el) => [el.textContent || el.ariaLabel, Math.round(el.getBoundingClientRect().height)])
               .filter(([, height]) => height < 44)"""
        )
    assert not small


def test_another_person_on_the_same_phone_sees_nothing_of_the_first(world, phone):
    event = world.dispatched(address="前一个人的任务")
    page = phone("wg001")
    expect(card(page, event)).to_be_visible()
    page.tap("#tabs >> text=我的")
    page.get_by_role("button", name="退出登录").tap()
    page.fill("[name=login]", "wg090")
    page.fill("[name=password]", PASSWORD)
    page.tap("button")
    expect(page.locator("#head h1")).to_have_text("我的任务")
    expect(page.locator("#view")).not_to_contain_text("前一个人的任务")
    kept = page.evaluate("import('/m/store.js').then((s) => s.get('tasks')).then((t) => JSON.stringify(t || ''))")
    assert "前一个人的任务" not in kept


def test_phone_and_server_say_the_same_about_time(world, phone):
    from datetime import datetime, timedelta

    from brain.web.api import _words

    now = datetime(2026, 9, 3, 10, 0, tzinfo=_words.BEIJING)
    steps = [0, 30, 59, 60, 3599, 3600, 5400, 14_399, 14_400, 30_000, 50_400, 86_400, 172_800, 10_000_000, 40_000_000]
    steps += [-s for s in (1, 59, 60, 3600, 5400, 86_400, 90_000, 400_000)]
    due = [now + timedelta(seconds=s) for s in steps]
    page = phone("wg001")
    said = page.evaluate(
        "([due, now]) => import('/m/words.js').then((w) => due.map((d) => w.left(d, now).words))",
        [[d.isoformat() for d in due], now.timestamp() * 1000],
    )
    assert said == [_words.left(d, now) for d in due]


def test_the_pages_own_digest_is_sha256(world, phone):
    page = phone("wg001")
    same = page.evaluate(
        """async () => {
             const { digest } = await import('/m/photo.js');
             const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, '0')).join('');
             for (const size of [0, 1, 55, 56, 63, 64, 65, 1000, 70001]) {
               const data = crypto.getRandomValues(new Uint8Array(Math.min(size, 65536)));
               if (hex(digest(data)) !== hex(await crypto.subtle.digest('SHA-256', data))) return size;
             }
             return 'same';
           }"""
    )
    assert same == "same"
