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
WHOLE_TIME = 14  # digits of a DataTime


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


class Doubt(str):
    """What stands for one value and may be two."""

    __slots__ = ("reason",)
    reason: str

    @classmethod
    def cut(cls, name: str, pieces: Sequence[str]) -> Doubt:
        """A value with a separator in it: `12,300` is twelve thousand, twelve and three tenths, or twelve and something else."""
        found = cls(",".join(pieces))
        said = "、".join(f"“{_wire.short(piece, 20)}”" for piece in pieces[:4])
        words = not name.partition("-")[1] or name.lower().endswith("-flag")
        asks = "不知道该用哪一段；请只写一个" if words else "不知道是千分位、小数点还是两个值；请不写千分位，小数点用“.”"
        found.reason = f"“{_wire.short(name)}”的值里有逗号或分号，分成了{said}{len(pieces)} 段，{asks}"
        return found

    @classmethod
    def twice(cls, name: str, one: str, two: str) -> Doubt:
        """A field that stands twice with two values."""
        found = cls(two)
        found.reason = (
            f"“{_wire.short(name)}”出现两次，值不同：“{_wire.short(one, 20)}”与“{_wire.short(two, 20)}”，不知道哪个对；"
            "请核对数采仪的组包程序"
        )
        return found


def same(one: str, two: str) -> bool:
    """Whether two values of one field are the same, however they are written (7 and 7.0)."""
    try:
        return one == two or float(one) == float(two)
    except ValueError:
        return False


def fields(run: Run) -> tuple[list[tuple[str, str]], list[str]]:
    """Names and values of a run in order, and what stands there that is none, each as a reason. A value that a bare piece
    follows is a `Doubt`: the piece may belong to it.

    Beside a missing packet a field is believed when it cannot be half of one: the first when it has a name, the last when it
    is a data flag."""
    found: list[tuple[str, str]] = []
    strange: list[str] = []
    bare: list[str] = []  # what stands behind the last value found
    parts = _parts(run.area)
    for at, (separator, part) in enumerate(parts):
        name, given, value = part.partition("=")
        name = name.strip()
        last_half = at == len(parts) - 1 and run.cut_behind and not name.lower().endswith("-flag")
        half = last_half or (at == 0 and run.cut_before and not _BEGINS.match(part))
        if not (given and name) and found and _belongs(*found[-1], separator, part, last_half):
            bare = [*bare, part] if bare else [found[-1][1], part]
            found[-1] = found[-1][0], Doubt.cut(found[-1][0], bare)
            continue
        bare = []
        if half:
            strange.append(f"“{_wire.short(part)}”紧挨着缺的包，可能只有一半，没有采用")
        elif not given or not name:
            strange.append(f"数据区里的“{_wire.short(part)}”不是“名称=值”")
        else:
            found.append((name, value.strip()))
    return found, strange


def _parts(area: str) -> list[tuple[str, str]]:
    """What stands between separators, each with the one before it: a semicolon where there are several."""
    found: list[tuple[str, str]] = []
    split = re.split("([;,])", area)
    separator = ""
    for before, said in zip(["", *split[1::2]], split[::2], strict=True):
        separator = separator if separator == ";" else before
        if part := said.strip():
            found.append((separator, part))
            separator = ""
    return found


def _belongs(name: str, value: str, separator: str, piece: str, half: bool) -> bool:
    """Whether a bare piece may belong to the value before it. Behind a semicolon, where another factor begins, not to a time or
    a flag, which are whole; and half a piece not where it begins the next field of the same factor."""
    code, dash, field = name.partition("-")
    if separator == ";" and (field.lower() == "flag" or (not dash and len(value) >= WHOLE_TIME)):
        return False
    return not half or (separator == "," and not code.startswith(piece) and not piece.startswith(code))
