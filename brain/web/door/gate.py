"""The door before everything: pages, Dash's callbacks and its socket ask here; security headers are put on here.

Why ASGI middleware and not a dependency: Dash's routes are not ours to decorate, and a socket has no dependencies at all.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from anyio import to_thread
from dash.backends._fastapi import reset_current_request, set_current_request
from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from brain.identity.audit import NOTED, Noted
from brain.identity.people import Person, rights
from brain.web.door import address, bodies, calls, journal, plain, refusals
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
    check_forgery,
    home_of,
    lookup,
)
from brain.web.door.lines import Line

log = logging.getLogger(__name__)
WRONG_HOST = {"code": "host", "message": "不用这个主机名应答；请用约定的地址打开，或由管理员设 BRAIN_PUBLIC_URL、BRAIN_ALLOWED_HOSTS"}
BROKEN = {"code": "broken", "message": "服务器没有办成这件事，已记下；请稍后再试，仍不行请找系统管理员"}
ENDED, STRANGE = 4401, 4400  # close codes of ours: the session is over, the message is none of Dash's


class Gate:
    """ASGI middleware before everything: settles from where a request comes, bounds it, looks after pages, Dash's callbacks and
    its socket, and sets security headers.

    Why not a dependency: Dash's routes are not ours to decorate. The person goes on as a context variable, which the
    socket's callbacks inherit too.
    """

    def __init__(self, app: ASGIApp, state: Any, pages: dict[str, Page]):
        self.app, self.state, self.pages = app, state, pages
        self.networks, self.hosts = state.settings.proxies, state.settings.hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        address.settle(scope, self.networks)
        send = journal.written(scope, send)
        if scope["type"] == "websocket":
            await self.socket(scope, receive, send)
            return
        began = False

        async def noted(message: Any) -> None:
            nonlocal began
            began = began or message["type"] == "http.response.start"
            await send(message)

        heard = Noted()
        mark = NOTED.set(heard)
        answering = with_headers(self.state.refusals.watched(noted, scope, heard), scope)
        try:
            await self.request(scope, receive, answering)
        except HTTPException as err:  # a bound of the body, met while it is read
            if began:
                raise
            await JSONResponse(err.detail, err.status_code, headers=err.headers)(scope, receive, answering)
        except Exception:
            log.exception("%s %s broke", scope["method"], journal.shown(scope))
            if not began:  # never the words of the exception: they name tables, files and values
                await JSONResponse({"detail": BROKEN} | BROKEN, 500)(scope, receive, answering)
        finally:
            NOTED.reset(mark)

    async def request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; `send` sets the headers."""
        if address.host_of(scope) not in self.hosts:
            await JSONResponse({"detail": WRONG_HOST} | WRONG_HOST, 400)(scope, receive, send)
            return
        if bodies.unreadable(scope):
            await JSONResponse({"detail": bodies.UNREADABLE} | bodies.UNREADABLE, 400)(scope, receive, send)
            return
        path, answer, person, token = scope["path"], None, None, None
        dash = path.startswith("/_dash-") and not _static(path)
        if path in self.pages or dash:
            request = Request({**scope, "app": self.state.app})
            token = request.cookies.get(COOKIE)
            person = scope[refusals.ASKED] = await to_thread.run_sync(lookup, request)
            answer = self.refuse(request, person)
        most = bodies.most_of(path, person is not None and self._sends_files(person))
        if answer is None and bodies.declared(scope) > most:
            answer = JSONResponse(bodies.too_large(most), 413, headers=bodies.HANG_UP)
        receive = bodies.bounded(receive, most)
        if answer is None and dash and scope["method"] not in SAFE:
            body, receive = await bodies.whole(receive)
            if await to_thread.run_sync(bodies.too_rich, body):
                answer = JSONResponse(bodies.TOO_RICH, 413)
            elif path == bodies.CALLBACK and not self.shaped(_read(body)):
                forged = await calls.forged(path)
                answer = JSONResponse(forged.detail, forged.status_code)
        if answer is not None:
            await answer(scope, receive, send)
            return
        await self.onward(scope, receive, send, person, token)

    def shaped(self, payload: Any) -> bool:
        return calls.shaped(payload, self.state.dash.callback_map)

    def _sends_files(self, person: Person) -> bool:
        page = self.pages.get("/upload")
        return page is not None and page.lets(person.role, self.state.catalog)

    async def onward(
        self, scope: Scope, receive: Receive, send: Send, person: Person | None, token: str | None
    ) -> None:
        """The application, with who asks in its context."""
        client = scope.get("client")
        marks = (
            PERSON.set(person), TOKEN.set(token), STATE.set(self.state), ADDRESS.set(client[0] if client else ""),
        )  # fmt: skip
        try:
            await self.app(scope, receive, send)
        finally:
            PERSON.reset(marks[0])
            TOKEN.reset(marks[1])
            STATE.reset(marks[2])
            ADDRESS.reset(marks[3])

    # Sockets ----------------------------------------------------------------------------------------------------------
    async def socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A socket: only with a session, only as long as it and the person's rights last, only messages that are JSON objects."""
        if address.host_of(scope) not in self.hosts or bodies.unreadable(scope):
            await send({"type": "websocket.close", "code": 4003, "reason": "host"})
            return
        request = Request({**scope, "type": "http", "method": "GET", "app": self.state.app})
        token = request.cookies.get(COOKIE)
        person = await to_thread.run_sync(lookup, request)
        if person is None or token is None or person.must_change:
            await send({"type": "websocket.close", "code": 4001, "reason": "login"})
            return
        over = asyncio.Event()
        line = self.state.lines.open(token, person, over.set)
        closed = False

        async def sending(message: Any) -> None:
            if closed:  # what still comes out of callbacks under way goes nowhere
                return
            text = message.get("text") if message["type"] == "websocket.send" else None
            await send(message if text is None else message | {"text": calls.hushed(text)})

        async def close(code: int, reason: str) -> Any:
            nonlocal closed
            if not closed:
                closed = True
                await send({"type": "websocket.close", "code": code, "reason": reason})
            return {"type": "websocket.disconnect", "code": code}

        async def receiving() -> Any:
            message = await _or_none(receive(), over)
            if message is None:
                return await close(ENDED, "session")
            if message["type"] != "websocket.receive":
                return message
            said = _object(message)
            if said is None:
                return await close(STRANGE, "message")
            if not await self.lets(said, request, person, line):
                return await close(ENDED, "session")
            if said.get("type") == "callback_request" and not self.shaped(said.get("payload")):
                ident, ip = scope["path"], request.client.host if request.client else ""
                await to_thread.run_sync(
                    lambda: self.state.refusals.write(person, "callback", ident, ip, via="wall", code="forged")
                )
                return await close(STRANGE, "message")
            return message

        try:
            await self.onward(scope, receiving, sending, person, token)
        finally:
            self.state.lines.close(line)

    async def lets(self, said: dict[str, Any], request: Request, person: Person, line: Line) -> bool:
        """Whether a message may still be heard: its session holds, and the person may do exactly what he might when the line
        was opened. Only what does something counts as use of the session; a heartbeat keeps nobody logged in.

        Why every message: the browser shares one socket among its tabs and keeps it when somebody logs out and another one
        logs in. Closed with a code of its own, the browser opens a new socket, which carries the new cookie."""
        if line.over:
            return False
        if said.get("type") in ("heartbeat", "get_props_response"):
            return await self.state.lines.holds(line)
        now = await to_thread.run_sync(lookup, request)
        return now is not None and rights(now) == rights(person)

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
            if (noted := NOTED.get()) is not None:
                noted.about |= {"action": "page", "object": path, "code": "role"}
            word = request.app.state.catalog.words.of("role", person.role)
            return HTMLResponse(plain.refused(page.title, word, home_of(person)), 403)
        return None


