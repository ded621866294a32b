"""The door before everything: pages, Dash's callbacks and its socket ask here; security headers are put on here.

Why ASGI middleware and not a dependency: Dash's routes are not ours to decorate, and a socket has no dependencies at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from dash.backends._fastapi import reset_current_request, set_current_request
from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from brain.identity.people import Person
from brain.web.door import plain
from brain.web.door.access import (
    ADDRESS,
    COOKIE,
    FORGERY_COOKIE,
    MUST_CHANGE,
    NOBODY,
    PERSON,
    SAFE,
    STATE,
    TOKEN,
    Page,
    address_of,
    check_forgery,
    home_of,
    lookup,
)


class Gate:
    """ASGI middleware before everything: looks after pages, Dash's callbacks and its socket, and sets security headers.

    Why not a dependency: Dash's routes are not ours to decorate. The person goes on as a context variable, which the
    socket's callbacks inherit too.
    """

    def __init__(self, app: ASGIApp, state: Any, pages: dict[str, Page]):
        self.app, self.state, self.pages = app, state, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        path, answer, person, token, address = scope["path"], None, None, None, ""
        if kind == "http":
            receive = bounded(receive)
            if _declared(scope) > BODY_MAX:
                await JSONResponse(TOO_LARGE, 413, headers=HANG_UP)(scope, receive, with_headers(send))
                return
        if kind == "websocket" or path in self.pages or (path.startswith("/_dash-") and not _static(path)):
            request = Request({**scope, "type": "http", "method": scope.get("method", "GET"), "app": self.state.app})
            token, address = request.cookies.get(COOKIE), address_of(request)
            person = await to_thread.run_sync(lookup, request)
            if kind == "http":
                answer = self.refuse(request, person)
            elif person is None or person.must_change:
                await send({"type": "websocket.close", "code": 4001, "reason": "login"})
                return
            else:
                receive = self.watched(request, person, receive, send)
        if answer is not None:
            await answer(scope, receive, with_headers(send))
            return
        marks = PERSON.set(person), TOKEN.set(token), STATE.set(self.state), ADDRESS.set(address)
        try:
            await self.app(scope, receive, with_headers(send) if kind == "http" else send)
        finally:
            PERSON.reset(marks[0])
            TOKEN.reset(marks[1])
            STATE.reset(marks[2])
            ADDRESS.reset(marks[3])

    def watched(self, request: Request, person: Person, receive: Receive, send: Send) -> Receive:
        """`receive` of a socket that asks again who is there before each callback.

        Why: the browser shares one socket among its tabs and keeps it when somebody logs out and another one logs in. Closed
        with a code of its own, the browser opens a new socket, which carries the new cookie.
        """

        async def wrapped() -> Any:
            message = await receive()
            if message["type"] == "websocket.receive" and '"callback_request"' in (message.get("text") or ""):
                now = await to_thread.run_sync(lookup, request)
                if now is None or now.id != person.id:
                    await send({"type": "websocket.close", "code": 4401, "reason": "session"})
                    return {"type": "websocket.disconnect", "code": 4401}
            return message

        return wrapped

    def refuse(self, request: Request, person: Person | None) -> Response | None:
        """The answer instead of the page, or None when the person may go on."""
        path = request.url.path
        page = self.pages.get(path)
        if page is None:  # Dash's own addresses
            if person is None:
                return JSONResponse({"code": "login", "message": NOBODY}, 401)
            if person.must_change:
                return JSONResponse({"code": "must_change", "message": MUST_CHANGE}, 403)
            if request.method not in SAFE:
                try:
                    check_forgery(request)
                except HTTPException as err:
                    return JSONResponse(err.detail, err.status_code)
            return None
        if person is None:
            wanted = path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse("/login" + (f"?next={quote(wanted)}" if wanted != "/" else ""), 303)
        if person.must_change:
            return RedirectResponse("/password", 303)
        if not page.lets(person.role, self.state.catalog):
            word = request.app.state.catalog.words.of("role", person.role)
            return HTMLResponse(plain.refused(page.title, word, home_of(person)), 403)
        return None


BODY_MAX = 32 << 20  # the largest we take is a sheet of 16 MiB, a third more in base64
TOO_LARGE = {"code": "too_large", "message": f"请求超过 {BODY_MAX >> 20} MiB，没有收；请分成几次"}
HANG_UP = {"Connection": "close"}  # else the rest of it would still be read, only to be thrown away


def _declared(scope: Scope) -> int:
    """The length a request gives itself; 0 where it gives none that can be read."""
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(said[:20]) if said.isdigit() else 0


def bounded(receive: Receive) -> Receive:
    """`receive` that ends a request of more than `BODY_MAX` bytes, whoever sends it: nothing below bounds what it reads, and
    the log-in reads it from strangers."""
    size = 0

    async def wrapped() -> Any:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > BODY_MAX:
            raise HTTPException(413, TOO_LARGE, headers=HANG_UP)
        return message

    return wrapped


def _static(path: str) -> bool:
    return path.startswith("/_dash-component-suites/")


CSP = (
    "default-src 'self'; script-src 'self'{more}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; worker-src 'self' blob:; connect-src 'self' {sockets}; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", CSP.format(more="", sockets="").encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
_INLINE = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.S)


def policy_for(document: str) -> dict[str, str]:
    """Content-Security-Policy of a document: only its own inline scripts may run, named by their digests."""
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in _INLINE.findall(document)]
    more = "".join(f" 'sha256-{d}'" for d in digests)
    return {"Content-Security-Policy": CSP.format(more=more, sockets="ws: wss:")}


def with_forgery_cookie(response: Response) -> Response:
    response.set_cookie(FORGERY_COOKIE, "1", samesite="strict", path="/")
    return response


def in_request(request: Request, call: Callable[[], str]) -> str:
    """Call something of Dash that looks at the request of the moment."""
    mark = set_current_request(request)
    try:
        return call()
    finally:
        reset_current_request(mark)


def with_headers(send: Send) -> Send:
    """`send` that adds the security headers which an answer does not set itself."""

    async def wrapped(message: Any) -> None:
        if message["type"] == "http.response.start":
            had = {k.lower() for k, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(h for h in HEADERS if h[0] not in had)]
        await send(message)

    return wrapped
