"""Readings a step apart, judged one instant after the other as they would come."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from brain.catalog import load
from brain.model import Judgement, Quality, Reading, RuleState, Station
from brain.rules import thresholds

CATALOG = load()
BEIJING = timezone(timedelta(hours=8))
START = datetime(2026, 9, 3, 10, tzinfo=BEIJING)
NOTHING = RuleState()
CLASS = ("water_class", "class")
CLEAN = {"ph": 7.0, "dissolved_oxygen": 8.0, "codmn": 1.5, "ammonia": 0.1, "total_phosphorus": 0.02}
HOTSPOT = ("hotspot", "hotspot")
STUCK = ("device", "stuck_water")
SUSPECT = ("device", "suspect_water")
CALM = {"water_temp": 28.0, "dissolved_oxygen": 6.0, "ammonia": 0.06, "turbidity": 24.0}
MAD = {"water_temp": 24.9, "dissolved_oxygen": 8.3, "ammonia": 1.629, "turbidity": 24.3}


def after(**time: float) -> datetime:
    return START + timedelta(**time)


def station(theme: str, **params) -> Station:
    return Station("S-01", "测站", theme, 116.1, 24.3, params=params)


def series(kind: str, *values: float | None, step: timedelta = timedelta(minutes=5), **more) -> list[Reading]:
    """Readings one step apart; None leaves a gap."""
    found = [(START + number * step, value) for number, value in enumerate(values) if value is not None]
    return [Reading("S-01", kind, at, value, **more) for at, value in found]


def told(rule_key: tuple[str, str], place: Station, trail: list[Reading], *, now: datetime | None = None, rule=None):
    """Feed the readings one instant after the other, as they would come; returns all judgements that changed something,
    and the last one."""
    rule = rule or CATALOG.rules[rule_key]
    held, found, last = NOTHING, [], None
    instants = sorted({r.at for r in trail})
    for moment in instants:
        for last in thresholds.judge_all(rule, place, [r for r in trail if r.at <= moment], held, moment):
            held = last.state
            found += [last] if last.action != "hold" else []
    if now is not None:
        for last in thresholds.judge_all(rule, place, trail, held, now):
            found += [last] if last.action != "hold" else []
    return found, last


def said(found: list[Judgement]) -> list[tuple[str, str | None]]:
    return [(j.action, j.level.key if j.level else None) for j in found]


def samples(*changes: dict) -> list[Reading]:
    return [
        Reading("S-01", kind, START + number * timedelta(hours=4), value)
        for number, change in enumerate(changes)
        for kind, value in (CLEAN | change).items()
        if value is not None
    ]


def air(*pm25: float) -> list[Reading]:
    rest = {"pm10": 40.0, "so2": 8.0, "no2": 20.0, "o3": 60.0, "co": 0.5}
    return [
        Reading("S-01", kind, START + timedelta(hours=number), value)
        for number, dust in enumerate(pm25)
        for kind, value in (rest | {"pm25": dust}).items()
    ]


def weather(hours: int, **change: float) -> list[Reading]:
    values = {"air_temp": 30.0, "humidity": 25.0, "wind_speed": 6.0, "rain_24h": 0.0} | change
    times = [START + timedelta(hours=hour) for hour in range(hours)]
    return [Reading("S-01", kind, at, value) for at in times for kind, value in values.items()]


def spot(
    power: float, confidence: float | None = None, *, hours: float = 0, quality: Quality = Quality.OK
) -> list[Reading]:
    at = after(hours=hours)
    found = [Reading("S-01", "hotspot", at, power, quality, "A")]
    if confidence is not None:
        found.append(Reading("S-01", "hotspot_confidence", at, confidence, quality, "A"))
    return found


def lab(*codmn: float | None, moving: bool = True) -> list[Reading]:
    found = []
    for number, value in enumerate(codmn):
        at = START + number * timedelta(hours=4)
        other = {"water_temp": 20.0, "ph": 7.0, "dissolved_oxygen": 6.0, "turbidity": 30.0}
        for kind, base in other.items():
            found.append(Reading("S-01", kind, at, base + (number * 0.1 if moving else 0)))
        if value is not None:
            found.append(Reading("S-01", "codmn", at, value))
    return found


def probe(*records: dict) -> list[Reading]:
    return [
        Reading("S-01", kind, START + number * timedelta(hours=4), value)
        for number, record in enumerate(records)
        for kind, value in record.items()
    ]
