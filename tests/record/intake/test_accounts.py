"""The accounts add up to the unit at every scrape, whatever comes in and whatever fails meanwhile."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ingest.watch.metrics import exposition


def scraped(writer) -> dict[str, dict[str, float]]:
    """Metric without prefix → feed (or '' where it has none) → value."""
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(exposition(writer).decode()):
        for s in family.samples:
            label = s.labels.get("feed", s.labels.get("le", s.labels.get("door", "")))
            found.setdefault(s.name.removeprefix("brain_intake_"), {})[label] = s.value
    return found


def adds_up(said: dict[str, dict[str, float]]) -> bool:
    return all(
        received
        == sum(said[k][feed] for k in ("stored_total", "duplicate_total", "dead_total", "lost_total", "in_flight"))
        for feed, received in said.get("received_total", {}).items()
    )


def test_a_scrape_says_what_became_of_every_message(hands):
    hands.rain(1)
    hands.rain(1)
    hands.rain(2, value=999)
    hands.send(b"{")
    hands.writer.step()
    hands.rain(3)
    said = scraped(hands.writer)
    found = {
        k: said[k]["rain"] for k in ("received_total", "stored_total", "duplicate_total", "dead_total", "in_flight")
    }
    assert found == {"received_total": 5, "stored_total": 1, "duplicate_total": 1, "dead_total": 2, "in_flight": 1}
    assert said["queued"][""] == 1 and said["batch_size_count"][""] == 1 and said["batch_size_sum"][""] == 4


def test_what_waits_in_the_spill_is_told_in_readings_and_bytes_and_gone_when_it_is_in(hands):
    hands.database(False)
    for n in range(3):
        hands.rain(n)
    hands.writer.step()
    said = scraped(hands.writer)
    assert said["spill_units"][""] == said["in_flight"]["rain"] == 3 and said["spill_bytes"][""] > 100 and adds_up(said)
    hands.database(True)
    assert hands.writer.drain()
    said = scraped(hands.writer)
    assert said["spill_units"][""] == said["spill_bytes"][""] == said["in_flight"]["rain"] == 0 and adds_up(said)


def test_the_age_of_the_oldest_message_in_memory_is_told(hands):
    hands.rain(1)
    hands.now += timedelta(seconds=42)
    assert scraped(hands.writer)["waiting_seconds"][""] == 42
    hands.writer.step()
    hands.writer.step()
    assert scraped(hands.writer)["waiting_seconds"][""] == 0
    assert scraped(hands.writer)["last_commit_age_seconds"][""] == 0


def test_every_scrape_adds_up_while_three_doors_write(hands):
    """Doors in threads of their own, the writer in its own, scrapes as fast as they go."""
    writer, enough, sent = hands.writer, threading.Event(), [0, 0, 0]
    working = threading.Thread(target=writer.run)
    working.start()

    def door(number: int) -> None:
        for n in range(100_000):
            if enough.is_set():
                break
            sent[number] += 1
            if n % 50 == 7:
                hands.send(b"{")
            else:
                hands.rain((n if n % 10 else n + 1) + number * 100_000, value=999 if n % 60 == 11 else 1.0)

    doors = [threading.Thread(target=door, args=(k,)) for k in range(3)]
    for one in doors:
        one.start()
    scrapes, in_between = 0, 0
    try:
        while scrapes < 40:
            said = scraped(writer)
            assert adds_up(said)
            scrapes += 1
            in_between += bool(said.get("in_flight", {}).get("rain"))
    finally:
        enough.set()
        for one in doors:
            one.join(30)
        writer.stop()
    working.join(30)
    said = scraped(writer)
    assert adds_up(said) and said["received_total"]["rain"] == sum(sent) and said["in_flight"]["rain"] == 0
    assert in_between > 0, "nothing was ever in flight: the scrapes proved little"
    row = hands.feed()
    assert (row["received"], row["stored"], row["duplicate"], row["dead"]) == tuple(
        said[f"{k}_total"]["rain"] for k in ("received", "stored", "duplicate", "dead")
    )


@pytest.fixture(scope="module")
def never_twice():
    """Reading times that no example uses again."""
    return iter(range(10**9))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["new", "again", "wrong", "broken", "step", "away", "back", "drain"]), min_size=5, max_size=40
    )
)
def test_the_accounts_add_up_after_any_course_of_events(hands, never_twice, course):
    last = 0
    for what in course:
        if what == "new":
            last = next(never_twice)
            hands.rain(last)
        elif what == "again":
            hands.rain(last)
        elif what == "wrong":
            hands.rain(next(never_twice), value=999)
        elif what == "broken":
            hands.send(b"\xff")
        elif what == "step":
            hands.writer.step()
        elif what == "drain":
            hands.writer.drain()
        else:
            hands.database(what == "back")
        assert adds_up(scraped(hands.writer))
