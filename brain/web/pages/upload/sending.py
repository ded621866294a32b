"""A file goes into the drop folder and its act into the trail: both, whatever is killed in between.

The file is laid down first under a hidden name, which the file door does not see; then the act is written and committed; then
the file gets its name. Whatever is found under a hidden name later is finished where the trail has its act, and taken away
where it has none: the sender's own copy goes only at the very end.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from brain.store import db
from brain.web.pages.upload.recent import MAP

log = logging.getLogger(__name__)
OURS = re.compile(r"\.\d{8}-\d{6}-[0-9a-f]{6}-.+")  # others' copying programs have hidden files of their own there
UNDER_WAY = timedelta(minutes=2)  # a hidden file that is younger is somebody's who is just sending it


def lay(path: Path, here: Path) -> None:
    """Copy a kept file to its hidden name, down to the disk."""
    shutil.copyfile(path, here)  # the drop folder may be a disk of its own
    with here.open("rb") as file:
        os.fsync(file.fileno())


def halves(goal: Path) -> tuple[Path, Path]:
    """The hidden names of a file and of its mapping."""
    return goal.with_name("." + goal.name), goal.with_name("." + goal.name + MAP)


def publish(goal: Path) -> None:
    """Give a file that was laid down its name, its mapping first; done a second time it changes nothing."""
    here, half = halves(goal)
    with suppress(FileNotFoundError):
        half.rename(goal.with_name(goal.name + MAP))
    with suppress(FileNotFoundError):
        here.rename(goal)


def take_away(goal: Path) -> None:
    """Undo what was laid down and not published."""
    for half in halves(goal):
        half.unlink(missing_ok=True)


def sweep(conn: psycopg.Connection, drop: Path, now: datetime) -> tuple[int, int]:
    """Finish or undo what a killed process left; (how many were finished, how many taken away)."""
    finished = undone = 0
    for here in sorted(drop.glob("*/.*")):
        with suppress(FileNotFoundError):
            if not OURS.fullmatch(here.name) or here.name.endswith(MAP):
                continue
            laid = datetime.fromtimestamp(here.stat().st_mtime, UTC)
            if now - laid < UNDER_WAY:
                continue
            goal = here.with_name(here.name[1:])
            if db.one(conn, "web_file_sent", object=f"file:{here.parent.name}/{goal.name}", since=laid - timedelta(hours=1)):
                publish(goal)
                finished += 1
            else:
                take_away(goal)
                undone += 1
    if finished or undone:
        log.warning("files that were being sent when a process ended: %d finished, %d undone", finished, undone)
    return finished, undone
