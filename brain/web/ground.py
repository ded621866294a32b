"""The map's own files: base style, sprite and icons, served by us so that the map needs nobody else.

The style is one GeoJSON document of the district, its towns, grids and rivers; it changes only when the city's places are
imported anew, so it carries a version in its address and is kept by the browser.
"""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Annotated, Any

import geopandas as gpd
import psycopg
import shapely
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from brain.catalog import BadCatalog, Catalog
from brain.store import db
from brain.web.door import access
from brain.web.live import frames as sources
from layers import _compose, _load, _sprite
from layers._layer import Layer

router = APIRouter(prefix="/map", include_in_schema=False)
log = logging.getLogger(__name__)
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def layers_of(catalog: Catalog, folder: str = "") -> tuple[Layer, ...]:
    """The layers of this city in drawing order: ours and those of its own `folder` (BRAIN_LAYERS), without those of themes
    that it does not have.

    Raises BadCatalog for a layer file that cannot be read, a theme whose layer is not there, and a layer that asks for what
    nobody supplies.
    """
    try:
        found = _load.load(Path(folder).expanduser() if folder else None)
    except _load.BadLayer as err:
        raise BadCatalog(str(err)) from err
    keys = {layer.key for layer in found}
    for theme in catalog.themes.values():
        if lost := [key for key in theme.layers if key not in keys]:
            raise BadCatalog(f"themes.toml 的 theme.{theme.key}.layers：没有图层 {'、'.join(lost)}；可用的是 {'、'.join(sorted(keys))}")
        if theme.icon not in _sprite.names(signs_of(found)):
            known = "、".join((*_sprite.SIGNS, "dot", *(name for name, _ in signs_of(found))))
            raise BadCatalog(f"themes.toml 的 theme.{theme.key}.icon：没有图标“{theme.icon}”；可用的是 {known}")
    owned = {key for theme in catalog.themes.values() for key in theme.layers}
    kept = []
    for layer in found:
        columns = sources.columns(layer.source, catalog)
        if layer.source.endswith(sources.STATIONS) and (columns is None or layer.key not in owned):
            log.warning("layer %s is left out: no theme of themes.toml has it", layer.key)
        elif columns is None or set(layer.columns) - set(columns):
            wants = f"名为 {layer.source}、带有 {'、'.join(layer.columns)} 的数据"
            raise BadCatalog(f"图层 {layer.key}：没有{wants}；请改正图层文件的 source 或 columns")
        else:
            kept.append(layer)
    return tuple(kept)


def signs_of(layers: tuple[Layer, ...]) -> _sprite.Signs:
    """The signs that layers bring along, by the key of their layer."""
    return tuple((layer.key, layer.sign) for layer in layers if layer.sign)


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
        "rivers": gpd.GeoDataFrame(meijiang.rivers()[["name", "main", "geometry"]]),
    }


def _places(conn: psycopg.Connection, kind: str) -> list[dict[str, Any]]:
    rows = db.many(conn, "web_places", kind=kind)
    return [r | {"geom": shapely.from_wkb(bytes(r["geom"]))} for r in rows if r["geom"] is not None]


def _frame(rows: list[dict[str, Any]], columns: list[str]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs="EPSG:4490")


class Ground:
    """The base style of one database, made once a process; `version` changes with its content."""

    def __init__(self, conn: psycopg.Connection, layers: tuple[Layer, ...]):
        self.frames = frames(conn)
        self.style = _compose.base_style(layers, self.frames, sprite="")
        text = json.dumps(self.style, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        self.version = hashlib.sha256((text + str(_sprite.sheet(1, signs_of(layers))[0])).encode()).hexdigest()[:12]
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
            state.ground = Ground(conn, state.layers)
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
def sprite_index(request: Request, version: str) -> Response:
    scale = 2 if version.endswith("@2x") else 1
    index, _ = _sprite.sheet(scale, signs_of(request.app.state.layers))
    return Response(json.dumps(index), media_type="application/json", headers=FOREVER)


@router.get("/sprite-{version}.png")
def sprite_image(request: Request, version: str) -> Response:
    scale = 2 if version.endswith("@2x") else 1
    return Response(_sprite.sheet(scale, signs_of(request.app.state.layers))[1], media_type="image/png", headers=FOREVER)


@router.get("/icon/{name}.png")
def icon(request: Request, name: str) -> Response:
    """One icon of the sprite at double density, for legends and lists."""
    signs = signs_of(request.app.state.layers)
    if name not in _sprite.names(signs):
        raise HTTPException(404, {"code": "missing", "message": "没有这个图标"})
    return Response(_sprite.icon(name, signs=signs), media_type="image/png", headers=FOREVER)
