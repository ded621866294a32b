"""The sheet in view: its first rows, what each column may mean, and what is said before it is sent."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from brain.catalog import Catalog
from brain.catalog.sheet_records import Sheets, Taker
from brain.sheets import columns
from brain.sheets.columns import KIND
from brain.sheets.glance import Glance, Judged
from brain.sheets.shape import Sheet

SHOWN_ERRORS = 50
TIMES = ("at", "asked_at", "due_at")
FORMS = {"UTC": "UTC，世界时", "excel": "Excel 日期序号", "s": "1970 年起的秒", "ms": "1970 年起的毫秒"}
"""What a column of times may be said to hold, where its cells do not tell."""
LABELS: dcc.Dropdown.Labels = {"search": "查找", "clear_search": "清空", "clear_selection": "清除", "no_options_found": "没有这一项"}


def _options(catalog: Catalog, taker: Taker, meaning: str) -> list[dict[str, str]]:
    """What a column may be: nothing, a field, a quantity; and what is chosen now, where it is in another unit."""
    told = catalog.sheets
    found = [{"label": "不取", "value": ""}]
    found += [{"label": one.label, "value": key} for key, one in told.fields[taker.form].items()]
    if taker.form == "readings":
        own = told.kinds.get(taker.key, {})
        kinds = [k for k in catalog.kinds.values() if k.theme == taker.key or k.key in own]
        found += [{"label": f"{k.label}（{k.unit}）" if k.unit else k.label, "value": KIND + k.key} for k in kinds]
        key, _, unit = meaning.removeprefix(KIND).partition("@")
        if unit and key in catalog.kinds:
            said = f"“{unit[1:]}”看不懂，请另选" if unit[:1] == "?" else f"由 {unit} 换算"
            found.append({"label": f"{catalog.kinds[key].label}（{said}）", "value": meaning})
    field, form = columns.parted(meaning)
    told_forms = {f"{key}:{form}": word for key in TIMES if key in told.fields[taker.form] for form, word in FORMS.items()}
    if form and meaning not in told_forms and field in told.fields[taker.form]:
        told_forms[meaning] = f"“{form[1:]}”看不懂，请另选" if form[:1] == "?" else form
    for value, word in told_forms.items():
        found.append({"label": f"{told.fields[taker.form][columns.parted(value)[0]].label}（{word}）", "value": value})
    return found


def table(catalog: Catalog, taker: Taker, sheet: Glance, meant: dict[str, str]) -> html.Div:
    """The first rows, and above each column what it means."""
    choose = [
        html.Th(
            dcc.Dropdown(
                _options(catalog, taker, meant[c]), meant[c], id={"type": "upload-col", "n": n}, clearable=False,
                placeholder="不取", optionHeight=34, maxHeight=280, labels=LABELS,
            )
        )
        for n, c in enumerate(sheet.columns)
    ]  # fmt: skip
    head = html.Thead(
        [
            html.Tr([html.Th("列的含义", className="line"), *choose], className="meant"),
            html.Tr([html.Th("行", className="line"), *(html.Th(c, title=c) for c in sheet.columns)]),
        ]
    )
    rows = [
        html.Tr([html.Td(row.line, className="line"), *(html.Td(_cell(row.cells.get(c))) for c in sheet.columns)])
        for row in sheet.rows
    ]
    return html.Div(html.Table([head, html.Tbody(rows)]), className="wide sheet")


def _cell(value: object) -> str:
    said = "" if value is None else str(value)
    return said if len(said) <= 60 else said[:59] + "…"


def _notes(taker: Taker, told: Sheets, sheet: Glance, meant: dict[str, str]) -> list[html.P]:
    """What of the file will not be taken: columns, sheets, rows below the table."""
    left, numeric = columns.untaken(Sheet(sheet.columns, sheet.rows), meant, told)
    found = [html.P(f"没有取的列：{'、'.join(left)}。", className="note")] if left else []
    said = (columns.lost(numeric if taker.form == "readings" else ()), columns.unread(sheet.unread))
    found += [html.P(f"{one}。", className="bad") for one in said if one]
    if sheet.left:
        named = "、".join(map(str, sheet.left[:5])) + ("等" if len(sheet.left) > 5 else "")
        found.append(html.P(f"第 {named} 行是合计、制表人、重复的表头之类，不是数据，不收。", className="note"))
    return found


def verdict(taker: Taker, told: Sheets, sheet: Glance, meant: dict[str, str], found: Judged) -> tuple[Any, bool, str]:
    """(what is said beside the button, whether it is locked, its words)."""
    if lacking := columns.lacks({c: m for c, m in meant.items() if m}, taker.form):
        return [html.P("还不能发送，请在表头上方指定：", className="bad"), html.Ul([html.Li(w) for w in lacking])], True, "发送"
    if not sheet.count:
        return html.P("表里只有表头，没有数据行；请核对导出的内容。", className="bad"), True, "发送"
    noted = _notes(taker, told, sheet, meant)
    unit = "个数值" if taker.form == "readings" else ""
    said = f"共 {sheet.count} 行，可收 {found.sound} 行" + (f"（{found.values} {unit}）" if unit else "")
    if not found.wrong:
        return [html.P(said + "，没有发现错误。", className="good"), *noted], False, "发送"
    more = f"……另有 {found.wrong - SHOWN_ERRORS} 行" if found.wrong > SHOWN_ERRORS else ""
    listed = html.Ul([html.Li(words) for _, words in found.bad[:SHOWN_ERRORS]])
    parts = [html.P(f"{said}，{found.wrong} 行有问题：", className="bad"), listed, html.P(more) if more else None, *noted]
    return parts, found.values == 0 and found.sound == 0, f"发送（{found.wrong} 行的问题部分进死信）"
