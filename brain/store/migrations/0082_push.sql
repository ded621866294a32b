-- HTTP push and polling: the departments' keys, the answers already given, and how far each polled source has been read.

-- Why the secret is sealed and not hashed: HMAC needs it in the clear to check a signature. It is encrypted (AES-256-GCM) under
-- a key derived from the setting `secret_key`, which is never in the database: a dump or a backup alone signs nothing, and
-- neither does the setting alone. The seal also covers id, org, feeds and expiry: a row edited by hand no longer opens.
CREATE TABLE feed_key (
  id           text PRIMARY KEY,               -- sent with every request; no secret
  org          text NOT NULL,                  -- key of catalog/departments.toml
  feeds        text[] NOT NULL CHECK (cardinality(feeds) > 0),
  sealed       bytea NOT NULL,
  note         text NOT NULL DEFAULT '',
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  revoked_at   timestamptz,
  last_used_at timestamptz                     -- to the minute
);

-- Answers already given: a sender that did not hear the answer sends again and gets the same one, nothing happens twice (as
-- table `receipt` for phones). Without an idempotency key the signature itself is the token, so there is no table of nonces:
-- what is replayed inside the window finds its answer here, what is older is outside the window.
CREATE TABLE push_receipt (
  key_id text NOT NULL REFERENCES feed_key,
  token  text NOT NULL,
  asked  bytea NOT NULL,                       -- sha256 over feed, kind of body and body: one token, one request
  at     timestamptz NOT NULL,
  status smallint NOT NULL,
  answer json NOT NULL,                        -- json and not jsonb: a replay is the same to the byte
  PRIMARY KEY (key_id, token)
);
CREATE INDEX push_receipt_at ON push_receipt (at);

-- How far each source of poll.toml has been read. Moved only after its rows are safe, so a kill makes rows come again.
CREATE TABLE poll_cursor (
  source     text PRIMARY KEY,
  cursor     text,                             -- greatest value of the cursor column, as text; null where nothing came yet
  seen       bytea NOT NULL DEFAULT '',        -- 16-byte digests of the rows of the last answer: they are not offered again
  at         timestamptz,                      -- last time the source answered and all was safe
  next_at    timestamptz NOT NULL,
  failures   int NOT NULL DEFAULT 0,           -- in a row
  last_error text NOT NULL DEFAULT ''
);
