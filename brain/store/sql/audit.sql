-- audit_number --
-- The number of the next line: the line's digest covers it, so it is known before the line is written.
SELECT nextval('audit_id_seq') AS id;

-- audit_insert --
-- One line of the audit trail; says what the database made of it.
INSERT INTO audit (id, at, actor_id, actor, action, object, ip, ok, detail, key, mac) OVERRIDING SYSTEM VALUE
VALUES (%(id)s, %(at)s, %(actor_id)s, %(actor)s, %(action)s, %(object)s, %(ip)s, %(ok)s, %(detail)s, %(key)s, %(mac)s)
RETURNING jsonb_build_array(id, (extract(epoch FROM at) * 1000000)::bigint, actor_id, actor, action, object, ip, ok,
                            detail)::text AS body;

-- audit_unlinked --
-- Committed lines of the audit trail that are not linked yet; a line that is gone has no body.
SELECT o.audit_id, coalesce(jsonb_build_array(a.id, (extract(epoch FROM a.at) * 1000000)::bigint, a.actor_id, a.actor,
       a.action, a.object, a.ip, a.ok, a.detail)::text, '') AS body, a.mac
  FROM audit_waiting o LEFT JOIN audit a ON a.id = o.audit_id ORDER BY o.audit_id LIMIT %(limit)s;

-- audit_last_link --
-- The newest link.
SELECT seq, audit_id::text AS ref, key, digest FROM audit_link ORDER BY seq DESC LIMIT 1;

-- audit_link_add --
-- Links, and their lines wait no longer.
WITH added AS (
  INSERT INTO audit_link (seq, audit_id, key, digest)
  SELECT seq, id, %(key)s, digest FROM unnest(%(seqs)s::bigint[], %(ids)s::bigint[], %(digests)s::bytea[]) AS n (seq, id, digest)
)
DELETE FROM audit_waiting WHERE audit_id = ANY (%(ids)s::bigint[]);

-- audit_links --
-- Every link with the line it stands for, in the order of the chain.
SELECT l.seq, l.audit_id::text AS ref, l.key, l.digest, a.mac, jsonb_build_array(a.id, (extract(epoch FROM a.at) * 1000000)::bigint,
       a.actor_id, a.actor, a.action, a.object, a.ip, a.ok, a.detail)::text AS body, a.id IS NULL AS gone
  FROM audit_link l LEFT JOIN audit a ON a.id = l.audit_id ORDER BY l.seq;

-- audit_waiting --
-- Lines that wait for their link, oldest first.
SELECT NULL::bigint AS seq, o.audit_id::text AS ref, a.key, NULL::bytea AS digest, a.mac, jsonb_build_array(a.id,
       (extract(epoch FROM a.at) * 1000000)::bigint, a.actor_id, a.actor, a.action, a.object, a.ip, a.ok, a.detail)::text AS body,
       a.id IS NULL AS gone
  FROM audit_waiting o LEFT JOIN audit a ON a.id = o.audit_id ORDER BY o.audit_id;

-- audit_unknown --
-- The first line that is neither linked nor waits for it: put in behind the back of the chain.
SELECT a.id::text AS ref FROM audit a
 WHERE NOT EXISTS (SELECT 1 FROM audit_link l WHERE l.audit_id = a.id)
   AND NOT EXISTS (SELECT 1 FROM audit_waiting o WHERE o.audit_id = a.id) ORDER BY a.id LIMIT 1;

-- event_unlinked --
-- Committed lines of history that are not linked yet; a line that is gone has no body.
SELECT o.event_id, o.line, coalesce(jsonb_build_array(l.event_id, l.seq, (extract(epoch FROM l.at) * 1000000)::bigint, l.verb,
       l.from_state, l.to_state, l.actor_id, l.actor_name, l.role, l.org, l.reason, l.note, l.detail)::text, '') AS body
  FROM event_waiting o LEFT JOIN event_log l ON l.event_id = o.event_id AND l.seq = o.line
 ORDER BY l.at, o.event_id, o.line LIMIT %(limit)s;

