"""Numbers of people among the figures of a text: phones, papers, bank cards. Pure; masked by `masking`.

Figures with little between them are a run of groups (`Run`); a number is some whole groups of it with the right count of figures, looked
up by where groups begin and end, so that no text takes longer than its length. Whether groups cut in an odd way are a number is told by
what stands around them: one in the middle of a list is none.

Sources: numbering plan of the MIIT (11 figures from 13 to 19; area codes of 3 or 4 with numbers of 7 or 8), GB 11643-1999 (18 figures;
15 before 1999), permits of residence of foreigners since 2017 (18 figures, the first a 9), GB/T 14504 (bank cards; the last figure
is Luhn's).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

_GAP = r"""(?:[^\w"'<>{}=%¥$°\0]|_)"""
_RUN = re.compile(rf"\d+(?:{_GAP}{{1,8}}\d+)*")
FIGURES = re.compile(r"\d+")
_MONEY = re.compile(r"(?:金额|总额|余额|预算|投资|资金|经费|造价|总价|产值|合计|共计|总计|重量|用量)[为是约达:\s]*$")
_UNIT = re.compile(r"\s*(?:[万亿]?元(?![旦宵先女])|万?吨|亿|立方|m³)")

# Phones
_CALLED = re.compile(
    r"(?:电话|手机|座机|固话|家电|宅电|热线|传真|号码|联系方式|联系人?|(?:打|致|拨|拨打|在)我?家里?|我家|(?P<loose>[致来回]电)|拨打?|tel|phone|mobile)"
    r"[号码是为人:.,、(\s]*$", re.I,
)  # fmt: skip
_COUNTRY = ("0086", "086", "86", "0")
_AREA = r"(?:10|2\d|[3-79]\d\d|8(?!00)\d\d)"
_AREA_ONLY = re.compile(rf"(?:(?:00)?86)?0?{_AREA}")
_FIXED = re.compile(rf"(?P<area>(?:(?:00)?860?|0){_AREA})(?P<local>[2-9]\d{{6,7}})")
DATE = re.compile(r"20[0-3]\d(?:0[1-9]|1[0-2])[0-3]\d")
_USUAL = {(3, 4, 4), (3, 8), (7, 4), (4, 3, 4), (4, 4, 3), (3, 3, 5), (5, 6), (3, 5, 3)}
"""How people cut a mobile number: such groups are one in the middle of other figures, too."""
_SOFT = set(" -–—‐−_/.·•")
"""Between groups of such a number even then; what parts the values of a list is not."""

# Papers and cards
_TURN = re.compile(r"\d(?=[A-Fa-f])|[A-Fa-f](?=\d)")
_HEX = "0123456789abcdefABCDEF"
_PROVINCE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9\d")
_X = re.compile(rf"{_GAP}?[Xx](?!\d)")
_GLUED = re.compile(
    r"(?:(?:86)?1[3-9]\d{9}|[1-8]\d{5}(?:19\d\d|20[01]\d|2020)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{4}|0[1-9]\d{9,10})"
)
_PAPER_CALLED = re.compile(r"(?:身份证件?|证件|居民证|居留证|永居证|身份号码?)(?:[号码是为:.\s(]|id)*$", re.I)
_CARD_CALLED = re.compile(r"(?:银行卡|卡号|银行账[号户])[号码是为:.\s]*$")


class Run:
    """Groups of figures with little between them. A number begins where a group begins and ends where one ends."""

    def __init__(self, plain: str, found: re.Match[str]) -> None:
        self.plain, self.start = plain, found.start()
        self.spans = [one.span() for one in FIGURES.finditer(plain, *found.span())]
        self.digits = "".join(plain[start:end] for start, end in self.spans)
        self.begins: list[int] = []
        self.ends: dict[int, int] = {}  # the group after the one that ends with so many figures before
        count = 0
        for n, (start, end) in enumerate(self.spans):
            self.begins.append(count)
            count += end - start
            self.ends[count] = n + 1

    @cached_property
    def places(self) -> list[int]:
        """Where each figure stands."""
        return [n for start, end in self.spans for n in range(start, end)]

    def size(self, n: int) -> int:
        start, end = self.spans[n]
        return end - start

    def single(self, n: int, done: int) -> bool:
        """Whether the group is one figure behind another, parted as before: no number begins in the middle of such."""
        return n not in (0, done) and self.size(n) == 1 == self.size(n - 1) and self.gap(n) == self.gap(n + 1)

    def group(self, n: int) -> str:
        start, end = self.spans[n]
        return self.plain[start:end]

    def gap(self, n: int) -> str:
        """What stands before the n-th group; nothing before the first."""
        return self.plain[self.spans[n - 1][1] : self.spans[n][0]] if 0 < n < len(self.spans) else ""

    @cached_property
    def before(self) -> str:
        """The end of what is said before the run: only there can a word stand, words part runs."""
        return self.plain[max(0, self.start - 16) : self.start]

    @cached_property
    def called(self) -> re.Match[str] | None:
        return _CALLED.search(self.before)

    @cached_property
    def called_paper(self) -> bool:
        return _PAPER_CALLED.search(self.before) is not None

    def sizes(self, first: int, after: int) -> tuple[int, ...]:
        return tuple(end - start for start, end in self.spans[first:after])

    def clean(self, first: int, after: int, inner: set[str], done: int) -> bool:
        """Whether the groups stand apart from the others of their run: parted from them by other signs than from one another."""
        left = first in (0, done) or self.group(first - 1) in _COUNTRY or not inner & _kinds(self.gap(first))
        return left and (after == len(self.spans) or not inner & _kinds(self.gap(after)) or self._mobile_follows(after))

    def _mobile_follows(self, n: int) -> bool:
        at = self.begins[n]
        return _mobile(self.digits[at : at + 11]) and at + 11 in self.ends

    def decimals(self, first: int, done: int) -> bool:
        """Whether the groups are the decimals of the one before, which is not the number of an item of a list (`1.13800138000`)."""
        if self.gap(first) != "." or first == done:
            return False
        number = self.group(first - 1)
        item = number[0] != "0" and int(number[:4]) < 20
        if item and first - 1 in (0, done):
            return first - 1 == 0 and not self.called and self.before.rstrip()[-1:] in tuple(":=,[-")
        return True


def _kinds(gap: str) -> set[str]:
    """The signs that part two groups; blanks only where there is nothing else."""
    return {c for c in gap if not c.isspace()} or ({"\n"} if "\n" in gap else {" "} if gap else set())


def runs(plain: str) -> Iterator[Run]:
    for found in _RUN.finditer(plain):
        if found.end() - found.start() >= 7:
            yield Run(plain, found)


def _in_hash(plain: str, start: int, end: int) -> bool:
    """Whether the figures stand within a hash or a device's address: a long word of hexadecimal signs, letters and figures mixed.
    Letters only before or behind them (`id4414…`, `…1234abc`) make no hash."""
    if not plain[start:end].isalnum():
        return False  # in several groups
    before, behind = plain[max(0, start - 32) : start], plain[end : end + 32]
    first = before[len(before.rstrip(_HEX)) :]
    last = behind[: len(behind) - len(behind.lstrip(_HEX))]
    if not first and not last:
        return False
    word = first + plain[start:end] + last
    return len(word) >= 16 and len(_TURN.findall(word)) > 2


# Papers and cards ------------------------------------------------------------------------------------------------------
def papers(run: Run) -> Iterator[tuple[list[int], int, int]]:
    """(where its figures stand, how many stay at its beginning and at its end) of each number of a paper or a card."""
    n = 0
    while n < len(run.spans):
        found = _paper_at(run, n)
        if found is None:
            glued = _glued(run, n)
            yield from glued
            n += 1
            continue
        places, first, last, n = found
        yield places, first, last


def _glued(run: Run, n: int) -> list[tuple[list[int], int, int]]:
    """Numbers written one behind the other with nothing between."""
    size = run.size(n)
    if not 22 <= size <= 60:
        return []
    said, start = run.group(n), run.spans[n][0]
    found, at = [], 0
    while one := _GLUED.match(said, at):
        places = list(range(start + max(at, one.end() - 11) if one.end() - at == 13 else start + at, start + one.end()))
        found.append((places, 6, 4) if len(places) == 18 else (places, 0, 2) if said[at] == "0" else (places, 3, 4))
        at = one.end()
    return found if at == size and not _in_hash(run.plain, *run.spans[n]) else []


def _paper_at(run: Run, n: int) -> tuple[list[int], int, int, int] | None:
    at = run.begins[n]
    called = n == 0 and run.called_paper
    if not called and (run.single(n, 0) or not (_PROVINCE.match(run.digits, at) or (n == 0 and _CARD_CALLED.search(run.before)))):
        return None
    for size in (18, 17, 19, 16, 15):
        after = run.ends.get(at + size)
        if after is None:
            continue
        groups = after - n
        if groups > 8 and groups != size:  # more groups than a person writes are a list, unless each is one figure
            continue
        digits, places = run.digits[at : at + size], run.places[at : at + size]
        found = None
        ending = _X.match(run.plain, places[-1] + 1) if size == 17 else None
        if ending:
            digits, places = digits + "X", [*places, ending.end() - 1]
        sizes = run.sizes(n, after)
        if size == 15:
            found = (6, 3) if called or _is_old_paper(run, n, after, digits) else None
        elif called or (len(digits) == 18 and _is_paper(digits, sizes)) or (not ending and _is_card(run, n, digits, sizes)):
            found = 6, 4
        if found and not _in_hash(run.plain, places[0], places[-1] + 1):
            return places, found[0], found[1], after
    return None


def _is_paper(digits: str, sizes: tuple[int, ...]) -> bool:
    """Whether 18 figures can be the number of a person's paper: born in the last century or this one. A day that is none may be
    mistyped when nothing parts the figures, or the last figure is right. One whose day lies after 2020 counts only with the right
    last figure: numbers of orders are made of district, day and a running number."""
    if not _PROVINCE.match(digits):
        return False
    year, month, day = int(digits[6:10]), int(digits[10:12]), int(digits[12:14])
    a_day = 1900 <= year <= 2099 and 1 <= month <= 12 and 1 <= day <= 31
    lived = 1900 <= year <= 2020
    if lived and a_day:
        return True
    whole = len(sizes) == 1 or sizes in ((6, 8, 4), (6, 8, 3))
    if not whole:
        return lived and _iso7064(digits)
    return (digits[0] != "9" and (lived or digits[-1] == "X")) or _iso7064(digits)


def _is_card(run: Run, n: int, digits: str, sizes: tuple[int, ...]) -> bool:
    if n == 0 and _CARD_CALLED.search(run.before):
        return True
    if len(digits) < 16 or digits[0] not in "3456":
        return False
    fours = all(size == 4 for size in sizes[:4]) and len(sizes) in (4, 5)
    shaped = (digits[:2] == "62" and (len(sizes) < 6 or len(sizes) == len(digits))) or (digits[0] != "6" and fours)
    return shaped and _luhn(digits)


def _is_old_paper(run: Run, n: int, after: int, digits: str) -> bool:
    if digits[0] == "9" or not (1 <= int(digits[8:10]) <= 12 and 1 <= int(digits[10:12]) <= 31):
        return False
    return after - n in (1, 2, 3, 4, 15) and (after == len(run.spans) or len(run.gap(after)) > 1 or run.gap(after) not in "\t -.")


def _iso7064(digits: str) -> bool:
    """The last figure of an 18-figure number (ISO 7064, MOD 11-2)."""
    total = sum(int(c) * (pow(2, 17 - n, 11)) for n, c in enumerate(digits[:17]))
    return "10X98765432"[total % 11] == digits[17].upper()


def _luhn(digits: str) -> bool:
    total = 0
    for n, c in enumerate(reversed(digits)):
        one = int(c) * (1 + n % 2)
        total += one - 9 if one > 9 else one
    return total % 10 == 0


# Phones ----------------------------------------------------------------------------------------------------------------
def phones(run: Run) -> Iterator[tuple[list[int], int, int]]:
    """(where its figures stand, how many stay at its beginning and at its end) of each phone number."""
    n, done = 0, -1
    while n < len(run.spans):
        if (found := _mobile_at(run, n, done)) is not None:
            places, n = found
            yield places, 3, 4
        elif (found := _fixed_at(run, n, done)) is not None:
            places, n = found
            yield places, 0, 2
        else:
            n += 1
            continue
        done = n


def _mobile(digits: str) -> bool:
    return len(digits) == 11 and digits[0] == "1" and digits[1] >= "3"


def _mobile_at(run: Run, n: int, done: int) -> tuple[list[int], int] | None:
    at = run.begins[n]
    if run.digits[at] not in "108" or run.single(n, done):
        return None
    if not _mobile(run.digits[at : at + 11]):
        head = next((p for p in _COUNTRY if run.digits.startswith(p, at) and len(p) < run.size(n)), "")
        at += len(head)
        if not head or not _mobile(run.digits[at : at + 11]):
            return None
    after = run.ends.get(at + 11)
    if after is None:
        return None
    places = run.places[at : at + 11]
    start, end = places[0], places[-1] + 1
    called = n < 2 and run.called is not None
    if not called and (
        run.decimals(n, done)
        or _in_hash(run.plain, start, end)
        or (n == 0 and (run.before[-1:] in ("¥", "$") or (_MONEY.search(run.before) and _UNIT.match(run.plain, end))))
    ):
        return None
    return (places, after) if after == n + 1 or called or _are_mobile(run, n, after, done) else None


def _are_mobile(run: Run, n: int, after: int, done: int) -> bool:
    """Whether eleven figures in several groups are a phone number, and not values of a list or decimals."""
    gaps = [run.gap(k) for k in range(n + 1, after)]
    sizes = run.sizes(n, after)
    inner = set[str]().union(*map(_kinds, gaps))
    dots, groups = gaps.count("."), [run.group(k) for k in range(n, after)]
    zero = any(len(g) > 1 and g[0] == "0" for g in groups[1:])
    if dots == 1 == len(gaps):
        return sizes == (7, 4) and not _UNIT.match(run.plain, run.spans[after - 1][1])
    if dots and (dots < len(gaps) or (len(gaps) == 3 and not zero and all(int(g) < 256 for g in groups))):
        return sizes == (3, 4, 4)  # else decimals of a list, or an address on the network
    clean = run.clean(n, after, inner, done)
    if "," in inner and not zero and run.before[-1:] == "[" and run.plain[run.spans[after - 1][1] :][:1] == "]":
        return False
    if sizes in _USUAL or len(sizes) == 11:
        return clean or inner <= _SOFT
    alone = n in (0, done) and after == len(run.spans)
    return alone or (len(sizes) < 6 and clean) or (len(sizes) < 5 and zero)


def _fixed_at(run: Run, n: int, done: int) -> tuple[list[int], int] | None:
    """The local figures of a number with its area code, or without one behind a word for a telephone."""
    said, called = run.group(n), run.called if n == 0 else None
    if not called and (len(said) < 2 or len(said) > 16 or (said[0] not in "08" and n > 1)):
        return None
    start = run.spans[n][0]
    glued = _FIXED.fullmatch(said)
    if glued and (said[0] == "0" or run.plain[max(0, start - 1) : start] == "+"):
        if run.decimals(n, done) or _in_hash(run.plain, *run.spans[n]):
            return None
        return list(range(start + glued.start("local"), start + glued.end("local"))), n + 1
    known = called or said[0] == "0" or run.plain[max(0, start - 1) : start] == "+" or (n > 0 and run.group(n - 1) in ("86", "0086"))
    if (known and _AREA_ONLY.fullmatch(said)) or _bare_area(run, n, said):
        local = n + 1
    elif called:
        local = n
    else:
        return None
    if local > n and run.decimals(n, done):
        return None
    for first in {local, n} if called else {local}:
        if found := _local_at(run, n, first, done):
            figures = run.digits[run.begins[first] : run.begins[first] + len(found[0])]
            if not (first == n and called and called["loose"] and DATE.fullmatch(figures)):
                return found
    return None


def _bare_area(run: Run, n: int, said: str) -> bool:
    """`753-2234567`: the area without its zero, known by hyphen or brackets; 400 and 800 are services."""
    if len(said) != 3 or said[0] not in "34567" or said == "400" or n + 1 >= len(run.spans):
        return False
    return run.gap(n + 1) in ("-", "–", "—", ")") and run.sizes(n, n + 2) == (3, 7) and n == 0 and len(run.spans) == 2


def _local_at(run: Run, n: int, first: int, done: int) -> tuple[list[int], int] | None:
    if first >= len(run.spans) or run.group(first)[0] not in "23456789":
        return None
    at = run.begins[first]
    for size in (7, 8):
        after = run.ends.get(at + size)
        if after is None or after - first > 4:
            continue
        inner = set[str]().union(*(_kinds(run.gap(k)) for k in range(n + 1, after)))
        soft = inner <= _SOFT | {"(", ")"}
        if soft or (n == 0 and run.called) or run.clean(n, after, inner, done):
            return run.places[at : at + size], after
    return None
