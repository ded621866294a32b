-- event_next_number --
-- The next serial of a day; the row stays locked until the report is committed, so numbers have no gaps.
INSERT INTO event_serial (day, last) VALUES (%(day)s, 1)
ON CONFLICT (day) DO UPDATE SET last = event_serial.last + 1 RETURNING last;

-- event_insert --
-- A new event.
INSERT INTO event (id, category, title, description, state, source, level, address, lng, lat, town, village, grid, cell,
                   alert_id, station, reporter_id, reporter_org, ladder, stage_due_at, reported_at, simulated, client_key,
                   version)
VALUES (%(id)s, %(category)s, %(title)s, %(description)s, 'reported', %(source)s, %(level)s, %(address)s, %(lng)s, %(lat)s,
        %(town)s, %(village)s, %(grid)s, %(cell)s, %(alert_id)s, %(station)s, %(reporter_id)s, %(reporter_org)s,
        %(ladder)s, %(stage_due_at)s, %(now)s, %(simulated)s, %(client_key)s, 1)
RETURNING *;

-- event_by_client_key --
-- The event that a phone or an upper system reported under this key.
SELECT * FROM event WHERE client_key = %(client_key)s;

-- event_key_lock --
-- Two reports under one key wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended(%(client_key)s::text, 0));

-- event_by_id --
-- One event.
SELECT * FROM event WHERE id = %(id)s;

-- event_for_update --
-- One event, locked.
SELECT * FROM event WHERE id = %(id)s FOR UPDATE;

-- event_last_line --
-- When the newest line of an event's history was written. A statement of its own, after the lock: only then is it surely
-- the newest.
SELECT at AS last_at FROM event_log WHERE event_id = %(id)s ORDER BY seq DESC LIMIT 1;

-- event_changed_since --
-- The newest line, after the one seen, by which a person did something or the state moved.
SELECT at, actor_name, verb FROM event_log
 WHERE event_id = %(id)s AND seq > %(seen)s AND (from_state IS DISTINCT FROM to_state OR role NOT IN ('rule', 'clock'))
 ORDER BY seq DESC LIMIT 1;

-- event_moved --
-- New values of an event's columns, if it still stands in one of the states the verb may leave.
UPDATE event e
   SET (state, level, org, handler_id, checker_id, limit_clock, limit_amount, ladder, stage_due_at, due_at, accepted_at,
        verify_asked_at, verified_at, registered_at, dispatched_at, taken_at, arrived_at, answered_at, checked_at,
        closed_at, rated_at, suspended_at, suspended_from, suspend_until, register_condition, close_condition, returns,
        reworks, extensions, urges, reopened, rung, next_rung_at, supervised, self_handled, check_passed, rating_response,
        rating_solved, rating_satisfied, duplicate_of) =
       (SELECT n.state, n.level, n.org, n.handler_id, n.checker_id, n.limit_clock, n.limit_amount, n.ladder, n.stage_due_at,
               n.due_at, n.accepted_at, n.verify_asked_at, n.verified_at, n.registered_at, n.dispatched_at, n.taken_at,
               n.arrived_at, n.answered_at, n.checked_at, n.closed_at, n.rated_at, n.suspended_at, n.suspended_from,
               n.suspend_until, n.register_condition, n.close_condition, n.returns, n.reworks, n.extensions, n.urges,
               n.reopened, n.rung, n.next_rung_at, n.supervised, n.self_handled, n.check_passed, n.rating_response,
               n.rating_solved, n.rating_satisfied, n.duplicate_of
          FROM jsonb_populate_record(e, %(change)s) n),
       version = e.version + 1
 WHERE e.id = %(id)s AND e.state = ANY(%(leaves)s::text[])
RETURNING *;

-- event_last_lines --
-- When the newest lines of many events' histories were written. After the lock, too.
SELECT i.id, (SELECT l.at FROM event_log l WHERE l.event_id = i.id ORDER BY l.seq DESC LIMIT 1) AS last_at
  FROM unnest(%(ids)s::text[]) AS i (id);

-- event_log_add --
-- Lines of history, each with the digest that its writer made of it; says what the database made of them. The plain hash is the
-- database's own (trigger event_log_chain), and so are seq and at: they must come out as the writer said.
INSERT INTO event_log (event_id, at, verb, from_state, to_state, actor_id, actor_name, role, org, reason, note, detail, key, mac)
SELECT event_id, at, verb, from_state, to_state, actor_id, actor_name, role, org, reason, note, detail, key, decode(mac, 'hex')
  FROM ROWS FROM (jsonb_to_recordset(%(lines)s) AS (
         event_id text, at timestamptz, verb text, from_state text, to_state text, actor_id bigint, actor_name text, role text,
         org text, reason text, note text, detail jsonb, key text, mac text)) WITH ORDINALITY
 ORDER BY ordinality
RETURNING jsonb_build_array(event_id, seq, (extract(epoch FROM at) * 1000000)::bigint, verb, from_state, to_state, actor_id,
                            actor_name, role, org, reason, note, detail)::text AS body;

-- event_log_add_unread --
-- The same by who may not read reasons, notes and details: what the database made of the rest.
INSERT INTO event_log (event_id, at, verb, from_state, to_state, actor_id, actor_name, role, org, reason, note, detail, key, mac)
SELECT event_id, at, verb, from_state, to_state, actor_id, actor_name, role, org, reason, note, detail, key, decode(mac, 'hex')
  FROM ROWS FROM (jsonb_to_recordset(%(lines)s) AS (
         event_id text, at timestamptz, verb text, from_state text, to_state text, actor_id bigint, actor_name text, role text,
         org text, reason text, note text, detail jsonb, key text, mac text)) WITH ORDINALITY
 ORDER BY ordinality
