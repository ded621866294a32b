-- person_insert --
-- A new account.
INSERT INTO person (login, name, phone, role, org, places, grid, password_hash, password_at, must_change, one_time_until, simulated, created_at)
VALUES (%(login)s, %(name)s, %(phone)s, %(role)s, %(org)s, %(places)s, %(grid)s, %(hash)s,
        CASE WHEN %(hash)s::text IS NULL THEN NULL ELSE %(now)s::timestamptz END, %(must_change)s, %(one_time_until)s, %(simulated)s, %(now)s)
ON CONFLICT (login) DO NOTHING
RETURNING *;

-- person_by_id --
-- One person.
SELECT * FROM person WHERE id = %(id)s;

-- person_by_login --
-- One person by the name he logs in with.
SELECT * FROM person WHERE login = %(login)s;

-- person_password --
-- A new password; the one before goes to password_past.
WITH past AS (
  INSERT INTO password_past (person_id, at, hash)
  SELECT id, %(now)s, password_hash FROM person WHERE id = %(id)s AND password_hash IS NOT NULL
  ON CONFLICT (person_id, at) DO UPDATE SET hash = excluded.hash)
UPDATE person SET password_hash = %(hash)s, password_at = %(now)s, must_change = %(must_change)s, one_time_until = %(one_time_until)s
 WHERE id = %(id)s RETURNING *;

-- password_pasts --
-- The newest former passwords, the present one first.
SELECT hash FROM (
  SELECT password_hash AS hash, 'infinity'::timestamptz AS at FROM person WHERE id = %(id)s AND password_hash IS NOT NULL
  UNION ALL SELECT hash, at FROM password_past WHERE person_id = %(id)s) p
 ORDER BY at DESC LIMIT %(keep)s;

-- person_change --
-- New values of the fields an administrator may edit; a field left out keeps its value.
UPDATE person p
   SET (name, phone, role, org, places, grid, active) =
       (SELECT n.name, n.phone, n.role, n.org, n.places, n.grid, n.active FROM jsonb_populate_record(p, %(change)s) n)
 WHERE p.id = %(id)s RETURNING *;

-- people_list --
-- Accounts for lists, by organisation and name.
SELECT p.*, o.short AS org_short, b.until AS waits_until
  FROM person p LEFT JOIN login_brake b ON b.key = 'person:' || p.id AND b.until > now()
  LEFT JOIN org o ON o.code = p.org
 WHERE (%(org)s::text IS NULL OR p.org = %(org)s)
   AND (%(role)s::text IS NULL OR p.role = %(role)s)
   AND (%(inactive)s OR p.active)
   AND (%(text)s::text IS NULL OR p.name LIKE '%%' || %(text)s || '%%' OR p.login LIKE '%%' || %(text)s || '%%')
 ORDER BY p.org NULLS LAST, p.name, p.id LIMIT %(limit)s OFFSET %(offset)s;

-- session_insert --
-- A new session; only the digest of its token is kept.
INSERT INTO session (token_hash, person_id, created_at, seen_at, expires_at, ip, agent)
VALUES (%(token_hash)s, %(person_id)s, %(now)s, %(now)s, %(expires_at)s, %(ip)s, %(agent)s);

-- session_person --
-- Who holds this session, with the session's clocks.
SELECT p.*, s.seen_at, s.expires_at FROM session s JOIN person p ON p.id = s.person_id WHERE s.token_hash = %(token_hash)s;

-- session_seen --
-- The session was used.
UPDATE session SET seen_at = greatest(seen_at, %(now)s) WHERE token_hash = %(token_hash)s;

-- session_delete --
-- The session ends.
DELETE FROM session WHERE token_hash = %(token_hash)s RETURNING person_id;

-- session_delete_person --
-- Every session of a person ends, except one.
DELETE FROM session WHERE person_id = %(person_id)s AND token_hash IS DISTINCT FROM %(but)s::bytea;

-- session_delete_old --
-- Sessions past their end, or idle for too long.
DELETE FROM session WHERE expires_at <= %(now)s OR seen_at <= %(idle_since)s;

-- roster_on_duty --
-- Who is on duty for an organisation at a moment, the shift that began last first.
SELECT p.* FROM roster r JOIN person p ON p.id = r.person_id AND p.active
 WHERE r.org = %(org)s AND r.duty = ANY(%(duties)s) AND r.starts <= %(now)s AND r.ends > %(now)s
 ORDER BY array_position(%(duties)s, r.duty), r.starts DESC, r.id;

-- roster_insert --
-- A shift.
INSERT INTO roster (org, person_id, duty, starts, ends)
VALUES (%(org)s, %(person_id)s, %(duty)s, %(starts)s, %(ends)s) RETURNING id;

-- notice_insert --
-- Tell each of these people once; whom the same `once` has already reached is left out.
INSERT INTO notice (at, person_id, event_id, alert_id, kind, words, once)
SELECT %(at)s, p, %(event_id)s, %(alert_id)s, %(kind)s, %(words)s, %(once)s || ':' || p
  FROM unnest(%(people)s::bigint[]) p
ON CONFLICT (once) DO NOTHING
RETURNING id, person_id;

-- notices_insert --
-- Many notices at once; whom the same `once` has already reached is left out.
INSERT INTO notice (at, person_id, event_id, alert_id, kind, words, once)
SELECT %(at)s, n.*
  FROM unnest(%(people)s::bigint[], %(events)s::text[], %(alerts)s::bigint[], %(kinds)s::text[], %(words)s::text[],
              %(onces)s::text[]) n
ON CONFLICT (once) DO NOTHING;

-- notice_unread --
-- What a person has not read yet, newest first.
SELECT * FROM notice WHERE person_id = %(person_id)s AND read_at IS NULL ORDER BY id DESC LIMIT %(limit)s;

-- notice_read --
-- A person has read these notices of his (or all, when none are named).
UPDATE notice SET read_at = %(now)s
 WHERE person_id = %(person_id)s AND read_at IS NULL AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s));

-- photo_insert --
-- A photo whose file lies in place; the same id a second time changes nothing.
INSERT INTO photo (id, event_id, phase, sha256, stored_sha256, mime, bytes, path, lng, lat, taken_at, uploaded_at, by)
VALUES (%(id)s, %(event_id)s, %(phase)s, %(sha256)s, %(stored_sha256)s, %(mime)s, %(bytes)s, %(path)s, %(lng)s, %(lat)s,
        %(taken_at)s, %(uploaded_at)s, %(by)s)
ON CONFLICT (id) DO NOTHING RETURNING *;

-- photo_by_id --
-- One photo.
SELECT * FROM photo WHERE id = %(id)s;

-- photo_of_event --
-- Photos of an event in the order they came.
SELECT * FROM photo WHERE event_id = %(event_id)s ORDER BY uploaded_at, id;

-- photo_bind --
-- Uploaded photos become part of an event, if they are free or its own already.
UPDATE photo SET event_id = %(event_id)s, phase = %(phase)s
 WHERE id = ANY(%(ids)s::uuid[]) AND (event_id IS NULL OR event_id = %(event_id)s)
   AND (by IS NOT DISTINCT FROM %(by)s OR by IS NULL)
RETURNING id;

-- photo_used_elsewhere --
-- Other events that carry the very same picture: a sign that somebody used a photo twice.
SELECT DISTINCT o.event_id FROM photo p JOIN photo o ON o.sha256 = p.sha256 AND o.event_id IS NOT NULL
 WHERE p.id = ANY(%(ids)s::uuid[]) AND o.event_id <> %(event_id)s ORDER BY 1 LIMIT 20;
