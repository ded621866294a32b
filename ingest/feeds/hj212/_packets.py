"""The data areas of one message's packets, in order and joined, as far as they came.

A message that is longer than a frame comes in packets PNO 1 to PNUM. Most senders cut between factors and repeat DataTime in
each packet; some cut wherever the frame is full. Joined in order both read the same: a stretch that cannot begin a field
belongs to the field before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.feeds import _wire
from ingest.feeds.hj212._frame import Frame

_BEGINS = re.compile(r"[A-Za-z0-9]+(-[A-Za-z]+)?=")


@dataclass(frozen=True, slots=True)
class Run:
    """Packets that follow on each other. `cut_before`, `cut_behind`: a packet is missing there, so that the first or last
    field may be half of one."""

    area: str
    cut_before: bool
    cut_behind: bool


def runs(frames: Sequence[Frame]) -> list[Run]:
    """The areas of a message's packets in the order of their numbers; a packet that came twice counts once."""
    by_number = {frame.number: frame for frame in frames}
    total = frames[0].total
    found: list[Run] = []
    for number in sorted(by_number):
        area = by_number[number].area
        follows = bool(found) and number - 1 in by_number
        if follows:
            last = found.pop()
            area, before = _joined(last.area, area), last.cut_before
        else:
            before = number > 1
        found.append(Run(area, before, number < total and number + 1 not in by_number))
    return found


def missing(frames: Sequence[Frame]) -> str:
    """Which packets did not come, as a person says it; empty when all are there."""
    total, came = frames[0].total, {frame.number for frame in frames}
    if len(came) == total:
        return ""
    first = [number for number in range(1, min(total, 10_000) + 1) if number not in came]
    said = "、".join(str(number) for number in first[:8]) + ("等" if len(first) > 8 else "")
    return f"这条报文分 {total} 包，缺第 {said} 包"


def _joined(one: str, two: str) -> str:
    last = re.split("[;,]", one[-200:])[-1]
    if not last or ("=" in last and _BEGINS.match(two)):
        return f"{one};{two}"
    return one + two


def fields(run: Run) -> tuple[list[tuple[str, str]], list[str]]:
    """Names and values of a run in order, and what stands there that is none, each as a reason.

    Beside a missing packet a field is believed when it cannot be half of one: the first when it has a name, the last when it
    is a data flag."""
    parts = [part.strip() for part in re.split("[;,]", run.area)]
    parts = [part for part in parts if part]
    found: list[tuple[str, str]] = []
    strange: list[str] = []
    for at, part in enumerate(parts):
        name, given, value = part.partition("=")
        name = name.strip()
        half = at == len(parts) - 1 and run.cut_behind and not name.lower().endswith("-flag")
        half = half or (at == 0 and run.cut_before and not _BEGINS.match(part))
        if half:
            strange.append(f"“{_wire.short(part)}”紧挨着缺的包，可能只有一半，没有采用")
        elif not given or not name:
            strange.append(f"数据区里的“{_wire.short(part)}”不是“名称=值”")
        else:
            found.append((name, value.strip()))
    return found, strange
