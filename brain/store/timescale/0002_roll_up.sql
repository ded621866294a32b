-- The names that store/plain gives its own machinery, here as calls of TimescaleDB's.

-- First statement of a transaction that writes readings: takes a transaction id, see `roll_up_state`, and lets late
-- readings touch as many compressed batches as they must (the limit is meant for careless mass updates).
CREATE FUNCTION brain_begin_write() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_current_xact_id();
  PERFORM set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', true);
END $$;

-- Are there more readings of an hour than its stored roll-up was made of?
CREATE FUNCTION brain_has_more(hour timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
  stored text := (SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)
                    FROM timescaledb_information.continuous_aggregates WHERE view_name = 'reading_1h');
  before bigint;
BEGIN
  EXECUTE format('SELECT coalesce(sum(n_all), 0) FROM %s WHERE bucket = $1', stored) INTO before USING hour;
  RETURN before < (SELECT count(*) FROM reading WHERE at >= hour AND at < hour + interval '1 hour');
END $$;

-- Closes the hours that are due and computes the dirty ones anew; `redone` counts dirty hours of a station and kind.
-- TimescaleDB keeps a log of what was changed, but per transaction as one span from its oldest to its newest reading; the
-- marks say which hours lie in it, so that one late reading of last month costs one hour. Where raw may be gone, an hour is
-- computed only if there are more readings than it was made of: a refresh would take away what it finds no readings for.
CREATE PROCEDURE brain_roll_up(now timestamptz, INOUT redone bigint)
LANGUAGE plpgsql AS $$
DECLARE
  state    roll_up_state;
  raw_from timestamptz := brain_raw_from(now);
  newest   bigint;
  taken    bigint[];
  hours    bigint;
  spans    tstzmultirange;
  days     tstzmultirange;
  span     tstzrange;
BEGIN
  redone := 0;
  SELECT * INTO state FROM roll_up_state;
  IF state.closed_before < state.marks_before AND state.fence <= pg_snapshot_xmin(pg_current_snapshot()) THEN
    CALL refresh_continuous_aggregate('reading_1h', state.closed_before, state.marks_before);
    IF brain_day(state.closed_before) < brain_day(state.marks_before) THEN
      CALL refresh_continuous_aggregate('reading_1d', brain_day(state.closed_before), brain_day(state.marks_before));
    END IF;
    UPDATE roll_up_state SET closed_before = marks_before, fence = NULL RETURNING * INTO state;
    COMMIT;
  END IF;
  SELECT max(id) INTO newest FROM dirty_bucket;
  LOOP
    SELECT array_agg(id), count(DISTINCT (station, kind, bucket)) FILTER (WHERE due),
           range_agg(tstzrange(bucket, bucket + interval '1 hour')) FILTER (WHERE due),
           range_agg(tstzrange(brain_day(bucket), brain_day(bucket) + interval '1 day'))
             FILTER (WHERE due AND bucket < brain_day(state.closed_before))
      INTO taken, hours, spans, days
      FROM (SELECT *, bucket < state.closed_before AND (bucket >= raw_from OR brain_has_more(bucket)) AS due
              FROM dirty_bucket WHERE id <= newest ORDER BY id LIMIT 20000) d;
    EXIT WHEN taken IS NULL;
    COMMIT;
    FOR span IN SELECT unnest(spans) LOOP
      CALL refresh_continuous_aggregate('reading_1h', lower(span), upper(span));
    END LOOP;
    FOR span IN SELECT unnest(days) LOOP
      CALL refresh_continuous_aggregate('reading_1d', lower(span), upper(span));
    END LOOP;
    DELETE FROM dirty_bucket WHERE id = ANY (taken);
    redone := redone + hours;
    COMMIT;
  END LOOP;
END $$;

-- Raw older than `keeping` goes (the retention policy does the same where no engine runs); days of `intake_batch` are
-- made and dropped. Chunks of readings make themselves.
CREATE PROCEDURE brain_make_partitions(now timestamptz)
LANGUAGE plpgsql AS $$
BEGIN
  IF brain_raw_counted(now) THEN
    PERFORM drop_chunks('reading', older_than => brain_raw_from(now));
    COMMIT;
  END IF;
  CALL brain_make_intake_partitions(now);
END $$;

-- Changes how long rows are kept.
CREATE FUNCTION brain_keep(what text, days int) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE keeping k SET days = brain_keep.days WHERE k.what = brain_keep.what;
  IF what = 'reading' THEN
    PERFORM remove_retention_policy('reading');
    PERFORM add_retention_policy('reading', drop_after => make_interval(days => days));
  END IF;
END $$;
