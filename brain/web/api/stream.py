"""Pushes to phones: one line of server-sent events, fed by the process's one ear (`web.live.Hub`).

A push says only that something of the person's own, or the public warnings, changed; the phone then asks for its lists.
So nothing about anybody travels here, and a phone that missed a push loses nothing: it asks again when it comes back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import monotonic
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from brain.identity.people import Person
from brain.identity.scope import Sight
from brain.model import Role
from brain.web import readouts
from brain.web.api._answers import Plain
from brain.web.door.access import COOKIE, current
from brain.web.live.hub import BURST_S, SESSION_S
from brain.web.live.moment import Moment
from brain.web.live.seat import Changes, Seat

router = APIRouter(prefix="/api/v1", tags=["me"], route_class=Plain)
Me = Annotated[Person, Depends(current)]
BEAT_S = 25.0  # an empty line so often, so that no proxy takes the silence for the end
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def mine(person: Person, sight: Sight, moment: Moment) -> list[tuple[str, int]]:
    """(number, version) of the open events that are on this person's lists: his own, and what his organisation has, as far
    as he sees it (a worker's: while nobody has it)."""
    unit = person.role is Role.DEPARTMENT

    def listed(e: dict[str, Any]) -> bool:
        if person.id in (e["handler_id"], e["checker_id"], e["reporter_id"]):
            return True
        if person.org is None or not (unit or e["handler_id"] is None):
            return False
        return e["org"] == person.org or (unit and person.org in e["joined"])

    return [(e["id"], e["version"]) for e in moment.events if listed(e) and sight.sees_event(e, e["joined"])]


@router.get("/stream", response_class=StreamingResponse)
async def stream(request: Request, person: Me) -> StreamingResponse:
    """`event: change` at once and whenever something on my lists or the public warnings changed; ends with the session or
    the server."""
    hub, token, ident = request.app.state.hub, request.cookies.get(COOKIE), f"phone-{uuid4().hex}"

    def parts(seat: Seat, moment: Moment) -> Changes:
        return {
            ("phone", "tasks"): mine(seat.person, seat.sight, moment),
            ("phone", "warnings"): [readouts.warning_ident(w) for w in moment.warnings],
        }

    async def lines() -> AsyncIterator[str]:
        seat = hub.sit(ident, person, parts)
        started, checked, spoke = seat.generation, monotonic(), monotonic()

        def end() -> None:
            seat.generation += 1
            seat.wake.set()

        line = request.app.state.lines.open(token, person, end)
        try:
            yield "retry: 5000\n\n"
            while seat.generation == started:
                seat.wake.clear()
                seat.seen = monotonic()
                if hub.news(seat):
                    spoke = monotonic()
                    yield "event: change\ndata: {}\n\n"
                elif monotonic() - spoke > BEAT_S:
                    spoke = monotonic()
                    yield ": beat\n\n"
                if monotonic() - checked > SESSION_S:
                    checked = monotonic()
                    if not await asyncio.to_thread(hub.session_holds, token):
                        return
                await asyncio.sleep(BURST_S)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(seat.wake.wait(), SESSION_S)
        finally:
            request.app.state.lines.close(line)
            hub.seats.pop(ident, None)

    return StreamingResponse(lines(), media_type="text/event-stream", headers=HEADERS)
