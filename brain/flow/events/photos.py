"""Photos of events: checked, cleaned, stored below the files folder, and bound to an event by the verb that shows them.

Why the picture is written anew: a file that is a valid picture may be a valid script as well, and carries the phone's
serial number; of what hides in it only the time and the place are kept, as columns. `sha256` stays the digest of what
was uploaded: the phone deletes its copy on that receipt, and the same picture under two events shows.
"""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from PIL import ExifTags, Image, ImageOps

from brain.city import OFFSET, ZONE
from brain.model import Refused
from brain.store import db

LARGEST = 20 * 2**20  # bytes; GB/T 22239-2019 8.1.4.5, practice
LARGEST_PIXELS = 60_000_000  # a picture that would unfold into more memory than this is refused before it is decoded
FORMATS = {
    b"\xff\xd8\xff": ("JPEG", "image/jpeg", "jpg"),
    b"\x89PNG\r\n\x1a\n": ("PNG", "image/png", "png"),
    b"RIFF": ("WEBP", "image/webp", "webp"),
}
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
) -> Photo:
    """Check and keep one photo. `photo_id` is the phone's own key: the same upload again gives the same photo.

    Raises Refused: 'photo' (not a picture, broken, too large), 'conflict' (the key belongs to another picture).
    """
    if phase not in PHASES:
        raise Refused(f"照片阶段“{phase}”不对，应为 {'、'.join(PHASES)} 之一", "photo")
    digest = hashlib.sha256(data).digest()
    if photo_id and (row := db.one(conn, "photo_by_id", id=photo_id)):
        if row["sha256"] != digest or row["by"] != by:
            raise Refused("这个照片编号已用于另一张照片，请换一个编号重新上传", "conflict")
        return db.record(Photo, row)
    clean, mime, suffix, facts = _cleaned(data)
    ident = photo_id or uuid.uuid4()
    path = Path("photos") / f"{now.astimezone(ZONE):%Y/%m}" / f"{uuid.uuid4().hex}.{suffix}"
    _write(files / path, clean)
    try:
        with conn.transaction():
            row = db.one(
                conn, "photo_insert", id=ident, event_id=None, phase=phase, sha256=digest,
                stored_sha256=hashlib.sha256(clean).digest(), mime=mime, bytes=len(clean), path=path.as_posix(),
                uploaded_at=now, by=by, **facts,
            )  # fmt: skip
    except BaseException:
        (files / path).unlink(missing_ok=True)
        raise
    if row is None:  # the same upload came twice at once: the other one won
        (files / path).unlink(missing_ok=True)
        row = db.row(conn, "photo_by_id", id=ident)
    return db.record(Photo, row)


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


def _cleaned(data: bytes) -> tuple[bytes, str, str, dict[str, Any]]:
    """(bytes to keep, MIME type, file suffix, {taken_at, lng, lat})."""
    if len(data) > LARGEST:
        raise Refused(f"照片有 {len(data) / 2**20:.1f} MB，最大 {LARGEST // 2**20} MB，请压缩后再传", "photo")
    found = next((f for magic, f in FORMATS.items() if data.startswith(magic)), None)
    if found is None or (found[0] == "WEBP" and data[8:12] != b"WEBP"):
        raise Refused("只收 JPEG、PNG、WebP 照片，请换格式后再传", "photo")
    name, mime, suffix = found
    try:
        with Image.open(io.BytesIO(data), formats=[name]) as probe:
            if probe.width * probe.height > LARGEST_PIXELS:
                raise Refused(f"照片有 {probe.width}×{probe.height} 像素，太大，请缩小后再传", "photo")
            probe.verify()
        with Image.open(io.BytesIO(data), formats=[name]) as image:
            facts = _facts(image.getexif())
            turned = ImageOps.exif_transpose(image)
            clean = Image.frombytes(turned.mode, turned.size, turned.tobytes())
            if turned.mode == "P" and (palette := turned.getpalette()):
                clean.putpalette(palette)
            if name == "JPEG" and clean.mode not in ("RGB", "L"):
                clean = clean.convert("RGB")
            out = io.BytesIO()
            clean.save(out, name, **({"quality": 90} if name != "PNG" else {}))
    except Refused:
        raise
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as err:
        raise Refused("照片文件已损坏，打不开，请重新拍照上传", "photo") from err
    return out.getvalue(), mime, suffix, facts


def _facts(exif: Image.Exif) -> dict[str, Any]:
    """When and where the picture was taken, as far as the phone wrote it plausibly."""
    inner, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    taken = None
    try:
        text = inner.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
        zone = inner.get(ExifTags.Base.OffsetTimeOriginal)
        if text:
            taken = datetime.strptime(text.strip("\0 ") + (zone or OFFSET), "%Y:%m:%d %H:%M:%S%z")
    except (ValueError, AttributeError, TypeError):
        taken = None
    try:
        lng = _degrees(gps[ExifTags.GPS.GPSLongitude], gps.get(ExifTags.GPS.GPSLongitudeRef, "E"))
        lat = _degrees(gps[ExifTags.GPS.GPSLatitude], gps.get(ExifTags.GPS.GPSLatitudeRef, "N"))
        if not (-180 <= lng <= 180 and -90 <= lat <= 90) or (lng == 0 and lat == 0):
            lng = lat = None
    except (KeyError, ValueError, TypeError, ZeroDivisionError):
        lng = lat = None
    return {"taken_at": taken, "lng": lng, "lat": lat}


def _degrees(dms: Sequence[Any], ref: str) -> float:
    value = float(dms[0]) + float(dms[1]) / 60 + float(dms[2]) / 3600
    if value != value:
        raise ValueError("not a number")
    return -value if ref in ("W", "S") else value


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and on the disk before the database says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with open(part, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
