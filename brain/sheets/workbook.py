"""A workbook into lines of cells: dates and units by the formats of their cells, merged cells, and formulas that nobody has computed.
Pure.

openpyxl gives the stored results of formulas and is silent where there is none, and it does not know merged cells when it reads
in a stream: both are taken from the sheet's own XML (ECMA-376 Part 1, 18.3.1.4 and 18.3.1.55).

Of several sheets the first is read whose head is understood, for a cover stands before the data as a rule; the others are named.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from brain.catalog.sheet_records import Limits
from brain.sheets import formats
from brain.sheets.shape import HEAD_WITHIN, BadSheet, Cell, Lines, filled, too_long
from brain.sheets.words import short

_UNCOMPUTED = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*?/>|[^>]*>([^<]*)</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>\s*|<(?:\w+:)?v>\s*</(?:\w+:)?v>\s*)?</(?:\w+:)?c>"
)
_SPOT = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_EMPTY_TEXT = re.compile(rb'\bt="str"')  # computed: the result is a text without letters
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
MERGED_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Book:
    """Rows that are not empty, (column, first row, last row) of cells merged over several rows, whether some of the numbers are
    `Dressed`, and the names of other sheets with something in them."""

    lines: Lines
    merged: list[tuple[int, int, int]] = field(default_factory=list)
    dressed: bool = False
    unread: tuple[str, ...] = ()


def rows_of(data: bytes, limits: Limits, name: str, known: Callable[[Cell], bool] = lambda cell: False) -> Book:
    """The sheet of that name, or the first that has a head; `known` says whether a cell is the name of a column. Raises BadSheet."""
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            size = sum(part.file_size for part in parts)
            if size > limits.unzipped_mib << 20:
                raise BadSheet(f"解压后有 {size >> 20} MiB，超过上限 {limits.unzipped_mib} MiB；请分成几个文件")
            if any(p.file_size > 1 << 20 and p.file_size > limits.ratio * max(p.compress_size, 1) for p in parts):
                raise BadSheet(f"压缩得反常（超过 {limits.ratio} 倍），多半是大量空单元格；请只保留有数据的区域，另存后再试")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            if name and name not in book.sheetnames:
                raise BadSheet(f"工作簿里没有名为“{short(name)}”的表；现有 {'、'.join(map(short, book.sheetnames))}")
            table: Any
            table, unread = (book[name], ()) if name else _chosen(book, known)
            said = archive.read(table._worksheet_path)
        formulas = _uncomputed(said)
        merged = [
            (_column(left), int(top), int(bottom))
            for left, top, _, bottom in _MERGED.findall(said)[:MERGED_MOST]
            if int(bottom) > int(top)
        ]
        del said
        odd = formats.of_styles(book)
        found: Lines = []
        last, held = limits.rows + 10 * HEAD_WITHIN, 0
        for line, cells in enumerate(_rows(table, limits.columns + 1, last + 1, odd), 1):
            if line > last:
                raise too_long(limits)
            held += len(cells)
            if held > limits.cells:
                raise BadSheet(f"单元格超过 {limits.cells} 个；请只保留有数据的区域，或分成几个文件")
            plain = [_plain(cell) for cell in cells]
            for column, formula in formulas.get(line, ()):
                if column < limits.columns:
                    plain += [None] * (column + 1 - len(plain))
                    plain[column] = formula
            if any(cell is not None for cell in plain):
                found.append((line, plain))
        return Book(found, merged, bool(odd), unread)
    except BadSheet:
        raise
    except Exception:  # a broken archive breaks in dozens of ways, all of which mean the same
        if _has_entities(data):
            raise BadSheet("XLSX 的内部文件里定义了 XML 实体（多半是有意做坏的文件），不收；请用 Excel 或 WPS 打开后另存为 .xlsx") from None
        raise BadSheet("不是完好的 XLSX；请用 Excel 或 WPS 打开后另存为 .xlsx") from None


def _chosen(book: Any, known: Callable[[Cell], bool]) -> tuple[Any, tuple[str, ...]]:
    """The sheet that is read, and the names of the others that hold something. Hidden ones stand back. Raises BadSheet."""
    tables = [one for one in book.worksheets if hasattr(one, "_worksheet_path")]
    if not tables:
        raise BadSheet("工作簿里没有数据表；请核对是否选错了文件")
    if len(tables) == 1:
        return tables[0], ()
    scores = {}
    for n, one in enumerate(tables):
        first = [cells for cells in _rows(one, 200, 20 * HEAD_WITHIN, {}) if any(map(filled, cells))][:HEAD_WITHIN]
        heads = max((sum(isinstance(c, str) and known(c) for c in cells) for cells in first), default=0)
        words = any(sum(isinstance(c, str) and filled(c) for c in cells) >= 2 for cells in first)
        scores[n] = (heads >= 2, one.sheet_state == "visible", words, bool(first), -n)
    best = max(scores, key=lambda n: scores[n])
    if not scores[best][2]:
        tried = "、".join(short(one.title) for one in tables[:10])
        raise BadSheet(f"工作表 {tried} 里都找不到表头；请把列名放在数据上面的一行，每格一个列名")
    return tables[best], tuple(one.title for n, one in enumerate(tables) if n != best and scores[n][3])


def _rows(table: Any, most: int, last: int, odd: dict[int, formats.Format]) -> Any:
    """The rows of a sheet, each as wide as it is, at most `most`. What the file says of its own size is not asked: it may be a lie.

    openpyxl pads each row to the width that is asked for, and drops the style; so a row is made of its cells here."""

    def row(cells: list[dict[str, Any]], *_: Any) -> list[Any]:
        made: list[Any] = [None] * min(max((one["column"] for one in cells), default=0), most)
        for one in cells:
            if one["column"] <= most:
                value = one["value"]
                if odd and one["style_id"] in odd and type(value) in (int, float):
                    value = odd[one["style_id"]].shown(value)
                made[one["column"] - 1] = value
        return made

    table.reset_dimensions()
    table._get_row = row
    return table.iter_rows(max_row=last, values_only=True)


def _has_entities(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = [one for one in archive.infolist() if one.filename.endswith((".xml", ".rels"))][:50]
            return any(b"<!ENTITY" in archive.open(one).read(4096) for one in parts)
    except Exception:
        return False


def _uncomputed(said: bytes) -> dict[int, list[tuple[int, str]]]:
    """Formulas without a stored result: row → (column from 0, `=…`), which no reader of a cell takes for a value or a gap."""
    found: dict[int, list[tuple[int, str]]] = {}
    if b"<f" not in said and b":f" not in said:
        return found
    for one in _UNCOMPUTED.finditer(said):
        spot = _SPOT.search(one[1])
        if _EMPTY_TEXT.search(one[1]):
            continue
        if spot is None:
            raise BadSheet("有公式没有算出的结果；请用 Excel 或 WPS 打开、重算并保存，或粘贴为数值")
        formula = (one[2] or "…".encode()).decode("utf-8", "replace")
        found.setdefault(int(spot[2]), []).append((_column(spot[1]), f"={short(formula, 60)}"))
    return found


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1


def _plain(value: Any) -> Cell:
    """A cell of a workbook as JSON can hold it; times as Beijing wall time, midnight as the day alone."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, datetime):
        value = _whole(value)
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, time):
        value = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
    if isinstance(value, timedelta):  # [h]:mm, where 24:00 is a whole day
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _whole(at: datetime) -> datetime:
    """Rounded to the second: a day of Excel is a fraction, and 8:00 comes out as 7:59:59.999."""
    return at.replace(microsecond=0) + timedelta(seconds=at.microsecond >= 500_000)
