"""One FastAPI application: the API's routers, the pages (Dash on its FastAPI backend), the map's own files, and the socket.

Everything is found by its place: a router in `brain/web/api/<name>.py`, a page in `brain/web/pages/<name>/page.py`. Nothing is
registered by hand, and nothing is asked of another host (the Content-Security-Policy forbids it too).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

import psycopg
from dash import Dash, Input, Output, dash_table, dcc, html
from dash.exceptions import DependencyException
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from psycopg_pool import PoolTimeout

from brain import __version__
from brain.catalog import Catalog
from brain.city import ZONE
from brain.settings import BadSetting, Settings
from brain.store import db
from brain.web import ground
from brain.web.door import access, apart, calls, gate, plain
from brain.web.door.access import Page
from brain.web.door.lines import Lines
from brain.web.door.refusals import Refusals
from brain.web.door.squeeze import Squeeze
from brain.web.door.turns import Turns
from brain.web.live import hub
from brain.web.pages import assets
from brain.web.steady import steady

log = logging.getLogger(__name__)
HERE = Path(__file__).parent
INDEX = """<!DOCTYPE html>
<html lang="zh-CN" data-zone="{zone}"><head>{%metas%}<title>{%title%}</title><link rel="icon" href="/assets/favicon.svg">{%css%}</head>
<body>{%app_entry%}{%config%}{%scripts%}<!--page-->{%renderer%}</body></html>"""
READERS = ("brain.sheets.glance", "brain.flow.events.pictures", "openpyxl", "PIL.JpegImagePlugin", "PIL.PngImagePlugin",
           "PIL.WebPImagePlugin")  # fmt: skip
TEND_S = 60
WAITING = '<div id="react-entry-point"><div class="_dash-loading"></div></div>'


def modules(folder: str, inside: str = "") -> list[ModuleType]:
    """The public modules of `brain/web/<folder>`, by name; `inside`: the module of that name in each of its folders."""
    found = iter_modules([str(HERE / folder)])
    names = sorted(m.name for m in found if not m.name.startswith("_") and (m.ispkg or not inside))
    return [import_module(f"brain.web.{folder}.{name}{inside}") for name in names]


def create_app(settings: Settings, catalog: Catalog) -> FastAPI:
    """The whole application; `app.state` has settings, catalog, pool, hub, pages (by name) and dash.

    Raises BadSetting when no database is named: the web process never starts one (`brain up` does).
    """
    if not settings.database_url:
        raise BadSetting("网页进程要知道数据库在哪里：请设 BRAIN_DATABASE_URL，或用 brain up 启动全部")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await app.state.hub.start()
        await asyncio.to_thread(ground.of, app.state)
        await asyncio.to_thread(apart.prepare, catalog.security.apart.at_once, READERS)
        watches = [
            asyncio.create_task(steady(one, name), name=name)
            for one, name in (
                (app.state.lines.watch, "lines"), (app.state.refusals.watch, "refusals"), (lambda: _tended(app), "tending"),
            )
        ]  # fmt: skip
        try:
            yield
        finally:
            for watch in watches:
                watch.cancel()
            await asyncio.to_thread(app.state.refusals.write_counts, None)
            await app.state.hub.stop()
            app.state.pool.close()

    app = FastAPI(
        title="城市大脑 lite", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url=None,  # brain/web/api/openapi.py serves it, to administrators
    )  # fmt: skip
    state = app.state
    state.app, state.settings, state.catalog = app, settings, catalog
    state.layers = ground.layers_of(catalog, settings.layers)
    state.pool = db.pool(settings.database_url, size=8, name="brain web")
    state.secret = settings.secret_key or secrets.token_urlsafe(48)  # without one: what is signed lasts as long as the process
    state.hub, state.lines = hub.Hub(settings, catalog, state.pool), Lines(settings, state.pool)
    state.hub.on_session = state.lines.look
    state.refusals, state.turns = Refusals(state), Turns(catalog.security.hashes)
    for router in (access.router, access.api, ground.router, assets.router):
        app.include_router(router)
    for module in modules("api"):
        if hasattr(module, "router"):
            app.include_router(module.router)
    state.pages = {}
    mount_pages(app)
    app.add_exception_handler(404, _missing)
    app.add_exception_handler(DependencyException, _missing)  # a file of a component suite that there is none of
    for kind in (psycopg.DataError, UnicodeEncodeError, OverflowError):
        app.add_exception_handler(kind, _unstorable)
    app.add_middleware(Squeeze)
    gated = {page.path: page for page in state.pages.values() if not page.plain}
    app.add_middleware(gate.Gate, state=state, pages=gated)
    return app


async def _tended(app: FastAPI) -> None:
    """Lets each page that leaves things half done when it is killed finish or undo them: now, and every minute."""
    pages = [module for module in modules("pages", ".page") if hasattr(module, "tend")]
    while True:
        for module in pages:
            try:
                await asyncio.to_thread(module.tend, app.state, datetime.now(UTC))
            except (psycopg.Error, PoolTimeout, OSError) as err:
                log.warning("%s could not be tended (%s)", module.__name__, type(err).__name__)
        await asyncio.sleep(TEND_S)


# Pages ----------------------------------------------------------------------------------------------------------------
def mount_pages(app: FastAPI) -> None:
    """Every page of the folder: plain ones as documents of their own, the others inside Dash.

    Why not Dash's own pages: its registry belongs to the module, so a second application of the process would share it,
    and its shell answers every unknown address. One callback that looks the address up is all there is to it.
    """
    inside: dict[str, ModuleType] = {}
    for module in modules("pages", ".page"):
        page: Page = module.PAGE
        app.state.pages[module.__name__.rsplit(".", 2)[-2]] = page
        if page.plain:
            app.add_api_route(page.path, _plain(module), methods=["GET"], include_in_schema=False)
        else:
            inside[page.path] = module
    holder: list[Dash] = []
    for path, module in inside.items():  # before Dash claims "/"
        name = module.__name__.rsplit(".", 2)[-2]
        shell = _shell(module.PAGE, name, holder, getattr(module, "PRELOAD", ()))
        app.add_api_route(path, shell, methods=["GET"], include_in_schema=False)
    dash_app = make_dash(app, inside)
    holder.append(dash_app)
    app.state.dash = dash_app


class OffLoop(Dash):
    """Dash whose callbacks stand behind `calls.fenced`, and whose plain ones run in a thread.

    Why: on the FastAPI backend Dash calls them on the loop that serves everybody, so that one department's large sheet made
    every other screen wait. The context (person, request, what was triggered) goes along.
    """

    def callback(self, *args: Any, **kwargs: Any) -> Callable[[Callable[..., Any]], Any]:
        bind = super().callback(*args, **kwargs)

        def take(function: Callable[..., Any]) -> Any:
            return bind(calls.fenced(function, socket=bool(kwargs.get("websocket"))))

        return take


def make_dash(app: FastAPI, inside: dict[str, ModuleType]) -> Dash:
    """Dash on this FastAPI application, with the pages `inside` by their path."""
    dash_app = OffLoop(
        "brain.web",
        server=app,  # type: ignore[arg-type]
        assets_folder=str(HERE / "assets"),
        assets_ignore=r"door\.css",
        index_string=INDEX.replace("{zone}", ZONE.key),
        update_title="",
        suppress_callback_exceptions=True,
        serve_locally=True,
        add_log_handler=False,
        csrf_token_name=access.FORGERY_COOKIE,
        csrf_header_name="X-Brain",
        websocket_inactivity_timeout=0,
        websocket_heartbeat_interval=15000,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    dash_table._js_dist = []  # 0.4 MB of script that no page uses
    # Unknown addresses get our own answer, not an empty shell. Dash declares the hook in its FastAPI backend only.
    dash_app.backend._setup_catchall = lambda: None  # pyright: ignore[reportAttributeAccessIssue]
    dash_app.layout = html.Div([dcc.Location(id="brain-address", refresh=True), html.Div(id="brain-page")], id="brain")

    @dash_app.callback(
        Output("brain-page", "children"), Input("brain-address", "pathname"), Input("brain-address", "search")
    )
    async def show(path: str | None, search: str | None) -> Any:
        """The page at this address, laid out for the person of the session."""
        module, person = inside.get(path or "/"), access.viewer()
        if module is None or person is None or not module.PAGE.lets(person.role, app.state.catalog):
            return html.Div("没有这个页面，或您的角色不能打开", className="no-page")
        query = {k: v for k, v in parse_qsl((search or "").lstrip("?")) if k.isidentifier()}
        return await asyncio.to_thread(module.layout, person, **query)

    for module in inside.values():
        module.callbacks(dash_app)
    return dash_app


def _shell(page: Page, name: str, holder: list[Dash], preload: Sequence[str]) -> Callable[..., Any]:
    """The document around a Dash page. Its few inline scripts are named by their digests, so no other one may run.

    `preload`: scripts of component suites that the page will need for sure, fetched while Dash still lays it out.
    """
    styles, scripts = assets.links(name)
    early = "".join(f'<link rel="preload" as="script" href="/_dash-component-suites/{path}">' for path in preload)

    async def shell(request: Request) -> Response:
        dash_app = holder[0]
        dash_app._setup_server()  # once; Dash does it at its own first address only, and the assets would be missing here
        text = gate.in_request(request, dash_app.index)
        text = text.replace("<title>Dash</title>", f"<title>{page.title} · 城市大脑 lite</title>{early}", 1)
        text = text.replace("</head>", f"{styles}</head>", 1).replace("<!--page-->", scripts, 1)
        return gate.with_forgery_cookie(HTMLResponse(text, headers=gate.policy_for(text, request)))

    return shell


def _plain(module: ModuleType) -> Callable[..., Any]:
    def document(request: Request) -> Response:
        query = {k: v for k, v in request.query_params.items() if k.isidentifier() and k != "request"}
        made = module.layout(access.visitor(request), request=request, **query)
        return made if isinstance(made, Response) else HTMLResponse(made)

    return document


async def _missing(request: Request, err: Exception) -> Response:
    detail = getattr(err, "detail", None)
    if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/"):
        return HTMLResponse(plain.missing(), 404)
    said = detail if isinstance(detail, dict) else {"code": "missing", "message": "没有这个地址"}
    return JSONResponse({"detail": said}, 404)


async def _unstorable(request: Request, err: Exception) -> Response:
    """A value that no column and no calendar holds: NUL, half a sign, the year 10000. What the database said of it is ours."""
    log.warning("%s %s brought what cannot be kept (%s)", request.method, request.url.path, type(err).__name__)
    said = {"code": "value", "message": "请求里有不能保存的值（空字符、不完整的字符或超出范围的时间、数字），请改正后再试"}
    return JSONResponse({"detail": said} | {"error": said["message"], "code": said["code"]}, 422)


def run(settings: Settings) -> None:
    """The web process: serves until it is told to stop."""
    import uvicorn

    from brain import catalog as catalogs
    from brain.identity import chain

    chain.use(settings.secret)
    chain.ring()
    app = create_app(settings, catalogs.load(settings.catalog or None))
    uvicorn.run(
        app, host=settings.http_host, port=settings.http_port, log_level=settings.log_level.lower(), access_log=False,
        ws_max_size=2**20, timeout_graceful_shutdown=3, proxy_headers=False,  # whom to believe is decided in door/address.py
        server_header=False,
    )  # fmt: skip
