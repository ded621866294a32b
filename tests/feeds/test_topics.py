"""Topics over MQTT: what a sender's account may write is what the intake reads, and what is no feed's is told so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from brain.catalog.mqtt_users import EVERYTHING, writers
from ingest import feeds
from ingest.demo import replay, timetable
from ingest.demo.timetable import Play
from ingest.write.message import parsed
from ingest.write.stations import Known

AT = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
LEVEL = st.text("ab0-", min_size=1, max_size=3)


@pytest.mark.parametrize(("topic", "fits"), [
    ("city/441402/json/cgj/PD-09", True), ("city/441402/json/PD-09", False), ("city/441402/json", False),
    ("city/441402/json/cgj/swj/PD-09", False), ("city/441402/json/cgj/GW-1/status", True), ("city/441402/json/cgj/a/GW-1/status", False),
    ("city/441402/lorawan/cgj/app/dev/up", True), ("city/441402/lorawan/cgj", False), ("city/441402/hotline/zsj/A-1", False),
    ("city/441402/hj212/sthj/A-1", False), ("file/ab12/3", True), ("hj212/10.1.2.3:4411", True), ("push/json/cgj/k1/-", True),
])  # fmt: skip
def test_a_topic_fits_its_feed_or_the_message_is_refused_with_both_depths(catalog, topic, fits):
    feed = feeds.key_of(topic) or topic.split("/")[1 if topic.startswith("push/") else 2 if topic.startswith("city/") else 0]
    found = parsed(feed if feed in feeds.load() else "json", topic, b"{}", AT, payload_max=100).refused
    assert (found is None or found[0] != "topic") is fits
    if not fits and feeds.load()[feed].FEED.topic:
        assert found is not None and "主题层数不对" in found[1] and f"{topic.count('/') + 1} 级" in found[1]


@given(st.lists(LEVEL, min_size=0, max_size=5), st.data())
def test_all_that_an_account_may_write_is_read(levels, data):
    from brain import catalog

    filters = sorted({topic for topics in writers(catalog.load()).values() for topic in topics})
    under = data.draw(st.sampled_from(filters))
    topic = "/".join([*under.removesuffix("/#").removesuffix("/+").split("/"), *levels])
    if topic_matches_sub(under, topic):
        assert topic_matches_sub(EVERYTHING, topic)


def test_no_account_may_write_below_another_departments_code(catalog):
    users = writers(catalog)
    for user, filters in users.items():
        for other in catalog.departments.values():
            for feed in other.sends:
                fits = any(topic_matches_sub(topic, feeds.topic(feed, "X-01", other.key)) for topic in filters)
                assert not fits or user.split(".")[0] == other.key, (user, other.key, feed)


def test_every_message_of_the_demo_lies_where_its_department_may_write(catalog):
    orgs = [None, *catalog.departments]
    tracks = timetable.tracks()
    stations = [Known(t.station, "water", 116.1, 24.3, {}, True, orgs[n % len(orgs)]) for n, t in enumerate(tracks)]
    stations += [
        Known(f"{family}-{n:02}", "cameras" if family == "CAM" else "drainage", 116.1, 24.3, {}, True, org)
        for family in (*replay.generate.FAMILY_OF, "CAM") for n, org in enumerate(orgs)
    ]  # fmt: skip
    devices, senders = replay.devices_of(stations, tracks, catalog), replay.senders_of(stations, tracks, catalog)
    play = Play(AT, 0.0, 60.0)
    found = replay.messages(tracks, devices, play, AT, AT + timedelta(minutes=5), senders)
    users = writers(catalog)
    assert len({topic.split("/")[3] for _, (topic, _) in found}) > 3
    for _, (topic, _) in found:
        assert feeds.misplaced(feeds.key_of(topic), topic) is None
        assert any(topic_matches_sub(filter, topic) for filter in users[topic.split("/")[3]]), topic
