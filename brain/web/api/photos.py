"""Photos: taken in with a digest that the phone gives and we check, handed out to whoever may see their event."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import psycopg
from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import FileResponse
from pydantic import AwareDatetime

from brain.catalog.security import Apart
from brain.flow.events import photos, pictures
from brain.flow.events.photos import Photo
from brain.identity.doing import Doer, act_audited
from brain.identity.people import Person
from brain.model import Refused
from brain.store import db
from brain.web.api import _fields
from brain.web.api._answers import Plain
from brain.web.api._fields import CRS, Lat, Lng
from brain.web.api.events import SOURCES, visible
from brain.web.door.access import current, database, doer
from brain.web.door.apart import run_apart


class Heavy(Plain):
    """Photos are larger than other requests."""

    most = photos.LARGEST + 2**20  # and the form around it


router = APIRouter(prefix="/api/v1/photos", tags=["photos"], route_class=Heavy)
Me = Annotated[Person, Depends(current)]
Db = Annotated[psycopg.Connection, Depends(database)]
THUMB = 360  # pixels of the longer side: a card's strip on a phone of three pixels a point

# Why the strict policy: a picture is somebody's upload; should a browser ever take it for a page, it may run nothing.
HARMLESS = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}


@router.post("", status_code=201, name="photo")
def store(
    request: Request,
    person: Me,
    by: Annotated[Doer, Depends(doer)],
    conn: Db,
    file: Annotated[UploadFile, File()],
    sha256: Annotated[str, Form(pattern=r"^[0-9a-f]{64}$")],
    phase: Annotated[Literal["report", "verify", "answer", "check", "other"], Form()],
    id: Annotated[UUID | None, Form()] = None,
    taken_at: Annotated[AwareDatetime | None, Form()] = None,
    lng: Annotated[Lng | None, Form()] = None,
    lat: Annotated[Lat | None, Form()] = None,
    crs: Annotated[CRS, Form()] = "wgs84",
) -> dict[str, Any]:
    """Keep one photo until a verb shows it. The receipt {id, sha256} says that it lies on our disk: only then may the
    phone delete its own. The same id and picture again give the same receipt."""
    now = datetime.now(UTC)
    data = file.file.read(photos.LARGEST + 1)

    def do() -> Photo:
        if person.role not in SOURCES:
            raise Refused("您的角色不能使用这项功能", "role")
        if hashlib.sha256(data).hexdigest() != sha256 and len(data) <= photos.LARGEST:
            raise Refused("照片在传输中损坏（摘要不符），请重新上传", "digest")
        kept = photos.store(
            conn, request.app.state.settings.files, data, phase=phase, by=person.id, now=now, photo_id=id,
            bounds=request.app.state.catalog.bounds, clean=partial(_clean, request.app.state.catalog.security.apart),
        )  # fmt: skip
        if kept.uploaded_at == now:
            place = (None, None) if lng is None or lat is None else _fields.stored(lng, lat, crs)
            said = photos.credible(taken_at, now, request.app.state.catalog.bounds)
            said = said and min(said, now)
            db.run(conn, "api_photo_said", id=kept.id, taken_at=said, lng=place[0], lat=place[1])
        return kept

    def line(kept: Photo) -> dict[str, Any] | None:
        """None where it lay there already: nothing was changed."""
        return {"object": f"photo:{kept.id}", "bytes": len(data)} if kept.uploaded_at == now else None

    kept = act_audited(conn, by, "photo", f"photo:{id or ''}", now, do, kept=line)
    return {"id": str(kept.id), "sha256": kept.sha256.hex(), "bytes": kept.bytes}


def _clean(limits: Apart, data: bytes) -> pictures.Cleaned:
    return run_apart(
        pictures.cleaned, data, seconds=limits.picture_s, megabytes=limits.picture_mib, wait_s=limits.wait_s
    )


def _readable(conn: psycopg.Connection, request: Request, person: Person, photo_id: UUID) -> tuple[Photo, Path]:
    """A photo and its file, if the person may see its event (or uploaded it and no verb has shown it yet)."""
    photo = photos.get(conn, photo_id)
    if photo is not None and photo.event_id is None and photo.by != person.id:
        photo = None
    if photo is None:
        raise Refused("没有这张照片，或不在您的管辖范围内", "unknown")
    if photo.event_id is not None:
        visible(conn, request.app.state.catalog, person, photo.event_id)
    path = request.app.state.settings.files / photo.path
    if not path.is_file():
        raise Refused("照片文件不在服务器上，请联系系统管理员", "unknown")
    return photo, path


@router.get("/{photo_id}", response_class=FileResponse)
def full(photo_id: UUID, request: Request, person: Me, conn: Db) -> FileResponse:
    """The picture as it is kept."""
    photo, path = _readable(conn, request, person, photo_id)
    return FileResponse(path, media_type=photo.mime, headers=HARMLESS)


@router.get("/{photo_id}/thumb", response_class=FileResponse)
def thumb(photo_id: UUID, request: Request, person: Me, conn: Db) -> FileResponse:
    """The picture, small; made when it is first asked for."""
    photo, path = _readable(conn, request, person, photo_id)
    small = request.app.state.settings.files / "thumbs" / photo.id.hex[:2] / f"{photo.id.hex}.jpg"
    if not small.is_file():
        limits = request.app.state.catalog.security.apart
        run_apart(pictures.shrink, path, small, THUMB, seconds=limits.picture_s, megabytes=limits.picture_mib, wait_s=limits.wait_s)
    return FileResponse(small, media_type="image/jpeg", headers=HARMLESS)
