-- alerts_open --
-- Open alerts; where one of the same station, kind and rule is open already, that one is counted once more instead.
INSERT INTO alert (station, kind, rule, theme, level, peak, value, limit_value, message, opened_at, observed_at, changed_at,
                   late, lng, lat, town, grid, evidence)
SELECT station, kind, rule, theme, level, level, value, limit_value, message, %(now)s, observed_at, %(now)s, late, lng, lat,
       town, grid, evidence
  FROM jsonb_to_recordset(%(rows)s) AS g (station text, kind text, rule text, theme text, level smallint,
       value double precision, limit_value double precision, message text, observed_at timestamptz, late boolean,
       lng double precision, lat double precision, town text, grid text, evidence jsonb)
 ORDER BY station, kind, rule
ON CONFLICT (station, kind, rule) WHERE cleared_at IS NULL DO UPDATE SET count = alert.count + 1
RETURNING *, (xmax = 0) AS fresh;

-- alerts_change --
-- New levels; a worse one takes an acknowledgement back, because what was acknowledged is no longer what is.
WITH given AS (
  SELECT * FROM jsonb_to_recordset(%(rows)s) AS g (station text, kind text, rule text, level smallint,
         value double precision, limit_value double precision, message text, late boolean, evidence jsonb)
), held AS (
  SELECT a.id, a.level AS before, g.* FROM given g
    JOIN alert a ON a.station = g.station AND a.kind = g.kind AND a.rule = g.rule AND a.cleared_at IS NULL
   ORDER BY a.id FOR UPDATE OF a)
UPDATE alert a
   SET level = h.level, peak = least(a.peak, h.level), value = h.value, limit_value = h.limit_value,
       message = h.message, changed_at = %(now)s, evidence = h.evidence, late = a.late AND h.late,
       acked_at = CASE WHEN h.level >= h.before THEN a.acked_at END,
       acked_by = CASE WHEN h.level >= h.before THEN a.acked_by END,
       acked_until = CASE WHEN h.level >= h.before THEN a.acked_until END
  FROM held h WHERE a.id = h.id
RETURNING a.*, h.before;

-- alerts_clear --
-- The places are normal again.
UPDATE alert a SET cleared_at = %(now)s, changed_at = %(now)s, ack_due_at = NULL, acked_until = NULL
  FROM jsonb_to_recordset(%(rows)s) AS g (station text, kind text, rule text)
 WHERE a.station = g.station AND a.kind = g.kind AND a.rule = g.rule AND a.cleared_at IS NULL
RETURNING a.*;

-- alert_withdraw --
-- An alert that no judgement will clear.
UPDATE alert SET cleared_at = %(now)s, changed_at = %(now)s, ack_due_at = NULL, acked_until = NULL
 WHERE id = %(id)s AND cleared_at IS NULL
RETURNING *;

-- alert_confirm --
-- Alerts born from back-filled data that live data now confirm: from here on they are like any other.
UPDATE alert a SET late = false, changed_at = %(now)s
  FROM unnest(%(stations)s::text[], %(kinds)s::text[], %(rules)s::text[]) k (station, kind, rule)
 WHERE a.station = k.station AND a.kind = k.kind AND a.rule = k.rule AND a.cleared_at IS NULL AND a.late
RETURNING a.*;

-- alert_logs --
-- Lines of alerts' histories, and a word to the screens for each.
WITH given AS (
  SELECT * FROM unnest(%(alerts)s::bigint[], %(whats)s::text[], %(levels)s::smallint[], %(vals)s::double precision[],
                       %(notes)s::text[], %(themes)s::text[], %(stations)s::text[])
    WITH ORDINALITY AS g (id, what, level, val, note, theme, station, n)
), line AS (
  INSERT INTO alert_log (alert_id, at, what, level, value, actor, note)
  SELECT id, %(now)s, what, level, val, %(actor)s, note FROM given ORDER BY n)
SELECT pg_notify('brain_alert', json_build_object('id', id, 'what', what, 'level', level, 'theme', theme,
                                                  'station', station)::text) FROM given;

