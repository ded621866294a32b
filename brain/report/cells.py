"""What a table of the report is: typed cells under declared columns, and nothing of how it looks.

`tables` and `theme_tables` declare tables with it; the page's sheet and the document's `paper` each print it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from brain import rowwise
from brain.report import text

Snapshot = Mapping[str, Any]

@dataclass(frozen=True, slots=True)
class Part:
    """A few characters behind a cell's value: with an evidence query of their own, or quieter (`tone`)."""

    text: str
    e: str | None = None
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """`value` is typed (number, text, None for unknown); `shown` what is read, None: by the column's format.

    e      evidence query (`report.drill_down`) of the cases behind it
    tone   met, missed, strong, soft or code: what a printer makes of it is its own affair
    title  more words, for a pointer
    after  what stands behind the value
    """

    value: Any
    e: str | None = None
    shown: str | None = None
    tone: str = ""
    title: str = ""
    after: tuple[Part, ...] = ()

    @property
    def text(self) -> str:
        """Everything that is read in the cell."""
        return (self.shown or "") + "".join(part.text for part in self.after)


FORMATS: dict[str, Callable[[Any], str]] = {
    "text": lambda value: text.DASH if value is None else str(value),
    "count": text.count,
    "fixed": text.fixed,
    "rate": text.rate,
    "stamp": lambda value: text.stamp(datetime.fromisoformat(value) if isinstance(value, str) else value),
}
"""How a column writes its values."""


@dataclass(frozen=True, slots=True)
class Column:
    """`head` is followed by its `unit`; `width` in cm on paper; `align` left or right; `format` a key of FORMATS.

    `draws` names a picture that the page draws of the value (interval, bar); `page_only` columns have no place on paper: a
    picture, or words that paper says elsewhere. `scale` are the ends of a picture's axis.
    """

    key: str
    head: str
    width: float = 0.0
    unit: str = ""
    align: str = "left"
    format: str = "text"
    draws: str = ""
    page_only: bool = False
    scale: tuple[str, str] | None = None

    @property
    def words(self) -> str:
        return f"{self.head} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Table:
    """`total` makes the last row strong; `size` is the type on paper in points; `note` stands below, `empty` instead of a
    table without rows ('' for nothing at all)."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: bool = False
    size: float = 10.5
    note: str = ""
    empty: str = ""

    def on_paper(self) -> Table:
        """The same without what only a page has."""
        kept = [n for n, column in enumerate(self.columns) if not column.page_only]
        return replace(
            self, columns=tuple(self.columns[n] for n in kept), rows=tuple(tuple(row[n] for n in kept) for row in self.rows)
        )


def table(
    name: str, caption: str, columns: Sequence[Column], rows: Iterable[Any], draw: Callable[[Any], Sequence[Any]] | None = None, *,
    key: str = "id", lost: Iterable[str] = (), after: Iterable[Sequence[Any]] = (), **more: Any,
) -> Table:  # fmt: skip
    """A table of rows whose cells may be plain values. Raises ValueError when a row has not as many as there are columns.

    `draw` makes a row of each of `rows`: one that it cannot draw stands as 无法显示 with what is found under `key`, so that it never
    takes the others with it; `lost` are those that could not even be counted. `after` are rows of the table's own (a total).
    """
    made = rowwise.each(rows, lambda row: _line(name, columns, draw(row)), caption, lambda ident: _lost(columns, ident), key) if draw \
        else [_line(name, columns, row) for row in rows]  # fmt: skip
    made += [_lost(columns, ident) for ident in lost]
    made += [_line(name, columns, row) for row in after]
    return Table(name, caption, tuple(columns), tuple(made), **more)


def _line(name: str, columns: Sequence[Column], row: Sequence[Any]) -> tuple[Cell, ...]:
    if len(row) != len(columns):
        raise ValueError(f"table {name}: a row of {len(row)} cells under {len(columns)} columns")
    return tuple(_cell(column, value) for column, value in zip(columns, row, strict=True))


def _lost(columns: Sequence[Column], ident: str) -> tuple[Cell, ...]:
    """A row that says that it cannot be shown, in its first two columns that have words."""
    said = iter((rowwise.LOST, ident))
    return tuple(BLANK if column.draws else Cell(None, shown=next(said, "")) for column in columns)


def _cell(column: Column, value: Any) -> Cell:
    cell = value if isinstance(value, Cell) else Cell(value)
    rowwise.sayable(cell.value)  # “nan” is no figure for a reader
    if cell.shown is not None:
        return cell
    return replace(cell, shown="" if column.draws else FORMATS[column.format](cell.value))


BLANK = Cell(None, shown="")
"""A cell that says nothing: not unknown, but not asked."""


def verdict(met: bool | None, good: str, bad: str) -> Cell:
    if met is None:
        return Cell(None)
    return Cell(met, shown=good if met else bad, tone="met" if met else "missed")
