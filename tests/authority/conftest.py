"""The small world, a web server of its own upon it, and everybody logged in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from brain.store import db
from tests.authority import world as worlds
from tests.authority.table import Viewer
from tests.authority.world import PASSWORD, World
from tests.ports import free_port


@dataclass
class House:
    """The world with its running web process and a logged-in client for each viewer."""

    world: World
    home: Path
    url: str
    clients: dict[str, httpx.Client]

    def as_(self, viewer: Viewer) -> httpx.Client:
        return self.clients[viewer.login]


@contextmanager
def serving(database: str, home: Path, **more: str) -> Iterator[str]:
    """A web process on a database; its address."""
    port = free_port()
    env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
        "BRAIN_HOME": str(home), "BRAIN_DATABASE_URL": database, "BRAIN_HTTP_PORT": str(port),
        "BRAIN_SECRET_KEY": "a" * 24 + "w" * 24, "BRAIN_REPLAY": "0",
    } | more  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with open(home / "web.log", "ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "brain", "web"], env=env, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if httpx.get(url + "/login").status_code == 200:
                    break
            assert process.poll() is None, (home / "web.log").read_text()[-3000:]
            time.sleep(0.1)
        else:
            raise AssertionError("the web process did not answer within 90 s")
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def logged_in(url: str, login: str) -> httpx.Client:
    """A client with a session, as a browser has it."""
    client = httpx.Client(base_url=url, headers={"X-Brain": "1"}, timeout=60)
    answer = client.post("/login", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 200, f"{login} cannot log in: {answer.text}"
    return client


@pytest.fixture(scope="session")
def own_city_url(server, city_template) -> Iterator[str]:
    """A city of our own: what is in it must be no other test's."""
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute(f"CREATE DATABASE authority TEMPLATE {city_template} STRATEGY file_copy")
    yield server.url("authority")
    with db.connect(server.url("postgres"), name="tests") as conn:
        conn.execute("DROP DATABASE authority WITH (FORCE)")


@pytest.fixture(scope="session")
def house(own_city_url, tmp_path_factory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("authority")
    with db.connect(own_city_url, name="tests") as conn:
        made = worlds.make(conn, own_city_url, home / "files")
    with serving(own_city_url, home) as url, ThreadPoolExecutor(4) as pool:
        clients = dict(
            zip((v.login for v in made.viewers), pool.map(lambda v: logged_in(url, v.login), made.viewers), strict=True)
        )
        yield House(made, home, url, clients)
        for client in clients.values():
            client.close()
