-- Readings on TimescaleDB: a hypertable with columnstore, and continuous aggregates for hours and days.
--
-- Why chunks of seven days: the stations of a city send by the hour or the minute, and a compressed batch holds up to
-- 1000 readings of one series; a week has 168 or 10080 of them, a day only 24 or 1440, and short batches compress badly.
-- At 100 readings/s a chunk is 60 million rows, which still compresses in minutes and is dropped in one step.

-- Why a type of its own for a plain double: the columnstore chooses how to compress by the type, and for double precision
-- that is XOR of neighbours, which a decimal in binary defeats (75.31 and 75.32 differ in nearly every bit). A domain is
-- compressed by dictionary: an instrument with a resolution says few different values in a thousand. Measured, minute data
-- that flicker by one digit: 4.2 bytes a value by XOR, 1.1 by dictionary; where values never repeat it is the 8 bytes they are.
CREATE DOMAIN measured AS double precision CHECK (VALUE > '-infinity' AND VALUE < 'infinity');

CREATE TABLE reading (
  station     text COLLATE "C" NOT NULL,
  kind        text COLLATE "C" NOT NULL,
  at          timestamptz NOT NULL,            -- observed
  seq         text COLLATE "C" NOT NULL DEFAULT '',
  value       measured NOT NULL,
  quality     text NOT NULL,
  delay_s     integer NOT NULL,                -- second of receipt less second observed, see brain_delay()
  CONSTRAINT reading_identity PRIMARY KEY (station, kind, at, seq)
);
SELECT create_hypertable('reading', by_range('at', INTERVAL '7 days'), create_default_indexes => false);
-- Rows come in nearly by time, so a block range index finds an hour at almost no cost to the writer.
CREATE INDEX reading_at ON reading USING brin (at) WITH (pages_per_range = 32, autosummarize = on);

-- A station's series lies together, by time. Late readings and changed qualities still go into a compressed chunk.
--
-- Why a sparse index is named at all: without one TimescaleDB keeps a Bloom filter over (at, seq) with each batch, for
-- inserts into compressed chunks. It costs a byte a reading, a quarter of all; the smallest and largest `at` of a batch
-- find a late reading's place as well.
ALTER TABLE reading SET (
  timescaledb.enable_columnstore,
  timescaledb.segmentby = 'station, kind',
  timescaledb.orderby = 'at, seq',
  timescaledb.sparse_index = 'minmax(delay_s)'
);
CALL add_columnstore_policy('reading', after => INTERVAL '7 days');
SELECT add_retention_policy('reading', drop_after => (SELECT make_interval(days => days) FROM keeping WHERE what = 'reading'));

-- `materialized_only = false`: what is not closed yet is computed from raw as it is asked, as on plain PostgreSQL.
CREATE MATERIALIZED VIEW reading_1h
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT station, kind, time_bucket('1 hour', at) AS bucket,
       count(*) FILTER (WHERE brain_trusted(quality)) AS n,
       sum(value::double precision) FILTER (WHERE brain_trusted(quality))
         / nullif(count(*) FILTER (WHERE brain_trusted(quality)), 0)::double precision AS mean,
       min(value::double precision) FILTER (WHERE brain_trusted(quality)) AS low,
       max(value::double precision) FILTER (WHERE brain_trusted(quality)) AS high,
       sum(value::double precision) FILTER (WHERE brain_trusted(quality)) AS total,
       (array_agg(value::double precision ORDER BY at, seq) FILTER (WHERE brain_trusted(quality)))[1] AS first,
       (array_agg(value::double precision ORDER BY at DESC, seq DESC) FILTER (WHERE brain_trusted(quality)))[1] AS last,
       count(*) AS n_all
  FROM reading
 GROUP BY station, kind, time_bucket('1 hour', at)
  WITH NO DATA;
CREATE INDEX reading_1h_series ON reading_1h (station, kind, bucket);

CREATE MATERIALIZED VIEW reading_1d
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT station, kind, time_bucket('1 day', bucket, 'Asia/Shanghai') AS bucket,
       sum(n)::bigint AS n,
       sum(total) / nullif(sum(n), 0)::double precision AS mean,
       min(low) AS low,
       max(high) AS high,
       sum(total) AS total,
       (array_agg(first ORDER BY bucket) FILTER (WHERE n > 0))[1] AS first,
       (array_agg(last ORDER BY bucket DESC) FILTER (WHERE n > 0))[1] AS last,
       sum(n_all)::bigint AS n_all
  FROM reading_1h
 GROUP BY station, kind, time_bucket('1 day', bucket, 'Asia/Shanghai')
  WITH NO DATA;
CREATE INDEX reading_1d_series ON reading_1d (station, kind, bucket);

-- brain_roll_up() closes hours and mends late ones at once, whatever their age. These policies are the safety net for a
-- time without an engine; they end a day (two) before now so that they never run ahead of it.
SELECT add_continuous_aggregate_policy('reading_1h', start_offset => INTERVAL '30 days', end_offset => INTERVAL '1 day',
                                       schedule_interval => INTERVAL '1 hour');
SELECT add_continuous_aggregate_policy('reading_1d', start_offset => INTERVAL '60 days', end_offset => INTERVAL '2 days',
                                       schedule_interval => INTERVAL '6 hours');
