"""Public warnings over HTTP: those in force, with their colour in words, for everybody who is logged in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from brain.flow import hazards
from brain.model import HazardWarning, Level
from brain.store import db


def test_warnings_in_force_are_listed_worst_first_for_everybody_logged_in(world):
    now = datetime.now(UTC)
    made = {"sender": "s", "status": "Actual", "msg_type": "Alert", "scope": "Public", "event": "暴雨"}
    with db.connect(world.database, name="tests") as conn:
        for name, level, hours in (("y", Level.YELLOW, 3), ("r", Level.RED, 2), ("over", Level.RED, -1), ("white", None, 1)):
            ends = now + timedelta(hours=hours)
            sent = now - timedelta(hours=2)
            hazards.store(conn, HazardWarning(identifier=name, sent=sent, level=level, expires=ends, **made), now)
    for login in ("wg001", "admin1"):
        said = world.get(login, "/api/v1/warnings")["warnings"]
        assert [(w["identifier"], w["level_words"]) for w in said] == [("r", "红色"), ("y", "黄色"), ("white", None)]


def test_nobody_reads_warnings_without_a_session(world):
    assert httpx.get(world.url + "/api/v1/warnings").status_code == 401
