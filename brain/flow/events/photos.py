"""Photos of events: checked and cleaned (`pictures.py`), stored below the files folder, and bound to an event by the verb that
shows them.

`sha256` stays the digest of what was uploaded: the phone deletes its copy on that receipt, and the same picture under two
events shows.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from brain import catalog
from brain.catalog import Bounds
from brain.city import ZONE
from brain.flow.events.pictures import LARGEST, Cleaned, cleaned
from brain.model import Refused
from brain.rules.strangers import OutOfBounds, bounded_time
from brain.store import db

__all__ = ["LARGEST", "PHASES", "Photo", "bind", "get", "of_event", "store"]
PHASES = ("report", "verify", "answer", "check", "other")


@dataclass(frozen=True, slots=True)
class Photo:
    """A stored photo (table `photo`). `path` is below the files folder; times aware; lng, lat EPSG:4490 (a phone's
    WGS 84 differs from it by centimetres) or None where the phone wrote none."""

    id: uuid.UUID
    event_id: str | None
    phase: str
    sha256: bytes
    mime: str
    bytes: int
    path: str
    uploaded_at: datetime
    lng: float | None = None
    lat: float | None = None
    taken_at: datetime | None = None
    by: int | None = None


def store(
    conn: psycopg.Connection,
    files: Path,
    data: bytes,
    *,
    phase: str,
    by: int | None,
    now: datetime,
    photo_id: uuid.UUID | None = None,
    bounds: Bounds | None = None,
    clean: Callable[[bytes], Cleaned] = cleaned,
) -> Photo:
    """Check and keep one photo. `photo_id` is the phone's own key: the same upload again gives the same photo. A time out of
    `bounds` (None: those shipped) is no time at all: what matters of such a picture is when it came. `clean`:
    `pictures.cleaned`, or something that has it run elsewhere.

    Raises Refused: 'photo' (not a picture, broken, too large), 'conflict' (the key belongs to another picture).
    """
    if phase not in PHASES:
        raise Refused(f"照片阶段“{phase}”不对，应为 {'、'.join(PHASES)} 之一", "photo")
    digest = hashlib.sha256(data).digest()
    if photo_id and (row := db.one(conn, "photo_by_id", id=photo_id)):
        if row["sha256"] != digest or row["by"] != by:
            raise Refused("这个照片编号已用于另一张照片，请换一个编号重新上传", "conflict")
        return db.record(Photo, row)
    picture, mime, suffix, facts = clean(data)
    facts["taken_at"] = credible(facts["taken_at"], now, bounds)
    ident = photo_id or uuid.uuid4()
    path = Path("photos") / f"{now.astimezone(ZONE):%Y/%m}" / f"{uuid.uuid4().hex}.{suffix}"
    _write(files / path, picture)
    try:
        with conn.transaction():
            row = db.one(
                conn, "photo_insert", id=ident, event_id=None, phase=phase, sha256=digest,
                stored_sha256=hashlib.sha256(picture).digest(), mime=mime, bytes=len(picture), path=path.as_posix(),
                uploaded_at=now, by=by, **facts,
            )  # fmt: skip
    except BaseException:
        (files / path).unlink(missing_ok=True)
        raise
    if row is None:  # the same upload came twice at once: the other one won
        (files / path).unlink(missing_ok=True)
        row = db.row(conn, "photo_by_id", id=ident)
    return db.record(Photo, row)


def credible(taken_at: datetime | None, now: datetime, bounds: Bounds | None = None) -> datetime | None:
    """When a picture was taken, as its file or its sender says it; None where that cannot be."""
    if taken_at is None:
        return None
    b = bounds or catalog.bounds()
    try:
        return bounded_time(taken_at, now, b.photo_past, b.photo_ahead)
    except (OutOfBounds, ValueError):
        return None


def get(conn: psycopg.Connection, photo_id: uuid.UUID | str) -> Photo | None:
    row = db.one(conn, "photo_by_id", id=photo_id)
    return db.record(Photo, row) if row else None


def of_event(conn: psycopg.Connection, event_id: str) -> list[Photo]:
    return [db.record(Photo, r) for r in db.many(conn, "photo_of_event", event_id=event_id)]


def bind(conn: psycopg.Connection, event_id: str, ids: Sequence[Any], phase: str, by: int | None) -> list[str]:
    """Make uploaded photos part of an event; returns the events that already carry one of these very pictures.

    Raises Refused('photo') when one of them is missing, another person's, or already another event's.
    """
    ids = list(dict.fromkeys(str(i) for i in ids))
    if not ids:
        return []
    try:
        bound = db.many(conn, "photo_bind", event_id=event_id, phase=phase, ids=ids, by=by)
    except psycopg.errors.InvalidTextRepresentation:
        raise Refused("照片编号不对，请重新上传照片", "photo") from None
    if len(bound) != len(ids):
        raise Refused(f"{len(ids) - len(bound)} 张照片没有找到，或已用于别的事件，请重新上传", "photo")
    return [r["event_id"] for r in db.many(conn, "photo_used_elsewhere", ids=ids, event_id=event_id)]


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and on the disk before the database says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with open(part, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
