"""The push door on a real port, with the writer turning behind it, and a department with a key."""

from __future__ import annotations

import threading
from dataclasses import replace

import psycopg
import pytest

from brain.identity import push_keys
from brain.store import db
from ingest.doors.push.pusher import Pusher
from ingest.doors.push.serving import Door
from tests.accounts import INTAKE, as_role
from tests.record.intake.push.pushing import BY, NOW, SECRET_KEY, YEAR, Department


@pytest.fixture(autouse=True)
def owned(conn, stations) -> None:
    """All stations here belong to the department whose key is tried (whose else may be tried is in test_owners.py)."""
    conn.execute("UPDATE station SET org = 'qxj'")


@pytest.fixture
def pusher(hands, db_url):
    """Make what answers pushes on this test's database, which `hands.database(False)` takes away."""
    made: list[psycopg.Connection] = []

    def connect() -> psycopg.Connection:
        if hands.away:
            raise psycopg.OperationalError("connection refused")
        made.append(db.connect(as_role(db_url, INTAKE), name="push under test"))
        return made[-1]

    def pusher(**more) -> Pusher:
        push = replace(hands.practice.push, **{"answer_s": 10, "per_minute": 0} | more)
        return Pusher(connect, SECRET_KEY, push, hands.writer, now=lambda: hands.now, monotonic=lambda: hands.ticks)

    pusher.cut = lambda: [conn.close() for conn in made]
    return pusher


@pytest.fixture
def door(hands, pusher):
    """The door on a free port, with the writer turning behind it."""
    door = Door("127.0.0.1", 0, pusher(), hands.writer)
    turning = threading.Thread(target=hands.writer.run)
    turning.start()
    door.start()
    yield door
    door.stop()
    hands.writer.stop()
    turning.join()
    door.finish()


@pytest.fixture
def url(door) -> str:
    return f"http://127.0.0.1:{door.port}"


@pytest.fixture
def key(conn):
    """Make a key: (id, secret)."""
    return lambda *feeds, until=NOW + YEAR: push_keys.make(conn, SECRET_KEY, BY, "qxj", list(feeds), NOW, until)


@pytest.fixture
def qxj(url, key) -> Department:
    """The weather office: may write rain, fire and water."""
    department = Department(url, *key("rain", "fire", "water"))
    yield department
    department.client.close()
