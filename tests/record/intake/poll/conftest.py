"""A poller on the database of the test, the web server it asks and the table it reads."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from brain.store import db
from ingest.doors.poll import sources
from ingest.doors.poll.polling import Poller
from tests.accounts import INTAKE, as_role
from tests.record.intake.poll.polled import NOW, Site


@pytest.fixture(scope="module")
def site() -> Site:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def declared(tmp_path, site):
    """The source of this TOML text; SITE stands for the web server of the test."""
    site.asked.clear()

    def declared(text: str) -> sources.Source:
        text = "[source.a]\nevery_s = 60\n" + text.replace("SITE", site.url)
        (tmp_path / "poll.toml").write_text(text, encoding="utf-8")
        return sources.load(str(tmp_path), timedelta(hours=24))[0]

    return declared


@pytest.fixture
def silent(hands, db_url, declared):
    """Make a poller on this test's database; nobody turns the writer."""

    def silent(text: str, **more) -> Poller:
        local = replace(hands.practice.poll, **{"settle_s": 5} | more)
        connect = partial(db.connect, as_role(db_url, INTAKE), name="poll under test")
        return Poller(declared(text), local, hands.writer, connect, now=lambda: hands.now)

    return silent


@pytest.fixture
def poller(hands, silent):
    """Make a poller with the writer turning behind it."""
    turning = threading.Thread(target=hands.writer.run)
    turning.start()
    yield silent
    hands.writer.stop()
    turning.join()


@pytest.fixture
def theirs(conn, db_url, tmp_path):
    """A table of another office, and the file with the way to it."""
    conn.execute("CREATE TABLE theirs (id bigint PRIMARY KEY, code text, tm timestamptz, mm numeric(6, 1))")
    (tmp_path / "dsn").write_text(db_url)

    def put(first: int, last: int) -> None:
        conn.execute(
            "INSERT INTO theirs SELECT n, 'RG-01', %s - n * interval '1 second', n / 10.0 FROM generate_series(%s::bigint, %s) n",
            [NOW, first, last],
        )

    return put
