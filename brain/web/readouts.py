"""From rows to what a person reads: the words beside a station, the time left of an event, which series a card shows.

Pure: rows, catalog and the time go in. Standards are judged by `brain.rules`; nothing here has a limit of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from brain import rowwise
from brain.catalog import Catalog
from brain.flow.events.clocks import RUNS_IN, STAGE_OF
from brain.model import TRUSTED, Level, Limit, State
from brain.rules import air_quality, sla, water_quality

CLASS_SIGN = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ", 5: "Ⅴ", 6: "劣Ⅴ"}


# Stations -------------------------------------------------------------------------------------------------------------
def values_of(station: Mapping[str, Any]) -> dict[str, float]:
    """Newest trusted value of each kind of a station."""
    found = station["readings"] or {}
    return {kind: value for kind, (value, _, quality) in found.items() if quality in TRUSTED}


def silent(station: Mapping[str, Any], catalog: Catalog, now: datetime) -> bool:
    """No reading within the silence limit of any of its kinds, none ever, or one that itself says it is off (a camera). Kinds
    without a limit count only where it has no others: a battery's level does not keep its gauge awake."""
    readings, theme = station["readings"] or {}, catalog.themes.get(station["theme"])
    if theme and theme.online in readings:
        value, at, _ = readings[theme.online]
        return value < 0.5 or _older(at, now, catalog.kinds[theme.online].silence_s)
    known = [(catalog.kinds[kind].silence_s, at) for kind, (_, at, _) in readings.items() if kind in catalog.kinds]
    bound = [(limit, at) for limit, at in known if limit is not None]
    return all(_older(at, now, limit) for limit, at in bound or known)


def _older(at: str | datetime, now: datetime, seconds: int | None) -> bool:
    seen = datetime.fromisoformat(at) if isinstance(at, str) else at
    return seconds is not None and now - seen > timedelta(seconds=seconds)


def water_class(station: Mapping[str, Any]) -> water_quality.Judged | None:
    """Class of a section by its newest values (GB 3838-2002); None where it measures none of the items."""
    return water_quality.judge(values_of(station), lake=bool(station["params"].get("lake")))


def air_index(station: Mapping[str, Any], now: datetime) -> air_quality.Judged | None:
    """Hourly AQI of a station by its newest values (HJ 633-2026); None where it measures none of the items."""
    values = {k: v for k, v in values_of(station).items() if k in air_quality.ITEMS}
    return air_quality.judge(values, now.date(), hourly=True) if values else None


def label(station: Mapping[str, Any], catalog: Catalog, now: datetime, *, most: int = 2) -> str:
    """What a station measures now, in a few words."""
    parts: list[str] = []
    theme, values = catalog.themes.get(station["theme"]), values_of(station)
    index = theme.index if theme else ""
    if index == "water_class" and (judged := water_class(station)):
        parts.append(catalog.words.of("water_class", judged.cls))
    if index == "aqi" and (found := air_index(station, now)) and found.aqi is not None:
        parts.append(f"AQI {found.aqi} {catalog.words.of('aqi_level', found.level)}")
    for kind in theme.leads if theme else ():
        if kind in values and len(parts) < most:
            entry = catalog.kinds[kind]
            parts.append(entry.text(values[kind]) if entry.words else f"{entry.label} {entry.text(values[kind])}")
    if silent(station, catalog, now):
        return "离线" if theme and theme.online else ("无数据" if not parts else "超时未报 · " + " · ".join(parts))
    return " · ".join(parts)


LABELS_FOR = timedelta(seconds=10)
"""How long the words beside a station stand while its state is the same: they are read by pointing at it, and every
new word would have the whole map drawn anew."""


def told(
    stations: Mapping[str, dict[str, Any]],
    before: Mapping[str, dict[str, Any]],
    alerts: Iterable[Mapping[str, Any]],
    catalog: Catalog,
    now: datetime,
) -> dict[str, dict[str, Any]]:
    """Stations with level (key of the worst open alert, '' for none), stale and label; `before` are those of the last
    moment."""
    worst: dict[str, int] = {}
    for alert in alerts:
        worst[alert["station"]] = min(worst.get(alert["station"], 9), alert["level"])
    found = {}
    for key, row in stations.items():
        try:
            state = {"level": Level(worst[key]).key if key in worst else "", "stale": silent(row, catalog, now)}
            values_of(row)
        except Exception:  # its readings are of no shape: it stands there without them
            rowwise.log_broken("测站", key)
            found[key] = row | {"readings": None, "level": "", "stale": True, "label": rowwise.LOST, "labelled_at": now}
            continue
        was = before.get(key)
        if was and was["stale"] == state["stale"] and now - was["labelled_at"] < LABELS_FOR:
            words = {"label": was["label"], "labelled_at": was["labelled_at"]}
        else:
            words = {"label": rowwise.whole(lambda row=row: label(row, catalog, now), f"测站 {key}", rowwise.LOST), "labelled_at": now}
        found[key] = row | state | words
    return found


