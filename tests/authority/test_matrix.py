"""Role × unit × place × way × object, against the table: nobody sees or does what he may not, nobody is denied what he may.

One walk asks of a running web process (`walk`); the tests below it are one a way, so that a failure names it. Each viewer asks one by
one for whatever he may see, and for a third of what he may not (BRAIN_MATRIX=whole, as in `make secure`: for all of it); lists and
pages are always looked at for everything.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from zipfile import ZipFile

import httpx
import pytest

from brain.store import db
from tests.authority import table
from tests.authority.dash_page import Page
from tests.authority.table import Case, Signal, Viewer, sees_case, sees_signal
from tests.authority.tally import Tally
from tests.authority.world import CATEGORY, GRIDS, NOWHERE, T1, T2, World

NOBODYS = "4414022001010100001"  # a number that no event has
FAR = 2_000_000_000  # a version that no event has: the verb is refused as stale once sight and role are passed
LEAST = 5_000
WHOLE = os.environ.get("BRAIN_MATRIX") == "whole"
WAYS = (
    "GET /api/v1/events", "GET /api/v1/events?q=", "GET /api/v1/events?place=", "GET /api/v1/events/{id}",
    "GET /api/v1/events/{id} log and parts", "GET /api/v1/events/{id} verbs", "GET /api/v1/events/near",
    "POST /api/v1/events/{id}/{verb}", "POST /api/v1/events/{id}/part", "GET /api/v1/photos/{id}",
    "GET /api/v1/photos/{id}/thumb", "GET /api/v1/alerts", "GET /api/v1/alerts: number of its event",
    "POST /api/v1/alerts/{id}/ack", "GET /api/v1/tasks", "GET /api/v1/report/{period}", "GET /api/v1/report/{period} rows",
    "GET /api/v1/report/{period}/cases", "GET /api/v1/report/{period}.docx", "GET /api/v1/report draft", "any other GET",
    "page /", "page /report", "callback wall-pick over HTTP", "socket wall-pick", "socket wall-pick: other objects on the card",
    "socket wall-search", "socket wall-act ack", "socket wall-act go", "socket wall-act report", "socket wall-seen",
    "another's seat",
)  # fmt: skip


class Walk:
    """One viewer's way through everything."""

    def __init__(self, house, tally: Tally, viewer: Viewer):
        self.house, self.tally, self.viewer = house, tally, viewer
        self.world: World = house.world
        self.client: httpx.Client = house.as_(viewer)
        self.sees = {c.key: sees_case(viewer, c) for c in self.world.cases}
        self.hears = {s.key: sees_signal(viewer, s) for s in self.world.signals}
        self.unknown: dict[str, tuple[int, str]] = {}
        self.cases = [c for c in self.world.cases if self.asked(c)]
        self.signals = [s for s in self.world.signals if self.asked(s)]

    def asked(self, one: Case | Signal) -> bool:
        """Whether this viewer asks for this object by itself: another third of the foreign ones for each."""
        lot = hashlib.sha256(f"{self.viewer.login} asks {one.key}".encode()).digest()[0]
        return WHOLE or self.may(one.key) is not False or lot % 3 == 0

    def to_nothing(self, path: str, body: dict) -> tuple[int, str]:
        """(status, code) of an act on something that does not exist: what a hidden thing must answer, too."""
        if path not in self.unknown:
            answer = self.client.post(path, json=body)
            self.unknown[path] = answer.status_code, _code(answer)
        return self.unknown[path]

    def may(self, key: str) -> bool | None:
        return self.sees[key] if key in self.sees else self.hears[key]

    def shown(self, way: str, text: str, objects: Iterable[Case | Signal], *, whole: bool, how: str = "") -> None:
        """What a text says of objects. `whole`: all that may be seen must be there; else only what may not must not."""
        marks = self.world.marks(text)
        for one in objects:
            may = self.may(one.key)
            if not whole and may:
                may = None
            self.tally.pair(way, self.viewer, one, may=may, did=one.key in marks, how=how)

    def nothing_foreign(self, way: str, text: str, how: str = "") -> None:
        self.shown(way, text, [*self.world.cases, *self.world.signals], whole=False, how=how)

    # Events -----------------------------------------------------------------------------------------------------------
    def events(self) -> None:
        cases = self.world.cases
        text = self.client.get("/api/v1/events", params={"size": 200}).text
        self.shown("GET /api/v1/events", text, cases, whole=True)
        text = self.client.get("/api/v1/events", params={"size": 200, "q": "xqE0"}).text
        self.shown("GET /api/v1/events?q=", text, cases, whole=True)
        for town in (T1, T2):
            text = self.client.get("/api/v1/events", params={"size": 200, "place": town}).text
            inside = [c for c in cases if c.town == town]
            self.shown("GET /api/v1/events?place=", text, inside, whole=True, how=f"place={town}")
        for case in self.cases:
            self.one(case)
        self.near()
        text = self.client.get("/api/v1/tasks").text
        self.nothing_foreign("GET /api/v1/tasks", text)
        marks = self.world.marks(text)
        for case in cases:
            owes = case.state in ("dispatched", "handling") and case.handler_id == self.viewer.id
            if owes or (self.viewer.role == "department" and self.viewer.org in case.joined and case.state != "closed"):
                self.tally.pair("GET /api/v1/tasks", self.viewer, case, may=True, did=case.key in marks)

    def one(self, case: Case) -> None:
        may = self.sees[case.key]
        answer = self.client.get(f"/api/v1/events/{case.id}")
        did = answer.status_code == 200 or case.key in self.world.marks(answer.text.replace(case.id, ""))
        self.tally.pair("GET /api/v1/events/{id}", self.viewer, case, may=may, did=did, how=str(answer.status_code))
        said = answer.json() if answer.status_code == 200 else {}
        log = any(f"xq{case.key}l" in str(line) for line in said.get("log", ()))
        parts = {p["org"] for p in said.get("parts", ())} == case.joined and bool(said)
        self.tally.pair("GET /api/v1/events/{id} log and parts", self.viewer, case, may=may, did=log and parts)
        for verb in said.get("verbs", ()):
            allowed = self.viewer.role in table.VERBS[verb]
            self.tally.pair(
                "GET /api/v1/events/{id} verbs", self.viewer, f"{verb} on {case.key}", may=may and allowed, did=True
            )
        # A verb for each pair, a different one each time: over all viewers and cases every role tries every verb.
        verbs = sorted(table.VERBS)
        verb = verbs[hashlib.sha256(f"{self.viewer.login} {case.key}".encode()).digest()[0] % len(verbs)]
        self.tried(case, verb)
        if case.joined or case.org == self.viewer.org:
            self.tried(case, "part")

    def tried(self, case: Case, verb: str) -> None:
        """A verb that goes no further than sight and role: it is told a version that the event never had."""
        body = {} if verb == "part" else {"expect_version": FAR}
        answer = self.client.post(f"/api/v1/events/{case.id}/{verb}", json=body)
        way = f"POST /api/v1/events/{{id}}/{'part' if verb == 'part' else '{verb}'}"
        code = f"{verb} {answer.status_code} {_code(answer)}"
        hidden = (answer.status_code, _code(answer)) == self.to_nothing(f"/api/v1/events/{NOBODYS}/{verb}", body)
        may = self.sees[case.key]
        if verb == "part":
            self.tally.pair(way, self.viewer, case, may=may and None if may else False, did=not hidden, how=code)
            return
        if not may:
            self.tally.pair(way, self.viewer, case, may=False, did=not hidden, how=code)
        elif self.viewer.role in table.VERBS[verb]:
            self.tally.pair(
                way, self.viewer, case, may=True, did=_code(answer) in ("conflict", "no_such_move"), how=code
            )
        else:
            self.tally.pair(way, self.viewer, case, may=False, did=answer.status_code < 300, how=code)

    def near(self) -> None:
        """Of a foreign case only that something similar was reported close by."""
        way = "GET /api/v1/events/near"
        names = {v.login for v in self.world.viewers}
        for grid, (lng, lat) in self.house.spots.items():
            answer = self.client.get(way.split()[1], params={"category": CATEGORY, "lng": lng, "lat": lat})
            if self.viewer.role not in table.REPORTS:
                self.tally.pair(way, self.viewer, f"spot {grid}", may=False, did=answer.status_code == 200)
                continue
            here = [c for c in self.world.cases[: len(GRIDS) + 1] if c.grid == grid]
            marks = self.world.marks(answer.text)
            for case in here:
                self.tally.pair(way, self.viewer, case, may=self.sees[case.key], did=case.key in marks)
                if not self.sees[case.key]:
                    told = any(answer.json().values()) if answer.status_code == 200 else False
                    self.tally.pair(way, self.viewer, f"the hint of {case.key}", may=True, did=told)
                    for name in names:
                        if f"某{name}" in answer.text:
                            self.tally.pair(way, self.viewer, f"the name {name}", may=False, did=True)

    def photos(self) -> None:
        for ident, of in self.world.photos.items():
            may = self.sees[of.key] if isinstance(of, Case) else of.id == self.viewer.id
            what = of.key if isinstance(of, Case) else f"photo not yet handed in of {of.login}"
            for way in ("GET /api/v1/photos/{id}", "GET /api/v1/photos/{id}/thumb"):
                answer = self.client.get(way.split()[1].replace("{id}", str(ident)))
                did = answer.status_code == 200
                self.tally.pair(way, self.viewer, what, may=may, did=did, how=str(answer.status_code))

    # Alerts -----------------------------------------------------------------------------------------------------------
    def alerts(self) -> None:
        signals = self.world.signals
        open_ones = [s for s in signals if not s.cleared]
        answer = self.client.get("/api/v1/alerts", params={"size": 500, "cleared": True})
        self.shown("GET /api/v1/alerts", answer.text, signals, whole=True, how="cleared too")
        self.shown("GET /api/v1/alerts", self.client.get("/api/v1/alerts").text, open_ones, whole=True)
        if answer.status_code == 200:
            numbers = {case.id: case for case in self.world.cases}
            for row in answer.json()["alerts"]:
                if case := numbers.get(row.get("event_id") or ""):
                    self.tally.pair(
                        "GET /api/v1/alerts: number of its event", self.viewer, case, may=self.sees[case.key], did=True
                    )
        for signal in self.signals:
            self.acked(signal)

    def acked(self, signal: Signal) -> None:
        answer = self.client.post(f"/api/v1/alerts/{signal.id}/ack", json={})
        way, code = "POST /api/v1/alerts/{id}/ack", f"{answer.status_code} {_code(answer)}"
        may = self.hears[signal.key]
        if may and (signal.cleared or self.viewer.role not in table.ACKNOWLEDGES):
            may = False
        self.tally.pair(way, self.viewer, signal, may=may, did=answer.status_code < 300, how=code)
        if self.hears[signal.key] is False:
            told = (answer.status_code, _code(answer)) != self.to_nothing("/api/v1/alerts/999999999/ack", {})
            self.tally.pair(way, self.viewer, f"that there is {signal}", may=False, did=told, how=code)

    # Report -----------------------------------------------------------------------------------------------------------
    def report(self) -> None:
        month, running = self.world.month, f"{datetime.now(UTC):%Y-%m}"
        answer = self.client.get(f"/api/v1/report/{month}")
        may = table.reads_report(self.viewer, draft=False)
        self.tally.pair("GET /api/v1/report/{period}", self.viewer, month, may=may, did=answer.status_code == 200)
        self.nothing_foreign("GET /api/v1/report/{period} rows", answer.text)
        for what, query in ((running, {}), (f"{running}/cases", {"e": "flag=reported"})):
            answer = self.client.get(f"/api/v1/report/{what}", params=query)
            may = table.reads_report(self.viewer, draft=True)
            self.tally.pair(
                "GET /api/v1/report draft", self.viewer, f"draft {what}", may=may, did=answer.status_code == 200
            )
            self.nothing_foreign("GET /api/v1/report draft", answer.text)
        for e in ("flag=reported", "ids=" + ",".join(c.id for c in self.world.cases), "flag=handle_due"):
            answer = self.client.get(f"/api/v1/report/{month}/cases", params={"e": e})
            listed = self.house.reported if e.startswith(("flag=reported", "ids")) else frozenset()
            may_read = table.reads_report(self.viewer, draft=False)
            marks = self.world.marks(answer.text)
            for case in self.world.cases:
                may = bool(may_read and self.sees[case.key])
                if may and case.key not in listed:
                    may = None  # not a case of that month, or not one of that number
                if may and e.startswith("ids") and not table.reads_report(self.viewer, draft=True):
                    may = None  # a number that stands nowhere in his report: he is told nothing
                self.tally.pair(
                    "GET /api/v1/report/{period}/cases", self.viewer, case, may=may, did=case.key in marks, how=e[:14]
                )
        if self.viewer.login in ("chief.t1", "operator.unit", "dep.swj", "dep.t1", "w.t1a", "adm.one"):
            answer = self.client.get(f"/api/v1/report/{month}.docx")
            did = answer.status_code == 200
            may = table.reads_report(self.viewer, draft=False)
            self.tally.pair("GET /api/v1/report/{period}.docx", self.viewer, month, may=may, did=did)
            if did:
                with ZipFile(io.BytesIO(answer.content)) as zipped:
                    text = "".join(zipped.read(n).decode() for n in zipped.namelist() if n.endswith(".xml"))
                self.nothing_foreign("GET /api/v1/report/{period}.docx", text)

    # Pages and callbacks ----------------------------------------------------------------------------------------------
    def pages(self) -> None:
        first = self.viewer == next(v for v in self.world.viewers if v.role == self.viewer.role)
        for path in ("/", "/report", *(("/intake", "/upload", "/about") if first else ())):
            page = Page(self.client, path, f"?m={self.world.month}" if path == "/report" else "")
            way = f"page {path}" if path in table.PAGES else "any other GET"
            self.nothing_foreign(way, page.layout, how=path)
            if path in table.PAGES:
                opened = f'"id":"{path[1:] or "wall"}"' in page.layout.replace(" ", "")
                may = self.viewer.role in table.PAGES[path]
                self.tally.pair(way, self.viewer, "the page", may=may, did=opened)
            if path == "/":
                self.wall(page)

    def wall(self, page: Page) -> None:
        objects = [("event", c.id, c) for c in self.cases] + [("alert", str(s.id), s) for s in self.signals]
        stolen = Page(self.client, "/about", page=self.house.chiefs_page)
        for kind, ident, one in objects[::4] if self.viewer.login != "chief.all" else ():
            text = stolen.post(stolen.wall("wall-pick", {"kind": kind, "id": ident}))
            did = bool(self.world.marks(text.replace(ident, "")))
            self.tally.pair("another's seat", self.viewer, one, may=False, did=did)
        if page.id is None:
            return
        for kind, ident, one in objects[::4]:
            text = page.post(page.wall("wall-pick", {"kind": kind, "id": ident}))
            self.tally.pair("callback wall-pick over HTTP", self.viewer, one, may=self.may(one.key) and None if self.may(one.key)
                            else self.may(one.key), did=one.key in self.world.marks(text.replace(ident, "")))  # fmt: skip
        asyncio.run(self.line(page, objects))

    async def line(self, page: Page, objects: list[tuple[str, str, Case | Signal]]) -> None:
        async with page.line() as line:
            for kind, ident, one in objects:
                (text,) = await line.ask([page.wall("wall-pick", {"kind": kind, "id": ident})])
                marks = self.world.marks(text.replace(ident, ""))
                self.tally.pair("socket wall-pick", self.viewer, one, may=self.may(one.key), did=one.key in marks)
                for other in marks - {one.key}:
                    self.tally.pair(
                        "socket wall-pick: other objects on the card", self.viewer, f"{other} on {one.key}",
                        may=self.may(other), did=True,
                    )  # fmt: skip
            for case in self.cases[::2]:
                (text,) = await line.ask([page.wall("wall-search", f"xq{case.key}t")])
                may = self.sees[case.key] and case.state != "closed"
                self.tally.pair(
                    "socket wall-search", self.viewer, case, may=may, did=case.key in self.world.marks(text)
                )
            await line.ask([page.wall("wall-pick", {"kind": "station", "id": "WL-01"})])
            for n, signal in enumerate(self.signals):
                before = self.house.acks(self.viewer, signal)
                await line.ask([page.wall("wall-act", {"do": "ack", "alert": str(signal.id), "n": n})])
                may = self.hears[signal.key]
                if may and (signal.cleared or self.viewer.role not in table.ACKNOWLEDGES):
                    may = False
                did = self.house.acks(self.viewer, signal) > before
                self.tally.pair("socket wall-act ack", self.viewer, signal, may=may, did=did)
                if self.hears[signal.key] is False and not signal.cleared and signal.case is None:
                    await line.ask([page.wall("wall-act", {"do": "report", "alert": str(signal.id), "n": n})])
                    done = self.house.reports(signal) > 0
                    self.tally.pair("socket wall-act report", self.viewer, signal, may=False, did=done)
            await self.acts(page, line)

    async def acts(self, page: Page, line) -> None:
        def going(ident: str, verb: str) -> dict:
            return page.wall(
                "wall-act", {"do": "go", "event": ident, "verb": verb, "version": str(FAR), "note": "看", "n": ident}
            )

        (unknown,) = await line.ask([going(NOBODYS, "note")])
        (nobody,) = await line.ask([page.wall("wall-seen", {"event": NOBODYS, "org": "swj"})])
        for case in self.cases[1::2]:
            (text,) = await line.ask([going(case.id, "note")])
            hidden = text.replace(case.id, NOBODYS) == unknown
            self.tally.pair("socket wall-act go", self.viewer, case, may=self.sees[case.key], did=not hidden)
            (text,) = await line.ask([page.wall("wall-seen", {"event": case.id, "org": "swj"})])
            self.tally.pair("socket wall-seen", self.viewer, case, may=self.sees[case.key], did=text != nobody)

    # Everything else --------------------------------------------------------------------------------------------------
    def others(self, routes: list[str]) -> None:
        for path in routes:
            text = self.client.get(path).text
            if path.startswith("/api/v1/audit"):  # who acted on which number is what its reader is there for; no more than that
                text = re.sub(r"441402\d{13}", "", text)
            self.nothing_foreign("any other GET", text, how=path)

    def all(self, routes: list[str]) -> None:
        self.events()
        self.photos()
        self.alerts()
        self.report()
        self.pages()
        self.others(routes)


