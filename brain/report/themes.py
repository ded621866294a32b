"""The themes of the report: what the district's stations measured over the month, and what the alerts said.

A theme without data is not left out: it is named among what is missing, with how many stations should have spoken. What a
theme's section holds, its entry in themes.toml says: `report` names the parts, `PARTS` makes them, `theme_tables` prints them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import psycopg

from brain import rowwise
from brain.catalog import Catalog, SensorKind, Theme
from brain.catalog.records import Target
from brain.flow.measured import online
from brain.model import Level
from brain.report import text
from brain.report.facts import Window
from brain.report.outlets import outlets
from brain.rules import air_quality, water_quality
from brain.rules.online_rate import Tally
from brain.store import db

CLASS_KINDS = ("ph", "dissolved_oxygen", "codmn", "ammonia", "total_phosphorus")
GOOD = 2  # a section of class Ⅰ or Ⅱ needs no culprit
DAY_HOURS = 20  # GB 3095-2026 table 4: a daily mean wants 20 hourly means
EIGHT_HOURS = 6  # and an 8-hour mean 6 of its hours
WORST = 5  # cameras named as those that were online least


def gather(
    conn: psycopg.Connection, catalog: Catalog, spans: dict[str, Window]
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """(themes, missing): the sections that have data, and a sentence for each that has none."""
    now, last = spans["this"], spans["last"]
    heard = {r["theme"]: r for r in db.many(conn, "report_stations", since=now.since, until=now.until)}
    themes: dict[str, Any] = {}
    missing = []
    for key, theme in catalog.themes.items():
        span = replace(now, lost=[])
        row = heard.get(key, {"stations": 0, "heard": 0})
        if row["heard"]:
            themes[key] = {
                "label": theme.label, "order": theme.order, "stations": row["stations"], "heard": row["heard"],
                "unit": theme.unit, "parts": list(theme.report),
            }  # fmt: skip
            failed: list[str] = []
            for part in theme.report:
                make = partial(_part, conn, catalog, theme, part, span, last)
                found = rowwise.whole(make, f"月报 {key} {part}", None)
                themes[key] = (found or {}) | themes[key]
                failed += [part] if found is None else []
            if failed or span.lost:
                themes[key]["lost"] = {"parts": failed, "stations": sorted(set(span.lost))}
        if row["heard"] < row["stations"]:
            lost = row["stations"] - row["heard"]
            says = "本月没有数据" if not row["heard"] else f" {text.count(lost)} {theme.unit}本月没有数据"
            missing.append(
                {"key": key, "label": theme.label, "says": f"{theme.label}{says}", "whole": not row["heard"]}
            )
        if not row["stations"]:
            missing.append({"key": key, "label": theme.label, "says": f"{theme.label}没有站点", "whole": False})
    return themes, missing


def _part(conn: psycopg.Connection, catalog: Catalog, theme: Theme, part: str, now: Window, last: Window) -> dict[str, Any]:
    return _sound(PARTS[part](conn, catalog, theme, now, last), now.lost)


def _sound(said: dict[str, Any], lost: list[str]) -> dict[str, Any]:
    """What a part found, without rows that hold a number which is none; their names go to `lost`. Raises ValueError where such a
    number stands in no row."""
    kept: dict[str, Any] = {}
    for key, value in said.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value, gone = rowwise.sound(value, lambda row: row, f"月报 {key}", "name")
            lost += gone
        kept[key] = rowwise.sayable(value)
    return kept


def _readings(conn: psycopg.Connection, theme: str, kinds: list[str], span: Window) -> dict[str, dict[str, Any]]:
    """{station: {"row": first row, "kinds": {kind: row}}}; what is no number is left out, and named in `span.lost`."""
    found: dict[str, dict[str, Any]] = {}
    rows = db.many(conn, "report_readings", theme=theme, kinds=kinds, since=span.since, until=span.until)
    sound, lost = rowwise.sound(rows, lambda row: row, "月报读数", "name")
    span.lost.extend(lost)
    for row in sound:
        found.setdefault(row["id"], {"row": row, "kinds": {}})["kinds"][row["kind"]] = row
    return found


def _class(found: dict[str, Any] | None) -> water_quality.Judged | None:
    if not found:
        return None
    values = {kind: row["mean"] for kind, row in found["kinds"].items() if row["mean"] is not None}
    lake = bool(found["row"]["params"].get("lake"))
    return water_quality.judge(values, lake=lake, items=CLASS_KINDS)


def water_class(conn: psycopg.Connection, catalog: Catalog, theme: Theme, now: Window, last: Window) -> dict[str, Any]:
    """Class of each section by the month's mean (GB 3838-2002, single factor) against its target and last month."""
    this = _readings(conn, theme.key, list(CLASS_KINDS), now)
    before = _readings(conn, theme.key, list(CLASS_KINDS), last)
    sections = []
    for station, found in this.items():
        judged = _class(found)
        if judged is None:
            continue
        was = _class(before.get(station))
        target = found["row"]["params"].get("target")
        sections.append(
            {
                "id": station,
                "name": found["row"]["name"],
                "class": judged.cls,
                "class_text": catalog.words.of("water_class", judged.cls),
                "last": was.cls if was else None,
                "last_text": catalog.words.of("water_class", was.cls) if was else text.DASH,
                "target": target,
                "target_text": catalog.words.of("water_class", target) if target else text.DASH,
                "met": None if not target else judged.cls <= target,
                "worst": [catalog.kinds[k].label for k in judged.worst] if judged.cls > GOOD else [],
                "days": max(r["days"] for r in found["kinds"].values()),
                "origin": found["row"]["origin"],
            }
        )
    return {
        "sections": sections,
        "good": sum(s["class"] <= 3 for s in sections),
        "met": sum(s["met"] is True for s in sections),
        "with_target": sum(s["met"] is not None for s in sections),
        "rivers": _rivers(catalog, this, sections),
        "statement": "report_readings",
    }


