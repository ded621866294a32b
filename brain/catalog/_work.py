"""workflow.toml, kpi.toml, calendar.toml, plans.toml and duties.toml: how and when people and the engine work."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import chinese_calendar
from chinese_calendar import constants

from brain.catalog._toml import Entry
from brain.catalog._words import STAGES, TELLS
from brain.catalog.records import AlertLadder, BadCatalog, DutyLimits, Practice, Target, Weight, Words, WorkDays
from brain.catalog.theme_records import Theme
from brain.city import AHEAD
from brain.model import Level, Limit

REPORT_KEYS = (
    "rank_min",
    "change_min",
    "flat",
    "clear",
    "repeat_m",
    "repeat_times",
    "repeat_days",
    "burst_sigma",
    "burst_weeks",
    "hot_share",
    "hot_min",
    "outage_s",
)


def workflow(
    top: Entry, words: Words
) -> tuple[Practice, dict[str, Limit], dict[str, list[dict[str, Any]]], dict[Level, AlertLadder]]:
    practice_table = top.table("practice")
    numbers = {
        name: practice_table.take(name, kind)
        for name, kind in (
            ("near_m", float),
            ("reopen_days", int),
            ("max_returns", int),
            ("max_extensions", int),
            ("max_suspensions", int),
            ("max_suspend_days", int),
            ("duplicate_m", float),
            ("duplicate_flood_m", float),
            ("duplicate_hours", float),
            ("propose_close_min", float),
        )
    }
    for name, value in numbers.items():
        if value < 0:
            raise practice_table.wrong(name, f"不能是负数，现在是 {value}")
    lists = {
        name: practice_table.texts(name)
        for name in ("register_conditions", "close_conditions", "return_reasons", "decline_reasons")
    }
    for name, values in lists.items():
        if not values:
            raise practice_table.wrong(name, "清单不能为空，请至少写一条")
    practice_table.done()

    stage_table = top.table("stage")
    stages = {name: stage_table.limit(name) for name in STAGES}
    stage_table.done()

    ladder_table = top.table("ladder")
    ladders = {
        key: _ladder(ladder_table, key) for key in ("default", *(level.key for level in Level)) if ladder_table.has(key)
    }
    if "default" not in ladders:
        raise ladder_table.wrong("default", "缺少默认升级梯子，请补上 default = [ … ]")
    ladder_table.done()

    alert_table = top.table("alert")
    alerts = {}
    for level in sorted(Level):
        entry = alert_table.table(level.key)
        alerts[level] = AlertLadder(
            name=entry.take("name", str),
            tells=tuple(entry.texts("tells")),
            ack_min=entry.take("ack_min", int),
            then=entry.one_of("then", ("repeat", *(lv.key for lv in Level))),
        )
        for who in alerts[level].tells:
            if who not in TELLS:
                raise entry.wrong("tells", f"“{who}”不在 {'、'.join(TELLS)} 之中")
        entry.done()
    alert_table.done()
    top.done()
    practice = Practice(
        **numbers,
        register_conditions=lists["register_conditions"],
        close_conditions=lists["close_conditions"],
        return_reasons=lists["return_reasons"],
        decline_reasons=lists["decline_reasons"],
    )
    return practice, stages, ladders, alerts


def _ladder(table: Entry, key: str) -> list[dict[str, Any]]:
    rungs: list[dict[str, Any]] = []
    for number, raw in enumerate(table.take(key, list), 1):
        entry = Entry(table.file, f"{table.key}.{key} 第 {number} 级", raw)
        rung: dict[str, Any] = {}
        names = [name for name in ("after_fraction", "after_min") if entry.has(name)]
        if len(names) != 1:
            raise entry.wrong("", "after_fraction（时限比例）和 after_min（分钟）写且只写一个")
        rung[names[0]] = entry.take(names[0], float)
        rung["who"] = entry.one_of("who", TELLS)
        entry.done()
        if rungs and names[0] in rungs[-1] and rungs[-1][names[0]] >= rung[names[0]]:
            raise entry.wrong(names[0], "每一级都应比上一级晚，请按从早到晚排列")
        rungs.append(rung)
    return rungs


def kpi(top: Entry) -> tuple[dict[str, Target], dict[str, tuple[Weight, ...]], dict[str, float]]:
    targets = {}
    for key, entry in top.entries("target").items():
        target = Target(
            goal=entry.take("goal", float),
            yellow=entry.take("yellow", float),
            red=entry.take("red", float),
            better=entry.one_of("better", ("high", "low")),
        )
        entry.done()
        right = target.yellow >= target.red if target.better == "high" else target.yellow <= target.red
        if not right:
            raise entry.wrong("red", "红色限应比黄色限更差（high 时更小，low 时更大）")
        targets[key] = target
    cards = {}
    card_table = top.table("scorecard")
    for key, rows in card_table.items().items():
        lines = []
        for number, raw in enumerate(rows, 1):
            entry = Entry(top.file, f"scorecard.{key} 第 {number} 项", raw)
            lines.append(
                Weight(entry.take("kpi", str), entry.take("weight", float), entry.take("inverse", bool, False))
            )
            entry.done()
        total = sum(line.weight for line in lines)
        if abs(total - 100) > 1e-9:
            raise BadCatalog(f"kpi.toml 的 scorecard.{key}：权重合计 {total:g}，应为 100，请调整")
        cards[key] = tuple(lines)
    report_table = top.table("report")
    report = {name: report_table.take(name, float) for name in REPORT_KEYS}
    report_table.done()
    top.done()
    return targets, cards, report


# Calendar -----------------------------------------------------------------------------------------------------------
def _library() -> tuple[dict[date, str], set[date], date, date]:
    """Weekdays off with their names, weekend days worked, and the years both are known for.

    Why whole years: the library lists only the days that differ from the plain week, so its last year is known to its
    end although its last entry is in October.
    """
    off = {
        day: getattr(constants.holidays[day], "value", str(constants.holidays[day]))
        for day in constants.holidays
        if day.weekday() < 5
    }
    worked = {day for day in constants.workdays if day.weekday() >= 5}
    years = [day.year for day in constants.holidays]
    return off, worked, date(min(years), 1, 1), date(max(years), 12, 31)


def _days(top: Entry, name: str) -> dict[date, str]:
    table = top.table(name, {})
    found = {}
    for key, word in table.items().items():
        try:
            found[date.fromisoformat(key)] = str(word)
        except ValueError:
            raise table.wrong(key, '日期应写成 "2027-01-01"') from None
    return found


def calendar(top: Entry) -> WorkDays:
    """Working windows, and the library's holidays corrected by the days a person has entered."""
    offset = top.take("utc_offset_hours", float, AHEAD / timedelta(hours=1))
    windows = []
    for pair in top.take("windows", list):
        try:
            start, end = (time.fromisoformat(text) for text in pair)
        except (TypeError, ValueError):
            raise top.wrong("windows", f'{pair!r} 应写成 ["08:00", "12:00"]') from None
        if start >= end or (windows and windows[-1][1] > start):
            raise top.wrong("windows", f"{pair!r} 与前一段重叠或起止颠倒，请按先后排列")
        windows.append((start, end))
    if not windows:
        raise top.wrong("windows", "至少要有一个工作时段")
    names, worked, known_from, known_to = _library()
    extra_off, extra_on = _days(top, "holidays"), _days(top, "workdays")
    both = sorted(set(extra_off) & set(extra_on))
    if both:
        raise BadCatalog(f"calendar.toml：{both[0]} 同时写在 holidays 和 workdays，请删去一处")
    top.done()
    off = {day: name for day, name in (names | extra_off).items() if day not in extra_on}
    on = (worked | set(extra_on)) - set(extra_off)
    return WorkDays(
        windows=tuple(windows),
        holidays=frozenset(off),
        workdays=frozenset(on),
        known_from=known_from,
        known_to=known_to,
        utc_offset=timedelta(hours=offset),
        names=off | extra_on,
    )


