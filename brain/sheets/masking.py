"""What citizens' texts must not carry on: phone numbers and numbers of papers and bank cards, masked in their middle. Pure.

Read in every way that people write them: with spaces, hyphens and brackets between the groups, +86 before, figures of full width,
Chinese figures (一三八…), extensions behind. Left alone is what only looks like them: amounts, coordinates, moments, codes with more
or fewer figures, hashes. Number plates stay: what is reported about a vehicle cannot be handled without its plate, and who sees
an order at all is decided elsewhere (`identity.scope`). So do 110, 12345, 400 and 95… numbers: nobody's own.

Why two passes: `电话一13800000000` has a Chinese figure before a number, so a text is read once by its plain figures and once with the
Chinese ones among them.

Sources: numbering plan of the MIIT (11 figures from 13 to 19; area codes of 3 or 4 with numbers of 7 or 8), GB 11643-1999 (18 figures;
15 before 1999), GB/T 14504 (bank cards; the last figure is Luhn's).
"""

from __future__ import annotations

import re
from collections.abc import Callable

_WIDE = str.maketrans("０１２３４５６７８９＋－（）Ｘｘ．　\u00a0", "0123456789+-()Xx.  ")
_CHINESE = str.maketrans("〇零○一二两三四五六七八九幺壹贰叁肆伍陆柒捌玖", "00012234567891123456789")

_S = r"[ \t\-–—‐−_/]{1,3}"
_DIGIT = r"(?<!\d)"
_BEFORE = r"(?<![\d])(?<!\d\.)(?<![¥￥$])"
_AFTER = r"(?!\d)(?!\.\d)(?!\s*(?:[万亿]?元|万吨|亿|吨|立方|m³))"
_MOBILE = re.compile(
    rf"{_BEFORE}(?:[(]?(?:\+|00)?86[)]?[ \t\-]*)?[(]?("
    rf"1[3-9]\d{{9}}"
    rf"|1[3-9]\d[)]?(?:{_S}|\.|·|•)?\d{{4}}(?:{_S}|\.|·|•)\d{{4}}"
    rf"|1[3-9]\d[)]?(?:{_S}|·)?\d{{8}}"
    rf"|1[3-9]\d{{5}}{_S}\d{{4}}"
    rf"|1[3-9]\d{{2}}{_S}\d{{3}}{_S}\d{{4}}"
    rf"|1[3-9]\d{{2}}-\d{{4}}-\d{{3}}"
    rf"|1[3-9]\d{_S}\d{{3}}{_S}\d{{5}}"
    rf"|1[3-9]\d{{3}}{_S}\d{{6}}"
    rf"|1[ \-.][3-9](?:[ \-.]\d){{9}}"
    rf"){_AFTER}"
)
_AREA = r"(?:10|2\d|[3-9]\d{2})"
_LOCAL = rf"[2-9]\d{{2,3}}(?:{_S})?\d{{4}}"
_EXTENSION = r"(?:\s*(?:转|分机|ext\.?|#|[-–—])\s*\d{1,5})?"
_FIXED = re.compile(
    rf"{_BEFORE}((?:[(]\s*0{_AREA}\s*[)]|(?:(?:\+|00)86[ \t\-]*[(]?0?{_AREA}[)]?)|0{_AREA})(?:{_S}|\s)?)"
    rf"({_LOCAL})({_EXTENSION}){_AFTER}",
    re.I,
)
_NAMED_FIXED = re.compile(rf"((?:电话|座机|固话|家电|宅电|热线|tel|phone)[号码是为:： \t]*)({_LOCAL})({_EXTENSION})(?!\d)", re.I)
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_P = r"[ \t\-]?"
_PAPER = re.compile(rf"{_DIGIT}({_PROVINCE}(?:{_P}\d){{15}}{_P}[\dXx])(?![\dA-Za-z])")
_PAPER_15 = re.compile(rf"{_DIGIT}({_PROVINCE}(?:{_P}\d){{13}})(?!{_P}\d)(?!\.\d)")
_CARD = re.compile(rf"{_DIGIT}(62(?:{_P}\d){{14,17}}|[3-5]\d{{3}}(?:[ \-]\d{{4}}){{3}}(?:[ \-]?\d{{1,3}})?)(?!\d)")
_PASS = re.compile(r"((?:护照|通行证|证件)[号码是为:： \t]*)([A-Za-z]{1,2}\d{7,9})(?![\dA-Za-z])")
_HASH = re.compile(r"[0-9A-Fa-f]{16,}")
_ENOUGH = re.compile(r"\d(?:\D{0,4}\d){6}")


