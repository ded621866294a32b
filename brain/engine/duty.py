"""Runs the duties that are due, each within limits of its own, and keeps an account of each (table `duty`, for /metrics).

A duty that fails, or whose statement takes too long, is rolled back, written down and tried again after a pause; the others
and the judging go on. The pause grows with the failures in a row and with the time that the failure cost: one thread does it
all, so what hangs until it is cut must not come back at once.

Why the accounts are written with the engine's sign of life and not at once: one duty runs at every step. A failure is
written at once. An engine that starts runs every duty at its first step, whenever it ran last; doing one too often does no
harm.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import psycopg

from brain.catalog import BadCatalog, Catalog
from brain.engine import duties
from brain.flow.events.history import as_json
from brain.identity import audit
from brain.model import ENGINE
from brain.store import db

SAID_AGAIN = timedelta(hours=1)  # a failure that goes on stands in the audit trail once in so long
log = logging.getLogger("brain.engine")


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty: what its file says. `first`: before the batches of a step, not after them. `by_steps`: it commits by itself,
    else the whole run is one transaction. `last`: once more when the engine ends."""

    name: str
    every: timedelta
    run: Callable[[psycopg.Connection, Catalog, datetime], int | None]
    first: bool = False
    by_steps: bool = False
    last: bool = False


@dataclass(slots=True)
class Account:
    """What came of a duty. `failing` are the failures in a row, `rows` those that the last run moved."""

    runs: int = 0
    failures: int = 0
    failing: int = 0
    ran_at: datetime | None = None
    done_at: datetime | None = None
    took_s: float = 0.0
    rows: int = 0
    error: str | None = None
    next_at: datetime | None = None


def load() -> list[Duty]:
    """The duties that there are: every file of `brain/engine/duties`, those asked most often first. Raises ValueError where
    a file is not a duty."""
    found = []
    for info in pkgutil.iter_modules(duties.__path__):
        module = importlib.import_module(f"{duties.__name__}.{info.name}")
        lacking = [word for word in ("NAME", "EVERY", "run") if not hasattr(module, word)]
        if lacking or info.name != module.NAME:
            raise ValueError(f"duties/{info.name}.py wants NAME = {info.name!r}, EVERY and run(conn, catalog, now)")
        first, by_steps = getattr(module, "FIRST", False), getattr(module, "BY_STEPS", False)
        found.append(Duty(module.NAME, module.EVERY, module.run, first, by_steps, getattr(module, "LAST", False)))
    return sorted(found, key=lambda duty: (duty.every, duty.name))


def _as_often(duty: Duty, every_s: float | None) -> Duty:
    return duty if every_s is None else replace(duty, every=timedelta(seconds=every_s))


class Duties:
    """The duties of one engine with their accounts. Raises BadCatalog where duties.toml names one that there is not."""

    def __init__(self, catalog: Catalog):
        self._catalog = catalog
        self._all = [_as_often(duty, catalog.duty(duty.name).every_s) for duty in load()]
        self.accounts = {duty.name: Account() for duty in self._all}
        self._said: dict[str, datetime] = {}
        if strange := sorted(set(catalog.duties) - set(self.accounts)):
            raise BadCatalog(
                f"duties.toml 的 duty.{strange[0]}：没有这件例行事务；可用的是 {'、'.join(sorted(self.accounts))}，请改名或删去"
            )

    def resume(self, conn: psycopg.Connection) -> None:
        """Take over the accounts of the engine before this one; when a duty runs next is decided anew."""
        for row in db.many(conn, "duties"):
            if row["name"] in self.accounts:
                self.accounts[row["name"]] = db.record(Account, row | {"next_at": None})

    def run_due(self, conn: psycopg.Connection, now: datetime, *, first: bool = False) -> int:
        """Run what is due at `now`: the duties that come before the batches, or the others. Returns how many rows those
        moved that run at every step: there may be more of them. Raises what a duty raised when the connection is gone."""
        moved = 0
        for duty in self._all:
            if duty.first == first and self._is_due(duty, now):
                rows = self._run(conn, duty, now)
                moved += rows if not duty.every else 0
        return moved

    def run_last(self, conn: psycopg.Connection, now: datetime) -> None:
        """Run what is to be done once more when the engine ends."""
        for duty in self._all:
            if duty.last:
                self._run(conn, duty, now)

    def _is_due(self, duty: Duty, now: datetime) -> bool:
        """At first, and when its time has come; or when the clock was set back, which must not make it wait."""
        account = self.accounts[duty.name]
        return account.next_at is None or account.ran_at is None or not account.ran_at <= now < account.next_at

    def store(self, conn: psycopg.Connection) -> None:
        """Write the accounts down."""
        rows = [
            {
                "name": duty.name, "every_s": duty.every.total_seconds(), "runs": a.runs, "failures": a.failures,
                "failing": a.failing, "ran_at": a.ran_at, "done_at": a.done_at, "took_s": a.took_s, "rows": a.rows,
                "error": a.error, "next_at": a.next_at,
            }
            for duty in self._all
            for a in [self.accounts[duty.name]]
        ]  # fmt: skip
        db.run(conn, "duties_store", rows=as_json(rows), names=list(self.accounts))

    # One duty -------------------------------------------------------------------------------------------------------
    def _run(self, conn: psycopg.Connection, duty: Duty, now: datetime) -> int:
        account, began = self.accounts[duty.name], time.perf_counter()
        account.runs, account.ran_at = account.runs + 1, now
        try:
            rows = self._within(conn, duty, now) or 0
        except Exception as err:
            if conn.closed:
                raise  # the database, not the duty
            account.took_s = time.perf_counter() - began
            self._failed(conn, duty, err, now)
            return 0
        account.took_s, account.rows = time.perf_counter() - began, rows
        account.done_at, account.failing, account.error = now, 0, None
        account.next_at = now + duty.every
        return rows

    def _within(self, conn: psycopg.Connection, duty: Duty, now: datetime) -> int | None:
        """Run it so that a statement longer than its limit is cut."""
        limit = {"ms": str(round(self._catalog.duty(duty.name).timeout_s * 1000))}
        if not duty.by_steps:
            with conn.transaction():
                db.run(conn, "duty_limit", **limit, local=True)
                return duty.run(conn, self._catalog, now)
        db.run(conn, "duty_limit", **limit, local=False)
        try:
            return duty.run(conn, self._catalog, now)
        finally:
            if not conn.closed:
                db.run(conn, "duty_limit_over")

    def _failed(self, conn: psycopg.Connection, duty: Duty, err: Exception, now: datetime) -> None:
        account, limits = self.accounts[duty.name], self._catalog.duty(duty.name)
        account.failures, account.failing = account.failures + 1, account.failing + 1
        account.error = f"{type(err).__name__}: {err}"[:500]
        pause = max(limits.retry_s[min(account.failing, len(limits.retry_s)) - 1], account.took_s / limits.max_share)
        account.next_at = now + timedelta(seconds=pause)
        log.error("duty %s failed, next try in %.0f s", duty.name, pause, exc_info=err)
        if now >= self._said.get(duty.name, now):
            self._said[duty.name] = now + SAID_AGAIN
            audit.audit(conn, ENGINE, duty.name, now, ok=False, error=account.error)
        self.store(conn)
