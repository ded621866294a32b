"""Colours, shapes and words of the map: what means what, for the dark wall and the light pages.

Colour means warning level and nothing else; every colour has a second sign (shape and number), so a bad projector or a
colour-blind eye loses nothing. The four levels and their order are the national ones (突发事件应对法: 一级红, 二级橙, 三级黄,
四级蓝); their keys are the strings that `brain.model.Level` uses, and a house test pins that both sides know the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class LevelMark:
    """How one warning level looks: number 1 is the worst; `sign` is the shape as a character, for text."""

    key: str
    number: int
    word: str
    shape: str
    sign: str
    colour: str
    ink: str  # colour of the number on the shape, contrast at least 4.5:1


LEVELS = MappingProxyType(
    {
        m.key: m
        for m in (
            LevelMark("red", 1, "红", "square", "■", "#F0384A", "#14080A"),
            LevelMark("orange", 2, "橙", "diamond", "◆", "#FF8A1F", "#1A0E02"),
            LevelMark("yellow", 3, "黄", "triangle", "▲", "#FFD23D", "#191302"),
            LevelMark("blue", 4, "蓝", "circle", "●", "#3B8CFF", "#04101F"),
        )
    }
)
"""Worst first: iterating gives the order in which marks must be drawn last."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """One theme's colours. `quiet` is an ordinary quantity, `action` a thing that can be pressed (never a warning)."""

    page: str
    panel: str
    raised: str
    line: str
    text: str
    text2: str
    text3: str
    action: str
    quiet: str
    land: str
    border: str
    grid: str
    river: str
    beyond: str


DARK = Tokens(
    page="#0B1220", panel="#111B2E", raised="#18253D", line="#24344F", text="#E6EDF7", text2="#9FB1CC", text3="#6B7F9E",
    action="#3CC8B4", quiet="#42526E", land="#0F1B31", border="#3A567F", grid="#1A2A45", river="#1F5F9E", beyond="#1B2940",
)  # fmt: skip
LIGHT = Tokens(
    page="#EEF2F7", panel="#FFFFFF", raised="#FFFFFF", line="#D8DFE9", text="#16202E", text2="#51627A", text3="#6A7A91",
    action="#0E7C6B", quiet="#9AA8BC", land="#FFFFFF", border="#8FA2BD", grid="#E3E9F2", river="#7FB2E5", beyond="#C9D3E1",
)  # fmt: skip

FONTS = "Noto Sans CJK SC, Noto Sans SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, sans-serif"
"""Map text is drawn by the browser from the fonts of its machine, so no glyph server is needed."""


def level_number(key: str) -> int:
    """1 (worst) to 4; 5 for anything that is no level, so that it sorts last."""
    mark = LEVELS.get(key)
    return mark.number if mark else 5


def worst(keys: list[str]) -> str:
    """The worst of these level keys, '' when none is a level."""
    return min((k for k in keys if k in LEVELS), key=level_number, default="")
