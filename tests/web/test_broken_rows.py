"""One row that cannot be drawn never takes the others with it: rows planted in the database, drawn by wall and API."""

from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest
import uvicorn
from plotly.utils import PlotlyJSONEncoder
from psycopg.types.json import Jsonb

from brain import rowwise
from brain.flow.city import public_warnings
from brain.identity import accounts, people
from brain.identity.scope import Sight
from brain.model import HazardWarning, Level
from brain.settings import Settings
from brain.store import db
from brain.web import ground
from brain.web.app import create_app
from brain.web.live import hub as live
from brain.web.live import reading
from brain.web.live.seat import Seat
from brain.web.pages.wall import card, page
from tests.ports import free_port

PASSWORD = "Broken-2026-rows"
SENDER = "44140241600000"
NOW = datetime.now(UTC).replace(microsecond=0)
TIMES = ["infinity", "9999-12-31 23:59:59+08", "12026-01-01 00:00:00+00"]


@pytest.fixture
def city(city_db):
    """The demo city with one good warning, alert and event; `conn` to plant others beside them."""
    warn(city_db, "good")
    alert(city_db, "PD-01", "好告警")
    event(city_db, 1, "好案卷")
    return city_db


def warn(conn, identifier: str, **columns) -> None:
    """A warning in force; then, behind the door's back, some of its columns as SQL says them."""
    public_warnings.store(
        conn,
        HazardWarning(identifier, SENDER, NOW - timedelta(hours=1), "Actual", "Alert", "Public", event="暴雨", level=Level.ORANGE,
                      headline=f"预警 {identifier}", expires=NOW + timedelta(hours=6)),
        NOW,
    )  # fmt: skip
    for name, said in columns.items():
        conn.execute(f"UPDATE warning SET {name} = %s WHERE identifier = %s", [said, identifier])  # type: ignore[arg-type]


def alert(conn, station: str, message: str, opened="now") -> int:
    return conn.execute(
        "INSERT INTO alert"
        " (station, kind, rule, theme, level, peak, value, limit_value, message, opened_at, observed_at, changed_at, lng, lat)"
        " VALUES (%s, 'pond_depth', 'ladder', 'drainage', 2, 2, 27, 25, %s, %s, %s, %s, 116.12, 24.29) RETURNING id",
        [station, message, opened, opened, opened],
    ).fetchone()["id"]


def event(conn, number: int, title: str, state="reported", due="now", lng=116.12, limit=None) -> str:
    ident = f"441402{NOW:%Y%m%d}9{number:04d}"
    conn.execute(
        "INSERT INTO event"
        " (id, category, title, state, source, lng, lat, reported_at, stage_due_at, due_at, limit_clock, limit_amount, town)"
        " VALUES (%s, 'matter:06026', %s, %s, 'grid', %s, 24.29, now(), %s, %s, %s, 1, '441402004')",
        [ident, title, state, lng, due, due, limit],
    )
    return ident


@pytest.fixture
def drawn(city, city_url, catalog):
    """drawn() lays the wall's parts out as a leader's page has them: {part: JSON}."""
    settings = Settings(database_url=city_url)
    pool = db.pool(city_url, size=2, name="tests")

    def drawn() -> dict[str, str]:
        hub = live.Hub(settings, catalog, pool)
        hub.moment = reading.first(city, catalog, datetime.now(UTC))
        state = SimpleNamespace(
            hub=hub, catalog=catalog, pool=pool, settings=settings, layers=ground.layers_of(catalog)
        )
        person = people.Person(1, "leader1", "领导", page.Role.LEADER, places=("441402",))
        seat = Seat("p", person, Sight.of(person, catalog.roles), page.parts_of(state))
        return {ident: json.dumps(value, cls=PlotlyJSONEncoder, ensure_ascii=False) for (ident, _), value in hub.differing(seat).items()}

    yield drawn
    pool.close()


