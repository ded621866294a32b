-- Answers already given under a sender's key: a phone that did not hear the answer sends again, gets the same answer, and
-- nothing happens twice. Written in the transaction of the verb itself; cleared after a month (store/sql/api.sql).
CREATE TABLE receipt (
  client_key uuid PRIMARY KEY,
  person_id  bigint NOT NULL REFERENCES person,
  asked      bytea NOT NULL,                   -- sha256 over address and body: one key, one request
  at         timestamptz NOT NULL,
  answer     json                              -- json and not jsonb: a replay is the same to the byte
);
CREATE INDEX receipt_at ON receipt (at);

-- A person's own reports, newest first (phone: 我上报的).
CREATE INDEX event_reporter ON event (reporter_id, id) WHERE reporter_id IS NOT NULL;
