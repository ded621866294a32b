"""Counts what was asked and keeps who got a wrong answer, grouped by kind, so that a failure reads like a list of work."""

from __future__ import annotations

from collections import Counter, defaultdict
from threading import Lock

LEAK, REFUSAL = "leak", "wrong refusal"
SHOWN = 3


class Tally:
    def __init__(self) -> None:
        self.pairs: Counter[str] = Counter()
        self.silent = 0
        self.offenders: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._lock = Lock()

    def pair(self, way: str, who: object, what: object, *, may: bool | None, did: bool, how: str = "") -> None:
        """One pair: on this `way` (route, callback, message), `who` may or may not, and did or did not. None: either."""
        with self._lock:
            if may is None:
                self.silent += 1
                return
            self.pairs[way] += 1
            if may != did:
                words = f"{who} {'got' if did else 'was denied'} {what}" + (f": {how}" if how else "")
                self.offenders[way, LEAK if did else REFUSAL].append(words)

    @property
    def total(self) -> int:
        return sum(self.pairs.values())

    def wrong(self, way: str) -> str:
        """What went wrong on one way, readable; empty where nothing did."""
        return "\n".join(
            f"{len(words)} of {self.pairs[way]} pairs, {kind}: {way}\n" + _examples(words)
            for (where, kind), words in sorted(self.offenders.items())
            if where == way
        )

    def summary(self) -> str:
        wrong = sum(map(len, self.offenders.values()))
        lines = [
            f"{self.total} pairs on {len(self.pairs)} ways ({self.silent} more where the rules are silent); {wrong} wrong"
        ]
        for (way, kind), words in sorted(self.offenders.items(), key=lambda item: -len(item[1])):
            roles = Counter(word.partition(" (")[2].partition(")")[0] for word in words)
            told = ", ".join(f"{role} {n}" for role, n in roles.most_common())
            lines.append(f"  {len(words):5d}  {kind:14s} {way}  [{told}]")
        return "\n".join(lines)


def _examples(words: list[str]) -> str:
    spread = words[:: max(len(words) // SHOWN, 1)][:SHOWN]
    return "".join(f"    {word}\n" for word in spread)
