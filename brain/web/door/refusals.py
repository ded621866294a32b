"""One line of the audit trail for every refusal at the door that nobody further in has written down.

What `act_audited` refuses stands in the trail already. What never comes that far is written here, once, before the
answer goes out: a body that cannot be read, a verb that is none, a request without X-Brain, a stranger's act, a forged callback.

Which refusals count, by kind:
- whatever would change something (any method but GET, HEAD, OPTIONS), whatever the reason, our own faults (5xx) included;
- reading that probes what is guarded: the trail itself, reports and their drafts, the description of the API, and every page
  that the person's role may not open;
- not: a foreign case or photo that is asked for by its number (404). Old links, notices and the phone's own list lead there
  every day, the answer is the same as for a number that never was, and a line for each would hide those that matter. The
  access log has them.

Strangers (no session) get one line a window and address; what else they try in it is counted, and the count is written when
the window is over. So nobody who has no account can fill the table. A person with an account has every line of his.
"""

from __future__ import annotations

import asyncio
import json
import logging
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import psycopg
from anyio import to_thread
from fastapi import Request
from psycopg_pool import PoolTimeout
from starlette.types import Scope, Send

from brain.catalog.security import Refusals as Rules
from brain.identity import brakes, chain, sessions
from brain.identity.audit import Distorted, Noted, audit
from brain.identity.people import Person
from brain.web.door.access import COOKIE, via_of

log = logging.getLogger(__name__)
STRANGER = "未登录"
GUARDED = ("/api/v1/audit/", "/api/v1/report/", "/api/openapi.json")
"""Reading of these is written down when it is refused."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})
ELSEWHERE = "别处"
ASKED = "brain.person"
"""Key of the scope: the person behind the request, or None, where the gate has asked already."""


@dataclass(slots=True)
class Answer:
    """What an answer says: its status, and its body where it is a refusal."""

    status: int
    packed: bool
    body: bytes = b""

    @property
    def code(self) -> str:
        """The short word of a refusal ({"code": …}, also under "detail"); where there is none, the status."""
        with suppress(ValueError, zlib.error, RecursionError):
            said = json.loads(zlib.decompress(self.body, 31) if self.packed else self.body)
            for one in (said, said.get("detail") if isinstance(said, dict) else None):
                if isinstance(one, dict) and isinstance(one.get("code"), str):
                    return one["code"]
        return f"http_{self.status}"


@dataclass(slots=True)
class Count:
    began: datetime
    more: int = 0


@dataclass(slots=True)
class Flood:
    """Who of the strangers gets a line: the first of each address in a window, `most` of all together; the rest is counted."""

    rules: Rules
    _open: dict[str, Count] = field(default_factory=dict[str, Count])
    _lock: Lock = field(default_factory=Lock)

    def lets(self, address: str, now: datetime) -> bool:
        """Whether a line may be written for this address now; otherwise it is counted."""
        with self._lock:
            if (count := self._open.get(address)) is not None:
                count.more += 1
                return False
            if len(self._open) >= self.rules.most:
                self._open.setdefault(ELSEWHERE, Count(now)).more += 1
                return False
            self._open[address] = Count(now)
            return True

    def over(self, now: datetime | None) -> list[tuple[str, Count]]:
        """Closes the windows that are over (None: all of them); those in which something was only counted."""
        with self._lock:
            ended = {k: c for k, c in self._open.items() if now is None or now - c.began >= self.rules.window}
            for address in ended:
                del self._open[address]
        return [(address, count) for address, count in ended.items() if count.more]


class Refusals:
    """Writes the lines. One for each application."""

    def __init__(self, state: Any):
        self.state = state
        self.flood = Flood(state.catalog.security.refusals)

    async def watch(self) -> None:
        """Writes what was only counted, when its window is over; as long as the application runs."""
        while True:
            await asyncio.sleep(self.flood.rules.window.total_seconds() / 4)
            await to_thread.run_sync(self.write_counts, datetime.now(UTC))

    def watched(self, send: Send, scope: Scope, noted: Noted) -> Send:
        """`send` that holds a refusal back until its line is written. What is let passes as it comes."""
        answer: Answer | None = None
        held: list[Any] = []

        async def wrapped(message: Any) -> None:
            nonlocal answer
            if message["type"] == "http.response.start" and message["status"] >= 400:
                packed = any(k.lower() == b"content-encoding" and v == b"gzip" for k, v in message["headers"])
                answer = Answer(message["status"], packed)
            if answer is None:
                await send(message)
                return
            held.append(message)
            answer.body += message.get("body", b"")
            if message["type"] == "http.response.body" and not message.get("more_body"):
                if not noted.refusals and (counts(scope) or noted.about):
                    await to_thread.run_sync(self._request, scope, noted, answer)
                while held:
                    await send(held.pop(0))

        return wrapped

    def _request(self, scope: Scope, noted: Noted, answer: Answer) -> None:
        request = Request(scope)
        try:
            person = scope[ASKED] if ASKED in scope else self._who(request)
        except (psycopg.Error, PoolTimeout):
            person = None
        about = dict(noted.about)
        route = scope.get("route")
        action = about.pop("action", None) or getattr(route, "name", None) or f"http_{scope['method'].lower()}"
        told = about.pop("object", None)
        self.write(
            about.pop("who", None) or person, action, scope["path"][:200] if told is None else told,
            request.client.host if request.client else "", stranger=person is None,
            **{"via": str(via_of(request)), "method": scope["method"], "code": answer.code, "status": answer.status} | about,
        )  # fmt: skip

    def _who(self, request: Request) -> Person | None:
        with self.state.pool.connection() as conn:
            token = request.cookies.get(COOKIE)
            return sessions.session_person(conn, token, datetime.now(UTC), self.state.settings, use=False)

    def write(
        self, who: Person | str | None, action: str, object: str, address: str, *, stranger: bool = False, **detail: Any
    ) -> None:
        """One line, now. It is too late to refuse anything when it cannot be written: the log says so then."""
        now = datetime.now(UTC)
        if stranger:
            key = brakes.address_key(address, self.state.catalog.security.brakes) or "-"
            if not self.flood.lets(key, now):
                return
        try:
            with self.state.pool.connection() as conn, conn.transaction():
                audit(conn, who or STRANGER, action, now, object=object, ip=address or "-", ok=False, **detail)
        except (psycopg.Error, PoolTimeout, chain.NoKey, Distorted):
            log.exception("audit line of a refusal could not be written: %s", action)

    def write_counts(self, now: datetime | None) -> None:
        for address, count in self.flood.over(now):
            ip = address.removeprefix("net:").removesuffix("/32")
            self.write(
                STRANGER, "refused", "", ip, code="flood", times=count.more, since=count.began.isoformat(timespec="seconds")
            )


def counts(scope: Scope) -> bool:
    """Whether the refusal of this request is written down (see above)."""
    return scope["method"] not in READING or scope["path"].startswith(GUARDED)
