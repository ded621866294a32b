"""The outcomes of several messages, for a door that must know when the last of them is safe (push, polling)."""

from __future__ import annotations

import threading

from ingest.write.message import Outcome


class AwaitedOutcomes:
    """What the writer tells of each message, from its own thread; another thread waits for the last."""

    def __init__(self, messages: int):
        self.outcomes: list[Outcome | None] = [None] * messages
        self._left = messages
        self._changed = threading.Condition()

    def told(self, number: int, outcome: Outcome) -> None:
        with self._changed:
            self.outcomes[number] = outcome
            self._left -= 1
            if not self._left:
                self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """True when all have been told in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._left, seconds)
