-- Readings on plain PostgreSQL: weekly partitions made ahead, roll-up tables kept by brain_roll_up().
--
-- Why weeks: at 100 readings/s one holds 60 million rows, so its index still fits in memory; a year is 52 of them, few
-- enough to plan over; and old raw goes in steps of a week. Months would be too big to drop and to index, days too many.

CREATE TABLE reading (
  station     text COLLATE "C" NOT NULL,
  kind        text COLLATE "C" NOT NULL,
  at          timestamptz NOT NULL,            -- observed
  seq         text COLLATE "C" NOT NULL DEFAULT '',
  value       double precision NOT NULL CHECK (value > '-infinity' AND value < 'infinity'),
  quality     text NOT NULL,
  delay_s     integer NOT NULL,                -- second of receipt less second observed, see brain_delay()
  CONSTRAINT reading_identity PRIMARY KEY (station, kind, at, seq)
) PARTITION BY RANGE (at);
CREATE TABLE reading_rest PARTITION OF reading DEFAULT;
-- Rows come in nearly by time, so a block range index finds an hour at almost no cost to the writer.
CREATE INDEX reading_at ON reading USING brin (at) WITH (pages_per_range = 32, autosummarize = on);

CREATE TABLE reading_1h_kept (
  station text COLLATE "C" NOT NULL,
  kind    text COLLATE "C" NOT NULL,
  bucket  timestamptz NOT NULL,
  n       bigint NOT NULL,                     -- trusted readings
  mean    double precision,                    -- null, like the rest, where none is trusted
  low     double precision,
  high    double precision,
  total   double precision,
  first   double precision,
  last    double precision,
  n_all   bigint NOT NULL,                     -- readings of any quality
  PRIMARY KEY (station, kind, bucket)
);
CREATE INDEX reading_1h_kept_bucket ON reading_1h_kept USING brin (bucket);
CREATE TABLE reading_1d_kept (LIKE reading_1h_kept INCLUDING ALL);

-- Hours computed from raw, for readings observed in [lo, hi). Inlined by the planner, so a station asked of it is an
-- index scan.
CREATE FUNCTION brain_hours(lo timestamptz, hi timestamptz) RETURNS SETOF reading_1h_kept
LANGUAGE sql STABLE AS $$
  SELECT station, kind, brain_hour(at),
         count(*) FILTER (WHERE brain_trusted(quality)),
         sum(value) FILTER (WHERE brain_trusted(quality)) / nullif(count(*) FILTER (WHERE brain_trusted(quality)), 0),
         min(value) FILTER (WHERE brain_trusted(quality)),
         max(value) FILTER (WHERE brain_trusted(quality)),
         sum(value) FILTER (WHERE brain_trusted(quality)),
         (array_agg(value ORDER BY at, seq) FILTER (WHERE brain_trusted(quality)))[1],
         (array_agg(value ORDER BY at DESC, seq DESC) FILTER (WHERE brain_trusted(quality)))[1],
         count(*)
    FROM reading
   WHERE at >= lo AND at < hi
   GROUP BY station, kind, brain_hour(at)
$$;

CREATE VIEW reading_1h AS
  SELECT k.*
    FROM reading_1h_kept k
   WHERE k.bucket < (SELECT closed_before FROM roll_up_state)
  UNION ALL
  SELECT h.*
    FROM roll_up_state s CROSS JOIN LATERAL brain_hours(s.closed_before, 'infinity') h;

-- Days computed from hours in [lo, hi).
CREATE FUNCTION brain_days(lo timestamptz, hi timestamptz) RETURNS SETOF reading_1d_kept
LANGUAGE sql STABLE AS $$
  SELECT station, kind, brain_day(bucket),
         sum(n)::bigint,
         sum(total) / nullif(sum(n), 0)::double precision,
         min(low),
         max(high),
         sum(total),
         (array_agg(first ORDER BY bucket) FILTER (WHERE n > 0))[1],
         (array_agg(last ORDER BY bucket DESC) FILTER (WHERE n > 0))[1],
         sum(n_all)::bigint
    FROM reading_1h
   WHERE bucket >= lo AND bucket < hi
   GROUP BY station, kind, brain_day(bucket)
$$;

CREATE VIEW reading_1d AS
  SELECT k.*
    FROM reading_1d_kept k
   WHERE k.bucket < (SELECT brain_day(closed_before) FROM roll_up_state)
  UNION ALL
  SELECT d.*
    FROM roll_up_state s CROSS JOIN LATERAL brain_days(brain_day(s.closed_before), 'infinity') d;
