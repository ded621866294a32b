-- Two qualities more, and what the broker kept for late comers.

-- brain.model.TRUSTED in SQL. No roll-up need be made again: nothing of the new quality is stored yet.
CREATE OR REPLACE FUNCTION brain_trusted(quality text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN quality IN ('ok', 'late', 'manual', 'below_limit');

-- A message that the broker had kept (RETAIN) and sent because we subscribed: it is old, nobody knows how old, and the broker sends
-- it again with every new subscription. So the letter says it, for who reads it once more, and stands only once.
ALTER TABLE dead_letter ADD COLUMN retained boolean NOT NULL DEFAULT false;
CREATE INDEX dead_letter_retained ON dead_letter (feed, topic) WHERE retained;
