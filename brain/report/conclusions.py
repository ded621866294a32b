"""What the month says in five sentences, what follows from it, and what to watch next: each with its evidence.

A sentence is a list of parts: plain text, or {"b": number as printed, "e": query of its cases}. Statements of fact come
from the counted numbers only; where a sentence goes further it says 推测 or 建议.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from statistics import mean, pstdev
from typing import Any

from brain import rowwise
from brain.catalog import Catalog
from brain.report import text, theme_tables
from brain.report.facts import Facts
from brain.report.sentences import Parts, number
from brain.report.units import changes
from brain.rules import kpi


def plain(parts: Parts) -> str:
    """A sentence as plain text."""
    return "".join(p if isinstance(p, str) else p["b"] for p in parts)


def sentences(catalog: Catalog, facts: Facts, made: dict[str, Any]) -> list[dict[str, Any]]:
    """The five conclusions; `made` is the snapshot so far (kpis, towns, departments, repeats, themes, follow_up …)."""
    rows = {r["key"]: r for r in made["kpis"]}
    found = [
        volume(catalog, facts, rows, made),
        promptness(facts, rows, made),
        repeat_places(catalog, made),
        theme(catalog, rows, made),
        afterwards(facts, made),
    ]
    return [{"n": n, "parts": parts, "link": link} for n, (parts, link) in enumerate(found, 1)]


def volume(catalog: Catalog, facts: Facts, rows: dict[str, Any], made: dict[str, Any]) -> tuple[Parts, dict]:
    row, this = rows["registered"], facts.windows["this"]
    whole = "全月" if not this.partial else f"截至 {text.clock(this.until)}"
    parts: Parts = [f"{whole}立案 ", number(row["text"], row["e"]), " 件"]
    if row["last"] is None:
        parts.append("，没有上月数据可比")
        return [*parts, "。"], {"text": f"依据 {row['text']} 件", "e": row["e"]}
    against = "环比" if not this.partial else "与上月同期比"
    word = text.Wording.of(catalog).trend(row["value"], row["last"])
    parts += [f"，{against} ", number(row["mom"]), f"（{word}）" if word else ""]
    if row["year"] is not None:
        parts += ["，同比 ", number(row["yoy"])]
    moved = changes(catalog, facts)
    up = row["value"] >= row["last"]
    drivers = [m for m in (moved if up else moved[::-1]) if (m[1] > 0) == up][:2]
    if drivers:
        parts.append("；增加最多的是" if up else "；减少最多的是")
        for n, (key, difference) in enumerate(drivers):
            name = catalog.categories[key].name if key in catalog.categories else key
            parts += [
                "、" if n else "",
                f"{name}（",
                number(text.signed(difference, 0), f"flag=registered&category={key}"),
                " 件）",
            ]
    if made["daily"]["bursts"]:
        days = sorted(made["daily"]["bursts"], key=lambda d: d["day"])
        parts.append("；")
        for n, day in enumerate(days[:3]):
            query = f"flag=reported&day={day['day']}"
            parts += ["、" if n else "", f"{day['label']}（上报 ", number(text.count(day["n"]), query), " 件）"]
        parts.append(f"{f'等 {len(days)} 天' if len(days) > 3 else ''}突增")
    return [*parts, "。"], {"text": f"依据 {row['text']} 件", "e": row["e"]}


def promptness(facts: Facts, rows: dict[str, Any], made: dict[str, Any]) -> tuple[Parts, dict]:
    row, late = rows["on_time_handle_rate"], made["overdue"]
    if row["value"] is None:
        return ["本月没有应处置的案卷。"], {"text": "口径", "e": "#notes"}
    parts: Parts = ["按期处置率 ", number(f"{row['text']} %", row["e"])]
    if row["last"] is not None:
        parts += ["，较上月 ", number(row["mom"])]
    if row["target"]:
        parts.append(f"，{'达到' if row['target']['met'] else '未达到'} {row['target']['goal_text']} % 的目标")
    if late["total"]:
        parts += ["；超期 ", number(text.count(late["total"]), late["e"]), " 件"]
        if late["open"]:
            parts += ["，其中 ", number(text.count(late["open"]), late["e_open"]), " 件到期末仍未反馈"]
        most = max(
            made["departments"]["rows"],
            key=lambda r: (r["handled_late"] + r["overdue_unhandled"], r["key"]),
            default=None,
        )
        n = most["handled_late"] + most["overdue_unhandled"] if most else 0
        if most and n:
            parts += [
                f"，最多的是{most['name']}（",
                number(text.count(n), most["e_late"]),
                f" 件，其应处置 {text.count(most['handle_due'])} 件）",
            ]
    else:
        parts.append("；没有超期案卷")
    return [*parts, "。"], {"text": "超期清单", "e": "#late"}


def repeat_places(catalog: Catalog, made: dict[str, Any]) -> tuple[Parts, dict]:
    rule, found = catalog.report, made["repeats"]["rows"]
    says = f"同类、{rule['repeat_m']:g} 米内、{rule['repeat_days']:g} 日 {rule['repeat_times']:g} 次以上"
    if not found:
        return [f"没有发现重复点位（{says}）。"], {"text": "口径", "e": "#notes"}
    top = found[0]
    parts: Parts = [f"重复点位（{says}）", number(text.count(len(found)), "flag=repeated"), " 处，"]
    parts += [f"最多的是{top['place']}{top['name']}，", number(text.count(top["times"]), top["e"]), " 次"]
    parts.append("；建议列入专项治理（推测：历次处置未除成因）。")
    return parts, {"text": "地点", "e": "#places"}


def theme(catalog: Catalog, rows: dict[str, Any], made: dict[str, Any]) -> tuple[Parts, dict]:
    """The theme that most wants a leader's eye: the first, in the city's order, of which a part has cause to worry, then the
    first that can say all is well; without either the reporters' own judgement of the work."""
    for says in ("worry", "calm"):
        for key, found in theme_tables.themes_of(made):
            for name in theme_tables.parts_of(found):
                say = partial(getattr(theme_tables.PRINTS[name], says), found)
                if sentence := rowwise.whole(say, f"月报结论 {name}", None):
                    return sentence.parts, {"text": sentence.link, "e": f"#theme-{key}"}
    row = rows["satisfied_rate"]
    again = rows["rework_rate"]
    parts = ["返工率 ", number(f"{again['text']} %", again["e"]), f"（{again['mom']}）"]
    if row["value"] is not None:
        parts += ["，满意率 ", number(f"{row['text']} %", row["e"]), f"（有效评价 {text.count(row['bottom'])} 件）"]
    return [*parts, "；感知数据本月缺失，不作评价。"], {"text": "指标表", "e": "#kpis"}


