"""One FastAPI application: the API's routers, the pages (Dash on its FastAPI backend), the map's own files, and the socket.

Everything is found by its place: a router in `brain/web/api/<name>.py`, a page in `brain/web/pages/<name>.py`. Nothing is
registered by hand, and nothing is asked of another host (`access.CSP` forbids it too).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import dash
from dash import Dash, dcc, html
from dash.backends._fastapi import reset_current_request, set_current_request
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from brain import __version__
from brain.catalog import Catalog
from brain.settings import BadSetting, Settings
from brain.store import db
from brain.web import access, frames, live, ground
from brain.web.parts import plain
from brain.web.squeeze import Squeeze

log = logging.getLogger(__name__)
HERE = Path(__file__).parent
INDEX = """<!DOCTYPE html>
<html lang="zh-CN"><head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body></html>"""


def modules(folder: str) -> list[ModuleType]:
    """The public modules of `brain/web/<folder>`, by name."""
    names = sorted(m.name for m in iter_modules([str(HERE / folder)]) if not m.name.startswith("_"))
    return [import_module(f"brain.web.{folder}.{name}") for name in names]


def create_app(settings: Settings, catalog: Catalog) -> FastAPI:
    """The whole application; `app.state` has settings, catalog, pool, hub, dash and pages.

    Raises BadSetting when no database is named: the web process never starts one (`brain up` does).
    """
    if not settings.database_url:
        raise BadSetting("网页进程要知道数据库：请设 BRAIN_DATABASE_URL，或用 brain up 启动全部")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool.open()
        await app.state.hub.start()
        try:
            yield
        finally:
            await app.state.hub.stop()
            app.state.pool.close()

    app = FastAPI(
        title="城市大脑 lite", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.state.app, app.state.settings, app.state.catalog = app, settings, catalog
    app.state.pool = db.pool(settings.database_url, size=8, name="brain web")
    app.state.hub = live.Hub(settings, catalog, app.state.pool)
    app.include_router(access.router)
    app.include_router(access.api)
    app.include_router(ground.router)
    for module in modules("api"):
        if hasattr(module, "router"):
            app.include_router(module.router)
    app.state.pages = mount_dash(app)
    app.add_middleware(Squeeze)
    gated = {page.path: page for page in app.state.pages.values() if not page.plain}
    app.add_middleware(access.Gate, state=app.state, pages=gated)
    return app


def mount_dash(app: FastAPI) -> dict[str, access.Page]:
    """Dash at /, with every page of the folder; returns them by name.

    Why pages_folder="": Dash would register a page of a package twice; and pages bind their callbacks to this app
    instead of Dash's module-level list, which reaches only the first app of a process.
    """
    hooks = dash.hooks
    dash_app = Dash(
        "brain.web",
        server=app,
        use_pages=True,
        pages_folder="",
        assets_folder=str(HERE / "assets"),
        assets_ignore=r"door\.css",
        index_string=INDEX,
        title="城市大脑 lite",
        update_title="",
        suppress_callback_exceptions=True,
        serve_locally=True,
        websocket_inactivity_timeout=0,
        websocket_heartbeat_interval=15000,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    dash_app.enable_dev_tools(debug=False)
    dash_app.layout = html.Div([dcc.Location(id="_brain_location", refresh=False), dash.page_container], id="brain")
    dash_app.backend._setup_catchall = lambda: None  # unknown addresses get our own answer, not Dash's empty shell
    found: dict[str, access.Page] = {}
    for module in modules("pages"):
        name, page = module.__name__.rsplit(".", 1)[-1], module.PAGE
        found[name] = page
        if page.plain:
            app.add_api_route(page.path, _plain(module), methods=["GET"], include_in_schema=False)
            continue
        dash.register_page(module.__name__, path=page.path, title=page.title, order=page.order, layout=_layout(module))
        if page.path != "/":  # "/" is Dash's own
            app.add_api_route(page.path, _shell(dash_app), methods=["GET"], include_in_schema=False)
        module.callbacks(dash_app)
    app.state.dash = dash_app

    @app.exception_handler(404)
    async def missing(request: Request, err: Exception) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
        if wants_page:
            return HTMLResponse(plain.missing(), 404)
        detail = getattr(err, "detail", None)
        return access.JSONResponse({"detail": detail if isinstance(detail, dict) else {"code": "missing", "message": "没有这个地址"}}, 404)

    return found


def run(settings: Settings) -> None:
    """The web process: serves until it is told to stop."""
    import uvicorn

    from brain import catalog as catalogs

    app = create_app(settings, catalogs.load(settings.catalog or None))
    uvicorn.run(
        app, host=settings.http_host, port=settings.http_port, log_level=settings.log_level.lower(), access_log=False,
        ws_max_size=2**20, timeout_graceful_shutdown=3, proxy_headers=True,
    )  # fmt: skip
