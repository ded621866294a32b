"""JSON 报文: payload families in common use, read by declaration; a new one is an entry of `families.toml`, no code.

Topic `city/441402/json/<单位>/<设备或网关>`. Families (see the table, which a city's own `families.toml` is laid over): our own
`{"station": …, "ts": …, "items": {"pond_depth": 12.5}, "flag": "N"}`; a list of readings; SenML; telemetry with `values`,
flat telemetry, Tasmota. The first whose `needs` a message's first record has reads it.

A sender's credential lets it write its own topic, so what it may say is bound to that: a message without a station speaks of
the topic's last level, and one that names another station speaks of `<last level>/<station>`. No station has such a name, so
nothing is stored until the district has said (table intake_mapping: station `GW-1/PD-09` → `PD-09`) that this gateway
sends for that station.

Names of quantities that a family does not translate come out as `?name`: the catalog's own names, the district's mappings
(`station/name` before `name`) decide. A record without a time is booked at the time of receipt, quality `clock`, with the
message's digest as `seq`, so that it is known again when it is delivered twice.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from brain.model import Quality, Reading
from ingest.feeds import ANY, BadMessage, Feed, _table, _wire, topic
from ingest.feeds.json import _family
from ingest.feeds.json._family import Family

FEED = Feed("json", "JSON 报文", ANY, topic("json"), "zsj", gbk=True)

MOST = 10_000
"""Records of one message: a day of a value every nine seconds."""
SAYABLE = frozenset({Quality.OK, Quality.MANUAL, Quality.MAINTENANCE, Quality.SUSPECT, Quality.RANGE})
"""Qualities a sender may give in our words; the others are ours to find."""

_families = _family.load("")

cut = _wire.messages


def furnish(folder: str) -> None:
    """Lay the city's own `families.toml` over the shipped one. Raises BadCatalog, naming file and key."""
    global _families
    _families = _family.load(folder)


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of one message. Raises BadMessage only."""
    body = _wire.tree(payload, gbk=FEED.gbk)
    for family in _families:
        if records := family.records(body):
            break
    else:
        raise BadMessage(
            "shape",
            f"认不出这种报文“{_wire.short(body)}”；请按 families.toml 里的一种发送（{'、'.join(f.key for f in _families)}），"
            "或在那里登记新的一种",
        )
    if len(records) > MOST:
        raise BadMessage("size", f"一条报文里有 {len(records)} 条记录，超过 {MOST}；请让设备分开发送")
    outer = body if isinstance(body, dict) else {}
    message = _Message(family, topic.rsplit("/", 1)[-1], outer, received_at, zlib.crc32(payload))
    return _wire.gather(message.items(records), lambda read: read(), "报文里一个数值也没有；请核对上报内容")


@dataclass(slots=True)
class _Message:
    """One message of a family, while it is read. `outer` is the object around the records."""

    family: Family
    sender: str
    outer: dict[str, Any]
    received_at: datetime
    digest: int

    def items(self, records: list[Any]) -> Iterator[Callable[[], Reading | None]]:
        """One function a reading, and one that refuses for each record that cannot be read."""
        carried: dict[str, Any] = {}
        for number, record in enumerate(records):
            where = f"第 {number + 1} 条" if len(records) > 1 else ""
            try:
                if not isinstance(record, dict):
                    raise BadMessage("shape", f"{where}应是一个对象，现为“{_wire.short(record)}”；请按格式发送")
                carried |= {name: record[name] for name in self.family.carry if name in record}
                yield from self._record(carried | record, where, number)
            except BadMessage as err:
                yield partial(_refuse, err)

    def _record(self, record: dict[str, Any], where: str, number: int) -> Iterator[Callable[[], Reading | None]]:
        family = self.family
        place = self._place(record, f"{where}测站")
        at, known = self._at(record, where)
        seq = self._dig(record, family.seq)
        seq = "" if seq is None else _wire.word(seq, f"{where}序号")
        if not known:
            seq = f"received:{self.digest:08x}:{number}" + (f":{seq}" if seq else "")
        if family.values is None:
            pairs = [(self._dig(record, family.name), self._dig(record, family.value))]
        else:
            inside = _table.dig(record, family.values) if family.values else record
            if not isinstance(inside, dict):
                raise BadMessage("shape", f"{where}数值应是“名称: 数值”的对象，现为“{_wire.short(inside)}”；请改正")
            pairs = list(_table.leaves(inside, family.spent if inside is record else family.ignore))
        for name, value in pairs:
            yield partial(self._reading, record, (place, at, known, seq), name, value, where)

    def _reading(
        self, record: dict[str, Any], told: tuple[str, datetime, bool, str], name: Any, value: Any, where: str
    ) -> Reading | None:
        family = self.family
        place, at, known, seq = told
        name = _wire.quantity(name, f"{where}名称")
        where += name
        kind = family.kind(name)
        if not kind:
            return None
        found = _wire.number(family.words.get(str(value).casefold(), value), where)
        if family.base_value and (base := _wire.number(record.get(family.base_value), family.base_value)) is not None:
            found = base + (found or 0.0)
        if found is None:
            return None
        unit = self._dig(record, family.unit_at.get(name.rsplit(".", 1)[-1].casefold(), family.unit))
        if unit not in (None, ""):
            unit = _wire.word(unit, f"{where}单位")
            kind = f"{kind.partition('@')[0]}@{family.unit_words.get(unit, unit)}"
        flags = self._dig(record, family.flag)
        if isinstance(flags, dict):
            flags = flags.get(name)
        quality = _quality(self._dig(record, family.quality) if flags is None else flags, f"{where}标识")
        return Reading(place, kind, at, found, quality if known else Quality.CLOCK, seq)

    def _dig(self, record: dict[str, Any], places: _table.Places) -> Any:
        """From the record, else from the object around it."""
        found = _table.dig(record, places)
        return _table.dig(self.outer, places) if found is None else found

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
        return _wire.when(said, f"{where}时间", family.zone), True

    def _before(self, seconds: float, where: str) -> datetime:
        try:
            return self.received_at + timedelta(seconds=seconds)
        except OverflowError:
            raise BadMessage("time", f"{where}时间“{seconds:g} 秒”不可能；请核对 bt 与 t") from None


def _refuse(err: BadMessage) -> None:
    raise err


def _quality(said: Any, where: str) -> Quality:
    """Quality in our words, or by the HJ 212 data flag."""
    low = said.strip().lower() if isinstance(said, str) else ""
    return Quality(low) if low in SAYABLE else _wire.flag(said, where)
