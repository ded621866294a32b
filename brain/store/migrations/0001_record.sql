-- The record of the district: places, people, readings' log of batches, alerts, events, and who did what.
-- Runs on TimescaleDB and on plain PostgreSQL 18 alike; `reading` and its roll-ups are made by the body
-- (store/timescale, store/plain), because only there the two differ.

-- Places -------------------------------------------------------------------------------------------------------------
-- One tree: district > town (镇街) > village (村社区) > grid (综合网格); unit cells (单元网格) hang below a grid.
CREATE TABLE place (
  code       text PRIMARY KEY,                 -- 6, 9, 12 or 15 digits
  kind       text NOT NULL CHECK (kind IN ('district', 'town', 'village', 'grid')),
  name       text NOT NULL,
  parent     text REFERENCES place,
  lng        double precision,                 -- a point inside, EPSG:4490
  lat        double precision,
  area_m2    double precision,
  geom       bytea,                            -- WKB, EPSG:4490
  origin     text NOT NULL DEFAULT ''          -- source, or how it was generated; said on screen
);
CREATE INDEX place_parent ON place (parent);

CREATE TABLE cell (
  code       char(15) PRIMARY KEY,             -- 6 district + 3 town + 3 village + 3 sequence
  town       text NOT NULL REFERENCES place,
  village    text NOT NULL REFERENCES place,
  grid       text NOT NULL REFERENCES place,
  area_m2    double precision NOT NULL,
  lng        double precision NOT NULL,
  lat        double precision NOT NULL,
  geom       bytea NOT NULL                    -- WKB, EPSG:4490
);
CREATE INDEX cell_grid ON cell (grid);

-- Organisations and people -------------------------------------------------------------------------------------------
CREATE TABLE org (
  code       text PRIMARY KEY,                 -- key in catalog/departments.toml, or a town code
  name       text NOT NULL,
  short      text NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('department', 'town', 'desk', 'team')),
  parent     text REFERENCES org,
  phone      text NOT NULL DEFAULT ''
);

