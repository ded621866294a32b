"""What a message brings besides readings, on its way through the one batch writer: 12345 orders and public warnings.

Each is written inside the batch's own transaction, so the delivery promise holds for it as for a reading: acknowledged after
commit, a duplicate when it comes again, a dead letter with a reason when it cannot be taken.

Why a savepoint for each, unlike readings: they are rare, each is several statements, and a refusal must undo its own alone.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

import psycopg

from brain.catalog.records import Catalog
from brain.flow.city import public_warnings
from brain.flow.measured.readings import DeadLetter
from brain.identity.audit import Distorted
from brain.identity.chain import NoKey
from brain.model import HazardWarning, Refused
from ingest.feeds import Record
from ingest.write.fault import first_line, is_away, is_data_fault, told
from ingest.write.message import ParsedMessage

log = logging.getLogger("ingest")


@dataclass(slots=True)
class RecordToStore:
    """A record, and after `run` what became of it: `stored`, or refused with `letter`, or known already."""

    record: Record
    catalog: Catalog
    stored: bool = False
    letter: DeadLetter | None = None

    def run(self, conn: psycopg.Connection, message: ParsedMessage, now: datetime) -> DeadLetter | None:
        """Write it; the dead letter when it is refused. May be called again when the transaction is tried again. A
        database that is away raises."""
        self.stored, self.letter = False, None
        try:
            with conn.transaction():
                self.stored = _write(conn, self.catalog, self.record, now)
        except Refused as err:
            said = str(err)
            self.letter = DeadLetter(message.topic, message.payload, err.code, said if "；" in said else f"{said}；请改正后重新导入")
        except (NoKey, Distorted) as err:  # of an order's event; readings need no key, and go on
            self.letter = DeadLetter(message.topic, message.payload, "key", f"{err}；改正后重放此报文")
        except (psycopg.Error, ValueError) as err:
            if is_data_fault(err):
                reason = f"数据库不收：{first_line(err)}；请据此改正后重放此报文"
                self.letter = DeadLetter(message.topic, message.payload, "store", reason)
            elif not isinstance(err, psycopg.Error) or is_away(err):
                raise
            else:  # it would be so each time, and all that came with it would wait for ever
                log.exception("接入 %s 的一条记录写不进数据库", message.feed)
                reason = f"{told(err)}；报文已原样留存，请系统管理员运行 brain migrate，改好后重放此报文"
                self.letter = DeadLetter(message.topic, message.payload, "fault", reason)
        return self.letter


def _write(conn: psycopg.Connection, catalog: Catalog, record: Record, now: datetime) -> bool:
    if isinstance(record, HazardWarning):
        return public_warnings.store(conn, record, now)
    from brain.flow.events import (
        hotline,  # brings the map's libraries along, which a worker without orders does not need
    )

    return hotline.take(conn, catalog, record, now)


class _Undone(Exception):
    """Takes a rehearsal back."""


def rehearse(conn: psycopg.Connection, message: ParsedMessage, catalog: Catalog, now: datetime) -> list[str]:
    """Why the records of a message would be refused now; nothing stays written."""
    said: list[str] = []
    try:
        with conn.transaction():
            for record in message.records:
                if letter := RecordToStore(record, catalog).run(conn, message, now):
                    said.append(letter.reason)
            raise _Undone
    except _Undone:
        return said
