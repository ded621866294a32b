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
    """A record, and after `run` what became of it: `stored`, or refused with `letter`, or known already. `kept`: it is written, and
    the letter says what of it did not count."""

    record: Record
    catalog: Catalog
    stored: bool = False
    kept: bool = False
    letter: DeadLetter | None = None

    def run(self, conn: psycopg.Connection, message: ParsedMessage, now: datetime) -> DeadLetter | None:
        """Write it; the dead letter when it is refused. May be called again when the transaction is tried again. A
        database that is away raises."""
        self.stored, self.kept, self.letter = False, False, None
        try:
            with conn.transaction():
                self.stored, besides = _write(conn, self.catalog, self.record, now)
            if besides:
                self.kept, self.letter = True, DeadLetter(message.topic, message.payload, besides.code, str(besides))
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


def _write(conn: psycopg.Connection, catalog: Catalog, record: Record, now: datetime) -> tuple[bool, Refused | None]:
    """Whether it was new, and what of it did not count. Raises Refused where none of it does."""
    if isinstance(record, HazardWarning):
        return _warning(conn, catalog, record, now)
    from brain.flow.events import (
        hotline,  # brings the map's libraries along, which a worker without orders does not need
    )

    return hotline.take(conn, catalog, record, now), None


def _warning(conn: psycopg.Connection, catalog: Catalog, warning: HazardWarning, now: datetime) -> tuple[bool, Refused | None]:
    stored = public_warnings.store(conn, warning, now)
    others = public_warnings.of_others(conn, warning)
    if not others:
        return stored, None

    def named(org: str) -> str:
        return catalog.departments[org].short if org in catalog.departments else org or "平台自己的来源"

    word = "解除" if warning.msg_type == "Cancel" else "更新"
    said = Refused(
        f"references 引用的“{others[0]['identifier'][:80]}”是“{named(others[0]['org'])}”报来的，这条却由“{named(warning.org)}”报来："
        f"只有原报送单位能{word}它，那一条不动；请由原报送单位发送", "sender",
    )  # fmt: skip
    if warning.msg_type == "Cancel" and len(others) == len(set(warning.refers)):
        raise said
    return stored, said


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
