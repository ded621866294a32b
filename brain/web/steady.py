"""What lives as long as the application goes on, whatever one of its turns meets.

Why a wrapper and not a `try` in each loop: a task that has ended says nothing, and from then on no page hears anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import psycopg

log = logging.getLogger(__name__)
AGAIN_S = 1.0

AWAY = (psycopg.OperationalError, psycopg.InterfaceError, OSError)
"""The database is away, or busy: it is asked again. Any other error is a fault of the row or of the code."""

_told: set[tuple[str, str]] = set()


async def steady(job: Callable[[], Awaitable[object]], name: str, again_s: float = AGAIN_S) -> None:
    """Run a job that should never end, and again after `again_s` seconds when it does; only cancelling ends this."""
    while True:
        try:
            await job()
        except Exception as err:
            tell(name, err)
        await asyncio.sleep(again_s)


def tell(name: str, err: Exception) -> None:
    """Log a fault: with its traceback once for each kind of error, without one after that."""
    mark = name, type(err).__name__
    if mark in _told:
        log.warning("%s 又出错（%s），继续运行", name, mark[1])
        return
    _told.add(mark)
    log.error("%s 出错，已记录并继续运行", name, exc_info=err)
