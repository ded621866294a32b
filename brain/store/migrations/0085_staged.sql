-- What the writer brings in one transaction, and a delay that costs nothing to compute.

-- The rows of a batch before it is known which of them are new: COPY fills it, `readings_store` empties it into `reading`.
-- Temporary, so each connection has its own, no page of it is logged, and its rows go with the transaction; made when a
-- connection first writes, because that is when it is known to be a writer's.
CREATE FUNCTION brain_stage() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass('pg_temp.staged') IS NULL THEN
    CREATE TEMP TABLE staged (
      place   int NOT NULL,                    -- 0, 1, 2 … in the order of identities
      part    int NOT NULL,                    -- the row of intake_batch that it will stand in
      station text COLLATE "C" NOT NULL,
      kind    text COLLATE "C" NOT NULL,
      at      timestamptz NOT NULL,
      seq     text COLLATE "C" NOT NULL,
      value   double precision NOT NULL,
      quality text NOT NULL
    ) ON COMMIT DELETE ROWS;
  ELSE
    DELETE FROM pg_temp.staged;                -- a transaction may store more than once
  END IF;
END $$;

-- The same as before, in a form that the planner can write into the statement instead of calling it for each row:
-- date_part() of a time is only STABLE, of an interval it is IMMUTABLE. Measured, 0.9 µs a reading.
CREATE OR REPLACE FUNCTION brain_delay(at timestamptz, received timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (floor(date_part('epoch', received - timestamptz '2000-01-01 00:00Z'))
        - floor(date_part('epoch', at - timestamptz '2000-01-01 00:00Z')))::integer;
