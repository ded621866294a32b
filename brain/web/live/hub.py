"""What changed goes to every open page: one LISTEN per process, one `Moment` for all viewers, only changed parts to each.

    NOTIFY → Hub.listen → dirty topics → Hub.pump (≤ 4 times a second) → reading.refresh → Seat.run → set_props / Patch

A page holds one socket (Dash's WebSocket callback). Its `Seat` knows what that page shows already, builds the parts anew
and sends those whose content differs: no poll, no layout, no view. A seat that was cut off asks again and gets everything
that differs from what it had.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from brain.catalog import Catalog
from brain.identity.people import Person
from brain.identity.scope import Sight
from brain.settings import Settings
from brain.store import db
from brain.web.live import reading
from brain.web.live.moment import Moment
from brain.web.live.seat import Changes, Parts, Seat, Send
from brain.web.steady import AWAY, steady, tell
from layers._layer import View

log = logging.getLogger(__name__)
CHANNELS = ("brain_intake", "brain_alert", "brain_event", "brain_warning", "brain_session")
BURST_S = 0.25  # at most four pushes a second
READINGS_S = 1.0  # readings of one theme are read again at most once a second
CLOCK_S = 20.0  # ages and deadlines move without any notification
BEAT_S = 4.0  # a page that hears nothing for longer knows that the line is dead
SESSION_S = 20.0
RETRY_S = 1.0

BEAT = ("wall-beat", "data")


def fingerprint(value: Any) -> str:
    """Short digest of what would be sent, to know whether the page has it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _plain(value: Any) -> Any:
    return value.to_plotly_json() if hasattr(value, "to_plotly_json") else str(value)