def masked(text: str) -> str:
    """The text with phones, numbers of papers and of bank cards masked in their middle."""
    if len(text) < 7:
        return text
    plain = text if text.isascii() else text.translate(_WIDE)
    if _ENOUGH.search(plain):
        text = _hidden(text, plain)
    if not text.isascii():
        again = text.translate(_WIDE).translate(_CHINESE)
        if again != text.translate(_WIDE) and _ENOUGH.search(again):
            text = _hidden(text, again)
    return text


def masked_bytes(raw: bytes) -> bytes:
    """A message with the same masked in it, in its own coding: UTF-8, else GB 18030, else its bytes as they are."""
    for coding in ("utf-8", "gb18030", "latin-1"):
        try:
            return masked(raw.decode(coding)).encode(coding)
        except (UnicodeDecodeError, UnicodeEncodeError):
            continue
    return raw


def _hidden(text: str, plain: str) -> str:
    """`plain` is the text sign for sign, with all its figures as ASCII: what is found there is masked in both."""
    signs = list(text)

    def hide(start: int, end: int, first: int, last: int) -> None:
        """All figures between but the first and last so many."""
        figures = [n for n in range(start, end) if plain[n].isdigit() or plain[n] in "Xx"]
        for n in figures[first : len(figures) - last]:
            signs[n] = "*"

    def each(pattern: re.Pattern[str], group: int, first: int, last: int, sure: Callable[[str], bool] | None = None) -> None:
        nonlocal plain
        for found in pattern.finditer(plain):
            digits = "".join(c for c in found[group] if c.isalnum())
            if (sure is None or sure(digits)) and not _in_hash(plain, found):
                hide(*found.span(group), first, last)
        plain = "".join("*" if sign == "*" else c for sign, c in zip(signs, plain, strict=True))

    each(_PAPER, 1, 6, 4, _is_paper)
    each(_CARD, 1, 6, 4, _luhn)
    each(_PAPER_15, 1, 6, 3, _is_old_paper)
    each(_MOBILE, 1, 3, 4)
    each(_FIXED, 2, 0, 2)
    each(_NAMED_FIXED, 2, 0, 2)
    each(_PASS, 2, 2, 2)
    return "".join(signs)


def _in_hash(plain: str, found: re.Match[str]) -> bool:
    """Whether the figures stand within a hash or a device's address: a long word of hexadecimal signs, letters among them."""
    start, end = found.span()
    while start and plain[start - 1] in "0123456789abcdefABCDEF":
        start -= 1
    whole = _HASH.match(plain, start)
    return whole is not None and whole.end() >= end and not whole[0].isdigit() and whole.end() - whole.start() > end - found.start()


def _is_paper(digits: str) -> bool:
    """Whether 18 figures can be the number of a person's paper: born on a day of the last century or this one. One whose day lies
    after 2020 counts only with the right last figure: numbers of orders are made of district, day and a running number."""
    year, month, day = int(digits[6:10]), int(digits[10:12]), int(digits[12:14])
    if not (1900 <= year <= 2099 and 1 <= month <= 12 and 1 <= day <= 31):
        return False
    return year <= 2020 or _iso7064(digits)


def _is_old_paper(digits: str) -> bool:
    return 1 <= int(digits[8:10]) <= 12 and 1 <= int(digits[10:12]) <= 31


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
