"""The access log: one line an answer, without secrets and without anything about a person.

Of a query stand the names of its parameters, never their values; of the address the network only (an act's full address stands
in the audit trail, where it is asked for by 8.1.4.3 and kept from most readers); no cookie, no token, no referrer.
"""

from __future__ import annotations

import logging
import re
from ipaddress import ip_address, ip_network
from time import perf_counter
from typing import Any

from starlette.types import Scope, Send

log = logging.getLogger("brain.web.access")
QUIET = ("/_dash-component-suites/", "/assets/", "/page-assets/", "/healthz", "/metrics")
NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_.-]{0,30}")


def network(address: str) -> str:
    """`203.0.113.0/24`, `2001:db8:1::/48`; "-" for none."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "-"
    return str(ip_network((found, 24 if found.version == 4 else 48), strict=False))


def shown(scope: Scope) -> str:
    """The path, its odd signs replaced, and the names of the query's parameters."""
    path = "".join(c if c.isprintable() and c != " " else "·" for c in scope["path"][:200])
    names = [p.partition(b"=")[0] for p in scope.get("query_string", b"").split(b"&")[:12] if p]
    asked = ",".join(sorted({n.decode() if NAME.fullmatch(n) else "·" for n in names}))
    return f"{path}?{asked}" if asked else path


def written(scope: Scope, send: Send) -> Send:
    """`send` that writes a line when the answer begins. Files that never change and signs of life are written for DEBUG only."""
    began = perf_counter()
    level = logging.DEBUG if scope["path"].startswith(QUIET) else logging.INFO

    async def wrapped(message: Any) -> None:
        if message["type"] in ("http.response.start", "websocket.accept", "websocket.close"):
            said = message.get("status") or message["type"].removeprefix("websocket.")
            client = scope.get("client")
            took = (perf_counter() - began) * 1000
            log.log(
                level, "%s %s %s %.0fms %s", scope.get("method", "SOCKET"), shown(scope), said, took,
                network(client[0] if client else ""),
            )  # fmt: skip
        await send(message)

    return wrapped
