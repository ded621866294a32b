"""The readings of one message of a family, record by record: one that cannot be read spares its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from brain.model import Quality, Reading
from ingest.feeds import BadMessage, _provenance, _table, _wire
from ingest.feeds.json._family import Family

SAYABLE = frozenset({
    Quality.OK, Quality.MANUAL, Quality.MAINTENANCE, Quality.SUSPECT, Quality.RANGE, Quality.BELOW_LIMIT, Quality.TEST,
})  # fmt: skip
"""Qualities a sender may give in our words; the others are ours to find."""
EMPTY = "报文里一个数值也没有（只有文字、状态之类的不入库）；请核对上报内容，没有数值时不必发送"

_BELOW = re.compile(r"\d+(?:\.\d+)?L")
_WITH_UNIT = re.compile(
    r"([+-]?(?!0[xX])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(?![eE][+-]?\d)"
    r"([A-Za-z%°℃℉µμΩ‰㎡㎥㎎㎏㎝㎜一-龥][\w%°µμ/·²³.^*-]{0,15})"
)
"""A number with its unit in one text, `12.5 mm`; no thousands separator, no clock time, no hexadecimal."""
LABELS = frozenset(("bn", "bt", "bu", "bv", "bs", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"))
"""Of SenML, those that ask for no thought (RFC 8428 table 1)."""
_DIGIT = re.compile(r"\d")
_URN_DEV = re.compile(r"urn:dev:\w+:([^_:/]+(?:-[^_:/]+)*)(?:[_:/](.*))?", re.S)
"""RFC 9039: `urn:dev:<type>:<identifier>`, behind it `_` a part of the device, or what SenML appends."""


@dataclass(slots=True)
class Message:
    """One message of a family, while it is read. `outer` is the object around the records, `test` whether it says that nothing
    was measured, `said` the names among the quantities of one record that say so, `tested` the stations of which a record of its
    own says so."""

    family: Family
    sender: str
    outer: dict[str, Any]
    received_at: datetime
    digest: int
    test: bool = False
    good: list[Reading] = field(default_factory=list)
    bad: list[BadMessage] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    tested: set[str] = field(default_factory=set)

    def readings(self, records: list[Any]) -> list[Reading]:
        """All of them. Raises BadMessage, with the sound ones where some are not."""
        carry = self.family.carry
        carried = {name: self.outer[name] for name in carry if name in self.outer} if carry else {}
        several = len(records) > 1
        for number, record in enumerate(records):
            where = f"第 {number + 1} 条" if several else ""
            try:
                if not isinstance(record, dict):
                    raise BadMessage("shape", f"{where}应是一个对象，现为“{_wire.short(record)}”；请按格式发送")
                if carry:
                    carried |= {name: record[name] for name in carry if name in record}
                    record = carried | record
                self._record(record, where, number)
            except BadMessage as err:
                self.bad.append(err)
        if self.tested:
            self.good = [one._replace(quality=Quality.TEST) if one.station in self.tested else one for one in self.good]
        return _wire.settled(self.good, self.bad, EMPTY)

    def _record(self, record: dict[str, Any], where: str, number: int) -> None:
        family = self.family
        if family.version:
            _understood(record, family.version, where)
        pairs: Iterator[tuple[str, Any]] | list[tuple[Any, Any]]
        device = None
        if family.values is not None:
            inside = _table.dig(record, family.values) if family.values else record
            if not isinstance(inside, dict):
                raise BadMessage("shape", f"{where}数值应是“名称: 数值”的对象，现为“{_wire.short(inside)}”；请改正")
            pairs = _table.leaves(inside, family.spent if inside is record else family.ignore)
        elif family.pick:
            pairs = self._picked(record)
        elif family.attribute is not None:
            pairs = [(name, value) for name, value in record.items() if name not in family.spent]
        else:
            device, pairs = self._single(record, where)
            if not pairs and not self.said:
                return
        place = self._place(record, f"{where}测站") if device is None else _wire.on_behalf(self.sender, device, f"{where}测站")
        at, known = self._at(record, where)
        seq = self._dig(record, family.seq)
        seq = "" if seq is None else _wire.word(seq, f"{where}序号")
        test = self.test or (record is not self.outer and _provenance.is_test(record))
        told = _Told(place, at, known, seq, number, test)
        begin = len(self.good)
        read = self._attribute if family.attribute is not None else self._reading
        for name, value in pairs:
            try:
                read(record, told, name, value, where)
            except BadMessage as err:
                self.bad.append(err)
        if self.said:
            self._mark(record, place, begin)

    def _mark(self, record: dict[str, Any], place: str, begin: int) -> None:
        """Names among the quantities that call the record a test: all that stands beside them and below is none. A record that is
        nothing but that mark speaks of its station in the whole message."""
        if self.family.name:
            self.tested.add(place)
        below = tuple(name[: len(name) - len(name.rpartition(".")[2])] for name in self.said)
        self.said.clear()
        inside = _table.dig(record, self.family.values) if self.family.values else record
        kinds = {self.family.kind(name).partition("@")[0] for name, _ in _table.leaves(inside) if name.startswith(below)}
        for n, one in enumerate(self.good[begin:], begin):
            if "" in below or one.kind.partition("@")[0] in kinds:
                self.good[n] = one._replace(quality=Quality.TEST)

    def _single(self, record: dict[str, Any], where: str) -> tuple[str | None, list[tuple[Any, Any]]]:
        """(device, [(name, value)]) of a record that holds one quantity: none where it holds only bases or text."""
        family = self.family
        name, value = self._dig(record, family.name), self._dig(record, family.value)
        device = None
        if family.tail:
            device, name = _resolved(_text(record, family.station), _text(record, family.name))
        found: list[tuple[Any, Any]] = []
        if value is not None or not (family.text or family.sum):
            found.append((name, value))
        elif isinstance(name, str) and _provenance.marks(name, self._dig(record, family.text)):
            self.said.append(name)
        if family.sum and (total := record.get(family.sum)) is not None:
            total = _wire.number(total, f"{where}{family.sum}")
            base = _wire.number(record.get(family.base_sum), f"{where}{family.base_sum}")
            found.append((f"{name}.sum", None if total is None else total + (base or 0.0)))
        return device, found

    def _picked(self, record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """What is declared of a device's long status, and nothing else of it."""
        for path in self.family.pick:
            value = _table.dig(record, (path,))
            if value is not None and not any(
                path[: len(part)] == part and _table.dig(record, said) is False for part, said in self.family.valid.items()
            ):
                yield ".".join(path), value

    def _attribute(self, record: dict[str, Any], told: _Told, name: str, value: Any, where: str) -> None:
        """An object that stands for one quantity, with a unit and a time of its own, or several of its instances."""
        form = self.family.attribute
        assert form is not None
        for one in value if isinstance(value, list) else (value,):
            if not isinstance(one, dict):
                self._reading(record, told, name, one, where)
                continue
            inner = _table.dig(one, form.value)
            if inner is None or isinstance(inner, (dict, list)):
                continue  # a place, a relationship, a structure: no quantity
            own = told
            if (said := _table.dig(one, form.time)) is not None:
                own = own._replace(at=_wire.when(_until(said), f"{where}{name}时间", self.family.zone, about=self.received_at), known=True)
            if (seq := _table.dig(one, form.seq)) is not None:
                own = own._replace(seq=_wire.word(seq, f"{where}{name}序号"))
            if _provenance.is_test(one):
                own = own._replace(test=True)
            self._reading(record, own, name, inner, where, _table.dig(one, form.unit))

    def _reading(
        self, record: dict[str, Any], told: _Told, name: Any, value: Any, where: str, unit: Any = None
    ) -> None:
        family = self.family
        if type(name) is str and (mark := _provenance.marks(name, value)) is not None:
            if mark:
                self.said.append(name)
            return  # it says what the message is, and is no quantity
        if family.named and isinstance(name, str) and (match := family.named.search(name[:400])):
            name = match[1]
        name = _wire.quantity(name, f"{where}名称")
        kind = family.kind(name)
        if not kind:
            return
        where += name
        truth = type(value) is bool
        if type(value) is str:
            value, own = self._worded(value, where)
            if value is None:
                return
            unit = own if unit is None else unit
        elif truth:
            value = float(value)
        read = _wire.measured(value, where)
        if read is None:
            return
        found, measured = read
        if family.base_value and not truth and not name.endswith(".sum"):
            found += _wire.number(record.get(family.base_value), family.base_value) or 0.0
        # A unit is of a measured number (RFC 8428 section 4.2; its units are all numbers): of a truth, as of a switch under a base
        # unit, it says nothing and stays out.
        if unit is None and not truth and (family.unit or family.unit_at):
            unit = self._dig(record, family.unit_at.get(name.rsplit(".", 1)[-1].casefold(), family.unit))
        if unit not in (None, ""):
            unit = _wire.word(unit, f"{where}单位")
            unit = family.unit_words.get(unit, unit)
            kind = f"{kind.partition('@')[0]}@{unit}" if unit else kind
        if told.test:
            quality = Quality.TEST
        else:
            quality = Quality.OK
            if family.flag or family.quality:
                flags = self._dig(record, family.flag)
                if isinstance(flags, dict):
                    flags = flags.get(name)
                quality = _quality(self._dig(record, family.quality) if flags is None else flags, f"{where}标识")
            quality = _wire.worse(quality, measured)
            if not told.known and quality is not Quality.TEST:
                quality = Quality.CLOCK
        seq = told.seq
        if not told.known:
            seq = f"received:{self.digest:08x}:{told.number}" + (f":{seq}" if seq else "")
        self.good.append(Reading(told.place, kind, told.at, found, quality, seq))

    def _worded(self, said: str, where: str) -> tuple[Any, str | None]:
        """(value, unit) of a text: a word of the family, a number, or a number with its unit behind it."""
        family = self.family
        word = family.words.get(said.casefold())
        if word is not None:
            return word, None
        if family.words_only and not _DIGIT.search(said[:400]):
            return None, None
        if _BELOW.fullmatch(said):  # not litres: the L of a laboratory behind its limit of detection
            return said, None
        if len(said) <= 64 and (match := _WITH_UNIT.fullmatch(_wire.half(said))) is not None:
            return float(match[1]), match[2]
        return said, None

    def _dig(self, record: dict[str, Any], places: _table.Places) -> Any:
        """From the record, else from the object around it."""
        if not places:
            return None
        found = _table.dig(record, places)
        return _table.dig(self.outer, places) if found is None and record is not self.outer else found

    def _place(self, record: dict[str, Any], where: str) -> str:
        said = self._dig(record, self.family.station)
        if said is not None and self.family.tail:
            said = _wire.word(said, where).rstrip(":/").replace("/", ":").rsplit(":", 1)[-1]
        return _wire.on_behalf(self.sender, said, where)

    def _at(self, record: dict[str, Any], where: str) -> tuple[datetime, bool]:
        """The time of a record, and whether it said one."""
        family = self.family
        said = self._dig(record, family.time)
        if family.base_time:
            base = record.get(family.base_time)
            if base is not None or said is not None:
                said = (_wire.number(base, f"{where}bt") or 0.0) + (_wire.number(said, f"{where}t") or 0.0)
                if said < family.relative:
                    return self._before(said, where), False
        if said is None:
            return self.received_at, False
        if family.clock_from and isinstance(said, (int, float)) and said < family.clock_from:
            return self.received_at, False  # counted since power-on: the clock was never set
        at = _wire.when(_until(said), f"{where}时间", family.zone, about=self.received_at)
        if family.clock_from and at.timestamp() < family.clock_from:
            return self.received_at, False  # the same, written as a date of 1970
        return at, True

    def _before(self, seconds: float, where: str) -> datetime:
        try:
            return self.received_at + timedelta(seconds=seconds)
        except OverflowError:
            raise BadMessage("time", f"{where}时间“{seconds:g} 秒”不可能；请核对 bt 与 t") from None


