"""The server of the HTTP door: routes, bounds on what is read, `/metrics` and `/healthz` of this worker.

The two pages want no key (/metrics the token, or this machine where none is set) and the server has no TLS: the port listens on
`door_host` (this machine, where nobody says otherwise) and belongs behind a proxy that lets nothing but /api/v1/feeds/
through.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from brain.settings import BadSetting, bears
from ingest.doors.push.pusher import Answer, Asked, Pusher, refusal
from ingest.watch.metrics import CONTENT_TYPE, exposition
from ingest.write.batch import Writer

log = logging.getLogger("ingest")

FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
STOP_S = 5.0
LINES_MAX = 256  # connections; a scan must not take all descriptors
BODIES = 32  # so many of the longest bodies may stand in memory at once, whole or not
BUSY = refusal(503, "busy", "同时推送的太多，什么都没有收下；请稍后原样重发", retry=True)
TOKEN = re.compile(r"[\x21-\x7e]{1,64}")


class Door:
    """Serves on one port in a thread of its own. `port` 0 takes a free one and says it in `port`."""

    def __init__(
        self,
        host: str,
        port: int,
        pusher: Pusher,
        writer: Writer,
        metrics: Callable[[Writer], bytes] = exposition,
        *,
        token: str = "",
    ):
        self.host, self.port = host, port
        self.failed = False
        self._pusher, self._writer, self._metrics = pusher, writer, metrics
        self._push, self._token = pusher.push, token
        self._busy = 0
        self.held = 0  # bytes of bodies in memory
        self._stopping = False
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def _may_scrape(self, request: Request) -> bool:
        """Whoever brings the token; where none is set, this very machine, directly and not through a proxy."""
        if self._token:
            return bears(request.headers.get("authorization", ""), self._token)
        try:
            near = request.client is not None and ip_address(request.client.host).is_loopback
        except ValueError:
            near = False
        return near and not any(name in request.headers for name in FORWARDED)

    # Life -------------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        try:
            listening = socket.create_server((self.host, self.port), backlog=128)
        except OSError as err:
            raise BadSetting(
                f"推送的端口 {self.host}:{self.port} 用不了（{err.strerror}）；请换一个端口，或关掉占用它的程序"
            ) from None
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(
            self.app(), log_config=None, access_log=False, server_header=False, proxy_headers=False, lifespan="off",
            ws="none", timeout_graceful_shutdown=int(STOP_S), timeout_keep_alive=15, limit_concurrency=LINES_MAX,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, args=(self._server, listening), name="push", daemon=True)
        self._thread.start()
        until = time.monotonic() + STOP_S
        while not (self._server.started or self.failed) and time.monotonic() < until:
            time.sleep(0.005)
        log.info("HTTP 推送在 %s:%d 接收", self.host, self.port)

    def _run(self, server: uvicorn.Server, listening: socket.socket) -> None:
        try:
            server.run(sockets=[listening])
        except Exception:
            log.exception("HTTP 推送出错，进程退出；没有应答的推送由对方重发")
            self.failed = True
        else:
            self.failed = not self._stopping

    def state(self) -> dict[str, Any]:
        """`limited`: pushes refused because their key pushes too often, by key."""
        return {"connected": not self.failed, "limited": self._pusher.quota.refused()}

    def stop(self) -> None:
        self._stopping = True

    def finish(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(STOP_S + 1)
        self._pusher.close()

    # Serving ----------------------------------------------------------------------------------------------------------
    def app(self) -> FastAPI:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

        @app.post("/api/v1/feeds/{feed}")
        async def push(feed: str, request: Request) -> Response:
            if self._stopping:
                return self._said(refusal(503, "stopping", "接入正在停机，什么都没有收下；请稍后原样重发", retry=True))
            body = bytearray()
            try:
                asked = await self._read(feed, request, body)
                if isinstance(asked, Asked):
                    asked = await self._answered(asked)
                return self._said(asked)
            finally:
                self.held -= len(body)

        @app.get("/metrics")
        def metrics(request: Request) -> Response:
            if not self._may_scrape(request):
                return self._said(refusal(403, "token", "取指标要带 BRAIN_METRICS_TOKEN 的令牌（Bearer）；没有设置时限本机直连"))
            return Response(self._metrics(self._writer), headers={"Content-Type": CONTENT_TYPE})

        @app.get("/healthz")
        def healthz() -> Response:
            well = not (self._writer.failed or self._stopping)
            text = json.dumps({"ok": well, "worker": self._writer.worker})
            return Response(text, 200 if well else 503, media_type="application/json")

        return app

    async def _answered(self, asked: Asked) -> Answer:
        """Only who has sent all of his push takes one of the `at_once` places: nobody's key is known before that."""
        if self._busy >= self._push.at_once:
            return BUSY
        self._busy += 1
        try:
            return await run_in_threadpool(self._pusher.answer, asked)
        finally:
            self._busy -= 1

    def _said(self, answer: Answer) -> Response:
        more = {"Retry-After": str(answer.after_s or self._push.retry_s)} if answer.retry else {}
        return Response(answer.text, answer.status, headers=more, media_type="application/json")

    async def _read(self, feed: str, request: Request, body: bytearray) -> Asked | Answer:
        """The push with its body, or why it is not even looked at. Nothing is read for who names no key. What is read stands
        in `body`, and is counted in `held`."""
        head = {name: request.headers.getlist(name) for name in ("x-brain-key", "x-brain-time", "x-brain-signature")}
        token = request.headers.get("idempotency-key", "")
        if any(len(values) != 1 for values in head.values()):
            return refusal(401, "headers", "X-Brain-Key、X-Brain-Time、X-Brain-Signature 应各有一个；请按接口说明签名")
        if any(len(request.headers.getlist(name)) > 1 for name in ("idempotency-key", "content-type")):
            return refusal(400, "headers", "Idempotency-Key、Content-Type 不能重复；请改正")
        if token and not TOKEN.fullmatch(token):
            return refusal(400, "key", "Idempotency-Key 应是 1–64 个可见的 ASCII 字符；请改正")
        most = self._push.body_max
        large = refusal(413, "size", f"正文超过 {most} 字节；请分成几次推送")
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared[:20]) > most:
            return large
        try:
            async with asyncio.timeout(self._push.body_s):
                async for chunk in request.stream():
                    body += chunk
                    self.held += len(chunk)
                    if len(body) > most:
                        return large
                    if self.held > BODIES * most:
                        return BUSY
        except TimeoutError:
            return refusal(408, "slow", f"正文 {self._push.body_s:g} 秒没有传完；请检查网络后原样重发", retry=True)
        except ClientDisconnect:
            return refusal(400, "gone", "正文没有传完连接就断了；请原样重发")
        key, at, signed = (values[0] for values in head.values())
        query = request.scope["query_string"]
        path = request.scope["raw_path"] + (b"?" + query if query else b"")
        return Asked(
            feed, request.method, path.decode("latin-1"), key, at, signed, token,
            request.headers.get("content-type", ""), bytes(body), request.client.host if request.client else "",
        )  # fmt: skip
