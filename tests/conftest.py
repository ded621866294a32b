"""Fixtures: a real PostgreSQL (plain or TimescaleDB), a real broker, the shipped catalog, the demo city.

One server a session; a template database is migrated once and cloned for each test that writes. The server's files lie in
memory where there is room: cloning and dropping databases is what the suite does most.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from brain.local import postgres
from brain.store import db, roles
from tests import shares
from tests.databases import PREFIX, clone, drop, quick_room, seal
from tests.ports import free_port

SECRET = "w" * 48
BEIJING = timezone(timedelta(hours=8))


def pytest_addoption(parser):
    parser.addoption(
        "--body",
        choices=["plain", "timescale"],
        default=os.environ.get("BRAIN_TEST_BODY", "plain"),
        help="storage body of the test databases; timescale needs an installation that has the extension",
    )
    parser.addoption(
        "--postgres-home",
        default=os.environ.get("BRAIN_TEST_POSTGRES_HOME", ""),
        help="PostgreSQL 18 installation to test on instead of the wheel's",
    )


def pytest_report_header(config):
    install = postgres.installation(config.getoption("--postgres-home"))
    has = "yes" if postgres.has_timescale(install) else "no"
    return f"storage body: {config.getoption('--body')} (TimescaleDB in this installation: {has})"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return shares.Shares(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items):
    """In the order in which shares begin; within a share as before."""
    items.sort(key=lambda item: shares.place(shares.share(item.nodeid)))


def pytest_collection_finish():
    """What thousands of collected tests hold is never garbage: no collection looks through it again, which the tests that measure
    would pay for."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def secret() -> str:
    """The secret of this process: without one no audit line can be written."""
    from brain.identity import chain

    chain.use(SECRET)
    return SECRET


@pytest.fixture(scope="session")
def body(request) -> str:
    return request.config.getoption("--body")


@pytest.fixture(scope="session")
def server(request, body):
    install = postgres.installation(request.config.getoption("--postgres-home"))
    if body == "timescale" and not postgres.has_timescale(install):
        pytest.exit("--body timescale: this PostgreSQL installation has no TimescaleDB extension", returncode=4)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=quick_room()))
    server = postgres.Server(folder / "pg", install, durable=False, preload=body == "timescale")
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def superuser(server):
    """The connection that makes and drops the tests' databases: one, because opening it takes as long as its work."""
    with db.connect(server.url("postgres"), name="tests") as conn:
        yield conn


@pytest.fixture(scope="session")
def empty_template(server, superuser, body) -> str:
    superuser.execute("CREATE DATABASE empty_template")
    with db.connect(server.url("empty_template"), name="tests") as conn:
        roles.make(conn, {}, timescale=body == "timescale")
    db.migrate(server.url("empty_template", roles.OWNER), body=body)
    seal(superuser, "empty_template")
    return "empty_template"


@pytest.fixture(scope="session")
def catalog():
    from brain import catalog

    return catalog.load()


@pytest.fixture(scope="session")
def city_template(server, superuser, empty_template, catalog) -> str:
    from brain.cities import meijiang

    superuser.execute(f"CREATE DATABASE city_template TEMPLATE {empty_template} STRATEGY file_copy")
    with db.connect(server.url("city_template"), name="tests") as conn:
        meijiang.load(conn, catalog, lambda text: None)
    seal(superuser, "city_template")
    return "city_template"


@pytest.fixture
def db_url(server, superuser, empty_template):
    """URL of a fresh, migrated, empty database."""
    name = clone(superuser, empty_template)
    yield server.url(name)
    drop(superuser, name)


@pytest.fixture
def conn(db_url):
    with db.connect(db_url, name="tests") as conn:
        yield conn


@pytest.fixture
def city_url(server, superuser, city_template):
    """URL of a fresh database with the demo city loaded."""
    name = clone(superuser, city_template)
    yield server.url(name)
    drop(superuser, name)


@pytest.fixture
def city_db(city_url):
    with db.connect(city_url, name="tests") as conn:
        yield conn


@pytest.fixture(scope="session")
def session_city_url(server, superuser, city_template):
    """One database with the demo city for a whole session: for web servers that many tests share."""
    name = clone(superuser, city_template)
    yield server.url(name)
    drop(superuser, name)


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime(2026, 9, 3, 10, 0, tzinfo=BEIJING)


@pytest.fixture(scope="session")
def broker():
    """A running MQTT broker on a free port, open to all the gateways that tests play: `.url`, `.port`, `.restart()`, `.kill()`."""
    from brain.local.broker import Broker

    folder = Path(tempfile.mkdtemp(prefix="brain-mqtt-"))
    broker = Broker(folder, free_port(), guarded=False)
    broker.start()
    yield broker
    broker.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """The suite's secret again: a command that a test runs in this process brings its own, or none."""
    from brain.identity import chain

    chain.use(SECRET)