def library_version() -> str:
    """What the holidays come from, for the administration page."""
    return f"chinesecalendar {getattr(chinese_calendar, '__version__', '')}".strip()


# Plans --------------------------------------------------------------------------------------------------------------
def plans(top: Entry, themes: dict[str, Theme]) -> dict[str, dict[str, tuple[str, ...]]]:
    found = {}
    for theme, entry in {key: top.table(key) for key in themes if top.has(key)}.items():
        found[theme] = {level.key: entry.texts(level.key, []) for level in sorted(Level)}
        entry.done()
    top.done()
    return found


# Duties -------------------------------------------------------------------------------------------------------------
def duties(top: Entry) -> tuple[DutyLimits, dict[str, DutyLimits]]:
    """The limits of any duty, and those of the duties that have their own. What duties there are only the engine knows."""
    table = top.table("any")
    any_duty = _limits(table, None)
    found = {name: _limits(entry, any_duty) for name, entry in top.entries("duty", {}).items()}
    top.done()
    return any_duty, found


def _limits(entry: Entry, usual: DutyLimits | None) -> DutyLimits:
    given = (entry.take(name, kind, *((getattr(usual, name),) if usual else ())) for name, kind in _LIMITS)
    limits = DutyLimits(*given, every_s=entry.take("every_s", float, None) if usual else None)
    if not 0 < limits.timeout_s <= 3600:
        raise entry.wrong("timeout_s", f"应在 0 到 3600 秒之间，现在是 {limits.timeout_s:g}")
    if not limits.retry_s or not all(type(s) in (int, float) and s > 0 for s in limits.retry_s):
        raise entry.wrong("retry_s", "应是一串大于 0 的秒数，如 [1, 5, 15, 60]")
    if not 0 < limits.max_share <= 1:
        raise entry.wrong("max_share", f"应大于 0、不超过 1，现在是 {limits.max_share:g}")
    if limits.every_s is not None and not 0 < limits.every_s <= 86400:
        raise entry.wrong("every_s", f"应在 0 到 86400 秒之间，现在是 {limits.every_s:g}")
    entry.done()
    return replace(limits, retry_s=tuple(map(float, limits.retry_s)))


_LIMITS = (("timeout_s", float), ("retry_s", list), ("max_share", float))
