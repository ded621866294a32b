"""Negative numbers: some makers count the sign byte FF among the bytes of the number, some do not.

`39 23 FF 00 12 34` is four bytes with the sign (-1.234 m), `39 23 FF 00 00 12 34` four bytes behind it. Taken for the other,
the number is another one and what follows is read from the wrong byte. Both readings are tried over the whole body. A maker has
one habit, so the one that leaves nothing over, or else nothing unreadable, or else no id that the standard lacks, is meant;
where both or neither do, nothing is kept and both are shown.
"""

from __future__ import annotations

from collections.abc import Callable

from ingest.feeds import BadMessage
from ingest.feeds.sl651._elements import Report

SHOWN = 3

_TESTS: tuple[Callable[[Report], bool], ...] = (
    lambda found: not any(err.rule == "decode" for err in found.bad),
    lambda found: not found.bad,
    lambda found: not found.strange,
)


def read(station: str, body: bytes) -> Report:
    """The report in a body, by the reading of its negative numbers under which all of it reads."""
    with_sign = Report(station, body)
    if not with_sign.signed:
        return with_sign
    behind = Report(station, body, counted=False)
    for sound in _TESTS:
        one, two = sound(with_sign), sound(behind)
        if one != two:
            return with_sign if one else behind
    neither = bool(with_sign.bad)
    reason = (
        f"负数的符号字节 FF 算不算在数据长度里说不准：算在内读成 {_shown(with_sign)}，不算在内读成 {_shown(behind)}，"
        f"{'都与后文接不上' if neither else '都读得通'}；整帧未入库，请核对测站负值的数据定义，或请厂家说明"
    )
    with_sign.readings, with_sign.bad = [], [BadMessage("decode", reason)]
    return with_sign


def _shown(found: Report) -> str:
    said = [f"{what} {'不全' if value is None else f'{value:g}'}" for what, value in found.signed[:SHOWN]]
    more = "等" if len(found.signed) > SHOWN else ""
    return ("、".join(said) or "不是数") + more
