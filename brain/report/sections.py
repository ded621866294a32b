"""Sections of the snapshot that are neither a table of units nor a place: days, what is late, the cases, the notes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg

from brain import rowwise
from brain.catalog import Catalog
from brain.report import conclusions, text, theme_tables, units
from brain.report.drill_down import FIELDS
from brain.report.facts import Facts
from brain.store import db

LATE_BINS = ((1, "不足 1 天"), (3, "1–3 天"), (7, "3–7 天"), (None, "7 天以上"))
LISTED = 20  # overdue cases printed; all of them are a click away


def iso(at: datetime | None) -> str | None:
    """An instant as the snapshot keeps it."""
    return None if at is None else at.isoformat()


def daily(conn: psycopg.Connection, catalog: Catalog, facts: Facts) -> dict[str, Any]:
    """Reports a day, last month's same day beside it, and the days that stand out."""
    this, last = facts.windows["this"], facts.windows["last"]
    rule = catalog.report
    rows = db.many(conn, "report_days_before", since=this.since, until=this.until, weeks=int(rule["burst_weeks"]))
    start, end = text.month_bounds(this.period)
    count = (end - start).days
    now, before = facts.by("day"), facts.by("day", "last")
    known = facts.counts["last"] is not None
    until = text.local(this.until).date() if this.partial else end.date()
    days = []
    for n in range(1, count + 1):
        key, old = f"{this.period}-{n:02d}", f"{last.period}-{n:02d}"
        gone = this.partial and start.date().replace(day=n) > until
        days.append(
            {
                "day": n,
                "n": None if gone else now.get(key, {}).get("reported", 0),
                "last": before.get(old, {}).get("reported", 0) if known and _exists(old) else None,
                "e": f"flag=reported&day={key}",
            }
        )
    found = conclusions.bursts(
        {r["day"]: r["n"] for r in rows}, start.date(), until, weeks=int(rule["burst_weeks"]), sigma=rule["burst_sigma"]
    )
    return {"days": days, "bursts": found, "statement": "report_counts", "statement_bursts": "report_days_before"}


def _exists(day: str) -> bool:
    try:
        datetime.strptime(day, "%Y-%m-%d")
    except ValueError:
        return False
    return True


def overdue(catalog: Catalog, facts: Facts) -> dict[str, Any]:
    """What is late: cases of the month by how late, and whatever was still open and overdue at its end."""
    until = facts.windows["this"].until
    late = [c for c in facts.cases if c["is_handled_late"] or c["is_overdue_unhandled"]]
    listed = [*late, *(c for c in facts.cases if c["is_backlog"] and not c["is_overdue_unhandled"])]

    def row_of(c: Mapping[str, Any]) -> dict[str, Any]:
        return {"case": c, "late_s": ((c["answered_at"] or until) - c["due_at"]).total_seconds()}

    found, lost = rowwise.sound(listed, row_of, "超期案卷")
    rows = sorted(found, key=lambda r: (r["case"]["answered_at"] is not None, -r["late_s"], r["case"]["id"]))
    bins = []
    floor = 0.0
    for days, label in LATE_BINS:
        ceiling = days * 86400 if days else float("inf")
        members = [r for r in rows if floor <= r["late_s"] < ceiling]
        done = [r["case"]["id"] for r in members if r["case"]["answered_at"]]
        left = [r["case"]["id"] for r in members if not r["case"]["answered_at"]]
        bins.append({"label": label, "done": len(done), "open": len(left), "e": "ids=" + ",".join(done + left)})
        floor = ceiling
    total = facts.total()
    return {
        "total": total["handled_late"] + total["overdue_unhandled"],
        "open": total["overdue_unhandled"],
        "backlog": total["backlog"],
        "bins": bins,
        "rows": [
            {
                "id": r["case"]["id"],
                "title": r["case"]["title"],
                "town": facts.towns.get(r["case"]["town"], text.DASH),
                "unit": facts.orgs.get(r["case"]["org"], {}).get("short", text.DASH),
                "due": text.stamp(r["case"]["due_at"]),
                "answered": text.stamp(r["case"]["answered_at"]),
                "open": r["case"]["answered_at"] is None,
                "late_text": text.lasting(r["late_s"]),
                "e": f"ids={r['case']['id']}",
            }
            for r in rows[:LISTED]
        ],
        "lost": lost,
        "listed": min(LISTED, len(rows)),
        "of": len(rows),
        "e": "flag=late",
        "e_open": "flag=overdue_unhandled",
        "e_backlog": "flag=backlog",
        "statement": "report_cases",
    }


