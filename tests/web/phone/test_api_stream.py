"""Pushes to phones, and that odd requests never break the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from brain.model import Level


@contextmanager
def pushes(world, login: str, patience: float = 20) -> Iterator[Iterator[str]]:
    """Names of the events that one phone is sent, as they come; the first one says that the line stands."""
    cookies = dict(world.person(login).cookies)
    with (
        httpx.Client(base_url=world.url, cookies=cookies, timeout=patience) as phone,
        phone.stream("GET", "/api/v1/stream") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield (line.removeprefix("event: ") for line in answer.iter_lines() if line.startswith("event: "))


def test_a_new_task_is_pushed_to_its_handler(world):
    with pushes(world, "wg001") as said:
        assert next(said) == "change"
        world.dispatched(to="wg001")
        assert next(said) == "change"


def test_others_work_is_not_pushed(world):
    with pushes(world, "wg090", patience=2) as said:
        assert next(said) == "change"
        world.dispatched(to="wg001")
        with pytest.raises(httpx.ReadTimeout):
            next(said)


def test_a_new_warning_is_pushed_to_everybody(world, warn):
    with pushes(world, "wg090") as said:
        assert next(said) == "change"
        warn(Level.YELLOW)
        assert next(said) == "change"


STRANGE = [
    "",
    "0",
    "-1",
    "NaN",
    "1e999",
    "%00",
    "' OR 1=1 --",
    "９",
    "𠮷" * 50,
    "2026-13-40",
    "null",
    "[]",
    "../../etc/passwd",
]


def test_strange_values_are_refused_and_break_nothing(world):
    paths = world.get("admin1", "/api/openapi.json")["paths"]
    broken = []
    for path, verbs in paths.items():
        for verb, said in verbs.items():
            if not path.startswith("/api/v1/") or path.endswith("/stream"):
                continue
            for value in STRANGE:
                at = path
                for part in said.get("parameters", []):
                    if part["in"] == "path":
                        at = at.replace(
                            "{" + part["name"] + "}",
                            httpx.URL("http://x", params={"v": value}).query.decode()[2:] or "x",
                        )
                query = {p["name"]: value for p in said.get("parameters", []) if p["in"] == "query"}
                more = {} if verb == "get" else {"content": json.dumps({"note": value, "lng": value}).encode()}
                answer = world.person("chief1").request(
                    verb, at, params=query, headers={"Content-Type": "application/json", "Idempotency-Key": value.encode()}, **more
                )  # fmt: skip
                if answer.status_code >= 500:
                    broken.append((verb, at, value, answer.status_code))
    assert not broken
