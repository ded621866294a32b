"""A picture from a stranger: checked, turned upright, written anew without anything that hides in it; and made small.

Why the picture is written anew: a file that is a valid picture may be a valid script as well, and carries the phone's serial
number; of what hides in it only the time and the place are kept, as columns.

Why few pixels are unfolded: one pixel is three or four bytes in memory, and 227 KiB of PNG can hold sixty million of them. What a
camera takes beyond `KEPT_PIXELS` is read at half its size, which JPEG can do while it is decoded; the other formats cannot
and are refused there. These functions know no database and may run in a process of their own.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from PIL import ExifTags, Image, ImageOps

from brain.city import OFFSET
from brain.model import Refused

LARGEST = 20 * 2**20  # bytes; GB/T 22239-2019 8.1.4.5, practice
LARGEST_PIXELS = 60_000_000  # of a JPEG, which is read smaller
KEPT_PIXELS = 13_000_000  # four by three thousand, and a little
FORMATS = {
    b"\xff\xd8\xff": ("JPEG", "image/jpeg", "jpg"),
    b"\x89PNG\r\n\x1a\n": ("PNG", "image/png", "png"),
    b"RIFF": ("WEBP", "image/webp", "webp"),
}


class Cleaned(NamedTuple):
    """The bytes to keep, their MIME type and file suffix, and what the picture said of itself: taken_at, lng, lat."""

    picture: bytes
    mime: str
    suffix: str
    facts: dict[str, Any]


def cleaned(data: bytes) -> Cleaned:
    """A picture as it is kept. Raises Refused('photo')."""
    if len(data) > LARGEST:
        raise Refused(f"照片有 {len(data) / 2**20:.1f} MB，最大 {LARGEST // 2**20} MB，请压缩后再传", "photo")
    found = next((f for magic, f in FORMATS.items() if data.startswith(magic)), None)
    if found is None or (found[0] == "WEBP" and data[8:12] != b"WEBP"):
        raise Refused("只收 JPEG、PNG、WebP 照片，请换格式后再传", "photo")
    name, mime, suffix = found
    try:
        with Image.open(io.BytesIO(data), formats=[name]) as image:
            pixels, most = image.width * image.height, LARGEST_PIXELS if name == "JPEG" else KEPT_PIXELS
            if pixels > most:
                advice = "请缩小后再传" if name == "JPEG" else "请缩小，或用 JPEG 格式再传"
                raise Refused(f"照片有 {image.width}×{image.height} 像素，太大，{advice}", "photo")
            facts = _facts(image.getexif())
            if pixels > KEPT_PIXELS:  # read at half its size: only that much is ever unfolded
                image.draft(None, (image.width // 2, image.height // 2))
            image.load()
            ImageOps.exif_transpose(image, in_place=True)  # no second copy: a picture may cost a hundred megabytes in all
            turned: Image.Image = image
            turned.info.clear()
            if name == "JPEG" and turned.mode not in ("RGB", "L"):
                turned = turned.convert("RGB")
            out = io.BytesIO()
            turned.save(out, name, exif=b"", **({"quality": 90} if name != "PNG" else {}))
    except Refused:
        raise
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as err:
        raise Refused("照片文件已损坏，打不开，请重新拍照上传", "photo") from err
    return Cleaned(out.getvalue(), mime, suffix, facts)


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


def shrink(path: Path, small: Path, side: int) -> None:
    """A JPEG of at most `side` pixels a side, whole or not at all. Raises Refused('photo')."""
    small.parent.mkdir(parents=True, exist_ok=True)
    part = small.with_name(f"{small.stem}.{uuid4().hex}.part")
    try:
        with Image.open(path) as image:
            image.draft("RGB", (side, side))
            image.thumbnail((side, side))
            image.convert("RGB").save(part, "JPEG", quality=80)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as err:
        part.unlink(missing_ok=True)
        raise Refused("照片文件已损坏，打不开，请重新拍照上传", "photo") from err
    os.replace(part, small)
