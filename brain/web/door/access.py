"""Who is at the door: session cookie, roles, forged requests; log-in, log-out and change of password.

GB/T 22239-2019 level 3, 8.1.4.1 and 8.1.4.2. Two doors share one session: `current` and `require` here, for API routes,
and `brain.web.door.gate` for pages and Dash's own addresses (its callbacks and its WebSocket), which know no dependency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psycopg
from anyio import to_thread
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from brain.catalog import Catalog
from brain.identity import brakes, sessions
from brain.identity import scope as rights
from brain.identity.audit import NOTED
from brain.identity.doing import Doer, Via, refusals_audited
from brain.identity.people import Person
from brain.identity.tokens import digest
from brain.model import Refused, Role
from brain.web.door import devices, plain, turns

T = TypeVar("T")
COOKIE = "brain_session"
FORGERY_COOKIE = "brain_x"
WHO = "brain_person"  # whose phone this is, for its page
KNOWN_S = 30 * 86400
"""Readable by our own script, which sends its value back as the header X-Brain: what a strange page cannot do."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_TO_MUST_CHANGE = frozenset({"/password", "/logout", "/session", "/sessions"})
NOBODY = "请先登录"
MUST_CHANGE = "首次登录或口令到期，请先修改口令"


@dataclass(frozen=True, slots=True)
class Page:
    """A page's address and who may open it.

    `roles` None: everybody who is logged in. `keys` are its names in the catalog's `roles.toml`: a role that the city
    gives none of them may not open it. `plain`: a document of its own without Dash that also opens without a
    session; its `layout(person or None, **query)` gives HTML text or a response. `order`: place among the links. `on_wall`: the
    wall's head has a link to it, too; there is little room.
    """

    path: str
    title: str
    roles: frozenset[Role] | None = None
    order: int = 100
    plain: bool = False
    keys: tuple[str, ...] = ()
    on_wall: bool = True

    def lets(self, role: Role, catalog: Catalog | None = None) -> bool:
        if self.roles is not None and role not in self.roles:
            return False
        return catalog is None or not self.keys or any(rights.may_open(role, key, catalog.roles) for key in self.keys)


# Who ----------------------------------------------------------------------------------------------------------------
PERSON: ContextVar[Person | None] = ContextVar("brain_person", default=None)
TOKEN: ContextVar[str | None] = ContextVar("brain_token", default=None)
ADDRESS: ContextVar[str] = ContextVar("brain_address", default="")
STATE: ContextVar[Any] = ContextVar("brain_state", default=None)


def viewer() -> Person | None:
    """The person behind the page or callback that runs now (set by `Gate`); None outside of one."""
    return PERSON.get()


def viewer_token() -> str | None:
    """The session token behind it: the live socket asks again whether it still holds."""
    return TOKEN.get()


def viewer_doer(via: Via) -> Doer | None:
    """Whoever acts from the page or callback that runs now; None outside of one."""
    person = PERSON.get()
    return Doer(person, ADDRESS.get(), via) if person else None


def here() -> Any:
    """The application's state (settings, catalog, pool, hub, pages) for the page or callback that runs now."""
    return STATE.get()


def database(request: Request) -> Iterator[psycopg.Connection]:
    """A connection of the process's pool, for the length of one request (FastAPI dependency)."""
    with request.app.state.pool.connection() as conn:
        yield conn


def address_of(request: Request) -> str:
    """The client's address for the audit trail: the peer's, or what our own proxy says (`Gate` has settled it)."""
    return request.client.host if request.client else ""


