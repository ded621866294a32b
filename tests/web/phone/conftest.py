"""A running server on the demo city, people who are logged in, and events brought to where a test needs them, all over HTTP."""

from __future__ import annotations

import hashlib
import io
import itertools
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from brain.flow.city import public_warnings
from brain.identity import accounts
from brain.model import HazardWarning, Level
from brain.settings import Settings
from brain.store import db
from brain.web.app import create_app
from tests.ports import free_port

PASSWORD = "Phone-2026-x"
PEOPLE = (
    "wg001",
    "wg002",
    "wg090",
    "acceptor1",
    "dispatcher1",
    "chief1",
    "operator1",
    "leader1",
    "jiangnan1",
    "swj1",
    "admin1",
)
HERE = {"lng": 116.12, "lat": 24.29}  # where the phones of the tests stand
CATEGORY = "matter:06026"


def picture(colour: str = "teal", size: tuple[int, int] = (640, 480), form: str = "JPEG") -> bytes:
    """Bytes of a small picture that no other test has sent."""
    image = Image.new("RGB", size, colour)
    mark = uuid.uuid4().int
    for n in range(16):
        image.putpixel((n, 0), ((mark >> (8 * n)) & 255, n, 0))
    out = io.BytesIO()
    image.save(out, form, quality=95)
    return out.getvalue()


