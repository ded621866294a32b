"""Alerts over HTTP: whose they are, and acknowledging."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from brain.flow.alerts import recording
from brain.model import Judgement, Level, RuleState, Station
from brain.store import db


@pytest.fixture
def alert(world, catalog) -> int:
    """An open orange alert at an underpass gauge of the 水务局 or 住建局, made as the engine makes one."""
    now = datetime.now(UTC)
    rule = next(r for r in catalog.rules.values() if r.kind == "pond_depth" and r.type == "ladder")
    with db.connect(world.database, name="tests") as conn:
        row = conn.execute("SELECT * FROM station WHERE id = 'PD-01'").fetchone()
        conn.execute("UPDATE alert SET cleared_at = now() WHERE station = 'PD-01' AND cleared_at IS NULL")
        judgement = Judgement(
            RuleState(level=Level.ORANGE, since=now, seen_at=now),
            "open",
            Level.ORANGE,
            27.0,
            25.0,
            "积水 27 cm，超过 25 cm",
            {},
        )
        return recording.apply(conn, catalog, db.record(Station, row), rule, judgement, now)


def keeper(world, alert: int) -> str:
    """Login of the worker whose grid the alert lies in."""
    found = world.rows(
        "SELECT p.login FROM alert a JOIN station s ON s.id = a.station JOIN person p ON p.grid = s.grid AND p.role = 'worker'"
        " WHERE a.id = %s", alert,
    )  # fmt: skip
    return found[0]["login"]


def ids(world, login: str, **params) -> set[int]:
    return {a["id"] for a in world.get(login, "/api/v1/alerts", **params)["alerts"]}


def test_an_open_alert_is_on_the_list_of_a_seat(world, alert):
    said = next(a for a in world.get("operator1", "/api/v1/alerts")["alerts"] if a["id"] == alert)
    assert (said["level_words"], said["theme_words"], said["measured"]) == ("橙色", "排水内涝", said["measured"])
    assert "27" in said["measured"] and said["gcj"]


def test_alerts_of_others_are_not_on_the_list(world, alert):
    mine = keeper(world, alert)
    for login in {"wg001", "wg090"} - {mine}:
        assert alert not in ids(world, login)
    assert alert not in ids(world, "admin1")


def test_a_list_can_be_kept_to_a_theme_and_a_level(world, alert):
    assert alert in ids(world, "chief1", theme="drainage", level="orange")
    assert alert not in ids(world, "chief1", theme="air")
    assert alert not in ids(world, "chief1", level="red")


def test_an_acknowledged_alert_says_by_whom(world, alert):
    said = world.post("operator1", f"/api/v1/alerts/{alert}/ack", note="已派人查看")["alert"]
    assert said["acked_by"] == world.get("operator1", "/api/v1/me")["name"]
    assert [r["action"] for r in world.rows("SELECT action FROM audit WHERE object = %s", f"alert:{alert}")] == [
        "alert_ack"
    ]


def test_acknowledging_twice_under_one_key_is_one_line(world, alert):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    sent = [world.person("operator1").post(f"/api/v1/alerts/{alert}/ack", json={}, headers=headers) for _ in range(2)]
    assert sent[0].status_code == 200 and sent[0].content == sent[1].content
    assert world.rows("SELECT count(*) AS n FROM alert_log WHERE alert_id = %s AND what = 'ack'", alert)[0]["n"] == 1


def test_an_acknowledgement_that_ends_in_the_past_is_refused(world, alert):
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    answer = world.person("operator1").post(f"/api/v1/alerts/{alert}/ack", json={"until": past})
    assert (answer.status_code, answer.json()["code"]) == (409, "until")


@pytest.mark.parametrize("login", ["swj1", "admin1", "wg090"])
def test_an_alert_of_others_cannot_be_acknowledged(world, alert, login):
    if alert in ids(world, login):
        pytest.fail(f"{login} 不应看到这条告警，测试前提不成立")
    assert world.person(login).post(f"/api/v1/alerts/{alert}/ack", json={}).status_code == 404


@pytest.mark.parametrize("number", ["0", "9223372036854775807", "x"])
def test_a_number_that_is_no_alert_is_told_so(world, number):
    assert world.person("operator1").post(f"/api/v1/alerts/{number}/ack", json={}).status_code in (404, 422)
