-- Passwords a person had before (GB/T 22239-2019 8.1.4.1 a: no quick reuse), and when the present one was set.
ALTER TABLE person ADD COLUMN password_at timestamptz;
CREATE TABLE password_past (
  person_id bigint NOT NULL REFERENCES person,
  at        timestamptz NOT NULL,
  hash      text NOT NULL,                     -- argon2id, as it stood in person.password_hash
  PRIMARY KEY (person_id, at)
);
CREATE INDEX session_person ON session (person_id);
CREATE INDEX session_expires ON session (expires_at);