class _Told(NamedTuple):
    """What the readings of a record have in common; `known`: it said its time."""

    place: str
    at: datetime
    known: bool
    seq: str
    number: int
    test: bool


def _until(said: Any) -> Any:
    """The end of an interval `2026-09-03T08:00:00Z/2026-09-03T09:00:00Z` (ISO 8601-1): what was measured over it is known then."""
    if isinstance(said, str) and "/" in said and said.count("T") > 1:
        return said.rsplit("/", 1)[-1]
    return said


def _text(record: dict[str, Any], places: _table.Places) -> str:
    said = _table.dig(record, places)
    return said if isinstance(said, str) else "" if said is None else str(said)[:64]


@lru_cache(maxsize=4096)
def _resolved(base: str, name: str) -> tuple[str | None, str]:
    """(device, quantity) by the base name and the name of a SenML record (RFC 8428 section 4.5.1: one behind the other)."""
    whole = base + name
    if len(whole) > 400:
        raise BadMessage("shape", f"名称“{_wire.short(whole)}”过长；请核对 bn 与 n")
    if name and (match := _URN_DEV.fullmatch(base)) and match[2] is None:
        return match[1], name  # a base name that lacks its separator
    if match := _URN_DEV.fullmatch(whole):
        return match[1], (match[2] or "").rstrip(":/").replace(":", ".").replace("/", ".") or "value"
    if not name:
        base, _, name = base.rstrip(":/").replace("/", ":").rpartition(":")
    device = base.rstrip(":/").replace("/", ":").rsplit(":", 1)[-1]
    return device or None, name


def _understood(record: dict[str, Any], version: str, where: str) -> None:
    """SenML of a later version, or with a label that must be understood (RFC 8428 section 4.4), is not read half."""
    if record.keys() <= LABELS:
        return
    said = record.get(version)
    if said is not None and _wire.number(said, f"{where}{version}") not in (None, 10.0):
        raise BadMessage("shape", f"{where}SenML 版本 {version}={_wire.short(said)} 不认识；可收版本 10（RFC 8428）")
    for label in record:
        if label[-1:] == "_":
            raise BadMessage("shape", f"{where}SenML 标签“{_wire.short(label)}”要求必须理解，而本接入不认识；请去掉它")


def _quality(said: Any, where: str) -> Quality:
    """Quality in our words, or by the HJ 212 data flag."""
    if said is None:
        return Quality.OK
    low = said.strip().lower() if isinstance(said, str) else ""
    return Quality(low) if low in SAYABLE else _wire.flag(said, where)