def same_origin(request: Request) -> bool:
    """True when the request comes from one of our own pages (or from a program, which sends no Origin)."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    allowed = {request.headers.get("host", ""), urlsplit(request.app.state.settings.origin).netloc}
    return urlsplit(origin).netloc in allowed


def check_forgery(request: Request) -> None:
    """Raise 403 for a state-changing request without `X-Brain: 1` or from a strange origin.

    Why a header: a form on a strange page can send our cookie, but no header of its own without our consent (CORS).
    """
    if request.method in SAFE:
        return
    if request.headers.get("x-brain") != "1" or not same_origin(request):
        raise HTTPException(403, {"code": "forgery", "message": "请求缺少 X-Brain 头或来自其他网站，已拒绝"})


def lookup(request: Request) -> Person | None:
    with request.app.state.pool.connection() as conn:
        return sessions.session_person(conn, request.cookies.get(COOKIE), datetime.now(UTC), request.app.state.settings)


visitor = lookup
"""The person of a request or None, without any check: for documents that also open without a session."""


def current(request: Request) -> Person:
    """The person who makes this request (FastAPI dependency). Raises 401 without a session, 403 for a forged request or
    while the password must be changed first, 409 where the request names somebody else as its author (`X-Brain-Person`).

    Why a request may name its author: a phone keeps what was done without a line until there is one, and by then somebody else
    may be logged in on it; his session must not file it under his name."""
    check_forgery(request)
    person = lookup(request)
    if person is None:
        raise HTTPException(401, {"code": "login", "message": NOBODY})
    if person.must_change and request.url.path not in OPEN_TO_MUST_CHANGE:
        raise HTTPException(403, {"code": "must_change", "message": MUST_CHANGE})
    if request.headers.get("x-brain-person", str(person.id)) != str(person.id):
        raise HTTPException(409, {"code": "person", "message": f"这件是别人存在这台手机上的，现在登录的是{person.name}；请本人登录后发送"})
    return person


def via_of(request: Request) -> Via:
    """The door that a request came through; whether it is the phone is told by the page it comes from, for the audit trail
    only."""
    if urlsplit(request.headers.get("referer", "")).path.startswith("/m/"):
        return Via.PHONE
    return Via.API if request.url.path.startswith("/api/") else Via.PAGE


def doer(request: Request, person: Person = Depends(current)) -> Doer:
    """Whoever acts with this request (FastAPI dependency)."""
    return Doer(person, address_of(request), via_of(request))


def require(*roles: Role) -> Callable[[Person], Person]:
    """A dependency that lets only these roles pass, and gives the person. Raises 403 otherwise."""

    def check(person: Person = Depends(current)) -> Person:
        if person.role not in roles:
            raise HTTPException(403, {"code": "role", "message": "您的角色不能使用这项功能"})
        return person

    return check


# Log in, log out, change the password ---------------------------------------------------------------------------------
router = APIRouter(include_in_schema=False)
api = APIRouter(tags=["session"])


def home_of(person: Person) -> str:
    """Where a person lands after logging in: the phone's pages, the wall, or what everybody may read."""
    return {Role.WORKER: "/m", Role.PUBLIC: "/m", Role.ADMIN: "/about"}.get(person.role, "/")


def safe_next(address: str | None, person: Person) -> str:
    """A local address to go on to; anything that could lead to another host becomes the person's own first page."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")) or "\n" in address:
        return home_of(person)
    return address


def _with_cookie(response: Response, request: Request, token: str, person: Person) -> Response:
    """The answer with the session's cookie, and with the mark that this browser has been seen with this account."""
    settings, rules = request.app.state.settings, request.app.state.catalog.security.devices
    fixed = {"httponly": True, "path": "/", "secure": settings.origin.startswith("https://")}
    response.set_cookie(COOKIE, token, max_age=settings.session_max_h * 3600, samesite="lax", **fixed)
    mark = devices.marked(request.cookies.get(devices.COOKIE), person.login, request.app.state.secret, rules)
    response.set_cookie(devices.COOKIE, mark, max_age=rules.days * 86400, samesite="strict", **fixed)
    return named(response, request, person.id)


def named(response: Response, request: Request, person: int) -> Response:
    """The answer with the number of whoever is logged in, readable by the phone's page and no secret: without a line the page shows
    what it keeps to nobody else."""
    secure = request.app.state.settings.origin.startswith("https://")
    response.set_cookie(WHO, str(person), max_age=KNOWN_S, path="/m", secure=secure, samesite="strict")
    return response


def ended(response: Response) -> Response:
    """The answer where a session ends: its cookie goes, and what the browser keeps of pages (8.1.4.10).

    Why not "storage" too: a phone's unsent reports lie there, and are the person's own; it forgets the lists by itself."""
    response.delete_cookie(COOKIE, path="/")
    response.delete_cookie(WHO, path="/m")
    response.headers["Clear-Site-Data"] = '"cache"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _said(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "login": person.login,
        "name": person.name,
        "role": person.role,
        "org": person.org,
        "grid": person.grid,
        "must_change": person.must_change,
        "home": home_of(person),
    }


async def _fields(request: Request) -> tuple[dict[str, Any], bool]:
    """(fields, is JSON) of a posted form or JSON object. Raises 400 for anything else."""
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = await request.json()
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise HTTPException(400, {"code": "json", "message": "请求体要是一个 JSON 对象"})
        return body, True
    return dict(await request.form()), False


def _status(err: Refused) -> int:
    return {"wait": 429, "login": 401, "expired": 403, "unknown": 404, "busy": 503}.get(err.code, 422)


def _later(err: Refused) -> dict[str, str]:
    if err.code == "busy":
        return {"Retry-After": str(turns.LATER_S)}
    return {"Retry-After": str(err.seconds)} if isinstance(err, brakes.Wait) else {}


async def _in_turn(request: Request, action: str, known: bool, look: Callable[[], T]) -> T:
    """What looks at a password, in a thread, when its turn has come. Raises Refused('busy') and what `look` raises."""
    try:
        async with request.app.state.turns.turn(known=known):
            return await to_thread.run_sync(look)
    except Refused as err:
        if err.code == "busy" and (noted := NOTED.get()) is not None:
            noted.about |= {"action": action, "code": err.code}
        raise