def _static(path: str) -> bool:
    return path.startswith("/_dash-component-suites/")


CSP = (
    "default-src 'self'; script-src 'self'{more}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'{socket}; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", CSP.format(more="", socket="").encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"x-brain", b"1"),  # by which the phone knows an answer of ours from that of a portal or proxy on the way
]
NO_STORE = (b"cache-control", b"no-store")
KEPT = ("/_dash-component-suites/", "/assets/", "/page-assets/", "/map/", "/m/")
"""Files about nobody, which browsers may keep; everything else is about people, and no cache keeps it."""
_INLINE = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.S)


def socket_of(request: Request) -> str:
    """The address of a page's own socket, for the policy of its document: `wss://brain.example.gov.cn`."""
    host = request.headers.get("host", "")
    public = urlsplit(request.app.state.settings.origin)
    secure = request.url.scheme == "https" or (public.scheme == "https" and public.netloc == host)
    return f"{'wss' if secure else 'ws'}://{host}"


def policy_for(document: str, request: Request) -> dict[str, str]:
    """Content-Security-Policy of a document: only its own inline scripts may run, named by their digests, and they may talk to
    this very host only (older browsers do not count a socket as 'self', so it is named)."""
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in _INLINE.findall(document)]
    more = "".join(f" 'sha256-{d}'" for d in digests)
    return {"Content-Security-Policy": CSP.format(more=more, socket=" " + socket_of(request))}


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


def with_headers(send: Send, scope: Scope) -> Send:
    """`send` that adds the security headers which an answer does not set itself."""
    more = HEADERS if scope["path"].startswith(KEPT) else [*HEADERS, NO_STORE]

    async def wrapped(message: Any) -> None:
        if message["type"] == "http.response.start":
            had = {k.lower() for k, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(h for h in more if h[0] not in had)]
        await send(message)

    return wrapped


async def _or_none(waiting: Any, over: asyncio.Event) -> Any:
    """What is waited for, or None when the line is over first."""
    coming, ending = asyncio.ensure_future(waiting), asyncio.ensure_future(over.wait())
    try:
        await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
        return None if ending.done() else coming.result()
    finally:
        for one in (coming, ending):
            if not one.done():
                one.cancel()


def _object(message: Any) -> dict[str, Any] | None:
    """A socket's message as the JSON object it must be; None for anything else. Read by the parser that Dash reads it with:
    a search through the raw text does not see `callback\\u005frequest`."""
    text = message.get("text")
    if text is None or bodies.too_rich(text.encode("utf-8", "replace")):
        return None
    said = _read(text)
    return said if isinstance(said, dict) else None


def _read(text: str | bytes) -> Any:
    """A JSON value; None for what is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
