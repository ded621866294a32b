"""The live line by itself, without a browser: what a tick weighs, who may hold it, and that it ends with the session."""

from __future__ import annotations

import asyncio
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest
import websockets

from brain.model import Level


def run(coroutine):
    """Its result, from a loop in a thread of its own: the browser of the other tests keeps a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


PICTURE_KB = 50  # a tick may weigh so much (promises, screens)


class Line:
    """A page as the browser's script holds it: its layout, its socket, and what comes over it."""

    def __init__(self, web, client):
        self.web, self.client = web, client
        self.cookie = "brain_session=" + client.cookies["brain_session"]
        stream = next(d for d in client.get("/_dash-dependencies").json() if d.get("persistent"))
        answer = client.post(
            "/_dash-update-component", json=self.asks("brain-page.children", "brain-page", "brain-address", "/")
        )
        assert answer.status_code == 200, answer.text
        self.layout, self.gzipped = answer.text, answer.headers.get("content-encoding") == "gzip"
        self.page = re.search(r'"data":\s*"([0-9a-f]{32})"', answer.text).group(1)
        self.request = {
            "type": "callback_request", "rendererId": "r", "requestId": "r-1",
            "payload": {
                "output": stream["output"], "outputs": [], "changedPropIds": [],
                "inputs": [{"id": "wall-wake", "property": "data", "value": None}],
                "state": [{"id": "wall-page", "property": "data", "value": self.page}],
            },
        }  # fmt: skip

    @staticmethod
    def asks(output: str, ident: str, source: str, path: str) -> dict:
        return {
            "output": output, "outputs": {"id": ident, "property": "children"}, "changedPropIds": [f"{source}.pathname"],
            "inputs": [
                {"id": source, "property": "pathname", "value": path},
                {"id": source, "property": "search", "value": ""},
            ],
        }  # fmt: skip

    @asynccontextmanager
    async def open(self, origin: str | None = None, cookie: str | None = None):
        headers = {"Cookie": self.cookie if cookie is None else cookie}
        address = self.web.url.replace("http", "ws") + "/_dash-ws-callback"
        async with websockets.connect(
            address, additional_headers=headers, origin=origin or self.web.url, max_size=2**24
        ) as socket:
            await socket.send(json.dumps(self.request))
            yield socket


async def gather(socket, seconds: float, until: str | None = None) -> list[tuple[int, list[dict]]]:
    """(bytes, messages) of every push for so long, or until one holds the words."""
    found, deadline = [], time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        try:
            text = await asyncio.wait_for(socket.recv(), left)
        except TimeoutError:
            break
        messages = json.loads(text)
        found.append((len(text.encode()), messages if isinstance(messages, list) else [messages]))
        if until and until in json.dumps(messages, ensure_ascii=False):
            break
    return found


@pytest.fixture
def line(web):
    with web.client("chief") as client:
        yield Line(web, client)


def test_a_page_just_laid_out_is_sent_nothing_but_a_beat(line):
    async def look():
        async with line.open() as socket:
            return await gather(socket, 2.0)

    pushes = run(look())
    sent = {m["payload"]["componentId"] for _, messages in pushes for m in messages}
    assert sent <= {"wall-beat", "wall-due", "wall-loop", "wall-timeline"}
    assert "wall-beat" in sent


def test_a_tick_of_readings_and_an_alert_weighs_less_than_fifty_kilobytes(line, district):
    async def look():
        async with line.open() as socket:
            await gather(socket, 1.0)
            pushes = []
            for n in range(10):
                district.reading("WL-01", "water_level", 74.0 + n / 10)
                district.reading("PD-02", "pond_depth", 3.0 + n)
                district.alert(
                    f"DW-{n + 1:02d}", "well_depth", "ladder", Level.YELLOW, f"井盖至水面 0.4{n} m，低至黄色限值", 0.4
                )
                pushes += await gather(socket, 0.7)
            return pushes

    pushes = run(look())
    assert len(pushes) >= 5
    assert max(size for size, _ in pushes) <= PICTURE_KB * 1024
    told = {m["payload"]["componentId"] for _, messages in pushes for m in messages}
    assert {"wall-alerts", "wall-map", "wall-theme-water"} <= told


