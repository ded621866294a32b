"""The file-system half of the door: which files of a folder are data, whether somebody still writes one, and how a file moves
without being lost or taking another's name.

Knows neither sheets nor the record. Several workers may look at one folder at once.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import signal
from functools import lru_cache
from pathlib import Path
from typing import Any

from ingest.doors.files.tally import storable

MAP = ".map.json"
REPORT = ".report.json"
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", MAP)
TAKING, DONE, FAILED = "taking", "done", "failed"
NAME_MAX, NAME_LEFT = 255, 24  # bytes of a name in a folder, and of them what is kept free for endings of ours
LEASELESS = ("nfs", "cifs", "smb")  # file systems whose kernel side refuses a lease as if somebody wrote, whoever does


def data_files(folder: Path) -> list[Path]:
    """Files of a folder that may be data, oldest first."""
    if not folder.is_dir():
        return []
    found = [
        Path(entry.path)
        for entry in os.scandir(folder)
        if entry.is_file(follow_symlinks=False)
        and not entry.name.startswith((".", "~$"))
        and not entry.name.lower().endswith(UNFINISHED)
    ]
    return sorted(found, key=lambda path: (_age(path), path.name))


def dealt_with_before(folder: Path, before: float) -> list[Path]:
    """Files of a folder that were dealt with before a moment; a report goes with its file. The moment is told by the report,
    for the file itself keeps the time its sender gave it; without one, by when it was put there."""
    if not folder.is_dir():
        return []
    entries = {entry.name: entry for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False)}
    found = []
    for name, entry in entries.items():
        if name.endswith(REPORT) and name.removesuffix(REPORT) in entries:
            continue
        report = entries.get(name + REPORT)
        try:
            at = entry.stat(follow_symlinks=False).st_ctime if report is None else report.stat(follow_symlinks=False).st_mtime
        except FileNotFoundError:
            continue  # another worker was quicker
        if at < before:
            found.append(folder / name)
    return sorted(found)


def _age(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def free_path(folder: Path, name: str) -> Path:
    """A path in the folder that is not taken: with a number before its ending if need be."""
    found, number = folder / name, 1
    while found.exists():
        number += 1
        found = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return found


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of change (ns): another one means that the file has been written since."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def being_written(path: Path) -> bool:
    """True when somebody has the file open for writing: the kernel then grants no read lease. Where it cannot say (another
    user's file, a network folder) only the standing still counts."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)  # whoever opens it just now: the signal's default would end us
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as err:
        return err.errno == errno.EAGAIN and not file_system_of(str(path.parent)).startswith(LEASELESS)
    finally:
        os.close(file)
    return False


@lru_cache(maxsize=64)
def file_system_of(folder: str) -> str:
    """What kind of file system a folder lies on; empty where nobody says."""
    try:
        return file_system_among(os.path.realpath(folder), Path("/proc/mounts").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""


def file_system_among(folder: str, mounts: str) -> str:
    """The kind of the nearest mount above a folder, by the lines of /proc/mounts."""
    found = ("", "")
    for line in mounts.splitlines():
        _, at, kind, *_ = line.split(" ")
        at = at.replace("\\040", " ").rstrip("/")
        if f"{folder.rstrip('/')}/".startswith(f"{at}/") and len(at) >= len(found[0]):  # of two at one place the later lies above
            found = (at, kind)
    return found[1]


def move_under_free_name(path: Path, folder: Path) -> Path:
    """The file under a free name in the folder, where it is now too. A second name and no rename: that one would put it in
    the place of a file which another worker has brought there just now."""
    while True:
        goal = free_path(folder, path.name)
        try:
            os.link(path, goal)
        except FileExistsError:
            continue
        except OSError:  # no second names here (another's file, a network folder)
            path.rename(goal)
        return goal


def fitting_name(name: str) -> str:
    """The name, cut before its ending where a number or the ending of a report would not fit behind it any more."""
    ending = Path(name).suffix if len(Path(name).suffix) < NAME_LEFT else ""
    stem = name.removesuffix(ending)
    while len(os.fsencode(stem + ending)) > NAME_MAX - NAME_LEFT:
        stem = stem[:-1]
    return stem + ending


def exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a longer name than there can be
        return False


def bring(path: Path, to: Path) -> None:
    """Move what belongs to a file after it, where it is there and has not come already."""
    if exists(path) and not to.exists():
        with contextlib.suppress(FileNotFoundError):  # another worker was quicker
            path.rename(to)


def mapping_beside(path: Path) -> dict[str, Any]:
    """What a sidecar says: `columns`, `sheet`, `by`, `org`, `name`; one that cannot be read says nothing."""
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def forward(path: Path, folder: Path, by: str, org: str) -> None:
    """Move a file out of its department's folder into the common one, behind a mapping that names the department and, where its
    own does not, who sent it."""
    said = mapping_beside(path.with_name(path.name + MAP))
    goal = free_path(folder, fitting_name(path.name))
    half, sidecar = goal.with_name(f".{goal.name}{MAP}"), goal.with_name(goal.name + MAP)
    half.write_text(
        json.dumps({"name": storable(path.name), "by": by, **said, "org": org}, ensure_ascii=False), encoding="utf-8"
    )
    half.rename(sidecar)
    try:
        path.rename(goal)
    except FileNotFoundError:  # another worker was quicker
        if not goal.exists():
            sidecar.unlink(missing_ok=True)
        return
    path.with_name(path.name + MAP).unlink(missing_ok=True)
