"""Over HTTP everything asks one sight: a grid worker's street, its alerts, its photos, and what lies near."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from brain.flow.alerts import recording
from brain.model import Judgement, Level, RuleState, Station
from brain.store import db

NEIGHBOUR = "wg002"  # keeps another grid of the same street as wg001


@pytest.fixture
def next_door(world) -> str:
    """An event of wg001's own street, in his neighbour's grid and hands, with a photo."""
    streets = {world.get(login, "/api/v1/me")["org"]["code"] for login in ("wg001", NEIGHBOUR)}
    assert len(streets) == 1, "the two workers must be of one street"
    return world.dispatched(to=NEIGHBOUR, by=NEIGHBOUR, photos=[world.photo(NEIGHBOUR)], **world.middle_of(NEIGHBOUR))


def test_a_worker_reads_no_case_of_his_street_outside_his_grid(world, next_door):
    assert world.person("wg001").get(f"/api/v1/events/{next_door}").status_code == 404
    assert next_door not in {e["id"] for e in world.get("wg001", "/api/v1/events", size=200)["events"]}
    assert next_door in {e["id"] for e in world.get(NEIGHBOUR, "/api/v1/events", size=200)["events"]}


def test_a_worker_notes_nothing_on_a_case_he_does_not_see(world, next_door):
    before = world.get("chief1", f"/api/v1/events/{next_door}")["version"]
    for verb, body in (("note", {"note": "看看"}), ("take", {}), ("attach", {"photos": [world.photo("wg001")]})):
        answer = world.person("wg001").post(f"/api/v1/events/{next_door}/{verb}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown"), verb
    assert world.get("chief1", f"/api/v1/events/{next_door}")["version"] == before


def test_a_worker_sees_neither_picture_nor_thumbnail_of_such_a_case(world, next_door):
    photo = world.get(NEIGHBOUR, f"/api/v1/events/{next_door}")["photos"][0]
    for address in (photo["url"], photo["thumb"]):
        assert world.person(NEIGHBOUR).get(address).status_code == 200  # and so the thumbnail lies on the disk
        assert world.person("wg001").get(address).status_code == 404


def test_a_worker_sees_and_takes_what_his_street_has_and_nobody_yet(world, next_door):
    with db.connect(world.database, name="tests") as conn:
        conn.execute("UPDATE event SET handler_id = NULL WHERE id = %s", [next_door])
    task = next(t for t in world.get("wg001", "/api/v1/tasks")["tasks"] if t["id"] == next_door)
    assert "take" in task["verbs"]
    world.act("wg001", next_door, "take")
    assert world.get("wg001", f"/api/v1/events/{next_door}")["state"] == "handling"
    assert next_door not in {t["id"] for t in world.get("wg090", "/api/v1/tasks")["tasks"]}


def test_of_a_foreign_case_near_by_only_that_there_is_one_is_told(world):
    spot = world.middle_of("wg090")
    event = world.reported(category="matter:07003", address="不该说出的地点", description="不该说出的描述", **spot)
    near = world.get("wg001", "/api/v1/events/near", category="matter:07003", **spot)
    assert near == {"events": [], "foreign": {"count": 1, "within_m": 50}}
    own = world.get("wg090", "/api/v1/events/near", category="matter:07003", **spot)
    assert [e["id"] for e in own["events"]] == [event] and own["foreign"]["count"] == 0


@pytest.fixture
def gauge(world, catalog):
    """An open alert at an underpass gauge of the 住建局, and the number of an event it belongs to, in 水务局's hands."""
    now = datetime.now(UTC)
    rule = next(r for r in catalog.rules.values() if r.kind == "pond_depth" and r.type == "ladder")
    event = world.registered()
    world.act("dispatcher1", event, "dispatch", org="swj")
    with db.connect(world.database, name="tests") as conn:
        conn.execute("UPDATE alert SET cleared_at = now() WHERE station = 'PD-02' AND cleared_at IS NULL")
        conn.execute("UPDATE station SET org = 'zjj' WHERE id = 'PD-02'")
        station = db.record(Station, conn.execute("SELECT * FROM station WHERE id = 'PD-02'").fetchone())
        judged = Judgement(RuleState(level=Level.BLUE, since=now, seen_at=now), "open", Level.BLUE, 9.0, 5.0, "积水 9 cm", {})
        alert = recording.apply(conn, catalog, station, rule, judged, now)
        conn.execute("UPDATE alert SET event_id = NULL WHERE id = %s", [alert])
    return alert, event


def alerts_of(world, login: str) -> set[int]:
    return {a["id"] for a in world.get(login, "/api/v1/alerts", size=500)["alerts"]}


def test_a_department_hears_of_a_foreign_alert_once_its_event_is_its_own(world, gauge):
    alert, event = gauge
    assert alert not in alerts_of(world, "swj1")
    assert world.person("swj1").post(f"/api/v1/alerts/{alert}/ack", json={}).status_code == 404
    with db.connect(world.database, name="tests") as conn:
        conn.execute("UPDATE alert SET event_id = %s WHERE id = %s", [event, alert])
    assert alert in alerts_of(world, "swj1") and alert in alerts_of(world, "operator1")
    assert alert not in alerts_of(world, "jiangnan1")
