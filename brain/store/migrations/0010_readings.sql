-- What both bodies share about readings: which may be trusted, how time is cut, which roll-ups are due, how partitions
-- are made and dropped. `reading`, `reading_1h` and `reading_1d` themselves are made by store/timescale and store/plain.

-- Qualities that enter roll-ups: brain.model.TRUSTED in SQL. A change of the set wants every roll-up made again.
CREATE FUNCTION brain_trusted(quality text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN quality IN ('ok', 'late', 'manual');

-- Hours are the same everywhere in China; days are those of the city.
CREATE FUNCTION brain_hour(at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('1 hour', at, '2000-01-01 00:00Z');

CREATE FUNCTION brain_day(at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_trunc('day', at, 'Asia/Shanghai');

-- When a reading came in is kept as the whole seconds between the second it was observed in and the second it was stored in.
--
-- Why not as a time: in the columnstore a time with its microseconds cannot be compressed and takes as much room as all
-- other columns together (measured: 3.6 bytes a reading; as seconds of delay 0.4).
CREATE FUNCTION brain_delay(at timestamptz, received timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (floor(date_part('epoch', received)) - floor(date_part('epoch', at)))::integer;

CREATE FUNCTION brain_received(at timestamptz, delay_s integer) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('1 second', at, '2000-01-01 00:00Z') + delay_s * interval '1 second';

-- Roll-ups ----------------------------------------------------------------------------------------------------------
-- Hours before `closed_before` stand in tables; later ones are computed from raw as they are asked, so that a live
-- reading costs no roll-up work at all. Whoever stores or flags a reading of an hour before `marks_before` leaves a row
-- in `dirty_bucket`, and brain_roll_up() computes just those hours anew.
--
-- Why two moments and a fence: when an hour is closed, a writer may be under way that still believes it open and leaves
-- no mark. So `marks_before` moves first and commits; `fence` is a transaction id taken after that; the hours are closed
-- only when every transaction below the fence has ended. No lock, no waiting writer. It holds because brain_begin_write()
-- gives a writer its transaction id before it looks at `marks_before`.
CREATE TABLE roll_up_state (
  one           boolean PRIMARY KEY DEFAULT true CHECK (one),
  closed_before timestamptz NOT NULL DEFAULT '1970-01-01 00:00Z',
  marks_before  timestamptz NOT NULL DEFAULT '1970-01-01 00:00Z' CHECK (marks_before >= closed_before),
  fence         xid8,
  grace         interval NOT NULL DEFAULT '10 minutes'   -- an hour stays open so long for its stragglers: saves work, no more
);
INSERT INTO roll_up_state DEFAULT VALUES;
ANALYZE roll_up_state;                                   -- so that plans know it for the one row it is

-- Append-only on purpose, the same hour may stand in it twice: with a unique key a writer would skip a mark that
-- brain_roll_up() is just taking away, and the hour would stay wrong.
CREATE TABLE dirty_bucket (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  station text NOT NULL,
  kind    text NOT NULL,
  bucket  timestamptz NOT NULL                 -- the hour
);

-- Keeping -----------------------------------------------------------------------------------------------------------
-- Days that rows are kept; changed by brain_keep(). Roll-ups stay for ever.
CREATE TABLE keeping (
  what text PRIMARY KEY,
  days int NOT NULL CHECK (days > 0),
  why  text NOT NULL
);
INSERT INTO keeping VALUES
  ('reading', 400, 'thirteen months: last year''s same month can still be computed from raw'),
  ('intake_batch', 7, 'long enough to look into what came in last week; never before every consumer has passed');

-- A reading observed before this changes no roll-up: the raw rows of its hour may be gone.
CREATE FUNCTION brain_raw_from(now timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN brain_day(now) - make_interval(days => (SELECT days FROM keeping WHERE what = 'reading'));

-- May raw readings older than that go? Not before every one of them has been counted.
CREATE FUNCTION brain_raw_counted(now timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN (SELECT closed_before FROM roll_up_state) >= brain_raw_from(now)
   AND NOT EXISTS (SELECT 1 FROM dirty_bucket WHERE bucket < brain_raw_from(now));

-- Partitions --------------------------------------------------------------------------------------------------------
-- Partitions of a table with their bounds; the default partition `<table>_rest` is not among them.
CREATE FUNCTION brain_partitions(parent text) RETURNS TABLE (child text, lo timestamptz, hi timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT c.relname, (regexp_match(b.bound, 'FROM \(''([^'']+)''\)'))[1]::timestamptz,
         (regexp_match(b.bound, 'TO \(''([^'']+)''\)'))[1]::timestamptz
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
   CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) b
   WHERE i.inhparent = to_regclass(parent) AND b.bound <> 'DEFAULT'
   ORDER BY 2
$$;

-- Makes the partition [lo, hi) of a table cut by `cut`, moving rows that wait in the default partition. False: somebody
-- held on to the table for two seconds; it is left for the next time, for whoever waits here makes everybody wait.
--
-- Why the whole table is locked for that instant, although attaching would ask for less: a writer under way has already
-- chosen the default partition for its row and would be refused, and a reader under way has already listed the partitions
-- and would miss what was moved. A consumer that missed a batch so would step over it for ever.
CREATE FUNCTION brain_add_partition(parent text, child text, cut text, lo timestamptz, hi timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  rest text := parent || '_rest';
BEGIN
  IF to_regclass(child) IS NOT NULL THEN
    RETURN true;
  END IF;
  PERFORM set_config('lock_timeout', '2s', true);
  EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent);
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', rest);
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING IDENTITY)', child, parent);
  EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= $1 AND %2$I < $2 RETURNING *) INSERT INTO %I SELECT * FROM moved',
                 rest, cut, child) USING lo, hi;
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, lo, hi);
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;

-- Drops a partition, or leaves it for the next time when a long reader is in the way.
CREATE FUNCTION brain_drop_partition(child text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  EXECUTE format('DROP TABLE %I', child);
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;

-- Have all consumers passed everything that a table of batches holds?
CREATE FUNCTION brain_passed(child text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
  waiting boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I b JOIN consumer c ON (b.xid, b.id) > (c.xid, c.batch))', child) INTO waiting;
  RETURN NOT waiting;
END $$;

-- Days of `intake_batch` from today to a week ahead, and those that wait in the default partition; drops the days that
-- are old enough and that every consumer has passed. One transaction a partition.
CREATE PROCEDURE brain_make_intake_partitions(now timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
  oldest timestamptz := brain_day(now) - make_interval(days => (SELECT days FROM keeping WHERE what = 'intake_batch'));
  part   record;
  done   boolean;
BEGIN
  FOR part IN
    SELECT d AS lo, d + interval '1 day' AS hi
      FROM (SELECT brain_day(now) + n * interval '1 day' AS d FROM generate_series(0, 7) n
            UNION
            SELECT brain_day(received_at) FROM intake_batch_rest
             WHERE received_at >= oldest AND received_at < brain_day(now) + interval '8 days') days
     ORDER BY d
  LOOP
    done := brain_add_partition('intake_batch', 'intake_batch_' || to_char(part.lo AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD'),
                                'received_at', part.lo, part.hi);
    COMMIT;
    EXIT WHEN NOT done;
  END LOOP;
  FOR part IN SELECT child FROM brain_partitions('intake_batch') WHERE hi <= oldest LOOP
    done := NOT brain_passed(part.child) OR brain_drop_partition(part.child);
    COMMIT;
    EXIT WHEN NOT done;
  END LOOP;
  DELETE FROM intake_batch_rest b
   WHERE received_at < oldest AND NOT EXISTS (SELECT 1 FROM consumer c WHERE (b.xid, b.id) > (c.xid, c.batch));
  COMMIT;
END $$;

-- To be called once after a dump was restored into another cluster, whose transaction ids start anew: what was committed
-- before the dump is put in front of everything. A batch may be seen a second time; none is missed.
CREATE FUNCTION brain_after_restore() RETURNS void
LANGUAGE sql AS $$
  UPDATE consumer c
     SET xid = '0',
         batch = coalesce((SELECT min(b.id) - 1 FROM intake_batch b WHERE (b.xid, b.id) > (c.xid, c.batch)), c.batch);
  UPDATE intake_batch SET xid = '0';
  UPDATE roll_up_state SET fence = NULL;
$$;
