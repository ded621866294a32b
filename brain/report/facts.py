"""What the database says about a month: one consistent reading of the record for this window, the last and last year's.

All windows are read in one transaction, so that every number of a report belongs to the same state of the record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, overload

import psycopg

from brain import rowwise
from brain.catalog import Catalog
from brain.model import Clock, Limit
from brain.report import text
from brain.report.measures import NOT_OURS, SATISFIED, STAGE_DUE, STAGES, Counts, completed
from brain.rules import kpi, sla
from brain.store import db

WINDOWS = {"this": lambda period: period, "last": kpi.previous_month, "year": kpi.same_month_last_year}


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: from `since` to before `until`. `partial`: the month was not over when the data were cut. `lost` gathers
    the names of stations whose values of that time are no numbers."""

    name: str
    period: str
    since: datetime
    until: datetime
    partial: bool
    lost: list[str] = field(default_factory=list, compare=False)

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

    @overload
    def total(self) -> Counts: ...
    @overload
    def total(self, window: str) -> Counts | None: ...
    def total(self, window: str = "this") -> Counts | None:
        """The counts of all cases of a window; of the month itself there are always some, though they be noughts."""
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
    for name, shift in WINDOWS.items():
        other = shift(period)
        since, whole = text.month_bounds(other)
        found[name] = Window(name, other, since, min(since + (until - start), whole) if partial else whole, partial)
    return found


def gather(conn: psycopg.Connection, catalog: Catalog, period: str, cut_at: datetime) -> Facts:
    """Read the record. Call it inside a transaction: the working table goes with it."""
    spans = windows(period, cut_at)
    db.run(conn, "report_room")
    first = db.row(conn, "report_first")["at"]
    known: dict[str, dict[str, dict[str, Counts]]] = {}
    flags: dict[str, dict[str, set[str]]] = {}
    for name, span in spans.items():
        if first is not None and first < span.until:
            ends = {"since": span.since, "until": span.until}
            db.run(conn, "report_fill", win=name, satisfied=SATISFIED, not_ours=NOT_OURS, **ends)
            flags[name] = _stages(conn, catalog, span)
            known[name] = {"all": {"": dict.fromkeys(COUNTED, 0)}}
    for row in db.many(conn, "report_counts"):
        numbers = {k: v for k, v in row.items() if k not in ("win", "dim", "key")}
        known[row["win"]].setdefault(row["dim"], {})[row["key"]] = numbers
    known.setdefault("this", {"all": {"": dict.fromkeys(COUNTED, 0)}})
    counts = {name: known.get(name) for name in spans}
    for name, found in counts.items():
        for dim in (found or {}).values():
            for key, numbers in dim.items():
                dim[key] = completed(numbers)
        if found is not None:
            owed = flags.get(name, {})
            stages = {key: len(owed.get(key, ())) for key in (*STAGES.values(), *STAGE_DUE.values())}
            cases = db.many(conn, "report_cases", win=name)
            seconds = sum(rowwise.each(cases, lambda c: _handled_s(catalog, c) or 0.0, "案卷用时", lambda _: None))
            found["all"][""] |= stages | {"handle_seconds": seconds}
    return Facts(
        spans,
        counts,
        db.many(conn, "report_cases", win="this"),
        flags.get("this", {}),
        db.row(conn, "report_version", until=spans["this"].until),
        {r["code"]: r["name"] for r in db.many(conn, "report_places")},
        {r["code"]: r for r in db.many(conn, "report_orgs")},
    )


FAR = timedelta(days=3660)  # no limit reaches further; the days up to it are counted one by one

COUNTED = (
    "reported", "valid_reported", "registered", "declined", "public_reported", "self_handled", "unclosed", "dispatch_due",
    "dispatched_right", "returned", "handle_due", "handled", "handled_on_time", "handled_late", "overdue_unhandled",
    "extended", "reworked", "closed", "closed_on_time", "rated", "satisfied", "responded", "solved", "backlog", "counted",
    "simulated",
)  # fmt: skip


def _stages(conn: psycopg.Connection, catalog: Catalog, span: Window) -> dict[str, set[str]]:
    """Cases by mark: whose desk stages were done in time, and whose verification or check was owed.

    Why here and not in SQL: the limits of the stages run on the working calendar, which `rules.sla` knows. A case with
    several such stages is on time when all were.
    """
    late: set[tuple[str, str]] = set()
    owed: set[tuple[str, str]] = set()

    def judge(row: dict[str, Any]) -> None:
        due = sla.due(row["asked_at"], catalog.stage_limits[row["stage"]], catalog.calendar)
        if row["done_at"] is None and due >= span.until:
            return  # neither done nor late yet
        owed.add((row["stage"], row["id"]))
        if row["done_at"] is None or row["done_at"] > due:
            late.add((row["stage"], row["id"]))

    rowwise.each(db.many(conn, "report_stages", win=span.name, until=span.until), judge, "案卷环节", lambda _: None)
    found = {mark: {i for stage, i in owed - late if stage == name} for name, mark in STAGES.items()}
    return found | {mark: {i for stage, i in owed if stage == name} for name, mark in STAGE_DUE.items()}


def _handled_s(catalog: Catalog, case: dict[str, Any]) -> float | None:
    """Seconds of its own clock that a case took from dispatch to answer: what was promised less what was left.

    Told from the stamped deadline, so that suspensions and extensions are already in it.
    """
    if not case["is_handled"] or case["limit_clock"] is None:
        return None
    limit = Limit(Clock(case["limit_clock"]), case["limit_amount"])
    if abs(case["due_at"] - case["answered_at"]) > FAR:
        raise ValueError(f"due at {case['due_at']}, which no limit reaches")
    promised = sla.size_s(limit) * (1 + case["extensions"])
    left = sla.spent_s(case["answered_at"], case["due_at"], limit.clock, catalog.calendar)
    return max(0.0, promised - left)
