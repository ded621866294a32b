-- file_taken --
-- A file has been taken in hand; taken again after a kill it keeps its row.
INSERT INTO intake_file (feed, name, sha256, by, received_at) VALUES (%(feed)s, %(name)s, %(sha256)s, %(by)s, %(now)s)
RETURNING id

-- file_open --
-- The row of a file that was in hand when a process ended.
SELECT id FROM intake_file WHERE feed = %(feed)s AND name = %(name)s AND sha256 = %(sha256)s AND state = 'taking'
 ORDER BY id DESC LIMIT 1

-- file_known --
-- The last time that the same file came with the same mapping and nothing of it was refused or left out.
SELECT id, name, received_at FROM intake_file
 WHERE feed = %(feed)s AND sha256 = %(sha256)s AND state = 'done' AND dead = 0 AND waiting = 0
   AND coalesce((report ->> 'beyond')::int, 0) = 0
 ORDER BY id DESC LIMIT 1

-- file_finished --
-- What became of a file.
UPDATE intake_file
   SET state = %(state)s, finished_at = %(now)s, rows = %(rows)s, stored = %(stored)s, duplicate = %(duplicate)s,
       dead = %(dead)s, waiting = %(waiting)s, report = %(report)s
 WHERE id = %(id)s

-- file_letters --
-- Open dead letters of the same file from another time: it is read once more, and they are written anew.
SELECT id FROM dead_letter WHERE status = 'open' AND feed = %(feed)s AND starts_with(topic, %(prefix)s)

-- files_stuck --
-- Files over which the database refused a statement of the intake's and that have not been taken since, and those that have been in
-- hand for an hour or more, newest first.
SELECT f.feed, f.name, f.received_at, f.state, coalesce(f.report ->> 'fault', '') AS fault
  FROM intake_file f
 WHERE (f.state = 'taking' AND f.received_at < %(now)s::timestamptz - interval '1 hour'
        OR f.state = 'failed' AND f.report ? 'fault' AND f.received_at > %(now)s::timestamptz - interval '30 days')
   AND NOT EXISTS (SELECT 1 FROM intake_file l
                    WHERE l.feed = f.feed AND l.sha256 = f.sha256 AND l.id > f.id AND l.state IN ('done', 'same'))
 ORDER BY f.id DESC LIMIT 100

-- files_recent --
-- The newest files of some feeds, newest first.
SELECT id, feed, name, by, received_at, finished_at, state, rows, stored, duplicate, dead, waiting, report
  FROM intake_file WHERE feed = ANY(%(feeds)s) ORDER BY id DESC LIMIT %(most)s

-- file_columns --
-- What the columns of a feed's sheets meant the last time.
SELECT given, meant FROM intake_mapping WHERE feed = %(feed)s AND what = 'column'

-- file_column_remember --
-- The meaning of a column, for the next sheet of this feed.
INSERT INTO intake_mapping (feed, what, given, meant, by, at)
SELECT %(feed)s, 'column', given, meant, %(by)s, %(now)s FROM unnest(%(given)s::text[], %(meant)s::text[]) AS u (given, meant)
    ON CONFLICT (feed, what, given) DO UPDATE SET meant = excluded.meant, by = excluded.by, at = excluded.at
 WHERE intake_mapping.meant <> excluded.meant

-- file_stations --
-- Stations a feed may send for, and the senders' words for them.
SELECT id FROM station WHERE theme = %(theme)s AND active
 UNION
SELECT given FROM intake_mapping WHERE feed = %(theme)s AND what = 'station'

-- warning_add --
-- A public warning; one that is known already stays as it was, except that a whole one takes the place of a part.
INSERT INTO warning (
  sender, identifier, sent, status, msg_type, scope, event, event_code, category, urgency, severity, certainty, level,
  sender_name, headline, description, instruction, web, effective, onset, expires, refers, area, org, received_at)
