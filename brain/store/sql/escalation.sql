-- rungs_due --
-- Events whose ladder is to be climbed, claimed.
SELECT * FROM event WHERE next_rung_at <= %(now)s ORDER BY next_rung_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- rungs_climbed --
-- The ladders after climbing; many events at once, `lines` of history about to follow on each.
UPDATE event e SET ladder = s.ladder, rung = s.rung, next_rung_at = s.next_rung_at, version = e.version + s.lines
  FROM jsonb_to_recordset(%(steps)s) AS s (id text, ladder jsonb, rung int, next_rung_at timestamptz, lines int)
 WHERE e.id = s.id RETURNING e.id, e.version;

-- stages_overdue --
-- Posts whose limit has passed, each told once: claimed and marked in one statement.
WITH late AS (
  SELECT id FROM event
   WHERE stage_due_at <= %(now)s AND stage_due_at IS NOT NULL AND stage_told_at IS DISTINCT FROM stage_due_at
   ORDER BY stage_due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE event e SET stage_told_at = e.stage_due_at, version = e.version + 1 FROM late WHERE e.id = late.id RETURNING e.*;

-- handling_overdue --
-- Events whose handling limit has passed, each told once for each limit given.
WITH late AS (
  SELECT id FROM event
   WHERE due_at <= %(now)s AND due_at IS NOT NULL AND due_told_at IS DISTINCT FROM due_at
     AND state IN ('registered', 'dispatched', 'handling')
   ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE event e SET due_told_at = e.due_at, version = e.version + 1 FROM late WHERE e.id = late.id RETURNING e.*;

-- parts_overdue --
-- Parts of joint events whose limit has passed, each told once; the event itself may have moved on.
WITH late AS (
  SELECT event_id, org FROM event_part
   WHERE answered_at IS NULL AND due_at <= %(now)s AND due_told_at IS DISTINCT FROM due_at
   ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
UPDATE event_part p SET due_told_at = p.due_at FROM late, event e
 WHERE p.event_id = late.event_id AND p.org = late.org AND e.id = p.event_id RETURNING p.*, e.title;

-- suspension_stuck --
-- A suspension that could not be ended by the clock waits for a person.
UPDATE event SET suspend_until = NULL WHERE id = %(id)s;

-- suspensions_over --
-- Suspended events whose time is over, claimed.
SELECT id FROM event WHERE suspend_until <= %(now)s AND state = 'suspended' ORDER BY suspend_until LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED;

-- events_notify --
-- Tell the screens about many events.
SELECT pg_notify('brain_event', json_build_object('id', id, 'verb', %(verb)s::text, 'state', state)::text)
  FROM unnest(%(ids)s::text[], %(states)s::text[]) n (id, state);
