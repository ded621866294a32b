"""Columns of times and numbers, a million cells at a time: what Arrow reads as all doors do it reads, and each other text goes through
the one reader of the doors (`brain.sheets.cells`), so that history means what the same row means anywhere else. Part of `backfill`.
"""

# pyright: reportAttributeAccessIssue=false
# (pyarrow.compute makes its functions when it is imported, so no checker can know one of them.)

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from brain.city import OFFSET
from brain.model import Quality
from brain.sheets import cells

GAP = "没有测值"
NO_TIME = "没有时间；请填上 at"
_DAY = r"^[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_CLOCK = r"[T ](?:[01]\d|2[0-3]):[0-5]\d"
_SECOND = r":[0-5]\d(?:\.\d{1,6})?"
PLAIN = rf"{_DAY}(?:{_CLOCK}(?:{_SECOND})?)?$"
ZONED = rf"{_DAY}{_CLOCK}(?:(?:{_SECOND})?(?:Z|\+(?:0\d|1[0-3])(?::?[0-5]\d)?)|{_SECOND}-(?:0\d|1[0-3])(?::?[0-5]\d)?)$"
"""Times that Arrow reads as all doors do; `08:00-09:00`, which it takes for an offset, is none of them."""
NUMBER = r"^[+-]?(?:\d{1,300}\.?\d*|\.\d+)$"


def times(column: pa.Array, now: datetime) -> tuple[pa.Array, dict[int, str]]:
    """(aware moments, without an offset Beijing time is meant; row → why it holds none). `now` is when they are read."""
    wanted = pa.timestamp("us", "UTC")
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        found = column.cast(wanted) if column.type.tz else pc.assume_timezone(column, OFFSET).cast(wanted)
        return found, dict.fromkeys(pc.indices_nonzero(pc.is_null(found)).to_pylist(), NO_TIME)
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))

    def plain(some: pa.Array) -> pa.Array:
        return pc.assume_timezone(some.cast(pa.timestamp("us")), OFFSET).cast(wanted)

    def zoned(some: pa.Array) -> pa.Array:
        return some.cast(wanted)

    def one(said: str) -> datetime:
        if not said:
            raise cells.Unreadable("time", NO_TIME)
        return cells.when(said, "at", about=now)

    try:
        if pc.all(pc.or_(pc.ends_with(text, OFFSET), pc.ends_with(text, "Z"))).as_py():
            return zoned(text), dict.fromkeys(pc.indices_nonzero(pc.is_null(text)).to_pylist(), NO_TIME)
    except pa.ArrowInvalid:
        pass
    try:
        return plain(text), dict.fromkeys(pc.indices_nonzero(pc.is_null(text)).to_pylist(), NO_TIME)
    except pa.ArrowInvalid:
        return _by_shape(text, wanted, ((PLAIN, plain), (ZONED, zoned)), one)


def numbers(column: pa.Array) -> tuple[pa.Array, pa.Array | None, dict[int, str]]:
    """(finite numbers, the qualities that their texts tell, row → why it holds none, GAP where it says so)."""
    kind = column.type
    none = pa.scalar(None, pa.float64())
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        found = column.cast(pa.float64())
        return pc.if_else(pc.is_finite(found), found, none), None, dict.fromkeys(pc.indices_nonzero(pc.is_nan(found)).to_pylist(), GAP)
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    try:
        found = text.cast(pa.float64())
        if pc.all(pc.is_finite(found), skip_nulls=True).as_py():
            return found, None, {}
    except pa.ArrowInvalid:
        pass
    told: dict[str, str] = {}

    def one(said: str) -> float:
        read = cells.measured(said, "value", cell=True)
        if read is None:
            raise cells.Unreadable("value", GAP)
        if read[1] is not Quality.OK:
            told[said] = read[1].value
        return read[0]

    found, why = _by_shape(text, pa.float64(), ((NUMBER, lambda some: some.cast(pa.float64())),), one)
    quality = None
    if told:
        quality = pa.array(told.values(), pa.string()).take(pc.index_in(text, pa.array(told.keys(), pa.string())))
    return pc.if_else(pc.is_finite(found), found, none), quality, why


def _by_shape(
    text: pa.Array, kind: pa.DataType, shapes: tuple[tuple[str, Callable[[pa.Array], pa.Array]], ...], one: Callable[[str], object]
) -> tuple[pa.Array, dict[int, str]]:
    """(the texts of a shape read together, and each other text by `one`, once however often it stands there; row → why it cannot be)."""
    text = pc.fill_null(text, "")
    found = pa.nulls(len(text), kind)
    for shape, read in shapes:
        some = pc.match_substring_regex(text, shape)
        try:
            found = pc.replace_with_mask(found, some, read(text.filter(some)))
        except pa.ArrowInvalid:  # there is no 30 February: the last days of months are read one by one
            some = pc.and_(some, pc.invert(pc.match_substring_regex(text, r"^\d{4}-\d\d-(?:29|3)")))
            found = pc.replace_with_mask(found, some, read(text.filter(some)))
    rest = pc.is_null(found)
    other = text.filter(rest).dictionary_encode()
    values, reasons = [], {}
    for n, said in enumerate(other.dictionary.to_pylist()):
        try:
            values.append(one(said))
        except cells.Unreadable as err:
            values.append(None)
            reasons[n] = str(err)
    found = pc.replace_with_mask(found, rest, pa.array(values, kind).take(other.indices))
    rows = pc.indices_nonzero(rest).to_pylist() if reasons else []
    return found, {row: reasons[n] for row, n in zip(rows, other.indices.to_pylist(), strict=False) if n in reasons}