-- event_last_link --
-- The newest link.
SELECT seq, event_id || '#' || line AS ref, key, digest FROM event_link ORDER BY seq DESC LIMIT 1;

-- event_link_add --
-- Links, and their lines wait no longer.
WITH added AS (
  INSERT INTO event_link (seq, event_id, line, key, digest)
  SELECT seq, id, line, %(key)s, digest
    FROM unnest(%(seqs)s::bigint[], %(ids)s::text[], %(lines)s::int[], %(digests)s::bytea[]) AS n (seq, id, line, digest)
)
DELETE FROM event_waiting USING unnest(%(ids)s::text[], %(lines)s::int[]) AS n (id, line)
 WHERE event_waiting.event_id = n.id AND event_waiting.line = n.line;

-- event_links --
-- Every link with the line of history it stands for, in the order of the chain.
SELECT k.seq, k.event_id || '#' || k.line AS ref, k.key, k.digest, NULL::bytea AS mac, jsonb_build_array(l.event_id, l.seq,
       (extract(epoch FROM l.at) * 1000000)::bigint, l.verb, l.from_state, l.to_state, l.actor_id, l.actor_name, l.role, l.org,
       l.reason, l.note, l.detail)::text AS body, l.event_id IS NULL AS gone
  FROM event_link k LEFT JOIN event_log l ON l.event_id = k.event_id AND l.seq = k.line ORDER BY k.seq;

-- event_waiting --
-- Lines of history that wait for their link.
SELECT NULL::bigint AS seq, o.event_id || '#' || o.line AS ref, NULL::text AS key, NULL::bytea AS digest, NULL::bytea AS mac,
       jsonb_build_array(l.event_id, l.seq, (extract(epoch FROM l.at) * 1000000)::bigint, l.verb, l.from_state, l.to_state,
       l.actor_id, l.actor_name, l.role, l.org, l.reason, l.note, l.detail)::text AS body, l.event_id IS NULL AS gone
  FROM event_waiting o LEFT JOIN event_log l ON l.event_id = o.event_id AND l.seq = o.line ORDER BY o.event_id, o.line;

-- event_unknown --
-- The first line of history that is neither linked nor waits for it.
SELECT l.event_id || '#' || l.seq AS ref FROM event_log l
 WHERE NOT EXISTS (SELECT 1 FROM event_link k WHERE k.event_id = l.event_id AND k.line = l.seq)
   AND NOT EXISTS (SELECT 1 FROM event_waiting o WHERE o.event_id = l.event_id AND o.line = l.seq)
 ORDER BY l.event_id, l.seq LIMIT 1;

-- audit_found --
-- Lines of the audit trail that are asked for, newest first, each with its place in the chain.
SELECT a.id, a.at, a.actor_id, a.actor, a.action, a.object, a.ip, a.ok, a.detail, l.seq AS link
  FROM audit a LEFT JOIN audit_link l ON l.audit_id = a.id
 WHERE (%(who)s = '' OR strpos(a.actor, %(who)s) > 0) AND starts_with(a.action, %(action)s)
   AND (cardinality(%(actions)s::text[]) = 0 OR a.action = ANY (%(actions)s::text[]))
   AND (%(object)s = '' OR strpos(a.object, %(object)s) > 0) AND starts_with(a.ip, %(ip)s)
   AND (NOT %(refused)s OR NOT a.ok)
   AND (%(since)s::timestamptz IS NULL OR a.at >= %(since)s) AND (%(until)s::timestamptz IS NULL OR a.at < %(until)s)
   AND (%(before)s::bigint IS NULL OR a.id < %(before)s)
 ORDER BY a.id DESC LIMIT %(limit)s;

-- audit_standing --
-- How far the chain of the audit trail has come, and what waits for it.
SELECT coalesce((SELECT max(seq) FROM audit_link), 0) AS links, (SELECT count(*)::int FROM audit_waiting) AS waiting,
       (SELECT min(a.at) FROM audit_waiting w JOIN audit a ON a.id = w.audit_id) AS oldest;
