"""The seeded trace that intake and its peers are measured with, and what must be in the sink after it.

The same seed, begin and rate give the same bytes. Three readings a message: nineteen devices of twenty are water quality
stations that walk through the recorded series of `ingest/demo/recordings` a minute a message, between two samples
interpolated, rounded to the instrument's resolution, the last digit flickering; the twentieth is a well logger that
writes three records within one millisecond, told apart by their running numbers (the bursts: 5 % of the messages). Of
all messages 1 % repeat one of the last thousand byte by byte, 1 % are poison of eight sorts, 2 % come 14 to 26 hours late.

A message is observed at the instant it is due to be sent, so that delays can be read from the record itself.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

import numpy as np

from ingest import feeds
from ingest.demo import series
from ingest.feeds._wire import BEIJING

SEED = 441402
DEVICES = 1020  # at 3,400 messages a second each speaks every 300 ms, to the millisecond
REPEATED, POISON, LATE = 0.01, 0.01, 0.02
BURST_EVERY = 20  # one device in so many is a logger that bursts
REACH = 1000  # a repeated message is one of so many before it
MINUTES = 10 * 24 * 60  # of each recorded series; then it is walked back
ITEMS = (("水温", "water_temp", 10), ("溶解氧", "dissolved_oxygen", 100), ("浊度", "turbidity", 10))
"""Name on the wire, sensor kind, steps of the instrument in one unit."""
WELL_STEPS = 100  # 1 cm
SORTS = 8


class Shot(NamedTuple):
    """A message of the trace. `due` seconds after the begin it is sent; `readings` (station, kind, ms, seq, value) are
    what it holds that must be stored, `dead` how many of its readings and refusals must be dead letters instead."""

    due: float
    topic: str
    payload: bytes
    readings: tuple[tuple[str, str, int, str, float], ...]
    dead: int
    repeated: bool


@dataclass
class Truth:
    """What must be in the sink when all was played: `distinct` readings, which weigh `weight` (thousandths of their values,
    summed up); `again` readings came a second time; `dead` letters."""

    messages: int = 0
    distinct: int = 0
    again: int = 0
    dead: int = 0
    weight: int = 0
    poison: int = 0
    late: int = 0
    bursts: int = 0

    @property
    def received(self) -> int:
        return self.distinct + self.again + self.dead


def station(number: int) -> str:
    """The device of that number."""
    return f"{'DW' if number % BURST_EVERY == 0 else 'WQ'}-{number:05d}"


def theme(number: int) -> str:
    """The theme of its station."""
    return "drainage" if number % BURST_EVERY == 0 else "water"


@cache
def _walks() -> tuple[list[list[list[int]]], list[list[int]]]:
    """Recorded water quality by series and item, and depths in wells, in steps of the instrument a minute."""
    water = []
    for rows in series.read("cnemc_2026.csv.gz").values():
        begin = rows[0].at
        water.append([_minutes(rows, begin, kind, steps) for _, kind, steps in ITEMS])
    wells = []
    for rows in series.read("yangtze_2020.csv.gz").values():
        levels = _minutes(rows, rows[0].at, "water_level", WELL_STEPS)
        top = max(levels)
        wells.append([50 + (top - level) // 2 for level in levels])
    return water, wells


def _minutes(rows: list[series.Row], begin: datetime, column: str, steps: int) -> list[int]:
    known = [((row.at - begin).total_seconds() / 60, row.numbers[column]) for row in rows if column in row.numbers]
    at, values = zip(*known, strict=True)
    return np.rint(np.interp(np.arange(MINUTES), at, values) * steps).astype(int).tolist()


def _there_and_back(minute: int) -> int:
    turn = minute % (2 * MINUTES - 2)
    return turn if turn < MINUTES else 2 * MINUTES - 2 - turn


def trace(
    total: int, per_s: float, begin: datetime, truth: Truth, *, seed: int = SEED, devices: int = DEVICES
) -> Iterator[Shot]:
    """`total` messages, `per_s` a second from `begin` on; `truth` grows with what was given out."""
    rng = random.Random(seed)
    lag = [timedelta(hours=rng.randint(14, 26)) for _ in range(devices)]
    start = [rng.randrange(MINUTES) for _ in range(devices)]
    recent: list[Shot] = []
    for n in range(total):
        due = n / per_s
        draw, bits = rng.random(), rng.getrandbits(16)
        truth.messages += 1
        if draw < REPEATED and recent:
            old = recent[bits % len(recent)]
            truth.again += len(old.readings)
            yield old._replace(due=due, repeated=True)
            continue
        device = n % devices
        at = begin + timedelta(milliseconds=round(due * 1000))
        sort = None
        if draw < REPEATED + POISON:
            sort = bits % SORTS
            truth.poison += 1
        elif draw < REPEATED + POISON + LATE:
            at -= lag[device]
            truth.late += 1
        shot = _shot(device, n // devices, start[device], at, bits, sort)._replace(due=due)
        truth.distinct += len(shot.readings)
        truth.dead += shot.dead
        truth.bursts += device % BURST_EVERY == 0
        truth.weight += sum(round(r[4] * 1000) for r in shot.readings)
        if sort is None:
            if len(recent) < REACH:
                recent.append(shot)
            else:
                recent[n % REACH] = shot
        yield shot


def _shot(device: int, turn: int, start: int, at: datetime, bits: int, sort: int | None) -> Shot:
    """A device's message of one turn; `sort` says which poison is in it."""
    name = f"XX-{device:05d}" if sort == 2 else station(device)
    clock = at
    if sort in (6, 7):  # a clock that lost its battery, one that was set by hand
        # from the second day on: the milliseconds of the first might be days of Excel, and the message is then refused as one
        clock = datetime(1970 if sort == 6 else 2099, 1, 2, tzinfo=UTC) + timedelta(seconds=turn)
    ms = round(clock.timestamp() * 1000)
    minute = _there_and_back(start + turn)
    flicker = [((bits >> shift) & 3) // 3 - (((bits >> shift) & 3) == 0) for shift in (0, 2, 4)]
    water, wells = _walks()
    odd = {3: "999999", 4: "NaN", 5: '"故障"'}.get(sort if sort is not None else -1)
    if theme(device) == "water":
        walk = water[device % len(water)]
        values = [
            max(0, items[minute] + f) / steps for items, f, (_, _, steps) in zip(walk, flicker, ITEMS, strict=True)
        ]
        said = [repr(value) for value in values]
        if odd:
            said[1] = odd
        body = ",".join(f'"{name_}":{value}' for (name_, _, _), value in zip(ITEMS, said, strict=True))
        when = clock.astimezone(BEIJING).isoformat(timespec="milliseconds")
        text = f'{{"站码":"{name}","监测时间":"{when}","数据":{{{body}}},"标识":"N"}}'
        readings = [(name, kind, ms, "", value) for (_, kind, _), value in zip(ITEMS, values, strict=True)]
        where = feeds.topic("water", name, "swj")
    else:
        walk = wells[device % len(wells)]
        values = [max(0, walk[minute] + f) / WELL_STEPS for f in flicker]
        said = [repr(value) for value in values]
        if odd:
            said[1] = odd
        body = ",".join(
            f'{{"p":"depth","v":{value},"u":"m","t":{ms},"n":{3 * turn + k}}}' for k, value in enumerate(said)
        )
        text = f'{{"dev":"{name}","list":[{body}],"batt":3.58,"csq":21}}'
        readings = [(name, "well_depth", ms, str(3 * turn + k), value) for k, value in enumerate(values)]
        where = feeds.topic("drainage", name, "cgj")
    payload = text.encode()
    if sort is None:
        return Shot(0.0, where, payload, tuple(readings), 0, False)
    if sort == 0:
        return Shot(0.0, where, payload[: len(payload) * 2 // 3], (), 1, False)
    if sort == 1:
        return Shot(0.0, where, b"\xff\xfe" + payload, (), 1, False)
    if odd:
        return Shot(0.0, where, payload, (readings[0], readings[2]), 1, False)
    return Shot(0.0, where, payload, (), 3, False)
