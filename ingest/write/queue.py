"""What waits in memory for the writer: any door's thread puts it in, two threads of the writer take it out in batches.

Bounded in units (readings and refusals), not in messages: a door that hands over more waits, and so reads no further.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime

from ingest.practice import Practice
from ingest.write.message import ParsedMessage

IDLE_S = 0.2


class Queue:
    """`changed` guards the queue and whatever must be counted at the same instant as it (the writer's accounts)."""

    def __init__(self, practice: Practice):
        self.practice = practice
        self.changed = threading.Condition()
        self.units = 0
        self.stopping = False
        self.failed = False
        self._messages: deque[ParsedMessage] = deque()
        self._handled: datetime | None = None  # when the oldest message of the batch in hand was received
        self._helped: datetime | None = None  # the same of the second thread's

    def put(self, message: ParsedMessage) -> bool:
        """Append it. Waits while the queue is full; False when the writer has failed meanwhile, and nobody will take it."""
        units = message.units
        with self.changed:
            while self.units >= self.practice.queue and not (self.stopping or self.failed):
                self.changed.wait()
            if self.failed:
                return False
            self._messages.append(message)
            before, self.units = self.units, self.units + units
            if before == 0 or before < self.practice.size <= self.units:
                self.changed.notify_all()
            return True

    def stop(self) -> None:
        """What is queued is still taken; nobody waits any more."""
        with self.changed:
            self.stopping = True
            self.changed.notify_all()

    def fail(self) -> None:
        """Nothing will be taken any more."""
        with self.changed:
            self.failed = True
            self.changed.notify_all()

    def oldest(self) -> tuple[int, datetime | None]:
        """Units in the queue, and when the oldest message in memory was received, those in hand included."""
        with self.changed:
            times = [self._messages[0].received_at] if self._messages else []
            times += [at for at in (self._handled, self._helped) if at]
            return self.units, min(times, default=None)

    def take(self, wait: float, linger: bool) -> list[ParsedMessage]:
        """The next batch. After the first message it waits for more until `size` units are there, `age_s` has passed, or
        nothing new has come for `gap_s`: a lone message is not held up for a batch that will not come, and a broker
        that lets only a few go unacknowledged is not starved."""
        with self.changed:
            self._handled = None
            if not self._messages and wait and not self.stopping:
                self.changed.wait(wait)
            if linger and self._messages:
                until = time.monotonic() + self.practice.age_s
                seen = -1
                while seen < self.units < self.practice.size and not self.stopping:
                    left = until - time.monotonic()
                    if left <= 0:
                        break
                    seen = self.units
                    self.changed.wait(min(left, self.practice.gap_s))
            taken = self.cut()
            self._handled = taken[0].received_at if taken else None
            if self.units >= self.practice.size:
                self.changed.notify_all()  # more than one can do: the second thread may take it
            return taken

    def surplus(self, sound: Callable[[], bool]) -> list[ParsedMessage]:
        """A full batch for the second thread, while the first has one in hand and all is `sound`; waits for one, empty at
        the end."""
        with self.changed:
            self._helped = None
            while not (self.stopping or self.failed):
                if self._handled and self.units >= self.practice.size and sound() and (taken := self.cut(False)):
                    self._helped = taken[0].received_at
                    return taken
                self.changed.wait(IDLE_S)
            return []

    def give_back(self, messages: list[ParsedMessage]) -> None:
        """To the front, for the first thread to deal with."""
        with self.changed:
            self._messages.extendleft(reversed(messages))
            self.units += sum(p.units for p in messages)
            self.changed.notify_all()

    def cut(self, records: bool = True) -> list[ParsedMessage]:
        """So much of the queue as a batch holds at most, without `records` as far as the first of them. Called under the
        lock."""
        taken: list[ParsedMessage] = []
        units = 0
        while self._messages and units < self.practice.most and (records or not self._messages[0].records):
            message = self._messages.popleft()
            units += message.units
            taken.append(message)
        if self.units >= self.practice.queue:
            self.changed.notify_all()
        self.units -= units
        return taken
