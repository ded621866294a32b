"""bounds.toml."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from brain.catalog._toml import Entry
from brain.catalog.records import Bounds


def bounds(top: Entry) -> Bounds:
    """Every number must be above 0, and a clock that is a little ahead must be nearer than one that is no clock at all."""
    tables = [top.table(name) for name in ("reading", "warning", "photo", "form", "ack", "text", "place")]
    reading, warning, photo, form, ack, text, place = tables
    found = Bounds(
        ahead=_span(reading, "ahead_s"),
        absurd=_span(reading, "absurd_s"),
        oldest=_day(reading, "oldest"),
        warning_ahead=_span(warning, "ahead_h"),
        warning_lasts=_span(warning, "lasts_days"),
        circle_km=_size(warning, "circle_km", 20_000),
        polygon_deg=_size(warning, "polygon_deg", 360),
        photo_past=_span(photo, "past_days"),
        photo_ahead=_span(photo, "ahead_s"),
        form_past=_span(form, "past_days"),
        form_ahead=_span(form, "ahead_days"),
        ack_lasts=_span(ack, "lasts_h"),
        line=_count(text, "line"),
        body=_count(text, "body"),
        south=_degree(place, "south", 90),
        north=_degree(place, "north", 90),
        west=_degree(place, "west", 180),
        east=_degree(place, "east", 180),
    )
    for table in tables:
        table.done()
    top.done()
    if found.ahead > found.absurd:
        raise reading.wrong("ahead_s", "不能大于 absurd_s；请改小，或把 absurd_s 改大")
    for low, high in (("south", "north"), ("west", "east")):
        if getattr(found, low) >= getattr(found, high):
            raise place.wrong(low, f"应小于 {high}")
    if found.north >= found.west:
        raise place.wrong("north", "应小于 west：否则一对数读不出哪个是纬度、哪个是经度")
    return found


UNITS = {"s": 1.0, "h": 3600.0, "days": 86_400.0}
MOST_S = 36_600 * UNITS["days"]  # a century: more would lead out of the calendar


def _span(entry: Entry, name: str) -> timedelta:
    said = entry.take(name, float)
    seconds = said * UNITS[name.rsplit("_", 1)[1]]
    if not 0 < seconds <= MOST_S:
        raise entry.wrong(name, f"应大于 0、不超过一百年，现在是 {said:g}")
    return timedelta(seconds=seconds)


def _degree(entry: Entry, name: str, most: int) -> float:
    said = entry.take(name, float)
    if not abs(said) <= most:
        raise entry.wrong(name, f"应是 {-most} 到 {most} 之间的度数，现在是 {said:g}")
    return said


def _size(entry: Entry, name: str, most: int) -> float:
    said = entry.take(name, float)
    if not 0 < said <= most:
        raise entry.wrong(name, f"应大于 0、不超过 {most}，现在是 {said:g}")
    return said


def _count(entry: Entry, name: str) -> int:
    said = entry.take(name, int)
    if said < 20:
        raise entry.wrong(name, f"应是不小于 20 的整数，现在是 {said}")
    return said


def _day(entry: Entry, name: str) -> datetime:
    said = entry.take(name, str)
    try:
        day = date.fromisoformat(said)
    except ValueError:
        raise entry.wrong(name, f"应是日期，如 2000-01-01，现在是“{said}”") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
