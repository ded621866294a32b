-- feed_key_insert --
-- A new key of a department.
INSERT INTO feed_key (id, org, feeds, sealed, note, created_at, expires_at)
VALUES (%(id)s, %(org)s, %(feeds)s, %(sealed)s, %(note)s, %(created_at)s, %(expires_at)s);

-- feed_keys --
-- All keys without their secrets, newest first.
SELECT id, org, feeds, note, created_at, expires_at, revoked_at, last_used_at FROM feed_key ORDER BY created_at DESC, id;

-- feed_key_revoke --
-- From now on the key opens nothing. A key that is revoked already keeps its first moment.
UPDATE feed_key SET revoked_at = coalesce(revoked_at, %(now)s) WHERE id = %(id)s RETURNING id, org, revoked_at;

-- feed_key_of --
-- One key, sealed.
SELECT id, org, feeds, sealed, expires_at, revoked_at FROM feed_key WHERE id = %(id)s;

-- feed_key_used --
-- The key was used; written once a minute at most.
UPDATE feed_key SET last_used_at = %(now)s
 WHERE id = %(id)s AND (last_used_at IS NULL OR last_used_at < %(now)s::timestamptz - interval '1 minute');

-- push_alone --
-- One request of a token at a time, whichever worker it reaches. A lock of the session and no row in an open transaction:
-- that one would hold back every reader of intake_batch.
SELECT pg_try_advisory_lock(hashtextextended(%(what)s, 0)) AS mine;

-- push_done --
-- Lets the next one in.
SELECT pg_advisory_unlock(hashtextextended(%(what)s, 0));

-- push_receipt_of --
-- What was answered under a token.
SELECT asked, status, answer::text AS answer FROM push_receipt WHERE key_id = %(key)s AND token = %(token)s;

-- push_receipt_insert --
-- The answer that every later sender of the token gets. Old ones go.
WITH gone AS (
  DELETE FROM push_receipt WHERE (key_id, token) IN (
    SELECT key_id, token FROM push_receipt WHERE at < %(until)s ORDER BY at LIMIT 20))
INSERT INTO push_receipt (key_id, token, asked, at, status, answer)
VALUES (%(key)s, %(token)s, %(asked)s, %(now)s, %(status)s, %(answer)s)
    ON CONFLICT DO NOTHING;
