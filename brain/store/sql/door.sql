-- brake_held --
-- Those of these keys that must still wait, the longest first.
SELECT key, until FROM login_brake WHERE key = ANY(%(keys)s) AND until > %(now)s ORDER BY until DESC;

-- brake_count --
-- Count an attempt under a key before its password is checked; from the free ones on each sets the wait for the next. No row:
-- this key must wait. Why before: guesses that run side by side must not each see "four so far".
INSERT INTO login_brake AS b (key, failed, last_at, until)
VALUES (%(key)s, 1, %(now)s, CASE WHEN %(free)s <= 1 THEN %(now)s::timestamptz + make_interval(secs => %(first_s)s) END)
ON CONFLICT (key) DO UPDATE SET
  failed = CASE WHEN coalesce(b.until, b.last_at) < %(forget_before)s THEN 1 ELSE b.failed + 1 END,
  last_at = %(now)s,
  until = CASE WHEN coalesce(b.until, b.last_at) >= %(forget_before)s AND b.failed + 1 >= %(free)s
    THEN %(now)s::timestamptz + make_interval(secs => least(
      %(first_s)s * power(2::float8, least(b.failed + 1 - %(free)s, 30)), %(longest_s)s)) END
 WHERE b.until IS NULL OR b.until <= %(now)s
RETURNING failed;

-- brake_off --
-- The password was right: account and device start anew.
DELETE FROM login_brake WHERE key = ANY(%(keys)s);

-- brake_back --
-- The password was right: this attempt does not count against the address, which many people may share.
UPDATE login_brake SET failed = greatest(failed - 1, 0), until = NULL WHERE key = %(key)s;

-- brake_forget --
-- Attempts of long ago.
DELETE FROM login_brake WHERE coalesce(until, last_at) < %(before)s;

-- person_logged_in --
-- The password was right; an outdated hash is replaced.
UPDATE person SET logged_in_at = %(now)s, password_hash = coalesce(%(hash)s, password_hash), must_change = must_change OR %(must_change)s
 WHERE id = %(id)s RETURNING *;

-- person_unlock --
-- An administrator lets an account's next attempt come at once.
WITH off AS (DELETE FROM login_brake WHERE key = 'person:' || %(id)s)
SELECT * FROM person WHERE id = %(id)s;

-- accounts_idle --
-- Active accounts that can log in and have not done so for long, the longest first. One that never did counts from its making.
SELECT id, login, name, role, org, logged_in_at, coalesce(logged_in_at, created_at) AS since FROM person
 WHERE active AND password_hash IS NOT NULL AND coalesce(logged_in_at, created_at) < %(before)s
   AND NOT EXISTS (SELECT 1 FROM session s WHERE s.person_id = person.id AND s.expires_at > %(now)s)
 ORDER BY since, login;

-- account_close_idle --
-- Switch one idle account off, unless it is the last active administrator who can log in.
UPDATE person p SET active = false
 WHERE p.id = %(id)s AND p.active AND (p.role <> 'admin' OR EXISTS (
   SELECT 1 FROM person o WHERE o.role = 'admin' AND o.active AND o.password_hash IS NOT NULL AND o.id <> p.id))
RETURNING p.id;

-- sessions_of --
-- A person's open sessions, the one used last first. `id` is a piece of the digest: it names the session and opens nothing.
SELECT encode(substring(token_hash FROM 1 FOR 12), 'hex') AS id, created_at, seen_at, expires_at, ip, agent,
       token_hash = %(mine)s::bytea AS mine
  FROM session WHERE person_id = %(person_id)s AND expires_at > %(now)s AND seen_at > %(idle_since)s ORDER BY seen_at DESC, created_at;

-- session_end --
-- One of a person's sessions ends, by its name on his list.
DELETE FROM session WHERE person_id = %(person_id)s AND encode(substring(token_hash FROM 1 FOR 12), 'hex') = %(id)s
RETURNING token_hash;

-- lines_held --
-- Of the sessions behind open lines those that still hold, asked without counting as their use, with the rights of the moment.
SELECT s.token_hash, p.id, p.role, p.org, p.places, p.grid, p.must_change
  FROM session s JOIN person p ON p.id = s.person_id AND p.active
 WHERE s.token_hash = ANY(%(tokens)s) AND s.expires_at > %(now)s
   AND s.seen_at > CASE WHEN p.role = 'admin' THEN %(admin_idle_since)s ELSE %(idle_since)s END::timestamptz;
