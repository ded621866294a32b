"""The map's own files: base style, sprite and icons, served by us so that the map needs nobody else.

The style is one GeoJSON document of the district, its towns, grids and rivers; it changes only when the city's places are
imported anew, so it carries a version in its address and is kept by the browser.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Annotated, Any

import geopandas as gpd
import psycopg
import shapely
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from brain.store import db
from brain.web.door import access
from layers import _compose, _sprite
from layers._layer import Layer

router = APIRouter(prefix="/map", include_in_schema=False)
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@cache
def layers() -> tuple[Layer, ...]:
    """Every layer of the folder `layers`, in drawing order."""
    from importlib import import_module
    from pkgutil import iter_modules

    import layers as folder

    names = [m.name for m in iter_modules(folder.__path__) if not m.name.startswith("_")]
    return tuple(_compose.in_order([import_module(f"layers.{name}").LAYER for name in names]))


def frames(conn: psycopg.Connection) -> dict[str, gpd.GeoDataFrame]:
    """The ground's frames by source: district with neighbours, towns, grids, rivers (EPSG:4490)."""
    from brain.cities import meijiang

    around = gpd.read_file(meijiang.base_map()["neighbours"])
    return {
        "district": _frame(
            [{"kind": "district", "name": r["name"], "geometry": r["geom"]} for r in _places(conn, "district")]
            + [
                {"kind": "neighbour", "name": n, "geometry": g}
                for n, g in zip(around["name"], around.geometry, strict=True)
            ],
            ["kind", "name", "geometry"],
        ),
        "towns": _frame(
            [{"code": r["code"], "name": r["name"], "geometry": r["geom"]} for r in _places(conn, "town")],
            ["code", "name", "geometry"],
        ),
        "grids": _frame(
            [{"code": r["code"], "geometry": shapely.boundary(r["geom"])} for r in _places(conn, "grid")],
            ["code", "geometry"],
        ),
        "rivers": meijiang.rivers()[["name", "main", "geometry"]],
    }


def _places(conn: psycopg.Connection, kind: str) -> list[dict[str, Any]]:
    rows = db.many(conn, "web_places", kind=kind)
    return [r | {"geom": shapely.from_wkb(bytes(r["geom"]))} for r in rows if r["geom"] is not None]


def _frame(rows: list[dict[str, Any]], columns: list[str]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs="EPSG:4490")


class Ground:
    """The base style of one database, made once a process; `version` changes with its content."""

    def __init__(self, conn: psycopg.Connection):
        self.frames = frames(conn)
        self.style = _compose.base_style(layers(), self.frames, sprite="")
        text = json.dumps(self.style, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        self.version = hashlib.sha256((text + str(_sprite.sheet(1)[0])).encode()).hexdigest()[:12]
        box = self.frames["district"].query("kind == 'district'").total_bounds
        self.box = tuple(map(float, box)) if len(self.frames["district"]) else (115.9, 24.0, 116.5, 24.5)

    @property
    def address(self) -> str:
        return f"/map/style.json?v={self.version}"

    @property
    def centre(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


def of(state: Any) -> Ground:
    """The ground of this process, made at the first asking."""
    if not hasattr(state, "ground"):
        with state.pool.connection() as conn:
            state.ground = Ground(conn)
    return state.ground


@router.get("/style.json", dependencies=[Depends(access.current)])
def style(request: Request, k: Annotated[float, Query(ge=1, le=4)] = 1.0) -> Response:
    """The MapLibre style, its words and lines `k` times as large for tall walls. The sprite's address must be absolute, so
    it is put in here for the host that was asked."""
    host = f"{request.url.scheme}://{request.url.netloc}"
    made = of(request.app.state)
    body = (made.style if k == 1 else _compose.larger(made.style, k)) | {"sprite": f"{host}/map/sprite-{made.version}"}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(
        text, media_type="application/json", headers={"Cache-Control": "private, max-age=86400", "Vary": "Host"}
    )


@router.get("/sprite-{version}.json")
def sprite_index(version: str) -> Response:
    scale = 2 if version.endswith("@2x") else 1
    return Response(json.dumps(_sprite.sheet(scale)[0]), media_type="application/json", headers=FOREVER)


@router.get("/sprite-{version}.png")
def sprite_image(version: str) -> Response:
    scale = 2 if version.endswith("@2x") else 1
    return Response(_sprite.sheet(scale)[1], media_type="image/png", headers=FOREVER)


@router.get("/icon/{name}.png")
def icon(name: str) -> Response:
    """One icon of the sprite at double density, for legends and lists."""
    if name not in _sprite.names():
        raise HTTPException(404, {"code": "missing", "message": "没有这个图标"})
    return Response(_sprite.icon(name), media_type="image/png", headers=FOREVER)