@router.post("/login", name="login")
async def login(request: Request) -> Response:
    """Form (answers with a page or a redirect) or JSON (answers with the person)."""
    given, is_json = await _fields(request)
    if not same_origin(request):
        raise HTTPException(403, {"code": "forgery", "message": "请求来自其他网站，已拒绝"})
    name, password, onward = (str(given.get(k) or "") for k in ("login", "password", "next"))

    state, ip, rules = request.app.state, address_of(request), request.app.state.catalog.security
    seen = devices.known(request.cookies.get(devices.COOKIE), name, state.secret, rules.devices, datetime.now(UTC))

    def enter() -> tuple[Person, str]:
        now = datetime.now(UTC)
        with state.pool.connection() as conn:
            person = sessions.authenticate(
                conn, name.strip(), password, now, ip, rules=rules, device=seen, secret=state.secret
            )
            agent, before = request.headers.get("user-agent", ""), request.cookies.get(COOKIE)
            return person, sessions.open_session(
                conn, person, now, state.settings, ip=ip, agent=agent, instead_of=before
            )

    try:
        person, token = await _in_turn(request, "login", seen is not None, enter)
    except Refused as err:
        if is_json:
            return JSONResponse({"code": err.code, "message": str(err)}, _status(err), _later(err))
        return HTMLResponse(plain.login(onward, name=name, error=str(err)), _status(err), _later(err))
    if is_json:
        return _with_cookie(JSONResponse(_said(person)), request, token, person)
    onward = "/password" if person.must_change else safe_next(onward, person)
    return _with_cookie(RedirectResponse(onward, 303), request, token, person)


@router.post("/logout", name="logout")
async def logout(request: Request) -> Response:
    """Ends the session. A form needs no header of ours: being logged out by a stranger costs nothing but a log-in."""
    _, is_json = await _fields(request)
    if not same_origin(request):
        raise HTTPException(403, {"code": "forgery", "message": "请求来自其他网站，已拒绝"})
    if token := request.cookies.get(COOKIE):

        def leave() -> None:
            with request.app.state.pool.connection() as conn:
                sessions.close_session(conn, token, datetime.now(UTC), address_of(request))

        await to_thread.run_sync(leave)
    return ended(JSONResponse({"ok": True}) if is_json else RedirectResponse("/login", 303))


@api.get("/session")
def session(person: Person = Depends(current)) -> dict[str, Any]:
    """Who is logged in; 401 when nobody is. Asking counts as use of the session."""
    return _said(person)


@router.post("/password", name="password")
async def password(request: Request) -> Response:
    """Form or JSON: old, new, again. The other sessions of the person end."""
    given, is_json = await _fields(request)
    if not same_origin(request) or (is_json and request.headers.get("x-brain") != "1"):
        raise HTTPException(403, {"code": "forgery", "message": "请求缺少 X-Brain 头或来自其他网站，已拒绝"})
    person = await to_thread.run_sync(lookup, request)
    if person is None:
        raise HTTPException(401, {"code": "login", "message": NOBODY})
    old, new, again = (str(given.get(k) or "") for k in ("old", "new", "again"))

    def change() -> Person:
        now, ip = datetime.now(UTC), address_of(request)
        with request.app.state.pool.connection() as conn:
            if new != again and not (is_json and "again" not in given):
                with refusals_audited(conn, Doer(person, ip, Via.PAGE), "password", f"person:{person.id}", now):
                    raise Refused("两次输入的新口令不一样，请重新输入", "again")
            return sessions.change_password(
                conn, person, old, new, now, ip=ip, keep_session=request.cookies.get(COOKIE),
                rules=request.app.state.catalog.security,
            )  # fmt: skip

    try:
        changed = await _in_turn(request, "password", True, change)
    except Refused as err:
        if is_json:
            return JSONResponse({"code": err.code, "message": str(err)}, _status(err), _later(err))
        page = plain.password(person.name, forced=person.must_change, home=home_of(person), error=str(err))
        return HTMLResponse(page, _status(err), _later(err))
    return JSONResponse(_said(changed)) if is_json else RedirectResponse(home_of(changed), 303)


@router.post("/sessions", name="session_end")
async def end_session(request: Request) -> Response:
    """Form of the page /sessions: `id` of one of one's own sessions, which ends."""
    given, _ = await _fields(request)
    if not same_origin(request):
        raise HTTPException(403, {"code": "forgery", "message": "请求来自其他网站，已拒绝"})
    person = await to_thread.run_sync(lookup, request)
    if person is None:
        return RedirectResponse("/login?next=/sessions", 303)
    token = request.cookies.get(COOKIE, "")

    def leave() -> tuple[bool, str]:
        now = datetime.now(UTC)
        with request.app.state.pool.connection() as conn:
            try:
                gone = sessions.end(conn, person, str(given.get("id") or ""), now, address_of(request))
                return gone == digest(token), ""
            except Refused as err:
                listed = sessions.listed(conn, person, now, request.app.state.settings, token)
                return False, plain.sessions(listed, home=home_of(person), error=str(err))

    own, page = await to_thread.run_sync(leave)
    if own:
        return ended(RedirectResponse("/login?said=out", 303))
    return HTMLResponse(page, 404) if page else RedirectResponse("/sessions", 303)
