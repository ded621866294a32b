"""The API as its OpenAPI describes it, called with everything that fits the description and much that does not, as five roles:
no answer may be a 5xx.

`BRAIN_SCHEMA_EXAMPLES` says how many calls an operation and role get (`make secure` sets it high); the short run of the suite
draws the same calls each time, the long one new ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

SHORT = 10
EXAMPLES = int(os.environ.get("BRAIN_SCHEMA_EXAMPLES", SHORT))
ROLES = {"chief": "chief.all", "department": "dep.swj", "worker": "w.t1a", "public": "pub.one", "admin": "adm.one"}
ENDLESS = {"/api/v1/stream"}  # never ends by itself; test_live.py holds it open
LONGEST = 3600


def pytest_generate_tests(metafunc):
    if "role" in metafunc.fixturenames:
        metafunc.parametrize("role", ROLES)


@pytest.fixture(scope="module")
def operations(house) -> list:
    """The operations that the running application describes to its administrator."""
    document = house.as_(house.world.who("adm.one")).get("/api/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    found = [one.ok() for one in schema.get_all_operations()]
    return [one for one in found if one.path not in ENDLESS]


@pytest.fixture(scope="module")
def drawn(operations) -> Callable[[int], list[schemathesis.Case]]:
    """The calls of the n-th operation: the same for each role where they are the same each time, for drawing takes as long as
    calling."""

    def draw(n: int) -> list[schemathesis.Case]:
        return calls(operations[n])

    return cache(draw) if EXAMPLES <= SHORT else draw


@pytest.fixture
def session(house, role) -> Iterator[requests.Session]:
    """The session of somebody of the role, in the client that draws and sends the calls."""
    with requests.Session() as session:
        for cookie in house.clients[ROLES[role]].cookies.jar:
            session.cookies.set(cookie.name, cookie.value, domain="127.0.0.1")
        yield session


@pytest.mark.slow
@pytest.mark.timeout(LONGEST if EXAMPLES > SHORT else 300)
def test_no_call_of_the_described_api_is_answered_with_a_5xx(house, operations, drawn, session, role):
    broken: dict[str, str] = {}
    count = 0
    assert len(operations) >= 20
    for n, operation in enumerate(operations):
        for answer in answers(house.url, session, drawn(n)):
            count += 1
            if answer.status_code >= 500:
                sent = (answer.request.body or b"")[:300]
                how = f"{answer.status_code} for {answer.request.url} {sent!r}"
                broken.setdefault(f"{operation.method.upper()} {operation.path}", how)
    print(f"\n{count} calls as {role}")
    assert count >= len(operations)
    assert not broken, "\n" + "\n".join(f"{name}: {how}" for name, how in broken.items())


def calls(operation) -> list[schemathesis.Case]:
    """Calls of an operation that fit its description, and calls that break it."""
    found: list[schemathesis.Case] = []
    modes = [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if _can_be_wrong(operation) else [])]
    for mode in modes:

        @settings(
            max_examples=max(EXAMPLES // len(modes), 1), database=None, deadline=None, derandomize=EXAMPLES <= SHORT,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def draw(case):
            found.append(case)

        draw()
    return found


def answers(url: str, session: requests.Session, calls: list[schemathesis.Case]) -> list:
    found: list = []
    for case in calls:
        with suppress(requests.RequestException, UnicodeError):  # what HTTP itself cannot carry never arrives
            found.append(case.call(url, session=session, headers={"X-Brain": "1"}, timeout=60))
    return found


def _can_be_wrong(operation) -> bool:
    """Whether there is anything in a call of it that could break its description."""
    return bool(list(operation.iter_parameters())) or bool(list(operation.body))
