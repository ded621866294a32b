"""Whose password is looked at when: a few at once, the others wait in a queue that has an end.

One argon2id takes 64 MiB and most of a second of a core, and whoever has no account may ask for it as often as he likes. So the
queue stands before a thread or a database connection is taken: sixty who knock wait here, and nobody else waits for them. It
is the same for accounts that there are and accounts that there are not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from brain.catalog.security import Hashes
from brain.model import Refused

BUSY = "现在登录的人太多，请过一会儿再试"
LATER_S = 5  # what is said to whoever asks when to come back


class Lane:
    """One queue: `at_once` pass, `waiting` wait, each for at most `wait_s` seconds."""

    def __init__(self, at_once: int, waiting: int, wait_s: float):
        self.room, self.most, self.wait_s = asyncio.Semaphore(at_once), waiting, wait_s
        self.waiting = 0

    async def enter(self) -> None:
        """Raises Refused('busy') where the queue is full, or the time is over."""
        if not self.room.locked():
            await self.room.acquire()  # at once: nobody may slip in between the question and the place
            return
        if self.waiting >= self.most:
            raise Refused(BUSY, "busy")
        self.waiting += 1
        try:
            await asyncio.wait_for(self.room.acquire(), self.wait_s)
        except TimeoutError:
            raise Refused(BUSY, "busy") from None
        finally:
            self.waiting -= 1


class Turns:
    """The two queues of a process: strangers', and that of browsers which are known."""

    def __init__(self, rules: Hashes):
        self.strange = Lane(rules.at_once, rules.waiting, rules.wait_s)
        self.known = Lane(rules.known_at_once, rules.waiting, rules.wait_s)

    @asynccontextmanager
    async def turn(self, *, known: bool) -> AsyncGenerator[None]:
        """For the length of one look at a password. Raises Refused('busy')."""
        lane = self.known if known else self.strange
        await lane.enter()
        try:
            yield
        finally:
            lane.room.release()