@pytest.fixture
def client(city, city_url, catalog, tmp_path):
    accounts.set_password(city, "leader1", PASSWORD, must_change=False)
    settings = Settings(home=tmp_path, database_url=city_url, secret_key="b" * 48, http_port=free_port())
    config = uvicorn.Config(create_app(settings, catalog), host="127.0.0.1", port=settings.http_port, log_level="warning",
                            timeout_graceful_shutdown=1)  # fmt: skip
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while thread.is_alive() and not running.started:
        thread.join(0.05)
    with httpx.Client(base_url=settings.origin, headers={"X-Brain": "1"}, timeout=20) as client:
        answer = client.post("/login", json={"login": "leader1", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        yield client
    running.should_exit = True
    thread.join(10)


def listed(client: httpx.Client, path: str, key: str) -> list[dict]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()[key]


# The wall -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("said", TIMES)
def test_a_warning_that_ends_when_no_clock_can_say_stands_beside_the_others(city, drawn, said):
    warn(city, "odd", expires=said)
    strip = drawn()["wall-warning-rows"]
    assert "预警 good" in strip and "预警 odd" in strip


def test_a_warning_issued_before_all_time_stands_beside_the_others(city, drawn):
    warn(city, "odd", sent="0001-01-01 00:00:00+00")
    warn(city, "older", sent="0044-03-15 00:00:00+00 BC")
    strip = drawn()["wall-warning-rows"]
    assert all(f"预警 {name}" in strip for name in ("good", "odd", "older"))


def test_a_row_that_cannot_be_drawn_says_so_and_the_others_are_shown(city, drawn, caplog, monkeypatch):
    warn(city, "odd")
    monkeypatch.setattr(rowwise, "_told", {})
    whole = page.warnings._until
    monkeypatch.setattr(page.warnings, "_until", lambda w, now: 1 / 0 if w["identifier"] == "odd" else whole(w, now))
    with caplog.at_level(logging.ERROR, "brain.rowwise"):
        strip = drawn()["wall-warning-rows"]
    assert "预警 good" in strip and "无法显示" in strip and "odd" in strip
    assert [("odd" in r.message, bool(r.exc_info)) for r in caplog.records] == [(True, True)]


@pytest.mark.parametrize("said", TIMES)
def test_an_alert_of_an_impossible_time_stands_in_the_list_beside_the_others(city, drawn, said):
    alert(city, "PD-02", "怪告警", said)
    parts = drawn()
    assert "好告警" in parts["wall-alerts"] and "怪告警" in parts["wall-alerts"]
    assert "2 处 2 条" in parts["wall-alerts"]
    assert parts["wall-timeline"] != "[]" and "无法显示" not in parts["wall-timeline"]


def test_an_event_of_no_known_state_leaves_the_figures_and_the_list_of_the_others(city, drawn):
    event(city, 2, "怪案卷", state="half-way")
    event(city, 3, "又一好案卷", due="infinity")
    parts = drawn()
    assert "好案卷" in parts["wall-due"] and "又一好案卷" in parts["wall-due"]
    assert "待受理" in parts["wall-loop"] and "无法显示" not in parts["wall-loop"]


def test_an_event_whose_limit_is_of_no_clock_is_shown_as_such_and_the_others_as_they_are(city, drawn):
    odd = event(city, 2, "怪案卷", state="handling", limit="moon")
    rows = drawn()["wall-due"]
    assert "好案卷" in rows and "无法显示" in rows and odd in rows


def test_a_station_whose_readings_are_of_no_shape_is_told_so_and_the_themes_stand(city, drawn, catalog):
    for station, at, value in (("PD-01", "infinity", 3), ("PD-02", "now", 7)):
        city.execute(
            "INSERT INTO latest (station, kind, at, value, quality, received_at) VALUES (%s, 'pond_depth', %s, %s, 'ok', now())",
            [station, at, value],
        )
    moment = reading.first(city, catalog, datetime.now(UTC))
    assert moment.stations["PD-01"]["label"] == "无法显示"
    assert "7" in moment.stations["PD-02"]["label"]
    assert "无法显示" not in drawn()["wall-theme-drainage"]


def test_a_card_that_cannot_be_drawn_says_so(catalog):
    case = page.desk.Case("warning", "s,odd", "暴雨", "orange", None, None, warning={"sent": 1})
    head, live_, around, acts = card.card(case, catalog, NOW)
    assert "无法显示" in json.dumps(head, cls=PlotlyJSONEncoder, ensure_ascii=False)
    assert live_ and around == acts == []


# The API ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("said", TIMES)
def test_the_list_of_warnings_answers_whatever_the_time_of_one(city, client, said):
    warn(city, "odd", expires=said, area=Jsonb([1, "x"]))
    found = {w["identifier"]: w for w in listed(client, "/api/v1/warnings", "warnings")}
    assert found["good"]["title"] == "暴雨橙色预警" and "odd" in found


def test_the_list_of_events_shows_what_cannot_be_told_by_its_number(city, client):
    odd = [event(city, 2, "怪案卷", state="half-way"), event(city, 3, "没有经度", lng="NaN"), event(city, 4, "没有钟", limit="moon")]
    found = {e["id"]: e for e in listed(client, "/api/v1/events?size=200", "events")}
    assert found[f"441402{NOW:%Y%m%d}90001"]["title"] == "好案卷"
    for ident in odd:
        assert found[ident]["title"] == "无法显示" and found[ident]["broken"] and found[ident]["photos"] == []


def test_a_lost_event_has_every_field_that_a_told_one_has(city, client):
    event(city, 2, "怪案卷", state="half-way")
    good, odd = (next(e for e in listed(client, "/api/v1/events", "events") if e["title"] == t) for t in ("好案卷", "无法显示"))
    assert set(good) == set(odd) - {"broken"}


def test_the_list_of_alerts_answers_whatever_is_in_one(city, client):
    odd = alert(city, "PD-02", "怪告警", "infinity")
    city.execute("UPDATE alert SET value = 'NaN' WHERE id = %s", [odd])
    found = {a["id"]: a for a in listed(client, "/api/v1/alerts", "alerts")}
    assert found[odd]["message"] == "无法显示"
    assert any(a["message"] == "好告警" for a in found.values())
