"""The smallest pieces: level marks, ages, sparklines. Everything else on the wall is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from dash import html

from brain import rowwise
from brain.city import ZONE
from layers._style import DARK, LEVELS


def attrs(named: Mapping[str, str | None]) -> dict[str, Any]:
    """`data-*` and `aria-*` of a component, given as `**attrs({"data-pick": …})`: Dash takes every such name, but a
    signature cannot, so a type checker would hold the words against all other parameters."""
    return dict(named)


def lost(ident: str = "", pick: str = "") -> html.Div:
    """In place of a row that cannot be drawn; it can still be picked where `pick` says what it is."""
    more = attrs({"data-pick": f"{pick}:{ident}"} if pick and ident else {})
    return html.Div([html.B(rowwise.LOST), html.Small(ident)], className="row lost", **more)


def local(moment: datetime) -> datetime:
    return moment.astimezone(ZONE)


def clock(moment: datetime, now: datetime | None = None) -> str:
    """`14:03`, with the day in front when it is another one: `9月2日 14:03`."""
    there = local(moment)
    if now is None or there.date() == local(now).date():
        return f"{there:%H:%M}"
    return f"{there.month}月{there.day}日 {there:%H:%M}"


def mark(level: str, size: str = "") -> html.Img:
    """The level's shape with its number, as on the map. `level` is a key; the alternative text is its word."""
    return html.Img(src=f"/map/icon/level-{level}.png", alt=LEVELS[level].word, className=f"mark {size}".strip())


def sign(icon: str) -> html.Img:
    """A sign of the map beside words that say the same."""
    return html.Img(src=f"/map/icon/{icon}.png", alt="", className="sign")


def word(level: str, text: str) -> html.Span:
    """A level's word in its colour, with its shape in front; quiet when there is no level."""
    if level not in LEVELS:
        return html.Span(text, className="word")
    return html.Span([html.I(LEVELS[level].sign), text], className=f"word {level}")


def age(moment: datetime | None, limit_s: int | None = None, ident: str | None = None) -> html.Time:
    """How long ago, kept up to date in the browser (`assets/wall.js`); greyed when older than `limit_s`."""
    more: dict[str, Any] = {"data-at": moment.isoformat() if moment else ""}
    if limit_s:
        more["data-limit"] = str(limit_s)
    if ident:
        more["id"] = ident
    return html.Time(className="age", **more)


Point = tuple[datetime, float]


def spark(
    points: Sequence[Point],
    *,
    width: int = 132,
    height: int = 34,
    limits: Mapping[str, float] | None = None,
    colour: str = DARK.text2,
    gap: timedelta | None = None,
) -> str:
    """A line of readings as an SVG data address; limits that lie within its reach are drawn dashed in their level's colour.

    A gap longer than `gap` breaks the line: what was not measured is not drawn.
    """
    if len(points) < 2:
        return ""
    times = [p[0].timestamp() for p in points]
    values = [p[1] for p in points]
    low, high = min(values), max(values)
    shown = {k: v for k, v in (limits or {}).items() if low - (high - low) * 0.6 <= v <= high + (high - low) * 0.6}
    low, high = min([low, *shown.values()]), max([high, *shown.values()])
    if high - low < 1e-9:
        low, high = low - 1, high + 1
    left, right = times[0], times[-1] if times[-1] > times[0] else times[0] + 1

    def x(t: float) -> float:
        return 2 + (t - left) / (right - left) * (width - 6)

    def y(v: float) -> float:
        return 3 + (high - v) / (high - low) * (height - 6)

    drawn = [
        f'<path d="M0 {y(v):.1f}H{width}" stroke="{LEVELS[k].colour}" stroke-width="1" stroke-dasharray="3 3" opacity=".75"/>'
        for k, v in shown.items()
    ]
    path, before = "", None
    for t, v in zip(times, values, strict=True):
        broken = before is None or (gap is not None and t - before > gap.total_seconds())
        path += f"{'M' if broken else 'L'}{x(t):.1f} {y(v):.1f}"
        before = t
    drawn.append(
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round"/>'
    )
    drawn.append(f'<circle cx="{x(times[-1]):.1f}" cy="{y(values[-1]):.1f}" r="2.6" fill="{colour}"/>')
    return svg(width, height, drawn)


def svg(width: int, height: int, drawn: Sequence[str]) -> str:
    """An SVG of these elements as a data address for an <img>."""
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" preserveAspectRatio="none">{"".join(drawn)}</svg>'
    return "data:image/svg+xml," + quote(text, safe="/:=<>\"' ,.;()")


def chart(
    points: Sequence[Point], limits: Mapping[str, float], *, unit: str, level: str = "", decimals: int = 1
) -> str:
    """The readings of the card: line, limits with their words at the right edge, first and last time below."""
    width, height, right, bottom = 420, 132, 64, 20
    times = [p[0].timestamp() for p in points]
    values = [p[1] for p in points]
    low, high = min(values), max(values)
    reach = max(high - low, abs(high) * 0.02, 0.1)
    shown = {k: v for k, v in limits.items() if low - reach * 1.5 <= v <= high + reach * 1.5}
    if not shown and limits:  # always show where the nearest limit lies
        key = min(limits, key=lambda k: abs(limits[k] - values[-1]))
        shown = {key: limits[key]}
    low, high = min([low, *shown.values()]), max([high, *shown.values()])
    pad = max((high - low) * 0.12, 1e-6)
    low, high = low - pad, high + pad
    span = max(times[-1] - times[0], 1.0)

    def x(t: float) -> float:
        return 4 + (t - times[0]) / span * (width - right - 10)

    def y(v: float) -> float:
        return 6 + (high - v) / (high - low) * (height - bottom - 12)

    style = f'font-family="Noto Sans CJK SC,Microsoft YaHei,sans-serif" font-size="14" fill="{DARK.text2}"'
    drawn, used = [], []
    for key, value in sorted(shown.items(), key=lambda item: -item[1]):
        m, at = LEVELS[key], y(value)
        drawn.append(
            f'<path d="M4 {at:.1f}H{width - right}" stroke="{m.colour}" stroke-width="1.2" stroke-dasharray="5 4" opacity=".85"/>'
        )
        spot = max([at + 5, *(u + 15 for u in used)], default=at + 5)
        used.append(spot)
        drawn.append(f'<text x="{width - right + 6}" y="{spot:.1f}" {style}>{m.word} {value:g}</text>')
    line = LEVELS[level].colour if level in LEVELS else DARK.text
    path = " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in zip(times, values, strict=True))
    drawn.append(f'<polyline points="{path}" fill="none" stroke="{line}" stroke-width="2.2" stroke-linejoin="round"/>')
    drawn.append(f'<circle cx="{x(times[-1]):.1f}" cy="{y(values[-1]):.1f}" r="3.6" fill="{line}"/>')
    first, last = local(points[0][0]), local(points[-1][0])
    drawn.append(f'<text x="4" y="{height - 3}" {style}>{first:%H:%M:%S}</text>')
    drawn.append(f'<text x="{width - right}" y="{height - 3}" text-anchor="end" {style}>{last:%H:%M:%S}</text>')
    drawn.append(f'<text x="{width - right + 6}" y="{height - 3}" {style}>{unit}</text>')
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{"".join(drawn)}</svg>'
    return "data:image/svg+xml," + quote(text, safe="/:=<>\"' ,.;()")


def empty(text: str) -> html.Div:
    """What a list says when it has nothing to list."""
    return html.Div(text, className="empty")
