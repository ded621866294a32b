"""Recorded series from `recordings/`, and what is derived from them: pure numbers, no clock."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "recordings"
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a series: numbers by column, other columns as text; a gap has no entry."""

    at: datetime
    numbers: dict[str, float]
    words: dict[str, str]


@cache
def read(file: str) -> dict[str, list[Row]]:
    """Series of a recording by name, each in order of time. Columns `series` and `at` (ISO 8601 with offset), then
    whatever was measured; an empty field is a gap."""
    found: dict[str, list[Row]] = {}
    with gzip.open(FOLDER / file, "rt", encoding="utf-8", newline="") as lines:
        for said in csv.DictReader(lines):
            name, at = said.pop("series"), datetime.fromisoformat(said.pop("at"))
            numbers: dict[str, float] = {}
            words: dict[str, str] = {}
            for column, value in said.items():
                try:
                    numbers[column] = float(value)
                except ValueError:
                    if value:
                        words[column] = value
            found.setdefault(name, []).append(Row(at, numbers, words))
    for rows in found.values():
        rows.sort(key=lambda row: row.at)
    return found


def fallen(rows: Sequence[Row], column: str, hours: int) -> list[float | None]:
    """Sum of an hourly amount over the `hours` that end with each row, mm; None where an hour of them is missing."""
    sums: list[float | None] = []
    for i, row in enumerate(rows):
        window = rows[max(0, i - hours + 1) : i + 1]
        whole = (
            len(window) == hours
            and row.at - window[0].at == (hours - 1) * HOUR
            and all(column in r.numbers for r in window)
        )
        sums.append(round(sum(r.numbers[column] for r in window), 1) if whole else None)
    return sums


def humidity(air: float, dew: float) -> float:
    """Relative humidity in % from air temperature and dew point in ℃: Magnus formula over water, constants of the
    WMO Guide to Instruments and Methods of Observation (WMO-No. 8), annex 4.B."""

    def magnus(t: float) -> float:
        return 17.62 * t / (243.12 + t)

    return min(100.0, round(100.0 * math.exp(magnus(dew) - magnus(air)), 1))
