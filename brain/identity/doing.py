"""The one way to act: whatever a person changes, from whichever door, goes through `act_audited`.

Sight and role are asked by the move itself (`flow.events.acting`, `flow.alerts.recording`, …), inside the transaction that
this opens; the line of the audit trail stands or falls with the move. Nothing is done without its line, and a refusal
leaves one too. What the engine does by itself (rule, clock) stands in the event's own log and needs no line here.

Why in `identity` and not in `flow`: accounts, keys and rosters are changed here, and nothing in `identity` may import `flow`.
"""

from __future__ import annotations

import getpass
import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from brain.identity.audit import audit
from brain.identity.people import Person
from brain.model import Actor, Refused

log = logging.getLogger(__name__)
T = TypeVar("T")

NO_AUDIT = "审计记录写不进去，操作没有执行；请联系系统管理员检查数据库后再试"


class Via(StrEnum):
    """The door through which somebody acts."""

    WALL = "wall"
    PAGE = "page"
    PHONE = "phone"
    API = "api"
    CLI = "cli"


@dataclass(frozen=True, slots=True)
class Doer:
    """Who acts, from which address, through which door. A name alone is somebody without an account (the command line)."""

    who: Actor | Person | str
    address: str
    via: Via

    @property
    def name(self) -> str:
        return self.who if isinstance(self.who, str) else self.who.name


def at_the_console() -> Doer:
    """Whoever runs a command of `brain` on the server itself."""
    return Doer(f"命令行 {getpass.getuser()}", "localhost", Via.CLI)


def act_audited(
    conn: psycopg.Connection,
    doer: Doer,
    action: str,
    object: str,
    now: datetime,
    do: Callable[[], T],
    *,
    kept: Callable[[T], Mapping[str, Any] | None] | None = None,
    once: Callable[[Callable[[], T]], T] | None = None,
    **detail: Any,
) -> T:
    """What `do` gives, with one line of the audit trail in the same transaction, written before the move.

    `object` names the thing ("event:…"), `detail` what the line keeps beside it. Where only the move tells that (a new
    event's number), `kept(result)` gives it, `object` among it, and the line follows the move, in the same transaction; None
    says that nothing was changed, and no line is written. `once` wraps both where a request may come twice: who is
    answered with what was done before acts no second time.

    A move that is refused, or fails, is undone, and leaves one line with `ok` false and its code, in a transaction of
    its own. Raises Refused: whatever the move raises, and 'audit' when the line cannot be written; then nothing was done.
    """
    if conn.info.transaction_status is not TransactionStatus.IDLE:
        raise RuntimeError("an act needs a transaction of its own: an outer one could take its audit line back")

    def moved() -> T:
        with conn.transaction():
            if kept is None:
                _line(conn, doer, action, now, object, True, detail)
                return do()
            result = do()
            found = kept(result)
            if found is not None:
                told = detail | dict(found)
                _line(conn, doer, action, now, told.pop("object", object), True, told)
            return result

    with refusals_audited(conn, doer, action, object, now, **detail):
        return once(moved) if once else moved()


@contextmanager
def refusals_audited(
    conn: psycopg.Connection, doer: Doer, action: str, object: str, now: datetime, **detail: Any
) -> Generator[None]:
    """One line with `ok` false and the code for whatever is refused, or fails, inside; for moves that write their own line
    when they are done. The refusal goes on."""
    try:
        yield
    except Exception as err:
        if isinstance(err, Refused) and err.code == "audit":
            raise
        said = {"code": err.code} if isinstance(err, Refused) else {"code": "error", "error": type(err).__name__}
        try:
            with conn.transaction():
                _line(conn, doer, action, now, object, False, detail | said)
        except (Refused, psycopg.Error):
            log.exception("audit line of a refused act could not be written: %s %s by %s", action, object, doer.name)
        raise


def _line(
    conn: psycopg.Connection, doer: Doer, action: str, now: datetime, object: str, ok: bool, detail: Mapping[str, Any]
) -> None:
    """Raises Refused('audit') when it cannot be written."""
    try:
        audit(conn, doer.who, action, now, object=object, ip=doer.address, ok=ok, **{"via": str(doer.via), **detail})
    except psycopg.Error as err:
        raise Refused(NO_AUDIT, "audit") from err
