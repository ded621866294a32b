"""Files that people look at before they send them: kept in a folder of each, and gone after a day whoever comes back or not.

Callers' names and numbers stand in some of them, so the folders are for no other user of the machine, and what was abandoned
is swept by the process itself: a person who never uploads again would else leave it there for ever.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from brain.identity.people import Person

KEPT = timedelta(days=1)
HELD = 8  # files of one person that the server keeps while they are looked at
TOKEN = re.compile(r"[0-9a-f]{32}\.[a-z]{3,7}")


def stage(home: Path, person: Person, name: str, data: bytes, now: datetime) -> str:
    """Keep a file while its sender looks at it; the name it is kept under. The oldest of his go where there are many."""
    folder = home / "upload" / str(person.id)
    for one in (folder.parent, folder):
        one.mkdir(mode=0o700, parents=True, exist_ok=True)
    forget(home, now)
    newest = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in newest[HELD - 1 :]:
        old.unlink(missing_ok=True)
    ending = re.sub(r"[^a-z]", "", Path(name).suffix.lower())[:7]
    held = f"{uuid4().hex}.{ending if len(ending) >= 3 else 'unknown'}"
    (folder / held).write_bytes(data)
    os.utime(folder / held, (now.timestamp(), now.timestamp()))
    return held


def held_path(home: Path, person: Person, held: object) -> Path | None:
    """Where a kept file lies; None for a name we never gave, or that is gone."""
    if not isinstance(held, str) or not TOKEN.fullmatch(held):
        return None
    path = home / "upload" / str(person.id) / held
    return path if path.is_file() else None


def forget(home: Path, now: datetime) -> int:
    """Delete what anybody left a day ago; how many files that were. One that another process takes meanwhile is no fault."""
    gone = 0
    before = (now - KEPT).timestamp()
    for path in (home / "upload").glob("*/*"):
        with suppress(OSError):
            if path.stat().st_mtime < before:
                path.unlink()
                gone += 1
    return gone
