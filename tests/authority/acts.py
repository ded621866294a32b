"""What an act is, what it is done with, and the list of all that are tried (`acts_routes`, `acts_callbacks`, `acts_commands`)."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from PIL import Image

from tests.authority.conftest import House
from tests.authority.table import Viewer
from tests.authority.world import PASSWORD, Maker

NEXT = "Neues-2026!xq"


@dataclass
class Stage:
    """What an act is done with: fresh objects of its own, and everybody's clients."""

    house: House
    conn: psycopg.Connection
    maker: Maker

    def as_(self, login: str) -> httpx.Client:
        return self.house.clients[login]

    def case(self, *args: Any, **more: Any) -> str:
        """The number of a new case."""
        return self.maker.world.case(self.maker.case(*args, **more)).id

    def alert(self, *args: Any, **more: Any) -> int:
        key = self.maker.signal(*args, **more)
        return next(s.id for s in self.maker.world.signals if s.key == key)

    def account(self, role: str = "operator") -> str:
        """The login of a new account."""
        from argon2 import PasswordHasher

        viewer = Viewer(f"new.{uuid4().hex[:8]}", role, "zsj", ("441402",))
        return self.maker.person(viewer, PasswordHasher().hash(PASSWORD)).login

    def picture(self) -> tuple[bytes, str]:
        out = io.BytesIO()
        Image.new("RGB", (20, 20), tuple(os.urandom(3))).save(out, "PNG")
        return out.getvalue(), hashlib.sha256(out.getvalue()).hexdigest()

    def letter(self) -> None:
        self.conn.execute(
            "INSERT INTO dead_letter (received_at, feed, topic, payload, rule, reason) VALUES (now(), 'water', 't', '{}', 'decode', 'x')"
        )

    def brain(self, *argv: str) -> int:
        """The command, in this process, on this database; its exit code."""
        from brain.__main__ import main

        said = {
            "BRAIN_DATABASE_URL": self.house.world.url,
            "BRAIN_HOME": str(self.house.home),
            "BRAIN_SECRET_KEY": "k" * 48,
        }
        kept = {k: os.environ.get(k) for k in said}
        os.environ.update(said)
        try:
            return main(list(argv))
        except SystemExit as end:
            return int(end.code or 0)
        finally:
            for key, value in kept.items():
                os.environ.pop(key) if value is None else os.environ.update({key: value})


Do = Callable[[Stage], Callable[[], Any]]
"""Prepares, and gives what is to be done and counted."""


@dataclass(frozen=True)
class Act:
    way: str
    name: str
    done: bool  # whether it is done, or refused
    do: Do
    rows: int = 1  # more only where one press of a button is several acts

    def __str__(self) -> str:
        return f"{self.way}: {self.name}"


ACTS: list[Act] = []


def act(way: str, name: str, *, done: bool, rows: int = 1) -> Callable[[Do], Do]:
    def keep(do: Do) -> Do:
        ACTS.append(Act(way, name, done, do, rows))
        return do

    return keep


def run(coroutine: Any) -> Any:
    """Its result, from a loop in a thread of its own: a browser's tests have one running in ours."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def months_back(n: int) -> str:
    day = datetime.now(UTC).replace(day=15)
    return f"{day - timedelta(days=30 * n):%Y-%m}"
