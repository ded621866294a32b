-- api_events --
-- Events that a sight sees, newest number first, from below `before` on. The number begins with the day, so its order is time's.
SELECT e.*, t.name AS town_name, g.name AS grid_name, o.name AS org_name, o.short AS org_short, h.name AS handler_name,
       NULL::text AS alert_kind, NULL::text AS alert_theme, NULL::float8 AS alert_value, NULL::text AS alert_message, '[]'::jsonb AS photos
  FROM event e
  LEFT JOIN place t ON t.code = e.town
  LEFT JOIN place g ON g.code = e.grid
  LEFT JOIN org o ON o.code = e.org
  LEFT JOIN person h ON h.id = e.handler_id
 WHERE brain_sees_event(e, %(sight)s::brain_sight,
         e.id = ANY (ARRAY(SELECT event_id FROM event_part WHERE org = (%(sight)s::brain_sight).org)))
   AND (%(before)s::text IS NULL OR e.id < %(before)s)
   AND (%(state)s::text[] IS NULL OR e.state = ANY(%(state)s))
   AND (%(category)s::text IS NULL OR starts_with(e.category, %(category)s))
   AND (%(source)s::text IS NULL OR e.source = %(source)s)
   AND (%(level)s::int IS NULL OR e.level = %(level)s)
   AND (%(of_org)s::text IS NULL OR e.org = %(of_org)s)
   AND (%(place)s::text IS NULL OR starts_with(coalesce(e.cell, e.grid, e.village, e.town, ''), %(place)s))
   AND (%(reported_by)s::bigint IS NULL OR e.reporter_id = %(reported_by)s)
   AND (%(handled_by)s::bigint IS NULL OR e.handler_id = %(handled_by)s)
   AND (%(since)s::timestamptz IS NULL OR e.reported_at >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR e.reported_at < %(until)s)
   AND (%(late)s::timestamptz IS NULL OR e.due_at < %(late)s AND NOT brain_closed(e.state))
   AND (%(words)s::text IS NULL OR e.id LIKE %(words)s OR e.title LIKE %(words)s OR e.address LIKE %(words)s)
 ORDER BY e.id DESC LIMIT %(size)s;

-- api_tasks --
-- What waits for a person: to handle, to check, to verify, or his organisation's part of a joint event.
-- Why the ids first: each branch has an index of its own; one condition with OR would read every open event.
WITH mine AS (
  SELECT id FROM event WHERE handler_id = %(person)s AND NOT brain_closed(state)
  UNION SELECT id FROM event WHERE checker_id = %(person)s AND NOT brain_closed(state)
  UNION SELECT id FROM event WHERE org = %(org)s AND state IN ('dispatched', 'handling')
  UNION SELECT event_id FROM event_part WHERE org = %(org)s AND answered_at IS NULL AND %(unit)s)
SELECT e.*, w.task, w.due, t.name AS town_name, g.name AS grid_name, o.name AS org_name, o.short AS org_short,
       h.name AS handler_name, a.kind AS alert_kind, a.theme AS alert_theme, a.value AS alert_value, a.message AS alert_message,
       coalesce(f.photos, '[]') AS photos, brain_sight_of(e) AS seen_by
  FROM mine JOIN event e USING (id)
 CROSS JOIN LATERAL (
   SELECT 'handle' AS task, CASE WHEN e.state = 'dispatched' THEN least(e.stage_due_at, e.due_at) ELSE e.due_at END AS due
    WHERE e.state IN ('dispatched', 'handling')
      AND (e.handler_id = %(person)s OR e.org = %(org)s AND (%(unit)s OR e.handler_id IS NULL))
   UNION ALL
   SELECT 'check', e.stage_due_at WHERE e.state = 'answered' AND e.checker_id = %(person)s
   UNION ALL
   SELECT 'verify', e.stage_due_at
    WHERE e.state = 'accepted' AND e.checker_id = %(person)s AND e.verify_asked_at IS NOT NULL
      AND (e.verified_at IS NULL OR e.verified_at < e.verify_asked_at)
   UNION ALL
   SELECT 'part', q.due_at FROM event_part q
    WHERE %(unit)s AND q.event_id = e.id AND q.org = %(org)s AND q.answered_at IS NULL) w
  LEFT JOIN place t ON t.code = e.town
  LEFT JOIN place g ON g.code = e.grid
  LEFT JOIN org o ON o.code = e.org
  LEFT JOIN person h ON h.id = e.handler_id
  LEFT JOIN alert a ON a.id = e.alert_id
  LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', id, 'phase', phase, 'at', coalesce(taken_at, uploaded_at)) ORDER BY uploaded_at, id)
           AS photos FROM photo WHERE event_id = e.id) f ON true
 ORDER BY w.due NULLS LAST, e.id LIMIT %(limit)s;

-- api_event --
-- One event with the names around it, its alert and its photos.
SELECT e.*, t.name AS town_name, g.name AS grid_name, o.name AS org_name, o.short AS org_short, h.name AS handler_name,
       a.kind AS alert_kind, a.theme AS alert_theme, a.value AS alert_value, a.message AS alert_message,
       coalesce(f.photos, '[]') AS photos, brain_sight_of(e) AS seen_by
  FROM event e
  LEFT JOIN place t ON t.code = e.town
  LEFT JOIN place g ON g.code = e.grid
  LEFT JOIN org o ON o.code = e.org
  LEFT JOIN person h ON h.id = e.handler_id
  LEFT JOIN alert a ON a.id = e.alert_id
  LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', id, 'phase', phase, 'at', coalesce(taken_at, uploaded_at)) ORDER BY uploaded_at, id)
           AS photos FROM photo WHERE event_id = e.id) f ON true
 WHERE e.id = %(id)s;

