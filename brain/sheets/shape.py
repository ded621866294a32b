"""What a file is read into: a sheet with its columns and rows, and the error that says why it is none. Pure.

Beside `reading`, which opens a file, because each way of opening one (`delimited`, `workbook`, `features`) makes them.
"""

from __future__ import annotations

from dataclasses import dataclass

from brain.catalog.sheet_records import Limits

Cell = str | int | float | bool | None
HEAD_WITHIN = 15  # the header is one of the first so many rows that are not empty
SURPLUS = "多出的格"
"""The column of what stands in a line behind its last column."""
Lines = list[tuple[int, list[Cell]]]
"""Rows as they come out of a file: number, cells."""


class BadSheet(Exception):
    """The file cannot be read as a sheet; the Chinese sentence says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as the sender's own program shows it, its cells by column, and (column, sentence) of what cannot be
    read in it for reasons that the cell alone does not show; of the whole row under "". A column that is told here and has no cell
    was missing in its line."""

    line: int
    cells: dict[str, Cell]
    wrong: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """Names of the columns (a repeated name gets a number), the rows that are not empty, and the numbers of those that hold no
    data (sums, signatures, the header once more), and the names of the workbook's other sheets, which nobody has read."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    left: tuple[int, ...] = ()
    unread: tuple[str, ...] = ()


def filled(cell: Cell) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def too_long(limits: Limits) -> BadSheet:
    return BadSheet(f"超过 {limits.rows} 行；请分成几个文件，或用 brain import readings 导入历史数据")
