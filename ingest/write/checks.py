"""May a reading go into the record, and with which quality: pure, one reading at a time.

The order of the questions is the order of the reasons a person would want to hear: which place, whose, which quantity, is it a
number, can it be true, when was it.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from brain.catalog.records import Catalog
from brain.flow.measured.readings import DeadLetter
from brain.model import Quality, Reading
from ingest import senders
from ingest.feeds import ANY, FeedModule, _wire
from ingest.owners import Owners
from ingest.practice import Practice
from ingest.write import units
from ingest.write.message import TEST, ParsedMessage
from ingest.write.stations import Book, Known


@dataclass(frozen=True, slots=True)
class _Kind:
    low: float
    high: float
    late: timedelta
    says: str  # label with unit
    unit: str
    theme: str
    detection_limit: bool


class Checks:
    """The catalog's and the practice's limits, laid out for speed."""

    def __init__(self, catalog: Catalog, feeds: dict[str, FeedModule], practice: Practice):
        self.practice = practice
        self.themes = {key: module.FEED.theme for key, module in feeds.items()}
        named = {feed: {n: kind for kind, names in kinds.items() for n in names} for feed, kinds in catalog.sheets.kinds.items()}
        self.meant: dict[str, dict[str, str]] = {
            key: named.get(key, {}) | getattr(module, "MEANT", {}) for key, module in feeds.items()
        }
        self.owners = Owners(catalog)
        self._refuses = catalog.security.tcp.refuses
        self.units = units.load(practice.folder)
        self._said = catalog.sheets.word
        self.kinds = {
            k.key: _Kind(
                *k.sane, _late_after(k.period_s, k.silence_s), f"{k.label}（{k.unit}）" if k.unit else k.label, k.unit, k.theme,
                k.detection_limit,
            )
            for k in catalog.kinds.values()
        }

    def admit(self, message: ParsedMessage, book: Book) -> None:
        """Turn a message away that comes from a telemetry station which is not who it says; before any of its readings is looked at."""
        if message.claims:
            senders.judge(message, book.sender, self._refuses)

    def look(self, message: ParsedMessage, reading: Reading, book: Book, now: datetime) -> Reading | DeadLetter:
        """The reading as it is to be stored, or the dead letter that says why not.

        `now` is the time of storing: late is what comes into the record later than its kind may be silent, whether the
        device, the line or our own spill held it. The clock of the device is held against the time of receipt.
        """
        given, at = reading.station, reading.at
        station = given
        if station[:1] == "@":
            found = _watch_of(station, book)
            if found is None:
                return self._dead(message, "place", f"热点 {station[1:]} 不在本区任何监测格内；如应在内，请补建监测格")
            station = found
            reading = Reading(station, reading.kind, at, reading.value, reading.quality, reading.seq)
        known = book.get(station)
        if known is None and (meant := book.meant(message.feed, "station", station)) is not None:
            known, station = book.get(meant), meant
            reading = Reading(station, reading.kind, at, reading.value, reading.quality, reading.seq)
        if known is None:
            return self._dead(
                message, "station",
                f"测站 {_wire.short(station)} 没有登记；请先在测站管理里登记，或把这个编号对应到已有的测站，再重放此报文",
            )  # fmt: skip
        if not known.active:
            return self._dead(message, "station", f"测站 {station} 已停用；如已恢复，请在测站管理里启用，再重放此报文")
        if self.themes.get(message.feed) not in (known.theme, ANY):
            return self._dead(
                message, "station", f"测站 {station} 不归接入 {message.feed} 管；请核对网关的主题，或改正测站的专题"
            )
        speaks = message.orgs.get(given.partition("/")[0]) if message.claims else None
        if message.claims and speaks is None and book.is_spoken_for(station):
            return self._dead(
                message, "owner",
                f"测站 {station} 由登记过的遥测站报送，{_wire.short(given)} 没有登记，不能替它报送；确是同一处就用 brain tcp add "
                f"{message.feed} {_wire.short(given.partition('/')[0])} --org 单位代码 登记，再重放此报文",
            )  # fmt: skip
        refused = self.owners.refusal(message.topic, _feed_of(message), station, known.org, speaks)
        if refused is not None:
            return self._dead(message, "owner", refused)
        kind = self.kinds.get(reading.kind)
        if kind is None:
            turned = self._turned(message, reading, known, book)
            if isinstance(turned, DeadLetter):
                return turned
            reading, kind = turned, self.kinds[turned.kind]
        if reading.quality is Quality.BELOW_LIMIT and not kind.detection_limit:
            return self._dead(
                message, "value",
                f"{station} 的{kind.says}写成了低于检出限（如 <0.1、30L），而这个量没有检出限；L 是升请写成单位，没有测到请写 0，"
                "没有测值请留空；确有检出限的量请在 sensors.toml 里写 detection_limit = true",
            )  # fmt: skip
        value = book.calibrated(station, reading.kind, at, reading.value, now)
        if value != reading.value:
            reading = Reading(station, reading.kind, at, value, reading.quality, reading.seq)
        if not kind.low <= value <= kind.high:
            if not math.isfinite(value):
                return self._dead(message, "value", f"{station} 的{kind.says}不是有限的数；请检修设备或核对换算")
            return self._dead(
                message, "range",
                f"{station} 的{kind.says}为 {value:g}，超出合理范围 {kind.low:g}–{kind.high:g}；请检修设备或核对单位",
            )  # fmt: skip
        if at - message.received_at > self.practice.ahead:
            return self._ahead(message, reading)
        if at < self.practice.oldest:
            return self._dead(
                message, "time", f"{station} 的观测时间是 {at:%Y-%m-%d %H:%M:%S}Z，早于可信的年代；请给设备校时"
            )
        quality = reading.quality
        if quality is Quality.BELOW_LIMIT and book.under_maintenance(known.id, at):
            quality = Quality.MAINTENANCE
        elif quality is Quality.OK:
            quality = self._quality(known, reading, kind, book, now)
        elif quality is Quality.TEST:
            return Reading(station, reading.kind, at, value, quality, f"{TEST}{reading.seq}")
        if quality is not reading.quality:
            return Reading(station, reading.kind, at, value, quality, reading.seq)
        return reading

    @staticmethod
    def _quality(known: Known, reading: Reading, kind: _Kind, book: Book, now: datetime) -> Quality:
        """How far a reading may be trusted of which its device says nothing bad. `params.range` of a station is what its
        instrument can measure ([low, high] by kind): beyond it the value may be true, yet nobody has measured it."""
        if book.under_maintenance(known.id, reading.at):
            return Quality.MAINTENANCE
        own = (known.params.get("range") or {}).get(reading.kind)
        if own and not own[0] <= reading.value <= own[1]:
            return Quality.RANGE
        return Quality.LATE if now - reading.at > kind.late else Quality.OK

    def _turned(self, message: ParsedMessage, reading: Reading, known: Known, book: Book) -> Reading | DeadLetter:
        """A reading whose kind is in the sender's words (`?name`), or whose value is in another unit (`kind@unit`), as one
        of the catalog's."""
        said, _, unit = reading.kind.partition("@")
        name = said
        if said[:1] == "?":
            name, _, supposed = (self._named(message.feed, said[1:], known, book) or "").partition("@")
            unit = unit or supposed
        kind = self.kinds.get(name)
        if kind is None:
            return self._dead(
                message, "kind",
                f"{reading.station} 的感知量 {_wire.short(name or said[1:])} 不在目录里；请把它（或“测站/名称”）对应到目录里的感知量，"
                "或在 sensors.toml 登记，再重放此报文",
            )  # fmt: skip
        value = reading.value
        if unit:
            unit = _wire.fold(unit)
            meant = book.meant(message.feed, "unit", unit) or unit
            turned = self.units.convert(value, meant, kind.unit)
            if turned is None and self._says_nothing(meant, kind):
                turned = value
            if turned is None:
                return self._dead(
                    message, "unit",
                    f"{reading.station} 的{kind.says}用了单位“{_wire.short(unit)}”，换算不到 {kind.unit or '无量纲'}；"
                    "请把它对应到 units.toml 里的单位，再重放此报文",
                )  # fmt: skip
            value = turned
        return Reading(reading.station, name, reading.at, value, reading.quality, reading.seq)

    def _says_nothing(self, unit: str, kind: _Kind) -> bool:
        """Whether what stands for a unit says that there is none: a mark of a gap, or “无量纲” of what has none."""
        word = units.plain(unit)
        return word in self._said.gaps or (not kind.unit and word in self._said.unitless)

    def _named(self, feed: str, word: str, known: Known, book: Book) -> str | None:
        """The kind that a sender's word means, `kind@unit` where it sends no unit: at this station, in this feed, as the
        catalog's own name, or as the feed supposes (`MEANT`) where the station is of the kind's theme, because the same
        sensor hangs in a well or over a river."""
        meant = book.meant(feed, "kind", f"{known.id}/{word}") or book.meant(feed, "kind", word)
        if meant is None and word in self.kinds:
            return word
        supposed = self.meant.get(feed, {}).get(word)
        if meant is None and supposed in self.kinds and self.kinds[supposed].theme == known.theme:
            return supposed
        return meant

    def _ahead(self, message: ParsedMessage, reading: Reading) -> Reading | DeadLetter:
        """A clock that runs ahead: a little is drift, and the value is of now; a lot is no clock at all.

        The time the device claims goes into `seq`, with a digest of the message (a stopped clock claims the same time
        for ever), so that the message is known again when it is delivered twice."""
        if reading.at - message.received_at > self.practice.absurd:
            return self._dead(
                message, "time", f"{reading.station} 的观测时间是 {reading.at:%Y-%m-%d %H:%M:%S}Z，在未来；请给设备校时"
            )
        if message.retained:
            return self._dead(
                message, "retained",
                f"消息服务保留的旧报文（RETAIN），{reading.station} 的观测时间 {reading.at:%Y-%m-%d %H:%M:%S}Z 比现在还晚，"
                "不知道是什么时候的；请给设备校时，或发布时不要置 RETAIN（保留）",
            )  # fmt: skip
        claimed = int(reading.at.timestamp() * 1000)
        seq = f"clock:{claimed}:{zlib.crc32(message.payload):08x}" + (f":{reading.seq}" if reading.seq else "")
        quality = Quality.CLOCK
        if reading.quality is Quality.TEST:
            quality, seq = Quality.TEST, f"{TEST}{seq}"
        return Reading(reading.station, reading.kind, message.received_at, reading.value, quality, seq)

    @staticmethod
    def _dead(message: ParsedMessage, rule: str, reason: str) -> DeadLetter:
        return DeadLetter(message.topic, message.payload, rule, reason)


def _feed_of(message: ParsedMessage) -> str:
    """The feed whose branch a message came under: a gateway's status lies below the feed that the gateway sends."""
    return message.topic.split("/")[2] if message.feed == "gateway" and message.topic.count("/") == 5 else message.feed


def _late_after(period_s: int, silence_s: int | None) -> timedelta:
    """Kinds without a silence limit are sent when something happens: late is then one period of their source."""
    return timedelta(seconds=period_s if silence_s is None else silence_s)


def _watch_of(place: str, book: Book) -> str | None:
    try:
        lng, lat = (float(part) for part in place[1:].split(","))
    except ValueError:
        return None
    return book.watch(lng, lat)
