"""What the API lets whom do, and that sending twice does it once."""

from __future__ import annotations

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import httpx
import pytest

from brain.model import Role
from brain.rules import forms
from brain.web.api import alerts, events, me, photos, report

HERE = {"lng": 116.12, "lat": 24.29}


def audited(world, event: str) -> list[str]:
    rows = world.rows("SELECT action FROM audit WHERE object = %s ORDER BY id", f"event:{event}")
    return [r["action"] for r in rows]


def verbs_of(world, event: str) -> list[str]:
    return [r["verb"] for r in world.rows("SELECT verb FROM event_log WHERE event_id = %s ORDER BY seq", event)]


def test_a_worker_takes_arrives_and_answers(world):
    event = world.dispatched()
    world.act("wg001", event, "take")
    assert world.act("wg001", event, "arrive", **HERE)["arrived"]
    after = world.act("wg001", event, "answer", photos=[world.photo("wg001", "answer")], note="已抽干", **HERE)
    assert after["state"] == "answered"
    assert verbs_of(world, event)[-3:] == ["take", "arrive", "answer"]


def test_every_act_is_audited_once(world):
    event = world.dispatched()
    world.act("wg001", event, "take")
    assert audited(world, event) == ["event_report", "event_accept", "event_register", "event_dispatch", "event_take"]


