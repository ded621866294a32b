"""The phone page at /m: a handful of files of `brain/web/phone`, sent as they are. No page framework, no data.

`/m` is where people arrive (and are asked to log in); `/m/` is the shell that the phone keeps and opens without a line,
so it must be the same for everybody.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from brain.identity import sessions
from brain.web.door.access import COOKIE

router = APIRouter(include_in_schema=False)
HOME = Path(__file__).parent.parent / "phone"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=()",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class File:
    body: bytes
    kind: str
    etag: str


@cache
def files() -> dict[str, File]:
    """The page's files by the end of their address; "" is the page itself. `sw.js` carries the digest of them all."""
    found = {p.name: p.read_bytes() for p in sorted(HOME.iterdir()) if p.suffix in KINDS}
    digest = hashlib.sha256(b"".join(name.encode() + b"\0" + body for name, body in found.items())).hexdigest()[:16]
    found["sw.js"] = found["sw.js"].replace(b"{{digest}}", digest.encode())
    found[""] = found.pop("index.html")
    return {
        name: File(body, KINDS[Path(name or "index.html").suffix], f'"{hashlib.sha256(body).hexdigest()[:20]}"')
        for name, body in found.items()
    }


@router.get("/m")
def arrive(request: Request) -> RedirectResponse:
    """To the page, or to the log-in first."""
    state = request.app.state
    with state.pool.connection() as conn:
        person = sessions.session_person(conn, request.cookies.get(COOKIE), datetime.now(UTC), state.settings)
    return RedirectResponse("/m/" if person else "/login?next=/m/", 303, {"Cache-Control": "no-store"})


@router.get("/m/{name}")
@router.get("/m/")
def send(request: Request, name: str = "") -> Response:
    """One file of the page; 304 when the browser has it."""
    file = files().get(name)
    if file is None:
        return Response("没有这个文件", 404, HEADERS, "text/plain; charset=utf-8")
    headers = HEADERS | {"ETag": file.etag}
    if request.headers.get("if-none-match", "").removeprefix("W/") == file.etag:
        return Response(status_code=304, headers=headers)
    return Response(file.body, headers=headers, media_type=file.kind)
