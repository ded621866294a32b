"""What a door is told of one message when all of it is dealt with: stored, duplicate, refused, or waiting on disk."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ingest.write.message import Outcome

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
TOPIC = "city/441402/rain/qxj/RG-01"


@pytest.fixture
def told(hands):
    """told(**fields) sends one rain message; the outcomes come in order in `told.found`, each before its ack."""

    def send(**fields) -> None:
        body = json.dumps({"stcd": "RG-01", "tm": NOW.isoformat()} | fields).encode()
        hands.writer.open("rain", TOPIC, body, NOW, lambda: send.order.append("ack"), told=send.found.append)

    send.found, send.order = [], []
    return send


def test_each_message_of_a_batch_is_told_its_own_fate(hands, told):
    told(p1=1.0, p3=2.0)
    told(p1=1.0)
    told(p6=2000.0)
    hands.writer.step()
    first, second, third = told.found
    assert first == Outcome(stored=2)
    assert second in (Outcome(duplicate=1), Outcome(stored=1))  # two of one identity in one batch: one row
    assert (third.stored, third.refused[0][0]) == (0, "range")


def test_a_message_that_comes_again_is_told_that_it_is_there_already(hands, told):
    told(p1=1.0)
    hands.writer.step()
    told(p1=1.0)
    hands.writer.step()
    assert told.found == [Outcome(stored=1), Outcome(duplicate=1)]


def test_a_message_on_disk_is_told_as_spilled_and_acknowledged(hands, told):
    hands.database(there=False)
    told(p1=1.0)
    hands.writer.step()
    assert (told.found, told.order) == ([Outcome(spilled=True)], ["ack"])


def test_a_reading_the_database_refuses_is_told_as_refused(hands, told, conn):
    conn.execute("ALTER TABLE latest ADD CONSTRAINT odd CHECK (value <> 4)")
    told(p1=4.0, p3=5.0)
    hands.writer.step()
    assert (told.found[0].stored, told.found[0].duplicate) == (1, 0)
    assert [rule for rule, _ in told.found[0].refused] == ["store"]
