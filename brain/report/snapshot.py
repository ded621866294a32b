"""The snapshot: everything a report shows, as one value. Page and document are made from it and from nothing else.

`build` reads the record, `freeze` keeps it as a version of its month that never changes, `current` gives the frozen one
if there is one and a draft if not. Late data lead to a new version (更正版), never to another number under an old one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.json import Jsonb

from brain import rowwise
from brain.catalog import Catalog
from brain.model import Refused
from brain.report import conclusions, measures, places, sections, text, themes, units
from brain.report.facts import Facts, gather
from brain.store import db

TITLE = "{name}城市运行月报"
ISSUER = "zsj"  # the organisation that issues it: the platform's own, catalog/departments.toml
UNTOLD = [{"n": 1, "parts": [f"本月结论{rowwise.LOST}，各表照常；请联系维护人员。"], "link": {"text": "指标", "e": "#volume"}}]
SHAPE = 1  # raise it when the keys of a snapshot change their meaning


def build(conn: psycopg.Connection, catalog: Catalog, period: str, cut_at: datetime) -> dict[str, Any]:
    """The report of a month ("2026-10") from the data as they stand, cut at `cut_at` (aware). JSON-able.

    All in one repeatable-read transaction, so that no two numbers belong to different states of the record. Raises
    ValueError (a Chinese sentence) for a month that is not one or has not begun.
    """
    alone = conn.info.transaction_status == TransactionStatus.IDLE
    with conn.transaction():
        if alone:
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        facts = gather(conn, catalog, period, cut_at)
        return _made(conn, catalog, facts, period, cut_at)


def _made(conn: psycopg.Connection, catalog: Catalog, facts: Facts, period: str, cut_at: datetime) -> dict[str, Any]:
    this, last = facts.windows["this"], facts.windows["last"]
    found = {w: places.repeats(conn, catalog, facts.windows[w]) for w in ("this", "last", "year") if facts.counts[w]}
    repeated = {w: sorted({i for place in rows for i in place["ids"]}) for w, rows in found.items()}
    for window, ids in repeated.items():
        counted = {c["id"] for c in facts.cases if c["is_reported"]} if window == "this" else None
        n = len([i for i in ids if counted is None or i in counted])
        total = facts.total(window)
        assert total is not None, "only windows that have counts are looked through"
        total["repeated"] = n if window == "this" else _reported_among(conn, ids, facts.windows[window])
    totals = facts.total(), facts.total("last"), facts.total("year")
    made: dict[str, Any] = {
        "shape": SHAPE,
        "title": TITLE.format(name=catalog.city.name),
        "issuer": catalog.departments[ISSUER].name if ISSUER in catalog.departments else "",
        "period": period,
        "label": text.month_label(period),
        "issue": f"{period[:4]} 年第 {int(period[5:])} 期",
        "version": None,
        "cut_at": cut_at.isoformat(),
        "cut_text": text.clock(cut_at),
        "partial": this.partial,
        "windows": {
            n: {"since": w.since.isoformat(), "until": w.until.isoformat(), "says": w.says}
            for n, w in facts.windows.items()
        },
        "data": facts.version
        | {
            "short": facts.version["digest"][:12],
            "last_at": sections.iso(facts.version["last_at"]),
            "statement": "report_version",
        },
        "kpis": [measures.row(catalog, key, *totals) for key in measures.ORDER],
    }
    made["headlines"] = list(measures.HEADLINES)
    made["daily"] = sections.daily(conn, catalog, facts)
    made["towns"] = units.units(catalog, facts, "town")
    made["departments"] = units.units(catalog, facts, "org")
    made["categories"] = units.categories(catalog, facts)
    made["sources"] = units.sources(catalog, facts)
    rows, lost = places.repeat_rows(catalog, facts, found.get("this", []))
    made["repeats"] = {"rows": rows, "lost": lost, "statement": "report_repeats"}
    made["hot"] = places.hot_grids(conn, catalog)
    made["overdue"] = sections.overdue(catalog, facts)
    made["themes"], made["missing"] = themes.gather(conn, catalog, facts.windows)
    made["alerts"] = themes.alerts(conn, catalog, this)
    made["follow_up"] = places.follow_up(found.get("last", []), facts.cases, catalog.report["repeat_m"])
    made["conclusions"] = rowwise.whole(lambda: conclusions.sentences(catalog, facts, made), "月报结论", UNTOLD)
    made["advice"] = rowwise.whole(lambda: conclusions.advice(catalog, facts, made), "月报建议", [])
    months = {r["month"]: r["n"] for r in db.many(conn, "report_months", since=this.since, until=this.until, months=24)}
    made["outlook"] = conclusions.outlook(catalog, facts, months)
    made["simulated"] = sections.simulated(facts)
    marked = set(repeated.get("this", []))
    made["cases"], lost = rowwise.sound(facts.cases, lambda c: sections.case(catalog, facts, c, marked), "案卷")
    made["overdue"]["lost"] += [i for i in lost if i not in made["overdue"]["lost"]]
    made["cases"] = _with_named(conn, catalog, facts, made)
    made["names"] = sections.names(catalog, facts, made)
    made["notes"] = sections.notes(catalog, made, last)
    return made


def _reported_among(conn: psycopg.Connection, ids: list[str], span: Any) -> int:
    return db.row(conn, "report_reported_among", ids=ids, since=span.since, until=span.until)["n"]


def _with_named(conn: psycopg.Connection, catalog: Catalog, facts: Facts, made: dict[str, Any]) -> list[dict[str, Any]]:
    """The cases of the month, and before them those of the month before that repeat places name; these carry no mark."""
    known = {c["id"] for c in made["cases"]}
    named = {i for place in made["repeats"]["rows"] for i in place["ids"]} - known
    rows = db.many(conn, "report_named", ids=sorted(named)) if named else []
    return rowwise.sound(rows, lambda row: sections.case(catalog, facts, row, set()), "案卷")[0] + made["cases"]


# Frozen -------------------------------------------------------------------------------------------------------------
def freeze(conn: psycopg.Connection, snapshot: dict[str, Any], who: str, now: datetime) -> int:
    """Keep a snapshot as the next version of its month; returns the version and writes it into `snapshot`.

    From version 2 on it is a restatement (更正版) and carries what it changes. Raises Refused: 'unfinished' for a month
    that was not over at the cut, 'same' when nothing differs from the newest version.
    """
    if snapshot["partial"]:
        raise Refused(f"{snapshot['label']}还没有结束，不能定稿；可先看草稿", "unfinished")
    with conn.transaction():
        db.run(conn, "report_lock", period=snapshot["period"])
        before = frozen(conn, snapshot["period"])
        version = before["version"] + 1 if before else 1
        changed = differences(before, snapshot) if before else []
        if before and not changed and before["data"]["digest"] == snapshot["data"]["digest"]:
            raise Refused(f"数据与第 {before['version']} 版相同，不用更正", "same")
        snapshot["version"] = version
        snapshot["made_by"], snapshot["made_at"] = who, now.isoformat()
        snapshot["restates"] = changed
        cut = datetime.fromisoformat(snapshot["cut_at"])
        db.run(
            conn,
            "report_save",
            period=snapshot["period"],
            version=version,
            cut_at=cut,
            made_by=who,
            made_at=now,
            data=Jsonb(snapshot),
        )
    return version


def frozen(conn: psycopg.Connection, period: str, version: int | None = None) -> dict[str, Any] | None:
    """The newest frozen snapshot of a month, or that version; None when there is none."""
    row = db.one(conn, "report_frozen", period=period, version=version)
    return row["data"] if row else None


def current(
    conn: psycopg.Connection, catalog: Catalog, period: str, now: datetime, version: int | None = None, *, drafts: bool = True
) -> dict:
    """What is to be shown of a month: the frozen report if there is one, else a draft from the data as they stand, for those
    who read `drafts`.

    Raises ValueError for a month that is not one or has not begun, LookupError for a version that does not exist and for a
    month that is not issued.
    """
    text.month_bounds(period)
    kept = frozen(conn, period, version)
    if kept is None and version is not None:
        raise LookupError(f"{text.month_label(period)}月报没有第 {version} 版")
    if kept is None and not drafts:
        raise LookupError(f"{text.month_label(period)}月报还没有定稿，定稿后可在这里查看")
    return kept if kept is not None else build(conn, catalog, period, now)


def versions(conn: psycopg.Connection, period: str) -> list[dict[str, Any]]:
    """Frozen versions of a month, newest first: version, cut_at, made_by, made_at."""
    return db.many(conn, "report_versions", period=period)


def periods(conn: psycopg.Connection, now: datetime) -> list[dict[str, Any]]:
    """Months that can be shown, newest first: {"period", "frozen"}; at least the running one."""
    found = db.many(conn, "report_periods")
    running = f"{text.local(now):%Y-%m}"
    return found if any(r["period"] == running for r in found) else [{"period": running, "frozen": False}, *found]


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, str]]:
    """Indicators whose printed value changed between two versions of a month."""
    old = {r["key"]: r["text"] for r in before["kpis"]}
    return [
        {
            "key": r["key"],
            "label": r["label"],
            "unit": r["unit"],
            "before": old.get(r["key"], text.DASH),
            "after": r["text"],
        }
        for r in after["kpis"]
        if old.get(r["key"]) != r["text"]
    ]
