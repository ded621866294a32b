-- audit_number --
-- The number of the next line: the line's digest covers it, so it is known before the line is written.
SELECT nextval('audit_id_seq') AS id;

-- audit_insert --
-- One line of the audit trail; says what the database made of it.
INSERT INTO audit (id, at, actor_id, actor, action, object, ip, ok, detail, key, mac) OVERRIDING SYSTEM VALUE
VALUES (%(id)s, %(at)s, %(actor_id)s, %(actor)s, %(action)s, %(object)s, %(ip)s, %(ok)s, %(detail)s, %(key)s, %(mac)s)
RETURNING jsonb_build_array(id, (extract(epoch FROM at) * 1000000)::bigint, actor_id, actor, action, object, ip, ok,
                            detail)::text AS body;

-- chain_by_index --
-- For this transaction: a batch of links is read and written through indexes one row at a time. Right after a backlog has come
-- the planner's figures are of a queue that was empty, and what it would read as a whole it would read for every row.
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true);

-- audit_unlinked --
-- Committed lines of the audit trail that are not linked yet; a line that is gone has no body.
SELECT o.audit_id::text AS ref,
       CASE WHEN a.id IS NOT NULL THEN jsonb_build_array(
         a.id, (extract(epoch FROM a.at) * 1000000)::bigint, a.actor_id, a.actor, a.action, a.object, a.ip, a.ok, a.detail)::text END AS body, a.mac
  FROM (SELECT audit_id FROM audit_waiting ORDER BY audit_id LIMIT %(limit)s) o LEFT JOIN audit a ON a.id = o.audit_id
 ORDER BY o.audit_id;

-- audit_these --
-- Lines of the audit trail by number, in the order asked for; a line that is gone has no body.
SELECT o.ref,
       CASE WHEN a.id IS NOT NULL THEN jsonb_build_array(
         a.id, (extract(epoch FROM a.at) * 1000000)::bigint, a.actor_id, a.actor, a.action, a.object, a.ip, a.ok, a.detail)::text END AS body, a.mac
  FROM unnest(%(refs)s::text[]) WITH ORDINALITY AS o (ref, n) LEFT JOIN audit a ON a.id = o.ref::bigint ORDER BY o.n;

-- audit_last_link --
-- The newest link.
SELECT seq, audit_id::text AS ref, key, digest FROM audit_link ORDER BY seq DESC LIMIT 1;

-- audit_link_at --
-- The link of a number.
SELECT digest FROM audit_link WHERE seq = %(seq)s;

-- audit_link_add --
-- Links, and their lines wait no longer.
WITH added AS (
  INSERT INTO audit_link (seq, audit_id, key, digest)
  SELECT seq, ref::bigint, %(key)s, digest
    FROM unnest(%(seqs)s::bigint[], %(refs)s::text[], %(digests)s::bytea[]) AS n (seq, ref, digest)
)
DELETE FROM audit_waiting WHERE audit_id = ANY (%(refs)s::text[]::bigint[]);

-- audit_links --
-- Links after a number, each with the line it stands for, in the order of the chain.
SELECT l.seq, l.audit_id::text AS ref, l.key, l.digest, a.mac,
       CASE WHEN a.id IS NOT NULL THEN convert_to(jsonb_build_array(
         a.id, (extract(epoch FROM a.at) * 1000000)::bigint, a.actor_id, a.actor, a.action, a.object, a.ip, a.ok, a.detail)::text, 'UTF8') END AS body
  FROM audit_link l LEFT JOIN audit a ON a.id = l.audit_id WHERE l.seq > %(after)s ORDER BY l.seq;

-- audit_waiting --
-- Lines that wait for their link, in the order in which they are linked.
SELECT NULL::bigint AS seq, o.audit_id::text AS ref, a.key, NULL::bytea AS digest, a.mac,
       CASE WHEN a.id IS NOT NULL THEN convert_to(jsonb_build_array(
         a.id, (extract(epoch FROM a.at) * 1000000)::bigint, a.actor_id, a.actor, a.action, a.object, a.ip, a.ok, a.detail)::text, 'UTF8') END AS body
  FROM audit_waiting o LEFT JOIN audit a ON a.id = o.audit_id ORDER BY o.audit_id;

-- audit_unknown --
-- The first line that is neither linked nor waits for it: put in behind the back of the chain.
SELECT a.id::text AS ref FROM audit a
 WHERE NOT EXISTS (SELECT 1 FROM audit_link l WHERE l.audit_id = a.id)
   AND NOT EXISTS (SELECT 1 FROM audit_waiting o WHERE o.audit_id = a.id) ORDER BY a.id LIMIT 1;

-- audit_old --
-- How far lines without a digest of their own reach: the last link of one, or all links and those that wait.
SELECT CASE WHEN w.n > 0 THEN k.links + w.n ELSE k.old END AS n
  FROM (SELECT coalesce(max(l.seq), 0) AS links, coalesce(max(l.seq) FILTER (WHERE a.id IS NOT NULL AND a.mac IS NULL), 0) AS old
          FROM audit_link l LEFT JOIN audit a ON a.id = l.audit_id) k,
       (SELECT count(*) AS n FROM audit_waiting o JOIN audit a ON a.id = o.audit_id WHERE a.mac IS NULL) w;

