"""An open line never outlives what it was opened with: session, account, role and places are those of this moment."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import websockets

from brain.identity import accounts, people
from brain.store import db
from brain.web.door import gate
from tests.authority.running import PASSWORD, running

CLOSED_WITHIN_S = 5.0
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def house(session_city_url, tmp_path_factory):
    with running(session_city_url, tmp_path_factory.mktemp("lines")) as house:
        yield house


@pytest.fixture
def conn(house):
    with db.connect(house.database, name="tests") as conn:
        yield conn


@pytest.fixture
def chief(conn):
    """A chief of his own for each test."""
    login = f"chief{next(_numbers)}-{datetime.now(UTC).timestamp():.0f}"
    return accounts.create(
        conn, login=login, name="值班长", role="chief", password=PASSWORD, places=["441402"], must_change=False
    )


def run(coroutine):
    """Its result, from a loop in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


class Wall:
    """The wall as its script holds it: layout, socket, callbacks over the socket."""

    def __init__(self, house, client):
        self.house, self.client = house, client
        self.known = client.get("/_dash-dependencies").json()
        answer = client.post("/_dash-update-component", json={
            "output": "brain-page.children", "outputs": {"id": "brain-page", "property": "children"},
            "changedPropIds": ["brain-address.pathname"],
            "inputs": [
                {"id": "brain-address", "property": "pathname", "value": "/"},
                {"id": "brain-address", "property": "search", "value": ""},
            ],
        })  # fmt: skip
        self.page = re.search(r'"data":\s*"([0-9a-f]{32})"', answer.text).group(1)

    def asks(self, ident: str, value, name: str) -> str:
        """The message with which the browser has the callback of `ident` run."""
        one = next(d for d in self.known if d["inputs"] and d["inputs"][0]["id"] == ident)
        parts = [o.rsplit(".", 1) for o in one["output"].strip(".").split("...") if "." in o]
        outputs = [{"id": ident, "property": prop.partition("@")[0]} for ident, prop in parts]
        return json.dumps({
            "type": "callback_request", "rendererId": "r", "requestId": name,
            "payload": {
                "output": one["output"], "outputs": outputs, "changedPropIds": [f"{ident}.data"],
                "inputs": [{"id": ident, "property": "data", "value": value}],
                "state": [{"id": "wall-page", "property": "data", "value": self.page}],
            },
        })  # fmt: skip

    @asynccontextmanager
    async def open(self):
        headers = {"Cookie": "brain_session=" + self.client.cookies["brain_session"]}
        address = self.house.url.replace("http", "ws") + "/_dash-ws-callback"
        async with websockets.connect(
            address, additional_headers=headers, origin=self.house.url, max_size=2**24
        ) as socket:
            await socket.send(self.asks("wall-wake", None, "stream"))
            await asyncio.wait_for(socket.recv(), 10)
            yield socket


@pytest.fixture
def wall(house, chief):
    with house.client(chief.login) as client:
        yield Wall(house, client)


async def until_closed(socket, seconds: float) -> int:
    """The code with which the server closes the line."""

    async def listen():
        while True:
            await socket.recv()

    with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
        await asyncio.wait_for(listen(), seconds)
    return closed.value.rcvd.code


def changes(conn, person):
    """Each way in which a person stops being who he was when he opened his lines; by hand, as an administrator's SQL does it."""
    return {
        "revoked": lambda: conn.execute("DELETE FROM session WHERE person_id = %s", [person.id]),
        "disabled": lambda: conn.execute("UPDATE person SET active = false WHERE id = %s", [person.id]),
        "demoted": lambda: conn.execute("UPDATE person SET role = 'worker' WHERE id = %s", [person.id]),
        "moved": lambda: conn.execute("UPDATE person SET places = '{441402103}' WHERE id = %s", [person.id]),
        "made to change the password": lambda: conn.execute(
            "UPDATE person SET must_change = true WHERE id = %s", [person.id]
        ),
        "expired": lambda: conn.execute(
            "UPDATE session SET expires_at = now() - interval '1 s' WHERE person_id = %s", [person.id]
        ),
        "idle": lambda: conn.execute(
            "UPDATE session SET seen_at = now() - interval '31 min' WHERE person_id = %s", [person.id]
        ),
    }


WAYS = ["revoked", "disabled", "demoted", "moved", "made to change the password", "expired", "idle"]


@pytest.mark.parametrize("way", WAYS)
def test_a_socket_is_closed_within_five_seconds_of_being(wall, conn, chief, way):
    async def stay():
        async with wall.open() as socket:
            await asyncio.sleep(0.5)
            changes(conn, chief)[way]()
            return await until_closed(socket, CLOSED_WITHIN_S)

    assert run(stay()) == 4401


