"""/upload 文件接入: a department lays down a sheet; what its columns mean is proposed, what is wrong is told before sending.

The page keeps the file with the server (`BRAIN_HOME/upload`, one folder a person) while somebody looks at it; sending moves
it into the drop folder with its mapping beside it, where the file door of `ingest` takes it in. What became of it is read
back from the record.

Why the same folder as for files laid down by hand: there is one door, and a file that was sent while intake was down waits
there like any other.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NotRequired

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from typing_extensions import TypedDict

from brain.catalog import Catalog
from brain.catalog.sheet_records import Taker
from brain.city import ZONE
from brain.identity.doing import Doer, Via, act_audited, refusals_audited
from brain.identity.people import Person
from brain.model import Refused, Role
from brain.sheets import columns, glance
from brain.sheets.glance import Glance, Judged
from brain.sheets.reading import BadSheet
from brain.store import db
from brain.web.door import access
from brain.web.door.access import Page
from brain.web.door.apart import Spent, run_apart
from brain.web.pages.upload import preview, recent, sending
from brain.web.pages.upload.held import forget, held_path, stage
from brain.web.pages.upload.preview import SHOWN_ERRORS
from brain.web.pages.upload.recent import MAP
from brain.web.pages.wall import top

PAGE = Page("/upload", "文件接入", frozenset({Role.DEPARTMENT, Role.ADMIN}), order=60)
SHOWN_ROWS, SHOWN_TEXT = 20, 1500
TICK_MS, TICKS = 2000, 300


# Who may send what ----------------------------------------------------------------------------------------------------
def takers_of(person: Person, catalog: Catalog) -> dict[str, Taker]:
    """Feeds a person may send files for: an administrator all, a department its own, others none. The callbacks ask here
    again, because they are doors of their own."""
    if not PAGE.lets(person.role):
        return {}
    return {key: t for key, t in catalog.sheets.takers.items() if person.role is Role.ADMIN or t.org == person.org}


def layout(person: Person, **_: str) -> html.Div:
    state = access.here()
    takers, limits = takers_of(person, state.catalog), state.catalog.sheets.limits
    head = html.Header([html.H1("文件接入"), html.Nav(top.light_links(person, state.pages, state.catalog, "upload"))])
    if not takers:
        says = ["您的单位没有以文件报送的接入。需要开通时，请联系系统管理员；别的接法见", html.A("怎样接入", href="/guide"), "。"]
        return html.Div([head, html.Main(html.P(says, className="says"))], id="upload", className="light-page")
    options = [{"label": t.title, "value": key} for key, t in takers.items()]
    with state.pool.connection() as conn:
        files, busy = recent.files(conn, state.settings.drop, takers)
    return html.Div(
        [
            head,
            html.Main(
                [
                    html.Section(
                        [
                            html.Div(
                                [
                                    html.Label("报送到", htmlFor="upload-feed"),
                                    dcc.Dropdown(options, options[0]["value"], id="upload-feed", clearable=False, searchable=False),
                                    html.A("表格怎么写、怎样接入", href="/guide?door=file", className="guide"),
                                ],
                                className="choose",
                            ),
                            dcc.Upload(
                                [
                                    html.B("把文件拖到这里，或点击选择"),
                                    html.Span(
                                        f"CSV、XLSX、GeoJSON（预警为 CAP 的 XML）；UTF-8 或 GBK；"
                                        f"不超过 {limits.mib} MiB、{limits.rows} 行"
                                    ),
                                ],
                                id="upload-file",
                                max_size=limits.mib << 20,
                                className="drop",
                            ),
                        ],
                        className="give",
                    ),
                    dcc.Store(id="upload-held"),
                    html.Div(id="upload-said", role="status"),
                    html.Section(
                        [
                            html.Div(id="upload-preview"),
                            html.Div(
                                [
                                    html.Div(id="upload-look"),
                                    html.Button("发送", id="upload-send", disabled=True),
                                ],
                                className="verdict",
                            ),
                        ],
                        id="upload-work",
                        hidden=True,
                    ),
                    html.Section(
                        [
                            html.Div(
                                [html.H2("最近的文件"), html.Button("刷新", id="upload-again", className="quiet")],
                                className="bar",
                            ),
                            html.Div(files, id="upload-files", className="wide"),
                        ]
                    ),
                    dcc.Interval(id="upload-tick", interval=TICK_MS, disabled=not busy, max_intervals=TICKS),
                ]
            ),
        ],
        id="upload",
        className="light-page",
    )


class Held(TypedDict):
    """What the page remembers of a file in view: under which name we keep it, how its sender calls it, which look it is."""

    token: str
    name: str
    n: NotRequired[int]


# A file in view -------------------------------------------------------------------------------------------------------
def lay(drop: Path, taker: Taker, path: Path, name: str, meant: dict[str, str], person: Person, now: datetime) -> Path:
    """Lay a kept file down in the drop folder, with its mapping, both under hidden names; the name it will have there."""
    goal = drop / taker.key / _goal(path, name, now)
    goal.parent.mkdir(parents=True, exist_ok=True)
    sidecar = goal.with_name(goal.name + MAP)
    said: dict[str, Any] = {"name": name[:200], "by": person.name}
    if person.role is not Role.ADMIN:  # its rows about the stations of others are refused; an administrator's hand is the platform's
        said["org"] = person.org or "-"
    if meant:
        said["columns"] = meant
    here = goal.with_name("." + goal.name)
    half = sidecar.with_name("." + sidecar.name)
    half.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    sending.lay(path, here)
    return goal


def _goal(path: Path, name: str, now: datetime) -> str:
    """The name of a kept file in the drop folder."""
    safe = re.sub(r"[^\w.\-（）()·]+", "_", Path(name).stem)[:45].strip("._") or "文件"
    return f"{now.astimezone(ZONE):%Y%m%d-%H%M%S}-{path.stem[:6]}-{safe}{path.suffix}"


def _sheet(path: Path, catalog: Catalog) -> Glance:
    """What is shown of a kept file. Raises BadSheet, also where it takes too much to read."""
    return _apart(catalog, glance.glance, path, catalog.sheets.limits, SHOWN_ROWS, catalog.sheets)


def _apart(catalog: Catalog, function: Callable[..., Any], *args: Any) -> Any:
    limits = catalog.security.apart
    try:
        return run_apart(function, *args, seconds=limits.sheet_s, megabytes=limits.sheet_mib, wait_s=limits.wait_s)
    except Spent as err:
        raise BadSheet(str(err)) from None


def _propose(conn: Any, catalog: Catalog, feed: str, sheet: Glance) -> dict[str, str]:
    remembered = {r["given"]: r["meant"] for r in db.many(conn, "file_columns", feed=feed)}
    return columns.propose(sheet.columns, feed, catalog.sheets, {k.key: k.unit for k in catalog.kinds.values()}, remembered)


def _look(conn: Any, catalog: Catalog, feed: str, path: Path, meant: dict[str, str], now: datetime) -> Judged:
    known = {r["id"]: "" for r in db.many(conn, "file_stations", theme=feed)}
    return _apart(catalog, glance.judged, path, catalog.sheets.limits, meant, feed, catalog.sheets, known, SHOWN_ERRORS, now)


# Doing ----------------------------------------------------------------------------------------------------------------
def callbacks(app: Dash) -> None:
    @app.callback(
        Output("upload-held", "data"), Output("upload-preview", "children"), Output("upload-work", "hidden"),
        Output("upload-said", "children"), Output("upload-file", "contents"),
        Input("upload-file", "contents"), Input("upload-feed", "value"),
        State("upload-file", "filename"), State("upload-held", "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    def given(contents: str | None, feed: str | None, name: str | None, held: Held | None) -> tuple:
        """A file was chosen, or another feed for the one in view."""
        person, state = access.viewer(), access.here()
        taker = takers_of(person, state.catalog).get(feed or "") if person else None
        if person is None or taker is None:
            return None, None, True, _bad("您的角色不能向这个接入报送文件"), None
        if contents:
            data = _decoded(contents)
            if data is None:
                return None, None, True, _bad("文件没有传完整，请重新选择"), None
            if len(data) > (most := state.catalog.sheets.limits.mib) << 20:
                return None, None, True, _bad(f"文件有 {len(data) / (1 << 20):.1f} MiB，超过上限 {most} MiB；请分成几个文件"), None
            token = stage(state.settings.home, person, name or "文件", data, datetime.now(UTC))
            held = {"token": token, "name": (name or "文件")[:200]}
        path = held_path(state.settings.home, person, held["token"]) if held else None
        if held is None or path is None:
            return None, None, True, None, None
        try:
            held, shown = _preview(state, taker, path, held)
        except BadSheet as err:
            return None, None, True, _bad(f"“{held['name']}”收不了：{err}"), None
        return held, shown, False, None, None

    @app.callback(
        Output("upload-look", "children"), Output("upload-send", "disabled"), Output("upload-send", "children"),
        Input({"type": "upload-col", "n": ALL}, "value"), Input("upload-held", "data"), State("upload-feed", "value"),
    )  # fmt: skip
    def looked(chosen: list[str | None], held: Held | None, feed: str | None) -> tuple:
        """The columns mean something else now: what would be taken in, and what is wrong."""
        person, state = access.viewer(), access.here()
        taker = takers_of(person, state.catalog).get(feed or "") if person else None
        path = held_path(state.settings.home, person, held["token"]) if person and taker and held else None
        if person is None or taker is None or held is None or path is None:
            return None, True, "发送"
        if taker.form == "message":
            return html.P("一个文件就是一条报文，不必对应列；发送后逐条判读。", className="good"), False, "发送"
        try:
            sheet = _sheet(path, state.catalog)
        except BadSheet as err:
            return html.P(str(err), className="bad"), True, "发送"
        if len(chosen) != len(sheet.columns):
            return no_update, True, no_update  # the table of the file before is still on screen
        meant = _meant(sheet, chosen)
        try:
            with state.pool.connection() as conn:
                told = state.catalog.sheets
                return preview.verdict(taker, told, sheet, meant, _look(conn, state.catalog, taker.key, path, meant, datetime.now(UTC)))
        except BadSheet as err:
            return html.P(str(err), className="bad"), True, "发送"

    @app.callback(
        Output("upload-said", "children", allow_duplicate=True), Output("upload-work", "hidden", allow_duplicate=True),
        Output("upload-held", "data", allow_duplicate=True), Output("upload-files", "children"),
        Output("upload-tick", "disabled"), Output("upload-tick", "n_intervals"),
        Input("upload-send", "n_clicks"), Input("upload-again", "n_clicks"), Input("upload-tick", "n_intervals"),
        State({"type": "upload-col", "n": ALL}, "value"), State("upload-held", "data"), State("upload-feed", "value"),
        prevent_initial_call=True,
    )  # fmt: skip
    def sent(
        clicks: int | None, again: int | None, ticks: int | None, chosen: list[str | None], held: Held | None, feed: str | None
    ) -> tuple:  # fmt: skip
        """Send the file in view; or read anew what became of those sent."""
        person, state, now = access.viewer(), access.here(), datetime.now(UTC)
        takers = takers_of(person, state.catalog) if person else {}
        said, hidden, kept = no_update, no_update, no_update
        with state.pool.connection() as conn:
            by = access.viewer_doer(Via.PAGE)
            if by is not None and ctx.triggered_id == "upload-send" and clicks:
                try:
                    said = _send(conn, state, by, takers.get(feed or ""), feed or "", held, chosen, now)
                    hidden, kept = True, None
                except Refused as err:
                    said = _bad(str(err))
                    hidden, kept = (no_update, no_update) if err.code == "columns" else (True, None)
            if not takers:
                return _bad("您的角色不能报送文件"), True, None, no_update, True, 0
            files, busy = recent.files(conn, state.settings.drop, takers)
        return said, hidden, kept, files, not busy, no_update if ctx.triggered_id == "upload-tick" else 0


def _send(
    conn: Any, state: Any, by: Doer, taker: Taker | None, feed: str, held: Held | None, chosen: list[str | None], now: datetime
) -> html.P:
    """Send what is in view; what is said of it. Raises Refused: 'role', 'gone', 'sheet', 'columns' (then it stays in view)."""
    with refusals_audited(conn, by, "file_send", f"file:{feed[:40]}", now):
        person = by.who
        if taker is None or not isinstance(person, Person):
            raise Refused("您的角色不能向这个接入报送文件", "role")
        path = held_path(state.settings.home, person, held["token"]) if held else None
        if held is None or path is None:
            raise Refused("文件已不在，请重新选择", "gone")
        meant = _checked(state.catalog, taker, path, chosen)
        name = held["name"]
        goal = lay(state.settings.drop, taker, path, name, meant, person, now)
    try:
        act_audited(conn, by, "file_send", f"file:{taker.key}/{goal.name}", now, lambda: None, feed=taker.key, name=name)
    except Refused:  # whatever else went wrong, even at the commit itself: the next sweep asks the trail
        sending.take_away(goal)
        raise
    sending.publish(goal)
    path.unlink(missing_ok=True)
    return html.P(f"“{name}”已送出，结果见下表。", className="good")


def tend(state: Any, now: datetime) -> None:
    """Finishes or undoes what was being sent when a process was killed; what was looked at and left a day ago goes."""
    forget(state.settings.home, now)
    with state.pool.connection() as conn:
        sending.sweep(conn, state.settings.drop, now)


def _checked(catalog: Catalog, taker: Taker, path: Path, chosen: list[str | None]) -> dict[str, str]:
    """What the columns mean, as far as it can be sent. Raises Refused."""
    if taker.form == "message":
        return {}
    try:
        sheet = _sheet(path, catalog)
    except BadSheet as err:
        raise Refused(str(err), "sheet") from None
    meant = _meant(sheet, chosen) if len(chosen) == len(sheet.columns) else {}
    if lacking := columns.lacks({c: m for c, m in meant.items() if m}, taker.form):
        raise Refused("；".join(lacking), "columns")
    return meant


def _meant(sheet: Glance, chosen: list[str | None]) -> dict[str, str]:
    return {c: str(m or "") for c, m in zip(sheet.columns, chosen, strict=True)}


def _preview(state: Any, taker: Taker, path: Path, held: Held) -> tuple[Held, Any]:
    """What is shown of a file; `held` gets a number, so that the look is taken anew. Raises BadSheet."""
    held = {**held, "n": held.get("n", 0) + 1}
    title = html.H2([held["name"], html.Small(f"{path.stat().st_size / 1024:.1f} KiB")])
    if taker.form == "message":
        if path.suffix != ".xml":
            raise BadSheet(f"{taker.title}只收 .xml 文件；请按 CAP 1.2 导出")
        text = path.read_bytes()[: SHOWN_TEXT * 4].decode("utf-8", "replace")[:SHOWN_TEXT]
        return held, [title, html.Pre(text)]
    sheet = _sheet(path, state.catalog)
    with state.pool.connection() as conn:
        meant = _propose(conn, state.catalog, taker.key, sheet)
    shown = f"前 {len(sheet.rows)} 行，共 {sheet.count} 行。列的含义按表头和上次的选择提出，可改。"
    return held, [title, html.P(shown, className="note"), preview.table(state.catalog, taker, sheet, meant)]


def _decoded(contents: str) -> bytes | None:
    """The bytes of a data URL."""
    try:
        return base64.b64decode(contents.partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        return None


def _bad(words: str) -> html.P:
    return html.P(words, className="bad")