def afterwards(facts: Facts, made: dict[str, Any]) -> tuple[Parts, dict]:
    """What became of last month's places, and the towns that stand clearly apart."""
    after = made["follow_up"]
    parts: Parts = []
    if after["listed"]:
        ids = "ids=" + ",".join(after["ids"]) if after["ids"] else None
        parts += [
            f"上月列出的 {text.count(after['listed'])} 处重复点位，本月再次发生 ",
            number(text.count(after["again"]), ids),
        ]
        parts += [f" 处、未再发生 {text.count(after['quiet'])} 处"]
    else:
        parts.append("上月没有列出重复点位")
    behind = [r for r in made["towns"]["rows"] if r["rank"] and r["rank"] > 1]
    ranked = [r for r in made["towns"]["rows"] if r["rank"]]
    if behind:
        low = behind[-1]
        parts += [f"；镇街按期处置率以{low['name']}最低，", number(f"{low['on_time_text']} %", low["e_due"])]
        parts.append(f"（95 % 区间 {low['interval_text']}）")
    elif ranked:
        parts.append("；各镇街按期处置率的 95 % 区间相互重叠，不分高下")
    return [*parts, "。"], {"text": "跟踪", "e": "#advice"}


# What follows -------------------------------------------------------------------------------------------------------
def advice(catalog: Catalog, facts: Facts, made: dict[str, Any]) -> list[dict[str, Any]]:
    """Suggestions, each from a counted finding: text, who, basis. Marked 建议: they are for a person to decide."""
    found = []
    for place in made["repeats"]["rows"][:3]:
        says = f"{place['place']}{place['name']}在 {catalog.report['repeat_days']:g} 日内发生"
        says += f" {text.count(place['times'])} 次"
        says += "，建议查明原因、一次根治"
        found.append({"text": says, "who": place["unit"], "basis": "重复点位", "e": place["e"]})
    words = text.Wording.of(catalog)
    for row in made["categories"]["rows"]:
        if row["key"] and words.trend(row["n"], row["last"]) == "明显上升":
            says = f"{row['name']}环比 {row['mom']}（{text.count(row['n'])} 件），建议安排专项巡查"
            org = facts.orgs.get(catalog.categories[row["key"]].org, {}).get("short", "")
            found.append({"text": says, "who": org, "basis": "高发事项", "e": row["e"]})
    for table in ("departments", "towns"):
        for row in made[table]["rows"]:
            if row["rank"] and row["rank"] > 1 and row["handled_late"] + row["overdue_unhandled"]:
                n = text.count(row["handled_late"] + row["overdue_unhandled"])
                says = (
                    f"{row['name']}超期 {n} 件，按期处置率 {row['on_time_text']} % 明显低于其他单位，建议逐件说明原因"
                )
                found.append({"text": says, "who": row["name"], "basis": "评价", "e": row["e_late"]})
    if made["overdue"]["backlog"]:
        says = f"期末仍超期未处置 {text.count(made['overdue']['backlog'])} 件，建议督办到人"
        found.append({"text": says, "who": "值班长", "basis": "超期清单", "e": made["overdue"]["e_backlog"]})
    return [{"n": n} | item for n, item in enumerate(found[:8], 1)]


