"""What is replayed when: recordings mapped to stations (`replay.toml`) and their place in time; nothing has an effect.

Time runs on two scales. *Elapsed* seconds are those of the recordings since the start of the play, the same for all;
wall time is what the city sees. A recording begins anew when its length and its pause have passed; before the start it
has run as well, so that the first pages are not empty.
"""

from __future__ import annotations

import math
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ingest.demo import series
from ingest.demo.series import Row

FILE = Path(__file__).with_name("replay.toml")

WEATHER = {"temp": "air_temp", "wind": "wind_speed"}
POLLUTANTS = {"pm25": 1.0, "pm10": 1.0, "so2": 1.0, "no2": 1.0, "o3": 1.0, "co": 0.001}
"""Column → factor to the unit of the sensor kind of the same name (CO: µg/m³ to mg/m³)."""


@dataclass(frozen=True, slots=True)
class Record:
    """One message to be: measured values by sensor kind, or, for hotspots, the rows of one overpass."""

    at: datetime  # original time
    values: dict[str, float]
    rows: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Track:
    """One station's records in a loop of `period` seconds; `phases` are their elapsed seconds within it, ascending."""

    station: str
    style: str
    period: float
    phases: tuple[float, ...]
    records: tuple[Record, ...]
    says: str  # what stands on screen about it

    def due(self, after: float, upto: float) -> Iterator[tuple[float, Record]]:
        """(elapsed, record) with after < elapsed <= upto, in order. Both may be negative."""
        turn = math.floor(after / self.period)
        while turn * self.period <= upto:
            begun = turn * self.period
            for i in range(bisect_right(self.phases, after - begun), bisect_right(self.phases, upto - begun)):
                yield begun + self.phases[i], self.records[i]
            turn += 1


@dataclass(frozen=True, slots=True)
class Play:
    """Where elapsed time lies on the wall: `elapsed` seconds had passed at `wall`, and pass `speed` times as fast."""

    wall: datetime
    elapsed: float
    speed: float

    def moment(self, elapsed: float) -> datetime:
        """Wall time, to the millisecond: it is the identity of a replayed reading, so always the same."""
        away = round((elapsed - self.elapsed) / self.speed * 1000)
        return self.wall + timedelta(milliseconds=away)

    def elapsed_at(self, moment: datetime) -> float:
        return self.elapsed + (moment - self.wall).total_seconds() * self.speed

    def at_speed(self, speed: float, moment: datetime) -> Play:
        """The same place in the recordings, from this moment on at another speed."""
        return Play(moment, self.elapsed_at(moment), speed)


@dataclass(frozen=True, slots=True)
class Mapped:
    """One station of replay.toml: values are multiplied by `scale`, then `shift` is added, by kind or column."""

    series: str
    shift: dict[str, float] = field(default_factory=dict)
    scale: dict[str, float] = field(default_factory=dict)

    def of(self, values: dict[str, float]) -> dict[str, float]:
        return {k: round(v * self.scale.get(k, 1.0) + self.shift.get(k, 0.0), 5) for k, v in values.items()}

    def says(self, source: str) -> str:
        """The sentence of this mapping as it stands on screen."""
        done = [f"{k}×{v:g}" for k, v in self.scale.items()] + [f"{k}{v:+g}" for k, v in self.shift.items()]
        named = f"“{self.series}”" if self.series != "all" else ""
        return f"回放{source}{named}" + (f"，换算 {'、'.join(done)}" if done else "，数值未改")


@cache
def tracks(file: Path = FILE) -> tuple[Track, ...]:
    """All tracks of replay.toml, by station. Raises KeyError naming what is missing."""
    said = tomllib.loads(file.read_text(encoding="utf-8"))
    found = []
    for name, recording in said["recording"].items():
        all_series = series.read(recording["file"])
        first = min(rows[0].at for rows in all_series.values())
        last = max(rows[-1].at for rows in all_series.values())
        period = (last - first).total_seconds() + recording["pause_h"] * 3600.0
        for station, mapping in recording["stations"].items():
            mapped = Mapped(**mapping)
            if mapped.series not in all_series:
                raise KeyError(f"replay.toml: recording.{name} has no series {mapped.series!r}")
            records = _STYLES[recording["style"]](all_series[mapped.series], mapped)
            placed = sorted(((r.at - recording["start"]).total_seconds() % period, n) for n, r in enumerate(records))
            phases, in_order = tuple(p for p, _ in placed), tuple(records[n] for _, n in placed)
            found.append(
                Track(station, recording["style"], period, phases, in_order, mapped.says(recording["source"]))
            )
    return tuple(sorted(found, key=lambda t: t.station))


def due(all_tracks: Sequence[Track], after: float, upto: float) -> list[tuple[float, Track, Record]]:
    """Records of all tracks with after < elapsed <= upto, in order of time, then of station."""
    found = [(elapsed, track, record) for track in all_tracks for elapsed, record in track.due(after, upto)]
    return sorted(found, key=lambda f: (f[0], f[1].station))


# Styles: rows of a recording to records -------------------------------------------------------------------------------
def _as_is(rows: Sequence[Row], mapped: Mapped) -> list[Record]:
    """Columns that already are sensor kinds in their units."""
    return [Record(r.at, mapped.of(r.numbers)) for r in rows if r.numbers]


def _rain(rows: Sequence[Row], mapped: Mapped) -> list[Record]:
    sums = {f"rain_{hours}h": series.fallen(rows, "rain", hours) for hours in (1, 3, 6, 24)}
    return _with(rows, mapped, [{k: s[i] for k, s in sums.items()} for i in range(len(rows))])


def _weather(rows: Sequence[Row], mapped: Mapped) -> list[Record]:
    day = series.fallen(rows, "rain", 24)
    found = []
    for i, row in enumerate(rows):
        values = {kind: row.numbers.get(column) for column, kind in WEATHER.items()}
        if "temp" in row.numbers and "dew" in row.numbers:
            values["humidity"] = series.humidity(row.numbers["temp"], row.numbers["dew"])
        found.append(values | {"rain_24h": day[i]})
    return _with(rows, mapped, found)


def _air(rows: Sequence[Row], mapped: Mapped) -> list[Record]:
    return _with(
        rows, mapped, [{k: r.numbers[k] * factor for k, factor in POLLUTANTS.items() if k in r.numbers} for r in rows]
    )


def _with(rows: Sequence[Row], mapped: Mapped, values: list[dict[str, float | None]]) -> list[Record]:
    found = []
    for row, given in zip(rows, values, strict=True):
        there = {k: v for k, v in given.items() if v is not None}
        if there:
            found.append(Record(row.at, mapped.of(there)))
    return found


def _hotspots(rows: Sequence[Row], mapped: Mapped) -> list[Record]:
    """One record an overpass, its pixels moved into the district."""
    passes: dict[datetime, list[dict[str, Any]]] = {}
    for row in rows:
        passes.setdefault(row.at, []).append(mapped.of(row.numbers) | row.words)
    return [Record(at, {}, tuple(pixels)) for at, pixels in passes.items()]


_STYLES = {
    "quality": _as_is, "stage": _as_is, "rain": _rain, "weather": _weather, "air": _air, "hotspots": _hotspots,
}  # fmt: skip
