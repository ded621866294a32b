"""The parts of /guide: what is said in pairs, an example with what becomes of it, a table of what is read. Dash components, no state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from brain.catalog import Catalog
from brain.catalog.guide_records import Example, Shown, Table, filled, kind_words
from brain.catalog.records import Department
from brain.web.parts.bits import attrs

__all__ = ["attrs", "example", "hidden", "pairs", "table", "topics"]
FATES = {"收下": "ok", "部分拒收": "part", "拒收": "bad", "核对": "none"}


def hidden(name: str, value: str) -> dcc.Input:
    """A field of a form that is not seen."""
    return dcc.Input(type="hidden", name=name, value=value)


def pairs(rows: Sequence[tuple[str, str]]) -> html.Dl:
    """What, and the words about it."""
    return html.Dl([part for what, words in rows for part in (html.Dt(what), html.Dd(words))], className="pairs")


def topics(org: Department, known: Mapping[str, str]) -> html.Div:
    """The topics a department's own MQTT account may write."""
    if not org.sends:
        return html.Div(html.P(f"{org.name}还没有开通 MQTT 的接入；要开通请联系管理员（departments.toml 的 sends）。"), className="own")
    lines = [
        copied(f"city/{known['district']}/{feed}/{org.key}/测站编号", f"city/{known['district']}/{feed}/{org.key}/") for feed in org.sends
    ]
    return html.Div([html.P([html.B(org.name), "可以发的主题（最后一级写您自己的测站编号）："]), *lines], className="own")


def copied(shown: str, text: str | None = None) -> html.Div:
    """A line to copy; `text` is what is copied where that is less than what is shown."""
    return html.Div([html.Code(shown), _button(text or shown)], className="line")


def _button(text: str) -> html.Button:
    return html.Button("复制", type="button", className="copy", **attrs({"data-do": "copy", "data-text": text}))


def _block(words: str, text: str) -> html.Figure:
    return html.Figure([html.Figcaption([words, _button(text)]), html.Pre(text)])


# Examples -------------------------------------------------------------------------------------------------------------
def example(one: Example, catalog: Catalog, known: Mapping[str, str], whose: str = "") -> html.Details:
    """What is sent, beside what becomes of it; `whose` says that it is another's. On a narrow screen its script folds all but the first."""
    head = html.H4([html.Span(one.fate, className="fate", **attrs({"data-fate": FATES[one.fate]})), _title(one)])
    return html.Details(
        [
            html.Summary(head),
            html.P(whose, className="whose-example") if whose else None,
            html.Div([html.Div(_sent(one, known), className="sent"), html.Div(_back(one, catalog), className="back")], className="pair"),
            html.P(one.note, className="note") if one.note else None,
        ],
        className="example",
        open=True,
    )


def _title(one: Example) -> str:
    """Without the word that the mark beside it says."""
    return one.title.removeprefix(f"{one.fate}：")


def _sent(one: Example, known: Mapping[str, str]) -> list[Any]:
    topic = filled(one.topic, known)
    words = {
        "push": f"正文，Content-Type: {one.media}", "signed": f"正文，Content-Type: {one.media}", "sheet": f"文件 {one.name}",
        "history": f"文件 {one.name}", "poll": "对方答",
    }.get(one.way, f"文件 {one.name}" if one.name else "十六进制的字节" if one.is_hex else "报文")  # fmt: skip
    beside = {"poll": "来源（poll.toml）", "signed": "签名用的"}.get(one.way, "配置")
    return [
        html.Div([html.Small("主题"), copied(topic)], className="topic") if topic else None,
        _block(beside, one.beside.strip("\n")) if one.beside else None,
        _block(words, one.body.strip("\n")),
    ]


def _back(one: Example, catalog: Catalog) -> list[Any]:
    return [
        _readings(one.readings, catalog) if one.readings else None,
        html.Dl([x for label, _, value in one.records for x in (html.Dt(label), html.Dd(value))], className="pairs record")
        if one.records
        else None,
        *(html.P([html.B("拒收："), reason], className="refused") for reason in one.refused),
        html.P([html.Small("应答"), one.tells], className="tells") if one.tells else None,
        html.Pre(one.answer.strip("\n"), className="answer") if one.answer else None,
    ]


def _readings(rows: Sequence[Shown], catalog: Catalog) -> html.Div:
    body = []
    for r in rows:
        label, key = kind_words(r.kind, catalog.kinds)
        unit = r.unit or (catalog.kinds[key].unit if key in catalog.kinds else "")
        body.append(
            html.Tr(
                [
                    html.Td(r.station, className="station"),
                    html.Td([label, html.Small(key)], className="kind"),
                    html.Td([f"{r.value:g}", html.Small(f" {unit}") if unit else None], className="n"),
                    html.Td([html.Span(r.at[:10]), " ", html.Span(r.at[11:])], className="when"),
                    html.Td(catalog.words.of("quality", r.quality), **attrs({"data-quality": r.quality})),
                ]
            )
        )
    head = html.Thead(html.Tr([html.Th(w) for w in ("测站", "感知量", "值", "时间", "质量")]))
    return html.Div(html.Table([head, html.Tbody(body)]), className="wide readings")


# What is read ---------------------------------------------------------------------------------------------------------
def table(one: Table, catalog: Catalog) -> html.Details:
    """A table of what is read; the key of a quantity is told with its label."""
    body = [html.Tr([html.Td(_cell(one, n, cell, catalog)) for n, cell in enumerate(row)]) for row in one.rows]
    head = html.Thead(html.Tr([html.Th(word) for word in one.head]))
    return html.Details(
        [
            html.Summary(html.H4(one.title)),
            html.Div(html.Table([head, html.Tbody(body)]), className="wide"),
            html.P(one.note, className="note") if one.note else None,
        ],
        className="form",
        open=True,
        **attrs({"data-read": one.reader}),
    )


def _cell(one: Table, n: int, cell: str, catalog: Catalog) -> Any:
    if one.reader and n == 0:
        return html.Code(cell)
    return catalog.kinds[cell].label if one.reader == "unit" and cell in catalog.kinds else cell
