"""The whole chain, told once: a message comes in, and weeks of work of a district happen in its order.

Real broker, real database, intake, engine and web as processes, people over HTTP. The second event is left lying, and
the ladder climbs by the clock that the test hands in.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import time
import uuid
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import httpx
import paho.mqtt.client as mqtt
import pytest
from PIL import Image

from brain.flow.events import escalation
from brain.identity import accounts
from brain.store import db
from tests.accounts import APP, INTAKE, as_role
from tests.ports import free_port

TOP = Path(__file__).parents[2]
ROLES = ("acceptor1", "dispatcher1", "chief1", "sthj1", "swj1", "cgj1", "wg001", "wg002", "leader1")
BEIJING = timezone(timedelta(hours=8))
PASSWORD = "Meijiang-2026-story"


def wait_for(what, seconds: float, why: str):
    """The first true answer of `what()`; an HTTP server that is not up yet counts as no answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if answer := what():
                return answer
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"did not happen within {seconds} s: {why}")


class District:
    """The running processes, and people who are logged in."""

    def __init__(self, url: str, broker, home: Path, port: int):
        self.url, self.broker, self.port = url, broker, port
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
            "BRAIN_HOME": str(home), "BRAIN_DATABASE_URL": url, "BRAIN_MQTT_URL": broker.url,
            "BRAIN_HTTP_PORT": str(port), "BRAIN_WORKER": f"story-{port}", "BRAIN_MQTT_SHARE": f"story-{port}",
            "BRAIN_SECRET_KEY": "w" * 48,
        }  # fmt: skip
        self.home, self.processes = home, {}
        self.clients: dict[str, httpx.Client] = {}

    def start(self) -> None:
        for name, command in (
            ("ingest", ["ingest", "run"]), ("engine", ["brain", "engine"]), ("web", ["brain", "web"]),
        ):  # fmt: skip
            env = self.env | {"BRAIN_DATABASE_URL": as_role(self.url, INTAKE if name == "ingest" else APP)}
            log = open(self.home / f"{name}.log", "ab")  # noqa: SIM115 - handed to the child
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=TOP, env=env, stdout=log, stderr=log, start_new_session=True
            )
        with db.connect(self.url, name="story") as conn:
            for login in ROLES:
                accounts.set_password(conn, login, PASSWORD)
        wait_for(lambda: httpx.get(self.at("/healthz")).status_code == 200, 60, "the web server answers")

    def stop(self) -> None:
        for client in self.clients.values():
            client.close()
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in self.processes.values():
            process.wait(20)

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def as_(self, login: str) -> httpx.Client:
        """An HTTP client logged in as this person."""
        if login not in self.clients:
            client = httpx.Client(base_url=self.at(""), headers={"X-Brain": "1"}, timeout=20)
            answer = client.post("/login", json={"login": login, "password": PASSWORD})
            assert answer.status_code == 200, (login, answer.text)
            self.clients[login] = client
        return self.clients[login]

    def event(self, event_id: str, login: str = "chief1") -> dict:
        answer = self.as_(login).get(f"/api/v1/events/{event_id}")
        assert answer.status_code == 200, answer.text
        said = answer.json()
        return said["event"] | {k: v for k, v in said.items() if k != "event"} if "event" in said else said

    def do(self, login: str, event_id: str, verb: str, **body) -> dict:
        """One verb by one person; the state after it is in the answer."""
        answer = self.as_(login).post(
            f"/api/v1/events/{event_id}/{verb}", json=body, headers={"Idempotency-Key": str(uuid.uuid4())}
        )
        assert answer.status_code == 200, (login, verb, answer.status_code, answer.text)
        return answer.json()["event"] or self.event(event_id)

    def refused(self, login: str, event_id: str, verb: str, **body) -> httpx.Response:
        return self.as_(login).post(f"/api/v1/events/{event_id}/{verb}", json=body)

    def report(self, period: str) -> dict:
        """The month's report as numbers: indicators by key, cases by number."""
        answer = self.as_("leader1").get(f"/api/v1/report/{period}")
        assert answer.status_code == 200, answer.text
        said = answer.json()
        return {"kpis": {k["key"]: k["top"] for k in said["kpis"]}, "cases": {c["id"]: c for c in said["cases"]}}

    def photo(self, login: str, phase: str, colour: str) -> str:
        """Upload a picture with its digest; the receipt's id."""
        file = io.BytesIO()
        Image.new("RGB", (640, 480), colour).save(file, "JPEG")
        data = file.getvalue()
        answer = self.as_(login).post(
            "/api/v1/photos",
            files={"file": ("p.jpg", data, "image/jpeg")},
            data={"sha256": hashlib.sha256(data).hexdigest(), "phase": phase},
        )
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["id"]

    def publish(self, topic: str, body: dict) -> None:
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"gateway-{uuid.uuid4().hex[:8]}")
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()
        client.publish(topic, json.dumps(body, ensure_ascii=False), qos=1).wait_for_publish(10)
        client.loop_stop()
        client.disconnect()

    def turbidity(self, station: str, value: float, at: datetime) -> None:
        self.publish(
            f"city/441402/water/sthj/{station}",
            {"站码": station, "监测时间": at.isoformat(), "数据": {"浊度": value}},
        )


