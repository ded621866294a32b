"""Checkpoints: how long each chain is and what its last digest is, written down outside the database.

Without them the end of a chain could be cut off together with its links. A line goes to a file that is only added to, and
to syslog where that is set: best to one on another machine. When one is due `sealing.checkpoint` decides.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Any

from brain.identity import chain
from brain.identity.chain import Outside, Ring
from brain.store.private import private_folder


@dataclass(frozen=True, slots=True)
class Place:
    """Where this process writes checkpoints: a file, and syslog (`/dev/log` or host:port over UDP; empty for none). What the
    engine remembers of the chains (`memory`) stands beside the file."""

    path: Path
    syslog: str = ""


_place: Place | None = None
_written: dict[tuple[Path, str], int] = {}


def use(place: Place | None) -> None:
    """Tell this process where checkpoints go; None: nowhere."""
    global _place
    _place = place


def place() -> Place | None:
    return _place


def folder() -> Path | None:
    """Where the engine's memory of the chains stands; None: nowhere."""
    return _place.path.parent if _place else None


def file_of(home: Path) -> Path:
    return home / "audit" / "checkpoints.jsonl"


# Writing ----------------------------------------------------------------------------------------------------------------
def line(name: str, last: Mapping[str, Any], old: int | None, now: datetime, accepted: str = "") -> dict[str, object]:
    """A checkpoint of a chain that ends with the link `last` (seq, ref, digest). `old`: how many links at its beginning stand for
    rows that have no digest of their own. `accepted`: why the chain was gone on with although it was not the one remembered."""
    keys = chain.ring()
    said: dict[str, object] = {
        "chain": name, "count": last["seq"], "last": last["ref"], "digest": last["digest"].hex(), "at": now.isoformat(),
        "key": keys.id, "old": old or 0,
    }  # fmt: skip
    if accepted:
        said["accepted"] = accepted
    return said | {"mac": _mac(keys, said)}


def written(name: str, count: int) -> bool:
    """Whether the last checkpoint of a chain that this process wrote there says that number already."""
    return _place is not None and _written.get((_place.path, name)) == count


def write(lines: Sequence[Mapping[str, Any]]) -> None:
    """Add lines to the file, and send them. Raises OSError where one of the two cannot be done."""
    if _place is None or not lines:
        return
    _append(_place.path, lines)
    if _place.syslog:
        _send(_place.syslog, lines)
    for one in lines:
        _written[_place.path, one["chain"]] = one["count"]


def _mac(keys: Ring, said: Mapping[str, object]) -> str:
    if "old" in said:
        text = json.dumps({k: v for k, v in said.items() if k != "mac"}, sort_keys=True)
    else:  # as they were written before rows of history had digests
        text = " ".join(str(said[name]) for name in ("chain", "count", "last", "digest", "at"))
    return hmac.digest(keys.checkpoint, text.encode(), "sha256").hex()


def _append(path: Path, lines: Sequence[Mapping[str, object]]) -> None:
    """All lines in one write, on disk when it returns."""
    private_folder(path.parent)
    out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(out, "".join(json.dumps(line) + "\n" for line in lines).encode())
        os.fsync(out)
    finally:
        os.close(out)


class _Syslog(SysLogHandler):
    """One that says when it could not send, where the library's would only print it."""

    def handleError(self, record: logging.LogRecord) -> None:  # the library's name
        raise


def _send(where: str, lines: Sequence[Mapping[str, object]]) -> None:
    host, _, port = where.rpartition(":")
    handler = _Syslog(where if where.startswith("/") else (host, int(port)), SysLogHandler.LOG_AUTH)
    handler.ident = "city-brain: "
    try:
        for line in lines:
            handler.emit(logging.LogRecord("audit", logging.INFO, "", 0, "checkpoint " + json.dumps(line), None, None))
    finally:
        handler.close()


# Reading ----------------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Written:
    """What a file of checkpoints says. `odd`: the number of the first line that we did not write or that was changed, None when
    all are ours; what comes after it is not read. `accepted`: lines that say why somebody went on with another chain."""

    marks: dict[str, dict[int, bytes]] = field(default_factory=dict[str, dict[int, bytes]])
    old: dict[str, int] = field(default_factory=dict[str, int])
    accepted: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    odd: int | None = None

    def of(self, name: str) -> Outside:
        return Outside(self.marks.get(name, {}), self.old.get(name))


def read(path: Path, rings: Mapping[str, Ring]) -> Written:
    """The checkpoints of a file; none where there is no file."""
    found = Written()
    if not path.exists():
        return found
    with open(path, encoding="utf-8", errors="replace") as lines:
        for number, text in enumerate(lines, 1):
            try:
                _take(found, json.loads(text), rings)
            except (ValueError, KeyError, TypeError, AttributeError):
                found.odd = number
                break
    return found


def _take(found: Written, one: dict[str, Any], rings: Mapping[str, Ring]) -> None:
    if not hmac.compare_digest(_mac(rings[one["key"]], one), one["mac"]):
        raise ValueError
    marks = found.marks.setdefault(one["chain"], {})
    if "accepted" in one:
        found.accepted.append(one)
        for number in [n for n in marks if n > one["count"]]:
            del marks[number]
    if one["count"]:
        marks[one["count"]] = bytes.fromhex(one["digest"])
    if "old" in one:
        found.old[one["chain"]] = one["old"]
