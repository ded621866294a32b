"""Compression: texts go out as gzip; files that never change are squeezed once and kept.

Why not starlette's GZipMiddleware: it would squeeze the 4.8 MB of plotly.js anew for every viewer, about 0.3 s of CPU each.
"""

from __future__ import annotations

import gzip
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

KEEP = ("/_dash-component-suites/", "/assets/", "/page-assets/")
TEXTS = (b"text/", b"application/json", b"application/javascript", b"application/geo+json", b"image/svg")
SMALLEST = 800
UNTYPED = b"application/json"  # answers of callbacks come without a type
MOST_KEPT = 64 * 2**20


class Squeeze:
    """ASGI middleware. Answers that stream, are small, are already encoded or are no text pass as they are."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self.kept: dict[tuple[str, str, int], bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wants = scope["type"] == "http" and any(k == b"accept-encoding" and b"gzip" in v for k, v in scope["headers"])
        if not wants:
            await self.app(scope, receive, send)
            return
        start: dict[str, Any] | None = None

        async def hold(message: Any) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None and message["type"] == "http.response.body":
                first, start = start, None
                if not message.get("more_body", False):
                    body = self.squeezed(scope, first, message.get("body", b""))
                    if body is not None:
                        first = dict(first, headers=_encoded(first["headers"], len(body)))
                        message = dict(message, body=body)
                await send(first)
            await send(message)

        await self.app(scope, receive, hold)

    def squeezed(self, scope: Scope, start: Any, body: bytes) -> bytes | None:
        """The gzip of a whole answer, or None when it should go as it is."""
        headers = {k.lower(): v for k, v in start["headers"]}
        if len(body) < SMALLEST or b"content-encoding" in headers:
            return None
        if not headers.get(b"content-type", UNTYPED).startswith(TEXTS):
            return None
        path = scope["path"]
        if not path.startswith(KEEP) or start["status"] != 200:
            return gzip.compress(body, 4, mtime=0)
        key = (path, scope["query_string"].decode("latin-1"), len(body))
        if key not in self.kept:
            if sum(map(len, self.kept.values())) > MOST_KEPT:
                self.kept.clear()
            self.kept[key] = gzip.compress(body, 9, mtime=0)
        return self.kept[key]


def _encoded(headers: list, length: int) -> list:
    kept = [(k, v) for k, v in headers if k.lower() not in (b"content-length", b"vary")]
    return [
        *kept,
        (b"content-length", str(length).encode()),
        (b"content-encoding", b"gzip"),
        (b"vary", b"Accept-Encoding"),
    ]
