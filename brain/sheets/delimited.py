"""CSV and its relatives into lines of cells: which sign parts them, and what a quote that is never closed does not swallow. Pure.

The sign is told by parsing the beginning with each of them, not by counting signs: a text of many lines is full of commas.

Why a broken quote is read as a letter: `24"管` and `"24寸管` are written by people and by programs that know no quoting. Read by
the rules, the cell goes on through all rows below to the next quote, and they are gone. So a line on which the rules fail is parted
at its delimiters alone, and stays a row, sound or refused for its number of cells.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator

from brain.catalog.sheet_records import Limits
from brain.sheets.shape import HEAD_WITHIN, BadSheet, Lines, too_long

DELIMITERS = (",", ";", "\t", "，", "|")
LOOKED_AT = 64 << 10  # characters that each sign is tried on
REPAIRS = 200  # lines with a broken quote; in a file with more the quotes mean something else
_AS_TEXT = re.compile(r'="([^"]*)"')
_PADDING = re.compile(r'(?<=[^\0,;\t，|"\r\n])\0+(?=[,;\t，|"\r\n]|$)')
"""NULs behind a cell: a program wrote its fixed buffers."""
_SHAPE = re.compile(r"\d+|[^\W\d_]+")


def lines_of(text: str, limits: Limits, known: Callable[[str], bool]) -> Lines:
    """The rows of a text with the numbers of their first lines. `known`: whether a cell is the name of a column that somebody
    has declared. Raises BadSheet."""
    if "\0" in text:
        text = _PADDING.sub("", text)
    if text[:4].lower() == "sep=":  # Excel's own word for the delimiter, on a line before everything
        text = "\n" + text.partition("\n")[2]
    sign = delimiter(text, known)
    found: Lines = []
    most = limits.rows + HEAD_WITHIN
    for number, cells in _records(text, sign):
        found.append((number, cells))
        if len(found) > most:
            raise too_long(limits)
    if '="' in text:  # how a program keeps Excel from making a number of a code
        for _, cells in found:
            for n, cell in enumerate(cells):
                if isinstance(cell, str) and cell[:2] == '="' and (whole := _AS_TEXT.fullmatch(cell)):
                    cells[n] = whole[1]
    return found


def delimiter(text: str, known: Callable[[str], bool]) -> str:
    """The sign with which most names of columns are found; among equals the one that parts the largest share of the first rows
    into as many cells, then the one with most cells."""
    sample = text[:LOOKED_AT]

    def parted(sign: str) -> tuple[int, float, int, bool]:
        if sign not in sample:
            return 0, 0.0, 0, sign == ","
        rows: list[list[str]] = []
        for _, cells in _records(sample, sign):
            if any(map(str.strip, cells)):
                rows.append(cells)
            if len(rows) > 2 * HEAD_WITHIN:
                break
        counts = Counter(len(cells) for cells in rows if len(cells) > 1)
        width, times = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        words = max((sum(map(known, cells)) for cells in rows[:HEAD_WITHIN] if len(cells) > 1), default=0)
        return words if words > 1 else 0, times / max(len(rows), 1), width, sign == ","

    return max(DELIMITERS, key=parted)


def _records(text: str, sign: str) -> Iterator[tuple[int, list]]:
    """(number of the first line, cells). Raises BadSheet for what no reading of quotes helps."""
    if '"' not in text:
        number = 0
        try:
            for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=sign, quoting=csv.QUOTE_NONE), 1):
                yield number, cells
        except csv.Error as err:
            raise _stuck(number + 1, err) from None
        return
    lines = list(io.StringIO(text, newline=""))
    start, repairs = 0, 0
    last: list[str] = []
    while start < len(lines):
        reader = csv.reader((lines[n] for n in range(start, len(lines))), delimiter=sign, strict=True)
        before = start
        try:
            for cells in reader:
                after = start + reader.line_num
                if after - before > 1 and _swallows(lines, before, after, cells, last, sign):
                    raise csv.Error("rows within quotes")
                yield before + 1, cells
                before, last = after, cells
            return
        except csv.Error as err:
            repairs += 1
            if repairs > REPAIRS:
                raise _stuck(before + 1, err) from None
        try:
            last = next(csv.reader([lines[before]], delimiter=sign, quoting=csv.QUOTE_NONE), [])
        except csv.Error as err:
            raise _stuck(before + 1, err) from None
        yield before + 1, last
        start = before + 1


def _swallows(lines: list[str], before: int, after: int, cells: list[str], last: list[str], sign: str) -> bool:
    """Whether a record of several lines has rows in its quotes: a line of it begins like the record, or the one before, does
    (with a code and a moment of the same shape, say) and is parted into nearly as many cells."""
    quoted = next((n for n, cell in enumerate(cells) if "\n" in cell or "\r" in cell), 0)
    if quoted == 0:
        return False
    first = min(quoted, 2)
    least = min(len(cells), quoted + 1 if first == 2 else len(cells))
    shapes, shapes_before = [_shape(cell) for cell in cells[:first]], [_shape(cell) for cell in last[:2]]
    for line in lines[before + 1 : after]:
        parts = line.rstrip("\r\n").split(sign)
        begins = [_shape(part) for part in parts[:2]]
        if not any("0" in shape for shape in begins):  # words, as in any text
            continue
        if (len(parts) >= least and begins[:first] == shapes) or (len(parts) >= max(len(last) - 1, 3) and begins == shapes_before):
            return True
    return False


def _shape(cell: str) -> str:
    """A cell with its figures and letters made alike: `WL-01` and `RG-17` have one shape."""
    return _SHAPE.sub(lambda found: "0" if found[0].isdigit() else "a", cell.strip())


def _stuck(line: int, err: csv.Error) -> BadSheet:
    if "field limit" in str(err):
        return BadSheet(f"第 {line} 行起读不下去：有一格超过 {csv.field_size_limit()} 个字；请核对引号是否成对，或缩短这一格")
    return BadSheet(f"第 {line} 行起读不下去：引号不成对；请核对这一行的引号")
