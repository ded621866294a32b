"""The strip of public warnings (预警信息) under the head of the wall: what the national system says is in force.

Nothing stands there while none is. How many fit beside each other only the browser knows: it folds the rest (assets/wall.js).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import html

from brain import rowwise
from brain.catalog import Catalog
from brain.model import Level
from brain.web import readouts
from brain.web.pages.wall.desk import Case
from brain.web.parts import bits
from brain.web.parts.bits import attrs
from layers._style import LEVELS

POINTS = re.compile(r"(?<=[；;。])\s*(?=\d{1,2}[.、．）)]\D)")
"""Where a numbered point begins: after the end of the one before."""


def strip(items: list) -> html.Section:
    """The strip. The button is the browser's: its words are what did not fit."""
    return html.Section(
        [
            html.Ul(items, id="wall-warning-rows"),
            html.Button(id="wall-warning-more", type="button", hidden=True, **attrs({"data-do": "warnings"})),
        ],
        id="wall-warnings",
        className="warnings",
        **attrs({"aria-label": "生效中的预警信息", "aria-live": "polite"}),
    )


def rows(
    warnings: Sequence[dict[str, Any]], catalog: Catalog, now: datetime, drills: Sequence[dict[str, Any]] = ()
) -> list:
    """One item a warning, in the order given (the worst first); behind them exercises and tests, without a colour and nothing to
    open: nobody must take one for real."""
    real = rowwise.each(warnings, lambda w: _row(w, catalog, now), "预警", _lost, "identifier")
    return real + rowwise.each(drills, lambda w: _drill(w, catalog, now), "预警演练", _lost, "identifier")


def _drill(w: dict[str, Any], catalog: Catalog, now: datetime) -> html.Li:
    word = catalog.words.of("warning_status", w["status"].lower())
    said = [
        html.Em(word, className="none"), html.B(readouts.warning_title(w, catalog)), html.Span(_issuer(w), className="from"),
        html.Span(f"{bits.clock(w['sent'], now)} 发布", className="when"),
    ]  # fmt: skip
    return html.Li(
        html.Button(said, type="button", disabled=True, title=f"{word}，不是真实预警"),
        className="drill",
        key=f"{word} {readouts.warning_ident(w)}",
    )


def _lost(identifier: str) -> html.Li:
    return html.Li([html.B(rowwise.LOST), html.Span(identifier, className="from")], className="lost", key=f"lost {identifier}")


def _row(w: dict[str, Any], catalog: Catalog, now: datetime) -> html.Li:
    level = Level(w["level"]).key if w["level"] else ""
    ident = readouts.warning_ident(w)
    return html.Li(
        html.Button(
            [
                html.Em([html.I(LEVELS[level].sign) if level else None, readouts.warning_level(w, catalog)], className=level or "none"),
                html.B(readouts.warning_kind(w)),
                html.Span(_issuer(w), className="from"),
                html.Span(f"{bits.clock(w['sent'], now)} 发布", className="when"),
                html.Span(_until(w, now), className="when"),
                *([html.Span(f"另有 {'、'.join(more)}", className="from")] if (more := readouts.warning_more(w, catalog)) else []),
            ],
            type="button",
            title=w["headline"] or readouts.warning_title(w, catalog),
            **attrs({"data-pick": f"warning:{ident}"}),
        ),
        key=ident,
    )


def _issuer(w: dict[str, Any]) -> str:
    return w["sender_name"] or "未写发布单位"


def _until(w: dict[str, Any], now: datetime) -> str:
    return f"{bits.clock(w['expires'], now)} 结束" if w["expires"] else "未写结束时间"


# Card -----------------------------------------------------------------------------------------------------------------
def live(case: Case, standing: str, catalog: Catalog, now: datetime) -> list:
    """What stands there, since when and until when, and its text and instruction in full."""
    w = case.warning or {}
    facts = [
        html.Span([html.Small("状态"), html.B(catalog.words.of("warning", standing))]),
        html.Span([html.Small("发布"), html.B(bits.clock(w["sent"], now))]),
        html.Span([html.Small("结束"), html.B(bits.clock(w["expires"], now) if w["expires"] else "未写明")]),
    ]
    notes = []
    if w["ended_at"]:
        notes.append(f"{bits.clock(w['ended_at'], now)} 由发布单位{'解除' if standing == 'cancelled' else '更新，请看新的一条'}")
    if not w["expires"]:
        notes.append(f"报文没有写结束时间，按{'开始' if w['onset'] or w['effective'] else '发布'}后 24 小时计")
    if w["area"].get("partial"):
        notes.append("报文不完整，这里只有读得出的部分；原文与原因在死信里，发送方整份重发后自动补全")
    notes += w["area"].get("notes") or []
    pieces = [
        [html.Div(facts, className="facts"), *(html.P(note, className="quiet") for note in notes)],
        [html.P(w["headline"] or case.title, className="headline"), *_text(w["description"] or "报文没有正文")],
        *(
            [html.P(part["headline"] or part["event"], className="headline"), *_text(part["description"] or "这一段没有正文")]
            for part in readouts.warning_others(w)
        ),
        [html.P("防御指引", className="quiet"), *_text(w["instruction"] or "报文没有写防御指引")],
    ]
    return [html.Div(piece, className="piece") for piece in pieces]


def _text(said: str) -> list:
    """A text as it came, its numbered points each on a line of its own."""
    return [html.P(point, className="text") for point in POINTS.split(said)]


def around(case: Case, catalog: Catalog) -> list:
    """Who issued it and for where."""
    w = case.warning or {}
    lines = [("发布单位", _issuer(w)), ("范围", "、".join(w["area"].get("desc") or []) or "未写明"), ("报文编号", w["identifier"])]
    lines += [("其中", said) for said in readouts.warning_more(w, catalog)]
    return [html.Div([html.Small(label), html.Div(html.B(said))], className="line") for label, said in lines]
