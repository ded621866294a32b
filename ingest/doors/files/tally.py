"""A file in hand: which of its rows are not safe yet, and what became of the others."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from brain.sheets.masking import masked
from ingest.write.message import Outcome


@dataclass(slots=True)
class Tally:
    """What became of the rows of a file, told from the writer's thread while the door's waits."""

    feed: str
    prefix: str  # how the topics of its rows begin
    stamp: tuple[int, int]
    rows: int = 0
    stored: int = 0
    duplicate: int = 0
    dead: int = 0
    waiting: int = 0
    ident: int | None = None  # its row in `intake_file`, once there is one
    beyond: int = 0  # hotspots of a FIRMS sheet far from here, which nobody was asked to take
    left: tuple[int, ...] = ()  # rows that hold no data: sums, signatures, the header once more
    untaken: tuple[str, ...] = ()  # columns that nobody asks for
    unread: tuple[str, ...] = ()  # other sheets of the workbook
    notes: tuple[str, ...] = ()  # what must be said of both
    errors: list[dict[str, Any]] = field(default_factory=list)
    pending: dict[int, bytes] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def told(self, line: int, errors_max: int, outcome: Outcome) -> None:
        """What became of a row (writer's thread)."""
        with self.changed:
            if line not in self.pending:
                return  # handed over twice, because its first acknowledgement was late
            self.stored += outcome.stored
            self.duplicate += outcome.duplicate
            self.dead += len(outcome.refused)
            self.waiting += outcome.spilled
            for rule, reason in dict.fromkeys(outcome.refused):  # a station nobody knows is refused for each of its values
                if len(self.errors) < errors_max:
                    self.errors.append({"row": line, "rule": rule, "reason": veiled(reason)})

    def safe(self, line: int) -> None:
        """A row is committed or spilled (writer's thread)."""
        with self.changed:
            self.pending.pop(line, None)
            self.changed.notify_all()


def said_of(tally: Tally) -> str:
    """What became of a file, in a sentence for who sent it."""
    said = f"{tally.rows} 行：入库 {tally.stored}，重复 {tally.duplicate}，死信 {tally.dead}"
    said += f"；另有 {tally.beyond} 行火点在本区监测格的范围以外，没有收" if tally.beyond else ""
    if tally.left:
        named = "、".join(map(str, tally.left[:5])) + ("等" if len(tally.left) > 5 else "")
        said += f"；第 {named} 行是合计、制表人、重复的表头之类，不是数据，没有收"
    said += "".join(f"；{note}" for note in tally.notes)
    return said + (f"；数据库当时不可用，{tally.waiting} 行已写盘，恢复后入库" if tally.waiting else "")


def veiled(text: str) -> str:
    """Text as a log and a report may hold it: numbers of people masked, which senders put into the names of files, too."""
    return masked(storable(text))


def storable(text: str) -> str:
    """Text as the database can hold it: without NUL, and without the half signs of a name that is no UTF-8."""
    return text.replace("\0", "␀").encode("utf-8", "replace").decode()