class Hub:
    """The process's ear and memory. `start` and `stop` belong to the application's lifespan."""

    def __init__(self, settings: Settings, catalog: Catalog, pool: ConnectionPool):
        self.settings, self.catalog, self.pool = settings, catalog, pool
        self.moment = Moment(datetime.now(UTC))
        self.seats: dict[str, Seat] = {}
        self.dirty: set[str] = set()
        self._kick = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task] = []
        self._cache: dict[Hashable, Any] = {}
        self._last: dict[str, float] = {}
        self._turn: asyncio.TimerHandle | None = None
        self._unread: set[str] = set()  # topics whose rows could not be made out: shown as they were, tried again with the clock
        self.listening = False
        self.on_session: Callable[[], None] = lambda: None  # a session ended or a right changed (`door.lines`)
        self.refreshes = 0

    # Life -------------------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        self._kick, self._loop = asyncio.Event(), asyncio.get_running_loop()
        await asyncio.to_thread(self._first)
        self._tasks = [
            asyncio.create_task(steady(job, f"hub {job.__name__}"), name=f"hub {job.__name__}")
            for job in (self.listen, self.pump, self.tick)
        ]

    async def stop(self) -> None:
        for task in (*self._tasks, self._turn):
            if task is not None:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for seat in self.seats.values():
            seat.generation += 1
            seat.wake.set()
        self._tasks.clear()

    def _first(self) -> None:
        with self.pool.connection() as conn:
            self.moment = reading.bare(conn, datetime.now(UTC))
        self.moment, self._unread = self._read(set(reading.topics_of(self.catalog)))

    # Hearing ----------------------------------------------------------------------------------------------------------
    async def listen(self) -> None:
        """Hold one connection that listens; after a loss come back and read everything, because what was said in between
        is gone."""
        while True:
            try:
                conn = await psycopg.AsyncConnection.connect(
                    self.settings.database_url, autocommit=True, application_name="brain web listen"
                )
                async with conn:
                    for channel in CHANNELS:
                        await conn.execute(f"LISTEN {channel}")  # type: ignore[arg-type]
                    self.listening = True
                    self.mark(*reading.topics_of(self.catalog))
                    async for note in conn.notifies():
                        self.heard(note.channel, note.payload)
            except (psycopg.Error, OSError) as err:
                log.warning("listening for changes was interrupted (%s), trying again", type(err).__name__)
            finally:
                self.listening = False
            await asyncio.sleep(RETRY_S)

    def heard(self, channel: str, payload: str) -> None:
        """Which topics a notification makes dirty."""
        try:
            said = json.loads(payload) if payload else {}
        except ValueError:
            said = {}
        if not isinstance(said, dict):
            said = {}
        if channel == "brain_intake":
            feed = said.get("feed")
            themes = self.catalog.themes
            self.mark(*((feed,) if feed in themes else themes))
        elif channel == "brain_alert":
            self.mark("alerts")
        elif channel == "brain_event":
            self.mark("events")
        elif channel == "brain_warning":
            self.mark("warnings")
        elif channel == "brain_session":
            self.on_session()

    def mark(self, *topics: str) -> None:
        """Say what has changed; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._mark, topics)

    def _mark(self, topics: tuple[str, ...]) -> None:
        self.dirty.update(topics)
        self._kick.set()

    async def tick(self) -> None:
        """Time passes without a notification: silence, deadlines, the hours of the time line."""
        while True:
            await asyncio.sleep(CLOCK_S)
            self.mark("clock", *self._unread)
            self.forget()

    # Reading ----------------------------------------------------------------------------------------------------------
    async def pump(self) -> None:
        """Read what is dirty, then wake the pages. Bursts are gathered; alerts and events never wait for readings."""
        while True:
            await self._kick.wait()
            self._kick.clear()
            now = monotonic()
            due = {t for t in self.dirty if t not in self.catalog.themes or now - self._last.get(t, 0.0) >= READINGS_S}
            later = self.dirty - due
            self.dirty = later
            if later:
                asyncio.get_running_loop().call_later(READINGS_S, self._kick.set)
            if not due:
                continue
            self._last |= dict.fromkeys(due, now)
            try:
                self.moment, unread = await asyncio.to_thread(self._read, due)
            except AWAY as err:
                log.warning("reading %s failed (%s), trying again", "、".join(sorted(due)), type(err).__name__)
                self.dirty |= due
                await asyncio.sleep(RETRY_S)
                self._kick.set()
                continue
            self.refreshes += 1
            self._unread = (self._unread - due) | unread
            self._cache.clear()
            for seat in self.seats.values():
                seat.wake.set()
            self._wait_for_turn()
            await asyncio.sleep(BURST_S)

    def _wait_for_turn(self) -> None:
        """Have the warnings read again at the very moment when one begins or is over. Set anew after every reading, for
        the database's hours and this process's timer need not run alike."""
        if self._turn is not None:
            self._turn.cancel()
        at = self.moment.warnings_turn
        if at is not None:
            wait = max((at - datetime.now(UTC)).total_seconds(), 0.0)
            self._turn = asyncio.get_running_loop().call_later(wait, self._mark, ("warnings",))

    def _read(self, topics: set[str]) -> tuple[Moment, set[str]]:
        """The moment with these topics read anew, and those of them that could not be: their part stays as it was. Topics are
        read one by one only when together they fail. Raises AWAY."""
        moment, unread = self._refreshed(self.moment, topics)
        if unread and len(topics) > 1:
            unread = set()
            for topic in sorted(topics):
                moment, failed = self._refreshed(moment, {topic})
                unread |= failed
        return moment, unread

    def _refreshed(self, was: Moment, topics: set[str]) -> tuple[Moment, set[str]]:
        """(moment, nothing), or (as it was, these topics)."""
        try:
            with self.pool.connection() as conn:
                return reading.refresh(conn, self.catalog, was, topics, datetime.now(UTC)), set()
        except AWAY:
            raise
        except Exception as err:
            if len(topics) == 1:
                tell(f"读取 {next(iter(topics))}", err)
            return was, topics

    def seen(self, moment: Moment, sight: Sight) -> Moment:
        """The moment as somebody sees it, shared by all who see the same."""
        return self.shared(moment, ("seen", sight.key), lambda: moment.seen(sight))

    def shared(self, moment: Moment, key: Hashable, make: Callable[[], Any]) -> Any:
        """A value made of a moment that all viewers with the same key share until the next one. Whatever depends on who
        looks has his `sight.key` in its key."""
        full = (moment.version, key)
        if full not in self._cache:
            self._cache[full] = make()
        return self._cache[full]

    # Pages ------------------------------------------------------------------------------------------------------------
    def sit(self, ident: str, person: Person, parts: Parts) -> Seat:
        """The seat of a page; made when the page is laid out, or anew when a page comes back after a restart."""
        seat = self.seats.get(ident)
        if seat is None or seat.person != person:
            seat = self.seats[ident] = Seat(ident, person, Sight.of(person, self.catalog.roles), parts)
        return seat

    def seat_of(self, ident: str, person: Person | None) -> Seat | None:
        """The seat of a page if it is this person's."""
        seat = self.seats.get(ident or "")
        return seat if seat and person and seat.person.id == person.id else None

    def forget(self, idle_s: float = 120.0) -> None:
        """Let go of pages that have no socket any more."""
        gone = [key for key, seat in self.seats.items() if monotonic() - seat.seen > idle_s]
        for key in gone:
            del self.seats[key]

    def differing(self, seat: Seat, moment: Moment | None = None) -> Changes:
        """The parts that this page does not show yet; notes them as sent. `moment`: what is known now, or what a page is
        being laid out from."""
        changed = {}
        for key, value in seat.parts(seat, moment or self.moment).items():
            mark = fingerprint(value)
            if seat.sent.get(key) != mark:
                seat.sent[key] = mark
                changed[key] = value
        return changed

    def news(self, seat: Seat) -> Changes:
        """What differs, for a line that goes on: nothing where the parts cannot be made now, and the page stays as it is."""
        try:
            return self.differing(seat)
        except AWAY as err:
            log.warning("what a page shows could not be read (%s), trying again", type(err).__name__)
        except Exception as err:
            tell("页面的各部分", err)
        return {}

    def shown(self, seat: Seat, changes: Changes) -> None:
        """Note what an answer of this page brings by itself, so that the next push does not bring it again: drawn anew
        between press and release, a button loses the click."""
        seat.sent |= {key: fingerprint(value) for key, value in changes.items()}

    def look(self, seat: Seat, **change: Any) -> None:
        """The viewer looks at something else (zoom band, layers, selection): his page is brought up to date."""
        if "view" in change:
            seat.view = change["view"]
        if "selected" in change:
            seat.selected = change["selected"]
        seat.wake.set()

    async def run(self, seat: Seat, send: Send, alive: Callable[[], Any], token: str | None) -> None:
        """Keep one page up to date until its line is cut, its session ends, or it comes again on another line."""
        seat.generation += 1
        mine = seat.generation
        seat.wake.set()
        checked = probed = monotonic()
        try:
            while seat.generation == mine:
                seat.seen = monotonic()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(seat.wake.wait(), BEAT_S)
                seat.wake.clear()
                if seat.generation != mine:
                    return
                if monotonic() - checked > SESSION_S:
                    checked = monotonic()
                    if not await asyncio.to_thread(self.session_holds, token):
                        send({BEAT: {"out": True}})
                        return
                if monotonic() - probed > 3 * SESSION_S:
                    probed = monotonic()
                    await alive()
                changes = await asyncio.to_thread(self.news, seat)
                if seat.busy:
                    changes = {key: value for key, value in changes.items() if key not in seat.in_hand}
                send(changes | {BEAT: {"at": datetime.now(UTC).timestamp(), "version": self.moment.version}})
                await asyncio.sleep(BURST_S)
        finally:
            if seat.generation == mine:
                seat.seen = monotonic()

    def session_holds(self, token: str | None) -> bool:
        """Whether the session behind a page still holds. Looking at a page is no use of it: the idle exit of 8.1.4.1 is
        counted from what a person does (the page says so by GET /session)."""
        if not token:
            return False
        now = datetime.now(UTC)
        try:
            with self.pool.connection() as conn:
                return db.one(
                    conn, "web_session_alive", token_hash=hashlib.sha256(token.encode()).digest(), now=now,
                    idle_since=now - timedelta(minutes=self.settings.session_idle_min),
                ) is not None  # fmt: skip
        except (psycopg.Error, OSError):
            return True  # the database is away: nobody is thrown out for that


def with_zoom(view: View, zoom: float) -> View:
    return replace(view, zoom=View.band(zoom))
