"""How much a request may bring, by what it is for and by who sends it; and what no address or query may hold.

Why JSON is looked at before it is parsed: parsing runs on the loop that serves everybody, and 25 MiB of `[[[[…` cost nine
seconds there. The number of values a text can hold is bounded by its commas and opening brackets, which are counted at
the speed of memory; a file in base64 has none of them, however large it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import HTTPException
from starlette.types import Receive, Scope

DOOR_MAX = 16 << 10
DASH_MAX = 1 << 20
FILE_MAX = 25 << 20  # the largest file is a sheet of 16 MiB, a third more in base64; the proxy takes no more either
BODY_MAX = FILE_MAX
CALLBACK = "/_dash-update-component"
DOOR = frozenset({"/login", "/logout", "/password", "/sessions"})
MOST_VALUES = 100_000
MOST_OPEN = 100  # brackets in brackets; Python's own limit is an exception in the middle of the parsing
HANG_UP = {"Connection": "close"}  # else the rest of it would still be read, only to be thrown away
TOO_RICH = {"code": "too_large", "message": "请求里的项目太多或嵌套太深，没有收；请分成几次"}
UNREADABLE = {"code": "text", "message": "地址或查询条件里有不能识别的字符（空字符或不完整的编码），请改正后再试"}


def too_large(most: int) -> dict[str, str]:
    said = f"{most >> 20} MiB" if most >= 1 << 20 else f"{most >> 10} KiB"
    return {"code": "too_large", "message": f"请求超过 {said}，没有收；请分成几次"}


def most_of(path: str, files: bool) -> int:
    """How many bytes a request to this path may bring; `files`: whoever sends it may send files by a page."""
    if path in DOOR:
        return DOOR_MAX
    if path.startswith("/_dash-"):
        return FILE_MAX if files and path == CALLBACK else DASH_MAX
    return BODY_MAX


def declared(scope: Scope) -> int:
    """The length a request gives itself; 0 where it gives none that can be read."""
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(said[:20]) if said.isdigit() else 0


def bounded(receive: Receive, most: int) -> Receive:
    """`receive` that ends a request of more than `most` bytes, whoever sends it: nothing below bounds what it reads."""
    size = 0

    async def wrapped() -> Any:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise HTTPException(413, too_large(most), headers=HANG_UP)
        return message

    return wrapped


async def whole(receive: Receive) -> tuple[bytes, Receive]:
    """(the body, a `receive` that gives it once more). `receive` must be bounded."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break  # the sender is gone
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    body, given = b"".join(parts), False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again


def too_rich(body: bytes) -> bool:
    """Whether a JSON text may hold more values, or deeper ones, than any page of ours sends. May err on the side of yes: signs
    in strings count too."""
    opening = body.count(b"[") + body.count(b"{")
    if opening + body.count(b",") + body.count(b":") > 2 * MOST_VALUES:
        return True
    return opening > MOST_OPEN and _deepest(body) > MOST_OPEN


_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.S)


def _deepest(body: bytes) -> int:
    depth = deepest = 0
    for sign in _brackets(body):
        depth += 1 if sign in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _brackets(body: bytes) -> Iterator[bytes]:
    return (found[0] for found in re.finditer(rb"[\[\]{}]", _STRINGS.sub(b"", body)))


def unreadable(scope: Scope) -> bool:
    """Whether path or query hold what no text of ours holds: NUL, bytes that are no UTF-8, lone halves of a sign."""
    raw = scope.get("raw_path") or b""
    query = scope.get("query_string") or b""
    if b"%" not in query and query.isascii() and b"%" not in raw and raw.isascii():
        return False
    for part in (raw.partition(b"?")[0], query.replace(b"+", b" ")):
        try:
            if "\0" in unquote_to_bytes(part).decode("utf-8"):
                return True
        except UnicodeDecodeError:  # lone surrogates are no UTF-8 either
            return True
    return False
