"""The map's icons, drawn here: level marks, cluster rings and the small theme signs, as one MapLibre sprite sheet.

Why drawn and not shipped: icons must follow the tokens of `_style`, and a map without the internet must not ask a stranger
for an icon (plotly fetches an unknown symbol from a CDN; every symbol that a layer names is therefore in this sheet).
"""

from __future__ import annotations

import io
from functools import cache
from itertools import product
from math import cos, pi, sin

from PIL import Image, ImageDraw, ImageFont

from layers._style import DARK, LEVELS

PARTS = 6  # a cluster's ring has so many segments
SMOOTH = 4  # drawn larger by this factor, then shrunk
SIGNS = ("water", "rain", "drainage", "fire", "air", "camera", "resource")
Signs = tuple[tuple[str, tuple[tuple[tuple[float, float], ...], ...]], ...]
"""Signs that layers bring along: (name, polygons on a square of 16)."""


def mix_name(shares: tuple[int, int, int, int, int]) -> str:
    """Icon of a cluster whose ring shows this mix: segments of red, orange, yellow, blue and no level, together PARTS."""
    return "mix-" + "".join(map(str, shares))


def mix_of(levels: list[str]) -> tuple[int, int, int, int, int]:
    """Segments of the ring for the levels of the members ('' for none): shares by largest remainder, and the worst level
    that occurs never vanishes."""
    order = [*LEVELS, ""]
    counts = [sum(1 for key in levels if (key if key in LEVELS else "") == k) for k in order]
    total = sum(counts) or 1
    exact = [c * PARTS / total for c in counts]
    shares = [int(x) for x in exact]
    for n in sorted(range(5), key=lambda n: shares[n] - exact[n])[: PARTS - sum(shares)]:
        shares[n] += 1
    lead = next((n for n in range(4) if counts[n]), None)
    if lead is not None and shares[lead] == 0:
        shares[lead] += 1
        shares[max(range(5), key=lambda n: (shares[n], n))] -= 1
    if shares[4] and lead is not None:  # among members without a level only the worst level is shown: fewer icons
        shares[4] += sum(shares[lead + 1 : 4])
        shares[lead + 1 : 4] = [0] * (3 - lead)
    return tuple(shares)  # type: ignore[return-value]


