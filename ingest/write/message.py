"""A message on its way from a door to the batch writer, parsed once and for all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from brain.model import Reading
from ingest import feeds

log = logging.getLogger("ingest")


TEST = "test:"
"""Begins the `seq` of what its sender calls a test: it must not stand where the measurement of that instant will."""
LATER = timedelta(days=1, hours=1, minutes=1, seconds=1)
"""By how much later a kept message is read once more, to see which times are its own."""
NO_TIME = (
    "消息服务保留的旧报文（RETAIN），里面没有自己的时间，不知道是什么时候的，不能当作现在的数据；"
    "请让设备在报文里写上观测时间，或发布时不要置 RETAIN（保留）"
)


def no_one() -> None:
    """The acknowledgement of a message nobody waits for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message: readings stored, readings that were there already, (rule, reason) of each refusal.
    `spilled`: it stands on disk and will be judged when the database is back; then the other three are empty."""

    stored: int = 0
    duplicate: int = 0
    refused: tuple[tuple[str, str], ...] = ()
    spilled: bool = False


@dataclass(slots=True)
class ParsedMessage:
    """A message as received, with what its feed read in it: readings, or records (`feeds.Record`).

    `refused` is (rule, reason) when the message, or a part of it, could not be read. `ack` is called once, after all of
    it is safe: committed, or on disk with fsync. It may be called from another thread and must not raise. `told`, where
    a door must answer its sender in detail, is called just before `ack`, on the same terms. `retained`: the broker had kept
    it and sent it because we subscribed, so that its time of receipt says nothing.

    `claims` are who a telemetry station says it is, `orgs` the departments that the registered ones of them speak for. One that
    is turned away is not told that its message is safe: `ack` is not called.

    `besides` are refusals of what its records said besides: each was found only while they were written.
    """

    feed: str
    topic: str
    payload: bytes
    received_at: datetime
    readings: list[Reading]
    refused: tuple[str, str] | None = None
    ack: Callable[[], None] = no_one
    told: Callable[[Outcome], None] | None = None
    records: list[feeds.Record] = field(default_factory=list)
    claims: tuple[feeds.Claim, ...] = ()
    orgs: dict[str, str] = field(default_factory=dict)
    booked: int = 0
    turned_away: bool = False
    besides: int = 0
    retained: bool = False

    @property
    def units(self) -> int:
        """What it counts in the accounts: its readings and records, and one for a refusal."""
        return len(self.readings) + len(self.records) + (self.refused is not None)

    def turn_away(self, rule: str, reason: str) -> None:
        """Make one refusal of all that is in it. `booked` keeps how many units the accounts know of."""
        self.booked, self.turned_away = self.units, True
        self.readings, self.records, self.refused = [], [], (rule, reason)


def parsed(
    feed: str,
    topic: str,
    payload: bytes,
    received_at: datetime,
    *,
    payload_max: int,
    ack: Callable[[], None] = no_one,
    retained: bool = False,
) -> ParsedMessage:
    """A message with what its feed reads in it. Never raises, whatever the bytes: what cannot be read is a refusal.

    Of a message that the broker had kept (`retained`) only what has a time of its own is taken."""
    read = feeds.reader(feed, topic)
    if read is None:
        reason = f"没有名为 {feed} 的接入；请核对主题的第三级，或先为它建好 feeds/{feed}"
        return ParsedMessage(feed, topic, payload, received_at, [], ("feed", reason), ack, retained=retained)
    if (misplaced := feeds.misplaced(feed, topic)) is not None:
        return ParsedMessage(feed, topic, payload[:payload_max], received_at, [], misplaced, ack, retained=retained)
    if len(payload) > payload_max:
        reason = (
            f"报文 {len(payload)} 字节，超过上限 {payload_max}；这里只留开头 {payload_max} 字节，请让设备分开发送，"
            "或调大 intake.toml 的 payload_max"
        )
        return ParsedMessage(feed, topic, payload[:payload_max], received_at, [], ("size", reason), ack, retained=retained)
    claims: tuple[feeds.Claim, ...] = ()
    try:
        claims = feeds.claims(feed, topic, payload)
        found, refused = _read(read, topic, payload, received_at)
        if retained and found:
            found, refused = _timed(found, refused, _read(read, topic, payload, received_at + LATER)[0])
    except Exception as err:  # a fault of ours must not stop the flow of everybody else
        log.exception("接入 %s 的解析程序出错，主题 %s", feed, topic)
        reason = f"解析程序出错（{type(err).__name__}）；报文已原样留存，修好程序后可重放"
        return ParsedMessage(feed, topic, payload, received_at, [], ("fault", reason), ack, retained=retained)
    message = ParsedMessage(feed, topic, payload, received_at, found, refused, ack, claims=claims, retained=retained)
    if found and isinstance(found[0], feeds.RECORDS):
        message.readings, message.records = [], found
    return message


def _read(
    read: Callable[[str, bytes, datetime], list], topic: str, payload: bytes, received_at: datetime
) -> tuple[list, tuple[str, str] | None]:
    try:
        return read(topic, payload, received_at), None
    except feeds.BadMessage as err:
        return err.rest, (err.rule, err.reason)


def _timed(found: list, refused: tuple[str, str] | None, later: list) -> tuple[list, tuple[str, str] | None]:
    """What of a kept message has a time of its own, and why the rest is refused.

    Parsing is pure, so what reads differently at another time of receipt has its time from there: true of every feed, a
    city's own included, without a word from it."""
    kept = [one for one, same in zip(found, later, strict=True) if _identity(one) == _identity(same)] if len(found) == len(later) else []
    if len(kept) == len(found):
        return found, refused
    return kept, ("retained", NO_TIME if refused is None else f"{NO_TIME}；另外：{refused[1]}")


def _identity(one: Any) -> Any:
    """Without the value, which may be NaN and then equals nothing."""
    return (one.station, one.kind, one.at, one.seq) if isinstance(one, Reading) else one
