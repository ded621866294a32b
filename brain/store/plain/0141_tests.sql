-- What a sender says was not measured (quality `test`) goes into the record and never into `latest`, so that no screen takes it for
-- the state of a place. Else as before; the timescale body's twin has the same name and text.
CREATE OR REPLACE FUNCTION brain_store(
  now timestamptz, by_worker text, of_feeds text[], of_lanes text[], n_received int[], n_records int[], n_dead int[],
  ahead interval,
  OUT ids bigint[], OUT again int[]
) LANGUAGE plpgsql AS $$
BEGIN
  WITH fresh AS (
    INSERT INTO reading (station, kind, at, seq, value, quality, delay_s)
    SELECT station, kind, at, seq, value, quality, brain_delay(at, now) FROM staged
        ON CONFLICT DO NOTHING
    RETURNING station, kind, at, seq, value, quality
  ), newest AS (
    INSERT INTO latest AS l (station, kind, at, seq, value, quality, received_at)
    SELECT DISTINCT ON (station, kind) station, kind, at, seq, value, quality, now
      FROM fresh WHERE at <= now + ahead AND quality <> 'test' ORDER BY station, kind, at DESC, seq DESC
        ON CONFLICT (station, kind) DO UPDATE
       SET (at, seq, value, quality, received_at)
         = ROW (excluded.at, excluded.seq, excluded.value, excluded.quality, excluded.received_at)
     WHERE (l.at, l.seq COLLATE "C") < (excluded.at, excluded.seq) OR l.at > now + ahead
  ), dirt AS (
    INSERT INTO dirty_bucket (station, kind, bucket)
    SELECT DISTINCT station, kind, brain_hour(at) FROM fresh WHERE at < (SELECT marks_before FROM roll_up_state)
  ), judged AS MATERIALIZED (
    SELECT s.place, s.part, s.station, s.kind, s.at, s.seq, s.value, s.quality, f.station IS NOT NULL AS new
      FROM staged s LEFT JOIN fresh f USING (station, kind, at, seq)
  ), parts AS (
    SELECT part, count(*)::int AS n, array_agg(station) AS stations, array_agg(kind) AS kinds, array_agg(at) AS ats,
           array_agg(seq) AS seqs, array_agg(value) AS vals, array_agg(quality) AS qualities
      FROM judged WHERE new GROUP BY part
  ), logged AS (
    INSERT INTO intake_batch (received_at, feed, worker, lane, received, stored, duplicate, dead,
                              stations, kinds, ats, seqs, vals, qualities)
    SELECT now, g.feed, by_worker, g.lane, g.received, coalesce(n, 0) + g.records,
           g.received - coalesce(n, 0) - g.records - g.dead, g.dead,
           coalesce(stations, '{}'), coalesce(kinds, '{}'), coalesce(ats, '{}'), coalesce(seqs, '{}'), coalesce(vals, '{}'),
           coalesce(qualities, '{}')
      FROM unnest(of_feeds, of_lanes, n_received, n_records, n_dead)
           WITH ORDINALITY AS g (feed, lane, received, records, dead, part)
      LEFT JOIN parts p ON p.part = g.part
     ORDER BY g.part
    RETURNING id
  )
  SELECT (SELECT array_agg(id ORDER BY id) FROM logged), (SELECT array_agg(place) FROM judged WHERE NOT new) INTO ids, again;
END $$;
