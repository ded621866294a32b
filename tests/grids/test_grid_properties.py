"""`locate` against brute force, for partitions and points nobody thought of."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.grid import Grid

SIDE = 0.01
STEPS = st.sampled_from([None, (SIDE, SIDE), (SIDE / 2, SIDE / 2), (0.0037, 0.0123), (0.5, 0.5)])


def code(number: int) -> str:
    return f"441402004001{101 + number:03d}"


@st.composite
def drawings(draw):
    """A partition of squares into cells with any shape: holes, parts that touch in a corner, gaps."""
    wide, high = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    letters = draw(st.lists(st.integers(-1, 4), min_size=wide * high, max_size=wide * high))
    squares: dict[int, list] = {}
    for k, letter in enumerate(letters):
        if letter >= 0:
            x, y = 116.0 + (k % wide) * SIDE, 24.0 + (k // wide) * SIDE
            corners = [round(v, 9) for v in (x, y, x + SIDE, y + SIDE)]
            squares.setdefault(letter, []).append(shapely.box(*corners))
    return [shapely.union_all(s) for _, s in sorted(squares.items())]


@st.composite
def triangles(draw):
    """A partition into slanted cells: the Delaunay triangles of random points."""
    coordinate = st.integers(0, 400).map(lambda v: v / 10000)
    spots = draw(st.lists(st.tuples(coordinate, coordinate), min_size=4, max_size=12, unique=True))
    found = shapely.get_parts(shapely.delaunay_triangles(shapely.MultiPoint([(116 + x, 24 + y) for x, y in spots])))
    return [t for t in found if t.area > 1e-12]


@st.composite
def points(draw, cells):
    """Anywhere, and on purpose on vertices, on seams and a hair beside them."""
    near = st.floats(-0.02, 0.07, allow_nan=False)
    free = draw(st.lists(st.tuples(near, near).map(lambda p: (116 + p[0], 24 + p[1])), max_size=20))
    vertices = shapely.get_coordinates(cells)
    if len(vertices):
        picked = draw(st.lists(st.integers(0, len(vertices) - 1), max_size=12))
        free += [tuple(vertices[k]) for k in picked]
        free += [tuple((vertices[k] + vertices[k - 1]) / 2) for k in picked]
        free += [(np.nextafter(vertices[k][0], 0), vertices[k][1]) for k in picked]
    return free


def check(cells, spots, step) -> None:
    grid = Grid([code(n) for n in range(len(cells))], cells, step=step)
    got = grid.locate([p[0] for p in spots], [p[1] for p in spots])
    for place, answer in zip(spots, got.tolist(), strict=True):
        covering = {code(n) for n, cell in enumerate(cells) if cell.intersects(shapely.Point(place))}
        assert (answer in covering) if covering else answer == "", (place, answer, covering)


@settings(deadline=None, max_examples=150)
@given(st.data(), STEPS)
def test_locate_equals_brute_force_on_any_drawing(data, step):
    cells = data.draw(drawings())
    check(cells, data.draw(points(cells)), step)


@settings(deadline=None, max_examples=150)
@given(st.data(), STEPS)
def test_locate_equals_brute_force_on_slanted_cells(data, step):
    cells = data.draw(triangles())
    check(cells, data.draw(points(cells)), step)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_order_of_cells_and_points_does_not_matter(data):
    cells = data.draw(drawings())
    spots = data.draw(points(cells))
    codes = [code(n) for n in range(len(cells))]
    turn = data.draw(st.permutations(range(len(cells))))
    x, y = [p[0] for p in spots], [p[1] for p in spots]
    straight = Grid(codes, cells).locate(x, y)
    turned = Grid([codes[k] for k in turn], [cells[k] for k in turn]).locate(x[::-1], y[::-1])
    assert straight.tolist() == turned.tolist()[::-1]
