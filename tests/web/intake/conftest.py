"""A web process on a demo city of its own, with a real intake worker behind it: writer, heartbeat, mender."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn

from brain.flow.measured import mending, readings
from brain.identity import accounts, people
from brain.model import Quality, Reading
from brain.settings import Settings
from brain.store import db
from brain.web.app import create_app
from ingest import practice
from ingest.watch.beat import Beat
from ingest.watch.mender import Mender
from ingest.write.batch import Writer
from ingest.write.spill import Spill
from tests.owners import ORG_OF

PASSWORD = "Meijiang-2026!feeds"
LOGINS = {
    "admin": "admin1",
    "chief": "chief1",
    "operator": "operator1",
    "swj": "swj1",
    "qxj": "qxj1",
    "leader": "leader1",
}


@dataclass
class Office:
    """The web process's address, a connection to its database, and the worker."""

    url: str
    database: str
    conn: psycopg.Connection
    writer: Writer
    beat: Beat
    app: Any

    def send(self, body: dict | bytes, station: str = "RG-01", feed: str = "rain") -> None:
        """One message through the writer, until it is dealt with."""
        done = threading.Event()
        payload = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.writer.open(feed, f"city/441402/{feed}/{ORG_OF.get(feed, 'cgj')}/{station}", payload, datetime.now(UTC), done.set)
        assert done.wait(20)

    def rain(self, n: int, station: str) -> None:
        """The n-th message of a rain gauge."""
        self.send({"tm": (datetime.now(UTC) - timedelta(seconds=n)).isoformat(), "p1": 1.5}, station)


@pytest.fixture(scope="module")
def office(server, city_template, catalog, tmp_path_factory) -> Office:
    name = "intake_city"
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {city_template} STRATEGY file_copy")
    url = server.url(name)
    conn = db.connect(url, name="tests")
    for login in LOGINS.values():
        if people.by_login(conn, login):
            accounts.set_password(conn, login, PASSWORD, must_change=False)
    local = replace(practice.load(), shape_every_s=0.0)
    spill = Spill(tmp_path_factory.mktemp("spill"), segment_bytes=1 << 20, total_bytes=1 << 24)
    writer = Writer(lambda: db.connect(url, name="writer"), catalog, spill, local, worker="w1")
    working = threading.Thread(target=writer.run)
    working.start()
    beat = Beat(lambda: db.connect(url, name="beat"), writer, 0.5)
    mender = Mender(lambda: db.connect(url, name="mender"), writer, catalog, 300)
    beat.start()
    mender.start()
    app = create_app(replace(Settings(), database_url=url, http_port=0, secret_key="r" * 48), catalog)
    web = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    serving = threading.Thread(target=web.run, daemon=True)
    serving.start()
    deadline = time.monotonic() + 60
    while not web.started:
        assert serving.is_alive() and time.monotonic() < deadline, "the web process did not start"
        serving.join(0.05)
    _day(conn, catalog)
    yield Office(f"http://127.0.0.1:{web.servers[0].sockets[0].getsockname()[1]}", url, conn, writer, beat, app)
    web.should_exit = True
    serving.join(20)
    mender.finish()
    writer.stop()
    working.join(20)
    beat.finish(failed=False)
    conn.close()
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _day(conn, catalog) -> None:
    """Six hours of rain and drainage: one gauge silent, one whose values are not trusted, drainage slow."""
    now = datetime.now(UTC)
    rows = conn.execute(
        "SELECT id, theme FROM station WHERE theme IN ('rain', 'drainage') AND active ORDER BY id"
    ).fetchall()
    rain = [r["id"] for r in rows if r["theme"] == "rain"]
    ponds = [r["id"] for r in rows if r["theme"] == "drainage" and r["id"].startswith("PD")]
    for ago in range(6 * 60, 0, -10):
        at = now - timedelta(minutes=ago)
        marks = {rain[1]: Quality.SUSPECT}
        found = [Reading(s, "rain_1h", at, 0.5, marks.get(s, Quality.OK)) for s in rain if s != rain[0] or ago > 300]
        store(conn, "rain", found, at + timedelta(seconds=2))
        store(conn, "drainage", [Reading(s, "pond_depth", at, 1.0) for s in ponds], at + timedelta(seconds=40))
    mending.count(conn)


def store(conn, feed: str, found: list[Reading], at: datetime) -> None:
    """A committed batch, received at a moment of our choice."""
    readings.store(conn, feed=feed, worker="w1", lane="live", received_at=at, readings=found, received=len(found))


@pytest.fixture(scope="module")
def client(office) -> Callable[[str], httpx.Client]:
    """`client(who)`: an HTTP client of that person, logged in once."""
    opened: dict[str, httpx.Client] = {}

    def enter(who: str) -> httpx.Client:
        if who not in opened:
            opened[who] = httpx.Client(base_url=office.url, headers={"X-Brain": "1"}, timeout=30)
            assert opened[who].post("/login", json={"login": LOGINS[who], "password": PASSWORD}).status_code == 200
        return opened[who]

    yield enter
    for one in opened.values():
        one.close()


@pytest.fixture
def laid_out(client) -> Callable[..., str]:
    """`laid_out(who, "?feed=rain")`: what the page shows that person, as the JSON that Dash draws."""

    def ask(who: str, query: str = "") -> str:
        asked = {
            "output": "brain-page.children", "outputs": {"id": "brain-page", "property": "children"},
            "inputs": [{"id": "brain-address", "property": "pathname", "value": "/intake"},
                       {"id": "brain-address", "property": "search", "value": query}],
            "changedPropIds": ["brain-address.pathname"],
        }  # fmt: skip
        answer = client(who).post("/_dash-update-component", json=asked)
        assert answer.status_code == 200
        return json.dumps(answer.json()["response"]["brain-page"]["children"], ensure_ascii=False)

    return ask


@pytest.fixture(scope="module")
def windows(office, chromium):
    """A browser window for each person, kept for the whole file: loading the scripts takes seconds."""
    opened: dict[str, tuple] = {}

    def window(who: str):
        if who not in opened:
            context = chromium.new_context(locale="zh-CN")
            shown, complaints = context.new_page(), []
            shown.set_default_timeout(30_000)
            shown.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
            shown.on("pageerror", lambda e: complaints.append(str(e)))
            context.request.post(office.url + "/login", data={"login": LOGINS[who], "password": PASSWORD})
            opened[who] = shown, complaints
        return opened[who]

    yield window
    for shown, _ in opened.values():
        shown.context.close()


@pytest.fixture
def page(office, windows):
    """`page(who, address)` opens the page in that person's window; complaints of the console fail the test."""
    used = []

    def enter(who: str, address: str = "/intake", size: tuple[int, int] = (1366, 768)):
        shown, complaints = windows(who)
        used.append(complaints)
        complaints.clear()
        shown.set_viewport_size({"width": size[0], "height": size[1]})
        shown.goto(office.url + address)
        shown.wait_for_selector("#intake main > *")
        return shown

    yield enter
    assert not [c for complaints in used for c in complaints]
