"""Every sample of every feed: a real message and what it must become, bad ones included."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from ingest import feeds
from ingest.feeds._sample import Sample, samples

RECEIVED = datetime(2026, 9, 3, 0, 0, 5, tzinfo=UTC)


def read(sample: Sample) -> tuple[list, feeds.BadMessage | None]:
    """(readings, refusal) of a sample."""
    try:
        return feeds.load()[sample.feed].parse(sample.topic, sample.payload, RECEIVED), None
    except feeds.BadMessage as err:
        return err.rest, err


@pytest.mark.parametrize("sample", samples(), ids=lambda s: f"{s.feed}-{s.name}")
def test_a_sample_becomes_what_it_says(sample):
    found, refused = read(sample)
    assert (refused is None) == (sample.refused is None), refused and refused.reason
    if refused:
        assert refused.rule == sample.refused[0]
        assert sample.refused[1] in refused.reason
    records = [r for r in found if isinstance(r, feeds.RECORDS)]
    assert [r for r in found if r not in records] == [r._replace(value=pytest.approx(r.value)) for r in sample.readings]
    shown = [json.loads(json.dumps(asdict(r), default=str)) for r in records]
    wanted = [dict(r) for r in sample.records]
    assert [{k: r[k] for k in w} for r, w in zip(shown, wanted, strict=True)] == wanted


@pytest.mark.parametrize("key", feeds.load())
def test_a_feed_brings_good_and_bad_samples(key):
    own = samples(key)
    assert len([s for s in own if s.refused is None]) >= 4
    assert len([s for s in own if s.refused]) >= 4


def test_every_reason_tells_how_to_mend_it():
    refusals = [read(s)[1] for s in samples() if s.refused]
    mute = [err.reason for err in refusals if "；" not in err.reason]
    assert not mute


def test_every_kind_a_feed_makes_is_in_the_catalog(catalog):
    made = {r.kind.partition("@")[0] for s in samples() for r in s.readings}
    assert {kind for kind in made if kind[:1] != "?"} <= set(catalog.kinds)


def test_every_feed_names_a_department_and_a_theme_of_the_catalog(catalog):
    lost = [
        m.FEED.key for m in feeds.load().values()
        if m.FEED.org not in catalog.departments or m.FEED.theme not in {*catalog.themes, feeds.ANY}
    ]  # fmt: skip
    assert not lost


def test_a_topic_leads_to_its_feed():
    assert {s.feed for s in samples()} == set(feeds.load())
    assert all(feeds.key_of(s.topic) == s.feed for s in samples() if feeds.load()[s.feed].FEED.topic)
    assert feeds.key_of("city/441402/gossip/cgj/X-1") is None