CREATE TABLE person (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  login         text NOT NULL UNIQUE,
  name          text NOT NULL,
  phone         text NOT NULL DEFAULT '',
  role          text NOT NULL,
  org           text REFERENCES org,
  places        text[] NOT NULL DEFAULT '{}',  -- code prefixes he may see and act in; empty: his organisation's events only
  grid          text REFERENCES place,         -- the 综合网格 a worker looks after
  password_hash text,                          -- argon2id; null: cannot log in
  must_change   boolean NOT NULL DEFAULT false,
  failed        int NOT NULL DEFAULT 0,
  locked_until  timestamptz,
  active        boolean NOT NULL DEFAULT true,
  simulated     boolean NOT NULL DEFAULT false,
  created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX person_org ON person (org) WHERE active;
CREATE INDEX person_grid ON person (grid) WHERE active;

CREATE TABLE roster (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org        text NOT NULL REFERENCES org,
  person_id  bigint NOT NULL REFERENCES person,
  duty       text NOT NULL,                    -- 'desk' | 'chief' | 'leader' | 'field'
  starts     timestamptz NOT NULL,
  ends       timestamptz NOT NULL,
  CHECK (starts < ends)
);
CREATE INDEX roster_org ON roster (org, duty, starts);

CREATE TABLE session (
  token_hash bytea PRIMARY KEY,                -- sha256 of the cookie's token
  person_id  bigint NOT NULL REFERENCES person,
  created_at timestamptz NOT NULL,
  seen_at    timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ip         text NOT NULL DEFAULT '',
  agent      text NOT NULL DEFAULT ''
);

-- Stations -----------------------------------------------------------------------------------------------------------
CREATE TABLE station (
  id         text PRIMARY KEY,
  name       text NOT NULL,
  theme      text NOT NULL,                    -- water | drainage | fire | cameras | rain | air
  lng        double precision NOT NULL,        -- EPSG:4490
  lat        double precision NOT NULL,
  town       text REFERENCES place,
  village    text REFERENCES place,
  grid       text REFERENCES place,
  cell       text REFERENCES cell,
  org        text REFERENCES org,              -- owner
  params     jsonb NOT NULL DEFAULT '{}',      -- limits, datum, target class … (see catalog/sensors.toml)
  origin     text NOT NULL DEFAULT '',         -- where its data come from, said on screen
  active     boolean NOT NULL DEFAULT true
);
CREATE INDEX station_theme ON station (theme) WHERE active;

CREATE TABLE resource (                        -- reservoirs of pumps, teams, shelters, depots: what can be sent
  id         text PRIMARY KEY,
  name       text NOT NULL,
  kind       text NOT NULL,
  org        text REFERENCES org,
  lng        double precision NOT NULL,
  lat        double precision NOT NULL,
  detail     jsonb NOT NULL DEFAULT '{}',
  origin     text NOT NULL DEFAULT ''
);

-- Newest reading of each station and kind, by observed time.
CREATE TABLE latest (
  station     text NOT NULL,
  kind        text NOT NULL,
  at          timestamptz NOT NULL,
  seq         text NOT NULL DEFAULT '',
  value       double precision NOT NULL,
  quality     text NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (station, kind)
) WITH (fillfactor = 70);

-- Intake -------------------------------------------------------------------------------------------------------------
-- The log inside the database: one row a batch, its stored readings as arrays. Consumers read it in commit order by
-- (xid, id) below the snapshot's xmin, because an identity column is no order of commit.
CREATE TABLE intake_batch (
  id          bigint GENERATED ALWAYS AS IDENTITY,
  xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
  received_at timestamptz NOT NULL,
  feed        text NOT NULL,
  worker      text NOT NULL,
  lane        text NOT NULL DEFAULT 'live' CHECK (lane IN ('live', 'history')),
  received    int NOT NULL,                    -- readings and refused messages that came in
  stored      int NOT NULL,
  duplicate   int NOT NULL,
  dead        int NOT NULL,
  stations    text[] NOT NULL,
  kinds       text[] NOT NULL,
  ats         timestamptz[] NOT NULL,
  seqs        text[] NOT NULL,
  vals        double precision[] NOT NULL,
  qualities   text[] NOT NULL,
  PRIMARY KEY (id, received_at)
) PARTITION BY RANGE (received_at);
CREATE TABLE intake_batch_rest PARTITION OF intake_batch DEFAULT;
CREATE INDEX intake_batch_order ON intake_batch (xid, id);

CREATE TABLE consumer (
  name       text PRIMARY KEY,
  xid        xid8 NOT NULL DEFAULT '0',
  batch      bigint NOT NULL DEFAULT 0,
  seen_at    timestamptz                       -- receive time of the last batch consumed: gives the lag
);

CREATE TABLE feed_status (
  feed             text PRIMARY KEY,
  received         bigint NOT NULL DEFAULT 0,
  stored           bigint NOT NULL DEFAULT 0,
  duplicate        bigint NOT NULL DEFAULT 0,
  dead             bigint NOT NULL DEFAULT 0,
  last_received_at timestamptz,
  last_observed_at timestamptz
);

CREATE TABLE dead_letter (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  received_at timestamptz NOT NULL,
  feed        text NOT NULL,
  topic       text NOT NULL,
  payload     bytea NOT NULL,
  rule        text NOT NULL,                   -- short word of the rule that refused: decode, station, kind, range, time …
  reason      text NOT NULL,                   -- what, where, how to mend (Chinese)
  status      text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'replayed', 'discarded'))
);
CREATE INDEX dead_letter_open ON dead_letter (feed, received_at) WHERE status = 'open';