@pytest.fixture(scope="module")
def district(server, city_template, broker, tmp_path_factory):
    with db.connect(server.url("postgres"), name="story") as conn:
        conn.execute(f"CREATE DATABASE story TEMPLATE {city_template} STRATEGY file_copy")
    port = free_port()
    district = District(server.url("story"), broker, tmp_path_factory.mktemp("story"), port)
    try:
        district.start()
        yield district
    finally:
        district.stop()
        with db.connect(server.url("postgres"), name="story") as conn:
            conn.execute("DROP DATABASE IF EXISTS story WITH (FORCE)")


@pytest.mark.timeout(180)
def test_a_turbid_river_is_reported_handled_checked_closed_rated_and_counted(district):
    start = datetime.now(UTC).replace(microsecond=0)
    period = f"{start.astimezone(BEIJING):%Y-%m}"
    before = district.report(period)
    with db.connect(district.url, name="story") as conn:
        # A message goes in by MQTT; an alert opens; the rule reports and accepts an event in the right grid.
        district.turbidity("WQ-01", 303.5, start)
        alert = wait_for(
            lambda: conn.execute("SELECT * FROM alert WHERE station = 'WQ-01' AND kind = 'turbidity' AND event_id IS NOT NULL").fetchone(),
            20, "an alert with an event",
        )  # fmt: skip
        assert alert["level"] == 2
        event_id = alert["event_id"]
        event = district.event(event_id)
        assert (event["state"], event["category"]) == ("accepted", "matter:06026")
        grid = conn.execute("SELECT grid FROM station WHERE id = 'WQ-01'").fetchone()["grid"]
        assert event["grid"] == grid and grid.startswith("441402106")  # 西阳镇

        # Registered by the chief; the table names one owner, so the rule dispatches it to the ecology bureau.
        conditions = district.as_("chief1").get("/api/v1/me").json()["lists"]["register_conditions"]
        condition = conditions[0]
        event = district.do("chief1", event_id, "register", condition=condition)
        if event["state"] == "registered":
            event = district.do("dispatcher1", event_id, "dispatch", org="swj")
        first = event["org"]
        assert event["state"] == "dispatched" and event["due_at"]
        first_login = {"sthj": "sthj1", "swj": "swj1", "cgj": "cgj1"}[first]

        # Returned once: allowed, with a reason; dispatched again; a second return goes to the arbiter, who decides.
        reason = district.as_("chief1").get("/api/v1/me").json()["lists"]["return_reasons"][0]
        event = district.do(first_login, event_id, "return", reason=reason)
        assert event["state"] == "registered"
        event = district.do("dispatcher1", event_id, "dispatch", org="swj")
        event = district.do("swj1", event_id, "return", reason=reason)
        assert district.refused("dispatcher1", event_id, "dispatch", org="cgj").status_code == 409
        event = district.do("chief1", event_id, "arbitrate", org="swj", reason="河道属水务局管理")
        assert event["state"] == "dispatched"
        assert district.refused("swj1", event_id, "return", reason=reason).status_code == 409

        # Taken and answered with a photo, on the spot.
        place = {"lng": event["lng"], "lat": event["lat"]}
        district.do("swj1", event_id, "take")
        assert district.refused("swj1", event_id, "answer", **place).status_code == 409  # no photo
        photo = district.photo("swj1", "answer", "green")
        event = district.do("swj1", event_id, "answer", photos=[photo], note="上游采砂点已停工，沉沙拦截", **place)
        assert event["state"] == "answered"

        # The sensor still fires: a check may not pass. It becomes normal, the alert clears by itself.
        for step, value in enumerate((40.0, 12.0), 1):
            district.turbidity("WQ-01", value, start + timedelta(seconds=step))
        wait_for(
            lambda: conn.execute("SELECT 1 FROM alert WHERE id = %s AND cleared_at IS NOT NULL", [alert["id"]]).fetchone(),
            20, "the alert clears",
        )  # fmt: skip

        # Checked by another worker, closed by the acceptor, rated.
        checker = conn.execute(
            "SELECT p.login FROM event e JOIN person p ON p.id = e.checker_id WHERE e.id = %s", [event_id]
        ).fetchone()["login"]
        accounts.set_password(conn, checker, PASSWORD)
        photo = district.photo(checker, "check", "blue")
        event = district.do(checker, event_id, "check", passed=True, photos=[photo], **place)
        assert event["state"] == "checking"
        close = district.as_("chief1").get("/api/v1/me").json()["lists"]["close_conditions"][0]
        event = district.do("acceptor1", event_id, "close", condition=close)
        assert event["state"] == "closed"
        district.do(
            "acceptor1", event_id, "rate", ratings={"response": 1, "solved": 1, "satisfied": 4}, reason="电话回访"
        )

        verbs = [line["verb"] for line in district.event(event_id)["log"]]
        told = ["report", "accept", "register", "dispatch", "return", "dispatch", "return", "arbitrate", "take", "answer", "check",
                "close", "rate"]  # fmt: skip
        assert [v for v in verbs if v in told] == told

        # The month's report counts it: in the figures, in the evidence behind them, and in the document.
        after = district.report(period)
        assert after["kpis"]["reported"] == before["kpis"]["reported"] + 1
        case = after["cases"][event_id]
        assert case["state"] == "closed" and case["returns"] == 2
        assert {"reported", "registered", "closed"} <= set(case["flags"])
        document = district.as_("leader1").get(f"/api/v1/report/{period}.docx")
        assert document.status_code == 200
        with zipfile.ZipFile(io.BytesIO(document.content)) as parts:
            text = re.sub(r"<[^>]+>", "", parts.read("word/document.xml").decode())
        assert "梅江区城市运行月报" in text