-- alert_log_of --
-- The history of one alert.
SELECT at, what, level, value, actor, note FROM alert_log WHERE alert_id = %(alert_id)s ORDER BY id;

-- alert_by_id --
-- One alert.
SELECT * FROM alert WHERE id = %(id)s;

-- alert_for_update --
-- One alert, locked.
SELECT * FROM alert WHERE id = %(id)s FOR UPDATE;

-- alert_whose --
-- Where an alert lies and whose its device is: what deciding who sees it needs.
SELECT coalesce(a.grid, s.grid) AS grid, s.village, coalesce(a.town, s.town) AS town, s.org,
       (SELECT brain_sight_of(e) FROM event e WHERE e.id = a.event_id) AS seen_by
  FROM alert a LEFT JOIN station s ON s.id = a.station WHERE a.id = %(id)s;

-- alert_acked --
-- Somebody has seen it, for good or until a time.
UPDATE alert SET acked_at = %(now)s, acked_by = %(by)s, acked_until = %(until)s, ack_due_at = NULL WHERE id = %(id)s RETURNING *;

-- alerts_told --
-- How far people have been told, and when the acknowledgements are due.
UPDATE alert a SET told = s.told, tellings = a.tellings + 1, ack_due_at = s.ack_due_at
  FROM jsonb_to_recordset(%(steps)s) AS s (id bigint, told smallint, ack_due_at timestamptz)
 WHERE a.id = s.id RETURNING a.id, a.tellings;

-- alert_has_event --
-- The alert belongs to an event. No row where it is another's that is not over: of two who report it at once, the second waits
-- for the first and then finds the first one's event here.
UPDATE alert a SET event_id = %(event_id)s, proposed_at = NULL
 WHERE a.id = %(id)s
   AND (a.event_id IS NULL OR a.event_id = %(event_id)s
        OR EXISTS (SELECT 1 FROM event e WHERE e.id = a.event_id AND brain_closed(e.state)))
RETURNING a.*;

-- alerts_firing --
-- Alerts of an event that are still open: its own and those linked later.
SELECT id, station, kind, rule, level, value, message FROM alert WHERE cleared_at IS NULL AND event_id = %(event_id)s ORDER BY level, id;

-- rule_state_save --
-- What rules remember, many at once.
INSERT INTO rule_state (station, kind, rule, state, due)
SELECT * FROM unnest(%(stations)s::text[], %(kinds)s::text[], %(rules)s::text[], %(states)s::jsonb[], %(dues)s::timestamptz[])
ON CONFLICT (station, kind, rule) DO UPDATE SET state = excluded.state, due = excluded.due;

-- rule_state_of --
-- What rules remember about these stations.
SELECT station, kind, rule, state, due FROM rule_state WHERE station = ANY(%(stations)s::text[]);

-- alerts_ack_expired --
-- Acknowledgements whose time is over, taken back; claimed rows only.
WITH over AS (
  SELECT id FROM alert WHERE cleared_at IS NULL AND acked_until <= %(now)s ORDER BY acked_until LIMIT %(limit)s
     FOR UPDATE SKIP LOCKED)
UPDATE alert a SET acked_at = NULL, acked_by = NULL, acked_until = NULL, ack_due_at = %(now)s
  FROM over WHERE a.id = over.id RETURNING a.*;

-- alerts_ack_due --
-- Alerts that nobody has acknowledged in time, claimed.
SELECT * FROM alert WHERE cleared_at IS NULL AND ack_due_at <= %(now)s ORDER BY ack_due_at LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED;

-- alerts_to_propose --
-- Alerts that have been normal long enough to propose closing their event; each is asked once.
WITH quiet AS (
  SELECT id FROM alert
   WHERE cleared_at <= %(before)s AND event_id IS NOT NULL AND proposed_at IS NULL ORDER BY cleared_at LIMIT %(limit)s
     FOR UPDATE SKIP LOCKED)
UPDATE alert a SET proposed_at = %(now)s FROM quiet WHERE a.id = quiet.id RETURNING a.*;

-- station_owners --
-- Names and owners of these stations.
SELECT id, name, org FROM station WHERE id = ANY(%(ids)s::text[]);
