"""What citizens' texts must not carry on: phone numbers and numbers of papers and bank cards, masked in their middle. Pure.

Read in every way that people write them: whatever stands between the groups and however they are cut, +86 before, figures of full
width, circled or Chinese (一三八…), O for 0, as references of XML or escapes of JSON. Left alone is what only looks like them:
amounts that are called so, coordinates, moments, codes with more or fewer figures, hashes. Number plates stay: what is reported about
a vehicle cannot be handled without its plate, and who sees an order at all is decided elsewhere (`identity.scope`). So do 110, 12345,
400 and 95… numbers: nobody's own. Eleven figures from 13 to 19 are a phone, whatever follows: nobody owes 13.8 billion.

Why two passes: `电话一13800000000` has a Chinese figure before a number, and ① may be a figure or count the items of a list, so a text
is read once by its plain figures and once with the others among them. What a number is, is told by `people_numbers`.
"""

from __future__ import annotations

import re
import unicodedata

from brain.sheets.people_numbers import DATE, FIGURES, papers, phones, runs


class _Plain(dict[int, str]):
    """A sign as ASCII where it is one in another dress; learned sign by sign. `all_figures`: circled and Chinese ones, too."""

    def __init__(self, all_figures: bool) -> None:
        self._all = all_figures
        # letters that look like O and X, and what calendars and phones call one and two
        super().__init__({ord(c): "O" for c in "ОоΟο"} | {ord(c): "X" for c in "ХхΧχ"})
        if all_figures:
            self.update({ord("幺"): "1", ord("两"): "2", ord("兩"): "2"})

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        figure = unicodedata.decimal(sign, None)
        if figure is None and self._all and (value := unicodedata.numeric(sign, None)) is not None and value in range(10):
            figure = int(value)
        other = unicodedata.normalize("NFKC", sign) if figure is None else str(figure)
        self[code] = other if figure is not None or (len(other) == 1 and other.isascii() and not other.isdigit()) else sign
        return self[code]


_PLAIN, _ALL = _Plain(False), _Plain(True)
_LOOKS = str.maketrans("OoIl", "0011")
_TAKEN, _PHONE = "々", "〆"  # in place of what is told already: letters, so that no group goes on across them

_ENOUGH = re.compile(r"\d(?:\D{0,8}\d){6}")
_LETTERS_AMONG = re.compile(r"\d[ \-.]?[OoIl]|[OoIl]\d")
_WORD_OF_FIGURES = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=[Tt]el)|(?<=TEL))(?=[OoIl]*\d)[0-9OoIl]{2,}(?![A-Za-z0-9])|(?<=\d[ \-.])[Oo]{2,4}(?=[ \-.]\d)"
)
_TIMES_SIGN = re.compile(r"(?<=\d)[×✕╳](?!\d)")
_CLOCK = re.compile(
    r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])"  # a UUID
    r"|(?<![\d:])[0-2]?\d:[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?(?![\d:])"
    r"|\*{3,}"
)
_DAY = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d(?P<by>[-/. ])(?:0?[1-9]|1[0-2])(?P=by)(?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])(?P<of>[-/.])(?:0?[1-9]|[12]\d|3[01])(?P=of)(?:19|20)\d\d"
    r"|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])T?[0-2]\d[0-5]\d[0-5]\d(?:\.\d+)?)(?!\d)"
)
_SECOND = re.compile(rf"{_PHONE}((?:[ \t]?[、,/;或和及][ \t]?[2-8]\d{{6,7}}(?!\d)(?!\s*(?:[万亿]?元|万?吨|亿|立方|m³|平))(?!\.\d))+)")
_FIRST = re.compile(rf"(?<!\d)(?<!\d\.)([2-8]\d{{6,7}})(?=[ \t]?[、/或和及][ \t]?{_PHONE})")
_PASS = re.compile(
    r"(?:护照|通行证|证件|台胞证|回乡证|居住证|居留证|永居证|军官证|士兵证|驾驶证|驾照|社保卡)[号码是为:.\s]*([A-Za-z]{0,3}\d{7,12})(?![\dA-Za-z])"
)
_ESCAPED = re.compile(
    r"&#(?P<dec>\d{1,7});|&#[xX](?P<hex>[0-9A-Fa-f]{1,6});|&(?:nbsp|ensp|emsp|thinsp|zwj|zwnj);"
    r"|\\u(?P<high>[dD][89abAB][0-9A-Fa-f]{2})\\u(?P<low>[dD][c-fC-F][0-9A-Fa-f]{2})|\\u(?P<one>[0-9A-Fa-f]{4})|\\[nrt]"
)


