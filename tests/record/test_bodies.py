"""Two bodies under one name: the same tables, columns, types and routines, so that no query asks which one it is on."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib.resources import files

import pytest

from brain.flow.measured import readings
from brain.model import TRUSTED, Quality, Reading
from brain.store import db

STORE = files("brain.store")
READING = {
    "station": "text", "kind": "text", "at": "timestamptz", "seq": "text", "value": "float8", "quality": "text",
    "delay_s": "int4",
}  # fmt: skip
ROLL_UP = {
    "station": "text", "kind": "text", "bucket": "timestamptz", "n": "int8", "mean": "float8", "low": "float8",
    "high": "float8", "total": "float8", "first": "float8", "last": "float8", "n_all": "int8",
}  # fmt: skip
STORES = {"plain": "0003_store.sql", "timescale": "0004_store.sql"}
IN_STEPS = """
CREATE OR REPLACE FUNCTION brain_store(
  now timestamptz, by_worker text, of_feeds text[], of_lanes text[], n_received int[], n_records int[], n_dead int[],
  OUT ids bigint[], OUT again int[]
) LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  SELECT array_agg(s.place) INTO again FROM staged s JOIN reading r USING (station, kind, at, seq);
  DELETE FROM staged WHERE place = ANY (again);
  INSERT INTO reading SELECT station, kind, at, seq, value, quality, brain_delay(at, now) FROM staged;
  INSERT INTO latest SELECT DISTINCT ON (station, kind) station, kind, at, seq, value, quality, now
    FROM staged ORDER BY station, kind, at DESC
      ON CONFLICT (station, kind) DO UPDATE SET (at, value) = ROW (excluded.at, excluded.value) WHERE latest.at < excluded.at;
  FOR nth IN 1 .. cardinality(of_feeds) LOOP
    INSERT INTO intake_batch (received_at, feed, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, seqs,
                              vals, qualities)
    SELECT now, of_feeds[nth], by_worker, of_lanes[nth], n_received[nth], count(*), n_received[nth] - count(*), 0,
           array_agg(station), array_agg(kind), array_agg(at), array_agg(seq), array_agg(value), array_agg(quality)
      FROM staged s WHERE s.part = nth
    RETURNING id INTO n;
    ids := ids || n;
  END LOOP;
END $$
"""
OWN = {"plain": set(), "timescale": {"brain_has_more", "brain_drop_chunks"}}


def columns(conn, table):
    rows = conn.execute(
        "SELECT attname, coalesce(b.typname, t.typname) AS typname FROM pg_attribute a JOIN pg_type t ON t.oid = atttypid"
        " LEFT JOIN pg_type b ON b.oid = t.typbasetype WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [table],
    )
    return {r["attname"]: r["typname"] for r in rows}


def routines(body):
    text = "\n".join(f.read_text(encoding="utf-8") for f in (STORE / body).iterdir())
    return {name: args for name, args in re.findall(r"CREATE (?:FUNCTION|PROCEDURE) (\w+)\(([^)]*)\)", text)}


def policies(conn):
    rows = conn.execute("SELECT proc_name FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL")
    return sorted(r["proc_name"] for r in rows)


@pytest.mark.parametrize(("table", "wanted"), [("reading", READING), ("reading_1h", ROLL_UP), ("reading_1d", ROLL_UP)])
def test_readings_and_roll_ups_have_the_same_columns_in_the_same_order(conn, table, wanted):
    assert list(columns(conn, table).items()) == list(wanted.items())


def test_both_bodies_offer_the_same_routines():
    shared = {body: {k: v for k, v in routines(body).items() if k not in OWN[body]} for body in OWN}
    assert shared["plain"] == shared["timescale"]
    assert all(OWN[body] <= set(routines(body)) for body in OWN)


def test_a_batch_is_stored_by_the_same_text_until_a_body_has_a_reason_not_to():
    """Two copies of one statement would drift apart unseen. Whoever makes them differ says why in the file, and here."""
    texts = {(STORE / body / name).read_text(encoding="utf-8").split("\n\n", 1)[1] for body, name in STORES.items()}
    assert len(texts) == 1


def test_callers_know_the_name_and_the_answer_of_storing_only(district):
    """A body that stores in steps, readings first and the log after, keeps the same promise under the same name."""
    conn, now = district.conn, district.now
    conn.execute(IN_STEPS)
    batch = [Reading("S", "k", now - timedelta(minutes=n), float(n), Quality.OK) for n in (3, 1, 2, 1)]
    told = {"feed": "f", "worker": "w", "lane": "live"}
    first = readings.store(conn, **told, received_at=now, readings=batch, received=4)
    assert (first.stored, first.duplicate, first.fresh) == (3, 1, tuple(batch[:3]))
    other = [Reading("S", "k", now, 9.0, Quality.OK), batch[0]]
    again = readings.store(conn, **told, received_at=now, readings=other, received=2)
    assert (again.stored, again.duplicate, again.fresh) == (1, 1, (other[0],))
    assert readings.latest_of(conn, ["S"])["S", "k"].at == now
    assert [b.readings for b in readings.batches_after(conn, "c")] == [
        tuple(sorted(batch[:3], key=lambda r: r.at)), (other[0],)
    ]  # fmt: skip


def test_shared_statements_call_nothing_that_one_body_lacks(conn):
    text = "\n".join(db.statements().values())
    called = set(re.findall(r"\b(brain_\w+)\s*\(", text))
    there = {r["proname"] for r in conn.execute("SELECT proname FROM pg_proc WHERE proname LIKE 'brain%'")}
    assert called - there == set()
    assert not called & (OWN["plain"] | OWN["timescale"])
    assert "time_bucket" not in text


def test_the_database_trusts_the_qualities_that_the_model_trusts(conn):
    trusted = {q for q in Quality if conn.execute("SELECT brain_trusted(%s) AS t", [str(q)]).fetchone()["t"]}
    assert trusted == TRUSTED


def test_a_reading_is_known_by_station_kind_time_and_sequence_on_either_body(conn):
    row = conn.execute("SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = 'reading_identity'")
    assert row.fetchone()["text"] == "PRIMARY KEY (station, kind, at, seq)"


def test_the_body_is_the_one_that_was_asked_for(conn, body):
    assert db.body_of(conn) == body


def test_on_plain_postgresql_readings_are_cut_by_time(conn, body):
    if body != "plain":
        pytest.skip("needs the plain body")
    assert conn.execute("SELECT pg_get_partkeydef('reading'::regclass) AS cut").fetchone()["cut"] == "RANGE (at)"
    assert not conn.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchall()


def test_on_timescaledb_readings_are_a_packed_hypertable_with_aggregates_of_closed_hours(conn, body):
    if body != "timescale":
        pytest.skip("needs TimescaleDB")
    settings = conn.execute(
        "SELECT segmentby, orderby FROM timescaledb_information.hypertable_columnstore_settings"
        " WHERE hypertable = 'reading'::regclass"
    ).fetchone()
    assert settings == {"segmentby": "station,kind", "orderby": "at,seq"}
    views = conn.execute("SELECT view_name, materialized_only FROM timescaledb_information.continuous_aggregates")
    assert {r["view_name"]: r["materialized_only"] for r in views} == {"reading_1h_kept": True, "reading_1d_kept": True}
    assert policies(conn) == [
        "policy_compression", "policy_refresh_continuous_aggregate", "policy_refresh_continuous_aggregate",
        "policy_retention",
    ]  # fmt: skip
