"""A workbook into lines of cells: dates by the formats of their cells, merged cells, and formulas that nobody has computed. Pure.

openpyxl gives the stored results of formulas and is silent where there is none, and it does not know merged cells when it reads
in a stream: both are taken from the sheet's own XML (ECMA-376 Part 1, 18.3.1.4 and 18.3.1.55).
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from brain.catalog.sheet_records import Limits
from brain.sheets.shape import HEAD_WITHIN, BadSheet, Cell, Lines, too_long
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
    """Rows that are not empty, and (column, first row, last row) of cells merged over several rows."""

    lines: Lines
    merged: list[tuple[int, int, int]] = field(default_factory=list)


def rows_of(data: bytes, limits: Limits, name: str) -> Book:
    """The sheet of that name, or the first. Raises BadSheet."""
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
            table: Any = book[name] if name else next(iter(book.worksheets), None)
            if table is None:
                raise BadSheet("工作簿里没有数据表；请核对是否选错了文件")
            said = archive.read(table._worksheet_path)
        formulas = _uncomputed(said)
        merged = [
            (_column(left), int(top), int(bottom))
            for left, top, _, bottom in _MERGED.findall(said)[:MERGED_MOST]
            if int(bottom) > int(top)
        ]
        del said
        table.reset_dimensions()  # what the file says of its own size may be a lie
        found: Lines = []
        last, held = limits.rows + 10 * HEAD_WITHIN, 0
        for line, cells in enumerate(table.iter_rows(max_col=limits.columns, max_row=last + 1, values_only=True), 1):
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
        return Book(found, merged)
    except BadSheet:
        raise
    except Exception as err:  # a broken archive breaks in dozens of ways, all of which mean the same
        raise BadSheet(f"不是完好的 XLSX（{type(err).__name__}）；请用 Excel 或 WPS 打开后另存为 .xlsx") from None


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
