-- What the engine does besides judging, one row a duty (brain/engine/duties); the engine writes it, /metrics reads it.
CREATE TABLE duty (
  name     text PRIMARY KEY,
  every_s  double precision NOT NULL,          -- 0: at every step
  runs     bigint NOT NULL DEFAULT 0,          -- failed ones too
  failures bigint NOT NULL DEFAULT 0,
  failing  int NOT NULL DEFAULT 0,             -- failures in a row
  ran_at   timestamptz,                        -- last begun
  done_at  timestamptz,                        -- last brought to its end
  took_s   double precision NOT NULL DEFAULT 0,  -- of the last run
  rows     bigint NOT NULL DEFAULT 0,          -- moved by the last run that was brought to its end
  error    text,                               -- while it is failing
  next_at  timestamptz
) WITH (fillfactor = 50);
