"""Every open line of this process (sockets of pages, streams of phones), and that it ends with the session behind it.

A session that ends, an account that is switched off and a right that changes are told by the database (NOTIFY brain_session,
migration 0118); what only time brings about, and what was told while nobody listened, is found by asking every few seconds.
One query asks for all lines of the process. A line ends whenever its person is not exactly who he was when it was opened:
then the browser opens a new one, with what he is now.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from psycopg_pool import ConnectionPool

from brain.identity.people import Person, rights
from brain.identity.tokens import digest
from brain.model import Role
from brain.settings import Settings
from brain.store import db
from brain.web.steady import AWAY, tell

log = logging.getLogger(__name__)
CHANNEL = "brain_session"
EVERY_S = 3.0  # at the latest; a line must be closed within five seconds


@dataclass(eq=False, slots=True)
class Line:
    """One open line: the digest of its session's token, what its person may do, and how it is ended."""

    token: bytes
    rights: tuple[object, ...]
    end: Callable[[], None]
    over: bool = field(default=False)


class Lines:
    """The open lines of the process; `watch` runs as long as the application."""

    def __init__(self, settings: Settings, pool: ConnectionPool):
        self.settings, self.pool = settings, pool
        self._open: set[Line] = set()
        self._kick = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self._open)

    def open(self, token: str, person: Person, end: Callable[[], None]) -> Line:
        """Enter a line; `end` is called once, on the loop, when it must not go on."""
        line = Line(digest(token), rights(person), end)
        self._open.add(line)
        return line

    def close(self, line: Line) -> None:
        self._open.discard(line)

    def look(self) -> None:
        """Ask now; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._kick.set)

    async def watch(self) -> None:
        self._loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._kick.wait(), EVERY_S)
            self._kick.clear()
            await self.check()

    async def check(self, now: datetime | None = None) -> int:
        """End the lines whose session does not hold any more; returns how many. While the database is away nobody is thrown
        out for that: a screen without data shows its age."""
        lines = list(self._open)
        if not lines:
            return 0
        try:
            held = await asyncio.to_thread(self._held, {line.token for line in lines}, now or datetime.now(UTC))
        except AWAY as err:
            log.warning("the sessions of %d open lines could not be read (%s)", len(lines), type(err).__name__)
            return 0
        ended = [line for line in lines if held.get(line.token) != line.rights and not line.over]
        for line in ended:
            line.over = True
            self._open.discard(line)
            try:
                line.end()
            except Exception as err:  # one that cannot be ended does not keep the others open
                tell("断开一条连接", err)
        return len(ended)

    def _held(self, tokens: set[bytes], now: datetime) -> dict[bytes, tuple[object, ...]]:
        idle, admin = self.settings.session_idle_min, self.settings.session_idle_admin_min
        with self.pool.connection(timeout=5) as conn:
            rows = db.many(
                conn, "lines_held", tokens=list(tokens), now=now, idle_since=now - timedelta(minutes=idle),
                admin_idle_since=now - timedelta(minutes=min(idle, admin)),
            )  # fmt: skip
        held: dict[bytes, tuple[object, ...]] = {}
        for r in rows:
            with contextlib.suppress(ValueError, TypeError):  # whose rights cannot be read has none, and his lines end
                may = (r["id"], Role(r["role"]), r["org"], tuple(r["places"]), r["grid"], r["must_change"])
                held[bytes(r["token_hash"])] = may
        return held

    async def holds(self, line: Line) -> bool:
        """Whether one line may go on, asked of the database now; while that is away it may, for it can do nothing."""
        if line.over or line not in self._open:
            return False
        try:
            held = await asyncio.to_thread(self._held, {line.token}, datetime.now(UTC))
        except AWAY:
            return True
        return held.get(line.token) == line.rights