# Alerts ---------------------------------------------------------------------------------------------------------------
def beside(alert: Mapping[str, Any], catalog: Catalog) -> str:
    """The words beside an alert's mark on the map: place, and below it the value."""
    kind, name = catalog.kinds.get(alert["kind"]), short(alert["name"])
    return name if kind is None or alert["value"] is None else f"{name}<br>{kind.text(alert['value'])}"


def short(name: str) -> str:
    """A station's name without what stands in brackets."""
    return name.split("（")[0]


def number(ident: str) -> str:
    """An event's number as a list has room for: month, day and serial of the day (serials begin anew every day)."""
    return f"{ident[10:14]}-{ident[14:]}" if len(ident) == 19 else ident


# Public warnings -------------------------------------------------------------------------------------------------------
def warning_ident(warning: Mapping[str, Any]) -> str:
    """Sender and identifier as one word; neither may hold a comma (CAP 1.2)."""
    return f"{warning['sender']},{warning['identifier']}"


def warning_key(ident: str) -> tuple[str, str]:
    """(sender, identifier) of such a word."""
    sender, _, identifier = ident.partition(",")
    return sender, identifier


def warning_kind(warning: Mapping[str, Any]) -> str:
    """What it warns of: 暴雨预警."""
    return warning["event"] if "预警" in warning["event"] else warning["event"] + "预警"


def warning_level(warning: Mapping[str, Any], catalog: Catalog) -> str:
    """The official colour word; 未分级 for white ones and those that name no colour."""
    return catalog.words.of("level", Level(warning["level"]).key) if warning["level"] else "未分级"


def warning_title(warning: Mapping[str, Any], catalog: Catalog) -> str:
    """暴雨橙色预警, as it is said."""
    kind = warning_kind(warning)
    if not warning["level"] or "色预警" in kind:
        return kind
    return kind.replace("预警", warning_level(warning, catalog) + "预警", 1)


def warning_others(warning: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of a warning (`rules.public_warnings`) besides the one whose words and level it bears."""
    area = warning["area"]
    parts = area.get("parts") if isinstance(area, Mapping) else None
    keys = ("level", "event", "headline", "description", "instruction")
    return [part for part in parts or () if any(part[key] != warning[key] for key in keys)]


def warning_more(warning: Mapping[str, Any], catalog: Catalog) -> list[str]:
    """What its other parts say in a few words each: 暴雨橙色预警（甲区）."""
    return [
        warning_title(part, catalog) + (f"（{'、'.join(desc)}）" if (desc := part["area"]["desc"]) else "")
        for part in warning_others(warning)
    ]


# Events ---------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Left:
    """What an event still has: `share` of the limit used (1 is over), its colour (green, yellow, orange, red), the
    post that owes (a key of the words `stage`), and when it is due."""

    due: datetime
    share: float
    colour: str
    stage: str
    seconds: float

    @property
    def late(self) -> bool:
        return self.seconds < 0


def due_of(event: Mapping[str, Any]) -> tuple[datetime, str] | None:
    """(due, stage) of the nearer of the two limits that run: of the present post, and of handling. None: no clock runs."""
    state = State(event["state"])
    running = []
    if event["stage_due_at"] and state in STAGE_OF:
        running.append((event["stage_due_at"], STAGE_OF[state]))
    if event["due_at"] and state in RUNS_IN:
        running.append((event["due_at"], "handle"))
    return min(running, default=None)


def is_late(event: Mapping[str, Any], now: datetime) -> bool:
    found = due_of(event)
    return found is not None and found[0] < now


def left(event: Mapping[str, Any], now: datetime, catalog: Catalog) -> Left | None:
    """What the event still has of the limit that ends first."""
    found = due_of(event)
    if found is None:
        return None
    due, stage = found
    if stage == "handle" and event["limit_clock"]:
        limit = Limit(event["limit_clock"], event["limit_amount"])
    else:
        limit = catalog.stage_limits.get(stage)
    share = sla.used_until(due, now, limit, catalog.calendar) if limit else float(due < now)
    colour = "red" if due < now else sla.colour(min(share, 1.0))
    return Left(due, max(share, 0.0), colour, stage, (due - now).total_seconds())


def span(seconds: float) -> str:
    """A length of time as a person says it: 不到 1 分钟, 24 分钟, 5 小时 10 分, 1.4 天."""
    seconds = abs(seconds)
    if seconds < 60:
        return "不到 1 分钟"
    if seconds < 3600:
        return f"{int(seconds // 60)} 分钟"
    if seconds < 24 * 3600:
        minutes = int(seconds % 3600 // 60)
        return f"{int(seconds // 3600)} 小时" + (f" {minutes} 分" if minutes else "")
    return f"{seconds / 86400:.1f} 天"


def left_words(found: Left) -> str:
    return f"超期 {span(found.seconds)}" if found.late else f"剩 {span(found.seconds)}"
