-- alert_open --
-- Open an alert; where one of the same station, kind and rule is open already, that one is counted once more instead.
INSERT INTO alert (station, kind, rule, theme, level, peak, value, limit_value, message, opened_at, observed_at, changed_at,
                   late, lng, lat, town, grid, evidence)
VALUES (%(station)s, %(kind)s, %(rule)s, %(theme)s, %(level)s, %(level)s, %(value)s, %(limit_value)s, %(message)s, %(now)s,
        %(observed_at)s, %(now)s, %(late)s, %(lng)s, %(lat)s, %(town)s, %(grid)s, %(evidence)s)
ON CONFLICT (station, kind, rule) WHERE cleared_at IS NULL DO UPDATE SET count = alert.count + 1
RETURNING *, (xmax = 0) AS fresh;

-- alert_change --
-- A new level; a worse one takes an acknowledgement back, because what was acknowledged is no longer what is.
WITH held AS (
  SELECT id, level FROM alert
   WHERE station = %(station)s AND kind = %(kind)s AND rule = %(rule)s AND cleared_at IS NULL FOR UPDATE)
UPDATE alert a
   SET level = %(level)s, peak = least(a.peak, %(level)s), value = %(value)s, limit_value = %(limit_value)s,
       message = %(message)s, changed_at = %(now)s, evidence = %(evidence)s, late = a.late AND %(late)s,
       acked_at = CASE WHEN %(level)s >= held.level THEN a.acked_at END,
       acked_by = CASE WHEN %(level)s >= held.level THEN a.acked_by END,
       acked_until = CASE WHEN %(level)s >= held.level THEN a.acked_until END
  FROM held WHERE a.id = held.id
RETURNING a.*, held.level AS before;

-- alert_clear --
-- The place is normal again.
UPDATE alert SET cleared_at = %(now)s, changed_at = %(now)s, ack_due_at = NULL, acked_until = NULL
 WHERE station = %(station)s AND kind = %(kind)s AND rule = %(rule)s AND cleared_at IS NULL
RETURNING *;

-- alert_confirm --
-- Alerts born from back-filled data that live data now confirm: from here on they are like any other.
UPDATE alert a SET late = false, changed_at = %(now)s
  FROM unnest(%(stations)s::text[], %(kinds)s::text[], %(rules)s::text[]) k (station, kind, rule)
 WHERE a.station = k.station AND a.kind = k.kind AND a.rule = k.rule AND a.cleared_at IS NULL AND a.late
RETURNING a.*;

-- alert_log --
-- One line of an alert's history.
INSERT INTO alert_log (alert_id, at, what, level, value, actor, note)
VALUES (%(alert_id)s, %(at)s, %(what)s, %(level)s, %(value)s, %(actor)s, %(note)s);

-- alert_log_of --
-- The history of one alert.
SELECT at, what, level, value, actor, note FROM alert_log WHERE alert_id = %(alert_id)s ORDER BY id;

-- alert_by_id --
-- One alert.
SELECT * FROM alert WHERE id = %(id)s;

-- alert_for_update --
-- One alert, locked.
SELECT * FROM alert WHERE id = %(id)s FOR UPDATE;

-- alert_acked --
-- Somebody has seen it, for good or until a time.
UPDATE alert SET acked_at = %(now)s, acked_by = %(by)s, acked_until = %(until)s, ack_due_at = NULL WHERE id = %(id)s RETURNING *;

-- alert_told --
-- How far people have been told, and when the acknowledgement is due.
UPDATE alert SET told = %(told)s, tellings = tellings + 1, ack_due_at = %(ack_due_at)s WHERE id = %(id)s RETURNING tellings;

-- alert_has_event --
-- The alert belongs to an event.
UPDATE alert SET event_id = %(event_id)s, proposed_at = NULL WHERE id = %(id)s RETURNING level, value;

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
-- Which organisation owns these stations.
SELECT id, org FROM station WHERE id = ANY(%(ids)s::text[]);
