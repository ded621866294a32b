"""Public warnings over HTTP: those in force, with their colour in words, for everybody who is logged in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx

from brain.model import Level


def test_warnings_in_force_are_listed_worst_first_for_everybody_logged_in(world, warn):
    now = datetime.now(UTC)
    made = {}
    for name, level, hours in (("y", Level.YELLOW, 3), ("r", Level.RED, 2), ("over", Level.RED, -1), ("white", None, 1)):
        made[warn(level, expires=now + timedelta(hours=hours), sent=now - timedelta(hours=2))] = name
    for login in ("wg001", "admin1"):
        said = world.get(login, "/api/v1/warnings")["warnings"]
        assert [(made[w["identifier"]], w["level_words"]) for w in said] == [("r", "红色"), ("y", "黄色"), ("white", None)]


def test_a_warning_without_an_end_is_over_a_day_after_its_issue(world, warn):
    warn(Level.BLUE, "大雾", expires=None)
    (said,) = world.get("wg001", "/api/v1/warnings")["warnings"]
    lasts = datetime.fromisoformat(said["ends_at"]) - datetime.fromisoformat(said["sent"])
    assert (said["title"], said["expires"], lasts) == ("大雾蓝色预警", None, timedelta(days=1))


def test_nobody_reads_warnings_without_a_session(world):
    assert httpx.get(world.url + "/api/v1/warnings").status_code == 401
