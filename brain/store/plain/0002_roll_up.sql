-- The work that TimescaleDB does by itself, for plain PostgreSQL; store/timescale has the same names.

-- First statement of a transaction that writes readings: takes a transaction id, see `roll_up_state`.
CREATE FUNCTION brain_begin_write() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_current_xact_id();
END $$;

-- Closes the hours that are due and computes the dirty ones anew, a transaction a step; `redone` counts dirty hours.
-- Exact for any order of arrival, because every hour is computed from its raw readings and nothing is added up. Where raw
-- may be gone, an hour is replaced only by a computation from more readings than it was made of.
--
-- OFFSET 0 keeps the planner from joining after it has grouped: so each hour is one look into the identity's index.
CREATE PROCEDURE brain_roll_up(now timestamptz, INOUT redone bigint)
LANGUAGE plpgsql AS $$
DECLARE
  state    roll_up_state;
  raw_from timestamptz := brain_raw_from(now);
  opened   timestamptz;
  newest   bigint;
  taken    bigint;
  stations text[];
  kinds    text[];
  buckets  timestamptz[];
BEGIN
  redone := 0;
  SELECT * INTO state FROM roll_up_state;
  IF state.closed_before < state.marks_before AND state.fence <= pg_snapshot_xmin(pg_current_snapshot()) THEN
    opened := state.closed_before;
    INSERT INTO reading_1h_kept SELECT * FROM brain_hours(opened, state.marks_before);
    UPDATE roll_up_state SET closed_before = marks_before, fence = NULL RETURNING * INTO state;
    IF brain_day(opened) < brain_day(state.closed_before) THEN
      INSERT INTO reading_1d_kept SELECT * FROM brain_days(brain_day(opened), brain_day(state.closed_before));
    END IF;
    COMMIT;
  END IF;
  SELECT max(id) INTO newest FROM dirty_bucket;
  LOOP
    WITH gone AS (
      DELETE FROM dirty_bucket WHERE id IN (SELECT id FROM dirty_bucket WHERE id <= newest ORDER BY id LIMIT 20000)
      RETURNING station, kind, bucket
    ), hours AS (
      SELECT DISTINCT station, kind, bucket FROM gone WHERE bucket < state.closed_before
    )
    SELECT (SELECT count(*) FROM gone), array_agg(station), array_agg(kind), array_agg(bucket)
      INTO taken, stations, kinds, buckets FROM hours;
    EXIT WHEN taken = 0;
    INSERT INTO reading_1h_kept AS k
    SELECT h.* FROM unnest(stations, kinds, buckets) AS d (station, kind, bucket)
     CROSS JOIN LATERAL (SELECT * FROM brain_hours(d.bucket, d.bucket + interval '1 hour')
                          WHERE station = d.station AND kind = d.kind OFFSET 0) h
        ON CONFLICT (station, kind, bucket) DO UPDATE
       SET (n, mean, low, high, total, first, last, n_all) = ROW (excluded.n, excluded.mean, excluded.low, excluded.high,
            excluded.total, excluded.first, excluded.last, excluded.n_all)
     WHERE k.bucket >= raw_from OR k.n_all < excluded.n_all;
    INSERT INTO reading_1d_kept AS k
    SELECT h.* FROM (SELECT DISTINCT station, kind, brain_day(bucket) AS day FROM unnest(stations, kinds, buckets)
                         AS d (station, kind, bucket) WHERE brain_day(bucket) < brain_day(state.closed_before)) d
     CROSS JOIN LATERAL (SELECT * FROM brain_days(d.day, d.day + interval '1 day')
                          WHERE station = d.station AND kind = d.kind OFFSET 0) h
        ON CONFLICT (station, kind, bucket) DO UPDATE
       SET (n, mean, low, high, total, first, last, n_all) = ROW (excluded.n, excluded.mean, excluded.low, excluded.high,
            excluded.total, excluded.first, excluded.last, excluded.n_all);
    redone := redone + coalesce(cardinality(buckets), 0);
    COMMIT;
  END LOOP;
END $$;

-- Partitions of readings from this week to four weeks ahead, and the weeks of rows that wait in the default partition;
-- raw older than `keeping` goes. The same for `intake_batch`.
CREATE PROCEDURE brain_make_partitions(now timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
  oldest timestamptz := brain_raw_from(now);
  week   timestamptz := date_trunc('week', now, 'Asia/Shanghai');
  part   record;
  done   boolean;
BEGIN
  FOR part IN
    SELECT w AS lo, w + interval '7 days' AS hi
      FROM (SELECT week + n * interval '7 days' AS w FROM generate_series(0, 4) n
            UNION
            SELECT date_trunc('week', at, 'Asia/Shanghai') FROM reading_rest
             WHERE at >= oldest AND at < week + interval '35 days') weeks
     ORDER BY w
  LOOP
    done := brain_add_partition('reading', 'reading_' || to_char(part.lo AT TIME ZONE 'Asia/Shanghai', 'IYYY"w"IW'), 'at',
                                part.lo, part.hi);
    COMMIT;
    EXIT WHEN NOT done;
  END LOOP;
  IF brain_raw_counted(now) THEN
    FOR part IN SELECT child FROM brain_partitions('reading') WHERE hi <= oldest LOOP
      done := brain_drop_partition(part.child);
      COMMIT;
      EXIT WHEN NOT done;
    END LOOP;
    DELETE FROM reading_rest WHERE at < oldest;
    COMMIT;
  END IF;
  CALL brain_make_intake_partitions(now);
END $$;

-- Changes how long rows are kept; takes effect with the next brain_make_partitions().
CREATE FUNCTION brain_keep(what text, days int) RETURNS void
LANGUAGE sql AS $$
  UPDATE keeping SET days = brain_keep.days WHERE keeping.what = brain_keep.what
$$;
