"""How the tests are shared out to the processes of `pytest -n`: what shares a dear set-up stays together, dear things begin first.

Why not `--dist loadfile` as it comes: it begins with the files of the most tests, which are the cheap ones, ends with those of
one or two, which are whole cities, and lets each process start its own web server for each half of a folder.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/authority", "tests/faults", "tests/web/phone", "tests/web")
"""Folders whose files share a server with its people, or a city under faults. The first one that fits counts.

Why all pages with a map are one: a browser draws the map in software and takes a core by itself; two of them at once, and
what a page must show within a second comes late for no fault of ours. The phone's pages draw none until they are asked."""
FIRST = (
    "tests/web", "tests/authority", "tests/web/phone", "tests/faults", "tests/run", "tests/story",
    "tests/house/test_lint.py", "tests/record/intake", "tests/record",
)  # fmt: skip
"""The order of beginning; the rest, which is many small things, fills the gaps at the end."""


def share(nodeid: str) -> str:
    """What a test stays together with: a folder, else its file."""
    file = nodeid.split("::", 1)[0]
    return next((folder for folder in TOGETHER if file.startswith(folder + "/")), file)


def place(share: str) -> int:
    """Where a share stands in the order of beginning."""
    fits = [first for first in FIRST if f"{share}/".startswith(first + "/")]
    return FIRST.index(max(fits, key=len)) if fits else len(FIRST)


class Shares(LoadScopeScheduling):
    """Whole shares, in their order."""

    def __init__(self, config, log=None):
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return share(nodeid)
