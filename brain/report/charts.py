"""Charts of the document as pictures (matplotlib, 220 dpi): the same numbers as the snapshot, drawn for paper.

Ink for quantities, one grey for comparison, the action green for a target; red is kept for what is late. Each function
gives PNG bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import matplotlib

matplotlib.use("Agg")
import shapely
from matplotlib import font_manager
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from brain.report.palette import GREY, HOT_SHOWN, INK, LATE, LINE, SOFT, STEPS, TARGET, bands

DPI = 220
FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "SimHei")


def _font() -> str:
    known = {f.name for f in font_manager.fontManager.ttflist}
    return next((name for name in FONTS if name in known), "sans-serif")


def _canvas(width: float, height: float) -> tuple[Figure, Any]:
    """A figure of so many centimetres with one quiet axis."""
    matplotlib.rcParams.update(
        {
            "font.family": [_font(), "DejaVu Sans"],
            "font.size": 9,
            "axes.unicode_minus": False,
            "axes.edgecolor": LINE,
            "text.color": INK,
            "axes.labelcolor": SOFT,
            "xtick.color": SOFT,
            "ytick.color": SOFT,
        }
    )
    figure = Figure(figsize=(width / 2.54, height / 2.54), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.tick_params(length=0)
    return figure, axis


def _png(figure: Figure) -> bytes:
    out = BytesIO()
    # No time stamp inside: the same snapshot gives the same bytes.
    figure.savefig(out, format="png", dpi=DPI, metadata={"Software": None})
    return out.getvalue()


def daily(snapshot: Mapping[str, Any]) -> bytes:
    """Reports a day, last month's same day pale beside it; days that stand out carry their number."""
    days = snapshot["daily"]["days"]
    figure, axis = _canvas(15.6, 5.2)
    at = [d["day"] for d in days]
    axis.bar([x - 0.2 for x in at], [d["n"] or 0 for d in days], width=0.38, color=INK, label="本月")
    axis.bar([x + 0.2 for x in at], [d["last"] or 0 for d in days], width=0.38, color=GREY, label="上月同日")
    marked = {int(b["day"][-2:]) for b in snapshot["daily"]["bursts"]}
    for d in days:
        if d["day"] in marked and d["n"]:
            axis.annotate(str(d["n"]), (d["day"] - 0.2, d["n"]), ha="center", va="bottom", fontsize=8)
    axis.set_xlim(0.3, len(days) + 0.7)
    axis.set_xticks([x for x in at if x == 1 or x % 5 == 0])
    axis.set_xticklabels([f"{x} 日" for x in at if x == 1 or x % 5 == 0])
    axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axis.grid(axis="y", color=LINE, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.legend(
        frameon=False, fontsize=8.5, loc="lower right", bbox_to_anchor=(1, 1.0), ncols=2, borderaxespad=0.2, handlelength=1
    )  # fmt: skip
    return _png(figure)


def intervals(snapshot: Mapping[str, Any], table: str, target: float | None) -> bytes:
    """Rate with its 95 % interval for each ranked unit: one sees who overlaps with whom."""
    rows = [r for r in snapshot[table]["rows"] if r["rank"]]
    figure, axis = _canvas(15.6, max(2.4, 0.72 * len(rows) + 1.2))
    for n, r in enumerate(rows):
        low, high, value = r["low"] * 100, r["high"] * 100, r["handled_on_time"] / r["handle_due"] * 100
        axis.plot([low, high], [n, n], color=GREY, linewidth=5, solid_capstyle="butt")
        axis.plot([value], [n], marker="o", color=INK, markersize=5.5)
        axis.annotate(r["on_time_text"], (value, n), xytext=(0, 5), textcoords="offset points", ha="center", fontsize=8)
    says = "按期处置率 %，横条为 95 % 区间，括号内为应处置件数"
    if target is not None:
        axis.axvline(target * 100, color=TARGET, linewidth=1.1, linestyle=(0, (4, 3)))
        says += f"，绿线为目标 {target * 100:.1f}"
    axis.set_yticks(range(len(rows)))
    axis.set_yticklabels([f"{r['name']}（{r['handle_due']}）" for r in rows], fontsize=9)
    axis.set_ylim(len(rows) - 0.4, -0.9)
    axis.set_xlim(min([r["low"] * 100 for r in rows], default=80) - 2, 101.5)
    axis.set_xlabel(says, fontsize=8.5)
    return _png(figure)


def categories(snapshot: Mapping[str, Any]) -> bytes:
    """The most frequent categories, last month as a tick."""
    rows = [r for r in snapshot["categories"]["rows"] if r["key"]]
    figure, axis = _canvas(15.6, 0.62 * len(rows) + 1.1)
    places = range(len(rows))
    axis.barh(places, [r["n"] for r in rows], height=0.56, color=INK)
    edge = max((max(r["n"], r["last"] or 0) for r in rows), default=1)
    for n, r in enumerate(rows):
        if r["last"] is not None:
            axis.plot([r["last"]] * 2, [n - 0.4, n + 0.4], color=TARGET, linewidth=1.8)
        axis.text(edge * 1.1, n, str(r["n"]), ha="right", va="center", fontsize=9)
        axis.text(edge * 1.22, n, f"{r['share_text']} %", ha="right", va="center", fontsize=9, color=SOFT)
    axis.set_yticks(places)
    axis.set_yticklabels([r["name"] for r in rows], fontsize=9)
    axis.invert_yaxis()
    axis.set_xlim(0, edge * 1.23)
    axis.set_xticks([])
    axis.spines["bottom"].set_visible(False)
    axis.set_xlabel("立案件数与占比；绿线为上月件数", fontsize=8.5)
    return _png(figure)


def lateness(snapshot: Mapping[str, Any]) -> bytes:
    """How late the late ones are: answered late, and still open."""
    bins = snapshot["overdue"]["bins"]
    figure, axis = _canvas(15.6, 3.4)
    done, left = [b["done"] for b in bins], [b["open"] for b in bins]
    axis.barh(range(len(bins)), done, color=INK, height=0.55, label="已反馈")
    axis.barh(range(len(bins)), left, left=done, color=LATE, height=0.55, label="期末未反馈")
    for n, b in enumerate(bins):
        axis.annotate(
            str(b["done"] + b["open"]),
            (b["done"] + b["open"], n),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
        )
    axis.set_yticks(range(len(bins)))
    axis.set_yticklabels([b["label"] for b in bins])
    axis.invert_yaxis()
    axis.set_xticks([])
    axis.spines["bottom"].set_visible(False)
    axis.margins(x=0.1)
    axis.legend(frameon=False, fontsize=8.5, loc="lower right", ncols=2, borderaxespad=0, handlelength=1)
    return _png(figure)


def hot_map(snapshot: Mapping[str, Any], outlines: Mapping[str, Mapping[str, Any]]) -> bytes:
    """综合网格 shaded by reports a square kilometre, the hot ones numbered as in the table.

    `outlines` is what `places.outlines` gives: {"grid": {code: geometry}, "town": {...}, "area": {...}, "name": {...}}.
    """
    figure, axis = _canvas(15.6, 11.2)
    figure.set_layout_engine("none")
    axis.set_position((0.26, 0.0, 0.74, 1.0))
    inset = figure.add_axes((0.005, 0.01, 0.40, 0.507))  # beside the towns, not over them
    found = bands(snapshot, outlines)
    for place in (axis, inset):
        _ground(place, outlines, found["band"])
    axis.axis("off")
    axis.autoscale_view()
    for code, geometry in outlines["town"].items():
        point = geometry.representative_point()
        axis.annotate(outlines["name"][code], (point.x, point.y), color=SOFT, fontsize=9, ha="center", zorder=3)
    west, south, east, north = around(snapshot, outlines)
    inset.set_xlim(west, east)
    inset.set_ylim(south, north)
    inset.set_xticks([])
    inset.set_yticks([])
    for side in inset.spines.values():
        side.set(visible=True, color=SOFT, linewidth=0.8)
    axis.indicate_inset_zoom(inset, edgecolor=SOFT, linewidth=0.8)
    for n, grid in enumerate(snapshot["hot"]["hot"][:HOT_SHOWN], 1):
        if grid["code"] in outlines["grid"]:
            point = outlines["grid"][grid["code"]].representative_point()
            near = west <= point.x <= east and south <= point.y <= north
            _badge(inset if near else axis, n, point)
    patches = [Patch(facecolor=c, edgecolor=LINE, label=w) for c, w in zip(STEPS, found["words"])]  # noqa: B905
    axis.legend(
        handles=patches, title="上报件数／平方公里", frameon=False, fontsize=8.5, title_fontsize=8.5, loc="upper right"
    )  # fmt: skip
    return _png(figure)


def _ground(axis: Any, outlines: Mapping[str, Mapping[str, Any]], band: Mapping[str, int]) -> None:
    """Grids in their steps, towns as lines."""
    axis.set_aspect(1 / 0.911)  # a degree of longitude at 24.3° N is 0.911 of one of latitude
    for step, colour in enumerate(STEPS):
        rings = [
            shapely.get_coordinates(part.exterior)
            for code, found in band.items()
            if found == step
            for part in shapely.get_parts(outlines["grid"][code])
        ]
        axis.add_collection(PolyCollection(rings, facecolors=colour, edgecolors="#FFFFFF", linewidths=0.25, zorder=1))
    for geometry in outlines["town"].values():
        for part in shapely.get_parts(geometry):
            axis.plot(*shapely.get_coordinates(part.exterior).T, color=SOFT, linewidth=0.8, zorder=2)


def around(snapshot: Mapping[str, Any], outlines: Mapping[str, Mapping[str, Any]]) -> tuple[float, float, float, float]:
    """Box of the built-up core: where most of the hot grids lie, with a margin. Without hot grids, the middle."""
    hot = [g["code"] for g in snapshot["hot"]["hot"][:HOT_SHOWN] if g["code"] in outlines["grid"]]
    points = [outlines["grid"][code].representative_point() for code in hot]
    if not points:
        points = [g.representative_point() for g in outlines["town"].values()]
    xs, ys = sorted(p.x for p in points), sorted(p.y for p in points)
    cut = len(points) // 10
    west, east, south, north = xs[cut], xs[-1 - cut], ys[cut], ys[-1 - cut]
    half = max(east - west, (north - south), 0.02) * 0.68
    x, y = (west + east) / 2, (south + north) / 2
    return x - half, y - half * 0.911, x + half, y + half * 0.911


def _badge(axis: Any, n: int, point: Any) -> None:
    axis.annotate(
        str(n), (point.x, point.y), fontsize=7.5, color="#FFFFFF", ha="center", va="center", zorder=4,
        bbox={"boxstyle": "circle,pad=0.22", "facecolor": LATE, "edgecolor": "#FFFFFF", "linewidth": 0.6},
    )  # fmt: skip
