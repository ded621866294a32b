-- web_stations --
-- Every active station with its newest readings: {kind: [value, at, quality]}. Satellite watch cells (params.watch) only where something burns.
SELECT s.id, s.name, s.theme, s.lng, s.lat, s.town, s.grid, s.org, s.params, s.origin, l.readings, l.seen_at
  FROM station s
  LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(kind, jsonb_build_array(value, at, quality)) AS readings, max(at) AS seen_at
      FROM latest WHERE station = s.id) l ON true
 WHERE s.active AND (%(themes)s::text[] IS NULL OR s.theme = ANY(%(themes)s))
   AND (coalesce(s.params->'watch', 'false') = 'false' OR l.seen_at IS NOT NULL)
 ORDER BY s.id;

-- web_alerts --
-- Open alerts, the worst and newest first, with the name and owner of their station, and what a sight must know of the event
-- they belong to.
SELECT a.id, a.station, a.kind, a.rule, a.theme, a.level, a.peak, a.value, a.limit_value, a.message, a.opened_at, a.observed_at,
       a.changed_at, a.acked_at, a.acked_by, a.acked_until, a.late, a.count, a.event_id, coalesce(a.lng, s.lng) AS lng,
       coalesce(a.lat, s.lat) AS lat, coalesce(a.town, s.town) AS town, s.village, coalesce(a.grid, s.grid) AS grid,
       coalesce(s.name, a.evidence->>'name', a.station) AS name, s.org, p.name AS town_name,
       (SELECT brain_sight_of(e) FROM event e WHERE e.id = a.event_id) AS seen_by
  FROM alert a LEFT JOIN station s ON s.id = a.station LEFT JOIN place p ON p.code = coalesce(a.town, s.town)
 WHERE a.cleared_at IS NULL
 ORDER BY a.level, a.opened_at DESC LIMIT %(limit)s;

-- web_alert --
-- One alert, open or not, as `web_alerts` gives them.
SELECT a.id, a.station, a.kind, a.rule, a.theme, a.level, a.peak, a.value, a.limit_value, a.message, a.opened_at, a.observed_at,
       a.changed_at, a.cleared_at, a.acked_at, a.acked_by, a.acked_until, a.late, a.count, a.event_id, a.evidence,
       coalesce(a.lng, s.lng) AS lng, coalesce(a.lat, s.lat) AS lat, coalesce(a.town, s.town) AS town, s.village,
       coalesce(a.grid, s.grid) AS grid, coalesce(s.name, a.evidence->>'name', a.station) AS name, s.org, p.name AS town_name,
       (SELECT brain_sight_of(e) FROM event e WHERE e.id = a.event_id) AS seen_by
  FROM alert a LEFT JOIN station s ON s.id = a.station LEFT JOIN place p ON p.code = coalesce(a.town, s.town)
 WHERE a.id = %(id)s;

-- web_alert_log --
-- The history of an alert, newest line first.
SELECT at, what, level, value, actor, note FROM alert_log WHERE alert_id = %(id)s ORDER BY id DESC LIMIT 12;

-- web_events --
-- Open events with who has them, the one that is due first on top.
SELECT e.*, o.short AS org_short, h.name AS handler_name, t.name AS town_name, g.name AS grid_name,
       ARRAY(SELECT q.org FROM event_part q WHERE q.event_id = e.id) AS joined
  FROM event e
  LEFT JOIN org o ON o.code = e.org
  LEFT JOIN person h ON h.id = e.handler_id
  LEFT JOIN place t ON t.code = e.town
  LEFT JOIN place g ON g.code = e.grid
 WHERE NOT brain_closed(e.state)
 ORDER BY coalesce(e.due_at, e.stage_due_at) NULLS LAST, e.id LIMIT %(limit)s;

-- web_event --
-- One event with who has it.
SELECT e.*, o.short AS org_short, o.name AS org_name, h.name AS handler_name, h.phone AS handler_phone, t.name AS town_name,
       g.name AS grid_name, ARRAY(SELECT q.org FROM event_part q WHERE q.event_id = e.id) AS joined
  FROM event e
  LEFT JOIN org o ON o.code = e.org
  LEFT JOIN person h ON h.id = e.handler_id
  LEFT JOIN place t ON t.code = e.town
  LEFT JOIN place g ON g.code = e.grid
 WHERE e.id = %(id)s;

-- web_today --
-- Events that a sight sees, reported and closed since a moment.
SELECT count(*) FILTER (WHERE e.reported_at >= %(since)s) AS reported,
       count(*) FILTER (WHERE e.state = 'closed' AND e.closed_at >= %(since)s) AS closed
  FROM event e
 WHERE (e.reported_at >= %(since)s OR e.closed_at >= %(since)s)
   AND brain_sees_event(e, %(sight)s::brain_sight, EXISTS (
         SELECT 1 FROM event_part q WHERE q.event_id = e.id AND q.org = (%(sight)s::brain_sight).org));

-- web_timeline --
-- Alerts that a sight sees, by the hour they opened in and the worst level they reached.
SELECT brain_hour(a.opened_at) AS hour, a.peak AS level, count(*)::int AS n
  FROM alert a LEFT JOIN station s ON s.id = a.station
 WHERE a.opened_at >= %(since)s
   AND brain_sees_alert(coalesce(a.grid, s.grid), s.village, coalesce(a.town, s.town), s.org, %(sight)s::brain_sight, EXISTS (
         SELECT 1 FROM event e WHERE e.id = a.event_id AND brain_sees_event(e, %(sight)s::brain_sight, EXISTS (
           SELECT 1 FROM event_part q WHERE q.event_id = e.id AND q.org = (%(sight)s::brain_sight).org))))
 GROUP BY 1, 2 ORDER BY 1, 2;

