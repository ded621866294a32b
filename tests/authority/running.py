"""A web process of its own on a copy of the demo city, for what needs settings, accounts or measurements of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from brain.identity import accounts, people
from brain.store import db
from tests.ports import free_port

PASSWORD = "Sicht-2026!xq"


def newcomers(database: str) -> None:
    """People of our own, with PASSWORD: what other tests do with the demo's accounts is theirs."""
    with db.connect(database, name="tests") as conn:
        for login, role, org in (
            ("d.chief", "chief", None), ("d.swj", "department", "swj"), ("d.admin", "admin", None), ("d.worker", "worker", None),
        ):  # fmt: skip
            if people.by_login(conn, login) is None:
                places = ["441402"] if role in ("chief", "worker") else []
                accounts.create(
                    conn, login=login, name="门口", role=role, org=org, places=places, password=PASSWORD, must_change=False
                )


@dataclass
class Running:
    """A web process: its address, its process id, its data folder and its database."""

    url: str
    pid: int
    home: Path
    database: str

    @property
    def log(self) -> str:
        return (self.home / "web.log").read_text(encoding="utf-8")

    @contextmanager
    def client(self, login: str, password: str = PASSWORD, **more) -> Iterator[httpx.Client]:
        """An HTTP client that is logged in, with the header that proves our own page."""
        with httpx.Client(base_url=self.url, headers={"X-Brain": "1"} | more.pop("headers", {}), timeout=60, **more) as client:
            answer = client.post("/login", json={"login": login, "password": password})
            assert answer.status_code == 200, answer.text
            yield client


@contextmanager
def running(database: str, home: Path, **settings: str) -> Iterator[Running]:
    """`settings` are environment variables."""
    port = free_port()
    env = {k: v for k, v in os.environ.items() if not k.startswith("BRAIN_")} | {
        "BRAIN_HOME": str(home), "BRAIN_DATABASE_URL": database, "BRAIN_HTTP_PORT": str(port),
        "BRAIN_SECRET_KEY": "d" * 24 + "r" * 24, "BRAIN_REPLAY": "0",
    } | settings  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with open(home / "web.log", "ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "brain", "web"], env=env, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 90
        while True:
            with suppress(httpx.TransportError):
                if httpx.get(url + "/login").status_code == 200:
                    break
            assert process.poll() is None, (home / "web.log").read_text()[-3000:]
            assert time.monotonic() < deadline, "the web process did not answer within 90 s"
            time.sleep(0.1)
        yield Running(url, process.pid, home, database)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