def _code(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return ""
    inner = said.get("detail") if isinstance(said.get("detail"), dict) else said
    return str(inner.get("code", ""))


ASKED_ABOVE = (
    "/api/v1/events", "/api/v1/photos", "/api/v1/alerts", "/api/v1/report", "/api/v1/tasks",
    "/api/v1/stream",  # has no end: test_live.py
    "/api/v1/me/notices",  # what was told to a person by name is his
)  # fmt: skip


def other_routes(house) -> list[str]:
    """Every other GET route of the OpenAPI, its parameters filled by what they are called."""
    document = house.as_(house.world.who("adm.one")).get("/api/openapi.json").json()
    case, signal, lng_lat = house.world.cases[0], house.world.signals[0], next(iter(house.spots.values()))
    fill = {
        "event_id": case.id, "alert_id": str(signal.id), "lng": lng_lat[0], "lat": lng_lat[1], "period": house.world.month,
        "code": GRIDS[0], "grid": GRIDS[0], "town": T1, "station": f"XQ-{signal.key}", "station_id": f"XQ-{signal.key}",
    }  # fmt: skip
    found = []
    for path, verbs in document["paths"].items():
        if "get" not in verbs or path.startswith(ASKED_ABOVE):
            continue
        asked = {p["name"]: fill.get(p["name"]) for p in verbs["get"].get("parameters", ()) if p.get("required")}
        missing = [name for name, value in asked.items() if value is None]
        assert not missing, (
            f"GET {path} asks for {missing}: say in `other_routes` what to fill in, so that its answers are looked at"
        )
        for name in [n for n in asked if f"{{{n}}}" in path]:
            path = path.replace(f"{{{name}}}", str(asked.pop(name)))
        found.append(str(httpx.URL(path, params=asked)) if asked else path)
    return found


@pytest.fixture(scope="module")
def walk(house) -> Tally:
    """Everything that was asked, and who got a wrong answer."""
    tally, world = Tally(), house.world
    with db.connect(world.url, name="tests") as conn:
        house.spots = {
            r["code"]: (r["lng"], r["lat"])
            for r in conn.execute("SELECT code, lng, lat FROM place WHERE code = ANY(%s)", [list(GRIDS)]).fetchall()
        } | {None: NOWHERE}
        chief = house.as_(world.who("chief.all"))
        answer = chief.post(f"/api/v1/report/{world.month}/freeze", json={})
        assert answer.status_code == 201, answer.text
        said = chief.get(f"/api/v1/report/{world.month}/cases", params={"e": "flag=reported"}).text
        house.reported = frozenset(world.marks(said))
        house.chiefs_page = Page(chief).id

        def acks(viewer: Viewer, signal: Signal) -> int:
            return conn.execute(
                "SELECT count(*) AS n FROM alert_log WHERE alert_id = %s AND what = 'ack' AND actor = %s",
                [signal.id, f"某{viewer.login}"],
            ).fetchone()["n"]

        def reports(signal: Signal) -> int:
            return conn.execute("SELECT count(*) AS n FROM event WHERE alert_id = %s", [signal.id]).fetchone()["n"]

        house.acks, house.reports = acks, reports
        routes = other_routes(house)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda v: Walk(house, tally, v).all(routes), world.viewers))
    print("\n" + tally.summary())
    return tally


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_matrix_is_large_enough_and_asks_every_way(walk):
    assert walk.total >= LEAST
    assert set(walk.pairs) == set(WAYS)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_sees_or_does_what_he_may_not_and_nobody_is_denied(walk, way):
    assert not (wrong := walk.wrong(way)), "\n" + wrong