-- Alerts -------------------------------------------------------------------------------------------------------------
CREATE TABLE alert (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  station     text NOT NULL,
  kind        text NOT NULL,
  rule        text NOT NULL,
  theme       text NOT NULL,
  level       smallint NOT NULL CHECK (level BETWEEN 1 AND 4),   -- 1 red … 4 blue
  peak        smallint NOT NULL CHECK (peak BETWEEN 1 AND 4),
  value       double precision,
  limit_value double precision,
  message     text NOT NULL,
  opened_at   timestamptz NOT NULL,            -- engine's time
  observed_at timestamptz NOT NULL,            -- time of the reading that opened it
  changed_at  timestamptz NOT NULL,
  cleared_at  timestamptz,
  acked_at    timestamptz,
  acked_by    text,
  acked_until timestamptz,
  late        boolean NOT NULL DEFAULT false,  -- born from back-filled data: pages nobody
  count       int NOT NULL DEFAULT 1,
  event_id    text,
  lng         double precision,
  lat         double precision,
  town        text,
  grid        text,
  evidence    jsonb NOT NULL DEFAULT '{}'
);
-- The promise "one open alert per station, kind and rule" is kept here, not in code.
CREATE UNIQUE INDEX alert_one_open ON alert (station, kind, rule) WHERE cleared_at IS NULL;
CREATE INDEX alert_open_level ON alert (level, opened_at) WHERE cleared_at IS NULL;
CREATE INDEX alert_opened ON alert (opened_at);

CREATE TABLE alert_log (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  alert_id  bigint NOT NULL REFERENCES alert,
  at        timestamptz NOT NULL,
  what      text NOT NULL,                     -- open | change | clear | ack | note | event
  level     smallint,
  value     double precision,
  actor     text NOT NULL,
  note      text NOT NULL DEFAULT ''
);
CREATE INDEX alert_log_alert ON alert_log (alert_id, id);

CREATE TABLE rule_state (                      -- what the engine remembers between readings; survives a restart
  station text NOT NULL,
  kind    text NOT NULL,
  rule    text NOT NULL,
  state   jsonb NOT NULL,
  due     timestamptz,                         -- ask again then, although no reading came
  PRIMARY KEY (station, kind, rule)
) WITH (fillfactor = 70);
CREATE INDEX rule_state_due ON rule_state (due) WHERE due IS NOT NULL;

-- Events -------------------------------------------------------------------------------------------------------------
CREATE TABLE event_serial (day date PRIMARY KEY, last int NOT NULL);

