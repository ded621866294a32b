"""A Chinese name in Latin letters, as its bearer would type it into a password. Pure.

Why every reading of a sign and not the likely one: 单, 解 and 曾 are read otherwise as surnames, and whoever guesses a password tries both.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from functools import lru_cache
from itertools import islice, pairwise, product

READ = 6  # signs of a name that are read
MOST = 64  # spellings of one name
_SIGNS = re.compile(r"[\u3400-\u9fff]+")


@lru_cache(maxsize=256)
def spellings(name: str) -> tuple[tuple[str, ...], ...]:
    """Ways to write a name, each as its syllables: 张三 → (("zhang", "san"),); of a name without Chinese signs none."""
    signs = "".join(_SIGNS.findall(name))[:READ]
    if not signs:
        return ()
    # Without its phrases the library takes a fifth of a second and 10 MB to read, with them one second and 50.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import Style, pinyin

    read = pinyin(signs, style=Style.NORMAL, heteronym=True, errors="ignore")
    ways = [list(dict.fromkeys(way for one in syllable for way in _typed(one))) for syllable in read]
    return tuple(islice(product(*ways), MOST))


def _typed(syllable: str) -> tuple[str, ...]:
    """ü is typed v, u or yu."""
    if "v" not in syllable:
        return (syllable,)
    return syllable, syllable.replace("v", "u"), syllable.replace("v", "yu")


def names_whole(password: str, name: str, least: int) -> bool:
    """Whether the pinyin of the name, of `least` letters or more, stands in the password: surname first or last, with or
    without signs between the syllables."""
    letters = re.sub(r"[\s._\-+@#]+", "", password.lower())
    return any(
        len(whole) >= least and whole in letters
        for way in spellings(name)
        for whole in ("".join(way), "".join((*way[1:], *way[:1])))
    )


def names_shortly(password: str, name: str, usual: Collection[str] = ()) -> bool:
    """Whether the only letters of the password are the name's initials (or a pinyin as short), and its only digits simple ones:
    Zs@123456, lx2026!!"""
    letters = re.sub(r"[^a-z]", "", password.lower())
    runs = re.findall(r"\d+", password)
    if not letters or not runs or re.search(r"[^\x20-\x7e]", password):
        return False
    short = {word for way in spellings(name) for word in _short(way)}
    return letters in short and all(simple(run, usual) for run in runs)


def _short(way: tuple[str, ...]) -> tuple[str, ...]:
    """Initials, the surname first or last, the surname with initials, and the whole of a short name."""
    initials = "".join(s[0] for s in way)
    rest = initials[1:]
    return initials, rest + initials[:1], way[0] + rest, rest + way[0], "".join(way)


def simple(digits: str, usual: Collection[str] = ()) -> bool:
    """Whether a run of digits is one that people choose first: a row, a repetition, a year, a date, one of the
    `usual` (security.toml)."""
    once = re.sub(r"(\d)\1+", r"\1", digits)  # 112233 is a row, too
    steps = {int(b) - int(a) for a, b in pairwise(once)}
    if len(steps) <= 1 and steps <= {-1, 1}:
        return True
    if digits in usual or re.fullmatch(r"(\d{1,4}?)\1+", digits):
        return True
    return re.fullmatch(r"((19|20)?\d\d)?(0?[1-9]|1[0-2])(0?[1-9]|[12]\d|3[01])|(19|20)\d\d(0[1-9]|1[0-2])?", digits) is not None
