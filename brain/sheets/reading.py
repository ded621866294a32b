"""Sheets as people send them, read into rows: CSV, XLSX and GeoJSON; bytes in, rows with their line numbers out.

`read` is pure and raises BadSheet only, whatever the bytes: a file that cannot be read as a whole says why. What the
columns mean is decided in `columns.py`; a bad cell is the matter of its own row there.

Why a list and no stream: a sheet that is broken in its middle must be refused before its first row is taken in, and the
limits of `catalog/sheets.toml` keep the list small.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from brain.catalog.sheet_records import Limits
from brain.sheets.cells import half, short

Cell = str | int | float | bool | None
SUFFIXES = (".csv", ".txt", ".xlsx", ".geojson", ".json")
DELIMITERS = (",", ";", "\t", "，", "|")
HEAD_WITHIN = 15  # the header is one of the first so many rows that are not empty


class BadSheet(Exception):
    """The file cannot be read as a sheet; the Chinese sentence says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as the sender's own program shows it, and its cells by column."""

    line: int
    cells: dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Names of the columns (a repeated name gets a number), and the rows that are not empty."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read(name: str, data: bytes, limits: Limits, *, sheet: str = "") -> Sheet:
    """The rows of a file, by the ending of its name; `sheet` names the sheet of a workbook (default: the first).
    Raises BadSheet."""
    if len(data) > limits.mib << 20:
        raise BadSheet(f"文件有 {len(data) / (1 << 20):.1f} MiB，超过上限 {limits.mib} MiB；请分成几个文件")
    if not data.strip(b"\0 \r\n\t"):
        raise BadSheet("文件是空的；请核对导出是否完成")
    ending = name[name.rfind(".") :].lower()
    if ending not in SUFFIXES:
        raise BadSheet(f"不认识的文件类型“{short(ending)}”；请用 {'、'.join(SUFFIXES)}（旧的 .xls 请另存为 .xlsx）")
    if ending == ".xlsx" or data[:4] == b"PK\3\4":
        return _table(_xlsx_rows(data, limits, sheet), limits)
    text = _text(data)
    if ending in (".geojson", ".json"):
        return _geojson(text, limits)
    return _table(_csv_rows(text, limits), limits)


# Text -----------------------------------------------------------------------------------------------------------------
def _text(data: bytes) -> str:
    """UTF-8 with or without BOM, UTF-16 with BOM (Excel's “Unicode text”), else GB 18030."""
    codings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for coding in codings:
        try:
            return data.decode(coding)
        except UnicodeDecodeError:
            continue
    raise BadSheet("文字编码既不是 UTF-8 也不是 GBK；请另存为“CSV UTF-8”再上传")


def _csv_rows(text: str, limits: Limits) -> list[tuple[int, list[Cell]]]:
    if text[:4].lower() == "sep=":  # Excel's own word for the delimiter, on a line before everything
        text = "\n" + text.partition("\n")[2]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    found: list[tuple[int, list[Cell]]] = []
    before = 0
    try:
        for cells in lines:
            found.append((before + 1, list(cells)))
            before = lines.line_num
            if len(found) > limits.rows + HEAD_WITHIN:
                raise _too_long(limits)
    except csv.Error as err:
        raise BadSheet(f"第 {before + 1} 行起读不下去（{err}）；请核对引号是否成对") from None
    return found


def _delimiter(text: str) -> str:
    """The sign that parts most of the first lines, the header among them, into as many cells; of several the one with most
    cells. By lines and not by signs, because a cell may be full of semicolons."""

    def parted(sign: str) -> tuple[int, int, bool]:
        counts = Counter(n for line in text.splitlines()[:HEAD_WITHIN] if (n := _outside(line, sign)))
        cells, lines = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        return lines, cells, sign == ","

    return max(DELIMITERS, key=parted)


def _outside(line: str, sign: str) -> int:
    return sum(part.count(sign) for part in line.split('"')[::2])


# Workbooks ------------------------------------------------------------------------------------------------------------
def _xlsx_rows(data: bytes, limits: Limits, name: str) -> list[tuple[int, list[Cell]]]:
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
        table = book[name] if name else next(iter(book.worksheets), None)
        if table is None:
            raise BadSheet("工作簿里没有数据表；请核对是否选错了文件")
        table.reset_dimensions()  # what the file says of its own size may be a lie
        found: list[tuple[int, list[Cell]]] = []
        last, held = limits.rows + 10 * HEAD_WITHIN, 0
        for line, cells in enumerate(table.iter_rows(max_col=limits.columns, max_row=last + 1, values_only=True), 1):
            if line > last:
                raise _too_long(limits)
            held += len(cells)
            if held > limits.cells:
                raise BadSheet(f"单元格超过 {limits.cells} 个；请只保留有数据的区域，或分成几个文件")
            if any(cell is not None for cell in cells):
                found.append((line, [_plain(cell) for cell in cells]))
        return found
    except BadSheet:
        raise
    except Exception as err:  # a broken archive breaks in dozens of ways, all of which mean the same
        raise BadSheet(f"不是完好的 XLSX（{type(err).__name__}）；请用 Excel 或 WPS 打开后另存为 .xlsx") from None


