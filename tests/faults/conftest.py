"""One city under traffic for the short proofs, with limits of seconds where the shipped ones are of half a minute."""

from __future__ import annotations

import itertools
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

PRACTICE = """
[database]
retry_s = [0.2, 0.5, 1]
statement_s = 1
answer_s = 2
[mqtt]
stuck_s = 3
keepalive_s = 2
answer_s = 2
subscribe_s = 2
retry_s = [0.2, 0.5, 1]
"""
_spec = spec_from_file_location("faults_harness", Path(__file__).with_name("harness.py"))
harness = sys.modules["faults_harness"] = module_from_spec(_spec)
_spec.loader.exec_module(harness)


trials_ = harness.load("trials")


@pytest.fixture(scope="session")
def trials():
    """The module of the trials."""
    return trials_


@pytest.fixture(scope="session")
def whole_city(request, body):
    city = harness.City(body, request.config.getoption("--postgres-home"), PRACTICE)
    yield city
    city.close()


@pytest.fixture(scope="session")
def whole_gateway(whole_city):
    whole_city.live()  # from its first subscription on, the broker keeps for the intake what is published
    whole_city.kill_all()
    return whole_city.gateway()


@pytest.fixture
def city(whole_city):
    """The city; its intakes are killed when a test is over, which is one more kill -9 each."""
    yield whole_city
    whole_city.kill_all()


@pytest.fixture
def traffic(city, whole_gateway):
    """A gateway that publishes 500 messages a second while the test runs; one in a hundred is poison, one comes twice."""
    whole_gateway.say("rate 500")
    yield whole_gateway
    whole_gateway.say("rate 0")


@pytest.fixture
def poisoned(city):
    """A second gateway, with numbers of its own: `poisoned(block)` starts at a block of `sender.BAD`."""
    made = []

    def poisoned(block: int):
        made.append(city.gateway(f"gateway-{next(_names)}"))
        made[-1].say(f"first {(block + 4 * next(_names)) * harness.sender.BLOCK}")
        return made[-1]

    yield poisoned
    for one in made:
        one.say("rate 0")


_names = itertools.count(1)
