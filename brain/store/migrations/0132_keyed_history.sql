-- Lines of history carry a keyed digest of themselves, as those of the audit trail do (docs/adr/0007): a line put in by plain SQL
-- shows, linked or not.

ALTER TABLE event_log
  ADD COLUMN key text,                         -- which key the digest was made with
  ADD COLUMN mac bytea,                        -- keyed digest of the line's content; null in lines older than this migration
  ADD CONSTRAINT event_log_is_keyed CHECK (key IS NOT NULL AND mac IS NOT NULL) NOT VALID;

-- Lines without a digest are linked before all others, so that one number says how far they reach. Why a mark in the queue and
-- not a look at the lines: the next batch is read from this index alone, however many wait.
ALTER TABLE event_waiting ADD COLUMN old boolean NOT NULL DEFAULT true;
ALTER TABLE event_waiting ALTER COLUMN old SET DEFAULT false;
CREATE INDEX event_waiting_next ON event_waiting (old DESC, event_id, line);