-- api_org_names --
-- Short names of organisations.
SELECT code, name, short FROM org WHERE code = ANY(%(codes)s);

-- api_common_categories --
-- Categories by how often people reported them lately.
SELECT category, count(*) AS n FROM event
 WHERE reported_at >= %(since)s AND source IN ('grid', 'public', 'hotline', 'patrol')
 GROUP BY category ORDER BY n DESC, category LIMIT %(limit)s;

-- api_grid_names --
-- Names of the places a point lies in.
SELECT code, kind, name FROM place WHERE code = ANY(%(codes)s);

-- api_grids_around --
-- 综合网格 whose inner point lies in a box, with their shapes; the person's own is always among them.
SELECT g.code, g.name, g.lng, g.lat, g.geom, t.name AS town_name
  FROM place g LEFT JOIN place t ON t.code = left(g.code, 9)
 WHERE g.kind = 'grid' AND g.geom IS NOT NULL
   AND (g.code = %(own)s OR g.lng BETWEEN %(west)s AND %(east)s AND g.lat BETWEEN %(south)s AND %(north)s)
 ORDER BY g.code = %(own)s DESC, (g.lng - %(lng)s) ^ 2 + (g.lat - %(lat)s) ^ 2 LIMIT %(limit)s;

-- api_marks_around --
-- Stations people know by name (those of the themes that are landmarks), in a box: they help to find one's place on a map without streets.
SELECT name, lng, lat FROM station
 WHERE active AND theme = ANY(%(themes)s) AND lng BETWEEN %(west)s AND %(east)s AND lat BETWEEN %(south)s AND %(north)s
 ORDER BY id LIMIT %(limit)s;

-- api_place --
-- One place.
SELECT code, kind, name, parent, lng, lat FROM place WHERE code = %(code)s;

-- api_city_version --
-- Which edition of the city's places is loaded.
SELECT value ->> 'version' AS version FROM fact WHERE key = 'city';

-- api_alerts --
-- Alerts that a sight sees, open ones by default, the worst and newest first, with name and owner of their station; the number of
-- their event only where that is seen, too.
SELECT a.id, a.station, coalesce(s.name, a.evidence->>'name', a.station) AS name, a.kind, a.rule, a.theme, a.level, a.value,
       a.limit_value, a.message, a.opened_at, a.observed_at, a.changed_at, a.cleared_at, a.acked_at, a.acked_by, a.acked_until, a.late, a.count,
       CASE WHEN v.seen THEN a.event_id END AS event_id,
       coalesce(a.lng, s.lng) AS lng, coalesce(a.lat, s.lat) AS lat, coalesce(a.town, s.town) AS town,
       coalesce(a.grid, s.grid) AS grid, s.org
  FROM alert a LEFT JOIN station s ON s.id = a.station
  LEFT JOIN LATERAL (
         SELECT brain_sees_event(e, %(sight)s::brain_sight, EXISTS (
                  SELECT 1 FROM event_part q WHERE q.event_id = e.id AND q.org = (%(sight)s::brain_sight).org)) AS seen
           FROM event e WHERE e.id = a.event_id) v ON true
 WHERE (%(cleared)s OR a.cleared_at IS NULL)
   AND (%(theme)s::text IS NULL OR a.theme = %(theme)s)
   AND (%(level)s::int IS NULL OR a.level <= %(level)s)
   AND (%(id)s::bigint IS NULL OR a.id = %(id)s)
   AND brain_sees_alert(coalesce(a.grid, s.grid), s.village, coalesce(a.town, s.town), s.org, %(sight)s::brain_sight,
                        coalesce(v.seen, false))
 ORDER BY a.cleared_at IS NOT NULL, a.level, a.opened_at DESC LIMIT %(size)s;

-- api_notices --
-- What a person was told, unread first, then newest first.
SELECT id, at, event_id, alert_id, kind, words, read_at FROM notice
 WHERE person_id = %(person)s ORDER BY read_at IS NOT NULL, id DESC LIMIT %(limit)s;

-- api_notices_unread --
-- How many notices a person has not read.
SELECT count(*)::int AS n FROM notice WHERE person_id = %(person)s AND read_at IS NULL;

-- api_photo_said --
-- Time and place as the phone said them, where the file itself carried none.
UPDATE photo SET taken_at = coalesce(taken_at, %(taken_at)s), lng = coalesce(lng, %(lng)s), lat = coalesce(lat, %(lat)s)
 WHERE id = %(id)s;

-- api_receipt_claim --
-- This key is now being worked on; a second sender of the key waits here until the first has committed. Old ones go.
WITH gone AS (
  DELETE FROM receipt WHERE client_key IN (SELECT client_key FROM receipt WHERE at < %(until)s ORDER BY at LIMIT 20))
INSERT INTO receipt (client_key, person_id, asked, at) VALUES (%(key)s, %(person)s, %(asked)s, %(now)s)
ON CONFLICT (client_key) DO NOTHING RETURNING client_key;

-- api_receipt --
-- What was answered under a key.
SELECT person_id, asked, answer FROM receipt WHERE client_key = %(key)s;

-- api_receipt_answer --
-- The answer that every later sender of the key gets.
UPDATE receipt SET answer = %(answer)s WHERE client_key = %(key)s;