-- web_trail --
-- The last readings of each of these pairs of station and kind, oldest first, refused qualities included; what was no
-- measurement only with `tests`.
SELECT k.station, k.kind, r.at, r.value, r.quality
  FROM unnest(%(stations)s::text[], %(kinds)s::text[]) k (station, kind)
 CROSS JOIN LATERAL (
   SELECT at, seq, value, quality FROM reading
    WHERE station = k.station AND kind = k.kind AND (%(tests)s OR quality <> 'test')
    ORDER BY at DESC, seq DESC LIMIT %(last)s) r
 ORDER BY k.station, k.kind, r.at, r.seq;

-- web_feeds --
-- When each feed last delivered anything.
SELECT feed, last_received_at, last_observed_at, received, dead FROM feed_status;

-- web_places --
-- Places of one kind with their shapes.
SELECT code, kind, name, parent, lng, lat, geom, origin FROM place WHERE kind = %(kind)s ORDER BY code;

-- web_resources --
-- What can be sent.
SELECT r.id, r.name, r.kind, r.org, r.lng, r.lat, r.detail, r.origin, o.short AS org_short
  FROM resource r LEFT JOIN org o ON o.code = r.org ORDER BY r.id;

-- web_resource --
-- One thing that can be sent.
SELECT r.*, o.short AS org_short, o.phone AS org_phone FROM resource r LEFT JOIN org o ON o.code = r.org WHERE r.id = %(id)s;

-- web_keeper --
-- Who looks after a 综合网格, and whose it is.
SELECT p.id, p.name, p.phone, o.short AS org_short, g.name AS grid_name, t.name AS town_name
  FROM place g
  LEFT JOIN person p ON p.grid = g.code AND p.active AND p.role = 'worker'
  LEFT JOIN org o ON o.code = p.org
  LEFT JOIN place t ON t.code = left(g.code, 9)
 WHERE g.code = %(grid)s ORDER BY p.id LIMIT 1;

-- web_near_cameras --
-- The cameras nearest to a point, with their distance in metres (equirectangular: exact enough within a district).
SELECT s.id, s.name, s.lng, s.lat, l.value AS online, d.m
  FROM station s
  JOIN unnest(%(themes)s::text[], %(kinds)s::text[]) AS t (theme, kind) ON t.theme = s.theme
  LEFT JOIN latest l ON l.station = s.id AND l.kind = t.kind
 CROSS JOIN LATERAL (
   SELECT 111195 * sqrt(((s.lng - %(lng)s) * cos(radians(%(lat)s))) ^ 2 + (s.lat - %(lat)s) ^ 2) AS m) d
 WHERE s.active AND s.id <> %(but)s
 ORDER BY d.m LIMIT %(limit)s;

-- web_orgs --
-- Organisations that can be given an event.
SELECT code, name, short, kind FROM org WHERE kind IN ('department', 'town', 'team')
 ORDER BY CASE kind WHEN 'department' THEN 0 WHEN 'town' THEN 1 ELSE 2 END, code;

-- web_hands --
-- People of an organisation who can be given an event, the keeper of the grid first.
SELECT id, name, role, grid FROM person
 WHERE active AND role IN ('worker', 'department') AND (org = %(org)s OR (grid = %(grid)s AND role = 'worker'))
 ORDER BY (grid IS NOT DISTINCT FROM %(grid)s) DESC, role, name LIMIT 40;

-- web_session_alive --
-- Whether a session still holds, asked without counting as its use.
SELECT 1 AS yes FROM session s JOIN person p ON p.id = s.person_id AND p.active
 WHERE s.token_hash = %(token_hash)s AND s.expires_at > %(now)s AND s.seen_at > %(idle_since)s;

-- web_measuring --
-- Stations of an organisation that have brought these kinds: {kind, stations}, a few of each, those that are `named` first.
SELECT l.kind, (array_agg(s.id ORDER BY s.id <> ALL(%(named)s), s.id))[:8] AS stations
  FROM station s
  JOIN latest l ON l.station = s.id AND l.kind = ANY(%(kinds)s)
 WHERE s.org = %(org)s AND s.active
 GROUP BY l.kind

-- web_search --
-- Open events that a sight sees, stations and cameras whose name, number or address holds the words.
(SELECT 'event' AS what, e.id, e.title AS name, e.id || ' · ' || e.address AS label, e.lng, e.lat FROM event e
  WHERE NOT brain_closed(e.state)
    AND (e.title LIKE %(like)s OR e.id LIKE %(like)s OR e.address LIKE %(like)s)
    AND brain_sees_event(e, %(sight)s::brain_sight, EXISTS (
          SELECT 1 FROM event_part q WHERE q.event_id = e.id AND q.org = (%(sight)s::brain_sight).org))
  ORDER BY e.reported_at DESC LIMIT 8)
UNION ALL
(SELECT 'station', id, name, id, lng, lat FROM station
  WHERE active AND (name LIKE %(like)s OR id LIKE %(like)s) ORDER BY theme = ANY(%(cameras)s), id LIMIT 12);

-- web_file_sent --
-- Whether the trail has the sending of this file ("file:feed/name"), not long before it was laid down or since.
SELECT 1 AS yes FROM audit WHERE action = 'file_send' AND ok AND object = %(object)s AND at >= %(since)s LIMIT 1;
