"""综合网格 out of unit cells: compact groups inside one village, about four hundred in the district.

How many a village gets follows its kind: communities (居委会) in the built-up core are dense and get four or five,
others one to three (the practice is 300–500 households or about a thousand people a grid; no household figures are
published, so this is 示意).
"""

from __future__ import annotations

import numpy as np
import shapely

from geo import measure

from .touching import in_one_piece

URBAN, URBAN_LARGE, LARGE_KM2 = 4, 5, 0.75


def how_many(code: str, km2: float, cells: int) -> int:
    """Number of 综合网格 of a village of this code and area."""
    if int(code[9:]) < 200:
        wanted = URBAN_LARGE if km2 >= LARGE_KM2 else URBAN
        wanted = wanted if km2 < 4.0 else 3
    else:
        wanted = 1 if km2 < 1.5 else 2 if km2 < 5.5 else 3
    return max(1, min(wanted, cells // 3))


def gather(code: str, polygons: list, touching: list[dict[int, float]]) -> list[int]:
    """Serial (1 …) of the 综合网格 of each cell of one village; numbered north to south, then west to east."""
    places = shapely.get_coordinates(shapely.centroid(polygons)) * [np.cos(np.radians(24.28)), 1.0]
    area = measure.area_m2(polygons)
    count = how_many(code, float(area.sum()) / 1e6, len(polygons))
    who = _spread(places, area, count)
    who = in_one_piece(who, touching, area)
    middle = {k: places[who == k].mean(axis=0) for k in np.unique(who).tolist()}
    used = sorted(middle, key=lambda k: (-round(float(middle[k][1]), 3), float(middle[k][0])))
    serial = {k: n for n, k in enumerate(used, 1)}
    return [serial[k] for k in who]


def _spread(places: np.ndarray, area: np.ndarray, count: int) -> np.ndarray:
    """Balanced k-means: clusters whose areas stay alike, by a penalty that grows with what a cluster already holds."""
    middle = np.average(places, axis=0, weights=area)
    _, _, axes = np.linalg.svd((places - middle) * np.sqrt(area)[:, None], full_matrices=False)
    along = (places - middle) @ axes[0]
    order = np.argsort(along, kind="stable")
    share = np.cumsum(area[order]) / area.sum()
    who = np.empty(len(places), dtype=int)
    who[order] = np.minimum((share * count - 1e-9).astype(int), count - 1)
    weights = np.zeros(count)
    spread = float(np.average(((places - middle) ** 2).sum(axis=1), weights=area))
    for _ in range(60):
        centres = np.array([
            np.average(places[who == k], axis=0, weights=area[who == k]) if (who == k).any() else places[order[k]]
            for k in range(count)
        ])  # fmt: skip
        far = ((places[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
        who = np.argmin(far - weights, axis=1)
        held = np.array([area[who == k].sum() for k in range(count)]) / area.sum()
        weights += 0.25 * spread * (1.0 / count - held)
    return who
