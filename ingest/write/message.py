"""A message on its way from a door to the batch writer, parsed once and for all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from brain.model import Reading
from ingest import feeds

log = logging.getLogger("ingest")


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
    a door must answer its sender in detail, is called just before `ack`, on the same terms.

    `claims` are who a telemetry station says it is, `orgs` the departments that the registered ones of them speak for. One that
    is turned away is not told that its message is safe: `ack` is not called.
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
) -> ParsedMessage:
    """A message with what its feed reads in it. Never raises, whatever the bytes: what cannot be read is a refusal."""
    read = feeds.reader(feed, topic)
    if read is None:
        reason = f"没有名为 {feed} 的接入；请核对主题的第三级，或先为它建好 feeds/{feed}"
        return ParsedMessage(feed, topic, payload, received_at, [], ("feed", reason), ack)
    if (misplaced := feeds.misplaced(feed, topic)) is not None:
        return ParsedMessage(feed, topic, payload[:payload_max], received_at, [], misplaced, ack)
    if len(payload) > payload_max:
        reason = (
            f"报文 {len(payload)} 字节，超过上限 {payload_max}；这里只留开头 {payload_max} 字节，请让设备分开发送，"
            "或调大 intake.toml 的 payload_max"
        )
        return ParsedMessage(feed, topic, payload[:payload_max], received_at, [], ("size", reason), ack)
    claims: tuple[feeds.Claim, ...] = ()
    try:
        claims = feeds.claims(feed, topic, payload)
        found, refused = read(topic, payload, received_at), None
    except feeds.BadMessage as err:
        found, refused = err.rest, (err.rule, err.reason)
    except Exception as err:  # a fault of ours must not stop the flow of everybody else
        log.exception("接入 %s 的解析程序出错，主题 %s", feed, topic)
        reason = f"解析程序出错（{type(err).__name__}）；报文已原样留存，修好程序后可重放"
        return ParsedMessage(feed, topic, payload, received_at, [], ("fault", reason), ack)
    message = ParsedMessage(feed, topic, payload, received_at, found, refused, ack, claims=claims)
    if found and isinstance(found[0], feeds.RECORDS):
        message.readings, message.records = [], found
    return message
