"""How often a key may push: a bucket of tokens a key, in this process. Pure, time is an argument.

Why in the process and not in the database: it is there to keep one eager sender from the others, and must cost less than
what it forbids. With several workers behind one address a sender has the sum of theirs.
"""

from __future__ import annotations

import threading
from collections import Counter


class Quota:
    """`per_minute` pushes in the long run, `burst` of them at once; 0 a minute is no limit. For many threads."""

    def __init__(self, per_minute: float, burst: int):
        self._rate, self._burst = per_minute / 60, burst
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}  # tokens, and when they were counted; only of keys that are good
        self._refused: Counter[str] = Counter()

    def take(self, key: str, at: float) -> float:
        """0 when the push may go on; else the seconds until one may. `at` never runs backwards."""
        if not self._rate:
            return 0.0
        with self._lock:
            left, then = self._left.get(key, (float(self._burst), at))
            left = min(self._burst, left + (at - then) * self._rate)
            allowed = left >= 1 - 1e-9  # a sum of fractions of a second
            self._left[key] = (left - allowed, at)
            self._refused[key] += not allowed
            return 0.0 if allowed else (1 - left) / self._rate

    def refused(self) -> dict[str, int]:
        """How many pushes were refused, by key."""
        with self._lock:
            return {key: n for key, n in self._refused.items() if n}
