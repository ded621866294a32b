"""Which polygons touch, and how owners of several keep theirs in one piece."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np

DIGITS = 7


def neighbours(polygons) -> list[dict[int, float]]:
    """For each polygon its neighbours and the length of the shared border, from shared edges."""
    seen: dict[tuple, int] = {}
    touching: list[dict[int, float]] = [defaultdict(float) for _ in polygons]
    for k, polygon in enumerate(polygons):
        for ring in (polygon.exterior, *polygon.interiors):
            for a, b in pairwise(np.round(np.array(ring.coords), DIGITS).tolist()):
                key = tuple(sorted((tuple(a), tuple(b))))
                other = seen.setdefault(key, k)
                if other != k:
                    metres = float(np.hypot(a[0] - b[0], a[1] - b[1]))
                    touching[k][other] += metres
                    touching[other][k] += metres
    return touching


def pieces(members: list[int], touching) -> list[list[int]]:
    """Connected pieces of a set of polygons, the largest (by count) first."""
    left, found = set(members), []
    while left:
        stack = [min(left)]
        left.discard(stack[0])
        piece = []
        while stack:
            piece.append(here := stack.pop())
            nearby = [n for n in touching[here] if n in left]
            left.difference_update(nearby)
            stack += nearby
        found.append(sorted(piece))
    return sorted(found, key=lambda p: (-len(p), p))


def in_one_piece(owner: np.ndarray, touching, area, same=None) -> np.ndarray:
    """Give detached pieces of an owner to the neighbour with the longest shared border.

    `same` gives each owner a group (its town) that its pieces stay within.
    """
    owner = owner.copy()
    for _ in range(20):
        moved = False
        for who in np.unique(owner):
            parts = pieces(np.flatnonzero(owner == who).tolist(), touching)
            keep = max(parts, key=lambda p: (sum(area[k] for k in p), -p[0]))
            for piece in parts:
                if piece is keep:
                    continue
                border: dict = defaultdict(float)
                for k in piece:
                    for other, length in touching[k].items():
                        if owner[other] != who and (same is None or same[owner[other]] == same[who]):
                            border[owner[other]] += length
                if border:
                    owner[piece] = max(sorted(border), key=lambda o: border[o])
                    moved = True
        if not moved:
            break
    return owner
