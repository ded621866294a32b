"""Bottom of the wall: alerts of the last 24 hours, an hour a column, stacked by the worst level they reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dash import html

from brain.model import Level
from brain.web.parts import bits


TALLEST = 78  # percent of the strip; the number stands above


def timeline(rows: Sequence[dict[str, Any]], alerts: Sequence[dict[str, Any]], now: datetime) -> list:
    """The strip; heights are shares of the busiest hour, the figures stand on the columns."""
    counts: dict[datetime, dict[Level, int]] = {}
    for r in rows:
        counts.setdefault(r["hour"], {})[Level(r["level"])] = r["n"]
    last = now.replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=h) for h in range(23, -1, -1)]
    sums = [sum(counts.get(h, {}).values()) for h in hours]
    most = max(sums, default=0) or 1
    columns = []
    for hour, total in zip(hours, sums, strict=True):
        parts = [
            html.I(style={"height": f"{TALLEST * n / most:.1f}%"}, className=level.key)
            for level in sorted(Level, reverse=True)
            if (n := counts.get(hour, {}).get(level, 0))
        ][::-1]
        said = "，".join(f"{Level(lv).key}:{n}" for lv, n in sorted(counts.get(hour, {}).items()))
        columns.append(
            html.Div(
                [
                    html.Div([html.Span(str(total)) if total else None, *parts], className="stack"),
                    html.Small(f"{bits.local(hour):%H}"),
                ],
                title=f"{bits.local(hour):%m-%d %H} 时 {total} 条" + (f"（{said}）" if said else ""),
                className="now" if hour == last else None,
            )
        )
    lately = sum(1 for a in alerts if now - a["opened_at"] <= timedelta(minutes=10))
    return [
        html.Div([html.B("近 24 小时告警"), html.Span("条/时，按最高级别")], className="caption"),
        html.Div(columns, className="hours"),
        html.Div([html.B(str(lately)), html.Span("近 10 分钟新增")], className="caption tail"),
    ]
