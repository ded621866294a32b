"""Towns, departments, categories and sources in tables: parts that add up, shares that sum to 100, fair ranks.

Ranks come from `rules.kpi.rank`: a unit stands below another only when their 95 % intervals do not overlap, and a unit
with too few cases is not ranked at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from brain import rowwise
from brain.catalog import Catalog
from brain.report import text
from brain.report.facts import Facts
from brain.report.measures import Counts
from brain.rules import kpi

NOWHERE = "未落区"
NOBODY = "未派单位"


def units(catalog: Catalog, facts: Facts, dim: str) -> dict[str, Any]:
    """The table of `dim` town or org: one row a unit that has cases, ranked ones first, and the total under it."""
    now, last = facts.by(dim), facts.by(dim, "last")
    least = int(catalog.report["rank_min"])
    due = {key: (c["handled_on_time"], c["handle_due"]) for key, c in now.items() if key and c["handle_due"]}
    ranked = {p.unit: p for p in kpi.rank(due, better="high", least=least)}
    before = {key: (c["handled_on_time"], c["handle_due"]) for key, c in last.items() if key and c["handle_due"]}
    was = {p.unit: p.rank for p in kpi.rank(before, better="high", least=least)}
    names = _names(facts, dim)
    places = list(ranked)
    keys = [k for k in now if now[k]["reported"] or now[k]["handle_due"]]
    if dim == "town":
        keys = sorted({*keys, *facts.towns})
    elif dim == "org":
        keys = [k for k in keys if k or now[k]["handle_due"]]
    keys.sort(key=lambda k: (k == "", places.index(k) if k in ranked else len(places), k))
    empty: Counts = dict.fromkeys(next(iter(now.values())), 0) if now else {}
    rows = [_row(catalog, dim, k, names.get(k, k), now.get(k, empty), ranked.get(k), was.get(k)) for k in keys if now]
    ranked_rows = [r for r in rows if r["rank"]]
    if len(ranked_rows) > 1 and all(r["rank"] == 1 for r in ranked_rows):
        for r in ranked_rows:  # one rank for everybody is no rank
            r["rank_text"] = "不分先后"
    return {"dim": dim, "least": least, "rows": rows, "total": facts.total(), "statement": "report_counts"}


def _names(facts: Facts, dim: str) -> dict[str, str]:
    if dim == "town":
        return facts.towns | {"": NOWHERE}
    return {code: row["short"] for code, row in facts.orgs.items()} | {"": NOBODY}


def _row(
    catalog: Catalog, dim: str, key: str, name: str, counts: Counts, place: kpi.Place | None, was: int | None
) -> dict[str, Any]:
    values = {k: kpi.compute(k, counts).value for k in ("rework_rate", "return_rate", "close_rate", "satisfied_rate")}
    values["valid_report_rate"] = kpi.compute("valid_report_rate", counts).value
    values["on_time_handle_rate"] = place.value if place else None
    values["extend_rate"] = kpi.compute("extend_rate", counts).value
    card = catalog.scorecards["town" if dim == "town" else "department"]
    score, lacking = kpi.score(card, values) if place and place.rank else (None, ())
    known = _spread(place)
    half = max(known.high - known.value, known.value - known.low) if known else None
    return {
        "key": key,
        "name": name,
        "reported": counts["reported"],
        "registered": counts["registered"],
        "handle_due": counts["handle_due"],
        "handled_on_time": counts["handled_on_time"],
        "handled_late": counts["handled_late"],
        "overdue_unhandled": counts["overdue_unhandled"],
        "closed": counts["closed"],
        "reworked": counts["reworked"],
        "returned": counts["returned"],
        "on_time_text": text.rate(values["on_time_handle_rate"]) if known else text.DASH,
        "low": known.low if known else None,
        "high": known.high if known else None,
        "interval_text": f"{text.rate(known.low)}–{text.rate(known.high)}" if known else text.DASH,
        "half_text": f"±{text.rate(half)}" if known else "",
        "on_time": values["on_time_handle_rate"] if known else None,
        "rework": values["rework_rate"] if known else None,
        "return": values["return_rate"] if known else None,
        "rework_text": text.rate(values["rework_rate"]) if known else text.DASH,
        "return_text": text.rate(values["return_rate"]) if known else text.DASH,
        "close_text": text.rate(values["close_rate"]) if known else text.DASH,
        "score": score,
        "score_text": text.fixed(score),
        "lacking": list(lacking),
        "rank": place.rank if place else None,
        "rank_text": str(known.rank) if known else ("不参与排名" if key else text.DASH),
        "was_text": _moved(place.rank if place else None, was),
        "e_reported": f"flag=reported&{dim}={key}",
        "e_registered": f"flag=registered&{dim}={key}",
        "e_due": f"flag=handle_due&{dim}={key}",
        "e_late": f"flag=late&{dim}={key}",
        "e_reworked": f"flag=reworked&{dim}={key}",
        "e_returned": f"flag=returned&{dim}={key}",
    }


@dataclass(frozen=True, slots=True)
class Spread:
    """What is shown of a unit that is ranked."""

    rank: int
    low: float
    value: float
    high: float


def _spread(place: kpi.Place | None) -> Spread | None:
    """None where a unit is not ranked: a share of few cases is not shown."""
    if place is None or place.rank is None:
        return None
    assert place.low is not None and place.value is not None and place.high is not None, "a ranked unit has cases"
    return Spread(place.rank, place.low, place.value, place.high)


def _moved(rank: int | None, was: int | None) -> str:
    """Change of place since last month: ↑2, ↓1, 平."""
    if rank is None or was is None:
        return text.DASH
    return "平" if rank == was else f"{'↑' if rank < was else '↓'}{abs(rank - was)}"


def categories(catalog: Catalog, facts: Facts, top: int = 10) -> dict[str, Any]:
    """The most frequent categories of the registered cases, and the rest in one line, so that the parts add up."""
    return _ranked(catalog, facts, "category", "registered", top)


def sources(catalog: Catalog, facts: Facts) -> dict[str, Any]:
    """Where the reports came from."""
    return _ranked(catalog, facts, "source", "reported", 99)


def _ranked(catalog: Catalog, facts: Facts, dim: str, count: str, top: int) -> dict[str, Any]:
    now, last, year = (facts.by(dim, w) for w in ("this", "last", "year"))
    known_last, known_year = facts.counts["last"] is not None, facts.counts["year"] is not None
    words = text.Wording.of(catalog)
    order = sorted((k for k in now if now[k][count]), key=lambda k: (-now[k][count], k))
    shown, rest = order[:top], order[top:]
    was = sorted((k for k in last if last[k][count]), key=lambda k: (-last[k][count], k))[:top]
    parts = [now[k][count] for k in shown] + ([sum(now[k][count] for k in rest)] if rest else [])
    shares = kpi.shares(parts)
    rows = []
    for key, share in zip(shown + ([""] if rest else []), shares, strict=True):
        members = [key] if key else rest
        # The rest is compared with the rest: everything that is not shown by name, whatever it was then.
        others = lambda found: [k for k in found if k not in shown]  # noqa: E731
        n = sum(now[k][count] for k in members)
        n_last = sum(last[k][count] for k in ([key] if key else others(last)) if k in last) if known_last else None
        n_year = sum(year[k][count] for k in ([key] if key else others(year)) if k in year) if known_year else None
        rows.append(
            {
                "key": key,
                "name": _label(catalog, dim, key) if key else f"其余 {len(rest)} 类",
                "n": n,
                "share": share,
                "share_text": text.fixed(share),
                "last": n_last,
                "mom": words.count_change(n, n_last),
                "yoy": words.count_change(n, n_year),
                "difference": None if n_last is None else n - n_last,
                "fresh": bool(key) and known_last and key not in was,
                "e": f"flag={count}&{dim}={key}" if key else f"flag={count}&not{dim}=" + ",".join(shown),
            }
        )
    return {"rows": rows, "total": sum(parts), "statement": "report_counts"}


def word(catalog: Catalog, group: str, key: str) -> str:
    """The word of a code, 无法显示 for one that nobody knows."""
    return rowwise.whole(lambda: catalog.words.of(group, key), f"词 {group} {key}", rowwise.LOST)


def _label(catalog: Catalog, dim: str, key: str) -> str:
    if dim == "source":
        return word(catalog, "source", key)
    return catalog.categories[key].name if key in catalog.categories else key


def changes(catalog: Catalog, facts: Facts) -> list[tuple[str, float]]:
    """(category name, difference of registered cases to last month), greatest growth first; empty without last month."""
    if facts.counts["last"] is None:
        return []
    now, last = facts.by("category"), facts.by("category", "last")
    found = {k: now.get(k, {}).get("registered", 0) - last.get(k, {}).get("registered", 0) for k in {*now, *last}}
    return sorted(((k, n) for k, n in found.items() if n), key=lambda x: (-x[1], x[0]))