def _plain(value: Any) -> Cell:
    """A cell of a workbook as JSON can hold it; times as Beijing wall time, midnight as the day alone."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, datetime):
        value = _whole(value)
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value)


def _whole(at: datetime) -> datetime:
    """Rounded to the second: a day of Excel is a fraction, and 8:00 comes out as 7:59:59.999."""
    return at.replace(microsecond=0) + timedelta(seconds=at.microsecond >= 500_000)


# GeoJSON --------------------------------------------------------------------------------------------------------------
def _geojson(text: str, limits: Limits) -> Sheet:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise BadSheet(f"不是合法的 JSON（{short(str(err), 60)}）；请核对括号、引号与逗号") from None
    features = said.get("features") if isinstance(said, dict) else said
    if not isinstance(features, list):
        raise BadSheet("不是 GeoJSON 的 FeatureCollection，也不是对象的列表；请按 GeoJSON 导出点要素")
    if len(features) > limits.rows:
        raise _too_long(limits)
    columns: dict[str, None] = {}
    rows = []
    for number, feature in enumerate(features, 1):
        cells = _feature(feature)
        columns |= dict.fromkeys(cells)
        if len(columns) > limits.columns:
            raise BadSheet(f"属性超过 {limits.columns} 种；请只导出需要的属性")
        rows.append(Row(number, cells))
    if not columns:
        raise BadSheet("文件里没有带属性的要素；请核对导出的内容")
    return Sheet(tuple(columns), tuple(rows))


def _feature(feature: Any) -> dict[str, Cell]:
    """Properties of a feature, and lng and lat of its point; what is no feature becomes an empty row, told later."""
    if not isinstance(feature, dict):
        return {}
    properties = feature.get("properties") if feature.get("type") == "Feature" else feature
    cells = {
        _name(key): value if isinstance(value, (str, int, float, bool)) or value is None else short(value, 400)
        for key, value in (properties if isinstance(properties, dict) else {}).items()
    }
    shape = feature.get("geometry")
    at = shape.get("coordinates") if isinstance(shape, dict) and shape.get("type") == "Point" else None
    if isinstance(at, list) and len(at) >= 2 and all(isinstance(x, (int, float)) for x in at[:2]):
        cells |= {"lng": at[0], "lat": at[1]}
    return cells


# Tables ---------------------------------------------------------------------------------------------------------------
def _table(found: list[tuple[int, list[Cell]]], limits: Limits) -> Sheet:
    """Header and rows: the header is the first row with two words in it, so that a title above does not count."""
    found = [(line, cells) for line, cells in found if any(_filled(cell) for cell in cells)]
    head = next(
        (n for n, (_, cells) in enumerate(found[:HEAD_WITHIN]) if sum(isinstance(c, str) and _filled(c) for c in cells) >= 2),
        None,
    )
    if head is None:
        raise BadSheet("找不到表头：前几行里没有一行有两个以上的列名；请把列名放在第一行，列之间用逗号、分号或制表符分开")
    names = [_name(cell) if _filled(cell) else "" for cell in found[head][1]]
    while names and not names[-1]:
        names.pop()
    if len(names) > limits.columns:
        raise BadSheet(f"有 {len(names)} 列，超过上限 {limits.columns} 列；请只导出需要的列")
    if len(found) - head - 1 > limits.rows:
        raise _too_long(limits)
    columns = _unique(names)
    rows = tuple(
        Row(line, {column: cell for column, cell in zip(columns, cells, strict=False) if column})
        for line, cells in found[head + 1 :]
        if any(_filled(cell) for cell in cells[: len(columns)])
    )
    return Sheet(tuple(c for c in columns if c), rows)


def _unique(names: list[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        number, shown = 1, name
        while name and shown in found:
            number += 1
            shown = f"{name}#{number}"
        found.append(shown)
    return found


def _filled(cell: Cell) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _name(cell: object) -> str:
    return short(half(str(cell)[:200]), 60)


def _too_long(limits: Limits) -> BadSheet:
    return BadSheet(f"超过 {limits.rows} 行；请分成几个文件，或用 brain import readings 导入历史数据")
