"""Forest fire weather index of LY/T 1172-95: H = A + B + C + D − E, graded 1–5.

A day maximum temperature, B day minimum humidity, C rain and the dry days after it, D maximum wind, E season. The
tables differ between regional variants, so they are arguments from the catalog, and results are labelled 本平台测算:
the official grade of the weather and forestry services comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Table = Sequence[Sequence[float]]
"""Rows [upper bound, points], ascending; the last row's bound may be anything (it takes the rest)."""


@dataclass(frozen=True, slots=True)
class Index:
    """The index and its parts, so that a screen can say why."""

    h: float
    grade: int
    a: float
    b: float
    c: float
    d: float
    e: float


def points(value: float, table: Table) -> float:
    """Points of the first row whose upper bound is not passed; the last row takes everything above."""
    for bound, score in table[:-1]:
        if value <= bound:
            return float(score)
    return float(table[-1][1])


def rain_points(amount: float | None, dry_days: int, table: Table) -> float:
    """C: points after the last effective rain.

    `table` rows are [upper bound of the rain, points on the day, days before it grows, points a dry day, most].
    No effective rain known (`amount` None): the most a row allows.
    """
    if amount is None:
        return float(max(row[4] for row in table))
    row = next((row for row in table[:-1] if amount <= row[0]), table[-1])
    return float(min(row[4], row[1] + row[3] * max(0, dry_days - row[2])))


def grade_of(h: float, grades: Sequence[float]) -> int:
    """Grade 1–5; `grades` are the highest indices of grades 1–4 (25, 50, 72, 90)."""
    return 1 + sum(h > top for top in grades)


def index(
    *,
    temp_max: float,
    humidity_min: float,
    wind_max: float,
    rain: float | None,
    dry_days: int,
    season: float,
    temp: Table,
    humidity: Table,
    wind: Table,
    rain_table: Table,
    grades: Sequence[float],
) -> Index:
    """The index of a day: ℃, %, m/s, mm of the last effective rain (None: none known) and dry days since."""
    a, b, d = points(temp_max, temp), points(humidity_min, humidity), points(wind_max, wind)
    c = rain_points(rain, dry_days, rain_table)
    h = a + b + c + d - season
    return Index(h=h, grade=grade_of(h, grades), a=a, b=b, c=c, d=d, e=season)