def bursts(days: dict[date, int], since: date, until: date, *, weeks: int, sigma: float) -> list[dict[str, Any]]:
    """Days with more reports than the mean of the same weekday over the weeks before plus so many σ.

    A day whose base is not complete (the record is younger than `weeks`) is not judged.
    """
    first = min(days, default=since)
    found, day = [], since
    while day < until:
        base = [days.get(day - timedelta(weeks=w), 0) for w in range(1, weeks + 1)]
        if (
            day - timedelta(weeks=weeks) >= first
            and days.get(day, 0) > mean(base) + sigma * pstdev(base)
            and days.get(day, 0) > 1
        ):
            usual = text.fixed(mean(base))
            found.append({"day": day.isoformat(), "label": f"{day.day} 日", "n": days[day], "usual_text": usual})
        day += timedelta(days=1)
    return sorted(found, key=lambda d: -d["n"])


def outlook(catalog: Catalog, facts: Facts, months: dict[str, int]) -> dict[str, Any]:
    """Next month: how many reports to expect, with an honest bar, the holidays, and what was frequent a year ago.

    The expectation is this month's count times the middle of the month-to-month ratios seen so far; the bar goes from
    their tenth to their ninetieth percentile. With fewer than six ratios, or an unfinished month, nothing is foretold.
    """
    this = facts.windows["this"]
    after = _next(this.period)
    start, end = text.month_bounds(after)
    ratios = sorted(
        months[m] / months[kpi.previous_month(m)] for m in months if months.get(kpi.previous_month(m)) and months[m]
    )
    days = [start.date() + timedelta(days=n) for n in range((end - start).days)]
    off = [d for d in days if catalog.calendar.names.get(d)]
    made: dict[str, Any] = {
        "period": after,
        "label": text.month_label(after),
        "expected": None,
        "ratios": len(ratios),
        "holidays": list(
            dict.fromkeys(text.HOLIDAYS.get(catalog.calendar.names[d], catalog.calendar.names[d]) for d in off)
        ),
    }
    if len(ratios) >= 6 and not this.partial and months.get(this.period):
        base = months[this.period]
        low, middle, high = (base * _percentile(ratios, p) for p in (0.1, 0.5, 0.9))
        made |= {
            "expected": round(middle), "low": round(low), "high": round(high),
            "says": f"预计上报约 {text.count(middle)} 件（八成把握区间 {text.count(low)}–{text.count(high)} 件），"
                    f"按以往 {len(ratios)} 次逐月变化推算，未计天气和活动",
        }  # fmt: skip
    return made


def _next(period: str) -> str:
    year, month = (int(x) for x in period.split("-"))
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}"


def _percentile(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