def test_a_refused_act_is_audited_once_with_address_and_code(world):
    event = world.dispatched()
    answer = world.person("wg001").post(f"/api/v1/events/{event}/answer", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_such_move")
    rows = world.rows("SELECT * FROM audit WHERE object = %s AND NOT ok", f"event:{event}")
    assert [(r["action"], r["ip"], r["detail"]) for r in rows] == [
        ("event_answer", "127.0.0.1", {"via": "api", "code": "no_such_move"})
    ]


def test_what_the_phones_page_sends_is_told_from_what_a_program_sends(world):
    event = world.dispatched()
    headers = {"Referer": f"{world.url}/m/"}
    assert world.person("wg001").post(f"/api/v1/events/{event}/take", json={}, headers=headers).status_code == 200
    row = world.rows("SELECT detail FROM audit WHERE object = %s AND action = 'event_take'", f"event:{event}")[0]
    assert row["detail"] == {"via": "phone"}


CHANGES = [
    ("post", "/api/v1/events", {"json": {"category": "matter:06026", "lng": 116.12, "lat": 24.29}}),
    ("post", "/api/v1/events/4414022026010199999/take", {"json": {}}),
    ("post", "/api/v1/events/4414022026010199999/part", {"json": {"note": "好"}}),
    ("post", "/api/v1/alerts/999999999/ack", {"json": {}}),
    ("post", "/api/v1/me/notices/read", {"json": {"ids": []}}),
    ("post", "/api/v1/report/2019-01/freeze", {}),
    ("post", "/api/v1/photos", {"data": {"sha256": "0" * 64, "phase": "report"}, "files": {"file": ("a.jpg", b"x")}}),
]
"""Every route of the API that changes something, with a body that is well formed."""


def test_the_list_of_changing_routes_is_whole():
    ours = {
        (method.lower(), route.path)
        for module in (alerts, events, me, photos, report)
        for route in module.router.routes
        for method in route.methods - {"GET", "HEAD"}
    }
    shapes = {(m, re.sub(r"\{\w+\}", r"[^/]+", p)) for m, p in ours}
    assert len(shapes) == len(CHANGES)
    assert all(any(m == method and re.fullmatch(shape, path) for m, shape in shapes) for method, path, _ in CHANGES)


@pytest.mark.parametrize("login", ["wg001", "admin1", "chief1"])
@pytest.mark.parametrize(("method", "path", "sent"), CHANGES, ids=[path for _, path, _ in CHANGES])
def test_every_route_that_changes_something_writes_exactly_one_line_done_or_refused(world, login, method, path, sent):
    person = world.get(login, "/api/v1/me")["id"]  # logs in first: that has a line of its own
    newest = world.rows("SELECT max(id) AS id FROM audit")[0]["id"]
    answer = getattr(world.person(login), method)(path, **sent)
    rows = world.rows("SELECT ok, ip, actor_id FROM audit WHERE id > %s", newest)
    assert [(r["ok"], r["ip"], r["actor_id"]) for r in rows] == [(answer.is_success, "127.0.0.1", person)]


def test_a_field_that_the_verb_does_not_ask_is_refused(world):
    event = world.dispatched()
    answer = world.person("wg001").post(f"/api/v1/events/{event}/take", json={"org": "swj"})
    assert (answer.status_code, answer.json()) == (422, {"error": "“接单”不用填承办单位，请去掉后再提交", "code": "form"})


def test_the_phones_dictionary_is_the_description_that_wall_and_api_read(world, catalog):
    said = world.get("swj1", "/api/v1/me")["acts"]
    assert said == json.loads(json.dumps(me.acts(catalog, Role.DEPARTMENT)))
    assert said["forms"]["return"] == json.loads(json.dumps(asdict(forms.form_of("return", catalog))))


def test_the_phones_report_is_the_description_that_the_api_takes(world, catalog):
    """Every field that the form asks is one that the API takes, as long as the form lets it be, and required alike."""
    said = world.get("wg001", "/api/v1/me")["acts"]["forms"]
    assert said["report"] == json.loads(json.dumps(asdict(forms.form_of("report", catalog))))
    for body, form in ((events.Report, said["report"]), (events.SelfHandled, said["self_handle"])):
        taken = {name: field for name, field in body.model_fields.items()}
        for field in form["fields"]:
            names = ("lng", "lat") if field["key"] == "place" else (field["key"],)
            if body is events.SelfHandled and field["key"] == "place":
                continue  # he stands where he reports
            assert set(names) <= set(taken), field["key"]
            assert all(taken[name].is_required() for name in names) or not field["required"], field["key"]
            longest = [m.max_length for name in names for m in taken[name].metadata if hasattr(m, "max_length")]
            assert not longest or field["kind"] != "text" or field["most"] <= min(longest), field["key"]


def test_a_request_without_our_header_is_forged(world):
    event = world.dispatched()
    cookies = dict(world.person("wg001").cookies)
    with httpx.Client(base_url=world.url, cookies=cookies) as forged:
        for path, body in (
            (f"/api/v1/events/{event}/take", {}),
            ("/api/v1/events", {}),
            ("/api/v1/me/notices/read", {}),
        ):
            answer = forged.post(path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "forgery"), path
    assert "take" not in verbs_of(world, event)


def test_a_request_from_another_site_is_forged(world):
    event = world.dispatched()
    answer = world.person("wg001").post(
        f"/api/v1/events/{event}/take", json={}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403


def test_another_grids_worker_finds_no_event_to_act_on(world):
    event = world.dispatched(to="wg001", **world.middle_of("wg001"))
    answer = world.person("wg090").post(f"/api/v1/events/{event}/take", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown")


def test_a_refusal_is_one_chinese_sentence_and_a_code(world):
    event = world.dispatched()
    answer = world.person("wg001").post(f"/api/v1/events/{event}/answer", json={})
    assert answer.status_code == 409
    said = answer.json()
    assert said["code"] == "no_such_move" and said["error"].startswith("案卷现在是“待接单”（") and "不能再做“反馈”" in said["error"]


def test_answering_from_afar_wants_a_reason(world):
    event = world.dispatched()
    world.act("wg001", event, "take")
    body = {"photos": [world.photo("wg001", "answer")], "note": "已处置", "lng": 116.13, "lat": 24.29}
    answer = world.person("wg001").post(f"/api/v1/events/{event}/answer", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_far")
    assert world.act("wg001", event, "answer", reason="桥面封闭", **body)["state"] == "answered"


def test_a_place_in_gcj02_counts_as_the_place_it_means(world):
    event = world.dispatched(lng=116.1222, lat=24.2884)
    world.act("wg001", event, "take")
    world.act("wg001", event, "arrive", lng=116.127026, lat=24.285773, crs="gcj02")
    log = world.get("wg001", f"/api/v1/events/{event}")["log"]
    assert log[-1]["distance_m"] < 1


def test_an_event_reported_in_gcj02_is_stored_where_it_is(world):
    event = world.reported(by="wg001", lng=116.127026, lat=24.285773, crs="gcj02")
    said = world.get("wg001", f"/api/v1/events/{event}")
    assert (said["lng"], said["lat"]) == (pytest.approx(116.1222, abs=1e-6), pytest.approx(24.2884, abs=1e-6))


def test_a_worker_reports_nothing_outside_the_district(world):
    body = {"category": "matter:06026", "lng": 113.26, "lat": 23.13}
    answer = world.person("wg001").post("/api/v1/events", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "outside")


def test_nobody_speaks_for_a_sensor(world):
    answer = world.person("operator1").post(
        "/api/v1/events", json={"category": "matter:06026", "source": "sensor", **HERE}
    )
    assert answer.status_code == 422 and "感知设备" in answer.json()["error"]


def test_the_same_report_twice_is_one_event_and_one_answer(world):
    key = str(uuid.uuid4())
    body = {"category": "matter:06026", "photos": [world.photo("wg001")], **HERE}
    sent = [world.person("wg001").post("/api/v1/events", json=body, headers={"Idempotency-Key": key}) for _ in range(2)]
    assert sent[0].status_code == sent[1].status_code == 201
    assert sent[0].content == sent[1].content and sent[0].json()["receipt"] == key
    assert world.rows("SELECT count(*) AS n FROM event WHERE client_key = %s", key)[0]["n"] == 1


def test_the_same_verb_twice_writes_one_line(world):
    event, headers = world.dispatched(), {"Idempotency-Key": str(uuid.uuid4())}
    sent = [world.person("wg001").post(f"/api/v1/events/{event}/take", json={}, headers=headers) for _ in range(2)]
    assert sent[0].status_code == 200 and sent[0].content == sent[1].content
    assert verbs_of(world, event).count("take") == 1
    assert audited(world, event).count("event_take") == 1


def test_the_same_verb_sent_side_by_side_writes_one_line(world):
    event, headers = world.dispatched(), {"Idempotency-Key": str(uuid.uuid4())}
    client = world.person("wg001")
    with ThreadPoolExecutor(6) as crowd:
        said = list(
            crowd.map(lambda _: client.post(f"/api/v1/events/{event}/take", json={}, headers=headers), range(6))
        )
    assert {a.status_code for a in said} == {200} and len({a.content for a in said}) == 1
    assert verbs_of(world, event).count("take") == 1


def test_a_key_is_good_for_one_request_of_one_person(world):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    event = world.dispatched()
    assert world.person("wg001").post(f"/api/v1/events/{event}/take", json={}, headers=key).status_code == 200
    for login, verb in (("wg001", "note"), ("chief1", "take")):
        answer = world.person(login).post(f"/api/v1/events/{event}/{verb}", json={"note": "x"}, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "key")


def test_a_refusal_is_not_kept_under_its_key(world):
    event, key = world.dispatched(), {"Idempotency-Key": str(uuid.uuid4())}
    path, body = f"/api/v1/events/{event}/arrive", dict(HERE)
    assert world.person("wg001").post(path, json=body, headers=key).status_code == 409
    world.act("wg001", event, "take")
    assert world.person("wg001").post(path, json=body, headers=key).status_code == 200


def test_who_saw_an_older_version_is_told_who_changed_it(world):
    event = world.dispatched()
    seen = world.get("wg001", f"/api/v1/events/{event}")["version"]
    world.act("chief1", event, "note", note="请加快")
    answer = world.person("wg001").post(f"/api/v1/events/{event}/take", json={"expect_version": seen})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict") and "备注" in answer.json()["error"]


def test_a_near_report_is_proposed_as_the_same_trouble(world):
    spot = {"lng": 116.1015, "lat": 24.3015}
    event = world.reported(category="matter:07001", **spot)
    near = world.get("operator1", "/api/v1/events/near", category="matter:07001", lng=spot["lng"] + 0.0002, lat=spot["lat"])
    assert [e["id"] for e in near["events"]] == [event] and near["events"][0]["metres"] <= 25
    assert near["foreign"]["count"] == 0
    assert world.get("operator1", "/api/v1/events/near", category="matter:07002", **spot)["events"] == []


def test_a_worker_finds_mends_and_closes_in_one_visit(world):
    before, after = world.photo("wg001"), world.photo("wg001", "answer")
    condition = world.get("wg001", "/api/v1/me")["lists"]["close_conditions"][0]
    mended = {"photos": [after], "condition": condition}
    said = world.post("wg001", "/api/v1/events", category="matter:06026", photos=[before], self_handled=mended, **HERE)[
        "event"
    ]
    assert said["state"] == "closed"
    assert verbs_of(world, said["id"]) == ["report", "self_handle", "close"]


def test_a_check_by_another_worker_leads_to_closing(world):
    place = world.middle_of("wg002")
    event = world.answered(**place)
    after = world.act("wg002", event, "check", passed=True, photos=[world.photo("wg002", "check")], **place)
    assert after["state"] == "checking"


def test_a_failed_check_sends_it_back_to_work(world):
    place = world.middle_of("wg002")
    event = world.answered(**place)
    after = world.act("wg002", event, "check", passed=False, photos=[world.photo("wg002", "check")], **place)
    assert after["state"] == "handling"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "类别没有填写；经度没有填写；纬度没有填写。请改正后再提交"),
        ({"category": "matter:06026", "lng": 200, "lat": 24.29}, "经度不能大于 180。请改正后再提交"),
        (
            {"category": "matter:06026", **HERE, "crs": "utm"},
            "坐标系只能取 'wgs84'、'cgcs2000'、'gcj02'、'bd09'。请改正后再提交",
        ),
        ({"category": "matter:06026", **HERE, "photos": ["x"]}, "照片不是 UUID。请改正后再提交"),
        ({"category": "matter:06026", **HERE, "title": "a\x00b"}, "标题写法不对，或含有不能保存的字符。请改正后再提交"),
        ({"category": "matter:06026", **HERE, "colour": 1}, "colour是不认识的字段，请去掉。请改正后再提交"),
        ({"category": "matter:99999", **HERE}, "没有类别“matter:99999”，请从类别表中选择"),
    ],
    ids=["missing", "range", "choice", "uuid", "nul", "strange", "unknown"],
)
def test_a_bad_field_is_named_in_chinese(world, sent, said):
    answer = world.person("wg001").post("/api/v1/events", json=sent)
    assert (answer.status_code, answer.json()["error"]) == (422, said)


def test_a_body_that_is_no_json_is_told_so(world):
    answer = world.person("wg001").post("/api/v1/events", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422 and "JSON" in answer.json()["error"]


def test_read_notices_are_no_longer_counted(world):
    world.dispatched()
    before = world.get("wg001", "/api/v1/me/notices")
    assert before["unread"] > 0
    first = before["notices"][0]
    world.post("wg001", "/api/v1/me/notices/read", ids=[first["id"]])
    assert world.get("wg001", "/api/v1/me/notices")["unread"] == before["unread"] - 1


def test_nobody_reads_anothers_notices_away(world):
    world.dispatched()
    before = world.get("wg001", "/api/v1/me/notices")
    assert world.post("wg002", "/api/v1/me/notices/read", ids=[before["notices"][0]["id"]]) == {"read": 0}
    assert world.get("wg001", "/api/v1/me/notices")["unread"] == before["unread"]