@pytest.mark.timeout(120)
def test_an_event_left_lying_climbs_the_ladder(district, catalog):
    start = datetime.now(UTC).replace(microsecond=0)
    with db.connect(district.url, name="story") as conn:
        district.turbidity("WQ-04", 950.0, start)
        alert = wait_for(
            lambda: conn.execute("SELECT * FROM alert WHERE station = 'WQ-04' AND kind = 'turbidity' AND event_id IS NOT NULL").fetchone(),
            20, "an alert with an event",
        )  # fmt: skip
        event_id = alert["event_id"]
        conditions = district.as_("chief1").get("/api/v1/me").json()["lists"]["register_conditions"]
        event = district.do("chief1", event_id, "register", condition=conditions[0])
        if event["state"] == "registered":
            event = district.do("dispatcher1", event_id, "dispatch", org="swj")
        rungs = len(conn.execute("SELECT ladder FROM event WHERE id = %s", [event_id]).fetchone()["ladder"])
        assert rungs >= 3
        for days in range(1, 15):
            escalation.sweep(conn, catalog, start + timedelta(days=days))
        row = conn.execute("SELECT rung FROM event WHERE id = %s", [event_id]).fetchone()
        assert row["rung"] == rungs
        climbed = conn.execute(
            "SELECT (detail->>'rung')::int AS rung FROM event_log"
            " WHERE event_id = %s AND verb = 'escalate' AND detail ? 'rung' ORDER BY seq",
            [event_id],
        ).fetchall()
        assert [line["rung"] for line in climbed] == list(range(1, rungs + 1))
        assert conn.execute("SELECT count(*) AS n FROM notice WHERE event_id = %s", [event_id]).fetchone()["n"] >= rungs
