"""What the API lets whom read."""

from __future__ import annotations

import httpx
import pytest

from brain.model import Verb


def test_nobody_reads_without_logging_in(world):
    with httpx.Client(base_url=world.url) as stranger:
        for path in ("me", "tasks", "events", "alerts", "categories", "grid/map", "stream", "me/notices"):
            answer = stranger.get(f"/api/v1/{path}")
            assert (answer.status_code, answer.json()["code"]) == (401, "login"), path


def test_me_tells_who_i_am_and_the_words_i_need(world, catalog):
    me = world.get("wg001", "/api/v1/me")
    assert (me["login"], me["role_words"], me["org"]["code"]) == ("wg001", "网格员", me["grid"]["code"][:9])
    assert set(me["words"]["verb"]) >= {str(v) for v in Verb}
    assert me["lists"]["return_reasons"] == list(catalog.return_reasons)


def test_personal_answers_are_kept_by_no_cache(world):
    for path in ("me", "tasks", "events", "alerts", "me/notices"):
        assert world.person("wg001").get(f"/api/v1/{path}").headers["cache-control"] == "no-store"


def test_a_dispatched_event_is_a_task_of_its_handler(world):
    event = world.dispatched(address="学子大道 18 号")
    task = next(t for t in world.get("wg001", "/api/v1/tasks")["tasks"] if t["id"] == event)
    assert (task["task"], task["state_words"], task["address"]) == ("handle", "待接单", "学子大道 18 号")
    assert "take" in task["verbs"] and task["left"].startswith("剩 ")
    assert event not in {t["id"] for t in world.get("wg090", "/api/v1/tasks")["tasks"]}


def test_tasks_come_by_time_left(world):
    for _ in range(2):
        world.dispatched()
    due = [t["due_at"] for t in world.get("wg001", "/api/v1/tasks")["tasks"]]
    assert due == sorted(due)


def test_a_task_carries_gcj02_for_the_map_app(world):
    event = world.dispatched(lng=116.1222, lat=24.2884)
    task = next(t for t in world.get("wg001", "/api/v1/tasks")["tasks"] if t["id"] == event)
    assert task["gcj"] == pytest.approx([116.127026, 24.285773], abs=2e-6)
    assert (task["lng"], task["lat"]) == (116.1222, 24.2884)


def test_an_asked_verification_is_a_task_of_the_nearest_worker(world):
    event = world.reported(**world.middle_of("wg002"))
    world.act("acceptor1", event, "accept")
    world.act("acceptor1", event, "ask_verify")
    task = next(t for t in world.get("wg002", "/api/v1/tasks")["tasks"] if t["id"] == event)
    assert (task["task"], "verified" in task["verbs"], task["due_for"]) == ("verify", True, "核实")


def test_an_answered_event_is_a_task_of_its_checker(world):
    event = world.answered(**world.middle_of("wg002"))
    task = next(t for t in world.get("wg002", "/api/v1/tasks")["tasks"] if t["id"] == event)
    assert (task["task"], "check" in task["verbs"]) == ("check", True)


def test_a_joined_department_has_its_part_as_a_task(world):
    event = world.dispatched()
    world.act("dispatcher1", event, "join", org="swj", note="请抽排")
    task = next(t for t in world.get("swj1", "/api/v1/tasks")["tasks"] if t["id"] == event)
    assert (task["task"], task["verbs"]) == ("part", ["part"])
    world.post("swj1", f"/api/v1/events/{event}/part", note="已抽排")
    assert event not in {t["id"] for t in world.get("swj1", "/api/v1/tasks")["tasks"]}


def test_an_event_comes_with_its_history_and_photos(world):
    event = world.reported(by="wg001", photos=[world.photo("wg001")])
    said = world.get("wg001", f"/api/v1/events/{event}")
    assert [line["verb_words"] for line in said["log"]] == ["上报"]
    assert world.person("wg001").get(said["photos"][0]["thumb"]).headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize("login", ["wg090", "swj1", "admin1"])
def test_an_event_of_others_is_not_there(world, login):
    event = world.dispatched(to="wg001", **world.middle_of("wg001"))
    for path in (f"/api/v1/events/{event}", "/api/v1/events/4414022020010100001"):
        answer = world.person(login).get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown")
    assert event not in {e["id"] for e in world.get(login, "/api/v1/events")["events"]}


def test_a_list_pages_from_new_to_old_without_gap(world):
    for _ in range(3):
        world.reported()
    every = [e["id"] for e in world.get("leader1", "/api/v1/events", size=200)["events"]]
    paged, before = [], None
    while True:
        page = world.get("leader1", "/api/v1/events", size=2, **({"before": before} if before else {}))
        paged += [e["id"] for e in page["events"]]
        before = page["next"]
        if before is None:
            break
    assert paged == every == sorted(every, reverse=True)


def test_a_list_can_be_filtered_by_state_and_words(world):
    event = world.reported(address="梅江四路 100% 处_口")
    found = world.get("leader1", "/api/v1/events", q="100% 处_口", state="reported")["events"]
    assert [e["id"] for e in found] == [event]
    assert world.get("leader1", "/api/v1/events", q="100% 处_口", state="closed")["events"] == []


def test_my_own_reports_are_a_list(world):
    event = world.reported(by="wg002", **world.middle_of("wg090"))
    mine = world.get("wg002", "/api/v1/events", mine="reported")["events"]
    assert event in {e["id"] for e in mine}


def test_categories_are_found_by_part_of_their_name(world):
    found = world.get("wg001", "/api/v1/categories", q="井盖")["categories"]
    assert found and all("井盖" in c["name"] for c in found)


def test_what_is_reported_most_comes_first(world):
    world.reported(by="wg001")
    first = world.get("wg001", "/api/v1/categories")["categories"][0]
    assert first["common"]


def test_a_point_lies_in_a_grid_and_a_shifted_point_in_the_same(world):
    plain = world.get("wg001", "/api/v1/grid", lng=116.1222, lat=24.2884)
    shifted = world.get("wg001", "/api/v1/grid", lng=116.127026, lat=24.285773, crs="gcj02")
    assert plain["cell"] == shifted["cell"] and plain["words"].endswith(plain["grid_name"])


def test_a_point_outside_the_district_is_in_no_grid(world):
    answer = world.person("wg001").get("/api/v1/grid", params={"lng": 113.26, "lat": 23.13})
    assert (answer.status_code, answer.json()["error"]) == (404, "这个点不在本区任何网格内")


def test_the_small_map_has_my_grid_and_stays_small(world):
    answer = world.person("wg001").get("/api/v1/grid/map")
    said = answer.json()
    assert [g["own"] for g in said["grids"]].count(True) == 1 and said["rivers"]
    assert len(answer.content) < 80_000


def test_the_description_of_the_api_names_every_route_of_ours(world):
    paths = world.get("admin1", "/api/openapi.json")["paths"]
    assert {
        "/api/v1/tasks",
        "/api/v1/events/{event_id}/{verb}",
        "/api/v1/photos",
        "/api/v1/alerts/{alert_id}/ack",
    } <= set(paths)
