-- Dumped from database version 18.4
-- Dumped by pg_dump version 18.4

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE FUNCTION public.brain_add_partition(parent text, child text, cut text, lo timestamp with time zone, hi timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql
    AS $_$
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
END $_$;

CREATE FUNCTION public.brain_after_restore() RETURNS void
    LANGUAGE sql
    AS $$
  UPDATE consumer c
     SET xid = '0',
         batch = coalesce((SELECT min(b.id) - 1 FROM intake_batch b WHERE (b.xid, b.id) > (c.xid, c.batch)), c.batch);
  UPDATE intake_batch SET xid = '0';
  UPDATE roll_up_state SET fence = NULL;
$$;

CREATE FUNCTION public.brain_begin_write() RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM pg_current_xact_id();
END $$;

CREATE FUNCTION public.brain_day(at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN date_trunc('day'::text, at, 'Asia/Shanghai'::text);

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.reading_1d_kept (
    station text CONSTRAINT reading_1h_kept_station_not_null NOT NULL COLLATE pg_catalog."C",
    kind text CONSTRAINT reading_1h_kept_kind_not_null NOT NULL COLLATE pg_catalog."C",
    bucket timestamp with time zone CONSTRAINT reading_1h_kept_bucket_not_null NOT NULL,
    n bigint CONSTRAINT reading_1h_kept_n_not_null NOT NULL,
    mean double precision,
    low double precision,
    high double precision,
    total double precision,
    first double precision,
    last double precision,
    n_all bigint CONSTRAINT reading_1h_kept_n_all_not_null NOT NULL
);

CREATE FUNCTION public.brain_days(lo timestamp with time zone, hi timestamp with time zone) RETURNS SETOF public.reading_1d_kept
    LANGUAGE sql STABLE
    AS $$
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

CREATE FUNCTION public.brain_delay(at timestamp with time zone, received timestamp with time zone) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((floor(date_part('epoch'::text, (received - '2000-01-01 00:00:00+00'::timestamp with time zone))) - floor(date_part('epoch'::text, (at - '2000-01-01 00:00:00+00'::timestamp with time zone)))))::integer;

CREATE FUNCTION public.brain_delay_class(delay interval) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (floor((((4)::double precision * ln(GREATEST((EXTRACT(epoch FROM delay))::double precision, (0.0625)::double precision))) / ln((2.0)::double precision))))::smallint;

CREATE FUNCTION public.brain_drop_partition(child text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
BEGIN
  PERFORM set_config('lock_timeout', '2s', true);
  EXECUTE format('DROP TABLE %I', child);
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;

CREATE FUNCTION public.brain_hour(at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN date_bin('01:00:00'::interval, at, '2000-01-01 00:00:00+00'::timestamp with time zone);

CREATE TABLE public.reading_1h_kept (
    station text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    bucket timestamp with time zone NOT NULL,
    n bigint NOT NULL,
    mean double precision,
    low double precision,
    high double precision,
    total double precision,
    first double precision,
    last double precision,
    n_all bigint NOT NULL
);

CREATE FUNCTION public.brain_hours(lo timestamp with time zone, hi timestamp with time zone) RETURNS SETOF public.reading_1h_kept
    LANGUAGE sql STABLE
    AS $$
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

CREATE FUNCTION public.brain_keep(what text, days integer) RETURNS void
    LANGUAGE sql
    AS $$
  UPDATE keeping SET days = brain_keep.days WHERE keeping.what = brain_keep.what
$$;

CREATE PROCEDURE public.brain_make_intake_partitions(IN now timestamp with time zone)
    LANGUAGE plpgsql
    AS $$
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

CREATE PROCEDURE public.brain_make_partitions(IN now timestamp with time zone)
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.brain_partitions(parent text) RETURNS TABLE(child text, lo timestamp with time zone, hi timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
  SELECT c.relname, (regexp_match(b.bound, 'FROM \(''([^'']+)''\)'))[1]::timestamptz,
         (regexp_match(b.bound, 'TO \(''([^'']+)''\)'))[1]::timestamptz
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
   CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS bound) b
   WHERE i.inhparent = to_regclass(parent) AND b.bound <> 'DEFAULT'
   ORDER BY 2
$$;

CREATE FUNCTION public.brain_passed(child text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
  waiting boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I b JOIN consumer c ON (b.xid, b.id) > (c.xid, c.batch))', child) INTO waiting;
  RETURN NOT waiting;
END $$;

CREATE TABLE public.keeping (
    what text NOT NULL,
    days integer NOT NULL,
    why text NOT NULL,
    CONSTRAINT keeping_days_check CHECK ((days > 0))
);

CREATE FUNCTION public.brain_raw_from(now timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    RETURN (public.brain_day(now) - make_interval(days => (SELECT keeping.days FROM public.keeping WHERE (keeping.what = 'reading'::text))));

CREATE TABLE public.dirty_bucket (
    id bigint NOT NULL,
    station text NOT NULL,
    kind text NOT NULL,
    bucket timestamp with time zone NOT NULL
);

CREATE TABLE public.roll_up_state (
    one boolean DEFAULT true NOT NULL,
    closed_before timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    marks_before timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    fence xid8,
    grace interval DEFAULT '00:10:00'::interval NOT NULL,
    CONSTRAINT roll_up_state_check CHECK ((marks_before >= closed_before)),
    CONSTRAINT roll_up_state_one_check CHECK (one)
);

CREATE FUNCTION public.brain_raw_counted(now timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (((SELECT roll_up_state.closed_before FROM public.roll_up_state) >= public.brain_raw_from(now)) AND (NOT (EXISTS (SELECT 1 FROM public.dirty_bucket WHERE (dirty_bucket.bucket < public.brain_raw_from(brain_raw_counted.now))))));

CREATE FUNCTION public.brain_reason_words(rule text, reason text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (rule = ANY (ARRAY['station'::text, 'kind'::text, 'unit'::text])) THEN reason ELSE regexp_replace(regexp_replace(reason, '[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?'::text, '…'::text, 'g'::text), '(?<![A-Za-z0-9.+-])-?[0-9]+([.][0-9]+)?(e[+-]?[0-9]+)?(?![0-9A-Za-z]|小时)'::text, '…'::text, 'g'::text) END;

CREATE FUNCTION public.brain_received(at timestamp with time zone, delay_s integer) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (date_bin('00:00:01'::interval, at, '2000-01-01 00:00:00+00'::timestamp with time zone) + ((delay_s)::double precision * '00:00:01'::interval));

CREATE PROCEDURE public.brain_roll_up(IN now timestamp with time zone, INOUT redone bigint)
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.brain_stage() RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.brain_trusted(quality text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (quality = ANY (ARRAY['ok'::text, 'late'::text, 'manual'::text]));

CREATE FUNCTION public.event_log_chain() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
  last_seq int;
  last_at timestamptz;
  last_hash bytea;
BEGIN
  SELECT l.seq, l.at, l.hash INTO last_seq, last_at, last_hash
    FROM event_log l WHERE l.event_id = NEW.event_id ORDER BY l.seq DESC LIMIT 1;
  NEW.seq := coalesce(last_seq, 0) + 1;
  NEW.at := greatest(NEW.at, last_at);         -- two servers' clocks may differ: a history never runs backwards
  NEW.hash := event_log_hash(last_hash, NEW.event_id, NEW.seq, NEW.at, NEW.verb, NEW.from_state, NEW.to_state, NEW.actor_id,
                             NEW.actor_name, NEW.role, NEW.org, NEW.reason, NEW.note, NEW.detail);
  RETURN NEW;
END $$;

CREATE FUNCTION public.event_log_hash(before bytea, event_id text, seq integer, at timestamp with time zone, verb text, from_state text, to_state text, actor_id bigint, actor_name text, role text, org text, reason text, note text, detail jsonb) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
  SELECT sha256(coalesce(before, ''::bytea) || convert_to(jsonb_build_array(
    event_id, seq, (extract(epoch FROM at) * 1000000)::bigint, verb, from_state, to_state, actor_id, actor_name, role, org,
    reason, note, detail)::text, 'UTF8'))
$$;

CREATE FUNCTION public.intake_book_moves() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  UPDATE intake_book SET version = version + 1;
  RETURN NULL;
END $$;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TABLE public.alert (
    id bigint NOT NULL,
    station text NOT NULL,
    kind text NOT NULL,
    rule text NOT NULL,
    theme text NOT NULL,
    level smallint NOT NULL,
    peak smallint NOT NULL,
    value double precision,
    limit_value double precision,
    message text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    cleared_at timestamp with time zone,
    acked_at timestamp with time zone,
    acked_by text,
    acked_until timestamp with time zone,
    late boolean DEFAULT false NOT NULL,
    count integer DEFAULT 1 NOT NULL,
    event_id text,
    lng double precision,
    lat double precision,
    town text,
    grid text,
    evidence jsonb DEFAULT '{}'::jsonb NOT NULL,
    told smallint,
    tellings integer DEFAULT 0 NOT NULL,
    ack_due_at timestamp with time zone,
    proposed_at timestamp with time zone,
    CONSTRAINT alert_level_check CHECK (((level >= 1) AND (level <= 4))),
    CONSTRAINT alert_peak_check CHECK (((peak >= 1) AND (peak <= 4))),
    CONSTRAINT alert_told_check CHECK (((told >= 1) AND (told <= 4)))
);

ALTER TABLE public.alert ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.alert_log (
    id bigint NOT NULL,
    alert_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    what text NOT NULL,
    level smallint,
    value double precision,
    actor text NOT NULL,
    note text DEFAULT ''::text NOT NULL
);

ALTER TABLE public.alert_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.alert_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_id bigint,
    actor text NOT NULL,
    action text NOT NULL,
    object text DEFAULT ''::text NOT NULL,
    ip text DEFAULT ''::text NOT NULL,
    ok boolean NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.calibration (
    id bigint NOT NULL,
    station text NOT NULL,
    kind text NOT NULL,
    starts timestamp with time zone NOT NULL,
    ends timestamp with time zone,
    factor double precision DEFAULT 1 NOT NULL,
    addend double precision DEFAULT 0 NOT NULL,
    why text NOT NULL,
    by text NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    effective timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT calibration_check CHECK ((starts < ends)),
    CONSTRAINT calibration_check1 CHECK ((effective >= entered_at)),
    CONSTRAINT calibration_factor_check CHECK ((factor <> (0)::double precision))
);

ALTER TABLE public.calibration ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.calibration_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.cell (
    code character(15) NOT NULL,
    town text NOT NULL,
    village text NOT NULL,
    grid text NOT NULL,
    area_m2 double precision NOT NULL,
    lng double precision NOT NULL,
    lat double precision NOT NULL,
    geom bytea NOT NULL
);

CREATE TABLE public.consumer (
    name text NOT NULL,
    xid xid8 DEFAULT '0'::xid8 NOT NULL,
    batch bigint DEFAULT 0 NOT NULL,
    seen_at timestamp with time zone
);

CREATE TABLE public.dead_letter (
    id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    feed text NOT NULL,
    topic text NOT NULL,
    payload bytea NOT NULL,
    rule text NOT NULL,
    reason text NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    discarded_by text,
    discarded_at timestamp with time zone,
    discard_reason text,
    CONSTRAINT dead_letter_status_check CHECK ((status = ANY (ARRAY['open'::text, 'replayed'::text, 'discarded'::text])))
);

ALTER TABLE public.dead_letter ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.dead_letter_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.dirty_bucket ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.dirty_bucket_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.event (
    id text NOT NULL,
    category text NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    state text NOT NULL,
    source text NOT NULL,
    level smallint,
    address text DEFAULT ''::text NOT NULL,
    lng double precision NOT NULL,
    lat double precision NOT NULL,
    town text,
    village text,
    grid text,
    cell text,
    alert_id bigint,
    station text,
    reporter_id bigint,
    reporter_org text,
    org text,
    handler_id bigint,
    checker_id bigint,
    limit_clock text,
    limit_amount double precision,
    ladder jsonb,
    stage_due_at timestamp with time zone,
    due_at timestamp with time zone,
    reported_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    verify_asked_at timestamp with time zone,
    verified_at timestamp with time zone,
    registered_at timestamp with time zone,
    dispatched_at timestamp with time zone,
    taken_at timestamp with time zone,
    arrived_at timestamp with time zone,
    answered_at timestamp with time zone,
    checked_at timestamp with time zone,
    closed_at timestamp with time zone,
    rated_at timestamp with time zone,
    suspended_at timestamp with time zone,
    suspended_from text,
    suspend_until timestamp with time zone,
    register_condition text,
    close_condition text,
    returns integer DEFAULT 0 NOT NULL,
    reworks integer DEFAULT 0 NOT NULL,
    extensions integer DEFAULT 0 NOT NULL,
    urges integer DEFAULT 0 NOT NULL,
    reopened integer DEFAULT 0 NOT NULL,
    rung integer DEFAULT 0 NOT NULL,
    next_rung_at timestamp with time zone,
    supervised boolean DEFAULT false NOT NULL,
    self_handled boolean DEFAULT false NOT NULL,
    check_passed boolean,
    rating_response smallint,
    rating_solved smallint,
    rating_satisfied smallint,
    duplicate_of text,
    simulated boolean DEFAULT false NOT NULL,
    client_key uuid,
    version integer DEFAULT 0 NOT NULL,
    stage_told_at timestamp with time zone,
    due_told_at timestamp with time zone,
    CONSTRAINT event_level_check CHECK (((level >= 1) AND (level <= 4)))
);

CREATE TABLE public.event_log (
    event_id text NOT NULL,
    seq integer NOT NULL,
    at timestamp with time zone NOT NULL,
    verb text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    actor_id bigint,
    actor_name text NOT NULL,
    role text NOT NULL,
    org text,
    reason text,
    note text,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE public.event_part (
    event_id text NOT NULL,
    org text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    handler_id bigint,
    note text DEFAULT ''::text NOT NULL,
    answered_at timestamp with time zone,
    answered_by bigint,
    answer text DEFAULT ''::text NOT NULL,
    due_told_at timestamp with time zone
);

CREATE TABLE public.event_serial (
    day date NOT NULL,
    last integer NOT NULL
);

CREATE TABLE public.fact (
    key text NOT NULL,
    value jsonb NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.feed_drift (
    id bigint NOT NULL,
    feed text NOT NULL,
    source text NOT NULL,
    at timestamp with time zone NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    seen_by text,
    seen_at timestamp with time zone
);

ALTER TABLE public.feed_drift ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.feed_drift_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.feed_hour (
    feed text NOT NULL,
    hour timestamp with time zone NOT NULL,
    station text NOT NULL,
    kind text NOT NULL,
    delay smallint NOT NULL,
    n integer NOT NULL,
    trusted integer NOT NULL
);

CREATE TABLE public.feed_key (
    id text NOT NULL,
    org text NOT NULL,
    feeds text[] NOT NULL,
    sealed bytea NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT feed_key_feeds_check CHECK ((cardinality(feeds) > 0))
);

CREATE TABLE public.feed_known (
    feed text NOT NULL,
    title text NOT NULL,
    theme text NOT NULL,
    org text NOT NULL,
    topic text NOT NULL
);

CREATE TABLE public.feed_minute (
    feed text NOT NULL,
    minute timestamp with time zone NOT NULL,
    received integer NOT NULL,
    stored integer NOT NULL,
    duplicate integer NOT NULL,
    dead integer NOT NULL
);

CREATE TABLE public.feed_shape (
    feed text NOT NULL,
    shape text NOT NULL,
    fields jsonb NOT NULL,
    sample bytea NOT NULL,
    source text NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    n bigint NOT NULL
);

CREATE TABLE public.feed_status (
    feed text NOT NULL,
    received bigint DEFAULT 0 NOT NULL,
    stored bigint DEFAULT 0 NOT NULL,
    duplicate bigint DEFAULT 0 NOT NULL,
    dead bigint DEFAULT 0 NOT NULL,
    last_received_at timestamp with time zone,
    last_observed_at timestamp with time zone
);

CREATE TABLE public.intake_batch (
    id bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    received_at timestamp with time zone NOT NULL,
    feed text NOT NULL,
    worker text NOT NULL,
    lane text DEFAULT 'live'::text NOT NULL,
    received integer NOT NULL,
    stored integer NOT NULL,
    duplicate integer NOT NULL,
    dead integer NOT NULL,
    stations text[] NOT NULL,
    kinds text[] NOT NULL,
    ats timestamp with time zone[] NOT NULL,
    seqs text[] NOT NULL,
    vals double precision[] NOT NULL,
    qualities text[] NOT NULL,
    CONSTRAINT intake_batch_lane_check CHECK ((lane = ANY (ARRAY['live'::text, 'history'::text])))
)
PARTITION BY RANGE (received_at);

CREATE TABLE public.intake_batch_20260901 (
    id bigint CONSTRAINT intake_batch_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT intake_batch_xid_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT intake_batch_received_at_not_null NOT NULL,
    feed text CONSTRAINT intake_batch_feed_not_null NOT NULL,
    worker text CONSTRAINT intake_batch_worker_not_null NOT NULL,
    lane text DEFAULT 'live'::text CONSTRAINT intake_batch_lane_not_null NOT NULL,
    received integer CONSTRAINT intake_batch_received_not_null NOT NULL,
    stored integer CONSTRAINT intake_batch_stored_not_null NOT NULL,
    duplicate integer CONSTRAINT intake_batch_duplicate_not_null NOT NULL,
    dead integer CONSTRAINT intake_batch_dead_not_null NOT NULL,
    stations text[] CONSTRAINT intake_batch_stations_not_null NOT NULL,
    kinds text[] CONSTRAINT intake_batch_kinds_not_null NOT NULL,
    ats timestamp with time zone[] CONSTRAINT intake_batch_ats_not_null NOT NULL,
    seqs text[] CONSTRAINT intake_batch_seqs_not_null NOT NULL,
    vals double precision[] CONSTRAINT intake_batch_vals_not_null NOT NULL,
    qualities text[] CONSTRAINT intake_batch_qualities_not_null NOT NULL,
    CONSTRAINT intake_batch_lane_check CHECK ((lane = ANY (ARRAY['live'::text, 'history'::text])))
);

CREATE TABLE public.intake_batch_20260902 (
    id bigint CONSTRAINT intake_batch_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT intake_batch_xid_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT intake_batch_received_at_not_null NOT NULL,
    feed text CONSTRAINT intake_batch_feed_not_null NOT NULL,
    worker text CONSTRAINT intake_batch_worker_not_null NOT NULL,
    lane text DEFAULT 'live'::text CONSTRAINT intake_batch_lane_not_null NOT NULL,
    received integer CONSTRAINT intake_batch_received_not_null NOT NULL,
    stored integer CONSTRAINT intake_batch_stored_not_null NOT NULL,
    duplicate integer CONSTRAINT intake_batch_duplicate_not_null NOT NULL,
    dead integer CONSTRAINT intake_batch_dead_not_null NOT NULL,
    stations text[] CONSTRAINT intake_batch_stations_not_null NOT NULL,
    kinds text[] CONSTRAINT intake_batch_kinds_not_null NOT NULL,
    ats timestamp with time zone[] CONSTRAINT intake_batch_ats_not_null NOT NULL,
    seqs text[] CONSTRAINT intake_batch_seqs_not_null NOT NULL,
    vals double precision[] CONSTRAINT intake_batch_vals_not_null NOT NULL,
    qualities text[] CONSTRAINT intake_batch_qualities_not_null NOT NULL,
    CONSTRAINT intake_batch_lane_check CHECK ((lane = ANY (ARRAY['live'::text, 'history'::text])))
);

CREATE TABLE public.intake_batch_20260903 (
    id bigint CONSTRAINT intake_batch_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT intake_batch_xid_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT intake_batch_received_at_not_null NOT NULL,
    feed text CONSTRAINT intake_batch_feed_not_null NOT NULL,
    worker text CONSTRAINT intake_batch_worker_not_null NOT NULL,
    lane text DEFAULT 'live'::text CONSTRAINT intake_batch_lane_not_null NOT NULL,
    received integer CONSTRAINT intake_batch_received_not_null NOT NULL,
    stored integer CONSTRAINT intake_batch_stored_not_null NOT NULL,
    duplicate integer CONSTRAINT intake_batch_duplicate_not_null NOT NULL,
    dead integer CONSTRAINT intake_batch_dead_not_null NOT NULL,
    stations text[] CONSTRAINT intake_batch_stations_not_null NOT NULL,
    kinds text[] CONSTRAINT intake_batch_kinds_not_null NOT NULL,
    ats timestamp with time zone[] CONSTRAINT intake_batch_ats_not_null NOT NULL,
    seqs text[] CONSTRAINT intake_batch_seqs_not_null NOT NULL,
    vals double precision[] CONSTRAINT intake_batch_vals_not_null NOT NULL,
    qualities text[] CONSTRAINT intake_batch_qualities_not_null NOT NULL,
    CONSTRAINT intake_batch_lane_check CHECK ((lane = ANY (ARRAY['live'::text, 'history'::text])))
);

CREATE TABLE public.intake_batch_20260904 (
    id bigint CONSTRAINT intake_batch_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT intake_batch_xid_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT intake_batch_received_at_not_null NOT NULL,
    feed text CONSTRAINT intake_batch_feed_not_null NOT NULL,
    worker text CONSTRAINT intake_batch_worker_not_null NOT NULL,
    lane text DEFAULT 'live'::text CONSTRAINT intake_batch_lane_not_null NOT NULL,
    received integer CONSTRAINT intake_batch_received_not_null NOT NULL,
    stored integer CONSTRAINT intake_batch_stored_not_null NOT NULL,
    duplicate integer CONSTRAINT intake_batch_duplicate_not_null NOT NULL,
    dead integer CONSTRAINT intake_batch_dead_not_null NOT NULL,
    stations text[] CONSTRAINT intake_batch_stations_not_null NOT NULL,
    kinds text[] CONSTRAINT intake_batch_kinds_not_null NOT NULL,
    ats timestamp with time zone[] CONSTRAINT intake_batch_ats_not_null NOT NULL,
    seqs text[] CONSTRAINT intake_batch_seqs_not_null NOT NULL,
    vals double precision[] CONSTRAINT intake_batch_vals_not_null NOT NULL,
    qualities text[] CONSTRAINT intake_batch_qualities_not_null NOT NULL,
    CONSTRAINT intake_batch_lane_check CHECK ((lane = ANY (ARRAY['live'::text, 'history'::text])))
);

CREATE TABLE public.intake_batch_20260905 (
    id bigint CONSTRAINT intake_batch_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT intake_batch_xid_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT intake_batch_received_at_not_null NOT NULL,
    feed text CONSTRAINT intake_batch_feed_not_null NOT NULL,
    worker text CONSTRAINT intake_batch_worker_not_null NOT NULL,
    lane text DEFAULT 'live'::text CONSTRAINT intake_batch_lane_not_null NOT NULL,
    received integer CONSTRAINT intake_batch_received_not_null NOT NULL,
    stored integer CONSTRAINT intake_batch_stored_not_null NOT NULL,
    duplicate integer CONSTRAINT intake_batch_duplicate_not_null NOT NULL,
    dead integer CONSTRAINT intake_batch_dead_not_null NOT NULL,
    stations text[] CONSTRAINT intake_batch_stations_not_null NOT NULL,
    kinds text[] CONSTRAINT intake_batch_kinds_not_null NOT NULL,
    ats timestamp with time zone[] CONSTRAINT intake_batch_ats_not_null NOT NULL,
    seqs text[] CONSTRAINT intake_batch_seqs_not_null NOT NULL,
    vals double precision[] CONSTRAINT intake_batch_vals_not_null NOT NULL,
    qualities text[] CONSTRAINT intake_batch_qualities_not_null NOT NULL,
    CONSTRAINT intake_batch_lane_check CHECK ((lane = ANY (ARRAY['live'::text, 'history'::text])))
);

CREATE TABLE public.intake_batch_20260906 (
    id bigint CONSTRAINT intake_batch_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT intake_batch_xid_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT intake_batch_received_at_not_null NOT NULL,
    feed text CONSTRAINT intake_batch_feed_not_null NOT NULL,
    worker text CONSTRAINT intake_batch_worker_not_null NOT NULL,
    lane text DEFAULT 'live'::text CONSTRAINT intake_batch_lane_not_null NOT NULL,
    received integer CONSTRAINT intake_batch_received_not_null NOT NULL,
    stored integer CONSTRAINT intake_batch_stored_not_null NOT NULL,
    duplicate integer CONSTRAINT intake_batch_duplicate_not_null NOT NULL,
    dead integer CONSTRAINT intake_batch_dead_not_null NOT NULL,
    stations text[] CONSTRAINT intake_batch_stations_not_null NOT NULL,
    kinds text[] CONSTRAINT intake_batch_kinds_not_null NOT NULL,
    ats timestamp with time zone[] CONSTRAINT intake_batch_ats_not_null NOT NULL,
    seqs text[] CONSTRAINT intake_batch_seqs_not_null NOT NULL,
    vals double precision[] CONSTRAINT intake_batch_vals_not_null NOT NULL,
    qualities text[] CONSTRAINT intake_batch_qualities_not_null NOT NULL,
    CONSTRAINT intake_batch_lane_check CHECK ((lane = ANY (ARRAY['live'::text, 'history'::text])))
);

CREATE TABLE public.intake_batch_20260907 (
    id bigint CONSTRAINT intake_batch_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT intake_batch_xid_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT intake_batch_received_at_not_null NOT NULL,
    feed text CONSTRAINT intake_batch_feed_not_null NOT NULL,
    worker text CONSTRAINT intake_batch_worker_not_null NOT NULL,
    lane text DEFAULT 'live'::text CONSTRAINT intake_batch_lane_not_null NOT NULL,
    received integer CONSTRAINT intake_batch_received_not_null NOT NULL,
    stored integer CONSTRAINT intake_batch_stored_not_null NOT NULL,
    duplicate integer CONSTRAINT intake_batch_duplicate_not_null NOT NULL,
    dead integer CONSTRAINT intake_batch_dead_not_null NOT NULL,
    stations text[] CONSTRAINT intake_batch_stations_not_null NOT NULL,
    kinds text[] CONSTRAINT intake_batch_kinds_not_null NOT NULL,
    ats timestamp with time zone[] CONSTRAINT intake_batch_ats_not_null NOT NULL,
    seqs text[] CONSTRAINT intake_batch_seqs_not_null NOT NULL,
    vals double precision[] CONSTRAINT intake_batch_vals_not_null NOT NULL,
    qualities text[] CONSTRAINT intake_batch_qualities_not_null NOT NULL,
    CONSTRAINT intake_batch_lane_check CHECK ((lane = ANY (ARRAY['live'::text, 'history'::text])))
);

CREATE TABLE public.intake_batch_20260908 (
    id bigint CONSTRAINT intake_batch_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT intake_batch_xid_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT intake_batch_received_at_not_null NOT NULL,
    feed text CONSTRAINT intake_batch_feed_not_null NOT NULL,
    worker text CONSTRAINT intake_batch_worker_not_null NOT NULL,
    lane text DEFAULT 'live'::text CONSTRAINT intake_batch_lane_not_null NOT NULL,
    received integer CONSTRAINT intake_batch_received_not_null NOT NULL,
    stored integer CONSTRAINT intake_batch_stored_not_null NOT NULL,
    duplicate integer CONSTRAINT intake_batch_duplicate_not_null NOT NULL,
    dead integer CONSTRAINT intake_batch_dead_not_null NOT NULL,
    stations text[] CONSTRAINT intake_batch_stations_not_null NOT NULL,
    kinds text[] CONSTRAINT intake_batch_kinds_not_null NOT NULL,
    ats timestamp with time zone[] CONSTRAINT intake_batch_ats_not_null NOT NULL,
    seqs text[] CONSTRAINT intake_batch_seqs_not_null NOT NULL,
    vals double precision[] CONSTRAINT intake_batch_vals_not_null NOT NULL,
    qualities text[] CONSTRAINT intake_batch_qualities_not_null NOT NULL,
    CONSTRAINT intake_batch_lane_check CHECK ((lane = ANY (ARRAY['live'::text, 'history'::text])))
);

CREATE TABLE public.intake_batch_20260909 (
    id bigint CONSTRAINT intake_batch_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT intake_batch_xid_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT intake_batch_received_at_not_null NOT NULL,
    feed text CONSTRAINT intake_batch_feed_not_null NOT NULL,
    worker text CONSTRAINT intake_batch_worker_not_null NOT NULL,
    lane text DEFAULT 'live'::text CONSTRAINT intake_batch_lane_not_null NOT NULL,
    received integer CONSTRAINT intake_batch_received_not_null NOT NULL,
    stored integer CONSTRAINT intake_batch_stored_not_null NOT NULL,
    duplicate integer CONSTRAINT intake_batch_duplicate_not_null NOT NULL,
    dead integer CONSTRAINT intake_batch_dead_not_null NOT NULL,
    stations text[] CONSTRAINT intake_batch_stations_not_null NOT NULL,
    kinds text[] CONSTRAINT intake_batch_kinds_not_null NOT NULL,
    ats timestamp with time zone[] CONSTRAINT intake_batch_ats_not_null NOT NULL,
    seqs text[] CONSTRAINT intake_batch_seqs_not_null NOT NULL,
    vals double precision[] CONSTRAINT intake_batch_vals_not_null NOT NULL,
    qualities text[] CONSTRAINT intake_batch_qualities_not_null NOT NULL,
    CONSTRAINT intake_batch_lane_check CHECK ((lane = ANY (ARRAY['live'::text, 'history'::text])))
);

CREATE TABLE public.intake_batch_20260910 (
    id bigint CONSTRAINT intake_batch_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT intake_batch_xid_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT intake_batch_received_at_not_null NOT NULL,
    feed text CONSTRAINT intake_batch_feed_not_null NOT NULL,
    worker text CONSTRAINT intake_batch_worker_not_null NOT NULL,
    lane text DEFAULT 'live'::text CONSTRAINT intake_batch_lane_not_null NOT NULL,
    received integer CONSTRAINT intake_batch_received_not_null NOT NULL,
    stored integer CONSTRAINT intake_batch_stored_not_null NOT NULL,
    duplicate integer CONSTRAINT intake_batch_duplicate_not_null NOT NULL,
    dead integer CONSTRAINT intake_batch_dead_not_null NOT NULL,
    stations text[] CONSTRAINT intake_batch_stations_not_null NOT NULL,
    kinds text[] CONSTRAINT intake_batch_kinds_not_null NOT NULL,
    ats timestamp with time zone[] CONSTRAINT intake_batch_ats_not_null NOT NULL,
    seqs text[] CONSTRAINT intake_batch_seqs_not_null NOT NULL,
    vals double precision[] CONSTRAINT intake_batch_vals_not_null NOT NULL,
    qualities text[] CONSTRAINT intake_batch_qualities_not_null NOT NULL,
    CONSTRAINT intake_batch_lane_check CHECK ((lane = ANY (ARRAY['live'::text, 'history'::text])))
);

ALTER TABLE public.intake_batch ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.intake_batch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.intake_batch_rest (
    id bigint CONSTRAINT intake_batch_id_not_null NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() CONSTRAINT intake_batch_xid_not_null NOT NULL,
    received_at timestamp with time zone CONSTRAINT intake_batch_received_at_not_null NOT NULL,
    feed text CONSTRAINT intake_batch_feed_not_null NOT NULL,
    worker text CONSTRAINT intake_batch_worker_not_null NOT NULL,
    lane text DEFAULT 'live'::text CONSTRAINT intake_batch_lane_not_null NOT NULL,
    received integer CONSTRAINT intake_batch_received_not_null NOT NULL,
    stored integer CONSTRAINT intake_batch_stored_not_null NOT NULL,
    duplicate integer CONSTRAINT intake_batch_duplicate_not_null NOT NULL,
    dead integer CONSTRAINT intake_batch_dead_not_null NOT NULL,
    stations text[] CONSTRAINT intake_batch_stations_not_null NOT NULL,
    kinds text[] CONSTRAINT intake_batch_kinds_not_null NOT NULL,
    ats timestamp with time zone[] CONSTRAINT intake_batch_ats_not_null NOT NULL,
    seqs text[] CONSTRAINT intake_batch_seqs_not_null NOT NULL,
    vals double precision[] CONSTRAINT intake_batch_vals_not_null NOT NULL,
    qualities text[] CONSTRAINT intake_batch_qualities_not_null NOT NULL,
    CONSTRAINT intake_batch_lane_check CHECK ((lane = ANY (ARRAY['live'::text, 'history'::text])))
);

CREATE TABLE public.intake_book (
    one boolean DEFAULT true NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    CONSTRAINT intake_book_one_check CHECK (one)
);

CREATE TABLE public.intake_file (
    id bigint NOT NULL,
    feed text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    by text DEFAULT ''::text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    state text DEFAULT 'taking'::text NOT NULL,
    rows integer DEFAULT 0 NOT NULL,
    stored integer DEFAULT 0 NOT NULL,
    duplicate integer DEFAULT 0 NOT NULL,
    dead integer DEFAULT 0 NOT NULL,
    waiting integer DEFAULT 0 NOT NULL,
    report jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT intake_file_state_check CHECK ((state = ANY (ARRAY['taking'::text, 'done'::text, 'failed'::text, 'same'::text])))
);

ALTER TABLE public.intake_file ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.intake_file_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.intake_mapping (
    feed text NOT NULL,
    what text NOT NULL,
    given text NOT NULL,
    meant text NOT NULL,
    by text DEFAULT ''::text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT intake_mapping_what_check CHECK ((what = ANY (ARRAY['station'::text, 'kind'::text, 'unit'::text, 'column'::text])))
);

CREATE TABLE public.intake_worker (
    worker text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    beat_at timestamp with time zone NOT NULL,
    stopped_at timestamp with time zone,
    doors jsonb DEFAULT '{}'::jsonb NOT NULL,
    queued integer DEFAULT 0 NOT NULL,
    waiting_s double precision DEFAULT 0 NOT NULL,
    spill_units bigint DEFAULT 0 NOT NULL,
    spill_bytes bigint DEFAULT 0 NOT NULL,
    commit_at timestamp with time zone,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL
);

CREATE TABLE public.latest (
    station text NOT NULL,
    kind text NOT NULL,
    at timestamp with time zone NOT NULL,
    seq text DEFAULT ''::text NOT NULL,
    value double precision NOT NULL,
    quality text NOT NULL,
    received_at timestamp with time zone NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE public.maintenance (
    id bigint NOT NULL,
    station text NOT NULL,
    starts timestamp with time zone NOT NULL,
    ends timestamp with time zone NOT NULL,
    why text NOT NULL,
    by text NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT maintenance_check CHECK ((starts < ends))
);

ALTER TABLE public.maintenance ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.maintenance_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.mend_request (
    id bigint NOT NULL,
    feed text,
    rule text,
    letters bigint[],
    asked_by text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    taken_at timestamp with time zone,
    worker text,
    done_at timestamp with time zone,
    replayed integer,
    still jsonb,
    error text
);

ALTER TABLE public.mend_request ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.mend_request_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.notice (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    person_id bigint NOT NULL,
    event_id text,
    alert_id bigint,
    kind text NOT NULL,
    words text NOT NULL,
    read_at timestamp with time zone,
    once text
);

ALTER TABLE public.notice ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.notice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.org (
    code text NOT NULL,
    name text NOT NULL,
    short text NOT NULL,
    kind text NOT NULL,
    parent text,
    phone text DEFAULT ''::text NOT NULL,
    CONSTRAINT org_kind_check CHECK ((kind = ANY (ARRAY['department'::text, 'town'::text, 'desk'::text, 'team'::text])))
);

CREATE TABLE public.password_past (
    person_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    hash text NOT NULL
);

CREATE TABLE public.person (
    id bigint NOT NULL,
    login text NOT NULL,
    name text NOT NULL,
    phone text DEFAULT ''::text NOT NULL,
    role text NOT NULL,
    org text,
    places text[] DEFAULT '{}'::text[] NOT NULL,
    grid text,
    password_hash text,
    must_change boolean DEFAULT false NOT NULL,
    failed integer DEFAULT 0 NOT NULL,
    locked_until timestamp with time zone,
    active boolean DEFAULT true NOT NULL,
    simulated boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    password_at timestamp with time zone
);

ALTER TABLE public.person ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.person_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.photo (
    id uuid NOT NULL,
    event_id text,
    phase text NOT NULL,
    sha256 bytea NOT NULL,
    mime text NOT NULL,
    bytes integer NOT NULL,
    path text NOT NULL,
    lng double precision,
    lat double precision,
    taken_at timestamp with time zone,
    uploaded_at timestamp with time zone NOT NULL,
    by bigint,
    stored_sha256 bytea,
    CONSTRAINT photo_phase_check CHECK ((phase = ANY (ARRAY['report'::text, 'verify'::text, 'answer'::text, 'check'::text, 'other'::text])))
);

CREATE TABLE public.place (
    code text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    parent text,
    lng double precision,
    lat double precision,
    area_m2 double precision,
    geom bytea,
    origin text DEFAULT ''::text NOT NULL,
    CONSTRAINT place_kind_check CHECK ((kind = ANY (ARRAY['district'::text, 'town'::text, 'village'::text, 'grid'::text])))
);

CREATE TABLE public.poll_cursor (
    source text NOT NULL,
    cursor text,
    seen bytea DEFAULT '\x'::bytea NOT NULL,
    at timestamp with time zone,
    next_at timestamp with time zone NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    last_error text DEFAULT ''::text NOT NULL
);

CREATE TABLE public.push_receipt (
    key_id text NOT NULL,
    token text NOT NULL,
    asked bytea NOT NULL,
    at timestamp with time zone NOT NULL,
    status smallint NOT NULL,
    answer json NOT NULL
);

CREATE TABLE public.reading (
    station text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    seq text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    value double precision NOT NULL,
    quality text NOT NULL,
    delay_s integer NOT NULL,
    CONSTRAINT reading_value_check CHECK (((value > '-Infinity'::double precision) AND (value < 'Infinity'::double precision)))
)
PARTITION BY RANGE (at);

CREATE VIEW public.reading_1d AS
 SELECT k.station,
    k.kind,
    k.bucket,
    k.n,
    k.mean,
    k.low,
    k.high,
    k.total,
    k.first,
    k.last,
    k.n_all
   FROM public.reading_1d_kept k
  WHERE (k.bucket < ( SELECT public.brain_day(roll_up_state.closed_before) AS brain_day
           FROM public.roll_up_state))
UNION ALL
 SELECT d.station,
    d.kind,
    d.bucket,
    d.n,
    d.mean,
    d.low,
    d.high,
    d.total,
    d.first,
    d.last,
    d.n_all
   FROM (public.roll_up_state s
     CROSS JOIN LATERAL public.brain_days(public.brain_day(s.closed_before), 'infinity'::timestamp with time zone) d(station, kind, bucket, n, mean, low, high, total, first, last, n_all));

CREATE VIEW public.reading_1h AS
 SELECT k.station,
    k.kind,
    k.bucket,
    k.n,
    k.mean,
    k.low,
    k.high,
    k.total,
    k.first,
    k.last,
    k.n_all
   FROM public.reading_1h_kept k
  WHERE (k.bucket < ( SELECT roll_up_state.closed_before
           FROM public.roll_up_state))
UNION ALL
 SELECT h.station,
    h.kind,
    h.bucket,
    h.n,
    h.mean,
    h.low,
    h.high,
    h.total,
    h.first,
    h.last,
    h.n_all
   FROM (public.roll_up_state s
     CROSS JOIN LATERAL public.brain_hours(s.closed_before, 'infinity'::timestamp with time zone) h(station, kind, bucket, n, mean, low, high, total, first, last, n_all));

CREATE TABLE public.reading_2026w07 (
    station text CONSTRAINT reading_station_not_null NOT NULL COLLATE pg_catalog."C",
    kind text CONSTRAINT reading_kind_not_null NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone CONSTRAINT reading_at_not_null NOT NULL,
    seq text DEFAULT ''::text CONSTRAINT reading_seq_not_null NOT NULL COLLATE pg_catalog."C",
    value double precision CONSTRAINT reading_value_not_null NOT NULL,
    quality text CONSTRAINT reading_quality_not_null NOT NULL,
    delay_s integer CONSTRAINT reading_delay_s_not_null NOT NULL,
    CONSTRAINT reading_value_check CHECK (((value > '-Infinity'::double precision) AND (value < 'Infinity'::double precision)))
);

CREATE TABLE public.reading_2026w36 (
    station text CONSTRAINT reading_station_not_null NOT NULL COLLATE pg_catalog."C",
    kind text CONSTRAINT reading_kind_not_null NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone CONSTRAINT reading_at_not_null NOT NULL,
    seq text DEFAULT ''::text CONSTRAINT reading_seq_not_null NOT NULL COLLATE pg_catalog."C",
    value double precision CONSTRAINT reading_value_not_null NOT NULL,
    quality text CONSTRAINT reading_quality_not_null NOT NULL,
    delay_s integer CONSTRAINT reading_delay_s_not_null NOT NULL,
    CONSTRAINT reading_value_check CHECK (((value > '-Infinity'::double precision) AND (value < 'Infinity'::double precision)))
);

CREATE TABLE public.reading_2026w37 (
    station text CONSTRAINT reading_station_not_null NOT NULL COLLATE pg_catalog."C",
    kind text CONSTRAINT reading_kind_not_null NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone CONSTRAINT reading_at_not_null NOT NULL,
    seq text DEFAULT ''::text CONSTRAINT reading_seq_not_null NOT NULL COLLATE pg_catalog."C",
    value double precision CONSTRAINT reading_value_not_null NOT NULL,
    quality text CONSTRAINT reading_quality_not_null NOT NULL,
    delay_s integer CONSTRAINT reading_delay_s_not_null NOT NULL,
    CONSTRAINT reading_value_check CHECK (((value > '-Infinity'::double precision) AND (value < 'Infinity'::double precision)))
);

CREATE TABLE public.reading_2026w38 (
    station text CONSTRAINT reading_station_not_null NOT NULL COLLATE pg_catalog."C",
    kind text CONSTRAINT reading_kind_not_null NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone CONSTRAINT reading_at_not_null NOT NULL,
    seq text DEFAULT ''::text CONSTRAINT reading_seq_not_null NOT NULL COLLATE pg_catalog."C",
    value double precision CONSTRAINT reading_value_not_null NOT NULL,
    quality text CONSTRAINT reading_quality_not_null NOT NULL,
    delay_s integer CONSTRAINT reading_delay_s_not_null NOT NULL,
    CONSTRAINT reading_value_check CHECK (((value > '-Infinity'::double precision) AND (value < 'Infinity'::double precision)))
);

CREATE TABLE public.reading_2026w39 (
    station text CONSTRAINT reading_station_not_null NOT NULL COLLATE pg_catalog."C",
    kind text CONSTRAINT reading_kind_not_null NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone CONSTRAINT reading_at_not_null NOT NULL,
    seq text DEFAULT ''::text CONSTRAINT reading_seq_not_null NOT NULL COLLATE pg_catalog."C",
    value double precision CONSTRAINT reading_value_not_null NOT NULL,
    quality text CONSTRAINT reading_quality_not_null NOT NULL,
    delay_s integer CONSTRAINT reading_delay_s_not_null NOT NULL,
    CONSTRAINT reading_value_check CHECK (((value > '-Infinity'::double precision) AND (value < 'Infinity'::double precision)))
);

CREATE TABLE public.reading_2026w40 (
    station text CONSTRAINT reading_station_not_null NOT NULL COLLATE pg_catalog."C",
    kind text CONSTRAINT reading_kind_not_null NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone CONSTRAINT reading_at_not_null NOT NULL,
    seq text DEFAULT ''::text CONSTRAINT reading_seq_not_null NOT NULL COLLATE pg_catalog."C",
    value double precision CONSTRAINT reading_value_not_null NOT NULL,
    quality text CONSTRAINT reading_quality_not_null NOT NULL,
    delay_s integer CONSTRAINT reading_delay_s_not_null NOT NULL,
    CONSTRAINT reading_value_check CHECK (((value > '-Infinity'::double precision) AND (value < 'Infinity'::double precision)))
);

CREATE TABLE public.reading_rest (
    station text CONSTRAINT reading_station_not_null NOT NULL COLLATE pg_catalog."C",
    kind text CONSTRAINT reading_kind_not_null NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone CONSTRAINT reading_at_not_null NOT NULL,
    seq text DEFAULT ''::text CONSTRAINT reading_seq_not_null NOT NULL COLLATE pg_catalog."C",
    value double precision CONSTRAINT reading_value_not_null NOT NULL,
    quality text CONSTRAINT reading_quality_not_null NOT NULL,
    delay_s integer CONSTRAINT reading_delay_s_not_null NOT NULL,
    CONSTRAINT reading_value_check CHECK (((value > '-Infinity'::double precision) AND (value < 'Infinity'::double precision)))
);

CREATE TABLE public.receipt (
    client_key uuid NOT NULL,
    person_id bigint NOT NULL,
    asked bytea NOT NULL,
    at timestamp with time zone NOT NULL,
    answer json
);

CREATE TABLE public.report_snapshot (
    id bigint NOT NULL,
    period text NOT NULL,
    version integer NOT NULL,
    cut_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    data jsonb NOT NULL
);

ALTER TABLE public.report_snapshot ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.report_snapshot_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.resource (
    id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    org text,
    lng double precision NOT NULL,
    lat double precision NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    origin text DEFAULT ''::text NOT NULL
);

CREATE TABLE public.roster (
    id bigint NOT NULL,
    org text NOT NULL,
    person_id bigint NOT NULL,
    duty text NOT NULL,
    starts timestamp with time zone NOT NULL,
    ends timestamp with time zone NOT NULL,
    CONSTRAINT roster_check CHECK ((starts < ends))
);

ALTER TABLE public.roster ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.roster_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.route (
    id bigint NOT NULL,
    category text DEFAULT ''::text NOT NULL,
    place text DEFAULT ''::text NOT NULL,
    org text,
    note text DEFAULT ''::text NOT NULL
);

ALTER TABLE public.route ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.route_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.rule_state (
    station text NOT NULL,
    kind text NOT NULL,
    rule text NOT NULL,
    state jsonb NOT NULL,
    due timestamp with time zone
)
WITH (fillfactor='70');

CREATE TABLE public.schema_body (
    body text NOT NULL,
    CONSTRAINT schema_body_body_check CHECK ((body = ANY (ARRAY['timescale'::text, 'plain'::text])))
);

CREATE TABLE public.schema_migration (
    name text NOT NULL,
    ran_at timestamp with time zone DEFAULT now()
);

CREATE TABLE public.session (
    token_hash bytea NOT NULL,
    person_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ip text DEFAULT ''::text NOT NULL,
    agent text DEFAULT ''::text NOT NULL
);

CREATE TABLE public.station (
    id text NOT NULL,
    name text NOT NULL,
    theme text NOT NULL,
    lng double precision NOT NULL,
    lat double precision NOT NULL,
    town text,
    village text,
    grid text,
    cell text,
    org text,
    params jsonb DEFAULT '{}'::jsonb NOT NULL,
    origin text DEFAULT ''::text NOT NULL,
    active boolean DEFAULT true NOT NULL
);

CREATE TABLE public.warning (
    sender text NOT NULL,
    identifier text NOT NULL,
    sent timestamp with time zone NOT NULL,
    status text NOT NULL,
    msg_type text NOT NULL,
    scope text NOT NULL,
    event text NOT NULL,
    event_code text NOT NULL,
    category text NOT NULL,
    urgency text NOT NULL,
    severity text NOT NULL,
    certainty text NOT NULL,
    level smallint,
    sender_name text NOT NULL,
    headline text NOT NULL,
    description text NOT NULL,
    instruction text NOT NULL,
    web text NOT NULL,
    effective timestamp with time zone,
    onset timestamp with time zone,
    expires timestamp with time zone,
    refers jsonb NOT NULL,
    area jsonb NOT NULL,
    received_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_by text,
    cancelled boolean DEFAULT false NOT NULL,
    CONSTRAINT warning_level_check CHECK (((level >= 1) AND (level <= 4)))
);

CREATE TABLE public.work_order (
    number text NOT NULL,
    state text NOT NULL,
    event_id text,
    title text NOT NULL,
    sort text NOT NULL,
    topic text NOT NULL,
    urgency text NOT NULL,
    asked_at timestamp with time zone,
    due_at timestamp with time zone,
    reply text NOT NULL,
    placed text NOT NULL,
    first_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.intake_batch ATTACH PARTITION public.intake_batch_20260901 FOR VALUES FROM ('2026-08-31 16:00:00+00') TO ('2026-09-01 16:00:00+00');

ALTER TABLE ONLY public.intake_batch ATTACH PARTITION public.intake_batch_20260902 FOR VALUES FROM ('2026-09-01 16:00:00+00') TO ('2026-09-02 16:00:00+00');

ALTER TABLE ONLY public.intake_batch ATTACH PARTITION public.intake_batch_20260903 FOR VALUES FROM ('2026-09-02 16:00:00+00') TO ('2026-09-03 16:00:00+00');

ALTER TABLE ONLY public.intake_batch ATTACH PARTITION public.intake_batch_20260904 FOR VALUES FROM ('2026-09-03 16:00:00+00') TO ('2026-09-04 16:00:00+00');

ALTER TABLE ONLY public.intake_batch ATTACH PARTITION public.intake_batch_20260905 FOR VALUES FROM ('2026-09-04 16:00:00+00') TO ('2026-09-05 16:00:00+00');

ALTER TABLE ONLY public.intake_batch ATTACH PARTITION public.intake_batch_20260906 FOR VALUES FROM ('2026-09-05 16:00:00+00') TO ('2026-09-06 16:00:00+00');

ALTER TABLE ONLY public.intake_batch ATTACH PARTITION public.intake_batch_20260907 FOR VALUES FROM ('2026-09-06 16:00:00+00') TO ('2026-09-07 16:00:00+00');

ALTER TABLE ONLY public.intake_batch ATTACH PARTITION public.intake_batch_20260908 FOR VALUES FROM ('2026-09-07 16:00:00+00') TO ('2026-09-08 16:00:00+00');

ALTER TABLE ONLY public.intake_batch ATTACH PARTITION public.intake_batch_20260909 FOR VALUES FROM ('2026-09-08 16:00:00+00') TO ('2026-09-09 16:00:00+00');

ALTER TABLE ONLY public.intake_batch ATTACH PARTITION public.intake_batch_20260910 FOR VALUES FROM ('2026-09-09 16:00:00+00') TO ('2026-09-10 16:00:00+00');

ALTER TABLE ONLY public.intake_batch ATTACH PARTITION public.intake_batch_rest DEFAULT;

ALTER TABLE ONLY public.reading ATTACH PARTITION public.reading_2026w07 FOR VALUES FROM ('2026-02-08 16:00:00+00') TO ('2026-02-15 16:00:00+00');

ALTER TABLE ONLY public.reading ATTACH PARTITION public.reading_2026w36 FOR VALUES FROM ('2026-08-30 16:00:00+00') TO ('2026-09-06 16:00:00+00');

ALTER TABLE ONLY public.reading ATTACH PARTITION public.reading_2026w37 FOR VALUES FROM ('2026-09-06 16:00:00+00') TO ('2026-09-13 16:00:00+00');

ALTER TABLE ONLY public.reading ATTACH PARTITION public.reading_2026w38 FOR VALUES FROM ('2026-09-13 16:00:00+00') TO ('2026-09-20 16:00:00+00');

ALTER TABLE ONLY public.reading ATTACH PARTITION public.reading_2026w39 FOR VALUES FROM ('2026-09-20 16:00:00+00') TO ('2026-09-27 16:00:00+00');

ALTER TABLE ONLY public.reading ATTACH PARTITION public.reading_2026w40 FOR VALUES FROM ('2026-09-27 16:00:00+00') TO ('2026-10-04 16:00:00+00');

ALTER TABLE ONLY public.reading ATTACH PARTITION public.reading_rest DEFAULT;

COPY public.alert (id, station, kind, rule, theme, level, peak, value, limit_value, message, opened_at, observed_at, changed_at, cleared_at, acked_at, acked_by, acked_until, late, count, event_id, lng, lat, town, grid, evidence, told, tellings, ack_due_at, proposed_at) FROM stdin;
3	PD-10	pond_depth	ladder	drainage	1	1	41	40	积水深度 41.0 cm，达红色限值 40 cm	2026-09-03 02:00:00+00	2026-09-03 01:00:00+00	2026-09-03 02:00:00+00	2026-09-03 02:00:00+00	\N	\N	\N	f	1	4414022026090300002	116.115	24.305	441402103	441402103200002	{"rule": "pond_depth/ladder", "type": "ladder", "label": "道路积水", "reset": 3.0, "before": null, "limits": {"red": 40.0, "blue": 5.0, "orange": 27.0, "yellow": 15.0}, "records": 1, "station": "PD-10", "version": 1, "readings": [{"at": "2026-09-02T13:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 5.0, "quality": "ok"}, {"at": "2026-09-02T14:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 1.0, "quality": "ok"}, {"at": "2026-09-02T15:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 2.0, "quality": "ok"}, {"at": "2026-09-02T16:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 3.0, "quality": "ok"}, {"at": "2026-09-02T17:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 4.0, "quality": "ok"}, {"at": "2026-09-02T18:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 5.0, "quality": "ok"}, {"at": "2026-09-02T19:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 1.0, "quality": "ok"}, {"at": "2026-09-02T20:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 2.0, "quality": "ok"}, {"at": "2026-09-02T21:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 3.0, "quality": "ok"}, {"at": "2026-09-02T22:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 4.0, "quality": "ok"}, {"at": "2026-09-02T23:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 5.0, "quality": "ok"}, {"at": "2026-09-03T01:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 41.0, "quality": "ok"}], "hold_on_s": 0, "hold_off_s": 900, "station_override": false}	1	1	\N	\N
1	CAM-1	camera_online	offline	cameras	4	4	0	\N	视频在线：离线，持续 10 分钟 以上，蓝色	2026-09-03 02:00:00+00	2026-09-02 02:50:00+00	2026-09-03 02:00:00+00	2026-09-03 02:00:00+00	\N	\N	\N	f	1	\N	116.10499999999999	24.305	441402103	441402103200001	{"rule": "camera_online/offline", "type": "state", "label": "视频离线", "reset": 0.0, "before": null, "hold_s": {"blue": 600.0, "yellow": 86400.0}, "limits": {}, "records": 1, "station": "CAM-1", "version": 1, "readings": [{"at": "2026-09-02T02:28:00+00:00", "seq": "", "kind": "camera_online", "value": 1.0, "quality": "ok"}, {"at": "2026-09-02T02:30:00+00:00", "seq": "", "kind": "camera_online", "value": 1.0, "quality": "ok"}, {"at": "2026-09-02T02:32:00+00:00", "seq": "", "kind": "camera_online", "value": 1.0, "quality": "ok"}, {"at": "2026-09-02T02:34:00+00:00", "seq": "", "kind": "camera_online", "value": 1.0, "quality": "ok"}, {"at": "2026-09-02T02:36:00+00:00", "seq": "", "kind": "camera_online", "value": 1.0, "quality": "ok"}, {"at": "2026-09-02T02:38:00+00:00", "seq": "", "kind": "camera_online", "value": 1.0, "quality": "ok"}, {"at": "2026-09-02T02:40:00+00:00", "seq": "", "kind": "camera_online", "value": 0.0, "quality": "ok"}, {"at": "2026-09-02T02:42:00+00:00", "seq": "", "kind": "camera_online", "value": 0.0, "quality": "ok"}, {"at": "2026-09-02T02:44:00+00:00", "seq": "", "kind": "camera_online", "value": 0.0, "quality": "ok"}, {"at": "2026-09-02T02:46:00+00:00", "seq": "", "kind": "camera_online", "value": 0.0, "quality": "ok"}, {"at": "2026-09-02T02:48:00+00:00", "seq": "", "kind": "camera_online", "value": 0.0, "quality": "ok"}, {"at": "2026-09-02T02:50:00+00:00", "seq": "", "kind": "camera_online", "value": 0.0, "quality": "ok"}], "hold_on_s": 0, "hold_off_s": 0, "station_override": false}	4	1	\N	\N
4	IN-w1	platform	intake_stalled	platform	3	3	60	15	接入进程 w1 已 60 秒没有心跳，达黄色限值 15 秒；请检查该进程与所在主机	2026-09-03 02:01:00+00	2026-09-03 02:01:00+00	2026-09-03 02:01:00+00	\N	\N	\N	\N	f	1	\N	116.10499999999999	24.31	\N	\N	{"name": "接入进程 w1", "rule": "platform/intake_stalled", "type": "stalled", "label": "接入停顿", "reset": 0.0, "before": null, "limits": {"orange": 120.0, "yellow": 15.0}, "figures": [[60.0, "没有心跳"], [0.0, "有报文在等，没有入库"], [0.0, "接入口 mqtt 没有连上"]], "records": 1, "station": "IN-w1", "version": 1, "readings": [], "hold_on_s": 0, "hold_off_s": 0, "station_override": false}	3	1	2026-09-03 02:16:00+00	\N
2	PD-09	pond_depth	ladder	drainage	3	3	16	15	积水深度 16.0 cm，达黄色限值 15 cm	2026-09-03 02:00:00+00	2026-09-03 01:00:00+00	2026-09-03 02:00:00+00	\N	2026-09-03 02:00:00+00	operator员	2026-09-03 04:00:00+00	f	1	4414022026090300001	116.10499999999999	24.315	441402103	441402103200001	{"rule": "pond_depth/ladder", "type": "ladder", "label": "道路积水", "reset": 3.0, "before": null, "limits": {"red": 40.0, "blue": 5.0, "orange": 27.0, "yellow": 15.0}, "records": 1, "station": "PD-09", "version": 1, "readings": [{"at": "2026-09-03T01:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 16.0, "quality": "ok"}], "hold_on_s": 0, "hold_off_s": 900, "station_override": false}	3	1	\N	\N
\.

COPY public.alert_log (id, alert_id, at, what, level, value, actor, note) FROM stdin;
1	1	2026-09-03 02:00:00+00	open	4	0	规则引擎	视频在线：离线，持续 10 分钟 以上，蓝色
2	2	2026-09-03 02:00:00+00	open	3	16	规则引擎	积水深度 16.0 cm，达黄色限值 15 cm
3	3	2026-09-03 02:00:00+00	open	1	41	规则引擎	积水深度 41.0 cm，达红色限值 40 cm
4	2	2026-09-03 02:00:00+00	event	3	16	规则引擎	上报事件 4414022026090300001
5	3	2026-09-03 02:00:00+00	event	1	41	规则引擎	上报事件 4414022026090300002
6	3	2026-09-03 02:00:00+00	clear	1	1	规则引擎	积水深度 1.0 cm，已低于蓝色限值 5 cm（回差 3），解除
7	1	2026-09-03 02:00:00+00	clear	4	1	规则引擎	视频在线：在线，恢复正常，解除
8	4	2026-09-03 02:01:00+00	open	3	60	规则引擎	接入进程 w1 已 60 秒没有心跳，达黄色限值 15 秒；请检查该进程与所在主机
9	2	2026-09-03 02:00:00+00	ack	3	16	operator员	正在看
\.

COPY public.audit (id, at, actor_id, actor, action, object, ip, ok, detail) FROM stdin;
1	2026-09-03 02:00:00+00	\N	系统	person_create	person:1		t	{"org": "zsj", "role": "operator", "places": ["441402"]}
2	2026-09-03 02:00:00+00	\N	系统	person_create	person:2		t	{"org": "zsj", "role": "acceptor", "places": ["441402"]}
3	2026-09-03 02:00:00+00	\N	系统	person_create	person:3		t	{"org": "zsj", "role": "dispatcher", "places": ["441402"]}
4	2026-09-03 02:00:00+00	\N	系统	person_create	person:4		t	{"org": "zsj", "role": "chief", "places": ["441402"]}
5	2026-09-03 02:00:00+00	\N	系统	person_create	person:5		t	{"org": "zsj", "role": "leader", "places": ["441402"]}
6	2026-09-03 02:00:00+00	\N	系统	person_create	person:6		t	{"org": "cgj", "role": "department", "places": []}
7	2026-09-03 02:00:00+00	\N	系统	person_create	person:7		t	{"org": "cgj", "role": "department", "places": []}
8	2026-09-03 02:00:00+00	\N	系统	person_create	person:8		t	{"org": "swj", "role": "department", "places": []}
9	2026-09-03 02:00:00+00	\N	系统	person_create	person:9		t	{"org": "441402103", "role": "department", "places": []}
10	2026-09-03 02:00:00+00	\N	系统	person_create	person:10		t	{"org": "441402103", "role": "worker", "places": []}
11	2026-09-03 02:00:00+00	\N	系统	person_create	person:11		t	{"org": "441402103", "role": "worker", "places": []}
12	2026-09-03 02:00:00+00	\N	系统	person_create	person:12		t	{"org": null, "role": "public", "places": []}
13	2026-09-03 02:00:00+00	\N	系统	person_create	person:13		t	{"org": "zsj", "role": "admin", "places": ["441402"]}
14	2026-09-03 02:00:00+00	\N	测试	roster	roster:1		t	{"org": "zsj", "duty": "desk", "person": 1}
15	2026-09-03 02:00:00+00	\N	测试	roster	roster:2		t	{"org": "zsj", "duty": "desk", "person": 2}
16	2026-09-03 02:00:00+00	\N	测试	roster	roster:3		t	{"org": "zsj", "duty": "desk", "person": 3}
17	2026-09-03 02:00:00+00	\N	测试	roster	roster:4		t	{"org": "zsj", "duty": "chief", "person": 4}
18	2026-09-03 02:00:00+00	\N	测试	roster	roster:5		t	{"org": "zsj", "duty": "leader", "person": 5}
19	2026-09-03 02:00:00+00	\N	测试	roster	roster:6		t	{"org": "cgj", "duty": "desk", "person": 6}
20	2026-09-03 02:00:00+00	\N	测试	roster	roster:7		t	{"org": "cgj", "duty": "chief", "person": 7}
21	2026-09-03 02:00:00+00	\N	测试	roster	roster:8		t	{"org": "swj", "duty": "desk", "person": 8}
22	2026-09-03 02:00:00+00	\N	测试	roster	roster:9		t	{"org": "441402103", "duty": "desk", "person": 9}
23	2026-09-03 02:00:00+00	13	admin员	intake.map	feed:rain		t	{"what": "station", "given": "RG-77", "meant": "RG-01"}
24	2026-09-03 02:00:00+00	13	admin员	intake.replay	feed:rain		t	{"rule": "station", "letters": 1}
25	2026-09-03 02:00:00+00	13	admin员	intake.discard	feed:rain		t	{"n": 1, "reason": "设备上电乱码", "letters": [2]}
26	2026-09-03 02:00:00+00	13	admin员	maintenance	PD-10		t	{"why": "清淤", "ends": "2026-09-02T16:00:00+08:00", "starts": "2026-09-02T14:00:00+08:00"}
27	2026-09-03 02:00:00+00	13	admin员	calibration	RG-01 rain_1h		t	{"why": "比测记录 12 号", "ends": null, "addend": 0.0, "factor": 1.1, "starts": "2026-09-02T10:00:00+08:00"}
28	2026-09-03 02:00:00+00	\N	admin员	feed_key_create	feed_key:k6ffe0dcf5142		t	{"org": "qxj", "feeds": ["rain"]}
29	2026-09-03 01:00:00+00	\N	系统	password	person:1		t	{}
30	2026-09-03 01:00:00+00	\N	系统	password	person:1		t	{}
\.

COPY public.calibration (id, station, kind, starts, ends, factor, addend, why, by, entered_at, effective, settled_at) FROM stdin;
1	RG-01	rain_1h	2026-09-02 02:00:00+00	\N	1.1	0	比测记录 12 号	admin员	2026-09-03 02:00:00+00	2026-09-03 02:00:10+00	\N
\.

COPY public.cell (code, town, village, grid, area_m2, lng, lat, geom) FROM stdin;
441402103200100	441402103	441402103200	441402103200001	1000000	116.1	24.32	\\x01030000000100000005000000d7a3703d0a075d408fc2f5285c4f3840d7a3703d0a075d4052b81e85eb5138406666666666065d4052b81e85eb5138406666666666065d408fc2f5285c4f3840d7a3703d0a075d408fc2f5285c4f3840
441402103200101	441402103	441402103200	441402103200002	1000000	116.11	24.32	\\x0103000000010000000500000048e17a14ae075d408fc2f5285c4f384048e17a14ae075d4052b81e85eb513840d7a3703d0a075d4052b81e85eb513840d7a3703d0a075d408fc2f5285c4f384048e17a14ae075d408fc2f5285c4f3840
441402103200102	441402103	441402103200	441402103200001	1000000	116.1	24.31	\\x01030000000100000005000000d7a3703d0a075d40cccccccccc4c3840d7a3703d0a075d408fc2f5285c4f38406666666666065d408fc2f5285c4f38406666666666065d40cccccccccc4c3840d7a3703d0a075d40cccccccccc4c3840
441402103200103	441402103	441402103200	441402103200002	1000000	116.11	24.31	\\x0103000000010000000500000048e17a14ae075d40cccccccccc4c384048e17a14ae075d408fc2f5285c4f3840d7a3703d0a075d408fc2f5285c4f3840d7a3703d0a075d40cccccccccc4c384048e17a14ae075d40cccccccccc4c3840
\.

COPY public.consumer (name, xid, batch, seen_at) FROM stdin;
engine	963	16	2026-09-03 02:00:00+00
quality	963	16	2026-09-03 02:00:00+00
\.

COPY public.dead_letter (id, received_at, feed, topic, payload, rule, reason, status, discarded_by, discarded_at, discard_reason) FROM stdin;
1	2026-09-03 02:00:00+00	rain	city/441402/rain/RG-77	\\x7b2273746364223a202252472d3737227d	station	没有测站 RG-77	open	\N	\N	\N
2	2026-09-03 02:00:00+00	rain	city/441402/rain/RG-01	\\xff00	decode	不是 UTF-8 文本：第 1 个字节 0xff	discarded	admin员	2026-09-03 02:00:00+00	设备上电乱码
\.

COPY public.dirty_bucket (id, station, kind, bucket) FROM stdin;
6	PD-10	pond_depth	2026-09-02 07:00:00+00
7	PD-10	pond_depth	2026-09-02 06:00:00+00
\.

COPY public.event (id, category, title, description, state, source, level, address, lng, lat, town, village, grid, cell, alert_id, station, reporter_id, reporter_org, org, handler_id, checker_id, limit_clock, limit_amount, ladder, stage_due_at, due_at, reported_at, accepted_at, verify_asked_at, verified_at, registered_at, dispatched_at, taken_at, arrived_at, answered_at, checked_at, closed_at, rated_at, suspended_at, suspended_from, suspend_until, register_condition, close_condition, returns, reworks, extensions, urges, reopened, rung, next_rung_at, supervised, self_handled, check_passed, rating_response, rating_solved, rating_satisfied, duplicate_of, simulated, client_key, version, stage_told_at, due_told_at) FROM stdin;
4414022026080300001	matter:06010	暴露垃圾		closed	public	\N		116.10499999999999	24.315	441402103	441402103200	441402103200001	441402103200100	\N	\N	12	\N	cgj	6	10	work_hour	4	[{"at": "2026-08-03T11:03:00+08:00", "who": "handler", "done": null, "after_fraction": 0.5}, {"at": "2026-08-03T14:15:00+08:00", "who": "unit_chief", "done": null, "after_fraction": 0.8}, {"at": "2026-08-03T15:03:00+08:00", "who": "duty_chief", "done": null, "after_fraction": 1.0}, {"at": "2026-08-03T17:03:00+08:00", "who": "duty_leader", "done": null, "after_fraction": 1.5}]	\N	2026-08-03 07:03:00+00	2026-08-03 01:00:00+00	2026-08-03 01:01:00+00	\N	\N	2026-08-03 01:02:00+00	2026-08-03 01:03:00+00	2026-08-03 02:30:00+00	\N	2026-08-03 03:00:00+00	2026-08-03 03:50:00+00	2026-08-03 04:00:00+00	\N	\N	\N	\N	事实清楚、位置准确、属于本区管辖	现场核查问题已解决	0	0	0	0	0	0	\N	f	f	t	\N	\N	\N	\N	f	\N	8	\N	\N
4414022026080400001	matter:06010	暴露垃圾		closed	public	\N		116.115	24.315	441402103	441402103200	441402103200002	441402103200101	\N	\N	12	\N	cgj	6	11	work_hour	4	[{"at": "2026-08-04T11:03:00+08:00", "who": "handler", "done": null, "after_fraction": 0.5}, {"at": "2026-08-04T14:15:00+08:00", "who": "unit_chief", "done": null, "after_fraction": 0.8}, {"at": "2026-08-04T15:03:00+08:00", "who": "duty_chief", "done": null, "after_fraction": 1.0}, {"at": "2026-08-04T17:03:00+08:00", "who": "duty_leader", "done": null, "after_fraction": 1.5}]	\N	2026-08-04 07:03:00+00	2026-08-04 01:00:00+00	2026-08-04 01:01:00+00	\N	\N	2026-08-04 01:02:00+00	2026-08-04 01:03:00+00	2026-08-04 07:30:00+00	\N	2026-08-04 08:00:00+00	2026-08-04 08:50:00+00	2026-08-04 09:00:00+00	\N	\N	\N	\N	事实清楚、位置准确、属于本区管辖	现场核查问题已解决	0	0	0	0	0	0	\N	f	f	t	\N	\N	\N	\N	f	\N	8	\N	\N
4414022026080500001	matter:06010	暴露垃圾		declined	public	\N		116.10499999999999	24.315	441402103	441402103200	441402103200001	441402103200100	\N	\N	12	\N	\N	\N	\N	\N	\N	[{"at": null, "who": "handler", "done": null, "after_fraction": 0.5}, {"at": null, "who": "unit_chief", "done": null, "after_fraction": 0.8}, {"at": null, "who": "duty_chief", "done": null, "after_fraction": 1.0}, {"at": null, "who": "duty_leader", "done": null, "after_fraction": 1.5}]	\N	\N	2026-08-05 01:00:00+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	0	0	0	0	0	0	\N	f	f	\N	\N	\N	\N	\N	f	\N	2	\N	\N
4414022026080600001	matter:06010	暴露垃圾		closed	public	\N		116.10499999999999	24.315	441402103	441402103200	441402103200001	441402103200100	\N	\N	12	\N	cgj	6	10	work_hour	4	[{"at": "2026-08-06T11:03:00+08:00", "who": "handler", "done": null, "after_fraction": 0.5}, {"at": "2026-08-06T14:15:00+08:00", "who": "unit_chief", "done": null, "after_fraction": 0.8}, {"at": "2026-08-06T15:03:00+08:00", "who": "duty_chief", "done": null, "after_fraction": 1.0}, {"at": "2026-08-06T17:03:00+08:00", "who": "duty_leader", "done": null, "after_fraction": 1.5}]	\N	2026-08-06 07:03:00+00	2026-08-06 01:00:00+00	2026-08-06 01:01:00+00	\N	\N	2026-08-06 01:02:00+00	2026-08-06 01:33:00+00	2026-08-06 06:00:00+00	\N	2026-08-06 06:30:00+00	2026-08-06 07:50:00+00	2026-08-06 08:00:00+00	\N	\N	\N	\N	事实清楚、位置准确、属于本区管辖	现场核查问题已解决	1	0	0	0	0	0	\N	f	f	t	\N	\N	\N	\N	f	\N	10	\N	\N
4414022026081000001	matter:06010	暴露垃圾		void	public	\N		116.10499999999999	24.315	441402103	441402103200	441402103200001	441402103200100	\N	\N	12	\N	\N	\N	\N	\N	\N	[{"at": null, "who": "handler", "done": null, "after_fraction": 0.5}, {"at": null, "who": "unit_chief", "done": null, "after_fraction": 0.8}, {"at": null, "who": "duty_chief", "done": null, "after_fraction": 1.0}, {"at": null, "who": "duty_leader", "done": null, "after_fraction": 1.5}]	\N	\N	2026-08-10 01:00:00+00	2026-08-10 01:01:00+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	0	0	0	0	0	0	\N	f	f	\N	\N	\N	\N	\N	f	\N	3	\N	\N
4414022026081100001	matter:06010	暴露垃圾		suspended	public	\N		116.10499999999999	24.315	441402103	441402103200	441402103200001	441402103200100	\N	\N	12	\N	cgj	\N	\N	work_hour	4	[{"at": "2026-08-11T11:03:00+08:00", "who": "handler", "done": null, "after_fraction": 0.5}, {"at": "2026-08-11T14:15:00+08:00", "who": "unit_chief", "done": null, "after_fraction": 0.8}, {"at": "2026-08-11T15:03:00+08:00", "who": "duty_chief", "done": null, "after_fraction": 1.0}, {"at": "2026-08-11T17:03:00+08:00", "who": "duty_leader", "done": null, "after_fraction": 1.5}]	\N	2026-08-11 07:03:00+00	2026-08-11 01:00:00+00	2026-08-11 01:01:00+00	\N	\N	2026-08-11 01:02:00+00	2026-08-11 01:03:00+00	\N	\N	\N	\N	\N	\N	2026-08-11 02:03:00+00	dispatched	2026-10-10 01:00:00+00	事实清楚、位置准确、属于本区管辖	\N	0	0	0	0	0	0	\N	f	f	\N	\N	\N	\N	\N	f	\N	5	\N	\N
4414022026081200001	matter:06010	暴露垃圾		closed	public	\N		116.10499999999999	24.315	441402103	441402103200	441402103200001	441402103200100	\N	\N	12	\N	cgj	6	10	work_hour	4	[{"at": "2026-08-12T11:03:00+08:00", "who": "handler", "done": null, "after_fraction": 0.5}, {"at": "2026-08-12T14:15:00+08:00", "who": "unit_chief", "done": null, "after_fraction": 0.8}, {"at": "2026-08-12T15:03:00+08:00", "who": "duty_chief", "done": null, "after_fraction": 1.0}, {"at": "2026-08-12T17:03:00+08:00", "who": "duty_leader", "done": null, "after_fraction": 1.5}]	\N	2026-08-12 07:03:00+00	2026-08-12 01:00:00+00	2026-08-12 01:01:00+00	\N	\N	2026-08-12 01:02:00+00	2026-08-12 01:03:00+00	2026-08-12 01:30:00+00	\N	2026-08-12 02:00:00+00	2026-08-12 02:50:00+00	2026-08-12 03:00:00+00	2026-08-13 01:00:00+00	\N	\N	\N	事实清楚、位置准确、属于本区管辖	现场核查问题已解决	0	0	0	0	0	0	\N	f	f	t	1	1	4	\N	f	\N	9	\N	\N
4414022026080700001	matter:06010	暴露垃圾		answered	public	\N		116.10499999999999	24.305	441402103	441402103200	441402103200001	441402103200102	\N	\N	12	\N	cgj	6	10	work_hour	4	[{"at": "2026-08-07T11:33:00+08:00", "who": "handler", "done": null, "after_fraction": 0.5}, {"at": "2026-08-07T14:45:00+08:00", "who": "unit_chief", "done": null, "after_fraction": 0.8}, {"at": "2026-08-07T15:33:00+08:00", "who": "duty_chief", "done": null, "after_fraction": 1.0}, {"at": "2026-08-07T17:33:00+08:00", "who": "duty_leader", "done": null, "after_fraction": 1.5}]	2026-08-07 05:00:00+00	2026-08-07 07:33:00+00	2026-08-07 01:00:00+00	2026-08-07 01:01:00+00	\N	\N	2026-08-07 01:02:00+00	2026-08-07 01:03:00+00	2026-08-07 01:30:00+00	\N	2026-08-07 03:00:00+00	\N	\N	\N	\N	\N	\N	事实清楚、位置准确、属于本区管辖	\N	0	1	0	0	0	0	\N	f	f	\N	\N	\N	\N	\N	f	\N	9	2026-08-07 05:00:00+00	\N
4414022026090300001	matter:10901	PD-09 站：道路积水	积水深度 16.0 cm，达黄色限值 15 cm	accepted	sensor	3	PD-09 站	116.10499999999999	24.315	441402103	441402103200	441402103200001	441402103200100	2	PD-09	\N	\N	\N	\N	\N	\N	\N	[{"at": null, "who": "handler", "done": null, "after_fraction": 0.5}, {"at": null, "who": "unit_chief", "done": null, "after_fraction": 0.8}, {"at": null, "who": "duty_chief", "done": null, "after_fraction": 1.0}, {"at": null, "who": "duty_leader", "done": null, "after_fraction": 1.5}]	2026-09-03 02:10:00+00	\N	2026-09-03 02:00:00+00	2026-09-03 02:00:00+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	0	0	0	0	0	0	\N	f	f	\N	\N	\N	\N	\N	f	\N	2	\N	\N
4414022026090300002	matter:10901	PD-10 站：道路积水	积水深度 41.0 cm，达红色限值 40 cm	accepted	sensor	1	PD-10 站	116.115	24.305	441402103	441402103200	441402103200002	441402103200103	3	PD-10	\N	\N	\N	\N	\N	\N	\N	[{"at": null, "who": "handler", "done": null, "after_fraction": 0.25}, {"at": null, "who": "unit_chief", "done": null, "after_fraction": 0.5}, {"at": null, "who": "duty_chief", "done": null, "after_fraction": 0.75}, {"at": null, "who": "duty_leader", "done": null, "after_fraction": 1.0}]	2026-09-03 02:10:00+00	\N	2026-09-03 02:00:00+00	2026-09-03 02:00:00+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	0	0	0	0	0	0	\N	f	f	\N	\N	\N	\N	\N	f	\N	3	\N	\N
4414022026083100001	matter:06010	暴露垃圾		dispatched	public	\N		116.10499999999999	24.315	441402103	441402103200	441402103200001	441402103200100	\N	\N	12	\N	cgj	\N	\N	work_hour	4	[{"at": "2026-08-31T11:03:00+08:00", "who": "handler", "done": "2026-09-03T10:00:00+08:00", "after_fraction": 0.5}, {"at": "2026-08-31T14:15:00+08:00", "who": "unit_chief", "done": "2026-09-03T10:00:00+08:00", "after_fraction": 0.8}, {"at": "2026-08-31T15:03:00+08:00", "who": "duty_chief", "done": "2026-09-03T10:00:00+08:00", "after_fraction": 1.0}, {"at": "2026-08-31T17:03:00+08:00", "who": "duty_leader", "done": "2026-09-03T10:00:00+08:00", "after_fraction": 1.5}]	2026-08-31 01:33:00+00	2026-08-31 07:03:00+00	2026-08-31 01:00:00+00	2026-08-31 01:01:00+00	\N	\N	2026-08-31 01:02:00+00	2026-08-31 01:03:00+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	事实清楚、位置准确、属于本区管辖	\N	0	0	0	0	0	4	\N	f	f	\N	\N	\N	\N	\N	f	\N	10	2026-08-31 01:33:00+00	2026-08-31 07:03:00+00
4414022026083100002	matter:06010	暴露垃圾		dispatched	public	\N		116.115	24.305	441402103	441402103200	441402103200002	441402103200103	\N	\N	12	\N	cgj	\N	\N	work_hour	4	[{"at": "2026-09-01T09:03:00+08:00", "who": "handler", "done": "2026-09-03T10:00:00+08:00", "after_fraction": 0.5}, {"at": "2026-09-01T10:15:00+08:00", "who": "unit_chief", "done": "2026-09-03T10:00:00+08:00", "after_fraction": 0.8}, {"at": "2026-09-01T11:03:00+08:00", "who": "duty_chief", "done": "2026-09-03T10:00:00+08:00", "after_fraction": 1.0}, {"at": "2026-09-01T15:03:00+08:00", "who": "duty_leader", "done": "2026-09-03T10:00:00+08:00", "after_fraction": 1.5}]	2026-08-31 09:33:00+00	2026-09-01 03:03:00+00	2026-08-31 09:00:00+00	2026-08-31 09:01:00+00	\N	\N	2026-08-31 09:02:00+00	2026-08-31 09:03:00+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	事实清楚、位置准确、属于本区管辖	\N	0	0	0	0	0	4	\N	f	f	\N	\N	\N	\N	\N	f	00000000-0000-0000-0000-000000000007	10	2026-08-31 09:33:00+00	2026-09-01 03:03:00+00
4414022026090300003	matter:06010	暴露垃圾		handling	public	\N		116.115	24.305	441402103	441402103200	441402103200002	441402103200103	\N	\N	12	\N	cgj	6	\N	work_hour	4	[{"at": "2026-09-03T10:03:00+08:00", "who": "handler", "done": null, "after_fraction": 0.5}, {"at": "2026-09-03T11:15:00+08:00", "who": "unit_chief", "done": null, "after_fraction": 0.8}, {"at": "2026-09-03T14:03:00+08:00", "who": "duty_chief", "done": null, "after_fraction": 1.0}, {"at": "2026-09-03T16:03:00+08:00", "who": "duty_leader", "done": null, "after_fraction": 1.5}]	\N	2026-09-03 06:03:00+00	2026-09-03 00:00:00+00	2026-09-03 00:01:00+00	\N	\N	2026-09-03 00:02:00+00	2026-09-03 00:03:00+00	2026-09-03 00:04:00+00	\N	\N	\N	\N	\N	\N	\N	\N	事实清楚、位置准确、属于本区管辖	\N	0	0	0	0	0	0	2026-09-03 02:03:00+00	f	f	\N	\N	\N	\N	\N	f	\N	8	\N	\N
4414022026090300004	matter:06010	暴露垃圾		reported	grid	\N		116.10499999999999	24.315	441402103	441402103200	441402103200001	441402103200100	\N	\N	10	441402103	\N	\N	\N	\N	\N	[{"at": null, "who": "handler", "done": null, "after_fraction": 0.5}, {"at": null, "who": "unit_chief", "done": null, "after_fraction": 0.8}, {"at": null, "who": "duty_chief", "done": null, "after_fraction": 1.0}, {"at": null, "who": "duty_leader", "done": null, "after_fraction": 1.5}]	2026-09-03 01:10:00+00	\N	2026-09-03 01:00:00+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	0	0	0	0	0	0	\N	f	f	\N	\N	\N	\N	\N	f	\N	1	\N	\N
4414022026090300005	matter:10901	路面积水	学校门口积水\n12345 工单 GZ2026090301 · 求助 · 一般 · 来电 2026-09-03 09:00 · 12345 要求 2026-09-04 10:00 前办结\n工单没有坐标，按“长沙镇”落点，请受理时核对位置	accepted	hotline	\N	长沙镇	116.10499999999999	24.31	441402103	441402103200	441402103200001	441402103200100	\N	\N	\N	\N	\N	\N	\N	\N	\N	[{"at": null, "who": "handler", "done": null, "after_fraction": 0.5}, {"at": null, "who": "unit_chief", "done": null, "after_fraction": 0.8}, {"at": null, "who": "duty_chief", "done": null, "after_fraction": 1.0}, {"at": null, "who": "duty_leader", "done": null, "after_fraction": 1.5}]	2026-09-03 02:10:00+00	\N	2026-09-03 02:00:00+00	2026-09-03 02:00:00+00	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N	0	0	0	0	0	0	\N	f	f	\N	\N	\N	\N	\N	f	cccdefca-c59e-5435-8b93-8e0eeed29038	2	\N	\N
\.

COPY public.event_log (event_id, seq, at, verb, from_state, to_state, actor_id, actor_name, role, org, reason, note, detail, hash) FROM stdin;
4414022026080300001	1	2026-08-03 01:00:00+00	report	\N	reported	12	public员	public	\N	\N	\N	{}	\\x8615d102acf8f8779fa45caba77768ae65613fa9573cbfbf6f4cc939135de60c
4414022026080300001	2	2026-08-03 01:01:00+00	accept	reported	accepted	2	acceptor员	acceptor	zsj	\N	\N	{}	\\xfc0fb767b91f4484689171723b66ee559178b735a77a7c74c318596f4221aa3d
4414022026080300001	3	2026-08-03 01:02:00+00	register	accepted	registered	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "事实清楚、位置准确、属于本区管辖"}	\\xda23f487e5fe068ee79a10c05c2aaec91fb705330061504af71ebe4bd202cb89
4414022026080300001	4	2026-08-03 01:03:00+00	dispatch	registered	dispatched	3	dispatcher员	dispatcher	zsj	\N	\N	{"org": "cgj", "why": "category", "due_at": "2026-08-03T15:03:00+08:00", "by_rule": "cgj"}	\\x2c4acde30c1e2c577d727c7d7a29217bd1c8874a1ad0f67577ae8b5b097857e7
4414022026080300001	5	2026-08-03 02:30:00+00	take	dispatched	handling	6	cgj员	department	cgj	\N	\N	{}	\\xf7312ccdb947b319d456cc7099e2b7ce8e6c7613c53534660ffd11b44faa4e32
4414022026080300001	6	2026-08-03 03:00:00+00	answer	handling	answered	6	cgj员	department	cgj	\N	\N	{"photos": ["4b0203d0-e76f-44e8-8c8c-379d094bc12d"], "checker": 10, "distance_m": 0.0}	\\x2f4ab54ff5569725234797731a63a9493767f5eb9453de814174a498a792fa5e
4414022026080300001	7	2026-08-03 03:50:00+00	check	answered	checking	10	worker1员	worker	441402103	\N	\N	{"passed": true, "photos": ["0cf1c633-6616-40b1-99f0-79a619216adc"], "distance_m": 0.0}	\\xb585f01e46c2329ef65036efd12b56715547e5395587ff1167d2fdc1c6e1e89d
4414022026080300001	8	2026-08-03 04:00:00+00	close	checking	closed	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "现场核查问题已解决"}	\\x1091430e63e4a1c447a939d07b130875567754cd8d069980c823548a15bea24d
4414022026080400001	1	2026-08-04 01:00:00+00	report	\N	reported	12	public员	public	\N	\N	\N	{}	\\xa9206a241611ee87164a5cc2fce8e1af016cdfde84a62fa98380e2bad3dec547
4414022026080400001	2	2026-08-04 01:01:00+00	accept	reported	accepted	2	acceptor员	acceptor	zsj	\N	\N	{}	\\xcac7817a8e7328db66677410bc74b7f1ce3d31a1127baa87dd2eac6e4ecd99e0
4414022026080400001	3	2026-08-04 01:02:00+00	register	accepted	registered	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "事实清楚、位置准确、属于本区管辖"}	\\x143c7bd4c1e05cd77b96eb321887408c448f438cdbd4f04397fc00167f18fcff
4414022026080400001	4	2026-08-04 01:03:00+00	dispatch	registered	dispatched	3	dispatcher员	dispatcher	zsj	\N	\N	{"org": "cgj", "why": "category", "due_at": "2026-08-04T15:03:00+08:00", "by_rule": "cgj"}	\\x94a8b878e5865fc4cf7862e4d40dc24863dc363ae4dd3bbb5573ee61279f128c
4414022026080400001	5	2026-08-04 07:30:00+00	take	dispatched	handling	6	cgj员	department	cgj	\N	\N	{}	\\xdc6f815ed856b1555e0bdae01d7066bdb826bc81e9b3fa1e372fbc67819525e7
4414022026080400001	6	2026-08-04 08:00:00+00	answer	handling	answered	6	cgj员	department	cgj	\N	\N	{"photos": ["3ca13c45-7e2c-4918-982c-6c42818e2392"], "checker": 11, "distance_m": 0.0}	\\xf3cac627b40db2101ae907572e693ef3cd9f3b927c23a3968c66b5ccd8e3d04d
4414022026080400001	7	2026-08-04 08:50:00+00	check	answered	checking	11	worker2员	worker	441402103	\N	\N	{"passed": true, "photos": ["6c66cde8-0402-40c7-a1af-c704f9b1379c"], "distance_m": 0.0}	\\x8475af4365f5c27cdaac91809442a34de504b3be66bee1ea90d67e73e7cbe315
4414022026080400001	8	2026-08-04 09:00:00+00	close	checking	closed	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "现场核查问题已解决"}	\\x8e1cbbe4794e873a5d659b581495742355377a1c64cf0cef0f6d4c0fcf958851
4414022026080500001	1	2026-08-05 01:00:00+00	report	\N	reported	12	public员	public	\N	\N	\N	{}	\\xd8ed6011a505a04474c6df65289f354d37edd9685e4e1d4d5dcaf2c1d648bb0c
4414022026080500001	2	2026-08-05 01:05:00+00	decline	reported	declined	2	acceptor员	acceptor	zsj	不属于城市运行管理范围	\N	{}	\\x52408b4d2454f0532de69ea3db47c70190dcb6102d5bd2c339103ac4e9b2f964
4414022026080600001	1	2026-08-06 01:00:00+00	report	\N	reported	12	public员	public	\N	\N	\N	{}	\\x9c38ac0b1b2b361c76d383fc5bec4605373bc15cca7c3d45b888387241fd26e9
4414022026080600001	2	2026-08-06 01:01:00+00	accept	reported	accepted	2	acceptor员	acceptor	zsj	\N	\N	{}	\\x7914ee1b6801fbb3b99294b7af46ba9d26a6d79364ae3183d557f6a9fa31b781
4414022026080600001	3	2026-08-06 01:02:00+00	register	accepted	registered	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "事实清楚、位置准确、属于本区管辖"}	\\x833bc9a26db58cf1d1ebcbf1a1e2deda6421b3e8ac919dff1a8dc41f8f13813d
4414022026080600001	4	2026-08-06 01:03:00+00	dispatch	registered	dispatched	3	dispatcher员	dispatcher	zsj	\N	\N	{"org": "cgj", "why": "category", "due_at": "2026-08-06T15:03:00+08:00", "by_rule": "cgj"}	\\xe62d5d77565a46bf935da775696476bc94e4e4cde0a3d2246ad80cc24e766e24
4414022026080600001	5	2026-08-06 01:23:00+00	return	dispatched	registered	6	cgj员	department	cgj	不属于本单位职责	\N	{"org": "cgj"}	\\x0d5e8a039c426459d9ec29279dafd7d88f88f29a739b596b4203678cf9b2e21b
4414022026080600001	6	2026-08-06 01:33:00+00	dispatch	registered	dispatched	3	dispatcher员	dispatcher	zsj	\N	\N	{"org": "cgj", "why": "category", "by_rule": "cgj"}	\\xacc8d4cd68e51a05c6f6fa601d7f77e5d840c57ede11ab7ef9bf63deda90a968
4414022026080600001	7	2026-08-06 06:00:00+00	take	dispatched	handling	6	cgj员	department	cgj	\N	\N	{}	\\x5e340e76f938c2ee23694fae62e6ee74bfa747f308f83d89aa847e10dc879a8f
4414022026080600001	8	2026-08-06 06:30:00+00	answer	handling	answered	6	cgj员	department	cgj	\N	\N	{"photos": ["50ed9f8f-3417-4f98-b55d-b54b7e2de8fe"], "checker": 10, "distance_m": 0.0}	\\x6f5d79af44d5d88dd467859506f4d21baf103676c3a816953fcd321541f3f6f0
4414022026080600001	9	2026-08-06 07:50:00+00	check	answered	checking	10	worker1员	worker	441402103	\N	\N	{"passed": true, "photos": ["d9a86002-dcc7-4cdb-9c66-bfcef7f14ae2"], "distance_m": 0.0}	\\x9112a2b0a66b94b8d8d37ad05187c083bafc7df9839ccf072574f5d118c01a8d
4414022026080600001	10	2026-08-06 08:00:00+00	close	checking	closed	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "现场核查问题已解决"}	\\xf8b5d8b636f4569433dc2038c158565c3dc4e3a9c534c1e3f1f999d0eeccc0c5
4414022026080700001	1	2026-08-07 01:00:00+00	report	\N	reported	12	public员	public	\N	\N	\N	{}	\\x3f0d5de97b1fff25648d95df3b7edf16306331d42fb2bcf988ef852c4db9af17
4414022026080700001	2	2026-08-07 01:01:00+00	accept	reported	accepted	2	acceptor员	acceptor	zsj	\N	\N	{}	\\x285a96d116063ed8b5924d1188fd6fd0c08186e9d2bd6c6e9fd81735de33e6d4
4414022026080700001	3	2026-08-07 01:02:00+00	register	accepted	registered	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "事实清楚、位置准确、属于本区管辖"}	\\xd71a47286c1eec2ecd1c26a887127dee6812a4d562989a624e7960207d65ca69
4414022026080700001	4	2026-08-07 01:03:00+00	dispatch	registered	dispatched	3	dispatcher员	dispatcher	zsj	\N	\N	{"org": "cgj", "why": "category", "due_at": "2026-08-07T15:03:00+08:00", "by_rule": "cgj"}	\\xf65b957db35944ffdc183604786c960d3258ed809fa5007bbab790c46b490d9b
4414022026080700001	5	2026-08-07 01:30:00+00	take	dispatched	handling	6	cgj员	department	cgj	\N	\N	{}	\\x534660b7b3b6957c78e4a3e58287e7592bfd734dd4fb00bc58fc7f8bfc9298f4
4414022026080700001	6	2026-08-07 02:00:00+00	answer	handling	answered	6	cgj员	department	cgj	\N	\N	{"photos": ["b2d601d3-1786-4856-9813-dddb222e08b9"], "checker": 10, "distance_m": 0.0}	\\x8f2814c2dcf35fc25bc19cc6da6ad7a4e1f24e8c2cc042780c1691152b76d7f5
4414022026080700001	7	2026-08-07 02:30:00+00	rework	answered	handling	3	dispatcher员	dispatcher	zsj	清理不彻底	\N	{"due_at": "2026-08-07T15:33:00+08:00"}	\\x2116bff59214e37657558dcdb219a61e5ff2be3cd8f5138e4635a572ab4b20f7
4414022026080700001	8	2026-08-07 03:00:00+00	answer	handling	answered	6	cgj员	department	cgj	\N	\N	{"photos": ["c7569a90-7bff-4980-8ad0-fdb129eaffd6"], "checker": 10, "distance_m": 0.0}	\\xf0f42e72ab10704a6e04cf6833cfee1ad71029f1f59bffdda6b8f8218e6f7452
4414022026081000001	1	2026-08-10 01:00:00+00	report	\N	reported	12	public员	public	\N	\N	\N	{}	\\xd425c9b64da6ea93739a0b1b95d991d327dc67edf22847efb5f422b5163a7d14
4414022026081000001	2	2026-08-10 01:01:00+00	accept	reported	accepted	2	acceptor员	acceptor	zsj	\N	\N	{}	\\x44ef0a677432e62f4a7f50269883c0a0f9be7664f638abaeeb3414e5b3415001
4414022026081000001	3	2026-08-10 02:01:00+00	void	accepted	void	4	chief员	chief	zsj	重复	\N	{}	\\x23eb541301a3e2c51bea0b9936f19b64fa6c8cc417d4708a6b8f0216e85c8ac6
4414022026081100001	1	2026-08-11 01:00:00+00	report	\N	reported	12	public员	public	\N	\N	\N	{}	\\x3997b764c0347c408449c29dc1fe08642a477f5e49cd8d82b5365c4958a0aab6
4414022026081100001	2	2026-08-11 01:01:00+00	accept	reported	accepted	2	acceptor员	acceptor	zsj	\N	\N	{}	\\x5b9c4b6ddd25aefa477bd850b356d55b1e27e72ff99de14bdf0ccf7cfe5a0aaa
4414022026081100001	3	2026-08-11 01:02:00+00	register	accepted	registered	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "事实清楚、位置准确、属于本区管辖"}	\\xf59e107bc9bcc064c6176d545363c0fbfddcad1b2ee65fcccfb6f928c79cdd02
4414022026081100001	4	2026-08-11 01:03:00+00	dispatch	registered	dispatched	3	dispatcher员	dispatcher	zsj	\N	\N	{"org": "cgj", "why": "category", "due_at": "2026-08-11T15:03:00+08:00", "by_rule": "cgj"}	\\x3e4f3e260419c12946f1ae9ddeb373a44d70eff43aa442bcf6f6fd9c4a7a9621
4414022026081100001	5	2026-08-11 02:03:00+00	suspend	dispatched	suspended	4	chief员	chief	zsj	待管网改造	\N	{"until": "2026-10-10T09:00:00+08:00"}	\\x61e7df6b3614d5c7d5b6f95e975f2013fb2fb108e9db2ab51d55fbd1fcf6f772
4414022026081200001	1	2026-08-12 01:00:00+00	report	\N	reported	12	public员	public	\N	\N	\N	{}	\\xf5b683a695e6365183a650e6735e0d12be5d7e8b6f331d398b4af2e36cde2e50
4414022026081200001	2	2026-08-12 01:01:00+00	accept	reported	accepted	2	acceptor员	acceptor	zsj	\N	\N	{}	\\x6db6622a68d8aaeab16f3be9dcd91a5f1f3f933dd198bfb2827258fa8e04e58b
4414022026081200001	3	2026-08-12 01:02:00+00	register	accepted	registered	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "事实清楚、位置准确、属于本区管辖"}	\\x2b57110d92a4c5442393851f0cb93280d398d631207533fcbff278973a297a2c
4414022026081200001	4	2026-08-12 01:03:00+00	dispatch	registered	dispatched	3	dispatcher员	dispatcher	zsj	\N	\N	{"org": "cgj", "why": "category", "due_at": "2026-08-12T15:03:00+08:00", "by_rule": "cgj"}	\\x984f75f51c700146af22bfea9903cd17c199e567c22244821ac88617838b2d23
4414022026081200001	5	2026-08-12 01:30:00+00	take	dispatched	handling	6	cgj员	department	cgj	\N	\N	{}	\\xa7307bdbee0edf5289a3fe144a2d1f8ce5e4b0f33283ab5ab8a00e3675514e9c
4414022026081200001	6	2026-08-12 02:00:00+00	answer	handling	answered	6	cgj员	department	cgj	\N	\N	{"photos": ["aed0da50-cefa-42be-a86d-6dc7fc7b2d09"], "checker": 10, "distance_m": 0.0}	\\x38165b3f98a3c315b5b978f0a74df661828719255c9ae647a3344c58754b3342
4414022026081200001	7	2026-08-12 02:50:00+00	check	answered	checking	10	worker1员	worker	441402103	\N	\N	{"passed": true, "photos": ["a35dcf5b-2dd4-4ccb-929d-ed36b694e672"], "distance_m": 0.0}	\\xf24265eed89f2761ce2d152e0f1c841bb2803892fe9df0b128e418adc58f44e2
4414022026081200001	8	2026-08-12 03:00:00+00	close	checking	closed	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "现场核查问题已解决"}	\\x6fa709c4e2c1d1e03215e7eedb38fbedb50ef03e2678e2d20ddfeb1d033314c5
4414022026081200001	9	2026-08-13 01:00:00+00	rate	closed	closed	1	operator员	operator	zsj	\N	\N	{"ratings": {"solved": 1, "response": 1, "satisfied": 4}}	\\x085850ceb9592b3d2cf1f5bcfee33496496b648f5d51daf97606424dbd9bbb95
4414022026083100001	1	2026-08-31 01:00:00+00	report	\N	reported	12	public员	public	\N	\N	\N	{}	\\xea44cb68653679f89eace3c3f2d52a1d2e26cd15bc2075d41c85a4c7eea59cd9
4414022026083100001	2	2026-08-31 01:01:00+00	accept	reported	accepted	2	acceptor员	acceptor	zsj	\N	\N	{}	\\xcdc7047bebf3f84ba738eeadba36843c80009e460303bf26d4879dfc436d5dfa
4414022026083100001	3	2026-08-31 01:02:00+00	register	accepted	registered	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "事实清楚、位置准确、属于本区管辖"}	\\x1fc1e4f875dbd678059a83e2f8f5aa84dd0faed6f5972ed8d60a12ed3aff3c72
4414022026083100001	4	2026-08-31 01:03:00+00	dispatch	registered	dispatched	3	dispatcher员	dispatcher	zsj	\N	\N	{"org": "cgj", "why": "category", "due_at": "2026-08-31T15:03:00+08:00", "by_rule": "cgj"}	\\x7773ef1f315422a66b477f391ea4d8d34000cf4bcda919638493431d0b0632a5
4414022026083100002	1	2026-08-31 09:00:00+00	report	\N	reported	12	public员	public	\N	\N	\N	{}	\\x6099551df17f71ef7f1aaf81ae39f4abd48ce8dee18ed6d3e5d64c565d319d5b
4414022026083100002	2	2026-08-31 09:01:00+00	accept	reported	accepted	2	acceptor员	acceptor	zsj	\N	\N	{}	\\x1967f64088acfefd3b9fdd90714a2ca28ed9db6c9d04697aa52e3248b8144c41
4414022026083100002	3	2026-08-31 09:02:00+00	register	accepted	registered	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "事实清楚、位置准确、属于本区管辖"}	\\x3c830b321eb66da37da6f0b52557040f44519ff385b91007ea54b719e116fa55
4414022026083100002	4	2026-08-31 09:03:00+00	dispatch	registered	dispatched	3	dispatcher员	dispatcher	zsj	\N	\N	{"org": "cgj", "why": "category", "due_at": "2026-09-01T11:03:00+08:00", "by_rule": "cgj"}	\\xc8fc38199344f90a834b9c6f1cbe1475fcc38b1b3f4bf95d07d1837bfb5dbec6
4414022026090300001	1	2026-09-03 02:00:00+00	report	\N	reported	\N	规则引擎	rule	\N	\N	\N	{"alert": 2}	\\xc34a0df66ce50725f8e5713fdf20edafa36cff2f0b0867bc5bd2ca4b003fcb2f
4414022026090300001	2	2026-09-03 02:00:00+00	accept	reported	accepted	\N	规则引擎	rule	\N	\N	\N	{}	\\x0384424861fd8bc6726b7bbdc8b43f414a2a7206f1bc6211b8eeb3541995534f
4414022026090300002	1	2026-09-03 02:00:00+00	report	\N	reported	\N	规则引擎	rule	\N	\N	\N	{"alert": 3}	\\x0e41e6084fd503ae47158dc55431799be642ff1c4e0418f8d69e6b7021c09fec
4414022026090300002	2	2026-09-03 02:00:00+00	accept	reported	accepted	\N	规则引擎	rule	\N	\N	\N	{}	\\x59d19c1f9402e3354a564d937c339b07ace417cc718d2f83ef564af3d1396601
4414022026090300002	3	2026-09-03 02:00:00+00	note	accepted	accepted	\N	规则引擎	rule	\N	\N	积水深度 1.0 cm，已低于蓝色限值 5 cm（回差 3），解除	{"alert": 3, "value": 1.0, "normal": true, "evidence": {"rule": "pond_depth/ladder", "type": "ladder", "label": "道路积水", "reset": 3.0, "before": "red", "limits": {"red": 40.0, "blue": 5.0, "orange": 27.0, "yellow": 15.0}, "records": 1, "station": "PD-10", "version": 1, "readings": [{"at": "2026-09-02T16:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 3.0, "quality": "ok"}, {"at": "2026-09-02T17:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 4.0, "quality": "ok"}, {"at": "2026-09-02T18:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 5.0, "quality": "ok"}, {"at": "2026-09-02T19:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 1.0, "quality": "ok"}, {"at": "2026-09-02T20:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 2.0, "quality": "ok"}, {"at": "2026-09-02T21:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 3.0, "quality": "ok"}, {"at": "2026-09-02T22:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 4.0, "quality": "ok"}, {"at": "2026-09-02T23:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 5.0, "quality": "ok"}, {"at": "2026-09-03T01:00:00+00:00", "seq": "", "kind": "pond_depth", "value": 41.0, "quality": "ok"}, {"at": "2026-09-03T01:15:00+00:00", "seq": "", "kind": "pond_depth", "value": 41.0, "quality": "ok"}, {"at": "2026-09-03T01:30:00+00:00", "seq": "", "kind": "pond_depth", "value": 1.0, "quality": "ok"}, {"at": "2026-09-03T01:45:00+00:00", "seq": "", "kind": "pond_depth", "value": 1.0, "quality": "ok"}], "hold_on_s": 0, "hold_off_s": 900, "station_override": false}}	\\x323c9cc75c1f25beb4fab88336ae2f27e2149eb2ca8e5afcad84b7273cfb3d7d
4414022026083100001	5	2026-09-03 02:00:00+00	escalate	dispatched	dispatched	\N	时限引擎	clock	\N	\N	提醒承办人	{"due": "2026-08-31T11:03:00+08:00", "who": "handler", "rung": 1}	\\x5bd4301f7e695d77ae4f5441ccbb294b5cfefef2f0c271310e41022bc522212e
4414022026083100001	6	2026-09-03 02:00:00+00	escalate	dispatched	dispatched	\N	时限引擎	clock	\N	\N	提醒承办单位负责人	{"due": "2026-08-31T14:15:00+08:00", "who": "unit_chief", "rung": 2}	\\x8fd95148bd72b9ddffac2e75e2888443d7f477753c4f34d01fecf69e3389168e
4414022026083100001	7	2026-09-03 02:00:00+00	escalate	dispatched	dispatched	\N	时限引擎	clock	\N	\N	提醒区值班长	{"due": "2026-08-31T15:03:00+08:00", "who": "duty_chief", "rung": 3}	\\x5cf709aeab9363f5d3417e3193bdd5eed0fc10128affec5c48c123cf7490b0dc
4414022026083100001	8	2026-09-03 02:00:00+00	escalate	dispatched	dispatched	\N	时限引擎	clock	\N	\N	提醒值班领导	{"due": "2026-08-31T17:03:00+08:00", "who": "duty_leader", "rung": 4}	\\x70a0f06531157a9e8fbc6f12e7da9d09c9e2149fb83886217895ff33be7c0c7e
4414022026083100002	5	2026-09-03 02:00:00+00	escalate	dispatched	dispatched	\N	时限引擎	clock	\N	\N	提醒承办人	{"due": "2026-09-01T09:03:00+08:00", "who": "handler", "rung": 1}	\\x9513db3cbfdfd727253ea94464aeb3332b0e4d077e04c246c8f9a117eb100401
4414022026083100002	6	2026-09-03 02:00:00+00	escalate	dispatched	dispatched	\N	时限引擎	clock	\N	\N	提醒承办单位负责人	{"due": "2026-09-01T10:15:00+08:00", "who": "unit_chief", "rung": 2}	\\x5f7ea589c9096f1c54f13c0140a8cb27cf891f14f074928b04b941445c262c30
4414022026083100002	7	2026-09-03 02:00:00+00	escalate	dispatched	dispatched	\N	时限引擎	clock	\N	\N	提醒区值班长	{"due": "2026-09-01T11:03:00+08:00", "who": "duty_chief", "rung": 3}	\\x52c68bde391aee37c5f370848618f4e3e22742b59f34a4a97fb7424c28ec3392
4414022026083100002	8	2026-09-03 02:00:00+00	escalate	dispatched	dispatched	\N	时限引擎	clock	\N	\N	提醒值班领导	{"due": "2026-09-01T15:03:00+08:00", "who": "duty_leader", "rung": 4}	\\xcef8d05009e14364919ef802faaca4d2ee0f4851a9477eefe7f4d08b4a8d5fdc
4414022026080700001	9	2026-09-03 02:00:00+00	escalate	answered	answered	\N	时限引擎	clock	\N	\N	本环节已超时	{"due_at": "2026-08-07T05:00:00+00:00", "overdue": "stage"}	\\x71c4f85e6048fe6ff720b94c590fd8f0eee76c3fba6fb3e2da39e4c0fe802f2c
4414022026083100001	9	2026-09-03 02:00:00+00	escalate	dispatched	dispatched	\N	时限引擎	clock	\N	\N	本环节已超时	{"due_at": "2026-08-31T01:33:00+00:00", "overdue": "stage"}	\\x8439a075a0b28f7cc7131d6bbda8a489a584319c88618c394158fc69f9fb7642
4414022026083100002	9	2026-09-03 02:00:00+00	escalate	dispatched	dispatched	\N	时限引擎	clock	\N	\N	本环节已超时	{"due_at": "2026-08-31T09:33:00+00:00", "overdue": "stage"}	\\xa74b4a3ab78597780cc5e833482ed3d59bf9c0581cb9cdca4d7687d92efd472c
4414022026083100001	10	2026-09-03 02:00:00+00	escalate	dispatched	dispatched	\N	时限引擎	clock	\N	\N	处置时限已到，尚未反馈	{"due_at": "2026-08-31T07:03:00+00:00", "overdue": "handle"}	\\xd9aaadc0dddc1205f295c2a1d039999fbbffd110709eec560ceecfd433109ea6
4414022026083100002	10	2026-09-03 02:00:00+00	escalate	dispatched	dispatched	\N	时限引擎	clock	\N	\N	处置时限已到，尚未反馈	{"due_at": "2026-09-01T03:03:00+00:00", "overdue": "handle"}	\\x15fe729d4c116199698b3ef1dab094b45e8aea2064469ab21733d19b2735f498
4414022026090300003	1	2026-09-03 00:00:00+00	report	\N	reported	12	public员	public	\N	\N	\N	{}	\\x3aecc7e59bdc9aa63e37c47859dbe06d46da7b5bb22127d85e2e2f5f2888c1ec
4414022026090300003	2	2026-09-03 00:01:00+00	accept	reported	accepted	2	acceptor员	acceptor	zsj	\N	\N	{}	\\x7b9ebe1efbc51989413d86476caf4ab49ca18b35233a49ef5cc13344397a31c5
4414022026090300003	3	2026-09-03 00:02:00+00	register	accepted	registered	2	acceptor员	acceptor	zsj	\N	\N	{"condition": "事实清楚、位置准确、属于本区管辖"}	\\x544deef688f9704bf6926b136ec1f6dfa964797429df7a377aaa27777f465280
4414022026090300003	4	2026-09-03 00:03:00+00	dispatch	registered	dispatched	3	dispatcher员	dispatcher	zsj	\N	\N	{"org": "cgj", "why": "category", "due_at": "2026-09-03T14:03:00+08:00", "by_rule": "cgj", "handler": 6}	\\x212d90f32c51b01d53a213836ddb13acfddd5953e783bb1fd2aacc76fb7c7ea1
4414022026090300003	5	2026-09-03 00:04:00+00	take	dispatched	handling	6	cgj员	department	cgj	\N	\N	{}	\\x351cb478aa95a053d9393ded3c22efc5686a26c149e6ff66a79c1cd535fde984
4414022026090300003	6	2026-09-03 00:05:00+00	join	handling	handling	3	dispatcher员	dispatcher	zsj	\N	请配合抽排	{"org": "swj", "handler": 8, "part_due_at": "2026-09-03T14:05:00+08:00"}	\\x082787bf9436c0c9919ef57bfffb6e8222fb5bf9890fa3b88587f775e7fd9678
4414022026090300003	7	2026-09-03 00:06:00+00	join	handling	handling	3	dispatcher员	dispatcher	zsj	\N	请维持秩序	{"org": "441402103", "handler": 11, "part_due_at": "2026-09-03T14:06:00+08:00"}	\\x5cb0baf1ea8ac7f7dda8da8c7ae9e8d6597859367ea826f4d892358fd1ba9e6c
4414022026090300003	8	2026-09-03 00:06:00+00	note	handling	handling	8	swj员	department	swj	\N	已抽排	{"part": "swj"}	\\xd6cd5a9b7ecce1ee841ff6815179f0c55943926dad1e363fd45062b55a6d7c9a
4414022026090300004	1	2026-09-03 01:00:00+00	report	\N	reported	10	worker1员	worker	441402103	\N	\N	{"photos": ["2c58846f-f007-44b1-825a-afa57fbd0312"]}	\\xf76f8a7d81e1c542aac70f63d8faa94289b79746ff4ca770078ec6a7672fd360
4414022026090300005	1	2026-09-03 02:00:00+00	report	\N	reported	\N	12345 工单导入	rule	\N	\N	\N	{}	\\xdb1dd017441478ad847658d9a6c6c8f77b34374407143334feed3f39587d8ddf
4414022026090300005	2	2026-09-03 02:00:00+00	accept	reported	accepted	\N	12345 工单导入	rule	\N	\N	\N	{}	\\xfb4596ced75b10cd236565060e0ae9e1724e7ec49dc5dcaa9c7625ce6164184c
\.

COPY public.event_part (event_id, org, asked_at, due_at, handler_id, note, answered_at, answered_by, answer, due_told_at) FROM stdin;
4414022026090300003	441402103	2026-09-03 00:06:00+00	2026-09-03 06:06:00+00	11	请维持秩序	\N	\N		\N
4414022026090300003	swj	2026-09-03 00:05:00+00	2026-09-03 06:05:00+00	8	请配合抽排	2026-09-03 00:06:00+00	8	已抽排	\N
\.

COPY public.event_serial (day, last) FROM stdin;
2026-08-03	1
2026-08-04	1
2026-08-05	1
2026-08-06	1
2026-08-07	1
2026-08-10	1
2026-08-11	1
2026-08-12	1
2026-08-31	2
2026-09-03	5
\.

COPY public.fact (key, value, at) FROM stdin;
city	{"code": "441402", "version": "drawn"}	2026-11-29 15:56:08.557255+00
online:2026-09-02	{"from": {"guard": 600.0, "words": 60, "works": 0, "work_s": 0, "silence": 180.0}, "cameras": {"CAM-1": [50400.0, 4860.0, 4860.0, 2]}}	2026-09-03 02:00:00+00
engine	{"at": "2026-09-03T10:01:00+08:00", "lag_s": 0.0, "batches": 16, "changes": 5, "step_ms": 12.0, "failures": 0, "readings": 207}	2026-09-03 02:01:00+00
\.

COPY public.feed_drift (id, feed, source, at, before, after, seen_by, seen_at) FROM stdin;
1	rain	city/441402/rain/RG-01	2026-09-03 02:00:00+00	s1	s2	\N	\N
\.

COPY public.feed_hour (feed, hour, station, kind, delay, n, trusted) FROM stdin;
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	23	1	1
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	56	1	1
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	61	2	2
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	61	2	2
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	23	1	1
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	59	2	2
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	58	1	1
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	56	1	1
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	57	1	1
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	63	3	3
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	47	1	1
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	55	1	1
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	58	1	1
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	63	3	3
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	56	1	1
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	47	1	1
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	64	3	3
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	55	1	1
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	59	2	2
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	51	1	1
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	23	1	1
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	58	1	1
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	55	1	1
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	62	3	3
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	59	2	2
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	65	2	2
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	51	1	1
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	63	3	3
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	59	2	2
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	58	1	1
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	65	2	2
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	53	1	1
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	53	1	1
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	62	3	3
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	51	1	1
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	51	1	1
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	23	1	1
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	65	2	2
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	61	2	2
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	61	2	2
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	53	1	1
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	47	1	1
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	23	1	1
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	53	1	1
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	58	1	1
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	64	3	3
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	51	1	1
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	56	1	1
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	65	2	2
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	62	3	3
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	62	3	3
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	63	3	3
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	55	1	1
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	47	1	1
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	60	1	1
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	57	1	1
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	63	3	3
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	53	1	1
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	53	1	1
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	57	1	1
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	64	3	3
rain	2026-09-03 02:00:00+00	RG-01	rain_1h	96	1	1
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	61	2	2
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	55	1	1
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	59	2	2
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	57	1	1
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	23	1	1
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	57	1	1
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	60	1	1
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	60	1	1
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	47	1	1
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	64	3	3
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	60	1	1
rain	2026-09-02 23:00:00+00	RG-01	rain_1h	61	2	2
drainage	2026-09-01 01:00:00+00	PD-10	pond_depth	56	1	1
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	59	2	2
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	62	3	3
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	51	1	1
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	55	1	1
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	58	1	1
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	47	1	1
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	62	3	3
rain	2026-09-03 02:00:00+00	RG-01	rain_1h	69	1	1
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	63	3	3
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	64	3	3
drainage	2026-09-02 01:00:00+00	PD-10	pond_depth	64	3	3
rain	2026-09-01 01:00:00+00	RG-01	rain_1h	60	1	1
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	56	1	1
drainage	2026-09-02 23:00:00+00	PD-10	pond_depth	57	1	1
rain	2026-09-02 01:00:00+00	RG-01	rain_1h	60	1	1
drainage	2026-09-03 02:00:00+00	PD-10	pond_depth	47	1	1
drainage	2026-09-03 02:00:00+00	PD-10	pond_depth	39	1	1
drainage	2026-09-03 02:00:00+00	PD-10	pond_depth	45	1	1
drainage	2026-09-03 02:00:00+00	PD-09	pond_depth	47	1	1
cameras	2026-09-03 02:00:00+00	CAM-1	camera_online	65	60	60
drainage	2026-09-03 02:00:00+00	PD-10	pond_depth	43	1	1
\.

COPY public.feed_key (id, org, feeds, sealed, note, created_at, expires_at, revoked_at, last_used_at) FROM stdin;
k6ffe0dcf5142	qxj	{rain}	\\x56f23d27471ebb598a57afe49f2363f7d36d0efac03c9c8c76f44f864125ae14b7987d77b107c0762570c889da2c895f82bd15b5cbdebae9df7d522277891950cd35a30ae2af47	雨情推送	2026-09-03 02:00:00+00	2027-09-03 02:00:00+00	\N	\N
\.

COPY public.feed_known (feed, title, theme, org, topic) FROM stdin;
rain	雨情	rain	qxj	city/441402/rain/#
drainage	排水	drainage	cgj	city/441402/drainage/#
\.

COPY public.feed_minute (feed, minute, received, stored, duplicate, dead) FROM stdin;
rain	2026-09-02 23:01:00+00	22	22	0	0
drainage	2026-09-01 01:01:00+00	24	24	0	0
drainage	2026-09-02 23:01:00+00	22	22	0	0
rain	2026-09-03 02:00:00+00	4	2	0	2
drainage	2026-09-02 01:01:00+00	24	24	0	0
rain	2026-09-02 01:01:00+00	24	24	0	0
rain	2026-09-01 01:01:00+00	24	24	0	0
drainage	2026-09-03 02:00:00+00	6	6	0	0
cameras	2026-09-03 02:00:00+00	60	60	0	0
\.

COPY public.feed_shape (feed, shape, fields, sample, source, first_at, last_at, n) FROM stdin;
rain	s1	{"p1": "string", "tm": "string", "stcd": "string"}	\\x7b2273746364223a202252472d3031227d	city/441402/rain/RG-01	2026-09-03 01:00:00+00	2026-09-03 02:00:00+00	12
rain	s2	{"tm": "string", "drp": "string", "stcd": "string"}	\\x7b2273746364223a202252472d3031227d	city/441402/rain/RG-01	2026-09-03 01:00:00+00	2026-09-03 02:00:00+00	12
\.

COPY public.feed_status (feed, received, stored, duplicate, dead, last_received_at, last_observed_at) FROM stdin;
drainage	76	76	0	0	2026-09-03 02:00:00+00	2026-09-03 01:45:00+00
cameras	60	60	0	0	2026-09-03 02:00:00+00	2026-09-02 03:58:00+00
rain	75	73	0	2	2026-09-03 02:00:00+00	2026-09-03 02:00:00+00
\.

COPY public.intake_batch_20260901 (id, xid, received_at, feed, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, seqs, vals, qualities) FROM stdin;
1	905	2026-09-01 01:01:00+00	rain	w1	live	24	24	0	0	{RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01}	{rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h}	{"2026-08-31 02:00:00+00","2026-08-31 03:00:00+00","2026-08-31 04:00:00+00","2026-08-31 05:00:00+00","2026-08-31 06:00:00+00","2026-08-31 07:00:00+00","2026-08-31 08:00:00+00","2026-08-31 09:00:00+00","2026-08-31 10:00:00+00","2026-08-31 11:00:00+00","2026-08-31 12:00:00+00","2026-08-31 13:00:00+00","2026-08-31 14:00:00+00","2026-08-31 15:00:00+00","2026-08-31 16:00:00+00","2026-08-31 17:00:00+00","2026-08-31 18:00:00+00","2026-08-31 19:00:00+00","2026-08-31 20:00:00+00","2026-08-31 21:00:00+00","2026-08-31 22:00:00+00","2026-08-31 23:00:00+00","2026-09-01 00:00:00+00","2026-09-01 01:00:00+00"}	{"","","","","","","","","","","","","","","","","","","","","","","",""}	{0.5,1.5,2.5,3.5,4.5,0.5,1.5,2.5,3.5,4.5,0.5,1.5,2.5,3.5,4.5,0.5,1.5,2.5,3.5,4.5,0.5,1.5,2.5,3.5}	{ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok}
4	908	2026-09-01 01:01:00+00	drainage	w1	live	24	24	0	0	{PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10}	{pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth}	{"2026-08-31 02:00:00+00","2026-08-31 03:00:00+00","2026-08-31 04:00:00+00","2026-08-31 05:00:00+00","2026-08-31 06:00:00+00","2026-08-31 07:00:00+00","2026-08-31 08:00:00+00","2026-08-31 09:00:00+00","2026-08-31 10:00:00+00","2026-08-31 11:00:00+00","2026-08-31 12:00:00+00","2026-08-31 13:00:00+00","2026-08-31 14:00:00+00","2026-08-31 15:00:00+00","2026-08-31 16:00:00+00","2026-08-31 17:00:00+00","2026-08-31 18:00:00+00","2026-08-31 19:00:00+00","2026-08-31 20:00:00+00","2026-08-31 21:00:00+00","2026-08-31 22:00:00+00","2026-08-31 23:00:00+00","2026-09-01 00:00:00+00","2026-09-01 01:00:00+00"}	{"","","","","","","","","","","","","","","","","","","","","","","",""}	{1,2,3,4,5,1,2,3,4,5,1,2,3,4,5,1,2,3,4,5,1,2,3,4}	{ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok}
\.

COPY public.intake_batch_20260902 (id, xid, received_at, feed, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, seqs, vals, qualities) FROM stdin;
2	906	2026-09-02 01:01:00+00	rain	w1	live	24	24	0	0	{RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01}	{rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h}	{"2026-09-01 02:00:00+00","2026-09-01 03:00:00+00","2026-09-01 04:00:00+00","2026-09-01 05:00:00+00","2026-09-01 06:00:00+00","2026-09-01 07:00:00+00","2026-09-01 08:00:00+00","2026-09-01 09:00:00+00","2026-09-01 10:00:00+00","2026-09-01 11:00:00+00","2026-09-01 12:00:00+00","2026-09-01 13:00:00+00","2026-09-01 14:00:00+00","2026-09-01 15:00:00+00","2026-09-01 16:00:00+00","2026-09-01 17:00:00+00","2026-09-01 18:00:00+00","2026-09-01 19:00:00+00","2026-09-01 20:00:00+00","2026-09-01 21:00:00+00","2026-09-01 22:00:00+00","2026-09-01 23:00:00+00","2026-09-02 00:00:00+00","2026-09-02 01:00:00+00"}	{"","","","","","","","","","","","","","","","","","","","","","","",""}	{4.5,0.5,1.5,2.5,3.5,4.5,0.5,1.5,2.5,3.5,4.5,0.5,1.5,2.5,3.5,4.5,0.5,1.5,2.5,3.5,4.5,0.5,1.5,2.5}	{ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok}
5	909	2026-09-02 01:01:00+00	drainage	w1	live	24	24	0	0	{PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10}	{pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth}	{"2026-09-01 02:00:00+00","2026-09-01 03:00:00+00","2026-09-01 04:00:00+00","2026-09-01 05:00:00+00","2026-09-01 06:00:00+00","2026-09-01 07:00:00+00","2026-09-01 08:00:00+00","2026-09-01 09:00:00+00","2026-09-01 10:00:00+00","2026-09-01 11:00:00+00","2026-09-01 12:00:00+00","2026-09-01 13:00:00+00","2026-09-01 14:00:00+00","2026-09-01 15:00:00+00","2026-09-01 16:00:00+00","2026-09-01 17:00:00+00","2026-09-01 18:00:00+00","2026-09-01 19:00:00+00","2026-09-01 20:00:00+00","2026-09-01 21:00:00+00","2026-09-01 22:00:00+00","2026-09-01 23:00:00+00","2026-09-02 00:00:00+00","2026-09-02 01:00:00+00"}	{"","","","","","","","","","","","","","","","","","","","","","","",""}	{5,1,2,3,4,5,1,2,3,4,5,1,2,3,4,5,1,2,3,4,5,1,2,3}	{ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok}
\.

COPY public.intake_batch_20260903 (id, xid, received_at, feed, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, seqs, vals, qualities) FROM stdin;
3	907	2026-09-02 23:01:00+00	rain	w1	live	22	22	0	0	{RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01,RG-01}	{rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h,rain_1h}	{"2026-09-02 02:00:00+00","2026-09-02 03:00:00+00","2026-09-02 04:00:00+00","2026-09-02 05:00:00+00","2026-09-02 06:00:00+00","2026-09-02 07:00:00+00","2026-09-02 08:00:00+00","2026-09-02 09:00:00+00","2026-09-02 10:00:00+00","2026-09-02 11:00:00+00","2026-09-02 12:00:00+00","2026-09-02 13:00:00+00","2026-09-02 14:00:00+00","2026-09-02 15:00:00+00","2026-09-02 16:00:00+00","2026-09-02 17:00:00+00","2026-09-02 18:00:00+00","2026-09-02 19:00:00+00","2026-09-02 20:00:00+00","2026-09-02 21:00:00+00","2026-09-02 22:00:00+00","2026-09-02 23:00:00+00"}	{"","","","","","","","","","","","","","","","","","","","","",""}	{3.5,4.5,0.5,1.5,2.5,3.5,4.5,0.5,1.5,2.5,3.5,4.5,0.5,1.5,2.5,3.5,4.5,0.5,1.5,2.5,3.5,4.5}	{ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok}
6	910	2026-09-02 23:01:00+00	drainage	w1	live	22	22	0	0	{PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10,PD-10}	{pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth,pond_depth}	{"2026-09-02 02:00:00+00","2026-09-02 03:00:00+00","2026-09-02 04:00:00+00","2026-09-02 05:00:00+00","2026-09-02 06:00:00+00","2026-09-02 07:00:00+00","2026-09-02 08:00:00+00","2026-09-02 09:00:00+00","2026-09-02 10:00:00+00","2026-09-02 11:00:00+00","2026-09-02 12:00:00+00","2026-09-02 13:00:00+00","2026-09-02 14:00:00+00","2026-09-02 15:00:00+00","2026-09-02 16:00:00+00","2026-09-02 17:00:00+00","2026-09-02 18:00:00+00","2026-09-02 19:00:00+00","2026-09-02 20:00:00+00","2026-09-02 21:00:00+00","2026-09-02 22:00:00+00","2026-09-02 23:00:00+00"}	{"","","","","","","","","","","","","","","","","","","","","",""}	{4,5,1,2,3,4,5,1,2,3,4,5,1,2,3,4,5,1,2,3,4,5}	{ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok}
7	944	2026-09-03 02:00:00+00	rain	w1	history	1	1	0	0	{RG-01}	{rain_1h}	{"2026-09-01 01:53:00+00"}	{""}	{9.5}	{late}
8	945	2026-09-03 02:00:00+00	rain	w1	history	1	1	0	0	{RG-01}	{rain_1h}	{"2026-02-15 02:00:00+00"}	{""}	{3.5}	{ok}
9	946	2026-09-03 02:00:00+00	drainage	w1	live	1	1	0	0	{}	{}	{}	{}	{}	{}
10	947	2026-09-03 02:00:00+00	rain	w1	live	2	0	0	2	{}	{}	{}	{}	{}	{}
11	958	2026-09-03 02:00:00+00	drainage	w1	live	1	1	0	0	{PD-09}	{pond_depth}	{"2026-09-03 01:00:00+00"}	{""}	{16}	{ok}
12	959	2026-09-03 02:00:00+00	drainage	w1	live	1	1	0	0	{PD-10}	{pond_depth}	{"2026-09-03 01:00:00+00"}	{""}	{41}	{ok}
13	960	2026-09-03 02:00:00+00	drainage	w1	live	1	1	0	0	{PD-10}	{pond_depth}	{"2026-09-03 01:15:00+00"}	{""}	{41}	{ok}
14	961	2026-09-03 02:00:00+00	drainage	w1	live	1	1	0	0	{PD-10}	{pond_depth}	{"2026-09-03 01:30:00+00"}	{""}	{1}	{ok}
15	962	2026-09-03 02:00:00+00	drainage	w1	live	1	1	0	0	{PD-10}	{pond_depth}	{"2026-09-03 01:45:00+00"}	{""}	{1}	{ok}
16	963	2026-09-03 02:00:00+00	cameras	w1	live	60	60	0	0	{CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1,CAM-1}	{camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online,camera_online}	{"2026-09-02 02:00:00+00","2026-09-02 02:02:00+00","2026-09-02 02:04:00+00","2026-09-02 02:06:00+00","2026-09-02 02:08:00+00","2026-09-02 02:10:00+00","2026-09-02 02:12:00+00","2026-09-02 02:14:00+00","2026-09-02 02:16:00+00","2026-09-02 02:18:00+00","2026-09-02 02:20:00+00","2026-09-02 02:22:00+00","2026-09-02 02:24:00+00","2026-09-02 02:26:00+00","2026-09-02 02:28:00+00","2026-09-02 02:30:00+00","2026-09-02 02:32:00+00","2026-09-02 02:34:00+00","2026-09-02 02:36:00+00","2026-09-02 02:38:00+00","2026-09-02 02:40:00+00","2026-09-02 02:42:00+00","2026-09-02 02:44:00+00","2026-09-02 02:46:00+00","2026-09-02 02:48:00+00","2026-09-02 02:50:00+00","2026-09-02 02:52:00+00","2026-09-02 02:54:00+00","2026-09-02 02:56:00+00","2026-09-02 02:58:00+00","2026-09-02 03:00:00+00","2026-09-02 03:02:00+00","2026-09-02 03:04:00+00","2026-09-02 03:06:00+00","2026-09-02 03:08:00+00","2026-09-02 03:10:00+00","2026-09-02 03:12:00+00","2026-09-02 03:14:00+00","2026-09-02 03:16:00+00","2026-09-02 03:18:00+00","2026-09-02 03:20:00+00","2026-09-02 03:22:00+00","2026-09-02 03:24:00+00","2026-09-02 03:26:00+00","2026-09-02 03:28:00+00","2026-09-02 03:30:00+00","2026-09-02 03:32:00+00","2026-09-02 03:34:00+00","2026-09-02 03:36:00+00","2026-09-02 03:38:00+00","2026-09-02 03:40:00+00","2026-09-02 03:42:00+00","2026-09-02 03:44:00+00","2026-09-02 03:46:00+00","2026-09-02 03:48:00+00","2026-09-02 03:50:00+00","2026-09-02 03:52:00+00","2026-09-02 03:54:00+00","2026-09-02 03:56:00+00","2026-09-02 03:58:00+00"}	{"","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","","",""}	{1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1}	{ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok,ok}
17	1012	2026-09-03 02:00:00+00	rain	w1	live	1	1	0	0	{RG-01}	{rain_1h}	{"2026-09-03 02:00:00+00"}	{""}	{2}	{ok}
\.

COPY public.intake_batch_20260904 (id, xid, received_at, feed, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, seqs, vals, qualities) FROM stdin;
\.

COPY public.intake_batch_20260905 (id, xid, received_at, feed, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, seqs, vals, qualities) FROM stdin;
\.

COPY public.intake_batch_20260906 (id, xid, received_at, feed, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, seqs, vals, qualities) FROM stdin;
\.

COPY public.intake_batch_20260907 (id, xid, received_at, feed, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, seqs, vals, qualities) FROM stdin;
\.

COPY public.intake_batch_20260908 (id, xid, received_at, feed, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, seqs, vals, qualities) FROM stdin;
\.

COPY public.intake_batch_20260909 (id, xid, received_at, feed, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, seqs, vals, qualities) FROM stdin;
\.

COPY public.intake_batch_20260910 (id, xid, received_at, feed, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, seqs, vals, qualities) FROM stdin;
\.

COPY public.intake_batch_rest (id, xid, received_at, feed, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, seqs, vals, qualities) FROM stdin;
\.

COPY public.intake_book (one, version) FROM stdin;
t	8
\.

COPY public.intake_file (id, feed, name, sha256, by, received_at, finished_at, state, rows, stored, duplicate, dead, waiting, report) FROM stdin;
1	rain	雨情.csv	3b9c358f36f0a31b6ad3e14f309c7cf198ac9246e8316f9ce543d5b19ac02b80	admin	2026-09-03 02:00:00+00	2026-09-03 02:00:00+00	done	3	3	0	0	0	{"says": "全部入库"}
\.

COPY public.intake_mapping (feed, what, given, meant, by, at) FROM stdin;
rain	station	RG-77	RG-01	admin员	2026-09-03 02:00:00+00
\.

COPY public.intake_worker (worker, host, pid, started_at, beat_at, stopped_at, doors, queued, waiting_s, spill_units, spill_bytes, commit_at, counts) FROM stdin;
w1	intake-1	7	2026-09-03 01:00:00+00	2026-09-03 02:00:00+00	\N	{"mqtt": {"down_s": 0.0, "connected": true, "subscribed": true}}	0	0	0	0	\N	{"rain": {"dead": 2, "lost": 0, "stored": 71, "received": 73, "duplicate": 0, "in_flight": 0}}
\.

COPY public.keeping (what, days, why) FROM stdin;
reading	400	thirteen months: last year's same month can still be computed from raw
intake_batch	7	long enough to look into what came in last week; never before every consumer has passed
\.

COPY public.latest (station, kind, at, seq, value, quality, received_at) FROM stdin;
PD-09	pond_depth	2026-09-03 01:00:00+00		16	ok	2026-09-03 02:00:00+00
PD-10	pond_depth	2026-09-03 01:45:00+00		1	ok	2026-09-03 02:00:00+00
CAM-1	camera_online	2026-09-02 03:58:00+00		1	ok	2026-09-03 02:00:00+00
RG-01	rain_1h	2026-09-03 02:00:00+00		2	ok	2026-09-03 02:00:00+00
\.

COPY public.maintenance (id, station, starts, ends, why, by, entered_at, settled_at) FROM stdin;
1	PD-10	2026-09-02 06:00:00+00	2026-09-02 08:00:00+00	清淤	admin员	2026-09-03 02:00:00+00	\N
\.

COPY public.mend_request (id, feed, rule, letters, asked_by, asked_at, taken_at, worker, done_at, replayed, still, error) FROM stdin;
1	rain	station	{1}	admin员	2026-09-03 02:00:00+00	\N	\N	\N	\N	\N	\N
\.

COPY public.notice (id, at, person_id, event_id, alert_id, kind, words, read_at, once) FROM stdin;
1	2026-08-03 01:00:00+00	2	4414022026080300001	\N	report	新上报：暴露垃圾，请受理	\N	4414022026080300001:1:report:2
2	2026-08-03 01:02:00+00	3	4414022026080300001	\N	register	已立案：暴露垃圾，请派遣	\N	4414022026080300001:3:register:3
3	2026-08-03 01:03:00+00	6	4414022026080300001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月03日 15:03前反馈	\N	4414022026080300001:4:dispatch:6
4	2026-08-03 01:03:00+00	7	4414022026080300001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月03日 15:03前反馈	\N	4414022026080300001:4:dispatch:7
5	2026-08-03 03:00:00+00	10	4414022026080300001	\N	check	请到现场核查：暴露垃圾，位置见地图	\N	4414022026080300001:6:answer:10
6	2026-08-03 03:50:00+00	2	4414022026080300001	\N	close	核查通过：暴露垃圾，请结案	\N	4414022026080300001:7:check:2
7	2026-08-03 04:00:00+00	12	4414022026080300001	\N	result	您上报的“暴露垃圾”已结案，请评价	\N	4414022026080300001:8:close:12
8	2026-08-04 01:00:00+00	2	4414022026080400001	\N	report	新上报：暴露垃圾，请受理	\N	4414022026080400001:1:report:2
9	2026-08-04 01:02:00+00	3	4414022026080400001	\N	register	已立案：暴露垃圾，请派遣	\N	4414022026080400001:3:register:3
10	2026-08-04 01:03:00+00	6	4414022026080400001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月04日 15:03前反馈	\N	4414022026080400001:4:dispatch:6
11	2026-08-04 01:03:00+00	7	4414022026080400001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月04日 15:03前反馈	\N	4414022026080400001:4:dispatch:7
12	2026-08-04 08:00:00+00	11	4414022026080400001	\N	check	请到现场核查：暴露垃圾，位置见地图	\N	4414022026080400001:6:answer:11
13	2026-08-04 08:50:00+00	2	4414022026080400001	\N	close	核查通过：暴露垃圾，请结案	\N	4414022026080400001:7:check:2
14	2026-08-04 09:00:00+00	12	4414022026080400001	\N	result	您上报的“暴露垃圾”已结案，请评价	\N	4414022026080400001:8:close:12
15	2026-08-05 01:00:00+00	2	4414022026080500001	\N	report	新上报：暴露垃圾，请受理	\N	4414022026080500001:1:report:2
16	2026-08-05 01:05:00+00	12	4414022026080500001	\N	result	您上报的“暴露垃圾”不予受理：不属于城市运行管理范围	\N	4414022026080500001:2:decline:12
17	2026-08-06 01:00:00+00	2	4414022026080600001	\N	report	新上报：暴露垃圾，请受理	\N	4414022026080600001:1:report:2
18	2026-08-06 01:02:00+00	3	4414022026080600001	\N	register	已立案：暴露垃圾，请派遣	\N	4414022026080600001:3:register:3
19	2026-08-06 01:03:00+00	6	4414022026080600001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月06日 15:03前反馈	\N	4414022026080600001:4:dispatch:6
20	2026-08-06 01:03:00+00	7	4414022026080600001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月06日 15:03前反馈	\N	4414022026080600001:4:dispatch:7
21	2026-08-06 01:23:00+00	3	4414022026080600001	\N	return	被退回：暴露垃圾，原因：不属于本单位职责	\N	4414022026080600001:5:return:3
22	2026-08-06 01:33:00+00	6	4414022026080600001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月06日 15:03前反馈	\N	4414022026080600001:6:dispatch:6
23	2026-08-06 01:33:00+00	7	4414022026080600001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月06日 15:03前反馈	\N	4414022026080600001:6:dispatch:7
24	2026-08-06 06:30:00+00	10	4414022026080600001	\N	check	请到现场核查：暴露垃圾，位置见地图	\N	4414022026080600001:8:answer:10
25	2026-08-06 07:50:00+00	2	4414022026080600001	\N	close	核查通过：暴露垃圾，请结案	\N	4414022026080600001:9:check:2
26	2026-08-06 08:00:00+00	12	4414022026080600001	\N	result	您上报的“暴露垃圾”已结案，请评价	\N	4414022026080600001:10:close:12
27	2026-08-07 01:00:00+00	2	4414022026080700001	\N	report	新上报：暴露垃圾，请受理	\N	4414022026080700001:1:report:2
28	2026-08-07 01:02:00+00	3	4414022026080700001	\N	register	已立案：暴露垃圾，请派遣	\N	4414022026080700001:3:register:3
29	2026-08-07 01:03:00+00	6	4414022026080700001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月07日 15:03前反馈	\N	4414022026080700001:4:dispatch:6
30	2026-08-07 01:03:00+00	7	4414022026080700001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月07日 15:03前反馈	\N	4414022026080700001:4:dispatch:7
31	2026-08-07 02:00:00+00	10	4414022026080700001	\N	check	请到现场核查：暴露垃圾，位置见地图	\N	4414022026080700001:6:answer:10
32	2026-08-07 02:30:00+00	6	4414022026080700001	\N	rework	需要返工：暴露垃圾，原因：清理不彻底	\N	4414022026080700001:7:rework:6
33	2026-08-07 03:00:00+00	10	4414022026080700001	\N	check	请到现场核查：暴露垃圾，位置见地图	\N	4414022026080700001:8:answer:10
34	2026-08-10 01:00:00+00	2	4414022026081000001	\N	report	新上报：暴露垃圾，请受理	\N	4414022026081000001:1:report:2
35	2026-08-10 02:01:00+00	12	4414022026081000001	\N	result	您上报的“暴露垃圾”已作废：重复	\N	4414022026081000001:3:void:12
36	2026-08-11 01:00:00+00	2	4414022026081100001	\N	report	新上报：暴露垃圾，请受理	\N	4414022026081100001:1:report:2
37	2026-08-11 01:02:00+00	3	4414022026081100001	\N	register	已立案：暴露垃圾，请派遣	\N	4414022026081100001:3:register:3
38	2026-08-11 01:03:00+00	6	4414022026081100001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月11日 15:03前反馈	\N	4414022026081100001:4:dispatch:6
39	2026-08-11 01:03:00+00	7	4414022026081100001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月11日 15:03前反馈	\N	4414022026081100001:4:dispatch:7
40	2026-08-11 02:03:00+00	6	4414022026081100001	\N	suspend	已挂账，时限暂停：暴露垃圾	\N	4414022026081100001:5:suspend:6
41	2026-08-11 02:03:00+00	7	4414022026081100001	\N	suspend	已挂账，时限暂停：暴露垃圾	\N	4414022026081100001:5:suspend:7
42	2026-08-12 01:00:00+00	2	4414022026081200001	\N	report	新上报：暴露垃圾，请受理	\N	4414022026081200001:1:report:2
43	2026-08-12 01:02:00+00	3	4414022026081200001	\N	register	已立案：暴露垃圾，请派遣	\N	4414022026081200001:3:register:3
44	2026-08-12 01:03:00+00	6	4414022026081200001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月12日 15:03前反馈	\N	4414022026081200001:4:dispatch:6
45	2026-08-12 01:03:00+00	7	4414022026081200001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月12日 15:03前反馈	\N	4414022026081200001:4:dispatch:7
46	2026-08-12 02:00:00+00	10	4414022026081200001	\N	check	请到现场核查：暴露垃圾，位置见地图	\N	4414022026081200001:6:answer:10
47	2026-08-12 02:50:00+00	2	4414022026081200001	\N	close	核查通过：暴露垃圾，请结案	\N	4414022026081200001:7:check:2
48	2026-08-12 03:00:00+00	12	4414022026081200001	\N	result	您上报的“暴露垃圾”已结案，请评价	\N	4414022026081200001:8:close:12
49	2026-08-31 01:00:00+00	2	4414022026083100001	\N	report	新上报：暴露垃圾，请受理	\N	4414022026083100001:1:report:2
50	2026-08-31 01:02:00+00	3	4414022026083100001	\N	register	已立案：暴露垃圾，请派遣	\N	4414022026083100001:3:register:3
51	2026-08-31 01:03:00+00	6	4414022026083100001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月31日 15:03前反馈	\N	4414022026083100001:4:dispatch:6
52	2026-08-31 01:03:00+00	7	4414022026083100001	\N	dispatch	请处置：暴露垃圾，位置见地图，08月31日 15:03前反馈	\N	4414022026083100001:4:dispatch:7
53	2026-08-31 09:00:00+00	2	4414022026083100002	\N	report	新上报：暴露垃圾，请受理	\N	4414022026083100002:1:report:2
54	2026-08-31 09:02:00+00	3	4414022026083100002	\N	register	已立案：暴露垃圾，请派遣	\N	4414022026083100002:3:register:3
55	2026-08-31 09:03:00+00	6	4414022026083100002	\N	dispatch	请处置：暴露垃圾，位置见地图，09月01日 11:03前反馈	\N	4414022026083100002:4:dispatch:6
56	2026-08-31 09:03:00+00	7	4414022026083100002	\N	dispatch	请处置：暴露垃圾，位置见地图，09月01日 11:03前反馈	\N	4414022026083100002:4:dispatch:7
57	2026-09-03 02:00:00+00	1	\N	1	alert	蓝色告警 CAM-1 站：视频在线：离线，持续 10 分钟 以上，蓝色	\N	alert:1:1:1
58	2026-09-03 02:00:00+00	1	\N	2	alert	黄色告警 PD-09 站：积水深度 16.0 cm，达黄色限值 15 cm	\N	alert:2:1:1
59	2026-09-03 02:00:00+00	6	\N	2	alert	黄色告警 PD-09 站：积水深度 16.0 cm，达黄色限值 15 cm	\N	alert:2:1:6
60	2026-09-03 02:00:00+00	9	\N	2	alert	黄色告警 PD-09 站：积水深度 16.0 cm，达黄色限值 15 cm	\N	alert:2:1:9
61	2026-09-03 02:00:00+00	1	\N	3	alert	红色告警 PD-10 站：积水深度 41.0 cm，达红色限值 40 cm	\N	alert:3:1:1
62	2026-09-03 02:00:00+00	5	\N	3	alert	红色告警 PD-10 站：积水深度 41.0 cm，达红色限值 40 cm	\N	alert:3:1:5
63	2026-09-03 02:00:00+00	6	\N	3	alert	红色告警 PD-10 站：积水深度 41.0 cm，达红色限值 40 cm	\N	alert:3:1:6
64	2026-09-03 02:00:00+00	9	\N	3	alert	红色告警 PD-10 站：积水深度 41.0 cm，达红色限值 40 cm	\N	alert:3:1:9
65	2026-09-03 02:00:00+00	6	4414022026083100001	\N	remind	处置已超期 67 小时：暴露垃圾	\N	4414022026083100001:rung:1:6
66	2026-09-03 02:00:00+00	7	4414022026083100001	\N	escalate	处置已超期 67 小时：暴露垃圾	\N	4414022026083100001:rung:2:7
67	2026-09-03 02:00:00+00	4	4414022026083100001	\N	escalate	处置已超期 67 小时：暴露垃圾	\N	4414022026083100001:rung:3:4
68	2026-09-03 02:00:00+00	5	4414022026083100001	\N	escalate	处置已超期 67 小时：暴露垃圾	\N	4414022026083100001:rung:4:5
69	2026-09-03 02:00:00+00	6	4414022026083100002	\N	remind	处置已超期 47 小时：暴露垃圾	\N	4414022026083100002:rung:1:6
70	2026-09-03 02:00:00+00	7	4414022026083100002	\N	escalate	处置已超期 47 小时：暴露垃圾	\N	4414022026083100002:rung:2:7
71	2026-09-03 02:00:00+00	4	4414022026083100002	\N	escalate	处置已超期 47 小时：暴露垃圾	\N	4414022026083100002:rung:3:4
72	2026-09-03 02:00:00+00	5	4414022026083100002	\N	escalate	处置已超期 47 小时：暴露垃圾	\N	4414022026083100002:rung:4:5
73	2026-09-03 02:00:00+00	10	4414022026080700001	\N	overdue	本环节已超时：暴露垃圾	\N	4414022026080700001:stage:1786078800:10
74	2026-09-03 02:00:00+00	6	4414022026083100001	\N	overdue	本环节已超时：暴露垃圾	\N	4414022026083100001:stage:1788139980:6
75	2026-09-03 02:00:00+00	7	4414022026083100001	\N	overdue	本环节已超时：暴露垃圾	\N	4414022026083100001:stage:1788139980:7
76	2026-09-03 02:00:00+00	6	4414022026083100002	\N	overdue	本环节已超时：暴露垃圾	\N	4414022026083100002:stage:1788168780:6
77	2026-09-03 02:00:00+00	7	4414022026083100002	\N	overdue	本环节已超时：暴露垃圾	\N	4414022026083100002:stage:1788168780:7
78	2026-09-03 02:00:00+00	6	4414022026083100001	\N	overdue	处置已超期：暴露垃圾	\N	4414022026083100001:due:1788159780:6
79	2026-09-03 02:00:00+00	6	4414022026083100002	\N	overdue	处置已超期：暴露垃圾	\N	4414022026083100002:due:1788231780:6
80	2026-09-03 02:01:00+00	1	\N	4	alert	黄色告警 接入进程 w1：接入进程 w1 已 60 秒没有心跳，达黄色限值 15 秒；请检查该进程与所在主机	\N	alert:4:1:1
81	2026-09-03 00:00:00+00	2	4414022026090300003	\N	report	新上报：暴露垃圾，请受理	\N	4414022026090300003:1:report:2
82	2026-09-03 00:02:00+00	3	4414022026090300003	\N	register	已立案：暴露垃圾，请派遣	\N	4414022026090300003:3:register:3
83	2026-09-03 00:03:00+00	6	4414022026090300003	\N	dispatch	请处置：暴露垃圾，位置见地图，09月03日 14:03前反馈	\N	4414022026090300003:4:dispatch:6
84	2026-09-03 00:05:00+00	8	4414022026090300003	\N	dispatch	请联动处置：暴露垃圾，位置见地图，请配合抽排	\N	4414022026090300003:6:join:8
85	2026-09-03 00:06:00+00	11	4414022026090300003	\N	dispatch	请联动处置：暴露垃圾，位置见地图，请维持秩序	\N	4414022026090300003:7:join:11
86	2026-09-03 01:00:00+00	2	4414022026090300004	\N	report	新上报：暴露垃圾，请受理	\N	4414022026090300004:1:report:2
87	2026-09-03 02:00:00+00	2	4414022026090300005	\N	report	新上报：路面积水，请受理	\N	4414022026090300005:1:report:2
\.

COPY public.org (code, name, short, kind, parent, phone) FROM stdin;
zfw	区委政法委	政法委	department	\N	
zsj	区政务服务和数据管理局	政数局	department	\N	
cgj	区城市管理和综合执法局	城管局	department	\N	
yjj	区应急管理局	应急局	department	\N	
swj	区水务局	水务局	department	\N	
sthj	梅州市生态环境局梅江分局	生态环境分局	department	\N	
lyj	区林业局	林业局	department	\N	
nyj	区农业农村局	农业农村局	department	\N	
zjj	区住房和城乡建设局	住建局	department	\N	
zrzy	区自然资源局	自然资源局	department	\N	
jtj	区交通运输局	交通局	department	\N	
gaj	市公安局梅江分局	公安分局	department	\N	
xfdd	区消防救援大队	消防大队	department	\N	
scjg	区市场监督管理局	市监局	department	\N	
wjj	区卫生健康局	卫健局	department	\N	
jyj	区教育局	教育局	department	\N	
mzj	区民政局	民政局	department	\N	
qxj	区气象局	气象局	department	\N	
441402004	江南街道办事处	江南街道	town	\N	
441402006	金山街道办事处	金山街道	town	\N	
441402007	西郊街道办事处	西郊街道	town	\N	
441402102	三角镇人民政府	三角镇	town	\N	
441402103	长沙镇人民政府	长沙镇	town	\N	
441402105	城北镇人民政府	城北镇	town	\N	
441402106	西阳镇人民政府	西阳镇	town	\N	
\.

COPY public.password_past (person_id, at, hash) FROM stdin;
1	2026-09-03 01:00:00+00	$argon2id$v=19$m=65536,t=3,p=4$NpkOq6JOQafzri89uaoYPg$gG1c2OzN1ojeGx/sTIzyml1PxUkDBphTIYqQW6zyGPQ
\.

COPY public.person (id, login, name, phone, role, org, places, grid, password_hash, must_change, failed, locked_until, active, simulated, created_at, password_at) FROM stdin;
2	acceptor	acceptor员		acceptor	zsj	{441402}	\N	\N	f	0	\N	t	f	2026-09-03 02:00:00+00	\N
3	dispatcher	dispatcher员		dispatcher	zsj	{441402}	\N	\N	f	0	\N	t	f	2026-09-03 02:00:00+00	\N
4	chief	chief员		chief	zsj	{441402}	\N	\N	f	0	\N	t	f	2026-09-03 02:00:00+00	\N
5	leader	leader员		leader	zsj	{441402}	\N	\N	f	0	\N	t	f	2026-09-03 02:00:00+00	\N
6	cgj	cgj员		department	cgj	{}	\N	\N	f	0	\N	t	f	2026-09-03 02:00:00+00	\N
7	cgj_chief	cgj_chief员		department	cgj	{}	\N	\N	f	0	\N	t	f	2026-09-03 02:00:00+00	\N
8	swj	swj员		department	swj	{}	\N	\N	f	0	\N	t	f	2026-09-03 02:00:00+00	\N
9	town	town员		department	441402103	{}	\N	\N	f	0	\N	t	f	2026-09-03 02:00:00+00	\N
10	worker1	worker1员		worker	441402103	{}	441402103200001	\N	f	0	\N	t	f	2026-09-03 02:00:00+00	\N
11	worker2	worker2员		worker	441402103	{}	441402103200002	\N	f	0	\N	t	f	2026-09-03 02:00:00+00	\N
12	public	public员		public	\N	{}	\N	\N	f	0	\N	t	f	2026-09-03 02:00:00+00	\N
13	admin	admin员		admin	zsj	{441402}	\N	\N	f	0	\N	t	f	2026-09-03 02:00:00+00	\N
1	operator	operator员		operator	zsj	{441402}	\N	$argon2id$v=19$m=65536,t=3,p=4$2Jwh5gG19UTqYAM3JcgiZA$jCCbpJtaQzwKYkSnJ1XBfIRQvqy8tBEWG9oe0VQ4F7E	f	0	\N	t	f	2026-09-03 02:00:00+00	2026-09-03 01:00:00+00
\.

COPY public.photo (id, event_id, phase, sha256, mime, bytes, path, lng, lat, taken_at, uploaded_at, by, stored_sha256) FROM stdin;
4b0203d0-e76f-44e8-8c8c-379d094bc12d	4414022026080300001	answer	\\xfb06954d8effc2c04d17ec483e69ad4f609aaaed2414db465aea1d8cdffe6787	image/jpeg	1	x	\N	\N	\N	2026-08-03 03:00:00+00	6	\N
0cf1c633-6616-40b1-99f0-79a619216adc	4414022026080300001	check	\\xbd2ca84cccdb17c292b5062c634a83957283d83cf204ed341d2eeb8ee4991b8c	image/jpeg	1	x	\N	\N	\N	2026-08-03 03:50:00+00	10	\N
3ca13c45-7e2c-4918-982c-6c42818e2392	4414022026080400001	answer	\\x614be88e17dad86242c5019b167f917bdf6ab1780449563a79a28ab0e75f26c1	image/jpeg	1	x	\N	\N	\N	2026-08-04 08:00:00+00	6	\N
6c66cde8-0402-40c7-a1af-c704f9b1379c	4414022026080400001	check	\\x22d6cef8803d7a169312c428e2aba044f19c5ffef580db6c0598a15dcb68cac3	image/jpeg	1	x	\N	\N	\N	2026-08-04 08:50:00+00	11	\N
50ed9f8f-3417-4f98-b55d-b54b7e2de8fe	4414022026080600001	answer	\\xe319d61d263cfc021487fd2a9c1192c8bcad364b7a5b5160e509c697d61f263e	image/jpeg	1	x	\N	\N	\N	2026-08-06 06:30:00+00	6	\N
d9a86002-dcc7-4cdb-9c66-bfcef7f14ae2	4414022026080600001	check	\\xe372c6c84b959b9512afab48dda4123005cff6754d0a32b75696bb7f76097aa9	image/jpeg	1	x	\N	\N	\N	2026-08-06 07:50:00+00	10	\N
b2d601d3-1786-4856-9813-dddb222e08b9	4414022026080700001	answer	\\x1d42bc0dc374691fb10cb7d1e29d9d623580171899f7923408a1f2432a8c1936	image/jpeg	1	x	\N	\N	\N	2026-08-07 02:00:00+00	6	\N
c7569a90-7bff-4980-8ad0-fdb129eaffd6	4414022026080700001	answer	\\x729b117f59742b1b38e8e6db4ffd217f28121c033a894b6b3dba8258e9b22a61	image/jpeg	1	x	\N	\N	\N	2026-08-07 03:00:00+00	6	\N
aed0da50-cefa-42be-a86d-6dc7fc7b2d09	4414022026081200001	answer	\\x3ee5cb0d5b1f1201e2197426668a530cd538b2228a900c7a6c5cb5e95f3aa9c4	image/jpeg	1	x	\N	\N	\N	2026-08-12 02:00:00+00	6	\N
a35dcf5b-2dd4-4ccb-929d-ed36b694e672	4414022026081200001	check	\\x1c2f8c83d33d33071fa8f39320404978fb99e17ce85069bb3cfb5d77d90107a8	image/jpeg	1	x	\N	\N	\N	2026-08-12 02:50:00+00	10	\N
2c58846f-f007-44b1-825a-afa57fbd0312	4414022026090300004	report	\\xa601ab159835c565900fd2ce495c096cecde701b728daf1ffdf4bd419decc9d7	image/jpeg	678	photos/2026/09/2be79e540c534436a4fbb467c961a936.jpg	\N	\N	\N	2026-09-03 01:00:00+00	10	\\xb7e88f49b0d06a3f8d12c9eb55cdbd24962de77cb951ee3d51e5c3f11b16cd62
\.

COPY public.place (code, kind, name, parent, lng, lat, area_m2, geom, origin) FROM stdin;
441402	district	梅江区	\N	116.10499999999999	24.31	\N	\N	
441402103	town	长沙镇	441402	116.10499999999999	24.31	\N	\N	
441402103200	village	小密村	441402103	116.10499999999999	24.31	\N	\N	
441402103200001	grid	一格	441402103200	116.10499999999999	24.31	\N	\N	
441402103200002	grid	二格	441402103200	116.115	24.31	\N	\N	
\.

COPY public.poll_cursor (source, cursor, seen, at, next_at, failures, last_error) FROM stdin;
sthj	2026-09-03	\\x00000000000000000000000000000000	2026-09-03 02:00:00+00	2026-09-03 03:00:00+00	0	
\.

COPY public.push_receipt (key_id, token, asked, at, status, answer) FROM stdin;
k6ffe0dcf5142	t1	\\x230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5	2026-09-03 02:00:00+00	200	{"stored": 1}
\.

COPY public.reading_1d_kept (station, kind, bucket, n, mean, low, high, total, first, last, n_all) FROM stdin;
PD-10	pond_depth	2026-08-31 16:00:00+00	24	2.9583333333333335	1	5	71	5	3	24
PD-10	pond_depth	2026-09-01 16:00:00+00	24	3	1	5	72	4	2	24
RG-01	rain_1h	2026-08-30 16:00:00+00	14	2.357142857142857	0.5	4.5	33	0.5	3.5	14
RG-01	rain_1h	2026-09-01 16:00:00+00	24	2.5	0.5	4.5	60	3.5	1.5	24
CAM-1	camera_online	2026-09-01 16:00:00+00	60	0.6666666666666666	0	1	40	1	1	60
PD-10	pond_depth	2026-08-30 16:00:00+00	14	2.857142857142857	1	5	40	1	4	15
RG-01	rain_1h	2026-02-14 16:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-08-31 16:00:00+00	25	2.74	0.5	9.5	68.5	4.5	2.5	25
\.

COPY public.reading_1h_kept (station, kind, bucket, n, mean, low, high, total, first, last, n_all) FROM stdin;
PD-10	pond_depth	2026-08-31 03:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-08-31 04:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-08-31 05:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-08-31 06:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-08-31 07:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-08-31 08:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-08-31 09:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-08-31 10:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-08-31 11:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-08-31 12:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-08-31 13:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-08-31 14:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-08-31 15:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-08-31 16:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-08-31 17:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-08-31 18:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-08-31 19:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-08-31 20:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-08-31 21:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-08-31 22:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-08-31 23:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-09-01 00:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-09-01 01:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-09-01 02:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-09-01 03:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-09-01 04:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-09-01 05:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-09-01 06:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-09-01 07:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-09-01 08:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-09-01 09:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-09-01 10:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-09-01 11:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-09-01 12:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-09-01 13:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-09-01 14:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-09-01 15:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-09-01 16:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-09-01 17:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-09-01 18:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-09-01 19:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-09-01 20:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-09-01 21:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-09-01 22:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-09-01 23:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-09-02 00:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-09-02 01:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-09-02 02:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-09-02 03:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-09-02 04:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-09-02 05:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-09-02 06:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-09-02 07:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-09-02 08:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-09-02 09:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-09-02 10:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-09-02 11:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-09-02 12:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-09-02 13:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-09-02 14:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-09-02 15:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-09-02 16:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-09-02 17:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-09-02 18:00:00+00	1	5	5	5	5	5	5	1
PD-10	pond_depth	2026-09-02 19:00:00+00	1	1	1	1	1	1	1	1
PD-10	pond_depth	2026-09-02 20:00:00+00	1	2	2	2	2	2	2	1
PD-10	pond_depth	2026-09-02 21:00:00+00	1	3	3	3	3	3	3	1
PD-10	pond_depth	2026-09-02 22:00:00+00	1	4	4	4	4	4	4	1
PD-10	pond_depth	2026-09-02 23:00:00+00	1	5	5	5	5	5	5	1
RG-01	rain_1h	2026-08-31 02:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-08-31 03:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-08-31 04:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-08-31 05:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-08-31 06:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-08-31 07:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-08-31 08:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-08-31 09:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-08-31 10:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-08-31 11:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-08-31 12:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-08-31 13:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-08-31 14:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-08-31 15:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-08-31 16:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-08-31 17:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-08-31 18:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-08-31 19:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-08-31 20:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-08-31 21:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-08-31 22:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-08-31 23:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-09-01 00:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-09-01 02:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-09-01 03:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-09-01 04:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-09-01 05:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-09-01 06:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-09-01 07:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-09-01 08:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-09-01 09:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-09-01 10:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-09-01 11:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-09-01 12:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-09-01 13:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-09-01 14:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-09-01 15:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-09-01 16:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-09-01 17:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-09-01 18:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-09-01 19:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-09-01 20:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-09-01 21:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-09-01 22:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-09-01 23:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-09-02 00:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-09-02 01:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-09-02 02:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-09-02 03:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-09-02 04:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-09-02 05:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-09-02 06:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-09-02 07:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-09-02 08:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-09-02 09:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-09-02 10:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-09-02 11:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-09-02 12:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-09-02 13:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-09-02 14:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-09-02 15:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-09-02 16:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-09-02 17:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-09-02 18:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-09-02 19:00:00+00	1	0.5	0.5	0.5	0.5	0.5	0.5	1
RG-01	rain_1h	2026-09-02 20:00:00+00	1	1.5	1.5	1.5	1.5	1.5	1.5	1
RG-01	rain_1h	2026-09-02 21:00:00+00	1	2.5	2.5	2.5	2.5	2.5	2.5	1
RG-01	rain_1h	2026-09-02 22:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-09-02 23:00:00+00	1	4.5	4.5	4.5	4.5	4.5	4.5	1
RG-01	rain_1h	2026-02-15 02:00:00+00	1	3.5	3.5	3.5	3.5	3.5	3.5	1
RG-01	rain_1h	2026-09-01 01:00:00+00	2	6.5	3.5	9.5	13	3.5	9.5	2
CAM-1	camera_online	2026-09-02 03:00:00+00	30	0.6666666666666666	0	1	20	0	1	30
PD-10	pond_depth	2026-08-31 02:00:00+00	1	1	1	1	1	1	1	2
CAM-1	camera_online	2026-09-02 02:00:00+00	30	0.6666666666666666	0	1	20	1	0	30
\.

COPY public.reading_2026w07 (station, kind, at, seq, value, quality, delay_s) FROM stdin;
RG-01	rain_1h	2026-02-15 02:00:00+00		3.5	ok	17280000
\.

COPY public.reading_2026w36 (station, kind, at, seq, value, quality, delay_s) FROM stdin;
RG-01	rain_1h	2026-08-31 02:00:00+00		0.5	ok	82860
RG-01	rain_1h	2026-08-31 03:00:00+00		1.5	ok	79260
RG-01	rain_1h	2026-08-31 04:00:00+00		2.5	ok	75660
RG-01	rain_1h	2026-08-31 05:00:00+00		3.5	ok	72060
RG-01	rain_1h	2026-08-31 06:00:00+00		4.5	ok	68460
RG-01	rain_1h	2026-08-31 07:00:00+00		0.5	ok	64860
RG-01	rain_1h	2026-08-31 08:00:00+00		1.5	ok	61260
RG-01	rain_1h	2026-08-31 09:00:00+00		2.5	ok	57660
RG-01	rain_1h	2026-08-31 10:00:00+00		3.5	ok	54060
RG-01	rain_1h	2026-08-31 11:00:00+00		4.5	ok	50460
RG-01	rain_1h	2026-08-31 12:00:00+00		0.5	ok	46860
RG-01	rain_1h	2026-08-31 13:00:00+00		1.5	ok	43260
RG-01	rain_1h	2026-08-31 14:00:00+00		2.5	ok	39660
RG-01	rain_1h	2026-08-31 15:00:00+00		3.5	ok	36060
RG-01	rain_1h	2026-08-31 16:00:00+00		4.5	ok	32460
RG-01	rain_1h	2026-08-31 17:00:00+00		0.5	ok	28860
RG-01	rain_1h	2026-08-31 18:00:00+00		1.5	ok	25260
RG-01	rain_1h	2026-08-31 19:00:00+00		2.5	ok	21660
RG-01	rain_1h	2026-08-31 20:00:00+00		3.5	ok	18060
RG-01	rain_1h	2026-08-31 21:00:00+00		4.5	ok	14460
RG-01	rain_1h	2026-08-31 22:00:00+00		0.5	ok	10860
RG-01	rain_1h	2026-08-31 23:00:00+00		1.5	ok	7260
RG-01	rain_1h	2026-09-01 00:00:00+00		2.5	ok	3660
RG-01	rain_1h	2026-09-01 01:00:00+00		3.5	ok	60
RG-01	rain_1h	2026-09-01 02:00:00+00		4.5	ok	82860
RG-01	rain_1h	2026-09-01 03:00:00+00		0.5	ok	79260
RG-01	rain_1h	2026-09-01 04:00:00+00		1.5	ok	75660
RG-01	rain_1h	2026-09-01 05:00:00+00		2.5	ok	72060
RG-01	rain_1h	2026-09-01 06:00:00+00		3.5	ok	68460
RG-01	rain_1h	2026-09-01 07:00:00+00		4.5	ok	64860
RG-01	rain_1h	2026-09-01 08:00:00+00		0.5	ok	61260
RG-01	rain_1h	2026-09-01 09:00:00+00		1.5	ok	57660
RG-01	rain_1h	2026-09-01 10:00:00+00		2.5	ok	54060
RG-01	rain_1h	2026-09-01 11:00:00+00		3.5	ok	50460
RG-01	rain_1h	2026-09-01 12:00:00+00		4.5	ok	46860
RG-01	rain_1h	2026-09-01 13:00:00+00		0.5	ok	43260
RG-01	rain_1h	2026-09-01 14:00:00+00		1.5	ok	39660
RG-01	rain_1h	2026-09-01 15:00:00+00		2.5	ok	36060
RG-01	rain_1h	2026-09-01 16:00:00+00		3.5	ok	32460
RG-01	rain_1h	2026-09-01 17:00:00+00		4.5	ok	28860
RG-01	rain_1h	2026-09-01 18:00:00+00		0.5	ok	25260
RG-01	rain_1h	2026-09-01 19:00:00+00		1.5	ok	21660
RG-01	rain_1h	2026-09-01 20:00:00+00		2.5	ok	18060
RG-01	rain_1h	2026-09-01 21:00:00+00		3.5	ok	14460
RG-01	rain_1h	2026-09-01 22:00:00+00		4.5	ok	10860
RG-01	rain_1h	2026-09-01 23:00:00+00		0.5	ok	7260
RG-01	rain_1h	2026-09-02 00:00:00+00		1.5	ok	3660
RG-01	rain_1h	2026-09-02 01:00:00+00		2.5	ok	60
RG-01	rain_1h	2026-09-02 02:00:00+00		3.5	ok	75660
RG-01	rain_1h	2026-09-02 03:00:00+00		4.5	ok	72060
RG-01	rain_1h	2026-09-02 04:00:00+00		0.5	ok	68460
RG-01	rain_1h	2026-09-02 05:00:00+00		1.5	ok	64860
RG-01	rain_1h	2026-09-02 06:00:00+00		2.5	ok	61260
RG-01	rain_1h	2026-09-02 07:00:00+00		3.5	ok	57660
RG-01	rain_1h	2026-09-02 08:00:00+00		4.5	ok	54060
RG-01	rain_1h	2026-09-02 09:00:00+00		0.5	ok	50460
RG-01	rain_1h	2026-09-02 10:00:00+00		1.5	ok	46860
RG-01	rain_1h	2026-09-02 11:00:00+00		2.5	ok	43260
RG-01	rain_1h	2026-09-02 12:00:00+00		3.5	ok	39660
RG-01	rain_1h	2026-09-02 13:00:00+00		4.5	ok	36060
RG-01	rain_1h	2026-09-02 14:00:00+00		0.5	ok	32460
RG-01	rain_1h	2026-09-02 15:00:00+00		1.5	ok	28860
RG-01	rain_1h	2026-09-02 16:00:00+00		2.5	ok	25260
RG-01	rain_1h	2026-09-02 17:00:00+00		3.5	ok	21660
RG-01	rain_1h	2026-09-02 18:00:00+00		4.5	ok	18060
RG-01	rain_1h	2026-09-02 19:00:00+00		0.5	ok	14460
RG-01	rain_1h	2026-09-02 20:00:00+00		1.5	ok	10860
RG-01	rain_1h	2026-09-02 21:00:00+00		2.5	ok	7260
RG-01	rain_1h	2026-09-02 22:00:00+00		3.5	ok	3660
RG-01	rain_1h	2026-09-02 23:00:00+00		4.5	ok	60
PD-10	pond_depth	2026-08-31 02:00:00+00		1	ok	82860
PD-10	pond_depth	2026-08-31 03:00:00+00		2	ok	79260
PD-10	pond_depth	2026-08-31 04:00:00+00		3	ok	75660
PD-10	pond_depth	2026-08-31 05:00:00+00		4	ok	72060
PD-10	pond_depth	2026-08-31 06:00:00+00		5	ok	68460
PD-10	pond_depth	2026-08-31 07:00:00+00		1	ok	64860
PD-10	pond_depth	2026-08-31 08:00:00+00		2	ok	61260
PD-10	pond_depth	2026-08-31 09:00:00+00		3	ok	57660
PD-10	pond_depth	2026-08-31 10:00:00+00		4	ok	54060
PD-10	pond_depth	2026-08-31 11:00:00+00		5	ok	50460
PD-10	pond_depth	2026-08-31 12:00:00+00		1	ok	46860
PD-10	pond_depth	2026-08-31 13:00:00+00		2	ok	43260
PD-10	pond_depth	2026-08-31 14:00:00+00		3	ok	39660
PD-10	pond_depth	2026-08-31 15:00:00+00		4	ok	36060
PD-10	pond_depth	2026-08-31 16:00:00+00		5	ok	32460
PD-10	pond_depth	2026-08-31 17:00:00+00		1	ok	28860
PD-10	pond_depth	2026-08-31 18:00:00+00		2	ok	25260
PD-10	pond_depth	2026-08-31 19:00:00+00		3	ok	21660
PD-10	pond_depth	2026-08-31 20:00:00+00		4	ok	18060
PD-10	pond_depth	2026-08-31 21:00:00+00		5	ok	14460
PD-10	pond_depth	2026-08-31 22:00:00+00		1	ok	10860
PD-10	pond_depth	2026-08-31 23:00:00+00		2	ok	7260
PD-10	pond_depth	2026-09-01 00:00:00+00		3	ok	3660
PD-10	pond_depth	2026-09-01 01:00:00+00		4	ok	60
PD-10	pond_depth	2026-09-01 02:00:00+00		5	ok	82860
PD-10	pond_depth	2026-09-01 03:00:00+00		1	ok	79260
PD-10	pond_depth	2026-09-01 04:00:00+00		2	ok	75660
PD-10	pond_depth	2026-09-01 05:00:00+00		3	ok	72060
PD-10	pond_depth	2026-09-01 06:00:00+00		4	ok	68460
PD-10	pond_depth	2026-09-01 07:00:00+00		5	ok	64860
PD-10	pond_depth	2026-09-01 08:00:00+00		1	ok	61260
PD-10	pond_depth	2026-09-01 09:00:00+00		2	ok	57660
PD-10	pond_depth	2026-09-01 10:00:00+00		3	ok	54060
PD-10	pond_depth	2026-09-01 11:00:00+00		4	ok	50460
PD-10	pond_depth	2026-09-01 12:00:00+00		5	ok	46860
PD-10	pond_depth	2026-09-01 13:00:00+00		1	ok	43260
PD-10	pond_depth	2026-09-01 14:00:00+00		2	ok	39660
PD-10	pond_depth	2026-09-01 15:00:00+00		3	ok	36060
PD-10	pond_depth	2026-09-01 16:00:00+00		4	ok	32460
PD-10	pond_depth	2026-09-01 17:00:00+00		5	ok	28860
PD-10	pond_depth	2026-09-01 18:00:00+00		1	ok	25260
PD-10	pond_depth	2026-09-01 19:00:00+00		2	ok	21660
PD-10	pond_depth	2026-09-01 20:00:00+00		3	ok	18060
PD-10	pond_depth	2026-09-01 21:00:00+00		4	ok	14460
PD-10	pond_depth	2026-09-01 22:00:00+00		5	ok	10860
PD-10	pond_depth	2026-09-01 23:00:00+00		1	ok	7260
PD-10	pond_depth	2026-09-02 00:00:00+00		2	ok	3660
PD-10	pond_depth	2026-09-02 01:00:00+00		3	ok	60
PD-10	pond_depth	2026-09-02 02:00:00+00		4	ok	75660
PD-10	pond_depth	2026-09-02 03:00:00+00		5	ok	72060
PD-10	pond_depth	2026-09-02 04:00:00+00		1	ok	68460
PD-10	pond_depth	2026-09-02 05:00:00+00		2	ok	64860
PD-10	pond_depth	2026-09-02 08:00:00+00		5	ok	54060
PD-10	pond_depth	2026-09-02 09:00:00+00		1	ok	50460
PD-10	pond_depth	2026-09-02 10:00:00+00		2	ok	46860
PD-10	pond_depth	2026-09-02 11:00:00+00		3	ok	43260
PD-10	pond_depth	2026-09-02 12:00:00+00		4	ok	39660
PD-10	pond_depth	2026-09-02 13:00:00+00		5	ok	36060
PD-10	pond_depth	2026-09-02 14:00:00+00		1	ok	32460
PD-10	pond_depth	2026-09-02 15:00:00+00		2	ok	28860
PD-10	pond_depth	2026-09-02 16:00:00+00		3	ok	25260
PD-10	pond_depth	2026-09-02 17:00:00+00		4	ok	21660
PD-10	pond_depth	2026-09-02 18:00:00+00		5	ok	18060
PD-10	pond_depth	2026-09-02 19:00:00+00		1	ok	14460
PD-10	pond_depth	2026-09-02 20:00:00+00		2	ok	10860
PD-10	pond_depth	2026-09-02 21:00:00+00		3	ok	7260
PD-10	pond_depth	2026-09-02 22:00:00+00		4	ok	3660
PD-10	pond_depth	2026-09-02 23:00:00+00		5	ok	60
RG-01	rain_1h	2026-09-01 01:53:00+00		9.5	late	173220
PD-10	pond_depth	2026-08-31 02:00:00+00	~8f14e45f	7	duplicate	259200
PD-09	pond_depth	2026-09-03 01:00:00+00		16	ok	3600
PD-10	pond_depth	2026-09-03 01:00:00+00		41	ok	3600
PD-10	pond_depth	2026-09-03 01:15:00+00		41	ok	2700
PD-10	pond_depth	2026-09-03 01:30:00+00		1	ok	1800
PD-10	pond_depth	2026-09-03 01:45:00+00		1	ok	900
CAM-1	camera_online	2026-09-02 02:00:00+00		1	ok	86400
CAM-1	camera_online	2026-09-02 02:02:00+00		1	ok	86280
CAM-1	camera_online	2026-09-02 02:04:00+00		1	ok	86160
CAM-1	camera_online	2026-09-02 02:06:00+00		1	ok	86040
CAM-1	camera_online	2026-09-02 02:08:00+00		1	ok	85920
CAM-1	camera_online	2026-09-02 02:10:00+00		1	ok	85800
CAM-1	camera_online	2026-09-02 02:12:00+00		1	ok	85680
CAM-1	camera_online	2026-09-02 02:14:00+00		1	ok	85560
CAM-1	camera_online	2026-09-02 02:16:00+00		1	ok	85440
CAM-1	camera_online	2026-09-02 02:18:00+00		1	ok	85320
CAM-1	camera_online	2026-09-02 02:20:00+00		1	ok	85200
CAM-1	camera_online	2026-09-02 02:22:00+00		1	ok	85080
CAM-1	camera_online	2026-09-02 02:24:00+00		1	ok	84960
CAM-1	camera_online	2026-09-02 02:26:00+00		1	ok	84840
CAM-1	camera_online	2026-09-02 02:28:00+00		1	ok	84720
CAM-1	camera_online	2026-09-02 02:30:00+00		1	ok	84600
CAM-1	camera_online	2026-09-02 02:32:00+00		1	ok	84480
CAM-1	camera_online	2026-09-02 02:34:00+00		1	ok	84360
CAM-1	camera_online	2026-09-02 02:36:00+00		1	ok	84240
CAM-1	camera_online	2026-09-02 02:38:00+00		1	ok	84120
CAM-1	camera_online	2026-09-02 02:40:00+00		0	ok	84000
CAM-1	camera_online	2026-09-02 02:42:00+00		0	ok	83880
CAM-1	camera_online	2026-09-02 02:44:00+00		0	ok	83760
CAM-1	camera_online	2026-09-02 02:46:00+00		0	ok	83640
CAM-1	camera_online	2026-09-02 02:48:00+00		0	ok	83520
CAM-1	camera_online	2026-09-02 02:50:00+00		0	ok	83400
CAM-1	camera_online	2026-09-02 02:52:00+00		0	ok	83280
CAM-1	camera_online	2026-09-02 02:54:00+00		0	ok	83160
CAM-1	camera_online	2026-09-02 02:56:00+00		0	ok	83040
CAM-1	camera_online	2026-09-02 02:58:00+00		0	ok	82920
CAM-1	camera_online	2026-09-02 03:00:00+00		0	ok	82800
CAM-1	camera_online	2026-09-02 03:02:00+00		0	ok	82680
CAM-1	camera_online	2026-09-02 03:04:00+00		0	ok	82560
CAM-1	camera_online	2026-09-02 03:06:00+00		0	ok	82440
CAM-1	camera_online	2026-09-02 03:08:00+00		0	ok	82320
CAM-1	camera_online	2026-09-02 03:10:00+00		0	ok	82200
CAM-1	camera_online	2026-09-02 03:12:00+00		0	ok	82080
CAM-1	camera_online	2026-09-02 03:14:00+00		0	ok	81960
CAM-1	camera_online	2026-09-02 03:16:00+00		0	ok	81840
CAM-1	camera_online	2026-09-02 03:18:00+00		0	ok	81720
CAM-1	camera_online	2026-09-02 03:20:00+00		1	ok	81600
CAM-1	camera_online	2026-09-02 03:22:00+00		1	ok	81480
CAM-1	camera_online	2026-09-02 03:24:00+00		1	ok	81360
CAM-1	camera_online	2026-09-02 03:26:00+00		1	ok	81240
CAM-1	camera_online	2026-09-02 03:28:00+00		1	ok	81120
CAM-1	camera_online	2026-09-02 03:30:00+00		1	ok	81000
CAM-1	camera_online	2026-09-02 03:32:00+00		1	ok	80880
CAM-1	camera_online	2026-09-02 03:34:00+00		1	ok	80760
CAM-1	camera_online	2026-09-02 03:36:00+00		1	ok	80640
CAM-1	camera_online	2026-09-02 03:38:00+00		1	ok	80520
CAM-1	camera_online	2026-09-02 03:40:00+00		1	ok	80400
CAM-1	camera_online	2026-09-02 03:42:00+00		1	ok	80280
CAM-1	camera_online	2026-09-02 03:44:00+00		1	ok	80160
CAM-1	camera_online	2026-09-02 03:46:00+00		1	ok	80040
CAM-1	camera_online	2026-09-02 03:48:00+00		1	ok	79920
CAM-1	camera_online	2026-09-02 03:50:00+00		1	ok	79800
CAM-1	camera_online	2026-09-02 03:52:00+00		1	ok	79680
CAM-1	camera_online	2026-09-02 03:54:00+00		1	ok	79560
CAM-1	camera_online	2026-09-02 03:56:00+00		1	ok	79440
CAM-1	camera_online	2026-09-02 03:58:00+00		1	ok	79320
PD-10	pond_depth	2026-09-02 06:00:00+00		3	maintenance	61260
PD-10	pond_depth	2026-09-02 07:00:00+00		4	maintenance	57660
RG-01	rain_1h	2026-09-03 02:00:00+00		2	ok	0
\.

COPY public.reading_2026w37 (station, kind, at, seq, value, quality, delay_s) FROM stdin;
\.

COPY public.reading_2026w38 (station, kind, at, seq, value, quality, delay_s) FROM stdin;
\.

COPY public.reading_2026w39 (station, kind, at, seq, value, quality, delay_s) FROM stdin;
\.

COPY public.reading_2026w40 (station, kind, at, seq, value, quality, delay_s) FROM stdin;
\.

COPY public.reading_rest (station, kind, at, seq, value, quality, delay_s) FROM stdin;
\.

COPY public.receipt (client_key, person_id, asked, at, answer) FROM stdin;
00000000-0000-0000-0000-000000000007	12	\\xc66790da5943c4466dd80634deb63f4e19f07e7f81624f222b86fecf9fff6445	2026-09-03 02:00:00+00	{"id": "1"}
\.

COPY public.report_snapshot (id, period, version, cut_at, made_by, made_at, data) FROM stdin;
1	2026-08	1	2026-09-02 00:00:00+00	chief员	2026-09-03 02:00:00+00	{"hot": {"all": {"441402103200001": 8, "441402103200002": 2}, "hot": [{"e": "flag=reported&grid=441402103200001", "n": 8, "code": "441402103200001", "name": "一格", "town": "长沙镇", "per_km2": null, "village": "小密村"}], "grids": 2, "least": 3, "share": 0.05, "statement": "report_grids", "with_cases": 2}, "data": {"cases": 10, "lines": 61, "short": "5814ecbef652", "digest": "5814ecbef6528e0c228cedaa49bbd059fa35464bb7b0df89b5dc33242ef27886", "last_at": "2026-08-31T09:03:00+00:00", "statement": "report_version"}, "kpis": [{"e": "flag=reported", "key": "reported", "mom": "—", "top": 10, "yoy": "—", "last": null, "rule": "上报的案卷", "text": "10", "unit": "件", "year": null, "label": "上报", "value": 10, "bottom": null, "e_base": null, "target": null, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=registered", "key": "registered", "mom": "—", "top": 8, "yoy": "—", "last": null, "rule": "已立案且未作废的案卷", "text": "8", "unit": "件", "year": null, "label": "立案", "value": 8, "bottom": null, "e_base": null, "target": null, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=self_handled", "key": "self_handled", "mom": "—", "top": 0, "yoy": "—", "last": null, "rule": "网格员当场处置、另计，不进入立案率和处置率", "text": "0", "unit": "件", "year": null, "label": "自行处置", "value": 0, "bottom": null, "e_base": null, "target": null, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=valid_reported", "key": "valid_report_rate", "low": 0.49016247153664183, "mom": "—", "top": 8, "yoy": "—", "high": 0.9433178485456247, "last": null, "rule": "有效上报数÷上报数", "text": "80.0", "unit": "%", "year": null, "label": "有效上报率", "value": 0.8, "bottom": 10, "e_base": "flag=reported", "target": {"met": false, "goal": 0.95, "text": "≥ 95.0", "colour": "red", "goal_text": "95.0"}, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=registered", "key": "register_rate", "low": 0.6755924351161198, "mom": "—", "top": 8, "yoy": "—", "high": 1.0, "last": null, "rule": "立案数÷有效上报数（自行处置另计，不进入分母）", "text": "100.0", "unit": "%", "year": null, "label": "立案率", "value": 1.0, "bottom": 8, "e_base": "flag=valid_reported", "target": {"met": true, "goal": 0.95, "text": "≥ 95.0", "colour": "green", "goal_text": "95.0"}, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=public_reported", "key": "public_report_rate", "low": 0.7224672001371107, "mom": "—", "top": 10, "yoy": "—", "high": 1.0, "last": null, "rule": "公众举报数÷上报数", "text": "100.0", "unit": "%", "year": null, "label": "公众举报率", "value": 1.0, "bottom": 10, "e_base": "flag=reported", "target": null, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=unclosed", "key": "unclosed_rate", "low": 0.16818032970623614, "mom": "—", "top": 4, "yoy": "—", "high": 0.6873262302663417, "last": null, "rule": "未结案数÷上报数", "text": "40.0", "unit": "%", "year": null, "label": "未结案率", "value": 0.4, "bottom": 10, "e_base": "flag=reported", "target": null, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=registered_on_time", "key": "on_time_register_rate", "low": 0.6755924351161198, "mom": "—", "top": 8, "yoy": "—", "high": 1.0, "last": null, "rule": "按时立案数÷立案数", "text": "100.0", "unit": "%", "year": null, "label": "按时立案率", "value": 1.0, "bottom": 8, "e_base": "flag=registered", "target": {"met": true, "goal": 0.98, "text": "≥ 98.0", "colour": "green", "goal_text": "98.0"}, "last_text": "—", "statement": "report_stages", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=dispatched_on_time", "key": "on_time_dispatch_rate", "low": 0.6755924351161198, "mom": "—", "top": 8, "yoy": "—", "high": 1.0, "last": null, "rule": "按时派遣数÷应派遣数", "text": "100.0", "unit": "%", "year": null, "label": "按时派遣率", "value": 1.0, "bottom": 8, "e_base": "flag=dispatch_due", "target": {"met": true, "goal": 0.98, "text": "≥ 98.0", "colour": "green", "goal_text": "98.0"}, "last_text": "—", "statement": "report_stages", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=dispatched_right", "key": "accurate_dispatch_rate", "low": 0.5291118177871464, "mom": "—", "top": 7, "yoy": "—", "high": 0.9775825085499433, "last": null, "rule": "准确派遣数÷应派遣数（准确：未因“不属于本单位职责”退回）", "text": "87.5", "unit": "%", "year": null, "label": "准确派遣率", "value": 0.875, "bottom": 8, "e_base": "flag=dispatch_due", "target": {"met": false, "goal": 0.95, "text": "≥ 95.0", "colour": "red", "goal_text": "95.0"}, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=returned", "key": "return_rate", "low": 0.02241749145005667, "mom": "—", "top": 1, "yoy": "—", "high": 0.4708881822128535, "last": null, "rule": "退件数÷应派遣数", "text": "12.5", "unit": "%", "year": null, "label": "退件率", "value": 0.125, "bottom": 8, "e_base": "flag=dispatch_due", "target": null, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=verified_on_time", "key": "on_time_verify_rate", "low": null, "mom": "—", "top": 0, "yoy": "—", "high": null, "last": null, "rule": "按期核实数÷应核实数", "text": "—", "unit": "%", "year": null, "label": "按期核实率", "value": null, "bottom": 0, "e_base": "flag=verify_due", "target": {"met": null, "goal": 0.95, "text": "≥ 95.0", "colour": null, "goal_text": "95.0"}, "last_text": "—", "statement": "report_stages", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=checked_on_time", "key": "on_time_check_rate", "low": 0.37553462976252533, "mom": "—", "top": 4, "yoy": "—", "high": 0.9637758913675698, "last": null, "rule": "按期核查数÷应核查数", "text": "80.0", "unit": "%", "year": null, "label": "按期核查率", "value": 0.8, "bottom": 5, "e_base": "flag=check_due", "target": {"met": false, "goal": 0.95, "text": "≥ 95.0", "colour": "red", "goal_text": "95.0"}, "last_text": "—", "statement": "report_stages", "year_text": "—", "period_rule": "按上报时间计入当期"}, {"e": "flag=handle_due", "key": "handle_due", "mom": "—", "top": 6, "yoy": "—", "last": null, "rule": "应当处置的案卷", "text": "6", "unit": "件", "year": null, "label": "应处置", "value": 6, "bottom": null, "e_base": null, "target": null, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按到期时间计入当期，提前办结的按办结时间计入；作废和批准挂账的案卷不计入分子分母"}, {"e": "flag=handled", "key": "handle_rate", "low": 0.43649717781352987, "mom": "—", "top": 5, "yoy": "—", "high": 0.9699466302516935, "last": null, "rule": "处置数÷应处置数", "text": "83.3", "unit": "%", "year": null, "label": "处置率", "value": 0.8333333333333334, "bottom": 6, "e_base": "flag=handle_due", "target": {"met": false, "goal": 0.98, "text": "≥ 98.0", "colour": "red", "goal_text": "98.0"}, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按到期时间计入当期，提前办结的按办结时间计入；作废和批准挂账的案卷不计入分子分母"}, {"e": "flag=handled_on_time", "key": "on_time_handle_rate", "low": 0.299993315138392, "mom": "—", "top": 4, "yoy": "—", "high": 0.9032285888942195, "last": null, "rule": "按期处置数÷应处置数", "text": "66.7", "unit": "%", "year": null, "label": "按期处置率", "value": 0.6666666666666666, "bottom": 6, "e_base": "flag=handle_due", "target": {"met": false, "goal": 0.95, "text": "≥ 95.0", "colour": "red", "goal_text": "95.0"}, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按到期时间计入当期，提前办结的按办结时间计入；作废和批准挂账的案卷不计入分子分母"}, {"e": "flag=overdue_unhandled", "key": "overdue_unhandled_rate", "low": 0.030053369748306635, "mom": "—", "top": 1, "yoy": "—", "high": 0.5635028221864702, "last": null, "rule": "超期未处置数÷应处置数", "text": "16.7", "unit": "%", "year": null, "label": "超期未处置率", "value": 0.16666666666666666, "bottom": 6, "e_base": "flag=handle_due", "target": {"met": false, "goal": 0.01, "text": "≤ 1.0", "colour": "red", "goal_text": "1.0"}, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按到期时间计入当期，提前办结的按办结时间计入；作废和批准挂账的案卷不计入分子分母"}, {"e": "flag=extended", "key": "extend_rate", "low": 0.0, "mom": "—", "top": 0, "yoy": "—", "high": 0.3903342879021653, "last": null, "rule": "延期数÷应处置数", "text": "0.0", "unit": "%", "year": null, "label": "延期率", "value": 0.0, "bottom": 6, "e_base": "flag=handle_due", "target": {"met": true, "goal": 0.05, "text": "≤ 5.0", "colour": "green", "goal_text": "5.0"}, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按到期时间计入当期，提前办结的按办结时间计入；作废和批准挂账的案卷不计入分子分母"}, {"e": "flag=reworked", "key": "rework_rate", "low": 0.030053369748306635, "mom": "—", "top": 1, "yoy": "—", "high": 0.5635028221864702, "last": null, "rule": "返工数÷应结案数（每次返工都计一次）", "text": "16.7", "unit": "%", "year": null, "label": "返工率", "value": 0.16666666666666666, "bottom": 6, "e_base": "flag=handle_due", "target": {"met": false, "goal": 0.03, "text": "≤ 3.0", "colour": "red", "goal_text": "3.0"}, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按到期时间计入当期，提前办结的按办结时间计入；作废和批准挂账的案卷不计入分子分母"}, {"e": "flag=closed", "key": "close_rate", "low": 0.299993315138392, "mom": "—", "top": 4, "yoy": "—", "high": 0.9032285888942195, "last": null, "rule": "结案数÷应结案数", "text": "66.7", "unit": "%", "year": null, "label": "结案率", "value": 0.6666666666666666, "bottom": 6, "e_base": "flag=handle_due", "target": {"met": false, "goal": 0.98, "text": "≥ 98.0", "colour": "red", "goal_text": "98.0"}, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按到期时间计入当期，提前办结的按办结时间计入；作废和批准挂账的案卷不计入分子分母"}, {"e": "flag=closed_on_time", "key": "on_time_close_rate", "low": 0.1876163064826506, "mom": "—", "top": 3, "yoy": "—", "high": 0.8123836935173494, "last": null, "rule": "按期结案数÷应结案数（按期结案：按期反馈并在月末前核查结案）", "text": "50.0", "unit": "%", "year": null, "label": "按期结案率", "value": 0.5, "bottom": 6, "e_base": "flag=handle_due", "target": {"met": false, "goal": 0.95, "text": "≥ 95.0", "colour": "red", "goal_text": "95.0"}, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按到期时间计入当期，提前办结的按办结时间计入；作废和批准挂账的案卷不计入分子分母"}, {"e": "flag=handled", "key": "mean_handle_time", "low": null, "mom": "—", "top": null, "yoy": "—", "high": null, "last": null, "rule": "Σ（反馈时间－派遣时间，按案卷时限类型计）÷处置数（期限减去反馈时剩余，挂账不计）", "text": "2.5", "unit": "小时", "year": null, "label": "平均处置时长", "value": 2.55, "bottom": 5, "e_base": "flag=handled", "target": null, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按到期时间计入当期，提前办结的按办结时间计入；作废和批准挂账的案卷不计入分子分母"}, {"e": "flag=satisfied", "key": "satisfied_rate", "low": 0.20654931437723745, "mom": "—", "top": 1, "yoy": "—", "high": 1.0, "last": null, "rule": "（非常满意数＋满意数）÷有效评价数", "text": "100.0", "unit": "%", "year": null, "label": "满意率", "value": 1.0, "bottom": 1, "e_base": "flag=rated", "target": {"met": true, "goal": 0.9, "text": "≥ 90.0", "colour": "green", "goal_text": "90.0"}, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按评价时间计入当期"}, {"e": "flag=responded", "key": "response_rate", "low": 0.20654931437723745, "mom": "—", "top": 1, "yoy": "—", "high": 1.0, "last": null, "rule": "及时联系数÷有效评价数", "text": "100.0", "unit": "%", "year": null, "label": "响应率", "value": 1.0, "bottom": 1, "e_base": "flag=rated", "target": null, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按评价时间计入当期"}, {"e": "flag=solved", "key": "solved_rate", "low": 0.20654931437723745, "mom": "—", "top": 1, "yoy": "—", "high": 1.0, "last": null, "rule": "已解决数÷有效评价数", "text": "100.0", "unit": "%", "year": null, "label": "解决率", "value": 1.0, "bottom": 1, "e_base": "flag=rated", "target": null, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按评价时间计入当期"}, {"e": "flag=repeated", "key": "repeat_rate", "low": 0.236593090512564, "mom": "—", "top": 5, "yoy": "—", "high": 0.7634069094874361, "last": null, "rule": "重复点位上报数÷上报数（重复点位见第四节）", "text": "50.0", "unit": "%", "year": null, "label": "重复发生率", "value": 0.5, "bottom": 10, "e_base": "flag=reported", "target": null, "last_text": "—", "statement": "report_counts", "year_text": "—", "period_rule": "按上报时间计入当期"}], "cases": [{"id": "4414022026080300001", "day": "2026-08-03", "org": "cgj", "grid": "441402103200001", "name": "暴露垃圾", "town": "441402103", "flags": ["reported", "valid_reported", "registered", "public_reported", "dispatch_due", "dispatched_right", "handle_due", "handled", "handled_on_time", "closed", "closed_on_time", "registered_on_time", "dispatched_on_time", "checked_on_time", "check_due", "repeated"], "state": "closed", "title": "暴露垃圾", "due_at": "2026-08-03T07:03:00+00:00", "source": "public", "returns": 0, "reworks": 0, "category": "matter:06010", "closed_at": "2026-08-03T04:00:00+00:00", "simulated": false, "answered_at": "2026-08-03T03:00:00+00:00", "reported_at": "2026-08-03T01:00:00+00:00"}, {"id": "4414022026080400001", "day": "2026-08-04", "org": "cgj", "grid": "441402103200002", "name": "暴露垃圾", "town": "441402103", "flags": ["reported", "valid_reported", "registered", "public_reported", "dispatch_due", "dispatched_right", "handle_due", "handled", "handled_late", "closed", "registered_on_time", "dispatched_on_time", "checked_on_time", "check_due", "late"], "state": "closed", "title": "暴露垃圾", "due_at": "2026-08-04T07:03:00+00:00", "source": "public", "returns": 0, "reworks": 0, "category": "matter:06010", "closed_at": "2026-08-04T09:00:00+00:00", "simulated": false, "answered_at": "2026-08-04T08:00:00+00:00", "reported_at": "2026-08-04T01:00:00+00:00"}, {"id": "4414022026080500001", "day": "2026-08-05", "org": null, "grid": "441402103200001", "name": "暴露垃圾", "town": "441402103", "flags": ["reported", "declined", "public_reported"], "state": "declined", "title": "暴露垃圾", "due_at": null, "source": "public", "returns": 0, "reworks": 0, "category": "matter:06010", "closed_at": null, "simulated": false, "answered_at": null, "reported_at": "2026-08-05T01:00:00+00:00"}, {"id": "4414022026080600001", "day": "2026-08-06", "org": "cgj", "grid": "441402103200001", "name": "暴露垃圾", "town": "441402103", "flags": ["reported", "valid_reported", "registered", "public_reported", "dispatch_due", "returned", "handle_due", "handled", "handled_on_time", "closed", "closed_on_time", "registered_on_time", "dispatched_on_time", "checked_on_time", "check_due", "repeated"], "state": "closed", "title": "暴露垃圾", "due_at": "2026-08-06T07:03:00+00:00", "source": "public", "returns": 1, "reworks": 0, "category": "matter:06010", "closed_at": "2026-08-06T08:00:00+00:00", "simulated": false, "answered_at": "2026-08-06T06:30:00+00:00", "reported_at": "2026-08-06T01:00:00+00:00"}, {"id": "4414022026080700001", "day": "2026-08-07", "org": "cgj", "grid": "441402103200001", "name": "暴露垃圾", "town": "441402103", "flags": ["reported", "valid_reported", "registered", "public_reported", "unclosed", "dispatch_due", "dispatched_right", "handle_due", "handled", "handled_on_time", "reworked", "registered_on_time", "dispatched_on_time", "check_due"], "state": "answered", "title": "暴露垃圾", "due_at": "2026-08-07T07:33:00+00:00", "source": "public", "returns": 0, "reworks": 1, "category": "matter:06010", "closed_at": null, "simulated": false, "answered_at": "2026-08-07T03:00:00+00:00", "reported_at": "2026-08-07T01:00:00+00:00"}, {"id": "4414022026081000001", "day": "2026-08-10", "org": null, "grid": "441402103200001", "name": "暴露垃圾", "town": "441402103", "flags": ["reported", "public_reported"], "state": "void", "title": "暴露垃圾", "due_at": null, "source": "public", "returns": 0, "reworks": 0, "category": "matter:06010", "closed_at": null, "simulated": false, "answered_at": null, "reported_at": "2026-08-10T01:00:00+00:00"}, {"id": "4414022026081100001", "day": "2026-08-11", "org": "cgj", "grid": "441402103200001", "name": "暴露垃圾", "town": "441402103", "flags": ["reported", "valid_reported", "registered", "public_reported", "unclosed", "dispatch_due", "dispatched_right", "registered_on_time", "dispatched_on_time", "repeated"], "state": "suspended", "title": "暴露垃圾", "due_at": "2026-08-11T07:03:00+00:00", "source": "public", "returns": 0, "reworks": 0, "category": "matter:06010", "closed_at": null, "simulated": false, "answered_at": null, "reported_at": "2026-08-11T01:00:00+00:00"}, {"id": "4414022026081200001", "day": "2026-08-12", "org": "cgj", "grid": "441402103200001", "name": "暴露垃圾", "town": "441402103", "flags": ["reported", "valid_reported", "registered", "public_reported", "dispatch_due", "dispatched_right", "handle_due", "handled", "handled_on_time", "closed", "closed_on_time", "rated", "satisfied", "responded", "solved", "registered_on_time", "dispatched_on_time", "checked_on_time", "check_due", "repeated"], "state": "closed", "title": "暴露垃圾", "due_at": "2026-08-12T07:03:00+00:00", "source": "public", "returns": 0, "reworks": 0, "category": "matter:06010", "closed_at": "2026-08-12T03:00:00+00:00", "simulated": false, "answered_at": "2026-08-12T02:00:00+00:00", "reported_at": "2026-08-12T01:00:00+00:00"}, {"id": "4414022026083100001", "day": "2026-08-31", "org": "cgj", "grid": "441402103200001", "name": "暴露垃圾", "town": "441402103", "flags": ["reported", "valid_reported", "registered", "public_reported", "unclosed", "dispatch_due", "dispatched_right", "handle_due", "overdue_unhandled", "backlog", "registered_on_time", "dispatched_on_time", "late", "repeated"], "state": "dispatched", "title": "暴露垃圾", "due_at": "2026-08-31T07:03:00+00:00", "source": "public", "returns": 0, "reworks": 0, "category": "matter:06010", "closed_at": null, "simulated": false, "answered_at": null, "reported_at": "2026-08-31T01:00:00+00:00"}, {"id": "4414022026083100002", "day": "2026-08-31", "org": "cgj", "grid": "441402103200002", "name": "暴露垃圾", "town": "441402103", "flags": ["reported", "valid_reported", "registered", "public_reported", "unclosed", "dispatch_due", "dispatched_right", "registered_on_time", "dispatched_on_time"], "state": "dispatched", "title": "暴露垃圾", "due_at": "2026-09-01T03:03:00+00:00", "source": "public", "returns": 0, "reworks": 0, "category": "matter:06010", "closed_at": null, "simulated": false, "answered_at": null, "reported_at": "2026-08-31T09:00:00+00:00"}], "daily": {"days": [{"e": "flag=reported&day=2026-08-01", "n": 0, "day": 1, "last": null}, {"e": "flag=reported&day=2026-08-02", "n": 0, "day": 2, "last": null}, {"e": "flag=reported&day=2026-08-03", "n": 1, "day": 3, "last": null}, {"e": "flag=reported&day=2026-08-04", "n": 1, "day": 4, "last": null}, {"e": "flag=reported&day=2026-08-05", "n": 1, "day": 5, "last": null}, {"e": "flag=reported&day=2026-08-06", "n": 1, "day": 6, "last": null}, {"e": "flag=reported&day=2026-08-07", "n": 1, "day": 7, "last": null}, {"e": "flag=reported&day=2026-08-08", "n": 0, "day": 8, "last": null}, {"e": "flag=reported&day=2026-08-09", "n": 0, "day": 9, "last": null}, {"e": "flag=reported&day=2026-08-10", "n": 1, "day": 10, "last": null}, {"e": "flag=reported&day=2026-08-11", "n": 1, "day": 11, "last": null}, {"e": "flag=reported&day=2026-08-12", "n": 1, "day": 12, "last": null}, {"e": "flag=reported&day=2026-08-13", "n": 0, "day": 13, "last": null}, {"e": "flag=reported&day=2026-08-14", "n": 0, "day": 14, "last": null}, {"e": "flag=reported&day=2026-08-15", "n": 0, "day": 15, "last": null}, {"e": "flag=reported&day=2026-08-16", "n": 0, "day": 16, "last": null}, {"e": "flag=reported&day=2026-08-17", "n": 0, "day": 17, "last": null}, {"e": "flag=reported&day=2026-08-18", "n": 0, "day": 18, "last": null}, {"e": "flag=reported&day=2026-08-19", "n": 0, "day": 19, "last": null}, {"e": "flag=reported&day=2026-08-20", "n": 0, "day": 20, "last": null}, {"e": "flag=reported&day=2026-08-21", "n": 0, "day": 21, "last": null}, {"e": "flag=reported&day=2026-08-22", "n": 0, "day": 22, "last": null}, {"e": "flag=reported&day=2026-08-23", "n": 0, "day": 23, "last": null}, {"e": "flag=reported&day=2026-08-24", "n": 0, "day": 24, "last": null}, {"e": "flag=reported&day=2026-08-25", "n": 0, "day": 25, "last": null}, {"e": "flag=reported&day=2026-08-26", "n": 0, "day": 26, "last": null}, {"e": "flag=reported&day=2026-08-27", "n": 0, "day": 27, "last": null}, {"e": "flag=reported&day=2026-08-28", "n": 0, "day": 28, "last": null}, {"e": "flag=reported&day=2026-08-29", "n": 0, "day": 29, "last": null}, {"e": "flag=reported&day=2026-08-30", "n": 0, "day": 30, "last": null}, {"e": "flag=reported&day=2026-08-31", "n": 2, "day": 31, "last": null}], "bursts": [], "statement": "report_counts", "statement_bursts": "report_days_before"}, "issue": "2026 年第 8 期", "label": "2026 年 8 月", "names": {"org": {"": "未派单位", "cgj": "城管局"}, "grid": {"441402103200001": "小密村一格"}, "town": {"441402103": "长沙镇"}, "state": {"void": "作废", "closed": "已结案", "answered": "待核查", "declined": "不予受理", "suspended": "挂账", "dispatched": "待接单"}, "source": {"public": "公众举报"}, "category": {"matter:06010": "暴露垃圾"}}, "notes": ["数据截至 9 月 2 日 08:00；统计时段为2026 年 8 月（自然月）。环比与上一自然月比较，同比与上年同月比较。", "比率保留一位小数；比率之差用百分点；基数不足 10 件时只写件数；分母为零写“—”。", "镇街、部门位次按按期处置率的 95 % 区间（Wilson）排定：区间重叠的不分先后，应处置不足 10 件的不参与排名。", "重复点位：同类、相距不超过 50 米、30 日内不少于 3 次；高发网格：按每平方公里上报件数排在前 5 % 且不少于 3 件的综合网格。", "突增：当日上报件数超过前 8 个同星期日的均值加 2 倍标准差。"], "shape": 1, "title": "梅江区城市运行月报", "towns": {"dim": "town", "rows": [{"key": "441402103", "low": null, "high": null, "name": "长沙镇", "rank": null, "e_due": "flag=handle_due&town=441402103", "score": null, "closed": 4, "e_late": "flag=late&town=441402103", "lacking": [], "reported": 10, "returned": 1, "reworked": 1, "was_text": "—", "half_text": "", "rank_text": "不参与排名", "close_text": "—", "e_reported": "flag=reported&town=441402103", "e_returned": "flag=returned&town=441402103", "e_reworked": "flag=reworked&town=441402103", "handle_due": 6, "registered": 8, "score_text": "—", "return_text": "—", "rework_text": "—", "e_registered": "flag=registered&town=441402103", "handled_late": 1, "on_time_text": "—", "interval_text": "—", "handled_on_time": 4, "overdue_unhandled": 1}], "least": 10, "total": {"rated": 1, "closed": 4, "solved": 1, "backlog": 1, "counted": 10, "handled": 5, "declined": 1, "extended": 0, "repeated": 5, "reported": 10, "returned": 1, "reworked": 1, "unclosed": 4, "check_due": 5, "close_due": 6, "responded": 1, "satisfied": 1, "simulated": 0, "handle_due": 6, "registered": 8, "verify_due": 0, "dispatch_due": 8, "handled_late": 1, "self_handled": 0, "closed_on_time": 3, "handle_seconds": 45900.0, "valid_reported": 8, "checked_on_time": 4, "handled_on_time": 4, "public_reported": 10, "dispatched_right": 7, "verified_on_time": 0, "overdue_unhandled": 1, "dispatched_on_time": 8, "registered_on_time": 8}, "statement": "report_counts"}, "advice": [{"e": "ids=4414022026080300001,4414022026080600001,4414022026081100001,4414022026081200001,4414022026083100001", "n": 1, "who": "城管局", "text": "长沙镇暴露垃圾在 30 日内发生 5 次，建议查明原因、一次根治", "basis": "重复点位"}, {"e": "flag=backlog", "n": 2, "who": "值班长", "text": "期末仍超期未处置 1 件，建议督办到人", "basis": "超期清单"}], "alerts": {"rows": [], "total": 0, "statement": "report_alerts"}, "cut_at": "2026-09-02T08:00:00+08:00", "issuer": "区政务服务和数据管理局", "period": "2026-08", "themes": {"rain": {"unit": "站", "heard": 1, "label": "雨情", "gauges": [{"id": "RG-01", "name": "RG-01 站", "hours": 14, "total": 33.0, "max_1h": 4.5, "origin": "", "max_24h": null, "total_text": "33.0", "max_1h_text": "4.5", "max_24h_text": "—"}], "stations": 1, "statement": "report_rain_hours", "without_total": 0}, "drainage": {"unit": "处", "heard": 1, "label": "排水内涝", "alerts": 0, "places": [], "stations": 2, "statement": "report_ponding"}}, "made_at": "2026-09-03T10:00:00+08:00", "made_by": "chief员", "missing": [{"key": "water", "says": "水情水质没有站点", "label": "水情水质", "whole": false}, {"key": "air", "says": "空气没有站点", "label": "空气", "whole": false}, {"key": "cameras", "says": "视频本月没有数据", "label": "视频", "whole": true}, {"key": "drainage", "says": "排水内涝 1 处本月没有数据", "label": "排水内涝", "whole": false}, {"key": "fire", "says": "森林防火没有站点", "label": "森林防火", "whole": false}], "outlook": {"label": "2026 年 9 月", "period": "2026-09", "ratios": 0, "expected": null, "holidays": ["中秋节"]}, "overdue": {"e": "flag=late", "of": 2, "bins": [{"e": "ids=4414022026080400001,4414022026083100001", "done": 1, "open": 1, "label": "不足 1 天"}, {"e": "ids=", "done": 0, "open": 0, "label": "1–3 天"}, {"e": "ids=", "done": 0, "open": 0, "label": "3–7 天"}, {"e": "ids=", "done": 0, "open": 0, "label": "7 天以上"}], "open": 1, "rows": [{"e": "ids=4414022026083100001", "id": "4414022026083100001", "due": "08-31 15:03", "open": true, "town": "长沙镇", "unit": "城管局", "title": "暴露垃圾", "answered": "—", "late_text": "8 小时 57 分"}, {"e": "ids=4414022026080400001", "id": "4414022026080400001", "due": "08-04 15:03", "open": false, "town": "长沙镇", "unit": "城管局", "title": "暴露垃圾", "answered": "08-04 16:00", "late_text": "57 分"}], "total": 2, "e_open": "flag=overdue_unhandled", "listed": 2, "backlog": 1, "e_backlog": "flag=backlog", "statement": "report_cases"}, "partial": false, "repeats": {"rows": [{"e": "ids=4414022026080300001,4414022026080600001,4414022026081100001,4414022026081200001,4414022026083100001", "ids": ["4414022026080300001", "4414022026080600001", "4414022026081100001", "4414022026081200001", "4414022026083100001"], "lat": 24.315, "lng": 116.105, "org": "cgj", "last": "2026-08-31T01:00:00+00:00", "name": "暴露垃圾", "town": "441402103", "unit": "城管局", "first": "2026-08-03T01:00:00+00:00", "place": "长沙镇", "times": 5, "category": "matter:06010"}], "statement": "report_repeats"}, "sources": {"rows": [{"e": "flag=reported&source=public", "n": 10, "key": "public", "mom": "—", "yoy": "—", "last": null, "name": "公众举报", "fresh": false, "share": 100.0, "difference": null, "share_text": "100.0"}], "total": 10, "statement": "report_counts"}, "version": 1, "windows": {"last": {"says": "2026 年 7 月（自然月）", "since": "2026-07-01T00:00:00+08:00", "until": "2026-08-01T00:00:00+08:00"}, "this": {"says": "2026 年 8 月（自然月）", "since": "2026-08-01T00:00:00+08:00", "until": "2026-09-01T00:00:00+08:00"}, "year": {"says": "2025 年 8 月（自然月）", "since": "2025-08-01T00:00:00+08:00", "until": "2025-09-01T00:00:00+08:00"}}, "cut_text": "9 月 2 日 08:00", "restates": [], "follow_up": {"ids": [], "again": 0, "quiet": 0, "listed": 0}, "headlines": ["registered", "on_time_handle_rate", "close_rate", "rework_rate", "mean_handle_time", "satisfied_rate"], "simulated": {"n": 0, "of": 10, "says": ""}, "categories": {"rows": [{"e": "flag=registered&category=matter:06010", "n": 8, "key": "matter:06010", "mom": "—", "yoy": "—", "last": null, "name": "暴露垃圾", "fresh": false, "share": 100.0, "difference": null, "share_text": "100.0"}], "total": 8, "statement": "report_counts"}, "conclusions": [{"n": 1, "link": {"e": "flag=registered", "text": "依据 8 件"}, "parts": ["全月立案 ", {"b": "8", "e": "flag=registered"}, " 件", "，没有上月数据可比", "。"]}, {"n": 2, "link": {"e": "#late", "text": "超期清单"}, "parts": ["按期处置率 ", {"b": "66.7 %", "e": "flag=handled_on_time"}, "，未达到 95.0 % 的目标", "；超期 ", {"b": "2", "e": "flag=late"}, " 件", "，其中 ", {"b": "1", "e": "flag=overdue_unhandled"}, " 件到期末仍未反馈", "，最多的是城管局（", {"b": "2", "e": "flag=late&org=cgj"}, " 件，其应处置 6 件）", "。"]}, {"n": 3, "link": {"e": "#places", "text": "地点"}, "parts": ["重复点位（同类、50 米内、30 日 3 次以上）", {"b": "1", "e": "flag=repeated"}, " 处，", "最多的是长沙镇暴露垃圾，", {"b": "5", "e": "ids=4414022026080300001,4414022026080600001,4414022026081100001,4414022026081200001,4414022026083100001"}, " 次", "；建议列入专项治理（推测：历次处置未除成因）。"]}, {"n": 4, "link": {"e": "#kpis", "text": "指标表"}, "parts": ["返工率 ", {"b": "16.7 %", "e": "flag=reworked"}, "（—）", "，满意率 ", {"b": "100.0 %", "e": "flag=satisfied"}, "（有效评价 1 件）", "；感知数据本月缺失，不作评价。"]}, {"n": 5, "link": {"e": "#advice", "text": "跟踪"}, "parts": ["上月没有列出重复点位", "。"]}], "departments": {"dim": "org", "rows": [{"key": "cgj", "low": null, "high": null, "name": "城管局", "rank": null, "e_due": "flag=handle_due&org=cgj", "score": null, "closed": 4, "e_late": "flag=late&org=cgj", "lacking": [], "reported": 8, "returned": 1, "reworked": 1, "was_text": "—", "half_text": "", "rank_text": "不参与排名", "close_text": "—", "e_reported": "flag=reported&org=cgj", "e_returned": "flag=returned&org=cgj", "e_reworked": "flag=reworked&org=cgj", "handle_due": 6, "registered": 8, "score_text": "—", "return_text": "—", "rework_text": "—", "e_registered": "flag=registered&org=cgj", "handled_late": 1, "on_time_text": "—", "interval_text": "—", "handled_on_time": 4, "overdue_unhandled": 1}], "least": 10, "total": {"rated": 1, "closed": 4, "solved": 1, "backlog": 1, "counted": 10, "handled": 5, "declined": 1, "extended": 0, "repeated": 5, "reported": 10, "returned": 1, "reworked": 1, "unclosed": 4, "check_due": 5, "close_due": 6, "responded": 1, "satisfied": 1, "simulated": 0, "handle_due": 6, "registered": 8, "verify_due": 0, "dispatch_due": 8, "handled_late": 1, "self_handled": 0, "closed_on_time": 3, "handle_seconds": 45900.0, "valid_reported": 8, "checked_on_time": 4, "handled_on_time": 4, "public_reported": 10, "dispatched_right": 7, "verified_on_time": 0, "overdue_unhandled": 1, "dispatched_on_time": 8, "registered_on_time": 8}, "statement": "report_counts"}}
\.

COPY public.resource (id, name, kind, org, lng, lat, detail, origin) FROM stdin;
R-1	城管应急泵车	pump	cgj	116.11	24.31	{"rate": "500 m³/h"}	演示
\.

COPY public.roll_up_state (one, closed_before, marks_before, fence, grace) FROM stdin;
t	2026-09-03 01:00:00+00	2026-09-03 01:00:00+00	\N	00:10:00
\.

COPY public.roster (id, org, person_id, duty, starts, ends) FROM stdin;
1	zsj	1	desk	2026-09-02 02:00:00+00	2026-09-12 02:00:00+00
2	zsj	2	desk	2026-09-02 02:00:00+00	2026-09-12 02:00:00+00
3	zsj	3	desk	2026-09-02 02:00:00+00	2026-09-12 02:00:00+00
4	zsj	4	chief	2026-09-02 02:00:00+00	2026-09-12 02:00:00+00
5	zsj	5	leader	2026-09-02 02:00:00+00	2026-09-12 02:00:00+00
6	cgj	6	desk	2026-09-02 02:00:00+00	2026-09-12 02:00:00+00
7	cgj	7	chief	2026-09-02 02:00:00+00	2026-09-12 02:00:00+00
8	swj	8	desk	2026-09-02 02:00:00+00	2026-09-12 02:00:00+00
9	441402103	9	desk	2026-09-02 02:00:00+00	2026-09-12 02:00:00+00
\.

COPY public.route (id, category, place, org, note) FROM stdin;
1	matter:07	441402103200	swj	河段由水务局处置
\.

COPY public.rule_state (station, kind, rule, state, due) FROM stdin;
PD-09	device	silence_drainage	{"seen_at": "2026-09-03T10:00:00+08:00"}	2026-09-03 02:30:00+00
PD-10	device	silence_drainage	{"seen_at": "2026-09-03T10:00:00+08:00"}	2026-09-03 02:30:00+00
RG-01	device	silence_rain	{"seen_at": "2026-09-03T10:00:00+08:00"}	2026-09-03 05:00:00+00
CAM-1	device	silence_camera	{"seen_at": "2026-09-03T10:00:00+08:00"}	2026-09-03 02:10:00+00
RG-01	rain_1h	tip	{"memo": {"last": ["2026-09-02T23:00:00+00:00", 4.5], "runs": {}}, "seen_at": "2026-09-02T23:00:00+00:00"}	\N
PD-10	pond_depth	ladder	{"memo": {"last": ["2026-09-03T01:45:00+00:00", 1.0], "runs": {}}, "seen_at": "2026-09-03T01:45:00+00:00"}	\N
PD-09	pond_depth	ladder	{"memo": {"last": ["2026-09-03T01:00:00+00:00", 16.0], "runs": {"3": [1, "2026-09-03T01:00:00+00:00"], "4": [1, "2026-09-03T01:00:00+00:00"]}}, "level": 3, "since": "2026-09-03T01:00:00+00:00", "seen_at": "2026-09-03T01:00:00+00:00"}	\N
CAM-1	camera_online	offline	{"memo": {"last": ["2026-09-02T03:58:00+00:00", 1.0], "runs": {}}, "seen_at": "2026-09-02T03:58:00+00:00"}	\N
IN-w1	platform	intake_stalled	{"level": 3, "since": "2026-09-03T10:01:00+08:00", "seen_at": "2026-09-03T10:01:00+08:00"}	\N
\.

COPY public.schema_body (body) FROM stdin;
plain
\.

COPY public.schema_migration (name, ran_at) FROM stdin;
migrations/0001_record.sql	2026-11-29 15:56:08.244641+00
migrations/0010_readings.sql	2026-11-29 15:56:08.36389+00
migrations/0020_event_chain.sql	2026-11-29 15:56:08.377246+00
migrations/0021_password_past.sql	2026-11-29 15:56:08.378048+00
migrations/0022_photo_stored.sql	2026-11-29 15:56:08.38334+00
migrations/0023_flow.sql	2026-11-29 15:56:08.383637+00
migrations/0070_receipt.sql	2026-11-29 15:56:08.403361+00
migrations/0080_intake_mapping.sql	2026-11-29 15:56:08.408897+00
migrations/0081_accounts.sql	2026-11-29 15:56:08.412317+00
migrations/0082_push.sql	2026-11-29 15:56:08.438491+00
migrations/0083_truth.sql	2026-11-29 15:56:08.448549+00
migrations/0084_files.sql	2026-11-29 15:56:08.461802+00
migrations/0085_staged.sql	2026-11-29 15:56:08.475585+00
plain/0001_readings.sql	2026-11-29 15:56:08.476222+00
plain/0002_roll_up.sql	2026-11-29 15:56:08.492535+00
\.

COPY public.session (token_hash, person_id, created_at, seen_at, expires_at, ip, agent) FROM stdin;
\\x30d64bf8bcb2538bd412138a6f9ba5aeeec4d7ace30c19b9a5f8a7c21f57c451	1	2026-09-03 02:00:00+00	2026-09-03 02:00:00+00	2026-09-03 14:00:00+00	10.0.0.7	browser
\.

COPY public.station (id, name, theme, lng, lat, town, village, grid, cell, org, params, origin, active) FROM stdin;
PD-09	PD-09 站	drainage	116.10499999999999	24.315	441402103	441402103200	441402103200001	\N	cgj	{}		t
PD-10	PD-10 站	drainage	116.115	24.305	441402103	441402103200	441402103200002	\N	cgj	{}		t
RG-01	RG-01 站	rain	116.115	24.315	441402103	441402103200	441402103200002	\N	qxj	{}		t
CAM-1	CAM-1 站	cameras	116.10499999999999	24.305	441402103	441402103200	441402103200001	\N	gaj	{}		t
\.

COPY public.warning (sender, identifier, sent, status, msg_type, scope, event, event_code, category, urgency, severity, certainty, level, sender_name, headline, description, instruction, web, effective, onset, expires, refers, area, received_at, ended_at, ended_by, cancelled) FROM stdin;
44140241600000	w2	2026-09-03 01:00:00+00	Actual	Update	Public	暴雨						3		暴雨黄色预警信号				\N	\N	2026-09-03 08:00:00+00	[["44140241600000", "w1"]]	{"desc": "梅江区", "circles": [], "geocodes": [], "polygons": []}	2026-09-03 02:00:00+00	\N	\N	f
44140241600000	w1	2026-09-02 23:00:00+00	Actual	Alert	Public	暴雨						4		暴雨黄色预警信号				\N	\N	\N	[]	{}	2026-09-03 02:00:00+00	2026-09-03 01:00:00+00	w2	f
\.

COPY public.work_order (number, state, event_id, title, sort, topic, urgency, asked_at, due_at, reply, placed, first_at, changed_at) FROM stdin;
GZ2026090301	handling	4414022026090300005	路面积水	求助		一般	2026-09-03 01:00:00+00	2026-09-04 02:00:00+00		town	2026-09-03 02:00:00+00	2026-09-03 02:00:00+00
\.

SELECT pg_catalog.setval('public.alert_id_seq', 4, true);

SELECT pg_catalog.setval('public.alert_log_id_seq', 9, true);

SELECT pg_catalog.setval('public.audit_id_seq', 30, true);

SELECT pg_catalog.setval('public.calibration_id_seq', 1, true);

SELECT pg_catalog.setval('public.dead_letter_id_seq', 2, true);

SELECT pg_catalog.setval('public.dirty_bucket_id_seq', 7, true);

SELECT pg_catalog.setval('public.feed_drift_id_seq', 1, true);

SELECT pg_catalog.setval('public.intake_batch_id_seq', 17, true);

SELECT pg_catalog.setval('public.intake_file_id_seq', 1, true);

SELECT pg_catalog.setval('public.maintenance_id_seq', 1, true);

SELECT pg_catalog.setval('public.mend_request_id_seq', 1, true);

SELECT pg_catalog.setval('public.notice_id_seq', 87, true);

SELECT pg_catalog.setval('public.person_id_seq', 13, true);

SELECT pg_catalog.setval('public.report_snapshot_id_seq', 1, true);

SELECT pg_catalog.setval('public.roster_id_seq', 9, true);

SELECT pg_catalog.setval('public.route_id_seq', 1, true);

ALTER TABLE ONLY public.alert_log
    ADD CONSTRAINT alert_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.calibration
    ADD CONSTRAINT calibration_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.cell
    ADD CONSTRAINT cell_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.consumer
    ADD CONSTRAINT consumer_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.dead_letter
    ADD CONSTRAINT dead_letter_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.dirty_bucket
    ADD CONSTRAINT dirty_bucket_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_client_key_key UNIQUE (client_key);

ALTER TABLE ONLY public.event_log
    ADD CONSTRAINT event_log_pkey PRIMARY KEY (event_id, seq);

ALTER TABLE ONLY public.event_part
    ADD CONSTRAINT event_part_pkey PRIMARY KEY (event_id, org);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.event_serial
    ADD CONSTRAINT event_serial_pkey PRIMARY KEY (day);

ALTER TABLE ONLY public.fact
    ADD CONSTRAINT fact_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.feed_drift
    ADD CONSTRAINT feed_drift_feed_before_after_key UNIQUE (feed, before, after);

ALTER TABLE ONLY public.feed_drift
    ADD CONSTRAINT feed_drift_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.feed_hour
    ADD CONSTRAINT feed_hour_pkey PRIMARY KEY (feed, hour, station, kind, delay);

ALTER TABLE ONLY public.feed_key
    ADD CONSTRAINT feed_key_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.feed_known
    ADD CONSTRAINT feed_known_pkey PRIMARY KEY (feed);

ALTER TABLE ONLY public.feed_minute
    ADD CONSTRAINT feed_minute_pkey PRIMARY KEY (feed, minute);

ALTER TABLE ONLY public.feed_shape
    ADD CONSTRAINT feed_shape_pkey PRIMARY KEY (feed, shape);

ALTER TABLE ONLY public.feed_status
    ADD CONSTRAINT feed_status_pkey PRIMARY KEY (feed);

ALTER TABLE ONLY public.intake_batch
    ADD CONSTRAINT intake_batch_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.intake_batch_20260901
    ADD CONSTRAINT intake_batch_20260901_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.intake_batch_20260902
    ADD CONSTRAINT intake_batch_20260902_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.intake_batch_20260903
    ADD CONSTRAINT intake_batch_20260903_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.intake_batch_20260904
    ADD CONSTRAINT intake_batch_20260904_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.intake_batch_20260905
    ADD CONSTRAINT intake_batch_20260905_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.intake_batch_20260906
    ADD CONSTRAINT intake_batch_20260906_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.intake_batch_20260907
    ADD CONSTRAINT intake_batch_20260907_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.intake_batch_20260908
    ADD CONSTRAINT intake_batch_20260908_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.intake_batch_20260909
    ADD CONSTRAINT intake_batch_20260909_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.intake_batch_20260910
    ADD CONSTRAINT intake_batch_20260910_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.intake_batch_rest
    ADD CONSTRAINT intake_batch_rest_pkey PRIMARY KEY (id, received_at);

ALTER TABLE ONLY public.intake_book
    ADD CONSTRAINT intake_book_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.intake_file
    ADD CONSTRAINT intake_file_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.intake_mapping
    ADD CONSTRAINT intake_mapping_pkey PRIMARY KEY (feed, what, given);

ALTER TABLE ONLY public.intake_worker
    ADD CONSTRAINT intake_worker_pkey PRIMARY KEY (worker);

ALTER TABLE ONLY public.keeping
    ADD CONSTRAINT keeping_pkey PRIMARY KEY (what);

ALTER TABLE ONLY public.latest
    ADD CONSTRAINT latest_pkey PRIMARY KEY (station, kind);

ALTER TABLE ONLY public.maintenance
    ADD CONSTRAINT maintenance_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mend_request
    ADD CONSTRAINT mend_request_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_once_key UNIQUE (once);

ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.org
    ADD CONSTRAINT org_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.password_past
    ADD CONSTRAINT password_past_pkey PRIMARY KEY (person_id, at);

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_login_key UNIQUE (login);

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.photo
    ADD CONSTRAINT photo_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.place
    ADD CONSTRAINT place_pkey PRIMARY KEY (code);

ALTER TABLE ONLY public.poll_cursor
    ADD CONSTRAINT poll_cursor_pkey PRIMARY KEY (source);

ALTER TABLE ONLY public.push_receipt
    ADD CONSTRAINT push_receipt_pkey PRIMARY KEY (key_id, token);

ALTER TABLE ONLY public.reading_1d_kept
    ADD CONSTRAINT reading_1d_kept_pkey PRIMARY KEY (station, kind, bucket);

ALTER TABLE ONLY public.reading_1h_kept
    ADD CONSTRAINT reading_1h_kept_pkey PRIMARY KEY (station, kind, bucket);

ALTER TABLE ONLY public.reading
    ADD CONSTRAINT reading_identity PRIMARY KEY (station, kind, at, seq);

ALTER TABLE ONLY public.reading_2026w07
    ADD CONSTRAINT reading_2026w07_pkey PRIMARY KEY (station, kind, at, seq);

ALTER TABLE ONLY public.reading_2026w36
    ADD CONSTRAINT reading_2026w36_pkey PRIMARY KEY (station, kind, at, seq);

ALTER TABLE ONLY public.reading_2026w37
    ADD CONSTRAINT reading_2026w37_pkey PRIMARY KEY (station, kind, at, seq);

ALTER TABLE ONLY public.reading_2026w38
    ADD CONSTRAINT reading_2026w38_pkey PRIMARY KEY (station, kind, at, seq);

ALTER TABLE ONLY public.reading_2026w39
    ADD CONSTRAINT reading_2026w39_pkey PRIMARY KEY (station, kind, at, seq);

ALTER TABLE ONLY public.reading_2026w40
    ADD CONSTRAINT reading_2026w40_pkey PRIMARY KEY (station, kind, at, seq);

ALTER TABLE ONLY public.reading_rest
    ADD CONSTRAINT reading_rest_pkey PRIMARY KEY (station, kind, at, seq);

ALTER TABLE ONLY public.receipt
    ADD CONSTRAINT receipt_pkey PRIMARY KEY (client_key);

ALTER TABLE ONLY public.report_snapshot
    ADD CONSTRAINT report_snapshot_period_version_key UNIQUE (period, version);

ALTER TABLE ONLY public.report_snapshot
    ADD CONSTRAINT report_snapshot_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.resource
    ADD CONSTRAINT resource_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.roll_up_state
    ADD CONSTRAINT roll_up_state_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.roster
    ADD CONSTRAINT roster_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.route
    ADD CONSTRAINT route_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rule_state
    ADD CONSTRAINT rule_state_pkey PRIMARY KEY (station, kind, rule);

ALTER TABLE ONLY public.schema_body
    ADD CONSTRAINT schema_body_pkey PRIMARY KEY (body);

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.station
    ADD CONSTRAINT station_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.warning
    ADD CONSTRAINT warning_pkey PRIMARY KEY (sender, identifier);

ALTER TABLE ONLY public.work_order
    ADD CONSTRAINT work_order_pkey PRIMARY KEY (number);

CREATE INDEX alert_ack_due ON public.alert USING btree (ack_due_at) WHERE ((cleared_at IS NULL) AND (ack_due_at IS NOT NULL));

CREATE INDEX alert_ack_until ON public.alert USING btree (acked_until) WHERE ((cleared_at IS NULL) AND (acked_until IS NOT NULL));

CREATE INDEX alert_event ON public.alert USING btree (event_id) WHERE (event_id IS NOT NULL);

CREATE INDEX alert_log_alert ON public.alert_log USING btree (alert_id, id);

CREATE UNIQUE INDEX alert_one_open ON public.alert USING btree (station, kind, rule) WHERE (cleared_at IS NULL);

CREATE INDEX alert_open_level ON public.alert USING btree (level, opened_at) WHERE (cleared_at IS NULL);

CREATE INDEX alert_opened ON public.alert USING btree (opened_at);

CREATE INDEX alert_station_open ON public.alert USING btree (station) WHERE (cleared_at IS NULL);

CREATE INDEX alert_to_propose ON public.alert USING btree (cleared_at) WHERE ((cleared_at IS NOT NULL) AND (event_id IS NOT NULL) AND (proposed_at IS NULL));

CREATE INDEX audit_at ON public.audit USING btree (at);

CREATE INDEX calibration_station ON public.calibration USING btree (station, kind, starts);

CREATE INDEX calibration_unsettled ON public.calibration USING btree (effective) WHERE (settled_at IS NULL);

CREATE INDEX cell_grid ON public.cell USING btree (grid);

CREATE INDEX dead_letter_open ON public.dead_letter USING btree (feed, received_at) WHERE (status = 'open'::text);

CREATE INDEX event_alert ON public.event USING btree (alert_id) WHERE (alert_id IS NOT NULL);

CREATE INDEX event_checker ON public.event USING btree (checker_id) WHERE (state <> ALL (ARRAY['closed'::text, 'declined'::text, 'void'::text]));

CREATE INDEX event_closed ON public.event USING btree (closed_at) WHERE (closed_at IS NOT NULL);

CREATE INDEX event_due ON public.event USING btree (due_at);

CREATE INDEX event_due_untold ON public.event USING btree (due_at) WHERE ((due_at IS NOT NULL) AND (due_told_at IS DISTINCT FROM due_at) AND (state = ANY (ARRAY['registered'::text, 'dispatched'::text, 'handling'::text])));

CREATE INDEX event_duplicate ON public.event USING btree (duplicate_of) WHERE (duplicate_of IS NOT NULL);

CREATE INDEX event_handler ON public.event USING btree (handler_id) WHERE (state <> ALL (ARRAY['closed'::text, 'declined'::text, 'void'::text]));

CREATE INDEX event_log_at ON public.event_log USING btree (at);

CREATE INDEX event_log_verb ON public.event_log USING btree (verb, at);

CREATE INDEX event_open ON public.event USING btree (state, due_at) WHERE (state <> ALL (ARRAY['closed'::text, 'declined'::text, 'void'::text]));

CREATE INDEX event_org ON public.event USING btree (org, state);

CREATE INDEX event_part_due ON public.event_part USING btree (due_at) WHERE (answered_at IS NULL);

CREATE INDEX event_part_org ON public.event_part USING btree (org) WHERE (answered_at IS NULL);

CREATE INDEX event_reported ON public.event USING btree (reported_at);

CREATE INDEX event_reporter ON public.event USING btree (reporter_id, id) WHERE (reporter_id IS NOT NULL);

CREATE INDEX event_rung ON public.event USING btree (next_rung_at) WHERE (next_rung_at IS NOT NULL);

CREATE INDEX event_stage_due ON public.event USING btree (stage_due_at) WHERE ((stage_due_at IS NOT NULL) AND (stage_told_at IS DISTINCT FROM stage_due_at));

CREATE INDEX event_station_open ON public.event USING btree (station, category) WHERE (state <> ALL (ARRAY['closed'::text, 'declined'::text, 'void'::text]));

CREATE INDEX event_suspend_until ON public.event USING btree (suspend_until) WHERE (suspend_until IS NOT NULL);

CREATE INDEX feed_hour_hour ON public.feed_hour USING btree (hour);

CREATE INDEX feed_minute_minute ON public.feed_minute USING btree (minute);

CREATE INDEX intake_batch_order ON ONLY public.intake_batch USING btree (xid, id);

CREATE INDEX intake_batch_20260901_xid_id_idx ON public.intake_batch_20260901 USING btree (xid, id);

CREATE INDEX intake_batch_20260902_xid_id_idx ON public.intake_batch_20260902 USING btree (xid, id);

CREATE INDEX intake_batch_20260903_xid_id_idx ON public.intake_batch_20260903 USING btree (xid, id);

CREATE INDEX intake_batch_20260904_xid_id_idx ON public.intake_batch_20260904 USING btree (xid, id);

CREATE INDEX intake_batch_20260905_xid_id_idx ON public.intake_batch_20260905 USING btree (xid, id);

CREATE INDEX intake_batch_20260906_xid_id_idx ON public.intake_batch_20260906 USING btree (xid, id);

CREATE INDEX intake_batch_20260907_xid_id_idx ON public.intake_batch_20260907 USING btree (xid, id);

CREATE INDEX intake_batch_20260908_xid_id_idx ON public.intake_batch_20260908 USING btree (xid, id);

CREATE INDEX intake_batch_20260909_xid_id_idx ON public.intake_batch_20260909 USING btree (xid, id);

CREATE INDEX intake_batch_20260910_xid_id_idx ON public.intake_batch_20260910 USING btree (xid, id);

CREATE INDEX intake_batch_rest_xid_id_idx ON public.intake_batch_rest USING btree (xid, id);

CREATE INDEX intake_file_feed ON public.intake_file USING btree (feed, id);

CREATE INDEX intake_file_sha ON public.intake_file USING btree (sha256);

CREATE INDEX maintenance_station ON public.maintenance USING btree (station, ends);

CREATE INDEX maintenance_unsettled ON public.maintenance USING btree (entered_at) WHERE (settled_at IS NULL);

CREATE INDEX mend_request_open ON public.mend_request USING btree (id) WHERE (done_at IS NULL);

CREATE INDEX notice_person ON public.notice USING btree (person_id, id) WHERE (read_at IS NULL);

CREATE INDEX person_grid ON public.person USING btree (grid) WHERE active;

CREATE INDEX person_org ON public.person USING btree (org) WHERE active;

CREATE INDEX photo_event ON public.photo USING btree (event_id);

CREATE INDEX photo_sha ON public.photo USING btree (sha256);

CREATE INDEX place_parent ON public.place USING btree (parent);

CREATE INDEX push_receipt_at ON public.push_receipt USING btree (at);

CREATE INDEX reading_1d_kept_bucket_idx ON public.reading_1d_kept USING brin (bucket);

CREATE INDEX reading_1h_kept_bucket ON public.reading_1h_kept USING brin (bucket);

CREATE INDEX reading_at ON ONLY public.reading USING brin (at) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX reading_2026w07_at_idx ON public.reading_2026w07 USING brin (at) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX reading_2026w36_at_idx ON public.reading_2026w36 USING brin (at) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX reading_2026w37_at_idx ON public.reading_2026w37 USING brin (at) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX reading_2026w38_at_idx ON public.reading_2026w38 USING brin (at) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX reading_2026w39_at_idx ON public.reading_2026w39 USING brin (at) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX reading_2026w40_at_idx ON public.reading_2026w40 USING brin (at) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX reading_rest_at_idx ON public.reading_rest USING brin (at) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX receipt_at ON public.receipt USING btree (at);

CREATE INDEX roster_org ON public.roster USING btree (org, duty, starts);

CREATE UNIQUE INDEX route_one ON public.route USING btree (category, place, org) NULLS NOT DISTINCT;

CREATE INDEX rule_state_due ON public.rule_state USING btree (due) WHERE (due IS NOT NULL);

CREATE INDEX session_expires ON public.session USING btree (expires_at);

CREATE INDEX session_person ON public.session USING btree (person_id);

CREATE INDEX station_theme ON public.station USING btree (theme) WHERE active;

CREATE INDEX warning_sent ON public.warning USING btree (sent);

CREATE INDEX work_order_event ON public.work_order USING btree (event_id) WHERE (event_id IS NOT NULL);

ALTER INDEX public.intake_batch_pkey ATTACH PARTITION public.intake_batch_20260901_pkey;

ALTER INDEX public.intake_batch_order ATTACH PARTITION public.intake_batch_20260901_xid_id_idx;

ALTER INDEX public.intake_batch_pkey ATTACH PARTITION public.intake_batch_20260902_pkey;

ALTER INDEX public.intake_batch_order ATTACH PARTITION public.intake_batch_20260902_xid_id_idx;

ALTER INDEX public.intake_batch_pkey ATTACH PARTITION public.intake_batch_20260903_pkey;

ALTER INDEX public.intake_batch_order ATTACH PARTITION public.intake_batch_20260903_xid_id_idx;

ALTER INDEX public.intake_batch_pkey ATTACH PARTITION public.intake_batch_20260904_pkey;

ALTER INDEX public.intake_batch_order ATTACH PARTITION public.intake_batch_20260904_xid_id_idx;

ALTER INDEX public.intake_batch_pkey ATTACH PARTITION public.intake_batch_20260905_pkey;

ALTER INDEX public.intake_batch_order ATTACH PARTITION public.intake_batch_20260905_xid_id_idx;

ALTER INDEX public.intake_batch_pkey ATTACH PARTITION public.intake_batch_20260906_pkey;

ALTER INDEX public.intake_batch_order ATTACH PARTITION public.intake_batch_20260906_xid_id_idx;

ALTER INDEX public.intake_batch_pkey ATTACH PARTITION public.intake_batch_20260907_pkey;

ALTER INDEX public.intake_batch_order ATTACH PARTITION public.intake_batch_20260907_xid_id_idx;

ALTER INDEX public.intake_batch_pkey ATTACH PARTITION public.intake_batch_20260908_pkey;

ALTER INDEX public.intake_batch_order ATTACH PARTITION public.intake_batch_20260908_xid_id_idx;

ALTER INDEX public.intake_batch_pkey ATTACH PARTITION public.intake_batch_20260909_pkey;

ALTER INDEX public.intake_batch_order ATTACH PARTITION public.intake_batch_20260909_xid_id_idx;

ALTER INDEX public.intake_batch_pkey ATTACH PARTITION public.intake_batch_20260910_pkey;

ALTER INDEX public.intake_batch_order ATTACH PARTITION public.intake_batch_20260910_xid_id_idx;

ALTER INDEX public.intake_batch_pkey ATTACH PARTITION public.intake_batch_rest_pkey;

ALTER INDEX public.intake_batch_order ATTACH PARTITION public.intake_batch_rest_xid_id_idx;

ALTER INDEX public.reading_at ATTACH PARTITION public.reading_2026w07_at_idx;

ALTER INDEX public.reading_identity ATTACH PARTITION public.reading_2026w07_pkey;

ALTER INDEX public.reading_at ATTACH PARTITION public.reading_2026w36_at_idx;

ALTER INDEX public.reading_identity ATTACH PARTITION public.reading_2026w36_pkey;

ALTER INDEX public.reading_at ATTACH PARTITION public.reading_2026w37_at_idx;

ALTER INDEX public.reading_identity ATTACH PARTITION public.reading_2026w37_pkey;

ALTER INDEX public.reading_at ATTACH PARTITION public.reading_2026w38_at_idx;

ALTER INDEX public.reading_identity ATTACH PARTITION public.reading_2026w38_pkey;

ALTER INDEX public.reading_at ATTACH PARTITION public.reading_2026w39_at_idx;

ALTER INDEX public.reading_identity ATTACH PARTITION public.reading_2026w39_pkey;

ALTER INDEX public.reading_at ATTACH PARTITION public.reading_2026w40_at_idx;

ALTER INDEX public.reading_identity ATTACH PARTITION public.reading_2026w40_pkey;

ALTER INDEX public.reading_at ATTACH PARTITION public.reading_rest_at_idx;

ALTER INDEX public.reading_identity ATTACH PARTITION public.reading_rest_pkey;

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE ON public.audit FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER event_log_append_only BEFORE DELETE OR UPDATE ON public.event_log FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER event_log_chain BEFORE INSERT ON public.event_log FOR EACH ROW EXECUTE FUNCTION public.event_log_chain();

CREATE TRIGGER intake_book_calibration AFTER INSERT OR DELETE OR UPDATE OF ends ON public.calibration FOR EACH STATEMENT EXECUTE FUNCTION public.intake_book_moves();

CREATE TRIGGER intake_book_maintenance AFTER INSERT OR DELETE OR UPDATE OF starts, ends ON public.maintenance FOR EACH STATEMENT EXECUTE FUNCTION public.intake_book_moves();

CREATE TRIGGER intake_book_mapping AFTER INSERT OR DELETE OR UPDATE ON public.intake_mapping FOR EACH STATEMENT EXECUTE FUNCTION public.intake_book_moves();

CREATE TRIGGER intake_book_station AFTER INSERT OR DELETE OR UPDATE ON public.station FOR EACH STATEMENT EXECUTE FUNCTION public.intake_book_moves();

ALTER TABLE ONLY public.alert_log
    ADD CONSTRAINT alert_log_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES public.alert(id);

ALTER TABLE ONLY public.calibration
    ADD CONSTRAINT calibration_station_fkey FOREIGN KEY (station) REFERENCES public.station(id);

ALTER TABLE ONLY public.cell
    ADD CONSTRAINT cell_grid_fkey FOREIGN KEY (grid) REFERENCES public.place(code);

ALTER TABLE ONLY public.cell
    ADD CONSTRAINT cell_town_fkey FOREIGN KEY (town) REFERENCES public.place(code);

ALTER TABLE ONLY public.cell
    ADD CONSTRAINT cell_village_fkey FOREIGN KEY (village) REFERENCES public.place(code);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES public.alert(id);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_checker_id_fkey FOREIGN KEY (checker_id) REFERENCES public.person(id);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_duplicate_of_fkey FOREIGN KEY (duplicate_of) REFERENCES public.event(id);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_handler_id_fkey FOREIGN KEY (handler_id) REFERENCES public.person(id);

ALTER TABLE ONLY public.event_log
    ADD CONSTRAINT event_log_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES public.person(id);

ALTER TABLE ONLY public.event_log
    ADD CONSTRAINT event_log_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.event(id);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_org_fkey FOREIGN KEY (org) REFERENCES public.org(code);

ALTER TABLE ONLY public.event_part
    ADD CONSTRAINT event_part_answered_by_fkey FOREIGN KEY (answered_by) REFERENCES public.person(id);

ALTER TABLE ONLY public.event_part
    ADD CONSTRAINT event_part_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.event(id);

ALTER TABLE ONLY public.event_part
    ADD CONSTRAINT event_part_handler_id_fkey FOREIGN KEY (handler_id) REFERENCES public.person(id);

ALTER TABLE ONLY public.event_part
    ADD CONSTRAINT event_part_org_fkey FOREIGN KEY (org) REFERENCES public.org(code);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_reporter_id_fkey FOREIGN KEY (reporter_id) REFERENCES public.person(id);

ALTER TABLE ONLY public.maintenance
    ADD CONSTRAINT maintenance_station_fkey FOREIGN KEY (station) REFERENCES public.station(id);

ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES public.alert(id);

ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.event(id);

ALTER TABLE ONLY public.notice
    ADD CONSTRAINT notice_person_id_fkey FOREIGN KEY (person_id) REFERENCES public.person(id);

ALTER TABLE ONLY public.org
    ADD CONSTRAINT org_parent_fkey FOREIGN KEY (parent) REFERENCES public.org(code);

ALTER TABLE ONLY public.password_past
    ADD CONSTRAINT password_past_person_id_fkey FOREIGN KEY (person_id) REFERENCES public.person(id);

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_grid_fkey FOREIGN KEY (grid) REFERENCES public.place(code);

ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_org_fkey FOREIGN KEY (org) REFERENCES public.org(code);

ALTER TABLE ONLY public.photo
    ADD CONSTRAINT photo_by_fkey FOREIGN KEY (by) REFERENCES public.person(id);

ALTER TABLE ONLY public.photo
    ADD CONSTRAINT photo_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.event(id);

ALTER TABLE ONLY public.place
    ADD CONSTRAINT place_parent_fkey FOREIGN KEY (parent) REFERENCES public.place(code);

ALTER TABLE ONLY public.push_receipt
    ADD CONSTRAINT push_receipt_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.feed_key(id);

ALTER TABLE ONLY public.receipt
    ADD CONSTRAINT receipt_person_id_fkey FOREIGN KEY (person_id) REFERENCES public.person(id);

ALTER TABLE ONLY public.resource
    ADD CONSTRAINT resource_org_fkey FOREIGN KEY (org) REFERENCES public.org(code);

ALTER TABLE ONLY public.roster
    ADD CONSTRAINT roster_org_fkey FOREIGN KEY (org) REFERENCES public.org(code);

ALTER TABLE ONLY public.roster
    ADD CONSTRAINT roster_person_id_fkey FOREIGN KEY (person_id) REFERENCES public.person(id);

ALTER TABLE ONLY public.route
    ADD CONSTRAINT route_org_fkey FOREIGN KEY (org) REFERENCES public.org(code);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_person_id_fkey FOREIGN KEY (person_id) REFERENCES public.person(id);

ALTER TABLE ONLY public.station
    ADD CONSTRAINT station_cell_fkey FOREIGN KEY (cell) REFERENCES public.cell(code);

ALTER TABLE ONLY public.station
    ADD CONSTRAINT station_grid_fkey FOREIGN KEY (grid) REFERENCES public.place(code);

ALTER TABLE ONLY public.station
    ADD CONSTRAINT station_org_fkey FOREIGN KEY (org) REFERENCES public.org(code);

ALTER TABLE ONLY public.station
    ADD CONSTRAINT station_town_fkey FOREIGN KEY (town) REFERENCES public.place(code);

ALTER TABLE ONLY public.station
    ADD CONSTRAINT station_village_fkey FOREIGN KEY (village) REFERENCES public.place(code);

ALTER TABLE ONLY public.work_order
    ADD CONSTRAINT work_order_event_id_fkey FOREIGN KEY (event_id) REFERENCES public.event(id);

