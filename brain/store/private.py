"""The data folder is its owner's alone: folders 0700, files 0600 (8.1.4.2, 8.1.4.11).

Why the umask and not a mode at each place that writes: one place forgotten is one file that everybody on the machine reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

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
