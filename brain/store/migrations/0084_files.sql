-- Files that were laid down or uploaded, public warnings (CAP 1.2), and the orders of the 12345 hotline.

-- One row a file that a door has taken: what became of it. Its rows' fates are in `reading`, `dead_letter` and below.
CREATE TABLE intake_file (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  feed        text NOT NULL,
  name        text NOT NULL,
  sha256      text NOT NULL,                   -- over the file and its mapping
  by          text NOT NULL DEFAULT '',        -- who uploaded it; empty for a file laid into the folder
  received_at timestamptz NOT NULL,
  finished_at timestamptz,
  state       text NOT NULL DEFAULT 'taking' CHECK (state IN ('taking', 'done', 'failed', 'same')),
  rows        int NOT NULL DEFAULT 0,
  stored      int NOT NULL DEFAULT 0,          -- readings, orders or warnings, like the three below
  duplicate   int NOT NULL DEFAULT 0,
  dead        int NOT NULL DEFAULT 0,
  waiting     int NOT NULL DEFAULT 0,          -- rows that stood in the spill when the file was done
  report      jsonb NOT NULL DEFAULT '{}'      -- says: a sentence; errors: the first rows that were refused
);
CREATE INDEX intake_file_feed ON intake_file (feed, id);
CREATE INDEX intake_file_sha ON intake_file (sha256);

CREATE TABLE warning (
  sender       text NOT NULL,
  identifier   text NOT NULL,
  sent         timestamptz NOT NULL,
  status       text NOT NULL,
  msg_type     text NOT NULL,
  scope        text NOT NULL,
  event        text NOT NULL,
  event_code   text NOT NULL,
  category     text NOT NULL,
  urgency      text NOT NULL,
  severity     text NOT NULL,
  certainty    text NOT NULL,
  level        smallint CHECK (level BETWEEN 1 AND 4),   -- 1 红 … 4 蓝
  sender_name  text NOT NULL,
  headline     text NOT NULL,
  description  text NOT NULL,
  instruction  text NOT NULL,
  web          text NOT NULL,
  effective    timestamptz,
  onset        timestamptz,
  expires      timestamptz,
  refers       jsonb NOT NULL,                 -- [[sender, identifier], …]: the messages it updates or cancels
  area         jsonb NOT NULL,                 -- desc, geocodes, polygons (lng, lat), circles (lng, lat, km)
  received_at  timestamptz NOT NULL,
  ended_at     timestamptz,                    -- when a later message took its place (sent time of that one)
  ended_by     text,                           -- identifier of that one
  cancelled    boolean NOT NULL DEFAULT false, -- that one was a Cancel
  PRIMARY KEY (sender, identifier)
);
CREATE INDEX warning_sent ON warning (sent);

CREATE TABLE work_order (
  number      text PRIMARY KEY,                -- 工单编号
  state       text NOT NULL,                   -- key of catalog/sheets.toml, group state
  event_id    text REFERENCES event,           -- null for an order that was finished when first seen
  title       text NOT NULL,
  sort        text NOT NULL,
  topic       text NOT NULL,
  urgency     text NOT NULL,
  asked_at    timestamptz,
  due_at      timestamptz,
  reply       text NOT NULL,
  placed      text NOT NULL,                   -- how its place was found: point, village, town, district
  first_at    timestamptz NOT NULL,
  changed_at  timestamptz NOT NULL
);
CREATE INDEX work_order_event ON work_order (event_id) WHERE event_id IS NOT NULL;
