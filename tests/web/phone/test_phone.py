"""A day at work on the phone page, in a real browser, 390×844, with a finger and a place."""

from __future__ import annotations

import re

import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_who_is_not_logged_in_is_asked_to(world, chromium):
    context = chromium.new_context(base_url=world.url)
    page = context.new_page()
    page.goto("/m/")
    page.wait_for_url(re.compile(r"/login\?next=/m/$"))
    context.close()


def test_a_worker_takes_arrives_photographs_and_answers(world, phone, shot, hands):
    event = world.dispatched(address="学子大道 18 号")
    page = phone("wg001")
    mine = hands.card(page, event)
    expect(mine).to_contain_text("剩 ")
    expect(mine).to_contain_text("距我 不到 10 米")
    mine.get_by_role("button", name="接单").tap()
    mine.get_by_role("button", name="到场").tap()
    mine.get_by_role("button", name="反馈").tap()
    expect(page.locator(".foot .big")).to_be_disabled()
    hands.shoot(page, shot)
    page.fill('[aria-label="说明"]', "井盖已复位")
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已反馈")
    expect(mine).to_have_count(0)
    said = world.get("wg001", f"/api/v1/events/{event}")
    assert [line["verb"] for line in said["log"]][-3:] == ["take", "arrive", "answer"]
    photo = world.photos_of(event)[0]
    assert (photo["phase"], photo["lng"], photo["lat"]) == ("answer", pytest.approx(116.12), pytest.approx(24.29))


def test_a_photo_is_made_smaller_before_it_is_sent(world, phone, shot, spot, hands):
    page = phone("wg001", at=spot)
    hands.fill_report(page, shot, "照片缩小")
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已上报")
    path = world.photos_of(world.reports("照片缩小")[0]["id"])[0]["path"]
    assert max(Image.open(world.home / "files" / path).size) == 1600


def test_a_report_knows_its_place_and_grid_by_itself(world, phone, shot, spot, hands):
    page = phone("wg001", at=spot)
    hands.fill_report(page, shot, "按定位上报")
    expect(page.locator(".field", has_text="地点")).to_contain_text("网格")
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已上报")
    row = world.reports("按定位上报")[0]
    assert (row["lng"], row["lat"], bool(row["grid"])) == (pytest.approx(spot["lng"]), pytest.approx(spot["lat"]), True)


def test_another_worker_checks_the_result(world, phone, shot, hands):
    place = world.middle_of("wg002")
    event = world.answered(**place)
    page = phone("wg002", at=place)
    mine = hands.card(page, event)
    expect(mine).to_contain_text("核查：")
    mine.get_by_role("button", name="核查").tap()
    page.get_by_role("radio", name="已解决，通过").tap()
    hands.shoot(page, shot)
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已核查")
    assert world.get("chief1", f"/api/v1/events/{event}")["state"] == "checking"


def test_a_verification_is_answered_on_the_spot(world, phone, shot, hands):
    place = world.middle_of("wg002")
    event = world.reported(**place)
    world.act("acceptor1", event, "accept")
    world.act("acceptor1", event, "ask_verify")
    page = phone("wg002", at=place)
    hands.card(page, event).get_by_role("button", name="核实").tap()
    page.get_by_role("radio", name="不属实").tap()
    hands.shoot(page, shot)
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已核实")
    assert world.get("chief1", f"/api/v1/events/{event}")["log"][-1]["verb"] == "verified"


def test_a_department_returns_with_a_reason_of_the_list(world, phone, hands):
    event = world.registered()
    world.act("dispatcher1", event, "dispatch", org="swj")
    page = phone("swj1")
    hands.card(page, event).get_by_role("button", name="退回").tap()
    page.get_by_role("radio", name="不属于本单位职责").tap()
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已退回")
    said = world.get("chief1", f"/api/v1/events/{event}")
    assert (said["state"], said["log"][-1]["reason"]) == ("registered", "不属于本单位职责")


def test_an_answer_from_afar_asks_for_the_reason(world, phone, shot, hands):
    event = world.dispatched(lng=116.131, lat=24.288)
    world.act("wg001", event, "take")
    page = phone("wg001")
    page.goto(f"/m/#/do/{event}/answer")
    hands.shoot(page, shot)
    page.fill('[aria-label="说明"]', "已处置")
    expect(page.locator(".foot .why")).to_have_text("请写明不在现场的原因")
    page.fill('[aria-label="不在现场的原因"]', "桥面封闭")
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已反馈")
    last = world.get("wg001", f"/api/v1/events/{event}")["log"][-1]
    assert last["reason"] == "桥面封闭" and last["distance_m"] > 1000