-- event_unlinked --
-- Committed lines of history that are not linked yet, old ones first; a line that is gone has no body.
SELECT o.event_id || '#' || o.line AS ref,
       CASE WHEN l.event_id IS NOT NULL THEN jsonb_build_array(
         l.event_id, l.seq, (extract(epoch FROM l.at) * 1000000)::bigint, l.verb, l.from_state, l.to_state, l.actor_id,
         l.actor_name, l.role, l.org, l.reason, l.note, l.detail)::text END AS body, l.mac
  FROM (SELECT old, event_id, line FROM event_waiting ORDER BY old DESC, event_id, line LIMIT %(limit)s) o
  LEFT JOIN event_log l ON l.event_id = o.event_id AND l.seq = o.line ORDER BY o.old DESC, o.event_id, o.line;

-- event_these --
-- Lines of history by event and number, in the order asked for; a line that is gone has no body.
SELECT o.ref,
       CASE WHEN l.event_id IS NOT NULL THEN jsonb_build_array(
         l.event_id, l.seq, (extract(epoch FROM l.at) * 1000000)::bigint, l.verb, l.from_state, l.to_state, l.actor_id,
         l.actor_name, l.role, l.org, l.reason, l.note, l.detail)::text END AS body, l.mac
  FROM unnest(%(refs)s::text[]) WITH ORDINALITY AS o (ref, n)
  LEFT JOIN event_log l ON l.event_id = split_part(o.ref, '#', 1) AND l.seq = split_part(o.ref, '#', 2)::int ORDER BY o.n;

-- event_last_link --
-- The newest link.
SELECT seq, event_id || '#' || line AS ref, key, digest FROM event_link ORDER BY seq DESC LIMIT 1;

-- event_link_at --
-- The link of a number.
SELECT digest FROM event_link WHERE seq = %(seq)s;

-- event_link_add --
-- Links, and their lines wait no longer.
WITH n AS (
  SELECT seq, split_part(ref, '#', 1) AS id, split_part(ref, '#', 2)::int AS line, digest
    FROM unnest(%(seqs)s::bigint[], %(refs)s::text[], %(digests)s::bytea[]) AS n (seq, ref, digest)
), added AS (
  INSERT INTO event_link (seq, event_id, line, key, digest) SELECT seq, id, line, %(key)s, digest FROM n
)
DELETE FROM event_waiting USING n WHERE event_waiting.event_id = n.id AND event_waiting.line = n.line;

-- event_links --
-- Links after a number, each with the line of history it stands for, in the order of the chain.
SELECT k.seq, k.event_id || '#' || k.line AS ref, k.key, k.digest, l.mac,
       CASE WHEN l.event_id IS NOT NULL THEN convert_to(jsonb_build_array(
         l.event_id, l.seq, (extract(epoch FROM l.at) * 1000000)::bigint, l.verb, l.from_state, l.to_state, l.actor_id,
         l.actor_name, l.role, l.org, l.reason, l.note, l.detail)::text, 'UTF8') END AS body
  FROM event_link k LEFT JOIN event_log l ON l.event_id = k.event_id AND l.seq = k.line WHERE k.seq > %(after)s ORDER BY k.seq;

-- event_waiting --
-- Lines of history that wait for their link, in the order in which they are linked.
SELECT NULL::bigint AS seq, o.event_id || '#' || o.line AS ref, l.key, NULL::bytea AS digest, l.mac,
       CASE WHEN l.event_id IS NOT NULL THEN convert_to(jsonb_build_array(
         l.event_id, l.seq, (extract(epoch FROM l.at) * 1000000)::bigint, l.verb, l.from_state, l.to_state, l.actor_id,
         l.actor_name, l.role, l.org, l.reason, l.note, l.detail)::text, 'UTF8') END AS body
  FROM event_waiting o LEFT JOIN event_log l ON l.event_id = o.event_id AND l.seq = o.line
 ORDER BY o.old DESC, o.event_id, o.line;

-- event_unknown --
-- The first line of history that is neither linked nor waits for it.
SELECT l.event_id || '#' || l.seq AS ref FROM event_log l
 WHERE NOT EXISTS (SELECT 1 FROM event_link k WHERE k.event_id = l.event_id AND k.line = l.seq)
   AND NOT EXISTS (SELECT 1 FROM event_waiting o WHERE o.event_id = l.event_id AND o.line = l.seq)
 ORDER BY l.event_id, l.seq LIMIT 1;

-- event_old --
-- How far lines without a digest of their own reach: the last link of one, or all links and those that wait.
SELECT CASE WHEN w.n > 0 THEN k.links + w.n ELSE k.old END AS n
  FROM (SELECT coalesce(max(c.seq), 0) AS links,
               coalesce(max(c.seq) FILTER (WHERE l.event_id IS NOT NULL AND l.mac IS NULL), 0) AS old
          FROM event_link c LEFT JOIN event_log l ON l.event_id = c.event_id AND l.seq = c.line) k,
       (SELECT count(*) AS n FROM event_waiting o JOIN event_log l ON l.event_id = o.event_id AND l.seq = o.line
         WHERE l.mac IS NULL) w;

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
-- How far the chain of the audit trail has come, what waits for it, and why a chain is not linked on, where one is not.
SELECT coalesce((SELECT max(seq) FROM audit_link), 0) AS links, (SELECT count(*)::int FROM audit_waiting) AS waiting,
       (SELECT min(a.at) FROM audit_waiting w JOIN audit a ON a.id = w.audit_id) AS oldest,
       (SELECT string_agg(error, '；' ORDER BY name)
          FROM duty WHERE name IN ('link_audit', 'link_event') AND failing > 0) AS failing;