VALUES (
  %(sender)s, %(identifier)s, %(sent)s, %(status)s, %(msg_type)s, %(scope)s, %(event)s, %(event_code)s, %(category)s,
  %(urgency)s, %(severity)s, %(certainty)s, %(level)s, %(sender_name)s, %(headline)s, %(description)s, %(instruction)s,
  %(web)s, %(effective)s, %(onset)s, %(expires)s, %(refers)s, %(area)s, %(org)s, %(now)s)
    ON CONFLICT (sender, identifier) DO UPDATE
   SET event = excluded.event, event_code = excluded.event_code, category = excluded.category, urgency = excluded.urgency,
       severity = excluded.severity, certainty = excluded.certainty, level = excluded.level, sender_name = excluded.sender_name,
       headline = excluded.headline, description = excluded.description, instruction = excluded.instruction,
       web = excluded.web, effective = excluded.effective, onset = excluded.onset, expires = excluded.expires,
       area = excluded.area
 WHERE warning.area ? 'partial' AND NOT excluded.area ? 'partial'
   AND (warning.sent, warning.status, warning.msg_type, warning.refers)
     = (excluded.sent, excluded.status, excluded.msg_type, excluded.refers)
   AND (excluded.org = '' OR coalesce(warning.org, excluded.org) = excluded.org)
RETURNING identifier

-- warning_known --
-- What a warning that is known already says, as far as two of one number may differ; and who reported it.
SELECT sent, msg_type, event, level, refers, org FROM warning WHERE sender = %(sender)s AND identifier = %(identifier)s

-- warning_taken --
-- The same message from the department that may say it.
UPDATE warning SET org = %(org)s WHERE sender = %(sender)s AND identifier = %(identifier)s

-- warning_lock --
-- One warning at a time: of two that refer to each other, each must see the other.
SELECT pg_advisory_xact_lock(0x6272777772)

-- warning_end --
-- Ends every warning that a later message of ours, updating or cancelling, refers to: among those this message refers to,
-- and this message itself, whichever came first. A Cancel wins over an Update, of equals the earlier one. Only its own sender
-- ends a warning, through the department that reported it or the platform itself, and what is an exercise or a test only what
-- is one, too.
UPDATE warning w
   SET ended_at = e.sent, ended_by = e.identifier, cancelled = e.cancels
  FROM (
    SELECT DISTINCT ON (t.sender, t.identifier) t.sender AS ended_sender, t.identifier AS ended, n.identifier, n.sent,
           n.msg_type = 'Cancel' AS cancels
      FROM warning n
     CROSS JOIN LATERAL (SELECT p ->> 0 AS sender, p ->> 1 AS identifier FROM jsonb_array_elements(n.refers) p) r
      JOIN warning t ON t.sender = r.sender AND t.identifier = r.identifier AND t.status = n.status
     WHERE n.msg_type IN ('Update', 'Cancel') AND r.sender = n.sender
       AND (t.org IS NULL OR coalesce(n.org, '') IN ('', t.org))
       AND (n.refers @> jsonb_build_array(jsonb_build_array(%(sender)s::text, %(identifier)s::text))
            OR (n.sender, n.identifier) = (%(sender)s, %(identifier)s))
     ORDER BY t.sender, t.identifier, n.msg_type = 'Cancel' DESC, n.sent, n.identifier) e
 WHERE w.sender = e.ended_sender AND w.identifier = e.ended
   AND (w.ended_by IS NULL OR (e.cancels, w.ended_at, w.ended_by) > (w.cancelled, e.sent, e.identifier))

-- warnings_of_others --
-- Which of the warnings that a message of this department refers to another one has reported.
SELECT t.identifier, t.org
  FROM jsonb_array_elements(%(refers)s) p
  JOIN warning t ON t.sender = p ->> 0 AND t.identifier = p ->> 1
 WHERE t.sender = %(sender)s AND t.status = %(status)s AND %(org)s::text NOT IN ('', t.org)
 ORDER BY t.identifier

