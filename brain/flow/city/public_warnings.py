"""Public warnings (预警信息) as the national system sends them: received and shown, never issued here.

A warning is known by its sender and identifier: the same message again changes nothing. What an Update or Cancel of the same
sender refers to has ended, in whatever order the messages come; another sender's ends nothing. Nor does another department's that
copies the sender: who reported a warning (`org`), or the platform's own sources, must bring what ends it. Exercises and tests are kept
apart: they end only each other, and nothing that shows or counts real warnings reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from brain.model import HazardWarning, Refused
from brain.rules import public_warnings as rules
from brain.store import db

ACTUAL = ["Actual"]
DRILLS = ["Exercise", "Test"]
"""Statuses (CAP 1.2, 3.2.1) of what is real, and of what may be shown as what it is; System and Draft are nobody's to see."""


def store(conn: psycopg.Connection, warning: HazardWarning, now: datetime) -> bool:
    """Write a warning, end those it updates or cancels, and tell the screens; False when it was known already. Raises Refused
    where its identifier belongs to another message of its sender, or another department has reported another one under it: one of
    the two would be lost without a word."""
    row = asdict(warning) | {"refers": Jsonb([list(pair) for pair in warning.refers]), "area": Jsonb(warning.area)}
    key = {"sender": warning.sender, "identifier": warning.identifier}
    with conn.transaction():
        db.run(conn, "warning_lock")
        if db.one(conn, "warning_add", **row, now=now) is None:
            known = db.row(conn, "warning_known", **key)
            if known["sent"] != warning.sent:
                raise Refused(f"编号“{warning.identifier[:80]}”已是另一个时间发的预警；请发送方每条报文用新的编号", "identifier")
            if known["org"] not in (None, warning.org):
                _from_another(conn, warning, known)
            return False
        db.run(conn, "warning_end", **key)
        db.run(conn, "warning_told", **key)
    return True


def _from_another(conn: psycopg.Connection, warning: HazardWarning, known: Mapping[str, Any]) -> None:
    """A message that is known, from another department than the first time: the same by another way, or another in its place. Where
    only this one may end what both refer to, it is taken for the sender. Raises Refused."""
    said = warning.msg_type, warning.event, warning.level, [list(pair) for pair in warning.refers]
    if (known["msg_type"], known["event"], known["level"], known["refers"]) != said:
        raise Refused(f"编号“{warning.identifier[:80]}”已由另一个单位报来，内容不同；请核对是哪个单位发布的", "identifier")
    if of_others(conn, replace(warning, org=known["org"])) and not of_others(conn, warning):
        key = {"sender": warning.sender, "identifier": warning.identifier}
        db.run(conn, "warning_taken", **key, org=warning.org)
        db.run(conn, "warning_end", **key)
        db.run(conn, "warning_told", **key)


def of_others(conn: psycopg.Connection, warning: HazardWarning) -> list[dict[str, Any]]:
    """Warnings of its own sender that an Update or Cancel refers to and does not end, for another department has reported them:
    `identifier`, `org` ("" for the platform's own sources)."""
    if warning.msg_type not in ("Update", "Cancel") or not warning.org:
        return []
    return db.many(
        conn, "warnings_of_others", refers=Jsonb([list(pair) for pair in warning.refers]), sender=warning.sender,
        status=warning.status, org=warning.org,
    )  # fmt: skip


def active(conn: psycopg.Connection, now: datetime) -> list[dict[str, Any]]:
    """Warnings in force, the worst first; each as its worst part in force has it (`rules.at`)."""
    return _standing(db.many(conn, "warnings_active", now=now, statuses=ACTUAL), now)


def drills(conn: psycopg.Connection, now: datetime) -> list[dict[str, Any]]:
    """The same of exercises and tests; `status` tells which (words `warning_status`)."""
    found = [r | {"status": s} for s in DRILLS for r in db.many(conn, "warnings_active", now=now, statuses=[s])]
    return _standing(found, now)


def _standing(rows: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    found = [at for row in rows if (at := _at(row, now))]
    return sorted(found, key=lambda row: row["level"] or 9)  # stable: a part may stand lower than the whole


def _at(row: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    """The row as it stands now; as it is stored where its parts are of no shape: it must not hide the others."""
    try:
        return rules.at(row, now)
    except (KeyError, TypeError, ValueError, AttributeError):
        return row


def turns(conn: psycopg.Connection, now: datetime, *, drills: bool = False) -> datetime | None:
    """When the warnings in force (with `drills`, exercises and tests, too) change next without a message: one begins, or one is
    over. None: not as far as known."""
    row = db.one(conn, "warnings_turn", now=now, statuses=[*ACTUAL, *DRILLS] if drills else ACTUAL)
    return row["at"] if row else None


def one(conn: psycopg.Connection, sender: str, identifier: str, now: datetime | None = None) -> dict[str, Any] | None:
    """A warning, in force or not, as it stands at `now` where one of its parts does; None for exercises, tests and what is no
    warning."""
    row = db.one(conn, "warning_one", sender=sender, identifier=identifier)
    return (_at(row, now) or row) if row and now else row


def standing(row: Mapping[str, Any], now: datetime) -> str:
    """What has become of a warning (row of `one`): a key of the words `warning`."""
    if row["ended_by"]:
        return "cancelled" if row["cancelled"] else "updated"
    if row["ends_at"] <= now:
        return "over"
    return "in_force" if (row["effective"] or row["sent"]) <= now else "coming"
