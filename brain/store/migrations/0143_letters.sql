-- One dead letter a message and rule, with all that the rule refused of it; and known again when the message comes a second time.

ALTER TABLE dead_letter
  ADD COLUMN units  int NOT NULL DEFAULT 1,         -- readings, records and parts that it stands for: what the accounts count
  ADD COLUMN listed text[] NOT NULL DEFAULT '{}',   -- the reasons of all of them; empty where `reason` is the only one
  ADD COLUMN digest bytea;                          -- of place and bytes; null where another way keeps them from coming twice

-- Only open ones: what was thrown away or replayed and is refused again is news.
CREATE INDEX dead_letter_again ON dead_letter (digest, rule) WHERE status = 'open' AND digest IS NOT NULL;
