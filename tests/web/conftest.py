"""A running web process on the demo city, a real Chromium, and people who are logged in."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from brain.catalog import Catalog
from brain.flow.alerts import recording
from brain.flow.city import public_warnings
from brain.flow.events import acting
from brain.flow.measured import readings
from brain.identity import accounts, people
from brain.model import HazardWarning, Judgement, Level, Reading, RuleState, Source, Station, Verb
from brain.rules.forms import Given
from brain.store import db
from tests.accounts import APP, as_role
from tests.ports import free_port

PASSWORD = "Meijiang-2026!wall"
CHROMIUM = os.environ.get("BRAIN_TEST_CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
LOGINS = {
    "operator": "operator1",
    "acceptor": "acceptor1",
    "dispatcher": "dispatcher1",
    "chief": "chief1",
    "leader": "leader1",
    "department": "swj1",
    "worker": "wg001",
    "admin": "admin1",
}


@dataclass
class Web:
    """The web process: started, stopped and started again on the same port."""

    database: str
    home: Path
    port: int
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def account(self, role: str) -> dict[str, str]:
        return {"login": LOGINS[role], "password": PASSWORD}

    @contextmanager
    def client(self, role: str) -> Iterator[httpx.Client]:
        """An HTTP client, logged in as somebody of the role, with the header that proves our own page."""
        with httpx.Client(base_url=self.url, headers={"X-Brain": "1"}, timeout=20) as client:
            answer = client.post("/login", json=self.account(role))
            assert answer.status_code == 200, answer.text
            yield client

    def start(self) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
            "BRAIN_HOME": str(self.home), "BRAIN_DATABASE_URL": as_role(self.database, APP),
            "BRAIN_HTTP_PORT": str(self.port), "BRAIN_SECRET_KEY": "w" * 48, "BRAIN_REPLAY_SPEED": "360",
        }  # fmt: skip
        log = open(self.home / "web.log", "ab")  # noqa: SIM115 - the child writes to it
        self.process = subprocess.Popen([sys.executable, "-m", "brain", "web"], env=env, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if httpx.get(self.url + "/login").status_code == 200:
                    return
            assert self.process.poll() is None, (self.home / "web.log").read_text()[-3000:]
        raise AssertionError("the web process did not answer within 60 s")

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)


@pytest.fixture(scope="session")
def web(session_city_url, tmp_path_factory) -> Iterator[Web]:
    with db.connect(session_city_url, name="tests") as conn:
        for login in LOGINS.values():
            accounts.set_password(conn, login, PASSWORD, must_change=False)
    port = free_port()
    web = Web(session_city_url, tmp_path_factory.mktemp("web"), port)
    web.start()
    yield web
    web.stop()


@pytest.fixture
def city(web):
    """A connection to the database behind the running screens."""
    with db.connect(web.database, name="tests") as conn:
        yield conn


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM}: install the package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Visit:
    """One browser window of one person, with everything it asked for and complained about."""

    page: Page
    context: BrowserContext
    base: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def wait_for_map(self) -> None:
        self.page.wait_for_selector("#wall[data-map=ready]", timeout=60_000)
        self.page.wait_for_selector("#wall[data-beats]", timeout=15_000)


def window(web: Web, chromium: Browser, role: str | None, size: tuple[int, int]) -> BrowserContext:
    """A new browser window, logged in as somebody of the role."""
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
    if role is not None:
        answer = context.request.post(web.url + "/login", data=web.account(role))
        assert answer.ok, answer.text()
    return context


def open_page(web: Web, context: BrowserContext, path: str) -> Visit:
    page = context.new_page()
    found = Visit(page, context, web.url)
    page.on("request", lambda r: found.asked.append(r.url))
    page.on(
        "console", lambda m: found.complaints.append(f"{m.type}: {m.text}") if m.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda e: found.complaints.append(f"script: {e}"))
    page.goto(web.url + path)
    return found


@pytest.fixture(scope="session")
def windows(web, chromium) -> Iterator[dict[tuple, BrowserContext]]:
    """Windows that were opened, by role and size: a page in one that is open need not read the scripts again, which takes half of
    what its opening takes."""
    opened: dict[tuple, BrowserContext] = {}
    yield opened
    for context in opened.values():
        context.close()


@pytest.fixture
def visit(web, chromium, windows):
    """`visit(role, path="/", size=(1920, 1080))` opens a page as somebody of that role (None: as nobody)."""
    opened: list[Visit] = []

    def visit(role: str | None, path: str = "/", size: tuple[int, int] = (1920, 1080)) -> Visit:
        context = windows.get((role, size)) if role else None
        if context is None or not context.request.get(web.url + "/session").ok:
            context = windows[role, size] = window(web, chromium, role, size)
        opened.append(open_page(web, context, path))
        return opened[-1]

    yield visit
    for visitor in opened:
        with suppress(PlaywrightError):  # the page may be of no address that stores anything
            visitor.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        visitor.page.close()


@pytest.fixture(scope="module")
def chiefs_wall(web, chromium) -> Iterator[Visit]:
    """The wall of a duty chief, open for a whole file: drawing the map in software takes seconds."""
    visitor = open_page(web, window(web, chromium, "chief", (1920, 1080)), "/")
    visitor.wait_for_map()
    yield visitor
    visitor.context.close()


@pytest.fixture
def wall(chiefs_wall) -> Visit:
    """The same wall with nothing selected and nothing complained about yet."""
    page = chiefs_wall.page
    page.fill("#wall-search", "")
    page.keyboard.press("Escape")
    page.evaluate("dash_clientside.set_props('wall-pick', {data: {kind: null, id: null, n: Math.random()}})")
    page.wait_for_selector("#wall-card", state="hidden")
    chiefs_wall.complaints.clear()
    return chiefs_wall


ISSUER = "44140241600000"
_warnings = itertools.count(1)


@dataclass
class District:
    """What happens outside while somebody looks at the screen: readings come in, rules speak. Each is one committed
    transaction, as intake and engine write it."""

    conn: psycopg.Connection
    catalog: Catalog

    def reading(self, station: str, kind: str, value: float, at: datetime | None = None) -> None:
        at = at or datetime.now(UTC)
        feed = self.catalog.kinds[kind].theme
        readings.store(
            self.conn,
            feed=feed,
            worker="tests",
            lane="live",
            received_at=at,
            readings=[Reading(station, kind, at, value)],
            received=1,
        )

    def alert(self, station: str, kind: str, rule: str, level: Level, message: str, value: float = 1.0) -> int:
        """An alert as the engine opens it; its id."""
        now = datetime.now(UTC)
        row = self.conn.execute("SELECT * FROM station WHERE id = %s", [station]).fetchone()
        judged = Judgement(
            RuleState(level=level, since=now, seen_at=now), "open", level, value, value - 1, message, {"version": 1}
        )
        return recording.apply(
            self.conn, self.catalog, db.record(Station, row), self.catalog.rules[kind, rule], judged, now
        )

    def event(self, org: str, title: str = "河道污染") -> str:
        """An event that an organisation has to handle; its number."""
        now = datetime.now(UTC)
        chief = people.actor_of(people.by_login(self.conn, LOGINS["chief"]))
        event = acting.report(
            self.conn,
            self.catalog,
            category="matter:06026",
            title=title,
            lng=116.12,
            lat=24.29,
            source=Source.PATROL,
            actor=chief,
            now=now,
        )
        condition = self.catalog.register_conditions[0]
        for verb, more in ((Verb.ACCEPT, {}), (Verb.REGISTER, {"condition": condition}), (Verb.DISPATCH, {"org": org})):
            event = acting.act(self.conn, self.catalog, event.id, verb, chief, now, Given(**more))
        return event.id

    def warning(self, level: Level | None, event: str = "暴雨", seconds: float = 6 * 3600, **more) -> str:
        """A public warning as the national system sends it, over in so many seconds; its identifier."""
        now, ident = datetime.now(UTC), f"w{next(_warnings)}"
        given = {"sender_name": "梅江区气象台", "headline": f"梅江区气象台发布{event}预警信号", "msg_type": "Alert", "sent": now,
                 "expires": now + timedelta(seconds=seconds)} | more  # fmt: skip
        public_warnings.store(
            self.conn, HazardWarning(ident, ISSUER, status="Actual", scope="Public", event=event, level=level, **given), now
        )
        return ident

    def cancel(self, ident: str) -> None:
        """The issuer takes a warning back."""
        self.warning(None, "", msg_type="Cancel", refers=((ISSUER, ident),))

    def clear(self, station: str, kind: str, rule: str) -> None:
        now = datetime.now(UTC)
        row = self.conn.execute("SELECT * FROM station WHERE id = %s", [station]).fetchone()
        judged = Judgement(RuleState(seen_at=now), "clear", None, 0.0, None, "恢复正常")
        recording.apply(self.conn, self.catalog, db.record(Station, row), self.catalog.rules[kind, rule], judged, now)


@pytest.fixture
def district(city, catalog) -> Iterator[District]:
    """The outside; what it raised is cleared again afterwards."""
    known = {r["id"] for r in city.execute("SELECT id FROM alert WHERE cleared_at IS NULL").fetchall()}
    outside = District(city, catalog)
    yield outside
    for r in city.execute("SELECT id, station, kind, rule FROM alert WHERE cleared_at IS NULL").fetchall():
        if r["id"] not in known:
            outside.clear(r["station"], r["kind"], r["rule"])
    for row in public_warnings.active(city, datetime.now(UTC)):
        outside.cancel(row["identifier"])
