"""The trace that intake is measured with (tests/bench/trace.py): the same bytes for the same seed, and sums that are true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from brain.store import db
from ingest import feeds, practice
from ingest.write.batch import Writer
from ingest.write.spill import Spill
from tests.accounts import INTAKE, as_role
from tests.bench import play, trace
from tests.owners import own_stations

BEGIN = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
DEVICES = 40


@cache
def _all(total: int, **more) -> tuple[list[trace.Shot], trace.Truth]:
    truth = trace.Truth()
    return list(trace.trace(total, 1000, BEGIN, truth, devices=DEVICES, **more)), truth


def test_the_same_seed_gives_the_same_bytes_and_another_one_others():
    once, again, other = (_all.__wrapped__(500, seed=seed) for seed in (7, 7, 8))
    assert once == again
    assert once[0] != other[0]


def test_the_shares_are_those_that_were_promised():
    shots, truth = _all(8_000)
    assert len(shots) == truth.messages == 8_000
    assert sum(s.repeated for s in shots) == pytest.approx(80, abs=30)
    assert truth.poison == pytest.approx(80, abs=30)
    assert truth.late == pytest.approx(160, abs=45)
    assert truth.bursts == pytest.approx(400, abs=40)


def test_identities_are_distinct_but_for_the_repeated():
    shots, truth = _all(8_000)
    own = [reading[:4] for shot in shots if not shot.repeated for reading in shot.readings]
    assert len(own) == len(set(own)) == truth.distinct
    assert {r[:4] for s in shots if s.repeated for r in s.readings} <= set(own)


def test_a_feed_reads_in_each_sound_message_just_what_the_trace_says():
    for shot in _all(500)[0]:
        if shot.dead:
            continue
        found = feeds.load()[feeds.key_of(shot.topic)].parse(shot.topic, shot.payload, BEGIN)
        assert [(r.station, r.kind, round(r.at.timestamp() * 1000), r.seq, r.value) for r in found] == list(
            shot.readings
        )


def test_a_packet_says_its_length_whatever_it_is():
    for size in (1, 121, 122, 128, 20_000):
        packet = play.publish("ab", b"x" * size, 7)
        length, at = 0, 1
        while True:
            length |= (packet[at] & 0x7F) << 7 * (at - 1)
            at += 1
            if packet[at - 1] < 0x80:
                break
        assert len(packet) - at == length
        assert packet[at : at + 6] == b"\x00\x02ab\x00\x07"


def test_what_intake_makes_of_the_trace_is_what_the_trace_says(conn, db_url, catalog, tmp_path):
    conn.cursor().executemany(
        "INSERT INTO station (id, name, theme, lng, lat) VALUES (%s, %s, %s, 116, 24)",
        [(trace.station(n), trace.station(n), trace.theme(n)) for n in range(DEVICES)],
    )
    own_stations(conn)
    spill = Spill(tmp_path, segment_bytes=1 << 20, total_bytes=1 << 20)
    writer = Writer(
        lambda: db.connect(as_role(db_url, INTAKE)),
        catalog,
        spill,
        practice.load(),
        worker="w1",
        now=lambda: BEGIN + timedelta(seconds=4),
    )
    shots, truth = _all(3000)
    for shot in shots:
        writer.open(
            feeds.key_of(shot.topic), shot.topic, shot.payload, BEGIN + timedelta(seconds=shot.due), lambda: None
        )
        if shot.due % 0.5 == 0:
            while writer.step():
                pass
    while writer.step():
        pass
    counts = writer.counts().values()
    writer.close()
    assert sum(c.stored for c in counts) == truth.distinct
    assert sum(c.duplicate for c in counts) == truth.again
    assert sum(c.dead for c in counts) == truth.dead
    assert sum(c.received for c in counts) == truth.received
    weight = conn.execute("SELECT sum(round(value * 1000))::bigint AS w FROM reading").fetchone()["w"]
    assert weight == truth.weight
    rules = {row["rule"] for row in conn.execute("SELECT DISTINCT rule FROM dead_letter").fetchall()}
    assert rules == {"decode", "station", "range", "value", "time"}
    late = conn.execute("SELECT count(*) AS n FROM reading WHERE quality = 'late'").fetchone()["n"]
    assert late == 3 * truth.late
