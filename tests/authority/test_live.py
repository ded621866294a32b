"""What is pushed by itself: the wall's socket and the phones' stream tell each viewer of new and changed objects that he may
see, and of no other."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from brain.store import db
from tests.authority import table
from tests.authority.dash_page import Page
from tests.authority.table import Case, Viewer, sees_case, sees_signal
from tests.authority.tally import Tally
from tests.authority.world import T1, Maker, T1a, T1b, T2a, T2b, T3a, T3b, World

WITHIN_S = 12.0  # a push comes within a second; a loaded machine is given more
FIRST = 700
WALL, STREAM = "push over the wall's socket", "push over /api/v1/stream"


@pytest.fixture(scope="module")
def outside(house) -> Iterator[Maker]:
    """The world outside: whatever it makes is told to the web process like any other change."""
    world = World(house.world.url, house.world.viewers)
    with db.connect(world.url, name="tests") as conn:
        yield Maker(conn, world, FIRST)


def told(maker: Maker, topic: str) -> None:
    maker.conn.execute("SELECT pg_notify(%s, '{}')", [topic])


# The wall -------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def wall_pushes(house, outside) -> Tally:
    """Everybody who may open the wall holds it open while new cases and alerts come in."""
    tally = Tally()
    viewers = [v for v in house.world.viewers if v.role in table.PAGES["/"]]
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda v: Page(house.as_(v)), viewers))
    heard: dict[str, str] = {}

    async def sit(viewer: Viewer, page: Page, ready: asyncio.Barrier) -> None:
        async with page.line() as line:
            await line.listen(1.0)
            await ready.wait()
            await line.listen(WITHIN_S)
            heard[viewer.login] = "".join(line.pushed)

    async def look() -> None:
        ready = asyncio.Barrier(len(viewers) + 1)
        sitting = [asyncio.create_task(sit(v, p, ready)) for v, p in zip(viewers, pages, strict=True) if p.id]
        assert len(sitting) == len(viewers), "somebody who may open the wall was given none"
        await ready.wait()
        await asyncio.to_thread(happen)
        await asyncio.gather(*sitting)

    def happen() -> None:
        soon = outside.now - timedelta(days=60)  # due before all others: first on the list
        for grid, org, more in (
            (T1a, "swj", {}), (T2b, "cgj", {"joined": ["lyj"]}), (T3b, "gaj", {"by": "dep.t1"}), (T3a, T1, {"handler": "w.t1a"}),
        ):  # fmt: skip
            outside.case(grid, "handling", org=org, due=soon, at=outside.now - timedelta(days=1), **more)
        told(outside, "brain_event")
        for grid, org in ((T1b, "cgj"), (T2a, "swj"), (T3b, "lyj")):
            outside.signal(grid, org, level=1)
        told(outside, "brain_alert")

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, look()).result()
    for viewer in viewers:
        marks = outside.world.marks(heard[viewer.login]) | house.world.marks(heard[viewer.login])
        for case in outside.world.cases:
            tally.pair(WALL, viewer, case, may=sees_case(viewer, case), did=case.key in marks)
        for signal in outside.world.signals:
            tally.pair(WALL, viewer, signal, may=sees_signal(viewer, signal), did=signal.key in marks)
        for one in (*house.world.cases, *house.world.signals):
            may = sees_case(viewer, one) if isinstance(one, Case) else sees_signal(viewer, one)
            tally.pair(WALL, viewer, one, may=False if may is False else None, did=one.key in marks)
    print("\n" + tally.summary())
    return tally


@pytest.mark.slow
def test_a_push_over_the_walls_socket_reaches_those_who_may_see_and_nobody_else(wall_pushes):
    assert not (wrong := wall_pushes.wrong(WALL)), "\n" + wrong
    assert wall_pushes.total >= 500


# The phones' stream ---------------------------------------------------------------------------------------------------
class Listener(threading.Thread):
    """One person's stream; `times` are the moments at which it said that something changed."""

    def __init__(self, house, viewer: Viewer):
        super().__init__(daemon=True)
        self.viewer, self.house, self.times, self.status = viewer, house, [], 0
        self.client = httpx.Client(
            base_url=house.url,
            cookies=house.as_(viewer).cookies,
            timeout=httpx.Timeout(10, read=None),
            headers={"X-Brain": "1"},
        )

    def run(self) -> None:
        try:
            with self.client.stream("GET", "/api/v1/stream") as answer:
                self.status = answer.status_code
                for line in answer.iter_lines():
                    if line == "event: change":
                        self.times.append(time.monotonic())
        except (httpx.HTTPError, RuntimeError):
            return

    def since(self, at: float) -> int:
        return sum(t >= at for t in self.times)


def on_his_lists(viewer: Viewer, case: Case) -> bool | None:
    """Whether a change of this case is news of his own: he, or his unit, holds, checks, reported or joined it. A case that he
    only sees may or may not be told; one that he may not see must not."""
    if not sees_case(viewer, case):
        return False
    own = viewer.id in (case.reporter_id, case.handler_id, case.checker_id)
    unit = (
        viewer.role == "department" and viewer.org is not None and (viewer.org == case.org or viewer.org in case.joined)
    )
    return True if own or unit else None


@pytest.fixture(scope="module")
def stream_pushes(house, outside) -> Tally:
    tally = Tally()
    some = [
        v
        for v in house.world.viewers
        if v.role in ("department", "worker", "public", "admin") or v.login.endswith((".t1", ".unit"))
    ]
    listeners = [Listener(house, v) for v in some]
    for one in listeners:
        one.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not all(one.times or one.status not in (0, 200) for one in listeners):
        time.sleep(0.1)
    time.sleep(2.0)  # what had been under way has been told
    for grid, state, more in (
        (T1a, "handling", {"org": "swj", "handler": "dep.swj"}), (T2a, "reported", {"by": "w.t1b"}),
        (T3b, "answered", {"org": T1, "handler": "w.t1b", "checker": "w.team"}), (T2b, "handling", {"org": "cgj", "joined": ["lyj"]}),
        (T3b, "reported", {"by": "pub.one"}), (T2b, "dispatched", {"org": T1}),
    ):  # fmt: skip
        began = time.monotonic()
        case = outside.world.case(outside.case(grid, state, **more))
        told(outside, "brain_event")
        waited = [one for one in listeners if on_his_lists(one.viewer, case)]
        while time.monotonic() - began < WITHIN_S and not all(one.since(began) for one in waited):
            time.sleep(0.1)
        time.sleep(1.5)  # nobody else may follow
        for one in listeners:
            tally.pair(STREAM, one.viewer, case, may=on_his_lists(one.viewer, case), did=one.since(began) > 0)
    for one in listeners:
        one.client.close()
    print("\n" + tally.summary())
    return tally


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_push_to_a_phone_reaches_those_whose_case_it_is_and_nobody_who_may_not_see_it(stream_pushes):
    assert not (wrong := stream_pushes.wrong(STREAM)), "\n" + wrong
    assert stream_pushes.total >= 60
