"""Geometry drawn in the test: rows of letters become cells, `.` is outside."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import shapely

from geo.grid import Grid

WEST, SOUTH, SIDE = 116.0, 24.0, 0.01


@dataclass(frozen=True)
class Drawn:
    """A grid made from a drawing, with places called by the letters that meet there."""

    rows: tuple[tuple[str, ...], ...]
    grid: Grid
    codes: dict[str, str]

    def box(self, column: int, row: int) -> tuple[float, float, float, float]:
        """West, south, east, north of a square of the drawing; row 0 is the top line."""
        up = len(self.rows) - 1 - row
        west, south = WEST + column * SIDE, SOUTH + up * SIDE
        return tuple(round(v, 9) for v in (west, south, west + SIDE, south + SIDE))

    def middle(self, letter: str) -> tuple[float, float]:
        """The middle of the first square of a letter."""
        for r, row in enumerate(self.rows):
            if letter in row:
                west, south, east, north = self.box(row.index(letter), r)
                return (west + east) / 2, (south + north) / 2
        raise KeyError(letter)

    def seam_of(self, a: str, b: str) -> tuple[float, float]:
        """The middle of the shared border of two letters."""
        border = self.grid.polygon(self.codes[a]).intersection(self.grid.polygon(self.codes[b]))
        parts = [p for p in shapely.get_parts(border) if p.geom_type == "LineString"]
        return parts[0].interpolate(0.5, normalized=True).coords[0]

    def at(self, place: tuple[float, float]) -> str:
        """The letter of the cell that a place is located in, '' outside."""
        code = self.grid.cell_at(*place)
        return next((letter for letter, c in self.codes.items() if c == code), "")


def draw(*lines: str, step: tuple[float, float] | None = None) -> Drawn:
    rows = tuple(tuple(line.split()) for line in lines)
    letters = sorted({letter for row in rows for letter in row} - {"."})
    codes = {letter: f"441402004001{101 + n}" for n, letter in enumerate(letters)}
    blank = Drawn(rows, None, codes)  # type: ignore[arg-type]
    squares = {letter: [] for letter in letters}
    for r, row in enumerate(rows):
        for c, letter in enumerate(row):
            if letter != ".":
                squares[letter].append(shapely.box(*blank.box(c, r)))
    cells = [shapely.union_all(squares[letter]) for letter in letters]
    grids = [f"441402004001{1 + n // 2:03d}" for n in range(len(letters))]
    return Drawn(rows, Grid([codes[letter] for letter in letters], cells, grids, step=step), codes)


@pytest.fixture
def grid_drawn():
    return draw