-- warning_told --
-- Open screens hear of it when the transaction is there.
SELECT pg_notify('brain_warning', json_build_object('sender', %(sender)s::text, 'identifier', %(identifier)s::text)::text)

-- warnings_active --
-- Warnings in force, worst first: of these statuses, neither updated nor cancelled nor over. Without an end, a day counts.
SELECT sender, identifier, sent, event, severity, level, sender_name, headline, description, instruction, effective, onset,
       expires, coalesce(expires, greatest(sent, effective, onset) + interval '1 day') AS ends_at, area
  FROM warning
 WHERE status = ANY(%(statuses)s) AND msg_type IN ('Alert', 'Update') AND ended_by IS NULL
   AND coalesce(expires, greatest(sent, effective, onset) + interval '1 day') > %(now)s
   AND coalesce(effective, sent) <= %(now)s
 ORDER BY level NULLS LAST, sent DESC, sender, identifier

-- warnings_turn --
-- When the warnings in force change next with nobody saying so: one begins, or one is over; or a part of one.
SELECT min(t.at) AS at
  FROM warning
 CROSS JOIN LATERAL (
   VALUES (coalesce(effective, sent)), (coalesce(expires, greatest(sent, effective, onset) + interval '1 day'))
   UNION ALL
   SELECT p.at
     FROM jsonb_array_elements(CASE jsonb_typeof(area -> 'parts') WHEN 'array' THEN area -> 'parts' END) part
    CROSS JOIN LATERAL (VALUES ((part ->> 'effective')::timestamptz), (coalesce(
      (part ->> 'expires')::timestamptz,
      greatest(sent, (part ->> 'effective')::timestamptz, (part ->> 'onset')::timestamptz) + interval '1 day'))) AS p (at)
   ) AS t (at)
 WHERE status = ANY(%(statuses)s) AND msg_type IN ('Alert', 'Update') AND ended_by IS NULL AND t.at > %(now)s

-- warning_one --
-- One actual warning, in force or not.
SELECT sender, identifier, sent, event, severity, level, sender_name, headline, description, instruction, effective, onset,
       expires, coalesce(expires, greatest(sent, effective, onset) + interval '1 day') AS ends_at, area, ended_at, ended_by,
       cancelled
  FROM warning
 WHERE status = 'Actual' AND msg_type IN ('Alert', 'Update') AND sender = %(sender)s AND identifier = %(identifier)s

-- order_lock --
-- One change of an order at a time.
SELECT pg_advisory_xact_lock(hashtextextended('work_order:' || %(number)s, 0))

-- order_of --
-- An order as last seen.
SELECT number, state, event_id, reply FROM work_order WHERE number = %(number)s

-- order_put --
-- An order, new or changed.
INSERT INTO work_order AS o (number, state, event_id, title, sort, topic, urgency, asked_at, due_at, reply, placed, first_at, changed_at)
VALUES (%(number)s, %(state)s, %(event_id)s, %(title)s, %(sort)s, %(topic)s, %(urgency)s, %(asked_at)s, %(due_at)s, %(reply)s,
        %(placed)s, %(now)s, %(now)s)
    ON CONFLICT (number) DO UPDATE
   SET state = excluded.state, event_id = coalesce(o.event_id, excluded.event_id), reply = excluded.reply,
       due_at = coalesce(excluded.due_at, o.due_at), changed_at = excluded.changed_at

-- order_places --
-- Places by name, for an address: the smaller first, then the longer name.
SELECT code, kind, name, lng, lat FROM place
 WHERE kind IN ('village', 'town') AND lng IS NOT NULL AND length(name) >= 2
 ORDER BY kind = 'village' DESC, length(name) DESC, code

-- order_district --
-- The middle of the district: where an order without a place is put, for the desk to move it.
SELECT lng, lat FROM place WHERE kind = 'district' AND lng IS NOT NULL ORDER BY code LIMIT 1
