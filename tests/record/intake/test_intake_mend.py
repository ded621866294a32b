"""Dead letters a second time: what can be stored now is stored, the rest stays open and says why."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from ingest.watch.mend import Mended, mend

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)


def mended(intake, catalog, hands, **more) -> Mended:
    """Replay the dead letters as the command does."""
    return mend(intake, catalog, hands.practice, hands.now, **more)


def test_a_dead_letter_of_an_unknown_station_is_replayed_when_the_station_is_entered(hands, conn, catalog, intake):
    for n in range(3):
        hands.send({"tm": (NOW - timedelta(seconds=n)).isoformat(), "p1": 1}, topic="city/441402/rain/qxj/RG-50")
    hands.writer.step()
    assert mended(intake, catalog, hands).replayed == 0
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('RG-50', '新站', 'rain', 116, 24, 'qxj')")
    assert mended(intake, catalog, hands) == Mended(3, Counter())
    assert len(hands.readings()) == 3
    assert {d["status"] for d in hands.letters()} == {"replayed"}
    assert mended(intake, catalog, hands).replayed == 0


def test_a_letter_that_is_still_wrong_stays_open_and_says_why(hands, conn, catalog, intake):
    hands.send(b"{")
    hands.send({"tm": NOW.isoformat(), "p1": 999})
    hands.writer.step()
    done = mended(intake, catalog, hands)
    assert done.replayed == 0 and done.still.total() == 2
    assert any("超出合理范围" in reason for reason in done.still)
    assert {d["status"] for d in hands.letters()} == {"open"} and hands.readings() == []


def test_a_rehearsed_replay_writes_nothing(hands, conn, catalog, intake):
    hands.send({"tm": NOW.isoformat(), "p1": 1}, topic="city/441402/rain/qxj/RG-50")
    hands.writer.step()
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('RG-50', '新站', 'rain', 116, 24, 'qxj')")
    assert mended(intake, catalog, hands, dry=True).replayed == 1
    assert hands.readings() == [] and hands.letters()[0]["status"] == "open"


def test_only_letters_of_the_asked_rule_are_replayed(hands, conn, catalog, intake):
    hands.send({"tm": NOW.isoformat(), "p1": 1}, topic="city/441402/rain/qxj/RG-50")
    hands.writer.step()
    conn.execute("INSERT INTO station (id, name, theme, lng, lat, org) VALUES ('RG-50', '新站', 'rain', 116, 24, 'qxj')")
    assert mended(intake, catalog, hands, rule="range").replayed == 0
    assert mended(intake, catalog, hands, feed="water").replayed == 0
    assert mended(intake, catalog, hands, rule="station", feed="rain").replayed == 1