def _rivers(catalog: Catalog, found: dict[str, dict[str, Any]], sections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rivers (`params.river`) with sections enough for a state of the whole (环办〔2011〕22号: five), lakes left out."""
    classes: dict[str, list[int]] = defaultdict(list)
    for section in sections:
        params = found[section["id"]]["row"]["params"]
        if params.get("river") and not params.get("lake"):
            classes[params["river"]].append(section["class"])
    states = {river: water_quality.river_state(those) for river, those in sorted(classes.items())}
    return [
        {
            "name": river,
            "sections": len(classes[river]),
            "good": sum(cls <= 3 for cls in classes[river]),
            "state": state,
            "state_text": catalog.words.of("river_state", state),
        }
        for river, state in states.items()
        if state
    ]


def water_levels(conn: psycopg.Connection, catalog: Catalog, theme: Theme, now: Window, last: Window) -> dict[str, Any]:
    """The highest level of each gauge against its 警戒 level."""
    levels = []
    for station, found in _readings(conn, theme.key, ["water_level"], now).items():
        row, params = found["kinds"]["water_level"], found["row"]["params"]
        warn = params.get("warning", params.get("limits", {}).get("water_level", {}).get("yellow"))
        levels.append(
            {
                "id": station,
                "name": row["name"],
                "high": row["high"],
                "high_text": catalog.kinds["water_level"].text(row["high"]),
                "warn": warn,
                "warn_text": catalog.kinds["water_level"].text(warn) if warn is not None else text.DASH,
                "over": None if warn is None else row["high"] >= warn,
                "origin": row["origin"],
            }
        )
    return {"levels": levels, "statement": "report_readings"}


def rain_sums(conn: psycopg.Connection, catalog: Catalog, theme: Theme, now: Window, last: Window) -> dict[str, Any]:
    """Month's rain at each gauge (sum of the last one-hour amount of each hour), greatest hour and day.

    Why a total may be withheld: a series played back faster than it was measured puts several hours into one; the sum
    of such hours would be a number without meaning.
    """
    hours = {r["id"]: r for r in db.many(conn, "report_rain_hours", theme=theme.key, since=now.since, until=now.until)}
    period = catalog.kinds["rain_1h"].period_s
    gauges = []
    for station, found in _readings(conn, theme.key, ["rain_1h", "rain_24h"], now).items():
        row = hours.get(station)
        usual = row if row is not None and row["n"] <= 2 * row["hours"] * max(1.0, 3600 / period) else None
        top = {k: found["kinds"][k]["high"] for k in ("rain_1h", "rain_24h") if k in found["kinds"]}
        gauges.append(
            {
                "id": station,
                "name": found["row"]["name"],
                "total": round(usual["total"], 1) if usual else None,
                "total_text": text.fixed(usual["total"]) if usual else text.DASH,
                "hours": row["hours"] if row else 0,
                "max_1h": top.get("rain_1h"),
                "max_1h_text": text.fixed(top.get("rain_1h")),
                "max_24h": top.get("rain_24h"),
                "max_24h_text": text.fixed(top.get("rain_24h")),
                "origin": found["row"]["origin"],
            }
        )
    gauges.sort(key=lambda g: -(g["max_24h"] or 0))
    fast = [g for g in gauges if g["total"] is None]
    return {"gauges": gauges, "without_total": len(fast), "statement": "report_rain_hours"}


def air_days(conn: psycopg.Connection, catalog: Catalog, theme: Theme, now: Window, last: Window) -> dict[str, Any]:
    """Days by air quality level (HJ 633, judged by the edition of each day) from the district's hourly means."""
    days = _air_days(conn, theme, now)
    indices = [d["aqi"] for d in days]
    good, valid = air_quality.good_days(indices)
    before = air_quality.good_days([d["aqi"] for d in _air_days(conn, theme, last)])
    share, was = good / valid if valid else None, before[0] / before[1] if before[1] else None
    levels: dict[int, int] = defaultdict(int)
    causes: dict[str, int] = defaultdict(int)
    composite = _composite(days)
    for d in days:
        if d["aqi"] is not None:
            levels[air_quality.level_of(d["aqi"])] += 1
            for item in d["primary"]:
                causes[item] += 1
    return {
        "days": days,
        "good": good,
        "valid": valid,
        "invalid": len(days) - valid,
        "share": share,
        "share_text": text.rate(share),
        "mom": text.rate_change(share, was),
        "levels": [
            {"level": n, "word": catalog.words.of("aqi_level", n), "days": levels[n]} for n in range(1, 7) if levels[n]
        ],
        "causes": [
            {"kind": k, "label": catalog.kinds[k].label, "days": n}
            for k, n in sorted(causes.items(), key=lambda x: -x[1])
        ],
        "standards": sorted({d["standard"] for d in days}),
        "composite": composite,
        "composite_text": text.DASH if composite is None else f"{composite:.2f}",
        "statement": "report_air_hours",
    }


def _air_days(conn: psycopg.Connection, theme: Theme, span: Window) -> list[dict[str, Any]]:
    hours: dict[Any, dict[str, dict[datetime, float]]] = defaultdict(lambda: defaultdict(dict))
    items = list(air_quality.ITEMS)
    for row in db.many(conn, "report_air_hours", theme=theme.key, kinds=items, since=span.since, until=span.until):
        hours[text.local(row["hour"]).date()][row["kind"]][row["hour"]] = row["mean"]
    found = []
    for day, kinds in sorted(hours.items()):
        values = {k: sum(v.values()) / len(v) for k, v in kinds.items() if k != "o3" and len(v) >= DAY_HOURS}
        ozone = _eight_hours(kinds.get("o3", {}))
        if ozone is not None and len(kinds["o3"]) >= DAY_HOURS:
            values["o3"] = ozone
        judged = air_quality.judge(values, day, hourly=False) if values else None
        found.append(
            {
                "day": day.isoformat(),
                "aqi": judged.aqi if judged else None,
                "primary": list(judged.primary) if judged else [],
                "hours": max(len(v) for v in kinds.values()),
                "standard": air_quality.standard_of(day),
                "values": {kind: round(value, 3) for kind, value in values.items()},
            }
        )
    return found


def _composite(days: list[dict[str, Any]]) -> float | None:
    """综合指数 of the month (HJ 663, limits of GB 3095-2026 in force on its last day), from valid days of each item."""
    means: dict[str, float] = {}
    for item in air_quality.ITEMS:
        values = [d["values"][item] for d in days if item in d["values"]]
        share = {"co": 0.95, "o3": 0.9}.get(item)
        found = air_quality.percentile(values, share) if share else sum(values) / len(values) if values else None
        if found is not None:
            means[item] = found
    return air_quality.composite(means, date.fromisoformat(days[-1]["day"])) if days else None


def _eight_hours(values: dict[datetime, float]) -> float | None:
    """Daily maximum 8-hour mean of ozone; an 8-hour mean wants six of its hours."""
    means = []
    for end in values:
        part = [v for at, v in values.items() if end - timedelta(hours=8) < at <= end]
        if len(part) >= EIGHT_HOURS:
            means.append(sum(part) / len(part))
    return max(means, default=None)


def online_rate(conn: psycopg.Connection, catalog: Catalog, theme: Theme, now: Window, last: Window) -> dict[str, Any]:
    """Online rate weighted by time, in all and by the organisation that owns the cameras; those that were online least."""
    names = {r["id"]: r["name"] for r in online.cameras_of(conn, [theme])}
    tallies, before = (
        {key: tally for key, tally in _online(conn, catalog, w, w is now).items() if key in names} for w in (now, last)
    )
    whole, was = sum(tallies.values(), Tally()), sum(before.values(), Tally())
    target = catalog.targets.get("camera_online_rate")
    worst = sorted((t.rate, key) for key, t in tallies.items() if t.rate is not None and t.outages)[:WORST]
    orgs = [
        _rates(sum(own.values(), Tally()), target)
        | {"org": org, "name": _org(catalog, org), "cameras": len(own), "due": sum(t.rate is not None for t in own.values())}
        for org, own in online.by_org(conn, catalog, tallies).items()
    ]
    return _rates(whole, target) | {
        "mom": text.rate_change(whole.rate, was.rate),
        "target_text": f"≥ {text.rate(target.goal)}" if target else text.DASH,
        "orgs": sorted(orgs, key=lambda r: (r["share"] is None, r["share"], r["name"])),
        "worst": [{"id": key, "name": names[key]} | _rates(tallies[key], target) for _, key in worst],
        "definition": _defined(catalog, theme),
        "statement": "online_heard",
    }


def _online(conn: psycopg.Connection, catalog: Catalog, span: Window, this: bool) -> dict[str, Tally]:
    """Of time that is over, the words after it are known, too."""
    known = span.until if this and span.partial else span.until + timedelta(days=1)
    return online.over(conn, catalog, span.since, span.until, known)


def _rates(times: Tally, target: Target | None) -> dict[str, Any]:
    return {
        "share": times.rate,
        "share_text": text.rate(times.rate),
        "good_text": text.rate(times.good_rate),
        "outages": times.outages,
        "colour": target.colour(times.rate) if target else None,
    }


def _org(catalog: Catalog, key: str | None) -> str:
    found = catalog.departments.get(key or "")
    return found.short if found else key or text.DASH


def _defined(catalog: Catalog, theme: Theme) -> str:
    """What the rate means, in the words of the catalog's own limits."""
    guard, silence = (limit.total_seconds() / 60 for limit in online.limits(catalog, theme))
    return (
        f"在线率＝Σ在线时长÷Σ应在线时长；超过 {silence:g} 分钟没有心跳算离线，短于 {guard:g} 分钟的中断不计，"
        "维护时段不计入应在线时长；完好率再扣除图像异常的时长"
    )


def ponding(conn: psycopg.Connection, catalog: Catalog, theme: Theme, now: Window, last: Window) -> dict[str, Any]:
    """Ponding places that raised alerts, and the deepest water."""
    rows = db.many(conn, "report_ponding", theme=theme.key, since=now.since, until=now.until)
    deepest = _readings(conn, theme.key, ["pond_depth"], now)
    high = {k: f["kinds"]["pond_depth"]["high"] for k, f in deepest.items()}
    kind = catalog.kinds["pond_depth"]
    places = [
        {
            "id": r["id"],
            "name": r["name"],
            "n": r["n"],
            "peak": Level(r["peak"]).key,
            "peak_text": catalog.words.of("level", Level(r["peak"])),
            "depth": high.get(r["id"]),
            "depth_text": kind.text(high[r["id"]]) if r["id"] in high else text.DASH,
        }
        for r in rows
    ]
    return {"places": places, "alerts": sum(p["n"] for p in places), "statement": "report_ponding"}


def hotspots(conn: psycopg.Connection, catalog: Catalog, theme: Theme, now: Window, last: Window) -> dict[str, Any]:
    """Satellite hot spots seen and the strongest of them."""
    found = _readings(conn, theme.key, ["hotspot"], now)
    spots = [f["kinds"]["hotspot"] for f in found.values()]
    top = max((r["high"] for r in spots), default=None)
    kind = catalog.kinds["hotspot"]
    return {
        "hotspots": sum(r["n"] for r in spots),
        "cells": len(spots),
        "strongest_text": kind.text(top) if top is not None else text.DASH,
        "statement": "report_readings",
    }


def extremes(conn: psycopg.Connection, catalog: Catalog, theme: Theme, now: Window, last: Window) -> dict[str, Any]:
    """Mean, highest and lowest of each leading kind at each station: what can be said of any theme."""
    rows = []
    for station, found in _readings(conn, theme.key, list(theme.leads), now).items():
        for kind in (catalog.kinds[k] for k in theme.leads if k in found["kinds"]):
            row = found["kinds"][kind.key]
            rows.append(
                {"id": station, "name": row["name"], "kind": kind.key, "label": kind.label, "days": row["days"]}
                | {k: row[k] for k in ("mean", "high", "low")}
                | {"mean_text": _mean(kind, row["mean"])}
                | {f"{k}_text": text.DASH if row[k] is None else kind.text(row[k]) for k in ("high", "low")}
            )
    return {"extremes": rows, "statement": "report_readings"}


def _mean(kind: SensorKind, value: float | None) -> str:
    """A mean with its unit; that of states is no state, and has no word."""
    if value is None or kind.words:
        return text.DASH
    return kind.text(value)


Part = Callable[[psycopg.Connection, Catalog, Theme, Window, Window], dict[str, Any]]
PARTS: dict[str, Part] = {
    "water_class": water_class, "water_levels": water_levels, "rain_sums": rain_sums, "air_days": air_days,
    "online": online_rate, "ponding": ponding, "hotspots": hotspots, "outlets": outlets, "extremes": extremes,
}  # fmt: skip
"""Parts of a theme's section by the names of themes.toml: (conn, catalog, theme, this month, last month) → their numbers."""


def alerts(conn: psycopg.Connection, catalog: Catalog, span: Window) -> dict[str, Any]:
    """Alerts by theme and level, median times until acknowledged and until cleared."""
    rows = db.many(conn, "report_alerts", since=span.since, until=span.until)
    table, lost = rowwise.sound(rows, lambda r: _alerts(catalog, r), "月报告警", "theme")
    return {"rows": table, "lost": lost, "total": sum(r["n"] for r in table), "statement": "report_alerts"}


def _alerts(catalog: Catalog, r: dict[str, Any]) -> dict[str, Any]:
    return {
        "theme": r["theme"],
        "label": catalog.theme_label(r["theme"]),
        "level": Level(r["level"]).key,
        "level_text": catalog.words.of("level", Level(r["level"])),
        "n": r["n"],
        "acked": r["acked"],
        "events": r["opened_events"],
        "cleared": r["cleared"],
        "ack_text": text.lasting(float(r["ack_s"])) if r["ack_s"] is not None else text.DASH,
        "stood_text": text.lasting(float(r["stood_s"])) if r["stood_s"] is not None else text.DASH,
    }
