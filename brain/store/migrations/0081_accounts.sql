-- The accounts of intake: who is at work, what each feed delivers and how well, which shapes its messages have, and what was
-- decided about dead letters.

-- Workers and feeds ---------------------------------------------------------------------------------------------------
-- One row a worker, written by itself every few seconds, also when nothing comes in. Times are the database's: workers on
-- several machines are compared with one clock.
CREATE TABLE intake_worker (
  worker      text PRIMARY KEY,
  host        text NOT NULL,
  pid         int NOT NULL,
  started_at  timestamptz NOT NULL,
  beat_at     timestamptz NOT NULL,
  stopped_at  timestamptz,                     -- it said good-bye; null while it should be alive
  doors       jsonb NOT NULL DEFAULT '{}',     -- door → {connected, subscribed, down_s, …}
  queued      int NOT NULL DEFAULT 0,          -- readings and refusals in memory
  waiting_s   double precision NOT NULL DEFAULT 0,  -- age of the oldest of them
  spill_units bigint NOT NULL DEFAULT 0,
  spill_bytes bigint NOT NULL DEFAULT 0,
  commit_at   timestamptz,                     -- last commit
  counts      jsonb NOT NULL DEFAULT '{}'      -- feed → received, stored, duplicate, dead, lost, in_flight since the start
);

-- What feeds declare, told by the workers: `brain` never imports `ingest`.
CREATE TABLE feed_known (
  feed  text PRIMARY KEY,
  title text NOT NULL,
  theme text NOT NULL,
  org   text NOT NULL,
  topic text NOT NULL
);

-- Quality -------------------------------------------------------------------------------------------------------------
-- Stored readings by the hour in which they were received, counted from the log by the consumer `quality`. `delay` is the
-- delay class of received_at - at: quarter octaves, so that a percentile is right to a tenth and a row needs no list.
CREATE TABLE feed_hour (
  feed    text NOT NULL,
  hour    timestamptz NOT NULL,
  station text NOT NULL,
  kind    text NOT NULL,
  delay   smallint NOT NULL,
  n       int NOT NULL,
  trusted int NOT NULL,
  PRIMARY KEY (feed, hour, station, kind, delay)
);
CREATE INDEX feed_hour_hour ON feed_hour (hour);

CREATE TABLE feed_minute (
  feed      text NOT NULL,
  minute    timestamptz NOT NULL,
  received  int NOT NULL,
  stored    int NOT NULL,
  duplicate int NOT NULL,
  dead      int NOT NULL,
  PRIMARY KEY (feed, minute)
);
CREATE INDEX feed_minute_minute ON feed_minute (minute);

CREATE FUNCTION brain_delay_class(delay interval) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(4 * ln(greatest(extract(epoch FROM delay)::double precision, 0.0625)) / ln(2.0::double precision))::smallint;

-- Contract drift ------------------------------------------------------------------------------------------------------
-- Shapes of JSON messages seen: paths and types of their fields.
CREATE TABLE feed_shape (
  feed     text NOT NULL,
  shape    text NOT NULL,                      -- digest of `fields`
  fields   jsonb NOT NULL,                     -- path → type
  sample   bytea NOT NULL,                     -- a message of this shape, its beginning
  source   text NOT NULL,                      -- topic it came under
  first_at timestamptz NOT NULL,
  last_at  timestamptz NOT NULL,
  n        bigint NOT NULL,                    -- messages looked at, not messages received
  PRIMARY KEY (feed, shape)
);

-- A new shape came in place of the usual one.
CREATE TABLE feed_drift (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  feed    text NOT NULL,
  source  text NOT NULL,
  at      timestamptz NOT NULL,                -- when the new shape was first seen
  before  text NOT NULL,
  after   text NOT NULL,
  seen_by text,                                -- somebody has taken note
  seen_at timestamptz,
  UNIQUE (feed, before, after)
);

-- Dead letters --------------------------------------------------------------------------------------------------------
ALTER TABLE dead_letter
  ADD COLUMN discarded_by   text,
  ADD COLUMN discarded_at   timestamptz,
  ADD COLUMN discard_reason text;

-- A reason without the figures that differ from letter to letter, so that letters of one cause stand together: times, and
-- numbers that belong to no name (RG-01, UTF-8, 1小时雨量 stay). Where a reason names what is to be mapped, it stays whole.
CREATE FUNCTION brain_reason_words(rule text, reason text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN rule IN ('station', 'kind', 'unit') THEN reason ELSE
  regexp_replace(
    regexp_replace(reason, '[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?', '…', 'g'),
    '(?<![A-Za-z0-9.+-])-?[0-9]+([.][0-9]+)?(e[+-]?[0-9]+)?(?![0-9A-Za-z]|小时)', '…', 'g') END;

-- Replays asked for on the page and done by whichever worker takes them.
CREATE TABLE mend_request (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  feed     text,                               -- null: every feed
  rule     text,                               -- null: every rule
  letters  bigint[],                           -- null: all open ones of feed and rule
  asked_by text NOT NULL,
  asked_at timestamptz NOT NULL,
  taken_at timestamptz,
  worker   text,
  done_at  timestamptz,
  replayed int,
  still    jsonb,                              -- reason → how many letters are refused for it
  error    text
);
CREATE INDEX mend_request_open ON mend_request (id) WHERE done_at IS NULL;
