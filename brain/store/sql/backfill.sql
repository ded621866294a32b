-- backfill_staging --
-- Where a chunk of a file stands before it is stored; nothing of it outlives the session.
CREATE TEMP TABLE IF NOT EXISTS backfill_staging (
  station text COLLATE "C" NOT NULL,
  kind    text COLLATE "C" NOT NULL,
  at      timestamptz NOT NULL,
  seq     text COLLATE "C" NOT NULL,
  value   double precision NOT NULL,
  quality text NOT NULL
) ON COMMIT DELETE ROWS;

-- backfill_calibrate --
-- What is known of the instruments holds for what is brought in afterwards, too.
UPDATE backfill_staging s SET value = s.value * c.factor + c.addend
  FROM calibration c
 WHERE c.station = s.station AND c.kind = s.kind AND s.at >= c.starts AND s.at < coalesce(c.ends, 'infinity')
   AND c.effective <= %(received_at)s;

-- backfill_maintain --
-- The same for work on stations.
UPDATE backfill_staging s SET quality = 'maintenance'
  FROM maintenance m
 WHERE m.station = s.station AND s.at >= m.starts AND s.at < m.ends AND brain_trusted(s.quality);

-- backfill_known --
-- Is anything known of the instruments at all?
SELECT EXISTS (SELECT 1 FROM calibration) AS calibrated, EXISTS (SELECT 1 FROM maintenance) AS maintained;

-- backfill_differing --
-- What is there already with another value, or stands before it in the chunk, is kept beside it, like everywhere (see
-- readings_differing).
INSERT INTO reading (station, kind, at, seq, value, quality, delay_s)
SELECT s.station, s.kind, s.at, s.seq || '~' || left(md5(s.value::text), 8), s.value, 'duplicate',
       brain_delay(s.at, %(received_at)s)
  FROM (SELECT *, first_value(value) OVER (PARTITION BY station, kind, at, seq ORDER BY ctid) AS first FROM backfill_staging) s
  LEFT JOIN reading r USING (station, kind, at, seq)
 WHERE s.value <> coalesce(r.value, s.first)
    ON CONFLICT DO NOTHING;

-- backfill_prune --
-- Takes out of the chunk what is there already, and all but the first of what stands in it twice.
DELETE FROM backfill_staging s
 USING (SELECT b.ctid, row_number() OVER (PARTITION BY b.station, b.kind, b.at, b.seq ORDER BY b.ctid) AS n,
               r.station IS NOT NULL AS there
          FROM backfill_staging b LEFT JOIN reading r USING (station, kind, at, seq)) d
 WHERE s.ctid = d.ctid AND (d.n > 1 OR d.there);

-- backfill_store --
-- Stores the chunk, of which nothing is there yet. It lies in the order of identities: the index is filled page after page.
INSERT INTO reading (station, kind, at, seq, value, quality, delay_s)
SELECT station, kind, at, seq, value, quality, brain_delay(at, %(received_at)s) FROM backfill_staging;

-- backfill_note --
-- Newest readings, hours to be counted anew, and the rows of the log for the engine, which takes them as history.
WITH newest AS (
  INSERT INTO latest AS l (station, kind, at, seq, value, quality, received_at)
  SELECT DISTINCT ON (station, kind) station, kind, at, seq, value, quality, %(received_at)s
    FROM backfill_staging WHERE at <= %(received_at)s::timestamptz + %(ahead)s AND quality <> 'test'
   ORDER BY station, kind, at DESC, seq DESC
      ON CONFLICT (station, kind) DO UPDATE
     SET (at, seq, value, quality, received_at)
       = ROW (excluded.at, excluded.seq, excluded.value, excluded.quality, excluded.received_at)
   WHERE (l.at, l.seq COLLATE "C") < (excluded.at, excluded.seq) OR l.at > %(received_at)s::timestamptz + %(ahead)s
), dirt AS (
  INSERT INTO dirty_bucket (station, kind, bucket)
  SELECT DISTINCT station, kind, brain_hour(at) FROM backfill_staging
   WHERE at < (SELECT marks_before FROM roll_up_state)
), parts AS (
  SELECT part, count(*)::int AS n, array_agg(station) AS stations, array_agg(kind) AS kinds, array_agg(at) AS ats,
         array_agg(seq) AS seqs, array_agg(value) AS vals, array_agg(quality) AS qualities
    FROM (SELECT *, (row_number() OVER () - 1) / %(slice)s AS part FROM backfill_staging) cut GROUP BY part
   UNION ALL
  SELECT 0, 0, '{}', '{}', '{}', '{}', '{}', '{}' WHERE NOT EXISTS (SELECT 1 FROM backfill_staging)
)
INSERT INTO intake_batch (received_at, feed, worker, lane, received, stored, duplicate, dead,
                          stations, kinds, ats, seqs, vals, qualities)
SELECT %(received_at)s, %(feed)s, %(worker)s, 'history',
       n + CASE part WHEN 0 THEN %(duplicate)s::int + %(beside)s::int ELSE 0 END,
       n + CASE part WHEN 0 THEN %(beside)s::int ELSE 0 END, CASE part WHEN 0 THEN %(duplicate)s::int ELSE 0 END, 0, stations, kinds, ats, seqs, vals, qualities
  FROM parts ORDER BY part
RETURNING id, stored;
