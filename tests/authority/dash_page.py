"""A Dash page as the browser's script holds it: callbacks found by what sets them off, asked over HTTP or over the socket."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import websockets

_numbers = itertools.count(1)


def targets(output: str) -> list[tuple[str, str]]:
    """(component, property) of an output as /_dash-dependencies writes it."""
    parts = output[2:-2].split("...") if output.startswith("..") else [output]
    return [tuple(part.split("@")[0].rsplit(".", 1)) for part in parts if "." in part]  # type: ignore[misc]


class Page:
    """One page laid out for one person. `id` is its seat on the wall, None where it got none."""

    def __init__(self, client: httpx.Client, path: str = "/", search: str = "", page: str | None = None):
        self.client = client
        self.callbacks: list[dict[str, Any]] = client.get("/_dash-dependencies").json()
        self.layout = self.post(
            self.payload("brain-address", {"brain-address.pathname": path, "brain-address.search": search})
        )
        found = re.search(
            r'"id":\s*"wall-page"[^}]*?"data":\s*"([0-9a-f]{32})"|"data":\s*"([0-9a-f]{32})"', self.layout
        )
        self.id = page or (found and (found[1] or found[2])) or None

    def payload(
        self, trigger: str, values: dict[str, Any], prop: str | None = None, stream: bool = False
    ) -> dict[str, Any]:
        """The request of the callback whose first input is `trigger`, with values by 'component.property'."""
        one = next(
            c for c in self.callbacks
            if not c.get("clientside_function") and c["inputs"] and c["inputs"][0]["id"] == trigger
            and bool(c.get("persistent")) is stream and (prop is None or c["inputs"][0]["property"] == prop)
        )  # fmt: skip

        def side(name: str) -> list[dict[str, Any]]:
            return [
                {"id": i["id"], "property": i["property"], "value": values.get(f"{i['id']}.{i['property']}")}
                for i in one[name]
            ]

        outputs: Any = [{"id": ident, "property": name} for ident, name in targets(one["output"])]
        if not one["output"].startswith(".."):
            outputs = outputs[0] if outputs else []
        return {
            "output": one["output"], "outputs": outputs, "inputs": side("inputs"), "state": side("state"),
            "changedPropIds": [f"{one['inputs'][0]['id']}.{one['inputs'][0]['property']}"],
        }  # fmt: skip

    def wall(self, trigger: str, data: Any, page: str | None = None) -> dict[str, Any]:
        """The request of one of the wall's callbacks."""
        prop = "value" if trigger == "wall-search" else "data"
        return self.payload(trigger, {f"{trigger}.{prop}": data, "wall-page.data": page or self.id})

    def post(self, payload: dict[str, Any]) -> str:
        """What the callback answers over HTTP, as text; a refusal to run it there is an empty text."""
        answer = self.client.post("/_dash-update-component", json=payload)
        return answer.text if answer.status_code == 200 else ""

    @asynccontextmanager
    async def line(self):
        """The socket, with the page's stream running."""
        url = str(self.client.base_url).rstrip("/")
        headers = {"Cookie": "; ".join(f"{c.name}={c.value}" for c in self.client.cookies.jar)}
        address = url.replace("http", "ws", 1) + "/_dash-ws-callback"
        async with websockets.connect(address, additional_headers=headers, origin=url, max_size=2**24) as socket:
            stream = self.payload("wall-wake", {"wall-page.data": self.id}, stream=True)
            await socket.send(
                json.dumps({"type": "callback_request", "rendererId": "r", "requestId": "s-0", "payload": stream})
            )
            yield Line(socket)


class Line:
    """A page's open socket: what was pushed, and the answers to what was asked."""

    def __init__(self, socket: Any):
        self.socket = socket
        self.pushed: list[str] = []

    async def ask(self, payloads: Sequence[dict[str, Any]], timeout: float = 30) -> list[str]:
        """The answers, in order, as text. One at a time: the wall's callbacks share what is selected."""
        return [await asyncio.wait_for(self._one(payload), timeout) for payload in payloads]

    async def _one(self, payload: dict[str, Any]) -> str:
        ident = f"a-{next(_numbers)}"
        sent = {"type": "callback_request", "rendererId": "r", "requestId": ident, "payload": payload}
        await self.socket.send(json.dumps(sent))
        while True:
            for message in self._parts(await self.socket.recv()):
                if message.get("requestId") == ident and message["type"] == "callback_response":
                    return json.dumps(message["payload"], ensure_ascii=False)

    def _parts(self, text: str) -> list[dict[str, Any]]:
        said = json.loads(text)
        parts = said if isinstance(said, list) else [said]
        self.pushed += [json.dumps(p, ensure_ascii=False) for p in parts if p.get("type") != "callback_response"]
        return parts

    async def listen(self, seconds: float) -> None:
        """Take in what is pushed for so long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0:
            try:
                self._parts(await asyncio.wait_for(self.socket.recv(), left))
            except TimeoutError:
                return
