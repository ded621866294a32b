"""A department that pushes, in the hands of a test: signed as it would sign from the description alone."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import httpx

from brain.identity.doing import Doer, Via

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
SECRET_KEY = "a signing key of a test, long enough"
YEAR = timedelta(days=365)
BY = Doer("运维", "localhost", Via.CLI)


def sign(secret: str, path: str, at: str, token: str, media: str, body: bytes) -> str:
    """The signature, made as a department would from the description alone."""
    text = "\n".join(["POST", path, at, token, media, hashlib.sha256(body).hexdigest()])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Department:
    """A sender with a key; `send` signs and posts."""

    def __init__(self, url: str, id: str, secret: str, now=lambda: NOW):
        self.client = httpx.Client(base_url=url, timeout=20, trust_env=False)
        self.id, self.secret, self.now = id, secret, now

    def signed(
        self, feed: str, body, *, media="application/json", token="", off: float = 0, query: str = ""
    ) -> httpx.Request:
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        path = f"/api/v1/feeds/{feed}{query}"
        at = str(int(self.now().timestamp() + off))
        headers = {
            "X-Brain-Key": self.id, "X-Brain-Time": at, "Content-Type": media,
            "X-Brain-Signature": sign(self.secret, path, at, token, media, data),
        }  # fmt: skip
        if token:
            headers["Idempotency-Key"] = token
        return self.client.build_request("POST", path, content=data, headers=headers)

    def post(self, request: httpx.Request) -> httpx.Response:
        return self.client.send(request)

    def send(self, feed: str, body, **more) -> httpx.Response:
        return self.post(self.signed(feed, body, **more))


def rain(n: int = 0, value: object = 1.0, station: str = "RG-01") -> dict:
    return {"stcd": station, "tm": (NOW - timedelta(seconds=n)).isoformat(), "p1": value}