RETURNING jsonb_build_array(event_id, seq, (extract(epoch FROM at) * 1000000)::bigint, verb, from_state, to_state, actor_id,
                            actor_name, role, org)::text AS body;

-- event_log_of --
-- The history of an event, oldest line first.
SELECT event_id, seq, at, verb, from_state, to_state, actor_id, actor_name, role, org, reason, note, detail
  FROM event_log WHERE event_id = %(event_id)s ORDER BY seq;

-- event_log_verbs --
-- How often each verb stands in an event's history.
SELECT verb, count(*)::int AS n FROM event_log WHERE event_id = %(event_id)s GROUP BY verb;

-- event_log_first_broken --
-- The first line that is not what it was when it was written: changed, taken out of the middle, or put in.
SELECT event_id, seq, 'changed' AS why FROM (
  SELECT l.*, lag(hash) OVER (PARTITION BY event_id ORDER BY seq) AS before,
         row_number() OVER (PARTITION BY event_id ORDER BY seq) AS n
    FROM event_log l) x
 WHERE seq <> n OR hash IS DISTINCT FROM event_log_hash(before, event_id, seq, at, verb, from_state, to_state, actor_id,
                                                        actor_name, role, org, reason, note, detail)
 ORDER BY event_id, seq LIMIT 1;

-- event_log_first_cut --
-- The first event whose history was cut off at its end, or whose row says another state than its newest line.
SELECT e.id AS event_id, coalesce(l.lines, 0) AS seq,
       CASE WHEN coalesce(l.lines, 0) <> e.version THEN 'cut' ELSE 'state' END AS why
  FROM event e LEFT JOIN (
    SELECT DISTINCT ON (event_id) event_id, seq AS lines, to_state FROM event_log ORDER BY event_id, seq DESC) l
    ON l.event_id = e.id
 WHERE coalesce(l.lines, 0) <> e.version OR l.to_state IS DISTINCT FROM e.state
 ORDER BY e.id LIMIT 1;

-- event_log_lines --
-- How many lines of history there are.
SELECT count(*) AS n FROM event_log;

-- events_near --
-- Open events of a category in a box, reported lately, with what a sight must know of them.
SELECT id, title, state, address, lng, lat, reported_at, org, handler_id, brain_sight_of(event) AS seen_by FROM event
 WHERE reported_at >= %(since)s AND reported_at <= %(now)s AND category = %(category)s
   AND NOT brain_closed(state)
   AND lng BETWEEN %(west)s AND %(east)s AND lat BETWEEN %(south)s AND %(north)s
   AND id IS DISTINCT FROM %(but)s;

-- event_of_station --
-- The open event of a station in a category, the oldest if there are several.
SELECT id FROM event
 WHERE station = %(station)s AND category = %(category)s AND NOT brain_closed(state)
 ORDER BY reported_at, id LIMIT 1;

-- event_duplicates --
-- Events that were linked to this one as duplicates.
SELECT id, reporter_id FROM event WHERE duplicate_of = %(id)s;

-- part_add --
-- Another organisation joins an event, or is asked for something more.
INSERT INTO event_part (event_id, org, asked_at, due_at, handler_id, note)
VALUES (%(event_id)s, %(org)s, %(now)s, %(due_at)s, %(handler_id)s, %(note)s)
ON CONFLICT (event_id, org) DO UPDATE
   SET asked_at = excluded.asked_at, due_at = excluded.due_at, handler_id = excluded.handler_id, note = excluded.note,
       answered_at = NULL, answered_by = NULL, answer = ''
RETURNING *;

-- part_answered --
-- An organisation has done its part.
UPDATE event_part SET answered_at = %(now)s, answered_by = %(by)s, answer = %(answer)s
 WHERE event_id = %(event_id)s AND org = %(org)s AND answered_at IS NULL RETURNING *;

-- parts_of --
-- The parts of a joint event.
SELECT p.*, o.name AS org_name, o.short AS org_short FROM event_part p JOIN org o ON o.code = p.org
 WHERE p.event_id = %(event_id)s ORDER BY p.asked_at, p.org;

-- part_of --
-- One organisation's part.
SELECT * FROM event_part WHERE event_id = %(event_id)s AND org = %(org)s;

-- event_facts --
-- What the rules must know of an event besides its row, in one look.
SELECT (SELECT count(*) FROM alert WHERE event_id = %(id)s AND cleared_at IS NULL)::int AS firing,
       (SELECT count(*) FROM event_log WHERE event_id = %(id)s AND verb = 'suspend')::int AS suspensions,
       (SELECT count(*) FROM event_part WHERE event_id = %(id)s AND answered_at IS NULL)::int AS open_parts,
       (SELECT actor_id FROM event_log WHERE event_id = %(id)s AND verb IN ('take', 'answer') AND actor_id IS NOT NULL
         ORDER BY seq DESC LIMIT 1) AS last_handler,
       (SELECT at FROM event_log l WHERE event_id = %(id)s AND verb = 'extend' AND role = 'department'
           AND NOT EXISTS (SELECT 1 FROM event_log g WHERE g.event_id = l.event_id AND g.verb = 'extend'
                              AND g.role <> 'department' AND g.seq > l.seq)
         ORDER BY seq LIMIT 1) AS extension_asked_at;

-- org_codes --
-- All organisations.
SELECT code FROM org;
