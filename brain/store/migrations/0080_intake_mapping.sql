-- What senders call things, and what we call them: their station codes, quantities, units and columns. Intake asks here for
-- what it does not know by itself, so a dead letter is mended by a row and a replay.
CREATE TABLE intake_mapping (
  feed   text NOT NULL,
  what   text NOT NULL CHECK (what IN ('station', 'kind', 'unit', 'column')),
  given  text NOT NULL,                        -- the sender's word
  meant  text NOT NULL,                        -- station id, sensor kind, unit of units.toml, field of the feed
  by     text NOT NULL DEFAULT '',
  at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (feed, what, given)
);
