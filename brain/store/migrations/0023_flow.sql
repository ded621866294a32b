-- Rows of the flow that the record did not have yet: who handles what where, the parts of a joint event, and how far the
-- people around an alert have been told.

-- Who handles a category at a place. The row with the longest matching category, then the longest matching place, wins;
-- two such rows with different organisations mean: a person must choose. Without any row the category's department of
-- catalog/categories.toml handles it. org NULL: the town of the place.
CREATE TABLE route (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  category text NOT NULL DEFAULT '',           -- category key or the beginning of one ('matter:06'); '' for every one
  place    text NOT NULL DEFAULT '',           -- beginning of a unit cell's code (6, 9, 12, 15 digits); '' anywhere
  org      text REFERENCES org,
  note     text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX route_one ON route (category, place, org) NULLS NOT DISTINCT;

-- 联动: several organisations on one event, each with a part and a clock of its own.
CREATE TABLE event_part (
  event_id    text NOT NULL REFERENCES event,
  org         text NOT NULL REFERENCES org,
  asked_at    timestamptz NOT NULL,
  due_at      timestamptz,
  handler_id  bigint REFERENCES person,
  note        text NOT NULL DEFAULT '',        -- what is asked of them
  answered_at timestamptz,
  answered_by bigint REFERENCES person,
  answer      text NOT NULL DEFAULT '',
  due_told_at timestamptz,                     -- the limit that was told to have passed
  PRIMARY KEY (event_id, org)
);
CREATE INDEX event_part_org ON event_part (org) WHERE answered_at IS NULL;
CREATE INDEX event_part_due ON event_part (due_at) WHERE answered_at IS NULL;

-- Telling about an alert: up to which level's list people have been told, and when the acknowledgement is due.
ALTER TABLE alert ADD COLUMN told smallint CHECK (told BETWEEN 1 AND 4);
ALTER TABLE alert ADD COLUMN tellings int NOT NULL DEFAULT 0;
ALTER TABLE alert ADD COLUMN ack_due_at timestamptz;
ALTER TABLE alert ADD COLUMN proposed_at timestamptz;   -- when closing of its event was proposed, or found not to be
CREATE INDEX alert_ack_due ON alert (ack_due_at) WHERE cleared_at IS NULL AND ack_due_at IS NOT NULL;
CREATE INDEX alert_ack_until ON alert (acked_until) WHERE cleared_at IS NULL AND acked_until IS NOT NULL;
CREATE INDEX alert_station_open ON alert (station) WHERE cleared_at IS NULL;
CREATE INDEX alert_event ON alert (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX alert_to_propose ON alert (cleared_at)
  WHERE cleared_at IS NOT NULL AND event_id IS NOT NULL AND proposed_at IS NULL;

-- What the sweeps look for. `stage_told_at` and `due_told_at` repeat the limit that was told to have passed: each limit
-- is told once, and a new limit is a new one to tell.
ALTER TABLE event ADD COLUMN stage_told_at timestamptz;
ALTER TABLE event ADD COLUMN due_told_at timestamptz;
CREATE INDEX event_stage_due ON event (stage_due_at)
  WHERE stage_due_at IS NOT NULL AND stage_told_at IS DISTINCT FROM stage_due_at;
CREATE INDEX event_due_untold ON event (due_at)
  WHERE due_at IS NOT NULL AND due_told_at IS DISTINCT FROM due_at AND state IN ('registered', 'dispatched', 'handling');
CREATE INDEX event_suspend_until ON event (suspend_until) WHERE suspend_until IS NOT NULL;
CREATE INDEX event_station_open ON event (station, category) WHERE state NOT IN ('closed', 'declined', 'void');
CREATE INDEX event_duplicate ON event (duplicate_of) WHERE duplicate_of IS NOT NULL;
