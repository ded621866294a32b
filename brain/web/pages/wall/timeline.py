"""Bottom of the wall: alerts of the last 24 hours, an hour a column, stacked by the worst level they reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dash import html

from brain import rowwise
from brain.catalog import Catalog
from brain.model import Level
from brain.web.parts import bits
from brain.web.parts.bits import attrs

TALLEST = 78  # percent of the strip; the number stands above


def timeline(rows: Sequence[dict[str, Any]], alerts: Sequence[dict[str, Any]], catalog: Catalog, now: datetime) -> list:
    """The strip; heights are shares of the busiest hour. Hour and number are drawn from attributes (assets/wall.css),
    which halves what is sent."""
    counts: dict[datetime, dict[Level, int]] = {}
    for hour, level, n in rowwise.each(rows, lambda r: (r["hour"], Level(r["level"]), int(r["n"])), "告警时序", _none, "hour"):
        counts.setdefault(hour, {})[level] = n
    last = now.replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=h) for h in range(23, -1, -1)]
    sums = [sum(counts.get(h, {}).values()) for h in hours]
    most = max(sums, default=0) or 1
    columns = []
    for hour, total in zip(hours, sums, strict=True):
        found = counts.get(hour, {})
        bars = [
            html.I(style={"height": f"{TALLEST * found[level] / most:.1f}%"}, className=level.key)
            for level in sorted(found)
        ]
        more = {"data-n": str(total), "title": _said(hour, found, catalog)} if total else {}
        columns.append(html.Div(bars, **attrs({"data-h": f"{bits.local(hour):%H}"} | more)))
    lately = sum(rowwise.each(alerts, lambda a: now - a["opened_at"] <= timedelta(minutes=10), "告警", _none))
    return [
        html.Div([html.B("近 24 小时告警"), html.Span("条/时，按最高级别")], className="caption"),
        html.Div(columns, className="hours"),
        html.Div([html.B(str(lately)), html.Span("近 10 分钟新增")], className="caption tail"),
    ]


def _none(_: str) -> None:
    """What cannot be counted is left out."""


def _said(hour: datetime, found: dict[Level, int], catalog: Catalog) -> str:
    words = "，".join(f"{catalog.words.of('level', level)} {n}" for level, n in sorted(found.items()))
    return f"{bits.local(hour):%m-%d %H} 时 {sum(found.values())} 条（{words}）"
