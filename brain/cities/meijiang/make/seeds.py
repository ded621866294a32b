"""Seeds of villages (村社区): one point each, spread sensibly inside a draft of its town.

No public polygons of towns or villages exist, only the official list of names and codes. So the places below are
示意: town centres are set by hand from what is known (side of the river, neighbours, 金山街道's 35.21 km²), and villages
are spread by a weighted k-means, communities (居委会) in the built-up core, villages (村委会) around it.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from . import plane

RNG = 441402
CHUNK = 512  # points whose distances stay in the cache while their nearest site is looked for


@dataclass(frozen=True, slots=True)
class Town:
    """A town of the official list and what its draft is drawn from."""

    code: str
    name: str
    seat: tuple[float, float]  # degrees, 示意
    km2: float  # area aimed at
    centres: tuple[tuple[str, float, float], ...]  # (bank, degrees) of the middles of its parts


def _said() -> dict:
    return tomllib.loads((plane.DATA / "towns.toml").read_text(encoding="utf-8"))


def towns() -> list[Town]:
    """Towns of `data/towns.toml`, in the order of their codes."""
    rows = _said()["town"]
    return [Town(r["code"], r["name"], tuple(r["seat"]), r["km2"], tuple(map(tuple, r["centres"]))) for r in rows]


def hints() -> dict[str, tuple[float, float]]:
    """Villages whose neighbourhood is known from their names (a reservoir, a scenic spot, the market of a town)."""
    return {code: tuple(place) for code, place in _said()["hint"].items()}


def fixed() -> dict[str, tuple[float, float]]:
    """Seeds set by hand where the even spread would cut a town in two."""
    return {code: tuple(place) for code, place in _said()["fixed"].items()}


def core_km() -> shapely.Polygon:
    """The built-up core as drawn by hand, in kilometres."""
    return plane.shape_km(shapely.Polygon(_said()["core"]["ring"]))


def markets() -> list[tuple[float, float]]:
    """Middles of the small built-up patches of towns away from the core, degrees."""
    return [tuple(p) for p in _said()["markets"]["places"]]


def sample(polygon, spacing: float) -> np.ndarray:
    """Points of a regular net inside a polygon, n × 2 kilometres."""
    west, south, east, north = polygon.bounds
    x, y = np.meshgrid(np.arange(west, east, spacing), np.arange(south, north, spacing))
    inside = shapely.contains_xy(polygon, x.ravel(), y.ravel())
    return np.column_stack((x.ravel()[inside], y.ravel()[inside]))


def balance(points, open_to, sites, owners, km2, *, rounds: int = 300, rate: float = 0.3) -> np.ndarray:
    """Weights (km²) of owners for a power diagram of `sites` so that each owner gets its share of the points.

    `points` n × 2, `sites` m × 2, `owners` m (number of each site's owner), `km2` areas aimed at by owner;
    `open_to` m × n mask of sites that a point may go to (its own bank).
    """
    far = ((points[:, None, :] - sites[None, :, :]) ** 2).sum(axis=2)
    far[~open_to.T] = np.inf
    target = np.asarray(km2) / np.sum(km2)
    weights = np.zeros(len(target))
    for _ in range(rounds):
        nearest = [np.argmin(far[k : k + CHUNK] - weights[owners], axis=1) for k in range(0, len(far), CHUNK)]
        who = owners[np.concatenate(nearest)]
        share = np.bincount(who, minlength=len(target)) / len(points)
        weights += rate * (target - share) * np.sum(km2)
        weights -= weights.mean()
        rate *= 0.985
    return weights


def drafts() -> dict[str, BaseGeometry]:
    """Draft of each town by code (kilometres): power diagram of the towns' centres, with areas as aimed at."""
    banks = {k: plane.shape_km(v) for k, v in plane.banks().items()}
    sites, owners, sides = [], [], []
    listed = towns()
    for number, town in enumerate(listed):
        for side, *centre in town.centres:
            sites.append([float(v) for v in plane.to_km(*centre)])
            owners.append(number)
            sides.append(side)
    sites, owners, sides = np.array(sites), np.array(owners), np.array(sides)
    net = {side: sample(shape, 0.15) for side, shape in banks.items()}
    points = np.vstack(list(net.values()))
    bank_of = np.repeat(list(net), [len(p) for p in net.values()])
    weights = balance(points, sides[:, None] == bank_of[None, :], sites, owners, [t.km2 for t in listed])
    parts: dict[str, list] = {}
    for k, side in enumerate(sides):
        rivals = np.flatnonzero((sides == side) & (np.arange(len(sites)) != k))
        shape = banks[side]
        for other in rivals:
            shape = shape.intersection(half_plane(sites[k], float(weights[owners[k]]), sites[other], float(weights[owners[other]])))
        parts.setdefault(listed[owners[k]].code, []).append(shape)
    return {code: shapely.union_all(shapes, grid_size=1e-6) for code, shapes in parts.items()}


def half_plane(a, weight_a: float, b, weight_b: float, reach: float = 200.0) -> shapely.Polygon:
    """The side of the power bisector of two weighted sites that belongs to `a`, as a large square."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    gap = b - a
    along = gap / np.hypot(*gap)
    middle = a + along * ((gap @ gap + weight_a - weight_b) / (2.0 * np.hypot(*gap)))
    side = np.array([-along[1], along[0]])
    near, far = middle, middle - along * reach
    return shapely.Polygon([near + side * reach, near - side * reach, far - side * reach, far + side * reach])


def k_means(points: np.ndarray, count: int, rng: np.random.Generator, *, rounds: int = 60) -> np.ndarray:
    """`count` centres of evenly spread clusters (k-means++ start, Lloyd's rounds)."""
    centres = points[[int(rng.integers(len(points)))]]
    while len(centres) < count:
        far = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2).min(axis=1)
        centres = np.vstack((centres, points[rng.choice(len(points), p=far / far.sum())]))
    for _ in range(rounds):
        who = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)
        centres = np.array([points[who == k].mean(axis=0) if (who == k).any() else centres[k] for k in range(count)])
    return centres


