"""How much of what an outlet should have sent came and counts: 传输率, 有效率, 有效传输率, by hours of its quantities.

Practice after the ministry's assessments of automatic monitoring (环办〔2014〕, not checked against the text): hours that are flagged as
stop, maintenance or calibration are not due; of those due, what came with a sound flag is valid; 有效传输率 is the share of
the valid among the due, which is the product of the other two.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """Hours of one quantity, or the sum of several: in the window, excused by a flag, come (those excused not among them), and
    valid of those. Rates are None where nothing was due."""

    hours: int
    excused: int
    came: int
    valid: int

    def __add__(self, other: Sent) -> Sent:
        return Sent(
            self.hours + other.hours, self.excused + other.excused, self.came + other.came, self.valid + other.valid
        )

    @property
    def due(self) -> int:
        return max(0, self.hours - self.excused)

    @property
    def sent_rate(self) -> float | None:
        """传输率."""
        return min(1.0, self.came / self.due) if self.due else None

    @property
    def valid_rate(self) -> float | None:
        """有效率: of what came."""
        return self.valid / self.came if self.came else None

    @property
    def rate(self) -> float | None:
        """有效传输率."""
        return min(1.0, self.valid / self.due) if self.due else None