CREATE TABLE event (
  id              text PRIMARY KEY,            -- 案卷编号: 6-digit district + yyyyMMdd + 5 digits
  category        text NOT NULL,               -- key in catalog/categories.toml
  title           text NOT NULL,
  description     text NOT NULL DEFAULT '',
  state           text NOT NULL,
  source          text NOT NULL,
  level           smallint CHECK (level BETWEEN 1 AND 4),
  address         text NOT NULL DEFAULT '',
  lng             double precision NOT NULL,
  lat             double precision NOT NULL,
  town            text,
  village         text,
  grid            text,
  cell            text,
  alert_id        bigint REFERENCES alert,
  station         text,
  reporter_id     bigint REFERENCES person,
  reporter_org    text,
  org             text REFERENCES org,         -- who has it
  handler_id      bigint REFERENCES person,
  checker_id      bigint REFERENCES person,
  limit_clock     text,                        -- stamped at registering, never looked up later
  limit_amount    double precision,
  ladder          jsonb,
  stage_due_at    timestamptz,                 -- limit of the present post (受理, 立案, 派遣, 核查 …)
  due_at          timestamptz,                 -- handling limit (处置时限)
  reported_at     timestamptz NOT NULL,
  accepted_at     timestamptz,
  verify_asked_at timestamptz,
  verified_at     timestamptz,
  registered_at   timestamptz,
  dispatched_at   timestamptz,
  taken_at        timestamptz,
  arrived_at      timestamptz,
  answered_at     timestamptz,
  checked_at      timestamptz,
  closed_at       timestamptz,
  rated_at        timestamptz,
  suspended_at    timestamptz,
  suspended_from  text,
  suspend_until   timestamptz,
  register_condition text,
  close_condition    text,
  returns         int NOT NULL DEFAULT 0,
  reworks         int NOT NULL DEFAULT 0,
  extensions      int NOT NULL DEFAULT 0,
  urges           int NOT NULL DEFAULT 0,
  reopened        int NOT NULL DEFAULT 0,
  rung            int NOT NULL DEFAULT 0,
  next_rung_at    timestamptz,
  supervised      boolean NOT NULL DEFAULT false,
  self_handled    boolean NOT NULL DEFAULT false,
  check_passed    boolean,
  rating_response smallint,
  rating_solved   smallint,
  rating_satisfied smallint,
  duplicate_of    text REFERENCES event,
  simulated       boolean NOT NULL DEFAULT false,  -- demo history: counted, and said to be simulated wherever shown
  client_key      uuid UNIQUE,                 -- idempotency key of the phone or API that reported it
  version         int NOT NULL DEFAULT 0
);
CREATE INDEX event_open ON event (state, due_at) WHERE state NOT IN ('closed', 'declined', 'void');
CREATE INDEX event_reported ON event (reported_at);
CREATE INDEX event_due ON event (due_at);
CREATE INDEX event_closed ON event (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX event_org ON event (org, state);
CREATE INDEX event_handler ON event (handler_id) WHERE state NOT IN ('closed', 'declined', 'void');
CREATE INDEX event_checker ON event (checker_id) WHERE state NOT IN ('closed', 'declined', 'void');
CREATE INDEX event_alert ON event (alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX event_rung ON event (next_rung_at) WHERE next_rung_at IS NOT NULL;

CREATE TABLE event_log (
  event_id   text NOT NULL REFERENCES event,
  seq        int NOT NULL,                     -- 1, 2, 3 … within the event
  at         timestamptz NOT NULL,
  verb       text NOT NULL,
  from_state text,
  to_state   text NOT NULL,
  actor_id   bigint REFERENCES person,
  actor_name text NOT NULL,
  role       text NOT NULL,
  org        text,
  reason     text,
  note       text,
  detail     jsonb NOT NULL DEFAULT '{}',
  hash       bytea NOT NULL,                   -- sha256 over the previous hash and this line
  PRIMARY KEY (event_id, seq)
);
CREATE INDEX event_log_at ON event_log (at);
CREATE INDEX event_log_verb ON event_log (verb, at);

CREATE TABLE photo (
  id          uuid PRIMARY KEY,
  event_id    text REFERENCES event,
  phase       text NOT NULL CHECK (phase IN ('report', 'verify', 'answer', 'check', 'other')),
  sha256      bytea NOT NULL,
  mime        text NOT NULL,
  bytes       int NOT NULL,
  path        text NOT NULL,                   -- below BRAIN_HOME/files
  lng         double precision,
  lat         double precision,
  taken_at    timestamptz,
  uploaded_at timestamptz NOT NULL,
  by          bigint REFERENCES person
);
CREATE INDEX photo_event ON photo (event_id);
CREATE INDEX photo_sha ON photo (sha256);

CREATE TABLE notice (                          -- what a person must be told; the phone and the seat read it
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL,
  person_id  bigint NOT NULL REFERENCES person,
  event_id   text REFERENCES event,
  alert_id   bigint REFERENCES alert,
  kind       text NOT NULL,                    -- dispatch | remind | escalate | return | check | result …
  words      text NOT NULL,
  read_at    timestamptz,
  once       text UNIQUE                       -- idempotency: the same notice is never written twice
);
CREATE INDEX notice_person ON notice (person_id, id) WHERE read_at IS NULL;

-- Reports ------------------------------------------------------------------------------------------------------------
CREATE TABLE report_snapshot (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  period     text NOT NULL,                    -- '2026-10'
  version    int NOT NULL,
  cut_at     timestamptz NOT NULL,             -- data cut-off
  made_by    text NOT NULL,
  made_at    timestamptz NOT NULL,
  data       jsonb NOT NULL,
  UNIQUE (period, version)
);

-- Audit --------------------------------------------------------------------------------------------------------------
CREATE TABLE audit (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        timestamptz NOT NULL,
  actor_id  bigint,
  actor     text NOT NULL,
  action    text NOT NULL,
  object    text NOT NULL DEFAULT '',
  ip        text NOT NULL DEFAULT '',
  ok        boolean NOT NULL,
  detail    jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_at ON audit (at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER event_log_append_only BEFORE UPDATE OR DELETE ON event_log
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What was loaded into this database: demo city version, simulated history, first start.
CREATE TABLE fact (
  key   text PRIMARY KEY,
  value jsonb NOT NULL,
  at    timestamptz NOT NULL DEFAULT now()
);
