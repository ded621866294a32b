"""The files sent of late: those that the door has not taken yet, and what became of the others."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dash import html

from brain.catalog.sheet_records import Taker
from brain.city import ZONE
from brain.store import db
from brain.web.pages.upload.preview import SHOWN_ERRORS
from brain.web.parts.bits import attrs

SHOWN_FILES = 30
MAP = ".map.json"
STATES = {"queued": "排队", "taking": "处理中", "done": "已完成", "failed": "没有收", "same": "已收过"}


def files(conn: Any, drop: Path, takers: dict[str, Taker]) -> tuple[Any, bool]:
    """The table of recent files, and whether one of them is still under way."""
    rows = db.many(conn, "files_recent", feeds=list(takers), most=SHOWN_FILES)
    queued = [r for key in takers for r in _queued(drop / key, key)]
    shown = [*sorted(queued, key=lambda r: r["received_at"], reverse=True), *rows]
    if not shown:
        return html.P("还没有文件。", className="none"), False
    heads = ("时间", "报送到", "文件", "上传人", "状态", "行", "入库", "重复", "死信", "说明")
    body = [_row(r, takers) for r in shown]
    table = html.Table([html.Thead(html.Tr([html.Th(h) for h in heads])), html.Tbody(body)])
    return table, any(r["state"] in ("queued", "taking") for r in shown)


def _queued(folder: Path, feed: str) -> list[dict[str, Any]]:
    """Files sent from this page that the door has not taken yet."""
    found = []
    for sidecar in folder.glob("*" + MAP) if folder.is_dir() else ():
        try:
            said, at = json.loads(sidecar.read_text(encoding="utf-8")), sidecar.stat().st_mtime
        except (OSError, ValueError):
            continue  # taken a moment ago, or laid down by hand
        if isinstance(said, dict) and not sidecar.name.startswith("."):
            found.append(
                {"feed": feed, "name": str(said.get("name", sidecar.name)), "by": str(said.get("by", "")), "state": "queued",
                 "received_at": datetime.fromtimestamp(at, UTC), "report": {"says": "等接入进程来取"}}
            )  # fmt: skip
    return found


def _row(r: dict[str, Any], takers: dict[str, Taker]) -> html.Tr:
    report = r.get("report") or {}
    errors = report.get("errors") or []
    says: Any = report.get("says", "")
    if errors:
        listed = html.Ul([html.Li(_error(e)) for e in errors[:SHOWN_ERRORS]])
        says = html.Details([html.Summary(f"{says}；看错在哪里"), listed])
    numbers = [html.Td("" if r.get(k) is None else r[k], className="n") for k in ("rows", "stored", "duplicate", "dead")]
    cells = [
        html.Td(f"{r['received_at'].astimezone(ZONE):%m-%d %H:%M}", className="when"),
        html.Td(takers[r["feed"]].title),
        html.Td(r["name"], className="name"),
        html.Td(r["by"] or "投放目录"),
        html.Td(html.Span(STATES[r["state"]], className="state", **attrs({"data-state": r["state"]}))),
        *numbers,
        html.Td(says, className="words"),
    ]
    return html.Tr(cells)


def _error(error: dict[str, Any]) -> str:
    reason = str(error.get("reason", ""))
    return reason if reason.startswith("第 ") else f"第 {error.get('row')} 行：{reason}"
