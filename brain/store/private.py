"""The data folder is its owner's alone: folders 0700, files 0600 (8.1.4.2, 8.1.4.11).

Why the umask and not a mode at each place that writes: one place forgotten is one file that everybody on the machine reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

OTHERS = 0o066
"""Reading and writing by group and others. Passing through may be needed: started by root, the embedded database runs as a user
of its own, who must reach his folder (see `brain.local.postgres`)."""


def keep_private(home: Path) -> None:
    """From now on this process writes for its owner only; what others can read at the top of the data folder is closed. Call it
    once, at the start of a process that writes there."""
    os.umask(0o077)
    if not home.is_dir():
        return
    for path in (home, *_top(home)):
        mode = path.stat().st_mode
        if mode & OTHERS and path.stat().st_uid == os.getuid():
            path.chmod(mode & ~OTHERS & (0o711 if path.is_dir() else 0o600))


def open_to_others(home: Path) -> list[Path]:
    """What of the data folder's top others may read or write."""
    return [p for p in (home, *_top(home)) if p.stat().st_mode & OTHERS] if home.is_dir() else []


def _top(home: Path) -> Iterator[Path]:
    return (p for p in sorted(home.iterdir()) if not p.is_symlink() and (p.is_dir() or p.is_file()))


def private_folder(path: Path) -> None:
    """Make a folder that its owner alone enters, whatever the umask; one that is there already becomes so."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.stat().st_uid == os.getuid():
        path.chmod(0o700)


def open_private(path: Path) -> TextIO:
    """A new text file for its owner only, in place of one that is there. Never through a link that somebody put there."""
    path.unlink(missing_ok=True)
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")


def replace_private(path: Path, text: str) -> None:
    """The file with this text for its owner only, on disk when it returns; a kill leaves the old one or the new one."""
    private_folder(path.parent)
    part = path.with_name(path.name + ".part")
    with open_private(part) as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
