"""What a callback may be handed, and what its caller is told when it fails; over HTTP and over the socket alike.

A callback's signature says what its page sends. Whatever else comes was not sent by our page: it is refused before the callback
sees it, and written down. And no exception leaves the house: Dash would send its text to the browser, with the words of the
database in it. Who asked gets a sentence with a number; the log has the number and the rest.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, cast, get_type_hints

import psycopg
from anyio import to_thread
from dash.exceptions import PreventUpdate, WebsocketDisconnected
from fastapi import HTTPException
from pydantic import TypeAdapter, ValidationError

from brain.identity.audit import NOTED
from brain.web.door.access import ADDRESS, PERSON, STATE

log = logging.getLogger(__name__)
FORGED = "请求的内容与页面不符，没有办；请刷新页面后再试"
VALUE = "填写的内容里有不能保存的字符或超出范围的数，请改正后再试"
SORRY = "没有办成，已记下（编号 {number}）；请稍后再试，仍不行请把编号告诉系统管理员"
UNSTORABLE = (psycopg.DataError, UnicodeError, OverflowError)
"""What NUL, halves of signs and numbers beyond every column are refused with."""


class Told(HTTPException):
    """What a caller is told; as text (so Dash takes it for the socket) the sentence alone."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(status, {"code": code, "message": message})
        self.message = message

    def __str__(self) -> str:
        return self.message


def told(err: Exception, where: str) -> Told:
    """What is said of a fault; the fault itself goes to the log, under a number."""
    if isinstance(err, Told):
        return err
    if isinstance(err, UNSTORABLE):
        log.warning("%s was handed what cannot be kept (%s)", where, type(err).__name__)
        return Told(422, "value", VALUE)
    number = secrets.token_hex(4)
    log.error("%s broke, number %s", where, number, exc_info=err)
    return Told(500, "broken", SORRY.format(number=number))


def storable(value: Any) -> bool:
    """Whether every text in a value can be kept: no NUL, no half of a sign."""
    match value:
        case str():
            return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
        case dict():
            found = cast(dict[Any, Any], value)
            return all(storable(k) and storable(v) for k, v in found.items())
        case list() | tuple():
            return all(storable(one) for one in cast(list[Any], value))
        case _:
            return True


def fenced(function: Callable[..., Any], *, socket: bool = False) -> Callable[..., Awaitable[Any]]:
    """The callback behind its fence; one that is no coroutine runs in a thread.

    Over HTTP texts that cannot be kept are refused as well. The callbacks of the `socket` get them: there a forged number is an
    object that is not there, and a forged act stands in the trail with what was sent.
    """
    sign = inspect.signature(function)
    checks = {name: TypeAdapter(hint) for name, hint in get_type_hints(function).items() if name in sign.parameters}
    where = f"{function.__module__.removesuffix('.page').rpartition('.')[2]}.{function.__name__}"

    def fits(given: tuple[Any, ...], named: Mapping[str, Any]) -> bool:
        try:
            bound = sign.bind(*given, **named).arguments
            for name, value in bound.items():
                if name in checks:
                    checks[name].validate_python(value, strict=True)
        except (TypeError, ValidationError, UnicodeError, RecursionError):
            return False
        return socket or storable(list(bound.values()))

    @wraps(function)
    async def call(*given: Any, **named: Any) -> Any:
        if not fits(given, named):
            raise await forged(where)
        try:
            if inspect.iscoroutinefunction(function):
                return await function(*given, **named)
            return await asyncio.to_thread(function, *given, **named)
        except (PreventUpdate, WebsocketDisconnected):
            raise
        except Exception as err:
            known = told(err, where)
            if (noted := NOTED.get()) is not None:
                noted.about |= {"action": "callback", "object": where}
            raise known from None

    return call


async def forged(where: str) -> Told:
    """Writes down that something was sent which no page of ours sends, and says what is answered."""
    if (noted := NOTED.get()) is not None:  # over HTTP the door writes the line when it answers
        noted.about |= {"action": "callback", "object": where}
    elif (state := STATE.get()) is not None:
        line = {"via": "wall", "code": "forged"}
        await to_thread.run_sync(lambda: state.refusals.write(PERSON.get(), "callback", where, ADDRESS.get(), **line))
    return Told(422, "forged", FORGED)


# What Dash itself would stumble over ------------------------------------------------------------------------------------
def shaped(payload: Any, known: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a callback's request has the shape Dash takes for granted: an output of ours with as many inputs and states as
    its callback has, each with its property."""
    if not isinstance(payload, dict):
        return False
    said = cast(dict[str, Any], payload)
    output, outputs, changed = said.get("output"), said.get("outputs", []), said.get("changedPropIds", [])
    one = known.get(output) if isinstance(output, str) else None
    if one is None or not isinstance(changed, list) or not all(isinstance(c, str) and "." in c for c in changed):
        return False
    if not all(_named(o) for o in (outputs if isinstance(outputs, list) else [outputs])):
        return False
    for side in ("inputs", "state"):
        given, wanted = said.get(side) or [], one[side]
        if not isinstance(given, list) or len(given) != len(wanted):
            return False
        for part, want in zip(given, wanted, strict=True):
            many = isinstance(part, list)
            if many != _wild(want["id"]) or not all(_named(p, want["property"]) for p in (part if many else [part])):
                return False
    return True


def _wild(ident: Any) -> bool:
    """Whether an id stands for many components (its pattern has ALL or ALLSMALLER in it)."""
    return isinstance(ident, str) and ident.startswith("{") and ('["ALL"]' in ident or '["ALLSMALLER"]' in ident)


def _named(part: Any, wanted: str | None = None) -> bool:
    if isinstance(part, list):
        return all(_named(one, wanted) for one in cast(list[Any], part))
    if not isinstance(part, dict):
        return False
    said = cast(dict[str, Any], part)
    ident, prop = said.get("id"), said.get("property")
    plain = isinstance(ident, str) or (
        isinstance(ident, dict) and all(isinstance(v, str | int | float) for v in cast(dict[str, Any], ident).values())
    )
    return plain and isinstance(prop, str) and wanted in (None, prop)


def hushed(text: str) -> str:
    """A message to a socket without the words of exceptions that came from around a callback, not from inside it."""
    if '"error"' not in text or '"status"' not in text:
        return text
    said: Any = json.loads(text)
    for one in said if isinstance(said, list) else [said]:
        payload: Any = one.get("payload") if isinstance(one, dict) else None
        if isinstance(payload, dict) and payload.get("status") == "error":
            words = str(payload.get("message"))
            if not words.startswith((FORGED, VALUE, SORRY.partition("{")[0])):
                number = secrets.token_hex(4)
                log.error("a socket's callback broke, number %s: %r", number, words)
                payload["message"] = SORRY.format(number=number)
    return json.dumps(said, ensure_ascii=False)