def masked(text: str) -> str:
    """The text with phones, numbers of papers and of bank cards masked in their middle."""
    if len(text) < 7:
        return text
    if ("&" in text or "\\" in text) and (found := list(_ESCAPED.finditer(text))):
        return _masked_escaped(text, found)
    return _masked(text)


def _masked(text: str) -> str:
    plain = text if text.isascii() else text.translate(_PLAIN)
    if _ENOUGH.search(plain):
        text = _hidden(text, plain)
    if not text.isascii() or _LETTERS_AMONG.search(plain):
        again = _WORD_OF_FIGURES.sub(lambda m: m[0].translate(_LOOKS), text.translate(_ALL))
        if again != plain and _ENOUGH.search(again):
            text = _hidden(text, again)
    return text


def _masked_escaped(text: str, found: list[re.Match[str]]) -> str:
    """The same where signs are written as `&#48;` or `\\uff11`: read as the signs they mean, and left as written but for what is masked."""
    written: list[str] = []
    meant: list[str] = []
    end = 0
    for one in found:
        written += text[end : one.start()]
        meant += text[end : one.start()]
        code = int(one["dec"] or "0") or int(one["hex"] or one["one"] or "20", 16)
        if one["high"]:
            code = 0x10000 + ((int(one["high"], 16) & 0x3FF) << 10) + (int(one["low"], 16) & 0x3FF)
        written.append(one[0])
        meant.append(chr(code) if code < 0x110000 else " ")
        end = one.end()
    written += text[end:]
    meant += text[end:]
    said = _masked("".join(meant))
    return "".join("*" if now == "*" != before else was for was, before, now in zip(written, meant, said, strict=True))


def masked_bytes(raw: bytes) -> bytes:
    """A message with the same masked in it, in its own coding. One that is no good UTF-8 is read in each that it may be, so that a
    bad byte hides nothing: what is masked is what any of them shows."""
    try:
        sound = raw.decode()
        if "\0" not in sound:
            return masked(sound).encode()
    except UnicodeDecodeError:
        pass
    for coding in ("utf-16-le", "utf-16-be"):
        for start in (0, 1):
            end = len(raw) - (len(raw) - start) % 2
            raw = raw[:start] + _as(coding, "surrogatepass", raw[start:end]) + raw[end:]
    return _as("gb18030", "surrogateescape", _as("utf-8", "surrogateescape", raw))


def _as(coding: str, errors: str, raw: bytes) -> bytes:
    try:
        said = raw.decode(coding, errors)
        found = masked(said)
        return raw if found == said else found.encode(coding, errors)
    except UnicodeError:
        return raw


def _hidden(text: str, plain: str) -> str:
    """`plain` is the text sign for sign, with all its figures as ASCII: what is found there is masked in both."""
    signs = list(text)

    def take(places: list[int], first: int, last: int, mark: str) -> None:
        """Mask all figures but the first and last so many, and put the number out of what is read on."""
        nonlocal marks
        for n in places[first : len(places) - last]:
            signs[n] = "*"
        for n in places:
            marks[n] = mark

    plain = _TIMES_SIGN.sub("X", plain)
    plain = _CLOCK.sub(_blank, plain)
    marks, found = list(plain), list(runs(plain))
    for run in found:
        for places, first, last in papers(run):
            take(places, first, last, _TAKEN if len(places) != 11 else _PHONE)
    rest = _DAY.sub(_blank, "".join(marks))
    marks = list(rest)
    for run in found if rest == plain else runs(rest):
        for places, first, last in phones(run):
            take(places, first, last, _PHONE)
    plain = "".join(marks)
    for pattern in (_SECOND, _FIRST):
        if _PHONE in plain:
            for found in pattern.finditer(plain):
                for one in FIGURES.finditer(plain, *found.span(1)):
                    if not DATE.fullmatch(one[0]):
                        take(list(range(*one.span())), 0, 2, _PHONE)
    for found in _PASS.finditer(plain):
        take(list(range(*found.span(1))), 2, 2, _TAKEN)
    return "".join(signs)


def _blank(found: re.Match[str]) -> str:
    return _TAKEN * len(found[0])