@dataclass
class World:
    """The server and its people. `call` gives the JSON answer and insists on success."""

    url: str
    database: str
    home: Path
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def person(self, login: str) -> httpx.Client:
        """A client with that person's session and the header that proves our own page."""
        if login not in self.clients:
            client = httpx.Client(base_url=self.url, headers={"X-Brain": "1"}, timeout=20)
            answer = client.post("/login", json={"login": login, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            self.clients[login] = client
        return self.clients[login]

    def get(self, login: str, path: str, **params: Any) -> Any:
        answer = self.person(login).get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, login: str, path: str, **body: Any) -> Any:
        answer = self.person(login).post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def photo(self, login: str, phase: str = "report", data: bytes | None = None) -> str:
        """Upload one photo; its id."""
        data = data or picture()
        answer = self.person(login).post(
            "/api/v1/photos",
            data={"sha256": hashlib.sha256(data).hexdigest(), "phase": phase},
            files={"file": ("p.jpg", data)},
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def id_of(self, login: str) -> int:
        return self.get(login, "/api/v1/me")["id"]

    def reported(self, by: str = "operator1", **body: Any) -> str:
        """A new event; its number."""
        body = {"category": CATEGORY, "crs": "wgs84", **HERE} | body
        return self.post(by, "/api/v1/events", **body)["event"]["id"]

    def act(self, login: str, event: str, verb: str, **body: Any) -> Any:
        return self.post(login, f"/api/v1/events/{event}/{verb}", **body)["event"]

    def registered(self, **body: Any) -> str:
        event = self.reported(**body)
        self.act("acceptor1", event, "accept")
        lists = self.get("chief1", "/api/v1/me")["lists"]
        self.act("chief1", event, "register", condition=lists["register_conditions"][0])
        return event

    def dispatched(self, to: str = "wg001", **body: Any) -> str:
        """An event that waits for a worker to take it."""
        event = self.registered(**body)
        org = self.get(to, "/api/v1/me")["org"]["code"]
        self.act("dispatcher1", event, "dispatch", org=org, handler_id=self.id_of(to))
        return event

    def answered(self, by: str = "wg001", **body: Any) -> str:
        """An event that waits to be checked by the worker nearest to it, other than `by`."""
        event = self.dispatched(to=by, **body)
        stands = {k: body.get(k, HERE[k]) for k in HERE}
        self.act(by, event, "take")
        self.act(by, event, "answer", photos=[self.photo(by, "answer")], note="已处置", **stands)
        return event

    def rows(self, statement: str, *params: Any) -> list[dict[str, Any]]:
        with db.connect(self.database, name="tests") as conn:
            return conn.execute(statement, params or None).fetchall()  # type: ignore[arg-type]

    def middle_of(self, login: str) -> dict[str, float]:
        """A point inside the 网格 of a worker."""
        grid = self.get(login, "/api/v1/me")["grid"]["code"]
        return dict(self.rows("SELECT lng, lat FROM place WHERE code = %s", grid)[0])

    def reports(self, words: str) -> list[dict[str, Any]]:
        """Events by their description."""
        return self.rows("SELECT id, lng, lat, grid FROM event WHERE description = %s", words)

    def photos_of(self, event: str) -> list[dict[str, Any]]:
        return self.rows("SELECT phase, lng, lat, taken_at, path FROM photo WHERE event_id = %s", event)

    def close(self) -> None:
        for client in self.clients.values():
            client.close()


@pytest.fixture(scope="session")
def world(server, city_template, catalog, tmp_path_factory) -> Iterator[World]:
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE phone TEMPLATE {city_template} STRATEGY file_copy")
    url, home, now = server.url("phone"), tmp_path_factory.mktemp("phone"), datetime.now(UTC)
    with db.connect(url, name="tests") as conn:
        for login in PEOPLE:
            accounts.set_password(conn, login, PASSWORD, now=now)
    settings = Settings(home=home, database_url=url, http_port=free_port())
    config = uvicorn.Config(
        create_app(settings, catalog),
        host="127.0.0.1",
        port=settings.http_port,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as client:
        while thread.is_alive() and not running.started:
            thread.join(0.05)
        assert client.get(f"{settings.origin}/m/").status_code == 200
    world = World(settings.origin, url, home)
    yield world
    world.close()
    running.should_exit = True
    thread.join(10)
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute("DROP DATABASE IF EXISTS phone WITH (FORCE)")


@pytest.fixture
def warn(world):
    """`warn(Level.ORANGE, "暴雨", …)` has a public warning come in; its identifier. It is cancelled again afterwards."""
    came, sender = [], "44140241600000"
    with db.connect(world.database, name="tests") as conn:

        def warn(level: Level | None, event: str = "暴雨", **more: Any) -> str:
            now, ident = datetime.now(UTC), f"w{uuid.uuid4().hex}"
            given = {"msg_type": "Alert", "sent": now, "expires": now + timedelta(hours=6), "sender_name": "梅江区气象台"} | more
            came.append(ident)
            public_warnings.store(
                conn, HazardWarning(ident, sender, status="Actual", scope="Public", event=event, level=level, **given), now
            )
            return ident

        yield warn
        warn(None, msg_type="Cancel", refers=tuple((sender, ident) for ident in came))


# The browser ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def phone(world, chromium: Browser):
    """Log in as somebody on a fresh phone: `phone("wg001")` gives its page."""
    opened: list[BrowserContext] = []

    def open_phone(login: str, at: dict[str, float] = HERE, permissions: tuple[str, ...] = ("geolocation",)) -> Page:
        context = chromium.new_context(
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
        page.wait_for_selector("html[data-kept]")  # dictionary and map are on the phone: the line may go
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
    path = tmp_path / "shot.jpg"
    Image.effect_noise((2400, 1800), 60).convert("RGB").save(path, "JPEG")
    return path


class Hands:
    """What a finger does again and again on the phone page."""

    @staticmethod
    def card(page: Page, event: str):
        return page.locator(f'[data-id="{event}"]')

    @staticmethod
    def shoot(page: Page, shot: Path, nth: int = 0) -> None:
        thumbs = page.locator(".thumb img")
        before = thumbs.count()
        page.locator("input[capture]").nth(nth).set_input_files(shot)
        expect(thumbs).to_have_count(before + 1)

    @staticmethod
    def fill_report(page: Page, shot: Path, words: str) -> None:
        """A new report up to its last button."""
        page.tap("#tabs >> text=上报")
        Hands.shoot(page, shot)
        expect(page.locator(".fix").first).to_contain_text("已定位")
        page.tap(".chip.more")
        page.fill("input[type=search]", "店面无证装修")
        page.tap(".list.tall .item")
        page.fill("textarea", words)


@pytest.fixture
def hands() -> type[Hands]:
    return Hands
