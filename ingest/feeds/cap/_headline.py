"""Which colours of a headline are levels: those that it warns of, by the words of `headline.toml`.

`暴雨红色、雷电黄色预警` warns of two things, and the worst counts. `红色预警：不要靠近橙色水马` warns of one. Where a level is changed
(`黄色预警升级为橙色`) the new one counts, whatever the old one was.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from brain.model import Level

_said = tomllib.loads(Path(__file__).with_name("headline.toml").read_text(encoding="utf-8"))
LEVELS: dict[str, Level | None] = {colour: Level(level) if level else None for colour, level in _said["colours"].items()}


def _any(words: list[str]) -> str:
    return "|".join(map(re.escape, words))


_ONE = f"[{''.join(LEVELS)}]"
_LEVEL = r"(?:[（(][^（()）]{0,8}[）)])?"  # 红色（Ⅰ级）
_NEXT = rf"(?:(?!{_ONE}色)[^{re.escape(_said['stops'])}])"
_COLOUR = re.compile(f"({_ONE})色")
_WARNS = re.compile(rf"{_LEVEL}{_NEXT}{{0,{_said['within']}}}?{re.escape(_said['warns'])}")
_LISTED = re.compile(rf"{_LEVEL}\s*[{re.escape(_said['lists'])}]\s*{_NEXT}{{0,{_said['within']}}}(?={_ONE}色)")
_TO = re.compile(rf"(?:{_any(_said['to'])}){_NEXT}{{0,{_said['within']}}}?({_ONE})色")
_CHANGES, _LIFTED = re.compile(_any(_said["changes"])), re.compile(_any(_said["lifted"]))
_SENTENCE = re.compile(f"[^{re.escape(_said['stops'])}]+")


def colours(title: str) -> list[str]:
    """The colours that count; where none is warned of, all that it names."""
    named = list(_COLOUR.finditer(title))
    if len(named) < 2:
        return [one[1] for one in named]
    warned = _warned(title, named)
    found: list[str] = []
    lifted: list[str] = []
    for sentence in _SENTENCE.finditer(title):
        said = sentence[0]
        here = [one[1] for one in named if sentence.start() <= one.start() < sentence.end() and one.start() in warned]
        if _CHANGES.search(said) and (of_all := _COLOUR.findall(said)):
            here = _TO.findall(said)[-1:] or here[-1:] or of_all[-1:]
        (lifted if _LIFTED.search(said) else found).extend(here)
    return found or lifted or [one[1] for one in named]


def _warned(title: str, named: list[re.Match[str]]) -> set[int]:
    """Where the colours begin that a warning follows, by themselves or as one of a list."""
    warned: set[int] = set()
    after = None
    for one in reversed(named):
        listed = _LISTED.match(title, one.end())
        if _WARNS.match(title, one.end()) or (listed and after is not None and listed.end() == after and after in warned):
            warned.add(one.start())
        after = one.start()
    return warned
