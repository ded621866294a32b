"""The accounts of one worker: what each feed brought and what became of it, and the few measures kept beside them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime

SIZES = (1, 10, 50, 100, 200, 500, 1000, 2000, 5000, 8000)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True, slots=True)
class Counts:
    """Accounts of one feed since the process started, in readings and refusals."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    dead: int = 0
    lost: int = 0

    @property
    def in_flight(self) -> int:
        """What is in memory or in the spill."""
        return self.received - self.stored - self.duplicate - self.dead - self.lost


class Measures:
    """Counted under the writer's lock, a few additions a batch; read from any thread."""

    def __init__(self) -> None:
        self.sizes = [0] * (len(SIZES) + 1)
        self.seconds = [0] * (len(SECONDS) + 1)
        self.entries = 0
        self.spent_s = 0.0
        self.commit_at: datetime | None = None
        self.spill_units = 0
        self.spill_bytes = 0

    def committed(self, entries: int, spent_s: float, at: datetime) -> None:
        self.sizes[bisect_left(SIZES, entries)] += 1
        self.seconds[bisect_left(SECONDS, spent_s)] += 1
        self.entries += entries
        self.spent_s += spent_s
        self.commit_at = at


def counts_as_json(counts: dict[str, Counts]) -> dict[str, dict[str, int]]:
    """The accounts as a heartbeat carries them."""
    return {
        feed: {
            "received": c.received, "stored": c.stored, "duplicate": c.duplicate, "dead": c.dead, "lost": c.lost,
            "in_flight": c.in_flight,
        }
        for feed, c in counts.items()
    }  # fmt: skip
