"""Dead letters: what was refused, one a message and rule, and written once however often the message comes.

Why the same bytes are no news while their letter is open: a worker that is killed between commit and acknowledgement gets
the message again, and a sender that hears no answer repeats it; the letter has all of it already. What is thrown away or
replayed counts no more, so that a refusal that comes back is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from brain.store import db


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One refused message: raw bytes, where it came in, a short English word for the rule, a Chinese sentence why.

    `units` is how many readings, records or parts of it the rule refused, `listed` the sentence of each where they differ.
    `digest` names the message; with one it is not written again while a letter of it under the same rule is open.
    `retained`: the broker had kept it (RETAIN)."""

    topic: str
    payload: bytes
    rule: str
    reason: str
    units: int = 1
    listed: tuple[str, ...] = ()
    digest: bytes | None = None
    retained: bool = False


def units(letters: Sequence[DeadLetter]) -> int:
    """What they count in the accounts."""
    return sum(letter.units for letter in letters)


def news(conn: psycopg.Connection, letters: Sequence[DeadLetter]) -> set[int]:
    """Places of those that are to be written: no open letter has their digest and rule, and none before them."""
    asked = {letter.digest for letter in letters if letter.digest is not None}
    known: set[tuple[bytes, str]] = set()
    if asked:
        known = {(bytes(row["digest"]), row["rule"]) for row in db.many(conn, "dead_letters_known", digests=sorted(asked))}
    found: set[int] = set()
    for place, letter in enumerate(letters):
        if letter.digest is not None:
            if (letter.digest, letter.rule) in known:
                continue
            known.add((letter.digest, letter.rule))
        found.add(place)
    return found
