-- The door: whoever tries too often waits; a session that ends, or a right that changes, is told to every web process at once.

-- Who must wait before the next attempt to log in. One row an account, an address, a device; gone after a success or a while.
-- The key of an unknown account is a keyed digest: what is typed for a login is often a password in the wrong box.
CREATE TABLE login_brake (
  key     text PRIMARY KEY,                    -- person:<id> | login:<digest> | net:<prefix> | device:<id>
  failed  int NOT NULL,                        -- attempts since the last success, the one under way included
  last_at timestamptz NOT NULL,
  until   timestamptz                          -- null: the next attempt may come at once
);
CREATE INDEX login_brake_last ON login_brake (last_at);

ALTER TABLE person
  ADD COLUMN one_time_until timestamptz,       -- a one-time password holds until then; null: the password is the person's own
  ADD COLUMN logged_in_at   timestamptz;       -- the last log-in; null: none since this was first counted

-- Why triggers and not a line in the code that ends a session: the promise is about every way in which one may end, an
-- administrator's UPDATE by hand included.
CREATE FUNCTION brain_told_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('brain_session', '');      -- once a transaction, however many rows
  RETURN NULL;
END $$;
CREATE TRIGGER session_ended AFTER DELETE ON session FOR EACH ROW EXECUTE FUNCTION brain_told_session();
CREATE TRIGGER session_moved AFTER UPDATE OF person_id, expires_at ON session FOR EACH ROW EXECUTE FUNCTION brain_told_session();
CREATE TRIGGER person_moved AFTER UPDATE OF role, org, places, grid, active, must_change ON person FOR EACH ROW
  WHEN ((OLD.role, OLD.org, OLD.places, OLD.grid, OLD.active, OLD.must_change)
        IS DISTINCT FROM (NEW.role, NEW.org, NEW.places, NEW.grid, NEW.active, NEW.must_change))
  EXECUTE FUNCTION brain_told_session();