def villages() -> list[tuple[str, str]]:
    """(code, name) of the official list, names without the committee: 梅龙社区, 东郊村."""
    with (plane.DATA / "village_names.csv").open(encoding="utf-8", newline="") as file:
        return [(r["code"], r["name"]) for r in csv.DictReader(file)]


def spread() -> dict[str, tuple[float, float]]:
    """Seed of every village in degrees, rounded to 5 decimals; deterministic."""
    rng = np.random.default_rng(RNG)
    core, drafted, hinted = core_km(), drafts(), hints()
    placed: dict[str, tuple[float, float]] = {}
    for town in towns():
        whole = drafted[town.code]
        listed = [code for code, _ in villages() if code.startswith(town.code)]
        known = [code for code in listed if code in hinted]
        rural = {code for code in known if not core.contains(shapely.Point(plane.to_km(*hinted[code])))}
        urban = [c for c in listed if int(c[9:]) < 200 and c not in rural]
        outer = [c for c in listed if c not in urban]
        inner_zone = whole.intersection(core.buffer(0.1))
        zones = [(urban, inner_zone)] if urban else []
        zones.append((outer, whole.difference(inner_zone) if urban else whole))
        for codes, zone in zones:
            if codes:
                spacing = max(np.sqrt(zone.area / len(codes)) / 14.0, 0.02)
                centres = k_means(sample(zone.buffer(-0.05), spacing), len(codes), rng)
                placed.update(_named(codes, centres, hinted, town))
    placed.update(fixed())
    return placed


def _named(codes: list[str], centres: np.ndarray, hinted, town: Town) -> dict[str, tuple[float, float]]:
    """Which centre is which village: hinted ones take the nearest, the others follow the list outward from the seat."""
    free = list(range(len(centres)))
    found: dict[str, tuple[float, float]] = {}

    def take(code: str, place) -> None:
        target = np.array([float(v) for v in plane.to_km(*place)])
        best = min(free, key=lambda k: float(((centres[k] - target) ** 2).sum()))
        free.remove(best)
        lng, lat = plane.to_degrees(*centres[best])
        found[code] = (round(float(lng), 5), round(float(lat), 5))

    for code in codes:
        if code in hinted:
            take(code, hinted[code])
    for code in codes:
        if code not in found:
            take(code, town.seat)
    return found
