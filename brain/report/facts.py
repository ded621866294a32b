"""What the database says about a month: one consistent reading of the record for this window, the last and last year's.

All windows are read in one transaction, so that every number of a report belongs to the same state of the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from brain.catalog import Catalog
from brain.model import Clock, Limit
from brain.report import text
from brain.report.measures import SATISFIED, Counts, completed
from brain.rules import sla
from brain.store import db

WINDOWS = {"this": 0, "last": -1, "year": -12}
NO_STAGES = {f"{stage}_{part}": 0 for stage in ("register", "dispatch", "verify", "check") for part in ("ok", "all")}


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: from `since` to before `until`. `partial`: the month was not over when the data were cut."""

    name: str
    period: str
    since: datetime
    until: datetime
    partial: bool

    @property
    def says(self) -> str:
        last = text.local(self.until)
        whole = f"{text.local(self.since):%Y-%m-%d} 至 {last:%Y-%m-%d %H:%M}"
        return whole if self.partial else f"{text.month_label(self.period)}（自然月）"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything counted. `counts[window][dim][key]`; a window without any record is None."""

    windows: dict[str, Window]
    counts: dict[str, dict[str, dict[str, Counts]] | None]
    cases: list[dict[str, Any]]
    stage_flags: dict[str, set[str]]
    version: dict[str, Any]
    towns: dict[str, str]
    orgs: dict[str, dict[str, Any]]

    def total(self, window: str = "this") -> Counts | None:
        found = self.counts[window]
        return None if found is None else found["all"][""]

    def by(self, dim: str, window: str = "this") -> dict[str, Counts]:
        found = self.counts[window]
        return {} if found is None else found.get(dim, {})


def windows(period: str, cut_at: datetime) -> dict[str, Window]:
    """The month up to the cut, and its two months of comparison; of an unfinished month the same stretch of days."""
    start, end = text.month_bounds(period)
    until = min(end, cut_at)
    if until <= start:
        raise ValueError(f"{text.month_label(period)}还没有开始，不能出月报")
    partial = until < end
    found = {}
    for name, months in WINDOWS.items():
        other = text.shift_month(period, months)
        since, whole = text.month_bounds(other)
        found[name] = Window(name, other, since, min(since + (until - start), whole) if partial else whole, partial)
    return found


def gather(conn: psycopg.Connection, catalog: Catalog, period: str, cut_at: datetime) -> Facts:
    """Read the record. Call it inside a transaction: the working table goes with it."""
    spans = windows(period, cut_at)
    db.run(conn, "report_room")
    first = db.one(conn, "report_first")["at"]
    counts: dict[str, dict[str, dict[str, Counts]] | None] = {}
    flags: dict[str, dict[str, set[str]]] = {}
    for name, span in spans.items():
        if first is None or first >= span.until:
            counts[name] = None
            continue
        db.run(conn, "report_fill", win=name, since=span.since, until=span.until, satisfied=SATISFIED)
        flags[name] = _stages(conn, catalog, span)
        counts[name] = {}
    for row in db.many(conn, "report_counts"):
        numbers = {k: v for k, v in row.items() if k not in ("win", "dim", "key")}
        counts[row["win"]].setdefault(row["dim"], {})[row["key"]] = completed(numbers | NO_STAGES)
    for name, found in counts.items():
        if found is not None:
            everything = found.setdefault("all", {"": _none()})[""]
            everything |= {key: len(ids) for key, ids in flags[name].items()}
    if counts["this"] is None:
        counts["this"] = {"all": {"": _none()}}
    return Facts(
        spans,
        counts,
        db.many(conn, "report_cases", win="this"),
        flags.get("this", {}),
        db.one(conn, "report_version", until=spans["this"].until),
        {r["code"]: r["name"] for r in db.many(conn, "report_places")},
        {r["code"]: r for r in db.many(conn, "report_orgs")},
    )


COUNTED = (
    "reported effective registered declined public self_handled unclosed due handled on_time late overdue extended reworks "
    "returned closed closed_on_time rated satisfied backlog simulated counted"
).split()


def _none() -> Counts:
    return completed(dict.fromkeys(COUNTED, 0) | NO_STAGES)


def _stages(conn: psycopg.Connection, catalog: Catalog, span: Window) -> dict[str, set[str]]:
    """Cases whose desk stages were owed in the window, and those where each was done in time.

    Why here and not in SQL: the limits of the stages run on the working calendar, which `rules.sla` knows. A case with
    several such stages is on time when all were.
    """
    late: dict[str, set[str]] = {}
    owed: dict[str, set[str]] = {}
    rows = db.many(conn, "report_stages", win=span.name, since=span.since, until=span.until)
    for row in rows:
        limit = catalog.stage_limits.get(row["stage"])
        if limit is None:
            continue
        due = sla.due(row["asked_at"], limit, catalog.calendar)
        if row["done_at"] is None and due >= span.until:
            continue
        owed.setdefault(row["stage"], set()).add(row["id"])
        if row["done_at"] is None or row["done_at"] > due:
            late.setdefault(row["stage"], set()).add(row["id"])
    found: dict[str, set[str]] = {key: set() for key in NO_STAGES}
    for stage, ids in owed.items():
        if f"{stage}_all" in found:
            found[f"{stage}_all"] = ids
            found[f"{stage}_ok"] = ids - late.get(stage, set())
    return found


def handling_hours(catalog: Catalog, case: dict[str, Any]) -> float | None:
    """Hours of its own clock that a case took from dispatch to answer: what was promised less what was left.

    Told from the stamped deadline, so that suspensions and extensions are already in it.
    """
    if not case["is_handled"] or case["limit_clock"] is None:
        return None
    limit = Limit(Clock(case["limit_clock"]), case["limit_amount"])
    promised = sla.size_s(limit) * (1 + case["extensions"])
    left = sla.spent_s(case["answered_at"], case["due_at"], limit.clock, catalog.calendar)
    return max(0.0, promised - left) / 3600