def simulated(facts: Facts) -> dict[str, Any]:
    total = facts.total()
    n, of = total["simulated"], total["counted"]
    says = "" if not n else f"本报告所计 {text.count(of)} 件案卷中有 {text.count(n)} 件是模拟历史案卷，不对应真实事件"
    return {"n": n, "of": of, "says": says}


def case(catalog: Catalog, facts: Facts, case: Mapping[str, Any], repeated: set[str]) -> dict[str, Any]:
    """A case as evidence: who, where, when, and every mark it counts for."""
    flags = [k[3:] for k, v in case.items() if k.startswith("is_") and v]
    flags += [mark for mark, ids in facts.stage_flags.items() if case["id"] in ids]
    if "handled_late" in flags or "overdue_unhandled" in flags:
        flags.append("late")
    if case["id"] in repeated and case["is_reported"]:
        flags.append("repeated")
    entry = catalog.categories.get(case["category"])
    return {
        "id": case["id"],
        "title": case["title"],
        "category": case["category"],
        "name": entry.name if entry else case["category"],
        "source": case["source"],
        "town": case["town"],
        "org": case["org"],
        "grid": case["grid"],
        "day": text.local(case["reported_at"]).date().isoformat(),
        "state": case["state"],
        "reported_at": iso(case["reported_at"]),
        "due_at": iso(case["due_at"]),
        "answered_at": iso(case["answered_at"]),
        "closed_at": iso(case["closed_at"]),
        "reworks": case["reworks"],
        "returns": case["returns"],
        "simulated": case["simulated"],
        "flags": flags,
    }


def names(catalog: Catalog, facts: Facts, made: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Words for the codes of the cases, frozen with them."""
    used = {f: {c[f] or "" for c in made["cases"]} for f in FIELDS}
    return {
        "town": {k: facts.towns.get(k, units.NOWHERE) for k in used["town"] | set(facts.towns)},
        "org": {k: facts.orgs.get(k, {}).get("short", units.NOBODY) for k in used["org"]},
        "category": {k: catalog.categories[k].name for k in used["category"] if k in catalog.categories},
        "source": {k: units.word(catalog, "source", k) for k in used["source"]},
        "grid": {h["code"]: f"{h['village'] or ''}{h['name']}" for h in made["hot"]["hot"]},
        "state": {c["state"]: units.word(catalog, "state", c["state"]) for c in made["cases"]},
    }


def notes(catalog: Catalog, made: Mapping[str, Any], last: Any) -> list[str]:
    """附注: how the numbers are meant."""
    rule = catalog.report
    month = int(made["period"][5:])
    against = f"同一天数（{last.says}）" if made["partial"] else "上一自然月"
    notes = [
        f"数据截至 {made['cut_text']}；统计时段为{made['windows']['this']['says']}。环比与{against}比较，同比与上年同月比较。",
        f"比率保留一位小数；比率之差用百分点；基数不足 {rule['change_min']:g} 件时只写件数；分母为零写“—”。",
        "镇街、部门位次按按期处置率的 95 % 区间（Wilson）排定：区间重叠的不分先后，"
        f"应处置不足 {rule['rank_min']:g} 件的不参与排名。",
        f"重复点位：同类、相距不超过 {rule['repeat_m']:g} 米、{rule['repeat_days']:g} 日内不少于 {rule['repeat_times']:g} 次；"
        f"高发网格：按每平方公里上报件数排在前 {made['hot']['share'] * 100:g} % 且不少于 {made['hot']['least']} 件的综合网格。",
        f"突增：当日上报件数超过前 {rule['burst_weeks']:g} 个同星期日的均值加 {rule['burst_sigma']:g} 倍标准差。",
    ]
    if month in (1, 2):
        notes.append("春节错月：1、2 月的同比、环比受春节所在月份影响，宜两月合并比较。")
    if any("air_days" in theme_tables.parts_of(found) for found in made["themes"].values()):
        notes.append(
            "空气质量为参考数据、未经审核；2026-03-01 起按 HJ 633-2026 评价，此前按 HJ 633-2012，前后不可直接相比。"
        )
    if made["simulated"]["says"]:
        notes.append(made["simulated"]["says"] + "。")
    return notes