def _canvas(size: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", (size, size))
    return image, ImageDraw.Draw(image)


def _shape(draw: ImageDraw.ImageDraw, shape: str, c: float, r: float, fill: str, outline: str, width: int) -> None:
    if shape == "square":
        draw.rounded_rectangle((c - r * 0.86, c - r * 0.86, c + r * 0.86, c + r * 0.86), r * 0.2, fill, outline, width)
    elif shape == "circle":
        draw.ellipse((c - r * 0.95, c - r * 0.95, c + r * 0.95, c + r * 0.95), fill, outline, width)
    else:
        points = (
            [(c, c - r * 1.16), (c + r * 1.16, c), (c, c + r * 1.16), (c - r * 1.16, c)]
            if shape == "diamond"
            else [(c, c - r * 1.12), (c + r * 1.16, c + r * 0.88), (c - r * 1.16, c + r * 0.88)]
        )
        draw.polygon(points, fill, outline, width)


def _level(key: str, px: int) -> Image.Image:
    mark, c = LEVELS[key], px / 2
    image, draw = _canvas(px)
    draw.ellipse((px * 0.02, px * 0.02, px * 0.98, px * 0.98), mark.colour + "38")
    r = px * 0.27
    _shape(draw, mark.shape, c, r, mark.colour, DARK.page, max(px // 32, 1))
    font = ImageFont.load_default(px * 0.34)
    down = px * 0.045 if mark.shape == "triangle" else 0
    draw.text((c, c + down), str(mark.number), mark.ink, font, anchor="mm", stroke_width=px / 90, stroke_fill=mark.ink)
    return image


def _mix(shares: tuple[int, ...], px: int) -> Image.Image:
    image, draw = _canvas(px)
    colours = [m.colour for m in LEVELS.values()] + [DARK.quiet]
    edge, angle = px * 0.06, -90.0
    for share, colour in zip(shares, colours, strict=True):
        if share:
            draw.pieslice((edge, edge, px - edge, px - edge), angle, angle + 360 * share / PARTS, colour)
            angle += 360 * share / PARTS
    inner = px * 0.185
    draw.ellipse((inner, inner, px - inner, px - inner), DARK.page)
    return image


def _disc(px: int, ink: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """The dark disc under a sign, which separates it from the ground."""
    image, d = _canvas(px)
    u = px / 16
    d.ellipse((u * 0.5, u * 0.5, u * 15.5, u * 15.5), DARK.page + "D0", ink, max(int(u * 0.9), 1))
    return image, d


def _own(polygons: tuple[tuple[tuple[float, float], ...], ...], px: int, ink: str) -> Image.Image:
    """A sign that a layer brings along."""
    image, d = _disc(px, ink)
    for points in polygons:
        d.polygon([(x * px / 16, y * px / 16) for x, y in points], ink)
    return image


def _sign(name: str, px: int, ink: str) -> Image.Image:
    """A small sign in one colour on its disc."""
    image, d = _disc(px, ink)
    u = px / 16

    def box(x0: float, y0: float, x1: float, y1: float, **more: object) -> None:
        d.rectangle((x0 * u, y0 * u, x1 * u, y1 * u), ink, **more)  # type: ignore[arg-type]

    line = max(int(u * 1.2), 1)
    if name == "water":  # a drop
        d.polygon([(8 * u, 3.2 * u), (11.2 * u, 8.8 * u), (4.8 * u, 8.8 * u)], ink)
        d.ellipse((4.6 * u, 6.4 * u, 11.4 * u, 12.6 * u), ink)
    elif name == "rain":  # three strokes
        for x in (5.2, 8.2, 11.2):
            d.line([((x + 0.7) * u, 4.4 * u), ((x - 1.1) * u, 11.6 * u)], ink, line)
    elif name == "drainage":  # a grate
        for x in (4.6, 7.2, 9.8):
            box(x, 4.6, x + 1.4, 11.4)
    elif name == "fire":  # a flame
        d.polygon([(8.4 * u, 3 * u), (11.6 * u, 9 * u), (8 * u, 12.8 * u), (4.6 * u, 9.2 * u), (6.4 * u, 7.6 * u)], ink)
    elif name == "air":  # two waves
        for y in (6.2, 9.8):
            d.line([((3.8 + k * 0.35) * u, (y + 0.9 * sin(k / 24 * 4 * pi)) * u) for k in range(25)], ink, line)
    elif name == "camera":
        box(4, 5.8, 9.2, 10.2)
        d.polygon([(9.8 * u, 7.4 * u), (12.2 * u, 5.8 * u), (12.2 * u, 10.2 * u), (9.8 * u, 8.6 * u)], ink)
    else:  # resource: a star
        spots = [
            (8 + (4.6 if k % 2 == 0 else 2) * sin(k * pi / 5), 8 - (4.6 if k % 2 == 0 else 2) * cos(k * pi / 5))
            for k in range(10)
        ]
        d.polygon([(x * u, y * u) for x, y in spots], ink)
    return image


def _dot(px: int, ink: str) -> Image.Image:
    """A station from afar."""
    image, d = _canvas(px)
    d.ellipse((px * 0.08, px * 0.08, px * 0.92, px * 0.92), ink, DARK.page, max(px // 10, 1))
    return image


def _event(px: int, late: bool) -> Image.Image:
    """An event (案卷): a folder-like tag in text colour; a late one carries a bar below."""
    image, d = _canvas(px)
    u = px / 18
    d.rounded_rectangle((2.5 * u, 2.5 * u, 15.5 * u, 15.5 * u), 3 * u, DARK.raised, DARK.text, max(int(u * 1.1), 1))
    for y in (6.2, 9.0):
        d.line([(5.5 * u, y * u), (12.5 * u, y * u)], DARK.text, max(int(u * 1.2), 1))
    if late:
        d.rectangle((5.5 * u, 11.2 * u, 12.5 * u, 13.4 * u), LEVELS["red"].colour)
    return image


MOST = 399  # numbers up to this one have an icon


def number(n: int) -> str:
    """Icon of a number on a cluster. Why an icon and not text: MapLibre hides text that collides with any icon."""
    return f"n-{n}" if n <= MOST else "n-more"


def _number(text: str, px: int) -> Image.Image:
    """`px` is the height; the width follows the digits."""
    font = ImageFont.load_default(px * 0.92)
    width = int(font.getlength(text) + px * 0.12)
    image = Image.new("RGBA", (width, px))
    ImageDraw.Draw(image).text(
        (width / 2, px / 2), text, DARK.text, font, anchor="mm", stroke_width=px / 40, stroke_fill=DARK.text
    )
    return image


def _pick(px: int) -> Image.Image:
    image, d = _canvas(px)
    d.ellipse((px * 0.05, px * 0.05, px * 0.95, px * 0.95), None, DARK.text, max(px // 28, 1))
    return image


def _recipes(signs: Signs = ()) -> dict[str, tuple[int, object]]:
    """Name → (size at scale 1, function of the pixel size); `signs` go before ours of the same name."""
    made: dict[str, tuple[int, object]] = {}
    for key in LEVELS:
        made[f"level-{key}"] = (38, lambda px, key=key: _level(key, px))
    for shares in product(range(PARTS + 1), repeat=5):
        if sum(shares) == PARTS and (shares[4] == 0 or sum(1 for s in shares[:4] if s) <= 1):
            size = 28 if shares[4] else 38  # what has no level stands back
            made[mix_name(shares)] = (size, lambda px, shares=shares: _mix(shares, px))  # type: ignore[arg-type]
    for name in SIGNS:
        made[name] = (17, lambda px, name=name: _sign(name, px, "#8FA6C6"))
        made[f"{name}-stale"] = (17, lambda px, name=name: _sign(name, px, DARK.quiet))
    for name, polygons in signs:
        made[name] = (17, lambda px, p=polygons: _own(p, px, "#8FA6C6"))
        made[f"{name}-stale"] = (17, lambda px, p=polygons: _own(p, px, DARK.quiet))
    made["dot"] = (7, lambda px: _dot(px, "#8FA6C6"))
    made["dot-stale"] = (7, lambda px: _dot(px, DARK.quiet))
    made["event"] = (18, lambda px: _event(px, False))
    made["event-late"] = (18, lambda px: _event(px, True))
    made["pick"] = (52, _pick)
    for n in range(2, MOST + 1):
        made[number(n)] = (15, lambda px, n=n: _number(str(n), px))
    made["n-more"] = (15, lambda px: _number(f"{MOST}+", px))
    return made


def names(signs: Signs = ()) -> set[str]:
    """Every icon of the sheet."""
    return set(_recipes(signs))


def _shrunk(draw: object, px: int) -> Image.Image:
    """An icon `px` high, drawn large and shrunk."""
    image: Image.Image = draw(px * SMOOTH)  # type: ignore[operator]
    return image.resize((round(image.width / SMOOTH), px), Image.Resampling.LANCZOS)


@cache
def sheet(scale: int = 1, signs: Signs = ()) -> tuple[dict[str, dict[str, int]], bytes]:
    """(index, PNG) of the sprite at a pixel ratio: the two files that MapLibre asks for."""
    width, x, y, row = 640 * scale, 0, 0, 0
    placed: list[tuple[str, Image.Image, int, int]] = []
    for name, (size, draw) in sorted(_recipes(signs).items(), key=lambda item: (-item[1][0], item[0])):
        image = _shrunk(draw, size * scale)
        if x + image.width > width:
            x, y, row = 0, y + row, 0
        placed.append((name, image, x, y))
        x, row = x + image.width, max(row, image.height)
    whole = Image.new("RGBA", (width, y + row))
    index = {}
    for name, image, left, top in placed:
        whole.paste(image, (left, top))
        index[name] = {"x": left, "y": top, "width": image.width, "height": image.height, "pixelRatio": scale}
    file = io.BytesIO()
    whole.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return index, file.getvalue()


def icon(name: str, scale: int = 2, signs: Signs = ()) -> bytes:
    """One icon as a PNG of its own, for legends and lists beside the map. Raises KeyError for an unknown name."""
    size, draw = _recipes(signs)[name]
    file = io.BytesIO()
    _shrunk(draw, size * scale).save(file, "PNG", optimize=True)
    return file.getvalue()