def test_the_way_there_is_handed_over_in_gcj02(world, phone, hands):
    event = world.dispatched(lng=116.1222, lat=24.2884)
    page = phone("wg001")
    hands.card(page, event).get_by_role("button", name="导航").tap()
    links = page.get_by_role("dialog").get_by_role("link")
    found = [link.get_attribute("href") for link in links.all()]
    assert found[0].startswith("amapuri://") and all("24.285773" in href and "116.127026" in href for href in found)


def test_a_near_report_is_proposed_before_sending(world, phone, shot, spot, hands):
    category = next(
        c["key"] for c in world.get("wg001", "/api/v1/categories")["categories"] if c["name"] == "店面无证装修"
    )
    first = world.reported(category=category, lng=spot["lng"] + 0.0001, lat=spot["lat"])
    page = phone("wg090", at=spot)
    hands.fill_report(page, shot, "同一件事")
    page.tap(".foot .big")
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("米内有 1 件同类事件，不归您办理")  # in another's grid: that there is one, and no more
    assert first not in sheet.inner_text()
    sheet.get_by_role("button", name="同一件，不报了").tap()
    expect(page.locator("#head h1")).to_have_text("我的任务")
    assert world.reports("同一件事") == []


def test_the_report_page_asks_what_the_description_says(world, phone, spot):
    form = world.get("wg001", "/api/v1/me")["acts"]["forms"]["report"]
    page = phone("wg001", at=spot)
    page.tap("#tabs >> text=上报")
    asked = {field["key"]: field for field in form["fields"]}
    headings = [asked[key]["label"] for key in ("photos", "place", "category", "description")]
    expect(page.locator("#view > .field h2")).to_have_text(headings)
    words = page.get_by_label(asked["address"]["label"])
    expect(words).to_have_attribute("placeholder", asked["address"]["hint"])
    expect(words).to_have_attribute("maxlength", str(asked["address"]["most"]))
    expect(page.locator("textarea")).to_have_attribute("placeholder", asked["description"]["hint"])
    expect(page.locator(".why")).to_have_text("请先拍一张照片")
    page.get_by_role("switch").tap()
    asked = {f["key"]: f for f in world.get("wg001", "/api/v1/me")["acts"]["forms"]["self_handle"]["fields"]}
    expect(page.locator(".extra h2")).to_have_text([asked["photos"]["label"], asked["condition"]["label"]])
    expect(page.locator(".extra [role=radio]")).to_have_text([c["label"] for c in asked["condition"]["choices"]])


def test_without_permission_a_place_is_picked_on_the_map(world, phone, shot):
    page = phone("wg001", permissions=())
    page.tap("#tabs >> text=上报")
    expect(page.locator(".fix").first).to_contain_text("没有定位权限")
    page.get_by_role("button", name="地图").tap()
    page.get_by_role("button", name="用这个点").tap()
    expect(page.locator(".fix").first).to_have_text("已用地图上选的点")
    expect(page.locator(".field", has_text="地点")).to_contain_text(world.get("wg001", "/api/v1/me")["grid"]["short"])


def test_what_was_mended_on_the_spot_is_closed_in_one_visit(world, phone, shot, spot, hands):
    page = phone("wg002", at=spot)
    hands.fill_report(page, shot, "当场处理")
    page.get_by_role("switch").tap()
    hands.shoot(page, shot, nth=1)
    page.get_by_role("radio").first.tap()
    page.tap(".foot .big")
    expect(page.locator("#toast")).to_have_text("已上报")
    event = world.reports("当场处理")[0]["id"]
    assert world.get("chief1", f"/api/v1/events/{event}")["state"] == "closed"
    assert sorted(p["phase"] for p in world.photos_of(event)) == ["answer", "report"]


def test_a_new_task_appears_without_a_touch(world, phone, hands):
    page = phone("wg001")
    event = world.dispatched(address="推送到手机")
    expect(hands.card(page, event)).to_contain_text("推送到手机")


def test_a_message_leads_to_its_event_and_is_read(world, phone):
    event = world.dispatched(address="消息里的地址")
    page = phone("wg001")
    page.tap("#tabs >> text=消息")
    page.locator(".item.new", has_text="消息里的地址").tap()
    expect(page.locator("#head h1")).to_have_text("任务详情")
    expect(page.locator(".facts")).to_contain_text(event)
    page.tap("[aria-label=返回]")
    expect(page.locator(".item", has_text="消息里的地址")).not_to_contain_text("未读")
