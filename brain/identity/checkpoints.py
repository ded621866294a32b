"""Checkpoints: how long each chain is and what its last digest is, written down outside the database.

Without them the end of a chain could be cut off together with its links. A line goes to a file that is only added to, and
to syslog where that is set: best to one on another machine.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from logging.handlers import SysLogHandler
from pathlib import Path

import psycopg

from brain.identity import chain
from brain.identity.chain import Ring
from brain.store import db


@dataclass(frozen=True, slots=True)
class Place:
    """Where this process writes checkpoints: a file, and syslog (`/dev/log` or host:port over UDP; empty for none)."""

    path: Path
    syslog: str = ""


_place: Place | None = None


def use(place: Place | None) -> None:
    """Tell this process where checkpoints go; None: nowhere."""
    global _place
    _place = place


def file_of(home: Path) -> Path:
    return home / "audit" / "checkpoints.jsonl"


def take(conn: psycopg.Connection, now: datetime) -> int:
    """Write a checkpoint of each chain that has begun; how many. Raises OSError where it cannot be written."""
    if _place is None:
        return 0
    keys = chain.ring()
    lines: list[Mapping[str, object]] = []
    for name in chain.CHAINS:
        last = db.one(conn, f"{name}_last_link")
        if last:
            said = {"chain": name, "count": last["seq"], "last": last["ref"], "digest": last["digest"].hex(), "at": now.isoformat()}
            lines.append(said | {"key": keys.id, "mac": _mac(keys, said)})
    _append(_place.path, lines)
    if _place.syslog and lines:
        _send(_place.syslog, lines)
    return len(lines)


def _mac(keys: Ring, said: Mapping[str, object]) -> str:
    text = " ".join(str(said[name]) for name in ("chain", "count", "last", "digest", "at"))
    return hmac.digest(keys.checkpoint, text.encode(), "sha256").hex()


def _append(path: Path, lines: Sequence[Mapping[str, object]]) -> None:
    """All lines in one write, on disk when it returns."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
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


def read(path: Path, rings: Mapping[str, Ring]) -> tuple[dict[str, dict[int, bytes]], int | None]:
    """({chain: {number: digest}}, number of the first line that we did not write or that was changed; None when all are ours)."""
    found: dict[str, dict[int, bytes]] = {}
    if not path.exists():
        return found, None
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            one = json.loads(text)
            known = rings.get(one["key"])
            if known is None or not hmac.compare_digest(_mac(known, one), one["mac"]):
                return found, number
            found.setdefault(one["chain"], {})[one["count"]] = bytes.fromhex(one["digest"])
        except (ValueError, KeyError, TypeError):
            return found, number
    return found, None
