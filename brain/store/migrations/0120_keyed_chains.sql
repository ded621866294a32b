-- The audit trail and the history of events are linked into chains whose key the database does not hold (docs/adr/0007).
--
-- Why links in tables of their own: a row is written first in the transaction of its act, and a chain wants an order; a lock
-- held through the act would make every act wait for every other. So the row carries a keyed digest of itself from the start,
-- and the engine links committed rows some seconds later. Nothing is ever updated. What is committed and not yet linked
-- stands in `…_waiting`: a queue knows exactly what is left, for any order of commit and after a restore, where an order of
-- transaction numbers would not.

ALTER TABLE audit
  ADD COLUMN key text,                         -- which key the digest was made with
  ADD COLUMN mac bytea,                        -- keyed digest of the row's content; null in rows older than this migration
  ADD CONSTRAINT audit_is_keyed CHECK (key IS NOT NULL AND mac IS NOT NULL) NOT VALID;

CREATE TABLE audit_link (
  seq      bigint PRIMARY KEY,                 -- 1, 2, 3 … without gaps
  audit_id bigint NOT NULL UNIQUE,             -- no reference: a row that is gone must show here
  key      text NOT NULL,
  digest   bytea NOT NULL                      -- keyed, over the digest before it, seq, and the row
);
CREATE TABLE audit_waiting (audit_id bigint PRIMARY KEY);

CREATE TABLE event_link (
  seq      bigint PRIMARY KEY,
  event_id text NOT NULL,
  line     int NOT NULL,
  key      text NOT NULL,
  digest   bytea NOT NULL,
  UNIQUE (event_id, line)
);
CREATE TABLE event_waiting (event_id text NOT NULL, line int NOT NULL, PRIMARY KEY (event_id, line));

CREATE FUNCTION audit_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_waiting SELECT id FROM fresh;
  RETURN NULL;
END $$;
CREATE TRIGGER audit_waits AFTER INSERT ON audit REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION audit_waits();

CREATE FUNCTION event_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO event_waiting SELECT event_id, seq FROM fresh;
  RETURN NULL;
END $$;
CREATE TRIGGER event_waits AFTER INSERT ON event_log REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION event_waits();

CREATE TRIGGER audit_link_append_only BEFORE UPDATE OR DELETE ON audit_link
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_link_append_only BEFORE UPDATE OR DELETE ON event_link
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What there is already is linked first: the chains vouch for it from now on.
INSERT INTO audit_waiting SELECT id FROM audit;
INSERT INTO event_waiting SELECT event_id, seq FROM event_log;