def test_a_push_never_carries_the_view_of_the_map(line, district):
    async def look():
        async with line.open() as socket:
            district.alert("DW-11", "well_depth", "ladder", Level.RED, "井盖至水面 0.05 m", 0.05)
            return await gather(socket, 3.0, until='"wall-map"')

    patches = [
        m["payload"]["props"]["figure"]
        for _, ms in run(look())
        for m in ms
        if m["payload"]["componentId"] == "wall-map"
    ]
    assert patches
    touched = {str(op["location"][0]) for patch in patches for op in patch["operations"]}
    assert touched == {"data"}


def test_an_alert_is_on_the_line_within_a_second(line, district):
    async def look():
        async with line.open() as socket:
            await gather(socket, 1.0)
            taken = []
            for n in range(5):
                words = f"井盖至水面 0.0{n} m，第{n}次"
                district.alert(f"DW-1{n}", "well_depth", "ladder", Level.RED, words, 0.0)
                committed = time.monotonic()
                await gather(socket, 5.0, until=words)
                taken.append(time.monotonic() - committed)
            return taken

    assert max(run(look())) <= 1.0


def test_a_burst_is_gathered_into_at_most_four_pushes_a_second(line, district):
    async def look():
        async with line.open() as socket:
            await gather(socket, 1.0)
            began = time.monotonic()
            for n in range(60):
                district.reading("WL-02", "water_level", 80.0 + n / 100)
            return await gather(socket, 2.0), time.monotonic() - began

    pushes, seconds = run(look())
    assert len(pushes) <= 4 * seconds + 2


@pytest.mark.parametrize("cookie", ["", "brain_session=nonsense"])
def test_nobody_holds_a_line_without_a_session(line, cookie):
    async def knock():
        async with line.open(cookie=cookie):
            pass

    with pytest.raises(websockets.exceptions.InvalidStatus):
        run(knock())


def test_a_strange_page_cannot_hold_a_line_with_our_cookie(line):
    async def knock():
        async with line.open(origin="https://evil.example") as socket:
            await socket.recv()

    with pytest.raises((websockets.exceptions.InvalidStatus, websockets.exceptions.ConnectionClosed)):
        run(knock())


def test_a_line_kept_after_log_out_does_nothing_for_the_next_one(line):
    """The browser shares one socket among its tabs: a request that comes over it after log-out must not run as before."""

    async def stay():
        async with line.open() as socket:
            await gather(socket, 0.8)
            line.client.post("/logout", json={})
            await socket.send(json.dumps(line.request | {"requestId": "r-2"}))
            while True:
                await socket.recv()

    with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
        run(asyncio.wait_for(stay(), 15))
    assert closed.value.rcvd.code == 4401


def test_two_viewers_do_not_see_each_others_events(web, district):
    """One server, two people: what is shared between viewers is shared by what they may see."""
    mine, others = district.event("swj"), district.event("cgj")
    due = "UPDATE event SET due_at = '2020-01-01Z', stage_due_at = '2020-01-01Z' WHERE id = ANY (%s)"  # the first of any list
    district.conn.execute(due, [[mine, others]])
    district.conn.execute("SELECT pg_notify('brain_event', '')")
    with web.client("chief") as chief, web.client("department") as department:
        Line(web, chief)  # what is made for the one must not be handed to the other
        deadline = time.monotonic() + 20
        while f"event:{mine}" not in (seen := Line(web, department).layout):  # until the process has heard of it
            assert time.monotonic() < deadline, "the department does not see its own event"
    shown = list(set(re.findall(r"event:(\d{19})", seen)))
    owners = district.conn.execute("SELECT org, reporter_org FROM event WHERE id = ANY(%s)", [shown]).fetchall()
    assert others not in seen
    assert owners and all("swj" in (r["org"], r["reporter_org"]) for r in owners)


def test_the_first_answer_is_compressed(line):
    assert line.gzipped
