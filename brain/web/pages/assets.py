"""Style sheets and scripts that lie beside their page: `pages/<name>/assets/`, loaded by that page's document alone.

Why not all in Dash's one assets folder: every document would load every page's, and a page would lie in two rooms.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Response

router = APIRouter(include_in_schema=False)
HERE = Path(__file__).parent
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: where it is asked for (its digest is in the address, so it may be kept for ever), and what it is."""

    address: str
    kind: str
    body: bytes


@cache
def of(page: str) -> tuple[Asset, ...]:
    """The assets of a page by name, style sheets before scripts."""
    found = []
    for file in sorted((HERE / page / "assets").glob("*"), key=lambda f: (f.suffix, f.name)):
        if file.suffix in KINDS:
            body = file.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:16]
            found.append(Asset(f"/page-assets/{page}/{file.stem}.{digest}{file.suffix}", KINDS[file.suffix], body))
    return tuple(found)


@cache
def _by_address() -> dict[str, Asset]:
    return {asset.address: asset for folder in HERE.iterdir() if folder.is_dir() for asset in of(folder.name)}


def links(page: str) -> tuple[str, str]:
    """(style sheets for the head, scripts for the end of the body) of a page's document."""
    styles = "".join(f'<link rel="stylesheet" href="{a.address}">' for a in of(page) if a.address.endswith(".css"))
    scripts = "".join(f'<script src="{a.address}"></script>' for a in of(page) if a.address.endswith(".js"))
    return styles, scripts


@router.get("/page-assets/{page}/{name}")
def send(page: str, name: str) -> Response:
    """One file of a page; an address of a former release is gone."""
    asset = _by_address().get(f"/page-assets/{page}/{name}")
    if asset is None:
        return Response("没有这个文件", 404, media_type="text/plain; charset=utf-8")
    return Response(asset.body, headers={"Cache-Control": "public, max-age=31536000, immutable"}, media_type=asset.kind)