@pytest.mark.parametrize("way", WAYS)
def test_a_phones_stream_ends_within_five_seconds_of_being(house, wall, conn, chief, way):
    ended = threading.Event()

    def listen():
        cookies = {"brain_session": wall.client.cookies["brain_session"]}
        with (
            httpx.Client(base_url=house.url, cookies=cookies, timeout=httpx.Timeout(10, read=None)) as phone,
            phone.stream("GET", "/api/v1/stream") as answer,
        ):
            for line in answer.iter_lines():
                if line.startswith("event: change"):
                    begun.set()
        ended.set()

    begun = threading.Event()
    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert begun.wait(10)
    changes(conn, chief)[way]()
    assert ended.wait(CLOSED_WITHIN_S), f"the stream of somebody {way} still runs"
    thread.join(5)


def test_what_changes_nothing_of_the_rights_leaves_the_line_open(wall, conn, chief):
    async def stay():
        async with wall.open() as socket:
            await asyncio.sleep(0.3)
            conn.execute("UPDATE person SET name = '改名', phone = '13800000000' WHERE id = %s", [chief.id])
            try:
                return await until_closed(socket, CLOSED_WITHIN_S)
            except TimeoutError:
                return None

    assert run(stay()) is None


@pytest.mark.parametrize("disabled", [True, False])
def test_only_a_chief_who_is_one_voids_a_case_however_he_writes_the_type_of_a_message(wall, conn, chief, catalog, disabled):
    """`callback\\u005frequest` is the same word to whoever parses it, and was another one to a search through the raw text."""
    from brain.flow.events import acting
    from brain.model import Source

    actor = people.actor_of(people.by_login(conn, "chief1"))
    event = acting.report(
        conn, catalog, category="matter:06026", title="河道污染", lng=116.12, lat=24.29, source=Source.PATROL, actor=actor,
        now=datetime.now(UTC),
    )  # fmt: skip
    accepted = wall.client.post(f"/api/v1/events/{event.id}/accept", json={})
    assert accepted.status_code == 200, accepted.text
    voids = wall.asks("wall-act", {"do": "go", "event": event.id, "verb": "void", "reason": "试一试", "n": 1}, "act")

    async def try_it():
        async with wall.open() as socket:
            await socket.send(wall.asks("wall-pick", {"kind": "event", "id": event.id, "n": 1}, "pick"))
            await asyncio.sleep(1.5)
            if disabled:
                conn.execute("UPDATE person SET active = false WHERE id = %s", [chief.id])
            await socket.send(voids.replace("callback_request", "callback\\u005frequest"))
            try:
                return await until_closed(socket, CLOSED_WITHIN_S)
            except TimeoutError:
                return None

    assert run(try_it()) == (4401 if disabled else None)
    state = conn.execute("SELECT state FROM event WHERE id = %s", [event.id]).fetchone()["state"]
    assert (state == "void") is not disabled


def test_a_messages_type_is_what_the_parser_says_it_is():
    said = gate._object({"type": "websocket.receive", "text": '{"type": "callback\\u005frequest"}'})
    assert said == {"type": "callback_request"}


@pytest.mark.parametrize(
    "sent", ["", "x", "[]", "null", '"callback_request"', "[" * 5000, b'{"type": "heartbeat"}', '{"a": ' + "[0," * 150_000]
)
def test_a_message_that_is_no_json_object_closes_the_line(wall, sent):
    async def send():
        async with wall.open() as socket:
            await socket.send(sent)
            return await until_closed(socket, CLOSED_WITHIN_S)

    assert run(send()) == 4400


def test_a_heartbeat_keeps_nobody_logged_in(wall, conn, chief):
    long_ago = datetime.now(UTC) - timedelta(minutes=29)
    conn.execute("UPDATE session SET seen_at = %s WHERE person_id = %s", [long_ago, chief.id])

    async def beat():
        async with wall.open() as socket:  # opening the page is use
            conn.execute("UPDATE session SET seen_at = %s WHERE person_id = %s", [long_ago, chief.id])
            await socket.send('{"type": "heartbeat"}')
            await asyncio.wait_for(socket.recv(), 5)
            await asyncio.sleep(1)

    run(beat())
    assert conn.execute("SELECT seen_at FROM session WHERE person_id = %s", [chief.id]).fetchone()["seen_at"] == long_ago


def test_all_lines_of_a_process_are_asked_about_in_one_statement(conn, city_url, chief):
    from psycopg.rows import dict_row
    from psycopg_pool import ConnectionPool

    from brain.identity import sessions
    from brain.settings import Settings
    from brain.web.door.lines import Lines

    settings, now, ended = Settings(), datetime.now(UTC), []
    tokens = [sessions.open_session(conn, chief, now, settings) for _ in range(200)]
    with ConnectionPool(conn.info.dsn, min_size=1, kwargs={"row_factory": dict_row}) as pool:
        lines = Lines(settings, pool)
        for number, token in enumerate(tokens):
            lines.open(token, chief, lambda number=number: ended.append(number))
        calls, held = [], lines._held
        lines._held = lambda *asked: calls.append(1) or held(*asked)
        began = time.monotonic()
        assert run(lines.check()) == 0
        sessions.close_session(conn, tokens[7])
        assert run(lines.check()) == 1 and ended == [7]
        assert len(calls) == 2 and len(lines) == 199 and time.monotonic() - began < 5
        assert run(lines.check(now + timedelta(minutes=31))) == 199
