-- intake_stations --
-- All stations as far as intake must know them.
SELECT id, theme, lng, lat, params, active, org
  FROM station

-- intake_book_version --
-- Has anything changed of what intake knows by heart?
SELECT version FROM intake_book

-- intake_maintenance --
-- Work on stations that readings may fall into, from a year ago on.
SELECT station, starts, ends FROM maintenance WHERE ends > now() - interval '400 days'

-- intake_calibrations --
-- By how much quantities are off, and from when that counts.
SELECT station, kind, starts, ends, factor, addend, effective FROM calibration

-- intake_mappings --
-- What senders call stations, quantities and units.
SELECT feed, what, given, meant FROM intake_mapping WHERE what <> 'column'

-- intake_clock_twins --
-- Where readings stand whose time is that of their receipt: `seq` says which they are, so a message that comes again is known.
-- One whose seq begins with `since:<second>:` cannot stand before that second, and is looked for from there: cameras send such
-- a message a minute each, and a week of each would be read every time.
WITH asked AS MATERIALIZED (
  SELECT DISTINCT station, kind, seq,
         CASE WHEN seq ~ '^since:[0-9]{1,11}:' THEN to_timestamp(split_part(seq, ':', 2)::float8) END AS first
    FROM unnest(%(stations)s::text[], %(kinds)s::text[], %(seqs)s::text[]) AS u (station, kind, seq))
SELECT station, kind, seq, min(at) AS at
  FROM reading
 WHERE station = ANY(ARRAY(SELECT station FROM asked WHERE first IS NULL))
   AND kind = ANY(ARRAY(SELECT kind FROM asked WHERE first IS NULL))
   AND seq = ANY(ARRAY(SELECT seq FROM asked WHERE first IS NULL))
   AND at > %(since)s
 GROUP BY station, kind, seq
 UNION ALL
SELECT a.station, a.kind, a.seq, r.at
  FROM asked a
 CROSS JOIN LATERAL (
    SELECT min(at) AS at FROM reading r
     WHERE r.station = a.station AND r.kind = a.kind AND r.seq = a.seq AND r.at >= a.first AND r.at > %(since)s) r
 WHERE a.first IS NOT NULL AND r.at IS NOT NULL

-- intake_session --
-- How long a statement of the intake may take before the database counts as away; and a commit means on disk, whatever the
-- server's own setting: what was acknowledged because of it must outlive the server.
SELECT set_config('statement_timeout', %(statement)s, false),
       set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                                        ELSE current_setting('synchronous_commit') END, false)

-- intake_open_letters --
-- Open dead letters in their order, one portion; locked, so that two replays do not take the same.
SELECT id, received_at, feed, topic, payload, retained
  FROM dead_letter
 WHERE status = 'open' AND id > %(after)s
   AND (%(feed)s::text IS NULL OR feed = %(feed)s) AND (%(rule)s::text IS NULL OR rule = %(rule)s)
   AND (%(only)s::bigint[] IS NULL OR id = ANY (%(only)s))
 ORDER BY id LIMIT %(most)s
   FOR UPDATE SKIP LOCKED

-- intake_letters_replayed --
-- These letters have been stored after all.
UPDATE dead_letter SET status = 'replayed' WHERE id = ANY(%(ids)s);

-- tap_last_letter --
-- Where the dead letters end now.
SELECT coalesce(max(id), 0) AS id FROM dead_letter;

-- tap_batch --
-- One batch as it was committed.
SELECT id, received_at, worker, lane, received, stored, duplicate, dead, stations, kinds, ats, vals, qualities
  FROM intake_batch WHERE id = %(id)s;

-- tap_letters --
-- Dead letters of a feed since then.
SELECT id, topic, payload, rule, reason, units FROM dead_letter WHERE feed = %(feed)s AND id > %(after)s ORDER BY id LIMIT 100;
